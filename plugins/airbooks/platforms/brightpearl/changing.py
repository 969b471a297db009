"""Changing an order before it is invoiced, and taking one back: by a cancelled status, or by a sales credit once it is invoiced.

Brightpearl has no version check and lets the last writer win, so the order is read first and left alone when it is not the one we know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.brightpearl import closing, creating, mapping, reading
from airbooks.platforms.brightpearl.client import Message
from airbooks.platforms.brightpearl.spec import (
    CHANGED_THERE,
    CREDIT_IS_FINAL,
    CREDIT_SUFFIX,
    CREDITED_IN_PART,
    FIXED,
    NO_CANCELLED_STATUS,
    PAID_THERE,
    PENDING,
)
from airbooks.platforms.errors import Action, Outcome, PlatformError

if TYPE_CHECKING:
    from airbooks.platforms.brightpearl.hook import BrightpearlHook

# What no request changes on an order that exists; dates of the ledger go with the close.
FROZEN = (
    "placedOn",
    "currency",
    "channelId",
    "leadSourceId",
    "projectId",
    "teamId",
    "staffOwnerId",
    "delivery",
    "billing",
    "priceModeCode",
)
CANCELLED = {DocumentKind.INVOICE: "cancelled_status_id", DocumentKind.CREDIT_NOTE: "cancelled_credit_status_id"}


# -- update -------------------------------------------------------------------------------------------------------------


def update(hook: BrightpearlHook, sending: Sending, remote: RemoteDocument) -> Sent:
    """Make an order that is not invoiced equal to ours: head by PATCH, rows by adding the new ones and then deleting the old."""
    body = creating.message(hook, sending).body
    row = _unchanged(hook, remote)
    _check_changeable(hook, remote, body)
    _patch_head(hook, remote, row, body)
    _replace_rows(hook, remote, row, body)
    now = hook.client.after_writing(lambda: _present(hook, remote))
    note = "" if sending.options.get("post", True) else creating.noted(hook, sending, now)
    return Sent(key=sending.key, remote=now, note=note)


def _unchanged(hook: BrightpearlHook, remote: RemoteDocument) -> Mapping[str, Any]:
    rows = hook.orders.rows([remote.remote_id])
    if not rows:
        raise hook.client.error(CHANGED_THERE, f"order {remote.remote_id} is not there any more")
    row: Mapping[str, Any] = rows[0]
    if reading.is_invoiced(row):
        raise hook.client.error(FIXED, f"order {remote.remote_id} is invoiced as {reading.invoice_reference(row)}")
    if str(row["version"]) != remote.version:
        raise hook.client.error(CHANGED_THERE, f"version of order {remote.remote_id} was {remote.version} and is {row['version']}")
    return row


def _check_changeable(hook: BrightpearlHook, remote: RemoteDocument, body: mapping.Body) -> None:
    """Credits have no form in which their head is told whole: what /order says of them is compared by the echo."""
    if remote.kind is not DocumentKind.INVOICE:
        return
    held = hook.client.by_ids("order-service/sales-order", [remote.remote_id])[0]
    wrong = [field for field in FROZEN if field in body and not is_held(body[field], held.get(field))]
    if wrong:
        raise hook.client.error(FIXED, f"order {remote.remote_id} would need another {', '.join(wrong)}")


def is_held(sent: Any, held: Any) -> bool:
    """Whether what we would send is what the order has already; texts that name the same time or number are the same."""
    if isinstance(sent, dict):
        # A country comes back in three letters.
        named = {name: value for name, value in sent.items() if name != "countryIsoCode"}
        return isinstance(held, Mapping) and all(is_held(value, held.get(name)) for name, value in named.items())
    if str(sent) == str(held):
        return True
    try:
        return Decimal(str(sent)) == Decimal(str(held))
    except ArithmeticError:
        pass
    try:
        return datetime.fromisoformat(str(sent)) == datetime.fromisoformat(str(held))
    except ValueError:
        return False


def _patch_head(hook: BrightpearlHook, remote: RemoteDocument, row: Mapping[str, Any], body: mapping.Body) -> None:
    changes = list(_replacements(row, body))
    if changes:
        hook.client.write("PATCH", f"order-service/order/{remote.remote_id}", changes)


def _replacements(row: Mapping[str, Any], body: mapping.Body) -> Iterator[mapping.Body]:
    wanted = {"/reference": (row["reference"], body.get("ref", "")), "/warehouseId": (row.get("warehouseId"), body.get("warehouseId"))}
    customer = (row["parties"]["customer"]["contactId"], body["customer"]["id"])
    wanted |= {f"/parties/{party}/contactId": customer for party in ("customer", "billing")}
    for path, (held, ours) in wanted.items():
        if ours is not None and held != ours:
            yield {"op": "replace", "path": path, "value": ours}


def _replace_rows(hook: BrightpearlHook, remote: RemoteDocument, row: Mapping[str, Any], body: mapping.Body) -> None:
    """A row is never patched: a new net would make Brightpearl compute the tax anew. New rows that are refused are taken off again."""
    path = f"order-service/order/{remote.remote_id}/row"
    added = hook.client.write_each([Message(str(at), "POST", path, mapping.legacy_row(each)) for at, each in enumerate(body["rows"])])
    failed = [each for each in added.values() if isinstance(each, PlatformError)]
    gone = [str(each) for each in added.values() if not isinstance(each, PlatformError)] if failed else list(row["orderRows"])
    removed = hook.client.write_each([Message(each, "DELETE", f"{path}/{each}", None) for each in gone])
    left = [each for each in removed.values() if isinstance(each, PlatformError)]
    for error in (*(each for each in failed if each.outcome is not Outcome.DID_NOT_HAPPEN), *left):
        raise hook.client.error(PENDING, f"the rows of order {remote.remote_id} are changed in part: {error}")
    for error in failed:
        raise error


def _present(hook: BrightpearlHook, remote: RemoteDocument) -> RemoteDocument:
    now = hook.orders.one(remote.remote_id, remote.kind)
    if now is None:
        raise hook.client.error(CHANGED_THERE, f"order {remote.remote_id} is not there any more")
    return now


# -- void ---------------------------------------------------------------------------------------------------------------


def void(hook: BrightpearlHook, remote: RemoteDocument, on: date, reason: str, key: str) -> Sent:
    """Take a document back; `Sent.note` names how. Safe to repeat from any point."""
    now = hook.orders.one(remote.remote_id, remote.kind)
    if now is None:
        return Sent(key=key, remote=_as_void(remote), note="was gone already")
    if now.status is DocumentStatus.VOID:
        return Sent(key=key, remote=now, note="was void already")
    for field in ("our_number", "customer_id", "currency", "total", "balance"):
        was, is_now = getattr(remote, field), getattr(now, field)
        if was not in (None, "") and was != is_now:
            raise hook.client.error(CHANGED_THERE, f"{field} of order {now.remote_id} was {was} and is {is_now}")
    if now.status is DocumentStatus.DRAFT:
        return Sent(key=key, remote=_cancel(hook, now, reason), note="the order was cancelled")
    return _credit(hook, now, on, key)


def _cancel(hook: BrightpearlHook, now: RemoteDocument, reason: str) -> RemoteDocument:
    status = mapping.id_of(hook.setting(CANCELLED[now.kind]))
    if status is None:
        raise hook.client.error(NO_CANCELLED_STATUS, f"{CANCELLED[now.kind]} is empty")
    body = {"orderStatusId": status, "orderNote": {"text": reason, "isPublic": False}}
    hook.client.write("PUT", f"order-service/order/{now.remote_id}/status", body)
    after = hook.client.after_writing(lambda: _present(hook, now))
    if after.status is not DocumentStatus.VOID:
        raise hook.client.error(PENDING, f"order {now.remote_id} has status {status}, which does not mean cancelled")
    return after


def _credit(hook: BrightpearlHook, now: RemoteDocument, on: date, key: str) -> Sent:
    """A sales credit of the same rows under our number with an ending of its own, by which it is found again."""
    if now.kind is DocumentKind.CREDIT_NOTE:
        raise hook.client.error(CREDIT_IS_FINAL, f"sales credit {now.remote_id} is closed")
    if now.status is not DocumentStatus.OPEN:
        raise hook.client.error(PAID_THERE, f"order {now.remote_id} is {now.status.value.replace('_', ' ')}")
    number = f"{now.our_number}{CREDIT_SUFFIX}"
    held = hook.orders.numbered(number, DocumentKind.CREDIT_NOTE)
    credit_id = held[0] if held else _create_credit(hook, now, on)
    _close_credit(hook, credit_id, on)
    found = hook.client.after_writing(lambda: closing.wait_for(hook, [credit_id], {credit_id}))
    after = hook.client.after_writing(lambda: _present(hook, now))
    if after.status is not DocumentStatus.VOID:
        raise hook.client.error(PENDING, f"order {now.remote_id} is not credited yet by sales credit {credit_id}")
    return Sent(key=key, remote=after, note=f"credited by {found[credit_id].number or 'sales credit'} (id {credit_id})")


def _create_credit(hook: BrightpearlHook, now: RemoteDocument, on: date) -> str:
    (row,) = hook.orders.rows([now.remote_id])
    for credited in hook.orders.credited([row]).values():
        raise hook.client.error(CREDITED_IN_PART, f"{credited} of order {now.remote_id} are credited already")
    body = mapping.taking_back(row, now.our_number, on, hook.settings())
    return str(hook.client.write("POST", "order-service/sales-credit", body))


def _close_credit(hook: BrightpearlHook, credit_id: str, on: date) -> None:
    """Refused where an earlier try has closed it already, which is as good; what is read next tells."""
    try:
        hook.client.write("POST", f"order-service/sales-credit/{credit_id}/close", mapping.close_body(on, hook.settings()))
    except PlatformError as error:
        if error.action is not Action.REVIEW or error.rule.name != "already invoiced":
            raise


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
