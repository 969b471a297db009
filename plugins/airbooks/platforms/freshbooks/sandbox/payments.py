"""Payments: one settles one invoice. What is too much becomes client credit, without a complaint."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.freshbooks.sandbox import sales
from airbooks.platforms.freshbooks.sandbox.account import Account
from airbooks.platforms.freshbooks.sandbox.answers import Row, invalid, required
from airbooks.platforms.freshbooks.sandbox.fields import check_known, day, money, of, shown, whole

TYPES = {
    *("Check", "Credit", "Cash", "Bank Transfer", "Credit Card", "Debit", "PayPal", "2Checkout", "VISA", "MASTERCARD", "DISCOVER"),
    *("AMEX", "DINERS", "JCB", "ACH", "Other"),
}
FIELDS = ("invoiceid", "creditid", "amount", "date", "type", "note", "send_client_notification", "vis_state")


def create(account: Account, sent: Row) -> Row:
    """Date and type are wanted as well as invoice and amount (from memory)."""
    check_known(sent, FIELDS, "payment")
    for field in ("invoiceid", "amount", "date", "type"):
        if sent.get(field) in (None, ""):
            raise required(field, "payment")
    invoice = account.find("invoice", whole(sent["invoiceid"], "invoiceid", "payment"), "invoiceid")
    paid = money(sent["amount"], "amount", "payment", invoice["currency_code"])
    if paid <= 0:
        raise invalid("amount", "amount must be greater than 0", "payment", paid)
    surplus = paid - of(invoice["outstanding"])
    row_id = account.new_id("payment")
    row: Row = {
        "id": row_id,
        "logid": row_id,
        "accounting_systemid": account.id,
        "invoiceid": invoice["id"],
        "clientid": invoice["customerid"],
        "amount": shown(paid, invoice["currency_code"]),
        "date": day(sent["date"], "date", "payment"),
        "type": _type(sent["type"]),
        "note": sent.get("note") or "",
        "gateway": None,
        "transactionid": None,
        "creditid": _credit(account, sent, paid),
        "from_credit": sent.get("creditid") is not None,
        "overpaymentid": _client_credit(account, invoice, surplus) if surplus > 0 else None,
        "bulk_paymentid": None,
        "orderid": None,
        "vis_state": 0,
    }
    row = account.put("payment", row)
    _settle(account, row)
    return row


def update(account: Account, row: Row, sent: Row) -> Row:
    """Only note and visibility change: what was paid is undone by deleting it."""
    check_known(sent, ("note", "vis_state"), "payment")
    changed = {**row, **({"note": sent["note"] or ""} if "note" in sent else {})}
    if "vis_state" in sent:
        changed["vis_state"] = whole(sent["vis_state"], "vis_state", "payment")
    changed = account.put("payment", changed)
    _settle(account, changed)
    return changed


def _type(sent: object) -> str:
    if sent not in TYPES:
        raise invalid("type", "type is not a known payment type", "payment", sent)
    return str(sent)


def _credit(account: Account, sent: Row, paid: Decimal) -> int | None:
    if sent.get("creditid") is None:
        return None
    credit = account.find("credit_note", whole(sent["creditid"], "creditid", "payment"), "creditid")
    if paid > of(credit["amount"]) - of(credit["paid"]):
        raise invalid("amount", "amount is more than the credit", "payment", paid)
    return int(credit["id"])


def _client_credit(account: Account, invoice: Row, surplus: Decimal) -> int:
    currency = invoice["currency_code"]
    line = {"name": "Overpayment", "qty": 1, "unit_cost": shown(surplus, currency)}
    head = {"clientid": invoice["customerid"], "create_date": account.today(), "currency_code": currency, "credit_type": "overpayment"}
    return int(sales.create(account, "credit_note", {**head, "lines": [line]})["id"])


def _settle(account: Account, payment: Row) -> None:
    for kind, field in (("invoice", "invoiceid"), ("credit_note", "creditid")):
        row = account.table(kind).get(str(payment[field]))
        if row is not None:
            account.put(kind, sales.settled(account, kind, row))
