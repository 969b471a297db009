"""Erp.BO.CashGrpSvc, CashRecSvc and Erp.PROC.CashRecPostSvc: receipts entered in cash groups, posted, reversed."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

from airbooks.platforms.epicor.sandbox.company import Company, cents, day_of, moment, row_id
from airbooks.platforms.epicor.sandbox.refusal import duplicate, not_found, rule_broken
from airbooks.platforms.epicor.sandbox.shapes import CASH_GROUP, CASH_HEAD, CASH_LINE, row_of
from airbooks.platforms.epicor.sandbox.totals import to_base
from airbooks.sandbox.kit import Row

ZERO = Decimal(0)
PARAMETERS: Row = {"GroupID": "", "TaskNote": "", "RowMod": ""}


def _answer(ds: Row, **more: Any) -> Row:
    return {"parameters": {"ds": ds, **more}}


def _changed(ds: Row, table: str) -> Row:
    found: Row | None = next((row for row in ds.get(table, []) if row.get("RowMod") in {"A", "U"}), None)
    if found is None:
        raise rule_broken(f"The dataset has no changed {table}.", table, "RowMod")
    return found


class Cash:
    """Cash groups, receipts and what they settle."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.groups, self.heads, self.lines = (company.table(name) for name in ("CashGrp", "CashHead", "CashDtl"))

    # -- groups ---------------------------------------------------------------------------------------------------------------

    def get_new_group(self, ds: Row) -> Row:
        ds.setdefault("CashGrp", []).append({**CASH_GROUP, "TranDate": moment(self.company.today()), "RowMod": "A"})
        return _answer(ds)

    def update_group(self, ds: Row) -> Row:
        for given in ds.get("CashGrp", []):
            if given.get("RowMod") == "A":
                self._add_group(row_of(CASH_GROUP, given, "CashGrp"))
        return _answer(deepcopy({"CashGrp": list(self.groups.values())}))

    def _add_group(self, row: Row) -> None:
        if not row["GroupID"]:
            raise rule_broken("Group ID is required.", "CashGrp", "GroupID")
        if row["GroupID"] in self.groups or row["GroupID"] in self.company.table("PostedCashGrp"):
            raise duplicate(f"Group {row['GroupID']} already exists.")
        self.company.require("BankAcct", row["BankAcctID"], "Bank Account is invalid.", "CashGrp", "BankAcctID")
        self.company.check_period(day_of(row["TranDate"], "CashGrp", "TranDate"), "CashGrp")
        self.groups[row["GroupID"]] = self.company.revise({**row, "RowMod": ""})

    # -- heads ----------------------------------------------------------------------------------------------------------------

    def get_new_head(self, ds: Row, groupID: str, tranType: str) -> Row:  # noqa: N803 the vendor's names
        group = self.company.require("CashGrp", groupID, "Group ID is invalid.", "CashHead", "GroupID")
        if tranType != "PayInv":
            raise rule_broken("Transaction type is invalid.", "CashHead", "TranType")
        shared = {name: group[name] for name in ("GroupID", "TranDate", "BankAcctID")}
        ds.setdefault("CashHead", []).append({**CASH_HEAD, **shared, "TranType": tranType, "RowMod": "A"})
        return _answer(ds)

    def customer_info(self, custID: str, ds: Row) -> Row:  # noqa: N803
        customer = self.company.customer(custID)
        row = _changed(ds, "CashHead")
        row |= {name: customer[name] for name in ("CustID", "CustNum", "CurrencyCode")}
        return _answer(ds)

    @staticmethod
    def pre_update(ds: Row) -> Row:
        return _answer(ds, requiresUserInput=False)

    def update_head(self, ds: Row, ipGroupID: str, ipTableName: str, updGroupTotals: bool, ipIgnoreValidation: int) -> Row:  # noqa: N803, ARG002
        row = row_of(CASH_HEAD, _changed(ds, "CashHead"), "CashHead")
        if ipTableName != "CashHead" or row["GroupID"] != ipGroupID:
            raise rule_broken("Group ID is invalid.", "CashHead", "GroupID")
        if not row["CheckRef"]:
            raise rule_broken("Check Reference is required.", "CashHead", "CheckRef")
        if row["PMUID"]:
            self.company.require("PayMethod", row["PMUID"], "Payment Method is invalid.", "CashHead", "PMUID")
        self.company.require("Currency", row["CurrencyCode"], "Currency is invalid.", "CashHead", "CurrencyCode")
        number = self.company.store.next_number("HeadNum", 7_731)
        row |= {"HeadNum": number, "SysRowID": row_id("CashHead", number), "RowMod": "", "DocUnAppliedAmt": row["DocTranAmt"]}
        self.heads[str(number)] = self.company.revise(row)
        return _answer(self._dataset(number), grpTotalCashReceived=row["DocTranAmt"])

    def _dataset(self, number: int) -> Row:
        lines = [row for row in self.lines.values() if row["HeadNum"] == number]
        return deepcopy({"CashHead": [self.heads[str(number)]], "CashDtl": lines})

    # -- what is settled ------------------------------------------------------------------------------------------------------

    def get_new_line(self, ds: Row, groupID: str, headNum: int, invoiceNum: int) -> Row:  # noqa: N803
        head = self.company.get("CashHead", headNum)
        if head["Posted"] or head["GroupID"] != groupID:
            raise rule_broken("The cash receipt is not in this group.", "CashDtl", "HeadNum")
        shared = {name: head[name] for name in ("GroupID", "HeadNum", "TranDate", "CheckRef", "CustNum", "CurrencyCode")}
        ds.setdefault("CashDtl", []).append({**CASH_LINE, **shared, "InvoiceNum": invoiceNum, "RowMod": "A"})
        return _answer(ds)

    def invoice_info(self, invoiceNum: int, ds: Row) -> Row:  # noqa: N803
        self._payable(_changed(ds, "CashDtl") | {"InvoiceNum": invoiceNum})
        return _answer(ds)

    def _payable(self, line: Row) -> Row:
        invoice = self.company.table("InvcHead").get(str(line["InvoiceNum"]))
        if invoice is None or not invoice["head"]["Posted"]:
            raise rule_broken("Only posted invoices can be paid.", "CashDtl", "InvoiceNum")
        if invoice["head"]["CustNum"] != line["CustNum"]:
            raise rule_broken("The invoice belongs to another customer.", "CashDtl", "InvoiceNum")
        if invoice["head"]["CurrencyCode"] != line["CurrencyCode"]:
            raise rule_broken("The invoice is in another currency.", "CashDtl", "InvoiceNum")
        return deepcopy(invoice)

    @staticmethod
    def amount_info(docTranAmt: Any, docWriteOffAmount: Any, ds: Row) -> Row:  # noqa: N803, ARG004
        _changed(ds, "CashDtl")["DocTranAmt"] = Decimal(docTranAmt)
        return _answer(ds)

    def update_line(self, ds: Row) -> Row:
        row = row_of(CASH_LINE, _changed(ds, "CashDtl"), "CashDtl")
        key = f"{row['HeadNum']}/{row['InvoiceNum']}"
        if key in self.lines:
            raise duplicate("The receipt settles this invoice already.")
        invoice = self._payable(row)
        head = dict(self.company.get("CashHead", row["HeadNum"]))
        if row["DocTranAmt"] > invoice["head"]["DocInvoiceBal"] or row["DocTranAmt"] > head["DocUnAppliedAmt"]:
            raise rule_broken("The amount exceeds what is open.", "CashDtl", "DocTranAmt")
        row |= {"RowMod": "", "SysRowID": row_id("CashDtl", key), "ChangeDate": moment(self.company.today())}
        row["TranAmt"] = cents(row["DocTranAmt"] * invoice["head"]["ExchangeRate"])
        head |= {"DocAppliedAmt": head["DocAppliedAmt"] + row["DocTranAmt"], "DocUnAppliedAmt": head["DocUnAppliedAmt"] - row["DocTranAmt"]}
        self.lines[key] = self.company.revise(row)
        self.heads[str(row["HeadNum"])] = self.company.revise(head)
        return _answer(self._dataset(row["HeadNum"]))

    # -- posting --------------------------------------------------------------------------------------------------------------

    @staticmethod
    def get_new_parameters() -> Row:
        return {"returnObj": {"CashRecPostParam": [deepcopy(PARAMETERS)]}}

    def run_direct(self, ds: Row) -> Row:
        group = ds["CashRecPostParam"][0]["GroupID"]
        if group not in self.groups:
            raise not_found()
        closed = self.company.closed(day_of(self.groups[group]["TranDate"], "CashGrp", "TranDate"), "post")
        if closed:
            self.groups[group] = {**self.groups[group], "PostErrorLog": closed}
            return {"parameters": {}}
        for head in [dict(row) for row in self.heads.values() if row["GroupID"] == group and not row["Posted"]]:
            self._book(head)
        del self.groups[group]
        self.company.table("PostedCashGrp")[group] = {"at": self.company.clock.now()}
        return {"parameters": {}}

    def _book(self, head: Row) -> None:
        for key, line in [(key, dict(row)) for key, row in self.lines.items() if row["HeadNum"] == head["HeadNum"]]:
            self._settle(line["InvoiceNum"], line["DocTranAmt"])
            self.lines[key] = self.company.revise(line | {"Posted": True, "ChangeDate": moment(self.company.today())})
        self.heads[str(head["HeadNum"])] = self.company.revise(head | {"Posted": True})

    def _settle(self, number: int, amount: Decimal) -> None:
        invoice = deepcopy(self.company.get("InvcHead", number))
        invoice["head"]["DocInvoiceBal"] -= amount
        invoice["head"]["OpenInvoice"] = invoice["head"]["DocInvoiceBal"] != 0
        to_base(invoice["head"])
        self.company.table("InvcHead")[str(number)] = {**invoice, "head": self.company.revise(invoice["head"])}

    def reverse(self, headNum: int, reverseDate: str) -> Row:  # noqa: N803
        head = dict(self.company.get("CashHead", headNum))
        if not head["Posted"] or head["ReverseRef"]:
            raise rule_broken("Only a posted receipt can be reversed.", "CashHead", "HeadNum")
        day_of(reverseDate, "CashHead", "TranDate")
        for key, line in [(key, dict(row)) for key, row in self.lines.items() if row["HeadNum"] == headNum]:
            self._settle(line["InvoiceNum"], -line["DocTranAmt"])
            self.lines[key] = self.company.revise(line | {"ChangeDate": moment(self.company.today())})
        self.heads[str(headNum)] = self.company.revise(head | {"ReverseRef": self.company.store.next_number("HeadNum", 7_731)})
        return {"parameters": {"postErrorLog": ""}}
