"""The part of OData that the Service Layer's callers use: keys in paths, $filter, $select, $orderby, pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from airbooks.platforms.sap_business_one.sandbox.refusal import bad, unknown_property
from airbooks.sandbox.conditions import Condition, all_of, any_of, candidates, equal
from airbooks.sandbox.kit import Table

Row = dict[str, Any]
PAGE = 20
_TOKEN = re.compile(r"\s*(?:(?P<text>'(?:[^']|'')*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<mark>[(),]))")
_PATH = re.compile(r"(?P<set>[A-Za-z_]\w*)(?:\((?P<key>'(?:[^']|'')*'|-?\d+)\))?(?:/(?P<action>[A-Za-z]\w*))?")
# Filters accept an enumeration's name or its letter in the database.
_LETTERS = {"N": "csNo", "Y": "csYes", "C": "csCancellation"}
_ENUMS = {"CancelStatus": _LETTERS, "CardType": {"C": "cCustomer", "S": "cSupplier"}, "Cancelled": {"Y": "tYES", "N": "tNO"}}


def parse_path(path: str) -> tuple[str, str | None, str | None]:
    """Entity set, key (without quotes) and bound action."""
    found = _PATH.fullmatch(path)
    if found is None:
        raise bad(f"Unrecognized resource path '{path}'", -1000)
    key = found["key"]
    if key is not None and key.startswith("'"):
        key = key[1:-1].replace("''", "'")
    return found["set"], key, found["action"]


class _Reader:
    """A recursive reader of $filter: or, and, brackets, comparisons, startswith, endswith, contains (v1: substringof)."""

    def __init__(self, text: str, known: Callable[[str], bool]) -> None:
        self._known = known
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if found is None:
                raise bad(f"Invalid filter near '{text[place:]}'", -1000)
            self._tokens.append((str(found.lastgroup), found[str(found.lastgroup)]))
            place = found.end()

    def whole(self) -> Condition:
        condition = self._either()
        if self._tokens:
            raise bad("Invalid filter: something follows its end", -1000)
        return condition

    def _next(self, wanted: str = "") -> tuple[str, str]:
        if not self._tokens or (wanted and self._tokens[0][1] != wanted):
            raise bad(f"Invalid filter: {wanted or 'a term'} expected", -1000)
        return self._tokens.pop(0)

    def _is(self, word: str) -> bool:
        return bool(self._tokens) and self._tokens[0] == ("word", word)

    def _either(self) -> Condition:
        found = [self._both()]
        while self._is("or"):
            self._next()
            found.append(self._both())
        return any_of(found)

    def _both(self) -> Condition:
        found = [self._term()]
        while self._is("and"):
            self._next()
            found.append(self._term())
        return all_of(found)

    def _term(self) -> Condition:
        kind, text = self._next()
        if text == "(":
            inner = self._either()
            self._next(")")
            return inner
        if kind == "word" and self._tokens and self._tokens[0][1] == "(":
            return self._function(text)
        return self._comparison(text)

    def _function(self, name: str) -> Condition:
        if name not in {"startswith", "endswith", "contains"}:
            raise bad(f"Function '{name}' is not supported", -1000)
        self._next("(")
        field = self._field(self._next()[1])
        self._next(",")
        wanted = str(_literal(*self._next())).lower()
        self._next(")")
        tests: Mapping[str, Callable[[str], bool]] = {
            "startswith": lambda value: value.startswith(wanted),
            "endswith": lambda value: value.endswith(wanted),
            "contains": lambda value: wanted in value,
        }
        return Condition(lambda row: tests[name](str(row.get(field) or "").lower()))

    def _comparison(self, name: str) -> Condition:
        field = self._field(name)
        sign = self._next()[1]
        wanted = _literal(*self._next())
        wanted = _ENUMS.get(field, {}).get(str(wanted), wanted)
        signs: Mapping[str, Callable[[Any, Any], bool]] = {
            "eq": lambda one, other: bool(one == other),
            "ne": lambda one, other: bool(one != other),
            "gt": lambda one, other: bool(one > other),
            "ge": lambda one, other: bool(one >= other),
            "lt": lambda one, other: bool(one < other),
            "le": lambda one, other: bool(one <= other),
        }
        if sign not in signs:
            raise bad(f"Operator '{sign}' is not supported", -1000)
        compare = signs[sign]
        exact = equal(field, wanted.lower()) if sign == "eq" and isinstance(wanted, str) else {}
        return Condition(lambda row: compare(*_alike(row.get(field), wanted)), exact)

    def _field(self, name: str) -> str:
        if not self._known(name):
            raise unknown_property(name, "Document")
        return name


def _literal(kind: str, text: str) -> str | Decimal:
    if kind == "text":
        return text[1:-1].replace("''", "'")
    if kind == "number":
        return Decimal(text)
    raise bad(f"Invalid filter: '{text}' is no literal", -1000)


def _alike(one: Any, other: str | Decimal) -> tuple[Any, Any]:
    """Both sides as what can be compared; text without regard to case, as most database collations have it."""
    if isinstance(other, Decimal):
        return Decimal(one or 0), other
    return as_text(one), other.lower()


def as_text(value: Any) -> str:
    return str("" if value is None else value).lower()


def _by(name: str) -> Callable[[Row], tuple[Decimal, str]]:
    def sortable(row: Row) -> tuple[Decimal, str]:
        value = row.get(name)
        return (Decimal(value), "") if isinstance(value, int | Decimal) else (Decimal(0), str(value or ""))

    return sortable


def chosen(table: Table, query: Mapping[str, str], known: Callable[[str], bool]) -> list[Row]:
    """The rows that $filter lets through, in the order of $orderby."""
    found = list(table.values())
    if query.get("$filter"):
        condition = _Reader(query["$filter"], known).whole()
        found = [row for row in candidates(table, condition, lambda row, name: as_text(row.get(name))) if condition.holds(row)]
    for part in reversed([each.strip() for each in query.get("$orderby", "").split(",") if each.strip()]):
        name, _, direction = part.partition(" ")
        if not known(name):
            raise unknown_property(name, "Document")
        found.sort(key=_by(name), reverse=direction == "desc")
    return found


def page(rows: list[Row], query: Mapping[str, str], headers: Mapping[str, str]) -> tuple[list[Row], int | None]:
    """One page, and how many rows to skip for the next; with $top there is no next."""
    skip = int(query.get("$skip", "0"))
    if "$top" in query:
        return rows[skip : skip + int(query["$top"])], None
    wanted = re.search(r"odata\.maxpagesize=(\d+)", headers.get("prefer", ""))
    size = int(wanted[1]) if wanted else int(headers.get("b1s-pagesize", PAGE))
    if size == 0:
        return rows[skip:], None
    more = skip + size < len(rows)
    return rows[skip : skip + size], skip + size if more else None


def selected(row: Row, query: Mapping[str, str], known: Callable[[str], bool]) -> Row:
    names = [each.strip() for each in query.get("$select", "").split(",") if each.strip()]
    for name in names:
        if not known(name):
            raise unknown_property(name, "Document")
    return {name: row.get(name) for name in names} if names else dict(row)


def next_link(path: str, query: Mapping[str, str], skip: int) -> str:
    kept = {**{name: value for name, value in query.items() if name != "$skip"}, "$skip": str(skip)}
    return f"{path}?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in kept.items())
