"""Where a connector to Brightpearl falls in if it believes the obvious: each trap of the vendor's contract, and that we do not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.brightpearl.conftest import SLUG, Client, Desk
from tests.platforms.brightpearl.documents import invoice, line, refs
from tests.platforms.scripted import answer, scripted

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.brightpearl import BrightpearlHook
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.sandbox.server import running

INVOICE = DocumentKind.INVOICE


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


class Patience:
    """A budget that notes which pauses the platform asked for, and lets the platform's window pass."""

    def __init__(self, window_over: Callable[[], None]) -> None:
        self.asked: list[float] = []
        self._window_over = window_over

    def sibling(self) -> Patience:
        return self

    def answered(self) -> None:
        """Not of interest here."""

    def take(self, scope: str = "call") -> None:
        """Never waits."""

    def penalise(self, seconds: float) -> None:
        self.asked.append(seconds)
        self._window_over()


# -- answers that are not what their status says ----------------------------------------------------------------------------------


def test_a_503_of_too_many_requests_is_waited_out_for_as_long_as_its_own_header_says() -> None:
    with running([SLUG]) as sandbox:  # a minute is a minute here
        desk = Desk(sandbox)
        desk.hook.find_invoice("UK-SI-1", INVOICE)
        throttle = desk.simulator.throttle
        patience = Patience(lambda: setattr(throttle, "left", 200))
        desk.hook.wire.budget = patience
        throttle.left = 0
        assert desk.hook.find_invoice("UK-SI-1", INVOICE) == []
        desk.hook.close()
    assert len(patience.asked) == 1
    assert 30 < patience.asked[0] <= 60


def test_a_mistake_of_ours_that_comes_as_500_is_not_sent_again(desk: Desk, no_waiting: None) -> None:
    before = desk.asked("GET", "order-search")
    with pytest.raises(PlatformError) as caught:
        list(desk.hook.client.search("order-service/order-search", createdOn="yesterday"))
    assert caught.value.action is Action.REVIEW
    assert desk.asked("GET", "order-search") == before + 1


def test_an_error_of_the_server_leaves_a_create_open_and_a_read_is_repeated(desk: Desk, no_waiting: None) -> None:
    sending = desk.sending(invoice())
    desk.inject("server_error", times=1)
    assert desk.create(sending).outcome is Outcome.UNKNOWN
    desk.inject("server_error", times=1)
    assert desk.hook.find_invoice(sending.document.number, INVOICE) == []


def test_an_unknown_order_is_absent_although_the_answer_is_200(desk: Desk) -> None:
    assert desk.hook.get_invoice("99999999", INVOICE) is None
    assert desk.hook.get_invoice("not-an-id", INVOICE) is None


# -- one document, one order ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answered", ["its own", "no order", "another order"])
def test_a_repeated_create_ends_at_the_order_that_exists_whatever_id_is_answered(desk: Desk, client: Client, answered: str) -> None:
    sending = desk.sending(invoice())
    first = desk.create(sending).remote
    if answered != "its own":
        desk.inject("duplicate_answers_other", id=client.order() if answered == "another order" else 0, times=1)
    again = desk.create(replace(sending, key=str(uuid4()))).remote
    assert first is not None
    assert again is not None
    assert again.remote_id == first.remote_id


def test_a_repeat_with_other_amounts_changes_nothing_and_shows_what_is_there(desk: Desk) -> None:
    sending, draft = desk.draft(invoice())
    other = invoice(line(1, "3"), number=sending.document.number)
    sent = desk.create(desk.sending(other))
    assert sent.remote is not None
    assert sent.remote.total == draft.total == sending.document.gross_total


def test_a_cancelled_order_keeps_its_number_and_swallows_no_new_document(desk: Desk) -> None:
    sending, draft = desk.draft(invoice())
    assert desk.hook.void_invoice(draft, on=date(2026, 4, 10), reason="Entered twice", key="k").error is None
    sent = desk.create(replace(sending, key=str(uuid4())))
    assert sent.error is not None
    assert (sent.error.rule.name, sent.outcome) == ("number of a void document", Outcome.DID_NOT_HAPPEN)


def test_without_an_instance_id_it_is_looked_before_it_is_created(desk: Desk) -> None:
    """Brightpearl would take a second order under the same external reference alone."""
    with desk.private(instance_id="") as hook:
        sending = desk.sending(invoice(), hook)
        first, again = (desk.create(replace(sending, key=str(uuid4())), hook) for _ in range(2))
    assert first.remote is not None
    assert again.remote == first.remote


def test_a_credit_whose_answer_was_lost_is_found_and_not_made_twice(desk: Desk) -> None:
    with desk.private(instance_id="") as hook:
        sending = desk.sending(invoice(), hook)
        (created,) = hook.create_invoices([sending])
        assert created.remote is not None
        (posted,) = hook.post_invoices([(sending, created.remote)])
        assert posted.remote is not None
        desk.sandbox.inject(SLUG, "reset_after_commit", path="/sales-credit$")
        lost, again = (hook.void_invoice(posted.remote, on=date(2026, 4, 10), reason="Twice", key="k") for _ in range(2))
    assert (lost.outcome, again.outcome) == (Outcome.UNKNOWN, Outcome.HAPPENED)
    made = [each for each in desk.sandbox.books(SLUG).documents if each.our_number == f"{sending.document.number}-CR"]
    assert len(made) == 1


def test_two_orders_of_one_number_are_for_a_person(desk: Desk, client: Client) -> None:
    document = invoice()
    for _ in range(2):
        client.order(externalRef=document.number)
    assert len(desk.hook.find_invoice(document.number, INVOICE)) == 2
    with desk.private(instance_id="") as hook:
        sent = desk.create(desk.sending(document, hook), hook)
    assert sent.error is not None
    assert sent.error.rule.name == "duplicate document number"


def test_the_same_reference_of_another_integration_is_not_ours(desk: Desk, client: Client) -> None:
    document = invoice()
    client.order(externalRef=document.number, installedIntegrationInstanceId=51)
    assert desk.hook.find_invoice(document.number, INVOICE) == []
    _, remote = desk.draft(document)
    assert [each.remote_id for each in desk.hook.find_invoice(document.number, INVOICE)] == [remote.remote_id]


# -- the close that comes later ---------------------------------------------------------------------------------------------------


def test_an_order_is_no_invoice_until_its_state_says_so(desk: Desk, client: Client) -> None:
    """A status called Invoiced is only a name."""
    _, draft = desk.draft(invoice())
    client.good("PUT", f"order-service/order/{draft.remote_id}/status", {"orderStatusId": 4})
    now = desk.hook.get_invoice(draft.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.number) == (DocumentStatus.DRAFT, "")


def test_a_slow_invoice_is_waited_for(desk: Desk, no_waiting: None) -> None:
    sending, draft = desk.draft(invoice())
    desk.inject("slow_invoice", reads=3, times=1)
    posted = desk.post(sending, draft).remote
    assert posted is not None
    assert posted.status is DocumentStatus.OPEN


def test_an_invoice_that_does_not_come_is_neither_success_nor_failure_and_closing_again_does_no_harm(desk: Desk, no_waiting: None) -> None:
    sending, draft = desk.draft(invoice())
    desk.inject("slow_invoice", reads=8, times=1)
    sent = desk.post(sending, draft)
    assert (sent.outcome, sent.remote and sent.remote.status) == (Outcome.UNKNOWN, DocumentStatus.DRAFT)
    posted = desk.post(sending, draft).remote
    assert posted is not None
    assert posted.status is DocumentStatus.OPEN
    assert desk.post(sending, draft).remote == posted


def closed_by_script(after: bytes) -> Sent:
    """An order that was closed, and what became of it where the next reading answers `after`."""
    order = b'{"response":[{"id":7,"state":{"tax":"READY"},"invoices":[],"orderStatus":{"orderStatusId":1}}]}'
    sending = Sending(key=str(uuid4()), document=invoice(), references=refs())
    draft = RemoteDocument(remote_id="7", kind=INVOICE, status=DocumentStatus.DRAFT)
    with scripted(answer(200, order), answer(200, b"{}"), answer(200, b"{}"), answer(200, after)) as server:
        account = Account(host=server.url, login="acc", password="t", extra={"app_ref": "a", "home_currency": "GBP"})
        with BrightpearlHook("bp", account=account, read_timeout=5.0) as hook:
            (sent,) = hook.post_invoices([(sending, draft)])
    assert [each.method for each in server.asked][:3] == ["GET", "PUT", "POST"]
    return sent


def test_an_order_that_is_not_in_the_answer_after_its_close_may_be_invoiced() -> None:
    """Only what was seen proves that nothing happened."""
    sent = closed_by_script(b'{"response":[]}')
    assert sent.error is not None
    assert sent.outcome is Outcome.UNKNOWN


def test_an_answer_of_another_form_after_a_close_is_unknown_and_no_crash() -> None:
    with pytest.raises(PlatformError) as caught:
        closed_by_script(b'{"response":[{"id":7}]}')
    assert (caught.value.action, caught.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)


def test_an_order_that_a_person_closed_meanwhile_is_a_success(desk: Desk, client: Client) -> None:
    sending, draft = desk.draft(invoice())
    client.good("POST", f"order-service/sales-order/{draft.remote_id}/close", {})
    client.read(draft.remote_id)
    posted = desk.post(sending, draft)
    assert posted.error is None, str(posted.error)
    assert posted.remote is not None
    assert posted.remote.status is DocumentStatus.OPEN


def test_an_order_that_a_person_cancelled_meanwhile_is_not_closed(desk: Desk, client: Client) -> None:
    sending, draft = desk.draft(invoice())
    client.good("PUT", f"order-service/order/{draft.remote_id}/status", {"orderStatusId": 5})
    sent = desk.post(sending, draft)
    assert sent.error is not None
    assert (sent.error.action, sent.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


# -- dates ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["America/Costa_Rica", "Australia/Sydney", "Europe/London"])
def test_a_document_is_booked_on_its_own_day_in_every_zone(desk: Desk, client: Client, zone: str) -> None:
    desk.simulator.company.set_zone(zone)
    hook, day = desk.hook, date(2026, 7, 15)
    desk.hook = desk.another()
    try:
        _, remote = desk.book(invoice(issue_date=day))
        held = client.read(remote.remote_id)
    finally:
        desk.hook.close()
        desk.hook = hook
        desk.simulator.company.set_zone("Europe/London")
    assert (remote.issue_date, remote.posting_date) == (day, day)
    assert held["invoices"][0]["taxDate"].startswith("2026-07-15T00:00:00.000")


# -- other people -----------------------------------------------------------------------------------------------------------------


def test_an_order_that_was_edited_meanwhile_is_not_overwritten(desk: Desk, client: Client) -> None:
    """Brightpearl has no version check: the last writer wins."""
    sending, draft = desk.draft(invoice())
    desk.inject("edit_in_between", reference="PO-THEIRS", times=1)
    sent = desk.hook.update_invoice(desk.sending(invoice(line(1, "3"), number=sending.document.number)), draft)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.outcome) == ("changed in Brightpearl", Outcome.DID_NOT_HAPPEN)
    assert client.read(draft.remote_id)["reference"] == "PO-THEIRS"


def test_a_payment_that_was_deleted_is_missing_from_the_balance(desk: Desk, client: Client) -> None:
    """No search lists a deletion; the order's total paid tells."""
    _, remote = desk.book(invoice())
    first, second = (client.pay(int(remote.remote_id), amount)[1]["response"] for amount in ("20.00", "30.00"))
    assert balance(desk, remote.remote_id) == Decimal("70.00")
    client.good("DELETE", f"accounting-service/customer-payment/{first}")
    assert balance(desk, remote.remote_id) == Decimal("90.00")
    client.good("DELETE", f"accounting-service/customer-payment/{second}")
    assert balance(desk, remote.remote_id) == Decimal("120.00")


def balance(desk: Desk, remote_id: str) -> Decimal | None:
    now = desk.hook.get_invoice(remote_id, INVOICE)
    assert now is not None
    return now.balance


def test_an_invoice_that_a_person_credited_whole_is_void(desk: Desk, client: Client) -> None:
    """The original stays invoiced: only the credits that name it tell."""
    _, remote = desk.book(invoice())
    held: dict[str, Any] = client.read(remote.remote_id)
    rows = [{"productId": 1002, "quantity": "1", "taxCode": "T20", "net": "100.00", "tax": "20.00"}]
    body = {"customer": {"id": int(remote.customer_id)}, "parentId": held["id"], "rows": rows}
    credit = client.good("POST", "order-service/sales-credit", body)
    assert balance(desk, remote.remote_id) == Decimal("120.00")
    client.good("POST", f"order-service/sales-credit/{credit}/close", {})
    for _ in range(2):
        client.read(credit)
    now = desk.hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.VOID, Decimal(0))
    assert client.read(remote.remote_id)["state"]["tax"] == "INVOICED"


def test_an_answer_that_lost_one_of_several_messages_leaves_that_one_open(desk: Desk) -> None:
    sendings = [desk.sending(invoice()) for _ in range(2)]
    desk.sandbox.inject(SLUG, "reset_after_commit", path="multi-message")
    sent = desk.hook.create_invoices(sendings)
    assert {each.outcome for each in sent} == {Outcome.UNKNOWN}
    assert all(len(desk.hook.find_invoice(each.document.number, INVOICE)) == 1 for each in sendings)
