"""Payments of invoices: Wave has no list of them, and books each on one invoice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.errors import ConfigurationError, Outcome, PlatformError
from airbooks.platforms.payments import by_document, together
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.wave import mapping, queries, reading
from airbooks.platforms.wave.spec import BOOKED_OTHERWISE, INEXPRESSIBLE_PAYMENT

if TYPE_CHECKING:
    from airbooks.platforms.wave.hook import WaveHook

Row = Mapping[str, Any]


def list_payments(hook: WaveHook, since: datetime) -> Iterator[RemotePayment]:
    """Payments that changed since: those of the invoices that changed, each of which has to be read alone.

    Once a day, in the reading that goes back to before midnight (UTC), the invoices of the last weeks are searched as well. A deleted
    payment is gone from its invoice and told nowhere: the invoice has changed, and its balance is read again.
    """
    changed = hook.pages(queries.INVOICES_CHANGED, "invoices", after=mapping.moment(since))
    rows = {each["id"]: each for each in changed}
    days = int(hook.setting("sweep_days") or 0)
    if days and since.astimezone(UTC).date() < datetime.now(UTC).date():
        start = (since - timedelta(days=days)).date().isoformat()
        rows |= {each["id"]: each for each in hook.pages(queries.INVOICES_DATED, "invoices", start=start)}
    for row in rows.values():
        if Decimal(row["amountPaid"]["minorUnitValue"]):
            yield from _changed_of(hook, row["id"], since)


def _changed_of(hook: WaveHook, invoice_id: str, since: datetime) -> Iterator[RemotePayment]:
    row = hook.invoice_row(invoice_id)
    for payment in _payments_of(row):
        read = reading.remote_payment(payment, invoice_id)
        if read.modified_at is None or read.modified_at >= since:
            yield read


def _payments_of(row: Row | None) -> list[Row]:
    return [each for each in (row or {}).get("payments") or () if each]


def apply(hook: WaveHook, payment: Payment, customer_id: str, references: References) -> RemotePayment:
    """Book a receipt: one Wave payment for each invoice, none twice. Its remote id is all of their ids, joined by commas.

    Everything is checked before the first one is booked. Raises PlatformError, of unknown outcome where a part is booked.
    """
    amounts = by_document(payment)
    invoices = {each: _payable(hook, payment, each, customer_id) for each in amounts}
    booked = {each: found for each, row in invoices.items() if (found := _find(hook, row, payment, each, amounts[each])) is not None}
    try:
        missing = {each: amount for each, amount in amounts.items() if each not in booked}
        _check_due(hook, payment, [(invoices[each], amount) for each, amount in missing.items()])
        account = _deposit_account(hook, payment, references)
        rate = _rate(hook, payment, account)
        for invoice_id, amount in missing.items():
            change = mapping.payment_input(payment, invoice_id, amount, account, rate, references)
            booked[invoice_id] = hook.change(queries.PAYMENT_CREATE, change, _read_created)
    except PlatformError as error:
        if booked and error.outcome is Outcome.DID_NOT_HAPPEN:
            raise error.as_unknown(f"{len(booked)} of its {len(amounts)} parts are booked") from None
        raise
    return together([booked[each] for each in amounts])


def _read_created(answer: Row) -> RemotePayment:
    row = answer["invoicePayment"]
    return reading.remote_payment(row, row["invoice"]["id"])


def _find(hook: WaveHook, invoice: Row, payment: Payment, invoice_id: str, amount: Decimal) -> RemotePayment | None:
    """The payment that was booked before, known by the first line of its memo."""
    marker = mapping.payment_marker(payment)
    rows = [each for each in _payments_of(invoice) if marker in (each.get("memo") or "").splitlines()]
    found = next((each for row in rows if not (each := reading.remote_payment(row, invoice_id)).reversed), None)
    if found is not None and found.amount != amount:
        says = f"payment {payment.source_id} is on invoice {invoice['invoiceNumber']} with {found.amount} instead of {amount}"
        raise hook.error(BOOKED_OTHERWISE, says)
    return found


def _payable(hook: WaveHook, payment: Payment, invoice_id: str, customer_id: str) -> Row:
    row = hook.invoice_row(invoice_id)
    if row is None:
        raise _inexpressible(hook, payment, f"an invoice that is gone (id {invoice_id})")
    if row["status"] == "DRAFT":
        raise _inexpressible(hook, payment, f"invoice {row['invoiceNumber']}, which is a draft")
    if row["currency"]["code"] != payment.currency:
        raise _inexpressible(hook, payment, f"{payment.currency} for an invoice in {row['currency']['code']}")
    if customer_id and row["customer"]["id"] != customer_id:
        raise _inexpressible(hook, payment, f"invoice {row['invoiceNumber']}, which is another customer's")
    return row


def _check_due(hook: WaveHook, payment: Payment, parts: Iterable[tuple[Row, Decimal]]) -> None:
    """Wave would take more than is due and call the invoice overpaid: the receipt is there already, or it is another invoice's."""
    for row, amount in parts:
        due = reading.amount(row["amountDue"], int(row["currency"]["exponent"]))
        if amount > due:
            what = f"{amount} {payment.currency} for invoice {row['invoiceNumber']}, on which {due} {payment.currency} is due"
            raise _inexpressible(hook, payment, what)


def _deposit_account(hook: WaveHook, payment: Payment, references: References) -> str:
    mapped = ReferenceKind.ACCOUNT, payment.bank_account
    account = references.get(*mapped).remote_id if references.has(*mapped) else str(hook.setting("deposit_account_id") or "")
    if not account:
        raise ConfigurationError(
            f"Connection {hook.conn_id!r} (Wave) has no deposit_account_id, and bank account {payment.bank_account!r} is not mapped. "
            "Set one of them: every Wave payment goes to a cash and bank account."
        )
    return account


def _rate(hook: WaveHook, payment: Payment, account: str) -> Decimal:
    """Units of the account's currency for one of the invoice's: 1 in one currency, else the payment's own rate."""
    if account not in hook.account_currencies:
        hook.account_currencies[account] = hook.in_business(queries.ACCOUNT, lambda found: found["account"]["currency"]["code"], id=account)
    currency = hook.account_currencies[account]
    if currency == payment.currency:
        return Decimal(1)
    if payment.exchange_rate is None or payment.exchange_rate.base != currency:
        raise _inexpressible(hook, payment, f"{payment.currency} on an account in {currency} without a rate to it")
    return payment.exchange_rate.rate


def _inexpressible(hook: WaveHook, payment: Payment, what: str) -> PlatformError:
    return hook.error(INEXPRESSIBLE_PAYMENT, f"payment {payment.source_id}: {what}")
