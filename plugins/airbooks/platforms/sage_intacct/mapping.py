"""Canonical documents as functions of the XML gateway (create_invoice, create_aradjustment and their updates).

Lines of Sage Intacct carry an amount and no quantity: quantity, unit and price stand in the memo. Document discounts and charges become
lines of their own. A credit note is an adjustment with negative amounts. What has no field is told in the description: the sales
order, the delivery address (contacts can only be named, not sent), notes, comment lines, attachments. Prepaid amounts are no part
of the invoice; they arrive as payments. What cannot be expressed at all is refused beforehand (see `obstacles`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from airbooks.canonical import (
    AllowanceCharge,
    CreditNote,
    Delivery,
    DocumentKind,
    Invoice,
    Line,
    LineKind,
    RemoteDocument,
    TaxCategory,
    round_amount,
)
from airbooks.platforms.references import ReferenceKind, References, dimension_codes
from airbooks.platforms.sage_intacct.envelope import element, present

ZERO = Decimal(0)
TEXT_MAX = 1000
DISCOUNT_MEMO, CHARGE_MEMO = "Document discount", "Document charge"
# The dimensions a line can carry, in the vendor's order, and the elements they become.
DIMENSIONS = {
    "location": "locationid",
    "department": "departmentid",
    "project": "projectid",
    "class": "classid",
    "warehouse": "warehouseid",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line as the platform books it, in the document's direction: a discount is negative, a credit note's goods are positive."""

    amount: Decimal
    account: str
    memo: str
    item: str = ""
    tax_detail: str = ""
    tax_key: tuple[TaxCategory, Decimal] | None = None
    tax: Decimal = ZERO
    dimensions: Mapping[str, str] = field(default_factory=dict)


def create_function(document: Invoice | CreditNote, references: References, options: Mapping[str, Any]) -> etree._Element:
    """`create_invoice` or `create_aradjustment` for one document. `options["draft"]` leaves it unposted."""
    action = "Draft" if options.get("draft") else "Submit"
    if isinstance(document, Invoice):
        return _create_invoice(document, references, action)
    return _create_adjustment(document, references, action)


def _create_invoice(document: Invoice, references: References, action: str) -> etree._Element:
    settings = references.settings
    parts = [
        element("customerid", references.customer),
        _day("datecreated", document.issue_date),
        *_posting_day(document),
        *_due(document, references),
        element("action", action),
        element("invoiceno", document.number),
        *present("ponumber", document.purchase_order),
        *present("description", description(document)),
        element("externalid", document.number),
        *_money(document, settings),
        *present("taxsolutionid", settings.get("tax_solution_id", "")),
        *_our_number(document, settings),
        element("invoiceitems", _lines(document, references)),
    ]
    return element("create_invoice", parts)


def _create_adjustment(document: CreditNote, references: References, action: str) -> etree._Element:
    settings = references.settings
    parts = [
        element("customerid", references.customer),
        _day("datecreated", document.issue_date),
        *_posting_day(document),
        element("adjustmentno", document.number),
        element("action", action),
        *(element("invoiceno", each.number) for each in document.preceding_invoices[:1]),
        *present("description", description(document)),
        element("externalid", document.number),
        *_money(document, settings),
        *present("taxsolutionid", settings.get("tax_solution_id", "")),
        *_our_number(document, settings),
        element("aradjustmentitems", _lines(document, references)),
    ]
    return element("create_aradjustment", parts)


def update_function(document: Invoice | CreditNote, references: References, key: str, lines_there: int) -> etree._Element:
    """`update_invoice` or `update_aradjustment`: the first `lines_there` lines are replaced by position, further ones added."""
    invoice = isinstance(document, Invoice)
    head = [
        element("customerid", references.customer),
        _day("datecreated", document.issue_date),
        _day("dateposted", document.ledger_date),
        *(_due(document, references) if invoice else ()),
        element("invoiceno" if invoice else "adjustmentno", document.number),
        *(present("ponumber", document.purchase_order) if invoice else ()),
        element("description", description(document)),
        *_money(document, references.settings),
    ]
    lines = [_changed(line, number) if number <= lines_there else line for number, line in enumerate(_lines(document, references), start=1)]
    if invoice:
        return element("update_invoice", [*head, element("updateinvoiceitems", lines)], key=key)
    return element("update_aradjustment", [*head, element("updatearadjustmentitems", lines)], key=key)


def _changed(line: etree._Element, number: int) -> etree._Element:
    return element("updatelineitem", list(line), line_num=str(number))


def _day(tag: str, day: date) -> etree._Element:
    return element(tag, [element("year", f"{day.year:04}"), element("month", f"{day.month:02}"), element("day", f"{day.day:02}")])


def _posting_day(document: Invoice | CreditNote) -> list[etree._Element]:
    return [_day("dateposted", document.posting_date)] if document.posting_date else []


def _due(document: Invoice | CreditNote, references: References) -> list[etree._Element]:
    due = [_day("datedue", document.due_date)] if document.due_date else []
    code = document.terms.code
    return due + ([element("termname", references.get(ReferenceKind.TERMS, code).remote_id)] if code else [])


def _money(document: Invoice | CreditNote, settings: Mapping[str, str]) -> list[etree._Element]:
    """Currency and rate; a company without multi-currency must not be told either (UNVERIFIED)."""
    if not is_multi_currency(settings):
        return []
    currency = [element("basecurr", settings["base_currency"]), element("currency", document.currency)]
    rate = document.exchange_rate
    if rate is not None and document.currency != settings["base_currency"]:
        return [*currency, element("exchrate", f"{rate.rate:f}")]
    kind = element("exchratetype", settings.get("exchange_rate_type", "Intacct Daily Rate"))
    return [*currency, _day("exchratedate", document.issue_date), kind]


def is_multi_currency(settings: Mapping[str, str]) -> bool:
    return settings.get("multi_currency", "true").lower() in {"true", "1", "yes"}


def _our_number(document: Invoice | CreditNote, settings: Mapping[str, str]) -> list[etree._Element]:
    name = settings.get("custom_number_field", "")
    if not name:
        return []
    pair = [element("customfieldname", name), element("customfieldvalue", document.number)]
    return [element("customfields", [element("customfield", pair)])]


def description(document: Invoice | CreditNote) -> str:
    """What the document says and no field can hold, cut at 1000 characters."""
    parts = [
        f"Order {document.sales_order}" if document.sales_order else "",
        f"PO {document.purchase_order}" if document.purchase_order and isinstance(document, CreditNote) else "",
        document.reason if isinstance(document, CreditNote) else "",
        _corrects(document),
        _delivered(document.delivery) if document.delivery else "",
        f"Your reference {document.buyer_reference}" if document.buyer_reference else "",
        *document.notes,
        *(line.name for line in document.lines if line.kind is LineKind.COMMENT),
        f"Attachments: {', '.join(document.attachments)}" if document.attachments else "",
    ]
    return _cut("; ".join(filter(None, parts)))


def _corrects(document: Invoice | CreditNote) -> str:
    numbers = ", ".join(each.number for each in document.preceding_invoices[1:])
    return f"Also corrects {numbers}" if numbers else ""


def _delivered(delivery: Delivery) -> str:
    address = delivery.address
    place = [delivery.name, address.line1, address.line2, f"{address.postal_code} {address.city}".strip(), address.region, address.country]
    words = ", ".join(filter(None, place))
    how = " ".join(filter(None, (delivery.shipping_method, delivery.tracking_number)))
    return "; ".join(filter(None, (f"Delivered to {words}" if words else "", how)))


def _cut(text: str) -> str:
    return text if len(text) <= TEXT_MAX else f"{text[: TEXT_MAX - 3]}..."


# Lines


def _lines(document: Invoice | CreditNote, references: References) -> list[etree._Element]:
    sign = Decimal(-1) if isinstance(document, CreditNote) else Decimal(1)
    return [_line(each, sign) for each in entries(document, references)]


def _line(entry: Entry, sign: Decimal) -> etree._Element:
    dimensions = entry.dimensions
    tax = [element("detailid", entry.tax_detail), element("trx_tax", _amount(sign * entry.tax))]
    parts = [
        element("glaccountno", entry.account),
        element("amount", _amount(sign * entry.amount)),
        element("memo", entry.memo),
        *_dimensions(dimensions, "location", "department", "project"),
        *present("itemid", entry.item),
        *_dimensions(dimensions, "class", "warehouse"),
        *([element("taxentries", [element("taxentry", tax)])] if entry.tax_detail else ()),
    ]
    return element("lineitem", parts)


def _dimensions(values: Mapping[str, str], *names: str) -> Iterator[etree._Element]:
    for name in names:
        yield from present(DIMENSIONS[name], values.get(name, ""))


def _amount(value: Decimal) -> str:
    return f"{value.quantize(Decimal('0.01')) + ZERO:f}"


def entries(document: Invoice | CreditNote, references: References) -> list[Entry]:
    """The lines of the platform's document; their amounts and taxes add up to the document's totals."""
    settings = references.settings
    goods = [_goods(document, line, references) for line in document.amount_lines]
    extras = [_extra(document, each, references) for each in document.allowances_charges]
    lines = [*goods, *extras]
    if settings.get("tax_solution_id"):
        taxes = spread_tax(document, [(each.tax_key, each.amount) for each in lines])
        return [replace(each, tax=tax) for each, tax in zip(lines, taxes, strict=True)]
    lines = [replace(each, tax_detail="") for each in lines]
    if document.tax_total:
        lines.append(Entry(amount=document.tax_total, account=settings["sales_tax_account"], memo="Sales tax", dimensions=_place(settings)))
    return lines


def _goods(document: Invoice | CreditNote, line: Line, references: References) -> Entry:
    return Entry(
        amount=line.net_amount,
        account=_account(line.account_code, references, "default_gl_account"),
        memo=memo(line),
        item=references.get(ReferenceKind.ITEM, line.item_code).remote_id if line.item_code else "",
        tax_detail=_tax_detail(line.tax_code, references),
        tax_key=(line.tax_category, line.tax_rate),
        dimensions=_line_dimensions(document, line, references),
    )


def _extra(document: Invoice | CreditNote, each: AllowanceCharge, references: References) -> Entry:
    word, fallback = (CHARGE_MEMO, "freight_account") if each.is_charge else (DISCOUNT_MEMO, "discount_account")
    return Entry(
        amount=each.amount if each.is_charge else -each.amount,
        account=_account(each.account_code, references, fallback),
        memo=_cut(f"{word}: {each.reason}" if each.reason else word),
        tax_detail=_tax_detail(each.tax_code, references),
        tax_key=(each.tax_category, each.tax_rate),
        dimensions=_line_dimensions(document, None, references),
    )


def _account(code: str, references: References, fallback: str) -> str:
    return references.get(ReferenceKind.ACCOUNT, code).remote_id if code else references.settings[fallback]


def _tax_detail(code: str, references: References) -> str:
    return references.get(ReferenceKind.TAX_CODE, code).remote_id if code else ""


def _place(settings: Mapping[str, str]) -> dict[str, str]:
    location = settings.get("default_location") or settings.get("entity_id") or ""
    return {"location": location} if location else {}


def _line_dimensions(document: Invoice | CreditNote, line: Line | None, references: References) -> dict[str, str]:
    """The document's dimensions, overruled by the line's; the location of the connection where neither names one."""
    codes = [*dimension_codes(document), *(dimension_codes(document, line) if line is not None else ())]
    named = {code.partition(":")[0]: references.get(ReferenceKind.DIMENSION, code).remote_id for code in codes}
    return {**_place(references.settings), **named}


def memo(line: Line) -> str:
    """Name, quantity, unit and price of a line in words, and what else has no field of its own."""
    price = f"{line.quantity.normalize():f} {line.unit} x {line.net_price.normalize():f}"
    per = f" per {line.base_quantity.normalize():f}" if line.base_quantity != 1 else ""
    parts = [line.name, line.description, f"{price}{per}", _period(line), *_serials(line), line.note]
    return _cut(", ".join(filter(None, parts)))


def _period(line: Line) -> str:
    if line.period is not None:
        return f"{line.period.start or ''} to {line.period.end or ''}".strip()
    return f"on {line.service_date}" if line.service_date else ""


def _serials(line: Line) -> Iterable[str]:
    return (f"serial {', '.join(line.serial_numbers)}",) if line.serial_numbers else ()


# Tax


def spread_tax(document: Invoice | CreditNote, lines: Sequence[tuple[tuple[TaxCategory, Decimal] | None, Decimal]]) -> list[Decimal]:
    """The tax of each line (key, amount), so that the lines of one category and rate add up to the document's own tax to the cent.

    Each line takes the growth of the rounded running total; the last line of a group takes what is left of the document's amount.
    """
    targets = tax_targets(document, lines)
    last = {key: position for position, (key, _) in enumerate(lines)}
    exact, given = dict.fromkeys(targets, ZERO), dict.fromkeys(targets, ZERO)
    taxes: list[Decimal] = []
    for position, (key, amount) in enumerate(lines):
        if key is None:
            taxes.append(ZERO)
            continue
        exact[key] += amount * key[1] / 100
        so_far = targets[key] if position == last[key] else round_amount(exact[key], document.currency)
        taxes.append(so_far - given[key])
        given[key] = so_far
    return taxes


def tax_targets(
    document: Invoice | CreditNote, lines: Sequence[tuple[tuple[TaxCategory, Decimal] | None, Decimal]]
) -> dict[tuple[TaxCategory, Decimal], Decimal]:
    """What the lines of each category and rate must bear: the document's breakdown, or the rounded tax where it names none."""
    net: dict[tuple[TaxCategory, Decimal], Decimal] = {}
    for key, amount in lines:
        if key is not None:
            net[key] = net.get(key, ZERO) + amount
    targets = {key: round_amount(amount * key[1] / 100, document.currency) for key, amount in net.items()}
    stated: dict[tuple[TaxCategory, Decimal], Decimal] = {}
    for each in document.tax_breakdown:
        stated[each.category, each.rate] = stated.get((each.category, each.rate), ZERO) + each.tax_amount
    return {key: stated.get(key, computed) for key, computed in targets.items()}


def delete_function(remote: RemoteDocument) -> etree._Element:
    return element("delete_invoice" if remote.kind is DocumentKind.INVOICE else "delete_aradjustment", key=remote.remote_id)


def reverse_function(remote: RemoteDocument, on: date, reason: str) -> etree._Element:
    """A second record with negative totals, dated `on`."""
    day = [element("year", f"{on.year:04}"), element("month", f"{on.month:02}"), element("day", f"{on.day:02}")]
    return element("reverse_invoice", [element("datereversed", day), *present("description", reason[:TEXT_MAX])], key=remote.remote_id)
