"""A small staging database for tests: raw documents, documents and deliveries written straight into the tables."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import psycopg

from airbooks.canonical import Finding, Severity
from airbooks.staging.exceptions import Found

_serial = count(1)
CONNECTION = "odoo_au"


@dataclass(frozen=True, slots=True)
class Row:
    """A document in the database with its raw document and, where it has one, its delivery."""

    raw_id: int
    document_id: int
    number: str
    delivery_id: int | None = None

    @property
    def key(self) -> tuple[str, str]:
        return "erp", self.number


def one(database: psycopg.Connection, statement: str, *values: Any) -> Any:
    """The first column of the first row."""
    row = database.execute(statement, values).fetchone()
    assert row is not None
    return row[0]


def add_raw(database: psycopg.Connection, source_id: str) -> int:
    found: int = one(
        database,
        "INSERT INTO airbooks.raw_document (source, source_id, content_hash, payload, changed_at, staged_at)"
        " VALUES ('erp', %s, %s, '{}', now(), now()) RETURNING raw_id",
        source_id,
        f"hash-{next(_serial)}",
    )
    return found


def add_document(
    database: psycopg.Connection,
    number: str,
    amount: str = "100.00",
    currency: str = "AUD",
    kind: str = "invoice",
    state: str = "exception",
) -> Row:
    """A current document; one with a number that is known becomes its next revision."""
    raw_id = add_raw(database, number)
    database.execute("UPDATE airbooks.document SET is_current = false WHERE source_id = %s", [number])
    document_id = one(
        database,
        "INSERT INTO airbooks.document (source, source_id, revision, raw_id, content_hash, state, kind, division, number, issue_date,"
        " currency, customer_code, customer_name, net_total, tax_total, gross_total, body)"
        " VALUES ('erp', %s, (SELECT 1 + count(*) FROM airbooks.document WHERE source_id = %s), %s, 'h', %s, %s, 'AU', %s, '2026-11-02',"
        " %s, 'C-1', 'Harbour Air', %s, 0, %s, '{}') RETURNING document_id",
        *(number, number, raw_id, state, kind, number, currency, amount, amount),
    )
    return Row(raw_id, document_id, number)


def add_delivery(database: psycopg.Connection, row: Row, state: str = "parked", connection: str = CONNECTION) -> Row:
    delivery_id = one(
        database,
        "INSERT INTO airbooks.delivery (document_id, connection, platform, operation, state, attempt, not_before)"
        " VALUES (%s, %s, 'odoo', 'create', %s, 2, 'infinity') RETURNING delivery_id",
        *(row.document_id, connection, state),
    )
    return replace(row, delivery_id=delivery_id)


def unmapped(code: str = "AU-GST10", number: str = "AU-SI-1") -> Finding:
    return Finding(
        code="AB-MAPPING",
        severity=Severity.ERROR,
        field="lines",
        value=code,
        says=f"Invoice {number}: tax code {code} has no mapping for {CONNECTION}.",
        fix="Map it under Exceptions.",
        connection=CONNECTION,
        subject=f"tax_code:{code}",
    )


def finding(
    code: str = "BR-CO-15", *, field: str = "gross_total", subject: str = "", connection: str = "", severity: str = "error"
) -> Finding:
    return Finding(
        code=code,
        severity=Severity(severity),
        field=field,
        value="99.00",
        says="Invoice AU-SI-1: the total does not add up.",
        fix="Correct the total.",
        connection=connection,
        subject=subject,
    )


def of_document(row: Row, found: Finding, run_id: str = "run-1") -> Found:
    return Found(finding=found, document_id=row.document_id, run_id=run_id)


def of_delivery(row: Row, found: Finding) -> Found:
    return Found(finding=found, delivery_id=row.delivery_id)
