"""Applying payments and credit memos to invoices: what is applied lowers what remains, and never below nothing."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.platforms.netsuite.sandbox.refusal import invalid_value, user
from airbooks.sandbox.kit import Row

ZERO = Decimal(0)


def remaining(invoice: Row) -> Decimal:
    return Decimal(invoice["total"] - invoice["amountPaid"])


def apply(account: Account, payer: Row, available: Decimal, items: list[Row]) -> None:
    """Change what `payer` (a payment or credit memo of this amount) is applied to; nothing changes where one item is refused."""
    applied: dict[str, Decimal] = dict(payer.get("applied", {}))
    for index, item in enumerate(items):
        path = f"apply.items[{index}]"
        invoice = account.invoice((item.get("doc") or {}).get("id", ""))
        if invoice is None:
            raise invalid_value(str((item.get("doc") or {}).get("id")), f"{path}.doc")
        _check_fit(payer, invoice, path)
        before = applied.pop(invoice["id"], ZERO)
        if item.get("apply"):
            applied[invoice["id"]] = _amount(item, invoice, before, available - sum(applied.values(), ZERO), path)
    if sum(applied.values(), ZERO) > available:
        raise user("The amount to apply exceeds the amount of the payment.", "apply")
    _book(account, payer, applied)


def _check_fit(payer: Row, invoice: Row, path: str) -> None:
    owner = payer.get("customer") or payer.get("entity")
    if owner != invoice["entity"] or payer["currency"] != invoice["currency"] or invoice.get("pending"):
        raise invalid_value(invoice["id"], f"{path}.doc")


def _amount(item: Row, invoice: Row, before: Decimal, left: Decimal, path: str) -> Decimal:
    """What is applied: as given, or all that is due as far as it goes (from memory)."""
    due = remaining(invoice) + before
    amount = item.get("amount")
    amount = min(due, left) if amount is None else Decimal(amount)
    if amount > due:
        raise user("The amount to apply exceeds the amount due.", f"{path}.amount")
    if amount <= 0:
        raise user("The amount to apply must be greater than zero.", f"{path}.amount")
    return amount


def _book(account: Account, payer: Row, applied: dict[str, Decimal]) -> None:
    before = payer.get("applied", {})
    for key in {*before, *applied}:
        invoice = account.transactions[key]
        change = applied.get(key, ZERO) - before.get(key, ZERO)
        if change:
            paid = invoice["amountPaid"] + change
            account.transactions[key] = {**invoice, "amountPaid": paid, "lastModifiedDate": account.modified()}
    payer["applied"] = applied


def release(account: Account, payer: Row) -> None:
    """Take back everything that a payment or credit memo is applied to."""
    _book(account, payer, {})


def shown(account: Account, payer: Row) -> list[Row]:
    """The `apply` sublist: what it is applied to, and the customer's open invoices that it is not applied to."""
    owner = payer.get("customer") or payer.get("entity")
    rows = []
    for key, row in account.transactions.items():
        applied = payer["applied"].get(key)
        is_open = row["type"] == "CustInvc" and row["entity"] == owner and row["currency"] == payer["currency"] and remaining(row) > 0
        if applied is not None or is_open:
            item = {
                "doc": {"id": key, "refName": row["tranId"]},
                "apply": applied is not None,
                "total": row["total"],
                "refNum": row["tranId"],
            }
            rows.append({**item, "amount": applied} if applied is not None else {**item, "due": remaining(row)})
    return rows
