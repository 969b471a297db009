"""How Xero is talked to: lists and their pages, writes with an Idempotency-Key, answers that must have the documented form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode
from uuid import NAMESPACE_URL, uuid5

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import UNREADABLE_ANSWER, ErrorRule, PlatformError
from airbooks.platforms.wire import Complaint, Reply, to_json
from airbooks.platforms.xero.reading import element_complaint
from airbooks.platforms.xero.spec import API, SPEC

Read = TypeVar("Read")
Row = Mapping[str, Any]
PAGE_SIZE = 100


class XeroClient:
    """The calls of one hook; `read` makes what is wanted of each element, and may fail on one that is not as documented."""

    def __init__(self, hook: PlatformHook) -> None:
        self._hook = hook

    def get(self, resource: str, headers: Mapping[str, str] | None = None, **params: str) -> Reply:
        return self._hook.call("GET", f"{API}/{resource}", params=params, headers=headers, read=True)

    def write(self, method: str, resource: str, body: Any, *keys: str, **params: str) -> Reply:
        """A PUT or POST with an Idempotency-Key of its own: of our keys, the address and the very content, so that the same key never
        goes with another request."""
        content = to_json(body)
        key = str(uuid5(NAMESPACE_URL, "\n".join((*keys, method, resource, urlencode(params), content.decode()))))
        headers = {"Content-Type": "application/json", **({"Idempotency-Key": key} if keys else {})}
        return self._hook.call(method, f"{API}/{resource}", params=params, headers=headers, content=content)

    def listed(self, name: str, reply: Reply, read: Callable[[Any], Read]) -> list[Read]:
        return self.understood(reply, lambda body: [read(row) for row in body[name]])

    def pages(
        self, name: str, read: Callable[[Any], Read], params: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Iterator[list[Read]]:
        """All pages of a list; only with a page are documents given with their lines."""
        page = 1
        while True:
            reply = self.get(name, headers, page=str(page), pageSize=str(PAGE_SIZE), **params)
            rows = self.listed(name, reply, read)
            yield rows
            if len(rows) < PAGE_SIZE:
                return
            page += 1

    def single(self, name: str, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """The only element of an answer."""

        def only(body: Any) -> Read:
            (row,) = body[name]
            return read(row)

        return self.understood(reply, only)

    def saved(self, name: str, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """The only element of an answer to a write. Raises PlatformError when it was refused, whatever else the element says."""
        complaint = self.single(name, reply, element_complaint)
        if complaint is not None:
            raise self.refused(complaint, reply)
        return self.single(name, reply, read)

    def one(self, name: str, key: str, read: Callable[[Any], Read]) -> Read | None:
        """One element by its id, or None: an unknown one is a 404 that holds no JSON."""
        try:
            reply = self.get(f"{name}/{quote(key, safe='')}")
        except PlatformError as error:
            if error.status == 404:
                return None
            raise
        return self.single(name, reply, read)

    def understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        try:
            return read(reply.json())
        except (KeyError, TypeError, ValueError, IndexError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            request_id = self._hook.request_id(reply)
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=reply.status, request_id=request_id) from None

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    def refused(self, complaint: Complaint, reply: Reply) -> PlatformError:
        """What the complaint about one element of an answer amounts to."""
        return self._hook.wire.error(complaint, reply)
