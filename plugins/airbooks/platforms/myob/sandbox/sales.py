"""Sale invoices in their layouts: a negative one is a credit, a deleted one is gone, and money applied to one settles it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.myob.sandbox.answers import Row, error, not_here, refused, required
from airbooks.platforms.myob.sandbox.company_file import CompanyFile, new_uid, new_version
from airbooks.platforms.myob.sandbox.fields import cents, choice, day, moment, number, text
from airbooks.platforms.myob.sandbox.lines import ZERO, Lines, split, tax_code
from airbooks.platforms.myob.sandbox.terms import due, terms

LAYOUTS = ("Item", "Service")
NUMBER = 13
DELIVERY = ("Nothing", "Print", "Email", "PrintAndEmail")
READ_ONLY = ("Subtotal", "TotalTax", "TotalAmount", "BalanceDueAmount", "Status")
FIELDS = (
    "UID",
    "Number",
    "Date",
    "CustomerPurchaseOrderNumber",
    "Customer",
    "Status",
    "Lines",
    "TotalAmount",
    "BalanceDueAmount",
    "JournalMemo",
    "LastModified",
    "InvoiceType",
)
INSIDE = ("layout", "paid", "total")
Struck = Callable[[str], Row | None]


class Sales:
    """The sale invoices of one company file. `struck` says whether one of the simulator's own faults strikes now."""

    def __init__(self, company: CompanyFile, struck: Struck) -> None:
        self.company, self.struck = company, struck

    # -- reading ----------------------------------------------------------------------------------------------------

    def one(self, uid: str, layout: str) -> Row:
        row = self.company.invoices.get(uid.lower())
        if row is None or (row["layout"] != layout and self.struck("layout_not_found")):
            raise not_here()
        if row["layout"] != layout:
            raise refused("LayoutTypeMismatch", f"The sale has the layout {row['layout']}", 37004)
        return row

    def shown(self, row: Row) -> Row:
        """What a reader sees of a sale; amounts are the file's, and for a foreign one also its own."""
        lines = [{name: value for name, value in line.items() if name not in {"net", "tax"}} for line in row["Lines"]]
        return {**{name: value for name, value in row.items() if name not in INSIDE}, "Lines": lines}

    def head(self, row: Row) -> Row:
        """An entry of the list of all layouts: no lines."""
        return {**{name: value for name, value in self.shown(row).items() if name != "Lines"}, "InvoiceType": row["layout"]}

    # -- writing ----------------------------------------------------------------------------------------------------

    def created(self, layout: str, body: Any, *, strict: bool) -> tuple[Row, list[Row]]:
        """A new sale and the warnings about it; with `strict` (warningsAsErrors) a warning refuses it."""
        if body.get("UID"):
            raise refused("Conflict", "UID must not be given for a new sale", status=409)
        given = [name for name in ("RowVersion", *READ_ONLY) if name in body]
        if given:
            raise refused("ReadOnlyField", "A new sale must not have these fields", details=", ".join(given))
        row = self._read(layout, body, None)
        warnings = self._warnings(row)
        if warnings and strict:
            raise refused(warnings[0]["Name"], warnings[0]["Message"], warnings[0]["ErrorCode"], severity="Warning")
        self.save(row)
        return row, warnings

    def updated(self, layout: str, uid: str, body: Any) -> Row:
        row = self.one(uid, layout)
        if self.struck("edit_in_between"):
            row = self._edited(row)
        self._check_changeable(row)
        if str(body.get("UID", "")).lower() != row["UID"]:
            raise required("UID")
        if body.get("RowVersion") != row["RowVersion"]:
            raise refused("IncorrectRowVersionSupplied", "The RowVersion is not the current one", 111, status=409)
        changed = self._read(layout, body, row)
        self.save(changed)
        return changed

    def deleted(self, layout: str, uid: str) -> None:
        row = self.one(uid, layout)
        if self.company.settings["must_be_reversed"]:
            raise refused("TransactionsCannotBeDeleted", "Transactions can't be deleted; they must be reversed", 25003)
        self._check_changeable(row)
        if row["paid"]:
            raise refused("InvoicePaid", "Payments have been applied to this sale", 10001)
        del self.company.invoices[row["UID"]]

    def _check_changeable(self, row: Row) -> None:
        if self.struck("read_only"):
            raise refused("ReadOnly", "A foreign currency transaction is read-only in this file", status=405)
        if self.company.settings["must_be_reversed"]:
            raise refused("TransactionsCannotBeChanged", "Transactions can't be changed; they must be reversed")
        self.check_open(day(row, "Date"))

    def check_open(self, date: datetime) -> None:
        if self.company.locked(date):
            message = f"The date {date.date()} is in a locked period"
            raise refused("BusinessEvent_DateOccured_InLockPeriod", message)

    def _edited(self, row: Row) -> Row:
        """What a person changed just before an update came."""
        changed = {**row, "JournalMemo": "Looked at", "RowVersion": new_version()}
        self.company.invoices[row["UID"]] = changed
        return changed

    def apply(self, row: Row, amount: Decimal) -> None:
        """Settle (or, negative, unsettle) a part of a sale, in its own currency."""
        self.save({**row, "paid": row["paid"] + amount})

    def save(self, row: Row) -> None:
        """With everything that follows from the amounts, and a new version."""
        balance = row["total"] - row["paid"]
        status = "Closed" if not balance else "Credit" if balance < 0 else "Open"
        own = {"BalanceDueAmountForeign": balance} if row["ForeignCurrency"] else {}
        local = cents(balance / row["CurrencyExchangeRate"]) if row["ForeignCurrency"] else balance
        self.company.invoices[row["UID"]] = {
            **row,
            "BalanceDueAmount": local,
            **own,
            "Status": status,
            "LastModified": self.company.now(),
            "RowVersion": new_version(),
        }

    # -- one body ---------------------------------------------------------------------------------------------------

    def _read(self, layout: str, body: Any, previous: Row | None) -> Row:
        date = day(body, "Date")
        self.check_open(date)
        customer = self.company.named(self.company.customers, body.get("Customer"), "Customer")
        currency, rate = self._currency(body, customer)
        inclusive = body.get("IsTaxInclusive", True)
        reader = Lines(self.company, layout, foreign=currency is not None, rate=rate, inclusive=inclusive)
        lines = reader.read(body.get("Lines"), previous["Lines"] if previous else [])
        agreed = terms(body["Terms"]) if body.get("Terms") else customer["SellingDetails"]["Terms"]
        head = {
            "UID": previous["UID"] if previous else new_uid(),
            "Number": self._number(body),
            "Date": date.isoformat(),
            "CustomerPurchaseOrderNumber": text(body, "CustomerPurchaseOrderNumber", self.company.settings["purchase_order"]) or None,
            "Customer": self.company.customer_link(customer),
            "PromisedDate": _shown_day(body, "PromisedDate"),
            "ShipToAddress": text(body, "ShipToAddress", 255) or None,
            "Terms": {**agreed, "DueDate": due(date, agreed).isoformat()},
            "IsTaxInclusive": inclusive,
            "Lines": lines,
            "Category": self._category(body),
            "Comment": text(body, "Comment", 255) or None,
            "JournalMemo": text(body, "JournalMemo", 255) or f"Sale; {customer['CompanyName']}",
            "InvoiceDeliveryStatus": choice(body, "InvoiceDeliveryStatus", DELIVERY, "Print"),
            "ForeignCurrency": self.company.currency_link(currency),
            "CurrencyExchangeRate": rate if currency else None,
            "Created": previous["Created"] if previous else self.company.now(),
            "layout": layout,
            "paid": previous["paid"] if previous else ZERO,
        }
        head["URI"] = self.company.uri(f"Sale/Invoice/{layout}/{head['UID']}")
        return {**head, **self._totals(body, head, rate)}

    def _number(self, body: Row) -> str:
        if not body.get("Number"):
            return f"{self.company.store.next_number('sale'):08d}"
        return text(body, "Number", NUMBER)

    def _currency(self, body: Row, customer: Row) -> tuple[Row | None, Decimal]:
        """The card's currency is the sale's; a rate that is not given is the file's own."""
        row = self.company.find(self.company.currencies, body.get("ForeignCurrency"), "ForeignCurrency", needed=False)
        if row is not None and not self.company.settings["multi_currency"]:
            raise refused("MultiCurrencyIsOff", "This company file does not deal in several currencies")
        cards = (customer["ForeignCurrency"] or {}).get("UID")
        if (row["UID"] if row else None) != cards:
            raise required("ForeignCurrency")
        if row is None:
            return None, Decimal(1)
        return row, number(body, "CurrencyExchangeRate", 6, default=row["CurrencyRate"])

    def _category(self, body: Row) -> Row | None:
        tracking = self.company.settings["categories"]
        row = self.company.find(self.company.categories, body.get("Category"), "Category", needed=tracking == "OnAndRequired")
        if row is not None and tracking == "Off":
            raise refused("CategoryTrackingIsOff", "Category tracking is switched off in this company file")
        return self.company.category_link(row)

    def _totals(self, body: Row, head: Row, rate: Decimal) -> Row:
        foreign = head["ForeignCurrency"] is not None
        freight, freight_tax, link = self._freight(body, foreign=foreign, inclusive=head["IsTaxInclusive"])
        net = sum((line["net"] for line in head["Lines"]), ZERO)
        tax = sum((line["tax"] for line in head["Lines"]), ZERO) + freight_tax
        wrong = self.struck("wrong_tax")
        tax += Decimal(str(wrong.get("amount", "0.01"))) if wrong else 0
        own = {"Subtotal": net, "Freight": freight, "TotalTax": tax, "TotalAmount": net + freight + tax}
        shown = {"FreightTaxCode": link, "total": own["TotalAmount"]}
        if not foreign:
            return {**own, **shown}
        return {
            **{name: cents(each / rate) for name, each in own.items()},
            **{f"{name}Foreign": each for name, each in own.items()},
            **shown,
        }

    def _freight(self, body: Row, *, foreign: bool, inclusive: bool) -> tuple[Decimal, Decimal, Row]:
        """Net freight and its tax; its tax code must be named whether there is freight or not."""
        amount = number(body, "FreightForeign" if foreign else "Freight", default=ZERO)
        if not (body.get("FreightTaxCode") or {}).get("UID"):
            raise refused("FreightHasNotBeenSet", "The tax code of the freight is required") if amount else required("FreightTaxCode")
        if amount and self.company.settings["hybrid"]:
            raise refused("FreightNotSupported", "Freight is not supported in this layout: add it as an item")
        code = tax_code(self.company, body["FreightTaxCode"], "FreightTaxCode")
        tax, net = split(amount, code["Rate"], inclusive=inclusive)
        return net, tax, self.company.tax_link(code)

    def _warnings(self, row: Row) -> list[Row]:
        found = []
        if any(each["Number"] == row["Number"] for each in self.company.invoices.values()):
            found.append(error("Duplicate", f"The number {row['Number']} is already used", 200, severity="Warning"))
        if self.struck("credit_limit"):
            found.append(error("CreditLimitExceeded", "The customer's credit limit is exceeded", 25005, severity="Warning"))
        return found


def _shown_day(body: Row, name: str) -> str | None:
    found = moment(body, name, needed=False)
    return found.isoformat() if found else None
