"""Documents from a file of lines: CSV, Excel, JSON (a list, or one object a line) or Parquet, local or on any object storage.

Rows with the same key are one document. A first pass counts the rows of every key, a second one gathers them and hands a document on
when its last row has come; so the rows of a document may be scattered over the file. What is held in memory is the documents that are
not complete yet: a few in a file that is sorted by document, all of them in a shuffled one. Beyond `max_open_rows` the source refuses
and asks for a sorted file, rather than filling the worker's memory.
"""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import IO, Any

from airbooks.sources.raw import Payload, RawDocument, Selection, SourceError, json_value

BLOCK = 20_000  # rows read at a time
DECOMPRESSORS: Mapping[str, Callable[[IO[bytes]], Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
FORMATS = {".csv": "csv", ".xlsx": "excel", ".xls": "excel", ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet"}


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSource:
    """A file whose column `key` says which document a row belongs to.

    The change time of every document is the file's own: a file that came before the watermark gives nothing, one that came since gives
    all of its documents, and what has not changed is recognised by its content downstream. A change time in the rows would not do: a file
    can arrive after its rows were written. `division` is a column to select by. `options` go to the reader (`sep`, `sheet_name`, ...).
    """

    name: str
    path: str
    key: str
    format: str = ""
    division: str = ""
    encoding: str = "utf-8"
    options: Mapping[str, Any] = field(default_factory=dict)
    chunk: int = 500
    max_megabytes: int = 2_000
    max_open_rows: int = 500_000

    def now(self) -> datetime:
        """A file has no clock: the time of this machine, or of the file where that is later."""
        return max(datetime.now(UTC), self._modified())

    def read(self, selection: Selection, chunk: int | None = None) -> Iterator[list[RawDocument]]:
        """The selected documents in the order in which they are complete. Raises SourceError where the file is not as described."""
        modified = self._modified()
        if not is_due(modified, selection):
            return
        if selection.divisions and not self.division:
            raise SourceError(f"Source {self.name} cannot select by division: name the column under `division`.")
        self._check_size()
        documents = (self._document(key, rows, modified) for key, rows in self._gathered(self._row_counts()))
        wanted = (each for each in documents if self._is_selected(each, selection))
        while batch := list(islice(wanted, chunk or self.chunk)):
            yield batch

    def _row_counts(self) -> Counter[str]:
        counts: Counter[str] = Counter()
        for row in self._rows():
            if self.key not in row:
                raise SourceError(f"Source {self.name}: {self.path} has no column {self.key!r}; it has {', '.join(row)}.")
            counts[str(row[self.key])] += 1
        return counts

    def _gathered(self, expected: Counter[str]) -> Iterator[tuple[str, list[Payload]]]:
        """(key, rows) of each document once its last row has been read."""
        waiting: dict[str, list[Payload]] = {}
        held = 0
        for row in self._rows():
            key = str(row[self.key])
            rows = waiting.setdefault(key, [])
            rows.append(row)
            held += 1
            if len(rows) == expected[key]:
                del waiting[key]
                held -= len(rows)
                yield key, rows
            elif held > self.max_open_rows:
                raise SourceError(
                    f"Source {self.name}: more than {self.max_open_rows} rows wait for the rest of their documents."
                    f" Sort {self.path} by {self.key!r}, or raise max_open_rows."
                )

    def _document(self, key: str, rows: list[Payload], modified: datetime) -> RawDocument:
        lines = [{name: json_value(value) for name, value in row.items()} for row in rows]
        nested = len(lines) == 1 and isinstance(lines[0].get("lines"), list)
        payload = lines[0] if nested else {**lines[0], "lines": lines}
        return RawDocument(self.name, key, payload, modified)

    def _is_selected(self, document: RawDocument, selection: Selection) -> bool:
        if selection.numbers and document.source_id not in selection.numbers:
            return False
        return not selection.divisions or document.payload.get(self.division) in selection.divisions

    def _rows(self) -> Iterator[Payload]:
        """The file's rows by column name; numbers are text, int or Decimal, never a binary float that the file did not hold."""
        location = self._location()
        *_, kind, ending = "", "", *(part.lower() for part in location.suffixes)
        format_ = self.format or FORMATS.get(kind if ending in DECOMPRESSORS else ending, "")
        if format_ not in READERS:
            raise SourceError(f"Source {self.name}: {self.path} is of no known format; set `format` to one of {', '.join(READERS)}.")
        with location.open("rb") as stored:
            opened = DECOMPRESSORS[ending](stored) if ending in DECOMPRESSORS else stored
            yield from READERS[format_](opened, self.encoding, dict(self.options))

    def _location(self) -> Any:
        if "://" not in self.path:
            return Path(self.path)
        from airflow.sdk import ObjectStoragePath  # seconds to import, and only needed for remote files

        return ObjectStoragePath(self.path)

    def _modified(self) -> datetime:
        try:
            status = self._location().stat()
        except FileNotFoundError:
            raise SourceError(f"Source {self.name}: there is no file {self.path}.") from None
        arrived = max(status.st_mtime, getattr(status, "st_ctime", 0))  # a copy may keep the time at which the original was written
        return datetime.fromtimestamp(arrived, UTC)

    def _check_size(self) -> None:
        megabytes = self._location().stat().st_size / 1_000_000
        if megabytes > self.max_megabytes:
            raise SourceError(f"Source {self.name}: {self.path} has {megabytes:.0f} MB; the limit max_megabytes is {self.max_megabytes}.")


def is_due(moment: datetime, selection: Selection) -> bool:
    """Whether a file of this time is to be read. One exactly as old as the watermark is: its reading may have broken off half-way."""
    return (selection.since is None or moment >= selection.since) and (selection.until is None or moment <= selection.until)


def csv_rows(file: IO[bytes], encoding: str, options: dict[str, Any]) -> Iterator[Payload]:
    import pandas as pd

    for block in pd.read_csv(file, dtype=object, keep_default_na=False, chunksize=BLOCK, encoding=encoding, **options):
        names = [str(name) for name in block.columns]
        yield from (dict(zip(names, row, strict=True)) for row in block.itertuples(index=False, name=None))


def json_rows(file: IO[bytes], encoding: str, options: dict[str, Any]) -> Iterator[Payload]:
    """A list of objects, each a line or a document with its own `lines`; `options: {at: invoices}` names the list inside an object."""
    content = json.loads(file.read().decode(encoding), parse_float=Decimal)
    yield from content[options["at"]] if "at" in options else content


def jsonl_rows(file: IO[bytes], encoding: str, options: dict[str, Any]) -> Iterator[Payload]:  # noqa: ARG001
    for line in io.TextIOWrapper(file, encoding):
        if line.strip():
            yield json.loads(line, parse_float=Decimal)


def excel_rows(file: IO[bytes], encoding: str, options: dict[str, Any]) -> Iterator[Payload]:  # noqa: ARG001
    """The first sheet, or `options: {sheet_name: ...}`. The format itself keeps binary floats; their shortest text is what we read."""
    import pandas as pd
    from python_calamine import CalamineError

    try:
        frame = pd.read_excel(file, dtype=str, keep_default_na=False, engine="calamine", **options)
    except CalamineError as error:
        raise ValueError(f"not an Excel file: {error}") from None
    names = [str(name) for name in frame.columns]
    yield from (dict(zip(names, row, strict=True)) for row in frame.itertuples(index=False, name=None))


def parquet_rows(file: IO[bytes], encoding: str, options: dict[str, Any]) -> Iterator[Payload]:  # noqa: ARG001
    import pyarrow.parquet as pq

    for batch in pq.ParquetFile(file, **options).iter_batches(BLOCK):
        yield from batch.to_pylist()


READERS: Mapping[str, Callable[[IO[bytes], str, dict[str, Any]], Iterator[Payload]]] = {
    "csv": csv_rows,
    "excel": excel_rows,
    "json": json_rows,
    "jsonl": jsonl_rows,
    "parquet": parquet_rows,
}
