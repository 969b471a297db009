"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.quickbooks.conftest import Company
from tests.platforms.quickbooks.documents import BUYER, NET_30, allowance, document, foreign, line
from tests.platforms.quickbooks.steps import CREDIT_NOTE, INVOICE, account_of, asked, booked, key, numbers, sending

from airbooks.canonical import Contact, CreditNote, Invoice, Party
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.quickbooks.sandbox.seed import US_REALM
from airbooks.platforms.references import ReferenceKind, References
from airbooks.sandbox.server import Sandbox

TAXED: dict[str, Any] = {"tax_code": "US-TX", "tax_category": "S", "tax_rate": Decimal("8.25")}


def refused(hook: QuickBooksHook, sales: Invoice | CreditNote | None = None) -> PlatformError:
    (result,) = hook.create_invoices([sending(hook, sales or document())])
    assert result.error is not None
    return result.error


# -- customers --------------------------------------------------------------------------------------------------------------------


def test_a_customer_is_created_once_and_found_by_its_code_after_it_was_renamed(hook: QuickBooksHook, us: Company) -> None:
    first = hook.ensure_customer(BUYER, "USD")
    renamed = BUYER.model_copy(update={"name": "Northgate Compressed Air Ltd"})
    assert hook.ensure_customer(renamed, "USD") == first
    (row,) = us.found("Customer")
    assert (row["DisplayName"], row["PrimaryEmailAddr"]["Address"]) == ("Northgate Air Ltd (C-US-0042)", "ap@northgate.example")


def test_a_second_currency_of_a_customer_is_a_second_customer(hook: QuickBooksHook, us: Company) -> None:
    dollars, euros = hook.ensure_customer(BUYER, "USD"), hook.ensure_customer(BUYER, "EUR")
    assert dollars != euros
    assert hook.ensure_customer(BUYER, "EUR") == euros
    assert {row["CurrencyRef"]["value"] for row in us.found("Customer")} == {"USD", "EUR"}


def test_a_code_is_not_found_in_a_longer_code(hook: QuickBooksHook) -> None:
    longer = hook.ensure_customer(Party(code="C-US-00421", name="Somebody Else"), "USD")
    assert hook.ensure_customer(BUYER, "USD") != longer


def test_a_customer_that_people_entered_is_taken_when_only_one_fits(hook: QuickBooksHook, us: Company) -> None:
    by_hand = us.customer("Northgate Air Ltd")
    us.customer("Northgate Air Ltd (C-US-0077)")
    assert hook.ensure_customer(BUYER, "USD") == by_hand


def test_a_namesake_with_another_mail_address_is_not_taken(hook: QuickBooksHook, us: Company) -> None:
    us.post("/customer", {"DisplayName": "Northgate Air Ltd", "PrimaryEmailAddr": {"Address": "someone@else.example"}})
    created = hook.ensure_customer(BUYER, "USD")
    assert us.get(f"/customer/{created}")[1]["Customer"]["DisplayName"] == "Northgate Air Ltd (C-US-0042)"


def test_two_customers_of_one_name_are_never_merged(hook: QuickBooksHook, us: Company) -> None:
    by_hand = us.post("/customer", {"DisplayName": "Northgate Air Ltd", "Notes": "Calls on Mondays"})[1]["Customer"]["Id"]
    namesake = BUYER.model_copy(update={"code": "C-US-0099"})
    assert hook.ensure_customer(BUYER, "USD") == by_hand
    assert hook.ensure_customer(namesake, "USD") != by_hand
    assert hook.ensure_customer(BUYER, "USD") == by_hand
    row = us.get(f"/customer/{by_hand}")[1]["Customer"]
    assert (row["DisplayName"], row["Notes"]) == ("Northgate Air Ltd", "Calls on Mondays\nCustomer code: C-US-0042")


def test_quotes_and_backslashes_in_names_and_codes_find_their_customer(hook: QuickBooksHook) -> None:
    odd = Party(code="C'\\1", name="O'Brien \\ Söhne ✓ & Co", contact=Contact(email="ap@obrien.example"))
    assert hook.ensure_customer(odd, "USD") == hook.ensure_customer(odd, "USD")


def test_an_inactive_customer_is_for_a_person(hook: QuickBooksHook, us: Company) -> None:
    customer = hook.ensure_customer(BUYER, "USD")
    us.post("/customer", {"Id": customer, "SyncToken": "0", "sparse": True, "Active": False})
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(BUYER, "USD")
    assert error.value.action is Action.REVIEW
    assert "inactive" in error.value.rule.says


def test_a_request_that_a_proxy_doubles_makes_one_customer(hook: QuickBooksHook, quickbooks: Sandbox, us: Company) -> None:
    quickbooks.inject("quickbooks", "duplicate_delivery", method="POST", path="/customer$")
    assert hook.ensure_customer(BUYER, "USD") == us.found("Customer")[0]["Id"]
    assert len(us.found("Customer")) == 1


def test_a_name_that_a_vendor_has_is_for_a_person(hook: QuickBooksHook, us: Company) -> None:
    us.simulator.realms[US_REALM].store.table(f"{US_REALM}/names")["northgate air ltd (c-us-0042)"] = {"entity": "Vendor", "id": "9"}
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(BUYER, "USD")
    assert (error.value.action, error.value.code) == (Action.REVIEW, "6240")


# -- create -----------------------------------------------------------------------------------------------------------------------


def test_a_full_us_invoice_comes_back_to_the_cent(hook: QuickBooksHook, us: Company) -> None:
    lines = (
        line(price="18450.00", dimensions={"department": "WHOLESALE"}, warehouse="MAIN", **TAXED),
        line("2", "7", "38.175", item_code="VLV-SAF-11", name="Safety valve", **TAXED),
        line("3", "1", "320.00", item_code="FRT-STD", name="Freight", kind="freight", **TAXED),
    )
    net = sum(each.net_amount for each in lines) - Decimal("749.74")
    tax = (net * Decimal("0.0825")).quantize(Decimal("0.01"))
    sales = document(
        lines=lines, allowances=(allowance("749.74", "US-TX", "8.25"),), tax=str(tax), terms=NET_30, **foreign("EUR", "1.086957")
    )
    sent, remote = booked(hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()
    row = us.get(f"/invoice/{remote.remote_id}")[1]["Invoice"]
    assert (row["DueDate"], row["SalesTermRef"]["name"], row["DepartmentRef"]["name"]) == ("2026-04-01", "Net 30", "MAIN")
    assert row["Line"][0]["SalesItemLineDetail"]["ClassRef"]["name"] == "WHOLESALE"
    assert row["ExchangeRate"] == Decimal("1.086957")


def test_automated_sales_tax_takes_our_total_whatever_it_would_compute(quickbooks: Sandbox) -> None:
    quickbooks.inject("quickbooks", "automated_sales_tax")
    sales = document(lines=(line("1", "1", "100.00", **TAXED),), tax="8.25")
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, tax_mode="us_automated")) as hook:
        assert hook.test_connection()[0]
        sent, remote = booked(hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()


def test_a_british_invoice_with_two_rates_comes_back_to_the_cent(gb_hook: QuickBooksHook) -> None:
    lines = (
        line("1", "3", "33.33", tax_code="GB-S20", tax_category="S", tax_rate=Decimal(20)),
        line("2", "1", "10.10", tax_code="GB-R5", tax_category="S", tax_rate=Decimal(5)),
    )
    sales = document(lines=lines, allowances=(allowance("9.99", "GB-S20", "20"),), tax="18.51", currency="GBP")
    sent, remote = booked(gb_hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()


def test_a_mixed_tax_discount_and_a_document_charge_come_back_to_the_cent(hook: QuickBooksHook) -> None:
    lines = (line("1", "3", "33.33", **TAXED), line("2", "1", "0.02", **TAXED), line("3", "1", "80.00"))
    extras = (allowance("7.77", "US-TX", "8.25"), allowance("25.00", "US-TX", "8.25", is_charge=True, reason="Surcharge"))
    tax = ((Decimal("99.99") + Decimal("0.02") - Decimal("7.77") + 25) * Decimal("0.0825")).quantize(Decimal("0.01"))
    sales = document(lines=lines, allowances=extras, tax=str(tax))
    sent, remote = booked(hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()


def test_a_credit_note_becomes_a_credit_memo(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    note = document(CreditNote, number="US-CN-000017", lines=(line("1", "1", "84.50", **TAXED),), tax="6.97")
    sent, remote = booked(hook, note)
    assert differences(note, remote, sent.references.customer) == ()
    assert [each.kind for each in quickbooks.books("quickbooks").documents] == ["credit_note"]
    assert hook.find_invoice("US-CN-000017", CREDIT_NOTE) == [remote]
    assert hook.find_invoice("US-CN-000017", INVOICE) == []


def test_amounts_beyond_binary_floating_point_survive(hook: QuickBooksHook) -> None:
    _, remote = booked(hook, document(lines=(line("1", "1", "12345678901234567.89"),)))
    assert remote.total == Decimal("12345678901234567.89")


def test_thirty_documents_go_in_one_batch_and_are_matched_by_id(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    first = sending(hook, document(number="US-SI-000000"))
    batch = [first, *(Sending(key=key(), document=document(number=f"US-SI-{n:06d}"), references=first.references) for n in range(1, 30))]
    quickbooks.inject("quickbooks", "shuffle_batch", times=1)
    results = {each.key: each.remote for each in hook.create_invoices(batch)}
    assert {each.key: each.document.number for each in batch} == {sent: remote.number for sent, remote in results.items() if remote}
    assert len(asked(quickbooks, "POST", "/batch")) == 1
    assert len(numbers(quickbooks)) == 30


def batch_of(hook: QuickBooksHook, *sales: Invoice | CreditNote) -> list[Sending]:
    return [sending(hook, each) for each in sales]


def test_a_bad_document_of_a_batch_neither_undoes_nor_delays_the_others(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    good, bad, note = document(number="A1"), document(number="A2", issue_date=date(2025, 6, 1)), document(CreditNote, number="C1")
    quickbooks.inject("quickbooks", "lock_period", until="2025-12-31")
    batch = batch_of(hook, good, bad, note)
    results = {each.key: each for each in hook.create_invoices(batch)}
    error = results[batch[1].key].error
    assert error is not None
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "period closed")
    assert sorted(numbers(quickbooks)) == ["A1", "C1"]
    assert all(results[batch[n].key].outcome is Outcome.HAPPENED for n in (0, 2))


def test_a_batch_item_with_a_system_failure_is_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    batch = batch_of(hook, document(number="A1"), document(number="A2"))
    quickbooks.inject("quickbooks", "partial_batch", times=1, positions=[0])
    results = {each.key: each for each in hook.create_invoices(batch)}
    assert (results[batch[0].key].outcome, results[batch[1].key].outcome) == (Outcome.UNKNOWN, Outcome.HAPPENED)


def test_a_document_that_the_batch_answer_does_not_name_gets_no_result(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    batch = batch_of(hook, document(number="A1"), document(number="A2"))
    quickbooks.inject("quickbooks", "drop_batch_item", times=1)
    assert [each.key for each in hook.create_invoices(batch)] == [batch[1].key]
    assert numbers(quickbooks) == ["A1", "A2"]


def test_a_code_without_entry_holds_back_its_document_alone(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    good = sending(hook, document(number="A1"))
    lost = Sending(key=key(), document=document(number="A2"), references=References(customer=good.references.customer))
    results = {each.key: each for each in hook.create_invoices([good, lost])}
    error = results[lost.key].error
    assert error is not None
    assert error.action is Action.REVIEW
    assert numbers(quickbooks) == ["A1"]


# -- exactly once -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_after_commit", "error_after_commit", "malformed_body", "truncated_body", "empty_body"])
def test_a_lost_answer_is_unknown_and_the_look_up_finds_the_one_document(hook: QuickBooksHook, quickbooks: Sandbox, fault: str) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", fault, method="POST", path="/invoice$")
    (result,) = hook.create_invoices([sent])
    assert result.outcome is Outcome.UNKNOWN
    (found,) = hook.find_invoice("US-SI-004711", INVOICE)
    assert differences(sent.document, found, sent.references.customer) == ()
    assert numbers(quickbooks) == ["US-SI-004711"]


def test_a_time_out_is_longer_than_the_vendors_and_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    assert hook.spec.read_timeout_seconds > 120
    assert hook.spec.settle_seconds > 120
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "timeout_after_commit", method="POST", path="/invoice$", seconds=5)
    (result,) = hook.create_invoices([sent])
    assert result.outcome is Outcome.UNKNOWN
    assert len(asked(quickbooks, "POST", "/invoice")) == 1


def test_the_same_sending_again_books_nothing_more_even_if_its_number_is_not_found(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "query_lag", lookups=1, times=1)
    (first,) = hook.create_invoices([sent])
    (second,) = hook.create_invoices([sent])
    assert first.remote == second.remote
    assert len(numbers(quickbooks)) == 1


def test_a_number_in_use_is_never_used_again_even_where_the_company_allows_it(hook: QuickBooksHook, us: Company) -> None:
    us.invoice(us.customer("Somebody Else"), "US-SI-004711")
    us.sandbox.inject("quickbooks", "allow_duplicate_numbers")
    error = refused(hook)
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert numbers(us.sandbox) == ["US-SI-004711"]


def test_a_number_that_the_vendor_refuses_is_looked_up_and_not_sent_again(hook: QuickBooksHook, us: Company) -> None:
    us.sandbox.inject("quickbooks", "query_lag", lookups=1, times=1)
    us.invoice(us.customer("Somebody Else"), "US-SI-004711")
    error = refused(hook)
    assert (error.action, error.outcome, error.code) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN, "6140")
    assert len(asked(us.sandbox, "POST", "/invoice")) == 2


def test_a_voided_document_does_not_hold_its_number_as_ours(hook: QuickBooksHook) -> None:
    _, remote = booked(hook)
    hook.void_invoice(remote, on=date(2026, 3, 3), reason="cancelled", key=key())
    assert hook.find_invoice("US-SI-004711", INVOICE) == []


def test_an_equal_request_still_running_is_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "request_in_flight", times=1)
    (result,) = hook.create_invoices([sent])
    assert result.error is not None
    assert (result.error.code, result.outcome) == ("600", Outcome.UNKNOWN)


def test_many_numbers_are_found_by_one_query_of_a_kind(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    for number in ("A1", "A2"):
        booked(hook, document(number=number))
    before = len(asked(quickbooks, "GET", "/query"))
    found = hook.find_invoices([("A1", INVOICE), ("A2", INVOICE), ("A3", INVOICE)])
    assert [len(each) for each in found.values()] == [1, 1, 0]
    assert len(asked(quickbooks, "GET", "/query")) == before + 1


def test_the_echo_shows_a_tax_that_the_platform_computed_otherwise(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document(lines=(line(**TAXED),), tax="3044.25"))
    quickbooks.inject("quickbooks", "wrong_tax", times=1)
    (result,) = hook.create_invoices([sent])
    assert result.remote is not None
    assert [each.field for each in differences(sent.document, result.remote, sent.references.customer)] == ["tax total", "total with tax"]


def test_the_echo_shows_a_number_that_the_company_gave_itself(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "auto_number")
    (result,) = hook.create_invoices([sent])
    assert result.remote is not None
    assert result.remote.number == "1001"
    assert [each.field for each in differences(sent.document, result.remote, sent.references.customer)] == ["number"]


# -- errors -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "action", "outcome"),
    [
        ("subscription_ended", "6190", Action.STOP, Outcome.DID_NOT_HAPPEN),
        ("no_permission", "5020", Action.STOP, Outcome.DID_NOT_HAPPEN),
        ("fault_under_200", "6000", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        ("system_failure", "10000", Action.LOOK_UP, Outcome.UNKNOWN),
    ],
)
def test_what_an_error_means(hook: QuickBooksHook, quickbooks: Sandbox, fault: str, code: str, action: Action, outcome: Outcome) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", fault, times=1)
    (result,) = hook.create_invoices([sent])
    assert result.error is not None
    assert (result.error.code, result.error.action, result.error.outcome) == (code, action, outcome)
    assert result.error.request_id.startswith("1-")
    assert numbers(quickbooks) == []


@pytest.mark.parametrize("code", ["6200", "6210"])
def test_a_closed_period_tells_a_person_how_to_go_on(hook: QuickBooksHook, quickbooks: Sandbox, code: str) -> None:
    quickbooks.inject("quickbooks", "lock_period", until="2026-12-31", code=code)
    error = refused(hook)
    assert (error.action, error.rule.name, error.code) == (Action.REVIEW, "period closed", code)
    assert "later posting date" in error.rule.fix


def test_throttling_is_waited_out(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    hook.token()
    quickbooks.inject("quickbooks", "throttle", times=1)
    assert hook.find_invoice("x", INVOICE) == []


def test_a_gateways_html_page_is_unknown_for_a_write_and_repeated_for_a_read(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "error_before_commit", method="POST", path="/invoice$", status=502, html=True)
    (result,) = hook.create_invoices([sent])
    assert result.outcome is Outcome.UNKNOWN
    quickbooks.inject("quickbooks", "error_before_commit", method="GET", status=503, html=True)
    assert hook.find_invoice("US-SI-004711", INVOICE) == []


def test_a_server_that_is_not_there_certainly_did_nothing(quickbooks: Sandbox) -> None:
    there = account_of(quickbooks)
    away = Account(host="http://127.0.0.1:9", login=there.login, password=there.password, extra=there.extra)
    with QuickBooksHook("quickbooks_us", account=away) as hook, pytest.raises(PlatformError) as error:
        hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "X" * 22}, "2050"),
        ({"lines": (line(tax_code="US-EX", item_code="CMP-RS-75", net_amount=Decimal("1.005")),)}, "6070"),
    ],
)
def test_what_the_connector_refuses_the_vendor_refuses_too(hook: QuickBooksHook, change: dict[str, Any], code: str) -> None:
    sales = document(**change)
    assert hook.refusals(sales)
    error = refused(hook, sales)
    assert (error.action, error.outcome, error.code) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, code)


def test_a_reference_that_is_gone_is_for_a_person(hook: QuickBooksHook) -> None:
    good = sending(hook, document())
    unknown = Sending(
        key=key(),
        document=good.document,
        references=References(customer="99999", entries=good.references.entries, settings=hook.settings()),
    )
    (result,) = hook.create_invoices([unknown])
    assert result.error is not None
    assert (result.error.action, result.error.code, result.error.field) == (Action.REVIEW, "2500", "CustomerRef")


def test_the_wrong_tax_regime_is_refused_with_a_way_out(quickbooks: Sandbox) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, tax_mode="global")) as hook:
        error = refused(hook, document(lines=(line(**TAXED),), tax="3044.25"))
    assert (error.code, error.rule.name) == ("6100", "invalid tax code")
    assert "tax_mode" in error.rule.fix


# -- reference lists --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (ReferenceKind.TAX_CODE, {"TAX", "NON", "California", "Texas"}),
        (ReferenceKind.TERMS, {"Net 30", "Net 14", "2% 10 Net 30", "Due on receipt"}),
        (ReferenceKind.CURRENCY, {"USD", "GBP", "AUD", "EUR"}),
        (ReferenceKind.DIMENSION, {"WHOLESALE", "SERVICE", "MAIN", "NORTH"}),
        (ReferenceKind.PAYMENT_METHOD, {"Wire", "Check", "Card"}),
        (ReferenceKind.ACCOUNT, {"1000", "1100", "1150", "2200", "4000", "4010", "4100", "4800", "4900"}),
        (ReferenceKind.UNIT, set()),
    ],
)
def test_the_platforms_own_lists_are_read(hook: QuickBooksHook, kind: ReferenceKind, codes: set[str]) -> None:
    assert {item.code for item in hook.list_reference(kind)} == codes


def test_items_are_listed_page_by_page_and_found_by_name(hook: QuickBooksHook, us: Company) -> None:
    hook.page_size = 10
    items = {item.code: item for item in hook.list_reference(ReferenceKind.ITEM)}
    assert len(items) == 36
    hook.page_size = 1000
    (found,) = hook.find_reference(ReferenceKind.ITEM, ["CMP-RS-75", "NOT-THERE"])
    assert (found, found.name, found.details["sku"]) == (items["CMP-RS-75"], "Rotary screw compressor 75 kW", "CMP-RS-75")


def test_an_inactive_item_is_found_and_marked(hook: QuickBooksHook, us: Company) -> None:
    table = us.simulator.realms[US_REALM].table("Item")
    table[us.item("CMP-RS-75")] = {**table[us.item("CMP-RS-75")], "Active": False}
    (found,) = hook.find_reference(ReferenceKind.ITEM, ["CMP-RS-75"])
    assert found.active is False


def test_a_location_with_the_name_of_a_class_is_told_apart(hook: QuickBooksHook, us: Company) -> None:
    realm = us.simulator.realms[US_REALM]
    realm.put("Department", {"Id": "9", "Active": True, "Name": "SERVICE"})
    found = {item.code: item.details["list"] for item in hook.list_reference(ReferenceKind.DIMENSION)}
    assert (found["SERVICE"], found["Location:SERVICE"]) == ("Class", "Department")


# -- preview ----------------------------------------------------------------------------------------------------------------------


def test_a_preview_shows_the_exact_request_and_sends_nothing(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    before = len(quickbooks.requests("quickbooks"))
    (shown,) = hook.preview([sent])
    (whole,) = hook.preview([sent, sent])
    assert len(quickbooks.requests("quickbooks")) == before
    assert (shown.method, shown.path) == ("POST", f"/v3/company/{US_REALM}/invoice?minorversion=75")
    assert '"Amount":36900.00' in shown.body
    assert "BatchItemRequest" in whole.body
    hook.create_invoices([sent])
    assert asked(quickbooks, "POST", "/invoice")[-1].body == shown.body


def test_the_mail_option_reaches_the_platform(hook: QuickBooksHook, us: Company) -> None:
    (result,) = hook.create_invoices([sending(hook, document(), send_email=True)])
    assert result.remote is not None
    assert us.get(f"/invoice/{result.remote.remote_id}")[1]["Invoice"]["EmailStatus"] == "NeedToSend"
