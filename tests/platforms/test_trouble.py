"""What every platform must do when things go wrong: lost answers, expired tokens, throttling, wrong credentials."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from tests.platforms.company import Company

from airbooks.canonical import DocumentKind
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.spec import Idempotency
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import running


@pytest.mark.parametrize("fault", ["reset_after_commit", "truncated_body", "malformed_body", "error_after_commit"])
def test_a_lost_answer_is_unknown_and_the_document_is_found_by_our_number(company: Company, hook: PlatformHook, fault: str) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    # Only the create carries the purchase order: the fault spares tokens and look-ups.
    company.sandbox.inject(company.slug, fault, body=document.purchase_order)
    try:
        sent = company.create(hook, sending)[sending.key]
        outcome = sent.outcome
    except PlatformError as error:
        outcome = error.outcome
    company.sandbox.clear_faults()
    found = hook.find_invoice(document.number, DocumentKind.INVOICE)
    assert len(found) == len(company.booked(document.number)) == 1
    assert found[0].total == document.gross_total
    assert outcome in {Outcome.UNKNOWN, Outcome.HAPPENED}


def test_the_same_key_sent_again_makes_no_second_document(company: Company, hook: PlatformHook) -> None:
    if company.spec.idempotency is Idempotency.NONE:
        return
    sending = company.sending(hook, company.small_invoice())
    for _ in range(2):
        sent = company.create(hook, sending)[sending.key]
        assert sent.error is None or sent.error.action in {Action.LOOK_UP, Action.REVIEW}
    assert len(company.booked(sending.document.number)) == 1


def test_a_request_that_a_proxy_sends_twice_is_never_two_documents_unseen(company: Company, hook: PlatformHook) -> None:
    """Where the platform knows a repeated request it books one; where it does not, both are found and a person is asked."""
    document = company.small_invoice()
    sending = company.sending(hook, document)
    company.sandbox.inject(company.slug, "duplicate_delivery", body=document.purchase_order)
    try:
        sent = company.create(hook, sending)[sending.key]
        outcome, refusal = sent.outcome, sent.error
    except PlatformError as error:
        outcome, refusal = error.outcome, error
    # The second one may be refused because of the first: then it is looked up before anything else.
    assert outcome is not Outcome.DID_NOT_HAPPEN or (refusal is not None and refusal.action is Action.LOOK_UP)
    booked = company.booked(document.number)
    assert len(hook.find_invoice(document.number, DocumentKind.INVOICE)) == len(booked)
    if company.spec.idempotency is not Idempotency.NONE:
        assert len(booked) == 1


def test_an_old_answer_replayed_is_not_taken_for_a_void(company: Company, hook: PlatformHook) -> None:
    """A key that was used for the create may make a platform repeat that answer instead of voiding."""
    sending = company.sending(hook, company.small_invoice())
    created = company.create(hook, sending)[sending.key].remote
    assert created is not None
    remote = company.post(hook, sending, created)
    voided = company.void(hook, sending, remote, sending.key)
    assert voided.outcome is not Outcome.HAPPENED or company.booked(sending.document.number) == []


@pytest.mark.parametrize("slug", registry.slugs())
def test_a_token_that_has_expired_over_there_is_renewed_unnoticed(slug: str) -> None:
    with running([slug], time_scale=1000) as sandbox:
        company = Company(slug, sandbox)
        with company.hook() as hook:
            document = company.small_invoice()
            sending = company.sending(hook, document)
            sandbox.simulators[slug].clock.offset = timedelta(hours=9)
            sent = company.create(hook, sending)[sending.key]
            assert sent.error is None, str(sent.error)
            assert len(company.booked(document.number)) == 1


def test_throttling_is_waited_out(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    company.sandbox.inject(company.slug, "rate_limited", retry_after="0", times=1)
    sent = company.create(hook, sending)[sending.key]
    assert sent.error is None, str(sent.error)
    assert len(company.booked(document.number)) == 1


def wrong_credentials(company: Company) -> list[dict[str, object]]:
    """The connection with its password wrong, and with each of its secret fields wrong."""
    stored = company.connection()
    wrong = "wr0ng-" + "c0ffee" * 5
    found: list[dict[str, object]] = [{"password": wrong}] if stored.get("password") else []
    for field in company.spec.form:
        if field.secret and stored["extra"].get(field.name):
            found.append({"extra": {field.name: wrong}})
    return found


def test_wrong_credentials_stop_the_connection_and_say_what_to_do(company: Company) -> None:
    for change in wrong_credentials(company):
        with company.hook(tokens=MemoryTokens(), **change) as hook:  # type: ignore[arg-type]
            works, says = hook.test_connection()
            assert not works
            with pytest.raises(PlatformError) as caught:
                hook.find_invoice("UK-SI-000001", DocumentKind.INVOICE)
            error = caught.value
            assert (error.action, error.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN), str(error)
            assert error.rule.says or error.message
            assert error.rule.fix
            for secret in {"wr0ng", *hook.secrets()}:
                assert secret not in f"{says} {error} {error!r} {error.body}"


def test_a_document_that_needs_what_is_missing_is_an_error_of_the_document_alone(company: Company, hook: PlatformHook) -> None:
    """References that do not cover the document: the engine checks before, a hook must still not crash the batch."""
    good, bad = (company.sending(hook, company.small_invoice()) for _ in range(2))
    bare = replace(bad, references=replace(bad.references, entries={}))
    sent = company.create(hook, bare, good)
    assert sent[good.key].error is None, str(sent[good.key].error)
    assert len(company.booked(good.document.number)) == 1
    error = sent[bare.key].error
    assert error is None or (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
