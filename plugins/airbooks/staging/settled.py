"""Where the documents that a payment settles are on a platform."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg


def remote_ids(database: psycopg.Connection, connection: str, numbers: Sequence[str]) -> dict[str, str]:
    """The platform's ids of the delivered invoices with these numbers; those that are not (or no longer) there are left out."""
    rows = database.execute(
        "SELECT doc.number, d.remote_id FROM airbooks.delivery d JOIN airbooks.document doc USING (document_id)"
        " WHERE d.connection = %s AND doc.number = ANY(%s) AND doc.kind = 'invoice' AND doc.is_current"
        " AND d.state = 'delivered' AND d.operation <> 'void' AND d.remote_id <> ''",
        (connection, list(numbers)),
    ).fetchall()
    return {row[0]: row[1] for row in rows}
