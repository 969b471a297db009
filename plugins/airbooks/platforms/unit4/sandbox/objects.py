"""The ObjectAPI: bare arrays by filter, select, orderBy, limit and offset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.unit4.sandbox.answers import Refusal, Row, iso
from airbooks.sandbox.conditions import Condition, candidates
from airbooks.sandbox.kit import Table

DEFAULT_LIMIT, MOST = 50, 50_000
CONDITION = re.compile(r"\s*([\w./]+) (eq|ge) '((?:[^']|'')*)'\s*")


def answer(rows: Iterable[Row], asked: Mapping[str, str], known: set[str]) -> list[Row]:
    """The rows that a call asks for; `known` are the filterable properties. Unknown ones raise Refusal."""
    wanted = _conditions(asked.get("filter", ""), known)
    found = [row for row in rows if all(holds(row) for holds in wanted)]
    if asked.get("orderBy"):
        _known(asked["orderBy"], known)
        found.sort(key=lambda row: _sortable(_at(row, asked["orderBy"])))
    limit, offset = _whole(asked, "limit", DEFAULT_LIMIT), _whole(asked, "offset", 0)
    if limit > MOST:
        raise Refusal(f"At most {MOST} records can be asked for.")
    part = [{name: value for name, value in row.items() if not name.startswith("_")} for row in found[offset : offset + limit]]
    return [_selected(row, asked["select"]) for row in part] if asked.get("select") else part


def narrowed(table: Table, text: str) -> Iterable[Row]:
    """The rows of a table among which those are that a filter wants; the filter itself is judged elsewhere."""
    exact = (each for each in CONDITION.finditer(text) if each[2] == "eq")
    wanted = {each[1]: frozenset({each[3].replace("''", "'")}) for each in exact}
    return candidates(table, Condition(bool, wanted), lambda row, path: _text(_at(row, path)))


def _whole(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdigit():
        raise Refusal(f"{name} must be a number.")
    return int(text)


def _known(path: str, known: set[str]) -> None:
    if re.split(r"[./]", path)[0] not in known:
        raise Refusal(f"Property {path} is not filterable.")


def _conditions(text: str, known: set[str]) -> list[Callable[[Row], bool]]:
    found: list[Callable[[Row], bool]] = []
    position = 0
    while position < len(text):
        matched = CONDITION.match(text, position)
        if matched is None:
            raise Refusal(f"The filter is not valid at position {position}.")
        _known(matched[1], known)
        found.append(_condition(matched[1], matched[2], matched[3].replace("''", "'")))
        position = matched.end()
        if position < len(text):
            if not text.startswith("and ", position):
                raise Refusal(f"The filter is not valid at position {position}.")
            position += 4
    return found


def _condition(path: str, operator: str, wanted: str) -> Callable[[Row], bool]:
    def holds(row: Row) -> bool:
        value = _at(row, path)
        if operator == "eq":
            return value is not None and _text(value) == wanted
        return isinstance(value, datetime) and value >= datetime.fromisoformat(wanted)

    return holds


def _at(row: Row, path: str) -> Any:
    value: Any = row
    for name in re.split(r"[./]", path):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _text(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    return iso(value) if isinstance(value, datetime) else str(value)


def _sortable(value: Any) -> tuple[int, Any]:
    if isinstance(value, int | Decimal):
        return (0, value)
    return (1, "" if value is None else _text(value))


def _selected(row: Row, select: str) -> Row:
    """`companyId,invoice(creditLimit,currencyCode)`: properties, groups with their own in brackets."""
    found: Row = {}
    for name, inner in re.findall(r"(\w+)(?:\(([^)]*)\))?", select):
        if name in row:
            found[name] = {each: (row[name] or {}).get(each) for each in inner.split(",")} if inner else row[name]
    return found
