"""What happens to A/R invoices after they were entered: calculated, patched, deleted, cancelled, or made at once by an Epicor Function."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal
from typing import Any

from airbooks.platforms.epicor.sandbox.company import Company, day_of, moment
from airbooks.platforms.epicor.sandbox.groups import Groups
from airbooks.platforms.epicor.sandbox.invoices import CHILDREN, Invoices, answer, dataset
from airbooks.platforms.epicor.sandbox.refusal import Refusal, rule_broken
from airbooks.platforms.epicor.sandbox.shapes import GROUP, HEAD, LINE
from airbooks.platforms.epicor.sandbox.totals import total
from airbooks.sandbox.kit import Row


class Changes:
    """Single acts on stored invoices."""

    def __init__(self, company: Company, groups: Groups, invoices: Invoices) -> None:
        self.company, self.groups, self.invoices = company, groups, invoices

    def _stored(self, number: Any) -> Row:
        return deepcopy(self.company.get("InvcHead", number))

    def _unposted(self, number: Any) -> Row:
        invoice = self._stored(number)
        if invoice["head"]["Posted"]:
            raise rule_broken(f"Invoice {number} has been posted.", "InvcHead", "Posted")
        self.groups.usable(invoice["head"]["GroupID"])
        return invoice

    def by_id(self, invoiceNum: Any) -> Row:  # noqa: N803 the vendor's names
        return {"returnObj": dataset(self.company.get("InvcHead", invoiceNum))}

    def delete(self, invoiceNum: Any) -> Row:  # noqa: N803
        self._unposted(invoiceNum)
        del self.invoices.table[str(invoiceNum)]
        return {"parameters": {}}

    def set_ready(self, ds: Row, ipGroupID: str, ipInvoiceNum: int, ipCalcAll: bool) -> Row:  # noqa: N803, ARG002
        """Takes effect on saved invoices, at once."""
        invoice = self._unposted(ipInvoiceNum)
        if invoice["head"]["GroupID"] != ipGroupID:
            raise rule_broken("Group ID is invalid.", "InvcHead", "GroupID")
        invoice["head"]["ReadyToCalc"] = True
        total(self.company, invoice)
        return answer(dataset(self.invoices.keep(invoice)))

    def patch(self, number: str, body: Row) -> None:
        """PATCH of an entity: the fields given, and SysRevID the one that was read."""
        invoice = self._unposted(number)
        unknown = set(body) - set(HEAD)
        if unknown:
            raise Refusal(400, "Microsoft.OData.ODataException", f"The property '{min(unknown)}' does not exist on type 'Erp.InvcHead'.")
        row = {**invoice["head"], **body, "RowMod": "U"}
        self.invoices.update({"InvcHead": [row]})

    def cancel(self, groupID: str, sourceInvoiceNum: int, newInvoiceDate: str, newDocType: str, recalculateTaxes: bool) -> Row:  # noqa: N803, ARG002
        """A credit memo over the whole invoice, which takes effect once it is posted."""
        source = self._stored(sourceInvoiceNum)["head"]
        group = self.groups.usable(groupID)
        if not source["Posted"] or source["CreditMemo"]:
            raise rule_broken("Only a posted invoice can be cancelled.", "InvcHead", "RefCancelled")
        if source["DocInvoiceBal"] != source["DocInvoiceAmt"]:
            raise rule_broken("There are payments applied to the invoice.", "InvcHead", "RefCancelled")
        if source["RefCancelledBy"] or any(each["head"]["RefCancelled"] == sourceInvoiceNum for each in self.invoices.table.values()):
            raise rule_broken("The invoice has been cancelled before.", "InvcHead", "RefCancelled")
        memo = deepcopy(self._stored(sourceInvoiceNum))
        day = moment(day_of(newInvoiceDate, "InvcHead", "InvoiceDate"))
        head = memo["head"] | {"InvoiceNum": 0, "GroupID": groupID, "CreditMemo": True, "Posted": False, "RefCancelled": sourceInvoiceNum}
        head |= {"InvoiceDate": day, "ApplyDate": group["ApplyDate"], "InvoiceHeld": False}
        for field in ("DocInvoiceAmt", "InvoiceAmt", "DocTaxAmt", "TaxAmt", "DocInvoiceBal", "InvoiceBal"):
            head[field] = -head[field]
        memo["head"] = head
        return answer(dataset(self.invoices.keep(memo)))

    # -- the Epicor Function --------------------------------------------------------------------------------------------------

    def function(self, body: Row) -> Row:
        """The function a site would write around the conversation: looks first, one transaction, answers the number."""
        for name in ("xRefInvoiceNum", "creditMemo", "groupID", "invoiceDate", "applyDate", "ds"):
            if name not in body:
                raise Refusal(400, "Ice.Common.BusinessObjectException", f"Parameter {name} is not found in the input object.")
        there = [each["head"] for each in self.invoices.table.values() if self._is_same(each["head"], body)]
        if there:
            return {"invoiceNum": there[0]["InvoiceNum"], "wasThere": True, "errorMessage": ""}
        before = self._snapshot(body["groupID"])
        try:
            return {"invoiceNum": self._create(body), "wasThere": False, "errorMessage": ""}
        except Refusal as refusal:
            self._roll_back(before, body["groupID"])
            return {"invoiceNum": 0, "wasThere": False, "errorMessage": refusal.message}

    def _is_same(self, head: Row, body: Row) -> bool:
        live = not head["RefCancelled"] and not head["RefCancelledBy"]
        return bool(live and head["CreditMemo"] == body["creditMemo"] and head["XRefInvoiceNum"] == body["xRefInvoiceNum"])

    def _snapshot(self, group_id: str) -> tuple[set[str], bool]:
        return set(self.invoices.table), group_id in self.groups.table

    def _roll_back(self, before: tuple[set[str], bool], group_id: str) -> None:
        for key in set(self.invoices.table) - before[0]:
            del self.invoices.table[key]
        if not before[1] and group_id in self.groups.table:
            del self.groups.table[group_id]

    def _create(self, body: Row) -> int:
        if body["groupID"] not in self.groups.table:
            dates = {"InvoiceDate": body["invoiceDate"], "ApplyDate": body["applyDate"]}
            self.groups.update({"InvcGrp": [{**GROUP, "GroupID": body["groupID"], **dates, "RowMod": "A"}]})
        given = body["ds"]["InvcHead"][0]
        customer = self.company.customer(given["SoldToCustID"])
        defaults = {name: customer[name] for name in ("TermsCode", "CurrencyCode", "TaxRegionCode")}
        dates = {"InvoiceDate": body["invoiceDate"], "ApplyDate": body["applyDate"], "GroupID": body["groupID"]}
        head = {**HEAD, **defaults, **dates, "InvoiceType": "MIS", "CreditMemo": body["creditMemo"], **given, "RowMod": "A"}
        lines = [self._line(row) for row in body["ds"]["InvcDtl"]]
        children = {name: body["ds"].get(name, []) for name in CHILDREN if name != "InvcDtl"}
        saved = self.invoices.update({"InvcHead": [head], "InvcDtl": lines, **children})
        self.groups.unlock(body["groupID"])
        return int(saved["parameters"]["ds"]["InvcHead"][0]["InvoiceNum"])

    def _line(self, row: Row) -> Row:
        part: Row = self.company.table("Part").get(row["PartNum"], {})
        defaults: Row = {name: part[name] for name in ("ProdCode", "TaxCatID") if name in part}
        return {**LINE, **defaults, "DiscountPercent": Decimal(0), **row}
