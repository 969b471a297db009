"""Remittance advice waits for its payment, whichever comes first, and never speaks of another one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from airbooks.canonical.incoming import AdviceLine, IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.staging.advice import attach_advice, store_advice
from airbooks.staging.audit import verify
from airbooks.staging.incoming import read, store

LINES = (
    AdviceLine(document_number="EU-SI-000123", amount=Decimal("70.00"), discount=Decimal("1.00")),
    AdviceLine(document_number="EU-SI-000124", amount=Decimal("30.00")),
)


def told(mark: str = "a", **fields: Any) -> IncomingPayment:
    plain = {"source": "eu_bank", "source_id": mark, "account": "eu_giro", "booked_on": date(2026, 11, 4), "currency": "EUR"}
    return IncomingPayment(**{**plain, "fingerprint": mark, "amount": Decimal("100.00"), "payer_name": "Northwind Tools Ltd", **fields})


def advice(mark: str = "a", **fields: Any) -> IncomingPayment:
    return told(mark, **{"source": "advice", "account": "", "booked_on": date(2026, 11, 2), "advice": LINES, **fields})


def lines(database: psycopg.Connection) -> dict[str, int]:
    """How many lines of advice each stored movement has, by its fingerprint."""
    return {each.movement.fingerprint: len(each.movement.advice) for each in read(database, ["new", "review"])}


@pytest.mark.parametrize("advice_first", [True, False])
def test_advice_and_payment_find_each_other_whichever_comes_first(database: psycopg.Connection, advice_first: bool) -> None:
    if advice_first:
        store_advice(database, [advice()], "run-1")
        assert attach_advice(database, "run-1") == []
        store(database, [told()], "run-2")
    else:
        store(database, [told()], "run-1")
        store_advice(database, [advice()], "run-2")
    assert len(attach_advice(database, "run-3")) == 1
    (found,) = read(database, ["new"])
    assert found.movement.advice == LINES
    assert attach_advice(database, "run-4") == []
    assert verify(database) == []


def test_an_advice_that_is_read_again_is_known(database: psycopg.Connection) -> None:
    assert store_advice(database, [advice()], "run-1") == 1
    assert store_advice(database, [advice(), advice("b")], "run-2") == 1


def test_of_two_equal_payments_the_one_with_its_reference_is_meant(database: psycopg.Connection) -> None:
    store(database, [told("a"), told("b", references=("NW-118",)), told("c", text="pays EU-SI 000124")], "run-1")
    store_advice(database, [advice(references=("NW 118",), advice=LINES[:1])], "run-1")
    attach_advice(database, "run-1")
    assert lines(database) == {"a": 0, "b": 1, "c": 0}


def test_of_two_equal_payments_the_one_of_its_payer_is_meant(database: psycopg.Connection) -> None:
    store(database, [told("a", payer_name="Harbour Air"), told("b", payer_name="NORTHWIND TOOLS LTD.")], "run-1")
    store_advice(database, [advice()], "run-1")
    attach_advice(database, "run-1")
    assert lines(database) == {"a": 0, "b": 2}


def test_the_payers_name_may_stand_in_the_text_where_the_bank_has_no_field_for_it(database: psycopg.Connection) -> None:
    store(database, [told(payer_name="", text="ACH CREDIT NORTHWIND TOOLS LTD 88213")], "run-1")
    store_advice(database, [advice()], "run-1")
    assert len(attach_advice(database, "run-1")) == 1


def test_an_advice_that_may_mean_two_payments_waits(database: psycopg.Connection) -> None:
    store(database, [told("a"), told("b")], "run-1")
    store_advice(database, [advice()], "run-1")
    assert attach_advice(database, "run-1") == []


def test_two_advices_never_share_a_payment(database: psycopg.Connection) -> None:
    store(database, [told("a")], "run-1")
    store_advice(database, [advice("a"), advice("b")], "run-1")
    assert len(attach_advice(database, "run-1")) == 1


def test_the_fee_that_the_bank_kept_does_not_hide_the_payment(database: psycopg.Connection) -> None:
    store(database, [told(amount=Decimal("98.00"), fee=Decimal("2.00"))], "run-1")
    store_advice(database, [advice()], "run-1")
    assert len(attach_advice(database, "run-1")) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"currency": "USD"},
        {"amount": Decimal("100.01")},
        {"booked_on": date(2026, 12, 24)},
        {"booked_on": date(2026, 10, 1)},
        {"kind": PaymentKind.REFUND},
        {"payer_name": "Harbour Air"},
        {"payer_name": ""},
        {"advice": LINES},
    ],
    ids=str,
)
def test_an_advice_is_never_of_another_payment(database: psycopg.Connection, other: dict[str, Any]) -> None:
    store(database, [told(**other)], "run-1")
    store_advice(database, [advice()], "run-1")
    assert attach_advice(database, "run-1") == []


def test_an_advice_for_one_account_is_not_of_another(database: psycopg.Connection) -> None:
    store(database, [told()], "run-1")
    store_advice(database, [advice(account="us_operating")], "run-1")
    assert attach_advice(database, "run-1") == []


def test_what_was_decided_keeps_its_decision(database: psycopg.Connection) -> None:
    store(database, [told()], "run-1")
    database.execute("UPDATE airbooks.incoming_payment SET state = 'matched'")
    store_advice(database, [advice()], "run-1")
    assert attach_advice(database, "run-1") == []


def test_a_payment_that_a_person_decides_about_meanwhile_is_not_matched_a_second_time(
    database: psycopg.Connection, postgres_url: str
) -> None:
    store(database, [told()], "run-1")
    store_advice(database, [advice()], "run-1")
    database.commit()
    with psycopg.connect(postgres_url) as theirs, ThreadPoolExecutor(1) as run:
        theirs.execute("UPDATE airbooks.incoming_payment SET state = 'matched'")
        attaching = run.submit(attach_advice, database, "run-2")
        while not attaching.done() and not _waits(postgres_url):
            pass
        theirs.commit()
        assert attaching.result() == []
    assert [each.movement.fingerprint for each in read(database, ["matched"])] == ["a"]


def _waits(url: str) -> bool:
    """Whether somebody waits for a row of somebody else."""
    with psycopg.connect(url) as database:
        statement = (
            "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()"
        )
        row = database.execute(statement).fetchone()
    return bool(row and row[0])
