"""A/R posting: documents leave SLArinvs for SLArtrans under new row pointers; payments become rows of type P."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.infor_syteline.sandbox.changes import Changes, Struck
from airbooks.platforms.infor_syteline.sandbox.database import Database, number, total
from airbooks.platforms.infor_syteline.sandbox.schema import IDOS, RefusalError, Row, ido

POST_DOCUMENT, POST_RECEIPT = "AirbooksPostDocument", "AirbooksPostReceipt"
PARAMETERS = {POST_DOCUMENT: ("SLArinvs", 4), POST_RECEIPT: ("SLArpmts", 5)}
_DOCUMENT = {prop.name for prop in IDOS["SLArtrans"].props} & {prop.name for prop in IDOS["SLArinvs"].props}


class Posting:
    """The posting routines of the site. A document in error is left where it is, without a word; other errors are told in an Infobar."""

    def __init__(self, database: Database, changes: Changes, struck: Struck) -> None:
        self.database, self.changes, self.struck = database, changes, struck

    def call(self, name: str, method: str, parameters: list[str | None]) -> Row:
        """`POST /invoke/{ido}?method=`: the answer repeats the parameters, with the Infobar as the last."""
        of, count = PARAMETERS.get(method, ("", 0))
        if of != name:
            raise RefusalError(f"Method {method} does not exist in IDO {ido(name).name}.")
        if len(parameters) != count:
            raise RefusalError(f"Method {method} takes {count} parameters, not {len(parameters)}.")
        given = [each or "" for each in parameters]
        infobar = self.document(*given[:3]) if method == POST_DOCUMENT else self.receipt(*given[:4])
        return {
            "Success": True,
            "Message": None,
            "Parameters": [*parameters[:-1], infobar or None],
            "ReturnValue": "16" if infobar else "0",
        }

    def document(self, customer: str, invoice: str, sequence: str) -> str:
        """Post one document; answers the Infobar."""
        if self.struck("posting_error"):
            return "The journal is being compressed by another user."
        row = self.database.find("SLArinvs", CustNum=customer, InvNum=invoice, InvSeq=sequence)
        if row is None:
            return f"Invoice, Debit or Credit Memo with [Invoice: {invoice}] does not exist."
        parts = self.database.find_all("SLArinvds", CustNum=customer, InvNum=invoice, InvSeq=sequence)
        there = self.database.find_all("SLArtrans", CustNum=customer, InvNum=invoice, InvSeq=sequence, CheckSeq="0")
        balanced = sum((number(part, "Amount") for part in parts), Decimal(0)) == total(row)
        if not balanced or there or not self.changes.is_open(row) or self.struck("skip_posting"):
            return ""
        for part in parts:
            self.database.delete(ido("SLArinvds"), part)
        self.database.delete(ido("SLArinvs"), row)
        self.database.store.table("journal")[f"{row['CustNum']}|{row['InvNum']}|{row['InvSeq']}"] = {"parts": parts}
        moved = {name: row.get(name) for name in _DOCUMENT} | {"CheckSeq": "0", "Active": "1"}
        self.database.insert(ido("SLArtrans"), moved)
        return ""

    def receipt(self, bank: str, customer: str, kind: str, check: str) -> str:
        """Post one payment; answers the Infobar."""
        keys = {"BankCode": bank, "CustNum": customer, "Type": kind, "CheckNum": check}
        head = self.database.find("SLArpmts", **keys)
        if head is None:
            return f"A/R Payment with [Check: {check}] does not exist."
        parts = self.database.find_all("SLArpmtds", **keys)
        if sum((number(part, "ForAmtApplied") for part in parts), Decimal(0)) != number(head, "ForCheckAmt"):
            return "The total applied is not equal to the check amount. Posting is cancelled."
        for part in parts:
            self.database.delete(ido("SLArpmtds"), part)
            self.database.insert(ido("SLArtrans"), self._applied(head, part))
        self.database.delete(ido("SLArpmts"), head)
        return ""

    def _applied(self, head: Row, part: Row) -> Row:
        sequence = self.database.store.next_number("check_seq")
        copied = {name: head.get(name) for name in ("CustNum", "BankCode", "Ref", "Description", "ExchRate")}
        applied = {
            "InvNum": part["InvNum"],
            "ApplyToInvNum": part["InvNum"],
            "Amount": part["ForAmtApplied"],
            "DiscAmt": part["ForDiscAmt"],
        }
        kinds = {
            "Type": "P",
            "PayType": head["Type"],
            "InvSeq": "0",
            "CheckSeq": str(sequence),
            "Active": "1",
            "InvDate": head["RecptDate"],
        }
        return {**copied, **applied, **kinds}
