"""The WHERE subset of a load: comparisons, IN, LIKE, IS NULL, AND, OR, brackets; no functions, no subqueries, no double quotes."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from airbooks.platforms.infor_syteline.sandbox.schema import Ido, RefusalError, Row
from airbooks.sandbox.conditions import Condition, all_of, any_of, equal

_TOKEN = re.compile(r"\s*(?:(N?'(?:[^']|'')*')|(<=|>=|<>|!=|=|<|>)|(-?\d+(?:\.\d+)?)|([A-Za-z_]\w*)|([(),]))")
_NUMBERS = {"decimal", "int"}


def _illegal(why: str) -> RefusalError:
    return RefusalError(f"IllegalFilterException: {why}")


def _tokens(text: str) -> list[str]:
    found, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise _illegal(f"the filter cannot be read from {text[position : position + 12]!r}")
        found.append(match[0].strip())
        position = match.end()
    return found


def condition(ido: Ido, text: str) -> Condition:
    """What a filter asks of rows. Raises RefusalError."""
    if not text.strip():
        return Condition(lambda _: True)
    if '"' in text:
        raise _illegal("double quotes are not allowed")
    parser = _Parser(ido, _tokens(text))
    found = parser.alternatives()
    if parser.rest:
        raise _illegal(f"unexpected {parser.rest[0]}")
    return found


def value_of(ido: Ido, row: Row, name: str) -> object:
    """A property as it is compared."""
    kind = ido.prop(name).kind
    return _value(row.get(name), kind in _NUMBERS, kind == "guid")


class _Parser:
    def __init__(self, ido: Ido, rest: list[str]) -> None:
        self.ido, self.rest = ido, rest

    def _next(self, wanted: str = "") -> str:
        if not self.rest or (wanted and self.rest[0].upper() != wanted):
            raise _illegal(f"{wanted or 'more'} expected")
        return self.rest.pop(0)

    def _eat(self, word: str) -> bool:
        if self.rest and self.rest[0].upper() == word:
            self.rest.pop(0)
            return True
        return False

    def alternatives(self) -> Condition:
        found = [self._all()]
        while self._eat("OR"):
            found.append(self._all())
        return any_of(found)

    def _all(self) -> Condition:
        found = [self._one()]
        while self._eat("AND"):
            found.append(self._one())
        return all_of(found)

    def _one(self) -> Condition:
        if self._eat("("):
            inner = self.alternatives()
            self._next(")")
            return inner
        name = self._next()
        if self.rest and self.rest[0] == "(":
            raise _illegal(f"functions and subqueries are not allowed: {name}")
        prop = self.ido.prop(name)
        return self._comparison(name, prop.kind in _NUMBERS, prop.kind == "guid")

    def _comparison(self, name: str, numeric: bool, guid: bool) -> Condition:
        if self._eat("IS"):
            wants_null = not self._eat("NOT")
            self._next("NULL")
            return Condition(lambda row: (row.get(name) is None) is wants_null)
        if self._eat("IN"):
            values = self._list(numeric, guid)
            return Condition(lambda row: _value(row.get(name), numeric, guid) in values, equal(name, *values))
        if self._eat("LIKE"):
            pattern = re.compile(".*".join(map(re.escape, str(self._literal(False, False)).split("%"))), re.IGNORECASE)
            return Condition(lambda row: pattern.fullmatch(str(row.get(name) or "")) is not None)
        return self._ordered(name, self._next(), numeric, guid)

    def _ordered(self, name: str, sign: str, numeric: bool, guid: bool) -> Condition:
        signs: dict[str, Callable[[object, object], bool]] = {
            "=": lambda a, b: a == b,
            "<>": lambda a, b: a != b,
            "!=": lambda a, b: a != b,
            ">": lambda a, b: a > b,  # type: ignore[operator]
            "<": lambda a, b: a < b,  # type: ignore[operator]
            ">=": lambda a, b: a >= b,  # type: ignore[operator]
            "<=": lambda a, b: a <= b,  # type: ignore[operator]
        }
        if sign not in signs:
            raise _illegal(f"unexpected {sign}")
        wanted, compare = self._literal(numeric, guid), signs[sign]
        exact = equal(name, wanted) if sign == "=" else {}
        return Condition(lambda row: row.get(name) is not None and compare(_value(row[name], numeric, guid), wanted), exact)

    def _list(self, numeric: bool, guid: bool) -> list[object]:
        self._next("(")
        values = [self._literal(numeric, guid)]
        while self._eat(","):
            values.append(self._literal(numeric, guid))
        self._next(")")
        return values

    def _literal(self, numeric: bool, guid: bool) -> object:
        token = self._next()
        if token.endswith("'"):
            return _value(token.removeprefix("N")[1:-1].replace("''", "'"), numeric, guid)
        if not re.fullmatch(r"-?\d+(\.\d+)?", token):
            raise _illegal(f"a value is expected, not {token}")
        return _value(token, numeric, guid)


def _value(value: str | None, numeric: bool, guid: bool) -> object:
    """A value as it is compared: trailing blanks and capitals do not count, leading blanks of a key do."""
    if value is None:
        return None
    if numeric:
        return Decimal(value)
    if guid:
        return value.strip("{}").lower()
    return _as_date(value).rstrip().casefold()


def _as_date(value: str) -> str:
    """A time written with dashes as the tables keep it."""
    found = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d) (\d\d:\d\d:\d\d\.\d{3})", value)
    return f"{found[1]}{found[2]}{found[3]} {found[4]}" if found else value
