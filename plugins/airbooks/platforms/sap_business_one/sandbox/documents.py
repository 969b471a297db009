"""Marketing documents: posted by the request that creates them, priced and taxed by the company's set-up, cancelled by a twin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.sap_business_one.sandbox.masters import LOCAL, Masters, rate_of
from airbooks.platforms.sap_business_one.sandbox.properties import HEAD_READ_ONLY, require_document
from airbooks.platforms.sap_business_one.sandbox.refusal import bad
from airbooks.sandbox.kit import Clock, Row

CENT = Decimal("0.01")
PRICE, PERCENT, QUANTITY = Decimal("0.0001"), Decimal("0.01"), Decimal("0.001")  # decimals of the company's set-up
ZERO, ONE = Decimal(0), Decimal(1)
OBJECTS = {"Invoices": "oInvoices", "CreditNotes": "oCreditNotes"}
SETS = {name: each for each, name in OBJECTS.items()}
PATCHABLE = {"Comments", "NumAtCard", "DocDueDate", "JournalMemo"}
DEFAULTS: Row = {"PaidToDate": ZERO, "PaidToDateFC": ZERO, "Cancelled": "tNO", "CancelStatus": "csNo", "AuthorizationStatus": "dasWithout"}


def number(value: Any, name: str) -> Decimal:
    """A number, which may also be written as text."""
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise bad(f"Cannot read '{value}' as value of property '{name}'", -1000) from None


def rounded(value: Decimal, step: Decimal = CENT) -> Decimal:
    return value.quantize(step, ROUND_HALF_UP)


class Documents:
    """Posts, patches and cancels documents of one company."""

    def __init__(self, masters: Masters, clock: Clock, struck: Callable[[str], Row | None]) -> None:
        self.masters, self.store, self.clock, self._struck = masters, masters.store, clock, struck

    @staticmethod
    def local(row: Row) -> bool:
        """Whether a document is in the company's own currency."""
        return bool(row["DocCurrency"] == LOCAL)

    def user_fields(self) -> frozenset[str]:
        return frozenset(f"U_{each['Name']}" for each in self.store.table("UserFieldsMD").values() if each["TableName"] == "OINV")

    # -- posting --------------------------------------------------------------------------------------------------------------

    def post(self, name: str, body: Mapping[str, Any]) -> Row:
        """`POST Invoices` or `POST CreditNotes`."""
        row = self._made(body)
        row["DocEntry"] = self.store.next_number(f"entry {name}", 345)
        row["DocNum"] = self.store.next_number(f"number {name} {row['Series']}", 1207)
        row["TransNum"] = self.store.next_number("journal", 98)
        if not row["DocTotal"]:
            row["DocumentStatus"] = "bost_Close"
        self.save(name, row)
        return row

    def draft(self, name: str, body: Mapping[str, Any], status: str) -> Row:
        """The document as a draft: it has a key of another space, and nothing is booked."""
        row = self._made(body)
        row["DocEntry"], row["DocNum"] = self.store.next_number("entry Drafts", 12), self.store.next_number("number drafts", 1)
        row |= {"DocObjectCode": OBJECTS[name], "AuthorizationStatus": status, "_body": dict(body)}
        self.save("Drafts", row)
        return row

    def release(self, entry: object) -> None:
        """`DraftsService_SaveDraftToDocument`: the draft becomes the document."""
        row = self.masters.entry("Drafts", entry, "ODRF")
        if row["AuthorizationStatus"] not in {"dasApproved", "dasWithout"}:
            raise bad("The draft is not approved [ODRF.WddStatus]", -10)
        self.post(SETS[row["DocObjectCode"]], {**row["_body"]})
        self.save("Drafts", {**row, "AuthorizationStatus": "dasGenerated", "DocumentStatus": "bost_Close"})

    def save(self, name: str, row: Row) -> None:
        now = self.clock.now()
        version = self.store.next_number("version")
        self.store.table(name)[str(row["DocEntry"])] = {
            **row,
            "UpdateDate": now.date(),
            "UpdateTime": f"{now:%H:%M:%S}",
            "_version": version,
        }

    def _made(self, body: Mapping[str, Any]) -> Row:
        require_document(body, self.user_fields())
        given = {name: value for name, value in body.items() if name not in HEAD_READ_ONLY and value is not None}
        if not given.get("CardCode"):
            raise bad("Customer code is missing [OINV.CardCode]", -10)
        partner = self.masters.customer(given["CardCode"])
        row: Row = {**dict.fromkeys(self.user_fields()), **DEFAULTS, "Series": 4, "NumAtCard": None, "Comments": None, **given}
        row |= self._currency(partner, given)
        row |= self._dates(partner, given)
        row["CardName"], row["DocType"] = partner["CardName"], given.get("DocType", "dDocument_Items")
        row["DocumentLines"] = [self._line(row, index, line) for index, line in enumerate(self._rows(given))]
        row["DocumentAdditionalExpenses"] = [self._expense(each) for each in given.get("DocumentAdditionalExpenses", [])]
        row["DocumentStatus"] = "bost_Open"
        return row | self._totals(row)

    def _rows(self, given: Mapping[str, Any]) -> list[Row]:
        if not given.get("DocumentLines"):
            raise bad("No matching records: document has no rows [INV1]", -5002)
        return list(given["DocumentLines"])

    def _currency(self, partner: Row, given: Mapping[str, Any]) -> Row:
        fixed = partner["Currency"]
        currency = given.get("DocCurrency") or (LOCAL if fixed == "##" else fixed)
        self.masters.entry("Currencies", currency, "OINV.DocCur")
        if fixed not in {"##", currency}:
            raise bad(f"Currency '{currency}' differs from the currency of the business partner [OINV.DocCur]", -5002)
        if currency == LOCAL:
            return {"DocCurrency": LOCAL, "DocRate": ONE}
        if given.get("DocRate") is None and self._struck("missing_rate"):
            raise bad(f"Update the exchange rate , '{currency}'", -4006)
        rate = number(given["DocRate"], "DocRate") if given.get("DocRate") is not None else rate_of(currency)
        if rate <= 0:
            raise bad("Invalid exchange rate [OINV.DocRate]")
        return {"DocCurrency": currency, "DocRate": rate}

    def _dates(self, partner: Row, given: Mapping[str, Any]) -> Row:
        posted = _day(given.get("DocDate")) or self.clock.today()
        locked = self._struck("lock_period")
        if locked is not None and posted <= (_day(locked.get("through")) or date.max):
            raise bad("Posting period locked; specify an alternative date [OINV.DocDate]", -10)
        terms = self.masters.entry("PaymentTermsTypes", given.get("PaymentGroupCode", partner["PayTermsGrpCode"]), "OINV.GroupNum")
        due = _day(given.get("DocDueDate")) or posted + timedelta(days=terms["_days"])
        return {
            "DocDate": posted,
            "TaxDate": _day(given.get("TaxDate")) or self.clock.today(),
            "DocDueDate": due,
            "PaymentGroupCode": terms["GroupNumber"],
        }

    # -- lines ----------------------------------------------------------------------------------------------------------------

    def _line(self, row: Row, index: int, line: Mapping[str, Any]) -> Row:
        if line.get("TaxCode"):
            raise bad("Tax codes are for sales-tax localizations; use VatGroup [INV1.TaxCode]")
        for name in [each for each in line if each.startswith("CostingCode") and line[each]]:
            rule = self.masters.entry("DistributionRules", line[name], f"INV1.{name}")
            if rule["InWhichDimension"] != int(name.removeprefix("CostingCode") or 1):
                raise bad(f"'{line[name]}' is no rule of this dimension [INV1.OcrCode]")
        for name, table in (("WarehouseCode", "Warehouses"), ("ProjectCode", "Projects")):
            if line.get(name):
                self.masters.entry(table, line[name], f"INV1.{name}")
        made = self._service_line(line) if row["DocType"] == "dDocument_Service" else self._item_line(line)
        made["VatGroup"] = line.get("VatGroup") or made["VatGroup"]
        self.masters.entry("VatGroups", made["VatGroup"], "INV1.VatGroup")
        return {**dict(line), **made, "LineNum": index}

    def _service_line(self, line: Mapping[str, Any]) -> Row:
        account = self.masters.entry("ChartOfAccounts", line.get("AccountCode"), "INV1.AcctCode")
        if "LineTotal" not in line:
            raise bad("Row total is missing [INV1.LineTotal]")
        return {"VatGroup": "A19", "AccountCode": account["Code"], "LineTotal": rounded(number(line["LineTotal"], "LineTotal"))}

    def _item_line(self, line: Mapping[str, Any]) -> Row:
        if not line.get("ItemCode"):
            raise bad("Item number is missing [INV1.ItemCode]", -10)
        item = self.masters.entry("Items", line["ItemCode"], "INV1.ItemCode")
        if item["Frozen"] == "tYES" or self._struck("freeze_item"):
            raise bad(f"Item '{line['ItemCode']}' is inactive [INV1.ItemCode]", -10)
        if self._struck("no_stock"):
            raise bad("Quantity falls into negative inventory [INV1.ItemCode]", -10)
        quantity = rounded(number(line.get("Quantity", 1), "Quantity"), QUANTITY)
        if quantity <= 0:
            raise bad("Quantity must be greater than zero [INV1.Quantity]")
        # Without a price the customer's price list is used, and nothing says so.
        price = rounded(number(line["UnitPrice"], "UnitPrice"), PRICE) if line.get("UnitPrice") is not None else item["_list_price"]
        percent = rounded(number(line.get("DiscountPercent", 0), "DiscountPercent"), PERCENT)
        total = rounded(quantity * price * (1 - percent / 100))
        if line.get("LineTotal") is not None:
            total = rounded(number(line["LineTotal"], "LineTotal"))
        return {"VatGroup": item["SalesVATGroup"], "Quantity": quantity, "UnitPrice": price, "DiscountPercent": percent, "LineTotal": total}

    def _expense(self, each: Mapping[str, Any]) -> Row:
        self.masters.entry("AdditionalExpenses", each.get("ExpenseCode"), "INV3.ExpnsCode")
        self.masters.entry("VatGroups", each.get("VatGroup", "A19"), "INV3.VatGroup")
        return {**each, "VatGroup": each.get("VatGroup", "A19"), "LineTotal": rounded(number(each.get("LineTotal", 0), "LineTotal"))}

    # -- totals ---------------------------------------------------------------------------------------------------------------

    def _totals(self, row: Row) -> Row:
        lines, percent = row["DocumentLines"], rounded(number(row.get("DiscountPercent", 0), "DiscountPercent"), PERCENT)
        before = sum((line["LineTotal"] for line in lines), ZERO)
        discount = rounded(before * percent / 100)
        expenses = sum((each["LineTotal"] for each in row["DocumentAdditionalExpenses"]), ZERO)
        net, tax = before - discount + expenses, self._tax(row, percent)
        if net + tax < 0:
            raise bad("Document total must be zero or greater [OINV.DocTotal]")
        return {"DiscountPercent": percent} | self._amounts(row, net + tax, tax, discount)

    def _amounts(self, row: Row, total: Decimal, tax: Decimal, discount: Decimal) -> Row:
        """In local currency, and in the document's where that is another."""
        if self.local(row):
            return {"DocTotal": total, "VatSum": tax, "TotalDiscount": discount, "DocTotalFc": ZERO, "VatSumFc": ZERO}
        rate = row["DocRate"]
        local = {"DocTotal": rounded(total * rate), "VatSum": rounded(tax * rate), "TotalDiscount": rounded(discount * rate)}
        return {**local, "DocTotalFc": total, "VatSumFc": tax}

    def _tax(self, row: Row, percent: Decimal) -> Decimal:
        """The tax of each code on the sum of its rows (switchable: row by row)."""
        bases: dict[tuple[str, int], Decimal] = defaultdict(Decimal)
        per_row = self._struck("tax_per_row") is not None
        for line in row["DocumentLines"]:
            bases[line["VatGroup"], line["LineNum"] if per_row else 0] += line["LineTotal"] * (1 - percent / 100)
        for each in row["DocumentAdditionalExpenses"]:
            bases[each["VatGroup"], 0] += each["LineTotal"]
        wrong = self._struck("wrong_tax")
        return sum((rounded(base * self._rate(code, wrong) / 100) for (code, _), base in bases.items()), ZERO)

    def _rate(self, code: str, wrong: Row | None) -> Decimal:
        if wrong is not None:
            return Decimal(str(wrong.get("percent", 16)))
        return Decimal(self.masters.entry("VatGroups", code, "OVTG")["VatGroups_Lines"][-1]["Rate"])

    # -- afterwards -----------------------------------------------------------------------------------------------------------

    def patch(self, name: str, row: Row, body: Mapping[str, Any]) -> None:
        """Only texts, the due date and user-defined fields of a posted document change; what is read-only is ignored without a word."""
        require_document(body, self.user_fields())
        writable = PATCHABLE | self.user_fields()
        locked = set(body) - writable - HEAD_READ_ONLY
        if locked:
            raise bad(f"Property '{min(locked)}' cannot be changed in a posted document", -5002)
        if self._struck("ignore_patch"):
            return
        changed = {each: value for each, value in body.items() if each in writable}
        if "DocDueDate" in changed:
            changed["DocDueDate"] = _day(changed["DocDueDate"])
        self.save(name, {**row, **changed})

    def cancel(self, name: str, row: Row) -> None:
        """Book a cancellation document; both stay in the list, the original closed."""
        if row["CancelStatus"] != "csNo":
            raise bad("Document has already been cancelled [OINV.CANCELED]", -10)
        if row["PaidToDate"] > 0:
            raise bad("Cannot cancel document: a payment or credit is applied to it [OINV.PaidToDate]", -10)
        if self._struck("lock_period"):
            raise bad("Posting period locked; specify an alternative date [OINV.DocDate]", -10)
        closed = {"DocumentStatus": "bost_Close"}
        twin = {**row, **closed, "CancelStatus": "csCancellation", "DocEntry": self.store.next_number(f"entry {name}", 345)}
        twin["DocNum"] = self.store.next_number(f"number {name} {row['Series']}", 1207)
        self.save(name, {**row, **closed, "CancelStatus": "csYes", "Cancelled": "tYES"})
        self.save(name, twin)

    def settle(self, name: str, row: Row, local: Decimal, foreign: Decimal) -> None:
        """Raise (or, with negative amounts, lower) what is paid; a document that is paid in full closes."""
        paid = {"PaidToDate": row["PaidToDate"] + local, "PaidToDateFC": row["PaidToDateFC"] + foreign}
        now = {**row, **paid}
        self.save(name, {**now, "DocumentStatus": "bost_Open" if self.open_amount(now) > 0 else "bost_Close"})

    def open_amount(self, row: Row) -> Decimal:
        """What is left to pay, in the document's currency."""
        if self.local(row):
            return Decimal(row["DocTotal"] - row["PaidToDate"])
        return Decimal(row["DocTotalFc"] - row["PaidToDateFC"])


def _day(value: Any) -> date | None:
    if not value:
        return None
    try:
        return value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
    except ValueError:
        raise bad(f"Cannot read '{value}' as a date", -1000) from None
