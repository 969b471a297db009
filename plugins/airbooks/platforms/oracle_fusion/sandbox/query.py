"""Reading a collection: q, finder, orderBy, limit, offset, fields, expand, onlyData."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.oracle_fusion.sandbox.answers import Refusal, Row

DEFAULT_LIMIT, MOST = 25, 500

_CONDITION = re.compile(r'\s*(\w+)\s*(>=|<=|!=|=|>|<)\s*(?:"([^"]*)"|([^";]+?))\s*(?:;|$)')
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def conditions(text: str, queryable: Iterable[str], version: int) -> list[tuple[str, str, str]]:
    """The conditions of a `q`. From framework version 2 on a text value must stand in quotes."""
    found, position = [], 0
    while position < len(text):
        match = _CONDITION.match(text, position)
        if match is None:
            raise Refusal(f"URL request parameter q cannot be used: it is malformed near '{text[position : position + 20]}'.")
        name, operator, quoted, bare = match.groups()
        if name not in queryable:
            raise Refusal(f"URL request parameter q cannot be used: attribute {name} is not queryable.")
        if quoted is None and version >= 2 and not re.fullmatch(r"-?\d+(\.\d+)?", bare):
            raise Refusal(f"URL request parameter q cannot be used: the value of {name} must stand in quotes.")
        found.append((name, operator, quoted if quoted is not None else bare))
        position = match.end()
    return found


def finder(text: str, known: Mapping[str, Iterable[str]]) -> list[tuple[str, str, str]]:
    """The conditions of `finder=Name;Variable=value,Variable=value`."""
    name, _, variables = text.partition(";")
    if name not in known:
        raise Refusal(f"URL request parameter finder cannot be used: finder {name} does not exist.")
    pairs = [pair.partition("=") for pair in variables.split(",") if pair]
    unknown = [variable for variable, _, _ in pairs if variable not in known[name]]
    if unknown:
        raise Refusal(f"URL request parameter finder cannot be used: {unknown[0]} is no variable of {name}.")
    return [(variable, "=", value) for variable, _, value in pairs]


def matches(row: Row, wanted: list[tuple[str, str, str]]) -> bool:
    return all(_holds(row.get(name), operator, value) for name, operator, value in wanted)


def _holds(held: Any, operator: str, value: str) -> bool:
    if held is None:
        return False
    try:
        return _COMPARE[operator](_comparable(held), _comparable(value, like=held))
    except (ValueError, ArithmeticError):
        raise Refusal(f"URL request parameter q cannot be used: '{value}' is not of the attribute's type.") from None


def _comparable(value: Any, like: Any = None) -> Any:
    example = value if like is None else like
    if isinstance(example, int | Decimal) and not isinstance(example, bool):
        return Decimal(str(value))
    if isinstance(example, str) and re.match(r"\d{4}-\d\d-\d\dT", example):
        return datetime.fromisoformat(str(value))
    return str(value)


def page(rows: list[Row], asked: Mapping[str, str]) -> tuple[list[Row], Row]:
    """One page of rows, and the members of the collection beside its items."""
    limit, offset = _number(asked, "limit", DEFAULT_LIMIT), _number(asked, "offset", 0)
    limit = min(limit, MOST)
    for part in reversed([part for part in asked.get("orderBy", "").split(",") if part]):
        name, _, direction = part.partition(":")
        rows = sorted(rows, key=lambda row: _sortable(row.get(name)), reverse=direction == "desc")
    chosen = rows[offset : offset + limit]
    about: Row = {"count": len(chosen), "hasMore": offset + limit < len(rows), "limit": limit, "offset": offset}
    if asked.get("totalResults") == "true":
        about["totalResults"] = len(rows)
    return chosen, about


def _number(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdigit():
        raise Refusal(f"URL request parameter {name} cannot be used with value {text}.")
    return int(text)


def _sortable(value: Any) -> tuple[int, Any]:
    if value is None:
        return 0, 0
    return (1, value) if isinstance(value, int | Decimal) else (2, str(value))
