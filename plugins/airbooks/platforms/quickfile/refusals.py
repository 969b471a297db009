"""What a document can hold and QuickFile cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, Severity
from airbooks.platforms.quickfile.lines import CENT, line_taxes, with_comments
from airbooks.platforms.quickfile.mapping import comment_text, line_text, short_name, split_dimensions, tags, term_days
from airbooks.platforms.quickfile.spec import CHARGE_LINE, COMPANY_NAME, CUSTOMER_CODE, DISCOUNT_LINE, LINE_TEXT, LINES, NUMBER, TAG, TAGS

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Field, value, what is wrong, the way out.
Obstacle = tuple[str, str, str, str]


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why the document cannot be sent, and as warnings what is left out of it."""
    return tuple(
        Finding(code=f"QF-{name}", severity=severity, field=field, value=value, says=f"{says}.", fix=f"{fix}.", connection=connection)
        for severity, rules in ((Severity.ERROR, RULES), (Severity.WARNING, WARNINGS))
        for name, rule in rules.items()
        for field, value, says, fix in rule(document, settings)
    )


def _number(document: Document, _: Settings) -> Iterator[Obstacle]:
    if not 0 < len(document.number) <= NUMBER:
        yield "number", document.number, f"QuickFile takes document numbers of 1 to {NUMBER} characters", "Shorten the number"


def _customer(document: Document, _: Settings) -> Iterator[Obstacle]:
    code, name, address = document.buyer.code, document.buyer.name, document.buyer.address
    limits = {
        "buyer.code": (code, CUSTOMER_CODE),
        "buyer.name": (name, COMPANY_NAME),
        "buyer.vat_id": (document.buyer.vat_id, 20),
        "buyer.address.line1": (address.line1, 75),
        "buyer.address.line2": (address.line2, 75),
        "buyer.address.line3": (address.line3, 75),
        "buyer.address.city": (address.city, 75),
        "buyer.address.postal_code": (address.postal_code, 15),
    }
    for field, (text, limit) in limits.items():
        if len(text) > limit:
            yield field, text, f"QuickFile takes {limit} characters here", "Shorten it in the sales system"


def _decimals(document: Document, _: Settings) -> Iterator[Obstacle]:
    amounts = {f"lines[{i}].net_amount": line.net_amount for i, line in enumerate(document.lines)}
    amounts |= {f"allowances_charges[{i}].amount": each.amount for i, each in enumerate(document.allowances_charges)}
    for field, amount in amounts.items():
        if amount != amount.quantize(CENT):
            yield field, str(amount), "QuickFile takes amounts of two decimals", "Round the amount"


def _totals(document: Document, _: Settings) -> Iterator[Obstacle]:
    for field, way in (
        ("rounding_amount", "Put the rounding into a line"),
        ("prepaid_amount", "Book the prepayment as a payment and set it to zero here"),
        ("withholding_tax", "Book the tax withheld with the payment"),
    ):
        amount: Decimal = getattr(document, field)
        if amount:
            yield field, str(amount), f"QuickFile has no place for a {field.replace('_', ' ')} on a sales document", way


def _tax(document: Document, _: Settings) -> Iterator[Obstacle]:
    given = sum(line_taxes(document), Decimal(0))
    if given != document.tax_total:
        says = f"The VAT of the lines by rate is {given}, the document's {document.tax_total}: QuickFile has VAT on lines only"
        yield "tax_total", str(document.tax_total), says, "Correct the tax breakdown"


def _due(document: Document, settings: Settings) -> Iterator[Obstacle]:
    days = term_days(document, settings)
    if days < 0:
        says = "QuickFile computes the due date from a number of days, and this one is before the invoice's date"
        yield "due_date", str(document.due_date), says, "Correct the due date, or the posting date"


def _credit(document: Document, _: Settings) -> Iterator[Obstacle]:
    if isinstance(document, CreditNote) and not document.preceding_invoices:
        yield "preceding_invoices", "", "A credit note of QuickFile belongs to the invoice that it corrects", "Name that invoice"


def _size(document: Document, _: Settings) -> Iterator[Obstacle]:
    count = len(document.amount_lines) + len(document.allowances_charges)
    if count > LINES:
        yield "lines", str(count), f"QuickFile takes {LINES} lines", "Split the document"
    if not document.amount_lines:
        yield "lines", "", "QuickFile needs a line with an amount", "Add one"


def _names(document: Document, _: Settings) -> Iterator[Obstacle]:
    for i, line in enumerate(document.amount_lines):
        if short_name(line) in (DISCOUNT_LINE, CHARGE_LINE):
            says = "Lines of this name are taken for discounts and charges of the whole document"
            yield f"lines[{i}].item_code", line.item_code, says, "Use another item code"


def _tags(document: Document, _: Settings) -> Iterator[Obstacle]:
    found = tags(document)
    if len(found) > TAGS:
        says = f"QuickFile takes {TAGS} project tags for an invoice, and its dimensions have {len(found)} values"
        yield "dimensions", ", ".join(found), says, "Send fewer dimensions"
    for tag in found:
        if len(tag) > TAG:
            yield "dimensions", tag, f"QuickFile takes project tags of {TAG} characters", "Use a shorter code"


def _texts(document: Document, _: Settings) -> Iterator[Obstacle]:
    split = split_dimensions(document)
    for i, (line, comments) in enumerate(with_comments(document.lines)):
        text = "\n".join([line_text(line, split, whole=True), *map(comment_text, comments)])
        if len(text) > LINE_TEXT:
            says = f"QuickFile takes {LINE_TEXT} characters here, and this would be {len(text)}"
            yield f"lines[{i}].description", f"{text[:40]}...", says, "Shorten the text"


def _rate(document: Document, settings: Settings) -> Iterator[Obstacle]:
    if document.exchange_rate is not None and document.currency != settings.get("currency", "GBP"):
        says = "QuickFile takes its own exchange rate of the invoice's date; ours is not sent"
        yield "exchange_rate", str(document.exchange_rate.rate), says, "Compare the rates where that matters"


def _internal(document: Document, _: Settings) -> Iterator[Obstacle]:
    if document.internal_note:
        says = "QuickFile has only notes that customers see; the internal note is not sent"
        yield "internal_note", document.internal_note[:40], says, "Keep it in the sales system"


Rule = Callable[[Document, Settings], Iterator[Obstacle]]
RULES: Mapping[str, Rule] = {
    "NUMBER": _number,
    "CUSTOMER": _customer,
    "DECIMALS": _decimals,
    "TOTALS": _totals,
    "TAX": _tax,
    "DUE": _due,
    "CREDIT": _credit,
    "SIZE": _size,
    "NAME": _names,
    "TAGS": _tags,
    "TEXT": _texts,
}
WARNINGS: Mapping[str, Rule] = {"RATE": _rate, "INTERNAL": _internal}
