"""What can be asked of a business: one row by id, or a page of a list by the filters that the schema has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from airbooks.platforms.wave.sandbox.business import Business
from airbooks.platforms.wave.sandbox.shapes import Shapes, address, changed_between, currency, not_found, ordered, page
from airbooks.sandbox.kit import Row

Hidden = Callable[[Row], bool]


class BusinessQueries:
    """The fields of `business(id)`. `hidden` says which new invoices a list does not show yet."""

    def __init__(self, business: Business, shapes: Shapes, hidden: Hidden) -> None:
        self.business, self.shapes, self.hidden = business, shapes, hidden

    def fields(self) -> Row:
        settings = self.business.settings
        return {
            **settings,
            "id": self.business.id,
            "currency": currency(settings["currency"]),
            "address": address(settings.get("address")),
            "timezone": "America/Chicago",
            "account": self._one("Account", self.shapes.account),
            "customer": self._one("Customer", self.shapes.customer),
            "product": self._one("Product", self.shapes.product),
            "salesTax": self._one("SalesTax", self.shapes.tax),
            "invoice": self._one("Invoice", lambda row: self.shapes.invoice(row, alone=True)),
            "invoicePayment": self._one("InvoicePayment", self.shapes.payment),
            "accounts": self.accounts,
            "customers": self.customers,
            "products": self.products,
            "salesTaxes": self.sales_taxes,
            "invoices": self.invoices,
        }

    def _one(self, kind: str, shape: Callable[[Row], Row]) -> Callable[..., Row]:
        def read(_info: Any, id: str) -> Row:  # noqa: A002 the schema's name
            row = self.business.table(kind).get(id)
            if row is None:
                raise not_found(kind, id)
            return shape(row)

        return read

    def accounts(self, _info: Any, **asked: Any) -> Row:
        wanted = asked.get("subtypes")
        rows = [row for row in self._rows("Account", asked) if wanted is None or row["subtype"] in wanted]
        return page(rows, asked["page"], asked["pageSize"], self.shapes.account)

    def customers(self, _info: Any, **asked: Any) -> Row:
        email = asked.get("email")
        rows = [row for row in self._rows("Customer", asked) if email is None or _mail_matches(row["email"], email)]
        return page(ordered(rows, asked["sort"]), asked["page"], asked["pageSize"], self.shapes.customer)

    def products(self, _info: Any, **asked: Any) -> Row:
        sold = asked.get("isSold")
        rows = [row for row in self._rows("Product", asked) if sold is None or bool(row["incomeAccount"]) is sold]
        return page(ordered(rows, asked["sort"]), asked["page"], asked["pageSize"], self.shapes.product)

    def sales_taxes(self, _info: Any, **asked: Any) -> Row:
        return page(self._rows("SalesTax", asked), asked["page"], asked["pageSize"], self.shapes.tax)

    def invoices(self, _info: Any, **asked: Any) -> Row:
        """`invoiceNumber` means "contains"."""
        numbered = self.business.table("Invoice").containing("invoiceNumber", asked.get("invoiceNumber") or "")
        rows = [row for row in _asked(numbered, asked) if _invoice_matches(row, asked) and not self.hidden(row)]
        shown = [row for row in rows if self._status_matches(row, asked.get("status"))]
        return page(ordered(shown, asked["sort"]), asked["page"], asked["pageSize"], self.shapes.invoice)

    def _status_matches(self, row: Row, wanted: str | None) -> bool:
        return wanted is None or bool(self.shapes.invoice(row)["status"] == wanted)

    def _rows(self, kind: str, asked: Row) -> Iterator[Row]:
        return _asked(self.business.table(kind).values(), asked)


def _asked(rows: Iterable[Row], asked: Row) -> Iterator[Row]:
    """The rows that fit what every list can be asked."""
    archived = asked.get("isArchived")
    for row in rows:
        if archived is not None and row.get("isArchived", False) is not archived:
            continue
        if changed_between(row, asked.get("modifiedAtAfter"), asked.get("modifiedAtBefore")):
            yield row


def _mail_matches(stored: str | None, asked: str) -> bool:
    """Looser than equal, as the vendor's filter may be: the caller has to compare."""
    return stored is not None and asked.casefold() in stored.casefold()


def _invoice_matches(row: Row, asked: Row) -> bool:
    start, end = asked.get("invoiceDateStart"), asked.get("invoiceDateEnd")
    return (
        asked.get("customerId") in (None, row["customer"])
        and asked.get("currency") in (None, row["currency"])
        and (start is None or row["invoiceDate"] >= start)
        and (end is None or row["invoiceDate"] <= end)
    )
