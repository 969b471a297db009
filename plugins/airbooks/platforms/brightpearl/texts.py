"""The order note: everything a document says that has no field in a Brightpearl order, one fact a line. Customers do not see it.

A row of a product shows the product's own name, so that texts of a line stand here, under the line's number.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airbooks.canonical import AllowanceCharge, CreditNote, Delivery, Invoice, Line, LineKind
from airbooks.platforms.brightpearl.spec import REFERENCE
from airbooks.platforms.references import ReferenceKind, References

Document = Invoice | CreditNote
Fact = tuple[str, str]


def plain(text: str) -> str:
    """`text` without control characters, which no field of Brightpearl keeps."""
    return "".join(sign for sign in text if sign >= " " or sign in "\n\t")


def name_of(text: str) -> str:
    """A name on one line."""
    return " ".join(plain(text).split())


def told(facts: Iterable[Fact]) -> str:
    return "\n".join(f"{label}: {text}" if label else text for label, text in ((label, plain(text)) for label, text in facts) if text)


def order_note(document: Document, refs: References) -> str:
    """The whole note; empty where everything has its field."""
    return told([*_head(document), *_shipment(document), *_lines(document, refs)])


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


def _head(document: Document) -> Iterator[Fact]:
    yield "Reason", document.reason if isinstance(document, CreditNote) else ""
    for note in (*document.notes, document.internal_note):
        yield "Note", note
    # Brightpearl computes the due date from the contact; ours is the one agreed.
    yield "Due", document.due_date.isoformat() if document.due_date else ""
    yield "Terms", document.terms.text or document.terms.code
    yield "Corrects", ", ".join(each.number for each in document.preceding_invoices)
    yield "Tax point", document.tax_point_date.isoformat() if document.tax_point_date else ""
    yield "Purchase order", document.purchase_order if len(document.purchase_order) > REFERENCE else ""
    yield "Sales order", document.sales_order
    yield "Your reference", document.buyer_reference
    yield "Contract", document.contract
    yield "Project", document.project
    yield "Salesperson", document.salesperson
    yield "Payment reference", document.payment_reference
    yield "Payment means", document.payment_means_code
    yield "Period", _span(document.period.start, document.period.end) if document.period else ""
    yield f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")
    yield "Trading name", document.buyer.trading_name
    yield "VAT id", document.buyer.vat_id
    yield "Registration", document.buyer.legal_id
    yield "Attachments", ", ".join(document.attachments)


def _shipment(document: Document) -> Iterator[Fact]:
    delivery = document.delivery
    if delivery is None:
        return
    place = delivery.address
    parts = (delivery.name, place.line2, place.line3, place.city, place.region, place.postal_code, place.country)
    yield "Deliver to", "" if has_address(delivery) else ", ".join(part for part in parts if part)
    yield "Shipped by", delivery.shipping_method
    yield "Tracking number", delivery.tracking_number
    yield "Shipment", delivery.shipment_number
    yield "Shipped from", delivery.location_code


def has_address(delivery: Delivery) -> bool:
    """Whether it can be the order's delivery address: the first line of one is required."""
    return bool(delivery.address.line1)


def _lines(document: Document, refs: References) -> Iterator[Fact]:
    position = 0
    for line in document.lines:
        if line.kind is LineKind.COMMENT:
            yield f"After line {position}", "\n".join(part for part in (line.name, line.description, line.note) if part)
            continue
        position += 1
        for label, text in _line(line, refs):
            yield f"Line {position} {label}".strip(), text


def _line(line: Line, refs: References) -> Iterator[Fact]:
    item = (ReferenceKind.ITEM, line.item_code)
    yield "", line.name if refs.has(*item) and refs.get(*item).name != line.name else ""
    yield "", line.description
    yield "", line.note
    yield "unit", "" if line.unit == "C62" else line.unit
    for each in line.allowances_charges:
        yield "", f"{label_of(each)} {'' if each.is_charge else '-'}{each.amount:f}"
    yield "serial numbers", ", ".join(line.serial_numbers)
    yield "order", " ".join(part for part in (line.order_reference, line.order_line) if part)
    yield "period", _span(line.period.start, line.period.end) if line.period else ""
    yield "date", line.service_date.isoformat() if line.service_date else ""
    yield "commodity code", line.commodity_code
    yield "GTIN", line.gtin


def label_of(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason
