"""What goes wrong with payments, played from the bank's statement to the platform's books and back: applied once, and never lost."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.delivery.office import us_invoice, us_line
from tests.payments.desk import ONE, PAID, TODAY, TOTAL, TWO, Desk, Line, event, number, sold

from airbooks.payments.differences import Cause
from airbooks.staging import inbox
from airbooks.staging.causes import AnswerKind

# -- a payment before its invoice ------------------------------------------------------------------------------------------------------


def test_a_payment_before_its_invoice_is_known_waits_and_is_applied_once(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", Line("BR-1", "169.00", number(40)))
    desk.run()
    assert (desk.movements(), desk.booked(), desk.asked()) == ({"new": 1}, [], [])
    desk.office.plant(us_invoice(40))
    desk.run()
    desk.run()
    assert (desk.movements(), desk.booked(), desk.open_there()) == ({"matched": 1}, [TOTAL], {ONE: TOTAL})
    desk.check()


def test_a_payment_before_its_invoice_is_never_taken_for_one_of_the_neighbour(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", Line("BR-1", "169.00", TWO))
    desk.run()
    assert (desk.movements(), desk.booked(), desk.open()) == ({"review": 1}, [], {ONE: TOTAL})
    desk.office.plant(us_invoice(2))
    desk.answer(AnswerKind.RETRY)
    desk.run()
    assert (desk.movements(), desk.booked(), desk.open_there()) == ({"matched": 1}, [TOTAL], {ONE: TOTAL})
    desk.check()


def test_a_payment_before_its_invoice_is_booked_waits_and_is_applied_once(desk: Desk) -> None:
    desk.office.plant(us_invoice(1))
    desk.statement("a", PAID)
    desk.take_in(), desk.match(), desk.plan()
    desk.office.database.execute("UPDATE airbooks.delivery SET not_before = now() + interval '1 hour' WHERE operation = 'create'")
    desk.office.database.commit()
    assert desk.office.deliver() == {}
    assert (desk.movements(), desk.booked()) == ({"matched": 1}, [])
    assert desk.causes() == {(ONE, Cause.IN_DELIVERY), (ONE, Cause.NOT_APPLIED)}
    desk.apply()
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.causes()) == ([TOTAL], {}, set())
    desk.check()


def test_a_payment_of_an_invoice_that_waits_for_a_person_is_not_taken_for_one_of_its_neighbour(desk: Desk) -> None:
    sold(desk, 2)
    desk.office.plant(us_invoice(1))
    desk.office.database.execute("UPDATE airbooks.document SET state = 'exception' WHERE number = %s", (ONE,))
    desk.office.database.commit()
    desk.statement("a", PAID)
    desk.run()
    assert (desk.movements(), desk.booked(), desk.open()) == ({"new": 1}, [], {TWO: TOTAL})
    desk.office.database.execute("UPDATE airbooks.document SET state = 'valid' WHERE number = %s", (ONE,))
    desk.office.database.commit()
    desk.run()
    desk.run()
    assert (desk.movements(), desk.booked(), desk.open_there()) == ({"matched": 1}, [TOTAL], {TWO: TOTAL})
    desk.check()


def test_a_payment_whose_invoice_never_comes_asks_a_person(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", Line("BR-1", "169.00", number(40)))
    desk.run()
    assert desk.movements() == {"new": 1}
    desk.today = TODAY + timedelta(days=6)
    desk.run()
    assert (desk.movements(), desk.booked()) == ({"review": 1}, [])
    assert [code for code, _, _ in desk.asked()] == ["AB-PAYMENT-MATCH"]


# -- told again, and in any order --------------------------------------------------------------------------------------------------------


def orders(kind: str) -> list[list[tuple[str, dict[str, object]]]]:
    """A payment that is told three times and what takes it back, in every order; each order is about an invoice of its own."""
    found = []
    for place in range(4):
        pay = event("payment.succeeded", f"pay_{place}", "169.00", number(place + 1))
        told = [pay, pay, pay]
        told.insert(place, event(kind, f"back_{place}", "169.00", payment=f"pay_{place}"))
        found.append(told)
    return found


@pytest.mark.parametrize("kind", ["refund.succeeded", "dispute.opened"])
@pytest.mark.parametrize("runs_between", [True, False], ids=["a run after each", "one run"])
def test_a_payment_told_three_times_and_what_takes_it_back_end_the_same_in_any_order(desk: Desk, kind: str, *, runs_between: bool) -> None:
    sold(desk, 1, 2, 3, 4)
    for told in zip(*orders(kind), strict=True):
        for each in told:
            desk.webhook(each)
        if runs_between:
            desk.run()
    desk.run()
    assert desk.movements() == {"reversed": 4, "matched": 4}
    assert desk.open() == {number(each): TOTAL for each in range(1, 5)}
    assert (desk.asked(), desk.actions()["payment taken back"]) == ([], 4)
    desk.check()
    assert {cause for _, cause in desk.causes()} <= {Cause.REVERSED}
    for row in desk.rows("SELECT remote_id FROM airbooks.delivery WHERE operation = 'apply' AND state = 'delivered'"):
        desk.delete_there("Payment", row[0])  # what was booked already, a person takes back there
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.causes(), desk.asked()) == ([], desk.open(), set(), [])
    desk.check()


def test_the_same_event_three_times_is_one_payment(desk: Desk) -> None:
    sold(desk, 1)
    told = event("payment.succeeded", "pay_1", "169.00", ONE)
    assert [desk.webhook(told) for _ in range(3)] == [inbox.Put.ACCEPTED, inbox.Put.DUPLICATE, inbox.Put.DUPLICATE]
    desk.run()
    desk.webhook(("another event of it", told[1]))
    desk.run()
    assert (desk.movements(), desk.booked(), desk.asked()) == ({"matched": 1}, [TOTAL], [])
    desk.check()


def test_what_takes_back_a_payment_that_nobody_tells_asks_a_person_in_the_end(desk: Desk) -> None:
    sold(desk, 1)
    desk.webhook(event("dispute.opened", "dp_1", "169.00", payment="pay_1"))
    desk.run()
    assert (desk.movements(), desk.asked()) == ({"new": 1}, [])
    desk.today = TODAY + timedelta(days=6)
    desk.run()
    assert (desk.movements(), [code for code, _, _ in desk.asked()]) == ({"review": 1}, ["AB-PAYMENT-MATCH"])


def test_a_statement_told_twice_and_statements_that_overlap_are_one_telling(desk: Desk) -> None:
    sold(desk, 1, 2, 3)
    lines = [Line(f"BR-{each}", "169.00", number(each), day=f"2026-03-{18 + each}") for each in (1, 2, 3)]
    desk.statement("monday", *lines[:2])
    desk.run()
    desk.statement("monday again", *lines[:2])
    desk.statement("tuesday", *lines[1:])
    desk.run()
    assert (desk.movements(), desk.booked(), desk.asked()) == ({"matched": 3}, [TOTAL] * 3, [])
    assert (desk.open_there(), desk.causes()) == ({}, set())
    desk.check()


# -- sums ------------------------------------------------------------------------------------------------------------------------------


def test_a_part_leaves_the_rest_open_until_it_comes(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", Line("BR-1", "100.00", ONE))
    desk.run()
    assert (desk.open(), desk.open_there()) == ({ONE: Decimal("69.00")}, {ONE: Decimal("69.00")})
    desk.statement("b", Line("BR-2", "69.00", ONE))
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.causes()) == ([Decimal("69.00"), Decimal("100.00")], {}, set())
    assert set(desk.on_account().values()) == {Decimal(0)}
    desk.check()


def test_a_cent_too_much_stays_on_account(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", Line("BR-1", "169.01", ONE))
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.causes()) == ([Decimal("169.01")], {}, set())
    assert desk.on_account() == {"PAY-000001": Decimal("0.01")}
    desk.check()


def test_a_cent_too_little_that_the_platform_cannot_write_off_is_a_question(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", Line("BR-1", "168.99", ONE))
    desk.run()
    assert (desk.booked(), desk.open_there()) == ([], {ONE: TOTAL})
    assert [code for code, _, _ in desk.asked()] == ["PAYMENT-WRITE_OFF"]
    assert desk.causes() == {(ONE, Cause.NOT_APPLIED)}
    desk.check()


def test_much_too_much_is_applied_when_a_person_says_so_and_the_rest_stays_on_account(desk: Desk) -> None:
    sold(desk, 1)
    desk.statement("a", Line("BR-1", "200.00", ONE))
    desk.run()
    assert (desk.movements(), desk.booked()) == ({"review": 1}, [])
    desk.answer(AnswerKind.APPLY, apply_to="1")
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.on_account()) == ([Decimal("200.00")], {}, {"PAY-000001": Decimal("31.00")})
    desk.check()


def test_one_payment_for_twelve_invoices_settles_each_to_the_cent(desk: Desk) -> None:
    prices = [f"{each}.{each:02}" for each in range(31, 43)]
    desk.office.plant(*(us_invoice(each, us_line(quantity="1", price=price)) for each, price in enumerate(prices, 1)), us_invoice(13))
    desk.office.deliver()
    total = sum(map(Decimal, prices), Decimal(0))
    desk.statement("a", Line("BR-1", str(total), " ".join(number(each) for each in range(1, 13))))
    desk.run()
    assert (desk.booked(), desk.open_there()) == ([total], {number(13): TOTAL})
    assert sorted(map(str, desk.state()["settled"].values())) == prices
    assert desk.causes() == set()
    desk.check()


def test_a_payment_in_another_currency_is_a_question_and_books_nothing(desk: Desk) -> None:
    sold(desk, 1)
    desk.webhook(event("payment.succeeded", "pay_1", "155.48", ONE, currency="EUR"))
    desk.run()
    assert (desk.movements(), desk.booked(), desk.open()) == ({"review": 1}, [], {ONE: TOTAL})
    ((ways,),) = desk.rows("SELECT candidates FROM airbooks.incoming_payment")
    for way in ways:
        amounts = [Decimal(each["amount"]) for each in way["settled"]]
        assert sum(amounts, Decimal(way["on_account"])) == Decimal("155.48")
    desk.check()


# -- money that goes back ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["refund.succeeded", "dispute.opened"])
def test_what_a_booked_payment_paid_is_open_again_when_the_money_goes_back(desk: Desk, kind: str) -> None:
    sold(desk, 1)
    desk.webhook(event("payment.succeeded", "pay_1", "169.00", ONE))
    desk.run()
    desk.webhook(event(kind, "back_1", "169.00", payment="pay_1"))
    desk.run()
    assert (desk.open(), desk.movements()) == ({ONE: TOTAL}, {"reversed": 1, "matched": 1})
    assert desk.actions()["payment taken back"] == 1
    assert desk.causes() == {(ONE, Cause.REVERSED)}
    desk.delete_there("Payment", desk.remote_id("PAY-000001"))
    desk.run()
    assert (desk.open_there(), desk.causes(), desk.asked()) == ({ONE: TOTAL}, set(), [])
    desk.statement("new money", Line("BR-9", "169.00", ONE, day="2026-03-27"))
    desk.run()
    assert (desk.booked(), desk.open(), desk.open_there()) == ([TOTAL], {}, {})
    desk.check()


def test_a_refund_of_a_part_opens_that_part_when_a_person_agrees(desk: Desk) -> None:
    sold(desk, 1)
    desk.webhook(event("payment.succeeded", "pay_1", "169.00", ONE))
    desk.run()
    desk.webhook(event("refund.succeeded", "re_1", "69.00", payment="pay_1"))
    desk.run()
    assert (desk.open(), desk.movements()) == ({}, {"matched": 1, "review": 1})
    desk.answer(AnswerKind.APPLY, apply_to="1")
    desk.run()
    assert (desk.open(), desk.movements()) == ({ONE: Decimal("69.00")}, {"matched": 2})
    assert desk.causes() == {(ONE, Cause.REVERSED)}
    desk.check()


# -- webhooks that never come --------------------------------------------------------------------------------------------------------------


def test_the_providers_list_reaches_what_its_webhooks_would_have_told(desk: Desk) -> None:
    sold(desk, 1, 2)
    desk.webhook(event("payment.succeeded", "pay_1", "169.00", ONE))
    desk.report("today", ("pay_1", "169.00", ONE), ("pay_2", "169.00", TWO))  # the webhook of the second never comes
    desk.run()
    assert (desk.movements(), desk.booked(), desk.open_there()) == ({"matched": 2}, [TOTAL, TOTAL], {})
    before, trail = desk.state(), desk.actions()
    desk.webhook(event("payment.succeeded", "pay_2", "169.00", TWO))  # or late
    desk.run()
    assert (desk.state(), desk.actions()) == (before, trail)
    desk.check()


def test_a_webhook_after_the_banks_statement_of_the_same_money_books_nothing_more(paid: Desk) -> None:
    paid.webhook(event("payment.succeeded", "pay_1", "169.00", ONE))
    paid.run()
    assert (paid.booked(), paid.open_there(), paid.movements()) == ([TOTAL], {}, {"matched": 1, "review": 1})
    assert [code for code, _, _ in paid.asked()] == ["AB-PAYMENT-MATCH"]
    paid.check()
