"""Single values of payments.yaml, each checked where it stands: a choice, a number, or a whole dataclass of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeVar

from airbooks.yaml_file import Setting, did_you_mean

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Flat = TypeVar("Flat", bound="DataclassInstance")


def text_of(keys: Mapping[str, Setting], name: str, default: str = "") -> str:
    return keys[name].text() if name in keys else default


def choice(setting: Setting | None, choices: Sequence[Any], default: Any) -> str:
    """One of `choices`; anything else is a problem."""
    if setting is None:
        return str(default)
    if setting.text() not in choices:
        setting.problem(f"{setting.text()!r} is none of {', '.join(choices)}")
        return str(default)
    return setting.text()


def check_known(setting: Setting, what: str, name: str, known: Sequence[str]) -> None:
    """A problem where something is named that there is not."""
    if name not in known:
        setting.problem(f"no {what} {name!r}{did_you_mean(name, list(known))}; known: {', '.join(known)}")


def number(setting: Setting, default: Decimal) -> Decimal:
    try:
        found = Decimal(setting.text())
    except InvalidOperation:
        found = Decimal("NaN")
    if not found.is_finite() or found < 0:
        setting.problem(f"{setting.text()!r} is not a number that can be used here")
        return default
    return found


def whole(setting: Setting, default: int) -> int:
    if not setting.text().isdecimal():
        setting.problem(f"{setting.text()!r} is not a whole number")
        return default
    return int(setting.text())


def filled(setting: Setting | None, model: type[Flat]) -> Flat:
    """A dataclass with what the section says and its own defaults for the rest; the type of a default says how its value is read."""
    plain = model()
    known = {each.name: getattr(plain, each.name) for each in fields(plain)}
    keys = setting.fields(" ".join(known)) if setting else {}
    return model(**{name: _like(known[name], each) for name, each in keys.items() if name in known})


def _like(default: Any, setting: Setting) -> Any:
    if isinstance(default, Decimal):
        return number(setting, default)
    if isinstance(default, int):
        return whole(setting, default)
    if isinstance(default, tuple) and default and isinstance(default[0], Decimal):
        return tuple(number(each, Decimal(0)) for each in setting.elements())
    return type(default)(setting.texts()) if isinstance(default, tuple | frozenset) else setting.text()
