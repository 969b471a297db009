"""What the connection's form says in lists and tables, read."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from airbooks.platforms.errors import ConfigurationError

Settings = Mapping[str, str]

DIMENSIONS = range(1, 8)


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a dimension of ours goes: accountingDimension1 to 7, and the attribute whose values it takes."""

    number: int
    attribute: str


@dataclass(frozen=True, slots=True)
class Lookup:
    """An object of the ObjectAPI and its properties, in the order that the form names them."""

    name: str
    properties: tuple[str, ...]


def names(settings: Settings, field: str) -> list[str]:
    """A field of names separated by commas."""
    return [each.strip() for each in settings.get(field, "").split(",") if each.strip()]


def table(settings: Settings, field: str) -> dict[str, str]:
    """A field that holds a JSON object of texts; raises ConfigurationError."""
    text = settings.get(field, "")
    if not text:
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ConfigurationError(f'The connection\'s field {field!r} must be JSON text such as {{"rest": "restAmount"}}, all values texts.')
    return found


def dimension_slots(settings: Settings) -> dict[str, Slot]:
    """The field dimension_map, by our dimension; raises ConfigurationError."""
    found = {}
    for part in settings.get("dimension_map", "").split():
        matched = re.fullmatch(r"([^=]+)=([1-7]):(.+)", part)
        if matched is None:
            raise ConfigurationError(f"The connection's field 'dimension_map' has {part!r}; write dimension=number:attribute.")
        found[matched[1]] = Slot(int(matched[2]), matched[3])
    return found


def lookup(settings: Settings, field: str) -> Lookup | None:
    """A field such as accounts(account,description,status), or None where it is empty; raises ConfigurationError."""
    text = settings.get(field, "").strip()
    if not text:
        return None
    matched = re.fullmatch(r"([\w./-]+)\(([\w.]+(?:\s*,\s*[\w.]+)*)\)", text)
    if matched is None:
        raise ConfigurationError(f"The connection's field {field!r} has {text!r}; write object(property,property).")
    return Lookup(matched[1], tuple(each.strip() for each in matched[2].split(",")))


def whole(settings: Settings, field: str, default: int) -> int:
    """A field that holds a whole number; raises ConfigurationError."""
    text = settings.get(field, "").strip()
    try:
        return int(text) if text else default
    except ValueError:
        raise ConfigurationError(f"The connection's field {field!r} has {text!r}; write a whole number.") from None


def is_on(settings: Settings, field: str) -> bool:
    return settings.get(field, "").lower() in {"true", "1", "yes", "on"}


def payment_types(settings: Settings) -> list[str]:
    """The voucher types that are customer payments."""
    return names(settings, "payment_types") or [settings.get("payment_voucher_type", "CP")]
