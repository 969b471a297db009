"""Canonical documents, customers and payments as FreshBooks request bodies (invoice, credit_note, client, payment).

FreshBooks lines are free text: the SKU is the line's name, and what has no field of its own (unit, serial numbers, dimensions, order,
period, discounts of a line) stands in its description. Revenue accounts are FreshBooks' own choice. There is no exchange rate, which
stays in the staging database, no ship-to, which stands in the notes, and no memo that the customer does not see.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale

from airbooks.canonical import Address, AllowanceCharge, CreditNote, Delivery, DocumentKind, Line, LineKind, Party, Payment
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.freshbooks.lines import Document, allowances, charges, discount_percent, quantity_and_price, shares
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import ReferenceKind, References, dimension_codes

Body = dict[str, Any]
# Wrapper of a request, by kind; the answer's is the same.
WRAPPER = {DocumentKind.INVOICE: "invoice", DocumentKind.CREDIT_NOTE: "credit_note"}
# The name of the lines that stand for charges of the whole document; they are not among the document's own lines.
CHARGE = "Document charge"
NO_DISCOUNT = "0"
_COUNTRIES = Locale("en").territories


class TaxDiffersError(AirbooksError):
    """The tax that a code is mapped to has another percentage in FreshBooks than on the document."""


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero stays."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def money(amount: Decimal, currency: str) -> Body:
    """An amount as FreshBooks writes it: a decimal string of at least two decimals, and the currency."""
    text = f"{amount.normalize():f}"
    decimals = len(text.partition(".")[2])
    return {"amount": text if decimals > 2 else f"{amount:.2f}", "code": currency}


def number(value: Decimal) -> str:
    """A quantity or percentage as a decimal string without trailing zeros."""
    return f"{value.normalize():f}"


# -- documents ------------------------------------------------------------------------------------------------------------------


def create_body(document: Document, refs: References) -> Body:
    """The body of the POST that creates a document: what is empty is left to FreshBooks (for example the client's address)."""
    fields = _fields(document, refs)
    if fields.get("discount_value") == NO_DISCOUNT:
        del fields["discount_value"]
    return {WRAPPER[document.kind]: filled(fields)}


def update_body(document: Document, refs: References) -> Body:
    """The body of the PUT that makes a document equal to ours: empty fields clear what stands there, and every line is sent."""
    cleared = {key: value for key, value in _fields(document, refs).items() if value is not None}
    return {WRAPPER[document.kind]: cleared}


def _fields(document: Document, refs: References) -> Body:
    common: Body = {
        "create_date": document.ledger_date.isoformat(),
        "currency_code": document.currency,
        "notes": notes(document),
        "terms": document.terms.text or document.terms.code,
        **bill_to(document.buyer),
        "lines": document_lines(document, refs),
    }
    if isinstance(document, CreditNote):
        return {"clientid": refs.customer, "credit_number": document.number, "credit_type": "goodwill", **common}
    return {
        "customerid": int(refs.customer) if refs.customer.isdecimal() else refs.customer,
        "invoice_number": document.number,
        "po_number": document.purchase_order,
        "due_offset_days": due_offset_days(document),
        **common,
        **discount_fields(document),
    }


def due_offset_days(document: Document) -> int | None:
    """Days from the document's date to the day it is due: FreshBooks takes no due date (errno 1038), only the days between."""
    if document.due_date is not None:
        return (document.due_date - document.ledger_date).days
    return document.terms.net_days


def discount_fields(document: Document) -> Body:
    percent = discount_percent(document)
    if percent is None:
        return {"discount_value": NO_DISCOUNT, "discount_description": ""}
    return {"discount_value": number(percent), "discount_description": allowances(document)[0].reason}


def bill_to(buyer: Party) -> Body:
    first, _, last = buyer.contact.name.partition(" ")
    address = buyer.address
    return {
        "organization": buyer.name,
        "fname": first,
        "lname": last,
        "street": address.line1,
        "street2": _joined(address.line2, address.line3),
        "city": address.city,
        "province": address.region,
        "code": address.postal_code,
        "country": country(address),
        "vat_number": buyer.vat_id,
    }


def country(address: Address) -> str:
    """FreshBooks writes countries out: "Canada", not "CA"."""
    return str(_COUNTRIES.get(address.country, address.country))


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


# -- texts ----------------------------------------------------------------------------------------------------------------------


def notes(document: Document) -> str:
    """What the customer reads below the lines: notes, comments between the lines, a credit note's reason, and what has no field."""
    corrected = _joined(*(each.number for each in document.preceding_invoices))
    facts = (
        ("", document.reason if isinstance(document, CreditNote) else ""),
        *(("", text) for text in document.notes),
        *(("", _joined(line.name, line.description, line.note)) for line in document.lines if line.kind is LineKind.COMMENT),
        *(delivery_facts(document.delivery) if document.delivery else ()),
        ("Corrects", corrected),
        ("Issued", _day(document.issue_date) if document.ledger_date != document.issue_date else ""),
        ("Due", _day(document.due_date) if isinstance(document, CreditNote) else ""),
        ("Tax point", _day(document.tax_point_date)),
        ("Purchase order", document.purchase_order if isinstance(document, CreditNote) else ""),
        ("Sales order", document.sales_order),
        ("Buyer reference", document.buyer_reference),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", document.salesperson),
        *((_label(code), code.partition(":")[2]) for code in dimension_codes(document)),
        ("Payment reference", document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Period", _span(document.period.start, document.period.end) if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        ("Attachments", _joined(*document.attachments)),
    )
    return _told(facts)


def delivery_facts(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    place = delivery.address
    where = (delivery.name, place.line1, place.line2, place.line3, place.postal_code, place.city, place.region, country(place))
    return (
        ("Ship to", _joined(*where)),
        ("Delivered", _day(delivery.delivery_date)),
        ("Shipment", delivery.shipment_number),
        ("Shipped by", _joined(delivery.shipping_method, delivery.tracking_number)),
        ("Shipped from", delivery.location_code),
    )


def _told(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {text}" if label else text for label, text in facts if text)


def _label(code: str) -> str:
    return code.partition(":")[0].capitalize()


def _day(day: date | None) -> str:
    return day.isoformat() if day else ""


def _span(start: date | None, end: date | None) -> str:
    return f"{_day(start)} to {_day(end)}"


# -- lines ----------------------------------------------------------------------------------------------------------------------


def document_lines(document: Document, refs: References) -> list[Body]:
    """Our lines in their order, lowered by their share of the document's discount where that is no percentage; then charges."""
    carried = shares(document)
    ours = [sales_line(document, line, carried[line.line_id], refs) for line in document.amount_lines]
    return [*ours, *(charge_line(document, charge, refs) for charge in charges(document))]


def sales_line(document: Document, line: Line, carried: Decimal, refs: References) -> Body:
    amount = line.net_amount - carried
    quantity, price = quantity_and_price(line, amount)
    lowered = quantity * price != line.quantity * line.net_price / line.base_quantity or quantity != line.quantity
    return {
        "type": 0,
        "name": line.item_code or line.name,
        "description": line_description(document, line, carried, lowered=lowered),
        "qty": number(quantity),
        "unit_cost": money(price, document.currency),
        **line_tax(line, refs),
    }


def line_description(document: Document, line: Line, carried: Decimal, *, lowered: bool) -> str:
    """The line's texts and everything FreshBooks has no field for; `lowered`: its own quantity and price are not those it is booked at."""
    facts = [
        ("", line.name if line.item_code else ""),
        ("", line.description),
        ("", line.note),
        ("Unit", "" if line.unit in ("C62", "") else line.unit),
        ("Quantity", f"{number(line.quantity)} at {_price(document, line)}" if lowered else ""),
        *((_reason(each), f"{'' if each.is_charge else '-'}{each.amount:f}") for each in line.allowances_charges),
        ("Share of the document's discount", f"-{carried:f}" if carried else ""),
        ("Serial numbers", _joined(*line.serial_numbers)),
        ("Order", " ".join(part for part in (line.order_reference, line.order_line) if part)),
        ("Service date", _day(line.service_date)),
        ("Period", _span(line.period.start, line.period.end) if line.period else ""),
        ("Commodity code", line.commodity_code),
        ("GTIN", line.gtin),
        *((_label(code), code.partition(":")[2]) for code in dimension_codes(document, line)),
    ]
    return _told(facts)


def _price(document: Document, line: Line) -> str:
    per = f" per {number(line.base_quantity)}" if line.base_quantity != 1 else ""
    tax = " with tax" if document.prices_include_tax else ""
    return f"{line.net_price.normalize():f} {document.currency}{per}{tax}"


def _reason(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {number(each.percent)} %" if each.percent else reason


def charge_line(document: Document, charge: AllowanceCharge, refs: References) -> Body:
    """A charge of the whole document as an ordinary line."""
    return {
        "type": 0,
        "name": CHARGE,
        "description": _reason(charge),
        "qty": "1",
        "unit_cost": money(charge.amount, document.currency),
        **line_tax(charge, refs),
    }


def line_tax(each: Line | AllowanceCharge, refs: References) -> Body:
    """Name and percentage of the tax that a code is mapped to, or nothing for none. FreshBooks computes the amount.

    Raises ReferenceMissing, and TaxDiffersError when the percentage in FreshBooks is not the document's.
    """
    if not each.tax_code:
        return {}
    entry = refs.get(ReferenceKind.TAX_CODE, each.tax_code)
    percent = entry.details.get("percent", "0")
    if Decimal(percent) != each.tax_rate:
        raise TaxDiffersError(f"tax code {each.tax_code} has {number(each.tax_rate)} %, but {entry.code!r} in FreshBooks has {percent} %")
    return {"taxName1": entry.code, "taxAmount1": percent} if entry.remote_id else {}


# -- clients --------------------------------------------------------------------------------------------------------------------


def client_token(party: Party) -> str:
    """The words in a client's note by which it is known again: FreshBooks has no field for a foreign key."""
    return f"[ext:{' '.join(party.code.replace('[', '(').replace(']', ')').split())}]"


def client_body(party: Party, currency: str) -> Body:
    """The body of `POST users/clients`; `currency` is the client's default where we know no other."""
    first, _, last = party.contact.name.partition(" ")
    address = party.address
    facts = (
        ("", client_token(party)),
        ("Trading as", party.trading_name),
        ("Registered as", _joined(party.legal_id, party.tax_registration)),
        ("Phone", party.contact.phone),
    )
    fields = {
        "organization": party.name,
        "email": party.contact.email,
        "fname": first,
        "lname": last,
        "currency_code": party.currency or currency,
        "note": _told(facts),
        "p_street": _joined(address.line1, address.line2, address.line3),
        "p_city": address.city,
        "p_province": address.region,
        "p_code": address.postal_code,
        "p_country": country(address),
        "vat_number": party.vat_id,
    }
    return {"client": filled(fields)}


# -- payments -------------------------------------------------------------------------------------------------------------------


def payment_marker(payment: Payment) -> str:
    """The words in a payment's note by which it is known again: FreshBooks gives payments no number of ours."""
    return f"[{payment.source} {payment.source_id}]"


def payment_note(payment: Payment) -> str:
    account = f"Bank account {payment.bank_account}" if payment.bank_account else ""
    return "; ".join(part for part in (payment.reference, payment.memo, account, payment_marker(payment)) if part)


def payment_bodies(payment: Payment, refs: References) -> list[Body]:
    """The bodies of `POST payments`: FreshBooks has one payment per invoice, so one for each invoice that is allocated to."""
    method = ReferenceKind.PAYMENT_METHOD, payment.method
    kind = refs.get(*method).code if refs.has(*method) else refs.settings.get("default_payment_type", "Other")
    return [
        {
            "payment": {
                "invoiceid": int(invoice) if invoice.isdecimal() else invoice,
                "amount": money(amount, payment.currency),
                "date": payment.received_on.isoformat(),
                "type": kind,
                "note": payment_note(payment),
                "send_client_notification": False,
            }
        }
        for invoice, amount in by_document(payment).items()
    ]
