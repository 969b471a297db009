"""The part of Xero's `where` language that the contract names: comparisons of a field with a literal, joined by AND or OR.

Texts are compared whatever their case, as recorded of contacts' names.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.xero.sandbox.answers import Row, Whole, malformed

_TERM = re.compile(
    r'\s*(?P<field>[A-Za-z][\w.]*)\s*(?P<op>==|!=|>=|<=|>|<)\s*(?P<literal>"[^"]*"|guid\("[^"]*"\)|DateTime\([^)]*\)|-?\d+(?:\.\d+)?'
    r"|true|false)\s*",
    re.IGNORECASE,
)
_JOINT = re.compile(r"(AND|OR|&&|\|\|)", re.IGNORECASE)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    ">=": lambda a, b: a is not None and a >= b,
    "<=": lambda a, b: a is not None and a <= b,
    ">": lambda a, b: a is not None and a > b,
    "<": lambda a, b: a is not None and a < b,
}


def condition(text: str, known: frozenset[str]) -> Callable[[Row], bool]:
    """A predicate over rendered elements; 400 QueryParseException for what the language does not have."""
    position, alternatives = 0, [[]]  # type: ignore[var-annotated]
    while True:
        term = _TERM.match(text, position)
        if term is None:
            raise _unparsable(text[position:])
        alternatives[-1].append(_comparison(term, known))
        position = term.end()
        if position == len(text):
            break
        joint = _JOINT.match(text, position)
        if joint is None:
            raise _unparsable(text[position:])
        if joint.group(1).upper() in {"OR", "||"}:
            alternatives.append([])
        position = joint.end()
    return lambda row: any(all(holds(row) for holds in terms) for terms in alternatives)


def _comparison(term: re.Match[str], known: frozenset[str]) -> Callable[[Row], bool]:
    field, compare, wanted = term["field"], _COMPARE[term["op"]], _folded(_literal(term["literal"]))
    if field.split(".")[0] not in known:
        raise _unparsable(field)
    return lambda row: compare(_folded(_value(row, field)), wanted)


def _folded(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value


def _literal(text: str) -> Any:
    if text.startswith('"'):
        return text[1:-1]
    if text.lower().startswith("guid"):
        return text[6:-2].lower()
    if text.lower().startswith("datetime"):
        return date(*(int(part) for part in re.findall(r"\d+", text)[:3]))
    if text.lower() in {"true", "false"}:
        return text.lower() == "true"
    return Decimal(text)


def _value(row: Row, field: str) -> Any:
    value: Any = row
    for part in field.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    found = re.fullmatch(r"/Date\((-?\d+)(?:\+0000)?\)/", value) if isinstance(value, str) else None
    return datetime.fromtimestamp(int(found[1]) / 1000, UTC).date() if found else value


def _unparsable(rest: str) -> Whole:
    return malformed("QueryParseException", f"No property or field or operator understood at '{rest[:40]}'", 16)
