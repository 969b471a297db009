"""Payments as the platforms hold them: read since a watermark, kept, and what became of them noticed.

A payment that is void, bounced or deleted there settles nothing any more. Where it was ours its allocations are cancelled, so that the
documents are open again, a person is asked (AB-PAYMENT-REVERSED), and the audit trail says so. What a payment of ours paid on a document
that was voided since, there too, is on account: a person is asked where it goes (AB-PAYMENT-FREED).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import Any, Protocol

import psycopg
from psycopg.rows import class_row

from airbooks.canonical import Finding, RemotePayment, Severity
from airbooks.staging import audit, exceptions
from airbooks.staging.documents import canonical_json, copy_in, move_watermark, read_watermark

OVERLAP = timedelta(minutes=10)
CHUNK = 500


class PaymentLister(Protocol):
    """The part of a platform's hook that is used."""

    def list_payments(self, since: datetime) -> Iterator[RemotePayment]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenBack:
    """An allocation that was cancelled because its payment no longer stands on the platform; amounts in the payment's currency."""

    allocation_id: int
    incoming_id: int
    document_id: int
    number: str
    delivery_id: int
    connection: str
    remote_id: str
    amount: Decimal
    currency: str


def watermark_name(connection: str) -> str:
    return f"payments:{connection}"


def read_payments(
    database: psycopg.Connection,
    lister: PaymentLister,
    connection: str,
    run_id: str,
    *,
    first: datetime,
    whole_from: datetime | None = None,
) -> Counter[str]:
    """Read what changed on a platform since the last time (since `first`, the first time); returns how many payments are new, changed,
    reversed or deleted.

    `whole_from` reads everything from then on again: a payment of that period that the platform no longer lists is deleted there. Commits
    chunk by chunk; the watermark moves only when all were read. Raises PlatformError as the platform answers: what was read is kept.
    """
    started = _now(database)
    since = whole_from or _since(database, connection, first)
    noticed: Counter[str] = Counter()
    listed = lister.list_payments(since)
    while chunk := list(islice(listed, CHUNK)):
        noticed += store(database, connection, chunk)
        database.commit()
    if whole_from:
        noticed += _note_deleted(database, connection, whole_from, started)
    take_back(database, connection, run_id)
    free(database, connection, run_id)
    move_watermark(database, watermark_name(connection), started, run_id)
    database.commit()
    return noticed


def _now(database: psycopg.Connection) -> datetime:
    row = database.execute("SELECT clock_timestamp()").fetchone()
    database.commit()
    assert row  # noqa: S101 a SELECT without FROM has one row
    found: datetime = row[0]
    return found


def _since(database: psycopg.Connection, connection: str, first: datetime) -> datetime:
    watermark = read_watermark(database, watermark_name(connection))
    return watermark - OVERLAP if watermark else first


_COLUMNS = (
    "position",
    "remote_id",
    "customer_id",
    "received_on",
    "amount",
    "currency",
    "reference",
    "allocations",
    "reversed",
    "version",
    "modified_at",
)

# A list may name a payment twice: the last one counts.
_NEWEST = "DELETE FROM listed l USING listed later WHERE later.remote_id = l.remote_id AND later.position > l.position"

_NOTICE = """
SELECT CASE WHEN l.reversed AND NOT coalesce(p.reversed, false) THEN 'reversed' WHEN p.remote_id IS NULL THEN 'new' ELSE 'changed' END,
    count(*)::int
FROM listed l LEFT JOIN airbooks.platform_payment p ON p.connection = %(connection)s AND p.remote_id = l.remote_id
WHERE NOT (l.reversed AND coalesce(p.reversed, false))
    AND (p.remote_id, p.customer_id, p.received_on, p.amount, p.currency, p.reference, p.allocations, p.reversed)
    IS DISTINCT FROM (l.remote_id, l.customer_id, l.received_on, l.amount, l.currency, l.reference, l.allocations, l.reversed)
GROUP BY 1
"""

# Of a payment that was taken back many platforms tell no more than its name: what it was is kept.
_UPSERT = """
INSERT INTO airbooks.platform_payment AS p (connection, remote_id, customer_id, received_on, amount, currency, reference, allocations,
    reversed, version, modified_at, seen_at)
SELECT %(connection)s, remote_id, customer_id, received_on, amount, currency, reference, allocations, reversed, version, modified_at,
    clock_timestamp()
FROM listed
ON CONFLICT (connection, remote_id) DO UPDATE SET
    customer_id = CASE WHEN excluded.reversed THEN p.customer_id ELSE excluded.customer_id END,
    received_on = CASE WHEN excluded.reversed THEN p.received_on ELSE excluded.received_on END,
    amount = CASE WHEN excluded.reversed THEN p.amount ELSE excluded.amount END,
    currency = CASE WHEN excluded.reversed THEN p.currency ELSE excluded.currency END,
    reference = CASE WHEN excluded.reversed THEN p.reference ELSE excluded.reference END,
    allocations = CASE WHEN excluded.reversed THEN p.allocations ELSE excluded.allocations END,
    reversed = excluded.reversed, version = excluded.version, modified_at = excluded.modified_at, seen_at = excluded.seen_at
"""

_LINK = """
UPDATE airbooks.platform_payment p SET delivery_id = v.delivery_id
FROM airbooks.delivery v
WHERE p.connection = %(connection)s AND p.delivery_id IS NULL
    AND v.connection = p.connection AND string_to_array(v.remote_id, ',') @> ARRAY[p.remote_id] AND v.operation = 'apply'
    AND (%(of)s::text[] IS NULL OR p.remote_id = ANY (%(of)s))
"""

# One of several payments that a platform made of ours takes back only what it paid. One that was applied again since, or waits for a person
# who may have that done, takes nothing back: another one stands, or will, in its place.
_CANCEL = """
WITH gone AS (
    SELECT v.delivery_id, v.document_id, v.remote_id = p.remote_id AS is_whole, p.connection, p.remote_id, p.currency, p.allocations
    FROM airbooks.platform_payment p JOIN airbooks.delivery v USING (delivery_id)
    WHERE p.connection = %(connection)s AND p.reversed AND v.state = 'delivered'
        AND string_to_array(v.remote_id, ',') @> ARRAY[p.remote_id]
), cancelled AS (
    UPDATE airbooks.allocation a SET cancelled_at = now(), cancelled_by = %(run_id)s
    FROM gone, airbooks.document paid
    WHERE a.payment_document_id = gone.document_id AND a.connection = gone.connection AND a.cancelled_at IS NULL
        AND paid.document_id = a.document_id
        AND (gone.is_whole OR EXISTS (
            SELECT FROM jsonb_to_recordset(gone.allocations) AS part (remote_id text)
            JOIN airbooks.delivery d ON d.connection = gone.connection AND d.remote_id = part.remote_id AND d.operation <> 'apply'
            JOIN airbooks.document held ON held.document_id = d.document_id
            WHERE (held.source, held.source_id) = (paid.source, paid.source_id)))
    RETURNING a.allocation_id, a.incoming_id, a.document_id, a.number, gone.delivery_id, gone.connection, gone.remote_id, a.amount,
        gone.currency
)
SELECT * FROM cancelled ORDER BY allocation_id
"""

_REOPEN = """
UPDATE airbooks.incoming_payment i SET state = 'reversed'
WHERE i.incoming_id = ANY(%s)
    AND NOT EXISTS (SELECT FROM airbooks.allocation a WHERE a.incoming_id = i.incoming_id AND a.cancelled_at IS NULL)
"""

# Only what the platform has agreed to void sets money free.
_FREE = """
WITH freed AS (
    UPDATE airbooks.allocation a SET cancelled_at = now(), cancelled_by = %(run_id)s
    FROM airbooks.document paid, airbooks.document newest, airbooks.delivery void, airbooks.delivery v, airbooks.document payment
    WHERE a.connection = %(connection)s AND a.cancelled_at IS NULL AND paid.document_id = a.document_id
        AND (newest.source, newest.source_id) = (paid.source, paid.source_id) AND newest.is_current AND newest.state = 'cancelled'
        AND (void.document_id, void.connection, void.operation, void.state) = (newest.document_id, a.connection, 'void', 'delivered')
        AND (v.document_id, v.connection, v.operation, v.state) = (a.payment_document_id, a.connection, 'apply', 'delivered')
        AND payment.document_id = a.payment_document_id
    RETURNING a.allocation_id, a.incoming_id, a.document_id, a.number, v.delivery_id, a.connection, v.remote_id, a.amount, payment.currency
)
SELECT * FROM freed ORDER BY allocation_id
"""

_ON_ACCOUNT = """
UPDATE airbooks.incoming_payment i SET state = 'on_account'
WHERE i.incoming_id = ANY(%s) AND i.state = 'matched'
    AND NOT EXISTS (SELECT FROM airbooks.allocation a WHERE a.incoming_id = i.incoming_id AND a.cancelled_at IS NULL)
"""

# A change time only ever grows: what had changed since then would still be listed, if it were there.
_DELETED = """
UPDATE airbooks.platform_payment SET reversed = true, seen_at = clock_timestamp()
WHERE connection = %(connection)s AND NOT reversed AND seen_at < %(started)s
    AND CASE WHEN modified_at IS NOT NULL THEN modified_at >= %(whole_from)s ELSE received_on > %(whole_from)s::date END
RETURNING remote_id
"""


def store(database: psycopg.Connection, connection: str, payments: Sequence[RemotePayment]) -> Counter[str]:
    """Keep what a platform listed; returns how many are new, changed or reversed. The same list again changes nothing.

    What follows of a reversal is done by `take_back`.
    """
    _load(database, payments)
    database.execute(_NEWEST)
    chosen = {"connection": connection}
    noticed: Counter[str] = Counter(dict(database.execute(_NOTICE, chosen).fetchall()))
    database.execute(_UPSERT, chosen)
    database.execute(_LINK, {**chosen, "of": [each.remote_id for each in payments]})
    database.execute("DELETE FROM listed")
    return noticed


def take_back(database: psycopg.Connection, connection: str, run_id: str) -> list[TakenBack]:
    """Cancel the allocations of payments of ours that no longer stand on the platform, ask a person, and tell the audit trail.

    A payment may have been listed before the answer to our request was recorded, so all are looked at that are not known to be ours.
    """
    database.execute(_LINK, {"connection": connection, "of": None})
    with database.cursor(row_factory=class_row(TakenBack)) as cursor:
        taken = cursor.execute(_CANCEL, {"connection": connection, "run_id": run_id}).fetchall()
    if taken:
        database.execute(_REOPEN, [sorted({each.incoming_id for each in taken})])
        exceptions.open_exceptions(database, [_found(each, _REVERSED, run_id) for each in _per_payment(taken)])
        audit.append(database, [_event(each, "payment reversed", run_id) for each in taken])
    return taken


def free(database: psycopg.Connection, connection: str, run_id: str) -> list[TakenBack]:
    """Cancel what payments of ours paid on documents that were voided since, here and on the platform; the money is on account there.

    A person is asked where it goes, and the audit trail says so.
    """
    with database.cursor(row_factory=class_row(TakenBack)) as cursor:
        freed = cursor.execute(_FREE, {"connection": connection, "run_id": run_id}).fetchall()
    if freed:
        database.execute(_ON_ACCOUNT, [sorted({each.incoming_id for each in freed})])
        exceptions.open_exceptions(database, [_found(each, _FREED, run_id) for each in freed])
        audit.append(database, [_event(each, "payment freed", run_id) for each in freed])
    return freed


def _per_payment(taken: Sequence[TakenBack]) -> list[TakenBack]:
    return list({each.delivery_id: each for each in taken}.values())


def _load(database: psycopg.Connection, payments: Sequence[RemotePayment]) -> None:
    database.execute(
        "CREATE TEMP TABLE IF NOT EXISTS listed (position int, remote_id text, customer_id text, received_on date, amount numeric,"
        " currency text, reference text, allocations jsonb, reversed boolean, version text, modified_at timestamptz) ON COMMIT DELETE ROWS"
    )
    copy_in(database, "listed", _COLUMNS, (_row(position, each) for position, each in enumerate(payments)))


def _row(position: int, payment: RemotePayment) -> tuple[Any, ...]:
    parts = [{"remote_id": each.remote_id, "amount": each.amount} for each in payment.allocations]
    texts = (payment.remote_id, payment.customer_id, payment.currency, payment.reference, payment.version)
    remote_id, customer_id, currency, reference, version = map(audit.storable, texts)
    head = (position, remote_id, customer_id, payment.received_on, payment.amount, currency, reference)
    return (*head, canonical_json(parts).decode(), payment.reversed, version, payment.modified_at)


def _note_deleted(database: psycopg.Connection, connection: str, whole_from: datetime, started: datetime) -> Counter[str]:
    chosen = {"connection": connection, "whole_from": whole_from, "started": started}
    deleted = database.execute(_DELETED, chosen).fetchall()
    return Counter(deleted=len(deleted))


_REVERSED = (
    "AB-PAYMENT-REVERSED",
    "payment {remote_id} on {connection} was voided or deleted there; what it paid is open again ({number}).",
    "If the money is there, book it there by hand: it is read back. Else ask the customer to pay. Then answer Retry.",
)
_FREED = (
    "AB-PAYMENT-FREED",
    "{number} was voided on {connection}; the {amount:,} {currency} that payment {remote_id} paid on it are on account there.",
    "Apply them there to what the customer owes, or pay them out. Then answer Retry.",
)


def _found(taken: TakenBack, words: tuple[str, str, str], run_id: str) -> exceptions.Found:
    code, says, fix = words
    finding = Finding(
        code=code,
        severity=Severity.ERROR,
        field="",
        value=taken.remote_id,
        says=says.format_map(asdict(taken)),
        fix=fix,
        connection=taken.connection,
    )
    return exceptions.Found(finding=finding, delivery_id=taken.delivery_id, run_id=run_id)


def _event(taken: TakenBack, action: str, run_id: str) -> audit.Event:
    return audit.Event(
        actor=run_id,
        action=action,
        document_id=taken.document_id,
        delivery_id=taken.delivery_id,
        number=taken.number,
        connection=taken.connection,
        detail={
            "payment": taken.remote_id,
            "allocation": taken.allocation_id,
            "incoming_payment": taken.incoming_id,
            "amount": taken.amount,
            "currency": taken.currency,
        },
    )
