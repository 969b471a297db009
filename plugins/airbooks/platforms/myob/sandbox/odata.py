"""The OData subset of lists: $filter with comparisons, text functions and any(), $orderby, $top and $skip; names are case-sensitive."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.myob.sandbox.answers import Refused, Row, refused

PAGE, MOST = 400, 1000
Predicate = Callable[[Row], bool]

_TOKEN = re.compile(
    r"\s*(?:(?P<typed>(?:datetime|guid)'[^']*')|(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w/]*)|(?P<sign>[(),:]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda left, right: left == right,
    "gt": lambda left, right: left > right,
    "ge": lambda left, right: left >= right,
    "lt": lambda left, right: left < right,
    "le": lambda left, right: left <= right,
}
_BOOLEANS = {"true": True, "false": False}
_FUNCTIONS: dict[str, Callable[[str, str], bool]] = {
    "substringof": lambda sought, text: sought.lower() in text.lower(),
    "startswith": lambda text, sought: text.lower().startswith(sought.lower()),
    "endswith": lambda text, sought: text.lower().endswith(sought.lower()),
}


def _bad(message: str) -> Refused:
    return refused("InvalidFilter", f"The query could not be understood: {message}")


def matching(text: str, known: Collection[str]) -> Predicate:
    """The predicate of a $filter over rows whose fields are `known`; without a text everything matches."""
    if not text.strip():
        return lambda _: True
    return _Parser(text, known).filter()


class _Parser:
    """Recursive descent: or, and, brackets, functions, any, comparisons."""

    def __init__(self, text: str, known: Collection[str]) -> None:
        self.tokens = self._split(text)
        self.known = known
        self.at = 0

    @staticmethod
    def _split(text: str) -> list[str]:
        tokens, at, text = [], 0, text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise _bad(text[at:][:20])
            tokens.append(found.group().strip())
            at = found.end()
        return tokens

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead] if self.at + ahead < len(self.tokens) else ""

    def take(self, wanted: str = "") -> str:
        token = self.peek()
        if not token or (wanted and token != wanted):
            raise _bad(f"{wanted or 'something'} expected, found {token!r}")
        self.at += 1
        return token

    def filter(self) -> Predicate:
        found = self.either()
        if self.peek():
            raise _bad(self.peek())
        return found

    def either(self) -> Predicate:
        parts = [self.both()]
        while self.peek() == "or":
            self.take()
            parts.append(self.both())
        return lambda row: any(part(row) for part in parts)

    def both(self) -> Predicate:
        parts = [self.single()]
        while self.peek() == "and":
            self.take()
            parts.append(self.single())
        return lambda row: all(part(row) for part in parts)

    def single(self) -> Predicate:
        if self.peek() == "(":
            self.take()
            inner = self.either()
            self.take(")")
            return inner
        if self.peek() in _FUNCTIONS:
            return self.function()
        if self.peek().endswith("/any"):
            return self.some()
        return self.comparison()

    def function(self) -> Predicate:
        test = _FUNCTIONS[self.take()]
        self.take("(")
        first = self.operand()
        self.take(",")
        second = self.operand()
        self.take(")")
        return lambda row: test(str(first(row) or ""), str(second(row) or ""))

    def operand(self) -> Callable[[Row], Any]:
        if self.peek().startswith("'"):
            value = self.literal()
            return lambda _: value
        return self.field(self.take())

    def some(self) -> Predicate:
        name = self.take().removesuffix("/any")
        self._check(name)
        self.take("(")
        variable = self.take()
        self.take(":")
        path = self.take()
        if not path.startswith(f"{variable}/"):
            raise _bad(path)
        compare, value = self.rest()
        self.take(")")
        field = path.removeprefix(f"{variable}/")
        return lambda row: any(_holds(compare, _value(each, field), value) for each in row.get(name) or [])

    def comparison(self) -> Predicate:
        field = self.field(self.take())
        compare, value = self.rest()
        return lambda row: _holds(compare, field(row), value)

    def rest(self) -> tuple[Callable[[Any, Any], bool], Any]:
        operator = self.take()
        if operator not in _COMPARE:
            raise _bad(f"operator {operator!r}")
        return _COMPARE[operator], self.literal()

    def field(self, path: str) -> Callable[[Row], Any]:
        self._check(path.partition("/")[0])
        return lambda row: _value(row, path)

    def _check(self, name: str) -> None:
        if name not in self.known:
            raise _bad(f"no property {name!r}")

    def literal(self) -> Any:
        token = self.take()
        if token.startswith("datetime'"):
            return _moment(token[9:-1])
        if token.startswith("guid'"):
            return token[5:-1].lower()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in _BOOLEANS:
            return _BOOLEANS[token]
        if re.fullmatch(r"-?\d+(\.\d+)?", token):
            return Decimal(token)
        raise _bad(f"value {token!r}")


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise _bad(f"date {text!r}") from None
    if found.tzinfo is not None:
        raise _bad(f"a date has no zone: {text!r}")
    return found


def _value(row: Row, path: str) -> Any:
    value: Any = row
    for part in path.split("/"):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _holds(compare: Callable[[Any, Any], bool], value: Any, wanted: Any) -> bool:
    if value is None:
        return False
    if isinstance(wanted, datetime):
        return compare(datetime.fromisoformat(value), wanted)
    if isinstance(wanted, str) and isinstance(value, str):
        return compare(value.casefold(), wanted.casefold())
    return compare(value, wanted)


def page_of(rows: list[Row], asked: dict[str, str], known: Collection[str]) -> tuple[list[Row], int, int | None]:
    """One page, how many rows there are, and where the next page starts (None after the last)."""
    found = [row for row in rows if matching(asked.get("$filter", ""), known)(row)]
    field, _, direction = asked.get("$orderby", "").partition(" ")
    if field:
        if field not in known:
            raise _bad(f"no property {field!r}")
        found.sort(key=lambda row: str(row.get(field) or ""), reverse=direction == "desc")
    top, skip = _whole(asked, "$top", PAGE), _whole(asked, "$skip", 0)
    if not 0 < top <= MOST or skip % top:
        raise _bad(f"$top is at most {MOST} and $skip a multiple of it")
    after = skip + top
    return found[skip:after], len(found), after if after < len(found) else None


def _whole(asked: dict[str, str], name: str, default: int) -> int:
    text = asked.get(name, str(default))
    if not text.isdigit():
        raise _bad(f"{name} {text!r}")
    return int(text)
