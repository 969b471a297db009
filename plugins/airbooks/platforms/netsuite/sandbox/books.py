"""What is booked, in the words that all simulators share."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.platforms.netsuite.sandbox.applying import remaining
from airbooks.platforms.netsuite.sandbox.payments import CODE
from airbooks.platforms.netsuite.sandbox.sales import INVOICE, unapplied
from airbooks.sandbox.kit import Booked, BookedPayment, Row


def documents(account: Account) -> list[Booked]:
    """Invoices and credit memos; the lines of the discount and charge items are no lines of a document's own."""
    return [_document(account, row) for row in account.transactions.values() if row["type"] != CODE]


def _document(account: Account, row: Row) -> Booked:
    customer, extra = account.customers[row["entity"]["id"]], {"AIRBOOKS-DISCOUNT", "AIRBOOKS-CHARGE"}
    items = account.table("item")
    return Booked(
        remote_id=row["id"],
        kind="invoice" if row["type"] == INVOICE.code else "credit_note",
        number=row["tranId"],
        our_number=row.get("externalId", ""),
        status=_status(account, row),
        customer=customer.get("externalId") or customer["entityId"],
        currency=account.table("currency")[row["currency"]["id"]]["symbol"],
        net=row["subtotal"],
        tax=row["taxTotal"],
        total=row["total"],
        balance=_balance(row),
        lines=sum(1 for line in row["item"] if items[line["item"]["id"]]["itemid"] not in extra),
    )


def _balance(row: Row) -> Decimal:
    return remaining(row) if row["type"] == INVOICE.code else unapplied(row)


def _status(account: Account, row: Row) -> str:
    """An invoice that one credit memo, made from it, takes back as a whole is void in all but name."""
    if row.get("pending"):
        return "draft"
    balance = _balance(row)
    if balance == row["total"] and balance:
        return "open"
    if balance:
        return "partially_paid"
    return "void" if row["type"] == INVOICE.code and _is_credited(account, row) else "paid"


def _is_credited(account: Account, invoice: Row) -> bool:
    return any(
        each.get("createdFrom") == {"id": invoice["id"]} and each["applied"].get(invoice["id"]) == invoice["total"]
        for each in account.transactions.values()
    )


def payments(account: Account) -> list[BookedPayment]:
    return [
        BookedPayment(
            remote_id=row["id"],
            reference=row.get("memo", ""),
            currency=account.table("currency")[row["currency"]["id"]]["symbol"],
            amount=row["payment"],
            applied=dict(row["applied"]),
            status="posted",
        )
        for row in account.transactions.values()
        if row["type"] == CODE
    ]
