"""The simulator is as strict as Wave: each test is a promise of the vendor's contract, tried with a plain GraphQL client."""

from __future__ import annotations

import base64
import threading
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.platforms.wave.conftest import Client

from airbooks.platforms.wave.sandbox.seed import CA_UUID


def minor(invoice: dict[str, Any], *names: str) -> tuple[str, ...]:
    return tuple(invoice[name]["minorUnitValue"] for name in names)


# -- tokens -----------------------------------------------------------------------------------------------------------------------


def test_a_refresh_token_is_good_for_one_use(client: Client) -> None:
    first = client.refresh()
    assert first.status_code == 200
    assert first.json()["token_type"] == "Bearer"
    again = client.refresh()
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})
    assert client.refresh(refresh_token=first.json()["refresh_token"]).status_code == 200


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"redirect_uri": "https://elsewhere.example"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"refresh_token": "wrong"}, "invalid_grant"),
    ],
)
def test_a_wrong_token_request_is_refused(client: Client, change: dict[str, str], error: str) -> None:
    assert client.refresh(**change).json() == {"error": error}


def test_trailing_slashes_matter(client: Client) -> None:
    address = client.extra["token_url"].rstrip("/")
    assert httpx.post(address, data={}).status_code == 404


def test_a_code_from_the_consent_page_buys_tokens_once(client: Client) -> None:
    base = client.extra["token_url"].removesuffix("token/")
    asked = {"client_id": client.connection["login"], "response_type": "code", "redirect_uri": client.extra["redirect_uri"], "state": "s"}
    sent_back = client.http.get(f"{base}authorize/", params=asked).headers["location"]
    code = httpx.URL(sent_back).params["code"]
    assert client.refresh(grant_type="authorization_code", code=code).status_code == 200
    assert client.refresh(grant_type="authorization_code", code=code).json() == {"error": "invalid_grant"}
    assert client.http.get(f"{base}authorize/", params={**asked, "scope": "invoice:create"}).json() == {"error": "invalid_scope"}


def test_an_access_token_expires(client: Client) -> None:
    client.token = client.refresh().json()["access_token"]
    client.business_field("id")
    client.simulator.clock.offset = timedelta(hours=3)
    answer = client.send("{business{id}}")
    assert answer.status_code == 200
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


# -- GraphQL ----------------------------------------------------------------------------------------------------------------------


def test_a_document_is_checked_before_the_token_is(client: Client) -> None:
    error = client.send("{business(name:1){id}}").json()["errors"][0]
    assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert error["extensions"]["id"]
    assert error["locations"]
    assert client.send("{business{id}").json()["errors"][0]["extensions"]["code"] == "GRAPHQL_PARSE_FAILED"
    assert client.send("{business{id}}").json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


def test_a_variable_of_a_wrong_type_is_bad_user_input(client: Client) -> None:
    text = "mutation($i:CustomerCreateInput!){customerCreate(input:$i){didSucceed}}"
    for change in ({"name": "A"}, {"businessId": client.business, "name": "A", "currency": "BTC"}):
        assert client.ask(text, i=change)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("moment", ["2026-11-10", "2026-11-10T12:00:00+02:00", "yesterday"])
def test_a_time_is_in_utc_with_milliseconds(client: Client, moment: str) -> None:
    text = "query($t:DateTime){business{invoices(modifiedAtAfter:$t){pageInfo{totalCount}}}}"
    assert client.ask(text, t=moment)["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "errors" not in client.ask(text, t="2026-11-10T12:00:00.000Z")


def test_an_unknown_business_is_not_found_with_data_null(client: Client) -> None:
    answer = client.ask('{business(id:"BAD_ID"){id}}')
    assert answer["data"] == {"business": None}
    assert answer["errors"][0]["message"] == "Business 'BAD_ID' could not be found."
    assert (answer["errors"][0]["path"], answer["errors"][0]["extensions"]["code"]) == (["business"], "NOT_FOUND")


def test_ids_are_opaque_and_compound(client: Client) -> None:
    said = base64.b64decode(client.customer()).decode()
    assert said.startswith("Business:")
    assert ";Customer:" in said


def test_an_id_of_another_business_is_refused_without_a_reason(client: Client) -> None:
    other = base64.b64encode(f"Business:{CA_UUID};Customer:2000001".encode()).decode()
    done = client.create(customerId=other)
    assert (done["didSucceed"], done["inputErrors"], done["invoice"]) == (False, [], None)


def test_a_third_parallel_call_is_throttled(client: Client) -> None:
    client.business_field("id")
    client.sandbox.inject("wave", "busy", seconds=0.5)
    statuses: list[int] = []
    calls = [threading.Thread(target=lambda: statuses.append(client.send("{business{id}}").status_code)) for _ in range(4)]
    for each in calls:
        each.start()
    for each in calls:
        each.join()
    assert sorted(statuses) == [200, 200, 429, 429]


# -- invoices ---------------------------------------------------------------------------------------------------------------------


def test_numbers_go_on_from_the_largest_and_drafts_are_the_default(client: Client) -> None:
    client.invoice(invoiceNumber="41")
    client.invoice(invoiceNumber="US-SI-000099")
    done = client.mutate(
        "invoiceCreate", "invoice{invoiceNumber status}", businessId=client.business, customerId=client.customer(), items=[]
    )
    assert done["invoice"] == {"invoiceNumber": "42", "status": "DRAFT"}


def test_a_number_can_be_used_twice_unless_the_business_refuses(client: Client) -> None:
    client.invoice(invoiceNumber="7")
    assert client.create(invoiceNumber="7")["didSucceed"]
    client.sandbox.inject("wave", "unique_numbers")
    assert client.create(invoiceNumber="7")["inputErrors"][0]["path"] == ["input", "invoiceNumber"]


def test_taxes_left_out_and_no_taxes_are_different(client: Client) -> None:
    line = {"productId": client.product(), "quantity": "1", "unitPrice": "100"}
    assert minor(client.invoice(items=[line]), "taxTotal") == ("825",)
    assert minor(client.invoice(items=[{**line, "taxes": []}]), "taxTotal") == ("0",)


def test_a_tax_amount_in_the_input_is_ignored(client: Client) -> None:
    taxes = [{"salesTaxId": client.tax(), "amount": "99"}]
    made = client.invoice(items=[{"productId": client.product(), "quantity": "1", "unitPrice": "100", "taxes": taxes}])
    assert minor(made, "taxTotal", "total") == ("825", "10825")


def test_a_compound_tax_is_computed_on_the_other_taxes_too(client: Client) -> None:
    table = client.simulator.us.table("SalesTax")
    stacked = client.tax("CA")
    table[stacked] = {**table[stacked], "isCompound": True}
    taxes = [{"salesTaxId": client.tax()}, {"salesTaxId": stacked}]
    made = client.invoice(items=[{"productId": client.product(), "quantity": "1", "unitPrice": "100", "taxes": taxes}])
    assert minor(made, "taxTotal") == ("1610",)  # 8.25, and 7.25 % of 108.25


@pytest.mark.parametrize(
    ("discount", "expected"),
    [
        ({"discountType": "FIXED", "amount": "10"}, ("1000", "743", "9743")),
        ({"discountType": "PERCENTAGE", "percentage": "5"}, ("500", "784", "10284")),
    ],
)
def test_a_discount_lowers_total_and_tax(client: Client, discount: dict[str, str], expected: tuple[str, ...]) -> None:
    line = {"productId": client.product(), "quantity": "1", "unitPrice": "100"}
    assert minor(client.invoice(items=[line], discounts=[discount]), "discountTotal", "taxTotal", "total") == expected


def test_prices_are_rounded_to_eight_decimals_and_money_has_separators(client: Client) -> None:
    line = {"productId": client.product(), "quantity": "3", "unitPrice": "534.123456785", "taxes": []}
    made = client.invoice(items=[line])
    assert made["items"][0]["unitPrice"] == "534.12345679"
    assert made["total"] == {"minorUnitValue": "160237", "value": "1,602.37"}


def refused(client: Client, **fields: Any) -> list[list[str]]:
    done = client.create(**fields)
    assert done["didSucceed"] is False
    return [each["path"] for each in done["inputErrors"]]


def test_what_does_not_exist_or_is_too_much_is_an_input_error(client: Client) -> None:
    line = {"productId": client.product(), "quantity": "1", "unitPrice": "100"}
    absent = client.simulator.us.id_of("Product", 999)
    two = [{"discountType": "FIXED", "amount": "1"}] * 2
    assert refused(client, items=[{**line, "productId": absent}]) == [["input", "items", "0", "productId"]]
    assert refused(client, items=[{**line, "taxes": [{"salesTaxId": absent}]}]) == [["input", "items", "0", "taxes", "0", "salesTaxId"]]
    assert refused(client, discounts=two) == [["input", "discounts"]]
    assert refused(client, discounts=[{"discountType": "FIXED", "amount": "999"}]) == [["input", "discounts", "0", "amount"]]
    assert refused(client, exchangeRate="0") == [["input", "exchangeRate"]]
    assert refused(client, customerId=client.simulator.us.id_of("Customer", 999)) == [["input", "customerId"]]


def test_an_archived_product_cannot_be_sold(client: Client) -> None:
    product = client.product("OIL-SEP-37")
    client.mutate("productArchive", "", id=product)
    assert refused(client, items=[{"productId": product}]) == [["input", "items", "0", "productId"]]


def test_a_patch_changes_what_is_given_and_replaces_all_lines(client: Client) -> None:
    made = client.invoice(memo="Old", poNumber="PO-1")
    line = {"productId": client.product("OIL-SEP-37"), "quantity": "2", "unitPrice": "5", "taxes": []}
    done = client.mutate("invoicePatch", "invoice{memo poNumber items{quantity}}", id=made["id"], items=[line], memo="New")
    assert done["invoice"] == {"memo": "New", "poNumber": "PO-1", "items": [{"quantity": "2.00000000"}]}


def test_a_draft_is_approved_once_and_then_sent(client: Client) -> None:
    made = client.invoice(status="DRAFT")
    assert client.mutate("invoiceMarkSent", "", invoiceId=made["id"], sendMethod="MARKED_SENT")["didSucceed"] is False
    assert client.mutate("invoiceApprove", "invoice{status}", invoiceId=made["id"])["invoice"] == {"status": "SAVED"}
    assert client.mutate("invoiceApprove", "", invoiceId=made["id"])["didSucceed"] is False
    done = client.mutate("invoiceMarkSent", "invoice{status lastSentVia}", invoiceId=made["id"], sendMethod="MARKED_SENT")
    assert done["invoice"] == {"status": "SENT", "lastSentVia": "MARKED_SENT"}


def test_the_status_follows_from_dates_and_payments(client: Client) -> None:
    late = client.invoice(invoiceDate="2020-01-01", dueDate="2020-01-31")
    assert late["status"] == "OVERDUE"
    made = client.invoice()
    assert client.pay(made["id"], "40")["invoicePayment"]["invoice"]["status"] == "PARTIAL"
    assert client.pay(made["id"], "60")["invoicePayment"]["invoice"]["status"] == "PAID"
    assert client.pay(made["id"], "1")["invoicePayment"]["invoice"]["status"] == "OVERPAID"


def test_deleting_a_payment_raises_what_is_due_again(client: Client) -> None:
    made = client.invoice()
    payment = client.pay(made["id"], "40")["invoicePayment"]["id"]
    assert minor(client.read(made["id"]), "amountDue", "amountPaid") == ("6000", "4000")
    assert client.mutate("invoicePaymentDelete", "", id=payment)["didSucceed"]
    assert minor(client.read(made["id"]), "amountDue", "amountPaid") == ("10000", "0")


def test_payments_stand_only_where_one_invoice_is_read_by_id(client: Client) -> None:
    made = client.invoice()
    client.pay(made["id"], "40")
    (edge,) = client.business_field("invoices{edges{node{payments{id}}}}")["invoices"]["edges"]
    assert edge["node"]["payments"] is None
    assert [each["amount"] for each in client.read(made["id"])["payments"]] == ["40.00"]


def test_drafts_and_other_accounts_take_no_payment(client: Client) -> None:
    assert client.pay(client.invoice(status="DRAFT")["id"])["didSucceed"] is False
    assert client.pay(client.invoice()["id"], paymentAccountId=client.account("4000"))["didSucceed"] is False


def test_a_deleted_invoice_is_not_found(client: Client) -> None:
    made = client.invoice()
    assert client.mutate("invoiceDelete", "", invoiceId=made["id"])["didSucceed"]
    text = "query($b:ID!,$id:ID!){business(id:$b){invoice(id:$id){id}}}"
    answer = client.ask(text, b=client.business, id=made["id"])
    assert answer["data"]["business"] == {"invoice": None}
    assert answer["errors"][0]["extensions"]["code"] == "NOT_FOUND"
    assert client.mutate("invoiceDelete", "", invoiceId=made["id"])["didSucceed"] is False


# -- lists ------------------------------------------------------------------------------------------------------------------------


def test_the_number_filter_means_contains(client: Client) -> None:
    for number in ("12", "112", "120", "13"):
        client.invoice(invoiceNumber=number)
    found = client.business_field('invoices(invoiceNumber:"12"){edges{node{invoiceNumber}}}')["invoices"]["edges"]
    assert sorted(each["node"]["invoiceNumber"] for each in found) == ["112", "12", "120"]


def test_lists_come_in_pages_of_45(client: Client) -> None:
    customer = client.customer()
    for _ in range(3):
        client.invoice(customerId=customer)
    first = client.business_field("invoices(page:1,pageSize:2){pageInfo{currentPage totalPages totalCount} edges{node{id}}}")["invoices"]
    assert (first["pageInfo"], len(first["edges"])) == ({"currentPage": 1, "totalPages": 2, "totalCount": 3}, 2)
    products = client.business_field("products{edges{node{id}} pageInfo{totalCount}}")["products"]
    assert len(products["edges"]) == min(45, products["pageInfo"]["totalCount"])
    answer = client.ask("{business{invoices(pageSize:201){edges{node{id}}}}}")
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def test_names_and_addresses_of_customers_may_repeat(client: Client) -> None:
    assert client.customer("Twin", email="ap@twin.example") != client.customer("Twin", email="ap@twin.example")
    found = client.business_field('customers(email:"ap@twin.example"){pageInfo{totalCount}}')["customers"]
    assert found["pageInfo"]["totalCount"] == 2


def test_a_province_is_an_iso_code(client: Client) -> None:
    done = client.mutate("customerCreate", "", businessId=client.business, name="A", address={"countryCode": "US", "provinceCode": "Texas"})
    assert done["inputErrors"][0]["path"] == ["input", "address", "provinceCode"]
