"""The fields of the records that this simulator has (an extract of the REST API Browser), and the check of a body against them.

A kind is text, date, number, bool, enum (`{"id"}`), `ref:table`, `object:schema` or `list:schema`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.platforms.netsuite.sandbox.refusal import content, missing, unknown_field

Row = dict[str, Any]
Resolve = Callable[[str, Row, str], str]  # table, reference, path -> id


def fields(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


_CLASSIFICATION = {"department": "ref:department", "class": "ref:classification", "location": "ref:location"}
_TAX = {"taxDetailsOverride": "bool", "taxDetails": "list:taxDetails"}
_TRANSACTION = {
    **fields("text", "externalId tranId memo"),
    **fields("date", "tranDate"),
    **fields("number", "exchangeRate"),
    "subsidiary": "ref:subsidiary",
    "currency": "ref:currency",
    "postingPeriod": "ref:accountingperiod",
    **_CLASSIFICATION,
}
_SALES = {
    **_TRANSACTION,
    **_TAX,
    **fields("text", "otherRefNum message email"),
    **fields("date", "dueDate shipDate"),
    **fields("number", "shippingCost handlingCost"),
    **fields("bool", "toBeEmailed toBePrinted"),
    "entity": "ref:customer",
    "account": "ref:account",
    "terms": "ref:term",
    "billingAddress": "object:address",
    "shippingAddress": "object:address",
    "item": "list:item",
}
SCHEMAS: Mapping[str, Mapping[str, str]] = {
    "invoice": {**_SALES, "approvalStatus": "enum"},
    "creditMemo": {**_SALES, "autoApply": "bool", "apply": "list:apply"},
    "customerPayment": {
        **_TRANSACTION,
        **fields("number", "payment"),
        **fields("text", "checkNumber"),
        **fields("bool", "autoApply"),
        "customer": "ref:customer",
        "account": "ref:account",
        "arAcct": "ref:account",
        "undepFunds": "enum",
        "paymentOption": "ref:paymentmethod",
        "apply": "list:apply",
    },
    "customer": {
        **fields("text", "externalId entityId companyName email phone vatRegNumber comments"),
        **fields("bool", "isPerson isInactive"),
        "subsidiary": "ref:subsidiary",
        "currency": "ref:currency",
        "terms": "ref:term",
        "addressBook": "list:addressBook",
        "currencyList": "list:currencyList",
    },
    "item": {
        **fields("text", "description taxDetailsReference"),
        **fields("number", "quantity rate amount line"),
        **_CLASSIFICATION,
        "item": "ref:item",
        "price": "ref:pricelevel",
    },
    "taxDetails": {
        **fields("text", "taxDetailsReference"),
        **fields("number", "taxBasis taxRate taxAmount"),
        "taxCode": "ref:salestaxitem",
        "taxType": "ref:taxtype",
    },
    "apply": {"doc": "ref:transaction", "apply": "bool", "amount": "number"},
    "address": {**fields("text", "addressee attention addr1 addr2 addr3 addrPhone city state zip"), "country": "enum", "override": "bool"},
    "addressBook": {**fields("bool", "defaultBilling defaultShipping"), **fields("text", "label"), "addressBookAddress": "object:address"},
    "currencyList": {"currency": "ref:currency"},
}
SUITETAX = frozenset({*_TAX, "taxDetailsReference"})
LENGTHS = {"tranId": 45, "otherRefNum": 45, "memo": 999, "message": 999, "description": 4000, "companyName": 83}
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")


class Form:
    """Checks bodies. `strict` is the vendor's property-name validation; without it unknown names are dropped, and noted in `dropped`."""

    def __init__(self, resolve: Resolve, *, strict: bool, has_suitetax: bool) -> None:
        self.resolve, self.strict, self.has_suitetax = resolve, strict, has_suitetax
        self.dropped: list[str] = []

    def read(self, schema: str, body: Any, path: str = "") -> Row:
        """The known fields of a body, references resolved to `{"id"}`."""
        if not isinstance(body, dict):
            raise content("Invalid content: an object is expected.", path)
        found: Row = {}
        for name, value in body.items():
            place, kind = f"{path}.{name}" if path else name, SCHEMAS[schema].get(name)
            if name in ("links", "id", "refName"):
                continue
            if kind is None or (name in SUITETAX and not self.has_suitetax):
                if self.strict:
                    raise unknown_field(name, place)
                self.dropped.append(place)
            else:
                found[name] = None if value is None else self._value(kind, value, place)
        return found

    def _value(self, kind: str, value: Any, path: str) -> Any:
        what, _, detail = kind.partition(":")
        if what == "list":
            return self._list(detail, value, path)
        if what == "object":
            return self.read(detail, value, path)
        if what in ("ref", "enum"):
            return self._reference(what, detail, value, path)
        return _SCALARS[what](value, path)

    def _list(self, schema: str, value: Any, path: str) -> list[Row]:
        if not isinstance(value, dict) or not isinstance(value.get("items"), list):
            raise content("Invalid content: a sublist is an object with items.", path)
        return [self.read(schema, each, f"{path}.items[{index}]") for index, each in enumerate(value["items"])]

    def _reference(self, what: str, table: str, value: Any, path: str) -> Row:
        if not isinstance(value, dict) or not (isinstance(value.get("id"), str) or isinstance(value.get("externalId"), str)):
            raise content('Invalid content: a reference is an object with "id" or "externalId".', path)
        return {"id": self.resolve(table, value, path) if what == "ref" else value["id"]}


def _text(value: Any, path: str) -> str:
    name = path.rpartition(".")[2]
    if not isinstance(value, str):
        raise content("Invalid content: a string is expected.", path)
    if any(char < " " and char not in "\n\t" for char in value):
        raise content("Invalid content: control characters.", path)
    if len(value) > LENGTHS.get(name, 1_000_000):
        raise content(f"The field {name} contained more than the maximum number ({LENGTHS[name]}) of characters allowed.", path)
    if name == "externalId" and not _EXTERNAL_ID.fullmatch(value):
        raise content("The external id contains characters that are not allowed.", path)
    return value


def _date(value: Any, path: str) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise content("Invalid content: a date YYYY-MM-DD is expected.", path)
    try:
        date.fromisoformat(value)
    except ValueError:
        raise content("Invalid content: no such date.", path) from None
    return value


def _number(value: Any, path: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, Decimal):
        raise content("Invalid content: a number is expected.", path)
    return value


def _bool(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise content("Invalid content: true or false is expected.", path)
    return value


_SCALARS: Mapping[str, Callable[[Any, str], Any]] = {"text": _text, "date": _date, "number": _number, "bool": _bool}


def require(row: Row, *names: str) -> None:
    for name in names:
        if row.get(name) in (None, ""):
            raise missing(name)
