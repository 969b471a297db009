"""What holds for all payments and open items: money is conserved, nothing is overdrawn, order does not matter, nothing happens twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.payments.business import HARBOUR, NORTHWIND, PAID_ON, credit_note, invoice, paid

from airbooks.canonical.incoming import AdviceLine, IncomingPayment
from airbooks.canonical.money import minor_units
from airbooks.canonical.payment import PaymentKind
from airbooks.payments.combine import sums_to
from airbooks.payments.decision import Candidate, Decision, OpenItem, Settled, Verdict
from airbooks.payments.matching import match
from airbooks.payments.tuning import Earlier, Known, Tuning

Books = tuple[list[tuple[str, IncomingPayment]], list[OpenItem]]
CURRENCIES = ("USD", "USD", "USD", "JPY", "BHD")


def _amount(minor: int, currency: str) -> str:
    return str(Decimal(minor).scaleb(-minor_units(currency)))


@st.composite
def open_items(draw: st.DrawFn) -> list[OpenItem]:
    made = []
    for serial in range(100, 100 + draw(st.integers(1, 7))):
        currency = draw(st.sampled_from(CURRENCIES))
        amount = _amount(draw(st.integers(1, 60)) * draw(st.sampled_from([1, 7, 100])), currency)
        make = draw(st.sampled_from([invoice, invoice, invoice, credit_note]))
        terms = draw(st.sampled_from([{}, {"discount_percent": Decimal(2), "discount_until": PAID_ON}]))
        customer = draw(st.sampled_from([NORTHWIND, HARBOUR]))
        made.append(
            make(serial, amount, currency=currency, names=(draw(st.sampled_from(["PO-77001", "PO-77002", "1000"])),), **terms, **customer)
        )
    return made


@st.composite
def books(draw: st.DrawFn) -> Books:
    items = draw(open_items())
    return [(f"p{number}", draw(payment(items, number))) for number in range(draw(st.integers(1, 6)))], items


@st.composite
def payment(draw: st.DrawFn, items: Sequence[OpenItem], number: int) -> IncomingPayment:
    named = draw(st.lists(st.sampled_from(items), min_size=1, max_size=3))
    currency = named[0].currency
    total = sum((each.open_amount for each in named), Decimal(0))
    minor = int(total.scaleb(minor_units(currency))) + draw(st.sampled_from([0, 0, 0, 1, -1, -3, 500, -500]))
    amount = _amount(max(minor, 1), currency)
    style = draw(st.sampled_from(["{number}", "{bare}", "inv {serial}", "{po}", ""]))
    words = [style.format(number=each.number, bare=each.number[-6:], serial=int(each.number[-6:]), po=each.names[0]) for each in named]
    facts: dict[str, Any] = {
        "currency": currency,
        "payer_name": draw(st.sampled_from(["Northwind Tools Ltd", "Harbour Air Supply", "", "Somebody"])),
    }
    if draw(st.booleans()):
        facts["fee"] = _amount(draw(st.integers(0, 30)), currency)
    if draw(st.integers(0, 3)) == 0:
        facts["advice"] = tuple(AdviceLine(document_number=each.number, amount=each.open_amount) for each in named)
    if draw(st.integers(0, 5)) == 0:
        facts |= {"instructed_amount": Decimal(draw(st.integers(1, 500))), "instructed_currency": draw(st.sampled_from(CURRENCIES))}
    return paid(amount, draw(st.sampled_from([" ", ", ", "-", "/", ""])).join(words), source_id=f"s{number}", **facts)


def ways(decision: Decision) -> list[Candidate]:
    return [*([decision.best] if decision.best else []), *decision.others]


def settled_by(decisions: Sequence[Decision]) -> dict[tuple[str, int], Decimal]:
    taken: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
    for decision in decisions:
        for each in decision.best.settled if decision.best and decision.verdict is Verdict.APPLY else ():
            taken[each.connection, each.document_id] += each.settled
    return taken


@settings(max_examples=80, deadline=None)
@given(books())
def test_every_way_to_apply_a_payment_sums_to_what_the_customer_gave(given_books: Books) -> None:
    payments, items = given_books
    for (_, movement), decision in zip(payments, match(payments, items, Tuning()), strict=True):
        for way in ways(decision):
            assert sum((each.amount for each in way.settled), way.on_account) == movement.gross
            assert way.on_account >= 0


@settings(max_examples=80, deadline=None)
@given(books())
def test_no_way_settles_more_of_a_document_than_is_open_and_no_run_more_in_total(given_books: Books) -> None:
    payments, items = given_books
    still_open = {(each.connection, each.document_id): each.open_amount for each in items}
    decisions = match(payments, items, Tuning())
    for way in (way for decision in decisions for way in ways(decision)):
        places = [(each.connection, each.document_id) for each in way.settled]
        assert len(places) == len(set(places))
        assert all(0 <= each.settled <= still_open[each.connection, each.document_id] for each in way.settled)
    assert all(amount <= still_open[place] for place, amount in settled_by(decisions).items())


@settings(max_examples=80, deadline=None)
@given(books())
def test_in_one_currency_amount_discount_and_write_off_are_what_is_settled(given_books: Books) -> None:
    payments, items = given_books
    kinds = {(each.connection, each.document_id): (each.kind, each.currency) for each in items}
    for (_, movement), decision in zip(payments, match(payments, items, Tuning()), strict=True):
        for each in (part for way in ways(decision) for part in way.settled):
            kind, currency = kinds[each.connection, each.document_id]
            if currency == movement.currency:
                assert each.amount + each.discount + each.write_off == (each.settled if kind == "invoice" else -each.settled)


@settings(max_examples=80, deadline=None)
@given(books(), st.randoms(use_true_random=False))
def test_the_order_of_payments_and_items_makes_no_difference(given_books: Books, random: object) -> None:
    payments, items = given_books
    expected = {each.key: each for each in match(payments, items, Tuning())}
    shuffled, mixed = list(payments), list(items)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert {each.key: each for each in match(shuffled, mixed, Tuning())} == expected


@settings(max_examples=80, deadline=None)
@given(books())
def test_matching_again_after_applying_gives_nothing_new_for_what_is_applied(given_books: Books) -> None:
    payments, items = given_books
    decisions = match(payments, items, Tuning())
    taken = settled_by(decisions)
    rest = [replace(each, open_amount=each.open_amount - taken[each.connection, each.document_id]) for each in items]
    gross = {key: (movement.gross, movement.currency) for key, movement in payments}
    applied = [each for each in decisions if each.verdict is Verdict.APPLY]
    earlier = tuple(
        Earlier(key=each.key, source_id=each.key, gross=gross[each.key][0], currency=gross[each.key][1], settled=each.best.settled)
        for each in applied
        if each.best
    )
    again = match(payments, rest, Tuning(), Known(settled_before=earlier))
    assert {each.key for each in again}.isdisjoint(each.key for each in applied)
    still_open = {(each.connection, each.document_id): each.open_amount for each in rest}
    assert all(amount <= still_open[place] for place, amount in settled_by(again).items())


@settings(max_examples=80, deadline=None)
@given(st.integers(1, 20_000), st.lists(st.integers(1, 5_000), max_size=3), st.integers(0, 5_000))
def test_what_a_refund_or_charge_back_takes_back_sums_to_it(amount: int, settled: list[int], left: int) -> None:
    parts = tuple(_settled(number, Decimal(each) / 100) for number, each in enumerate(settled))
    gross, on_account = Decimal(sum(settled) + left) / 100, Decimal(left) / 100
    earlier = Earlier(key="first", source_id="B-1", currency="USD", gross=gross, settled=parts, on_account=on_account)
    movement = paid(str(Decimal(amount) / 100), kind=PaymentKind.CHARGE_BACK, reverses="B-1", source_id="B-2")
    (decision,) = match([("back", movement)], [], Tuning(), Known(settled_before=(earlier,)))
    for way in ways(decision):
        assert sum((each.amount for each in way.settled), way.on_account) == movement.gross


def _settled(serial: int, amount: Decimal) -> Settled:
    return Settled(document_id=serial, connection="quickbooks_us", number=f"US-SI-{serial:06d}", amount=amount, settled=amount)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.integers(-40, 60), min_size=1, max_size=9), st.integers(1, 120), st.integers(1, 9))
def test_the_search_for_sums_misses_none_and_invents_none(values: list[int], target: int, most: int) -> None:
    found = sums_to(values, target, most=most)
    every = {tuple(at for at in range(len(values)) if mask >> at & 1) for mask in range(1, 2 ** len(values)) if mask.bit_count() <= most}
    right = {some for some in every if sum(values[at] for at in some) == target}
    assert set(found) <= right
    assert len(found) == min(len(right), 64)
