"""The hook against the simulated company file: tokens, cards, sales in both layouts, reversals, payments, and MYOB's traps."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.myob.steps import D, created, refused, simulator

from airbooks.canonical import (
    AllowanceCharge,
    DocumentKind,
    ExchangeRate,
    TaxCategory,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.myob.hook import MyobHook
from airbooks.platforms.references import ReferenceKind


def calls(company: Company, since: int = 0) -> list[tuple[str, str]]:
    """Method and path of what was asked since."""
    return [(each.method, each.path) for each in company.sandbox.requests("myob")[since:]]


def with_options(sending: Sending, **options: Any) -> Sending:
    return replace(sending, options={**sending.options, **options})


# -- cards ------------------------------------------------------------------------------------------------------------------------


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


# -- creating ---------------------------------------------------------------------------------------------------------------------


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


# -- finding and lists ------------------------------------------------------------------------------------------------------------


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
