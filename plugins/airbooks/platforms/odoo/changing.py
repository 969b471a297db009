"""Updating and voiding documents that are in Odoo already."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.odoo.desk import desk_of
from airbooks.platforms.odoo.mapping import command_values, line_values, move_values
from airbooks.platforms.odoo.reading import amount, remote_document
from airbooks.platforms.odoo.sending import UNMAPPED, read_changed, read_documents, shifted
from airbooks.platforms.odoo.spec import FIRST_JSON2

if TYPE_CHECKING:
    from airbooks.platforms.odoo.hook import OdooHook

STALE = ErrorRule(name="changed meanwhile", action=Action.REREAD, outcome=Outcome.DID_NOT_HAPPEN)
HALFWAY = ErrorRule(name="reset to draft and not posted again", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
SETTLED = ErrorRule(
    name="payments are on it",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    says="Payments or credit notes are applied to the document; Odoo would take them off without a word.",
    fix="Take them off in Odoo first, or send a credit note.",
)
NOT_VOID = ErrorRule(
    name="still open after the void",
    action=Action.REVIEW,
    outcome=Outcome.DID_NOT_HAPPEN,
    fix="Look at the document and its credit notes in Odoo, and settle or cancel it there.",
)
VOID = ErrorRule(name="cancelled in Odoo", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN, fix="Send the document anew.")


def update(hook: OdooHook, sending: Sending, remote: RemoteDocument) -> Sent:
    """Write the whole document again. A posted one goes back to draft and is posted again; it keeps its number."""
    record_id = int(remote.remote_id)
    obstacle = _obstacle(hook, remote)
    if obstacle is not None:
        return Sent(key=sending.key, remote=remote, error=obstacle)
    try:
        values = _values(hook, sending)
    except ReferenceMissing as missing:
        return Sent(key=sending.key, remote=remote, error=hook.failed(UNMAPPED, str(missing)))
    if remote.status is DocumentStatus.DRAFT:
        hook.odoo.run("account.move", "write", ids=[record_id], vals=values)
    else:
        _reopened(hook, record_id, values)
    row = read_changed(hook, record_id, lines=True)
    extra = len(values["invoice_line_ids"]) - 1 - len(sending.document.amount_lines)
    updated = remote_document(row, len(row["invoice_line_ids"]) - extra)
    return Sent(key=sending.key, remote=updated, note=shifted(updated))


def _obstacle(hook: OdooHook, remote: RemoteDocument) -> PlatformError | None:
    if remote.status is DocumentStatus.VOID:
        return hook.failed(VOID, f"{remote.our_number} is cancelled in Odoo")
    if _is_settled(remote):
        return hook.failed(SETTLED, f"{remote.number or remote.our_number} has payments or credit notes applied to it")
    if not _is_current(hook, remote):
        return hook.failed(STALE, f"{remote.our_number} was changed in Odoo after {remote.version}")
    return None


def _is_settled(remote: RemoteDocument) -> bool:
    return remote.status is not DocumentStatus.DRAFT and remote.balance != remote.total


def _is_current(hook: OdooHook, remote: RemoteDocument) -> bool:
    """Odoo has no version token: the time of the last change is to the second, so what the document says is compared as well."""
    rows = read_documents(hook, [int(remote.remote_id)])
    return bool(rows) and remote_document(rows[0], remote.line_count) == remote


def _values(hook: OdooHook, sending: Sending) -> dict[str, Any]:
    desk = desk_of(hook, sending.options, hook.preceding([sending.document]))
    document, refs = sending.document, sending.references
    head = move_values(document, refs, desk)
    fixed = ("move_type", "journal_id", "name")  # of a numbered document these stay
    return command_values({name: value for name, value in head.items() if name not in fixed}, line_values(document, refs, desk))


def _reopened(hook: OdooHook, record_id: int, values: dict[str, Any]) -> None:
    """Three transactions: a refusal after the first must not leave the books without the document."""
    hook.odoo.run("account.move", "button_draft", ids=[record_id])
    try:
        hook.odoo.run("account.move", "write", ids=[record_id], vals=values)
    except PlatformError as error:
        if error.outcome is Outcome.DID_NOT_HAPPEN:
            _post_again(hook, record_id)
        raise
    _post_again(hook, record_id)


def _post_again(hook: OdooHook, record_id: int) -> None:
    try:
        hook.odoo.run("account.move", "action_post", ids=[record_id])
    except PlatformError as error:
        raise hook.failed(HALFWAY, f"document {record_id} is a draft now: {error.message}") from error


def void(hook: OdooHook, remote: RemoteDocument, *, on: date, reason: str) -> Sent:
    """Cancel, or book the reversal that the connection asks for. Key and error come from the caller."""
    record_id = int(remote.remote_id)
    if remote.status is DocumentStatus.VOID:
        return _voided(hook, record_id, "was void already")
    if _is_settled(remote):
        return Sent(key="", remote=remote, error=hook.failed(SETTLED, f"{remote.number} has payments or credit notes applied to it"))
    if _is_reversible(remote) and hook.setting("void_with") == "reversal":
        return _voided(hook, record_id, _reverse(hook, remote, on, reason))
    _cancel(hook, record_id, resets=remote.status is not DocumentStatus.DRAFT and hook.version < FIRST_JSON2)
    return _voided(hook, record_id, "cancelled")


def _cancel(hook: OdooHook, record_id: int, *, resets: bool) -> None:
    """Before 19 a posted document is reset first: a refusal after that must not leave the books without it."""
    if resets:
        hook.odoo.run("account.move", "button_draft", ids=[record_id])
    try:
        hook.odoo.run("account.move", "button_cancel", ids=[record_id])
    except PlatformError as error:
        if resets and error.outcome is Outcome.DID_NOT_HAPPEN:
            _post_again(hook, record_id)
        raise


def _is_reversible(remote: RemoteDocument) -> bool:
    """Posted invoices; the reversal of a credit note would be a bare journal entry (from memory)."""
    return remote.kind is DocumentKind.INVOICE and remote.status is not DocumentStatus.DRAFT


def _reverse(hook: OdooHook, remote: RemoteDocument, on: date, reason: str) -> str:
    """A posted credit note that settles the document; one of its whole amount that an earlier try left behind is finished."""
    record_id = int(remote.remote_id)
    domain = [["reversed_entry_id", "=", record_id], ["move_type", "=", "out_refund"], ["state", "!=", "cancel"]]
    found = hook.pages("account.move", domain, ["id", "state", "amount_total"])
    drafts = [row for row in found if amount(row["amount_total"], remote.currency) == remote.total]
    if not drafts:
        context = {"active_model": "account.move", "active_ids": [record_id]}
        vals = {"date": on.isoformat(), "reason": reason, "journal_id": hook.place().sale_journal["id"]}
        wizard = hook.odoo.run("account.move.reversal", "create", vals_list=[vals], context=context)
        made = hook.odoo.run("account.move.reversal", "refund_moves", ids=wizard, context=context)
        drafts = [{"id": made["res_id"], "state": "draft"}]
    credit = drafts[0]["id"]
    if drafts[0]["state"] == "draft":
        hook.odoo.run("account.move", "action_post", ids=[credit])
    number = hook.odoo.run("account.move", "read", ids=[credit], fields=["name"], read=True)[0]["name"]
    return f"credit note {number}"


def _voided(hook: OdooHook, record_id: int, note: str) -> Sent:
    remote = remote_document(read_changed(hook, record_id))
    if remote.status is not DocumentStatus.VOID:
        return Sent(key="", remote=remote, error=hook.failed(NOT_VOID, f"{remote.number} is still {remote.status.value} ({note})"))
    return Sent(key="", remote=remote.model_copy(update={"balance": Decimal(0)}), note=note)
