"""What people do on the platform, and the sales system to invoices that are paid: noticed, asked about, and nothing done twice."""

from __future__ import annotations

import pytest
from tests.delivery.office import Office, us_invoice, us_line
from tests.payments.desk import ONE, PAID, TOTAL, TWO, Desk, event, sold

from airbooks.payments.differences import Cause
from airbooks.staging.causes import AnswerKind

# -- people on the platform ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [{}, {"operation": "update", "include": "void"}], ids=["deleted", "voided"])
def test_a_payment_that_a_person_takes_back_there_is_noticed_and_never_applied_again(desk: Desk, how: dict[str, str]) -> None:
    sold(desk, 1, 2)
    told = event("payment.succeeded", "pay_1", "338.00", f"{ONE} {TWO}")
    desk.webhook(told)
    desk.run()
    desk.delete_there("Payment", desk.remote_id("PAY-000001"), **how)
    desk.run()
    assert (desk.open(), desk.movements()) == ({ONE: TOTAL, TWO: TOTAL}, {"reversed": 1})
    assert [code for code, _, _ in desk.asked()] == ["AB-PAYMENT-REVERSED"]
    assert desk.actions()["payment reversed"] == 2
    desk.webhook(told), desk.webhook(("told once more", told[1]))
    desk.take_in(), desk.match()
    desk.answer(AnswerKind.RETRY)
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.causes(), desk.asked()) == ([], desk.open(), set(), [])
    desk.check()


def test_a_payment_deleted_before_its_answer_was_recorded_is_noticed_too(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", PAID)
    desk.office.read_timeout = 0.3
    desk.quickbooks.inject("quickbooks", "timeout_after_commit", path="/payment")
    desk.take_in(), desk.match(), desk.plan()
    assert desk.office.deliver()["lost"] == 1
    (there,) = desk.quickbooks.books("quickbooks").payments
    desk.delete_there("Payment", there.remote_id)
    desk.run()
    assert len(desk.booked()) <= 1
    assert desk.open() == desk.open_there()
    assert desk.causes() == set()
    desk.check()


# -- an invoice that ends while money is on it ---------------------------------------------------------------------------------------------


def cancel(office: Office) -> None:
    office.plant(us_invoice(1, cancelled=True))


def test_a_void_that_the_platform_refuses_because_of_a_payment_names_its_remedy(paid: Desk) -> None:
    paid.quickbooks.inject("quickbooks", "deposit_payments")
    cancel(paid.office)
    paid.run()
    assert paid.rows("SELECT state FROM airbooks.delivery WHERE operation = 'void'") == [("rejected",)]
    ((code, named, words),) = paid.asked()
    assert (code.split(":")[0], named) == ("AB-REFUSED", ONE)
    assert "Remove the payment from its bank deposit" in words
    assert (paid.movements(), paid.state()["settled"]) == ({"matched": 1}, {ONE: TOTAL})
    assert {cause for _, cause in paid.causes()} == {Cause.REJECTED}  # it still counts there, and says so
    paid.quickbooks.clear_faults()
    paid.answer(AnswerKind.RETRY)
    paid.run()
    assert (paid.open_there(), paid.movements()) == ({}, {"on_account": 1})
    paid.check()


def test_what_was_paid_on_an_invoice_that_the_platform_voids_is_on_account_and_a_person_is_asked(paid: Desk) -> None:
    cancel(paid.office)
    paid.run()
    paid.run()
    assert (paid.open(), paid.open_there(), paid.booked()) == ({}, {}, [TOTAL])
    assert (paid.movements(), paid.on_account()) == ({"on_account": 1}, {"PAY-000001": TOTAL})
    assert [(code, named) for code, named, _ in paid.asked()] == [("AB-PAYMENT-FREED", "PAY-000001")]
    assert paid.actions()["payment freed"] == 1
    paid.answer(AnswerKind.RETRY)
    paid.run()
    assert (paid.asked(), paid.booked()) == ([], [TOTAL])
    paid.check()


def test_a_void_whose_version_is_stale_takes_nothing_by_force(paid: Desk) -> None:
    paid.quickbooks.inject("quickbooks", "edit_in_between", times=1)
    cancel(paid.office)
    paid.run()
    ((state, remote_status),) = paid.rows("SELECT state, remote_status FROM airbooks.delivery WHERE operation = 'void'")
    voided = {each.our_number for each in paid.quickbooks.books("quickbooks").documents if each.status == "void"}
    assert (state == "delivered") == (voided == {ONE}), remote_status
    assert paid.movements() == ({"on_account": 1} if voided else {"matched": 1})
    assert len(paid.asked()) == 1
    paid.check()


def test_a_payment_on_its_way_to_an_invoice_that_is_cancelled_is_not_booked(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", PAID)
    desk.take_in(), desk.match(), desk.plan()
    cancel(desk.office)
    desk.run()
    assert (desk.booked(), desk.open_there()) == ([], {})
    assert [(code, named) for code, named, _ in desk.asked()] == [("AB-PAYMENT-DOCUMENT", "PAY-000001")]
    desk.check()


def test_an_invoice_deleted_there_is_never_made_again_and_its_payment_goes_nowhere_else(desk: Desk) -> None:
    sold(desk, 1, 2)
    desk.delete_there("Invoice", desk.remote_id(ONE))
    assert desk.causes(asks=True) == {(ONE, Cause.DELETED_THERE)}
    desk.statement("a", PAID)
    desk.run()
    assert [named for _, named, _ in desk.asked()] == ["PAY-000001"]
    desk.answer(AnswerKind.RETRY)
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.open()) == ([], {TWO: TOTAL}, {TWO: TOTAL})
    desk.answer(AnswerKind.REJECT, reason="the invoice was deleted")
    desk.run()
    assert (desk.booked(), desk.movements(), desk.open()) == ([], {"ignored": 1}, {ONE: TOTAL, TWO: TOTAL})
    desk.office.plant(us_invoice(1, us_line(price="90.00")))  # not even when the sales system changes it
    desk.run()
    assert (desk.open_there(), [named for _, named, _ in desk.asked()]) == ({TWO: TOTAL}, [ONE])
    desk.check()


def test_an_invoice_deleted_there_after_it_was_paid_is_never_made_again(paid: Desk) -> None:
    paid.delete_there("Invoice", paid.remote_id(ONE))
    paid.run()
    paid.run()
    assert (paid.open_there(), paid.booked()) == ({}, [TOTAL])
    paid.check()
