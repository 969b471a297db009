"""How NetSuite's records are talked to: the record service (ids from Location, sublists expanded), SuiteQL, asynchronous jobs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.netsuite.spec import GONE, JOB_PATH, NOT_READ_BACK, QUERY_PATH, RECORD_PATH, SPEC
from airbooks.platforms.wire import Reply

Row = Mapping[str, Any]
Read = TypeVar("Read")
PAGE = 1000  # the vendor's largest; an offset must be a multiple of it
QUERY_ROWS = 100_000  # of one SuiteQL query; beyond, one goes on after the last id
# Without it a misspelt field is dropped with nothing but a warning in a header.
STRICT = {"Content-Type": "application/json", "X-NetSuite-PropertyNameValidation": "Error"}
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]+")
_RECORD = re.compile(r"/record/v1/\w+/(\d+)/?$")
_JOB = re.compile(r"/async/v1/job/(\w+)/?$")


class Call(Protocol):
    """`PlatformHook.call`."""

    def __call__(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        content: bytes | None = None,
        read: bool = False,
        scope: str = "call",
    ) -> Reply: ...


def problem(rule: ErrorRule, message: str, field: str = "") -> PlatformError:
    """An error of this platform."""
    return PlatformError(message, platform=SPEC.slug, rule=rule, field=field)


def understood(read: Callable[[], Read]) -> Read:
    """What `read` makes of an answer; one that is not of the documented form proves nothing."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        says = f"the answer does not have the documented form ({type(error).__name__}: {error})"
        raise problem(UNREADABLE_ANSWER, says) from None


def unread(error: PlatformError) -> PlatformError:
    """A failure to read back what was just done: it leaves the outcome open, whatever it says of itself."""
    if error.outcome is Outcome.UNKNOWN:
        return error
    return problem(NOT_READ_BACK, f"it was taken, but could not be read back: {error}")


def record_path(kind: str, key: str = "") -> str:
    """The path of a record type, or of one record by internal id or `eid:` external id."""
    return f"{RECORD_PATH}/{kind}/{key}".rstrip("/")


class Records:
    """The record service and SuiteQL of one account."""

    def __init__(self, call: Call) -> None:
        self._call = call

    # -- reading --------------------------------------------------------------------------------------------------------------

    def get(self, kind: str, key: str) -> Row | None:
        """One record with its sublists, or None when there is none; `key` is an internal id or `eid:` and an external one."""
        try:
            reply = self._call("GET", record_path(kind, key), params={"expandSubResources": "true"}, read=True)
        except PlatformError as error:
            if error.rule.name == GONE:
                return None
            raise
        row: Row = reply.json()
        if "id" not in row:
            raise problem(UNREADABLE_ANSWER, f"the {kind} has no id")
        return row

    def by_external_id(self, kind: str, external_id: str) -> Row | None:
        """The record under an external id, which NetSuite compares without case; None also for what can be no external id."""
        return self.get(kind, f"eid:{external_id}") if EXTERNAL_ID.fullmatch(external_id) else None

    def query(self, columns: str, table: str, where: str = "", values: Sequence[str] = ()) -> Iterator[Row]:
        """Every row of a SuiteQL query over one table with an `id`, in order of it; all values are text, and nulls are left out."""
        last = ""
        while True:
            conditions = [f"({where})"] if where else []
            conditions += ["id > ?"] if last else []
            text = _statement(columns, table, conditions)
            rows = 0
            for row in self._pages(text, [*values, *([last] if last else [])]):
                rows, last = rows + 1, _key(row)
                yield row
            if rows < QUERY_ROWS:
                return

    def _pages(self, text: str, values: Sequence[str]) -> Iterator[Row]:
        for offset in range(0, QUERY_ROWS, PAGE):
            page = self._call(
                "POST",
                QUERY_PATH,
                params={"limit": str(PAGE), "offset": str(offset)},
                headers={"Content-Type": "application/json", "Prefer": "transient"},
                json={"q": text, "params": list(values)},
                read=True,
            ).json()
            yield from _items(page)
            if not _has_more(page):
                return

    def fields_of(self, kind: str) -> frozenset[str]:
        """The names of the fields that this very account has on a record type."""
        catalogue = self._call(
            "GET",
            record_path("metadata-catalog"),
            params={"select": kind},
            headers={"Accept": "application/swagger+json"},
            read=True,
        ).json()
        return frozenset(understood(lambda: catalogue["components"]["schemas"][kind]["properties"]))

    # -- writing --------------------------------------------------------------------------------------------------------------

    def create(self, kind: str, body: Any) -> str:
        """The internal id of a new record; NetSuite answers with no body, only with its Location."""
        return _id_at(self._call("POST", record_path(kind), headers=STRICT, json=body), _RECORD)

    def change(self, kind: str, record_id: str, body: Any, *, replace: str = "") -> None:
        """PATCH; without `replace` the lines of a sublist are added to those that are there."""
        params = {"replace": replace} if replace else None
        self._call("PATCH", record_path(kind, record_id), params=params, headers=STRICT, json=body)

    def delete(self, kind: str, record_id: str) -> None:
        self._call("DELETE", record_path(kind, record_id))

    def transform(self, kind: str, record_id: str, into: str, body: Any) -> str:
        """The internal id of the record that another one was transformed into."""
        return _id_at(self._call("POST", f"{record_path(kind, record_id)}/!transform/{into}", headers=STRICT, json=body), _RECORD)

    # -- jobs -----------------------------------------------------------------------------------------------------------------

    def start(self, kind: str, bodies: Sequence[Any], key: str) -> str:
        """The id of the job that creates these records; the same key a second time gives the job of the first."""
        headers = {**STRICT, "Prefer": "respond-async", "Content-Type": COLLECTION, "X-NetSuite-Idempotency-Key": key}
        try:
            reply = self._call("POST", record_path(kind), headers=headers, json={"items": list(bodies)}, scope="batch")
        except PlatformError as error:
            known = _JOB.search(error.field) if error.code == "IDEMPOTENCY_ERROR" else None
            if known is None:
                raise
            return known[1]
        return _id_at(reply, _JOB)

    def is_done(self, job_id: str) -> bool | None:
        """Whether a job is completed, or None where the account does not know it (any more)."""
        job = self._read_job(f"{JOB_PATH}/{job_id}")
        return None if job is None else bool(understood(lambda: job["completed"]))

    def refusals_of(self, job_id: str) -> list[PlatformError]:
        """What the tasks of a completed job failed with, in no particular order."""
        tasks = _items(self._read_job(f"{JOB_PATH}/{job_id}/task") or {"items": []})
        errors = (self._refusal_of(job_id, _key(task)) for task in tasks)
        return [each for each in errors if each is not None]

    def _refusal_of(self, job_id: str, task_id: str) -> PlatformError | None:
        """The result of a task is the very answer that its record would have had; it is not asked for twice."""
        try:
            self._call("GET", f"{JOB_PATH}/{job_id}/task/{task_id}/result")
        except PlatformError as error:
            if not error.code or error.action in {Action.WAIT, Action.RENEW, Action.STOP}:
                raise  # the question failed, not the task
            return error
        return None

    def _read_job(self, path: str) -> Row | None:
        try:
            found: Row = self._call("GET", path, read=True).json()
        except PlatformError as error:
            if error.rule.name == GONE:
                return None
            raise
        return found


def _key(row: Row) -> str:
    return understood(lambda: str(row["id"]))


def _statement(columns: str, table: str, conditions: Sequence[str]) -> str:
    """A SuiteQL query of names of ours; values travel as parameters."""
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    return " ".join(part for part in ("SELECT", columns, "FROM", table, where, "ORDER BY id") if part)


def _items(page: Row) -> list[Row]:
    """The rows of a page; raises PlatformError where it is not of the documented form."""
    found = page.get("items")
    if not isinstance(found, list):
        raise problem(UNREADABLE_ANSWER, "the answer has no 'items'")
    return found


def _has_more(page: Row) -> bool:
    return bool(understood(lambda: page["hasMore"]))


def _id_at(reply: Reply, place: re.Pattern[str]) -> str:
    """The id at the end of an answer's Location; raises PlatformError of unknown outcome where there is none."""
    found = place.search(reply.headers.get("location", ""))
    if found is None:
        raise problem(UNREADABLE_ANSWER, f"the answer (HTTP {reply.status}) has no Location that names a record")
    return found[1]
