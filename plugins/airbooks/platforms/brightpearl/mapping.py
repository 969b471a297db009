"""Canonical documents, customers and payments as Brightpearl request bodies: sales-order, sales-credit, contact, customer-payment.

Rows carry line totals of net and tax; a line's discount is in its net, allowances and charges of the whole document are rows of free
text. Dimensions exist on the whole order only. The due date follows from the contact: ours stands in the order note.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from airbooks.canonical import Address, AllowanceCharge, CreditNote, Invoice, Line, Party, Payment
from airbooks.platforms.brightpearl.lines import CENT, Bearer, bearers, is_freight
from airbooks.platforms.brightpearl.spec import (
    CHARGE_ROW,
    CREDIT_SUFFIX,
    DISCOUNT_ROW,
    FREE_TEXT_PRODUCT,
    INEXPRESSIBLE,
    JOURNAL,
    PERSON,
    REFERENCE,
    SPEC,
    TRANSACTION,
)
from airbooks.platforms.brightpearl.texts import has_address, label_of, name_of, plain
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.payments import by_document
from airbooks.platforms.references import ReferenceKind, References, dimension_codes

Body = dict[str, Any]
Document = Invoice | CreditNote
Options = Mapping[str, Any]
RATE = Decimal("0.000001")
# Fields of the order's head whose ids come from the operator or the connection.
OPTION_IDS = {"leadSourceId": "lead_source_id", "projectId": "project_id", "teamId": "team_id", "staffOwnerId": "staff_owner_id"}
SETTING_IDS = {"warehouseId": "warehouse_id", "channelId": "channel_id", "priceListId": "price_list_id"}


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero and False stay."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def id_of(text: object) -> int | str | None:
    """An id as Brightpearl writes it, an integer; a name that stands for one not known yet stays as it is."""
    found = str(text or "")
    return int(found) if found.isdigit() else found or None


def stamp(day: date, settings: Mapping[str, str]) -> str:
    """Midnight of the account's own zone: a date alone would be read as midnight UTC, which west of it is the day before."""
    zone = ZoneInfo(settings.get("time_zone", "Europe/London"))
    return datetime.combine(day, time(), zone).isoformat(timespec="milliseconds")


def amount(value: Decimal) -> str:
    return f"{value.quantize(CENT):f}"


# -- orders -------------------------------------------------------------------------------------------------------------


def order_body(document: Document, refs: References, options: Options, parent: str = "") -> Body:
    """The body of `POST /sales-order` or `/sales-credit`; `parent` is the id of the order that a credit belongs to.

    Raises ReferenceMissing, or PlatformError where the account's own data forbids a form (a stock tracked product in fractions, two
    dimensions in one field).
    """
    settings = refs.settings
    invoice = isinstance(document, Invoice)
    return filled(
        {
            "customer": {"id": id_of(refs.customer)},
            "billing": _billing(document, refs),
            "parentId": id_of(parent),
            "ref": plain(document.purchase_order)[:REFERENCE],
            "externalRef": document.number,
            "installedIntegrationInstanceId": id_of(settings.get("instance_id")),
            "placedOn": stamp(document.issue_date, settings),
            "taxDate": stamp(document.ledger_date, settings),
            "statusId": id_of(options.get("status_id") or settings.get("status_id")) if invoice else None,
            **_head_ids(document, refs, options),
            "priceModeCode": "INC" if document.prices_include_tax else "EXC",
            "currency": currency_body(document, settings, refs.get(ReferenceKind.CURRENCY, document.currency).code),
            "delivery": _delivery(document, settings),
            "rows": rows(document, refs),
        }
    )


def _billing(document: Document, refs: References) -> Body:
    party = document.buyer
    if not party.address.line1:
        return {}
    person = {"addressFullName": name_of(party.contact.name), "companyName": name_of(party.name)}
    reach = {"telephone": plain(party.contact.phone), "email": plain(party.contact.email)}
    return {"contactId": id_of(refs.customer), "address": filled({**person, **address_body(party.address), **reach})}


def _delivery(document: Document, settings: Mapping[str, str]) -> Body:
    delivery = document.delivery
    if delivery is None:
        return {}
    address = {"addressFullName": name_of(delivery.name), **address_body(delivery.address)} if has_address(delivery) else {}
    return filled({"date": stamp(delivery.delivery_date, settings) if delivery.delivery_date else None, "address": filled(address)})


def _head_ids(document: Document, refs: References, options: Options) -> Body:
    """Warehouse, channel, lead source and the like: what the document names, else the operator's, else the connection's."""
    ids = {field: id_of(refs.settings.get(setting)) for field, setting in SETTING_IDS.items()}
    ids |= {field: id_of(options.get(option)) for field, option in OPTION_IDS.items()}
    named: dict[str, str] = {}
    codes = [*dimension_codes(document), *(code for line in document.amount_lines for code in dimension_codes(document, line))]
    for code in dict.fromkeys(codes):
        entry = refs.get(ReferenceKind.DIMENSION, code)
        field = entry.details["field"]
        if named.setdefault(field, entry.remote_id) != entry.remote_id:
            says = f"{code} and another code of the document are both mapped to {field}, of which an order has one"
            raise PlatformError(says, platform=SPEC.slug, rule=INEXPRESSIBLE, field=code)
    return {**ids, **{field: id_of(remote_id) for field, remote_id in named.items()}}


def currency_body(document: Document | Payment, settings: Mapping[str, str], code: str) -> Body:
    """Without a rate of ours Brightpearl takes its own, up to the invoice. Its rates are units of the currency for one base unit
    (direction UNVERIFIED), ours the other way round."""
    rate = exchange_rate(document, settings)
    return {"code": code, "fixedExchangeRate": True, "exchangeRate": rate} if rate else {"code": code}


def exchange_rate(document: Document | Payment, settings: Mapping[str, str]) -> str:
    if document.currency == settings.get("home_currency") or document.exchange_rate is None:
        return ""
    return f"{(1 / document.exchange_rate.rate).quantize(RATE, ROUND_HALF_UP):f}"


def rows(document: Document, refs: References) -> list[Body]:
    return [row(document, bearer, refs, position) for position, bearer in enumerate(bearers(document), 1)]


def row(document: Document, bearer: Bearer, refs: References, position: int) -> Body:
    part = bearer.part
    return filled(
        {
            **(_line(part, refs) if isinstance(part, Line) else _own(part)),
            "taxCode": refs.get(ReferenceKind.TAX_CODE, part.tax_code).code,
            "net": amount(bearer.net),
            "tax": amount(bearer.tax),
            "nominalCode": nominal(part, refs),
            "externalRef": f"{document.number}-{position}",
            "sequence": position * 10,
        }
    )


def nominal(part: Line | AllowanceCharge, refs: References) -> str:
    """The account of a row; without one Brightpearl takes the contact's, the product's or its default."""
    if part.account_code:
        return refs.get(ReferenceKind.ACCOUNT, part.account_code).code
    return refs.settings.get("freight_nominal", "") if is_freight(part) else ""


def _line(line: Line, refs: References) -> Body:
    quantity = f"{line.quantity.normalize():f}"
    if not line.item_code:
        return {"name": name_of(line.name), "quantity": quantity}
    item = refs.get(ReferenceKind.ITEM, line.item_code)
    if item.details.get("stock_tracked") == "True" and line.quantity != line.quantity.to_integral_value():
        says = f"product {item.code} is stock tracked, which takes whole quantities only, and line {line.line_id} has {quantity}"
        raise PlatformError(says, platform=SPEC.slug, rule=INEXPRESSIBLE, field=f"line {line.line_id}")
    return {"productId": id_of(item.remote_id), "quantity": quantity}


def _own(each: AllowanceCharge) -> Body:
    """A row for an allowance or charge of the whole document."""
    return {"name": f"{CHARGE_ROW if each.is_charge else DISCOUNT_ROW}{name_of(label_of(each))}", "quantity": "1"}


def legacy_row(body: Body) -> Body:
    """A row as `POST /order/{id}/row` takes it; that form has neither an external reference nor a sequence."""
    value = {"taxCode": body["taxCode"], "rowNet": {"value": Decimal(body["net"])}, "rowTax": {"value": Decimal(body["tax"])}}
    return filled(
        {
            "productId": body.get("productId"),
            "productName": body.get("name"),
            "quantity": {"magnitude": Decimal(body["quantity"])},
            "rowValue": value,
            "nominalCode": body.get("nominalCode"),
        }
    )


def close_body(day: date, settings: Mapping[str, str]) -> Body:
    return {"taxDate": stamp(day, settings)}


def taking_back(order: Mapping[str, Any], number: str, on: date, settings: Mapping[str, str]) -> Body:
    """The sales credit that takes an invoiced order back whole: its own rows, amounts and rate, dated `on`."""
    held = order["currency"]
    foreign = held["orderCurrencyCode"] != held["accountingCurrencyCode"]
    rate = {"fixedExchangeRate": True, "exchangeRate": held["exchangeRate"]} if foreign else {}
    return filled(
        {
            "customer": {"id": order["parties"]["customer"]["contactId"]},
            "parentId": order["id"],
            "ref": order["reference"],
            "externalRef": f"{number}{CREDIT_SUFFIX}",
            "installedIntegrationInstanceId": id_of(settings.get("instance_id")),
            "placedOn": stamp(on, settings),
            "taxDate": stamp(on, settings),
            "priceModeCode": order["priceModeCode"],
            "currency": {"code": held["orderCurrencyCode"], **rate},
            "rows": [_mirrored(each) for each in order["orderRows"].values()],
        }
    )


def _mirrored(held: Mapping[str, Any]) -> Body:
    free = held["productId"] == FREE_TEXT_PRODUCT
    value = held["rowValue"]
    return filled(
        {
            **({"name": held["productName"]} if free else {"productId": held["productId"]}),
            "quantity": held["quantity"]["magnitude"],
            "taxCode": value["taxCode"],
            "net": value["rowNet"]["value"],
            "tax": value["rowTax"]["value"],
            "nominalCode": held.get("nominalCode"),
        }
    )


# -- customers ----------------------------------------------------------------------------------------------------------


def address_body(address: Address) -> Body:
    """Lines one to four are street, suburb, city and state; the country in two letters, which orders take as well as three."""
    suburb = ", ".join(part for part in (address.line2, address.line3) if part)
    return filled(
        {
            "addressLine1": name_of(address.line1),
            "addressLine2": name_of(suburb),
            "addressLine3": name_of(address.city),
            "addressLine4": name_of(address.region),
            "postalCode": name_of(address.postal_code),
            "countryIsoCode": address.country,
        }
    )


def postal_address(party: Party) -> Body:
    """The body of `POST /postal-address`, where first line and country are required (a country of two letters is UNVERIFIED here)."""
    body = address_body(party.address)
    if "countryIsoCode" not in body:
        raise PlatformError(f"customer {party.code} has no country, which Brightpearl needs", platform=SPEC.slug, rule=INEXPRESSIBLE)
    return {**body, "addressLine1": body.get("addressLine1") or body.get("addressLine3") or name_of(party.name)}


def contact_body(party: Party, address_id: int, currency_id: str, settings: Mapping[str, str]) -> Body:
    """The body of `POST /contact`, nested as on GET (UNVERIFIED on POST); our code stands in the account reference."""
    first, _, last = name_of(party.contact.name).partition(" ")
    days = settings.get("credit_term_days", "")
    email, phone = plain(party.contact.email), plain(party.contact.phone)
    channels = filled({"emails": {"PRI": {"email": email}} if email else {}, "telephones": {"PRI": phone} if phone else {}})
    return filled(
        {
            "firstName": (first or "Accounts")[:PERSON],
            "lastName": last[:PERSON],
            "postAddressIds": dict.fromkeys(("DEF", "BIL", "DEL"), address_id),
            "communication": channels,
            "organisation": {"name": name_of(party.name)},
            "assignment": {"current": {"accountReference": party.code}},
            "financialDetails": filled({"currencyId": id_of(currency_id), "creditTermDays": int(days) if days else None}),
        }
    )


# -- payments -----------------------------------------------------------------------------------------------------------


def transaction_ref(payment: Payment, remote_id: str) -> str:
    """The words by which Brightpearl knows the part of a payment that settles one order: unique together with the method."""
    whole = f"{payment.source}:{payment.source_id}:{remote_id}"
    return whole if len(whole) <= TRANSACTION else f"{whole[: TRANSACTION - 17]}-{sha256(whole.encode()).hexdigest()[:16]}"


def payment_bodies(payment: Payment, refs: References, method: str) -> list[Body]:
    """A body of `POST /customer-payment` for each order that the payment settles."""
    memo = " ".join(part for part in (payment.reference, payment.memo, payment.bank_account) if part)
    names = {each.remote_id: each.document_number for each in payment.allocations}
    return [
        filled(
            {
                "transactionRef": transaction_ref(payment, remote_id),
                "transactionCode": plain(payment.reference)[:TRANSACTION],
                "paymentMethodCode": method,
                "paymentType": "RECEIPT",
                "orderId": id_of(remote_id),
                "currencyIsoCode": payment.currency,
                "exchangeRate": exchange_rate(payment, refs.settings),
                "amountPaid": amount(share),
                "paymentDate": stamp(payment.received_on, refs.settings),
                "journalRef": plain(f"{names[remote_id]} {memo}".strip())[:JOURNAL],
            }
        )
        for remote_id, share in by_document(payment).items()
        if share
    ]
