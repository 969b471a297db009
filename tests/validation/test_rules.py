"""Every rule, broken and kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from tests.documents import BUYER, SELLER, credit_note, invoice, line

import airbooks.validation
from airbooks.canonical import (
    AllowanceCharge,
    CreditNote,
    DocumentReference,
    ExchangeRate,
    Invoice,
    Line,
    LineKind,
    PaymentTerms,
    Period,
    Severity,
    TaxCategory,
)
from airbooks.validation import RULES, Facts, Rule, validate
from airbooks.validation.rules import numbers_are_sane

FACTS = Facts(route=("quickbooks_us",))
Document = Invoice | CreditNote


@dataclass(frozen=True)
class Case:
    """A document that breaks `code` (and may break others), and its neighbour that keeps it."""

    code: str
    broken: Document
    kept: Document
    broken_facts: Facts = FACTS
    kept_facts: Facts = FACTS


def discount(amount: str = "10", *, rate: str = "20", category: str = "S", **fields: object) -> AllowanceCharge:
    given: dict[str, Any] = {"reason": "Volume discount", "tax_code": f"GB-{category}{rate}", **fields}
    return AllowanceCharge(amount=Decimal(amount), tax_category=TaxCategory(category), tax_rate=Decimal(rate), **given)


def changed(document: Document, field: str, value: object) -> Document:
    return document.model_copy(update={field: value})


def with_tax(document: Document, **changes: object) -> Document:
    first, *rest = document.tax_breakdown
    return document.model_copy(update={"tax_breakdown": (first.model_copy(update=changes), *rest)})


def number_cases() -> Iterator[Case]:
    good = invoice()
    yield Case("AB-NUMBER", invoice(number=""), good)
    yield Case("AB-NUMBER", invoice(number="N" * 36), invoice(number="N" * 35))
    yield Case("AB-RANGE", invoice(gross_total=Decimal("1E+30")), good)
    yield Case("AB-CURRENCY", invoice(currency="EUR").model_copy(update={"currency": "XXX"}), good)
    rate = ExchangeRate(base="USD", rate=Decimal("1.1"))
    yield Case("AB-CURRENCY", invoice(exchange_rate=rate.model_copy(update={"base": "XTS"})), invoice(exchange_rate=rate))


def party_and_date_cases() -> Iterator[Case]:
    good = invoice()
    yield Case("BR-07", invoice(buyer=BUYER.model_copy(update={"name": ""})), good)
    yield Case("AB-CUSTOMER", invoice(buyer=BUYER.model_copy(update={"code": ""})), good)
    nothing: dict[str, Any] = {"due_date": None, "terms": PaymentTerms()}
    yield Case("BR-CO-25", invoice(**nothing), invoice(due_date=None))
    yield Case("BR-CO-25", invoice(**nothing), invoice(terms=PaymentTerms()))
    yield Case("BR-CO-25", invoice(**nothing), credit_note(**nothing))
    paid: dict[str, Any] = {"prepaid_amount": Decimal("120.00"), "amount_due": Decimal("0.00")}
    yield Case("BR-CO-25", invoice(**nothing), invoice(**nothing, **paid))
    yield Case("AB-DUE-DATE", invoice(due_date=date(2026, 3, 15)), invoice(due_date=date(2026, 3, 16)))
    march = Period(start=date(2026, 3, 1), end=date(2026, 3, 31))
    yield Case("BR-29", invoice(period=march.model_copy(update={"end": date(2026, 2, 28)})), invoice(period=march))
    yield Case("AB-TOTAL", invoice(line(1, "-2")), good)
    yield Case("AB-TOTAL", credit_note(line(1, "1", "0")), invoice(line(1, "1", "0")))
    yield Case("AB-PRECEDING", credit_note(preceding_invoices=()), credit_note())
    yield Case("BR-55", credit_note(preceding_invoices=(DocumentReference(number=""),)), credit_note())


def text_cases() -> Iterator[Case]:
    for code, wrong, right in (
        ("AB-NAME-LENGTH", "N" * 101, "N" * 100),
        ("AB-CONTROL-CHARACTERS", "Foundry\x0b Ltd", "Kältewerk Ünal 🛠️ GmbH\t& Co"),
    ):
        yield Case(code, invoice(buyer=BUYER.model_copy(update={"name": wrong})), invoice(buyer=BUYER.model_copy(update={"name": right})))
        yield Case(code, invoice(line(name=wrong)), invoice(line(name=right)))


def line_cases() -> Iterator[Case]:
    good = invoice()
    yield Case("PEPPOL-EN16931-R120", invoice(line(net_amount=Decimal("100.01"))), good)
    yield Case(
        "PEPPOL-EN16931-R120",
        invoice(line(base_quantity=Decimal(10))),
        invoice(line(quantity="20", base_quantity=Decimal(10), net_amount=Decimal(100))),
    )
    taxed = line(price="60", net_amount=Decimal("100.00"))
    yield Case("PEPPOL-EN16931-R120", invoice(taxed), invoice(taxed, prices_include_tax=True))
    yield Case("BR-21", invoice(line(1), line(1)), invoice(line(1), line(2)))
    yield Case("BR-21", invoice(line("")), good)
    yield Case("BR-23", invoice(line(unit="")), good)
    yield Case("BR-25", invoice(line(name="")), good)
    yield Case("BR-27", invoice(line(price="-50"), line(2, "4")), good)
    yield Case("BR-28", invoice(line(gross_price=Decimal(-1))), invoice(line(gross_price=Decimal(50))))
    before: dict[str, Any] = {"gross_price": Decimal(55), "price_discount": Decimal(5)}
    yield Case("PEPPOL-EN16931-R046", invoice(line(**{**before, "gross_price": Decimal(56)})), invoice(line(**before)))
    yield Case("AB-ZERO-PRICE", invoice(line(1), line(2, "1", "0")), invoice(line(1), line(2, "0", "0")))
    comment = line(2, "1", "0", kind=LineKind.COMMENT, unit="")
    yield Case("AB-COMMENT", invoice(line(1), changed_line(comment, net_amount=Decimal(1))), invoice(line(1), comment))
    yield Case("BR-DEC-23", invoice(line(net_amount=Decimal("100.001"))), good)


def changed_line(one: Line, **changes: object) -> Line:
    return one.model_copy(update=changes)


def charge_cases() -> Iterator[Case]:
    good = invoice(charges=[discount()])
    yield Case("BR-33", invoice(charges=[discount(reason="")]), good)
    two_percent: dict[str, Any] = {"percent": Decimal(2), "base_amount": Decimal("99.75")}
    yield Case(
        "PEPPOL-EN16931-R040", invoice(charges=[discount("1.99", **two_percent)]), invoice(charges=[discount("2.00", **two_percent)])
    )
    yield Case("BR-DEC-01", invoice(charges=[discount("1.001")]), good)
    yield Case("BR-DEC-24", invoice(line(allowances_charges=(discount("1.001"),))), invoice(line(allowances_charges=(discount("1.01"),))))
    yield Case("BR-CO-11", changed(good, "allowance_total", Decimal(9)), good)
    extra = invoice(charges=[discount(is_charge=True)])
    yield Case("BR-CO-12", changed(extra, "charge_total", Decimal(9)), extra)
    yield Case("BR-S-06", invoice(line(1), charges=[discount(rate="0")]), good)


def total_cases() -> Iterator[Case]:
    good = invoice()
    off = {
        "line_total": "BR-CO-10 BR-CO-13 BR-DEC-09",
        "allowance_total": "BR-DEC-10",
        "charge_total": "BR-DEC-11",
        "net_total": "BR-CO-15 BR-DEC-12",
        "tax_total": "BR-CO-14 BR-DEC-13",
        "gross_total": "BR-CO-16 BR-DEC-14",
        "prepaid_amount": "BR-DEC-16",
        "rounding_amount": "BR-DEC-17",
        "amount_due": "BR-DEC-18",
    }
    for field, codes in off.items():
        for code in codes.split():
            yield Case(code, changed(good, field, Decimal("3.001")), good)


def tax_cases() -> Iterator[Case]:
    good = invoice()
    yield Case("BR-CO-17", with_tax(good, tax_amount=Decimal("20.01")), good)
    yield Case("BR-CO-18", changed(good, "tax_breakdown", ()), good)
    yield Case("BR-S-08", with_tax(good, taxable_amount=Decimal("100.01")), good)
    yield Case("BR-S-08", with_tax(good, rate=Decimal(19)), good)
    yield Case("BR-S-05", invoice(line(rate="0")), good)
    yield Case("BR-DEC-19", with_tax(good, taxable_amount=Decimal("100.001")), good)
    yield Case("BR-DEC-20", with_tax(good, tax_amount=Decimal("20.001")), good)
    yield Case("BR-53", invoice(tax_currency="GBP"), invoice(tax_currency="GBP", tax_total_in_tax_currency=Decimal(17)))


def untaxed_cases() -> Iterator[Case]:
    for category, name in {"Z": "Z", "E": "E", "AE": "AE", "K": "IC", "G": "G", "O": "O"}.items():
        good = invoice(line(category=category, rate="0"))
        taxed = invoice(line(category=category, rate="20"))
        yield Case(f"BR-{name}-05", taxed, good)
        yield Case(f"BR-{name}-09", taxed, good)
        free = discount(category=category, rate="0")
        yield Case(
            f"BR-{name}-06", invoice(charges=[discount(category=category)]), invoice(line(category=category, rate="0"), charges=[free])
        )
        if category != "Z":
            yield Case(
                f"BR-{name}-10", with_tax(good, exemption_reason=""), with_tax(good, exemption_reason="", exemption_code="VATEX-EU-X")
            )
    mixed = invoice(line(1), line(2, category="O", rate="0"))
    yield Case("BR-O-11", mixed, invoice(line(1, category="O", rate="0")))


def tax_id_cases() -> Iterator[Case]:
    for code, category, needed in (("BR-AE-02", "AE", ("vat_id", "legal_id")), ("BR-IC-02", "K", ("vat_id",))):
        lines = line(category=category, rate="0")
        without = dict.fromkeys(needed, "")
        yield Case(code, invoice(lines, buyer=BUYER.model_copy(update=without)), invoice(lines))
        yield Case(code, invoice(lines, seller=SELLER.model_copy(update={"vat_id": ""})), invoice(lines, seller=None))


def surrounding_cases() -> Iterator[Case]:
    good = invoice()
    yield Case("AB-ROUTE", good, good, Facts(route=()), Facts(route=None))
    closed, opened = (Facts(route=("a",), open_from={"a": day}) for day in (date(2026, 3, 17), date(2026, 3, 16)))
    yield Case("AB-PERIOD", good, good, closed, opened)
    yield Case("AB-PERIOD", good, invoice(posting_date=date(2026, 3, 17)), closed, closed)
    locked, free = (Facts(route=("a",), locked_until=day) for day in (date(2026, 3, 16), date(2026, 3, 15)))
    yield Case("AB-PERIOD-LOCKED", good, good, locked, free)
    yield Case("AB-PERIOD-LOCKED", good, good, replace(free, was_dated=date(2026, 3, 15)), replace(free, was_dated=date(2026, 3, 16)))
    yield Case("AB-MAPPING", good, good, Facts(unmapped=(("a", "tax_code", "GST10"),)))
    yield Case("AB-DUPLICATE", good, good, Facts(number_used_by="987"))


CASES = [
    case
    for cases in (
        number_cases,
        party_and_date_cases,
        text_cases,
        line_cases,
        charge_cases,
        total_cases,
        tax_cases,
        untaxed_cases,
        tax_id_cases,
        surrounding_cases,
    )
    for case in cases()
]


def codes(document: Document, facts: Facts) -> set[str]:
    return {finding.code for finding in validate(document, facts)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_a_rule_finds_what_breaks_it_and_lets_its_neighbour_pass(case: Case) -> None:
    assert case.code in codes(case.broken, case.broken_facts)
    assert case.code not in codes(case.kept, case.kept_facts)


def test_every_rule_has_a_case() -> None:
    assert {rule.code for rule in (*RULES, numbers_are_sane)} == {case.code for case in CASES}


def test_every_rule_that_is_written_is_applied() -> None:
    modules = [import_module(f"airbooks.validation.{each.name}") for each in iter_modules(airbooks.validation.__path__)]
    written = {id(value) for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    assert written <= {id(rule) for rule in (*RULES, numbers_are_sane)}


def test_no_two_rules_share_a_code() -> None:
    found = [rule.code for rule in RULES]
    assert sorted(found) == sorted(set(found))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.code)
def test_a_finding_says_which_document_what_is_wrong_and_what_to_do(case: Case) -> None:
    for finding in validate(case.broken, case.broken_facts):
        title = "Credit note" if isinstance(case.broken, CreditNote) else "Invoice"
        assert finding.says.startswith(f"{title} {case.broken.number or 'without a number'}")
        assert finding.says.endswith(".")
        assert "{" not in finding.message
        assert finding.fix.endswith(".")
        assert finding.field


def test_a_waived_rule_is_not_applied_and_all_others_are() -> None:
    free_and_nameless = invoice(line(1), line(2, "1", "0", name=""))
    waived = Facts(route=("a",), waived=frozenset({"AB-ZERO-PRICE"}))
    assert codes(free_and_nameless, FACTS) == {"AB-ZERO-PRICE", "BR-25"}
    assert codes(free_and_nameless, waived) == {"BR-25"}


def test_warnings_let_a_document_through() -> None:
    findings = validate(credit_note(preceding_invoices=()), FACTS)
    assert [finding.severity for finding in findings] == [Severity.WARNING]


def test_a_missing_mapping_is_one_cause_for_all_documents_that_need_it() -> None:
    unmapped = (("xero_au", "tax_code", "GST10"), ("xero_au", "item", "CMP-1"), ("xero_au", "tax_code", "GST10"))
    found = [validate(invoice(number=number), Facts(unmapped=unmapped)) for number in ("A-1", "A-2")]
    causes = {(finding.code, finding.connection, finding.subject) for findings in found for finding in findings}
    assert causes == {("AB-MAPPING", "xero_au", "tax_code:GST10"), ("AB-MAPPING", "xero_au", "item:CMP-1")}
    assert [len(findings) for findings in found] == [2, 2]
    assert found[0][0].says == "Invoice A-1: tax code GST10 has no mapping for xero_au."


def test_a_document_routed_to_two_books_may_be_late_for_one() -> None:
    facts = Facts(route=("a", "b"), open_from={"a": date(2026, 4, 1), "b": date(2026, 1, 1)})
    (finding,) = validate(invoice(), facts)
    assert (finding.code, finding.connection) == ("AB-PERIOD", "a")
    assert finding.says == "Invoice UK-SI-000123: the books of a are closed for 2026-03-16: they are open from 2026-04-01 on."


def test_several_tax_codes_of_one_rate_count_together() -> None:
    split = invoice(line(1, tax_code="US-TX"), line(2, tax_code="US-CA"))
    assert len(split.tax_breakdown) == 2
    assert codes(split, FACTS) == set()


def test_of_a_cancelled_document_only_a_locked_period_is_wrong() -> None:
    cancelled = invoice(cancelled=True, gross_total=Decimal("1.00"))
    assert codes(cancelled, Facts(route=())) == set()
    assert codes(cancelled, Facts(route=(), locked_until=date(2026, 3, 31))) == {"AB-PERIOD-LOCKED"}
