"""Reckon One's own language of filters, as far as it is documented by examples: comparisons, `in`, `and`, `or`, `not`, brackets."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from airbooks.platforms.reckon_one.sandbox.answers import Refused, Row
from airbooks.sandbox.conditions import Condition, all_of, any_of, equal

_TOKEN = re.compile(r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<mark>[(),])|(?P<word>[^\s(),'"]+))""")
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T.*)?")
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}


def compiled(text: str) -> Condition:
    """The filter as a condition of a row; anything that is not understood is refused."""
    reader = _Reader(_tokens(text))
    condition = reader.either()
    reader.expect_end()
    return condition


def value_at(row: Any, path: str) -> Any:
    """A field by its name, in any case; nested ones with dots."""
    for name in path.split("."):
        if not isinstance(row, dict):
            return None
        row = row[name] if name in row else next((value for key, value in row.items() if key.lower() == name.lower()), None)
    return row


def _bad() -> Refused:
    return Refused(400, "The filter is invalid.", "filter")


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise _bad()
        found.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
        place = match.end()
    return found


class _Reader:
    """Recursive descent over the tokens: or, and, not, then one comparison or a bracket."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens, self.place = tokens, 0

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.place] if self.place < len(self.tokens) else ("end", "")

    def take(self, kind: str = "", value: str = "") -> str:
        found = self.peek()
        if (kind and found[0] != kind) or (value and found[1].lower() != value) or found[0] == "end":
            raise _bad()
        self.place += 1
        return found[1]

    def is_next(self, kind: str, value: str) -> bool:
        return self.peek()[0] == kind and self.peek()[1].lower() == value

    def expect_end(self) -> None:
        if self.peek()[0] != "end":
            raise _bad()

    def either(self) -> Condition:
        found = [self.both()]
        while self.is_next("word", "or"):
            self.take()
            found.append(self.both())
        return any_of(found)

    def both(self) -> Condition:
        found = [self.one()]
        while self.is_next("word", "and"):
            self.take()
            found.append(self.one())
        return all_of(found)

    def one(self) -> Condition:
        if self.is_next("word", "not"):
            self.take()
            inner = self.one()
            return Condition(lambda row: not inner.holds(row))
        if self.is_next("mark", "("):
            self.take()
            inner = self.either()
            self.take("mark", ")")
            return inner
        return self.comparison()

    def comparison(self) -> Condition:
        path, operator = self.take("word"), self.take("word").lower()
        if operator == "in":
            wanted = self.listed()
            return Condition(lambda row: any(_compare("eq", value_at(row, path), each) for each in wanted), _exactly(path, wanted))
        if operator not in _COMPARISONS:
            raise _bad()
        literal = self.literal()
        exact = _exactly(path, [literal]) if operator == "eq" else {}
        return Condition(lambda row: _compare(operator, value_at(row, path), literal), exact)

    def listed(self) -> list[tuple[str, str]]:
        self.take("mark", "(")
        found = [self.literal()]
        while self.is_next("mark", ","):
            self.take()
            found.append(self.literal())
        self.take("mark", ")")
        return found

    def literal(self) -> tuple[str, str]:
        kind = self.peek()[0]
        value = self.take()
        if kind == "mark":
            raise _bad()
        return kind, value[1:-1] if kind == "text" else value


def sought(row: Row, path: str) -> Any:
    """A field as an index keeps it: texts that are no dates by themselves, everything else together as None."""
    held = value_at(row, path)
    if held is None:
        return ()
    return held if isinstance(held, str) and not _DATE.fullmatch(held) else None


def _exactly(path: str, literals: list[tuple[str, str]]) -> Mapping[str, frozenset[Any]]:
    """The values a field must have to equal one of these texts; what is not a text is always looked at."""
    if any(kind != "text" for kind, _ in literals):
        return {}
    return equal(path, None, *(text for _, text in literals))


def _compare(operator: str, held: Any, literal: tuple[str, str]) -> bool:
    """Texts are compared in their case, dates by their day, numbers by their value; what is absent equals nothing."""
    if held is None:
        return operator == "ne"
    kind, text = literal
    if isinstance(held, str) and _DATE.fullmatch(held) and _DATE.fullmatch(text):
        return _COMPARISONS[operator](held[:10], text[:10])
    if isinstance(held, str):
        return kind == "text" and _COMPARISONS[operator](held, text)
    if isinstance(held, bool):
        return _COMPARISONS[operator](str(held).lower(), text.lower())
    try:
        return _COMPARISONS[operator](Decimal(held), Decimal(text))
    except (InvalidOperation, TypeError):
        return False
