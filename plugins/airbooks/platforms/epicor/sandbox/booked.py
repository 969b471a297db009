"""Invoices as the simulator's books tell them."""

from __future__ import annotations

from airbooks.sandbox.kit import Booked, Row


def booked(invoice: Row) -> Booked:
    head = invoice["head"]
    total, tax = abs(head["DocInvoiceAmt"]), abs(head["DocTaxAmt"])
    return Booked(
        remote_id=str(head["InvoiceNum"]),
        kind="credit_note" if head["CreditMemo"] else "invoice",
        number=str(head["InvoiceNum"]),
        our_number=head["XRefInvoiceNum"],
        status=_status(head),
        customer=head["SoldToCustID"],
        currency=head["CurrencyCode"],
        net=total - tax,
        tax=tax,
        total=total,
        balance=abs(head["DocInvoiceBal"]),
        lines=len(invoice["InvcDtl"]),
    )


def _status(head: Row) -> str:
    if head["RefCancelledBy"]:
        return "void"
    if not head["Posted"]:
        return "draft"
    if not head["OpenInvoice"]:
        return "paid"
    return "open" if head["DocInvoiceBal"] == head["DocInvoiceAmt"] else "partially_paid"
