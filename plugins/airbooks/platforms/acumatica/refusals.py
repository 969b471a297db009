"""What a document can hold and Acumatica cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, Line, LineKind, Severity, round_amount
from airbooks.platforms.acumatica.lines import ZERO, charged, computed_amount, line_charges, line_discount, unit_price
from airbooks.platforms.acumatica.spec import INVOICE, MAX_CUSTOMER, MAX_NUMBER, SALES_INVOICE

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent as it is, and what people should know who send it."""
    errors = tuple(
        _finding(name, Severity.ERROR, connection, obstacle) for name, rule in RULES.items() for obstacle in rule(document, settings)
    )
    return errors + tuple(_finding("RATE", Severity.WARNING, connection, each) for each in _rate(document))


def _finding(name: str, severity: Severity, connection: str, obstacle: Obstacle) -> Finding:
    field, value, says, fix = obstacle
    code = f"ACUMATICA-{name}"
    return Finding(code=code, severity=severity, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection)


def _number(document: Document, settings: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= MAX_NUMBER:
        yield "number", document.number, f"Acumatica keeps our numbers up to {MAX_NUMBER} characters", "Shorten the number"
    if len(document.purchase_order) > MAX_NUMBER and settings.get("invoice_entity", SALES_INVOICE) != INVOICE:
        says = f"Acumatica keeps customer order numbers up to {MAX_NUMBER} characters"
        yield "purchase_order", document.purchase_order, says, "Shorten the purchase order number"
    if not 0 < len(document.buyer.code) <= MAX_CUSTOMER:
        yield (
            "buyer.code",
            document.buyer.code,
            f"A customer id has 1 to {MAX_CUSTOMER} characters in Acumatica",
            "Shorten the customer code",
        )


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"An invoice of Acumatica has no {field.replace('_', ' ')}", way
    if document.gross_total < 0:
        yield "gross_total", str(document.gross_total), "Acumatica releases no document of a negative total", "Make it the other type"


def _not_kept(document: Document, _: Settings) -> Iterator[Obstacle]:
    if document.tax_point_date not in (None, document.ledger_date):
        says = f"Acumatica computes the tax at the document's date ({document.ledger_date})"
        yield "tax_point_date", str(document.tax_point_date), says, "Post the document on its tax point date"
    if document.attachments:
        yield "attachments", ", ".join(document.attachments), "This connector sends no attachments", "Send the document without them"


def _of_entity(document: Document, settings: Settings) -> Iterator[Obstacle]:
    """What only one of the two entities has."""
    if settings.get("invoice_entity", SALES_INVOICE) != INVOICE:
        return
    home = settings.get("home_currency", "")
    way = "Set invoice_entity to SalesInvoice, or route the document elsewhere"
    if document.currency != home:
        yield "currency", document.currency, f"The entity Invoice has no currency: documents are in {home}", way
    if document.prices_include_tax:
        yield "prices_include_tax", "True", "The entity Invoice takes prices without tax only", way


def _gross_prices(document: Document, _: Settings) -> Iterator[Obstacle]:
    if document.prices_include_tax and any(line.allowances_charges for line in document.amount_lines) | bool(document.allowances_charges):
        says = "With prices that include tax, discounts and charges cannot be told apart from their tax"
        yield "prices_include_tax", "True", says, "Send prices without tax"


def _lines(document: Document, settings: Settings) -> Iterator[Obstacle]:
    for position, line in enumerate(document.lines):
        if line.kind is not LineKind.COMMENT:
            yield from _line(document, f"lines[{position}]", line, settings)


def _line(document: Document, path: str, line: Line, settings: Settings) -> Iterator[Obstacle]:
    freight = line.kind is LineKind.FREIGHT and settings.get("freight_item")
    if not (line.item_code or line.account_code or freight):
        yield (
            f"{path}.item_code",
            "",
            "Acumatica needs an item or an account on every line",
            "Give the line an item code or a revenue group",
        )
    if not line.tax_code:
        yield f"{path}.tax_code", "", "Acumatica computes tax by the category of a line", "Give the line a tax code"
    if line.quantity < 0:
        yield (
            f"{path}.quantity",
            str(line.quantity),
            "A negative quantity is a return of stock in Acumatica",
            "Make it a line of a credit note",
        )
    if line_discount(line) > round_amount(line.quantity * unit_price(line), document.currency):
        yield f"{path}.allowances_charges", str(line_discount(line)), "The discount is larger than its line", "Correct the discount"
    yield from _decimals(path, line, settings)
    if not document.prices_include_tax:
        yield from _amount(document, path, line)


def _decimals(path: str, line: Line, settings: Settings) -> Iterator[Obstacle]:
    for field, amount, setting in (("quantity", line.quantity, "quantity_decimals"), ("net_price", unit_price(line), "price_decimals")):
        most = int(settings.get(setting, "6"))
        if amount != round(amount, most):
            says = f"The company keeps {most} decimals of it ({setting} of the connection)"
            yield f"{path}.{field}", str(amount), says, "Round it, or give the price for another quantity"


def _amount(document: Document, path: str, line: Line) -> Iterator[Obstacle]:
    wanted = line.net_amount - sum((each.amount for each in line_charges(line)), ZERO)
    computed = computed_amount(line, document.currency)
    if wanted != computed:
        says = f"Acumatica would make {computed} of this line, not {wanted}"
        yield f"{path}.net_price", str(line.net_price), says, "Give a price whose product with the quantity is the amount"


def _charges(document: Document, _: Settings) -> Iterator[Obstacle]:
    for each, line in charged(document):
        field = "allowances_charges" if line is None else "lines.allowances_charges"
        if not (each.account_code or (line and line.account_code)):
            yield f"{field}.account_code", str(each.amount), "It becomes a line on an account, and none is given", "Give it an account code"
        if not (each.tax_code or (line and line.tax_code)):
            yield (
                f"{field}.tax_code",
                str(each.amount),
                "Acumatica computes its tax by a category, and it has no tax code",
                "Give it a tax code",
            )


def _rate(document: Document) -> Iterator[Obstacle]:
    if document.exchange_rate is not None:
        says = "Acumatica takes its own exchange rate, by the customer's rate type and the date"
        yield "exchange_rate.rate", str(document.exchange_rate.rate), says, "Enter the rate in Acumatica where it must be this one"


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "TOTALS": _totals,
    "NOT-KEPT": _not_kept,
    "ENTITY": _of_entity,
    "GROSS": _gross_prices,
    "LINES": _lines,
    "CHARGES": _charges,
}
