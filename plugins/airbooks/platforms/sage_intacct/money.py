"""Customers and payments as functions of the XML gateway."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from babel import Locale
from lxml import etree

from airbooks.canonical import Allocation, Party, Payment
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.sage_intacct.envelope import element, present
from airbooks.platforms.sage_intacct.queries import day_text

NAME_MAX = 100
OURS = "airbooks "


def customer_function(party: Party, contact_name: str = "") -> etree._Element:
    """Generic create of CUSTOMER. `contact_name` names the contact where the one the platform would choose is taken."""
    name = party.name[:NAME_MAX]
    contact = [
        *present("CONTACTNAME", contact_name),
        element("PRINTAS", name),
        element("COMPANYNAME", name),
        *present("PHONE1", party.contact.phone),
        *present("EMAIL1", party.contact.email),
        element("MAILADDRESS", _address(party)),
    ]
    parts = [
        element("CUSTOMERID", party.code),
        element("NAME", name),
        element("DISPLAYCONTACT", contact),
        element("STATUS", "active"),
        *present("TAXID", party.vat_id),
        *present("CURRENCY", party.currency),
    ]
    return element("create", [element("CUSTOMER", parts)])


def _address(party: Party) -> list[etree._Element]:
    address = party.address
    country = str(Locale("en").territories.get(address.country, "")) if address.country else ""
    fields = (
        ("ADDRESS1", address.line1),
        ("ADDRESS2", ", ".join(filter(None, (address.line2, address.line3)))),
        ("CITY", address.city),
        ("STATE", address.region),
        ("ZIP", address.postal_code),
        ("COUNTRY", country),
    )
    return [made for name, text in fields for made in present(name, text)]


def payment_function(payment: Payment, customer_id: str, references: References) -> etree._Element:
    """ARPYMT for money that settles invoices (the rest is an overpayment), or an advance where it settles none."""
    if payment.allocations:
        return _applied(payment, customer_id, references)
    return _advance(payment, customer_id, references)


def mark(payment: Payment) -> str:
    """What a payment of ours begins its description with, so that it is recognised and never booked twice."""
    return f"{OURS}{payment.source} {payment.source_id}"


def is_marked(row: Mapping[str, str], payment: Payment) -> bool:
    """Whether an ARPYMT says that it is this payment: by our mark, else by its reference (whoever booked it)."""
    if row["DESCRIPTION"].startswith(OURS):
        return f"{row['DESCRIPTION']}; ".startswith(f"{mark(payment)}; ")
    return row["DOCNUMBER"] == number(payment)


def number(payment: Payment) -> str:
    """The document number of a payment."""
    return payment.reference or payment.source_id


def _applied(payment: Payment, customer_id: str, references: References) -> etree._Element:
    settings = references.settings
    base, rate = settings["base_currency"], payment.exchange_rate
    parts = [
        _account(settings, "FINANCIALENTITY", "UNDEPOSITEDACCOUNTNO"),
        element("PAYMENTMETHOD", _method(payment, references)),
        element("CUSTOMERID", customer_id),
        element("DOCNUMBER", number(payment)),
        element("DESCRIPTION", "; ".join(filter(None, (mark(payment), payment.memo)))),
        *([element("EXCHANGE_RATE", f"{rate.rate:f}")] if rate is not None and payment.currency != base else ()),
        element("RECEIPTDATE", day_text(payment.received_on)),
        element("CURRENCY", payment.currency),
        element("BASECURR", base),
        *_rest(payment, settings),
        element("ARPYMTDETAILS", [_detail(each) for each in payment.allocations]),
    ]
    return element("create", [element("ARPYMT", parts)])


def _detail(allocation: Allocation) -> etree._Element:
    parts = [element("RECORDKEY", allocation.remote_id), element("TRX_PAYMENTAMOUNT", _amount(allocation.amount))]
    if allocation.discount:
        parts.append(element("TRX_TOTALDISCOUNTTOAPPLY", _amount(allocation.discount)))
    return element("ARPYMTDETAIL", parts)


def _rest(payment: Payment, settings: Mapping[str, str]) -> list[etree._Element]:
    if not payment.unapplied:
        return []
    place = settings.get("default_location") or settings.get("entity_id") or ""
    return [element("OVERPAYMENTAMOUNT", _amount(payment.unapplied)), *present("OVERPAYMENTLOCATIONID", place)]


def _advance(payment: Payment, customer_id: str, references: References) -> etree._Element:
    settings, day = references.settings, payment.received_on
    base, rate = settings["base_currency"], payment.exchange_rate
    given = rate is not None and payment.currency != base
    how = element("exchrate", f"{rate.rate:f}") if rate is not None and given else _rate_type(settings)
    received = [element("year", f"{day.year:04}"), element("month", f"{day.month:02}"), element("day", f"{day.day:02}")]
    parts = [
        element("customerid", customer_id),
        element("paymentamount", _amount(payment.amount)),
        _account(settings, "bankaccountid", "undepfundsacct"),
        element("refid", number(payment)),
        *present("overpaylocid", settings.get("default_location") or settings.get("entity_id") or ""),
        element("datereceived", received),
        element("paymentmethod", _method(payment, references)),
        element("basecurr", base),
        element("currency", payment.currency),
        how,
    ]
    return element("create_arpayment", parts)


def _rate_type(settings: Mapping[str, str]) -> etree._Element:
    return element("exchratetype", settings.get("exchange_rate_type", "Intacct Daily Rate"))


def _account(settings: Mapping[str, str], bank: str, undeposited: str) -> etree._Element:
    account = settings.get("bank_account_id", "")
    return element(bank, account) if account else element(undeposited, settings.get("undeposited_account_no", ""))


def _method(payment: Payment, references: References) -> str:
    return references.get(ReferenceKind.PAYMENT_METHOD, payment.method).remote_id if payment.method else "EFT"


def _amount(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01')):f}"
