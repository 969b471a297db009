"""The connector against the simulated account, over real HTTP."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.brightpearl.conftest import SLUG, Client, Desk
from tests.platforms.brightpearl.documents import BUYER, allowance, credit_note, euros, invoice, line, number

from airbooks.canonical import (
    Contact,
    CreditNote,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    Invoice,
    RemoteDocument,
)
from airbooks.platforms.base import Sent
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.tokens import Credentials, MemoryTokens, Token

INVOICE, CREDIT = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE
ON = date(2026, 4, 10)


def error_of(sent: Sent) -> PlatformError:
    assert sent.error is not None
    return sent.error


def void(desk: Desk, remote: RemoteDocument) -> Sent:
    return desk.hook.void_invoice(remote, on=ON, reason="Entered twice", key=str(uuid4()))


def booked_under(desk: Desk, our_number: str) -> list[Any]:
    return [each for each in desk.sandbox.books(SLUG).documents if each.our_number == our_number]


# -- connection -------------------------------------------------------------------------------------------------------------------


def test_a_private_app_needs_no_oauth(desk: Desk) -> None:
    with desk.private() as hook:
        before = desk.asked("POST", "/token/")
        works, says = hook.test_connection()
        assert works, says
        assert desk.asked("POST", "/token/") == before


def test_the_connection_says_what_is_missing(desk: Desk) -> None:
    with desk.another(instance_id="", cancelled_status_id="") as hook:
        works, says = hook.test_connection()
        assert works
        assert "set it to 50" in says
        assert "not yet invoiced are not taken back" in says


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ({"home_currency": "USD"}, "base currency is GBP"),
        ({"instance_id": "51"}, "installed as instance 50"),
        ({"time_zone": "Nowhere/Land"}, "time_zone"),
        ({"auth": "password"}, "auth is 'password'"),
        ({"app_ref": "another"}, "app reference"),
    ],
)
def test_what_is_wrong_with_a_connection_is_told_in_words(desk: Desk, extra: dict[str, Any], word: str) -> None:
    with desk.another(**extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert word in says


def test_an_account_token_that_is_refused_stops_the_connection_and_is_not_quoted(desk: Desk) -> None:
    """The vendor's answer quotes the token."""
    with desk.private(password="wr0ng-t0ken-value") as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("UK-SI-1", INVOICE)
    assert caught.value.action is Action.STOP
    assert "wr0ng-t0ken-value" not in f"{caught.value} {caught.value.body}"


def test_an_expired_access_token_is_renewed_with_the_refresh_token_of_the_last_reply(desk: Desk) -> None:
    with desk.another(MemoryTokens()) as hook:
        for _ in range(2):
            hook.find_invoice("UK-SI-1", INVOICE)
            desk.inject("expire_tokens", times=1)
            hook.find_invoice("UK-SI-1", INVOICE)


def test_a_shorter_life_of_a_token_is_believed(desk: Desk) -> None:
    tokens = MemoryTokens()
    with desk.another(tokens) as hook:
        hook.find_invoice("UK-SI-1", INVOICE)
    token = tokens.read("brightpearl_uk")
    assert token is not None
    assert token.expires_at is not None
    assert timedelta(days=6) < token.expires_at - datetime.now(UTC) <= timedelta(days=7)


def test_without_a_host_the_domain_of_the_token_is_called(desk: Desk) -> None:
    with desk.another(MemoryTokens(), host="", schema="http") as hook:
        works, says = hook.test_connection()
        assert works, says
    with desk.private(host="") as private:
        assert not private.test_connection()[0]


def test_a_withdrawn_authorisation_stops_the_connection(desk: Desk) -> None:
    with desk.another(MemoryTokens(), refresh_token="gone") as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("UK-SI-1", INVOICE)
    assert caught.value.action is Action.STOP
    with desk.another(MemoryTokens(), refresh_token="") as hook, pytest.raises(ConfigurationError):
        hook.find_invoice("UK-SI-1", INVOICE)


def test_a_replaced_refresh_token_of_the_connection_is_used(desk: Desk) -> None:
    tokens = MemoryTokens()
    tokens.renew("brightpearl_uk", None, lambda _: Token(access="old", refresh="stale", seed="another"), Credentials(seed="another"))
    with desk.another(tokens) as hook:
        assert hook.find_invoice("UK-SI-1", INVOICE) == []


# -- customers --------------------------------------------------------------------------------------------------------------------


def party(name: str, code: str = "", email: str = "") -> Any:
    return BUYER.model_copy(update={"name": name, "code": code or f"C-{name}", "contact": Contact(name="Ann Lee", email=email)})


def test_a_contact_is_found_by_our_code_among_those_of_its_name(desk: Desk, client: Client) -> None:
    client.contact("Twin Air Ltd", email="a@twin.example")
    ours = client.contact("Twin Air Ltd", code="C-TWIN", email="b@twin.example")
    assert desk.hook.ensure_customer(party("Twin Air Ltd", "C-TWIN", "c@twin.example"), "GBP") == str(ours)


def test_a_contact_that_moved_to_another_name_is_found_by_email_and_code(desk: Desk, client: Client) -> None:
    ours = client.contact("Renamed Air Ltd", code="C-MOVED", email="pay@moved.example")
    assert desk.hook.ensure_customer(party("Moved Air Ltd", "C-MOVED", "pay@moved.example"), "GBP") == str(ours)


def test_a_contact_without_code_is_taken_when_name_and_email_fit(desk: Desk, client: Client) -> None:
    ours = client.contact("Plain Air Ltd", email="pay@plain.example")
    assert desk.hook.ensure_customer(party("PLAIN AIR LTD", email="PAY@plain.example"), "GBP") == str(ours)


def test_of_several_contacts_the_primary_one_is_taken_and_without_one_a_person_asked(desk: Desk, client: Client) -> None:
    secondary = client.contact("Many Air Ltd", isPrimaryContact=False)
    primary = client.contact("Many Air Ltd")
    assert desk.hook.ensure_customer(party("Many Air Ltd", email="ap@northgate.example"), "GBP") == str(primary)
    client.contact("Many Air Ltd")
    with pytest.raises(PlatformError, match=str(secondary)) as caught:
        desk.hook.ensure_customer(party("Many Air Ltd", email="ap@northgate.example"), "GBP")
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_contact_of_our_name_alone_is_not_ours(desk: Desk, client: Client) -> None:
    party = BUYER.model_copy(update={"code": "C-UK-7001", "name": "Namesake Air Ltd"})
    theirs = str(client.contact(name=party.name, email=""))
    made = desk.hook.ensure_customer(party, "GBP")
    assert made != theirs
    assert desk.hook.ensure_customer(party, "GBP") == made


def test_a_token_end_point_that_fails_has_sent_no_document(desk: Desk) -> None:
    sending = desk.sending(invoice())
    with desk.another(MemoryTokens()) as hook:
        desk.inject("error_before_commit", path="token", times=None)
        sent = desk.create(sending, hook)
        assert sent.outcome is Outcome.DID_NOT_HAPPEN


def test_an_email_that_only_resembles_ours_is_not_ours(desk: Desk, client: Client) -> None:
    other = client.contact("Other Air Ltd", code="C-NEW", email="pay@new.example.org")
    assert desk.hook.ensure_customer(party("New Air Ltd", "C-NEW", "pay@new.example"), "GBP") != str(other)


# -- create -----------------------------------------------------------------------------------------------------------------------


def test_an_invoice_gets_its_number_from_the_server_and_keeps_ours_beside_it(desk: Desk, client: Client) -> None:
    document = invoice(line(1), charges=[allowance("10.00")], purchase_order="PO-55310", posting_date=date(2026, 3, 15))
    _, draft = desk.draft(document)
    assert (draft.status, draft.number, draft.our_number, draft.line_count) == (DocumentStatus.DRAFT, "", document.number, 1)
    _, remote = desk.book(document)
    assert remote.remote_id == draft.remote_id
    assert (remote.status, remote.our_number, remote.number[:3]) == (DocumentStatus.OPEN, document.number, "SI-")
    assert (remote.issue_date, remote.posting_date) == (date(2026, 3, 2), date(2026, 3, 15))
    assert client.read(remote.remote_id)["reference"] == "PO-55310"


def test_the_order_note_is_written_before_the_order_is_closed(desk: Desk) -> None:
    document = invoice(notes=("Handle with care.",))
    _, remote = desk.book(document)
    notes = desk.simulator.orders.get(remote.remote_id)["notes"]
    assert [each.splitlines()[0] for each in notes] == ["Note: Handle with care."]


def test_an_order_left_open_has_its_note_all_the_same(desk: Desk) -> None:
    _, remote = desk.draft(invoice(notes=("Handle with care.",)), post=False)
    assert len(desk.simulator.orders.get(remote.remote_id)["notes"]) == 1
    assert remote.status is DocumentStatus.DRAFT


def test_a_rate_of_ours_is_fixed_and_turned_round(desk: Desk, client: Client) -> None:
    _, remote = desk.book(invoice(**euros()))
    held = client.read(remote.remote_id)["currency"]
    assert held == {"accountingCurrencyCode": "GBP", "orderCurrencyCode": "EUR", "exchangeRate": "1.164556", "fixedExchangeRate": True}


def test_ten_documents_go_in_one_request_and_each_has_its_own_answer(desk: Desk) -> None:
    documents = [invoice(line(1, str(at))) for at in range(1, 11)]
    first = desk.sending(documents[0])
    sendings = [first, *(desk.sending(each) for each in documents[1:])]
    before = desk.asked("POST", "/multi-message"), desk.asked("POST", "/order-service/sales-order")
    sent = {each.key: each.remote for each in desk.hook.create_invoices(sendings)}
    assert desk.asked("POST", "/multi-message") == before[0] + 1
    assert desk.asked("POST", "/order-service/sales-order") == before[1]
    pairs = [(each, remote) for each in sendings if (remote := sent[each.key]) is not None]
    assert [(remote.our_number, remote.total) for _, remote in pairs] == [(each.number, each.gross_total) for each in documents]
    posted = {each.key: each.remote for each in desk.hook.post_invoices(pairs)}
    assert {remote.status for remote in posted.values() if remote is not None} == {DocumentStatus.OPEN}


def test_many_numbers_are_searched_for_one_by_one_and_read_at_once(desk: Desk) -> None:
    documents = [invoice() for _ in range(3)]
    for document in documents:
        desk.draft(document)
    before = desk.asked("GET", "/order-service/order/")
    found = desk.hook.find_invoices([*((each.number, INVOICE) for each in documents), ("NO-SUCH", INVOICE)])
    assert [[hit.our_number for hit in hits] for hits in found.values()] == [*([each.number] for each in documents), []]
    assert desk.asked("GET", "/order-service/order/") == before + 1


def test_messages_that_were_left_out_certainly_did_not_happen(desk: Desk) -> None:
    sendings = [desk.sending(invoice()) for _ in range(3)]
    desk.inject("stop_messages", after=1, times=1)
    sent = {each.key: each for each in desk.hook.create_invoices(sendings)}
    assert sent[sendings[0].key].remote is not None
    for sending in sendings[1:]:
        assert (error_of(sent[sending.key]).action, sent[sending.key].outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
        assert booked_under(desk, sending.document.number) == []


def test_a_locked_period_is_one_cause_and_leaves_the_order_a_draft(desk: Desk) -> None:
    sending, draft = desk.draft(invoice())
    desk.inject("lock_period", until="2026-12-31T00:00:00+00:00")
    sent = desk.post(sending, draft)
    assert (error_of(sent).rule.name, sent.error and sent.error.rule.shared, sent.outcome) == (
        "period closed",
        True,
        Outcome.DID_NOT_HAPPEN,
    )
    desk.sandbox.clear_faults()
    assert desk.post(sending, draft).remote is not None


def test_a_difference_shows_before_the_order_is_closed(desk: Desk) -> None:
    desk.inject("wrong_tax", times=1)
    document = invoice()
    _, draft = desk.draft(document)
    assert draft.tax == document.tax_total + Decimal("0.01")


def test_a_credit_note_belongs_to_the_order_it_corrects(desk: Desk, client: Client) -> None:
    original = invoice()
    _, remote = desk.book(original)
    preceding = (DocumentReference(number=original.number, issue_date=original.issue_date),)
    _, credit = desk.book(credit_note(line(1, "1", "10.00"), preceding_invoices=preceding))
    assert client.read(credit.remote_id)["parentOrderId"] == int(remote.remote_id)
    assert (credit.kind, credit.total, credit.status) == (CREDIT, Decimal("12.00"), DocumentStatus.OPEN)
    now = desk.hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.OPEN


# -- update -----------------------------------------------------------------------------------------------------------------------


def changed(first: Invoice | CreditNote, *lines: Any, **fields: Any) -> Invoice:
    return invoice(*lines, number=first.number, buyer=first.buyer, **fields)


def test_an_update_replaces_reference_and_rows_before_the_invoice(desk: Desk, client: Client) -> None:
    first = invoice(purchase_order="PO-1")
    _, draft = desk.draft(first)
    second = changed(first, line(1, "3"), line(2, "1", "7.77"), purchase_order="PO-2")
    sent = desk.hook.update_invoice(desk.sending(second), draft)
    assert sent.remote is not None, str(sent.error)
    assert (sent.remote.total, sent.remote.tax, sent.remote.line_count) == (second.gross_total, second.tax_total, 2)
    assert client.read(draft.remote_id)["reference"] == "PO-2"


def test_rows_are_never_patched(desk: Desk) -> None:
    first = invoice()
    _, draft = desk.draft(first)
    before = desk.asked("PATCH", "/row/")
    desk.hook.update_invoice(desk.sending(changed(first, line(1, "3"))), draft)
    assert desk.asked("PATCH", "/row/") == before


def test_new_rows_that_are_refused_leave_the_order_as_it_was(desk: Desk) -> None:
    first = invoice()
    _, draft = desk.draft(first)
    sending = desk.sending(changed(first, line(1, "3"), line(2, "1", item_code="CMP-RS-22")))
    bad = sending.references.entries
    item = (ReferenceKind.ITEM, "CMP-RS-22")
    entries = {**bad, item: type(bad[item])(kind=ReferenceKind.ITEM, code="CMP-RS-22", remote_id="99999")}
    spoilt = type(sending)(
        key=sending.key,
        document=sending.document,
        references=References(customer=sending.references.customer, entries=entries, settings=sending.references.settings),
        options=sending.options,
    )
    sent = desk.hook.update_invoice(spoilt, draft)
    assert (error_of(sent).action, sent.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    now = desk.hook.get_invoice(draft.remote_id, INVOICE)
    assert now is not None
    assert (now.total, now.line_count) == (first.gross_total, 1)


@pytest.mark.parametrize("fields", [{"issue_date": date(2026, 3, 3)}, euros()], ids=["another date", "another currency"])
def test_what_no_order_can_change_is_refused_untouched(desk: Desk, fields: dict[str, Any]) -> None:
    first = invoice()
    _, draft = desk.draft(first)
    sent = desk.hook.update_invoice(desk.sending(changed(first, line(1, "3"), **fields)), draft)
    assert (error_of(sent).rule.name, sent.outcome) == ("cannot be changed", Outcome.DID_NOT_HAPPEN)
    now = desk.hook.get_invoice(draft.remote_id, INVOICE)
    assert now is not None
    assert now.total == first.gross_total


# -- void -------------------------------------------------------------------------------------------------------------------------


def test_an_invoiced_order_is_credited_whole_and_its_credit_found_again(desk: Desk, client: Client) -> None:
    document = invoice(line(1), line(2, item_code="", name="Pallet delivery"), charges=[allowance("10.00")], **euros())
    _, remote = desk.book(document)
    sent = void(desk, remote)
    assert sent.remote is not None, str(sent.error)
    assert sent.remote.status is DocumentStatus.VOID
    assert sent.note.startswith("credited by SC-")
    (credit,) = booked_under(desk, f"{document.number}-CR")
    assert (credit.total, credit.currency, credit.kind) == (document.gross_total, "EUR", "credit_note")
    held = client.read(credit.remote_id)
    assert (held["parentOrderId"], held["currency"]["exchangeRate"]) == (int(remote.remote_id), "1.164556")
    assert held["invoices"][0]["taxDate"].startswith("2026-04-10T00:00")
    assert void(desk, remote).note == "was void already"
    assert desk.hook.find_invoice(document.number, INVOICE) == []


def test_a_paid_invoice_is_not_taken_back_behind_the_payers_back(desk: Desk, client: Client) -> None:
    document = invoice()
    _, remote = desk.book(document)
    client.pay(int(remote.remote_id), "50.00")
    now = desk.hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert error_of(void(desk, remote)).rule.name == "changed in Brightpearl"
    assert error_of(void(desk, now)).rule.name == "payments applied"
    assert len(booked_under(desk, f"{document.number}-CR")) == 0


def test_an_invoice_that_is_credited_in_part_is_not_credited_whole_on_top(desk: Desk, client: Client) -> None:
    document = invoice()
    _, remote = desk.book(document)
    desk.book(credit_note(line(1, quantity="1"), preceding_invoices=(DocumentReference(number=document.number),)))
    assert error_of(void(desk, remote)).rule.name == "credited in part"
    assert booked_under(desk, f"{document.number}-CR") == []


def test_without_a_cancelled_status_an_open_order_stays_and_the_field_is_named(desk: Desk) -> None:
    _, draft = desk.draft(invoice())
    with desk.another(cancelled_status_id="") as hook:
        sent = hook.void_invoice(draft, on=ON, reason="Entered twice", key="k")
    assert error_of(sent).rule.name == "no cancelled status"
    assert "cancelled_status_id" in error_of(sent).rule.fix


def test_a_closed_credit_is_final_and_an_open_one_is_cancelled(desk: Desk) -> None:
    _, draft = desk.draft(credit_note(preceding_invoices=()))
    assert void(desk, draft).note == "the order was cancelled"
    _, closed = desk.book(credit_note(preceding_invoices=()))
    assert error_of(void(desk, closed)).rule.name == "credit cannot be taken back"


# -- lists ------------------------------------------------------------------------------------------------------------------------


def test_a_few_products_are_searched_for_and_many_read_at_once(desk: Desk) -> None:
    few = ["FLT-PRE-30", "CMP-RS-22"]
    assert {each.code for each in desk.hook.find_reference(ReferenceKind.ITEM, few)} == set(few)
    before = desk.asked("GET", "product-search")
    many = [each.code for each in desk.hook.list_reference(ReferenceKind.ITEM)][:8]
    assert {each.code for each in desk.hook.find_reference(ReferenceKind.ITEM, many)} == set(many)
    assert desk.asked("GET", "product-search") == before + 2


def test_a_preview_needs_no_write(desk: Desk) -> None:
    document = credit_note(number=number("CN"))
    sending = desk.sending(document)
    before = len([each for each in desk.sandbox.requests(SLUG) if each.method != "GET"])
    (preview,) = desk.hook.preview([sending])
    assert preview.path.endswith("/order-service/sales-credit")
    assert document.number in preview.body
    assert len([each for each in desk.sandbox.requests(SLUG) if each.method != "GET"]) == before
