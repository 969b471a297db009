"""Invoices and credit notes: their fields, their lines, their totals, their life."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.platforms.reckon_one.sandbox import links
from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid
from airbooks.platforms.reckon_one.sandbox.book import Book, reference_to
from airbooks.platforms.reckon_one.sandbox.fields import cents, check_known, decimal, moment, required, rows_of, text
from airbooks.platforms.reckon_one.sandbox.lines import line_of

DATE = {"invoices": "invoiceDate", "creditnotes": "creditNoteDate"}
NUMBER = {"invoices": ("invoiceNumber", "INV"), "creditnotes": ("creditNoteNumber", "CAN")}
COMMON = {"customer", "amountTaxStatus", "reference", "classification", "template", "lineItems", "notes"}
FIELDS = {
    "invoices": {
        *COMMON,
        "invoiceDate",
        "dueDate",
        "invoiceDiscountAmount",
        "invoiceDiscountPercent",
        "paymentTerms",
        "paymentDetails",
        "purchaseOrderNumber",
        "includeInInvoiceReminders",
    },
    "creditnotes": {*COMMON, "creditNoteDate"},
}
# Computed or copied there, whatever a request says.
IGNORED = {
    "id",
    "invoiceNumber",
    "creditNoteNumber",
    "status",
    "currency",
    "exchangeRate",
    "billingAddress",
    "shippingAddress",
    "accountsReceivableLedgerAccount",
    "balance",
    "totalAmount",
    "totalTaxAmount",
}
NOT_PATCHED = {"lineItems", "amountTaxStatus"}
REFERENCE = 50  # UNVERIFIED
STATUSES = {"invoices": ("Draft", "Approved", "Paid"), "creditnotes": ("Draft", "Approved", "Closed")}
SETTLED = {"invoices": "Paid", "creditnotes": "Closed"}


def create(book: Book, kind: str, sent: Row) -> Row:
    row = {"id": book.new_id(), "status": _first_status(book, kind), "emailStatus": "Unsent", "transactionLinks": []}
    field, prefix = NUMBER[kind]
    made = totalled(book, kind, _replaced(book, kind, row, sent))
    return book.put(kind, {**made, field: book.number(prefix)})


def replace(book: Book, kind: str, row: Row, sent: Row) -> None:
    """A PUT: everything anew but number and status. A document with links stays as it is (UNVERIFIED)."""
    _check_changeable(book, kind, row)
    kept = {name: row[name] for name in ("id", "status", "emailStatus", "transactionLinks", NUMBER[kind][0])}
    if book.struck("put_makes_drafts") is not None:
        kept["status"] = "Draft"
    book.put(kind, totalled(book, kind, _replaced(book, kind, kept, sent)))


def patch(book: Book, kind: str, row: Row, sent: Row) -> None:
    """Selected fields; lines and tax status are not among them."""
    check_known(sent, FIELDS[kind] - NOT_PATCHED | {"status"})
    _check_changeable(book, kind, row, links_matter=bool(set(sent) - {"status"}))
    changed = {**row, **_fields(book, kind, sent)}
    if "status" in sent:
        if sent["status"] not in STATUSES[kind]:
            raise invalid("status", f"'{sent['status']}' is not a status.")
        changed["status"] = row["status"] if book.struck("approval_ignored") is not None else sent["status"]
    book.put(kind, totalled(book, kind, changed))


def delete(book: Book, kind: str, row: Row) -> None:
    _check_changeable(book, kind, row)
    del book.table(kind)[row["id"]]


def _check_changeable(book: Book, kind: str, row: Row, *, links_matter: bool = True) -> None:
    book.check_open(row[DATE[kind]], DATE[kind])
    if links_matter and row["transactionLinks"]:
        raise invalid("transactionLinks", "The transaction cannot be changed because other transactions are linked to it.")


def _first_status(book: Book, kind: str) -> str:
    if kind == "creditnotes" and book.struck("credit_notes_are_approved") is not None:
        return "Approved"
    return "Draft" if book.settings("invoice")["approvalEnabled"] else "Approved"


def _replaced(book: Book, kind: str, row: Row, sent: Row) -> Row:
    check_known(sent, FIELDS[kind], IGNORED)
    for name in ("customer", DATE[kind], "amountTaxStatus", "lineItems"):
        required(sent, name)
    if kind == "invoices" and not sent.get("template") and book.struck("template_required") is not None:
        raise invalid("template", "Template is required.")
    status = _tax_status(book, sent["amountTaxStatus"])
    lines = [line_of(book, kind, place, each, status) for place, each in enumerate(rows_of(sent, "lineItems"))]
    blank: Row = {"reference": None, "classification": None, "template": None, "notes": None}
    if kind == "invoices":
        discount = {"invoiceDiscountAmount": Decimal(0), "invoiceDiscountPercent": Decimal(0)}
        blank |= {"dueDate": None, "paymentTerms": None, "paymentDetails": None, "purchaseOrderNumber": None, **discount}
    return {**row, **blank, **_fields(book, kind, sent), "amountTaxStatus": status, "lineItems": lines}


def _tax_status(book: Book, sent: Any) -> str:
    settings = book.settings("tax")
    if sent not in ("NonTaxed", "Inclusive", "Exclusive"):
        raise invalid("amountTaxStatus", f"'{sent}' is not a tax status of amounts.")
    if not settings["chooseAmountTaxStatus"] and sent != settings["amountTaxStatus"]:
        raise invalid("amountTaxStatus", f"The book has {settings['amountTaxStatus']} amounts only.")
    return str(sent)


def _fields(book: Book, kind: str, sent: Row) -> Row:
    """The fields of the head that are sent, in the shape in which they are read back."""
    found: Row = {name: text(sent[name], name) for name in ("notes", "paymentDetails", "purchaseOrderNumber") if name in sent}
    if "reference" in sent:
        found["reference"] = text(sent["reference"], "reference", REFERENCE)
    if "customer" in sent:
        found["customer"] = reference_to(book.customer_named(sent["customer"]))
    for name in {DATE[kind], "dueDate"} & set(sent):
        found[name] = moment(sent[name], name)
    if DATE[kind] in found:
        book.check_open(found[DATE[kind]], DATE[kind])
    for name, table in (("classification", "classifications"), ("template", "templates"), ("paymentTerms", "terms")):
        if sent.get(name) is not None:
            found[name] = reference_to(book.named(table, sent[name], name))
    for name in {"invoiceDiscountAmount", "invoiceDiscountPercent"} & set(sent):
        found[name] = decimal(sent[name], name)
    return found


# -- totals and status ----------------------------------------------------------------------------------------------------------


def totalled(book: Book, kind: str, row: Row) -> Row:
    """The header discount lowers the lines before tax; everything is rounded half up to cents per line (UNVERIFIED)."""
    net = tax = Decimal(0)
    gross_lines = sum((line["amount"] for line in row["lineItems"]), Decimal(0))
    factor = 1 - _header_discount(row, gross_lines) / gross_lines if gross_lines else Decimal(1)
    for line in row["lineItems"]:
        line_net, line_tax = _net_and_tax(line, factor, row["amountTaxStatus"])
        net, tax = net + line_net, tax + line_tax
    wrong = book.struck("wrong_tax")
    tax += Decimal(wrong.get("amount", "0.01")) if wrong is not None else 0
    return settled(kind, {**row, "totalTaxAmount": tax, "totalAmount": net + tax})


def _header_discount(row: Row, gross: Decimal) -> Decimal:
    amount, percent = row.get("invoiceDiscountAmount") or Decimal(0), row.get("invoiceDiscountPercent") or Decimal(0)
    return Decimal(amount or cents(gross * percent / 100))


def _net_and_tax(line: Row, factor: Decimal, status: str) -> tuple[Decimal, Decimal]:
    amount, rate = cents(line["amount"] * factor), line["rate"]
    if status == "NonTaxed":
        return amount, Decimal(0)
    if status == "Exclusive":
        return amount, line["taxAmount"] if line["taxIsModified"] else cents(amount * rate / 100)
    tax = line["taxAmount"] if line["taxIsModified"] else cents(amount - amount / (1 + rate / 100))
    return amount - tax, tax


def settled(kind: str, row: Row) -> Row:
    """Balance and status after the links: nothing left is Paid (a credit note's is Closed); unlinked it is Approved again."""
    balance = row["totalAmount"] - links.linked(row)
    status = row["status"]
    if row["transactionLinks"] and balance == 0:
        status = SETTLED[kind]
    elif status == SETTLED[kind]:
        status = "Approved"
    return {**row, "balance": balance, "status": status}
