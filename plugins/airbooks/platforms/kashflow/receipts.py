"""Payments, which KashFlow keeps as lines on the invoices they settle."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from airbooks.canonical import Allocation, DocumentKind, Payment, RemotePayment
from airbooks.platforms.errors import ConfigurationError, PlatformError
from airbooks.platforms.kashflow import mapping, reading
from airbooks.platforms.kashflow.spec import CHANGED_THERE, OVERPAYMENT
from airbooks.platforms.payments import INEXPRESSIBLE
from airbooks.platforms.references import References

if TYPE_CHECKING:
    from airbooks.platforms.kashflow.hook import KashFlowHook

Row = Mapping[str, Any]


def apply(hook: KashFlowHook, payment: Payment, references: References) -> RemotePayment:
    """Book what each invoice gets, one after the other, once all of them can take it.

    Safe to repeat, for what is booked is found by our marker. An error never says that nothing happened where a part is there.
    """
    _check_settings(hook, payment)
    lines = [(each, mapping.payment_line(payment, each, references)) for each in _shares(payment)]
    rows = [hook.invoice_row(share.remote_id) for share, _ in lines]
    there = hook.understood(lambda: [row["Number"] for row in rows if row is not None and _marked(row, payment)])
    booked: list[tuple[Row, Row]] = []
    try:
        for (share, _), row in zip(lines, rows, strict=True):
            _checked(hook, payment, share, row)
        booked.extend(_book(hook, payment, share, line) for share, line in lines)
    except PlatformError as error:
        raise error.as_unknown("a part of the payment is booked; the rest") if there or booked else error from None
    return hook.understood(lambda: reading.remote_payment(booked))


def _shares(payment: Payment) -> list[Allocation]:
    """What each invoice gets: several allocations to one are one line there, for our marker names the payment alone."""
    shares: dict[str, Allocation] = {}
    for each in payment.allocations:
        before = shares.get(each.remote_id)
        shares[each.remote_id] = each if before is None else before.model_copy(update={"amount": before.amount + each.amount})
    return list(shares.values())


def _check_settings(hook: KashFlowHook, payment: Payment) -> None:
    if hook.setting("bank_account_id") in (None, "") or (not payment.method and hook.setting("payment_method_id") in (None, "")):
        raise ConfigurationError(
            f"Connection {hook.conn_id!r} (KashFlow) has no bank account or no payment method for payments. "
            "Set bank_account_id and payment_method_id in its form (ids from /bankaccounts and /paymentmethods/invoice)."
        )


def _checked(hook: KashFlowHook, payment: Payment, share: Allocation, row: Row | None) -> tuple[Row, Row | None]:
    """The invoice, and the line of this payment where it has one already. Raises PlatformError (REVIEW) where it cannot take the share."""
    if row is None:
        raise hook.fault(CHANGED_THERE, f"invoice {share.document_number} is gone")
    remote = hook.understood(lambda: reading.remote_document(row))
    if (remote.kind, remote.currency) != (DocumentKind.INVOICE, payment.currency):
        what = remote.kind.value.replace("_", " ")
        message = f"{payment.currency} was received for {what} {share.document_number} in {remote.currency}"
        raise hook.fault(INEXPRESSIBLE, message)
    line = hook.understood(lambda: _marked(row, payment))
    if line is not None and not hook.understood(lambda: _has_amount(line, share)):
        message = f"invoice {share.document_number} has {line['Amount']} of payment {payment.source_id}, not {share.amount}"
        raise hook.fault(CHANGED_THERE, message)
    if line is None and remote.balance is not None and share.amount > remote.balance:
        message = f"{share.amount} is to be paid on invoice {share.document_number}, of which {remote.balance} is outstanding"
        raise hook.fault(OVERPAYMENT, message)
    return row, line


def _book(hook: KashFlowHook, payment: Payment, share: Allocation, line: Mapping[str, Any]) -> tuple[Row, Row]:
    """The invoice and its payment line. The whole invoice is put back: its lines and other payments would be lost otherwise."""
    row, found = _checked(hook, payment, share, hook.invoice_row(share.remote_id))
    if found is not None:
        return row, found
    reply = hook.write("PUT", f"/invoices/{row['Number']}", {**row, "PaymentLines": [*(row.get("PaymentLines") or []), line]})
    if reply.content:
        after: Row | None = hook.understood(lambda: dict(reply.json()))
    else:
        after = hook.afterwards(lambda: hook.invoice_row(share.remote_id))
    after = after or {}
    return after, hook.understood(lambda: _required(_marked(after, payment), share))


def _marked(row: Row, payment: Payment) -> Row | None:
    marker = mapping.payment_marker(payment.source, payment.source_id)
    return next((line for line in row.get("PaymentLines") or () if reading.payment_key(line) == marker), None)


def _has_amount(line: Row, share: Allocation) -> bool:
    return reading.amount(line["Amount"]) == share.amount


def _required(line: Row | None, share: Allocation) -> Row:
    if line is None or not _has_amount(line, share):
        raise ValueError("the payment is not on the invoice with its amount")
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
