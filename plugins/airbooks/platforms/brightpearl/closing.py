"""Invoicing: the order note, the close, and waiting for the invoice reference, which comes a moment later."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airbooks.canonical import DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.brightpearl import mapping, reading
from airbooks.platforms.brightpearl.client import Message
from airbooks.platforms.brightpearl.spec import CHANGED_THERE, PENDING
from airbooks.platforms.brightpearl.texts import order_note
from airbooks.platforms.errors import Action, PlatformError

if TYPE_CHECKING:
    from airbooks.platforms.brightpearl.hook import BrightpearlHook

Pair = tuple[Sending, RemoteDocument]
# Pauses between looks, in seconds: an invoice mostly comes within one or two.
PAUSES = (0.05, 0.2, 0.8, 3.0, 6.0)


def close(hook: BrightpearlHook, batch: Sequence[Pair]) -> list[Sent]:
    """Close orders and credits; one that is invoiced already is left as it is."""
    rows = {str(row["id"]): row for row in hook.orders.rows(remote.remote_id for _, remote in batch)}
    refused: dict[str, PlatformError] = {}
    waiting: list[Pair] = []
    for sending, remote in batch:
        row = rows.get(remote.remote_id)
        if row is None:
            refused[sending.key] = hook.client.error(CHANGED_THERE, f"order {remote.remote_id} is not there any more")
        elif not reading.is_invoiced(row):
            waiting.append((sending, remote))
    refused |= write_notes(hook, waiting, rows)
    refused |= _close_each(hook, [pair for pair in waiting if pair[0].key not in refused])
    return _answers(hook, batch, refused)


def write_notes(hook: BrightpearlHook, batch: Iterable[Pair], rows: dict[str, Any]) -> dict[str, PlatformError]:
    """Write what has no field into the order note, by setting the status that the order has. A repeat writes it again."""
    messages = []
    for sending, remote in batch:
        text = order_note(sending.document, sending.references)
        status = rows[remote.remote_id]["orderStatus"]["orderStatusId"]
        body = {"orderStatusId": status, "orderNote": {"text": text, "isPublic": False}}
        if text:
            messages.append(Message(sending.key, "PUT", f"order-service/order/{remote.remote_id}/status", body))
    return {key: error for key, error in hook.client.write_each(messages).items() if isinstance(error, PlatformError)}


def _close_each(hook: BrightpearlHook, batch: Sequence[Pair]) -> dict[str, PlatformError]:
    messages = [
        Message(
            sending.key,
            "POST",
            f"order-service/{reading.RESOURCE[remote.kind]}/{remote.remote_id}/close",
            mapping.close_body(sending.document.ledger_date, sending.references.settings),
        )
        for sending, remote in batch
    ]
    return {key: error for key, error in hook.client.write_each(messages).items() if isinstance(error, PlatformError)}


def _answers(hook: BrightpearlHook, batch: Sequence[Pair], refused: dict[str, PlatformError]) -> list[Sent]:
    """What became of each. A refused close may be one of an order that is invoiced already: what is there decides."""
    looked = [remote.remote_id for sending, remote in batch if _leaves_open(refused.get(sending.key))]
    expected = {remote.remote_id for sending, remote in batch if sending.key not in refused}
    found = hook.client.after_writing(lambda: wait_for(hook, looked, expected)) if looked else {}
    return [_sent(hook, sending, found.get(remote.remote_id), refused.get(sending.key)) for sending, remote in batch]


def _leaves_open(error: PlatformError | None) -> bool:
    return error is None or (error.action is Action.REVIEW and error.rule is not CHANGED_THERE)


def wait_for(hook: BrightpearlHook, ids: Sequence[str], expected: set[str]) -> dict[str, RemoteDocument]:
    """The documents, once the expected ones have their invoice reference, or after as long as a worker should wait."""
    for pause in PAUSES:
        if all(reading.is_invoiced(row) for row in hook.orders.rows(expected)):
            break
        time.sleep(pause)
    return hook.orders.read(ids)


def _sent(hook: BrightpearlHook, sending: Sending, now: RemoteDocument | None, error: PlatformError | None) -> Sent:
    if now is None:
        gone = hook.client.error(PENDING, "it was closed, and is not in the answer that was read after it")
        return Sent(key=sending.key, error=error or gone)
    if now.status is DocumentStatus.VOID:
        return Sent(key=sending.key, remote=now, error=hook.client.error(CHANGED_THERE, f"order {now.remote_id} is void"))
    if now.status is not DocumentStatus.DRAFT:
        return Sent(key=sending.key, remote=now)
    pending = hook.client.error(PENDING, f"order {now.remote_id} is closed, and its invoice reference has not come yet")
    return Sent(key=sending.key, remote=now, error=error or pending)
