"""From a decision to the payments that platforms book: nothing is lost between the two."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.canonical import IncomingPayment
from airbooks.payments.decision import Candidate, OpenItem, Settled, Stage
from airbooks.payments.parts import NotPayableError, netted, parts_of

CENTS = st.integers(min_value=1, max_value=10**9).map(lambda cents: Decimal(cents) / 100)


def movement(amount: Decimal, fee: Decimal = Decimal(0)) -> IncomingPayment:
    return IncomingPayment(
        source="bank", source_id="e-1", account="A", booked_on=date(2026, 3, 2), amount=amount - fee, fee=fee, currency="EUR"
    )


def item(document_id: int, connection: str, customer: str, kind: str = "invoice") -> OpenItem:
    return OpenItem(
        document_id=document_id,
        connection=connection,
        division=connection[-2:].upper(),
        kind=kind,
        number=f"SI-{document_id}",
        customer_code=customer,
        customer_name=customer.title(),
        currency="EUR",
        total=Decimal("9999999999"),
        open_amount=Decimal("9999999999"),
        issue_date=date(2026, 2, 1),
    )


def settles(items: list[OpenItem], amounts: list[Decimal]) -> tuple[Settled, ...]:
    return tuple(
        Settled(document_id=each.document_id, connection=each.connection, number=each.number, amount=amount, settled=amount)
        for each, amount in zip(items, amounts, strict=True)
    )


def chosen(settled: tuple[Settled, ...], on_account: Decimal = Decimal(0)) -> Candidate:
    return Candidate(stage=Stage.REFERENCE, confidence=Decimal(1), reason="", settled=settled, on_account=on_account)


@given(
    st.lists(st.tuples(st.sampled_from(["books_us", "books_uk"]), st.sampled_from(["c-1", "c-2"]), CENTS), min_size=1, max_size=12), CENTS
)
def test_the_parts_of_a_payment_sum_to_what_the_customer_gave(told: list[tuple[str, str, Decimal]], on_account: Decimal) -> None:
    items = [item(number, connection, customer) for number, (connection, customer, _) in enumerate(told)]
    settled = settles(items, [amount for _, _, amount in told])
    given_ = sum((amount for _, _, amount in told), on_account)
    parts = parts_of("PAY-1", movement(given_), chosen(settled, on_account), {each.document_id: each for each in items})
    assert sum(part.payment.amount for part in parts) == given_
    assert sum(part.payment.unapplied for part in parts) == on_account
    assert len({(part.connection, part.payment.customer_code) for part in parts}) == len(parts)
    assert len({part.payment.number for part in parts}) == len(parts)


def test_what_the_bank_kept_is_told_once() -> None:
    items = [item(1, "books_us", "c-1"), item(2, "books_uk", "c-2")]
    settled = settles(items, [Decimal(60), Decimal(40)])
    parts = parts_of("PAY-1", movement(Decimal(100), Decimal(5)), chosen(settled), {each.document_id: each for each in items})
    assert [part.payment.bank_fee for part in parts] == [Decimal(5), Decimal(0)]
    assert [part.payment.number for part in parts] == ["PAY-1", "PAY-1-2"]


def test_a_netted_credit_note_takes_its_amount_off_the_invoices_and_no_cash_is_lost() -> None:
    invoice, note = item(1, "books_us", "c-1"), item(2, "books_us", "c-1", "credit_note")
    settled = settles([invoice, note], [Decimal(100), Decimal(-20)])
    (part,) = parts_of("PAY-1", movement(Decimal(80)), chosen(settled), {1: invoice, 2: note})
    assert [(each.document_number, each.amount) for each in part.payment.allocations] == [("SI-1", Decimal(80))]
    assert part.payment.unapplied == 0
    assert part.settled == settled


@given(st.lists(CENTS, min_size=1, max_size=8), CENTS)
def test_netting_conserves_the_cash(amounts: list[Decimal], credit: Decimal) -> None:
    items = [item(number, "books_us", "c-1") for number in range(len(amounts) + 1)]
    credit = min(credit, sum(amounts, Decimal(0)))
    paid = netted(settles(items, [*amounts, -credit]))
    assert sum(each.amount for each in paid) == sum(amounts) - credit
    assert all(each.amount >= 0 for each in paid)


def test_credit_notes_alone_are_no_payment() -> None:
    invoice, note = item(1, "books_us", "c-1"), item(2, "books_uk", "c-1", "credit_note")
    settled = settles([invoice, note], [Decimal(100), Decimal(-20)])
    with pytest.raises(NotPayableError, match="take off more"):
        parts_of("PAY-1", movement(Decimal(80)), chosen(settled), {1: invoice, 2: note})
