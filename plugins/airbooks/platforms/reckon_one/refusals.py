"""What a document can hold and Reckon One cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, Finding, Line, LineKind, Severity
from airbooks.platforms.reckon_one.lines import CENT, ZERO, Document, allowances, bearing, charges, parts
from airbooks.platforms.reckon_one.mapping import address_fields, business_number, customer_name
from airbooks.platforms.reckon_one.spec import ADDRESS, BUSINESS_NUMBER, CUSTOMER_NAME, EMAIL, NUMBER, PHONE, POSTCODE

Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]
Rule = Callable[[Document, Settings], Iterator[Obstacle]]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    found = _broken(RULES, document, settings)
    if not found:  # net and tax can be put on lines only where these can bear the discounts
        found = _broken(SPREAD, document, settings)
    return tuple(
        Finding(code=f"RO-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection)
        for name, (field, value, says, fix) in found
    )


def _broken(rules: Mapping[str, Rule], document: Document, settings: Settings) -> list[tuple[str, Obstacle]]:
    return [(name, obstacle) for name, rule in rules.items() for obstacle in rule(document, settings)]


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"Our number becomes the reference there, of 1 to {NUMBER} characters", "Shorten the number"
    if set(document.number) & set("'\""):
        yield "number", document.number, "Reckon One cannot be asked for a reference with quotes", "Change the number"


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home = settings.get("home_currency", "")
    if document.currency != home:
        says = f"A book of Reckon One has one currency and no exchange rates: this one is kept in {home}, the document is in"
        yield "currency", document.currency, f"{says} {document.currency}", "Route it to a connection that takes this currency"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    amounts |= {"tax_total": document.tax_total}
    for field, amount in amounts.items():
        if amount != amount.quantize(CENT):
            yield field, str(amount), "Reckon One takes amounts of two decimals", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"Reckon One has no place for a {field.replace('_', ' ')} on a sales document", way


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    bearers: list[tuple[str, Line | AllowanceCharge]] = [
        *((f"lines[{i}]", line) for i, line in enumerate(document.lines) if line.kind is not LineKind.COMMENT),
        *((f"allowances_charges[{i}]", each) for i, each in enumerate(document.allowances_charges) if each.is_charge),
    ]
    for field, each in bearers:
        if not each.tax_code:
            yield f"{field}.tax_code", "", "Without a tax code Reckon One might take the item's own tax", "Give it a tax code"


def _accounts(document: Document, settings: Settings) -> Iterator[Obstacle]:
    default, way = settings.get("default_income_account"), "Give it an account, or set default_income_account in the connection"
    for i, line in enumerate(document.lines):
        if line.kind is not LineKind.COMMENT and not (line.item_code or line.account_code or default):
            yield f"lines[{i}].account_code", "", "Reckon One needs an item or an account on every line", way
    if any(not each.account_code and not default for each in charges(document)):
        yield "allowances_charges", "", "A charge of the whole document becomes a line, which needs an account", way


def _discounts(document: Document, _: Settings) -> Iterator[Obstacle]:
    for each in allowances(document):
        base = sum((document.amount_lines[i].net_amount for i in bearing(document, each)), ZERO)
        if base < each.amount:
            says = "The discount is larger than the lines with its tax code, on which it has to stand"
            yield "allowances_charges", str(each.amount), says, "Correct the discount's tax code or amount"


def _texts(document: Document, _: Settings) -> Iterator[Obstacle]:
    buyer, address = document.buyer, address_fields(document.buyer.address)
    texts = {
        "buyer.name": (customer_name(buyer, coded=True), CUSTOMER_NAME),
        "buyer.code": (buyer.code, BUSINESS_NUMBER),
        "buyer.tax_registration": (business_number(buyer), BUSINESS_NUMBER),
        "buyer.contact.email": (buyer.contact.email, EMAIL),
        "buyer.contact.phone": (buyer.contact.phone, PHONE),
        **{f"buyer.address.{part}": (text, POSTCODE if part == "postcode" else ADDRESS) for part, text in address.items()},
    }
    for field, (text, limit) in texts.items():
        if len(text) > limit:
            yield field, f"{text[:40]}...", f"Reckon One takes {limit} characters here, and this would be {len(text)}", "Shorten the text"


def _notes(document: Document, _: Settings) -> Iterator[Obstacle]:
    if document.internal_note:
        says = "Reckon One prints the notes of a document for the customer, and this one is internal"
        yield "internal_note", document.internal_note[:40], says, "Empty it, or make it a note for the customer"


def _lines(document: Document, _: Settings) -> Iterator[Obstacle]:
    for i, part in enumerate(parts(document)):
        if part.net < 0:
            yield (
                f"lines[{i}].net_amount",
                str(part.net),
                "Whether Reckon One takes lines below zero is not documented",
                "Use a credit note",
            )


def _spread_tax(document: Document, _: Settings) -> Iterator[Obstacle]:
    on_lines = sum((part.tax for part in parts(document)), ZERO)
    if on_lines != document.tax_total:
        says = (
            f"The tax total is {document.tax_total}, but the tax breakdown puts {on_lines} on lines, and Reckon One has tax on lines only"
        )
        yield "tax_total", str(document.tax_total), says, "Correct the tax breakdown"


RULES: Mapping[str, Rule] = {
    "NUMBER": _number,
    "CURRENCY": _currency,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "TAX": _taxes,
    "ACCOUNT": _accounts,
    "DISCOUNT": _discounts,
    "TEXT": _texts,
    "NOTES": _notes,
}
SPREAD: Mapping[str, Rule] = {"LINES": _lines, "SPREAD": _spread_tax}
