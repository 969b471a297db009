"""What is decided about payments: allocations, the payments that platforms are to book, questions for people. All in bulk.

Every function works inside its caller's transaction. A decided payment is a document of kind `payment` from then on, planned and delivered
like any other; what it settles is in `allocation`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from airbooks.canonical import Finding, IncomingPayment, Severity
from airbooks.payments.decision import Candidate, Decision, OpenItem, Settled, Stage, Verdict
from airbooks.payments.parts import SOURCE, NotPayableError, Part, parts_of
from airbooks.staging import audit, exceptions
from airbooks.staging.documents import canonical_json, content_hash, copy_in

MATCH = "AB-PAYMENT-MATCH"
ASKED = "Choose what it pays under Apply to, or answer Retry when more is known; Reject leaves it out of the books."

AccountCode = Callable[[str, str], str]  # our code of a bank account, in the books of a connection


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


def number_of(incoming_id: int) -> str:
    """Our own number of a movement."""
    return f"PAY-{incoming_id:06}"


def write(
    database: psycopg.Connection,
    decided: Sequence[Decided],
    items: Mapping[int, OpenItem],
    run_id: str,
    account: AccountCode = lambda *_: "",
) -> Counter[str]:
    """Write the decisions; returns how many payments are applied, reviewed, waiting."""
    tally: Counter[str] = Counter()
    applied: list[Applied] = []
    reversing: list[tuple[Decided, Candidate]] = []
    asked: list[Decided] = []
    waiting: list[Decided] = []
    for each in decided:
        if each.decision.verdict is Verdict.APPLY and each.decision.best is not None:
            if each.decision.best.takes_back:
                reversing.append((each, each.decision.best))
                continue
            try:
                applied.append((each, each.decision.best, _parts(each, each.decision.best, items, account)))
            except NotPayableError:
                asked.append(each)
        elif each.decision.verdict is Verdict.WAIT:
            waiting.append(each)
        else:
            asked.append(each)
    _apply(database, applied, run_id)
    for each, chosen in reversing:
        _take_back(database, each, chosen, run_id)
    _ask(database, asked, run_id)
    _note_waiting(database, waiting)
    tally.update({"applied": len(applied), "taken back": len(reversing), "reviewed": len(asked), "waiting": len(waiting)})
    return tally


def _parts(each: Decided, chosen: Candidate, items: Mapping[int, OpenItem], account: AccountCode) -> tuple[Part, ...]:
    connections = [settled.connection for settled in chosen.settled]
    return parts_of(each.number, each.movement, chosen, items, account(each.movement.account, connections[0]) if connections else "")


# -- applied ------------------------------------------------------------------------------------------------------------------------------


def _apply(database: psycopg.Connection, applied: Sequence[Applied], by: str) -> None:
    parts = [part for _, _, parts in applied for part in parts]
    raw = _raw_ids(database, [(part.payment.number, part.payment.model_dump(mode="json")) for part in parts], by, staged=True)
    documents = _payment_documents(database, parts, raw, by)
    copy_in(database, "airbooks.allocation", _ALLOCATION, _allocation_rows(applied, documents))
    for each, chosen, _ in applied:
        _set(database, each.incoming_id, "matched" if chosen.settled else "on_account", chosen.stage, chosen.confidence, chosen.reason, by)
    exceptions.close_for(database, documents=[(SOURCE, each.number) for each, _, _ in applied], still=[], by=by)
    audit.append(database, [_event(each, chosen, documents.get(each.number), by) for each, chosen, _ in applied])


_ALLOCATION = ("incoming_id", "connection", "document_id", "number", "amount", "discount", "write_off", "settled", "payment_document_id")


def _allocation_rows(applied: Sequence[Applied], documents: Mapping[str, int]) -> Iterator[tuple[Any, ...]]:
    for each, _, parts in applied:
        for part in parts:
            paid_by = documents[part.payment.number]
            for s in part.settled:
                yield (each.incoming_id, s.connection, s.document_id, s.number, s.amount, s.discount, s.write_off, s.settled, paid_by)


def _raw_ids(database: psycopg.Connection, rows: Sequence[tuple[str, Any]], by: str, *, staged: bool) -> dict[str, int]:
    """Raw documents for the payments of these numbers, as the trail keeps them."""
    found: dict[str, int] = {}
    for number, payload in rows:
        row = database.execute(
            "INSERT INTO airbooks.raw_document (source, source_id, content_hash, payload, changed_at, run_id, staged_at)"
            " VALUES (%s, %s, %s, %s, now(), %s, CASE WHEN %s THEN now() END) RETURNING raw_id",
            (SOURCE, number, content_hash(payload), canonical_json(payload).decode(), by, staged),
        ).fetchone()
        assert row is not None  # noqa: S101 RETURNING
        found[number] = row[0]
    return found


def _payment_documents(database: psycopg.Connection, parts: Sequence[Part], raw: Mapping[str, int], by: str) -> dict[str, int]:
    """One document per payment, routed to its connection; a payment that was taken back and is decided anew becomes its next revision."""
    found: dict[str, int] = {}
    for part in parts:
        payment = part.payment
        database.execute(
            "UPDATE airbooks.document SET is_current = false WHERE is_current AND (source, source_id) = (%s, %s)", (SOURCE, payment.number)
        )
        row = database.execute(
            """
            INSERT INTO airbooks.document (source, source_id, revision, raw_id, content_hash, state, kind, division, number, issue_date,
                currency, customer_code, customer_name, net_total, tax_total, gross_total, preceding, route, body, run_id)
            SELECT %(source)s, %(number)s, 1 + coalesce(max(revision), 0), %(raw)s, %(hash)s, 'valid', 'payment', %(division)s, %(number)s,
                %(on)s, %(currency)s, %(customer)s, %(name)s, %(amount)s, 0, %(amount)s, %(preceding)s, %(route)s, %(body)s, %(run)s
            FROM airbooks.document WHERE (source, source_id) = (%(source)s, %(number)s)
            RETURNING document_id
            """,
            {
                "source": SOURCE,
                "number": payment.number,
                "raw": raw[payment.number],
                "hash": content_hash(payment.model_dump(mode="json")),
                "division": part.division,
                "on": payment.received_on,
                "currency": payment.currency,
                "customer": payment.customer_code,
                "name": part.customer_name,
                "amount": payment.amount,
                "preceding": sorted({each.number for each in part.settled}),
                "route": [part.connection],
                "body": payment.model_dump_json(),
                "run": by,
            },
        ).fetchone()
        assert row is not None  # noqa: S101 RETURNING
        found[payment.number] = row[0]
    return found


def _set(database: psycopg.Connection, incoming_id: int, state: str, stage: str, confidence: Decimal | None, reason: str, by: str) -> None:
    database.execute(
        "UPDATE airbooks.incoming_payment SET state = %s, stage = %s, confidence = %s, reason = %s, decided_by = %s, decided_at = now()"
        " WHERE incoming_id = %s",
        (state, stage, confidence, reason, by, incoming_id),
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
# What has not been sent of the earlier payment stays here.
_WITHDRAW = """
UPDATE airbooks.document p SET state = 'rejected'
WHERE p.document_id IN (SELECT payment_document_id FROM airbooks.allocation WHERE incoming_id = %(earlier)s)
    AND NOT EXISTS (SELECT FROM airbooks.delivery d WHERE d.document_id = p.document_id
        AND (d.state IN ('sending', 'accepted', 'unknown', 'delivered') OR d.remote_id <> ''))
"""


def _take_back(database: psycopg.Connection, each: Decided, chosen: Candidate, by: str) -> None:
    """A refund or charge-back: what the earlier payment settled is open again.

    Where a platform has booked the earlier payment, a person takes it back there; until it is read back, the reconciliation says so.
    """
    earlier = int(chosen.takes_back)
    for settled in chosen.settled:
        values = {"earlier": earlier, "document": settled.document_id, "amount": settled.amount, "settled": settled.settled, "by": by}
        database.execute(_REST, values)
        database.execute(_CANCEL, values)
    remaining = database.execute(
        "SELECT FROM airbooks.allocation WHERE incoming_id = %s AND cancelled_at IS NULL LIMIT 1", (earlier,)
    ).fetchone()
    if remaining is None:
        database.execute("UPDATE airbooks.incoming_payment SET state = 'reversed' WHERE incoming_id = %s", (earlier,))
        database.execute(_WITHDRAW, {"earlier": earlier})
    _set(database, each.incoming_id, "matched", chosen.stage, chosen.confidence, chosen.reason, by)
    exceptions.close_for(database, documents=[(SOURCE, each.number)], still=[], by=by)
    event = _event(each, chosen, None, by)
    taken = audit.Event(
        actor=by,
        action="payment taken back",
        number=number_of(earlier),
        connection=event.connection,
        detail={**event.detail, "by_payment": each.number},
    )
    audit.append(database, [event, taken])


# -- asked --------------------------------------------------------------------------------------------------------------------------------


def _ask(database: psycopg.Connection, asked: Sequence[Decided], run_id: str) -> None:
    raw = _raw_ids(database, [(each.number, each.movement.model_dump(mode="json")) for each in asked], run_id, staged=True)
    found = []
    for each in asked:
        candidates = [each.decision.best, *each.decision.others] if each.decision.best else list(each.decision.others)
        database.execute(
            "UPDATE airbooks.incoming_payment SET state = 'review', reason = %s, candidates = %s WHERE incoming_id = %s",
            (each.decision.reason, Jsonb([_as_json(candidate) for candidate in candidates]), each.incoming_id),
        )
        found.append(_found(each, raw[each.number], run_id))
    exceptions.open_exceptions(database, found)


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
