"""The name of a batch that ERPx holds: interface, batch id, the report job that posts it, the invoice number to look for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ticket:
    """`job` is the last part of the Location of the ordered report (its last dash part is the order number); empty where the tenant
    schedules GL07 itself."""

    interface: str
    batch_id: str
    job: str
    number: str

    def __str__(self) -> str:
        return "/".join((self.interface, self.batch_id, self.job or "scheduled", self.number))

    @classmethod
    def read(cls, text: str) -> Ticket:
        interface, batch_id, job, number = text.split("/", 3)
        return cls(interface, batch_id, "" if job == "scheduled" else job, number)
