"""Where a company file lets nothing be deleted: the opposite sale, and the two settled with each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from airbooks.canonical import RemoteDocument
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.myob.client import MyobClient, text
from airbooks.platforms.myob.mapping import Body, filled, moment
from airbooks.platforms.myob.reading import Row, amount, remote_document
from airbooks.platforms.myob.spec import CHANGED_THERE, IS_PAID

_KEPT = ("CustomerPurchaseOrderNumber", "ShipToAddress", "IsTaxInclusive", "Comment")
_LINE_KEPT = ("Type", "Description", "DiscountPercent", "UnitPrice")


def reversal_number(remote_id: str) -> str:
    """The number of a sale's reversal, always the same for the same sale, in the thirteen characters MYOB takes."""
    return f"R{remote_id.replace('-', '')[:12]}".upper()


def reversal_body(row: Row, number: str, on: date, reason: str) -> Body:
    """The same sale with every quantity and amount negated."""
    head = {name: row.get(name) for name in _KEPT}
    return filled(
        {
            **head,
            "Number": number,
            "Date": moment(on),
            "Customer": {"UID": row["Customer"]["UID"]},
            "Terms": {"PaymentIsDue": "CashOnDelivery"},
            "Lines": [_negated(line) for line in row["Lines"]],
            "Freight": -amount(row["Freight"]) if row.get("Freight") else None,
            "FreightTaxCode": {"UID": row["FreightTaxCode"]["UID"]},
            "Category": _link(row.get("Category")),
            "JournalMemo": f"Reversal of {row.get('Number')}; {reason}"[:255],
            "InvoiceDeliveryStatus": "Nothing",
        }
    )


def _negated(line: Row) -> Body:
    body = filled({name: line.get(name) for name in _LINE_KEPT})
    if line["Type"] != "Transaction":
        return {"Type": line["Type"], "Description": line.get("Description") or ""}
    links = {name: _link(line.get(name)) for name in ("Item", "Account", "TaxCode", "Job", "Location")}
    quantity = {"ShipQuantity": -amount(line["ShipQuantity"])} if "ShipQuantity" in line else {}
    return {**body, **quantity, "Total": -amount(line["Total"]), **filled(links)}


def _link(held: Mapping[str, Any] | None) -> Body | None:
    return {"UID": held["UID"]} if held else None


class Reversals:
    """Reverses one sale; what a broken-off try has done already is found by the reversal's number."""

    def __init__(self, client: MyobClient, settings: Mapping[str, str]) -> None:
        self._client, self._settings = client, settings

    def is_reversed(self, row: Row, layout: str) -> bool:
        """Whether the sale and its reversal have settled each other."""
        opposite = self._opposite(row, layout)
        return opposite is not None and not self._read(row).balance and not self._read(opposite).balance

    def reverse(self, row: Row, layout: str, on: date, reason: str) -> str:
        """The number of the reversal of a sale that nothing is applied to. Raises PlatformError."""
        if self._is_settled_in_part(row):
            raise self._client.error(IS_PAID, f"{row['Number']} must be reversed whole, and something is applied to it")
        opposite = self._opposite(row, layout)
        if opposite is None:
            body = reversal_body(row, reversal_number(row["UID"]), on, reason)
            opposite = self._client.understood(self._client.write("POST", f"Sale/Invoice/{layout}", body), dict)
        elif self._is_settled_in_part(opposite) or amount(opposite["TotalAmount"]) != -amount(row["TotalAmount"]):
            message = f"{opposite['Number']}, the reversal of {row['Number']}, was changed or used for something else"
            raise self._client.error(CHANGED_THERE, message)
        number = str(opposite["Number"])
        try:
            self._settle(row, opposite, number, on)
        except PlatformError as error:
            error.message = f"{number} is booked and not settled with {row['Number']}: {error.message}"
            raise
        return number

    def _opposite(self, row: Row, layout: str) -> Row | None:
        return next(self._client.rows(f"Sale/Invoice/{layout}", dict, f"Number eq {text(reversal_number(row['UID']))}"), None)

    def _is_settled_in_part(self, row: Row) -> bool:
        read = self._read(row)
        return read.balance != read.total

    def _settle(self, row: Row, opposite: Row, number: str, on: date) -> None:
        """The negative one of the two is the credit."""
        credit, sale = (opposite, row) if amount(opposite["TotalAmount"]) < 0 else (row, opposite)
        due = -amount(credit["BalanceDueAmount"])
        body = {
            "CreditFromInvoice": {"UID": credit["UID"]},
            "Customer": {"UID": row["Customer"]["UID"]},
            "Number": number,
            "Date": moment(on),
            "CreditAmount": due,
            "Lines": [{"Type": "Invoice", "Sale": {"UID": sale["UID"]}, "AmountApplied": due}],
        }
        self._client.write("POST", "Sale/CreditSettlement", body)

    def _read(self, row: Row) -> RemoteDocument:
        return self._client.sound(lambda: remote_document(row, self._settings))
