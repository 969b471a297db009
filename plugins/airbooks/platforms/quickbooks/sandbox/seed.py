"""What a company has before its first invoice: accounts, items, tax codes, terms, classes, locations, payment methods, currencies."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.platforms.quickbooks.sandbox.answers import Row
from airbooks.platforms.quickbooks.sandbox.customers import keep_name
from airbooks.platforms.quickbooks.sandbox.realm import Realm

US_REALM, GB_REALM = "9130347596842106", "9130352478816426"
CURRENCIES = {"USD": "United States Dollar", "GBP": "British Pound Sterling", "AUD": "Australian Dollar", "EUR": "Euro"}
# Foreign units per US dollar.
PER_DOLLAR = {"USD": Decimal(1), "GBP": Decimal("0.79"), "AUD": Decimal("1.52"), "EUR": Decimal("0.92")}
# Account number, name, type; ids are given in this order, from 1.
ACCOUNTS = (
    ("1000", "Operating bank", "Bank"),
    ("1100", "Accounts receivable", "Accounts Receivable"),
    ("1150", "Undeposited Funds", "Other Current Asset"),
    ("2200", "Sales tax payable", "Other Current Liability"),
    ("4000", "Equipment sales", "Income"),
    ("4010", "Parts sales", "Income"),
    ("4100", "Service income", "Income"),
    ("4800", "Discounts given", "Income"),
    ("4900", "Freight income", "Income"),
)
BANK_ACCOUNT, UNDEPOSITED_FUNDS, DISCOUNT_ACCOUNT = "1", "3", "8"
CHARGE_ITEM = "Document charge"
INCOME = {"EQUIPMENT": "5", "PARTS": "6", "SERVICE": "7", "FREIGHT": "9"}
# Name, days, early-payment percent and days.
TERMS = (("Due on receipt", 0, None, None), ("Net 14", 14, None, None), ("Net 30", 30, None, None), ("2% 10 Net 30", 30, 2, 10))
US_TAXES = (("California", "7.25"), ("Texas", "8.25"))
GB_TAXES = (("20.0% S", "20"), ("5.0% R", "5"), ("0.0% Z", "0"), ("20.0% RC SG", "0"))


def seed_company(realm: Realm, settings: Row, taxes: tuple[tuple[str, str], ...], catalogue: list[Row]) -> None:
    """Fill an empty realm; `catalogue` rows have code, name, kind, revenue_group and list_price_usd."""
    realm.configure(
        {
            "rates": _rates(settings["home_currency"]),
            "custom_numbers": True,
            "allow_duplicates": False,
            "automated_sales_tax": False,
            "state_rates": {"CA": "7.25", "TX": "8.25"},
            "custom_fields": {"1": "PO Number", "2": "Sales Rep"},
            "undeposited_funds": UNDEPOSITED_FUNDS,
            **settings,
        }
    )
    for code, name in CURRENCIES.items():
        realm.put("CompanyCurrency", {"Id": code, "Code": code, "Name": name, "Active": True})
    for number, name, kind in ACCOUNTS:
        _add(realm, "Account", Name=name, FullyQualifiedName=name, AcctNum=number, AccountType=kind)
    for name, days, percent, discount_days in TERMS:
        early = {} if percent is None else {"DiscountPercent": percent, "DiscountDays": discount_days}
        _add(realm, "Term", Name=name, Type="STANDARD", DueDays=days, **early)
    for entity, names in (
        ("Class", ("WHOLESALE", "SERVICE")),
        ("Department", ("MAIN", "NORTH")),
        ("PaymentMethod", ("Wire", "Check", "Card")),
    ):
        for name in names:
            _add(realm, entity, Name=name)
    _add_taxes(realm, taxes)
    for row in catalogue:
        _add_item(realm, row)
    charge = {"code": CHARGE_ITEM, "name": CHARGE_ITEM, "kind": "freight", "revenue_group": "FREIGHT", "list_price_usd": "0"}
    _add_item(realm, charge)
    vendor = _add(realm, "Vendor", DisplayName="Bauer Kompressoren Vertrieb", CompanyName="Bauer Kompressoren Vertrieb")
    keep_name(realm, "Vendor", vendor)


def _rates(home: str) -> dict[str, str]:
    """Home units per one foreign unit, as the service gives them: six decimals."""
    return {code: str(round(PER_DOLLAR[home] / PER_DOLLAR[code], 6)) for code in CURRENCIES}


def _add(realm: Realm, entity: str, **fields: Any) -> Row:
    return realm.put(entity, {"Id": realm.new_id(entity), "Active": True, **fields})


def _add_taxes(realm: Realm, taxes: tuple[tuple[str, str], ...]) -> None:
    """One tax code per rate; US companies have the two line codes TAX and NON as well."""
    if realm.is_us:
        for code in ("TAX", "NON"):
            realm.put("TaxCode", {"Id": code, "Active": True, "Name": code, "Taxable": code == "TAX", "TaxGroup": False})
    realm.new_id("TaxCode")
    for name, percent in taxes:
        rate = _add(realm, "TaxRate", Name=name, RateValue=Decimal(percent))
        details = [{"TaxRateRef": {"value": rate["Id"], "name": name}, "TaxTypeApplicable": "TaxOnAmount", "TaxOrder": 0}]
        _add(realm, "TaxCode", Name=name, Taxable=True, TaxGroup=True, SalesTaxRateList={"TaxRateDetail": details})


def _add_item(realm: Realm, row: Row) -> None:
    account = realm.table("Account")[INCOME[row["revenue_group"]]]
    _add(
        realm,
        "Item",
        Name=row["code"],
        FullyQualifiedName=row["code"],
        Sku=row["code"],
        Description=row["name"],
        Type="NonInventory" if row["kind"] == "item" else "Service",
        UnitPrice=Decimal(row["list_price_usd"]),
        Taxable=row["kind"] == "item",
        IncomeAccountRef={"value": account["Id"], "name": account["Name"]},
    )
