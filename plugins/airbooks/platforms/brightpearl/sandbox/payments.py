"""Customer payments: one order each, unique by transaction reference and method."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from airbooks.platforms.brightpearl.sandbox import bodies
from airbooks.platforms.brightpearl.sandbox.answers import NOT_FOUND, UNKNOWN_CODE, Refusal, Row, moment, money, number
from airbooks.platforms.brightpearl.sandbox.company import HOME, Company
from airbooks.platforms.brightpearl.sandbox.search import Search, id_set
from airbooks.sandbox.kit import Table

SEARCH = Search(
    {
        "paymentId": "IDSET",
        "transactionRef": "STRING",
        "transactionCode": "STRING",
        "paymentMethodCode": "STRING",
        "paymentType": "STRING",
        "orderId": "IDSET",
        "currencyId": "IDSET",
        "currencyCode": "STRING",
        "amountAuthorized": "STRING",
        "amountPaid": "STRING",
        "expires": "PERIOD",
        "paymentDate": "PERIOD",
        "createdOn": "PERIOD",
        "journalId": "IDSET",
    }
)
FIELDS = {
    *("transactionRef", "transactionCode", "paymentMethodCode", "paymentType", "orderId", "currencyIsoCode", "exchangeRate"),
    *("amountPaid", "paymentDate", "journalRef"),
}
LENGTHS = {"transactionRef": 64, "transactionCode": 64, "paymentMethodCode": 36, "journalRef": 255}
SIGN = {"RECEIPT": 1, "CAPTURE": 1, "PAYMENT": -1, "AUTH": 0, "VOID": 0}


def paid_on(company: Company) -> Callable[[int], Decimal]:
    """What has been received on an order, refunds taken off."""

    def paid(order_id: int) -> Decimal:
        rows = company.table("payment").where("order", order_id)
        return sum((SIGN[row["type"]] * row["amount"] for row in rows), Decimal(0))

    return paid


class Payments:
    """The customer payments of one account."""

    def __init__(self, company: Company) -> None:
        self.company = company

    @property
    def rows(self) -> Table:
        return self.company.table("payment")

    def create(self, body: Row) -> Row:
        bodies.only(body, FIELDS, "payment")
        for field, longest in LENGTHS.items():
            bodies.text(field, body.get(field, ""), longest)
        kind, ref = body.get("paymentType"), body.get("transactionRef", "")
        if kind not in SIGN:
            raise Refusal("paymentType is not known")
        order = self.company.known("order", body.get("orderId"), "orderId")
        method = self.company.known("method", body.get("paymentMethodCode"), "paymentMethodCode")
        currency = self.company.known("currency", body.get("currencyIsoCode", HOME), "currencyIsoCode")
        if currency["code"] not in method["currencies"]:
            raise Refusal(f"Payment method {method['code']} has no account in {currency['code']}")
        if currency["code"] != order["currency"]:
            raise Refusal("The payment is in another currency than the order")
        if any((row["ref"], row["method"]) == (ref, method["code"]) for row in self.rows.values() if ref):
            raise Refusal("transactionRef already exists for this payment method", UNKNOWN_CODE, 409)
        payment_id = self.company.next_id("payment", first=935_253)
        self.rows[str(payment_id)] = {
            "id": payment_id,
            "ref": ref,
            "code": body.get("transactionCode", ""),
            "method": method["code"],
            "type": kind,
            "order": order["id"],
            "currency": currency,
            "amount": number("amountPaid", body.get("amountPaid"), 2),
            "rate": number("exchangeRate", body.get("exchangeRate", "1"), 6),
            "date": moment("paymentDate", body["paymentDate"]) if "paymentDate" in body else self.company.now(),
            "created": self.company.now(),
            "journal": self.company.next_id("journal", first=3_113_824),
            "journal_ref": body.get("journalRef", ""),
        }
        return {"response": payment_id}

    def delete(self, payment_id: str) -> Row:
        """Gone without a trace: no search lists it any more."""
        if payment_id not in self.rows:
            raise Refusal("Payment not found", NOT_FOUND, 404)
        del self.rows[payment_id]
        return {}

    def search(self, asked: dict[str, str]) -> Row:
        return SEARCH.page([self._listed(row) for row in self.rows.values()], asked)

    def _listed(self, row: Row) -> list[Any]:
        shown = self.company.shown
        return [
            *(row["id"], row["ref"], row["code"], row["method"], row["type"], row["order"], row["currency"]["id"], row["currency"]["code"]),
            *("0.00", money(row["amount"]), None, shown(row["date"]), shown(row["created"]), row["journal"]),
        ]

    def totals(self, ids: str) -> Row:
        """GET /sale-payment-total: what is paid on each order that exists."""
        paid, wanted = paid_on(self.company), id_set(ids)
        rows = [row for row in self.company.table("order").values() if row["id"] in wanted]
        return {
            "response": [
                {
                    "orderId": row["id"],
                    "paymentCurrency": row["currency"],
                    "amountPaid": money(paid(row["id"])),
                    "amountAuthorized": "0.00",
                    "amountCaptured": "0.00",
                }
                for row in rows
            ]
        }
