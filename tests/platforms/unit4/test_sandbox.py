"""The simulator is as strict as the vendor's contract: seen by a plain HTTP client."""

from __future__ import annotations

import re
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.unit4.conftest import BATCHES, ORDERS, Desk

from airbooks.sandbox.kit import RateWindow

# -- the door ---------------------------------------------------------------------------------------------------------------------


def test_a_token_is_given_for_client_credentials_alone(desk: Desk) -> None:
    status, token = desk.token()
    assert status == 200
    assert (token["token_type"], token["expires_in"], token["scope"]) == ("Bearer", 3600, "api")
    assert "refresh_token" not in token
    assert desk.token(client_secret="wrong") == (400, {"error": "invalid_client"})
    assert desk.token(scope="all") == (400, {"error": "invalid_scope"})
    assert desk.token(grant_type="password") == (400, {"error": "unsupported_grant_type"})


def test_each_call_needs_a_token_that_lives_and_the_tenant(desk: Desk) -> None:
    url = str(desk.client.base_url)
    asked = {"companyId": "EN", "tenant": desk.connection["extra"]["tenant"]}
    assert httpx.get(f"{url}v1/objects/customers", params=asked).status_code == 401
    headers = {"Authorization": desk.client.headers["Authorization"]}
    assert httpx.get(f"{url}v1/objects/customers", params={"companyId": "EN"}, headers=headers).status_code == 400
    assert httpx.get(f"{url}v1/objects/customers", params={**asked, "tenant": "other"}, headers=headers).status_code == 403
    desk.simulator.clock.offset = timedelta(hours=2)
    assert desk.ask("GET", "/v1/objects/customers", companyId="EN")[0] == 401
    desk.simulator.clock.offset = timedelta()


def test_the_501st_call_of_a_minute_is_refused_with_a_pause(desk: Desk) -> None:
    assert desk.simulator.calls.calls == 500
    desk.simulator.calls.seconds, before = 60.0, desk.simulator.calls.seconds
    while desk.simulator.calls.admit():
        pass
    reply = desk.client.get("/v1/objects/customers", params={"companyId": "EN"})
    desk.simulator.calls = RateWindow(desk.simulator.clock, 500, before)
    assert (reply.status_code, reply.headers["retry-after"]) == (429, "1")
    assert desk.simulator.orders.calls == 480


# -- staging -----------------------------------------------------------------------------------------------------------------------


def change(rows: list[dict[str, Any]], path: str, value: Any, at: int = 0) -> list[dict[str, Any]]:
    changed = deepcopy(rows)
    node = changed[at]
    *groups, name = path.split(".")
    for group in groups:
        node = node.setdefault(group, {})
    node[name] = value
    return changed


V, D = "transactionInformation", "transactionInformation.transactionDetailInformation"


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("batchInformation.batchId", "B" * 26, "longer than 25"),
        ("batchInformation.interface", "XX", "Interface XX is not valid"),
        (f"{V}.period", "202611", "System.Int32"),
        (f"{V}.transactionDate", "2026-11-20", "System.DateTime"),
        (f"{V}.invoice.invoiceNumber", "26020308031599", "System.Int32"),
        (f"{V}.invoice.invoiceNumber", "N" * 101, "longer than 100"),
        (f"{V}.invoice.externalReference", "P" * 256, "longer than 255"),
        (f"{V}.invoice.orderNumber", "SO-1", "System.Int32"),
        (f"{V}.invoice.paymentMethod", "WIRE", "longer than 2"),
        (f"{V}.invoiceNo", "1", "Could not find member 'invoiceNo'"),
        (f"{D}.lineType", "XX", "Line type XX"),
        (f"{D}.status", "NN", "longer than 1"),
        (f"{D}.accountingInformation.account", None, "account is required"),
        (f"{D}.accountingInformation.accountingDimension8", "1", "Could not find member"),
        (f"{D}.amounts.debitCreditFlag", 2, "debitCreditFlag"),
        (f"{D}.amounts.amount", "120.00", "System.Decimal"),
    ],
)
def test_a_row_of_the_wrong_form_is_refused_at_once(desk: Desk, path: str, value: Any, says: str) -> None:
    rows = desk.voucher("B-FORM", "1001", "INV-1")
    rows = [rows[0]] if path.startswith("batchInformation") else rows
    status, body = desk.ask("POST", BATCHES, change(rows, path, value))
    assert status == 400
    assert says in str(body)


def test_the_message_of_a_refused_row_stands_at_its_node(desk: Desk) -> None:
    _, body = desk.ask("POST", BATCHES, change(desk.voucher("B-NODE", "1001", "INV-1"), f"{D}.amounts.debitCreditFlag", 2, at=1))
    node = body[1]["transactionInformation"]["transactionDetailInformation"]["amounts"]
    assert node["notificationMessages"] == {"errors": ["debitCreditFlag must be 1 or -1 (debitCreditFlag)"]}


def test_a_call_takes_an_array_of_one_batch(desk: Desk) -> None:
    rows = desk.voucher("B-ONE", "1001", "INV-1")
    assert desk.ask("POST", BATCHES, {"rows": rows})[0] == 400
    assert desk.ask("POST", BATCHES, [])[0] == 400
    assert desk.ask("POST", BATCHES, [*rows, *desk.voucher("B-TWO", "1001", "INV-2")])[0] == 400
    assert desk.ask("POST", BATCHES, [rows[0]] * 10_001)[0] in {400, 413}


def test_a_success_is_empty_and_posts_nothing(desk: Desk) -> None:
    reply = desk.client.post(BATCHES, json=desk.voucher("B-EMPTY", desk.customer("S-1"), "INV-S1"))
    assert (reply.status_code, reply.text) == (200, "")
    assert desk.objects("customer-transactions", filter="invoiceNumber eq 'INV-S1'") == []


def test_a_batch_is_staged_once_changed_only_where_it_is_and_removed_by_address(desk: Desk) -> None:
    rows = desk.voucher("B-LIFE", "1001", "INV-1")
    assert desk.ask("PUT", BATCHES, rows)[0] == 404
    assert desk.ask("POST", BATCHES, rows)[0] == 200
    status, body = desk.ask("POST", BATCHES, rows)
    assert (status, body["message"]) == (400, "Batch B-LIFE for interface BI already exists.")
    more = change([rows[1]], f"{D}.sequenceNumber", 3)
    assert desk.ask("PUT", BATCHES, more)[0] == 200
    assert len(desk.simulator.tenant.batches["B-LIFE/BI"]["rows"]) == 4
    assert desk.ask("DELETE", f"{BATCHES}/B-LIFE/BI") == (204, None)
    assert desk.ask("DELETE", f"{BATCHES}/B-LIFE/BI")[0] == 404
    assert desk.ask("POST", BATCHES, rows)[0] == 200


# -- GL07 ---------------------------------------------------------------------------------------------------------------------------


def test_gl07_posts_later_numbers_by_series_and_empties_the_batch(desk: Desk) -> None:
    customer = desk.customer("G-1")
    desk.ask("POST", BATCHES, desk.voucher("B-G1", customer, "INV-G1"))
    path = desk.order("B-G1")
    assert re.fullmatch(rf"{ORDERS}/[0-9a-f]{{8}}-[0-9a-f]{{4}}-[0-9a-f]{{4}}-GL07-\d+", path)
    assert desk.job(path)["status"] == "T"
    (item,) = desk.objects("customer-transactions", filter=f"customerId eq '{customer}' and invoiceNumber eq 'INV-G1'")
    assert (item["currencyAmount"], item["restCurrencyAmount"], item["transactionType"]) == (Decimal("120.0"), Decimal("120.0"), "SI")
    assert item["transactionNumber"] >= 26_000_001
    rows = desk.objects("general-ledger-transactions", filter=f"transactionNumber eq '{item['transactionNumber']}'")
    assert [(row["lineType"], row["currencyAmount"]) for row in rows] == [("AR", 120), ("GL", -100), ("TX", -20)]
    assert "B-G1/BI" not in desk.simulator.tenant.batches
    assert desk.ask("POST", BATCHES, desk.voucher("B-G1", customer, "INV-G1"))[0] == 200
    desk.ask("DELETE", f"{BATCHES}/B-G1/BI")


def test_order_numbers_increase(desk: Desk) -> None:
    first, second = (int(desk.order("NO-BATCH").rpartition("-")[2]) for _ in range(2))
    assert second == first + 1


@pytest.mark.parametrize(
    ("path", "value", "at", "says"),
    [
        (f"{D}.amounts.amount", 121.00, 0, "does not balance in company currency"),
        (f"{D}.amounts.currencyAmount", 121.00, 0, "does not balance in GBP"),
        (f"{D}.accountingInformation.account", "9999", 1, "Account 9999 is not valid"),
        (f"{D}.accountingInformation.account", "4000", 1, "Dimension 1 (C1) is mandatory on account 4000"),
        (f"{D}.accountingInformation.accountingDimension1", "NONE", 1, "Attribute value NONE is not valid for C1"),
        (f"{D}.accountingInformation.accountingDimension1", "SERVICE", 0, "Dimension 1 is not allowed on account 1100"),
        (f"{D}.taxInformation.taxCode", "X9", 1, "Tax code X9 is not valid"),
        (f"{D}.taxInformation.vatPercentage", 5, 1, "Tax code U1 has 20 per cent"),
        (f"{D}.taxInformation.taxDetails", None, 2, "must state its tax base"),
        (f"{V}.invoice.customerOrSupplierId", "NOBODY", 0, "Customer NOBODY is not valid"),
        (f"{V}.invoice.ledgerType", "P", 0, "Ledger type is not valid"),
        (f"{D}.amounts.debitCreditFlag", -1, 0, "sign of the amount"),
        (f"{V}.period", 202613, 0, "one company, period"),
    ],
)
def test_gl07_and_not_the_post_finds_what_is_wrong_in_the_books(desk: Desk, path: str, value: Any, at: int, says: str) -> None:
    customer = "GL07-BAD" if "GL07-BAD" in desk.simulator.tenant.customers else desk.customer("GL07-BAD")
    desk.ask("DELETE", f"{BATCHES}/B-BAD/BI")
    found = desk.errors(change(desk.voucher("B-BAD", customer, "INV-BAD"), path, value, at))
    assert any(says in text for text in found), found
    assert desk.objects("customer-transactions", filter="invoiceNumber eq 'INV-BAD'") == []
    assert "B-BAD/BI" in desk.simulator.tenant.batches


def test_one_bad_voucher_leaves_the_others_unless_the_tenant_rejects_whole_batches(desk: Desk) -> None:
    customer = desk.customer("G-2")
    good = desk.voucher("B-MIX", customer, "INV-GOOD")
    bad = desk.voucher("B-MIX", "NOBODY", "INV-NOT", transactionNumber=2)
    desk.company.sandbox.inject("unit4", "whole_batch_rejected")
    assert desk.errors([*good, *bad]) == ["Customer NOBODY is not valid"]
    assert desk.objects("customer-transactions", filter="invoiceNumber eq 'INV-GOOD'") == []
    desk.company.sandbox.clear_faults()
    desk.job(desk.order("B-MIX"))
    assert len(desk.objects("customer-transactions", filter="invoiceNumber eq 'INV-GOOD'")) == 1
    assert len(desk.simulator.tenant.batches["B-MIX/BI"]["rows"]) == 3


def test_a_number_is_checked_only_where_the_tenant_wants_it(desk: Desk) -> None:
    customer = desk.customer("G-3")
    assert desk.errors(desk.voucher("B-N1", customer, "INV-N")) == []
    assert desk.errors(desk.voucher("B-N2", customer, "INV-N")) == [f"Invoice number INV-N is already used for customer {customer}"]
    desk.company.sandbox.inject("unit4", "numbers_unchecked")
    assert desk.errors(desk.voucher("B-N3", customer, "INV-N")) == []
    assert len(desk.objects("customer-transactions", filter="invoiceNumber eq 'INV-N'")) == 2


def test_a_closed_period_is_told_by_gl07(desk: Desk) -> None:
    desk.company.sandbox.inject("unit4", "period_closed", period=202611)
    assert desk.errors(desk.voucher("B-P", desk.customer("G-4"), "INV-P")) == ["Period 202611 is closed"]


def test_an_order_needs_report_user_batch_and_interface(desk: Desk) -> None:
    good = {"reportId": "GL07", "companyId": "EN", "userId": "APIUSER", "generalParameters": {"status": "N"}}
    both = [{"id": "batch_id", "value": "B"}, {"id": "interface", "value": "BI"}]
    assert desk.ask("POST", ORDERS, {**good, "parameters": both})[0] == 201
    for wrong in ({"parameters": both[:1]}, {"parameters": both, "userId": "X"}, {"parameters": both, "reportId": "GL01"}):
        assert desk.ask("POST", ORDERS, {**good, **wrong})[0] == 400
    assert desk.ask("GET", f"{ORDERS}/no-such-job")[0] == 404


# -- customers and objects ------------------------------------------------------------------------------------------------------------


def test_a_customer_is_made_once_read_patched_and_softly_closed(desk: Desk) -> None:
    customer = desk.customer("C-LIFE")
    body = {"companyId": "EN", "customerId": customer, "customerName": "X", "customerGroupId": "10"}
    assert desk.ask("POST", "/v1/customers", body)[0] == 400
    assert desk.ask("POST", "/v1/customers", {**body, "customerId": "C-NEW", "customerGroupId": "99"})[0] == 400
    numbered = {"companyId": "EN", "customerName": "Numbered Ltd", "customerGroupId": "10"}
    assert desk.ask("POST", "/v1/customers", numbered)[1]["customerId"].isdigit()
    assert desk.ask("DELETE", f"/v1/customers/{customer}", companyId="EN")[0] == 204
    assert desk.ask("GET", f"/v1/customers/{customer}", companyId="EN")[1]["payment"] == {"status": "C"}
    patch = [{"op": "Replace", "path": "/payment/status", "value": "N"}]
    assert desk.ask("PATCH", f"/v1/customers/{customer}", patch, companyId="EN")[0] == 415
    headers = {"Content-Type": "application/json-patch+json"}
    reply = desk.client.patch(f"/v1/customers/{customer}", json=patch, params={**desk.client.params, "companyId": "EN"}, headers=headers)
    assert reply.json()["payment"] == {"status": "N"}
    assert desk.ask("GET", "/v1/customers/NOBODY", companyId="EN")[0] == 404


def test_objects_are_bare_arrays_by_filter_select_and_page(desk: Desk) -> None:
    for number in range(3):
        desk.customer(f"O-{number}")
    assert desk.objects("customers", filter="customerId eq 'NOBODY'") == []
    assert desk.objects("customers", filter="customerId eq 'O-1' and customerName eq 'Works O-1'", select="customerId,payment(status)") == [
        {"customerId": "O-1", "payment": {"status": "N"}}
    ]
    everyone = [row["customerId"] for row in desk.objects("customers", orderBy="customerId")]
    pages = [
        row["customerId"] for offset in (0, 2) for row in desk.objects("customers", orderBy="customerId", limit="2", offset=str(offset))
    ]
    assert pages == everyone[:4]
    for wrong in ("customerId eq O-1", "customerId like 'O%'", "noSuch eq 'x'", "customerId eq 'a' or customerId eq 'b'"):
        assert desk.ask("GET", "/v1/objects/customers", companyId="EN", filter=wrong)[0] == 400
    assert desk.ask("GET", "/v1/objects/no-such", companyId="EN")[0] == 404
    assert desk.ask("GET", "/v1/objects/customers", companyId="XX")[0] == 404


def test_the_company_has_the_accounts_tax_codes_and_dimensions_of_the_demo(desk: Desk) -> None:
    accounts = {row["account"] for row in desk.objects("accounts", limit="100")}
    assert {"4000", "4010", "4100", "4900", "4800", "1000", "1100", "2200"} <= accounts
    rates = {row["taxCode"]: row["vatPercentage"] for row in desk.objects("tax-codes")}
    assert rates == {"U1": 20, "U2": 5, "U0": 0, "UR": 0}
    values = {(row["attributeId"], row["attributeValue"]) for row in desk.objects("attribute-values")}
    assert values == {("C1", "WHOLESALE"), ("C1", "SERVICE"), ("B0", "MAIN"), ("B0", "NORTH")}
