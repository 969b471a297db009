"""Invoices and credit notes: what may be written, numbering, status, and the unique custom field."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from airbooks.platforms.zoho_books.sandbox.answers import (
    DUPLICATE_CREDIT_NOTE,
    DUPLICATE_INVOICE,
    FOREIGN_NUMBER,
    Refusal,
    Row,
    invalid,
    missing,
)
from airbooks.platforms.zoho_books.sandbox.organisation import UNIQUE_FIELD, Organisation
from airbooks.platforms.zoho_books.sandbox.shapes import ADDRESS, CREDIT_NOTE, INVOICE, Check, checked
from airbooks.platforms.zoho_books.sandbox.totals import ZERO, line_total, totals
from airbooks.sandbox.kit import Table

Struck = Callable[[str], Row | None]
AMOUNTS = {"is_inclusive_tax": False, "discount_type": "item_level", "is_discount_before_tax": True, "discount": ZERO}


@dataclass(frozen=True)
class Module:
    """What tells invoices and credit notes apart."""

    name: str
    title: str
    fields: Mapping[str, Check]
    prefix: str
    duplicate: Refusal
    open_state: str

    @property
    def key(self) -> str:
        return f"{self.name}_id"

    @property
    def number(self) -> str:
        return f"{self.name}_number"


INVOICES = Module(
    "invoice",
    "Invoice",
    INVOICE,
    "INV-",
    Refusal("This invoice number already exists. Please enter a different invoice number.", DUPLICATE_INVOICE),
    "sent",
)
CREDIT_NOTES = Module(
    "creditnote",
    "Credit Note",
    CREDIT_NOTE,
    "CN-",
    Refusal("The specified Credit Note Number already exists", DUPLICATE_CREDIT_NOTE),
    "open",
)


class Sales:
    """The sales documents of one module. Rows hold the facts; `shown` adds what depends on the day."""

    def __init__(self, organisation: Organisation, module: Module, struck: Struck, locked_until: Callable[[], date | None]) -> None:
        self.org, self.module, self.struck, self.locked_until = organisation, module, struck, locked_until

    @property
    def rows(self) -> Table:
        return self.org.table(self.module.name)

    def get(self, row_id: str) -> Row:
        return self.org.get(self.module.name, row_id, self.module.title)

    # -- writing ----------------------------------------------------------------------------------------------------

    def create(self, body: Row, *, own_number: bool) -> Row:
        sent = checked(self.module.fields, body, "customer_id", "line_items")
        if sent.get(self.module.number) and not own_number:
            raise Refusal("Number entered does not match the auto generated number", FOREIGN_NUMBER)
        if not sent.get(self.module.number):
            sent[self.module.number] = f"{self.module.prefix}{self.org.store.next_number(self.module.name):06d}"
        state = "draft" if self.module is INVOICES or sent.get("is_draft") else self.module.open_state
        fixed = {self.module.key: self.org.new_id(), "state": state, "created_time": self.org.now(), "applied": ZERO}
        return self.keep({**self._built(sent, {}), **fixed})

    def update(self, row: Row, body: Row, *, own_number: bool) -> Row:
        sent = checked(self.module.fields, body)
        if row["state"] == "void":
            raise Refusal(f"{self.module.title}s that have been voided cannot be edited")
        self._check_open(row["date"])
        number = sent.get(self.module.number, row[self.module.number])
        if number != row[self.module.number] and not own_number:
            raise Refusal("Number entered does not match the auto generated number", FOREIGN_NUMBER)
        built = self._built({**row, **sent, "line_items": sent.get("line_items", row["line_items"])}, row)
        if built["total"] < row["applied"]:
            raise Refusal("The total cannot be less than the amount that has been paid or credited")
        return self.keep({**row, **built})

    def keep(self, row: Row) -> Row:
        row = {**row, "last_modified_time": self.org.now()}
        self.rows[row[self.module.key]] = row
        return row

    def delete(self, row: Row) -> None:
        self._check_open(row["date"])
        if row["applied"]:
            raise Refusal(f"{self.module.title}s that have payments or credits applied cannot be deleted")
        del self.rows[row[self.module.key]]

    def change_state(self, row: Row, wanted: str) -> Row:
        """POST .../status/{wanted}: out of a draft, into void, and from void back to draft."""
        self._check_open(row["date"])
        allowed = {self.module.open_state: ("draft", self.module.open_state), "void": ("draft", self.module.open_state), "draft": ("void",)}
        if wanted not in allowed:
            raise missing("Status")
        if row["state"] not in allowed[wanted]:
            raise Refusal(f"The status of a {row['state']} {self.module.title.lower()} cannot be changed to {wanted}")
        return self.keep({**row, "state": wanted})

    def place(self, row: Row, kind: str, body: Row) -> Row:
        """PUT .../address/{billing|shipping}: an address of this document alone."""
        if kind not in ("billing", "shipping"):
            raise missing("Address")
        return self.keep({**row, f"{kind}_address": checked(ADDRESS, body)})

    def with_value(self, field: str, value: str) -> Row | None:
        """The document whose unique custom field has this value."""
        if field != UNIQUE_FIELD:
            raise invalid("X-Unique-Identifier-Key")
        return next(iter(self.rows.where("unique", value)), None)

    # -- building ---------------------------------------------------------------------------------------------------

    def _built(self, sent: Row, before: Row) -> Row:
        customer = self.org.find("contact", sent["customer_id"], "customer_id")
        currency_id = sent.get("currency_id", customer["currency_id"])
        if currency_id != customer["currency_id"]:
            raise Refusal("The currency of the transaction is not the currency of the customer")
        currency = self.org.find("currency", currency_id, "currency_id")
        issued = sent.get("date", self.org.today().isoformat())
        self._check_open(issued)
        if sent.get("location_id"):
            self.org.find("location", sent["location_id"], "location_id")
        head = {**AMOUNTS, **sent, "date": issued, "currency_id": currency_id, "currency_code": currency["currency_code"]}
        head["customer_name"] = customer["contact_name"]
        head["exchange_rate"] = sent.get("exchange_rate", currency["exchange_rate"])
        head["due_date"] = sent.get("due_date") or _due(issued, sent)
        head["unique"] = self._unique(sent, before)
        self._check_number(head, before)
        head["line_items"] = [self._line(line, head, before) for line in sent["line_items"]]
        return head | self._amounts(head)

    def _amounts(self, head: Row) -> Row:
        percentages = {tax_id: tax["tax_percentage"] for tax_id, tax in self.org.table("tax").items()}
        if head.get("shipping_charge_tax_id"):
            self.org.find("tax", head["shipping_charge_tax_id"], "shipping_charge_tax_id")
        rounding = "item_level" if self.struck("tax_per_line") else "entity_level"
        computed = totals(head, percentages, rounding) | {"tax_rounding": rounding}
        wrong = self.struck("wrong_tax")
        more = Decimal(str(wrong.get("amount", "0.01"))) if wrong else ZERO
        return {**computed, "tax_total": computed["tax_total"] + more, "total": computed["total"] + more}

    def _line(self, line: Row, head: Row, before: Row) -> Row:
        known = {each["line_item_id"]: each for each in before.get("line_items", [])}
        if "line_item_id" in line and line["line_item_id"] not in known:
            raise invalid("line_item_id")
        old = known.get(line.get("line_item_id", ""), {})
        line = {**old, **line}
        if not line.get("item_id"):
            raise invalid("item_id")
        item = self.org.find("item", line["item_id"], "item_id")
        tax = self.org.find("tax", line.get("tax_id") or item["tax_id"], "tax_id")
        self._check_dimensions(line)
        full = {
            "line_item_id": self.org.new_id(),
            "name": item["name"],
            "description": "",
            "rate": item["rate"],
            "quantity": Decimal(1),
            "unit": item["unit"],
            **line,
            "sku": item["sku"],
            "account_id": item["account_id"],
            "tax_id": tax["tax_id"],
            "tax_name": tax["tax_name"],
            "tax_percentage": tax["tax_percentage"],
        }
        return {**full, "item_total": line_total(full, item_level=head["discount_type"] == "item_level")}

    def _check_dimensions(self, line: Row) -> None:
        if line.get("location_id"):
            self.org.find("location", line["location_id"], "location_id")
        for tag in line.get("tags", []):
            option = self.org.find("option", tag.get("tag_option_id", ""), "tag_option_id")
            if option["tag_id"] != tag.get("tag_id"):
                raise invalid("tag_id")

    def _unique(self, sent: Row, before: Row) -> str:
        """The value of the custom field that refuses duplicates; only the body sets it."""
        given = [each.get("value", "") for each in sent.get("custom_fields", []) if each.get("api_name") == UNIQUE_FIELD]
        value = str(given[0]) if given else str(before.get("unique", ""))
        holder = self.with_value(UNIQUE_FIELD, value) if value else None
        if holder is not None and holder[self.module.key] != before.get(self.module.key):
            raise Refusal(f"The value {value} of {UNIQUE_FIELD} is used in another {self.module.title.lower()}")
        return value

    def _check_number(self, head: Row, before: Row) -> None:
        if self.module is CREDIT_NOTES and self.struck("credit_numbers_repeat"):
            return
        number = head[self.module.number]
        for row in self.rows.where(self.module.number, number):
            if row[self.module.key] != before.get(self.module.key):
                raise self.module.duplicate

    def _check_open(self, issued: str) -> None:
        until = self.locked_until()
        if until is not None and date.fromisoformat(issued) <= until:
            raise Refusal(f"Transactions on or before {until.isoformat()} have been locked (transaction locking).")

    # -- reading ----------------------------------------------------------------------------------------------------

    def status(self, row: Row) -> str:
        """What the status field says today: an overdue invoice says so even where part of it is paid."""
        if row["state"] in ("draft", "void"):
            return str(row["state"])
        left = row["total"] - row["applied"]
        if self.module is CREDIT_NOTES:
            return "open" if left else "closed"
        if not left:
            return "paid"
        if date.fromisoformat(row["due_date"]) < self.org.today():
            return "overdue"
        return "partially_paid" if row["applied"] else "sent"

    def shown(self, row: Row) -> Row:
        """A row as it is read; a void document keeps its total and balance."""
        hidden = {"state", "applied", "unique", "is_draft", "reason"}
        balance = row["total"] - row["applied"]
        more = {"status": self.status(row), "balance": balance, "payment_made": row["applied"], "credits_applied": ZERO}
        return {**{name: value for name, value in row.items() if name not in hidden}, **more}

    def candidates(self, asked: Mapping[str, str]) -> Iterable[Row]:
        """The rows that a list may show: with a number asked for only those that have it, in whatever case."""
        if self.module.number not in asked:
            return self.rows.values()
        name = self.module.number
        return self.rows.where(f"folded {name}", asked[name].casefold(), key=lambda row: str(row[name]).casefold())

    def listed(self, row: Row) -> Row:
        """A row of a list: no lines, no net, no tax."""
        names = ("customer_id", "customer_name", "date", "due_date", "reference_number", "currency_id", "currency_code", "total", "balance")
        shown = self.shown(row)
        kept = (self.module.key, self.module.number, "status", *names, "created_time", "last_modified_time")
        return {name: shown[name] for name in kept if name in shown}


def _due(issued: str, sent: Row) -> str:
    return (date.fromisoformat(issued) + timedelta(days=int(sent.get("payment_terms", 0)))).isoformat()
