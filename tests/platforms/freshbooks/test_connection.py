"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

import pytest
from tests.platforms.company import Company
from tests.platforms.freshbooks.steps import INVOICE, inject, kind_of, pass_time

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.tokens import MemoryTokens


def test_each_refresh_uses_the_token_of_the_one_before(company: Company) -> None:
    tokens = MemoryTokens()
    with company.hook(tokens=tokens) as hook:
        assert hook.test_connection()[0]
        first = tokens.read(hook.conn_id)
        for _ in range(2):
            pass_time(company, hours=13)
            assert hook.test_connection()[0]
        last = tokens.read(hook.conn_id)
    assert first is not None
    assert last is not None
    assert first.refresh != last.refresh == company.connection()["extra"]["refresh_token"]


def test_a_spent_refresh_token_stops_the_connection_and_says_how_to_mend_it(company: Company) -> None:
    spent = company.connection()["extra"]["refresh_token"]
    with company.hook(tokens=MemoryTokens()) as first:
        first.test_connection()
    with company.hook(tokens=MemoryTokens(), extra={"refresh_token": spent}) as second, pytest.raises(PlatformError) as caught:
        second.find_invoice("US-SI-1", INVOICE)
    assert kind_of(caught.value) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert "Authorise the app again" in caught.value.rule.fix


@pytest.mark.parametrize("fault", ["revoke_refresh_token", "refresh_unauthenticated"])
def test_a_refused_refresh_is_for_a_person_however_it_is_worded(company: Company, hook: PlatformHook, fault: str) -> None:
    hook.test_connection()
    inject(company, fault)
    pass_time(company, hours=13)
    with pytest.raises(PlatformError) as caught:
        hook.find_invoice("US-SI-1", INVOICE)
    assert kind_of(caught.value) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


def test_a_refresh_whose_answer_is_lost_is_not_tried_with_the_same_token_for_ever(company: Company, hook: PlatformHook) -> None:
    company.sandbox.inject("freshbooks", "reset_after_commit", path="/auth/oauth/token", times=1)
    with pytest.raises(PlatformError) as lost:
        hook.find_invoice("US-SI-1", INVOICE)
    assert kind_of(lost.value) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)  # of the document: nothing of it was sent
    with pytest.raises(PlatformError) as spent:
        hook.find_invoice("US-SI-1", INVOICE)
    assert spent.value.action is Action.STOP


def test_a_new_refresh_token_in_the_connection_takes_the_place_of_a_dead_one(company: Company) -> None:
    tokens = MemoryTokens()
    with company.hook(tokens=tokens) as hook:
        hook.test_connection()
    with company.hook(tokens=MemoryTokens()) as other:
        other.test_connection()  # kills the token that the first one keeps
    pass_time(company, hours=13)
    with company.hook(tokens=tokens) as mended:
        assert mended.test_connection() == (True, "Harbour Compressors Inc (account xZNQ1X) is reached")


def test_an_access_token_that_ends_early_is_renewed_once(company: Company, hook: PlatformHook) -> None:
    hook.test_connection()
    inject(company, "expire_tokens", times=1)
    assert hook.test_connection()[0]


def test_an_account_that_is_not_the_users_is_told_by_name(company: Company) -> None:
    with company.hook(extra={"account_id": "aB12c"}) as hook:
        works, says = hook.test_connection()
    assert not works
    assert "aB12c" in says
    assert "xZNQ1X" in says


@pytest.mark.parametrize(
    "resource", ["users/clients", "invoices/invoices", "credit_notes/credit_notes", "payments/payments", "taxes/taxes"]
)
def test_a_missing_scope_is_told_by_what_it_closes(company: Company, hook: PlatformHook, resource: str) -> None:
    inject(company, "missing_scope", resource=resource)
    works, says = hook.test_connection()
    assert not works
    assert resource in says
    assert "scopes" in says
