"""The gateway's `query` function: filters, paging, and how it writes dates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from lxml import etree

from airbooks.platforms.sage_intacct.envelope import element

PAGE = 1000  # at most 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One page of the records of `name` that match all of `where`; `private` includes what belongs to one entity only."""

    name: str
    fields: tuple[str, ...]
    where: tuple[etree._Element, ...] = ()
    order: str = "RECORDNO"
    private: bool = False
    page: int = PAGE
    offset: int = 0

    def next(self) -> Query:
        return replace(self, offset=self.offset + self.page)

    def call(self) -> etree._Element:
        parts = [element("object", self.name), element("select", [element("field", each) for each in self.fields])]
        if self.where:
            conditions = list(self.where)
            parts.append(element("filter", conditions if len(conditions) == 1 else [element("and", conditions)]))
        parts.append(element("orderby", [element("order", [element("field", self.order), element("ascending")])]))
        if self.private:
            parts.append(element("options", [element("showprivate", "true")]))
        parts += [element("pagesize", str(self.page)), element("offset", str(self.offset))]
        return element("query", parts)


def equal(field: str, value: str) -> etree._Element:
    return element("equalto", [element("field", field), element("value", value)])


def one_of(field: str, values: Sequence[str]) -> etree._Element:
    return element("in", [element("field", field), *(element("value", each) for each in values)])


def since(field: str, moment: datetime) -> etree._Element:
    """Times are compared in GMT (from memory) and to the second."""
    text = moment.astimezone(UTC).strftime("%m/%d/%Y %H:%M:%S")
    return element("greaterthanorequalto", [element("field", field), element("value", text)])


def day_text(day: date) -> str:
    """A date as generic functions and queries write it."""
    return day.strftime("%m/%d/%Y")


def to_day(text: str) -> date | None:
    return datetime.strptime(text, "%m/%d/%Y").replace(tzinfo=UTC).date() if text else None


def to_moment(text: str) -> datetime | None:
    return datetime.strptime(text, "%m/%d/%Y %H:%M:%S").replace(tzinfo=UTC) if text else None
