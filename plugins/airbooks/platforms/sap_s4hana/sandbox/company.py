"""What a user has set up before the first posting: company code 1710 in Germany, its chart of accounts, tax codes, rates, materials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from airbooks.sandbox.kit import Row, Store

USER, PASSWORD = "AIRBOOKS_COMM", "Druckluft-4711-Harbour"
CLIENT = "100"
COMPANY, HOME, CHART = "1710", "EUR", "YCOA"
GROUPINGS = frozenset({"BP02", "BPEE"})
TERMS = frozenset({"NT30", "NT14", "0001", "0002"})
COUNTRIES = frozenset({"DE", "AT", "BE", "CH", "DK", "ES", "FR", "GB", "IT", "NL", "PL", "US", "AU", "CA"})
RECONCILIATION = "12100000"
BANK = "1000"
HOUSE_BANK, HOUSE_BANK_ACCOUNT = "DEBK1", "DEAC1"
ACCOUNTS: Final = (
    ("1000", "Operating bank", "X"),
    ("1100", "Accounts receivable", "X"),
    ("12100000", "Receivables domestic", "X"),
    ("2200", "Sales tax payable", "X"),
    ("4000", "Equipment sales", "P"),
    ("4010", "Parts sales", "P"),
    ("4100", "Service income", "P"),
    ("4800", "Discounts given", "P"),
    ("4900", "Freight income", "P"),
    ("6200", "Bank charges", "P"),
)
TAX_ACCOUNT = "2200"
TAX_CODES: Mapping[str, Decimal] = {"A1": Decimal(19), "A2": Decimal(7), "A5": Decimal(0), "A0": Decimal(0)}
ASSIGNMENTS: Mapping[str, frozenset[str]] = {
    "ProfitCenter": frozenset({"WHOLESALE", "SERVICE", "YB110"}),
    "Segment": frozenset({"MAIN", "NORTH", "1000_A"}),
}
# Company code currency for 1 unit of each currency (1 USD = 0.79 GBP = 1.52 AUD = 0.92 EUR), rate type M.
RATES: Mapping[str, Decimal] = {"USD": Decimal("0.92"), "GBP": Decimal("1.16456"), "AUD": Decimal("0.60526"), "CHF": Decimal("1.04")}
DECIMALS: Mapping[str, int] = {"JPY": 0, "KRW": 0}
UNITS = frozenset({"PCE", "C62", "EA", "MTR", "SET", "HUR", "DAY", "CA"})
# Document types, and where their numbers start (that of DG is from memory).
NUMBERS: Mapping[str, int] = {"DR": 1_800_000_000, "DG": 1_600_000_000, "DZ": 1_400_000_000, "AB": 100_000_000, "SA": 100_000_000}


def seed(store: Store, catalogue: Iterable[Row]) -> None:
    accounts, materials = store.table("accounts"), store.table("materials")
    for number, name, kind in ACCOUNTS:
        accounts[number] = {"GLAccount": number, "GLAccountName": name, "GLAccountType": kind, "blocked": False}
    for row in catalogue:
        materials[row["code"]] = {"Product": row["code"], "name": row["name"]}


def decimals(currency: str) -> int:
    return DECIMALS.get(currency, 2)


def plain(number: str) -> str:
    """A number without the leading zeros that it is stored with."""
    return number.lstrip("0") if number.isdecimal() else number
