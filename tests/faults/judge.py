"""The judge: from the sandbox's books and from Postgres, never from what the engine counts of itself.

A  no document is live twice on a platform
B  nothing that was reported as delivered is missing there
C  every planted document is delivered, before a person, rejected with a reason, or waits for a named reason
D  what was delivered is ours to the minor unit, document by document and as a sum per currency
E  no secret stands in any row or log
F  nothing is called delivered, and nothing that was unknown is sent again, without evidence in an intact audit trail
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
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
    kind: str
    number: str
    operation: str
    state: str
    last_error: str
    later: bool  # it may not go yet
    waits: bool  # for another document that has not ended
    codes: list[str]

    @property
    def key(self) -> Key:
        return Key(self.kind, self.number)


_STOOD = """
SELECT DISTINCT ON (doc.kind, doc.number) d.delivery_id, doc.kind, doc.number, d.operation, d.state, d.last_error,
    d.not_before > now() AS later,
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


def judge(database: psycopg.Connection, connection: str, planted: Iterable[Expected], held: Mapping[Key, Sequence[Held]]) -> Judgement:
    """Judge one connection against A, B, C, D and F."""
    found = Judgement(connection=connection)
    stood = _stood(database, connection)
    cases = _cases(database, connection)
    expected = {each.key: each for each in planted}
    found.documents = len(expected)
    for key, each in expected.items():
        _judge_document(found, each, stood.get(key), held.get(key, ()), cases)
    _judge_sums(found, expected, stood, held)
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


def _judge_document(found: Judgement, ours: Expected, stood: Stood | None, held: Sequence[Held], cases: Mapping[int, Case]) -> None:
    name = f"{found.connection} {ours.key.kind} {ours.key.number}"
    if len(held) > 1:
        found.duplicates.append(f"A: {name} is live {len(held)} times: {', '.join(each.remote_id for each in held)}")
    if stood is None:
        found.lost.append(f"C: {name} was planted and has no delivery")
        return
    end = _end(stood)
    found.ends[end] += 1
    found.codes.update(stood.codes)
    case = cases.get(stood.delivery_id, Case())
    found.unproven += [f"F: {name}: {complaint}" for complaint in case.complaints]
    if case.most_look_ups > LOOK_UPS:
        found.unresolved.append(f"F: {name}: an unknown outcome took {case.most_look_ups} answered look-ups")
    if end == "unresolved":
        found.unresolved.append(f"C: {name} is still {stood.state} with no reason (last: {stood.last_error[:200]!r})")
    elif end == "delivered":
        _judge_delivered(found, name, ours, stood, held, case)
    elif end != "waiting" and _is_booked_unseen(ours, stood, held):
        found.unproven.append(f"F: {name} is {stood.state} ({', '.join(stood.codes) or stood.last_error[:80]}), but it is booked there")


def _is_booked_unseen(ours: Expected, stood: Stood, held: Sequence[Held]) -> bool:
    """It stands in the books as ours, and what the person is told does not say so."""
    is_there = any(each.equals(ours) and each.status != "draft" for each in held)
    return is_there and stood.operation != "void" and not ON_THE_PLATFORM.intersection(stood.codes)


def _judge_delivered(found: Judgement, name: str, ours: Expected, stood: Stood, held: Sequence[Held], case: Case) -> None:
    if not case.has_evidence:
        found.unproven.append(f"F: {name} is called delivered, and no event says under which id the platform has it")
    if ours.gone or stood.operation == "void":
        found.wrong += [f"B: {name} was taken away there and is live again"] if held and ours.gone else []
        return
    if not held:
        found.lost.append(f"B: {name} is called delivered and is not there")
    for each in held[:1]:
        if not each.equals(ours):
            theirs = f"{each.net} + {each.tax} = {each.total} {each.currency}"
            found.wrong.append(f"D: {name}: ours {ours.net} + {ours.tax} = {ours.total} {ours.currency}, theirs {theirs}")
        if each.status == "draft":
            found.wrong.append(f"B: {name} is called delivered and is a draft there")


def _end(stood: Stood) -> str:
    if stood.state == "delivered":
        return "in review" if stood.codes else "delivered"
    if stood.state in {"parked", "rejected"}:
        return "in review" if stood.codes else "rejected" if stood.last_error else "unresolved"
    if stood.state == "pending" and (stood.waits or stood.last_error):
        return "waiting"
    return "unresolved"


def _judge_sums(found: Judgement, expected: Mapping[Key, Expected], stood: Mapping[Key, Stood], held: Mapping[Key, Sequence[Held]]) -> None:
    ours: dict[str, Decimal] = defaultdict(Decimal)
    theirs: dict[str, Decimal] = defaultdict(Decimal)
    for key, each in expected.items():
        if key in stood and _end(stood[key]) == "delivered" and stood[key].operation != "void" and not each.gone:
            ours[each.currency] += each.total
            for there in held.get(key, ()):
                theirs[there.currency] += there.total
    for currency in sorted(ours | theirs):
        if ours[currency] != theirs[currency]:
            found.wrong.append(f"D: {found.connection}: {ours[currency]} {currency} delivered, {theirs[currency]} in the books")


_HOLDS_ONE = "SELECT count(*) FROM airbooks.{} t WHERE EXISTS (SELECT FROM unnest(%s::text[]) s WHERE strpos(t::text, s) > 0)"


# -- the whole database ----------------------------------------------------------------------------------------------------------------


def leaks(database: psycopg.Connection, secrets: Iterable[str], logs: Iterable[str] = ()) -> list[str]:
    """E: where a secret stands in clear, in any column of any table, or in a text that was logged. Never quotes it."""
    wanted = [each for each in secrets if len(each) > 5]
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
