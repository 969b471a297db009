"""Tables of payments: whatever a bank's export looks like, the declared columns become exact movements."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st
from tests.sources.bank.declared import mapping, table
from tests.sources.bank.statements import parted, taken

from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.movement import Debits, Reading, StatementError
from airbooks.sources.bank.table import read_table
from airbooks.yaml_file import ConfigError

READING = Reading(source="bank_csv", debits=Debits.ALL)
GERMAN = table(
    """
    fields:
      booked_on: { column: Buchungstag, as: date, format: "%d.%m.%Y", required: true }
      amount: { column: Betrag, as: amount, decimal: ",", required: true }
      payer_name: Zahler
      text: Verwendungszweck
    direction: { column: S/H, lookup: { S: out, H: in } }
    """,
    options={"sep": ";"},
)
GERMAN_HEAD = "Buchungstag;Betrag;S/H;Zahler;Verwendungszweck\n"
AMERICAN = table(
    """
    fields:
      booked_on: { column: Date, as: date, format: "%m/%d/%Y" }
      amount: { column: Credit, as: amount }
      text: Description
      bank_reference: { column: Ref, optional: true }
    debit: { column: Debit, as: amount }
    """
)


def test_decimal_commas_dates_and_a_letter_for_the_direction() -> None:
    data = f"{GERMAN_HEAD}02.11.2026;1.190,50;H;Nordwind GmbH;EU-SI-000123\n03.11.2026;10,00;S;Nordwind GmbH;Erstattung\n".encode()
    receipt, refund = taken(read_table(data, "giro.csv", READING, GERMAN))
    assert (receipt.amount, receipt.booked_on, receipt.kind) == (Decimal("1190.50"), date(2026, 11, 2), PaymentKind.RECEIPT)
    assert (refund.amount, refund.kind) == (Decimal("10.00"), PaymentKind.REFUND)
    assert (receipt.account, receipt.currency, receipt.source_id) == ("giro", "EUR", "giro.csv, row 1")


def test_amounts_in_two_columns_whatever_their_sign_and_thousands() -> None:
    data = b'Date,Credit,Debit,Description\n11/02/2026,"1,190.50",,A\n11/02/2026,,-20.00,B\n11/02/2026,0.00,(30.00),C\n11/02/2026,,,D\n'
    found = taken(read_table(data, "us.csv", READING, AMERICAN))
    assert [(each.amount, each.kind) for each in found] == [
        (Decimal("1190.50"), PaymentKind.RECEIPT),
        (Decimal("20.00"), PaymentKind.REFUND),
        (Decimal("30.00"), PaymentKind.REFUND),
    ]


def test_a_line_with_a_credit_and_a_debit_is_named_and_holds_no_other() -> None:
    rows = ("11/02/2026,1.00,2.00,A", "11/02/2026,3.00,,B", "2026-11-02,4.00,,C", "11/02/2026,5.005,,D", "11/02/2026,1.5e3,,E")
    data = "\n".join(("Date,Credit,Debit,Description", *rows)).encode()
    good, bad = parted(read_table(data, "us.csv", READING, AMERICAN))
    assert [each.amount for each in good] == [Decimal("3.00")]
    assert [(each.entry, each.field) for each in bad] == [
        ("row 1", "debit"),
        ("row 3", "booked_on"),
        ("row 4", "amount"),
        ("row 5", "amount"),
    ]


REMITTANCE = table(
    """
    total: sum
    fields:
      booked_on: { column: Paid on, as: date }
      payer_name: Customer
      references: { column: Payment, as: list }
      advice:
        each: lines
        fields:
          document_number: Invoice
          amount: { column: Paid, as: amount }
          discount: { column: Discount, as: amount, default: "0" }
    """,
    key="Payment",
)


def test_several_lines_of_one_payment_are_its_advice_wherever_they_stand() -> None:
    data = (
        b"Payment,Paid on,Customer,Invoice,Paid,Discount\nP-1,2026-11-02,Northwind,US-SI-000001,98.00,2.00\n"
        b"P-2,2026-11-02,Harbour Air,US-SI-000002,50.00,\nP-1,2026-11-02,Northwind,US-CN-000003,-8.00,\n"
    )
    first, second = taken(read_table(data, "advice.csv", READING, REMITTANCE))
    assert (first.amount, first.references) == (Decimal("90.00"), ("P-1",))
    assert [(each.document_number, each.amount, each.discount) for each in first.advice] == [
        ("US-SI-000001", Decimal("98.00"), Decimal("2.00")),
        ("US-CN-000003", Decimal("-8.00"), 0),
    ]
    assert second.amount == Decimal("50.00")


def test_an_excel_sheet_is_a_table_too() -> None:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        sheet = book.add_worksheet()
        for n, row in enumerate([["Date", "Credit", "Debit", "Description"], ["11/02/2026", "1190.50", "", "A"]]):
            sheet.write_row(n, 0, row)
    (found,) = taken(read_table(file.getvalue(), "us.xlsx", READING, AMERICAN))
    assert found.amount == Decimal("1190.50")


def test_equal_rows_are_as_many_as_they_are_and_the_same_file_tells_nothing_new() -> None:
    data = b"Date,Credit,Debit,Description\n" + b"11/02/2026,10.00,,A\n" * 3
    once, again = ([each.fingerprint for each in taken(read_table(data, name, READING, AMERICAN))] for name in ("a.csv", "b.csv"))
    assert once == again
    assert len(set(once)) == 3


def test_a_longer_export_tells_only_what_is_new() -> None:
    head = b"Date,Credit,Debit,Description\n"
    short, long = head + b"11/02/2026,10.00,,A\n", head + b"11/01/2026,1.00,,Z\n11/02/2026,10.00,,A\n11/03/2026,10.00,,A\n"
    known, told = ({each.fingerprint for each in taken(read_table(data, "a.csv", READING, AMERICAN))} for data in (short, long))
    assert len(told - known) == 2


def test_a_sheet_that_unpacks_without_bounds_is_refused() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/worksheets/sheet1.xml", bytes(11_000_000))
    with pytest.raises(StatementError, match=r"us\.xlsx unpacks to 11 MB"):
        taken(read_table(file.getvalue(), "us.xlsx", Reading(source="bank", max_megabytes=1), AMERICAN))


@pytest.mark.parametrize(
    ("data", "name", "words"),
    [
        (b"\xff\xfe\x00", "a.csv", "is no csv"),
        (b"not a zip", "a.xlsx", "is no excel"),
        (b"", "a.csv", "is no csv"),
        (b"x", "a.txt", "of no known format"),
        (b"Other\n1\n", "a.csv", "has no column 'Payment'; it has Other"),
    ],
)
def test_a_file_that_is_not_as_declared_is_refused(data: bytes, name: str, words: str) -> None:
    with pytest.raises(StatementError, match=words):
        taken(read_table(data, name, READING, REMITTANCE))


def test_a_column_that_is_missing_is_told_by_name() -> None:
    _, bad = parted(read_table(b"Date,Description\n11/02/2026,A\n", "us.csv", READING, AMERICAN))
    assert "no column 'Credit'" in bad[0].message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("fields: { booked_on: A, amount: B, currency: C }", "'account' is required"),
        ("fields: { booked_on: A, amout: B, currency: C, account: D }", "no canonical field 'amout' (did you mean 'amount'?)"),
        ("fields: { booked_on: A, amount: B, currency: C, account: D, fingerprint: E }", "'fingerprint' is not a column"),
        ("total: most\nfields: { booked_on: A, amount: B, currency: C, account: D }", "can only be sum"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(ConfigError) as error:
        mapping(text)
    assert words in str(error.value)
    assert str(error.value).startswith("payments.yaml:")


@given(cents=st.lists(st.integers(-(10**12), 10**12).filter(bool), min_size=1, max_size=6), comma=st.booleans())
def test_every_printed_amount_comes_back_to_the_cent(cents: list[int], comma: bool) -> None:
    printed = [f"{Decimal(each).scaleb(-2):,.2f}" for each in cents]
    if comma:
        printed = [each.translate(str.maketrans(",.", ".,")) for each in printed]
    how = table(
        f'fields: {{ booked_on: D, amount: {{ column: A, as: amount, decimal: "{"," if comma else "."}" }} }}', options={"sep": ";"}
    )
    data = "D;A\n" + "".join(f"2026-11-02;{each}\n" for each in printed)
    found = taken(read_table(data.encode(), "a.csv", READING, how))
    assert [each.amount if each.kind is PaymentKind.RECEIPT else -each.amount for each in found] == [
        Decimal(each).scaleb(-2) for each in cents
    ]
