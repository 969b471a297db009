"""What a document can hold and Odoo cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, LineKind, Severity
from airbooks.platforms.odoo.pricing import is_exact, price_of
from airbooks.platforms.odoo.spec import FIRST_JSON2

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    return tuple(
        Finding(
            code=f"ODOO-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection
        )
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document, settings)
    )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not document.number:
        yield "number", "", "A document is found again by its number, and this one has none", "Give it a number"


def _posting_date(document: Document, _: Settings) -> Iterator[Obstacle]:
    if document.posting_date is not None and document.posting_date != document.issue_date:
        yield (
            "posting_date",
            str(document.posting_date),
            f"Odoo books sales documents on their own date ({document.issue_date})",
            "Send it without a posting date: in a locked period Odoo moves the accounting date to the first open day by itself",
        )


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"Odoo has no place for a {field.replace('_', ' ')} on a sales document", way


def _quantities(document: Document, settings: Settings) -> Iterator[Obstacle]:
    decimals = int(settings.get("quantity_decimals", "2"))
    for place, line in enumerate(document.lines):
        if line.kind is not LineKind.COMMENT and line.quantity != round(line.quantity, decimals):
            yield (
                f"lines[{place}].quantity",
                str(line.quantity),
                f"This database keeps {decimals} decimals of a quantity and would round it",
                "Raise the decimal accuracy 'Product Unit' in Odoo and quantity_decimals in the connection",
            )


def _prices(document: Document, settings: Settings) -> Iterator[Obstacle]:
    version = int(settings.get("version", FIRST_JSON2))
    for place, line in enumerate(document.lines):
        if line.kind is not LineKind.COMMENT and not is_exact(line, version):
            yield (
                f"lines[{place}].net_amount",
                str(line.net_amount),
                f"Odoo would make {price_of(line, version).amount} of this line: no price and discount give the net amount",
                "Correct quantity and price of the line",
            )


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    taxed = [(f"lines[{place}].tax_code", each.tax_rate, each.tax_code) for place, each in enumerate(document.lines)]
    charged = [
        (f"allowances_charges[{place}].tax_code", each.tax_rate, each.tax_code) for place, each in enumerate(document.allowances_charges)
    ]
    for field, rate, code in (*taxed, *charged):
        if rate and not code:
            yield field, "", f"A line taxed at {rate} % needs a tax code: Odoo computes the tax itself", "Give the line a tax code"


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "POSTING-DATE": _posting_date,
    "TOTALS": _totals,
    "QUANTITY": _quantities,
    "PRICE": _prices,
    "TAX": _taxes,
}
