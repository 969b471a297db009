"""`load`, the import API: rows of text, records named by external ids, and an upsert of all of them or of none.

A record spans its own row and the following rows that fill only line columns. A line with an external id of its own is updated when the
import is repeated; a line without one is appended again. Errors come back as messages, not as refusals of the call.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from airbooks.sandbox.kit import Row

from .refusals import Refusal, ServerFailure
from .schema import Field

if TYPE_CHECKING:
    from .orm import Env, Model


@dataclass(frozen=True)
class Column:
    """One column: its place, the field it fills, and how its cells name a related record."""

    place: int
    path: str
    told: Field
    sub: str | None  # ".id", "id" or None: by database id, by external id, by name


@dataclass(frozen=True)
class Plan:
    """The columns of an import, sorted by what they fill."""

    own: list[Column]
    lines: list[Column]
    xid: int | None
    dbid: int | None
    line_xid: int | None
    line_field: str


class CellRefusal(Exception):  # noqa: N818  becomes a message
    """A cell that cannot be converted."""

    def __init__(self, column: Column, message: str) -> None:
        super().__init__(message)
        self.column = column

    def place(self) -> Row:
        """Which field the message is about; of a line's columns it is the field of the lines."""
        field = self.column.path.partition("/")[0]
        return {"field": field, "field_name": field.removesuffix("_id").removesuffix("_ids").replace("_", " ").capitalize()}


def plan_of(model: Model, fields: list[str], env: Env) -> Plan:
    own: list[Column] = []
    lines: list[Column] = []
    places: dict[str, int] = {}
    line_field = ""
    for place, path in enumerate(fields):
        head, _, rest = path.partition("/")
        if path in ("id", ".id"):
            places[path] = place
            continue
        told = model.fields.get(head)
        if told is None:
            raise ServerFailure(f"Invalid field name {head!r}")
        if told.type != "one2many":
            own.append(Column(place, path, told, rest or None))
            continue
        line_field = head
        name, _, sub = rest.partition("/")
        if name == "id":
            places["line"] = place
            continue
        line = env.model(told.relation).fields.get(name)
        if line is None:
            raise ServerFailure(f"Invalid field name {name!r}")
        lines.append(Column(place, path, line, sub or None))
    return Plan(own, lines, places.get("id"), places.get(".id"), places.get("line"), line_field)


def spans(plan: Plan, data: list[list[Any]]) -> Iterator[tuple[int, list[list[Any]]]]:
    """Each record's first row number and its rows."""
    line_places = [column.place for column in plan.lines] + ([plan.line_xid] if plan.line_xid is not None else [])
    own_places = [column.place for column in plan.own] + [place for place in (plan.xid, plan.dbid) if place is not None]
    start = 0
    while start < len(data):
        end = start + 1
        while end < len(data) and any(data[end][p] for p in line_places) and not any(data[end][p] for p in own_places):
            end += 1
        yield start, data[start:end]
        start = end


def load(model: Model, env: Env, fields: list[str], data: list[list[str]]) -> Row:
    """Import all rows in one transaction; with any error nothing is kept and `ids` is false."""
    plan = plan_of(model, fields, env)
    database = model.odoo.database
    before = database.savepoint()
    ids: list[int] = []
    messages: list[Row] = []
    refusals: list[Row] = []
    whole: Row = {}
    last = -1
    for number, (start, rows) in enumerate(spans(plan, data)):
        last = start + len(rows) - 1
        at = {"rows": {"from": start, "to": last}, "record": number}
        whole = whole or at
        inner = database.savepoint()
        try:
            ids.append(_import(model, env, plan, rows))
        except CellRefusal as wrong:
            messages.append({"type": "error", "message": str(wrong), **wrong.place(), **at})
            database.rollback(inner)
        except Refusal as refused:
            refusals.append({"type": "error", "message": _said(refused), **at})
            database.rollback(inner)
    messages += _reported(refusals, whole)
    if messages:
        database.rollback(before)
    return {"ids": False if messages else ids, "messages": messages, "nextrow": 0 if last + 1 >= len(data) else last + 1}


def _reported(refusals: list[Row], first: Row) -> list[Row]:
    """The batch is tried as a whole first, and its error is reported under the first record, whichever caused it."""
    if not refusals or refusals[0]["record"] == first["record"]:
        return refusals
    return [{**refusals[0], **first}, *refusals]


def _said(refused: Refusal) -> str:
    if isinstance(refused, ServerFailure) and refused.exception == "builtins.ValueError":
        return f"Unknown error during import: <class 'ValueError'>: {refused.message}"
    return refused.message


def _import(model: Model, env: Env, plan: Plan, rows: list[list[str]]) -> int:
    """Create or update the one record that some rows describe."""
    first = rows[0]
    names = model.odoo.names
    xid = first[plan.xid] if plan.xid is not None else ""
    known = names.named(xid, model.name) if xid else None
    if plan.dbid is not None and first[plan.dbid]:
        known = int(first[plan.dbid])
    vals = {column.told.name: _converted(env, column, first[column.place]) for column in plan.own}
    if plan.line_field:
        vals[plan.line_field] = [_line_command(model, env, plan, row, known) for row in rows if _has_line(plan, row)]
    if known is not None and known in model.rows:
        env.demand(model.name, "write")
        model.change(env, model.existing(known), vals)
        return known
    env.demand(model.name, "create")
    made = model.make(env, vals)
    if xid:
        names.give(xid, model.name, made)
    return made


def _has_line(plan: Plan, row: list[str]) -> bool:
    return any(row[column.place] for column in plan.lines) or (plan.line_xid is not None and bool(row[plan.line_xid]))


def _line_command(model: Model, env: Env, plan: Plan, row: list[str], known: int | None) -> list[Any]:
    vals: Row = {column.told.name: _converted(env, column, row[column.place]) for column in plan.lines}
    xid = row[plan.line_xid] if plan.line_xid is not None else ""
    if not xid:
        return [0, 0, vals]
    existing = model.odoo.line_named(known, xid) if known is not None else None
    return [1, existing, vals] if existing is not None else [0, 0, {**vals, "id": xid}]


def _converted(env: Env, column: Column, cell: Any) -> Any:
    """A cell's text as a value; an empty cell is false, whatever the field."""
    if not cell:
        return False
    cell = str(cell)
    kind = column.told.type
    if kind == "many2one":
        return _reference(env, column, cell)
    if kind == "many2many":
        return [[6, 0, [_reference(env, column, one) for one in cell.split(",")]]]
    if kind in ("float", "monetary", "integer"):
        return _number(column, cell)
    if kind == "json":
        return _json(column, cell)
    if kind == "boolean":
        return cell.lower() in ("1", "true", "yes")
    if kind == "selection" and cell.lower() not in column.told.choices:
        raise CellRefusal(column, f"Value '{cell}' not found in selection field '{column.told.label}'")
    return cell


def _number(column: Column, cell: str) -> Decimal:
    try:
        return Decimal(cell)
    except InvalidOperation:
        raise CellRefusal(column, f"'{cell}' does not seem to be a number for field '{column.told.label}'") from None


def _json(column: Column, cell: str) -> Any:
    try:
        return json.loads(cell, parse_float=Decimal)
    except ValueError:
        raise CellRefusal(column, f"'{cell}' does not seem to be a valid JSON for field '{column.told.label}'") from None


def _reference(env: Env, column: Column, cell: str) -> int:
    related = env.model(column.told.relation)
    found: int | None = None
    said = {".id": "database id", "id": "external id"}.get(column.sub or "", "name")
    if column.sub == ".id":
        found = int(cell) if cell.isdigit() and int(cell) in related.rows else None
    elif column.sub == "id":
        found = related.odoo.names.named(cell, related.name)
    else:
        found = next((row["id"] for row in related.find(env, [[related.label, "=", cell]])), None)
    if found is None:
        raise CellRefusal(column, f"No matching record found for {said} '{cell}' in field '{column.told.label}'")
    return found
