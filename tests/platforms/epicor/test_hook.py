"""The hook on the simulator: ways to log in, sessions, functions, the task agent, customers, payments, and what goes wrong in words."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.epicor.conftest import SLUG, Desk

from airbooks.canonical import Allocation, DocumentKind, DocumentStatus, Party, PaymentKind
from airbooks.platforms.epicor.client import complaint_in
from airbooks.platforms.epicor.hook import EpicorHook
from airbooks.platforms.epicor.sandbox.simulator import CLIENT_ID, CLIENT_SECRET, FUNCTION, LIBRARY
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.tokens import MemoryTokens


def another(desk: Desk, **extra: Any) -> EpicorHook:
    hook = desk.company.hook(tokens=MemoryTokens(), extra=extra)
    assert isinstance(hook, EpicorHook)
    return hook


def oauth(desk: Desk, **extra: Any) -> dict[str, Any]:
    url = f"{desk.simulator.context.base_url}/oauth/token"
    return {"auth": "oauth", "token_url": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, **extra}


# -- access -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["basic", "token", "oauth"])
@pytest.mark.parametrize("session", [True, False])
def test_each_way_to_log_in_works_with_and_without_a_kept_session(desk: Desk, auth: str, session: bool) -> None:
    extra = oauth(desk) if auth == "oauth" else {"auth": auth}
    with another(desk, **extra, keep_session=session) as hook:
        works, says = hook.test_connection()
        assert works, says
        assert "EPIC06" in says


def test_user_and_key_travel_as_the_guide_says(desk: Desk) -> None:
    start = desk.so_far()
    with another(desk, auth="basic", license_guid="aaaa-bbbb") as hook:
        hook.test_connection()
    headers = desk.asked("InvcGrps", start)[0].headers
    assert {"x-api-key", "authorization", "license", "callsettings"} <= {name.lower() for name in headers}
    pair = base64.b64encode(f"{hook.account.login}:{hook.account.password}".encode()).decode()
    assert pair in hook.secrets()


def test_a_session_is_closed_also_after_a_failure(desk: Desk) -> None:
    desk.simulator.store.table("sessions").clear()
    desk.inject("narrow_scope", service="Erp.BO.ARInvoiceSvc")
    with pytest.raises(PlatformError, match="ARInvoiceSvc"), another(desk) as hook:
        hook.find_invoice("X", DocumentKind.INVOICE)
    assert len(desk.simulator.store.table("sessions")) == 0


@pytest.mark.parametrize("auth", ["basic", "token"])
def test_a_session_that_is_gone_is_opened_anew(desk: Desk, auth: str) -> None:
    with another(desk, auth=auth) as hook:
        hook.test_connection()
        desk.inject("end_sessions")
        assert hook.find_invoice("X", DocumentKind.INVOICE) == []


def test_an_expired_token_is_asked_for_again(desk: Desk) -> None:
    desk.inject("expire_tokens")
    assert desk.found("X") == []


@pytest.mark.parametrize("auth", ["basic", "oauth"])
@pytest.mark.parametrize("session", [True, False])
def test_a_wrong_log_in_stops_the_connection_in_every_way(desk: Desk, auth: str, session: bool) -> None:
    extra = oauth(desk, client_secret="wrong") if auth == "oauth" else {"auth": "basic"}
    stored = {"password": "wr0ng-word"} if auth == "basic" else {}
    hook = desk.company.hook(tokens=MemoryTokens(), extra={**extra, "keep_session": session}, **stored)
    with hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("X", DocumentKind.INVOICE)
    assert (caught.value.action, caught.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert caught.value.rule.fix


def test_a_service_outside_the_keys_scope_is_named_by_the_connection_test(desk: Desk) -> None:
    desk.inject("narrow_scope", service="Erp.BO.CashRecSvc")
    works, says = desk.hook.test_connection()
    assert not works
    assert "Erp.BO.CashRecSvc" in says


def test_the_connection_test_says_what_cannot_be_done_yet(desk: Desk) -> None:
    with another(desk, bank_acct_id="", territory_id="") as hook:
        works, says = hook.test_connection()
    assert works
    assert "cannot create customers without territory_id" in says
    assert "bank account" in says


def test_an_unknown_company_stops_the_connection(desk: Desk) -> None:
    with another(desk, company="EPIC99") as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("X", DocumentKind.INVOICE)
    assert caught.value.rule.name == "company unknown"


def test_a_server_that_is_updating_is_waited_for(desk: Desk) -> None:
    desk.inject("converting", times=1)
    assert desk.found("X") == []


def test_oauth_without_a_token_end_point_says_what_is_missing(desk: Desk) -> None:
    with another(desk, auth="oauth") as hook, pytest.raises(ConfigurationError, match="token_url"):
        hook.find_invoice("X", DocumentKind.INVOICE)


def test_a_group_prefix_that_does_not_fit_is_told(desk: Desk) -> None:
    with another(desk, group_prefix="AIRBOOKS") as hook, pytest.raises(ConfigurationError, match="two characters"):
        hook.create_invoices([desk.company.sending(hook, desk.company.small_invoice())])


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ({"parameters": {"lUpdateRan": False, "ds": {}}}, "lUpdateRan"),
        ({"returnObj": {"BOUpdError": [{"ErrorText": "Terms"}]}, "parameters": {"errorsOccurred": True}}, "BOUpdError"),
        ({"parameters": {"responseMessage": "Continue?"}}, "responseMessage"),
        ({"parameters": {"needsUserInput": True}}, "needsUserInput"),
        ({"parameters": {"lUpdateRan": True, "errorsOccurred": False, "responseMessage": ""}}, None),
    ],
)
def test_what_an_answer_with_200_says_went_wrong_is_heard(answer: dict[str, Any], code: str | None) -> None:
    complaint = complaint_in(answer)
    assert (complaint.code if complaint else None) == code


# -- the other ways to create and post ----------------------------------------------------------------------------------------------


def function(desk: Desk) -> EpicorHook:
    return another(desk, efx_library=LIBRARY, efx_function=FUNCTION)


def test_a_function_creates_in_one_call_and_answers_the_number_the_second_time(desk: Desk) -> None:
    with function(desk) as hook:
        lines = desk.company.example_lines()
        sending = desk.company.sending(hook, desk.company.invoice(*lines, charges=desk.company.volume_discount(lines)))
        start = desk.so_far()
        first, second = (hook.create_invoices([sending])[0].remote for _ in range(2))
        assert first is not None
        assert second is not None
        assert first.remote_id == second.remote_id
        assert len([each for each in desk.asked("/ARInvoiceSvc/", start) if each.method == "POST"]) == 0
        desk.company.assert_echo(sending, first)
        assert desk.company.post(hook, sending, first).status is DocumentStatus.OPEN
        (preview,) = hook.preview([sending])
    assert preview.path == "/api/v2/efx/EPIC06/airbooks/CreateInvoice"
    assert len(desk.company.booked(sending.document.number)) == 1


def test_a_function_finds_a_head_without_lines_and_we_complete_it(desk: Desk) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    desk.inject("reset_before_commit", path="ARInvoiceSvc/Update", after=1)
    desk.hook.create_invoices([sending])
    with function(desk) as hook:
        (sent,) = hook.create_invoices([sending])
    assert sent.remote is not None
    assert (sent.remote.line_count, len(desk.heads(sending.document.number))) == (1, 1)


def test_what_a_function_refuses_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    with function(desk) as hook:
        sending = desk.company.sending(hook, desk.company.small_invoice())
        desk.inject("lock_period")
        (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.outcome) == ("period closed", Outcome.DID_NOT_HAPPEN)
    assert desk.heads(sending.document.number) == []


def test_a_functions_lost_answer_is_unknown_and_found(desk: Desk) -> None:
    with function(desk) as hook:
        sending = desk.company.sending(hook, desk.company.small_invoice())
        desk.inject("reset_after_commit", path="/efx/")
        assert hook.create_invoices([sending])[0].outcome is Outcome.UNKNOWN
        assert len(hook.find_invoice(sending.document.number, DocumentKind.INVOICE)) == 1


def test_the_task_agent_posts_and_is_waited_for(desk: Desk) -> None:
    sending, draft = desk.draft()
    with another(desk, post_mode="agent") as hook:
        start = desk.so_far()
        assert desk.company.post(hook, sending, draft).status is DocumentStatus.OPEN
    assert len(desk.asked("SysTasks", start)) == 2


def test_what_the_task_agent_complains_about_is_told(desk: Desk) -> None:
    sending, draft = desk.draft()
    desk.inject("lock_period", at="post")
    with another(desk, post_mode="agent") as hook:
        (sent,) = hook.post_invoices([(sending, draft)])
    assert sent.error is not None
    assert sent.error.rule.name == "period closed"


def test_without_posting_the_invoices_wait_for_a_person_and_are_not_on_hold(desk: Desk) -> None:
    with another(desk, post_mode="none") as hook:
        sending = desk.company.sending(hook, desk.company.small_invoice())
        (sent,) = hook.create_invoices([sending])
        assert sent.remote is not None
        (left,) = hook.post_invoices([(sending, sent.remote)])
    assert (left.remote, "person" in left.note) == (sent.remote, True)
    assert desk.row(sent.remote)["InvoiceHeld"] is False


# -- documents ----------------------------------------------------------------------------------------------------------------------


def test_dates_terms_currency_and_rate_are_ours(desk: Desk) -> None:
    given = desk.company.exchange_rate().model_copy(update={"rate": Decimal("1.1")})
    due = today() + timedelta(days=45)
    sending, remote = desk.draft(currency="EUR", exchange_rate=given, due_date=due, posting_date=today() + timedelta(days=1))
    head = desk.row(remote)
    assert (head["CurrencyCode"], head["ExchangeRate"], head["LockRate"]) == ("EUR", Decimal("1.1"), True)
    assert head["DueDate"] == f"{due}T00:00:00"
    assert (remote.issue_date, remote.posting_date) == (sending.document.issue_date, sending.document.ledger_date)
    assert head["InvoiceAmt"] == (head["DocInvoiceAmt"] * Decimal("1.1")).quantize(Decimal("0.01"))


def test_a_rate_to_another_currency_than_the_books_is_refused(desk: Desk) -> None:
    rate = desk.company.exchange_rate().model_copy(update={"base": "GBP"})
    sending = desk.company.sending(desk.hook, desk.company.small_invoice(currency="EUR", exchange_rate=rate))
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert sent.error.rule.name == "rate to another currency"


def test_a_missing_rate_is_told(desk: Desk) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice(currency="EUR"))
    desk.inject("missing_rate", currency="EUR")
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert sent.error.rule.name == "no exchange rate"


def test_dimensions_become_segments_of_the_account(desk: Desk) -> None:
    _, remote = desk.draft()
    rows = desk.simulator.store.table("InvcHead")[remote.remote_id]["InvcDtlTGLC"]
    assert [row["GLAccount"] for row in rows] == ["4010|WHOLESALE|MAIN"]


def test_a_customer_on_credit_hold_is_told(desk: Desk) -> None:
    sending = desk.company.sending(desk.hook, desk.company.small_invoice())
    desk.inject("credit_hold", customer=sending.references.customer)
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert sent.error.rule.name == "on credit hold"


def test_a_customer_without_one_time_ship_to_is_told_and_the_option_helps(desk: Desk) -> None:
    from tests.platforms.test_features import delivered

    sending = desk.company.sending(desk.hook, delivered(desk.company))
    desk.inject("no_one_time_ship_to")
    (sent,) = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert sent.error.rule.name == "one-time ship-to not allowed"
    assert desk.heads(sending.document.number) == []
    plain = replace(sending, options={**sending.options, "one_time_ship_to": False})
    assert "5 Dock Road" in desk.row(desk.entered(plain))["InvoiceComment"]


def test_an_update_replaces_lines_charges_dates_and_posts(desk: Desk) -> None:
    sending, remote = desk.draft()
    lines = desk.company.example_lines()
    changed = desk.company.invoice(
        *lines,
        number=sending.document.number,
        buyer=sending.document.buyer,
        issue_date=today() - timedelta(days=1),
        charges=desk.company.volume_discount(lines),
    )
    again = desk.company.sending(desk.hook, changed, sending.references.customer)
    updated = desk.hook.update_invoice(again, remote)
    assert updated.error is None
    assert updated.remote is not None
    desk.company.assert_echo(again, updated.remote)
    assert (updated.remote.status, updated.remote.issue_date) == (DocumentStatus.OPEN, today() - timedelta(days=1))


def test_another_customer_under_the_same_number_is_refused(desk: Desk) -> None:
    sending, remote = desk.draft()
    other = desk.company.sending(desk.hook, desk.company.small_invoice(number=sending.document.number))
    updated = desk.hook.update_invoice(other, remote)
    assert updated.error is not None
    assert updated.error.rule.name == "customer is fixed"


def test_a_paid_invoice_is_not_cancelled(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    pay(desk, sending, remote, "10.00")
    voided = desk.hook.void_invoice(remote, on=today(), reason="", key=str(uuid4()))
    assert voided.error is not None
    assert voided.error.rule.name == "paid"


# -- customers ----------------------------------------------------------------------------------------------------------------------


def entered_by_hand(desk: Desk, **fields: Any) -> str:
    body = {"TermsCode": "N30", "TerritoryID": "NORTH", "CurrencyCode": "USD", "SalesRepCode": "HOUSE", **fields}
    return str(desk.simulator.company.create_customer(body)["CustID"])


def test_customers_entered_by_hand_are_found_by_code_external_id_or_name_and_mail(desk: Desk, company: Company) -> None:
    by_code, by_external, by_mail = (company.party() for _ in range(3))
    assert entered_by_hand(desk, CustID=by_code.code, Name="Other name") == desk.hook.ensure_customer(by_code, "USD")
    assert entered_by_hand(desk, CustID="EXT1", Name="E", ExternalID=by_external.code) == desk.hook.ensure_customer(by_external, "USD")
    mail = by_mail.contact.email
    assert entered_by_hand(desk, CustID="MAIL1", Name=by_mail.name, EMailAddress=mail) == desk.hook.ensure_customer(by_mail, "USD")


def test_an_id_that_belongs_to_another_code_is_not_taken(desk: Desk, company: Company) -> None:
    party = company.party()
    entered_by_hand(desk, CustID=party.code, Name="Other", ExternalID="C-US-9999")
    with pytest.raises(PlatformError, match="belongs to C-US-9999"):
        desk.hook.ensure_customer(party, "USD")


def test_quotes_in_names_break_no_query(desk: Desk) -> None:
    party = Party(code="C-US-O'NE", name="O'Neill ' or Name ne '")
    assert desk.hook.ensure_customer(party, "USD") == desk.hook.ensure_customer(party, "USD") == "C-US-O'NE"


def test_customers_cannot_be_created_without_their_defaults(desk: Desk, company: Company) -> None:
    with another(desk, territory_id="") as hook, pytest.raises(PlatformError, match="territory_id"):
        hook.ensure_customer(company.party(), "USD")


# -- payments -----------------------------------------------------------------------------------------------------------------------


def pay(desk: Desk, sending: Any, remote: Any, amount: str, **fields: Any) -> Any:
    payment = desk.company.payment(sending.document, remote, Decimal(amount), **fields)
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    return desk.hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=refs)


def test_one_payment_settles_several_invoices_and_leaves_a_rest(desk: Desk) -> None:
    buyer = desk.company.party()
    posted = []
    for _ in range(2):
        sending, draft = desk.draft(buyer=buyer)
        posted.append((sending, desk.company.post(desk.hook, sending, draft)))
    (first, one), (_, two) = posted
    allocations = tuple(
        Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal("108.25")) for each in (one, two)
    )
    booked = pay(desk, first, one, "250.00", allocations=allocations)
    assert booked.amount == Decimal("250.00")
    assert {each.remote_id: each.amount for each in booked.allocations} == {
        one.remote_id: Decimal("108.25"),
        two.remote_id: Decimal("108.25"),
    }
    assert {desk.now(each).status for each in (one, two)} == {DocumentStatus.PAID}


def test_a_payment_in_the_invoices_own_currency(desk: Desk) -> None:
    sending, draft = desk.draft(currency="EUR", exchange_rate=desk.company.exchange_rate())
    remote = desk.company.post(desk.hook, sending, draft)
    assert pay(desk, sending, remote, "20.00").currency == "EUR"
    assert desk.now(remote).balance == Decimal("88.25")


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": PaymentKind.REFUND},
        {"allocations": (Allocation(document_number="X", remote_id="1", amount=Decimal(1), discount=Decimal(1)),)},
        {"allocations": (Allocation(document_number="X", amount=Decimal(1)),)},
    ],
    ids=["refund", "discount", "unknown document"],
)
def test_a_payment_that_cannot_be_expressed_is_refused_beforehand(desk: Desk, fields: dict[str, Any]) -> None:
    sending, draft = desk.draft()
    start = desk.so_far()
    with pytest.raises(PlatformError) as caught:
        pay(desk, sending, draft, "10.00", **fields)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert [each for each in desk.asked("Cash", start) if each.method == "POST"] == []


def test_a_payment_under_a_reference_that_is_used_for_another_amount_is_refused(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    pay(desk, sending, remote, "10.00", source_id="pay-twice")
    with pytest.raises(PlatformError, match=r"ours is 11\.00"):
        pay(desk, sending, remote, "11.00", source_id="pay-twice")


def test_a_closed_period_keeps_a_receipt_unposted_and_the_next_try_posts_it(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    desk.inject("lock_period", at="post")
    with pytest.raises(PlatformError) as caught:
        pay(desk, sending, remote, "10.00", source_id="pay-closed")
    assert caught.value.rule.name == "period closed"
    desk.simulator.clear_faults()
    assert pay(desk, sending, remote, "10.00", source_id="pay-closed").amount == Decimal("10.00")
    applied = [each.applied for each in desk.company.sandbox.books(SLUG).payments if remote.remote_id in each.applied]
    assert applied == [{remote.remote_id: Decimal("10.00")}]
