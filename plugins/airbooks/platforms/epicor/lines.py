"""The lines, miscellaneous charges and accounts of an Epicor invoice from canonical lines, allowances and charges. Pure.

A line becomes an InvcDtl row; without an item its part number is our account code, which needs a product group. Line discounts become the
flat DocDiscount. A discount of the document, which Epicor does not have, is spread over the lines taxed alike, to the cent. Charges
become miscellaneous charges (InvcMisc), and so do freight lines without dimensions where the connection names a MiscCode: their account is
that code's. Accounts and dimensions become a GL account of segments (InvcDtlTGLC).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, round_amount
from airbooks.platforms.epicor.client import Row, refusal
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Document = Invoice | CreditNote
ZERO = Decimal(0)
PRICE, QUANTITY = Decimal("0.00001"), Decimal("0.00000001")  # decimals that Epicor keeps (from memory)
PER = {Decimal(1): "E", Decimal(100): "C", Decimal(1000): "M"}
NAME_LENGTH, PART_LENGTH = 1000, 50
CHARGE = "Charge: "  # how our charges begin, so that they are not counted as lines when read back
PROJECT = "ProjectID"


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax code of a connection: `region/category`, for example TX/TAXABLE."""

    region: str
    category: str


def tax_of(code: str, refs: References) -> Tax:
    entry = refs.get(ReferenceKind.TAX_CODE, code)
    region, slash, category = entry.code.partition("/")
    if not (slash and category):
        raise ReferenceMissing(ReferenceKind.TAX_CODE, code, entry.code)
    return Tax(region, category)


# -- amounts ------------------------------------------------------------------------------------------------------------------


def price_per(line: Line) -> tuple[Decimal, str]:
    """The price and what it is per (PricePerCode): each, hundred or thousand; any other base becomes a price per unit."""
    if line.base_quantity in PER:
        return line.net_price.quantize(PRICE, ROUND_HALF_UP).normalize(), PER[line.base_quantity]
    return (line.net_price / line.base_quantity).quantize(PRICE, ROUND_HALF_UP).normalize(), "E"


def line_discount(line: Line) -> Decimal:
    return sum((each.amount for each in line.allowances_charges if not each.is_charge), ZERO)


def line_charges(line: Line) -> tuple[AllowanceCharge, ...]:
    return tuple(each for each in line.allowances_charges if each.is_charge)


def extended(line: Line, currency: str) -> Decimal:
    """What Epicor makes of quantity and price before the discount."""
    price, code = price_per(line)
    per = next(number for number, letter in PER.items() if letter == code)
    return round_amount(line.quantity.quantize(QUANTITY, ROUND_HALF_UP) * price / per, currency)


def discounts(document: Document, settings: Mapping[str, str]) -> dict[str, Decimal]:
    """The flat discount of each part line by its `line_id`: its own, and its share of the document's discounts.

    Raises PlatformError where the lines that are taxed like a discount of the document are worth less than it.
    """
    parts = part_lines(document, settings)
    found = {line.line_id: line_discount(line) for line in parts}
    for each in document.allowances_charges:
        if not each.is_charge:
            _spread(document, each, [line for line in parts if each.tax_code in ("", line.tax_code)], found)
    return found


def _spread(document: Document, allowance: AllowanceCharge, lines: Sequence[Line], found: dict[str, Decimal]) -> None:
    room = [max(extended(line, document.currency) - found[line.line_id], ZERO) for line in lines]
    whole = sum(room, ZERO)
    if allowance.amount > whole:
        says = f"a discount of {allowance.amount} with tax code {allowance.tax_code!r} has lines of {whole} to be spread over"
        raise refusal("discount not spreadable", says, fix="Give the discount on the lines.", field="allowances_charges")
    passed, given = ZERO, ZERO
    for line, share in zip(lines, room, strict=True):
        passed += share
        due = round_amount(allowance.amount * passed / whole, document.currency) if whole else ZERO
        found[line.line_id] += due - given
        given = due


# -- which rows ---------------------------------------------------------------------------------------------------------------


def misc_lines(document: Document, settings: Mapping[str, str]) -> tuple[Line, ...]:
    """The freight lines that become miscellaneous charges; one line at least stays, or the invoice has no detail."""
    if not settings.get("freight_misc_code"):
        return ()
    fit = tuple(line for line in document.amount_lines if line.kind is LineKind.FREIGHT and _is_plain(document, line))
    return fit if len(fit) < len(document.amount_lines) else ()


def _is_plain(document: Document, line: Line) -> bool:
    taxes = {each.tax_code for each in document.amount_lines}
    return not dimension_codes(document, line) and not dimension_codes(document) and not line.allowances_charges and len(taxes) == 1


def part_lines(document: Document, settings: Mapping[str, str]) -> tuple[Line, ...]:
    misc = misc_lines(document, settings)
    return tuple(line for line in document.amount_lines if line not in misc)


def charges(document: Document, settings: Mapping[str, str]) -> Iterator[tuple[AllowanceCharge, int, str]]:
    """Every charge with the number of its line (0: the document's) and its tax code."""
    for number, line in enumerate(part_lines(document, settings), start=1):
        for each in line_charges(line):
            yield each, number, each.tax_code or line.tax_code
    for each in document.allowances_charges:
        if each.is_charge:
            yield each, 0, each.tax_code


def head_region(document: Document, refs: References) -> str:
    """The tax region of the head, which miscellaneous charges cannot leave: the first charge's, else the first line's."""
    codes = [code for _, _, code in charges(document, refs.settings) if code] + [line.tax_code for line in document.amount_lines]
    return next((tax_of(code, refs).region for code in codes if code), "")


# -- rows ---------------------------------------------------------------------------------------------------------------------


def line_rows(document: Document, refs: References, ship_to: Row) -> list[Row]:
    """What is ours in each InvcDtl row; the conversation fills in the rest."""
    own, region = discounts(document, refs.settings), head_region(document, refs)
    comments = _comments(document)
    rows: list[Row] = []
    for line in part_lines(document, refs.settings):
        row = _line_row(line, refs, region) | ship_to | {"DocDiscount": own[line.line_id], "DiscountPercent": ZERO}
        row |= {"InvoiceComment": "\n".join([*comments[line.line_id], *_remarks(line)])}
        project = _dimension(document, line, refs, PROJECT)
        rows.append(row | ({"ProjectID": project.code} if project else {}))
    return rows


def _line_row(line: Line, refs: References, region: str) -> Row:
    price, per = price_per(line)
    tax = tax_of(line.tax_code, refs)
    row: Row = {
        "LineType": "PART",
        "PartNum": _part(line, refs),
        "LineDesc": line.name[:NAME_LENGTH],
        "SellingShipQty": line.quantity,
        "DocUnitPrice": price,
        "PricePerCode": per,
        "TaxCatID": tax.category,
        "TaxRegionCode": "" if tax.region == region else tax.region,
    }
    if line.unit:
        row["SalesUM"] = refs.get(ReferenceKind.UNIT, line.unit).code
    if not line.item_code:
        row |= {"ProdCode": refs.settings.get("prod_code", ""), "SalesCatID": refs.settings.get("sales_cat_id", "")}
    return row


def _part(line: Line, refs: References) -> str:
    """The part; a line without an item is named after its account, which is no part of the part master."""
    if line.item_code:
        return refs.get(ReferenceKind.ITEM, line.item_code).code
    return (line.account_code or line.name)[:PART_LENGTH]


def _comments(document: Document) -> dict[str, list[str]]:
    """Comment lines, at the line that stands before them (those before the first: at the first)."""
    found: dict[str, list[str]] = {line.line_id: [] for line in document.amount_lines}
    at = document.amount_lines[0].line_id if document.amount_lines else ""
    for line in document.lines:
        if line.kind is not LineKind.COMMENT:
            at = line.line_id
        elif at:
            found[at].append(line.description or line.name)
    return found


def _remarks(line: Line) -> Iterator[str]:
    if line.name[NAME_LENGTH:]:
        yield line.name[NAME_LENGTH:]
    if line.description:
        yield line.description
    if line.note:
        yield line.note
    if line.serial_numbers:
        yield f"Serial numbers: {', '.join(line.serial_numbers)}"
    if line.order_reference:
        yield f"Order: {line.order_reference}" + (f", line {line.order_line}" if line.order_line else "")
    if line.period is not None:
        yield f"Period: {line.period.start or ''} - {line.period.end or ''}"
    if line.service_date is not None:
        yield f"Service date: {line.service_date}"


def misc_rows(document: Document, refs: References) -> list[Row]:
    """Freight lines and charges as miscellaneous charges. Raises PlatformError for a charge of another tax region than the head's."""
    code, region = refs.settings.get("freight_misc_code", ""), head_region(document, refs)
    rows = [
        {"InvoiceLine": 0, "MiscCode": code, "Description": line.name[:NAME_LENGTH], "DocMiscAmt": line.net_amount}
        | {"TaxCatID": tax_of(line.tax_code, refs).category}
        for line in misc_lines(document, refs.settings)
    ]
    for each, number, tax_code in charges(document, refs.settings):
        tax = tax_of(tax_code, refs)
        if tax.region != region:
            says = f"a charge is taxed in region {tax.region}, the invoice in {region}; a miscellaneous charge has no region of its own"
            raise refusal("charge of another region", says, fix="Give the charge as a line.", field="allowances_charges")
        row = {"InvoiceLine": number, "MiscCode": code, "Description": f"{CHARGE}{each.reason}"[:NAME_LENGTH], "DocMiscAmt": each.amount}
        rows.append(row | {"TaxCatID": tax.category})
    return rows


# -- accounts and dimensions --------------------------------------------------------------------------------------------------


def dimension_targets(settings: Mapping[str, str]) -> dict[str, str]:
    """Our dimension names and what each is there: the number of a GL account segment, or ProjectID."""
    pairs = (pair.partition("=") for pair in settings.get("dimensions", "").split())
    return {name: target for name, _, target in pairs if target}


def _dimension(document: Document, line: Line, refs: References, target: str) -> ReferenceItem | None:
    """The entry of the dimension that `target` is for; what the line leaves open comes from the document's head."""
    targets = dimension_targets(refs.settings)
    codes = {code.partition(":")[0]: code for code in (*dimension_codes(document), *dimension_codes(document, line))}
    named = next((code for name, code in codes.items() if targets.get(name) == target), None)
    return refs.get(ReferenceKind.DIMENSION, named) if named else None


def account_rows(document: Document, refs: References) -> list[Row]:
    """The GL account of each part line that names one: account and dimensions as segments, trailing blank ones left out."""
    rows: list[Row] = []
    for number, line in enumerate(part_lines(document, refs.settings), start=1):
        if line.account_code:
            rows.append({"InvoiceLine": number, "GLAcctContext": "Sales", "GLAccount": _account(document, line, refs)})
    return rows


def _account(document: Document, line: Line, refs: References) -> str:
    numbers = [int(target) for target in dimension_targets(refs.settings).values() if target.isdigit()]
    entries = [_dimension(document, line, refs, str(number)) for number in range(2, max(numbers, default=1) + 1)]
    segments = [refs.get(ReferenceKind.ACCOUNT, line.account_code).code, *(entry.code if entry else "" for entry in entries)]
    return "|".join(segments).rstrip("|")
