"""Actions that are taken on with 202 and finished later; only the session that started one may ask for its state."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

from airbooks.platforms.acumatica.sandbox import receipts, sales
from airbooks.platforms.acumatica.sandbox.answers import Invalid, Refused, Row, exception
from airbooks.platforms.acumatica.sandbox.company import Company
from airbooks.platforms.acumatica.sandbox.sessions import Session

SECONDS = 3.0
ACTIONS = {"SalesInvoice": ("ReleaseSalesInvoice",), "Invoice": ("ReleaseInvoice",), "Payment": ("ReleasePayment",)}
RUNNING = "The previous operation has not been completed yet."


class Operations:
    """`seconds` is how long an operation takes."""

    def __init__(self, company: Company, seconds: float) -> None:
        self.company, self.seconds, self.table = company, seconds, company.store.table("$operations")
        self.running = {guid for guid, operation in self.table.items() if operation["state"] == "running"}

    def start(self, entity: str, row: Row, session: Session) -> str | None:
        """The id of a new operation; None when it is done at once. Raises Refused for what an action refuses at once."""
        key = self.company.key_of(entity, row)
        if any((each["entity"], each["key"]) == (entity, key) for each in map(self.table.__getitem__, self.running)):
            raise exception(RUNNING, "PX.Data.PXException")
        (receipts.check_release if entity == "Payment" else sales.check_release)(row)
        if self.company.struck("release_at_once") is not None:
            self._act(entity, row)
            return None
        slow, fails = self.company.struck("release_slow"), self.company.struck("release_fails")
        seconds = float(slow["seconds"]) if slow else self.seconds
        self.table[found := str(uuid4())] = {
            "entity": entity,
            "key": key,
            "session": session.id,
            "due": self.company.clock.now() + timedelta(seconds=seconds),
            "state": "running",
            "fails": str(fails["message"]) if fails else "",
            "says": "",
        }
        self.running.add(found)
        return found

    def settle(self) -> None:
        """Finish what is due."""
        now = self.company.clock.now()
        for guid in [guid for guid in self.running if self.table[guid]["due"] <= now]:
            operation = self.table[guid]
            self._finish(operation)
            self.table[guid] = operation
            self.running.discard(guid)

    def _finish(self, operation: Row) -> None:
        entity, row = operation["entity"], self.company.table(operation["entity"]).get(operation["key"])
        operation["state"], operation["says"] = "failed", operation["fails"] or "The record was deleted."
        if row is None or operation["fails"]:
            return
        try:
            self._act(entity, row)
        except Refused as refused:
            operation["says"] = refused.body["exceptionMessage"]
        else:
            operation["state"] = "done"

    def _act(self, entity: str, row: Row) -> None:
        release: Callable[[], None] = lambda: (  # noqa: E731 one of two, with their own arguments
            receipts.release(self.company, row) if entity == "Payment" else sales.release(self.company, entity, row)
        )
        try:
            release()
        except Invalid as invalid:
            raise exception("Error: " + "; ".join(message for _, message in invalid.found)) from None

    def state(self, guid: str, session: Session) -> Row:
        """Raises Refused for an operation of another session."""
        found = self.table.get(guid)
        if found is None or found["session"] != session.id:
            raise Refused(404, {"message": "The session has no operation of this id."})
        return found

    def forget_session(self, session: Session) -> None:
        """What runs goes on without its session, unless the fault says otherwise."""
        if self.company.struck("release_dies_with_session") is None:
            return
        for guid in [guid for guid in self.running if self.table[guid]["session"] == session.id]:
            del self.table[guid]
            self.running.discard(guid)
