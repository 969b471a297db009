"""How the amount decides: in full, less discount, in part, too much or too little, with a fee, or without any reference."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from tests.payments.business import HARBOUR, NORTHWIND, PAID_ON, amounts, credit_note, decide, invoice, numbers, options, paid, settles

from airbooks.payments.decision import Decision, OpenItem, Stage, Verdict
from airbooks.payments.matching import match
from airbooks.payments.tuning import Tuning

NAMED = "US-SI-000123"


def on_account(decision: Decision) -> Decimal:
    assert decision.best
    return decision.best.on_account


# -- terms -------------------------------------------------------------------------------------------------------------------------------


def two_ten_net_thirty(issued: date, amount: str = "1000.00") -> OpenItem:
    return invoice(
        123,
        amount,
        issue_date=issued,
        due_date=issued + timedelta(days=30),
        discount_percent=Decimal(2),
        discount_until=issued + timedelta(days=10),
    )


def test_the_textbook_two_ten_net_thirty_takes_its_discount_within_ten_days() -> None:
    decision = decide(paid("980.00", NAMED), two_ten_net_thirty(PAID_ON - timedelta(days=10)))
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    (part,) = decision.best.settled
    assert (part.amount, part.discount, part.write_off, part.settled) == (Decimal(980), Decimal(20), Decimal(0), Decimal(1000))
    assert "2 % discount allowed until 2026-03-01" in decision.reason


@pytest.mark.parametrize(("days", "verdict"), [(13, Verdict.APPLY), (14, Verdict.REVIEW), (25, Verdict.REVIEW)])
def test_a_discount_taken_late_is_accepted_for_the_days_of_grace_and_then_reviewed(days: int, verdict: Verdict) -> None:
    decision = decide(paid("980.00", NAMED), two_ten_net_thirty(PAID_ON - timedelta(days=days)))
    assert decision.verdict is verdict


def test_the_day_the_money_was_sent_counts_even_if_the_bank_booked_it_later() -> None:
    item = two_ten_net_thirty(PAID_ON - timedelta(days=14))
    assert decide(paid("980.00", NAMED, value_on=PAID_ON - timedelta(days=1)), item).verdict is Verdict.APPLY


def test_who_does_not_take_the_discount_pays_in_full() -> None:
    decision = decide(paid("1000.00", NAMED), two_ten_net_thirty(PAID_ON))
    assert decision.best
    assert decision.best.settled[0].discount == 0


def test_of_several_invoices_some_may_be_paid_less_discount() -> None:
    items = [
        two_ten_net_thirty(PAID_ON),
        invoice(124, "200.00"),
        invoice(125, "300.00", discount_percent=Decimal(3), discount_until=PAID_ON),
    ]
    decision = decide(paid("1491.00", "US-SI-000123 US-SI-000124 US-SI-000125"), *items)
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert {each.number: each.discount for each in decision.best.settled if each.discount} == {"US-SI-000125": Decimal(9)}


def test_a_discounted_amount_finds_its_invoice_without_a_reference() -> None:
    decision = decide(paid("980.00"), two_ten_net_thirty(PAID_ON), invoice(124, "77.10"))
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert decision.best.stage is Stage.AMOUNT


# -- differences -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("amount", "currency"), [("99.99", "USD"), ("99.95", "USD"), ("9995", "JPY"), ("99.998", "BHD")])
def test_a_few_minor_units_too_little_are_written_off(amount: str, currency: str) -> None:
    total = {"USD": "100.00", "JPY": "10000", "BHD": "100.000"}[currency]
    decision = decide(paid(amount, NAMED, currency=currency), invoice(123, total, currency=currency))
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    (part,) = decision.best.settled
    assert (part.write_off, part.settled) == (Decimal(total) - Decimal(amount), Decimal(total))


def test_a_few_minor_units_too_much_stay_on_account() -> None:
    decision = decide(paid("100.01", NAMED), invoice(123, "100.00"))
    assert decision.verdict is Verdict.APPLY
    assert on_account(decision) == Decimal("0.01")


def test_a_part_of_a_named_invoice_is_applied_and_the_rest_stays_open() -> None:
    decision = decide(paid("60.00", NAMED), invoice(123, "100.00"))
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts((NAMED, "60.00"))


@pytest.mark.parametrize(
    ("amount", "text", "payer"),
    [("60.00", "123", "NORTHWIND TOOLS LTD"), ("60.00", NAMED, ""), ("94.50", NAMED, "NORTHWIND TOOLS LTD")],
    ids=["incomplete number", "unknown payer", "rather a deduction"],
)
def test_a_part_is_reviewed_where_reference_payer_or_amount_leave_a_doubt(amount: str, text: str, payer: str) -> None:
    assert decide(paid(amount, text, payer_name=payer), invoice(123, "100.00")).verdict is Verdict.REVIEW


def test_a_part_that_is_exactly_another_invoice_is_reviewed_with_both() -> None:
    decision = decide(paid("60.00", NAMED), invoice(123, "100.00"), invoice(124, "60.00"))
    assert decision.verdict is Verdict.REVIEW
    assert {NAMED} in options(decision)
    assert {"US-SI-000124"} in options(decision)


def test_too_much_is_reviewed_with_the_rest_on_account() -> None:
    decision = decide(paid("150.00", NAMED), invoice(123, "100.00"))
    assert decision.verdict is Verdict.REVIEW
    assert settles(decision) == amounts((NAMED, "100.00"))
    assert on_account(decision) == 50


def test_a_fee_that_the_bank_tells_counts_as_paid() -> None:
    decision = decide(paid("985.00", NAMED, fee="15.00"), invoice(123, "1000.00"))
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts((NAMED, "1000.00"))
    assert "15.00 USD" in decision.reason


def test_a_shortfall_like_a_bank_fee_is_reviewed_as_such() -> None:
    decision = decide(paid("985.00", NAMED), invoice(123, "1000.00"))
    assert decision.verdict is Verdict.REVIEW
    assert decision.best
    assert decision.best.settled[0].write_off == 15
    assert "fee" in decision.reason


def test_what_was_ordered_explains_what_banks_on_the_way_kept() -> None:
    movement = paid("981.70", NAMED, instructed_amount="1000.00", instructed_currency="USD")
    assert settles(decide(movement, invoice(123, "1000.00"))) == amounts((NAMED, "1000.00"))


def test_tax_withheld_applies_by_itself_for_customers_with_an_agreement_only() -> None:
    movement, item = paid("900.00", NAMED), invoice(123, "1000.00")
    assert decide(movement, item).verdict is Verdict.REVIEW
    agreed = decide(movement, item, tuning=Tuning(withholding_customers=frozenset({"C-US-0042"})))
    assert agreed.verdict is Verdict.APPLY
    assert agreed.best
    assert agreed.best.settled[0].write_off == 100


# -- credit notes ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["US-SI-000123 less US-CN-000017", NAMED, ""], ids=["both named", "invoice named", "nothing named"])
def test_a_credit_note_is_netted(text: str) -> None:
    decision = decide(paid("80.00", text), invoice(123, "100.00"), credit_note(17, "20.00"))
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert {each.number: (each.amount, each.settled) for each in decision.best.settled} == {
        NAMED: (Decimal(100), Decimal(100)),
        "US-CN-000017": (Decimal(-20), Decimal(20)),
    }


def test_two_credit_notes_that_would_do_are_a_persons_choice() -> None:
    items = [invoice(123, "100.00"), credit_note(17, "20.00"), credit_note(18, "20.00")]
    assert decide(paid("80.00", NAMED), *items).verdict is Verdict.REVIEW


# -- no reference ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "facts",
    [{"customer_code": "C-US-0042", "payer_name": ""}, {"payer_name": "Northwind Tools"}, {"payer_name": "TOOLS NORTHWND LIMITED"}],
    ids=["code", "name", "name as banks write it"],
)
def test_the_only_invoice_of_that_amount_of_a_certain_customer_is_settled(facts: dict[str, str]) -> None:
    decision = decide(
        paid("731.15", "thank you", **facts), invoice(123, "731.15"), invoice(124, "40.00"), invoice(125, "731.15", **HARBOUR)
    )
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts((NAMED, "731.15"))


def test_two_invoices_of_that_amount_are_both_offered() -> None:
    decision = decide(paid("731.15"), invoice(123, "731.15"), invoice(124, "731.15"))
    assert decision.verdict is Verdict.REVIEW
    assert {NAMED} in options(decision)
    assert {"US-SI-000124"} in options(decision)


@pytest.mark.parametrize("name", ["Wholesale Depot 13", "A Company Nobody Knows", ""])
def test_an_amount_alone_settles_nothing(name: str) -> None:
    depot = {"customer_code": "C-US-0012", "customer_name": "Wholesale Depot 12"}
    assert decide(paid("731.15", payer_name=name), invoice(123, "731.15", **depot)).verdict is Verdict.REVIEW


def test_two_customers_of_one_name_are_not_told_apart_by_amount() -> None:
    decision = decide(paid("731.15"), invoice(123, "731.15"), invoice(124, "55.00", customer_code="C-US-0043"))
    assert decision.verdict is Verdict.REVIEW


def test_invoices_that_sum_to_the_amount_are_found() -> None:
    items = [invoice(123, "1180.41"), invoice(124, "2250.57"), invoice(125, "3331.19"), invoice(126, "977.03")]
    decision = decide(paid("3227.60"), *items)
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert decision.best.stage is Stage.SUM
    assert set(settles(decision)) == numbers([124, 126])


def test_sums_may_be_less_discount() -> None:
    terms = {"discount_percent": Decimal(2), "discount_until": PAID_ON}
    items = [invoice(123, "1180.00", **terms), invoice(124, "2250.57"), invoice(125, "3331.19")]
    decision = decide(paid("3406.97"), *items)
    assert set(settles(decision)) == numbers([123, 124])


def test_two_sets_that_sum_to_the_amount_are_both_offered() -> None:
    items = [invoice(123, "1000.41"), invoice(124, "2000.57"), invoice(125, "1100.41"), invoice(126, "1900.57"), invoice(127, "9.13")]
    decision = decide(paid("3000.98"), *items)
    assert decision.verdict is Verdict.REVIEW
    assert numbers([123, 124]) in options(decision)
    assert numbers([125, 126]) in options(decision)


def test_a_sum_that_fits_by_accident_among_many_is_not_believed() -> None:
    items = [invoice(serial, f"{serial}.00") for serial in range(100, 130)]
    assert decide(paid("645.00"), *items).verdict is Verdict.REVIEW


def test_everything_that_is_open_may_be_paid_at_once_however_many() -> None:
    items = [invoice(serial, f"{serial * 7}.31") for serial in range(100, 140)]
    total = sum((each.open_amount for each in items), Decimal(0))
    decision = decide(paid(str(total)), *items)
    assert decision.verdict is Verdict.APPLY
    assert len(settles(decision)) == 40


def test_one_payment_for_twelve_named_invoices() -> None:
    items = [invoice(serial, f"{serial}.17") for serial in range(100, 112)]
    decision = decide(paid("1268.04", ", ".join(each.number for each in items)), *items)
    assert decision.verdict is Verdict.APPLY
    assert len(settles(decision)) == 12
    assert on_account(decision) == 0


def test_no_more_options_than_a_form_can_show() -> None:
    items = [invoice(serial, "50.00") for serial in range(100, 120)]
    assert len(decide(paid("50.00"), *items).others) <= Tuning().most_candidates


def test_customers_of_several_divisions_pay_them_together() -> None:
    british = invoice(9, "310.00", connection="sage_intacct_uk", division="UK", number="UK-SI-000009", customer_code="C-UK-0002")
    decision = decide(paid("410.00", "US-SI-000123 UK-SI-000009"), invoice(123, "100.00"), british)
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert {each.connection for each in decision.best.settled} == {"quickbooks_us", "sage_intacct_uk"}


def test_nothing_is_open_nothing_is_applied() -> None:
    (decision,) = match([("payment", paid("10.00"))], [], Tuning())
    assert (decision.verdict, decision.best) == (Verdict.REVIEW, None)
    assert NORTHWIND["customer_code"] not in decision.reason
