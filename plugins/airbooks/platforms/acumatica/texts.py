"""What a document says that no field of the contract holds: the notes of the document and of its lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airbooks.canonical import Address, CreditNote, Invoice, Line, LineKind
from airbooks.platforms.acumatica.spec import INVOICE, MAX_DESCRIPTION, MAX_LINE_TEXT

Document = Invoice | CreditNote
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


def clean(text: str) -> str:
    """Without control characters (the server keeps its records as XML) and padding (it is trimmed there)."""
    return _CONTROL.sub("", text).strip()


def _joined(pairs: Iterator[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {clean(text)}" if label else clean(text) for label, text in pairs if clean(text))


def description(document: Document) -> str:
    """The first note, where it fits on the document's line."""
    first = clean(document.notes[0]) if document.notes else ""
    return first if len(first) <= MAX_DESCRIPTION and "\n" not in first else ""


def document_note(document: Document, settings: Mapping[str, str], options: Mapping[str, Any]) -> str:
    """Everything about the document that has no field, one thing a line."""
    return _joined(_document_facts(document, settings, options))


def _document_facts(document: Document, settings: Mapping[str, str], options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    notes = document.notes[1:] if description(document) else document.notes
    yield from (("", note) for note in notes)
    yield from (("", line.description or line.name) for line in document.lines if line.kind is LineKind.COMMENT)
    if settings.get("invoice_entity") == INVOICE:
        yield "Purchase order", document.purchase_order
        yield "Buyer", address_text(document.buyer.address)
        yield "Ship to", _ship_to(document)
    if document.issue_date != document.ledger_date:
        yield "Document date", document.issue_date.isoformat()
    if not options.get("send_terms", True):
        yield "Terms", document.terms.text or document.terms.code
    yield from _references(document)
    yield from _shipment(document)
    if isinstance(document, CreditNote):
        yield "Reason", document.reason
    yield from (("Corrects", f"{each.number} {each.issue_date or ''}") for each in document.preceding_invoices)
    yield "Internal", document.internal_note


def _references(document: Document) -> Iterator[tuple[str, str]]:
    yield "Sales order", document.sales_order
    yield "Contract", document.contract
    yield "Project", document.project
    yield "Buyer reference", document.buyer_reference
    yield "Payment reference", document.payment_reference
    yield "Means of payment", document.payment_means_code
    yield "Salesperson", document.salesperson
    if document.period is not None:
        yield "Period", f"{document.period.start or ''} - {document.period.end or ''}"


def _shipment(document: Document) -> Iterator[tuple[str, str]]:
    delivery = document.delivery
    if delivery is None:
        return
    yield "Delivered", delivery.delivery_date.isoformat() if delivery.delivery_date else ""
    yield "Shipment", delivery.shipment_number
    yield "Carrier", delivery.shipping_method
    yield "Tracking", delivery.tracking_number


def _ship_to(document: Document) -> str:
    if document.delivery is None:
        return ""
    return ", ".join(part for part in (document.delivery.name, address_text(document.delivery.address)) if part)


def address_text(address: Address) -> str:
    parts = (address.line1, address.line2, address.line3, address.city, address.region, address.postal_code, address.country)
    return ", ".join(part for part in parts if part)


def line_text(line: Line) -> str:
    """What stands on the line: its name, as far as it fits."""
    return clean(line.name)[:MAX_LINE_TEXT].strip()


def line_note(line: Line, *more: tuple[str, str]) -> str:
    """What else the line says; `more` are facts that have no field in the document's entity."""
    return _joined(_line_facts(line, more))


def _line_facts(line: Line, more: tuple[tuple[str, str], ...]) -> Iterator[tuple[str, str]]:
    if len(clean(line.name)) > MAX_LINE_TEXT:
        yield "", line.name
    yield "", line.description
    yield "", line.note
    yield "Serial numbers", ", ".join(line.serial_numbers)
    yield "Order", f"{line.order_reference} {line.order_line}"
    if line.service_date is not None:
        yield "Service date", line.service_date.isoformat()
    if line.period is not None:
        yield "Period", f"{line.period.start or ''} - {line.period.end or ''}"
    yield from ((each.reason and "Discount", each.reason) for each in line.allowances_charges if not each.is_charge)
    yield from more
