"""What payers write, and which invoice it means."""

from __future__ import annotations

from decimal import Decimal

import pytest
from stdnum.iso7064 import mod_97_10
from tests.payments.business import HARBOUR, amounts, credit_note, decide, invoice, numbers, options, paid, settles

from airbooks.payments.decision import Stage, Verdict

ITEMS = [
    invoice(123, "1180.40", names=("1077", "PO-88213")),
    invoice(124, "250.50", names=("1078", "PO-88214")),
    invoice(125, "31.10", names=("1079", "PO-88214")),
    invoice(126, "77.00"),
    invoice(318, "999.99"),
    invoice(200, "640.00", names=("1081",), **HARBOUR),
]


def creditor_reference(body: str) -> str:
    return f"RF{mod_97_10.calc_check_digits(body + 'RF')}{body}"


@pytest.mark.parametrize(
    "reference", ["US-SI-000123", creditor_reference("USSI000123"), "PO-88213"], ids=["our number", "creditor reference", "purchase order"]
)
def test_a_structured_reference_settles_its_invoice_even_if_the_payer_is_unknown(reference: str) -> None:
    decision = decide(paid("1180.40", references=(reference,), payer_name=""), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert decision.best
    assert decision.best.stage is Stage.REFERENCE
    assert settles(decision) == amounts(("US-SI-000123", "1180.40"))


def test_a_creditor_reference_with_wrong_check_digits_is_not_taken_for_one() -> None:
    decision = decide(paid("1180.40", references=("RF00USSI000123",), payer_name=""), *ITEMS)
    assert decision.verdict is Verdict.REVIEW


def test_the_platforms_number_counts_with_its_own_customer_only() -> None:
    assert settles(decide(paid("1180.40", "bill 1077"), *ITEMS)) == amounts(("US-SI-000123", "1180.40"))
    assert decide(paid("640.00", "1081"), *ITEMS).verdict is not Verdict.APPLY


@pytest.mark.parametrize(
    "text",
    [
        "US-SI-000123",
        "us-si-000123",
        "/INV/US-SI-000123/",
        "SVWZ+US-SI-000123 EREF+NOTPROVIDED",
        "Payment of your invoice USSI000123 of 2026-02-01 thank you",
        "US SI 000123",
        "US SI 000 123",
        "000123",
        "SI-000123",
        "US-SI-123",
        "inv no. 123",
        "invoice 0000123",
        "US-S1-OOO123",
        "US-SI-O0O123",
        "U5-5I-OOOIZ3",
        "US-SI-000132",
        "US-SI-00123",
        "US-SI-0001233",
        "UX-SI-000123",
        "Rechnung 000123 vom 01.02.2026 ueber 1.180,40",
        "RE-NRUS-SI-000123VOM01.02.2026",
        "/REMI/000123",
    ],
)
def test_however_it_is_written_with_the_right_amount_and_payer_it_is_that_invoice(text: str) -> None:
    decision = decide(paid("1180.40", text), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert settles(decision) == amounts(("US-SI-000123", "1180.40"))


@pytest.mark.parametrize("text", ["US-SI-000132", "inv 123", "US-S1-OOO123"])
def test_an_incomplete_or_wrong_number_alone_is_not_enough(text: str) -> None:
    assert decide(paid("700.00", text), *ITEMS).verdict is not Verdict.APPLY
    assert decide(paid("1180.40", text, payer_name=""), *ITEMS).verdict is not Verdict.APPLY


@pytest.mark.parametrize(
    "text",
    [
        "US-SI-000123, US-SI-000124, US-SI-000126",
        "US-SI-000123 US-SI-000124 US-SI-000126",
        "US-SI-000123/124/126",
        "US-SI-000123, 124 + 126",
        "000123 000124 000126",
        "USSI000123USSI000124USSI000126",
        "000123000124000126",
        "USSI000123000124000126",
        "invoices 123,124,126 of 02/2026",
    ],
)
def test_several_numbers_are_told_apart_however_they_are_joined(text: str) -> None:
    decision = decide(paid("1507.90", text), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert set(settles(decision)) == numbers([123, 124, 126])


@pytest.mark.parametrize(
    "text", ["US-SI-000123-000126", "US-SI-000123 to US-SI-000126", "000123-000126", "123 bis 126", "US-SI-000123 - 126"]
)
def test_a_range_means_every_invoice_of_the_customer_in_it(text: str) -> None:
    decision = decide(paid("1539.00", text), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert set(settles(decision)) == numbers([123, 124, 125, 126])


def test_two_numbers_with_a_dash_are_only_two_if_the_amount_says_so() -> None:
    decision = decide(paid("1257.40", "000123-000126"), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert set(settles(decision)) == numbers([123, 126])


def test_several_slips_of_the_pen_are_understood_if_together_they_are_the_amount() -> None:
    decision = decide(paid("2180.39", "US-SI-00132 US-SI-00381"), *ITEMS)
    assert decision.verdict is not Verdict.APPLY
    decision = decide(paid("2180.39", "UX-SI-000123 US-SI-00318"), *ITEMS)
    assert decision.verdict is Verdict.APPLY
    assert set(settles(decision)) == numbers([123, 318])


def test_a_purchase_order_with_several_invoices_is_settled_by_what_the_amount_fits() -> None:
    assert set(settles(decide(paid("250.50", "PO 88214"), *ITEMS))) == numbers([124])
    assert set(settles(decide(paid("281.60", "PO 88214"), *ITEMS))) == numbers([124, 125])


def test_someone_elses_invoice_is_never_settled_without_a_person() -> None:
    decision = decide(paid("640.00", "US-SI-000200"), *ITEMS)
    assert decision.verdict is Verdict.REVIEW
    assert "C-US-0007" in decision.reason


def test_a_typing_error_that_hits_someone_elses_invoice_shows_both() -> None:
    items = [invoice(210, "512.34"), invoice(201, "512.34", **HARBOUR)]
    decision = decide(paid("512.34", "US-SI-000201"), *items)
    assert decision.verdict is Verdict.REVIEW
    assert {"US-SI-000210"} in options(decision)
    assert {"US-SI-000201"} in options(decision)


def test_a_number_beyond_all_that_exist_is_no_typing_error() -> None:
    decision = decide(paid("999.99", "US-SI-000319"), *ITEMS)
    assert decision.verdict is not Verdict.APPLY


def test_a_credit_note_and_an_invoice_of_one_serial_are_told_apart() -> None:
    items = [invoice(17, "400.00"), credit_note(17, "40.00")]
    assert settles(decide(paid("360.00", "SI 17 less CN 17"), *items)) == amounts(("US-SI-000017", "400.00"), ("US-CN-000017", "40.00"))


def test_every_reason_reads_as_a_sentence_with_the_invoice_in_it() -> None:
    decision = decide(paid("1180.40", "us-si 000123"), *ITEMS)
    assert "US-SI-000123" in decision.reason
    assert "the amount is what is open" in decision.reason
    assert decision.best
    assert Decimal(0) <= decision.best.confidence <= Decimal(1)


@pytest.mark.parametrize("words", ["all open except US-SI-000123", "ALLE OFFENEN AUSSER US-SI-000123", "Alles außer US-SI-000123"])
def test_all_but_one_is_all_but_that_one(words: str) -> None:
    ours = [each for each in ITEMS if each.customer_code == "C-US-0042"]
    decision = decide(paid("1358.59", words), *ours)
    assert set(settles(decision)) == numbers([124, 125, 126, 318])
    assert decide(paid("500.00", words), *ours).verdict is Verdict.REVIEW


def test_the_sum_of_all_the_others_is_no_part_of_the_one_that_is_named_in_whatever_language() -> None:
    items = [invoice(serial, amount) for serial, amount in ((121, "2000.00"), (122, "300.00"), (123, "400.00"))]
    assert decide(paid("700.00", "alles behalve US-SI-000121"), *items).verdict is Verdict.REVIEW
    assert decide(paid("650.00", "US-SI-000121"), *items).verdict is Verdict.APPLY


@pytest.mark.parametrize("reference", ["20261112-000123", "PAYRUN000123", "US-SH-000123", "DN-000123"])
def test_a_piece_of_the_payers_own_number_is_no_reference(reference: str) -> None:
    items = [invoice(serial, "64.00") for serial in (121, 122, 123)]
    assert decide(paid("64.00", reference), *items).verdict is Verdict.REVIEW
    assert decide(paid("64.00", references=(reference,)), *items).verdict is Verdict.REVIEW


def test_a_part_is_not_applied_where_more_numbers_are_named_than_are_understood() -> None:
    decision = decide(paid("700.00", "US-SI-000123 US-SI-00031B"), *ITEMS)
    assert decision.verdict is Verdict.REVIEW


def test_a_number_of_somebody_elses_beside_the_right_one_does_no_harm() -> None:
    items = [*ITEMS, invoice(105482, "12.00", currency="EUR", **HARBOUR)]
    movement = paid("1180.40", "Your invoice 123", references=("105482",))
    assert settles(decide(movement, *items)) == amounts(("US-SI-000123", "1180.40"))
