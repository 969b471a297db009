"""What is decided about payments: allocations, the payments that platforms are to book, questions for people. All in bulk.

Every function works inside its caller's transaction. A decided payment is a document of kind `payment` from then on, planned and delivered
like any other; what it settles is in `allocation`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from airbooks.canonical import Finding, IncomingPayment, Severity
from airbooks.payments.decision import Candidate, Decision, OpenItem, Settled, Stage, Verdict
from airbooks.payments.parts import SOURCE, NotPayableError, Part, number_of, parts_of
from airbooks.staging import audit, exceptions
from airbooks.staging.documents import canonical_json, content_hash, copy_in

__all__ = ["Decided", "candidate_of", "number_of", "parts", "take_turns", "unknown_account", "write"]

MATCH = "AB-PAYMENT-MATCH"
ASKED = "Choose what it pays under Apply to, or answer Retry when more is known; Reject leaves it out of the books."

AccountCode = Callable[[str, str], str]  # our code of a bank account, in the books of a connection


def unknown_account(account: str, connection: str) -> str:  # noqa: ARG001 an AccountCode
    """Where nobody has said how the books call a bank account."""
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """A movement with its id in staging, and what was decided about it."""

    incoming_id: int
    movement: IncomingPayment
    decision: Decision

    @property
    def number(self) -> str:
        return number_of(self.incoming_id)


Applied = tuple[Decided, Candidate, tuple[Part, ...]]


def take_turns(database: psycopg.Connection) -> None:
    """Wait until nobody else decides about payments, and keep others waiting until the transaction ends: two who look at what is open at
    the same time would give it away twice."""
    database.execute("SELECT pg_advisory_xact_lock(hashtextextended('airbooks.matching', 0))")


def write(
    database: psycopg.Connection,
    decided: Sequence[Decided],
    items: Mapping[int, OpenItem],
    run_id: str,
    account: AccountCode = unknown_account,
) -> Counter[str]:
    """Write the decisions; returns how many payments are applied, taken back, reviewed, waiting. The audit trail is locked from then on."""
    applied: list[Applied] = []
    reversing: list[tuple[Decided, Candidate]] = []
    asked: list[Decided] = []
    waiting: list[Decided] = []
    for each in decided:
        best = each.decision.best
        if each.decision.verdict is Verdict.WAIT:
            waiting.append(each)
        elif each.decision.verdict is not Verdict.APPLY or best is None:
            asked.append(each)
        elif best.takes_back:
            reversing.append((each, best))
        else:
            try:
                applied.append((each, best, parts(each, best, items, account)))
            except NotPayableError as wrong:
                asked.append(_not_payable(each, wrong))
    events = _apply(database, applied, run_id)
    for each, chosen in reversing:
        events += _take_back(database, each, chosen, run_id)
    _ask(database, asked, run_id)
    _note_waiting(database, waiting)
    audit.append(database, events)
    return Counter({"applied": len(applied), "taken back": len(reversing), "reviewed": len(asked), "waiting": len(waiting)})


def parts(each: Decided, chosen: Candidate, items: Mapping[int, OpenItem], account: AccountCode = unknown_account) -> tuple[Part, ...]:
    """The payments that platforms book of a candidate. Raises NotPayableError where none can."""
    return parts_of(each.number, each.movement, chosen, items, lambda connection: account(each.movement.account, connection))


def _not_payable(each: Decided, wrong: NotPayableError) -> Decided:
    """What no platform can book is no choice either."""
    reason = f"{each.decision.reason}; but no platform can book that: {wrong}"
    return replace(each, decision=replace(each.decision, verdict=Verdict.REVIEW, best=None, reason=reason.removeprefix("; but ")))


# -- applied ------------------------------------------------------------------------------------------------------------------------------


def _apply(database: psycopg.Connection, applied: Sequence[Applied], by: str) -> list[audit.Event]:
    if not applied:
        return []
    made = [part for _, _, of_payment in applied for part in of_payment]
    raw = _raw_ids(database, [(part.payment.number, part.payment.model_dump(mode="json")) for part in made], by)
    documents = _payment_documents(database, made, raw, by)
    copy_in(database, "airbooks.allocation", _ALLOCATION, _allocation_rows(applied, documents))
    _set(database, [(each.incoming_id, "matched" if chosen.settled else "on_account", chosen) for each, chosen, _ in applied], by)
    exceptions.close_for(database, documents=[(SOURCE, each.number) for each, _, _ in applied], still=[], by=by)
    return [_event(each, chosen, documents.get(each.number), by) for each, chosen, _ in applied]


_ALLOCATION = ("incoming_id", "connection", "document_id", "number", "amount", "discount", "write_off", "settled", "payment_document_id")


def _allocation_rows(applied: Sequence[Applied], documents: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    for each, _, of_payment in applied:
        for part in of_payment:
            paid_by = documents[part.payment.number]
            for s in part.settled:
                yield (each.incoming_id, s.connection, s.document_id, s.number, s.amount, s.discount, s.write_off, s.settled, paid_by)


def _raw_ids(database: psycopg.Connection, rows: Sequence[tuple[str, Any]], by: str) -> dict[str, int]:
    """Raw documents for the payments of these numbers, as the trail keeps them; staging has nothing to do with them."""
    found = database.execute(
        "INSERT INTO airbooks.raw_document (source, source_id, content_hash, payload, changed_at, run_id, staged_at)"
        " SELECT %s, number, hash, payload, now(), %s, now()"
        " FROM unnest(%s::text[], %s::text[], %s::jsonb[]) AS r (number, hash, payload) RETURNING source_id, raw_id",
        (
            SOURCE,
            by,
            [number for number, _ in rows],
            [content_hash(payload) for _, payload in rows],
            [canonical_json(payload).decode() for _, payload in rows],
        ),
    ).fetchall()
    return dict(found)


# A payment that was taken back and is decided anew becomes its next revision.
_NOT_CURRENT = """
UPDATE airbooks.document d SET is_current = false
FROM jsonb_to_recordset(%(rows)s) AS made (number text) WHERE d.is_current AND (d.source, d.source_id) = (%(source)s, made.number)
"""
_DOCUMENTS = """
WITH made AS (
    SELECT * FROM jsonb_to_recordset(%(rows)s) AS r (number text, raw_id bigint, hash text, division text, received_on date, currency text,
        customer text, name text, amount numeric, preceding text[], connection text, body jsonb)
)
INSERT INTO airbooks.document (source, source_id, revision, raw_id, content_hash, state, kind, division, number, issue_date,
    currency, customer_code, customer_name, net_total, tax_total, gross_total, preceding, route, body, run_id)
SELECT %(source)s, number, 1 + coalesce(old.revision, 0), raw_id, hash, 'valid', 'payment', division, number, received_on, currency,
    customer, name, amount, 0, amount, preceding, ARRAY[connection], body, %(run)s
FROM made LEFT JOIN LATERAL (
    SELECT max(d.revision) AS revision FROM airbooks.document d WHERE (d.source, d.source_id) = (%(source)s, made.number)) old ON true
ORDER BY raw_id
RETURNING number, document_id
"""


def _payment_documents(database: psycopg.Connection, made: Sequence[Part], raw: Mapping[str, int], by: str) -> dict[str, int]:
    """One document per payment, routed to its connection."""
    rows = [_document_row(part, raw[part.payment.number]) for part in made]
    values = {"source": SOURCE, "run": by, "rows": Jsonb(audit.storable(rows))}
    database.execute(_NOT_CURRENT, values)
    return dict(database.execute(_DOCUMENTS, values).fetchall())


def _document_row(part: Part, raw_id: int) -> dict[str, Any]:
    payment = part.payment
    body = payment.model_dump(mode="json")
    return {
        "number": payment.number,
        "raw_id": raw_id,
        "hash": content_hash(body),
        "division": part.division,
        "received_on": payment.received_on.isoformat(),
        "currency": payment.currency,
        "customer": payment.customer_code,
        "name": part.customer_name,
        "amount": payment.amount,
        "preceding": sorted({each.number for each in part.settled}),
        "connection": part.connection,
        "body": body,
    }


def _set(database: psycopg.Connection, decided: Sequence[tuple[int, str, Candidate]], by: str) -> None:
    """Note the states of payments, and why."""
    database.execute(
        "UPDATE airbooks.incoming_payment i SET state = s.state, stage = s.stage, confidence = s.confidence, reason = s.reason,"
        " decided_by = %s, decided_at = now()"
        " FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::numeric[], %s::text[]) AS s (incoming_id, state, stage, confidence, reason)"
        " WHERE i.incoming_id = s.incoming_id",
        (
            by,
            [incoming_id for incoming_id, _, _ in decided],
            [state for _, state, _ in decided],
            [chosen.stage.value for _, _, chosen in decided],
            [chosen.confidence for _, _, chosen in decided],
            [chosen.reason for _, _, chosen in decided],
        ),
    )


def _event(each: Decided, chosen: Candidate, document_id: int | None, by: str) -> audit.Event:
    settles = [
        {"number": s.number, "connection": s.connection, "amount": str(s.amount), "discount": str(s.discount)} for s in chosen.settled
    ]
    return audit.Event(
        actor=by,
        action="payment matched",
        document_id=document_id,
        number=each.number,
        connection=chosen.settled[0].connection if chosen.settled else "",
        detail={
            "stage": chosen.stage.value,
            "confidence": str(chosen.confidence),
            "reason": chosen.reason,
            "amount": str(each.movement.amount),
            "currency": each.movement.currency,
            "bank_reference": each.movement.bank_reference,
            "settles": settles,
            "on_account": str(chosen.on_account),
        },
    )


# -- taken back ---------------------------------------------------------------------------------------------------------------------------

# An allocation that a refund takes back in part gives way to one of the rest.
_REST = """
INSERT INTO airbooks.allocation (incoming_id, connection, document_id, number, amount, discount, write_off, settled, payment_document_id)
SELECT incoming_id, connection, document_id, number, amount - %(amount)s, discount, write_off, settled - %(settled)s, payment_document_id
FROM airbooks.allocation
WHERE incoming_id = %(earlier)s AND document_id = %(document)s AND cancelled_at IS NULL AND settled > %(settled)s
"""
_CANCEL = """
UPDATE airbooks.allocation SET cancelled_at = clock_timestamp(), cancelled_by = %(by)s
WHERE allocation_id IN (
    SELECT min(allocation_id) FROM airbooks.allocation
    WHERE incoming_id = %(earlier)s AND document_id = %(document)s AND cancelled_at IS NULL)
"""
# What has not been sent of the earlier payment stays here; a worker that has just claimed it has the row, and is waited for.
_STOP = """
UPDATE airbooks.delivery SET state = 'rejected', last_error = 'taken back before it was sent', changed_at = now()
WHERE state = 'pending' AND remote_id = ''
    AND document_id IN (SELECT payment_document_id FROM airbooks.allocation WHERE incoming_id = %(earlier)s)
"""
_WITHDRAW = """
UPDATE airbooks.document p SET state = 'rejected'
WHERE p.document_id IN (SELECT payment_document_id FROM airbooks.allocation WHERE incoming_id = %(earlier)s)
    AND NOT EXISTS (SELECT FROM airbooks.delivery d WHERE d.document_id = p.document_id
        AND (d.state IN ('sending', 'accepted', 'unknown', 'delivered') OR d.remote_id <> ''))
RETURNING ARRAY(SELECT delivery_id FROM airbooks.delivery d WHERE d.document_id = p.document_id)
"""
_TAKEN_BACK = """
UPDATE airbooks.incoming_payment i SET state = 'reversed'
WHERE i.incoming_id = %(earlier)s AND NOT EXISTS (
        SELECT FROM airbooks.allocation a WHERE a.incoming_id = i.incoming_id AND a.cancelled_at IS NULL)
    AND (i.state <> 'on_account' OR i.amount + i.fee <= (
        SELECT sum(b.amount + b.fee) FROM airbooks.incoming_payment b WHERE b.takes_back = i.incoming_id))
RETURNING incoming_id
"""


def _take_back(database: psycopg.Connection, each: Decided, chosen: Candidate, by: str) -> list[audit.Event]:
    """A refund or charge-back: what the earlier payment settled is open again.

    Where a platform has booked the earlier payment, a person takes it back there; until it is read back, the reconciliation says so.
    """
    earlier = int(chosen.takes_back)
    for settled in chosen.settled:
        values = {"earlier": earlier, "document": settled.document_id, "amount": settled.amount, "settled": settled.settled, "by": by}
        database.execute(_REST, values)
        database.execute(_CANCEL, values)
    database.execute("UPDATE airbooks.incoming_payment SET takes_back = %s WHERE incoming_id = %s", (earlier, each.incoming_id))
    if database.execute(_TAKEN_BACK, {"earlier": earlier}).fetchone():
        database.execute(_STOP, {"earlier": earlier})
        stopped = [each_id for row in database.execute(_WITHDRAW, {"earlier": earlier}).fetchall() for each_id in row[0]]
        exceptions.close_for(database, delivery_ids=stopped, by=by)
    _set(database, [(each.incoming_id, "matched", chosen)], by)
    exceptions.close_for(database, documents=[(SOURCE, each.number)], still=[], by=by)
    event = _event(each, chosen, None, by)
    taken = audit.Event(
        actor=by,
        action="payment taken back",
        number=number_of(earlier),
        connection=event.connection,
        detail={**event.detail, "by_payment": each.number},
    )
    return [event, taken]


# -- asked --------------------------------------------------------------------------------------------------------------------------------


def _ask(database: psycopg.Connection, asked: Sequence[Decided], run_id: str) -> None:
    if not asked:
        return
    raw = _raw_ids(database, [(each.number, each.movement.model_dump(mode="json")) for each in asked], run_id)
    database.execute(
        "UPDATE airbooks.incoming_payment i SET state = 'review', reason = r.reason, candidates = r.candidates"
        " FROM unnest(%s::bigint[], %s::text[], %s::jsonb[]) AS r (incoming_id, reason, candidates) WHERE i.incoming_id = r.incoming_id",
        (
            [each.incoming_id for each in asked],
            [each.decision.reason for each in asked],
            [Jsonb([_as_json(way) for way in _ways(each.decision)]) for each in asked],
        ),
    )
    # other choices are another question: an answer to the old one comes too late
    exceptions.close_for(database, documents=[(SOURCE, each.number) for each in asked], still=[], by=run_id)
    exceptions.open_exceptions(database, [_found(each, raw[each.number], run_id) for each in asked])


def _ways(decision: Decision) -> list[Candidate]:
    return [decision.best, *decision.others] if decision.best else list(decision.others)


def _found(each: Decided, raw_id: int, run_id: str) -> exceptions.Found:
    movement = each.movement
    who = movement.payer_name or movement.customer_code or "a payer without a name"
    said = " ".join(movement.text.split())
    finding = Finding(
        code=MATCH,
        severity=Severity.ERROR,
        field="text",
        value=movement.text[:200],
        says=(
            f"{movement.kind.value.replace('_', '-').capitalize()} {each.number} of {movement.amount:,} {movement.currency} from {who}"
            f" on {movement.booked_on} was not applied: {each.decision.reason or 'nothing says what it pays'}."
        ),
        fix=f'Its text is "{said[:300]}". {ASKED}' if said else f"It has no text. {ASKED}",
    )
    return exceptions.Found(
        finding=finding, raw_id=raw_id, number=each.number, amount=movement.amount, currency=movement.currency, run_id=run_id
    )


def _as_json(candidate: Candidate) -> dict[str, Any]:
    row = asdict(candidate)
    settled = [{key: str(value) if isinstance(value, Decimal) else value for key, value in each.items()} for each in row["settled"]]
    return {**row, "confidence": str(candidate.confidence), "on_account": str(candidate.on_account), "settled": settled}


def candidate_of(row: Mapping[str, Any]) -> Candidate:
    """A candidate as `incoming_payment.candidates` keeps it."""
    settled = tuple(
        Settled(
            document_id=each["document_id"],
            connection=each["connection"],
            number=each["number"],
            amount=Decimal(each["amount"]),
            settled=Decimal(each["settled"]),
            discount=Decimal(each["discount"]),
            write_off=Decimal(each["write_off"]),
        )
        for each in row["settled"]
    )
    return Candidate(
        stage=Stage(row["stage"]),
        confidence=Decimal(row["confidence"]),
        reason=row["reason"],
        settled=settled,
        on_account=Decimal(row["on_account"]),
        takes_back=row.get("takes_back", ""),
    )


def _note_waiting(database: psycopg.Connection, waiting: Sequence[Decided]) -> None:
    with database.cursor() as cursor:
        cursor.executemany(
            "UPDATE airbooks.incoming_payment SET reason = %s WHERE incoming_id = %s AND reason <> %s",
            [(each.decision.reason, each.incoming_id, each.decision.reason) for each in waiting],
        )
