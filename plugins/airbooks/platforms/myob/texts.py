"""What MYOB has no field for, in words: on the line it belongs to, or in text-only lines after the others."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from airbooks.canonical import Address, CreditNote, Invoice, Line, Party
from airbooks.platforms.myob.pricing import Part, Priced
from airbooks.platforms.myob.spec import DESCRIPTION, MEMO, NOTES, PHONE, SHIP_TO

Document = Invoice | CreditNote
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


def clean(text: str) -> str:
    """Without control characters, which no text of an accounting document has."""
    return _CONTROLS.sub(" ", text).strip()


def told(facts: Iterable[tuple[str, str]]) -> str:
    return clean("\n".join(f"{label}: {text}" if label else text for label, text in facts if text))


def pieces(text: str) -> list[str]:
    """A text in parts that a line's description takes."""
    return [text[at : at + DESCRIPTION] for at in range(0, len(text), DESCRIPTION)]


# -- lines --------------------------------------------------------------------------------------------------------------


def comment(line: Line) -> str:
    return told((("", line.name), ("", line.description), ("", line.note)))


def line_text(part: Part, prices: Priced, extra: Iterable[tuple[str, str]] = ()) -> str:
    """The line's name and everything the layout has no field for (`extra`)."""
    line = part.line
    return told(
        (
            ("", line.name),
            ("", line.description),
            ("", line.note),
            *extra,
            ("Unit", "" if line.unit in {"", "C62"} else line.unit),
            ("Quantity", f"{line.quantity:f}" if prices.quantity != line.quantity else ""),
            *(() if prices.percent else _allowances(part)),
            ("Serial numbers", ", ".join(line.serial_numbers)),
            ("Order", " ".join(word for word in (line.order_reference, line.order_line) if word)),
            ("Service date", line.service_date.isoformat() if line.service_date else ""),
            ("Period", _span(line.period.start, line.period.end) if line.period else ""),
            ("Commodity code", line.commodity_code),
            ("GTIN", line.gtin),
        )
    )


def _allowances(part: Part) -> Iterator[tuple[str, str]]:
    for each in part.line.allowances_charges:
        label = each.reason or ("Charge" if each.is_charge else "Discount")
        yield label, f"{'' if each.is_charge else '-'}{each.amount:f}"
    if part.carried:
        yield "Share of the document's discount", f"-{part.carried:f}"


# -- documents ----------------------------------------------------------------------------------------------------------


def notes(document: Document) -> str:
    return told(("", note) for note in document.notes)


def comment_of(document: Document) -> str:
    """The sale's comment: the notes, where it takes them."""
    text = notes(document)
    return text if len(text) <= MEMO else ""


def order_number(document: Document) -> str:
    return clean(document.purchase_order or document.buyer_reference)


def memo(document: Document) -> str:
    """The journal memo, which customers do not see."""
    return clean("; ".join(word for word in ("Sale", document.number, document.internal_note) if word))


def ship_to(document: Document) -> str:
    """Name and address, each on a line of its own; empty where they do not fit: then they stand in the text."""
    delivery = document.delivery
    if delivery is None:
        return ""
    text = "\n".join(word for word in (delivery.name, *address_lines(delivery.address)) if word)
    return clean(text) if len(text) <= SHIP_TO else ""


def address_lines(address: Address) -> tuple[str, ...]:
    place = " ".join(word for word in (address.city, address.region, address.postal_code) if word)
    return (address.line1, address.line2, address.line3, place, address.country)


def document_text(document: Document, longest_order: int) -> str:
    """What the customer may read and no field holds, one fact a line; `longest_order` is what the purchase order's field takes."""
    return told(
        (
            *_credit_facts(document),
            ("", "" if comment_of(document) else notes(document)),
            *_head_facts(document, longest_order),
            *_delivery_facts(document),
        )
    )


def _credit_facts(document: Document) -> Iterator[tuple[str, str]]:
    yield "Reason", document.reason if isinstance(document, CreditNote) else ""
    yield "Corrects", ", ".join(each.number for each in document.preceding_invoices)


def _head_facts(document: Document, longest_order: int) -> tuple[tuple[str, str], ...]:
    order = order_number(document)
    return (
        ("Purchase order", order if len(order) > longest_order else ""),
        ("Issued", document.issue_date.isoformat() if document.ledger_date != document.issue_date else ""),
        ("Tax point", document.tax_point_date.isoformat() if document.tax_point_date else ""),
        ("Buyer reference", document.buyer_reference if document.purchase_order else ""),
        ("Sales order", document.sales_order),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", document.salesperson),
        ("Payment reference", document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Period", _span(document.period.start, document.period.end) if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        ("Attachments", ", ".join(document.attachments)),
    )


def _delivery_facts(document: Document) -> tuple[tuple[str, str], ...]:
    delivery = document.delivery
    if delivery is None:
        return ()
    told_already = ship_to(document)
    place = ", ".join(word for word in (delivery.name, *address_lines(delivery.address)) if word)
    return (
        ("Ship to", "" if told_already else place),
        ("Shipped from", delivery.location_code),
        ("Shipped by", delivery.shipping_method),
        ("Tracking number", delivery.tracking_number),
        ("Shipment", delivery.shipment_number),
    )


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


# -- cards --------------------------------------------------------------------------------------------------------------


def card_notes(party: Party, body: Mapping[str, object]) -> str:
    """What the card's own fields do not hold: a long name in full, a tax number that is no ABN, a long telephone number."""
    name = " ".join(clean(party.name).split())
    facts = (
        ("Full name", name if name != body["CompanyName"] else ""),
        ("Trading name", party.trading_name),
        ("Contact", party.contact.name),
        ("Tax number", party.vat_id),
        ("Telephone", party.contact.phone if len(party.contact.phone) > PHONE else ""),
    )
    return told(facts)[:NOTES]
