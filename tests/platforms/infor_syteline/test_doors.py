"""The two ways in: the ION gateway and the direct service; what ends a token, what stops a connection, what a check says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import today
from tests.platforms.infor_syteline.conftest import DIRECT, SLUG, Site

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.base import Account
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.infor_syteline import InforSyteLineHook
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.tokens import MemoryTokens


def direct_hook(site: Site, **changes: Any) -> InforSyteLineHook:
    stored = {**site.simulator.direct_connection(), **changes}
    account = Account(host=stored["host"], login=stored["login"], password=stored["password"], extra=stored["extra"])
    return InforSyteLineHook("infor_syteline_direct", account=account, tokens=MemoryTokens())


@pytest.fixture
def direct(site: Site) -> Iterator[InforSyteLineHook]:
    with direct_hook(site) as made:
        yield made


def test_the_direct_door_carries_a_whole_day(site: Site, direct: InforSyteLineHook) -> None:
    already = len(site.sandbox.requests(SLUG))
    works, says = direct.test_connection()
    assert works, says
    document = site.small_invoice()
    remote = site.book(direct, document)
    payment = site.payment(document, remote, Decimal("20.00"))
    direct.apply_payment(payment, customer_id=remote.customer_id, key="d-1", references=site.payment_references(direct, payment, "x"))
    assert [each.status for each in direct.find_invoice(document.number, DocumentKind.INVOICE)] == [DocumentStatus.PARTIALLY_PAID]
    asked = site.sandbox.requests(SLUG)[already:]
    assert {each.path.startswith(f"/{SLUG}{DIRECT}/") for each in asked} == {True}


def test_the_direct_token_stands_alone_and_its_password_in_no_path(site: Site, direct: InforSyteLineHook) -> None:
    assert not direct.authorisation()["Authorization"].startswith("Bearer")
    assert direct.authorisation()["X-Infor-MongooseConfig"] == "HARBOUR_TST_DALS"
    assert {each.path for each in site.asked("/token/")} == {f"/{SLUG}{DIRECT}/token/HARBOUR_TST_DALS"}


def test_the_gateway_gets_bearer_and_the_configuration(hook: InforSyteLineHook) -> None:
    headers = hook.authorisation()
    assert headers["Authorization"].startswith("Bearer ")
    assert headers["X-Infor-MongooseConfig"] == "HARBOUR_TST_DALS"


def test_a_session_that_a_method_ended_is_renewed_unnoticed(site: Site, direct: InforSyteLineHook) -> None:
    site.sandbox.inject(SLUG, "invoke_ends_session")
    already = len(site.asked("/token/"))
    assert site.book(direct, site.small_invoice()).status is DocumentStatus.OPEN
    assert len(site.asked("/token/")) == already + 2


@pytest.mark.parametrize("door", ["direct", "gateway"])
def test_a_token_that_ended_before_its_time_is_renewed_once(site: Site, door: str) -> None:
    with direct_hook(site) if door == "direct" else site.on() as hook:
        sending = site.sending(hook, site.small_invoice())
        site.sandbox.inject(SLUG, "expire_tokens", times=1)
        (sent,) = hook.create_invoices([sending])
        assert sent.error is None, str(sent.error)
        assert len(site.booked(sending.document.number)) == 1


@pytest.mark.parametrize("wrong", [{"password": "wr0ng-mongoose"}, {"login": "nobody"}])
def test_a_direct_log_in_refused_inside_200_stops_the_connection(site: Site, wrong: dict[str, str]) -> None:
    with direct_hook(site, **wrong) as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("US-SI-000001", DocumentKind.INVOICE)
    assert (caught.value.rule.name, caught.value.action, caught.value.outcome) == ("log-in refused", Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert "wr0ng" not in f"{caught.value} {caught.value.body}"


@pytest.mark.parametrize("missing", ["tenant", "client_id", "client_secret", "token_url"])
def test_the_gateway_says_which_field_it_lacks(site: Site, missing: str) -> None:
    with site.hook(extra={missing: ""}, tokens=MemoryTokens()) as hook:
        works, says = hook.test_connection()
        assert not works
        assert missing in says
        with pytest.raises(ConfigurationError):
            hook.find_invoice("US-SI-000001", DocumentKind.INVOICE)


@pytest.mark.parametrize(("fault", "rule"), [("no_licence", "no licence"), ("no_privilege", "privilege missing")])
def test_what_an_administrator_must_mend_stops_the_connection(site: Site, hook: InforSyteLineHook, fault: str, rule: str) -> None:
    sending = site.sending(hook, site.small_invoice())
    site.sandbox.inject(SLUG, fault)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action, sent.error.outcome) == (rule, Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert not hook.test_connection()[0]


@pytest.mark.parametrize(
    ("extra", "says"),
    [
        ({"ar_account": "1199"}, "The chart of accounts has no account 1199 (ar_account of the connection)."),
        ({"post_method": "NoSuchMethod"}, "SLArinvs has no method NoSuchMethod in this version: see IdoMethods."),
        ({"payment_post_params": "[1"}, "must be a JSON list"),
    ],
)
def test_a_check_names_what_is_missing(site: Site, extra: dict[str, str], says: str) -> None:
    with site.on(**extra) as hook:
        works, said = hook.test_connection()
        assert (works, says in said) == (False, True), said


def test_a_check_says_what_it_reaches_and_who_posts(site: Site) -> None:
    with site.on() as hook:
        assert hook.test_connection()[1].startswith("Configuration HARBOUR_TST_DALS, books in USD; documents are posted by method")
    with site.on(post_mode="none") as hook:
        assert "left to the posting task" in hook.test_connection()[1]


def test_lists_longer_than_a_page_are_read_to_the_end(site: Site, hook: InforSyteLineHook) -> None:
    """Without recordCap the service stops at 200 rows; one page of ours has 500."""
    simulator = site.simulator
    for each in range(520):
        row = {"Acct": f"7{each:03d}", "Description": "Spare", "Type": "R", "UnitAccess": "NNNN"}
        simulator.database.insert(_chart(), row)
    listed = [each.code for each in hook.list_reference(ReferenceKind.ACCOUNT)]
    assert len(listed) == len(set(listed)) == len(simulator.database.rows("SLCharts"))


def _chart() -> Any:
    from airbooks.platforms.infor_syteline.sandbox.schema import ido

    return ido("SLCharts")


def test_every_list_speaks_of_its_own_kind(hook: InforSyteLineHook) -> None:
    assert {each.code for each in hook.list_reference(ReferenceKind.DIMENSION)} == {"1/WHSL", "1/SERV", "2/MAIN", "2/NRTH"}
    assert {each.code for each in hook.list_reference(ReferenceKind.CURRENCY)} == {"USD", "GBP", "AUD", "EUR"}
    assert {each.code for each in hook.list_reference(ReferenceKind.PAYMENT_METHOD)} == {"C", "W", "D"}
    assert next(iter(hook.find_reference(ReferenceKind.TAX_CODE, ["TXST"]))).details["tax_system"] == "1"


def test_the_server_may_live_in_another_time_zone(site: Site) -> None:
    with site.on(time_zone="America/Chicago") as hook:
        remote = site.book(hook, site.small_invoice())
        assert remote.modified_at is not None
        assert remote.modified_at.utcoffset() is not None
        assert remote.issue_date == today()


def test_a_time_zone_that_does_not_exist_is_named(site: Site) -> None:
    with site.on(time_zone="Texas") as hook:
        works, says = hook.test_connection()
        assert (works, "'Texas' is no IANA name" in says) == (False, True)


def test_a_preview_of_separate_requests_shows_them_all(site: Site, hook: InforSyteLineHook) -> None:
    sending = site.sending(hook, site.invoice())
    shown = hook.preview([sending])
    assert [each.path.split("/update/")[1] for each in shown] == ["SLArinvs?refresh=true", *["SLArinvds?refresh=true"] * 5]
    with site.on(distributions="nested") as nested:
        assert len(nested.preview([replace(sending)])) == 1


@pytest.mark.parametrize(("ido", "name"), [("SLArinvs", "DerAmtTotInv"), ("SLArinvds", "Amount"), ("SLArinvs", "_ItemId")])
def test_a_row_without_a_property_that_was_asked_for_proves_nothing(site: Site, hook: InforSyteLineHook, ido: str, name: str) -> None:
    sending = site.sending(hook, site.small_invoice())
    site.sandbox.inject(SLUG, "schema_drift", ido=ido, property=name)
    (sent,) = hook.create_invoices([sending])
    assert sent.outcome is Outcome.UNKNOWN
    site.sandbox.clear_faults()
    assert len(hook.find_invoice(sending.document.number, DocumentKind.INVOICE)) == 1


@pytest.mark.parametrize("mode", ["ion", "direct"])
@pytest.mark.parametrize("fault", ["error_before_commit", "malformed_body"])
def test_a_token_that_cannot_be_had_means_that_nothing_was_sent(site: Site, monkeypatch: pytest.MonkeyPatch, mode: str, fault: str) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with direct_hook(site) if mode == "direct" else site.hook(tokens=MemoryTokens()) as hook:
        hook.tokens = MemoryTokens()
        site.sandbox.inject(SLUG, fault, path="/token", times=None)
        with pytest.raises(PlatformError) as caught:
            list(hook.list_payments(datetime.now(UTC)))
    assert (caught.value.action, caught.value.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
