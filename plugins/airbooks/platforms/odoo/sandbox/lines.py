"""The lines of invoices: kept packed beside their invoice, because a long run books hundreds of thousands of them.

A line is a small dict while it is worked on; numbers are text there, so that nothing is lost by packing.
"""

from __future__ import annotations

import json
from bisect import bisect_right, insort
from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.sandbox.kit import Row

from .domain import matches, must_hold
from .orm import Env, Model
from .refusals import Missing, ServerFailure, UserRefusal, ValidationRefusal
from .totals import line_amounts, to_unit
from .values import number, rounded

if TYPE_CHECKING:
    from .simulator import OdooSimulator

SILENT = ("line_section", "line_subsection", "line_note")  # lines without amounts
WRITABLE = (
    "display_type",
    "name",
    "product_id",
    "product_uom_id",
    "quantity",
    "price_unit",
    "discount",
    "tax_ids",
    "account_id",
    "analytic_distribution",
)


class MoveLine(Model):
    """`account.move.line`: a view of the packed lines, and of the receivable item of every invoice and payment entry."""

    name = "account.move.line"

    def __init__(self, odoo: OdooSimulator) -> None:
        super().__init__(odoo)
        self.packed = odoo.database.rows("account.move.packed")
        # Ids are handed out in runs, so a move is found from the first id of each run.
        self.runs = sorted((first, move_id) for move_id in self.packed for first in self._run_starts(self.packed[move_id]))

    # Keeping

    def of_move(self, move_id: int) -> list[Row]:
        """The product, section and note lines of a move, in order."""
        kept = self.packed.get(move_id)
        return json.loads(kept["lines"]) if kept else []

    def keep(self, move_id: int, lines: list[Row]) -> None:
        before = self.packed.get(move_id)
        receivable = before["receivable"] if before else self.odoo.database.allocate(self.name)
        fresh = [line for line in lines if "id" not in line]
        first = self.odoo.database.allocate(self.name, len(fresh)) if fresh else 0
        for place, line in enumerate(fresh):
            line["id"] = first + place
        if before is None:
            insort(self.runs, (receivable, move_id))
        if fresh:
            insort(self.runs, (first, move_id))
        text = json.dumps([{k: v for k, v in line.items() if v not in (False, None)} for line in lines], separators=(",", ":"))
        self.packed.put(move_id, {"id": move_id, "receivable": receivable, "lines": text})

    def drop(self, move_id: int) -> None:
        if move_id in self.packed:
            self.packed.delete(move_id)

    def receivable_of(self, move_id: int) -> int:
        kept = self.packed.get(move_id)
        if kept is None:
            raise Missing.record("account.move", move_id, 2)
        return int(kept["receivable"])

    def _run_starts(self, kept: Row) -> list[int]:
        ids = sorted(line["id"] for line in json.loads(kept["lines"]))
        return [kept["receivable"], *(one for place, one in enumerate(ids) if place == 0 or ids[place - 1] != one - 1)]

    def move_of(self, line_id: int) -> int:
        """The move that a line id belongs to."""
        move_id = self._owner(line_id)
        if not move_id:
            raise Missing.record(self.name, line_id, 2)
        return move_id

    def _owner(self, line_id: int) -> int:
        place = bisect_right(self.runs, (line_id, 1 << 62)) - 1
        move_id = self.runs[place][1] if place >= 0 else 0
        return move_id if move_id in self.packed and line_id in self._ids(move_id) else 0

    def _ids(self, move_id: int) -> set[int]:
        return {self.receivable_of(move_id), *(line["id"] for line in self.of_move(move_id))}

    # Reading as records

    def found(self, record_id: int) -> Row | None:
        move_id = self._owner(record_id)
        return next(row for row in self.records(move_id) if row["id"] == record_id) if move_id else None

    def records(self, move_id: int) -> list[Row]:
        """All items of one move as full records."""
        move = self.odoo.models["account.move"].rows.get(move_id)
        if move is None:
            return []
        shared = {
            "move_id": move_id,
            "move_name": move.get("name"),
            "parent_state": move["state"],
            "partner_id": move.get("partner_id"),
            "company_id": move["company_id"],
            "currency_id": move["currency_id"],
            "date": move.get("date"),
            "write_date": move["write_date"],
            "create_date": move["create_date"],
        }
        invoiced = [{**shared, **line, "account_type": "income"} for line in self.of_move(move_id)]
        return [*invoiced, {**shared, **self.odoo.invoices.receivable_item(move)}]

    def find(self, env: Env, domain: list[Any]) -> list[Row]:
        rows = [row for move in dict.fromkeys(self._moves_for(domain)) for row in self.records(move)]
        return [row for row in rows if self.visible(env, row) and matches(domain, lambda path, row=row: self.path(env, row, path))]  # type: ignore[misc]

    def _moves_for(self, domain: list[Any]) -> Iterable[int]:
        for name, operator, wanted in must_hold(domain):
            if name in ("move_id", "id") and operator in ("=", "in"):
                values = wanted if isinstance(wanted, list) else [wanted]
                return list(values) if name == "move_id" else [self.move_of(one) for one in values]
        return self.packed

    def value(self, env: Env, row: Row, name: str) -> Any:
        found = row.get(name)
        if found is not None and self.fields[name].type in ("float", "monetary"):
            return Decimal(found)
        return super().value(env, row, name)

    # Writing through the invoice

    def prepared(self, env: Env, vals: Row, move: Row, before: Row | None = None) -> Row:
        """A line as it will be kept: values checked, quantity and discount rounded, defaults of product and journal filled in."""
        sent = {name: value for name, value in vals.items() if name != "id"}
        unknown = next((name for name in sent if name not in self.fields), None)
        if unknown is not None:
            raise ServerFailure(f"Invalid field {unknown!r} in {self.name!r}")
        line: Row = dict(before or {})
        for name, value in sent.items():
            if name not in WRITABLE:
                raise UserRefusal(f"The field {name} of {self.name} is computed by the server.")
            line[name] = self.clean(env, self.fields[name], value)
        kind = line.get("display_type", "product")
        if kind is False:
            raise ServerFailure("Missing required value for the field 'Display type' (display_type).")
        if kind in SILENT:
            return {"display_type": kind, "name": line.get("name", False), **({"id": before["id"]} if before else {})}
        return self._accountable(env, line, move)

    def _accountable(self, env: Env, line: Row, move: Row) -> Row:
        product = env.model("product.product").rows.get(line.get("product_id") or 0)
        if "tax_ids" not in line:
            line["tax_ids"] = self.odoo.invoices.default_taxes(env, product, move)
        if line.get("account_id") is False:
            raise ValidationRefusal("Missing required account on accountable line.")
        if "account_id" not in line:
            line["account_id"] = self.odoo.invoices.default_account(env, product, move)
        if not line.get("name") and product:
            line["name"] = product["name"]
        quantity = number(line.get("quantity", 1), "quantity")
        price = number(line.get("price_unit", product["list_price"] if product else 0), "price_unit")
        discount = number(line.get("discount", 0), "discount")
        line |= {
            "display_type": line.get("display_type", "product"),
            "quantity": _plain(rounded(quantity)),
            "price_unit": _plain(price),
            "discount": _plain(rounded(discount)),
        }
        self._check_companies(env, line, move)
        return line

    def _check_companies(self, env: Env, line: Row, move: Row) -> None:
        invoices = self.odoo.invoices
        for tax in line["tax_ids"]:
            invoices.same_company(env, "account.tax", tax, move["company_id"])
        if line.get("product_id"):
            invoices.same_company(env, "product.product", line["product_id"], move["company_id"])
        account = env.model("account.account").existing(line["account_id"])
        if account["company_ids"] and move["company_id"] not in account["company_ids"]:
            raise invoices.inconsistent(account["name"])
        for key in line.get("analytic_distribution") or {}:
            for one in key.split(","):
                if not one.isdigit() or int(one) not in env.model("account.analytic.account").rows:
                    raise Missing.record("account.analytic.account", one, env.uid)

    def priced(self, lines: Iterable[Row], unit: Decimal) -> list[Row]:
        """The same lines with their subtotal and total, rounded to the currency."""
        taxes = self.odoo.models["account.tax"].rows
        done = []
        for line in lines:
            if line["display_type"] in SILENT:
                done.append(line)
                continue
            amounts = line_amounts(line, taxes)
            subtotal = to_unit(amounts.base, unit)
            total = subtotal + sum((to_unit(tax, unit) for tax in amounts.taxes.values()), Decimal(0))
            done.append({**line, "price_subtotal": _plain(subtotal), "price_total": _plain(total)})
        return done


def _plain(value: Decimal) -> str:
    return format(value, "f")
