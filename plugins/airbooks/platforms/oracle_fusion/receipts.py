"""Payments as standard receipts: found or created once, then applied instalment by instalment, each only as far as it is not yet."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING

from airbooks.canonical import DocumentKind, Payment, RemotePayment
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.oracle_fusion import mapping, reading
from airbooks.platforms.oracle_fusion.queries import where
from airbooks.platforms.oracle_fusion.reading import Application, Receipt
from airbooks.platforms.oracle_fusion.spec import (
    AT_ONCE,
    NO_ACTION,
    NOT_TOLD,
    OVERPAID,
    PAYMENT_DIFFERS,
)
from airbooks.platforms.references import References

if TYPE_CHECKING:
    from airbooks.platforms.oracle_fusion.hook import OracleFusionHook

Step = tuple[int, Decimal]  # an instalment's id, and what to apply to it


def book(hook: OracleFusionHook, payment: Payment, customer: str, references: References) -> RemotePayment:
    """Book a receipt and apply it. A receipt applies nothing by itself: its remittance references are read by AutoMatch, or the action
    applyReceipt applies it at once, as the connection says. Raises PlatformError."""
    receipt = find(hook, payment, customer)
    done = _settled(hook, receipt) if receipt is not None else []
    at_once = references.settings.get("apply_receipts", AT_ONCE) == AT_ONCE
    steps = _steps(hook, payment, customer, done) if at_once else []  # before the receipt is made: a wrong payment leaves no trace
    if receipt is None:
        receipt = _create(hook, payment, customer, references)
    try:
        for installment, amount in steps:
            _apply(hook, receipt.remote_id, {"appliedPaymentScheduleId": installment, "amountApplied": amount})
        return reading.remote_payment(receipt, applications(hook, receipt) if steps else done)
    except PlatformError as error:
        raise error.as_unknown(f"receipt {receipt.number} ({receipt.remote_id}) is booked and not wholly applied") from None


def told(hook: OracleFusionHook, receipt: Receipt) -> RemotePayment:
    """A receipt with what it settles."""
    is_idle = receipt.reversed or not receipt.applied
    return reading.remote_payment(receipt, [] if is_idle else applications(hook, receipt))


def find(hook: OracleFusionHook, payment: Payment, customer: str) -> Receipt | None:
    """The receipt of this payment: its number, and our words in its comments. Raises PlatformError when it is for another amount, currency
    or customer: the payment must neither be told as booked nor be booked once more."""
    unit, marker = str(hook.setting("business_unit")), mapping.receipt_marker(payment)
    asked = where(("ReceiptNumber", "=", mapping.receipt_number(payment)), ("BusinessUnit", "=", unit))
    found = hook.rows(mapping.RECEIPTS, reading.receipt, q=asked, orderBy="StandardReceiptId")
    receipt = next((each for each in found if not each.reversed and marker in each.comments.splitlines()), None)
    if receipt is None:
        return None
    theirs, ours = (receipt.amount, receipt.currency, receipt.customer or customer), (payment.amount, payment.currency, customer)
    if theirs != ours:
        told = (" ".join(map(str, each)) for each in (theirs, ours))
        raise hook.problem(PAYMENT_DIFFERS, f"receipt {receipt.number} ({receipt.remote_id}): theirs {', ours '.join(told)}")
    return receipt


def _create(hook: OracleFusionHook, payment: Payment, customer: str, references: References) -> Receipt:
    return hook.post(mapping.RECEIPTS, mapping.receipt_body(payment, customer, references), reading.receipt)


def _apply(hook: OracleFusionHook, receipt_id: str, body: mapping.Body) -> None:
    try:
        hook.act(f"{mapping.RECEIPTS}/{receipt_id}/action/applyReceipt", body)
    except PlatformError as error:
        if error.status == 404:
            raise hook.problem(NO_ACTION, f"receipt {receipt_id} is booked and unapplied: {error.message}") from None
        raise


def _settled(hook: OracleFusionHook, receipt: Receipt) -> list[Application]:
    """The applications of a receipt that was there already. They must add up to what the receipt says is applied: else something would
    be applied twice."""
    done = applications(hook, receipt)
    if receipt.applied != sum((amount for _, amount in done), Decimal(0)):
        says = f"of receipt {receipt.number} {receipt.applied} is applied, and the account's activities say otherwise"
        raise hook.problem(NOT_TOLD, says)
    return done


def applications(hook: OracleFusionHook, receipt: Receipt) -> list[Application]:
    """What a receipt settles; the account's activities know, not the receipt."""
    account = hook.account_id(receipt.customer)
    if not account:
        return []
    path = f"receivablesCustomerAccountActivities/{account}/child/standardReceiptApplications"
    return list(hook.rows(path, reading.application, q=f"StandardReceiptId={receipt.remote_id}", orderBy="ApplicationId"))


def _steps(hook: OracleFusionHook, payment: Payment, customer: str, done: Iterable[Application]) -> list[Step]:
    """What is still to be applied; a payment may allocate to one document more than once."""
    applied = reading.by_document(done)
    wanted = reading.by_document((each.remote_id, each.amount) for each in payment.allocations)
    steps: list[Step] = []
    for document, amount in wanted.items():
        rest = amount - applied.get(document, Decimal(0))
        if rest > 0:
            steps += _over_installments(hook, payment, customer, document, rest)
    return steps


def _over_installments(hook: OracleFusionHook, payment: Payment, customer: str, remote_id: str, amount: Decimal) -> list[Step]:
    """An amount over the open instalments of one invoice, the earliest first."""
    row = hook.row(remote_id, DocumentKind.INVOICE) or {}
    if (row.get("InvoiceCurrencyCode"), row.get("BillToCustomerNumber")) != (payment.currency, customer):
        raise hook.problem(OVERPAID, f"transaction {remote_id} is none of customer {customer} in {payment.currency}")
    steps = []
    for part in reading.installments(row):
        share = min(amount, part.balance)
        if share > 0:
            steps.append((part.remote_id, share))
            amount -= share
    if amount:
        raise hook.problem(OVERPAID, f"payment {payment.source_id} settles {amount} more of {row['TransactionNumber']} than is open")
    return steps
