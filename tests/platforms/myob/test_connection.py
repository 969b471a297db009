"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.platforms.company import Company
from tests.platforms.myob.steps import created, refused, simulator

from airbooks.canonical import (
    DocumentKind,
)
from airbooks.platforms.errors import Action, ConfigurationError, PlatformError
from airbooks.platforms.myob.hook import MyobHook, _until_tomorrow
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import running

# -- tokens and the door ----------------------------------------------------------------------------------------------------------


def test_refresh_tokens_rotate_and_workers_share_the_newest() -> None:
    with running(["myob"], time_scale=1000) as sandbox:
        company = Company("myob", sandbox)
        stored = company.connection()
        with company.hook(**stored) as one, company.hook(**stored) as other:
            for minutes in (0, 25, 50):
                sandbox.simulators["myob"].clock.offset = timedelta(minutes=minutes)
                assert one.test_connection()[0]
                assert other.test_connection()[0]
        refreshes = [each for each in sandbox.requests("myob") if each.path.endswith("/oauth2/v1/authorize")]
        assert [each.status for each in refreshes] == [200, 200, 200]


def test_a_refresh_token_that_a_person_put_there_is_used_instead_of_ours(company: Company) -> None:
    tokens = MemoryTokens()
    with company.hook(tokens=tokens) as hook:
        assert hook.test_connection()[0]
    simulator(company).authority.revoke_all()
    simulator(company).authority.new_refresh_token()
    with company.hook(tokens=tokens) as hook:
        works, says = hook.test_connection()
    assert works, says


def test_an_access_token_that_is_refused_is_renewed_once(company: Company, hook: MyobHook) -> None:
    assert hook.test_connection()[0]
    company.sandbox.inject("myob", "expire_tokens", times=1)
    assert hook.test_connection()[0]


def test_withdrawn_consent_stops_the_connection_and_says_who_must_act() -> None:
    with running(["myob"], time_scale=1000) as sandbox:
        company = Company("myob", sandbox)
        sandbox.inject("myob", "revoke_refresh_token", times=1)
        with company.hook() as hook:
            works, says = hook.test_connection()
            assert not works
            assert "administrator" in says


def test_eight_calls_a_second_is_a_403_that_is_waited_out(company: Company, hook: MyobHook, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(hook.budget, "penalise", waits.append)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("myob", "throttle", times=1)
    created(company, hook, sending)
    assert len(company.booked(sending.document.number)) == 1
    assert [0.5 <= seconds <= 1.0 for seconds in waits] == [True]


def test_the_daily_limit_is_put_off_to_the_next_day(company: Company, hook: MyobHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook.budget, "penalise", lambda seconds: None)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("myob", "throttle", daily=True)
    error = refused(company, hook, sending)
    assert error.action is Action.WAIT
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 86_400
    assert _until_tomorrow(datetime(2026, 1, 15, 23, 0, tzinfo=UTC)) == 3600


def test_a_user_who_is_not_linked_logs_in_to_the_file_as_well(company: Company) -> None:
    company.sandbox.inject("myob", "unlinked_user")
    own = simulator(company).connection(linked=False)["extra"]
    try:
        with company.hook(extra={"cf_username": own["cf_username"], "cf_password": own["cf_password"]}) as hook:
            assert hook.test_connection()[0]
        with (
            company.hook(extra={"cf_username": own["cf_username"], "cf_password": "wr0ng"}) as hook,
            pytest.raises(PlatformError) as caught,
        ):
            hook.find_invoice("AU-SI-1", DocumentKind.INVOICE)
    finally:
        company.sandbox.clear_faults()
    assert caught.value.action is Action.STOP
    assert "company file" in caught.value.rule.says


# -- what a connection test says --------------------------------------------------------------------------------------------------


def test_a_connection_that_fits_names_its_business_and_what_to_mind(company: Company, hook: MyobHook) -> None:
    for fault, words in (("category_required", "category is required"), ("must_be_reversed", "voids become reversals")):
        company.sandbox.inject("myob", fault)
        works, says = hook.test_connection()
        assert works
        assert words in says
        company.sandbox.clear_faults()


@pytest.mark.parametrize("scope", ["sme-sales", "sme-inventory", "sme-contacts-customer", "sme-general-ledger", "sme-company-settings"])
def test_a_missing_scope_is_named(company: Company, hook: MyobHook, scope: str) -> None:
    company.sandbox.inject("myob", "missing_scope", scope=scope)
    works, says = hook.test_connection()
    assert not works
    assert f"scope {scope}" in says


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"default_tax_code": "VAT"}, "default_tax_code: the company file has no tax code 'VAT'"),
        ({"adjustment_item": "NONE"}, "adjustment_item: the company file has no item 'NONE'"),
        ({"deposit_account": "1-9999"}, "deposit_account: the company file has no account '1-9999'"),
        ({"business_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"}, "business_id"),
        ({"business_id": ""}, "Business id"),
    ],
)
def test_a_field_that_does_not_fit_is_named(company: Company, extra: dict[str, Any], words: str) -> None:
    with company.hook(extra=extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


def test_a_file_of_one_currency_is_told_apart(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "single_currency")
    works, says = hook.test_connection()
    assert not works
    assert "multi-currency" in says


def test_an_inactive_api_key_stops_everything(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "inactive_key")
    works, says = hook.test_connection()
    assert not works
    assert "developer account" in says


# -- secrets ----------------------------------------------------------------------------------------------------------------------


def test_a_connection_without_a_refresh_token_says_which_field_is_empty(company: Company) -> None:
    with company.hook(extra={"refresh_token": ""}, tokens=MemoryTokens()) as hook, pytest.raises(ConfigurationError, match="Refresh token"):
        hook.find_invoice("AU-SI-1", DocumentKind.INVOICE)
