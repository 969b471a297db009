"""What the organisation has booked, in the words that every simulator's books share."""

from __future__ import annotations

from airbooks.platforms.zoho_books.sandbox.answers import Row
from airbooks.platforms.zoho_books.sandbox.sales import INVOICES, Sales
from airbooks.sandbox.kit import Booked, BookedPayment


def booked(sales: Sales, row: Row) -> Booked:
    module = sales.module
    shown = sales.shown(row)
    told = str(shown["status"])
    status = {"sent": "open", "overdue": "open", "closed": "paid"}.get(told, told)
    return Booked(
        remote_id=row[module.key],
        kind="invoice" if module is INVOICES else "credit_note",
        number=row[module.number],
        our_number=row[module.number],
        status="partially_paid" if status == "open" and row["applied"] else status,
        customer=row["customer_name"],
        currency=row["currency_code"],
        net=row["total"] - row["tax_total"],
        tax=row["tax_total"],
        total=row["total"],
        balance=shown["balance"],
        lines=len(row["line_items"]),
    )


def booked_payment(row: Row) -> BookedPayment:
    return BookedPayment(
        remote_id=row["payment_id"],
        reference=row["reference_number"],
        currency=row["currency_code"],
        amount=row["amount"],
        applied={each["invoice_id"]: each["amount_applied"] for each in row["invoices"]},
        status="posted",
    )
