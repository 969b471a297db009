"""The simulator refuses what the vendor refuses, over real HTTP and with nothing of the connector."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.quickfile.conftest import SEARCH, Json, Owner

CLIENTS = {"ReturnCount": 50, "Offset": 0, "OrderResultsBy": "CompanyName", "OrderDirection": "ASC"}

# -- the envelope ------------------------------------------------------------------------------------------------------------------


def test_a_good_answer_stands_under_the_methods_name_and_echoes_the_number(owner: Owner) -> None:
    status, reply = owner.ask("client/search", {"SearchParameters": CLIENTS}, SubmissionNumber="AF-1")
    assert status == 200
    assert reply == {
        "Client_Search": {
            "Header": {"MessageType": "Response", "SubmissionNumber": "AF-1"},
            "Body": {"RecordsetCount": 0, "ReturnCount": 0},
        }
    }


def test_a_wrong_signature_is_refused(owner: Owner) -> None:
    envelope = owner.envelope({"InvoiceID": 1})
    envelope["payload"]["Header"]["Authentication"]["MD5Value"] = "0" * 32
    status, reply = owner.raw("invoice/get", envelope)
    assert (status, "MD5" in reply["Errors"]["Error"][0]) == (401, True)


def test_an_unknown_app_is_refused(owner: Owner) -> None:
    envelope = owner.envelope({"InvoiceID": 1})
    envelope["payload"]["Header"]["Authentication"]["ApplicationID"] = "another"
    assert owner.raw("invoice/get", envelope)[0] == 401


def test_a_submission_number_is_good_for_one_request(owner: Owner) -> None:
    envelope = owner.envelope({"SearchParameters": CLIENTS})
    assert owner.raw("client/search", envelope)[0] == 200
    status, reply = owner.raw("client/search", envelope)
    assert (status, "already been used" in reply["Errors"]["Error"][0]) == (400, True)


def test_a_message_that_is_no_request_is_refused(owner: Owner) -> None:
    assert "MessageType" in owner.refused("client/search", {"SearchParameters": CLIENTS}, MessageType="Response")


def test_a_wrong_path_is_404_and_a_missing_invoice_400(owner: Owner) -> None:
    assert owner.ask("invoice/createnew", {})[0] == 404
    status, reply = owner.ask("invoice/get", {"InvoiceID": 1})
    assert (status, reply["Errors"]["Error"][0]) == (400, "Cannot find invoice")


def test_the_chart_of_accounts_takes_no_body(owner: Owner) -> None:
    assert "Body" in owner.refused("report/chartofaccounts", {})
    nominals = owner.done("report/chartofaccounts", None)["Nominals"]["Nominal"]
    assert {"NominalCode": "4900", "NominalName": "Freight income"} in nominals


@pytest.mark.parametrize(
    ("fault", "status", "form"),
    [
        ("errors_under_200", 200, {"Errors": {"Error": ["The document could not be saved", ""]}}),
        ("method_not_enabled", 403, {"Errors": {"Error": ["The method Invoice_Create is not enabled for this application", ""]}}),
        ("daily_limit", 403, {"Errors": {"Error": ["The daily limit of API calls has been reached", ""]}}),
    ],
)
def test_refusals_of_the_account(owner: Owner, fault: str, status: int, form: Json) -> None:
    client = owner.new_client()
    owner.sandbox.inject("quickfile", fault)
    assert owner.ask("invoice/create", owner.invoice_body(client)) == (status, form)
    assert owner.simulator.books().documents == []


def test_errors_come_in_three_forms(owner: Owner) -> None:
    owner.sandbox.inject("quickfile", "error_as_text", times=1)
    assert owner.ask("invoice/get", {"InvoiceID": 1})[1] == {"Errors": {"Error": "Cannot find invoice"}}
    owner.sandbox.inject("quickfile", "error_with_code", times=1)
    assert owner.ask("invoice/get", {"InvoiceID": 1})[1] == {"Error": {"Code": "1", "Message": "Cannot find invoice"}}


# -- the schema --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("missing", ["ReturnCount", "Offset", "OrderResultsBy", "OrderDirection", "InvoiceType"])
def test_the_first_five_keys_of_an_invoice_search_are_required(owner: Owner, missing: str) -> None:
    asked = {name: value for name, value in SEARCH.items() if name != missing}
    assert missing in owner.refused("invoice/search", {"SearchParameters": asked})


def test_a_search_returns_at_most_two_hundred(owner: Owner) -> None:
    assert "ReturnCount" in owner.refused("client/search", {"SearchParameters": {**CLIENTS, "ReturnCount": 201}})


def line(**fields: Any) -> Json:
    return {"InvoiceLines": {"ItemLines": {"ItemLine": [{"ItemID": 0, "UnitCost": 1, "Qty": 1, **fields}]}}}


@pytest.mark.parametrize(
    "changes",
    [
        {"InvoiceDescription": "x"},
        {"InvoiceDescription": "x" * 36},
        {"Scheduling": {"SingleInvoiceData": {"InvoiceNumber": "N" * 21, "IssueDate": "2026-03-15"}}},
        {"Scheduling": {"SingleInvoiceData": {"InvoiceNumber": "N", "IssueDate": "15/03/2026"}}},
        {"ClientID": 0},
        {"ClientID": 999},
        {"Currency": "XXX"},
        {"Notes": "bell \x07"},
        {"DueDate": "2026-04-15"},
        {"ProjectTags": {"Tag": ["A", "B", "C", "D", "E", "F"]}},
        {"ProjectTags": {"Tag": ["A" * 31]}},
        {"VatCodes": {"Code": ["zero"]}},
        {"InvoiceLines": {"ItemLines": {"ItemLine": [{"ItemID": 0, "UnitCost": 1, "Qty": 1}] * 501}}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_an_invoice_that_does_not_fit_the_schema_is_not_booked(owner: Owner, changes: Json) -> None:
    body = owner.invoice_body(owner.new_client())
    order = ["InvoiceType", "ClientID", "Currency", "TermDays", "InvoiceDescription", "Notes", "VatCodes", "ProjectTags", "InvoiceLines"]
    data = {**body["InvoiceData"], **changes}
    ordered = {name: data[name] for name in [*order, "Scheduling", "DueDate"] if name in data}
    assert owner.refused("invoice/create", {"InvoiceData": ordered})
    assert owner.simulator.books().documents == []


@pytest.mark.parametrize(
    "fields", [{"ItemName": "N" * 21}, {"ItemNominalCode": "4999"}, {"ItemID": 1}, {"Tax1": {"TaxPercentage": 20}}, {"TaxCode": "S"}]
)
def test_a_line_names_what_there_is_and_in_bounds(owner: Owner, fields: Json) -> None:
    known = ["ItemID", "ItemName", "ItemNominalCode", "Tax1", "UnitCost", "Qty", "TaxCode"]
    (entry,) = line(**fields)["InvoiceLines"]["ItemLines"]["ItemLine"]
    ordered = {name: entry[name] for name in known if name in entry}
    body = owner.invoice_body(owner.new_client(), InvoiceLines={"ItemLines": {"ItemLine": [ordered]}})
    assert owner.refused("invoice/create", body)


def test_nodes_in_another_order_are_refused(owner: Owner) -> None:
    body = owner.invoice_body(owner.new_client())
    turned = dict(reversed(body["InvoiceData"].items()))
    assert "order" in owner.refused("invoice/create", {"InvoiceData": turned})


def test_a_contact_needs_a_password(owner: Owner) -> None:
    body = {"ClientDetails": {"CompanyName": "A"}, "ClientContacts": {"DefaultContact": {"Email": "a@a.example"}}}
    assert "Password" in owner.refused("client/create", body)


# -- documents ---------------------------------------------------------------------------------------------------------------------


def test_the_server_computes_totals_and_a_given_vat_amount_overrides(owner: Owner) -> None:
    client = owner.new_client()
    given = {"TaxName": "VAT", "TaxPercentage": 20, "TaxAmount": 20.01}
    first = owner.done("invoice/create", owner.invoice_body(client))
    assert (first["InvoiceTotal"], first["LineItemsCreated"]) == (Decimal("120.00"), 1)
    entry = {"ItemID": 0, "Tax1": given, "UnitCost": 100, "Qty": 1}
    second = owner.done("invoice/create", owner.invoice_body(client, "2", InvoiceLines={"ItemLines": {"ItemLine": [entry]}}))
    assert second["InvoiceTotal"] == Decimal("120.01")


def test_a_new_invoice_is_a_draft_and_reads_back_in_the_vendors_forms(owner: Owner) -> None:
    details = owner.details(owner.new_invoice(owner.new_client()))
    assert (details["Status"], details["IssueDate"], details["PaidDate"]) == ("DRAFT", "2026-03-15T00:00:00", None)
    assert details["ItemLines"]["Item"][0]["LineTotal"] == Decimal("100.00")
    assert {"Balance", "DueDate", "TaxTotal"} & set(details) == set()


def test_without_a_number_the_next_one_is_given(owner: Owner) -> None:
    body = owner.invoice_body(owner.new_client(), Scheduling={"SingleInvoiceData": {"IssueDate": "2026-03-15"}})
    numbers = [owner.done("invoice/create", body)["InvoiceNumber"] for _ in range(2)]
    assert numbers == ["000001", "000002"]


def test_a_number_may_be_used_twice_unless_the_account_refuses_it(owner: Owner) -> None:
    client = owner.new_client()
    owner.new_invoice(client)
    owner.new_invoice(client)
    assert owner.search(InvoiceNumber="UK-SI-000001")["RecordsetCount"] == 2
    owner.sandbox.inject("quickfile", "refuse_duplicate_numbers")
    assert "already exists" in owner.refused("invoice/create", owner.invoice_body(client))


def test_searches_match_parts_and_one_hit_may_be_no_list(owner: Owner) -> None:
    client = owner.new_client("Northgate Fabrication Ltd", AccountReference="C-1")
    owner.new_client("Northgate Fabrication Holdings Ltd", AccountReference="C-10")
    found = owner.done("client/search", {"SearchParameters": {**CLIENTS, "AccountReference": "C-1"}})
    assert [row["AccountReference"] for row in found["Record"]] == ["C-10", "C-1"]
    owner.new_invoice(client, "UK-SI-000012")
    owner.sandbox.inject("quickfile", "single_record_object")
    assert isinstance(owner.search(InvoiceNumber="SI-00001")["Record"], dict)
    assert "Record" not in owner.search(InvoiceNumber="NO-SUCH")


def test_the_status_follows_sending_and_payments(owner: Owner) -> None:
    client = owner.new_client()
    invoice = owner.new_invoice(client)
    owner.send(invoice)
    assert owner.details(invoice)["Status"] == "SENT"
    payment = owner.pay(client, invoice, 20)
    assert owner.details(invoice)["Status"] == "PAIDPART"
    owner.pay(client, invoice, 100)
    assert (owner.details(invoice)["Status"], owner.details(invoice)["PaidDate"]) == ("PAIDFULL", "2026-04-02T00:00:00")
    owner.done("payment/delete", {"PaymentDetails": {"PaymentID": [payment]}})
    assert owner.details(invoice)["Status"] == "PAIDPART"


def test_deleting_takes_the_payments_along_unless_told_otherwise(owner: Owner) -> None:
    client = owner.new_client()
    kept, lost = (owner.new_invoice(client, number) for number in ("1", "2"))
    for invoice in (kept, lost):
        owner.pay(client, invoice, 120)
    owner.done("invoice/delete", {"InvoiceDetails": {"DeleteAssociatedPayments": False, "InvoiceIDs": {"InvoiceID": [kept]}}})
    owner.done("invoice/delete", {"InvoiceDetails": {"InvoiceIDs": {"InvoiceID": [lost]}}})
    assert [(each.status, each.applied) for each in owner.simulator.books().payments] == [
        ("posted", {}),
        ("void", {str(lost): Decimal(120)}),
    ]
    assert owner.refused("invoice/get", {"InvoiceID": kept}) == "Cannot find invoice"
    assert owner.search()["RecordsetCount"] == 0


def negative(parent: int, kind: str) -> Json:
    entry = {"ItemID": 0, "Tax1": {"TaxName": "VAT", "TaxPercentage": 20}, "UnitCost": -100, "Qty": 1}
    return {"InvoiceLines": {"ItemLines": {"ItemLine": [entry]}}, "CreditNote": {"CreditNoteType": kind, "ParentInvoiceID": parent}}


@pytest.mark.parametrize(("kind", "parent_is"), [("VOID", "CREDITED"), ("HOLD", "DRAFT")])
def test_only_a_void_credit_note_takes_its_invoice_back(owner: Owner, kind: str, parent_is: str) -> None:
    client = owner.new_client()
    invoice = owner.new_invoice(client)
    body = owner.invoice_body(client, "CN-1", **negative(invoice, kind))
    credit = owner.done("invoice/create", body)
    assert credit["InvoiceTotal"] == Decimal("-120.00")
    assert (owner.details(invoice)["Status"], owner.details(credit["InvoiceID"])["Status"]) == (parent_is, "CREDIT NOTE")


def test_a_paid_invoice_cannot_be_edited(owner: Owner) -> None:
    client = owner.new_client()
    invoice = owner.new_invoice(client)
    owner.pay(client, invoice, 120)
    body = owner.invoice_body(client)
    assert "paid" in owner.refused("invoice/create", {"InvoiceData": {"InvoiceID": invoice, **body["InvoiceData"]}})


def test_test_mode_checks_and_stores_nothing(owner: Owner) -> None:
    client = owner.new_client()
    status, reply = owner.ask("invoice/create", owner.invoice_body(client), TestMode=True)
    assert (status, reply["Invoice_Create"]["Body"]["InvoiceTotal"]) == (200, Decimal("120.00"))
    assert owner.ask("invoice/create", owner.invoice_body(client, Currency="XXX"), TestMode=True)[0] == 400
    assert owner.simulator.books().documents == []


def test_a_locked_period_refuses_its_dates_only(owner: Owner) -> None:
    client = owner.new_client()
    owner.sandbox.inject("quickfile", "lock_period", until="2026-03-31")
    assert "locked period" in owner.refused("invoice/create", owner.invoice_body(client))
    later = {"SingleInvoiceData": {"InvoiceNumber": "2", "IssueDate": "2026-04-01"}}
    assert owner.new_invoice(client, Scheduling=later)


def test_the_items_of_the_catalogue_are_there(owner: Owner) -> None:
    asked = {"ReturnCount": 200, "Offset": 0, "OrderResultsBy": "ItemName", "OrderDirection": "ASC"}
    names = [row["ItemName"] for row in owner.done("item/search", {"SearchParameters": asked})["Record"]]
    assert "CMP-RS-22" in names


# -- the REST beta -----------------------------------------------------------------------------------------------------------------


def test_the_beta_wants_its_token(owner: Owner) -> None:
    url = f"{owner.connection['extra']['rest_url']}/account/me"
    assert httpx.get(url).status_code == 401
    assert httpx.get(url, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert owner.rest("GET", "/account/me") == (200, {"account_number": "6131400000", "base_currency": "GBP"})


def test_a_payment_of_the_beta_tells_what_it_settles_only_when_read_alone(owner: Owner) -> None:
    client = owner.new_client()
    invoice = owner.new_invoice(client)
    body = {"type": "payment", "date": "2026-04-02", "invoice_id": invoice, "client_id": client, "amount": 50, "currency": "GBP"}
    status, paid = owner.rest("POST", "/client_payments", json=body)
    assert (status, [each["id"] for each in paid["invoices"]]) == (200, [invoice])
    status, listed = owner.rest("GET", "/client_payments", params={"date_from": "2026-04-02", "date_to": "2026-04-02"})
    assert (listed["paging"]["total"], "invoices" in listed["data"][0]) == (1, False)
    assert owner.rest("GET", f"/client_payments/{paid['id']}")[1]["total_allocated"] == Decimal("50.00")
    assert owner.rest("GET", f"/invoices/{invoice}")[1]["balance"] == Decimal("70.00")
    assert owner.rest("GET", "/client_payments", params={"date_from": "2026-04-03"})[1]["data"] == []
    assert owner.rest("GET", "/client_payments", params={"limit": "101"})[0] == 400


def test_more_than_the_balance_is_not_taken(owner: Owner) -> None:
    client = owner.new_client()
    invoice = owner.new_invoice(client)
    body = {"type": "payment", "date": "2026-04-02", "invoice_id": invoice, "client_id": client, "amount": 121, "currency": "GBP"}
    assert owner.rest("POST", "/client_payments", json=body)[0] == 400
    assert owner.rest("POST", "/client_payments", json={**body, "amount": 1, "currency": "EUR"})[0] == 400
    assert owner.simulator.books().payments == []
