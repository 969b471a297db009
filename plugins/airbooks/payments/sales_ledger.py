"""The sales system as a ledger, by SQL that the operator writes for it (`include/config/sales_ledger.yaml`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from airbooks.paths import config_dir
from airbooks.payments.differences import Measure, SalesRow, Setting
from airbooks.payments.reconciliation import ControlTotal
from airbooks.sources.database import SqlHook, as_utc, bind
from airbooks.sources.raw import SourceError
from airbooks.yaml_file import Problems, read_setting
from airbooks.yaml_file import Setting as YamlSetting

AROUND = timedelta(days=31)  # documents that one side dates in the neighbouring month
FETCH = 2_000
FILE = "sales_ledger.yaml"


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlSalesLedger:
    """A sales database. Both statements get the parameters `:division`, `:starts_on` and `:ends_on`.

    `documents_sql` gives source_id, number, kind (invoice or credit_note), currency, issue_date, total, and where the system has them paid,
    open_amount, cancelled and changed_at; it is asked for a month more on either side. `totals_sql` (may be empty) gives currency, measure
    (as airbooks.payments.differences.Measure writes them), count and amount of exactly the period.
    """

    name: str
    hook: SqlHook
    documents_sql: str
    totals_sql: str = ""

    def documents(self, setting: Setting) -> Iterable[SalesRow]:
        wide = replace(setting, starts_on=setting.starts_on - AROUND, ends_on=setting.ends_on + AROUND)
        return (self._sales_row(row) for row in self._query(self.documents_sql, wide))

    def totals(self, setting: Setting) -> Mapping[tuple[str, Measure], ControlTotal]:
        rows = self._query(self.totals_sql, setting) if self.totals_sql else ()
        return {
            (str(row["currency"]), Measure(row["measure"])): ControlTotal(count=int(row["count"]), amount=self._amount(row["amount"]))
            for row in rows
        }

    def _query(self, statement: str, setting: Setting) -> Iterator[dict[str, Any]]:
        given = {"division": setting.division, "starts_on": setting.starts_on, "ends_on": setting.ends_on}
        text, values = bind(statement, given, self.hook.placeholder)
        with closing(self.hook.get_conn()) as connection, closing(connection.cursor()) as cursor:
            cursor.execute(text, values)
            names = [column[0].lower() for column in cursor.description]
            while rows := cursor.fetchmany(FETCH):
                yield from (dict(zip(names, row, strict=True)) for row in rows)

    def _sales_row(self, row: Mapping[str, Any]) -> SalesRow:
        changed_at = row.get("changed_at")
        return SalesRow(
            source_id=str(row["source_id"]),
            number=str(row["number"]),
            kind=str(row["kind"]),
            currency=str(row["currency"]),
            issue_date=_day(row["issue_date"]),
            total=self._amount(row["total"]),
            paid=self._told(row.get("paid")),
            open_amount=self._told(row.get("open_amount")),
            cancelled=bool(row.get("cancelled")),
            changed_at=as_utc(changed_at) if changed_at is not None else None,
        )

    def _told(self, value: Any) -> Decimal | None:
        return None if value is None else self._amount(value)

    def _amount(self, value: Any) -> Decimal:
        if isinstance(value, float):
            raise SourceError(f"Ledger {self.name} gives {value!r} as a binary float: cast amounts to DECIMAL or text in its SQL.")
        return Decimal(value)


def _day(value: Any) -> date:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(str(value))


# -- its configuration -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerConfig:
    """One entry of sales_ledger.yaml: the source's name, its Airflow connection, and its statements."""

    name: str
    connection: str
    documents: str
    totals: str

    def open(self, hook: SqlHook | None = None) -> SqlSalesLedger:
        """The ledger; nothing is read yet. The `hook` comes from the Airflow connection unless given."""
        return SqlSalesLedger(
            name=self.name, hook=hook or airflow_hook(self.connection), documents_sql=self.documents, totals_sql=self.totals
        )


def airflow_hook(connection: str) -> SqlHook:
    from airflow.sdk import BaseHook  # seconds to import: only where a database is asked

    hook: SqlHook = BaseHook.get_hook(connection)
    return hook


def load_sales_ledgers(directory: str | Path | None = None) -> Mapping[str, LedgerConfig]:
    """The ledgers of sales_ledger.yaml by source; none without the file. Raises ConfigError with every problem."""
    file = (Path(directory) if directory else config_dir()) / FILE
    if not file.exists():
        return MappingProxyType({})
    problems = Problems()
    found = {name: _ledger(name, setting) for name, setting in read_setting(file, problems).items()}
    problems.raise_if_any()
    return MappingProxyType(found)


def _ledger(name: str, setting: YamlSetting) -> LedgerConfig:
    keys = setting.fields("connection documents totals", required="connection documents")
    texts = {key: value.text() for key, value in keys.items()}
    for parameter in ("division", "starts_on", "ends_on"):
        if f":{parameter}" not in texts.get("documents", ""):
            setting.problem(f"`documents` must limit itself by :{parameter}")
    return LedgerConfig(
        name=name, connection=texts.get("connection", ""), documents=texts.get("documents", ""), totals=texts.get("totals", "")
    )
