"""What a document can hold and MYOB cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Finding, Invoice, Line, LineKind, Severity
from airbooks.platforms.myob.mapping import card_id, due_date
from airbooks.platforms.myob.pricing import CENT, ZERO, allowances, bearing
from airbooks.platforms.myob.spec import CARD_ID, EMAIL, MEMO, MOST_DAYS, NUMBER
from airbooks.platforms.myob.texts import memo

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    return tuple(
        Finding(
            code=f"MYOB-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection
        )
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document, settings)
    )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"MYOB takes sale numbers of 1 to {NUMBER} characters", "Shorten the number"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in {**amounts, "tax_total": document.tax_total}.items():
        if amount != amount.quantize(CENT):
            yield field, str(amount), "MYOB takes amounts of two decimals", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"A MYOB sale has no {field.replace('_', ' ')}", way
    total = str(document.gross_total)
    if isinstance(document, Invoice) and document.gross_total < 0:
        yield "gross_total", total, "A negative sale is a credit note at MYOB", "Make it a credit note"
    if isinstance(document, CreditNote) and document.gross_total <= 0:
        yield "gross_total", total, "A credit note is known at MYOB by its negative total", "Make it an invoice"


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", ""), document.exchange_rate
    if document.currency == home:
        return
    if settings.get("multi_currency") != "True":
        way = "Switch on multi_currency in the connection where the file has the preference, or route the document elsewhere"
        yield "currency", document.currency, f"The company file deals in {home} only", way
    elif rate is None:
        says = f"A document in {document.currency} needs a rate to {home}: MYOB would take the file's own, however old"
        yield "exchange_rate", "", says, "Give the rate in the sales system or in the run"
    elif rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the books are in {home}", "Correct the rate"


def _due(document: Document, _: Settings) -> Iterator[Obstacle]:
    due = due_date(document)
    if due is None:
        yield "due_date", "", "Without a due date MYOB would take the terms of the customer's card", "Give a due date, or terms with days"
    elif not 0 <= (due - document.ledger_date).days <= MOST_DAYS:
        says = f"MYOB's terms are 0 to {MOST_DAYS} days from the date {document.ledger_date}"
        yield "due_date", due.isoformat(), says, "Correct the due date or the posting date"


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    bearers: list[tuple[str, Line | AllowanceCharge]] = [
        *((f"lines[{i}]", line) for i, line in enumerate(document.lines) if line.kind is not LineKind.COMMENT),
        *((f"allowances_charges[{i}]", each) for i, each in enumerate(document.allowances_charges) if each.is_charge),
    ]
    for field, each in bearers:
        if not each.tax_code:
            yield f"{field}.tax_code", "", "Every line of a MYOB sale has a tax code", "Give it a tax code"


def _discounts(document: Document, _: Settings) -> Iterator[Obstacle]:
    for each in allowances(document):
        base = sum((document.amount_lines[i].net_amount for i in bearing(document, each)), ZERO)
        if base < each.amount:
            says = "The discount is larger than the lines with its tax code, on which it has to be spread"
            yield "allowances_charges", str(each.amount), says, "Correct the discount's tax code"


def _texts(document: Document, settings: Settings) -> Iterator[Obstacle]:
    buyer = document.buyer
    texts = {
        "internal_note": (memo(document), MEMO),
        "buyer.code": (card_id(buyer, document.currency, settings.get("home_currency", "")), CARD_ID),
        "buyer.contact.email": (buyer.contact.email, EMAIL),
    }
    for field, (text, limit) in texts.items():
        if len(text) > limit:
            yield field, f"{text[:40]}...", f"MYOB takes {limit} characters here, and this would be {len(text)}", "Shorten the text"
    if not buyer.name.strip():
        yield "buyer.name", "", "A customer's card needs a name", "Give the buyer a name"


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "CURRENCY": _currency,
    "DUE": _due,
    "TAX": _taxes,
    "DISCOUNT": _discounts,
    "TEXT": _texts,
}
