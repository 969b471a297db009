"""One value of a mapping: which column it comes from and how its text becomes a canonical value."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import Any

from airbooks.sources.raw import Payload
from airbooks.yaml_file import Setting

LEAF_KEYS = "column constant lookup patterns as format decimal separator prefix required optional default absolute"
ABSENT = object()
AMOUNT = r"(?P<open>[-+(]?)(?P<number>(?:\d{{1,3}}(?:{thousands}\d{{3}})+|\d+)(?:{decimal}\d+)?)(?P<close>[-+)]?)"
END_OF_TIME = 253_402_300_800  # seconds from 1970 to the year 10000
TRUTH = {"true": True, "t": True, "yes": True, "y": True, "1": True, "false": False, "f": False, "no": False, "n": False, "0": False}


class FieldError(ValueError):
    """A value cannot be taken over: `code` says how, `value` what stands there, `expected` what should."""

    def __init__(self, code: str, value: object, expected: str) -> None:
        super().__init__(expected)
        self.code, self.value, self.expected = code, "" if value is None else str(value), expected


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A compiled field. An empty value gives `default` (None leaves the canonical field out), unless it is `required`."""

    column: str
    convert: Callable[[Any], Any]
    expected: str
    lookup: Mapping[str, str] | None = None
    patterns: tuple[tuple[re.Pattern[str], str], ...] = ()
    required: bool = False
    optional: bool = False
    default: Any = None
    constant: Any = None

    def read(self, row: Payload, document: Payload) -> Any:
        """The canonical value, or None where there is none; raises FieldError. A column of the row hides one of the document."""
        if not self.column:
            return self.constant
        value = row.get(self.column, ABSENT)
        if value is ABSENT:
            value = document.get(self.column, ABSENT)
        if value is ABSENT and not self.optional:
            raise FieldError("SRC-COLUMN", self.column, f"a column {self.column!r}")
        if isinstance(value, str):
            value = value.strip()
        if value is ABSENT or value is None or value == "":
            return self._empty()
        return self._converted(value)

    def _empty(self) -> Any:
        if self.required:
            raise FieldError("SRC-MISSING", "", self.expected)
        return self.default

    def _converted(self, value: Any) -> Any:
        if self.patterns or self.lookup is not None:
            value = self._translated(str(value))
        try:
            return self.convert(value)
        except (ValueError, TypeError, InvalidOperation):
            raise FieldError("SRC-FORMAT", value, self.expected) from None

    def _translated(self, text: str) -> str:
        for pattern, result in self.patterns:
            if pattern.fullmatch(text):
                return result
        table = self.lookup or {}
        found = table.get(text, table.get("*"))
        if found is None:
            known = [*table, *(pattern.pattern for pattern, _ in self.patterns)]
            raise FieldError("SRC-LOOKUP", text, f"one of {', '.join(known)}")
        return text if found == "=" else found


def to_text(value: Any, prefix: str = "") -> str:
    return prefix + str(value)


def to_code(value: Any, prefix: str = "") -> str:
    """A code as people write it: spreadsheets turn 17850 into 17850.0."""
    return prefix + str(value).removesuffix(".0")


def to_number(value: Any, decimal: str = ".", absolute: bool = False) -> Decimal:
    if isinstance(value, bool | float):
        raise TypeError("not an exact number")
    text = str(value)
    if decimal == ",":
        text = text.replace(".", "").replace(" ", "").replace(",", ".")
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError("not a finite number")
    return abs(number) if absolute else number


def to_amount(value: Any, decimal: str = ".", absolute: bool = False) -> Decimal:
    """An amount as banks and people print it: thousands in groups of three, the minus before or after it, or in parentheses."""
    if isinstance(value, bool | float):
        raise TypeError("not an exact number")
    text = re.sub(r"[\s\u00a0\u202f']", "", str(value))
    thousands = "," if decimal == "." else "."
    found = re.fullmatch(AMOUNT.format(thousands=re.escape(thousands), decimal=re.escape(decimal)), text)
    if not found or (found["open"] == "(") != (found["close"] == ")"):
        raise ValueError("not an amount")
    number = Decimal(found["number"].replace(thousands, "").replace(decimal, "."))
    negative = "-" in (found["open"], found["close"]) or found["open"] == "("
    return -number if negative and not absolute else number


def to_day(value: Any) -> date:
    """The UTC day of a moment in seconds since 1970, as payment providers write it."""
    seconds = int(value)
    if not 0 <= seconds < END_OF_TIME:
        raise ValueError("not a moment of the calendar")
    return datetime.fromtimestamp(seconds, UTC).date()


def to_date(value: Any, format_: str = "") -> date:
    """The calendar day as it is written: a time of day or a zone beside it moves nothing."""
    if format_:
        return datetime.strptime(str(value), format_).date()  # noqa: DTZ007 only the day is used
    return date.fromisoformat(str(value)[:10])


def to_boolean(value: Any) -> bool:
    word = str(value).lower()
    if word not in TRUTH:
        raise ValueError("not a truth value")
    return TRUTH[word]


def to_list(value: Any, separator: str = "") -> list[str]:
    parts = value if isinstance(value, list) else str(value).split(separator) if separator else [value]
    return [str(part) for part in parts if part not in (None, "")]


CONVERSIONS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "text": (to_text, "text"),
    "code": (to_code, "a code"),
    "number": (to_number, "a number such as 1234.50"),
    "amount": (to_amount, "an amount such as 1,234.50"),
    "integer": (int, "a whole number"),
    "date": (to_date, "a date such as 2026-01-31"),
    "epoch": (to_day, "seconds since 1970"),
    "boolean": (to_boolean, "yes or no"),
    "list": (to_list, "a list"),
}


def compile_field(setting: Setting) -> Field:
    """A field of sources.yaml: the name of a column, or `column`/`constant` with how to read it."""
    if not setting.is_mapping():
        return Field(column=setting.text(), convert=to_text, expected="text")
    keys = setting.fields(LEAF_KEYS)
    if ("column" in keys) == ("constant" in keys):
        setting.problem("a field needs either `column` or `constant`")
    convert, expected = _conversion(keys)
    return Field(
        column=keys["column"].text() if "column" in keys else "",
        constant=_constant(keys.get("constant"), convert, expected),
        convert=convert,
        expected=expected,
        lookup={key: value.text() for key, value in keys["lookup"].items()} if "lookup" in keys else None,
        patterns=tuple(_pattern(key, value) for key, value in keys["patterns"].items()) if "patterns" in keys else (),
        required=_flag(keys, "required"),
        optional=_flag(keys, "optional"),
        default=_constant(keys.get("default"), convert, expected),
    )


def _flag(keys: Mapping[str, Setting], name: str) -> bool:
    return name in keys and bool(keys[name].plain())


def _conversion(keys: Mapping[str, Setting]) -> tuple[Callable[[Any], Any], str]:
    kind = keys["as"].text() if "as" in keys else "text"
    if kind not in CONVERSIONS:
        keys["as"].problem(f"unknown conversion {kind!r}; known: {', '.join(CONVERSIONS)}")
        return to_text, "text"
    convert, expected = CONVERSIONS[kind]
    if kind == "date" and "format" in keys:
        return partial(to_date, format_=keys["format"].text()), f"a date written as {keys['format'].text()}"
    if kind in ("number", "amount"):
        decimal = keys["decimal"].text() if "decimal" in keys else "."
        return partial(convert, decimal=decimal, absolute=_flag(keys, "absolute")), expected
    if kind in ("text", "code") and "prefix" in keys:
        return partial(convert, prefix=keys["prefix"].text()), expected
    if kind == "list" and "separator" in keys:
        return partial(to_list, separator=keys["separator"].text()), expected
    return convert, expected


def _constant(setting: Setting | None, convert: Callable[[Any], Any], expected: str) -> Any:
    if setting is None:
        return None
    try:
        return convert(setting.text())
    except (ValueError, TypeError, InvalidOperation):
        setting.problem(f"{setting.text()!r} is not {expected}")
        return None


def _pattern(text: str, value: Setting) -> tuple[re.Pattern[str], str]:
    try:
        return re.compile(text), value.text()
    except re.error as error:
        value.problem(f"{text!r} is not a regular expression: {error}")
        return re.compile(""), value.text()
