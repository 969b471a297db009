"""Canonical documents, customers and payments as KashFlow request bodies (invoice, customer, PaymentLine).

KashFlow has no place for a line's discount, unit, serial numbers, order, period, commodity code, nor for a second dimension: the rate is
lowered, and the rest stands in the line's description. A document has neither memo nor purchase order: the order follows our number in
CustomerReference, everything else stands in a text line at the end. Discounts and charges of the document are lines of their own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import (
    Address,
    Allocation,
    AllowanceCharge,
    Delivery,
    Invoice,
    Line,
    LineKind,
    Party,
    Payment,
    TaxCategory,
)
from airbooks.platforms.kashflow.lines import Bearer, Document, bearers, is_whole, quantity_and_rate, sign, vat_amounts
from airbooks.platforms.kashflow.spec import CLIENT
from airbooks.platforms.kashflow.texts import (
    allowance_label,
    customer_reference,
    due_date,
    line_description,
    memo,
    project_of,
    timestamp,
    told,
)
from airbooks.platforms.references import ReferenceKind, References

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


def document_body(document: Document, refs: References, options: Options) -> Body:
    """The body of `POST /invoices` for one document; a credit note has negative quantities.

    `options`: `automatic_credit_control`, `update_customer_address`, `cis_reverse_charge` (bool), `project_number` (text, may be empty).
    """
    project = project_of(document, None, refs) or str(options.get("project_number") or "")
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
    project = project_of(document, line, refs)
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
        "Description": f"{CHARGE if each.is_charge else DISCOUNT}{allowance_label(each)}",
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
    )
    return {
        "Date": timestamp(payment.received_on),
        "Amount": allocation.amount,
        "Method": int(method),
        "AccountId": int(refs.settings["bank_account_id"]),
        "Reference": payment.reference,
        "Note": told(facts),
    }
