"""Documents through the hook: created, posted, found, changed, voided, over real HTTP and with the vendor's traps."""

from __future__ import annotations

import json
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.business_central.conftest import SLUG, Desk, good
from tests.platforms.business_central.documents import BUYER, credit_note, discount, full_invoice, invoice, line

from airbooks.canonical import DocumentKind, DocumentReference, DocumentStatus
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def books(desk: Desk) -> dict[str, Any]:
    return {each.our_number: each for each in desk.sandbox.books(SLUG).documents}


# -- create and post ----------------------------------------------------------------------------------------------------------


def test_a_full_invoice_is_booked_to_the_cent(desk: Desk) -> None:
    document = full_invoice()
    _, remote = desk.booked(document)
    booked = books(desk)["EU-SI-000123"]
    assert (remote.status, remote.currency, remote.line_count) == (DocumentStatus.OPEN, "USD", 3)
    assert (booked.net, booked.tax, booked.total) == (document.net_total, document.tax_total, document.gross_total)
    assert (remote.net, remote.tax, remote.total) == (document.net_total, document.tax_total, document.gross_total)
    assert (remote.our_number, remote.customer_id, remote.posting_date) == ("EU-SI-000123", "C-EU-0042", date(2026, 3, 17))


def test_creating_makes_a_draft_and_posting_gives_it_another_number_under_the_same_id(desk: Desk) -> None:
    sending, draft = desk.created(invoice())
    assert draft.status is DocumentStatus.DRAFT
    posted = good(desk.hook.post_invoices([(sending, draft)])[0])
    assert (posted.remote_id, posted.status) == (draft.remote_id, DocumentStatus.OPEN)
    assert posted.number != draft.number


def test_a_document_discount_over_lines_of_one_tax_stands_in_the_head(desk: Desk) -> None:
    document = invoice(line(1), line(2, "1", "99.99"), charges=(discount("33.33"),))
    _, remote = desk.booked(document)
    assert (remote.net, remote.total, remote.line_count) == (document.net_total, document.gross_total, 2)


def test_a_batch_is_one_request_and_its_answers_are_matched_by_key(desk: Desk) -> None:
    sendings = [desk.sending(invoice(number=f"EU-SI-00020{n}")) for n in range(3)]
    sent = {each.key: each for each in desk.hook.create_invoices(sendings)}
    assert {sending.document.number for sending in sendings} == {good(sent[sending.key]).our_number for sending in sendings}
    assert all(good(sent[sending.key]).our_number == sending.document.number for sending in sendings)
    assert len(desk.asked("$batch")) == 1


def test_one_bad_document_of_a_batch_neither_undoes_nor_delays_the_others(desk: Desk) -> None:
    bad = desk.sending(invoice(number="EU-SI-000301", salesperson="NOBODY"), salesperson_codes=True)
    sendings = [desk.sending(invoice(number="EU-SI-000300")), bad, desk.sending(invoice(number="EU-SI-000302"))]
    sent = {each.key: each for each in desk.hook.create_invoices(sendings)}
    error = sent[bad.key].error
    assert error is not None
    assert (error.action, error.outcome, error.code) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "Internal_InvalidTableRelation")
    assert sorted(books(desk)) == ["EU-SI-000300", "EU-SI-000302"]


def test_a_batch_that_the_platform_fails_in_part_says_which_part(desk: Desk) -> None:
    sendings = [desk.sending(invoice(number=f"EU-SI-00031{n}")) for n in range(3)]
    desk.inject("partial_batch", at=0, times=1)
    sent = desk.hook.create_invoices(sendings)
    assert [each.key for each in sent if each.error is not None] == [sendings[0].key]
    assert sorted(books(desk)) == ["EU-SI-000311", "EU-SI-000312"]


def test_posting_twice_succeeds_and_books_once(desk: Desk) -> None:
    sending, draft = desk.created(invoice())
    first = good(desk.hook.post_invoices([(sending, draft)])[0])
    again = good(desk.hook.post_invoices([(sending, draft)])[0])
    assert (again.remote_id, again.number) == (first.remote_id, first.number)
    assert len(desk.sandbox.books(SLUG).documents) == 1


def test_a_posting_that_cannot_be_read_back_is_not_called_undone(desk: Desk) -> None:
    sending, draft = desk.created(invoice())
    desk.inject("rate_limited", method="GET", path="/salesInvoices$", after=1, retry_after="600", times=None)
    [sent] = desk.hook.post_invoices([(sending, draft)])
    assert sent.outcome is Outcome.UNKNOWN
    assert books(desk)["EU-SI-000123"].status == "open"


def test_a_draft_of_a_closed_period_is_posted_on_the_day_that_a_person_chose_since(desk: Desk) -> None:
    sending, draft = desk.created(invoice())
    desk.inject("lock_period", through="2026-03-31")
    refused = desk.hook.post_invoices([(sending, draft)])[0]
    assert refused.error is not None
    redated = desk.sending(invoice(posting_date=date(2026, 4, 1)))
    posted = good(desk.hook.post_invoices([(redated, desk.hook.find_invoice("EU-SI-000123", INVOICE)[0])])[0])
    assert (posted.posting_date, posted.issue_date) == (date(2026, 4, 1), date(2026, 3, 16))
    assert desk.hook.company.row(f"salesInvoices({posted.remote_id})")["dueDate"] == "2026-04-15"


def test_a_draft_that_is_there_twice_is_not_posted(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("duplicate_delivery", path=r"\$batch")
    draft = good(desk.hook.create_invoices([sending])[0])
    sent = desk.hook.post_invoices([(sending, draft)])[0]
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action) == ("number used twice", Action.REVIEW)
    assert [each.status for each in desk.sandbox.books(SLUG).documents] == ["draft", "draft"]


def test_a_draft_that_a_workflow_released_looks_open_and_is_still_a_draft(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("release_drafts", times=1)
    draft = good(desk.hook.create_invoices([sending])[0])
    found = desk.hook.find_invoice("EU-SI-000123", INVOICE)
    assert [each.status for each in found] == [DocumentStatus.DRAFT]
    assert good(desk.hook.post_invoices([(sending, draft)])[0]).status is DocumentStatus.OPEN


def test_a_draft_under_approval_is_a_draft_and_posting_it_is_for_a_person(desk: Desk) -> None:
    sending = desk.sending(invoice())
    desk.inject("approval_pending", times=1)
    draft = good(desk.hook.create_invoices([sending])[0])
    assert draft.status is DocumentStatus.DRAFT
    error = desk.hook.post_invoices([(sending, draft)])[0].error
    assert error is not None
    assert (error.rule.name, error.action) == ("waits for approval", Action.REVIEW)


def test_the_tax_that_the_platform_computes_is_reported_before_posting(desk: Desk) -> None:
    desk.inject("wrong_tax", percent=16)
    _, draft = desk.created(invoice())
    assert draft.status is DocumentStatus.DRAFT
    assert (draft.tax, draft.total) == (Decimal("144.16"), Decimal("1045.16"))


def test_price_lists_fill_in_no_discount_because_ours_is_always_given(desk: Desk) -> None:
    desk.inject("price_list", percent=10)
    document = invoice()
    assert desk.created(document)[1].total == document.gross_total


def test_a_customer_card_with_prices_including_tax_gets_no_wrong_draft(desk: Desk) -> None:
    desk.inject("prices_include_tax")
    sent = desk.hook.create_invoices([desk.sending(invoice())])[0]
    assert sent.error is not None
    assert (sent.error.action, sent.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "Prices Including VAT" in sent.error.rule.fix
    assert desk.sandbox.books(SLUG).documents == []


def test_prices_with_tax_fit_a_customer_card_that_includes_it(desk: Desk) -> None:
    desk.inject("prices_include_tax")
    gross = invoice(line(quantity="1", price="119", net_amount=Decimal("100.00")), prices_include_tax=True)
    _, remote = desk.booked(gross)
    assert (remote.net, remote.tax, remote.total) == (Decimal(100), Decimal(19), Decimal(119))


def test_lines_get_their_own_dimensions_before_they_are_posted(desk: Desk) -> None:
    lines = (line(1, dimensions={"department": "WHOLESALE"}), line(2, dimensions={"department": "SERVICE"}), line(3))
    _, posted = desk.booked(invoice(*lines))
    rows = desk.hook.company.rows(f"salesInvoices({posted.remote_id})/salesInvoiceLines", expand="dimensionSetLines")
    assert [[each["valueCode"] for each in row["dimensionSetLines"]] for row in rows] == [["WHOLESALE"], ["SERVICE"], []]


def test_a_draft_for_a_person_to_post_has_its_dimensions_too_and_values_there_are_changed_not_doubled(desk: Desk) -> None:
    lines = (line(1, dimensions={"department": "WHOLESALE"}), line(2, dimensions={"department": "SERVICE"}))
    sending, draft = desk.created(invoice(*lines), post=False)
    place = f"salesInvoices({draft.remote_id})/salesInvoiceLines"
    first = next(iter(desk.hook.company.rows(place, expand="dimensionSetLines")))
    there = f"salesInvoiceLines({first['id']})/dimensionSetLines({first['dimensionSetLines'][0]['id']})"
    desk.hook.company.change(there, {"valueCode": "SERVICE"}, "*")
    good(desk.hook.post_invoices([(sending, draft)])[0])
    rows = desk.hook.company.rows(place, expand="dimensionSetLines")
    assert [[each["valueCode"] for each in row["dimensionSetLines"]] for row in rows] == [["WHOLESALE"], ["SERVICE"]]


def test_a_draft_that_got_no_dimensions_is_for_a_person_and_not_taken_as_it_is(desk: Desk) -> None:
    lines = (line(1, dimensions={"department": "WHOLESALE"}), line(2, dimensions={"department": "SERVICE"}))
    sending = desk.sending(invoice(*lines), post=False)
    desk.inject("rate_limited", method="GET", path="salesInvoiceLines", retry_after="600")
    [sent] = desk.hook.create_invoices([sending])
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action) == ("dimensions not set", Action.REVIEW)
    assert sent.remote is not None


def test_goods_lines_name_the_location_of_their_warehouse(desk: Desk) -> None:
    _, posted = desk.booked(invoice(line(warehouse="NORTH")))
    row = next(iter(desk.hook.company.rows(f"salesInvoices({posted.remote_id})/salesInvoiceLines")))
    assert row["locationId"] == desk.hook.find_reference(ReferenceKind.DIMENSION, {"NORTH"})[0].details["location_id"]


# -- credit notes -------------------------------------------------------------------------------------------------------------


def test_a_credit_note_is_applied_to_the_open_invoice_that_it_corrects(desk: Desk) -> None:
    _, corrected = desk.booked(invoice())
    _, note = desk.booked(credit_note(line(quantity="1")))
    assert (note.kind, note.status, note.total) == (CREDIT_NOTE, DocumentStatus.PAID, Decimal("536.10"))
    now = desk.hook.get_invoice(corrected.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.PARTIALLY_PAID, Decimal("536.09"))


def test_an_invoice_named_in_small_letters_is_the_one_that_the_platform_keeps_in_capitals(desk: Desk) -> None:
    desk.booked(invoice())
    _, note = desk.booked(credit_note(line(quantity="1"), preceding_invoices=(DocumentReference(number="eu-si-000123"),)))
    assert note.status is DocumentStatus.PAID


def test_a_credit_note_whose_invoice_is_not_there_is_booked_unapplied_and_says_so(desk: Desk) -> None:
    _, note = desk.booked(credit_note())
    assert note.status is DocumentStatus.OPEN
    rows = desk.hook.company.rows(f"salesCreditMemos({note.remote_id})/salesCreditMemoLines")
    assert "Corrects invoice: EU-SI-000123 of 2026-03-16" in [row["description"] for row in rows]


def test_a_credit_note_larger_than_the_open_balance_stays_unapplied(desk: Desk) -> None:
    _, corrected = desk.booked(invoice(line(quantity="1")))
    _, note = desk.booked(credit_note(line(quantity="2")))
    assert note.status is DocumentStatus.OPEN
    assert desk.hook.find_invoice("EU-SI-000123", INVOICE)[0].balance == corrected.total


def test_a_released_credit_memo_is_still_a_draft(desk: Desk) -> None:
    desk.inject("release_drafts", times=1)
    desk.created(credit_note())
    assert desk.hook.find_invoice("EU-CN-000017", CREDIT_NOTE)[0].status is DocumentStatus.DRAFT


# -- finding and reading ------------------------------------------------------------------------------------------------------


def test_drafts_and_posted_documents_are_found_by_our_number_and_void_ones_are_not(desk: Desk) -> None:
    desk.created(invoice(number="EU-SI-000401"))
    desk.booked(invoice(number="EU-SI-000402"))
    _, void = desk.booked(invoice(number="EU-SI-000403"))
    good(desk.hook.void_invoice(void, on=date(2026, 3, 20), reason="", key="k"))
    numbers = ["EU-SI-000401", "EU-SI-000402", "EU-SI-000403", "EU-SI-NONE"]
    found = desk.hook.find_invoices([(number, INVOICE) for number in numbers])
    assert [[each.status.value for each in found[number, INVOICE]] for number in numbers] == [["draft"], ["open"], [], []]


def test_many_numbers_are_looked_for_in_few_requests_of_bounded_length(desk: Desk) -> None:
    before = len(desk.asked("salesInvoices"))
    desk.hook.find_invoices([(f"EU-SI-{n:06}", INVOICE) for n in range(45)])
    asked = desk.asked("salesInvoices")[before:]
    assert len(asked) == 3
    assert all(len(each.path) < 4000 for each in asked)


def test_a_document_that_is_gone_reads_as_none(desk: Desk) -> None:
    assert desk.hook.get_invoice("5d115c9c-44e3-ea11-bb43-000d3a2feca1", INVOICE) is None


def test_quotes_in_numbers_and_names_do_not_break_a_query(desk: Desk) -> None:
    assert desk.hook.find_invoice("EU'; 1 eq 1", INVOICE) == []
    party = BUYER.model_copy(update={"name": "O'Brien' or 'x", "code": "C-'1"})
    assert desk.hook.ensure_customer(party, "EUR") == "C-'1"


def test_lists_are_read_over_all_pages(desk: Desk) -> None:
    desk.sandbox.simulators[SLUG].context.options["page_size"] = 10
    assert len(list(desk.hook.list_reference(ReferenceKind.ITEM))) == 35


# -- changing -----------------------------------------------------------------------------------------------------------------


def test_a_draft_is_replaced_as_a_whole_and_then_posted(desk: Desk) -> None:
    _, draft = desk.created(invoice(line(1), line(2)))
    revised = invoice(line(1, "5"), purchase_order="")
    remote = good(desk.hook.update_invoice(desk.sending(revised), draft))
    assert (remote.remote_id, remote.status, remote.total) == (draft.remote_id, DocumentStatus.OPEN, revised.gross_total)
    assert desk.hook.company.row(f"salesInvoices({remote.remote_id})")["customerPurchaseOrderReference"] == ""


def test_a_refused_replacement_leaves_the_draft_as_it_was(desk: Desk) -> None:
    _, draft = desk.created(invoice(line(1), line(2)))
    bad = desk.sending(invoice(line(1, "5"), salesperson="NOBODY"), salesperson_codes=True)
    sent = desk.hook.update_invoice(bad, draft)
    assert sent.error is not None
    assert sent.error.action is Action.REVIEW
    now = desk.hook.get_invoice(draft.remote_id, INVOICE)
    assert now is not None
    assert (now.total, now.line_count) == (draft.total, 2)


def test_a_draft_that_somebody_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    _, draft = desk.created(invoice())
    desk.hook.company.change(f"salesInvoices({draft.remote_id})", {"email": "person@example.com"}, "*")
    sent = desk.hook.update_invoice(desk.sending(invoice(line(1, "5"))), draft)
    assert sent.error is not None
    assert (sent.error.action, sent.error.code) == (Action.REREAD, "Request_EntityChanged")


def test_a_posted_invoice_takes_a_new_due_date_and_nothing_else(desk: Desk) -> None:
    _, posted = desk.booked(invoice())
    later = good(desk.hook.update_invoice(desk.sending(invoice(due_date=date(2026, 5, 1))), posted))
    assert later.version != posted.version
    assert desk.hook.company.row(f"salesInvoices({posted.remote_id})")["dueDate"] == "2026-05-01"
    sent = desk.hook.update_invoice(desk.sending(invoice(line(1, "5"))), later)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action) == ("posted document is fixed", Action.REVIEW)


def test_an_update_whose_first_reading_fails_has_changed_nothing(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sending, posted = desk.booked(invoice())
    desk.inject("error_before_commit", method="GET", path=r"/salesInvoices\(", times=None)
    sent = desk.hook.update_invoice(sending, posted)
    assert sent.outcome is Outcome.DID_NOT_HAPPEN


def test_an_update_that_changes_nothing_writes_nothing(desk: Desk) -> None:
    sending, posted = desk.booked(full_invoice())
    before = len(desk.asked(""))
    assert good(desk.hook.update_invoice(sending, posted)).version == posted.version
    assert {each.method for each in desk.asked("")[before:]} == {"GET"}


def test_voiding_deletes_a_draft_and_cancels_a_posted_invoice(desk: Desk) -> None:
    _, draft = desk.created(invoice(number="EU-SI-000501"))
    gone = desk.hook.void_invoice(draft, on=date(2026, 3, 20), reason="x", key="k1")
    assert (good(gone).status, gone.note) == (DocumentStatus.VOID, "draft deleted")
    assert desk.hook.get_invoice(draft.remote_id, INVOICE) is None
    _, posted = desk.booked(invoice(number="EU-SI-000502"))
    void = desk.hook.void_invoice(posted, on=date(2026, 3, 20), reason="x", key="k2")
    assert (good(void).status, good(void).balance) == (DocumentStatus.VOID, Decimal(0))
    assert void.note == "cancelled by a corrective credit memo"
    again = desk.hook.void_invoice(posted, on=date(2026, 3, 20), reason="x", key="k3")
    assert (good(again).status, again.note) == (DocumentStatus.VOID, "was void already")


def test_a_cancellation_that_stops_half_way_is_not_repeated_blindly(desk: Desk) -> None:
    _, posted = desk.booked(invoice())
    desk.inject("half_cancel", times=1)
    error = desk.hook.void_invoice(posted, on=date(2026, 3, 20), reason="x", key="k").error
    assert error is not None
    assert (error.rule.name, error.action) == ("cancelled half-way", Action.REVIEW)
    assert "by hand" in error.rule.fix


def test_a_posted_credit_memo_cannot_be_void_and_says_what_to_do_instead(desk: Desk) -> None:
    _, note = desk.booked(credit_note())
    error = desk.hook.void_invoice(note, on=date(2026, 3, 20), reason="x", key="k").error
    assert error is not None
    assert (error.action, error.rule.fix) == (Action.REVIEW, "Send an invoice instead.")


# -- customers ----------------------------------------------------------------------------------------------------------------


def test_a_customer_is_found_by_code_or_made_once(desk: Desk) -> None:
    assert desk.hook.ensure_customer(BUYER, "EUR") == "C-EU-0042"
    assert desk.another().ensure_customer(BUYER, "EUR") == "C-EU-0042"
    card = next(iter(desk.hook.company.rows("customers")))
    assert (card["displayName"], card["currencyCode"], card["taxRegistrationNumber"]) == ("Hafenwerft Kiel GmbH", "EUR", "DE811569869")
    assert len([each for each in desk.asked("customers") if each.method == "POST"]) == 1


def test_a_card_under_another_number_is_taken_when_name_and_mail_are_ours(desk: Desk) -> None:
    desk.hook.company.create("customers", {"number": "OLD-7", "displayName": BUYER.name, "email": "AP@hafenwerft.example"})
    assert desk.hook.ensure_customer(BUYER, "EUR") == "OLD-7"


def test_a_card_of_the_same_name_alone_is_not_taken(desk: Desk) -> None:
    desk.hook.company.create("customers", {"number": "OLD-7", "displayName": BUYER.name, "email": "other@example.com"})
    assert desk.hook.ensure_customer(BUYER, "EUR") == "C-EU-0042"


def test_a_customer_made_just_now_by_another_is_found_again_after_the_refusal(desk: Desk) -> None:
    desk.inject("reset_after_commit", method="POST", path="customers$")
    with pytest.raises(PlatformError) as lost:
        desk.hook.ensure_customer(BUYER, "EUR")
    assert lost.value.outcome is Outcome.UNKNOWN
    assert desk.hook.ensure_customer(BUYER, "EUR") == "C-EU-0042"
    assert len(list(desk.hook.company.rows("customers"))) == 1


def test_a_number_series_that_takes_no_numbers_by_hand_is_for_a_person(desk: Desk) -> None:
    desk.inject("refuse_number")
    with pytest.raises(PlatformError) as refused:
        desk.hook.ensure_customer(BUYER, "EUR")
    assert (refused.value.rule.name, refused.value.action) == ("numbers by hand not allowed", Action.REVIEW)


# -- lists and dry runs -------------------------------------------------------------------------------------------------------


def test_lists_tell_codes_ids_and_what_can_be_used(desk: Desk) -> None:
    accounts = {item.code: item.active for item in desk.hook.list_reference(ReferenceKind.ACCOUNT)}
    assert (accounts["4000"], accounts["1100"]) == (True, False)
    assert {item.code for item in desk.hook.list_reference(ReferenceKind.CURRENCY)} == {"EUR", "USD", "GBP", "AUD"}
    assert {item.code for item in desk.hook.list_reference(ReferenceKind.TAX_CODE)} == {"MWST19", "MWST7", "IGL0", "AUSFUHR0"}
    assert {item.code for item in desk.hook.list_reference(ReferenceKind.PAYMENT_METHOD)} == {"WIRE", "CHECK", "CARD"}
    places = {item.code: item.details for item in desk.hook.list_reference(ReferenceKind.DIMENSION)}
    assert places["WHOLESALE"] == {"dimension": "DEPARTMENT"}
    assert places["MAIN"]["dimension"] == "WAREHOUSE"
    assert places["MAIN"]["location_id"]
    assert [item.code for item in desk.hook.find_reference(ReferenceKind.ITEM, {"FRT-STD", "NOPE"})] == ["FRT-STD"]


def test_a_preview_shows_the_exact_batch_and_sends_nothing(desk: Desk) -> None:
    sending = desk.sending(invoice())
    before = len(desk.asked(""))
    shown = desk.hook.preview([sending])[0]
    assert len(desk.asked("")) == before
    desk.hook.create_invoices([sending])
    sent = desk.asked("$batch")[0]
    assert (shown.method, sent.path) == (sent.method, f"/{SLUG}{shown.path}")
    assert json.loads(shown.body) == json.loads(sent.body)


def test_the_connection_test_names_the_company_or_what_is_wrong(desk: Desk) -> None:
    assert desk.hook.test_connection() == (True, "Nordluft Druckluft GmbH (Production), books in EUR.")
    with desk.another(company_id="5d115c9c-44e3-ea11-bb43-000d3a2feca1") as other:
        works, says = other.test_connection()
    assert not works
    assert "Nordluft Druckluft GmbH" in says
    with desk.another(tenant_id="") as other:
        assert other.test_connection()[0] is False


def test_the_same_company_is_reached_on_premises_with_basic_authentication(desk: Desk) -> None:
    from airbooks.platforms.base import Account
    from airbooks.platforms.business_central import BusinessCentralHook
    from airbooks.platforms.business_central.sandbox.simulator import INSTANCE, USER, WEB_SERVICE_KEY

    stored = desk.sandbox.simulators[SLUG].connection()
    extra = {"company_id": stored["extra"]["company_id"], "auth": "basic"}
    for key, works in ((WEB_SERVICE_KEY, True), ("wrong key", False)):
        account = Account(host=f"{stored['host']}/{INSTANCE}", login=USER, password=key, extra=extra)
        with BusinessCentralHook(account=account) as hook:
            assert hook.test_connection()[0] is works


def test_work_dates_of_the_platform_do_not_leak_into_documents(desk: Desk) -> None:
    desk.sandbox.simulators[SLUG].clock.offset = timedelta(days=-200)
    _, posted = desk.booked(invoice())
    assert (posted.issue_date, posted.posting_date) == (date(2026, 3, 16), date(2026, 3, 16))
