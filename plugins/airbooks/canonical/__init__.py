"""The language of the house: sales documents and payments, named after EN 16931, frozen, in Decimal."""

from airbooks.canonical.codes import DocumentKind, DocumentStatus, LineKind, Severity, TaxCategory
from airbooks.canonical.document import (
    AllowanceCharge,
    CreditNote,
    Delivery,
    Document,
    DocumentReference,
    ExchangeRate,
    Invoice,
    Line,
    PaymentTerms,
    Period,
    TaxSubtotal,
    parse_document,
)
from airbooks.canonical.finding import Finding
from airbooks.canonical.incoming import AdviceLine, IncomingPayment
from airbooks.canonical.money import minor_units, round_amount
from airbooks.canonical.party import Address, Contact, Party
from airbooks.canonical.payment import Allocation, Payment, PaymentKind
from airbooks.canonical.remote import RemoteAllocation, RemoteDocument, RemotePayment

__all__ = [
    "Address",
    "AdviceLine",
    "Allocation",
    "AllowanceCharge",
    "Contact",
    "CreditNote",
    "Delivery",
    "Document",
    "DocumentKind",
    "DocumentReference",
    "DocumentStatus",
    "ExchangeRate",
    "Finding",
    "IncomingPayment",
    "Invoice",
    "Line",
    "LineKind",
    "Party",
    "Payment",
    "PaymentKind",
    "PaymentTerms",
    "Period",
    "RemoteAllocation",
    "RemoteDocument",
    "RemotePayment",
    "Severity",
    "TaxCategory",
    "TaxSubtotal",
    "minor_units",
    "parse_document",
    "round_amount",
]
