"""Links between transactions: a receipt or credit note, and the invoices that it settles."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid

PREFIX = {"Invoice": "INV", "Receipt": "REC", "CreditNote": "CAN"}


def linked(row: Row) -> Decimal:
    return sum((each["transactionAmount"] for each in row["transactionLinks"]), Decimal(0))


def link_to(kind: str, row: Row, amount: Decimal, number: str, day: str, book_id: str) -> Row:
    """The link as the other side of it is shown."""
    path = {"Invoice": "invoices", "Receipt": "receipts", "CreditNote": "creditNotes"}[kind]
    return {
        "linkId": f"{PREFIX[kind]}-{row['id']}",
        "transactionType": kind,
        "transactionId": row["id"],
        "transactionNumber": number,
        "transactionDate": day,
        "transactionReference": row.get("reference"),
        "transactionAmount": amount,
        "href": f"/{book_id}/{path}/{row['id']}",
    }


def without(row: Row, transaction_id: str) -> list[Any]:
    return [each for each in row["transactionLinks"] if each["transactionId"] != transaction_id]


def check_room(row: Row, amount: Decimal, location: str) -> None:
    """A link is larger than nothing, and not larger than what is left (UNVERIFIED)."""
    if amount <= 0 or amount > row["totalAmount"] - linked(row):
        raise invalid(location, "The amount of the link exceeds the balance of the transaction.")
