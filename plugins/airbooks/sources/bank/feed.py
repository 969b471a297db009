"""Where movements come from: a feed of files, or of a database, as payments.yaml describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from airbooks.canonical.incoming import IncomingPayment
from airbooks.sources.bank.bai2 import read_bai2
from airbooks.sources.bank.camt import read_camt
from airbooks.sources.bank.declared import MovementMapping
from airbooks.sources.bank.movement import BadMovement, Reading, StatementError
from airbooks.sources.bank.mt940 import read_mt940
from airbooks.sources.bank.table import Table, read_table

Found = IncomingPayment | BadMovement
WILD = "*?["
READERS: Mapping[str, Callable[[bytes, str, Reading], Iterator[Found]]] = {"camt": read_camt, "mt940": read_mt940, "bai2": read_bai2}


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementFeed:
    """Files of one format that lie at `path`: a local pattern (`bank/*.xml`) or one of any object storage (`s3://bank/eu/*.xml`).

    With `is_advice` they are no movements of money but what payers say of theirs (`airbooks.staging.advice`).
    """

    name: str
    path: str
    format: str
    reading: Reading
    table: Table | None = None
    is_advice: bool = False

    def files(self) -> Iterator[Any]:
        """The paths that are there, by name; each has `name`, `stat()` and `read_bytes()`."""
        parts = self.path.split("/")
        fixed = next((n for n, part in enumerate(parts) if any(sign in part for sign in WILD)), len(parts) - 1)
        folder, pattern = "/".join(parts[:fixed]) or ("/" if self.path.startswith("/") else "."), "/".join(parts[fixed:])
        yield from sorted((each for each in location(folder).glob(pattern) if each.is_file()), key=str)

    def read(self, path: Any) -> Iterator[Found]:
        """The movements of one file. Raises StatementError where it is too large or cannot be read at all."""
        if path.stat().st_size > self.reading.max_megabytes * 1_000_000:  # before its bytes come into memory
            raise StatementError(f"{path.name} is larger than the limit `max_megabytes` of {self.reading.max_megabytes}.")
        return self.movements(path.read_bytes(), path.name)

    def movements(self, data: bytes, file: str) -> Iterator[Found]:
        """The movements in the content of a file, and what could not be taken over. Raises StatementError as `read` does."""
        reader = partial(read_table, table=self.table) if self.table else READERS[self.format]
        return reader(data, file, self.reading)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseFeed:
    """A query of payments in a database: `settings` are those of an SQL source (connection, header, columns, ...)."""

    name: str
    settings: Mapping[str, Any]
    reading: Reading
    mapping: MovementMapping
    defaults: Mapping[str, str] = field(default_factory=dict)


def location(folder: str) -> Any:
    """A folder as a path, local or on any object storage."""
    if "://" not in folder:
        return Path(folder)
    from airflow.sdk import ObjectStoragePath  # seconds to import, and only needed for remote files

    return ObjectStoragePath(folder)
