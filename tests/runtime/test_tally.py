"""The demo's two counts: what agrees, what is doubled, what is lost, and how a difference is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from airbooks.runtime.money import MoneyTally
from airbooks.runtime.report import connection_table, last_line
from airbooks.runtime.tally import ConnectionRow, Documents, Ledger, Recorded, Tally, tally

NOTHING = Ledger(documents={})


def paid() -> MoneyTally:
    return MoneyTally(payments=5, matched=3, reviews=1, waiting=1, unreconciled=0, disagreements=())


def ledger(*documents: tuple[str, str, str]) -> Ledger:
    rows = {
        f"R{at}": {"remote_id": f"R{at}", "kind": "invoice", "our_number": number, "currency": currency, "total": total, "status": "open"}
        for at, (number, currency, total) in enumerate(documents)
    }
    return Ledger(documents=rows)


def row(delivered: int, **values: str) -> ConnectionRow:
    return ConnectionRow(
        connection="quickbooks_us",
        delivered=delivered,
        values={currency: Decimal(amount) for currency, amount in values.items()},
        confirmed=delivered,
        rejected=0,
        seconds=1.5,
    )


def recorded(
    each: ConnectionRow,
    *numbers: str,
    exceptions: tuple[str, ...] = (),
    differing: tuple[str, ...] = (),
    on_their_way: tuple[str, ...] = (),
) -> Recorded:
    delivered = {("quickbooks_us", number) for number in numbers}
    waiting = Documents(count=len(exceptions), numbers=set(exceptions))
    return Recorded(
        rows=[each],
        causes=[],
        delivered_numbers=delivered,
        differing_numbers={("quickbooks_us", number) for number in differing},
        waiting=waiting,
        on_their_way=Documents(count=len(on_their_way), numbers=set(on_their_way)),
        next_look=datetime(2026, 3, 31, 17, 45, tzinfo=UTC) if on_their_way else None,
        settled=Documents(count=0, numbers=set()),
    )


def counted(source: set[str], after: Ledger, said: Recorded, before: Ledger = NOTHING) -> Tally:
    return tally(Documents(count=len(source), numbers=source), {"quickbooks_us": before}, {"quickbooks_us": after}, said)


def test_what_is_booked_once_and_what_waits_for_a_person_makes_a_right_demo() -> None:
    books = ledger(("A", "USD", "108.25"), ("B", "EUR", "10.00"))
    result = counted({"A", "B", "C"}, books, recorded(row(2, USD="108.25", EUR="10.00"), "A", "B", exceptions=("C",)))
    assert result.right
    assert (result.documents, result.delivered, result.exceptions, result.lost) == (3, 2, 1, 0)
    told = "demo: ok documents=3 delivered=2 exceptions=1 duplicates=0 lost=0 platforms=1 payments=5 matched=3 reviews=1 unreconciled=0"
    assert last_line(result, paid(), 61.4, ran=True) == f"{told} seconds=61"


def test_a_second_run_counts_only_what_it_delivered_itself() -> None:
    books = ledger(("A", "USD", "108.25"))
    result = counted({"A"}, books, recorded(row(0), "A"), before=books)
    assert result.right
    assert result.delivered == 0


def test_a_document_booked_twice_is_a_duplicate() -> None:
    books = ledger(("A", "USD", "108.25"), ("A", "USD", "108.25"))
    result = counted({"A"}, books, recorded(row(2, USD="216.50"), "A"))
    assert (result.duplicates, result.right) == (1, False)


def test_a_document_that_is_nowhere_is_lost() -> None:
    result = counted({"A", "B"}, ledger(("A", "USD", "1.00")), recorded(row(1, USD="1.00"), "A"))
    assert (result.lost, result.right) == (1, False)
    assert any("B" in each for each in result.disagreements)


def test_a_document_called_delivered_that_stands_in_no_book_is_lost() -> None:
    result = counted({"A"}, NOTHING, recorded(row(1, USD="1.00"), "A", exceptions=("A",)))
    assert (result.lost, result.right) == (1, False)


def test_a_document_that_the_platform_booked_otherwise_is_an_exception_and_no_delivery() -> None:
    books = ledger(("A", "USD", "1.00"), ("B", "USD", "9.99"))
    result = counted({"A", "B"}, books, recorded(row(1, USD="1.00"), "A", exceptions=("B",), differing=("B",)))
    assert result.right
    assert (result.delivered, result.exceptions) == (1, 1)


def test_of_two_documents_with_one_number_the_missing_one_is_lost() -> None:
    said = recorded(row(1, USD="1.00"), "A")
    books = {"quickbooks_us": ledger(("A", "USD", "1.00"))}
    result = tally(Documents(count=2, numbers={"A"}), {"quickbooks_us": NOTHING}, books, said)
    assert (result.lost, result.right) == (1, False)


def test_a_difference_of_a_cent_is_a_disagreement() -> None:
    result = counted({"A"}, ledger(("A", "USD", "108.25")), recorded(row(1, USD="108.26"), "A"))
    assert result.disagreements == ["quickbooks_us: the platform's books gained USD 108.25, Postgres recorded USD 108.26"]


def test_a_document_still_on_its_way_is_not_lost_and_not_right_either() -> None:
    result = counted({"A", "B"}, ledger(("A", "USD", "1.00")), recorded(row(1, USD="1.00"), "A", on_their_way=("B",)))
    assert (result.lost, result.right) == (0, False)
    assert "run this again after 17:45:00 UTC" in result.disagreements[-1]


def test_a_failed_run_is_never_called_ok() -> None:
    result = counted({"A"}, ledger(("A", "USD", "1.00")), recorded(row(1, USD="1.00"), "A"))
    assert last_line(result, paid(), 1, ran=False).startswith("demo: failed ")


@pytest.mark.parametrize("wrong", [{"unreconciled": 1}, {"disagreements": ("books_us: the platform's books hold payments of -",)}])
def test_a_demo_whose_payments_are_wrong_is_never_called_ok(wrong: dict[str, Any]) -> None:
    result = counted({"A"}, ledger(("A", "USD", "1.00")), recorded(row(1, USD="1.00"), "A"))
    assert last_line(result, replace(paid(), **wrong), 1, ran=True).startswith("demo: failed ")


def test_the_table_shows_one_value_per_currency() -> None:
    table = connection_table([row(2, USD="1234.50", EUR="10.00")])
    assert "EUR 10.00" in table
    assert "USD 1,234.50" in table
