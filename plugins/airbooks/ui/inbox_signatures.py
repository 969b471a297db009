"""Proving that an event comes from who it says, now, and unchanged: two header formats, both HMAC-SHA256 over time and body.

standard    Standard Webhooks 1.0 (standardwebhooks.com): `webhook-id`, `webhook-timestamp`, `webhook-signature`; the secret is base64,
            with or without `whsec_` in front; the id is part of what is signed.
plain       one header with `t=<seconds since 1970>,v1=<hex>` over `<t>.<body>`; the secret is used as it is written. The event's id
            is read from the signed body, never from a header that anybody could change.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

TOLERANCE = timedelta(minutes=5)  # between the sender's clock and ours, either way; Standard Webhooks' own
SHORTEST_KEY = 16  # bytes
_SECONDS = re.compile(r"[0-9]{1,11}")


class NotProvenError(Exception):
    """The event is not proven to be genuine. The message is for our log only: the sender learns no reason, and it quotes nothing sent."""


class UnusableSecretError(ValueError):
    """A secret that no signature can be checked with; the message says why, without the secret."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What a valid signature proves: when it was made, and the event's id where that is signed apart from the body (else empty)."""

    signed_at: datetime
    event_id: str = ""


class Scheme(Protocol):
    """A header format. `headers` are looked up in lower case; `keys` are all tried, whichever fits."""

    def key(self, secret: str) -> bytes:
        """The HMAC key in a secret as the sender shows it; raises UnusableSecretError."""
        ...

    def prove(self, headers: Mapping[str, str], body: bytes, keys: Sequence[bytes]) -> Proof:
        """Raises NotProvenError unless the event was signed with one of the keys within the last TOLERANCE."""
        ...


@dataclass(frozen=True, slots=True)
class Standard:
    """Standard Webhooks 1.0."""

    def key(self, secret: str) -> bytes:
        try:
            return long_enough(base64.b64decode(_padded(secret.removeprefix("whsec_")), validate=True))
        except (binascii.Error, ValueError):
            raise UnusableSecretError(f"it is not base64 of at least {SHORTEST_KEY} bytes, as Standard Webhooks has it") from None

    def prove(self, headers: Mapping[str, str], body: bytes, keys: Sequence[bytes]) -> Proof:
        told = {name: headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        if not all(told.values()):
            raise NotProvenError("a webhook- header is missing")
        signed_at = recent(told["webhook-timestamp"])
        # Every key is tried, also after one has fitted, so that the time taken says nothing about which one it was.
        fits = [_fits(Webhook(key), told, body) for key in keys]
        if not any(fits):
            raise NotProvenError("the signature fits no secret")
        return Proof(signed_at, told["webhook-id"])


def _padded(text: str) -> str:
    return text + "=" * (-len(text) % 4)


def _fits(webhook: Webhook, headers: dict[str, str], body: bytes) -> bool:
    try:
        webhook.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: parts of the signature that are not base64, a body that is not text
        return False
    return True


@dataclass(frozen=True, slots=True)
class Plain:
    """One header, `t=...,v1=...`; several `v1` may stand in it while the sender rotates its secret."""

    header: str

    def key(self, secret: str) -> bytes:
        return long_enough(secret.encode())

    def prove(self, headers: Mapping[str, str], body: bytes, keys: Sequence[bytes]) -> Proof:
        parts = [part.strip().partition("=") for part in headers.get(self.header.lower(), "").split(",")]
        times = [value for name, _, value in parts if name == "t"]
        signatures = [value.lower().encode() for name, _, value in parts if name == "v1"]
        if len(times) != 1 or not signatures:
            raise NotProvenError(f"header {self.header} has not one t and at least one v1")
        signed_at = recent(times[0])
        wanted = [hmac.new(key, times[0].encode() + b"." + body, hashlib.sha256).hexdigest().encode() for key in keys]
        fits = [hmac.compare_digest(right, given) for right in wanted for given in signatures]
        if not any(fits):
            raise NotProvenError("the signature fits no secret")
        return Proof(signed_at)


def long_enough(key: bytes) -> bytes:
    """The key itself; raises UnusableSecretError when it could be guessed."""
    if len(key) < SHORTEST_KEY:
        raise UnusableSecretError(f"it has fewer than {SHORTEST_KEY} bytes")
    return key


def recent(seconds: str) -> datetime:
    """The time of a signature, in UTC; raises NotProvenError when it is none, or is further from our clock than TOLERANCE."""
    if not _SECONDS.fullmatch(seconds):
        raise NotProvenError("the time of the signature is not in seconds since 1970")
    signed_at = datetime.fromtimestamp(int(seconds), UTC)
    if abs(datetime.now(UTC) - signed_at) > TOLERANCE:
        raise NotProvenError("the signature is too old, or from the future: an old event is replayed, or a clock is wrong")
    return signed_at
