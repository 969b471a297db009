"""Documents handed over as asynchronous jobs: the job is the ticket, and the documents are found by their external ids.

The tasks of a job are not told apart by what they are about (their order is UNVERIFIED): what became of a document is asked of the record
service, which knows its external id at once; the tasks only say why something is missing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from uuid import NAMESPACE_URL, uuid5

from airbooks.canonical import DocumentKind, RemoteDocument
from airbooks.platforms.base import Sending, Sent, ends_the_round, unsent
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.netsuite.lines import Body
from airbooks.platforms.netsuite.mapping import RECORDS
from airbooks.platforms.netsuite.records import Records, problem
from airbooks.platforms.netsuite.spec import JOB_FORGOTTEN, JOB_REFUSED

Find = Callable[[str, DocumentKind], list[RemoteDocument]]


def by_kind(ready: Sequence[tuple[Sending, Body]]) -> dict[DocumentKind, list[tuple[Sending, Body]]]:
    """A job takes records of one type only."""
    found: dict[DocumentKind, list[tuple[Sending, Body]]] = defaultdict(list)
    for sending, body in ready:
        found[sending.document.kind].append((sending, body))
    return found


def start(records: Records, ready: Sequence[tuple[Sending, Body]]) -> list[Sent]:
    """One job for each record type; an error is that of all its documents, and one that holds up the connection ends the round."""
    sent: list[Sent] = []
    held: PlatformError | None = None
    for kind, part in by_kind(ready).items():
        if held is not None:
            sent += unsent([sending for sending, _ in part], held)
            continue
        try:
            ticket = records.start(RECORDS[kind], [body for _, body in part], job_key([sending.key for sending, _ in part]))
        except PlatformError as error:
            sent += [Sent(key=sending.key, error=error) for sending, _ in part]
            held = error if ends_the_round(error) else None
        else:
            sent += [Sent(key=sending.key, ticket=ticket) for sending, _ in part]
    return sent


def job_key(keys: Sequence[str]) -> str:
    """The idempotency key of a job: a UUID that the same documents always have, in whatever order."""
    return str(uuid5(NAMESPACE_URL, " ".join(sorted(keys))))


def collect(records: Records, taken_on: Sequence[tuple[Sending, str]], find: Find) -> list[Sent]:
    """What became of the documents of some jobs; those of a job that still works keep their ticket."""
    jobs: dict[str, list[Sending]] = defaultdict(list)
    for sending, ticket in taken_on:
        jobs[ticket].append(sending)
    return [sent for job_id, sendings in jobs.items() for sent in _collect(records, job_id, sendings, find)]


def _collect(records: Records, job_id: str, sendings: Sequence[Sending], find: Find) -> list[Sent]:
    done = records.is_done(job_id)
    if done is False:
        return [Sent(key=sending.key, ticket=job_id) for sending in sendings]
    made = {sending.key: _one(find(sending.document.number, sending.document.kind)) for sending in sendings}
    missing = [sending.key for sending in sendings if made[sending.key] is None]
    errors = _errors(records, job_id, missing, is_known=done is not None) if missing else {}
    return [Sent(key=key, remote=remote, error=errors.get(key)) for key, remote in made.items()]


def _one(hits: Sequence[RemoteDocument]) -> RemoteDocument | None:
    return hits[0] if hits else None


def _errors(records: Records, job_id: str, missing: Sequence[str], *, is_known: bool) -> Mapping[str, PlatformError]:
    """Why documents are missing. Where one is, its error is certain; of several, each gets all that the job complains about."""
    if not is_known:
        error = problem(JOB_FORGOTTEN, f"the account knows no job {job_id}, and the document is not there")
        return dict.fromkeys(missing, error)
    found = records.refusals_of(job_id)
    if not found:
        return dict.fromkeys(missing, problem(JOB_FORGOTTEN, f"job {job_id} is done, names no error, and the document is not there"))
    if len({(each.rule.name, each.message) for each in found}) == 1:
        return dict.fromkeys(missing, found[0].as_not_happened())
    messages = "; ".join(sorted({each.message for each in found}))
    return dict.fromkeys(missing, problem(JOB_REFUSED, f"{len(missing)} documents of job {job_id} were refused: {messages}"))
