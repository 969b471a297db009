"""The simulator is as strict as the vendor: each fact of the contract, over HTTP, with nothing of the connector."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.platforms.zoho_books.conftest import SLUG, Organisation

from airbooks.platforms.zoho_books.sandbox.organisation import FIRST_ID
from airbooks.sandbox.server import Sandbox

# -- tokens, organisation, rates ------------------------------------------------------------------------------------------------------


def test_bad_credentials_are_an_error_under_http_200(org: Organisation) -> None:
    for wrong, error in (
        ({"refresh_token": "1000.none.none"}, "invalid_code"),
        ({"client_id": "1000.NOBODY"}, "invalid_client"),
        ({"client_secret": "no"}, "invalid_client_secret"),
    ):
        reply = org.token_request(**wrong)
        assert (reply.status_code, reply.json()) == (200, {"error": error})


def test_a_refresh_token_is_good_for_many_access_tokens_and_comes_only_with_a_code(org: Organisation) -> None:
    first, second = org.token_request().json(), org.token_request().json()
    assert first["access_token"] != second["access_token"]
    assert set(second) == {"access_token", "api_domain", "token_type", "expires_in"}
    assert (second["token_type"], second["expires_in"]) == ("Bearer", 3600)


def consent(org: Organisation) -> str:
    params = {"client_id": org.connection["login"], "response_type": "code", "redirect_uri": "https://app.example/back"}
    sent = httpx.get(f"{org.sandbox.base_url(SLUG)}/oauth/v2/auth", params=params)
    code = parse_qs(urlsplit(sent.headers["location"]).query)["code"][0]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://app.example/back"}
    return str(org.token_request(**form).json()["refresh_token"])


def test_the_21st_refresh_token_silently_ends_the_first(org: Organisation) -> None:
    for _ in range(19):
        consent(org)
    assert "access_token" in org.token_request().json()
    newest = consent(org)
    assert org.token_request().json() == {"error": "invalid_code"}
    assert "access_token" in org.token_request(refresh_token=newest).json()


def test_asking_for_too_many_access_tokens_is_refused(sandbox: Callable[..., Sandbox]) -> None:
    org = Organisation(sandbox(SLUG, time_scale=0.01))
    replies = [org.token_request() for _ in range(10)]
    assert [each.status_code for each in replies] == [200] * 9 + [400]
    assert replies[-1].json()["error"] == "Access Denied"


@pytest.mark.parametrize(("header", "code"), [("", 57), ("Bearer {}", 57), ("Zoho-oauthtoken nobody", 14)])
def test_only_zohos_own_scheme_opens_the_door(org: Organisation, header: str, code: int) -> None:
    token = org.client.headers["Authorization"].partition(" ")[2]
    status, body = org.ask("GET", "/items", headers={"Authorization": header.format(token)})
    assert (status, body["code"]) == (401, code)


def test_a_token_is_good_for_an_hour(org: Organisation) -> None:
    org.sandbox.simulators[SLUG].clock.offset = timedelta(minutes=61)
    assert org.ask("GET", "/items")[0] == 401


def test_the_organisation_is_named_on_every_call_and_a_foreign_one_is_refused(org: Organisation) -> None:
    status, body = org.ask("GET", "/items", organization_id="")
    assert (status, body["code"]) == (400, 4)
    status, body = org.ask("GET", "/items", organization_id="10234695")
    assert (status, body["code"]) == (401, 57)
    assert org.rows("/organizations")[0]["currency_code"] == "GBP"


def test_the_101st_call_in_a_minute_is_throttled(sandbox: Callable[..., Sandbox]) -> None:
    org = Organisation(sandbox(SLUG, time_scale=0.01))
    answers = [org.ask("GET", "/settings/taxes") for _ in range(101)]
    assert [status for status, _ in answers] == [200] * 100 + [429]
    assert answers[-1][1]["code"] == 44


def test_an_address_that_does_not_exist_has_the_vendors_words(org: Organisation) -> None:
    assert org.ask("POST", "/salesinvoices", {}) == (404, {"code": 5, "message": "Invalid URL Passed"})


# -- creating -------------------------------------------------------------------------------------------------------------------------


def test_an_invoice_is_created_as_a_draft_with_201_and_an_id_beyond_binary_floats(org: Organisation) -> None:
    status, body = org.create(org.body(org.contact()))
    made = body["invoice"]
    assert (status, body["code"], body["message"]) == (201, 0, "The invoice has been created.")
    assert made["status"] == "draft"
    assert int(made["invoice_id"]) > FIRST_ID > 2**53
    assert (made["sub_total"], made["tax_total"], made["total"], made["balance"]) == (100, 20, 120, 120)


def test_our_own_number_needs_the_flag_and_is_unique_also_after_a_void(org: Organisation) -> None:
    customer = org.contact()
    status, body = org.create(org.body(customer), ignore_auto_number_generation="false")
    assert (status, body["code"]) == (400, 4097)
    first = org.invoice(customer)
    status, body = org.create(org.body(customer))
    assert status == 400
    assert "already exists" in body["message"]
    assert org.ask("POST", f"/invoices/{first['invoice_id']}/status/void")[0] == 200
    assert org.create(org.body(customer))[0] == 400
    assert org.ask("DELETE", f"/invoices/{first['invoice_id']}")[0] == 200
    assert org.create(org.body(customer))[0] == 201


def test_without_a_number_the_series_gives_one(org: Organisation) -> None:
    body = org.body(org.contact())
    del body["invoice_number"]
    assert org.create(body, ignore_auto_number_generation="false")[1]["invoice"]["invoice_number"] == "INV-000001"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"customer_id": "1"}, "Invalid value passed for customer_id"),
        ({"date": "02/03/2026"}, "Invalid value passed for date"),
        ({"payment_terms": 101}, "Invalid value passed for payment_terms"),
        ({"invoice_number": "N" * 101}, "Please ensure that the invoice_number has less than 100 characters."),
        ({"line_items": []}, "Invalid value passed for line_items"),
        ({"memo": "x"}, "Invalid Element memo"),
        ({"currency_id": "1"}, "The currency of the transaction is not the currency of the customer"),
    ],
)
def test_a_head_that_zoho_does_not_take(org: Organisation, change: dict[str, Any], message: str) -> None:
    status, body = org.create(org.body(org.contact(), **change))
    assert (status, body["message"]) == (400, message)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"item_id": "1"}, "item_id"),
        ({"item_id": ""}, "item_id"),
        ({"quantity": 0}, "quantity"),
        ({"quantity": -1}, "quantity"),
        ({"tax_id": "1"}, "tax_id"),
        ({"tags": [{"tag_id": "1", "tag_option_id": "2"}]}, "tag_option_id"),
        ({"location_id": "1"}, "location_id"),
        ({"line_item_id": "1"}, "line_item_id"),
    ],
)
def test_a_line_that_zoho_does_not_take(org: Organisation, change: dict[str, Any], field: str) -> None:
    status, body = org.create(org.body(org.contact(), line_items=[org.line(**change)]))
    assert (status, body["message"]) == (400, f"Invalid value passed for {field}")


def test_a_line_without_tax_takes_the_items_own(org: Organisation) -> None:
    line = org.line()
    del line["tax_id"]
    assert org.create(org.body(org.contact(), line_items=[line]))[1]["invoice"]["tax_total"] == 20


def test_tax_is_rounded_per_rate_over_the_document_or_per_line_by_the_organisations_setting(org: Organisation) -> None:
    customer, lines = org.contact(), [org.line(0.33), org.line(0.33), org.line(0.33, tax_id=org.tax("Reduced Rate"))]
    made = org.create(org.body(customer, "A-1", line_items=lines))[1]["invoice"]
    assert (made["tax_total"], made["tax_rounding"]) == (Decimal("0.15"), "entity_level")
    org.sandbox.inject(SLUG, "tax_per_line")
    made = org.create(org.body(customer, "A-2", line_items=lines))[1]["invoice"]
    assert (made["tax_total"], made["tax_rounding"]) == (Decimal("0.16"), "item_level")


def test_discounts_shipping_and_adjustment_make_the_total(org: Organisation) -> None:
    customer = org.contact()
    lines = [org.line(200, discount="10%"), org.line(100, discount=5)]
    made = org.create(org.body(customer, "A-1", line_items=lines, discount_type="item_level"))[1]["invoice"]
    assert ([each["item_total"] for each in made["line_items"]], made["sub_total"]) == ([180, 95], 275)
    more = {
        "discount_type": "entity_level",
        "discount": 30,
        "shipping_charge": 12.5,
        "shipping_charge_tax_id": org.tax(),
        "adjustment": -0.01,
    }
    made = org.create(org.body(customer, "A-2", line_items=[org.line(300)], **more))[1]["invoice"]
    assert (made["sub_total"], made["tax_total"], made["total"]) == (300, Decimal("56.50"), Decimal("338.99"))


def test_prices_with_tax_have_it_taken_out(org: Organisation) -> None:
    made = org.create(org.body(org.contact(), line_items=[org.line(120)], is_inclusive_tax=True))[1]["invoice"]
    assert (made["tax_total"], made["total"]) == (20, 120)


# -- the unique custom field -----------------------------------------------------------------------------------------------------------


def by_key(value: str, *, upsert: bool = True, field: str = "cf_acd_id") -> dict[str, str]:
    headers = {"X-Unique-Identifier-Key": field, "X-Unique-Identifier-Value": value}
    return {**headers, "X-Upsert": "true"} if upsert else headers


def put(org: Organisation, body: dict[str, Any], headers: dict[str, str]) -> tuple[int, dict[str, Any]]:
    return org.ask("PUT", "/invoices", body, headers, ignore_auto_number_generation="true")


def test_an_upsert_creates_once_and_then_overwrites_what_anybody_wrote(org: Organisation) -> None:
    body = org.body(org.contact(), custom_fields=[{"api_name": "cf_acd_id", "value": "K-1"}])
    assert put(org, body, by_key("K-1", upsert=False))[0] == 400
    first = put(org, body, by_key("K-1"))[1]["invoice"]
    assert org.ask("PUT", f"/invoices/{first['invoice_id']}", {"notes": "by hand"})[0] == 200
    second = put(org, {**body, "notes": "ours"}, by_key("K-1"))[1]["invoice"]
    assert (second["invoice_id"], second["notes"]) == (first["invoice_id"], "ours")


def test_the_header_alone_does_not_fill_the_field_and_a_field_not_unique_is_no_key(org: Organisation) -> None:
    body = org.body(org.contact())
    assert put(org, body, by_key("K-1"))[0] == 200
    assert put(org, body, by_key("K-1"))[0] == 400  # the number is taken; the field was never set
    assert put(org, body, by_key("K-1", field="cf_other"))[0] == 400


def test_a_value_is_refused_in_a_second_document(org: Organisation) -> None:
    customer, own = org.contact(), [{"api_name": "cf_acd_id", "value": "K-1"}]
    assert org.create(org.body(customer, "A-1", custom_fields=own))[0] == 201
    assert org.create(org.body(customer, "A-2", custom_fields=own))[0] == 400


# -- change, status, void, delete ------------------------------------------------------------------------------------------------------


def test_a_line_with_its_id_is_changed_one_without_is_added_one_left_out_is_deleted(org: Organisation) -> None:
    made = org.invoice(org.contact(), line_items=[org.line(10), org.line(20)])
    kept = made["line_items"][0]["line_item_id"]
    lines = [{"line_item_id": kept, "rate": 15}, org.line(40)]
    status, body = org.ask("PUT", f"/invoices/{made['invoice_id']}", {"line_items": lines})
    assert status == 200
    assert [(each["line_item_id"] == kept, each["rate"]) for each in body["invoice"]["line_items"]] == [(True, 15), (False, 40)]


def test_status_goes_from_draft_to_sent_to_void_and_back_to_draft_only_from_void(org: Organisation) -> None:
    row_id = org.invoice(org.contact(), sent=False, due_date="2999-01-01")["invoice_id"]
    assert org.ask("POST", f"/invoices/{row_id}/status/draft")[0] == 400
    for wanted in ("sent", "void", "draft", "sent"):
        assert org.ask("POST", f"/invoices/{row_id}/status/{wanted}")[0] == 200
        assert org.read(row_id)["status"] == wanted


def test_an_overdue_invoice_says_so_even_where_part_is_paid(org: Organisation) -> None:
    customer = org.contact()
    row_id = org.invoice(customer, date="2026-01-01", due_date="2026-01-31")["invoice_id"]
    assert org.pay(customer, 20, (row_id, 20))[0] == 201
    shown = org.read(row_id)
    assert (shown["status"], shown["balance"], shown["payment_made"]) == ("overdue", 100, 20)


def test_a_void_keeps_total_and_balance_and_leaves_its_payments_as_credit(org: Organisation) -> None:
    customer = org.contact()
    row_id = org.invoice(customer)["invoice_id"]
    payment = org.pay(customer, 50, (row_id, 50))[1]["payment"]
    assert org.ask("DELETE", f"/invoices/{row_id}")[0] == 400
    assert org.ask("POST", f"/invoices/{row_id}/status/void")[0] == 200
    shown = org.read(row_id)
    assert (shown["status"], shown["total"], shown["balance"]) == ("void", 120, 120)
    left = org.ask("GET", f"/customerpayments/{payment['payment_id']}")[1]["payment"]
    assert (left["unused_amount"], left["invoices"]) == (50, [])


def test_nothing_moves_in_a_locked_period(org: Organisation) -> None:
    customer = org.contact()
    row_id = org.invoice(customer, date="2026-01-10")["invoice_id"]
    org.sandbox.inject(SLUG, "lock_period", until="2026-01-31")
    for method, path in (("PUT", ""), ("DELETE", ""), ("POST", "/status/void")):
        status, body = org.ask(method, f"/invoices/{row_id}{path}", {})
        assert status == 400
        assert "locked" in body["message"]
    assert org.create(org.body(customer, "A-2", date="2026-01-31"))[0] == 400
    assert org.create(org.body(customer, "A-2", date="2026-02-01"))[0] == 201


def test_an_absent_document_is_404_code_1002(org: Organisation) -> None:
    assert org.ask("GET", "/invoices/1") == (404, {"code": 1002, "message": "Invoice does not exist."})


# -- payments --------------------------------------------------------------------------------------------------------------------------


def test_a_payment_lowers_the_balance_bumps_the_invoice_and_deleting_it_reverts(org: Organisation) -> None:
    customer = org.contact()
    row_id = org.invoice(customer, due_date="2999-01-01")["invoice_id"]
    org.sandbox.simulators[SLUG].clock.offset = timedelta(minutes=1)
    before = org.read(row_id)["last_modified_time"]
    payment = org.pay(customer, 130, (row_id, 120))[1]["payment"]
    shown = org.read(row_id)
    assert (shown["status"], shown["balance"], payment["unused_amount"]) == ("paid", 0, 10)
    assert (payment["account_name"], shown["last_modified_time"] > before) == ("Undeposited Funds", True)
    assert org.rows(f"/invoices/{row_id}/payments")[0]["amount"] == 120
    assert org.ask("DELETE", f"/customerpayments/{payment['payment_id']}")[0] == 200
    assert org.read(row_id)["status"] == "sent"


def test_a_list_of_payments_names_invoices_as_text_and_no_amounts_applied(org: Organisation) -> None:
    customer = org.contact()
    org.pay(customer, 20, (org.invoice(customer)["invoice_id"], 20), description="[bank 1]")
    (row,) = org.rows("/customerpayments")
    assert (row["invoice_numbers"], row["applied_invoices"], "description" in row) == ("UK-SI-000001", [], False)


def test_drafts_other_customers_and_more_than_the_balance_are_not_paid(org: Organisation) -> None:
    customer, other = org.contact(), org.contact("Southgate")
    draft = org.invoice(customer, "A-1", sent=False)["invoice_id"]
    sent = org.invoice(customer, "A-2")["invoice_id"]
    refused = [org.pay(customer, 20, (draft, 20)), org.pay(other, 20, (sent, 20)), org.pay(customer, 130, (sent, 130))]
    refused += [org.pay(customer, 20, (sent, 30)), org.pay(customer, 200, (sent, 100), (sent, 100))]
    assert [status for status, _ in refused] == [400] * 5


# -- contacts and lists ----------------------------------------------------------------------------------------------------------------


def test_a_contacts_name_is_unique_without_regard_to_case(org: Organisation) -> None:
    org.contact("Northgate Air Ltd")
    status, body = org.ask("POST", "/contacts", {"contact_name": "northgate AIR Ltd"})
    assert (status, body["code"]) == (400, 3062)


def test_a_document_has_its_customers_currency(org: Organisation) -> None:
    customer = org.contact("Werk", currency_id=org.currency("EUR"))
    assert org.create(org.body(customer, "A-1", currency_id=org.currency("GBP")))[0] == 400
    assert org.create(org.body(customer, "A-1"))[1]["invoice"]["currency_code"] == "EUR"


def test_a_filter_that_a_list_does_not_know_is_ignored_without_a_word(org: Organisation) -> None:
    customer = org.contact()
    org.invoice(customer, "A-1")
    org.invoice(customer, "A-2")
    assert [row["invoice_number"] for row in org.rows("/invoices", invoice_number="A-2")] == ["A-2"]
    assert len(org.rows("/invoices", invoice_no="A-2")) == 2
    assert [row["invoice_number"] for row in org.rows("/invoices", invoice_number_startswith="A-")] == ["A-1", "A-2"]
    assert "sub_total" not in org.rows("/invoices")[0]


def test_contacts_and_items_are_read_by_id(org: Organisation) -> None:
    customer = org.contact()
    assert org.ask("GET", f"/contacts/{customer}")[1]["contact"]["contact_name"] == "Northgate Air Ltd"
    assert org.ask("GET", f"/items/{org.item()}")[1]["item"]["sku"] == "FLT-PRE-30"
    assert org.ask("GET", "/contacts/1")[0] == 404


def test_pages_follow_each_other_until_there_is_no_more(org: Organisation) -> None:
    status, body = org.ask("GET", "/items", page=1, per_page=10)
    assert (status, len(body["items"]), body["page_context"]["has_more_page"]) == (200, 10, True)
    count = len(org.rows("/items"))
    last = org.ask("GET", "/items", page=(count + 9) // 10, per_page=10)[1]
    assert not last["page_context"]["has_more_page"]


def test_accounts_taxes_currencies_tags_and_locations_are_set_up(org: Organisation) -> None:
    assert {row["account_code"] for row in org.rows("/chartofaccounts", filter_by="AccountType.Income")} >= {"4000", "4010", "4100", "4900"}
    assert "Operating bank" in {row["account_name"] for row in org.rows("/bankaccounts")}
    assert {row["currency_code"] for row in org.rows("/settings/currencies")} == {"GBP", "USD", "AUD", "EUR"}
    assert {row["location_name"] for row in org.rows("/locations")} == {"MAIN", "NORTH"}
    (tag,) = org.rows("/reportingtags", "tags")
    options = org.rows(f"/reportingtags/{tag['tag_id']}/options/all", "results")
    assert [each["option_name"] for each in options] == ["Untagged", "WHOLESALE", "SERVICE"]


def test_a_credit_note_can_be_a_draft_is_open_then_and_void_at_the_end(org: Organisation) -> None:
    body = {"customer_id": org.contact(), "creditnote_number": "CN-1", "line_items": [org.line()], "is_draft": True}
    status, answer = org.ask("POST", "/creditnotes", body, ignore_auto_number_generation="true")
    row_id = answer["creditnote"]["creditnote_id"]
    assert (status, answer["creditnote"]["status"], answer["creditnote"]["total"]) == (201, "draft", 120)
    for wanted in ("open", "void"):
        assert org.ask("POST", f"/creditnotes/{row_id}/status/{wanted}")[0] == 200
        assert org.ask("GET", f"/creditnotes/{row_id}")[1]["creditnote"]["status"] == wanted
    assert org.ask("POST", "/creditnotes", body, ignore_auto_number_generation="true")[1]["code"] == 12018
