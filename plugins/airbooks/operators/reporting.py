"""The report of a run, in the task log: a table a finance person can read, and what waits for people."""

from __future__ import annotations

import logging

import psycopg

from airbooks.staging.report import CauseLine, ConnectionLine, cause_lines, connection_lines

log = logging.getLogger("airflow.task.airbooks.report")

WIDTHS = {
    "connection": 24,
    "currency": 10,
    "delivered": 12,
    "value": 18,
    "confirmed": 11,
    "rejected": 10,
    "parked": 8,
    "unknown": 9,
    "waiting": 9,
}
HEAD = "".join(f"{name:<{width}}" if name in {"connection", "currency"} else f"{name:>{width}}" for name, width in WIDTHS.items())


def log_report(database: psycopg.Connection, run_id: str) -> dict[str, int]:
    """Log the run's table and the open causes; returns the totals."""
    lines, causes = connection_lines(database, run_id), cause_lines(database)
    log.info("What this run did (%s):\n%s", run_id, "\n".join([HEAD, *map(_line, lines)]) if lines else "Nothing was due.")
    if causes:
        log.warning("Open exceptions by cause:\n%s", "\n".join(map(_cause, causes)))
    return {
        "delivered": sum(line.delivered for line in lines),
        "confirmed": sum(line.confirmed for line in lines),
        "rejected": sum(line.rejected for line in lines),
        "parked": sum(line.parked for line in lines),
        "unknown": sum(line.unknown for line in lines),
        "open exceptions": sum(cause.documents for cause in causes),
    }


def _line(line: ConnectionLine) -> str:
    return (
        f"{line.connection:<24}{line.currency:<10}{line.delivered:>12}{line.value:>18,}{line.confirmed:>11}"
        f"{line.rejected:>10}{line.parked:>8}{line.unknown:>9}{line.pending:>9}"
    )


def _cause(cause: CauseLine) -> str:
    value = f", {cause.value:,} {cause.currency}" if cause.currency else ""
    return f"{cause.documents:>5} x {cause.code} | {cause.says.rstrip('.')}{value}"
