"""An answer settles a cause, lets the right documents go, counts once, and is written down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date

import psycopg
import pytest
from tests.staging.rows import CONNECTION, Row, add_delivery, add_document, add_raw, finding, of_delivery, of_document, one, unmapped

from airbooks.canonical import Finding
from airbooks.staging.audit import history, verify
from airbooks.staging.exceptions import (
    AlreadyAnswered,
    Answer,
    AnswerKind,
    AnswerOutcome,
    InvalidAnswerError,
    answer,
    causes_to_review,
    close_for,
    mark_review,
    open_exceptions,
    read_cause,
)

PERIOD = finding("AB-PERIOD", subject="period:2026-11-01", connection=CONNECTION)
MAPPED = Answer(kind=AnswerKind.MAP, by="ines", map_to="7")
REFUSED = finding("odoo refused", subject="", connection=CONNECTION)


def _open(database: psycopg.Connection, *rows: Row, found: Finding) -> str:
    """Open one exception per document (or delivery); the cause's id."""
    open_exceptions(database, [of_document(row, found) if row.delivery_id is None else of_delivery(row, found) for row in rows])
    return str(one(database, "SELECT cause_id FROM airbooks.exception WHERE code = %s ORDER BY exception_id DESC LIMIT 1", found.code))


def _waits_for_staging(database: psycopg.Connection) -> list[int]:
    return [row[0] for row in database.execute("SELECT raw_id FROM airbooks.raw_document WHERE staged_at IS NULL ORDER BY raw_id")]


def _state(database: psycopg.Connection, row: Row) -> tuple[str, int, int]:
    found = database.execute(
        "SELECT state, generation, attempt FROM airbooks.delivery WHERE delivery_id = %s AND (state <> 'pending' OR not_before <= now())",
        [row.delivery_id],
    ).fetchone()
    assert found
    return found


def _document_state(database: psycopg.Connection, row: Row) -> str:
    return str(one(database, "SELECT state FROM airbooks.document WHERE document_id = %s", row.document_id))


def test_a_mapping_is_kept_and_every_waiting_document_is_checked_again(database: psycopg.Connection) -> None:
    rows = [add_document(database, f"AU-SI-{n}") for n in range(3)]
    done = add_document(database, "AU-SI-9", state="valid")
    outcome = answer(database, _open(database, *rows, found=unmapped()), MAPPED)
    assert (outcome.documents, outcome.deliveries, outcome.numbers) == (3, 0, ("AU-SI-0", "AU-SI-1", "AU-SI-2"))
    kept = database.execute("SELECT connection, kind, code, target, decided_by FROM airbooks.reference_map").fetchall()
    assert kept == [("odoo_au", "tax_code", "AU-GST10", "7", "ines")]
    assert _waits_for_staging(database) == [row.raw_id for row in rows]
    assert done.raw_id not in _waits_for_staging(database)


def test_a_mapping_lets_parked_and_refused_deliveries_go_as_a_new_generation(database: psycopg.Connection) -> None:
    parked = add_delivery(database, add_document(database, "AU-SI-1", state="valid"), "parked")
    refused = add_delivery(database, add_document(database, "AU-SI-2", state="valid"), "rejected")
    outcome = answer(database, _open(database, parked, refused, found=unmapped()), MAPPED)
    assert (outcome.documents, outcome.deliveries) == (0, 2)
    assert _state(database, parked) == _state(database, refused) == ("pending", 2, 2)
    assert _waits_for_staging(database) == []


@pytest.mark.parametrize("state", ["sending", "unknown", "delivered", "pending"])
def test_no_answer_makes_anything_go_out_that_may_be_on_the_platform(database: psycopg.Connection, state: str) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", state="valid"), state)
    answer(database, _open(database, row, found=REFUSED), Answer(kind=AnswerKind.RETRY, by="ines"))
    kept = one(database, "SELECT (state, generation)::text FROM airbooks.delivery")
    assert kept == f"({state},1)"


def test_an_unknown_delivery_is_looked_up_at_once_after_a_retry(database: psycopg.Connection) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", state="valid"), "unknown")
    answer(database, _open(database, row, found=REFUSED), Answer(kind=AnswerKind.RETRY, by="ines"))
    assert one(database, "SELECT not_before <= now() FROM airbooks.delivery")


def test_an_older_revision_is_never_staged_again(database: psycopg.Connection) -> None:
    old = add_document(database, "AU-SI-1")
    cause = _open(database, old, found=unmapped())
    add_document(database, "AU-SI-1")
    assert answer(database, cause, MAPPED).documents == 0
    assert _waits_for_staging(database) == []


def test_a_document_that_was_read_again_meanwhile_is_checked_in_its_newest_form(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    cause = _open(database, row, found=unmapped())
    newest = add_raw(database, "AU-SI-1")
    database.execute("UPDATE airbooks.document SET raw_id = %s", [newest])
    assert answer(database, cause, MAPPED).documents == 1
    assert _waits_for_staging(database) == [newest]


def test_a_delivery_with_a_second_question_stays_out_until_that_is_answered_too(database: psycopg.Connection) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", state="valid"))
    mapping = _open(database, row, found=unmapped())
    period = _open(database, row, found=PERIOD)
    assert answer(database, mapping, MAPPED).deliveries == 0
    assert _state(database, row) == ("parked", 1, 2)
    assert answer(database, period, Answer(kind=AnswerKind.RETRY, by="ines")).deliveries == 1
    assert _state(database, row) == ("pending", 2, 2)


def test_an_override_waives_the_rule_for_these_documents_only(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    add_document(database, "AU-SI-2")
    answer(database, _open(database, row, found=finding()), Answer(kind=AnswerKind.OVERRIDE, by="ines", reason=" agreed by phone "))
    waivers = database.execute("SELECT document_source, document_source_id, code, reason, decided_by FROM airbooks.waiver").fetchall()
    assert waivers == [("erp", "AU-SI-1", "BR-CO-15", "agreed by phone", "ines")]
    assert _waits_for_staging(database) == [row.raw_id]


def test_an_override_of_a_closed_period_gives_deliveries_another_posting_date(database: psycopg.Connection) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", state="valid"))
    database.execute("UPDATE airbooks.delivery SET options = jsonb_build_object('approve', true)")
    given = Answer(kind=AnswerKind.OVERRIDE, by="ines", reason="October is closed", posting_date=date(2026, 11, 1))
    answer(database, _open(database, row, found=PERIOD), given)
    assert one(database, "SELECT options FROM airbooks.delivery") == {"approve": True, "posting_date": "2026-11-01"}
    assert _state(database, row)[0] == "pending"
    assert one(database, "SELECT posting_date FROM airbooks.waiver") == date(2026, 11, 1)


def test_what_a_platform_refuses_can_only_be_overridden_by_another_posting_date(database: psycopg.Connection) -> None:
    refused = add_delivery(database, add_document(database, "AU-SI-1", state="valid"), "rejected")
    closed = add_delivery(database, add_document(database, "AU-SI-2", state="valid"), "rejected")
    given = Answer(kind=AnswerKind.OVERRIDE, by="ines", reason="please")
    with pytest.raises(InvalidAnswerError, match="Override is no answer here; choose retry or reject or hold"):
        answer(database, _open(database, refused, found=REFUSED), given)
    with pytest.raises(InvalidAnswerError, match="fill in the posting date"):
        answer(database, _open(database, closed, found=finding("AB-REFUSED:period closed", connection=CONNECTION)), given)


def test_what_is_on_the_platform_already_cannot_be_rejected_here(database: psycopg.Connection) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", state="valid"), "delivered")
    cause = _open(database, row, found=finding("AB-ECHO", connection=CONNECTION))
    assert read_cause(database, cause).options == (AnswerKind.RETRY, AnswerKind.HOLD)


def test_a_rejected_document_is_out_and_nobody_is_asked_about_it_again(database: psycopg.Connection) -> None:
    row, other = add_document(database, "AU-SI-1"), add_document(database, "AU-SI-2")
    mapping = _open(database, row, other, found=unmapped())
    total = _open(database, row, found=finding())
    outcome = answer(database, total, Answer(kind=AnswerKind.REJECT, by="ines", reason="entered twice"))
    assert (outcome.documents, outcome.numbers) == (1, ("AU-SI-1",))
    assert (_document_state(database, row), _document_state(database, other)) == ("rejected", "exception")
    assert _waits_for_staging(database) == []
    assert database.execute("SELECT cause_id, number FROM airbooks.exception WHERE state = 'open'").fetchall() == [(mapping, "AU-SI-2")]


def test_rejecting_on_one_connection_leaves_the_other_alone(database: psycopg.Connection) -> None:
    document = add_document(database, "AU-SI-1", state="valid")
    here, there = add_delivery(database, document), add_delivery(database, document, "delivered", "xero_au")
    answer(database, _open(database, here, found=REFUSED), Answer(kind=AnswerKind.REJECT, by="ines", reason="not for this company"))
    assert (_state(database, here)[0], _state(database, there)[0], _document_state(database, here)) == ("rejected", "delivered", "valid")


def test_a_held_cause_is_asked_about_again_a_day_later(database: psycopg.Connection) -> None:
    cause = _open(database, add_document(database, "AU-SI-1"), found=unmapped())
    mark_review(database, read_cause(database, cause))
    answer(database, cause, Answer(kind=AnswerKind.HOLD, by="ines", round=1))
    assert causes_to_review(database) == []
    database.execute("UPDATE airbooks.exception_cause SET decided_at = decided_at - interval '25 hours'")
    (again,) = causes_to_review(database)
    assert (again.cause_id, again.round) == (cause, 2)


def test_a_held_cause_stays_and_can_be_answered_later(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    cause = _open(database, row, found=unmapped())
    answer(database, cause, Answer(kind=AnswerKind.HOLD, by="ines", round=1, reason="waiting for the tax office"))
    held = read_cause(database, cause)
    assert (held.state, held.answer, held.decided_by, held.reason) == ("held", "hold", "ines", "waiting for the tax office")
    assert (causes_to_review(database), _waits_for_staging(database)) == ([], [])
    with pytest.raises(AlreadyAnswered, match="ines has already answered it"):
        answer(database, cause, Answer(kind=AnswerKind.MAP, by="tom", round=1, map_to="7"))
    assert answer(database, cause, Answer(kind=AnswerKind.MAP, by="tom", round=held.round, map_to="7")).documents == 1


def test_the_second_person_learns_who_was_quicker(database: psycopg.Connection) -> None:
    cause = _open(database, add_document(database, "AU-SI-1"), found=unmapped())
    answer(database, cause, MAPPED)
    with pytest.raises(AlreadyAnswered, match=r"ines has already answered it \(map\) on 20\d\d-\d\d-\d\d at .* UTC") as caught:
        answer(database, cause, Answer(kind=AnswerKind.REJECT, by="tom", reason="no"))
    assert (caught.value.by, caught.value.answer) == ("ines", "map")


def test_of_many_answers_at_the_same_time_one_counts(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        cause = _open(connection, add_document(connection, "AU-SI-1"), found=unmapped())

    def decide(person: int) -> AnswerOutcome | None:
        with psycopg.connect(postgres_url) as connection:
            try:
                return answer(connection, cause, Answer(kind=AnswerKind.MAP, by=f"person {person}", round=1, map_to=str(person)))
            except AlreadyAnswered:
                return None

    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(decide, range(6)))
    assert sum(outcome is not None for outcome in outcomes) == 1
    with psycopg.connect(postgres_url) as connection:
        assert one(connection, "SELECT count(*) FROM airbooks.audit_event WHERE number = 'AU-SI-1'") == 1


def test_a_correction_that_comes_first_makes_the_answer_too_late(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    cause = _open(database, row, found=unmapped())
    close_for(database, documents=[row.key], by="run-2")
    with pytest.raises(AlreadyAnswered, match=r"It was settled on .*: the documents were corrected or delivered"):
        answer(database, cause, MAPPED)


def test_a_cause_that_comes_back_is_a_new_round_for_new_answers(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    cause = _open(database, row, found=unmapped())
    answer(database, cause, MAPPED)
    _open(database, row, found=unmapped())
    (again,) = causes_to_review(database)
    assert (again.cause_id, again.round, again.answer, again.decided_by) == (cause, 2, "", "")
    with pytest.raises(AlreadyAnswered, match="has come back as a new question"):
        answer(database, cause, Answer(kind=AnswerKind.RETRY, by="tom", round=1))
    assert answer(database, cause, Answer(kind=AnswerKind.RETRY, by="tom", round=2)).documents == 1


@pytest.mark.parametrize(
    ("given", "found", "words"),
    [
        (Answer(kind=AnswerKind.OVERRIDE, by="ines", reason="  "), finding(), "Override needs a reason"),
        (Answer(kind=AnswerKind.REJECT, by="ines"), finding(), "Reject needs a reason"),
        (Answer(kind=AnswerKind.MAP, by="ines"), unmapped(), "Map needs the platform's code"),
        (Answer(kind=AnswerKind.MAP, by="ines", map_to="7"), finding(), "Map is no answer here"),
        (Answer(kind=AnswerKind.OVERRIDE, by="ines", reason="x"), unmapped(), "Override is no answer here"),
        (Answer(kind=AnswerKind.RETRY, by="ines", posting_date=date(2026, 11, 1)), PERIOD, "A posting date goes with Override"),
    ],
)
def test_an_answer_that_lacks_something_changes_nothing(database: psycopg.Connection, given: Answer, found: Finding, words: str) -> None:
    cause = _open(database, add_document(database, "AU-SI-1"), found=found)
    with pytest.raises(InvalidAnswerError, match=words):
        answer(database, cause, given)
    assert read_cause(database, cause).state == "open"
    assert one(database, "SELECT count(*) FROM airbooks.audit_event") == 0


def test_who_decided_what_and_why_stands_in_the_cause_and_in_the_audit_trail(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    cause = _open(database, row, found=PERIOD)
    answer(database, cause, Answer(kind=AnswerKind.OVERRIDE, by="ines", reason="agreed", posting_date=date(2026, 11, 1)))
    decided = read_cause(database, cause)
    assert (decided.state, decided.answer, decided.reason, decided.decided_by) == ("closed", "override", "agreed", "ines")
    assert decided.answer_data == {"posting_date": "2026-11-01"}
    assert decided.decided_at is not None
    (step,) = history(database, "AU-SI-1")
    assert (step.actor, step.action, step.connection, step.content_hash) == ("ines", "exception_override", CONNECTION, "h")
    assert (step.detail["reason"], step.detail["code"], step.detail["posting_date"]) == ("agreed", "AB-PERIOD", "2026-11-01")
    assert verify(database) == []


def test_an_answer_that_is_rolled_back_leaves_no_trace(database: psycopg.Connection) -> None:
    cause = _open(database, add_document(database, "AU-SI-1"), found=unmapped())
    database.commit()
    answer(database, cause, MAPPED)
    database.rollback()
    assert read_cause(database, cause).state == "open"
    assert _waits_for_staging(database) == []
