"""What a company has booked, in the words that every simulator's books share."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from airbooks.platforms.quickbooks.sandbox.answers import Row
from airbooks.platforms.quickbooks.sandbox.payments import applied
from airbooks.platforms.quickbooks.sandbox.realm import Realm
from airbooks.sandbox.kit import Booked, BookedPayment


def booked_documents(realm: Realm) -> Iterator[Booked]:
    for entity, kind in (("Invoice", "invoice"), ("CreditMemo", "credit_note")):
        for row in realm.table(entity).values():
            yield _booked(row, kind)


def booked_payments(realm: Realm) -> Iterator[BookedPayment]:
    for row in realm.table("Payment").values():
        yield BookedPayment(
            remote_id=row["Id"],
            reference=row.get("PaymentRefNum", ""),
            currency=row["CurrencyRef"]["value"],
            amount=row["TotalAmt"],
            applied={row_id: amount for (_, row_id), amount in applied(row).items()},
            status="void" if _is_void(row) else "posted",
        )


def _booked(row: Row, kind: str) -> Booked:
    tax = row["TxnTaxDetail"]["TotalTax"]
    number = row.get("DocNumber", "")
    return Booked(
        remote_id=row["Id"],
        kind=kind,
        number=number,
        our_number=number,
        status=_status(row),
        customer=row["CustomerRef"]["name"],
        currency=row["CurrencyRef"]["value"],
        net=row["TotalAmt"] - tax,
        tax=tax,
        total=row["TotalAmt"],
        balance=row["Balance"],
        lines=sum(line["DetailType"] == "SalesItemLineDetail" for line in row["Line"]),
    )


def _is_void(row: Row) -> bool:
    return bool(row["TotalAmt"] == 0 and row.get("PrivateNote", "").startswith("Voided"))


def _status(row: Row) -> str:
    if _is_void(row):
        return "void"
    if row["Balance"] == Decimal(0):
        return "paid"
    return "open" if row["Balance"] == row["TotalAmt"] else "partially_paid"
