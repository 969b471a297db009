"""The OData query options that Business Central honours, over rows held as dicts.

Its own limits are kept: an `or` joins conditions on one property only, and a lambda (`any`, `all`) is ignored, not refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from airbooks.platforms.business_central.sandbox.refusal import Refusal, bad_request
from airbooks.platforms.business_central.sandbox.shapes import Column, Entity
from airbooks.sandbox.conditions import Condition, all_of, any_of, equal

Row = dict[str, Any]
PAGE_LIMIT = 20_000
_TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),]|[^\s(),']+)")
_LAMBDA = re.compile(r"/(any|all)\(")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda value, part: part in value,
    "startswith": lambda value, part: value.startswith(part),
    "endswith": lambda value, part: value.endswith(part),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """A parsed filter: what it asks of a row, and which properties it names."""

    condition: Condition
    names: frozenset[str]


def comparable(value: Any, column: Column) -> Any:
    """A stored value in the form in which it is compared."""
    return _moment(value) if column.kind == "moment" else value


def _moment(value: str) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise bad_request(f"Unrecognized 'Edm.DateTimeOffset' literal '{value}'.") from None


def literal(token: str, column: Column) -> Any:
    """A filter's literal as a value of the column's kind; raises Refusal where the types do not fit."""
    quoted = len(token) >= 2 and token[0] == token[-1] == "'"
    if quoted != (column.kind in {"text", "code", "enum"}):
        raise bad_request(f"A binary operator with incompatible types was detected at '{column.name}' and {token}.")
    if quoted:
        plain = token[1:-1].replace("''", "'")
        return plain.upper() if column.kind == "code" else plain
    if column.kind == "number":
        try:
            return Decimal(token)
        except InvalidOperation:
            raise bad_request(f"Unrecognized literal '{token}'.") from None
    if column.kind == "moment":
        return _moment(token)
    if column.kind == "flag":
        return token == "true"  # noqa: S105 a literal
    return token.lower()


class _Parser:
    """Recursive descent over the tokens of one filter."""

    def __init__(self, text: str, entity: Entity) -> None:
        self.tokens = _TOKEN.findall(text)
        if "".join(self.tokens) != re.sub(r"\s+(?=(?:[^']*'[^']*')*[^']*$)", "", text):
            raise bad_request(f"Syntax error in '{text}'.")
        self.entity = entity

    def whole(self) -> Filter:
        found = self._either()
        if self.tokens:
            raise bad_request(f"Syntax error at '{self.tokens[0]}' in the filter.")
        return found

    def _next(self, expected: str = "") -> str:
        if not self.tokens or (expected and self.tokens[0] != expected):
            raise bad_request(f"Syntax error in the filter: {expected or 'an expression'} expected.")
        token: str = self.tokens.pop(0)
        return token

    def _at(self, word: str) -> bool:
        return bool(self.tokens) and self.tokens[0] == word

    def _either(self) -> Filter:
        left = self._both()
        while self._at("or"):
            self._next()
            right = self._both()
            if len(left.names | right.names) > 1:
                raise bad_request("An 'or' between different fields is not supported in the filter.")
            left = Filter(any_of([left.condition, right.condition]), left.names | right.names)
        return left

    def _both(self) -> Filter:
        left = self._one()
        while self._at("and"):
            self._next()
            right = self._one()
            left = Filter(all_of([left.condition, right.condition]), left.names | right.names)
        return left

    def _one(self) -> Filter:
        token = self._next()
        if token == "(":  # noqa: S105 a parenthesis
            inner = self._either()
            self._next(")")
            return inner
        if token == "not":  # noqa: S105 an operator
            inner = self._one()
            return Filter(Condition(lambda row: not inner.condition.holds(row)), inner.names)
        if token in _TEXT:
            return self._function(token)
        return self._comparison(token)

    def _function(self, name: str) -> Filter:
        self._next("(")
        column = self._column(self._next())
        self._next(",")
        part = literal(self._next(), column)
        self._next(")")
        test = _TEXT[name]
        return Filter(Condition(lambda row: test(row[column.name], part)), frozenset({column.name}))

    def _comparison(self, name: str) -> Filter:
        column = self._column(name)
        operator = self._next()
        if operator not in _COMPARE:
            raise bad_request(f"Syntax error at '{operator}' in the filter.")
        value = literal(self._next(), column)
        test = _COMPARE[operator]
        exact = equal(column.name, value) if operator == "eq" and column.kind in {"text", "code"} else {}
        return Filter(Condition(lambda row: test(comparable(row[column.name], column), value), exact), frozenset({column.name}))

    def _column(self, name: str) -> Column:
        column = self.entity.column(name)
        if column is None:
            raise bad_request(f"Could not find a property named '{name}' on type 'Microsoft.NAV.{self.entity.name}'.")
        return column


def condition(text: str, entity: Entity) -> Condition:
    """What `$filter` asks; an empty one, and one with a lambda, lets every row through."""
    if not text.strip() or _LAMBDA.search(text):
        return Condition(lambda _row: True)
    return _Parser(text, entity).whole().condition


def chosen(text: str, entity: Entity) -> frozenset[str] | None:
    """The property names of `$select`, or None for all."""
    if not text:
        return None
    names = frozenset(each.strip() for each in text.split(","))
    for name in names:
        if entity.column(name) is None:
            raise bad_request(f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity.name}'.")
    return names


def expansions(text: str, entity: Entity) -> list[str]:
    """The parts that `$expand` names."""
    names = [each.strip() for each in text.split(",") if each.strip()]
    for name in names:
        if name not in entity.parts:
            raise bad_request(f"Could not find a property named '{name}' on type 'Microsoft.NAV.{entity.name}'.")
    return names


def ordered(rows: Iterable[Row], text: str, entity: Entity) -> list[Row]:
    """The rows as `$orderby` wants them; ties keep their order."""
    found = list(rows)
    for part in reversed([each.strip() for each in text.split(",") if each.strip()]):
        name, _, direction = part.partition(" ")
        column = entity.column(name)
        if column is None or direction.strip() not in {"", "asc", "desc"}:
            raise bad_request(f"The query option '$orderby={text}' is not valid.")
        found.sort(key=lambda row, name=name, column=column: comparable(row[name], column), reverse=direction.strip() == "desc")  # type: ignore[misc]
    return found


def count_option(query: Mapping[str, str], name: str) -> int | None:
    """`$top` or `$skip` as a number."""
    value = query.get(name)
    if value is None:
        return None
    if not value.isdigit():
        raise bad_request(f"Invalid value '{value}' for {name} query option found.")
    return int(value)


def page_size(prefer: str, largest: int = PAGE_LIMIT) -> int:
    """The size that `Prefer: odata.maxpagesize` asks for, at most the server's own."""
    found = re.search(r"(?:odata\.)?maxpagesize=(\d+)", prefer)
    return min(int(found[1]), largest) if found and int(found[1]) else largest


def page_of(rows: list[Row], after: str, size: int, key: str) -> tuple[list[Row], str]:
    """One page behind the row whose key is `after`, and the key to go on behind, or an empty one at the end."""
    start = 0
    if after:
        position = next((index for index, row in enumerate(rows) if str(row[key]) == after), None)
        if position is None:
            raise Refusal(400, "BadRequest", "The skip token is no longer valid.")
        start = position + 1
    page = rows[start : start + size]
    return page, str(page[-1][key]) if page and start + size < len(rows) else ""
