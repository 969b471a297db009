"""Booking an invoice or a credit memo: references, amounts, numbering, totals and tax, all decided by the server."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from airbooks.platforms.quickbooks.sandbox.answers import Fault, Row, business, required
from airbooks.platforms.quickbooks.sandbox.realm import Realm, cents
from airbooks.platforms.quickbooks.sandbox.taxes import tax_of

# Header properties kept as they were sent; a full update that leaves one out clears it.
KEPT = (
    *("DocNumber", "TxnDate", "DueDate", "ShipDate", "PrivateNote", "CustomerMemo", "BillEmail", "BillEmailCc", "BillEmailBcc", "BillAddr"),
    *("ShipAddr", "ShipFromAddr", "TrackingNum", "CustomField", "ApplyTaxAfterDiscount", "EmailStatus", "PrintStatus", "ShipMethodRef"),
    *("CustomerRef", "CurrencyRef", "SalesTermRef", "DepartmentRef", "ClassRef", "ExchangeRate", "Line", "TxnTaxDetail"),
)


def sale(realm: Realm, entity: str, body: Row, previous: Row | None, *, allow_duplicates: bool, extra_tax: Decimal) -> Row:
    """The row of an invoice or a credit memo, from a checked body; nothing is booked yet."""
    customer = _customer(realm, body)
    currency = _currency(realm, body, customer)
    realm.check_open(body.get("TxnDate", realm.today()), (previous or {}).get("TxnDate"))
    lines = _lines(realm, body)
    discount = _discount(lines)
    tax, tax_detail = tax_of(realm, body, lines, discount)
    tax, tax_detail = tax + extra_tax, {**tax_detail, "TotalTax": tax_detail["TotalTax"] + extra_tax}
    subtotal = sum((line["Amount"] for line in lines if _counts(line)), Decimal(0))
    total = cents(subtotal - discount + tax)
    if total < 0:
        raise business("Transaction amount must be 0 or greater", "TotalAmt")
    rate = realm.rate(currency, body.get("ExchangeRate"))
    balance = _balance(total, previous)
    row = {
        "Id": previous["Id"] if previous else realm.new_id(entity),
        **_header(realm, body, currency),
        "DocNumber": _number(realm, entity, body, previous, allow_duplicates=allow_duplicates),
        "ExchangeRate": rate,
        "Line": [*lines, {"Amount": subtotal, "DetailType": "SubTotalLineDetail", "SubTotalLineDetail": {}}],
        "LinkedTxn": (previous or {}).get("LinkedTxn", []),
        "TxnTaxDetail": tax_detail,
        "TotalAmt": total,
        "HomeTotalAmt": cents(total * rate),
        "Balance": balance,
        "HomeBalance": cents(balance * rate),
    }
    if row["DocNumber"] is None:
        del row["DocNumber"]
    return row | ({"DueDate": _due(realm, row)} if entity == "Invoice" else {"RemainingCredit": balance})


def merged(previous: Row, body: Row) -> Row:
    """A sparse update as the full one it stands for: what is not sent stays, a Line array replaces all lines."""
    kept = {name: previous[name] for name in (*KEPT, "GlobalTaxCalculation") if name in previous}
    kept["Line"] = [line for line in kept["Line"] if line["DetailType"] != "SubTotalLineDetail"]
    kept["TxnTaxDetail"] = {key: value for key, value in kept["TxnTaxDetail"].items() if key == "TxnTaxCodeRef"}
    return kept | body


def voided(row: Row) -> Row:
    """The row after `operation=void`: every amount and quantity zero, number and record stay."""
    zero = Decimal(0)
    lines = [_zeroed(line) for line in row["Line"]]
    note = f"Voided - {row['PrivateNote']}" if row.get("PrivateNote") else "Voided"
    amounts = dict.fromkeys(("TotalAmt", "HomeTotalAmt", "Balance", "HomeBalance"), zero)
    return {**row, **amounts, "Line": lines, "PrivateNote": note, "LinkedTxn": [], "TxnTaxDetail": {"TotalTax": zero}}


def applied_to(row: Row) -> Decimal:
    """What payments have taken off a document: its total less its balance."""
    return Decimal(row["TotalAmt"] - row["Balance"])


def _zeroed(line: Row) -> Row:
    detail = line.get("SalesItemLineDetail")
    zero: Row = {**line, "Amount": Decimal(0)} if "Amount" in line else line
    return zero if detail is None else {**zero, "SalesItemLineDetail": {**detail, "Qty": Decimal(0)}}


def _customer(realm: Realm, body: Row) -> Row:
    if "CustomerRef" not in body:
        raise required("CustomerRef")
    return realm.reference("Customer", body["CustomerRef"], "CustomerRef")


def _currency(realm: Realm, body: Row, customer: Row) -> str:
    currency = str(body.get("CurrencyRef", {}).get("value", realm.home))
    if currency not in realm.settings["rates"]:
        raise Fault("2500", "Invalid Reference Id", f"Invalid Reference Id : CurrencyRef {currency} not found", element="CurrencyRef")
    if currency != customer["CurrencyRef"]["value"]:
        raise business(f"The transaction currency {currency} is not the customer's, {customer['CurrencyRef']['value']}", "CurrencyRef")
    if body.get("ExchangeRate", Decimal(1)) <= 0:
        raise business("The exchange rate must be greater than 0", "ExchangeRate")
    return currency


def _header(realm: Realm, body: Row, currency: str) -> Row:
    if body.get("EmailStatus") == "NeedToSend" and not body.get("BillEmail", {}).get("Address"):
        raise required("BillEmail")
    header: Row = {name: body[name] for name in KEPT if name in body}
    header |= {
        "CustomerRef": realm.named("Customer", body["CustomerRef"], "CustomerRef"),
        "CurrencyRef": realm.named("CompanyCurrency", {"value": currency}, "CurrencyRef"),
        "TxnDate": body.get("TxnDate", realm.today()),
        "EmailStatus": body.get("EmailStatus", "NotSet"),
        "PrintStatus": body.get("PrintStatus", "NotSet"),
        "ApplyTaxAfterDiscount": body.get("ApplyTaxAfterDiscount", False),
        "CustomField": _custom_fields(realm, body),
    }
    for name, entity in (("SalesTermRef", "Term"), ("DepartmentRef", "Department"), ("ClassRef", "Class")):
        if name in body:
            header[name] = realm.named(entity, body[name], name)
    return header if realm.is_us else {**header, "GlobalTaxCalculation": body.get("GlobalTaxCalculation")}


def _custom_fields(realm: Realm, body: Row) -> list[Row]:
    """The defined and switched-on fields; others are dropped without a word (UNVERIFIED)."""
    sent = {field.get("DefinitionId"): field for field in body.get("CustomField", [])}
    defined = realm.settings["custom_fields"]
    return [
        {"DefinitionId": number, "Name": name, "Type": "StringType"}
        | ({"StringValue": sent[number]["StringValue"]} if sent.get(number, {}).get("StringValue") else {})
        for number, name in defined.items()
    ]


def _number(realm: Realm, entity: str, body: Row, previous: Row | None, *, allow_duplicates: bool) -> str | None:
    own_numbers, sent = realm.settings["custom_numbers"], body.get("DocNumber")
    if not own_numbers:
        return previous.get("DocNumber") if previous else _next_number(realm, entity)
    if sent == "AUTO_GENERATE":
        return _next_number(realm, entity)
    if sent and not allow_duplicates and not realm.settings["allow_duplicates"]:
        _check_unused(realm, entity, sent, previous)
    return sent


def _next_number(realm: Realm, entity: str) -> str:
    return str(realm.store.next_number(f"{realm.id}/number/{entity}", first=1001))


def _check_unused(realm: Realm, entity: str, number: str, previous: Row | None) -> None:
    for other in realm.with_value(entity, number):
        if previous is None or other["Id"] != previous["Id"]:
            used = f"DocNumber={number} is assigned to TxnType={entity} with TxnId={other['Id']}"
            detail = f"Duplicate Document Number Error : You must specify a different number. This number has already been used. {used}"
            raise Fault("6140", "Duplicate Document Number Error", detail, element="DocNumber")


def _due(realm: Realm, row: Row) -> str:
    """The due date sent, or the one that the terms give; without terms the date of the document (from memory)."""
    if "DueDate" in row:
        return str(row["DueDate"])
    term = realm.table("Term").get(row.get("SalesTermRef", {}).get("value", ""), {})
    days = timedelta(days=int(term.get("DueDays", 0)))
    return (date.fromisoformat(row["TxnDate"]) + days).isoformat()


def _balance(total: Decimal, previous: Row | None) -> Decimal:
    balance = total - (applied_to(previous) if previous else Decimal(0))
    if balance < 0:
        raise business("The amount applied to this transaction is more than its new total", "TotalAmt")
    return balance


def _counts(line: Row) -> bool:
    """Whether a line's amount is part of the subtotal: a sales line without an item is documentation only."""
    return line["DetailType"] == "SalesItemLineDetail" and "ItemRef" in line["SalesItemLineDetail"]


def _lines(realm: Realm, body: Row) -> list[Row]:
    sent = [line for line in body.get("Line", []) if line.get("DetailType") != "SubTotalLineDetail"]
    if not sent:
        raise required("Line")
    lines = [_line(realm, line) for line in sent]
    taken = {line["Id"] for line in lines if "Id" in line}
    fresh = (str(n) for n in range(1, len(lines) + len(taken) + 1) if str(n) not in taken)
    return [{"Id": line.get("Id") or next(fresh), "LineNum": position, **line} for position, line in enumerate(lines, 1)]


def _line(realm: Realm, line: Row) -> Row:
    line = {key: value for key, value in line.items() if key not in ("LineNum", "LinkedTxn", "CustomField")}
    kind = line.get("DetailType")
    if kind is None:
        raise required("DetailType")
    if kind == "GroupLineDetail":
        raise Fault("2500", "Invalid Reference Id", "Invalid Reference Id : GroupItemRef not found", element="GroupItemRef")
    if kind == "DescriptionOnly":
        return line
    percent = kind == "DiscountLineDetail" and line.get(kind, {}).get("PercentBased")
    if "Amount" not in line and not percent:
        raise required("Amount")
    if kind not in line:
        raise required(kind)
    return _discount_line(realm, line) if kind == "DiscountLineDetail" else _sales_line(realm, line)


def _discount_line(realm: Realm, line: Row) -> Row:
    detail = line["DiscountLineDetail"]
    if "DiscountAccountRef" in detail:
        detail = {**detail, "DiscountAccountRef": realm.named("Account", detail["DiscountAccountRef"], "DiscountAccountRef")}
    if detail.get("PercentBased") and "DiscountPercent" not in detail:
        raise required("DiscountPercent")
    return {**line, "DiscountLineDetail": {"PercentBased": False, **detail}}


def _sales_line(realm: Realm, line: Row) -> Row:
    detail = line["SalesItemLineDetail"]
    quantity, price = detail.get("Qty"), detail.get("UnitPrice")
    if quantity is not None and price is not None and cents(quantity * price) != line["Amount"]:
        raise Fault(
            "6070", "Amount calculation error", f"Amount is not equal to UnitPrice * Qty. Supplied value:{line['Amount']}", element="Amount"
        )
    if line["Amount"] != cents(line["Amount"]):
        raise Fault(
            "6070", "Amount calculation error", f"Amount has more than two decimals. Supplied value:{line['Amount']}", element="Amount"
        )
    named = {
        name: realm.named(entity, detail[name], name) for name, entity in (("ItemRef", "Item"), ("ClassRef", "Class")) if name in detail
    }
    return {**line, "SalesItemLineDetail": {**detail, **named}}


def _discount(lines: list[Row]) -> Decimal:
    """The one document discount; a percentage is turned into its amount here, as the server does."""
    discounts = [line for line in lines if line["DetailType"] == "DiscountLineDetail"]
    if len(discounts) > 1:
        raise business("Only one discount line is allowed", "DiscountLineDetail")
    if not discounts:
        return Decimal(0)
    detail = discounts[0]["DiscountLineDetail"]
    if detail["PercentBased"]:
        subtotal = sum((line["Amount"] for line in lines if _counts(line)), Decimal(0))
        discounts[0]["Amount"] = cents(subtotal * detail["DiscountPercent"] / 100)
    return Decimal(discounts[0]["Amount"])
