"""What can go wrong, on two axes.

    AirbooksError
    ├── ConfigurationError      the installation must be changed (a connection field, routes.yaml, mappings.yaml)
    ├── ReferenceMissing        a code of ours has no counterpart on the platform
    └── PlatformError           a platform refused, failed, or left us without an answer

A PlatformError says what to do next (`action`) and whether the thing happened (`outcome`). The two are independent: "connection refused"
may be tried again freely, "connection lost while reading the answer" may not, although both are network errors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum


class Action(StrEnum):
    """What to do next."""

    RETRY = "retry"  # the same request again, after a short pause
    WAIT = "wait"  # the platform asks for less: again after its pause
    RENEW = "renew"  # token or session is stale: renew it once, then again
    REREAD = "reread"  # our version token is stale: read, compare, once again
    LOOK_UP = "look_up"  # find out what happened before anything else
    REVIEW = "review"  # a person must decide on this document
    STOP = "stop"  # a person must mend the connection; no document of it can go on


class Outcome(StrEnum):
    """Whether the platform did what was asked."""

    DID_NOT_HAPPEN = "did_not_happen"
    HAPPENED = "happened"
    UNKNOWN = "unknown"


# The name that every platform's rule for a closed accounting period bears: people may answer it with another posting date.
PERIOD_CLOSED = "period closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRule:
    """One row of a platform's error table: which answers it covers, and what they mean.

    A rule matches when every given part does: `status` (HTTP), `codes` (the platform's own), `text` (a regular expression on the
    platform's message, for vendors whose codes do not tell). Words alone never prove of a server's failure (5xx, 408) that nothing
    happened: a vendor that tells its refusals with such a status needs it named in the rule. `says` and `fix` are for the person who gets
    the exception; `shared` means that one decision settles it for all documents it hits (a closed period), so that they make one cause;
    `silent` that the platform did not really answer, whatever its status.
    """

    name: str
    action: Action
    outcome: Outcome
    status: tuple[int, ...] = ()
    codes: tuple[str, ...] = ()
    text: str = ""
    says: str = ""
    fix: str = ""
    shared: bool = False
    silent: bool = False

    def matches(self, status: int | None, code: str, text: str) -> bool:
        if not (self.status or self.codes or self.text):
            return False
        if not (self.status or self.codes) and _is_server_failure(status) and self.outcome is Outcome.DID_NOT_HAPPEN:
            return False
        return (
            (not self.status or status in self.status)
            and (not self.codes or code in self.codes)
            and (not self.text or re.search(self.text, text, re.IGNORECASE) is not None)
        )


def _is_server_failure(status: int | None) -> bool:
    return status is not None and (status >= 500 or status == 408)


FALLBACK_RULES: tuple[ErrorRule, ...] = (
    ErrorRule(name="authorisation expired", action=Action.RENEW, outcome=Outcome.DID_NOT_HAPPEN, status=(401,)),
    ErrorRule(name="not allowed", action=Action.STOP, outcome=Outcome.DID_NOT_HAPPEN, status=(403,)),
    ErrorRule(name="throttled", action=Action.WAIT, outcome=Outcome.DID_NOT_HAPPEN, status=(429,)),
    ErrorRule(name="request time-out at the platform", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN, status=(408,)),
    ErrorRule(name="refused", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN, status=tuple(range(400, 500))),
    ErrorRule(name="platform failure", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN, status=tuple(range(500, 600))),
)
UNREADABLE_ANSWER = ErrorRule(name="unreadable answer", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN)
UNREADABLE_LOG_IN = replace(UNREADABLE_ANSWER, silent=True)  # no document can be blamed for it


def classify(rules: Iterable[ErrorRule], status: int | None, code: str, text: str) -> ErrorRule:
    """The first rule that matches: the platform's own table first, then the meaning of the HTTP status, else an unknown outcome."""
    for rule in (*rules, *FALLBACK_RULES):
        if rule.matches(status, code, text):
            return rule
    return UNREADABLE_ANSWER


class AirbooksError(Exception):
    """Base of every error this package raises on purpose."""


class ConfigurationError(AirbooksError):
    """The installation must be changed; the message names the file or connection field, the value, the rule and the way out."""


class ReferenceMissing(AirbooksError):  # noqa: N818 it names a fact about data, not a fault
    """A code of ours has no counterpart on the platform: `kind` and `code` are ours, `target` what the mapping named (or empty)."""

    def __init__(self, kind: str, code: str, target: str = "") -> None:
        self.kind, self.code, self.target = kind, code, target
        wanted = f"is mapped to {target!r}, which the platform does not have" if target else "has no mapping"
        super().__init__(f"{kind} {code!r} {wanted}")


class PlatformError(AirbooksError):
    """A platform refused, failed, or left us without an answer. Carries no secret: `body` is redacted and bounded."""

    def __init__(
        self,
        message: str,
        *,
        platform: str,
        rule: ErrorRule,
        status: int | None = None,
        code: str = "",
        field: str = "",
        request_id: str = "",
        retry_after: float | None = None,
        body: str = "",
    ) -> None:
        super().__init__(message)
        self.message, self.platform, self.rule = message, platform, rule
        self.status, self.code, self.field, self.request_id = status, code, field, request_id
        self.retry_after, self.body = retry_after, body

    @property
    def action(self) -> Action:
        return self.rule.action

    @property
    def outcome(self) -> Outcome:
        return self.rule.outcome

    @property
    def is_silence(self) -> bool:
        """Whether the platform did not really answer: not reached, cut off, or a failure of its server or gateway."""
        return self.rule.silent or (self.action in {Action.RETRY, Action.LOOK_UP} and _is_server_failure(self.status))

    @property
    def is_of_all(self) -> bool:
        """Whether whatever else is asked now meets the same: the platform is silent, wants less, or does not let us in."""
        return self.is_silence or self.action in {Action.WAIT, Action.STOP, Action.RENEW}

    def as_not_happened(self) -> PlatformError:
        """The same error where what it leaves open is not the document itself, but a step before it that is safe to repeat."""
        action = Action.RETRY if self.action is Action.LOOK_UP else self.action  # there is nothing to look up
        return self._judged(replace(self.rule, action=action, outcome=Outcome.DID_NOT_HAPPEN), self.message)

    def as_refused_log_in(self) -> PlatformError:
        """The same error where it was the log-in that was refused: no document can be blamed for it, and no renewal helps."""
        if self.outcome is not Outcome.DID_NOT_HAPPEN or self.action not in {Action.REVIEW, Action.RENEW, Action.REREAD}:
            return self
        return self._judged(replace(self.rule, action=Action.STOP), self.message)

    def saying(self, message: str) -> PlatformError:
        """The same error in other words."""
        return self._judged(self.rule, message)

    def as_unknown(self, done: str) -> PlatformError:
        """The same error where a part of what was asked is done already; `done` says which, in words."""
        return self._judged(replace(self.rule, outcome=Outcome.UNKNOWN), f"{done}: {self.message}")

    def as_happened(self, done: str) -> PlatformError:
        """The same error where it concerns a step after the one that was asked for; `done` says what stands, in words."""
        return self._judged(replace(self.rule, outcome=Outcome.HAPPENED), f"{done}: {self.message}")

    def _judged(self, rule: ErrorRule, message: str) -> PlatformError:
        return PlatformError(
            message,
            platform=self.platform,
            rule=rule,
            status=self.status,
            code=self.code,
            field=self.field,
            request_id=self.request_id,
            retry_after=self.retry_after,
            body=self.body,
        )

    def __str__(self) -> str:
        parts = [f"{self.platform}: {self.rule.name}"]
        if self.status is not None:
            parts.append(f"HTTP {self.status}")
        if self.code:
            parts.append(f"code {self.code}")
        if self.request_id:
            parts.append(f"request {self.request_id}")
        return f"{', '.join(parts)}: {self.message}"


@contextmanager
def before_sending() -> Iterator[None]:
    """What fails in here fails before anything is sent that could be booked: the outcome is certain."""
    try:
        yield
    except PlatformError as error:
        raise error.as_not_happened() from None
