"""Which properties documents and payments have; unknown ones are refused, known ones that only the server sets are ignored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airbooks.platforms.sap_business_one.sandbox.refusal import bad, unknown_property

HEAD = {
    "CardCode", "DocType", "DocDate", "TaxDate", "DocDueDate", "NumAtCard", "Series", "DocCurrency", "DocRate", "PaymentGroupCode",
    "SalesPersonCode", "ShipToCode", "PayToCode", "Project", "BPL_IDAssignedToInvoice", "DiscountPercent", "Comments", "JournalMemo",
    "AddressExtension", "DocumentLines", "DocumentAdditionalExpenses", "DocObjectCode", "HandWritten", "PriceMode", "Rounding",
}  # fmt: skip
HEAD_READ_ONLY = {
    "DocEntry", "DocNum", "DocTotal", "DocTotalFc", "VatSum", "VatSumFc", "PaidToDate", "PaidToDateFC", "DocumentStatus", "Cancelled",
    "CancelStatus", "TotalDiscount", "TransNum", "UpdateDate", "UpdateTime", "CreationDate", "AuthorizationStatus", "CardName",
    "RoundingDiffAmount",
}  # fmt: skip
LINE = {
    "ItemCode", "ItemDescription", "Quantity", "UnitPrice", "DiscountPercent", "LineTotal", "TaxCode", "VatGroup", "WarehouseCode",
    "CostingCode", "CostingCode2", "CostingCode3", "CostingCode4", "CostingCode5", "ProjectCode", "FreeText", "AccountCode", "BaseType",
    "BaseEntry", "BaseLine", "GrossPrice", "TaxLiable", "SerialNumbers", "BatchNumbers",
}  # fmt: skip
LINE_READ_ONLY = {"LineNum", "Price", "PriceAfterVAT", "GrossTotal", "TaxTotal", "RowTotalFC", "LineStatus", "TaxPercentagePerRow"}
EXPENSE = {"ExpenseCode", "LineTotal", "TaxCode", "VatGroup", "Remarks", "LineNum"}
ADDRESS = {f"{side}To{part}" for side in ("Ship", "Bill") for part in ("Street", "City", "ZipCode", "State", "Country")}
PAYMENT = {
    "DocType", "CardCode", "DocDate", "DocCurrency", "DocRate", "TransferAccount", "TransferSum", "TransferDate", "TransferReference",
    "CounterReference", "Remarks", "JournalRemarks", "PaymentInvoices", "CashAccount", "CashSum", "PaymentChecks", "PaymentCreditCards",
    "BPLID",
}  # fmt: skip
PAYMENT_ROW = {"DocEntry", "InvoiceType", "SumApplied", "AppliedFC", "InstallmentId", "TotalDiscount"}
LENGTHS = {"NumAtCard": 100, "Comments": 254, "JournalMemo": 50, "ItemDescription": 100, "FreeText": 100, "CostingCode": 8}
LENGTHS |= {"ProjectCode": 20, "WarehouseCode": 8, "VatGroup": 8, "ItemCode": 50, "AccountCode": 15, "Remarks": 254, "JournalRemarks": 50}
LENGTHS |= {"CounterReference": 8, "TransferReference": 27, "U_ExtInvNo": 50, "ShipToStreet": 100, "BillToStreet": 100}


def is_document_property(name: str, fields: frozenset[str]) -> bool:
    """Whether documents of a company with these user-defined fields have it."""
    return name in HEAD or name in HEAD_READ_ONLY or name in fields


def require_known(given: Mapping[str, Any], known: set[str] | frozenset[str], kind: str) -> None:
    for name, value in given.items():
        if name not in known:
            raise unknown_property(name, kind)
        if isinstance(value, str) and len(value) > LENGTHS.get(name, 10_000):
            raise bad(f"Value too long in property '{name}' of '{kind}'", -1029)


def require_document(body: Mapping[str, Any], fields: frozenset[str]) -> None:
    """A document's body as the Service Layer takes it."""
    require_known(body, HEAD | HEAD_READ_ONLY | fields, "Document")
    require_known(body.get("AddressExtension") or {}, ADDRESS, "AddressExtension")
    for line in body.get("DocumentLines") or []:
        require_known(line, LINE | LINE_READ_ONLY, "DocumentLine")
    for expense in body.get("DocumentAdditionalExpenses") or []:
        require_known(expense, EXPENSE, "DocumentAdditionalExpense")


def require_payment(body: Mapping[str, Any]) -> None:
    require_known(body, PAYMENT, "Payment")
    for row in body.get("PaymentInvoices") or []:
        require_known(row, PAYMENT_ROW, "PaymentInvoice")
