"""Reconciling a division: the rows are read, platforms are asked for balances of open items within a bound, the result is stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

import psycopg

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.payments.decision import ZERO
from airbooks.payments.differences import Holding, Setting, StagedRow
from airbooks.payments.reconciliation import Reconciliation, SalesLedger, reconcile
from airbooks.platforms.errors import PlatformError
from airbooks.staging import reconciliations
from airbooks.staging.budget import NoSlotError

BALANCES_ASKED = 200  # per connection


class BalanceHook(Protocol):
    """The part of a platform's hook that tells balances."""

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]: ...

    def get_invoice(self, remote_id: str, kind: DocumentKind) -> RemoteDocument | None: ...


_NONE: tuple[str, ...] = ()
OpenHook = Callable[[str], AbstractContextManager[BalanceHook]]


def with_balances(rows: Sequence[StagedRow], connection: str, hook: BalanceHook, most: int = BALANCES_ASKED) -> tuple[list[StagedRow], int]:
    """The rows with what a connection says is open of its largest open or credited items, at most `most`, and how many it was asked for.

    Asked by number, many at once where the platform can; one that is not found so is asked for by its id. Raises PlatformError.
    """
    chosen = _to_ask(rows, connection)[:most]
    found = hook.find_invoices([(row.number, DocumentKind(row.kind)) for row, _ in chosen])
    told: dict[str, Holding] = {}
    for row, holding in chosen:
        kind = DocumentKind(row.kind)
        named = {each.remote_id: each for each in found.get((row.number, kind), [])}
        told[row.source_id] = _told(holding, named.get(holding.remote_id) or hook.get_invoice(holding.remote_id, kind))
    return [_with(row, told.get(row.source_id)) for row in rows], len(chosen)


def _to_ask(rows: Iterable[StagedRow], connection: str) -> list[tuple[StagedRow, Holding]]:
    found = [(row, each) for row in rows for each in row.holdings if each.connection == connection and _at_stake(row, each) > 0]
    return sorted(found, key=lambda pair: (-_at_stake(*pair), pair[0].source_id))


def _at_stake(row: StagedRow, holding: Holding) -> Decimal:
    """What may stand open there: what is open, and what a credit note took off, which the platform need not have allocated."""
    there = holding.remote_id and holding.held
    return max(holding.open_of(row.total), holding.credited_there) if there else ZERO


def _told(holding: Holding, remote: RemoteDocument | None) -> Holding:
    if remote is None or remote.status is DocumentStatus.VOID:
        return replace(holding, gone=True, held=ZERO, balance=ZERO)
    held = holding.held if remote.total is None else remote.total
    return replace(holding, held=held, balance=remote.balance)


def _with(row: StagedRow, told: Holding | None) -> StagedRow:
    if told is None:
        return row
    return replace(row, holdings=tuple(told if each.connection == told.connection else each for each in row.holdings))


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A reconciliation as it was stored; `asked` balances were asked of the platforms, `silent` connections did not answer."""

    reconciliation_id: int
    found: Reconciliation
    asked: int
    silent: tuple[str, ...]


def reconcile_division(
    database: psycopg.Connection,
    setting: Setting,
    ledger: SalesLedger | None,
    run_id: str,
    *,
    open_hook: OpenHook | None = None,
    most: int = BALANCES_ASKED,
) -> Stored:
    """Reconcile a division and store what was found; commits. Without `open_hook` no platform is asked for balances.

    A platform that does not answer is left out: what it holds then follows from what was read of it before.
    """
    sales = list(ledger.documents(setting)) if ledger else None
    totals = ledger.totals(setting) if ledger else {}
    ids = [each.source_id for each in sales or ()]
    source = ledger.name if ledger else ""
    setting = replace(setting, read_until=setting.read_until or reconciliations.read_until(database, source))
    rows = reconciliations.staged_rows(database, setting, source, ids)
    database.commit()
    asked, silent = 0, _NONE
    if open_hook:
        rows, asked, silent = _ask(rows, open_hook, most)
    found = reconcile(setting, sales, rows, totals)
    reconciliation_id = reconciliations.save(database, found, asked, run_id)
    database.commit()
    return Stored(reconciliation_id=reconciliation_id, found=found, asked=asked, silent=silent)


def _ask(rows: list[StagedRow], open_hook: OpenHook, most: int) -> tuple[list[StagedRow], int, tuple[str, ...]]:
    connections = sorted({each.connection for row in rows for each in row.holdings if _at_stake(row, each) > 0})
    asked, silent = 0, []
    for connection in connections:
        try:
            with open_hook(connection) as hook:
                rows, count = with_balances(rows, connection, hook, most)
        except (PlatformError, NoSlotError):
            silent.append(connection)
        else:
            asked += count
    return rows, asked, tuple(silent)
