"""The detail rows of a document: lines of ours, then the charges of lines and the discounts and charges of the document.

A discount or charge that is not a line's own discount is a row on an account, marked in its description: the tax it bears is then its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, round_amount
from airbooks.platforms.acumatica import texts
from airbooks.platforms.acumatica.spec import INVOICE, MAX_LINE_TEXT, SALES_INVOICE
from airbooks.platforms.acumatica.wrapped import Body, fields
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Document = Invoice | CreditNote
ZERO, ONE = Decimal(0), Decimal(1)
DISCOUNT, CHARGE = "Discount: ", "Charge: "
MARKS = (DISCOUNT, CHARGE)


class Inexpressible(AirbooksError):  # noqa: N818 it names a fact about data, not a fault
    """What the resolved references of a document add up to cannot be said in Acumatica."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What an entity calls the fields that differ between the two; empty: it has none."""

    customer: str
    number: str
    line_text: str
    subaccount: str
    warehouse: str = ""


NAMES = {
    SALES_INVOICE: Names(
        customer="CustomerID",
        number="ExternalRef",
        line_text="TransactionDescr",
        subaccount="SubAccount",
        warehouse="WarehouseID",
    ),
    INVOICE: Names(
        customer="Customer",
        number="CustomerOrder",
        line_text="TransactionDescription",
        subaccount="Subaccount",
    ),
}


def entity_of(refs: References) -> str:
    return refs.settings.get("invoice_entity", SALES_INVOICE)


# -- amounts ------------------------------------------------------------------------------------------------------------------


def unit_price(line: Line) -> Decimal:
    """Price of one unit."""
    return line.net_price / line.base_quantity


def line_discount(line: Line) -> Decimal:
    return sum((each.amount for each in line.allowances_charges if not each.is_charge), ZERO)


def line_charges(line: Line) -> list[AllowanceCharge]:
    return [each for each in line.allowances_charges if each.is_charge]


def computed_amount(line: Line, currency: str) -> Decimal:
    """What Acumatica makes of the row: quantity x price less discount, rounded to the currency."""
    return round_amount(line.quantity * unit_price(line), currency) - line_discount(line)


# -- rows ---------------------------------------------------------------------------------------------------------------------


def detail_rows(document: Document, refs: References) -> list[Body]:
    rows = [_line_row(document, line, refs) for line in document.amount_lines]
    return rows + [_charge_row(document, each, line, refs) for each, line in charged(document)]


def charged(document: Document) -> Iterator[tuple[AllowanceCharge, Line | None]]:
    """What becomes a row on an account: charges of lines (with their line), then allowances and charges of the document."""
    for line in document.amount_lines:
        yield from ((each, line) for each in line_charges(line))
    yield from ((each, None) for each in document.allowances_charges)


def _line_row(document: Document, line: Line, refs: References) -> Body:
    entity = entity_of(refs)
    names = NAMES[entity]
    item = _item(line, refs)
    dimensions = _dimensions(document, line, refs)
    warehouse = dimensions.pop("Warehouse", "")
    takes_warehouse = bool(names.warehouse and item and item[1])
    row: Body = fields(InventoryID=item[0] if item else None, **{names.line_text: texts.line_text(line)}, Qty=line.quantity)
    if item and line.unit:
        row |= fields(UOM=refs.get(ReferenceKind.UNIT, line.unit).code)
    row |= fields(UnitPrice=unit_price(line)) | _price_flags(entity, line_discount(line))
    row |= fields(**{names.warehouse: warehouse}) if takes_warehouse and warehouse else {}
    row |= fields(TaxCategory=tax_category(line.tax_code, line.tax_rate, refs), Account=_account(line.account_code, refs))
    row |= fields(**{names.subaccount: dimensions.get("Subaccount")})
    return _with_note(row, texts.line_note(line, ("Warehouse", "" if takes_warehouse else warehouse)))


def _price_flags(entity: str, discount: Decimal) -> Body:
    """Price lists and automatic discounts stay away from a row that says so; Invoice has neither flag."""
    if entity == INVOICE:
        return fields(DiscountAmount=discount) if discount else {}
    return fields(ManualPrice=True, ManualDiscount=True, DiscountAmount=discount)


def _item(line: Line, refs: References) -> tuple[str, bool] | None:
    """The item of a line, and whether it is kept in stock."""
    if line.item_code:
        entry = refs.get(ReferenceKind.ITEM, line.item_code)
        return entry.code, entry.details.get("stock") == "yes"
    freight = refs.settings.get("freight_item", "")
    return (freight, False) if line.kind is LineKind.FREIGHT and freight else None


def _account(code: str, refs: References) -> str | None:
    return refs.get(ReferenceKind.ACCOUNT, code).code if code else None


def _charge_row(document: Document, each: AllowanceCharge, line: Line | None, refs: References) -> Body:
    names = NAMES[entity_of(refs)]
    account = each.account_code or (line.account_code if line else "")
    tax, rate = (line.tax_code, line.tax_rate) if line and not each.tax_code else (each.tax_code, each.tax_rate)
    mark = CHARGE if each.is_charge else DISCOUNT
    said = texts.clean(each.reason) or "of the document"
    row = fields(
        **{names.line_text: f"{mark}{said}"[:MAX_LINE_TEXT].strip()},
        Qty=ONE,
        UnitPrice=each.amount if each.is_charge else -each.amount,
    )
    row |= _price_flags(entity_of(refs), ZERO)
    row |= fields(TaxCategory=tax_category(tax, rate, refs), Account=_account(account, refs))
    dimensions = _dimensions(document, line, refs)
    dimensions.pop("Warehouse", "")
    return row | fields(**{names.subaccount: dimensions.get("Subaccount")})


def _with_note(row: Body, note: str) -> Body:
    return {**row, "note": {"value": note}} if note else row


# -- dimensions ---------------------------------------------------------------------------------------------------------------


def _dimensions(document: Document, line: Line | None, refs: References) -> dict[str, str]:
    """Warehouse and subaccount of a row; what the line leaves open comes from the head."""
    heads = _entries(dimension_codes(document), refs)
    own = _entries(dimension_codes(document, line), refs) if line is not None else []
    return _single(heads, "the document") | _single(own, f"line {line.line_id}" if line else "")


def _entries(codes: Sequence[str], refs: References) -> list[ReferenceItem]:
    return [refs.get(ReferenceKind.DIMENSION, code) for code in codes]


def _single(entries: Sequence[ReferenceItem], where: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entries:
        name, _, code = entry.code.partition(":")
        if found.setdefault(name, code) != code:
            raise Inexpressible(f"{where} has one {name.lower()} in Acumatica, and would have {found[name]} and {code}")
    return found


# -- taxes --------------------------------------------------------------------------------------------------------------------


def tax_category(code: str, rate: Decimal, refs: References) -> str:
    """The category of a row; the tax that it means there must be ours."""
    entry = refs.get(ReferenceKind.TAX_CODE, code)
    there = entry.details.get("rate")
    if there is not None and Decimal(there) != rate:
        raise Inexpressible(f"tax code {code} is {rate:f} %, but is mapped to {entry.code}, which is {there} %")
    return entry.details.get("category", "")


def tax_zone(document: Document, refs: References) -> str:
    """The zone of the whole document; empty: the customer's own. Raises Inexpressible when its lines belong to several."""
    codes = [line.tax_code for line in document.amount_lines] + [each.tax_code for each, _ in charged(document) if each.tax_code]
    zones = {refs.get(ReferenceKind.TAX_CODE, code).details.get("zone", "") for code in codes} - {""}
    if len(zones) > 1:
        raise Inexpressible(f"a document has one tax zone in Acumatica, and would have {', '.join(sorted(zones))}")
    return next(iter(zones), "")
