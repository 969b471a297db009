"""One business: its tables, its opaque ids, its clock, and the ways in which it refuses."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from datetime import datetime
from decimal import Decimal

from babel.core import get_global

from airbooks.sandbox.kit import Clock, Row, Store, Table

# Units of each currency for one US dollar.
PER_DOLLAR = {"USD": "1", "GBP": "0.79", "AUD": "1.52", "EUR": "0.92", "CAD": "1.37"}


class InputErrors(Exception):  # noqa: N818 the vendor's own word
    """A mutation that did not succeed; `errors` may be empty, as it is for an id of another business."""

    def __init__(self, *errors: Row) -> None:
        super().__init__(str(errors))
        self.errors = list(errors)


def input_error(path: str, message: str, code: str = "INVALID") -> InputErrors:
    """One refused input value; the codes are from memory, the vendor does not publish them."""
    return InputErrors({"path": ["input", *path.split(".")] if path else ["input"], "message": message, "code": code})


def exponent(currency: str) -> int:
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])


class Business:
    """The books of one business. Rows are keyed by their full, opaque id."""

    def __init__(self, store: Store, clock: Clock, uuid: str) -> None:
        self.store, self.clock, self.uuid = store, clock, uuid
        self.id = _encoded(f"Business:{uuid}")

    # -- settings -----------------------------------------------------------------------------------------------------------
    @property
    def settings(self) -> Row:
        return self.store.table(f"{self.uuid}/settings")["business"]

    def configure(self, settings: Row) -> None:
        self.store.table(f"{self.uuid}/settings")["business"] = settings

    @property
    def home(self) -> str:
        return str(self.settings["currency"])

    # -- rows ---------------------------------------------------------------------------------------------------------------
    def table(self, kind: str) -> Table:
        return self.store.table(f"{self.uuid}/{kind}")

    def add(self, kind: str, row: Row) -> Row:
        """Keep a new row under the next id of its kind."""
        number = self.store.next_number(f"{self.uuid}/{kind}", first=2_000_001)
        now = self.now()
        made = {"id": self.id_of(kind, number), **row, "createdAt": now, "modifiedAt": now}
        self.table(kind)[made["id"]] = made
        return made

    def keep(self, kind: str, row: Row) -> Row:
        """Keep a changed row, with a change time that is later than the one before."""
        made = {**row, "modifiedAt": self.now()}
        self.table(kind)[row["id"]] = made
        return made

    def id_of(self, kind: str, number: int) -> str:
        return _encoded(f"Business:{self.uuid};{kind}:{number}")

    def now(self) -> datetime:
        now = self.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def named(self, kind: str, row_id: str, path: str) -> Row:
        """The row that an input means. Raises InputErrors: without a reason where the id is another business's."""
        row = self.table(kind).get(row_id)
        if row is not None:
            return row
        if not decoded(row_id).startswith(f"Business:{self.uuid};"):
            raise InputErrors()
        raise input_error(path, f"{kind} could not be found.", "NOT_FOUND")

    def rate(self, currency: str) -> Decimal:
        """Wave's own rate: units of the business's currency for one of `currency`."""
        return (Decimal(PER_DOLLAR[self.home]) / Decimal(PER_DOLLAR.get(currency, "1"))).quantize(Decimal("0.00000001"))


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def decoded(row_id: str) -> str:
    """What an opaque id says; empty for text that is none."""
    try:
        return b64decode(row_id, validate=True).decode()
    except (NotBase64, UnicodeDecodeError, ValueError):
        return ""


def business_id(row_id: str) -> str:
    """The id of the business that a row's id belongs to."""
    return _encoded(decoded(row_id).partition(";")[0])
