"""A connection that the platform does not let in: one alert, no storm of requests, and on by itself when a person has mended it."""

from __future__ import annotations

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException
from tests.delivery.office import CONNECTION, EVERYTHING, Office, us_invoice

from airbooks.delivery import engine
from airbooks.operators.question import ask
from airbooks.operators.stopping import guarded
from airbooks.sandbox.server import Sandbox
from airbooks.staging import audit, causes, exceptions, exchanges, stops
from airbooks.staging.causes import AnswerKind
from airbooks.staging.exceptions import Answer


@pytest.fixture
def revoked(office: Office, quickbooks: Sandbox) -> Office:
    """Ten invoices to send, over a connection whose authorisation a person has withdrawn."""
    office.plant(*(us_invoice(serial) for serial in range(1, 11)))
    office.connection["extra"]["refresh_token"] = "revoked-refresh-token"
    return office


def attempt(office: Office, run_id: str) -> Counter[str]:
    """One deliver task of a run."""
    with office.turn() as run:
        run = replace(run, run_id=run_id, absence_pause=60.0)
        return guarded(run, lambda: engine.deliver(run, EVERYTHING))


def refused(office: Office, run_id: str) -> str:
    with pytest.raises(AirflowFailException) as failure:
        attempt(office, run_id)
    return str(failure.value)


def mend(office: Office, quickbooks: Sandbox) -> None:
    office.connection["extra"]["refresh_token"] = quickbooks.simulators["quickbooks"].connection()["extra"]["refresh_token"]


def pass_time(office: Office) -> None:
    seconds = exchanges.PATIENCE_SECONDS + 1
    office.database.execute("UPDATE airbooks.connection_state SET tried_at = tried_at - make_interval(secs => %s)", (seconds,))
    office.database.execute("UPDATE airbooks.token_exchange SET failed_at = failed_at - make_interval(secs => %s)", (seconds,))
    office.database.commit()


def state(office: Office) -> str:
    return str(office.one("SELECT state FROM airbooks.connection_state WHERE connection = %s", CONNECTION))


def alerts(office: Office) -> list[tuple[str, str]]:
    rows = office.database.execute("SELECT code, state FROM airbooks.exception ORDER BY exception_id").fetchall()
    office.database.commit()
    return [(row[0], row[1]) for row in rows]


def the_cause(database: psycopg.Connection) -> causes.Cause:
    row = database.execute("SELECT cause_id FROM airbooks.exception_cause").fetchone()
    assert row is not None
    return causes.read_cause(database, row[0])


def test_a_withdrawn_authorisation_is_one_alert_however_many_tasks_and_documents_meet_it(revoked: Office, quickbooks: Sandbox) -> None:
    for run_id in ("hourly 1", "hourly 1", "daily 1", "real-time 1", "hourly 2"):
        assert "cannot be used" in refused(revoked, run_id)
    assert state(revoked) == "re-authorise"
    assert alerts(revoked) == [("AB-AUTHORISE", "open")]
    assert revoked.states() == {"pending": 10}
    assert len(quickbooks.requests("quickbooks")) == 1
    stopped = "SELECT count(*) FROM airbooks.audit_event WHERE action = 'connection stopped'"
    assert revoked.one(stopped) == 1
    assert audit.verify(revoked.database) == []


def test_ten_tasks_that_meet_a_withdrawn_authorisation_at_once_ask_the_platform_once(revoked: Office, quickbooks: Sandbox) -> None:
    with ThreadPoolExecutor(10) as pool:
        failures = [pool.submit(attempt, revoked, f"run {serial}") for serial in range(10)]
    assert {type(each.exception()) for each in failures} <= {AirflowFailException, type(None)}  # some found nothing left to do
    assert len(quickbooks.requests("quickbooks")) == 1
    assert alerts(revoked) == [("AB-AUTHORISE", "open")]


def test_the_alert_says_what_happened_what_waits_and_what_to_do_and_names_no_secret(revoked: Office) -> None:
    refused(revoked, "hourly 1")
    view = causes.describe(revoked.database, the_cause(revoked.database).cause_id)
    question = ask(view)
    assert view.headline.startswith("QuickBooks Online (quickbooks_us) does not let us in: The refresh token is not valid any more")
    assert "10 invoices, 1,690.00 USD" in view.headline
    assert "put the new refresh token into the connection" in question.body
    assert question.options == ("Retry", "Hold")
    rows = "".join(
        str(revoked.database.execute(f"SELECT * FROM airbooks.{table}").fetchall())
        for table in ("exception", "exception_cause", "connection_state", "token_exchange", "audit_event", "delivery")
    )
    secrets = [revoked.connection["password"], "revoked-refresh-token"]
    assert not [secret for secret in secrets if secret in rows + question.body + json.dumps(revoked.exceptions())]


def test_a_new_refresh_token_in_the_connection_is_used_at_once_and_closes_the_alert(revoked: Office, quickbooks: Sandbox) -> None:
    refused(revoked, "hourly 1")
    mend(revoked, quickbooks)
    assert attempt(revoked, "hourly 2") == {"booked": 10}
    assert state(revoked) == "working"
    assert alerts(revoked) == [("AB-AUTHORISE", "closed")]
    cause = the_cause(revoked.database)
    assert (cause.state, cause.answer, cause.decided_by) == ("closed", "resolved", "hourly 2")
    assert revoked.one("SELECT count(*) FROM airbooks.audit_event WHERE action = 'connection works again'") == 1


def test_retry_lets_the_connection_be_tried_at_once(revoked: Office, quickbooks: Sandbox) -> None:
    """Mended at the platform: nothing in the connection has changed. What was not mended after all is asked about again."""
    refused(revoked, "hourly 1")
    cause = the_cause(revoked.database)
    done = exceptions.answer(revoked.database, cause.cause_id, Answer(kind=AnswerKind.RETRY, by="Ann"))
    revoked.database.commit()
    assert (done.deliveries, state(revoked), alerts(revoked)) == (10, "working", [("AB-AUTHORISE", "closed")])
    refused(revoked, "hourly 2")
    assert len(quickbooks.requests("quickbooks")) == 2
    assert alerts(revoked) == [("AB-AUTHORISE", "closed"), ("AB-AUTHORISE", "open")]
    assert the_cause(revoked.database).round == cause.round + 1


@pytest.mark.parametrize("kind", [AnswerKind.REJECT, AnswerKind.OVERRIDE, AnswerKind.MAP])
def test_a_connection_cannot_be_rejected_waived_or_mapped(revoked: Office, kind: AnswerKind) -> None:
    refused(revoked, "hourly 1")
    with pytest.raises(exceptions.InvalidAnswerError):
        exceptions.answer(revoked.database, the_cause(revoked.database).cause_id, Answer(kind=kind, by="Ann", reason="no"))


def test_a_stopped_connection_is_tried_by_one_run_some_minutes_later_and_resumes_by_itself(revoked: Office, quickbooks: Sandbox) -> None:
    refused(revoked, "hourly 1")
    pass_time(revoked)
    account = "as it was"
    revoked.database.execute("UPDATE airbooks.connection_state SET account = ''")
    assert stops.may_try(revoked.database, CONNECTION, "hourly 2", lambda: account) == ""
    revoked.database.commit()
    assert "not tried again before" in refused(revoked, "daily 1")
    mend(revoked, quickbooks)
    assert attempt(revoked, "hourly 2") == {"booked": 10}
    assert state(revoked) == "working"


def test_the_run_that_tries_and_fails_leaves_the_rest_of_its_tasks_alone(revoked: Office, quickbooks: Sandbox) -> None:
    refused(revoked, "hourly 1")
    pass_time(revoked)
    for _ in range(3):
        refused(revoked, "hourly 2")
    assert len(quickbooks.requests("quickbooks")) == 2
    assert alerts(revoked) == [("AB-AUTHORISE", "open")]


def test_a_turn_with_nothing_to_send_does_not_prove_that_the_connection_works(revoked: Office) -> None:
    refused(revoked, "hourly 1")
    pass_time(revoked)
    revoked.database.execute("UPDATE airbooks.delivery SET not_before = now() + interval '1 hour'")
    revoked.database.commit()
    assert attempt(revoked, "hourly 2") == {}
    assert state(revoked) == "re-authorise"
    assert alerts(revoked) == [("AB-AUTHORISE", "open")]


def test_a_revocation_met_while_looking_up_stops_after_the_first_refusal(office: Office, quickbooks: Sandbox) -> None:
    """Twenty deliveries to look up: one call that is not let in, one refused renewal, and no more."""
    office.plant(*(us_invoice(serial) for serial in range(1, 22)))
    with office.hook() as hook:
        hook.ensure_customer(us_invoice(1).buyer, "USD")
    for each in ("sending", "unknown"):
        office.database.execute("UPDATE airbooks.delivery SET state = %s", (each,))
    office.database.commit()
    before = len(quickbooks.requests("quickbooks"))
    quickbooks.inject("quickbooks", "expire_tokens", times=1)
    quickbooks.inject("quickbooks", "revoke_refresh_token", times=1)
    refused(office, "hourly 1")
    assert len(quickbooks.requests("quickbooks")) - before == 2
    assert office.states() == {"unknown": 21}
    assert alerts(office) == [("AB-AUTHORISE", "open")]


def test_what_stops_a_connection_otherwise_is_one_alert_too(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    office.connection["extra"]["realm_id"] = "4620816365999999999"
    for run_id in ("hourly 1", "hourly 2"):
        refused(office, run_id)
    assert state(office) == "stopped"
    assert alerts(office) == [("AB-STOPPED", "open")]
    office.connection["extra"]["realm_id"] = quickbooks.simulators["quickbooks"].connection()["extra"]["realm_id"]
    assert attempt(office, "hourly 3") == {"booked": 1}
    assert alerts(office) == [("AB-STOPPED", "closed")]


def test_a_token_that_expires_in_the_middle_of_a_batch_is_renewed_once_and_the_work_goes_on(office: Office, quickbooks: Sandbox) -> None:
    office.plant(*(us_invoice(serial) for serial in range(1, 61)))
    quickbooks.inject("quickbooks", "expire_tokens", path="/batch", times=1)
    assert attempt(office, "hourly 1") == {"booked": 60}
    assert sum("/tokens/bearer" in each.path for each in quickbooks.requests("quickbooks")) == 2
