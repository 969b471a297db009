"""Invoices and credit memos: lines priced and added up by the server, tax details, numbering, approval, change, deletion."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airbooks.platforms.netsuite.sandbox.account import Account, cents
from airbooks.platforms.netsuite.sandbox.applying import apply, release, remaining
from airbooks.platforms.netsuite.sandbox.refusal import invalid_value, missing, not_found, user
from airbooks.platforms.netsuite.sandbox.schema import require
from airbooks.sandbox.kit import Row

ZERO = Decimal(0)
CUSTOM_PRICE = "-1"
APPROVED = "2"
ENGINE_RATE = Decimal("8.25")  # what this account's tax engine takes on every sale
_REFERENCE = re.compile(r"NEW_ITEM_\d+")


@dataclass(frozen=True)
class Kind:
    """A record type, its code in SuiteQL and the series of its numbers."""

    record: str
    code: str
    series: str


INVOICE = Kind("invoice", "CustInvc", "INV")
CREDIT_MEMO = Kind("creditMemo", "CustCred", "CM")
KINDS = {each.record: each for each in (INVOICE, CREDIT_MEMO)}


class Sales:
    """The sales transactions of the account."""

    def __init__(self, account: Account) -> None:
        self.account = account

    # -- create ---------------------------------------------------------------------------------------------------------------

    def create(self, kind: Kind, body: Row, **more: Any) -> Row:
        account = self.account
        require(body, "entity")
        body = {name: value for name, value in body.items() if value is not None}
        key = str(account.store.next_number("transaction", first=647))
        row: Row = {"tranDate": account.today(), "applied": {}, "amountPaid": ZERO, **body, **more, "id": key, "type": kind.code}
        self._complete(kind, row)
        self._number(kind, row)
        account.claim_external_id("transaction", row)
        items = row.pop("apply", [])
        try:
            apply(account, row, row["total"], items)
        except Exception:
            account.release_external_id("transaction", row)
            raise
        account.transactions[key] = row
        return row

    def _complete(self, kind: Kind, row: Row) -> None:
        """Everything that the server works out, after a create and after a change."""
        account = self.account
        customer = account.customers[row["entity"]["id"]]
        if row.setdefault("subsidiary", customer["subsidiary"]) != customer["subsidiary"]:
            raise invalid_value(row["subsidiary"]["id"], "subsidiary")
        row.setdefault("currency", customer["currency"])
        account.check_customer_currency(customer, row["currency"]["id"])
        account.check_period(row["tranDate"])
        row.setdefault("exchangeRate", account.rate(row["currency"]["id"]))
        if kind is INVOICE:
            row.setdefault("dueDate", account.due_date(row))
            row["pending"] = bool(account.setting("approval")) and (row.get("approvalStatus") or {}).get("id") != APPROVED
        row["item"] = self._lines(row)
        row["subtotal"] = sum((line["amount"] for line in row["item"]), ZERO)
        row["taxTotal"] = self._tax(row)
        row["total"] = row["subtotal"] + row["taxTotal"]
        if row["total"] < 0:
            raise user("The transaction total can not be negative.", "total")
        row["lastModifiedDate"] = account.modified()

    def _number(self, kind: Kind, row: Row) -> None:
        """Auto-numbering overwrites the number that was sent, unless override is allowed."""
        if self.account.setting("auto_numbering") or not row.get("tranId"):
            row["tranId"] = f"{kind.series}{self.account.store.next_number(kind.series, first=1001)}"

    # -- lines ----------------------------------------------------------------------------------------------------------------

    def _lines(self, row: Row) -> list[Row]:
        if not row.get("item"):
            raise missing("item")
        lines: list[Row] = []
        for index, line in enumerate(row["item"]):
            lines.append(self._line(row, line, index, lines))
        taken = {int(line["line"]) for line in lines if "line" in line}
        fresh = (number for number in range(1, len(lines) + len(taken) + 2) if number not in taken)
        return [line if "line" in line else {**line, "line": Decimal(next(fresh))} for line in lines]

    def _line(self, row: Row, line: Row, index: int, before: list[Row]) -> Row:
        path = f"item.items[{index}]"
        if "item" not in line:
            raise missing(f"{path}.item")
        item = self.account.table("item")[line["item"]["id"]]
        if item["itemtype"] == "Discount":
            if not before or "rate" not in line:
                raise missing(f"{path}.rate")
            return {**line, "amount": cents(line["rate"])}
        quantity = line.get("quantity", Decimal(1))
        if line.get("price", {}).get("id") != CUSTOM_PRICE or "rate" not in line:
            line = {**line, "rate": self._list_rate(row, item)}
        # A sent amount that is not the product is not kept.
        return {**line, "quantity": quantity, "amount": cents(quantity * line["rate"])}

    def _list_rate(self, row: Row, item: Row) -> Decimal:
        """The price level's rate takes the place of a rate without the custom price level (from memory)."""
        return (Decimal(str(item.get("baseprice", 0))) / self.account.rate(row["currency"]["id"])).quantize(Decimal("0.00001"))

    # -- tax ------------------------------------------------------------------------------------------------------------------

    def _tax(self, row: Row) -> Decimal:
        if not row.get("taxDetailsOverride"):
            return sum((cents(line["amount"] * ENGINE_RATE / 100) for line in row["item"]), ZERO)
        lines = {line.get("taxDetailsReference") for line in row["item"]}
        seen: set[str] = set()
        for index, detail in enumerate(row.get("taxDetails", [])):
            self._check_detail(detail, f"taxDetails.items[{index}]", lines, seen)
        return sum((detail["taxAmount"] for detail in row.get("taxDetails", [])), ZERO)

    def _check_detail(self, detail: Row, path: str, lines: set[str | None], seen: set[str]) -> None:
        for name in ("taxDetailsReference", "taxCode", "taxType", "taxBasis", "taxRate", "taxAmount"):
            if detail.get(name) is None:
                raise missing(f"{path}.{name}")
        reference = detail["taxDetailsReference"]
        if not _REFERENCE.fullmatch(reference) or reference not in lines or reference in seen:
            raise invalid_value(reference, f"{path}.taxDetailsReference")
        seen.add(reference)
        if self.account.table("salestaxitem")[detail["taxCode"]["id"]]["taxtype"] != detail["taxType"]["id"]:
            raise invalid_value(detail["taxType"]["id"], f"{path}.taxType")

    # -- change, delete, transform --------------------------------------------------------------------------------------------

    def change(self, kind: Kind, row: Row, body: Row, replaced: set[str]) -> Row:
        """PATCH: null clears, lines with a `line` key are changed, others are added unless their sublist is replaced."""
        changed = {**row, **{name: value for name, value in body.items() if value is not None}}
        for name in [name for name, value in body.items() if value is None]:
            changed.pop(name, None)
        for name in ("item", "taxDetails"):
            if name in body and name not in replaced:
                changed[name] = _merged(row.get(name, []), body[name] or [])
        items = changed.pop("apply", [])
        self.account.check_period(row["tranDate"])
        self._complete(kind, changed)
        if kind is INVOICE and changed["total"] < row["amountPaid"]:
            raise user("The payments that are applied exceed the amount remaining: payments are applied to this transaction.", "total")
        self._rename(row, changed)
        apply(self.account, changed, changed["total"], items)
        self.account.transactions[row["id"]] = changed
        return changed

    def _rename(self, row: Row, changed: Row) -> None:
        if changed.get("externalId") != row.get("externalId"):
            self.account.claim_external_id("transaction", changed)
            self.account.release_external_id("transaction", row)

    def delete(self, row: Row) -> None:
        """Refused while anything is applied to an invoice, or in a locked period; a credit memo's application goes with it (UNVERIFIED)."""
        self.account.check_period(row["tranDate"])
        if row["amountPaid"]:
            raise user("This transaction cannot be deleted because payments are applied to it.")
        release(self.account, row)
        self.account.release_external_id("transaction", row)
        del self.account.transactions[row["id"]]

    def credit(self, invoice: Row, body: Row) -> Row:
        """`!transform/creditMemo`: the invoice's customer, currency and lines; applied where the body's `apply` says so."""
        if invoice["type"] != INVOICE.code:
            raise not_found()
        names = ("entity", "subsidiary", "currency", "exchangeRate", "item", "taxDetailsOverride", "taxDetails")
        copied = {name: invoice[name] for name in names if name in invoice}
        if self.account.setting("forget_application"):
            body = {name: value for name, value in body.items() if name != "apply"}
        return self.create(CREDIT_MEMO, {**copied, **body}, createdFrom={"id": invoice["id"]})


def status(row: Row) -> tuple[str, str]:
    """Letter and name (names from memory)."""
    if row.get("pending"):
        return "D", "Pending Approval"
    if row["type"] == CREDIT_MEMO.code:
        return ("B", "Fully Applied") if unapplied(row) == 0 else ("A", "Open")
    return ("B", "Paid In Full") if remaining(row) == 0 else ("A", "Open")


def unapplied(memo: Row) -> Decimal:
    return Decimal(memo["total"] - sum(memo["applied"].values(), ZERO))


def _merged(there: list[Row], sent: list[Row]) -> list[Row]:
    by_line = {each["line"]: each for each in sent if "line" in each}
    kept = [{**each, **by_line.get(each.get("line"), {})} for each in there]
    return kept + [each for each in sent if "line" not in each]
