"""Customers: PUT inserts or changes; ids are kept in capitals."""

from __future__ import annotations

from copy import deepcopy

from airbooks.platforms.acumatica.sandbox.answers import Invalid, Row
from airbooks.platforms.acumatica.sandbox.company import Company, Errors

LONGEST = {"CustomerID": 30, "CustomerName": 255, "AccountRef": 50}


def save(company: Company, found: Row | None, sent: Row) -> Row:
    """Raises Invalid."""
    row: Row = deepcopy(found) if found is not None else {"Status": "Active", "CustomerClass": "DEFAULT", "Terms": "30D"}
    for name, value in sent.items():
        if name not in ("id", "delete", "CustomerID", "Status"):
            row[name] = {**(row.get(name) or {}), **value} if isinstance(value, dict) else value
    errors: Errors = [
        ((name,), f"The text is longer than {most} characters.") for name, most in LONGEST.items() if len(sent.get(name) or "") > most
    ]
    if not row.get("CustomerName"):
        errors.append((("CustomerName",), "'Customer Name' cannot be empty."))
    row["CurrencyID"] = row.get("CurrencyID") or company.currency
    company.check(errors, ("CurrencyID",), "Currency", row["CurrencyID"], "Currency")
    company.check(errors, ("CustomerClass",), "$classes", row["CustomerClass"], "Customer Class")
    if found is None:
        row["CustomerID"] = _new_id(company, sent, errors)
    if errors:
        raise Invalid(errors)
    return company.put("Customer", company.touched(row))


def _new_id(company: Company, sent: Row, errors: Errors) -> str:
    """Given by hand, or by the numbering sequence where that is automatic (the fault `auto_numbering`)."""
    if company.struck("auto_numbering") is not None:
        if sent.get("CustomerID"):
            errors.append((("CustomerID",), "Customer ids are given by the numbering sequence."))
        return company.next_number("C")
    if not sent.get("CustomerID"):
        errors.append((("CustomerID",), "'Customer ID' cannot be empty."))
    return str(sent.get("CustomerID") or "").strip().upper()
