"""What a document can hold and KashFlow cannot express: told before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Severity
from airbooks.platforms.kashflow.lines import CENT, Document, bearers, tax_by_key, tax_key
from airbooks.platforms.kashflow.mapping import own_number
from airbooks.platforms.kashflow.spec import BETWEEN, CLIENT, LARGEST_NUMBER, REFERENCE

Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent, and a warning for what cannot go with it."""
    return tuple(
        Finding(
            code=f"KF-{name}",
            severity=Severity.WARNING if name in WARNINGS else Severity.ERROR,
            field=field,
            value=value,
            says=f"{says}.",
            fix=f"{fix}.",
            connection=connection,
        )
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document, settings)
    )


def _number(document: Document, settings: Settings) -> Iterator[Obstacle]:
    number = document.number
    if not 0 < len(number) <= REFERENCE:
        yield "number", number, f"The customer reference that carries our number takes 1 to {REFERENCE} characters", "Shorten the number"
    elif BETWEEN in number:
        yield "number", number, f"{BETWEEN!r} ends our number in the customer reference", "Give it a number without those characters"
    elif settings.get("number_mode") == CLIENT:
        yield from _client_number(document, settings)


def _client_number(document: Document, settings: Settings) -> Iterator[Obstacle]:
    if re.search(r"[0-9]$", document.number) is None:
        says = "KashFlow's numbers are made from the digits at the end of ours"
        yield "number", document.number, says, "Give it a number ending in digits"
    elif not 0 < (own_number(document, settings) or 0) <= LARGEST_NUMBER:
        yield "number", document.number, "The number would not be a positive integer of 32 bits", "Correct the offset of the connection"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    totals = {"net_total": document.net_total, "tax_total": document.tax_total}
    for field, amount in (_finer_than_a_cent(amounts) or _finer_than_a_cent(totals)).items():
        yield field, str(amount), "KashFlow books amounts of two decimals", "Round the amount"


def _finer_than_a_cent(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {field: amount for field, amount in amounts.items() if amount != amount.quantize(CENT)}


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"KashFlow has no place for a {field.replace('_', ' ')} on an invoice", way


def _direction(document: Document, _: Settings) -> Iterator[Obstacle]:
    gross = document.gross_total
    if gross < 0:
        says = "An invoice below zero is a credit note in KashFlow, and the other way round"
        yield "gross_total", str(gross), says, "Send it as the other kind"
    elif gross == 0 and isinstance(document, CreditNote):
        yield "gross_total", "0", "KashFlow tells a credit note by its total below zero", "Send no credit note over nothing"


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", "GBP"), document.exchange_rate
    if document.currency == home:
        return
    if rate is None:
        says = f"A document in {document.currency} needs a rate to {home}: KashFlow would take its own"
        yield "exchange_rate", "", says, "Give the rate in the sales system or in the run"
    elif rate.base != home:
        yield "exchange_rate.base", rate.base, f"The exchange rate is to {rate.base}, the company's currency is {home}", "Correct the rate"


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    broken_down = tax_by_key(document)
    untold = sorted({f"{each.tax_rate} %" for each in bearers(document) if each.tax_rate and tax_key(each) not in broken_down})
    borne = {tax_key(each) for each in bearers(document)}
    unborne = sum((tax for key, tax in broken_down.items() if key not in borne), Decimal(0))
    if untold:
        yield "tax_breakdown", ", ".join(untold), "The VAT amount of these lines is not in the tax breakdown", "Complete the tax breakdown"
    elif unborne or sum(broken_down.values(), Decimal(0)) != document.tax_total:
        says = "KashFlow takes VAT line by line, and the tax total is not the sum of the breakdown over the lines"
        yield "tax_total", str(document.tax_total), says, "Correct the tax breakdown"


def _internal_note(document: Document, _: Settings) -> Iterator[Obstacle]:
    if document.internal_note:
        says = "KashFlow has no field for internal notes: everything on an invoice is printed, so this stays here"
        yield "internal_note", document.internal_note[:40], says, "Nothing has to be done"


RULES: Mapping[str, Callable[[Document, Settings], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "DIRECTION": _direction,
    "CURRENCY": _currency,
    "TAX": _taxes,
    "NOTE": _internal_note,
}
WARNINGS = frozenset({"NOTE"})
