"""Staging a batch and ordering GL07: what may be repeated, and what must first be looked for.

A batch id is held once, and the same for each try at a document. A batch that may have been staged before is therefore removed, the
ledger is read, and only what it does not have is staged anew; no batch is ordered a second time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from airbooks.platforms.errors import Outcome, PlatformError
from airbooks.platforms.unit4 import reading
from airbooks.platforms.unit4.mapping import Batch, gl07_order
from airbooks.platforms.unit4.rules import BATCH_EXISTS, NOT_WITHDRAWN, STAGED_WITH_ERRORS

if TYPE_CHECKING:
    from airbooks.platforms.unit4.hook import Unit4Hook

BATCHES, ORDERS = "v1/financial-transaction-batch", "v1/report-jobs/order"
Found = TypeVar("Found")


def stage(hook: Unit4Hook, batch: Batch, *, orders: bool, posted: Callable[[], Found | None]) -> Found | None:
    """Stage a batch, unless the ledger has it already: then that is returned. Raises PlatformError.

    `orders`: GL07 runs for this batch only when we order it. Then an answer that was lost is settled here; where GL07 is scheduled, it
    may be posting what we would remove, and the outcome stays unknown.
    """
    try:
        _post(hook, batch)
    except PlatformError as error:
        if _is_there(error) or (orders and error.outcome is Outcome.UNKNOWN):
            return _replace(hook, batch, posted, error)
        raise
    return None


def _post(hook: Unit4Hook, batch: Batch) -> None:
    """A good answer is usually empty; one that complains within is none."""
    # The order that follows must not meet a connection that the other side is closing: whether it arrived could not be told.
    reply = hook.ask("POST", BATCHES, json=batch.rows, headers={"Connection": "close"})
    complaints = reading.messages(reply.content)
    if complaints:
        error = hook.problem(STAGED_WITH_ERRORS, "; ".join(complaints))
        _take_back(hook, batch, error)
        raise error


def _is_there(error: PlatformError) -> bool:
    return error.rule.name == BATCH_EXISTS.name


def _replace(hook: Unit4Hook, batch: Batch, posted: Callable[[], Found | None], cause: PlatformError) -> Found | None:
    try:
        was_there = withdraw(hook, batch)
        there = posted()
    except PlatformError as error:
        raise hook.problem(NOT_WITHDRAWN, f"batch {batch.batch_id}: {cause.message}; then {error.message}") from None
    if there is None and _is_there(cause) and not was_there:
        raise hook.problem(
            NOT_WITHDRAWN, f"batch {batch.batch_id} was there and is gone: GL07 has taken it, and the ledger does not show it"
        )
    if there is None:
        try:
            _post(hook, batch)
        except PlatformError as error:
            if _is_there(error):
                raise hook.problem(NOT_WITHDRAWN, f"batch {batch.batch_id}: {error.message}") from None
            raise
    return there


def withdraw(hook: Unit4Hook, batch: Batch) -> bool:
    """Remove a staged batch; False where ERPx says that it is not there (UNVERIFIED that it does)."""
    try:
        hook.ask("DELETE", f"{BATCHES}/{quote(batch.batch_id, safe='')}/{quote(batch.interface, safe='')}")
    except PlatformError as error:
        if error.status != 404:
            raise
        return False
    return True


def order(hook: Unit4Hook, batch: Batch) -> str:
    """Order GL07 for a staged batch and return the job's name. An order that was refused leaves nothing staged; one whose answer was
    lost leaves the outcome unknown, for it may run. Raises PlatformError."""
    try:
        reply = hook.ask("POST", ORDERS, json=gl07_order(batch, hook.settings(), datetime.now(UTC)), scope="batch")
    except PlatformError as error:
        if error.outcome is not Outcome.DID_NOT_HAPPEN:
            raise
        _take_back(hook, batch, error)
        raise
    return reply.headers.get("location", "").rstrip("/").rpartition("/")[2]


def _take_back(hook: Unit4Hook, batch: Batch, cause: PlatformError) -> None:
    try:
        withdraw(hook, batch)
    except PlatformError as error:
        says = f"batch {batch.batch_id} is staged ({cause.message}) and could not be removed ({error.message})"
        raise hook.problem(NOT_WITHDRAWN, says) from None
