"""Canonical documents, parties and payments as request bodies of Business Central (API v2.0). Pure: nothing is looked up here.

Not sent, because the API has no field and it is no text for the customer: internal notes, the means of payment, item identifiers that
stand on the item card (GTIN, commodity code), the price before a price discount, and the exchange rate (the platform takes its own from the
exchange-rate table at the posting date). Lines of credit memos are taken to be those of invoices (UNVERIFIED by the vendor's own pages).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airbooks.canonical import Address, CreditNote, DocumentKind, Invoice, Party, Payment
from airbooks.platforms.business_central.lines import Body, Document, head_dimensions, head_discount, line_bodies, shortcut_fields
from airbooks.platforms.payments import name_of
from airbooks.platforms.references import ReferenceKind, References

SETS = {DocumentKind.INVOICE: "salesInvoices", DocumentKind.CREDIT_NOTE: "salesCreditMemos"}
LINE_SETS = {DocumentKind.INVOICE: "salesInvoiceLines", DocumentKind.CREDIT_NOTE: "salesCreditMemoLines"}
DATE_FIELDS = {DocumentKind.INVOICE: "invoiceDate", DocumentKind.CREDIT_NOTE: "creditMemoDate"}
SHORT = 35  # characters of the platform's references to documents


# -- documents ----------------------------------------------------------------------------------------------------------------


def document_body(document: Document, refs: References, options: Mapping[str, Any], corrects: str = "") -> Body:
    """The body of `POST salesInvoices` or `POST salesCreditMemos`, lines included.

    `corrects` is the platform's id of the posted invoice that a credit note is applied to (empty: it stays unapplied).
    """
    body = {**head_body(document, refs, options), LINE_SETS[document.kind]: line_bodies(document, refs, remarks(document, options))}
    if corrects:
        body["invoiceId"] = corrects
    return body


def head_body(document: Document, refs: References, options: Mapping[str, Any]) -> Body:
    """The head without lines; it is also what a draft is patched with."""
    body: Body = {
        "customerNumber": refs.customer,
        "externalDocumentNumber": document.number,
        DATE_FIELDS[document.kind]: document.issue_date.isoformat(),
        "postingDate": document.ledger_date.isoformat(),
        "currencyCode": refs.get(ReferenceKind.CURRENCY, document.currency).code,
        "discountAmount": head_discount(document),
    }
    if document.terms.code:
        body["paymentTermsId"] = refs.get(ReferenceKind.TERMS, document.terms.code).remote_id
    if document.due_date:
        body["dueDate"] = document.due_date.isoformat()
    if options.get("salesperson_codes") and document.salesperson:
        body["salesperson"] = document.salesperson
    fields = shortcut_fields(refs.settings)
    body |= {fields[code]: value for code, value in head_dimensions(document, refs).items()}
    body |= _filled(_address("sellTo", document.buyer.address) | _reach(document.buyer))
    return body | (_filled(_shipment(document)) if isinstance(document, Invoice) else {})


def _shipment(invoice: Invoice) -> dict[str, str]:
    """Fields that only invoices have."""
    fields = {"customerPurchaseOrderReference": invoice.purchase_order}
    if invoice.delivery is not None:
        fields |= {"shipToName": invoice.delivery.name, **_address("shipTo", invoice.delivery.address)}
    return fields


def _reach(party: Party) -> dict[str, str]:
    return {"phoneNumber": party.contact.phone, "email": party.contact.email}


def _address(prefix: str, address: Address) -> dict[str, str]:
    return {
        f"{prefix}AddressLine1": address.line1,
        f"{prefix}AddressLine2": second_line(address),
        f"{prefix}City": address.city,
        f"{prefix}State": address.region,
        f"{prefix}PostCode": address.postal_code,
        f"{prefix}Country": address.country,
    }


def second_line(address: Address) -> str:
    """The second and third line in one, as the platform has only two."""
    return ", ".join(part for part in (address.line2, address.line3) if part)


def _filled(fields: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in fields.items() if value}


def remarks(document: Document, options: Mapping[str, Any]) -> list[str]:
    """What the customer should read and no field holds; each becomes comment lines behind the others."""
    return [f"{label}: {text}" if label else text for label, text in _remarks(document, options) if text]


def _remarks(document: Document, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "Sales order", document.sales_order
    yield "Contract", document.contract
    yield "Project", document.project
    yield "Buyer reference", document.buyer_reference
    yield "Payment reference", document.payment_reference
    if not options.get("salesperson_codes"):
        yield "Salesperson", document.salesperson
    if document.period is not None:
        yield "Period", f"{document.period.start or ''} - {document.period.end or ''}"
    if document.delivery is not None:
        yield "Shipment", ", ".join(_shipment_words(document))
    for each in document.preceding_invoices:
        yield "Corrects invoice", f"{each.number} of {each.issue_date}" if each.issue_date else each.number
    if isinstance(document, CreditNote):
        yield "Reason", document.reason
        yield "Purchase order", document.purchase_order
    for note in document.notes:
        yield "", note


def _shipment_words(document: Document) -> list[str]:
    delivery = document.delivery
    if delivery is None:
        return []
    words = [delivery.shipment_number, delivery.shipping_method, delivery.tracking_number]
    if isinstance(document, CreditNote):
        words += [delivery.name, delivery.address.line1, delivery.address.postal_code, delivery.address.city, delivery.address.country]
    if delivery.delivery_date is not None and not any(line.item_code for line in document.amount_lines):
        words.append(delivery.delivery_date.isoformat())
    return [word for word in words if word]


# -- customers ----------------------------------------------------------------------------------------------------------------


def customer_body(party: Party, currency: str) -> Body:
    """The body of `POST customers`; `currency` becomes the card's (its payments are booked in it)."""
    fields = {
        "number": party.code,
        "displayName": party.name,
        "type": "Company",
        "addressLine1": party.address.line1,
        "addressLine2": second_line(party.address),
        "city": party.address.city,
        "state": party.address.region,
        "country": party.address.country,
        "postalCode": party.address.postal_code,
        **_reach(party),
        "taxRegistrationNumber": party.vat_id,
        "currencyCode": currency,
    }
    return dict(_filled(fields))


# -- payments -----------------------------------------------------------------------------------------------------------------


def payment_reference(payment: Payment) -> str:
    """What a payment is known by where the ledger keeps it: externalDocumentNumber, in capitals."""
    return name_of(payment, SHORT).upper()


def payment_number(key: str) -> str:
    """The document number of a payment's journal lines: the same for the same key, at most 20 characters."""
    return f"AB{key.replace('-', '').upper()[:18]}"


def payment_bodies(payment: Payment, customer: str, key: str) -> list[Body]:
    """The journal lines of one payment (`POST customerPaymentJournals({id})/customerPayments`): one per document, one for the rest.

    Amounts are negative: money received. The invoice is named by its id, because an unknown number would be kept without a word.
    """
    shared = {
        "customerNumber": customer,
        "postingDate": payment.received_on.isoformat(),
        "documentNumber": payment_number(key),
        "externalDocumentNumber": payment_reference(payment),
        "description": (payment.reference or payment.memo or f"Payment {payment.source_id}")[:100],
    }
    lines = [{**shared, "amount": -each.amount, "appliesToInvoiceId": each.remote_id} for each in payment.allocations if each.amount]
    if payment.unapplied:
        lines.append({**shared, "amount": -payment.unapplied})
    return lines
