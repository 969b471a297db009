"""Canonical documents, customers and payments as Reckon One request bodies (InvoiceInput, CreditNoteInput, CustomerInput, ReceiptInput).

Our number is the document's `reference`: the book numbers its documents itself. A line with an item books to the item's own income account,
which must be the one our account code is mapped to; a line without one books to that account, as one piece. Discounts of the whole document
stand on the lines taxed like them: how the book spreads a header discount over taxes is not published. Addresses are the customer's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from babel import Locale

from airbooks.canonical import Address, AllowanceCharge, CreditNote, DocumentKind, Invoice, Line, Party, Payment
from airbooks.platforms.errors import AirbooksError, ReferenceMissing
from airbooks.platforms.payments import by_document, name_of
from airbooks.platforms.reckon_one.lines import Document, Part, Priced, parts, priced, restated
from airbooks.platforms.reckon_one.spec import COUNTRY, EXCLUSIVE, INCLUSIVE, OURS, PO_FIELD, RECEIPT_NAME
from airbooks.platforms.reckon_one.texts import charge_text, clean, line_text, notes
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Body = dict[str, Any]
Options = Mapping[str, Any]
CLASSIFICATION, PROJECT = "Classification", "Project"
DATE_FIELD = {DocumentKind.INVOICE: "invoiceDate", DocumentKind.CREDIT_NOTE: "creditNoteDate"}
_COUNTRIES = Locale("en").territories


class Inexpressible(AirbooksError):  # noqa: N818 it names a fact about data, not a fault
    """What the resolved references of a document add up to cannot be said in Reckon One."""


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero stays."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


# -- documents ------------------------------------------------------------------------------------------------------------------


def document_body(document: Document, refs: References, options: Options, customer: str) -> Body:
    """The body of a POST or PUT; `customer` is the customer's name there, since it is not documented that an id is taken."""
    in_field = isinstance(document, Invoice) and refs.settings.get("po_field", PO_FIELD) == PO_FIELD
    common = {
        "customer": customer,
        DATE_FIELD[document.kind]: moment(document.ledger_date),
        "amountTaxStatus": refs.settings.get("amount_tax_status", EXCLUSIVE),
        "reference": document.number,
        "classification": _classification(document, refs),
        "notes": notes(document, with_purchase_order=not in_field),
        "lineItems": line_items(document, refs),
    }
    if isinstance(document, CreditNote):
        return filled(common)
    return filled(
        {
            **common,
            "dueDate": _due(document),
            "paymentTerms": refs.get(ReferenceKind.TERMS, document.terms.code).remote_id if document.terms.code else None,
            "purchaseOrderNumber": clean(document.purchase_order) if in_field else None,
            "template": options.get("template"),
            "paymentDetails": options.get("payment_details"),
        }
    )


def _due(document: Document) -> str | None:
    """The due date, or what our terms make it: without one Reckon One would take the customer's."""
    if document.due_date:
        return moment(document.due_date)
    return None if document.terms.net_days is None else moment(document.issue_date + timedelta(days=document.terms.net_days))


def line_items(document: Document, refs: References) -> list[Body]:
    """Ours in their order, then charges of the whole document."""
    items = []
    for place, part in enumerate(parts(document), start=1):
        made = _sales_line(document, part.bearer, part, refs) if isinstance(part.bearer, Line) else _charge_line(part.bearer, part, refs)
        items.append({"lineNumber": place, **filled(made)})
    return items


def _sales_line(document: Document, line: Line, part: Part, refs: References) -> Body:
    prices = _prices(document, line, part, refs)
    return {
        **_what(line, prices, refs),
        "description": line_text(line, part, prices),
        "project": _project(document, line, refs),
        **_tax(line, part, refs),
    }


def _prices(document: Document, line: Line, part: Part, refs: References) -> Priced:
    """Quantity, price and discount; prices that include tax, and those of account lines, are made from the line's amount."""
    amount = _booked(part, refs)
    if not line.item_code:
        return Priced(Decimal(1), amount)
    if refs.settings.get("amount_tax_status") == INCLUSIVE:
        return restated(line, amount)
    return priced(line, part, discounts=isinstance(document, Invoice))


def _booked(part: Part, refs: References) -> Decimal:
    return part.net + part.tax if refs.settings.get("amount_tax_status") == INCLUSIVE else part.net


def _what(line: Line, prices: Priced, refs: References) -> Body:
    """`itemDetails` or, without an item, `accountDetails`; never both."""
    if not line.item_code:
        return {"accountDetails": {"ledgerAccount": _account(line.account_code, refs), "quantity": Decimal(1), "amount": prices.price}}
    item = refs.get(ReferenceKind.ITEM, line.item_code)
    _check_account(line, item, refs)
    details = {
        "item": item.remote_id,
        "quantity": prices.quantity,
        "price": prices.price,
        "discountPercent": prices.discount_percent,
        "discountAmount": prices.discount_amount,
    }
    return {"itemDetails": filled(details)}


def _check_account(line: Line, item: ReferenceItem, refs: References) -> None:
    """An item's line books to the item's own account: refused where our account code is mapped to another one."""
    theirs = item.details.get("account")
    if not theirs or not line.account_code:
        return
    wanted = refs.get(ReferenceKind.ACCOUNT, line.account_code)
    if theirs != wanted.remote_id:
        named = item.details.get("account_name", theirs)
        raise Inexpressible(
            f"item {item.code} books to {named} in Reckon One, but account code {line.account_code} is mapped to {wanted.code}: "
            "correct the mapping, or the item's income account"
        )


def _account(code: str, refs: References) -> str:
    if code:
        return refs.get(ReferenceKind.ACCOUNT, code).remote_id
    default = refs.settings.get("default_income_account", "")
    if not default:
        raise ReferenceMissing(ReferenceKind.ACCOUNT.value, code)
    return default


def _charge_line(charge: AllowanceCharge, part: Part, refs: References) -> Body:
    """A charge of the whole document as a line of its own."""
    return {
        "accountDetails": {
            "ledgerAccount": _account(charge.account_code, refs),
            "quantity": Decimal(1),
            "amount": _booked(part, refs),
        },
        "description": charge_text(charge),
        **_tax(charge, part, refs),
    }


def _tax(bearer: Line | AllowanceCharge, part: Part, refs: References) -> Body:
    """The rate, which must be ours; the amount only where the book lets tax be edited and ours is wanted."""
    entry = refs.get(ReferenceKind.TAX_CODE, bearer.tax_code)
    rate = entry.details.get("rate")
    if rate is not None and Decimal(rate) != bearer.tax_rate:
        raise Inexpressible(f"tax code {bearer.tax_code} is {bearer.tax_rate:f} %, but is mapped to {entry.code}, which is {rate} %")
    amount = part.tax if refs.settings.get("tax_amounts") == OURS else None
    return {"taxRate": entry.remote_id, "taxAmount": amount}


# -- dimensions -----------------------------------------------------------------------------------------------------------------


def _classification(document: Document, refs: References) -> str | None:
    """The one classification of the document: Reckon One has it on the head only."""
    codes = [*dimension_codes(document), *(code for line in document.amount_lines for code in dimension_codes(document, line))]
    found = {each.remote_id: each.code for each in _of_type(CLASSIFICATION, codes, refs)}
    if len(found) > 1:
        raise Inexpressible(f"a document has one classification in Reckon One, and this one has {', '.join(sorted(found.values()))}")
    return next(iter(found), None)


def _project(document: Document, line: Line, refs: References) -> str | None:
    """The line's own project, else that of the head."""
    own = _of_type(PROJECT, dimension_codes(document, line), refs) or _of_type(PROJECT, dimension_codes(document), refs)
    if len({each.remote_id for each in own}) > 1:
        raise Inexpressible(f"line {line.line_id} has more than one project: {', '.join(each.code for each in own)}")
    return own[0].remote_id if own else None


def _of_type(wanted: str, codes: Iterable[str], refs: References) -> list[ReferenceItem]:
    entries = [refs.get(ReferenceKind.DIMENSION, code) for code in codes]
    return [entry for entry in entries if entry.details["type"] == wanted]


# -- customers ------------------------------------------------------------------------------------------------------------------


def customer_name(party: Party, *, coded: bool = False) -> str:
    """The name, unique among the contacts of a book; `coded` adds our code to it."""
    name = " ".join(clean(party.name).split())
    return f"{name} ({party.code})" if coded else name


def business_number(party: Party) -> str:
    """The ABN (AU), NZBN (NZ) or VAT number (UK), as far as it is known."""
    return clean(party.tax_registration or party.vat_id or party.legal_id)


def customer_body(party: Party, types: Mapping[str, str], *, coded: bool = False) -> Body:
    """CustomerInput; our code stands in `businessNumber2`. `types` names the book's types of `address`, `phone` and `email`."""
    postal = filled(address_fields(party.address))
    address = [{"type": types["address"], **postal}] if postal else []
    phone = [{"type": types["phone"], "number": clean(party.contact.phone)}] if party.contact.phone else []
    email = [{"type": types["email"], "address": party.contact.email}] if party.contact.email else []
    return filled(
        {
            "name": customer_name(party, coded=coded),
            "organisationName": customer_name(party),
            "businessNumber1": business_number(party),
            "businessNumber2": party.code,
            "notes": f"Contact: {clean(party.contact.name)}" if party.contact.name else "",
            "addresses": address,
            "phoneNumbers": phone,
            "electronicAddresses": email,
        }
    )


def address_fields(address: Address) -> Body:
    """A city is a town in the United Kingdom, a suburb in Australia and New Zealand; the country is written out."""
    return {
        "line1": clean(address.line1),
        "line2": clean(address.line2),
        "line3": clean(address.line3),
        "town" if address.country == "GB" else "suburb": clean(address.city),
        "state": clean(address.region),
        "postcode": clean(address.postal_code),
        "country": country(address),
    }


def country(address: Address) -> str:
    name = str(_COUNTRIES.get(address.country, address.country))
    return name if len(name) <= COUNTRY else address.country


# -- payments -------------------------------------------------------------------------------------------------------------------


def receipt_reference(payment: Payment) -> str:
    """The payment's own reference, and the words by which it is known again: receipts have no number of ours."""
    return clean(f"{payment.reference} [{name_of(payment, RECEIPT_NAME)}]")


def receipt_notes(payment: Payment) -> str:
    return clean(", ".join(word for word in (payment.method, payment.memo) if word))


def receipt_body(payment: Payment, refs: References, customer: str) -> Body:
    """ReceiptInput, with one link for each document that the payment settles; what is left over stays unallocated."""
    method, account = (ReferenceKind.PAYMENT_METHOD, payment.method), (ReferenceKind.ACCOUNT, payment.bank_account)
    return filled(
        {
            "customer": customer,
            "receiptDate": moment(payment.received_on),
            "totalAmount": payment.amount,
            "ledgerAccount": refs.get(*account).remote_id if refs.has(*account) else refs.settings.get("bank_account"),
            "paymentMethod": refs.get(*method).remote_id if refs.has(*method) else refs.settings.get("payment_method"),
            "reference": receipt_reference(payment),
            "notes": receipt_notes(payment),
            "transactionLinks": [
                {"transactionId": remote_id, "transactionAmount": amount, "transactionType": "Invoice"}
                for remote_id, amount in by_document(payment).items()
            ],
        }
    )
