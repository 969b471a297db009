"""Master data of the company: what a user has set up before the first invoice, and the customers that callers create."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from airbooks.platforms.sap_business_one.sandbox.refusal import bad, no_match, unknown_property
from airbooks.sandbox.kit import Row, Store

LOCAL = "EUR"
# The company's own currency codes: its dollar is "$", as in companies set up from the vendor's sample data.
CURRENCIES = {"EUR": ("Euro", "EUR", "1"), "$": ("US Dollar", "USD", "0.92"), "GBP": ("British Pound", "GBP", "1.164557")}
CURRENCIES |= {"AUD": ("Australian Dollar", "AUD", "0.605263")}  # local units for one foreign unit
ACCOUNTS = {
    "4000": "Equipment sales",
    "4010": "Parts sales",
    "4100": "Service income",
    "4900": "Freight income",
    "4800": "Discounts given",
    "1000": "Operating bank",
    "1100": "Accounts receivable",
    "2200": "Sales tax payable",
}
# Segmented chart of accounts: the key is the internal code, FormatCode is what people see.
ACCOUNT_CODES = {format_code: f"_SYS{number:011}" for number, format_code in enumerate(ACCOUNTS, start=1)}
TERMS = {1: ("Net 30", 30), 2: ("Net 14", 14), 3: ("2% 10 Net 30", 30), 4: ("Due on receipt", 0)}
VAT = {"A19": ("Umsatzsteuer 19 %", "19"), "A7": ("Umsatzsteuer 7 %", "7"), "AIG": ("Innergem. Lieferung", "0")}
VAT |= {"AEX": ("Ausfuhr", "0")}
RULES = {"WHSALE": ("Wholesale", 1), "SERVICE": ("Service", 1)}
WAREHOUSES = {"MAIN": "Main warehouse", "NORTH": "North warehouse"}
EXPENSES = {1: "Freight", 2: "Packing"}
PARTNER_LENGTHS = {"CardCode": 15, "CardName": 100, "EmailAddress": 100, "Phone1": 20, "FederalTaxID": 32}
PARTNER_FIELDS = {
    "CardCode", "CardName", "CardType", "Series", "GroupCode", "Currency", "PayTermsGrpCode", "EmailAddress", "Phone1", "FederalTaxID",
    "BPAddresses", "Frozen", "Valid", "CurrentAccountBalance", "U_ExtId",
}  # fmt: skip
ADDRESS_FIELDS = {"AddressName", "AddressType", "Street", "City", "ZipCode", "State", "Country", "TaxCode", "RowNum", "BPCode"}


def seed(store: Store, catalogue: list[Row]) -> None:
    """Fill the tables of master data."""
    _fill(store, "Currencies", "Code", [{"Code": c, "Name": n, "DocumentsCode": iso} for c, (n, iso, _) in CURRENCIES.items()])
    _fill(store, "ChartOfAccounts", "Code", [_account(code, name) for code, name in ACCOUNTS.items()])
    _fill(store, "VatGroups", "Code", [_vat(code, name, rate) for code, (name, rate) in VAT.items()])
    terms = [{"GroupNumber": number, "PaymentTermsGroupName": name, "_days": days} for number, (name, days) in TERMS.items()]
    _fill(store, "PaymentTermsTypes", "GroupNumber", terms)
    _fill(
        store, "Warehouses", "WarehouseCode", [{"WarehouseCode": c, "WarehouseName": n, "Inactive": "tNO"} for c, n in WAREHOUSES.items()]
    )
    rules = [{"FactorCode": c, "FactorDescription": n, "InWhichDimension": d, "Active": "tYES"} for c, (n, d) in RULES.items()]
    _fill(store, "DistributionRules", "FactorCode", rules)
    _fill(store, "Projects", "Code", [{"Code": "P-GULF", "Name": "Gulf expansion", "Active": "tYES"}])
    _fill(store, "AdditionalExpenses", "ExpensCode", [{"ExpensCode": number, "Name": name} for number, name in EXPENSES.items()])
    _fill(store, "Items", "ItemCode", [_item(row) for row in catalogue])
    _fill(store, "UserFieldsMD", "Name", [{"Name": "ExtInvNo", "TableName": "OINV", "Type": "db_Alpha", "Size": 50}])


def _fill(store: Store, name: str, key: str, rows: list[Row]) -> None:
    table = store.table(name)
    for row in rows:
        table[str(row[key])] = row


def _account(code: str, name: str) -> Row:
    internal = ACCOUNT_CODES[code]
    return {"Code": internal, "FormatCode": code, "Name": name, "ActiveAccount": "tYES", "FrozenFor": "tNO"}


def _vat(code: str, name: str, rate: str) -> Row:
    lines = [{"Effectivefrom": "2007-01-01", "Rate": Decimal(rate)}]
    return {"Code": code, "Name": name, "Category": "bovcOutputTax", "Inactive": "tNO", "VatGroups_Lines": lines}


def _item(row: Row) -> Row:
    return {
        "ItemCode": row["code"],
        "ItemName": row["name"],
        "SalesItem": "tYES",
        "InventoryItem": "tNO",
        "Frozen": "tNO",
        "Valid": "tYES",
        "SalesVATGroup": "A19",
        "_list_price": (Decimal(row["list_price_usd"]) * Decimal("0.92")).quantize(Decimal("0.01")),
    }


def rate_of(currency: str) -> Decimal:
    """Local units for one unit of a currency, as the table of rates has it for every day."""
    return Decimal(CURRENCIES[currency][2])


class Masters:
    """Looks up master data, as posting needs it, and keeps business partners."""

    def __init__(self, store: Store, struck: Callable[[str], Row | None]) -> None:
        self.store, self._struck = store, struck

    def entry(self, name: str, key: object, table: str) -> Row:
        """A row of master data; raises Refusal with the vendor's -2028."""
        found = self.store.table(name).get(str(key))
        if found is None:
            raise no_match(table)
        return found

    def customer(self, code: object) -> Row:
        row = self.entry("BusinessPartners", code, "OINV.CardCode")
        if row["CardType"] != "cCustomer":
            raise bad(f"'{code}' is not a customer [OINV.CardCode]")
        if row["Frozen"] == "tYES":
            raise bad(f"Business partner '{code}' is inactive [OINV.CardCode]")
        return row

    def create_partner(self, body: Mapping[str, Any]) -> Row:
        """`POST BusinessPartners`."""
        for name in body:
            if name not in PARTNER_FIELDS:
                raise unknown_property(name, "BusinessPartner")
        for address in body.get("BPAddresses", []):
            for name in set(address) - ADDRESS_FIELDS:
                raise unknown_property(name, "BPAddress")
        for name, length in PARTNER_LENGTHS.items():
            if len(str(body.get(name) or "")) > length:
                raise bad(f"Value too long in property '{name}' of 'BusinessPartner'", -1029)
        code = body.get("CardCode")
        if not code:
            raise bad("Business partner code is missing [OCRD.CardCode]", -10)
        partners = self.store.table("BusinessPartners")
        if any(str(code).lower() == each.lower() for each in partners):
            raise bad(f"1320000140 - Business partner code '{code}' already assigned to a business partner; enter a unique code", -10)
        if body.get("Currency", "##") != "##":
            self.entry("Currencies", body["Currency"], "OCRD.Currency")
        partners[str(code)] = self._partner(body)
        return partners[str(code)]

    def _partner(self, body: Mapping[str, Any]) -> Row:
        frozen = self._struck("freeze_customer") is not None
        defaults: Row = {"CardType": "cCustomer", "GroupCode": 100, "Currency": LOCAL, "PayTermsGrpCode": 1, "EmailAddress": None}
        return {**defaults, "Phone1": None, "FederalTaxID": None, "BPAddresses": [], "U_ExtId": None, "Valid": "tYES", **body} | {
            "Frozen": "tYES" if frozen else "tNO"
        }
