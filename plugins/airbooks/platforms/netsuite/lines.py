"""Item lines and tax details of NetSuite from canonical lines, allowances, charges and comments (invoice and creditMemo, 2026.1).

Every line of NetSuite names an item, and the revenue account comes from it. Allowances stand on lines of their own with the connection's
discount item, charges with its charge item; lines of these two items are not counted as lines of ours when read back. The unit is not
sent (a line is in the item's own unit); it stands in the description where it is not the piece. Each line has tax details of its own, so
that the tax of the document is ours to the cent; how the vendor's engine would treat discount lines does not matter then (UNVERIFIED).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, TaxCategory, round_amount
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.netsuite.spec import RATE_DECIMALS
from airbooks.platforms.references import ReferenceKind, References, dimension_codes

Document = Invoice | CreditNote
Body = dict[str, Any]
ZERO = Decimal(0)
STEP = Decimal(1).scaleb(-RATE_DECIMALS)
CUSTOM_PRICE = "-1"  # the price level that keeps a rate of one's own (from memory)
FIELDS = ("department", "class", "location")


@dataclass(frozen=True, slots=True)
class Piece:
    """One line there: the canonical line it stands for, or the allowance or charge of a line or of the document."""

    amount: Decimal
    category: TaxCategory
    rate: Decimal
    tax_code: str
    line: Line | None = None
    part: AllowanceCharge | None = None


def pieces(document: Document) -> list[Piece]:
    """The lines there in order: each line, then its allowances and charges; those of the document last."""
    found: list[Piece] = []
    for line in document.amount_lines:
        found.append(Piece(goods_amount(line), line.tax_category, line.tax_rate, line.tax_code, line=line))
        found += [
            Piece(_signed(each), line.tax_category, line.tax_rate, line.tax_code, line=line, part=each) for each in line.allowances_charges
        ]
    found += [Piece(_signed(each), each.tax_category, each.tax_rate, each.tax_code, part=each) for each in document.allowances_charges]
    return found


def goods_amount(line: Line) -> Decimal:
    """What a line costs without tax, before its own allowances and charges."""
    return line.net_amount - sum((_signed(each) for each in line.allowances_charges), ZERO)


def _signed(each: AllowanceCharge) -> Decimal:
    return each.amount if each.is_charge else -each.amount


def unit_rate(document: Document, line: Line) -> Decimal | None:
    """The rate whose product with the quantity is the line's amount, or None where there is none of the platform's precision.

    Prices that include tax are turned into net ones: an invoice there has no other.
    """
    amount = goods_amount(line)
    rate = line.net_price / line.base_quantity
    if document.prices_include_tax and line.quantity:
        rate = amount / line.quantity
    rate = rate.quantize(STEP, ROUND_HALF_UP)
    return rate.normalize() if round_amount(rate * line.quantity, document.currency) == amount else None


# -- tax ----------------------------------------------------------------------------------------------------------------------


def taxes(document: Document) -> list[Decimal]:
    """The tax of each piece, in their order; together they are the document's tax breakdown to the cent.

    Each piece's tax is rounded on its own, and what is left of a subtotal goes to its largest piece.
    """
    all_pieces = pieces(document)
    shares = [ZERO] * len(all_pieces)
    for key, total in _subtotals(document).items():
        members = [index for index, piece in enumerate(all_pieces) if _key(document, piece) == key]
        for index in members:
            shares[index] = round_amount(all_pieces[index].amount * all_pieces[index].rate / 100, document.currency)
        if members:
            largest = max(members, key=lambda index: abs(all_pieces[index].amount))
            shares[largest] += total - sum((shares[index] for index in members), ZERO)
    return shares


def _subtotals(document: Document) -> dict[tuple[TaxCategory, Decimal, str], Decimal]:
    found: dict[tuple[TaxCategory, Decimal, str], Decimal] = defaultdict(Decimal)
    for each in document.tax_breakdown:
        found[each.category, each.rate, each.tax_code] += each.tax_amount
    return found


def _key(document: Document, piece: Piece) -> tuple[TaxCategory, Decimal, str]:
    """The subtotal that a piece belongs to: of its own code, where the breakdown has one, else of its category and rate."""
    own = (piece.category, piece.rate, piece.tax_code)
    return own if own in _subtotals(document) else (piece.category, piece.rate, "")


def tax_details(document: Document, refs: References) -> list[Body]:
    """`taxDetails.items`: one element for each piece."""
    return [_tax_detail(index, piece, tax, refs) for index, (piece, tax) in enumerate(zip(pieces(document), taxes(document), strict=True))]


def _tax_detail(index: int, piece: Piece, tax: Decimal, refs: References) -> Body:
    code = refs.get(ReferenceKind.TAX_CODE, piece.tax_code)
    if not code.details.get("tax_type"):
        raise ReferenceMissing(ReferenceKind.TAX_CODE, piece.tax_code, code.code)
    return {
        "taxDetailsReference": reference(index),
        "taxCode": {"id": code.remote_id},
        "taxType": {"id": code.details["tax_type"]},
        "taxBasis": piece.amount,
        "taxRate": piece.rate,
        "taxAmount": tax,
    }


def reference(index: int) -> str:
    """What ties a line to its tax details (whether any other word than this one is taken: UNVERIFIED)."""
    return f"NEW_ITEM_{index}"


# -- lines --------------------------------------------------------------------------------------------------------------------


def line_bodies(document: Document, refs: References, *, with_tax: bool) -> list[Body]:
    """`item.items`: one element for each piece; comments are added to the description of the line before them."""
    comments = comments_after(document)
    bodies = []
    for index, piece in enumerate(pieces(document)):
        body = _part_body(document, piece, refs) if piece.part else _goods_body(document, piece, refs, comments)
        if with_tax:
            body["taxDetailsReference"] = reference(index)
        bodies.append(body)
    return bodies


def _goods_body(document: Document, piece: Piece, refs: References, comments: Mapping[str, list[str]]) -> Body:
    line = piece.line
    assert line is not None  # noqa: S101 a piece without a part has a line
    return {
        "item": {"id": refs.get(ReferenceKind.ITEM, line.item_code).remote_id},
        "description": description(line, comments.get(line.line_id, [])),
        "quantity": line.quantity,
        "rate": unit_rate(document, line),
        "amount": piece.amount,
        "price": {"id": CUSTOM_PRICE},
        **dimensions(dimension_codes(document, line), refs),
    }


def _part_body(document: Document, piece: Piece, refs: References) -> Body:
    """A line of the discount or the charge item, in the dimensions of the line it belongs to."""
    part = piece.part
    assert part is not None  # noqa: S101 the caller looked
    name = "charge_item_id" if part.is_charge else "discount_item_id"
    item = refs.settings.get(name, "")
    if not item:
        raise ReferenceMissing("connection field", name)
    body: Body = {"item": {"id": item}, "description": part.reason or ("Charge" if part.is_charge else "Discount")}
    body |= {"quantity": Decimal(1), "price": {"id": CUSTOM_PRICE}} if part.is_charge else {}
    codes = dimension_codes(document, piece.line) if piece.line else []
    return {**body, "rate": piece.amount, "amount": piece.amount, **dimensions(codes, refs)}


def comments_after(document: Document) -> dict[str, list[str]]:
    """The texts of comment lines by the amount line that they follow; those before the first one belong to it."""
    found: dict[str, list[str]] = defaultdict(list)
    amounts = document.amount_lines
    current = amounts[0].line_id if amounts else ""
    for line in document.lines:
        if line.kind is LineKind.COMMENT:
            found[current].append("\n".join(part for part in (line.name, line.description, line.note) if part))
        else:
            current = line.line_id
    return found


def description(line: Line, comments: list[str]) -> str:
    """The line's name, and everything that a line there has no field for."""
    return plain("\n".join(part for part in (*_texts(line), *comments) if part))


def _texts(line: Line) -> Iterator[str]:
    yield line.name
    yield line.description
    yield line.note
    yield f"Unit: {line.unit}" if line.unit not in ("", "C62") else ""
    yield f"Serial numbers: {', '.join(line.serial_numbers)}" if line.serial_numbers else ""
    yield f"Order: {' '.join(part for part in (line.order_reference, line.order_line) if part)}" if line.order_reference else ""
    yield f"Period: {line.period.start or ''} - {line.period.end or ''}" if line.period else ""
    yield f"Service date: {line.service_date}" if line.service_date else ""
    yield f"Price of {line.base_quantity.normalize():f}: {line.net_price:f}" if line.base_quantity != 1 else ""


def plain(text: str) -> str:
    """Text without the control characters that no accounting document has."""
    return "".join(char for char in text if char >= " " or char in "\n\t").replace("\x7f", "")


# -- dimensions ---------------------------------------------------------------------------------------------------------------


def dimension_fields(settings: Mapping[str, str]) -> dict[str, str]:
    """Our dimension names and the field that each is there."""
    pairs = (pair.partition("=") for pair in settings.get("dimensions", "").split())
    return {name: field for name, _, field in pairs if field}


def dimensions(codes: list[str], refs: References) -> Body:
    """The classification fields of a line or head for our dimension codes; raises ReferenceMissing."""
    fields = dimension_fields(refs.settings)
    found: Body = {}
    for code in codes:
        entry, field = refs.get(ReferenceKind.DIMENSION, code), fields.get(code.partition(":")[0], "")
        if field not in entry.details:
            raise ReferenceMissing(ReferenceKind.DIMENSION, code, entry.code)
        found[field] = {"id": entry.details[field]}
    return found
