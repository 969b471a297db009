"""The simulator refuses what the vendor refuses, and answers in the vendor's forms."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from airbooks.sandbox.server import Sandbox, running

SLUG = "business_central"
ZERO = "00000000-0000-0000-0000-000000000000"


class Client:
    """A plain HTTP client of the simulated API."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.account = sandbox.simulators[SLUG].connection()
        self.http = httpx.Client(timeout=10)
        extra = self.account["extra"]
        self.root = f"{self.account['host']}/v2.0/{extra['tenant_id']}/{extra['environment']}/api"
        self.company = f"{self.root}/v2.0/companies({extra['company_id']})"
        self.bearer = self.token().json()["access_token"]

    def token(self, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.account["login"],
            "client_secret": self.account["password"],
            "scope": "https://api.businesscentral.dynamics.com/.default",
        }
        return self.http.post(self.account["extra"]["token_url"], data={**form, **changes})

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        url = path if path.startswith("http") else f"{self.company}/{path}"
        sent = {"Authorization": f"Bearer {self.bearer}", "Accept-Language": "en-US"}
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return self.http.request(method, url, json=body, headers=sent)

    def get(self, path: str, **headers: str) -> Any:
        answer = self.ask("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    def rows(self, path: str, **headers: str) -> list[Any]:
        return self.get(path, **headers)["value"]  # type: ignore[no-any-return]

    def made(self, path: str, body: Any) -> Any:
        answer = self.ask("POST", path, body)
        assert answer.status_code == 201, answer.text
        return json.loads(answer.content, parse_float=Decimal)

    def customer(self, number: str = "C-EU-0001", **fields: Any) -> Any:
        return self.made("customers", {"number": number, "displayName": f"Customer {number}", "country": "DE", **fields})

    def draft(self, number: str = "EU-SI-000001", customer: str = "C-EU-0001", **fields: Any) -> Any:
        lines = fields.pop("lines", [line()])
        return self.made(
            "salesInvoices", {"customerNumber": customer, "externalDocumentNumber": number, "salesInvoiceLines": lines, **fields}
        )

    def posted(self, number: str = "EU-SI-000001", **fields: Any) -> Any:
        invoice = self.draft(number, **fields)
        answer = self.ask("POST", f"salesInvoices({invoice['id']})/Microsoft.NAV.post")
        assert answer.status_code == 204, answer.text
        return self.get(f"salesInvoices({invoice['id']})")


def line(number: str = "TNK-V-0270", quantity: int = 2, price: float = 450.5, **fields: Any) -> dict[str, Any]:
    return {
        "lineType": "Item",
        "lineObjectNumber": number,
        "quantity": quantity,
        "unitPrice": price,
        "discountAmount": 0,
        "taxCode": "MWST19",
        **fields,
    }


@pytest.fixture
def client(sandbox: Callable[..., Sandbox]) -> Iterator[Client]:
    found = Client(sandbox(SLUG))
    yield found
    found.http.close()


def refused(answer: httpx.Response, status: int, code: str, part: str = "") -> None:
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert part in answer.json()["error"]["message"]
    assert "CorrelationId:  " in answer.json()["error"]["message"]


# -- the door -----------------------------------------------------------------------------------------------------------------


def test_the_token_end_point_takes_a_form_and_refuses_wrong_secrets_grants_scopes_and_tenants(client: Client) -> None:
    good = client.token()
    assert good.status_code == 200
    assert good.json()["expires_in"] == 3599
    assert "refresh_token" not in good.json()
    wrong = client.token(client_secret="no")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert client.token(grant_type="password").json()["error"] == "unsupported_grant_type"
    assert client.token(scope="openid").json()["error"] == "invalid_scope"
    assert client.token(client_id=ZERO).json()["error"] == "unauthorized_client"


def test_a_call_needs_a_token_that_is_known_and_not_expired(client: Client) -> None:
    refused(client.ask("GET", "customers", Authorization="Bearer unknown"), 401, "Authentication_InvalidCredentials")
    client.sandbox.simulators[SLUG].clock.offset = timedelta(seconds=3600)
    refused(client.ask("GET", "customers"), 401, "Authentication_InvalidCredentials")


def test_an_unknown_company_environment_entity_and_id_are_not_found(client: Client) -> None:
    assert client.rows(f"{client.root}/v2.0/companies")[0]["name"] == "Nordluft Druckluft GmbH"
    refused(client.ask("GET", f"{client.root}/v2.0/companies({ZERO})/items"), 404, "Internal_CompanyNotFound")
    refused(client.ask("GET", f"{client.root.replace('Production', 'Elsewhere')}/v2.0/companies"), 404, "NoEnvironment")
    refused(client.ask("GET", "salesInvoicesAll"), 404, "BadRequest_ResourceNotFound")
    refused(client.ask("GET", f"salesInvoices({ZERO})"), 404, "Internal_RecordNotFound")


def test_more_calls_than_the_window_allows_are_throttled(client: Client) -> None:
    client.sandbox.simulators[SLUG].window.calls = 3  # type: ignore[attr-defined]
    answers = [client.ask("GET", "items?$top=1").status_code for _ in range(5)]
    assert answers[-1] == 429


def test_the_same_company_answers_on_premises_with_basic_authentication(client: Client) -> None:
    from airbooks.platforms.business_central.sandbox.simulator import INSTANCE, USER, WEB_SERVICE_KEY

    url = f"{client.account['host']}/{INSTANCE}/api/v2.0/companies"
    assert client.http.get(url, auth=(USER, WEB_SERVICE_KEY)).status_code == 200
    assert client.http.get(url, auth=(USER, "wrong")).status_code == 401


# -- queries ------------------------------------------------------------------------------------------------------------------


def test_the_set_up_lists_what_a_company_has(client: Client) -> None:
    assert len(client.rows("items")) == 35
    assert {row["code"] for row in client.rows("taxGroups")} == {"MWST19", "MWST7", "IGL0", "AUSFUHR0"}
    assert {row["displayName"] for row in client.rows("paymentTerms")} == {"Net 30", "Net 14", "2% 10 Net 30", "Due on receipt"}
    assert {row["code"] for row in client.rows("currencies")} == {"USD", "GBP", "AUD"}
    assert client.rows("companyInformation")[0]["currencyCode"] == "EUR"
    assert {"4000", "4900", "4800"} <= {row["number"] for row in client.rows("accounts?$filter=directPosting eq true")}
    dimension = client.rows("dimensions?$filter=code eq 'DEPARTMENT'")[0]
    assert {row["code"] for row in client.rows(f"dimensions({dimension['id']})/dimensionValues")} == {"WHOLESALE", "SERVICE"}


def test_filters_compare_text_numbers_dates_and_double_their_quotes(client: Client) -> None:
    client.customer(displayName="Müller's Druckluft", email="ap@mueller.example")
    assert len(client.rows("customers?$filter=displayName eq 'Müller''s Druckluft'")) == 1
    assert len(client.rows("customers?$filter=startswith(displayName,'Mül') and blocked ne 'All'")) == 1
    assert client.rows("customers?$filter=number eq 'c-eu-0001'&$select=id,number")[0].keys() == {"@odata.etag", "id", "number"}
    assert client.rows("customers?$filter=number eq 'NOBODY'") == []
    assert len(client.rows("items?$filter=unitPrice gt 20000 and type eq 'Inventory'")) == 2
    assert client.get("items?$filter=contains(displayName,'hose')&$count=true&$top=1")["@odata.count"] == 2
    assert client.rows("items?$orderby=unitPrice desc&$top=1")[0]["number"] == "CMP-PORT-90"
    assert len(client.rows("items?$filter=(number eq 'FRT-STD' or number eq 'FRT-HVY') and not (blocked eq true)")) == 2


@pytest.mark.parametrize(
    "text",
    [
        "number eq 'A' or displayName eq 'B'",
        "nothing eq 'A'",
        "number eq A",
        "number like 'A'",
        "number eq 'A",
        "unitPrice gt '5'",
        "number eq 'A')",
    ],
)
def test_filters_that_the_platform_cannot_answer_are_refused(client: Client, text: str) -> None:
    refused(client.ask("GET", f"items?$filter={text}"), 400, "BadRequest")


def test_a_lambda_in_a_filter_is_ignored_and_not_refused(client: Client) -> None:
    assert len(client.rows("items?$filter=picture/any(p: p/id eq 1)")) == 35


def test_a_full_page_ends_in_a_next_link_that_is_followed_verbatim(client: Client) -> None:
    found, url = [], "items?$select=id,number&$filter=blocked eq false"
    while url:
        page = client.get(url, Prefer="odata.maxpagesize=10")
        found += [row["number"] for row in page["value"]]
        url = page.get("@odata.nextLink", "")
    assert len(found) == len(set(found)) == 35


# -- customers ----------------------------------------------------------------------------------------------------------------


def test_customers_have_unique_numbers_and_bounded_fields(client: Client) -> None:
    made = client.customer(currencyCode="USD")
    assert (made["blocked"], made["type"], made["currencyCode"]) == ("_x0020_", "Company", "USD")
    refused(client.ask("POST", "customers", {"number": "C-EU-0001", "displayName": "X"}), 400, "Internal_EntityWithSameKeyExists")
    refused(client.ask("POST", "customers", {"number": "N" * 21, "displayName": "X"}), 400, "Application_StringExceededLength")
    refused(client.ask("POST", "customers", {"displayName": "X", "country": "QQ"}), 400, "Internal_InvalidTableRelation")
    refused(client.ask("POST", "customers", {"displayName": "X", "type": "Firm"}), 400, "Unknown")
    refused(client.ask("POST", "customers", {"displayName": "X", "paymentTermsId": "NET30"}), 400, "Application_InvalidGUID")
    refused(client.ask("POST", "customers", {"displayName": "X", "colour": "red"}), 400, "BadRequest", "does not exist on type")
    refused(client.ask("POST", "customers", {}), 400, "Application_DialogException", "displayName")
    assert client.made("customers", {"displayName": "By series"})["number"].startswith("C1")


# -- drafts -------------------------------------------------------------------------------------------------------------------


def test_a_draft_has_its_own_number_totals_tax_and_due_date_from_the_server(client: Client) -> None:
    terms = client.rows("paymentTerms?$filter=code eq 'NET30'")[0]["id"]
    client.customer()
    lines = [line(), line("FLT-PRE-30", 3, 10.01, taxCode="MWST7", discountPercent=5), {"description": "Forklift on site"}]
    del lines[1]["discountAmount"]
    draft = client.draft(lines=lines, invoiceDate="2026-03-02", postingDate="2026-03-02", paymentTermsId=terms)
    assert draft["number"] == "102201"
    assert (draft["status"], draft["currencyCode"], draft["currencyId"]) == ("Draft", "EUR", ZERO)
    assert draft["dueDate"] == "2026-04-01"
    assert draft["totalAmountExcludingTax"] == Decimal("929.53")
    assert draft["totalTaxAmount"] == Decimal("173.19")
    assert draft["totalAmountIncludingTax"] == draft["remainingAmount"] == Decimal("1102.72")
    assert "salesInvoiceLines" not in draft
    found = client.get(f"salesInvoices({draft['id']})?$expand=salesInvoiceLines")["salesInvoiceLines"]
    assert [each["lineType"] for each in found] == ["Item", "Item", "Comment"]
    assert [each["netAmount"] for each in found] == [901, Decimal("28.53"), 0]


def test_decimals_are_json_numbers_without_trailing_zeros(client: Client) -> None:
    client.customer()
    draft = client.draft(lines=[line(quantity=1, price=100.50)])
    text = client.ask("GET", f"salesInvoices({draft['id']})").text
    assert '"totalAmountExcludingTax":100.5,' in text
    assert '"discountAmount":0,' in text


def test_an_invoice_discount_is_spread_over_the_lines_before_tax(client: Client) -> None:
    client.customer()
    draft = client.draft(lines=[line(quantity=1, price=100), line(quantity=1, price=50, taxCode="MWST7")], discountAmount=10)
    assert draft["totalAmountExcludingTax"] == 140
    assert draft["totalTaxAmount"] == Decimal("17.73") + Decimal("3.27")  # 19 % of 93.33 and 7 % of 46.67


@pytest.mark.parametrize(
    ("body", "code", "part"),
    [
        ({}, "Application_DialogException", 'A "customerNumber" or a "customerId" must be provided.'),
        ({"customerNumber": "NOBODY"}, "Application_DialogException", "cannot be found"),
        ({"customerNumber": "C-EU-0001", "number": "4711"}, "BadRequest_InvalidOperation", "read-only"),
        ({"customerNumber": "C-EU-0001", "totalTaxAmount": 1}, "BadRequest_InvalidOperation", "read-only"),
        ({"customerNumber": "C-EU-0001", "externalDocumentNumber": "X" * 36}, "Application_StringExceededLength", ""),
        ({"customerNumber": "C-EU-0001", "currencyCode": "CHF"}, "Application_DialogException", "Currency"),
        ({"customerNumber": "C-EU-0001", "postingDate": "02.03.2026"}, "BadRequest", ""),
        ({"customerNumber": "C-EU-0001", "discountAmount": "5.00"}, "BadRequest", "Edm.Decimal"),
        ({"customerNumber": "C-EU-0001", "shortcutDimension1Code": "SALES"}, "Internal_InvalidTableRelation", ""),
        ({"customerNumber": "C-EU-0001", "paymentTermsId": "5d115c9c-44e3-ea11-bb43-000d3a2feca1"}, "Application_DialogException", ""),
        ({"customerNumber": "C-EU-0001", "memo": "x"}, "BadRequest", "does not exist"),
    ],
)
def test_heads_that_the_platform_refuses(client: Client, body: dict[str, Any], code: str, part: str) -> None:
    client.customer()
    refused(client.ask("POST", "salesInvoices", body), 400, code, part)
    assert client.rows("salesInvoices") == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"lineObjectNumber": "NO-SUCH"}, "Application_DialogException"),
        ({"lineType": "Account", "lineObjectNumber": "1100"}, "Application_DialogException"),
        ({"lineType": "Account", "lineObjectNumber": "4900", "unitOfMeasureCode": "STK"}, "Application_DialogException"),
        ({"lineType": "Goods"}, "Unknown"),
        ({"taxCode": "DE-S19"}, "Internal_InvalidTableRelation"),
        ({"unitOfMeasureCode": "M"}, "Internal_InvalidTableRelation"),
        ({"discountPercent": 5, "discountAmount": 1}, "Application_DialogException"),
        ({"description": "x" * 101}, "Application_StringExceededLength"),
        ({"sequence": 10000}, "Application_DialogException"),
        ({"amountExcludingTax": 5}, "BadRequest_InvalidOperation"),
    ],
)
def test_lines_that_the_platform_refuses_leave_no_draft(client: Client, changes: dict[str, Any], code: str) -> None:
    client.customer()
    body = {"customerNumber": "C-EU-0001", "salesInvoiceLines": [line(), {**line(), **changes}]}
    refused(client.ask("POST", "salesInvoices", body), 400, code)
    assert client.rows("salesInvoices") == []


def test_malformed_json_bad_guids_and_bodies_of_another_type_are_refused(client: Client) -> None:
    headers = {"Authorization": f"Bearer {client.bearer}", "Accept-Language": "en-US"}
    place = f"{client.company}/customers"
    refused(client.http.post(place, content=b'{"displayName":', headers={**headers, "Content-Type": "application/json"}), 400, "BadRequest")
    refused(client.http.post(place, content=b"displayName=X", headers={**headers, "Content-Type": "text/plain"}), 415, "BadRequest")


def test_number_and_id_of_a_customer_must_agree(client: Client) -> None:
    client.customer()
    other = client.customer("C-EU-0002")
    answer = client.ask("POST", "salesInvoices", {"customerNumber": "C-EU-0001", "customerId": other["id"]})
    refused(answer, 400, "Application_DialogException", "do not match")


def test_item_and_account_together_are_refused(client: Client) -> None:
    client.customer()
    item, account = client.rows("items")[0]["id"], client.rows("accounts?$filter=number eq '4000'")[0]["id"]
    answer = client.ask(
        "POST", "salesInvoices", {"customerNumber": "C-EU-0001", "salesInvoiceLines": [{"itemId": item, "accountId": account}]}
    )
    refused(answer, 400, "Application_DialogException", "Specify only one of them")


def test_what_a_line_leaves_out_the_cards_and_price_lists_fill_in(client: Client) -> None:
    client.customer()
    client.sandbox.inject(SLUG, "price_list", percent=10)
    draft = client.draft(lines=[{"lineType": "Item", "lineObjectNumber": "TNK-V-0270", "quantity": 1}])
    found = client.rows(f"salesInvoices({draft['id']})/salesInvoiceLines")[0]
    assert (found["unitPrice"], found["discountPercent"], found["taxCode"]) == (Decimal("447.12"), 10, "MWST19")


def test_two_invoices_may_carry_the_same_external_number(client: Client) -> None:
    client.customer()
    client.draft()
    client.draft()
    assert len(client.rows("salesInvoices?$filter=externalDocumentNumber eq 'EU-SI-000001'")) == 2


def test_writing_needs_the_current_version(client: Client) -> None:
    client.customer()
    draft = client.draft()
    here = f"salesInvoices({draft['id']})"
    assert client.get(here)["@odata.etag"] == draft["@odata.etag"]
    refused(client.ask("PATCH", here, {"dueDate": "2027-01-01"}), 400, "BadRequest_InvalidToken")
    added = client.ask("POST", f"{here}/salesInvoiceLines", line())
    assert added.status_code == 201
    refused(client.ask("PATCH", here, {"dueDate": "2027-01-01"}, If_Match=draft["@odata.etag"]), 409, "Request_EntityChanged")
    assert client.ask("PATCH", here, {"dueDate": "2027-01-01"}, If_Match="*").json()["dueDate"] == "2027-01-01"
    refused(client.ask("PATCH", here, {"salesInvoiceLines": []}, If_Match="*"), 400, "BadRequest_InvalidOperation")
    changed = f"salesInvoiceLines({added.json()['id']})"
    assert client.ask("PATCH", changed, {"quantity": 5}, If_Match="*").status_code == 200
    assert client.ask("DELETE", changed, If_Match="*").status_code == 204
    assert client.get(here)["totalAmountExcludingTax"] == 901
    assert client.ask("DELETE", here, If_Match="*").status_code == 204
    refused(client.ask("GET", here), 404, "Internal_RecordNotFound")


def test_lines_are_listed_only_for_a_document(client: Client) -> None:
    client.customer()
    draft = client.draft()
    refused(client.ask("GET", "salesInvoiceLines"), 400, "Application_DialogException", "Document Id")
    assert len(client.rows(f"salesInvoiceLines?$filter=documentId eq {draft['id']}")) == 1


def test_a_dimension_that_is_there_already_must_be_patched(client: Client) -> None:
    client.customer()
    draft = client.draft(shortcutDimension1Code="WHOLESALE")
    place = f"salesInvoiceLines({client.rows('salesInvoices(' + draft['id'] + ')/salesInvoiceLines')[0]['id']})/dimensionSetLines"
    refused(
        client.ask("POST", place, {"code": "DEPARTMENT", "valueCode": "SERVICE"}), 400, "Internal_EntityWithSameKeyExists", "already exists"
    )
    dimension = client.rows(place)[0]["id"]
    assert client.ask("PATCH", f"{place}({dimension})", {"valueCode": "SERVICE"}, If_Match="*").json()["valueCode"] == "SERVICE"
    assert client.ask("POST", place, {"code": "WAREHOUSE", "valueCode": "NORTH"}).status_code == 201
    refused(client.ask("POST", place, {"code": "WAREHOUSE", "valueCode": "MOON"}), 400, "Internal_EntityWithSameKeyExists")


# -- posting ------------------------------------------------------------------------------------------------------------------


def test_posting_keeps_the_id_changes_the_number_and_happens_once(client: Client) -> None:
    client.customer()
    draft = client.draft()
    post = f"salesInvoices({draft['id']})/Microsoft.NAV.post"
    answer = client.ask("POST", post)
    assert (answer.status_code, answer.content) == (204, b"")
    posted = client.get(f"salesInvoices({draft['id']})")
    assert (posted["number"], posted["status"]) == ("103201", "Open")
    assert posted["@odata.etag"] != draft["@odata.etag"]
    refused(client.ask("POST", post), 400, "Application_DialogException", "draft invoice only")
    proof = client.rows(f"{client.root}/microsoft/automate/v1.0/companies({client.account['extra']['company_id']})/postedSalesInvoices")
    assert proof[0]["apiId"] == draft["id"]


def test_a_posted_invoice_takes_only_dates_and_disputes(client: Client) -> None:
    client.customer()
    posted = client.posted()
    here = f"salesInvoices({posted['id']})"
    refused(client.ask("PATCH", here, {"email": "x@example.com"}, If_Match="*"), 400, "Application_DialogException", "posted")
    assert client.ask("PATCH", here, {"dueDate": "2027-01-01"}, If_Match="*").status_code == 200
    refused(client.ask("DELETE", here, If_Match="*"), 400, "Application_DialogException")
    refused(client.ask("POST", f"{here}/salesInvoiceLines", line()), 400, "Application_DialogException", "posted")


@pytest.mark.parametrize(
    ("fault", "parameters", "code", "part"),
    [
        ("lock_period", {}, "Application_DialogException", "Posting Date is not within your range of allowed posting dates."),
        ("block_customer", {"number": "C-EU-0001"}, "Application_DialogException", "blocked"),
        ("lock_table", {}, "Application_DialogException", "locked by another user"),
        ("forbid_writes", {}, "Authorization_RequestDenied", "permission"),
        ("missing_rate", {}, "Application_DialogException", "Currency Exchange Rate"),
    ],
)
def test_posting_is_refused_in_the_vendors_words(client: Client, fault: str, parameters: dict[str, Any], code: str, part: str) -> None:
    client.customer()
    draft = client.draft(currencyCode="USD")
    client.sandbox.inject(SLUG, fault, **parameters)
    answer = client.ask("POST", f"salesInvoices({draft['id']})/Microsoft.NAV.post")
    refused(answer, 403 if fault == "forbid_writes" else 400, code, part)
    client.sandbox.clear_faults()
    assert client.get(f"salesInvoices({draft['id']})")["status"] == "Draft"


def test_without_a_language_header_the_company_answers_in_german(client: Client) -> None:
    client.customer()
    draft = client.draft()
    client.sandbox.inject(SLUG, "lock_period")
    answer = client.ask("POST", f"salesInvoices({draft['id']})/Microsoft.NAV.post", Accept_Language="")
    refused(answer, 400, "Application_DialogException", "Buchungsdatum")


def test_empty_drafts_lines_without_quantity_and_unfinished_customers_fail_at_posting_not_before(client: Client) -> None:
    client.customer()
    client.sandbox.inject(SLUG, "no_posting_groups")
    client.customer("C-EU-0002")
    for draft, code in (
        (client.draft(lines=[]), "Application_DialogException"),
        (client.draft(lines=[line(quantity=0)]), "Application_DialogException"),
        (client.draft(customer="C-EU-0002"), "Application_FieldValidationException"),
    ):
        refused(client.ask("POST", f"salesInvoices({draft['id']})/Microsoft.NAV.post"), 400, code)


def test_cancelling_voids_an_unpaid_posted_invoice_by_a_corrective_credit_memo(client: Client) -> None:
    client.customer()
    refused(
        client.ask("POST", f"salesInvoices({client.draft()['id']})/Microsoft.NAV.cancel"),
        400,
        "Application_DialogException",
        "posted invoice only",
    )
    posted = client.posted()
    cancel = f"salesInvoices({posted['id']})/Microsoft.NAV.cancel"
    assert client.ask("POST", cancel).status_code == 204
    now = client.get(f"salesInvoices({posted['id']})")
    assert (now["status"], now["remainingAmount"]) == ("Canceled", 0)
    assert [memo["status"] for memo in client.rows("salesCreditMemos")] == ["Corrective"]
    refused(client.ask("POST", cancel), 400, "Application_DialogException", "already been canceled")


def test_a_cancellation_that_fails_half_way_says_so(client: Client) -> None:
    client.customer()
    posted = client.posted()
    client.sandbox.inject(SLUG, "half_cancel")
    answer = client.ask("POST", f"salesInvoices({posted['id']})/Microsoft.NAV.cancel")
    refused(answer, 400, "Application_DialogException", "created but not posted")
    assert client.rows("salesCreditMemos")[0]["status"] == "Draft"


def test_a_posted_credit_memo_settles_the_invoice_it_names_and_cannot_be_cancelled(client: Client) -> None:
    client.customer()
    posted = client.posted()
    memo = client.made(
        "salesCreditMemos",
        {
            "customerNumber": "C-EU-0001",
            "externalDocumentNumber": "EU-CN-000001",
            "invoiceId": posted["id"],
            "salesCreditMemoLines": [line(quantity=1)],
        },
    )
    assert client.ask("POST", f"salesCreditMemos({memo['id']})/Microsoft.NAV.post").status_code == 204
    assert client.get(f"salesCreditMemos({memo['id']})")["status"] == "Paid"
    assert client.get(f"salesInvoices({posted['id']})")["remainingAmount"] == Decimal("536.09")
    refused(client.ask("POST", f"salesCreditMemos({memo['id']})/Microsoft.NAV.cancel"), 400, "Application_DialogException", "corrective")


# -- payments -----------------------------------------------------------------------------------------------------------------


def journal(client: Client) -> str:
    return str(client.rows("customerPaymentJournals")[0]["id"])


def paid(client: Client, invoice: Any, amount: str, **fields: Any) -> httpx.Response:
    body = {
        "customerNumber": "C-EU-0001",
        "appliesToInvoiceId": invoice["id"],
        "externalDocumentNumber": "PAY-1",
        "amount": float(amount),
        **fields,
    }
    client.made(f"customerPaymentJournals({journal(client)})/customerPayments", body)
    return client.ask("POST", f"journals({journal(client)})/Microsoft.NAV.post")


def entries(client: Client, text: str = "", **headers: str) -> list[Any]:
    company = client.account["extra"]["company_id"]
    query = f"?$filter={text}" if text else ""
    return client.rows(f"{client.root}/microsoft/reportsFinance/beta/companies({company})/customerLedgerEntries{query}", **headers)


def test_posting_a_journal_uses_up_its_lines_and_settles_the_invoice(client: Client) -> None:
    client.customer()
    posted = client.posted()
    total = posted["totalAmountIncludingTax"]
    refused(client.ask("POST", f"journals({journal(client)})/Microsoft.NAV.post"), 400, "Application_DialogException", "nothing to post")
    assert paid(client, posted, "-100").status_code == 204
    partly = client.get(f"salesInvoices({posted['id']})")
    assert (partly["remainingAmount"], partly["status"]) == (total - 100, "Open")
    assert partly["lastModifiedDateTime"] == posted["lastModifiedDateTime"]
    assert client.rows(f"customerPaymentJournals({journal(client)})/customerPayments") == []
    assert paid(client, posted, str(-(total - 100)), externalDocumentNumber="PAY-2").status_code == 204
    assert client.get(f"salesInvoices({posted['id']})")["status"] == "Paid"
    found = entries(client, "documentType eq 'Payment' and lastModifiedDateTime gt 2026-01-01T00:00:00Z", Data_Access_Intent="ReadWrite")
    assert [(row["externalDocumentNumber"], row["amount"], row["currencyCode"]) for row in found] == [
        ("PAY-1", -100, ""),
        ("PAY-2", -(total - 100), ""),
    ]
    refused(client.ask("POST", f"salesInvoices({posted['id']})/Microsoft.NAV.cancel"), 400, "Application_DialogException", "paid")


def test_a_positive_amount_fails_when_posting_and_nothing_of_the_journal_is_posted(client: Client) -> None:
    client.customer()
    posted = client.posted()
    client.made(f"customerPaymentJournals({journal(client)})/customerPayments", {"customerNumber": "C-EU-0001", "amount": -5})
    refused(paid(client, posted, "100"), 400, "Application_DialogException", "Amount must be negative")
    assert client.get(f"salesInvoices({posted['id']})")["remainingAmount"] == posted["totalAmountIncludingTax"]
    assert len(client.rows(f"customerPaymentJournals({journal(client)})/customerPayments")) == 2


def test_the_invoice_of_a_payment_must_be_posted_when_named_by_id_and_is_not_checked_by_number(client: Client) -> None:
    client.customer()
    place = f"customerPaymentJournals({journal(client)})/customerPayments"
    draft = client.draft()
    answer = client.ask("POST", place, {"customerNumber": "C-EU-0001", "amount": -1, "appliesToInvoiceId": draft["id"]})
    refused(answer, 400, "Application_DialogException", "appliesToInvoiceId")
    kept = client.made(place, {"customerNumber": "C-EU-0001", "amount": -1, "appliesToInvoiceNumber": "UNKNOWN"})
    assert kept["appliesToInvoiceId"] == ZERO
    refused(client.ask("POST", place, {"amount": -1}), 400, "Application_DialogException", "must be provided")


def test_journals_have_unique_codes_and_no_post_action_of_their_own(client: Client) -> None:
    refused(client.ask("POST", "customerPaymentJournals", {"code": "AIRBOOKS"}), 400, "Internal_EntityWithSameKeyExists")
    refused(client.ask("POST", f"customerPaymentJournals({journal(client)})/Microsoft.NAV.post"), 404, "BadRequest_ResourceNotFound")


def test_the_ledger_is_read_from_a_replica_unless_asked_otherwise(client: Client) -> None:
    client.customer()
    client.posted()
    assert entries(client) == []
    assert len(entries(client, Data_Access_Intent="ReadWrite")) == 1
    client.sandbox.simulators[SLUG].clock.offset = timedelta(seconds=10)
    assert len(entries(client)) == 1
    assert client.rows("salesInvoices", Data_Access_Intent="ReadOnly") != []


def test_a_reversed_payment_opens_the_invoice_again(client: Client) -> None:
    client.customer()
    posted = client.posted()
    paid(client, posted, str(-posted["totalAmountIncludingTax"]))
    client.sandbox.inject(SLUG, "reverse_payment", reference="PAY-1")
    assert client.get(f"salesInvoices({posted['id']})")["status"] == "Open"
    assert [payment.status for payment in client.sandbox.books(SLUG).payments] == ["void"]


# -- batches ------------------------------------------------------------------------------------------------------------------


def batch(client: Client, bodies: list[dict[str, Any]], **headers: str) -> list[Any]:
    company = client.account["extra"]["company_id"]
    requests = [
        {
            "id": str(index),
            "method": "POST",
            "url": f"companies({company})/salesInvoices",
            "headers": {"Content-Type": "application/json"},
            "body": body,
        }
        for index, body in enumerate(bodies)
    ]
    answer = client.ask("POST", f"{client.root}/v2.0/$batch", {"requests": requests}, **headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["responses"]  # type: ignore[no-any-return]


GOOD = {"customerNumber": "C-EU-0001", "salesInvoiceLines": [line()]}
BAD = {"customerNumber": "NOBODY", "salesInvoiceLines": [line()]}


def test_a_batch_answers_200_with_a_status_for_each_part(client: Client) -> None:
    client.customer()
    answers = batch(client, [GOOD, BAD, GOOD], Prefer="odata.continue-on-error")
    assert [(each["id"], each["status"]) for each in answers] == [("0", 201), ("1", 400), ("2", 201)]
    assert len(client.rows("salesInvoices")) == 2


def test_a_batch_stops_at_a_failure_unless_told_to_go_on(client: Client) -> None:
    client.customer()
    assert [each["status"] for each in batch(client, [GOOD, BAD, GOOD])] == [201, 400]
    assert len(client.rows("salesInvoices")) == 1


def test_a_snapshot_batch_keeps_nothing_although_its_first_part_shows_success(client: Client) -> None:
    client.customer()
    assert [each["status"] for each in batch(client, [GOOD, BAD], Isolation="snapshot")] == [201, 400]
    assert client.rows("salesInvoices") == []
    assert [each["status"] for each in batch(client, [GOOD, GOOD], Isolation="snapshot")] == [201, 201]
    assert [row["number"] for row in client.rows("salesInvoices")] == ["102201", "102202"]


def test_posting_inside_a_snapshot_batch_survives_a_later_failure(client: Client) -> None:
    client.customer()
    draft, company = client.draft(), client.account["extra"]["company_id"]
    parts = [
        {"id": "post", "method": "POST", "url": f"companies({company})/salesInvoices({draft['id']})/Microsoft.NAV.post"},
        {"id": "bad", "method": "POST", "url": f"companies({company})/salesInvoices", "body": BAD},
    ]
    answer = client.ask("POST", f"{client.root}/v2.0/$batch", {"requests": parts}, Isolation="snapshot")
    assert [(each["id"], each["status"], "body" in each) for each in answer.json()["responses"]] == [
        ("post", 204, True),
        ("bad", 400, True),
    ]
    assert client.get(f"salesInvoices({draft['id']})")["status"] == "Open"


def test_a_batch_takes_100_operations_and_answers_a_missing_id_as_null(client: Client) -> None:
    url = f"companies({client.account['extra']['company_id']})/items?$top=1&$filter=number eq 'FRT-STD'"
    one = {"method": "GET", "url": url}
    answer = client.ask("POST", f"{client.root}/v2.0/$batch", {"requests": [one] * 100})
    assert [each["id"] for each in answer.json()["responses"]] == [None] * 100
    assert answer.json()["responses"][0]["body"]["value"][0]["number"] == "FRT-STD"
    refused(client.ask("POST", f"{client.root}/v2.0/$batch", {"requests": [one] * 101}), 400, "BadRequest")


# -- currency and books -------------------------------------------------------------------------------------------------------


def test_a_foreign_invoice_takes_its_rate_from_the_table_and_shows_it_only_in_the_ledger(client: Client) -> None:
    client.customer()
    posted = client.posted(currencyCode="USD", lines=[line(quantity=1, price=100)])
    assert posted["currencyId"] != ZERO
    entry = entries(client, Data_Access_Intent="ReadWrite")[0]
    assert (entry["amount"], entry["amountLocalCurrency"], entry["currencyCode"]) == (119, Decimal("109.48"), "USD")
    refused(
        client.ask("POST", "salesInvoices", {**GOOD, "currencyCode": "USD", "postingDate": "2019-12-31"}),
        400,
        "Application_DialogException",
    )


def test_the_books_report_documents_and_payments_in_plain_words(client: Client) -> None:
    client.customer()
    client.draft("EU-SI-000002")
    posted = client.posted("EU-SI-000001")
    paid(client, posted, "-100")
    books = client.sandbox.books(SLUG)
    found = {each.our_number: each for each in books.documents}
    assert (found["EU-SI-000002"].status, found["EU-SI-000001"].status) == ("draft", "partially_paid")
    assert found["EU-SI-000001"].balance == found["EU-SI-000001"].total - 100
    assert [(each.reference, each.amount, each.applied) for each in books.payments] == [
        ("PAY-1", Decimal(100), {posted["id"]: Decimal(100)})
    ]


def test_the_books_outlive_the_process(tmp_path: Path) -> None:
    with running([SLUG], folder=tmp_path) as first:
        client = Client(first)
        client.customer()
        before = client.posted()
        paid(client, before, "-100")
        booked = first.books(SLUG)
    with running([SLUG], folder=tmp_path) as second:
        again = Client(second)
        assert second.books(SLUG) == booked
        assert again.get(f"salesInvoices({before['id']})")["@odata.etag"] == before["@odata.etag"]
        assert again.draft()["number"] == "102202"


def test_default_dates_are_the_work_date(client: Client) -> None:
    client.customer()
    client.sandbox.simulators[SLUG].clock.offset = timedelta(days=-30)
    client.bearer = client.token().json()["access_token"]
    assert client.draft()["postingDate"] == client.sandbox.simulators[SLUG].clock.today().isoformat()
