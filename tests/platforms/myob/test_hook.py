"""The hook against the simulated company file: tokens, cards, sales in both layouts, reversals, payments, and MYOB's traps."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today

from airbooks.canonical import (
    Allocation,
    AllowanceCharge,
    DocumentKind,
    DocumentStatus,
    ExchangeRate,
    RemoteDocument,
    TaxCategory,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import PERIOD_CLOSED, Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.myob.hook import MyobHook, _until_tomorrow
from airbooks.platforms.myob.reversals import reversal_number
from airbooks.platforms.myob.sandbox import MyobSimulator
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import running

D = Decimal


def simulator(company: Company) -> MyobSimulator:
    found = company.sandbox.simulators["myob"]
    assert isinstance(found, MyobSimulator)
    return found


def calls(company: Company, since: int = 0) -> list[tuple[str, str]]:
    """Method and path of what was asked since."""
    return [(each.method, each.path) for each in company.sandbox.requests("myob")[since:]]


def created(company: Company, hook: MyobHook, sending: Sending) -> RemoteDocument:
    sent = company.create(hook, sending)[sending.key]
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def refused(company: Company, hook: MyobHook, sending: Sending) -> PlatformError:
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    assert error.outcome is Outcome.DID_NOT_HAPPEN
    assert company.booked(sending.document.number) == []
    return error


def with_options(sending: Sending, **options: Any) -> Sending:
    return replace(sending, options={**sending.options, **options})


# -- tokens and the door -------------------------------------------------------------------------------------------------------


def test_refresh_tokens_rotate_and_workers_share_the_newest() -> None:
    with running(["myob"], time_scale=1000) as sandbox:
        company = Company("myob", sandbox)
        stored = company.connection()
        with company.hook(**stored) as one, company.hook(**stored) as other:
            for minutes in (0, 25, 50):
                sandbox.simulators["myob"].clock.offset = timedelta(minutes=minutes)
                assert one.test_connection()[0]
                assert other.test_connection()[0]
        refreshes = [each for each in sandbox.requests("myob") if each.path.endswith("/oauth2/v1/authorize")]
        assert [each.status for each in refreshes] == [200, 200, 200]


def test_a_refresh_token_that_a_person_put_there_is_used_instead_of_ours(company: Company) -> None:
    tokens = MemoryTokens()
    with company.hook(tokens=tokens) as hook:
        assert hook.test_connection()[0]
    simulator(company).authority.revoke_all()
    simulator(company).authority.new_refresh_token()
    with company.hook(tokens=tokens) as hook:
        works, says = hook.test_connection()
    assert works, says


def test_an_access_token_that_is_refused_is_renewed_once(company: Company, hook: MyobHook) -> None:
    assert hook.test_connection()[0]
    company.sandbox.inject("myob", "expire_tokens", times=1)
    assert hook.test_connection()[0]


def test_withdrawn_consent_stops_the_connection_and_says_who_must_act() -> None:
    with running(["myob"], time_scale=1000) as sandbox:
        company = Company("myob", sandbox)
        sandbox.inject("myob", "revoke_refresh_token", times=1)
        with company.hook() as hook:
            works, says = hook.test_connection()
            assert not works
            assert "administrator" in says


def test_eight_calls_a_second_is_a_403_that_is_waited_out(company: Company, hook: MyobHook, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    monkeypatch.setattr(hook.budget, "penalise", waits.append)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("myob", "throttle", times=1)
    created(company, hook, sending)
    assert len(company.booked(sending.document.number)) == 1
    assert [0.5 <= seconds <= 1.0 for seconds in waits] == [True]


def test_the_daily_limit_is_put_off_to_the_next_day(company: Company, hook: MyobHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hook.budget, "penalise", lambda seconds: None)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("myob", "throttle", daily=True)
    error = refused(company, hook, sending)
    assert error.action is Action.WAIT
    assert error.retry_after is not None
    assert 0 < error.retry_after <= 86_400
    assert _until_tomorrow(datetime(2026, 1, 15, 23, 0, tzinfo=UTC)) == 3600


def test_a_user_who_is_not_linked_logs_in_to_the_file_as_well(company: Company) -> None:
    company.sandbox.inject("myob", "unlinked_user")
    own = simulator(company).connection(linked=False)["extra"]
    try:
        with company.hook(extra={"cf_username": own["cf_username"], "cf_password": own["cf_password"]}) as hook:
            assert hook.test_connection()[0]
        with (
            company.hook(extra={"cf_username": own["cf_username"], "cf_password": "wr0ng"}) as hook,
            pytest.raises(PlatformError) as caught,
        ):
            hook.find_invoice("AU-SI-1", DocumentKind.INVOICE)
    finally:
        company.sandbox.clear_faults()
    assert caught.value.action is Action.STOP
    assert "company file" in caught.value.rule.says


# -- what a connection test says -----------------------------------------------------------------------------------------------


def test_a_connection_that_fits_names_its_business_and_what_to_mind(company: Company, hook: MyobHook) -> None:
    for fault, words in (("category_required", "category is required"), ("must_be_reversed", "voids become reversals")):
        company.sandbox.inject("myob", fault)
        works, says = hook.test_connection()
        assert works
        assert words in says
        company.sandbox.clear_faults()


@pytest.mark.parametrize("scope", ["sme-sales", "sme-inventory", "sme-contacts-customer", "sme-general-ledger", "sme-company-settings"])
def test_a_missing_scope_is_named(company: Company, hook: MyobHook, scope: str) -> None:
    company.sandbox.inject("myob", "missing_scope", scope=scope)
    works, says = hook.test_connection()
    assert not works
    assert f"scope {scope}" in says


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"default_tax_code": "VAT"}, "default_tax_code: the company file has no tax code 'VAT'"),
        ({"adjustment_item": "NONE"}, "adjustment_item: the company file has no item 'NONE'"),
        ({"deposit_account": "1-9999"}, "deposit_account: the company file has no account '1-9999'"),
        ({"business_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"}, "business_id"),
        ({"business_id": ""}, "Business id"),
    ],
)
def test_a_field_that_does_not_fit_is_named(company: Company, extra: dict[str, Any], words: str) -> None:
    with company.hook(extra=extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


def test_a_file_of_one_currency_is_told_apart(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "single_currency")
    works, says = hook.test_connection()
    assert not works
    assert "multi-currency" in says


def test_an_inactive_api_key_stops_everything(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "inactive_key")
    works, says = hook.test_connection()
    assert not works
    assert "developer account" in says


# -- cards ---------------------------------------------------------------------------------------------------------------------


def a_card(company: Company, name: str, **fields: Any) -> str:
    cards = simulator(company).cards
    tax = {"UID": next(iter(simulator(company).company.taxes))}
    body = {"CompanyName": name, "IsIndividual": False, "SellingDetails": {"TaxCode": tax, "FreightTaxCode": tax}, **fields}
    return str(cards.created(body)["UID"])


def test_a_card_without_identifier_is_adopted_by_name_and_then_ours(company: Company, hook: MyobHook) -> None:
    party = company.party(name="O'Brien & Daughters")
    held = a_card(company, party.name, Notes="A good one")
    assert hook.ensure_customer(party, "AUD") == held
    row = simulator(company).company.customers[held]
    assert (row["DisplayID"], row["Notes"]) == (party.code, "A good one")
    assert hook.ensure_customer(company.party(name=party.name), "AUD") != held


def test_two_cards_of_one_name_are_nobodys_and_an_other_address_is_somebody_elses(company: Company, hook: MyobHook) -> None:
    twins = company.party()
    held = {a_card(company, twins.name), a_card(company, twins.name)}
    assert hook.ensure_customer(twins, "AUD") not in held
    other = company.party()
    theirs = a_card(company, other.name, Addresses=[{"Location": 1, "Email": "someone@else.example"}])
    assert hook.ensure_customer(other, "AUD") != theirs


def test_a_customer_has_a_card_for_each_currency(company: Company, hook: MyobHook) -> None:
    party = company.party()
    home, foreign = hook.ensure_customer(party, "AUD"), hook.ensure_customer(party, "USD")
    assert home != foreign
    rows = simulator(company).company.customers
    assert (rows[foreign]["DisplayID"], rows[foreign]["ForeignCurrency"]["Code"]) == (f"{party.code}-USD", "USD")
    assert hook.ensure_customer(party, "USD") == foreign


def test_an_inactive_card_or_one_of_another_currency_is_for_a_person(company: Company, hook: MyobHook) -> None:
    party = company.party()
    a_card(company, party.name, DisplayID=party.code, IsActive=False)
    with pytest.raises(PlatformError, match="inactive") as caught:
        hook.ensure_customer(party, "AUD")
    assert caught.value.action is Action.REVIEW


def test_a_currency_that_the_file_does_not_have_is_said(company: Company, hook: MyobHook) -> None:
    with pytest.raises(PlatformError, match="no currency NZD") as caught:
        hook.ensure_customer(company.party(), "NZD")
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


# -- creating ------------------------------------------------------------------------------------------------------------------


def test_what_is_sent_never_has_what_myob_computes_and_asks_for_the_result(company: Company, hook: MyobHook) -> None:
    sending = company.sending(hook, company.invoice())
    created(company, hook, sending)
    (post,) = [each for each in company.sandbox.requests("myob") if each.method == "POST" and sending.document.number in each.body]
    body = json.loads(post.body)
    assert post.path.partition("?")[0].endswith("/Sale/Invoice/Item")
    assert "returnBody=true" in str(post)
    assert not {"UID", "RowVersion", "TotalTax", "TotalAmount"} & set(body)
    assert body["IsTaxInclusive"] is False


def test_a_document_that_timed_out_at_myob_is_unknown_and_found(company: Company, hook: MyobHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("myob", "late_504", times=1)
    sent = company.create(hook, sending)[sending.key]
    assert sent.outcome is Outcome.UNKNOWN
    (found,) = hook.find_invoice(sending.document.number, DocumentKind.INVOICE)
    assert differences(sending.document, found, sending.references.customer) == ()


def test_a_cent_of_difference_in_the_tax_shows_in_the_echo(company: Company, hook: MyobHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("myob", "wrong_tax", times=1)
    found = differences(sending.document, created(company, hook, sending), sending.references.customer)
    assert [each.field for each in found] == ["tax total", "total with tax"]


def test_a_service_sale_is_booked_found_changed_and_deleted_in_its_own_layout(company: Company, hook: MyobHook) -> None:
    document = company.invoice()
    sending = with_options(company.sending(hook, document), layout="Service")
    remote = created(company, hook, sending)
    assert differences(document, remote, sending.references.customer) == ()
    (found,) = hook.find_invoice(document.number, DocumentKind.INVOICE)
    assert found.total == document.gross_total
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    again = company.sending(hook, changed, sending.references.customer)  # the operator has gone over to Item meanwhile
    updated = hook.update_invoice(again, found)
    assert updated.error is None, str(updated.error)
    assert updated.remote is not None
    assert updated.remote.total == changed.gross_total
    assert hook.void_invoice(updated.remote, on=today(), reason="Entered twice", key="k").note == "deleted"
    assert company.booked(document.number) == []


def test_a_sale_is_gone_only_where_no_layout_has_it(company: Company, hook: MyobHook) -> None:
    sending = with_options(company.sending(hook, company.small_invoice()), layout="Service")
    remote = created(company, hook, sending)
    company.sandbox.inject("myob", "layout_not_found")
    assert hook.get_invoice(remote.remote_id, DocumentKind.INVOICE) == remote
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").note == "deleted"
    assert hook.get_invoice(remote.remote_id, DocumentKind.INVOICE) is None


def test_header_freight_is_booked_and_counted_and_a_hybrid_file_says_what_to_do(company: Company, hook: MyobHook) -> None:
    sending = with_options(company.sending(hook, company.invoice()), freight="header")
    assert differences(sending.document, created(company, hook, sending), sending.references.customer) == ()
    company.sandbox.inject("myob", "hybrid_layout")
    other = with_options(company.sending(hook, company.invoice()), freight="header")
    assert "freight to line" in refused(company, hook, other).rule.fix


def test_a_charge_of_the_document_is_no_line_of_ours(company: Company, hook: MyobHook) -> None:
    packing = AllowanceCharge(
        is_charge=True, amount=D("15.00"), reason="Packing", tax_code="AU-GST10", tax_rate=D(10), tax_category=TaxCategory.STANDARD
    )
    document = company.small_invoice(charges=[packing])
    remote = company.book(hook, document)
    assert remote.line_count == 1
    with company.hook(extra={"adjustment_item": ""}) as bare:
        sending = company.sending(bare, company.small_invoice(charges=[packing]))
        error = bare.create_invoices([sending])[0].error
    assert error is not None
    assert "adjustment_item" in error.message


def test_a_connections_own_code_that_is_not_there_stops_it(company: Company, hook: MyobHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    with company.hook(extra={"freight_tax_code": "NO"}) as other:
        error = other.create_invoices([sending, sending])[0].error
    assert error is not None
    assert (error.action, error.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


def test_a_number_in_use_is_warned_of_and_told_and_refused_where_that_is_wished(
    company: Company, hook: MyobHook, caplog: pytest.LogCaptureFixture
) -> None:
    first = company.sending(hook, company.small_invoice())
    created(company, hook, first)
    twice = replace(first, key=str(uuid4()))
    with caplog.at_level(logging.WARNING):
        sent = company.create(hook, twice)[twice.key]
    assert "Duplicate" in sent.note
    assert "Duplicate" in caplog.text
    assert len(hook.find_invoice(first.document.number, DocumentKind.INVOICE)) == 2
    strict = with_options(replace(first, key=str(uuid4())), warnings_as_errors=True)
    error = company.create(hook, strict)[strict.key].error
    assert error is not None
    assert error.action is Action.LOOK_UP
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)


def test_a_credit_limit_is_a_note_or_a_refusal(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "credit_limit")
    lenient = company.sending(hook, company.small_invoice())
    assert "CreditLimitExceeded" in company.create(hook, lenient)[lenient.key].note
    strict = with_options(company.sending(hook, company.small_invoice()), warnings_as_errors=True)
    assert refused(company, hook, strict).rule.name == "credit limit exceeded"


def test_a_locked_period_is_one_cause_that_another_posting_date_answers(company: Company, hook: MyobHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("myob", "lock_period", until=(today() + timedelta(days=5)).isoformat())
    error = refused(company, hook, sending)
    assert (error.rule.name, error.rule.shared) == (PERIOD_CLOSED, True)
    later = company.small_invoice(posting_date=today() + timedelta(days=6), buyer=sending.document.buyer)
    company.book(hook, later)


def test_an_older_file_takes_no_account_on_item_lines(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "older_file")
    assert refused(company, hook, company.sending(hook, company.small_invoice())).rule.name == "account refused"
    with company.hook(extra={"line_accounts": False, "purchase_order_max": 20}) as older:
        company.book(older, company.small_invoice(purchase_order="PO-" + "8" * 40))


def test_a_required_category_is_asked_for_and_a_mapped_one_sent(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "category_required")
    document = company.small_invoice()
    sending = company.sending(hook, document)
    assert "Category" in refused(company, hook, sending).message
    (east,) = hook.find_reference(ReferenceKind.DIMENSION, ["Category:EAST"])
    mapped = document.model_copy(update={"dimensions": {"region": "EAST"}})
    entries = {**sending.references.entries, (ReferenceKind.DIMENSION, "region:EAST"): east}
    created(company, hook, replace(sending, document=mapped, references=replace(sending.references, entries=entries)))


def test_a_foreign_sale_keeps_its_rate(company: Company, hook: MyobHook) -> None:
    rate = ExchangeRate(base="AUD", rate=D("1.526486"))
    remote = company.book(hook, company.small_invoice(currency="USD", exchange_rate=rate))
    row = simulator(company).company.invoices[remote.remote_id]
    assert (row["CurrencyExchangeRate"], row["TotalAmountForeign"]) == (D("0.655099"), D("110.00"))


# -- finding and lists ---------------------------------------------------------------------------------------------------------


def test_an_answer_without_an_amount_proves_nothing(company: Company, hook: MyobHook) -> None:
    remote = company.book(hook, company.small_invoice())
    del simulator(company).company.invoices[remote.remote_id]["TotalTax"]
    for ask in (
        lambda: hook.get_invoice(remote.remote_id, DocumentKind.INVOICE),
        lambda: hook.find_invoice(remote.our_number, DocumentKind.INVOICE),
    ):
        with pytest.raises(PlatformError, match="TotalTax") as caught:
            ask()
        assert caught.value.action is Action.LOOK_UP
    del simulator(company).company.invoices[remote.remote_id]


def test_many_numbers_are_looked_up_in_few_calls(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    before = len(company.sandbox.requests("myob"))
    wanted = [(document.number, DocumentKind.INVOICE), *((f"NO-{n}", DocumentKind.INVOICE) for n in range(30))]
    found = hook.find_invoices(wanted)
    assert [len(hits) for hits in found.values()] == [1, *[0] * 30]
    assert len(calls(company, before)) == 3


def test_blanks_in_a_query_are_percent_twenty(company: Company, hook: MyobHook) -> None:
    before = len(company.sandbox.requests("myob"))
    hook.find_invoice("AU-SI-1", DocumentKind.INVOICE)
    list(hook.list_payments(datetime.now(UTC)))
    asked = [path for method, path in calls(company, before) if method == "GET"]
    assert asked
    assert all("%20" in path and "+" not in path for path in asked)


def test_a_number_with_a_quote_is_asked_for_as_it_is(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice(number="O'B-1")
    company.book(hook, document)
    assert len(hook.find_invoice("O'B-1", DocumentKind.INVOICE)) == 1


def test_a_credit_note_and_an_invoice_of_one_number_are_told_apart(company: Company, hook: MyobHook) -> None:
    original = company.small_invoice()
    company.book(hook, original)
    note = company.book(hook, company.credit_note(corrects=original))
    assert [each.remote_id for each in hook.find_invoice(note.number, DocumentKind.CREDIT_NOTE)] == [note.remote_id]
    assert hook.find_invoice(note.number, DocumentKind.INVOICE) == []


def test_every_page_of_a_list_is_read(company: Company, hook: MyobHook) -> None:
    whole = [each.code for each in hook.list_reference(ReferenceKind.ITEM)]
    hook.client.page_size = 10
    assert [each.code for each in hook.list_reference(ReferenceKind.ITEM)] == whole
    assert len(whole) > 20


def test_headers_and_consolidated_codes_are_listed_as_switched_off(company: Company, hook: MyobHook) -> None:
    def asleep(kind: ReferenceKind) -> list[str]:
        return [each.code for each in hook.list_reference(kind) if not each.active]

    assert asleep(ReferenceKind.ACCOUNT) == ["1-0000", "4-0000"]
    assert asleep(ReferenceKind.TAX_CODE) == ["GNR"]
    assert asleep(ReferenceKind.DIMENSION) == ["Job:ALL"]


# -- changing and voiding ------------------------------------------------------------------------------------------------------


def test_a_payment_meanwhile_does_not_stop_an_update(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, document, remote, "10.00")
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    updated = hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote)
    assert updated.error is None, str(updated.error)
    assert updated.remote is not None
    assert (updated.remote.total, updated.remote.status) == (changed.gross_total, DocumentStatus.PARTIALLY_PAID)


def test_an_edit_between_reading_and_writing_is_not_overwritten(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject("myob", "edit_in_between", times=1)
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    error = hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote).error
    assert error is not None
    assert (error.rule.name, error.action) == ("changed in MYOB", Action.REVIEW)
    assert company.booked(document.number)[0].total == document.gross_total


def test_a_sale_that_is_read_only_there_stays_as_it_is(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject("myob", "read_only")
    error = hook.update_invoice(company.sending(hook, document, remote.customer_id), remote).error
    assert error is not None
    assert (error.rule.name, error.status) == ("read-only in this file", 405)


def test_a_paid_sale_is_not_deleted(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, document, remote, "10.00")
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    error = hook.void_invoice(now, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.rule.name, error.action) == ("paid or settled", Action.REVIEW)
    late = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert late is not None
    assert late.rule.name == "changed in MYOB"


@pytest.mark.parametrize("kind", DocumentKind)
def test_where_nothing_may_be_deleted_the_opposite_sale_settles_it_once(company: Company, hook: MyobHook, kind: DocumentKind) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    original = company.small_invoice()
    remote = company.book(hook, original)
    if kind is DocumentKind.CREDIT_NOTE:
        remote = company.book(hook, company.credit_note(corrects=original))
    number = f"R{remote.remote_id.replace('-', '')[:12]}".upper()
    first = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    assert first.error is None, str(first.error)
    assert first.note == f"reversed by {number}"
    (reversal,) = company.booked(number)
    (voided,) = company.booked(remote.our_number)
    assert (reversal.total, reversal.balance, voided.balance) == (remote.total, D(0), D(0))
    assert reversal.kind != voided.kind
    now = hook.get_invoice(remote.remote_id, kind)
    assert now is not None
    again = hook.void_invoice(now, on=today(), reason="Entered twice", key="k")
    assert again.note == f"was reversed already by {number}"
    assert len(company.booked(number)) == 1


def test_a_sale_that_is_partly_paid_is_not_reversed(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, document, remote, "10.00")
    company.sandbox.inject("myob", "must_be_reversed")
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    error = hook.void_invoice(now, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("paid or settled", Outcome.DID_NOT_HAPPEN)
    assert company.booked(reversal_number(remote.remote_id)) == []


def test_a_reversed_sale_is_void_and_its_number_is_free_again(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    document = company.small_invoice()
    remote = company.book(hook, document)
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error is None
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.VOID
    assert hook.find_invoice(document.number, DocumentKind.INVOICE) == []


def test_a_reversal_that_somebody_used_for_another_sale_settles_nothing_more(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    document = company.small_invoice()
    remote, other = company.book(hook, document), company.book(hook, company.small_invoice(buyer=document.buyer))
    company.sandbox.inject("myob", "reset_before_commit", path="CreditSettlement")
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error is not None
    (credit,) = [each.remote_id for each in company.booked(reversal_number(remote.remote_id))]
    lines = [{"Type": "Invoice", "Sale": {"UID": other.remote_id}, "AmountApplied": D(110)}]
    used = {"CreditFromInvoice": {"UID": credit}, "Number": "X", "Date": "2026-01-15T00:00:00", "CreditAmount": D(110), "Lines": lines}
    simulator(company).receipts.settled(used)
    error = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.rule.name, error.action) == ("changed in MYOB", Action.REVIEW)
    assert company.booked(document.number)[0].balance == D(110)


@pytest.mark.parametrize("after", [0, 1])
def test_a_reversal_that_breaks_off_is_finished_by_the_next_try(company: Company, hook: MyobHook, after: int) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    remote = company.book(hook, company.small_invoice())
    number = f"R{remote.remote_id.replace('-', '')[:12]}".upper()
    company.sandbox.inject("myob", "reset_after_commit", method="POST", body=number, after=after)
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").outcome is Outcome.UNKNOWN
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert hook.void_invoice(now, on=today(), reason="Entered twice", key="k").error is None
    assert [(each.balance, each.kind) for each in company.booked(number)] == [(D(0), "credit_note")]
    assert company.booked(remote.our_number)[0].balance == 0


def test_a_reversal_that_is_booked_and_not_settled_is_named(company: Company, hook: MyobHook) -> None:
    company.sandbox.inject("myob", "must_be_reversed")
    remote = company.book(hook, company.small_invoice())
    company.sandbox.inject("myob", "error_before_commit", path="CreditSettlement", status=400)
    error = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert error.action is Action.REVIEW
    assert f"{reversal_number(remote.remote_id)} is booked and not settled" in str(error)


def test_a_foreign_sale_that_must_be_reversed_is_for_a_person(company: Company, hook: MyobHook) -> None:
    remote = company.book(hook, company.small_invoice(currency="USD", exchange_rate=company.exchange_rate()))
    company.sandbox.inject("myob", "must_be_reversed")
    error = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").error
    assert error is not None
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


# -- payments ------------------------------------------------------------------------------------------------------------------


def pay(company: Company, hook: MyobHook, document: Any, remote: RemoteDocument, amount: str, **fields: Any) -> Any:
    payment = company.payment(document, remote, D(amount), **fields)
    references = company.payment_references(hook, payment, remote.customer_id)
    return hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)


def test_one_payment_settles_several_sales_under_the_files_own_method(company: Company, hook: MyobHook) -> None:
    one = company.small_invoice()
    two = company.small_invoice(buyer=one.buyer)
    first, second = company.book(hook, one), company.book(hook, two)
    allocations = tuple(
        Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=amount)
        for each, amount in ((first, D("110.00")), (second, D("40.00")))
    )
    paid = pay(company, hook, one, first, "150.00", allocations=allocations, source_id="t-1")
    assert {each.remote_id: each.amount for each in paid.allocations} == {first.remote_id: D("110.00"), second.remote_id: D("40.00")}
    again = pay(company, hook, one, first, "150.00", allocations=allocations, source_id="t-1")
    assert again.remote_id == paid.remote_id
    row = simulator(company).company.payments[paid.remote_id]
    assert (row["PaymentMethod"], row["Account"]["DisplayID"]) == ("EFT", "1-1000")
    statuses = [hook.get_invoice(each.remote_id, DocumentKind.INVOICE) for each in (first, second)]
    assert [each and each.status for each in statuses] == [DocumentStatus.PAID, DocumentStatus.PARTIALLY_PAID]


def test_a_payment_in_dollars_is_told_in_dollars(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice(currency="USD", exchange_rate=company.exchange_rate())
    remote = company.book(hook, document)
    paid = pay(company, hook, document, remote, "110.00", exchange_rate=company.exchange_rate())
    assert (paid.currency, paid.amount, paid.allocations[0].amount) == ("USD", D("110.00"), D("110.00"))


def test_a_payment_whose_rate_is_to_another_currency_than_the_books_is_refused(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice(currency="USD", exchange_rate=company.exchange_rate())
    remote = company.book(hook, document)
    with pytest.raises(PlatformError, match="exchange rate is to EUR") as caught:
        pay(company, hook, document, remote, "10.00", exchange_rate=ExchangeRate(base="EUR", rate=D("0.92")))
    assert caught.value.action is Action.REVIEW
    assert company.booked(document.number)[0].balance == D("110.00")


def test_a_bank_account_that_is_mapped_is_used_and_without_any_the_money_waits(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    with company.hook(extra={"deposit_account": ""}) as bare:
        assert isinstance(bare, MyobHook)
        paid = pay(company, bare, document, remote, "10.00")
    assert simulator(company).company.payments[paid.remote_id]["DepositTo"] == "UndepositedFunds"
    payment = company.payment(document, remote, D("10.00"), bank_account="BANK")
    wrong = ReferenceItem(kind=ReferenceKind.ACCOUNT, code="4-4000", remote_id=_account(hook, "4-4000"))
    references = company.payment_references(hook, payment, remote.customer_id)
    references = replace(references, entries={**references.entries, (ReferenceKind.ACCOUNT, "BANK"): wrong})
    with pytest.raises(PlatformError, match="IncorrectAccountType") as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert caught.value.action is Action.REVIEW


def _account(hook: MyobHook, code: str) -> str:
    (found,) = hook.find_reference(ReferenceKind.ACCOUNT, [code])
    return found.remote_id


def test_more_than_the_balance_cannot_be_paid(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    with pytest.raises(PlatformError, match="AmountAppliedExceedsBalance"):
        pay(company, hook, document, remote, "110.01")


def test_a_payment_dated_long_ago_but_entered_now_is_listed(company: Company, hook: MyobHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    paid = pay(company, hook, document, remote, "10.00", received_on=today() - timedelta(days=60))
    listed = {each.remote_id for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))}
    assert paid.remote_id in listed


# -- secrets -------------------------------------------------------------------------------------------------------------------


def test_a_connection_without_a_refresh_token_says_which_field_is_empty(company: Company) -> None:
    with company.hook(extra={"refresh_token": ""}, tokens=MemoryTokens()) as hook, pytest.raises(ConfigurationError, match="Refresh token"):
        hook.find_invoice("AU-SI-1", DocumentKind.INVOICE)
