"""The texts of a document: what Reckon One has no field for stands in its notes, or in the description of its line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, CreditNote, Delivery, Line, LineKind
from airbooks.platforms.reckon_one.lines import Document, Part, Priced

# How the line of a charge of the whole document begins; such lines are not among the document's own.
CHARGE = "Document charge"
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


def clean(text: str) -> str:
    """Without control characters, which no text of an accounting document has."""
    return _CONTROLS.sub(" ", text).strip()


def number(value: Decimal) -> str:
    return f"{value.normalize():f}"


def _told(facts: Iterable[tuple[str, str]]) -> str:
    return clean("\n".join(f"{label}: {text}" if label else text for label, text in facts if text))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _span(start: date | None, end: date | None) -> str:
    return f"{_day(start)} to {_day(end)}"


# -- the document's notes -------------------------------------------------------------------------------------------------------


def notes(document: Document, *, with_purchase_order: bool) -> str:
    """What the customer reads below the lines, one fact a line."""
    return _told((*_told_by_hand(document), *_head(document, with_purchase_order), *(_delivery(document.delivery))))


def _told_by_hand(document: Document) -> Iterator[tuple[str, str]]:
    yield "", document.reason if isinstance(document, CreditNote) else ""
    yield from (("", text) for text in document.notes)
    comments = (line for line in document.lines if line.kind is LineKind.COMMENT)
    yield from (("", _joined(line.name, line.description, line.note)) for line in comments)


def _head(document: Document, with_purchase_order: bool) -> tuple[tuple[str, str], ...]:
    is_credit = isinstance(document, CreditNote)
    return (
        ("Corrects", _joined(*(each.number for each in document.preceding_invoices))),
        ("Purchase order", document.purchase_order if with_purchase_order else ""),
        ("Issued", _day(document.issue_date) if document.ledger_date != document.issue_date else ""),
        ("Due", _day(document.due_date) if is_credit else ""),
        ("Terms", document.terms.text or document.terms.code if is_credit else _terms(document)),
        ("Tax point", _day(document.tax_point_date)),
        ("Sales order", document.sales_order),
        ("Buyer reference", document.buyer_reference),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", document.salesperson),
        ("Payment reference", document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Period", _span(document.period.start, document.period.end) if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        ("Attachments", _joined(*document.attachments)),
    )


def _terms(document: Document) -> str:
    """Terms that have no code of ours, and so no counterpart in the book."""
    return document.terms.text if not document.terms.code else ""


def _delivery(delivery: Delivery | None) -> tuple[tuple[str, str], ...]:
    """Addresses of an invoice are copied from the customer: another place of delivery can only be told."""
    if delivery is None:
        return ()
    place = delivery.address
    where = (delivery.name, place.line1, place.line2, place.line3, place.city, place.region, place.postal_code, place.country)
    return (
        ("Ship to", _joined(*where)),
        ("Delivered", _day(delivery.delivery_date)),
        ("Shipped from", delivery.location_code),
        ("Shipped by", _joined(delivery.shipping_method, delivery.tracking_number)),
        ("Shipment", delivery.shipment_number),
    )


# -- lines ----------------------------------------------------------------------------------------------------------------------


def line_text(line: Line, part: Part, prices: Priced) -> str:
    """The line's name and everything Reckon One has no field for."""
    own_price = prices.quantity == line.quantity and prices.price == line.net_price / line.base_quantity
    return _told(
        (
            ("", line.name),
            ("", line.description),
            ("", line.note),
            ("Unit", "" if line.unit in {"", "C62"} else line.unit),
            ("Quantity", "" if own_price else _quantity_and_price(line)),
            *(() if prices.discount_percent is not None else _allowances(line, part)),
            ("Serial numbers", _joined(*line.serial_numbers)),
            ("Order", " ".join(word for word in (line.order_reference, line.order_line) if word)),
            ("Service date", _day(line.service_date)),
            ("Period", _span(line.period.start, line.period.end) if line.period else ""),
            ("Commodity code", line.commodity_code),
            ("GTIN", line.gtin),
        )
    )


def _quantity_and_price(line: Line) -> str:
    per = f" per {number(line.base_quantity)}" if line.base_quantity != 1 else ""
    return f"{number(line.quantity)} at {number(line.net_price)}{per}"


def _allowances(line: Line, part: Part) -> Iterator[tuple[str, str]]:
    for each in line.allowances_charges:
        yield _reason(each), f"{'' if each.is_charge else '-'}{each.amount:f}"
    if part.carried:
        yield "Share of the document's discount", f"-{part.carried:f}"


def _reason(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {number(each.percent)} %" if each.percent else reason


def charge_text(charge: AllowanceCharge) -> str:
    return clean(f"{CHARGE}: {_reason(charge)}")
