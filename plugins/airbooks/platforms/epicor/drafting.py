"""Entering an invoice: the conversation of GetNew, OnChange and Update, and what to do with one that broke off in the middle.

Epicor keeps nothing between GetNew and Update: the dataset is in our hands, and a row counts only with its RowMod. The head is saved first,
because lines need its number; so a crash may leave a head without lines. It bears our number and is on hold: look-ups do not take it for
the document, and the next create completes it. All lines, charges and accounts are one save, with which the taxes are computed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.platforms.epicor.client import INVOICES, Company, Row, before_sending, changed_row, refusal, unproven
from airbooks.platforms.epicor.documents import Documents
from airbooks.platforms.epicor.groups import Groups
from airbooks.platforms.epicor.mapping import Plan, moment
from airbooks.platforms.epicor.reading import day, head_of, is_unfinished
from airbooks.platforms.errors import Outcome, PlatformError

_TABLES = ("InvcHead", "InvcDtl", "InvcMisc", "InvcDtlTGLC")


class Drafting:
    """Enters and changes invoices that are not posted. `base_currency` is asked for only where a rate is given."""

    def __init__(self, company: Company, documents: Documents, groups: Groups, base_currency: Callable[[], str]) -> None:
        self.company, self.documents, self.groups, self._base_currency = company, documents, groups, base_currency

    # -- a new invoice --------------------------------------------------------------------------------------------------------

    def enter(self, plan: Plan, base: str, seed: str) -> Row:
        """The invoice's dataset, entered, completed or found: never a second one under our number. `base` is what a given rate leads to."""
        with before_sending():
            self._check_rate(plan, base)
            there = self.documents.datasets([(plan.number, plan.kind)])[plan.number, plan.kind]
            finished = [ds for ds in there if not is_unfinished(ds)]
            if len(finished) > 1:
                raise self._twice(plan, finished)
        if finished:
            return finished[0]
        return self.complete(self._head_left(there, plan) or self._save_head(plan, seed), plan)

    def _head_left(self, there: list[Row], plan: Plan) -> Row | None:
        """What an earlier try left, if it can be completed; an empty head of another revision of the document is taken away."""
        for ds in there:
            if ds.get("InvcDtl") or _fits(head_of(ds), plan):
                return ds
            with before_sending():
                self.delete(str(head_of(ds)["InvoiceNum"]))
        return None

    @staticmethod
    def _twice(plan: Plan, found: list[Row]) -> PlatformError:
        numbers = ", ".join(str(head_of(ds)["InvoiceNum"]) for ds in found)
        return refusal("number used twice", f"{plan.number} is there {len(found)} times: {numbers}", fix="Delete or cancel the wrong ones.")

    def _check_rate(self, plan: Plan, base: str) -> None:
        if plan.rate is not None and base != self._base_currency():
            says = f"the rate leads to {base}, the company's books are kept in {self._base_currency()}"
            raise refusal("rate to another currency", says, fix="Give a rate to the company's currency.", field="exchange_rate.base")

    def _save_head(self, plan: Plan, seed: str) -> Row:
        """The saved head, which has a number and no lines yet."""
        group = self.groups.for_dates(plan.issue_date, plan.ledger_date, seed)
        with before_sending():
            ds = self._ask("GetNewInvcHeadType", {}, GroupID=group, InvoiceType=plan.invoice_type)
            ds = self._ask("OnChangeofSoldToCustID", ds, NewSoldToCustID=plan.customer, checkForResponse=True)
            ds = self._settle_head(ds, plan)
            changed_row(ds, "InvcHead").update(plan.marks)
            self._ask("PreUpdate", ds)
        return self._save(ds)

    def new_head_request(self, plan: Plan, group: str) -> Row:
        """The body of the first request of the conversation."""
        return {"ds": {}, "GroupID": group, "InvoiceType": plan.invoice_type}

    def _settle_head(self, ds: Row, plan: Plan) -> Row:
        """What the customer's defaults leave to be changed, by the methods that draw the consequences."""
        number = int(changed_row(ds, "InvcHead")["InvoiceNum"])
        wanted = (
            ("CurrencyCode", plan.currency, "OnChangeofCurrency", "NewCurrencyCode"),
            ("TermsCode", plan.terms, "OnChangeofTermsCode", "NewTermsCode"),
        )
        for field, value, method, argument in wanted:
            if value and changed_row(ds, "InvcHead")[field] != value:
                ds = self._ask(method, ds, **{"InvoiceNum": number, argument: value})
        if plan.rate is not None and Decimal(changed_row(ds, "InvcHead")["ExchangeRate"]) != plan.rate:
            ds = self._ask("OnChangeofExchangeRate", ds, InvoiceNum=number, NewExchangeRate=plan.rate)
        if plan.due_date and day(changed_row(ds, "InvcHead")["DueDate"]) != plan.due_date:
            ds = self._ask("OnChangeDueDate", ds, invoiceNum=number, newDueDateStr=plan.due_date.isoformat())
        return ds

    def _ask(self, method: str, ds: Row, **arguments: object) -> Row:
        found: Row = self.company.ask(INVOICES, method, {"ds": ds, **arguments})["ds"]
        return found

    def _save(self, ds: Row) -> Row:
        """Save the rows of a dataset that have a RowMod; the whole invoice as it is now."""
        found: Row = self.company.do(INVOICES, "Update", {"ds": ds})["ds"]
        if not found.get("InvcHead"):
            raise unproven("not saved", "Epicor answered without the invoice that was saved")
        return found

    # -- lines ----------------------------------------------------------------------------------------------------------------

    def complete(self, ds: Row, plan: Plan) -> Row:
        """Give a head its lines, charges and accounts in one save. A refusal takes the head back, so that nothing is left of it."""
        number = str(head_of(ds)["InvoiceNum"])
        self.groups.touch(str(head_of(ds)["GroupID"]))
        if ds.get("InvcDtl"):
            return self._make_ready(ds, plan)
        try:
            with before_sending():
                wanted = self._dataset(ds, plan, after=0)
            return self._checked(self._save(wanted), plan)
        except PlatformError as error:
            if error.outcome is Outcome.DID_NOT_HAPPEN:
                return self._finished_or_taken_back(number, error)
            raise

    def _finished_or_taken_back(self, number: str, error: PlatformError) -> Row:
        """A save that a proxy repeated is refused the second time, and was booked the first time."""
        ds = self.documents.dataset(number)
        if ds is not None and not is_unfinished(ds):
            return ds
        self.delete(number)
        raise error

    def delete(self, number: str) -> None:
        """Delete an unposted invoice; one that is gone already is no error."""
        try:
            self.company.do(INVOICES, "DeleteByID", {"invoiceNum": int(number)})
        except PlatformError as error:
            if error.rule.name not in {"gone", "not there"}:
                raise

    def _make_ready(self, ds: Row, plan: Plan) -> Row:
        """All lines are there and the taxes are not."""
        if len(ds["InvcDtl"]) != len(plan.lines):
            says = f"invoice {head_of(ds)['InvoiceNum']} has {len(ds['InvcDtl'])} lines, the document {len(plan.lines)}"
            raise refusal("draft has other lines", says, fix="Delete that invoice in Epicor, then retry.", field="lines")
        return self._calculated(ds)

    def _checked(self, ds: Row, plan: Plan) -> Row:
        """What was really saved: a row that lost its RowMod on the way is ignored there without a word."""
        if len(ds["InvcDtl"]) != len(plan.lines) or len(ds["InvcMisc"]) != len(plan.misc):
            raise unproven("lines not saved", f"{len(ds['InvcDtl'])} of {len(plan.lines)} lines were saved")
        return ds if head_of(ds)["ReadyToCalc"] else self._calculated(ds)

    def _calculated(self, ds: Row) -> Row:
        head = head_of(ds)
        body = {"ipGroupID": head["GroupID"], "ipInvoiceNum": head["InvoiceNum"], "ipCalcAll": False, "ds": {"InvcHead": [head]}}
        self.company.do(INVOICES, "SetReadyToCalc", body)
        return self.documents.expect(str(head["InvoiceNum"]))

    def _dataset(self, ds: Row, plan: Plan, after: int) -> Row:
        """The dataset of the last save; lines are numbered behind `after`."""
        head = {**head_of(ds), **plan.details, "ReadyToCalc": True, "RowMod": "U"}
        number = int(head["InvoiceNum"])
        key = {"InvoiceNum": number, "RowMod": "A"}
        lines = [{**row, **key, "InvoiceLine": at} for at, row in enumerate(self._lines(head_of(ds), plan), start=after + 1)]
        misc = [self._misc(head_of(ds), {**row, "InvoiceLine": row["InvoiceLine"] and row["InvoiceLine"] + after}) for row in plan.misc]
        accounts = [{**row, **key, "InvoiceLine": row["InvoiceLine"] + after} for row in plan.accounts]
        return dict(zip(_TABLES, ([head], lines, misc, accounts), strict=True))

    def _lines(self, head: Mapping[str, Any], plan: Plan) -> list[Row]:
        number = int(head["InvoiceNum"])
        template = changed_row(self._ask("GetNewInvcDtl", {"InvcHead": [head]}, invoiceNum=number), "InvcDtl")
        return [self._line(head, template, wanted) for wanted in plan.lines]

    def _line(self, head: Mapping[str, Any], template: Row, wanted: Row) -> Row:
        """One line: part, quantity, price and tax category by their methods (the part first: it brings a price), then the rest."""
        ds: Row = {"InvcHead": [head], "InvcDtl": [template]}
        key = {"InvoiceNum": template["InvoiceNum"], "InvoiceLine": template["InvoiceLine"]}
        for method, argument, field in (
            ("OnChangeofLinePartNum", "NewPartNum", "PartNum"),
            ("OnChangeofLineQty", "NewQty", "SellingShipQty"),
            ("OnChangeofLineUnitPrice", "NewUnitPrice", "DocUnitPrice"),
            ("OnChangeofLineTaxCat", "NewTaxCat", "TaxCatID"),
        ):
            if changed_row(ds, "InvcDtl")[field] != wanted[field]:
                ds = self._ask(method, ds, **key, **{argument: wanted[field]})
        return {**changed_row(ds, "InvcDtl"), **wanted}

    def _misc(self, head: Mapping[str, Any], wanted: Row) -> Row:
        ds = self._ask("GetNewInvcMisc", {"InvcHead": [head]}, invoiceNum=int(head["InvoiceNum"]), invoiceLine=wanted["InvoiceLine"])
        return {**changed_row(ds, "InvcMisc"), **wanted}

    # -- changing -------------------------------------------------------------------------------------------------------------

    def replace(self, ds: Row, plan: Plan, base: str) -> Row:
        """Make an unposted invoice equal to the document in one save: old lines and charges away, new ones in, by the version token."""
        head = head_of(ds)
        self.groups.touch(str(head["GroupID"]))
        self._check_rate(plan, base)
        if head["SoldToCustID"] != plan.customer:
            says = f"invoice {head['InvoiceNum']} is customer {head['SoldToCustID']}'s"
            raise refusal("customer is fixed", says, fix="Void it and send a new one.", field="buyer")
        with before_sending():
            settled = self._settle_head(self._redated({"InvcHead": [{**head, "RowMod": "U"}]}, plan), plan)
            last = max((int(row["InvoiceLine"]) for row in ds["InvcDtl"]), default=0)
            wanted = self._dataset(settled, plan, after=last)
        wanted["InvcDtl"] += [{**row, "RowMod": "D"} for row in ds["InvcDtl"]]
        wanted["InvcMisc"] += [{**row, "RowMod": "D"} for row in ds["InvcMisc"] if not row["InvoiceLine"]]
        return self._checked(self._save(wanted), plan)

    def _redated(self, ds: Row, plan: Plan) -> Row:
        number = int(head_of(ds)["InvoiceNum"])
        if day(head_of(ds)["InvoiceDate"]) != plan.issue_date:
            ds = self._ask("OnChangeofInvDateEx", ds, InvoiceNum=number, NewInvoiceDate=plan.issue_date.isoformat(), recalcamts="")
        changed_row(ds, "InvcHead")["ApplyDate"] = moment(plan.ledger_date)
        return ds

    def release(self, ds: Row, ledger: date, *, held: bool) -> None:
        """Take an invoice off hold (or put it back), on the apply date that is wanted now; by the version token."""
        head = head_of(ds)
        wanted = {"InvoiceHeld": held, "ApplyDate": moment(ledger)}
        if any(head[name] != value for name, value in wanted.items()):
            self.company.patch_invoice(str(head["InvoiceNum"]), {**wanted, "SysRevID": head["SysRevID"]})

    def remove_orphans(self, there: list[Row]) -> None:
        """Empty heads beside a finished invoice of the same number, as a repeated request leaves them."""
        if any(not is_unfinished(ds) for ds in there):
            for ds in there:
                if is_unfinished(ds) and not ds.get("InvcDtl"):
                    with suppress(PlatformError):
                        self.delete(str(head_of(ds)["InvoiceNum"]))


def _fits(head: Mapping[str, Any], plan: Plan) -> bool:
    """Whether a saved head says what the document says now."""
    dates = (day(head["InvoiceDate"]), day(head["ApplyDate"]), day(head["DueDate"]) if plan.due_date else None)
    same = dates == (plan.issue_date, plan.ledger_date, plan.due_date)
    same = same and (head["SoldToCustID"], head["CurrencyCode"]) == (plan.customer, plan.currency)
    same = same and plan.terms in ("", head["TermsCode"]) and plan.rate in (None, Decimal(head["ExchangeRate"]))
    return same and all(head[name] == value for name, value in plan.marks.items())
