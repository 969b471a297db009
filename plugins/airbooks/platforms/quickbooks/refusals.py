"""What a document can hold and QuickBooks cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Finding, Invoice, Line, LineKind, Severity
from airbooks.platforms.quickbooks.lines import CENT, bearing_lines, charges, is_taxed_alike
from airbooks.platforms.quickbooks.mapping import customer_memo, is_per_line, line_description, private_note
from airbooks.platforms.quickbooks.spec import CUSTOMER_MEMO, DESCRIPTION, EMAIL, NUMBER, PRIVATE_NOTE, US

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    return tuple(
        Finding(
            code=f"QBO-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection
        )
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document, settings)
    )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"QuickBooks takes document numbers of 1 to {NUMBER} characters", "Shorten the number"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != amount.quantize(CENT):
            yield field, str(amount), "QuickBooks takes amounts of two decimals", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"QuickBooks has no place for a {field.replace('_', ' ')} on a sales document", way


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", "USD"), document.exchange_rate
    if document.currency == home:
        return
    if settings.get("multicurrency", "True").lower() == "false":
        yield "currency", document.currency, f"Multicurrency is off in this company, which keeps its books in {home}", "Route it elsewhere"
    elif rate is None:
        yield (
            "exchange_rate",
            "",
            f"A document in {document.currency} needs a rate to {home}: QuickBooks would take its own",
            "Give the rate in the sales system or in the run",
        )
    elif rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the company's currency is {home}", "Correct the rate"


def _taxes(document: Document, settings: Settings) -> Iterator[Obstacle]:
    bearing: list[tuple[str, Line | AllowanceCharge]] = [
        *((f"lines[{i}].tax_code", line) for i, line in enumerate(document.lines) if line.kind is not LineKind.COMMENT),
        *((f"allowances_charges[{i}].tax_code", each) for i, each in enumerate(document.allowances_charges)),
    ]
    if is_per_line(settings):
        for field, each in bearing:
            if not each.tax_code:
                yield field, "", "QuickBooks needs a tax code on every line outside the US", "Give the line a tax code"
    elif settings.get("tax_mode", US) == US:
        yield from _us_taxes([(field, each.tax_code) for field, each in bearing if each.tax_rate])


def _us_taxes(taxed: list[tuple[str, str]]) -> Iterator[Obstacle]:
    codes = sorted({code for _, code in taxed})
    if len(codes) > 1:
        says = "A US document takes one sales tax code, and this one has several with a rate"
        yield "lines.tax_code", ", ".join(codes), says, "Split the document by tax code"
    for field, code in taxed:
        if not code:
            yield field, "", "A taxed line needs a tax code", "Give the line a tax code"


def _allowances(document: Document, settings: Settings) -> Iterator[Obstacle]:
    per_line = is_per_line(settings)
    if is_taxed_alike(document, per_line=per_line):
        return
    for i, each in enumerate(document.allowances_charges):
        lines = [] if each.is_charge else bearing_lines(document, each, per_line=per_line)
        if not each.is_charge and sum((line.net_amount for line in lines), Decimal(0)) < each.amount:
            yield (
                f"allowances_charges[{i}]",
                str(each.amount),
                "The discount is larger than the lines with its tax code, on which it has to be spread",
                "Correct the discount's tax code",
            )


def _items(document: Document, settings: Settings) -> Iterator[Obstacle]:
    for i, line in enumerate(document.lines):
        if line.kind is not LineKind.COMMENT and not line.item_code and not settings.get("default_income_item_id"):
            way = "Give the line an item, or set default_income_item_id in the connection"
            yield f"lines[{i}].item_code", "", "QuickBooks counts only lines with an item", way
    if charges(document) and not settings.get("charge_item_id"):
        way = "Set charge_item_id in the connection"
        yield "allowances_charges", "", "A charge of the whole document needs an item that stands for it", way


def _texts(document: Document, settings: Settings) -> Iterator[Obstacle]:
    texts = {
        "notes": (customer_memo(document), CUSTOMER_MEMO),
        "internal_note": (private_note(document, settings), PRIVATE_NOTE),
        "buyer.contact.email": (document.buyer.contact.email, EMAIL),
        **{f"lines[{i}].description": (_longest(line), DESCRIPTION) for i, line in enumerate(document.lines)},
    }
    for field, (text, limit) in texts.items():
        if len(text) > limit:
            yield field, f"{text[:40]}...", f"QuickBooks takes {limit} characters here, and this would be {len(text)}", "Shorten the text"


def _longest(line: Line) -> str:
    return line_description(line, Decimal(1), mixed=True, whole=True)


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "CURRENCY": _currency,
    "TAX": _taxes,
    "DISCOUNT": _allowances,
    "ITEM": _items,
    "TEXT": _texts,
}
