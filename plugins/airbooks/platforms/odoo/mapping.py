"""Canonical documents as Odoo's `account.move` values and import rows (External JSON-2 API, 19.0). Pure: looks nothing up.

What goes where: our number is `ref`; sales order or preceding invoice `invoice_origin`; notes and what Odoo has no field for (delivery
address, contract, project, buyer reference, salesperson, attachments' names) are paragraphs of `narration`; the purchase order is a note
line; a discount of the whole document is a line with a negative price, a charge a line of its own. Internal notes stay here.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from airbooks.canonical import Address, AllowanceCharge, CreditNote, DocumentKind, Invoice, Line, LineKind, Party
from airbooks.platforms.odoo.pricing import Price, price_of
from airbooks.platforms.odoo.spec import FIRST_JSON2
from airbooks.platforms.references import ReferenceKind, References, dimension_codes
from airbooks.platforms.wire import to_json

Document = Invoice | CreditNote
Values = dict[str, Any]
MOVE_TYPES = {DocumentKind.INVOICE: "out_invoice", DocumentKind.CREDIT_NOTE: "out_refund"}
NOTE = "line_note"
RATE_DIGITS = 15
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Where in the database we work: company, journal and what they bring along, by database id. Part of a request, not of a document."""

    company_id: int
    journal_id: int
    income_account_id: int | None = None  # for amount lines that neither an account nor an item explains
    fiscal_position_id: int | None = None
    freight_product_id: int | None = None
    module: str = "acd"
    version: int = FIRST_JSON2
    use_our_number: bool = False
    reversed_entries: Mapping[str, int] = field(default_factory=dict)  # preceding invoices, by our number


def external_name(prefix: str, *parts: str) -> str:
    """The name part of an external id: letters, digits and underscores, different for different parts."""
    plain = "_".join(re.sub(r"[^A-Za-z0-9]", "_", part) for part in parts)
    if all(re.fullmatch(r"[A-Za-z0-9-]*", part) for part in parts):
        return f"{prefix}_{plain}"
    return f"{prefix}_{plain}_{hashlib.sha256(chr(31).join(parts).encode()).hexdigest()[:10]}"


def document_name(document: Document, company_id: int, key: str) -> str:
    """The external id's name of one attempt at a document: the same attempt repeats it, a corrected document never does."""
    prefix = "inv" if document.kind is DocumentKind.INVOICE else "crn"
    return external_name(f"{prefix}_{company_id}", document.number, key.replace("-", "")[:12])


def move_values(document: Document, refs: References, desk: Desk) -> Values:
    """The head of `account.move` without its lines; only fields that are sent, so an absent one keeps Odoo's default."""
    values: Values = {
        "move_type": MOVE_TYPES[document.kind],
        "journal_id": desk.journal_id,
        "partner_id": _customer(refs),
        "ref": document.number,
        "invoice_date": document.issue_date.isoformat(),
        "invoice_date_due": document.due_date.isoformat() if document.due_date else False,
        "invoice_payment_term_id": _id(refs, ReferenceKind.TERMS, document.terms.code) or False,
        "currency_id": _id(refs, ReferenceKind.CURRENCY, document.currency),
        "fiscal_position_id": desk.fiscal_position_id or False,
        "invoice_origin": _origin(document) or False,
        "payment_reference": document.payment_reference or False,
        "narration": narration(document) or False,
    }
    if document.exchange_rate is not None:
        values["invoice_currency_rate"] = inverse_rate(document.exchange_rate.rate)
    if desk.use_our_number:
        values["name"] = document.number
    reversed_entry = _preceding(document, desk)
    if reversed_entry:
        values["reversed_entry_id"] = reversed_entry
    return values


def _customer(refs: References) -> int | str:
    """The partner's id; a dry run may stand before a customer that is still to be created."""
    return int(refs.customer) if refs.customer.isdigit() else refs.customer


def inverse_rate(rate: Decimal) -> Decimal:
    """Odoo's `invoice_currency_rate`: units of the invoice currency for one unit of the company's."""
    return Decimal(f"{1 / rate:.{RATE_DIGITS}g}")


def _id(refs: References, kind: ReferenceKind, code: str) -> int | None:
    return int(refs.get(kind, code).remote_id) if code else None


def _origin(document: Document) -> str:
    preceding = ", ".join(each.number for each in document.preceding_invoices)
    return preceding if document.kind is DocumentKind.CREDIT_NOTE and preceding else document.sales_order


def _preceding(document: Document, desk: Desk) -> int | None:
    """The one invoice a credit note corrects; Odoo settles the two when the credit note is posted."""
    if document.kind is not DocumentKind.CREDIT_NOTE or len(document.preceding_invoices) != 1:
        return None
    return desk.reversed_entries.get(document.preceding_invoices[0].number)


def narration(document: Document) -> str:
    """The terms-and-notes field, as the HTML that Odoo keeps it in."""
    told = (
        *document.notes,
        _labelled("Reason", document.reason if isinstance(document, CreditNote) else ""),
        _labelled("Buyer reference", document.buyer_reference),
        _labelled("Contract", document.contract),
        _labelled("Project", document.project),
        _labelled("Salesperson", document.salesperson),
        _labelled("Invoicing period", _period(document)),
        _labelled("Ship to", ship_to(document)),
        _labelled("Attachments", ", ".join(document.attachments)),
    )
    return "".join(f"<p>{html.escape(text, quote=False).replace(chr(10), '<br>')}</p>" for text in told if text)


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""


def _period(document: Document) -> str:
    period = document.period
    return " - ".join(str(day) for day in (period.start, period.end) if day) if period else ""


def ship_to(document: Document) -> str:
    """Where the goods went, as one line of text; empty where it is the buyer's own address."""
    delivery = document.delivery
    if delivery is None or delivery.address == document.buyer.address:
        return ""
    told = (delivery.name, address_text(delivery.address), _labelled("on", str(delivery.delivery_date or "")), delivery.tracking_number)
    return ", ".join(part for part in told if part)


def address_text(address: Address) -> str:
    parts = (address.line1, address.line2, address.line3, address.city, address.region, address.postal_code, address.country)
    return ", ".join(part for part in parts if part)


# Lines


def line_values(document: Document, refs: References, desk: Desk) -> list[Values]:
    """All lines in order: the document's, its discounts and charges, and its purchase order as a note."""
    lines = [_line(document, line, refs, desk) for line in document.lines]
    lines += [_allowance_line(document, each, refs, desk) for each in document.allowances_charges]
    if document.purchase_order:
        lines.append(_note(f"PO {document.purchase_order}"))
    if any("account_id" in line for line in lines):
        lines = [_with_account(line, desk) for line in lines]
    return lines


def _with_account(line: Values, desk: Desk) -> Values:
    """An import has one set of columns: where one line names its account, every amount line has to."""
    if line["display_type"] == NOTE or "account_id" in line:
        return line
    return {**line, "account_id": desk.income_account_id or False}


def _note(text: str) -> Values:
    return {"display_type": NOTE, "name": text}


def _line(document: Document, line: Line, refs: References, desk: Desk) -> Values:
    if line.kind is LineKind.COMMENT:
        return _note(line_text(line))
    price = price_of(line, desk.version)
    dimensions = _distribution(document, line, refs)
    return {
        "display_type": "product",
        "product_id": _id(refs, ReferenceKind.ITEM, line.item_code) or False,
        "name": line_text(line),
        **_priced(price),
        "product_uom_id": _id(refs, ReferenceKind.UNIT, line.unit) if line.unit and refs.has(ReferenceKind.UNIT, line.unit) else False,
        "tax_ids": _taxes(refs, line.tax_code),
        **_account(refs, desk, line.account_code, explained=bool(line.item_code)),
        **({"analytic_distribution": dimensions} if dimensions else {}),
    }


def _priced(price: Price) -> Values:
    return {"quantity": price.quantity, "price_unit": price.unit_price, "discount": price.discount}


def line_text(line: Line) -> str:
    """The line's description as the customer reads it."""
    told = (
        line.name,
        line.description if line.description != line.name else "",
        _labelled("Serial numbers", ", ".join(line.serial_numbers)),
        _labelled("Order", " ".join(part for part in (line.order_reference, line.order_line) if part)),
        _labelled("Service date", str(line.service_date or "")),
        *(_labelled("Charge" if each.is_charge else "Discount", each.reason) for each in line.allowances_charges),
        line.note,
    )
    return "\n".join(text for text in told if text)


def _taxes(refs: References, code: str) -> list[int]:
    """Always said, also when there is none: an omitted tax would become the item's default."""
    found = _id(refs, ReferenceKind.TAX_CODE, code)
    return [found] if found else []


def _account(refs: References, desk: Desk, code: str, *, explained: bool) -> Values:
    found = _id(refs, ReferenceKind.ACCOUNT, code)
    if found is None and not explained:
        found = desk.income_account_id
    return {"account_id": found} if found else {}


def _distribution(document: Document, line: Line | None, refs: References) -> dict[str, Decimal]:
    """All dimensions of a line as one analytic distribution; the line's own come before the document's."""
    own = {code.partition(":")[0]: code for code in dimension_codes(document, line)} if line else {}
    shared = {code.partition(":")[0]: code for code in dimension_codes(document)}
    ids = [refs.get(ReferenceKind.DIMENSION, code).remote_id for _, code in sorted({**shared, **own}.items())]
    return {",".join(ids): Decimal(100)} if ids else {}


def _allowance_line(document: Document, each: AllowanceCharge, refs: References, desk: Desk) -> Values:
    product = desk.freight_product_id if each.is_charge else None
    dimensions = _distribution(document, None, refs)
    return {
        "display_type": "product",
        "product_id": product or False,
        "name": each.reason or ("Charge" if each.is_charge else "Discount"),
        **_priced(Price(quantity=Decimal(1), unit_price=each.amount if each.is_charge else -each.amount)),
        "product_uom_id": False,
        "tax_ids": _taxes(refs, each.tax_code),
        **_account(refs, desk, each.account_code, explained=product is not None),
        **({"analytic_distribution": dimensions} if dimensions else {}),
    }


# The two forms of the same values


def command_values(head: Values, lines: Iterable[Values]) -> Values:
    """The form of `write`: the old lines out, the new ones in."""
    commands = [[0, 0, _cleaned(line)] for line in lines]
    return {**_cleaned(head), "invoice_line_ids": [[5, 0, 0], *commands]}


def _cleaned(values: Values) -> Values:
    clean = {name: printable(value) if isinstance(value, str) else value for name, value in values.items()}
    return {**clean, "tax_ids": [[6, 0, values["tax_ids"]]]} if "tax_ids" in values else clean


HEAD_COLUMNS = (
    "move_type",
    "journal_id/.id",
    "partner_id/.id",
    "ref",
    "invoice_date",
    "invoice_date_due",
    "invoice_payment_term_id/.id",
    "currency_id/.id",
    "fiscal_position_id/.id",
    "invoice_origin",
    "payment_reference",
    "narration",
)
# An empty cell is an explicit "none", so these columns are only sent with documents that fill them.
OPTIONAL_HEAD = ("invoice_currency_rate", "name", "reversed_entry_id/.id")
LINE_COLUMNS = ("display_type", "product_id/.id", "name", "quantity", "price_unit", "discount", "product_uom_id/.id", "tax_ids/.id")
OPTIONAL_LINE = ("account_id/.id", "analytic_distribution")


@dataclass(frozen=True, slots=True)
class ImportRows:
    """One document as rows of `account.move.load`. Documents with the same `fields` can share a call."""

    name: str  # the external id
    fields: tuple[str, ...]
    rows: list[list[str]]

    @property
    def lines(self) -> int:
        return len(self.rows)


def import_rows(name: str, head: Values, lines: list[Values]) -> ImportRows:
    """The document as text cells; each line has an external id of its own, so that a repeated import updates it."""
    head_columns = (*HEAD_COLUMNS, *(column for column in OPTIONAL_HEAD if _field(column) in head))
    line_columns = (*LINE_COLUMNS, *(column for column in OPTIONAL_LINE if any(_field(column) in line for line in lines)))
    first = [name, *(cell(head[_field(column)]) for column in head_columns)]
    blank = [""] * len(first)
    keys = [_field(column) for column in line_columns]
    rows = [
        [*(first if place == 0 else blank), f"{name}_l{place + 1}", *(cell(line.get(key, False)) for key in keys)]
        for place, line in enumerate(lines)
    ]
    fields = ("id", *head_columns, "invoice_line_ids/id", *(f"invoice_line_ids/{column}" for column in line_columns))
    return ImportRows(name, fields, rows)


def _field(column: str) -> str:
    return column.partition("/")[0]


def cell(value: Any) -> str:
    """A value as the import takes it: text; an empty cell says "none"."""
    if value is False or value is None:
        return ""
    if isinstance(value, list):
        return ",".join(str(each) for each in value)
    if isinstance(value, dict):
        return to_json(value).decode()
    return format(value, "f") if isinstance(value, Decimal) else printable(str(value))


def printable(text: str) -> str:
    """Text without the control characters that neither XML nor the database takes."""
    return _CONTROL.sub("", text)


def partner_values(party: Party, country_id: int | None, state_id: int | None) -> Values:
    """A customer as `res.partner`; `ref` is our customer code."""
    address = party.address
    return {
        "name": party.name,
        "ref": party.code,
        "is_company": True,
        "email": party.contact.email or False,
        "phone": party.contact.phone or False,
        "vat": party.vat_id or False,
        "street": address.line1 or False,
        "street2": ", ".join(part for part in (address.line2, address.line3) if part) or False,
        "city": address.city or False,
        "zip": address.postal_code or False,
        "state_id": state_id or False,
        "country_id": country_id or False,
    }


def partner_import(name: str, values: Values) -> ImportRows:
    """A customer as one row of `res.partner.load`."""
    columns = tuple(f"{key}/.id" if key in ("state_id", "country_id") else key for key in values)
    cells = ["1" if value is True else cell(value) for value in values.values()]
    return ImportRows(name, ("id", *columns), [[name, *cells]])
