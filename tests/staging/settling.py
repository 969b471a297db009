"""Documents, deliveries, allocations and platform payments written straight into the tables, for tests of what is open and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from tests.staging.rows import add_raw, one

from airbooks.canonical import RemotePayment
from airbooks.canonical.remote import RemoteAllocation

CONNECTION = "odoo_au"
ISSUED = date(2026, 3, 10)
READ_AT = datetime(2026, 4, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Sold:
    """A document that was staged, with its delivery."""

    document_id: int
    delivery_id: int
    number: str


class Books:
    """Writes what a test needs into the staging database."""

    def __init__(self, database: psycopg.Connection) -> None:
        self.database = database

    def sell(
        self,
        number: str,
        total: str = "100.00",
        *,
        kind: str = "invoice",
        state: str = "valid",
        delivery: str = "delivered",
        corrects: Sequence[str] = (),
        route: Sequence[str] = (CONNECTION,),
        currency: str = "AUD",
        issued: date = ISSUED,
        division: str = "AU",
        remote_total: str | None = None,
        **body: Any,
    ) -> Sold:
        """A current document; one with a number that is known becomes its next revision. `delivery` empty: it is not planned yet."""
        raw_id = add_raw(self.database, number)
        self.database.execute("UPDATE airbooks.document SET is_current = false WHERE source_id = %s", [number])
        document_id = one(
            self.database,
            "INSERT INTO airbooks.document (source, source_id, revision, raw_id, content_hash, state, kind, division, number, issue_date,"
            " currency, customer_code, customer_name, net_total, tax_total, gross_total, preceding, route, body)"
            " VALUES ('erp', %s, (SELECT 1 + count(*) FROM airbooks.document WHERE source_id = %s), %s, 'h', %s, %s, %s, %s, %s, %s,"
            " 'C-1', 'Harbour Air', %s, 0, %s, %s, %s, %s) RETURNING document_id",
            *(number, number, raw_id, state, kind, division, number, issued, currency, total, total),
            *(list(corrects), list(route), Jsonb(body)),
        )
        delivery_id = self.deliver(document_id, number, delivery, remote_total) if delivery and route else 0
        return Sold(document_id, delivery_id, number)

    def deliver(self, document_id: int, number: str, state: str, remote_total: str | None = None, operation: str = "create") -> int:
        there = state == "delivered"
        delivery_id: int = one(
            self.database,
            "INSERT INTO airbooks.delivery (document_id, connection, platform, operation, state, remote_id, remote_number, remote_total,"
            " delivered_at) VALUES (%s, %s, 'odoo', %s, %s, %s, %s, %s, now()) RETURNING delivery_id",
            *(document_id, CONNECTION, operation, state, f"r-{number}" if there else "", f"INV/{number}" if there else "", remote_total),
        )
        return delivery_id

    def pay(
        self, parts: Sequence[tuple[Sold, str]], *, name: str = "P-1", state: str = "delivered", discount: str = "0", currency: str = "AUD"
    ) -> int:
        """A payment of ours over documents, applied by a payment document whose platform id is its name; returns its incoming id."""
        amount = sum((abs(Decimal(part)) for _, part in parts), Decimal(0))
        incoming_id: int = one(
            self.database,
            "INSERT INTO airbooks.incoming_payment"
            " (source, source_id, account, fingerprint, kind, booked_on, amount, currency, state, body)"
            " VALUES ('bank', %s, 'main', %s, 'receipt', '2026-03-20', %s, %s, 'matched', '{}') RETURNING incoming_id",
            *(name, name, amount, currency),
        )
        payment_id = one(
            self.database,
            "INSERT INTO airbooks.document (source, source_id, revision, raw_id, content_hash, state, kind, division, number, issue_date,"
            " currency, customer_code, customer_name, net_total, tax_total, gross_total, body)"
            " VALUES ('payments', %s, 1, %s, 'h', 'valid', 'payment', 'AU', %s, '2026-03-20', %s, 'C-1', 'Harbour Air', %s, 0, %s, '{}')"
            " RETURNING document_id",
            *(name, add_raw(self.database, name), name, currency, amount, amount),
        )
        self.database.execute(
            "INSERT INTO airbooks.delivery (document_id, connection, platform, operation, state, remote_id)"
            " VALUES (%s, %s, 'odoo', 'apply', %s, %s)",
            (payment_id, CONNECTION, state, name if state == "delivered" else ""),
        )
        for sold, part in parts:
            settled = Decimal(part)
            self.database.execute(
                "INSERT INTO airbooks.allocation (incoming_id, connection, document_id, number, amount, discount, settled,"
                " payment_document_id) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                (incoming_id, CONNECTION, sold.document_id, sold.number, settled - Decimal(discount), discount, settled, payment_id),
            )
        return incoming_id


def listed(name: str, *parts: tuple[str, str], reversed_: bool = False, currency: str = "AUD", **fields: Any) -> RemotePayment:
    """A payment as a platform lists it; `parts` are the number of a document of ours and an amount."""
    allocations = tuple(RemoteAllocation(remote_id=f"r-{number}", amount=Decimal(amount)) for number, amount in parts)
    made = {"amount": sum((each.amount for each in allocations), Decimal(0)), "received_on": date(2026, 3, 20), "modified_at": READ_AT}
    return RemotePayment(remote_id=name, currency=currency, allocations=allocations, reversed=reversed_, **{**made, **fields})
