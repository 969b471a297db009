"""Rows in the shape in which the API reads them back: plain values, and functions for what takes arguments or costs a look-up."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from graphql import GraphQLError

from airbooks.platforms.wave.sandbox.business import Business, exponent
from airbooks.platforms.wave.sandbox.schema import rounded
from airbooks.platforms.wave.sandbox.totals import paid, status
from airbooks.sandbox.kit import Row

LARGEST_PAGE = 200
SYMBOLS = {"USD": "$", "CAD": "$", "AUD": "$", "EUR": "€", "GBP": "£"}
SORT_FIELDS = {
    "CREATED_AT": "createdAt",
    "MODIFIED_AT": "modifiedAt",
    "NAME": "name",
    "INVOICE_DATE": "invoiceDate",
    "INVOICE_NUMBER": "invoiceNumber",
}


def not_found(what: str, row_id: str) -> GraphQLError:
    return GraphQLError(f"{what} '{row_id}' could not be found.", extensions={"code": "NOT_FOUND"})


def page(rows: Iterable[Row], number: int, size: int, shape: Callable[[Row], Row]) -> Row:
    """One page with its page info; a page past the end is empty."""
    if size < 1 or size > LARGEST_PAGE or number < 1:
        raise GraphQLError(f"page and pageSize must be at least 1, pageSize at most {LARGEST_PAGE}.", extensions={"code": "BAD_USER_INPUT"})
    found = list(rows)
    shown = found[(number - 1) * size : number * size]
    info = {"currentPage": number, "totalCount": len(found), "totalPages": -(-len(found) // size)}
    return {"edges": [{"node": shape(row)} for row in shown], "pageInfo": info}


def ordered(rows: Iterable[Row], sorts: list[str]) -> list[Row]:
    """Sorted by each option in turn; equal rows stay in the order of their creation."""
    found = list(rows)
    for option in reversed(sorts):
        field, _, direction = option.rpartition("_")
        found.sort(key=lambda row, name=SORT_FIELDS[field]: row[name], reverse=direction == "DESC")  # type: ignore[misc]
    return found


def changed_between(row: Row, after: datetime | None, before: datetime | None) -> bool:
    return (after is None or row["modifiedAt"] > after) and (before is None or row["modifiedAt"] < before)


def currency(code: str) -> Row:
    return {"code": code, "exponent": exponent(code), "name": code, "symbol": SYMBOLS.get(code, code)}


def money(amount: Decimal, code: str) -> Row:
    """`value` carries thousands separators (from memory); `minorUnitValue` is what to compute with."""
    decimals = exponent(code)
    exact = rounded(amount, decimals)
    minor = exact.scaleb(decimals).quantize(Decimal(1))
    return {"currency": currency(code), "minorUnitValue": minor, "raw": int(minor), "value": f"{exact:,}"}


def address(given: Row | None) -> Row | None:
    if given is None:
        return None
    country, province = given.get("countryCode"), given.get("provinceCode")
    return {
        **{name: given.get(name) for name in ("addressLine1", "addressLine2", "city", "postalCode")},
        "country": {"code": country, "name": country} if country else None,
        "province": {"code": province, "name": province} if province else None,
    }


class Shapes:
    """One business's rows as GraphQL values."""

    def __init__(self, business: Business, web: str) -> None:
        self.business, self.web = business, web

    def account(self, row: Row) -> Row:
        subtype = {"value": row["subtype"], "name": row["subtype"].replace("_", " ").title()}
        return {**row, "currency": currency(row["currency"]), "subtype": subtype}

    def customer(self, row: Row) -> Row:
        shipping = row["shippingDetails"]
        return {
            **row,
            "currency": currency(row["currency"]) if row["currency"] else None,
            "address": address(row["address"]),
            "shippingDetails": {**shipping, "address": address(shipping.get("address"))} if shipping else None,
        }

    def product(self, row: Row) -> Row:
        income = row["incomeAccount"]
        return {
            **row,
            "isSold": bool(income),
            "isBought": False,
            "incomeAccount": self.account(self.business.table("Account")[income]) if income else None,
            "defaultSalesTaxes": [self.tax(self.business.table("SalesTax")[each]) for each in row["defaultSalesTaxes"]],
        }

    def tax(self, row: Row) -> Row:
        def rate(_info: Any, **_of: date) -> Decimal:
            return Decimal(row["rate"])

        return {**row, "rate": rate}

    def invoice(self, row: Row, *, alone: bool = False) -> Row:
        """An invoice; `payments` only where it is read alone, never in a list."""
        business, code = self.business, row["currency"]
        payments = [each for each in business.table("InvoicePayment").values() if each["invoice"] == row["id"]]
        settled = paid(payments)
        amounts = {name: money(row[name], code) for name in ("subtotal", "discountTotal", "taxTotal", "total")}
        return {
            **row,
            **amounts,
            "status": status(row, settled, business.clock.today()),
            "amountPaid": money(settled, code),
            "amountDue": money(row["total"] - settled, code),
            "currency": currency(code),
            "business": lambda _info: {"id": business.id},
            "customer": lambda _info: self.customer(business.table("Customer")[row["customer"]]),
            "discounts": [self._discount(each, row) for each in row["discounts"]],
            "items": [self._item(each, code) for each in row["items"]],
            "payments": [self.payment(each) for each in payments] if alone else None,
            "viewUrl": f"{self.web}/{row['invoiceNumber']}",
            "pdfUrl": f"{self.web}/{row['invoiceNumber']}.pdf",
        }

    def payment(self, row: Row) -> Row:
        business = self.business
        return {
            **row,
            "account": lambda _info: self.account(business.table("Account")[row["account"]]),
            "active": True,
            "amount": f"{rounded(row['amount'], exponent(row['currency']))}",
            "customer": lambda _info: self.customer(business.table("Customer")[row["customer"]]),
            "invoice": lambda _info: self.invoice(business.table("Invoice")[row["invoice"]], alone=True),
            "invoiceCurrency": currency(row["currency"]),
            "state": "SUCCEEDED",
        }

    def _item(self, item: Row, code: str) -> Row:
        business = self.business
        product = business.table("Product")[item["product"]]
        taxes = [
            {"amount": money(amount, code), "salesTax": self.tax(business.table("SalesTax")[tax])}
            for tax, amount in item["taxAmounts"].items()
        ]
        return {
            **item,
            "product": lambda _info: self.product(product),
            "account": lambda _info: self.account(business.table("Account")[product["incomeAccount"]]),
            "subtotal": money(item["subtotal"], code),
            "total": money(item["subtotal"] + sum(item["taxAmounts"].values(), Decimal(0)), code),
            "taxes": taxes,
        }

    def _discount(self, discount: Row, invoice: Row) -> Row:
        kind = "FixedInvoiceDiscount" if discount["discountType"] == "FIXED" else "PercentageInvoiceDiscount"
        times = {name: invoice.get(name) or self.business.now() for name in ("createdAt", "modifiedAt")}
        return {"__typename": kind, "name": None, **discount, **times}
