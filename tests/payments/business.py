"""Open items and movements for the tests of matching: short to write, complete enough to be true."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.decision import Decision, OpenItem
from airbooks.payments.matching import match
from airbooks.payments.tuning import Known, Tuning

PAID_ON = date(2026, 3, 1)
NORTHWIND = {"customer_code": "C-US-0042", "customer_name": "Northwind Tools Ltd"}
HARBOUR = {"customer_code": "C-US-0007", "customer_name": "Harbour Air Supply Inc."}


def invoice(serial: int, amount: str, **facts: Any) -> OpenItem:
    """US-SI-<serial> of Northwind, in USD, unless `facts` say otherwise."""
    total = Decimal(amount)
    told: dict[str, Any] = {
        "document_id": serial,
        "connection": "quickbooks_us",
        "division": "US",
        "kind": "invoice",
        "number": f"US-SI-{serial:06d}",
        "currency": "USD",
        "total": total,
        "open_amount": total,
        "issue_date": date(2026, 2, 1),
        **NORTHWIND,
    }
    return OpenItem(**(told | facts))


def credit_note(serial: int, amount: str, **facts: Any) -> OpenItem:
    """US-CN-<serial> of Northwind."""
    told = {"kind": "credit_note", "number": f"US-CN-{serial:06d}", "document_id": 500_000 + serial}
    return invoice(serial, amount, **(told | facts))


def paid(amount: str, text: str = "", **facts: Any) -> IncomingPayment:
    """A transfer of Northwind's, in USD, with `text` on it."""
    told = {
        "source": "bank",
        "source_id": f"{text} {amount}",
        "account": "US-OPERATING",
        "booked_on": PAID_ON,
        "amount": Decimal(amount),
        "currency": "USD",
        "payer_name": "NORTHWIND TOOLS LTD",
        "text": text,
    }
    return IncomingPayment.model_validate(told | facts)


def decide(movement: IncomingPayment, *items: OpenItem, tuning: Tuning | None = None, known: Known | None = None) -> Decision:
    """The one decision about one payment."""
    (decision,) = match([("payment", movement)], items, tuning or Tuning(), known or Known())
    return decision


def settles(decision: Decision) -> dict[str, Decimal]:
    """What the best way settles, by number."""
    return {each.number: each.settled for each in decision.best.settled} if decision.best else {}


def options(decision: Decision) -> list[set[str]]:
    """The sets of documents that a person may choose from, best first."""
    ways = [*([decision.best] if decision.best else []), *decision.others]
    return [{each.number for each in way.settled} for way in ways]


def amounts(*pairs: tuple[str, str]) -> dict[str, Decimal]:
    """Amounts by number."""
    return {number: Decimal(amount) for number, amount in pairs}


def numbers(serials: Sequence[int]) -> set[str]:
    """Numbers of the US invoices with these serials."""
    return {f"US-SI-{each:06d}" for each in serials}
