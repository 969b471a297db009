"""Erp.BO.ARInvoiceSvc: the conversation of GetNew, OnChange and Update. Between them the caller holds the dataset; nothing is kept here."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from decimal import Decimal
from typing import Any

from airbooks.platforms.epicor.sandbox.company import SEGMENTS, Company, day_of, moment, row_id
from airbooks.platforms.epicor.sandbox.groups import Groups
from airbooks.platforms.epicor.sandbox.refusal import duplicate, rule_broken
from airbooks.platforms.epicor.sandbox.shapes import ACCOUNT, HEAD, LINE, MISC, row_of
from airbooks.platforms.epicor.sandbox.totals import extend, total
from airbooks.sandbox.kit import Row

TYPES = {"MISC-BILL": ("MIS", False), "CREDIT-MEMO": ("MIS", True)}
CHILDREN: dict[str, tuple[Row, tuple[str, ...]]] = {
    "InvcDtl": (LINE, ("InvoiceLine",)),
    "InvcMisc": (MISC, ("InvoiceLine", "SeqNum")),
    "InvcDtlTGLC": (ACCOUNT, ("InvoiceLine", "TGLCTranNum")),
}
_SERIAL = {"InvcDtl": "InvoiceLine", "InvcMisc": "SeqNum", "InvcDtlTGLC": "TGLCTranNum"}


def dataset(invoice: Row) -> Row:
    """An invoice as callers see it."""
    tables = {name: invoice[name] for name in (*CHILDREN, "InvcTax")}
    return deepcopy({"InvcHead": [invoice["head"]], **tables})


def _blank() -> Row:
    return {"head": {}, **{name: [] for name in CHILDREN}, "InvcTax": []}


def answer(ds: Row, **more: Any) -> Row:
    return {"parameters": {"ds": ds, **more}}


class Invoices:
    """The A/R invoices of the company, posted and not."""

    def __init__(self, company: Company, groups: Groups) -> None:
        self.company, self.groups = company, groups
        self.table = company.table("InvcHead")

    # -- heads ----------------------------------------------------------------------------------------------------------------

    def get_new_head(self, ds: Row, GroupID: str, InvoiceType: str) -> Row:  # noqa: N803 the vendor's names
        if InvoiceType not in TYPES:
            raise rule_broken(f"Invoice type {InvoiceType} is not valid.", "InvcHead", "InvoiceType")
        group = self.groups.usable(GroupID)
        kind, memo = TYPES[InvoiceType]
        dates = {name: group[name] for name in ("InvoiceDate", "ApplyDate")}
        row = {**HEAD, **dates, "GroupID": GroupID, "InvoiceType": kind, "CreditMemo": memo, "RowMod": "A"}
        ds.setdefault("InvcHead", []).append(row)
        return answer(ds)

    def _head_in(self, ds: Row, number: int = 0) -> Row:
        rows = [row for row in ds.get("InvcHead", []) if row.get("RowMod") in {"A", "U"}]
        found: Row | None = next((row for row in rows if row["InvoiceNum"] == number), None)
        if found is None:
            raise rule_broken("The dataset has no changed invoice head.", "InvcHead", "RowMod")
        return found

    def sold_to_changed(self, ds: Row, NewSoldToCustID: str, checkForResponse: bool) -> Row:  # noqa: N803, ARG002
        customer = self.company.customer(NewSoldToCustID)
        if customer["CreditHold"]:
            raise rule_broken(f"Customer {NewSoldToCustID} is on credit hold.", "InvcHead", "SoldToCustID")
        head = self._head_in(ds)
        head |= {"SoldToCustID": NewSoldToCustID, "CustNum": customer["CustNum"], "TermsCode": customer["TermsCode"]}
        head |= {"TaxRegionCode": customer["TaxRegionCode"], "CurrencyCode": customer["CurrencyCode"]}
        head["ExchangeRate"] = self.company.rate(head["CurrencyCode"])
        self._redue(head)
        question = "The customer has overdue invoices. Continue?" if self.company.struck("ask_question") else ""
        return answer(ds, responseMessage=question)

    def terms_changed(self, ds: Row, InvoiceNum: int, NewTermsCode: str) -> Row:  # noqa: N803
        self.company.require("Terms", NewTermsCode, "Terms Code is invalid.", "InvcHead", "TermsCode")
        head = self._head_in(ds, InvoiceNum)
        head["TermsCode"] = NewTermsCode
        self._redue(head)
        return answer(ds)

    def _redue(self, head: Row) -> None:
        terms = self.company.table("Terms").get(head["TermsCode"])
        if terms is not None and head["InvoiceDate"]:
            head["DueDate"] = moment(day_of(head["InvoiceDate"], "InvcHead", "InvoiceDate") + timedelta(days=terms["NumberOfDays"]))

    def currency_changed(self, ds: Row, InvoiceNum: int, NewCurrencyCode: str) -> Row:  # noqa: N803
        self.company.require("Currency", NewCurrencyCode, "Currency is invalid.", "InvcHead", "CurrencyCode")
        if InvoiceNum and self.company.get("InvcHead", InvoiceNum)["InvcDtl"]:
            raise rule_broken("Currency can not be changed when there are lines.", "InvcHead", "CurrencyCode")
        head = self._head_in(ds, InvoiceNum)
        head |= {"CurrencyCode": NewCurrencyCode, "ExchangeRate": self.company.rate(NewCurrencyCode), "LockRate": False}
        return answer(ds)

    def rate_changed(self, ds: Row, InvoiceNum: int, NewExchangeRate: Any) -> Row:  # noqa: N803
        head = self._head_in(ds, InvoiceNum)
        head |= {"ExchangeRate": Decimal(NewExchangeRate), "LockRate": True}
        return answer(ds)

    def due_date_changed(self, ds: Row, invoiceNum: int, newDueDateStr: str) -> Row:  # noqa: N803
        self._head_in(ds, invoiceNum)["DueDate"] = moment(day_of(newDueDateStr, "InvcHead", "DueDate"))
        return answer(ds)

    def invoice_date_changed(self, ds: Row, InvoiceNum: int, NewInvoiceDate: str, recalcamts: str) -> Row:  # noqa: N803, ARG002
        head = self._head_in(ds, InvoiceNum)
        head["InvoiceDate"] = moment(day_of(NewInvoiceDate, "InvcHead", "InvoiceDate"))
        self._redue(head)
        return answer(ds)

    def pre_update(self, ds: Row) -> Row:
        return answer(ds, requiresUserInput=self.company.struck("manual_legal_number") is not None)

    # -- lines ----------------------------------------------------------------------------------------------------------------

    def get_new_line(self, ds: Row, invoiceNum: int) -> Row:  # noqa: N803
        self.company.get("InvcHead", invoiceNum)
        ds.setdefault("InvcDtl", []).append({**LINE, "InvoiceNum": invoiceNum, "RowMod": "A"})
        return answer(ds)

    def get_new_misc(self, ds: Row, invoiceNum: int, invoiceLine: int) -> Row:  # noqa: N803
        self.company.get("InvcHead", invoiceNum)
        ds.setdefault("InvcMisc", []).append({**MISC, "InvoiceNum": invoiceNum, "InvoiceLine": invoiceLine, "RowMod": "A"})
        return answer(ds)

    @staticmethod
    def _line_in(ds: Row, number: int, line: int) -> Row:
        rows = [row for row in ds.get("InvcDtl", []) if row.get("RowMod") in {"A", "U"}]
        found: Row | None = next((row for row in rows if (row["InvoiceNum"], row["InvoiceLine"]) == (number, line)), None)
        if found is None:
            raise rule_broken("The dataset has no such changed line.", "InvcDtl", "RowMod")
        return found

    def part_changed(self, ds: Row, InvoiceNum: int, InvoiceLine: int, NewPartNum: str) -> Row:  # noqa: N803
        """The part's defaults, its list price among them: what the caller set before is overwritten."""
        line = self._line_in(ds, InvoiceNum, InvoiceLine)
        line["PartNum"] = NewPartNum
        part = self.company.table("Part").get(NewPartNum)
        if part is not None:
            if part["InActive"]:
                raise rule_broken(f"Part {NewPartNum} is inactive.", "InvcDtl", "PartNum")
            line |= {"LineDesc": part["PartDescription"], "SalesUM": part["SalesUM"], "ProdCode": part["ProdCode"]}
            line |= {"TaxCatID": part["TaxCatID"], "DocUnitPrice": part["UnitPrice"], "SalesCatID": part["ProdCode"]}
            line["DiscountPercent"] = Decimal((self.company.struck("price_list") or {}).get("percent", 0))
        return answer(ds)

    def quantity_changed(self, ds: Row, InvoiceNum: int, InvoiceLine: int, NewQty: Any) -> Row:  # noqa: N803
        self._line_in(ds, InvoiceNum, InvoiceLine)["SellingShipQty"] = Decimal(NewQty)
        return answer(ds)

    def price_changed(self, ds: Row, InvoiceNum: int, InvoiceLine: int, NewUnitPrice: Any) -> Row:  # noqa: N803
        self._line_in(ds, InvoiceNum, InvoiceLine)["DocUnitPrice"] = Decimal(NewUnitPrice)
        return answer(ds)

    def tax_category_changed(self, ds: Row, InvoiceNum: int, InvoiceLine: int, NewTaxCat: str) -> Row:  # noqa: N803
        self.company.require("TaxCat", NewTaxCat, "Tax Category is invalid.", "InvcDtl", "TaxCatID")
        self._line_in(ds, InvoiceNum, InvoiceLine)["TaxCatID"] = NewTaxCat
        return answer(ds)

    # -- saving ---------------------------------------------------------------------------------------------------------------

    def update(self, ds: Row) -> Row:
        """Save the rows whose RowMod says so, all or none; rows without one are ignored without a word."""
        heads = [row for row in ds.get("InvcHead", []) if row.get("RowMod")]
        children = [row for name in CHILDREN for row in ds.get(name, []) if row.get("RowMod")]
        number = next((int(row["InvoiceNum"]) for row in (*heads, *children)), None)
        if number is None:
            return answer(ds)
        invoice = deepcopy(self.company.get("InvcHead", number)) if number else _blank()
        for row in heads:
            self._save_head(invoice, row_of(HEAD, row, "InvcHead"))
        if invoice["head"]["Posted"]:
            raise rule_broken(f"Invoice {number} has been posted.", "InvcHead", "Posted")
        self.groups.usable(invoice["head"]["GroupID"])
        for name in CHILDREN:
            for row in ds.get(name, []):
                if row.get("RowMod"):
                    self._save_child(invoice, name, row_of(CHILDREN[name][0], row, name))
        total(self.company, invoice)
        return answer(dataset(self.keep(invoice)))

    def keep(self, invoice: Row) -> Row:
        """Write an invoice to its table, numbered and with a new revision."""
        head = invoice["head"]
        if not head["InvoiceNum"]:
            head["InvoiceNum"] = self.company.store.next_number("InvoiceNum", 10_482)
            head["SysRowID"] = row_id("InvcHead", head["InvoiceNum"])
        for name in CHILDREN:
            for row in invoice[name]:
                row |= {"InvoiceNum": head["InvoiceNum"], "RowMod": ""}
        head["RowMod"] = ""
        self.company.revise(head)
        self.table[str(head["InvoiceNum"])] = invoice
        return invoice

    def _save_head(self, invoice: Row, row: Row) -> None:
        stored = invoice["head"]
        if row["RowMod"] == "A":
            self._check_head(row)
        elif row["RowMod"] == "U":
            if row["SysRevID"] != stored["SysRevID"]:
                raise rule_broken("Row has been modified by another user and couldn't be updated.", "InvcHead", "SysRevID")
            if (row["CurrencyCode"], row["GroupID"]) != (stored["CurrencyCode"], stored["GroupID"]) and invoice["InvcDtl"]:
                raise rule_broken("Currency can not be changed when there are lines.", "InvcHead", "CurrencyCode")
            if self.company.armed().get("ready_by_method") is not None:
                row["ReadyToCalc"] = stored["ReadyToCalc"]
            self._check_head(row)
        else:
            raise rule_broken(f"RowMod {row['RowMod']} is not valid for the head; use DeleteByID.", "InvcHead", "RowMod")
        invoice["head"] = row

    def _check_head(self, head: Row) -> None:
        customer = self.company.customer(head["SoldToCustID"])
        head["CustNum"] = customer["CustNum"]
        self.company.require("Terms", head["TermsCode"], "Terms Code is invalid.", "InvcHead", "TermsCode")
        self.company.require("Currency", head["CurrencyCode"], "Currency is invalid.", "InvcHead", "CurrencyCode")
        if head["TaxRegionCode"]:
            self.company.require("TaxRgn", head["TaxRegionCode"], "Tax Region is invalid.", "InvcHead", "TaxRegionCode")
        day_of(head["InvoiceDate"], "InvcHead", "InvoiceDate")
        self.company.check_period(day_of(head["ApplyDate"], "InvcHead", "ApplyDate"), "InvcHead")
        if not head["LockRate"]:
            head["ExchangeRate"] = self.company.rate(head["CurrencyCode"])

    def _save_child(self, invoice: Row, name: str, row: Row) -> None:
        keys = CHILDREN[name][1]
        rows: list[Row] = invoice[name]
        there = next((each for each in rows if all(each[key] == row[key] for key in keys)), None)
        if row["RowMod"] == "A":
            self._number(invoice, name, row, there)
            self._check_child(invoice, name, row)
            rows.append(row)
            return
        if there is None:
            raise rule_broken("Row not found.", name, "RowMod")
        rows.remove(there)
        if row["RowMod"] == "U":
            self._check_child(invoice, name, row)
            rows.append(row)
        elif name == "InvcDtl":
            for other in ("InvcMisc", "InvcDtlTGLC"):
                invoice[other] = [each for each in invoice[other] if each["InvoiceLine"] != row["InvoiceLine"]]

    @staticmethod
    def _number(invoice: Row, name: str, row: Row, there: Row | None) -> None:
        serial = _SERIAL[name]
        if not row[serial]:
            row[serial] = max((each[serial] for each in invoice[name]), default=0) + 1
        elif there is not None:
            raise duplicate(f"{name} {row[serial]} already exists.")

    def _check_child(self, invoice: Row, name: str, row: Row) -> None:
        if name == "InvcDtl":
            self._check_line(invoice, row)
        elif name == "InvcMisc":
            self.company.require("MiscChrg", row["MiscCode"], "Misc Code is invalid.", name, "MiscCode")
            self.company.require("TaxCat", row["TaxCatID"], "Tax Category is invalid.", name, "TaxCatID")
        else:
            self._check_account(row)

    def _check_line(self, invoice: Row, line: Row) -> None:
        part = self.company.table("Part").get(line["PartNum"])
        if not line["PartNum"]:
            raise rule_broken("Part Number is required.", "InvcDtl", "PartNum")
        for field in ("LineDesc", "SalesUM", "ProdCode"):
            line[field] = line[field] or (part or {}).get(field, "")
            if not line[field] and part is None:
                raise rule_broken(f"{field} is required for a part that is not in the part master.", "InvcDtl", field)
        group = self.company.require("ProdGrup", line["ProdCode"], "Product Group is invalid.", "InvcDtl", "ProdCode")
        line["SalesCatID"] = line["SalesCatID"] or group["SalesCatID"]
        self.company.require("UOM", line["SalesUM"], "Unit of measure is invalid.", "InvcDtl", "SalesUM")
        self.company.require("TaxCat", line["TaxCatID"], "Tax Category is invalid.", "InvcDtl", "TaxCatID")
        if line["TaxRegionCode"]:
            self.company.require("TaxRgn", line["TaxRegionCode"], "Tax Region is invalid.", "InvcDtl", "TaxRegionCode")
        if line["UseOTS"]:
            self._check_ship_to(invoice, line)
        extend(line)

    def _check_ship_to(self, invoice: Row, line: Row) -> None:
        if not line["OTSName"]:
            raise rule_broken("A one time ship to needs a name.", "InvcDtl", "OTSName")
        if not self.company.customer(invoice["head"]["SoldToCustID"])["AllowOTS"]:
            raise rule_broken("The customer does not allow a one time ship to.", "InvcDtl", "UseOTS")

    def _check_account(self, row: Row) -> None:
        segments = row["GLAccount"].split("|")
        known = self.company.table("COASegValues")
        bad = [value for number, value in enumerate(segments, 1) if value and f"{number}/{value}" not in known]
        if not segments[0] or len(segments) > len(SEGMENTS) or bad or row["GLAcctContext"] != "Sales":
            raise rule_broken(f"Invalid G/L account {row['GLAccount']}.", "InvcDtlTGLC", "GLAccount")
