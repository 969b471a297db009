"""Reading: `query` with its filters, `readByQuery` with its SQL-like text, `readMore`, `read` and `lookup`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from secrets import token_hex

from lxml import etree

from airbooks.platforms.sage_intacct.sandbox.objects import fields_of, shown, value_of, visible
from airbooks.platforms.sage_intacct.sandbox.refusals import RefusalError
from airbooks.platforms.sage_intacct.sandbox.tables import Tables
from airbooks.sandbox.kit import Row

PAGE_MAX, PAGE_DEFAULT = 2000, 100
LEGACY_PAGE_MAX, READ_MAX = 1000, 100
INDEXED = frozenset({"RECORDNO", "RECORDID", "RECORDKEY", "CUSTOMERID", "PAYMENTKEY", "DOCNUMBER", "DETAILID", "ACCOUNTNO", "ITEMID"})

Test = Callable[[Row], bool]


@dataclass(frozen=True)
class Condition:
    """A parsed filter: the test of a row and, where an index can answer it, the field and values that narrow the search."""

    test: Test
    field: str = ""
    values: tuple[object, ...] = ()


EVERYTHING = Condition(lambda _row: True)


@dataclass(frozen=True)
class Page:
    """A cut of the rows found, with what the answer's `<data>` says about the rest."""

    listtype: str
    element: str
    rows: list[Row]
    fields: list[str]
    total: int
    offset: int
    result_id: str | None = None

    @property
    def remaining(self) -> int:
        return max(0, self.total - self.offset - len(self.rows))

    def data(self) -> etree._Element:
        data = etree.Element("data", listtype=self.listtype, count=str(len(self.rows)), totalcount=str(self.total))
        data.set("numremaining", str(self.remaining))
        if self.result_id is None:
            data.set("offset", str(self.offset))
        else:
            data.set("resultId", self.result_id if self.remaining else "")
        for row in self.rows:
            data.append(_record(self.element, row, self.fields))
        return data


def _record(tag: str, row: Row, fields: Iterable[str]) -> etree._Element:
    record = etree.Element(tag)
    for field in fields:
        etree.SubElement(record, field).text = shown(row.get(field))
    return record


class Reader:
    """The reading functions over one company's tables."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self._results: dict[str, tuple[Page, list[Row], int]] = {}

    def query(self, call: etree._Element, entity: str) -> etree._Element:
        name = call.findtext("object") or ""
        known = fields_of(name)
        select = [_known_field(each.text or "", known) for each in call.iterfind("select/field")]
        if not select:
            raise RefusalError.of("DL02000001", "There was an error processing the request. The query selects no field.")
        size = _bounded(call.findtext("pagesize"), PAGE_DEFAULT, PAGE_MAX)
        offset = _number(call.findtext("offset"), 0)
        private = call.findtext("options/showprivate") == "true"
        blind = call.findtext("options/caseinsensitive") == "true"
        found = self._found(name, _filter(call.find("filter"), known, blind), entity, private)
        ordered = _ordered(found, call.find("orderby"), known)
        return Page(name, name, ordered[offset : offset + size], select, len(ordered), offset).data()

    def read_by_query(self, call: etree._Element, entity: str) -> etree._Element:
        name = call.findtext("object") or ""
        known = fields_of(name)
        fields = _field_list(call.findtext("fields"), known)
        size = _bounded(call.findtext("pagesize"), PAGE_DEFAULT, LEGACY_PAGE_MAX)
        rows = self._found(name, _sql(call.findtext("query") or "", known), entity, private=False)
        page = Page(name.lower(), name.lower(), rows[:size], fields, len(rows), 0, f"7765623132333{token_hex(6)}")
        if page.remaining and page.result_id:
            self._results[page.result_id] = (page, rows, size)
        return page.data()

    def read_more(self, call: etree._Element) -> etree._Element:
        result_id = call.findtext("resultId") or ""
        if result_id not in self._results:
            raise RefusalError.of("DL02000001", f"There was an error processing the request. The result {result_id} is not known.")
        last, rows, size = self._results.pop(result_id)
        start = last.offset + len(last.rows)
        page = Page(last.listtype, last.element, rows[start : start + size], last.fields, last.total, start, result_id)
        if page.remaining:
            self._results[result_id] = (page, rows, size)
        return page.data()

    def read(self, call: etree._Element, entity: str) -> etree._Element:
        name = call.findtext("object") or ""
        fields = _field_list(call.findtext("fields"), fields_of(name))
        keys = [key.strip() for key in (call.findtext("keys") or "").split(",") if key.strip()]
        if len(keys) > READ_MAX:
            raise RefusalError.of("DL02000001", f"There was an error processing the request. More than {READ_MAX} keys.")
        rows = [row for key in keys if (row := self.tables.get(name, key)) and visible(row, entity, private=True)]
        data = etree.Element("data", listtype=name, count=str(len(rows)))
        data.extend([_record(name, row, fields) for row in rows])
        return data

    def lookup(self, call: etree._Element) -> etree._Element:
        name = call.findtext("object") or ""
        known = sorted(fields_of(name))
        data = etree.Element("data", listtype="All", count="1")
        fields = etree.SubElement(etree.SubElement(data, "Type", Name=name, DocumentType=""), "Fields")
        for each in known:
            field = etree.SubElement(fields, "Field")
            etree.SubElement(field, "ID").text = each
            etree.SubElement(field, "LABEL").text = each
        return data

    def _found(self, name: str, condition: Condition, entity: str, private: bool) -> list[Row]:
        if condition.field in INDEXED:
            rows: Iterable[Row] = self.tables.find(name, condition.field, condition.values)
        else:
            rows = self.tables.all(name)
        return [row for row in rows if visible(row, entity, private) and condition.test(row)]


def _known_field(field: str, known: frozenset[str]) -> str:
    if field not in known:
        raise RefusalError.of("DL02000001", f"There was an error processing the request. The field {field} is not valid for the object.")
    return field


def _field_list(text: str | None, known: frozenset[str]) -> list[str]:
    if not text or text.strip() == "*":
        return sorted(known)
    return [_known_field(each.strip(), known) for each in text.split(",")]


def _number(text: str | None, default: int) -> int:
    if not text:
        return default
    if not text.isdigit():
        raise RefusalError.of("BL03000018", f"The value '{text}' has a bad format")
    return int(text)


def _bounded(text: str | None, default: int, most: int) -> int:
    size = _number(text, default)
    if not 1 <= size <= most:
        raise RefusalError.of("BL03000018", f"The page size {size} is not between 1 and {most}")
    return size


def _ordered(rows: list[Row], orderby: etree._Element | None, known: frozenset[str]) -> list[Row]:
    if orderby is None:
        return rows
    for order in reversed(orderby.findall("order")):
        field = _known_field(order.findtext("field") or "", known)
        filled = [row for row in rows if row.get(field) not in (None, "")]
        empty = [row for row in rows if row.get(field) in (None, "")]
        rows = sorted(filled, key=itemgetter(field), reverse=order.find("descending") is not None) + empty
    return rows


def _filter(element: etree._Element | None, known: frozenset[str], blind: bool) -> Condition:
    if element is None or len(element) == 0:
        return EVERYTHING
    return _all([_condition(each, known, blind) for each in element])


def _all(parts: list[Condition]) -> Condition:
    narrow = next((part for part in parts if part.field in INDEXED), EVERYTHING)
    return Condition(lambda row: all(part.test(row) for part in parts), narrow.field, narrow.values)


def _condition(element: etree._Element, known: frozenset[str], blind: bool) -> Condition:
    if element.tag == "and":
        return _all([_condition(each, known, blind) for each in element])
    if element.tag == "or":
        parts = [_condition(each, known, blind) for each in element]
        return Condition(lambda row: any(part.test(row) for part in parts))
    field = _known_field(element.findtext("field") or "", known)
    texts = [each.text or "" for each in element.iterfind("value")]
    return _comparison(str(element.tag), field, texts, blind)


def _comparison(operator: str, field: str, texts: list[str], blind: bool) -> Condition:
    if operator in ("isnull", "isnotnull"):
        return Condition(lambda row: (row.get(field) in (None, "")) == (operator == "isnull"))
    if operator in ("like", "notlike"):
        pattern = re.compile(_like(texts[0]), re.IGNORECASE if blind else 0)
        return Condition(lambda row: bool(pattern.fullmatch(shown(row.get(field)))) == (operator == "like"))
    values = tuple(value_of(field, text) for text in texts)
    if operator not in _COMPARE or not values or (operator == "between" and len(values) != 2):
        raise RefusalError.of("DL02000001", f"There was an error processing the request. The filter {operator} is not valid.")
    compare = _COMPARE[operator]
    narrows = operator in ("equalto", "in") and not blind
    return Condition(lambda row: _compares(row.get(field), values, compare, blind), field if narrows else "", values if narrows else ())


def _compares(value: object, wanted: tuple[object, ...], compare: Callable[..., bool], blind: bool) -> bool:
    if value in (None, ""):
        return False
    if isinstance(value, datetime):
        value = value.replace(microsecond=0)
    if blind and isinstance(value, str):
        return compare(value.lower(), *(str(each).lower() for each in wanted))
    return compare(value, *wanted)


_COMPARE: dict[str, Callable[..., bool]] = {
    "equalto": lambda value, wanted: value == wanted,
    "notequalto": lambda value, wanted: value != wanted,
    "lessthan": lambda value, wanted: value < wanted,
    "lessthanorequalto": lambda value, wanted: value <= wanted,
    "greaterthan": lambda value, wanted: value > wanted,
    "greaterthanorequalto": lambda value, wanted: value >= wanted,
    "between": lambda value, low, high: low <= value <= high,
    "in": lambda value, *wanted: value in wanted,
    "notin": lambda value, *wanted: value not in wanted,
}
_SQL = {"=": "equalto", "<": "lessthan", ">": "greaterthan", "<=": "lessthanorequalto", ">=": "greaterthanorequalto", "like": "like"}
_SQL_TERM = re.compile(r"\s*([A-Z_.0-9]+)\s*(<=|>=|=|<|>|\blike\b|\bin\b)\s*(\((?:[^)]*)\)|'(?:[^'\\]|\\.)*'|[\w./:-]+)\s*", re.IGNORECASE)
_SQL_VALUE = re.compile(r"'((?:[^'\\]|\\.)*)'|([\w./:-]+)")


def _like(text: str) -> str:
    return re.escape(text).replace("%", ".*").replace("_", ".")


def _sql(text: str, known: frozenset[str]) -> Condition:
    """The SQL-like text of readByQuery: comparisons joined by AND."""
    parts = [_sql_term(each, known) for each in re.split(r"\s+AND\s+", text.strip(), flags=re.IGNORECASE) if each]
    return _all(parts)


def _sql_term(text: str, known: frozenset[str]) -> Condition:
    found = _SQL_TERM.fullmatch(text)
    if found is None:
        raise RefusalError.of("DL02000001", f"There was an error processing the request. The query '{text}' is not valid.")
    values = [re.sub(r"\\(.)", r"\1", quoted) or plain for quoted, plain in _SQL_VALUE.findall(found[3])]
    operator = _SQL.get(found[2].lower(), "in")
    return _comparison(operator, _known_field(found[1], known), values, blind=False)
