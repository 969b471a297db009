"""`POST /update/{ido}`: inserts, updates and deletes, with the checks of each IDO; nested collections in the same transaction."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from airbooks.platforms.infor_syteline.sandbox.database import Database, number
from airbooks.platforms.infor_syteline.sandbox.schema import Ido, RefusalError, Row, ido

Struck = Callable[[str], Row | None]
SITE = "DALS"
HOME = "USD"
_OPEN_MONEY = "0"


class Changes:
    """The updates of the site; `struck` tells whether a fault strikes."""

    def __init__(self, database: Database, struck: Struck) -> None:
        self.database, self.struck = database, struck
        self._checks: dict[str, Callable[[Row], None]] = {
            "SLArinvs": self._document,
            "SLArinvds": self._distribution,
            "SLCustomers": self._customer,
            "SLArpmts": self._payment,
            "SLArpmtds": self._application,
        }

    def update(self, name: str, body: Any, *, refresh: bool) -> Row:
        """Only the first entry of Changes is heard; a refusal takes everything of the request back."""
        changes = body.get("Changes") if isinstance(body, dict) else None
        if not isinstance(changes, list) or not changes:
            raise RefusalError("The list of changes is required.")
        self.database.undo.clear()
        try:
            row = self._apply(ido(name), changes[0], {})
        except RefusalError:
            self.database.rollback()
            raise
        shown = [] if row is None or not refresh or self.struck("empty_refresh") else [self._refreshed(ido(name), row)]
        return {"Success": True, "Message": None, "Bookmark": None, "RefreshItems": shown}

    def _refreshed(self, of: Ido, row: Row) -> Row:
        return self.database.item(of, self.database.shown(of, row), [each.name for each in of.props], locking=True)

    def _apply(self, of: Ido, change: Row, linked: Row) -> Row | None:
        if not of.writable:
            raise RefusalError(f"IDO {of.name} is read only.")
        if not str(change.get("ItemId", "")).startswith("PBT=["):
            raise RefusalError("The ItemId is not valid.")
        values, nested = self._values(of, change.get("Properties") or [])
        action = change.get("Action")
        if action == 4:
            self._delete(of, self._current(of, change))
            return None
        if action not in {1, 2}:
            raise RefusalError(f"Action {action} is not valid.")
        row = self._insert(of, {**linked, **values}) if action == 1 else self._change(of, self._current(of, change), values)
        for each in nested:
            self._nested(row, each)
        return row

    def _nested(self, row: Row, collection: Row) -> None:
        of = ido(str(collection["CollectionID"]))
        linked = {link["ChildProperty"]: row[link["ParentProperty"]] for link in collection["Links"]}
        for change in collection["Changes"]:
            self._apply(of, change, dict(linked))

    def _values(self, of: Ido, properties: list[Row]) -> tuple[Row, list[Row]]:
        values: Row = {}
        nested: list[Row] = []
        for each in properties:
            if each.get("IsNestedCollection"):
                nested.append(each["NestedCollection"])
                continue
            prop, value = of.prop(each["Name"]), each.get("Value")
            if value is not None and not isinstance(value, str):
                raise RefusalError(f"The value of property {prop.name} must be text.")
            if prop.read_only:
                raise RefusalError(f"The property {prop.name} is read only.")
            if each.get("Modified"):
                values[prop.name] = None if each.get("IsNull") else prop.kept(value)
        return values, nested

    def _current(self, of: Ido, change: Row) -> Row:
        """The row that an ItemId names, if it has not changed since."""
        given = str(change["ItemId"])
        for row in self.database.rows(of.name):
            if self.database.item_id(of, row) == given:
                return row
        raise RefusalError(f"The {of.name} record was changed or deleted by another user.")

    def _insert(self, of: Ido, values: Row) -> Row:
        if of.name == "SLArinvs" and not values.get("InvNum"):
            values["InvNum"] = of.prop("InvNum").kept(str(self.database.store.next_number("inv_seq", 50001)))
        for prop in of.props:
            if prop.required and not values.get(prop.name):
                raise RefusalError(f"{prop.name} is required for {of.name}.")
        self._checks[of.name](values)
        return self.database.insert(of, values)

    def _change(self, of: Ido, row: Row, values: Row) -> Row:
        self._checks[of.name]({**row, **values})
        return self.database.save(of, row, values)

    def _delete(self, of: Ido, row: Row) -> None:
        if of.name == "SLArinvs":
            for each in self.database.find_all("SLArinvds", **{key: row[key] for key in of.keys}):
                self.database.delete(ido("SLArinvds"), each)
        self.database.delete(of, row)

    # -- the checks of each IDO -----------------------------------------------------------------------------------------------

    def _known(self, what: str, name: str, key: str, value: str | None) -> Row | None:
        row = self.database.find(name, **{key: value}) if value else None
        if value and row is None:
            raise RefusalError(f"The {what} with [{what}: {value.strip()}] does not exist.")
        return row

    def _document(self, row: Row) -> None:
        if self.struck("sequence_locked"):
            raise RefusalError("The invoice sequencing table is temporarily locked by another invoicing task.")
        self._known("Customer", "SLCustAddrs", "CustNum", row["CustNum"])
        self._known("Terms", "SLTerms", "TermsCode", row.get("TermsCode"))
        self._known("Tax Code", "SLTaxcodes", "TaxCode", row.get("TaxCode1"))
        self._known("Tax Code", "SLTaxcodes", "TaxCode", row.get("TaxCode2"))
        if not row.get("Acct"):
            raise RefusalError("Acct is required for SLArinvs.")
        self._account(row)
        if row["Type"] not in {"I", "C", "D"}:
            raise RefusalError("Type must be I, C or D.")
        self._require_open(row, "insert")
        if row.get("UseExchRate") != "1" or not number(row, "ExchRate"):
            row["ExchRate"] = self._rate(row["CustNum"])

    def _rate(self, customer: str) -> str:
        currency = self.database.currency(customer) or HOME
        found = self.database.find("SLCurrates", FromCurrCode=currency, ToCurrCode=HOME)
        return str(found["BuyRate"]) if found else "1.00000000"

    def _require_open(self, row: Row, where: str) -> None:
        closed = self.database.store.table("period").get("closed")
        if closed and closed["where"] == where and row["InvDate"][:8] <= closed["until"]:
            raise RefusalError(f"Invoice Date {row['InvDate'][:8]} is not within an open accounting period.")

    def is_open(self, row: Row) -> bool:
        try:
            self._require_open(row, "posting")
        except RefusalError:
            return False
        return True

    def _account(self, row: Row) -> None:
        """The account is in the chart, and its unit codes are given where they are required and absent where they are forbidden."""
        account = self._known("Account", "SLCharts", "Acct", row["Acct"])
        for unit, access in zip((1, 2, 3, 4), str(account["UnitAccess"]) if account else "", strict=True):
            value = row.get(f"AcctUnit{unit}")
            if value and access == "N":
                raise RefusalError(f"Unit Code {unit} is not allowed for Account {row['Acct']}.")
            if not value and access == "R":
                raise RefusalError(f"Unit Code {unit} is required for Account {row['Acct']}.")
            self._known(f"Unit Code {unit}", f"SLUnitcd{unit}s", f"Unit{unit}", value)

    def _distribution(self, row: Row) -> None:
        if self.struck("refuse_distribution"):
            raise RefusalError("The Account with [Account: 9999] does not exist.")
        if self.struck("deadlock"):
            raise RefusalError("Transaction was deadlocked on lock resources with another process.")
        keys = {key: row[key] for key in ("CustNum", "InvNum", "InvSeq")}
        if self.database.find("SLArinvs", **keys) is None:
            raise RefusalError(f"Invoice, Debit or Credit Memo with [Invoice: {row['InvNum'].strip()}] does not exist.")
        self._account(row)
        self._known("Tax Code", "SLTaxcodes", "TaxCode", row.get("TaxCode"))
        if row.get("TaxCode") and not row.get("TaxSystem"):
            raise RefusalError("TaxSystem is required with a TaxCode.")

    def _customer(self, row: Row) -> None:
        if not row.get("Name"):
            raise RefusalError("Name is required for SLCustomers.")
        currencies = {each["FromCurrCode"] for each in self.database.rows("SLCurrates")} | {HOME}
        if row.get("CurrCode") not in currencies:
            raise RefusalError(f"The Currency Code with [Currency: {row.get('CurrCode')}] does not exist.")
        self._known("Terms", "SLTerms", "TermsCode", row.get("TermsCode"))

    def _payment(self, row: Row) -> None:
        self._known("Customer", "SLCustAddrs", "CustNum", row["CustNum"])
        if row.get("BankCode") != "B01":
            raise RefusalError(f"The Bank Code with [Bank: {row.get('BankCode')}] does not exist.")
        if row.get("Type") not in {"C", "W", "D", "A"}:
            raise RefusalError("Type must be C, W, D or A.")

    def _application(self, row: Row) -> None:
        head = {key: row[key] for key in ("BankCode", "CustNum", "Type", "CheckNum")}
        if self.database.find("SLArpmts", **head) is None:
            raise RefusalError(f"A/R Payment with [Check: {row['CheckNum']}] does not exist.")
        if row.get("Site") != SITE:
            raise RefusalError(f"The Site with [Site: {row.get('Site')}] does not exist.")
        number_given = str(row["InvNum"] or "").strip()
        payer = row.get("ApplyCustNum") or row["CustNum"]
        if number_given != _OPEN_MONEY and self.database.find("SLArtrans", CustNum=payer, InvNum=number_given, Type="I") is None:
            raise RefusalError(f"The posted Invoice with [Invoice: {number_given}] does not exist.")
        if number(row, "ForDiscAmt") > Decimal(0) and not row.get("DiscAcct"):
            raise RefusalError("DiscAcct is required with a discount.")
