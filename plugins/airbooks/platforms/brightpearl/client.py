"""How Brightpearl is talked to: services below the account, searches page by page, several messages in one request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from airbooks.platforms.base import ends_the_round
from airbooks.platforms.brightpearl import reading
from airbooks.platforms.brightpearl.reading import Row, documented
from airbooks.platforms.brightpearl.spec import MOST_IDS, MOST_MESSAGES, NOT_ANSWERED, NOT_PROCESSED, NOT_READ_BACK, PAGE, SPEC
from airbooks.platforms.errors import ErrorRule, PlatformError
from airbooks.platforms.wire import Reply

if TYPE_CHECKING:
    from airbooks.platforms.brightpearl.hook import BrightpearlHook

Read = TypeVar("Read")
Key = TypeVar("Key")
JSON = {"Content-Type": "application/json", "Accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Message:
    """One write, alone or as part of several; `label` tells whose answer is whose."""

    label: str
    method: str
    path: str
    body: Any


class BrightpearlClient:
    """The calls of one hook; paths are `service/resource` below the account."""

    def __init__(self, hook: BrightpearlHook) -> None:
        self._hook = hook
        self.page_size = PAGE

    def error(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(message, platform=SPEC.slug, rule=rule)

    # -- reading ----------------------------------------------------------------------------------------------------------

    def get(self, path: str, **params: str) -> Any:
        """The `response` of an answer."""
        return documented(lambda: self._get(path, params).json()["response"])

    def _get(self, path: str, params: Mapping[str, str]) -> Reply:
        return self._hook.call("GET", self._hook.address(path), params=params, headers={"Accept": "application/json"}, read=True)

    def installed_instance(self, path: str) -> str:
        """The id of the installed integration that an OAuth answer carries."""
        return self._get(path, {}).headers.get("brightpearl-installed-integration-instance-id", "")

    def search(self, path: str, **filters: str) -> Iterator[dict[str, Any]]:
        """All rows of a search, page by page, by the names of their columns."""
        first: int | None = 1
        while first is not None:
            reply = self._get(path, {**filters, "pageSize": str(self.page_size), "firstResult": str(first)})
            rows, last = documented(lambda reply=reply: _page(reply))  # type: ignore[misc]
            yield from rows
            first = None if last is None else last + 1

    def by_ids(self, path: str, ids: Iterable[str]) -> list[Row]:
        """What exists of a set of ids: orders that do not exist are simply not in the answer."""
        wanted = list(dict.fromkeys(ids))
        found: list[Row] = []
        for start in range(0, len(wanted), MOST_IDS):
            found += self.get(f"{path}/{','.join(wanted[start : start + MOST_IDS])}")
        return found

    # -- writing ----------------------------------------------------------------------------------------------------------

    def write(self, method: str, path: str, body: Any = None) -> Any:
        """One write; what is in its `response`, or None where the answer is empty."""
        reply = self._hook.call(method, self._hook.address(path), headers=JSON, json=body)
        return documented(lambda: reply.json().get("response"))

    def write_each(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The response to each message, or its PlatformError, by label. Ten go in one request, which counts as one.

        After an error that stops or pauses the connection the rest is not sent.
        """
        found: dict[str, Any] = {}
        for start in range(0, len(messages), MOST_MESSAGES):
            part = messages[start : start + MOST_MESSAGES]
            try:
                found |= self._several(part) if len(part) > 1 else {part[0].label: self._alone(part[0])}
            except PlatformError as error:
                found |= {each.label: error for each in part}
                if ends_the_round(error):
                    return found | {each.label: error.as_not_happened() for each in messages[start + len(part) :]}
        return found

    def _alone(self, message: Message) -> Any:
        return self.write(message.method, message.path, message.body)

    def _several(self, messages: Sequence[Message]) -> dict[str, Any]:
        body = {
            "processingMode": "SEQUENTIAL",
            "onFail": "CONTINUE",
            "messages": [{"label": each.label, "uri": f"/{each.path}", "httpMethod": each.method, "body": each.body} for each in messages],
        }
        reply = self._hook.call("POST", self._hook.address("multi-message"), headers=JSON, json=body)
        answered: dict[str, Any] = documented(lambda: self._answers(reply))
        return {each.label: answered.get(each.label, self.error(NOT_ANSWERED, "the answer does not mention it")) for each in messages}

    def _answers(self, reply: Reply) -> dict[str, Any]:
        """207 is a good answer: each message has a status of its own, and its content is JSON in a text."""
        parts = reply.json()["response"]
        found: dict[str, Any] = {}
        for each in parts["processedMessages"]:
            single = Reply(int(each["statusCode"]), reply.headers, each["body"]["content"].encode())
            complaint = reading.complaint(single)
            found[each["label"]] = self._hook.wire.error(complaint, single) if complaint else single.json().get("response")
        for label in parts.get("unprocessedMessages") or ():
            found[label] = self.error(NOT_PROCESSED, "Brightpearl left it out of the request")
        return found

    def after_writing(self, read: Callable[[], Read]) -> Read:
        """What `read` finds after a write; where it fails, the write has happened all the same."""
        try:
            return read()
        except PlatformError as error:
            raise self.error(NOT_READ_BACK, str(error)) from None


def _page(reply: Reply) -> tuple[list[dict[str, Any]], int | None]:
    body = reply.json()
    return reading.positional(body), reading.last_of_page(body)
