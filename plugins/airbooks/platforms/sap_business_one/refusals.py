"""What a document needs that Business One's API cannot express: told before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airbooks.canonical import CreditNote, Finding, Invoice, Line, Severity
from airbooks.platforms.references import dimension_codes
from airbooks.platforms.sap_business_one.lines import (
    ITEMS,
    TEXT,
    ZERO,
    at,
    charges,
    dimension_fields,
    document_type,
    free_text,
    head_discount_fits,
    line_amount,
)
from airbooks.platforms.sap_business_one.mapping import REMARKS, STREET, remarks, street
from airbooks.platforms.sap_business_one.spec import MAX_NUMBER

Document = Invoice | CreditNote
Obstacle = tuple[str, str, object, str, str]
_PARTY_SIZES = {"code": 15, "name": 100, "vat_id": 32}
_REACH_SIZES = {"phone": 20, "email": 100}


def refusals(document: Document, settings: Mapping[str, str], connection: str = "") -> tuple[Finding, ...]:
    """Every reason why this document cannot be sent over a connection with these settings; texts that are cut are warnings."""
    checks = (_head(document), _totals(document), _lines(document, settings), _charges(document, settings), _dimensions(document, settings))
    found = [_finding(connection, Severity.ERROR, *each) for check in checks for each in check]
    cut = Severity.WARNING if settings.get("cut_texts") == "True" else Severity.ERROR
    found += [_finding(connection, cut, *each) for each in _texts(document, settings)]
    return tuple(found)


def _finding(connection: str, severity: Severity, topic: str, field: str, value: object, says: str, fix: str) -> Finding:
    return Finding(
        code=f"AB-UNSUPPORTED:{topic}",
        severity=severity,
        field=field,
        value=str(value),
        says=f"Business One {says}.",
        fix=f"{fix}.",
        connection=connection,
    )


def _head(document: Document) -> Iterator[Obstacle]:
    if len(document.number) > MAX_NUMBER:
        yield "number", "number", document.number, f"keeps document numbers of at most {MAX_NUMBER} characters", "Shorten the number"
    if len(document.purchase_order) > TEXT:
        says = f"keeps customer references of at most {TEXT} characters"
        yield "purchase order", "purchase_order", document.purchase_order, says, "Shorten the purchase order number"
    if document.tax_point_date not in (None, document.ledger_date):
        says = f"computes tax at the posting date ({document.ledger_date}); another tax point date is not given here"
        yield "tax point", "tax_point_date", document.tax_point_date, says, "Post the document on its tax point date"
    if document.attachments:
        files = ", ".join(document.attachments)
        yield "attachments", "attachments", files, "gets no attachments from this connector", "Send it without them"
    buyer = document.buyer
    for prefix, values, sizes in (("buyer", buyer, _PARTY_SIZES), ("buyer.contact", buyer.contact, _REACH_SIZES)):
        for name, size in sizes.items():
            if len(getattr(values, name)) > size:
                yield "length", f"{prefix}.{name}", getattr(values, name), f"takes at most {size} characters here", "Shorten it"


def _totals(document: Document) -> Iterator[Obstacle]:
    for name, fix in (
        ("prepaid_amount", "Book the prepayment as a payment instead"),
        ("rounding_amount", "Put the rounding into a line or a charge"),
        ("withholding_tax", "Book the withheld tax with the payment"),
    ):
        amount = getattr(document, name)
        if amount:
            yield name, name, amount, f"gets no {name.replace('_', ' ')} with a document from this connector", fix
    if document.gross_total < 0:
        yield (
            "negative total",
            "gross_total",
            document.gross_total,
            "posts no document with a negative total",
            "Send the other document type",
        )
    base = document.exchange_rate.base if document.exchange_rate else ""
    if base == document.currency:
        yield "exchange rate", "exchange_rate", base, "takes rates between two currencies only", "Leave the rate out"


def _lines(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    of_items = document_type(document) == ITEMS
    for position, line in enumerate(document.lines):
        if line not in document.amount_lines:
            continue
        path = f"lines[{position}]"
        if of_items and not line.item_code and not settings.get("free_item"):
            says = "has documents of items or of accounts, and this line has no item while others have"
            yield "line target", f"{path}.item_code", "", says, "Give the line an item, or name one for all such lines in the connection"
        if not of_items and not line.account_code:
            yield (
                "line target",
                f"{path}.account_code",
                "",
                "needs an item or an account on every line",
                "Give it an item or a revenue group",
            )
        yield from _line(path, line, settings)


def _line(path: str, line: Line, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    if not line.tax_code:
        says = "computes the tax from the line's tax code, and there is none"
        yield "tax code", f"{path}.tax_code", "", says, "Give the line a tax code"
    if line.quantity <= 0 and line.item_code:
        yield "quantity", f"{path}.quantity", line.quantity, "gets no quantities below zero from here", "Send a credit note for it"
    if line.quantity != at(line.quantity, settings, "quantity_decimals", "3"):
        places = settings.get("quantity_decimals", "3")
        yield "quantity", f"{path}.quantity", line.quantity, f"keeps quantities of {places} decimals in this company", "Round the quantity"
    if line_amount(line) < ZERO:
        yield "line amount", f"{path}.net_amount", line.net_amount, "gets no lines below zero from here", "Send a credit note for it"


def _charges(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    if not head_discount_fits(document, settings):
        says = "takes one discount percentage off all lines alike, which does not make these discounts and their tax to the cent"
        amount = sum((each.amount for each in document.allowances_charges if not each.is_charge), ZERO)
        yield "document discount", "allowances_charges", amount, says, "Give the discount to the lines it belongs to"
    for each, code in charges(document):
        if not settings.get("expense_code"):
            says = "books charges as a freight (additional expense), and the connection does not say which"
            yield "charge", "allowances_charges", each.amount, says, "Set Freight code of charges in the connection"
        if not code:
            yield "charge tax", "allowances_charges.tax_code", each.amount, "computes its tax from a tax code", "Give it a tax code"


def _dimensions(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    known = dimension_fields(settings)
    codes = {*dimension_codes(document), *(code for line in document.amount_lines for code in dimension_codes(document, line))}
    for name in sorted({code.partition(":")[0] for code in codes} - known.keys()):
        says = f"is not told which field of a row our {name!r} goes to"
        yield "dimension", "dimensions", name, says, "Add it to the field Dimensions of the connection"


def _texts(document: Document, settings: Mapping[str, str]) -> Iterator[Obstacle]:
    """Texts that fit no field whole; sales employees by number leave more room for the remarks than is reckoned here."""
    texts = [("notes", remarks(document, settings, {}), REMARKS), ("buyer.address", street(document.buyer.address), STREET)]
    if document.delivery is not None:
        texts.append(("delivery.address", street(document.delivery.address), STREET))
    for position, line in enumerate(document.lines):
        if line in document.amount_lines:
            texts.append((f"lines[{position}].name", line.name, TEXT))
            texts.append((f"lines[{position}].description", free_text(document, line), TEXT))
    for field, text, size in texts:
        if len(text) > size:
            says = f"takes at most {size} characters here (this text has {len(text)})"
            yield "length", field, text[:60], says, "Shorten it, or set Cut long texts in the connection"
