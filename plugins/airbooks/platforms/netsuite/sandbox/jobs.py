"""Asynchronous requests: taken on with a job, carried out after a few seconds, answered task by task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.platforms.netsuite.sandbox.refusal import Refusal, content, not_found
from airbooks.sandbox.kit import Row

SECONDS = 3.0
MOST = 100
# Carries out one record of a job: record type, body -> status, Location, error body.
CarryOut = Callable[[str, Row], Row]


class Jobs:
    """The jobs of the account."""

    def __init__(self, account: Account, carry_out: CarryOut) -> None:
        self.account, self.carry_out = account, carry_out
        self.table, self.keys = account.table("job"), account.table("idempotency")

    def take_on(self, record: str, bodies: list[Row], key: str, root: str, *, strict: bool) -> str:
        """The Location of the job; a key that was used gives the job of the first request."""
        if not 0 < len(bodies) <= MOST:
            raise content(f"The number of records must be between 1 and {MOST}.", "items")
        if key:
            self._check_key(key, root)
        job_id = str(self.account.store.next_number("job", first=7))
        wait = timedelta(seconds=SECONDS / self.account.context.time_scale)
        self.table[job_id] = {"record": record, "bodies": bodies, "due": self.account.clock.now() + wait, "results": None, "strict": strict}
        if key:
            self.keys[key] = {"job": job_id}
        return f"{root}/services/rest/async/v1/job/{job_id}"

    def _check_key(self, key: str, root: str) -> None:
        try:
            UUID(key)
        except ValueError:
            raise Refusal(400, "INVALID_HEADER", "The idempotency key is not a UUID.", header="X-NetSuite-Idempotency-Key") from None
        used = self.keys.get(key)
        if used is not None:
            where = f"{root}/services/rest/async/v1/job/{used['job']}"
            detail = "A request with this idempotency key has been submitted already."
            raise Refusal(400, "IDEMPOTENCY_ERROR", detail, title="Conflict", location=where)

    def work(self) -> None:
        """Carry out what is due."""
        now = self.account.clock.now()
        for key, row in list(self.table.items()):
            if row["results"] is None and row["due"] <= now:
                results = [self.carry_out(row["record"], {"body": body, "strict": row["strict"]}) for body in row["bodies"]]
                self.table[key] = {**row, "results": results}

    def forget(self) -> None:
        for key in list(self.table):
            del self.table[key]

    # -- reading --------------------------------------------------------------------------------------------------------------

    def job(self, key: str, root: str) -> Row:
        row = self._row(key)
        links = [{"rel": "self", "href": f"{root}/services/rest/async/v1/job/{key}/task"}]
        return {"links": [], "completed": row["results"] is not None, "id": key, "progress": _progress(row), "task": {"links": links}}

    def tasks(self, key: str, *, backwards: bool) -> Row:
        """One task for each record; in which order they are listed is not documented."""
        results = self._row(key)["results"] or []
        items = [{"links": [], "id": str(number), "completed": True, "progress": _state(each)} for number, each in enumerate(results, 1)]
        items = items[::-1] if backwards else items
        return {"links": [], "items": items, "count": len(items), "hasMore": False, "offset": 0, "totalResults": len(items)}

    def result(self, key: str, task: str) -> Row:
        results = self._row(key)["results"] or []
        if not task.isdigit() or not 0 < int(task) <= len(results):
            raise not_found()
        return dict(results[int(task) - 1])

    def _row(self, key: str) -> Row:
        if key not in self.table:
            raise not_found()
        return self.table[key]


def _progress(row: Row) -> str:
    if row["results"] is None:
        return "pending"
    return "succeeded" if all(each["status"] < 400 for each in row["results"]) else "failed"


def _state(result: Row) -> str:
    return "succeeded" if result["status"] < 400 else "failed"
