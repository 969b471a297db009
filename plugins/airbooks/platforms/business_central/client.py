"""How Business Central is talked to: URLs of a company, OData queries and pages, and JSON batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from airbooks.platforms.business_central.spec import FINANCE_GROUP, MAIN_GROUP, OPERATIONS, SPEC
from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.wire import Reply, to_json

Row = Mapping[str, Any]
ENGLISH = {"Accept": "application/json", "Accept-Language": "en-US"}  # or the messages come in the company's language
PAGE = {"Prefer": "odata.maxpagesize=1000"}
GO_ON = {"Prefer": "odata.continue-on-error"}  # what is behind a failed part without it is not documented
IN_ONE_TRANSACTION = {"Isolation": "snapshot"}
PRIMARY = {"Data-Access-Intent": "ReadWrite"}  # ledger queries read a replica by default, which may lag
OR_TERMS = 20  # of one filter, to keep URLs short


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
class Part:
    """One request of a batch; `path` is below the company."""

    id: str
    method: str
    path: str
    body: Any = None
    if_match: str = ""


def quoted(value: str) -> str:
    """A text literal of a filter."""
    return "'" + value.replace("'", "''") + "'"


def any_of(name: str, literals: Iterable[str]) -> str:
    """A condition that one property has one of some values; the platform takes `or` only on one property."""
    return " or ".join(f"{name} eq {each}" for each in literals)


def chunks(values: Sequence[str], size: int = OR_TERMS) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


class Company:
    """One company of one environment; `prefix` is the path from the connection's root to `/api`, `company_id` a GUID."""

    def __init__(self, call: Call, prefix: str, company_id: Callable[[], str]) -> None:
        self._call, self._prefix, self._company_id = call, prefix, company_id

    def path(self, below: str = "", group: str = MAIN_GROUP) -> str:
        """The path of something of this company."""
        return f"{self._prefix}/api/{group}/companies({self._company_id()})/{below}".rstrip("/")

    # -- reading --------------------------------------------------------------------------------------------------------------

    def row(self, below: str, **params: str) -> Row:
        """One entity; raises PlatformError (404: gone)."""
        found: Row = self._call("GET", self.path(below), params=_query(params), headers=ENGLISH, read=True).json()
        return found

    def rows(self, below: str, group: str = MAIN_GROUP, **params: str) -> Iterator[Row]:
        """Every row of an entity set that fits, page by page; the next page's address is followed as it comes."""
        headers = {**ENGLISH, **PAGE, **(PRIMARY if group == FINANCE_GROUP else {})}
        page = self._call("GET", self.path(below, group), params=_query(params), headers=headers, read=True).json()
        while True:
            yield from _member(page, "value")
            following = page.get("@odata.nextLink")
            if not following:
                return
            page = self._call("GET", following, headers=headers, read=True).json()

    def companies(self) -> list[Row]:
        """All companies of the environment."""
        found: Row = self._call("GET", f"{self._prefix}/api/{MAIN_GROUP}/companies", headers=ENGLISH, read=True).json()
        return _member(found, "value")

    # -- writing --------------------------------------------------------------------------------------------------------------

    def create(self, below: str, body: Any) -> Row:
        made: Row = self._call("POST", self.path(below), headers=_json_headers(), json=body).json()
        return made

    def act(self, below: str) -> None:
        """A bound action, which has neither body nor answer."""
        self._call("POST", self.path(below), headers=ENGLISH)

    def change(self, below: str, body: Any, version: str) -> Row:
        changed: Row = self._call("PATCH", self.path(below), headers={**_json_headers(), "If-Match": version}, json=body).json()
        return changed

    def delete(self, below: str, version: str) -> None:
        self._call("DELETE", self.path(below), headers={**ENGLISH, "If-Match": version})

    # -- batches --------------------------------------------------------------------------------------------------------------

    def batch(self, parts: Sequence[Part], *, in_one_transaction: bool = False) -> dict[str, Reply]:
        """The answers to at most 100 requests by their ids; a part that the answer leaves out is left out here.

        Each part is a transaction of its own, or all are one: then one failed part means that nothing was kept, although the parts
        before it show success.
        """
        headers = {**_json_headers(), **(IN_ONE_TRANSACTION if in_one_transaction else GO_ON)}
        answer = self._call("POST", self.batch_path(), headers=headers, json=self.batch_body(parts)).json()
        try:
            return {each["id"]: _inner_reply(each) for each in _member(answer, "responses") if each.get("id") is not None}
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise PlatformError(f"a part of the answer lacks or misspells {error}", platform=SPEC.slug, rule=UNREADABLE_ANSWER) from None

    def batch_path(self) -> str:
        return f"{self._prefix}/api/{MAIN_GROUP}/$batch"

    def batch_body(self, parts: Sequence[Part]) -> dict[str, Any]:
        """The body of a `$batch`; inner URLs are relative to the API's root."""
        if len(parts) > OPERATIONS:
            raise ValueError(f"a batch takes {OPERATIONS} operations, not {len(parts)}")
        return {"requests": [self._inner(part) for part in parts]}

    def _inner(self, part: Part) -> dict[str, Any]:
        headers = _json_headers() | ({"If-Match": part.if_match} if part.if_match else {})
        inner = {"id": part.id, "method": part.method, "url": f"companies({self._company_id()})/{part.path}", "headers": headers}
        return inner if part.body is None else {**inner, "body": part.body}


def _member(answer: Row, name: str) -> list[Any]:
    """A collection that an answer must have; raises PlatformError where it is not of the documented form."""
    found = answer.get(name)
    if not isinstance(found, list):
        raise PlatformError(f"the answer has no {name!r}", platform=SPEC.slug, rule=UNREADABLE_ANSWER)
    return found


def _query(params: Mapping[str, str]) -> dict[str, str]:
    """OData options by their names without the dollar sign."""
    return {f"${name}": value for name, value in params.items() if value}


def _json_headers() -> dict[str, str]:
    return {**ENGLISH, "Content-Type": "application/json"}


def _inner_reply(each: Mapping[str, Any]) -> Reply:
    """An answer inside a batch, in the form of one that came alone."""
    body = each.get("body")
    headers = {str(name).lower(): str(value) for name, value in (each.get("headers") or {}).items()}
    return Reply(int(each["status"]), headers, b"" if body is None else to_json(body))
