"""The simulator refuses what Xero refuses and answers as Xero answers: the facts of the contract, over plain HTTP."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from tests.platforms.xero.conftest import LISTS, Tenant, said

from airbooks.platforms.xero.sandbox.oauth import SCOPES
from airbooks.platforms.xero.sandbox.organisation import TENANT
from airbooks.sandbox.server import Sandbox

NO_ID = "00000000-0000-0000-0000-000000000000"


def money(row: dict[str, Any], *names: str) -> list[Decimal]:
    return [Decimal(row[name]) for name in names]


# -- tokens and gateway -----------------------------------------------------------------------------------------------------


def test_a_refresh_token_works_once_with_half_an_hours_grace(tenant: Tenant) -> None:
    first = tenant.refresh_token
    tenant.log_in()
    assert tenant.refresh_token != first
    assert tenant.token_request(grant_type="refresh_token", refresh_token=first).status_code == 200
    tenant.simulator.clock.offset = timedelta(minutes=31)
    late = tenant.token_request(grant_type="refresh_token", refresh_token=first)
    assert (late.status_code, late.json()) == (400, {"error": "invalid_grant"})


def test_a_custom_connection_gets_tokens_by_its_scopes_and_needs_no_tenant(tenant: Tenant) -> None:
    asked: dict[str, Any] = {"grant_type": "client_credentials", "custom": True}
    reply = tenant.token_request(**asked, scope="accounting.invoices accounting.contacts")
    assert reply.status_code == 200
    assert "refresh_token" not in reply.json()
    bearer = {"Authorization": f"Bearer {reply.json()['access_token']}", "Accept": "application/json"}
    assert httpx.get(f"{tenant.client.base_url}Contacts", headers=bearer).status_code == 200
    closed = httpx.get(f"{tenant.client.base_url}Organisation", headers=bearer)
    assert (closed.status_code, closed.json()["Detail"]) == (401, "AuthorizationUnsuccessful")
    assert tenant.token_request(**asked).json()["scope"].split() == sorted(SCOPES - {"offline_access"})
    assert tenant.token_request(**asked, scope="offline_access").json() == {"error": "invalid_scope"}
    assert tenant.token_request(grant_type="client_credentials", scope="accounting.invoices").json() == {"error": "unauthorized_client"}


def test_the_credentials_may_stand_in_the_form(tenant: Tenant) -> None:
    stored = tenant.simulator.connection()
    form = {"grant_type": "refresh_token", "refresh_token": tenant.refresh_token, "client_id": stored["login"]}
    address = stored["extra"]["token_url"]
    assert httpx.post(address, data={**form, "client_secret": "wrong"}).json() == {"error": "invalid_client"}
    assert httpx.post(address, data=form).json() == {"error": "invalid_client"}
    assert httpx.post(address, data={**form, "client_secret": stored["password"]}).json()["refresh_token"]


def test_the_authorisation_code_leads_to_both_tokens(tenant: Tenant) -> None:
    base = tenant.sandbox.base_url("xero")
    asked = {"client_id": tenant.connection["login"], "response_type": "code", "redirect_uri": "http://app.example/back", "state": "s"}
    sent_back = httpx.get(f"{base}/identity/connect/authorize", params=asked).headers["location"]
    code = httpx.URL(sent_back).params["code"]
    form: dict[str, Any] = {"grant_type": "authorization_code", "code": code, "redirect_uri": "http://app.example/back"}
    assert tenant.token_request(**form).json()["expires_in"] == 1800
    assert tenant.token_request(**form).json() == {"error": "invalid_grant"}


def test_an_expired_token_a_wrong_tenant_and_a_missing_scope_are_problems(tenant: Tenant, xero: Sandbox) -> None:
    xero.inject("xero", "expire_tokens", times=1)
    status, body = tenant.get("/Organisation")
    assert (status, body["Title"]) == (401, "Unauthorized")
    assert body["Detail"].startswith("TokenExpired: token expired at ")
    tenant.log_in()
    assert tenant.get("/Organisation", {"Xero-Tenant-Id": NO_ID})[1]["Detail"] == "AuthenticationUnsuccessful"
    assert tenant.get("/Organisation", {"Xero-Tenant-Id": ""})[0] == 403
    xero.inject("xero", "missing_scope", times=1)
    assert tenant.get("/Organisation")[1]["Detail"] == "AuthorizationUnsuccessful"


def test_connections_tell_the_tenant(tenant: Tenant) -> None:
    reply = httpx.get(f"{tenant.sandbox.base_url('xero')}/connections", headers=dict(tenant.client.headers))
    assert [each["tenantId"] for each in reply.json()] == [TENANT]


def test_the_sixty_first_call_of_a_minute_is_throttled_with_an_empty_body(sandbox: Callable[..., Sandbox]) -> None:
    tenant = Tenant(sandbox("xero"))
    answers = [tenant.client.get("/Organisation") for _ in range(61)]
    assert [each.status_code for each in answers[:60]] == [200] * 60
    last = answers[60]
    assert (last.status_code, last.content, last.headers["x-rate-limit-problem"]) == (429, b"", "minute")
    assert int(last.headers["retry-after"]) >= 1


def test_without_an_accept_header_the_answer_is_xml(tenant: Tenant) -> None:
    reply = tenant.client.get("/Organisation", headers={"Accept": "*/*"})
    assert reply.headers["content-type"].startswith("text/xml")
    assert "<BaseCurrency>AUD</BaseCurrency>" in reply.text


def test_what_is_not_there_is_a_page_and_not_json(tenant: Tenant) -> None:
    reply = tenant.client.get(f"/Invoices/{NO_ID}")
    assert (reply.status_code, reply.headers["content-type"].split(";")[0]) == (404, "text/html")


# -- idempotency ------------------------------------------------------------------------------------------------------------


def test_a_key_replays_its_answer_for_six_minutes_and_takes_no_other_request(tenant: Tenant) -> None:
    body = {"Invoices": [tenant.invoice_body(tenant.contact())]}
    key = {"Idempotency-Key": "k-1"}
    first = tenant.put("/Invoices", body, key, **LISTS)
    assert tenant.put("/Invoices", body, key, **LISTS) == first
    assert tenant.put("/Invoices", {"Invoices": []}, key, **LISTS)[0] == 400
    tenant.simulator.clock.offset = timedelta(minutes=7)
    (again,) = tenant.put("/Invoices", body, key, **LISTS)[1]["Invoices"]
    assert said(again) == "Invoice # must be unique."


def test_a_failure_is_stored_under_its_key(tenant: Tenant, xero: Sandbox) -> None:
    body = {"Invoices": [tenant.invoice_body(tenant.contact())]}
    xero.inject("xero", "server_error", times=1)
    assert tenant.put("/Invoices", body, {"Idempotency-Key": "k-2"}, **LISTS)[0] == 500
    assert tenant.put("/Invoices", body, {"Idempotency-Key": "k-2"}, **LISTS)[0] == 500
    assert tenant.put("/Invoices", body, {"Idempotency-Key": "k-3"}, **LISTS)[0] == 200


def test_a_key_has_at_most_128_characters(tenant: Tenant) -> None:
    assert tenant.put("/Contacts", {"Contacts": [{"Name": "A"}]}, {"Idempotency-Key": "k" * 129})[0] == 400


# -- invoices ---------------------------------------------------------------------------------------------------------------


def test_the_contracts_full_example_comes_out_to_the_cent(tenant: Tenant) -> None:
    lines = [
        {"Description": "Compressor", "Quantity": 2, "UnitAmount": 18450.00, "DiscountRate": 5, "LineAmount": 35055.00},
        {"Description": "Filter kit", "Quantity": 12, "UnitAmount": 84.50, "DiscountRate": 5, "LineAmount": 963.30},
        {"Description": "Freight", "Quantity": 1, "UnitAmount": 480.00},
    ]
    lines = [{**line, "AccountCode": "4000", "TaxType": "EXEMPTEXPORT"} for line in lines]
    row = tenant.invoice(CurrencyCode="USD", CurrencyRate=0.6551, Reference="PO-88213", LineItems=lines)
    assert money(row, "SubTotal", "TotalTax", "Total", "AmountDue") == [Decimal("36498.30"), 0, Decimal("36498.30"), Decimal("36498.30")]
    assert (row["Status"], row["CurrencyRate"], row["StatusAttributeString"]) == ("AUTHORISED", Decimal("0.655100"), "OK")
    assert (row["Date"], row["DateString"]) == ("/Date(1772409600000+0000)/", "2026-03-02T00:00:00")
    assert row["UpdatedDateUTC"].endswith("+0000)/")


def test_tax_is_rounded_per_line_and_a_given_amount_wins(tenant: Tenant) -> None:
    line = {"Description": "x", "Quantity": 1, "UnitAmount": 0.05, "AccountCode": "4010", "TaxType": "OUTPUT"}
    row = tenant.invoice(LineItems=[line, line, {**line, "TaxAmount": 0.0}])
    assert money(row, "SubTotal", "TotalTax", "Total") == [Decimal("0.15"), Decimal("0.02"), Decimal("0.17")]


def test_prices_lose_decimals_without_unitdp(tenant: Tenant) -> None:
    line = {"Description": "x", "Quantity": 100, "UnitAmount": 0.0475, "AccountCode": "4010", "TaxType": "OUTPUT"}
    body = tenant.invoice_body(tenant.contact(), LineItems=[line])
    (row,) = tenant.create(body, unitdp="2")
    assert Decimal(row["SubTotal"]) == Decimal("5.00")
    (row,) = tenant.create({**body, "InvoiceNumber": "AU-SI-2"})
    assert Decimal(row["SubTotal"]) == Decimal("4.75")


def line_with(**more: Any) -> dict[str, Any]:
    given = {"Description": "x", "Quantity": 1, "UnitAmount": 10, "AccountCode": "4010", "TaxType": "OUTPUT", **more}
    return {"LineItems": [{name: value for name, value in given.items() if value is not None}]}


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"CurrencyCode": "JPY"}, "Organisation is not subscribed to currency JPY"),
        ({"DueDate": None}, "The DueDate must be specified."),
        ({"Contact": {"ContactID": NO_ID}}, "contact could not be found"),
        ({"Status": "PAID"}, "status is not valid"),
        ({"InvoiceNumber": "N" * 256}, "maximum length of 255"),
        ({"LineItems": []}, "line items must be specified"),
        (line_with(AccountCode="999"), "Account code '999' is not a valid code for this document."),
        (line_with(AccountCode=None), "Account code must be specified."),
        (line_with(TaxType="OUTPUT2"), "TaxType code 'OUTPUT2'"),
        (line_with(TaxType="INPUT"), "The TaxType code 'INPUT' cannot be used with account code '4010'."),
        (line_with(ItemCode="NO-SUCH"), "Item code 'NO-SUCH' is not valid"),
        (line_with(LineAmount=11), "The line total 11 does not match the expected line total 10.00"),
        (line_with(Description="d" * 4001), "maximum length of 4000"),
        (line_with(Description=None), "Description must be specified"),
        (line_with(Tracking=[{"Name": "Department", "Option": "NONE"}]), "tracking option 'NONE' could not be found"),
        (line_with(UnitAmount=-10), "greater than or equal to zero"),
    ],
)
def test_what_xero_refuses_is_refused_with_its_words_and_books_nothing(tenant: Tenant, wrong: dict[str, Any], words: str) -> None:
    (row,) = tenant.create(tenant.invoice_body(tenant.contact(), **wrong))
    assert (row["HasErrors"], row["StatusAttributeString"], row["InvoiceID"]) == (True, "ERROR", NO_ID)
    assert words in said(row)
    assert tenant.sandbox.books("xero").documents == []


def test_an_item_supplies_what_its_line_leaves_out(tenant: Tenant) -> None:
    (line,) = tenant.invoice(LineItems=[{"ItemCode": "FLT-KIT-75", "Quantity": 1}])["LineItems"]
    assert (line["AccountCode"], line["TaxType"]) == ("4010", "OUTPUT")
    assert line["Description"]


def test_without_a_tax_type_the_accounts_own_is_taken(tenant: Tenant) -> None:
    assert Decimal(tenant.invoice(**line_with(TaxType=None))["TotalTax"]) == Decimal("1.00")


def test_an_approved_invoice_of_nothing_is_paid_at_once(tenant: Tenant) -> None:
    assert tenant.invoice(**line_with(UnitAmount=0))["Status"] == "PAID"


def test_keys_are_read_in_any_case_and_unknown_ones_are_ignored(tenant: Tenant) -> None:
    body = {key.lower(): value for key, value in tenant.invoice_body(tenant.contact()).items()}
    (row,) = tenant.create({**body, "terms": "Net 30"})
    assert (row["InvoiceNumber"], row["Status"]) == ("AU-SI-000001", "AUTHORISED")


def test_a_document_without_number_is_numbered_and_one_without_status_is_a_draft(tenant: Tenant) -> None:
    body = tenant.invoice_body(tenant.contact())
    del body["InvoiceNumber"], body["Status"]
    (row,) = tenant.create(body)
    assert (row["InvoiceNumber"], row["Status"]) == ("INV-0001", "DRAFT")


def test_put_refuses_a_used_number_and_post_edits_its_document(tenant: Tenant) -> None:
    first = tenant.invoice()
    body = tenant.invoice_body(first["Contact"]["ContactID"], Reference="changed")
    (refused,) = tenant.create(body)
    assert said(refused) == "Invoice # must be unique."
    (edited,) = tenant.post("/Invoices", {"Invoices": [body]}, **LISTS)[1]["Invoices"]
    assert (edited["InvoiceID"], edited["Reference"]) == (first["InvoiceID"], "changed")


def test_a_bill_may_have_the_number_of_an_invoice(tenant: Tenant) -> None:
    first = tenant.invoice()
    (bill,) = tenant.create(tenant.invoice_body(first["Contact"]["ContactID"], Type="ACCPAY"))
    assert not bill["HasErrors"]
    rows = tenant.get("/Invoices", InvoiceNumbers="AU-SI-000001", page=1)[1]["Invoices"]
    assert {row["Type"] for row in rows} == {"ACCREC", "ACCPAY"}


def test_without_summarize_errors_a_bad_element_makes_a_400_and_its_neighbours_are_saved(tenant: Tenant) -> None:
    contact = tenant.contact()
    bodies = [tenant.invoice_body(contact, "A-1"), tenant.invoice_body(contact, "A-2", DueDate=None), tenant.invoice_body(contact, "A-3")]
    status, body = tenant.put("/Invoices", {"Invoices": bodies})
    assert (status, body["Type"], body["ErrorNumber"]) == (400, "ValidationException", 10)
    assert [each["InvoiceNumber"] for each in body["Elements"]] == ["A-2"]
    assert [each.number for each in tenant.sandbox.books("xero").documents] == ["A-1", "A-3"]


def test_any_field_beside_the_contact_id_changes_the_contact(tenant: Tenant) -> None:
    contact = tenant.contact()
    tenant.create(tenant.invoice_body(contact, Contact={"ContactID": contact, "Name": "Renamed Ltd"}))
    assert tenant.read(contact, "Contacts")["Name"] == "Renamed Ltd"


# -- changes ----------------------------------------------------------------------------------------------------------------


def changed(tenant: Tenant, row: dict[str, Any], **fields: Any) -> tuple[int, dict[str, Any]]:
    return tenant.post(f"/Invoices/{row['InvoiceID']}", {"Invoices": [{"InvoiceID": row["InvoiceID"], **fields}]})


def test_an_update_keeps_what_it_leaves_out_and_replaces_lines_without_ids(tenant: Tenant) -> None:
    row = tenant.invoice(Reference="PO-1")
    (line,) = row["LineItems"]
    kept = changed(tenant, row, DueDate="2026-05-01", LineItems=[{**_sendable(line), "UnitAmount": 90}])[1]["Invoices"][0]
    assert (kept["Reference"], kept["DueDateString"][:10]) == ("PO-1", "2026-05-01")
    assert kept["LineItems"][0]["LineItemID"] == line["LineItemID"]
    anonymous = {name: value for name, value in _sendable(line).items() if name != "LineItemID"}
    (made_anew,) = changed(tenant, row, LineItems=[anonymous])[1]["Invoices"][0]["LineItems"]
    assert made_anew["LineItemID"] != line["LineItemID"]


def _sendable(line: dict[str, Any]) -> dict[str, Any]:
    wanted = {name: line[name] for name in ("LineItemID", "Description", "AccountCode", "TaxType")}
    return {**wanted, "Quantity": 2, "UnitAmount": 84.5}


def test_a_void_is_final_and_keeps_its_number(tenant: Tenant) -> None:
    row = tenant.invoice()
    assert changed(tenant, row, Status="VOIDED")[1]["Invoices"][0]["Status"] == "VOIDED"
    status, body = changed(tenant, row, Status="AUTHORISED")
    assert (status, body["Elements"][0]["ValidationErrors"][0]["Message"]) == (400, "Invoice not of valid status for modification")
    (again,) = tenant.create(tenant.invoice_body(row["Contact"]["ContactID"]))
    assert said(again) == "Invoice # must be unique."


def test_a_failed_transition_in_a_list_echoes_the_status_that_was_asked_for(tenant: Tenant) -> None:
    row = tenant.invoice()
    body = {"Invoices": [{"InvoiceID": row["InvoiceID"], "Status": "DELETED"}]}
    status, answer = tenant.post("/Invoices", body, summarizeErrors="false")
    (element,) = answer["Invoices"]
    assert (status, element["HasErrors"], element["Status"]) == (200, True, "DELETED")
    assert tenant.read(row["InvoiceID"])["Status"] == "AUTHORISED"


def test_a_paid_document_is_neither_changed_nor_voided(tenant: Tenant) -> None:
    row = tenant.invoice()
    tenant.pay(row, 10)
    for fields in ({"Status": "VOIDED"}, {"Reference": "x"}):
        status, body = changed(tenant, row, **fields)
        assert status == 400
        assert "payment or credit note allocated" in body["Elements"][0]["ValidationErrors"][0]["Message"]


def test_a_locked_period_takes_no_document(tenant: Tenant, xero: Sandbox) -> None:
    xero.inject("xero", "lock_period", until="2026-03-31")
    (row,) = tenant.create(tenant.invoice_body(tenant.contact()))
    assert said(row).startswith("The document date cannot be before the period lock date")
    assert tenant.get("/Organisation")[1]["Organisations"][0]["PeriodLockDate"] == "/Date(1774915200000+0000)/"


# -- credit notes, contacts, payments ----------------------------------------------------------------------------------------


def credit_body(contact: str, **line: Any) -> dict[str, Any]:
    fields = {"Type": "ACCRECCREDIT", "Contact": {"ContactID": contact}, "CreditNoteNumber": "AU-CN-1", "Status": "AUTHORISED"}
    return {**fields, **line_with(**line)}


def test_a_credit_note_takes_no_discount(tenant: Tenant) -> None:
    contact = tenant.contact()
    good, bad = tenant.create(credit_body(contact), credit_body(contact, DiscountRate=5), kind="CreditNotes")
    assert Decimal(good["RemainingCredit"]) == Decimal("11.00")
    assert said(bad) == "Discounts are only supported on sales invoices."


def test_contact_names_are_unique_over_active_contacts(tenant: Tenant) -> None:
    tenant.contact("Northgate Air Ltd", ContactNumber="C-1")
    status, body = tenant.put("/Contacts", {"Contacts": [{"Name": "NORTHGATE AIR LTD"}]})
    assert (status, body["Elements"][0]["ContactID"]) == (400, NO_ID)
    assert "must be unique across all active contacts" in body["Elements"][0]["ValidationErrors"][0]["Message"]
    tenant.simulator.api.contacts.archive(tenant.read("C-1", "Contacts")["ContactID"])
    assert tenant.put("/Contacts", {"Contacts": [{"Name": "Northgate Air Ltd"}]})[0] == 200


def test_a_contact_always_has_two_addresses_and_four_phones(tenant: Tenant) -> None:
    row = tenant.read(tenant.contact(ContactNumber="C-1"), "Contacts")
    assert [each["AddressType"] for each in row["Addresses"]] == ["STREET", "POBOX"]
    assert [each["PhoneType"] for each in row["Phones"]] == ["DEFAULT", "DDI", "FAX", "MOBILE"]


@pytest.mark.parametrize(
    "wrong",
    [{"EmailAddress": "müller@kälte.example"}, {"ContactNumber": "C" * 51}, {"Addresses": [{"AddressType": "POBOX", "Country": "A1"}]}],
)
def test_contact_fields_have_limits(tenant: Tenant, wrong: dict[str, Any]) -> None:
    assert tenant.put("/Contacts", {"Contacts": [{"Name": "A", **wrong}]})[0] == 400


def test_contacts_are_found_by_number_name_and_search(tenant: Tenant) -> None:
    contact = tenant.contact("Northgate Air Ltd", ContactNumber="C-1042")
    tenant.contact("Other")
    asked: list[dict[str, Any]] = [{"where": 'ContactNumber=="C-1042"'}, {"where": 'Name=="NORTHGATE air Ltd"'}, {"searchTerm": "north"}]
    for params in asked:
        assert [row["ContactID"] for row in tenant.get("/Contacts", **params)[1]["Contacts"]] == [contact]
    assert tenant.get("/Contacts", where="Name ~ x")[1]["Type"] == "QueryParseException"


def test_payments_lower_what_is_due_and_give_it_back_when_deleted(tenant: Tenant) -> None:
    row = tenant.invoice()
    part = tenant.pay(row, 85.9, Reference="WIRE-1")
    assert money(tenant.read(row["InvoiceID"]), "AmountPaid", "AmountDue") == [Decimal("85.90"), Decimal("100.00")]
    tenant.pay(row, 100)
    assert tenant.read(row["InvoiceID"])["Status"] == "PAID"
    assert tenant.post(f"/Payments/{part['PaymentID']}", {"Status": "DELETED"})[0] == 200
    now = tenant.read(row["InvoiceID"])
    assert (now["Status"], Decimal(now["AmountDue"])) == ("AUTHORISED", Decimal("85.90"))
    listed = tenant.get("/Payments", where='PaymentType=="ACCRECPAYMENT"', page=1)[1]
    assert {each["PaymentID"]: each["Status"] for each in listed["Payments"]}[part["PaymentID"]] == "DELETED"
    assert listed["pagination"] == {"page": 1, "pageSize": 100, "pageCount": 1, "itemCount": 2}


def test_a_payment_is_refused_beyond_what_is_due_and_on_drafts(tenant: Tenant) -> None:
    row, draft = tenant.invoice(), tenant.invoice("AU-SI-2", Status="DRAFT")
    assert said(tenant.pay(row, 185.91)) == "Payment amount exceeds the amount outstanding on this document"
    assert said(tenant.pay(draft, 1)) == "Payments can only be made against Authorised documents"
    assert said(tenant.pay(row, 1, Account={"Code": "4010"})) == "Account could not be found"


def test_lists_tell_lines_only_by_page_and_only_what_changed_since(tenant: Tenant) -> None:
    row = tenant.invoice()
    assert tenant.get("/Invoices")[1]["Invoices"][0]["LineItems"] == []
    assert len(tenant.get("/Invoices", page=1)[1]["Invoices"][0]["LineItems"]) == 1
    later = (tenant.simulator.clock.now() + timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S")
    assert tenant.get("/Invoices", {"If-Modified-Since": later}, page=1)[1]["Invoices"] == []
    assert tenant.get("/Invoices", Statuses="AUTHORISED", ContactIDs=row["Contact"]["ContactID"], page=1)[1]["Invoices"]


def test_an_approved_invoice_is_mailed_and_a_draft_is_not(tenant: Tenant) -> None:
    contact = tenant.contact(EmailAddress="ap@northgate.example")
    (row,) = tenant.create(tenant.invoice_body(contact))
    assert tenant.client.post(f"/Invoices/{row['InvoiceID']}/Email", json={}).status_code == 204
    assert tenant.read(row["InvoiceID"])["SentToContact"] is True
    draft = tenant.invoice("AU-SI-2", Status="DRAFT")
    assert tenant.client.post(f"/Invoices/{draft['InvoiceID']}/Email", json={}).status_code == 400
