"""What the account has before its first invoice."""

from __future__ import annotations

from collections.abc import Iterable

from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.sandbox.kit import Row

SUBSIDIARY, BANK, RECEIVABLES, DISCOUNT_ITEM, CHARGE_ITEM, TAX_TYPE = "1", "101", "119", "9001", "9002", "3"
_ACCOUNTS = {
    "119": ("1100", "Accounts receivable"),
    BANK: ("1000", "Operating bank"),
    "130": ("2200", "Sales tax payable"),
    "140": ("4000", "Equipment sales"),
    "141": ("4010", "Parts sales"),
    "142": ("4100", "Service income"),
    "143": ("4900", "Freight income"),
    "144": ("4800", "Discounts given"),
}
_TAXES = {"11": ("TX_STATE", "Texas 8.25 %", "8.25"), "12": ("CA_STATE", "California 7.25 %", "7.25"), "13": ("US_EXEMPT", "Exempt", "0")}
_TERMS = {"2": ("Net 30", 30), "3": ("Net 14", 14), "4": ("2% 10 Net 30", 30), "5": ("Due on receipt", 0)}
# Base currency (USD) per one unit.
_CURRENCIES = {
    "1": ("USD", "US Dollar", "1"),
    "2": ("GBP", "British Pound", "1.26582278"),
    "3": ("AUD", "Australian Dollar", "0.65789474"),
    "4": ("EUR", "Euro", "1.08695652"),
}
_DIMENSIONS = {"department": ("WHOLESALE", "SERVICE"), "location": ("MAIN", "NORTH"), "classification": ("DOMESTIC", "EXPORT")}
_ITEM_TYPES = {"item": "InvtPart", "service": "Service", "freight": "OthCharge"}


def seed(account: Account, catalogue: Iterable[Row]) -> None:
    """Fill an empty account."""
    add = _Adding(account)
    add("subsidiary", SUBSIDIARY, name="Harbour Compressors Inc", currency="1")
    add("taxtype", TAX_TYPE, name="US Sales Tax")
    add("pricelevel", "-1", name="Custom")
    add("pricelevel", "1", name="Base Price")
    add("accountingperiod", "142", name="This period")
    for key, (code, name) in _ACCOUNTS.items():
        add("account", key, acctnumber=code, fullname=name, name=name)
    for key, (code, description, rate) in _TAXES.items():
        add("salestaxitem", key, itemid=code, name=code, description=description, rate=rate, taxtype=TAX_TYPE)
    for key, (name, days) in _TERMS.items():
        add("term", key, name=name, days=days)
    for key, (symbol, name, rate) in _CURRENCIES.items():
        add("currency", key, symbol=symbol, name=name, rate=rate)
    for number, name in enumerate(("Wire", "Check", "Card"), start=1):
        add("paymentmethod", str(number), name=name)
    for table, names in _DIMENSIONS.items():
        for number, name in enumerate(names, start=1):
            add(table, str(number), name=name)
    add("item", DISCOUNT_ITEM, itemid="AIRBOOKS-DISCOUNT", displayname="Discount", itemtype="Discount")
    add("item", CHARGE_ITEM, itemid="AIRBOOKS-CHARGE", displayname="Charge", itemtype="OthCharge")
    for number, row in enumerate(catalogue, start=98):
        kind = _ITEM_TYPES.get(row["kind"], "InvtPart")
        add("item", str(number), itemid=row["code"], displayname=row["name"], itemtype=kind, baseprice=str(row["list_price_usd"]))


class _Adding:
    """Adds active rows to lists."""

    def __init__(self, account: Account) -> None:
        self.account = account

    def __call__(self, table: str, key: str, /, **fields: object) -> None:
        self.account.table(table)[key] = {"isinactive": "F", **fields}
