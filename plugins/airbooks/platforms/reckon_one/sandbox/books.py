"""What the book holds, in the words that every simulator's books share."""

from __future__ import annotations

from collections.abc import Iterator

from airbooks.platforms.reckon_one.sandbox.answers import Row
from airbooks.platforms.reckon_one.sandbox.book import Book
from airbooks.platforms.reckon_one.sandbox.sales import NUMBER
from airbooks.sandbox.kit import Booked, BookedPayment

KINDS = {"invoices": "invoice", "creditnotes": "credit_note"}


def booked_documents(book: Book, currency: str) -> Iterator[Booked]:
    for table, kind in KINDS.items():
        for row in book.table(table).values():
            yield Booked(
                remote_id=row["id"],
                kind=kind,
                number=row[NUMBER[table][0]],
                our_number=row["reference"] or "",
                status=_status(row),
                customer=row["customer"]["name"],
                currency=currency,
                net=row["totalAmount"] - row["totalTaxAmount"],
                tax=row["totalTaxAmount"],
                total=row["totalAmount"],
                balance=row["balance"],
                lines=len(row["lineItems"]),
            )


def _status(row: Row) -> str:
    if row["status"] != "Approved":
        return {"Draft": "draft", "Paid": "paid", "Closed": "paid"}[row["status"]]
    return "open" if row["balance"] == row["totalAmount"] else "partially_paid"


def booked_payments(book: Book, currency: str) -> Iterator[BookedPayment]:
    for row in book.table("receipts").values():
        yield BookedPayment(
            remote_id=row["id"],
            reference=row["reference"],
            currency=currency,
            amount=row["totalAmount"],
            applied={each["transactionId"]: each["transactionAmount"] for each in row["transactionLinks"]},
            status="posted",
        )
