"""A document as a source gives it, before anybody has interpreted it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Protocol

Payload = dict[str, Any]
UNSTORABLE = re.compile(r"[\x00\ud800-\udfff]")  # what no Postgres text or JSON can hold; shown as the replacement character


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document of a sales system.

    `source_id` is the source's own key, unique within `source`; `payload` holds JSON values only, with decimal numbers as text so that
    no digit is lost; `changed_at` is the source's change time in UTC.
    """

    source: str
    source_id: str
    payload: Payload = field(repr=False)
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which documents to read: changed in (`since`, `until`], and of these numbers or divisions where any are given.

    None as `since` means from the beginning; None as `until` means up to the source's own time when reading starts.
    """

    since: datetime | None = None
    until: datetime | None = None
    numbers: tuple[str, ...] = ()
    divisions: tuple[str, ...] = ()


class SourceError(RuntimeError):
    """A source cannot be read as it is described; the text names the source and what to change."""


class Source(Protocol):
    """What the pipeline reads from."""

    @property
    def name(self) -> str: ...

    def now(self) -> datetime:
        """The source's own clock: what `until` should be when a run starts."""
        ...

    def read(self, selection: Selection, chunk: int | None = None) -> Iterator[list[RawDocument]]:
        """The selected documents in lists of at most `chunk`; what is inserted meanwhile lies beyond `until` and is left for later."""
        ...


def json_value(value: Any) -> Any:
    """`value` as JSON can hold it without loss: decimals and floats as text, dates and times in ISO 8601, bytes as hexadecimal."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value) if UNSTORABLE.search(value) else value
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Decimal | float):
        return str(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, dict):
        return {str(key): json_value(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [json_value(each) for each in value]
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    return str(value)
