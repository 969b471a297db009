"""How MYOB is talked to: OData lists and their pages, writes that ask for their result, answers that must have the documented form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar
from urllib.parse import quote

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import UNREADABLE_ANSWER, ErrorRule, PlatformError
from airbooks.platforms.myob.spec import ABSENT, SPEC
from airbooks.platforms.wire import Reply

Read = TypeVar("Read")
Row = Mapping[str, Any]
ASKED_AT_ONCE = 20


def text(value: str) -> str:
    """A text in a $filter: single quotes are doubled."""
    doubled = value.replace("'", "''")
    return f"'{doubled}'"


def guid(value: str) -> str:
    return f"guid{text(value)}"


def either(field: str, values: Sequence[str]) -> str:
    return " or ".join(f"{field} eq {text(value)}" for value in values)


class MyobClient:
    """The calls of one hook; `read` makes what is wanted of each element, and may fail on one that is not as documented."""

    page_size = 400

    def __init__(self, hook: PlatformHook) -> None:
        self._hook = hook

    def get(self, resource: str, **params: str) -> Reply:
        return self._hook.call("GET", self.path(resource, params), read=True)

    def write(self, method: str, resource: str, body: Any, **params: str) -> Reply:
        """A POST or PUT whose answer holds the result; without `returnBody` it would be empty."""
        path = self.path(resource, {"returnBody": "true", **params})
        return self._hook.call(method, path, headers={"Content-Type": "application/json"}, json=body)

    def delete(self, resource: str) -> None:
        self._hook.call("DELETE", self.path(resource, {}))

    def path(self, resource: str, params: Mapping[str, str]) -> str:
        """A path below the company file; blanks are %20, which the API wants, and not +."""
        business = quote(str(self._hook.setting("business_id")), safe="")
        asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in params.items())
        return f"/accountright/{business}/{resource}" + (f"?{asked}" if asked else "")

    def rows(self, resource: str, read: Callable[[Any], Read], where: str = "", order: str = "") -> Iterator[Read]:
        """All entries of a list. Pages are asked for by position: the link to the next one may name another host."""
        asked = {"$filter": where, "$orderby": order}
        skip = 0
        while True:
            params = {**{name: value for name, value in asked.items() if value}, "$top": str(self.page_size)}
            reply = self.get(resource, **params, **({"$skip": str(skip)} if skip else {}))
            entries, more = self.understood(reply, lambda body: ([read(row) for row in body["Items"]], bool(body.get("NextPageLink"))))
            yield from entries
            if not more:
                return
            skip += self.page_size

    def chosen(self, resource: str, field: str, values: Sequence[str], read: Callable[[Any], Read]) -> Iterator[Read]:
        """The entries whose `field` is one of these, asked for some at a time."""
        for start in range(0, len(values), ASKED_AT_ONCE):
            yield from self.rows(resource, read, either(field, values[start : start + ASKED_AT_ONCE]))

    def one(self, resource: str, read: Callable[[Any], Read]) -> Read | None:
        """One thing by its path, or None: what is not there is 404, what was removed may be 410."""
        try:
            reply = self.get(resource)
        except PlatformError as error:
            if error.rule.name == ABSENT:
                return None
            raise
        return self.understood(reply, read)

    def understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        return self.sound(lambda: read(reply.json()), status=reply.status, request_id=self._hook.request_id(reply))

    def sound(self, read: Callable[[], Read], *, status: int | None = None, request_id: str = "") -> Read:
        """What `read` makes of something that was answered."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise PlatformError(message, platform=SPEC.slug, rule=UNREADABLE_ANSWER, status=status, request_id=request_id) from None

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)
