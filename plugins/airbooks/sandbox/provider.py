"""A small payment provider: it makes up what happens to money and tells a web address about it, signed.

It takes the place of no vendor; its events are plain. Body (numbers exact, times in UTC):

    {"id": "evt_000001", "type": "payment.received" | "payment.refunded" | "payment.charged_back" | "fee.charged",
     "created_at": "2026-11-02T09:30:00Z",
     "data": {"id": "pay_000001", "amount": 119.00, "fee": 2.14, "currency": "EUR", "customer": "C-EU-0042", "payer": "Northwind Tools Ltd",
              "reference": "EU-SI-000123", "reverses": ""}}

`amount` is what reached our account, `fee` what the provider kept before that; of a refund or charge-back, `amount` is what left our
account, `fee` what the provider took on top, and `reverses` the id of the payment that it takes back. Signatures, with HMAC-SHA256:

    standard    Standard Webhooks 1.0: `webhook-id`, `webhook-timestamp`, `webhook-signature: v1,<base64>` over `<id>.<time>.<body>`; the
                secret is base64, with or without `whsec_` in front
    plain       one header, `t=<time>,v1=<hex>` over `<time>.<body>`; the secret is used as it is written
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Literal

import httpx
import msgspec

ZERO = Decimal(0)
_JSON = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The `data` of an event: money that came or went, in `currency`."""

    id: str
    amount: Decimal
    currency: str
    fee: Decimal = ZERO
    customer: str = ""
    payer: str = ""
    reference: str = ""
    reverses: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened at the provider."""

    id: str
    type: str
    created_at: datetime
    data: Movement

    @property
    def body(self) -> bytes:
        return _JSON.encode({"id": self.id, "type": self.type, "created_at": self.created_at, "data": asdict(self.data)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """Signs bodies with one secret, in one of the two header formats; `header` is the name that `plain` uses."""

    secret: str = field(repr=False)
    scheme: Literal["standard", "plain"] = "standard"
    header: str = "X-Signature"

    def headers(self, event_id: str, body: bytes, at: datetime) -> dict[str, str]:
        """The headers of one try, signed at `at`."""
        seconds = str(int(at.timestamp()))
        if self.scheme == "plain":
            digest = self._hmac(self.secret.encode(), seconds.encode() + b"." + body)
            return {self.header: f"t={seconds},v1={digest.hex()}"}
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        digest = self._hmac(key, f"{event_id}.{seconds}.".encode() + body)
        return {"webhook-id": event_id, "webhook-timestamp": seconds, "webhook-signature": f"v1,{base64.b64encode(digest).decode()}"}

    @staticmethod
    def _hmac(key: bytes, content: bytes) -> bytes:
        return hmac.new(key, content, hashlib.sha256).digest()


class PaymentProvider:
    """Makes events and posts them to `url`; numbers and shuffling follow from `seed` alone."""

    def __init__(self, url: str, signer: Signer, seed: int = 0) -> None:
        self.url, self.signer = url, signer
        self._chance, self._serial = random.Random(seed), count(1)  # noqa: S311 makes test data, no secrets

    def payment(self, movement: Movement) -> Event:
        """A customer paid: `movement.amount` reached us after `movement.fee`."""
        return self._event("payment.received", movement)

    def refund(self, payment: Event, amount: Decimal | None = None) -> Event:
        """We gave a customer money back; all that he gave when no amount is said."""
        return self._event("payment.refunded", self._back("ref", payment, amount))

    def charge_back(self, payment: Event, amount: Decimal | None = None, fee: Decimal = ZERO) -> Event:
        """The customer's bank took a payment back; the provider may charge for that on top."""
        return self._event("payment.charged_back", self._back("cbk", payment, amount, fee))

    def fee(self, amount: Decimal, currency: str, reference: str) -> Event:
        """The provider charged us for something that belongs to no payment."""
        return self._event("fee.charged", Movement(id=self._name("fee"), amount=amount, currency=currency, reference=reference))

    def _event(self, kind: str, movement: Movement) -> Event:
        return Event(id=self._name("evt"), type=kind, created_at=datetime.now(UTC), data=movement)

    def _back(self, prefix: str, payment: Event, amount: Decimal | None, fee: Decimal = ZERO) -> Movement:
        paid = payment.data
        return replace(
            paid,
            id=self._name(prefix),
            amount=paid.amount + paid.fee if amount is None else amount,
            fee=fee,
            reverses=paid.id,
        )

    def _name(self, prefix: str) -> str:
        return f"{prefix}_{next(self._serial):06}"

    def send(self, event: Event, *, at: datetime | None = None) -> int:
        """Post an event once, signed now or at `at`; the HTTP status of the answer. Raises httpx.TransportError when there is none."""
        headers = self.signer.headers(event.id, event.body, at or datetime.now(UTC))
        return httpx.post(self.url, content=event.body, headers={"Content-Type": "application/json", **headers}).status_code

    def deliver(self, events: Iterable[Event], *, twice: bool = False, shuffled: bool = False) -> list[int]:
        """Post events in turn; on demand each one twice, and out of order. The HTTP statuses, as posted."""
        queue = [event for event in events for _ in range(1 + twice)]
        if shuffled:
            self._chance.shuffle(queue)
        return [self.send(event) for event in queue]
