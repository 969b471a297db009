"""The simulator is as strict as the vendor; asked with plain HTTP and nothing of the connector."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.company import Company
from tests.platforms.oracle_fusion.conftest import ACTION, ROOT, Client, Json, details, exact, simulator_of

from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator, transactions
from airbooks.sandbox.server import running

D = Decimal


# -- who may call ------------------------------------------------------------------------------------------------------------------


def token_reply(company: Company, secret: str | None = None, **form: str) -> httpx.Response:
    stored = company.connection()
    pair = b64encode(f"{stored['login']}:{secret or stored['password']}".encode()).decode()
    fields = {"grant_type": "client_credentials", "scope": stored["extra"]["scope"], **form}
    return httpx.post(stored["extra"]["token_url"], data=fields, headers={"Authorization": f"Basic {pair}"})


def test_a_client_gets_a_token_for_an_hour_and_no_refresh_token(company: Company, client: Client) -> None:
    reply = token_reply(company).json()
    assert (reply["token_type"], reply["expires_in"]) == ("Bearer", 3600)
    assert "refresh_token" not in reply
    headers = {"Authorization": f"Bearer {reply['access_token']}"}
    assert client.ask("GET", "/receivablesInvoices?limit=1", headers=headers, auth=None).status_code == 200
    client.simulator.clock.offset = timedelta(seconds=3601)
    late = client.ask("GET", "/receivablesInvoices?limit=1", headers=headers, auth=None)
    client.simulator.clock.offset = timedelta()
    assert (late.status_code, late.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


@pytest.mark.parametrize(
    ("secret", "form", "status", "error"),
    [
        ("wrong", {}, 401, "invalid_client"),
        (None, {"scope": "urn:else"}, 400, "invalid_scope"),
        (None, {"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_the_identity_domain_refuses(company: Company, secret: str | None, form: dict[str, str], status: int, error: str) -> None:
    reply = token_reply(company, secret, **form)
    assert (reply.status_code, reply.json()["error"]) == (status, error)


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Basic !!!"}, {"Authorization": "Bearer a.b.c"}, {"Authorization": "Digest x"}])
def test_nobody_else_comes_in(company: Company, headers: dict[str, str]) -> None:
    reply = httpx.get(f"{company.sandbox.base_url('oracle_fusion')}{ROOT}/receivablesInvoices", headers=headers)
    assert reply.status_code == 401
    assert "www-authenticate" in reply.headers


# -- invoices ----------------------------------------------------------------------------------------------------------------------


def test_a_create_answers_with_the_whole_resource(client: Client) -> None:
    row = client.invoice()
    assert len(str(row["CustomerTransactionId"])) == 15
    assert (row["InvoiceStatus"], row["EnteredAmount"], row["InvoiceBalanceAmount"]) == ("Complete", D("108.25"), D("108.25"))
    assert row["DueDate"] == "2026-03-12"
    assert row["receivablesInvoiceLines"][0]["receivablesInvoiceLineTaxLines"][0]["TaxAmount"] == D("8.25")
    assert row["links"][0]["properties"]["changeIndicator"].startswith("ACED")
    assert row["LastUpdateDate"].endswith("+00:00")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"BusinessUnit": "Elsewhere"}, "AR_BU_NOT_FOUND"),
        ({"TransactionSource": "None"}, "AR_BATCH_SOURCE_NOT_FOUND"),
        ({"BillToCustomerNumber": "99999"}, "AR_BILL_TO_CUST_NOT_FOUND"),
        ({"BillToCustomerNumber": "10043"}, "AR_BILL_TO_SITE_NOT_FOUND"),
        ({"BillToSite": "NOWHERE"}, "AR_BILL_TO_SITE_NOT_FOUND"),
        ({"InvoiceCurrencyCode": "EUR"}, "AR_FUNC_CURRENCY_REQ"),
        ({"ConversionRateType": "Corporate", "ConversionDate": "2026-02-10"}, "AR_FUNC_CURRENCY_REQ"),
        ({"InvoiceCurrencyCode": "EUR", "ConversionRateType": "User", "ConversionDate": "2026-02-10"}, "AR_FUNC_CURRENCY_REQ"),
        ({"receivablesInvoiceLines": [{"LineNumber": 1, "Quantity": 1, "UnitSellingPrice": 1}]}, "AR_LINE_ATTR_OPT_REQ"),
        ({"receivablesInvoiceLines": [Client.line(ItemNumber="NO-SUCH")]}, "AR_ITEM_NOT_FOUND"),
        ({"receivablesInvoiceLines": [Client.line(Warehouse="NO-SUCH")]}, "AR_WH_NOT_FOUND"),
        ({"receivablesInvoiceLines": [Client.line(ItemNumber=None, Warehouse="MAIN")]}, "AR_NO_ITEM_NO_WH"),
    ],
)
def test_set_up_that_is_missing_is_refused_with_its_code(client: Client, fields: Json, code: str) -> None:
    reply = client.ask("POST", "/receivablesInvoices", client.body(**fields))
    assert (reply.status_code, details(reply)["o:errorCode"]) == (400, code)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Supplier": "Northside"}, "Unknown attribute Supplier"),
        ({"receivablesInvoiceLines": [Client.line(Amount=5)]}, "Unknown attribute Amount"),
        ({"receivablesInvoiceLines": None}, "at least one line"),
        ({"TransactionNumber": "N" * 21}, "longer than 20"),
        ({"TransactionNumber": None}, "Enter a transaction number"),
        ({"TransactionSource": "Manual Numbered"}, "automatically"),
        ({"AccountingDate": "2025-12-31"}, "not in an open"),
        ({"TransactionDate": "10.02.2026"}, "not a date"),
        ({"PaymentTerms": "60 Net"}, "payment terms"),
        ({"InvoiceCurrencyCode": "XXX"}, "not enabled"),
        ({"receivablesInvoiceLines": [Client.line(Quantity="2")]}, "must be a number"),
        ({"receivablesInvoiceLines": [Client.line(UnitOfMeasure="Furlong")]}, "unit of measure"),
        ({"receivablesInvoiceLines": [Client.line(MemoLine="None")]}, "memo line"),
        ({"receivablesInvoiceLines": [Client.line(TaxClassificationCode="VAT")]}, "tax classification"),
        ({"receivablesInvoiceLines": [Client.line(receivablesInvoiceLineDFF=[{"department": "X"}])]}, "segment department"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(client: Client, fields: Json, words: str) -> None:
    reply = client.ask("POST", "/receivablesInvoices", client.body(**fields))
    assert reply.status_code == 400
    assert words in details(reply)["detail"]


def test_a_number_is_taken_once_in_a_source_unless_the_source_allows_more(client: Client, simulator: OracleFusionSimulator) -> None:
    first = client.body(TransactionNumber="TWICE-1")
    assert client.ask("POST", "/receivablesInvoices", first).status_code == 201
    again = client.ask("POST", "/receivablesInvoices", first)
    assert again.status_code == 400
    assert "already exists for this source" in details(again)["detail"]
    simulator.pod.change(allow_duplicates=True)
    assert client.ask("POST", "/receivablesInvoices", first).status_code == 201


def test_an_automatic_source_numbers_by_itself(client: Client) -> None:
    row = client.invoice(TransactionSource="Manual Numbered", TransactionNumber=None)
    assert row["TransactionNumber"].isdigit()


def test_a_content_type_of_json_is_needed(client: Client) -> None:
    assert client.ask("POST", "/receivablesInvoices", client.body(), kind="text/plain").status_code == 415
    assert client.ask("POST", "/receivablesInvoices", client.body(), kind="application/json").status_code == 201


@pytest.mark.parametrize(("rounding", "tax"), [("HEADER", "0.25"), ("LINE", "0.24")])
def test_tax_is_rounded_as_the_set_up_says(client: Client, simulator: OracleFusionSimulator, rounding: str, tax: str) -> None:
    simulator.pod.change(tax_rounding=rounding)
    row = client.invoice(*(client.line(LineNumber=n, Quantity=1, UnitSellingPrice=1.00) for n in (1, 2, 3)))
    assert row["EnteredAmount"] == D("3.00") + D(tax)


def test_manual_tax_lines_are_taken_where_they_are_allowed(client: Client, simulator: OracleFusionSimulator) -> None:
    manual = {"TaxRegimeCode": "US SALES TAX", "TaxRateCode": "TX SALES TAX", "TaxAmount": 8.26}
    line = client.line(receivablesInvoiceLineTaxLines=[manual])
    assert client.invoice(line)["EnteredAmount"] == D("108.26")
    wrong = client.line(receivablesInvoiceLineTaxLines=[{**manual, "TaxRateCode": "GB VAT"}])
    assert client.ask("POST", "/receivablesInvoices", client.body(wrong)).status_code == 400
    simulator.pod.change(allow_manual_tax=False)
    assert client.ask("POST", "/receivablesInvoices", client.body(line)).status_code == 400


def test_only_status_terms_and_date_can_be_patched(client: Client) -> None:
    row = client.invoice()
    path = f"/receivablesInvoices/{row['CustomerTransactionId']}"
    changed = client.ask("PATCH", path, {"PaymentTerms": "14 Net", "TransactionDate": "2026-02-11"})
    assert exact(changed)["DueDate"] == "2026-02-25"
    refused = client.ask("PATCH", path, {"Comments": "x"})
    assert (refused.status_code, details(refused)["detail"]) == (400, "Attribute Comments is not updatable.")
    assert client.ask("PATCH", path, {"InvoiceStatus": "Void"}).status_code == 400


def test_a_stale_change_indicator_is_refused_and_without_one_the_last_write_wins(client: Client) -> None:
    row = client.invoice()
    path, stale = f"/receivablesInvoices/{row['CustomerTransactionId']}", row["links"][0]["properties"]["changeIndicator"]
    assert client.ask("PATCH", path, {"PaymentTerms": "14 Net"}, headers={"If-Match": stale}).status_code == 200
    assert client.ask("PATCH", path, {"PaymentTerms": "30 Net"}, headers={"If-Match": stale}).status_code == 412
    assert client.ask("PATCH", path, {"PaymentTerms": "30 Net"}).status_code == 200


def test_only_an_incomplete_invoice_is_deleted_and_only_where_it_is_allowed(client: Client, simulator: OracleFusionSimulator) -> None:
    row = client.invoice()
    path = f"/receivablesInvoices/{row['CustomerTransactionId']}"
    assert client.ask("DELETE", path).status_code == 400
    assert exact(client.ask("PATCH", path, {"InvoiceStatus": "Incomplete"}))["InvoiceStatus"] == "Incomplete"
    simulator.pod.change(allow_delete=False)
    assert client.ask("DELETE", path).status_code == 400
    simulator.pod.change(allow_delete=True)
    assert client.ask("DELETE", path).status_code == 204
    assert client.ask("GET", path).status_code == 404


def test_an_invoice_can_be_left_incomplete(client: Client) -> None:
    assert client.invoice(AllowCompletion="N")["InvoiceStatus"] == "Incomplete"


def test_there_is_no_void_and_a_credit_memo_stands_on_account(client: Client) -> None:
    row = client.invoice()
    assert client.ask("POST", f"/receivablesInvoices/{row['CustomerTransactionId']}/action/void", {}, ACTION).status_code == 404
    line = {"LineNumber": 1, "LineDescription": "Item", "LineQuantityCredit": 2, "UnitSellingPrice": -50.00}
    body = client.body(TransactionType="Credit Memo", InvoiceCurrencyCode=None, PaymentTerms=None, receivablesInvoiceLines=None)
    memo = client.ask("POST", "/receivablesCreditMemos", {**body, "CreditMemoCurrency": "USD", "receivablesCreditMemoLines": [line]})
    assert (memo.status_code, exact(memo)["EnteredAmount"]) == (201, D("-100.00"))
    assert client.balance(row) == D("108.25")
    positive = {**body, "TransactionNumber": "CM-2", "receivablesCreditMemoLines": [{**line, "UnitSellingPrice": 50.00}]}
    assert client.ask("POST", "/receivablesCreditMemos", positive).status_code == 400
    path = f"/receivablesCreditMemos/{exact(memo)['CustomerTransactionId']}"
    assert client.ask("DELETE", path).status_code == 400
    assert client.ask("GET", f"/receivablesInvoices/{exact(memo)['CustomerTransactionId']}").status_code == 404


def test_the_resource_invoices_is_payables_and_takes_no_sale(client: Client) -> None:
    refused = client.ask("POST", "/invoices", client.body())
    assert refused.status_code == 400
    supplier = {"InvoiceNumber": "S-1", "InvoiceCurrency": "USD", "InvoiceAmount": 5, "BusinessUnit": "X", "Supplier": "Y"}
    before = len(client.sandbox.books("oracle_fusion").documents)
    assert client.ask("POST", "/invoices", supplier).status_code == 201
    assert len(client.simulator.pod.payables) == 1
    assert len(client.sandbox.books("oracle_fusion").documents) == before


# -- reading -----------------------------------------------------------------------------------------------------------------------


def test_a_collection_has_the_shape_of_adf(client: Client) -> None:
    for _ in range(3):
        client.invoice()
    body = exact(client.ask("GET", "/receivablesInvoices?limit=2&orderBy=CustomerTransactionId&totalResults=true"))
    assert (body["count"], body["limit"], body["offset"], body["hasMore"]) == (2, 2, 0, True)
    assert body["totalResults"] >= 3
    assert "links" in body["items"][0]
    assert "receivablesInvoiceLines" not in body["items"][0]
    second = exact(client.ask("GET", "/receivablesInvoices?limit=2&offset=2&orderBy=CustomerTransactionId&onlyData=true"))
    assert "links" not in second["items"][0]
    assert second["items"][0]["CustomerTransactionId"] > body["items"][1]["CustomerTransactionId"]
    assert exact(client.ask("GET", "/receivablesInvoices"))["limit"] == 25
    assert exact(client.ask("GET", "/receivablesInvoices?limit=9999"))["limit"] == 500


def test_children_come_when_they_are_asked_for(client: Client) -> None:
    row = client.invoice()
    path = f"/receivablesInvoices/{row['CustomerTransactionId']}"
    plain = exact(client.ask("GET", f"{path}?expand=receivablesInvoiceLines"))
    assert "receivablesInvoiceLineTaxLines" not in plain["receivablesInvoiceLines"][0]
    parts = exact(client.ask("GET", f"{path}/child/receivablesInvoiceInstallments"))
    assert [each["InstallmentBalanceDue"] for each in parts["items"]] == [D("108.25")]


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ('q=TransactionNumber="{}";BusinessUnit="Harbour Compressors US"', 200),
        ("q=TransactionNumber={}", 400),
        ('q=TransactionNumber="{}" AND BusinessUnit="x"', 400),
        ('q=Comments="{}"', 400),
        ('q=CustomerTransactionId="text"', 400),
        ("finder=invoiceSearch;TransactionNumber={}", 200),
        ("finder=invoiceSearch;Comments={}", 400),
        ("finder=nothing;TransactionNumber={}", 400),
        ("limit=many", 400),
    ],
)
def test_queries_are_read_strictly(client: Client, asked: str, status: int) -> None:
    row = client.invoice()
    reply = client.ask("GET", f"/receivablesInvoices?{asked.format(row['TransactionNumber'])}")
    assert reply.status_code == status, reply.text
    if status == 200:
        assert [each["CustomerTransactionId"] for each in exact(reply)["items"]] == [row["CustomerTransactionId"]]


def test_changes_are_found_by_their_time(client: Client) -> None:
    first, second = client.invoice(), client.invoice()
    asked = {"q": f'LastUpdateDate>="{second["LastUpdateDate"]}"', "orderBy": "LastUpdateDate"}
    found = exact(client.ask("GET", "/receivablesInvoices", params=asked))["items"]
    ids = [each["CustomerTransactionId"] for each in found]
    assert second["CustomerTransactionId"] in ids
    assert first["CustomerTransactionId"] not in ids


@pytest.mark.parametrize("version", ["", "1", "3"])
def test_before_framework_version_four_errors_are_bare_text(client: Client, version: str) -> None:
    del client.http.headers["REST-Framework-Version"]
    headers = {"REST-Framework-Version": version} if version else {}
    reply = client.ask("POST", "/receivablesInvoices", client.body(BusinessUnit="x"), headers=headers)
    assert (reply.status_code, reply.text) == (400, "The business unit was not found.")
    assert reply.headers["content-type"].startswith("text/plain")


def test_an_account_without_activity_is_missing_from_the_activities(client: Client) -> None:
    asked = {"q": 'AccountNumber="10042"'}
    assert exact(client.ask("GET", "/receivablesCustomerAccountActivities", params=asked))["count"] == 0
    client.invoice(BillToCustomerNumber="10042")
    (row,) = exact(client.ask("GET", "/receivablesCustomerAccountActivities", params=asked))["items"]
    assert (row["CustomerName"], row["TotalOpenReceivablesForAccount"]) == ("Northside Fabrication Ltd", D("108.25"))


def test_a_user_without_data_access_sees_empty_lists_and_no_error(client: Client) -> None:
    client.invoice()
    client.sandbox.inject("oracle_fusion", "no_data_access")
    reply = client.ask("GET", "/receivablesInvoices")
    assert (reply.status_code, exact(reply)["items"]) == (200, [])


# -- the books ---------------------------------------------------------------------------------------------------------------------


def test_what_is_booked_survives_a_restart(tmp_path: Any) -> None:
    with running(["oracle_fusion"], folder=tmp_path) as sandbox:
        client = Client(sandbox)
        invoice = client.invoice()
        before = sandbox.books("oracle_fusion")
        client.http.close()
    with running(["oracle_fusion"], folder=tmp_path) as sandbox:
        assert sandbox.books("oracle_fusion") == before
        pod = simulator_of(sandbox).pod
        transactions.credit_by_hand(pod, pod.transactions[str(invoice["CustomerTransactionId"])])
        (booked,) = sandbox.books("oracle_fusion").documents
        assert (booked.status, booked.balance) == ("void", D(0))
