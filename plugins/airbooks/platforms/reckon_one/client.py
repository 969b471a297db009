"""How a book of Reckon One is talked to: lists and their pages, single resources, answers that must have the documented form."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import UNREADABLE_ANSWER, ErrorRule, PlatformError
from airbooks.platforms.reckon_one.spec import SPEC, WRONG_BOOK
from airbooks.platforms.wire import Reply

Read = TypeVar("Read")
Row = Mapping[str, Any]
PER_PAGE = 100  # the vendor's default is ten, its most is not published
MERGE_PATCH = "application/merge-patch+json"


class ReckonOneClient:
    """The calls of one hook on its book."""

    def __init__(self, hook: PlatformHook) -> None:
        self._hook = hook

    def base(self) -> str:
        path = str(self._hook.setting("base_path")).strip("/")
        return f"/{path}" if path else ""

    def path(self, resource: str) -> str:
        return f"{self.base()}/{self._hook.setting('book_id')}/{resource}"

    # -- reading ----------------------------------------------------------------------------------------------------------

    def get(self, resource: str, **params: str) -> Reply:
        """What every book has: not found means that there is no such book."""
        try:
            return self._hook.call("GET", self.path(resource), params=params, read=True)
        except PlatformError as error:
            raise self._without_book(error) from None

    def _without_book(self, error: PlatformError) -> PlatformError:
        return self.error(WRONG_BOOK, error.message) if error.status == 404 else error

    def rows(self, resource: str, **params: str) -> Iterator[Row]:
        """A whole list, page by page. How many rows there are is told beside the list; a page may be shorter than what was asked for."""
        seen, page = 0, 1
        while True:
            reply = self.get(resource, **params, page=str(page), perPage=str(PER_PAGE))
            found = self.understood(reply, lambda body: list(body["list"]))
            yield from found
            seen += len(found)
            if not found or not _has_more(reply, seen):
                return
            page += 1

    def one(self, resource: str, key: str) -> Row | None:
        """One resource by its id, or None; a book that is not there is not found in the same words."""
        try:
            reply = self._hook.call("GET", self.path(f"{resource}/{key}"), read=True)
        except PlatformError as error:
            if error.status != 404:
                raise
            self.get(resource, page="1", perPage="1")
            return None
        return self.understood(reply, lambda body: {**body, "id": body["id"]})

    # -- writing ----------------------------------------------------------------------------------------------------------

    def create(self, resource: str, body: Mapping[str, Any]) -> str:
        """POST; the answer holds nothing but the new id."""
        try:
            reply = self._write("POST", resource, body, "application/json")
        except PlatformError as error:
            raise self._without_book(error) from None
        return self.understood(reply, lambda answer: str(answer["id"]))

    def replace(self, resource: str, body: Mapping[str, Any]) -> None:
        self._write("PUT", resource, body, "application/json")

    def change(self, resource: str, body: Mapping[str, Any]) -> None:
        """PATCH, which no other content type than that of a merge is taken for."""
        self._write("PATCH", resource, body, MERGE_PATCH)

    def delete(self, resource: str) -> None:
        self._hook.call("DELETE", self.path(resource))

    def _write(self, method: str, resource: str, body: Mapping[str, Any], content_type: str) -> Reply:
        return self._hook.call(method, self.path(resource), headers={"Content-Type": content_type}, json=dict(body))

    # -- answers ----------------------------------------------------------------------------------------------------------

    def understood(self, reply: Reply, read: Callable[[Any], Read]) -> Read:
        return self.sound(lambda: read(reply.json()))

    def sound(self, read: Callable[[], Read]) -> Read:
        """What `read` makes of an answer; a good status with another form than documented proves nothing."""
        try:
            return read()
        except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError) as error:
            message = f"the answer does not have the documented form ({type(error).__name__}: {error})"
            raise self.error(UNREADABLE_ANSWER, message) from None

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)


def _has_more(reply: Reply, seen: int) -> bool:
    total = reply.headers.get("x-total-count", "")
    return seen < int(total) if total.isdigit() else 'rel="next"' in reply.headers.get("link", "")
