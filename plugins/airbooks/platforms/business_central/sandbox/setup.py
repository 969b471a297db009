"""What the company has before its first invoice: set-up tables, chart of accounts, items, a journal."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.business_central.sandbox.company import COMPANY_NAME, GLOBAL_DIMENSIONS, HOME, Company
from airbooks.platforms.business_central.sandbox.journals import JOURNALS
from airbooks.platforms.business_central.sandbox.shapes import CARDS, PAYMENT_JOURNAL
from airbooks.sandbox.kit import Row

_ACCOUNTS = (
    ("1000", "Operating bank", "Assets", True),
    ("1100", "Accounts receivable", "Assets", False),
    ("2200", "Sales tax payable", "Liabilities", False),
    ("4000", "Equipment sales", "Income", True),
    ("4010", "Parts sales", "Income", True),
    ("4100", "Service income", "Income", True),
    ("4800", "Discounts given", "Income", True),
    ("4900", "Freight income", "Income", True),
)
# VAT product posting groups; with the one VAT business posting group INLAND each stands for one percentage.
_TAX_GROUPS = (
    ("MWST19", "Umsatzsteuer 19 %", 19),
    ("MWST7", "Umsatzsteuer 7 %", 7),
    ("IGL0", "Innergemeinschaftliche Lieferung", 0),
    ("AUSFUHR0", "Ausfuhrlieferung", 0),
)
_UNITS = (
    ("STK", "Stück", "C62"),
    ("STD", "Stunde", "HUR"),
    ("TAG", "Tag", "DAY"),
    ("M", "Meter", "MTR"),
    ("SATZ", "Satz", "SET"),
    ("KANISTER", "Kanister", "CA"),
)
_TERMS = (
    ("NET30", "Net 30", "30D", "", 0),
    ("NET14", "Net 14", "14D", "", 0),
    ("2P10N30", "2% 10 Net 30", "30D", "10D", 2),
    ("DUE", "Due on receipt", "0D", "", 0),
)
_CURRENCIES = (
    ("USD", "US dollar", "$", "0.92"),
    ("GBP", "Pound sterling", "£", "1.164557"),
    ("AUD", "Australian dollar", "A$", "0.605263"),
)
_DIMENSION_VALUES = {"DEPARTMENT": ("WHOLESALE", "SERVICE"), "WAREHOUSE": ("MAIN", "NORTH")}
_TO_HOME = Decimal("0.92")  # EUR for 1 USD
JOURNAL_CODE = "AIRBOOKS"


def card_id(table: str, code: str) -> str:
    """The id of a seeded card: always the same one."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"business-central/{table}/{code}"))


def seed(company: Company, catalogue: Iterable[Row]) -> None:
    """Fill an empty company."""
    _add(company, "companyInformation", "1", displayName=COMPANY_NAME, country="DE", currencyCode=HOME)
    first, second = GLOBAL_DIMENSIONS
    _add(company, "generalLedgerSetup", "1", localCurrencyCode=HOME, shortcutDimension1Code=first, shortcutDimension2Code=second)
    for number, name, category, direct in _ACCOUNTS:
        _add(
            company,
            "accounts",
            number,
            number=number,
            displayName=name,
            category=category,
            directPosting=direct,
            accountType="Posting",
            blocked=False,
        )
    _seed_terms(company)
    _seed_currencies(company)
    _seed_dimensions(company)
    for row in catalogue:
        _seed_item(company, row)
    _seed_journal(company)


def _add(company: Company, table: str, key: str, **fields: Any) -> Row:
    return company.insert(table, {**CARDS[table].blank(), **fields, "id": card_id(table, key)})


def _seed_terms(company: Company) -> None:
    for code, name, percent in _TAX_GROUPS:
        _add(company, "taxGroups", code, code=code, displayName=name, taxType="VAT", _percent=Decimal(percent))
    for code, name, standard in _UNITS:
        _add(company, "unitsOfMeasure", code, code=code, displayName=name, internationalStandardCode=standard)
    for code, name, due, discount, percent in _TERMS:
        _add(
            company,
            "paymentTerms",
            code,
            code=code,
            displayName=name,
            dueDateCalculation=due,
            discountDateCalculation=discount,
            discountPercent=Decimal(percent),
        )
    for code, name in (("WIRE", "Wire"), ("CHECK", "Check"), ("CARD", "Card")):
        _add(company, "paymentMethods", code, code=code, displayName=name)
    for code, name in (("EXW", "Ex works"), ("DAP", "Delivered at place")):
        _add(company, "shipmentMethods", code, code=code, displayName=name)


def _seed_currencies(company: Company) -> None:
    """The home currency is in no table; the others have one rate that holds from 2020 on."""
    for code, name, symbol, rate in _CURRENCIES:
        _add(company, "currencies", code, code=code, displayName=name, symbol=symbol, amountRoundingPrecision=Decimal("0.01"))
        _add(
            company,
            "currencyExchangeRates",
            code,
            currencyCode=code,
            startingDate="2020-01-01",
            exchangeRateAmount=Decimal(1),
            relationalExchangeRateAmount=Decimal(rate),
        )


def _seed_dimensions(company: Company) -> None:
    for dimension, values in _DIMENSION_VALUES.items():
        head = _add(company, "dimensions", dimension, code=dimension, displayName=dimension.title())
        for value in values:
            _add(company, "dimensionValues", f"{dimension}/{value}", code=value, dimensionId=head["id"], displayName=value.title())
    for code in _DIMENSION_VALUES["WAREHOUSE"]:
        _add(company, "locations", code, code=code, displayName=f"{code.title()} warehouse")


def _seed_item(company: Company, row: Row) -> None:
    units = {standard: code for code, _, standard in _UNITS}
    price = (Decimal(str(row["list_price_usd"])) * _TO_HOME).quantize(Decimal("0.001"), ROUND_HALF_UP)
    _add(
        company,
        "items",
        row["code"],
        number=row["code"],
        displayName=row["name"],
        type="Inventory" if row["kind"] == "item" else "Service",
        unitPrice=price,
        taxGroupCode="MWST19",
        baseUnitOfMeasureCode=units[row["unit"]],
    )


def _seed_journal(company: Company) -> None:
    _add(company, "bankAccounts", "BANK", number="BANK", displayName="Hausbank")
    row = {
        **PAYMENT_JOURNAL.blank(),
        "id": card_id(JOURNALS, JOURNAL_CODE),
        "code": JOURNAL_CODE,
        "displayName": "Receipts by airbooks",
        "balancingAccountId": card_id("bankAccounts", "BANK"),
        "balancingAccountNumber": "BANK",
        "templateDisplayName": "CASHRCPT",
    }
    company.insert(JOURNALS, row)
