"""The company: its tables, its open periods, and how codes in a request find what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from uuid import NAMESPACE_URL, uuid5

from airbooks.platforms.acumatica.sandbox.answers import Path, Row
from airbooks.platforms.acumatica.sandbox.contract import SHAPES
from airbooks.platforms.acumatica.sandbox.sessions import Session
from airbooks.sandbox.kit import Clock, Store, Table

Struck = Callable[[str], Row | None]
Errors = list[tuple[Path, str]]
DOCUMENTS = ("SalesInvoice", "Invoice")
CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, ROUND_HALF_UP)


class Company:
    """Rows hold plain values under the names of the contract; what starts with an underscore is the server's own."""

    def __init__(self, store: Store, clock: Clock, name: str, currency: str, struck: Struck) -> None:
        self.store, self.clock, self.name, self.currency, self.struck = store, clock, name, currency, struck

    def table(self, entity: str) -> Table:
        return self.store.table(entity)

    def key_of(self, entity: str, row: Row) -> str:
        return "/".join(str(row[name]) for name in SHAPES[entity].keys)

    def put(self, entity: str, row: Row) -> Row:
        self.table(entity)[self.key_of(entity, row)] = row
        return row

    def touched(self, row: Row) -> Row:
        row["LastModifiedDateTime"] = self.clock.now()
        return row

    def next_number(self, prefix: str) -> str:
        return f"{prefix}{self.store.next_number(prefix):06d}"

    # -- ids --------------------------------------------------------------------------------------------------------------

    def guid(self, session: Session, entity: str, key: str) -> str:
        """The id of a record or row, as one session sees it."""
        return str(uuid5(NAMESPACE_URL, f"{session.id}/{entity}/{key}"))

    def by_guid(self, session: Session, entity: str, guid: str) -> Row | None:
        return next((row for key, row in self.table(entity).items() if self.guid(session, entity, key) == guid), None)

    # -- codes ------------------------------------------------------------------------------------------------------------

    def known(self, entity: str, code: str) -> Row | None:
        """Ids are kept in capitals and without padding."""
        return self.table(entity).get(code.strip().upper())

    def item(self, code: str) -> Row | None:
        return self.known("StockItem", code) or self.known("NonStockItem", code)

    def check(self, errors: Errors, path: Path, entity: str, code: str | None, label: str) -> None:
        """A code that is given must be there and active."""
        if not code:
            return
        row = self.known(entity, code)
        if row is None or row.get("Active") is False:
            errors.append((path, f"{label} '{code}' cannot be found in the system."))

    def check_period(self, errors: Errors, moment: datetime | None) -> None:
        if moment is None:
            return
        period = f"{moment:%m-%Y}"
        if period in self.table("$closed") or self.struck("period_closed") is not None:
            errors.append((("PostPeriod",), f"The {period} financial period is inactive in the {self.name} company."))

    def close_period(self, period: str) -> None:
        """`MM-YYYY`."""
        self.table("$closed")[period] = {}

    def open_period(self, period: str) -> None:
        self.table("$closed").pop(period, None)

    # -- documents --------------------------------------------------------------------------------------------------------

    def document(self, kind: str, number: str) -> tuple[str, Row] | None:
        """A document of either screen, and which."""
        for entity in DOCUMENTS:
            row = self.table(entity).get(f"{kind}/{number}")
            if row is not None:
                return entity, row
        return None

    def documents(self) -> Iterator[tuple[str, Row]]:
        for entity in DOCUMENTS:
            yield from ((entity, row) for row in self.table(entity).values())

    def settle(self, entity: str, row: Row, amount: Decimal) -> None:
        """Lower a released document's balance; a negative amount raises it again."""
        row["Balance"] -= amount
        row["Status"] = "Closed" if row["Balance"] == 0 else "Open"
        self.put(entity, self.touched(row))


def customer_name(entity: str) -> str:
    """What an entity calls its customer."""
    return "Customer" if entity == "Invoice" else "CustomerID"
