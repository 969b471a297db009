"""Creating, posting, updating and voiding documents, where one bad document never blocks the good ones.

Odoo's batches are all or nothing. A refused one is halved until the documents that cause it stand alone; what certainly did not happen
may be sent again, what perhaps happened is left to the engine's look-up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airbooks.canonical import RemoteDocument
from airbooks.platforms.base import Sending, Sent, ends_the_round, unsent
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.odoo.mapping import MOVE_TYPES, Desk, ImportRows, document_name, import_rows, line_values, move_values
from airbooks.platforms.odoo.reading import DOCUMENT_FIELDS, remote_document
from airbooks.platforms.odoo.spec import IMPORT
from airbooks.platforms.wire import Complaint

if TYPE_CHECKING:
    from airbooks.platforms.odoo.hook import OdooHook

Item = TypeVar("Item")
Result = TypeVar("Result")

TRIES, PAUSE = 4, 0.25  # of a batch that met a concurrent write, and seconds before the next try
UNSEEN = ErrorRule(name="not read back", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
UNMAPPED = ErrorRule(name="not mapped", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN)
WRONG_PLACE = ErrorRule(name="another company is meant", action=Action.STOP, outcome=Outcome.DID_NOT_HAPPEN)
WRONG_RATE = ErrorRule(name="exchange rate to another currency", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN)
IS_THERE = ErrorRule(name="number is there already", action=Action.LOOK_UP, outcome=Outcome.DID_NOT_HAPPEN)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A document in the form it travels in."""

    sending: Sending
    rows: ImportRows


def outgoing(sending: Sending, desk: Desk) -> Outgoing:
    document, refs = sending.document, sending.references
    name = f"{desk.module}.{document_name(document, desk.company_id, sending.key)}"
    return Outgoing(sending, import_rows(name, move_values(document, refs, desk), line_values(document, refs, desk)))


def halved(
    items: Sequence[Item], act: Callable[[Sequence[Item]], Sequence[Result]]
) -> Iterator[tuple[Item, Result | None, PlatformError | None]]:
    """Every item with its result or its own error. Only refusals are narrowed down; any other failure is everybody's."""
    try:
        results = act(items)
    except PlatformError as error:
        if len(items) > 1 and error.action in {Action.REVIEW, Action.LOOK_UP} and error.outcome is not Outcome.UNKNOWN:
            middle = len(items) // 2
            yield from halved(items[:middle], act)
            yield from halved(items[middle:], act)
        else:
            yield from ((item, None, error) for item in items)
    else:
        yield from zip(items, results, [None] * len(items), strict=True)


def create(hook: OdooHook, items: Sequence[Outgoing]) -> list[Sent]:
    """Import the documents as drafts; those with the same columns together."""
    by_columns: dict[tuple[str, ...], list[Outgoing]] = {}
    for item in items:
        by_columns.setdefault(item.rows.fields, []).append(item)
    answers: list[Sent] = []
    stop: PlatformError | None = None
    for group in by_columns.values():
        if stop is not None:
            answers += unsent((item.sending for item in group), stop)
            continue
        made = _create_group(hook, group)
        answers += made
        stop = next((sent.error for sent in made if sent.error is not None and ends_the_round(sent.error)), None)
    return answers


def _create_group(hook: OdooHook, group: Sequence[Outgoing]) -> list[Sent]:
    answers: list[Sent] = []
    made: dict[int, Outgoing] = {}
    for item, record_id, error in halved(group, lambda part: imported(hook, "account.move", [each.rows for each in part])):
        if error is not None:
            answers.append(_not_created(hook, item, error))
        elif record_id is not None:
            made[record_id] = item
    return answers + _read_back(hook, made)


def _not_created(hook: OdooHook, item: Outgoing, error: PlatformError) -> Sent:
    """An import that meets its own posted document is a repetition: the document is the answer."""
    if error.outcome is Outcome.HAPPENED:
        try:
            known = hook.by_external_id(item.rows.name.partition(".")[2], model="account.move")
        except PlatformError as unread:
            return Sent(key=item.sending.key, error=_unseen(unread))
        if known is not None:
            return _read_back(hook, {known: item})[0]
    return Sent(key=item.sending.key, error=error)


def imported(hook: OdooHook, model: str, records: Sequence[ImportRows]) -> list[int]:
    """The ids that `load` gives, in the order of the records; its messages become errors. Concurrent writes are tried again."""
    fields, data = list(records[0].fields), [row for each in records for row in each.rows]
    for attempt in range(1, TRIES + 1):
        answer = hook.odoo.run(model, "load", fields=fields, data=data)
        if answer["ids"]:
            return [int(each) for each in answer["ids"]]
        error = hook.refused(_complaint(answer["messages"]))
        if error.action is not Action.RETRY or attempt == TRIES:
            raise error
        time.sleep(PAUSE * attempt)
    raise AssertionError("unreachable: the last try returns or raises")


def _complaint(messages: Sequence[dict[str, Any]]) -> Complaint:
    """The errors of an import. The record they name is not to be trusted: a failed batch is reported under its first record."""
    errors = [each for each in messages if each.get("type") == "error"] or list(messages)
    said = list(dict.fromkeys(str(each["message"]) for each in errors))
    return Complaint(code=IMPORT, message=" ".join(said[:3]), field=str(errors[0].get("field", "")) if errors else "")


def _read_back(hook: OdooHook, made: dict[int, Outgoing]) -> list[Sent]:
    """The drafts as Odoo holds them, matched to ours by id and number; a failure here leaves them unseen, not absent."""
    if not made:
        return []
    try:
        rows = {row["id"]: row for row in read_documents(hook, list(made), lines=True)}
    except PlatformError as error:
        return [Sent(key=item.sending.key, error=_unseen(error)) for item in made.values()]
    return [_seen(hook, item, rows.get(record_id)) for record_id, item in made.items()]


def _seen(hook: OdooHook, item: Outgoing, row: dict[str, Any] | None) -> Sent:
    document = item.sending.document
    if row is None:
        return Sent(key=item.sending.key, error=hook.failed(UNSEEN, f"{document.number} was imported and cannot be read"))
    ours = len(document.amount_lines)
    extra = item.rows.lines - ours
    return Sent(key=item.sending.key, remote=remote_document(row, len(row["invoice_line_ids"]) - extra))


def _unseen(error: PlatformError) -> PlatformError:
    return PlatformError(error.message, platform=error.platform, rule=UNSEEN, status=error.status, code=error.code, body=error.body)


def read_documents(hook: OdooHook, ids: Sequence[int], *, lines: bool = False) -> list[dict[str, Any]]:
    fields = [*DOCUMENT_FIELDS, *(["invoice_line_ids"] if lines else [])]
    rows: list[dict[str, Any]] = hook.odoo.run("account.move", "read", ids=ids, fields=fields, read=True)
    return rows


def read_changed(hook: OdooHook, record_id: int, *, lines: bool = False) -> dict[str, Any]:
    """A document after a change of it; where it cannot be read, what became of the change is unknown."""
    try:
        rows = read_documents(hook, [record_id], lines=lines)
    except PlatformError as error:
        raise _unseen(error) from None
    if not rows:
        raise hook.failed(UNSEEN, f"document {record_id} was changed and cannot be read")
    return rows[0]


def already_there(hook: OdooHook, batch: Sequence[Outgoing]) -> dict[str, Sent]:
    """The documents whose number the company already has, live: our own earlier try is the answer, anybody else's a question."""
    if not batch:
        return {}
    found: dict[tuple[str, str], list[int]] = {}
    for row in live_documents(hook, [item.sending.document.number for item in batch], ["id", "ref", "move_type"]):
        found.setdefault((row["ref"], row["move_type"]), []).append(row["id"])
    answers = {}
    for item in batch:
        document = item.sending.document
        ids = found.get((document.number, MOVE_TYPES[document.kind]))
        if ids:
            answers[item.sending.key] = _ours_or_not(hook, item, ids)
    return answers


def _ours_or_not(hook: OdooHook, item: Outgoing, ids: list[int]) -> Sent:
    known = hook.by_external_id(item.rows.name.partition(".")[2], model="account.move")
    if known in ids:
        return _read_back(hook, {known: item})[0]
    message = f"Odoo already has {item.sending.document.number} (id {', '.join(map(str, ids))})"
    return Sent(key=item.sending.key, error=hook.failed(IS_THERE, message))


def live_documents(hook: OdooHook, numbers: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
    """The company's documents with some of our numbers that are neither cancelled nor reversed."""
    domain = [
        ["ref", "in", list(dict.fromkeys(numbers))],
        ["move_type", "in", list(MOVE_TYPES.values())],
        ["company_id", "=", hook.company_id],
        ["state", "!=", "cancel"],
    ]
    rows = list(hook.pages("account.move", domain, list(dict.fromkeys([*fields, "payment_state"]))))
    return [row for row in rows if row["payment_state"] != "reversed"]


# Posting


def post(hook: OdooHook, batch: Sequence[tuple[Sending, RemoteDocument]]) -> list[Sent]:
    """Post drafts; one that is posted already counts as done."""
    answers: list[Sent] = []
    done: list[Sending] = []
    ids: list[int] = []
    for (sending, remote), _, error in halved(batch, lambda part: _post_part(hook, part)):
        if error is not None and error.outcome is not Outcome.HAPPENED:
            answers.append(Sent(key=sending.key, remote=remote, error=error))
        else:
            done.append(sending)
            ids.append(int(remote.remote_id))
    return answers + _posted(hook, done, ids)


def _post_part(hook: OdooHook, part: Sequence[tuple[Sending, RemoteDocument]]) -> Sequence[None]:
    hook.odoo.run("account.move", "action_post", ids=[int(remote.remote_id) for _, remote in part])
    return [None] * len(part)


def _posted(hook: OdooHook, sendings: Sequence[Sending], ids: Sequence[int]) -> list[Sent]:
    if not ids:
        return []
    try:
        rows = {row["id"]: row for row in read_documents(hook, ids)}
    except PlatformError as error:
        return [Sent(key=sending.key, error=_unseen(error)) for sending in sendings]
    return [_posted_one(hook, sending, rows.get(record_id)) for sending, record_id in zip(sendings, ids, strict=True)]


def _posted_one(hook: OdooHook, sending: Sending, row: dict[str, Any] | None) -> Sent:
    if row is None:
        return Sent(key=sending.key, error=hook.failed(UNSEEN, f"{sending.document.number} was posted and cannot be read"))
    remote = remote_document(row)
    if row["state"] != "posted":
        message = f"{sending.document.number} was not posted: it is {row['state']} in Odoo"
        return Sent(key=sending.key, remote=remote, error=hook.refused(Complaint(code=IMPORT, message=message)))
    return Sent(key=sending.key, remote=remote, note=shifted(remote))


def shifted(remote: RemoteDocument) -> str:
    """A locked period moves the accounting date without an error."""
    if remote.posting_date is None or remote.posting_date == remote.issue_date:
        return ""
    return f"the period of {remote.issue_date} is locked in Odoo: booked on {remote.posting_date}"
