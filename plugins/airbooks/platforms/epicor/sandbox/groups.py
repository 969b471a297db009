"""Erp.BO.InvcGrpSvc: invoice groups, their locks, and posting."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

from airbooks.platforms.epicor.sandbox.company import Company, day_of, moment
from airbooks.platforms.epicor.sandbox.refusal import duplicate, not_found, rule_broken
from airbooks.platforms.epicor.sandbox.shapes import GROUP, row_of
from airbooks.platforms.epicor.sandbox.totals import to_base
from airbooks.sandbox.kit import Row

USER = "AIRBOOKS"


class Groups:
    """Invoice groups that are not posted; a posted group is gone, and its id is used up for the day."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.table = company.table("InvcGrp")

    # -- entering -------------------------------------------------------------------------------------------------------------

    def get_new(self, ds: Row) -> Row:
        ds.setdefault("InvcGrp", []).append({**GROUP, "InvoiceDate": moment(self.company.today()), "RowMod": "A"})
        return {"parameters": {"ds": ds}}

    def invoice_date_changed(self, ds: Row, groupID: str, newInvoiceDate: str) -> Row:  # noqa: N803 the vendor's names
        row = self._row_in(ds, groupID)
        row["InvoiceDate"] = row["ApplyDate"] = moment(day_of(newInvoiceDate, "InvcGrp", "InvoiceDate"))
        return {"parameters": {"ds": ds}}

    def apply_date_changed(self, ds: Row, groupID: str, newApplyDate: str) -> Row:  # noqa: N803
        day = day_of(newApplyDate, "InvcGrp", "ApplyDate")
        self.company.check_period(day, "InvcGrp")
        self._row_in(ds, groupID)["ApplyDate"] = moment(day)
        return {"parameters": {"ds": ds}}

    @staticmethod
    def _row_in(ds: Row, group_id: str) -> Row:
        found: Row | None = next((row for row in ds.get("InvcGrp", []) if row["GroupID"] == group_id and row.get("RowMod")), None)
        if found is None:
            raise rule_broken("The dataset has no such changed group.", "InvcGrp", "RowMod")
        return found

    def update(self, ds: Row) -> Row:
        """Save new groups; rows without RowMod are ignored without a word."""
        for given in ds.get("InvcGrp", []):
            if given.get("RowMod") == "A":
                self._add(row_of(GROUP, given, "InvcGrp"))
        return {"parameters": {"ds": deepcopy({"InvcGrp": list(self.table.values())})}}

    def _add(self, row: Row) -> None:
        key = row["GroupID"]
        if not key:
            raise rule_broken("Group ID is required.", "InvcGrp", "GroupID")
        if key in self.table or key in self.company.table("PostedGroup"):
            raise duplicate(f"Group {key} already exists.")
        self.company.check_period(day_of(row["ApplyDate"], "InvcGrp", "ApplyDate"), "InvcGrp")
        self.table[key] = self.company.revise({**row, "RowMod": ""})

    def usable(self, group_id: str) -> Row:
        """A group that exists and that nobody else works in; working in it locks it."""
        row = self.table.get(group_id)
        if row is None:
            raise rule_broken("Group ID is invalid.", "InvcHead", "GroupID")
        fault = self.company.struck("lock_group")
        owner = fault.get("user", "JSMITH") if fault is not None else row["ActiveUserID"]
        if owner not in ("", USER):
            raise rule_broken(f"Group {group_id} is in use by user {owner}.", "InvcGrp", "ActiveUserID")
        if row["ActiveUserID"] != USER:
            self.table[group_id] = {**row, "ActiveUserID": USER}
        return row

    def unlock(self, groupID: str) -> Row:  # noqa: N803
        if groupID in self.table:
            self.table[groupID] = {**self.table[groupID], "ActiveUserID": ""}
        return {"parameters": {}}

    # -- posting --------------------------------------------------------------------------------------------------------------

    def pre_post(self, ds: Row, ipTCOnline: bool) -> Row:  # noqa: N803, ARG002
        asks = self.company.struck("post_question") is not None
        says = {"gLMessage": "", "gLWarning": "", "collectionsWarning": "", "currencyWarning": "", "needsUserInput": asks}
        return {"parameters": {"ds": ds, **says}}

    def post(self, groupID: str) -> Row:  # noqa: N803
        """Always HTTP 200: what went wrong stands in errorMessage."""
        if groupID not in self.table:
            raise not_found()
        self.usable(groupID)
        posted, errors = self.book(groupID)
        return {"parameters": {"invoicesGenerated": ", ".join(posted), "errorMessage": "; ".join(errors), "legalNumberMessage": ""}}

    def book(self, group_id: str) -> tuple[list[str], list[str]]:
        """Post what is not on hold: the numbers posted, and what is wrong with the others. Empty where the group is gone."""
        if group_id not in self.table:
            return [], []
        if self.table[group_id]["LockStatus"]:
            return [], [f"Group {group_id} is in the review journal."]
        waiting = [deepcopy(invoice) for invoice in self._invoices(group_id) if self._in_group(invoice, group_id)]
        posted: list[str] = []
        errors: list[str] = []
        for invoice in waiting:
            error = self._obstacle(invoice)
            number = invoice["head"]["InvoiceNum"]
            if error:
                errors.append(f"Invoice {number}: {error}")
            else:
                self._book(invoice)
                posted.append(str(number))
        self._after(group_id, errors)
        return posted, errors

    def _invoices(self, group_id: str) -> list[Row]:
        return self.company.table("InvcHead").where("GroupID", group_id, key=lambda row: row["head"]["GroupID"])

    @staticmethod
    def _in_group(invoice: Row, group_id: str) -> bool:
        head = invoice["head"]
        return bool(head["GroupID"] == group_id and not head["Posted"] and not head["InvoiceHeld"])

    def _obstacle(self, invoice: Row) -> str:
        if not invoice["InvcDtl"] and not invoice["head"]["RefCancelled"]:
            return "Invoice with no detail"
        fault = self.company.struck("bad_account")
        if fault is not None:
            return "Invalid G/L accounts"
        return self.company.closed(day_of(invoice["head"]["ApplyDate"], "InvcHead", "ApplyDate"), "post")

    def _book(self, invoice: Row) -> None:
        head = invoice["head"]
        head |= {"Posted": True, "OpenInvoice": True}
        if head["RefCancelled"]:
            self._cancel(head)
        self._keep(invoice)

    def _cancel(self, memo: Row) -> None:
        source = deepcopy(self.company.get("InvcHead", memo["RefCancelled"]))
        for head in (memo, source["head"]):
            head |= {"OpenInvoice": False, "DocInvoiceBal": Decimal(0)}
            to_base(head)
        source["head"]["RefCancelledBy"] = memo["InvoiceNum"]
        self._keep(source)

    def _keep(self, invoice: Row) -> None:
        self.company.revise(invoice["head"])
        self.company.table("InvcHead")[str(invoice["head"]["InvoiceNum"])] = invoice

    def _after(self, group_id: str, errors: list[str]) -> None:
        left = any(invoice["head"]["GroupID"] == group_id and not invoice["head"]["Posted"] for invoice in self._invoices(group_id))
        if not left:
            del self.table[group_id]
            self.company.table("PostedGroup")[group_id] = {"at": self.company.clock.now()}
            return
        review = "Posting" if any("G/L" in error for error in errors) else ""
        self.table[group_id] = {**self.table[group_id], "PostErrorLog": "; ".join(errors), "LockStatus": review, "ActiveUserID": ""}
