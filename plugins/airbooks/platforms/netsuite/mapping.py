"""Canonical documents, parties and payments as NetSuite's records (REST Record API v1, 2026.1). Pure: nothing is looked up here.

NetSuite has one date for document and ledger: `tranDate` is our ledger date, and an issue date that differs stands in the memo. What the
record has no field for stands in the memo (internal), remarks for the customer in the message. Not sent: the means of payment, and what
stands on the item's own record (GTIN, commodity code, the price before a price discount).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from airbooks.canonical import Address, CreditNote, DocumentKind, Invoice, Party, Payment, RemoteDocument
from airbooks.platforms.netsuite.lines import Body, Document, dimensions, line_bodies, plain, tax_details
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import ReferenceKind, References, dimension_codes

RECORDS = {DocumentKind.INVOICE: "invoice", DocumentKind.CREDIT_NOTE: "creditMemo"}
SUBLISTS = "item,taxDetails"
APPROVED = "2"  # of approvalStatus (from memory)
_CLEARABLE = ("otherRefNum", "memo", "message", "shipDate")


# -- documents ----------------------------------------------------------------------------------------------------------------


def document_body(document: Document, refs: References, options: Mapping[str, Any], settles: str = "") -> Body:
    """The body of `POST /invoice` or `POST /creditMemo`.

    The external id is our number: NetSuite refuses it a second time. `settles` is the internal id of the invoice that a credit note is
    applied to (empty: it stays unapplied).
    """
    own_tax = bool(options.get("override_tax", True))
    body = {**_head(document, refs), "item": {"items": line_bodies(document, refs, with_tax=own_tax)}}
    if own_tax:
        body |= {"taxDetailsOverride": True, "taxDetails": {"items": tax_details(document, refs)}}
    if isinstance(document, Invoice):
        return body | ({"approvalStatus": {"id": APPROVED}} if options.get("approve") else {})
    body["autoApply"] = False
    if settles:
        body["apply"] = {"items": [{"doc": {"id": settles}, "apply": True, "amount": document.gross_total}]}
    return body


def update_body(document: Document, refs: References, options: Mapping[str, Any], remote: RemoteDocument) -> Body:
    """The body of a PATCH that makes the record equal to the document; what it no longer says is cleared (null: UNVERIFIED).

    What names and places the record is sent only where it is another now: setting a customer or currency anew would make the platform
    work out the rest of the record again.
    """
    body = document_body(document, refs, options)
    same = {
        "externalId": document.number == remote.our_number,
        "tranId": document.number == remote.our_number,
        "entity": refs.customer == remote.customer_id,
        "currency": document.currency == remote.currency,
        "subsidiary": refs.customer == remote.customer_id,
        "account": True,
        "autoApply": True,
    }
    return {**dict.fromkeys(_CLEARABLE), **{field: value for field, value in body.items() if not same.get(field)}}


def _head(document: Document, refs: References) -> Body:
    body: Body = {
        "externalId": document.number,
        "tranId": document.number,
        "entity": {"id": refs.customer},
        "tranDate": document.ledger_date.isoformat(),
        "currency": {"id": refs.get(ReferenceKind.CURRENCY, document.currency).remote_id},
        **dimensions(dimension_codes(document), refs),
    }
    if document.exchange_rate is not None:
        body["exchangeRate"] = document.exchange_rate.rate
    for field, name in (("subsidiary", "subsidiary_id"), ("account", "ar_account_id")):
        if refs.settings.get(name):
            body[field] = {"id": refs.settings[name]}
    if isinstance(document, Invoice):
        body |= _terms(document, refs)
    body |= _addresses(document)
    texts = {"otherRefNum": document.purchase_order, "memo": memo(document), "message": message(document)}
    return body | {field: text for field, text in texts.items() if text}


def _terms(invoice: Invoice, refs: References) -> Body:
    body: Body = {"terms": {"id": refs.get(ReferenceKind.TERMS, invoice.terms.code).remote_id}} if invoice.terms.code else {}
    if invoice.due_date:
        body["dueDate"] = invoice.due_date.isoformat()
    return body


def _addresses(document: Document) -> Body:
    body: Body = {}
    if document.buyer.address != Address():
        body["billingAddress"] = {"addressee": plain(document.buyer.name), **_address(document.buyer.address)}
    delivery = document.delivery
    if delivery is not None and delivery.address != Address():
        body["shippingAddress"] = {"addressee": plain(delivery.name or document.buyer.name), **_address(delivery.address)}
    if delivery is not None and delivery.delivery_date is not None:
        body["shipDate"] = delivery.delivery_date.isoformat()
    return body


def _address(address: Address) -> Body:
    texts = {
        "addr1": address.line1,
        "addr2": address.line2,
        "addr3": address.line3,
        "city": address.city,
        "state": address.region,
        "zip": address.postal_code,
    }
    body: Body = {field: plain(text) for field, text in texts.items() if text}
    return body | ({"country": {"id": address.country}} if address.country else {})


def message(document: Document) -> str:
    """What the customer should read."""
    return plain("\n".join(document.notes))


def memo(document: Document) -> str:
    """What no field holds, in one line of the register."""
    return plain("; ".join(f"{label}: {text}" if label else text for label, text in _remarks(document) if text))


def _remarks(document: Document) -> Iterator[tuple[str, str]]:
    if isinstance(document, CreditNote):
        yield "", document.reason
        yield "Corrects", ", ".join(each.number for each in document.preceding_invoices)
    yield "", document.internal_note
    yield "Issued", "" if document.issue_date == document.ledger_date else document.issue_date.isoformat()
    yield "Sales order", document.sales_order
    yield "Contract", document.contract
    yield "Project", document.project
    yield "Salesperson", document.salesperson
    yield "Buyer reference", document.buyer_reference
    yield "Payment reference", document.payment_reference
    if document.period is not None:
        yield "Period", f"{document.period.start or ''} - {document.period.end or ''}"
    if document.delivery is not None:
        yield "Shipment", document.delivery.shipment_number
        yield "Shipped by", document.delivery.shipping_method
        yield "Tracking", document.delivery.tracking_number
    if not document.terms.code:
        yield "Terms", document.terms.text


def void_body(void_id: str, document_id: str, amount: Decimal, on: str, reason: str) -> Body:
    """The body of `POST /invoice/{id}/!transform/creditMemo` that takes back a whole invoice (its lines come from it).

    Whether the credit memo would be applied by itself is UNVERIFIED: the application is part of the body.
    """
    return {
        "externalId": void_id,
        "tranDate": on,
        "memo": plain(f"Void: {reason}")[:999],
        "apply": application(document_id, amount),
    }


def application(document_id: str, amount: Decimal) -> Body:
    """An `apply` sublist with one document."""
    return {"items": [{"doc": {"id": document_id}, "apply": True, "amount": amount}]}


# -- customers ----------------------------------------------------------------------------------------------------------------


def customer_body(party: Party, currency_id: str, settings: Mapping[str, str]) -> Body:
    """The body of `POST /customer`; our code is the external id, and the entity id where the account does not number by itself."""
    body: Body = {
        "isPerson": False,
        "companyName": plain(party.name),
        "externalId": party.code,
        "currency": {"id": currency_id},
    }
    if settings.get("auto_customer_ids", "").lower() != "true":
        body["entityId"] = party.code
    if settings.get("subsidiary_id"):
        body["subsidiary"] = {"id": settings["subsidiary_id"]}
    texts = {"email": party.contact.email, "phone": party.contact.phone, "vatRegNumber": party.vat_id}
    body |= {field: text for field, text in texts.items() if text}
    if party.address != Address():
        address = {"addressee": plain(party.name), **_address(party.address)}
        body["addressBook"] = {"items": [{"defaultBilling": True, "defaultShipping": True, "label": "Main", "addressBookAddress": address}]}
    return body


# -- payments -----------------------------------------------------------------------------------------------------------------


def payment_id(payment: Payment) -> str:
    """The external id of a payment, always the same for its source and id there, so that no second request books it twice.

    The prefix keeps it apart from documents (transactions share one group).
    """
    return f"PAY-{uuid5(NAMESPACE_URL, f'{payment.source} {payment.source_id}')}"


def payment_body(payment: Payment, customer: str, refs: References, bank_account: str) -> Body:
    """The body of `POST /customerPayment`: applied to the documents named (once to each) and to no other."""
    has_method = refs.has(ReferenceKind.PAYMENT_METHOD, payment.method)
    method = "" if has_method or not payment.method else f"Paid by {payment.method}"
    body: Body = {
        "externalId": payment_id(payment),
        "customer": {"id": customer},
        "tranDate": payment.received_on.isoformat(),
        "payment": payment.amount,
        "currency": {"id": refs.get(ReferenceKind.CURRENCY, payment.currency).remote_id},
        "account": {"id": bank_account},
        "memo": plain("; ".join(part for part in (payment.reference or payment.source_id, payment.memo, method) if part))[:999],
        "autoApply": False,
        "apply": {"items": [{"doc": {"id": doc}, "apply": True, "amount": amount} for doc, amount in by_document(payment).items()]},
    }
    if payment.exchange_rate is not None and payment.currency != refs.settings.get("base_currency"):
        body["exchangeRate"] = payment.exchange_rate.rate
    if has_method:
        body["paymentOption"] = {"id": refs.get(ReferenceKind.PAYMENT_METHOD, payment.method).remote_id}
    return body
