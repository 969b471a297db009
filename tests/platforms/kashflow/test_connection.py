"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.platforms.kashflow.steps import INVOICE, account_of, asked, documents, sending, sold

from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.kashflow import KashFlowHook
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import Sandbox


def test_a_good_connection_says_whom_it_reaches(hook: KashFlowHook) -> None:
    assert hook.test_connection() == (True, "KashFlow is reached as airbooks-api, and its lists fit the connection")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"default_nominal_code": 9999}, "there is no nominal code 9999 (default_nominal_code)"),
        ({"home_currency": "SEK"}, "the home currency SEK is not in the account's list"),
        ({"bank_account_id": 77}, "there is no bank account with id 77"),
        ({"memorable_word": "abcdefghij"}, "wrong user name, password or memorable word"),
        ({"memorable_word": "a"}, "memorable word too short"),
    ],
)
def test_a_connection_that_does_not_fit_the_company_says_why(kashflow: Sandbox, extra: dict[str, Any], words: str) -> None:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, **extra)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


def test_without_a_host_the_vendors_own_address_is_meant() -> None:
    assert KashFlowHook("kashflow_uk", account=Account()).root() == "https://api.kashflow.com/v2"


def test_a_connection_without_a_memorable_word_names_the_field(kashflow: Sandbox) -> None:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, memorable_word="")) as hook, pytest.raises(ConfigurationError) as error:
        hook.find_invoice("x", INVOICE)
    assert "memorable_word" in str(error.value)


def test_one_session_serves_all_workers_and_nobody_logs_out(kashflow: Sandbox) -> None:
    tokens = MemoryTokens()
    for _ in range(3):
        with KashFlowHook("kashflow_uk", account=account_of(kashflow), tokens=tokens) as hook:
            hook.find_invoice("UK-SI-000042", INVOICE)
    assert len(asked(kashflow, "POST", "/sessiontoken")) == 1
    assert asked(kashflow, "DELETE", "/sessiontoken") == []


def test_an_ended_session_is_replaced_once_and_the_call_repeated(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    kashflow.simulators["kashflow"].clock.offset = timedelta(minutes=61)
    (sent,) = hook.create_invoices([ready])
    assert sent.error is None
    assert len(asked(kashflow, "PUT", "/sessiontoken")) == 2
    assert len(documents(kashflow)) == 1


def test_a_refused_log_in_is_not_tried_again_for_that_would_lock_the_user(kashflow: Sandbox) -> None:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, password="wrong-password")) as hook:
        for _ in range(8):
            with pytest.raises(PlatformError) as error:
                hook.find_invoice("UK-SI-000042", INVOICE)
            assert (error.value.action, error.value.code) == (Action.STOP, "InvalidCredentials")
            assert "wrong-password" not in f"{error.value} {error.value.body}"
    assert len(asked(kashflow, "POST", "/sessiontoken")) == 1


@pytest.mark.parametrize(
    ("fault", "name"),
    [("lock_user", "user locked"), ("password_expired", "password expired"), ("subscription_ended", "subscription ended")],
)
def test_a_user_who_may_not_log_in_stops_the_connection(hook: KashFlowHook, kashflow: Sandbox, fault: str, name: str) -> None:
    kashflow.inject("kashflow", fault)
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("UK-SI-000042", INVOICE)
    assert (error.value.rule.name, error.value.action, error.value.outcome) == (name, Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert error.value.rule.fix


def test_a_log_in_that_breaks_off_leaves_nothing_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    kashflow.inject("kashflow", "malformed_body", path="/sessiontoken", method="PUT")
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("UK-SI-000042", INVOICE)
    assert error.value.outcome is Outcome.DID_NOT_HAPPEN
    assert error.value.body == ""


def test_a_log_in_without_the_documented_answer_leaves_nothing_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    kashflow.inject("kashflow", "empty_body", path="/sessiontoken", method="POST")
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("UK-SI-000042", INVOICE)
    assert error.value.outcome is Outcome.DID_NOT_HAPPEN
