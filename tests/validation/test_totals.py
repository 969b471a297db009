"""The arithmetic of documents: what is right passes, and what is a cent off never does."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.documents import UNITS, credit_note, invoice, line, right_documents

from airbooks.canonical import CreditNote, Invoice
from airbooks.validation import Facts, validate

FACTS = Facts(route=("quickbooks_us",))
TOTALS = {
    "line_total": "BR-CO-10",
    "allowance_total": "BR-CO-11",
    "charge_total": "BR-CO-12",
    "net_total": "BR-CO-13",
    "tax_total": "BR-CO-14",
    "gross_total": "BR-CO-15",
    "amount_due": "BR-CO-16",
    "prepaid_amount": "BR-CO-16",
    "rounding_amount": "BR-CO-16",
}


def off_at(field: str, value: str) -> Invoice:
    return invoice().model_copy(update={field: Decimal(value)})


def codes(document: Invoice | CreditNote, facts: Facts = FACTS) -> set[str]:
    return {finding.code for finding in validate(document, facts)}


@given(right_documents())
def test_a_right_document_has_no_findings(document: Invoice | CreditNote) -> None:
    assert validate(document, FACTS) == ()


@given(right_documents(), st.sampled_from(sorted(TOTALS)), st.sampled_from([1, -1]))
def test_a_total_that_is_one_cent_off_is_found(document: Invoice | CreditNote, field: str, sign: int) -> None:
    cent = Decimal(sign).scaleb(-UNITS[document.currency])
    wrong = document.model_copy(update={field: getattr(document, field) + cent})
    assert TOTALS[field] in codes(wrong)


@given(right_documents(), st.data(), st.sampled_from([1, -1]))
def test_a_line_that_is_one_cent_off_is_found(document: Invoice | CreditNote, data: st.DataObject, sign: int) -> None:
    index = data.draw(st.integers(0, len(document.lines) - 1))
    cent = Decimal(sign).scaleb(-UNITS[document.currency])
    lines = list(document.lines)
    lines[index] = lines[index].model_copy(update={"net_amount": lines[index].net_amount + cent})
    assert {"PEPPOL-EN16931-R120", "BR-CO-10", "BR-S-08"} <= codes(document.model_copy(update={"lines": tuple(lines)}))


@given(right_documents(), st.sampled_from(["taxable_amount", "tax_amount"]), st.sampled_from([1, -1]))
def test_a_tax_subtotal_that_is_one_cent_off_is_found(document: Invoice | CreditNote, field: str, sign: int) -> None:
    cent = Decimal(sign).scaleb(-UNITS[document.currency])
    first, *rest = document.tax_breakdown
    wrong = first.model_copy(update={field: getattr(first, field) + cent})
    assert codes(document.model_copy(update={"tax_breakdown": (wrong, *rest)})) & {"BR-S-08", "BR-CO-17"}


@pytest.mark.parametrize(
    ("quantity", "price", "net"),
    [("1", "0.005", "0.01"), ("3", "0.115", "0.35"), ("1", "0.0049", "0.00"), ("2", "11.2225", "22.45"), ("2", "11.2224", "22.44")],
)
def test_halves_of_a_cent_are_rounded_up_on_invoices_and_credit_notes(quantity: str, price: str, net: str) -> None:
    for make in (invoice, credit_note):
        document = make(line(1, quantity, price, net_amount=Decimal(net)), line(2))
        assert codes(document) == set()


def test_tax_is_computed_on_the_sum_of_the_lines_and_not_line_by_line() -> None:
    by_sum = invoice(*(line(number, "1", "25.43", "15") for number in (1, 2, 3)))
    assert by_sum.tax_total == Decimal("11.44")
    assert codes(by_sum) == set()
    first = by_sum.tax_breakdown[0].model_copy(update={"tax_amount": Decimal("11.43")})
    by_line = by_sum.model_copy(
        update={"tax_breakdown": (first,), "tax_total": Decimal("11.43"), "gross_total": Decimal("87.72"), "amount_due": Decimal("87.72")}
    )
    assert codes(by_line) == {"BR-CO-17"}


@pytest.mark.parametrize(("currency", "tax"), [("JPY", "20"), ("EUR", "20.00"), ("KWD", "20.000")])
def test_amounts_have_the_decimals_of_their_currency(currency: str, tax: str) -> None:
    document = invoice(line(currency=currency), currency=currency)
    assert document.tax_total == Decimal(tax)
    assert codes(document) == set()


@pytest.mark.parametrize(
    ("field", "code"),
    [
        ("line_total", "BR-DEC-09"),
        ("allowance_total", "BR-DEC-10"),
        ("charge_total", "BR-DEC-11"),
        ("net_total", "BR-DEC-12"),
        ("tax_total", "BR-DEC-13"),
        ("gross_total", "BR-DEC-14"),
        ("prepaid_amount", "BR-DEC-16"),
        ("rounding_amount", "BR-DEC-17"),
        ("amount_due", "BR-DEC-18"),
    ],
)
def test_an_amount_finer_than_the_smallest_coin_is_found(field: str, code: str) -> None:
    assert code in codes(off_at(field, "100.001"))
    assert code not in codes(off_at(field, "100.0100"))


def test_a_prepaid_amount_and_a_rounding_are_part_of_what_is_due() -> None:
    paid: dict[str, Any] = {"prepaid_amount": Decimal("20.02"), "rounding_amount": Decimal("0.02")}
    assert codes(invoice(**paid, amount_due=Decimal("100.00"))) == set()
    assert codes(invoice(**paid, amount_due=Decimal("99.98"))) == {"BR-CO-16"}


def test_amounts_of_eighteen_digits_are_checked_exactly() -> None:
    big = invoice(line(1, "1", "123456789012345678.89", "0", "Z"))
    assert big.gross_total == Decimal("123456789012345678.89")
    assert codes(big) == set()
    assert "BR-CO-15" in codes(big.model_copy(update={"gross_total": Decimal("123456789012345678.88")}))


@pytest.mark.parametrize("absurd", ["1E+18", "1E+999", "1E-15"])
def test_an_absurd_number_is_one_finding_and_never_a_crash(absurd: str) -> None:
    assert codes(invoice(gross_total=Decimal(absurd))) == {"AB-RANGE"}
    assert codes(invoice(line().model_copy(update={"net_price": Decimal(absurd)}), line(2))) == {"AB-RANGE"}


def test_the_message_names_the_document_and_the_amounts() -> None:
    (finding,) = (each for each in validate(invoice(gross_total=Decimal("1120.01")), FACTS) if each.code == "BR-CO-15")
    assert finding.says == "Invoice UK-SI-000123: total with tax 1,120.01 is not net 100.00 + tax 20.00 = 120.00."
    assert (finding.field, finding.value) == ("gross_total", "1120.01")
    assert finding.fix == "Correct the total or the tax in the sales system and send the document again."
