"""The company that a user would have set up by hand, and the checks of what documents refer to.

A UK company with two entities (100 and 200), books in GBP, multi-currency and the tax solution "United Kingdom - VAT".
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation

from airbooks.platforms.sage_intacct.sandbox.objects import visible
from airbooks.platforms.sage_intacct.sandbox.refusals import RefusalError
from airbooks.platforms.sage_intacct.sandbox.tables import Tables
from airbooks.sandbox.kit import Row

BASE_CURRENCY = "GBP"
TAX_SOLUTION = "United Kingdom - VAT"
DAILY_RATE = "Intacct Daily Rate"
CENT = Decimal("0.01")
# What one unit of each currency is worth in GBP (1 USD = 0.79 GBP = 1.52 AUD = 0.92 EUR).
DAILY_RATES = {"GBP": Decimal(1), "USD": Decimal("0.79"), "AUD": Decimal("0.519737"), "EUR": Decimal("0.858696")}
BOOKS_OPEN_FROM = date(2020, 1, 1)
CUSTOM_FIELDS = frozenset({"AIRBOOKS_NUMBER"})

ACCOUNTS = (
    ("1000", "Operating bank"),
    ("1050", "Undeposited funds"),
    ("1100", "Accounts receivable"),
    ("2200", "Sales tax payable"),
    ("4000", "Equipment sales"),
    ("4010", "Parts sales"),
    ("4100", "Service income"),
    ("4800", "Discounts given"),
    ("4900", "Freight income"),
)
TERMS = (("Net 30", 30, 0, None), ("Net 14", 14, 0, None), ("2% 10 Net 30", 30, 10, Decimal(2)), ("Due on receipt", 0, 0, None))
TAX_DETAILS = (
    ("UK Sales Standard", Decimal(20), False),
    ("UK Sales Reduced", Decimal(5), False),
    ("UK Sales Zero", Decimal(0), False),
    ("UK Sales Reverse Charge", Decimal(0), True),
)
SIMPLE: dict[str, tuple[str, str, tuple[tuple[str, str], ...]]] = {
    "DEPARTMENT": ("DEPARTMENTID", "TITLE", (("WHOLESALE", "Wholesale"), ("SERVICE", "Service"))),
    "CLASS": ("CLASSID", "NAME", (("WHOLESALE", "Wholesale"), ("SERVICE", "Service"))),
    "WAREHOUSE": ("WAREHOUSEID", "NAME", (("MAIN", "Main warehouse"), ("NORTH", "North warehouse"))),
    "EXCHANGERATETYPES": ("ID", "NAME", (("-1", DAILY_RATE), ("1", "Month end"))),
}


def seed(tables: Tables, catalogue: Iterable[Row], now: datetime) -> None:
    """Everything a company has before its first invoice."""
    for name, (code, title, rows) in SIMPLE.items():
        _add(tables, name, ({code: each, title: text, "STATUS": "active"} for each, text in rows))
    locations = [{"LOCATIONID": "100", "NAME": "Harbour UK"}, {"LOCATIONID": "200", "NAME": "Northern UK"}]
    for name in ("LOCATION", "LOCATIONENTITY"):
        _add(tables, name, ({**each, "STATUS": "active", "CURRENCY": BASE_CURRENCY} for each in locations))
    _add(tables, "GLACCOUNT", (_account(number, title) for number, title in ACCOUNTS))
    _add(tables, "ARTERM", (_term(*each) for each in TERMS))
    _add(
        tables,
        "TAXSOLUTION",
        [{"SOLUTIONID": TAX_SOLUTION, "TAXMETHOD": "VAT", "STATUS": "active", "TYPE": "standard", "WHENMODIFIED": now}],
    )
    _add(tables, "TAXDETAIL", (_tax_detail(*each) for each in TAX_DETAILS))
    _add(tables, "TRXCURRENCIES", ({"CODE": code, "STATUS": "active", "SYMBOL": code} for code in DAILY_RATES))
    bank = {"BANKACCOUNTID": "BARC-OPERATING", "BANKNAME": "Operating bank", "GLACCOUNTNO": "1000", "BANKACCOUNTTYPE": "checking"}
    _add(tables, "CHECKINGACCOUNT", [{**bank, "STATUS": "active", "CURRENCY": BASE_CURRENCY, "LOCATIONID": "100"}])
    _add(tables, "ITEM", (_item(row) for row in catalogue))


def _add(tables: Tables, name: str, rows: Iterable[Row]) -> None:
    for row in rows:
        tables.put(name, {"RECORDNO": tables.next_key(name), **row})


def _account(number: str, title: str) -> Row:
    kind = "incomestatement" if number.startswith("4") else "balancesheet"
    balance = "debit" if number.startswith("1") or number == "4800" else "credit"
    return {"ACCOUNTNO": number, "TITLE": title, "ACCOUNTTYPE": kind, "NORMALBALANCE": balance, "STATUS": "active"}


def _term(name: str, days: int, discount_days: int, percent: Decimal | None) -> Row:
    due = {"DUEDATE": days, "DUEFROM": "from invoice/bill date"}
    discount = {} if percent is None else {"DISCDATE": discount_days, "DISCAMOUNT": percent, "DISCPERCAMN": "%"}
    return {"NAME": name, "DESCRIPTION": name, "STATUS": "active", **due, **discount}


def _tax_detail(name: str, rate: Decimal, reverse: bool) -> Row:
    shape = {"TAXTYPE": "Sale", "STATUS": "active", "GLACCOUNT": "2200", "TAXAUTHORITY": "HMRC", "TAXSOLUTIONID": TAX_SOLUTION}
    return {"DETAILID": name, "DESCRIPTION": name, "VALUE": rate, "REVERSECHARGE": reverse, "TAXRATE": "Standard", **shape}


def _item(row: Row) -> Row:
    kind = "Inventory" if row.get("kind") == "item" else "Non-Inventory"
    return {"ITEMID": row["code"], "NAME": row["name"], "ITEMTYPE": kind, "STATUS": "active", "BASEPRICE": Decimal(row["list_price_usd"])}


def bad_reference(word: str, value: str) -> RefusalError:
    return RefusalError.of("BL01001973", f"Invalid {word} '{value}' specified.")


def missing(name: str) -> RefusalError:
    return RefusalError.of("BL01001973", f"Required field {name} is missing", f"Provide a value for the field {name}.")


def amount_of(text: str, name: str) -> Decimal:
    """An amount as the gateway takes it: plain text, rounded to 2 decimals; BL03000018 for anything else."""
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise RefusalError.of("BL03000018", f"The value '{text}' of {name} has a bad format", "Use a number without separators.") from error
    if not value.is_finite():
        raise RefusalError.of("BL03000018", f"The value '{text}' of {name} has a bad format")
    return rounded(value)


def rounded(value: Decimal) -> Decimal:
    """Half away from zero, at 2 decimals."""
    return value.quantize(CENT, rounding="ROUND_HALF_UP")


class Company:
    """What documents refer to; each check returns the record or refuses in the gateway's words."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def reference(self, name: str, field: str, value: str, word: str) -> Row:
        found = self.tables.one(name, field, value)
        if found is None or found.get("STATUS", "active") != "active":
            raise bad_reference(word, value)
        return found

    def customer(self, code: str, entity: str) -> Row:
        found = self.tables.one("CUSTOMER", "CUSTOMERID", code)
        if found is None or found["STATUS"] != "active" or not visible(found, entity, private=True):
            raise bad_reference("Customer", code)
        return found

    def account(self, number: str) -> Row:
        return self.reference("GLACCOUNT", "ACCOUNTNO", number, "GL Account")

    def contact(self, name: str) -> Row:
        return self.reference("CONTACT", "CONTACTNAME", name, "Contact")

    def currency(self, code: str) -> str:
        return str(self.reference("TRXCURRENCIES", "CODE", code, "Currency")["CODE"])

    def rate(self, currency: str, given: str | None) -> Decimal:
        """GBP for one unit of `currency`: the given rate, or the daily one."""
        if given is None:
            return DAILY_RATES[currency]
        try:
            rate = Decimal(given)
        except InvalidOperation as error:
            raise RefusalError.of("BL03000018", f"The exchange rate '{given}' has a bad format") from error
        if rate <= 0 or (currency == BASE_CURRENCY and rate != 1):
            raise RefusalError.of("BL01001973", f"The exchange rate '{given}' is not valid for {currency}.")
        return rate


def day_of(text: tuple[str, str, str]) -> date:
    """A split date (year, month, day); BL03000018 when it is none."""
    try:
        return datetime(int(text[0]), int(text[1]), int(text[2]), tzinfo=UTC).date()
    except ValueError as error:
        raise RefusalError.of(
            "BL03000018", f"The date '{'/'.join(text)}' has a bad format", "Use a year, month and day that exist."
        ) from error
