"""Canonical documents, parties and payments in Epicor's words. Pure: nothing is looked up here.

Not sent, because Epicor has no field and it is no text for the customer: internal notes, the means of payment, item identifiers of the part
master (GTIN, commodity code), the price before a price discount, and the account of a discount or charge (the GL controls decide it).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical import Address, CreditNote, DocumentKind, Party, Payment
from airbooks.platforms.epicor.client import Row, refusal
from airbooks.platforms.epicor.lines import Document, account_rows, head_region, line_rows, misc_rows
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.payments import name_of
from airbooks.platforms.references import ReferenceKind, References

TYPES = {DocumentKind.INVOICE: "MISC-BILL", DocumentKind.CREDIT_NOTE: "CREDIT-MEMO"}
CUSTOMER_ID, SHORT, SHIP_TO_NAME, GROUP_LENGTH = 10, 20, 50, 9
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One document in Epicor's words, before the conversation.

    `marks` go into the head's first save (on hold until it was checked, unless nobody asked for posting), `details` into the last one, with
    lines, miscellaneous charges and accounts. The rest has OnChange methods of its own; None or empty leaves the customer's default.
    """

    number: str
    kind: DocumentKind
    invoice_type: str
    customer: str
    issue_date: date
    ledger_date: date
    currency: str
    terms: str
    due_date: date | None
    rate: Decimal | None
    marks: Row
    details: Row
    lines: list[Row]
    misc: list[Row]
    accounts: list[Row]


def moment(day: date) -> str:
    """A date in rows: midnight, without a zone."""
    return f"{day.isoformat()}T00:00:00"


def plan(document: Document, refs: References, options: Mapping[str, Any], countries: Mapping[str, int]) -> Plan:
    """What to enter for a document; `countries` are Epicor's country numbers by ISO code. Raises ReferenceMissing and PlatformError."""
    on_lines = ship_to(document, countries) if options.get("one_time_ship_to", True) else {}
    rate = document.exchange_rate
    return Plan(
        number=document.number,
        kind=document.kind,
        invoice_type=TYPES[document.kind],
        customer=refs.customer,
        issue_date=document.issue_date,
        ledger_date=document.ledger_date,
        currency=refs.get(ReferenceKind.CURRENCY, document.currency).code,
        terms=refs.get(ReferenceKind.TERMS, document.terms.code).code if document.terms.code else "",
        due_date=document.due_date,
        rate=rate.rate if rate is not None and rate.base != document.currency else None,
        marks={"XRefInvoiceNum": document.number, "ExternalID": document.number, "InvoiceHeld": bool(options.get("post", True))},
        details=_details(document, refs, options, has_ship_to=bool(on_lines)),
        lines=line_rows(document, refs, on_lines),
        misc=misc_rows(document, refs),
        accounts=account_rows(document, refs),
    )


def _details(document: Document, refs: References, options: Mapping[str, Any], *, has_ship_to: bool) -> Row:
    details: Row = {"PONum": document.purchase_order, "TaxRegionCode": head_region(document, refs)}
    if options.get("salesperson_codes") and document.salesperson:
        details["SalesRepCode1"] = document.salesperson
    texts = _remarks(document, options, has_ship_to)
    details["InvoiceComment"] = "\n".join(f"{label}: {text}" if label else text for label, text in texts if text)
    return details


def _remarks(document: Document, options: Mapping[str, Any], has_ship_to: bool) -> Iterator[tuple[str, str]]:
    """What the customer should read and no field holds."""
    yield "Sales order", document.sales_order
    yield "Contract", document.contract
    yield "Project", document.project
    yield "Buyer reference", document.buyer_reference
    yield "Payment reference", document.payment_reference
    if not options.get("salesperson_codes"):
        yield "Salesperson", document.salesperson
    if document.period is not None:
        yield "Period", f"{document.period.start or ''} - {document.period.end or ''}"
    yield "Shipment", ", ".join(_shipment(document, has_ship_to))
    for each in document.allowances_charges:
        if not each.is_charge:
            yield each.reason or "Discount", f"{each.amount} {document.currency}, spread over the lines"
    for preceding in document.preceding_invoices:
        yield "Corrects invoice", f"{preceding.number} of {preceding.issue_date}" if preceding.issue_date else preceding.number
    if isinstance(document, CreditNote):
        yield "Reason", document.reason
    for note in document.notes:
        yield "", note


def _shipment(document: Document, has_ship_to: bool) -> list[str]:
    delivery = document.delivery
    if delivery is None:
        return []
    words = [delivery.shipment_number, delivery.shipping_method, delivery.tracking_number, str(delivery.delivery_date or "")]
    if not has_ship_to:
        place = delivery.address
        words += [delivery.name, place.line1, place.line2, place.line3, place.city, place.region, place.postal_code, place.country]
    return [word for word in words if word]


def ship_to(document: Document, countries: Mapping[str, int]) -> Row:
    """The one-time ship-to fields of every line; it needs a name, the buyer's where the delivery has none.

    Raises PlatformError for a country that Epicor's list does not have: it would ship to the customer's.
    """
    place = place_of(document)
    if document.delivery is None or place is None:
        return {}
    if place.country and place.country not in countries:
        raise country_unknown(place.country, " Or switch one_time_ship_to off.")
    fields = {
        "UseOTS": True,
        "OTSName": (document.delivery.name or document.buyer.name)[:SHIP_TO_NAME],
        "OTSAddress1": place.line1,
        "OTSAddress2": place.line2,
        "OTSAddress3": place.line3,
        "OTSCity": place.city,
        "OTSState": place.region,
        "OTSZIP": place.postal_code,
    }
    return fields | ({"OTSCountryNum": countries[place.country]} if place.country else {})


def place_of(document: Document) -> Address | None:
    """Where the delivery goes, if that is an address."""
    return document.delivery.address if document.delivery is not None and document.delivery.address.line1 else None


def country_unknown(code: str, way_out: str = "") -> PlatformError:
    says = f"no country of Epicor's list has the ISO code {code!r}"
    return refusal("country unknown", says, fix=f"Enter the ISO code in Epicor's Country Maintenance.{way_out}", field="address.country")


def function_body(made: Plan, group: str) -> Row:
    """The request parameters of the Epicor Function; see the module `functions` for its contract."""
    head = {"SoldToCustID": made.customer, "CurrencyCode": made.currency, **made.marks, **made.details, "ReadyToCalc": True}
    head |= {"TermsCode": made.terms} if made.terms else {}
    head |= {"DueDate": moment(made.due_date)} if made.due_date else {}
    head |= {"ExchangeRate": made.rate, "LockRate": True} if made.rate is not None else {}
    lines = [{**row, "InvoiceLine": number, "RowMod": "A"} for number, row in enumerate(made.lines, start=1)]
    rows = {"InvcMisc": made.misc, "InvcDtlTGLC": made.accounts}
    ds = {"InvcHead": [head], "InvcDtl": lines, **{name: [{**row, "RowMod": "A"} for row in each] for name, each in rows.items()}}
    dates = {"invoiceDate": moment(made.issue_date), "applyDate": moment(made.ledger_date)}
    is_memo = made.kind is DocumentKind.CREDIT_NOTE
    return {"xRefInvoiceNum": made.number, "creditMemo": is_memo, "groupID": group, **dates, "ds": ds}


# -- groups -------------------------------------------------------------------------------------------------------------------


def _in_base_36(text: str, digits: int) -> str:
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])
    found = ""
    for _ in range(digits):
        number, digit = divmod(number, 36)
        found = _DIGITS[digit] + found
    return found


def invoice_group(prefix: str, day: date, seed: str) -> str:
    """A GroupID of nine characters: prefix, last digit of the year, month (1-9, A-C), day, and three that come of `seed`."""
    return f"{prefix}{day.year % 10}{_DIGITS[day.month]}{day.day:02}{_in_base_36(seed, GROUP_LENGTH - 4 - len(prefix))}"


def cash_group(prefix: str, seed: str) -> str:
    """The GroupID of one receipt: the same for the same seed."""
    return f"{prefix}{_in_base_36(seed, GROUP_LENGTH - len(prefix))}"


# -- customers and payments ---------------------------------------------------------------------------------------------------


def customer_id(code: str) -> str:
    """Our code as a CustID (ten capitals, from memory); a longer one is shortened, and ExternalID keeps the whole."""
    capital = code.upper()
    return capital if len(capital) <= CUSTOMER_ID else f"{capital[:4]}{_in_base_36(code, 6)}"


def customer_body(party: Party, currency: str, country: int | None, settings: Mapping[str, str]) -> Row:
    """The body of `POST Customers`."""
    fields: Row = {
        "CustID": customer_id(party.code),
        "Name": party.name,
        "Address1": party.address.line1,
        "Address2": party.address.line2,
        "Address3": party.address.line3,
        "City": party.address.city,
        "State": party.address.region,
        "Zip": party.address.postal_code,
        "CountryNum": country,
        "PhoneNum": party.contact.phone,
        "EMailAddress": party.contact.email,
        "CurrencyCode": currency,
        "TermsCode": settings.get("customer_terms", ""),
        "TerritoryID": settings.get("territory_id", ""),
        "SalesRepCode": settings.get("sales_rep_code", ""),
        "TaxRegionCode": settings.get("customer_tax_region", ""),
        "TaxPayerID": party.tax_registration or party.vat_id,
        "CustomerType": "CUS",
        "ExternalID": party.code,
        "AllowOTS": True,
    }
    return {name: value for name, value in fields.items() if value}


def payment_reference(payment: Payment) -> str:
    """What a payment is known by where Epicor keeps it: ExternalID of the receipt."""
    return name_of(payment, SHORT)


def receipt_fields(payment: Payment, refs: References) -> Row:
    """What is ours in the CashHead row; CheckRef must not be empty."""
    row: Row = {
        "CheckRef": (payment.reference or payment.source_id)[:SHORT],
        "ExternalID": payment_reference(payment),
        "CurrencyCode": payment.currency,
        "DocTranAmt": payment.amount,
    }
    if refs.has(ReferenceKind.PAYMENT_METHOD, payment.method):
        row["PMUID"] = int(refs.get(ReferenceKind.PAYMENT_METHOD, payment.method).remote_id)
    return row
