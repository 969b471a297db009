"""SuiteQL over the account's tables, run by SQLite: unknown tables and columns are refused, values come as text, nulls are left out.

Times are kept in the account's zone (Pacific), as a US account has them: a client that compares them with UTC misses what is new.
"""

from __future__ import annotations

import re
import sqlite3
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from airbooks.platforms.netsuite.sandbox.account import LISTS, Account
from airbooks.platforms.netsuite.sandbox.refusal import Refusal
from airbooks.platforms.netsuite.sandbox.sales import status
from airbooks.sandbox.kit import Row

ZONE = ZoneInfo("America/Los_Angeles")
MOST = 1000
_FROM = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
COLUMNS = {
    "item": "itemid displayname itemtype externalid isinactive",
    "account": "acctnumber fullname isinactive",
    "salestaxitem": "itemid description rate taxtype isinactive",
    "taxtype": "name isinactive",
    "term": "name isinactive",
    "currency": "symbol name isinactive",
    "paymentmethod": "name isinactive",
    "department": "name isinactive",
    "classification": "name isinactive",
    "location": "name isinactive",
    "subsidiary": "name currency isinactive",
    "customer": "entityid externalid companyname email isinactive",
    "transaction": "tranid externalid type trandate status foreigntotal lastmodifieddate entity",
}


def invalid(detail: str) -> Refusal:
    return Refusal(400, "INVALID_PARAMETER", f"Invalid search query. {detail}", queryParam="q")


def run(account: Account, query: Any, limit: str, offset: str) -> Row:
    """One page of a query's rows."""
    size, start = _page(limit, offset)
    if not isinstance(query, dict) or not isinstance(query.get("q"), str):
        raise invalid("A query is expected in q.")
    text, values = query["q"], query.get("params", [])
    found = _FROM.search(text)
    if found is None or not text.lstrip().upper().startswith("SELECT") or found[1].lower() not in COLUMNS:
        raise invalid("Record was not found.")
    rows = _selected(account, found[1].lower(), text, values)
    page = rows[start : start + size]
    return {
        "links": [],
        "count": len(page),
        "hasMore": start + size < len(rows),
        "items": [{"links": [], **each} for each in page],
        "offset": start,
        "totalResults": len(rows),
    }


def _page(limit: str, offset: str) -> tuple[int, int]:
    if not limit.isdigit() or not offset.isdigit() or not 0 < int(limit) <= MOST:
        raise Refusal(400, "INVALID_PARAMETER", f"The limit must be between 1 and {MOST}.", queryParam="limit")
    if int(offset) % int(limit):
        raise Refusal(400, "INVALID_PARAMETER", "The offset must be divisible by the limit.", queryParam="offset")
    return int(limit), int(offset)


def _selected(account: Account, table: str, text: str, values: list[str]) -> list[dict[str, str]]:
    database = sqlite3.connect(":memory:")
    try:
        names = ["id", *COLUMNS[table].split()]
        database.create_function("TO_TIMESTAMP", 2, lambda moment, _form: moment)
        database.execute(f'CREATE TABLE "{table}" (id INTEGER, {", ".join(f"{name} TEXT" for name in names[1:])})')
        rows = [tuple(row.get(name) for name in names) for row in _rows(account, table)]
        database.executemany(f'INSERT INTO "{table}" VALUES ({", ".join("?" * len(names))})', rows)  # noqa: S608 names of this module
        # The one table's name may be a word of SQLite's own.
        cursor = database.execute(re.sub(_FROM, f'FROM "{table}"', text, count=1), values)
        columns = [each[0].lower() for each in cursor.description]
        return [{name: str(value) for name, value in zip(columns, row, strict=True) if value is not None} for row in cursor]
    except sqlite3.Error as error:
        raise invalid(str(error)) from None
    finally:
        database.close()


def _rows(account: Account, table: str) -> list[Row]:
    if table in LISTS:
        return [{**row, "id": key} for key, row in account.table(table).items()]
    if table == "customer":
        return [_customer(row) for row in account.customers.values()]
    return [_transaction(row) for row in account.transactions.values()]


def _customer(row: Row) -> Row:
    names = {"entityid": "entityId", "externalid": "externalId", "companyname": "companyName", "email": "email"}
    return {"id": row["id"], "isinactive": "T" if row.get("isInactive") else "F", **{ours: row.get(name) for ours, name in names.items()}}


def _transaction(row: Row) -> Row:
    local = datetime.fromisoformat(row["lastModifiedDate"]).astimezone(ZONE)
    is_payment = row["type"] == "CustPymt"
    return {
        "id": row["id"],
        "tranid": row["tranId"],
        "externalid": row.get("externalId"),
        "type": row["type"],
        "trandate": row["tranDate"],
        "status": "B" if is_payment else status(row)[0],
        "foreigntotal": str(row["payment"] if is_payment else row["total"]),
        "lastmodifieddate": local.strftime("%Y-%m-%d %H:%M:%S"),
        "entity": (row.get("entity") or row.get("customer") or {}).get("id"),
    }
