"""The `$filter` of the contract: comparisons with texts, decimals (0M), datetimeoffsets and booleans, `and`, `or`, brackets."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.acumatica.sandbox.answers import Row, malformed
from airbooks.sandbox.conditions import Condition, all_of, any_of, equal

_TOKEN = re.compile(
    r"\s*(?:(?P<moment>datetimeoffset'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?M?)(?![\w.])"
    r"|(?P<mark>[()])|(?P<word>[A-Za-z_][\w/]*))"
)
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "ne": lambda left, right: left != right,
    "gt": lambda left, right: left is not None and left > right,
    "ge": lambda left, right: left is not None and left >= right,
    "lt": lambda left, right: left is not None and left < right,
    "le": lambda left, right: left is not None and left <= right,
}


def compiled(text: str) -> Condition:
    reader = _Reader(_tokens(text))
    condition = reader.either()
    if reader.tokens:
        raise malformed(f"$filter: unexpected {reader.tokens[0][1]!r}")
    return condition


def value_of(row: Row, path: str) -> Any:
    """A field as it is compared."""
    return _comparable(_at(row, path))


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place, text = [], 0, text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise malformed(f"$filter: cannot read {text[place:]!r}")
        found.append((str(match.lastgroup), str(match[str(match.lastgroup)])))
        place = match.end()
    return found


def _comparable(value: Any) -> Any:
    """Texts are compared without case, as the database does."""
    return value.strip().casefold() if isinstance(value, str) else value


def _at(row: Any, path: str) -> Any:
    for name in path.split("/"):
        row = row.get(name) if isinstance(row, dict) else None
    return "" if row is None else row


class _Reader:
    """Recursive descent: or, and, then a comparison or a bracket."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self.tokens = tokens

    def take(self) -> tuple[str, str]:
        if not self.tokens:
            raise malformed("$filter: it ends too early")
        return self.tokens.pop(0)

    def follows(self, word: str) -> bool:
        return bool(self.tokens) and self.tokens[0] == ("word", word)

    def either(self) -> Condition:
        found = [self.both()]
        while self.follows("or"):
            self.take()
            found.append(self.both())
        return any_of(found)

    def both(self) -> Condition:
        found = [self.one()]
        while self.follows("and"):
            self.take()
            found.append(self.one())
        return all_of(found)

    def one(self) -> Condition:
        kind, text = self.take()
        if (kind, text) == ("mark", "("):
            inner = self.either()
            if self.take() != ("mark", ")"):
                raise malformed("$filter: a bracket is not closed")
            return inner
        _, operator = self.take()
        if kind != "word" or operator not in _OPERATORS:
            raise malformed(f"$filter: {text} {operator} is no comparison")
        right = _literal(*self.take())
        compare = _OPERATORS[operator]
        exact = equal(text, right) if operator == "eq" else {}
        return Condition(lambda row: compare(value_of(row, text), right), exact)


def _literal(kind: str, text: str) -> Any:
    if kind == "text":
        return _comparable(text[1:-1].replace("''", "'"))
    if kind == "number":
        return Decimal(text.removesuffix("M"))
    if kind == "moment":
        try:
            return datetime.fromisoformat(text.partition("'")[2][:-1])
        except ValueError:
            raise malformed(f"$filter: {text} is no time") from None
    if text in ("true", "false"):
        return text == "true"
    raise malformed(f"$filter: {text} is no value")
