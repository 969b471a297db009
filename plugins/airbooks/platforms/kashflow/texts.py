"""What a document says that KashFlow has no field for, as its lines tell it; the reference, the dates and the project that have one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

from airbooks.canonical import AllowanceCharge, CreditNote, Delivery, Line
from airbooks.platforms.kashflow.lines import Document, is_whole
from airbooks.platforms.kashflow.spec import BETWEEN, REFERENCE
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes


def timestamp(day: date) -> str:
    """A date in the vendor's form, `YYYY-MM-DD HH:mm:ss`."""
    return f"{day.isoformat()} 00:00:00"


def customer_reference(document: Document) -> str:
    """Our number first, then the purchase order where there is room for it."""
    both = f"{document.number}{BETWEEN}{document.purchase_order}"
    return both if document.purchase_order and len(both) <= REFERENCE else document.number


def due_date(document: Document) -> str | None:
    if document.due_date is not None:
        return timestamp(document.due_date)
    days = document.terms.net_days
    return None if days is None else timestamp(document.issue_date + timedelta(days=days))


def told(facts: Iterable[tuple[str, str]]) -> str:
    """One fact a line, after its label where it has one."""
    return "\n".join(f"{label}: {text}" if label else text for label, text in facts if text)


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


def memo(document: Document, refs: References) -> str:
    """What a document says that KashFlow has no field for, as its last line tells it."""
    shipment = document.delivery
    corrected = ", ".join(each.number for each in document.preceding_invoices)
    order = document.purchase_order if customer_reference(document) == document.number else ""
    facts = (
        ("", document.reason if isinstance(document, CreditNote) else ""),
        *(("", note) for note in document.notes),
        ("Corrects", corrected),
        ("Terms", _terms(document)),
        ("VAT", ", ".join(dict.fromkeys(each.exemption_reason for each in document.tax_breakdown if each.exemption_reason))),
        ("Issued", document.issue_date.isoformat() if document.ledger_date != document.issue_date else ""),
        ("Tax point", document.tax_point_date.isoformat() if document.tax_point_date else ""),
        ("Purchase order", order),
        ("Sales order", document.sales_order),
        ("Your reference", document.buyer_reference),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", document.salesperson),
        *(_shipment(shipment) if shipment else ()),
        ("Payment reference", document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Period", _span(document.period.start, document.period.end) if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        ("Attachments", ", ".join(document.attachments)),
        *_other_dimensions(document, None, refs),
    )
    return told(facts)


def _terms(document: Document) -> str:
    """Terms that a due date does not say: an early-payment discount, or words of their own."""
    terms = document.terms
    if terms.discount_percent is not None:
        return terms.text or f"{terms.discount_percent:f} % discount within {terms.discount_days or 0} days"
    if due_date(document) is None:
        return terms.text or terms.code
    return terms.text if terms.text != terms.code else ""


def _shipment(delivery: Delivery) -> Iterator[tuple[str, str]]:
    yield "Delivered", delivery.delivery_date.isoformat() if delivery.delivery_date else ""
    yield "Shipped by", delivery.shipping_method
    yield "Tracking", delivery.tracking_number
    yield "Shipment", delivery.shipment_number
    yield "Shipped from", delivery.location_code


def line_description(document: Document, line: Line, refs: References) -> str:
    whole = is_whole(line)
    facts = [
        ("", line.name),
        ("", line.description),
        ("", line.note),
        ("Unit", "" if line.unit == "C62" else line.unit),
        ("Quantity", _quantity_and_price(line) if whole else ""),
        ("Item", line.item_code if whole else ""),
        *((allowance_label(each), f"{'' if each.is_charge else '-'}{each.amount:f}") for each in line.allowances_charges),
        ("Serial numbers", ", ".join(line.serial_numbers)),
        ("Order", " ".join(part for part in (line.order_reference, line.order_line) if part)),
        ("Service date", line.service_date.isoformat() if line.service_date else ""),
        ("Period", _span(line.period.start, line.period.end) if line.period else ""),
        ("Commodity code", line.commodity_code),
        ("GTIN", line.gtin),
        *_other_dimensions(document, line, refs),
    ]
    return told(facts)


def _quantity_and_price(line: Line) -> str:
    per = "" if line.base_quantity == 1 else f" per {line.base_quantity:f}"
    return f"{line.quantity:f} at {line.net_price:f}{per}"


def allowance_label(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason


# -- dimensions -----------------------------------------------------------------------------------------------------------


def _projects(document: Document, line: Line | None, refs: References) -> dict[str, ReferenceItem]:
    """The projects that the dimensions of a line (or of the head) are mapped to, by the dimension's name."""
    return {code.partition(":")[0]: refs.get(ReferenceKind.DIMENSION, code) for code in dimension_codes(document, line)}


def project_of(document: Document, line: Line | None, refs: References) -> str:
    """The number of the one project that KashFlow keeps of them, or nothing."""
    entry = _projects(document, line, refs).get(refs.settings.get("project_dimension", "department"))
    return entry.remote_id if entry else ""


def _other_dimensions(document: Document, line: Line | None, refs: References) -> Iterator[tuple[str, str]]:
    for name, entry in _projects(document, line, refs).items():
        if name != refs.settings.get("project_dimension", "department"):
            yield name.capitalize(), entry.code
