"""A list of rows: filtered, sorted, cut into pages of ten, and only the fields that are selected."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from urllib.parse import urlencode

from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid
from airbooks.platforms.reckon_one.sandbox.filters import compiled, sought, value_at
from airbooks.sandbox.conditions import candidates
from airbooks.sandbox.kit import Table

DEFAULT_PER_PAGE = 10


Shape = Callable[[Row], Row]


def listed(
    table: Table | list[Row], asked: Mapping[str, str], url: str, shape: Shape = lambda row: row, most: int | None = None
) -> tuple[Row, dict[str, str]]:
    """The body, which tells no counts, and the headers that do. `shape` makes a row what is shown; `most` caps a page without a word."""
    names = {name.lower(): value for name, value in asked.items()}
    rows = _matching(table, names.get("filter", ""))
    for key in reversed(names.get("orderby", "").split(",")):
        path, _, direction = key.strip().partition(" ")
        if path:
            rows = sorted(rows, key=lambda row: str(value_at(row, path)), reverse=direction.strip().lower() == "desc")
    per_page = _number(names, "perpage", DEFAULT_PER_PAGE)
    per_page = min(per_page, most) if most else per_page
    page = _number(names, "page", 1)
    shown = rows[(page - 1) * per_page : page * per_page]
    headers = {"X-Total-Count": str(len(rows)), "Link": _links(url, names, page, max(1, ceil(len(rows) / per_page)))}
    return {"list": [selected(shape(row), names.get("select", "")) for row in shown]}, headers


def _matching(table: Table | list[Row], text: str) -> list[Row]:
    everything = table if isinstance(table, list) else table.values()
    if not text:
        return list(everything)
    condition = compiled(text)
    return [row for row in (everything if isinstance(table, list) else candidates(table, condition, sought)) if condition.holds(row)]


def selected(row: Row, wanted: str) -> Row:
    names = {each.strip().lower() for each in wanted.split(",") if each.strip()}
    return {key: value for key, value in row.items() if key.lower() in names} if names else row


def _number(names: Mapping[str, str], name: str, default: int) -> int:
    text = names.get(name) or "0"
    if not text.isdigit():
        raise invalid(name, "The value is not an integer.")
    return int(text) or default


def _links(url: str, names: Mapping[str, str], page: int, last: int) -> str:
    targets = {"first": 1, "prev": page - 1, "next": page + 1, "last": last}
    return ", ".join(
        f'<{url}?{urlencode({**names, "page": target})}>; rel="{rel}"' for rel, target in targets.items() if 1 <= target <= last
    )
