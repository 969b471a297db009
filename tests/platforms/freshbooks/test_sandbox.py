"""The simulator behaves as the vendor's contract says, also where that is inconvenient."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.freshbooks.conftest import LINES, Account, line

TX = ("TX Sales Tax", "8.25")


def inject(account: Account, fault: str, **parameters: Any) -> None:
    account.sandbox.inject("freshbooks", fault, **parameters)


# -- tokens -----------------------------------------------------------------------------------------------------------------------


def test_a_refresh_token_works_once_and_the_new_one_is_the_only_one(account: Account) -> None:
    first = account.refresh(account.tokens["refresh_token"])
    assert first.status_code == 200
    assert (first.json()["expires_in"], first.json()["token_type"]) == (43200, "Bearer")
    again = account.refresh(account.tokens["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"client_secret": "no"}, "invalid_client"),
        ({"redirect_uri": "https://elsewhere.example"}, "invalid_grant"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_wrong_refresh_request_does_not_spend_the_token(account: Account, change: dict[str, str], error: str) -> None:
    assert account.refresh(account.tokens["refresh_token"], **change).json()["error"] == error
    assert account.refresh(account.tokens["refresh_token"]).status_code == 200


def test_a_code_of_the_consent_page_is_good_for_five_minutes_and_one_use(account: Account) -> None:
    def code() -> str:
        asked = {
            "client_id": account.connection["login"],
            "response_type": "code",
            "redirect_uri": account.connection["extra"]["redirect_uri"],
        }
        reply = httpx.get(f"{account.base}/oauth/authorize", params=asked)
        return reply.headers["location"].partition("code=")[2]

    fresh, stale = code(), code()
    assert account.refresh("", grant_type="authorization_code", code=fresh).status_code == 200
    assert account.refresh("", grant_type="authorization_code", code=fresh).status_code == 400
    account.simulator.clock.offset = timedelta(minutes=6)
    assert account.refresh("", grant_type="authorization_code", code=stale).status_code == 400


def test_an_access_token_ends_after_twelve_hours(account: Account) -> None:
    account.simulator.clock.offset = timedelta(hours=12, minutes=1)
    status, body = account.get("/users/clients")
    assert (status, body["error"]) == (401, "unauthenticated")


def test_a_revoked_connection_lets_nothing_in(account: Account) -> None:
    httpx.post(f"{account.base}/auth/oauth/revoke", json={"token": account.tokens["access_token"]})
    assert account.get("/users/clients")[0] == 401
    assert account.refresh(account.tokens["refresh_token"]).status_code == 400


def test_another_account_is_not_opened(account: Account) -> None:
    reply = account.client.get(f"{account.base}/accounting/account/zzzzzz/users/clients")
    assert reply.status_code == 403


def test_me_names_the_account(account: Account) -> None:
    reply = account.client.get(f"{account.base}/auth/api/v1/users/me").json()
    (membership,) = reply["response"]["business_memberships"]
    assert membership["business"]["account_id"] == account.connection["extra"]["account_id"]


# -- invoices ---------------------------------------------------------------------------------------------------------------------


def test_totals_are_computed_as_in_the_vendors_example(account: Account) -> None:
    hst = ("HST", "13")
    lines = [line("18450.00", 2, hst, "CAD"), line("84.50", 12, hst, "CAD"), line("480.00", 1, hst, "CAD")]
    made = account.invoice(account.customer(), currency_code="CAD", discount_value="5", due_offset_days=30, lines=lines)
    assert made["amount"] == {"amount": "41215.96", "code": "CAD"}
    assert made["discount_total"]["amount"] == "-1919.70"
    assert (made["due_date"], made["v3_status"], made["status"], made["vis_state"]) == ("2026-04-01", "draft", 1, 0)
    assert (made["paid"]["amount"], made["outstanding"]["amount"], made["payment_status"]) == ("0.00", "41215.96", "unpaid")
    assert [each["amount"]["amount"] for each in made["lines"]] == ["36900.00", "1014.00", "480.00"]
    assert made["lines"][0]["qty"] == "2"


def test_a_second_tax_may_lie_on_top_of_the_first(account: Account) -> None:
    both = {"taxName2": "QST", "taxAmount2": "9.975"}
    flat = account.invoice(account.customer(), "A-1", lines=[line("100.00", 1, ("GST", "5"), **both)])
    stacked = account.invoice(account.customer(), "A-2", lines=[line("100.00", 1, ("GST", "5"), compounded_tax=True, **both)])
    assert (flat["amount"]["amount"], stacked["amount"]["amount"]) == ("114.98", "115.47")


def test_lines_are_absent_unless_asked_for(account: Account) -> None:
    customer = account.customer()
    made = account.result(account.post("/invoices/invoices", account.body(customer)), "invoice")
    assert "lines" not in made
    assert "lines" not in account.result(account.change(made, notes="x"), "invoice")
    (listed,) = account.rows("/invoices/invoices", "invoices")
    assert "lines" not in listed
    assert len(account.read(made)["lines"]) == 1


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"due_date": "2026-04-01"}, (403, 1038, "due_date")),
        ({"amount": {"amount": "1.00", "code": "USD"}}, (403, 1038, "amount")),
        ({"customerid": 1}, (404, 1012, "userid")),
        ({"customerid": None}, (422, 1001, "customerid")),
        ({"create_date": ""}, (422, 1001, "create_date")),
        ({"create_date": "02/03/2026"}, (422, 1016, "create_date")),
        ({"due_offset_days": "thirty"}, (422, 1015, "due_offset_days")),
        ({"discount_value": "5%"}, (422, 1018, "discount_value")),
        ({"discount_value": 5}, (422, 1018, "discount_value")),
        ({"lines": [line(tax=("GST", "five"))]}, (422, 1018, "taxAmount1")),
        ({"lines": [line(cost="dear")]}, (422, 1015, "unit_cost.amount")),
        ({"lines": [line(code="EUR")], "currency_code": "USD"}, (422, 1004, "unit_cost.code")),
        ({"lines": [line(itemid=5)]}, (403, 1038, "itemid")),
        ({"lines": [line(cost="-1.00")]}, (422, 1004, "unit_cost")),
    ],
)
def test_what_the_vendor_refuses_is_refused(account: Account, fields: dict[str, Any], refusal: tuple[int, int, str]) -> None:
    body = account.body(account.customer(), **fields)
    assert account.error(account.post("/invoices/invoices", body)) == refusal
    assert account.sandbox.books("freshbooks").documents == []


def test_a_number_is_taken_once_and_a_missing_one_is_the_last_plus_one(account: Account) -> None:
    customer = account.customer()
    account.invoice(customer, "0005")
    assert account.error(account.post("/invoices/invoices", account.body(customer, "0005")))[2] == "invoice_number"
    assert account.invoice(customer, "")["invoice_number"] == "0006"


def test_without_a_number_a_repeated_create_makes_a_second_invoice(account: Account) -> None:
    body = account.body(account.customer(), "")
    ids = {account.result(account.post("/invoices/invoices", body), "invoice")["id"] for _ in range(2)}
    assert len(ids) == 2


def test_the_billing_address_comes_from_the_client_when_left_out(account: Account) -> None:
    made = account.invoice(account.customer(p_city="Hamilton", p_country="Canada"))
    assert (made["organization"], made["city"], made["country"]) == ("Northgate Air Ltd", "Hamilton", "Canada")


def test_an_update_changes_what_is_sent_and_replaces_all_lines(account: Account) -> None:
    made = account.invoice(account.customer(), po_number="PO-1", lines=[line(), line()])
    account.result(account.change(made, lines=[line("7.00")]), "invoice")
    now = account.read(made)
    assert (now["po_number"], now["amount"]["amount"], len(now["lines"])) == ("PO-1", "7.00", 1)


def test_marking_as_sent_ends_the_draft(account: Account) -> None:
    made = account.invoice(account.customer(), due_offset_days=9000)
    sent = account.result(account.change(made, action_mark_as_sent=True), "invoice")
    assert (sent["status"], sent["v3_status"], sent["display_status"]) == (2, "sent", "sent")


@pytest.mark.parametrize(("status", "errno"), [("sent", 1015), (4, 1004), (8, 1004)])
def test_paid_is_no_status_that_can_be_written(account: Account, status: Any, errno: int) -> None:
    made = account.invoice(account.customer())
    assert account.error(account.change(made, status=status)) == (422, errno, "status")
    assert account.result(account.change(made, status=3), "invoice")["status"] == 3


def test_a_deleted_invoice_is_still_there_and_can_come_back(account: Account) -> None:
    made = account.invoice(account.customer())
    assert account.result(account.change(made, vis_state=1), "invoice")["vis_state"] == 1
    assert account.read(made)["vis_state"] == 1
    account.change(made, vis_state=0)
    assert account.read(made)["vis_state"] == 0
    assert account.client.delete(f"/invoices/invoices/{made['id']}").status_code == 200
    assert account.read(made)["vis_state"] == 1
    inject(account, "deleted_is_gone")
    assert account.error(account.get(f"/invoices/invoices/{made['id']}"))[1] == 1011


def test_payments_may_block_the_delete(account: Account) -> None:
    made = account.invoice(account.customer())
    account.pay(made, "40.00")
    inject(account, "payments_block_delete")
    assert account.error(account.change(made, vis_state=1))[2] == "vis_state"
    assert account.read(made)["vis_state"] == 0


# -- lists ------------------------------------------------------------------------------------------------------------------------


def test_an_unknown_filter_is_ignored_and_everything_comes_back(account: Account) -> None:
    customer = account.customer()
    for number in ("A-1", "A-2"):
        account.invoice(customer, number)

    def numbers(**asked: str) -> list[str]:
        return [each["invoice_number"] for each in account.rows("/invoices/invoices", "invoices", **asked)]

    assert numbers(**{"search[invoice_number]": "A-2"}) == ["A-2"]
    assert numbers(**{"search[invoice_nummer]": "A-2"}) == ["A-1", "A-2"]
    assert numbers(**{"search[payment_status]": "paid"}) == ["A-1", "A-2"]
    assert numbers(**{"search[customerid]": "1"}) == []


def test_pages_hold_at_most_a_hundred_and_none_is_beyond_the_end(account: Account) -> None:
    for place in range(103):
        account.customer(organization=f"Client {place}")
    _, body = account.get("/users/clients", per_page="500", page="0")
    first = body["response"]["result"]
    assert (len(first["clients"]), first["per_page"], first["page"], first["pages"], first["total"]) == (100, 100, 1, 2, 103)
    _, body = account.get("/users/clients", per_page="100", page="9")
    assert body["response"]["result"]["clients"] == []
    assert len(account.rows("/users/clients", "clients")) == 15


def test_clients_are_searched_by_parts_of_their_note(account: Account) -> None:
    ours = account.customer(note="[ext:C-US-0042]")
    account.customer(note="[ext:C-US-00421]")
    found = account.rows("/users/clients", "clients", **{"search[note_like]": "ext:C-US-0042"})
    assert len(found) == 2
    (exact,) = account.rows("/users/clients", "clients", **{"search[note_like]": "[ext:C-US-0042]"})
    assert exact["id"] == ours


def test_a_client_needs_a_name_or_an_address(account: Account) -> None:
    assert account.error(account.post("/users/clients", {"client": {"p_city": "Hamilton"}}))[:2] == (422, 1001)
    person = account.result(account.post("/users/clients", {"client": {"fname": "Accounts", "lname": "Desk"}}), "client")
    assert person["organization"] == "Accounts Desk"


def test_times_are_those_of_the_us_east(account: Account) -> None:
    made = account.result(account.post("/users/clients", {"client": {"organization": "A"}}), "client")
    assert made["updated"] < made["signup_date"]


# -- payments ---------------------------------------------------------------------------------------------------------------------


def test_payments_move_the_status_and_deleting_one_moves_it_back(account: Account) -> None:
    made = account.invoice(account.customer(), due_offset_days=9000)
    account.change(made, action_mark_as_sent=True)
    part = account.result(account.pay(made, "40.00"), "payment")
    now = account.read(made)
    assert (now["status"], now["v3_status"], now["outstanding"]["amount"]) == (8, "partial", "60.00")
    account.result(account.pay(made, "60.00"), "payment")
    assert (account.read(made)["status"], account.read(made)["v3_status"]) == (4, "paid")
    account.put(f"/payments/payments/{part['id']}", {"payment": {"vis_state": 1}})
    assert (account.read(made)["v3_status"], account.read(made)["outstanding"]["amount"]) == ("partial", "40.00")


def test_what_is_overdue_may_carry_a_part_payment(account: Account) -> None:
    made = account.invoice(account.customer(), create_date="2020-01-02", due_offset_days=0)
    account.change(made, action_mark_as_sent=True)
    account.pay(made, "40.00")
    now = account.read(made)
    assert (now["v3_status"], now["payment_status"]) == ("overdue", "partial")
    assert [each["id"] for each in account.rows("/invoices/invoices", "invoices", **{"search[v3_status]": "overdue"})] == [made["id"]]


def test_a_surplus_becomes_client_credit_without_a_complaint(account: Account) -> None:
    made = account.invoice(account.customer())
    payment = account.result(account.pay(made, "130.00"), "payment")
    (credit,) = account.rows("/credit_notes/credit_notes", "credit_notes")
    assert (payment["overpaymentid"], credit["amount"]["amount"]) == (credit["id"], "30.00")
    assert account.read(made)["outstanding"]["amount"] == "0.00"


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"type": "Wire Transfer"}, (422, 1004, "type")),
        ({"invoiceid": 1}, (404, 1012, "invoiceid")),
        ({"date": ""}, (422, 1001, "date")),
        ({"amount": {"amount": "1.00", "code": "EUR"}}, (422, 1004, "amount.code")),
        ({"account": "1000"}, (403, 1038, "account")),
    ],
)
def test_a_wrong_payment_is_refused(account: Account, fields: dict[str, Any], refusal: tuple[int, int, str]) -> None:
    made = account.invoice(account.customer())
    assert account.error(account.pay(made, "1.00", **fields)) == refusal
    assert account.sandbox.books("freshbooks").payments == []


# -- credit notes, taxes, errors --------------------------------------------------------------------------------------------------


def test_a_credit_note_is_booked_with_its_tax_and_used_by_a_payment_from_credit(account: Account) -> None:
    customer = account.customer()
    head = {"clientid": str(customer), "create_date": "2026-03-02", "credit_number": "CN-1", "credit_type": "goodwill"}
    body = {"credit_note": {**head, "currency_code": "USD", "lines": [{k: v for k, v in line(tax=TX).items() if k != "type"}]}}
    credit = account.result(account.post("/credit_notes/credit_notes", body, **LINES), "credit_note")
    assert (credit["amount"]["amount"], credit["payment_status"]) == ("108.25", "unpaid")
    made = account.invoice(customer)
    paid = account.result(account.pay(made, "100.00", type="Credit", creditid=credit["id"]), "payment")
    assert (paid["from_credit"], paid["creditid"]) == (True, credit["id"])
    now = account.result(account.get(f"/credit_notes/credit_notes/{credit['id']}"), "credit_note")
    assert (now["paid"]["amount"], now["payment_status"]) == ("100.00", "partial")


def test_a_tax_name_is_used_once(account: Account) -> None:
    taxes = account.rows("/taxes/taxes", "taxes")
    assert [(each["name"], each["amount"]) for each in taxes] == [("TX Sales Tax", "8.25"), ("CA Sales Tax", "7.25")]
    assert account.error(account.post("/taxes/taxes", {"tax": {"name": "TX Sales Tax", "amount": "1"}})) == (422, 13002, "name")


def test_errors_have_the_newer_form_for_callers_that_ask_for_a_version(account: Account) -> None:
    reply = account.client.get("/invoices/invoices/1", headers={"X-API-VERSION": "2023-02-20"})
    detail = reply.json()["details"][0]
    assert (reply.status_code, detail["reason"], detail["metadata"]["field"]) == (404, "1012", "id")


def test_the_books_tell_what_is_booked(account: Account) -> None:
    made = account.invoice(account.customer(), lines=[line(tax=TX)], discount_value="10")
    (booked,) = account.sandbox.books("freshbooks").documents
    assert (booked.remote_id, booked.status, booked.net, booked.tax, booked.total) == (
        str(made["id"]),
        "draft",
        Decimal("90.00"),
        Decimal("7.43"),
        Decimal("97.43"),
    )
