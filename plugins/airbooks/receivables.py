"""What the airbooks command says about receivables: what is still open and why, and periods that are locked."""

from __future__ import annotations

import csv
import getpass
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated

import typer

from airbooks.commands import staging_database
from airbooks.staging.causes import amount_words

if TYPE_CHECKING:
    from airbooks.staging.balances import StillOpen

Several = list[str] | None


def still_open(
    document: Annotated[Several, typer.Option(help="A document number; may be given several times.")] = None,
    customer: Annotated[Several, typer.Option(help="A customer's code; may be given several times.")] = None,
    division: Annotated[Several, typer.Option(help="Only this division; may be given several times.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="As CSV, for spreadsheets.")] = False,
) -> None:
    """Tell what is still open, on which connection, and why."""
    from airbooks.staging.balances import still_open as read

    with staging_database() as database:
        found = read(database, datetime.now(UTC).date(), divisions=division or (), customers=customer or (), numbers=document or ())
        if as_csv:
            _write_csv(found)
            return
        _write_lines(found)


def _write_lines(found: Iterable[StillOpen]) -> None:
    totals: dict[tuple[str, str], Decimal] = {}
    for each in found:
        balance = each.balance
        where = balance.connection or "no connection"
        typer.echo(f"{balance.number}  {balance.customer_code} {balance.customer_name}  {where}  {each.says}")
        key = each.why.value, balance.currency
        totals[key] = totals.get(key, Decimal(0)) + (-1 if balance.kind == "credit_note" else 1) * balance.open_amount
    for (why, currency), amount in sorted(totals.items()):
        typer.echo(f"{why}: {amount_words(amount, currency)}")
    if not totals:
        typer.echo("Nothing is open.")


COLUMNS = ("division", "connection", "customer", "name", "document", "kind", "date", "due", "currency", "total", "open", "why", "in words")


def _write_csv(found: Iterable[StillOpen]) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(COLUMNS)
    for each in found:
        b = each.balance
        facts = (b.division, b.connection, b.customer_code, b.customer_name, b.number, b.kind, b.issue_date, b.due, b.currency)
        writer.writerow((*facts, b.total, b.open_amount, each.why.value, each.says))


def unlock(
    division: Annotated[str, typer.Argument(help="Whose books are opened again.")],
    day: Annotated[str, typer.Argument(help="From which day on, like 2026-10-01.")],
    reason: Annotated[str, typer.Option(help="Why, for the audit trail.")],
    by: Annotated[str, typer.Option(help="Who decides, for the audit trail.", show_default="your user name")] = "",
) -> None:
    """Open a locked period again. Later reconciliations may lock it anew."""
    from airbooks.staging.periods import PeriodError
    from airbooks.staging.periods import unlock as lift

    try:
        with staging_database() as database:
            lifted = lift(database, division, date.fromisoformat(day), by=by or getpass.getuser(), reason=reason)
    except (PeriodError, ValueError) as refused:
        raise typer.BadParameter(str(refused)) from None
    for each in lifted:
        typer.echo(f"{each.division} was locked until {each.locked_until} ({each.reason}); it is open again.")
