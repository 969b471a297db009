"""What all rooms do with a payment in the same way: name it, add up what each document gets, join what became several."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as some

from airbooks.canonical import Allocation, Payment, RemoteAllocation, RemotePayment
from airbooks.platforms.payments import by_document, name_of, together
from airbooks.platforms.references import ReferenceKind, payment_codes

CENTS = some.decimals(min_value=0, max_value=10_000, places=2)
WORDS = some.text(some.characters(codec="ascii", min_codepoint=48, max_codepoint=122), min_size=1, max_size=60)


def payment(source: str = "bank", source_id: str = "1", **fields: object) -> Payment:
    made = {"customer_code": "C-1", "received_on": date(2026, 3, 2), "amount": Decimal(10), "currency": "USD", **fields}
    return Payment.model_validate({"source": source, "source_id": source_id, **made})


@given(one=some.tuples(WORDS, WORDS), other=some.tuples(WORDS, WORDS), longest=some.integers(20, 64))
def test_a_payment_has_one_name_of_its_own_however_short_it_must_be(one: tuple[str, str], other: tuple[str, str], longest: int) -> None:
    names = [name_of(payment(*each), longest) for each in (one, other, one)]
    assert all(0 < len(each) <= longest for each in names)
    assert names[0] == names[2]
    assert (names[0] == names[1]) is (one == other)


@given(shares=some.lists(some.tuples(some.sampled_from("abc"), CENTS, CENTS), max_size=8))
def test_what_each_document_gets_adds_up_to_what_is_allocated(shares: list[tuple[str, Decimal, Decimal]]) -> None:
    parts = [Allocation(document_number=to, remote_id=to, amount=amount, discount=off) for to, amount, off in shares]
    made = payment(amount=Decimal(100_000), allocations=parts)
    assert sum(by_document(made).values(), Decimal(0)) == made.amount - made.unapplied
    assert sum(by_document(made, "discount").values(), Decimal(0)) == sum((off for _, _, off in shares), Decimal(0))
    assert set(by_document(made)) == {to for to, _, _ in shares}


@given(amounts=some.lists(CENTS, min_size=1, max_size=5))
def test_a_payment_that_became_several_is_told_as_one_of_the_same_amount(amounts: list[Decimal]) -> None:
    parts = [
        RemotePayment(remote_id=str(at), amount=amount, allocations=(RemoteAllocation(remote_id=f"doc-{at}", amount=amount),))
        for at, amount in enumerate(amounts)
    ]
    whole = together(parts)
    assert whole.remote_id.split(",") == [each.remote_id for each in parts]
    assert whole.amount == sum(amounts, Decimal(0))
    assert [each.amount for each in whole.allocations] == amounts


def test_the_codes_of_a_payment_are_those_it_names() -> None:
    assert payment_codes(payment()) == {(ReferenceKind.CURRENCY, "USD")}
    assert payment_codes(payment(method="Wire", bank_account="BANK")) == {
        (ReferenceKind.CURRENCY, "USD"),
        (ReferenceKind.PAYMENT_METHOD, "Wire"),
        (ReferenceKind.ACCOUNT, "BANK"),
    }
