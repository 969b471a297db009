"""The part of OData v4 that Epicor's entity sets answer: $filter, $select, $orderby, $top, $skip, $count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.epicor.sandbox.refusal import odata_error
from airbooks.sandbox.conditions import Condition, all_of, any_of, equal
from airbooks.sandbox.kit import Row

PAGE = 100
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<punct>[(),])|(?P<word>[^\s(),']+))")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda one, other: bool(one == other),
    "ne": lambda one, other: bool(one != other),
    "gt": lambda one, other: bool(one > other),
    "ge": lambda one, other: bool(one >= other),
    "lt": lambda one, other: bool(one < other),
    "le": lambda one, other: bool(one <= other),
}
# The rows of a set among which those are that fulfil a condition.
Rows = Callable[[Condition], Iterable[Row]]
_KNOWN = {"$filter", "$select", "$orderby", "$top", "$skip", "$count", "api-key"}


class Filter:
    """A parsed $filter over rows that have the fields of `sample`."""

    def __init__(self, text: str, fields: Iterable[str]) -> None:
        self._tokens = self._split(text)
        self._fields = frozenset(fields)
        self._at = 0
        self.condition = self._either()
        if self._at != len(self._tokens):
            raise odata_error(f"Syntax error at position {self._at} in '{text}'.")

    @staticmethod
    def _split(text: str) -> list[str]:
        found: list[str] = []
        end = 0
        for match in _TOKEN.finditer(text):
            if match.start() != end:
                break
            end = match.end()
            found.append(match.group().strip())
        if text[end:].strip():
            raise odata_error(f"There is an unterminated string literal in '{text}'.")
        return found

    def _next(self) -> str:
        if self._at >= len(self._tokens):
            raise odata_error("Expression expected.")
        self._at += 1
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _either(self) -> Condition:
        parts = [self._all()]
        while self._peek() == "or":
            self._next()
            parts.append(self._all())
        return any_of(parts)

    def _all(self) -> Condition:
        parts = [self._one()]
        while self._peek() == "and":
            self._next()
            parts.append(self._one())
        return all_of(parts)

    def _one(self) -> Condition:
        word = self._next()
        if word == "(":
            inner = self._either()
            self._expect(")")
            return inner
        if word == "startswith":
            return self._startswith()
        name, operator, value = self._field(word), self._next(), _value(self._next())
        if operator not in _OPERATORS:
            raise odata_error(f"'{operator}' is not an operator.")
        exact = equal(name, comparable(value)) if operator == "eq" and not isinstance(value, date) else {}
        return Condition(lambda row: _compare(_OPERATORS[operator], row[name], value), exact)

    def _startswith(self) -> Condition:
        self._expect("(")
        name = self._field(self._next())
        self._expect(",")
        prefix = str(_value(self._next()))
        self._expect(")")
        return Condition(lambda row: str(row[name]).lower().startswith(prefix.lower()))

    def _expect(self, token: str) -> None:
        if self._next() != token:
            raise odata_error(f"'{token}' expected.")

    def _field(self, name: str) -> str:
        if name not in self._fields:
            raise odata_error(f"Could not find a property named '{name}'.")
        return name


def comparable(value: Any) -> Any:
    """Texts are compared in lower case: the database's collation."""
    return value.lower() if isinstance(value, str) else value


def _compare(operator: Callable[[Any, Any], bool], one: Any, other: Any) -> bool:
    if isinstance(one, str) and isinstance(other, str):
        return operator(comparable(one), comparable(other))
    if isinstance(other, date):
        return operator(str(one or "")[:10], other.isoformat()[:10])
    if isinstance(one, bool) is not isinstance(other, bool) or isinstance(one, str) is not isinstance(other, str):
        raise odata_error("A binary operator with incompatible types was detected.")
    return operator(one, other)


def _value(token: str) -> Any:
    if token.startswith("'"):
        return token[1:-1].replace("''", "'")
    if token in {"true", "false"}:
        return token.startswith("t")
    if re.fullmatch(r"-?\d+(\.\d+)?", token):
        return Decimal(token)
    if re.fullmatch(r"\d{4}-\d\d-\d\d", token):
        return date.fromisoformat(token)
    if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+", token):
        return datetime.fromisoformat(token)
    raise odata_error(f"'{token}' is not a literal.")


def answer(rows: Rows, fields: Iterable[str], query: Mapping[str, str], context: str) -> Row:
    """The collection that a query asks for; without $top it is cut at 100 rows, without a word."""
    unknown = set(query) - _KNOWN
    if unknown:
        raise odata_error(f"The query parameter '{min(unknown)}' is not supported.")
    names = frozenset(fields)
    if "$filter" in query:
        wanted = Filter(query["$filter"], names).condition
        found = [row for row in rows(wanted) if wanted.holds(row)]
    else:
        found = list(rows(Condition(bool)))
    total = len(found)
    if "$orderby" in query:
        keys = [part.strip().split(" ")[0] for part in query["$orderby"].split(",")]
        found = sorted(found, key=lambda row: [row[_known(key, names)] for key in keys])
    skip, top = int(query.get("$skip", "0")), int(query.get("$top", str(PAGE)))
    page = [_selected(row, query.get("$select", ""), names) for row in found[skip : skip + top]]
    counted = {"@odata.count": total} if query.get("$count") == "true" else {}
    return {"@odata.context": context, **counted, "value": page}


def _known(name: str, names: frozenset[str]) -> str:
    if name not in names:
        raise odata_error(f"Could not find a property named '{name}'.")
    return name


def _selected(row: Row, select: str, names: frozenset[str]) -> Row:
    if not select:
        return {name: value for name, value in row.items() if not name.startswith("_")}
    return {_known(name.strip(), names): row[name.strip()] for name in select.split(",")}
