"""Sessions cost licences: each hook has its own, gives it back whatever happens, and waits where none is left."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.company import Company

from airbooks.canonical import DocumentKind
from airbooks.platforms.acumatica.hook import AcumaticaHook
from airbooks.platforms.acumatica.sandbox import AcumaticaSimulator
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import Sandbox, running

COOKIE = {"auth": "cookie"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with running(["acumatica"], time_scale=1000) as made:
        yield made


@pytest.fixture
def company(sandbox: Sandbox) -> Iterator[Company]:
    """A company in which nobody is logged in and nothing was asked."""
    made = Company("acumatica", sandbox)
    simulator(made).sessions.end_all()
    simulator(made).clock.offset = timedelta()
    sandbox.logs["acumatica"].clear()
    yield made
    sandbox.clear_faults()


def simulator(company: Company) -> AcumaticaSimulator:
    found = company.sandbox.simulators["acumatica"]
    assert isinstance(found, AcumaticaSimulator)
    return found


def sessions(company: Company) -> int:
    return len(simulator(company).sessions.live)


def paths(company: Company, ending: str) -> list[int | None]:
    return [each.status for each in company.sandbox.requests("acumatica") if each.path.endswith(ending)]


def test_nothing_is_opened_before_the_first_call(company: Company) -> None:
    with company.hook():
        pass
    assert company.sandbox.requests("acumatica") == []


@pytest.mark.parametrize("extra", [{}, COOKIE])
def test_a_hook_opens_one_session_and_gives_it_back(company: Company, extra: dict[str, Any]) -> None:
    with company.hook(extra=extra) as hook:
        for _ in range(3):
            assert hook.find_invoice("US-SI-1", DocumentKind.INVOICE) == []
        assert sessions(company) == 1
    assert sessions(company) == 0
    assert paths(company, "/entity/auth/logout") == [204]


def work_and_fail(company: Company, extra: dict[str, Any]) -> float:
    with company.hook(extra=extra) as hook:
        return 1 / len(hook.find_invoice("US-SI-1", DocumentKind.INVOICE))


@pytest.mark.parametrize("extra", [{}, COOKIE])
def test_a_session_is_given_back_also_after_a_failure(company: Company, extra: dict[str, Any]) -> None:
    with pytest.raises(ZeroDivisionError):
        work_and_fail(company, extra)
    assert sessions(company) == 0
    company.sandbox.inject("acumatica", "not_permitted")
    with pytest.raises(PlatformError), company.hook(extra=extra) as hook:
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
    assert sessions(company) == 0


def test_one_workers_log_out_does_not_end_anothers_session(company: Company) -> None:
    with company.hook() as one:
        one.find_invoice("US-SI-1", DocumentKind.INVOICE)
        with company.hook() as other:
            other.find_invoice("US-SI-1", DocumentKind.INVOICE)
            assert sessions(company) == 2
        assert one.find_invoice("US-SI-1", DocumentKind.INVOICE) == []
    assert paths(company, "/identity/connect/token") == [200, 200]


def test_a_log_out_that_is_not_answered_fails_nothing_and_is_told(company: Company, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), company.hook() as hook:
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
        company.sandbox.inject("acumatica", "reset_before_commit", path="logout")
    assert "could not be logged out" in caplog.text


def test_where_all_sessions_are_used_the_work_waits(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    for extra in ({}, COOKIE):
        company.sandbox.inject("acumatica", "login_limit", times=1)
        with company.hook(extra=extra) as hook:
            monkeypatch.setattr(hook.budget, "penalise", waits.append)
            assert hook.find_invoice("US-SI-1", DocumentKind.INVOICE) == []
    assert len(waits) == 2
    company.sandbox.inject("acumatica", "login_limit")
    with company.hook() as hook:
        monkeypatch.setattr(hook.budget, "penalise", waits.append)
        with pytest.raises(PlatformError) as caught:
            hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
    assert (caught.value.action, caught.value.outcome) == (Action.WAIT, Outcome.DID_NOT_HAPPEN)


@pytest.mark.parametrize("extra", [{}, COOKIE])
def test_who_was_never_let_in_does_not_log_out(company: Company, extra: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    company.sandbox.inject("acumatica", "login_limit", times=None)
    with company.hook(extra=extra) as hook:
        monkeypatch.setattr(hook.budget, "penalise", lambda _: None)
        with pytest.raises(PlatformError):
            hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
    assert paths(company, "/entity/auth/logout") == []


@pytest.mark.parametrize("extra", [{}, COOKIE])
def test_a_session_that_has_ended_is_replaced_once(company: Company, extra: dict[str, Any]) -> None:
    with company.hook(extra=extra) as hook:
        sending = company.sending(hook, company.small_invoice())
        company.sandbox.inject("acumatica", "expire_tokens", times=1)
        sent = company.create(hook, sending)[sending.key]
        assert sent.error is None, str(sent.error)
        assert len(company.booked(sending.document.number)) == 1
    assert sessions(company) == 0


def test_before_a_token_ends_its_session_is_given_back_and_a_new_one_taken(company: Company) -> None:
    with company.hook() as hook:
        assert isinstance(hook, AcumaticaHook)
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
        token = hook.token()
        assert token.expires_at is not None
        object.__setattr__(token, "expires_at", token.expires_at - timedelta(minutes=59, seconds=30))
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
        assert sessions(company) == 1
    assert paths(company, "/entity/auth/logout") == [204, 204]


# -- refresh tokens --------------------------------------------------------------------------------------------------------------


def test_a_refresh_token_rotates_and_each_hook_gets_an_access_token_of_its_own(company: Company) -> None:
    extra = {"refresh_token": simulator(company).sessions.new_refresh_token(), "scope": "api offline_access"}
    tokens = MemoryTokens()
    for _ in range(3):
        with company.hook(tokens=tokens, extra=extra) as hook:
            assert hook.find_invoice("US-SI-1", DocumentKind.INVOICE) == []
    assert paths(company, "/identity/connect/token") == [200, 200, 200]
    assert sessions(company) == 0
    held = tokens.read("acumatica_test")
    assert held is not None
    assert held.refresh
    assert held.access == ""


def test_a_refresh_token_that_a_person_put_there_is_used_instead_of_ours(company: Company) -> None:
    known = simulator(company).sessions
    tokens = MemoryTokens()
    with company.hook(tokens=tokens, extra={"refresh_token": known.new_refresh_token()}) as hook:
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
    for token in list(known.refresh):
        del known.refresh[token]
    with company.hook(tokens=tokens, extra={"refresh_token": known.new_refresh_token()}) as hook:
        assert hook.find_invoice("US-SI-1", DocumentKind.INVOICE) == []


def test_after_its_absolute_life_a_person_must_sign_in_again(company: Company) -> None:
    extra = {"refresh_token": simulator(company).sessions.new_refresh_token()}
    simulator(company).clock.offset = timedelta(days=31)
    with company.hook(extra=extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert "sign in again" in says


# -- log-ins that fail -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extra", [{}, COOKIE])
def test_a_wrong_password_stops_the_connection_in_words(company: Company, extra: dict[str, Any]) -> None:
    with company.hook(password="wr0ng-passw0rd", extra=extra) as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
    assert (caught.value.action, caught.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert "password" in caught.value.rule.fix
    assert "wr0ng" not in f"{caught.value} {caught.value.body}"


@pytest.mark.parametrize(
    ("extra", "path", "fault"),
    [
        ({}, "connect/token", "error_before_commit"),
        ({}, "connect/token", "malformed_body"),
        (COOKIE, "auth/login", "error_before_commit"),
    ],
)
def test_a_log_in_that_fails_leaves_nothing_open(company: Company, extra: dict[str, Any], path: str, fault: str) -> None:
    with company.hook() as first:
        sending = company.sending(first, company.small_invoice())
    company.sandbox.inject("acumatica", fault, path=path, times=None)
    with company.hook(extra=extra) as hook:
        assert [each.outcome for each in hook.create_invoices([sending])] == [Outcome.DID_NOT_HAPPEN]


def test_a_wrong_tenant_stops_the_connection(company: Company) -> None:
    with company.hook(extra={**COOKIE, "tenant": "Elsewhere"}) as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
    assert caught.value.action is Action.STOP


def test_oauth_without_a_client_is_told_before_anything_is_sent(company: Company) -> None:
    with company.hook(extra={"client_id": ""}) as hook, pytest.raises(ConfigurationError, match="client_id"):
        hook.find_invoice("US-SI-1", DocumentKind.INVOICE)
    assert company.sandbox.requests("acumatica") == []
