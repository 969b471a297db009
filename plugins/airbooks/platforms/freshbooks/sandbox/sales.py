"""Invoices and credit notes: their lines, their totals, their life."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from airbooks.platforms.freshbooks.sandbox.account import Account
from airbooks.platforms.freshbooks.sandbox.answers import NOT_A_NUMBER, Refused, Row, invalid, required
from airbooks.platforms.freshbooks.sandbox.fields import cents, check_known, day, decimal, money, of, percent, shown, whole

ADDRESS = ("organization", "fname", "lname", "street", "street2", "city", "province", "code", "country", "vat_number")
_TEXTS = (*ADDRESS, "language", "notes", "terms", "template")
ACTIONS = ("action_mark_as_sent", "action_email", "email_recipients", "email_include_pdf")
INVOICE_FIELDS = {
    *_TEXTS,
    *ACTIONS,
    "customerid",
    "create_date",
    "due_offset_days",
    "invoice_number",
    "po_number",
    "currency_code",
    "discount_value",
    "discount_description",
    "deposit_amount",
    "deposit_percentage",
    "presentation",
    "status",
    "vis_state",
    "lines",
}
CREDIT_FIELDS = {*_TEXTS, "clientid", "create_date", "credit_number", "credit_type", "currency_code", "vis_state", "lines"}
LINE_FIELDS = {
    "type",
    "expenseid",
    "lineid",
    "name",
    "description",
    "qty",
    "unit_cost",
    "compounded_tax",
    *(f"tax{part}{place}" for part in ("Name", "Amount", "Number") for place in (1, 2)),
}
NUMBER = {"invoice": "invoice_number", "credit_note": "credit_number"}
OWNER = {"invoice": "customerid", "credit_note": "clientid"}
CREDIT_TYPES = ("goodwill", "prepayment", "overpayment")


def create(account: Account, kind: str, sent: Row) -> Row:
    check_known(sent, INVOICE_FIELDS if kind == "invoice" else CREDIT_FIELDS, kind)
    for field in (OWNER[kind], "create_date"):
        if sent.get(field) in (None, ""):
            raise required(field, kind)
    row_id = account.new_id(kind)
    blank: Row = {
        "id": row_id,
        f"{kind.removesuffix('_note')}id": row_id,
        "accounting_systemid": account.id,
        "vis_state": 0,
        "created_at": account.now(),
        **dict.fromkeys(_TEXTS, ""),
        **(_blank_invoice() if kind == "invoice" else {"credit_type": "goodwill", "display_status": "created"}),
    }
    row = _changed(account, kind, blank, sent)
    _check_number(account, kind, row)
    return account.put(kind, totalled(account, kind, row))


def _blank_invoice() -> Row:
    return {"po_number": "", "due_offset_days": 0, "discount_value": "0", "discount_description": "", "sent_status": "draft", "base": 1}


def update(account: Account, kind: str, row: Row, sent: Row) -> Row:
    """A PUT: the fields sent change, the others stay; `lines` replace all lines (UNVERIFIED)."""
    check_known(sent, INVOICE_FIELDS if kind == "invoice" else CREDIT_FIELDS, kind)
    changed = _changed(account, kind, row, sent)
    deletes = changed["vis_state"] == 1 and row["vis_state"] != 1
    if deletes and of(row["paid"]) and account.struck("payments_block_delete") is not None:
        raise invalid("vis_state", f"{kind} has payments", kind, 1)
    if changed[NUMBER[kind]] != row[NUMBER[kind]]:
        _check_number(account, kind, changed)
    return account.put(kind, totalled(account, kind, _acted(account, changed, sent) if kind == "invoice" else changed))


def _changed(account: Account, kind: str, row: Row, sent: Row) -> Row:
    owner = OWNER[kind]
    row = {**row, **{field: sent[field] or "" for field in (*_TEXTS, "po_number", "discount_description") if field in sent}}
    if owner in sent:
        row[owner] = account.find("client", whole(sent[owner], owner, kind), "userid")["id"]
        row |= {field: row[field] or _billing(account, row[owner]).get(field, "") for field in ADDRESS}
    if "create_date" in sent:
        row["create_date"] = day(sent["create_date"], "create_date", kind)
    row["currency_code"] = sent.get("currency_code") or row.get("currency_code") or _currency(account, row[owner])
    row[NUMBER[kind]] = str(sent.get(NUMBER[kind]) or row.get(NUMBER[kind]) or _next_number(account, kind))
    if "vis_state" in sent:
        row["vis_state"] = whole(sent["vis_state"], "vis_state", kind)
    if "lines" in sent or "lines" not in row:
        row["lines"] = [_line(kind, line, row["currency_code"], place) for place, line in enumerate(sent.get("lines") or [], start=1)]
    return {**row, **(_invoice_terms(sent) if kind == "invoice" else _credit_terms(sent))}


def _invoice_terms(sent: Row) -> Row:
    terms: Row = {}
    if sent.get("due_offset_days") is not None:
        terms["due_offset_days"] = whole(sent["due_offset_days"], "due_offset_days", "invoice")
    if "discount_value" in sent:
        terms["discount_value"] = str(percent(sent["discount_value"], "discount_value", "invoice"))
    return terms


def _credit_terms(sent: Row) -> Row:
    if sent.get("credit_type", "goodwill") not in CREDIT_TYPES:
        raise invalid("credit_type", f"credit_type must be one of {', '.join(CREDIT_TYPES)}", "credit_note", sent["credit_type"])
    return {"credit_type": sent["credit_type"]} if "credit_type" in sent else {}


def _billing(account: Account, client_id: int) -> Row:
    client = account.table("client")[str(client_id)]
    places = {"street": "p_street", "city": "p_city", "province": "p_province", "code": "p_code", "country": "p_country"}
    return {field: client.get(places.get(field, field)) or "" for field in ADDRESS}


def _currency(account: Account, client_id: int) -> str:
    return account.table("client")[str(client_id)].get("currency_code") or account.home


def _line(kind: str, sent: Row, currency: str, place: int) -> Row:
    check_known(sent, LINE_FIELDS, "line")
    if sent.get("type", 0) not in (0, 1):
        raise invalid("type", "type must be 0 or 1", "line", sent["type"])
    quantity = decimal(sent.get("qty", 1), "qty", "line")
    cost = money(sent.get("unit_cost"), "unit_cost", "line", currency)
    if quantity * cost < 0:
        # Whether the vendor takes lines below zero is UNVERIFIED; nobody may rely on it.
        raise invalid("unit_cost", "unit_cost must not be negative", "line", cost)
    taxes: Row = {}
    for n in (1, 2):
        name = sent.get(f"taxName{n}")
        taxes |= {f"taxName{n}": name, f"taxAmount{n}": str(percent(sent.get(f"taxAmount{n}"), f"taxAmount{n}", "line")) if name else "0"}
    return {
        **({"type": sent.get("type", 0)} if kind == "invoice" else {}),
        "lineid": place,
        "name": sent.get("name") or "",
        "description": sent.get("description") or "",
        "qty": f"{quantity:f}",
        "unit_cost": shown(cost, currency),
        "amount": shown(cents(quantity * cost), currency),
        "compounded_tax": bool(sent.get("compounded_tax")),
        **taxes,
    }


# -- numbers --------------------------------------------------------------------------------------------------------------------


def _check_number(account: Account, kind: str, row: Row) -> None:
    """A number of ours that another document has is refused; the vendor's code for that is not documented (UNVERIFIED)."""
    field = NUMBER[kind]
    if account.struck("number_collision"):
        raise Refused(409, 1004, "Number already exists", field=field, kind=kind, value=row[field])
    if account.struck("refuse_number"):
        raise invalid(field, "is not a valid number", kind, row[field])
    keeps = account.struck("deleted_keep_numbers") is not None
    for other in account.with_value(kind, field, row[field]):
        if other["id"] != row["id"] and (keeps or other["vis_state"] != 1):
            raise invalid(field, f"{field} already exists", kind, row[field])


def _next_number(account: Account, kind: str) -> str:
    """The last number plus one: "0005" becomes "0006"."""
    last = next((row[NUMBER[kind]] for row in reversed(list(account.table(kind).values()))), "0000000")
    head, digits = re.fullmatch(r"(.*?)(\d*)", last).groups()  # type: ignore[union-attr]
    return f"{head}{int(digits or 0) + 1:0{len(digits)}d}"


# -- totals and status ----------------------------------------------------------------------------------------------------------


def totalled(account: Account, kind: str, row: Row) -> Row:
    """The row with everything FreshBooks computes: discount before tax, tax on the discounted lines (from memory), what is paid."""
    currency = row["currency_code"]
    lines = row["lines"]
    rate = Decimal(row.get("discount_value") or 0) / 100
    discount = cents(sum((of(line["amount"]) for line in lines), Decimal(0)) * rate)
    net = sum((of(line["amount"]) for line in lines), Decimal(0)) - discount
    tax = _tax(lines, rate, per_line=account.struck("round_tax_per_line") is not None)
    wrong = account.struck("wrong_tax")
    total = net + tax + (Decimal(wrong.get("amount", "0.01")) if wrong is not None else 0)
    sign = 1 if account.struck("positive_discount_total") is not None else -1
    row = {**row, "amount": shown(total, currency), "tax_booked": str(total - net), "discount_total": shown(sign * discount, currency)}
    return settled(account, kind, row)


def _tax(lines: list[Row], discount_rate: Decimal, *, per_line: bool) -> Decimal:
    """Tax per name and percentage, rounded once each; or rounded on every line."""
    sums: dict[Any, Decimal] = defaultdict(Decimal)
    for line in lines:
        base = of(line["amount"]) * (1 - discount_rate)
        first = base * Decimal(line["taxAmount1"]) / 100
        second = (base + (first if line["compounded_tax"] else 0)) * Decimal(line["taxAmount2"]) / 100
        for name, percentage, amount in ((line["taxName1"], line["taxAmount1"], first), (line["taxName2"], line["taxAmount2"], second)):
            sums[(name, percentage, line["lineid"] if per_line else 0)] += amount
    return sum((cents(each) for each in sums.values()), Decimal(0))


def settled(account: Account, kind: str, row: Row) -> Row:
    """What is paid and outstanding, and the statuses that follow."""
    currency, total = row["currency_code"], of(row["amount"])
    field = "invoiceid" if kind == "invoice" else "creditid"
    payments = [each for each in account.with_value("payment", field, row["id"]) if each["vis_state"] == 0]
    received = cents(min(sum((of(each["amount"]) for each in payments), Decimal(0)), total))
    state = "unpaid" if not received else "paid" if received >= total else "partial"
    row = {**row, "paid": shown(received, currency), "payment_status": state}
    if kind == "credit_note":
        return row
    due = date.fromisoformat(row["create_date"]) + timedelta(days=row["due_offset_days"])
    return {
        **row,
        "due_date": due.isoformat(),
        "outstanding": shown(total - received, currency),
        "v3_status": {"paid": "paid", "partial": "partial"}.get(state, row["sent_status"]),
        "display_status": {"paid": "paid", "partial": "outstanding"}.get(state, row["sent_status"]),
        "status": {"paid": 4, "partial": 8}.get(state, row["base"]),
    }


_STATUSES = {0: "disputed", 1: "draft", 2: "sent", 3: "viewed"}


def _acted(account: Account, row: Row, sent: Row) -> Row:
    """Mark as sent, mail, or set one of the four statuses that can be written."""
    if sent.get("action_email"):
        if not sent.get("email_recipients"):
            raise required("email_recipients", "invoice")
        account.table("mail")[f"{row['id']}/{len(account.table('mail'))}"] = {
            "invoice": row["id"],
            "to": sent["email_recipients"],
            "pdf": bool(sent.get("email_include_pdf")),
        }
    if sent.get("action_mark_as_sent") or sent.get("action_email"):
        if account.struck("stays_draft") is not None:
            return row
        return {**row, "base": 2, "sent_status": "sent"}
    if "status" not in sent:
        return row
    status = sent["status"]
    if not isinstance(status, int):
        raise invalid("status", "status must be a number", "invoice", status, NOT_A_NUMBER)
    if status not in _STATUSES:
        raise invalid("status", "Status must be one of 0, 1, 2, 3", "invoice", status)
    return {**row, "base": status, "sent_status": _STATUSES[status]}


def shape(row: Row, *, with_lines: bool) -> Row:
    """The row as it is read back: lines only when they are asked for."""
    hidden = {"base", "sent_status", "tax_booked", *(() if with_lines else ("lines",))}
    return {key: value for key, value in row.items() if key not in hidden}
