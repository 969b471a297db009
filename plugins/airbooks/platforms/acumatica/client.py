"""How Acumatica is talked to: one end point of one site, its records by key, lists in pages, actions that may answer later."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from airbooks.platforms.acumatica.spec import GONE, SPEC
from airbooks.platforms.acumatica.wrapped import Body, Row
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, PlatformError
from airbooks.platforms.wire import Reply

T = TypeVar("T")
PAGE = 100
OR_TERMS = 10  # of one filter, to keep URLs short
INSERT_ONLY, UPDATE_ONLY = {"If-None-Match": "*"}, {"If-Match": "*"}


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
        read: bool = False,
    ) -> Reply: ...


def quoted(value: str) -> str:
    """A text literal of a filter."""
    return "'" + value.replace("'", "''") + "'"


def any_of(name: str, values: Sequence[str]) -> str:
    return " or ".join(f"{name} eq {quoted(each)}" for each in values)


def chunks(values: Sequence[str], size: int = OR_TERMS) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


def problem(rule: ErrorRule, message: str, field: str = "") -> PlatformError:
    """An error that the connector finds out itself."""
    return PlatformError(message, platform=SPEC.slug, rule=rule, field=field)


def understood(read: Callable[[], T]) -> T:
    """What `read` makes of an answer; raises PlatformError where the answer has not the documented form."""
    try:
        return read()
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise PlatformError(f"the answer lacks or misspells {error}", platform=SPEC.slug, rule=UNREADABLE_ANSWER) from None


class Site:
    """One end point of one site; `branch` (or empty) is the branch that requests work in."""

    def __init__(self, call: Call, endpoint: str, version: str, branch: str) -> None:
        self._call, self._base = call, f"entity/{endpoint}/{version}"
        self._headers = {"Accept": "application/json", **({"PX-CbApiBranch": branch} if branch else {})}

    def path(self, below: str) -> str:
        return f"{self._base}/{quote(below)}"

    # -- reading --------------------------------------------------------------------------------------------------------------

    def installed(self) -> Row:
        """What the site offers: `endpoints` with name and version."""
        found: Row = self._call("GET", "entity", headers=self._headers, read=True).json()
        return found

    def record(self, entity: str, key: str, *, expand: Sequence[str] = (), custom: str = "") -> Row | None:
        """A record by its key (`Invoice/INV000146`), or None: the server says HTTP 500 of one that is not there."""
        params = _query(expand, custom)
        try:
            found: Row = self._call("GET", self.path(f"{entity}/{key}"), params=params, headers=self._headers, read=True).json()
        except PlatformError as error:
            if error.rule.name == GONE:
                return None
            raise
        return found

    def rows(self, entity: str, where: str = "", *, select: str = "", expand: Sequence[str] = ()) -> Iterator[Row]:
        """Every record that fits, page by page; without `$top` the server would send all at once."""
        skip = 0
        while True:
            params = {**_query(expand), "$top": str(PAGE), "$skip": str(skip)}
            params |= {name: value for name, value in (("$filter", where), ("$select", select)) if value}
            page = self._call("GET", self.path(entity), params=params, headers=self._headers, read=True).json()
            if not isinstance(page, list):
                raise problem(UNREADABLE_ANSWER, f"{entity}: not a list")
            yield from page
            if len(page) < PAGE:
                return
            skip += PAGE

    # -- writing --------------------------------------------------------------------------------------------------------------

    def put(
        self, entity: str, body: Body, condition: Mapping[str, str], *, where: str = "", expand: Sequence[str] = (), custom: str = ""
    ) -> Row:
        """Insert or update one record; the answer is the whole record, as far as it is expanded."""
        params = {**_query(expand, custom), **({"$filter": where} if where else {})}
        made: Row = self._call("PUT", self.path(entity), params=params, headers={**self._write_headers(), **condition}, json=body).json()
        return made

    def delete(self, entity: str, key: str) -> None:
        self._call("DELETE", self.path(f"{entity}/{key}"), headers=self._headers)

    def act(self, entity: str, action: str, keys: Body) -> str:
        """Start an action; empty when it is done (204), else the path at which its own session is told its state (202)."""
        body = {"entity": keys, "parameters": {}}
        reply = self._call("POST", self.path(f"{entity}/{action}"), headers=self._write_headers(), json=body)
        return "" if reply.status != 202 else status_path(reply.headers.get("location", ""))

    def is_done(self, status: str) -> bool:
        """Whether an action has finished; raises PlatformError when it failed."""
        return self._call("GET", status, headers=self._headers, read=True).status != 202

    def _write_headers(self) -> dict[str, str]:
        return {**self._headers, "Content-Type": "application/json"}


def _query(expand: Sequence[str] = (), custom: str = "") -> dict[str, str]:
    found = {"$expand": ",".join(expand)} if expand else {}
    return {**found, **({"$custom": custom} if custom else {})}


def status_path(location: str) -> str:
    """The part of a Location header below the site: it may be absolute, relative, with the instance's path or without."""
    _, mark, rest = location.partition("/entity/")
    return f"entity/{rest}" if mark else ""


def is_only_the_look(error: PlatformError) -> bool:
    """Whether looking at the state of a release failed, and not the release: the session has ended or is barred. The record will tell."""
    return error.status in (401, 403, 404) or error.action is Action.WAIT
