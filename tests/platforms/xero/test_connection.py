"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.xero.documents import bill
from tests.platforms.xero.steps import INVOICE, account_of, asked, booked, numbers, sending

from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.tokens import Credentials, MemoryTokens, Token
from airbooks.platforms.xero import XeroHook
from airbooks.platforms.xero.spec import SCOPES
from airbooks.sandbox.server import Sandbox

# -- connection and tokens --------------------------------------------------------------------------------------------------------


def test_a_good_connection_says_what_it_reaches(hook: XeroHook) -> None:
    assert hook.test_connection() == (True, "Harbour Compressors Pty Ltd (AU) is reached; its books are in AUD")


def test_a_custom_connection_works_without_tenant_and_refresh_token(xero: Sandbox) -> None:
    with XeroHook("xero_au", account=account_of(xero, custom=True)) as hook:
        assert hook.test_connection()[0]
        booked(hook)
    assert "xero-tenant-id" not in asked(xero, "GET", "/Organisation")[0].headers


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"home_currency": "NZD"}, "the base currency is AUD, the connection says NZD"),
        ({"tenant_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"}, "organisation not connected"),
        ({"tenant_id": ""}, "tenant_id"),
        ({"refresh_token": "wrong"}, "connection withdrawn"),
        ({"refresh_token": ""}, "refresh_token"),
        ({"grant": "client_credentials"}, "wrong client id or secret"),
    ],
)
def test_a_connection_that_does_not_fit_says_why(xero: Sandbox, extra: dict[str, Any], words: str) -> None:
    with XeroHook("xero_au", account=account_of(xero, **extra)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


SCOPED = [("accounting.contacts", "Contacts"), ("accounting.invoices", "Invoices"), ("accounting.payments", "Payments")]


@pytest.mark.parametrize(("scope", "closed"), SCOPED)
def test_a_scope_that_was_not_granted_is_found_before_the_first_document(xero: Sandbox, scope: str, closed: str) -> None:
    granted = " ".join(each for each in SCOPES.split() if each != scope)
    with XeroHook("xero_au", account=account_of(xero, custom=True, scopes=granted)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert closed in says
    assert "scope not granted" in says


def test_nothing_is_sent_while_the_connection_does_not_say_the_base_currency(xero: Sandbox) -> None:
    with XeroHook("xero_au", account=account_of(xero, home_currency="")) as hook:
        assert "home_currency" in hook.test_connection()[1]
        with pytest.raises(ConfigurationError, match="home_currency"):
            hook.refusals(bill())


def test_without_a_host_production_is_meant() -> None:
    assert XeroHook("xero_au", account=Account()).root() == "https://api.xero.com"


def test_every_call_asks_for_json_and_names_the_tenant(hook: XeroHook, xero: Sandbox) -> None:
    booked(hook)
    calls = [each for each in xero.requests("xero") if "/api.xro/" in each.path]
    assert calls
    assert all(each.headers["accept"] == "application/json" and each.headers["xero-tenant-id"] for each in calls)


def test_a_token_that_expires_in_the_middle_is_renewed_once_and_the_call_repeated(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    xero.inject("xero", "expire_tokens", times=1)
    (result,) = hook.create_invoices([sent])
    assert result.error is None, result.error
    assert len(asked(xero, "POST", "/connect/token")) == 2
    assert numbers(xero) == ["AU-SI-004711"]


def test_the_refresh_token_of_the_last_reply_is_used_next(hook: XeroHook, xero: Sandbox) -> None:
    tokens = MemoryTokens()
    account = account_of(xero)
    with XeroHook("xero_au", account=account, tokens=tokens) as first:
        first.token()
    xero.simulators["xero"].clock.offset = timedelta(hours=2)  # the grace of the first refresh token is over
    with XeroHook("xero_au", account=account, tokens=tokens) as second:
        assert second.test_connection()[0]


def test_a_lost_reply_of_the_token_end_point_is_asked_for_again(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "reset_after_commit", path="/connect/token", times=1)
    assert hook.test_connection()[0]
    assert len(asked(xero, "POST", "/connect/token")) == 2


def test_a_refresh_token_that_a_person_put_into_the_connection_replaces_the_stored_one(xero: Sandbox) -> None:
    tokens = MemoryTokens()
    tokens.renew("xero_au", None, lambda _: Token(access="old", refresh="revoked", seed="another"), Credentials(seed="another"))
    with XeroHook("xero_au", account=account_of(xero), tokens=tokens) as hook:
        hook.renew_token()
        assert hook.test_connection()[0]


def test_a_withdrawn_connection_stops_and_keeps_the_stored_token(xero: Sandbox) -> None:
    tokens = MemoryTokens()
    with XeroHook("xero_au", account=account_of(xero), tokens=tokens) as hook:
        hook.token()
        kept = tokens.read("xero_au")
        xero.inject("xero", "revoke_refresh_token", times=1)
        xero.inject("xero", "expire_tokens", times=1)
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome, error.value.code) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "invalid_grant")
    assert tokens.read("xero_au") == kept


@pytest.mark.parametrize("fault", ["disconnect_tenant", "missing_scope"])
def test_what_only_a_person_can_mend_stops_and_says_how(hook: XeroHook, xero: Sandbox, fault: str) -> None:
    xero.inject("xero", fault)
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert error.value.rule.fix


def test_no_secret_is_in_errors_or_logs(xero: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    account = account_of(xero)
    with caplog.at_level(logging.DEBUG), XeroHook("xero_au", account=account) as hook:
        token = hook.token()
        xero.inject("xero", "disconnect_tenant")
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    told = f"{caplog.text} {error.value} {error.value.body} {error.value!r} {hook.account!r} {token!r}"
    assert not [secret for secret in (account.password, account.extra["refresh_token"], token.access, token.refresh) if secret in told]


# -- throttling -------------------------------------------------------------------------------------------------------------------


def test_a_throttled_call_is_repeated_after_its_pause(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "throttle", times=1, retry_after=0)
    assert hook.find_invoice("x", INVOICE) == []


def test_the_limit_of_a_day_is_handed_on_and_not_slept_through(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    xero.inject("xero", "throttle", problem="day", retry_after=20_000)
    (result,) = hook.create_invoices([sent])
    assert result.error is not None
    assert (result.error.action, result.error.outcome, result.error.retry_after) == (Action.WAIT, Outcome.DID_NOT_HAPPEN, 20_000)
    assert "(day)" in result.error.message
    assert result.error.request_id
