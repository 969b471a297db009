"""Payments, which KashFlow keeps as lines on the invoices they settle."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airbooks.canonical import Allocation, Payment, PaymentKind, RemotePayment
from airbooks.platforms.errors import ConfigurationError, ReferenceMissing
from airbooks.platforms.kashflow import mapping, reading
from airbooks.platforms.kashflow.spec import CHANGED_THERE, INEXPRESSIBLE_PAYMENT, NO_MAPPING
from airbooks.platforms.references import References

if TYPE_CHECKING:
    from airbooks.platforms.kashflow.hook import KashFlowHook

Row = Mapping[str, Any]


def apply(hook: KashFlowHook, payment: Payment, references: References) -> RemotePayment:
    """Book each allocation on its invoice, one after the other; safe to repeat, for what is booked is found by our marker."""
    _check_expressible(hook, payment)
    lines = [(each, _line(hook, payment, each, references)) for each in payment.allocations]
    booked = [_book(hook, payment, allocation, line) for allocation, line in lines]
    return hook.understood(lambda: reading.remote_payment(booked))


def _check_expressible(hook: KashFlowHook, payment: Payment) -> None:
    if hook.setting("bank_account_id") in (None, "") or (not payment.method and hook.setting("payment_method_id") in (None, "")):
        raise ConfigurationError(
            f"Connection {hook.conn_id!r} (KashFlow) has no bank account or no payment method for payments. "
            "Set bank_account_id and payment_method_id in its form (ids from /bankaccounts and /paymentmethods/invoice)."
        )
    takes_off = any(each.discount or each.write_off for each in payment.allocations)
    if payment.kind is not PaymentKind.RECEIPT or takes_off or payment.unapplied or not payment.allocations:
        raise hook.fault(INEXPRESSIBLE_PAYMENT, f"payment {payment.source_id} ({payment.kind.value}, {payment.unapplied} unapplied)")


def _line(hook: KashFlowHook, payment: Payment, allocation: Allocation, references: References) -> dict[str, Any]:
    try:
        return mapping.payment_line(payment, allocation, references)
    except ReferenceMissing as missing:
        raise hook.fault(NO_MAPPING, str(missing)) from None


def _book(hook: KashFlowHook, payment: Payment, allocation: Allocation, line: Mapping[str, Any]) -> tuple[Row, Row]:
    """The invoice and its payment line. The whole invoice is put back: its lines and other payments would be lost otherwise."""
    row = hook.invoice_row(allocation.remote_id)
    if row is None:
        raise hook.fault(CHANGED_THERE, f"invoice {allocation.document_number} is gone")
    found = _marked(row, payment)
    if found is not None:
        return row, found
    currency = hook.understood(lambda: reading.remote_document(row)).currency
    if currency != payment.currency:
        message = f"{payment.currency} was received for invoice {allocation.document_number} in {currency}"
        raise hook.fault(INEXPRESSIBLE_PAYMENT, message)
    reply = hook.write("PUT", f"/invoices/{row['Number']}", {**row, "PaymentLines": [*(row.get("PaymentLines") or []), line]})
    after = hook.understood(lambda: dict(reply.json())) if reply.content else hook.invoice_row(allocation.remote_id) or {}
    return after, hook.understood(lambda: _required(_marked(after, payment)))


def _marked(row: Row, payment: Payment) -> Row | None:
    marker = mapping.payment_marker(payment.source, payment.source_id)
    return next((line for line in row.get("PaymentLines") or () if reading.payment_key(line) == marker), None)


def _required(line: Row | None) -> Row:
    if line is None:
        raise ValueError("the payment is not on the invoice")
    return line


def since(hook: KashFlowHook, moment: datetime) -> Iterator[RemotePayment]:
    """The payments that went through the company's bank accounts since then, each with the invoices it settles.

    The list of a bank account tells invoice and payment; everything else stands on the invoice.
    """
    if moment > datetime.now(UTC):
        return
    first = moment.date() - timedelta(days=int(hook.setting("payment_lookback_days") or 0))
    rows = list(_transactions(hook, first.isoformat()))
    wanted = hook.understood(lambda: {(str(row["ResourceNumber"]), str(row["PaymentId"])) for row in rows if _is_receipt(row)})
    invoices = {number: hook.invoice_row(number) or {} for number in dict.fromkeys(number for number, _ in sorted(wanted))}
    yield from hook.understood(lambda: list(reading.payments(_lines_among(invoices, wanted))))


def _lines_among(invoices: Mapping[str, Row], wanted: Container[tuple[str, str]]) -> Iterator[tuple[Row, Row]]:
    """The payment lines that were asked for, each with its invoice."""
    for number, row in invoices.items():
        for line in row.get("PaymentLines") or ():
            if (number, str(line["Id"])) in wanted:
                yield row, line


def _transactions(hook: KashFlowHook, first: str) -> Iterator[Row]:
    """What went through the bank accounts; the last day is a week ahead, for payments are also entered beforehand."""
    last = (datetime.now(UTC) + timedelta(days=7)).date().isoformat()
    for bank in hook.bank_accounts():
        yield from hook.listed(f"/bankaccounts/{bank}/transactions", startdate=first, enddate=last)


def _is_receipt(row: Row) -> bool:
    return bool(row.get("ResourceNumber")) and reading.amount(row.get("PaidIn") or 0) > 0
