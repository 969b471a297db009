"""Creating orders and credits: bodies, up to ten in one request, and the proof of what an answered id is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airbooks.canonical import CreditNote, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.platforms.base import Sending, Sent
from airbooks.platforms.brightpearl import closing, mapping, reading
from airbooks.platforms.brightpearl.client import Message
from airbooks.platforms.brightpearl.reading import documented
from airbooks.platforms.brightpearl.spec import DUPLICATE, NO_MAPPING, NOT_READ_BACK, NUMBER_OF_A_VOID
from airbooks.platforms.errors import PlatformError, ReferenceMissing

if TYPE_CHECKING:
    from airbooks.platforms.brightpearl.hook import BrightpearlHook

Pair = tuple[Sending, RemoteDocument]


def create(hook: BrightpearlHook, batch: Sequence[Sending]) -> list[Sent]:
    """Create every document of a batch that can be expressed; one that cannot has its own error and delays no other."""
    messages: list[Message] = []
    known: dict[str, Any] = {}
    for sending in batch:
        try:
            request, taken = message(hook, sending), _there_already(hook, sending)
        except PlatformError as error:
            known[sending.key] = error
            continue
        if taken:
            known[sending.key] = taken
        else:
            messages.append(request)
    answers = {**known, **hook.client.write_each(messages)}
    made = [sending for sending in batch if not isinstance(answers[sending.key], PlatformError)]
    found = _found(hook, made, answers)
    sent = [Sent(key=each.key, error=answers[each.key]) for each in batch if isinstance(answers[each.key], PlatformError)]
    return [*sent, *(_finished(hook, each, found[each.key]) for each in made)]


def message(hook: BrightpearlHook, sending: Sending) -> Message:
    """The request that creates one document; raises PlatformError where it cannot be expressed."""
    document = sending.document
    try:
        body = mapping.order_body(document, sending.references, sending.options, _parent(hook, sending))
    except ReferenceMissing as missing:
        raise hook.client.error(NO_MAPPING, str(missing)) from None
    return Message(sending.key, "POST", f"order-service/{reading.RESOURCE[document.kind]}", body)


def _parent(hook: BrightpearlHook, sending: Sending) -> str:
    """The order that a credit note corrects, where it names exactly one that is here."""
    document = sending.document
    if not isinstance(document, CreditNote) or len(document.preceding_invoices) != 1:
        return ""
    found = hook.orders.numbered(document.preceding_invoices[0].number, DocumentKind.INVOICE)
    return found[0] if len(found) == 1 else ""


def _there_already(hook: BrightpearlHook, sending: Sending) -> str:
    """The order that has our number. Without an instance id Brightpearl takes two of one number: then it is looked for first."""
    document = sending.document
    taken = [] if hook.setting("instance_id") else hook.orders.numbered(document.number, document.kind)
    if len(taken) > 1:
        raise hook.client.error(DUPLICATE, f"external reference {document.number} is that of orders {', '.join(taken)}")
    return "".join(taken)


def _found(hook: BrightpearlHook, made: Sequence[Sending], answers: dict[str, Any]) -> dict[str, RemoteDocument | PlatformError]:
    """Each created document as Brightpearl holds it. An answered id that is not ours is no proof: then our number is searched for."""
    if not made:
        return {}
    try:
        held = hook.orders.read(str(answers[each.key]) for each in made)
        return {each.key: _ours(hook, each, held.get(str(answers[each.key]))) for each in made}
    except PlatformError as error:
        unread = hook.client.error(NOT_READ_BACK, str(error))
        return {each.key: unread for each in made}


def _ours(hook: BrightpearlHook, sending: Sending, answered: RemoteDocument | None) -> RemoteDocument | PlatformError:
    document = sending.document
    if answered is None or (answered.our_number, answered.kind) != (document.number, document.kind):
        hits = list(hook.orders.read(hook.orders.numbered(document.number, document.kind)).values())
        if len(hits) != 1:
            return hook.client.error(NOT_READ_BACK, f"{len(hits)} orders carry our number {document.number}")
        answered = hits[0]
    if answered.status is DocumentStatus.VOID:
        return hook.client.error(NUMBER_OF_A_VOID, f"external reference {document.number} is that of void order {answered.remote_id}")
    return answered


def _finished(hook: BrightpearlHook, sending: Sending, found: RemoteDocument | PlatformError) -> Sent:
    """Where closing is left to others, the order note is written now; one that cannot be written is told in the note of the delivery."""
    if isinstance(found, PlatformError):
        return Sent(key=sending.key, error=found)
    if sending.options.get("post", True) or found.status is not DocumentStatus.DRAFT:
        return Sent(key=sending.key, remote=found)
    return Sent(key=sending.key, remote=found, note=noted(hook, sending, found))


def noted(hook: BrightpearlHook, sending: Sending, remote: RemoteDocument) -> str:
    """Write the order note; what went wrong with it, in words, or nothing."""
    try:
        rows = {str(row["id"]): row for row in hook.orders.rows([remote.remote_id])}
        failed = documented(lambda: closing.write_notes(hook, [(sending, remote)], rows))
    except PlatformError as error:
        return f"the order note could not be written: {error}"
    return "".join(f"the order note could not be written: {error}" for error in failed.values())
