"""Payments: one invoice each, within what is due, deleted instead of reversed."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from airbooks.platforms.xero.sandbox.answers import NO_ID, Refused, Row, net_date
from airbooks.platforms.xero.sandbox.documents import INVOICES, Documents
from airbooks.platforms.xero.sandbox.fields import a_date, a_number, folded, rounded
from airbooks.platforms.xero.sandbox.organisation import Organisation

FIELDS = ("PaymentID", "Invoice", "Account", "Date", "Amount", "Reference", "CurrencyRate", "IsReconciled", "Status")


class Payments:
    def __init__(self, organisation: Organisation) -> None:
        self.organisation = organisation
        self.invoices = Documents(organisation, INVOICES)
        self.rows = organisation.payments

    def create(self, raw: Any) -> Row:
        asked = folded(raw, FIELDS)
        invoice = self._invoice(asked.get("Invoice"))
        account = self._account(asked.get("Account"))
        amount = rounded(a_number(asked.get("Amount", 0), "Amount"))
        if invoice["Status"] != "AUTHORISED":
            raise Refused("Payments can only be made against Authorised documents")
        if amount <= 0:
            raise Refused("The payment amount must be greater than zero.")
        if amount > invoice["Total"] - invoice["paid"] - invoice["credited"]:
            raise Refused("Payment amount exceeds the amount outstanding on this document")
        if not asked.get("Date"):
            raise Refused("The Date must be specified.")
        day = a_date(asked["Date"], "Date")
        locked = self.organisation.locked_until()
        if locked is not None and day <= locked:
            raise Refused(f"The document date cannot be before the period lock date {locked:%d %B %Y}")
        row = {
            "PaymentID": str(uuid4()),
            "Date": day,
            "Amount": amount,
            "CurrencyRate": a_number(asked["CurrencyRate"], "CurrencyRate") if asked.get("CurrencyRate") else invoice["CurrencyRate"],
            "Reference": str(asked.get("Reference") or ""),
            "Status": "AUTHORISED",
            "account": account["Code"],
            "invoice": invoice["id"],
            "Updated": self.organisation.clock.now(),
        }
        self.rows[row["PaymentID"]] = row
        self.invoices.settle(invoice, paid=amount)
        return row

    def delete(self, payment_id: str, raw: Any) -> Row:
        """POST /Payments/{id} with Status DELETED: the invoice is open again; there is no way back."""
        row = self.rows[payment_id]
        if folded(raw, FIELDS).get("Status") != "DELETED" or row["Status"] == "DELETED":
            raise Refused("Payment is not of valid status for modification")
        row = {**row, "Status": "DELETED", "Updated": self.organisation.clock.now()}
        self.rows[payment_id] = row
        self.invoices.settle(self.organisation.documents[row["invoice"]], paid=-row["Amount"])
        return row

    def shown(self, row: Row, *, status: str = "") -> Row:
        invoice = self.organisation.documents[row["invoice"]]
        account = self.organisation.accounts[row["account"]]
        contact = self.organisation.contacts[invoice["contact"]]
        return {
            "PaymentID": row["PaymentID"],
            "Date": net_date(row["Date"]),
            "BankAmount": row["Amount"],
            "Amount": row["Amount"],
            "Reference": row["Reference"],
            "CurrencyRate": row["CurrencyRate"],
            "PaymentType": "ACCRECPAYMENT" if invoice["Type"] == "ACCREC" else "ACCPAYPAYMENT",
            "Status": row["Status"],
            "UpdatedDateUTC": net_date(row["Updated"]),
            "HasAccount": True,
            "IsReconciled": False,
            "Account": {"AccountID": account["AccountID"], "Code": account["Code"]},
            "Invoice": {
                "Type": invoice["Type"],
                "InvoiceID": invoice["id"],
                "InvoiceNumber": invoice["number"],
                "CurrencyCode": invoice["CurrencyCode"],
                "Contact": {"ContactID": contact["ContactID"], "Name": contact["Name"]},
            },
            "HasValidationErrors": False,
            **({"StatusAttributeString": status} if status else {}),
        }

    @staticmethod
    def identity(_: Any) -> Row:
        return {"PaymentID": NO_ID}

    def _invoice(self, raw: Any) -> Row:
        asked = folded(raw or {}, ("InvoiceID", "InvoiceNumber"))
        found = self.invoices.find(str(asked.get("InvoiceID") or asked.get("InvoiceNumber") or ""))
        if found is None:
            raise Refused("Invoice could not be found")
        return found

    def _account(self, raw: Any) -> Row:
        asked = folded(raw or {}, ("AccountID", "Code"))
        fitting = (
            row
            for row in self.organisation.accounts.values()
            if row["AccountID"] == asked.get("AccountID") or row["Code"] == asked.get("Code")
        )
        found = next(fitting, None)
        if found is None or not (found["Type"] == "BANK" or found["EnablePaymentsToAccount"]):
            raise Refused("Account could not be found")
        return found
