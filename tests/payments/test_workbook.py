"""The report of a reconciliation: every amount exact, in Excel, CSV and the log."""

from __future__ import annotations

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from airbooks.payments.differences import Cause, Difference, Leg, Measure, Setting
from airbooks.payments.reconciliation import ControlTotal, Line, Reconciliation
from airbooks.payments.workbook import text_table, write_csv, write_workbook
from airbooks.staging.balances import Balance, StillOpen, Why

MARCH = Setting(division="AU", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))


def total(count: int, amount: str) -> ControlTotal:
    return ControlTotal(count=count, amount=Decimal(amount))


def difference(amount: str = "100.5", cause: Cause = Cause.IN_DELIVERY, currency: str = "AUD", **fields: Any) -> Difference:
    made = {"leg": Leg.PLATFORM, "measure": Measure.INVOICES, "number": "AU-SI-1", "connection": "odoo_au", "says": "waits to be sent"}
    return Difference(currency=currency, cause=cause, amount=Decimal(amount), **{**made, **fields})


def found(*differences: Difference) -> Reconciliation:
    lines = (
        Line(currency="AUD", measure=Measure.INVOICES, sales=None, staged=total(2, "1300.5"), platform=total(1, "1200")),
        Line(currency="JPY", measure=Measure.OPEN, sales=total(1, "5000"), staged=total(1, "4900"), platform=total(1, "4900")),
    )
    return Reconciliation(setting=MARCH, lines=lines, differences=differences)


def still_open() -> StillOpen:
    amounts = {"total": Decimal("100.00"), "ours": Decimal("30.00"), "theirs": Decimal(0), "credited": Decimal(0), "taken_back": Decimal(0)}
    balance = Balance(
        document_id=1,
        source="erp",
        source_id="1",
        connection="odoo_au",
        division="AU",
        kind="invoice",
        number="AU-SI-1",
        customer_code="C-1",
        customer_name='=HYPERLINK("http://x")',
        currency="AUD",
        state="valid",
        delivery="delivered",
        in_review=False,
        remote_number="",
        issue_date=date(2026, 3, 10),
        due_date=None,
        net_days=30,
        discount_percent=None,
        discount_days=None,
        purchase_order="",
        sales_order="",
        rate=None,
        **amounts,
    )
    return StillOpen(balance, Why.PARTIALLY_PAID, "70.00 AUD of 100.00 open")


def sheets(file: Path) -> dict[str, list[list[Any]]]:
    book = CalamineWorkbook.from_path(str(file))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_the_workbook_has_totals_open_items_and_differences(tmp_path: Path) -> None:
    write_workbook(tmp_path / "report.xlsx", found(difference()), [still_open()])
    seen = sheets(tmp_path / "report.xlsx")
    assert list(seen) == ["Totals", "Open items", "Differences"]
    rows = [dict(zip(seen["Totals"][0], row, strict=True)) for row in seen["Totals"][1:]]
    assert [(row["Sales amount"], row["Sales amount (exact)"], row["Staged amount"], row["Staged amount (exact)"]) for row in rows] == [
        ("", "", 1300.5, "1300.50"),
        (5000.0, "5000", 4900.0, "4900"),
    ]
    (item,) = (dict(zip(seen["Open items"][0], row, strict=True)) for row in seen["Open items"][1:])
    assert (item["Open"], item["Open (exact)"], item["Due"], item["Why"]) == (70.0, "70.00", "2026-04-09", "partially paid")
    (row,) = (dict(zip(seen["Differences"][0], row, strict=True)) for row in seen["Differences"][1:])
    assert (row["Document"], row["Cause"], row["Amount"], row["Amount (exact)"]) == ("AU-SI-1", "in delivery", 100.5, "100.50")


def test_text_from_outside_never_becomes_a_formula(tmp_path: Path) -> None:
    write_workbook(tmp_path / "report.xlsx", found(), [still_open()])
    (head, row) = sheets(tmp_path / "report.xlsx")["Open items"]
    assert dict(zip(head, row, strict=True))["Name"] == '=HYPERLINK("http://x")'


@given(st.decimals("-9999999999999.99", "9999999999999.99", places=2))
def test_every_amount_of_a_cell_is_the_nearest_number_and_its_neighbour_is_exact(tmp_path_factory: Any, amount: Decimal) -> None:
    file = tmp_path_factory.mktemp("book") / "report.xlsx"
    write_workbook(file, found(difference(str(amount))), [])
    (head, row) = sheets(file)["Differences"]
    cells = dict(zip(head, row, strict=True))
    assert Decimal(cells["Amount (exact)"]) == amount
    assert round(Decimal(cells["Amount"]), 2) == amount


@pytest.mark.parametrize(("currency", "amount", "shown"), [("JPY", "5", "5"), ("KWD", "1.5", "1.500"), ("AUD", "0.001", "0.001")])
def test_amounts_have_the_decimals_of_their_currency(tmp_path: Path, currency: str, amount: str, shown: str) -> None:
    write_csv(tmp_path / "report.csv", found(difference(amount, currency=currency)))
    with (tmp_path / "report.csv").open(encoding="utf-8", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["Amount"], row["Currency"], row["In words"]) == (shown, currency, "waits to be sent")


def test_the_log_says_the_totals_the_causes_and_what_nobody_can_explain() -> None:
    text = text_table(found(difference(), difference("-3", Cause.UNEXPLAINED, number="", connection="", says="counts 2, lists 1")))
    assert "AUD       invoices                          not told                1,300.50 (2)                1,200.00 (1)" in text
    assert "staging - platform, invoices: 100.50 AUD in delivery (1 document)" in text
    assert "UNRECONCILED staging - platform, invoices: control total -3.00 AUD: counts 2, lists 1" in text
    assert text.endswith("unreconciled=1")
