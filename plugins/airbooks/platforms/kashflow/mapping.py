"""Canonical documents, customers and payments as KashFlow request bodies (invoice, customer, PaymentLine).

KashFlow has no place for a line's discount, unit, serial numbers, order, period, commodity code, nor for a second dimension: the rate is
lowered, and the rest stands in the line's description. A document has neither memo nor purchase order: the order follows our number in
CustomerReference, everything else stands in a text line at the end. Discounts and charges of the document are lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    CreditNote,
    Delivery,
    Invoice,
    Line,
    LineKind,
    Party,
    Payment,
    TaxCategory,
)
from airbooks.platforms.kashflow.lines import Bearer, Document, bearers, is_whole, quantity_and_rate, sign, vat_amounts
from airbooks.platforms.kashflow.spec import BETWEEN, CLIENT, REFERENCE
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Body = dict[str, Any]
Options = Mapping[str, Any]

# How the lines begin that are none of ours; reading back, they are not counted.
DISCOUNT, CHARGE = "[Discount] ", "[Charge] "
RATE_DECIMALS = Decimal("0.000001")
# The fields of an invoice that our documents decide.
SAID_BY_US = frozenset(
    {
        "CustomerReference",
        "DueDate",
        "ProjectNumber",
        "Currency",
        "Address",
        "UseCustomDeliveryAddress",
        "DeliveryAddress",
        "LineItems",
    }
)
EXEMPT = {TaxCategory.EXEMPT, TaxCategory.OUTSIDE_SCOPE}


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero and False stay."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def timestamp(day: date) -> str:
    """A date in the vendor's form, `YYYY-MM-DD HH:mm:ss`."""
    return f"{day.isoformat()} 00:00:00"


def document_body(document: Document, refs: References, options: Options) -> Body:
    """The body of `POST /invoices` for one document; a credit note has negative quantities.

    `options`: `automatic_credit_control`, `update_customer_address`, `cis_reverse_charge` (bool), `project_number` (text, may be empty).
    """
    project = _project(document, None, refs) or str(options.get("project_number") or "")
    reverse_charged = any(each.tax_category is TaxCategory.REVERSE_CHARGE for each in bearers(document))
    body: Body = {
        "Number": own_number(document, refs.settings),
        "CustomerCode": refs.customer,
        "CustomerReference": customer_reference(document),
        "IssuedDate": timestamp(document.ledger_date),
        "DueDate": due_date(document),
        "ProjectNumber": int(project) if project else None,
        "Currency": currency_fields(document, refs.settings),
        "AutomaticCreditControlEnabled": bool(options.get("automatic_credit_control")),
        "IsCISReverseCharge": bool(options.get("cis_reverse_charge")) and reverse_charged,
        "Address": address_body(document.buyer.address),
        **(delivery_fields(document.delivery) if document.delivery else {}),
        "UpdateCustomerAddress": bool(options.get("update_customer_address")),
        "UpdateCustomerDeliveryAddress": False,
        "LineItems": document_lines(document, refs),
    }
    return filled(body)


def updated_body(row: Mapping[str, Any], body: Mapping[str, Any]) -> Body:
    """The body of `PUT /invoices/{number}`: the invoice as read, with its payments, and ours in place of what our documents say.

    What our document no longer says is left out, and so cleared; number and payments stay.
    """
    kept = {name: value for name, value in row.items() if name not in SAID_BY_US}
    return {**kept, **body, "Number": row["Number"], "PaymentLines": row.get("PaymentLines") or []}


def own_number(document: Document, settings: Mapping[str, str]) -> int | None:
    """The Number that ours becomes: the digits at its end plus the offset of its kind; None where KashFlow numbers."""
    digits = re.search(r"[0-9]+$", document.number)
    if settings.get("number_mode") != CLIENT or digits is None:
        return None
    offset = "invoice_number_offset" if isinstance(document, Invoice) else "credit_number_offset"
    return int(digits[0]) + int(settings.get(offset, "0"))


def customer_reference(document: Document) -> str:
    """Our number first, then the purchase order where there is room for it."""
    both = f"{document.number}{BETWEEN}{document.purchase_order}"
    return both if document.purchase_order and len(both) <= REFERENCE else document.number


def due_date(document: Document) -> str | None:
    if document.due_date is not None:
        return timestamp(document.due_date)
    days = document.terms.net_days
    return None if days is None else timestamp(document.issue_date + timedelta(days=days))


def currency_fields(document: Document, settings: Mapping[str, str]) -> Body:
    """Currency, and how many units of it one unit of the home currency is worth (ours is the other way round)."""
    foreign = document.currency != settings.get("home_currency", "GBP")
    rate = (1 / document.exchange_rate.rate).quantize(RATE_DECIMALS, ROUND_HALF_UP) if foreign and document.exchange_rate else None
    return filled({"Code": document.currency, "ExchangeRate": rate})


def address_body(address: Address) -> Body:
    return filled(
        {
            "Line1": address.line1,
            "Line2": ", ".join(part for part in (address.line2, address.line3) if part),
            "Line3": address.city,
            "Line4": address.region,
            "PostCode": address.postal_code,
            "CountryCode": address.country,
        }
    )


def delivery_fields(delivery: Delivery) -> Body:
    place = filled({"Name": delivery.name, **address_body(delivery.address)})
    return {"UseCustomDeliveryAddress": True, "DeliveryAddress": place} if place else {}


# -- texts ----------------------------------------------------------------------------------------------------------------


def told(facts: Iterable[tuple[str, str]]) -> str:
    """One fact a line, after its label where it has one."""
    return "\n".join(f"{label}: {text}" if label else text for label, text in facts if text)


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


def memo(document: Document, refs: References) -> str:
    """What a document says that KashFlow has no field for, as its last line tells it."""
    shipment = document.delivery
    corrected = ", ".join(each.number for each in document.preceding_invoices)
    order = document.purchase_order if document.purchase_order not in customer_reference(document) else ""
    facts = (
        ("", document.reason if isinstance(document, CreditNote) else ""),
        *(("", note) for note in document.notes),
        ("Corrects", corrected),
        ("Terms", _terms(document)),
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
    if terms.discount_percent is not None or due_date(document) is None:
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
        *((_allowance_label(each), f"{'' if each.is_charge else '-'}{each.amount:f}") for each in line.allowances_charges),
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


def _allowance_label(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason


# -- dimensions -----------------------------------------------------------------------------------------------------------


def _entries(document: Document, line: Line | None, refs: References) -> dict[str, ReferenceItem]:
    """The projects that the dimensions of a line (or of the head) are mapped to, by the dimension's name."""
    return {code.partition(":")[0]: refs.get(ReferenceKind.DIMENSION, code) for code in dimension_codes(document, line)}


def _project(document: Document, line: Line | None, refs: References) -> str:
    """The number of the one project that KashFlow keeps of them, or nothing."""
    entry = _entries(document, line, refs).get(refs.settings.get("project_dimension", "department"))
    return entry.remote_id if entry else ""


def _other_dimensions(document: Document, line: Line | None, refs: References) -> Iterator[tuple[str, str]]:
    for name, entry in _entries(document, line, refs).items():
        if name != refs.settings.get("project_dimension", "department"):
            yield name.capitalize(), entry.code


# -- lines ----------------------------------------------------------------------------------------------------------------


def document_lines(document: Document, refs: References) -> list[Body]:
    """Our lines in their order (comments as texts), then discounts and charges of the document, then what else there is to tell."""
    vat = iter(vat_amounts(document))
    body = [
        text_line(told((("", line.name), ("", line.description), ("", line.note))), refs)
        if line.kind is LineKind.COMMENT
        else sales_line(document, line, refs, next(vat))
        for line in document.lines
    ]
    body += [extra_line(document, each, refs, next(vat)) for each in document.allowances_charges]
    note = memo(document, refs)
    body += [text_line(note, refs)] if note else []
    return [{"Number": position, **line} for position, line in enumerate(body, start=1)]


def sales_line(document: Document, line: Line, refs: References, vat: Decimal) -> Body:
    """One line; booked as one piece it names no product, whose stock would go down by the wrong quantity."""
    quantity, rate = quantity_and_rate(line)
    product = refs.get(ReferenceKind.ITEM, line.item_code).remote_id if line.item_code else ""
    project = _project(document, line, refs)
    body = {
        "Description": line_description(document, line, refs),
        "Quantity": sign(document) * quantity,
        "Rate": rate,
        **tax_fields(line, refs, sign(document) * vat),
        "NominalCode": line_nominal(line, refs),
        "ProductCode": "" if is_whole(line) else product,
        "ProjectNumber": int(project) if project else None,
    }
    return filled(body)


def line_nominal(line: Line, refs: References) -> int:
    """The nominal code of a line: its account's, else the one for freight, else the connection's own."""
    if line.account_code:
        return int(refs.get(ReferenceKind.ACCOUNT, line.account_code).remote_id)
    return _nominal(refs, "carriage_nominal_code" if line.kind is LineKind.FREIGHT else "default_nominal_code")


def _nominal(refs: References, setting: str) -> int:
    return int(refs.settings.get(setting) or refs.settings["default_nominal_code"])


def tax_fields(bearer: Bearer, refs: References, vat: Decimal) -> Body:
    """The VAT of a line as KashFlow stores it: the rate itself, whether it is exempt, and the amount as we have it."""
    entry = refs.get(ReferenceKind.TAX_CODE, bearer.tax_code) if bearer.tax_code else None
    exempt = bearer.tax_category in EXEMPT if entry is None else entry.details.get("exempt") == "true"
    return {"VATLevel": bearer.tax_rate, "VATExempt": exempt, "VATAmount": vat}


def wrong_rates(document: Document, refs: References) -> list[str]:
    """The tax codes whose rate in KashFlow is not the document's, in words."""
    found = []
    for each in bearers(document):
        entry = refs.get(ReferenceKind.TAX_CODE, each.tax_code) if each.tax_code else None
        if entry is not None and Decimal(entry.details["rate"]) != each.tax_rate:
            found.append(f"{each.tax_code} is {each.tax_rate} % here and {entry.details['rate']} % in KashFlow ({entry.code})")
    return list(dict.fromkeys(found))


def extra_line(document: Document, each: AllowanceCharge, refs: References, vat: Decimal) -> Body:
    """A discount (with a negative rate) or charge of the whole document as a line."""
    if each.account_code:
        nominal = int(refs.get(ReferenceKind.ACCOUNT, each.account_code).remote_id)
    else:
        nominal = _nominal(refs, "default_nominal_code" if each.is_charge else "discount_nominal_code")
    return {
        "Description": f"{CHARGE if each.is_charge else DISCOUNT}{_allowance_label(each)}",
        "Quantity": Decimal(sign(document)),
        "Rate": each.amount if each.is_charge else -each.amount,
        **tax_fields(each, refs, sign(document) * vat),
        "NominalCode": nominal,
    }


def text_line(text: str, refs: References) -> Body:
    """A line that only says something."""
    nothing = Decimal(0)
    return {
        "Description": text,
        "Quantity": nothing,
        "Rate": nothing,
        "VATLevel": nothing,
        "VATExempt": False,
        "VATAmount": nothing,
        "NominalCode": _nominal(refs, "default_nominal_code"),
    }


# -- customers ------------------------------------------------------------------------------------------------------------


def customer_body(party: Party, currency: str, settings: Mapping[str, str]) -> Body:
    """The body of `POST /customers`; CustomerKey holds our code as well, so that nobody takes this customer for one without."""
    first, _, last = party.contact.name.rpartition(" ")
    contact = filled({"Firstname": first, "LastName": last, "Email": party.contact.email, "Telephone": party.contact.phone})
    address = address_body(party.address)
    nominal = settings.get("default_nominal_code")
    facts = (
        ("Trading as", party.trading_name),
        ("Company number", party.legal_id),
        ("Tax registration", party.tax_registration),
        ("Customer class", party.customer_class),
    )
    return filled(
        {
            "Code": party.code,
            "CustomerKey": party.code,
            "Name": party.name,
            "CreateCustomerCodeIfDuplicate": False,
            "Contacts": [{**contact, "IsPrimary": True}] if contact else [],
            "Addresses": [address] if address else [],
            "Currency": {"Code": currency},
            "VATNumber": party.vat_id,
            "DefaultNominalCode": int(nominal) if nominal else None,
            "Note": told(facts),
        }
    )


# -- payments -------------------------------------------------------------------------------------------------------------


def payment_marker(source: str, source_id: str) -> str:
    """The first words of a payment's note, by which it is known again."""
    return f"[{source} {source_id}]"


def payment_line(payment: Payment, allocation: Allocation, refs: References) -> Body:
    """The PaymentLine that one allocation becomes on its invoice."""
    method = refs.get(ReferenceKind.PAYMENT_METHOD, payment.method).remote_id if payment.method else refs.settings["payment_method_id"]
    facts = (
        ("", payment_marker(payment.source, payment.source_id)),
        ("", payment.memo),
        ("Bank account", payment.bank_account),
        ("Bank fee", f"{payment.bank_fee:f}" if payment.bank_fee else ""),
    )
    return {
        "Date": timestamp(payment.received_on),
        "Amount": allocation.amount,
        "Method": int(method),
        "AccountId": int(refs.settings["bank_account_id"]),
        "Reference": payment.reference,
        "Note": told(facts),
    }
