"""What users of the connector rely on, over real HTTP: traps of posting, late answers, customers, connection checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today

from airbooks.canonical import Contact, DocumentKind, DocumentStatus, Party, RemoteDocument
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.sap_s4hana import client, mapping, soap
from airbooks.platforms.sap_s4hana import hook as hook_module
from airbooks.platforms.sap_s4hana.hook import SapS4HanaHook
from airbooks.platforms.tokens import Token

SLUG = "sap_s4hana"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook_module, "LOOKS", (0.0, 0.01))
    monkeypatch.setattr("airbooks.platforms.wire.time.sleep", lambda seconds: None)


def send(company: Company, hook: SapS4HanaHook, **fields: Any) -> tuple[str, Sent]:
    """A small invoice as the engine sends it, once; its number and the first answer."""
    document = company.small_invoice(**fields)
    sending = company.sending(hook, document)
    return document.number, hook.create_invoices([sending])[0]


def inject(company: Company, fault: str, **parameters: Any) -> None:
    company.sandbox.inject(SLUG, fault, **parameters)


# -- HTTP 200 says nothing -----------------------------------------------------------------------------------------------------------


def test_a_refusal_inside_http_200_is_an_error_with_every_note(company: Company, hook: SapS4HanaHook) -> None:
    inject(company, "lock_period", through="9999-12-31")
    number, sent = send(company, hook)
    error = sent.error
    assert error is not None
    assert (error.status, error.code, error.rule.name) == (200, "201(F5)", PERIOD_CLOSED)
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "Error in document" in error.message
    assert "is not open" in error.message
    assert company.booked(number) == []


def test_a_warning_with_a_number_is_a_success(company: Company, hook: SapS4HanaHook) -> None:
    inject(company, "warning")
    number, sent = send(company, hook)
    assert sent.error is None, str(sent.error)
    assert len(company.booked(number)) == 1


@pytest.mark.parametrize(("fault", "booked"), [("error_with_number", 1), ("silent_refusal", 0)])
def test_an_answer_that_proves_neither_is_unknown(company: Company, hook: SapS4HanaHook, fault: str, booked: int) -> None:
    inject(company, fault, times=1)
    number, sent = send(company, hook)
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(company.booked(number)) == booked


def test_a_required_profit_centre_is_for_a_person_who_learns_the_field(company: Company, hook: SapS4HanaHook) -> None:
    inject(company, "require_profit_center")
    document = company.invoice(company.line(1, dimensions={}, warehouse=""))
    sent = hook.create_invoices([company.sending(hook, document)])[0]
    assert sent.error is not None
    assert sent.error.code == "808(F5)"
    assert "Profit Ctr" in sent.error.message


def test_an_account_that_another_user_works_on_is_tried_again(company: Company, hook: SapS4HanaHook) -> None:
    inject(company, "lock_customer", times=2)
    number, sent = send(company, hook)
    assert sent.error is None, str(sent.error)
    assert len(company.booked(number)) == 1


def test_a_missing_rate_is_for_a_person(company: Company, hook: SapS4HanaHook) -> None:
    inject(company, "missing_rate")
    _, sent = send(company, hook, currency="USD")
    assert sent.error is not None
    assert sent.error.rule.name == "no exchange rate"


def test_tax_that_is_not_the_systems_own_is_refused_only_where_the_check_is_asked_for(company: Company, hook: SapS4HanaHook) -> None:
    document = company.small_invoice()
    subtotal = document.tax_breakdown[0].model_copy(update={"tax_amount": Decimal("19.50")})
    odd = document.model_copy(update={"tax_breakdown": (subtotal,), "tax_total": Decimal("19.50"), "gross_total": Decimal("119.50")})
    sending = company.sending(hook, odd)
    checked = hook.create_invoices([replace(sending, options={"tax_check": True})])[0]
    assert checked.error is not None
    assert checked.error.code == "707(FF)"
    assert hook.create_invoices([sending])[0].error is None


# -- late and doubled answers --------------------------------------------------------------------------------------------------------


def test_a_posting_that_the_open_items_do_not_show_yet_is_a_ticket_and_never_sent_again(company: Company, hook: SapS4HanaHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    inject(company, "cube_lag", seconds=60, times=1)
    (sent,) = hook.create_invoices([sending])
    assert (sent.remote, sent.error) == (None, None)
    assert len(sent.ticket) == 18
    assert [each.ticket for each in hook.collect_answers([(sending, sent.ticket)])] == [sent.ticket]
    company.sandbox.simulators[SLUG].clock.offset += timedelta(seconds=61)
    (final,) = hook.collect_answers([(sending, sent.ticket)])
    assert final.remote is not None
    assert final.remote.remote_id == sent.ticket
    company.assert_echo(sending, final.remote)
    assert len(company.booked(document.number)) == 1


def test_a_posting_that_somebody_reversed_before_it_was_seen_is_told_as_reversed(company: Company, hook: SapS4HanaHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    inject(company, "cube_lag", seconds=60, times=1)
    (sent,) = hook.create_invoices([sending])
    hook.client.post(mapping.reversal_entry(sent.ticket, "DR", today(), today(), hook.settings()), "AV-by-hand")
    company.sandbox.simulators[SLUG].clock.offset += timedelta(seconds=61)
    (final,) = hook.collect_answers([(sending, sent.ticket)])
    assert final.remote is not None
    assert final.remote.status is DocumentStatus.VOID


def test_a_request_that_is_doubled_on_the_way_is_told_as_booked_twice(company: Company, hook: SapS4HanaHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    inject(company, "duplicate_delivery", body=document.purchase_order)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert sent.error.outcome is Outcome.UNKNOWN
    assert "2 times" in sent.error.message
    assert len(hook.find_invoice(document.number, DocumentKind.INVOICE)) == 2


def test_the_fiscal_year_is_the_answers_and_not_the_calendars(company: Company, hook: SapS4HanaHook) -> None:
    inject(company, "shifted_fiscal_year", times=1)
    document = company.small_invoice()
    remote = company.book(hook, document)
    assert remote.remote_id.endswith(str(today().year + 1))
    assert hook.get_invoice(remote.remote_id, DocumentKind.INVOICE) == remote


def test_an_answer_to_another_message_is_not_taken_for_ours(hook: SapS4HanaHook) -> None:
    answer = b"""<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><JournalEntryBulkCreateConfirmation>
    <JournalEntryCreateConfirmation><MessageHeader><ReferenceID>AB-OTHER</ReferenceID></MessageHeader><JournalEntryCreateConfirmation>
    <AccountingDocument>1800000001</AccountingDocument><CompanyCode>1710</CompanyCode><FiscalYear>2026</FiscalYear>
    </JournalEntryCreateConfirmation></JournalEntryCreateConfirmation></JournalEntryBulkCreateConfirmation></e:Body></e:Envelope>"""
    assert soap.complaint(answer) is None
    with pytest.raises(PlatformError) as caught:
        hook.client.understood(lambda: soap.posted(answer, "AB-OURS"))
    assert caught.value.outcome is Outcome.UNKNOWN


# -- changing ------------------------------------------------------------------------------------------------------------------------


def booked(company: Company, hook: SapS4HanaHook) -> RemoteDocument:
    return company.book(hook, company.small_invoice())


def test_a_void_is_a_reversal_whose_number_is_told(company: Company, hook: SapS4HanaHook) -> None:
    remote = booked(company, hook)
    voided = hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4()))
    assert voided.note.startswith("reversed by 18")
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.VOID, Decimal(0))


def test_a_document_that_is_paid_is_not_reversed(company: Company, hook: SapS4HanaHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, document.gross_total)
    references = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references)
    voided = hook.void_invoice(remote, on=today(), reason="", key=str(uuid4()))
    assert voided.error is not None
    assert (voided.error.rule.name, voided.error.action) == ("payments applied", Action.REVIEW)
    assert "FBRA" in voided.error.rule.fix


def test_a_void_of_what_is_not_there_is_for_a_person(company: Company, hook: SapS4HanaHook) -> None:
    remote = booked(company, hook).model_copy(update={"remote_id": "180099999917102026"})
    voided = hook.void_invoice(remote, on=date(2026, 3, 2), reason="", key="k")
    assert voided.error is not None
    assert voided.error.action is Action.REVIEW


def test_a_number_is_free_again_after_a_reversal(company: Company, hook: SapS4HanaHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    hook.void_invoice(remote, on=today(), reason="", key=str(uuid4()))
    again = company.book(hook, document)
    assert again.remote_id != remote.remote_id
    assert [each.remote_id for each in hook.find_invoice(document.number, DocumentKind.INVOICE)] == [again.remote_id]


# -- customers -----------------------------------------------------------------------------------------------------------------------


def partner(company: Company, **fields: Any) -> str:
    """A business partner that somebody made by hand; its number."""
    simulator: Any = company.sandbox.simulators[SLUG]
    made = {
        "BusinessPartnerCategory": "2",
        "BusinessPartnerGrouping": "BP02",
        "to_BusinessPartnerRole": [{"BusinessPartnerRole": "FLCU00"}],
        "to_Customer": {"to_CustomerCompany": [{"CompanyCode": "1710", "ReconciliationAccount": "12100000"}]},
        **fields,
    }
    return str(simulator.partners.create(made)["BusinessPartner"])


def by_hand(company: Company, party: Party) -> str:
    address = {"Country": "DE", "to_EmailAddress": [{"EmailAddress": party.contact.email}]}
    return partner(company, OrganizationBPName1=party.name, to_BusinessPartnerAddress=[address])


def test_a_customer_that_somebody_made_is_found_by_name_and_mail(company: Company, hook: SapS4HanaHook) -> None:
    party = company.party(name="O'Brien Drills & Söhne")
    number = by_hand(company, party)
    assert hook.ensure_customer(party, "EUR") == number
    assert hook.ensure_customer(party.model_copy(update={"contact": Contact(email="other@x.example")}), "EUR") != number


def test_where_two_fit_by_name_and_mail_a_customer_of_our_own_is_made(company: Company, hook: SapS4HanaHook) -> None:
    party = company.party()
    both = {by_hand(company, party), by_hand(company, party)}
    assert hook.ensure_customer(party, "EUR") not in both


def test_a_partner_that_is_no_customer_is_for_a_person(company: Company, hook: SapS4HanaHook) -> None:
    party = company.party()
    partner(company, OrganizationBPName1="Somebody", BusinessPartnerIDByExtSystem=party.code, to_BusinessPartnerRole=[])
    with pytest.raises(PlatformError, match="FLCU00"):
        hook.ensure_customer(party, "EUR")


def test_a_code_that_two_partners_bear_is_for_a_person(company: Company, hook: SapS4HanaHook) -> None:
    party = company.party()
    for _ in range(2):
        partner(company, OrganizationBPName1="Somebody", BusinessPartnerIDByExtSystem=party.code)
    with pytest.raises(PlatformError, match="all bear our customer code"):
        hook.ensure_customer(party, "EUR")


def test_a_customer_that_is_not_in_the_company_code_cannot_be_posted_to(company: Company, hook: SapS4HanaHook) -> None:
    party = company.party()
    partner(company, OrganizationBPName1="Abroad", BusinessPartnerIDByExtSystem=party.code, to_Customer={})
    _, sent = send(company, hook, buyer=party)
    assert sent.error is not None
    assert (sent.error.code, sent.error.action) == ("102(F5)", Action.REVIEW)
    assert "FLCU00" in sent.error.rule.fix


def test_a_long_name_goes_on_in_the_second_field(company: Company, hook: SapS4HanaHook) -> None:
    party = company.party(name="Norddeutsche Druckluft und Verdichter Handelsgesellschaft mbH")
    number = hook.ensure_customer(party, "EUR")
    simulator: Any = company.sandbox.simulators[SLUG]
    row = simulator.partners.table[number]
    assert (row["OrganizationBPName1"], row["OrganizationBPName2"]) == (party.name[:40], party.name[40:])


def test_a_customer_without_a_country_or_an_account_says_what_is_missing(company: Company, hook: SapS4HanaHook) -> None:
    party = company.party()
    homeless = party.model_copy(update={"address": party.address.model_copy(update={"country": ""})})
    with pytest.raises(PlatformError, match="no country"):
        hook.ensure_customer(homeless, "EUR")
    with company.hook(extra={"reconciliation_account": ""}) as bare, pytest.raises(ConfigurationError, match="reconciliation account"):
        bare.ensure_customer(party, "EUR")


def test_a_csrf_token_that_has_ended_is_fetched_anew_once(company: Company, hook: SapS4HanaHook) -> None:
    hook.ensure_customer(company.party(), "EUR")
    inject(company, "stale_csrf", times=1)
    assert hook.ensure_customer(company.party(), "EUR")
    inject(company, "stale_csrf")
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(company.party(), "EUR")
    assert caught.value.outcome is Outcome.DID_NOT_HAPPEN


def test_a_token_without_the_cookies_that_came_with_it_is_worth_nothing(company: Company, hook: SapS4HanaHook) -> None:
    stranger = Token(access=hook.token().access, extra={"cookies": "SAP_SESSIONID_S4H_100=another"})
    hook._token = stranger
    assert hook.ensure_customer(company.party(), "EUR")
    assert hook.token().extra["cookies"] != stranger.extra["cookies"]


def test_cookies_are_read_out_of_joined_headers() -> None:
    header = "SAP_SESSIONID_S4H_100=abc%3d; path=/; secure; expires=Tue, 01-Jan-2030 00:00:00 GMT, sap-usercontext=sap-client=100; path=/"
    assert client.cookies(header) == "SAP_SESSIONID_S4H_100=abc%3d; sap-usercontext=sap-client=100"


# -- reading and the connection -----------------------------------------------------------------------------------------------------


def test_answers_in_several_pages_are_read_to_the_end(company: Company, hook: SapS4HanaHook) -> None:
    document = company.invoice(*(company.line(number) for number in range(1, 8)))
    remote = company.book(hook, document)
    inject(company, "small_pages", rows=3)
    assert hook.get_invoice(remote.remote_id, DocumentKind.INVOICE) == remote
    assert [each.remote_id for each in hook.find_invoice(document.number, DocumentKind.INVOICE)] == [remote.remote_id]
    assert len(list(hook.list_reference(ReferenceKind.ACCOUNT))) == 10


def test_a_number_with_a_quote_in_it_is_asked_for_safely(hook: SapS4HanaHook) -> None:
    assert hook.find_invoice("X' or 1 eq '1", DocumentKind.INVOICE) == []


def test_every_call_names_the_client_where_there_is_one(company: Company, hook: SapS4HanaHook) -> None:
    already = len(company.sandbox.requests(SLUG))
    remote = booked(company, hook)
    hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    asked = company.sandbox.requests(SLUG)[already:]
    assert all("sap-client=100" in each.path for each in asked)
    with company.hook(extra={"sap_client": ""}) as cloud:
        assert cloud.test_connection()[0]


def test_the_connection_says_what_it_reaches(hook: SapS4HanaHook) -> None:
    works, says = hook.test_connection()
    assert works
    assert "1710 (EUR)" in says
    assert "YCOA" in says


@pytest.mark.parametrize(
    ("service", "scenario"), [("OPLACCTGDOCITEMCUBE", "SAP_COM_0303"), ("BUSINESS_PARTNER", "SAP_COM_0008"), ("GLACCOUNT", "arrangement")]
)
def test_a_missing_arrangement_is_named(company: Company, hook: SapS4HanaHook, service: str, scenario: str) -> None:
    inject(company, "missing_arrangement", service=service)
    works, says = hook.test_connection()
    assert not works
    assert scenario in says


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"bank_gl": "4711"}, "4711 (bank_gl)"),
        ({"company_code": ""}, "Company code"),
        ({"tax_codes": ""}, "Tax codes"),
        ({"time_zone": "Mars/Base"}, "time zone"),
        ({"sap_client": "999"}, "service not found"),
    ],
)
def test_a_connection_that_is_incomplete_says_which_field(company: Company, extra: dict[str, str], word: str) -> None:
    with company.hook(extra=extra) as hook:
        works, says = hook.test_connection()
        assert not works
        assert word in says


def test_a_connection_without_a_bank_account_works_and_says_that_payments_do_not(company: Company) -> None:
    with company.hook(extra={"bank_gl": ""}) as hook:
        works, says = hook.test_connection()
    assert works
    assert "Payments cannot be booked" in says


def test_a_wrong_path_of_the_posting_service_stops_the_connection(company: Company) -> None:
    with company.hook(extra={"je_post_path": "/sap/bc/srt/xip/sap/wrong"}) as hook:
        _, sent = send(company, hook)  # type: ignore[arg-type]
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


def test_lists_are_the_charts_accounts_and_the_connections_codes(company: Company, hook: SapS4HanaHook) -> None:
    accounts = {each.code: each.name for each in hook.list_reference(ReferenceKind.ACCOUNT)}
    assert accounts["4010"] == "Parts sales"
    assert [each.code for each in hook.list_reference(ReferenceKind.TAX_CODE)] == ["A1", "A2", "A5", "A0"]
    with company.hook(extra={"account_assignments": "ProfitCenter:YB110, Shoe:44"}) as other:
        assert [each.code for each in other.list_reference(ReferenceKind.DIMENSION)] == ["ProfitCenter:YB110"]


def test_an_account_blocked_for_posting_is_not_active(company: Company, hook: SapS4HanaHook) -> None:
    simulator: Any = company.sandbox.simulators[SLUG]
    table = simulator.store.table("accounts")
    table["4100"] = {**table["4100"], "blocked": True}
    try:
        (found,) = hook.find_reference(ReferenceKind.ACCOUNT, ["4100"])
        assert not found.active
    finally:
        table["4100"] = {**table["4100"], "blocked": False}
