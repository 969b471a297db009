"""The audit trail answers who did what, and shows when somebody changed it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airbooks.staging.audit import Event, Seal, append, history, seal, verify


def _event(number: str = "US-SI-000001", **detail: Any) -> Event:
    return Event(actor="hourly__1", action="delivered", number=number, connection="quickbooks_us", detail=detail)


def _tamper(database: psycopg.Connection, statement: str) -> None:
    """What somebody with the rights of the database's owner could do."""
    database.execute("ALTER TABLE airbooks.audit_event DISABLE TRIGGER audit_event_append_only")
    database.execute(statement)


def test_events_are_numbered_without_gaps_and_chained(database: psycopg.Connection) -> None:
    append(database, [_event(), _event("US-SI-000002")])
    append(database, [_event("US-SI-000003")])
    rows = database.execute("SELECT event_id, previous, hash FROM airbooks.audit_event ORDER BY event_id").fetchall()
    assert [row[0] for row in rows] == [1, 2, 3]
    assert [row[1] for row in rows] == ["0" * 64, rows[0][2], rows[1][2]]
    assert verify(database) == []


def test_events_of_a_transaction_that_rolls_back_leave_no_gap(database: psycopg.Connection) -> None:
    append(database, [_event()])
    database.commit()
    append(database, [_event("lost")])
    database.rollback()
    append(database, [_event("US-SI-000002")])
    assert database.execute("SELECT array_agg(event_id ORDER BY event_id) FROM airbooks.audit_event").fetchone() == ([1, 2],)
    assert verify(database) == []


def test_writers_at_the_same_time_make_one_chain(postgres_url: str) -> None:
    def write(writer: int) -> None:
        with psycopg.connect(postgres_url) as connection:
            for turn in range(5):
                append(connection, [_event(f"{writer}-{turn}-{item}") for item in range(10)])
                connection.commit()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    with psycopg.connect(postgres_url) as connection:
        assert verify(connection) == []
        assert seal(connection).event_id == 200


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE airbooks.audit_event SET actor = 'somebody else' WHERE event_id = 2", "Event 2 (delivered, B) was changed"),
        ('UPDATE airbooks.audit_event SET detail = \'{"total": "1.00"}\' WHERE event_id = 2', "Event 2 (delivered, B) was changed"),
        ("UPDATE airbooks.audit_event SET at = at + interval '1 day' WHERE event_id = 2", "Event 2 (delivered, B) was changed"),
        ("DELETE FROM airbooks.audit_event WHERE event_id = 2", "Events 2 to 2 are missing"),
        ("DELETE FROM airbooks.audit_event WHERE event_id = 1", "Events 1 to 1 are missing"),
        ("UPDATE airbooks.audit_event SET previous = hash WHERE event_id = 3", "Event 3 does not continue event 2"),
    ],
)
def test_a_change_by_the_database_owner_is_found(database: psycopg.Connection, statement: str, words: str) -> None:
    append(database, [_event("A", total=Decimal("10.00")), _event("B", total=Decimal("20.00")), _event("C")])
    _tamper(database, statement)
    assert words in verify(database)[0]


def test_a_noted_seal_finds_a_trail_that_was_cut_off_or_written_anew(database: psycopg.Connection) -> None:
    append(database, [_event("A"), _event("B")])
    noted = seal(database)
    assert verify(database, noted) == []
    _tamper(database, "DELETE FROM airbooks.audit_event WHERE event_id = 2")
    assert verify(database) == []
    assert "events are missing at its end" in verify(database, noted)[0]
    assert "was written anew" in verify(database, Seal(1, "f" * 64))[0]


@pytest.mark.parametrize(
    "statement", ["UPDATE airbooks.audit_event SET actor = ''", "DELETE FROM airbooks.audit_event", "TRUNCATE airbooks.audit_event"]
)
def test_the_trail_refuses_changes(database: psycopg.Connection, statement: str) -> None:
    append(database, [_event()])
    with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
        database.execute(statement)


_decimals = st.decimals(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters()) | _decimals,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)


@given(detail=st.dictionaries(st.text(st.characters()), _json, max_size=4), words=st.text(st.characters()))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_words_an_event_holds_the_trail_stays_verifiable(database: psycopg.Connection, detail: dict[str, Any], words: str) -> None:
    append(database, [Event(actor=words, action=words, number=words, connection=words, detail=detail)])
    assert verify(database, seal(database)) == []


def test_a_binary_float_is_refused_because_money_would_lose_digits(database: psycopg.Connection) -> None:
    with pytest.raises(TypeError, match="float"):
        append(database, [_event(total=0.1)])


def _delivered_document(database: psycopg.Connection) -> tuple[int, int]:
    raw_id = database.execute(
        "INSERT INTO airbooks.raw_document (source, source_id, content_hash, payload, changed_at) VALUES ('erp', '7', 'x', '{}', now())"
        " RETURNING raw_id"
    ).fetchone()
    assert raw_id
    document = database.execute(
        "INSERT INTO airbooks.document (source, source_id, revision, raw_id, content_hash, state, kind, division, number, issue_date,"
        " currency, customer_code, customer_name, net_total, tax_total, gross_total, body) VALUES ('erp', '7', 1, %s, 'abc123', 'valid',"
        " 'invoice', 'US', 'US-SI-000007', '2026-11-02', 'USD', 'C', 'Harbour Air', 1, 0, 1, '{}') RETURNING document_id",
        raw_id,
    ).fetchone()
    assert document
    delivery = database.execute(
        "INSERT INTO airbooks.delivery (document_id, connection, platform, operation, state, remote_id)"
        " VALUES (%s, 'quickbooks_us', 'quickbooks', 'create', 'delivered', '145') RETURNING delivery_id",
        document,
    ).fetchone()
    assert delivery
    return document[0], delivery[0]


def test_the_history_of_a_number_names_content_platform_answer_and_person(database: psycopg.Connection) -> None:
    document_id, delivery_id = _delivered_document(database)
    append(
        database,
        [
            Event(actor="hourly__1", action="staged", document_id=document_id, detail={"state": "exception"}),
            Event(actor="ines", action="exception_override", document_id=document_id, number="US-SI-000007", detail={"reason": "agreed"}),
            Event(actor="hourly__2", action="delivered", delivery_id=delivery_id, document_id=document_id, detail={"status": 200}),
            Event(actor="hourly__2", action="delivered", number="US-SI-000008"),
        ],
    )
    steps = history(database, "US-SI-000007")
    assert [(step.actor, step.action) for step in steps] == [
        ("hourly__1", "staged"),
        ("ines", "exception_override"),
        ("hourly__2", "delivered"),
    ]
    assert {step.content_hash for step in steps} == {"abc123"}
    sent = steps[2]
    assert (sent.platform, sent.connection, sent.operation, sent.remote_id) == (
        "quickbooks",
        "quickbooks_us",
        "create",
        "145",
    )
    assert steps[1].detail == {"reason": "agreed"}
