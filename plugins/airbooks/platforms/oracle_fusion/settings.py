"""What the connection's form says in lists and tables, read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from airbooks.platforms.errors import ConfigurationError

Settings = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment of the lines' descriptive flexfield: which dimension of ours it takes, and the value set that checks it."""

    dimension: str
    name: str
    value_set: str


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
    if not isinstance(found, dict) or not all(isinstance(each, str) and each for each in found.values()):
        raise ConfigurationError(f'The connection\'s field {field!r} must be JSON text such as {{"C-US-0042": "10042"}}, all values texts.')
    return found


def segments(settings: Settings) -> dict[str, Segment]:
    """The field line_segments, by dimension; raises ConfigurationError."""
    found = {}
    for part in settings.get("line_segments", "").split():
        dimension, _, rest = part.partition("=")
        name, _, value_set = rest.partition(":")
        if not (dimension and name and value_set):
            raise ConfigurationError(f"The connection's field 'line_segments' has {part!r}; write dimension=segment:value set.")
        found[dimension] = Segment(dimension, name, value_set)
    return found


def is_on(settings: Settings, field: str) -> bool:
    return settings.get(field, "").lower() in {"true", "1", "yes", "on"}
