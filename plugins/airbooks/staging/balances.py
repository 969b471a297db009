"""What is open of each document on each connection, and why: one statement over everything that settles documents.

A document is settled by our allocations, by payments that people booked on the platform (by the documents they name there), and by the
credit notes that name it. Everything is summed over all revisions of a document: payments stay with it when it is corrected.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import psycopg
from psycopg.rows import class_row

from airbooks.payments.decision import ZERO, OpenItem


class Why(StrEnum):
    """Why something is open, or that it is not."""

    IN_REVIEW = "in review"
    REJECTED = "rejected"
    UNKNOWN = "outcome of the delivery unknown"
    IN_DELIVERY = "waiting for delivery"
    TAKEN_BACK = "payment taken back"
    OVERDUE = "overdue"
    PARTIALLY_PAID = "partially paid"
    NOT_DUE = "not due yet"
    CREDIT = "credit not used yet"
    OVERPAID = "overpaid"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Balance:
    """A current document on one connection (empty where no route takes it); amounts are in the document's currency, positive on both kinds.

    `ours` is settled by our allocations that were not cancelled, `theirs` by payments that people booked there, `credited` by credit notes
    (for a credit note: what it credited). `taken_back` was settled by allocations that were cancelled since. `state` is the document's,
    `delivery` that of its newest delivery. `open_amount` below zero is overpaid.
    """

    document_id: int
    source: str
    source_id: str
    connection: str
    division: str
    kind: str
    number: str
    customer_code: str
    customer_name: str
    currency: str
    state: str
    delivery: str
    in_review: bool
    remote_number: str
    issue_date: date
    due_date: date | None
    net_days: int | None
    discount_percent: Decimal | None
    discount_days: int | None
    purchase_order: str
    sales_order: str
    rate: Decimal | None
    total: Decimal
    ours: Decimal
    theirs: Decimal
    credited: Decimal
    taken_back: Decimal

    @property
    def paid(self) -> Decimal:
        return self.ours + self.theirs

    @property
    def open_amount(self) -> Decimal:
        return self.total - self.ours - self.theirs - self.credited

    @property
    def due(self) -> date | None:
        """The due date, by the terms where the document names none."""
        if self.due_date is not None or self.net_days is None:
            return self.due_date
        return self.issue_date + timedelta(days=self.net_days)

    def why(self, today: date) -> Why:
        """What its open amount waits for first; `today` in the books' own time zone."""
        if self.state == "exception" or self.in_review or self.delivery == "parked":
            return Why.IN_REVIEW
        if self.state == "rejected" or self.delivery == "rejected":
            return Why.REJECTED
        if self.open_amount == 0:
            return Why.SETTLED
        return self._waits_for_delivery() or self._waits_for_money(today)

    def _waits_for_delivery(self) -> Why | None:
        if self.delivery == "delivered":
            return None
        return Why.UNKNOWN if self.delivery == "unknown" else Why.IN_DELIVERY

    def _waits_for_money(self, today: date) -> Why:
        if self.open_amount < 0:
            return Why.OVERPAID
        if self.kind == "credit_note":
            return Why.CREDIT
        if self.taken_back:
            return Why.TAKEN_BACK
        if self.due is not None and self.due < today:
            return Why.OVERDUE
        return Why.PARTIALLY_PAID if self.paid or self.credited else Why.NOT_DUE

    def item(self) -> OpenItem:
        """The same for matching."""
        days = self.discount_days
        until = self.issue_date + timedelta(days=days) if days is not None and self.discount_percent else None
        return OpenItem(
            document_id=self.document_id,
            connection=self.connection,
            division=self.division,
            kind=self.kind,
            number=self.number,
            customer_code=self.customer_code,
            customer_name=self.customer_name,
            currency=self.currency,
            total=self.total,
            open_amount=self.open_amount,
            issue_date=self.issue_date,
            due_date=self.due,
            discount_percent=self.discount_percent or ZERO,
            discount_until=until,
            names=tuple(name for name in (self.remote_number, self.purchase_order, self.sales_order) if name and name != self.number),
            rate=self.rate,
        )


# The parts of the statement: each is set-based, and bounded by the chosen divisions and connections.
BALANCES = """
doc AS MATERIALIZED (
    SELECT d.document_id, d.source, d.source_id, d.kind, d.division, d.number, d.customer_code, d.customer_name, d.currency, d.state,
        d.issue_date, d.gross_total AS total, d.preceding, coalesce(r.connection, '') AS connection,
        (d.body -> 'exchange_rate') AS exchange_rate
    FROM airbooks.document d LEFT JOIN LATERAL (
        SELECT unnest(d.route) AS connection
        UNION SELECT v.connection FROM airbooks.document p JOIN airbooks.delivery v USING (document_id)
        WHERE d.state = 'cancelled' AND (p.source, p.source_id) = (d.source, d.source_id)
    ) r ON true
    WHERE d.is_current AND d.kind IN ('invoice', 'credit_note')
        AND (cardinality(%(divisions)s::text[]) = 0 OR d.division = ANY (%(divisions)s))
        AND (cardinality(%(connections)s::text[]) = 0 OR r.connection = ANY (%(connections)s))
), revision AS MATERIALIZED (
    SELECT doc.document_id, doc.connection, doc.kind, p.document_id AS revision_id, p.revision
    FROM doc JOIN airbooks.document p ON (p.source, p.source_id) = (doc.source, doc.source_id)
), sent AS MATERIALIZED (
    SELECT r.document_id, r.connection, r.revision_id, r.revision, r.kind, v.delivery_id, v.remote_total, v.state,
        v.operation, v.remote_id, v.remote_number
    FROM revision r JOIN airbooks.delivery v ON v.document_id = r.revision_id AND v.connection = r.connection
), newest AS (
    SELECT DISTINCT ON (document_id, connection) document_id, connection, state,
        EXISTS (SELECT FROM airbooks.exception e
            WHERE e.delivery_id = sent.delivery_id AND e.state = 'open' AND e.severity = 'error') AS in_review
    FROM sent ORDER BY document_id, connection, revision DESC, delivery_id DESC
), named AS (
    SELECT DISTINCT ON (document_id, connection) document_id, connection, remote_number
    FROM sent WHERE remote_number <> '' ORDER BY document_id, connection, revision DESC, delivery_id DESC
), ours AS (
    SELECT document_id, connection, sum(settled) AS settled, sum(greatest(0, before - abs(settled))) AS taken_back
    FROM (  -- an allocation that is taken back in part gives way to one of the rest
        SELECT r.document_id, r.connection, coalesce(max(abs(a.settled)) FILTER (WHERE a.cancelled_at IS NOT NULL), 0) AS before,
            coalesce(sum(CASE r.kind WHEN 'credit_note' THEN abs(a.settled) ELSE a.settled END)
                FILTER (WHERE a.cancelled_at IS NULL), 0) AS settled
        FROM revision r JOIN airbooks.allocation a ON a.document_id = r.revision_id AND a.connection = r.connection
        GROUP BY r.document_id, r.connection, a.incoming_id) payment
    GROUP BY 1, 2
), place AS (
    SELECT DISTINCT ON (connection, remote_id) connection, remote_id, document_id
    FROM sent WHERE remote_id <> '' AND operation IN ('create', 'update')
    ORDER BY connection, remote_id, kind DESC, document_id
), there AS MATERIALIZED (
    SELECT p.connection, p.remote_id AS payment_id, p.currency, p.reversed, p.delivery_id, part.remote_id, part.amount
    FROM airbooks.platform_payment p
    CROSS JOIN LATERAL jsonb_to_recordset(p.allocations) AS part (remote_id text, amount numeric)
    WHERE cardinality(%(connections)s::text[]) = 0 OR p.connection = ANY (%(connections)s)
    UNION ALL  -- where the platform does not tell what a payment of ours settles, that is what we asked for
    SELECT p.connection, p.remote_id, p.currency, p.reversed, p.delivery_id, place.remote_id, part.amount
    FROM airbooks.platform_payment p
    JOIN airbooks.delivery v ON v.delivery_id = p.delivery_id JOIN airbooks.document pay ON pay.document_id = v.document_id
    CROSS JOIN LATERAL jsonb_to_recordset(pay.body -> 'allocations') AS part (document_number text, amount numeric)
    JOIN doc ON doc.number = part.document_number AND doc.kind = 'invoice' AND doc.connection = p.connection
        AND doc.division = pay.division
    JOIN place ON place.document_id = doc.document_id AND place.connection = p.connection
    WHERE p.allocations = '[]' AND (cardinality(%(connections)s::text[]) = 0 OR p.connection = ANY (%(connections)s))
), applied AS MATERIALIZED (
    SELECT place.document_id, place.connection, there.payment_id, there.delivery_id, there.reversed, there.amount AS paid,
        there.currency NOT IN ('', doc.currency) AS is_foreign,
        CASE WHEN there.currency IN ('', doc.currency) THEN there.amount
            WHEN there.currency = doc.exchange_rate ->> 'base' AND (doc.exchange_rate ->> 'rate')::numeric > 0
            THEN round(there.amount / (doc.exchange_rate ->> 'rate')::numeric, 2) END AS amount
    FROM there JOIN place USING (connection, remote_id) JOIN doc USING (document_id, connection)
), theirs AS (
    SELECT a.document_id, a.connection, sum(a.amount) AS settled
    FROM applied a
    WHERE NOT a.reversed AND NOT EXISTS (  -- one of ours that a person rejected, and that stands there, is theirs
        SELECT FROM airbooks.delivery v JOIN airbooks.document own USING (document_id)
        WHERE v.delivery_id = a.delivery_id AND NOT (v.state = 'rejected' AND own.state = 'rejected'))
        AND NOT EXISTS (
        SELECT FROM airbooks.delivery v JOIN airbooks.document own USING (document_id)
        WHERE v.connection = a.connection AND string_to_array(v.remote_id, ',') @> ARRAY[a.payment_id] AND v.operation = 'apply'
            AND NOT (v.state = 'rejected' AND own.state = 'rejected'))
    GROUP BY 1, 2
), paid AS MATERIALIZED (
    SELECT doc.*, coalesce(o.settled, 0) AS ours, coalesce(o.taken_back, 0) AS taken_back, coalesce(t.settled, 0) AS theirs,
        doc.total - coalesce(o.settled, 0) - coalesce(t.settled, 0) AS rest
    FROM doc LEFT JOIN ours o USING (document_id, connection) LEFT JOIN theirs t USING (document_id, connection)
), corrects AS (  -- a number that several invoices bear means the first of them
    SELECT DISTINCT ON (n.document_id, n.connection, f.place) n.document_id AS note_id, n.connection, f.place, n.rest AS note_rest,
        i.document_id AS invoice_id, i.rest AS invoice_rest
    FROM paid n CROSS JOIN LATERAL unnest(n.preceding) WITH ORDINALITY AS f (number, place)
    JOIN paid i ON i.number = f.number AND i.division = n.division AND i.connection = n.connection AND i.currency = n.currency
        AND i.kind = 'invoice' AND i.state = 'valid'
    WHERE n.kind = 'credit_note' AND n.state = 'valid' AND n.rest > 0 AND i.rest > 0
    ORDER BY n.document_id, n.connection, f.place, i.document_id
), offered AS (  -- a credit note credits its invoices in the order in which it names them, each up to what is open
    SELECT *, greatest(0, least(invoice_rest, note_rest - coalesce(sum(invoice_rest) OVER (
        PARTITION BY note_id, connection ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS offer
    FROM corrects
), taken AS (  -- an invoice takes of its credit notes, oldest first, up to what is open; the rest stays with the note
    SELECT *, greatest(0, least(offer, invoice_rest - coalesce(sum(offer) OVER (
        PARTITION BY invoice_id, connection ORDER BY note_id, place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS credited
    FROM offered
), credited AS (
    SELECT document_id, connection, sum(credited) AS credited
    FROM (SELECT invoice_id AS document_id, connection, credited FROM taken
          UNION ALL SELECT note_id, connection, credited FROM taken) both_sides
    GROUP BY 1, 2
), balance AS (
    SELECT p.document_id, p.source, p.source_id, p.connection, p.division, p.kind, p.number, p.customer_code, p.customer_name, p.currency,
        p.state, coalesce(n.state, '') AS delivery, coalesce(n.in_review, false) AS in_review,
        coalesce(named.remote_number, '') AS remote_number, p.issue_date,
        (p.exchange_rate ->> 'rate')::numeric AS rate, p.total, p.ours, p.theirs, p.taken_back,
        coalesce(c.credited, 0) AS credited
    FROM paid p LEFT JOIN credited c USING (document_id, connection) LEFT JOIN newest n USING (document_id, connection)
    LEFT JOIN named USING (document_id, connection)
)"""

_SELECT = """
SELECT b.*, said.due_date, (said.terms ->> 'net_days')::int AS net_days,
    (said.terms ->> 'discount_percent')::numeric AS discount_percent, (said.terms ->> 'discount_days')::int AS discount_days,
    coalesce(said.purchase_order, '') AS purchase_order, coalesce(said.sales_order, '') AS sales_order
FROM balance b JOIN airbooks.document d USING (document_id)
CROSS JOIN LATERAL jsonb_to_record(d.body) AS said (due_date date, terms jsonb, purchase_order text, sales_order text)
"""

_BALANCES = f"WITH {BALANCES}{_SELECT} WHERE b.state <> 'cancelled' ORDER BY b.document_id, b.connection"

_OPEN = f"""
WITH {BALANCES}{_SELECT}
WHERE b.total - b.ours - b.theirs - b.credited > 0 AND b.state = 'valid' AND b.connection <> ''
    AND (b.delivery <> 'rejected' OR b.in_review)
ORDER BY b.document_id, b.connection
"""

_SETTLED = f"""
WITH {BALANCES}
SELECT b.number FROM balance b
WHERE b.state = 'valid' AND b.connection <> '' GROUP BY b.number HAVING max(b.total - b.ours - b.theirs - b.credited) <= 0
"""  # noqa: S608 only constants are put in

_STILL_OPEN = f"""
WITH {BALANCES}{_SELECT}
WHERE b.total - b.ours - b.theirs - b.credited <> 0 AND b.state NOT IN ('rejected', 'cancelled')
    AND (cardinality(%(numbers)s::text[]) = 0 OR b.number = ANY (%(numbers)s))
    AND (cardinality(%(customers)s::text[]) = 0 OR b.customer_code = ANY (%(customers)s))
ORDER BY b.document_id, b.connection
"""


def balances(database: psycopg.Connection, divisions: Sequence[str] = (), connections: Sequence[str] = ()) -> Iterator[Balance]:
    """Every current document that is not cancelled, on each of its connections (of these divisions and connections, if any are given)."""
    return _read(database, _BALANCES, {"divisions": list(divisions), "connections": list(connections)})


def open_items(database: psycopg.Connection, divisions: Sequence[str] = (), connections: Sequence[str] = ()) -> list[OpenItem]:
    """What payments may settle: valid documents with an open amount above zero, delivered or on their way; credit notes too."""
    found = _read(database, _OPEN, {"divisions": list(divisions), "connections": list(connections)})
    return [each.item() for each in found]


def settled_numbers(database: psycopg.Connection) -> frozenset[str]:
    """The numbers of valid documents of which nothing is open any more, whoever paid them or credited them."""
    rows = database.execute(_SETTLED, {"divisions": [], "connections": []})
    return frozenset(row[0] for row in rows)


@dataclass(frozen=True, slots=True)
class StillOpen:
    """One answer to "what is still open, and why"; `says` is for a finance person."""

    balance: Balance
    why: Why
    says: str


def still_open(
    database: psycopg.Connection, today: date, *, divisions: Sequence[str] = (), customers: Sequence[str] = (), numbers: Sequence[str] = ()
) -> Iterator[StillOpen]:
    """What is open today, and why: of these divisions, customers or document numbers, if any are given. Rejected documents are not."""
    chosen = {"divisions": list(divisions), "connections": [], "customers": list(customers), "numbers": list(numbers)}
    for balance in _read(database, _STILL_OPEN, chosen):
        why = balance.why(today)
        yield StillOpen(balance, why, _says(balance, why, today))


def _read(database: psycopg.Connection, statement: Any, chosen: dict[str, Any]) -> Iterator[Balance]:
    database.execute("SET LOCAL cursor_tuple_fraction = 1")  # all rows are wanted, not the first ones soon
    with database.cursor(name="balances", row_factory=class_row(Balance)) as cursor:
        cursor.itersize = 5_000
        yield from cursor.execute(statement, chosen)


def _says(balance: Balance, why: Why, today: date) -> str:
    parts = [f"{balance.open_amount:,} {balance.currency} of {balance.total:,} open: {why}"]
    if why is Why.OVERDUE and balance.due is not None:
        parts.append(f"for {(today - balance.due).days} days (due {balance.due})")
    amounts = (("paid", balance.paid), ("credited", balance.credited), ("taken back", balance.taken_back))
    parts += [f"{amount:,} {what}" for what, amount in amounts if amount]
    return ", ".join(parts)
