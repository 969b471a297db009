"""What a document can hold and a ledger voucher cannot: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, LineKind, Severity, round_amount
from airbooks.platforms.references import dimension_codes
from airbooks.platforms.unit4.mapping import conversion, line_text, whole_number
from airbooks.platforms.unit4.settings import Settings, dimension_slots
from airbooks.platforms.unit4.spec import CODE, INT32, NUMBER_MAX, ROWS
from airbooks.platforms.unit4.taxes import bearers, shares

Document = Invoice | CreditNote
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]
ZERO = Decimal(0)


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent, and (as a warning) what a ledger has no place for; empty when neither."""
    errors = tuple(
        Finding(code=f"U4-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection)
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document, settings)
    )
    return errors if errors else tuple(_left_out(document, connection))


def _left_out(document: Document, connection: str) -> Iterator[Finding]:
    """A voucher is what the books need of an invoice, not the invoice: words and places stay in the sales system."""
    fields = [name for name in ("notes", "internal_note", "delivery", "salesperson", "contract", "project") if getattr(document, name)]
    if document.sales_order and whole_number(document.sales_order) is None:
        fields.append("sales_order")
    for position, line in enumerate(document.lines):
        words = ["text of the comment"] if line.kind is LineKind.COMMENT else line_text(line)[1]
        fields += [f"lines[{position}].{word}" for word in words]
    if fields:
        yield Finding(
            code="U4-LEFT-OUT",
            severity=Severity.WARNING,
            field=fields[0],
            value="",
            says=f"A voucher of Unit4 ERPx has no place for {', '.join(fields)}.",
            fix="Nothing is to be done where the invoice itself is kept in the sales system.",
            connection=connection,
        )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    number = document.number
    if not 0 < len(number) <= NUMBER_MAX:
        yield (
            "number",
            number,
            f"ERPx takes invoice numbers of 1 to {NUMBER_MAX} characters",
            "Change the number",
        )
    elif number.isdigit() and int(number) > INT32:
        says = f"ERPx reads a number of digits alone as an integer, and fails above {INT32}"
        yield "number", number, says, "Give it a number with a letter"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"The open item is the whole of the document; it has no {field.replace('_', ' ')}", way
    if document.gross_total <= 0:
        yield "gross_total", str(document.gross_total), "The ledger tells invoices and credit notes by their sign", "Send the other kind"
    net = sum((each.net for each in bearers(document)), ZERO)
    if net + document.tax_total != document.gross_total:
        says = f"Lines, discounts and charges ({net}) and tax ({document.tax_total}) do not balance with the total"
        yield "gross_total", str(document.gross_total), says, "Correct the totals"


def _taxes(document: Document, settings: Settings) -> Iterator[Obstacle]:
    found = shares(document)
    if sum((each.tax for each in found), ZERO) != document.tax_total:
        says = "The tax breakdown does not cover the tax of the lines, discounts and charges"
        yield "tax_breakdown", str(document.tax_total), says, "Correct category, rate or code of the breakdown"
    for each in found:
        if each.tax and not each.code:
            yield "tax_breakdown", str(each.tax), "A tax row needs a tax code", "Give the lines of this rate a tax code"
    if document.tax_total and not settings.get("tax_account"):
        yield "tax_total", str(document.tax_total), "The connection names no account of tax", "Set tax_account in the connection"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != round_amount(amount, document.currency):
            yield field, str(amount), f"Amounts in {document.currency} have fewer decimals, and ERPx rounds nothing", "Round the amount"


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", "GBP"), document.exchange_rate
    if document.currency == home:
        return
    if rate is None:
        says = f"Each row of a voucher in {document.currency} needs its amount in {home} as well"
        yield "exchange_rate", "", says, "Give the rate in the sales system or in the run"
    elif rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the company's currency is {home}", "Correct the rate"
    elif not settings.get("rounding_account") and _rounds(document, settings):
        says = f"Converted to {home}, the voucher does not balance by some pence"
        yield "exchange_rate.rate", str(rate.rate), says, "Set rounding_account in the connection"


def _rounds(document: Document, settings: Settings) -> bool:
    """Whether the rows, each converted by itself, leave a difference."""
    rate = conversion(document, settings)
    values = [document.gross_total, *(-each.net for each in bearers(document)), *(-each.tax for each in shares(document))]
    return sum((rate.amount(each) for each in values), ZERO) != 0


def _dates(document: Document, _: Settings) -> Iterator[Obstacle]:
    if isinstance(document, Invoice) and document.due_date is None and document.terms.net_days is None:
        yield "due_date", "", "The open item needs a due date", "Give the invoice a due date, or terms with a number of days"


def _dimensions(document: Document, settings: Settings) -> Iterator[Obstacle]:
    known = dimension_slots(settings)
    codes = {code for holder in (None, *document.amount_lines) for code in dimension_codes(document, holder)}
    for code in sorted(codes):
        if code.partition(":")[0] not in known:
            yield "dimensions", code, "No accounting dimension takes this dimension", "Name one under dimension_map in the connection"


def _sizes(document: Document, settings: Settings) -> Iterator[Obstacle]:
    rows = len(document.amount_lines) + len(document.allowances_charges) + len(document.tax_breakdown) + 2
    if rows > ROWS:
        yield "lines", str(rows), f"ERPx takes {ROWS} rows in one call, and these would be {rows}", "Split the document"
    interface = settings.get("interface", "")
    if not 0 < len(interface) <= CODE or "/" in interface:
        yield (
            "interface",
            interface,
            f"An interface code has 1 to {CODE} characters and no slash",
            "Correct interface in the connection",
        )


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "TOTALS": _totals,
    "TAX": _taxes,
    "DECIMALS": _decimals,
    "CURRENCY": _currency,
    "DUE": _dates,
    "DIMENSION": _dimensions,
    "SIZE": _sizes,
}
