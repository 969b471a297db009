"""What the company has before its first invoice: users, accounts, taxes, items, terms, warehouses, subaccounts, payment methods."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from airbooks.platforms.acumatica.sandbox.answers import Row
from airbooks.platforms.acumatica.sandbox.company import Company

ACCOUNTS = (
    ("1000", "Operating bank", "Asset", "USD"),
    ("1001", "Operating bank GBP", "Asset", "GBP"),
    ("1002", "Operating bank AUD", "Asset", "AUD"),
    ("1003", "Operating bank EUR", "Asset", "EUR"),
    ("1100", "Accounts receivable", "Asset", None),
    ("2200", "Sales tax payable", "Liability", None),
    ("4000", "Equipment sales", "Income", None),
    ("4010", "Parts sales", "Income", None),
    ("4100", "Service income", "Income", None),
    ("4800", "Discounts given", "Income", None),
    ("4900", "Freight income", "Income", None),
)
CASH_ACCOUNTS = ("1000", "1001", "1002", "1003")
REVENUE = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900"}
TAXES = (("TXSALES", "Texas sales tax", "8.25"), ("CASALES", "California sales tax", "7.25"))
ZONES = (("TEXAS", "Texas", "TXSALES"), ("CALIFORNIA", "California", "CASALES"))
UNITS = {"C62": "EA", "SET": "SET", "CA": "CAN", "MTR": "METER", "HUR": "HOUR", "DAY": "DAY"}
SUBACCOUNTS = (("WHS-000", "Wholesale"), ("SRV-000", "Service"))
METHODS = (("WIRE", "Wire"), ("CHECK", "Check"), ("CARD", "Card"))


def seed_company(company: Company, catalogue: list[Row]) -> None:
    """`catalogue` rows have code, name, kind, revenue_group, unit and list_price_usd."""
    for code, name, kind, currency in ACCOUNTS:
        company.put("Account", {"AccountCD": code, "Description": name, "Type": kind, "CurrencyID": currency, "Active": True})
    for code, name in SUBACCOUNTS:
        company.put("Subaccount", {"SubaccountCD": code, "Description": name, "Active": True})
    for code in ("MAIN", "NORTH"):
        company.put("Warehouse", {"WarehouseID": code, "Description": f"Warehouse {code.capitalize()}", "Active": True})
    company.put("Warehouse", {"WarehouseID": "OLD", "Description": "Closed warehouse", "Active": False})
    for code in ("USD", "GBP", "AUD", "EUR"):
        company.put("Currency", {"CurrencyID": code, "Description": code, "Active": True})
    for code in UNITS.values():
        company.put("UnitsOfMeasure", {"UnitID": code, "Description": code.capitalize()})
    accounts = [{"CashAccount": code} for code in CASH_ACCOUNTS]
    for code, name in METHODS:
        company.put("PaymentMethod", {"PaymentMethodID": code, "Description": name, "Active": True, "AllowedCashAccounts": accounts})
    company.table("$branches")["MAIN"] = {"Active": True}
    for code in ("DEFAULT", "TRADE"):
        company.table("$classes")[code] = {"Active": True}
    _taxes(company)
    for each in catalogue:
        _item(company, each)


def _taxes(company: Company) -> None:
    """A category means taxes, a zone means taxes; a line bears those that both mean."""
    old, new = datetime(2010, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC)
    for code, name, rate in TAXES:
        schedule = [{"StartDate": new, "TaxRate": Decimal(rate)}, {"StartDate": old, "TaxRate": Decimal(5)}]
        company.put("Tax", {"TaxID": code, "Description": name, "TaxType": "Sales", "TaxSchedule": schedule})
    for code, name, tax in ZONES:
        company.put("TaxZone", {"TaxZoneID": code, "Description": name, "ApplicableTaxes": [{"TaxID": tax}]})
    taxable = [{"TaxID": code} for code, _, _ in TAXES]
    for code, name, details in (("TAXABLE", "Taxable", taxable), ("EXEMPT", "Exempt", [])):
        category = {"TaxCategoryID": code, "Description": name, "Active": True, "ExcludeListedTaxes": False, "Details": details}
        company.put("TaxCategory", category)


def _item(company: Company, entry: Row) -> None:
    stock = entry["kind"] == "item"
    unit = UNITS[str(entry["unit"])]
    row: Row = {
        "InventoryID": entry["code"],
        "Description": entry["name"],
        "ItemStatus": "Active",
        "TaxCategory": "TAXABLE",
        "DefaultPrice": Decimal(str(entry["list_price_usd"])),
        "SalesUOM" if stock else "SalesUnit": unit,
        "_unit": unit,
        "_account": REVENUE[str(entry["revenue_group"])],
        "_stock": stock,
    }
    company.put("StockItem" if stock else "NonStockItem", row)
