"""Movements from a table in a file: a bank's CSV or Excel export with a declared mapping, one line or several lines to a payment.

Where `key` names a column, the lines with the same value there are one payment with an advice line each (a remittance file); otherwise
each line is a payment.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

from airbooks.canonical.incoming import IncomingPayment
from airbooks.sources.bank.declared import FIX, MovementMapping, at_our_account, movement_from
from airbooks.sources.bank.fingerprint import Draft, by_id, identified
from airbooks.sources.bank.movement import BadMovement, EntryError, Reading, StatementError
from airbooks.sources.file import FORMATS, READERS
from airbooks.sources.raw import Payload, json_value

UNPACKED = 10  # how many times the size of its file a sheet may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """How the table lies in its file, and what its columns mean. `defaults` are fields that no column gives (account, currency)."""

    mapping: MovementMapping
    format: str = ""
    key: str = ""
    encoding: str = "utf-8-sig"
    options: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)


def read_table(data: bytes, file: str, reading: Reading, table: Table) -> Iterator[IncomingPayment | BadMovement]:
    """The movements of the table in its order. Raises StatementError where it is not of the declared form, or too large."""
    reading.check_size(data, file)
    _check_unpacked(data, file, reading)
    found: list[IncomingPayment] = []
    for place, payload in _payments(_rows(data, file, table), table, file):
        try:
            movement = movement_from(table.mapping, payload, {**table.defaults, "source": reading.source, "source_id": f"{file}, {place}"})
            if movement is not None:
                found.append(at_our_account(movement, reading, table.defaults))
        except EntryError as error:
            yield error.at(file, place)
    named = map(by_id, found) if table.mapping.has_ids else identified(Draft(each) for each in found)
    yield from (each for each in named if reading.wants(each))


def _check_unpacked(data: bytes, file: str, reading: Reading) -> None:
    """Raises StatementError for a packed file (an Excel sheet is one) that would fill the worker's memory when it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            size = sum(each.file_size for each in packed.infolist())
    except zipfile.BadZipFile:  # not packed, or for its own reader to refuse
        return
    if size > UNPACKED * reading.max_megabytes * 1_000_000:
        raise StatementError(f"{file} unpacks to {size / 1_000_000:.0f} MB, more than {UNPACKED} times the limit `max_megabytes`.")


def _rows(data: bytes, file: str, table: Table) -> list[Payload]:
    """The rows, each column's value as text or an exact number."""
    format_ = table.format or FORMATS.get(PurePath(file).suffix.lower(), "")
    if format_ not in READERS:
        raise StatementError(f"{file} is of no known format; set `table` to one of {', '.join(READERS)}.")
    try:
        rows = list(READERS[format_](io.BytesIO(data), table.encoding, dict(table.options)))
    except (ValueError, KeyError, TypeError, ArithmeticError) as error:
        raise StatementError(f"{file} is no {format_} as payments.yaml describes it ({error}).") from None
    return [{name: json_value(value) for name, value in row.items()} for row in rows]


def _payments(rows: list[Payload], table: Table, file: str) -> Iterator[tuple[str, Payload]]:
    """(place, payload) of each payment; the lines of one with several stand under `lines`, the first also as its own columns."""
    if not table.key:
        yield from ((f"row {n}", {**row, "lines": [row]}) for n, row in enumerate(rows, start=1))
        return
    gathered: dict[str, list[Payload]] = {}
    for row in rows:
        if table.key not in row:
            raise StatementError(f"{file} has no column {table.key!r}; it has {', '.join(row)}. {FIX}")
        gathered.setdefault(str(row[table.key]).strip(), []).append(row)
    yield from ((f"payment {key}", {**lines[0], "lines": lines}) for key, lines in gathered.items())
