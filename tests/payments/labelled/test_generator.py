"""The labels can be trusted: money is conserved, nothing is settled twice, every kind is there, the same seed makes the same account."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise

import pytest
from stdnum.iso11649 import is_valid
from tests.payments.labelled import writing
from tests.payments.labelled.desk import KINDS
from tests.payments.labelled.generate import LabelledSet, generate, plain, shares
from tests.payments.labelled.report import label
from tests.payments.labelled.truth import Labelled, Outcome

from airbooks.canonical.payment import PaymentKind
from airbooks.payments.decision import OpenItem

PAYMENTS = 2000
ALWAYS_RIGHT_NUMBERS = {"exact number in a field of its own", "other numbers beside the right one", "payer: private name"}


@pytest.fixture(scope="module")
def made() -> LabelledSet:
    return generate(PAYMENTS, seed=1)


@pytest.fixture(scope="module")
def items(made: LabelledSet) -> dict[int, OpenItem]:
    return {each.document_id: each for each in made.items}


def applied(each: Labelled) -> Outcome:
    """The first right outcome, which is what the payer meant."""
    return each.truth.right[0] if each.truth.right else frozenset()


def test_a_payment_never_settles_more_than_it_brings(made: LabelledSet) -> None:
    for each in made.labelled:
        for outcome in each.truth.right:
            spent = sum((share.amount for share in outcome), Decimal(0))
            assert abs(spent) <= each.payment.gross, each


def test_what_a_known_payment_brings_is_all_settled(made: LabelledSet) -> None:
    exceptions = {"over by up to 0.05"}
    for each in made.labelled:
        if each.truth.knowable and each.kind not in exceptions:
            assert sum((share.amount for share in applied(each)), Decimal(0)) == each.payment.gross, each


def test_no_document_is_settled_beyond_what_is_open(made: LabelledSet, items: dict[int, OpenItem]) -> None:
    settled: dict[int, Decimal] = defaultdict(Decimal)
    for each in made.labelled:
        for share in applied(each):
            settled[share.document_id] += -share.settled if each.truth.takes_back else share.settled
    assert [number for number, amount in settled.items() if amount > items[number].open_amount] == []


def test_in_one_currency_amount_and_discount_are_what_is_settled_or_a_difference_is_written_off(
    made: LabelledSet, items: dict[int, OpenItem]
) -> None:
    for each in made.labelled:
        for share in (share for outcome in each.truth.right for share in outcome):
            item = items[share.document_id]
            if item.currency == each.payment.currency:
                assert abs(share.amount) + share.discount == share.settled or share.settled == item.open_amount, each


def test_every_kind_is_there_in_its_share(made: LabelledSet) -> None:
    found = Counter(each.kind for each in made.labelled)
    wanted = shares(PAYMENTS)
    assert set(found) == set(KINDS)
    assert all(wanted[name] <= found[name] <= wanted[name] + 1 for name in KINDS)
    assert len(made.labelled) >= PAYMENTS


def test_most_payments_can_be_known_and_some_by_nobody(made: LabelledSet) -> None:
    truths = Counter(label(each.truth) for each in made.labelled)
    assert truths["known"] > 0.75 * len(made.labelled)
    assert truths["ask"] > 0.05 * len(made.labelled)


def test_the_same_seed_makes_the_same_account_and_another_one_another() -> None:
    first = generate(300, seed=5)
    assert generate(300, seed=5) == first
    assert generate(300, seed=6) != first


def test_keys_and_movements_are_distinct_and_in_the_order_of_booking(made: LabelledSet) -> None:
    assert len({each.key for each in made.labelled}) == len(made.labelled)
    assert len({each.payment.fingerprint for each in made.labelled}) == len(made.labelled)
    assert all(before.payment.booked_on <= after.payment.booked_on for before, after in pairwise(made.labelled))


def test_numbers_are_distinct_and_documents_precede_their_payments(made: LabelledSet, items: dict[int, OpenItem]) -> None:
    assert len({item.number for item in made.items}) == len(made.items)
    for each in made.labelled:
        assert all(items[share.document_id].issue_date < each.payment.booked_on for share in applied(each)), each


def test_a_discount_counts_as_such_only_in_time(made: LabelledSet, items: dict[int, OpenItem]) -> None:
    for each in made.labelled:
        for share in (share for outcome in each.truth.right for share in outcome if share.discount):
            item = items[share.document_id]
            assert item.discount_until is not None
            assert each.payment.booked_on <= item.discount_until
            assert share.discount <= (item.open_amount * item.discount_percent / 100).quantize(Decimal("0.01"), "ROUND_HALF_UP")


def test_where_only_the_amount_tells_no_other_document_of_that_payer_has_it(made: LabelledSet, items: dict[int, OpenItem]) -> None:
    owed = Counter((plain(item.customer_name), item.currency, item.open_amount) for item in made.items)
    for each in made.labelled:
        if each.truth.by_amount and len(applied(each)) == 1:
            item = items[next(iter(applied(each))).document_id]
            assert owed[plain(item.customer_name), item.currency, item.open_amount] == 1, each


@pytest.mark.parametrize("kind", sorted(ALWAYS_RIGHT_NUMBERS))
def test_a_number_that_is_told_is_the_documents(made: LabelledSet, items: dict[int, OpenItem], kind: str) -> None:
    for each in (each for each in made.labelled if each.kind == kind):
        (share,) = applied(each)
        assert items[share.document_id].number in f"{each.payment.text} {' '.join(each.payment.references)}"


@pytest.mark.parametrize("kind", ["typo: substituted", "typo: swapped", "typo: dropped"])
def test_a_slip_makes_no_other_documents_number(made: LabelledSet, kind: str) -> None:
    numbers = {item.number for item in made.items}
    for each in (each for each in made.labelled if each.kind == kind):
        assert not numbers & set(re.split(r"\s+", each.payment.text)), each


def test_money_out_undoes_an_earlier_payment_or_settles_a_credit_note(made: LabelledSet) -> None:
    back = [each for each in made.labelled if each.payment.kind is not PaymentKind.RECEIPT]
    receipts = {each.payment.source_id: each for each in made.labelled if each.payment.kind is PaymentKind.RECEIPT}
    undoing = [each for each in back if each.truth.takes_back]
    assert {each.payment.kind for each in undoing} == {PaymentKind.REFUND, PaymentKind.CHARGE_BACK}
    assert {each.kind for each in back if not each.truth.takes_back} == {"refund of a credit note"}
    for each in undoing:
        paid = receipts[each.truth.takes_back]
        assert paid.payment.booked_on < each.payment.booked_on
        assert applied(paid) == applied(each)


def test_a_creditor_reference_passes_its_check() -> None:
    assert is_valid(writing.creditor_reference("EU-SI-000123"))
    assert writing.creditor_reference("EU-SI-000123").endswith("EUSI000123")
