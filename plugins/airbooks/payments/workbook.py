"""A reconciliation for people: an Excel workbook, CSV, and a table for the task log.

A cell of Excel holds a binary double. `write_number` puts the digits of a Decimal into the file as 16 significant ones, which is exact up
to 9,999,999,999,999.99; the column beside holds the amount as text, exact always, and CSV has only that.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, Protocol

import xlsxwriter

from airbooks.canonical import minor_units
from airbooks.payments.differences import Difference, Measure
from airbooks.payments.reconciliation import ControlTotal, Line, Reconciliation
from airbooks.staging.balances import StillOpen


class Target(Protocol):
    """A file to be: `pathlib.Path` and Airflow's `ObjectStoragePath` are such."""

    def open(self, mode: str) -> Any: ...


Cell = Decimal | int | str | None
Table = tuple[Sequence[str], Iterable[Sequence[Cell]]]

TOTALS = ("Currency", "Measure", "Sales documents", "Sales amount", "Staged documents", "Staged amount")
TOTALS_HEAD = (*TOTALS, "Platform documents", "Platform amount", "Sales - staging", "Staging - platform")
OPEN_HEAD = (
    "Division",
    "Connection",
    "Customer",
    "Name",
    "Document",
    "Kind",
    "Date",
    "Due",
    "Currency",
    "Total",
    "Paid",
    "Credited",
    "Open",
)
AMOUNTS = frozenset(
    (
        "Sales amount",
        "Staged amount",
        "Platform amount",
        "Sales - staging",
        "Staging - platform",
        "Total",
        "Paid",
        "Credited",
        "Open",
        "Amount",
    )
)
DIFFERENCES_HEAD = ("Between", "Measure", "Currency", "Document", "Connection", "Cause", "Amount", "In words")


def write_workbook(target: Target, found: Reconciliation, still_open: Iterable[StillOpen]) -> None:
    """Write the sheets Totals, Open items and Differences; holds one row in memory."""
    with tempfile.TemporaryDirectory(prefix="airbooks-") as folder:
        file = Path(folder) / "reconciliation.xlsx"
        _write(file, {"Totals": _totals(found), "Open items": _open(still_open), "Differences": _differences(found)})
        with file.open("rb") as made, target.open("wb") as out:
            _copy(made, out)


def write_csv(target: Target, found: Reconciliation) -> None:
    """Write the differences as CSV in UTF-8, amounts as text with a point."""
    head, rows = _differences(found)
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_plain(cell) for cell in row] for row in rows)
    with target.open("wb") as out:
        out.write(text.getvalue().encode())


def _copy(made: IO[bytes], out: IO[bytes]) -> None:
    while part := made.read(1 << 20):
        out.write(part)


# -- rows ------------------------------------------------------------------------------------------------------------------------------


def _totals(found: Reconciliation) -> Table:
    return TOTALS_HEAD, (_total_row(line) for line in found.lines)


def _total_row(line: Line) -> tuple[Cell, ...]:
    sales = line.sales or ControlTotal()
    told = (sales.count, _shown(sales.amount, line.currency)) if line.sales else (None, None)
    off = _shown(sales.amount - line.staged.amount, line.currency) if line.sales else None
    sides = (line.staged.count, _shown(line.staged.amount, line.currency), line.platform.count, _shown(line.platform.amount, line.currency))
    return line.currency, line.measure.value, *told, *sides, off, _shown(line.staged.amount - line.platform.amount, line.currency)


def _differences(found: Reconciliation) -> Table:
    return DIFFERENCES_HEAD, (_difference_row(each) for each in found.differences)


def _difference_row(each: Difference) -> tuple[Cell, ...]:
    cause = each.cause.value or "UNEXPLAINED"
    amount = _shown(each.amount, each.currency)
    return each.leg.value, each.measure.value, each.currency, each.number, each.connection, cause, amount, each.says


def _open(still_open: Iterable[StillOpen]) -> Table:
    return (*OPEN_HEAD, "Why", "In words"), (_open_row(each) for each in still_open)


def _open_row(each: StillOpen) -> tuple[Cell, ...]:
    item = each.balance
    head = (item.division, item.connection, item.customer_code, item.customer_name, item.number, item.kind.replace("_", " "))
    dates = (item.issue_date.isoformat(), item.due.isoformat() if item.due else "")
    amounts = (_shown(amount, item.currency) for amount in (item.total, item.paid, item.credited, item.open_amount))
    return *head, *dates, item.currency, *amounts, each.why.value, each.says


def _shown(amount: Decimal, currency: str) -> Decimal:
    """With the currency's decimals, or as many more as it has."""
    rounded = amount.quantize(Decimal(1).scaleb(-(minor_units(currency) if currency else 2)))
    return rounded if rounded == amount else amount.normalize()


def _plain(cell: Cell) -> str:
    return "" if cell is None else f"{cell:f}" if isinstance(cell, Decimal) else str(cell)


# -- the workbook ----------------------------------------------------------------------------------------------------------------------


def _write(file: Path, sheets: dict[str, Table]) -> None:
    # constant_memory: a row goes to the file as soon as the next one begins. Text never becomes a formula or a link.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(file), options) as book:
        formats = _Formats(book)
        for name, (head, rows) in sheets.items():
            _write_sheet(book.add_worksheet(name), head, rows, formats)


class _Formats:
    """The workbook's number formats, one per number of decimals."""

    def __init__(self, book: Any) -> None:
        self._book, self._of = book, dict[int, Any]()
        self.head = book.add_format({"bold": True, "bottom": 1})

    def amount(self, value: Decimal) -> Any:
        exponent = value.as_tuple().exponent
        decimals = max(-exponent, 0) if isinstance(exponent, int) else 0
        if decimals not in self._of:
            self._of[decimals] = self._book.add_format({"num_format": f"#,##0.{'0' * decimals}" if decimals else "#,##0"})
        return self._of[decimals]


def _write_sheet(sheet: Any, head: Sequence[str], rows: Iterable[Sequence[Cell]], formats: _Formats) -> None:
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 2 * len(head), 16)
    exact = [column for column, title in enumerate(head) if title in AMOUNTS]
    for column, title in enumerate((*head, *(f"{head[each]} (exact)" for each in exact))):
        sheet.write_string(0, column, title, formats.head)
    for position, row in enumerate(rows, 1):
        for column, cell in enumerate((*row, *(_plain(row[each]) for each in exact))):
            _write_cell(sheet, position, column, cell, formats)


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, formats: _Formats) -> None:
    if isinstance(cell, Decimal):
        sheet.write_number(row, column, cell, formats.amount(cell))
    elif isinstance(cell, int):
        sheet.write_number(row, column, cell)
    elif cell:
        sheet.write_string(row, column, cell)


# -- for the task log ------------------------------------------------------------------------------------------------------------------


def text_table(found: Reconciliation) -> str:
    """The control totals, the differences by cause, and those without one, for people."""
    setting = found.setting
    lines = [f"{setting.division}, {setting.starts_on} to {setting.ends_on}", _row("currency", "measure", "sales", "staging", "platform")]
    for line in found.lines:
        sides = (line.sales, line.staged, line.platform)
        lines.append(_row(line.currency, line.measure, *(_side(side, line.currency) for side in sides)))
    lines += _causes(found)
    lines += [f"UNRECONCILED {_words(each)}" for each in found.unreconciled]
    lines.append(f"unreconciled={len(found.unreconciled)}")
    return "\n".join(lines)


def _row(currency: str, measure: str, *sides: str) -> str:
    return f"{currency:<10}{measure:<14}" + "".join(f"{side:>28}" for side in sides)


def _side(side: ControlTotal | None, currency: str) -> str:
    return "not told" if side is None else f"{_shown(side.amount, currency):,f} ({side.count:,})"


def _causes(found: Reconciliation) -> Iterator[str]:
    sums: dict[tuple[str, Measure, str, str], list[Difference]] = {}
    for each in found.differences:
        if each.cause.value:
            sums.setdefault((each.leg.value, each.measure, each.currency, each.cause.value), []).append(each)
    for (leg, measure, currency, cause), found_so in sums.items():
        amount = _shown(sum((each.amount for each in found_so), Decimal(0)), currency)
        count = len(found_so)
        yield f"{leg}, {measure}: {amount:,f} {currency} {cause} ({count:,} document{'' if count == 1 else 's'})"


def _words(each: Difference) -> str:
    where = f" on {each.connection}" if each.connection else ""
    amount = f"{_shown(each.amount, each.currency):,f} {each.currency}"
    return f"{each.leg}, {each.measure}: {each.number or 'control total'}{where} {amount}: {each.says}"
