"""Customers: required fields, one external id each, currencies that are added."""

from __future__ import annotations

from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.platforms.netsuite.sandbox.refusal import user
from airbooks.platforms.netsuite.sandbox.schema import require
from airbooks.sandbox.kit import Row


class Customers:
    """The customers of the account."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def create(self, body: Row) -> Row:
        account = self.account
        if not body.get("isPerson"):
            require(body, "companyName")
        require(body, "subsidiary")  # OneWorld
        number = str(account.store.next_number("entity", first=220))
        row: Row = {"currency": {"id": "1"}, "isPerson": False, **body, "id": number, "lastModifiedDate": account.modified()}
        self._name(row)
        account.claim_external_id("customer", row)
        account.customers[number] = row
        return row

    def _name(self, row: Row) -> None:
        """Entity ids are unique, and the account's own where it numbers by itself."""
        if self.account.setting("auto_customer_ids"):
            if row.get("entityId"):
                raise user("You cannot set the entity id: auto-generated names are on.", "entityId")
            row["entityId"] = f"CUST{row['id']}"
        row.setdefault("entityId", row["companyName"])
        if any(each["entityId"] == row["entityId"] for each in self.account.customers.values()):
            raise user("A customer record with this ID already exists. You must enter a unique customer ID.", "entityId")

    def change(self, row: Row, body: Row) -> Row:
        """Sublists are added to."""
        lists: Row = {name: [*row.get(name, []), *body.pop(name)] for name in ("currencyList", "addressBook") if name in body}
        changed: Row = {**row, **body, **lists, "lastModifiedDate": self.account.modified()}
        if "externalId" in body:
            self.account.claim_external_id("customer", changed)
        self.account.customers[row["id"]] = changed
        return changed
