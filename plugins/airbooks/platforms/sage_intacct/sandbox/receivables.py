"""Invoices and adjustments (credit memos): created, changed, reversed, deleted.

An adjustment with negative lines is a credit memo. Tax entries are kept as item rows below the line they belong to (PARENTENTRY);
how the vendor lists them is UNVERIFIED.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from lxml import etree

from airbooks.platforms.sage_intacct.sandbox.company import (
    BASE_CURRENCY,
    CUSTOM_FIELDS,
    DAILY_RATE,
    TAX_SOLUTION,
    Company,
    bad_reference,
    day_of,
    missing,
    rounded,
)
from airbooks.platforms.sage_intacct.sandbox.lines import TEXT_MAX, Lines
from airbooks.platforms.sage_intacct.sandbox.refusals import Error, RefusalError
from airbooks.platforms.sage_intacct.sandbox.tables import Tables
from airbooks.sandbox.kit import Clock, Row, Store

ZERO = Decimal(0)
NUMBER_MAX, REFERENCE_MAX = 45, 120
CLOSED = (
    "Periods are closed. Your transaction date ({day}) is within a period that's been closed. You can add, modify, or delete a "
    "transaction only if the date of the transaction is within a period that's open."
)


@dataclass(frozen=True)
class Type:
    """What differs between the two kinds of receivable."""

    object: str
    items: str
    label: str
    number: str
    reference: str
    record_type: str
    lines: str
    changed_lines: str
    refusal: str


INVOICE = Type("ARINVOICE", "ARINVOICEITEM", "AR Invoice", "invoiceno", "ponumber", "ri", "invoiceitems", "updateinvoiceitems", "invoice")
ADJUSTMENT = Type(
    "ARADJUSTMENT",
    "ARADJUSTMENTITEM",
    "AR Adjustment",
    "adjustmentno",
    "invoiceno",
    "ra",
    "aradjustmentitems",
    "updatearadjustmentitems",
    "aradjustment",
)


class Receivables:
    """The functions on invoices and adjustments. `faults` tells whether a fault strikes (lock_period, number_documents, refuse_number)."""

    def __init__(self, tables: Tables, store: Store, clock: Clock, faults: Callable[[str], Row | None]) -> None:
        self.tables, self.store, self.clock, self.faults = tables, store, clock, faults
        self.company = Company(tables)
        self.lines = Lines(self.company)

    # Creating

    def create(self, kind: Type, call: etree._Element, entity: str) -> str:
        """The RECORDNO of the new record; RefusalError otherwise."""
        try:
            return self._create(kind, call, entity)
        except RefusalError as refused:
            raise refused.concluding(f"Could not create {kind.refusal} record!") from refused

    def _create(self, kind: Type, call: etree._Element, entity: str) -> str:
        header = self._header(kind, call, entity)
        lines = call.findall(f"{kind.lines}/lineitem")
        items = [self.lines.row(each, header, entity) for each in lines]
        self._unique(kind, header["RECORDID"], entity)
        record = self._totals({**header, "RECORDNO": self.tables.next_key(kind.object)}, items)
        self.tables.put(kind.object, record)
        self._write_items(kind, record, items)
        return str(record["RECORDNO"])

    def _header(self, kind: Type, call: etree._Element, entity: str) -> Row:
        customer = self.company.customer(call.findtext("customerid") or "", entity)
        created = self._required_day(call, "datecreated")
        posted = day_in(call, "dateposted") or created
        self.open_period(posted)
        money = self._money(call, created)
        now = self.clock.now()
        return {
            **money,
            **self._due(kind, call, created),
            **self._texts(kind, call),
            **self._contacts(call),
            **_custom_fields(call),
            "RECORDTYPE": kind.record_type,
            "CUSTOMERID": customer["CUSTOMERID"],
            "CUSTOMERNAME": customer["NAME"],
            "RECORDID": self._number(kind, call),
            "WHENCREATED": created,
            "WHENPOSTED": posted,
            "STATE": self._state(call.findtext("action")),
            "TAXSOLUTIONID": self._tax_solution(call, entity),
            "MODULEKEY": "4.AR",
            "MEGAENTITYID": entity,
            "WHENMODIFIED": now,
            "AUWHENCREATED": now,
            "EXTERNALID": call.findtext("externalid") or "",
            "TRX_TOTALPAID": ZERO,
            "TOTALPAID": ZERO,
        }

    def _state(self, action: str | None) -> str:
        if action in (None, "", "Submit"):
            return "Posted"
        if action == "Draft":
            return "Draft"
        raise bad_reference("action", action or "")

    def _number(self, kind: Type, call: etree._Element) -> str:
        number = call.findtext(kind.number) or ""
        if self.faults("number_documents"):
            return f"{kind.record_type.upper()}-{self.store.next_number(kind.object + '-number', first=1001)}"
        if not number:
            raise missing(f"{kind.label} Number")
        if len(number) > NUMBER_MAX or self.faults("refuse_number"):
            raise RefusalError.of("BL01001973", f"The {kind.label} number '{number}' is not valid.")
        return number

    def _unique(self, kind: Type, number: str, entity: str) -> None:
        if any(row["MEGAENTITYID"] == entity for row in self.tables.find(kind.object, "RECORDID", [number])):
            raise RefusalError.of(
                "BL34000061", f"Another {kind.label} with the given value(s) {number}  already exists", "Use a unique value instead."
            )

    def _due(self, kind: Type, call: etree._Element, created: date) -> Row:
        if kind is ADJUSTMENT:
            return {}
        term_name, due = call.findtext("termname") or "", day_in(call, "datedue")
        if not term_name:
            if due is None:
                raise missing("Date Due")
            return {"WHENDUE": due}
        term = self.company.reference("ARTERM", "NAME", term_name, "Term")
        return {"TERMNAME": term_name, "WHENDUE": due or created + timedelta(days=int(term["DUEDATE"]))}

    def _texts(self, kind: Type, call: etree._Element) -> Row:
        texts = {"DOCNUMBER": call.findtext(kind.reference) or "", "DESCRIPTION": call.findtext("description") or ""}
        if len(texts["DOCNUMBER"]) > REFERENCE_MAX or len(texts["DESCRIPTION"]) > TEXT_MAX:
            raise RefusalError.of("BL03000018", "A text is longer than its field")
        if call.findtext("supdocid"):
            raise bad_reference("Attachment", call.findtext("supdocid") or "")
        return texts

    def _contacts(self, call: etree._Element) -> Row:
        names = {"BILLTO": call.findtext("billto/contactname"), "SHIPTO": call.findtext("shipto/contactname")}
        found = {prefix: self.company.contact(name) for prefix, name in names.items() if name}
        return {f"{prefix}.{field}": value for prefix, row in found.items() for field, value in row.items() if isinstance(value, str)}

    def _money(self, call: etree._Element, created: date) -> Row:
        currency = call.findtext("currency")
        if not currency:
            raise missing("Currency")
        base = call.findtext("basecurr") or BASE_CURRENCY
        if base != BASE_CURRENCY:
            raise RefusalError.of("BL01001973", f"The base currency '{base}' does not match the base currency of the entity.")
        given = call.findtext("exchrate")
        kind = call.findtext("exchratetype")
        if kind:
            self.company.reference("EXCHANGERATETYPES", "NAME", kind, "Exchange Rate Type")
        rate = self.company.rate(self.company.currency(currency), given)
        return {
            "CURRENCY": currency,
            "BASECURR": base,
            "EXCHANGE_RATE": rate,
            "EXCH_RATE_TYPE_ID": "" if given else kind or DAILY_RATE,
            "EXCH_RATE_DATE": day_in(call, "exchratedate") or created,
        }

    def _tax_solution(self, call: etree._Element, entity: str) -> str:
        given = call.findtext("taxsolutionid") or ""
        if given:
            self.company.reference("TAXSOLUTION", "SOLUTIONID", given, "Tax Solution")
        return given or (TAX_SOLUTION if entity else "")

    def _totals(self, record: Row, items: list[Row]) -> Row:
        total = sum((item["TRX_AMOUNT"] + sum((tax["TRX_AMOUNT"] for tax in item["taxes"]), ZERO) for item in items), ZERO)
        base = rounded(total * record["EXCHANGE_RATE"])
        due = {"TRX_TOTALDUE": total - record["TRX_TOTALPAID"], "TOTALDUE": base - record["TOTALPAID"]}
        return {**record, "TRX_TOTALENTERED": total, "TOTALENTERED": base, **due}

    def _write_items(self, kind: Type, record: Row, items: list[Row]) -> None:
        for old in self.tables.find(kind.items, "RECORDKEY", [record["RECORDNO"]]):
            self.tables.drop(kind.items, old["RECORDNO"])
        for number, item in enumerate(items, start=1):
            self._write_item(kind, record, number, item)

    def _write_item(self, kind: Type, record: Row, number: int, item: Row) -> None:
        key = self.tables.next_key(kind.items)
        shared = {
            "RECORDKEY": record["RECORDNO"],
            "WHENMODIFIED": self.clock.now(),
            "STATE": record["STATE"],
            "MEGAENTITYID": record["MEGAENTITYID"],
        }
        own = {field: value for field, value in item.items() if field != "taxes"}
        self.tables.put(kind.items, {**own, **shared, "RECORDNO": key, "LINE_NO": number})
        for tax in item["taxes"]:
            below = {"PARENTENTRY": key, "SUBTOTAL": "T", "LINEITEM": "F", "ACCOUNTNO": "2200", "CURRENCY": record["CURRENCY"]}
            amount = {"AMOUNT": rounded(tax["TRX_AMOUNT"] * record["EXCHANGE_RATE"]), **tax}
            self.tables.put(kind.items, {**below, **amount, **shared, "RECORDNO": self.tables.next_key(kind.items)})

    # Changing

    def update(self, kind: Type, call: etree._Element, entity: str) -> str:
        record = self.addressed(kind, call, entity)
        try:
            return self._update(kind, record, call, entity)
        except RefusalError as refused:
            raise refused.concluding(f"Could not update {kind.refusal} record!") from refused

    def _update(self, kind: Type, before: Row, call: etree._Element, entity: str) -> str:
        self._changeable(kind, before)
        record = {**before, **self._changed_header(kind, before, call, entity)}
        self.open_period(record["WHENPOSTED"])
        items = self._changed_items(kind, record, call.find(kind.changed_lines), entity)
        if record["RECORDID"] != before["RECORDID"]:
            self._unique(kind, record["RECORDID"], entity)
        record = self._totals({**record, "WHENMODIFIED": self.clock.now()}, items)
        self.tables.put(kind.object, record)
        self._write_items(kind, record, items)
        return str(record["RECORDNO"])

    def _changeable(self, kind: Type, record: Row) -> None:
        if record["STATE"] not in ("Draft", "Posted") or record["TRX_TOTALPAID"]:
            raise RefusalError.of("BL01001973", f"The {kind.label} cannot be changed because it is {record['STATE']}.")

    def _changed_header(self, kind: Type, before: Row, call: etree._Element, entity: str) -> Row:
        changed: Row = {}
        created: date = day_in(call, "datecreated") or before["WHENCREATED"]
        if code := call.findtext("customerid"):
            customer = self.company.customer(code, entity)
            changed |= {"CUSTOMERID": customer["CUSTOMERID"], "CUSTOMERNAME": customer["NAME"]}
        for element, field in (("datecreated", "WHENCREATED"), ("dateposted", "WHENPOSTED")):
            if (day := day_in(call, element)) is not None:
                changed[field] = day
        if call.find("termname") is not None or call.find("datedue") is not None:
            changed |= self._due(kind, call, created)
        if call.find("currency") is not None:
            changed |= self._money(call, created)
        for element, field in ((kind.number, "RECORDID"), (kind.reference, "DOCNUMBER"), ("description", "DESCRIPTION")):
            if text := call.findtext(element):
                changed[field] = text
        return changed | _custom_fields(call) | self._changed_state(before, call.findtext("action"))

    def _changed_state(self, before: Row, action: str | None) -> Row:
        if not action:
            return {}
        state = self._state(action)
        if state == "Draft" and before["STATE"] != "Draft":
            raise RefusalError.of("BL01001973", "A posted transaction cannot become a draft.")
        return {"STATE": state}

    def _changed_items(self, kind: Type, record: Row, changes: etree._Element | None, entity: str) -> list[Row]:
        items = self._items(kind, record)
        for change in changes if changes is not None else ():
            if change.tag == "lineitem":
                items.append(self.lines.row(change, record, entity))
                continue
            position = change.get("line_num", "")
            if not position.isdigit() or not 1 <= int(position) <= len(items):
                raise bad_reference("line number", position)
            items[int(position) - 1] = self.lines.row(change, record, entity, items[int(position) - 1])
        return items

    def _items(self, kind: Type, record: Row) -> list[Row]:
        rows = self.tables.find(kind.items, "RECORDKEY", [record["RECORDNO"]])
        lines = [row for row in rows if not row.get("PARENTENTRY")]
        return [{**line, "taxes": [_tax_only(row) for row in rows if row.get("PARENTENTRY") == line["RECORDNO"]]} for line in lines]

    # Undoing

    def reverse(self, call: etree._Element, entity: str) -> str:
        """A second record with negative totals (state Reversal); the first becomes Reversed. Both keep the number."""
        record = self.addressed(INVOICE, call, entity)
        if record["STATE"] != "Posted" or record["TRX_TOTALPAID"]:
            raise RefusalError.of("BL01001973", f"The invoice cannot be reversed because it is {record['STATE']}.")
        day = self._required_day(call, "datereversed")
        self.open_period(day)
        if day < record["WHENPOSTED"]:
            raise RefusalError.of("BL01001973", "The reversal date cannot be earlier than the date of the invoice.")
        now = self.clock.now()
        settled = {"TRX_TOTALDUE": ZERO, "TOTALDUE": ZERO, "WHENMODIFIED": now}
        self.tables.put("ARINVOICE", {**record, **settled, "STATE": "Reversed"})
        negative = {"TRX_TOTALENTERED": -record["TRX_TOTALENTERED"], "TOTALENTERED": -record["TOTALENTERED"]}
        second = {"RECORDNO": self.tables.next_key("ARINVOICE"), "STATE": "Reversal", "WHENCREATED": day, "WHENPOSTED": day}
        text = call.findtext("description") or record["DESCRIPTION"]
        self.tables.put("ARINVOICE", {**record, **settled, **negative, **second, "AUWHENCREATED": now, "DESCRIPTION": text})
        return str(record["RECORDNO"])

    def delete(self, kind: Type, record: Row) -> None:
        if record["STATE"] not in ("Draft", "Posted") or record["TRX_TOTALPAID"]:
            raise RefusalError.of("BL01001973", f"The {kind.label} cannot be deleted because it is {record['STATE']}.")
        self.open_period(record["WHENPOSTED"])
        for item in self.tables.find(kind.items, "RECORDKEY", [record["RECORDNO"]]):
            self.tables.drop(kind.items, item["RECORDNO"])
        self.tables.drop(kind.object, record["RECORDNO"])

    def addressed(self, kind: Type, call: etree._Element, entity: str) -> Row:
        """The record that `key` names: its RECORDNO, or its external id with externalkey="true"."""
        key = call.get("key", "")
        return self.record(kind, key, entity, "EXTERNALID" if call.get("externalkey") == "true" else "RECORDNO")

    def record(self, kind: Type, key: str, entity: str, field: str = "RECORDNO") -> Row:
        found = self.tables.get(kind.object, key) if field == "RECORDNO" else self.tables.one(kind.object, field, key)
        if found is None or (found["MEGAENTITYID"] not in ("", entity) and entity):
            raise RefusalError.of("BL01001973", f"Cannot find {kind.label} with key '{key}'.")
        return found

    # Periods

    def open_period(self, day: date) -> None:
        lock = self.faults("lock_period")
        through = date(2019, 12, 31)
        if lock is not None:
            through = date.fromisoformat(lock["through"]) if "through" in lock else self.clock.today()
        if day <= through:
            raise RefusalError(Error("BL01001973", CLOSED.format(day=day.strftime("%m/%d/%Y"))))

    def _required_day(self, call: etree._Element, element: str) -> date:
        day = day_in(call, element)
        if day is None:
            raise missing("Date Created")
        return day


def day_in(call: etree._Element, element: str) -> date | None:
    found = call.find(element)
    if found is None:
        return None
    return day_of((found.findtext("year") or "", found.findtext("month") or "", found.findtext("day") or ""))


def _custom_fields(call: etree._Element) -> Row:
    pairs = {
        each.findtext("customfieldname") or "": each.findtext("customfieldvalue") or ""
        for each in call.iterfind("customfields/customfield")
    }
    for name in pairs:
        if name not in CUSTOM_FIELDS:
            raise bad_reference("custom field", name)
    return dict(pairs)


def _tax_only(row: Row) -> Row:
    return {"DETAILID": row["DETAILID"], "TRX_AMOUNT": row["TRX_AMOUNT"]}
