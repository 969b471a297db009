"""The sandbox's Reckon One is as strict as the vendor's: what it refuses, how it answers, what it computes."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.platforms.reckon_one.conftest import DAY, Desk, line

from airbooks.sandbox.server import running

# -- identity server and gateway ----------------------------------------------------------------------------------------------------


def test_each_refresh_gives_a_new_refresh_token_and_the_one_used_is_dead(desk: Desk) -> None:
    old = desk.simulator.connection()["extra"]["refresh_token"]
    reply = desk.refresh()
    assert reply.status_code == 200
    body = reply.json()
    assert (body["expires_in"], body["token_type"]) == (10800, "Bearer")
    assert body["refresh_token"] not in ("", old)
    again = desk.refresh(refresh_token=old)
    assert (again.status_code, again.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uri": "https://elsewhere.example"}, "invalid_grant"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
    ],
)
def test_the_token_end_point_refuses_what_it_does_not_grant(desk: Desk, changes: dict[str, str], error: str) -> None:
    reply = desk.refresh(**changes)
    assert (reply.status_code, reply.json()["error"]) == (400, error)


def test_a_client_is_known_by_basic_authorisation_alone(desk: Desk) -> None:
    stored = desk.simulator.connection()
    form = {"grant_type": "refresh_token", "client_id": stored["login"], "client_secret": stored["password"]}
    assert httpx.post(f"{desk.root}/connect/token", data=form).json() == {"error": "invalid_client"}


def test_signing_in_gives_a_code_that_works_once_and_a_refresh_token_for_offline_access() -> None:
    with running(["reckon_one"]) as sandbox:
        stored = sandbox.simulators["reckon_one"].connection()
        root, redirect = sandbox.base_url("reckon_one"), stored["extra"]["redirect_uri"]
        asked = {"client_id": stored["login"], "response_type": "code", "redirect_uri": redirect, "state": "s-1"}
        for scope, has_refresh in (("openid read write", False), ("openid read write offline_access", True)):
            back = httpx.get(f"{root}/connect/authorize", params={**asked, "scope": scope}).headers["location"]
            code = parse_qs(urlsplit(back).query)["code"][0]
            form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect}
            credentials = base64.b64encode(f"{stored['login']}:{stored['password']}".encode()).decode()
            first, second = (
                httpx.post(f"{root}/connect/token", data=form, headers={"Authorization": f"Basic {credentials}"}) for _ in range(2)
            )
            assert ("refresh_token" in first.json()) is has_refresh
            assert second.json() == {"error": "invalid_grant"}


def test_without_a_subscription_key_the_gateway_refuses_in_its_own_form(desk: Desk) -> None:
    reply = httpx.get(f"{desk.root}/r1/v2/books", headers={"Authorization": desk.client.headers["Authorization"]})
    assert reply.status_code == 401
    assert reply.json()["statusCode"] == 401
    assert "missing subscription key" in reply.json()["message"]
    wrong = desk.client.get("/invoices", headers={"Ocp-Apim-Subscription-Key": "wrong"})
    assert "invalid subscription key" in wrong.json()["message"]


def test_without_a_good_token_the_application_refuses_in_its_own_form(desk: Desk) -> None:
    reply = desk.client.get("/invoices", headers={"Authorization": "Bearer nonsense"})
    assert (reply.status_code, reply.json()) == (401, {"message": "Authorization has been denied for this request.", "code": 401})


def test_an_access_token_lasts_three_hours() -> None:
    with running(["reckon_one"]) as sandbox:
        desk = Desk(sandbox)
        desk.simulator.clock.offset = timedelta(hours=2, minutes=59)
        assert desk.client.get("/items").status_code == 200
        desk.simulator.clock.offset = timedelta(hours=3, minutes=1)
        assert desk.client.get("/items").status_code == 401
        desk.client.close()


def test_books_are_listed_with_country_and_status_and_another_books_path_is_not_found(desk: Desk) -> None:
    listed = httpx.get(f"{desk.root}/r1/v2/books", headers=desk.client.headers).json()["list"]
    assert {(row["id"] == desk.book_id, row["country"], row["status"]) for row in listed} == {
        (True, "AU", "Active"),
        (False, "NZ", "Inactive"),
    }
    reply = httpx.get(f"{desk.root}/r1/v2/00000000-0000-0000-0000-000000000000/invoices", headers=desk.client.headers)
    assert (reply.status_code, reply.json()) == (404, {"message": "Resource not found.", "code": 404})


def test_a_path_without_a_book_does_not_exist(desk: Desk) -> None:
    assert httpx.get(f"{desk.root}/r1/v2/invoices", headers=desk.client.headers).status_code == 404


# -- lists -----------------------------------------------------------------------------------------------------


def test_a_page_has_ten_rows_and_the_headers_tell_the_rest(desk: Desk) -> None:
    reply = desk.client.get("/items")
    assert len(reply.json()["list"]) == 10
    assert set(reply.json()) == {"list"}
    assert int(reply.headers["x-total-count"]) > 10
    assert 'rel="next"' in reply.headers["link"]
    last = desk.client.get("/items", params={"page": 4, "PERPAGE": 10})
    assert 'rel="next"' not in last.headers["link"]
    assert 0 < len(last.json()["list"]) <= 10


def test_no_hit_is_an_empty_list_and_no_error(desk: Desk) -> None:
    assert desk.get("/invoices", filter="reference eq 'nobody has this'") == {"list": []}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("itemCode eq 'HOS-38-15'", {"HOS-38-15"}),
        ('itemcode eq "HOS-38-15"', {"HOS-38-15"}),
        ("itemCode eq 'hos-38-15'", set()),
        ("itemCode in ('HOS-38-15','HOS-12-30')", {"HOS-38-15", "HOS-12-30"}),
        ("sale.ledgerAccount.name eq 'Income:Freight income' and not (itemCode eq 'FRT-STD')", {"FRT-HVY"}),
        ("sale.price lt 5 or itemCode eq 'FRT-STD'", {"HOS-38-15", "HOS-12-30", "FRT-STD"}),
    ],
)
def test_filters_know_case_nesting_lists_and_brackets(desk: Desk, text: str, codes: set[str]) -> None:
    assert {row["itemCode"] for row in desk.get("/items", filter=text, select="itemCode")["list"]} == codes


@pytest.mark.parametrize(
    "text", ["itemCode", "itemCode is 'A'", "itemCode in ()", "(itemCode eq 'A'", "itemCode eq 'A' extra", "itemCode eq 'A"]
)
def test_a_filter_that_makes_no_sense_is_refused(desk: Desk, text: str) -> None:
    assert desk.refused(desk.client.get("/items", params={"filter": text}))[:2] == (400, "filter")


def test_tax_rates_are_listed_of_a_day_with_their_use(desk: Desk) -> None:
    rates = {row["name"]: (row["rate"], row["useOnSales"]) for row in desk.get("/taxrates/2026-03-02")["list"]}
    assert rates == {"GST": (10, True), "GST Free": (0, True), "GST Free Exports": (0, True), "Input Taxed": (0, False)}


# -- invoices -----------------------------------------------------------------------------------------------------


def test_creating_an_invoice_answers_its_id_and_nothing_else(desk: Desk) -> None:
    reply = desk.post("/invoices", desk.invoice_body(reference="AU-SI-000001"))
    assert (reply.status_code, set(reply.json())) == (201, {"id"})
    row = desk.get(f"/invoices/{reply.json()['id']}")
    assert (row["status"], row["totalAmount"], row["totalTaxAmount"], row["balance"]) == ("Draft", 110, 10, 110)
    assert (row["reference"], row["customer"]["name"], row["invoiceDate"]) == ("AU-SI-000001", "Outback Drilling Supplies", DAY)


def test_the_book_numbers_and_rates_by_itself_whatever_is_sent(desk: Desk) -> None:
    made = desk.made("/invoices", desk.invoice_body(invoiceNumber="AU-SI-77", status="Paid", currency="USD", balance=0))
    row = desk.get(f"/invoices/{made}")
    assert row["invoiceNumber"].startswith("INV0")
    assert (row["status"], row["balance"]) == ("Draft", 110)
    assert "currency" not in row


def test_without_approval_a_new_invoice_counts_at_once(desk: Desk) -> None:
    desk.simulator.book.configure("invoice", approvalEnabled=False)
    assert desk.get(f"/invoices/{desk.invoice(approved=False)}")["status"] == "Approved"


def test_a_reference_is_not_unique(desk: Desk) -> None:
    first, second = (desk.invoice(reference="twice") for _ in range(2))
    assert {row["id"] for row in desk.get("/invoices", filter="reference eq 'twice'", select="id")["list"]} == {first, second}


BOTH: dict[str, Any] = {"accountDetails": {"ledgerAccount": "Income:Freight income", "quantity": 1, "amount": 5}}


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        ({"customer": "Nobody"}, "customer"),
        ({"customer": ""}, "customer"),
        ({"invoiceDate": "2026-03-02"}, "invoiceDate"),
        ({"amountTaxStatus": "Gross"}, "amountTaxStatus"),
        ({"lineItems": []}, "lineItems"),
        ({"lineItems": [line("Parts:NO-SUCH")]}, "lineItems[0].itemDetails.item"),
        ({"lineItems": [line("FLT-PRE-30")]}, "lineItems[0].itemDetails.item"),
        ({"lineItems": [line(tax="VAT")]}, "lineItems[0].taxRate"),
        ({"lineItems": [line(tax="Input Taxed")]}, "lineItems[0].taxRate"),
        ({"lineItems": [line(**BOTH)]}, "lineItems[0].itemDetails"),
        ({"lineItems": [line(project="MAIN")]}, "lineItems[0].project"),
        ({"lineItems": [line(price="100")]}, "lineItems[0].itemDetails.price"),
        ({"lineItems": [line(serviceDate=DAY)]}, "lineItems[0].serviceDate"),
        ({"lineItems": [line(department="WHOLESALE")]}, "lineItems[0].department"),
        ({"paymentTerms": "Net 77"}, "paymentTerms"),
        ({"classification": "Harbour"}, "classification"),
        ({"reference": "x" * 51}, "reference"),
    ],
)
def test_what_is_wrong_with_an_invoice_is_told_with_its_place(desk: Desk, fields: dict[str, Any], location: str) -> None:
    assert desk.refused(desk.post("/invoices", desk.invoice_body(**fields)))[:2] == (400, location)


def test_a_customer_is_named_and_its_id_is_not_taken(desk: Desk) -> None:
    assert desk.refused(desk.post("/invoices", desk.invoice_body(customer=desk.customer())))[:2] == (400, "customer")


def test_a_tax_amount_must_agree_with_the_rate_unless_the_book_lets_it_be_edited(desk: Desk) -> None:
    body = desk.invoice_body(lineItems=[line(taxAmount=10.01)])
    assert desk.get(f"/invoices/{desk.made('/invoices', body)}")["totalTaxAmount"] == 10.01
    desk.simulator.book.configure("tax", taxAmountEditable=False)
    assert desk.refused(desk.post("/invoices", body)) == (400, "lineItems[0].taxAmount", "Tax for line 1 is incorrect")
    assert desk.post("/invoices", desk.invoice_body(lineItems=[line(taxAmount=10)])).status_code == 201


@pytest.mark.parametrize(
    ("fields", "total", "tax"),
    [
        ({"lineItems": [line(price=33.35), line(price=33.35)]}, 73.38, 6.68),
        ({"amountTaxStatus": "Inclusive", "lineItems": [line(price=110)]}, 110, 10),
        ({"amountTaxStatus": "NonTaxed"}, 100, 0),
        ({"invoiceDiscountPercent": 10}, 99, 9),
        ({"invoiceDiscountAmount": 20}, 88, 8),
        ({"lineItems": [line(quantity=3, price=0.005)]}, 0.02, 0),
    ],
)
def test_totals_are_of_lines_rounded_half_up(desk: Desk, fields: dict[str, Any], total: float, tax: float) -> None:
    row = desk.get(f"/invoices/{desk.invoice(**fields)}")
    assert (row["totalAmount"], row["totalTaxAmount"]) == (total, tax)


def test_line_discounts_are_of_item_lines_of_invoices(desk: Desk) -> None:
    discounted = line()
    discounted["itemDetails"]["discountPercent"] = 5
    assert desk.get(f"/invoices/{desk.invoice(lineItems=[discounted])}")["totalAmount"] == 104.5
    credit = {**desk.invoice_body(lineItems=[discounted]), "creditNoteDate": DAY}
    del credit["invoiceDate"]
    assert desk.refused(desk.post("/creditNotes", credit))[:2] == (400, "lineItems[0].itemDetails.discountPercent")


def test_a_patch_is_a_merge_patch_and_changes_no_lines(desk: Desk) -> None:
    made = desk.invoice(approved=False)
    refused = desk.patch(f"/invoices/{made}", {"notes": "Rear dock"}, "application/json")
    assert (refused.status_code, refused.json()["code"]) == (415, 415)
    changed = desk.patch(f"/invoices/{made}", {"notes": "Rear dock"})
    assert (changed.status_code, changed.content) == (204, b"")
    assert desk.get(f"/invoices/{made}")["notes"] == "Rear dock"
    assert desk.refused(desk.patch(f"/invoices/{made}", {"lineItems": [line()]}))[:2] == (400, "lineItems")


def test_a_put_replaces_everything_but_number_and_status(desk: Desk) -> None:
    made = desk.invoice(notes="Rear dock")
    before = desk.get(f"/invoices/{made}")
    reply = desk.client.put(f"/invoices/{made}", json=desk.invoice_body(lineItems=[line(quantity=2)]))
    assert (reply.status_code, reply.content) == (204, b"")
    row = desk.get(f"/invoices/{made}")
    assert (row["totalAmount"], row["notes"], row["invoiceNumber"], row["status"]) == (220, None, before["invoiceNumber"], "Approved")


def test_a_deleted_invoice_is_not_found(desk: Desk) -> None:
    made = desk.invoice()
    assert desk.client.delete(f"/invoices/{made}").status_code == 204
    assert desk.client.get(f"/invoices/{made}").status_code == 404
    assert desk.client.delete(f"/invoices/{made}").status_code == 404


def test_on_or_before_the_lock_off_date_nothing_changes(desk: Desk) -> None:
    made = desk.invoice()
    desk.simulator.book.configure("book", lockOffDate=DAY)
    for reply in (
        desk.post("/invoices", desk.invoice_body()),
        desk.client.put(f"/invoices/{made}", json=desk.invoice_body(invoiceDate="2026-03-03T00:00:00Z")),
        desk.client.delete(f"/invoices/{made}"),
        desk.post("/receipts", desk.receipt_body(made, 110)),
    ):
        assert "lock-off date 2026-03-02" in desk.refused(reply)[2]


# -- customers -----------------------------------------------------------------------------------------------------


def test_a_name_is_unique_among_contacts_suppliers_included(desk: Desk) -> None:
    desk.customer("Kalgoorlie Pumps")
    for name in ("Kalgoorlie Pumps", "KALGOORLIE PUMPS", "Ozone Freight Pty Ltd"):
        assert desk.refused(desk.post("/customers", {"name": name}))[:2] == (400, "name")


@pytest.mark.parametrize(
    ("fields", "location"),
    [
        ({"name": ""}, "name"),
        ({"businessNumber2": "x" * 21}, "businessNumber2"),
        ({"phoneNumbers": [{"type": "Work", "number": "90210000"}]}, "phoneNumbers[0].type"),
        ({"addresses": [{"type": "Billing", "postcode": "6" * 31}]}, "addresses[0].postcode"),
        ({"electronicAddresses": [{"address": "ap@outback.example"}]}, "electronicAddresses[0].type"),
        ({"code": "C-1"}, "code"),
    ],
)
def test_what_is_wrong_with_a_customer_is_told_with_its_place(desk: Desk, fields: dict[str, Any], location: str) -> None:
    assert desk.refused(desk.post("/customers", {"name": "Bore Masters", **fields}))[:2] == (400, location)


# -- receipts -----------------------------------------------------------------------------------------------------


def test_a_receipt_pays_its_invoices_and_undoing_it_opens_them_again(desk: Desk) -> None:
    made = desk.invoice()
    part = desk.made("/receipts", desk.receipt_body(made, 40))
    row = desk.get(f"/invoices/{made}")
    assert (row["status"], row["balance"]) == ("Approved", 70)
    assert row["transactionLinks"][0]["linkId"] == f"REC-{part}"
    rest = desk.made("/receipts", desk.receipt_body(made, 70))
    assert desk.get(f"/invoices/{made}")["status"] == "Paid"
    assert desk.refused(desk.client.delete(f"/invoices/{made}"))[1] == "transactionLinks"
    assert desk.client.delete(f"/receipts/{rest}").status_code == 204
    assert desk.client.delete(f"/receipts/{part}/transactionlinks/INV-{made}").status_code == 204
    row = desk.get(f"/invoices/{made}")
    assert (row["status"], row["balance"]) == ("Approved", 110)
    assert desk.client.delete(f"/invoices/{made}").status_code == 204


def test_a_receipt_shows_what_it_is_linked_to(desk: Desk) -> None:
    made = desk.invoice(reference="AU-SI-000042")
    row = desk.get(f"/receipts/{desk.made('/receipts', desk.receipt_body(made, 110, paymentMethod='Wire'))}")
    assert row["receiptNumber"].startswith("RCPT0")
    assert (row["allocateFullAmount"], row["ledgerAccount"]["name"], row["paymentMethod"]["name"]) == (True, "Main bank account", "Wire")
    (link,) = row["transactionLinks"]
    assert (link["linkId"], link["transactionType"], link["transactionReference"]) == (f"INV-{made}", "Invoice", "AU-SI-000042")


def test_a_link_is_not_larger_than_what_is_left_and_not_on_a_draft(desk: Desk) -> None:
    made, draft = desk.invoice(), desk.invoice(approved=False)
    assert desk.refused(desk.post("/receipts", desk.receipt_body(made, 110.01)))[1] == "transactionLinks[0].transactionAmount"
    assert desk.refused(desk.post("/receipts", desk.receipt_body(made, 110, totalAmount=100)))[1] == "transactionLinks"
    assert "not approved" in desk.refused(desk.post("/receipts", desk.receipt_body(draft, 110)))[2]
    assert desk.get(f"/invoices/{made}")["balance"] == 110


def test_a_receipt_left_open_is_linked_later(desk: Desk) -> None:
    made = desk.invoice()
    receipt = desk.made("/receipts", {**desk.receipt_body(made, 110), "transactionLinks": []})
    link = {"transactionId": made, "transactionAmount": 110, "transactionType": "Invoice"}
    reply = desk.post(f"/receipts/{receipt}/transactionLinks", link)
    assert (reply.status_code, reply.json()) == (201, {"id": f"INV-{made}"})
    assert desk.get(f"/invoices/{made}")["status"] == "Paid"


def test_a_credit_note_linked_to_an_invoice_lowers_both(desk: Desk) -> None:
    made = desk.invoice()
    body = {**desk.invoice_body(), "creditNoteDate": DAY}
    del body["invoiceDate"]
    credit = desk.made("/creditnotes", body)
    link = {"transactionId": made, "transactionAmount": 110, "transactionType": "Invoice"}
    assert desk.post(f"/creditNotes/{credit}/transactionLinks", link).status_code == 201
    assert (desk.get(f"/invoices/{made}")["status"], desk.get(f"/creditNotes/{credit}")["status"]) == ("Paid", "Closed")


def test_payments_are_money_that_went_to_suppliers(desk: Desk) -> None:
    assert [row["supplier"]["name"] for row in desk.get("/payments")["list"]] == ["Ozone Freight Pty Ltd"]
