"""The simulator is as strict as the vendor: what the contract says of Brightpearl, asked over plain HTTP."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.platforms.brightpearl.conftest import SLUG, Client, Desk

from airbooks.platforms.brightpearl.sandbox.company import ACCOUNT
from airbooks.platforms.brightpearl.sandbox.simulator import CLIENT_ID, CLIENT_SECRET, DEV_REF, TOO_MANY
from airbooks.sandbox.server import Sandbox, running

CURRENCIES = "accounting-service/currency-search"


def code_of(answer: Any) -> str:
    return str(answer["errors"][0]["code"])


# -- the door ---------------------------------------------------------------------------------------------------------------------


def test_a_wrong_token_is_told_in_a_text_that_quotes_it(client: Client) -> None:
    client.client.headers["brightpearl-account-token"] = "nonsense"
    assert client.ask("GET", CURRENCIES) == (401, {"response": "Invalid instance token: nonsense"})


def test_a_bearer_that_is_not_known_has_expired(client: Client) -> None:
    client.client.headers["authorization"] = "Bearer nonsense"
    assert client.ask("GET", CURRENCIES) == (401, {"response": "Authorization token expired"})


def test_an_app_without_its_reference_is_not_let_in(client: Client) -> None:
    client.client.headers["brightpearl-app-ref"] = "another"
    assert client.ask("GET", CURRENCIES)[0] == 401


def token(sandbox: Sandbox, **form: str) -> tuple[int, Any]:
    known = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
    reply = httpx.post(f"{sandbox.base_url(SLUG)}/token/{ACCOUNT}", data={**known, **form})
    return reply.status_code, reply.json()


def test_oauth_gives_a_week_and_another_refresh_token_each_time(brightpearl: Sandbox) -> None:
    query = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": "https://app.example/back", "state": "s"}
    consent = httpx.get(f"{brightpearl.base_url(SLUG)}/authorize/{ACCOUNT}", params=query)
    code = parse_qs(urlsplit(consent.headers["location"]).query)["code"][0]
    assert "+" in code
    status, first = token(brightpearl, grant_type="authorization_code", code=code, redirect_uri="https://app.example/back")
    assert (status, first["expires_in"], first["installation_instance_id"]) == (200, 604800, "50")
    status, second = token(brightpearl, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert "installation_instance_id" not in second
    used = token(brightpearl, grant_type="refresh_token", refresh_token=first["refresh_token"])
    assert (used[0], used[1]["error"]) == (400, "invalid_grant")
    assert token(brightpearl, grant_type="refresh_token", client_secret="wrong") == (400, {"error": "invalid_client"})


def test_an_oauth_answer_names_the_installed_instance(brightpearl: Sandbox, client: Client) -> None:
    refresh = brightpearl.simulators[SLUG].connection()["extra"]["refresh_token"]
    access = token(brightpearl, grant_type="refresh_token", refresh_token=refresh)[1]["access_token"]
    client.client.headers.update({"authorization": f"Bearer {access}", "brightpearl-dev-ref": DEV_REF})
    reply = client.client.get(CURRENCIES)
    assert reply.headers["brightpearl-installed-integration-instance-id"] == "50"
    brightpearl.simulators[SLUG].clock.offset = timedelta(days=8)
    try:
        assert client.ask("GET", CURRENCIES)[0] == 401
    finally:
        brightpearl.simulators[SLUG].clock.offset = timedelta()


def test_the_201st_request_of_a_minute_is_a_503_with_its_headers_and_no_retry_after() -> None:
    with running([SLUG]) as sandbox:
        client = Client(sandbox)
        replies = [client.client.get("order-service/order-status") for _ in range(201)]
        client.client.close()
    assert [each.status_code for each in replies] == [200] * 200 + [503]
    assert replies[0].headers["brightpearl-requests-remaining"] == "199"
    last = replies[-1]
    assert last.json() == {"response": TOO_MANY}
    assert last.headers["brightpearl-requests-remaining"] == "0"
    assert 0 < int(last.headers["brightpearl-next-throttle-period"]) <= 60_000
    assert "retry-after" not in last.headers


def test_an_address_that_does_not_exist_is_404(client: Client) -> None:
    status, answer = client.ask("GET", "invoice-service/invoices")
    assert (status, code_of(answer)) == (404, "CMNC-404")


# -- searches ---------------------------------------------------------------------------------------------------------------------


def test_a_search_gives_positional_rows_and_their_columns(client: Client) -> None:
    order = client.order(externalRef="POS-1", ref="PO-1")
    _, answer = client.ask("GET", "order-service/order-search", externalRef="POS-1")
    (row,) = answer["response"]["results"]
    names = [each["name"] for each in answer["response"]["metaData"]["columns"]]
    assert (row[0], row[1], row[7]) == (order, 1, "PO-1")
    assert len(row) == len(names) == 19
    assert names[12] == "externalRef"
    assert "reference" in answer


def test_an_empty_search_has_neither_first_nor_last_result(client: Client) -> None:
    meta = client.good("GET", "order-service/order-search", externalRef="NO-SUCH")["metaData"]
    assert meta["resultsReturned"] == 0
    assert "firstResult" not in meta
    assert "lastResult" not in meta


def test_a_filter_that_cannot_be_read_is_a_500_of_the_clients_making(client: Client) -> None:
    for filters in ({"createdOn": "yesterday"}, {"nonsense": "1"}, {"pageSize": "501"}):
        status, answer = client.ask("GET", "order-service/order-search", **filters)
        assert (status, code_of(answer)) == (500, "CMNC-018")


def test_the_email_filter_is_free_text_and_the_company_filter_exact(client: Client) -> None:
    wanted = client.contact("Kiln Works Ltd", email="pay@kiln.example")
    other = client.contact("Kiln Works Ltd Overseas", email="pay@kiln.example.org")
    found = {row[0] for row in client.search("contact-service/contact-search", primaryEmail="pay@kiln.example")}
    assert found == {wanted, other}
    assert [row[0] for row in client.search("contact-service/contact-search", exactCompanyName="Kiln Works Ltd")] == [wanted]


def test_pages_say_whether_more_follow(client: Client) -> None:
    first = client.good("GET", "product-service/product-search", pageSize=2)
    assert first["metaData"]["morePagesAvailable"] is True
    third = client.good("GET", "product-service/product-search", pageSize=2, firstResult=3)
    assert third["metaData"]["firstResult"] == 3
    assert first["results"][0] != third["results"][0]


# -- contacts ---------------------------------------------------------------------------------------------------------------------


def test_an_unknown_contact_is_404_and_names_have_32_characters(client: Client) -> None:
    status, answer = client.ask("GET", "contact-service/contact/999999")
    assert (status, answer) == (404, {"errors": [{"code": "CMNC-404", "message": "No Contact Found"}]})
    assert client.ask("POST", "contact-service/contact", {"firstName": "N" * 33})[0] == 400


def test_an_address_needs_a_first_line_and_a_country(client: Client) -> None:
    assert client.ask("POST", "contact-service/postal-address", {"countryIsoCode": "GBR"})[0] == 400
    assert client.ask("POST", "contact-service/postal-address", {"addressLine1": "Dock 2"})[0] == 400


# -- orders -----------------------------------------------------------------------------------------------------------------------


def test_an_order_is_answered_by_its_bare_id_and_read_with_a_map_of_rows(client: Client) -> None:
    order = client.read(client.order(externalRef="SHAPE-1"))
    assert (order["state"], order["invoices"]) == ({"tax": "READY"}, [{"invoiceReference": ""}])
    (row,) = order["orderRows"].values()
    assert row["rowValue"]["rowNet"] == {"currencyCode": "GBP", "value": "100.0000"}
    assert order["totalValue"]["total"] == "120.00"


def test_an_unknown_order_is_an_empty_200(client: Client) -> None:
    assert client.ask("GET", "order-service/order/999999") == (200, {"response": []})
    assert client.ask("GET", "order-service/sales-order/999999") == (200, {"response": []})


@pytest.mark.parametrize(
    "change",
    [
        {"rows": []},
        {"customer": {"id": 999999}},
        {"unknown": 1},
        {"rows": [{"quantity": "1", "taxCode": "T20", "net": "1.00", "tax": "0.20"}]},
        {"rows": [{"name": "x", "quantity": 1, "taxCode": "T20", "net": "1.00", "tax": "0.20"}]},
        {"rows": [{"name": "x", "quantity": "1", "taxCode": "NO", "net": "1.00", "tax": "0.20"}]},
        {"rows": [{"name": "x", "quantity": "1", "taxCode": "T20", "net": "1.00", "tax": "0.205"}]},
        {"rows": [{"productId": 1002, "quantity": "0.5", "taxCode": "T20", "net": "1.00", "tax": "0.20"}]},
        {"rows": [{"name": "x", "quantity": "1", "taxCode": "T20", "net": "1.00", "tax": "0.20", "nominalCode": "9999"}]},
        {"currency": {"code": "JPY"}},
        {"statusId": 10},
    ],
)
def test_what_the_vendor_refuses_is_refused(client: Client, change: dict[str, Any]) -> None:
    status, answer = client.ask("POST", "order-service/sales-order", {**client.body(), **change})
    assert status == 400, answer
    assert answer["errors"][0]["code"].startswith("ORDC-")


def test_a_request_without_json_is_refused(client: Client) -> None:
    status, answer = client.ask("POST", "order-service/sales-order")
    assert (status, code_of(answer)) == (400, "CMNC-010")


def test_the_pair_of_reference_and_instance_is_the_key_and_one_of_them_is_none(client: Client) -> None:
    keyed = {"externalRef": "KEY-1", "installedIntegrationInstanceId": 50}
    assert client.order(**keyed) == client.order(**keyed)
    assert client.order(externalRef="KEY-1") != client.order(externalRef="KEY-1")


def test_a_repeat_changes_nothing(client: Client) -> None:
    keyed = {"externalRef": "KEY-2", "installedIntegrationInstanceId": 50}
    order = client.order(**keyed)
    again = client.body(**keyed)
    again["rows"][0]["net"] = "999.00"
    assert client.good("POST", "order-service/sales-order", again) == order
    assert client.read(order)["totalValue"]["net"] == "100.00"


def test_a_close_is_pending_for_a_read_and_then_numbered_in_sequence(client: Client) -> None:
    first = client.invoiced()
    order = client.order()
    path = f"order-service/sales-order/{order}/close"
    assert client.ask("POST", path, {"taxDate": "2024-03-15T00:00:00.000+00:00"}) == (200, {})
    assert client.ask("POST", path, {})[0] == 200
    assert client.read(order)["state"]["tax"] == "READY"
    now = client.read(order)
    assert now["state"]["tax"] == "INVOICED"
    numbers = [each["invoices"][0]["invoiceReference"] for each in (first, now)]
    assert int(numbers[1].removeprefix("SI-")) == int(numbers[0].removeprefix("SI-")) + 1
    assert now["invoices"][0]["taxDate"] == "2024-03-15T00:00:00.000+00:00"
    assert client.ask("POST", path, {})[0] == 409


def test_an_invoiced_order_keeps_its_rows_and_contacts(client: Client) -> None:
    order = client.invoiced()
    (row,) = order["orderRows"]
    path = f"order-service/order/{order['id']}"
    patch = [{"op": "replace", "path": "/parties/customer/contactId", "value": 200}]
    assert client.ask("DELETE", f"{path}/row/{row}")[0] == 400
    assert client.ask("PATCH", path, patch)[0] == 400


def test_patching_a_net_computes_the_tax_anew(client: Client) -> None:
    body = client.body()
    body["rows"][0]["tax"] = "19.99"
    order = client.good("POST", "order-service/sales-order", body)
    (row,) = client.read(order)["orderRows"]
    change = [{"op": "replace", "path": "/rowValue/rowNet/value", "value": "100.00"}]
    assert client.ask("PATCH", f"order-service/order/{order}/row/{row}", change)[0] == 200
    assert client.read(order)["totalValue"]["taxAmount"] == "20.00"


def test_a_patch_knows_replace_alone(client: Client) -> None:
    order = client.order()
    path, change = f"order-service/order/{order}", {"path": "/reference", "value": "PO-2"}
    status, answer = client.ask("PATCH", path, [{"op": "add", **change}])
    assert (status, code_of(answer)) == (500, "CMNC-044")
    before = client.read(order)["version"]
    assert client.good("PATCH", path, [{"op": "replace", **change}])["reference"] == "PO-2"
    assert client.read(order)["version"] > before


def test_a_status_called_invoiced_invoices_nothing(client: Client) -> None:
    order = client.order()
    client.good("PUT", f"order-service/order/{order}/status", {"orderStatusId": 4})
    now = client.read(order)
    assert (now["orderStatus"]["name"], now["state"]["tax"]) == ("Invoiced", "READY")


def test_only_what_is_neither_invoiced_nor_paid_is_cancelled(client: Client) -> None:
    free, paid, invoiced = client.order(), client.order(), client.invoiced()["id"]
    assert client.pay(paid, "5.00")[0] == 200
    answers = [client.ask("PUT", f"order-service/order/{each}/status", {"orderStatusId": 5})[0] for each in (free, paid, invoiced)]
    assert answers == [200, 400, 400]
    assert client.good("GET", f"order-service/sales-order/{free}")[0]["isCanceled"] is True


def test_in_a_zone_west_of_greenwich_a_date_alone_is_the_evening_before(desk: Desk, client: Client) -> None:
    desk.simulator.company.set_zone("America/Costa_Rica")
    try:
        order = client.read(client.order(placedOn="2022-01-20"))
        assert order["placedOn"] == "2022-01-19T18:00:00.000-06:00"
    finally:
        desk.simulator.company.set_zone("Europe/London")


def test_several_messages_are_answered_one_by_one(client: Client) -> None:
    customer = client.contact()
    good, bad = client.body(customer=customer), {**client.body(customer=customer), "rows": []}
    messages = [
        {"label": label, "uri": "/order-service/sales-order", "httpMethod": "POST", "body": body}
        for label, body in (("a", good), ("b", bad))
    ]
    body = {"processingMode": "SEQUENTIAL", "onFail": "CONTINUE", "messages": messages}
    status, answer = client.ask("POST", "multi-message", body)
    assert status == 207
    assert [(each["label"], each["statusCode"]) for each in answer["response"]["processedMessages"]] == [("a", 200), ("b", 400)]
    assert answer["response"]["processedMessages"][0]["body"]["content"].startswith('{"response":')
    assert client.ask("POST", "multi-message", {**body, "messages": messages[:1]})[0] == 400
    stopped = client.ask("POST", "multi-message", {**body, "onFail": "STOP", "messages": messages[::-1]})[1]
    assert stopped["response"]["unprocessedMessages"] == ["a"]


# -- payments ---------------------------------------------------------------------------------------------------------------------


def test_payments_drive_the_status_and_their_deletion_takes_it_back(client: Client) -> None:
    order = client.invoiced()["id"]
    _, answer = client.pay(order, "20.00")
    assert client.read(order)["orderPaymentStatus"] == "PARTIALLY_PAID"
    assert client.pay(order, "100.00")[0] == 200
    assert client.read(order)["orderPaymentStatus"] == "PAID"
    client.good("DELETE", f"accounting-service/customer-payment/{answer['response']}")
    assert client.search("accounting-service/customer-payment-search", paymentId=answer["response"]) == []
    (total,) = client.good("GET", f"accounting-service/sale-payment-total/{order}")
    assert total["amountPaid"] == "100.00"


def test_a_payments_reference_and_method_are_unique_and_its_currency_the_orders(client: Client) -> None:
    order = client.invoiced()["id"]
    assert client.pay(order, "1.00", "REF-1")[0] == 200
    assert client.pay(order, "1.00", "REF-1")[0] == 409
    assert client.pay(order, "1.00", "REF-1", paymentMethodCode="CARD")[0] == 200
    assert client.pay(order, "1.00", currencyIsoCode="EUR")[0] == 400
    assert client.pay(order, "1.00", "R" * 65)[0] == 400


def test_a_period_can_be_locked(desk: Desk, client: Client) -> None:
    desk.inject("lock_period", until="2026-01-31T23:59:59+00:00")
    order = client.order(taxDate="2026-01-15T00:00:00.000+00:00")
    status, answer = client.ask("POST", f"order-service/sales-order/{order}/close", {})
    assert status == 400
    assert "locked accounting period" in answer["errors"][0]["message"]


def test_the_account_has_what_the_demo_maps_to(client: Client) -> None:
    assert {row["code"] for row in client.good("GET", "accounting-service/tax-code")} == {"T20", "T5", "Z", "RC"}
    assert "rate" not in next(row for row in client.good("GET", "accounting-service/tax-code") if row["code"] == "Z")
    assert {row["name"] for row in client.good("GET", "product-service/channel")} == {"WHOLESALE", "SERVICE"}
    assert {row["name"] for row in client.good("GET", "warehouse-service/warehouse")} == {"MAIN", "NORTH"}
    assert len(client.search("product-service/product-search", SKU="FLT-PRE-30")) == 1
    due = client.invoiced(taxDate="2026-03-02T00:00:00.000+00:00")["invoices"][0]["dueDate"]
    assert datetime.fromisoformat(due).date().isoformat() == "2026-04-01"
