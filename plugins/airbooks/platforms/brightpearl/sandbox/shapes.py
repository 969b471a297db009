"""Orders as they are read: in the words of /order, of /sales-order, and as rows of the searches."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from airbooks.platforms.brightpearl.sandbox.answers import Row, money
from airbooks.platforms.brightpearl.sandbox.bodies import rate_of
from airbooks.platforms.brightpearl.sandbox.company import HOME, Company
from airbooks.platforms.brightpearl.sandbox.search import Search

ZERO = Decimal(0)
TYPE_IDS = {"SO": 1, "PO": 2, "SC": 3, "PC": 4}
ORDER_SEARCH = Search(
    {
        "orderId": "IDSET",
        "orderTypeId": "IDSET",
        "contactId": "INTEGER",
        "orderStatusId": "INTEGER",
        "orderStockStatusId": "INTEGER",
        "createdOn": "PERIOD",
        "createdById": "INTEGER",
        "customerRef": "STRING",
        "orderPaymentStatusId": "INTEGER",
        "updatedOn": "PERIOD",
        "parentOrderId": "IDSET",
        "orderShippingStatusId": "INTEGER",
        "externalRef": "STRING",
        "installedIntegrationInstanceId": "INTEGER",
        "warehouseId": "IDSET",
        "staffOwnerContactId": "INTEGER",
        "taxDate": "PERIOD",
        "departmentId": "INTEGER",
        "deliveryDate": "PERIOD",
    }
)


def net_of(order: Row) -> Decimal:
    return sum((row["net"] for row in order["rows"].values()), ZERO)


def tax_of(order: Row) -> Decimal:
    return sum((row["tax"] for row in order["rows"].values()), ZERO)


def total_of(order: Row) -> Decimal:
    return Decimal(money(net_of(order))) + tax_of(order)


class Shapes:
    """What the account shows of an order; `paid` tells what receipts have brought in on it."""

    def __init__(self, company: Company, paid: Callable[[int], Decimal]) -> None:
        self.company, self.paid = company, paid

    def payment_status(self, order: Row) -> str:
        paid, total = self.paid(order["id"]), total_of(order)
        if not total:
            return "NOT_APPLICABLE"
        if paid <= 0:
            return "UNPAID"
        return "PAID" if paid >= total else "PARTIALLY_PAID"

    def order(self, order: Row) -> Row:
        shown, status = self.company.shown, self.company.table("status")[str(order["status"])]
        header = order["header"]
        return {
            "id": order["id"],
            "parentOrderId": order["parent"],
            "orderTypeCode": order["type"],
            "reference": order["reference"],
            "version": order["version"],
            "state": {"tax": "INVOICED" if order["invoice"] else "READY"},
            "orderStatus": {"orderStatusId": status["id"], "name": status["name"]},
            "tax": {"errors": []},
            "orderPaymentStatus": self.payment_status(order),
            "placedOn": shown(order["placed"]),
            "createdOn": shown(order["created"]),
            "updatedOn": shown(order["updated"]),
            "priceModeCode": order["price_mode"],
            "delivery": {"shippingMethodId": order["shipping_method"], **_given("deliveryDate", shown(order["delivery_date"]))},
            "invoices": [self._invoice(order)],
            "currency": {
                "accountingCurrencyCode": HOME,
                "orderCurrencyCode": order["currency"],
                "exchangeRate": money(order["rate"], 6),
                "fixedExchangeRate": order["fixed"],
            },
            "totalValue": self._totals(order),
            "assignment": {
                "current": {
                    "staffOwnerContactId": header["staffOwnerId"],
                    **{name: header[name] for name in ("projectId", "channelId", "leadSourceId", "teamId")},
                }
            },
            "parties": {
                "customer": {"contactId": order["customer"], **order["addresses"]["customer"]},
                "delivery": dict(order["addresses"]["delivery"]),
                "billing": {"contactId": order["billing"], **order["addresses"]["billing"]},
            },
            "orderRows": {number: self._row(row, order) for number, row in order["rows"].items()},
            "warehouseId": header["warehouseId"],
        }

    def _invoice(self, order: Row) -> Row:
        invoice = order["invoice"]
        if not invoice:
            return {"invoiceReference": ""}
        shown = self.company.shown
        return {"invoiceReference": invoice["number"], "taxDate": shown(invoice["tax_date"]), "dueDate": shown(invoice["due"])}

    def _totals(self, order: Row) -> Row:
        net, tax = Decimal(money(net_of(order))), tax_of(order)
        base_net, base_tax = (Decimal(money(amount / order["rate"])) for amount in (net, tax))
        base = {"baseNet": money(base_net), "baseTaxAmount": money(base_tax), "baseTotal": money(base_net + base_tax)}
        return {"net": money(net), "taxAmount": money(tax), **base, "total": money(net + tax)}

    def _row(self, row: Row, order: Row) -> Row:
        code = order["currency"]
        return {
            "orderRowSequence": str(row["sequence"]),
            "productId": row["product"],
            "productName": row["name"],
            "productSku": row["sku"],
            "quantity": {"magnitude": money(row["quantity"], 4)},
            "rowValue": {
                "taxRate": money(rate_of(self.company, row["tax_code"]), 4),
                "taxCode": row["tax_code"],
                "rowNet": {"currencyCode": code, "value": money(row["net"], 4)},
                "rowTax": {"currencyCode": code, "value": money(row["tax"])},
            },
            "nominalCode": row["nominal"],
        }

    def sales_order(self, order: Row) -> Row:
        """The shape of the POST, with what the account adds to it."""
        totals, shown = self._totals(order), self.company.shown
        return {
            "id": order["id"],
            "customer": {"id": order["customer"], "address": order["addresses"]["customer"]},
            "billing": {"contactId": order["billing"], "address": order["addresses"]["billing"]},
            "ref": order["reference"],
            **_given("externalRef", order["external"]),
            **_given("installedIntegrationInstanceId", order["instance"]),
            "placedOn": shown(order["placed"]),
            "taxDate": shown(order["tax_date"]),
            "statusId": order["status"],
            **order["header"],
            "priceModeCode": order["price_mode"],
            "currency": {"code": order["currency"], "fixedExchangeRate": order["fixed"], "exchangeRate": money(order["rate"], 6)},
            "delivery": {**_given("date", shown(order["delivery_date"])), "address": order["addresses"]["delivery"]},
            "rows": [self._sales_row(number, row) for number, row in order["rows"].items()],
            "total": {
                "net": totals["net"],
                "tax": totals["taxAmount"],
                "gross": totals["total"],
                "baseNet": totals["baseNet"],
                "baseTax": totals["baseTaxAmount"],
                "baseGross": totals["baseTotal"],
            },
            "isCanceled": self.cancelled(order),
            "orderPaymentStatus": self.payment_status(order),
        }

    @staticmethod
    def _sales_row(number: str, row: Row) -> Row:
        return {
            "id": int(number),
            "productId": row["product"],
            "name": row["name"],
            "quantity": money(row["quantity"], 4),
            "taxCode": row["tax_code"],
            "net": money(row["net"], 4),
            "tax": money(row["tax"]),
            "nominalCode": row["nominal"],
            **_given("externalRef", row["external"]),
            "sequence": row["sequence"],
        }

    def cancelled(self, order: Row) -> bool:
        return bool(self.company.table("status")[str(order["status"])]["cancels"])

    def listed(self, order: Row) -> list[Any]:
        """A row of order-search."""
        shown = self.company.shown
        payment = {"UNPAID": 2, "PARTIALLY_PAID": 3, "PAID": 4, "NOT_APPLICABLE": 5}[self.payment_status(order)]
        return [
            *(order["id"], TYPE_IDS[order["type"]], order["customer"], order["status"], 13, shown(order["created"]), 4),
            *(order["reference"], payment, shown(order["updated"]), order["parent"], 1, order["external"], order["instance"]),
            *(order["header"]["warehouseId"], order["header"]["staffOwnerId"], shown(order["tax_date"]), 0, shown(order["delivery_date"])),
        ]


def _given(name: str, value: object) -> Row:
    return {} if value is None else {name: value}
