"""One company's database: rows by entity set, their versions, number series, and the set-up that documents refer to."""

from __future__ import annotations

import base64
import copy
import uuid
from collections.abc import Callable
from datetime import UTC, date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache

from babel import Locale

from airbooks.platforms.business_central.sandbox.refusal import dialog, not_in_table
from airbooks.platforms.business_central.sandbox.shapes import ZERO_GUID
from airbooks.sandbox.kit import Context, Row, Table

COMPANY_ID = "8f1c2a40-5d7e-4b0a-9c35-b1e0d3a7f201"
COMPANY_NAME = "Nordluft Druckluft GmbH"
HOME = "EUR"
GLOBAL_DIMENSIONS = ("DEPARTMENT", "WAREHOUSE")
SALESPEOPLE = ("JR", "AK")
CENT = Decimal("0.01")
_CHANGING = (
    "$counters",
    "$lines",
    "customers",
    "customerPaymentJournals",
    "customerPayments",
    "customerLedgerEntries",
    "salesInvoices",
    "salesCreditMemos",
)


def cents(value: Decimal) -> Decimal:
    """An amount at the company's rounding precision."""
    return value.quantize(CENT, ROUND_HALF_UP)


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """The codes of the country table: ISO 3166-1 alpha-2."""
    return frozenset(code for code in map(str, Locale("en").territories) if len(code) == 2 and code.isalpha())


class Company:
    """The tables, with the rules every entity shares. `struck` asks whether a fault of this name strikes now."""

    def __init__(self, context: Context, struck: Callable[[str], Row | None]) -> None:
        self.context, self.struck = context, struck

    def table(self, name: str) -> Table:
        return self.context.store.table(name)

    def now(self) -> str:
        """The server's time as it shows it: UTC with milliseconds."""
        return self.context.clock.now().astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def today(self) -> str:
        return self.context.clock.today().isoformat()

    def next_number(self, series: str, first: int) -> str:
        return str(self.context.store.next_number(series, first))

    def insert(self, name: str, row: Row, key: str = "") -> Row:
        """Save a new row under a new id (or `key`), as the newest of its table."""
        row = {**row, "_rev": 1, "_seq": self.context.store.next_number("$sequence"), "_born": self.context.clock.now()}
        if "id" in row and row["id"] == ZERO_GUID:
            row["id"] = str(uuid.uuid4())
        if "lastModifiedDateTime" in row:
            row["lastModifiedDateTime"] = self.now()
        self.table(name)[key or row["id"]] = row
        return row

    def save(self, name: str, row: Row) -> Row:
        """Save a changed row: a new version, a new time of change."""
        row["_rev"] += 1
        if "lastModifiedDateTime" in row:
            row["lastModifiedDateTime"] = self.now()
        self.table(name)[row["id"]] = row
        return row

    def keep(self, name: str, row: Row) -> None:
        """Save what is computed and not part of the row's version (a remaining amount)."""
        self.table(name)[row["id"]] = row

    def find(self, name: str, column: str, value: str) -> Row | None:
        """The row whose `column` holds `value`."""
        return next(iter(self.table(name).where(column, value)), None)

    def chosen(self, name: str, fields: Row, id_field: str, code_field: str, *, code: str, missing: str, mismatch: str) -> Row | None:
        """The row that an id and / or a code in `fields` name; both must name the same one. None when neither is given."""
        by_id = fields.get(id_field, ZERO_GUID)
        by_code = fields.get(code_field, "")
        if by_id == ZERO_GUID and not by_code:
            return None
        row = self.table(name).get(by_id) if by_id != ZERO_GUID else self.find(name, code, by_code)
        if row is None:
            raise dialog(missing)
        if by_code and row[code] != by_code:
            raise dialog(mismatch)
        return row

    def saved(self) -> dict[str, dict[str, Row]]:
        """A copy of everything that requests can change."""
        return {name: copy.deepcopy(dict(self.table(name))) for name in _CHANGING}

    def restore(self, saved: dict[str, dict[str, Row]]) -> None:
        """Undo every change since `saved`."""
        for name, rows in saved.items():
            table = self.table(name)
            for key in [key for key in table if key not in rows]:
                del table[key]
            for key, row in rows.items():
                if key not in table or table[key] != row:
                    table[key] = row

    # -- what documents refer to ----------------------------------------------------------------------------------------------

    def require_id(self, name: str, value: str, message: str) -> None:
        if value != ZERO_GUID and value not in self.table(name):
            raise dialog(message)

    def require_code(self, name: str, field: str, value: str, table: str) -> None:
        if value and self.find(name, "code", value) is None:
            raise not_in_table(field, value, table)

    def require_country(self, field: str, value: str) -> None:
        if value and value not in countries():
            raise not_in_table(field, value, "Country/Region")

    def dimension_value(self, dimension: str, value: str) -> Row:
        """The value of a dimension; raises Refusal where either does not exist."""
        head = self.find("dimensions", "code", dimension)
        if head is None:
            raise not_in_table("Dimension Code", dimension, "Dimension")
        for row in self.table("dimensionValues").values():
            if row["dimensionId"] == head["id"] and row["code"] == value:
                return row
        raise not_in_table("Dimension Value Code", value, "Dimension Value")

    def due_date(self, terms_id: str, start: str) -> str:
        """`start` plus the days of the payment terms; `start` itself where there are none."""
        terms = self.table("paymentTerms").get(terms_id)
        days = int(terms["dueDateCalculation"].removesuffix("D") or 0) if terms else 0
        return (date.fromisoformat(start) + timedelta(days=days)).isoformat()

    def rate(self, currency: str, on: str) -> Decimal:
        """Home currency for 1 unit of `currency` on a day, from the exchange-rate table; raises Refusal where there is none."""
        if currency == HOME:
            return Decimal(1)
        gap = self.struck("missing_rate")
        rows = [] if gap and gap.get("currency", currency) == currency else self._rates(currency, on)
        if not rows:
            raise dialog(f"There is no Currency Exchange Rate within the filter. Filters: Currency Code: {currency}, Starting Date: ..{on}")
        newest = max(rows, key=lambda row: str(row["startingDate"]))
        return Decimal(newest["relationalExchangeRateAmount"]) / Decimal(newest["exchangeRateAmount"])

    def _rates(self, currency: str, on: str) -> list[Row]:
        return [
            row for row in self.table("currencyExchangeRates").values() if row["currencyCode"] == currency and row["startingDate"] <= on
        ]

    def require_open_period(self, on: str) -> None:
        """The allowed posting range of the general ledger set-up, or the range that the fault `lock_period` sets."""
        locked = self.struck("lock_period")
        if locked and on <= locked.get("through", "9999-12-31"):
            raise dialog("Posting Date is not within your range of allowed posting dates.")

    def require_unlocked_tables(self) -> None:
        if self.struck("lock_table"):
            raise dialog("The operation could not complete because a record in the Sales Header table was locked by another user.")

    def tax_percent(self, code: str) -> Decimal | None:
        """The VAT percentage of a VAT product posting group, or None where the posting set-up lacks it."""
        wrong = self.struck("wrong_tax")
        if wrong and code:
            return Decimal(str(wrong.get("percent", 16)))
        row = self.find("taxGroups", "code", code)
        return Decimal(row["_percent"]) if row else None


def etag(row: Row, suffix: str = "") -> str:
    """The version token of a row: it changes with each write, and two reads give the same."""
    mark = f"44;{row.get('id') or row['_seq']}{suffix};{row['_rev']};"
    return f'W/"{base64.b64encode(mark.encode()).decode()}"'
