"""How the Service Layer is talked to: queries and pages, entities, actions, and batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import urljoin

from airbooks.platforms.errors import UNREADABLE_ANSWER, PlatformError
from airbooks.platforms.sap_business_one import multipart
from airbooks.platforms.sap_business_one.multipart import Part
from airbooks.platforms.sap_business_one.spec import NOT_FOUND, SPEC
from airbooks.platforms.wire import Reply

Row = Mapping[str, Any]
JSON = {"Accept": "application/json", "Content-Type": "application/json"}
PAGE = {**JSON, "Prefer": "odata.maxpagesize=100"}  # 20 by default
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


def quoted(value: str) -> str:
    """A text literal of a filter or key."""
    return "'" + value.replace("'", "''") + "'"


def any_of(name: str, literals: Iterable[str]) -> str:
    return " or ".join(f"{name} eq {each}" for each in literals)


def chunks(values: Sequence[str], size: int = OR_TERMS) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]


class Client:
    """The Service Layer of one company; `root` is its URL up to and with the version, `batch_root` the path that inner requests have."""

    def __init__(self, call: Call, root: str, batch_root: str) -> None:
        self._call, self._root, self._batch_root = call, root, batch_root

    # -- reading --------------------------------------------------------------------------------------------------------------

    def row(self, path: str, **params: str) -> Row | None:
        """One entity, or None where there is none (404)."""
        try:
            found: Row = self._call("GET", path, params=_query(params), headers=JSON, read=True).json()
        except PlatformError as error:
            if error.rule.name == NOT_FOUND:
                return None
            raise
        return found

    def rows(self, path: str, **params: str) -> Iterator[Row]:
        """Every row of an entity set that fits, page by page; links to the next page are relative or paths."""
        yield from self._pages(self._call("GET", path, params=_query(params), headers=PAGE, read=True))

    def _pages(self, reply: Reply) -> Iterator[Row]:
        while True:
            page = reply.json()
            rows = page.get("value") if isinstance(page, dict) else None
            if not isinstance(rows, list):
                raise PlatformError("the answer has no list 'value'", platform=SPEC.slug, rule=UNREADABLE_ANSWER)
            yield from rows
            following = page.get("@odata.nextLink") or page.get("odata.nextLink")
            if not following:
                return
            reply = self._call("GET", self._within(following), headers=PAGE, read=True)

    def _within(self, link: str) -> str:
        """The URL of a next page; the session goes nowhere but to this service."""
        url = urljoin(f"{self._root}/", link)
        if not url.startswith(f"{self._root}/"):
            raise PlatformError("the next page lies outside the service", platform=SPEC.slug, rule=UNREADABLE_ANSWER)
        return url

    def value(self, path: str) -> str:
        """What a parameterless service answers: a bare value, or an object around it."""
        found = self._call("POST", path, headers=JSON, json={}, read=True).json()
        return str(found["value"] if isinstance(found, dict) else found)

    def stored_query(self, code: str, parameters: str) -> Iterator[Row]:
        """The rows of a stored SQL query."""
        path = f"SQLQueries({quoted(code)})/List"
        yield from self._pages(self._call("POST", path, headers=PAGE, json={"ParamList": parameters}, read=True))

    # -- writing --------------------------------------------------------------------------------------------------------------

    def create(self, path: str, body: Any) -> Row:
        made: Row = self._call("POST", path, headers=JSON, json=body).json()
        return made

    def act(self, path: str, body: Any = None) -> None:
        self._call("POST", path, headers=JSON, json=body)

    def change(self, path: str, body: Any, version: str) -> None:
        """PATCH under the version that was read; the answer says nothing about what was ignored."""
        self._call("PATCH", path, headers={**JSON, **({"If-Match": version} if version else {})}, json=body)

    # -- batches --------------------------------------------------------------------------------------------------------------

    def part(self, key: str, path: str, content: bytes) -> Part:
        return Part(key, f"{self._batch_root}/{path}", content)

    def batch(self, parts: Sequence[Part]) -> dict[str, Reply]:
        """The answers by key, up to and with the first that failed."""
        headers = {"Accept": "multipart/mixed", "Content-Type": f"multipart/mixed; boundary={multipart.boundary(parts)}"}
        reply = self._call("POST", "$batch", headers=headers, content=multipart.request(parts), scope="batch")
        try:
            return multipart.answers(parts, reply)
        except (ValueError, KeyError, StopIteration):
            says = "the answer of the batch does not have the documented form"
            raise PlatformError(says, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=reply.status) from None


def _query(params: Mapping[str, str]) -> dict[str, str]:
    """OData options by their names without the dollar sign."""
    return {f"${name}": value for name, value in params.items() if value}
