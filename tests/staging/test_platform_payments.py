"""Payments as the platforms hold them: nothing is missed, nothing counts twice, and what is taken back there opens again here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from tests.staging.rows import one
from tests.staging.settling import CONNECTION, READ_AT, Books, listed

from airbooks.canonical import RemotePayment
from airbooks.staging import audit
from airbooks.staging.balances import balances, open_items
from airbooks.staging.documents import read_watermark
from airbooks.staging.platform_payments import read_payments, store

FIRST = datetime(2026, 1, 1, tzinfo=UTC)


class Platform:
    """Lists what it holds, and remembers since when it was asked."""

    def __init__(self, *payments: RemotePayment) -> None:
        self.payments, self.asked = list(payments), list[datetime]()

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        self.asked.append(since)
        yield from self.payments


class DyingPlatform(Platform):
    def list_payments(self, since: datetime) -> Iterator[RemotePayment]:
        yield from super().list_payments(since)
        raise ConnectionResetError


def read(database: psycopg.Connection, platform: Platform, **options: Any) -> dict[str, int]:
    return dict(read_payments(database, platform, CONNECTION, "run", first=FIRST, **options))


def open_amounts(database: psycopg.Connection) -> dict[str, Decimal]:
    return {each.number: each.open_amount for each in open_items(database)}


def test_payments_are_read_since_the_watermark_less_the_overlap(database: psycopg.Connection) -> None:
    platform = Platform(listed("9"))
    assert read(database, platform) == {"new": 1}
    watermark = read_watermark(database, f"payments:{CONNECTION}")
    assert read(database, platform) == {}
    assert watermark is not None
    assert platform.asked == [FIRST, watermark - timedelta(minutes=10)]


def test_a_platform_that_fails_half_way_leaves_the_watermark_where_it_was(database: psycopg.Connection) -> None:
    with pytest.raises(ConnectionResetError):
        read(database, DyingPlatform(listed("9")))
    database.rollback()
    assert read_watermark(database, f"payments:{CONNECTION}") is None


def test_a_change_is_noticed_once(database: psycopg.Connection) -> None:
    read(database, Platform(listed("9", ("AU-1", "40.00"))))
    changed = Platform(listed("9", ("AU-1", "45.00")))
    assert [read(database, changed), read(database, changed)] == [{"changed": 1}, {}]


def test_of_a_payment_that_is_listed_twice_the_last_counts(database: psycopg.Connection) -> None:
    Books(database).sell("AU-1")
    store(database, CONNECTION, [listed("9", ("AU-1", "10.00")), listed("9", ("AU-1", "25.00"))])
    assert open_amounts(database) == {"AU-1": Decimal("75.00")}


def test_a_payment_that_a_person_booked_settles_the_documents_it_names(database: psycopg.Connection) -> None:
    books = Books(database)
    books.sell("AU-1"), books.sell("AU-2", "60.00")
    read(database, Platform(listed("9", ("AU-1", "100.00"), ("AU-2", "20.00"))))
    assert open_amounts(database) == {"AU-2": Decimal("40.00")}


def test_a_persons_payment_that_is_reversed_settles_nothing(database: psycopg.Connection) -> None:
    Books(database).sell("AU-1")
    read(database, Platform(listed("9", ("AU-1", "100.00"))))
    assert read(database, Platform(listed("9", ("AU-1", "100.00"), reversed_=True))) == {"reversed": 1}
    assert open_amounts(database) == {"AU-1": Decimal("100.00")}


def test_our_payment_counts_once_although_the_platform_lists_it_too(database: psycopg.Connection) -> None:
    books = Books(database)
    books.pay([(books.sell("AU-1"), "30.00")], name="P-1")
    read(database, Platform(listed("P-1", ("AU-1", "30.00"))))
    assert open_amounts(database) == {"AU-1": Decimal("70.00")}


def test_a_reversal_of_our_payment_opens_the_document_and_asks_a_person(database: psycopg.Connection) -> None:
    books = Books(database)
    books.pay([(books.sell("AU-1"), "100.00"), (books.sell("AU-2"), "50.00")], name="P-1")
    platform = Platform(listed("P-1", ("AU-1", "100.00"), ("AU-2", "50.00"), reversed_=True))
    read(database, platform)
    read(database, platform)
    assert open_amounts(database) == {"AU-1": Decimal("100.00"), "AU-2": Decimal("100.00")}
    assert database.execute("SELECT code, connection FROM airbooks.exception WHERE state = 'open'").fetchall() == [
        ("AB-PAYMENT-REVERSED", CONNECTION)
    ]
    assert database.execute("SELECT state FROM airbooks.incoming_payment").fetchall() == [("reversed",)]
    assert database.execute("SELECT DISTINCT cancelled_by FROM airbooks.allocation WHERE cancelled_at IS NOT NULL").fetchall() == [("run",)]
    assert [step.action for step in audit.history(database, "AU-1")] == ["payment reversed"]
    assert audit.verify(database) == []


def test_a_reversal_is_noticed_also_where_our_answer_was_recorded_after_it(database: psycopg.Connection) -> None:
    books = Books(database)
    books.pay([(books.sell("AU-1"), "100.00")], name="P-1", state="sending")
    platform = Platform(listed("P-1", ("AU-1", "100.00"), reversed_=True))
    read(database, platform)
    database.execute("UPDATE airbooks.delivery SET state = 'delivered', remote_id = 'P-1' WHERE operation = 'apply'")
    read(database, platform)
    assert open_amounts(database) == {"AU-1": Decimal("100.00")}


def test_a_payment_that_a_whole_reading_no_longer_finds_was_deleted_there(database: psycopg.Connection) -> None:
    books = Books(database)
    books.pay([(books.sell("AU-1"), "100.00")], name="P-1")
    old = listed("7", ("AU-1", "0.00"), modified_at=FIRST)
    read(database, Platform(old, listed("P-1", ("AU-1", "100.00"))))
    assert read(database, Platform(), whole_from=READ_AT - timedelta(days=1)) == {"deleted": 1}
    assert one(database, "SELECT reversed FROM airbooks.platform_payment WHERE remote_id = '7'") is False
    assert open_amounts(database) == {"AU-1": Decimal("100.00")}


def test_a_payment_in_home_currency_settles_a_foreign_document_at_its_rate(database: psycopg.Connection) -> None:
    Books(database).sell("AU-1", currency="USD", exchange_rate={"base": "AUD", "rate": "1.52"})
    read(database, Platform(listed("9", ("AU-1", "76.00"), currency="AUD")))
    assert open_amounts(database) == {"AU-1": Decimal("50.00")}


def test_one_name_on_two_connections_is_two_payments(database: psycopg.Connection) -> None:
    Books(database).sell("AU-1")
    store(database, "xero_au", [listed("9", ("AU-1", "100.00"))])
    assert [each.theirs for each in balances(database)] == [Decimal(0)]


def test_of_a_payment_that_was_taken_back_only_its_name_need_be_told(database: psycopg.Connection) -> None:
    Books(database).sell("AU-1")
    read(database, Platform(listed("9", ("AU-1", "40.00"))))
    deleted = Platform(listed("9", reversed_=True, currency="", received_on=None))
    assert [read(database, deleted), read(database, deleted)] == [{"reversed": 1}, {}]
    kept = "SELECT amount, currency, allocations ->> 0 IS NOT NULL, reversed FROM airbooks.platform_payment"
    assert database.execute(kept).fetchall() == [(Decimal("40.00"), "AUD", True, True)]


def test_a_payment_that_the_platform_keeps_per_document_is_ours_and_is_taken_back_by_parts(database: psycopg.Connection) -> None:
    books = Books(database)
    books.pay([(books.sell("AU-1"), "100.00"), (books.sell("AU-2"), "60.00")], name="11,12")
    parts = listed("11", ("AU-1", "100.00")), listed("12", ("AU-2", "60.00"))
    read(database, Platform(*parts))
    assert open_amounts(database) == {"AU-2": Decimal("40.00")}
    read(database, Platform(listed("12", reversed_=True)))
    assert open_amounts(database) == {"AU-2": Decimal("100.00")}
    assert database.execute("SELECT state FROM airbooks.incoming_payment").fetchall() == [("matched",)]
