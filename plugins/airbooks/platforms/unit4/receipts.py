"""Payments: read from the customers' ledger, or posted as a batch of their own and looked for a few times."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.errors import ConfigurationError, Outcome, PlatformError
from airbooks.platforms.payments import Obstacle, rate_of_another_ledger
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.unit4 import payment_rows, reading, staging
from airbooks.platforms.unit4.mapping import Batch
from airbooks.platforms.unit4.reading import Posted
from airbooks.platforms.unit4.rules import BOOKED_OTHERWISE, NO_RATE, OVERPAID, STILL_STAGED
from airbooks.platforms.unit4.settings import is_on, payment_types

if TYPE_CHECKING:
    from airbooks.platforms.unit4.hook import Unit4Hook

# GL07 needs seconds; what takes longer is looked up by the next try instead of holding the worker.
PAUSES = (0.05, 0.2, 0.5, 1.0, 2.0)


def listed(hook: Unit4Hook, since: datetime) -> Iterator[RemotePayment]:
    """Payment vouchers with a row that changed since, each read as a whole: a later matching changes one row of it alone.

    A voucher that takes a payment back is listed as reversed itself, and so is the payment, whether it has changed or not.
    """
    fields = reading.status_fields(hook.settings())
    changed = f"{fields['updated']} ge '{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'"
    for voucher_type in payment_types(hook.settings()):
        for voucher in dict.fromkeys(row.voucher for row in hook.transactions({"type": voucher_type}, also=changed)):
            rows = list(hook.transactions({"voucher": voucher, "type": voucher_type}))
            yield _whole(hook, rows)
            for taken_back in _taken_back_by(hook, rows):
                yield _whole(hook, list(hook.transactions({"voucher": taken_back})))


def _whole(hook: Unit4Hook, rows: Sequence[Posted]) -> RemotePayment:
    """One payment voucher by its customer rows."""
    settled = {(each.customer, each.number) for each in rows if each.number and each.rest != each.value}
    vouchers = {(customer, number): _invoice(hook, customer, number) for customer, number in settled}
    return reading.remote_payment(rows, vouchers, is_reversed=rows[0].voucher in _reversed_among(hook, rows[0]))


def _taken_back_by(hook: Unit4Hook, rows: Sequence[Posted]) -> frozenset[str]:
    return _reversed_among(hook, rows[0]) if sum(each.value for each in rows) > 0 else frozenset()


def _reversed_among(hook: Unit4Hook, row: Posted) -> frozenset[str]:
    """The payments that vouchers of the opposite amount take back, among those that bear the number (or reference) of this row."""
    where = {"number": row.number} if row.number else {"reference": row.reference}
    if not any(where.values()):
        return frozenset()
    kinds = payment_types(hook.settings())
    found = [each for each in hook.transactions({"customer": row.customer, **where}) if each.voucher_type in kinds]
    alike = [each for each in found if each.reference == row.reference]
    return reading.reversed_vouchers([each for each in alike if each.value < 0], [each for each in alike if each.value > 0])


def _invoice(hook: Unit4Hook, customer: str, number: str) -> str:
    """The voucher of the invoice that a payment's row names, or empty where it names none."""
    rows = hook.transactions({"customer": customer, "number": number})
    return next((each.voucher for each in rows if each.voucher_type in hook.document_types() and each.value > 0), "")


# -- posting -----------------------------------------------------------------------------------------------------------------------


def book(hook: Unit4Hook, payment: Payment, customer: str, references: References) -> RemotePayment:
    """Post one payment, once: its rows bear a marker that is looked for first. Raises PlatformError, of unknown outcome while GL07 has
    not posted it yet."""
    if not (hook.setting("bank_account") or references.has(ReferenceKind.ACCOUNT, payment.bank_account)):
        raise ConfigurationError(f"Connection {hook.conn_id!r} posts payments and names no bank_account.")
    marker = payment_rows.payment_marker(payment, hook.company)
    found = _find(hook, marker)
    if found is not None:
        _check_same(hook, found, payment, customer)
        return found
    settled = [_open_item(hook, payment, customer, position) for position in range(len(payment.allocations))]
    batch = payment_rows.payment_batch(payment, customer, settled, _rate(hook, payment, settled), references)
    orders = is_on(hook.settings(), "run_gl07")
    there = staging.stage(hook, batch, orders=orders, posted=lambda: _find(hook, marker))
    return there if there is not None else _posted(hook, batch, marker, orders=orders)


def _check_same(hook: Unit4Hook, found: RemotePayment, payment: Payment, customer: str) -> None:
    there = (found.amount, found.currency, found.customer_id)
    if there != (payment.amount, payment.currency, customer):
        raise hook.problem(BOOKED_OTHERWISE, f"voucher {found.remote_id} is {found.amount} {found.currency} of {found.customer_id}")


def _find(hook: Unit4Hook, marker: str) -> RemotePayment | None:
    """The live voucher that bears the marker: one that was taken back, and what took it back, bear it too."""
    vouchers: dict[str, list[Posted]] = {}
    for row in hook.transactions({"reference": marker}):
        vouchers.setdefault(row.voucher, []).append(row)
    found = (_whole(hook, rows) for rows in vouchers.values())
    return next((each for each in found if not each.reversed), None)


def _open_item(hook: Unit4Hook, payment: Payment, customer: str, position: int) -> Posted:
    allocation = payment.allocations[position]
    item = hook.posted(allocation.remote_id)
    if item is None or (item.customer, item.currency) != (customer, payment.currency):
        raise hook.problem(OVERPAID, f"voucher {allocation.remote_id} is none of customer {customer} in {payment.currency}")
    claimed = sum((each.amount for each in payment.allocations if each.remote_id == allocation.remote_id), Decimal(0))
    if claimed > item.rest:
        raise hook.problem(OVERPAID, f"payment {payment.source_id} settles {claimed} of {item.number}, of which {item.rest} is open")
    return item


def _rate(hook: Unit4Hook, payment: Payment, settled: Sequence[Posted]) -> Decimal | None:
    """Company units for one: the payment's own rate, else that of the first invoice it settles, which makes no exchange difference."""
    if payment.currency == hook.setting("home_currency"):
        return None
    if payment.exchange_rate is not None:
        return payment.exchange_rate.rate
    if not settled:
        raise hook.problem(NO_RATE, f"payment {payment.source_id} in {payment.currency}")
    return (settled[0].amount / settled[0].value).quantize(Decimal("0.00000001"))


def _posted(hook: Unit4Hook, batch: Batch, marker: str, *, orders: bool) -> RemotePayment:
    job, lost = "", None
    if orders:
        try:
            job = staging.order(hook, batch)
        except PlatformError as error:
            if error.outcome is Outcome.DID_NOT_HAPPEN:
                raise
            lost = error
    for pause in PAUSES if orders else PAUSES[:1]:
        time.sleep(pause)
        found = _look(hook, batch, marker, job)
        if found is not None:
            return found
    raise lost or hook.problem(STILL_STAGED, f"batch {batch.batch_id}{f', report job {job}' if job else ''}")


def _look(hook: Unit4Hook, batch: Batch, marker: str, job: str) -> RemotePayment | None:
    try:
        told = hook.job(job)
        if told is not None and told.is_open:
            return None
        found = _find(hook, marker)
    except PlatformError as error:  # it is staged: what could not be read says nothing against it
        raise hook.problem(STILL_STAGED, f"batch {batch.batch_id}: {error}") from None
    if found is None and told is not None and (told.errors or told.has_failed):
        staging.withdraw(hook, batch)
        raise hook.rejection(told, batch.batch_id)
    return found


def obstacles(payment: Payment, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    """What the connection's accounts do not allow."""
    yield from rate_of_another_ledger(payment, settings.get("home_currency", "GBP"))
    if payment.bank_fee and not settings.get("bank_fee_account"):
        says = "The connection has no account for bank fees (bank_fee_account)."
        yield Obstacle("FEE", "bank_fee", str(payment.bank_fee), says, "Set bank_fee_account of the connection.")
