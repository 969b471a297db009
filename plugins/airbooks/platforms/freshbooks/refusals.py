"""What a document can hold and FreshBooks cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, Finding, Invoice, Line, Severity
from airbooks.platforms.freshbooks.lines import CENT, ZERO, Document, allowances, bearing_lines, discount_percent, shares
from airbooks.platforms.freshbooks.spec import NUMBER

# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent; empty when it can."""
    return tuple(
        Finding(code=f"FB-{name}", severity=Severity.ERROR, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection)
        for name, rule in RULES.items()
        for field, value, says, fix in rule(document)
    )


def _number(document: Document) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"FreshBooks is sent document numbers of 1 to {NUMBER} characters", "Shorten the number"


def _decimals(document: Document) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != amount.quantize(CENT):
            yield field, str(amount), "FreshBooks takes amounts of two decimals", "Round the amount"


def _totals(document: Document) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"FreshBooks has no place for a {field.replace('_', ' ')} on a sales document", way


def _taxes(document: Document) -> Iterator[Obstacle]:
    bearing: list[tuple[str, Line | AllowanceCharge]] = [
        *((f"lines[{i}].tax_code", line) for i, line in enumerate(document.lines)),
        *((f"allowances_charges[{i}].tax_code", each) for i, each in enumerate(document.allowances_charges)),
    ]
    for field, each in bearing:
        if each.tax_rate and not each.tax_code:
            yield field, "", "FreshBooks needs the name of every tax, and this one has no tax code", "Give it a tax code"


def _dates(document: Document) -> Iterator[Obstacle]:
    if isinstance(document, Invoice) and document.due_date is not None and document.due_date < document.ledger_date:
        says = "FreshBooks counts days from the invoice date to the due date, and this one is due before"
        yield "due_date", document.due_date.isoformat(), says, "Correct the due date or the posting date"


def _lines(document: Document) -> Iterator[Obstacle]:
    if _unspreadable(document):
        return
    carried = shares(document)
    for i, line in enumerate(document.lines):
        if line.net_amount - carried.get(line.line_id, ZERO) < 0:
            says = "Whether FreshBooks takes lines below zero is not documented"
            yield f"lines[{i}].net_amount", str(line.net_amount), says, "Put it into a credit note"


def _discounts(document: Document) -> Iterator[Obstacle]:
    for i in _unspreadable(document):
        amount = str(document.allowances_charges[i].amount)
        says = "The discount is no percentage of the whole invoice, and larger than the lines taxed like it, which would have to carry it"
        yield f"allowances_charges[{i}]", amount, says, "Correct the discount's tax code or amount"


def _unspreadable(document: Document) -> list[int]:
    """The positions of allowances that neither a percentage nor the lines can carry."""
    if discount_percent(document) is not None:
        return []
    given = allowances(document)
    return [
        i
        for i, each in enumerate(document.allowances_charges)
        if each in given and sum((line.net_amount for line in bearing_lines(document, each)), ZERO) < each.amount
    ]


def _notes(document: Document) -> Iterator[Obstacle]:
    if document.internal_note:
        says = "FreshBooks shows every note to the customer, and this one is internal"
        yield "internal_note", document.internal_note[:40], says, "Empty it, or make it a note for the customer"


RULES: Mapping[str, Callable[[Document], Iterator[Obstacle]]] = {
    "NUMBER": _number,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "TAX": _taxes,
    "DATES": _dates,
    "LINES": _lines,
    "DISCOUNT": _discounts,
    "NOTES": _notes,
}
