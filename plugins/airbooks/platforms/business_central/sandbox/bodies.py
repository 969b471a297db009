"""Request bodies, checked property by property against an entity's shape."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from airbooks.platforms.business_central.sandbox.refusal import Refusal, bad_request, no_such_property, read_only, too_long
from airbooks.platforms.business_central.sandbox.shapes import Column, Entity

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_encoder = msgspec.json.Encoder(decimal_format="number")


def parse(content: bytes) -> dict[str, Any]:
    """A JSON object; raises Refusal for anything else."""
    try:
        found = _decoder.decode(content)
    except msgspec.DecodeError as error:
        raise bad_request(f"Invalid JSON. {error}") from None
    if not isinstance(found, dict):
        raise bad_request("A JSON object was expected in the request payload.")
    return found


def written(value: Any) -> bytes:
    """JSON as the vendor writes it: decimals are numbers without trailing zeros."""
    return _encoder.encode(_plain(value))


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return value if value == value.to_integral() and value.as_tuple().exponent == 0 else Decimal(f"{value.normalize():f}")
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def accept(entity: Entity, body: dict[str, Any], parts: Collection[str] = ()) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The body's own properties as typed values, and its nested collections; only `parts` may be nested."""
    values: dict[str, Any] = {}
    nested: dict[str, list[dict[str, Any]]] = {}
    for name, value in body.items():
        if name.startswith("@odata."):
            continue
        if name in entity.parts:
            nested[name] = _collection(name, value, parts)
        else:
            values[name] = _value(entity, name, value)
    return values, nested


def _collection(name: str, value: Any, parts: Collection[str]) -> list[dict[str, Any]]:
    if name not in parts:
        raise Refusal(400, "BadRequest_InvalidOperation", f"Nested '{name}' cannot be written in this request.")
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise bad_request(f"The property '{name}' must hold an array of objects.")
    return value


def _value(entity: Entity, name: str, value: Any) -> Any:
    column = entity.column(name)
    if column is None:
        raise no_such_property(name, entity.name)
    if not column.writable:
        raise read_only(name)
    return typed(column, value)


def typed(column: Column, value: Any) -> Any:
    """`value` as the column's kind; raises Refusal for a wrong JSON type, a wrong form, or too long a text."""
    if column.kind == "number":
        return _number(column, value)
    if column.kind == "flag":
        return _of(bool, column, value)
    plain = str(_of(str, column, value))
    if column.kind == "guid":
        return _guid(plain)
    if column.kind == "date":
        return _date(column, plain)
    if column.kind == "enum":
        return _word(column, plain)
    if column.size and len(plain) > column.size:
        raise too_long(plain, column.size)
    return plain.upper() if column.kind == "code" else plain


def _of(kind: type, column: Column, value: Any) -> Any:
    if not isinstance(value, kind):
        raise bad_request(f"Cannot convert the literal '{value}' to the expected type of '{column.name}'.")
    return value


def _number(column: Column, value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.Decimal' of '{column.name}'.")
    return Decimal(value)


def _guid(value: str) -> str:
    if not _GUID.fullmatch(value):
        raise Refusal(400, "Application_InvalidGUID", f"Invalid format of GUID string. The string value is '{value}'.")
    return value.lower()


def _date(column: Column, value: str) -> str:
    try:
        return date.fromisoformat(value).isoformat() if len(value) == 10 else _wrong_date(column, value)
    except ValueError:
        return _wrong_date(column, value)


def _wrong_date(column: Column, value: str) -> str:
    raise bad_request(f"Cannot convert the literal '{value}' to the expected type 'Edm.Date' of '{column.name}'.")


def _word(column: Column, value: str) -> str:
    if value not in column.values:
        raise Refusal(400, "Unknown", f"The value '{value}' is not a member of the enumeration of '{column.name}'.")
    return value
