"""The simulator is as strict as the vendor's contract says, whoever asks."""

from __future__ import annotations

import time
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.platforms.acumatica.conftest import BASE, Desk, exception_of, v

from airbooks.platforms.acumatica.sandbox import AcumaticaSimulator, receipts
from airbooks.sandbox.server import running

D = Decimal

# -- the contract's form -------------------------------------------------------------------------------------------------------


def test_a_record_is_wrapped_and_shows_details_only_when_asked(desk: Desk) -> None:
    row = desk.invoice(ExternalRef=v("US-SI-1"))
    assert row["ReferenceNbr"]["value"].startswith("INV")
    assert row["Status"] == v("Balanced")
    assert row["CustomerOrder"] == {}
    assert (row["DetailTotal"]["value"], row["TaxTotal"]["value"], row["Amount"]["value"]) == (169, D("13.94"), D("182.94"))
    assert row["Details"][0]["Account"] == v("4010")
    assert row["TaxDetails"][0]["TaxID"] == v("TXSALES")
    plain = desk.read(row)
    assert "Details" not in plain
    assert "FinancialDetails" not in plain
    assert plain["_links"]["self"].endswith(f"/entity/Default/24.200.001/SalesInvoice/{row['id']}")


def test_unknown_fields_are_ignored_and_unwrapped_ones_refused(desk: Desk) -> None:
    assert "Nonsense" not in desk.invoice(Nonsense=v("x"))
    status, _ = desk.put(desk.body(Date="2026-07-14"))
    assert status == 400


def test_declared_fields_without_a_mapping_lead_nowhere(desk: Desk) -> None:
    status, row = desk.put(desk.body(BillToContact={"Email": v("x@y.example")}, BillToAddressOverride=v(True)), expand="BillingSettings")
    assert status == 200
    assert row["BillingSettings"]["BillToContact"]["Email"] == {}
    assert "BillToContact" not in row


def test_entities_are_written_by_put_and_have_no_post(desk: Desk) -> None:
    assert desk.ask("POST", "SalesInvoice", desk.body())[0] == 405
    assert desk.ask("PUT", "Invoices", {})[0] == 404
    assert desk.ask("PUT", "Account", {"AccountCD": v("9999")})[0] == 405


def test_a_missing_record_is_http_500_by_key_and_an_empty_list_by_filter(desk: Desk) -> None:
    assert exception_of(desk.get("Customer/NOPE")) == (500, "NoEntitySatisfiesTheConditionException")
    assert exception_of(desk.get("SalesInvoice/Invoice/INV999999")) == (500, "NoEntitySatisfiesTheConditionException")
    assert desk.get("Customer", filter="CustomerID eq 'NOPE'") == (200, [])


def test_lists_are_filtered_by_top_and_skip_and_without_top_are_whole(desk: Desk) -> None:
    items = "StockItem"
    everything = desk.get(items)[1]
    assert len(everything) > 20
    assert [row["InventoryID"] for row in desk.get(items, top="2", skip="1")[1]] == [row["InventoryID"] for row in everything[1:3]]
    assert [set(row) for row in desk.get(items, top="1", select="InventoryID")[1]] == [
        {"id", "rowNumber", "note", "InventoryID", "custom", "_links"}
    ]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("CustomerName eq 'o''neill'", True),
        ("CustomerName eq 'O''Neill' and Status ne 'Active'", False),
        ("(CustomerName eq 'x' or MainContact/Email eq 'pat@oneill.example')", True),
        ("LastModifiedDateTime gt datetimeoffset'2001-01-01T00:00:00+00:00'", True),
        ("LastModifiedDateTime gt datetimeoffset'2999-01-01T00:00:00+00:00'", False),
        ("EnableRateOverride eq true", True),
    ],
)
def test_filters_read_texts_times_and_flags(desk: Desk, where: str, found: bool) -> None:
    code = desk.customer(CustomerName=v("O'Neill"), MainContact={"Email": v("pat@oneill.example")}, EnableRateOverride=v(True))
    status, rows = desk.get("Customer", filter=f"CustomerID eq '{code}' and {where}")
    assert status == 200
    assert bool(rows) is found


@pytest.mark.parametrize(
    "where", ["CustomerName", "CustomerName like 'x'", "CustomerName eq 'x' or", "(CustomerName eq 'x'", "CustomerName eq x"]
)
def test_a_filter_that_cannot_be_read_is_refused(desk: Desk, where: str) -> None:
    assert desk.get("Customer", filter=where)[0] == 400


def test_application_history_cannot_be_had_in_a_list(desk: Desk) -> None:
    assert exception_of(desk.get("Payment", expand="ApplicationHistory")) == (500, "CannotOptimizeException")


# -- PUT inserts and updates ---------------------------------------------------------------------------------------------------


def test_put_without_keys_always_inserts_and_with_them_changes(desk: Desk) -> None:
    body = desk.body(ExternalRef=v("TWICE"))
    first, second = (desk.put(body)[1] for _ in range(2))
    assert first["ReferenceNbr"] != second["ReferenceNbr"]
    status, changed = desk.put({"Type": v("Invoice"), "ReferenceNbr": first["ReferenceNbr"], "Description": v("Changed")})
    assert (status, changed["ReferenceNbr"], changed["Description"]) == (200, first["ReferenceNbr"], v("Changed"))


def test_conditions_make_a_put_insert_only_or_update_only(desk: Desk) -> None:
    row = desk.invoice(ExternalRef=v("ONCE-1"))
    keys = {"Type": v("Invoice"), "ReferenceNbr": row["ReferenceNbr"]}
    assert desk.put(keys, If_None_Match="*") == (412, None)
    assert desk.put({"Type": v("Invoice"), "ReferenceNbr": v("INV999999")}, If_Match="*") == (412, None)
    where = {"$filter": "ExternalRef eq 'ONCE-1'"}
    assert desk.ask("PUT", "SalesInvoice", desk.body(), params=where, If_None_Match="*") == (412, None)
    code = desk.customer()
    assert desk.put({"CustomerID": v(code), "CustomerName": v("Other")}, "Customer", "", If_None_Match="*") == (412, None)
    status, changed = desk.put({"CustomerID": v(code.lower()), "CustomerName": v("Other")}, "Customer", "")
    assert (status, changed["CustomerID"], changed["CustomerName"]) == (200, v(code), v("Other"))


def test_a_refused_record_is_echoed_with_an_id_and_errors_and_is_not_kept(desk: Desk) -> None:
    bad = desk.line(InventoryID=v("NO-SUCH"))
    status, body = desk.put(desk.body(ExternalRef=v("REFUSED-1"), Details=[desk.line(), bad]))
    assert status == 422
    assert body["id"]
    assert body["ReferenceNbr"] == v("<NEW>")
    assert body["error"].startswith("Inserting 'AR Invoice' record raised at least one error")
    assert body["Details"][1]["InventoryID"]["error"] == "Inventory Item 'NO-SUCH' cannot be found in the system."
    assert desk.get("SalesInvoice", filter="ExternalRef eq 'REFUSED-1'") == (200, [])


@pytest.mark.parametrize(
    ("field", "value"),
    [("Account", "9999"), ("SubAccount", "XXX"), ("WarehouseID", "OLD"), ("TaxCategory", "NONE"), ("UOM", "PALLET"), ("BranchID", "X")],
)
def test_codes_on_lines_must_be_there_and_active(desk: Desk, field: str, value: str) -> None:
    status, body = desk.put(desk.body(Details=[desk.line(**{field: v(value)})]))
    assert status == 422
    assert body["Details"][0][field]["error"]


@pytest.mark.parametrize(
    "more",
    [
        {"CustomerID": v("NOBODY")},
        {"Type": v("INV")},
        {"Currency": v("EUR")},
        {"Currency": v("XYZ")},
        {"ExternalRef": v("x" * 41)},
        {"Details": [{"Qty": v(1), "UnitPrice": v(5)}]},
        {"FinancialDetails": {"CustomerTaxZone": v("OHIO")}},
        {"Details": [{"Account": v("4000"), "Qty": v(1), "UnitPrice": v(-5)}]},
    ],
)
def test_what_the_screen_does_not_take_is_422(desk: Desk, more: dict[str, Any]) -> None:
    assert desk.put(desk.body(**more))[0] == 422


def test_prices_and_discounts_that_are_not_manual_are_overwritten(desk: Desk) -> None:
    loose = {"InventoryID": v("FLT-PRE-30"), "Qty": v(1), "UnitPrice": v(1), "DiscountAmount": v(0.5)}
    line = desk.invoice(Details=[loose])["Details"][0]
    assert (line["UnitPrice"]["value"], line["DiscountAmount"]["value"]) == (148, 0)


def test_rows_are_changed_and_deleted_by_the_ids_of_their_session(desk: Desk) -> None:
    row = desk.invoice()
    with desk.new_client() as other:
        theirs = desk.ask("GET", f"SalesInvoice/Invoice/{row['ReferenceNbr']['value']}", None, other, params={"$expand": "Details"})[1]
        other.post("/entity/auth/logout")
    assert theirs["id"] != row["id"]
    keys = {"Type": v("Invoice"), "ReferenceNbr": row["ReferenceNbr"]}
    assert exception_of(desk.put({**keys, "Details": [{"id": theirs["Details"][0]["id"], "delete": True}]}))[0] == 500
    status, changed = desk.put({**keys, "Details": [{"id": row["Details"][0]["id"], "delete": True}, desk.line(Qty=v(1))]})
    assert status == 200
    assert [each["Qty"]["value"] for each in changed["Details"]] == [1]


def test_stock_items_are_not_for_the_screen_of_plain_invoices(desk: Desk) -> None:
    body = {"Type": v("Invoice"), "Customer": v(desk.customer()), "Details": [desk.line()]}
    assert desk.put(body, "Invoice")[0] == 422
    service = {"InventoryID": v("SRV-INST"), "Qty": v(2), "UnitPrice": v(118)}
    status, row = desk.put({**body, "Details": [service]}, "Invoice")
    assert (status, row["Status"]) == (200, v("On Hold"))
    number = row["ReferenceNbr"]["value"]
    assert desk.get("SalesInvoice", filter=f"ReferenceNbr eq '{number}'") == (200, [])


# -- release -------------------------------------------------------------------------------------------------------------------


def poll(desk: Desk, location: str, client: httpx.Client | None = None) -> httpx.Response:
    return (client or desk.client).get(f"/entity{location.partition('/entity')[2]}")


def test_a_release_is_taken_on_and_its_state_is_told_to_its_own_session_only(desk: Desk) -> None:
    row = desk.invoice()
    desk.sandbox.inject("acumatica", "release_slow", seconds=0.2, times=1)
    reply = desk.release(row)
    location = reply.headers["Location"]
    assert reply.status_code == 202
    assert location.startswith(f"{urlsplit(desk.connection['host']).path}{BASE}/SalesInvoice/ReleaseSalesInvoice/status/")
    assert poll(desk, location).status_code == 202
    with desk.new_client() as other:
        assert poll(desk, location, other).status_code == 404
        other.post("/entity/auth/logout")
    assert exception_of((500, desk.release(row).json()))[0] == 500
    desk.simulator.clock.offset += timedelta(seconds=1)
    assert poll(desk, location).status_code == 204
    assert desk.read(row)["Status"] == v("Open")


def test_a_release_may_be_done_at_once_and_is_done_once(desk: Desk) -> None:
    row = desk.released()
    assert row["Status"] == v("Open")
    again = desk.release(row)
    assert (again.status_code, "already been released" in again.text) == (500, True)


def test_what_is_on_hold_is_not_released(desk: Desk) -> None:
    reply = desk.release(desk.invoice(Hold=v(True)))
    assert (reply.status_code, "on hold" in reply.text) == (500, True)


def test_a_release_that_fails_tells_why_in_its_state(desk: Desk) -> None:
    row = desk.invoice()
    desk.sandbox.inject("acumatica", "release_fails", message="Error: Posting failed.", times=1)
    location = desk.release(row).headers["Location"]
    time.sleep(0.01)
    reply = poll(desk, location)
    assert (reply.status_code, reply.json()["exceptionMessage"]) == (500, "Error: Posting failed.")
    assert desk.read(row)["Status"] == v("Balanced")


def test_a_released_document_is_neither_changed_nor_deleted(desk: Desk) -> None:
    row = desk.released()
    assert desk.put({"Type": v("Invoice"), "ReferenceNbr": row["ReferenceNbr"], "Description": v("x")})[0] == 422
    assert desk.ask("DELETE", f"SalesInvoice/{row['id']}")[0] == 500
    draft = desk.invoice()
    assert desk.ask("DELETE", f"SalesInvoice/{draft['id']}") == (204, None)
    assert desk.get(f"SalesInvoice/{draft['id']}")[0] == 500


def test_a_credit_memo_that_is_applied_closes_its_invoice(desk: Desk) -> None:
    row = desk.released()
    applied = {"DocType": v("Invoice"), "ReferenceNbr": row["ReferenceNbr"], "AmountPaid": row["Amount"]}
    memo = {**desk.body(Type=v("Credit Memo"), CustomerID=row["CustomerID"]), "ApplicationsCreditMemo": [applied]}
    made = jsonable(desk.put(jsonable(memo)))
    desk.sandbox.inject("acumatica", "release_at_once", times=1)
    assert desk.release(made).status_code == 204
    status, now = desk.get(f"SalesInvoice/{row['id']}", expand="ApplicationsInvoice")
    assert (status, now["Status"], now["Balance"]) == (200, v("Closed"), v(0))
    assert now["ApplicationsInvoice"][0]["DocType"] == v("Credit Memo")


def jsonable(value: Any) -> Any:
    """A body (or the body of an answer) with numbers that the client can write."""
    if isinstance(value, tuple):
        assert value[0] == 200, value
        return value[1]
    if isinstance(value, dict):
        return {name: jsonable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [jsonable(each) for each in value]
    return value if isinstance(value, str | bool | int | float) else float(value)


# -- payments ------------------------------------------------------------------------------------------------------------------


def test_a_payment_is_applied_when_it_is_released(desk: Desk) -> None:
    row = desk.released()
    status, payment = desk.pay(row, 100)
    assert (status, payment["Status"], payment["AppliedToDocuments"]) == (200, v("Balanced"), v(100))
    assert desk.read(row)["Balance"]["value"] == D("182.94")
    desk.sandbox.inject("acumatica", "release_at_once", times=1)
    assert desk.release(payment, "Payment", "ReleasePayment").status_code == 204
    assert desk.read(row)["Balance"]["value"] == D("82.94")
    status, paid = desk.get(f"Payment/{payment['id']}", expand="ApplicationHistory")
    assert (paid["Status"], paid["ApplicationHistory"][0]["DisplayRefNbr"]) == (v("Closed"), row["ReferenceNbr"])
    receipts.void(desk.simulator.company, payment["ReferenceNbr"]["value"])
    assert desk.read(row)["Balance"]["value"] == D("182.94")


def test_applications_with_wrong_names_are_ignored_with_200(desk: Desk) -> None:
    row = desk.released()
    wrong = [{"DocType": v("Invoice"), "AdjdRefNbr": row["ReferenceNbr"], "AmountPaid": v(100)}]
    status, payment = desk.pay(row, 100, DocumentsToApply=wrong)
    assert (status, payment["AppliedToDocuments"], payment["AvailableBalance"]) == (200, v(0), v(100))


@pytest.mark.parametrize(
    "more",
    [
        {"PaymentAmount": v(50)},
        {"CashAccount": v("1003")},
        {"CashAccount": v("4000")},
        {"PaymentMethod": v("CRYPTO")},
        {"PaymentRef": {}},
        {"DocumentsToApply": [{"DocType": v("Invoice"), "ReferenceNbr": v("INV999999"), "AmountPaid": v(1)}]},
    ],
)
def test_a_payment_that_does_not_fit_is_422(desk: Desk, more: dict[str, Any]) -> None:
    assert desk.pay(desk.released(), 100, **more)[0] == 422


def test_a_payment_of_more_than_is_open_or_of_a_draft_is_422(desk: Desk) -> None:
    assert desk.pay(desk.released(), 500)[0] == 422
    assert desk.pay(desk.invoice(), 10)[0] == 422


# -- sessions and tokens -------------------------------------------------------------------------------------------------------


def test_sessions_are_counted_until_they_are_logged_out() -> None:
    with running(["acumatica"], time_scale=1000) as sandbox:
        desk = Desk(sandbox)
        others = [desk.new_client() for _ in range(3)]
        assert [client.get("/entity").status_code for client in (desk.client, *others)] == [200, 200, 200, 429]
        assert "API Login Limit" in others[2].get("/entity").text
        assert others[0].post("/entity/auth/logout").status_code == 204
        assert others[2].get("/entity").status_code == 200
        assert others[0].get("/entity").status_code == 401
        sandbox.simulators["acumatica"].clock.offset = timedelta(minutes=30)
        assert desk.client.get("/entity").status_code == 200
        for client in (desk.client, *others):
            client.close()


def test_a_cookie_session_needs_all_its_cookies_and_ends_with_its_idle_time() -> None:
    with running(["acumatica"], time_scale=1000) as sandbox:
        simulator = sandbox.simulators["acumatica"]
        assert isinstance(simulator, AcumaticaSimulator)
        stored = simulator.connection()
        who = {"name": stored["login"], "password": stored["password"], "tenant": "Harbour"}
        with httpx.Client(base_url=stored["host"]) as client:
            assert client.post("/entity/auth/login", json={**who, "password": "x"}).status_code == 500
            assert client.post("/entity/auth/login", json={**who, "tenant": "Other"}).status_code == 500
            assert client.post("/entity/auth/login", json=who).status_code == 204
            assert len(client.cookies) == 2
            assert client.get("/entity").status_code == 200
            first = next(iter(client.cookies.items()))
            assert httpx.get(f"{stored['host']}/entity", cookies=dict([first])).status_code == 401
            simulator.clock.offset = timedelta(minutes=30)
            assert client.get("/entity").status_code == 401


def test_tokens_expire_and_refresh_tokens_are_good_for_one_use(desk: Desk) -> None:
    assert "refresh_token" not in desk.password_token()
    issued = desk.password_token("api offline_access")
    once = desk.token(grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert once.status_code == 200
    assert once.json()["refresh_token"] != issued["refresh_token"]
    again = desk.token(grant_type="refresh_token", refresh_token=issued["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    assert desk.token(grant_type="client_credentials").json() == {"error": "unsupported_grant_type"}
    assert desk.password_token("openid")["error"] == "invalid_scope"


def test_the_end_points_are_listed(desk: Desk) -> None:
    known = desk.client.get("/entity").json()["endpoints"]
    assert ("Default", "24.200.001") in {(each["name"], each["version"]) for each in known}
