"""What KashFlow promises and refuses, asked of the simulator over real HTTP."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.kashflow.conftest import Desk, Json

from airbooks.platforms.kashflow.sandbox.simulator import MEMORABLE_WORD

NO_SESSION = {"Error": "InvalidSessionToken", "Message": "Session token provided is invalid."}


def refused(desk: Desk, **fields: Any) -> str:
    """The message with which an invoice is refused."""
    status, body = desk.ask("POST", "/invoices", desk.invoice_body(desk.customer(), **fields))
    assert status == 400, body
    assert set(body) == {"Error", "Message"}
    return str(body["Message"])


# -- log-in ---------------------------------------------------------------------------------------------------------------------


def test_the_first_step_asks_for_three_letters_of_the_memorable_word(desk: Desk) -> None:
    status, begun = desk.begin()
    positions = [each["Position"] for each in begun["MemorableWordList"]]
    assert (status, len(set(positions)), begun["IsLockedOut"]) == (201, 3, False)
    assert all(1 <= position <= len(MEMORABLE_WORD) for position in positions)


def test_the_letters_are_taken_in_any_case_and_a_temporary_token_serves_once(desk: Desk) -> None:
    _, begun = desk.begin()
    status, opened = desk.complete(begun, MEMORABLE_WORD.swapcase())
    assert (status, opened["CompanyName"]) == (200, "Harbour Compressors Ltd")
    assert desk.complete(begun)[1]["Error"] == "InvalidCredentials"


def test_bad_log_ins_lock_the_user_for_good(desk: Desk) -> None:
    errors = [desk.begin("wrong")[1]["Error"] for _ in range(6)]
    assert errors == ["InvalidCredentials"] * 5 + ["AccountLocked"]
    assert desk.begin()[1]["Error"] == "AccountLocked"


def test_wrong_letters_count_as_a_bad_log_in_and_a_good_one_forgets_them(desk: Desk) -> None:
    for _ in range(4):
        assert desk.complete(desk.begin()[1], "zzzzzzzzzz")[1]["Error"] == "InvalidCredentials"
    desk.log_in()
    assert desk.begin("wrong")[1]["Error"] == "InvalidCredentials"


def test_a_session_ends_after_an_hour_without_use_and_each_use_starts_the_hour_anew(desk: Desk) -> None:
    for minutes in (50, 100):
        desk.simulator.clock.offset = timedelta(minutes=minutes)
        assert desk.ask("GET", "/currencies")[0] == 200
    desk.simulator.clock.offset = timedelta(minutes=161)
    assert desk.ask("GET", "/currencies") == (401, NO_SESSION)


@pytest.mark.parametrize("header", ["Bearer {}", "{}", "KfToken 9c0d"])
def test_only_the_scheme_kftoken_with_a_living_session_is_let_in(desk: Desk, header: str) -> None:
    desk.client.headers["Authorization"] = header.format(desk.log_in())
    assert desk.ask("GET", "/invoices") == (401, NO_SESSION)


def test_logging_out_ends_the_session(desk: Desk) -> None:
    assert desk.ask("DELETE", f"/sessiontoken/{desk.log_in()}")[0] == 204
    assert desk.ask("GET", "/currencies")[0] == 401


# -- customers ------------------------------------------------------------------------------------------------------------------


def test_a_customer_is_known_by_its_code_and_a_used_code_is_refused(desk: Desk) -> None:
    desk.customer()
    assert desk.get("/customers/CUS000123")["Name"] == "Northern Pneumatics Ltd"
    assert desk.ask("GET", "/customers/CUS999")[0] == 404
    status, body = desk.ask("POST", "/customers", {"Code": "CUS000123", "Name": "Another"})
    assert (status, body["Message"]) == (400, "Customer code already exists")


def test_a_customer_without_a_code_gets_one_if_asked_for(desk: Desk) -> None:
    status, body = desk.ask("POST", "/customers", {"Name": "Leeds Air", "CreateCustomerCodeIfDuplicate": True})
    assert (status, body["Code"]) == (201, "LEEDSA01")
    assert desk.ask("POST", "/customers", {"Name": "Leeds Air"})[0] == 400


def test_customers_are_searched_by_code_email_or_name_and_answered_as_keys_and_values(desk: Desk) -> None:
    desk.customer(Contacts=[{"Email": "ap@northernpneu.example", "IsPrimary": True}])
    (found,) = desk.get("/customers/search", searchBy="email", searchText="ap@northernpneu")
    assert set(found) == {"key", "value"}
    assert desk.get("/customers/search", searchBy="name", searchText="Southern") == []


# -- invoices -------------------------------------------------------------------------------------------------------------------


def test_an_invoice_adds_up_what_its_lines_say_and_answers_with_four_decimals(desk: Desk) -> None:
    status, booked = desk.ask("POST", "/invoices", desk.invoice_body(desk.customer()))
    assert status == 201
    assert (booked["Number"], booked["Status"], booked["PaidDate"]) == (1, "Unpaid", None)
    told = [str(booked[name]) for name in ("NetAmount", "VATAmount", "GrossAmount", "DueAmount")]
    assert told == ["8300.0000", "1660.0000", "9960.0000", "9960.0000"]
    assert str(booked["LineItems"][0]["VATLevel"]) == "20.0000"


def test_vat_is_stored_as_sent_and_is_nothing_where_none_is(desk: Desk) -> None:
    customer = desk.customer()
    assert desk.invoice(customer, LineItems=[desk.line(VATAmount=1660.01)])["VATAmount"] == Decimal("1660.01")
    line = desk.line()
    del line["VATAmount"]
    assert desk.invoice(customer, LineItems=[line])["GrossAmount"] == 8300


def test_net_is_the_sum_of_the_products_and_not_of_rounded_lines(desk: Desk) -> None:
    booked = desk.invoice(desk.customer(), LineItems=[desk.line(Quantity=3, Rate=33.3333, VATAmount=20.0)])
    assert booked["NetAmount"] == Decimal("99.9999")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"CustomerCode": "NOBODY"}, "Customer NOBODY does not exist"),
        ({"IssuedDate": "2026-01-15"}, "IssuedDate must be YYYY-MM-DD HH:mm:ss"),
        ({"IssuedDate": "2026-02-31 00:00:00"}, "IssuedDate is not a date"),
        ({"Currency": {"Code": "EUR", "Name": "Euro"}}, "Currency has no field Name"),
        ({"Currency": {"Code": "SEK"}}, "not in the account's list"),
        ({"LineItems": []}, "LineItems are required"),
        ({"ProjectNumber": 99}, "Project 99 does not exist"),
        ({"Number": -1}, "positive integer"),
        ({"Memo": "hello"}, "no field Memo"),
    ],
)
def test_what_an_invoice_may_not_say_is_refused(desk: Desk, fields: Json, words: str) -> None:
    assert words in refused(desk, **fields)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"NominalCode": 9999}, "Nominal code 9999 does not exist"),
        ({"ProductCode": "FLT-KIT-75"}, "does not exist under nominal code 4000"),
        ({"Rate": 1.00001}, "more than four decimals"),
        ({"Rate": "12.50"}, "Rate must be a number"),
        ({"VATLevel": 17.5}, "not one of the account's"),
        ({"Discount": 10}, "no field Discount"),
    ],
)
def test_what_a_line_may_not_say_is_refused(desk: Desk, fields: Json, words: str) -> None:
    assert words in refused(desk, LineItems=[desk.line(**fields)])


def test_a_chosen_number_is_kept_while_it_is_free_and_the_next_is_one_above_the_highest(desk: Desk) -> None:
    customer = desk.customer()
    assert desk.invoice(customer, Number=10042)["Number"] == 10042
    assert desk.get("/nextavailableinvoicenumber") == 10043
    assert "already in use" in desk.ask("POST", "/invoices", desk.invoice_body(customer, Number=10042))[1]["Message"]


def test_a_deleted_invoices_number_is_given_again_and_its_id_is_not(desk: Desk) -> None:
    customer = desk.customer()
    first = desk.invoice(customer)
    assert desk.ask("DELETE", f"/invoices/{first['Number']}")[0] == 204
    assert desk.ask("GET", f"/invoices/{first['Number']}")[0] == 404
    second = desk.invoice(customer)
    assert second["Number"] == first["Number"]
    assert second["Id"] != first["Id"]


def test_foreign_amounts_are_divided_by_the_rate_for_the_home_currency(desk: Desk) -> None:
    lines = [desk.line(Quantity=1, Rate=162.5667, VATAmount=32.5133)]
    booked = desk.invoice(desk.customer(), Currency={"Code": "EUR", "ExchangeRate": 2.0}, LineItems=lines)
    assert (booked["GrossAmount"], booked["HomeCurrencyGrossAmount"]) == (Decimal("195.08"), Decimal("97.54"))


def test_dates_of_some_answers_end_with_an_offset(desk: Desk) -> None:
    customer = desk.customer()
    for _ in range(2):
        desk.invoice(customer)
    shown = {row["IssuedDate"] for row in (desk.get("/invoices/1"), desk.get("/invoices/2"))}
    assert shown == {"2026-01-15 00:00:00", "2026-01-15 00:00:00 +00:00"}


def test_lists_are_paged_and_lack_lines_and_payments(desk: Desk) -> None:
    customer = desk.customer()
    for _ in range(3):
        desk.invoice(customer)
    page = desk.get("/invoices", page=2, perpage=2, searchtext="2026-0042", customercode=customer)
    assert (page["MetaData"]["TotalRecords"], page["MetaData"]["NextPageUrl"], len(page["Data"])) == (3, None, 1)
    assert page["Data"][0]["LineItems"] is None
    assert "PaymentLines" not in page["Data"][0]


def test_an_archived_invoice_is_hidden_from_the_list_and_still_there(desk: Desk) -> None:
    booked = desk.invoice(desk.customer())
    assert desk.ask("PUT", "/invoices/archive-status/true", [booked["Number"]])[0] == 204
    assert desk.get("/invoices")["Data"] == []
    assert len(desk.get("/invoices", archived="true")["Data"]) == 1
    assert desk.get(f"/invoices/{booked['Number']}")["IsArchived"]


def test_a_put_replaces_lines_and_payments_and_answers_201_when_it_renumbers(desk: Desk) -> None:
    customer = desk.customer()
    desk.pay(desk.invoice(customer), 100.0)
    body = desk.invoice_body(customer, LineItems=[desk.line(Quantity=1, VATAmount=830.0)], Number=77)
    status, after = desk.ask("PUT", "/invoices/1", body)
    assert (status, after["Number"], after["GrossAmount"], after["PaymentLines"]) == (201, 77, 4980, [])


def test_an_invoice_of_a_filed_vat_return_is_neither_deleted_nor_changed(desk: Desk) -> None:
    customer = desk.customer()
    desk.invoice(customer)
    desk.simulator.invoices.file_vat_return(1)
    assert "VAT return" in desk.ask("DELETE", "/invoices/1")[1]["Message"]
    changed = desk.invoice_body(customer, LineItems=[desk.line(Quantity=1)])
    assert "VAT return" in desk.ask("PUT", "/invoices/1", changed)[1]["Message"]


def test_stock_goes_down_with_an_invoice_and_up_again_with_its_deletion(desk: Desk) -> None:
    desk.invoice(desk.customer(), LineItems=[desk.line(ProductCode="CMP-RS-22")])
    assert desk.get("/products/4000/CMP-RS-22")["QuantityInStock"] == 998
    desk.ask("DELETE", "/invoices/1")
    assert desk.get("/products/4000/CMP-RS-22")["QuantityInStock"] == 1000


def test_the_databases_time_out_comes_as_a_400_and_the_row_may_be_stored(desk: Desk) -> None:
    body = desk.invoice_body(desk.customer())
    for fault, stored in (("database_timeout", 0), ("database_timeout_after_commit", 1)):
        desk.sandbox.inject("kashflow", fault, times=1)
        status, refusal = desk.ask("POST", "/invoices", body)
        assert (status, refusal["Error"]) == (400, "-2146232060")
        assert len(desk.sandbox.books("kashflow").documents) == stored


# -- payments -------------------------------------------------------------------------------------------------------------------


def test_payments_lower_what_is_due_until_the_invoice_is_paid(desk: Desk) -> None:
    partly = desk.pay(desk.invoice(desk.customer()), 960.0)
    assert (partly["Status"], partly["DueAmount"], partly["TotalPaidAmount"]) == ("Unpaid", 9000, 960)
    paid = desk.pay(partly, 9000.0)
    assert (paid["Status"], paid["DueAmount"], paid["PaidDate"]) == ("Paid", 0, "2026-02-10 00:00:00")
    assert "payments" in desk.ask("DELETE", "/invoices/1")[1]["Message"]


def test_a_payment_needs_a_method_and_a_bank_account_that_exist(desk: Desk) -> None:
    customer = desk.customer()
    for fields in ({"Method": 99}, {"AccountId": 99}, {"Date": None}):
        line = {"Date": "2026-02-10 00:00:00", "Amount": 1, "Method": 3, "AccountId": 1211, **fields}
        assert desk.ask("POST", "/invoices", desk.invoice_body(customer, PaymentLines=[line]))[0] == 400


def test_one_receipt_pays_several_invoices_or_none(desk: Desk) -> None:
    customer = desk.customer()
    for _ in range(2):
        desk.invoice(customer)
    items = [{"ObjectNumber": 1, "Amount": 10.0}, {"ObjectNumber": 3, "Amount": 5.0}]
    receipt = {"Date": "2026-02-10 00:00:00", "Comment": "EFT 55121", "AccountId": 1211, "Method": 3, "PaymentItems": items}
    assert desk.ask("POST", "/invoices/bulk/payments", receipt)[0] == 404
    assert desk.sandbox.books("kashflow").payments == []
    items[1]["ObjectNumber"] = 2
    assert desk.ask("POST", "/invoices/bulk/payments", receipt)[0] == 200
    assert len(desk.sandbox.books("kashflow").payments) == 2


def test_a_bank_account_lists_what_came_in_by_the_date_of_the_payment(desk: Desk) -> None:
    desk.pay(desk.invoice(desk.customer()))
    rows = desk.get("/bankaccounts/1211/transactions", startdate="2026-02-10", enddate="2026-02-11")["Data"]
    assert [(row["ResourceNumber"], row["CustomerCode"], row["PaidIn"]) for row in rows] == [(1, "CUS000123", 100)]
    assert desk.get("/bankaccounts/1211/transactions", startdate="2026-02-11")["Data"] == []


# -- lists and books ------------------------------------------------------------------------------------------------------------


def test_the_company_sells_the_catalogue_ten_products_a_page(desk: Desk) -> None:
    page = desk.get("/products/list")
    assert (len(page["Data"]), page["MetaData"]["TotalRecords"]) == (10, 35)
    assert {row["VATRate"] for row in desk.get("/vat/settings/vatrates")} == {20, 5, 0}
    assert [row["Code"] for row in desk.get("/currencies")] == ["GBP", "USD", "EUR", "AUD"]


def test_the_books_tell_a_credit_note_by_its_total_below_zero(desk: Desk) -> None:
    desk.invoice(desk.customer(), CustomerReference="UK-CN-000017 / PO-1", LineItems=[desk.line(Quantity=-2, VATAmount=-1660.0)])
    (booked,) = desk.sandbox.books("kashflow").documents
    assert (booked.kind, booked.our_number, booked.total, booked.status) == ("credit_note", "UK-CN-000017", Decimal(9960), "open")
