"""Customer payments: money received, applied to invoices, topped up by credit memos; what it does to the documents it touches."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from airbooks.platforms.quickbooks.sandbox.answers import Fault, Row, business, required
from airbooks.platforms.quickbooks.sandbox.realm import Realm, cents

APPLICABLE = ("Invoice", "CreditMemo")
Applied = dict[tuple[str, str], Decimal]

_NOTHING: Applied = {}


def payment(realm: Realm, body: Row, previous: Row | None) -> Row:
    """The row of a payment from a checked body; nothing is booked yet."""
    for name in ("CustomerRef", "TotalAmt"):
        if name not in body:
            raise required(name)
    customer = realm.reference("Customer", body["CustomerRef"], "CustomerRef")
    currency = body.get("CurrencyRef", {}).get("value", customer["CurrencyRef"]["value"])
    if currency != customer["CurrencyRef"]["value"]:
        raise business(f"The payment currency {currency} is not the customer's", "CurrencyRef")
    realm.check_open(body.get("TxnDate", realm.today()), (previous or {}).get("TxnDate"))
    total = cents(body["TotalAmt"])
    if total < 0:
        raise business("Transaction amount must be 0 or greater", "TotalAmt")
    lines = [_line(realm, customer, line) for line in body.get("Line", [])]
    row: Row = {
        "Id": previous["Id"] if previous else realm.new_id("Payment"),
        **{name: body[name] for name in ("PaymentRefNum", "PrivateNote") if name in body},
        "CustomerRef": realm.named("Customer", body["CustomerRef"], "CustomerRef"),
        "CurrencyRef": realm.named("CompanyCurrency", {"value": currency}, "CurrencyRef"),
        "ExchangeRate": realm.rate(currency, body.get("ExchangeRate")),
        "TxnDate": body.get("TxnDate", realm.today()),
        "TotalAmt": total,
        "DepositToAccountRef": {"value": _deposit_account(realm, body)},
        "Line": lines,
        "ProcessPayment": False,
    }
    if "PaymentMethodRef" in body:
        row["PaymentMethodRef"] = realm.named("PaymentMethod", body["PaymentMethodRef"], "PaymentMethodRef")
    _check_balances(realm, applied(row), applied(previous) if previous else _NOTHING)
    row["UnappliedAmt"] = _unapplied(row)
    return row


def applied(row: Row) -> Applied:
    """What a payment takes off each document, by (type, id)."""
    amounts: Applied = defaultdict(Decimal)
    for line in row["Line"]:
        for link in line["LinkedTxn"]:
            amounts[link["TxnType"], link["TxnId"]] += line["Amount"]
    return amounts


def settle(realm: Realm, payment_id: str, old: Applied, new: Applied) -> None:
    """Move the balances of every document that a payment touches or no longer touches; each gets a new SyncToken."""
    for entity, row_id in sorted({*old, *new}):
        before, after = old.get((entity, row_id), Decimal(0)), new.get((entity, row_id), Decimal(0))
        document = realm.table(entity).get(row_id)
        if document is None or before == after:
            continue
        links = [link for link in document["LinkedTxn"] if link["TxnId"] != payment_id]
        if after:
            links.append({"TxnId": payment_id, "TxnType": "Payment"})
        balance = document["Balance"] + before - after
        changed = {**document, "LinkedTxn": links, "Balance": balance, "HomeBalance": cents(balance * document["ExchangeRate"])}
        if entity == "CreditMemo":
            changed["RemainingCredit"] = balance
        realm.put(entity, changed, document)


def voided_payment(row: Row) -> Row:
    note = f"Voided - {row['PrivateNote']}" if row.get("PrivateNote") else "Voided"
    return {**row, "Line": [], "TotalAmt": Decimal(0), "UnappliedAmt": Decimal(0), "PrivateNote": note}


def without_document(row: Row, entity: str, row_id: str) -> Row:
    """The payment after a document it paid was voided or deleted: the amount becomes unapplied credit (from memory)."""
    gone = {"TxnId": row_id, "TxnType": entity}
    lines = [line for line in row["Line"] if not any({"TxnId": x["TxnId"], "TxnType": x["TxnType"]} == gone for x in line["LinkedTxn"])]
    changed = {**row, "Line": lines}
    return {**changed, "UnappliedAmt": max(_unapplied_of(changed), Decimal(0))}


def _line(realm: Realm, customer: Row, line: Row) -> Row:
    if "Amount" not in line:
        raise required("Amount")
    if line["Amount"] <= 0:
        raise business("The amount of a payment line must be greater than 0", "Amount")
    for link in line.get("LinkedTxn", []):
        _check_link(realm, customer, link)
    return {"Amount": cents(line["Amount"]), "LinkedTxn": line.get("LinkedTxn", [])}


def _check_link(realm: Realm, customer: Row, link: Row) -> None:
    entity, row_id = link.get("TxnType", ""), link.get("TxnId", "")
    document = realm.table(entity).get(row_id) if entity in APPLICABLE else None
    if document is None or document.get("PrivateNote", "").startswith("Voided"):
        raise Fault("620", "Transaction Not Found", f"Invalid or unusable linked transaction : {entity} {row_id}", element="LinkedTxn")
    if document["CustomerRef"]["value"] != customer["Id"]:
        raise business(f"The linked {entity} {row_id} belongs to another customer", "LinkedTxn")


def _check_balances(realm: Realm, new: Applied, old: Applied) -> None:
    for (entity, row_id), amount in new.items():
        balance = realm.table(entity)[row_id]["Balance"] + old.get((entity, row_id), Decimal(0))
        if amount > balance:
            raise business(f"You can't apply {amount} to {entity} {row_id}, its open balance is {balance}", "Amount")


def _unapplied_of(row: Row) -> Decimal:
    amounts = applied(row)
    invoices = sum((amount for (entity, _), amount in amounts.items() if entity == "Invoice"), Decimal(0))
    credits_used = sum((amount for (entity, _), amount in amounts.items() if entity == "CreditMemo"), Decimal(0))
    return Decimal(row["TotalAmt"] + credits_used - invoices)


def _unapplied(row: Row) -> Decimal:
    rest = _unapplied_of(row)
    if rest < 0:
        raise business("The amount applied is more than the payment and the credits", "TotalAmt")
    return rest


def _deposit_account(realm: Realm, body: Row) -> str:
    """The account named, else Undeposited Funds."""
    if "DepositToAccountRef" in body:
        return str(realm.reference("Account", body["DepositToAccountRef"], "DepositToAccountRef")["Id"])
    return str(realm.settings["undeposited_funds"])
