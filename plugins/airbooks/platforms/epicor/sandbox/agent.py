"""Erp.PROC.ARInvoicePostSvc and Ice.BO.SysTaskSvc: the task agent, which takes a posting on and does it later."""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime

from airbooks.platforms.epicor.sandbox.company import COMPANY, Company
from airbooks.platforms.epicor.sandbox.groups import Groups
from airbooks.platforms.epicor.sandbox.refusal import rule_broken
from airbooks.sandbox.kit import Row

PARAMETERS: Row = {"GroupID": "", "AgentID": "", "AgentSchedNum": 0, "AgentTaskNum": 0, "TaskNote": "", "RowMod": ""}
TASK_FIELDS = {"Company", "SysTaskNum", "TaskDescription", "TaskStatus", "TaskNote", "StartedOn", "EndedOn", "ActivityMsg"}
PICKS_UP, TAKES = 1.0, 3.0  # seconds until the agent begins a task, and that it works on one; both obey the time scale


class Agent:
    """The system agent's tasks. It is no request that lets it work, but time: `work` does what is due by now."""

    def __init__(self, company: Company, groups: Groups) -> None:
        self.company, self.groups = company, groups
        self.table = company.table("SysTask")

    @staticmethod
    def get_new_parameters() -> Row:
        return {"returnObj": {"ARInvoicePostParam": [deepcopy(PARAMETERS)]}}

    def submit(self, ds: Row, agentID: str, agentSchedNum: int, agentTaskNum: int, maintProgram: str) -> Row:  # noqa: N803, ARG002
        """Only puts the task in line: the answer says nothing about the posting."""
        if agentID != "SystemTaskAgent":
            raise rule_broken(f"Task agent {agentID} is not valid.", "SysTask", "AgentID")
        parameters = ds["ARInvoicePostParam"][0]
        if parameters["GroupID"] not in self.groups.table:
            raise rule_broken("Group ID is invalid.", "ARInvoicePostParam", "GroupID")
        number = self.company.store.next_number("SysTaskNum", 900)
        self.table[str(number)] = {
            "Company": COMPANY,
            "SysTaskNum": number,
            "TaskDescription": "Post AR Invoices",
            "TaskStatus": "PENDING",
            "TaskNote": parameters["TaskNote"],
            "StartedOn": None,
            "EndedOn": None,
            "ActivityMsg": "",
            "_group": parameters["GroupID"],
            "_submitted": self.company.clock.now(),
        }
        return {"parameters": {}}

    def work(self) -> None:
        """Begin and finish the tasks whose time has come; an agent that is stopped leaves them where they are."""
        if "stop_agent" in self.company.armed():
            return
        for key, task in list(self.table.items()):
            age = (self.company.clock.now() - task["_submitted"]).total_seconds() * self.company.context.time_scale
            if task["EndedOn"] is None and age >= PICKS_UP + TAKES:
                self.table[key] = {**task, "StartedOn": task["StartedOn"] or self._stamp(), **self._finish(task["_group"])}
            elif task["StartedOn"] is None and age >= PICKS_UP:
                self.table[key] = {**task, "StartedOn": self._stamp(), "TaskStatus": "ACTIVE"}

    def _finish(self, group_id: str) -> Row:
        _, errors = self.groups.book(group_id)
        return {"TaskStatus": "ERROR" if errors else "COMPLETE", "ActivityMsg": "; ".join(errors), "EndedOn": self._stamp()}

    def _stamp(self) -> str:
        now: datetime = self.company.clock.now()
        return now.replace(tzinfo=None).isoformat(timespec="seconds")
