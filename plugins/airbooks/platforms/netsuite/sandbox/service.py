"""The record service: one operation on one record, its validation headers, and the form in which records are shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbooks.platforms.netsuite.sandbox import applying, sales
from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.platforms.netsuite.sandbox.customers import Customers
from airbooks.platforms.netsuite.sandbox.payments import CODE, Payments
from airbooks.platforms.netsuite.sandbox.refusal import Refusal, not_found, user
from airbooks.platforms.netsuite.sandbox.sales import KINDS, Sales
from airbooks.platforms.netsuite.sandbox.schema import SCHEMAS, SUITETAX, Form
from airbooks.sandbox.kit import Row, Table

CODES = {**{name: kind.code for name, kind in KINDS.items()}, "customerPayment": CODE}
_SUBLISTS = ("item", "taxDetails", "apply", "addressBook", "currencyList")
_HIDDEN = {"applied", "pending", "type"}


@dataclass(frozen=True)
class Asked:
    """One request to the record service; `key` is an internal id, or `eid:` and an external one."""

    method: str
    record: str
    key: str
    query: Mapping[str, str]
    strict: bool
    body: Any = None


@dataclass
class Answer:
    """What is answered; a Location instead of a body where something was written."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Service:
    """The record service of the account; `root` is the account's address."""

    def __init__(self, account: Account, root: str) -> None:
        self.account, self.root = account, root
        self.sales, self.payments, self.customers = Sales(account), Payments(account), Customers(account)

    @property
    def has_suitetax(self) -> bool:
        return not self.account.setting("no_suitetax")

    def answer(self, asked: Asked) -> Answer:
        if asked.record == "metadata-catalog":
            return Answer(200, self.catalogue(asked.query.get("select", "")))
        if asked.record == "subsidiary" and asked.method == "GET":
            return Answer(200, {"links": [], **self._list_row("subsidiary", asked.key)})
        if asked.record not in (*CODES, "customer"):
            raise Refusal(404, "INVALID_ID", f"Record type '{asked.record}' does not exist.", url=asked.record)
        return self._on_key(asked) if asked.key else self._on_collection(asked)

    def _list_row(self, table: str, key: str) -> Row:
        if key not in self.account.table(table):
            raise not_found()
        return {"id": key, **self.account.table(table)[key]}

    def catalogue(self, select: str) -> Row:
        """The OpenAPI document of this very account, as far as this simulator goes."""
        schemas = {
            name: {"type": "object", "properties": {each: {} for each in SCHEMAS[name] if self.has_suitetax or each not in SUITETAX}}
            for name in select.split(",")
            if name in SCHEMAS
        }
        return {"openapi": "3.0.1", "paths": {}, "components": {"schemas": schemas}}

    # -- operations -----------------------------------------------------------------------------------------------------------

    def _on_collection(self, asked: Asked) -> Answer:
        if asked.method != "POST":
            raise Refusal(405, "METHOD_NOT_ALLOWED", f"{asked.method} is not supported here.")
        form = self._form(asked)
        row = self._create(asked.record, form.read(asked.record, asked.body))
        return self._written(asked.record, row, form)

    def _create(self, record: str, body: Row) -> Row:
        if record == "customer":
            return self.customers.create(body)
        if record == "customerPayment":
            return self.payments.create(body)
        return self.sales.create(KINDS[record], body)

    def _on_key(self, asked: Asked) -> Answer:
        if asked.method == "PUT":
            return self._upsert(asked)
        row = self._row(asked.record, asked.key)
        if asked.method == "GET":
            return Answer(200, self.shown(asked.record, row, expands=asked.query.get("expandSubResources") == "true"))
        if asked.method == "PATCH":
            return self._change(asked, row)
        if asked.method == "DELETE":
            return self._delete(asked.record, row)
        raise Refusal(405, "METHOD_NOT_ALLOWED", f"{asked.method} is not supported here.")

    def _upsert(self, asked: Asked) -> Answer:
        """Only by external id; lines of a record that is there are added to, as by PATCH."""
        if not asked.key.startswith("eid:"):
            raise Refusal(400, "INVALID_REQUEST", "PUT needs an external id.", url="id")
        external_id = asked.key.removeprefix("eid:")
        key = self.account.id_of(self._table_name(asked.record), external_id)
        if key is not None:
            return self._change(asked, self._row(asked.record, key))
        form = self._form(asked)
        body = {**form.read(asked.record, asked.body), "externalId": external_id}
        return self._written(asked.record, self._create(asked.record, body), form)

    def _change(self, asked: Asked, row: Row) -> Answer:
        form = self._form(asked)
        body = form.read(asked.record, asked.body)
        if asked.record == "customer":
            row = self.customers.change(row, body)
        elif asked.record == "customerPayment":
            row = self.payments.change(row, body)
        else:
            row = self.sales.change(KINDS[asked.record], row, body, set(asked.query.get("replace", "").split(",")))
        return self._written(asked.record, row, form)

    def _delete(self, record: str, row: Row) -> Answer:
        if record == "customer":
            raise user("This record cannot be deleted because it has dependent records.")
        (self.payments if record == "customerPayment" else self.sales).delete(row)
        return Answer(204)

    def transform(self, asked: Asked, into: str) -> Answer:
        """`!transform`: this simulator turns an invoice into a credit memo."""
        row = self._row(asked.record, asked.key)
        if (asked.record, into) != ("invoice", "creditMemo"):
            raise Refusal(400, "INVALID_REQUEST", f"{asked.record} cannot be transformed into {into}.", url="transform")
        form = self._form(asked)
        made = self.sales.credit(row, form.read("creditMemo", asked.body or {}))
        return self._written("creditMemo", made, form)

    def _form(self, asked: Asked) -> Form:
        return Form(self.account.resolve, strict=asked.strict, has_suitetax=self.has_suitetax)

    def _written(self, record: str, row: Row, form: Form) -> Answer:
        headers = {"Location": f"{self.root}/services/rest/record/v1/{record}/{row['id']}"}
        if form.dropped:
            headers["X-NetSuite-Warning"] = f"Unknown property names: {', '.join(form.dropped)}"
        return Answer(204, None, headers)

    # -- reading --------------------------------------------------------------------------------------------------------------

    @staticmethod
    def _table_name(record: str) -> str:
        return "customer" if record == "customer" else "transaction"

    def _row(self, record: str, key: str) -> Row:
        name = self._table_name(record)
        table: Table = self.account.table(name)
        found = self.account.id_of(name, key.removeprefix("eid:")) if key.startswith("eid:") else key
        row = table.get(found or "")
        if row is None or (record != "customer" and row["type"] != CODES[record]):
            raise not_found()
        return row

    def shown(self, record: str, row: Row, *, expands: bool) -> Row:
        """A record as GET shows it: references with their names, sublists as links unless they are expanded."""
        fields = {name: value for name, value in row.items() if name not in _HIDDEN and value is not None}
        if record in KINDS:
            fields |= self._totals(row)
        if record == "customerPayment":
            fields |= {"status": {"id": "B", "refName": "Not Deposited"}, "total": row["payment"]}
        if record in ("customerPayment", "creditMemo"):
            fields["apply"] = applying.shown(self.account, row)
        place = f"{self.root}/services/rest/record/v1/{record}/{row['id']}"
        shown = {name: _sublist(f"{place}/{name}", value, expands) if name in _SUBLISTS else value for name, value in fields.items()}
        return {"links": [{"rel": "self", "href": place}], **shown, **self._names(record, row)}

    def _totals(self, row: Row) -> Row:
        letter, name = sales.status(row)
        is_memo = row["type"] == sales.CREDIT_MEMO.code
        left = sales.unapplied(row) if is_memo else applying.remaining(row)
        paid = row["total"] - left
        more = {"applied": paid, "unapplied": left} if is_memo else {}
        return {"status": {"id": letter, "refName": name}, "amountPaid": paid, "amountRemaining": left, **more}

    def _names(self, record: str, row: Row) -> Row:
        """References of the head with the name of what they point at."""
        found = {}
        for name, kind in SCHEMAS[record].items():
            if kind.startswith("ref:") and row.get(name):
                table, key = kind.removeprefix("ref:"), row[name]["id"]
                found[name] = {"links": [], "id": key, "refName": self.account.name_of(table, key)}
        return found


def _sublist(place: str, rows: list[Row], expands: bool) -> Row:
    links = [{"rel": "self", "href": place}]
    if not expands:
        return {"links": links}
    items = [{"links": [], **each} for each in rows]
    return {"links": links, "items": items, "totalResults": len(items), "count": len(items), "hasMore": False, "offset": 0}
