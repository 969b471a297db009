"""What a document can hold and Zoho Books cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Finding, Invoice, Line, Severity
from airbooks.platforms.zoho_books.lines import CENT, ZERO, bearing_lines, charges, is_entity_level
from airbooks.platforms.zoho_books.mapping import comments, line_facts, notes, told
from airbooks.platforms.zoho_books.spec import DESCRIPTION, NOTES, NUMBER

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent, and what is left out of it (a warning); empty when it goes as it is."""
    found = [(name, each, Severity.ERROR) for name, rule in RULES.items() for each in rule(document, settings)]
    left_out = [("LEFT-OUT", each, Severity.WARNING) for each in _left_out(document)]
    return tuple(
        Finding(code=f"ZOHO-{name}", severity=severity, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection)
        for name, (field, value, says, fix), severity in (*found, *left_out)
    )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"Zoho Books takes document numbers of 1 to {NUMBER} characters", "Shorten the number"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"lines[{i}].allowances_charges": each.amount for i, line in enumerate(document.lines) for each in line.allowances_charges}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != amount.quantize(CENT):
            yield field, str(amount), "Zoho Books computes with amounts of two decimals", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"A document with a {field.replace('_', ' ')} would have another total in Zoho Books", way


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", ""), document.exchange_rate
    if document.currency == home:
        return
    if rate is None:
        says = f"A document in {document.currency} needs a rate to {home}: Zoho Books would take its own"
        yield "exchange_rate", "", says, "Give the rate in the sales system or in the run"
    elif rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the base currency is {home}", "Correct the rate"


def _lines(document: Document, settings: Settings) -> Iterator[Obstacle]:
    for i, line in _amount_lines(document):
        if line.quantity <= 0:
            yield f"lines[{i}].quantity", str(line.quantity), "Zoho Books takes quantities above zero", "Put it on a credit note"
        elif line.net_amount < 0 or line.net_price < 0:
            yield f"lines[{i}].net_amount", str(line.net_amount), "Zoho Books takes no negative lines", "Put it on a credit note"
        if not line.item_code and not settings.get("default_item_id"):
            way = "Give the line an item, or set default_item_id in the connection"
            yield f"lines[{i}].item_code", "", "Zoho Books needs an item on every line", way


def _amount_lines(document: Document) -> list[tuple[int, Line]]:
    kept = set(map(id, document.amount_lines))
    return [(i, line) for i, line in enumerate(document.lines) if id(line) in kept]


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    bearing: list[tuple[str, Line | AllowanceCharge]] = [
        *((f"lines[{i}].tax_code", line) for i, line in _amount_lines(document)),
        *((f"allowances_charges[{i}].tax_code", each) for i, each in enumerate(document.allowances_charges)),
    ]
    for field, each in bearing:
        if not each.tax_code:
            yield field, "", "Without a tax code Zoho Books takes the item's own tax", "Give it a tax code"


def _charges(document: Document, _: Settings) -> Iterator[Obstacle]:
    added = charges(document)
    codes = sorted({each.tax_code for each in added})
    if added and isinstance(document, CreditNote):
        yield "allowances_charges", "", "A credit note has no shipping charge in Zoho Books", "Put the charge into a line"
    elif len(codes) > 1:
        says = "The charges of a document are its one shipping charge, which has one tax"
        yield "allowances_charges", ", ".join(codes), says, "Put the charges into lines"


def _discounts(document: Document, _: Settings) -> Iterator[Obstacle]:
    if is_entity_level(document):
        return
    for i, each in enumerate(document.allowances_charges):
        bearable = sum((line.net_amount for line in bearing_lines(document, each)), ZERO)
        if not each.is_charge and bearable < each.amount:
            says = "The discount is larger than the lines with its tax code, on which it has to be spread"
            yield f"allowances_charges[{i}]", str(each.amount), says, "Correct the discount's tax code"


def _texts(document: Document, _: Settings) -> Iterator[Obstacle]:
    said = comments(document)
    texts = {"notes": (notes(document, {"post": False, "salespersons": False}), NOTES)}
    for i, line in _amount_lines(document):
        facts = line_facts(line, CENT, whole=True)
        texts[f"lines[{i}].description"] = (told([*facts, *(("", text) for text in said.get(line.line_id, ()))]), DESCRIPTION)
    for field, (text, limit) in texts.items():
        if len(text) > limit:
            yield field, f"{text[:40]}...", f"Zoho Books takes {limit} characters here, and this would be {len(text)}", "Shorten the text"


def _left_out(document: Document) -> Iterator[Obstacle]:
    if document.internal_note:
        says = "Zoho Books has no note on a document that the customer does not see, so the internal note is not sent"
        yield "internal_note", document.internal_note[:40], says, "Keep it in the sales system"


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "CURRENCY": _currency,
    "LINE": _lines,
    "TAX": _taxes,
    "CHARGE": _charges,
    "DISCOUNT": _discounts,
    "TEXT": _texts,
}
