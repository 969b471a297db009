"""Customers: a name is unique among all contacts, suppliers included."""

from __future__ import annotations

from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid
from airbooks.platforms.reckon_one.sandbox.book import Book, reference_to
from airbooks.platforms.reckon_one.sandbox.fields import check_known, required, rows_of, text

LIMITS = {"name": 100, "organisationName": 100, "branch": 100, "notes": 1000, "businessNumber1": 20, "businessNumber2": 20}
ADDRESS = {"line1": 80, "line2": 80, "line3": 80, "suburb": 80, "town": 80, "state": 80, "postcode": 30, "country": 30}
PHONE = {"countryCode": 10, "areaCode": 10, "number": 30, "extension": 10}
LISTS = {
    "addresses": ("addresstypes", ADDRESS),
    "phoneNumbers": ("phonetypes", PHONE),
    "electronicAddresses": ("electronicaddresstypes", {"address": 100}),
}
FIELDS = (*LIMITS, *LISTS, "status", "entityTypes", "creditLimit", "paymentTerms")


def create(book: Book, sent: Row) -> Row:
    check_known(sent, FIELDS)
    required(sent, "name")
    row: Row = {
        "id": book.new_id(),
        **dict.fromkeys(LIMITS, ""),
        **{name: [] for name in LISTS},
        "entityTypes": {"isCustomer": True, "isSupplier": False, "isEmployee": False, "isSuperfund": False},
        "status": "Active",
        "contacts": [],
        "balance": 0,
        "creditLimit": None,
        "paymentTerms": None,
        "invoiceCount": 0,
    }
    made = book.put("customers", _changed(book, row, sent))
    return {"id": made["id"], "name": made["name"]}


def change(book: Book, row: Row, sent: Row) -> None:
    """A PATCH: contact details have end points of their own."""
    check_known(sent, set(FIELDS) - set(LISTS))
    book.put("customers", _changed(book, row, sent))


def _changed(book: Book, row: Row, sent: Row) -> Row:
    row = {**row, **{name: text(sent[name], name, limit) for name, limit in LIMITS.items() if name in sent}}
    others = [each for kind in ("customers", "suppliers") for each in book.table(kind).values() if each["id"] != row["id"]]
    if any(each["name"].casefold() == row["name"].casefold() for each in others):
        raise invalid("name", "A contact with this name already exists.")
    if "status" in sent:
        row["status"] = sent["status"]
    if sent.get("paymentTerms"):
        row["paymentTerms"] = reference_to(book.named("terms", sent["paymentTerms"], "paymentTerms"))
    row |= {name: [_detail(book, name, place, each) for place, each in enumerate(rows_of(sent, name))] for name in LISTS if name in sent}
    return {**row, "lastModifiedDateTime": book.clock.now().isoformat()}


def _detail(book: Book, name: str, place: int, sent: Row) -> Row:
    types, limits = LISTS[name]
    location = f"{name}[{place}]."
    check_known(sent, (*limits, "type"), location=location)
    kind = book.named(types, required(sent, "type", location), f"{location}type")
    given = {field: text(sent[field], f"{location}{field}", limit) for field, limit in limits.items() if field in sent}
    return {"id": book.new_id(), "type": reference_to(kind), **given}
