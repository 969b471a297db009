"""What the account has before its first invoice: taxes and items. FreshBooks has no terms, dimensions, units or accounts to set up."""

from __future__ import annotations

from airbooks.platforms.freshbooks.sandbox.account import Account
from airbooks.platforms.freshbooks.sandbox.answers import Row
from airbooks.platforms.freshbooks.sandbox.fields import shown

TAXES = (("TX Sales Tax", "8.25"), ("CA Sales Tax", "7.25"))


def seed_account(account: Account, catalogue: list[Row]) -> None:
    """`catalogue` rows have code, name and list_price_usd."""
    for name, percentage in TAXES:
        add_tax(account, name, percentage)
    for entry in catalogue:
        row_id = account.new_id("item")
        item = {
            "id": row_id,
            "itemid": row_id,
            "name": entry["code"],
            "sku": entry["code"],
            "description": entry["name"],
            "unit_cost": shown(entry["list_price_usd"], account.home),
            "qty": "1",
            "tax1": 0,
            "tax2": 0,
            "vis_state": 0,
        }
        account.put("item", item)


def add_tax(account: Account, name: str, percentage: str) -> Row:
    row_id = account.new_id("tax")
    tax = {"id": row_id, "taxid": row_id, "name": name, "amount": percentage, "number": "", "compound": False, "vis_state": 0}
    return account.put("tax", tax)
