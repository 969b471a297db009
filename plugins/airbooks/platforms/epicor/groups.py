"""Invoice groups: made once for a pair of dates, unlocked when left, posted as a whole, at once or by the task agent."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import date

from airbooks.platforms.epicor.client import GROUPS, Company, Row, before_sending, changed_row, quoted, refusal, unproven
from airbooks.platforms.epicor.mapping import invoice_group, moment
from airbooks.platforms.errors import ConfigurationError, PlatformError

log = logging.getLogger(__name__)

POSTING, TASKS = "Erp.PROC.ARInvoicePostSvc", "Ice.BO.SysTaskSvc"
CANDIDATES = 20  # group ids tried for one pair of dates; an id that was posted may be used up
MOST_LOOKS = 120  # at a posting task
_WARNINGS = ("gLMessage", "gLWarning", "collectionsWarning", "currencyWarning")


class Groups:
    """The invoice groups that one hook works in. `setting` reads the connection, `pause` is seconds between two looks at a posting task."""

    def __init__(self, company: Company, setting: Callable[[str], object], pause: Callable[[], float]) -> None:
        self.company, self._setting, self._pause = company, setting, pause
        self._open: dict[tuple[date, date], str] = {}
        self._touched: dict[str, None] = {}

    @property
    def prefix(self) -> str:
        prefix = str(self._setting("group_prefix") or "")
        if len(prefix) > 2:
            raise ConfigurationError(f"The connection's group prefix {prefix!r} is too long: at most two characters fit into a group id.")
        return prefix

    def first_candidate(self, issued: date, ledger: date, seed: str) -> str:
        return invoice_group(self.prefix, ledger, f"{seed}/{issued}/0")

    def for_dates(self, issued: date, ledger: date, seed: str) -> str:
        """An unposted group of ours with these dates, made where there is none; the same for the same seed. Safe to repeat."""
        with before_sending():
            if (issued, ledger) not in self._open:
                self._open[issued, ledger] = self._find_or_make(issued, ledger, seed)
                self.touch(self._open[issued, ledger])
        return self._open[issued, ledger]

    def _find_or_make(self, issued: date, ledger: date, seed: str) -> str:
        for attempt in range(CANDIDATES):
            group_id = invoice_group(self.prefix, ledger, f"{seed}/{issued}/{attempt}")
            if self._is_usable(group_id, issued, ledger) or self._made(group_id, issued, ledger):
                return group_id
        says = f"{CANDIDATES} group ids for {ledger} are used up"
        raise refusal("no group id free", says, fix="Give the connection another group prefix.")

    def row(self, group_id: str) -> Row | None:
        """An unposted group, or None."""
        return next(iter(self.company.rows(f"{GROUPS}/InvcGrps", where=f"GroupID eq {quoted(group_id)}", order="GroupID")), None)

    def _is_usable(self, group_id: str, issued: date, ledger: date) -> bool:
        row = self.row(group_id)
        return row is not None and (row["InvoiceDate"], row["ApplyDate"]) == (moment(issued), moment(ledger)) and not row["LockStatus"]

    def _made(self, group_id: str, issued: date, ledger: date) -> bool:
        """Make a group; False where its id is taken or used up."""
        ds = self.company.ask(GROUPS, "GetNewInvcGrp", {"ds": {"InvcGrp": []}})["ds"]
        changed_row(ds, "InvcGrp")["GroupID"] = group_id
        for method, argument, day in (("OnChangeofInvoiceDate", "newInvoiceDate", issued), ("OnChangeofApplyDate", "newApplyDate", ledger)):
            ds = self.company.ask(GROUPS, method, {"groupID": group_id, argument: day.isoformat(), "ds": ds})["ds"]
        try:
            self.company.do(GROUPS, "Update", {"ds": ds})
        except PlatformError as error:
            if error.rule.name != "exists already":
                raise
            return self._is_usable(group_id, issued, ledger)
        return True

    def touch(self, group_id: str) -> None:
        """Remember a group that what follows works in, and thereby locks."""
        self._touched[group_id] = None

    def leave(self) -> None:
        """Unlock the groups we worked in, also after a failure: a locked group keeps everybody else out."""
        for group_id in self._touched:
            with suppress(PlatformError):
                self.company.do(GROUPS, "UnlockGroup", {"groupID": group_id})
        self._touched.clear()
        self._open.clear()

    # -- posting --------------------------------------------------------------------------------------------------------------

    def post(self, group_id: str) -> str:
        """Post what is in a group and not on hold; returns what Epicor complains about, empty when it does not.

        An empty answer proves nothing: the invoices, read again, do.
        """
        row = self.row(group_id)
        if row is None:
            self._touched.pop(group_id, None)
            return ""  # posted already, by us or by somebody else
        self._open = {dates: each for dates, each in self._open.items() if each != group_id}
        self._warn(group_id, self.company.ask(GROUPS, "PrePostInvoices", {"ipTCOnline": False, "ds": {"InvcGrp": [row]}}))
        if self._setting("post_mode") == "agent":
            return self._post_by_agent(group_id)
        says = str(self.company.do(GROUPS, "PostInvoices", {"groupID": group_id}).get("errorMessage") or "")
        if not says:
            self._touched.pop(group_id, None)  # posting unlocks
        return says

    @staticmethod
    def _warn(group_id: str, said: Row) -> None:
        """What Epicor would show before posting without asking anything."""
        for name in _WARNINGS:
            if said.get(name):
                log.warning("Invoice group %s: %s", group_id, said[name])

    def _post_by_agent(self, group_id: str) -> str:
        ds = self.company.ask(POSTING, "GetNewParameters", {})
        note = f"airbooks {group_id} {time.time_ns()}"
        ds["ARInvoicePostParam"][0] |= {"GroupID": group_id, "TaskNote": note}
        task = {"agentID": str(self._setting("agent_id")), "agentSchedNum": 0, "agentTaskNum": 0, "maintProgram": "Erp.UI.ARInvoicePost"}
        self.company.do(POSTING, "SubmitToAgent", {"ds": ds, **task})
        return self._message_of(note, group_id)

    def _message_of(self, note: str, group_id: str) -> str:
        """Wait for the task of that note; its message, or the error log of the group."""
        for _ in range(MOST_LOOKS):
            rows = self.company.rows(f"{TASKS}/SysTasks", where=f"TaskNote eq {quoted(note)}", order="SysTaskNum")
            task = next(iter(rows), None)
            if task is not None and task["EndedOn"]:
                row = self.row(group_id)
                return str(task["ActivityMsg"] or (row or {}).get("PostErrorLog") or "")
            time.sleep(self._pause())
        raise unproven("posting goes on", f"the task agent has not finished posting group {group_id}")
