"""Invoices (and credit notes, which are invoices below zero) with the payments on them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from airbooks.platforms.kashflow.sandbox import lines as invoice_lines
from airbooks.platforms.kashflow.sandbox.answers import Refusal, Row, invalid, not_found
from airbooks.platforms.kashflow.sandbox.checks import flag, known, moment, number, text, whole
from airbooks.platforms.kashflow.sandbox.customers import ADDRESS, Customers
from airbooks.sandbox.kit import Clock, Store

WRITABLE = (
    "Number",
    "CustomerCode",
    "CustomerReference",
    "IssuedDate",
    "DueDate",
    "PaidDate",
    "Id",
    "CustomerKey",
    "ProjectNumber",
    "Currency",
    "AutomaticCreditControlEnabled",
    "IsCISReverseCharge",
    "Address",
    "UseCustomDeliveryAddress",
    "DeliveryAddress",
    "UpdateCustomerAddress",
    "UpdateCustomerDeliveryAddress",
    "LineItems",
    "PaymentLines",
)
# What answers carry besides; a client that reads, changes and puts back may send it, and it is not heard.
TOLD = (
    "NetAmount",
    "VATAmount",
    "GrossAmount",
    "HomeCurrencyGrossAmount",
    "HomeCurrencyVATAmount",
    "TotalPaidAmount",
    "DueAmount",
    "Status",
    "LastPaymentDate",
    "CustomerId",
    "CustomerName",
    "CustomerDiscount",
    "VATReturnId",
    "CreatedDate",
    "IsArchived",
)
PAYMENT = (
    "Id",
    "Date",
    "Amount",
    "Method",
    "Reference",
    "Note",
    "AccountId",
    "BulkId",
    "BulkPaymentNumber",
    "BankTransactionId",
    "BFSTransactionId",
    "PaymentProcessor",
    "Permalink",
    "VATReturnId",
    "IsPaymentCreditNote",
)
LIST_LACKS = ("PaymentLines", "DeliveryAddress", "LineItems")

Struck = Callable[[str], Row | None]


class Invoices:
    """The company's invoices, each row under its Id; people and clients name them by Number, which is free again after a delete."""

    def __init__(self, store: Store, clock: Clock, customers: Customers, struck: Struck) -> None:
        self.store, self.clock, self.customers, self.struck = store, clock, customers, struck
        self.rows = store.table("invoices")

    # -- reading ----------------------------------------------------------------------------------------------------------

    def get(self, number: int) -> Row:
        row = self._with_number(number)
        if row is None:
            raise not_found(f"Invoice {number} does not exist.")
        return row

    def _with_number(self, number: int) -> Row | None:
        return next(iter(self.rows.where("Number", number)), None)

    def next_number(self) -> int:
        """One above the highest there is: the number of the newest invoice is given again once that one is deleted."""
        return max((int(str(number)) for number in self.rows.index("Number").values()), default=0) + 1

    def listed(self, asked: dict[str, str]) -> list[Row]:
        """Rows of the list; archived ones only when `archived` is true. The search is by part of the reference or the customer's name."""
        sought, code = asked.get("searchtext", "").casefold(), asked.get("customercode", "")
        archived = asked.get("archived", "false").lower() == "true"
        return [
            {name: value for name, value in row.items() if name not in LIST_LACKS} | {"LineItems": None}
            for row in self._containing(sought)
            if (not code or row["CustomerCode"] == code)
            and row["IsArchived"] is archived
            and asked.get("issuedatefrom", "") <= row["IssuedDate"][:10] <= (asked.get("issuedateto") or "9999")
        ]

    def _containing(self, sought: str) -> list[Row]:
        return self.rows.containing("sought", sought, key=lambda row: f"{row['CustomerReference']} {row['CustomerName']}".casefold())

    # -- writing ----------------------------------------------------------------------------------------------------------

    def create(self, body: Any) -> Row:
        asked = known(body, (*WRITABLE, *TOLD), "Invoice")
        if self.struck("invoice_limit"):
            raise Refusal("InvoiceLimitReached", "The invoice limit of your package has been reached.")
        row = {**self._checked(asked), "Number": self._free_number(asked), "Id": self.store.next_number("invoice")}
        row |= {"CreatedDate": f"{self.clock.now():%Y-%m-%d %H:%M:%S} +00:00", "VATReturnId": 0, "IsArchived": False}
        row["PaymentLines"] = self._payments(asked, row)
        invoice_lines.take_stock(row["LineItems"], self.store, 1)
        return self._keep(row)

    def _free_number(self, asked: Row) -> int:
        wanted = whole(asked, "Number")
        if wanted < 0:
            raise invalid("Number must be a positive integer.")
        if not wanted or self._with_number(wanted) is None:
            return wanted or self.next_number()
        if self.struck("renumber_taken"):
            return self.next_number()
        raise Refusal("InvoiceNumberExists", f"Invoice number {wanted} is already in use.")

    def update(self, number: int, body: Any) -> tuple[int, Row]:
        """The whole invoice anew: lines and payments that the body does not carry are gone. 201 where the number changed."""
        asked = known(body, (*WRITABLE, *TOLD), "Invoice")
        before = self.get(number)
        after = {**before, **self._checked(asked), "Number": whole(asked, "Number", number) or number}
        taken = self._with_number(after["Number"])
        if taken is not None and taken["Id"] != before["Id"]:
            raise Refusal("InvoiceNumberExists", f"Invoice number {after['Number']} is already in use.")
        if before["VATReturnId"] and any(before[name] != after[name] for name in ("NetAmount", "VATAmount", "IssuedDate")):
            raise invalid("This invoice is part of a VAT return and is locked.")
        after["PaymentLines"] = self._payments(asked, before)
        invoice_lines.take_stock(before["LineItems"], self.store, -1)
        invoice_lines.take_stock(after["LineItems"], self.store, 1)
        return (200 if after["Number"] == number else 201), self._keep(after)

    def delete(self, number: int) -> None:
        row = self.get(number)
        if row["VATReturnId"]:
            raise invalid("This invoice is part of a VAT return and is locked.")
        if row["PaymentLines"]:
            raise invalid("This invoice has payments and cannot be deleted.")
        self._check_open(row["IssuedDate"])
        invoice_lines.take_stock(row["LineItems"], self.store, -1)
        del self.rows[str(row["Id"])]

    def archive(self, numbers: list[int], archived: bool) -> None:
        for each in numbers:
            row = self.get(each)
            self.rows[str(row["Id"])] = {**row, "IsArchived": archived}

    def file_vat_return(self, number: int) -> None:
        """What happens to an invoice when the company's VAT return is filed."""
        row = self.get(number)
        self.rows[str(row["Id"])] = {**row, "VATReturnId": self.store.next_number("vat_return")}

    def _checked(self, asked: Row) -> Row:
        customer = self._customer(text(asked, "CustomerCode"))
        currency = self._currency(asked.get("Currency") or customer["Currency"])
        rate = currency["ExchangeRate"]
        given = asked.get("LineItems")
        if not isinstance(given, list) or not given:
            raise invalid("LineItems are required.")
        items = [invoice_lines.checked(line, position, self.store, rate) for position, line in enumerate(given, start=1)]
        if self.struck("recompute_vat"):
            items = [
                {**line, "VATAmount": (line["Quantity"] * line["Rate"] * line["VATLevel"] / 100).quantize(Decimal("0.0001"))}
                for line in items
            ]
        discount = customer["DiscountRate"]
        issued = moment(asked, "IssuedDate", f"{self.clock.today()} 00:00:00") or ""
        self._check_open(issued)
        return {
            "CustomerCode": customer["Code"],
            "CustomerId": customer["Id"],
            "CustomerName": customer["Name"],
            "CustomerDiscount": discount,
            "CustomerReference": text(asked, "CustomerReference"),
            "IssuedDate": issued,
            "DueDate": moment(asked, "DueDate", issued),
            "ProjectNumber": invoice_lines.project(asked, self.store),
            "Currency": currency,
            "Address": known(asked.get("Address") or {}, ADDRESS, "Address"),
            "DeliveryAddress": known(asked.get("DeliveryAddress") or {}, (*ADDRESS, "Name"), "DeliveryAddress"),
            **{name: flag(asked, name) for name in ("AutomaticCreditControlEnabled", "IsCISReverseCharge", "UseCustomDeliveryAddress")},
            "LineItems": items,
            **invoice_lines.totals(items, rate, discount if self.struck("apply_customer_discount") else Decimal(0)),
        }

    def _customer(self, code: str) -> Row:
        try:
            return self.customers.get(code)
        except Refusal:
            raise invalid(f"Customer {code} does not exist.") from None

    def _currency(self, given: Any) -> Row:
        """Code and rate (foreign units per pound); no other field is accepted, and no currency outside the account's list."""
        asked = known(given, ("Code", "ExchangeRate"), "Currency")
        listed = self.store.table("currencies").get(text(asked, "Code"))
        if listed is None:
            raise invalid("Currency is not in the account's list.")
        rate = asked.get("ExchangeRate") or listed["ExchangeRate"]
        if Decimal(rate) <= 0:
            raise invalid("ExchangeRate must be positive.")
        return {"Code": listed["Code"], "ExchangeRate": Decimal(rate)}

    def _check_open(self, day: str) -> None:
        lock = self.struck("lock_period")
        if lock is not None and day[:10] <= str(lock["until"]):
            raise invalid(f"Transactions up to {lock['until']} are locked.")

    def _payments(self, asked: Row, row: Row) -> list[Row]:
        """The payments of a body: those that were there keep their Id, the others get one."""
        old = {each["Id"]: each for each in row.get("PaymentLines") or []}
        return [
            old[each["Id"]] if isinstance(each, dict) and each.get("Id") in old else self._payment(each)
            for each in asked.get("PaymentLines") or []
        ]

    def _payment(self, given: Any) -> Row:
        line = known(given, PAYMENT, "PaymentLine")
        method, account = whole(line, "Method"), whole(line, "AccountId")
        if str(method) not in self.store.table("methods"):
            raise invalid(f"Payment method {method} does not exist.")
        if str(account) not in self.store.table("banks"):
            raise invalid(f"Bank account {account} does not exist.")
        day = moment(line, "Date", None)
        if day is None:
            raise invalid("A payment needs a Date.")
        self._check_open(day)
        return {
            "Id": self.store.next_number("payment"),
            "Date": day,
            "Amount": number(line, "Amount"),
            "Method": method,
            "AccountId": account,
            "Reference": text(line, "Reference"),
            "Note": text(line, "Note"),
            "BulkId": 0,
            "BulkPaymentNumber": whole(line, "BulkPaymentNumber"),
        }

    def _keep(self, row: Row) -> Row:
        paid = sum((each["Amount"] for each in row["PaymentLines"]), Decimal("0.0000"))
        due = row["GrossAmount"] - paid
        last = max((each["Date"] for each in row["PaymentLines"]), default=None)
        settled = {"TotalPaidAmount": paid, "DueAmount": due, "Status": "Unpaid" if due else "Paid", "LastPaymentDate": last}
        kept = {**row, **settled, "PaidDate": None if due else last}
        self.rows[str(row["Id"])] = kept
        return kept

    # -- payments of several invoices -------------------------------------------------------------------------------------

    def pay(self, body: Any) -> Row:
        """One receipt over several invoices: all of them or none."""
        asked = known(body, ("Date", "Comment", "AccountId", "Method", "PaymentItems"), "Payment")
        items = [known(each, ("ObjectNumber", "Amount", "PaidDate"), "PaymentItem") for each in asked.get("PaymentItems") or []]
        found = [(self.get(whole(each, "ObjectNumber")), number(each, "Amount")) for each in items]
        bulk = self.store.next_number("bulk")
        shared = {
            "Date": asked.get("Date"),
            "AccountId": asked.get("AccountId"),
            "Method": asked.get("Method"),
            "Note": asked.get("Comment"),
        }
        payments = [self._payment({**shared, "Amount": amount, "BulkPaymentNumber": bulk}) for _, amount in found]
        for (row, _), payment in zip(found, payments, strict=True):
            self._keep({**row, "PaymentLines": [*row["PaymentLines"], payment]})
        return {"Number": bulk, **asked}

    def transactions(self, bank: int, start: str, end: str) -> list[Row]:
        """What went through a bank account on these days, by the date of the payment and not of its entry."""
        return [
            {
                "PaymentId": payment["Id"],
                "Date": payment["Date"],
                "ResourceNumber": row["Number"],
                "CustomerCode": row["CustomerCode"],
                "PaidIn": max(payment["Amount"], Decimal(0)),
                "PaidOut": max(-payment["Amount"], Decimal(0)),
            }
            for row in self.rows.values()
            for payment in row["PaymentLines"]
            if payment["AccountId"] == bank and (start or "0")[:10] <= payment["Date"][:10] <= (end or "9999")[:10]
        ]
