"""What the account has booked, in the words that every simulator's books share."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.brightpearl.sandbox.answers import Row
from airbooks.platforms.brightpearl.sandbox.contacts import company_name
from airbooks.platforms.brightpearl.sandbox.orders import Orders
from airbooks.platforms.brightpearl.sandbox.shapes import net_of, tax_of, total_of
from airbooks.sandbox.kit import Booked, BookedPayment

STATUS = {"UNPAID": "open", "NOT_APPLICABLE": "paid", "PARTIALLY_PAID": "partially_paid", "PAID": "paid"}


def booked(orders: Orders, row: Row) -> Booked:
    """An order is an invoice once it has an invoice reference; one that a credit takes back whole counts no more."""
    total = total_of(row)
    status = "draft"
    if orders.shapes.cancelled(row) or (total and row["invoice"] and orders.taken_back(row)):
        status = "void"
    elif row["invoice"]:
        status = STATUS[orders.shapes.payment_status(row)]
    return Booked(
        remote_id=str(row["id"]),
        kind="invoice" if row["type"] == "SO" else "credit_note",
        number=row["invoice"]["number"] if row["invoice"] else "",
        our_number=row["external"] or "",
        status=status,
        customer=company_name(orders.company.table("contact")[str(row["customer"])]),
        currency=row["currency"],
        net=net_of(row),
        tax=tax_of(row),
        total=total,
        balance=Decimal(0) if status == "void" else total - orders.shapes.paid(row["id"]),
        lines=sum(not row_of["name"].startswith("Document ") for row_of in row["rows"].values()),
    )


def booked_payment(row: Row) -> BookedPayment:
    return BookedPayment(
        remote_id=str(row["id"]),
        reference=row["code"],
        currency=row["currency"]["code"],
        amount=row["amount"],
        applied={str(row["order"]): row["amount"]},
        status="posted",
    )
