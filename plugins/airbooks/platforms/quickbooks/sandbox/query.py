"""The query language: SELECT over one entity with AND, IN, LIKE, ORDERBY, STARTPOSITION and MAXRESULTS; no OR, no joins."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from airbooks.platforms.quickbooks.sandbox.answers import Fault, Row

PAGE, MOST = 100, 1000
_CHANGES = ("MetaData.CreateTime", "MetaData.LastUpdatedTime")
_SALE = ("Id", "DocNumber", "TxnDate", "DueDate", "CustomerRef", "TotalAmt", "Balance", *_CHANGES)
_NAMED = ("Id", "Name", "Active", *_CHANGES)
# What may stand in WHERE and ORDERBY. Item.Sku, Customer.Notes and Payment.PaymentRefNum are not documented as filters and are refused.
FILTERS: dict[str, tuple[str, ...]] = {
    "Invoice": _SALE,
    "CreditMemo": _SALE,
    "Payment": ("Id", "TxnDate", "CustomerRef", "TotalAmt", *_CHANGES),
    "Customer": ("Id", "DisplayName", "CompanyName", "GivenName", "FamilyName", "PrimaryEmailAddr", "Balance", "Active", *_CHANGES),
    "Vendor": ("Id", "DisplayName", "CompanyName", "Active", *_CHANGES),
    "Item": ("Id", "Name", "FullyQualifiedName", "Type", "Active", *_CHANGES),
    "Account": ("Id", "Name", "FullyQualifiedName", "AccountType", "AccountSubType", "Classification", "Active", *_CHANGES),
    **dict.fromkeys(("Term", "Class", "Department", "PaymentMethod", "TaxCode", "TaxRate"), _NAMED),
    "CompanyCurrency": ("Id", "Code", "Name", "Active", *_CHANGES),
    "CompanyInfo": ("Id", *_CHANGES),
    "Preferences": ("Id", *_CHANGES),
}
WITH_TOTAL = ("Invoice", "CreditMemo", "Payment")

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[A-Za-z_][\w.]*)|(?P<sign><=|>=|!=|[=<>(),*]))"
)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


@dataclass(frozen=True)
class Condition:
    field: str
    operator: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Query:
    """One parsed SELECT; `order` holds (field, descending)."""

    entity: str
    fields: tuple[str, ...] = ()
    count: bool = False
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = field(default=())
    start: int = 1
    limit: int = PAGE


def parse(select: str) -> Query:
    """A query, or fault 4000 (not a query) or 4001 (a property or entity that cannot be asked for)."""
    return _Parser(select).query()


def _syntax(detail: str) -> Fault:
    return Fault("4000", "Error parsing query", f"QueryParserError: {detail}")


def _invalid(detail: str) -> Fault:
    return Fault("4001", "Invalid query", f"QueryValidationError: {detail}")


def _tokens(select: str) -> list[str]:
    tokens, position, select = [], 0, select.rstrip()
    while position < len(select):
        found = _TOKEN.match(select, position)
        if found is None:
            raise _syntax(f"Encountered {select[position:].strip()[:20]!r} at position {position}")
        tokens.append(found.group().strip())
        position = found.end()
    return tokens


class _Parser:
    """Recursive descent over the tokens; keywords in any case."""

    def __init__(self, select: str) -> None:
        self.tokens = _tokens(select)
        self.at = 0

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        token = self.peek()
        if not token:
            raise _syntax("Unexpected end of the query")
        self.at += 1
        return token

    def expect(self, word: str) -> None:
        if self.take().lower() != word:
            raise _syntax(f"Expected {word.upper()}, found {self.tokens[self.at - 1]!r}")

    def accept(self, *words: str) -> bool:
        ahead = [token.lower() for token in self.tokens[self.at : self.at + len(words)]]
        if ahead != list(words):
            return False
        self.at += len(words)
        return True

    def query(self) -> Query:
        self.expect("select")
        count, fields = self._selection()
        self.expect("from")
        entity = self.take()
        if entity not in FILTERS:
            raise _invalid(f"Metadata not found for Entity: {entity}")
        conditions = self._conditions(entity) if self.accept("where") else ()
        order = self._order(entity) if self.accept("orderby") or self.accept("order", "by") else ()
        start = self._integer() if self.accept("startposition") else 1
        limit = self._integer() if self.accept("maxresults") else PAGE
        if self.peek():
            raise _syntax(f"Encountered {self.peek()!r}")
        return Query(entity, fields, count, conditions, order, max(start, 1), min(limit, MOST))

    def _selection(self) -> tuple[bool, tuple[str, ...]]:
        if self.accept("*"):
            return False, ()
        if self.accept("count", "(", "*", ")"):
            return True, ()
        fields = [self.take()]
        while self.accept(","):
            fields.append(self.take())
        return False, tuple(fields)

    def _conditions(self, entity: str) -> tuple[Condition, ...]:
        found = [self._condition(entity)]
        while self.accept("and"):
            found.append(self._condition(entity))
        if self.peek().lower() == "or":
            raise _syntax("Encountered OR: conditions can only be joined with AND")
        return tuple(found)

    def _condition(self, entity: str) -> Condition:
        name = self._filter(entity)
        operator = self.take().lower()
        if operator == "in":
            self.expect("(")
            values = [self._literal()]
            while self.accept(","):
                values.append(self._literal())
            self.expect(")")
            return Condition(name, "in", tuple(values))
        if operator not in (*_COMPARE, "like"):
            raise _syntax(f"Encountered {operator!r} where an operator belongs")
        return Condition(name, operator, (self._literal(),))

    def _filter(self, entity: str) -> str:
        name = self.take()
        if name not in FILTERS[entity]:
            raise _invalid(f"Property {name} not found for Entity {entity}, or it cannot be filtered by")
        return name

    def _literal(self) -> str:
        token = self.take()
        if token.startswith("'"):
            return re.sub(r"\\(.)", r"\1", token[1:-1])
        if token.lower() in ("true", "false") or re.fullmatch(r"-?\d+(\.\d+)?", token):
            return token.lower()
        raise _syntax(f"Encountered {token!r} where a value belongs")

    def _order(self, entity: str) -> tuple[tuple[str, bool], ...]:
        found: list[tuple[str, bool]] = []
        while not found or self.accept(","):
            name = self._filter(entity)
            found.append((name, self.accept("desc")))
            self.accept("asc")
        return tuple(found)

    def _integer(self) -> int:
        token = self.take()
        if not token.isdigit():
            raise _syntax(f"Encountered {token!r} where a whole number belongs")
        return int(token)


def value_of(row: Row, name: str) -> Any:
    """A property's value: of a reference its id, of an e-mail its address, dots descend."""
    value: Any = row
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        return value.get("value", value.get("Address"))
    return value


def _typed(literal: str, like: Any) -> Any:
    """The literal as the type of the value it is compared with."""
    try:
        if isinstance(like, bool):
            return literal.lower() == "true"
        if isinstance(like, Decimal):
            return Decimal(literal)
        if isinstance(like, datetime):
            moment = datetime.fromisoformat(literal)
            return moment if moment.tzinfo else moment.replace(tzinfo=like.tzinfo)
    except (InvalidOperation, ValueError):
        raise _invalid(f"{literal!r} has the wrong type") from None
    return literal


def _comparable(row: Row, name: str) -> Any:
    value = value_of(row, name)
    return datetime.fromisoformat(value) if name in _CHANGES and value else value


def holds(condition: Condition, row: Row) -> bool:
    value = _comparable(row, condition.field)
    if value is None:
        return False
    if condition.operator == "like":
        pattern = ".*".join(re.escape(part) for part in condition.values[0].split("%"))
        return re.fullmatch(pattern, str(value), re.IGNORECASE | re.DOTALL) is not None
    wanted = [_typed(literal, value) for literal in condition.values]
    if condition.operator == "in":
        return value in wanted
    return _COMPARE[condition.operator](value, wanted[0])


def select(query: Query, rows: Iterable[Row]) -> Row:
    """The QueryResponse: one page of the matching rows, or an empty object when none match."""
    found = [row for row in rows if all(holds(condition, row) for condition in query.conditions)]
    if not any(condition.field == "Active" for condition in query.conditions):
        found = [row for row in found if row.get("Active", True)]
    if query.count:
        return {"totalCount": len(found)}
    for name, descending in reversed(query.order):
        found.sort(key=lambda row, name=name: _sort_key(_comparable(row, name)), reverse=descending)  # type: ignore[misc]
    page = found[query.start - 1 : query.start - 1 + query.limit]
    if not page:
        return {}
    shown = [_projected(row, query.fields) for row in page]
    total = {"totalCount": len(found)} if query.entity in WITH_TOTAL else {}
    return {query.entity: shown, "startPosition": query.start, "maxResults": len(page), **total}


def _sort_key(value: Any) -> tuple[bool, Any]:
    return (value is not None, value if value is not None else "")


def _projected(row: Row, fields: tuple[str, ...]) -> Row:
    return {name: row[name] for name in (*fields, "Id") if name in row} if fields else row
