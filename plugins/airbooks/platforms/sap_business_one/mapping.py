"""Canonical documents, parties and payments as request bodies of the Service Layer. Pure: nothing is looked up here.

Not sent, because there is no field and it is no text for the customer: internal notes, the means of payment, units and item identifiers
(they stand on the item card), the price before a price discount. Where prices include tax, the net prices that follow from the net amounts
are sent. A credit note stands on its own: it is reconciled with its invoice in Business One.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import Address, CreditNote, DocumentKind, ExchangeRate, Party, Payment
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.platforms.sap_business_one.lines import (
    Body,
    Document,
    Settings,
    comments,
    document_type,
    expense_bodies,
    head_discount,
    line_bodies,
    plain,
)
from airbooks.platforms.sap_business_one.spec import NUMBER_FIELD

SETS = {DocumentKind.INVOICE: "Invoices", DocumentKind.CREDIT_NOTE: "CreditNotes"}
OBJECT_NAMES = {DocumentKind.INVOICE: "oInvoices", DocumentKind.CREDIT_NOTE: "oCreditNotes"}
OBJECT_TYPES = {DocumentKind.INVOICE: "13", DocumentKind.CREDIT_NOTE: "14"}
REMARKS, STREET, JOURNAL, TRANSFER = 254, 100, 50, 27
MARK = "airbooks"


def number_field(settings: Settings) -> str:
    """The field that keeps our number: a user-defined one, or NumAtCard."""
    return settings.get("number_field") or NUMBER_FIELD


# -- documents ----------------------------------------------------------------------------------------------------------------


def document_body(document: Document, refs: References, options: Mapping[str, Any]) -> Body:
    """The body of `POST Invoices` or `POST CreditNotes`."""
    currency = refs.get(ReferenceKind.CURRENCY, document.currency)
    body: Body = {
        "CardCode": refs.customer,
        "DocType": document_type(document),
        "DocDate": document.ledger_date.isoformat(),
        "TaxDate": document.issue_date.isoformat(),
        "DocCurrency": currency.code,
        **_references(document, refs.settings),
        "JournalMemo": f"A/R {document.number}"[:JOURNAL],
    }
    if document.due_date:
        body["DocDueDate"] = document.due_date.isoformat()
    if document.terms.code:
        body["PaymentGroupCode"] = int(refs.get(ReferenceKind.TERMS, document.terms.code).remote_id)
    rate = rate_to_send(document, currency, options)
    if rate is not None:
        body["DocRate"] = doc_rate(rate, refs.settings)
    discount = head_discount(document, refs.settings)
    if discount:
        body["DiscountPercent"] = discount
    text = remarks(document, refs.settings, options)
    if text:
        body["Comments"] = text[:REMARKS]
    body |= _choices(document, refs.settings, options) | _addresses(document)
    body["DocumentLines"] = line_bodies(document, refs)
    expenses = expense_bodies(document, refs)
    return body | ({"DocumentAdditionalExpenses": expenses} if expenses else {})


def is_local(currency: ReferenceItem) -> bool:
    """Whether an entry of the list of currencies is the one that the books are kept in."""
    return currency.details.get("local") == currency.details.get("iso")


def rate_to_send(document: Document, currency: ReferenceItem, options: Mapping[str, Any]) -> ExchangeRate | None:
    """The document's own rate, where the operator sends it and the document is in a foreign currency."""
    return document.exchange_rate if options.get("document_rates", True) and not is_local(currency) else None


def doc_rate(rate: ExchangeRate, settings: Settings) -> Decimal:
    """Local units for one foreign unit, or the other way round, as the company is set up."""
    if settings.get("exchange_rates") == "indirect":
        return (1 / rate.rate).quantize(Decimal("0.000001"), ROUND_HALF_UP)
    return rate.rate


def _references(document: Document, settings: Settings) -> Body:
    field = number_field(settings)
    ours: Body = {field: document.number}
    if field != "NumAtCard" and document.purchase_order:
        ours["NumAtCard"] = document.purchase_order
    return ours


def _choices(document: Document, settings: Settings, options: Mapping[str, Any]) -> Body:
    """What operator and connection decide: numbering series, branch, sales employee."""
    series = options.get("series" if document.kind is DocumentKind.INVOICE else "credit_note_series")
    branch = options.get("branch") or settings.get("branch")
    person = document.salesperson if options.get("sales_person_codes") and document.salesperson.isdigit() else None
    found = {"Series": series, "BPL_IDAssignedToInvoice": branch, "SalesPersonCode": person}
    return {name: int(value) for name, value in found.items() if value not in (None, "")}


def _addresses(document: Document) -> Body:
    fields = _address("BillTo", document.buyer.address)
    if document.delivery is not None:
        fields |= _address("ShipTo", document.delivery.address)
    return {"AddressExtension": fields} if fields else {}


def street(address: Address) -> str:
    """All lines of an address in one; a region that is no short code stands behind them."""
    region = address.region if not _is_state(address.region) else ""
    return plain(", ".join(each for each in (address.line1, address.line2, address.line3, region) if each))


def _is_state(region: str) -> bool:
    return 0 < len(region) <= 3


def _address(side: str, address: Address) -> dict[str, str]:
    fields = {
        f"{side}Street": street(address)[:STREET],
        f"{side}City": address.city,
        f"{side}ZipCode": address.postal_code,
        f"{side}State": address.region if _is_state(address.region) else "",
        f"{side}Country": address.country,
    }
    return {name: value for name, value in fields.items() if value}


def remarks(document: Document, settings: Settings, options: Mapping[str, Any]) -> str:
    """What the customer should read and no field holds."""
    return plain("; ".join(f"{label} {text}".strip() for label, text in _remarks(document, settings, options) if text))


def _remarks(document: Document, settings: Settings, options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for each in document.preceding_invoices:
        yield "Corrects invoice", f"{each.number} of {each.issue_date}" if each.issue_date else each.number
    if isinstance(document, CreditNote):
        yield "Reason:", document.reason
    if number_field(settings) == "NumAtCard":
        yield "Purchase order", document.purchase_order
    yield "Sales order", document.sales_order
    yield "Contract", document.contract
    yield "Project", document.project
    yield "Buyer reference", document.buyer_reference
    yield "Payment reference", document.payment_reference
    if not (options.get("sales_person_codes") and document.salesperson.isdigit()):
        yield "Salesperson", document.salesperson
    if document.period is not None:
        yield "Period", f"{document.period.start or ''} - {document.period.end or ''}"
    yield "Shipment", ", ".join(_shipment(document))
    for text in (*comments(document), *document.notes):
        yield "", text


def _shipment(document: Document) -> list[str]:
    delivery = document.delivery
    if delivery is None:
        return []
    day = delivery.delivery_date.isoformat() if delivery.delivery_date else ""
    words = (delivery.name, delivery.shipment_number, delivery.shipping_method, delivery.tracking_number, delivery.location_code, day)
    return [each for each in words if each]


# -- customers ----------------------------------------------------------------------------------------------------------------


def customer_body(party: Party) -> Body:
    """The body of `POST BusinessPartners`; "##" lets the customer have documents in every currency."""
    address = {
        "Street": street(party.address)[:STREET],
        "City": party.address.city,
        "ZipCode": party.address.postal_code,
        "State": party.address.region if _is_state(party.address.region) else "",
        "Country": party.address.country,
    }
    filled = {name: value for name, value in address.items() if value}
    fields = {
        "CardCode": party.code,
        "CardName": plain(party.name),
        "CardType": "cCustomer",
        "Currency": "##",
        "EmailAddress": party.contact.email,
        "Phone1": party.contact.phone,
        "FederalTaxID": party.vat_id,
    }
    body: Body = {name: value for name, value in fields.items() if value}
    if filled:
        body["BPAddresses"] = [{"AddressName": "BILL", "AddressType": "bo_BillTo", **filled}]
    return body


# -- payments -----------------------------------------------------------------------------------------------------------------


def payment_mark(payment: Payment) -> str:
    """What a payment of ours carries at the head of its remarks, so that it is recognised and never booked twice."""
    return plain(f"{MARK} {payment.source}/{payment.source_id}")


def payment_body(payment: Payment, customer: str, currency: ReferenceItem, settings: Settings) -> Body:
    """The body of `POST IncomingPayments`: one bank transfer to the account that `settings` name.

    A foreign-currency invoice is settled by AppliedFC, not SumApplied.
    """
    local = is_local(currency)
    day = payment.received_on.isoformat()
    discounts: dict[str, Decimal] = defaultdict(Decimal)
    for each in payment.allocations:
        discounts[each.remote_id] += each.discount
    body: Body = {
        "DocType": "rCustomer",
        "CardCode": customer,
        "DocDate": day,
        "DocCurrency": currency.code,
        "TransferAccount": settings["transfer_account"],
        "TransferSum": payment.amount,
        "TransferDate": day,
        "TransferReference": payment.reference[:TRANSFER],
        "Remarks": payment_remarks(payment),
        "JournalRemarks": f"Receipt {payment.reference or payment.source_id}"[:JOURNAL],
        "PaymentInvoices": [
            _payment_row(remote_id, amount, discounts[remote_id], local)
            for remote_id, amount in by_document(payment).items()
            if amount or discounts[remote_id]
        ],
    }
    if payment.exchange_rate and not local:
        body["DocRate"] = doc_rate(payment.exchange_rate, settings)
    if settings.get("branch"):
        body["BPLID"] = int(settings["branch"])
    return body


def payment_remarks(payment: Payment) -> str:
    words = (payment_mark(payment), payment.reference, payment.method, payment.memo)
    return plain(" | ".join(each for each in words if each))[:REMARKS]


def _payment_row(remote_id: str, amount: Decimal, discount: Decimal, local: bool) -> Body:
    row: Body = {"DocEntry": int(remote_id.partition("-")[2]), "InvoiceType": "it_Invoice", "InstallmentId": 1}
    row["SumApplied" if local else "AppliedFC"] = amount
    return row | ({"TotalDiscount": discount} if discount else {})
