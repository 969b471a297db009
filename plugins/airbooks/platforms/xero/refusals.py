"""What a document can hold and Xero cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Finding, Invoice, Line, LineKind, Severity
from airbooks.platforms.xero.mapping import comment, document_text, due_date, line_text, reference
from airbooks.platforms.xero.money import CENT, ZERO, Part, Priced, allowances, bearing, cents, charges, parts
from airbooks.platforms.xero.spec import CONTACT_NAME, CONTACT_NUMBER, DESCRIPTION, EMAIL, NUMBER, REFERENCE

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    found = [(name, obstacle) for name, rule in RULES.items() for obstacle in rule(document, settings)]
    if not found:  # the tax can be spread only over lines that bear their discounts
        found = [("TAX", obstacle) for obstacle in _spread_tax(document)]
    return tuple(
        Finding(
            code=f"XERO-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection
        )
        for name, (field, value, says, fix) in found
    )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"Xero takes document numbers of 1 to {NUMBER} characters", "Shorten the number"
    if set(document.number) & set(',"\\'):
        yield "number", document.number, "Xero cannot be asked for a number with a comma, quote or backslash", "Change the number"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    amounts |= {"tax_total": document.tax_total}
    for field, amount in amounts.items():
        if amount != amount.quantize(CENT):
            yield field, str(amount), "Xero takes amounts of two decimals", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"The connector books no {field.replace('_', ' ')} on a Xero document", way
    if document.gross_total < 0:
        yield "gross_total", str(document.gross_total), "Xero takes no document with a negative total", "Make it a credit note"


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", ""), document.exchange_rate
    if document.currency == home:
        return
    if rate is None:
        yield (
            "exchange_rate",
            "",
            f"A document in {document.currency} needs a rate to {home}: Xero would take its own of the day",
            "Give the rate in the sales system or in the run",
        )
    elif rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the books are in {home}", "Correct the rate"


def _due(document: Document, _: Settings) -> Iterator[Obstacle]:
    if isinstance(document, Invoice) and due_date(document) is None:
        yield "due_date", "", "Xero approves no invoice without a due date", "Give a due date, or terms with their days"


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    bearers: list[tuple[str, Line | AllowanceCharge]] = [
        *((f"lines[{i}]", line) for i, line in enumerate(document.lines) if line.kind is not LineKind.COMMENT),
        *((f"allowances_charges[{i}]", each) for i, each in enumerate(document.allowances_charges) if each.is_charge),
    ]
    for field, each in bearers:
        if not each.tax_code:
            yield f"{field}.tax_code", "", "Without a tax code Xero would take the account's own", "Give it a tax code"


def _spread_tax(document: Document) -> Iterator[Obstacle]:
    on_lines = sum((part.tax for part in parts(document)), ZERO)
    if on_lines != document.tax_total:
        says = f"The tax total is {document.tax_total}, but the tax breakdown puts {on_lines} on lines, and Xero has tax on lines only"
        yield "tax_total", str(document.tax_total), says, "Correct the tax breakdown"


def _discounts(document: Document, _: Settings) -> Iterator[Obstacle]:
    for each in allowances(document):
        base = sum((document.amount_lines[i].net_amount for i in bearing(document, each)), ZERO)
        if base < each.amount:
            yield (
                "allowances_charges",
                str(each.amount),
                "The discount is larger than the lines with its tax code, on which it has to be spread",
                "Correct the discount's tax code",
            )


def _accounts(document: Document, settings: Settings) -> Iterator[Obstacle]:
    for i, line in enumerate(document.lines):
        named = line.item_code or line.account_code or settings.get("sales_account_code")
        if line.kind is not LineKind.COMMENT and not named:
            way = "Give the line an account, or set sales_account_code in the connection"
            yield f"lines[{i}].account_code", "", "Xero needs an account or an item on every line", way
    if charges(document) and not settings.get("charge_item_code"):
        way = "Set charge_item_code in the connection"
        yield "allowances_charges", "", "A charge of the whole document needs an item that stands for it", way


def _texts(document: Document, _: Settings) -> Iterator[Obstacle]:
    buyer = document.buyer
    texts = {
        "notes": (document_text(document), DESCRIPTION),
        "purchase_order": (reference(document), REFERENCE),
        "internal_note": (document.internal_note, DESCRIPTION),
        "buyer.name": (f"{buyer.name} ({buyer.code})", CONTACT_NAME),
        "buyer.code": (buyer.code, CONTACT_NUMBER),
        "buyer.contact.email": (buyer.contact.email, EMAIL),
        **{f"lines[{i}].description": (_longest(line), DESCRIPTION) for i, line in enumerate(document.lines)},
    }
    for field, (text, limit) in texts.items():
        if len(text) > limit:
            yield field, f"{text[:40]}...", f"Xero takes {limit} characters here, and this would be {len(text)}", "Shorten the text"
    if not buyer.contact.email.isascii():
        yield "buyer.contact.email", buyer.contact.email, "Xero takes e-mail addresses in ASCII only", "Correct the address"


def _longest(line: Line) -> str:
    if line.kind is LineKind.COMMENT:
        return comment(line)
    part = Part(line, CENT, line.net_amount, ZERO)
    return line_text(line, part, Priced(line.quantity + 1, cents(line.net_price)))


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "CURRENCY": _currency,
    "DUE": _due,
    "TAX": _taxes,
    "DISCOUNT": _discounts,
    "ACCOUNT": _accounts,
    "TEXT": _texts,
}
