"""What QuickBooks Online promises and refuses, asked of the simulator over real HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.quickbooks.conftest import Company, Json

from airbooks.platforms.quickbooks.sandbox.seed import GB_REALM, US_REALM
from airbooks.sandbox.server import Sandbox


def code(reply: tuple[int, Json]) -> tuple[int, str]:
    status, body = reply
    return status, body["Fault"]["Error"][0]["code"]


# -- OAuth ------------------------------------------------------------------------------------------------------------------


def test_a_user_who_consents_sends_back_a_code_that_buys_tokens_once(us: Company) -> None:
    base = us.sandbox.base_url("quickbooks")
    asked = {"client_id": us.connection["login"], "response_type": "code", "redirect_uri": "http://127.0.0.1/callback", "state": "s1"}
    back = httpx.get(f"{base}/connect/oauth2", params={**asked, "realmId": GB_REALM})
    answer = httpx.URL(back.headers["location"]).params
    assert (back.status_code, answer["state"], answer["realmId"]) == (302, "s1", GB_REALM)
    form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": "http://127.0.0.1/callback"}
    tokens = us.token_request(**form).json()
    assert (tokens["token_type"], tokens["expires_in"], tokens["x_refresh_token_expires_in"]) == ("bearer", 3600, 8_726_400)
    assert us.token_request(**form).json()["error"] == "invalid_grant"


def test_an_access_token_ends_after_an_hour_with_the_gateways_lower_case_fault(us: Company) -> None:
    us.simulator.clock.offset = timedelta(seconds=3601)
    status, body = us.get(f"/companyinfo/{us.realm}")
    assert (status, body["fault"]["error"][0]["code"], body["fault"]["type"]) == (401, "3200", "AUTHENTICATION")
    assert "Fault" not in body
    assert body["batchItemResponse"] == []


def test_the_refresh_token_changes_after_a_day_and_the_old_one_stops_working(us: Company) -> None:
    old = us.connection["extra"]["refresh_token"]
    same = us.token_request(grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
    us.simulator.clock.offset = timedelta(hours=25)
    new = us.token_request(grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
    refused = us.token_request(grant_type="refresh_token", refresh_token=old)
    assert same == old != new
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_an_unused_refresh_token_expires_after_101_days(us: Company) -> None:
    us.simulator.clock.offset = timedelta(days=102)
    refused = us.token_request(grant_type="refresh_token", refresh_token=us.connection["extra"]["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_client_credentials_do_not_exist_and_a_wrong_secret_is_refused(us: Company) -> None:
    assert us.token_request(grant_type="client_credentials").json()["error"] == "unsupported_grant_type"
    us.connection["password"] = "wrong"
    refused = us.token_request(grant_type="refresh_token", refresh_token=us.connection["extra"]["refresh_token"])
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_revoking_ends_every_token_of_the_connection(us: Company) -> None:
    base, token = us.sandbox.base_url("quickbooks"), us.connection["extra"]["refresh_token"]
    auth = (us.connection["login"], us.connection["password"])
    assert httpx.post(f"{base}/v2/oauth2/tokens/revoke", json={"token": token}, auth=auth).status_code == 200
    assert us.get("/preferences")[0] == 401


def test_a_token_opens_only_its_own_company(us: Company) -> None:
    other = us.client.get(f"{us.sandbox.base_url('quickbooks')}/v3/company/{GB_REALM}/companyinfo/{GB_REALM}")
    assert code((other.status_code, other.json())) == (403, "3100")


# -- the envelope -----------------------------------------------------------------------------------------------------------


def test_without_an_accept_header_the_answer_is_xml(us: Company) -> None:
    reply = us.client.get(f"/companyinfo/{us.realm}", headers={"Accept": "*/*"})
    assert reply.headers["content-type"] == "application/xml"
    assert "<Country>US</Country>" in reply.text


def test_each_answer_has_a_trace_id_and_the_servers_time_with_an_offset(us: Company) -> None:
    reply = us.client.get(f"/companyinfo/{us.realm}")
    assert reply.headers["intuit_tid"].startswith("1-")
    assert reply.json()["time"].endswith("-08:00")


def test_put_does_not_exist(us: Company) -> None:
    assert us.client.put("/invoice", json={}).status_code == 405


def test_the_second_limit_of_ten_calls_is_answered_429_by_the_gateway(sandbox: Callable[..., Sandbox]) -> None:
    company = Company(sandbox("quickbooks", time_scale=0.01), US_REALM)
    replies = [company.get("/preferences") for _ in range(11)]
    assert [status for status, _ in replies] == [200] * 10 + [429]
    assert replies[-1][1]["fault"]["error"][0]["code"] == "3001"
    company.simulator.clock.offset = timedelta(seconds=101)
    assert company.get("/preferences")[0] == 200


def test_batches_have_a_limit_of_their_own(sandbox: Callable[..., Sandbox]) -> None:
    company = Company(sandbox("quickbooks", time_scale=0.01), US_REALM)
    statuses = []
    for second in range(41):
        company.simulator.clock.offset = timedelta(seconds=30 * second)
        statuses.append(company.post("/batch", {"BatchItemRequest": [{"bId": "1", "Query": "select * from Term"}]})[0])
    assert statuses == [200] * 40 + [429]


# -- the seeded companies -----------------------------------------------------------------------------------------------------


def test_the_two_companies_differ_in_country_home_currency_and_tax_codes(us: Company, gb: Company) -> None:
    for company, country, home in ((us, "US", "USD"), (gb, "GB", "GBP")):
        assert company.get(f"/companyinfo/{company.realm}")[1]["CompanyInfo"]["Country"] == country
        preferences = company.query("select * from Preferences")[1]["QueryResponse"]["Preferences"][0]
        assert preferences["CurrencyPrefs"] == {"MultiCurrencyEnabled": True, "HomeCurrency": {"value": home}}
        assert preferences["SalesFormsPrefs"]["CustomTxnNumbers"] is True
    assert {row["Name"] for row in us.found("TaxCode")} == {"TAX", "NON", "California", "Texas"}
    assert {row["Name"] for row in gb.found("TaxCode")} == {"20.0% S", "5.0% R", "0.0% Z", "20.0% RC SG"}


def test_the_catalogue_is_seeded_under_its_own_codes(us: Company) -> None:
    (item,) = us.found("Item", "where Name = 'CMP-RS-75'")
    assert (item["UnitPrice"], item["Type"], item["IncomeAccountRef"]["name"]) == (Decimal("18450.00"), "NonInventory", "Equipment sales")
    (freight,) = us.found("Item", "where Name = 'FRT-STD'")
    assert (freight["Type"], freight["IncomeAccountRef"]["name"]) == ("Service", "Freight income")


# -- customers --------------------------------------------------------------------------------------------------------------


def test_a_display_name_is_unique_over_customers_and_vendors_in_any_case_and_state(us: Company) -> None:
    first = us.customer("Northgate Air Ltd (C-US-0042)")
    assert us.post("/customer", {"Id": first, "SyncToken": "0", "sparse": True, "Active": False})[0] == 200
    assert code(us.post("/customer", {"DisplayName": "NORTHGATE AIR LTD (C-US-0042)"})) == (400, "6240")
    assert code(us.post("/customer", {"DisplayName": "Bauer Kompressoren Vertrieb"})) == (400, "6240")


@pytest.mark.parametrize("name", ["Air: Ltd", "Air\tLtd", "Air\nLtd"])
def test_a_display_name_has_no_colon_tab_or_line_end(us: Company, name: str) -> None:
    assert code(us.post("/customer", {"DisplayName": name})) == (400, "6000")


def test_a_customers_currency_is_fixed_at_creation(us: Company) -> None:
    euro = us.customer("Druckluft Nord GmbH", "EUR")
    change = {"Id": euro, "SyncToken": "0", "sparse": True, "CurrencyRef": {"value": "USD"}}
    assert code(us.post("/customer", change)) == (400, "6000")
    assert code(us.post("/invoice", us.invoice_body(euro, CurrencyRef={"value": "USD"}))) == (400, "6000")
    assert code(us.post("/invoice", us.invoice_body(euro))) == (400, "6000")


def test_an_inactive_customer_is_hidden_from_queries_unless_asked_for(us: Company) -> None:
    row = us.customer("O'Brien \\ Sons")
    where = "where DisplayName = 'O\\'Brien \\\\ Sons'"
    assert [each["Id"] for each in us.found("Customer", where)] == [row]
    us.post("/customer", {"Id": row, "SyncToken": "0", "sparse": True, "Active": False})
    assert us.found("Customer", where) == []
    assert len(us.found("Customer", f"{where} and Active in (true, false)")) == 1
    assert code(us.post("/invoice", us.invoice_body(row))) == (400, "610")


def test_a_customer_keeps_what_a_sparse_update_does_not_name(us: Company) -> None:
    _, created = us.post("/customer", {"DisplayName": "Harbor Air", "PrimaryEmailAddr": {"Address": "ap@harbor.example"}})
    _, updated = us.post("/customer", {"Id": created["Customer"]["Id"], "SyncToken": "0", "sparse": True, "CompanyName": "Harbor Air Inc"})
    assert updated["Customer"]["PrimaryEmailAddr"] == {"Address": "ap@harbor.example"}
    assert updated["Customer"]["SyncToken"] == "1"


# -- invoices ---------------------------------------------------------------------------------------------------------------


def test_the_smallest_invoice_is_answered_200_with_everything_the_server_adds(us: Company) -> None:
    invoice = us.invoice(us.customer(), TxnDate="2025-11-03", SalesTermRef={"value": us.named("Term", "Net 30")})
    assert (invoice["Id"].isdigit(), invoice["SyncToken"], invoice["DocNumber"]) == (True, "0", "US-SI-000001")
    assert (invoice["TotalAmt"], invoice["Balance"], invoice["DueDate"]) == (Decimal("84.50"), Decimal("84.50"), "2025-12-03")
    assert invoice["CustomerRef"]["name"] == "Northgate Air Ltd"
    assert invoice["CurrencyRef"]["value"] == "USD"
    assert invoice["Line"][-1] == {"Amount": Decimal("84.50"), "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}
    assert [line["Id"] for line in invoice["Line"][:-1]] == ["1"]
    assert us.get(f"/invoice/{invoice['Id']}")[1]["Invoice"] == invoice


def test_a_full_foreign_invoice_keeps_its_fields_and_counts_the_discount(us: Company) -> None:
    customer = us.customer("Druckluft Nord GmbH", "EUR")
    lines = [us.line("36900.00", "2"), us.line("1014.00", "12"), us.line("480.00")]
    discount = {"Amount": 1895.70, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}
    invoice = us.invoice(
        customer,
        CurrencyRef={"value": "EUR"},
        ExchangeRate=1.087,
        Line=[*lines, discount],
        PrivateNote="SO-88120",
        CustomerMemo={"value": "Tail-lift"},
        DepartmentRef={"value": us.named("Department", "MAIN")},
        CustomField=[{"DefinitionId": "1", "Type": "StringType", "StringValue": "PO-88213"}],
        BillAddr={"Line1": "Druckluft Nord GmbH", "City": "Kiel", "Country": "DE"},
        ApplyTaxAfterDiscount=True,
    )
    assert (invoice["TotalAmt"], invoice["HomeTotalAmt"]) == (Decimal("36498.30"), Decimal("39673.65"))
    assert invoice["CustomField"][0] == {"DefinitionId": "1", "Name": "PO Number", "Type": "StringType", "StringValue": "PO-88213"}
    assert (invoice["DepartmentRef"]["name"], invoice["CustomerMemo"], invoice["PrivateNote"]) == (
        "MAIN",
        {"value": "Tail-lift"},
        "SO-88120",
    )


def test_without_a_rate_the_days_rate_is_used(us: Company) -> None:
    invoice = us.invoice(us.customer("Leeds Air Ltd", "GBP"), CurrencyRef={"value": "GBP"})
    assert invoice["ExchangeRate"] == Decimal("1.265823")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"CustomerRef": None}, "2020"),
        ({"Line": []}, "2020"),
        ({"Line": None}, "2020"),
        ({"CustomerRef": {"value": "9999"}}, "2500"),
        ({"SalesTermRef": {"value": "9999"}}, "2500"),
        ({"DepartmentRef": {"value": "9999"}}, "2500"),
        ({"DocNumber": "US-SI-000000000000123456"}, "2050"),
        ({"CustomerMemo": {"value": "x" * 1001}}, "2050"),
        ({"BillEmail": {"Address": f"{'x' * 95}@b.example"}}, "2050"),
        ({"CustomField": [{"DefinitionId": "1", "Type": "StringType", "StringValue": "x" * 32}]}, "2050"),
        ({"EmailStatus": "NeedToSend"}, "2020"),
        ({"EmailStatus": "Sent"}, "2010"),
        ({"TxnDate": "03/11/2025"}, "2010"),
        ({"ReferenceNumber": "US-SI-000001"}, "2010"),
        ({"CurrencyRef": {"value": "CHF"}}, "2500"),
    ],
)
def test_an_invoice_that_breaks_a_rule_is_refused_and_not_booked(us: Company, change: Json, expected: str) -> None:
    body = us.invoice_body(us.customer()) | change
    assert code(us.post("/invoice", body)) == (400, expected)
    assert us.sandbox.books("quickbooks").documents == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"Amount": 84.51}, "6070"),
        ({"Amount": None}, "2020"),
        ({"Description": "x" * 4001}, "2050"),
        ({"DetailType": "AccountLine"}, "2010"),
        ({"AccountRef": {"value": "5"}}, "2010"),
    ],
)
def test_a_line_that_breaks_a_rule_is_refused(us: Company, line: Json, expected: str) -> None:
    body = us.invoice_body(us.customer())
    body["Line"][0] |= line
    assert code(us.post("/invoice", body)) == (400, expected)


def test_a_fault_names_its_element_and_type(us: Company) -> None:
    _, body = us.post("/invoice", us.invoice_body(us.customer(), "X" * 22))
    assert body["Fault"]["type"] == "ValidationFault"
    assert body["Fault"]["Error"][0]["element"] == "DocNumber"


def test_a_sales_line_without_an_item_is_documentation_and_its_amount_is_not_counted(us: Company) -> None:
    text = {"Amount": 500.00, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": {}, "Description": "as agreed"}
    assert us.invoice(us.customer(), Line=[us.line(), text])["TotalAmt"] == Decimal("84.50")


def test_only_one_discount_line_and_none_that_exceeds_the_goods(us: Company) -> None:
    customer = us.customer()
    percent = {"DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": True, "DiscountPercent": 5}}
    assert us.invoice(customer, Line=[us.line(), percent])["TotalAmt"] == Decimal("80.27")
    assert code(us.post("/invoice", us.invoice_body(customer, "X2", Line=[us.line(), percent, percent]))) == (400, "6000")
    too_much = {"Amount": 90, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}
    assert code(us.post("/invoice", us.invoice_body(customer, "X3", Line=[us.line(), too_much]))) == (400, "6000")


# -- tax --------------------------------------------------------------------------------------------------------------------


def test_us_lines_take_tax_or_non_and_the_transaction_picks_the_rate(us: Company) -> None:
    customer, texas = us.customer(), us.named("TaxCode", "Texas")
    lines = [us.line("100.00", tax="TAX"), us.line("50.00", tax="NON")]
    invoice = us.invoice(customer, Line=lines, TxnTaxDetail={"TxnTaxCodeRef": {"value": texas}})
    assert (invoice["TxnTaxDetail"]["TotalTax"], invoice["TotalAmt"]) == (Decimal("8.25"), Decimal("158.25"))
    assert code(us.post("/invoice", us.invoice_body(customer, "X2", Line=[us.line(tax=texas)]))) == (400, "6100")


def test_without_a_transaction_tax_code_a_us_invoice_has_no_tax(us: Company) -> None:
    assert us.invoice(us.customer(), Line=[us.line(tax="TAX")])["TxnTaxDetail"]["TotalTax"] == 0


def test_automated_sales_tax_ignores_the_code_and_obeys_a_given_total(us: Company) -> None:
    us.sandbox.inject("quickbooks", "automated_sales_tax")
    customer, texas = us.customer(), us.named("TaxCode", "Texas")
    more: Json = {"Line": [us.line("100.00", tax="TAX")], "ShipAddr": {"CountrySubDivisionCode": "CA"}}
    computed = us.invoice(customer, "A1", **more, TxnTaxDetail={"TxnTaxCodeRef": {"value": texas}})
    given = us.invoice(customer, "A2", **more, TxnTaxDetail={"TotalTax": 8.25})
    assert (computed["TxnTaxDetail"]["TotalTax"], given["TxnTaxDetail"]["TotalTax"]) == (Decimal("7.25"), Decimal("8.25"))


@pytest.mark.parametrize(("after", "tax"), [(True, "18.00"), (False, "20.00")])
def test_apply_tax_after_discount_decides_whether_the_discount_lowers_the_taxable_base(gb: Company, after: bool, tax: str) -> None:
    discount = {"Amount": 10, "DetailType": "DiscountLineDetail", "DiscountLineDetail": {"PercentBased": False}}
    lines = [gb.line("100.00", tax=gb.named("TaxCode", "20.0% S")), discount]
    invoice = gb.invoice(gb.customer(), Line=lines, GlobalTaxCalculation="TaxExcluded", ApplyTaxAfterDiscount=after)
    assert invoice["TxnTaxDetail"]["TotalTax"] == Decimal(tax)


def test_outside_the_us_every_sales_line_needs_a_tax_code_id_and_the_document_its_mode(gb: Company) -> None:
    customer = gb.customer()
    assert code(gb.post("/invoice", gb.invoice_body(customer, GlobalTaxCalculation="TaxExcluded"))) == (400, "6000")
    standard = gb.line("100.00", tax=gb.named("TaxCode", "20.0% S"))
    assert code(gb.post("/invoice", gb.invoice_body(customer, Line=[standard]))) == (400, "2020")
    unknown = gb.line("100.00", tax="TAX")
    assert code(gb.post("/invoice", gb.invoice_body(customer, Line=[unknown], GlobalTaxCalculation="TaxExcluded"))) == (400, "2500")


def test_tax_is_computed_per_rate_over_summed_nets(gb: Company) -> None:
    standard, reduced = gb.named("TaxCode", "20.0% S"), gb.named("TaxCode", "5.0% R")
    lines = [gb.line("0.03", tax=reduced), gb.line("0.03", tax=reduced), gb.line("0.04", tax=reduced), gb.line("100.00", tax=standard)]
    invoice = gb.invoice(gb.customer(), Line=lines, GlobalTaxCalculation="TaxExcluded")
    assert invoice["TxnTaxDetail"]["TotalTax"] == Decimal("20.01")
    bases = [line["TaxLineDetail"]["NetAmountTaxable"] for line in invoice["TxnTaxDetail"]["TaxLine"]]
    assert bases == [Decimal("0.10"), Decimal("100.00")]


# -- numbers ----------------------------------------------------------------------------------------------------------------


def test_a_number_is_used_once_unless_the_caller_or_the_company_allows_it(us: Company) -> None:
    customer = us.customer()
    first = us.invoice(customer)
    status, refused = us.post("/invoice", us.invoice_body(customer))
    assert (status, refused["Fault"]["Error"][0]["code"]) == (400, "6140")
    assert f"TxnId={first['Id']}" in refused["Fault"]["Error"][0]["Detail"]
    assert us.post("/invoice", us.invoice_body(customer), include="allowduplicatedocnum")[0] == 200
    us.sandbox.inject("quickbooks", "allow_duplicate_numbers")
    assert us.post("/invoice", us.invoice_body(customer))[0] == 200


def test_an_omitted_number_stays_empty_and_auto_generate_asks_for_one(us: Company) -> None:
    customer = us.customer()
    assert "DocNumber" not in us.invoice(customer, DocNumber=None)
    assert us.invoice(customer, "AUTO_GENERATE")["DocNumber"] == "1001"


def test_a_company_that_numbers_itself_ignores_our_number(us: Company) -> None:
    us.sandbox.inject("quickbooks", "auto_number")
    assert us.invoice(us.customer())["DocNumber"] == "1001"
    assert us.get("/preferences")[1]["Preferences"]["SalesFormsPrefs"]["CustomTxnNumbers"] is False


# -- idempotency ------------------------------------------------------------------------------------------------------------


def test_the_same_requestid_returns_the_first_answer_and_books_nothing_more(us: Company) -> None:
    customer = us.customer()
    first = us.post("/invoice", us.invoice_body(customer, "A1"), requestid="key-1")
    again = us.post("/invoice", us.invoice_body(customer, "A2"), requestid="key-1")
    assert again[1]["Invoice"] == first[1]["Invoice"]
    assert len(us.sandbox.books("quickbooks").documents) == 1


def test_a_refused_request_does_not_use_up_its_requestid(us: Company) -> None:
    customer = us.customer()
    assert code(us.post("/invoice", us.invoice_body(customer, "X" * 22), requestid="key-1")) == (400, "2050")
    assert us.post("/invoice", us.invoice_body(customer), requestid="key-1")[0] == 200


def test_a_requestid_has_at_most_50_characters_36_on_batches(us: Company) -> None:
    customer = us.customer()
    assert code(us.post("/invoice", us.invoice_body(customer), requestid="x" * 51)) == (400, "2130")
    item = {"bId": "1", "operation": "create", "Invoice": us.invoice_body(customer)}
    assert code(us.post("/batch", {"BatchItemRequest": [item]}, requestid="x" * 37)) == (400, "2130")
    long_id = {"BatchItemRequest": [{**item, "bId": "12345678901"}]}
    assert code(us.post("/batch", long_id, requestid="x" * 36)) == (400, "2130")


# -- update, void, delete -----------------------------------------------------------------------------------------------------


def test_a_sparse_update_keeps_the_header_and_replaces_all_lines(us: Company) -> None:
    invoice = us.invoice(us.customer(), PrivateNote="keep me", Line=[us.line(), us.line("10.00")])
    change = {"Id": invoice["Id"], "SyncToken": "0", "sparse": True, "Line": [us.line("5.00")]}
    _, reply = us.post("/invoice", change)
    updated = reply["Invoice"]
    assert (updated["TotalAmt"], updated["PrivateNote"], updated["SyncToken"]) == (Decimal("5.00"), "keep me", "1")
    assert (updated["DocNumber"], updated["MetaData"]["CreateTime"]) == (invoice["DocNumber"], invoice["MetaData"]["CreateTime"])


def test_a_full_update_clears_what_it_leaves_out(us: Company) -> None:
    customer = us.customer()
    invoice = us.invoice(customer, PrivateNote="gone soon")
    _, reply = us.post("/invoice", {**us.invoice_body(customer), "Id": invoice["Id"], "SyncToken": "0"})
    assert "PrivateNote" not in reply["Invoice"]


def test_a_stale_sync_token_is_refused(us: Company) -> None:
    invoice = us.invoice(us.customer())
    change = {"Id": invoice["Id"], "SyncToken": "0", "sparse": True, "PrivateNote": "one"}
    assert us.post("/invoice", change)[0] == 200
    assert code(us.post("/invoice", change)) == (400, "5010")
    assert code(us.post("/invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")) == (400, "5010")


def test_void_zeroes_the_amounts_and_keeps_number_and_record(us: Company) -> None:
    customer = us.customer()
    invoice = us.invoice(customer, PrivateNote="SO-1")
    _, reply = us.post("/invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")
    void = reply["Invoice"]
    assert (void["TotalAmt"], void["Balance"], void["PrivateNote"], void["SyncToken"]) == (0, 0, "Voided - SO-1", "1")
    assert (void["Line"][0]["Amount"], void["Line"][0]["SalesItemLineDetail"]["Qty"]) == (0, 0)
    assert code(us.post("/invoice", us.invoice_body(customer))) == (400, "6140")
    assert [document.status for document in us.sandbox.books("quickbooks").documents] == ["void"]


def test_delete_makes_a_later_read_610_and_frees_the_number(us: Company) -> None:
    customer = us.customer()
    invoice = us.invoice(customer)
    _, reply = us.post("/invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="delete")
    assert reply["Invoice"] == {"domain": "QBO", "status": "Deleted", "Id": invoice["Id"]}
    assert code(us.get(f"/invoice/{invoice['Id']}")) == (400, "610")
    assert us.invoice(customer)["Id"] != invoice["Id"]


@pytest.mark.parametrize("fault_code", ["6200", "6210"])
def test_a_closed_period_takes_no_document_and_no_change(us: Company, fault_code: str) -> None:
    customer = us.customer()
    invoice = us.invoice(customer, TxnDate="2025-06-30")
    us.sandbox.inject("quickbooks", "lock_period", until="2025-06-30", code=fault_code)
    assert code(us.post("/invoice", us.invoice_body(customer, "A2", TxnDate="2025-06-30"))) == (400, fault_code)
    assert code(us.post("/invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")) == (400, fault_code)
    moved = {"Id": invoice["Id"], "SyncToken": "0", "sparse": True, "TxnDate": "2025-07-01"}
    assert code(us.post("/invoice", moved)) == (400, fault_code)
    assert us.post("/invoice", us.invoice_body(customer, "A2", TxnDate="2025-07-01"))[0] == 200
    assert us.get("/preferences")[1]["Preferences"]["AccountingInfoPrefs"]["BookCloseDate"] == "2025-06-30"


# -- credit memos and payments -------------------------------------------------------------------------------------------------


def test_a_credit_memo_is_positive_and_cannot_be_voided_only_deleted(us: Company) -> None:
    customer = us.customer()
    _, reply = us.post("/creditmemo", us.invoice_body(customer, "US-CN-000017"))
    memo = reply["CreditMemo"]
    assert (memo["TotalAmt"], memo["RemainingCredit"], memo["Balance"]) == (Decimal("84.50"),) * 3
    assert code(us.post("/creditmemo", {"Id": memo["Id"], "SyncToken": "0"}, operation="void")) == (400, "2010")
    assert us.post("/creditmemo", {"Id": memo["Id"], "SyncToken": "0"}, operation="delete")[0] == 200


def test_a_payment_lowers_balances_links_both_and_raises_the_invoices_sync_token(us: Company) -> None:
    customer = us.customer()
    invoice = us.invoice(customer)
    _, reply = us.pay(customer, "100.00", ("Invoice", invoice["Id"], "80.00"), PaymentRefNum="WIRE-5521")
    payment = reply["Payment"]
    assert (payment["TotalAmt"], payment["UnappliedAmt"], payment["DepositToAccountRef"]) == (Decimal(100), Decimal(20), {"value": "3"})
    paid = us.get(f"/invoice/{invoice['Id']}")[1]["Invoice"]
    assert (paid["Balance"], paid["SyncToken"]) == (Decimal("4.50"), "1")
    assert paid["LinkedTxn"] == [{"TxnId": payment["Id"], "TxnType": "Payment"}]
    (booked,) = us.sandbox.books("quickbooks").payments
    assert booked.applied == {invoice["Id"]: Decimal("80.00")}


def test_one_payment_pays_two_invoices_with_the_help_of_a_credit_memo(us: Company) -> None:
    customer = us.customer()
    one, two = us.invoice(customer, "A1"), us.invoice(customer, "A2")
    memo = us.post("/creditmemo", us.invoice_body(customer, "CN1"))[1]["CreditMemo"]
    applied = [("Invoice", one["Id"], "84.50"), ("Invoice", two["Id"], "84.50"), ("CreditMemo", memo["Id"], "84.50")]
    _, reply = us.pay(customer, "84.50", *applied)
    assert reply["Payment"]["UnappliedAmt"] == 0
    assert {document.status for document in us.sandbox.books("quickbooks").documents} == {"paid"}
    assert us.found("Customer", "where Balance = 0")[0]["Id"] == customer


@pytest.mark.parametrize(
    ("total", "amount", "expected"),
    [("84.51", "84.51", "6000"), ("10.00", "20.00", "6000")],
    ids=["more than the balance", "more than the payment"],
)
def test_a_payment_cannot_apply_too_much(us: Company, total: str, amount: str, expected: str) -> None:
    customer = us.customer()
    invoice = us.invoice(customer)
    assert code(us.pay(customer, total, ("Invoice", invoice["Id"], amount))) == (400, expected)


def test_a_payment_is_refused_for_another_customers_or_a_voided_invoice(us: Company) -> None:
    customer, other = us.customer(), us.customer("Other Air")
    invoice = us.invoice(customer)
    assert code(us.pay(other, "84.50", ("Invoice", invoice["Id"], "84.50"))) == (400, "6000")
    us.post("/invoice", {"Id": invoice["Id"], "SyncToken": "0"}, operation="void")
    assert code(us.pay(customer, "84.50", ("Invoice", invoice["Id"], "84.50"))) == (400, "620")


def test_a_payment_without_lines_is_unapplied_credit_and_can_be_applied_later(us: Company) -> None:
    customer = us.customer()
    invoice = us.invoice(customer)
    payment = us.pay(customer, "84.50")[1]["Payment"]
    assert payment["UnappliedAmt"] == Decimal("84.50")
    line = {"Amount": 84.50, "LinkedTxn": [{"TxnId": invoice["Id"], "TxnType": "Invoice"}]}
    change = {"Id": payment["Id"], "SyncToken": "0", "sparse": True, "Line": [line]}
    assert us.post("/payment", change)[1]["Payment"]["UnappliedAmt"] == 0


@pytest.mark.parametrize("params", [{"operation": "update", "include": "void"}, {"operation": "delete"}])
def test_undoing_a_payment_opens_the_invoice_again(us: Company, params: dict[str, Any]) -> None:
    customer = us.customer()
    invoice = us.invoice(customer)
    payment = us.pay(customer, "84.50", ("Invoice", invoice["Id"], "84.50"))[1]["Payment"]
    assert us.post("/payment", {"Id": payment["Id"], "SyncToken": "0", "sparse": True}, **params)[0] == 200
    assert us.get(f"/invoice/{invoice['Id']}")[1]["Invoice"]["Balance"] == Decimal("84.50")


def test_voiding_a_paid_invoice_leaves_the_payment_as_unapplied_credit(us: Company) -> None:
    customer = us.customer()
    invoice = us.invoice(customer)
    payment = us.pay(customer, "84.50", ("Invoice", invoice["Id"], "84.50"))[1]["Payment"]
    us.sandbox.inject("quickbooks", "deposit_payments", times=1)
    assert code(us.post("/invoice", {"Id": invoice["Id"], "SyncToken": "1"}, operation="void")) == (400, "6540")
    assert us.post("/invoice", {"Id": invoice["Id"], "SyncToken": "1"}, operation="void")[1]["Invoice"]["LinkedTxn"] == []
    assert us.get(f"/payment/{payment['Id']}")[1]["Payment"]["UnappliedAmt"] == Decimal("84.50")


# -- change data capture --------------------------------------------------------------------------------------------------------


def test_change_data_capture_shows_changes_and_deletions_of_each_entity(us: Company) -> None:
    customer = us.customer()
    kept, gone = us.invoice(customer, "A1"), us.invoice(customer, "A2")
    us.post("/invoice", {"Id": gone["Id"], "SyncToken": "0"}, operation="delete")
    since = us.simulator.clock.now() - timedelta(hours=1)
    _, body = us.get("/cdc", entities="Invoice,Payment", changedSince=since.isoformat())
    invoices, payments = body["CDCResponse"][0]["QueryResponse"]
    assert [(row["Id"], row.get("status")) for row in invoices["Invoice"]] == [(kept["Id"], None), (gone["Id"], "Deleted")]
    assert (invoices["totalCount"], payments) == (2, {})


def test_change_data_capture_reaches_back_30_days_and_not_further(us: Company) -> None:
    us.invoice(us.customer())
    us.simulator.clock.offset = timedelta(minutes=10)
    now = us.simulator.clock.now()
    assert us.get("/cdc", entities="Invoice", changedSince=now.isoformat())[1]["CDCResponse"] == [{"QueryResponse": [{}]}]
    assert code(us.get("/cdc", entities="Invoice", changedSince=(now - timedelta(days=31)).isoformat())) == (400, "6000")


# -- batch ------------------------------------------------------------------------------------------------------------------


def test_batch_items_succeed_and_fail_one_by_one_under_http_200(us: Company) -> None:
    customer = us.customer()
    items = [
        {"bId": "a", "operation": "create", "Invoice": us.invoice_body(customer, "A1")},
        {"bId": "b", "operation": "create", "Invoice": us.invoice_body(customer, "X" * 22)},
        {"bId": "c", "operation": "create", "CreditMemo": us.invoice_body(customer, "CN1")},
        {"bId": "d", "Query": "select * from Invoice where DocNumber = 'A1'"},
    ]
    status, body = us.post("/batch", {"BatchItemRequest": items})
    by_id = {item["bId"]: item for item in body["BatchItemResponse"]}
    assert status == 200
    assert by_id["a"]["Invoice"]["DocNumber"] == "A1"
    assert by_id["b"]["Fault"]["Error"][0]["code"] == "2050"
    assert by_id["c"]["CreditMemo"]["DocNumber"] == "CN1"
    assert by_id["d"]["QueryResponse"]["totalCount"] == 1


def test_a_batch_holds_at_most_30_items(us: Company) -> None:
    items = [{"bId": str(n), "Query": "select * from Term"} for n in range(31)]
    assert code(us.post("/batch", {"BatchItemRequest": items})) == (400, "1040")


def test_a_batch_item_may_allow_a_duplicate_number(us: Company) -> None:
    customer = us.customer()
    us.invoice(customer)
    item = {"bId": "1", "operation": "create", "optionsData": "allowduplicatedocnum", "Invoice": us.invoice_body(customer)}
    assert "Invoice" in us.post("/batch", {"BatchItemRequest": [item]})[1]["BatchItemResponse"][0]


# -- queries ----------------------------------------------------------------------------------------------------------------


def test_nothing_found_is_an_empty_query_response(us: Company) -> None:
    _, body = us.query("select * from Invoice where DocNumber = 'none'")
    assert body["QueryResponse"] == {}


def test_queries_page_from_one_count_and_sort(us: Company) -> None:
    names = sorted((row["Name"] for row in us.found("Item")), reverse=True)
    _, body = us.query("SELECT * FROM Item ORDERBY Name DESC STARTPOSITION 2 MAXRESULTS 3")
    page = body["QueryResponse"]
    assert ([row["Name"] for row in page["Item"]], page["startPosition"], page["maxResults"]) == (names[1:4], 2, 3)
    assert us.query("select count(*) from Item")[1]["QueryResponse"]["totalCount"] == len(names) == 36


def test_queries_filter_with_and_in_like_and_moments(us: Company) -> None:
    us.invoice(us.customer(), TxnDate="2025-11-03")
    since = (us.simulator.clock.now() - timedelta(hours=1)).isoformat()
    where = f"where TxnDate >= '2025-11-01' and MetaData.LastUpdatedTime > '{since}' and DocNumber in ('US-SI-000001', 'x')"
    assert len(us.found("Invoice", where)) == 1
    assert len(us.found("Item", "where Name like 'CMP-RS%'")) == 4


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ("select * from Invoice where DocNumber = 'a' or DocNumber = 'b'", "4000"),
        ("select * from Invoice where DocNumber = O'Brien", "4000"),
        ("fetch Invoice", "4000"),
        ("select * from Bogus", "4001"),
        ("select * from Item where Sku = 'CMP-RS-75'", "4001"),
        ("select * from Customer where Notes = 'C-1'", "4001"),
        ("select * from Payment where PaymentRefNum = 'WIRE-1'", "4001"),
    ],
)
def test_a_query_that_the_language_does_not_have_is_refused(us: Company, select: str, expected: str) -> None:
    assert code(us.query(select)) == (400, expected)


def test_a_long_query_may_be_posted_as_plain_text(us: Company) -> None:
    reply = us.client.post("/query", content="select * from Term", headers={"Content-Type": "application/text"})
    assert {row["Name"] for row in reply.json()["QueryResponse"]["Term"]} == {"Net 30", "Net 14", "2% 10 Net 30", "Due on receipt"}


# -- faults of the platform's own -----------------------------------------------------------------------------------------------


def test_a_lagging_query_misses_a_document_that_a_read_by_id_sees(us: Company) -> None:
    us.sandbox.inject("quickbooks", "query_lag", lookups=2, times=1)
    invoice = us.invoice(us.customer())
    assert us.get(f"/invoice/{invoice['Id']}")[0] == 200
    looks = [len(us.found("Invoice", "where DocNumber = 'US-SI-000001'")) for _ in range(3)]
    assert looks == [0, 0, 1]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ("subscription_ended", (400, "6190")),
        ("no_permission", (400, "5020")),
        ("system_failure", (500, "10000")),
        ("fault_under_200", (200, "6000")),
        ("disconnect_app", (403, "3100")),
    ],
)
def test_a_fault_on_demand_answers_in_the_vendors_words_and_books_nothing(us: Company, fault: str, expected: tuple[int, str]) -> None:
    body = us.invoice_body(us.customer())
    us.sandbox.inject("quickbooks", fault, times=1)
    assert code(us.post("/invoice", body)) == expected
    assert us.sandbox.books("quickbooks").documents == []


def test_a_request_still_in_flight_is_answered_600_and_booked_by_the_other(us: Company) -> None:
    body = us.invoice_body(us.customer())
    us.sandbox.inject("quickbooks", "request_in_flight", times=1)
    assert code(us.post("/invoice", body, requestid="key-1")) == (400, "600")
    assert us.post("/invoice", body, requestid="key-1")[0] == 200
    assert len(us.sandbox.books("quickbooks").documents) == 1


def test_batch_faults_break_shuffle_and_drop_items(us: Company) -> None:
    customer = us.customer()
    for fault in ("partial_batch", "shuffle_batch", "drop_batch_item"):
        us.sandbox.inject("quickbooks", fault, times=1)
    items = [{"bId": str(n), "operation": "create", "Invoice": us.invoice_body(customer, f"A{n}")} for n in range(3)]
    answers = us.post("/batch", {"BatchItemRequest": items})[1]["BatchItemResponse"]
    assert [(item["bId"], "Fault" in item) for item in answers] == [("1", True), ("0", False)]
    assert len(us.sandbox.books("quickbooks").documents) == 2


def test_the_tax_can_come_out_wrong_on_demand(us: Company) -> None:
    us.sandbox.inject("quickbooks", "wrong_tax", times=1, amount="0.02")
    assert us.invoice(us.customer())["TotalAmt"] == Decimal("84.52")


def test_the_books_survive_a_restart(sandbox: Callable[..., Sandbox], tmp_path: Any) -> None:
    first = Company(sandbox("quickbooks", time_scale=1000, folder=tmp_path), US_REALM)
    first.invoice(first.customer())
    second = sandbox("quickbooks", time_scale=1000, folder=tmp_path)
    assert second.books("quickbooks") == first.sandbox.books("quickbooks")
    assert second.simulators["quickbooks"].connection()["extra"]["refresh_token"] == first.connection["extra"]["refresh_token"]
