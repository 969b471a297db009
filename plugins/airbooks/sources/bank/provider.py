"""What a payment provider's webhook tells: payment, refund, charge-back and fee, by a declared mapping. Pure: nothing is fetched or kept.

The columns of the mapping are paths into the payload (`data.object.amount`); a list stays one, its elements with paths of their own, for
`each`. `kind` looks the event's type up (`receipt`, `refund`, `charge_back`); an event whose type is not in the lookup of `events`
concerns no money and gives nothing. The provider's id of the payment, refund or dispute is `source_id`: the same however often, and in
whatever order, it is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbooks.canonical.incoming import IncomingPayment
from airbooks.sources.bank.declared import MovementMapping, movement_from
from airbooks.sources.bank.fingerprint import by_id
from airbooks.sources.bank.movement import BadMovement, EntryError
from airbooks.sources.raw import Payload, json_value


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A payment provider: the `event` path names the kind of event, `events` those that move money, and what kind of movement each is."""

    name: str
    event: str
    events: Mapping[str, str]
    mapping: MovementMapping
    defaults: Mapping[str, str] = field(default_factory=dict)


def movement_told(provider: Provider, payload: Mapping[str, Any]) -> IncomingPayment | BadMovement | None:
    """The movement that an event tells, None for an event about something else. Numbers of `payload` must be Decimal, int or text."""
    flat = flattened(payload)
    type_ = str(flat.get(provider.event, ""))
    if type_ not in provider.events:
        return None
    try:
        movement = movement_from(provider.mapping, flat, {**provider.defaults, "kind": provider.events[type_], "source": provider.name})
        return by_id(movement) if movement else None
    except EntryError as error:
        return error.at(provider.name, f"event {type_}")


def flattened(payload: Mapping[str, Any], prefix: str = "") -> Payload:
    """Nested objects as one row whose columns are paths; a list of objects becomes a list of such rows."""
    row: Payload = {}
    for name, value in payload.items():
        if isinstance(value, Mapping):
            row |= flattened(value, f"{prefix}{name}.")
        elif isinstance(value, list):
            row[f"{prefix}{name}"] = [flattened(each) if isinstance(each, Mapping) else json_value(each) for each in value]
        else:
            row[f"{prefix}{name}"] = json_value(value)
    return row
