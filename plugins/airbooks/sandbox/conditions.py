"""Filters over tables: what they ask of a row, and where to look for rows that can fit without looking at all of them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from airbooks.sandbox.kit import Index, Row, Table


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a filter.

    `only` are fields, in the words of the filter language, with the values outside which the condition certainly does not hold.
    """

    holds: Callable[[Row], bool]
    only: Mapping[str, frozenset[Hashable]] = field(default_factory=dict)


def equal(name: str, *values: Hashable) -> Mapping[str, frozenset[Hashable]]:
    """What a comparison of one field with these values can hold for only."""
    return {name: frozenset(values)}


def all_of(conditions: Sequence[Condition]) -> Condition:
    """Every one of the conditions holds."""
    if len(conditions) == 1:
        return conditions[0]
    tests = [each.holds for each in conditions]
    only = {name: values for each in conditions for name, values in each.only.items()}
    return Condition(lambda row: all(test(row) for test in tests), only)


def any_of(conditions: Sequence[Condition]) -> Condition:
    """At least one of the conditions holds."""
    if len(conditions) == 1:
        return conditions[0]
    tests = [each.holds for each in conditions]
    shared = set(conditions[0].only).intersection(*(each.only for each in conditions[1:]))
    only = {name: frozenset().union(*(each.only[name] for each in conditions)) for name in shared}
    return Condition(lambda row: any(test(row) for test in tests), only)


def candidates(table: Table, condition: Condition, value_of: Callable[[Row, str], object]) -> Iterable[Row]:
    """The rows of a table that may fulfil the condition, in the table's order; `value_of` reads a field as the filter language does."""
    if not condition.only:
        return table.values()

    def index(name: str) -> Index:
        return table.index(f"filter {name}", lambda row: _hashable(value_of(row, name)))

    fewest = min(condition.only, key=lambda name: index(name).count(condition.only[name]))
    return table.where(f"filter {fewest}", *condition.only[fewest])


def _hashable(value: object) -> Hashable:
    """A value to look for; nested rows and lists are equal to no literal."""
    return value if isinstance(value, Hashable) else None
