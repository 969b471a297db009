"""Canonical documents, customers and payments as Zoho Books request bodies (invoices, creditnotes, contacts, customerpayments).

A line's serial numbers, order, period and codes have no field: they stand in its description, comment lines in that of the line before
them. Orders, contract, project, shipment and the corrected invoices stand in the notes, which the customer reads; the internal note is
not sent (and told so). The income account is the item's, so a line's revenue account is not sent. A document's charges are its shipping
charge. Prices go without tax, amounts of money never as percentages.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from airbooks.canonical import Address, AllowanceCharge, CreditNote, Delivery, DocumentKind, Invoice, Line, LineKind, Party, Payment
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes
from airbooks.platforms.zoho_books.lines import (
    allowances,
    charges,
    is_entity_level,
    quantity_and_rate,
    shares,
    total,
)
from airbooks.platforms.zoho_books.spec import CONTACT_NAME, LINE_NAME, MOST_NET_DAYS, REFERENCE, TERMS_LABEL

Body = dict[str, Any]
Document = Invoice | CreditNote
Options = Mapping[str, Any]

NUMBER_FIELD = {DocumentKind.INVOICE: "invoice_number", DocumentKind.CREDIT_NOTE: "creditnote_number"}
# What an update must empty when our document no longer has it.
EMPTY: Mapping[str, Any] = {"reference_number": "", "notes": "", "salesperson_name": "", "discount": 0}


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero and False stay."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def external_id(field: str, value: str) -> list[Body]:
    return [{"api_name": field, "value": value}] if field else []


def upsert_headers(field: str, value: str) -> dict[str, str]:
    """The headers that find a row by its unique custom field, and create it where there is none."""
    return {"X-Unique-Identifier-Key": field, "X-Unique-Identifier-Value": value, "X-Upsert": "true"} if field else {}


def document_body(document: Document, refs: References, options: Options, key: str = "") -> Body:
    """The body that creates one document as a draft; `key` is the value of the unique custom field where the organisation has one.

    `options`: `location_id` (for documents that name none), `salespersons` and `post` (bool).
    """
    own = allowances(document)
    body: Body = {
        "customer_id": refs.customer,
        NUMBER_FIELD[document.kind]: document.number,
        "reference_number": document.purchase_order[:REFERENCE],
        "date": document.ledger_date.isoformat(),
        "currency_id": refs.get(ReferenceKind.CURRENCY, document.currency).remote_id,
        "exchange_rate": _rate(document, refs.settings),
        "is_inclusive_tax": False,
        "discount_type": "entity_level" if is_entity_level(document) else "item_level",
        "is_discount_before_tax": True,
        "discount": total(own) if is_entity_level(document) else None,
        "salesperson_name": document.salesperson if options.get("salespersons", True) else "",
        "location_id": location(document, refs, options),
        "notes": notes(document, options),
        "custom_fields": external_id(refs.settings.get("external_id_field", ""), key) if key else [],
        "line_items": line_items(document, refs),
    }
    more = _invoice_fields(document, refs) if isinstance(document, Invoice) else {"is_draft": True}
    return filled(body | more)


def _invoice_fields(invoice: Invoice, refs: References) -> Body:
    days, added = invoice.terms.net_days, charges(invoice)
    return {
        "payment_terms": days if days is not None and 0 <= days <= MOST_NET_DAYS else None,
        "payment_terms_label": (invoice.terms.text or invoice.terms.code)[:TERMS_LABEL],
        "due_date": invoice.due_date.isoformat() if invoice.due_date else None,
        "shipping_charge": total(added) if added else None,
        "shipping_charge_tax_id": refs.get(ReferenceKind.TAX_CODE, added[0].tax_code).remote_id if added else None,
    }


def update_body(body: Body, current: Mapping[str, Any], source: str) -> Body:
    """The body of `PUT /invoices/{id}`: each line keeps the id of the line in its place, since a line left out is deleted and one
    without an id is added. The unique custom field stays as it is."""
    ids = [line["line_item_id"] for line in current["line_items"]]
    lines = [{"line_item_id": ids[at], **line} if at < len(ids) else line for at, line in enumerate(body["line_items"])]
    invoice = "invoice_number" in body
    more = {"shipping_charge": 0, "reason": f"Corrected in {source}"} if invoice else {}
    kept = {name: value for name, value in body.items() if name not in ("custom_fields", "is_draft")}
    return {**EMPTY, **more, **kept, "line_items": [{**EMPTY_LINE, **line} for line in lines]}


EMPTY_LINE: Mapping[str, Any] = {"description": "", "unit": "", "discount": 0, "tags": []}


def _rate(document: Document | Payment, settings: Mapping[str, str]) -> Decimal | None:
    """Base currency for one unit of the document's, where they differ."""
    foreign = document.currency != settings.get("home_currency")
    return document.exchange_rate.rate if foreign and document.exchange_rate else None


# -- texts --------------------------------------------------------------------------------------------------------------


def told(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {text}" if label else text for label, text in facts if text)


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


def notes(document: Document, options: Options) -> str:
    """What the customer reads under the document: our notes, a credit note's reason, and what has no field, one fact a line."""
    written = not has_shipping_address(document) or not options.get("post", True)
    shipment = document.delivery
    facts = (
        ("", document.reason if isinstance(document, CreditNote) else ""),
        *(("", note) for note in document.notes),
        *_terms_facts(document),
        ("Corrects", ", ".join(each.number for each in document.preceding_invoices)),
        ("Issued", document.issue_date.isoformat() if document.ledger_date != document.issue_date else ""),
        ("Tax point", document.tax_point_date.isoformat() if document.tax_point_date else ""),
        ("Purchase order", document.purchase_order if len(document.purchase_order) > REFERENCE else ""),
        ("Sales order", document.sales_order),
        ("Your reference", document.buyer_reference),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", "" if options.get("salespersons", True) else document.salesperson),
        ("Payment reference", document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Period", _span(document.period.start, document.period.end) if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        *((_label(each), f"{each.amount:f}") for each in charges(document)),
        ("Discount", ", ".join(_label(each) for each in allowances(document))),
        *(delivery_facts(shipment, with_address=written) if shipment else ()),
        ("Attachments", ", ".join(document.attachments)),
        *(("", text) for text in comments(document).get("", ())),
    )
    return told(facts)


def _terms_facts(document: Document) -> tuple[tuple[str, str], ...]:
    """Terms and due date where they have no field: a credit note has neither, an invoice's terms only a short one."""
    terms = document.terms.text or document.terms.code
    if isinstance(document, CreditNote):
        return (("Terms", terms), ("Due", document.due_date.isoformat() if document.due_date else ""))
    return (("Terms", terms if len(terms) > TERMS_LABEL else ""),)


def delivery_facts(delivery: Delivery, *, with_address: bool) -> tuple[tuple[str, str], ...]:
    place = delivery.address
    parts = (delivery.name, place.line1, place.line2, place.line3, f"{place.postal_code} {place.city}".strip(), place.region, place.country)
    return (
        ("Delivered", delivery.delivery_date.isoformat() if delivery.delivery_date else ""),
        ("Deliver to", ", ".join(part for part in parts if part) if with_address else ""),
        ("Shipped by", delivery.shipping_method),
        ("Tracking number", delivery.tracking_number),
        ("Shipment", delivery.shipment_number),
        ("Shipped from", delivery.location_code),
    )


def has_shipping_address(document: Document) -> bool:
    """Whether the document gets a shipping address of its own (`PUT /invoices/{id}/address/shipping`, before it is marked as sent)."""
    return isinstance(document, Invoice) and document.delivery is not None and document.delivery.address != Address()


def shipping_address(delivery: Delivery) -> Body:
    return {"attention": delivery.name, **address_body(delivery.address)}


def comments(document: Document) -> dict[str, list[str]]:
    """The texts of comment lines by the id of the line before them; those before the first line under an empty id."""
    found: dict[str, list[str]] = {}
    before = ""
    for line in document.lines:
        if line.kind is LineKind.COMMENT:
            found.setdefault(before, []).append("\n".join(part for part in (line.name, line.description, line.note) if part))
        else:
            before = line.line_id
    return found


# -- dimensions ---------------------------------------------------------------------------------------------------------


def _dimensions(document: Document, line: Line | None, refs: References, kind: str) -> list[ReferenceItem]:
    """The reporting tags (kind "tag") or locations (kind "location") that a line, or the document's head, names."""
    found = [refs.get(ReferenceKind.DIMENSION, code) for code in dimension_codes(document, line)]
    return [entry for entry in found if entry.details.get("list") == kind]


def line_tags(document: Document, line: Line, refs: References) -> list[Body]:
    """One option per tag: the line's own, else the one of the document's head."""
    entries = [*_dimensions(document, None, refs, "tag"), *_dimensions(document, line, refs, "tag")]
    chosen = {entry.details["tag_id"]: entry.remote_id for entry in entries}
    return [{"tag_id": tag, "tag_option_id": option} for tag, option in chosen.items()]


def line_location(document: Document, line: Line, refs: References) -> str:
    return next((entry.remote_id for entry in _dimensions(document, line, refs, "location")), "")


def location(document: Document, refs: References, options: Options) -> str:
    """The head's location: its own, else the one on which all lines that name one agree, else the operator's."""
    own = {entry.remote_id for entry in _dimensions(document, None, refs, "location")}
    found = own or {place for line in document.amount_lines if (place := line_location(document, line, refs))}
    return found.pop() if len(found) == 1 else str(options.get("location_id") or "")


# -- lines --------------------------------------------------------------------------------------------------------------


def line_items(document: Document, refs: References) -> list[Body]:
    carried, said = shares(document), comments(document)
    return [
        line_item(document, line, refs, carried[line.line_id], said.get(line.line_id, []), order)
        for order, line in enumerate(document.amount_lines, 1)
    ]


def line_item(document: Document, line: Line, refs: References, carried: Decimal, said: list[str], order: int) -> Body:
    """One line; `carried` is its share of the document's allowances, `said` the comments that follow it."""
    off = total(allowances(line))
    quantity, rate = quantity_and_rate(line, line.net_amount + off)
    facts = [*line_facts(line, carried, whole=quantity != line.quantity), *(("", text) for text in said)]
    return filled(
        {
            "item_id": refs.get(ReferenceKind.ITEM, line.item_code).remote_id if line.item_code else refs.settings["default_item_id"],
            "name": line.name[:LINE_NAME],
            "description": told(facts),
            "rate": rate,
            "quantity": quantity,
            "unit": "" if line.unit == "C62" else line.unit,
            "discount": off + carried or None,
            "tax_id": refs.get(ReferenceKind.TAX_CODE, line.tax_code).remote_id,
            "item_order": order,
            "tags": line_tags(document, line, refs),
            "location_id": line_location(document, line, refs),
        }
    )


def line_facts(line: Line, carried: Decimal, *, whole: bool) -> list[tuple[str, str]]:
    """A line's texts and everything that has no field; `whole`: it is booked as one piece at its whole amount."""
    return [
        ("", line.name if len(line.name) > LINE_NAME else ""),
        ("", line.description),
        ("", line.note),
        ("Quantity", f"{line.quantity:f}" if whole else ""),
        *((_label(each), f"{'' if each.is_charge else '-'}{each.amount:f}") for each in line.allowances_charges),
        ("Share of the document's discount", f"-{carried:f}" if carried else ""),
        ("Serial numbers", ", ".join(line.serial_numbers)),
        ("Order", " ".join(part for part in (line.order_reference, line.order_line) if part)),
        ("Period", _span(line.period.start, line.period.end) if line.period else ""),
        ("Date", line.service_date.isoformat() if line.service_date else ""),
        ("Commodity code", line.commodity_code),
        ("GTIN", line.gtin),
    ]


def _label(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason


# -- customers ----------------------------------------------------------------------------------------------------------


def contact_name(party: Party, currency: str, home: str) -> str:
    """The name that carries our code, and the currency where it is not the base one: names are unique, and no filter finds a code."""
    suffix = contact_suffix(party, currency, home)
    name = " ".join(party.name.split())
    return f"{name[: CONTACT_NAME - len(suffix) - 1]} {suffix}"


def contact_suffix(party: Party, currency: str, home: str) -> str:
    code = " ".join(party.code.split())
    return f"({code})" if currency == home else f"({code} {currency})"


def contact_body(party: Party, currency: str, currency_id: str, home: str) -> Body:
    """The body of `POST /contacts`. A contact's currency is that of all its documents."""
    contact = party.contact
    person = filled({"email": contact.email, "phone": contact.phone})
    return filled(
        {
            "contact_name": contact_name(party, currency, home),
            "contact_type": "customer",
            "company_name": (party.trading_name or party.name)[:CONTACT_NAME],
            "currency_id": currency_id,
            "billing_address": filled({"attention": contact.name, **address_body(party.address)}),
            "contact_persons": [{"first_name": contact.name[:100] or "Accounts", "is_primary_contact": True, **person}] if person else [],
            "notes": told((("Customer code", party.code), ("VAT id", party.vat_id), ("Registration", party.legal_id))),
        }
    )


def address_body(address: Address) -> Body:
    return filled(
        {
            "address": address.line1,
            "street2": "\n".join(part for part in (address.line2, address.line3) if part),
            "city": address.city,
            "state": address.region,
            "zip": address.postal_code,
            "country": address.country,
        }
    )


# -- payments -----------------------------------------------------------------------------------------------------------


def payment_marker(payment: Payment) -> str:
    """The words in the description by which a payment is known again: Zoho numbers payments itself."""
    return f"[{payment.source} {payment.source_id}]"


def payment_body(payment: Payment, customer_id: str, refs: References, key: str) -> Body:
    """The body of `POST /customerpayments`; what no invoice claims stays as the customer's credit (`unused_amount`)."""
    account, method = (ReferenceKind.ACCOUNT, payment.bank_account), (ReferenceKind.PAYMENT_METHOD, payment.method)
    unlisted = "" if refs.has(*method) else payment.method
    long = payment.reference if len(payment.reference) > REFERENCE else ""
    return filled(
        {
            "customer_id": customer_id,
            "payment_mode": refs.get(*method).code if refs.has(*method) else refs.settings.get("default_payment_mode", "others"),
            "amount": payment.amount,
            "date": payment.received_on.isoformat(),
            "reference_number": payment.reference[:REFERENCE].strip(),
            "description": told((("", payment_marker(payment)), ("", payment.memo), ("Reference", long), ("Paid by", unlisted))),
            "account_id": refs.get(*account).remote_id if refs.has(*account) else refs.settings.get("deposit_account_id", ""),
            "exchange_rate": _rate(payment, refs.settings),
            "bank_charges": payment.bank_fee or None,
            "invoices": [{"invoice_id": invoice, "amount_applied": amount} for invoice, amount in by_document(payment).items()],
            "custom_fields": external_id(refs.settings.get("external_id_field", ""), key),
        }
    )
