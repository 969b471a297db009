"""Reading back what was delivered but not yet compared, because the platform's answer did not give its totals."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from airbooks.canonical import DocumentKind, DocumentStatus, Finding, RemoteDocument, Severity, parse_document
from airbooks.config import Config, ConnectionConfig
from airbooks.delivery.echo import differences
from airbooks.delivery.lanes import giving_way
from airbooks.delivery.preparing import Workplace
from airbooks.operators.delivering import workplace
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.spec import Urgency
from airbooks.staging import audit, exceptions
from airbooks.staging.budget import NoSlotError
from airbooks.staging.reading_back import GONE, VOIDED, ReadBackDue, confirm, to_read_back

log = logging.getLogger("airflow.task.airbooks.delivery")

READ_BACKS = 500


@dataclass(frozen=True, slots=True)
class ReadBack:
    """What the platform holds of one delivered document, and in what it differs from ours."""

    row: ReadBackDue
    remote: RemoteDocument | None
    differences: tuple[str, ...]


def confirm_connection(config: Config, connection: ConnectionConfig, staging_conn_id: str, run_id: str, reread_days: int) -> Counter[str]:
    """Read back the unconfirmed deliveries of a connection, and those of the last `reread_days`.

    A difference (also one that somebody made on the platform since) becomes an exception; a failing platform leaves the rest for later.
    """
    with workplace(config, connection.conn_id, staging_conn_id, {}, Urgency.DAILY) as work:
        waiting = to_read_back(work.database, connection.conn_id, READ_BACKS, reread_days)
        work.database.commit()
        read: list[ReadBack] = []
        try:
            asked = ((row, work.hook.get_invoice(row.remote_id, DocumentKind(row.kind))) for row in waiting)
            for row, remote in giving_way(work, asked):
                read.append(ReadBack(row, remote, _differences(row, remote)))
        except (PlatformError, NoSlotError) as error:
            log.warning("%s: the rest is read back by the next run: %s", connection.conn_id, error)
        return _write(work, read, run_id)


def _write(work: Workplace, read: Sequence[ReadBack], run_id: str) -> Counter[str]:
    equal = [(each.row.delivery_id, each.remote) for each in read if each.remote is not None and not each.differences]
    confirm(work.database, equal)
    exceptions.open_exceptions(work.database, [_found(work, each, run_id) for each in read if each.differences])
    audit.append(work.database, [_event(work, each, run_id) for each in read])
    work.database.commit()
    for each in read:
        log.info("%s | %s | %s", each.row.number, work.connection, "; ".join(each.differences) or "confirmed")
    return Counter("different" if each.differences else "confirmed" for each in read)


def _differences(row: ReadBackDue, remote: RemoteDocument | None) -> tuple[str, ...]:
    if remote is None:
        return (GONE,)
    if remote.status is DocumentStatus.VOID and not row.is_credited:
        return (VOIDED,)
    return tuple(str(each) for each in differences(parse_document(dict(row.body)), remote, ""))


def _found(work: Workplace, each: ReadBack, run_id: str) -> exceptions.Found:
    finding = Finding(
        code="AB-ECHO",
        severity=Severity.ERROR,
        field="",
        value=each.row.remote_id,
        says=f"{each.row.number} on {work.place.title} ({work.connection}) is not what was sent: {'; '.join(each.differences)}.",
        fix="Correct it on one side, then answer Retry: it is looked up again and never sent twice.",
        connection=work.connection,
    )
    return exceptions.Found(finding=finding, delivery_id=each.row.delivery_id, run_id=run_id)


def _event(work: Workplace, each: ReadBack, run_id: str) -> audit.Event:
    return audit.Event(
        actor=run_id,
        action="delivery differs" if each.differences else "delivery confirmed",
        document_id=each.row.document_id,
        delivery_id=each.row.delivery_id,
        number=each.row.number,
        connection=work.connection,
        detail={"remote_id": each.row.remote_id, "differences": list(each.differences)},
    )
