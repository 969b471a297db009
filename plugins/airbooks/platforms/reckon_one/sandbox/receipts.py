"""Receipts: money received from customers, linked to their invoices. Credit notes are linked in the same way."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.reckon_one.sandbox import links, sales
from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid, not_found
from airbooks.platforms.reckon_one.sandbox.book import Book, reference_to
from airbooks.platforms.reckon_one.sandbox.fields import check_known, decimal, moment, required, rows_of, text

FIELDS = {
    *("customer", "receiptDate", "totalAmount", "ledgerAccount", "paymentMethod", "reference", "notes", "internalNotes"),
    *("reconciliationStatus", "classification", "transactionLinks", "lineItems"),
}
LIMITS = {"reference": 200, "notes": 255, "internalNotes": 400}


def create(book: Book, sent: Row) -> Row:
    check_known(sent, FIELDS)
    for name in ("customer", "receiptDate", "totalAmount"):
        required(sent, name)
    total = decimal(sent["totalAmount"], "totalAmount")
    if total <= 0:
        raise invalid("totalAmount", "The total amount must be greater than 0.")
    if sent.get("reconciliationStatus", "Uncleared") not in ("Cleared", "Uncleared"):
        raise invalid("reconciliationStatus", "A receipt is reconciled by a bank reconciliation only.")
    day = moment(sent["receiptDate"], "receiptDate")
    book.check_open(day, "receiptDate")
    account = book.named("ledgeraccounts", sent.get("ledgerAccount") or "Main bank account", "ledgerAccount")
    method = book.named("paymentmethods", sent["paymentMethod"], "paymentMethod") if sent.get("paymentMethod") else None
    row = {
        "id": book.new_id(),
        "customer": reference_to(book.customer_named(sent["customer"])),
        "receiptDate": day,
        "ledgerAccount": reference_to(account),
        "paymentMethod": reference_to(method),
        **{name: text(sent.get(name), name, limit) for name, limit in LIMITS.items()},
        "totalAmount": total,
        "reconciliationStatus": sent.get("reconciliationStatus", "Uncleared"),
        "transactionLinks": [],
        "lineItems": [],
    }
    wanted = rows_of(sent, "transactionLinks")
    _check_all(book, row, wanted)
    row = book.put("receipts", {**row, "receiptNumber": book.number("RCPT")})
    for each in wanted:
        link(book, "receipts", book.get("receipts", row["id"]), each)
    return book.get("receipts", row["id"])


def _check_all(book: Book, row: Row, wanted: list[Row]) -> None:
    """All links or none."""
    left = row["totalAmount"]
    for place, each in enumerate(wanted):
        _, amount = _checked(book, row, each, f"transactionLinks[{place}].")
        left -= amount
    if left < 0:
        raise invalid("transactionLinks", "The amount of the links exceeds the amount of the receipt.")


def _checked(book: Book, row: Row, sent: Row, at: str) -> tuple[Row, Decimal]:
    check_known(sent, ("transactionId", "transactionAmount", "transactionType"), location=at)
    for name in ("transactionId", "transactionAmount", "transactionType"):
        required(sent, name, at)
    if sent["transactionType"] != "Invoice":
        raise invalid(f"{at}transactionType", "Only invoices can be linked here.")
    invoice = book.table("invoices").get(str(sent["transactionId"]).lower())
    if invoice is None or invoice["customer"]["id"] != row["customer"]["id"]:
        raise invalid(f"{at}transactionId", "The customer has no such invoice.")
    if invoice["status"] == "Draft":
        raise invalid(f"{at}transactionId", "The invoice is not approved.")
    amount = decimal(sent["transactionAmount"], f"{at}transactionAmount")
    links.check_room(invoice, amount, f"{at}transactionAmount")
    return invoice, amount


def link(book: Book, kind: str, row: Row, sent: Row) -> Row:
    """Both sides of one link; the invoice's balance falls."""
    invoice, amount = _checked(book, row, sent, "")
    links.check_room(row, amount, "transactionAmount")
    of_invoice = links.link_to("Invoice", invoice, amount, invoice["invoiceNumber"], invoice["invoiceDate"], book.id)
    own_kind, number, day = ("Receipt", "receiptNumber", "receiptDate")
    if kind == "creditnotes":
        own_kind, number, day = ("CreditNote", "creditNoteNumber", "creditNoteDate")
    of_row = links.link_to(own_kind, row, amount, row[number], row[day], book.id)
    _put(book, kind, {**row, "transactionLinks": [*row["transactionLinks"], of_invoice]})
    _put(book, "invoices", {**invoice, "transactionLinks": [*invoice["transactionLinks"], of_row]})
    return {"id": of_invoice["linkId"]}


def unlink(book: Book, kind: str, row: Row, link_id: str) -> None:
    """Either side can be asked to give up a link."""
    found = next((each for each in row["transactionLinks"] if each["linkId"].lower() == link_id.lower()), None)
    if found is None:
        raise not_found()
    others = {"Invoice": "invoices", "Receipt": "receipts", "CreditNote": "creditnotes"}[found["transactionType"]]
    other = book.get(others, found["transactionId"])
    _put(book, kind, {**row, "transactionLinks": links.without(row, other["id"])})
    _put(book, others, {**other, "transactionLinks": links.without(other, row["id"])})


def _put(book: Book, kind: str, row: Row) -> None:
    book.put(kind, row if kind == "receipts" else sales.settled(kind, row))


def delete(book: Book, row: Row) -> None:
    """Undo a receipt: its invoices are open again."""
    book.check_open(row["receiptDate"], "receiptDate")
    if row["reconciliationStatus"] == "Reconciled":
        raise invalid("reconciliationStatus", "The receipt is reconciled.")
    for each in list(row["transactionLinks"]):
        unlink(book, "receipts", book.get("receipts", row["id"]), each["linkId"])
    del book.table("receipts")[row["id"]]
