"""What a person at the screen does to take a payment back (UNVERIFIED): its matching is undone, and a voucher with the opposite amounts
and the same numbers stands against it."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.unit4.sandbox.tenant import SERIES, Tenant
from airbooks.sandbox.kit import Row


def take_back(tenant: Tenant, voucher: int) -> None:
    now = tenant.clock.now()
    rows = {at: item for at, item in tenant.items.items() if item["transactionNumber"] == voucher}
    kind = next(iter(rows.values()))["transactionType"]
    against = tenant.store.next_number(f"voucher {kind}", SERIES[kind])
    for at, item in rows.items():
        _unmatch(tenant, item)
        done = {**item, "restCurrencyAmount": Decimal(0), "restAmount": Decimal(0), "status": "C", "_applied": {}, "lastUpdated": now}
        tenant.items[at] = done
        tenant.items[f"{against}/{item['sequenceNumber']}"] = _opposite(done, against)
    for row in [row for row in tenant.ledger.values() if row["transactionNumber"] == voucher]:
        tenant.ledger[f"{against}/{row['sequenceNumber']}"] = _opposite(row, against)


def _unmatch(tenant: Tenant, item: Row) -> None:
    """What the row had settled is open again."""
    for at, other in list(tenant.items.items()):
        share = item["_applied"].get(str(other["transactionNumber"]))
        if share is None or other["invoiceNumber"] != item["invoiceNumber"]:
            continue
        rest = other["restCurrencyAmount"] + share * (1 if other["currencyAmount"] > 0 else -1)
        applied = {number: each for number, each in other["_applied"].items() if number != str(item["transactionNumber"])}
        in_home = (other["amount"] * rest / other["currencyAmount"]).quantize(Decimal("0.01"))
        changed = {"restCurrencyAmount": rest, "restAmount": in_home, "status": "B", "_applied": applied}
        tenant.items[at] = {**other, **changed, "lastUpdated": tenant.clock.now()}


def _opposite(row: Row, voucher: int) -> Row:
    return {**row, "transactionNumber": voucher, "currencyAmount": -row["currencyAmount"], "amount": -row["amount"]}
