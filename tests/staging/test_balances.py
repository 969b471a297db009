"""What is still open, and why: one answer per document and connection."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random

import psycopg
import pytest
from tests.staging.settling import CONNECTION, ISSUED, Books, Sold, listed

from airbooks.payments.decision import OpenItem
from airbooks.staging.balances import Balance, Why, balances, open_items, still_open
from airbooks.staging.platform_payments import store

TODAY = date(2026, 3, 20)


@pytest.fixture
def books(database: psycopg.Connection) -> Books:
    return Books(database)


def balance(database: psycopg.Connection, number: str) -> Balance:
    (found,) = (each for each in balances(database) if each.number == number)
    return found


def why(database: psycopg.Connection, number: str, today: date = TODAY) -> Why | None:
    return {each.balance.number: each.why for each in still_open(database, today)}.get(number)


def test_open_is_the_total_less_what_settled_it(database: psycopg.Connection, books: Books) -> None:
    sold = books.sell("AU-1", "100.00")
    books.pay([(sold, "30.00")])
    books.sell("AU-C1", "20.00", kind="credit_note", corrects=["AU-1"])
    store(database, CONNECTION, [listed("9", ("AU-1", "25.00"))])
    found = balance(database, "AU-1")
    assert (found.ours, found.theirs, found.credited, found.open_amount) == tuple(map(Decimal, ("30.00", "25.00", "20.00", "25.00")))
    assert why(database, "AU-1") is Why.PARTIALLY_PAID


def test_a_payment_stays_with_a_document_that_is_corrected(database: psycopg.Connection, books: Books) -> None:
    books.pay([(books.sell("AU-1", "100.00"), "60.00")])
    books.sell("AU-1", "110.00", delivery="pending")
    store(database, CONNECTION, [listed("9", ("AU-1", "10.00"))])
    assert balance(database, "AU-1").open_amount == Decimal("40.00")


@pytest.mark.parametrize(
    ("notes", "invoice_open", "notes_open"),
    [(("30.00",), "70.00", ("0.00",)), (("80.00", "50.00"), "0.00", ("0.00", "30.00")), (("100.00",), "0.00", ("0.00",))],
)
def test_credit_notes_credit_up_to_what_is_open_and_keep_the_rest(
    database: psycopg.Connection, books: Books, notes: tuple[str, ...], invoice_open: str, notes_open: tuple[str, ...]
) -> None:
    books.sell("AU-1", "100.00")
    for position, note in enumerate(notes):
        books.sell(f"AU-C{position}", note, kind="credit_note", corrects=["AU-1"])
    found = {each.number: each.open_amount for each in balances(database)}
    expected = {"AU-1": invoice_open} | {f"AU-C{position}": rest for position, rest in enumerate(notes_open)}
    assert found == {number: Decimal(amount) for number, amount in expected.items()}


def test_a_credit_note_over_several_invoices_credits_them_in_the_order_it_names_them(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU-1", "40.00"), books.sell("AU-2", "100.00")
    books.sell("AU-C1", "90.00", kind="credit_note", corrects=["AU-2", "AU-1"])
    assert {each.number: each.open_amount for each in balances(database)} == {
        "AU-1": Decimal("40.00"),
        "AU-2": Decimal("10.00"),
        "AU-C1": Decimal("0.00"),
    }


def test_a_netted_credit_note_is_used_up(database: psycopg.Connection, books: Books) -> None:
    invoice, note = books.sell("AU-1", "100.00"), books.sell("AU-C1", "30.00", kind="credit_note")
    books.pay([(invoice, "100.00"), (note, "-30.00")])
    assert open_items(database) == []


def test_only_what_can_be_paid_is_matched(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU-1"), books.sell("AU-2", delivery="pending"), books.sell("AU-3", delivery="unknown"), books.sell("AU-4", delivery="")
    books.sell("AU-5", state="exception"), books.sell("AU-6", delivery="rejected"), books.sell("AU-7", state="cancelled")
    books.pay([(books.sell("AU-8"), "100.00")])
    assert [each.number for each in open_items(database)] == ["AU-1", "AU-2", "AU-3", "AU-4"]


def test_an_open_item_bears_every_name_and_term_that_a_payer_may_use(database: psycopg.Connection, books: Books) -> None:
    terms = {"net_days": 30, "discount_percent": "2", "discount_days": 10}
    sold = books.sell("AU-1", terms=terms, purchase_order="PO-7", sales_order="SO-9", exchange_rate={"base": "AUD", "rate": "1.5"})
    assert open_items(database, divisions=["AU"], connections=[CONNECTION]) == [
        OpenItem(
            document_id=sold.document_id,
            connection=CONNECTION,
            division="AU",
            kind="invoice",
            number="AU-1",
            customer_code="C-1",
            customer_name="Harbour Air",
            currency="AUD",
            total=Decimal("100.00"),
            open_amount=Decimal("100.00"),
            issue_date=ISSUED,
            due_date=date(2026, 4, 9),
            discount_percent=Decimal(2),
            discount_until=date(2026, 3, 20),
            names=("INV/AU-1", "PO-7", "SO-9"),
            rate=Decimal("1.5"),
        )
    ]
    assert open_items(database, divisions=["UK"]) == []
    assert open_items(database, connections=["xero_au"]) == []


def _taken_back(books: Books) -> Sold:
    sold = books.sell("AU-1")
    books.pay([(sold, "100.00")])
    books.database.execute("UPDATE airbooks.allocation SET cancelled_at = now()")
    return sold


@pytest.mark.parametrize(
    ("reason", "made"),
    [
        (Why.NOT_DUE, lambda books: books.sell("AU-1", due_date="2026-04-01")),
        (Why.OVERDUE, lambda books: books.sell("AU-1", due_date="2026-03-19")),
        (Why.IN_REVIEW, lambda books: books.sell("AU-1", state="exception")),
        (Why.IN_REVIEW, lambda books: books.sell("AU-1", delivery="parked")),
        (Why.REJECTED, lambda books: books.sell("AU-1", delivery="rejected")),
        (Why.UNKNOWN, lambda books: books.sell("AU-1", delivery="unknown")),
        (Why.IN_DELIVERY, lambda books: books.sell("AU-1", delivery="pending")),
        (Why.IN_DELIVERY, lambda books: books.sell("AU-1", delivery="")),
        (Why.CREDIT, lambda books: books.sell("AU-1", kind="credit_note")),
        (Why.PARTIALLY_PAID, lambda books: books.pay([(books.sell("AU-1"), "1.00")])),
        (Why.OVERPAID, lambda books: books.pay([(books.sell("AU-1"), "100.01")])),
        (Why.TAKEN_BACK, _taken_back),
        (None, lambda books: books.pay([(books.sell("AU-1"), "100.00")])),
    ],
)
def test_every_open_document_says_why(database: psycopg.Connection, books: Books, reason: Why | None, made: object) -> None:
    made(books)  # type: ignore[operator]
    assert why(database, "AU-1") is reason


def test_the_answer_is_a_sentence_with_the_amounts(database: psycopg.Connection, books: Books) -> None:
    books.pay([(books.sell("AU-1", "1200.00", due_date="2026-03-10"), "200.00")])
    (found,) = still_open(database, TODAY, numbers=["AU-1"], customers=["C-1"], divisions=["AU"])
    assert found.says == "1,000.00 AUD of 1,200.00 open: overdue, for 10 days (due 2026-03-10), 200.00 paid"


def test_what_was_taken_back_in_part_or_paid_again_is_not_counted_twice(database: psycopg.Connection, books: Books) -> None:
    sold = books.sell("AU-1")
    incoming = books.pay([(sold, "100.00")])
    database.execute("UPDATE airbooks.allocation SET cancelled_at = now()")
    database.execute(
        "INSERT INTO airbooks.allocation (incoming_id, connection, document_id, number, amount, settled)"
        " VALUES (%s, %s, %s, 'AU-1', 60, 60)",
        (incoming, CONNECTION, sold.document_id),
    )
    found = balance(database, "AU-1")
    assert (found.taken_back, found.open_amount) == (Decimal("40.00"), Decimal("40.00"))


@pytest.mark.parametrize("seed", range(5))
def test_credit_is_neither_made_nor_lost_whatever_names_what(database: psycopg.Connection, books: Books, seed: int) -> None:
    rng = Random(seed)
    numbers = [f"AU-{n}" for n in range(12)]
    for number in numbers:
        books.sell(number, f"{rng.randint(0, 200)}.{rng.randint(0, 99):02}")
    for n in range(12):
        books.sell(f"AU-C{n}", f"{rng.randint(1, 300)}.00", kind="credit_note", corrects=rng.sample(numbers, rng.randint(0, 4)))
    found = list(balances(database))
    given, taken = (sum((each.credited for each in found if each.kind == kind), Decimal(0)) for kind in ("credit_note", "invoice"))
    assert given == taken
    assert given > 0
    assert all(0 <= each.credited <= each.total for each in found)
