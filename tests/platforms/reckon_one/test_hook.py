"""The hook on its book: authorisation, checks, customers, documents, reference lists, errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.reckon_one.conftest import Desk

from airbooks.canonical import Contact, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import PlatformHook, Sending
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError, classify
from airbooks.platforms.reckon_one.hook import ReckonOneHook
from airbooks.platforms.reckon_one.spec import DUPLICATE_NAME, ERRORS
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.tokens import MemoryTokens
from airbooks.platforms.wire import Reply


def refusal(company: Company, hook: PlatformHook, sending: Sending | None = None) -> PlatformError:
    """What the platform says to one invoice."""
    sending = sending or company.sending(hook, company.small_invoice())
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    return error


def book(company: Company, hook: ReckonOneHook) -> RemoteDocument:
    return company.book(hook, company.small_invoice())


# -- authorisation ---------------------------------------------------------------------------------------------------------------------


def test_the_refresh_token_of_the_reply_is_used_from_then_on(company: Company, hook: ReckonOneHook) -> None:
    hook.test_connection()
    hook.renew_token()
    hook.renew_token()
    assert hook.test_connection()[0]


def test_a_reply_without_a_new_refresh_token_keeps_the_old_one(company: Company, hook: ReckonOneHook) -> None:
    hook.test_connection()
    company.sandbox.inject("reckon_one", "keep_refresh_token", times=1)
    hook.renew_token()
    hook.renew_token()
    assert hook.test_connection()[0]


def test_an_expired_access_token_is_renewed_once_in_mid_batch(company: Company, hook: ReckonOneHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("reckon_one", "expire_tokens", times=1)
    sent = company.create(hook, sending)[sending.key]
    assert sent.error is None
    assert len(company.booked(sending.document.number)) == 1


def test_a_withdrawn_refresh_token_stops_the_connection_and_says_how_to_go_on(company: Company) -> None:
    stored = company.connection()["extra"]["refresh_token"]
    with company.hook(tokens=MemoryTokens(), extra={"refresh_token": "0" * 64}) as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("AU-SI-000001", DocumentKind.INVOICE)
    assert (caught.value.action, caught.value.code) == (Action.STOP, "invalid_grant")
    assert "Sign in again" in caught.value.rule.fix
    with company.hook(tokens=MemoryTokens(), extra={"refresh_token": "0" * 64}) as hook:
        works, says = hook.test_connection()
    assert not works
    assert "Sign in again" in says
    assert company.connection()["extra"]["refresh_token"] == stored


def test_a_wrong_subscription_key_is_not_taken_for_an_expired_token(company: Company) -> None:
    with company.hook(extra={"subscription_key": "0" * 32}) as hook:
        works, says = hook.test_connection()
        assert not works
        assert "subscription key" in says
        with pytest.raises(PlatformError) as caught:
            hook.find_invoice("AU-SI-000001", DocumentKind.INVOICE)
    assert caught.value.action is Action.STOP
    assert "subscription_key" in caught.value.rule.fix


# -- what the check says -----------------------------------------------------------------------------------------------------------------


def test_the_check_names_the_book_and_how_invoices_are_approved(hook: ReckonOneHook) -> None:
    assert hook.test_connection() == (True, "Harbour Compressors (AU) is reached; new invoices are drafts until they are approved")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"book_id": "00000000-0000-0000-0000-000000000000"}, "is not among those of this user: Old book"),
        ({"home_currency": "NZD"}, "books of AU are kept in AUD, the connection's home_currency is NZD"),
        ({"default_income_account": "Income:Gone"}, "default_income_account: the book has no 'Income:Gone'"),
        ({"bank_account": "Petty cash"}, "bank_account: the book has no 'Petty cash'"),
        ({"payment_method": "Barter"}, "payment_method: the book has no 'Barter'"),
    ],
)
def test_the_check_says_what_is_wrong_in_the_connection(company: Company, extra: dict[str, str], words: str) -> None:
    with company.hook(extra=extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


def test_the_check_says_what_is_switched_off_in_the_book(desk: Desk, hook: ReckonOneHook) -> None:
    desk.simulator.book.configure("tax", chooseAmountTaxStatus=False, amountTaxStatus="Inclusive", taxAmountEditable=False)
    works, says = hook.test_connection()
    assert not works
    assert "the book has Inclusive amounts only" in says
    assert "tax amounts cannot be edited in the book" in says


def test_the_check_says_that_a_book_is_inactive_and_that_a_role_lacks_rights(company: Company, hook: ReckonOneHook) -> None:
    company.sandbox.inject("reckon_one", "book_inactive", times=1)
    assert hook.test_connection() == (False, "Harbour Compressors: the book is inactive")
    company.sandbox.inject("reckon_one", "missing_permission", times=1)
    works, says = hook.test_connection()
    assert not works
    assert "User does not have permission" in says


@pytest.mark.parametrize(
    "ask",
    [
        lambda hook, remote: hook.find_invoice(remote.our_number, DocumentKind.INVOICE),
        lambda hook, remote: hook.get_invoice(remote.remote_id, DocumentKind.INVOICE),
    ],
)
def test_a_wrong_book_id_stops_the_connection_and_is_no_missing_document(
    company: Company, hook: ReckonOneHook, ask: Callable[[PlatformHook, RemoteDocument], object]
) -> None:
    remote = book(company, hook)
    with company.hook(extra={"book_id": "00000000-0000-0000-0000-000000000000"}) as other, pytest.raises(PlatformError) as caught:
        ask(other, remote)
    assert (caught.value.action, caught.value.rule.name) == (Action.STOP, "no such book")


# -- customers ---------------------------------------------------------------------------------------------------------------------------


def test_a_customer_entered_by_hand_is_adopted_by_name_and_gets_our_code(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    party = company.party()
    by_hand = desk.customer(party.name)
    assert hook.ensure_customer(party, "AUD") == by_hand
    assert desk.get(f"/customers/{by_hand}")["businessNumber2"] == party.code


def test_a_namesake_with_another_e_mail_address_or_code_is_left_alone(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    party = company.party()
    other = desk.customer(party.name, electronicAddresses=[{"type": "Email", "address": "someone@else.example"}])
    made = hook.ensure_customer(party, "AUD")
    assert made != other
    assert desk.get(f"/customers/{made}")["name"] == f"{party.name} ({party.code})"


def test_a_supplier_of_the_same_name_makes_the_customers_name_differ(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    party = company.party(name="Ozone Freight Pty Ltd")
    assert desk.get(f"/customers/{hook.ensure_customer(party, 'AUD')}")["name"] == f"Ozone Freight Pty Ltd ({party.code})"


@pytest.mark.parametrize("name", ["O'Brien Drilling", 'Kelly "Ned" Pumps', 'O\'Brien "Ned" Pumps'])
def test_quotes_in_a_name_break_no_filter(company: Company, hook: ReckonOneHook, name: str) -> None:
    party = company.party(name=name)
    assert hook.ensure_customer(party, "AUD") == hook.ensure_customer(party, "AUD")


def test_an_inactive_customer_is_for_a_person_to_decide(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    party = company.party()
    made = hook.ensure_customer(party, "AUD")
    desk.patch(f"/customers/{made}", {"status": "Inactive"})
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(party, "AUD")
    assert (caught.value.action, caught.value.rule.name) == (Action.REVIEW, "customer is inactive")


def test_a_name_that_is_refused_in_other_words_is_a_name_that_is_taken() -> None:
    assert classify(ERRORS, 400, "", "name: This is used by a supplier.").name == DUPLICATE_NAME
    assert classify(ERRORS, 400, "", "organisationName: The text is longer than 100 characters.").name != DUPLICATE_NAME


def test_types_of_contact_details_are_the_books_own(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    """A book may call its phones otherwise: a name that it does not list would be refused."""
    phones = desk.simulator.book.table("phonetypes")
    for key, row in list(phones.items()):
        phones[key] = {**row, "name": f"{row['name']} line"}
    party = company.party(contact=Contact(name="Accounts", phone="08 9021 0000"))
    row = desk.get(f"/customers/{hook.ensure_customer(party, 'AUD')}")
    assert row["phoneNumbers"][0]["type"]["name"] == "Phone line"


# -- documents ---------------------------------------------------------------------------------------------------------------------------


def test_a_draft_is_approved_and_one_approved_already_is_left_alone(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    assert draft.status is DocumentStatus.DRAFT
    desk.patch(f"/invoices/{draft.remote_id}", {"status": "Approved"})
    already = len(company.sandbox.requests("reckon_one"))
    assert company.post(hook, sending, draft).status is DocumentStatus.OPEN
    assert [each.method for each in company.sandbox.requests("reckon_one")[already:]] == ["GET"]


def test_a_draft_whose_approval_does_nothing_is_not_told_as_posted(company: Company, hook: ReckonOneHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    company.sandbox.inject("reckon_one", "approval_ignored", times=1)
    (sent,) = hook.post_invoices([(sending, draft)])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action, sent.outcome) == ("not approved", Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert company.post(hook, sending, draft).status is DocumentStatus.OPEN


@pytest.mark.parametrize(("post", "status"), [(True, DocumentStatus.OPEN), (False, DocumentStatus.DRAFT)])
def test_a_draft_that_is_corrected_is_approved_where_documents_are(
    company: Company, hook: ReckonOneHook, post: bool, status: DocumentStatus
) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    again = replace(company.sending(hook, changed, draft.customer_id), options={"post": post})
    updated = hook.update_invoice(again, draft).remote
    assert updated is not None
    assert (updated.status, updated.total) == (status, changed.gross_total)


def test_an_update_that_comes_out_differently_is_left_a_draft(company: Company, hook: ReckonOneHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    company.sandbox.inject("reckon_one", "wrong_tax", times=1)
    updated = hook.update_invoice(sending, draft).remote
    assert updated is not None
    assert (updated.status, updated.tax) == (DocumentStatus.DRAFT, Decimal("10.01"))


def test_a_book_without_approval_needs_no_step(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    desk.simulator.book.configure("invoice", approvalEnabled=False)
    assert book(company, hook).status is DocumentStatus.OPEN


def test_credit_notes_may_count_at_once(company: Company, hook: ReckonOneHook) -> None:
    original = company.small_invoice()
    company.book(hook, original)
    company.sandbox.inject("reckon_one", "credit_notes_are_approved")
    assert company.book(hook, company.credit_note(corrects=original)).status is DocumentStatus.OPEN


def test_two_documents_with_our_number_are_both_told(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    """A reference is not unique: a second document is found, and a create that would make a third is refused."""
    document = company.small_invoice()
    sending = company.sending(hook, document)
    company.create(hook, sending)
    desk.invoice(reference=document.number)
    assert len(hook.find_invoice(document.number, DocumentKind.INVOICE)) == 2
    error = refusal(company, hook, replace(sending, key=str(uuid4())))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(company.booked(document.number)) == 2


def test_our_number_in_another_case_is_another_number(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    document = company.small_invoice()
    desk.invoice(reference=document.number.lower())
    assert hook.find_invoice(document.number, DocumentKind.INVOICE) == []


def test_what_somebody_changed_meanwhile_is_not_overwritten_or_deleted(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    """The last write wins at Reckon One: nothing but reading before tells of another's change."""
    document = company.small_invoice()
    remote = company.book(hook, document)
    body = desk.invoice_body(customer=document.buyer.name, reference=document.number)
    assert desk.client.put(
        f"/invoices/{remote.remote_id}", json={**body, "invoiceDate": f"{today()}T00:00:00Z", "invoiceDiscountAmount": 7}
    ).is_success
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    for sent in (
        hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote),
        hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4())),
    ):
        assert sent.error is not None
        assert (sent.error.rule.name, sent.error.outcome) == ("changed in Reckon One", Outcome.DID_NOT_HAPPEN)
    assert company.booked(document.number)[0].net == Decimal("93.00")


def test_a_document_that_an_update_made_a_draft_again_is_approved_again(company: Company, hook: ReckonOneHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    company.sandbox.inject("reckon_one", "put_makes_drafts", times=1)
    changed = company.invoice(company.line(1, quantity="3"), number=document.number, buyer=document.buyer)
    updated = hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote).remote
    assert updated is not None
    assert (updated.status, updated.total) == (DocumentStatus.OPEN, changed.gross_total)


def test_a_paid_document_is_neither_changed_nor_deleted(company: Company, hook: ReckonOneHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40.00"))
    refs = company.payment_references(hook, payment, remote.customer_id)
    hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=refs)
    for sent in (
        hook.update_invoice(company.sending(hook, document, remote.customer_id), remote),
        hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4())),
    ):
        assert sent.error is not None
        assert (sent.error.rule.name, sent.error.action) == ("payments block the change", Action.REVIEW)
    assert len(company.booked(document.number)) == 1


def test_a_void_is_a_deletion_and_says_so(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    remote = book(company, hook)
    voided = hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4()))
    assert voided.note == "deleted"
    assert desk.client.get(f"/invoices/{remote.remote_id}").status_code == 404


def test_a_tax_that_comes_out_differently_is_seen_before_approval(company: Company, hook: ReckonOneHook) -> None:
    company.sandbox.inject("reckon_one", "wrong_tax")
    sending = company.sending(hook, company.small_invoice())
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    assert (remote.status, remote.tax) == (DocumentStatus.DRAFT, Decimal("10.01"))


def test_in_a_book_that_computes_tax_a_document_of_one_rate_is_booked_to_the_cent(company: Company, desk: Desk) -> None:
    desk.simulator.book.configure("tax", taxAmountEditable=False)
    with company.hook(extra={"tax_amounts": "computed"}) as hook:
        company.book(hook, company.small_invoice())
    with company.hook() as hook:
        lines = company.example_lines()
        document = company.invoice(*lines, charges=company.volume_discount(lines))
        error = refusal(company, hook, company.sending(hook, document))
    assert error.rule.name == "tax amount refused"
    assert "tax_amounts of the connection" in error.rule.fix


def test_in_a_book_of_prices_with_tax_documents_are_booked_to_the_cent(company: Company, desk: Desk) -> None:
    desk.simulator.book.configure("tax", chooseAmountTaxStatus=False, amountTaxStatus="Inclusive")
    with company.hook() as hook:
        error = refusal(company, hook)
        assert error.rule.name == "tax status refused"
    with company.hook(extra={"amount_tax_status": "Inclusive"}) as hook:
        assert hook.test_connection()[0]
        lines = company.example_lines()
        company.book(hook, company.invoice(*lines, charges=company.volume_discount(lines)))


def test_a_template_that_the_book_wants_can_be_named(company: Company, hook: ReckonOneHook) -> None:
    company.sandbox.inject("reckon_one", "template_required")
    sending = company.sending(hook, company.small_invoice())
    error = refusal(company, hook, sending)
    assert "template of the operator" in error.rule.fix
    named = replace(sending, options={**sending.options, "template": "Professional Invoice"})
    assert company.create(hook, named)[named.key].error is None


def test_an_exhausted_quota_is_waited_for_and_no_missing_right(company: Company) -> None:
    with company.hook() as hook:
        reply = Reply(403, {}, b'{"statusCode":403,"message":"Out of call volume quota. Quota will be replenished in 00:05:00."}')
        complaint = hook.read_complaint(reply)
        assert complaint is not None
        assert hook.wire.error(complaint, reply).action is Action.WAIT


def test_a_locked_book_is_one_question_for_all_its_documents(company: Company, desk: Desk, hook: ReckonOneHook) -> None:
    desk.simulator.book.configure("book", lockOffDate=f"{today()}T00:00:00Z")
    error = refusal(company, hook)
    assert (error.rule.name, error.action, error.rule.shared) == (PERIOD_CLOSED, Action.REVIEW, True)


# -- lists -------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("told", ["X-Total-Count", "Link"])
def test_pages_shorter_than_asked_for_are_read_to_the_end(company: Company, hook: ReckonOneHook, told: str) -> None:
    whole = {each.code for each in hook.list_reference(ReferenceKind.ITEM)}
    company.sandbox.inject("reckon_one", "small_pages")
    if told == "Link":
        company.sandbox.inject("reckon_one", "lists_omit_counts")
    assert {each.code for each in hook.list_reference(ReferenceKind.ITEM)} == whole
    assert len(whole) > 30


def test_reference_lists_know_what_is_not_for_sales(hook: ReckonOneHook) -> None:
    taxes = {each.code: (each.active, each.details.get("rate")) for each in hook.list_reference(ReferenceKind.TAX_CODE)}
    assert taxes["GST"] == (True, "10")
    assert taxes["Input Taxed"][0] is False
    codes = {each.code for each in hook.list_reference(ReferenceKind.DIMENSION)}
    assert {"Classification:WHOLESALE", "Classification:SERVICE", "Project:Warehouses:MAIN", "Project:Warehouses:NORTH"} <= codes
    (item,) = hook.find_reference(ReferenceKind.ITEM, ["FLT-PRE-30"])
    assert item.details["account_name"] == "Income:Parts sales"


# -- errors ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "text", "action", "outcome"),
    [
        (401, "Authorization has been denied for this request.", Action.RENEW, Outcome.DID_NOT_HAPPEN),
        (401, "Access denied due to missing subscription key.", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (403, "User does not have permission to access this resource.", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (403, "Out of call volume quota. Quota will be replenished in 00:05:00.", Action.WAIT, Outcome.DID_NOT_HAPPEN),
        (404, "Resource not found.", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        (408, "", Action.LOOK_UP, Outcome.UNKNOWN),
        (415, "application/json is not supported.", Action.STOP, Outcome.DID_NOT_HAPPEN),
        (429, "Rate limit is exceeded. Try again in 9 seconds.", Action.WAIT, Outcome.DID_NOT_HAPPEN),
        (400, "lineItems[0].taxRate: 'VAT' was not found.", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        (400, "Something went wrong.", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        (502, "", Action.LOOK_UP, Outcome.UNKNOWN),
        (500, "Transaction (Process ID 52) was deadlocked on lock resources.", Action.LOOK_UP, Outcome.UNKNOWN),
        (500, "Cannot insert duplicate key row.", Action.LOOK_UP, Outcome.UNKNOWN),
        (504, "The upstream took longer than the limit: the time exceeds 30 seconds.", Action.LOOK_UP, Outcome.UNKNOWN),
        (503, "invoice: link to the service is down.", Action.LOOK_UP, Outcome.UNKNOWN),
    ],
)
def test_every_documented_error_says_what_to_do_and_whether_it_happened(status: int, text: str, action: Action, outcome: Outcome) -> None:
    rule = classify(ERRORS, status, "", text)
    assert (rule.action, rule.outcome) == (action, outcome)


def test_a_throttled_gateway_is_waited_for(company: Company, hook: ReckonOneHook) -> None:
    company.sandbox.inject("reckon_one", "throttle", times=1)
    assert hook.find_invoice("AU-SI-999999", DocumentKind.INVOICE) == []
