"""Movements in the staging database: each once, whole, in the audit trail, and with the one that it takes back."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airbooks.canonical.incoming import AdviceLine, IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.staging.audit import verify
from airbooks.staging.incoming import Incoming, look_alikes, read, store


def movement(mark: str = "ref:1:1", **fields: Any) -> IncomingPayment:
    plain = {"source": "eu_bank", "source_id": mark, "account": "eu_giro", "booked_on": date(2026, 11, 2), "currency": "EUR"}
    return IncomingPayment(**{**plain, "fingerprint": mark, "amount": Decimal("10.00"), **fields})


def stored(database: psycopg.Connection, *states: str) -> list[Incoming]:
    return read(database, states or ("new",))


def test_a_movement_is_stored_once_and_told_apart_by_account_and_fingerprint(database: psycopg.Connection) -> None:
    first = store(database, [movement("a"), movement("b"), movement("a"), movement("a", account="us_operating")], "run-1")
    again = store(database, [movement("b", source="other"), movement("c")], "run-2")
    assert (first.new, first.known) == (3, 1)
    assert (again.new, again.known) == (1, 1)
    assert [each.movement.fingerprint for each in stored(database)] == ["a", "b", "a", "c"]
    assert [each.incoming_id for each in stored(database)] == [*first.new_ids, *again.new_ids]


def test_a_movement_comes_back_whole(database: psycopg.Connection) -> None:
    whole = movement(
        amount=Decimal("12345678901234567.80"),
        fee=Decimal("0.10"),
        instructed_amount=Decimal("1.000"),
        instructed_currency="USD",
        payer_name='Nordwind "Süd" \\ GmbH\x00',
        references=("RF18", "EU-SI-000123"),
        text="two\nlines",
        advice=(AdviceLine(document_number="EU-SI-000123", amount=Decimal("9.90"), discount=Decimal("0.10")),),
        value_on=date(2026, 11, 3),
        kind=PaymentKind.CHARGE_BACK,
        reverses="E1",
    )
    store(database, [whole], "run-1")
    (found,) = stored(database)
    assert found.movement == whole.model_copy(update={"payer_name": whole.payer_name.replace("\x00", "")})
    assert str(found.movement.amount) == "12345678901234567.80"
    body = database.execute(
        "SELECT body ->> 'amount', jsonb_typeof(body -> 'amount'), amount, kind FROM airbooks.incoming_payment"
    ).fetchone()
    assert body == ("12345678901234567.80", "string", Decimal("12345678901234567.80"), "charge_back")


def test_what_is_new_is_in_the_audit_trail_and_what_is_known_is_not_there_twice(database: psycopg.Connection) -> None:
    store(database, [movement("a")], "run-1")
    store(database, [movement("a"), movement("b", amount=Decimal("20.50"))], "run-2")
    rows = database.execute(
        "SELECT actor, detail ->> 'amount' FROM airbooks.audit_event WHERE action = 'payment_received' ORDER BY event_id"
    ).fetchall()
    assert rows == [("run-1", "10.00"), ("run-2", "20.50")]
    assert verify(database) == []


def test_what_comes_to_nothing_leaves_nothing(database: psycopg.Connection) -> None:
    assert store(database, [], "run-1").new == 0
    store(database, [movement("a")], "run-1")
    database.rollback()
    assert stored(database) == []


def test_a_movement_without_fingerprint_is_refused(database: psycopg.Connection) -> None:
    with pytest.raises(ValueError, match="has no fingerprint"):
        store(database, [movement("", source_id="7")], "run-1")


def test_only_the_wanted_states_are_read(database: psycopg.Connection) -> None:
    store(database, [movement(mark) for mark in "abc"], "run-1")
    database.execute("UPDATE airbooks.incoming_payment SET state = 'review' WHERE fingerprint = 'b'")
    assert [each.movement.fingerprint for each in stored(database, "new")] == ["a", "c"]
    assert [(each.movement.fingerprint, each.state) for each in stored(database, "review", "matched")] == [("b", "review")]
    assert len(read(database, ["new", "review"], limit=2)) == 2


@pytest.mark.parametrize(
    "original",
    [{"source_id": "pay_1"}, {"bank_reference": "pay_1"}, {"references": ("X", "pay_1")}],
    ids=["source id", "bank reference", "reference"],
)
def test_a_charge_back_finds_the_payment_that_it_takes_back(database: psycopg.Connection, original: dict[str, Any]) -> None:
    kept = store(database, [movement("a", **original), movement("b", source_id="pay_2")], "run-1").new_ids
    store(database, [movement("c", kind=PaymentKind.CHARGE_BACK, reverses="pay_1", booked_on=date(2026, 11, 9))], "run-2")
    assert [each.original_id for each in stored(database)] == [None, None, kept[0]]


def test_a_charge_back_is_never_of_a_later_payment_of_another_account_or_of_a_refund(database: psycopg.Connection) -> None:
    store(
        database,
        [
            movement("a", source_id="pay_1", booked_on=date(2026, 11, 10)),
            movement("b", source_id="pay_1", account="other"),
            movement("c", source_id="pay_1", kind=PaymentKind.REFUND),
            movement("d", source_id="pay_1", currency="USD"),
            movement("e", kind=PaymentKind.CHARGE_BACK, reverses="pay_1", booked_on=date(2026, 11, 9)),
        ],
        "run-1",
    )
    assert [each.original_id for each in stored(database)] == [None] * 5


def test_of_several_originals_the_one_of_the_same_amount_is_meant(database: psycopg.Connection) -> None:
    kept = store(database, [movement("a", references=("E",)), movement("b", references=("E",), amount=Decimal(7))], "run-1").new_ids
    store(database, [movement("c", kind=PaymentKind.REFUND, reverses="E")], "run-2")
    assert stored(database)[-1].original_id == kept[0]


def test_what_another_source_tells_with_another_identity_is_found_for_a_person(database: psycopg.Connection) -> None:
    by_camt = store(database, [movement("ref:1"), movement("ref:2", amount=Decimal("20.00")), movement("ref:3")], "run-1").new_ids
    by_swift = store(
        database,
        [
            movement("text:1", source="eu_swift", booked_on=date(2026, 11, 4)),
            movement("text:2", source="eu_swift", amount=Decimal("30.00")),
            movement("text:3", source="eu_swift", amount=Decimal("20.00"), booked_on=date(2026, 11, 9)),
        ],
        "run-2",
    ).new_ids
    assert [(each.incoming_id, each.other_id) for each in look_alikes(database, by_swift)] == [(by_swift[0], by_camt[0])]


def test_two_runs_at_the_same_time_store_a_movement_once(postgres_url: str) -> None:
    def run(number: int) -> int:
        with psycopg.connect(postgres_url) as connection:
            found = store(connection, [movement(str(n)) for n in range(200)], f"run-{number}").new
            connection.commit()
            return found

    with ThreadPoolExecutor(3) as pool:
        assert sum(pool.map(run, range(3))) == 200
    with psycopg.connect(postgres_url) as connection:
        assert verify(connection) == []


@given(batches=st.lists(st.lists(st.integers(0, 9), max_size=6), max_size=4), seed=st.integers(0, 99))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_union_of_what_is_told_is_stored_once_in_any_order(database: psycopg.Connection, batches: list[list[int]], seed: int) -> None:
    database.execute("DELETE FROM airbooks.incoming_payment")
    random.Random(seed).shuffle(batches)
    counts = [store(database, [movement(str(n)) for n in batch], "run") for batch in batches]
    told = {n for batch in batches for n in batch}
    assert {each.movement.fingerprint for each in stored(database)} == {str(n) for n in told}
    assert sum(each.new for each in counts) == len(told)
    assert sum(each.known for each in counts) == sum(map(len, batches)) - len(told)
