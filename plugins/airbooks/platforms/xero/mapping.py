"""Canonical documents, customers and payments as Xero request bodies (Invoice, CreditNote, Contact, Payment).

A line's unit, serial numbers, order, period and note stand in its description. What Xero has no field for on a document (notes, ship-to,
sales order, a credit note's reason ...) stands in one text-only line after the others; the internal note goes to the document's history,
which customers do not see. Terms have no field: the due date says them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import Address, AllowanceCharge, CreditNote, Invoice, Line, LineKind, Party, Payment
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes
from airbooks.platforms.xero.money import Part, Priced, parts, priced
from airbooks.platforms.xero.spec import OURS, TRACKING_PER_LINE

Body = dict[str, Any]
Document = Invoice | CreditNote
Options = Mapping[str, Any]

RATE_DECIMALS = Decimal("0.000001")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]+")


class Inexpressible(AirbooksError):  # noqa: N818 it names a fact about data, not a fault
    """What the resolved references of a document add up to cannot be said in Xero."""


def clean(text: str) -> str:
    """Without control characters, which no text of an accounting document has."""
    return _CONTROLS.sub(" ", text).strip()


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero and False stay."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def told(facts: Iterable[tuple[str, str]]) -> str:
    return clean("\n".join(f"{label}: {text}" if label else text for label, text in facts if text))


# -- documents ----------------------------------------------------------------------------------------------------------


def document_body(document: Document, refs: References, options: Options) -> Body:
    """One element of `PUT /Invoices` or `PUT /CreditNotes`.

    `options`: `approve` (bool), `rounding` (OURS: our tax amount on each line, XEROS: computed there), `branding_theme_id`.
    """
    body = _head(document, refs) | {"Status": "AUTHORISED" if options.get("approve", True) else "DRAFT"}
    body |= {"BrandingThemeID": options.get("branding_theme_id"), "LineItems": line_items(document, refs, options)}
    return filled(body)


def update_body(document: Document, refs: References, options: Options, remote_id: str, line_ids: Sequence[str]) -> Body:
    """The element of `POST /Invoices/{InvoiceID}`: the status stays as it is there, and each line keeps the id of the line in its place
    (`line_ids`), for lines without one are deleted and made anew. Xero keeps what is left out, so that an empty reference is sent as such.
    """
    key = "InvoiceID" if isinstance(document, Invoice) else "CreditNoteID"
    lines = line_items(document, refs, options)
    kept = [{"LineItemID": line_ids[i], **line} if i < len(line_ids) else line for i, line in enumerate(lines)]
    return {key: remote_id, **filled(_head(document, refs)), "Reference": reference(document), "LineItems": kept}


def _head(document: Document, refs: References) -> Body:
    is_invoice = isinstance(document, Invoice)
    due = due_date(document) if is_invoice else None
    return {
        "Type": "ACCREC" if is_invoice else "ACCRECCREDIT",
        "Contact": {"ContactID": refs.customer},
        "InvoiceNumber" if is_invoice else "CreditNoteNumber": document.number,
        "Reference": reference(document),
        "Date": document.ledger_date.isoformat(),
        "DueDate": due.isoformat() if due else None,
        "LineAmountTypes": "Exclusive",
        "CurrencyCode": document.currency,
        "CurrencyRate": currency_rate(document, refs.settings),
    }


def reference(document: Document) -> str:
    return clean(document.purchase_order or document.buyer_reference)


def due_date(document: Document) -> date | None:
    """The due date, or what the terms make it."""
    if document.due_date or document.terms.net_days is None:
        return document.due_date
    return document.issue_date + timedelta(days=document.terms.net_days)


def currency_rate(document: Document | Payment, settings: Mapping[str, str]) -> Decimal | None:
    """Xero's rate is the inverse of ours: foreign units for one unit of the base currency (from memory)."""
    if document.exchange_rate is None or document.currency == settings.get("home_currency"):
        return None
    return (1 / document.exchange_rate.rate).quantize(RATE_DECIMALS, ROUND_HALF_UP)


def line_items(document: Document, refs: References, options: Options) -> list[Body]:
    """Ours in their order, then charges, then the text-only line with what has no field."""
    booked = parts(document)
    of_lines = iter(booked)
    body: list[Body] = []
    for line in document.lines:
        is_comment = line.kind is LineKind.COMMENT
        body.append({"Description": comment(line)} if is_comment else sales_line(document, line, next(of_lines), refs, options))
    body += [charge_line(document, part.bearer, part, refs, options) for part in of_lines if isinstance(part.bearer, AllowanceCharge)]
    facts = document_text(document)
    return [*body, {"Description": facts}] if facts else body


def comment(line: Line) -> str:
    return told((("", line.name), ("", line.description), ("", line.note)))


def sales_line(document: Document, line: Line, part: Part, refs: References, options: Options) -> Body:
    prices = priced(line, part, discounts=isinstance(document, Invoice))
    return filled(
        {
            "Description": line_text(line, part, prices),
            "Quantity": prices.quantity,
            "UnitAmount": prices.unit,
            "ItemCode": refs.get(ReferenceKind.ITEM, line.item_code).code if line.item_code else None,
            "AccountCode": account_code(line, refs),
            "TaxType": tax_type(line, refs),
            "TaxAmount": part.tax if options.get("rounding", OURS) == OURS else None,
            "DiscountRate": prices.discount_rate,
            "DiscountAmount": prices.discount_amount,
            "LineAmount": part.amount,
            "Tracking": tracking(document, line, refs),
        }
    )


def charge_line(document: Document, charge: AllowanceCharge, part: Part, refs: References, options: Options) -> Body:
    """A charge of the whole document as a line of the item kept for that."""
    return filled(
        {
            "Description": clean(charge.reason) or "Charge",
            "Quantity": Decimal(1),
            "UnitAmount": charge.amount,
            "ItemCode": refs.settings["charge_item_code"],
            "AccountCode": refs.get(ReferenceKind.ACCOUNT, charge.account_code).code if charge.account_code else None,
            "TaxType": tax_type(charge, refs),
            "TaxAmount": part.tax if options.get("rounding", OURS) == OURS else None,
            "LineAmount": charge.amount,
            "Tracking": tracking(document, None, refs),
        }
    )


def account_code(line: Line, refs: References) -> str | None:
    """Of the line's revenue group; without one the connection's default, and with none of these the item's own."""
    if line.account_code:
        return refs.get(ReferenceKind.ACCOUNT, line.account_code).code
    return refs.settings.get("sales_account_code")


def tax_type(bearer: Line | AllowanceCharge, refs: References) -> str:
    """The TaxType; its rate must be ours, because a tax amount that is given wins over the rate and would hide a wrong mapping."""
    entry = refs.get(ReferenceKind.TAX_CODE, bearer.tax_code)
    rate = entry.details.get("rate")
    if rate is not None and Decimal(rate) != bearer.tax_rate:
        raise Inexpressible(f"tax code {bearer.tax_code} is {bearer.tax_rate:f} %, but is mapped to {entry.code}, which is {rate} %")
    return entry.code


def tracking(document: Document, line: Line | None, refs: References) -> list[Body]:
    """The line's options, and the head's for categories that the line (none: a charge) does not name."""
    own = [refs.get(ReferenceKind.DIMENSION, code) for code in dimension_codes(document, line)] if line else []
    heads = [refs.get(ReferenceKind.DIMENSION, code) for code in dimension_codes(document)]
    named = {_category(entry) for entry in own}
    entries = own + [entry for entry in heads if _category(entry) not in named]
    where = f"line {line.line_id}" if line else "a charge"
    if len({_category(entry) for entry in entries}) != len(entries):
        raise Inexpressible(f"{where} has two options of one tracking category: {_codes(entries)}")
    if len(entries) > TRACKING_PER_LINE:
        raise Inexpressible(f"{where} has more than {TRACKING_PER_LINE} tracking options: {_codes(entries)}")
    return [{"Name": entry.details["category"], "Option": entry.details["option"]} for entry in entries]


def _category(entry: ReferenceItem) -> str:
    return entry.details["category"]


def _codes(entries: Iterable[ReferenceItem]) -> str:
    return ", ".join(entry.code for entry in entries)


# -- texts --------------------------------------------------------------------------------------------------------------


def line_text(line: Line, part: Part, prices: Priced) -> str:
    """The line's name and everything Xero has no field for."""
    said = prices.discount_rate is not None
    return told(
        (
            ("", line.name),
            ("", line.description),
            ("", line.note),
            ("Unit", "" if line.unit in {"", "C62"} else line.unit),
            ("Quantity", f"{line.quantity:f}" if prices.quantity != line.quantity else ""),
            *(() if said else _allowance_facts(line, part)),
            ("Serial numbers", ", ".join(line.serial_numbers)),
            ("Order", " ".join(word for word in (line.order_reference, line.order_line) if word)),
            ("Service date", line.service_date.isoformat() if line.service_date else ""),
            ("Period", _span(line.period.start, line.period.end) if line.period else ""),
            ("Commodity code", line.commodity_code),
            ("GTIN", line.gtin),
        )
    )


def _allowance_facts(line: Line, part: Part) -> Iterator[tuple[str, str]]:
    for each in line.allowances_charges:
        label = each.reason or ("Charge" if each.is_charge else "Discount")
        yield label, f"{'' if each.is_charge else '-'}{each.amount:f}"
    if part.carried:
        yield "Share of the document's discount", f"-{part.carried:f}"


def document_text(document: Document) -> str:
    """What the customer may read and Xero has no field for, one fact a line."""
    return told((*_credit_facts(document), *(("", note) for note in document.notes), *_head_facts(document), *_delivery_facts(document)))


def _credit_facts(document: Document) -> Iterator[tuple[str, str]]:
    yield "Reason", document.reason if isinstance(document, CreditNote) else ""
    yield "Corrects", ", ".join(each.number for each in document.preceding_invoices)


def _head_facts(document: Document) -> tuple[tuple[str, str], ...]:
    terms = document.terms
    says_more = terms.discount_percent is not None or (bool(terms.text or terms.code) and terms.net_days is None)
    return (
        ("Terms", (terms.text or terms.code) if says_more else ""),
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
    return (
        ("Ship to", ", ".join(part for part in (delivery.name, *_address_parts(delivery.address)) if part)),
        ("Delivered", delivery.delivery_date.isoformat() if delivery.delivery_date else ""),
        ("Shipped from", delivery.location_code),
        ("Shipped by", delivery.shipping_method),
        ("Tracking number", delivery.tracking_number),
        ("Shipment", delivery.shipment_number),
    )


def _address_parts(address: Address) -> tuple[str, ...]:
    lines = (address.line1, address.line2, address.line3)
    return (*lines, address.city, address.region, address.postal_code, address.country)


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


# -- customers ----------------------------------------------------------------------------------------------------------


def contact_name(party: Party) -> str:
    return " ".join(clean(party.name).split())


def contact_body(party: Party, currency: str, *, coded: bool = False) -> Body:
    """One element of `PUT /Contacts`; `coded` adds our code to the name, which must be unique over active contacts."""
    name = contact_name(party)
    lines = [clean(line) for line in (party.address.line1, party.address.line2, party.address.line3)]
    address = {
        **{f"AddressLine{position}": line for position, line in enumerate([line for line in lines if line], 1)},
        "City": clean(party.address.city),
        "Region": clean(party.address.region),
        "PostalCode": clean(party.address.postal_code),
        "Country": party.address.country,
    }
    postal = filled(address)
    first, _, last = clean(party.contact.name).partition(" ")
    return filled(
        {
            "Name": f"{name} ({party.code})" if coded else name,
            "ContactNumber": party.code,
            "EmailAddress": party.contact.email,
            "FirstName": first,
            "LastName": last,
            "TaxNumber": party.vat_id,
            "DefaultCurrency": currency,
            "Phones": [{"PhoneType": "DEFAULT", "PhoneNumber": party.contact.phone}] if party.contact.phone else [],
            "Addresses": [{"AddressType": "POBOX", **postal}] if postal else [],
        }
    )


# -- payments -----------------------------------------------------------------------------------------------------------


def payment_marker(payment: Payment) -> str:
    """The words in the reference by which a payment is known again: Xero gives payments no number of ours."""
    return clean(f"[{payment.source} {payment.source_id}]")


def payment_reference(payment: Payment) -> str:
    """There is no payment method: the reference names it."""
    words = (payment.reference, payment.method, payment.memo, payment_marker(payment))
    return clean(" ".join(word for word in words if word))


def payment_bodies(payment: Payment, refs: References) -> list[Body]:
    """The elements of `PUT /Payments`: one for each invoice the payment settles, however many of its allocations name it."""
    account = ReferenceKind.ACCOUNT, payment.bank_account
    where = {"AccountID": refs.get(*account).remote_id} if refs.has(*account) else {"Code": refs.settings["payment_account_code"]}
    return [
        filled(
            {
                "Invoice": {"InvoiceID": invoice_id},
                "Account": where,
                "Date": payment.received_on.isoformat(),
                "Amount": amount,
                "CurrencyRate": currency_rate(payment, refs.settings),
                "Reference": payment_reference(payment),
            }
        )
        for invoice_id, amount in by_document(payment).items()
    ]
