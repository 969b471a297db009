"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from tests.platforms.quickbooks.documents import document
from tests.platforms.quickbooks.steps import INVOICE, account_of, asked, booked, numbers, sending

from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.quickbooks.sandbox.seed import GB_REALM
from airbooks.platforms.tokens import Credentials, MemoryTokens, Token
from airbooks.sandbox.server import Sandbox

# -- connection -------------------------------------------------------------------------------------------------------------------


def test_a_good_connection_says_which_company_it_reaches(hook: QuickBooksHook, gb_hook: QuickBooksHook) -> None:
    assert hook.test_connection() == (True, "Harbour Compressors Inc (US) is reached and its preferences fit")
    assert gb_hook.test_connection() == (True, "Harbour Compressors Ltd (GB) is reached and its preferences fit")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"home_currency": "CAD"}, "the home currency is USD"),
        ({"multicurrency": False}, "multicurrency is on"),
        ({"tax_mode": "global"}, "the tax regime is us"),
        ({"realm_id": GB_REALM}, "not authorised for this company"),
        ({"refresh_token": "RT1-wrong"}, "connection withdrawn"),
    ],
)
def test_a_connection_that_does_not_fit_the_company_says_why(quickbooks: Sandbox, extra: dict[str, Any], words: str) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, **extra)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


def test_a_company_that_numbers_documents_itself_is_reported(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    quickbooks.inject("quickbooks", "auto_number")
    works, says = hook.test_connection()
    assert not works
    assert "custom transaction numbers are off" in says


def test_a_connection_without_a_realm_names_the_missing_field(quickbooks: Sandbox) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, realm_id="")) as hook, pytest.raises(ConfigurationError) as error:
        hook.find_invoice("x", INVOICE)
    assert "realm_id" in str(error.value)


def test_without_a_host_production_is_meant() -> None:
    assert QuickBooksHook("quickbooks_us", account=Account()).root() == "https://quickbooks.api.intuit.com"


def test_every_call_asks_for_json_and_minor_version_75(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    booked(hook)
    calls = [each for each in quickbooks.requests("quickbooks") if "/v3/company/" in each.path]
    assert calls
    assert all(each.headers["accept"] == "application/json" and "minorversion=75" in each.path for each in calls)


# -- tokens -----------------------------------------------------------------------------------------------------------------------


def test_a_token_that_expires_in_the_middle_is_renewed_once_and_the_call_repeated(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    hook.find_invoice("x", INVOICE)
    quickbooks.inject("quickbooks", "expire_tokens", times=1)
    booked(hook)
    assert len(asked(quickbooks, "POST", "/tokens/bearer")) == 2
    assert numbers(quickbooks) == ["US-SI-004711"]


def test_the_newest_refresh_token_is_the_one_used_next(quickbooks: Sandbox) -> None:
    tokens = MemoryTokens()
    account = account_of(quickbooks)
    for _ in range(3):
        quickbooks.inject("quickbooks", "rotate_refresh_token", times=1)
        with QuickBooksHook("quickbooks_us", account=account, tokens=tokens) as hook:
            hook.renew_token()
            assert hook.test_connection()[0]
    newest = tokens.read("quickbooks_us")
    assert newest is not None
    assert newest.refresh != account.extra["refresh_token"]


def test_a_refresh_token_that_a_person_put_into_the_connection_replaces_the_stored_one(quickbooks: Sandbox) -> None:
    tokens = MemoryTokens()
    tokens.renew("quickbooks_us", None, lambda _: Token(access="old", refresh="RT1-revoked", seed="another"), Credentials(seed="another"))
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks), tokens=tokens) as hook:
        hook.renew_token()
        assert hook.test_connection()[0]


def test_a_withdrawn_connection_stops_and_keeps_the_stored_token(quickbooks: Sandbox) -> None:
    tokens = MemoryTokens()
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks), tokens=tokens) as hook:
        hook.token()
        kept = tokens.read("quickbooks_us")
        quickbooks.inject("quickbooks", "revoke_refresh_token", times=1)
        quickbooks.inject("quickbooks", "expire_tokens", times=1)
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome, error.value.code) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "invalid_grant")
    assert tokens.read("quickbooks_us") == kept


def test_a_wrong_client_secret_stops_without_storm(quickbooks: Sandbox) -> None:
    account = account_of(quickbooks)
    wrong = Account(host=account.host, login=account.login, password="not-the-secret", extra=account.extra)
    with QuickBooksHook("quickbooks_us", account=wrong) as hook, pytest.raises(PlatformError) as error:
        hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.code) == (Action.STOP, "invalid_client")
    assert len(asked(quickbooks, "POST", "/tokens/bearer")) == 1


def test_a_failure_of_the_token_end_point_says_that_nothing_was_booked(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "error_before_commit", path="/tokens/bearer$", status=500, html=True)
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks)) as later, pytest.raises(PlatformError) as error:
        later.create_invoices([sent])
    assert error.value.outcome is Outcome.DID_NOT_HAPPEN


def test_a_just_issued_token_may_fail_for_a_moment(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    quickbooks.inject("quickbooks", "new_token_fails", times=1)
    assert hook.test_connection()[0]


def test_no_secret_is_in_errors_or_logs(quickbooks: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    account = account_of(quickbooks)
    with caplog.at_level(logging.DEBUG), QuickBooksHook("quickbooks_us", account=account) as hook:
        token = hook.token()
        quickbooks.inject("quickbooks", "disconnect_app")
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    told = f"{caplog.text} {error.value} {error.value.body} {error.value!r} {hook.account!r} {token!r}"
    assert not [secret for secret in (account.password, account.extra["refresh_token"], token.access) if secret in told]
