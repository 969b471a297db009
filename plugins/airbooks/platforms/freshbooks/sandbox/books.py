"""What the account has booked, in the words that every simulator's books share."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from airbooks.platforms.freshbooks.sandbox.account import Account
from airbooks.platforms.freshbooks.sandbox.answers import Row
from airbooks.platforms.freshbooks.sandbox.fields import of
from airbooks.platforms.freshbooks.sandbox.sales import NUMBER, OWNER
from airbooks.sandbox.kit import Booked, BookedPayment


def booked_documents(account: Account) -> Iterator[Booked]:
    for kind in ("invoice", "credit_note"):
        for row in account.table(kind).values():
            total, tax = of(row["amount"]), Decimal(row["tax_booked"])
            yield Booked(
                remote_id=str(row["id"]),
                kind=kind,
                number=row[NUMBER[kind]],
                our_number=row[NUMBER[kind]],
                status=_status(kind, row),
                customer=str(row[OWNER[kind]]),
                currency=row["currency_code"],
                net=total - tax,
                tax=tax,
                total=total,
                balance=total - of(row["paid"]),
                lines=len(row["lines"]),
            )


def _status(kind: str, row: Row) -> str:
    if row["vis_state"] == 1:
        return "void"
    if row["payment_status"] != "unpaid":
        return {"paid": "paid", "partial": "partially_paid"}[row["payment_status"]]
    return "draft" if kind == "invoice" and row["sent_status"] == "draft" else "open"


def booked_payments(account: Account) -> Iterator[BookedPayment]:
    for row in account.table("payment").values():
        yield BookedPayment(
            remote_id=str(row["id"]),
            reference=row["note"],
            currency=row["amount"]["code"],
            amount=of(row["amount"]),
            applied={str(row["invoiceid"]): of(row["amount"])},
            status="void" if row["vis_state"] == 1 else "posted",
        )
