"""What a document needs that Epicor's API cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airbooks.canonical import Finding, Line, Severity
from airbooks.platforms.epicor.lines import (
    PROJECT,
    QUANTITY,
    ZERO,
    Document,
    charges,
    dimension_targets,
    discounts,
    extended,
    line_charges,
    line_discount,
)
from airbooks.platforms.epicor.spec import MAX_NUMBER
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.references import dimension_codes

_PURCHASE_ORDER = 50
Obstacle = tuple[str, str, object, str, str]


def refusals(document: Document, settings: Mapping[str, str], connection: str = "") -> tuple[Finding, ...]:
    """Every reason why this document cannot be sent over a connection with these settings; empty when it can."""
    checks = (_head(document), _totals(document), _lines(document, settings), _charges(document, settings), _dimensions(document, settings))
    return tuple(_finding(connection, *each) for check in checks for each in check)


def _finding(connection: str, topic: str, field: str, value: object, says: str, fix: str) -> Finding:
    return Finding(
        code=f"AB-UNSUPPORTED:{topic}",
        severity=Severity.ERROR,
        field=field,
        value=str(value),
        says=f"Epicor {says}.",
        fix=f"{fix}.",
        connection=connection,
    )


def _head(document: Document) -> Iterator[Obstacle]:
    if len(document.number) > MAX_NUMBER:
        yield "number", "number", document.number, f"keeps our document number in {MAX_NUMBER} characters", "Shorten the number"
    if len(document.purchase_order) > _PURCHASE_ORDER:
        says = f"keeps purchase order numbers of at most {_PURCHASE_ORDER} characters"
        yield "purchase order", "purchase_order", document.purchase_order, says, "Shorten the purchase order number"
    if document.tax_point_date not in (None, document.ledger_date):
        says = f"computes tax at the apply date ({document.ledger_date}); another tax point date cannot be given"
        yield "tax point", "tax_point_date", document.tax_point_date, says, "Post the document on its tax point date"
    if document.prices_include_tax:
        says = "takes prices with tax only by the customer's tax liability (InPrice), not from the caller"
        yield "prices with tax", "prices_include_tax", True, says, "Send prices without tax"
    if document.attachments:
        yield (
            "attachments",
            "attachments",
            ", ".join(document.attachments),
            "gets no attachments from this connector",
            "Send it without them",
        )


def _totals(document: Document) -> Iterator[Obstacle]:
    for name, fix in (
        ("prepaid_amount", "Book the prepayment as a payment instead"),
        ("rounding_amount", "Put the rounding into a line or a charge"),
        ("withholding_tax", "Book the withheld tax with the payment"),
    ):
        amount = getattr(document, name)
        if amount:
            yield name, name, amount, f"has no field for the {name.replace('_', ' ')} of a miscellaneous invoice", fix
    if document.gross_total < 0:
        says = "posts no document with a negative total"
        yield "negative total", "gross_total", document.gross_total, says, "Send the other document type"


def _lines(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    if not document.amount_lines:
        yield "no lines", "lines", "", "posts no invoice without a line that has an amount", "Give it a line"
    for position, line in enumerate(document.lines):
        if line in document.amount_lines:
            yield from _line(document, f"lines[{position}]", line, settings)


def _line(document: Document, path: str, line: Line, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    if not line.item_code and not settings.get("prod_code"):
        says = "needs a product group on a line whose part is not in the part master"
        yield "line target", f"{path}.item_code", "", says, "Give the line an item, or the connection a product group"
    if not line.tax_code:
        yield (
            "tax code",
            f"{path}.tax_code",
            "",
            "computes the tax from region and category, and there is no tax code",
            "Give it a tax code",
        )
    if line.quantity != line.quantity.quantize(QUANTITY):
        yield "quantity", f"{path}.quantity", line.quantity, "keeps quantities of 8 decimals", "Round the quantity"
    makes = extended(line, document.currency)
    expected = line.net_amount - sum((each.amount for each in line_charges(line)), ZERO)
    if makes - line_discount(line) != expected:
        says = f"keeps prices of 5 decimals and would make {makes - line_discount(line)} of this line, not {expected}"
        yield "price", f"{path}.net_price", line.net_price, says, "Give a price per unit whose product with the quantity is the amount"
    if line_discount(line) > max(makes, ZERO):
        yield "discount", f"{path}.allowances_charges", line_discount(line), f"takes no discount above {makes} of this line", "Lower it"


def _charges(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    for each, _, tax_code in charges(document, settings):
        if not settings.get("freight_misc_code"):
            says = "books charges as miscellaneous charges, and the connection names no MiscCode"
            yield "charge", "allowances_charges", each.amount, says, "Fill the field Miscellaneous charge of the connection"
        if not tax_code:
            yield (
                "charge tax",
                "allowances_charges.tax_code",
                each.amount,
                "taxes a charge by a category, and there is none",
                "Give it a tax code",
            )
    try:
        discounts(document, settings)
    except PlatformError as error:
        says = f"has no discount of a document: it is spread over the lines, but {error.message}"
        yield "document discount", "allowances_charges", "", says, "Give the discount on the lines"


def _dimensions(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    known = dimension_targets(settings)
    for position, line in enumerate(document.lines):
        names = {code.partition(":")[0] for code in (*dimension_codes(document), *dimension_codes(document, line))}
        if line not in document.amount_lines:
            continue
        for name in sorted(names - known.keys()):
            says = f"is not told which segment of the GL account our {name!r} is"
            yield "dimension", f"lines[{position}].dimensions", name, says, "Add it to the field Dimensions of the connection"
        if not line.account_code and any(known.get(name, PROJECT) != PROJECT for name in names):
            says = "keeps dimensions as segments of the GL account, and the line has no account"
            yield "dimension", f"lines[{position}].account_code", ", ".join(sorted(names)), says, "Give the line a revenue group"
