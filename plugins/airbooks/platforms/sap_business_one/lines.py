"""Document rows of Business One from canonical lines, allowances and charges (Service Layer, DocumentLine).

A document is one of items or one of accounts ("service"); it cannot be both. Discounts are percentages there: where the percentage of a
line, at the decimals of the company's set-up, does not make our amount to the cent, LineTotal overrides the arithmetic. Charges become
additional expenses of the document.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, round_amount
from airbooks.platforms.references import ReferenceKind, References, dimension_codes

Document = Invoice | CreditNote
Body = dict[str, Any]
Settings = Mapping[str, str]
ZERO = Decimal(0)
TEXT = 100  # characters of ItemDescription and FreeText (from memory)
ITEMS, SERVICE = "dDocument_Items", "dDocument_Service"
TARGETS = frozenset({"CostingCode", "CostingCode2", "CostingCode3", "CostingCode4", "CostingCode5", "ProjectCode", "WarehouseCode"})
# Characters that no text field of a document can show.
_UNSEEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def plain(text: str) -> str:
    return _UNSEEN.sub("", text)


def at(value: Decimal, settings: Settings, name: str, default: str) -> Decimal:
    """A number at the decimals that the company keeps, without trailing zeros."""
    places = int(settings.get(name) or default)
    kept = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return Decimal(f"{kept:f}".rstrip("0").rstrip(".")) if places else kept


# -- amounts ------------------------------------------------------------------------------------------------------------------


def line_charges(line: Line) -> tuple[AllowanceCharge, ...]:
    return tuple(each for each in line.allowances_charges if each.is_charge)


def line_amount(line: Line) -> Decimal:
    """What the row itself is to amount to: the net amount without charges, which are booked as expenses."""
    return line.net_amount - sum((each.amount for each in line_charges(line)), ZERO)


def unit_price(document: Document, line: Line, settings: Settings) -> Decimal:
    """The net price of one unit; where prices include tax it follows from the net amount."""
    net = line.net_price / line.base_quantity
    if document.prices_include_tax and line.quantity:
        allowed = sum((each.amount for each in line.allowances_charges if not each.is_charge), ZERO)
        net = (line_amount(line) + allowed) / line.quantity
    return at(net, settings, "price_decimals", "4")


def discount_percent(part: Decimal, whole: Decimal, settings: Settings) -> Decimal:
    return at(part * 100 / whole, settings, "percent_decimals", "2") if whole else ZERO


def priced(document: Document, line: Line, settings: Settings) -> Body:
    """Quantity, price and discount of an item row, and LineTotal where they alone would not make our amount."""
    quantity, price = at(line.quantity, settings, "quantity_decimals", "3"), unit_price(document, line, settings)
    body: Body = {"Quantity": quantity, "UnitPrice": price}
    allowed = sum((each.amount for each in line.allowances_charges if not each.is_charge), ZERO)
    percent = discount_percent(allowed, line_amount(line) + allowed, settings)
    if percent:
        body["DiscountPercent"] = percent
    if round_amount(quantity * price * (1 - percent / 100), document.currency) != line_amount(line):
        body["LineTotal"] = line_amount(line)
    return body


def head_discount(document: Document, settings: Settings) -> Decimal:
    """The percentage that takes the document's allowances off all its rows."""
    allowed = sum((each.amount for each in document.allowances_charges if not each.is_charge), ZERO)
    base = sum((line_amount(line) for line in document.amount_lines), ZERO)
    return discount_percent(allowed, base, settings)


def head_discount_fits(document: Document, settings: Settings) -> bool:
    """Whether that percentage is the allowances to the cent, and of the tax they bear: it is spread over all rows alike."""
    percent = head_discount(document, settings)
    bases: defaultdict[str, Decimal] = defaultdict(Decimal)
    allowed: defaultdict[str, Decimal] = defaultdict(Decimal)
    for line in document.amount_lines:
        bases[line.tax_code] += line_amount(line)
    for each in document.allowances_charges:
        if not each.is_charge:
            allowed[each.tax_code] += each.amount
    totals = [(sum(bases.values(), ZERO), sum(allowed.values(), ZERO)), *((bases[code], allowed[code]) for code in {*bases, *allowed})]
    return all(round_amount(base * percent / 100, document.currency) == amount for base, amount in totals)


def charges(document: Document) -> list[tuple[AllowanceCharge, str]]:
    """Every charge of the document and its lines, with the tax code that it bears."""
    found = [(each, each.tax_code or line.tax_code) for line in document.amount_lines for each in line_charges(line)]
    return found + [(each, each.tax_code) for each in document.allowances_charges if each.is_charge]


# -- rows ---------------------------------------------------------------------------------------------------------------------


def document_type(document: Document) -> str:
    """A document of accounts is one whose lines all have no item."""
    return ITEMS if any(line.item_code for line in document.amount_lines) else SERVICE


def line_bodies(document: Document, refs: References) -> list[Body]:
    """DocumentLines, one for each line with an amount."""
    return [_line(document, line, refs) for line in document.amount_lines]


def _line(document: Document, line: Line, refs: References) -> Body:
    body: Body = {"ItemDescription": plain(line.name)[:TEXT]}
    if document_type(document) == SERVICE:
        body |= {"AccountCode": refs.get(ReferenceKind.ACCOUNT, line.account_code).remote_id, "LineTotal": line_amount(line)}
    else:
        item = refs.get(ReferenceKind.ITEM, line.item_code).code if line.item_code else refs.settings["free_item"]
        body |= {"ItemCode": item} | priced(document, line, refs.settings)
    if line.tax_code:
        body[tax_field(refs.settings)] = refs.get(ReferenceKind.TAX_CODE, line.tax_code).code
    text = free_text(document, line)
    return body | dimensions(document, line, refs) | ({"FreeText": text[:TEXT]} if text else {})


def tax_field(settings: Settings) -> str:
    return settings.get("tax_field") or "VatGroup"


def free_text(document: Document, line: Line) -> str:
    """What the row has no field for and people should read."""
    return plain("; ".join(each for each in _texts(document, line) if each))


def _texts(document: Document, line: Line) -> Iterator[str]:
    if document_type(document) == SERVICE and line.quantity != 1:
        yield f"{line.quantity.normalize():f} x {line.net_price.normalize():f}"
    yield line.description
    yield line.note
    yield f"SN {', '.join(line.serial_numbers)}" if line.serial_numbers else ""
    yield f"Service date {line.service_date}" if line.service_date else ""
    yield f"Period {line.period.start or ''} - {line.period.end or ''}" if line.period else ""
    yield f"Order {line.order_reference} {line.order_line}".strip() if line.order_reference else ""


def expense_bodies(document: Document, refs: References) -> list[Body]:
    """DocumentAdditionalExpenses: the charges."""
    field = tax_field(refs.settings)
    return [
        {
            "ExpenseCode": int(refs.settings["expense_code"]),
            "LineTotal": each.amount,
            field: refs.get(ReferenceKind.TAX_CODE, code).code,
            "Remarks": plain(each.reason or "Charge")[:TEXT],
        }
        for each, code in charges(document)
        if each.amount
    ]


# -- dimensions ---------------------------------------------------------------------------------------------------------------


def dimension_fields(settings: Settings) -> dict[str, str]:
    """Our dimensions and the fields of a row that they go to."""
    pairs = (each.partition("=") for each in settings.get("dimensions", "").split())
    return {name: field for name, _, field in pairs if field in TARGETS}


def dimensions(document: Document, line: Line, refs: References) -> Body:
    """The codes of a row; what the line itself says goes before what the document says."""
    fields = dimension_fields(refs.settings)
    codes = [*dimension_codes(document), *dimension_codes(document, line)]
    return {fields[code.partition(":")[0]]: refs.get(ReferenceKind.DIMENSION, code).code for code in codes}


def comments(document: Document) -> list[str]:
    """The comment lines' texts."""
    return [line.description or line.name for line in document.lines if line.kind is LineKind.COMMENT]
