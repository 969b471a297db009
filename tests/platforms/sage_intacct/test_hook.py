"""The connector over real HTTP: every method of the port, every kind of error, every trap of the contract."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from lxml import etree
from tests.documents import credit_note, invoice, line
from tests.platforms.sage_intacct.conftest import BUYER, SLUG, House, account, references
from tests.platforms.sage_intacct.gateway_client import Gateway, payment

from airbooks.canonical import AllowanceCharge, CreditNote, DocumentKind, DocumentStatus, Invoice, Payment, RemoteDocument
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.sage_intacct.hook import SageIntacctHook
from airbooks.platforms.sage_intacct.queries import PAGE
from airbooks.sandbox.server import Sandbox

ITEM = {"item_code": "FLT-FIN-01"}


def sale(number: str = "UK-SI-000123", *lines: Any, **fields: Any) -> Invoice:
    given = {"number": number, "buyer": BUYER, "currency": "GBP", **fields}
    return invoice(*(lines or (line(**ITEM),)), **given)


def memo(number: str = "UK-CN-000017", *lines: Any, **fields: Any) -> CreditNote:
    return credit_note(*(lines or (line(**ITEM),)), **{"number": number, "buyer": BUYER, "currency": "GBP", **fields})


def booked(house: House, document: Invoice | CreditNote, **options: Any) -> RemoteDocument:
    [sent] = house.hook.create_invoices([house.sending(document, **options)])
    assert sent.remote is not None, sent.error
    return sent.remote


def failure(sent: Sent) -> PlatformError:
    assert sent.error is not None
    return sent.error


# The connection


def test_a_working_connection_says_what_it_reaches(house: House) -> None:
    assert house.hook.test_connection() == (True, "Company airbooks-uk, entity 100 (Harbour UK).")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"sender_password": "wrong-sender"}, "sender"),
        ({"company_id": "other"}, "sign-in"),
        ({"entity_id": "300"}, "sign-in"),
        ({"tax_solution_id": "Australia - GST"}, "no tax solution 'Australia - GST'"),
        ({"custom_number_field": "NO_SUCH_FIELD"}, "NO_SUCH_FIELD"),
    ],
)
def test_a_broken_connection_says_what_is_missing(sandbox: Any, extra: dict[str, str], words: str) -> None:
    with SageIntacctHook("sage_intacct_uk", account=account(sandbox(SLUG), **extra)) as hook:
        works, says = hook.test_connection()
    assert (works, words in says) == (False, True)


def test_a_wrong_password_stops_the_connection_after_one_sign_in(house: House) -> None:
    before = len(house.calls())
    with (
        SageIntacctHook("sage_intacct_uk", account=account(house.sandbox, sender_password="wrong-sender")) as hook,
        pytest.raises(PlatformError) as raised,
    ):
        hook.find_invoice("UK-SI-1", DocumentKind.INVOICE)
    assert (raised.value.action, raised.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert len(house.calls()) == before + 1


def test_one_session_serves_many_requests(house: House) -> None:
    for number in range(3):
        house.hook.find_invoice(f"UK-SI-{number}", DocumentKind.INVOICE)
    assert sum("getAPISession" in body for body in house.calls()) == 1


@pytest.mark.parametrize("answer", ["authentication failure", "http400"])
def test_a_session_that_ends_mid_batch_is_renewed_and_nothing_is_sent_twice(house: House, answer: str) -> None:
    house.inject("expire_sessions", times=1, answer=answer)
    booked(house, sale())
    assert [each.number for each in house.books().documents] == ["UK-SI-000123"]
    assert sum("getAPISession" in body for body in house.calls()) == 2


def test_a_session_that_ran_out_is_not_even_tried(house: House) -> None:
    house.sandbox.simulators[SLUG].clock.offset = timedelta(hours=9)
    assert house.hook.find_invoice("UK-SI-1", DocumentKind.INVOICE) == []


def test_the_end_point_of_the_session_is_used(house: House) -> None:
    house.inject("moved_endpoint")
    house.hook.renew_token()
    booked(house, sale())
    assert house.sandbox.requests(SLUG)[-1].path.startswith("/sage_intacct/p7/")


def test_no_secret_is_told_by_an_error_or_a_preview(house: House) -> None:
    house.inject("gateway_busy", times=9, status=200)
    secrets = [each for each in house.hook.secrets() if each and not each.startswith("http")]
    with pytest.raises(PlatformError) as raised:
        house.hook.create_invoices([house.sending(sale())])
    told = f"{raised.value} {raised.value.body} {house.hook.preview([house.sending(sale())])} {house.hook.account!r}"
    assert [secret for secret in secrets if secret in told] == []


# Creating


def test_an_invoice_is_booked_and_read_back_equal_to_the_cent(house: House) -> None:
    tax = {"tax_category": "S", "tax_rate": Decimal(20), "tax_code": "GB-S20"}
    document = sale(
        "UK-SI-000200",
        line(1, "3", "33.333", "20", **ITEM),
        line(2, "7", "0.99", "5", item_code="OIL-SYN-20"),
        charges=[AllowanceCharge.model_validate({"amount": "10.01", "account_code": "DISCOUNT", **tax})],
        currency="EUR",
        dimensions={"department": "WHOLESALE"},
    )
    remote = booked(house, document)
    assert differences(document, remote, "C-UK-0042") == ()
    assert (remote.status, remote.issue_date, remote.balance) == (DocumentStatus.OPEN, document.issue_date, document.gross_total)
    [theirs] = house.books().documents
    assert (theirs.net, theirs.tax, theirs.total) == (document.net_total, document.tax_total, document.gross_total)


def test_a_credit_note_is_booked_and_read_back_equal_to_the_cent(house: House) -> None:
    document = memo()
    assert differences(document, booked(house, document), "C-UK-0042") == ()
    assert [each.kind for each in house.books().documents] == ["credit_note"]


def test_a_batch_is_one_request_and_its_results_are_matched_by_key(house: House) -> None:
    good, bad, credit = house.sending(sale("A")), house.sending(sale("B")), house.sending(memo("C"))
    bad = Sending(key=bad.key, document=bad.document, references=references(bad.document, dict(house.hook.settings()), "C-NONE"))
    sent = {each.key: each for each in house.hook.create_invoices([good, bad, credit])}
    assert sum("<create_invoice>" in body for body in house.calls()) == 1
    assert sent[good.key].remote is not None
    assert sent[credit.key].remote is not None
    error = failure(sent[bad.key])
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "unknown reference")
    assert "Invalid Customer 'C-NONE' specified." in error.message
    assert error.request_id
    assert sorted(each.number for each in house.books().documents) == ["A", "C"]


def test_one_failing_function_neither_undoes_nor_delays_the_others(house: House) -> None:
    house.inject("partial_batch", position=2, times=1)
    sent = house.hook.create_invoices([house.sending(sale(name)) for name in "ABC"])
    assert [each.outcome for each in sent] == [Outcome.HAPPENED, Outcome.DID_NOT_HAPPEN, Outcome.HAPPENED]


def test_a_schema_refusal_of_one_document_does_not_hold_back_the_rest(house: House) -> None:
    sendings = [house.sending(sale(name)) for name in "ABCD"]
    broken = sendings[2].document.model_copy(update={"due_date": None, "terms": sendings[2].document.terms.model_copy(update={"code": ""})})
    sendings[2] = Sending(key=sendings[2].key, document=broken, references=sendings[2].references)
    sent = house.hook.create_invoices(sendings)
    assert {each.key for each in sent if each.remote} == {sendings[n].key for n in (0, 1, 3)}
    assert [failure(each).code for each in sent if each.error] == ["XL03000003"]


def test_what_fails_one_half_of_a_batch_says_nothing_about_the_other(house: House) -> None:
    good, bad = house.sending(sale("A")), house.sending(sale("B"))
    broken = bad.document.model_copy(update={"due_date": None, "terms": bad.document.terms.model_copy(update={"code": ""})})
    bad = Sending(key=bad.key, document=broken, references=bad.references)
    house.inject("rate_limited", body="<create_invoice>", after=2, retry_after="600", times=None)
    sent = {each.key: each.outcome for each in house.hook.create_invoices([good, bad])}
    assert sent == {good.key: Outcome.HAPPENED, bad.key: Outcome.DID_NOT_HAPPEN}


def test_a_draft_under_our_number_is_not_told_as_booked(house: House) -> None:
    draft = booked(house, sale(), draft=True)
    [sent] = house.hook.create_invoices([house.sending(sale())])
    assert sent.remote == draft
    assert (failure(sent).rule.name, failure(sent).action) == ("left as a draft", Action.REVIEW)


def test_a_session_that_cannot_be_had_leaves_no_doubt_about_documents(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    sending = house.sending(sale())
    house.inject("error_before_commit", body="getAPISession", times=None)
    with SageIntacctHook("sage_intacct_uk", account=house.hook.account) as hook, pytest.raises(PlatformError) as raised:
        hook.create_invoices([sending])
    assert raised.value.outcome is Outcome.DID_NOT_HAPPEN


def test_a_draft_stays_a_draft(house: House) -> None:
    assert booked(house, sale(), draft=True).status is DocumentStatus.DRAFT
    assert [each.status for each in house.books().documents] == ["draft"]


def test_the_preview_is_what_is_sent_and_sends_nothing(house: House) -> None:
    sending = house.sending(sale())
    before = len(house.calls())
    [preview] = house.hook.preview([sending])
    assert len(house.calls()) == before
    house.hook.create_invoices([sending])
    content = etree.fromstring(preview.body, etree.XMLParser(remove_blank_text=True))
    assert etree.tostring(content, encoding="unicode") in next(body for body in house.calls() if "<create_invoice>" in body)


def test_what_cannot_be_expressed_is_refused_without_a_call(house: House) -> None:
    before = len(house.calls())
    assert [each.code for each in house.hook.refusals(sale(currency="KWD"))] == ["AB-UNSUPPORTED:decimals"]
    assert len(house.calls()) == before


# Once


def test_a_document_whose_answer_was_lost_is_found_by_its_number(house: House) -> None:
    house.inject("edge_cut", times=1)
    with pytest.raises(PlatformError) as raised:
        house.hook.create_invoices([house.sending(sale())])
    assert (raised.value.action, raised.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    [found] = house.hook.find_invoice("UK-SI-000123", DocumentKind.INVOICE)
    assert differences(sale(), found, "C-UK-0042") == ()


def test_the_same_sending_twice_books_once(house: House) -> None:
    sending = house.sending(sale())
    house.hook.create_invoices([sending])
    [again] = house.hook.create_invoices([sending])
    assert (failure(again).action, again.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(house.books().documents) == 1


def test_a_document_without_its_references_fails_alone(house: House) -> None:
    good, bare = house.sending(sale("A")), house.sending(sale("B"))
    bare = Sending(key=bare.key, document=bare.document, references=References(customer="C-UK-0042", settings=bare.references.settings))
    sent = {each.key: each for each in house.hook.create_invoices([bare, good])}
    assert (failure(sent[bare.key]).action, sent[good.key].outcome) == (Action.REVIEW, Outcome.HAPPENED)


def test_voiding_twice_is_harmless(house: House) -> None:
    remote, key = booked(house, sale()), str(uuid4())
    for _ in range(2):
        assert house.hook.void_invoice(remote, on=date(2026, 3, 20), reason="", key=key).outcome is Outcome.HAPPENED
    assert [each.status for each in house.books().documents] == ["void"]


def test_a_request_that_a_proxy_doubles_books_once(house: House) -> None:
    house.inject("duplicate_delivery", body="<create_invoice>")
    with pytest.raises(PlatformError) as raised:
        house.hook.create_invoices([house.sending(sale())])
    assert raised.value.outcome is Outcome.UNKNOWN
    assert len(house.books().documents) == 1


def test_a_completed_function_is_not_repeated_in_another_batch(house: House) -> None:
    once, more = house.sending(sale("A")), house.sending(sale("B"))
    house.hook.create_invoices([once])
    sent = {each.key: each for each in house.hook.create_invoices([once, more])}
    assert failure(sent[once.key]).outcome is Outcome.UNKNOWN
    assert sent[more.key].remote is not None
    assert sorted(each.number for each in house.books().documents) == ["A", "B"]


def test_a_number_that_is_already_there_gives_back_the_document_that_has_it(house: House) -> None:
    first = booked(house, sale())
    [sent] = house.hook.create_invoices([house.sending(sale())])
    assert (sent.remote, sent.note) == (first, "was there already")


def test_a_foreign_document_under_our_number_is_not_taken_for_ours(house: House) -> None:
    booked(house, sale(notes=("somebody else's",)))
    other = sale("UK-SI-000123", line(1, "9", "9.99", **ITEM))
    [sent] = house.hook.create_invoices([house.sending(other)])
    assert sent.remote is not None
    assert {each.field for each in differences(other, sent.remote, "C-UK-0042")} == {"net total", "tax total", "total with tax"}


def test_a_reversed_number_is_spent_and_said_so(house: House) -> None:
    remote = booked(house, sale())
    house.hook.void_invoice(remote, on=date(2026, 3, 20), reason="Wrong customer", key=str(uuid4()))
    [sent] = house.hook.create_invoices([house.sending(sale())])
    error = failure(sent)
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "number spent")


def test_document_numbering_keeps_our_number_in_the_custom_field(house: House) -> None:
    house.inject("number_documents")
    document = sale()
    remote = booked(house, document)
    assert (remote.number, remote.our_number) == ("RI-1001", "UK-SI-000123")
    assert differences(document, remote, "C-UK-0042") == ()
    assert house.hook.find_invoice("UK-SI-000123", DocumentKind.INVOICE) == [remote]


def test_a_document_that_cannot_be_read_back_is_looked_up_later(house: House) -> None:
    house.inject("error_before_commit", body="ARINVOICEITEM", times=None)
    [sent] = house.hook.create_invoices([house.sending(sale())])
    assert (failure(sent).action, sent.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(house.books().documents) == 1


# Looking


def test_what_is_not_there_is_none_or_nothing(house: House) -> None:
    assert house.hook.find_invoice("UK-SI-404", DocumentKind.INVOICE) == []
    assert house.hook.get_invoice("404", DocumentKind.CREDIT_NOTE) is None


def test_a_reversal_hides_neither_record_of_it_behind_our_number(house: House) -> None:
    remote = booked(house, sale())
    house.hook.void_invoice(remote, on=date(2026, 3, 20), reason="", key=str(uuid4()))
    assert house.hook.find_invoice("UK-SI-000123", DocumentKind.INVOICE) == []
    seen = house.hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert seen is not None
    assert (seen.status, seen.total) == (DocumentStatus.VOID, remote.total)


def test_at_top_level_what_belongs_to_an_entity_is_found(house: House) -> None:
    booked(house, sale())
    with SageIntacctHook("top", account=account(house.sandbox, entity_id="", default_location="100")) as top:
        assert len(top.find_invoice("UK-SI-000123", DocumentKind.INVOICE)) == 1
        [sent] = top.create_invoices(
            [Sending(key=str(uuid4()), document=sale("UK-SI-9"), references=references(sale(), dict(top.settings())))]
        )
        assert sent.remote is not None


def test_long_documents_are_read_to_their_last_line(house: House) -> None:
    document = sale("UK-SI-BIG", *(line(number, "1", "1.11", **ITEM) for number in range(700)))
    assert differences(document, booked(house, document), "C-UK-0042") == ()


# Changing and undoing


def test_an_unpaid_invoice_is_changed_line_by_line(house: House) -> None:
    remote = booked(house, sale())
    changed = sale("UK-SI-000123", line(1, "4", "60", "5", **ITEM), line(2, "1", "10", **ITEM), due_date=date(2026, 5, 1))
    sent = house.hook.update_invoice(house.sending(changed), remote)
    assert sent.remote is not None, sent.error
    assert sent.remote.remote_id == remote.remote_id
    assert differences(changed, sent.remote, "C-UK-0042") == ()


def test_a_credit_note_is_changed_too(house: House) -> None:
    remote = booked(house, memo())
    changed = memo("UK-CN-000017", line(1, "1", "70", **ITEM))
    sent = house.hook.update_invoice(house.sending(changed), remote)
    assert sent.remote is not None, sent.error
    assert differences(changed, sent.remote, "C-UK-0042") == ()


def test_lines_cannot_be_taken_away_and_nothing_is_sent(house: House) -> None:
    remote = booked(house, sale("A", line(1, **ITEM), line(2, **ITEM)))
    error = failure(house.hook.update_invoice(house.sending(sale("A")), remote))
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert not any("<update_invoice" in body for body in house.calls())


def test_what_somebody_changed_there_is_not_overwritten(house: House) -> None:
    remote = booked(house, sale())
    house.sandbox.simulators[SLUG].clock.offset = timedelta(minutes=1)
    update = '<updatelineitem line_num="1"><memo>by hand</memo></updatelineitem>'
    Gateway(house.sandbox.simulators[SLUG].connection()).one(
        f'<update_invoice key="{remote.remote_id}"><updateinvoiceitems>{update}</updateinvoiceitems></update_invoice>'
    )
    error = failure(house.hook.update_invoice(house.sending(sale()), remote))
    assert (error.action, error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)


def test_a_change_that_cannot_be_read_back_is_not_called_undone(house: House) -> None:
    remote = booked(house, sale())
    changed = sale("UK-SI-000123", line(1, "4", "60", **ITEM))
    house.inject("rate_limited", body="<object>ARINVOICE</object>", after=1, retry_after="600", times=None)
    assert house.hook.update_invoice(house.sending(changed), remote).outcome is Outcome.UNKNOWN
    assert [each.net for each in house.books().documents] == [changed.net_total]


def test_an_update_whose_first_reading_fails_has_changed_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    remote = booked(house, sale())
    house.inject("error_before_commit", body="<object>ARINVOICE</object>", times=None)
    assert house.hook.update_invoice(house.sending(sale()), remote).outcome is Outcome.DID_NOT_HAPPEN


def test_a_reversal_that_cannot_be_read_back_is_not_called_undone(house: House) -> None:
    remote = booked(house, sale())
    house.inject("rate_limited", body="<object>ARINVOICE</object>", after=1, retry_after="600", times=None)
    sent = house.hook.void_invoice(remote, on=date(2026, 3, 20), reason="", key=str(uuid4()))
    assert sent.outcome is Outcome.UNKNOWN
    assert [each.status for each in house.books().documents] == ["void"]


def test_a_paid_invoice_is_neither_changed_nor_voided(house: House) -> None:
    remote = booked(house, sale())
    Gateway(house.sandbox.simulators[SLUG].connection()).one(payment(remote.remote_id, "120"))
    now = house.hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PAID
    for sent in (
        house.hook.update_invoice(house.sending(sale()), now),
        house.hook.void_invoice(now, on=date(2026, 3, 20), reason="", key=str(uuid4())),
    ):
        assert (failure(sent).action, sent.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert [each.status for each in house.books().documents] == ["paid"]


def test_a_posted_invoice_is_voided_by_a_reversal(house: House) -> None:
    remote = booked(house, sale())
    sent = house.hook.void_invoice(remote, on=date(2026, 3, 20), reason="Wrong customer", key=str(uuid4()))
    assert sent.remote is not None
    assert (sent.remote.status, sent.note) == (DocumentStatus.VOID, "reversed on 2026-03-20")
    assert [each.status for each in house.books().documents] == ["void"]


@pytest.mark.parametrize(("document", "options"), [(sale(), {"draft": True}), (memo(), {})])
def test_drafts_and_credit_notes_are_voided_by_deleting_them(house: House, document: Invoice, options: dict[str, Any]) -> None:
    remote = booked(house, document, **options)
    sent = house.hook.void_invoice(remote, on=date(2026, 3, 20), reason="", key=str(uuid4()))
    assert sent.remote is not None
    assert (sent.remote.status, sent.note) == (DocumentStatus.VOID, "deleted")
    assert house.books().documents == []


def test_a_closed_period_is_for_a_person_to_decide(house: House) -> None:
    house.inject("lock_period", through="2026-03-31")
    [sent] = house.hook.create_invoices([house.sending(sale())])
    error = failure(sent)
    assert (error.rule.name, error.action, error.outcome) == ("period closed", Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "posting date" in error.rule.fix
    assert booked(house, sale(posting_date=date(2026, 4, 1))).posting_date == date(2026, 4, 1)


# Errors


@pytest.mark.parametrize(
    ("fault", "given", "action", "outcome"),
    [
        ("deny_sender", {}, Action.STOP, Outcome.DID_NOT_HAPPEN),
        ("demo_expired", {}, Action.STOP, Outcome.DID_NOT_HAPPEN),
        ("gateway_busy", {"times": 9}, Action.WAIT, Outcome.DID_NOT_HAPPEN),
        ("gateway_busy", {"times": 9, "status": 200}, Action.WAIT, Outcome.DID_NOT_HAPPEN),
        ("offline", {"times": 9}, Action.RETRY, Outcome.DID_NOT_HAPPEN),
        ("edge_cut", {}, Action.LOOK_UP, Outcome.UNKNOWN),
        ("timeout_after_commit", {"body": "<create_invoice>"}, Action.LOOK_UP, Outcome.UNKNOWN),
        ("reset_after_commit", {"body": "<create_invoice>"}, Action.LOOK_UP, Outcome.UNKNOWN),
        ("truncated_body", {"body": "<create_invoice>"}, Action.LOOK_UP, Outcome.UNKNOWN),
        ("malformed_body", {"body": "<create_invoice>"}, Action.LOOK_UP, Outcome.UNKNOWN),
        ("empty_body", {"body": "<create_invoice>"}, Action.LOOK_UP, Outcome.UNKNOWN),
        ("error_after_commit", {"body": "<create_invoice>", "html": True}, Action.LOOK_UP, Outcome.UNKNOWN),
    ],
)
def test_each_failure_says_what_to_do_and_whether_it_happened(
    house: House, fault: str, given: dict[str, Any], action: Action, outcome: Outcome
) -> None:
    house.inject(fault, **{"times": 1, **given})
    with SageIntacctHook("sage_intacct_uk", account=house.hook.account, read_timeout=2.0) as hook, pytest.raises(PlatformError) as raised:
        hook.create_invoices([house.sending(sale())])
    assert (raised.value.action, raised.value.outcome) == (action, outcome)
    happened = [each.number for each in house.books().documents]
    assert happened == (["UK-SI-000123"] if outcome is Outcome.UNKNOWN else [])


@pytest.mark.parametrize("fault", ["gateway_busy", "offline"])
def test_a_platform_that_is_busy_for_a_moment_is_asked_again(house: House, fault: str) -> None:
    house.inject(fault, times=1)
    assert booked(house, sale()).number == "UK-SI-000123"


def test_a_failing_line_says_which_word_the_platform_did_not_know(house: House) -> None:
    document = sale("UK-SI-1", line(item_code="NO-SUCH-ITEM"))
    [sent] = house.hook.create_invoices([house.sending(document)])
    assert "Invalid Item 'NO-SUCH-ITEM' specified." in failure(sent).message


# Customers


def test_a_customer_is_created_once_with_what_we_know(house: House) -> None:
    assert house.hook.ensure_customer(BUYER, "EUR") == "C-UK-0042"
    [row] = Gateway(house.sandbox.simulators[SLUG].connection()).query(
        "CUSTOMER", "CUSTOMERID NAME TAXID DISPLAYCONTACT.EMAIL1 DISPLAYCONTACT.MAILADDRESS.COUNTRY DISPLAYCONTACT.MAILADDRESS.ZIP"
    )
    assert list(row.values()) == ["C-UK-0042", BUYER.name, "GB123456789", "ap@northside.example", "United Kingdom", "LS1 4AP"]


def test_a_customer_under_another_code_is_known_by_name_and_mail(house: House) -> None:
    renamed = BUYER.model_copy(update={"code": "C-UK-0099"})
    assert house.hook.ensure_customer(renamed, "GBP") == "C-UK-0042"
    stranger = renamed.model_copy(update={"contact": renamed.contact.model_copy(update={"email": "else@where.example"})})
    assert house.hook.ensure_customer(stranger, "GBP") == "C-UK-0099"


def test_a_contact_name_that_is_taken_does_not_keep_a_customer_out(house: House) -> None:
    gateway = Gateway(house.sandbox.simulators[SLUG].connection())
    taken = "<CONTACTNAME>Harbour Foundry Ltd(C-UK-0007)</CONTACTNAME>"
    gateway.one(
        "<create><CUSTOMER><CUSTOMERID>X</CUSTOMERID><NAME>X</NAME>"
        f"<DISPLAYCONTACT>{taken}<PRINTAS>X</PRINTAS></DISPLAYCONTACT></CUSTOMER></create>"
    )
    party = BUYER.model_copy(update={"code": "C-UK-0007", "name": "Harbour Foundry Ltd"})
    assert house.hook.ensure_customer(party, "GBP") == "C-UK-0007"
    assert house.hook.ensure_customer(party, "GBP") == "C-UK-0007"


# Payments


def receipt(remote: RemoteDocument | None, amount: str = "120.00", applied: str = "", **fields: Any) -> Payment:
    allocations = [{"document_number": remote.number, "remote_id": remote.remote_id, "amount": applied or amount}] if remote else []
    given = {
        "source": "bank",
        "source_id": "1",
        "customer_code": "C-UK-0042",
        "received_on": date(2026, 4, 2),
        "currency": "GBP",
        "amount": amount,
        "reference": "ACH-5531",
        "method": "Wire",
        "allocations": allocations,
    }
    return Payment.model_validate({**given, **fields})


def pay(house: House, paid: Payment, key: str = "") -> Any:
    return house.hook.apply_payment(
        paid, customer_id="C-UK-0042", key=key or str(uuid4()), references=references(sale(), dict(house.hook.settings()))
    )


def test_a_payment_closes_its_invoice_and_is_read_back(house: House) -> None:
    remote = booked(house, sale())
    read = pay(house, receipt(remote))
    assert (read.amount, read.currency, read.reference, read.received_on) == (Decimal(120), "GBP", "ACH-5531", date(2026, 4, 2))
    assert [(each.remote_id, each.amount) for each in read.allocations] == [(remote.remote_id, Decimal(120))]
    now = house.hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.PAID, Decimal(0))


def test_a_payment_is_booked_once_whatever_happens_to_the_answer(house: House) -> None:
    remote, key = booked(house, sale()), str(uuid4())
    house.inject("reset_after_commit", body="<ARPYMT>", times=1)
    with pytest.raises(PlatformError) as raised:
        pay(house, receipt(remote), key)
    assert raised.value.outcome is Outcome.UNKNOWN
    again = pay(house, receipt(remote), key)
    assert [each.remote_id for each in house.books().payments] == [again.remote_id]


def test_a_booked_payment_that_cannot_be_read_back_is_not_called_unbooked(house: House) -> None:
    remote = booked(house, sale())
    house.inject("rate_limited", body="<object>ARPYMT</object>", after=1, retry_after="600", times=None)
    with pytest.raises(PlatformError) as raised:
        pay(house, receipt(remote))
    assert raised.value.outcome is Outcome.UNKNOWN
    assert len(house.books().payments) == 1


def test_two_payments_of_one_reference_and_day_are_two(house: House) -> None:
    remote = booked(house, sale())
    first, second = (pay(house, receipt(remote, amount="60.00", source_id=each)) for each in ("1", "11"))
    assert first.remote_id != second.remote_id
    assert len(house.books().payments) == 2


@pytest.mark.parametrize("reference", ["ACH-5531", ""])
@pytest.mark.parametrize("applied", [True, False])
def test_a_payment_is_known_again_under_another_key(house: House, reference: str, applied: bool) -> None:
    remote = booked(house, sale()) if applied else None
    first, again = (pay(house, receipt(remote, reference=reference)) for _ in range(2))
    assert again.remote_id == first.remote_id
    assert len(house.books().payments) == 1


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(house: House) -> None:
    remote = booked(house, sale())
    pay(house, receipt(remote, amount="60.00"))
    with pytest.raises(PlatformError) as raised:
        pay(house, receipt(remote, amount="50.00"))
    assert (raised.value.action, raised.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(house.books().payments) == 1


def test_a_rate_of_another_ledger_is_refused(house: House) -> None:
    with pytest.raises(PlatformError) as raised:
        pay(house, receipt(None, currency="EUR", exchange_rate={"base": "USD", "rate": "1.08"}))
    assert "is to USD" in raised.value.message
    assert house.books().payments == []


def test_what_is_left_of_a_payment_stays_as_an_overpayment(house: House) -> None:
    remote = booked(house, sale())
    read = pay(house, receipt(remote, amount="150.00", applied="120.00"))
    assert (read.amount, [each.amount for each in read.allocations]) == (Decimal(150), [Decimal(120)])


def test_money_for_no_invoice_becomes_an_advance(house: House) -> None:
    key = str(uuid4())
    read = pay(house, receipt(None, reference=""), key)
    assert (read.amount, read.allocations) == (Decimal(120), ())
    assert pay(house, receipt(None, reference=""), key).remote_id == read.remote_id
    assert len(house.books().payments) == 1


def test_an_early_payment_discount_settles_the_rest(house: House) -> None:
    remote = booked(house, sale())
    allocation = {"document_number": remote.number, "remote_id": remote.remote_id, "amount": "117.60", "discount": "2.40"}
    pay(house, receipt(None, amount="117.60", allocations=[allocation]))
    now = house.hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PAID


def test_more_than_is_due_is_refused_and_books_nothing(house: House) -> None:
    remote = booked(house, sale())
    with pytest.raises(PlatformError) as raised:
        pay(house, receipt(remote, amount="120.01"))
    assert (raised.value.action, raised.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert house.books().payments == []


@pytest.mark.parametrize("change", [{"kind": "refund"}, {"kind": "charge_back"}])
def test_money_that_goes_back_is_not_booked_as_money_that_came(house: House, change: dict[str, str]) -> None:
    with pytest.raises(PlatformError) as raised:
        pay(house, receipt(None, **change))
    assert (raised.value.action, raised.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_payments_that_changed_since_are_listed_with_their_invoices(house: House) -> None:
    remote = booked(house, sale())
    start = datetime.now(UTC) - timedelta(minutes=5)
    read = pay(house, receipt(remote))
    assert list(house.hook.list_payments(start)) == [read]
    assert list(house.hook.list_payments(datetime.now(UTC) + timedelta(minutes=5))) == []


def test_a_payment_reversed_there_is_told_once_and_its_twin_is_not(house: House) -> None:
    read = pay(house, receipt(booked(house, sale())))
    day = "<datereversed><year>2026</year><month>04</month><day>03</day></datereversed>"
    gateway = Gateway(house.sandbox.simulators[SLUG].connection())
    gateway.one(f'<reverse_arpayment key="{read.remote_id}">{day}</reverse_arpayment>')
    [seen] = house.hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))
    assert (seen.remote_id, seen.reversed, seen.allocations) == (read.remote_id, True, ())


def test_payments_come_page_by_page_to_the_last(house: House) -> None:
    remote = booked(house, sale("UK-SI-BIG", line(1, "1", "2000", **ITEM)))
    gateway = Gateway(house.sandbox.simulators[SLUG].connection())
    gateway.call(*(payment(remote.remote_id, "1") for _ in range(PAGE + 1)))
    assert len(list(house.hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)))) == PAGE + 1


# Lists


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (ReferenceKind.ITEM, "CMP-RS-11"),
        (ReferenceKind.ACCOUNT, "4000"),
        (ReferenceKind.TAX_CODE, "UK Sales Standard"),
        (ReferenceKind.TERMS, "Net 30"),
        (ReferenceKind.CURRENCY, "EUR"),
        (ReferenceKind.DIMENSION, "WHOLESALE"),
        (ReferenceKind.PAYMENT_METHOD, "EFT"),
    ],
)
def test_the_companys_codes_are_listed_and_found(house: House, kind: ReferenceKind, code: str) -> None:
    listed = {item.code for item in house.hook.list_reference(kind)}
    assert code in listed
    found = house.hook.find_reference(kind, {code, "NO-SUCH-CODE"})
    assert {(item.code, item.remote_id, item.active) for item in found} == {(code, code, True)}


def test_a_field_that_the_company_does_not_have_is_no_doubt_about_a_document(house: House) -> None:
    wrong = account(house.sandbox, custom_number_field="NO_SUCH_FIELD")
    with SageIntacctHook("sage_intacct_uk", account=wrong) as hook, pytest.raises(PlatformError) as raised:
        hook.find_invoice("UK-SI-000123", DocumentKind.INVOICE)
    assert raised.value.outcome is Outcome.DID_NOT_HAPPEN


def test_units_are_no_list_of_this_platform(house: House) -> None:
    assert list(house.hook.list_reference(ReferenceKind.UNIT)) == []


def test_a_given_rate_translates_the_document_into_the_books(house: House) -> None:
    booked(house, sale(currency="EUR", exchange_rate={"base": "GBP", "rate": "0.85"}))
    [row] = Gateway(house.sandbox.simulators[SLUG].connection()).query("ARINVOICE", "TOTALENTERED EXCHANGE_RATE CURRENCY BASECURR")
    assert row == {"TOTALENTERED": "102", "EXCHANGE_RATE": "0.85", "CURRENCY": "EUR", "BASECURR": "GBP"}


def test_a_sandbox_of_another_company_is_another_connection(sandbox: Any) -> None:
    started: Sandbox = sandbox(SLUG)
    with SageIntacctHook("other", account=account(started, company_id="airbooks-uk-imp")) as hook:
        assert hook.test_connection()[0] is False
