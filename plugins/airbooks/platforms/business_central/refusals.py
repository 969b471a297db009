"""What a document needs that Business Central's API cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airbooks.canonical import CreditNote, Finding, Invoice, Line, Severity
from airbooks.platforms.business_central.lines import (
    PRECISION,
    ZERO,
    charged_lines,
    computed_amount,
    dimension_targets,
    line_charges,
)
from airbooks.platforms.business_central.mapping import SHORT, second_line
from airbooks.platforms.references import dimension_codes

Document = Invoice | CreditNote
_NAME = "Business Central"
_PARTY_SIZES = {"code": 20, "name": 100, "vat_id": 20}
_ADDRESS_SIZES = {"line1": 100, "line2": 50, "city": 30, "region": 30, "postal_code": 20}
_REACH_SIZES = {"phone": 30, "email": 80}


def refusals(document: Document, settings: Mapping[str, str], connection: str = "") -> tuple[Finding, ...]:
    """Every reason why this document cannot be sent over a connection with these settings; empty when it can."""
    checks = (_head(document), _sizes(document), _totals(document), _lines(document), _charges(document), _dimensions(document, settings))
    return tuple(_finding(connection, *each) for check in checks for each in check)


def _finding(connection: str, topic: str, field: str, value: object, says: str, fix: str, subject: str = "") -> Finding:
    return Finding(
        code=f"AB-UNSUPPORTED:{topic}",
        severity=Severity.ERROR,
        field=field,
        value=str(value),
        says=f"{_NAME} {says}.",
        fix=f"{fix}.",
        connection=connection,
        subject=subject,
    )


Obstacle = tuple[str, str, object, str, str]


def _head(document: Document) -> Iterator[Obstacle]:
    if len(document.number) > SHORT:
        yield "number", "number", document.number, f"keeps document numbers of at most {SHORT} characters", "Shorten the number"
    if document.number != document.number.upper():
        yield "number", "number", document.number, "keeps document numbers in capital letters only", "Write the number in capitals"
    if isinstance(document, Invoice) and len(document.purchase_order) > SHORT:
        says = f"keeps purchase order numbers of at most {SHORT} characters"
        yield "purchase order", "purchase_order", document.purchase_order, says, "Shorten the purchase order number"
    if document.tax_point_date not in (None, document.ledger_date):
        says = f"computes tax at the posting date ({document.ledger_date}); another tax point date cannot be given"
        yield "tax point", "tax_point_date", document.tax_point_date, says, "Post the document on its tax point date"
    if document.attachments:
        yield (
            "attachments",
            "attachments",
            ", ".join(document.attachments),
            "gets no attachments from this connector",
            "Send it without them",
        )


def _sizes(document: Document) -> Iterator[Obstacle]:
    buyer = document.buyer
    values = [("buyer.", buyer.model_dump(), _PARTY_SIZES), ("buyer.contact.", buyer.contact.model_dump(), _REACH_SIZES)]
    values.append(("buyer.address.", buyer.address.model_dump() | {"line2": second_line(buyer.address)}, _ADDRESS_SIZES))
    if isinstance(document, Invoice) and document.delivery is not None:
        place = document.delivery.address
        values.append(("delivery.", document.delivery.model_dump(), {"name": 100}))
        values.append(("delivery.address.", place.model_dump() | {"line2": second_line(place)}, _ADDRESS_SIZES))
    for prefix, fields, sizes in values:
        for name, size in sizes.items():
            if len(str(fields[name])) > size:
                yield "length", prefix + name, fields[name], f"takes at most {size} characters here", "Shorten it"


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
        yield (
            "negative total",
            "gross_total",
            document.gross_total,
            "posts no document with a negative total",
            "Send the other document type",
        )


def _lines(document: Document) -> Iterator[Obstacle]:
    for position, line in enumerate(document.lines):
        if line in document.amount_lines:
            yield from _line(document, f"lines[{position}]", line)


def _line(document: Document, path: str, line: Line) -> Iterator[Obstacle]:
    if not line.item_code and not line.account_code:
        yield (
            "line target",
            f"{path}.item_code",
            "",
            "needs an item or an account on every line",
            "Give the line an item code or a revenue group",
        )
    if not line.tax_code:
        yield "tax code", f"{path}.tax_code", "", "computes the tax from the line's tax code, and there is none", "Give the line a tax code"
    if line.quantity != line.quantity.quantize(PRECISION):
        yield "quantity", f"{path}.quantity", line.quantity, "keeps quantities of 5 decimals", "Round the quantity"
    if not document.prices_include_tax:
        yield from _price(document, path, line)


def _price(document: Document, path: str, line: Line) -> Iterator[Obstacle]:
    """Whether the platform's arithmetic makes our amount of a line."""
    expected = line.net_amount - sum((each.amount for each in line_charges(line)), ZERO)
    computed = computed_amount(line, document.currency)
    if expected != computed:
        says = f"keeps prices of 5 decimals and would make {computed} of this line, not {expected}"
        yield "price", f"{path}.net_price", line.net_price, says, "Give a price per unit whose product with the quantity is the amount"


def _charges(document: Document) -> Iterator[Obstacle]:
    for each, mark, line in charged_lines(document):
        field = "allowances_charges" if line is None else "lines.allowances_charges"
        if not (each.account_code or (line and line.account_code)):
            says = f"takes this as a line on a G/L account ({mark.lower()}), and no account is given"
            yield "charge account", f"{field}.account_code", each.amount, says, "Give it an account code"
        if not (each.tax_code or (line and line.tax_code)):
            yield (
                "charge tax",
                f"{field}.tax_code",
                each.amount,
                "computes its tax from a tax code, and there is none",
                "Give it a tax code",
            )


def _dimensions(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    known = dimension_targets(settings)
    codes = {*dimension_codes(document), *(code for line in document.amount_lines for code in dimension_codes(document, line))}
    for name in sorted({code.partition(":")[0] for code in codes} - known.keys()):
        says = f"is not told which of its dimensions our {name!r} is"
        yield "dimension", "dimensions", name, says, "Add it to the field Dimensions of the connection"
