"""Canonical documents, parties and payments as request bodies of Acumatica. Pure: nothing is looked up here.

Not sent, because the contract has no field and it is no text for the customer: item identifiers that stand on the item (GTIN, commodity
code), the price before a price discount, and the exchange rate (Acumatica takes its own, by the customer's rate type and the date).
The document's date is the ledger date, because Acumatica derives the financial period from it; another issue date stands in the note.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical import Address, CreditNote, DocumentKind, Invoice, Party, Payment, RemoteDocument
from airbooks.platforms.acumatica import texts
from airbooks.platforms.acumatica.lines import NAMES, detail_rows, entity_of, tax_zone
from airbooks.platforms.acumatica.spec import INVOICE, MAX_NUMBER
from airbooks.platforms.acumatica.wrapped import Body, Row, custom, fields, text, value
from airbooks.platforms.payments import name_of
from airbooks.platforms.references import ReferenceKind, References

Document = Invoice | CreditNote
TYPES = {DocumentKind.INVOICE: "Invoice", DocumentKind.CREDIT_NOTE: "Credit Memo"}
KINDS = {label: kind for kind, label in TYPES.items()}
# What of a row is copied into the credit memo that reverses it, by entity-independent and entity-specific names.
_COPIED = ("InventoryID", "UOM", "TaxCategory", "Account", "SubAccount", "Subaccount", "BranchID", "Branch", "WarehouseID")
_COPIED_TEXTS = ("TransactionDescr", "TransactionDescription")
_COPIED_NUMBERS = ("Qty", "UnitPrice", "DiscountAmount")


def remote_id(kind: str, number: str) -> str:
    """The key of a record: type and reference number. The guid `id` may belong to the session that read it."""
    return f"{kind}/{number}"


def key_fields(record: str) -> Body:
    kind, _, number = record.partition("/")
    return fields(Type=kind, ReferenceNbr=number)


# -- documents ----------------------------------------------------------------------------------------------------------------


def document_body(document: Document, refs: References, options: Mapping[str, Any]) -> Body:
    """The body of `PUT SalesInvoice` or `PUT Invoice` for a new document, on hold."""
    head = fields(Type=TYPES[document.kind]) | head_body(document, refs, options)
    return {**head, **fields(Hold=True), "Details": detail_rows(document, refs)}


def head_body(document: Document, refs: References, options: Mapping[str, Any]) -> Body:
    """Everything but type, state and rows; what is empty is sent as such, so that an update clears it."""
    body = fields(Date=document.ledger_date, DueDate=document.due_date, Description=texts.description(document))
    body |= _of_invoice(document, refs, options) if entity_of(refs) == INVOICE else _of_sales_invoice(document, refs, options)
    return {**body, "note": {"value": texts.document_note(document, refs.settings, options)}}


def _of_sales_invoice(document: Document, refs: References, options: Mapping[str, Any]) -> Body:
    body = fields(
        CustomerID=refs.customer,
        Currency=refs.get(ReferenceKind.CURRENCY, document.currency).code,
        ExternalRef=document.number,
        CustomerOrder=document.purchase_order,
        TaxCalcMode="Gross" if document.prices_include_tax else "Net",
    )
    body["BillingSettings"] = _billing(document.buyer)
    if document.delivery is not None and document.delivery.address != Address():
        body |= fields(ShipToAddressOverride=True) | {"ShipToAddress": _address(document.delivery.address)}
        if document.delivery.name:
            body |= fields(ShipToContactOverride=True) | {"ShipToContact": fields(BusinessName=texts.clean(document.delivery.name))}
    financial = fields(Branch=refs.settings.get("branch") or None, CustomerTaxZone=tax_zone(document, refs) or None)
    terms = _terms(document, refs, options)
    body |= {"FinancialDetails": financial} if financial else {}
    return body | ({"custom": custom("CurrentDocument", TermsID=terms)} if terms else {})


def _of_invoice(document: Document, refs: References, options: Mapping[str, Any]) -> Body:
    body = fields(
        Customer=refs.customer,
        CustomerOrder=document.number,
        Terms=_terms(document, refs, options) or None,
        LinkBranch=refs.settings.get("branch") or None,
        BillToContactOverride=True,
    )
    zone = tax_zone(document, refs)
    body["BillToContact"] = _contact(document.buyer)
    return body | ({"custom": custom("CurrentDocument", TaxZoneID=zone)} if zone else {})


def _terms(document: Document, refs: References, options: Mapping[str, Any]) -> str:
    """Credit memos have no terms there (from memory)."""
    if not document.terms.code or isinstance(document, CreditNote) or not options.get("send_terms", True):
        return ""
    return refs.get(ReferenceKind.TERMS, document.terms.code).code


def _billing(party: Party) -> Body:
    body = fields(BillToContactOverride=True) | {"BillToContact": _contact(party)}
    if party.address != Address():
        body |= fields(BillToAddressOverride=True) | {"BillToAddress": _address(party.address)}
    return body


def _contact(party: Party) -> Body:
    found = {
        "BusinessName": texts.clean(party.name),
        "Attention": texts.clean(party.contact.name),
        "Email": party.contact.email,
        "Phone1": party.contact.phone,
    }
    return fields(**{name: text for name, text in found.items() if text})


def _address(address: Address) -> Body:
    """Acumatica has two lines: the second and third become one."""
    found = {
        "AddressLine1": address.line1,
        "AddressLine2": ", ".join(line for line in (address.line2, address.line3) if line),
        "City": address.city,
        "State": address.region,
        "PostalCode": address.postal_code,
        "Country": address.country,
    }
    return fields(**{name: texts.clean(text) for name, text in found.items() if text})


# -- changing -----------------------------------------------------------------------------------------------------------------


def update_body(document: Document, refs: References, options: Mapping[str, Any], record: str, row: Row) -> Body:
    """The body that makes a document on hold equal to ours: its rows (by the ids that the session was given) go, ours come."""
    old = [{"id": each["id"], "delete": True} for each in row.get("Details") or []]
    rows = [*old, *detail_rows(document, refs)]
    return {**key_fields(record), **head_body(document, refs, options), **fields(Hold=True), "Details": rows}


def off_hold_body(document: Document, remote: RemoteDocument) -> Body:
    """Take a document off hold; a draft of an earlier try also gets the dates that a person has chosen since."""
    body = {**key_fields(remote.remote_id), **fields(Hold=False)}
    if remote.posting_date != document.ledger_date:
        body |= fields(Date=document.ledger_date, DueDate=document.due_date)
    return body


def reversal_number(record: str) -> str:
    """The customer order number by which the reversing credit memo of an invoice is known again."""
    return f"VOID {record.partition('/')[2]}"[:MAX_NUMBER]


def reversal_body(row: Row, record: str, entity: str, on: date, reason: str) -> Body:
    """A credit memo of the same rows as a released invoice, applied to it in full."""
    names = NAMES[entity]
    copied = {name: text(row, name) for name in (names.customer, "Currency", "TaxCalcMode") if text(row, name)}
    applied = fields(DocType="Invoice", ReferenceNbr=text(row, "ReferenceNbr"), AmountPaid=Decimal(value(row, "Amount")))
    body = fields(Type="Credit Memo", **copied, Date=on, CustomerOrder=reversal_number(record))
    body |= fields(Description=texts.clean(f"Void of {text(row, 'ReferenceNbr')}: {reason}")[:256], Hold=True)
    if entity == INVOICE:
        body |= fields(LinkBranch=text(row, "LinkBranch") or None)
        zone = text((row.get("custom") or {}).get("CurrentDocument") or {}, "TaxZoneID")
        body |= {"custom": custom("CurrentDocument", TaxZoneID=zone)} if zone else {}
    else:
        financial = row.get("FinancialDetails") or {}
        body["FinancialDetails"] = fields(**{name: text(financial, name) or None for name in ("Branch", "CustomerTaxZone")})
    return {**body, "Details": [_reversing_row(each, entity) for each in row["Details"]], "ApplicationsCreditMemo": [applied]}


def _reversing_row(row: Row, entity: str) -> Body:
    texts_of = {name: text(row, name) or None for name in (*_COPIED, *_COPIED_TEXTS)}
    numbers = {name: Decimal(value(row, name)) for name in _COPIED_NUMBERS if value(row, name) is not None}
    flags = {} if entity == INVOICE else fields(ManualPrice=True, ManualDiscount=True)
    return fields(**texts_of, **numbers) | flags


# -- customers ----------------------------------------------------------------------------------------------------------------


def customer_body(party: Party, currency: str, settings: Mapping[str, str]) -> Body:
    """The body of `PUT Customer` for a new one; with automatic numbering the id is Acumatica's."""
    body = fields(
        CustomerID=party.code if settings.get("customer_numbering", "manual") == "manual" else None,
        CustomerName=texts.clean(party.name),
        CustomerClass=settings.get("customer_class") or None,
        AccountRef=party.code,
        CurrencyID=currency or None,
        EnableCurrencyOverride=True,
        EnableRateOverride=True,
        TaxRegistrationID=party.vat_id or None,
    )
    contact = fields(Email=party.contact.email or None, Phone1=party.contact.phone or None)
    if party.address != Address():
        contact["Address"] = _address(party.address)
    return body | ({"MainContact": contact} if contact else {})


# -- payments -----------------------------------------------------------------------------------------------------------------


def payment_number(payment: Payment) -> str:
    """Our id of a payment, as Acumatica keeps it in ExternalRef."""
    return name_of(payment, MAX_NUMBER)


def application_rows(payment: Payment) -> list[Body]:
    """One row for each document: several allocations to one are one application."""
    amounts: dict[str, tuple[Decimal, Decimal]] = {}
    for each in payment.allocations:
        amount, discount = amounts.get(each.remote_id, (Decimal(0), Decimal(0)))
        amounts[each.remote_id] = (amount + each.amount, discount + each.discount)
    return [
        fields(DocType=kind, ReferenceNbr=number, AmountPaid=amount, CashDiscountTaken=discount)
        for (kind, _, number), (amount, discount) in ((record.partition("/"), sums) for record, sums in amounts.items())
    ]


def payment_body(payment: Payment, customer_id: str, method: str, account: str, number: str, branch: str) -> Body:
    """The body of `PUT Payment` with its applications, off hold."""
    body = fields(
        Type="Payment",
        CustomerID=customer_id,
        PaymentMethod=method,
        CashAccount=account,
        CurrencyID=payment.currency,
        ApplicationDate=payment.received_on,
        PaymentAmount=payment.amount,
        PaymentRef=texts.clean(payment.reference) or number,
        ExternalRef=number,
        Branch=branch or None,
        Description=texts.clean(payment.memo)[:256] or None,
        Hold=False,
    )
    return {**body, "DocumentsToApply": application_rows(payment)}
