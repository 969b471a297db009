"""The connector against the simulator over real HTTP: the port, every class of error, every trap of the contract."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.quickfile.conftest import Owner

from airbooks.canonical import (
    Address,
    Allocation,
    CreditNote,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    Invoice,
    RemoteDocument,
    TaxCategory,
)
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.quickfile import QuickFileHook
from airbooks.platforms.quickfile.sandbox.refusal import Refusal
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def drafted(company: Company, hook: QuickFileHook, document: Invoice | CreditNote) -> RemoteDocument:
    sending = company.sending(hook, document)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def refused(company: Company, hook: QuickFileHook, document: Invoice | CreditNote) -> PlatformError:
    (sent,) = hook.create_invoices([company.sending(hook, document)])
    assert sent.error is not None
    return sent.error


def calls(company: Company, path: str) -> list[dict[str, Any]]:
    """The bodies of the calls of a method, as the account got them."""
    asked = [each for each in company.sandbox.requests("quickfile") if each.path.endswith(path)]
    return [json.loads(each.body)["payload"].get("Body", {}) for each in asked]


# -- the envelope's traps ----------------------------------------------------------------------------------------------------------------


def test_an_attempt_that_is_repeated_has_a_submission_number_of_its_own(company: Company, hook: QuickFileHook) -> None:
    remote = company.book(hook, company.small_invoice())
    company.sandbox.inject("quickfile", "error_after_commit", path="invoice/get", times=1)
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    asked = [each for each in company.sandbox.requests("quickfile") if each.path.startswith("/1_2/")]
    numbers = [json.loads(each.body)["payload"]["Header"]["SubmissionNumber"] for each in asked]
    assert len(numbers) == len(set(numbers))


def test_a_request_that_arrived_twice_is_looked_up_and_not_sent_again(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    company.sandbox.inject("quickfile", "duplicate_delivery", body=document.purchase_order)
    error = refused(company, hook, document)
    assert (error.rule.name, error.action, error.outcome) == ("arrived before", Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(company.booked(document.number)) == 1


# -- finding -----------------------------------------------------------------------------------------------------------------------------


def test_a_number_that_is_part_of_another_is_not_found(company: Company, hook: QuickFileHook) -> None:
    company.book(hook, company.small_invoice(number="UK-SI-0000012"))
    assert hook.find_invoice("UK-SI-000001", INVOICE) == []


def test_a_single_hit_that_is_no_list_is_found(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    company.sandbox.inject("quickfile", "single_record_object")
    remote = company.book(hook, document)
    (found,) = hook.find_invoice(document.number, INVOICE)
    assert (found.remote_id, found.line_count) == (remote.remote_id, 1)


def test_something_else_that_is_not_found_is_no_missing_invoice(
    company: Company, hook: QuickFileHook, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = company.book(hook, company.small_invoice())

    def no_account(_: Any) -> Any:
        raise Refusal("The company does not exist")

    monkeypatch.setattr(owner.simulator.invoices, "get", no_account)
    with pytest.raises(PlatformError):
        hook.get_invoice(remote.remote_id, INVOICE)


def test_records_without_their_documented_fields_prove_nothing(
    company: Company, hook: QuickFileHook, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    sending = company.sending(hook, company.small_invoice())
    strange = {"RecordsetCount": 1, "ReturnCount": 1, "Record": [{"Id": 90125}]}
    monkeypatch.setattr(owner.simulator.invoices, "search", lambda _: strange)
    (sent,) = hook.create_invoices([sending])
    assert sent.outcome is Outcome.UNKNOWN
    assert company.booked(sending.document.number) == []


def test_two_documents_of_one_number_are_both_told(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    client = owner.new_client()
    owner.new_invoice(client, "UK-SI-000001")
    owner.new_invoice(client, "UK-SI-000001")
    assert len(hook.find_invoice("UK-SI-000001", INVOICE)) == 2


def test_a_number_that_somebody_has_used_is_not_booked_twice(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    document = company.small_invoice()
    owner.new_invoice(owner.new_client(), document.number)
    error = refused(company, hook, document)
    assert (error.rule.name, error.action) == ("duplicate document number", Action.LOOK_UP)
    assert len(company.booked(document.number)) == 1


def test_more_hits_than_a_page_holds_are_all_read(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    for number in range(205):
        owner.new_client(f"Northgate {number:03d}", AccountReference=f"C-9{number:03d}")
    party = company.party(code="C-9", name="Last Ltd")
    first = hook.ensure_customer(party, "GBP")
    assert hook.ensure_customer(party, "GBP") == first
    offsets = [each["SearchParameters"]["Offset"] for each in calls(company, "client/search")]
    assert 200 in offsets


# -- customers ---------------------------------------------------------------------------------------------------------------------------


def test_a_customer_code_that_is_part_of_another_makes_a_client_of_its_own(company: Company, hook: QuickFileHook) -> None:
    long, short = company.party(code="C-UK-00422"), company.party(code="C-UK-0042")
    assert hook.ensure_customer(long, "GBP") != hook.ensure_customer(short, "GBP")


def test_an_account_reference_that_the_search_hides_is_read(company: Company, hook: QuickFileHook) -> None:
    party = company.party()
    first = hook.ensure_customer(party, "GBP")
    company.sandbox.inject("quickfile", "hide_account_reference")
    assert hook.ensure_customer(party, "GBP") == first


def test_a_client_that_a_person_made_is_taken_over_by_name_when_it_is_the_only_one(
    company: Company, hook: QuickFileHook, owner: Owner
) -> None:
    party = company.party()
    contact = {"Email": party.contact.email, "Password": "k3Jx9wq2"}
    by_hand = {"ClientDetails": {"CompanyName": party.name}, "ClientContacts": {"DefaultContact": contact}}
    client = int(owner.done("client/create", by_hand)["ClientID"])
    assert hook.ensure_customer(party, "GBP") == str(client)
    owner.done("client/create", by_hand)
    assert hook.ensure_customer(party, "GBP") not in {str(client), str(client + 1)}


def test_customers_of_one_name_and_no_email_are_not_merged_in_a_client_that_a_person_made(
    company: Company, hook: QuickFileHook, owner: Owner
) -> None:
    one = company.party(contact={})
    two = company.party(name=one.name, contact={})
    owner.new_client(one.name)
    assert hook.ensure_customer(one, "GBP") != hook.ensure_customer(two, "GBP")


def test_the_contacts_password_is_new_each_time_and_never_kept(company: Company, hook: QuickFileHook) -> None:
    hook.ensure_customer(company.party(), "GBP")
    assert "password" not in str(dict(company.sandbox.simulators["quickfile"].store.table("clients"))).lower()


# -- create and post ---------------------------------------------------------------------------------------------------------------------


def test_the_documents_vat_is_booked_to_the_cent_where_lines_would_round_otherwise(company: Company, hook: QuickFileHook) -> None:
    document = company.invoice(*(company.line(n, quantity="1", price="0.33") for n in (1, 2, 3)))
    assert document.tax_total == Decimal("0.20")
    company.book(hook, document)
    assert company.booked(document.number)[0].tax == Decimal("0.20")


def test_vat_that_the_platform_computes_otherwise_is_told_as_booked(company: Company, hook: QuickFileHook) -> None:
    company.sandbox.inject("quickfile", "wrong_tax", amount="0.01")
    document = company.small_invoice()
    remote = drafted(company, hook, document)
    assert (remote.tax, remote.total) == (document.tax_total + Decimal("0.01"), document.gross_total + Decimal("0.01"))


def test_a_reverse_charge_is_a_treatment_of_the_whole_invoice(company: Company, hook: QuickFileHook) -> None:
    untaxed: dict[str, Any] = {"tax_code": "GB-RC", "tax_category": TaxCategory.REVERSE_CHARGE, "tax_rate": Decimal(0)}
    remote = company.book(hook, company.invoice(company.line(1, **untaxed)))
    assert remote.tax == 0
    mixed = company.invoice(company.line(1), company.line(2, **untaxed))
    error = refused(company, hook, mixed)
    assert (error.rule.name, error.outcome) == ("tax codes disagree", Outcome.DID_NOT_HAPPEN)
    assert company.booked(mixed.number) == []


def test_a_one_off_line_needs_no_inventory_item(company: Company, hook: QuickFileHook) -> None:
    (entry,) = hook.find_reference(ReferenceKind.ITEM, ["one-off"])
    document = company.small_invoice()
    sending = company.sending(hook, document)
    entries = {**sending.references.entries, (ReferenceKind.ITEM, document.lines[0].item_code): entry}
    (sent,) = hook.create_invoices([replace(sending, references=replace(sending.references, entries=entries))])
    assert sent.remote is not None
    row = company.sandbox.simulators["quickfile"].store.table("invoices")[sent.remote.remote_id]
    assert (row["lines"][0]["ItemID"], row["lines"][0]["ItemName"]) == (0, document.lines[0].item_code)


def test_a_tax_code_mapped_to_another_rate_is_an_error_of_the_document(company: Company, hook: QuickFileHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    wrong = ReferenceItem(kind=ReferenceKind.TAX_CODE, code="5", remote_id="5")
    entries = {**sending.references.entries, (ReferenceKind.TAX_CODE, "GB-S20"): wrong}
    (sent,) = hook.create_invoices([replace(sending, references=replace(sending.references, entries=entries))])
    assert sent.error is not None
    assert sent.error.rule.name == "tax codes disagree"


def test_posting_marks_as_sent_and_mails_only_when_told_to(company: Company, hook: QuickFileHook) -> None:
    quiet = company.sending(hook, company.small_invoice())
    loud = replace(company.sending(hook, company.small_invoice()), options={"send_by_email": True})
    for sending in (quiet, loud):
        (sent,) = hook.create_invoices([sending])
        assert sent.remote is not None
        (posted,) = hook.post_invoices([(sending, sent.remote)])
        assert posted.remote is not None
        assert posted.remote.status is DocumentStatus.OPEN
    rows = company.sandbox.simulators["quickfile"].store.table("invoices").values()
    assert [row["emails"] for row in rows] == [0, 1]


def test_what_stays_a_draft_after_sending_is_told(company: Company, hook: QuickFileHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    (sent,) = hook.create_invoices([sending])
    assert sent.remote is not None
    company.sandbox.inject("quickfile", "send_leaves_draft")
    (posted,) = hook.post_invoices([(sending, sent.remote)])
    assert posted.error is not None
    assert (posted.error.rule.name, posted.error.action) == ("still a draft", Action.REVIEW)


def test_test_mode_checks_documents_and_says_that_none_is_booked(company: Company, hook: QuickFileHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    with company.hook(extra={"test_mode": True}) as trial:
        works, says = trial.test_connection()
        (sent,) = trial.create_invoices([sending])
        with pytest.raises(PlatformError) as caught:
            trial.ensure_customer(company.party(), "GBP")
    assert (works, "test mode" in says) == (False, True)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.outcome, sent.error.rule.shared) == ("test mode", Outcome.DID_NOT_HAPPEN, True)
    assert caught.value.rule.name == "test mode"
    assert company.sandbox.books("quickfile").documents == []


# -- credit notes ------------------------------------------------------------------------------------------------------------------------


def test_a_credit_note_leaves_the_rest_of_its_invoice_open(company: Company, hook: QuickFileHook) -> None:
    original = company.invoice(company.line(1, quantity="8"))
    remote = company.book(hook, original)
    credit = company.book(hook, company.credit_note(corrects=original))
    assert credit.kind is CREDIT_NOTE
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.OPEN
    row = company.sandbox.simulators["quickfile"].store.table("invoices")[credit.remote_id]
    assert row["data"]["CreditNote"] == {"CreditNoteType": "HOLD", "ParentInvoiceID": int(remote.remote_id)}


def test_a_credit_note_without_its_invoice_waits_for_a_person(company: Company, hook: QuickFileHook) -> None:
    document = company.credit_note(corrects=company.small_invoice())
    error = refused(company, hook, document)
    assert (error.rule.name, error.outcome) == ("corrected invoice missing", Outcome.DID_NOT_HAPPEN)
    assert company.booked(document.number) == []


def test_a_credit_note_for_several_invoices_belongs_to_the_first_and_names_all(company: Company, hook: QuickFileHook) -> None:
    original = company.small_invoice()
    remote = company.book(hook, original)
    preceding = (DocumentReference(number=original.number), DocumentReference(number="UK-SI-OTHER"))
    credit = company.book(hook, company.credit_note(corrects=original, preceding_invoices=preceding))
    row = company.sandbox.simulators["quickfile"].store.table("invoices")[credit.remote_id]
    assert row["data"]["CreditNote"]["ParentInvoiceID"] == int(remote.remote_id)
    assert f"Corrects: {original.number}, UK-SI-OTHER" in row["data"]["Notes"]


# -- update, void ------------------------------------------------------------------------------------------------------------------------


def updated(company: Company, hook: QuickFileHook, first: Invoice, remote: RemoteDocument) -> Sent:
    changed = company.invoice(company.line(1, quantity="3"), number=first.number, buyer=first.buyer)
    return hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote)


def test_an_update_that_the_platform_adds_up_is_told_as_booked(company: Company, hook: QuickFileHook) -> None:
    first = company.small_invoice()
    remote = drafted(company, hook, first)
    company.sandbox.inject("quickfile", "keep_old_lines")
    sent = updated(company, hook, first, remote)
    assert sent.remote is not None
    assert (sent.remote.line_count, sent.remote.total) == (2, Decimal("300.00"))


def test_what_a_person_changed_is_not_overwritten(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    first = company.small_invoice()
    remote = drafted(company, hook, first)
    body = owner.invoice_body(int(remote.customer_id), first.number)["InvoiceData"]
    body["InvoiceLines"]["ItemLines"]["ItemLine"][0]["Qty"] = 7
    owner.done("invoice/create", {"InvoiceData": {"InvoiceID": int(remote.remote_id), **body}})
    sent = updated(company, hook, first, remote)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.outcome) == ("changed in QuickFile", Outcome.DID_NOT_HAPPEN)
    assert company.booked(first.number)[0].total == Decimal("840.00")


def test_a_paid_invoice_is_neither_changed_nor_taken_back(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    owner.pay(int(remote.customer_id), int(remote.remote_id), 50)
    sent = updated(company, hook, first, remote)
    voided = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    for each in (sent, voided):
        assert each.error is not None
        assert (each.error.rule.name, each.error.outcome) == ("changed in QuickFile", Outcome.DID_NOT_HAPPEN)
    assert company.booked(first.number)[0].status == "partially_paid"


def test_an_invoice_is_taken_back_by_a_credit_note_that_keeps_the_trail(company: Company, hook: QuickFileHook) -> None:
    lines = company.example_lines()
    document = company.invoice(*lines, charges=company.volume_discount(lines))
    remote = company.book(hook, document)
    voided = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    assert voided.note == f"credit note {document.number}-V"
    (credit,) = company.booked(f"{document.number}-V")
    assert (credit.kind, credit.total, credit.tax) == ("credit_note", document.gross_total, document.tax_total)


def test_the_credit_note_of_a_number_that_is_full_gets_the_next_free_one(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice(number="UK-SI-00000000000123")
    voided = hook.void_invoice(company.book(hook, document), on=today(), reason="Entered twice", key="k")
    assert voided.note == "credit note 000001"
    assert company.booked(document.number) == []


def test_an_invoice_whose_credit_note_shows_late_is_not_credited_again(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    rows = company.sandbox.simulators["quickfile"].store.table("invoices")
    rows[remote.remote_id] = {**rows[remote.remote_id], "credited": False}
    again = hook.void_invoice(remote, on=today(), reason="Entered twice", key="k")
    assert again.error is not None
    assert (again.error.rule.name, again.error.action) == ("credited already", Action.REVIEW)
    assert len(company.booked(f"{document.number}-V")) == 1


def test_a_deletion_that_cannot_be_read_back_is_open(company: Company, hook: QuickFileHook) -> None:
    remote = drafted(company, hook, company.small_invoice())
    company.sandbox.inject("quickfile", "error_before_commit", path="invoice/get", status=403, after=2)
    assert hook.void_invoice(remote, on=today(), reason="Entered twice", key="k").outcome is Outcome.UNKNOWN


def test_a_draft_is_deleted_and_its_payments_are_not(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    voided = hook.void_invoice(drafted(company, hook, document), on=today(), reason="Entered twice", key="k")
    assert voided.note == "deleted"
    (asked,) = calls(company, "invoice/delete")
    assert asked["InvoiceDetails"]["DeleteAssociatedPayments"] is False


# -- payments ----------------------------------------------------------------------------------------------------------------------------


def test_a_payment_on_account_is_a_credit_of_the_client(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("30.00"), allocations=())
    references = company.payment_references(hook, payment, remote.customer_id)
    booked = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert (booked.amount, booked.allocations) == (Decimal("30.00"), ())


def test_a_payment_for_two_invoices_and_a_rest_is_three_of_quickfile_and_none_twice(company: Company, hook: QuickFileHook) -> None:
    buyer = company.party()
    documents = [company.small_invoice(buyer=buyer) for _ in range(2)]
    remotes = [company.book(hook, document) for document in documents]
    shares = tuple(
        Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal(amount))
        for each, amount in zip(remotes, (120, 30), strict=True)
    )
    payment = company.payment(documents[0], remotes[0], Decimal(200), allocations=shares)
    references = company.payment_references(hook, payment, remotes[0].customer_id)
    first, again = (
        hook.apply_payment(payment, customer_id=remotes[0].customer_id, key=str(uuid4()), references=references) for _ in range(2)
    )
    assert (first.amount, len(first.remote_id.split(","))) == (Decimal(200), 3)
    assert again == first
    assert sorted(each.amount for each in company.sandbox.books("quickfile").payments) == [Decimal(30), Decimal(50), Decimal(120)]


def test_where_a_part_is_booked_no_refusal_of_the_rest_says_that_nothing_happened(
    company: Company, hook: QuickFileHook, owner: Owner
) -> None:
    buyer = company.party()
    documents = [company.small_invoice(buyer=buyer) for _ in range(2)]
    remotes = [company.book(hook, document) for document in documents]
    shares = tuple(Allocation(document_number="x", remote_id=each.remote_id, amount=Decimal(100)) for each in remotes)
    payment = company.payment(documents[0], remotes[0], Decimal(200), allocations=shares, received_on=date(2026, 4, 2))
    for remote, amount in zip(remotes, (100, 50), strict=True):
        owner.pay(int(remote.customer_id), int(remote.remote_id), amount)
    with pytest.raises(PlatformError, match="1 of its 2 parts") as caught:
        hook.apply_payment(payment, customer_id=remotes[0].customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)


def test_notes_that_quickfile_would_refuse_are_told_beforehand(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal(40), memo="paid " * 20)
    with pytest.raises(PlatformError, match="notes take 100") as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_payment_in_another_currency_than_its_invoice_is_not_sent(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal(40), currency="EUR")
    with pytest.raises(PlatformError) as caught:
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.rule.name, caught.value.outcome) == ("payment cannot be expressed", Outcome.DID_NOT_HAPPEN)
    assert [each for each in company.sandbox.requests("quickfile") if "client_payments" in each.path and each.method == "POST"] == []


def test_a_payment_for_another_clients_invoice_is_not_sent(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote, other = company.book(hook, document), company.book(hook, company.small_invoice())
    payment = company.payment(document, remote, Decimal(40))
    with pytest.raises(PlatformError, match="of client") as caught:
        hook.apply_payment(payment, customer_id=other.customer_id, key="k", references=References(settings=hook.settings()))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert company.sandbox.books("quickfile").payments == []


def test_a_payment_that_is_listed_and_not_shown_is_not_booked_again(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal(40))
    references = References(settings=hook.settings())
    hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    company.sandbox.inject("quickfile", "error_before_commit", path="client_payments/", status=404, html=True)
    with pytest.raises(PlatformError):
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert len(company.sandbox.books("quickfile").payments) == 1


def test_equal_payments_of_two_invoices_are_two(company: Company, hook: QuickFileHook) -> None:
    buyer = company.party()
    ids = set()
    for _ in range(2):
        document = company.small_invoice(buyer=buyer)
        remote = company.book(hook, document)
        payment = company.payment(document, remote, Decimal("40.00"))
        references = company.payment_references(hook, payment, remote.customer_id)
        ids.add(hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references).remote_id)
    assert len(ids) == 2


def test_a_payment_dated_before_the_last_look_is_seen_within_the_days_set(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    for days, amount in ((2, "10.00"), (9, "20.00")):
        payment = company.payment(document, remote, Decimal(amount), received_on=today() - timedelta(days=days))
        references = company.payment_references(hook, payment, remote.customer_id)
        hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert [each.amount for each in hook.list_payments(datetime.now(UTC))] == [Decimal("10.00")]
    with company.hook(extra={"payment_look_back_days": 10}) as patient:
        assert sorted(each.amount for each in patient.list_payments(datetime.now(UTC))) == [Decimal("10.00"), Decimal("20.00")]


def test_a_foreign_payment_is_told_in_its_own_currency(company: Company, hook: QuickFileHook) -> None:
    document = company.small_invoice(currency="EUR")
    remote = company.book(hook, document)
    payment = company.payment(document, remote, Decimal("40.00"))
    references = company.payment_references(hook, payment, remote.customer_id)
    booked = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=references)
    assert (booked.amount, booked.currency) == (Decimal("40.00"), "EUR")


def test_without_a_rest_token_invoices_work_and_payments_say_what_is_missing(company: Company) -> None:
    with company.hook(extra={"rest_token": ""}) as hook:
        works, says = hook.test_connection()
        assert (works, "REST token" in says) == (True, True)
        document = company.small_invoice()
        remote = company.book(hook, document)
        with pytest.raises(PlatformError) as caught:
            list(hook.list_payments(datetime.now(UTC)))
        assert (caught.value.rule.name, caught.value.action) == ("no REST token", Action.STOP)
    assert not any("/rest/" in each.path for each in company.sandbox.requests("quickfile"))
    assert remote.balance == document.gross_total


def test_a_partly_paid_invoices_balance_is_untold_without_a_rest_token(company: Company, owner: Owner) -> None:
    with company.hook(extra={"rest_token": ""}) as hook:
        remote = company.book(hook, company.small_invoice())
        owner.pay(int(remote.customer_id), int(remote.remote_id), 50)
        now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.PARTIALLY_PAID, None)


def test_a_rest_token_that_has_expired_stops_the_connection(company: Company, hook: QuickFileHook) -> None:
    company.sandbox.inject("quickfile", "rest_token_expired")
    works, says = hook.test_connection()
    assert (works, "401" in says) == (False, True)


# -- errors ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "name", "action"),
    [
        ("lock_period", PERIOD_CLOSED, Action.REVIEW),
        ("errors_under_200", "refused", Action.REVIEW),
        ("method_not_enabled", "method not enabled", Action.STOP),
    ],
)
def test_each_refusal_has_its_meaning(company: Company, hook: QuickFileHook, fault: str, name: str, action: Action) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject("quickfile", fault)
    (sent,) = hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action) == (name, action)


def test_a_number_that_was_taken_since_our_look_up_is_looked_up_again(company: Company, hook: QuickFileHook, owner: Owner) -> None:
    body = owner.invoice_body(owner.new_client())
    owner.done("invoice/create", body)
    company.sandbox.inject("quickfile", "refuse_duplicate_numbers")
    with pytest.raises(PlatformError) as caught:
        hook.rpc("Invoice_Create", body, dict)
    assert (caught.value.rule.name, caught.value.action) == ("duplicate document number", Action.LOOK_UP)


@pytest.mark.parametrize("form", ["error_as_text", "error_with_code"])
def test_refusals_are_understood_in_every_form(company: Company, hook: QuickFileHook, form: str) -> None:
    company.sandbox.inject("quickfile", form)
    assert hook.get_invoice("999999", INVOICE) is None


def test_the_daily_limit_is_left_to_a_later_run_without_further_calls(company: Company, hook: QuickFileHook) -> None:
    sendings = [company.sending(hook, company.small_invoice()) for _ in range(3)]
    company.sandbox.inject("quickfile", "daily_limit")
    before = len(company.sandbox.requests("quickfile"))
    sent = hook.create_invoices(sendings)
    assert [each.key for each in sent] == [each.key for each in sendings]
    for each in sent:
        assert each.error is not None
        assert (each.error.rule.name, each.error.action, each.outcome) == ("daily limit reached", Action.WAIT, Outcome.DID_NOT_HAPPEN)
    assert len(company.sandbox.requests("quickfile")) == before + 1


def test_a_wrong_address_is_no_missing_invoice(company: Company) -> None:
    with company.hook(host=f"{company.connection()['host']}/nowhere") as hook, pytest.raises(PlatformError) as caught:
        hook.get_invoice("90125", INVOICE)
    assert (caught.value.rule.name, caught.value.action) == ("no such address", Action.STOP)


def test_an_account_in_another_currency_is_told(company: Company) -> None:
    with company.hook(extra={"currency": "USD"}) as hook:
        works, says = hook.test_connection()
    assert (works, "home currency is GBP" in says) == (False, True)


def test_an_address_without_country_is_left_to_the_one_on_file(company: Company, hook: QuickFileHook) -> None:
    company.book(hook, company.small_invoice(buyer=company.party(address=Address(line1="1 Quay"))))
    (asked,) = calls(company, "invoice/create")
    assert "ClientAddress" not in asked["InvoiceData"]
