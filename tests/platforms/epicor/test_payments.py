"""Payments on the simulator: each one booked once, for what it settles, whatever gets lost on the way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import today
from tests.platforms.epicor.conftest import SLUG, Desk

from airbooks.canonical import Allocation, DocumentStatus
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError


def pay(desk: Desk, sending: Any, remote: Any, amount: str, **fields: Any) -> Any:
    payment = desk.company.payment(sending.document, remote, Decimal(amount), **fields)
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    return desk.hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=refs)


def test_one_payment_settles_several_invoices_and_leaves_a_rest(desk: Desk) -> None:
    buyer = desk.company.party()
    posted = []
    for _ in range(2):
        sending, draft = desk.draft(buyer=buyer)
        posted.append((sending, desk.company.post(desk.hook, sending, draft)))
    (first, one), (_, two) = posted
    allocations = tuple(
        Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal("108.25")) for each in (one, two)
    )
    booked = pay(desk, first, one, "250.00", allocations=allocations)
    assert booked.amount == Decimal("250.00")
    assert {each.remote_id: each.amount for each in booked.allocations} == {
        one.remote_id: Decimal("108.25"),
        two.remote_id: Decimal("108.25"),
    }
    assert {desk.now(each).status for each in (one, two)} == {DocumentStatus.PAID}


def test_a_payment_in_the_invoices_own_currency(desk: Desk) -> None:
    sending, draft = desk.draft(currency="EUR", exchange_rate=desk.company.exchange_rate())
    remote = desk.company.post(desk.hook, sending, draft)
    assert pay(desk, sending, remote, "20.00").currency == "EUR"
    assert desk.now(remote).balance == Decimal("88.25")


def test_a_payment_under_a_reference_that_is_used_for_another_amount_is_refused(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    pay(desk, sending, remote, "10.00", source_id="pay-twice")
    with pytest.raises(PlatformError, match=r"ours is 11\.00"):
        pay(desk, sending, remote, "11.00", source_id="pay-twice")


def test_two_sources_that_count_alike_are_two_payments(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    one, two = (pay(desk, sending, remote, "10.00", source=source, source_id="000017") for source in ("bank", "shop"))
    assert one.remote_id != two.remote_id
    assert desk.now(remote).balance == sending.document.gross_total - Decimal("20.00")


def test_the_same_payment_under_another_key_is_found_however_long_its_id(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    one, two = (pay(desk, sending, remote, "10.00", source_id="a-very-long-id-of-a-bank-statement") for _ in range(2))
    assert one.remote_id == two.remote_id


def test_two_parts_for_one_invoice_are_one_line_of_the_receipt(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    parts = [Allocation(document_number=remote.our_number, remote_id=remote.remote_id, amount=Decimal(each)) for each in ("10", "15")]
    booked = pay(desk, sending, remote, "25.00", allocations=tuple(parts))
    assert [(each.remote_id, each.amount) for each in booked.allocations] == [(remote.remote_id, Decimal(25))]


def test_a_receipt_that_was_half_entered_for_another_split_is_told_and_not_posted(desk: Desk) -> None:
    buyer = desk.company.party()
    pairs = [desk.draft(buyer=buyer) for _ in range(2)]
    one, two = (desk.company.post(desk.hook, *pair) for pair in pairs)

    def split(*amounts: str) -> tuple[Allocation, ...]:
        both = zip((one, two), amounts, strict=True)
        return tuple(Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal(part)) for each, part in both)

    desk.inject("reset_before_commit", path="RunDirect")
    with pytest.raises(PlatformError):
        pay(desk, pairs[0][0], one, "30.00", source_id="pay-split", allocations=split("10", "20"))
    with pytest.raises(PlatformError, match="not posted yet"):
        pay(desk, pairs[0][0], one, "30.00", source_id="pay-split", allocations=split("20", "10"))
    assert desk.now(one).balance == desk.now(two).balance == Decimal("108.25")
    assert pay(desk, pairs[0][0], one, "30.00", source_id="pay-split", allocations=split("10", "20")).amount == Decimal(30)


@pytest.mark.parametrize("fault", ["reset_after_commit", "reset_before_commit", "error_after_commit"])
@pytest.mark.parametrize("path", ["CashGrpSvc/Update", "UpdateMaster", "CashRecSvc/Update$", "RunDirect"])
def test_a_payment_whose_write_broke_off_is_booked_once(desk: Desk, fault: str, path: str) -> None:
    """Every write of the conversation, also the late ones that the sweep of all calls does not reach."""
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    reference = str(uuid4())
    desk.inject(fault, path=path)
    with pytest.raises(PlatformError) as caught:
        pay(desk, sending, remote, "10.00", source_id=reference)
    assert caught.value.outcome is Outcome.UNKNOWN
    pay(desk, sending, remote, "10.00", source_id=reference)
    assert desk.now(remote).balance == sending.document.gross_total - Decimal("10.00")
    applied = [each.applied for each in desk.company.sandbox.books(SLUG).payments if remote.remote_id in each.applied]
    assert applied == [{remote.remote_id: Decimal("10.00")}]


def test_a_closed_period_keeps_a_receipt_unposted_and_the_next_try_posts_it(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    desk.inject("lock_period", at="post")
    with pytest.raises(PlatformError) as caught:
        pay(desk, sending, remote, "10.00", source_id="pay-closed")
    assert caught.value.rule.name == "period closed"
    desk.simulator.clear_faults()
    assert pay(desk, sending, remote, "10.00", source_id="pay-closed").amount == Decimal("10.00")
    applied = [each.applied for each in desk.company.sandbox.books(SLUG).payments if remote.remote_id in each.applied]
    assert applied == [{remote.remote_id: Decimal("10.00")}]


def test_a_paid_invoice_is_not_cancelled(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    pay(desk, sending, remote, "10.00")
    voided = desk.hook.void_invoice(remote, on=today(), reason="", key=str(uuid4()))
    assert voided.error is not None
    assert voided.error.rule.name == "paid"


def test_a_payment_changed_earlier_on_the_day_of_the_watermark_is_not_missed(desk: Desk) -> None:
    """Change dates have no time."""
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    payment = desk.company.payment(sending.document, remote, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    booked = desk.hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=refs)
    end_of_day = datetime.combine(today(), datetime.max.time(), UTC)
    listed = [each for each in desk.hook.list_payments(end_of_day) if each.remote_id == booked.remote_id]
    assert [(each.amount, each.customer_id) for each in listed] == [(Decimal("10.00"), remote.customer_id)]


def test_where_the_servers_day_is_unknown_payments_of_the_day_before_are_listed_too(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    payment = desk.company.payment(sending.document, remote, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    booked = desk.hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=refs)
    tomorrow = datetime.combine(today() + timedelta(days=1), datetime.min.time(), UTC)
    with desk.company.hook(extra={"time_zone": ""}) as hook:
        assert booked.remote_id in {each.remote_id for each in hook.list_payments(tomorrow)}
    with desk.company.hook(extra={"time_zone": "Atlantis/Harbour"}) as hook, pytest.raises(ConfigurationError, match="time_zone"):
        list(hook.list_payments(tomorrow))


def test_what_is_no_customers_money_is_not_listed_as_a_payment(desk: Desk) -> None:
    """The lines of credit memo applications, adjustments and miscellaneous receipts stand in the same table."""
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    payment = desk.company.payment(sending.document, remote, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    booked = desk.hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=refs)
    for name in ("CashHead", "CashDtl"):
        table = desk.simulator.store.table(name)
        for key, row in [(key, row) for key, row in table.items() if row["HeadNum"] == int(booked.remote_id)]:
            table[key] = {**row, "TranType": "CMemo"}
    assert booked.remote_id not in {each.remote_id for each in desk.hook.list_payments(datetime.now(UTC))}


def test_an_invoice_that_is_not_posted_cannot_be_paid(desk: Desk) -> None:
    sending, draft = desk.draft()
    payment = desk.company.payment(sending.document, draft, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, draft.customer_id)
    with pytest.raises(PlatformError, match="posted") as caught:
        desk.hook.apply_payment(payment, customer_id=draft.customer_id, key=str(uuid4()), references=refs)
    assert caught.value.action is Action.REVIEW
    assert payment.reference not in {each.reference for each in desk.company.sandbox.books(SLUG).payments}


def test_a_reversed_receipt_is_told_and_never_booked_again(desk: Desk) -> None:
    sending, draft = desk.draft()
    remote = desk.company.post(desk.hook, sending, draft)
    payment = desk.company.payment(sending.document, remote, Decimal("10.00"))
    refs = desk.company.payment_references(desk.hook, payment, remote.customer_id)
    booked = desk.hook.apply_payment(payment, customer_id=remote.customer_id, key="k-9", references=refs)
    desk.inject("reverse_receipt", head=int(booked.remote_id))
    listed = {each.remote_id: each for each in desk.hook.list_payments(datetime.now(UTC))}
    assert listed[booked.remote_id].reversed
    assert desk.now(remote).balance == sending.document.gross_total
    with pytest.raises(PlatformError, match="reversed"):
        desk.hook.apply_payment(payment, customer_id=remote.customer_id, key="k-9", references=refs)
