"""What the site has before the first invoice: chart, unit codes, terms, tax codes, rates, items, one order invoice, the posting methods."""

from __future__ import annotations

from airbooks.platforms.infor_syteline.sandbox.database import Database
from airbooks.platforms.infor_syteline.sandbox.posting import PARAMETERS
from airbooks.platforms.infor_syteline.sandbox.schema import Row, ido

# Access to unit codes 1 to 4: A allowed, N not allowed, R required.
CHART = {
    "1000": ("Operating bank", "A", "NNNN"),
    "1100": ("Accounts receivable", "A", "AANN"),
    "2200": ("Sales tax payable", "L", "NNNN"),
    "4000": ("Equipment sales", "R", "AANN"),
    "4010": ("Parts sales", "R", "AANN"),
    "4020": ("Rental income", "R", "RANN"),
    "4100": ("Service income", "R", "AANN"),
    "4800": ("Discounts given", "R", "AANN"),
    "4900": ("Freight income", "R", "AANN"),
    "4950": ("Early-payment discounts", "E", "NNNN"),
}
TERMS = {
    "N30": ("Net 30", 30, 0, "0"),
    "N14": ("Net 14", 14, 0, "0"),
    "2TN": ("2% 10 Net 30", 30, 10, "2"),
    "DUE": ("Due on receipt", 0, 0, "0"),
}
TAX_CODES = {("TXST", "1"): ("Texas sales tax", "8.25"), ("CAST", "1"): ("California sales tax", "7.25"), ("EXEMPT", "1"): ("Exempt", "0")}
UNITS = {1: {"WHSL": "Wholesale", "SERV": "Service"}, 2: {"MAIN": "Main warehouse", "NRTH": "North warehouse"}, 3: {}, 4: {}}
RATES = {"GBP": "1.26582278", "AUD": "0.65789474", "EUR": "1.08695652"}  # domestic (USD) per foreign
ORDER_INVOICE = "INV-00040001"


def seed_site(database: Database, catalogue: list[Row]) -> None:
    for account, (name, kind, access) in CHART.items():
        _add(database, "SLCharts", Acct=account, Description=name, Type=kind, UnitAccess=access)
    for code, (name, days, discount_days, percent) in TERMS.items():
        _add(
            database,
            "SLTerms",
            TermsCode=code,
            Description=name,
            DueDays=str(days),
            DiscDays=str(discount_days),
            DiscPct=percent,
            ProxDay="0",
        )
    for (code, system), (name, rate) in TAX_CODES.items():
        _add(database, "SLTaxcodes", TaxCode=code, TaxSystem=system, TaxRate=rate, Description=name)
    for unit, values in UNITS.items():
        for value, name in values.items():
            _add(database, f"SLUnitcd{unit}s", **{f"Unit{unit}": value, "Description": name})
    for currency, rate in RATES.items():
        _add(database, "SLCurrates", FromCurrCode=currency, ToCurrCode="USD", BuyRate=rate, SellRate=rate)
    for item in catalogue:
        _add(database, "SLItems", Item=item["code"], Description=item["name"], UM="EA")
    _add(database, "SLInvHdrs", InvNum=ORDER_INVOICE, CustNum="ORD0001", CoNum="40001", Price="100")
    for method, (collection, _) in PARAMETERS.items():
        database.store.table("IdoMethods")[method] = {"CollectionName": collection, "MethodName": method, "MethodType": "0"}


def _add(database: Database, name: str, **values: str) -> None:
    of = ido(name)
    database.insert(of, {key: of.prop(key).kept(value) for key, value in values.items()})
