"""The judge: from the sandbox's books and from Postgres, never from what the engine counts of itself.

A  no document is live twice on a platform, and nothing that nobody planted
B  nothing that was reported as delivered is missing there
C  every planted document is delivered, before a person, rejected with a reason, or waits for a named reason
D  what was delivered is ours to the minor unit, document by document and as a sum per currency
E  no secret stands in any row or log
F  nothing is called delivered, and nothing that was unknown is sent again, without evidence in an intact audit trail
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

import psycopg
from psycopg import sql
from psycopg.rows import class_row
from tests.faults.books import Expected, Held, Key
from tests.faults.evidence import Case

from airbooks.staging import audit

ON_THE_PLATFORM = frozenset({"AB-ECHO", "AB-TWICE", "AB-DRAFT", "AB-OVERDUE"})  # these exceptions say that it is there
LOOK_UPS = 2  # answered ones, that an unknown outcome may take


@dataclass(frozen=True, slots=True, kw_only=True)
class Stood:
    """The newest delivery of a document, with the codes of the open exceptions about it."""

    delivery_id: int
    remote_id: str
    changed_at: datetime
    kind: str
    number: str
    operation: str
    state: str
    last_error: str
    waits: bool  # for another document that has not ended
    rests: bool  # its connection does: it is stopped, or the platform is silent
    codes: list[str]

    @property
    def key(self) -> Key:
        return Key(self.kind, self.number)


_STOOD = """
SELECT DISTINCT ON (doc.kind, doc.number) d.delivery_id, d.remote_id, d.changed_at, doc.kind, doc.number, d.operation, d.state,
    d.last_error,
    EXISTS (SELECT FROM airbooks.connection_state s WHERE s.connection = d.connection AND s.state <> 'working')
        OR EXISTS (SELECT FROM airbooks.connection_circuit c WHERE c.connection = d.connection AND c.open_until > now()) AS rests,
    EXISTS (SELECT FROM airbooks.document inv JOIN airbooks.delivery e USING (document_id)
            WHERE inv.number = ANY (doc.preceding) AND inv.division = doc.division AND e.connection = d.connection
                AND e.state <> 'delivered') AS waits,
    coalesce((SELECT array_agg(e.code) FROM airbooks.exception e WHERE e.delivery_id = d.delivery_id AND e.state = 'open'),
        '{}') AS codes
FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)
WHERE d.connection = %s AND doc.is_current
ORDER BY doc.kind, doc.number, d.delivery_id DESC
"""


@dataclass(kw_only=True)
class Judgement:
    """What became of one connection's documents; the lists hold one sentence per violation."""

    connection: str
    documents: int = 0
    ends: Counter[str] = field(default_factory=Counter)  # delivered, in review, rejected, waiting
    codes: Counter[str] = field(default_factory=Counter)  # why they are in review
    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    unresolved: list[str] = field(default_factory=list)
    unproven: list[str] = field(default_factory=list)
    leaks: list[str] = field(default_factory=list)
    look_ups: int = 0  # the most that one unknown outcome took
    unknowns: int = 0
    longest_unknown: float = 0.0  # seconds

    @property
    def violations(self) -> list[str]:
        return [*self.duplicates, *self.lost, *self.wrong, *self.unresolved, *self.unproven, *self.leaks]


def judge(
    database: psycopg.Connection,
    connection: str,
    planted: Iterable[Expected],
    held: Mapping[Key, Sequence[Held]],
    *,
    others: Collection[Key] = (),
    last_turn: datetime | None = None,
) -> Judgement:
    """Judge one connection against A, B, C, D and F.

    `others` are documents that somebody else booked there; `last_turn` is when the last worker began: what it left alone without a reason
    is forgotten, and not waiting.
    """
    found = Judgement(connection=connection)
    stood = _stood(database, connection)
    cases = _cases(database, connection)
    expected = {each.key: each for each in planted}
    found.documents = len(expected)
    for key, each in expected.items():
        _judge_document(found, each, stood.get(key), held.get(key, ()), cases, last_turn)
    _judge_strangers(found, database, expected, held, others)
    _judge_sums(found, expected, stood, held)
    _judge_evidence(found, database, cases)
    found.unknowns = sum(case.unknowns for case in cases.values())
    found.look_ups = max((case.most_look_ups for case in cases.values()), default=0)
    found.longest_unknown = max((case.longest_unknown.total_seconds() for case in cases.values()), default=0.0)
    return found


def _stood(database: psycopg.Connection, connection: str) -> dict[Key, Stood]:
    with database.cursor(row_factory=class_row(Stood)) as cursor:
        return {each.key: each for each in cursor.execute(_STOOD, (connection,))}


def _cases(database: psycopg.Connection, connection: str) -> dict[int, Case]:
    cases: dict[int, Case] = defaultdict(Case)
    with database.transaction(), database.cursor(name="judge") as cursor:
        cursor.itersize = 5_000
        cursor.execute(
            "SELECT delivery_id, at, action, detail ->> 'says', detail ->> 'remote_id' FROM airbooks.audit_event"
            " WHERE connection = %s AND delivery_id IS NOT NULL ORDER BY event_id",
            (connection,),
        )
        for delivery_id, at, action, says, remote_id in cursor:
            cases[delivery_id].hear(at, action, says or "", remote_id or "")
    return cases


def _judge_evidence(found: Judgement, database: psycopg.Connection, cases: Mapping[int, Case]) -> None:
    """Every delivery there ever was, also those that a later one of the same document took over from."""
    told = {delivery_id: case for delivery_id, case in cases.items() if case.complaints or case.most_look_ups > LOOK_UPS}
    rows = database.execute(
        "SELECT delivery_id, kind || ' ' || number FROM airbooks.delivery JOIN airbooks.document USING (document_id)"
        " WHERE delivery_id = ANY(%s)",
        [list(told)],
    )
    for delivery_id, name in rows.fetchall():
        case = told[delivery_id]
        found.unproven += [f"F: {found.connection} {name}: {complaint}" for complaint in case.complaints]
        if case.most_look_ups > LOOK_UPS:
            found.unresolved.append(f"F: {found.connection} {name}: an unknown outcome took {case.most_look_ups} answered look-ups")


def _judge_strangers(
    found: Judgement,
    database: psycopg.Connection,
    expected: Mapping[Key, Expected],
    held: Mapping[Key, Sequence[Held]],
    others: Collection[Key],
) -> None:
    """What stands under no number of ours. Some platforms take an invoice back by a credit note of their own, and where a platform gave
    a document a number of its own, that one lies before a person."""
    strangers = [(key, each) for key in held.keys() - expected.keys() - set(others) for each in held[key]]
    elsewhere = min(found.ends["in review"], sum(1 for key in expected if not held.get(key)))
    reversals = sum(1 for key, _ in strangers if key.kind == "credit_note")
    allowed = elsewhere + min(reversals, _taken_back(database, found.connection) + sum(each.gone for each in expected.values()))
    if len(strangers) > allowed:
        names = [f"{key.kind} {key.number or each.remote_id}" for key, each in strangers[:5]]
        found.duplicates.append(f"A: {found.connection}: {len(strangers)} documents are there that nobody planted: {names}")


def _taken_back(database: psycopg.Connection, connection: str) -> int:
    """How many deliveries were to take something back: voids, and updates that may replace."""
    row = database.execute(
        "SELECT count(*) FROM airbooks.delivery WHERE connection = %s AND operation IN ('void', 'update')", (connection,)
    ).fetchone()
    return row[0] if row else 0


def _judge_document(
    found: Judgement,
    ours: Expected,
    stood: Stood | None,
    held: Sequence[Held],
    cases: Mapping[int, Case],
    last_turn: datetime | None,
) -> None:
    name = f"{found.connection} {ours.key.kind} {ours.key.number}"
    if len(held) > 1:
        found.duplicates.append(f"A: {name} is live {len(held)} times: {', '.join(each.remote_id for each in held)}")
    if stood is None:
        found.lost.append(f"C: {name} was planted and has no delivery")
        return
    end = _end(stood, last_turn)
    found.ends[end] += 1
    found.codes.update(stood.codes)
    if ours.gone and held:
        found.wrong.append(f"B: {name} was taken away there and is live again")
    if end == "unresolved":
        found.unresolved.append(f"C: {name} is still {stood.state} with no reason (last: {stood.last_error[:200]!r})")
    elif stood.state == "delivered":
        _judge_delivered(found, name, ours, stood, held, cases.get(stood.delivery_id, Case()))
    elif _is_booked_unseen(ours, stood, held):
        found.unproven.append(f"F: {name} is {stood.state} ({', '.join(stood.codes) or stood.last_error[:80]}), but it is booked there")


def _is_booked_unseen(ours: Expected, stood: Stood, held: Sequence[Held]) -> bool:
    """It stands in the books as ours, and what the person is told does not say so."""
    is_there = any(each.equals(ours) and each.status != "draft" for each in held)
    return is_there and stood.operation != "void" and not ON_THE_PLATFORM.intersection(stood.codes)


def _judge_delivered(found: Judgement, name: str, ours: Expected, stood: Stood, held: Sequence[Held], case: Case) -> None:
    if not case.has_evidence:
        found.unproven.append(f"F: {name} is called delivered, and no event says under which id the platform has it")
    if stood.operation == "void":
        found.wrong += [f"B: {name} is called void and is live there"] if held and not ours.gone else []
        return
    if ours.gone:
        return
    if not held:
        found.lost.append(f"B: {name} is called delivered and is not there")
    elif stood.remote_id not in {each.remote_id for each in held}:
        found.wrong.append(f"B: {name} is recorded as {stood.remote_id!r}, and stands there as {held[0].remote_id!r}")
    for each in held[:1]:
        if not each.equals(ours):
            theirs = f"{each.net} + {each.tax} = {each.total} {each.currency}"
            found.wrong.append(f"D: {name}: ours {ours.net} + {ours.tax} = {ours.total} {ours.currency}, theirs {theirs}")
        if each.status == "draft":
            found.wrong.append(f"B: {name} is called delivered and is a draft there")


def _end(stood: Stood, last_turn: datetime | None) -> str:
    if stood.state == "delivered":
        return "in review" if stood.codes else "delivered"
    if stood.state in {"parked", "rejected"}:
        return "in review" if stood.codes else "rejected" if stood.last_error else "unresolved"
    tried = last_turn is None or stood.changed_at >= last_turn
    if stood.state == "pending" and (stood.waits or stood.rests or (stood.last_error and tried)):
        return "waiting"
    return "unresolved"


def _judge_sums(found: Judgement, expected: Mapping[Key, Expected], stood: Mapping[Key, Stood], held: Mapping[Key, Sequence[Held]]) -> None:
    ours: dict[str, Decimal] = defaultdict(Decimal)
    theirs: dict[str, Decimal] = defaultdict(Decimal)
    for key, each in expected.items():
        if key in stood and stood[key].state == "delivered" and stood[key].operation != "void" and not each.gone:
            ours[each.currency] += each.total
            for there in held.get(key, ()):
                theirs[there.currency] += there.total
    for currency in sorted(ours | theirs):
        if ours[currency] != theirs[currency]:
            found.wrong.append(f"D: {found.connection}: {ours[currency]} {currency} delivered, {theirs[currency]} in the books")


# -- the whole database ----------------------------------------------------------------------------------------------------------------


def leaks(database: psycopg.Connection, secrets: Iterable[str], logs: Iterable[str] = ()) -> list[str]:
    """E: where a secret stands in clear, in any column of any table, or in a text that was logged. Never quotes it."""
    # What has line ends (a key in PEM form) is looked for line by line.
    wanted = [line for each in secrets for line in each.splitlines() if len(line) > 5 and not line.startswith("-----")]
    tables = database.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'airbooks' ORDER BY 1").fetchall()
    found = []
    for (table,) in tables:
        rows = database.execute(
            sql.SQL(
                "SELECT count(*) FROM airbooks.{} t WHERE EXISTS (SELECT FROM unnest(%s::text[]) s WHERE strpos(t::text, s) > 0)"
            ).format(sql.Identifier(table)),
            (wanted,),
        ).fetchone()
        if rows and rows[0]:
            found.append(f"E: {rows[0]} rows of airbooks.{table} hold a secret")
    found += [f"E: a log holds a secret (line {number})" for number, line in enumerate(logs, 1) if any(each in line for each in wanted)]
    return found


def broken_trail(database: psycopg.Connection) -> list[str]:
    """F: what is wrong with the audit trail."""
    return [f"F: {complaint}" for complaint in audit.verify(database)]
