"""The company's own lists: items, accounts, tax codes, terms, currencies, classes and locations, payment methods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airbooks.platforms.quickbooks import queries, reading
from airbooks.platforms.references import ReferenceItem, ReferenceKind

if TYPE_CHECKING:
    from airbooks.platforms.quickbooks.hook import QuickBooksHook

NAMES_PER_QUERY = 30


def all_entries(hook: QuickBooksHook, kind: ReferenceKind) -> Iterator[ReferenceItem]:
    """The entries of a kind, inactive ones too."""
    found = [item for entity in reading.LISTS[kind] for item in _entries(hook, kind, entity, queries.WITH_INACTIVE)]
    yield from _told_apart(found) if kind is ReferenceKind.DIMENSION else found


def items_named(hook: QuickBooksHook, names: Collection[str]) -> list[ReferenceItem]:
    wanted = sorted(names)
    found: list[ReferenceItem] = []
    for start in range(0, len(wanted), NAMES_PER_QUERY):
        named = queries.is_one_of("Name", wanted[start : start + NAMES_PER_QUERY])
        found += _entries(hook, ReferenceKind.ITEM, "Item", f"{named} and {queries.WITH_INACTIVE}")
    return found


def _entries(hook: QuickBooksHook, kind: ReferenceKind, entity: str, where: str) -> Iterator[ReferenceItem]:
    start = 1
    while True:
        items = hook.rows(entity, where, read=lambda row: reading.reference_item(kind, entity, row), order="Id", start=start)
        yield from items
        if len(items) < hook.page_size:
            return
        start += hook.page_size


def _told_apart(items: Sequence[ReferenceItem]) -> Iterator[ReferenceItem]:
    """Classes and locations in one list; a location with the name of a class is called `Location:NAME`."""
    seen = Counter(item.code for item in items)
    for item in items:
        doubled = seen[item.code] > 1 and item.details["list"] == "Department"
        yield replace(item, code=f"Location:{item.code}") if doubled else item
