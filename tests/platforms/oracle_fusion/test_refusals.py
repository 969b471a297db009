"""What receivables cannot express is told beforehand; what the form holds is read or refused."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.oracle_fusion.documents import SETTINGS, discount, invoice, line, references

from airbooks.canonical import (
    DocumentKind,
    ExchangeRate,
    Invoice,
    PaymentTerms,
    Severity,
)
from airbooks.platforms.errors import ConfigurationError
from airbooks.platforms.oracle_fusion import mapping
from airbooks.platforms.oracle_fusion.refusals import refusals
from airbooks.platforms.oracle_fusion.settings import segments, table

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE
NO_OPTIONS: Mapping[str, Any] = {}


EUR: dict[str, Any] = {"currency": "EUR"}


@pytest.mark.parametrize(
    ("document", "changes", "code", "field"),
    [
        (invoice(number="N" * 21), {}, "ORA-NUMBER", "number"),
        (invoice(number='A"1'), {}, "ORA-NUMBER", "number"),
        (invoice(prepaid_amount=D(1)), {}, "ORA-TOTALS", "prepaid_amount"),
        (invoice(rounding_amount=D("0.01")), {}, "ORA-TOTALS", "rounding_amount"),
        (invoice(withholding_tax=D(5)), {}, "ORA-TOTALS", "withholding_tax"),
        (invoice(**EUR), {}, "ORA-CURRENCY", "exchange_rate"),
        (invoice(**EUR, exchange_rate=ExchangeRate(base="GBP", rate=D(1))), {}, "ORA-CURRENCY", "exchange_rate.base"),
        (invoice(line(tax_code="")), {}, "ORA-TAX", "lines[1].tax_code"),
        (invoice(), {"tax_lines": "manual", "tax_regime": ""}, "ORA-TAX", "tax_breakdown"),
        (invoice(charges=[discount("1")]), {"discount_memo_line": ""}, "ORA-MEMO", "allowances_charges[0]"),
        (invoice(charges=[discount("1", is_charge=True)]), {"charge_memo_line": ""}, "ORA-MEMO", "allowances_charges[0]"),
        (invoice(line(dimensions={"department": "X"})), {"line_segments": ""}, "ORA-DIMENSION", "dimensions"),
        (invoice(line(description="x" * 240)), {}, "ORA-TEXT", "lines[0].description"),
        (invoice(purchase_order="P" * 51), {}, "ORA-TEXT", "purchase_order"),
        (invoice(internal_note="n" * 241), {}, "ORA-TEXT", "internal_note"),
        (invoice(notes=("n" * 1761,)), {}, "ORA-TEXT", "notes"),
        (invoice(line(net_amount=D("19750.001"))), {}, "ORA-DECIMALS", "lines[0].net_amount"),
    ],
)
def test_what_receivables_cannot_express_is_told_before_anything_is_sent(
    document: Invoice, changes: dict[str, str], code: str, field: str
) -> None:
    found = refusals(document, {**SETTINGS, **changes}, "oracle_fusion_us")
    assert [(each.code, each.field, each.severity) for each in found] == [(code, field, Severity.ERROR)]
    assert found[0].says
    assert found[0].fix


def test_a_rate_of_oracle_does_for_foreign_documents_when_the_connection_says_so() -> None:
    document = invoice(**EUR)
    assert refusals(document, {**SETTINGS, "conversion_rate_type": "Corporate"}) == ()
    body = mapping.document_body(document, references(conversion_rate_type="Corporate"), NO_OPTIONS)
    assert (body["ConversionRateType"], body["ConversionDate"]) == ("Corporate", "2026-03-16")
    assert "ConversionRate" not in body


def test_a_due_date_without_terms_is_a_warning() -> None:
    (found,) = refusals(invoice(terms=PaymentTerms()), SETTINGS)
    assert (found.severity, found.field) == (Severity.WARNING, "due_date")


@pytest.mark.parametrize("text", ["10042", "[1]", '{"C-1": 10042}', '{"C-1": ""}'])
def test_a_customer_table_that_is_none_is_said_so(text: str) -> None:
    with pytest.raises(ConfigurationError, match="customer_accounts"):
        table({"customer_accounts": text}, "customer_accounts")


@pytest.mark.parametrize("text", ["department", "department=x", "=x:y"])
def test_a_segment_without_its_parts_is_said_so(text: str) -> None:
    with pytest.raises(ConfigurationError, match="line_segments"):
        segments({"line_segments": text})
