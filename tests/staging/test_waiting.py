"""Whatever is not delivered says what it waits for; and what says that it waits is not taken."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from itertools import product
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.staging.rows import CONNECTION, Row, add_delivery, add_document, finding, of_delivery, of_document, one

from airbooks.staging import outbox, stops
from airbooks.staging.exceptions import Answer, AnswerKind, answer, open_exceptions
from airbooks.staging.waiting import Reason, Waiting, waiting

REFUSED = finding("AB-REFUSED:period closed", subject="period:2026-11-01", connection=CONNECTION)
ALL = (0, 2**62)


def change(database: psycopg.Connection, row: Row, **values: Any) -> Row:
    for name, value in values.items():
        database.execute(f"UPDATE airbooks.delivery SET {name} = %s WHERE delivery_id = %s", [value, row.delivery_id])
    return row


def plant(database: psycopg.Connection, number: str, state: str = "pending", *, kind: str = "invoice", **values: Any) -> Row:
    """A valid document with a delivery that may go."""
    row = add_delivery(database, add_document(database, number, kind=kind, state="valid"), state)
    return change(database, row, **{"not_before": "-infinity", **values})


def corrects(database: psycopg.Connection, note: Row, number: str) -> Row:
    database.execute("UPDATE airbooks.document SET preceding = ARRAY[%s] WHERE document_id = %s", [number, note.document_id])
    return note


def told(database: psycopg.Connection) -> dict[str, Waiting]:
    return {line.number: line for group in waiting(database, lines=1_000) for line in group.lines}


def sentence(database: psycopg.Connection, number: str) -> str:
    return told(database)[number].sentence


@pytest.mark.parametrize("state", ["pending", "sending", "accepted", "unknown", "parked"])
def test_a_credit_note_says_which_invoice_it_waits_for(database: psycopg.Connection, state: str) -> None:
    plant(database, "AU-SI-1", state)
    corrects(database, plant(database, "AU-CN-1", kind="credit_note"), "AU-SI-1")
    assert sentence(database, "AU-CN-1") == f"waits for invoice AU-SI-1, which is {state}"


def test_a_credit_note_waits_for_an_invoice_that_is_not_valid_yet(database: psycopg.Connection) -> None:
    add_document(database, "AU-SI-1", state="exception")
    corrects(database, plant(database, "AU-CN-1", kind="credit_note"), "AU-SI-1")
    assert sentence(database, "AU-CN-1") == "waits for invoice AU-SI-1, which is not valid"


@pytest.mark.parametrize("kind", ["credit_note", "payment"])
def test_what_goes_after_an_invoice_waits_for_one_that_is_not_planned_yet(database: psycopg.Connection, kind: str) -> None:
    row = add_document(database, "AU-SI-1", state="valid")
    database.execute("UPDATE airbooks.document SET route = %s WHERE document_id = %s", [[CONNECTION], row.document_id])
    corrects(database, plant(database, "AU-2", kind=kind), "AU-SI-1")
    assert sentence(database, "AU-2") == "waits for invoice AU-SI-1, which is not planned"


@pytest.mark.parametrize("kind", ["credit_note", "payment"])
def test_an_invoice_that_will_never_come_is_not_waited_for(database: psycopg.Connection, kind: str) -> None:
    plant(database, "AU-SI-1", "rejected")
    corrects(database, plant(database, "AU-2", kind=kind), "AU-SI-1")
    assert told(database)["AU-2"].reason == Reason.NEXT_RUN


def test_what_was_taken_back_is_about_to_be_voided(database: psycopg.Connection) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", state="cancelled"), "pending")
    change(database, row, operation="void", not_before="-infinity")
    assert told(database)["AU-SI-1"].reason == Reason.NEXT_RUN


def test_a_revision_says_which_one_it_waits_for(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "accepted", ticket="job-7")
    plant(database, "AU-SI-1")
    groups = {group.reason: group for group in waiting(database)}
    assert groups[Reason.REVISION].lines[0].sentence == "revision 2 waits for revision 1, which is accepted, ticket job-7"


def test_what_may_be_on_the_platform_says_when_it_is_looked_up(database: psycopg.Connection) -> None:
    plant(
        database, "AU-SI-1", "unknown", unknown_since="2026-11-02 10:00Z", not_before="2026-11-02 10:05+00", absences=1, last_error="reset"
    )
    assert sentence(database, "AU-SI-1") == (
        "unknown since 2026-11-02 10:00:00 UTC whether the platform has it; looked up from 2026-11-02 10:05:00 UTC on"
        " (1 of 2 look-ups found nothing): reset"
    )


def test_what_the_platform_took_on_says_since_when(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", "accepted", ticket="job-7", accepted_at="2026-11-02 10:00Z", not_before="2026-11-02 10:05Z")
    assert sentence(database, "AU-SI-1") == (
        "the platform took it on as job-7 at 2026-11-02 10:00:00 UTC and owes the answer; it is asked from 2026-11-02 10:05:00 UTC on"
    )


def test_a_pause_says_why(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1", not_before="2126-11-02 10:00Z", last_error="429 too many\n requests")
    assert sentence(database, "AU-SI-1") == "not before 2126-11-02 10:00:00 UTC, because of: 429 too many requests"


def test_a_question_is_named_with_its_exception(database: psycopg.Connection) -> None:
    row = plant(database, "AU-SI-1", "rejected")
    open_exceptions(database, [of_delivery(row, REFUSED)])
    cause = one(database, "SELECT cause_id FROM airbooks.exception_cause")
    says = one(database, "SELECT says FROM airbooks.exception")
    assert sentence(database, "AU-SI-1") == f"rejected for AB-REFUSED:period closed: {says} (exception {cause} under Required Actions)"


def test_a_document_that_breaks_a_rule_is_listed_though_nothing_was_planned(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    open_exceptions(database, [of_document(row, finding())])
    found = told(database)["AU-SI-1"]
    assert (found.reason, found.code) == (Reason.DOCUMENT, "BR-CO-15")
    assert "under Required Actions" in found.sentence


def test_a_valid_document_is_listed_once_for_each_connection_it_was_not_planned_for(database: psycopg.Connection) -> None:
    row = plant(database, "AU-SI-1", "delivered")
    database.execute("UPDATE airbooks.document SET route = %s WHERE document_id = %s", [[CONNECTION, "xero_au"], row.document_id])
    (group,) = waiting(database)
    assert (group.connection, group.reason, group.count) == ("xero_au", Reason.PLAN, 1)


def test_a_rejection_names_who_and_why(database: psycopg.Connection) -> None:
    row, other = plant(database, "AU-SI-1", "parked"), plant(database, "AU-SI-2", "parked")
    open_exceptions(database, [of_delivery(row, REFUSED)])
    cause = one(database, "SELECT cause_id FROM airbooks.exception_cause")
    answer(database, cause, Answer(kind=AnswerKind.REJECT, by="ines", reason="entered twice"))
    found = told(database)
    assert found["AU-SI-1"].reason == Reason.REJECTED
    assert found["AU-SI-1"].sentence.startswith("ines rejected it at ")
    assert found["AU-SI-1"].sentence.endswith(": entered twice")
    assert found[other.number].reason == Reason.REPLAY


def test_a_connection_that_rests_says_why(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1")
    stops.stop(database, CONNECTION, stops.ConnectionState.RE_AUTHORISE, "the authorisation was revoked", "digest")
    assert sentence(database, "AU-SI-1") == "its connection rests until a person mends it: the authorisation was revoked"


def test_an_outage_says_when_the_connection_is_tried_again(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1")
    database.execute(
        "INSERT INTO airbooks.connection_circuit (connection, failures, open_until, says) VALUES (%s, 5, '2126-01-01 00:00Z', '503')",
        [CONNECTION],
    )
    assert sentence(database, "AU-SI-1") == "its connection rests until 2126-01-01 00:00:00 UTC: 503"


def test_everything_is_counted_though_few_are_named(database: psycopg.Connection) -> None:
    for n in range(7):
        plant(database, f"AU-SI-{n}", "parked")
    (group,) = waiting(database, lines=2)
    assert (group.count, group.values, [line.number for line in group.lines]) == (7, {"AUD": Decimal("700.00")}, ["AU-SI-0", "AU-SI-1"])


def test_documents_that_share_a_cause_stand_together_and_those_with_one_of_their_own_under_its_code(database: psycopg.Connection) -> None:
    for n in range(4):
        row = plant(database, f"AU-SI-{n}", "parked")
        own = finding("AB-ECHO", connection=CONNECTION)
        open_exceptions(database, [of_delivery(row, REFUSED if n < 2 else own)])
    cause = one(database, "SELECT cause_id FROM airbooks.exception_cause WHERE code = %s", REFUSED.code)
    assert [(group.question, group.count) for group in waiting(database)] == [("AB-ECHO", 2), (f"{REFUSED.code} {cause}", 2)]


def test_one_connection_can_be_looked_at_alone(database: psycopg.Connection) -> None:
    plant(database, "AU-SI-1")
    assert waiting(database, "xero_au") == []
    assert [group.connection for group in waiting(database, CONNECTION)] == [CONNECTION]


# -- the rules of `claim` and of `waiting` are the same ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Made:
    """One delivery of a made-up business: of which document, in which state."""

    number: int
    kind: str
    voids: bool
    state: str
    document: str
    early: bool
    ticket: bool
    asked: bool
    failures: int


MADE = st.builds(
    Made,
    number=st.integers(1, 2),
    kind=st.sampled_from(["invoice", "invoice", "credit_note", "payment"]),
    voids=st.booleans(),
    state=st.sampled_from([*["pending"] * 5, "sending", "accepted", "unknown", "parked", "rejected", "delivered"]),
    document=st.sampled_from([*["valid"] * 9, "exception", "rejected", "cancelled"]),
    early=st.sampled_from([*[False] * 4, True]),
    ticket=st.sampled_from([*[False] * 4, True]),
    asked=st.booleans(),
    failures=st.sampled_from([0, 1, 3]),
)


CODES = {"invoice": "SI", "credit_note": "CN", "payment": "PAY"}


def make(database: psycopg.Connection, made: Made) -> None:
    row = add_document(database, f"AU-{CODES[made.kind]}-{made.number}", kind=made.kind, state=made.document)
    if made.kind != "invoice":
        corrects(database, row, f"AU-SI-{made.number}")
    row = add_delivery(database, row, made.state)
    operation = "apply" if made.kind == "payment" else "void" if made.voids else "create"
    pause = "infinity" if made.early else "-infinity"
    change(database, row, operation=operation, not_before=pause, ticket="job-7" if made.ticket else "", failures=made.failures)
    if made.asked and made.state in {"parked", "rejected"}:
        open_exceptions(database, [of_delivery(row, REFUSED)])


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(MADE, min_size=1, max_size=8))
def test_what_is_taken_waits_for_nothing_and_what_is_left_says_why(database: psycopg.Connection, business: list[Made]) -> None:
    for made in business:
        make(database, made)
    said = {line.delivery_id: line for group in waiting(database, lines=1_000) for line in group.lines if line.delivery_id}
    taken = {
        each.delivery_id
        for suspects, payments in product((False, True), repeat=2)
        for each in outbox.claim(database, CONNECTION, ALL, 1_000, "worker", "run", suspects=suspects, payments=payments)
    }
    delivered = {row[0] for row in database.execute("SELECT delivery_id FROM airbooks.delivery WHERE state = 'delivered'")}
    everything = {row[0] for row in database.execute("SELECT delivery_id FROM airbooks.delivery")}
    database.rollback()
    assert {delivery_id for delivery_id, line in said.items() if line.reason == Reason.NEXT_RUN} == taken
    assert said.keys() == everything - delivered
    assert all(line.sentence and "{" not in line.sentence and "None" not in line.sentence for line in said.values())
