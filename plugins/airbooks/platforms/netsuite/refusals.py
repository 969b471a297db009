"""What a document needs that NetSuite's REST records cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, Line, Severity, minor_units
from airbooks.platforms.netsuite.lines import (
    FIELDS,
    comments_after,
    description,
    dimension_fields,
    goods_amount,
    pieces,
    taxes,
    unit_rate,
)
from airbooks.platforms.netsuite.mapping import memo, message
from airbooks.platforms.netsuite.records import EXTERNAL_ID
from airbooks.platforms.netsuite.spec import DESCRIPTION, MEMO, NAME, NUMBER, QUANTITY_DECIMALS, RATE_DECIMALS
from airbooks.platforms.references import dimension_codes

Document = Invoice | CreditNote
Settings = Mapping[str, str]
# Topic, field, value, what is wrong, the way out.
Obstacle = tuple[str, str, object, str, str]
AMOUNT_DECIMALS = 2


def refusals(document: Document, settings: Settings, connection: str = "") -> tuple[Finding, ...]:
    """Every reason why this document cannot be sent over a connection with these settings; empty when it can."""
    checks = (_names(document), _texts(document), _totals(document), _lines(document), _parts(document, settings), _tax(document))
    more = (_currency(document, settings), _dimensions(document, settings))
    return tuple(_finding(connection, *each) for check in (*checks, *more) for each in check)


def _finding(connection: str, topic: str, field: str, value: object, says: str, fix: str) -> Finding:
    return Finding(
        code=f"AB-UNSUPPORTED:{topic}",
        severity=Severity.ERROR,
        field=field,
        value=str(value),
        says=f"NetSuite {says}.",
        fix=f"{fix}.",
        connection=connection,
    )


def _names(document: Document) -> Iterator[Obstacle]:
    if not EXTERNAL_ID.fullmatch(document.number):
        says = "knows our documents by external ids of letters, digits, - and _"
        yield "number", "number", document.number, says, "Number the document with these characters"
    if len(document.number) > NUMBER:
        yield "number", "number", document.number, f"takes document numbers of at most {NUMBER} characters", "Shorten the number"
    if not EXTERNAL_ID.fullmatch(document.buyer.code):
        says = "knows our customers by external ids of letters, digits, - and _"
        yield "customer code", "buyer.code", document.buyer.code, says, "Give the customer a code of these characters"
    if document.tax_point_date not in (None, document.ledger_date):
        says = "gets no tax point date from this connector, and the ledger date is another"
        yield "tax point", "tax_point_date", document.tax_point_date, says, "Post the document on its tax point date"
    if document.attachments:
        yield "attachments", "attachments", ", ".join(document.attachments), "gets no files from this connector", "Send it without them"


def _texts(document: Document) -> Iterator[Obstacle]:
    comments = comments_after(document)
    sizes = [
        ("buyer.name", document.buyer.name, NAME),
        ("purchase_order", document.purchase_order, NUMBER),
        ("notes", message(document), MEMO),
        ("internal_note", memo(document), MEMO),
        *(
            (f"lines.{line.line_id}.description", description(line, comments.get(line.line_id, [])), DESCRIPTION)
            for line in document.amount_lines
        ),
    ]
    for field, text, size in sizes:
        if len(text) > size:
            yield "length", field, f"{text[:60]}...", f"takes at most {size} characters here ({len(text)} would be sent)", "Shorten it"


def _totals(document: Document) -> Iterator[Obstacle]:
    for name, fix in (
        ("prepaid_amount", "Book the prepayment as a payment instead"),
        ("rounding_amount", "Put the rounding into a line or a charge"),
        ("withholding_tax", "Book the withheld tax with the payment"),
    ):
        amount = getattr(document, name)
        if amount:
            yield name, name, amount, f"has no field for the {name.replace('_', ' ')} of a sales document", fix
    if document.gross_total < 0:
        says = "takes no document with a negative total"
        yield "negative total", "gross_total", document.gross_total, says, "Send the other document type"
    if minor_units(document.currency) > AMOUNT_DECIMALS:
        yield "currency", "currency", document.currency, "keeps amounts of two decimals", "Invoice in another currency"


def _lines(document: Document) -> Iterator[Obstacle]:
    for position, line in enumerate(document.lines):
        if line in document.amount_lines:
            yield from _line(document, f"lines[{position}]", line)
    if not document.amount_lines:
        yield "lines", "lines", "", "needs a line with an item", "Give the document a line with an amount"


def _line(document: Document, path: str, line: Line) -> Iterator[Obstacle]:
    if not line.item_code:
        says = "needs an item on every line: the revenue account comes from it"
        yield "item", f"{path}.item_code", line.account_code, says, "Give the line an item code"
    if line.quantity != line.quantity.quantize(Decimal(1).scaleb(-QUANTITY_DECIMALS)):
        says = f"keeps quantities of {QUANTITY_DECIMALS} decimals"
        yield "quantity", f"{path}.quantity", line.quantity, says, "Round the quantity"
    if unit_rate(document, line) is None:
        says = f"has no rate of {RATE_DECIMALS} decimals whose product with {line.quantity} is {goods_amount(line)}"
        yield "price", f"{path}.net_price", line.net_price, says, "Give a price per unit whose product with the quantity is the amount"


def _parts(document: Document, settings: Settings) -> Iterator[Obstacle]:
    """Allowances and charges need the items that the connection keeps for them."""
    needed = {"charge_item_id" if each.part.is_charge else "discount_item_id" for each in pieces(document) if each.part}
    for name in sorted(needed):
        if not settings.get(name):
            what = "a charge" if name == "charge_item_id" else "a discount"
            says = f"takes {what} as a line with an item of its own, and the connection names none"
            yield name, "allowances_charges", name, says, f"Set {name} in the connection's form"


def _tax(document: Document) -> Iterator[Obstacle]:
    for piece in pieces(document):
        if not piece.tax_code:
            where = "lines.tax_code" if piece.line else "allowances_charges.tax_code"
            yield "tax code", where, piece.amount, "needs a tax code wherever there is an amount", "Give it a tax code"
    placed = sum(taxes(document), Decimal(0))
    if placed != document.tax_total:
        says = f"takes tax by line, and the lines bear {placed} of the document's {document.tax_total}"
        yield "tax total", "tax_total", document.tax_total, says, "Correct the tax breakdown: each category and rate needs its lines"


def _currency(document: Document, settings: Settings) -> Iterator[Obstacle]:
    base, rate = settings.get("base_currency", ""), document.exchange_rate
    if rate is not None and base and rate.base != base:
        says = f"keeps these books in {base}, and the rate is for {rate.base}"
        yield "exchange rate", "exchange_rate.base", rate.base, says, "Give the rate for the books' currency, or none"


def _dimensions(document: Document, settings: Settings) -> Iterator[Obstacle]:
    known = {name: field for name, field in dimension_fields(settings).items() if field in FIELDS}
    codes = {*dimension_codes(document), *(code for line in document.amount_lines for code in dimension_codes(document, line))}
    for name in sorted({code.partition(":")[0] for code in codes} - known.keys()):
        says = f"is not told which of {', '.join(FIELDS)} our {name!r} is"
        yield "dimension", "dimensions", name, says, "Add it to the field Dimensions of the connection"
