"""Exceptions are work: grouped by cause, opened once, asked about once, closed when they are settled."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.staging.rows import add_delivery, add_document, add_raw, finding, of_delivery, of_document, one, unmapped

from airbooks.staging.causes import open_exceptions_of
from airbooks.staging.exceptions import (
    AnswerKind,
    Found,
    UnknownCauseError,
    causes_to_review,
    close_for,
    describe,
    mark_review,
    open_exceptions,
    read_cause,
)


def _only_cause(database: psycopg.Connection) -> str:
    (cause,) = database.execute("SELECT cause_id FROM airbooks.exception_cause").fetchall()
    return str(cause[0])


def _count_open(database: psycopg.Connection) -> int:
    return int(one(database, "SELECT count(*) FROM airbooks.exception WHERE state = 'open'"))


def test_documents_with_the_same_missing_mapping_share_one_cause(database: psycopg.Connection) -> None:
    rows = [add_document(database, f"AU-SI-{n}", "13028.57") for n in range(13)] + [add_document(database, "AU-SI-99", "13028.59")]
    open_exceptions(database, [of_document(row, unmapped(number=row.number)) for row in rows])
    view = describe(database, _only_cause(database))
    assert view.headline == "tax code AU-GST10 has no mapping for odoo_au: 14 invoices, 182,400.00 AUD"
    assert len(view.documents) == 10
    assert (view.documents[0].number, view.documents[0].customer, view.documents[0].amount) == (
        "AU-SI-99",
        "Harbour Air",
        Decimal("13028.59"),
    )
    assert view.documents[0].message == "Invoice AU-SI-99: tax code AU-GST10 has no mapping for odoo_au. Map it under Exceptions."


def test_a_headline_counts_kinds_and_adds_up_each_currency_on_its_own(database: psycopg.Connection) -> None:
    rows = [
        add_document(database, "AU-SI-1", "100.10", "AUD"),
        add_document(database, "AU-SI-2", "0.20", "AUD"),
        add_document(database, "AU-CN-1", "5000", "JPY", kind="credit_note"),
    ]
    open_exceptions(database, [of_document(row, unmapped()) for row in rows])
    view = describe(database, _only_cause(database))
    assert view.headline.endswith(": 2 invoices and 1 credit note, 100.30 AUD and 5,000 JPY")
    assert view.values == {"AUD": Decimal("100.30"), "JPY": Decimal(5000)}


def test_a_document_whose_lines_all_lack_the_mapping_counts_once(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    open_exceptions(database, [of_document(row, unmapped())] * 3)
    assert _count_open(database) == 1
    assert describe(database, _only_cause(database)).count == 1


def test_without_a_shared_subject_each_document_is_a_cause_and_each_field_an_exception(database: psycopg.Connection) -> None:
    first, second = add_document(database, "AU-SI-1"), add_document(database, "AU-SI-2")
    found = [of_document(row, finding("BR-24", field=field)) for row in (first, second) for field in ("lines[0]", "lines[1]")]
    open_exceptions(database, found)
    open_exceptions(database, found)
    assert one(database, "SELECT count(*) FROM airbooks.exception_cause") == 2
    assert _count_open(database) == 4
    assert {describe(database, cause.cause_id).count for cause in causes_to_review(database)} == {1}


def test_connections_do_not_share_causes(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    periods = [of_document(row, finding("AB-PERIOD", subject="period:2026-11-01", connection=name)) for name in ("odoo_au", "xero_au")]
    open_exceptions(database, periods)
    assert {cause.connection for cause in causes_to_review(database)} == {"odoo_au", "xero_au"}


def test_a_raw_document_that_cannot_be_read_is_an_exception_too(database: psycopg.Connection) -> None:
    raw_id = add_raw(database, "4711")
    open_exceptions(database, [Found(finding=finding("SRC-FORMAT", field="issue_date"), raw_id=raw_id, number="AU-SI-7")])
    view = describe(database, _only_cause(database))
    assert view.headline == "Invoice AU-SI-1: the total does not add up: 1 document"
    assert [(each.number, each.amount) for each in view.documents] == [("AU-SI-7", None)]
    assert AnswerKind.OVERRIDE not in view.cause.options


def test_a_raw_id_is_enough_to_find_the_document_that_was_made_of_it(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1", "12.00")
    open_exceptions(database, [Found(finding=finding(), raw_id=row.raw_id)])
    assert one(database, "SELECT document_id FROM airbooks.exception") == row.document_id
    assert describe(database, _only_cause(database)).values == {"AUD": Decimal("12.00")}


def test_reading_the_same_document_once_more_opens_nothing_new(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    open_exceptions(database, [of_document(row, finding())])
    again = add_raw(database, "AU-SI-1")
    database.execute("UPDATE airbooks.document SET raw_id = %s", [again])
    still = [Found(finding=finding(), raw_id=again)]
    open_exceptions(database, still)
    assert (close_for(database, documents=[row.key], still=still, by="run-2"), _count_open(database)) == (0, 1)


def test_a_delivery_names_its_document_connection_and_amount_by_itself(database: psycopg.Connection) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", "55.50", state="valid"))
    open_exceptions(database, [of_delivery(row, finding("QBO-6210", subject=""))])
    view = describe(database, _only_cause(database))
    assert view.cause.connection == "odoo_au"
    assert [(each.number, each.amount, each.currency) for each in view.documents] == [("AU-SI-1", Decimal("55.50"), "AUD")]


def test_the_platforms_own_codes_are_the_choices_of_a_missing_mapping(database: psycopg.Connection) -> None:
    for code, active, connection in (("7", True, "odoo_au"), ("9", False, "odoo_au"), ("11", True, "odoo_eu")):
        database.execute(
            "INSERT INTO airbooks.platform_reference (connection, kind, code, name, active) VALUES (%s, 'tax_code', %s, 'GST', %s)",
            [connection, code, active],
        )
    open_exceptions(database, [of_document(add_document(database, "AU-SI-1"), unmapped())])
    view = describe(database, _only_cause(database))
    assert [(choice.code, choice.name) for choice in view.choices] == [("7", "GST")]
    assert view.cause.options == (AnswerKind.MAP, AnswerKind.RETRY, AnswerKind.REJECT, AnswerKind.HOLD)


def test_a_closed_period_suggests_the_first_open_date(database: psycopg.Connection) -> None:
    closed = finding("AB-PERIOD", subject="period:2026-11-01", connection="odoo_au")
    open_exceptions(database, [of_document(add_document(database, "AU-SI-1"), closed)])
    view = describe(database, _only_cause(database))
    assert view.cause.takes_posting_date
    assert view.posting_date == date(2026, 11, 1)
    assert AnswerKind.OVERRIDE in view.cause.options


def test_a_cause_is_asked_about_once_per_round(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    open_exceptions(database, [of_document(row, unmapped())])
    (cause,) = causes_to_review(database)
    assert cause.review_run == f"exception__{cause.cause_id}__1"
    mark_review(database, cause)
    open_exceptions(database, [of_document(add_document(database, "AU-SI-2"), unmapped())])
    assert causes_to_review(database) == []


def test_a_review_marked_for_an_old_round_does_not_silence_the_new_one(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    open_exceptions(database, [of_document(row, unmapped())])
    (cause,) = causes_to_review(database)
    close_for(database, documents=[row.key], by="run-2")
    open_exceptions(database, [of_document(row, unmapped())])
    mark_review(database, cause)
    assert [each.round for each in causes_to_review(database)] == [2]


def test_a_warning_asks_nobody(database: psycopg.Connection) -> None:
    open_exceptions(database, [of_document(add_document(database, "AU-SI-1"), finding(severity="warning"))])
    assert causes_to_review(database) == []


def test_a_correction_closes_what_it_settles_and_keeps_what_remains(database: psycopg.Connection) -> None:
    old = add_document(database, "AU-SI-1")
    open_exceptions(database, [of_document(old, unmapped()), of_document(old, finding())])
    for cause in causes_to_review(database):
        mark_review(database, cause)
    new = add_document(database, "AU-SI-1")
    still = [of_document(new, unmapped())]
    open_exceptions(database, still)
    assert close_for(database, documents=[new.key], still=still, by="run-2") == 2
    states = database.execute("SELECT code, state, round, answer, decided_by FROM airbooks.exception_cause ORDER BY code").fetchall()
    assert states == [("AB-MAPPING", "open", 1, "", ""), ("BR-CO-15", "closed", 1, "resolved", "run-2")]
    assert causes_to_review(database) == []
    assert database.execute("SELECT document_id FROM airbooks.exception WHERE state = 'open'").fetchall() == [(new.document_id,)]


def test_staging_the_same_document_again_leaves_its_remaining_exceptions_alone(database: psycopg.Connection) -> None:
    row = add_document(database, "AU-SI-1")
    found = [of_document(row, unmapped()), of_document(row, finding())]
    open_exceptions(database, found)
    open_exceptions(database, found[:1])
    assert close_for(database, documents=[row.key], still=found[:1], by="run-2") == 1
    assert one(database, "SELECT count(*) FROM airbooks.exception") == 2
    assert [cause.code for cause in causes_to_review(database)] == ["AB-MAPPING"]


def test_a_delivery_that_succeeds_closes_its_exceptions_only(database: psycopg.Connection) -> None:
    first = add_delivery(database, add_document(database, "AU-SI-1", state="valid"))
    second = add_delivery(database, add_document(database, "AU-SI-2", state="valid"))
    open_exceptions(database, [of_delivery(row, unmapped()) for row in (first, second)])
    assert first.delivery_id is not None
    close_for(database, delivery_ids=[first.delivery_id], by="run-2")
    assert database.execute("SELECT delivery_id FROM airbooks.exception WHERE state = 'open'").fetchall() == [(second.delivery_id,)]
    assert read_cause(database, _only_cause(database)).state == "open"


def test_staging_again_does_not_settle_what_a_platform_refused(database: psycopg.Connection) -> None:
    row = add_delivery(database, add_document(database, "AU-SI-1", state="valid"))
    open_exceptions(database, [of_delivery(row, finding("QBO-6210"))])
    assert close_for(database, documents=[row.key], by="run-2") == 0
    add_document(database, "AU-SI-1", state="valid")
    assert close_for(database, documents=[row.key], by="run-3") == 1


def test_a_held_cause_takes_more_documents_without_asking_again(database: psycopg.Connection) -> None:
    open_exceptions(database, [of_document(add_document(database, "AU-SI-1"), unmapped())])
    database.execute("UPDATE airbooks.exception_cause SET state = 'held'")
    open_exceptions(database, [of_document(add_document(database, "AU-SI-2"), unmapped())])
    view = describe(database, _only_cause(database))
    assert (view.cause.state, view.count, causes_to_review(database)) == ("held", 2, [])


def test_the_exceptions_of_a_run_can_be_listed_cause_by_cause(database: psycopg.Connection) -> None:
    first, second = add_document(database, "AU-SI-1"), add_document(database, "AU-SI-2")
    open_exceptions(database, [of_document(first, unmapped(), "run-1"), of_document(second, unmapped(number="AU-SI-2"), "run-2")])
    assert [(each.number, each.severity) for each in open_exceptions_of(database, "run-2")] == [("AU-SI-2", "error")]


def test_an_unknown_cause_is_named(database: psycopg.Connection) -> None:
    with pytest.raises(UnknownCauseError, match="no-such-cause"):
        describe(database, "no-such-cause")


def test_two_transactions_that_find_the_same_thing_open_it_once(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as first, psycopg.connect(postgres_url) as second:
        row = add_document(first, "AU-SI-1")
        first.commit()
        open_exceptions(first, [of_document(row, unmapped())])
        second.execute("SET lock_timeout = '200ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            open_exceptions(second, [of_document(row, unmapped())])
        second.rollback()
        first.commit()
        open_exceptions(second, [of_document(row, unmapped())])
        assert _count_open(second) == 1


@given(amounts=st.lists(st.decimals(0, 10**9, places=2), min_size=1, max_size=12), texts=st.text(st.characters(), max_size=30))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_value_that_waits_is_the_exact_sum_whatever_the_messages_hold(
    database: psycopg.Connection, amounts: list[Decimal], texts: str
) -> None:
    database.rollback()
    words = unmapped(code=f"X{texts}")
    rows = [add_document(database, f"AU-SI-{n}", str(amount)) for n, amount in enumerate(amounts)]
    open_exceptions(database, [of_document(row, words) for row in rows])
    assert describe(database, _only_cause(database)).values == {"AUD": sum(amounts)}
