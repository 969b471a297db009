"""Connection and log-in: what is told of them, and how they are renewed, against the simulator over real HTTP."""

from __future__ import annotations

import pytest
from tests.platforms.zoho_books.conftest import SLUG, Desk
from tests.platforms.zoho_books.steps import INVOICE

from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.zoho_books import ZohoBooksHook
from airbooks.platforms.zoho_books.spec import DATA_CENTRES


def test_each_data_centre_has_its_own_pair_of_hosts() -> None:
    for centre, (api, _) in DATA_CENTRES.items():
        with ZohoBooksHook("zoho", account=Account(extra={"data_center": centre})) as hook:
            assert hook.root() == api
    with ZohoBooksHook("zoho", account=Account(extra={"data_center": "mars"})) as hook, pytest.raises(ConfigurationError, match="mars"):
        hook.root()


def test_a_host_copied_with_its_path_from_the_documents_works_as_well(desk: Desk) -> None:
    with desk.another(host=f"{desk.sandbox.base_url(SLUG)}/books/v3") as hook:
        assert hook.test_connection()[0]


def test_the_connection_says_what_it_reaches_and_what_does_not_fit(desk: Desk) -> None:
    assert desk.hook.test_connection() == (True, "Harbour Compressors Ltd (20085710033) is reached")
    with desk.another(organization_id="10234695") as hook:
        works, says = hook.test_connection()
        assert (works, "does not reach organisation 10234695; it reaches Harbour Compressors Ltd" in says) == (False, True)
    with desk.another(home_currency="EUR") as hook:
        assert "the base currency is GBP, the connection says EUR" in hook.test_connection()[1]


@pytest.mark.parametrize("module", ["contacts", "items", "invoices", "creditnotes", "customerpayments", "chartofaccounts", "bankaccounts"])
def test_a_missing_scope_is_told_by_the_module_that_it_closes(desk: Desk, module: str) -> None:
    desk.inject("missing_scope", module=module)
    works, says = desk.hook.test_connection()
    assert not works
    assert module in says
    assert "scopes" in says


def test_one_access_token_serves_all_workers_that_share_the_store(desk: Desk) -> None:
    for _ in range(12):
        with desk.another() as hook:
            assert hook.test_connection()[0]
    assert desk.asked("POST", "/oauth/v2/token") == 1


def test_a_token_that_zoho_has_dropped_is_renewed_unnoticed(desk: Desk) -> None:
    desk.hook.test_connection()
    desk.inject("expire_tokens", times=1)
    assert desk.hook.test_connection()[0]
    assert desk.asked("POST", "/oauth/v2/token") == 2


def test_a_revoked_refresh_token_stops_the_connection_though_zoho_answers_200(desk: Desk) -> None:
    desk.inject("revoke_refresh_tokens")
    with pytest.raises(PlatformError) as caught:
        desk.hook.find_invoice("UK-SI-000001", INVOICE)
    error = caught.value
    assert (error.action, error.outcome, error.code, error.status) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "invalid_code", 200)
    assert "refresh token" in error.rule.fix


def test_too_many_access_tokens_are_waited_for(desk: Desk) -> None:
    desk.inject("too_many_tokens", times=1)
    assert desk.hook.test_connection()[0]


def test_an_organisation_that_the_token_may_not_see_is_tried_once_more_and_then_told(desk: Desk) -> None:
    with desk.another(organization_id="10234695") as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("UK-SI-000001", INVOICE)
    assert (caught.value.action, caught.value.code) == (Action.RENEW, "57")
    assert "organization_id" in caught.value.rule.fix
    assert desk.asked("POST", "/oauth/v2/token") == 2


def test_the_limit_of_the_minute_is_waited_out_and_that_of_the_day_is_left_to_a_later_run(desk: Desk) -> None:
    desk.inject("throttle", times=1, code=44)
    assert desk.hook.test_connection()[0]
    desk.inject("throttle", code=45)
    with pytest.raises(PlatformError) as caught:
        desk.hook.find_invoice("UK-SI-000001", INVOICE)
    assert (caught.value.action, caught.value.rule.name, caught.value.retry_after) == (Action.WAIT, "daily limit reached", 3600.0)
