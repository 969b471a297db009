"""Canonical documents and payments as batches of posting rows, and the other bodies that ERPx takes. Pure: nothing is looked up here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, Party, round_amount
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes
from airbooks.platforms.unit4 import postings, taxes
from airbooks.platforms.unit4.postings import Body, Conversion, Posting, Tax
from airbooks.platforms.unit4.reading import Posted
from airbooks.platforms.unit4.settings import Settings, dimension_slots, table, whole
from airbooks.platforms.unit4.spec import BATCH_ID, COMPANY_UNITS, INT32, NUMBERED, OURS, TEXT

Document = Invoice | CreditNote
ZERO = Decimal(0)
CREATE, VOID, PAY = "I", "V", "P"


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch of one voucher, ready to be staged. `number` is the invoice number that its customer row bears."""

    interface: str
    batch_id: str
    number: str
    rows: Sequence[Body]


def batch_id(kind: str, company: str, number: str) -> str:
    """At most 25 characters, the same for each try at the same document: ERPx holds a batch id once, so that at most one batch of a
    document is staged. The end of the number makes it readable, the digest unique among companies."""
    digest = hashlib.sha256(f"{kind}|{company}|{number}".encode()).hexdigest()[:8]
    readable = re.sub(r"[^A-Za-z0-9-]", "-", number)[-(BATCH_ID - 11) :]
    return f"{kind}-{readable}-{digest}"


def plain(text: str) -> str:
    """Text without control characters."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


# -- sales documents ----------------------------------------------------------------------------------------------------------


def document_batch(document: Document, refs: References, options: Mapping[str, Any], corrects: Posted | None = None) -> Batch:
    """One invoice or credit note as a voucher: the customer's row, then revenue, then tax, then what rounding leaves.

    `corrects` is the posted invoice that a credit note names. Raises ReferenceMissing.
    """
    settings = refs.settings
    top = postings.head(
        settings,
        batch_id=batch_id(CREATE, settings["company_id"], document.number),
        voucher_type=settings["voucher_type" if isinstance(document, Invoice) else "credit_voucher_type"],
        dated=document.issue_date,
        booked=document.ledger_date,
    )
    rate = conversion(document, settings)
    return Batch(top.interface, top.batch_id, document.number, postings.batch_rows(top, _voucher(document, refs, options, corrects), rate))


def conversion(document: Document, settings: Settings) -> Conversion:
    home = settings.get("home_currency", "GBP")
    rate = document.exchange_rate.rate if document.exchange_rate is not None and document.currency != home else None
    return Conversion(currency=document.currency, home=home, rate=rate, direction=settings.get("rate_direction", COMPANY_UNITS))


def _voucher(document: Document, refs: References, options: Mapping[str, Any], corrects: Posted | None) -> list[Posting]:
    made = invoice_postings(document, refs)
    customer = replace(made[0], invoice=_open_item(document, refs, options), additional=_origin(document, refs.settings, corrects))
    return [customer, *made[1:]]


def invoice_postings(document: Document, refs: References) -> list[Posting]:
    """The balanced rows, an invoice's customer on the debit side and a credit note's on the credit side."""
    rate = conversion(document, refs.settings)
    revenue = [*_line_postings(document, refs, rate), *_document_postings(document, refs, rate)]
    rows = [_customer_posting(document, refs.settings, rate), *revenue, *_tax_postings(document, refs, rate, revenue)]
    rows += postings.rounding(rows, refs.settings.get("rounding_account", ""))
    return rows if isinstance(document, Invoice) else [postings.reversed_sign(each) for each in rows]


def _customer_posting(document: Document, settings: Settings, rate: Conversion) -> Posting:
    words = f"{document.number} {document.buyer.name}"
    if isinstance(document, CreditNote):
        corrected = ", ".join(each.number for each in document.preceding_invoices)
        why = f"{document.reason} {corrected}".strip()
        words += f": {why}" if why else ""
    return Posting(
        line_type="AR",
        text=plain(words)[:TEXT],
        account=settings["ar_account"],
        value=document.gross_total,
        amount=rate.amount(document.gross_total),
        detail={"status": "N", "valueDate": postings.moment(document.ledger_date)},
    )


def _line_postings(document: Document, refs: References, rate: Conversion) -> Iterator[Posting]:
    for line in document.amount_lines:
        yield Posting(
            line_type="GL",
            text=line_text(line)[0],
            account=_account(line, refs),
            value=-line.net_amount,
            amount=rate.amount(-line.net_amount),
            dimensions=_dimensions(document, line, refs),
            tax=_tax(line.tax_code, line.tax_rate, refs),
            quantity=postings.number(line.quantity),
        )


def _document_postings(document: Document, refs: References, rate: Conversion) -> Iterator[Posting]:
    for each in document.allowances_charges:
        value = -each.amount if each.is_charge else each.amount
        yield Posting(
            line_type="GL",
            text=plain(each.reason or ("Charge" if each.is_charge else "Discount"))[:TEXT],
            account=_charge_account(each, refs),
            value=value,
            amount=rate.amount(value),
            dimensions=_dimensions(document, None, refs),
            tax=_tax(each.tax_code, each.tax_rate, refs),
        )


def _tax_postings(document: Document, refs: References, rate: Conversion, revenue: Sequence[Posting]) -> Iterator[Posting]:
    """A TX row for each tax code of ERPx that brings tax, with its base: the rows of that code, on the account of the first of them."""
    due: dict[Tax, Decimal] = {}
    for share in taxes.shares(document):
        tax = _tax(share.code, share.rate, refs)
        if tax is not None and share.tax:
            due[tax] = due.get(tax, ZERO) + share.tax
    for tax, amount in due.items():
        taxed = [each for each in revenue if each.tax == tax]
        base = replace(
            tax,
            base_account=taxed[0].account,
            base=sum((each.amount for each in taxed), ZERO),
            base_currency=sum((each.value for each in taxed), ZERO),
        )
        yield Posting(
            line_type="TX",
            text=f"VAT {postings.number(tax.rate):f}%",
            account=refs.settings["tax_account"],
            value=-amount,
            amount=rate.amount(-amount),
            tax=base,
        )


def line_text(line: Line) -> tuple[str, list[str]]:
    """The row's description, at most 255 characters: item and name, then as many of the line's other words as fit; and what does not."""
    text = plain(f"{line.item_code} {line.name}")
    words = {
        "description": line.description,
        "serial_numbers": ", ".join(line.serial_numbers),
        "service_date": line.service_date.isoformat() if line.service_date else "",
        "note": line.note,
    }
    left_out = ["name"] if len(text) > TEXT else []
    text = text[:TEXT]
    for field, said in words.items():
        longer = f"{text}; {plain(said)}"
        if said and len(longer) <= TEXT:
            text = longer
        elif said:
            left_out.append(field)
    return text, left_out


def _account(line: Line, refs: References) -> str:
    if line.account_code:
        return code_of(refs.get(ReferenceKind.ACCOUNT, line.account_code))
    freight = refs.settings.get("freight_account", "") if line.kind is LineKind.FREIGHT else ""
    return freight or refs.settings["revenue_account"]


def _charge_account(each: AllowanceCharge, refs: References) -> str:
    if each.account_code:
        return code_of(refs.get(ReferenceKind.ACCOUNT, each.account_code))
    return refs.settings.get("discount_account", "") or refs.settings["revenue_account"]


def code_of(entry: ReferenceItem) -> str:
    return entry.remote_id or entry.code


def _tax(code: str, rate: Decimal, refs: References) -> Tax | None:
    if not code:
        return None
    entry = refs.get(ReferenceKind.TAX_CODE, code)
    return Tax(code=code_of(entry), system=entry.details.get("system", "") or refs.settings.get("tax_system", ""), rate=rate)


def _dimensions(document: Document, line: Line | None, refs: References) -> dict[int, str]:
    """The row's dimensions by number: the line's own, and the document's where the line has none of that name."""
    slots = dimension_slots(refs.settings)
    codes = {code.partition(":")[0]: code for code in dimension_codes(document)}
    if line is not None:
        codes |= {code.partition(":")[0]: code for code in dimension_codes(document, line)}
    found = {}
    for name, code in codes.items():
        entry, slot = refs.get(ReferenceKind.DIMENSION, code), slots.get(name)
        if slot is None or entry.details.get("attribute", slot.attribute) != slot.attribute:
            raise ReferenceMissing(ReferenceKind.DIMENSION, code, entry.code)
        found[slot.number] = code_of(entry)
    return found


# -- the open item ------------------------------------------------------------------------------------------------------------


def _open_item(document: Document, refs: References, options: Mapping[str, Any]) -> Body:
    settings = refs.settings
    item: Body = {
        "customerOrSupplierId": refs.customer,
        "ledgerType": settings.get("customer_ledger_type", "R"),
        "invoiceNumber": document.number,
        "externalReference": plain(document.purchase_order)[:TEXT],
        "dueDate": postings.moment(due_date(document)),
        **_early_payment(document),
        "kid": plain(document.payment_reference),
        "orderNumber": whole_number(document.sales_order),
        "paymentMethod": options.get("payment_method") or settings.get("payment_method", ""),
        "paymentCurrency": document.currency,
        "companyReference": options.get("company_reference") or "",
        "responsible": options.get("responsible") or "",
    }
    return {name: value for name, value in item.items() if value not in ("", None)}


def due_date(document: Document) -> date:
    """The due date, by the terms where none is given; a credit note without one is due at once."""
    if document.due_date is not None:
        return document.due_date
    return document.issue_date + timedelta(days=document.terms.net_days or 0)


def whole_number(text: str) -> int | None:
    """A number that fits the vendor's 32-bit fields, or None: what is no such number has no place there."""
    return int(text) if text.isascii() and text.isdigit() and int(text) <= INT32 else None


def _early_payment(document: Document) -> Body:
    terms = document.terms
    if not (terms.discount_percent and terms.discount_days and isinstance(document, Invoice)):
        return {}
    discount = round_amount(document.gross_total * terms.discount_percent / 100, document.currency)
    until = document.issue_date + timedelta(days=terms.discount_days)
    return {"discountDate": postings.moment(until), "currencyAmountDiscount": discount}


def _origin(document: Document, settings: Settings, corrects: Posted | None) -> Body:
    archive = {"externalArchiveReference": batch_id(CREATE, settings["company_id"], document.number)}
    return {**archive, **(references_to(corrects) if corrects is not None else {})}


def references_to(posted: Posted) -> Body:
    """What ties a voucher to the one it corrects: voucher number and row."""
    return {"transactionNumberReference": int(posted.voucher), "sequenceReference": posted.sequence}


# -- GL07 and customers -------------------------------------------------------------------------------------------------------


def gl07_order(batch: Batch, settings: Settings, now: datetime) -> Body:
    """`POST /v1/report-jobs/order`: GL07 for one batch."""
    parameters = {"batch_id": batch.batch_id, "interface": batch.interface, **table(settings, "gl07_parameters")}
    return {
        "reportId": "GL07",
        "reportName": settings.get("gl07_report_name", "GL07"),
        "variant": whole(settings, "gl07_variant", 1),
        "userId": settings.get("gl07_user_id", ""),
        "companyId": settings["company_id"],
        "parameters": [{"id": name, "value": value} for name, value in parameters.items()],
        "generalParameters": {
            "priority": 0,
            "emailConfirmation": False,
            "status": "N",
            "start": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "outputType": 0,
        },
    }


def customer_body(party: Party, settings: Settings, currency: str) -> Body:
    """`POST /v1/customers`; names beyond customerId, customerName, companyId and customerGroupId are UNVERIFIED."""
    address, numbered = party.address, settings.get("customer_numbers", OURS) == NUMBERED
    street = ", ".join(plain(each) for each in (address.line1, address.line2, address.line3) if each)
    own = {settings.get("customer_reference", ""): party.code} if numbered else {"customerId": party.code}
    place = {"streetAddress": street, "postcode": address.postal_code, "place": plain(address.city), "countryCode": address.country}
    point: Body = {"contactPointType": "1", "address": {name: value for name, value in place.items() if value}}
    if party.contact.email:
        point["additionalContactInfo"] = {"eMail": party.contact.email}
    body: Body = {
        "companyId": settings["company_id"],
        **own,
        "customerName": plain(party.name),
        "customerGroupId": settings.get("customer_group", ""),
        "countryCode": address.country,
        "invoice": {"currencyCode": party.currency or currency},
        "payment": {"status": "N"},
        "contactPoints": [point],
    }
    return {name: value for name, value in body.items() if value not in ("", None)}
