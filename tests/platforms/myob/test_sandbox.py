"""The simulator is as strict as the vendor: what the contract says about tokens, headers, sales, payments and lists."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.myob.conftest import Desk, name_of

from airbooks.platforms.myob.sandbox.company_file import BUSINESS, uid_of
from airbooks.sandbox.server import running

D = Decimal


# -- the door ------------------------------------------------------------------------------------------------------------------


def test_a_refresh_token_works_once_and_the_new_one_next_time() -> None:
    with running(["myob"]) as sandbox:
        desk = Desk(sandbox)
        first = desk.simulator.authority.current_refresh_token()
        reply = desk.token_request(grant_type="refresh_token", refresh_token=first).json()
        assert (reply["token_type"], int(reply["expires_in"])) == ("bearer", 1200)
        again = desk.token_request(grant_type="refresh_token", refresh_token=first)
        assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})
        assert desk.token_request(grant_type="refresh_token", refresh_token=reply["refresh_token"]).status_code == 200
        assert desk.token_request(grant_type="password").json() == {"error": "unsupported_grant_type"}
        assert desk.token_request(client_secret="wrong", grant_type="refresh_token").json() == {"error": "invalid_client"}


def test_the_business_is_named_only_where_consent_was_prompted_for(desk: Desk) -> None:
    asked = {"client_id": desk.connection["login"], "response_type": "code", "redirect_uri": "http://localhost/done"}
    url = f"{desk.sandbox.base_url('myob')}/oauth2/account/authorize"
    assert "businessId" not in httpx.get(url, params=asked).headers["location"]
    location = httpx.URL(httpx.get(url, params={**asked, "prompt": "consent"}).headers["location"])
    assert location.params["businessId"] == BUSINESS
    code = {"grant_type": "authorization_code", "code": location.params["code"], "redirect_uri": asked["redirect_uri"]}
    assert desk.token_request(**code).status_code == 200
    assert desk.token_request(**code).json() == {"error": "invalid_grant"}


def test_an_access_token_lives_twenty_minutes() -> None:
    with running(["myob"]) as sandbox:
        desk = Desk(sandbox)
        desk.simulator.clock.offset = timedelta(minutes=19)
        assert desk.get("GeneralLedger/TaxCode")[0] == 200
        desk.simulator.clock.offset = timedelta(minutes=21)
        assert name_of(desk.get("GeneralLedger/TaxCode"))[0] == 401


@pytest.mark.parametrize("missing", ["x-myobapi-key", "x-myobapi-version", "authorization"])
def test_every_header_of_the_contract_is_needed(desk: Desk, missing: str) -> None:
    headers = {name: value for name, value in desk.client.headers.items() if name.lower() != missing}
    assert httpx.get(f"{desk.client.base_url}GeneralLedger/TaxCode", headers=headers).status_code in {401, 403}


def test_the_ninth_call_of_a_second_is_refused_with_403() -> None:
    with running(["myob"], time_scale=0.01) as sandbox:  # a second that lasts long enough for any machine
        desk = Desk(sandbox)
        answers = [desk.get("GeneralLedger/TaxCode") for _ in range(9)]
        assert [status for status, _ in answers[:8]] == [200] * 8
        assert name_of(answers[8]) == (403, "RateLimitError")


def test_new_keys_have_no_list_of_files_and_no_other_business(desk: Desk) -> None:
    root = desk.sandbox.base_url("myob")
    assert httpx.get(f"{root}/accountright/", headers=desk.client.headers).status_code == 404
    assert httpx.get(f"{root}/accountright/{uid_of('x', 'y')}/Sale/Invoice", headers=desk.client.headers).status_code == 403


def test_a_user_who_is_not_linked_needs_the_files_own_log_in(desk: Desk) -> None:
    desk.sandbox.inject("myob", "unlinked_user")
    assert name_of(desk.get("Sale/Invoice")) == (401, "Access denied")


def test_an_unchanged_thing_is_not_sent_again(desk: Desk) -> None:
    url = f"{desk.client.base_url}GeneralLedger/TaxCode"
    tag = desk.client.get(url).headers["ETag"]
    assert desk.client.get(url, headers={"If-None-Match": tag}).status_code == 304


# -- lists ---------------------------------------------------------------------------------------------------------------------


def test_lists_come_in_pages_with_a_link_to_the_next(desk: Desk) -> None:
    status, body = desk.get("Inventory/Item", **{"$top": "10"})
    assert (status, len(body["Items"])) == (200, 10)
    assert body["Count"] > 10
    following = desk.client.get(body["NextPageLink"]).json()
    assert {row["UID"] for row in following["Items"]} & {row["UID"] for row in body["Items"]} == set()


@pytest.mark.parametrize(
    "where",
    [
        "Number eq 'FLT-KIT-75'",
        "startswith(Number,'FLT-KIT')",
        "substringof('KIT-75',Number)",
        "endswith(Number,'KIT-75')",
        "(Number eq 'FLT-KIT-75' or Number eq 'NO-SUCH') and Name gt 'A'",
        f"UID eq guid'{uid_of('item', 'FLT-KIT-75')}'",
    ],
)
def test_the_odata_subset_finds_an_item(desk: Desk, where: str) -> None:
    _, body = desk.get("Inventory/Item", where)
    assert [row["Number"] for row in body["Items"]] == ["FLT-KIT-75"]


@pytest.mark.parametrize(
    "params",
    [
        {"$filter": "number eq 'FLT-KIT-75'"},
        {"$filter": "Number like 'FLT'"},
        {"$filter": "Number eq 'O'Brien'"},
        {"$filter": "Number eq"},
        {"$orderby": "number"},
        {"$top": "1001"},
        {"$top": "10", "$skip": "5"},
    ],
)
def test_a_query_that_is_not_understood_is_refused(desk: Desk, params: dict[str, str]) -> None:
    where = params.pop("$filter", "")
    assert desk.get("Inventory/Item", where, **params)[0] == 400


@pytest.mark.parametrize("blank", ["%20", "+"])
def test_a_blank_in_a_query_is_understood_in_both_spellings(desk: Desk, blank: str) -> None:
    found = desk.client.get(f"/Inventory/Item?$filter=Number{blank}eq{blank}'FLT-KIT-75'").json()["Items"]
    assert [row["Number"] for row in found] == ["FLT-KIT-75"]


# -- sales ---------------------------------------------------------------------------------------------------------------------


def test_without_return_body_only_the_location_tells_the_id(desk: Desk) -> None:
    reply = desk.client.post("/Sale/Invoice/Item", json=desk.sale_body(desk.card()))
    assert (reply.status_code, reply.content) == (201, b"")
    found = re.fullmatch(r".*/Sale/Invoice/Item/([0-9a-f-]{36})", reply.headers["location"])
    assert found is not None
    assert reply.headers["x-myobapi-requestid"]
    assert desk.ask("GET", f"Sale/Invoice/Item/{found[1]}")[0] == 200


def test_a_sale_is_posted_at_once_with_the_tax_and_due_date_that_myob_computes(desk: Desk) -> None:
    agreed = {"PaymentIsDue": "InAGivenNumberOfDays", "BalanceDueDate": 30}
    row = desk.sale(Terms=agreed, Freight=20.0)
    amounts = ("Subtotal", "Freight", "TotalTax", "TotalAmount", "BalanceDueAmount")
    assert [row[name] for name in amounts] == [D("169.00"), D("20.00"), D("18.90"), D("207.90"), D("207.90")]
    assert (row["Status"], row["Terms"]["DueDate"]) == ("Open", "2026-02-14T00:00:00")
    assert re.fullmatch(r"-?\d{1,19}", row["RowVersion"])
    assert row["UID"] == row["UID"].lower()


def test_prices_hold_the_tax_unless_it_is_said_otherwise(desk: Desk) -> None:
    body = desk.sale_body(desk.card())
    del body["IsTaxInclusive"]
    _, row = desk.post(body)
    assert (row["Subtotal"], row["TotalTax"], row["TotalAmount"]) == (D("153.64"), D("15.36"), D("169.00"))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"UID": uid_of("x", "y")}, (409, "Conflict")),
        ({"Number": "N" * 14}, (400, "StringTooLong")),
        ({"Date": None}, (400, "Required")),
        ({"Date": "2026-01-15T00:00:00Z"}, (400, "SerializationError")),
        ({"Date": "2026-01-15"}, (400, "SerializationError")),
        ({"Customer": None}, (400, "Required")),
        ({"Customer": {"UID": uid_of("x", "y")}}, (400, "NotFound")),
        ({"Lines": []}, (400, "Required")),
        ({"FreightTaxCode": None}, (400, "Required")),
        ({"FreightTaxCode": None, "Freight": 10}, (400, "FreightHasNotBeenSet")),
        ({"TotalTax": 16.9}, (400, "ReadOnlyField")),
        ({"RowVersion": "1"}, (400, "ReadOnlyField")),
        ({"InvoiceDeliveryStatus": "Fax"}, (400, "SerializationError")),
        ({"ShipToAddress": "x" * 256}, (400, "StringTooLong")),
        ({"Terms": {"PaymentIsDue": "InAGivenNumberOfDays", "BalanceDueDate": -1}}, (400, "Term_Out_Of_Range")),
        ({"ForeignCurrency": {"UID": uid_of("currency", "USD")}}, (400, "Required")),
    ],
)
def test_a_sale_that_breaks_a_rule_is_refused(desk: Desk, change: dict[str, Any], expected: tuple[int, str]) -> None:
    assert name_of(desk.post({**desk.sale_body(desk.card()), **change})) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"Item": {"UID": uid_of("x", "y")}}, "NotFound"),
        ({"Item": None}, "Required"),
        ({"Total": 168.99}, "LineTotalMismatch"),
        ({"Total": None}, "Required"),
        ({"UnitPrice": "84.5"}, "SerializationError"),
        ({"TaxCode": None}, "Required"),
        ({"TaxCode": {"UID": uid_of("tax", "GNR")}}, "ConsolidatedTaxCodesNotAllowed"),
        ({"Account": {"UID": uid_of("account", "4-0000")}}, "AccountHeaderNotAllowed"),
        ({"Job": {"UID": uid_of("job", "ALL")}}, "Line_JobHeaderNotAllowed"),
        ({"RowID": 1}, "InvalidRow"),
        ({"Description": "x" * 1001}, "StringTooLong"),
    ],
)
def test_a_line_that_breaks_a_rule_is_refused(desk: Desk, change: dict[str, Any], expected: str) -> None:
    assert name_of(desk.post(desk.sale_body(desk.card(), Lines=[desk.line(**change)]))) == (400, expected)


def test_a_sale_without_a_number_gets_the_next_one_of_eight_digits(desk: Desk) -> None:
    assert re.fullmatch(r"\d{8}", desk.sale(Number=None)["Number"])


def test_a_layout_is_fixed_and_has_lines_of_its_own(desk: Desk) -> None:
    service = {"Type": "Transaction", "Description": "Visit", "Total": 395.0, "TaxCode": {"UID": uid_of("tax", "GST")}}
    account = {"Account": {"UID": uid_of("account", "4-4100")}}
    status, row = desk.post(desk.sale_body(desk.card(), Lines=[{**service, **account}]), layout="Service")
    assert status == 201
    assert name_of(desk.ask("GET", f"Sale/Invoice/Item/{row['UID']}")) == (400, "LayoutTypeMismatch")
    assert name_of(desk.post(desk.sale_body(desk.card(), Lines=[service]), layout="Service")) == (400, "Required")
    assert name_of(desk.post(desk.sale_body(desk.card()), layout="Service")) == (400, "InvalidField")
    (head,) = desk.get("Sale/Invoice", f"Number eq '{row['Number']}'")[1]["Items"]
    assert head["InvoiceType"] == "Service"
    assert "Lines" not in head


def test_a_number_twice_is_a_warning_unless_warnings_are_errors(desk: Desk) -> None:
    first = desk.sale()
    status, row = desk.post(desk.sale_body(desk.card(), Number=first["Number"]))
    assert (status, row["Errors"][0]["Name"], row["Errors"][0]["Severity"]) == (201, "Duplicate", "Warning")
    strict = desk.post(desk.sale_body(desk.card(), Number=first["Number"]), warningsAsErrors="true")
    assert name_of(strict) == (400, "Duplicate")


def test_an_update_needs_every_version_and_removes_lines_that_are_left_out(desk: Desk) -> None:
    row = desk.sale(Lines=[desk.line(), desk.line(Description="Second")])
    first = row["Lines"][0]
    body = desk.sale_body(row["Customer"]["UID"], Number=row["Number"], UID=row["UID"], RowVersion=row["RowVersion"])
    path = f"Sale/Invoice/Item/{row['UID']}"
    stale = {**body, "RowVersion": "1"}
    assert name_of(desk.ask("PUT", path, stale)) == (409, "IncorrectRowVersionSupplied")
    half = {**body, "Lines": [desk.line(RowID=first["RowID"], RowVersion="1")]}
    assert name_of(desk.ask("PUT", path, half)) == (409, "IncorrectRowVersionSupplied")
    whole = {**body, "Lines": [desk.line(RowID=first["RowID"], RowVersion=first["RowVersion"])]}
    status, changed = desk.ask("PUT", path, whole, returnBody="true")
    assert (status, [line["RowID"] for line in changed["Lines"]]) == (200, [first["RowID"]])
    assert changed["RowVersion"] != row["RowVersion"]
    assert desk.ask("PUT", f"Sale/Invoice/Item/{uid_of('x', 'y')}", whole)[0] == 404


def test_a_deleted_sale_is_gone_and_a_paid_one_is_not_deleted(desk: Desk) -> None:
    row = desk.sale()
    path = f"Sale/Invoice/Item/{row['UID']}"
    assert desk.ask("DELETE", path) == (200, None)
    assert desk.ask("GET", path)[0] == 404
    paid = desk.sale()
    desk.pay(paid, 10.0)
    assert name_of(desk.ask("DELETE", f"Sale/Invoice/Item/{paid['UID']}")) == (400, "InvoicePaid")
    desk.sandbox.inject("myob", "must_be_reversed")
    kept = desk.sale()
    assert name_of(desk.ask("DELETE", f"Sale/Invoice/Item/{kept['UID']}")) == (400, "TransactionsCannotBeDeleted")


def test_a_locked_period_takes_no_sale_and_gives_none_back(desk: Desk) -> None:
    row = desk.sale()
    desk.sandbox.inject("myob", "lock_period", until="2026-02-01")
    expected = (400, "BusinessEvent_DateOccured_InLockPeriod")
    assert name_of(desk.post(desk.sale_body(desk.card()))) == expected
    assert name_of(desk.ask("DELETE", f"Sale/Invoice/Item/{row['UID']}")) == expected


# -- money ---------------------------------------------------------------------------------------------------------------------


def test_a_payment_closes_a_sale_and_deleting_it_opens_it_again(desk: Desk) -> None:
    row = desk.sale()
    status, payment = desk.pay(row, 185.9)
    assert (status, payment["ReceiptNumber"][:2]) == (201, "CR")
    closed = desk.read(row)
    assert (closed["Status"], closed["BalanceDueAmount"]) == ("Closed", 0)
    assert closed["RowVersion"] != row["RowVersion"]
    assert desk.ask("DELETE", f"Sale/CustomerPayment/{payment['UID']}")[0] == 200
    assert (desk.read(row)["Status"], desk.read(row)["BalanceDueAmount"]) == ("Open", D("185.90"))
    assert desk.ask("PUT", f"Sale/CustomerPayment/{payment['UID']}", {})[0] == 405


@pytest.mark.parametrize(
    ("amount", "change", "expected"),
    [
        (186.0, {}, "AmountAppliedExceedsBalance"),
        (10.0, {"AmountReceived": 20.0}, "AmountsDoNotAgree"),
        (10.0, {"Account": None}, "Required"),
        (10.0, {"Account": {"UID": uid_of("account", "4-4000")}}, "IncorrectAccountType"),
        (10.0, {"PaymentMethod": "Barter"}, "InvalidPaymentMethod"),
        (10.0, {"ReceiptNumber": "R" * 14}, "StringTooLong"),
        (10.0, {"Invoices": []}, "Required"),
    ],
)
def test_a_payment_that_breaks_a_rule_is_refused(desk: Desk, amount: float, change: dict[str, Any], expected: str) -> None:
    assert name_of(desk.pay(desk.sale(), amount, **change)) == (400, expected)


def test_a_negative_sale_is_a_credit_that_can_be_settled_with_another(desk: Desk) -> None:
    row = desk.sale()
    customer = row["Customer"]["UID"]
    _, credit = desk.post(desk.sale_body(customer, Lines=[desk.line(ShipQuantity=-2, Total=-169.0)]))
    assert (credit["Status"], credit["TotalAmount"]) == ("Credit", D("-185.90"))
    lines = [{"Type": "Invoice", "Sale": {"UID": row["UID"]}, "AmountApplied": 185.9}]
    body = {
        "CreditFromInvoice": {"UID": credit["UID"]},
        "Number": "CR-1",
        "Date": "2026-02-01T00:00:00",
        "CreditAmount": 185.9,
        "Lines": lines,
    }
    assert desk.ask("POST", "Sale/CreditSettlement", body)[0] == 201
    assert (desk.read(row)["Status"], desk.read(credit)["Status"]) == ("Closed", "Closed")
    assert name_of(desk.ask("POST", "Sale/CreditSettlement", body))[0] == 400


# -- cards ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"CompanyName": None}, "Required"),
        ({"CompanyName": "N" * 51}, "StringTooLong"),
        ({"DisplayID": "C" * 16}, "StringTooLong"),
        ({"IsIndividual": None}, "Required"),
        ({"SellingDetails": {}}, "Required"),
        ({"Addresses": [{"Location": 6}]}, "InvalidLocation"),
    ],
)
def test_a_card_that_breaks_a_rule_is_refused(desk: Desk, change: dict[str, Any], expected: str) -> None:
    tax = {"UID": uid_of("tax", "GST")}
    body = {"CompanyName": "Northgate", "IsIndividual": False, "SellingDetails": {"TaxCode": tax, "FreightTaxCode": tax}, **change}
    assert name_of(desk.ask("POST", "Contact/Customer", body)) == (400, expected)


def test_card_identifiers_are_unique_unless_there_is_none(desk: Desk) -> None:
    desk.card(DisplayID="C-1")
    tax = {"UID": uid_of("tax", "GST")}
    body = {"CompanyName": "Other", "IsIndividual": False, "DisplayID": "C-1", "SellingDetails": {"TaxCode": tax, "FreightTaxCode": tax}}
    assert name_of(desk.ask("POST", "Contact/Customer", body)) == (400, "Contact_DuplicateIdentifier")
    names = {desk.ask("GET", f"Contact/Customer/{desk.card()}")[1]["DisplayID"] for _ in range(2)}
    assert names == {"*None"}


def test_a_file_of_one_currency_knows_no_other() -> None:
    with running(["myob"], time_scale=1000) as sandbox:
        desk = Desk(sandbox)
        sandbox.inject("myob", "single_currency")
        assert desk.get("GeneralLedger/Currency")[1]["Items"] == []


def test_everything_survives_a_restart(tmp_path: Any) -> None:
    with running(["myob"], folder=tmp_path, time_scale=1000) as sandbox:
        number = Desk(sandbox).sale()["Number"]
    with running(["myob"], folder=tmp_path, time_scale=1000) as sandbox:
        assert [each.number for each in sandbox.books("myob").documents] == [number]
