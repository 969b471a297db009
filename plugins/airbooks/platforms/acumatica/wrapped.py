"""The contract's way of writing records: every scalar in a `{"value": ...}`, an empty one as `{}`; and what an answer makes of a request.

Unknown fields are ignored over there without a word, so what was sent is compared with what came back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]
Body = dict[str, Any]
_NOT_COMPARED = {"id", "delete", "note", "custom", "Hold"}


def wrapped(value: str | Decimal | bool | date) -> Body:
    """One field; a date is midnight UTC."""
    if isinstance(value, date):
        return {"value": f"{value.isoformat()}T00:00:00+00:00"}
    return {"value": value}


def fields(**values: str | Decimal | bool | date | None) -> Body:
    """Several fields by name; None leaves one out."""
    return {name: wrapped(value) for name, value in values.items() if value is not None}


def custom(view: str, **values: str) -> Body:
    """Fields outside the contract, as they stand under `custom`."""
    return {view: {name: {"type": "CustomStringField", "value": value} for name, value in values.items()}}


def value(row: Row, name: str) -> Any:
    """The plain value of a field; None when it is empty or was not sent. Raises ValueError for one that is not wrapped."""
    found = row.get(name, {})
    if not isinstance(found, Mapping):
        raise ValueError(f"{name} is not wrapped")  # noqa: TRY004 the form of an answer is wrong, not a type of ours
    return found.get("value")


def text(row: Row, name: str) -> str:
    found = value(row, name)
    return "" if found is None else str(found).strip()


def number(row: Row, name: str) -> Decimal:
    """An amount that must be there; raises KeyError."""
    found = value(row, name)
    if found is None:
        raise KeyError(name)
    return Decimal(found)


def day(row: Row, name: str) -> date | None:
    found = text(row, name)
    return datetime.fromisoformat(found).date() if found else None


# -- errors inside records ----------------------------------------------------------------------------------------------------


def errors(row: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every `error` of a refused record with the path of its field, wherever it stands: on top, in fields, in details."""
    if isinstance(row, Mapping):
        said = row.get("error")
        if isinstance(said, str) and said:
            yield path, said
        for name, each in row.items():
            yield from errors(each, f"{path}.{name}" if path else str(name))
    elif isinstance(row, list):
        for position, each in enumerate(row):
            yield from errors(each, f"{path}[{position}]")


# -- what was taken over ------------------------------------------------------------------------------------------------------


def ignored(sent: Row, got: Row, path: str = "") -> Iterator[str]:
    """The paths of fields that an answer does not show as they were sent (ids come back in capitals, texts without padding)."""
    for name, each in sent.items():
        where = f"{path}{name}"
        if name in _NOT_COMPARED:
            yield from _ignored_custom(each, got.get(name) or {}) if name == "custom" else ()
        elif isinstance(each, list):
            yield from _ignored_rows(each, got.get(name), where)
        elif "value" in each:
            if not _same(each["value"], value(got, name)):
                yield where
        else:
            yield from ignored(each, got.get(name) or {}, f"{where}.")


def _ignored_rows(sent: list[Any], got: Any, where: str) -> Iterator[str]:
    kept = [row for row in sent if not row.get("delete")]
    if not isinstance(got, list) or len(got) != len(kept):
        yield where
        return
    for position, (one, other) in enumerate(zip(kept, got, strict=True)):
        yield from ignored(one, other, f"{where}[{position}].")


def _ignored_custom(sent: Row, got: Row) -> Iterator[str]:
    for view, values in sent.items():
        for name, each in values.items():
            if not _same(each["value"], value(got.get(view) or {}, name)):
                yield f"custom.{view}.{name}"


def _same(ours: Any, theirs: Any) -> bool:
    if isinstance(ours, Decimal):
        return theirs is not None and ours == Decimal(theirs)
    if isinstance(ours, bool):
        return bool(theirs) is ours
    one, other = str(ours).strip(), str(theirs if theirs is not None else "").strip()
    if one.endswith("T00:00:00+00:00"):
        return one[:10] == other[:10]
    return one.casefold() == other.casefold()
