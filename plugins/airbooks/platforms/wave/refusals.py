"""What a document can hold and Wave cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, Line, LineKind, Severity, minor_units
from airbooks.platforms.wave.lines import allowances, bearing_lines, charges, discount_in_header
from airbooks.platforms.wave.mapping import internal_facts, refuses_internal_facts

Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Invoice | CreditNote, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    if isinstance(document, CreditNote):
        says, way = "Wave's public API has no credit notes", "Book it in Wave by hand, or change the invoice that it corrects"
        return (_finding("CREDIT-NOTE", ("kind", document.kind.value, says, way), connection),)
    return tuple(_finding(name, obstacle, connection) for name, rule in RULES.items() for obstacle in rule(document, settings))


def _finding(name: str, obstacle: Obstacle, connection: str) -> Finding:
    field, value, says, fix = obstacle
    return Finding(
        code=f"WAVE-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection
    )


def _number(invoice: Invoice, _: Settings) -> Iterator[Obstacle]:
    if not invoice.number:
        yield "number", "", "Without a number Wave would give one of its own", "Give the invoice a number"


def _decimals(invoice: Invoice, _: Settings) -> Iterator[Obstacle]:
    unit = Decimal(1).scaleb(-minor_units(invoice.currency))
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(invoice.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(invoice.allowances_charges)}
    for field, amount in amounts.items():
        if amount != amount.quantize(unit):
            yield field, str(amount), f"Wave rounds amounts to the minor unit of {invoice.currency}", "Round the amount"


def _totals(invoice: Invoice, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(invoice, field)
        if amount:
            yield field, str(amount), f"Wave has no place for a {field.replace('_', ' ')} on an invoice", way
    if invoice.gross_total < 0:
        yield "gross_total", str(invoice.gross_total), "Wave takes no invoice below zero", "Send it as a credit note elsewhere"


def _currency(invoice: Invoice, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", ""), invoice.exchange_rate
    if invoice.currency == home:
        return
    if rate is None:
        says = f"An invoice in {invoice.currency} needs a rate to {home}: Wave would take its own"
        yield "exchange_rate", "", says, "Give the rate in the sales system or in the run"
    elif rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the business's currency is {home}", "Correct the rate"


def _taxes(invoice: Invoice, _: Settings) -> Iterator[Obstacle]:
    bearing = [(f"lines[{i}].tax_code", each.tax_rate, each.tax_code) for i, each in enumerate(invoice.lines)]
    bearing += [(f"allowances_charges[{i}].tax_code", each.tax_rate, each.tax_code) for i, each in enumerate(invoice.allowances_charges)]
    for field, rate, code in bearing:
        if rate and not code:
            yield field, "", "A taxed amount needs a tax code", "Give it a tax code"


def _discount(invoice: Invoice, settings: Settings) -> Iterator[Obstacle]:
    if discount_in_header(invoice, settings):
        return
    for i, each in enumerate(invoice.allowances_charges):
        lines: list[Line] = [] if each.is_charge else bearing_lines(invoice, each)
        if not each.is_charge and sum((line.net_amount for line in lines), Decimal(0)) < each.amount:
            says = "The discount is larger than the lines with its tax code, on which it has to be spread"
            yield f"allowances_charges[{i}]", str(each.amount), says, "Correct the discount's tax code"


def _header_discount(invoice: Invoice, settings: Settings) -> Iterator[Obstacle]:
    total = sum((each.amount for each in allowances(invoice)), Decimal(0))
    sold = sum((line.net_amount for line in invoice.amount_lines), sum((each.amount for each in charges(invoice)), Decimal(0)))
    if discount_in_header(invoice, settings) and total > sold:
        yield "allowance_total", str(total), "The discount is larger than the lines", "Correct the discount"


def _products(invoice: Invoice, settings: Settings) -> Iterator[Obstacle]:
    for i, line in enumerate(invoice.lines):
        if line.kind is not LineKind.COMMENT and not line.item_code and not settings.get("default_product_id"):
            way = "Give the line an item, or set default_product_id in the connection"
            yield f"lines[{i}].item_code", "", "Wave has no lines without a product", way
    if not invoice.amount_lines:
        yield "lines", "", "Wave has no lines without a product", "Give the invoice a line with an item"
    if charges(invoice) and not settings.get("freight_product_id"):
        way = "Set freight_product_id in the connection"
        yield "allowances_charges", "", "A charge of the whole document needs a product that stands for it", way


def _internal(invoice: Invoice, settings: Settings) -> Iterator[Obstacle]:
    if not refuses_internal_facts(settings):
        return
    facts = internal_facts(invoice)
    if facts:
        told = ", ".join(f"{label.lower()} {text}" for label, text in facts)
        says = "Wave has no dimensions, warehouses or internal notes, and the customer reads everything that stands on an invoice"
        yield "dimensions", told[:200], says, "Say in the connection's internal_facts whether they are printed or left out"


RULES: Mapping[str, Callable[[Invoice, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "CURRENCY": _currency,
    "TAX": _taxes,
    "DISCOUNT": _discount,
    "HEADER-DISCOUNT": _header_discount,
    "PRODUCT": _products,
    "INTERNAL": _internal,
}
