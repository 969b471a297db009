"""Changing and taking back transactions: what PATCH and DELETE allow, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.oracle_fusion import mapping, reading
from airbooks.platforms.oracle_fusion.settings import is_on
from airbooks.platforms.oracle_fusion.spec import CHANGED_THERE, CREDIT_BY_HAND, GONE, NO_MAPPING, NOT_CHANGEABLE

if TYPE_CHECKING:
    from airbooks.platforms.oracle_fusion.hook import OracleFusionHook

CHANGEABLE = {"PaymentTerms", "TransactionDate"}


def update(hook: OracleFusionHook, sending: Sending, remote: RemoteDocument) -> Sent:
    """New payment terms or a new date, when all else is as it was; anything more is for a person."""
    try:
        return Sent(key=sending.key, remote=_update(hook, sending, remote))
    except ReferenceMissing as missing:
        return Sent(key=sending.key, error=hook.problem(NO_MAPPING, str(missing)))
    except PlatformError as error:
        return Sent(key=sending.key, error=error)


def _update(hook: OracleFusionHook, sending: Sending, remote: RemoteDocument) -> RemoteDocument:
    body = mapping.document_body(sending.document, sending.references, sending.options)
    row = hook.row(remote.remote_id, remote.kind, reading.flexfields(remote.kind))
    if row is None:
        raise hook.problem(CHANGED_THERE, f"transaction {remote.remote_id} was deleted")
    differing = mapping.differing(body, row)
    if not differing:
        return hook.document(row, remote.kind)
    if remote.kind is DocumentKind.CREDIT_NOTE or not CHANGEABLE.issuperset(differing):
        raise hook.problem(NOT_CHANGEABLE, f"transaction {remote.number} would have to change in {', '.join(differing)}")
    hook.patch(remote.remote_id, {name: body[name] for name in differing}, hook.document(row, remote.kind).version)
    changed = hook.row(remote.remote_id, remote.kind, reading.flexfields(remote.kind))
    if changed is None:
        raise hook.problem(CHANGED_THERE, f"transaction {remote.remote_id} was deleted")
    left = mapping.differing(body, changed)
    if left:
        raise hook.problem(NOT_CHANGEABLE, f"Oracle answered the change of transaction {remote.number} and kept its {', '.join(left)}")
    return hook.document(changed, remote.kind)


def void(hook: OracleFusionHook, remote: RemoteDocument, key: str) -> Sent:
    """An invoice is reopened and deleted, where the business unit allows that. There is no void, and the credit memos that REST makes
    are on account: they would leave the invoice open. A credit memo cannot be taken back at all."""
    try:
        return _void(hook, remote, key)
    except PlatformError as error:
        return Sent(key=key, error=error)


def _void(hook: OracleFusionHook, remote: RemoteDocument, key: str) -> Sent:
    now = hook.get_invoice(remote.remote_id, remote.kind)
    if now is None:
        return Sent(key=key, remote=_as_void(remote), note="was deleted already")
    if now.status is DocumentStatus.VOID:
        return Sent(key=key, remote=now, note="was credited in full already")
    if (now.our_number, now.customer_id, now.total, now.balance) != (remote.our_number, remote.customer_id, remote.total, remote.balance):
        raise hook.problem(CHANGED_THERE, f"transaction {now.number} has another customer, total or balance than before")
    if now.kind is DocumentKind.CREDIT_NOTE or not is_on(hook.settings(), "allow_delete") or now.balance != now.total:
        raise hook.problem(CREDIT_BY_HAND, f"transaction {now.number} ({now.status.value}, balance {now.balance}) cannot be deleted")
    if now.status is not DocumentStatus.DRAFT:
        now = hook.patch(now.remote_id, {"InvoiceStatus": "Incomplete"}, now.version)
    _delete(hook, now, was_complete=remote.status is not DocumentStatus.DRAFT)
    return Sent(key=key, remote=_as_void(remote), note="reopened and deleted" if remote.status is not DocumentStatus.DRAFT else "deleted")


def _delete(hook: OracleFusionHook, remote: RemoteDocument, *, was_complete: bool) -> None:
    try:
        hook.delete(remote.remote_id, remote.version)
    except PlatformError as error:
        if error.code == GONE:
            return
        if error.outcome is Outcome.DID_NOT_HAPPEN and was_complete:
            # Refused: it must not stay a draft, or the customer would owe nothing while the number exists.
            hook.patch(remote.remote_id, {"InvoiceStatus": "Complete"}, "")
        raise


def _as_void(remote: RemoteDocument) -> RemoteDocument:
    return remote.model_copy(update={"status": DocumentStatus.VOID})
