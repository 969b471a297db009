"""What the two businesses have before their first invoice: accounts, products, sales taxes."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.wave.sandbox.business import Business
from airbooks.platforms.wave.sandbox.schema import rounded
from airbooks.sandbox.kit import Row

US_UUID, CA_UUID = "6f3c1d52-8a47-4a0e-9d6b-2f1a7c5e9b10", "b81d0f6e-3c29-4e77-8f45-90ab1e6d2c33"
# Account number, name, subtype.
ACCOUNTS = (
    ("1000", "Operating bank", "CASH_AND_BANK"),
    ("1050", "Money in transit", "MONEY_IN_TRANSIT"),
    ("1100", "Accounts receivable", "RECEIVABLE_INVOICES"),
    ("2200", "Sales tax payable", "SALES_TAX"),
    ("4000", "Equipment sales", "INCOME"),
    ("4010", "Parts sales", "INCOME"),
    ("4100", "Service income", "INCOME"),
    ("4800", "Discounts given", "DISCOUNTS"),
    ("4900", "Freight income", "INCOME"),
)
INCOME = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900"}
CHARGE = "Document charge"
US_TAXES = (("TX", "Texas sales tax", "0.0825"), ("CA", "California sales tax", "0.0725"))
CA_TAXES = (("GST", "Goods and services tax", "0.05"), ("PST", "Provincial sales tax", "0.07"))


def seed_business(business: Business, settings: Row, taxes: tuple[tuple[str, str, str], ...], catalogue: list[Row]) -> None:
    """Fill an empty business; `catalogue` rows have code, name, kind, revenue_group and list_price_usd."""
    now = business.now()
    business.configure(
        {"isArchived": False, "isPersonal": False, "emailSendEnabled": True, "createdAt": now, "modifiedAt": now, **settings}
    )
    accounts = {number: _account(business, number, name, subtype) for number, name, subtype in ACCOUNTS}
    for abbreviation, name, rate in taxes:
        _tax(business, abbreviation, name, rate)
    for row in catalogue:
        _product(business, row["code"], row["name"], Decimal(row["list_price_usd"]), accounts[INCOME[row["revenue_group"]]])
    _product(business, CHARGE, CHARGE, Decimal(0), accounts["4900"])


def _account(business: Business, number: str, name: str, subtype: str) -> str:
    row = {"name": name, "displayId": number, "subtype": subtype, "currency": business.home, "isArchived": False, "sequence": 1}
    return str(business.add("Account", row)["id"])


def _tax(business: Business, abbreviation: str, name: str, rate: str) -> None:
    row = {
        "name": name,
        "abbreviation": abbreviation,
        "rate": Decimal(rate),
        "isCompound": False,
        "isRecoverable": False,
        "isArchived": False,
    }
    business.add("SalesTax", row)


def _product(business: Business, name: str, description: str, price: Decimal, account: str) -> None:
    taxes = [next(iter(business.table("SalesTax")))]
    row = {"name": name, "description": description, "unitPrice": rounded(price, 5), "incomeAccount": account, "defaultSalesTaxes": taxes}
    business.add("Product", {**row, "isArchived": False})


def product_named(business: Business, name: str) -> str:
    return next(str(row["id"]) for row in business.table("Product").values() if row["name"] == name)


def account_numbered(business: Business, number: str) -> str:
    return next(str(row["id"]) for row in business.table("Account").values() if row["displayId"] == number)
