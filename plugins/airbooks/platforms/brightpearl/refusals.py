"""What a document can hold and Brightpearl cannot express: told before anything is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Finding, Invoice, Line, Severity
from airbooks.platforms.brightpearl.lines import ZERO, bearers, cents
from airbooks.platforms.brightpearl.spec import NUMBER, QUANTITY_DECIMALS
from airbooks.platforms.references import dimension_codes

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    return tuple(
        Finding(
            code=f"BRIGHTPEARL-{name}",
            severity=Severity.ERROR,
            field=field,
            value=value,
            says=f"{says}.",
            fix=f"{fix}.",
            connection=connection,
        )
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document, settings)
    )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"External references of 1 to {NUMBER} characters are sent to Brightpearl", "Shorten the number"


def _amount_lines(document: Document) -> list[tuple[int, Line]]:
    kept = set(map(id, document.amount_lines))
    return [(at, line) for at, line in enumerate(document.lines) if id(line) in kept]


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{at}].net_amount": line.net_amount for at, line in _amount_lines(document)}
    amounts |= {f"allowances_charges[{at}].amount": each.amount for at, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != cents(amount):
            yield field, str(amount), "Totals in Brightpearl have two decimals", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"A document with a {field.replace('_', ' ')} would have another total in Brightpearl", way


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", ""), document.exchange_rate
    if document.currency != home and rate is not None and rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the base currency is {home}", "Correct the rate"


def _quantities(document: Document, _: Settings) -> Iterator[Obstacle]:
    for at, line in _amount_lines(document):
        if line.quantity <= 0:
            yield f"lines[{at}].quantity", str(line.quantity), "Brightpearl takes quantities above zero", "Put it on a credit note"
        elif line.net_amount < 0:
            yield f"lines[{at}].net_amount", str(line.net_amount), "A product cannot be sold below zero", "Put it on a credit note"
        if line.quantity != round(line.quantity, QUANTITY_DECIMALS):
            says = f"Brightpearl takes quantities of at most {QUANTITY_DECIMALS} decimals"
            yield f"lines[{at}].quantity", str(line.quantity), says, "Round the quantity"
        if not line.item_code and not line.name.strip():
            yield f"lines[{at}].name", "", "A row needs a product or a name", "Give the line a name"


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    bearing: list[tuple[str, Line | AllowanceCharge]] = [
        *((f"lines[{at}].tax_code", line) for at, line in _amount_lines(document)),
        *((f"allowances_charges[{at}].tax_code", each) for at, each in enumerate(document.allowances_charges)),
    ]
    for field, each in bearing:
        if not each.tax_code:
            yield field, "", "Every row in Brightpearl needs a tax code", "Give it a tax code"
    spread = sum((row.tax for row in bearers(document)), ZERO)
    if spread != document.tax_total:
        says = f"The tax of the rows would be {spread}, the document says {document.tax_total}"
        yield "tax_total", str(document.tax_total), says, "Correct the tax breakdown"


def _dimensions(document: Document, _: Settings) -> Iterator[Obstacle]:
    named: dict[str, set[str]] = defaultdict(set)
    for code in (*dimension_codes(document), *(code for line in document.amount_lines for code in dimension_codes(document, line))):
        name, _sep, value = code.partition(":")
        named[name].add(value)
    for name, values in named.items():
        if len(values) > 1:
            says = f"Brightpearl has {name} on the whole order only, and the lines name {', '.join(sorted(values))}"
            yield f"dimensions.{name}", ", ".join(sorted(values)), says, "Send one document for each"


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "CURRENCY": _currency,
    "QUANTITY": _quantities,
    "TAX": _taxes,
    "DIMENSION": _dimensions,
}
