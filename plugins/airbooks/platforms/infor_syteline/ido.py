"""How IDOs are talked to (Mongoose REST service v2): filters, loads with pages, changes, methods and events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol
from urllib.parse import quote

from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.infor_syteline.spec import SPEC
from airbooks.platforms.wire import Reply

Row = Mapping[str, Any]
Values = Mapping[str, str]
Body = dict[str, Any]
PAGE = 500  # rows; without recordCap the service stops at 200
JSON = {"Content-Type": "application/json"}
IN_TERMS = 20  # values of one IN list, to keep URLs short
INSERT, UPDATE, DELETE = 1, 2, 4
_BASE_TABLES = {
    "SLArinvs": "arinv",
    "SLArinvds": "arinvd",
    "SLCustomers": "customer",
    "SLArpmts": "arpmt",
    "SLArpmtds": "arpmtd",
}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One row to insert (1), update (2) or delete (4); `item_id` is the `_ItemId` that was read last, which guards against lost updates.

    `children` are changes of a nested collection, saved in the same transaction; `links` the properties that tie them to this row.
    """

    ido: str
    action: int
    values: Values
    item_id: str = ""
    children: tuple[Change, ...] = ()
    links: tuple[str, ...] = ()


def text(value: str) -> str:
    """A text literal of a filter; double quotes stay outside of it, or the service refuses the filter."""
    return "N'" + value.replace("'", "''") + "'"


def any_of(name: str, values: Iterable[str]) -> str:
    """A condition that a property has one of some texts."""
    return f"{name} IN ({', '.join(text(each) for each in values)})"


def chunks(values: Sequence[str], size: int = IN_TERMS) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def timestamp(day: date) -> str:
    """A date in a body."""
    return f"{day:%Y%m%d} 00:00:00.000"


def padded(value: str, width: int) -> str:
    """A key as the tables keep it: right-justified with blanks."""
    return value.rjust(width)


def change_body(change: Change, number: int = 1) -> Body:
    """One entry of Changes; every value is text."""
    properties: list[Body] = [
        {"Name": name, "Value": value, "Modified": True, "IsNull": value == ""} for name, value in change.values.items()
    ]
    if change.children:
        nested = {
            "CollectionID": change.children[0].ido,
            "Changes": [change_body(each, position) for position, each in enumerate(change.children, start=1)],
            "Links": [{"ParentProperty": name, "ChildProperty": name} for name in change.links],
        }
        properties.append(
            {"Name": change.children[0].ido, "Modified": True, "IsNull": False, "IsNestedCollection": True, "NestedCollection": nested}
        )
    item_id = change.item_id or f"PBT=[{_BASE_TABLES[change.ido]}]"
    return {"Action": change.action, "ItemId": item_id, "ItemNo": number, "UpdateLocking": 0, "Properties": properties}


def update_body(change: Change) -> Body:
    """The body of `POST /update/{ido}`: one row a request, because a second entry of Changes may go unheard."""
    return {"Changes": [change_body(change)]}


class Idos:
    """The IDO service of one configuration; `prefix` is the path from the connection's root to `/ido`."""

    def __init__(self, call: Call, prefix: str) -> None:
        self._call, self.prefix = call, prefix
        self._known: dict[str, dict[str, Row]] = {}

    def path(self, verb: str, name: str) -> str:
        return f"{self.prefix}/{verb}/{quote(name, safe='')}"

    # -- reading --------------------------------------------------------------------------------------------------------------

    def rows(self, ido: str, properties: Sequence[str], condition: str = "", *, locking: bool = False) -> Iterator[Row]:
        """Every row that fits, page by page along the row pointers: bookmarks break when rows are added meanwhile.

        `locking` asks for `_ItemId`, which a read-only load leaves out.
        """
        wanted = ",".join(dict.fromkeys((*properties, "RowPointer")))
        after = ""
        while True:
            fits = " AND ".join(f"({each})" for each in (condition, after) if each)
            asked = {"properties": wanted, "filter": fits, "orderBy": "RowPointer", "recordCap": str(PAGE)}
            page = self._page(ido, asked, locking=locking)
            items = page["Items"] or []
            yield from items
            if not (page["MoreRowsExist"] and items):
                return
            after = f"RowPointer > '{{{items[-1]['RowPointer']}}}'"

    def first(self, ido: str, properties: Sequence[str], condition: str, *, locking: bool = False) -> Row | None:
        """The row that fits, or None; of several any one."""
        page = self._page(ido, {"properties": ",".join(properties), "filter": condition, "recordCap": "1"}, locking=locking)
        return next(iter(page["Items"] or []), None)

    def _page(self, ido: str, params: Mapping[str, str], *, locking: bool) -> Row:
        asked = {**params, **({} if locking else {"readOnly": "true"})}
        given = {name: value for name, value in asked.items() if value}
        page: Row = self._call("GET", self.path("load", ido), params=given, read=True).json()
        wanted = [*params["properties"].split(","), *(["_ItemId"] if locking else [])]
        missing = [name for name in ("Items", "MoreRowsExist") if name not in page]
        missing += sorted({name for item in page.get("Items") or [] for name in wanted if name not in item})
        if missing:
            says = f"the answer to a load of {ido} lacks {', '.join(missing)}"
            raise PlatformError(says, platform=SPEC.slug, rule=UNREADABLE_ANSWER)
        return page

    def properties(self, ido: str) -> dict[str, Row]:
        """What an IDO says of its properties (`/info`), by name; asked once."""
        if ido not in self._known:
            info = self._call("GET", self.path("info", ido), read=True).json()
            self._known[ido] = {each["Name"]: each for each in info["Properties"]}
        return self._known[ido]

    # -- writing --------------------------------------------------------------------------------------------------------------

    def change(self, change: Change) -> None:
        self._call("POST", self.path("update", change.ido), params={"refresh": "true"}, headers=JSON, json=update_body(change))

    def invoke(self, ido: str, method: str, parameters: Sequence[str | None]) -> None:
        """An IDO method; a return value other than 0 is an error (`read_complaint`). It may end the session of a direct token."""
        self._call("POST", self.path("invoke", ido), params={"method": method}, headers=JSON, json=list(parameters))

    def raise_event(self, name: str, parameters: Mapping[str, str]) -> None:
        """An application event that the customer's administrator defined."""
        body = [{"Name": key, "Value": value, "Return": False} for key, value in parameters.items()]
        self._call("POST", self.path("aes", name), headers=JSON, json=body)
