"""The declarative mapping: a raw document becomes canonical, or says which field is wrong, and is never lost."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.canonical import CreditNote, Finding, Invoice, round_amount
from airbooks.config import ConfigError, SourceConfig
from airbooks.sources import MappingFailure, RawDocument, SourceMapping, compile_mapping, to_canonical
from airbooks.validation import Facts, validate
from airbooks.yaml_file import Problems, read_setting

MAPPING = """
totals: computed
fields:
  kind: { column: type, lookup: { INV: invoice, CRN: credit_note } }
  number: { column: no, required: true }
  division: { constant: UK }
  issue_date: { column: day, as: date, format: "%d/%m/%Y", required: true }
  currency: currency
  exchange_rate:
    when: rate
    fields: { base: { constant: GBP }, rate: { column: rate, as: number, optional: true } }
  buyer:
    fields:
      code: { column: customer, as: code }
      name: { column: customer, as: code, prefix: "Customer " }
      address: { fields: { country: { column: country, lookup: { EIRE: IE, "*": "=" } } } }
  notes: { column: notes, as: list, separator: ";" }
  preceding_invoices: { when: original, single: { number: original } }
  lines:
    each: rows
    position: line_id
    fields:
      kind: { column: sku, patterns: { "POST.*": freight, ".*": item } }
      name: { column: text, default: "" }
      quantity: { column: qty, as: number, absolute: true, required: true }
      net_price: { column: price, as: number, decimal: ",", required: true }
      tax_rate: { column: vat, as: number }
      dimensions: { fields: { order: no } }
"""
REFUSE = """
- code: NO-CUSTOMER
  where: { customer: blank }
  says: no customer is named on {no}.
  fix: Enter it.
- code: FREE
  where: { type: { in: [INV] } }
  lines: rows
  any_line: { price: zero, sku: { matches: "[A-Z]+" } }
  field: "rows[{index}].price"
  value: price
  says: line {line} ({sku}) costs nothing.
  fix: Enter the price.
"""
ROW = {"sku": "PUMP", "text": "Pump", "qty": "2", "price": "1.234,565", "vat": "20"}
PAYLOAD = {
    "type": "INV",
    "no": "SI-1",
    "day": "31/01/2026",
    "currency": "GBP",
    "rate": None,
    "customer": "17850.0",
    "country": "EIRE",
    "notes": "fragile; heavy",
    "original": "",
    "rows": [ROW, {**ROW, "sku": "POSTAGE", "text": "Postage", "qty": "1", "price": "10"}],
}


def compiled(folder: Path, mapping: str = MAPPING, refuse: str = REFUSE) -> SourceMapping:
    problems, settings = Problems(), []
    for name, text in (("mapping.yaml", mapping), ("refuse.yaml", refuse)):
        (folder / name).write_text(text, "utf-8")
        settings.append(read_setting(folder / name, problems))
    return compile_mapping(SourceConfig("shop", "file", MappingProxyType({}), *settings))


@pytest.fixture
def mapping(tmp_path: Path) -> SourceMapping:
    return compiled(tmp_path)


def raw(**changes: Any) -> RawDocument:
    return RawDocument("shop", "1", {**PAYLOAD, **changes}, datetime(2026, 1, 31, tzinfo=UTC))


def document(mapping: SourceMapping, **changes: Any) -> Invoice | CreditNote:
    made = to_canonical(mapping, raw(**changes))
    assert not isinstance(made, MappingFailure), made.findings
    return made


def findings(mapping: SourceMapping, waived: tuple[str, ...] = (), **changes: Any) -> tuple[Finding, ...]:
    made = to_canonical(mapping, raw(**changes), waived)
    assert isinstance(made, MappingFailure)
    assert made.raw.payload == {**PAYLOAD, **changes}
    return made.findings


def test_columns_constants_lookups_patterns_and_formats_make_an_invoice(mapping: SourceMapping) -> None:
    invoice = document(mapping)
    assert isinstance(invoice, Invoice)
    assert (invoice.source, invoice.source_id, invoice.number, invoice.division) == ("shop", "1", "SI-1", "UK")
    assert invoice.issue_date == date(2026, 1, 31)
    assert (invoice.buyer.code, invoice.buyer.name, invoice.buyer.address.country) == ("17850", "Customer 17850", "IE")
    assert invoice.notes == ("fragile", "heavy")
    assert [line.kind.value for line in invoice.lines] == ["item", "freight"]
    assert [line.line_id for line in invoice.lines] == ["1", "2"]
    assert invoice.lines[0].net_price == Decimal("1234.565")
    assert invoice.lines[0].dimensions == {"order": "SI-1"}


def test_totals_that_the_source_lacks_are_computed_to_the_cent(mapping: SourceMapping) -> None:
    invoice = document(mapping)
    assert [line.net_amount for line in invoice.lines] == [Decimal("2469.13"), Decimal("10.00")]
    assert (invoice.net_total, invoice.tax_total, invoice.gross_total) == (Decimal("2479.13"), Decimal("495.83"), Decimal("2974.96"))


def test_an_object_is_left_out_where_the_column_that_calls_for_it_is_empty(mapping: SourceMapping) -> None:
    assert document(mapping).exchange_rate is None
    assert document(mapping).preceding_invoices == ()
    assert document(mapping, original="SI-0").preceding_invoices[0].number == "SI-0"
    rate = document(mapping, rate="1.25").exchange_rate
    assert rate is not None
    assert rate.rate == Decimal("1.25")


def test_a_credit_note_has_positive_amounts(mapping: SourceMapping) -> None:
    credit = document(mapping, type="CRN", rows=[{**ROW, "qty": "-2"}])
    assert isinstance(credit, CreditNote)
    assert credit.gross_total == Decimal("2962.96")


@pytest.mark.parametrize(
    ("changes", "code", "field", "says"),
    [
        (
            {"day": "2026-01-31"},
            "SRC-FORMAT",
            "issue_date",
            "Document SI-1: Issue date is '2026-01-31'; expected a date written as %d/%m/%Y.",
        ),
        ({"day": None}, "SRC-MISSING", "issue_date", "Document SI-1: Issue date is empty; expected a date written as %d/%m/%Y."),
        ({"type": "PRO"}, "SRC-LOOKUP", "kind", "Document SI-1: Kind is 'PRO'; expected one of INV, CRN."),
        (
            {"rows": [{**ROW, "qty": "two"}]},
            "SRC-FORMAT",
            "lines[0].quantity",
            "Document SI-1: Quantity of line 1 is 'two'; expected a number",
        ),
        ({"rows": [ROW, {**ROW, "qty": "NaN"}]}, "SRC-FORMAT", "lines[1].quantity", "Document SI-1: Quantity of line 2 is 'NaN'"),
        ({"currency": "pounds"}, "SRC-VALUE", "currency", "Document SI-1: Currency is 'pounds': must be three capital letters (ISO 4217)."),
        ({"country": "Nowhere"}, "SRC-VALUE", "buyer.address.country", "Document SI-1: Country of the address is 'Nowhere': must be a"),
        ({"rows": []}, "SRC-MISSING", "lines", "Document SI-1: It has no lines."),
    ],
)
def test_what_cannot_be_taken_over_names_document_field_value_and_expected_form(
    mapping: SourceMapping, changes: dict[str, Any], code: str, field: str, says: str
) -> None:
    (finding,) = findings(mapping, **changes)
    assert (finding.code, finding.field) == (code, field)
    assert finding.says.startswith(says)
    assert finding.fix


def test_a_column_that_the_sales_system_renamed_is_one_cause_for_all_documents(mapping: SourceMapping) -> None:
    payload = {name: value for name, value in PAYLOAD.items() if name != "currency"}
    causes = set()
    for number in ("SI-1", "SI-2"):
        made = to_canonical(mapping, RawDocument("shop", number, {**payload, "no": number}, datetime(2026, 1, 31, tzinfo=UTC)))
        assert isinstance(made, MappingFailure)
        (finding,) = made.findings
        assert "the source gives no column 'currency'" in finding.says
        causes.add((finding.code, finding.subject))
    assert causes == {("SRC-COLUMN", "currency:currency")}


def test_a_rule_whose_column_is_gone_is_a_finding_and_not_silence(tmp_path: Path) -> None:
    (finding,) = findings(compiled(tmp_path, refuse=REFUSE.replace("price: zero", "cost: zero")))
    assert (finding.code, finding.value) == ("SRC-COLUMN", "cost")


def test_every_field_that_is_wrong_is_told_at_once(mapping: SourceMapping) -> None:
    assert [each.field for each in findings(mapping, day="soon", rows=[{**ROW, "price": "free"}])] == ["issue_date", "lines[0].net_price"]


def test_a_binary_float_never_becomes_money(mapping: SourceMapping) -> None:
    (finding,) = findings(mapping, rows=[{**ROW, "price": 0.1}])
    assert finding.field == "lines[0].net_price"


def test_a_refused_document_has_exactly_one_finding_in_the_words_of_the_configuration(mapping: SourceMapping) -> None:
    (finding,) = findings(mapping, customer=" ", day="soon", rows=[{**ROW, "price": "0"}])
    assert (finding.code, finding.says, finding.fix) == ("NO-CUSTOMER", "Document SI-1: no customer is named on SI-1.", "Enter it.")


def test_a_rule_about_lines_names_the_first_such_line(mapping: SourceMapping) -> None:
    (finding,) = findings(mapping, rows=[ROW, {**ROW, "price": "0.00"}])
    assert (finding.field, finding.value, finding.says) == ("rows[1].price", "0.00", "Document SI-1: line 2 (PUMP) costs nothing.")


def test_a_waived_rule_lets_the_document_through(mapping: SourceMapping) -> None:
    free = raw(rows=[ROW, {**ROW, "price": "0"}])
    assert isinstance(to_canonical(mapping, free), MappingFailure)
    assert isinstance(to_canonical(mapping, free, ("FREE",)), Invoice)


PRICES = st.decimals(Decimal("0.001"), Decimal("99999.999"), places=3)
QUANTITIES = st.decimals(Decimal("0.01"), Decimal(9999), places=2)
LINES = st.lists(st.tuples(QUANTITIES, PRICES, st.sampled_from(["0.5", "5", "20", "19"])), min_size=1, max_size=12)


@given(LINES)
def test_computed_totals_always_keep_the_arithmetic_rules(lines: list[tuple[Decimal, Decimal, str]]) -> None:
    rows = [{**ROW, "qty": str(quantity), "price": str(price).replace(".", ","), "vat": rate} for quantity, price, rate in lines]
    invoice = document(PROPERTY_MAPPING, rows=rows)
    assert [each.code for each in validate(invoice, Facts()) if each.code.startswith(("BR-CO-1", "BR-S", "PEPPOL", "BR-DEC"))] == []
    assert invoice.net_total == sum(round_amount(quantity * price, "GBP") for quantity, price, _ in lines)


@pytest.mark.parametrize(
    ("broken", "where", "says"),
    [
        ("currency: currency", "mapping.yaml:8", "there is no canonical field 'curency' (did you mean 'currency'?)"),
        ("vat, as: number", "mapping.yaml:27", "unknown conversion 'numbr'"),
        ("totals: computed", "mapping.yaml:2", "`totals` must be given or computed"),
        ("number: { column: no, required: true }", "mapping.yaml:5", "a field needs either `column` or `constant`"),
    ],
)
def test_a_mistake_in_a_mapping_is_told_with_its_line(tmp_path: Path, broken: str, where: str, says: str) -> None:
    mistakes = {
        "currency: currency": "curency: currency",
        "vat, as: number": "vat, as: numbr",
        "totals: computed": "totals: guessed",
        "number: { column: no, required: true }": "number: { required: true }",
    }
    with pytest.raises(ConfigError) as error:
        compiled(tmp_path, MAPPING.replace(broken, mistakes[broken]))
    assert any(where in line and says in line for line in str(error.value).splitlines())


def _property_mapping() -> SourceMapping:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        return compiled(Path(folder))


PROPERTY_MAPPING = _property_mapping()
