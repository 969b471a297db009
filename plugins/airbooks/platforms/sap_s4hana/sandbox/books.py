"""What is booked, read from the journal's own documents."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.sap_s4hana.sandbox.journal import ZERO, Journal, debts, key_of
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Row

KINDS = {"DR": "invoice", "DG": "credit_note"}


def books(journal: Journal) -> Books:
    documents = [row for row in journal.documents.values() if not row["reversal"]]
    return Books(
        documents=[_document(journal, row) for row in documents if row["type"] in KINDS],
        payments=[_payment(row) for row in documents if row["type"] == "DZ"],
    )


def _document(journal: Journal, row: Row) -> Booked:
    sign = Decimal(1) if row["type"] == "DR" else Decimal(-1)
    total = sign * sum((item["amount"] for item in debts(row)), ZERO)
    tax = -sign * sum((item["amount"] for item in row["items"] if item["tax_item"]), ZERO)
    status, balance = _standing(journal, row, total)
    return Booked(
        remote_id=key_of(row),
        kind=KINDS[row["type"]],
        number=row["number"],
        our_number=row["reference"],
        status=status,
        customer=debts(row)[0]["customer"],
        currency=row["currency"],
        net=total - tax,
        tax=tax,
        total=total,
        balance=balance,
        lines=sum(1 for item in row["items"] if item["kind"] == "S" and not item["tax_item"]),
    )


def _standing(journal: Journal, row: Row, total: Decimal) -> tuple[str, Decimal]:
    if row["reversed"]:
        return "void", ZERO
    if all(item["cleared"] for item in debts(row)):
        return "paid", ZERO
    paid = ZERO
    for key in journal.keys("InvoiceReference", [row["number"].lstrip("0")]):
        other = journal.documents[key]
        mine = (item for item in debts(other) if (item["invoice_reference"], item["invoice_year"]) == (row["number"], row["year"]))
        paid += sum((-item["amount"] for item in mine if not (item["cleared"] or other["reversed"])), ZERO)
    return ("partially_paid" if paid else "open"), total - paid


def _payment(row: Row) -> BookedPayment:
    applied: dict[str, Decimal] = {}
    for item in debts(row):
        for key, part in item["applied"].items():
            applied[key] = applied.get(key, ZERO) + part
    return BookedPayment(
        remote_id=key_of(row),
        reference=row["reference"],
        currency=row["currency"],
        amount=-sum((item["amount"] for item in debts(row)), ZERO),
        applied=applied,
        status="void" if row["reversed"] else "posted",
    )
