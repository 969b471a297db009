"""What a document can hold and an A/R document of SyteLine cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from airbooks.canonical import CreditNote, Finding, Invoice, LineKind, Severity, minor_units
from airbooks.platforms.infor_syteline.mapping import BETWEEN, description, description_parts, misc_charges, subtotal_code
from airbooks.platforms.infor_syteline.spec import BY_INV_NUM, DESCRIPTION, INV_NUM, REF

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, object, str, str]
Rule = Callable[[Document, Settings], Iterator[Obstacle]]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent, and as warnings what of it SyteLine does not keep."""
    return tuple(
        Finding(
            code=f"SYTELINE-{name}",
            severity=severity,
            field=field,
            value=str(value),
            says=f"{says}.",
            fix=f"{fix}.",
            connection=connection,
        )
        for severity, rules in ((Severity.ERROR, RULES), (Severity.WARNING, WARNINGS))
        for name, rule in rules.items()
        for field, value, says, fix in rule(document, settings)
    )


def _number(document: Document, settings: Settings) -> Iterator[Obstacle]:
    in_number = settings.get("number_field", BY_INV_NUM) == BY_INV_NUM
    limit = INV_NUM if in_number else REF
    if not 0 < len(document.number) <= limit:
        way = "Shorten the number, or keep it in Ref (number_field)" if in_number else "Shorten the number"
        yield "number", document.number, f"SyteLine takes numbers of 1 to {limit} characters here", way
    elif '"' in document.number:
        yield "number", document.number, "SyteLine cannot be asked for a number with a double quote", "Leave it out of the number"
    elif in_number and document.number != document.number.upper():
        yield "number", document.number, "SyteLine keeps invoice numbers in capital letters", "Write the number in capitals"


def _amounts(document: Document, _: Settings) -> Iterator[Obstacle]:
    places = minor_units(document.currency)
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != round(amount, places):
            yield field, amount, f"SyteLine keeps {places} decimals of {document.currency}", "Round the amount"
    lines = sum((line.net_amount for line in document.amount_lines), misc_charges(document))
    if lines - document.allowance_total != document.net_total:
        yield "net_total", document.net_total, "The lines, allowances and charges do not add up to the net total", "Correct the totals"
    if document.gross_total < 0:
        yield "gross_total", document.gross_total, "SyteLine has no A/R document below zero", "Send the other kind of document"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount = getattr(document, field)
        if amount:
            yield field, amount, f"An A/R document has no place for a {field.replace('_', ' ')}", way


def _taxes(document: Document, _: Settings) -> Iterator[Obstacle]:
    for position, subtotal in enumerate(document.tax_breakdown):
        if subtotal.tax_amount and not subtotal_code(document, subtotal):
            says = f"The tax of {subtotal.rate} % has no single tax code, and SyteLine keeps tax by code"
            yield f"tax_breakdown[{position}].tax_code", "", says, "Give the subtotal its tax code"
    if sum((each.tax_amount for each in document.tax_breakdown), start=document.tax_total * 0) != document.tax_total:
        yield "tax_total", document.tax_total, "The tax breakdown does not add up to the tax total", "Correct the breakdown"


def _rate(document: Document, settings: Settings) -> Iterator[Obstacle]:
    home, rate = settings.get("home_currency", "USD"), document.exchange_rate
    if document.currency != home and rate is not None and rate.base != home:
        yield (
            "exchange_rate.base",
            rate.base,
            f"The exchange rate is to {rate.base}, the site keeps its books in {home}",
            "Correct the rate",
        )


def _accounts(document: Document, settings: Settings) -> Iterator[Obstacle]:
    if settings.get("revenue_account"):
        return
    bearing = [(f"lines[{i}]", line.account_code) for i, line in enumerate(document.lines) if line.kind is not LineKind.COMMENT]
    bearing += [(f"allowances_charges[{i}]", each.account_code) for i, each in enumerate(document.allowances_charges)]
    for field, account in bearing:
        if not account:
            way = "Give it a revenue group, or set revenue_account in the connection"
            yield f"{field}.account_code", "", "Every distribution needs an account", way


def _description(document: Document, _: Settings) -> Iterator[Obstacle]:
    needed = BETWEEN.join(description_parts(document))
    if len(needed) > DESCRIPTION:
        says = f"Purchase order and issue date share a description of {DESCRIPTION} characters, and are {len(needed)} long"
        yield "purchase_order", document.purchase_order, says, "Shorten the purchase order's number"


def _attachments(document: Document, _: Settings) -> Iterator[Obstacle]:
    if document.attachments:
        yield "attachments", ", ".join(document.attachments), "SyteLine gets no attachments from this connector", "Send it without them"


def _left_out(document: Document, _: Settings) -> Iterator[Obstacle]:
    """What an A/R document has no field for; it changes no amount and stays in our database."""
    kept = {
        "notes": document.notes,
        "internal_note": document.internal_note,
        "delivery": document.delivery,
        "salesperson": document.salesperson,
        "project": document.project,
        "contract": document.contract,
        "period": document.period,
        "tax_point_date": document.tax_point_date not in (None, document.ledger_date),
        "payment_reference": document.payment_reference,
        "lines.comment": any(line.kind is LineKind.COMMENT for line in document.lines),
        "lines.serial_numbers": any(line.serial_numbers for line in document.lines),
        "lines.note": any(line.note or line.service_date or line.period for line in document.lines),
    }
    names = [name for name, value in kept.items() if value]
    if names:
        says = f"An A/R document of SyteLine has no field for: {', '.join(names)}"
        yield names[0], "", says, "It stays in our database; nothing is to be done"


def _cut(document: Document, _: Settings) -> Iterator[Obstacle]:
    if isinstance(document, CreditNote) and document.reason and document.reason.strip() not in description(document):
        yield "reason", document.reason, f"The reason does not fit into a description of {DESCRIPTION} characters", "It is cut there"


RULES: Mapping[str, Rule] = {
    "NUMBER": _number,
    "AMOUNT": _amounts,
    "TOTALS": _totals,
    "TAX": _taxes,
    "RATE": _rate,
    "ACCOUNT": _accounts,
    "DESCRIPTION": _description,
    "ATTACHMENT": _attachments,
}
WARNINGS: Mapping[str, Rule] = {"LEFT-OUT": _left_out, "CUT": _cut}
