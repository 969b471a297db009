"""Where a company file lets nothing be deleted: the opposite sale, and the two settled with each other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from airbooks.canonical import RemoteDocument
from airbooks.platforms.myob.client import MyobClient, text
from airbooks.platforms.myob.mapping import Body, filled, moment
from airbooks.platforms.myob.pricing import ZERO
from airbooks.platforms.myob.reading import Row, amount, remote_document

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
    total = amount(line["Total"])
    return {**body, **quantity, "Total": -total if total else ZERO, **filled(links)}


def _link(held: Mapping[str, Any] | None) -> Body | None:
    return {"UID": held["UID"]} if held else None


class Reversals:
    """Reverses one sale; what a broken-off try has done already is found by the reversal's number."""

    def __init__(self, client: MyobClient, settings: Mapping[str, str]) -> None:
        self._client, self._settings = client, settings

    def reverse(self, row: Row, layout: str, on: date, reason: str) -> tuple[str, bool]:
        """The reversal's number, and whether everything had been done before."""
        number = reversal_number(row["UID"])
        resource = f"Sale/Invoice/{layout}"
        opposite = next(self._client.rows(resource, dict, f"Number eq {text(number)}"), None)
        if opposite is None:
            reply = self._client.write("POST", resource, reversal_body(row, number, on, reason))
            opposite = self._client.understood(reply, dict)
        elif not self._read(opposite).balance:
            return number, True
        self._settle(row, opposite, number, on)
        return number, False

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
        return remote_document(row, self._settings)
