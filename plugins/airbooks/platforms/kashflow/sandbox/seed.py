"""What the company has before its first invoice: nominal codes, products, VAT rates, currencies, projects, banks, payment methods."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.sandbox.kit import Store

Row = dict[str, Any]

NOMINALS = {
    1000: "Operating bank",
    1100: "Accounts receivable",
    2200: "Sales tax payable",
    4000: "Equipment sales",
    4010: "Parts sales",
    4100: "Service income",
    4800: "Discounts given",
    4900: "Freight income",
}
INCOME = {"EQUIPMENT": 4000, "PARTS": 4010, "SERVICE": 4100, "FREIGHT": 4900}
# Foreign units per pound, as /currencies gives them.
CURRENCIES = {"GBP": ("£", "1"), "USD": ("$", "1.265823"), "EUR": ("€", "1.164557"), "AUD": ("A$", "1.924051")}
VAT_RATES = (("20", "Standard rate"), ("5", "Reduced rate"), ("0", "Zero rate"))
PROJECTS = ("WHOLESALE", "SERVICE", "MAIN", "NORTH")
METHODS = ("Wire", "Check", "Card")
BANK_ACCOUNT, FIRST_METHOD = 1211, 3


def seed_company(store: Store, catalogue: list[Row]) -> None:
    nominals = store.table("nominals")
    for nominal, name in NOMINALS.items():
        nominals[str(nominal)] = {"Id": nominal, "Code": nominal, "Name": name}
    for position, (rate, words) in enumerate(VAT_RATES, start=1):
        store.table("vat_rates")[rate] = {"VATId": position, "VATRate": Decimal(rate).quantize(Decimal("0.0001")), "VATText": words}
    for position, (code, (symbol, rate)) in enumerate(CURRENCIES.items(), start=1):
        store.table("currencies")[code] = {
            "Id": position,
            "Code": code,
            "Name": code,
            "Symbol": symbol,
            "ExchangeRate": Decimal(rate),
        }
    for position, name in enumerate(PROJECTS, start=1):
        store.table("projects")[str(position)] = {"Id": 100 + position, "Number": position, "Name": name}
    for position, name in enumerate(METHODS, start=FIRST_METHOD):
        store.table("methods")[str(position)] = {"Id": position, "Name": name}
    store.table("banks")[str(BANK_ACCOUNT)] = {
        "Id": BANK_ACCOUNT,
        "AccountName": "Operating bank",
        "Code": 1000,
        "IsDefaultAccount": True,
        "DefaultInvoicePaymentType": {"Id": FIRST_METHOD, "Name": METHODS[0]},
        "TransactionLockEnabled": False,
        "TransactionLockDate": None,
    }
    for position, row in enumerate(catalogue, start=1):
        _add_product(store, position, row)


def _add_product(store: Store, position: int, row: Row) -> None:
    nominal = INCOME[row["revenue_group"]]
    store.table("products")[f"{nominal}/{row['code']}"] = {
        "Id": position,
        "Code": row["code"],
        "Name": row["name"],
        "Price": Decimal(row["list_price_usd"]).quantize(Decimal("0.0001")),
        "WholeSalePrice": Decimal("0.0000"),
        "VATRate": Decimal("20.0000"),
        "NominalCode": nominal,
        "QuantityInStock": Decimal("1000.0000"),
    }
