"""OData V2 as the gateway reads and writes it: filters, typed properties, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from airbooks.sandbox.kit import Row

PAGE = 500  # rows of one answer, whatever $top says
_TOKEN = re.compile(r"\s*(datetime'[^']*'|'(?:[^']|'')*'|[()]|-?\d+(?:\.\d+)?[mMdDfFlL]?|[A-Za-z_]\w*)")
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left is not None and left > right,
    "ge": lambda left, right: left is not None and left >= right,
    "lt": lambda left, right: left is not None and left < right,
    "le": lambda left, right: left is not None and left <= right,
}
_KINDS: Mapping[str, tuple[type, ...]] = {"text": (str,), "number": (str,), "bool": (bool,), "date": (date,), "decimal": (Decimal,)}


class QueryError(Exception):
    """A request that the gateway does not understand (HTTP 400)."""


@dataclass(frozen=True)
class Comparison:
    name: str
    operator: str
    value: Any


@dataclass(frozen=True)
class Junction:
    word: str  # and, or, not
    parts: tuple[Any, ...]


Node = Comparison | Junction


class Filter:
    """A parsed $filter over properties of known kinds (text, number: text with leading zeros, bool, date, decimal, time)."""

    def __init__(self, text: str, kinds: Mapping[str, str]) -> None:
        self._kinds = kinds
        self._words = self._split(text)
        self._at = 0
        self.root: Node = self._junction("or") if self._words else Junction("and", ())
        if self._at != len(self._words):
            raise QueryError(f"Invalid filter: unexpected {self._words[self._at]!r}")

    @staticmethod
    def _split(text: str) -> list[str]:
        words, position = [], 0
        while position < len(text.rstrip()):
            found = _TOKEN.match(text, position)
            if found is None:
                raise QueryError(f"Invalid filter at position {position}")
            words.append(found[1])
            position = found.end()
        return words

    def _next(self) -> str:
        if self._at >= len(self._words):
            raise QueryError("Invalid filter: it ends too early")
        self._at += 1
        return self._words[self._at - 1]

    def _junction(self, word: str) -> Node:
        """`or` binds weaker than `and`."""
        parts = [self._part(word)]
        while self._at < len(self._words) and self._words[self._at] == word:
            self._at += 1
            parts.append(self._part(word))
        return parts[0] if len(parts) == 1 else Junction(word, tuple(parts))

    def _part(self, word: str) -> Node:
        return self._junction("and") if word == "or" else self._unary()

    def _unary(self) -> Node:
        word = self._next()
        if word == "not":
            return Junction("not", (self._unary(),))
        if word != "(":
            return self._comparison(word)
        inside = self._junction("or")
        if self._next() != ")":
            raise QueryError("Invalid filter: a bracket is not closed")
        return inside

    def _comparison(self, name: str) -> Comparison:
        kind = self._kinds.get(name)
        if kind is None:
            raise QueryError(f"Property {name} not found in the entity type")
        operator = self._next()
        if operator not in _OPERATORS:
            raise QueryError(f"Invalid operator {operator!r}")
        return Comparison(name, operator, self._literal(self._next(), kind))

    def _literal(self, word: str, kind: str) -> Any:
        value: Any = word
        if word.startswith("datetime'"):
            value = _moment(word[9:-1])
        elif word.startswith("'"):
            value = word[1:-1].replace("''", "'")
        elif word in ("true", "false"):
            value = word == "true"
        elif word[0] in "-0123456789":
            value = Decimal(word.rstrip("mMdDfFlL"))
        else:
            raise QueryError(f"Invalid literal {word!r}")
        if not isinstance(value, _KINDS[kind]):
            raise QueryError(f"The literal {word} does not fit the type of the property")
        return _plain(str(value)) if kind == "number" else value

    def accepts(self, row: Row) -> bool:
        return self._holds(self.root, row)

    def _holds(self, node: Node, row: Row) -> bool:
        if isinstance(node, Comparison):
            value = row[node.name]
            value = _plain(value) if self._kinds[node.name] == "number" else value
            return _OPERATORS[node.operator](value, node.value)
        if node.word == "and":
            return all(self._holds(each, row) for each in node.parts)
        if node.word == "or":
            return any(self._holds(each, row) for each in node.parts)
        return not self._holds(node.parts[0], row)

    def wanted(self, name: str) -> set[str] | None:
        """The only values of a property that can match, where the filter says so; None: any."""
        return _wanted(self.root, name)


def _wanted(node: Node, name: str) -> set[str] | None:
    if isinstance(node, Comparison):
        return {node.value} if (node.name, node.operator) == (name, "eq") else None
    parts = [_wanted(each, name) for each in node.parts]
    if node.word == "and":
        return next((each for each in parts if each is not None), None)
    if node.word == "or" and None not in parts:
        return set().union(*(each for each in parts if each is not None))
    return None


def _moment(text: str) -> date:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError:
        raise QueryError(f"Invalid date {text!r}") from None


def _plain(value: str) -> str:
    """Numbers of customers, accounts and documents are compared without leading zeros."""
    return value.lstrip("0") if value.isdecimal() else value


def columns(select: str, kinds: Mapping[str, str]) -> list[str]:
    """The properties of $select; all of them without one."""
    names = select.split(",") if select else list(kinds)
    for name in names:
        if name not in kinds:
            raise QueryError(f"Property {name} not found in the entity type")
    return names


def ordered(rows: Iterable[Row], orderby: str, kinds: Mapping[str, str]) -> list[Row]:
    found = list(rows)
    for part in reversed(orderby.split(",") if orderby else []):
        name, _, direction = part.strip().partition(" ")
        if name not in kinds:
            raise QueryError(f"Property {name} not found in the entity type")
        found.sort(key=lambda row, name=name: (row[name] is not None, row[name]), reverse=direction == "desc")  # type: ignore[misc]
    return found


def shown(row: Row, names: Iterable[str], kinds: Mapping[str, str], entity: str, uri: str) -> Row:
    """A row as JSON: decimals are text, dates milliseconds, numbers without leading zeros."""
    values = {name: _written(row[name], kinds[name]) for name in names}
    return {"__metadata": {"id": uri, "uri": uri, "type": entity}, **values}


def _written(value: Any, kind: str) -> Any:
    if kind == "decimal":
        return f"{value:.2f}"
    if kind == "date":
        return None if value is None else f"/Date({int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp()) * 1000})/"
    return _plain(value) if kind == "number" else value
