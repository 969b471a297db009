"""Documents from any SQL database that Airflow has a DbApiHook for.

The header query gives one row per document, child queries give its lines, allowances and taxes. Pages are found by key (change time, id),
so rows that are inserted while reading neither shift a page nor appear twice; `until`, taken from the database's clock, bounds the run.
A row whose transaction commits late bears an earlier change time: the overlap before the watermark reads the last minutes again, and
what has not changed is recognised by its content downstream.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from airbooks.sources.raw import Payload, RawDocument, Selection, SourceError, json_value

PARAMETER = re.compile(r"(?<![:\w]):([a-z_]+)")
PAGING = {
    "limit": "LIMIT {rows}",  # Postgres, MySQL, SQLite
    "fetch": "OFFSET 0 ROWS FETCH NEXT {rows} ROWS ONLY",  # SQL Server, Oracle, DB2, Postgres
}


class SqlHook(Protocol):
    """The part of airflow.providers.common.sql.hooks.sql.DbApiHook that is used: a DB-API connection and the driver's placeholder."""

    @property
    def placeholder(self) -> str: ...

    def get_conn(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the header query mean what; `number` and `division` are only needed to select by them."""

    id: str
    changed_at: str
    number: str = ""
    division: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSource:
    """A sales database.

    `header` and each of `children` are SELECT statements; a child query returns the header's id column in every row and limits itself
    with `IN (:ids)`. `paging` is the dialect's way to say "the first n rows". The SQL is the operator's own configuration.
    """

    name: str
    hook: SqlHook
    header: str
    children: Mapping[str, str]
    columns: Columns
    paging: str = "limit"
    clock: str = "SELECT CURRENT_TIMESTAMP"
    overlap: timedelta = timedelta(minutes=10)
    chunk: int = 200

    def now(self) -> datetime:
        """The database's clock."""
        with closing(self.hook.get_conn()) as connection:
            return self._clock(connection)

    def read(self, selection: Selection, chunk: int | None = None) -> Iterator[list[RawDocument]]:
        """The selected documents, oldest change first. Holds one chunk in memory; each chunk is read in a transaction of its own."""
        with closing(self.hook.get_conn()) as connection:
            bounded = replace(selection, until=selection.until or self._clock(connection))
            after: tuple[Any, Any] | None = None
            while headers := self._page(connection, bounded, after, chunk or self.chunk):
                last = (headers[-1][self.columns.changed_at], headers[-1][self.columns.id])
                if last == after:
                    raise SourceError(f"Source {self.name}: paging does not advance beyond {last}: the driver cuts the change time short.")
                yield self._documents(connection, headers)
                after = last
                connection.rollback()  # a long run must not hold one snapshot open on somebody's sales database

    def _clock(self, connection: Any) -> datetime:
        rows = self._query(connection, self.clock, {})
        return as_utc(next(iter(rows[0].values())))

    def _page(self, connection: Any, selection: Selection, after: tuple[Any, Any] | None, rows: int) -> list[Payload]:
        statement, parameters = self.page_query(selection, after, rows)
        return self._query(connection, statement, parameters)

    def page_query(self, selection: Selection, after: tuple[Any, Any] | None, rows: int) -> tuple[str, dict[str, Any]]:
        """The statement for the next page, with named parameters."""
        at, key = self.columns.changed_at, self.columns.id
        where = [f"d.{at} <= :until"]
        parameters: dict[str, Any] = {"until": selection.until}
        if after:
            where.append(f"(d.{at} > :after_at OR (d.{at} = :after_at AND d.{key} > :after_id))")
            parameters |= {"after_at": after[0], "after_id": after[1]}
        elif selection.since:
            where.append(f"d.{at} > :since")
            parameters["since"] = selection.since - self.overlap
        for column, values in ((self.columns.number, selection.numbers), (self.columns.division, selection.divisions)):
            if values:
                where.append(f"d.{self._selectable(column)} IN (:{column}_values)")
                parameters[f"{column}_values"] = values
        limit = PAGING[self.paging].format(rows=int(rows))
        return f"SELECT d.* FROM ({self.header}) d WHERE {' AND '.join(where)} ORDER BY d.{at}, d.{key} {limit}", parameters  # noqa: S608 names come from the configuration

    def _selectable(self, column: str) -> str:
        if not column:
            raise SourceError(f"Source {self.name} cannot select by document number or division: name the column under `columns`.")
        return column

    def _documents(self, connection: Any, headers: list[Payload]) -> list[RawDocument]:
        payloads = {header[self.columns.id]: self._payload(header) for header in headers}
        if len(payloads) < len(headers):
            raise SourceError(f"Source {self.name}: {self.columns.id!r} is not unique in the header query; a join multiplies its rows.")
        for child, statement in self.children.items():
            self._attach(payloads, child, self._query(connection, statement, {"ids": tuple(payloads)}))
        return [
            RawDocument(self.name, str(header[self.columns.id]), payloads[header[self.columns.id]], as_utc(header[self.columns.changed_at]))
            for header in headers
        ]

    def _payload(self, header: Payload) -> Payload:
        """The header without its change time: a document that was saved again unchanged is the same document."""
        return {name: json_value(value) for name, value in header.items() if name != self.columns.changed_at}

    def _attach(self, payloads: dict[Any, Payload], child: str, rows: list[Payload]) -> None:
        for payload in payloads.values():
            payload[child] = []
        for row in rows:
            parent = row.pop(self.columns.id)
            payloads[parent][child].append({name: json_value(value) for name, value in row.items()})

    def _query(self, connection: Any, statement: str, parameters: Mapping[str, Any]) -> list[Payload]:
        text, values = bind(statement, parameters, self.hook.placeholder)
        with closing(connection.cursor()) as cursor:
            cursor.execute(text, values) if values else cursor.execute(text)
            names = [column[0].lower() for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def bind(statement: str, parameters: Mapping[str, Any], placeholder: str) -> tuple[str, list[Any]]:
    """`statement` with `:name` replaced by the driver's placeholder and the values in that order; a tuple becomes one placeholder each."""
    values: list[Any] = []

    def place(found: re.Match[str]) -> str:
        name = found[1]
        if name not in parameters:
            raise SourceError(f"The SQL names the parameter :{name}, which does not exist. Known: {', '.join(parameters) or 'none'}.")
        given = parameters[name]
        each = list(given) if isinstance(given, tuple) else [given]
        values.extend(each)
        return ", ".join([placeholder] * len(each))

    formatted = placeholder == "%s" and PARAMETER.search(statement)
    return PARAMETER.sub(place, statement.replace("%", "%%") if formatted else statement), values


def as_utc(value: Any) -> datetime:
    """A change time in UTC; one without zone is taken as UTC, one in text is read as ISO 8601."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(moment, datetime):
        raise SourceError(f"{value!r} is not a date with time: `changed_at` must name a timestamp column.")
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def columns_of(settings: Mapping[str, str]) -> Columns:
    """The `columns` block of sources.yaml."""
    return Columns(**{name: str(column).lower() for name, column in settings.items()})


def child_queries(settings: Mapping[str, str]) -> dict[str, str]:
    """The `children` block of sources.yaml; a query that would read the rows of every document is refused."""
    for name, statement in settings.items():
        if ":ids" not in statement:
            raise SourceError(f"The child query {name!r} must limit itself with `IN (:ids)`.")
    return dict(settings)
