"""Sessions: one for each hook, two cookies, renewed once, logged out whatever happens; and what a test of the connection tells."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.sap_business_one.conftest import asked, good, made
from tests.platforms.scripted import answer, scripted

from airbooks.canonical import DocumentKind
from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, ConfigurationError, PlatformError
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.sap_business_one import SapBusinessOneHook
from airbooks.platforms.sap_business_one.sandbox import SapBusinessOneSimulator

INVOICE = DocumentKind.INVOICE


# -- sessions ------------------------------------------------------------------------------------------------------------------------


def test_a_hook_opens_one_session_and_closes_it(company: Company, simulator: SapBusinessOneSimulator) -> None:
    before, logins = simulator.sessions.live(), asked(company, "/Login")
    with made(company) as hook:
        company.book(hook, company.small_invoice())
        assert simulator.sessions.live() == before + 1
    assert simulator.sessions.live() == before
    assert asked(company, "/Login") == logins + 1


def test_a_session_is_closed_also_after_a_failure(company: Company, simulator: SapBusinessOneSimulator) -> None:
    before = simulator.sessions.live()
    with suppress(RuntimeError), made(company) as hook:
        list(hook.list_reference(ReferenceKind.TERMS))
        assert simulator.sessions.live() == before + 1
        raise RuntimeError("the task broke")
    assert simulator.sessions.live() == before


def test_a_log_out_that_fails_does_not_hide_what_went_wrong(company: Company, simulator: SapBusinessOneSimulator) -> None:
    hook = made(company)
    list(hook.list_reference(ReferenceKind.TERMS))
    simulator.inject("end_sessions", {})
    with pytest.raises(RuntimeError, match="the task broke"), hook:
        raise RuntimeError("the task broke")


def test_a_test_of_the_connection_leaves_no_session_behind(company: Company, simulator: SapBusinessOneSimulator) -> None:
    before = simulator.sessions.live()
    hook = made(company)
    works, says = hook.test_connection()
    assert (works, says) == (True, "SBODEMODE, version 1000180, books in EUR.")
    assert simulator.sessions.live() == before
    hook.close()


def test_a_session_is_this_hooks_alone(company: Company, simulator: SapBusinessOneSimulator) -> None:
    with made(company) as one, made(company) as other:
        list(one.list_reference(ReferenceKind.TERMS))
        list(other.list_reference(ReferenceKind.TERMS))
        one.close()
        logins = asked(company, "/Login")
        list(other.list_reference(ReferenceKind.TERMS))
        assert asked(company, "/Login") == logins
    assert company.tokens.read(one.conn_id) is None


def test_a_session_that_was_idle_too_long_is_opened_again_once(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    sending = company.sending(hook, company.small_invoice())
    logins = asked(company, "/Login")
    simulator.clock.offset += timedelta(minutes=31)
    good(company.create(hook, sending)[sending.key])
    assert asked(company, "/Login") == logins + 1
    assert len(company.booked(sending.document.number)) == 1


LOGIN = b'{"SessionId":"s-1","Version":"1000180","SessionTimeout":30}'
COOKIES = "B1SESSION=s-1; HttpOnly, ROUTEID=.node2; path=/b1s"


def scripted_hook(url: str) -> SapBusinessOneHook:
    account = Account(host=url, login="u", password="pass-word", extra={"company_db": "DB"})
    return SapBusinessOneHook("b1_test", account=account)


def test_both_cookies_go_with_every_call_and_with_the_log_out() -> None:
    page = answer(body=b'{"value":[]}')
    with scripted(answer(body=LOGIN, Set_Cookie=COOKIES), page, page, answer(204, b"")) as server, scripted_hook(server.url) as hook:
        for _ in range(2):
            list(hook.list_reference(ReferenceKind.TERMS))
        hook.close()
        assert [each.headers.get("cookie") for each in server.asked[1:]] == ["B1SESSION=s-1; ROUTEID=.node2"] * 3
        assert server.asked[-1].target == "/b1s/v2/Logout"


@pytest.mark.parametrize(("code", "logins"), [(301, 2), (-1, 1)])
def test_only_an_ended_session_is_renewed_and_only_once(code: int, logins: int) -> None:
    no = answer(401, b'{"error":{"code":%d,"message":{"lang":"en-us","value":"No."}}}' % code)
    steps = [step for _ in range(3) for step in (answer(body=LOGIN, Set_Cookie=COOKIES), no)]
    with scripted(*steps) as server, scripted_hook(server.url) as hook:
        with pytest.raises(PlatformError) as caught:
            list(hook.list_reference(ReferenceKind.TERMS))
        assert len([each for each in server.asked if each.target.endswith("/Login")]) == logins
        assert caught.value.action is (Action.RENEW if code == 301 else Action.STOP)


@pytest.mark.parametrize(
    ("stored", "root"),
    [
        ({"host": "b1.example.com", "port": 50000}, "https://b1.example.com:50000/b1s/v2"),
        ({"host": "https://b1.example.com:50000"}, "https://b1.example.com:50000/b1s/v2"),
    ],
)
def test_the_address_is_that_of_the_load_balancer(stored: dict[str, Any], root: str) -> None:
    assert SapBusinessOneHook("b1_test", account=Account(**stored)).root() == root


def test_a_next_page_outside_the_service_gets_no_session() -> None:
    page = answer(body=b'{"value":[],"@odata.nextLink":"https://elsewhere.example/b1s/v2/Items"}')
    log_in, log_out = answer(body=LOGIN, Set_Cookie=COOKIES), answer(204, b"")
    with scripted(log_in, page, log_out) as server, scripted_hook(server.url) as hook, pytest.raises(PlatformError, match="outside"):
        list(hook.list_reference(ReferenceKind.ITEM))


def test_a_ca_bundle_that_cannot_be_read_is_told(company: Company) -> None:
    with made(company, ca_file="/no/such/ca.pem") as hook:
        works, says = hook.test_connection()
    assert not works
    assert "ca_file" in says


# -- the connection ------------------------------------------------------------------------------------------------------------------


def test_a_missing_user_field_is_told_with_how_to_make_it(company: Company) -> None:
    with made(company, number_field="U_OtherNo") as hook:
        works, says = hook.test_connection()
    assert not works
    assert "has no field U_OtherNo" in says
    assert "user-defined field OtherNo (alphanumeric, 50) of marketing documents" in says


def test_a_missing_bank_account_is_told(company: Company) -> None:
    with made(company, transfer_account="1234") as hook:
        assert hook.test_connection() == (False, "SBODEMODE has no account '1234' (transfer_account).")


def test_a_number_that_is_none_is_told_before_anything_is_sent(company: Company) -> None:
    with made(company, expense_code="freight") as hook:
        with pytest.raises(ConfigurationError, match="expense_code"):
            hook.refusals(company.small_invoice())
        assert "expense_code" in hook.test_connection()[1]


def test_an_old_release_is_told() -> None:
    login = answer(body=LOGIN.replace(b"1000180", b"930250"), Set_Cookie=COOKIES)
    with scripted(login, answer(204, b"")) as server, scripted_hook(server.url) as hook:
        works, says = hook.test_connection()
    assert (works, "10.0 or newer" in says) == (False, True)


@pytest.mark.parametrize("extra", [{"api_version": "v1"}, {"number_field": "NumAtCard"}], ids=["v1", "number in NumAtCard"])
def test_other_connections_book_as_well(company: Company, simulator: SapBusinessOneSimulator, extra: dict[str, str]) -> None:
    with made(company, **extra) as hook:
        assert hook.test_connection()[0]
        remote = company.book(hook, company.small_invoice(currency="USD", purchase_order=""))
        assert hook.get_invoice(remote.remote_id, INVOICE) is not None
        assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error is None


def test_lists_are_read_to_their_last_page_over_links_of_both_forms(company: Company, hook: SapBusinessOneHook) -> None:
    items = list(hook.list_reference(ReferenceKind.ITEM))
    assert len(items) == 35
    buyer = company.party()
    first = company.sending(hook, company.small_invoice(buyer=buyer))
    for _ in range(11):
        sendings = [replace(first, key=str(uuid4()), document=company.small_invoice(buyer=buyer)) for _ in range(10)]
        assert all(each.error is None for each in hook.create_invoices(sendings))
    assert len(list(hook.client.rows("Invoices", filter=f"CardCode eq '{buyer.code}'", select="DocEntry"))) == 110


def test_accounts_go_by_the_code_that_people_see(hook: SapBusinessOneHook) -> None:
    (found,) = hook.find_reference(ReferenceKind.ACCOUNT, ["4010"])
    assert (found.code, found.remote_id, found.active) == ("4010", "_SYS00000000002", True)
