"""What no voucher can hold is refused beforehand, in words; what a ledger has no place for is told."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.unit4.documents import SETTINGS, credit, euros, full_sale, line, off, sale

from airbooks.canonical import CreditNote, Invoice, Line, LineKind, PaymentTerms, Severity
from airbooks.platforms.errors import ConfigurationError
from airbooks.platforms.unit4.refusals import refusals
from airbooks.platforms.unit4.settings import dimension_slots, lookup, table

Document = Invoice | CreditNote


def errors(document: Document, **settings: str) -> list[str]:
    found = refusals(document, {**SETTINGS, **settings}, "unit4_uk")
    assert all(each.says and each.fix and each.connection == "unit4_uk" for each in found)
    return [each.field for each in found if each.severity is Severity.ERROR]


def test_what_a_voucher_can_hold_is_not_refused() -> None:
    assert errors(full_sale()) == []
    assert errors(credit()) == []


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (sale(number="26020308031599"), "number"),
        (sale(number="N" * 98), "number"),
        (sale(prepaid_amount=Decimal(20)), "prepaid_amount"),
        (sale(rounding_amount=Decimal("0.02")), "rounding_amount"),
        (sale(withholding_tax=Decimal(5)), "withholding_tax"),
        (sale(line(price="-10.00")), "gross_total"),
        (sale(tax_breakdown=()), "tax_breakdown"),
        (sale(line(tax_code="")), "tax_breakdown"),
        (sale(line(net_amount=Decimal("10.001"))), "lines[0].net_amount"),
        (sale(line(), currency="EUR"), "exchange_rate"),
        (sale(due_date=None, terms=PaymentTerms(code="Agreed")), "due_date"),
        (sale(line(dimensions={"shoe size": "44"})), "dimensions"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_a_voucher_cannot_hold_is_refused_by_name(document: Document, field: str) -> None:
    assert field in errors(document)


def test_a_number_of_digits_that_fits_an_integer_is_taken() -> None:
    assert errors(sale(number="2147483647")) == []
    assert errors(sale(number="2147483648")) == ["number"]


def test_a_rate_to_another_currency_is_none_of_this_company() -> None:
    document = full_sale()
    assert document.exchange_rate is not None
    wrong = document.exchange_rate.model_copy(update={"base": "USD"})
    assert errors(document.model_copy(update={"exchange_rate": wrong})) == ["exchange_rate.base"]


def test_pence_without_a_rounding_account_are_refused_and_not_hidden() -> None:
    lines = [line(number, price="0.33") for number in (1, 2, 3)]
    assert errors(sale(*lines, **euros()), rounding_account="") == ["exchange_rate.rate"]
    assert errors(sale(*lines, **euros())) == []
    assert errors(full_sale(), rounding_account="") == []


def test_a_document_that_one_call_cannot_hold_is_refused_whole() -> None:
    document = sale(line())
    many = document.model_copy(update={"lines": tuple(document.lines) * 9_999, "line_total": document.line_total * 9_999})
    assert "lines" in errors(many)


def test_an_interface_with_a_slash_would_break_the_address_of_its_batches() -> None:
    assert errors(sale(), interface="B/I") == ["interface"]


def test_words_that_a_ledger_has_no_place_for_are_told_and_let_through() -> None:
    comment = Line(line_id="2", kind=LineKind.COMMENT, name="Deliver to the rear gate.", quantity=Decimal(0))
    long = line(3, description="Stainless. " * 40)
    document = sale(line(), comment, long, notes=("Handle with care.",), sales_order="SO-88213", charges=[off("1.00")])
    (found,) = refusals(document, SETTINGS)
    assert found.severity is Severity.WARNING
    for name in ("notes", "sales_order", "lines[1].text of the comment", "lines[2].description"):
        assert name in found.says


@pytest.mark.parametrize("text", ["department", "department=8:C1", "department=1", "department:1=C1"])
def test_a_dimension_map_that_cannot_be_read_names_itself(text: str) -> None:
    with pytest.raises(ConfigurationError, match="dimension_map"):
        dimension_slots({"dimension_map": text})


@pytest.mark.parametrize("text", ["{", "[]", '{"rest": 1}'])
def test_a_table_that_is_no_json_of_texts_names_itself(text: str) -> None:
    with pytest.raises(ConfigurationError, match="status_fields"):
        table({"status_fields": text}, "status_fields")


def test_a_lookup_names_its_object_and_properties() -> None:
    found = lookup({"account_lookup": "accounts(account, description,status)"}, "account_lookup")
    assert found is not None
    assert (found.name, found.properties) == ("accounts", ("account", "description", "status"))
    assert lookup({}, "account_lookup") is None
    with pytest.raises(ConfigurationError, match="account_lookup"):
        lookup({"account_lookup": "accounts"}, "account_lookup")


def test_findings_are_plain_values() -> None:
    (found,) = refusals(sale(prepaid_amount=Decimal(20)), SETTINGS)
    changed: Any = replace(found, connection="other")
    assert changed != found
