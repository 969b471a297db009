"""A connection that the platform does not let in: one alert for it, no storm of tries, and on by itself when it was mended."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable

import psycopg

from airbooks.canonical import Finding, Severity
from airbooks.config import Config
from airbooks.delivery import engine
from airbooks.delivery.preparing import Workplace
from airbooks.delivery.states import Event
from airbooks.platforms import registry
from airbooks.platforms.errors import PlatformError
from airbooks.staging import audit, exceptions, exchanges, stops

log = logging.getLogger("airflow.task.airbooks.delivery")

ANSWERED = (Event.BOOKED, Event.FOUND, Event.TAKEN_ON, Event.REFUSED, Event.DIFFERS)  # who hears this was let in
MEND = "Mend the connection (`airbooks check` tries it); it is used again as soon as it has changed, or answer Retry."


def guarded(run: engine.Run, work: Callable[[], Counter[str]]) -> Counter[str]:
    """The engine's work, unless the connection waits for a person; raises AirflowFailException while it does, or when it begins to."""
    from airflow.sdk.exceptions import AirflowFailException

    database, connection = run.work.database, run.work.connection
    waits = stops.may_try(database, connection, run.run_id, lambda: run.work.hook.credentials().account)
    database.commit()
    if waits:
        raise AirflowFailException(waits)
    try:
        tally = work()
    except engine.ConnectionStoppedError as error:
        stop(run.work, run.run_id, str(error))
        raise AirflowFailException(str(error)) from None
    if any(tally[event.value] for event in ANSWERED):
        works_again(run.work, run.run_id)
    return tally


def stop(work: Workplace, run_id: str, says: str) -> None:
    """Mark the connection, and open the one exception that asks a person to mend it."""
    database, connection = work.database, work.connection
    database.rollback()
    refusal = work.hook.refusal or exchanges.standing_refusal(database, connection)
    finding = _finding(work, refusal, says)
    was_stopped = connection in stops.stopped_connections(database)
    state = stops.ConnectionState.RE_AUTHORISE if refusal is not None else stops.ConnectionState.STOPPED
    stops.stop(database, connection, state, says, work.hook.credentials().account)
    exceptions.open_exceptions(database, [exceptions.Found(finding=finding, run_id=run_id)])
    if not was_stopped:
        event = audit.Event(actor=run_id, action="connection stopped", connection=connection, detail={"state": state.value, "says": says})
        audit.append(database, [event])
    database.commit()


def _finding(work: Workplace, refusal: PlatformError | None, says: str) -> Finding:
    title, connection = work.place.title, work.connection
    if refusal is None:
        return Finding(
            code=stops.STOPPED,
            severity=Severity.ERROR,
            field="",
            value="",
            says=says,
            fix=MEND,
            connection=connection,
            subject="connection",
        )
    reason = refusal.message if refusal.message in refusal.rule.says else f"{refusal.rule.says} {refusal.message}".strip()
    return Finding(
        code=stops.AUTHORISE,
        severity=Severity.ERROR,
        field="",
        value=refusal.code,
        says=f"{title} ({connection}) does not let us in: {reason}",
        fix=f"{refusal.rule.fix} {MEND}".strip(),
        connection=connection,
        subject="connection",
    )


def works_again(work: Workplace, run_id: str) -> None:
    """The platform let the connection in: nobody needs to be asked about it any more."""
    database, connection = work.database, work.connection
    was_stopped = stops.lift(database, connection)
    closed = exceptions.close_for_connection(database, connection, by=run_id)
    if was_stopped or closed:
        audit.append(database, [audit.Event(actor=run_id, action="connection works again", connection=connection)])
        log.info("%s works again", connection)
    database.commit()


def usable(database: psycopg.Connection, config: Config, names: Iterable[str], run_id: str) -> list[str]:
    """Those of the connections that a run may use; the others wait for a person, and the log says for what."""
    found = []
    for name in names:
        hook = registry.hook_class(config.connections[name].platform)(name)
        waits = stops.may_try(database, name, run_id, lambda hook=hook: hook.credentials().account)  # type: ignore[misc]
        if waits:
            log.warning("%s is left out: %s", name, waits)
        else:
            found.append(name)
    return found
