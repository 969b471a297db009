"""Canonical documents, customers and payments as MYOB request bodies (Sale Invoice Item and Service, Customer, CustomerPayment).

A credit note is a sale of negative quantities. Tax is computed by MYOB from each line's code; amounts are always sent without tax. What
MYOB has no field for stands in the descriptions and in text-only lines (texts.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.canonical import CreditNote, Invoice, Line, LineKind, Party, Payment
from airbooks.platforms.myob import texts
from airbooks.platforms.myob.lines import Inexpressible, Selling, charge_lines, header_lines, link, sale_lines, signed, tax_uid
from airbooks.platforms.myob.pricing import ZERO, Part, charges, parts
from airbooks.platforms.myob.spec import CARD_NAME, FREIGHT_HEADER, FREIGHT_LINE, ITEM, PHONE, POSTCODE
from airbooks.platforms.references import ReferenceKind, References, dimension_codes

Body = dict[str, Any]
Document = Invoice | CreditNote
Options = Mapping[str, Any]

RATE_DECIMALS = Decimal("0.000001")


@dataclass(frozen=True, slots=True)
class OwnCodes:
    """UIDs of what the connection itself names: freight's tax code, the item of charges, the document's currency (empty: the books')."""

    freight_tax: str
    adjustment_item: str = ""
    currency: str = ""


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero and False stay."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def moment(day: date) -> str:
    """A date as MYOB writes it: with a time, without a zone."""
    return f"{day.isoformat()}T00:00:00"


# -- documents ----------------------------------------------------------------------------------------------------------


def document_body(document: Document, refs: References, options: Options, own: OwnCodes, layout: str = "") -> Body:
    """The body of `POST /Sale/Invoice/{layout}`.

    `options`: `layout`, `delivery_status`, `freight` (line or header); a `layout` of the document itself comes first.
    """
    selling = Selling(document, refs, layout or str(options.get("layout", ITEM)), own.adjustment_item, foreign=bool(own.currency))
    freight = _header_freight(document, options)
    booked = parts(document)
    body = {
        "Number": document.number,
        "Date": moment(document.ledger_date),
        "CustomerPurchaseOrderNumber": _order_number(document, refs),
        "Customer": {"UID": refs.customer},
        "PromisedDate": _promised(document),
        "ShipToAddress": texts.ship_to(document),
        "Terms": terms(document),
        "IsTaxInclusive": False,
        "Lines": [
            *_lines(selling, booked, freight),
            *(row for charge in charges(document) for row in charge_lines(selling, charge)),
            *header_lines(texts.freight_text(freight) if freight else ""),
            *header_lines(texts.document_text(document, longest_order(refs))),
        ],
        **_freight(selling, booked, freight, own),
        "Category": category(document, refs),
        "Comment": texts.comment_of(document),
        "JournalMemo": texts.memo(document),
        "InvoiceDeliveryStatus": options.get("delivery_status"),
        **currency(document, own.currency),
    }
    return filled(body)


def update_body(body: Mapping[str, Any], row: Mapping[str, Any]) -> Body:
    """The body of `PUT /Sale/Invoice/{layout}/{UID}`: a new body over the sale as it is (`row`); a line keeps the id of the line in its
    place if that is of its type, and lines that are left out are removed."""
    lines = [{**line, **_identity(line, held)} for line, held in zip(body["Lines"], _padded(row["Lines"], len(body["Lines"])), strict=True)]
    return {"UID": row["UID"], "RowVersion": row["RowVersion"], **body, "Lines": lines}


def _padded(rows: Sequence[Mapping[str, Any]], length: int) -> list[Mapping[str, Any]]:
    return [*rows[:length], *({} for _ in range(length - len(rows)))]


def _identity(line: Mapping[str, Any], held: Mapping[str, Any]) -> Body:
    if held.get("Type") != line["Type"]:
        return {}
    return {"RowID": held["RowID"], "RowVersion": held["RowVersion"]}


def _lines(selling: Selling, booked: list[Part], freight: Line | None) -> list[Body]:
    """Ours in their order; a comment is text only, freight of the header is none of them."""
    of_lines = iter(booked)
    rows: list[Body] = []
    for line in selling.document.lines:
        if line.kind is LineKind.COMMENT:
            rows += header_lines(texts.comment(line))
            continue
        part = next(of_lines)
        if line is not freight:
            rows += sale_lines(selling, part)
    return rows


def _header_freight(document: Document, options: Options) -> Line | None:
    """The freight line that goes to the header: the only one of the document, where that is asked for."""
    found = [line for line in document.amount_lines if line.kind is LineKind.FREIGHT and line.net_amount]
    wanted = options.get("freight", FREIGHT_LINE) == FREIGHT_HEADER
    return found[0] if wanted and len(found) == 1 and len(document.amount_lines) > 1 else None


def _freight(selling: Selling, booked: list[Part], freight: Line | None, own: OwnCodes) -> Body:
    """MYOB wants a tax code of freight on every sale."""
    if freight is None:
        return {"FreightTaxCode": {"UID": own.freight_tax}}
    amount = sum((part.amount for part in booked if part.line is freight), ZERO)
    return {
        selling.field("Freight"): signed(selling.document, amount),
        "FreightTaxCode": {"UID": tax_uid(freight, selling.refs)},
    }


def longest_order(refs: References) -> int:
    return int(refs.settings.get("purchase_order_max", "255"))


def _order_number(document: Document, refs: References) -> str:
    return texts.order_number(document)[: longest_order(refs)]


def _promised(document: Document) -> str | None:
    day = document.delivery.delivery_date if document.delivery else None
    return moment(day) if day else None


def due_date(document: Document) -> date | None:
    """The due date, or what the terms make it; a credit note without either is due at once."""
    if document.due_date:
        return document.due_date
    if document.terms.net_days is not None:
        return document.issue_date + timedelta(days=document.terms.net_days)
    return document.ledger_date if isinstance(document, CreditNote) else None


def terms(document: Document) -> Body | None:
    """The due date is computed by MYOB: days from the sale's date. Without terms it would take the card's."""
    due = due_date(document)
    if due is None:
        return None
    agreed = document.terms
    early = agreed.discount_percent is not None and agreed.discount_days is not None
    return {
        "PaymentIsDue": "InAGivenNumberOfDays",
        "BalanceDueDate": (due - document.ledger_date).days,
        "DiscountDate": agreed.discount_days if early else 0,
        "DiscountForEarlyPayment": agreed.discount_percent if early else 0,
        "MonthlyChargeForLatePayment": 0,
    }


def category(document: Document, refs: References) -> Body | None:
    """The one category of the sale: MYOB has it in the head only."""
    codes = {*dimension_codes(document), *(code for line in document.amount_lines for code in dimension_codes(document, line))}
    entries = [refs.get(ReferenceKind.DIMENSION, code) for code in sorted(codes)]
    found = {entry.remote_id: entry for entry in entries if entry.details["list"] == "Category"}
    if len(found) > 1:
        names = ", ".join(sorted(entry.code for entry in found.values()))
        raise Inexpressible(f"a sale has one category, and this one would have {names}")
    return link(next(iter(found.values()), None))


def currency(document: Document | Payment, uid: str) -> Body:
    """A foreign currency and its rate: foreign units for one of the books' (the inverse of ours; direction from the vendor's sample)."""
    if not uid:
        return {}
    rate = document.exchange_rate
    quoted = (1 / rate.rate).quantize(RATE_DECIMALS, ROUND_HALF_UP) if rate else None
    return {"ForeignCurrency": {"UID": uid}, "CurrencyExchangeRate": quoted}


# -- customers ----------------------------------------------------------------------------------------------------------


def card_id(party: Party, currency: str, home: str) -> str:
    """The card's identifier: our code, for another currency with that behind it, because a card has one currency."""
    return party.code if currency == home else f"{party.code}-{currency}"


def card_name(party: Party) -> str:
    """As much of the name as a card takes; the whole of it stands in the notes."""
    return " ".join(texts.clean(party.name).split())[:CARD_NAME].strip()


def customer_body(party: Party, identifier: str, tax_uid: str, freight_uid: str, currency_uid: str) -> Body:
    """The body of `POST /Contact/Customer`."""
    body: Body = {
        "CompanyName": card_name(party),
        "IsIndividual": False,
        "DisplayID": identifier,
        "IsActive": True,
        "Addresses": [_card_address(party)],
        "SellingDetails": filled({"TaxCode": {"UID": tax_uid}, "FreightTaxCode": {"UID": freight_uid}, "ABN": abn(party)}),
        "ForeignCurrency": {"UID": currency_uid} if currency_uid else None,
    }
    return filled({**body, "Notes": texts.card_notes(party, body)})


def abn(party: Party) -> str:
    """An Australian Business Number as MYOB writes it; empty for other tax numbers."""
    digits = re.sub(r"\s", "", party.vat_id.removeprefix("AU"))
    if not re.fullmatch(r"\d{11}", digits):
        return ""
    return f"{digits[:2]} {digits[2:5]} {digits[5:8]} {digits[8:]}"


def _card_address(party: Party) -> Body:
    address = party.address
    return filled(
        {
            "Location": 1,
            "Street": texts.clean("\n".join(line for line in (address.line1, address.line2, address.line3) if line)),
            "City": texts.clean(address.city),
            "State": texts.clean(address.region),
            "PostCode": texts.clean(address.postal_code)[:POSTCODE],
            "Country": address.country,
            "Phone1": party.contact.phone if len(party.contact.phone) <= PHONE else "",
            "Email": party.contact.email,
        }
    )


# -- payments -----------------------------------------------------------------------------------------------------------


def payment_marker(payment: Payment) -> str:
    """The words in the memo by which a payment is known again."""
    return f"[{payment.source} {payment.source_id}]"


def payment_memo(payment: Payment, said: Iterable[str]) -> str:
    words = texts.clean(" ".join(word for word in said if word))
    marker = payment_marker(payment)
    return f"{words[: 254 - len(marker)]} {marker}".strip()


def payment_body(payment: Payment, refs: References, customer_id: str, account_uid: str, currency_uid: str) -> Body:
    """The body of `POST /Sale/CustomerPayment`; without an account the money waits in Undeposited Funds."""
    suffix = "Foreign" if currency_uid else ""
    method = (ReferenceKind.PAYMENT_METHOD, payment.method)
    fits = 0 < len(payment.reference) <= 13
    known = refs.has(*method)
    said = ("" if fits else payment.reference, "" if known else payment.method, payment.memo)
    return filled(
        {
            "DepositTo": "Account" if account_uid else "UndepositedFunds",
            "Account": {"UID": account_uid} if account_uid else None,
            "Customer": {"UID": customer_id},
            "ReceiptNumber": texts.clean(payment.reference) if fits else None,
            "Date": moment(payment.received_on),
            f"AmountReceived{suffix}": payment.amount,
            "PaymentMethod": refs.get(*method).code if known else None,
            "Memo": payment_memo(payment, said),
            "Invoices": [{"UID": each.remote_id, f"AmountApplied{suffix}": each.amount, "Type": "Invoice"} for each in payment.allocations],
            **currency(payment, currency_uid),
        }
    )
