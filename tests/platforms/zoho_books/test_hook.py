"""The connector against the simulator over real HTTP: every class of error, and every trap of the contract."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.zoho_books.conftest import SLUG, Desk, Organisation
from tests.platforms.zoho_books.documents import BUYER, allowance, credit_note, euros, invoice, line

from airbooks.canonical import (
    Address,
    Allocation,
    Contact,
    CreditNote,
    Delivery,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentKind,
    RemoteDocument,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Account, Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.zoho_books import ZohoBooksHook
from airbooks.platforms.zoho_books.spec import DATA_CENTRES

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def refused(sent: Sent) -> PlatformError:
    assert sent.error is not None
    assert sent.remote is None
    return sent.error


def void(desk: Desk, remote: RemoteDocument) -> Sent:
    return desk.hook.void_invoice(remote, on=date(2026, 3, 3), reason="Entered twice", key=str(uuid4()))


def payment(document: Invoice, remote: RemoteDocument, amount: str = "40.00", **fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "77",
        "customer_code": document.buyer.code,
        "received_on": date(2026, 3, 20),
        "amount": Decimal(amount),
        "currency": document.currency,
        "reference": "WIRE-9",
        "allocations": (Allocation(document_number=document.number, remote_id=remote.remote_id, amount=Decimal(amount)),),
    }
    return Payment(**{**made, **fields})


def pay(desk: Desk, money: Payment, customer: str, key: str = "") -> Any:
    references = References(customer=customer, settings=desk.hook.settings())
    return desk.hook.apply_payment(money, customer_id=customer, key=key or str(uuid4()), references=references)


# -- the connection -------------------------------------------------------------------------------------------------------------------


def test_each_data_centre_has_its_own_pair_of_hosts() -> None:
    for centre, (api, _) in DATA_CENTRES.items():
        with ZohoBooksHook("zoho", account=Account(extra={"data_center": centre})) as hook:
            assert hook.root() == api
    with ZohoBooksHook("zoho", account=Account(extra={"data_center": "mars"})) as hook, pytest.raises(ConfigurationError, match="mars"):
        hook.root()


def test_a_host_copied_with_its_path_from_the_documents_works_as_well(desk: Desk) -> None:
    with desk.another(host=f"{desk.sandbox.base_url(SLUG)}/books/v3") as hook:
        assert hook.test_connection()[0]


def test_the_connection_says_what_it_reaches_and_what_does_not_fit(desk: Desk) -> None:
    assert desk.hook.test_connection() == (True, "Harbour Compressors Ltd (20085710033) is reached")
    with desk.another(organization_id="10234695") as hook:
        works, says = hook.test_connection()
        assert (works, "does not reach organisation 10234695; it reaches Harbour Compressors Ltd" in says) == (False, True)
    with desk.another(home_currency="EUR") as hook:
        assert "the base currency is GBP, the connection says EUR" in hook.test_connection()[1]


@pytest.mark.parametrize("module", ["contacts", "items", "invoices", "creditnotes", "customerpayments", "chartofaccounts", "bankaccounts"])
def test_a_missing_scope_is_told_by_the_module_that_it_closes(desk: Desk, module: str) -> None:
    desk.inject("missing_scope", module=module)
    works, says = desk.hook.test_connection()
    assert not works
    assert module in says
    assert "scopes" in says


def test_one_access_token_serves_all_workers_that_share_the_store(desk: Desk) -> None:
    for _ in range(12):
        with desk.another() as hook:
            assert hook.test_connection()[0]
    assert desk.asked("POST", "/oauth/v2/token") == 1


def test_a_token_that_zoho_has_dropped_is_renewed_unnoticed(desk: Desk) -> None:
    desk.hook.test_connection()
    desk.inject("expire_tokens", times=1)
    assert desk.hook.test_connection()[0]
    assert desk.asked("POST", "/oauth/v2/token") == 2


def test_a_revoked_refresh_token_stops_the_connection_though_zoho_answers_200(desk: Desk) -> None:
    desk.inject("revoke_refresh_tokens")
    with pytest.raises(PlatformError) as caught:
        desk.hook.find_invoice("UK-SI-000001", INVOICE)
    error = caught.value
    assert (error.action, error.outcome, error.code, error.status) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "invalid_code", 200)
    assert "refresh token" in error.rule.fix


def test_too_many_access_tokens_are_waited_for(desk: Desk) -> None:
    desk.inject("too_many_tokens", times=1)
    assert desk.hook.test_connection()[0]


def test_an_organisation_that_the_token_may_not_see_is_tried_once_more_and_then_told(desk: Desk) -> None:
    with desk.another(organization_id="10234695") as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("UK-SI-000001", INVOICE)
    assert (caught.value.action, caught.value.code) == (Action.RENEW, "57")
    assert "organization_id" in caught.value.rule.fix
    assert desk.asked("POST", "/oauth/v2/token") == 2


def test_the_limit_of_the_minute_is_waited_out_and_that_of_the_day_is_left_to_a_later_run(desk: Desk) -> None:
    desk.inject("throttle", times=1, code=44)
    assert desk.hook.test_connection()[0]
    desk.inject("throttle", code=45)
    with pytest.raises(PlatformError) as caught:
        desk.hook.find_invoice("UK-SI-000001", INVOICE)
    assert (caught.value.action, caught.value.rule.name, caught.value.retry_after) == (Action.WAIT, "daily limit reached", 3600.0)


# -- creating -------------------------------------------------------------------------------------------------------------------------


def test_a_document_is_a_draft_until_it_is_marked_as_sent(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    assert draft.status is DocumentStatus.DRAFT
    (posted,) = desk.hook.post_invoices([(sending, draft)])
    assert posted.remote is not None
    assert posted.remote.status is DocumentStatus.OPEN


def test_what_stays_a_draft_after_it_was_marked_as_sent_is_not_called_booked(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    desk.inject("stays_draft")
    error = refused(desk.hook.post_invoices([(sending, draft)])[0])
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "still a draft")


def test_what_was_marked_as_sent_and_cannot_be_read_is_not_called_unsent(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    desk.sandbox.inject(SLUG, "error_before_commit", method="GET", path="/invoices/", status=403, times=None)
    error = refused(desk.hook.post_invoices([(sending, draft)])[0])
    assert error.outcome is Outcome.UNKNOWN
    assert desk.sandbox.books(SLUG).documents[0].status == "open"


def test_a_document_with_everything_is_equal_to_the_cent(desk: Desk) -> None:
    goods = line(1, "3", "489.99", dimensions={"department": "WHOLESALE"}, warehouse="MAIN")
    cheap = line(2, "7", "0.333", rate="5", code="GB-R5", allowances_charges=(allowance("0.10", reason="Scratched"),))
    sales = invoice(
        goods,
        cheap,
        charges=[allowance("14.71"), allowance("0.25", "GB-R5", "5"), allowance("12.50", is_charge=True, reason="Packing")],
        **euros(),
    )
    sending, remote = desk.book(sales)
    assert differences(sales, remote, sending.references.customer) == ()
    assert (remote.currency, remote.total) == ("EUR", sales.gross_total)


@pytest.mark.parametrize("sales", [invoice(), credit_note()], ids=["invoice", "credit note"])
def test_without_the_custom_field_the_number_alone_keeps_a_repeat_from_making_a_second(zoho: Any, sales: Invoice | CreditNote) -> None:
    desk = Desk(zoho, external_id_field="")
    sending = desk.sending(sales)
    assert desk.create(sending).error is None
    error = refused(desk.create(sending))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(desk.sandbox.books(SLUG).documents) == 1
    assert desk.asked("PUT", "/") == 0
    desk.hook.close()


def test_a_second_credit_note_of_one_number_is_not_made_where_zoho_would_take_it(zoho: Any) -> None:
    """Only for invoices the vendor promises that a number is unique."""
    desk = Desk(zoho, external_id_field="")
    sending = desk.sending(credit_note())
    assert desk.create(sending).error is None
    desk.inject("credit_numbers_repeat")
    error = refused(desk.create(sending))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(desk.sandbox.books(SLUG).documents) == 1
    desk.hook.close()


def test_a_repeated_upsert_never_overwrites_what_a_person_has_edited(desk: Desk, org: Organisation) -> None:
    sending = desk.sending(invoice())
    made = desk.create(sending).remote
    assert made is not None
    org.ask("PUT", f"/invoices/{made.remote_id}", {"notes": "Agreed by telephone"})
    error = refused(desk.create(sending))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert org.read(made.remote_id)["notes"] == "Agreed by telephone"


@pytest.mark.parametrize("field", ["cf_acd_id", ""])
def test_the_number_of_a_void_document_is_for_a_person_to_free(zoho: Any, field: str) -> None:
    desk = Desk(zoho, external_id_field=field)
    _, remote = desk.book(invoice())
    assert void(desk, remote).error is None
    error = refused(desk.create(desk.sending(invoice())))
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "number of a void document")
    desk.hook.close()


def test_a_number_is_compared_here_because_filters_may_be_ignored(desk: Desk) -> None:
    desk.book(invoice(number="UK-SI-000001"))
    desk.inject("ignore_filters")
    assert desk.hook.find_invoice("UK-SI-000002", INVOICE) == []
    assert len(desk.hook.find_invoice("UK-SI-000001", INVOICE)) == 1
    assert desk.create(desk.sending(invoice(number="UK-SI-000002"))).error is None


@pytest.mark.parametrize("field", ["invoice_number", "status", "invoice_id"])
def test_a_list_that_lacks_a_field_proves_nothing(desk: Desk, field: str) -> None:
    desk.book(invoice())
    desk.inject("field_missing", field=field)
    with pytest.raises(PlatformError) as caught:
        desk.hook.find_invoice("UK-SI-004711", INVOICE)
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("field", ["contact_name", "currency_code", "contact_id"])
def test_a_list_of_contacts_that_lacks_a_field_makes_no_second_contact(desk: Desk, field: str) -> None:
    desk.hook.ensure_customer(BUYER, "GBP")
    desk.inject("field_missing", field=field)
    with pytest.raises(PlatformError):
        desk.hook.ensure_customer(BUYER, "GBP")
    assert len(desk.sandbox.simulators[SLUG].store.table("contact")) == 1


@pytest.mark.parametrize("field", ["last_modified_time", "payment_id", "amount", "date", "customer_id"])
def test_a_list_of_payments_that_lacks_a_field_is_an_error_and_no_payment_is_made(desk: Desk, field: str) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    pay(desk, payment(sales, remote), remote.customer_id)
    desk.inject("field_missing", field=field)
    with pytest.raises(PlatformError):
        list(desk.hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)))
    with pytest.raises(PlatformError):
        pay(desk, payment(sales, remote), remote.customer_id)
    assert len(desk.sandbox.books(SLUG).payments) == 1


def test_every_page_of_a_list_is_read(desk: Desk) -> None:
    desk.hook.page_size = 5
    skus = [each.code for each in desk.hook.list_reference(ReferenceKind.ITEM)]
    assert len(skus) == len(set(skus)) > 20


def test_an_error_under_http_200_books_nothing(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("error_under_200", times=1)
    error = refused(desk.create(sending))
    assert (error.action, error.outcome, error.status, error.code) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, 200, "4")
    assert desk.sandbox.books(SLUG).documents == []


def test_an_internal_error_proves_nothing_and_is_looked_up(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("internal_error", times=1)
    error = refused(desk.create(sending))
    assert (error.action, error.outcome, error.code) == (Action.LOOK_UP, Outcome.UNKNOWN, "1000")


def test_a_locked_period_is_one_cause_for_all_documents(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("lock_period", until="2026-03-31")
    error = refused(desk.create(sending))
    assert (error.rule.name, error.rule.shared, error.action) == (PERIOD_CLOSED, True, Action.REVIEW)


def test_a_tax_that_zoho_rounds_per_line_is_seen_in_the_echo(desk: Desk) -> None:
    desk.inject("tax_per_line")
    sales = invoice(line(1, "1", "0.33"), line(2, "1", "0.33"), line(3, "1", "99.34"))
    sending = desk.sending(sales)
    remote = desk.create(sending).remote
    assert remote is not None
    assert differences(sales, remote, sending.references.customer) != ()


def test_a_delivery_address_is_written_before_the_invoice_is_sent(desk: Desk, org: Organisation) -> None:
    place = Address(line1="5 Dock Road", city="Hull", postal_code="HU2 2BB", country="GB")
    _, remote = desk.book(invoice(delivery=Delivery(name="Dock", address=place)))
    shown = org.read(remote.remote_id)["shipping_address"]
    assert (shown["attention"], shown["address"], shown["city"]) == ("Dock", "5 Dock Road", "Hull")


# -- change and void -------------------------------------------------------------------------------------------------------------------


def test_an_update_keeps_the_ids_of_lines_and_deletes_those_left_out(desk: Desk, org: Organisation) -> None:
    first = invoice(line(1), line(2), notes=("Old",))
    sending, remote = desk.book(first)
    before = [each["line_item_id"] for each in org.read(remote.remote_id)["line_items"]]
    changed = invoice(line(1, quantity="9"))
    updated = desk.hook.update_invoice(replace(desk.sending(changed), key=sending.key), remote)
    assert updated.error is None, str(updated.error)
    after = org.read(remote.remote_id)
    assert [each["line_item_id"] for each in after["line_items"]] == before[:1]
    assert (after["notes"], after["total"], after["status"]) == ("", changed.gross_total, "overdue")


def test_an_update_whose_address_is_refused_has_changed_nothing(desk: Desk) -> None:
    place = Delivery(name="Dock", address=Address(line1="5 Dock Road", city="Hull", country="GB"))
    _, remote = desk.book(invoice(delivery=place))
    changed = desk.sending(invoice(line(quantity="9"), delivery=place))
    desk.sandbox.inject(SLUG, "error_before_commit", path="/address/shipping", status=422)
    error = refused(desk.hook.update_invoice(changed, remote))
    assert error.outcome is Outcome.DID_NOT_HAPPEN
    assert desk.sandbox.books(SLUG).documents[0].total == remote.total
    assert desk.hook.update_invoice(changed, remote).error is None


@pytest.mark.parametrize("html", [True, False])
def test_a_404_of_a_gateway_is_not_a_document_that_is_gone(desk: Desk, html: bool) -> None:
    _, remote = desk.book(invoice())
    desk.sandbox.inject(SLUG, "error_before_commit", method="GET", path="/invoices/", status=404, html=html, times=None)
    assert refused(void(desk, remote)).outcome is Outcome.DID_NOT_HAPPEN
    with pytest.raises(PlatformError):
        desk.hook.get_invoice(remote.remote_id, INVOICE)


@pytest.mark.parametrize("edit", [{"notes": "by hand", "last_modified_time": "2030-01-01T00:00:00+0000"}, {"reference_number": "PO-1"}])
def test_what_a_person_edited_in_between_is_not_overwritten(desk: Desk, edit: dict[str, str]) -> None:
    sending, remote = desk.book(invoice())
    desk.sandbox.simulators[SLUG].clock.offset = timedelta(minutes=1)
    desk.inject("edit_in_between", times=1, **edit)
    error = refused(desk.hook.update_invoice(sending, remote))
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "changed in Zoho Books")


def test_a_payment_is_no_edit_but_keeps_an_invoice_from_being_voided_unseen(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    sending, remote = desk.book(sales)
    desk.sandbox.simulators[SLUG].clock.offset = timedelta(minutes=1)
    pay(desk, payment(sales, remote), remote.customer_id)
    error = refused(void(desk, remote))
    assert (error.action, error.rule.name) == (Action.REVIEW, "changed in Zoho Books")
    assert desk.hook.update_invoice(sending, remote).error is None


def test_voiding_a_paid_invoice_on_purpose_tells_where_the_money_went(desk: Desk) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    pay(desk, payment(sales, remote), remote.customer_id)
    now = desk.hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    voided = void(desk, now)
    assert voided.error is None, str(voided.error)
    assert voided.note == "what was paid on it is the customer's credit now"
    (left,) = desk.sandbox.books(SLUG).payments
    assert left.applied == {}


def test_a_draft_is_deleted_and_frees_its_number(desk: Desk) -> None:
    sending = desk.sending(invoice())
    draft = desk.create(sending).remote
    assert draft is not None
    assert void(desk, draft).note == "the draft was deleted"
    assert void(desk, draft).note == "was deleted already"
    assert desk.create(replace(sending, key=str(uuid4()))).error is None


def test_a_credit_note_is_opened_found_and_voided(desk: Desk) -> None:
    _, remote = desk.book(credit_note())
    assert (remote.kind, remote.status) == (CREDIT_NOTE, DocumentStatus.OPEN)
    assert void(desk, remote).error is None
    assert desk.hook.find_invoice("UK-CN-000017", CREDIT_NOTE) == []


# -- customers -------------------------------------------------------------------------------------------------------------------------


def test_a_customer_has_one_contact_per_currency(desk: Desk) -> None:
    home, foreign = desk.hook.ensure_customer(BUYER, "GBP"), desk.hook.ensure_customer(BUYER, "EUR")
    assert home != foreign
    assert desk.hook.ensure_customer(BUYER, "EUR") == foreign


def test_a_contact_that_a_person_made_is_adopted_only_where_it_cannot_be_another(desk: Desk, org: Organisation) -> None:
    theirs = org.contact(
        "Northgate Air Ltd", contact_persons=[{"first_name": "A", "email": "AP@northgate.example", "is_primary_contact": True}]
    )
    assert desk.hook.ensure_customer(BUYER, "GBP") == theirs
    other = BUYER.model_copy(update={"code": "C-UK-0043", "contact": Contact(email="other@elsewhere.example")})
    assert desk.hook.ensure_customer(other, "GBP") != theirs


def test_a_customer_keeps_its_contact_when_its_name_changes(desk: Desk) -> None:
    first = desk.hook.ensure_customer(BUYER, "GBP")
    assert desk.hook.ensure_customer(BUYER.model_copy(update={"name": "Northgate Pneumatics Ltd"}), "GBP") == first


def test_the_code_of_one_customer_is_not_found_in_that_of_another(desk: Desk) -> None:
    first = desk.hook.ensure_customer(BUYER.model_copy(update={"code": "C-UK-00421"}), "GBP")
    assert desk.hook.ensure_customer(BUYER, "GBP") != first


def test_an_inactive_contact_and_a_currency_that_is_not_set_up_are_for_a_person(desk: Desk) -> None:
    contact = desk.hook.ensure_customer(BUYER, "GBP")
    table = desk.sandbox.simulators[SLUG].store.table("contact")
    table[contact] = {**table[contact], "status": "inactive"}
    for currency, rule in (("GBP", "customer is inactive"), ("CHF", "currency is not set up")):
        with pytest.raises(PlatformError) as caught:
            desk.hook.ensure_customer(BUYER, currency)
        assert (caught.value.rule.name, caught.value.action) == (rule, Action.REVIEW)


# -- payments --------------------------------------------------------------------------------------------------------------------------


def test_a_payment_is_known_by_its_words_not_by_amount_or_reference(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    _, remote = desk.book(sales)
    first = pay(desk, payment(sales, remote), remote.customer_id)
    same = pay(desk, payment(sales, remote), remote.customer_id)
    other = pay(desk, payment(sales, remote, source_id="78"), remote.customer_id)
    assert first.remote_id == same.remote_id != other.remote_id


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    _, remote = desk.book(sales)
    pay(desk, payment(sales, remote), remote.customer_id)
    with pytest.raises(PlatformError) as caught:
        pay(desk, payment(sales, remote, "20.00"), remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(desk.sandbox.books(SLUG).payments) == 1


def test_a_payment_in_another_currency_than_its_customers_is_not_booked_as_if_it_were_that(desk: Desk) -> None:
    sales = invoice(**euros())
    _, remote = desk.book(sales)
    with pytest.raises(PlatformError) as caught:
        pay(desk, payment(sales, remote, currency="GBP"), remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.sandbox.books(SLUG).payments == []


def test_without_the_custom_field_payments_are_posted_and_still_found_again(zoho: Any) -> None:
    desk = Desk(zoho, external_id_field="", deposit_account_id="")
    sales = invoice()
    _, remote = desk.book(sales)
    first = pay(desk, payment(sales, remote), remote.customer_id)
    assert pay(desk, payment(sales, remote), remote.customer_id).remote_id == first.remote_id
    assert desk.asked("POST", "/customerpayments") == 1
    desk.hook.close()


def test_two_allocations_to_one_invoice_are_told_as_one(desk: Desk) -> None:
    sales = invoice(line(quantity="4"))
    _, remote = desk.book(sales)
    part = Allocation(document_number=sales.number, remote_id=remote.remote_id, amount=Decimal("150.00"))
    with pytest.raises(PlatformError):
        pay(desk, payment(sales, remote, "300.00", allocations=(part, part)), remote.customer_id)
    part = part.model_copy(update={"amount": Decimal("120.00")})
    applied = pay(desk, payment(sales, remote, "240.00", allocations=(part, part)), remote.customer_id)
    assert [each.amount for each in applied.allocations] == [240]
    (booked,) = desk.sandbox.books(SLUG).payments
    assert booked.applied == {remote.remote_id: Decimal("240.00")}


def test_what_no_invoice_claims_stays_the_customers_credit(desk: Desk) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    part = (Allocation(document_number=sales.number, remote_id=remote.remote_id, amount=Decimal("30.00")),)
    applied = pay(desk, payment(sales, remote, "50.00", allocations=part), remote.customer_id)
    assert (applied.amount, [each.amount for each in applied.allocations]) == (50, [30])


@pytest.mark.parametrize("change", [{"kind": PaymentKind.REFUND}, {"discount": Decimal(1)}, {"write_off": Decimal(1)}])
def test_refunds_discounts_and_write_offs_are_refused_before_anything_is_sent(desk: Desk, change: dict[str, Any]) -> None:
    sales = invoice()
    _, remote = desk.book(sales)
    money = payment(sales, remote)
    if "kind" not in change:
        money = money.model_copy(update={"allocations": (money.allocations[0].model_copy(update=change),)})
    else:
        money = money.model_copy(update=change)
    with pytest.raises(PlatformError) as caught:
        pay(desk, money, remote.customer_id)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.sandbox.books(SLUG).payments == []


@pytest.mark.parametrize("fault", ["", "openapi_names", "unsorted_lists", "ignore_filters"])
def test_payments_are_listed_since_a_moment_however_the_list_comes(desk: Desk, org: Organisation, fault: str) -> None:
    customer = org.contact()
    clock = desk.sandbox.simulators[SLUG].clock
    made = []
    for minutes in range(-8, 0):
        clock.offset = timedelta(minutes=minutes)
        made.append(org.pay(customer, 10 + minutes)[1]["payment"]["payment_id"] if minutes > -8 else "")
    clock.offset = timedelta()
    desk.hook.page_size = 2
    if fault:
        desk.inject(fault)
    since = datetime.now(UTC) - timedelta(minutes=3, seconds=30)
    assert {each.remote_id for each in desk.hook.list_payments(since)} == set(made[-3:])


def test_a_list_that_says_it_is_sorted_otherwise_is_read_to_its_end(desk: Desk, org: Organisation) -> None:
    """An old payment that was applied just now stands far behind in a list that is sorted by date."""
    customer, clock = org.contact(), desk.sandbox.simulators[SLUG].clock
    for minutes in range(-9, 0):
        clock.offset = timedelta(minutes=minutes)
        org.pay(customer, 10, date=f"2026-03-{20 + minutes:02}")
    clock.offset = timedelta()
    table = desk.sandbox.simulators[SLUG].store.table("payment")
    oldest = next(iter(table))
    table[oldest] = {**table[oldest], "last_modified_time": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S}+0000"}
    desk.hook.page_size = 2
    desk.inject("sorted_by", column="date")
    assert [each.remote_id for each in desk.hook.list_payments(datetime.now(UTC) - timedelta(seconds=30))] == [oldest]


def test_a_list_in_order_is_not_read_to_its_end(desk: Desk, org: Organisation) -> None:
    customer, clock = org.contact(), desk.sandbox.simulators[SLUG].clock
    for minutes in range(-9, 0):
        clock.offset = timedelta(minutes=minutes)
        org.pay(customer, 10)
    clock.offset = timedelta()
    desk.hook.page_size = 2
    already = desk.asked("GET", "/customerpayments?")
    assert len(list(desk.hook.list_payments(datetime.now(UTC) - timedelta(minutes=2, seconds=30)))) == 2
    assert desk.asked("GET", "/customerpayments?") - already == 2


# -- reference lists -------------------------------------------------------------------------------------------------------------------


def test_items_are_found_by_their_sku_and_never_by_a_part_of_it(desk: Desk) -> None:
    (item,) = desk.hook.find_reference(ReferenceKind.ITEM, ["CMP-RS-22"])
    assert (item.code, item.details["list"]) == ("CMP-RS-22", "items")
    assert desk.hook.find_reference(ReferenceKind.ITEM, ["CMP-RS"]) == []
    many = ["CMP-RS-11", "CMP-RS-22", "FLT-PRE-30", "FRT-STD", "HOS-38-15", "SRV-MNT-A"]
    assert sorted(each.code for each in desk.hook.find_reference(ReferenceKind.ITEM, many)) == sorted(many)


def test_tags_locations_accounts_and_modes_are_listed_by_the_names_people_see(desk: Desk) -> None:
    def listed(kind: ReferenceKind) -> list[str]:
        return [each.code for each in desk.hook.list_reference(kind)]

    assert listed(ReferenceKind.DIMENSION) == ["MAIN", "NORTH", "Department:WHOLESALE", "Department:SERVICE"]
    assert {"4000", "1000"} <= set(listed(ReferenceKind.ACCOUNT))
    assert listed(ReferenceKind.TAX_CODE) == ["Standard Rate", "Reduced Rate", "Zero Rate", "Reverse Charge"]
    assert "banktransfer" in listed(ReferenceKind.PAYMENT_METHOD)
    assert listed(ReferenceKind.TERMS) == []


def test_a_preview_names_number_flag_and_organisation(desk: Desk) -> None:
    (preview,) = desk.hook.preview([desk.sending(invoice())])
    assert preview.method == "PUT"
    assert preview.path == "/books/v3/invoices?organization_id=20085710033&ignore_auto_number_generation=true"
