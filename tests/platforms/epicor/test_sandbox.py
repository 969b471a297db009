"""The simulator is as strict as the vendor: what Epicor refuses or silently ignores, it refuses or ignores."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.platforms.epicor.conftest import SLUG

from airbooks.platforms.epicor.sandbox.simulator import API_KEY, PASSWORD
from airbooks.sandbox.server import Sandbox, running

AR, GRP, CASH = "Erp.BO.ARInvoiceSvc", "Erp.BO.InvcGrpSvc", "Erp.BO.CashRecSvc"
PAIR = base64.b64encode(f"AIRBOOKS:{PASSWORD}".encode()).decode()
KEYS = {"x-api-key": API_KEY, "Authorization": f"Basic {PAIR}"}
CUSTOMER = {
    "Name": "Maple Air",
    "TermsCode": "N30",
    "CurrencyCode": "USD",
    "TerritoryID": "NORTH",
    "SalesRepCode": "HOUSE",
    "TaxRegionCode": "TX",
}


class Door:
    """Plain HTTP at the simulator's door."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.simulator = sandbox.simulators[SLUG]
        self.client = httpx.Client(base_url=f"{self.simulator.context.base_url}/api/v2/odata/EPIC06/", headers=KEYS)

    def post(self, place: str, **body: Any) -> httpx.Response:
        return self.client.post(place, json=body)

    def ds(self, place: str, **body: Any) -> dict[str, Any]:
        answer = self.post(place, **body)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()["parameters"]["ds"]
        return found

    def rows(self, place: str, **params: str) -> list[dict[str, Any]]:
        answer = self.client.get(place, params={f"${name}": value for name, value in params.items()})
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["value"]
        return found

    def group(self, group_id: str) -> None:
        ds = self.ds(f"{GRP}/GetNewInvcGrp", ds={})
        ds["InvcGrp"][0]["GroupID"] = group_id
        ds = self.ds(f"{GRP}/OnChangeofInvoiceDate", ds=ds, groupID=group_id, newInvoiceDate="2026-07-14")
        self.ds(f"{GRP}/Update", ds=ds)

    def customer(self, code: str) -> None:
        self.client.post("Erp.BO.CustomerSvc/Customers", json={**CUSTOMER, "CustID": code})

    def head(self, group_id: str, code: str, **fields: Any) -> dict[str, Any]:
        self.group(group_id)
        self.customer(code)
        ds = self.ds(f"{AR}/GetNewInvcHeadType", ds={}, GroupID=group_id, InvoiceType="MISC-BILL")
        ds = self.ds(f"{AR}/OnChangeofSoldToCustID", ds=ds, NewSoldToCustID=code, checkForResponse=True)
        ds["InvcHead"][0].update(fields)
        return self.ds(f"{AR}/Update", ds=ds)

    def line(self, ds: dict[str, Any], **fields: Any) -> dict[str, Any]:
        number = ds["InvcHead"][0]["InvoiceNum"]
        row = self.ds(f"{AR}/GetNewInvcDtl", ds={}, invoiceNum=number)["InvcDtl"][0]
        return {"InvcDtl": [{**row, "PartNum": "FLT-PRE-30", "TaxCatID": "TAXABLE", "SellingShipQty": 2, "DocUnitPrice": 50, **fields}]}


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    with running([SLUG], time_scale=1000) as sandbox:
        yield Door(sandbox)


def kind(answer: httpx.Response) -> tuple[int, str]:
    body = answer.json()
    assert set(body) == {"HttpStatus", "ReasonPhrase", "ErrorMessage", "ErrorType", "ErrorDetails", "CorrelationId"}
    assert body["HttpStatus"] == answer.status_code
    return answer.status_code, body["ErrorType"].rpartition(".")[2]


# -- the door -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", KEYS)
def test_both_credentials_are_needed(door: Door, missing: str) -> None:
    headers = {name: value for name, value in KEYS.items() if name != missing}
    answer = httpx.get(f"{door.client.base_url}{GRP}/InvcGrps", headers=headers)
    assert kind(answer)[0] == 401


def test_the_token_service_takes_user_and_password_in_headers(door: Door) -> None:
    url = f"{door.simulator.context.base_url}/TokenResource.svc/"
    good = httpx.post(url, headers={"username": "AIRBOOKS", "password": PASSWORD, "Accept": "application/json"}).json()
    assert (good["ExpiresIn"], good["TokenType"], "RefreshToken" in good) == (3600, "Bearer", False)
    assert httpx.post(url, headers={"username": "AIRBOOKS", "password": "x"}).status_code == 401


def test_an_unknown_company_is_not_found(door: Door) -> None:
    assert door.client.get(f"{door.simulator.context.base_url}/api/v2/odata/EPIC99/{GRP}/InvcGrps").status_code == 404


def test_names_are_case_sensitive_and_parameters_exact(door: Door) -> None:
    assert door.post(f"{GRP}/getnewinvcgrp", ds={}).status_code == 404
    assert "Parameter ds" in door.post(f"{GRP}/GetNewInvcGrp").text
    assert "GroupId" in door.post(f"{AR}/GetNewInvcHeadType", ds={}, GroupID="A", InvoiceType="MISC-BILL", GroupId="A").text


def test_writing_methods_take_post_only_and_reading_ones_get(door: Door) -> None:
    assert door.client.get(f"{AR}/DeleteByID", params={"invoiceNum": "1"}).status_code == 405
    assert kind(door.client.get(f"{AR}/GetByID", params={"invoiceNum": "1"})) == (404, "RecordNotFoundException")


def test_a_session_that_is_unknown_is_gone(door: Door) -> None:
    session = door.post("Ice.Lib.SessionModSvc/Login").json()["returnObj"]
    headers = {"License": f'{{"ClaimedLicense": "", "SessionID": "{session}"}}'}
    assert door.client.get(f"{GRP}/InvcGrps", headers=headers).status_code == 200
    door.client.post("Ice.Lib.SessionModSvc/Logout", json={}, headers=headers)
    assert kind(door.client.get(f"{GRP}/InvcGrps", headers=headers)) == (410, "InvalidSessionException")


@pytest.mark.parametrize(
    "query",
    [
        {"$filter": "PartNum eq 'A' and"},
        {"$filter": "NoSuch eq 'A'"},
        {"$filter": "PartNum eq 'A"},
        {"$filter": "PartNum like 'A'"},
        {"$select": "NoSuch"},
        {"$search": "A"},
        {"$filter": "PartNum eq 5"},
    ],
)
def test_what_is_no_odata_is_refused(door: Door, query: dict[str, str]) -> None:
    assert kind(door.client.get("Erp.BO.PartSvc/Parts", params=query)) == (400, "ODataException")


def test_filters_combine_and_pages_are_cut_at_a_hundred(door: Door) -> None:
    table = door.simulator.store.table("UOM")
    for number in range(120):
        table[f"X{number}"] = {**table["EA"], "UOMCode": f"X{number:03}"}
    assert len(door.rows("Erp.BO.UOMSvc/UOMs")) == 100
    assert len(door.rows("Erp.BO.UOMSvc/UOMs", top="500")) == 126
    where = "(startswith(UOMCode,'X00') or UOMCode eq 'EA') and Active eq true and UOMCode ne 'X001'"
    found = door.rows("Erp.BO.UOMSvc/UOMs", filter=where, orderby="UOMCode", skip="1", top="3", select="UOMCode")
    assert found == [{"UOMCode": "X000"}, {"UOMCode": "X002"}, {"UOMCode": "X003"}]
    assert door.client.get("Erp.BO.UOMSvc/UOMs", params={"$count": "true", "$top": "1"}).json()["@odata.count"] == 126


# -- datasets -----------------------------------------------------------------------------------------------------------------------


def test_getnew_keeps_nothing_and_a_row_without_rowmod_is_ignored_without_a_word(door: Door) -> None:
    ds = door.ds(f"{GRP}/GetNewInvcGrp", ds={})
    ds["InvcGrp"][0] |= {"GroupID": "IGNORED", "RowMod": ""}
    assert door.post(f"{GRP}/Update", ds=ds).status_code == 200
    assert door.rows(f"{GRP}/InvcGrps", filter="GroupID eq 'IGNORED'") == []


def test_a_group_id_is_there_once_and_fits(door: Door) -> None:
    door.group("ONCE")
    ds = door.ds(f"{GRP}/GetNewInvcGrp", ds={})
    ds["InvcGrp"][0]["GroupID"] = "ONCE"
    assert kind(door.post(f"{GRP}/Update", ds=ds)) == (409, "DuplicateRecordException")
    ds["InvcGrp"][0]["GroupID"] = "LONGERTHAN9"
    assert kind(door.post(f"{GRP}/Update", ds=ds))[0] == 400


def test_the_server_numbers_and_computes_and_ignores_what_it_computes(door: Door) -> None:
    head = door.head("NUM", "NUMBERS")
    assert head["InvcHead"][0]["InvoiceNum"] >= 10_482
    made = door.ds(f"{AR}/Update", ds=door.line(head, DocExtPrice=9, DocDiscount=10))
    line = made["InvcDtl"][0]
    assert (line["InvoiceLine"], line["DocExtPrice"], line["SalesCatID"], line["SalesUM"]) == (1, 100.00, "PARTS", "EA")
    number = made["InvcHead"][0]["InvoiceNum"]
    assert made["InvcHead"][0]["DocTaxAmt"] == 0  # not ready to calculate
    group = made["InvcHead"][0]["GroupID"]
    ready = door.ds(f"{AR}/SetReadyToCalc", ds={}, ipGroupID=group, ipInvoiceNum=number, ipCalcAll=False)
    assert (ready["InvcHead"][0]["DocTaxAmt"], ready["InvcHead"][0]["DocInvoiceAmt"]) == (7.43, 97.43)
    assert ready["InvcHead"][0]["SysRevID"] > made["InvcHead"][0]["SysRevID"]
    assert ready["InvcHead"][0]["InvoiceDate"] == "2026-07-14T00:00:00"


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"PartNum": ""}, "Part Number"),
        ({"PartNum": "NO-SUCH"}, "LineDesc is required"),
        ({"PartNum": "NO-SUCH", "LineDesc": "x", "SalesUM": "EA"}, "ProdCode is required"),
        ({"TaxCatID": "NO"}, "Tax Category"),
        ({"SalesUM": "NO"}, "Unit of measure"),
        ({"DocDiscount": 101}, "Discount"),
        ({"PricePerCode": "X"}, "Price Per"),
        ({"UseOTS": True, "OTSName": "Dock"}, "one time ship to"),
        ({"UseOTS": True}, "name"),
        ({"NoSuch": 1}, "does not belong"),
        ({"LineDesc": "x" * 1001}, "maximum length"),
    ],
)
def test_a_line_that_epicor_would_not_take_is_refused(door: Door, fields: dict[str, Any], says: str) -> None:
    if not door.rows(f"{AR}/ARInvoices", filter="XRefInvoiceNum eq 'BAD-LINES'"):
        door.head("BADLINES", "BADLINES", XRefInvoiceNum="BAD-LINES")
    (row,) = door.rows(f"{AR}/ARInvoices", filter="XRefInvoiceNum eq 'BAD-LINES'")
    answer = door.post(f"{AR}/Update", ds=door.line({"InvcHead": [row]}, **fields))
    assert kind(answer) == (400, "BusinessObjectException")
    assert says.lower() in answer.json()["ErrorMessage"].lower()


def test_one_bad_row_saves_none(door: Door) -> None:
    head = door.head("ATOMIC", "ATOMIC")
    number = head["InvcHead"][0]["InvoiceNum"]
    ds = door.line(head)
    ds["InvcDtlTGLC"] = [{"InvoiceNum": number, "InvoiceLine": 1, "GLAcctContext": "Sales", "GLAccount": "9999", "RowMod": "A"}]
    assert "Invalid G/L account" in door.post(f"{AR}/Update", ds=ds).text
    assert door.client.get(f"{AR}/GetByID", params={"invoiceNum": number}).json()["returnObj"]["InvcDtl"] == []


def test_a_stale_revision_is_refused_in_rows_and_in_patches(door: Door) -> None:
    head = door.head("STALE", "STALE")["InvcHead"][0]
    place = f"{AR}/ARInvoices('EPIC06',{head['InvoiceNum']})"
    assert door.client.patch(place, json={"PONum": "1", "SysRevID": head["SysRevID"]}).status_code == 204
    assert "another user" in door.client.patch(place, json={"PONum": "2", "SysRevID": head["SysRevID"]}).text
    assert "another user" in door.post(f"{AR}/Update", ds={"InvcHead": [{**head, "RowMod": "U"}]}).text
    assert door.client.get(place).json()["PONum"] == "1"
    assert door.client.delete(place).status_code == 204


def test_an_empty_invoice_stays_behind_when_its_group_is_posted(door: Door) -> None:
    full = door.ds(f"{AR}/Update", ds=door.line(door.head("MIXED", "MIXED")))["InvcHead"][0]
    ds = door.ds(f"{AR}/GetNewInvcHeadType", ds={}, GroupID="MIXED", InvoiceType="MISC-BILL")
    ds = door.ds(f"{AR}/OnChangeofSoldToCustID", ds=ds, NewSoldToCustID="MIXED", checkForResponse=True)
    empty = door.ds(f"{AR}/Update", ds=ds)["InvcHead"][0]
    said = door.post(f"{GRP}/PostInvoices", groupID="MIXED").json()["parameters"]
    assert said["invoicesGenerated"] == str(full["InvoiceNum"])
    assert said["errorMessage"] == f"Invoice {empty['InvoiceNum']}: Invoice with no detail"
    (group,) = door.rows(f"{GRP}/InvcGrps", filter="GroupID eq 'MIXED'")
    assert "no detail" in group["PostErrorLog"]


def test_a_posted_group_is_gone_and_its_invoices_take_no_change(door: Door) -> None:
    head = door.ds(f"{AR}/Update", ds=door.line(door.head("GONE", "GONE")))["InvcHead"][0]
    door.post(f"{GRP}/PostInvoices", groupID="GONE")
    assert door.rows(f"{GRP}/InvcGrps", filter="GroupID eq 'GONE'") == []
    assert "has been posted" in door.post(f"{AR}/DeleteByID", invoiceNum=head["InvoiceNum"]).text
    (row,) = door.rows(f"{AR}/ARInvoices", filter=f"InvoiceNum eq {head['InvoiceNum']}", select="Posted,OpenInvoice,DocInvoiceBal")
    assert row == {"Posted": True, "OpenInvoice": True, "DocInvoiceBal": 100.00}


def test_cancellation_copies_our_number_and_takes_effect_when_it_is_posted(door: Door) -> None:
    head = door.ds(f"{AR}/Update", ds=door.line(door.head("SOURCE", "SOURCE", XRefInvoiceNum="SRC-1")))["InvcHead"][0]
    door.post(f"{GRP}/PostInvoices", groupID="SOURCE")
    door.group("CANCEL")
    body = {"sourceInvoiceNum": head["InvoiceNum"], "newInvoiceDate": "2026-07-20", "newDocType": "", "recalculateTaxes": False}
    memo = door.ds(f"{AR}/GetCancellationInvoice", groupID="CANCEL", **body)["InvcHead"][0]
    assert (memo["CreditMemo"], memo["XRefInvoiceNum"], memo["DocInvoiceAmt"]) == (True, "SRC-1", -100.00)
    assert "cancelled before" in door.post(f"{AR}/GetCancellationInvoice", groupID="CANCEL", **body).text
    status = [each.status for each in door.simulator.books().documents if each.our_number == "SRC-1"]
    assert status == ["open"]
    door.post(f"{GRP}/PostInvoices", groupID="CANCEL")
    assert [each.status for each in door.simulator.books().documents if each.our_number == "SRC-1"] == ["void"]


# -- customers and cash -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changed", [{"CustID": "TOOLONGCODE"}, {"CustID": "lower"}, {"Name": ""}, {"TermsCode": "X"}, {"CountryNum": 99}])
def test_a_customer_that_epicor_would_not_take_is_refused(door: Door, changed: dict[str, Any]) -> None:
    assert kind(door.client.post("Erp.BO.CustomerSvc/Customers", json={**CUSTOMER, "CustID": "GOOD", **changed}))[0] == 400


def test_a_customer_is_created_with_201_and_once(door: Door) -> None:
    made = door.client.post("Erp.BO.CustomerSvc/Customers", json={**CUSTOMER, "CustID": "TWICE"})
    assert (made.status_code, made.json()["CustNum"] >= 214) == (201, True)
    assert kind(door.client.post("Erp.BO.CustomerSvc/Customers", json={**CUSTOMER, "CustID": "TWICE"}))[0] == 409


def test_a_receipt_needs_a_check_reference(door: Door) -> None:
    door.customer("PAYER")
    ds = door.ds("Erp.BO.CashGrpSvc/GetNewCashGrp", ds={})
    ds["CashGrp"][0] |= {"GroupID": "CR0801", "BankAcctID": "1000"}
    door.ds("Erp.BO.CashGrpSvc/Update", ds=ds)
    ds = door.ds(f"{CASH}/GetNewCashHeadType", ds={}, groupID="CR0801", tranType="PayInv")
    ds = door.ds(f"{CASH}/GetCustomerInfo", ds=ds, custID="PAYER")
    arguments = {"ipGroupID": "CR0801", "ipTableName": "CashHead", "updGroupTotals": True, "ipIgnoreValidation": 0}
    assert "Check Reference" in door.post(f"{CASH}/UpdateMaster", ds=ds, **arguments).text
    ds["CashHead"][0]["CheckRef"] = "880123"
    assert door.ds(f"{CASH}/UpdateMaster", ds=ds, **arguments)["CashHead"][0]["HeadNum"] >= 7_731


def test_what_is_booked_outlives_a_restart(tmp_path: Any) -> None:
    from airbooks.sandbox.server import simulator

    first = simulator(SLUG, "http://127.0.0.1:1", folder=tmp_path)
    first.store.table("InvcGrp")["KEPT"] = {"GroupID": "KEPT"}
    first.store.close()
    again = simulator(SLUG, "http://127.0.0.1:1", folder=tmp_path)
    assert "KEPT" in again.store.table("InvcGrp")
    assert len(again.store.table("Part")) == 35
    again.store.close()
