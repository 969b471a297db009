"""One line of a document: an item or an account, its amount, its tax."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.reckon_one.sandbox.answers import Row, invalid
from airbooks.platforms.reckon_one.sandbox.book import Book, reference_to
from airbooks.platforms.reckon_one.sandbox.fields import cents, check_known, decimal, required, text

FIELDS = {"lineNumber", "itemDetails", "accountDetails", "description", "taxRate", "taxAmount", "project"}
ITEM, DISCOUNTS, ACCOUNT = {"item", "price", "quantity"}, {"discountAmount", "discountPercent"}, {"ledgerAccount", "quantity", "amount"}


def line_of(book: Book, kind: str, place: int, sent: Row, status: str) -> Row:
    """The line in the shape in which it is read back, with `amount` and `rate` that stay inside."""
    at = f"lineItems[{place}]."
    service_date = {"serviceDate"} if kind == "invoices" and book.settings("invoice")["serviceDateOnInvoice"] else set()
    check_known(sent, FIELDS | service_date, ("taxIsModified",), at)
    if not isinstance(required(sent, "lineNumber", at), int):
        raise invalid(f"{at}lineNumber", "The value is not an integer.")
    if bool(sent.get("itemDetails")) == bool(sent.get("accountDetails")):
        raise invalid(f"{at}itemDetails", "Either itemDetails or accountDetails must be given, and not both.")
    row = _item(book, kind, sent["itemDetails"], at) if sent.get("itemDetails") else _account(book, sent["accountDetails"], at)
    if row["amount"] < 0:
        raise invalid(f"{at}amount", "The amount must not be negative.")  # UNVERIFIED; nobody may rely on it
    project = book.named("projects", sent["project"], f"{at}project") if sent.get("project") else None
    return {
        "lineNumber": sent["lineNumber"],
        "lineId": book.new_id(),
        "project": reference_to(project),
        "description": text(sent.get("description"), f"{at}description"),
        **row,
        **_tax(book, place, sent, row["amount"], status),
    }


def _item(book: Book, kind: str, sent: Row, at: str) -> Row:
    """Only lines of invoices have discounts."""
    at = f"{at}itemDetails."
    check_known(sent, ITEM | DISCOUNTS if kind == "invoices" else ITEM, location=at)
    item = book.named("items", required(sent, "item", at), f"{at}item")
    price = decimal(sent.get("price", item["sale"]["price"]), f"{at}price")
    if price != round(price, 8):
        raise invalid(f"{at}price", "The price has more than 8 decimals.")
    quantity = decimal(sent.get("quantity", 1), f"{at}quantity")
    if quantity != round(quantity, 4):  # UNVERIFIED
        raise invalid(f"{at}quantity", "The quantity has more than 4 decimals.")
    details = {"item": reference_to(item), "price": price, "quantity": quantity}
    discount, percent = (
        decimal(sent.get("discountAmount", 0), f"{at}discountAmount"),
        decimal(sent.get("discountPercent", 0), f"{at}discountPercent"),
    )
    if kind == "invoices":
        details |= {"discountAmount": discount, "discountPercent": percent}
    return {"itemDetails": details, "amount": cents(quantity * price) - (discount or cents(quantity * price * percent / 100))}


def _account(book: Book, sent: Row, at: str) -> Row:
    at = f"{at}accountDetails."
    check_known(sent, ACCOUNT, location=at)
    account = book.named("ledgeraccounts", required(sent, "ledgerAccount", at), f"{at}ledgerAccount")
    quantity, amount = decimal(sent.get("quantity", 1), f"{at}quantity"), decimal(sent.get("amount", 0), f"{at}amount")
    details = {"ledgerAccount": reference_to(account), "quantity": quantity, "amount": amount}
    return {"accountDetails": details, "amount": cents(quantity * amount)}


def _tax(book: Book, place: int, sent: Row, amount: Decimal, status: str) -> Row:
    """A tax amount that is given must agree with the rate, unless the book lets it be edited."""
    at = f"lineItems[{place}]."
    rate_row = book.named("taxrates", sent["taxRate"], f"{at}taxRate") if sent.get("taxRate") else None
    if rate_row is not None and not rate_row["useOnSales"]:
        raise invalid(f"{at}taxRate", f"'{rate_row['name']}' is not used on sales.")
    rate = rate_row["rate"] if rate_row is not None and status != "NonTaxed" else Decimal(0)
    computed = cents(amount * rate / 100) if status != "Inclusive" else cents(amount - amount / (1 + rate / 100))
    given = decimal(sent["taxAmount"], f"{at}taxAmount") if sent.get("taxAmount") is not None else computed
    if given != computed and not book.settings("tax")["taxAmountEditable"]:
        raise invalid(f"{at}taxAmount", f"Tax for line {sent['lineNumber']} is incorrect")
    return {"taxRate": reference_to(rate_row), "taxAmount": given, "taxIsModified": given != computed, "rate": rate}
