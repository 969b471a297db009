"""What the demo prints at its end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from textwrap import shorten

from airbooks.runtime.money import MoneyTally
from airbooks.runtime.settings import Stack
from airbooks.runtime.tally import Cause, ConnectionRow, Tally, money

SHOWN_CAUSES = 15
HEAD = ("connection", "delivered", "value", "confirmed", "rejected", "seconds")


def connection_table(rows: Iterable[ConnectionRow]) -> str:
    """One row per connection; a further line for each further currency."""
    table: list[Sequence[str]] = [HEAD]
    for row in rows:
        first, *further = [money({currency: amount}) for currency, amount in sorted(row.values.items())] or ["-"]
        table.append((row.connection, str(row.delivered), first, str(row.confirmed), str(row.rejected), f"{row.seconds:.1f}"))
        table.extend(("", "", value, "", "", "") for value in further)
    return aligned(table)


def cause_list(causes: Sequence[Cause]) -> str:
    """Exceptions grouped by cause: how many documents, what is wrong, what to do."""
    if not causes:
        return "No exceptions."
    further = causes[SHOWN_CAUSES:]
    rest = [f"   ... and {len(further)} more causes with {sum(cause.documents for cause in further)} documents"] if further else []
    return "\n".join(["Exceptions by cause:", *map(_cause, causes[:SHOWN_CAUSES]), *rest])


def _cause(cause: Cause) -> str:
    where = f" on {cause.connection}" if cause.connection else ""
    worth = f" ({money({cause.currency: cause.amount})})" if cause.currency else ""
    return f"{cause.documents:>4} x  {cause.code}{where}: {shorten(cause.says, 150)}{worth}\n        {shorten(cause.fix, 150)}"


def where_next(stack: Stack) -> str:
    return "\n".join(
        [
            "Where to look next:",
            "  make up           Airflow's pages stay up: runs, task logs, Required Actions",
            f"  {stack.logs / 'tasks'}  every task's log, the audit trail in words",
            f"  {stack.sandbox_tables}  the simulated platforms' books; `make clean` forgets everything",
        ]
    )


def last_line(tally: Tally, money: MoneyTally, seconds: float, *, ran: bool) -> str:
    verdict = "ok" if ran and tally.right and money.right else "failed"
    return (
        f"demo: {verdict} documents={tally.documents} delivered={tally.delivered} exceptions={tally.exceptions} "
        f"duplicates={tally.duplicates} lost={tally.lost} platforms={tally.platforms} {money.line} seconds={seconds:.0f}"
    )


def aligned(table: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; numbers to the right."""
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(_cell(text, widths[at], at) for at, text in enumerate(row)).rstrip() for row in table]
    return "\n".join([lines[0], "-" * sum(widths, 2 * (len(widths) - 1)), *lines[1:]])


def _cell(text: str, width: int, column: int) -> str:
    return text.ljust(width) if column == 0 else text.rjust(width)
