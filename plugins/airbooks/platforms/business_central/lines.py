"""Sales lines of Business Central from canonical lines, allowances, charges and remarks (API v2.0, salesInvoiceLines).

A canonical line with an item code becomes an Item line, one without it an Account line. What the platform has no field for, and people
should read, becomes Comment lines. Allowances and charges that no discount field can express become Account lines of their own, marked in
`description2` so that they are not counted as lines of ours when read back.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, round_amount
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.references import ReferenceKind, References, dimension_codes

Document = Invoice | CreditNote
Body = dict[str, Any]
TEXT, SECOND_TEXT = 100, 50  # characters of description and description2
PRECISION = Decimal("0.00001")  # of quantities and unit prices
ZERO = Decimal(0)
LOCATION = "location"
DISCOUNT, CHARGE, LINE_CHARGE = "Document discount", "Document charge", "Line charge"
MARKS = frozenset({DISCOUNT, CHARGE, LINE_CHARGE})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line belongs: the location's id (or empty), and the dimension values by the dimension's code."""

    location_id: str
    dimensions: Mapping[str, str]


# -- amounts ------------------------------------------------------------------------------------------------------------------


def unit_price(line: Line) -> Decimal:
    """The price of one unit, at the precision that the platform keeps."""
    return (line.net_price / line.base_quantity).quantize(PRECISION, ROUND_HALF_UP).normalize()


def line_discount(line: Line) -> Decimal:
    return sum((each.amount for each in line.allowances_charges if not each.is_charge), ZERO)


def line_charges(line: Line) -> tuple[AllowanceCharge, ...]:
    return tuple(each for each in line.allowances_charges if each.is_charge)


def computed_amount(line: Line, currency: str) -> Decimal:
    """What the platform makes of a line before tax: quantity x price, rounded, less the discount (charges stand on lines of their own)."""
    quantity = line.quantity.quantize(PRECISION, ROUND_HALF_UP)
    return round_amount(quantity * unit_price(line), currency) - line_discount(line)


def head_discount(document: Document) -> Decimal:
    """The document's allowances where the head can carry them: all lines are items, taxed alike and like the allowance; else 0.

    The platform spreads its invoice discount over the lines by amount; only where all have one tax code is the tax surely ours.
    """
    allowances = [each for each in document.allowances_charges if not each.is_charge]
    charges = [each for each in document.allowances_charges if each.is_charge] or [
        c for line in document.amount_lines for c in line_charges(line)
    ]
    codes = {each.tax_code for each in allowances} | {line.tax_code for line in document.amount_lines}
    fits = len(codes) == 1 and not charges and all(line.item_code for line in document.amount_lines)
    return sum((each.amount for each in allowances), ZERO) if fits else ZERO


def charged_lines(document: Document) -> list[tuple[AllowanceCharge, str, Line | None]]:
    """The allowances and charges that need a line of their own, each with its mark and the line it belongs to."""
    found: list[tuple[AllowanceCharge, str, Line | None]] = []
    for line in document.amount_lines:
        found += [(each, LINE_CHARGE, line) for each in line_charges(line)]
    in_head = bool(head_discount(document))
    for each in document.allowances_charges:
        if each.is_charge or not in_head:
            found.append((each, CHARGE if each.is_charge else DISCOUNT, None))
    return found


# -- lines --------------------------------------------------------------------------------------------------------------------


def line_bodies(document: Document, refs: References, remarks: list[str]) -> list[Body]:
    """All lines in the order of the document, then allowances and charges, then the remarks."""
    bodies: list[Body] = []
    for line in document.lines:
        if line.kind is LineKind.COMMENT:
            bodies += comments(line.description or line.name)
        else:
            bodies.append(_amount_line(document, line, refs))
            bodies += [body for text in _line_remarks(line) for body in comments(text)]
    bodies += [_charged_line(each, mark, line, refs) for each, mark, line in charged_lines(document)]
    return bodies + [body for text in remarks for body in comments(text)]


def _amount_line(document: Document, line: Line, refs: References) -> Body:
    body: Body = _target(line, refs)
    texts = _wrapped(line.name)
    body.update({"description": texts[0], "quantity": line.quantity, "unitPrice": unit_price(line), "discountAmount": line_discount(line)})
    if 0 < len(line.description) <= SECOND_TEXT and "\n" not in line.description:
        body["description2"] = line.description
    if line.tax_code:
        body["taxCode"] = refs.get(ReferenceKind.TAX_CODE, line.tax_code).code
    if line.item_code and line.unit:
        body["unitOfMeasureCode"] = refs.get(ReferenceKind.UNIT, line.unit).code
    return body | _delivery(document, line, refs)


def _target(line: Line, refs: References) -> Body:
    if line.item_code:
        return {"lineType": "Item", "lineObjectNumber": refs.get(ReferenceKind.ITEM, line.item_code).code}
    return {"lineType": "Account", "lineObjectNumber": refs.get(ReferenceKind.ACCOUNT, line.account_code).code}


def _delivery(document: Document, line: Line, refs: References) -> Body:
    if not line.item_code:
        return {}
    shipped = line.service_date or (document.delivery.delivery_date if document.delivery else None)
    location = place_of(document, line, refs).location_id
    return ({"shipmentDate": shipped.isoformat()} if shipped else {}) | ({"locationId": location} if location else {})


def _charged_line(each: AllowanceCharge, mark: str, line: Line | None, refs: References) -> Body:
    account = each.account_code or (line.account_code if line else "")
    tax = each.tax_code or (line.tax_code if line else "")
    return {
        "lineType": "Account",
        "lineObjectNumber": refs.get(ReferenceKind.ACCOUNT, account).code,
        "description": (each.reason or mark)[:TEXT],
        "description2": mark,
        "quantity": Decimal(1 if each.is_charge else -1),
        "unitPrice": each.amount,
        "discountAmount": ZERO,
        "taxCode": refs.get(ReferenceKind.TAX_CODE, tax).code,
    }


def comments(text: str) -> list[Body]:
    """Comment lines for a text of any length."""
    return [{"lineType": "Comment", "description": each} for each in _wrapped(text)]


def _wrapped(text: str) -> list[str]:
    pieces = [piece for part in text.splitlines() for piece in textwrap.wrap(part, TEXT)]
    return pieces or [" "]


def _line_remarks(line: Line) -> Iterator[str]:
    """What a line says beyond its fields, each as one text."""
    yield from _wrapped(line.name)[1:]
    if line.description and (len(line.description) > SECOND_TEXT or "\n" in line.description):
        yield line.description
    if line.note:
        yield line.note
    if line.serial_numbers:
        yield f"Serial numbers: {', '.join(line.serial_numbers)}"
    if line.order_reference:
        yield f"Order: {line.order_reference}" + (f", line {line.order_line}" if line.order_line else "")
    if line.period is not None:
        yield f"Period: {line.period.start or ''} - {line.period.end or ''}"
    if line.service_date is not None and not line.item_code:
        yield f"Service date: {line.service_date}"


# -- dimensions ---------------------------------------------------------------------------------------------------------------


def dimension_targets(settings: Mapping[str, str]) -> dict[str, str]:
    """Our dimension names and what each is there: a dimension's code, or `location`."""
    pairs = (pair.partition("=") for pair in settings.get("dimensions", "").split())
    return {name: target for name, _, target in pairs if target}


def place_of(document: Document, line: Line, refs: References) -> Place:
    """Location and dimension values of a line; what the line leaves open comes from the document's head."""
    targets = dimension_targets(refs.settings)
    codes = {code.partition(":")[0]: code for code in (*dimension_codes(document), *dimension_codes(document, line))}
    location, values = "", {}
    for name, code in codes.items():
        entry = refs.get(ReferenceKind.DIMENSION, code)
        if targets.get(name) == LOCATION:
            location = entry.details.get("location_id", "")
            if not location:
                raise ReferenceMissing(ReferenceKind.DIMENSION, code, entry.code)
        else:
            values[targets[name]] = entry.code
    return Place(location, values)


def head_dimensions(document: Document, refs: References) -> dict[str, str]:
    """The dimension values that all amount lines share: lines inherit them from the head."""
    each = [place_of(document, line, refs).dimensions.items() for line in document.amount_lines]
    common = set.intersection(*(set(items) for items in each)) if each else set()
    shortcuts = shortcut_fields(refs.settings)
    return {code: value for code, value in sorted(common) if code in shortcuts}


def shortcut_fields(settings: Mapping[str, str]) -> dict[str, str]:
    """The two global dimensions and the head's fields for them."""
    named = {1: settings.get("shortcut_dimension_1", ""), 2: settings.get("shortcut_dimension_2", "")}
    return {code: f"shortcutDimension{number}Code" for number, code in named.items() if code}


def line_dimensions(document: Document, refs: References) -> list[dict[str, str]]:
    """What each amount line carries beyond the head, in order; posted as dimension set lines after the draft is made."""
    head = head_dimensions(document, refs)
    return [
        {code: value for code, value in place_of(document, line, refs).dimensions.items() if head.get(code) != value}
        for line in document.amount_lines
    ]
