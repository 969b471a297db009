"""HTTP to one platform: one session per hook, every failure sorted into what-to-do and did-it-happen, nothing secret in what is raised.

httpx tells "never left" (connect errors, pool time-out) from "left, and then silence" (read and write errors): the first did not
happen, the second is unknown. Retries that are safe by that distinction live here, in one function; all else is the engine's.
"""

from __future__ import annotations

import logging
import random
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx
import msgspec

from airbooks.platforms.errors import (
    UNREADABLE_ANSWER,
    Action,
    ConfigurationError,
    ErrorRule,
    Outcome,
    PlatformError,
    classify,
)
from airbooks.platforms.redaction import redact

log = logging.getLogger(__name__)
# Its debug records quote the headers of every answer, and with them session cookies and tokens.
logging.getLogger("httpcore").setLevel(logging.INFO)

ANSWER_LIMIT = 64 * 1024 * 1024
LONGEST_WAIT = 90.0  # a longer Retry-After is handed to the engine instead of holding the worker
SAFE_ATTEMPTS = 4

NOT_SENT = ErrorRule(name="not reached", action=Action.RETRY, outcome=Outcome.DID_NOT_HAPPEN, silent=True)
NOT_SENDABLE = ErrorRule(name="not sendable", action=Action.STOP, outcome=Outcome.DID_NOT_HAPPEN)
NO_ANSWER = ErrorRule(name="no answer", action=Action.LOOK_UP, outcome=Outcome.UNKNOWN, silent=True)

_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)


def to_json(value: Any) -> bytes:
    """JSON with Decimal as an exact number (never through binary floating point)."""
    return _encoder.encode(value)


def from_json(content: bytes) -> Any:
    """JSON with every fraction as Decimal; raises ValueError on malformed or truncated text."""
    try:
        return _decoder.decode(content)
    except msgspec.DecodeError as error:
        raise ValueError(f"not JSON: {error}") from None


class Budget(Protocol):
    """The calls one connection may still make, shared by all workers."""

    def take(self, scope: str = "call") -> None:
        """Wait until one more call (scope "call" or "batch") fits.

        Raises PlatformError (WAIT, did not happen) when that is further off than a worker should wait.
        """

    def answered(self) -> None:
        """The call that was taken is over: answered, lost, or never sent."""

    def penalise(self, seconds: float) -> None:
        """The platform answered 429: nobody calls it for `seconds`."""

    def sibling(self) -> Budget:
        """The same budget for another session that calls at the same time."""


class Unlimited:
    """A budget for tools and tests that talk to a platform alone."""

    def take(self, scope: str = "call") -> None:
        """Never waits."""

    def answered(self) -> None:
        """Nobody counts."""

    def sibling(self) -> Unlimited:
        return self

    def penalise(self, seconds: float) -> None:
        time.sleep(min(seconds, 1.0))


@dataclass(frozen=True, slots=True)
class Reply:
    """A complete answer."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)

    def json(self) -> Any:
        return from_json(self.content)

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """What a platform says went wrong, read from its answer by its own connector.

    `retry_after` is the pause it asks for, in seconds, where it says so in another way than by the header Retry-After.
    """

    code: str = ""
    message: str = ""
    field: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One call to a platform. `read` marks calls that change nothing and may always be repeated; `scope` is the budget it draws on."""

    method: str
    url: str
    params: Mapping[str, str] | None = None
    headers: Mapping[str, str] | None = None
    content: bytes | None = field(default=None, repr=False)
    read: bool = False
    scope: str = "call"


def base_url(host: str, schema: str, port: int | None, *, allow_http: bool = False) -> str:
    """The root URL of a connection; credentials never travel over plain http except on this machine (or where it is allowed by hand)."""
    text = host if "://" in host else f"{schema or 'https'}://{host}"
    parts = urlsplit(text)
    loopback = parts.hostname in {"127.0.0.1", "localhost", "::1"}
    if parts.scheme != "https" and not loopback and not allow_http:
        raise ConfigurationError(
            f"Connection host {parts.scheme}://{parts.hostname} is not https: credentials would be readable on the way. "
            "Use https, or set allow_http in the connection's extra."
        )
    netloc = parts.netloc if parts.port or not port else f"{parts.netloc}:{port}"
    return f"{parts.scheme}://{netloc}{parts.path}".rstrip("/")


def retry_after_seconds(headers: Mapping[str, str], now: float) -> float | None:
    """Retry-After in seconds from now; the header holds seconds or an HTTP date."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except ValueError:
        return None


@cache
def _usual_authorities() -> ssl.SSLContext:
    """Read once for all sessions of the process: reading them takes longer than most calls."""
    return httpx.create_ssl_context()


class Wire:
    """Sends requests for one hook. `read_complaint` is the connector's reader of error answers (also of errors inside HTTP 200).

    `tls` is how certificates are checked: True for the usual authorities, or a context with others.
    """

    def __init__(
        self,
        *,
        platform: str,
        rules: tuple[ErrorRule, ...],
        budget: Budget,
        read_timeout: float,
        throttle_seconds: float = 5.0,
        secrets: Callable[[], tuple[str, ...]],
        read_complaint: Callable[[Reply], Complaint | None],
        request_id: Callable[[Reply], str],
        tls: ssl.SSLContext | bool = True,
    ) -> None:
        self.platform, self.rules, self.budget, self._throttle_seconds = platform, rules, budget, throttle_seconds
        self._secrets, self._read_complaint, self._request_id = secrets, read_complaint, request_id
        self._client = httpx.Client(
            timeout=httpx.Timeout(read_timeout, connect=10.0), follow_redirects=False, verify=_usual_authorities() if tls is True else tls
        )
        self.calls = 0

    def close(self) -> None:
        self._client.close()

    def send(self, request: Request, authorise: Callable[[], Mapping[str, str]], renew: Callable[[], None]) -> Reply:
        """The platform's good answer. Raises PlatformError for every other one.

        Repeats by itself only what certainly did not happen (or only reads): refused connections, throttling within LONGEST_WAIT,
        and once after renewing a stale authorisation.
        """
        renewed = False
        attempt = 0
        while True:
            attempt += 1
            authorisation = authorise()  # its own calls are repeated where they are made, not here once more
            try:
                return self._once(request, authorisation)
            except PlatformError as error:
                if error.action is Action.RENEW and not renewed:
                    renewed = True
                    renew()
                elif self._may_repeat(request, error) and attempt < SAFE_ATTEMPTS:
                    self._pause(error, attempt)
                else:
                    raise

    def _may_repeat(self, request: Request, error: PlatformError) -> bool:
        """Reads, and what certainly did not happen; a write that was refused because it is there already is for its sender to look up."""
        safe = request.read or (error.outcome is Outcome.DID_NOT_HAPPEN and error.action is not Action.LOOK_UP)
        return safe and error.action in {Action.RETRY, Action.WAIT, Action.LOOK_UP} and (error.retry_after or 0.0) <= LONGEST_WAIT

    def _pause(self, error: PlatformError, attempt: int) -> None:
        back_off = random.uniform(0.5, 1.0) * 2.0 ** (attempt - 1)  # noqa: S311 jitter, not cryptography
        if error.action is Action.WAIT:
            self.budget.penalise(error.retry_after if error.retry_after is not None else self._throttle_seconds * back_off)
        else:
            time.sleep(min(back_off, 5.0))

    def _once(self, request: Request, authorisation: Mapping[str, str]) -> Reply:
        self.budget.take(request.scope)
        self.calls += 1
        try:
            reply = self._exchange(request, {**(request.headers or {}), **authorisation})
        finally:
            self.budget.answered()
        complaint = self._complaint(reply)
        if complaint is None:
            return reply
        raise self.error(complaint, reply)

    def _exchange(self, request: Request, headers: Mapping[str, str]) -> Reply:
        try:
            with self._client.stream(
                request.method, request.url, params=request.params, headers=dict(headers), content=request.content
            ) as response:
                return Reply(response.status_code, response.headers, self._body(response))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol) as error:
            raise self._silence(NOT_SENT, request, error) from None
        except (httpx.LocalProtocolError, UnicodeEncodeError) as error:
            # Its own text would quote the header, which may be a secret with a stray line end.
            says = (
                f"{type(error).__name__}: a header has characters that HTTP does not allow; look for blanks or line ends in the connection"
            )
            raise PlatformError(says, platform=self.platform, rule=NOT_SENDABLE) from None
        except httpx.TransportError as error:
            raise self._silence(NO_ANSWER, request, error) from None
        except httpx.DecodingError as error:
            raise self._silence(UNREADABLE_ANSWER, request, error) from None

    def _body(self, response: httpx.Response) -> bytes:
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > ANSWER_LIMIT:
                raise PlatformError(f"the answer is larger than {ANSWER_LIMIT} bytes", platform=self.platform, rule=UNREADABLE_ANSWER)
        return bytes(body)

    def _silence(self, rule: ErrorRule, request: Request, error: Exception) -> PlatformError:
        where = f"{request.method} {urlsplit(request.url).path}"
        return PlatformError(redact(f"{where}: {type(error).__name__}: {error}", self._secrets()), platform=self.platform, rule=rule)

    def _complaint(self, reply: Reply) -> Complaint | None:
        try:
            complaint = self._read_complaint(reply)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            complaint = Complaint(message="the answer does not have the documented form")
            if reply.status < 400:
                raise self._error(UNREADABLE_ANSWER, complaint, reply) from None
        if complaint is None and reply.status >= 300:
            return Complaint(message=reply.text[:500])
        return complaint

    def error(self, complaint: Complaint, reply: Reply) -> PlatformError:
        """The error that a complaint amounts to by the platform's table; also for one item of a batch."""
        rule = classify(self.rules, reply.status, complaint.code, complaint.message)
        return self._error(rule, complaint, reply)

    def _error(self, rule: ErrorRule, complaint: Complaint, reply: Reply) -> PlatformError:
        secrets = self._secrets()
        asked = complaint.retry_after
        return PlatformError(
            redact(complaint.message or rule.name, secrets),
            platform=self.platform,
            rule=rule,
            status=reply.status,
            code=complaint.code,
            field=complaint.field,
            request_id=self._request_id(reply),
            retry_after=asked if asked is not None else retry_after_seconds(reply.headers, time.time()),
            body=redact(reply.text, secrets),
        )
