"""The connector on the simulator: every trap of the vendor's contract, every kind of error, what conformance does not ask."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.freshbooks.steps import INVOICE, REFUSED, inject, kind_of, pay, person, table

from airbooks.canonical import Contact, DocumentKind, DocumentStatus
from airbooks.delivery.echo import differences
from airbooks.platforms.base import PlatformHook, Sending
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind


def failure(company: Company, hook: PlatformHook, sending: Sending) -> PlatformError:
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    return error


# -- clients ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ignored", [False, True])
def test_a_client_is_known_by_its_exact_code_though_the_filter_finds_more(company: Company, hook: PlatformHook, ignored: bool) -> None:
    if ignored:
        inject(company, "ignore_client_filters")
    longer, exact = company.party(code="C-US-00421"), company.party(code="C-US-0042")
    first, second = hook.ensure_customer(longer, "USD"), hook.ensure_customer(exact, "USD")
    assert first != second
    assert (hook.ensure_customer(longer, "USD"), hook.ensure_customer(exact, "USD")) == (first, second)
    assert len(table(company, "client")) == 2


def test_a_client_beyond_the_first_page_is_found(company: Company, hook: PlatformHook) -> None:
    by_hand = person(company, hook)
    for place in range(101):
        by_hand.customer(organization=f"Client {place}", note="")
    inject(company, "ignore_client_filters")
    party = company.party()
    made = hook.ensure_customer(party, "USD")
    assert hook.ensure_customer(party, "USD") == made


@pytest.mark.parametrize(("email", "adopted"), [("ap@northgate.example", True), ("", True), ("else@other.example", False)])
def test_a_client_made_by_hand_is_adopted_unless_its_address_is_anothers(
    company: Company, hook: PlatformHook, email: str, adopted: bool
) -> None:
    by_hand = str(person(company, hook).customer(email=email))
    party = company.party(name="Northgate Air Ltd", contact=Contact(email="AP@northgate.example"))
    assert (hook.ensure_customer(party, "USD") == by_hand) is adopted


def test_two_clients_of_one_name_are_not_guessed_between(company: Company, hook: PlatformHook) -> None:
    ids = {str(person(company, hook).customer()) for _ in range(2)}
    assert hook.ensure_customer(company.party(name="Northgate Air Ltd", contact=Contact()), "USD") not in ids


def test_a_client_that_was_adopted_is_nobody_elses(company: Company, hook: PlatformHook) -> None:
    by_hand = str(person(company, hook).customer(email="", note="Calls on Mondays"))
    first, second = (company.party(name="Northgate Air Ltd", contact=Contact()) for _ in range(2))
    assert hook.ensure_customer(first, "USD") == by_hand
    assert hook.ensure_customer(second, "USD") != by_hand
    assert hook.ensure_customer(first.model_copy(update={"name": "Northgate Pneumatics"}), "USD") == by_hand
    assert "Calls on Mondays" in table(company, "client")[by_hand]["note"]


def test_a_deleted_client_is_not_made_again(company: Company, hook: PlatformHook) -> None:
    party = company.party()
    made = hook.ensure_customer(party, "USD")
    person(company, hook).put(f"/users/clients/{made}", {"client": {"vis_state": 1}})
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(party, "USD")
    assert kind_of(caught.value) == REFUSED
    assert len(table(company, "client")) == 1


# -- create and post --------------------------------------------------------------------------------------------------------------


def test_a_number_is_matched_exactly_though_the_filter_is_ignored(company: Company, hook: PlatformHook) -> None:
    buyer = company.party()
    for number in ("US-SI-1", "US-SI-10"):
        company.book(hook, company.small_invoice(number=number, buyer=buyer))
    inject(company, "ignore_number_filter")
    assert [each.our_number for each in hook.find_invoice("US-SI-1", INVOICE)] == ["US-SI-1"]
    assert hook.find_invoice("US-SI-2", INVOICE) == []
    credit = company.credit_note(corrects=company.small_invoice(buyer=buyer))
    company.book(hook, credit)
    assert hook.find_invoice("US-CN-0", DocumentKind.CREDIT_NOTE) == []
    assert [each.our_number for each in hook.find_invoice(credit.number, DocumentKind.CREDIT_NOTE)] == [credit.number]


@pytest.mark.parametrize("field", ["invoice_number", "id", "lines"])
def test_a_list_that_lacks_a_field_does_not_say_that_a_document_is_absent(company: Company, hook: PlatformHook, field: str) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    inject(company, "field_missing", field=field)
    with pytest.raises(PlatformError) as caught:
        hook.find_invoice(document.number, INVOICE)
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("field", ["invoiceid", "note", "amount"])
def test_a_list_of_payments_that_lacks_a_field_makes_no_second_payment(company: Company, hook: PlatformHook, field: str) -> None:
    document = company.small_invoice()
    payment = company.payment(document, company.book(hook, document), Decimal("40.00"))
    pay(company, hook, payment)
    inject(company, "field_missing", field=field)
    with pytest.raises(PlatformError):
        pay(company, hook, payment)
    assert len(table(company, "payment")) == 1


def test_a_taken_number_is_looked_up_before_and_not_sent(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    error = failure(company, hook, company.sending(hook, document))
    assert kind_of(error) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(company.booked(document.number)) == 1


@pytest.mark.parametrize(("fault", "action"), [("refuse_number", Action.REVIEW), ("number_collision", Action.RETRY)])
def test_a_refused_number_that_nobody_has_was_not_booked(company: Company, hook: PlatformHook, fault: str, action: Action) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, fault, times=1)
    assert kind_of(failure(company, hook, sending)) == (action, Outcome.DID_NOT_HAPPEN)
    assert company.booked(sending.document.number) == []


def test_the_number_of_a_deleted_invoice_is_told_as_that(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    hook.void_invoice(company.book(hook, document), on=today(), reason="Twice", key=str(uuid4()))
    sending = company.sending(hook, document)
    inject(company, "deleted_keep_numbers")
    error = failure(company, hook, sending)
    assert kind_of(error) == REFUSED
    assert "deleted" in error.message
    company.sandbox.clear_faults()
    company.sandbox.simulators["freshbooks"].clear_faults()
    assert company.book(hook, document).status is DocumentStatus.OPEN


def test_a_due_date_arrives_though_it_cannot_be_written(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    assert table(company, "invoice")[remote.remote_id]["due_date"] == str(document.due_date)


def test_a_mailed_invoice_is_mailed_once(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    sending = replace(sending, options={**sending.options, "send_email": True, "include_pdf": False})
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    for _ in range(2):
        assert company.post(hook, sending, draft).status is DocumentStatus.OPEN
    (mail,) = table(company, "mail").values()
    assert (mail["to"], mail["pdf"]) == ([sending.document.buyer.contact.email], False)


def test_what_stays_a_draft_after_it_was_marked_as_sent_is_not_called_booked(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    inject(company, "stays_draft")
    (posted,) = hook.post_invoices([(sending, draft)])
    assert posted.error is not None
    assert kind_of(posted.error) == REFUSED


def test_posting_what_was_paid_meanwhile_does_not_turn_it_back(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    person(company, hook).pay({"id": int(draft.remote_id), "amount": {"code": "USD"}}, "10.00")
    (posted,) = hook.post_invoices([(sending, draft)])
    assert posted.remote is not None
    assert posted.remote.status is DocumentStatus.PARTIALLY_PAID


def test_a_draft_deleted_by_a_person_is_not_posted(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    person(company, hook).change({"id": draft.remote_id}, vis_state=1)
    (posted,) = hook.post_invoices([(sending, draft)])
    assert posted.error is not None
    assert kind_of(posted.error) == REFUSED


@pytest.mark.parametrize("fault", ["wrong_tax", "round_tax_per_line"])
def test_cents_that_freshbooks_rounds_otherwise_show_in_the_echo(company: Company, hook: PlatformHook, fault: str) -> None:
    inject(company, fault)
    lines = [company.line(number, price="0.86") for number in range(1, 8)]
    sending = company.sending(hook, company.invoice(*lines))
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    assert [each.field for each in differences(sending.document, remote, sending.references.customer)] == ["tax total", "total with tax"]


def test_the_sign_of_the_discount_total_does_not_matter(company: Company, hook: PlatformHook) -> None:
    inject(company, "positive_discount_total")
    lines = company.example_lines()
    company.book(hook, company.invoice(*lines, charges=company.volume_discount(lines)))


def test_a_tax_that_has_another_percentage_there_is_for_a_person(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    key = ReferenceKind.TAX_CODE, "US-TX"
    wrong = ReferenceItem(kind=ReferenceKind.TAX_CODE, code="TX Sales Tax", remote_id="7001", details={"percent": "6.25"})
    sending = replace(sending, references=replace(sending.references, entries={**sending.references.entries, key: wrong}))
    assert kind_of(failure(company, hook, sending)) == REFUSED


def test_an_answer_without_lines_proves_nothing(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "without_lines")
    assert failure(company, hook, sending).outcome is Outcome.UNKNOWN
    company.sandbox.simulators["freshbooks"].clear_faults()
    assert len(hook.find_invoice(sending.document.number, INVOICE)) == 1


# -- errors -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["", "single_error", "new_error_form"])
def test_an_error_under_http_200_is_an_error_in_each_form(company: Company, hook: PlatformHook, form: str) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "errors_under_200")
    if form:
        inject(company, form)
    error = failure(company, hook, sending)
    assert (error.status, error.code, kind_of(error)) == (200, "1004", REFUSED)


def test_a_missing_scope_stops_the_connection(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "missing_scope")
    assert kind_of(failure(company, hook, sending)) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


def test_throttling_without_a_retry_after_is_waited_out(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "throttle", times=1)
    assert company.create(hook, sending)[sending.key].error is None
