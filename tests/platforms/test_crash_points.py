"""Every call of an operation may lose its answer, one after the other: what a hook then claims is true, and trying again ends well.

The recovery is the engine's: look, and repeat with the same key what is not there. Waits between repeats are skipped.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.company import Company

from airbooks.canonical import Allocation, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.platforms.errors import Outcome, PlatformError
from airbooks.platforms.spec import Capability, PaymentFeature

FAULTS = ("reset_after_commit", "reset_before_commit", "error_after_commit")
MOST_CALLS = 12


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def claimed(act: Callable[[], Sent]) -> Outcome:
    """What the hook says became of it."""
    try:
        return act().outcome
    except PlatformError as error:
        return error.outcome


def sweep(company: Company, fault: str, once: Callable[[Callable[[], None]], None]) -> None:
    """Run `once` again and again, losing the answer to one call later each time, until the operation makes no more calls.

    `once` prepares, calls the function it is given just before the operation, acts, and judges.
    """
    for call in range(MOST_CALLS):

        def arm(skipped: int = call) -> None:
            company.sandbox.inject(company.slug, fault, after=skipped)

        once(arm)
        (armed,) = company.sandbox.faults.armed or (None,)
        company.sandbox.clear_faults()
        if armed is not None and not armed.struck:
            assert call > 0, "the operation made no call"
            return


def calm(company: Company) -> None:
    """The network is well again; what was armed stays listed for `sweep`."""
    for fault in company.sandbox.faults.armed:
        fault.path = "^no call ever$"


@pytest.mark.parametrize("fault", FAULTS)
def test_a_create_that_breaks_off_anywhere_ends_with_one_document(company: Company, hook: PlatformHook, fault: str) -> None:
    buyer = company.party()
    template = company.sending(hook, company.small_invoice(buyer=buyer))

    def once(arm: Callable[[], None]) -> None:
        sending = replace(template, key=str(uuid4()), document=company.small_invoice(buyer=buyer))
        arm()
        outcome = claimed(lambda: company.create(hook, sending).get(sending.key, Sent(key=sending.key)))
        calm(company)
        booked = company.booked(sending.document.number)
        assert outcome is Outcome.UNKNOWN or len(booked) == (1 if outcome is Outcome.HAPPENED else 0)
        remote = found_or_created(company, hook, sending)
        assert company.post(hook, sending, remote).status is DocumentStatus.OPEN
        assert [each.total for each in company.booked(sending.document.number)] == [sending.document.gross_total]

    sweep(company, fault, once)


def found_or_created(company: Company, hook: PlatformHook, sending: Sending) -> RemoteDocument:
    found = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
    if not found:
        sent = company.create(hook, sending)[sending.key]
        assert sent.error is None, str(sent.error)
        found = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
    (remote,) = found
    return remote


@pytest.mark.parametrize("fault", FAULTS)
def test_a_posting_that_breaks_off_anywhere_ends_posted_once(company: Company, hook: PlatformHook, fault: str) -> None:
    if not company.spec.can(Capability.POST_STEP):
        return
    buyer = company.party()
    template = company.sending(hook, company.small_invoice(buyer=buyer))

    def once(arm: Callable[[], None]) -> None:
        sending = replace(template, key=str(uuid4()), document=company.small_invoice(buyer=buyer))
        draft = company.create(hook, sending)[sending.key].remote
        assert draft is not None
        arm()
        claimed(lambda: company.final(hook, sending, hook.post_invoices([(sending, draft)])[0]))
        calm(company)
        (found,) = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
        assert company.post(hook, sending, found).status is DocumentStatus.OPEN
        assert [each.status for each in company.booked(sending.document.number)] == ["open"]

    sweep(company, fault, once)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_void_that_breaks_off_anywhere_ends_void(company: Company, hook: PlatformHook, fault: str) -> None:
    if not company.spec.can(Capability.VOID):
        return
    buyer = company.party()
    template = company.sending(hook, company.small_invoice(buyer=buyer))

    def once(arm: Callable[[], None]) -> None:
        sending = replace(template, key=str(uuid4()), document=company.small_invoice(buyer=buyer))
        remote = company.post(hook, sending, found_or_created(company, hook, sending))
        key = str(uuid4())
        arm()
        outcome = claimed(lambda: company.void(hook, sending, remote, key))
        calm(company)
        left = len(company.booked(sending.document.number))
        assert outcome is Outcome.UNKNOWN or left == (0 if outcome is Outcome.HAPPENED else 1)
        for now in hook.find_invoice(sending.document.number, DocumentKind.INVOICE):
            again = company.void(hook, sending, now, key)
            assert again.error is None, str(again.error)
        assert company.booked(sending.document.number) == []

    sweep(company, fault, once)


@pytest.mark.parametrize("fault", FAULTS)
def test_an_update_that_breaks_off_anywhere_ends_as_ours(company: Company, hook: PlatformHook, fault: str) -> None:
    if not (company.spec.can(Capability.UPDATE_DRAFT) or company.spec.can(Capability.UPDATE_POSTED)):
        return
    buyer = company.party()
    template = company.sending(hook, company.small_invoice(buyer=buyer))

    def once(arm: Callable[[], None]) -> None:
        first = replace(template, key=str(uuid4()), document=company.small_invoice(buyer=buyer))
        remote = found_or_created(company, hook, first)
        changed = company.invoice(company.line(1, quantity="3"), company.line(2), buyer=buyer, number=first.document.number)
        sending = replace(template, key=str(uuid4()), document=changed)
        arm()
        outcome = claimed(lambda: company.update(hook, sending, remote))
        calm(company)
        assert outcome is not Outcome.HAPPENED or company.booked(changed.number)[0].total == changed.gross_total
        (now,) = hook.find_invoice(changed.number, DocumentKind.INVOICE)
        if now.total != changed.gross_total:
            again = company.update(hook, sending, now)
            assert again.error is None, str(again.error)
        assert [(each.total, each.lines) for each in company.booked(changed.number)] == [(changed.gross_total, 2)]

    sweep(company, fault, once)


@pytest.mark.parametrize("same_key", [True, False], ids=["same key", "another key"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_payment_that_breaks_off_anywhere_is_booked_once(company: Company, hook: PlatformHook, fault: str, same_key: bool) -> None:
    """Over two invoices, where one payment may settle several."""
    if not company.spec.can(Capability.PAYMENTS_OUT):
        return
    buyer = company.party()
    template = company.sending(hook, company.small_invoice(buyer=buyer))
    invoices = 2 if PaymentFeature.SEVERAL_DOCUMENTS in company.spec.payment_features else 1

    def booked() -> RemoteDocument:
        sending = replace(template, key=str(uuid4()), document=company.small_invoice(buyer=buyer))
        return company.post(hook, sending, found_or_created(company, hook, sending))

    def once(arm: Callable[[], None]) -> None:
        remotes = [booked() for _ in range(invoices)]
        amounts = (template.document.gross_total, Decimal("40.00"))[-invoices:]
        shares = dict(zip((each.remote_id for each in remotes), amounts, strict=True))
        parts = tuple(
            Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=shares[each.remote_id]) for each in remotes
        )
        payment = company.payment(template.document, remotes[0], sum(shares.values(), Decimal(0)), allocations=parts)
        references = company.payment_references(hook, payment, remotes[0].customer_id)
        key = str(uuid4())
        arm()
        with suppress(PlatformError):
            hook.apply_payment(payment, customer_id=remotes[0].customer_id, key=key, references=references)
        calm(company)
        again = key if same_key else str(uuid4())
        hook.apply_payment(payment, customer_id=remotes[0].customer_id, key=again, references=references)
        applied = [(to, amount) for each in company.paid(*remotes) for to, amount in each.applied.items()]
        assert sorted(applied) == sorted(shares.items())
        for each in remotes:
            now = hook.get_invoice(each.remote_id, DocumentKind.INVOICE)
            assert now is not None
            assert now.balance == template.document.gross_total - shares[each.remote_id]

    sweep(company, fault, once)
