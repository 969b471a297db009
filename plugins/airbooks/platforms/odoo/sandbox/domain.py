"""Search domains: `[["ref", "=", "SO-1"], "|", [...], [...]]`, in prefix notation with an implied "&"."""

from __future__ import annotations

import operator as compare
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .refusals import ServerFailure

Leaf = tuple[str, str, Any]
Read = Callable[[str], Any]  # a record's value of a (dotted) field path

OPERATORS = frozenset({"=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "ilike", "=like", "=ilike", "not ilike", "child_of"})


_ORDER: dict[str, Callable[[Any, Any], bool]] = {"<": compare.lt, "<=": compare.le, ">": compare.gt, ">=": compare.ge}


def leaf_of(term: Any) -> Leaf:
    if not (isinstance(term, list) and len(term) == 3 and isinstance(term[0], str) and term[1] in OPERATORS):
        raise ServerFailure(f"Invalid leaf {term!r}")
    return term[0], term[1], term[2]


def must_hold(domain: list[Any]) -> list[Leaf]:
    """The leaves that every match satisfies: those under no "|" and no "!"."""
    held: list[Leaf] = []
    place = 0
    while place < len(domain):
        term = domain[place]
        if term in ("|", "!"):
            place = _end(domain, place)
            continue
        if term != "&":
            held.append(leaf_of(term))
        place += 1
    return held


def _end(domain: list[Any], place: int) -> int:
    """Where the expression that starts at `place` ends."""
    missing = 1
    while missing and place < len(domain):
        missing += 1 if domain[place] in ("&", "|") else 0 if domain[place] == "!" else -1
        place += 1
    return place


def matches(domain: list[Any], read: Read) -> bool:
    """Whether a record satisfies a domain."""
    stack: list[bool] = []
    for term in reversed(domain):
        if term == "!":
            stack.append(not stack.pop())
        elif term in ("&", "|"):
            left, right = stack.pop(), stack.pop()
            stack.append((left and right) if term == "&" else (left or right))
        else:
            stack.append(_holds(leaf_of(term), read))
    return all(stack)


def _holds(leaf: Leaf, read: Read) -> bool:
    field, operator, wanted = leaf
    found = read(field)
    if operator.startswith("not ") or operator == "!=":
        positive = {"!=": "=", "not in": "in", "not ilike": "ilike"}[operator]
        return not _compare(found, positive, wanted)
    return _compare(found, operator, wanted)


def _compare(found: Any, operator: str, wanted: Any) -> bool:
    if isinstance(found, list):
        return any(_compare(one, operator, wanted) for one in found) or (not found and wanted is False and operator == "=")
    if operator in ("=", "in", "child_of"):
        choices = wanted if isinstance(wanted, list) else [wanted]
        return any(_same(found, one) for one in choices)
    if operator in ("<", "<=", ">", ">="):
        return _ordered(found, operator, wanted)
    return found not in (None, False) and _like(str(found), operator, str(wanted))


def _same(found: Any, wanted: Any) -> bool:
    if found is None or found is False or found == "":
        return wanted is None or wanted is False or wanted == ""
    if isinstance(found, Decimal | int) and isinstance(wanted, Decimal | int):
        return found == wanted
    return wanted is not False and str(found) == str(wanted)


def _ordered(found: Any, operator: str, wanted: Any) -> bool:
    if found in (None, False):
        return False
    left: Any = found if isinstance(found, Decimal | int) else str(found)
    right: Any = Decimal(str(wanted)) if isinstance(found, Decimal | int) else str(wanted)
    return bool(_ORDER[operator](left, right))


def _like(found: str, operator: str, wanted: str) -> bool:
    pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in wanted)
    flags = re.DOTALL | (re.IGNORECASE if operator.endswith("ilike") else 0)
    if operator.startswith("="):
        return re.fullmatch(pattern, found, flags) is not None
    return re.search(pattern, found, flags) is not None
