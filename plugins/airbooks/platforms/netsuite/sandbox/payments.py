"""Customer payments."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.platforms.netsuite.sandbox.applying import apply, release
from airbooks.platforms.netsuite.sandbox.refusal import user
from airbooks.platforms.netsuite.sandbox.schema import require
from airbooks.sandbox.kit import Row

CODE = "CustPymt"


class Payments:
    """The customer payments of the account."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def create(self, body: Row) -> Row:
        account = self.account
        require(body, "customer", "payment")
        if not body.get("account") and not body.get("undepFunds"):
            raise user("Please enter value(s) for: account.", "account")
        if body["payment"] <= 0:
            raise user("The payment amount must be greater than zero.", "payment")
        customer = account.customers[body["customer"]["id"]]
        currency = body.get("currency") or customer["currency"]
        account.check_customer_currency(customer, currency["id"])
        key = str(account.store.next_number("transaction", first=647))
        row: Row = {"tranDate": account.today(), "applied": {}, **body, "id": key, "type": CODE, "currency": currency}
        account.check_period(row["tranDate"])
        row.setdefault("exchangeRate", account.rate(currency["id"]))
        if not row.get("tranId"):
            row["tranId"] = f"PYMT{account.store.next_number('PYMT', first=1001)}"
        row["lastModifiedDate"] = account.modified()
        account.claim_external_id("transaction", row)
        items = row.pop("apply", [])
        try:
            apply(account, row, Decimal(row["payment"]), items)
        except Exception:
            account.release_external_id("transaction", row)
            raise
        account.transactions[key] = row
        return row

    def change(self, row: Row, body: Row) -> Row:
        items = body.pop("apply", [])
        changed = {**row, **body, "lastModifiedDate": self.account.modified()}
        apply(self.account, changed, Decimal(changed["payment"]), items)
        self.account.transactions[row["id"]] = changed
        return changed

    def delete(self, row: Row) -> None:
        self.account.check_period(row["tranDate"])
        release(self.account, row)
        self.account.release_external_id("transaction", row)
        del self.account.transactions[row["id"]]
