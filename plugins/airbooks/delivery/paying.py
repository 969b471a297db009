"""Payments through the outbox: made ready, applied on the platform that holds their documents, compared with what it booked.

An application needs no look-up of its own: every hook looks for the payment, by what it wrote into it, before it books one. What is
unknown is therefore applied again after the platform's settle time, which finds it or books it for the first time.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from airbooks.canonical import Allocation, Finding, Payment, RemoteAllocation, RemotePayment, Severity
from airbooks.canonical.payment import PaymentKind
from airbooks.delivery import verdicts
from airbooks.delivery.echo import Difference
from airbooks.delivery.preparing import Code, Workplace, as_platform_error, resolve, unmapped
from airbooks.delivery.recording import record
from airbooks.delivery.sending import Lane
from airbooks.delivery.states import Event, State
from airbooks.delivery.verdicts import MAX_ATTEMPTS, Place, Verdict
from airbooks.platforms.errors import ConfigurationError, PlatformError, ReferenceMissing
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, payment_codes
from airbooks.platforms.spec import Capability
from airbooks.staging import outbox
from airbooks.staging import references as known
from airbooks.staging.outbox import Claimed
from airbooks.staging.settled import remote_ids

log = logging.getLogger("airflow.task.airbooks.delivery")

MOST_AT_ONCE = 50
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyPayment:
    """A claimed payment whose customer, documents and codes are known on the platform."""

    claimed: Claimed
    document: Payment
    customer_id: str = ""
    references: References = field(default_factory=References)


def read_payment(claimed: Claimed) -> Payment:
    """The canonical payment of a claim."""
    return Payment.model_validate(dict(claimed.body))


# -- making ready ---------------------------------------------------------------------------------------------------------------------


def prepare(work: Workplace, claims: Sequence[Claimed]) -> tuple[list[ReadyPayment], list[Verdict]]:
    """The payments that can be applied, and a verdict for each that cannot. Raises PlatformError where the platform's lists fail."""
    payments = {claimed.delivery_id: read_payment(claimed) for claimed in claims}
    wanted = {code for payment in payments.values() for code in payment_codes(payment)}
    resolved, _ = resolve(work, wanted)
    numbers = {each.document_number for payment in payments.values() for each in payment.allocations}
    with work.transaction() as database:
        links = known.customer_links(database, work.connection, [_customer(work, each) for each in payments.values()])
        there = remote_ids(database, work.connection, sorted(numbers))
    ready: list[ReadyPayment] = []
    held: list[Verdict] = []
    for claimed in claims:
        payment = _with_remote_ids(payments[claimed.delivery_id], there)
        item = _ready(work, claimed, payment, links.get(_customer(work, payment), ""), resolved)
        findings = _obstacles(work, payment, item.customer_id) or _refusals(work, item)
        if findings:
            held.append(verdicts.held_back(claimed, payment, findings))
        else:
            ready.append(item)
    return ready, held


def _customer(work: Workplace, payment: Payment) -> tuple[str, str]:
    return payment.customer_code, payment.currency if work.hook.spec.customer_per_currency else ""


def _with_remote_ids(payment: Payment, there: Mapping[str, str]) -> Payment:
    named = tuple(each.model_copy(update={"remote_id": there.get(each.document_number, "")}) for each in payment.allocations)
    return payment.model_copy(update={"allocations": named})


def _ready(work: Workplace, claimed: Claimed, payment: Payment, customer: str, resolved: Mapping[Code, ReferenceItem]) -> ReadyPayment:
    entries = {code: resolved[code] for code in payment_codes(payment) if code in resolved}
    references = References(customer=customer, entries=entries, settings=work.hook.settings())
    return ReadyPayment(claimed=claimed, document=payment, customer_id=customer, references=references)


def _obstacles(work: Workplace, payment: Payment, customer: str) -> tuple[Finding, ...]:
    if not work.hook.spec.can(Capability.PAYMENTS_OUT):
        says, fix = "its interface takes no payments", "Book it there by hand, then answer Reject: it is read back from there."
        return (_finding(work, payment, "AB-PAYMENT-OUT", "", says, fix),)
    if payment.kind is not PaymentKind.RECEIPT:  # a hook would book money that went out as money that came in
        says, fix = "money that is paid out is booked by hand", "Book it there, then answer Reject: it is read back from there."
        return (_finding(work, payment, "AB-PAYMENT-OUT", "", says, fix),)
    found = []
    if not customer:
        says = f"customer {payment.customer_code} is not linked to one there"
        fix = "Deliver an invoice of this customer first, then answer Retry."
        found.append(_finding(work, payment, "AB-PAYMENT-CUSTOMER", payment.customer_code, says, fix))
    for each in payment.allocations:
        if not each.remote_id:
            says, fix = (
                f"{each.document_number} is not there (any more)",
                "See what became of it, then answer Retry, or Reject to decide anew.",
            )
            found.append(_finding(work, payment, "AB-PAYMENT-DOCUMENT", each.document_number, says, fix))
    return tuple(found)


def _refusals(work: Workplace, item: ReadyPayment) -> tuple[Finding, ...]:
    """What the platform has no place for (a discount, a fee, another bank account); warnings are only told."""
    found = work.hook.payment_refusals(item.document, item.references)
    for each in found:
        if each.severity is Severity.WARNING:
            log.info("%s | %s | %s", verdicts.title_of(item.document), work.connection, each.message)
    return tuple(each for each in found if each.severity is Severity.ERROR)


def _finding(work: Workplace, payment: Payment, code: str, value: str, says: str, fix: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.ERROR,
        field="allocations" if value else "",
        value=value,
        says=f"{verdicts.title_of(payment)} was not applied on {work.place.title} ({work.connection}): {says}.",
        fix=fix,
        connection=work.connection,
    )


# -- applying -------------------------------------------------------------------------------------------------------------------------


def apply(ready: ReadyPayment) -> Callable[[Lane], None]:
    """The step that applies one payment in whatever lane is free."""

    def step(lane: Lane) -> None:
        why = lane.why_not()
        if why:
            lane.desk.record([verdicts.put_back(ready, why)], 0.0)
            return
        began = time.monotonic()
        lane.desk.record([_applied(lane.work, ready)], time.monotonic() - began)

    return step


def _applied(work: Workplace, ready: ReadyPayment) -> Verdict:
    try:
        remote = work.hook.apply_payment(
            ready.document, customer_id=ready.customer_id, key=ready.claimed.idempotency_key, references=ready.references
        )
    except ReferenceMissing as missing:
        code = ReferenceKind(missing.kind), missing.code
        return verdicts.held_back(ready.claimed, ready.document, (unmapped(work, ready.document, code, work.configured(*code) or ""),))
    except PlatformError as error:
        return verdicts.failed(ready, error, work.place)
    return judge(ready, remote, work.place)


def judge(ready: ReadyPayment, remote: RemotePayment, place: Place) -> Verdict:
    """Booked when the platform's payment is ours to the cent, else something for a person."""
    found = differences(ready.document, remote, ready.customer_id)
    if not found:
        says = f"booked as {remote.remote_id}"
        return Verdict(claimed=ready.claimed, document=ready.document, event=Event.BOOKED, says=says, remote=remote)
    what = "; ".join(map(str, found))
    finding = Finding(
        code="AB-ECHO",
        severity=Severity.ERROR,
        field=found[0].field,
        value=found[0].theirs,
        says=f"{verdicts.title_of(ready.document)} is on {place.title} ({place.connection}) as {remote.remote_id}, but differs: {what}.",
        fix="Correct it there, then answer Retry: it is looked for again and never booked twice.",
        connection=place.connection,
    )
    return Verdict(claimed=ready.claimed, document=ready.document, event=Event.DIFFERS, says=what, remote=remote, findings=(finding,))


def differences(payment: Payment, remote: RemotePayment, customer_id: str) -> tuple[Difference, ...]:
    """Every fact of the platform's payment that is not ours; what it does not tell (empty) is not compared."""
    found = []
    if remote.amount != payment.amount:
        found.append(Difference("amount", str(payment.amount), str(remote.amount)))
    for name, ours, theirs in (("currency", payment.currency, remote.currency), ("customer", customer_id, remote.customer_id)):
        if ours and theirs and ours != theirs:
            found.append(Difference(name, ours, theirs))
    if remote.reversed:
        found.append(Difference("status", "booked", "reversed"))
    if remote.allocations:
        found += _allocated_otherwise(payment, remote)
    return tuple(found)


def _allocated_otherwise(payment: Payment, remote: RemotePayment) -> list[Difference]:
    names = {each.remote_id: each.document_number for each in payment.allocations}
    ours, theirs = _by_document(payment.allocations), _by_document(remote.allocations)
    return [
        Difference(f"allocated to {names.get(each, each)}", str(ours.get(each, ZERO)), str(theirs.get(each, ZERO)))
        for each in sorted({*ours, *theirs})
        if ours.get(each, ZERO) != theirs.get(each, ZERO)
    ]


def _by_document(allocations: Iterable[Allocation] | Iterable[RemoteAllocation]) -> dict[str, Decimal]:
    summed: dict[str, Decimal] = {}
    for each in allocations:
        summed[each.remote_id] = summed.get(each.remote_id, ZERO) + each.amount
    return summed


# -- what is unknown ------------------------------------------------------------------------------------------------------------------


def apply_unknown_again(work: Workplace, worker: str, run_id: str) -> Counter[str]:
    """Let the payments whose outcome is unknown, and whose settle time has passed, be applied again; what failed too often is parked."""
    tally: Counter[str] = Counter()
    while claims := outbox.claim_open(work.database, work.connection, State.UNKNOWN.value, MOST_AT_ONCE, worker, payments=True):
        work.database.commit()
        tally += record(work, worker, run_id, [_again(work, claimed) for claimed in claims], State.UNKNOWN, 0.0)
    work.database.commit()
    return tally


def _again(work: Workplace, claimed: Claimed) -> Verdict:
    ready = ReadyPayment(claimed=claimed, document=read_payment(claimed))
    if claimed.failures >= MAX_ATTEMPTS:
        return verdicts.worn_out(ready, "whether it was booked is unknown", work.place)
    says = "the platform is asked for it once more, by applying it"
    return Verdict(claimed=claimed, document=ready.document, event=Event.APPLIED_AGAIN, says=says)


def unprepared(work: Workplace, claims: Sequence[Claimed], error: PlatformError | ConfigurationError) -> list[Verdict]:
    """Nothing could be prepared, because the platform's lists could not be read or the connection is incomplete."""
    ready = [ReadyPayment(claimed=claimed, document=read_payment(claimed)) for claimed in claims]
    return [verdicts.failed(each, as_platform_error(work, error), work.place) for each in ready]
