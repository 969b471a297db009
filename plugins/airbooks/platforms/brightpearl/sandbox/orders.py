"""Sales orders and sales credits: dedupe by external reference, rows, statuses, the close that invoices a moment later."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from airbooks.platforms.brightpearl.sandbox import bodies
from airbooks.platforms.brightpearl.sandbox.answers import BAD_PATCH, NOT_FOUND, UNKNOWN_CODE, Refusal, Row, moment, number
from airbooks.platforms.brightpearl.sandbox.company import INVOICED_STATUS, Company
from airbooks.platforms.brightpearl.sandbox.search import id_set
from airbooks.platforms.brightpearl.sandbox.shapes import ORDER_SEARCH, Shapes, total_of
from airbooks.sandbox.kit import Table

CENT = Decimal("0.01")
READS_UNTIL_INVOICED = 1  # after a close the order is READY for so many reads more
PREFIX = {"SO": "SI", "SC": "SC"}
MOST_IDS = 200


class Orders:
    """The orders of one account; `locked_until` is the last day of a locked period."""

    def __init__(
        self, company: Company, shapes: Shapes, struck: Callable[[str], Row | None], locked_until: Callable[[], datetime | None]
    ) -> None:
        self.company, self.shapes, self.struck, self.locked_until = company, shapes, struck, locked_until

    @property
    def rows(self) -> Table:
        return self.company.table("order")

    def get(self, order_id: str, kind: str = "") -> Row:
        row = self.rows.get(order_id)
        if row is None or (kind and row["type"] != kind):
            raise Refusal("Order not found", NOT_FOUND, 404)
        return row

    def keep(self, row: Row) -> Row:
        row = {**row, "version": row["version"] + 1, "updated": self.company.now()}
        self.rows[str(row["id"])] = row
        return row

    # -- create -----------------------------------------------------------------------------------------------------------

    def create(self, body: Row, kind: str) -> Row:
        """The compound key is external reference and instance: a repeat answers 200 and changes nothing. One alone is no key."""
        made = bodies.order(self.company, body, kind)
        twin = self._twin(made, kind)
        if twin is not None:
            other = self.struck("duplicate_answers_other")
            return {"response": other.get("id", 0) if other else twin["id"]}
        wrong = self.struck("wrong_tax")
        if wrong:
            made["sent_rows"][0]["tax"] += Decimal(str(wrong.get("amount", "0.01")))
        order_id = self.company.next_id("order", first=10_021)
        now = self.company.now()
        rows = {str(self.company.next_id("row")): row for row in made.pop("sent_rows")}
        more = {"id": order_id, "type": kind, "rows": rows, "invoice": None, "pending": None, "notes": [], "created": now, "version": 0}
        self.keep({**made, **more})
        return {"response": order_id}

    def _twin(self, made: Row, kind: str) -> Row | None:
        key = (made["external"], made["instance"])
        if None in key:
            return None
        return next((row for row in self.rows.where("external", key[0]) if row["type"] == kind and row["instance"] == key[1]), None)

    # -- reading ----------------------------------------------------------------------------------------------------------

    def read(self, ids: str, kind: str = "") -> list[Row]:
        """Those of an id set that exist; an unknown one is no error."""
        wanted = id_set(ids)
        if len(wanted) > MOST_IDS:
            raise Refusal(f"An id set has at most {MOST_IDS} ids")
        found = [row for row in self.rows.where("id", *wanted) if kind in ("", row["type"])]
        for row in found:
            self._progress(row)
        return [self.rows[str(row["id"])] for row in found]

    def _progress(self, row: Row) -> None:
        """Each read brings a pending invoice nearer."""
        if row["pending"] is None or row["invoice"]:
            return
        self.rows[str(row["id"])] = {**row, "pending": row["pending"] - 1}
        if row["pending"] <= 0:
            self._invoice(row)

    def _invoice(self, row: Row) -> None:
        kind, at = row["type"], row["close_date"]
        contact = self.company.table("contact")[str(row["customer"])]
        days = contact.get("financialDetails", {}).get("creditTermDays", 0)
        due = at.astimezone(self.company.zone).date() + timedelta(days=days)
        invoice = {
            "number": f"{PREFIX[kind]}-{self.company.next_id(PREFIX[kind], first=1001)}",
            "tax_date": at,
            "due": datetime(due.year, due.month, due.day, tzinfo=UTC),
        }
        self.keep({**row, "invoice": invoice, "pending": None, "status": INVOICED_STATUS[kind]})

    def search(self, asked: dict[str, str]) -> Row:
        rows = self.rows.where("external", asked["externalRef"]) if "externalRef" in asked else self.rows.values()
        return ORDER_SEARCH.page([self.shapes.listed(row) for row in rows], asked)

    # -- changing ---------------------------------------------------------------------------------------------------------

    def _editable(self, order_id: str) -> Row:
        row = self.get(order_id)
        if row["invoice"] or row["pending"] is not None:
            raise Refusal("The order has already been invoiced", UNKNOWN_CODE)
        return row

    def add_row(self, order_id: str, body: Row) -> Row:
        order, row_id = self._editable(order_id), str(self.company.next_id("row"))
        self.keep({**order, "rows": {**order["rows"], row_id: bodies.legacy_row(self.company, body)}})
        return {"response": int(row_id)}

    def replace_row(self, order_id: str, row_id: str, body: Row) -> Row:
        order = self._editable(order_id)
        self._row(order, row_id)
        self.keep({**order, "rows": {**order["rows"], row_id: bodies.row(self.company, body)}})
        return {}

    def delete_row(self, order_id: str, row_id: str) -> Row:
        order = self._editable(order_id)
        self._row(order, row_id)
        self.keep({**order, "rows": {number: row for number, row in order["rows"].items() if number != row_id}})
        return {}

    def patch_row(self, order_id: str, row_id: str, operations: object) -> Row:
        """A new net recomputes the tax from the tax code, whatever tax was there."""
        order = self._editable(order_id)
        row = self._row(order, row_id)
        for path, value in _replacements(operations).items():
            if path != "/rowValue/rowNet/value":
                raise Refusal(f"{path} cannot be patched")
            net = number("rowNet", value, 4)
            tax = (net * bodies.rate_of(self.company, row["tax_code"]) / 100).quantize(CENT, ROUND_HALF_UP)
            row = {**row, "net": net, "tax": tax}
        self.keep({**order, "rows": {**order["rows"], row_id: row}})
        return {}

    @staticmethod
    def _row(order: Row, row_id: str) -> Row:
        if row_id not in order["rows"]:
            raise Refusal("Order row not found", NOT_FOUND, 404)
        found: Row = order["rows"][row_id]
        return found

    def patch(self, order_id: str, operations: object) -> Row:
        order = self.get(order_id)
        made = bodies.patched(self.company, _replacements(operations))
        if (order["invoice"] or order["pending"] is not None) and {"customer", "billing"} & set(made):
            raise Refusal("The order has already been invoiced", UNKNOWN_CODE)
        warehouse = made.pop("warehouse", None)
        header = {**order["header"], **({"warehouseId": warehouse} if warehouse else {})}
        return {"response": self.shapes.order(self.keep({**order, **made, "header": header}))}

    # -- statuses ---------------------------------------------------------------------------------------------------------

    def set_status(self, order_id: str, body: Row) -> Row:
        """A status called Invoiced does not invoice; a cancelled one is only for what is neither invoiced nor paid."""
        order = self.get(order_id)
        bodies.only(body, {"orderStatusId", "orderNote"}, "status")
        status = self.company.known("status", body.get("orderStatusId"), "orderStatusId")
        if status["type"] != order["type"]:
            raise Refusal("orderStatusId is a status of another order type")
        blocked = order["invoice"] or order["pending"] is not None or self.shapes.paid(order["id"])
        if status["cancels"] and blocked:
            raise Refusal("The order cannot be cancelled", UNKNOWN_CODE)
        note = bodies.only(body.get("orderNote", {}), {"text", "isPublic"}, "orderNote")
        notes = [*order["notes"], bodies.text("orderNote.text", note["text"], 100_000)] if note else order["notes"]
        self.keep({**order, "status": status["id"], "notes": notes})
        return {}

    def close(self, order_id: str, body: Row, kind: str) -> Row:
        """Invoices the order, in a moment; harmless while that is pending, refused afterwards."""
        order = self.get(order_id, kind)
        bodies.only(body, {"taxDate"}, "close")
        if order["invoice"]:
            raise Refusal("The order has already been invoiced", UNKNOWN_CODE, 409)
        if self.shapes.cancelled(order):
            raise Refusal("A cancelled order cannot be invoiced", UNKNOWN_CODE)
        at = moment("taxDate", body["taxDate"]) if "taxDate" in body else order["tax_date"]
        locked = self.locked_until()
        if locked is not None and at <= locked:
            raise Refusal("The tax date falls in a locked accounting period", UNKNOWN_CODE)
        if order["pending"] is None:
            slow = self.struck("slow_invoice")
            self.keep({**order, "close_date": at, "pending": int(slow.get("reads", 99)) if slow else READS_UNTIL_INVOICED})
        return {}

    def taken_back(self, order: Row) -> bool:
        """Whether one closed sales credit with this parent takes exactly all of it off; other credits correct it, and it stays booked."""
        closed = (row for row in self.rows.where("parent", order["id"]) if row["type"] == "SC" and row["invoice"])
        return any(total_of(row) == total_of(order) for row in closed)


def _replacements(operations: object) -> dict[str, object]:
    """A JSON Patch of replacements; another operation is an error of the server's own kind."""
    if not isinstance(operations, list):
        raise Refusal("The body must be a list of operations")
    for each in operations:
        if each.get("op") != "replace":
            raise Refusal(f"Patch operation {each.get('op')} is not supported", BAD_PATCH, 500)
    return {each["path"]: each["value"] for each in operations}
