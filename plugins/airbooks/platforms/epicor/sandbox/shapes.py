"""The rows of Epicor's datasets with their defaults: strings are empty and not null, empty dates are null."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.platforms.epicor.sandbox.company import COMPANY
from airbooks.platforms.epicor.sandbox.refusal import rule_broken
from airbooks.sandbox.kit import Row

ZERO = Decimal(0)
HEAD: Row = {
    "Company": COMPANY,
    "InvoiceNum": 0,
    "GroupID": "",
    "InvoiceType": "",
    "CreditMemo": False,
    "Posted": False,
    "OpenInvoice": True,
    "InvoiceHeld": False,
    "SoldToCustID": "",
    "CustNum": 0,
    "InvoiceDate": None,
    "ApplyDate": None,
    "DueDate": None,
    "TermsCode": "",
    "CurrencyCode": "",
    "ExchangeRate": Decimal(1),
    "LockRate": False,
    "RateGrpCode": "MAIN",
    "PONum": "",
    "XRefInvoiceNum": "",
    "ExternalID": "",
    "InvoiceComment": "",
    "TaxRegionCode": "",
    "SalesRepCode1": "",
    "Plant": "",
    "ReadyToCalc": False,
    "InvoiceAmt": ZERO,
    "DocInvoiceAmt": ZERO,
    "TaxAmt": ZERO,
    "DocTaxAmt": ZERO,
    "InvoiceBal": ZERO,
    "DocInvoiceBal": ZERO,
    "UnpostedBal": ZERO,
    "RefCancelled": 0,
    "RefCancelledBy": 0,
    "SysRowID": "00000000-0000-0000-0000-000000000000",
    "SysRevID": 0,
    "RowMod": "",
}
LINE: Row = {
    "Company": COMPANY,
    "InvoiceNum": 0,
    "InvoiceLine": 0,
    "LineType": "PART",
    "PartNum": "",
    "LineDesc": "",
    "SellingShipQty": ZERO,
    "SalesUM": "",
    "DocUnitPrice": ZERO,
    "PricePerCode": "E",
    "DiscountPercent": ZERO,
    "DocDiscount": ZERO,
    "DocExtPrice": ZERO,
    "TaxCatID": "",
    "TaxRegionCode": "",
    "SalesCatID": "",
    "ProdCode": "",
    "ProjectID": "",
    "InvoiceComment": "",
    "UseOTS": False,
    "OTSName": "",
    "OTSAddress1": "",
    "OTSAddress2": "",
    "OTSAddress3": "",
    "OTSCity": "",
    "OTSState": "",
    "OTSZIP": "",
    "OTSCountryNum": 0,
    "SysRowID": "00000000-0000-0000-0000-000000000000",
    "SysRevID": 0,
    "RowMod": "",
}
MISC: Row = {
    "Company": COMPANY,
    "InvoiceNum": 0,
    "InvoiceLine": 0,
    "SeqNum": 0,
    "MiscCode": "",
    "Description": "",
    "DocMiscAmt": ZERO,
    "TaxCatID": "",
    "SysRevID": 0,
    "RowMod": "",
}
ACCOUNT: Row = {
    "Company": COMPANY,
    "InvoiceNum": 0,
    "InvoiceLine": 0,
    "TGLCTranNum": 0,
    "GLAcctContext": "",
    "GLAccount": "",
    "SysRevID": 0,
    "RowMod": "",
}
GROUP: Row = {
    "Company": COMPANY,
    "GroupID": "",
    "InvoiceDate": None,
    "ApplyDate": None,
    "ActiveUserID": "",
    "LockStatus": "",
    "PostErrorLog": "",
    "SysRevID": 0,
    "RowMod": "",
}
CASH_GROUP: Row = {
    "Company": COMPANY,
    "GroupID": "",
    "TranDate": None,
    "BankAcctID": "",
    "PostErrorLog": "",
    "SysRevID": 0,
    "RowMod": "",
}
CASH_HEAD: Row = {
    "Company": COMPANY,
    "GroupID": "",
    "HeadNum": 0,
    "TranType": "",
    "TranDate": None,
    "CustID": "",
    "CustNum": 0,
    "CheckRef": "",
    "ExternalID": "",
    "CurrencyCode": "",
    "DocTranAmt": ZERO,
    "DocAppliedAmt": ZERO,
    "DocUnAppliedAmt": ZERO,
    "BankAcctID": "",
    "PMUID": 0,
    "ReverseRef": 0,
    "Posted": False,
    "SysRowID": "00000000-0000-0000-0000-000000000000",
    "SysRevID": 0,
    "RowMod": "",
}
CASH_LINE: Row = {
    "Company": COMPANY,
    "GroupID": "",
    "HeadNum": 0,
    "InvoiceNum": 0,
    "InvoiceRef": 0,
    "TranType": "PayInv",
    "Posted": False,
    "TranDate": None,
    "ChangeDate": None,
    "CheckRef": "",
    "TranAmt": ZERO,
    "DocTranAmt": ZERO,
    "DocDiscount": ZERO,
    "CurrencyCode": "",
    "CustNum": 0,
    "SysRowID": "00000000-0000-0000-0000-000000000000",
    "SysRevID": 0,
    "RowMod": "",
}
_LENGTHS = {"XRefInvoiceNum": 20, "ExternalID": 20, "GroupID": 9, "PONum": 50, "PartNum": 50, "LineDesc": 1000, "CheckRef": 20}


def row_of(shape: Row, given: Row, table: str) -> Row:
    """A whole row from what the caller holds: unknown fields, wrong kinds and overlong texts are refused."""
    unknown = set(given) - set(shape)
    if unknown:
        name = min(unknown)
        raise rule_broken(f"Column '{name}' does not belong to table {table}.", table, name)
    row = {**shape, **given}
    for name, sample in shape.items():
        row[name] = _fitting(name, row[name], sample, table)
    return row


def _fitting(name: str, value: Any, sample: Any, table: str) -> Any:
    if isinstance(sample, Decimal) and isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if sample is not None and type(value) is not type(sample):
        raise rule_broken(f"{name} has a value of the wrong type.", table, name)
    if isinstance(value, str) and len(value) > _LENGTHS.get(name, 100_000):
        raise rule_broken(f"{name} exceeds its maximum length.", table, name)
    return value
