"""Customer payments (ARPYMT): booked once, and listed with the invoices that they settle; a reversed one stays and says so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from airbooks.canonical import Payment, RemotePayment
from airbooks.platforms.errors import Action, ErrorRule, Outcome, before_sending
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import References
from airbooks.platforms.sage_intacct import money, queries, reading
from airbooks.platforms.sage_intacct.envelope import Function
from airbooks.platforms.sage_intacct.queries import equal, one_of

if TYPE_CHECKING:
    from airbooks.platforms.sage_intacct.hook import SageIntacctHook

BOOKED_OTHERWISE = ErrorRule(
    name="payment is booked otherwise",
    action=Action.REVIEW,
    outcome=Outcome.HAPPENED,
    says="Sage Intacct has this payment, over another amount or on other invoices.",
    fix="Compare the two; reverse the one that is wrong.",
)


def changed_since(hook: SageIntacctHook, since: datetime) -> Iterator[RemotePayment]:
    query = hook.query("ARPYMT", reading.PAYMENT_FIELDS, queries.since("WHENMODIFIED", since))
    while True:
        results, reply = hook.run([Function("payments", query.call())], read=True)
        page = hook.read(results[0], reply)
        with hook.understanding():
            rows = [row for row in page.rows if reading.is_receipt(row)]
        yield from _with_details(hook, rows)
        if not page.remaining:
            return
        query = query.next()


def _with_details(hook: SageIntacctHook, rows: Sequence[reading.Row]) -> list[RemotePayment]:
    if not rows:
        return []
    with hook.understanding():
        keys = [row["RECORDNO"] for row in rows]
        [details] = hook.rows(hook.query("ARPYMTDETAIL", reading.DETAIL_FIELDS, one_of("PAYMENTKEY", keys)))
        return [reading.remote_payment(row, [each for each in details if each["PAYMENTKEY"] == row["RECORDNO"]]) for row in rows]


def apply(hook: SageIntacctHook, payment: Payment, customer_id: str, key: str, references: References) -> RemotePayment:
    """Book it, unless it is there. Raises PlatformError, and ReferenceMissing for a method of payment without a mapping."""
    call = money.payment_function(payment, customer_id, replace(references, settings=hook.settings()))
    ours, numbered = _booked(hook, payment, customer_id)
    if ours is not None:
        return _same(hook, ours, payment)
    if numbered is not None:
        return numbered
    [result], reply = hook.run([Function(key, call)], unique=True)
    good = hook.good(result, reply)
    with hook.reading_back(f"payment {money.number(payment)}"), hook.understanding():
        record = good.key or good.rows[0]["RECORDNO"]
        [rows] = hook.rows(hook.query("ARPYMT", reading.PAYMENT_FIELDS, equal("RECORDNO", record)))
        return _with_details(hook, rows)[0]


def _booked(hook: SageIntacctHook, payment: Payment, customer_id: str) -> tuple[RemotePayment | None, RemotePayment | None]:
    """The live payment of this customer and day that is ours by its mark, and one that is it by its number and amount."""
    day = equal("RECEIPTDATE", queries.day_text(payment.received_on))
    with before_sending():
        [rows] = hook.rows(hook.query("ARPYMT", reading.PAYMENT_FIELDS, equal("CUSTOMERID", customer_id), day))
        with hook.understanding():
            alike = [row for row in rows if reading.is_receipt(row) and money.is_marked(row, payment)]
            marked = {row["RECORDNO"] for row in alike if row["DESCRIPTION"].startswith(money.OURS)}
        live = [each for each in _with_details(hook, alike) if not each.reversed]
    equal_ones = (each for each in live if (each.amount, each.currency) == (payment.amount, payment.currency))
    return next((each for each in live if each.remote_id in marked), None), next(equal_ones, None)


def _same(hook: SageIntacctHook, there: RemotePayment, payment: Payment) -> RemotePayment:
    applied = {each.remote_id: each.amount for each in there.allocations}
    lacking = [remote_id for remote_id, amount in by_document(payment).items() if applied.get(remote_id) != amount]
    if (there.amount, there.currency) != (payment.amount, payment.currency) or lacking:
        says = f"payment {there.remote_id} is of {there.amount} {there.currency}, applied {applied}; ours is of {payment.amount}"
        raise hook.problem(BOOKED_OTHERWISE, says)
    return there
