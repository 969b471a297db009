"""Canonical documents as SLArinvs rows and their distributions (SLArinvds). Pure.

An A/R document has no item lines: its head carries sales, freight, charges and tax as sums, its distributions the revenue account and
unit codes of each line. Items, quantities, prices and texts of the lines stay in our database. `InvDate` is the only date of the books:
where the posting date differs from the issue date, the issue date stands in the description.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, TaxSubtotal
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.infor_syteline.ido import INSERT, Change, padded, timestamp
from airbooks.platforms.infor_syteline.spec import BY_INV_NUM, CUST_NUM, DESCRIPTION, INV_NUM
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Document = Invoice | CreditNote
ZERO = Decimal(0)
RATE = Decimal("0.00000001")  # decimals have eight places there
FIRST_CHARGE, FIRST_TAX = 5001, 9001  # DistSeq tells lines, allowances and charges, and taxes apart when they are read back
TYPES = {"invoice": "I", "credit_note": "C"}
BETWEEN = " / "
KEYS = ("CustNum", "InvNum", "InvSeq")
DISTRIBUTION = ("DistSeq", "Acct", "AcctUnit1", "AcctUnit2", "AcctUnit3", "AcctUnit4", "Amount", "TaxSystem", "TaxCode", "TaxBasis")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]+")


class ConflictError(ValueError):
    """Codes of a document that are each known there, and cannot stand together."""


def plain(value: str) -> str:
    """Text without control characters."""
    return _CONTROL.sub(" ", value).strip()


def amount(value: Decimal) -> str:
    return f"{value:f}"


def number_fields(document: Document, settings: Mapping[str, str]) -> dict[str, str]:
    """Our number: the key InvNum where it becomes the invoice's number, and always the reference."""
    own = {"InvNum": padded(document.number, INV_NUM)} if settings.get("number_field", BY_INV_NUM) == BY_INV_NUM else {}
    return {**own, "InvSeq": "0", "Ref": document.number}


def description_parts(document: Document) -> list[str]:
    """What must stand in the description because it has no field of its own."""
    order = document.purchase_order
    found = [order if order.upper().startswith("PO") else f"PO {order}"] if order else []
    if document.ledger_date != document.issue_date:
        found.append(f"issued {document.issue_date}")
    return found


def description(document: Document) -> str:
    """At most 40 characters: purchase order and issue date whole, then what fits of what a credit note is for."""
    corrected = [each.number for each in document.preceding_invoices]
    reason = [document.reason] if isinstance(document, CreditNote) and document.reason else []
    return plain(BETWEEN.join([*description_parts(document), *corrected, *reason]))[:DESCRIPTION].rstrip()


# -- amounts ----------------------------------------------------------------------------------------------------------------------


def freight(document: Document) -> Decimal:
    return sum((line.net_amount for line in document.amount_lines if line.kind is LineKind.FREIGHT), ZERO)


def misc_charges(document: Document) -> Decimal:
    return sum((each.amount for each in document.allowances_charges if each.is_charge), ZERO)


def subtotal_code(document: Document, subtotal: TaxSubtotal) -> str:
    """Our tax code of a subtotal: its own, or the only one that lines of its category and rate bear; empty where none or several do."""
    if subtotal.tax_code:
        return subtotal.tax_code
    bearing: list[Line | AllowanceCharge] = [*document.amount_lines, *document.allowances_charges]
    codes = {each.tax_code for each in bearing if (each.tax_category, each.tax_rate) == (subtotal.category, subtotal.rate)}
    return codes.pop() if len(codes) == 1 else ""


def _taxes(document: Document, refs: References) -> Iterator[tuple[TaxSubtotal, ReferenceItem]]:
    for subtotal in document.tax_breakdown:
        code = subtotal_code(document, subtotal)
        if code:
            yield subtotal, refs.get(ReferenceKind.TAX_CODE, code)


def _tax_fields(document: Document, refs: References) -> dict[str, str]:
    """The sums of both tax systems, and per system the code with the largest tax."""
    fields: dict[str, str] = {}
    for system, code_field, amount_field in (("1", "TaxCode1", "SalesTax"), ("2", "TaxCode2", "SalesTax2")):
        taxes = [(subtotal, entry) for subtotal, entry in _taxes(document, refs) if entry.details.get("tax_system", "1") == system]
        fields[amount_field] = amount(sum((subtotal.tax_amount for subtotal, _ in taxes), ZERO))
        if taxes:
            fields[code_field] = max(taxes, key=lambda pair: pair[0].tax_amount)[1].remote_id
    return fields


# -- dimensions -------------------------------------------------------------------------------------------------------------------


def unit_codes(document: Document, refs: References, line: Line | None = None) -> dict[str, str]:
    """AcctUnit1 to 4 of the head, or of a line, which takes the head's where it has none of its own.

    Raises ReferenceMissing, and ConflictError where two dimensions fall on one unit.
    """
    inherited = unit_codes(document, refs) if line is not None else {}
    own: dict[str, str] = {}
    for code in dimension_codes(document, line):
        entry = refs.get(ReferenceKind.DIMENSION, code)
        name = f"AcctUnit{entry.details['unit']}"
        if own.get(name, entry.remote_id) != entry.remote_id:
            raise ConflictError(f"two dimensions of one line fall on unit code {entry.details['unit']}: {own[name]} and {entry.remote_id}")
        own[name] = entry.remote_id
    return {**inherited, **own}


# -- head -------------------------------------------------------------------------------------------------------------------------


def head_values(document: Document, refs: References, options: Mapping[str, Any], applies_to: str = "") -> dict[str, str]:
    """The properties of an SLArinvs row; `applies_to` is the InvNum of the posted invoice that a credit memo reduces."""
    charges = misc_charges(document)
    values = {
        "CustNum": padded(refs.customer, CUST_NUM),
        **number_fields(document, refs.settings),
        "Type": TYPES[document.kind.value],
        "InvDate": timestamp(document.ledger_date),
        "Description": description(document),
        "Amount": amount(document.net_total - freight(document) - charges),
        "Freight": amount(freight(document)),
        "MiscCharges": amount(charges),
        **_tax_fields(document, refs),
        "IncludeTaxInPrice": "0",
        "Acct": refs.settings["ar_account"],
        **unit_codes(document, refs),
        **_dates_and_terms(document, refs),
        **_rate(document, refs.settings),
    }
    own_number = values.get("InvNum", "") if isinstance(document, Invoice) else ""
    optional = {"ApplyToInvNum": applies_to or own_number, "ApprovalStatus": str(options.get("approval_status", ""))}
    return {**values, **{name: value for name, value in optional.items() if value}}


def _dates_and_terms(document: Document, refs: References) -> dict[str, str]:
    due = {"DueDate": timestamp(document.due_date)} if document.due_date else {}
    terms = {"TermsCode": refs.get(ReferenceKind.TERMS, document.terms.code).remote_id} if document.terms.code else {}
    return {**due, **terms}


def exchange_rate(rate: Decimal, settings: Mapping[str, str]) -> str:
    """A rate as this site keeps it: domestic per foreign, or its inverse where rates are divisors (from memory)."""
    inverse = settings.get("rate_is_divisor", "False").lower() == "true"
    return f"{(1 / rate if inverse else rate).quantize(RATE).normalize():f}"


def _rate(document: Document, settings: Mapping[str, str]) -> dict[str, str]:
    """A given rate is pinned; without one the site's own is used."""
    if document.exchange_rate is None or document.currency == settings.get("home_currency", "USD"):
        return {}
    return {"ExchRate": exchange_rate(document.exchange_rate.rate, settings), "UseExchRate": "1", "FixedRate": "1"}


# -- distributions ----------------------------------------------------------------------------------------------------------------


def distributions(document: Document, refs: References) -> list[dict[str, str]]:
    """The SLArinvds rows of a document without their keys: one per line, allowance, charge and tax code; together the gross total."""
    rows = [_line_row(position, document, line, refs) for position, line in enumerate(document.amount_lines, start=1)]
    for position, each in enumerate(document.allowances_charges, start=FIRST_CHARGE):
        signed = each.amount if each.is_charge else -each.amount
        rows.append(_row(position, _account(each.account_code, refs), signed, unit_codes(document, refs)))
    for position, (subtotal, entry) in enumerate(_taxes(document, refs), start=FIRST_TAX):
        tax = {
            "TaxSystem": entry.details.get("tax_system", "1"),
            "TaxCode": entry.remote_id,
            "TaxBasis": amount(subtotal.taxable_amount),
        }
        rows.append({**_row(position, refs.settings["tax_account"], subtotal.tax_amount, {}), **tax})
    return rows


def _line_row(position: int, document: Document, line: Line, refs: References) -> dict[str, str]:
    return _row(position, _account(line.account_code, refs), line.net_amount, unit_codes(document, refs, line))


def _row(position: int, account: str, value: Decimal, units: Mapping[str, str]) -> dict[str, str]:
    return {"DistSeq": str(position), "Acct": account, **units, "Amount": amount(value)}


def _account(code: str, refs: References) -> str:
    if code:
        return refs.get(ReferenceKind.ACCOUNT, code).remote_id
    if not refs.settings.get("revenue_account"):
        raise ReferenceMissing(ReferenceKind.ACCOUNT, code)
    return refs.settings["revenue_account"]


def insert_head(values: Mapping[str, str]) -> Change:
    return Change(ido="SLArinvs", action=INSERT, values=values)


def insert_distribution(key: Mapping[str, str], row: Mapping[str, str]) -> Change:
    """A distribution of its own request repeats the keys of its document."""
    return Change(ido="SLArinvds", action=INSERT, values={**key, **row})


def nested(head: Change, children: list[Change]) -> Change:
    """Head and distributions as one change: the service saves them in one transaction, the keys come over the links."""
    return Change(ido=head.ido, action=head.action, values=head.values, item_id=head.item_id, children=tuple(children), links=KEYS)


def reversal_values(row: Mapping[str, str], sequence: str, day: str, reason: str) -> dict[str, str]:
    """The credit memo that takes back a posted invoice in full: its number, the next sequence, its amounts and rate."""
    copied = ("CustNum", "InvNum", "Amount", "Freight", "MiscCharges", "SalesTax", "SalesTax2")
    optional = ("TaxCode1", "TaxCode2", "Acct", "AcctUnit1", "AcctUnit2", "AcctUnit3", "AcctUnit4")
    values = {name: row[name] for name in copied} | {name: row[name] for name in optional if row.get(name)}
    pinned = {"ExchRate": row["ExchRate"], "UseExchRate": "1", "FixedRate": "1"} if row.get("ExchRate") else {}
    says = plain(f"Void: {reason}")[:DESCRIPTION].rstrip()
    head = {"InvSeq": sequence, "Type": "C", "InvDate": day, "Ref": f"VOID {row['InvNum'].strip()}", "Description": says}
    return {**values, **pinned, **head, "IncludeTaxInPrice": "0", "ApplyToInvNum": row["InvNum"]}


def reversal_rows(row: Mapping[str, str], settings: Mapping[str, str]) -> list[dict[str, str]]:
    """Its distributions: all sales to the connection's revenue account, the tax to the tax account."""
    net = sum((Decimal(row[name]) for name in ("Amount", "Freight", "MiscCharges")), ZERO)
    rows = [_row(1, settings["revenue_account"], net, {})]
    for position, (system, code, value) in enumerate((("1", "TaxCode1", "SalesTax"), ("2", "TaxCode2", "SalesTax2")), start=FIRST_TAX):
        tax = {"TaxSystem": system, "TaxCode": row.get(code) or "", "TaxBasis": amount(net)}
        if Decimal(row[value]):
            rows.append({**_row(position, settings["tax_account"], Decimal(row[value]), {}), **tax})
    return rows
