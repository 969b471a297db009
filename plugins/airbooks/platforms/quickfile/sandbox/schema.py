"""The request schemas of the v1.2 methods: which nodes, in which order, how long. JSON is read as the XML sequence it stands for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.platforms.quickfile.sandbox.refusal import schema

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


@dataclass(frozen=True, kw_only=True)
class Node:
    """One node: `kind` text, int, number, boolean, date or nodes; lengths of texts, values of numbers, entries of lists."""

    kind: str = "text"
    required: bool = False
    low: int | None = None
    high: int | None = None
    values: tuple[str, ...] = ()
    many: int | None = None
    nodes: Mapping[str, Node] | None = None


def text(high: int | None = None, low: int = 0, **more: Any) -> Node:
    return Node(high=high, low=low, **more)


def whole(low: int | None = None, high: int | None = None, **more: Any) -> Node:
    return Node(kind="int", low=low, high=high, **more)


def one_of(*values: str, required: bool = True) -> Node:
    return Node(values=values, required=required)


def nodes(content: Mapping[str, Node], *, required: bool = False, many: int | None = None) -> Node:
    return Node(kind="nodes", nodes=content, required=required, many=many)


NUMBER = Node(kind="number")
NEEDED = Node(kind="number", required=True)
FLAG = Node(kind="boolean")
DAY = Node(kind="date")

TAX = nodes({"TaxName": text(required=True), "TaxPercentage": NEEDED, "TaxAmount": NUMBER})
ITEM_LINE = {
    "ItemID": whole(0, required=True),
    "ItemName": text(20),
    "ItemDescription": text(20_000),
    "ItemNominalCode": text(5, 2),
    "Tax1": TAX,
    "Tax2": TAX,
    "UnitCost": NEEDED,
    "Qty": NEEDED,
}
SINGLE = {"InvoiceNumber": text(20, 1), "PurchaseReference": text(), "IssueDate": Node(kind="date", required=True)}
CREDIT = {
    "CreditNoteType": one_of("VOID", "REFUND", "HOLD"),
    "ParentInvoiceID": whole(1, required=True),
    "PaidFromAccount": whole(1200, 1299),
}
INVOICE = {
    "InvoiceID": whole(1),
    "InvoiceType": one_of("INVOICE", "ESTIMATE", "RECURRING"),
    "ClientID": whole(required=True),
    "ClientContactName": text(),
    "ClientAddress": nodes({"Address": text(), "CountryISO": text(2, 2)}),
    "Currency": text(3, 3, required=True),
    "Discount": NUMBER,
    "TermDays": whole(0),
    "Language": text(2),
    "InvoiceDescription": text(35, 2),
    "Terms": text(),
    "Notes": text(),
    "VatCodes": nodes({"Code": Node(values=("exempt", "oos", "cisrc", "nisogs", "niserv"), many=10)}),
    "ProjectTags": nodes({"Tag": Node(low=1, high=30, many=5)}),
    "InvoiceLines": nodes({"ItemLines": nodes({"ItemLine": nodes(ITEM_LINE, many=500, required=True)}, required=True)}, required=True),
    "Scheduling": nodes({"SingleInvoiceData": nodes(SINGLE, required=True)}, required=True),
    "CreditNote": nodes(CREDIT),
}
PAGING = {"ReturnCount": whole(1, 200, required=True), "Offset": whole(0, required=True)}
DIRECTION = {"OrderDirection": one_of("ASC", "DESC")}
CONTACT = {
    "FirstName": text(),
    "Surname": text(),
    "Email": text(),
    "Password": text(20, 6, required=True),
    "TelephoneNumbers": nodes({"Telephone": Node(many=10)}),
}
CLIENT = {
    "CompanyName": text(100, 1, required=True),
    "AccountReference": text(30),
    "AddressLine1": text(75),
    "AddressLine2": text(75),
    "AddressLine3": text(75),
    "Town": text(75),
    "CountryISO": text(3, 2),
    "Postcode": text(15),
    "VatNumber": text(20),
    "Preferences": nodes({"DefaultCurrency": text(3, 3), "DefaultTerm": whole(0)}),
}
SEARCH_CLIENTS = {
    **PAGING,
    "OrderResultsBy": one_of("CompanyName", "CreatedDate"),
    **DIRECTION,
    "ShowDeleted": FLAG,
    "CompanyName": text(),
    "FirstName": text(),
    "Surname": text(),
    "Email": text(),
    "Telephone": text(),
    "AccountReference": text(),
}
SEARCH_INVOICES = {
    **PAGING,
    "OrderResultsBy": one_of("InvoiceNumber", "IssueDate", "ClientName", "Total"),
    **DIRECTION,
    "InvoiceType": one_of("INVOICE", "ESTIMATE", "RECURRING"),
    "TagName": text(),
    "ShowDeleted": FLAG,
    "InvoiceNumber": text(),
}
PAYMENT = {
    "Designation": one_of("CLIENT", "SUPPLIER"),
    "PaymentType": one_of("PAYMENT", "CREDIT"),
    "PaymentDate": Node(kind="date", required=True),
    "InvoiceID": whole(1),
    "DesignatedTo": nodes({"ClientID": whole(1, required=True)}, required=True),
    "Amount": NEEDED,
    "Currency": text(3, 3, required=True),
    "PayMethod": Node(kind="any", required=True),
    "BankNominalCode": whole(0),
    "ApplyFromCredit": FLAG,
    "SendConfirmation": FLAG,
    "Notes": text(100),
}
SEND_ITEM = {
    "InvoiceID": whole(1, required=True),
    "SendByEmail": Node(kind="boolean", required=True),
    "SendBySnailMail": Node(kind="boolean", required=True),
    "ClientContactId": whole(1),
}
DELETE = {
    "DeleteAssociatedPayments": FLAG,
    "InvoiceIDs": nodes({"InvoiceID": Node(kind="int", low=1, many=250, required=True)}, required=True),
}
ACCOUNT = {
    "AccountNumber": text(required=True),
    "ReturnVariables": nodes({"Variable": Node(many=50, required=True)}, required=True),
}
METHODS: dict[str, Mapping[str, Node]] = {
    "Client_Search": {"SearchParameters": nodes(SEARCH_CLIENTS, required=True)},
    "Client_Get": {"ClientID": whole(1, required=True)},
    "Client_Create": {
        "ClientDetails": nodes(CLIENT, required=True),
        "ClientContacts": nodes({"DefaultContact": nodes(CONTACT, required=True)}),
    },
    "Item_Search": {"SearchParameters": nodes({**PAGING, "OrderResultsBy": one_of("ItemName"), **DIRECTION}, required=True)},
    "Invoice_Create": {"InvoiceData": nodes(INVOICE, required=True)},
    "Invoice_Get": {"InvoiceID": whole(1, required=True)},
    "Invoice_Search": {"SearchParameters": nodes(SEARCH_INVOICES, required=True)},
    "Invoice_Send": {"SendItem": nodes(SEND_ITEM, many=100, required=True)},
    "Invoice_Delete": {"InvoiceDetails": nodes(DELETE, required=True)},
    "Payment_Create": {"PaymentDetails": nodes(PAYMENT, required=True)},
    "Payment_Delete": {"PaymentDetails": nodes({"PaymentID": Node(kind="int", low=1, many=250, required=True)}, required=True)},
    "System_GetAccountDetails": {"AccountDetails": nodes(ACCOUNT, required=True)},
}
KINDS: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "int": (int,),
    "number": (int, Decimal),
    "boolean": (bool,),
    "date": (str,),
    "nodes": (dict,),
    "any": (str, int),
}


def check(content: Any, known: Mapping[str, Node], parent: str) -> None:
    """Refuse whatever does not fit: unknown nodes, another order, a missing one, a wrong type, length or value."""
    if not isinstance(content, dict):
        raise schema(parent, "it must hold elements")
    order = list(known)
    places = [order.index(name) if name in known else -1 for name in content]
    for name, place in zip(content, places, strict=True):
        if place < 0:
            raise schema(name, f"it is unexpected in '{parent}'")
    if places != sorted(places):
        wrong = next(name for name, here, after in zip(content, places, places[1:], strict=False) if here > after)
        raise schema(wrong, f"it is unexpected at this place; the order in '{parent}' is {', '.join(order)}")
    for name, node in known.items():
        if name not in content:
            if node.required:
                raise schema(parent, f"it has incomplete content: '{name}' is missing")
            continue
        _check_entries(name, content[name], node)


def _check_entries(name: str, value: Any, node: Node) -> None:
    if node.many is None:
        _check_value(name, value, node)
        return
    entries = value if isinstance(value, list) else [value]
    if not 0 < len(entries) <= node.many:
        raise schema(name, f"1 to {node.many} entries are allowed")
    for entry in entries:
        _check_value(name, entry, node)


def _check_value(name: str, value: Any, node: Node) -> None:
    if not isinstance(value, KINDS[node.kind]) or (isinstance(value, bool) and node.kind != "boolean"):
        raise schema(name, f"the value is invalid according to its datatype '{node.kind}'")
    if node.nodes is not None:
        check(value, node.nodes, name)
    elif isinstance(value, int | Decimal) and node.kind in ("int", "number"):
        _check_range(name, value, node)
    elif isinstance(value, str):
        _check_text(name, value, node)


def _check_range(name: str, value: int | Decimal, node: Node) -> None:
    if (node.low is not None and value < node.low) or (node.high is not None and value > node.high):
        raise schema(name, f"the value {value} is out of range (MinInclusive {node.low}, MaxInclusive {node.high})")


def _check_text(name: str, value: str, node: Node) -> None:
    if CONTROL.search(value):
        raise schema(name, "hexadecimal value is an invalid character")
    if node.low is not None and len(value) < node.low:
        raise schema(name, f"the actual length is less than the MinLength value {node.low}")
    if node.high is not None and len(value) > node.high:
        raise schema(name, f"the actual length is greater than the MaxLength value {node.high}")
    if node.values and value not in node.values:
        raise schema(name, "the enumeration constraint failed")
    if node.kind == "date":
        _check_date(name, value)


def _check_date(name: str, value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError:
        raise schema(name, f"the value '{value}' is not a date (yyyy-mm-dd)") from None
