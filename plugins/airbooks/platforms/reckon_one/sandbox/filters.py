"""Reckon One's own language of filters, as far as it is documented by examples: comparisons, `in`, `and`, `or`, `not`, brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from airbooks.platforms.reckon_one.sandbox.answers import Refused, Row

Test = Callable[[Row], bool]
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


def compiled(text: str) -> Test:
    """The filter as a test of a row; anything that is not understood is refused."""
    reader = _Reader(_tokens(text))
    test = reader.either()
    reader.expect_end()
    return test


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

    def either(self) -> Test:
        tests = [self.both()]
        while self.is_next("word", "or"):
            self.take()
            tests.append(self.both())
        return lambda row: any(test(row) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.is_next("word", "and"):
            self.take()
            tests.append(self.one())
        return lambda row: all(test(row) for test in tests)

    def one(self) -> Test:
        if self.is_next("word", "not"):
            self.take()
            test = self.one()
            return lambda row: not test(row)
        if self.is_next("mark", "("):
            self.take()
            test = self.either()
            self.take("mark", ")")
            return test
        return self.comparison()

    def comparison(self) -> Test:
        path, operator = self.take("word"), self.take("word").lower()
        if operator == "in":
            wanted = self.listed()
            return lambda row: any(_compare("eq", value_at(row, path), each) for each in wanted)
        if operator not in _COMPARISONS:
            raise _bad()
        literal = self.literal()
        return lambda row: _compare(operator, value_at(row, path), literal)

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
