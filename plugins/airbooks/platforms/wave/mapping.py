"""Canonical documents, customers and payments as inputs of Wave's mutations.

Wave has no place for a line's unit, serial numbers, order, period, commodity code or discount: they stand in its description, and what
it has no place for on the invoice stands in the memo, which the customer reads too. The income account is the product's, so a line's
revenue account is not sent. Numbers travel as text, which is what Wave's Decimal is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.canonical import Address, AllowanceCharge, Invoice, Line, LineKind, Party, Payment
from airbooks.platforms.references import ReferenceKind, References, dimension_codes
from airbooks.platforms.wave.lines import allowances, charges, discount_in_header, quantity_and_price, shares
from airbooks.platforms.wave.spec import LEAVE_OUT, NO_TAX, PRINT, REFUSE

Body = dict[str, Any]
Options = Mapping[str, Any]
Settings = Mapping[str, str]


def number(value: Decimal) -> str:
    """A Decimal as Wave takes it: plain digits."""
    return f"{value:f}"


def moment(value: datetime) -> str:
    """A DateTime as Wave writes it: UTC, milliseconds, Z."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero and False stay, and so do the taxes of a line (an empty list means none)."""
    return {key: value for key, value in body.items() if value is not None and (value not in ("", {}, []) or key == "taxes")}


# -- invoices -----------------------------------------------------------------------------------------------------------


def invoice_input(invoice: Invoice, refs: References, options: Options) -> Body:
    """The input of `invoiceCreate`: a draft, which counts in the books only when it is approved."""
    return filled({"businessId": refs.settings["business_id"], "status": "DRAFT", **_fields(invoice, refs, options)})


def patch_input(invoice: Invoice, refs: References, options: Options, remote_id: str) -> Body:
    """The input of `invoicePatch`: fields that are left out would stay as they are, so all that we own are given, empty ones too."""
    cleared = {"poNumber": "", "memo": "", "footer": "", "discounts": [], "exchangeRate": "1"}
    return {"id": remote_id, **cleared, **filled(_fields(invoice, refs, options))}


def _fields(invoice: Invoice, refs: References, options: Options) -> Body:
    return {
        "customerId": refs.customer,
        "currency": invoice.currency,
        "exchangeRate": exchange_rate(invoice, refs.settings),
        "invoiceNumber": invoice.number,
        "poNumber": invoice.purchase_order,
        "invoiceDate": invoice.ledger_date.isoformat(),
        "dueDate": due_date(invoice),
        "memo": memo(invoice, refs.settings),
        "footer": footer(invoice),
        "discounts": discounts(invoice, refs.settings),
        "items": items(invoice, refs),
        **online_payments(options.get("online_payments")),
    }


def exchange_rate(invoice: Invoice, settings: Settings) -> str:
    """Units of the business's currency for one of the invoice's; empty in the business's own currency."""
    if invoice.currency == settings.get("home_currency") or invoice.exchange_rate is None:
        return ""
    return number(invoice.exchange_rate.rate)


def due_date(invoice: Invoice) -> str:
    """Wave has no terms, only the date they lead to; without any, the business's own terms apply."""
    due: date | None = invoice.due_date
    if due is None and invoice.terms.net_days is not None:
        due = invoice.issue_date + timedelta(days=invoice.terms.net_days)
    return due.isoformat() if due else ""


def online_payments(wanted: bool | None) -> Body:
    names = ("disableCreditCardPayments", "disableBankPayments", "disableAmexPayments")
    return {} if wanted is None else dict.fromkeys(names, not wanted)


def discounts(invoice: Invoice, settings: Settings) -> list[Body]:
    """The one discount that an invoice takes, as an amount, so that the cents are ours."""
    given = allowances(invoice)
    if not given or not discount_in_header(invoice, settings):
        return []
    total = sum((each.amount for each in given), Decimal(0))
    return [{"discountType": "FIXED", "amount": number(total), "name": ", ".join(allowance_label(each) for each in given)}]


def footer(invoice: Invoice) -> str:
    return invoice.terms.text or invoice.terms.code


def memo(invoice: Invoice, settings: Settings) -> str:
    """Notes, then every fact that Wave has no property for, one a line."""
    printed = internal_facts(invoice) if settings.get("internal_facts") == PRINT else []
    return _told(
        [*(("", note) for note in invoice.notes), *(("", _comment(line)) for line in leading_comments(invoice)), *_facts(invoice), *printed]
    )


def _facts(invoice: Invoice) -> Iterator[tuple[str, str]]:
    shipment = invoice.delivery
    yield "Issued", invoice.issue_date.isoformat() if invoice.ledger_date != invoice.issue_date else ""
    yield "Tax point", invoice.tax_point_date.isoformat() if invoice.tax_point_date else ""
    yield "Corrects", ", ".join(each.number for each in invoice.preceding_invoices)
    yield "Sales order", invoice.sales_order
    yield "Your reference", invoice.buyer_reference
    yield "Contract", invoice.contract
    yield "Project", invoice.project
    yield "Period", _span(invoice.period.start, invoice.period.end) if invoice.period else ""
    yield "Payment reference", invoice.payment_reference
    yield "Payment means", invoice.payment_means_code
    yield f"Tax in {invoice.tax_currency}", str(invoice.tax_total_in_tax_currency or "")
    if shipment is not None:
        yield "Delivered", shipment.delivery_date.isoformat() if shipment.delivery_date else ""
        yield "Deliver to", ", ".join(_address_parts(shipment.name, shipment.address))
        yield "Shipped by", " ".join(part for part in (shipment.shipping_method, shipment.tracking_number) if part)
        yield "Shipment", shipment.shipment_number


def internal_facts(invoice: Invoice) -> list[tuple[str, str]]:
    """What is the seller's own business and none of the customer's: the connection says what becomes of it."""
    shipment = invoice.delivery
    facts = [
        ("Internal note", invoice.internal_note),
        ("Salesperson", invoice.salesperson),
        ("Attachments", ", ".join(invoice.attachments)),
        ("Shipped from", shipment.location_code if shipment else ""),
        *(_dimension(code) for code in dimension_codes(invoice)),
        *(_dimension(code) for line in invoice.amount_lines for code in dimension_codes(invoice, line)),
    ]
    return [fact for fact in dict.fromkeys(facts) if fact[1]]


def refuses_internal_facts(settings: Settings) -> bool:
    return settings.get("internal_facts", REFUSE) not in (PRINT, LEAVE_OUT)


def _dimension(code: str) -> tuple[str, str]:
    name, _, value = code.partition(":")
    return name.capitalize(), value


# -- lines --------------------------------------------------------------------------------------------------------------


def items(invoice: Invoice, refs: References) -> list[Body]:
    """Our lines in their order, then charges of the whole document as lines of the product kept for that."""
    carried, comments = shares(invoice, refs.settings), comments_below(invoice)
    sold = [item(line, refs, carried[line.line_id], comments[line.line_id], invoice.currency) for line in invoice.amount_lines]
    return [*sold, *(charge_item(each, refs) for each in charges(invoice))]


def item(line: Line, refs: References, carried: Decimal, comments: Iterable[str], currency: str) -> Body:
    """One line; `carried` is its share of the document's allowances, `comments` the text lines that stand below it."""
    quantity, price = quantity_and_price(line, line.net_amount - carried, currency)
    product = refs.get(ReferenceKind.ITEM, line.item_code).remote_id if line.item_code else refs.settings["default_product_id"]
    facts = [*line_facts(line, carried, whole=quantity != line.quantity), *(("", text) for text in comments)]
    return {
        "productId": product,
        "description": _told(facts),
        "quantity": number(quantity),
        "unitPrice": number(price),
        "taxes": taxes(line, refs),
    }


def charge_item(charge: AllowanceCharge, refs: References) -> Body:
    return {
        "productId": refs.settings["freight_product_id"],
        "description": charge.reason or "Charge",
        "quantity": "1",
        "unitPrice": number(charge.amount),
        "taxes": taxes(charge, refs),
    }


def taxes(each: Line | AllowanceCharge, refs: References) -> list[Body]:
    """Always given: without the key Wave would apply the product's default taxes, an empty list means none."""
    if not each.tax_code and not each.tax_rate:
        return []
    entry = refs.get(ReferenceKind.TAX_CODE, each.tax_code)
    return [] if entry.code == NO_TAX else [{"salesTaxId": entry.remote_id}]


def line_facts(line: Line, carried: Decimal, *, whole: bool) -> list[tuple[str, str]]:
    """The line's name and everything Wave has no property for; `whole`: it is booked as one piece at its whole amount."""
    return [
        ("", line.name),
        ("", line.description),
        ("", line.note),
        ("Unit", "" if line.unit == "C62" else line.unit),
        ("Quantity", number(line.quantity) if whole else ""),
        *((allowance_label(each), f"{'' if each.is_charge else '-'}{number(each.amount)}") for each in line.allowances_charges),
        ("Share of the invoice's discount", f"-{number(carried)}" if carried else ""),
        ("Serial numbers", ", ".join(line.serial_numbers)),
        ("Order", " ".join(part for part in (line.order_reference, line.order_line) if part)),
        ("Service date", line.service_date.isoformat() if line.service_date else ""),
        ("Period", _span(line.period.start, line.period.end) if line.period else ""),
        ("Commodity code", line.commodity_code),
        ("GTIN", line.gtin),
    ]


def allowance_label(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason


def comments_below(invoice: Invoice) -> dict[str, list[str]]:
    """The text of comment lines by the id of the line above them: Wave has no lines without a product."""
    found: dict[str, list[str]] = {line.line_id: [] for line in invoice.amount_lines}
    above = ""
    for line in invoice.lines:
        if line.kind is not LineKind.COMMENT:
            above = line.line_id
        elif above:
            found[above].append(_comment(line))
    return found


def leading_comments(invoice: Invoice) -> list[Line]:
    """Comment lines that stand above all others."""
    found: list[Line] = []
    for line in invoice.lines:
        if line.kind is not LineKind.COMMENT:
            break
        found.append(line)
    return found


def _comment(line: Line) -> str:
    return "\n".join(part for part in (line.name, line.description, line.note) if part)


def _told(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {text}" if label else text for label, text in facts if text)


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


# -- customers ----------------------------------------------------------------------------------------------------------


def customer_input(party: Party, currency: str, business_id: str) -> Body:
    """The input of `customerCreate`; our customer code is Wave's `displayId` (its account number)."""
    facts = (("VAT id", party.vat_id), ("Trading name", party.trading_name))
    first, _, last = party.contact.name.partition(" ")
    return filled(
        {
            "businessId": business_id,
            "name": party.name,
            "displayId": party.code,
            "email": party.contact.email,
            "firstName": first,
            "lastName": last,
            "phone": party.contact.phone,
            "currency": party.currency or currency,
            "address": address_input(party.address),
            "internalNotes": _told(facts),
        }
    )


def address_input(address: Address) -> Body:
    """An address; the region goes as ISO 3166-2 where it is such a code, else as text behind the street."""
    province = province_code(address)
    rest = [address.line2, address.line3, "" if province else address.region]
    return filled(
        {
            "addressLine1": address.line1,
            "addressLine2": ", ".join(part for part in rest if part),
            "city": address.city,
            "provinceCode": province,
            "countryCode": address.country,
            "postalCode": address.postal_code,
        }
    )


def province_code(address: Address) -> str:
    code = address.region if "-" in address.region else f"{address.country}-{address.region}"
    return code if re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}", code) else ""


def _address_parts(name: str, address: Address) -> list[str]:
    parts = (name, address.line1, address.line2, address.line3, address.city, address.region, address.postal_code, address.country)
    return [part for part in parts if part]


# -- payments -----------------------------------------------------------------------------------------------------------


def payment_marker(payment: Payment) -> str:
    """The first line of the memo, by which a payment is known again: Wave gives payments no number of ours."""
    return f"[{payment.source} {payment.source_id}]"


def payment_memo(payment: Payment) -> str:
    return _told((("", payment_marker(payment)), ("Reference", payment.reference), ("", payment.memo)))


def payment_input(payment: Payment, invoice_id: str, amount: Decimal, account_id: str, rate: Decimal, refs: References) -> Body:
    """The input of `invoicePaymentCreateManual` for one invoice; `rate` leads from the invoice's currency to the account's."""
    method = refs.get(ReferenceKind.PAYMENT_METHOD, payment.method).code if payment.method else "UNSPECIFIED"
    return {
        "invoiceId": invoice_id,
        "paymentAccountId": account_id,
        "amount": number(amount),
        "paymentDate": payment.received_on.isoformat(),
        "paymentMethod": method,
        "exchangeRate": number(rate),
        "memo": payment_memo(payment),
    }
