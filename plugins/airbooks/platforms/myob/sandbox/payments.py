"""Customer payments, which are made and deleted but never changed, and the settling of a credit with an invoice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.platforms.myob.sandbox.answers import Row, not_here, refused, required
from airbooks.platforms.myob.sandbox.company_file import PAYMENT_METHODS, CompanyFile, new_uid, new_version
from airbooks.platforms.myob.sandbox.fields import choice, day, number, text
from airbooks.platforms.myob.sandbox.lines import ZERO
from airbooks.platforms.myob.sandbox.sales import Sales

FIELDS = ("UID", "ReceiptNumber", "Date", "Customer", "Invoices", "Memo", "LastModified", "AmountReceived", "PaymentMethod")
BANKS = ("Bank", "OtherCurrentAsset", "CreditCard")


class Receipts:
    """The money that came in, and the credits that were used."""

    def __init__(self, company: CompanyFile, sales: Sales) -> None:
        self.company, self.sales = company, sales

    def one(self, uid: str) -> Row:
        row = self.company.payments.get(uid.lower())
        if row is None:
            raise not_here()
        return row

    def created(self, body: Any) -> Row:
        date = day(body, "Date")
        self.sales.check_open(date)
        customer = self.company.named(self.company.customers, body.get("Customer"), "Customer")
        currency = self.company.find(self.company.currencies, body.get("ForeignCurrency"), "ForeignCurrency", needed=False)
        self._check_currency(customer, currency)
        suffix = "Foreign" if currency else ""
        received = number(body, f"AmountReceived{suffix}")
        rate = number(body, "CurrencyExchangeRate", 6, default=currency["CurrencyRate"]) if currency else Decimal(1)
        applied = self._applied(body, customer, f"AmountApplied{suffix}")
        if sum(applied.values(), ZERO) != received or received <= 0:
            raise refused("AmountsDoNotAgree", "The amounts applied are not the amount received")
        row: Row = {
            "UID": new_uid(),
            "DepositTo": choice(body, "DepositTo", ("Account", "UndepositedFunds"), "Account"),
            "Account": self._account(body),
            "Customer": self.company.customer_link(customer),
            "ReceiptNumber": text(body, "ReceiptNumber", 13) or f"CR{self.company.store.next_number('receipt'):06d}",
            "Date": date.isoformat(),
            "AmountReceived": round(received / rate, 2),
            **({"AmountReceivedForeign": received} if currency else {}),
            "PaymentMethod": self._method(body),
            "Memo": text(body, "Memo", 255) or f"Payment; {customer['CompanyName']}",
            "Invoices": self._shown(applied, rate, foreign=currency is not None),
            "ForeignCurrency": self.company.currency_link(currency),
            "CurrencyExchangeRate": rate if currency else None,
            "LastModified": self.company.now(),
            "RowVersion": new_version(),
        }
        row["URI"] = self.company.uri(f"Sale/CustomerPayment/{row['UID']}")
        self._move(applied, 1)
        self.company.payments[row["UID"]] = row
        return row

    def deleted(self, uid: str) -> None:
        row = self.one(uid)
        suffix = "Foreign" if row["ForeignCurrency"] else ""
        self._move({each["UID"]: each[f"AmountApplied{suffix}"] for each in row["Invoices"]}, -1)
        del self.company.payments[row["UID"]]

    def settled(self, body: Any) -> Row:
        """Use a credit on the invoices of the same customer."""
        credit = self.company.named(self.company.invoices, body.get("CreditFromInvoice"), "CreditFromInvoice")
        amount = number(body, "CreditAmount")
        lines = body.get("Lines") or []
        applied = {self._settles(line, credit)["UID"]: number(line, "AmountApplied") for line in lines}
        if sum(applied.values(), ZERO) != amount or amount > -(credit["total"] - credit["paid"]):
            raise refused("AmountsDoNotAgree", "The amounts applied are not the credit's")
        row: Row = {
            "UID": new_uid(),
            "Number": text(body, "Number", 13),
            "Date": day(body, "Date").isoformat(),
            "CreditFromInvoice": {"UID": credit["UID"], "Number": credit["Number"]},
            "CreditAmount": amount,
            "Lines": [{"Type": "Invoice", "Sale": {"UID": uid}, "AmountApplied": part} for uid, part in applied.items()],
        }
        self._move(applied, 1)
        self._move({credit["UID"]: amount}, -1)
        self.company.settlements[row["UID"]] = row
        return row

    def _settles(self, line: Row, credit: Row) -> Row:
        sale = self.company.named(self.company.invoices, line.get("Sale"), "Sale")
        if sale["Customer"]["UID"] != credit["Customer"]["UID"]:
            raise refused("CustomerMismatch", "The credit is another customer's")
        self._check_amount(sale, number(line, "AmountApplied"))
        return sale

    # -- checks -----------------------------------------------------------------------------------------------------

    def _check_currency(self, customer: Row, currency: Row | None) -> None:
        if (customer["ForeignCurrency"] or {}).get("UID") != (currency["UID"] if currency else None):
            raise required("ForeignCurrency")

    def _applied(self, body: Row, customer: Row, field: str) -> dict[str, Decimal]:
        if not body.get("Invoices"):
            raise required("Invoices")
        found: dict[str, Decimal] = {}
        for line in body["Invoices"]:
            choice(line, "Type", ("Invoice", "Order"), "Invoice")
            sale = self.company.named(self.company.invoices, line, "Invoice")
            if sale["Customer"]["UID"] != customer["UID"]:
                raise refused("CustomerMismatch", "The invoice is another customer's")
            amount = number(line, field)
            self._check_amount(sale, amount)
            found[sale["UID"]] = amount
        return found

    @staticmethod
    def _check_amount(sale: Row, amount: Decimal) -> None:
        if amount <= 0 or amount > sale["total"] - sale["paid"]:
            raise refused("AmountAppliedExceedsBalance", "More than the balance due cannot be applied")

    def _account(self, body: Row) -> Row | None:
        if body.get("DepositTo", "Account") != "Account":
            return None
        account = self.company.named(self.company.accounts, body.get("Account"), "Account")
        if account["Type"] not in BANKS:
            raise refused("IncorrectAccountType", f"Money cannot be deposited to account {account['DisplayID']}", 25006)
        return self.company.account_link(account)

    @staticmethod
    def _method(body: Row) -> str | None:
        """What an unknown name does is not known: here it is refused."""
        method = text(body, "PaymentMethod", 255)
        if method and method not in PAYMENT_METHODS:
            raise refused("InvalidPaymentMethod", f"The file has no payment method {method}")
        return method or None

    def _move(self, applied: dict[str, Decimal], sign: int) -> None:
        for uid, amount in applied.items():
            self.sales.apply(self.company.invoices[uid], sign * amount)

    def _shown(self, applied: dict[str, Decimal], rate: Decimal, *, foreign: bool) -> list[Row]:
        return [
            {
                "RowID": place,
                "UID": uid,
                "Number": self.company.invoices[uid]["Number"],
                "AmountApplied": round(amount / rate, 2),
                **({"AmountAppliedForeign": amount} if foreign else {}),
                "Type": "Invoice",
                "URI": self.company.invoices[uid]["URI"],
            }
            for place, (uid, amount) in enumerate(applied.items(), start=1)
        ]
