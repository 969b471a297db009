"""Nothing is ever dropped silently: what a document has is refused in words, or booked and told to the cent."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.platforms.company import Company, Document, today

from airbooks.canonical import Address, AllowanceCharge, Delivery, Line, LineKind, PaymentTerms, Severity, TaxCategory
from airbooks.delivery.echo import differences
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.references import required_codes


def second_tax(company: Company) -> dict[str, Any]:
    code, category, rate = company.setting.second_tax
    return {"tax_code": code, "tax_category": TaxCategory(category), "tax_rate": Decimal(rate)}


def taxed(company: Company, amount: str, **fields: Any) -> AllowanceCharge:
    tax = {"tax_code": company.setting.tax_code, "tax_category": TaxCategory.STANDARD, "tax_rate": Decimal(company.setting.tax_rate)}
    return AllowanceCharge(amount=Decimal(amount), reason="Agreed", account_code="DISCOUNT", **{**tax, **fields})


def with_line(company: Company, **fields: Any) -> Document:
    return company.invoice(company.line(1), company.line(2, "FLT-FIN-01", **fields))


def comment(company: Company) -> Document:
    text = Line(line_id="2", kind=LineKind.COMMENT, name="Deliver to the rear gate.", unit="", quantity=Decimal(0))
    return company.invoice(company.line(1), text)


def many_lines(company: Company, count: int = 150) -> Document:
    return company.invoice(*(company.line(number, quantity=str(number)) for number in range(1, count + 1)))


def discounted_credit_note(company: Company) -> Document:
    original = company.small_invoice()
    return company.credit_note(corrects=original, preceding_invoices=(), charges=[taxed(company, "10.00")])


def delivered(company: Company) -> Document:
    place = Address(line1="5 Dock Road", city="Bremen", postal_code="28195", country=company.setting.country)
    delivery = Delivery(
        delivery_date=today(), name="Dock", address=place, shipping_method="Road", tracking_number="TRK-1", shipment_number="SH-1"
    )
    return company.small_invoice(delivery=delivery, notes=("Handle with care.",), internal_note="Called on Monday.", salesperson="SP-1")


def priced_with_tax(company: Company) -> Document:
    """Two at 50.00 and tax, the prices given with the tax in them."""
    price = Decimal(50) * (100 + Decimal(company.setting.tax_rate)) / 100
    return company.invoice(company.line(1, price=str(price), net_amount=Decimal("100.00")), prices_include_tax=True)


def control_characters(company: Company) -> Document:
    buyer = company.party()
    dirty = buyer.model_copy(update={"name": f"{buyer.name}\x0b Supplies\x1f Ltd"})
    return company.invoice(company.line(1, name="Air\x0b filter\x00 element"), buyer=dirty, notes=("Ring\x07 twice",))


def due(company: Company, **amounts: Decimal) -> Document:
    """The small invoice with a prepaid or rounding amount, and what is due after it."""
    document = company.small_invoice(**amounts)
    return document.model_copy(update={"amount_due": document.gross_total - document.prepaid_amount + document.rounding_amount})


LINE_CHARGE = AllowanceCharge(is_charge=True, amount=Decimal("5.00"), reason="Packing")
LINE_DISCOUNT = AllowanceCharge(amount=Decimal("3.33"), reason="Scratched")
GONE = {"due_date": None, "terms": PaymentTerms()}
FEATURES: dict[str, Callable[[Company], Document]] = {
    "two taxes in one document": lambda company: with_line(company, **second_tax(company)),
    "only the second tax": lambda company: company.invoice(company.line(1, **second_tax(company))),
    "a comment line": comment,
    "a discount of the document": lambda company: company.small_invoice(charges=[taxed(company, "10.00")]),
    "a charge of the document": lambda company: company.small_invoice(charges=[taxed(company, "10.00", is_charge=True)]),
    "a discount and a charge": lambda company: company.small_invoice(
        charges=[taxed(company, "9.99"), taxed(company, "1.01", is_charge=True)]
    ),
    "a discount over two taxes": lambda company: company.invoice(
        company.line(1), company.line(2, **second_tax(company)), charges=[taxed(company, "10.00")]
    ),
    "a line discount as an amount": lambda company: with_line(company, allowances_charges=(LINE_DISCOUNT,)),
    "a line charge": lambda company: with_line(company, allowances_charges=(LINE_CHARGE,)),
    "two line discounts": lambda company: with_line(company, allowances_charges=(LINE_DISCOUNT, LINE_DISCOUNT)),
    "a price per hundred": lambda company: with_line(
        company, quantity="250", price="199.50", base_quantity=Decimal(100), net_amount=Decimal("498.75")
    ),
    "a fraction of a unit": lambda company: with_line(company, quantity="0.125", price="1240.00"),
    "a price below a cent": lambda company: with_line(company, quantity="1000", price="0.00475"),
    "a negative quantity": lambda company: with_line(company, quantity="-1", price="20.00"),
    "a free line": lambda company: with_line(company, quantity="1", price="0"),
    "one hundred and fifty lines": many_lines,
    "a long description": lambda company: with_line(company, description="Stainless. " * 400),
    "a line without an item": lambda company: with_line(company, item_code=""),
    "a line without dimensions": lambda company: with_line(company, dimensions={}, warehouse=""),
    "an unknown dimension": lambda company: with_line(company, dimensions={"shoe size": "44"}),
    "control characters": control_characters,
    "serial numbers": lambda company: with_line(company, quantity="2", serial_numbers=("SN-1", "SN-2")),
    "a service date and a note": lambda company: with_line(company, service_date=today(), note="Night shift"),
    "delivery, notes and salesperson": delivered,
    "a posting date of its own": lambda company: company.small_invoice(posting_date=today() + timedelta(days=1)),
    "no terms but a due date": lambda company: company.small_invoice(terms=PaymentTerms()),
    "neither terms nor due date": lambda company: company.small_invoice(**GONE),
    "another currency without a rate": lambda company: company.small_invoice(currency=company.setting.foreign),
    "something prepaid": lambda company: due(company, prepaid_amount=Decimal("20.00")),
    "a rounding amount": lambda company: due(company, rounding_amount=Decimal("0.02")),
    "withheld tax": lambda company: company.small_invoice(withholding_tax=Decimal("5.00")),
    "prices with tax": priced_with_tax,
    "a credit note on its own": lambda company: company.credit_note(corrects=company.small_invoice(), preceding_invoices=()),
    "a credit note with a discount": discounted_credit_note,
    "a discount larger than its line": lambda company: with_line(company, allowances_charges=(taxed(company, "101.00"),)),
}


NEVER_BOOKED = ("something prepaid", "a rounding amount", "withheld tax")


@pytest.mark.parametrize("feature", NEVER_BOOKED)
def test_amounts_that_no_document_of_the_platform_has_are_refused(company: Company, hook: PlatformHook, feature: str) -> None:
    """Booked without them, the customer would owe another amount there than here."""
    assert refused(company, hook, FEATURES[feature](company))


def refused(company: Company, hook: PlatformHook, document: Document) -> bool:
    """Whether it is held back beforehand: for want of a mapping, or by the hook, which then says why and what to do."""
    codes = required_codes(document, hook.spec.reference_kinds)
    if not all(company.setting.codes(kind.value, code) for kind, code in codes):
        return True
    errors = [each for each in hook.refusals(document) if each.severity is Severity.ERROR]
    for each in errors:
        assert each.says
        assert each.fix
        assert each.field
    return bool(errors)


@pytest.mark.parametrize("feature", FEATURES)
def test_what_a_document_has_is_refused_or_booked_to_the_cent(company: Company, hook: PlatformHook, feature: str) -> None:
    document = FEATURES[feature](company)
    if refused(company, hook, document):
        return
    sending = company.sending(hook, document)
    sent = company.create(hook, sending)[sending.key]
    if sent.error is not None:
        assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN), str(sent.error)
        assert company.booked(document.number) == []
        return
    assert sent.remote is not None
    company.assert_echo(sending, sent.remote)
    company.post(hook, sending, sent.remote)
    (booked,) = company.booked(document.number)
    assert (booked.net, booked.tax, booked.total) == (document.net_total, document.tax_total, document.gross_total)


@st.composite
def random_lines(draw: st.DrawFn) -> list[dict[str, str]]:
    quantities, prices = st.decimals("0.001", "900", places=3), st.decimals("0.0001", "9000", places=4)
    return [{"quantity": str(draw(quantities)), "price": str(draw(prices))} for _ in range(draw(st.integers(1, 5)))]


@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=random_lines())
def test_whatever_is_booked_is_told_as_it_is(company: Company, hook: PlatformHook, lines: list[dict[str, str]]) -> None:
    """A platform may round in its own way; then its echo must show it, and nothing may be booked behind an error."""
    document = company.invoice(*(company.line(number, **each) for number, each in enumerate(lines, start=1)))
    if refused(company, hook, document):
        return
    sending = company.sending(hook, document)
    sent = company.create(hook, sending)[sending.key]
    booked = company.booked(document.number)
    if sent.error is not None:
        assert sent.error.action in {Action.REVIEW, Action.LOOK_UP}, str(sent.error)
        assert booked == [] or sent.error.action is Action.LOOK_UP
        return
    assert sent.remote is not None
    told = (sent.remote.net, sent.remote.tax, sent.remote.total)
    assert told == (booked[0].net, booked[0].tax, booked[0].total)
    equal = (booked[0].net, booked[0].tax, booked[0].total) == (document.net_total, document.tax_total, document.gross_total)
    assert bool(differences(document, sent.remote, sending.references.customer)) is not equal
