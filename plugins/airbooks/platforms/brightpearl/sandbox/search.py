"""Searches: positional rows, their columns in metaData, filters by the type of each column, pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from airbooks.platforms.brightpearl.sandbox.answers import BAD_FILTER, Refusal, Row, moment

MOST = 500
CONTROL = ("pageSize", "firstResult", "sort", "columns")


@dataclass(frozen=True)
class Search:
    """The columns of one search in their order, with the type by which each is filtered (empty: it cannot be)."""

    columns: Mapping[str, str]

    def page(self, rows: list[list[Any]], asked: Mapping[str, str]) -> Row:
        names = list(self.columns)
        for name in asked:
            if name not in CONTROL and not self.columns.get(name):
                raise Refusal(f"Unrecognised filter {name}", BAD_FILTER, 500)
        tests = [(names.index(name), _test(self.columns[name], name, asked[name])) for name in asked if name not in CONTROL]
        found = [row for row in rows if all(fits(row[at]) for at, fits in tests)]
        column, _, direction = asked.get("sort", "").partition(".")
        if column in names:
            at = names.index(column)
            found.sort(key=lambda row: (row[at] is None, row[at]), reverse=direction == "DESC")
        return self._cut(found, asked)

    def _cut(self, found: list[list[Any]], asked: Mapping[str, str]) -> Row:
        size, first = _whole("pageSize", asked.get("pageSize", str(MOST))), _whole("firstResult", asked.get("firstResult", "1"))
        if not 1 <= size <= MOST or first < 1:
            raise Refusal("pageSize or firstResult out of range", BAD_FILTER, 500)
        kept = found[first - 1 : first - 1 + size]
        span = {"firstResult": first, "lastResult": first + len(kept) - 1} if kept else {}
        meta = {
            "morePagesAvailable": first - 1 + size < len(found),
            "resultsAvailable": len(found),
            "resultsReturned": len(kept),
            **span,
            "columns": [self._column(name, kind) for name, kind in self.columns.items()],
            "sorting": [],
        }
        return {"response": {"results": kept, "metaData": meta}, "reference": {}}

    @staticmethod
    def _column(name: str, kind: str) -> Row:
        return {"name": name, "sortable": True, "filterable": bool(kind), "reportDataType": kind or "STRING", "required": False}


def _whole(name: str, text: str) -> int:
    if not text.isdigit():
        raise Refusal(f"Could not parse {name}", BAD_FILTER, 500)
    return int(text)


def id_set(text: str) -> set[int]:
    """`1,2,5-9` as numbers."""
    found: set[int] = set()
    for part in text.split(","):
        low, _, high = part.partition("-")
        found.update(range(_whole("id set", low), _whole("id set", high or low) + 1))
    return found


def _test(kind: str, name: str, text: str) -> Callable[[Any], bool]:
    if kind == "IDSET":
        wanted = id_set(text)
        return lambda value: value in wanted
    if kind == "INTEGER":
        number = _whole(name, text)
        return lambda value: value == number
    if kind == "BOOLEAN":
        return lambda value: str(value).lower() == text
    if kind == "PERIOD":
        return _period(name, text)
    if kind == "SEARCH_STRING":  # free text: any word of it
        words = text.casefold().split()
        return lambda value: any(word in str(value or "").casefold() for word in words)
    return lambda value: value == text


def _period(name: str, text: str) -> Callable[[Any], bool]:
    """`from/to`, either end open."""
    start, slash, end = text.partition("/")
    if not slash:
        raise Refusal(f"Could not parse {name}", BAD_FILTER, 500)
    low, high = (_bound(name, each) for each in (start, end))

    def fits(value: Any) -> bool:
        at = datetime.fromisoformat(value) if value else None
        return at is not None and (low is None or at >= low) and (high is None or at < high)

    return fits


def _bound(name: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        return moment(name, text)
    except Refusal:
        raise Refusal(f"Could not parse {name}", BAD_FILTER, 500) from None
