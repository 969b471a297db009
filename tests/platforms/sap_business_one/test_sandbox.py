"""The simulator's books: what the Service Layer accepts, computes, refuses and leaves behind."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.sap_business_one.conftest import Caller

from airbooks.platforms.sap_business_one.sandbox import SapBusinessOneSimulator

LINE = {"ItemCode": "FLT-PRE-30", "Quantity": 2, "UnitPrice": 50, "VatGroup": "A19"}


def error(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def read(caller: Caller, path: str) -> dict[str, Any]:
    answer = caller.call("GET", path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


# -- documents -----------------------------------------------------------------------------------------------------------------------


def test_key_and_number_are_two_numbers_and_the_document_is_open(caller: Caller) -> None:
    answer = caller.invoice(caller.customer(), PaymentGroupCode=2, DocDate="2026-03-02")
    row = answer.json()
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith(f"Invoices({row['DocEntry']})")
    assert row["DocEntry"] != row["DocNum"]
    assert (row["DocTotal"], row["VatSum"], row["DocumentStatus"], row["CancelStatus"]) == (119, 19, "bost_Open", "csNo")
    assert (row["DocDate"], row["DocDueDate"]) == ("2026-03-02T00:00:00Z", "2026-03-16T00:00:00Z")


def test_amounts_of_a_foreign_document_are_local_and_its_own_stand_beside_them(caller: Caller) -> None:
    row = caller.invoice(caller.customer(Currency="##"), DocCurrency="$", DocRate="0.9").json()
    assert (row["DocTotal"], row["VatSum"], row["DocTotalFc"], row["VatSumFc"]) == (107.1, 17.1, 119, 19)


def test_a_row_without_a_price_takes_the_price_list_and_says_nothing(caller: Caller) -> None:
    row = caller.invoice(caller.customer(), DocumentLines=[{"ItemCode": "FLT-PRE-30"}]).json()
    assert row["DocumentLines"][0]["UnitPrice"] > 0


def test_the_same_number_twice_is_accepted(caller: Caller) -> None:
    customer = caller.customer()
    assert [caller.invoice(customer, U_ExtInvNo="SAME-1", NumAtCard="SAME").status_code for _ in range(2)] == [201, 201]


def test_an_invoice_of_nothing_closes_at_once(caller: Caller) -> None:
    assert caller.invoice(caller.customer(), DocumentLines=[{**LINE, "UnitPrice": 0}]).json()["DocumentStatus"] == "bost_Close"


def test_line_total_overrides_the_arithmetic_and_decimals_are_the_companys(caller: Caller) -> None:
    lines = [{**LINE, "UnitPrice": "0.00475", "Quantity": 1000, "LineTotal": "4.75"}, {**LINE, "DiscountPercent": "33.333"}]
    made = caller.invoice(caller.customer(), DocumentLines=lines).json()["DocumentLines"]
    assert [(each["UnitPrice"], each["LineTotal"]) for each in made] == [(0.0048, 4.75), (50, 66.67)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"Colour": "red"}, "-1000"),
        ({"CardCode": "NOBODY"}, "-2028"),
        ({"DocumentLines": [{**LINE, "ItemCode": "NO-SUCH"}]}, "-2028"),
        ({"DocumentLines": [{**LINE, "VatGroup": "ZZ"}]}, "-2028"),
        ({"DocumentLines": [{**LINE, "TaxCode": "A19"}]}, "-5002"),
        ({"DocumentLines": [{**LINE, "CostingCode2": "WHSALE"}]}, "-5002"),
        ({"DocumentLines": [{**LINE, "CostingCode": "WHOLESALE"}]}, "-1029"),
        ({"DocType": "dDocument_Service"}, "-2028"),
        ({"DocumentLines": []}, "-5002"),
        ({"DocDate": "tomorrow"}, "-1000"),
        ({"Comments": "x" * 255}, "-1029"),
    ],
)
def test_what_the_service_layer_does_not_take(caller: Caller, fields: dict[str, Any], code: str) -> None:
    assert error(caller.invoice(caller.customer(), **fields)) == (400, code)


@pytest.mark.parametrize(
    ("fault", "code"), [("lock_period", "-10"), ("missing_rate", "-4006"), ("freeze_item", "-10"), ("no_stock", "-10")]
)
def test_what_a_company_can_have_switched(caller: Caller, simulator: SapBusinessOneSimulator, fault: str, code: str) -> None:
    customer = caller.customer(Currency="##")
    simulator.inject(fault, {})
    assert error(caller.invoice(customer, DocCurrency="$")) == (400, code)


def test_an_approval_procedure_leaves_a_draft_and_no_invoice(caller: Caller, simulator: SapBusinessOneSimulator) -> None:
    customer, before = caller.customer(), len(simulator.books().documents)
    simulator.inject("approval", {})
    draft = caller.invoice(customer).json()
    assert draft["AuthorizationStatus"] == "dasPending"
    assert read(caller, f"Drafts({draft['DocEntry']})")["DocObjectCode"] == "oInvoices"
    assert len(simulator.books().documents) == before
    release = {"Document": {"DocEntry": str(draft["DocEntry"])}}
    assert caller.call("POST", "DraftsService_SaveDraftToDocument", release).status_code == 400
    simulator.inject("decide", {"decision": "dasApproved"})
    assert caller.call("POST", "DraftsService_SaveDraftToDocument", release).status_code == 204
    assert len(simulator.books().documents) == before + 1


def test_cancel_leaves_a_second_document_with_the_same_number(caller: Caller) -> None:
    entry = caller.invoice(caller.customer(), U_ExtInvNo="TWIN-1").json()["DocEntry"]
    assert caller.call("POST", f"Invoices({entry})/Cancel").status_code == 204
    rows = read(caller, "Invoices?$filter=U_ExtInvNo eq 'TWIN-1'&$orderby=DocEntry")["value"]
    assert [(row["CancelStatus"], row["Cancelled"]) for row in rows] == [("csYes", "tYES"), ("csCancellation", "tNO")]
    assert error(caller.call("POST", f"Invoices({entry})/Cancel")) == (400, "-10")


def test_only_texts_of_a_posted_document_change_and_totals_are_ignored_in_silence(caller: Caller) -> None:
    entry = caller.invoice(caller.customer()).json()["DocEntry"]
    assert caller.call("PATCH", f"Invoices({entry})", {"Comments": "new", "DocTotal": 1}).status_code == 204
    row = read(caller, f"Invoices({entry})")
    assert (row["Comments"], row["DocTotal"]) == ("new", 119)
    assert error(caller.call("PATCH", f"Invoices({entry})", {"CardCode": "X"})) == (400, "-5002")
    assert error(caller.call("DELETE", f"Invoices({entry})")) == (400, "-5006")


def test_an_etag_changes_with_each_write_and_that_of_a_selected_read_fits_nothing(caller: Caller) -> None:
    entry = caller.invoice(caller.customer()).json()["DocEntry"]
    whole, part = (read(caller, f"Invoices({entry}){query}")["@odata.etag"] for query in ("", "?$select=DocEntry"))
    assert error(caller.call("PATCH", f"Invoices({entry})", {"Comments": "a"}, If_Match=part)) == (412, "-2039")
    assert caller.call("PATCH", f"Invoices({entry})", {"Comments": "a"}, If_Match=whole).status_code == 204
    assert error(caller.call("PATCH", f"Invoices({entry})", {"Comments": "b"}, If_Match=whole)) == (412, "-2039")


# -- lists ---------------------------------------------------------------------------------------------------------------------------


def test_pages_hold_twenty_rows_and_links_are_relative_or_paths(caller: Caller) -> None:
    items = read(caller, "Items?$orderby=ItemCode")
    assert len(items["value"]) == 20
    assert items["@odata.nextLink"].startswith("/sap_business_one/b1s/v2/Items?")
    customer = caller.customer()
    for _ in range(2):
        caller.invoice(customer)
    invoices = caller.call("GET", "Invoices", Prefer="odata.maxpagesize=1").json()
    assert invoices["@odata.nextLink"].startswith("Invoices?")
    assert "@odata.nextLink" not in caller.call("GET", "Items?$top=3").json()
    assert "@odata.nextLink" not in caller.call("GET", "Items", Prefer="odata.maxpagesize=0").json()


def test_filters_know_names_and_letters_and_no_case(caller: Caller) -> None:
    entry = caller.invoice(caller.customer(CardName="O'Neill Druckluft"), U_ExtInvNo="LETTER-1").json()["DocEntry"]
    for condition in ("CancelStatus eq 'csNo'", "CancelStatus eq 'N'", "startswith(U_ExtInvNo,'LETTER')"):
        found = read(caller, f"Invoices?$filter=U_ExtInvNo eq 'letter-1' and ({condition})")["value"]
        assert [row["DocEntry"] for row in found] == [entry]
    assert read(caller, "BusinessPartners?$filter=CardName eq 'O''Neill Druckluft'")["value"] != []
    assert error(caller.call("GET", "Invoices?$filter=Colour eq 'red'")) == (400, "-1000")
    assert error(caller.call("GET", "Invoices?$select=U_NoSuch")) == (400, "-1000")
    assert error(caller.call("GET", "Invoices(999999)")) == (404, "-2028")


def test_a_customers_code_is_given_once_and_its_currency_may_be_fixed(caller: Caller) -> None:
    code = caller.customer()
    again = caller.call("POST", "BusinessPartners", {"CardCode": code, "CardName": "X"})
    assert error(again) == (400, "-10")
    assert again.json()["error"]["message"].startswith("1320000140 - Business partner code")
    assert error(caller.invoice(code, DocCurrency="$")) == (400, "-5002")


# -- payments ------------------------------------------------------------------------------------------------------------------------


def pay(caller: Caller, customer: str, entry: int, amount: str, **fields: Any) -> httpx.Response:
    row = {"DocEntry": entry, "InvoiceType": "it_Invoice", "SumApplied": amount}
    account = {"TransferAccount": "_SYS00000000006", "TransferSum": amount}
    return caller.call("POST", "IncomingPayments", {"CardCode": customer, "PaymentInvoices": [row], **account, **fields})


def test_a_payment_lowers_what_is_open_and_its_cancellation_raises_it_again(caller: Caller) -> None:
    customer = caller.customer()
    entry = caller.invoice(customer).json()["DocEntry"]
    assert error(pay(caller, customer, entry, "119.01")) == (400, "-10")
    payment = pay(caller, customer, entry, "119").json()
    assert "UpdateDate" not in payment
    assert read(caller, f"Invoices({entry})")["DocumentStatus"] == "bost_Close"
    assert error(caller.call("POST", f"Invoices({entry})/Cancel")) == (400, "-10")
    assert caller.call("POST", f"IncomingPayments({payment['DocEntry']})/Cancel").status_code == 204
    row = read(caller, f"Invoices({entry})")
    assert (row["DocumentStatus"], Decimal(row["PaidToDate"])) == ("bost_Open", Decimal(0))


def test_a_foreign_invoice_is_settled_by_the_foreign_amount_only(caller: Caller) -> None:
    customer = caller.customer(Currency="##")
    entry = caller.invoice(customer, DocCurrency="$").json()["DocEntry"]
    assert pay(caller, customer, entry, "10", DocCurrency="$").status_code == 400
    row = {"DocEntry": entry, "AppliedFC": "19.00"}
    assert pay(caller, customer, entry, "19", DocCurrency="$", PaymentInvoices=[row]).status_code == 201
    assert read(caller, f"Invoices({entry})")["PaidToDateFC"] == 19


def test_stored_queries_read_allowed_tables_only_and_are_stored_once(caller: Caller) -> None:
    query = {"SqlCode": "ONE", "SqlName": "One", "SqlText": "SELECT T0.DocEntry FROM ORCT T0 WHERE T0.UpdateDate >= :since"}
    assert error(caller.call("POST", "SQLQueries('ONE')/List", {"ParamList": "since='20260101'"})) == (404, "-2028")
    assert caller.call("POST", "SQLQueries", query).status_code == 201
    assert error(caller.call("POST", "SQLQueries", query)) == (400, "-2035")
    assert error(caller.call("POST", "SQLQueries", {**query, "SqlCode": "TWO", "SqlText": "SELECT * FROM OUSR"})) == (400, "702")
    assert error(caller.call("POST", "SQLQueries('ONE')/List", {"ParamList": "since=x"})) == (400, "704")
    assert caller.call("POST", "SQLQueries('ONE')/List", {"ParamList": "since='20990101'"}).json()["value"] == []
