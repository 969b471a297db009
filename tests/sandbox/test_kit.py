"""Tables find rows by a value without looking at the others, and say the same as a look at all of them would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from airbooks.sandbox.conditions import Condition, all_of, any_of, candidates, equal
from airbooks.sandbox.kit import Row, Store, Table

NAMES = st.sampled_from(["a", "b", "c"])
ROWS = st.fixed_dictionaries({"name": NAMES, "town": NAMES})
STEPS = st.lists(st.tuples(st.integers(0, 5).map(str), st.none() | ROWS), max_size=40)


def value_of(row: Row, name: str) -> Any:
    return row[name]


def is_equal(name: str, value: str) -> Condition:
    return Condition(lambda row: bool(row[name] == value), equal(name, value))


def played(table: Table, steps: list[tuple[str, dict[str, str] | None]]) -> None:
    """Assign rows, or remove them."""
    for key, row in steps:
        if row is not None:
            table[key] = row
        else:
            table.pop(key, None)


@given(STEPS, STEPS, NAMES)
def test_an_indexed_look_up_finds_what_a_scan_finds_in_the_same_order(
    before: list[tuple[str, dict[str, str] | None]], after: list[tuple[str, dict[str, str] | None]], wanted: str
) -> None:
    table = Store().table("things")
    played(table, before)
    table.where("name", wanted)
    played(table, after)
    assert table.where("name", wanted) == [row for row in table.values() if row["name"] == wanted]
    assert table.where("name", wanted, "z") == table.where("name", wanted)
    assert table.containing("name", wanted) == table.where("name", wanted)


@given(STEPS, NAMES, NAMES)
def test_a_filter_narrows_and_loses_nothing(steps: list[tuple[str, dict[str, str] | None]], name: str, town: str) -> None:
    table = Store().table("things")
    played(table, steps)
    both, either, same = (
        all_of([is_equal("name", name), is_equal("town", town)]),
        any_of([is_equal("name", name), is_equal("town", town)]),
        any_of([is_equal("name", name), is_equal("name", town)]),
    )
    for condition in (both, either, same):
        everything = [row for row in table.values() if condition.holds(row)]
        assert [row for row in candidates(table, condition, value_of) if condition.holds(row)] == everything


def test_a_table_keeps_its_order_and_its_look_ups_over_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "books.sqlite"
    first = Store(path)
    rows: Mapping[str, Row] = {"2": {"name": "b"}, "1": {"name": "a"}, "3": {"name": "a"}}
    first.table("things").update(rows)
    first.close()
    assert [row["name"] for row in Store(path).table("things").where("name", "a", "b")] == ["b", "a", "a"]
