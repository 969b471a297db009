"""Customer payments: what they settle, what stays as the customer's credit, and what deleting one gives back."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.zoho_books.sandbox.answers import Refusal, Row, invalid
from airbooks.platforms.zoho_books.sandbox.organisation import UNIQUE_FIELD, Organisation
from airbooks.platforms.zoho_books.sandbox.sales import Sales
from airbooks.platforms.zoho_books.sandbox.shapes import PAYMENT, checked
from airbooks.platforms.zoho_books.sandbox.totals import ZERO
from airbooks.sandbox.kit import Table

LISTED = (
    *("payment_id", "payment_number", "date", "payment_mode", "amount", "unused_amount", "account_id", "reference_number"),
    *("customer_id", "currency_code", "created_time", "last_modified_time"),
)


class Payments:
    """The payments of one organisation."""

    def __init__(self, organisation: Organisation, invoices: Sales) -> None:
        self.org, self.invoices = organisation, invoices

    @property
    def rows(self) -> Table:
        return self.org.table("payment")

    def get(self, row_id: str) -> Row:
        return self.org.get("payment", row_id, "Payment")

    def create(self, body: Row) -> Row:
        sent = checked(PAYMENT, body, "customer_id", "payment_mode", "amount", "date")
        customer = self.org.find("contact", sent["customer_id"], "customer_id")
        if "account_id" in sent:
            account = self.org.find("account", sent["account_id"], "account_id")
        else:
            account = self.org.named("account", "account_name", "Undeposited Funds")
        unique = self._unique(sent)
        applied = [self._applied(each, sent) for each in sent.get("invoices", [])]
        if sum((each["amount_applied"] for each in applied), ZERO) > sent["amount"]:
            raise Refusal("The amount applied to the invoices is more than the amount of the payment")
        self._check_balances(applied)
        for each in applied:
            self._settle(each["invoice_id"], each["amount_applied"])
        row = {
            "reference_number": "",
            "description": "",
            "bank_charges": ZERO,
            "exchange_rate": Decimal(1),
            **sent,
            "payment_id": self.org.new_id(),
            "payment_number": str(self.org.store.next_number("payment")),
            "customer_name": customer["contact_name"],
            "currency_code": customer["currency_code"],
            "account_id": account["account_id"],
            "account_name": account["account_name"],
            "invoices": applied,
            "unique": unique,
            "created_time": self.org.now(),
        }
        return self._keep(row)

    def delete(self, row: Row) -> None:
        """The invoices it paid are open again."""
        for each in row["invoices"]:
            self._settle(each["invoice_id"], -each["amount_applied"])
        del self.rows[row["payment_id"]]

    def detach(self, invoice_id: str, invoice_payment_id: str = "") -> None:
        """Take payments off an invoice (all, or one application); their money stays as the customer's credit."""
        for row in list(self.rows.values()):
            gone = [each for each in row["invoices"] if each["invoice_id"] == invoice_id]
            gone = [each for each in gone if invoice_payment_id in ("", each["invoice_payment_id"])]
            for each in gone:
                self._settle(invoice_id, -each["amount_applied"])
            if gone:
                self._keep({**row, "invoices": [each for each in row["invoices"] if each not in gone]})

    def of_invoice(self, invoice_id: str) -> list[Row]:
        names = ("payment_id", "payment_mode", "date", "reference_number", "exchange_rate")
        return [
            {**{name: row[name] for name in names}, "invoice_payment_id": each["invoice_payment_id"], "amount": each["amount_applied"]}
            for row in self.rows.values()
            for each in row["invoices"]
            if each["invoice_id"] == invoice_id
        ]

    def with_value(self, field: str, value: str) -> Row | None:
        if field != UNIQUE_FIELD:
            raise invalid("X-Unique-Identifier-Key")
        return next((row for row in self.rows.values() if row["unique"] == value), None)

    def shown(self, row: Row) -> Row:
        unused = row["amount"] - sum((each["amount_applied"] for each in row["invoices"]), ZERO)
        return {**{name: value for name, value in row.items() if name != "unique"}, "unused_amount": unused}

    def listed(self, row: Row) -> Row:
        """A row of a list: it names the invoices in one text, and neither amounts applied nor the description."""
        shown = self.shown(row)
        numbers = ",".join(each["invoice_number"] for each in row["invoices"])
        more = {"invoice_numbers": numbers, "applied_invoices": [], "payment_type": "Invoice Payment", "payment_status": "paid"}
        return {**{name: shown[name] for name in LISTED}, "bcy_amount": row["amount"] * row["exchange_rate"], **more}

    def _keep(self, row: Row) -> Row:
        row = {**row, "last_modified_time": self.org.now()}
        self.rows[row["payment_id"]] = row
        return row

    def _applied(self, given: Row, sent: Row) -> Row:
        invoice = self.org.table("invoice").get(given.get("invoice_id", ""))
        if invoice is None or invoice["customer_id"] != sent["customer_id"]:
            raise invalid("invoice_id")
        if invoice["state"] != "sent":
            raise Refusal(f"Payments cannot be recorded for {invoice['state']} invoices")
        return {**given, "invoice_payment_id": self.org.new_id(), "invoice_number": invoice["invoice_number"], "tax_amount_withheld": ZERO}

    def _check_balances(self, applied: list[Row]) -> None:
        for invoice_id in {each["invoice_id"] for each in applied}:
            invoice = self.invoices.get(invoice_id)
            asked = sum((each["amount_applied"] for each in applied if each["invoice_id"] == invoice_id), ZERO)
            if asked > invoice["total"] - invoice["applied"]:
                raise Refusal("The amount applied is more than the balance of the invoice")

    def _settle(self, invoice_id: str, amount: Decimal) -> None:
        invoice = self.invoices.get(invoice_id)
        self.invoices.keep({**invoice, "applied": invoice["applied"] + amount})

    def _unique(self, sent: Row) -> str:
        given = [str(each.get("value", "")) for each in sent.get("custom_fields", []) if each.get("api_name") == UNIQUE_FIELD]
        value = given[0] if given else ""
        if value and self.with_value(UNIQUE_FIELD, value) is not None:
            raise Refusal(f"The value {value} of {UNIQUE_FIELD} is used in another payment")
        return value
