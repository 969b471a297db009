"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from tests.platforms.wave.conftest import Client
from tests.platforms.wave.steps import INVOICE, meant, remote_of, sending, small

from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.tokens import MemoryTokens
from airbooks.platforms.wave import WaveHook
from airbooks.platforms.wave.sandbox.simulator import FULL_ACCESS_TOKEN

# -- connection -------------------------------------------------------------------------------------------------------------------


def test_a_good_connection_says_which_business_it_reaches(hook: WaveHook) -> None:
    assert hook.test_connection() == (True, "Harbour Compressors Inc (USD) is reached and its settings fit")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"home_currency": "CAD"}, "the home currency is USD"),
        ({"business_id": "QkFE"}, "business not found"),
        ({"client_secret": "wrong"}, "wrong client id or secret"),
        ({"refresh_token": "wrong"}, "connection withdrawn"),
    ],
)
def test_a_connection_that_does_not_fit_says_why(client: Client, extra: dict[str, Any], words: str) -> None:
    with client.hook(**extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


@pytest.mark.parametrize(("setting", "words"), [("isArchived", "archived"), ("isPersonal", "personal")])
def test_archived_and_personal_businesses_do_not_fit(client: Client, hook: WaveHook, setting: str, words: str) -> None:
    business = client.simulator.us
    business.configure({**business.settings, setting: True})
    works, says = hook.test_connection()
    assert not works
    assert words in says


def test_nothing_is_sent_while_the_connection_does_not_say_the_home_currency(client: Client) -> None:
    """Taken for another one, an invoice in the business's own currency would go without a rate, or with a wrong one."""
    with client.hook(home_currency="") as hook:
        assert "home_currency" in hook.test_connection()[1]
        with pytest.raises(ConfigurationError, match="home_currency"):
            hook.refusals(small())


def test_without_a_host_production_is_meant() -> None:
    assert WaveHook("wave_us", account=Account()).root() == "https://gql.waveapps.com"


def test_a_full_access_token_is_used_as_it_is(client: Client) -> None:
    with client.hook(password=FULL_ACCESS_TOKEN, refresh_token="", client_secret="") as hook:
        assert hook.test_connection()[0]
    assert [each for each in client.sandbox.requests("wave") if "token" in each.path] == []


def test_a_full_access_token_that_is_refused_stops_the_connection(client: Client) -> None:
    with client.hook(password="wrong-token") as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("1", INVOICE)
    assert meant(caught.value) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert "wrong-token" not in str(caught.value)


def test_a_connection_that_lacks_a_field_does_not_work_and_says_which(client: Client) -> None:
    with client.hook(refresh_token="") as hook:
        works, says = hook.test_connection()
    assert not works
    assert "full access token" in says


def test_a_connection_without_any_token_names_the_fields(client: Client) -> None:
    with client.hook(refresh_token="") as hook, pytest.raises(ConfigurationError, match="full access token"):
        hook.find_invoice("1", INVOICE)


# -- tokens -----------------------------------------------------------------------------------------------------------------------


def test_a_rotated_refresh_token_is_the_next_one_used(client: Client, hook: WaveHook) -> None:
    for _ in range(3):
        client.sandbox.inject("wave", "expire_tokens", times=1)
        assert hook.test_connection()[0]


def test_a_refresh_that_names_no_new_token_keeps_the_old_one(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "keep_refresh_token", times=2)
    for _ in range(3):
        client.sandbox.inject("wave", "expire_tokens", times=1)
        assert hook.test_connection()[0]


@pytest.mark.parametrize("status", [200, 401])
def test_an_expired_token_is_renewed_once_and_the_invoice_is_created_once(client: Client, hook: WaveHook, status: int) -> None:
    made = sending(hook, small())
    client.sandbox.inject("wave", "expire_tokens", times=1, status=status)
    remote_of(hook.create_invoices([made])[0])
    assert len(client.sandbox.books("wave").documents) == 1


def test_a_withdrawn_connection_stops_and_says_what_to_do(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "revoke_refresh_token")
    with pytest.raises(PlatformError) as caught:
        hook.find_invoice("1", INVOICE)
    assert caught.value.action is Action.STOP
    assert "Connect the business again" in caught.value.rule.fix


def test_two_workers_with_one_store_do_not_use_a_refresh_token_twice(client: Client) -> None:
    tokens = MemoryTokens()
    with client.hook(tokens=tokens) as first, client.hook(tokens=tokens) as second:
        assert first.test_connection()[0]
        assert second.test_connection()[0]
    refreshes = [each for each in client.sandbox.requests("wave") if each.path.endswith("/oauth2/token/")]
    assert len(refreshes) == 1
