"""Incoming payments, and the stored SQL query by which changed ones are found (the entity itself tells no date of change)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from airbooks.platforms.sap_business_one.sandbox.documents import ZERO, Documents, number, rounded
from airbooks.platforms.sap_business_one.sandbox.masters import LOCAL, rate_of
from airbooks.platforms.sap_business_one.sandbox.properties import require_payment
from airbooks.platforms.sap_business_one.sandbox.refusal import Refusal, bad, no_match
from airbooks.sandbox.kit import Row

TIME_ZONE = "Europe/Berlin"
ALLOWED_TABLES = {"ORCT", "RCT1", "RCT2", "RCT3", "RCT4", "OINV", "OFPR", "ORTT"}
INVOICE_SETS = {"it_Invoice": "Invoices", "13": "Invoices"}


class Payments:
    """Books, cancels and lists what customers paid."""

    def __init__(self, documents: Documents) -> None:
        self.documents, self.store, self.clock = documents, documents.store, documents.clock

    def post(self, body: Mapping[str, Any]) -> Row:
        """`POST IncomingPayments`."""
        require_payment(body)
        if body.get("DocType", "rCustomer") != "rCustomer":
            raise bad("Only payments of customers are taken here [ORCT.DocType]")
        self.documents.masters.customer(body.get("CardCode"))
        currency = body.get("DocCurrency") or LOCAL
        self.documents.masters.entry("Currencies", currency, "ORCT.DocCurr")
        received = self._received(body)
        rows = [dict(each) for each in body.get("PaymentInvoices") or []]
        targets = [self._target(body, currency, each) for each in rows]
        applied = sum((amount for _, amount, _ in targets), ZERO)
        if applied > received:
            raise bad("Payment amount is smaller than the sum applied [ORCT]", -10)
        rate = number(body["DocRate"], "DocRate") if body.get("DocRate") is not None else rate_of(currency)
        settled = [self._settled(invoice, amount, discount, rate) for invoice, amount, discount in targets]
        entry = self.store.next_number("entry IncomingPayments", 77)
        row = {**dict(body), "DocEntry": entry, "DocNum": self.store.next_number("number payments", 501), "Cancelled": "tNO"}
        row |= {"DocType": "rCustomer", "DocCurrency": currency, "DocRate": rate, "DocDate": self._day(body.get("DocDate"))}
        row |= {"CashSum": number(body.get("CashSum", 0), "CashSum"), "TransferSum": number(body.get("TransferSum", 0), "TransferSum")}
        row |= {"PaymentInvoices": [self._echo(each, *target) for each, target in zip(rows, targets, strict=True)], "_settled": settled}
        self._save(row)
        return row

    def _day(self, given: Any) -> date:
        return date.fromisoformat(str(given)[:10]) if given else self.clock.today()

    def _received(self, body: Mapping[str, Any]) -> Decimal:
        for sum_name, account in (("TransferSum", "TransferAccount"), ("CashSum", "CashAccount")):
            if body.get(sum_name):
                self.documents.masters.entry("ChartOfAccounts", body.get(account), f"ORCT.{account}")
        means = [number(body.get(name, 0), name) for name in ("TransferSum", "CashSum")]
        means += [number(each.get("CheckSum", 0), "CheckSum") for each in body.get("PaymentChecks") or []]
        if not sum(means):
            raise bad("No payment means given [ORCT]", -5002)
        return sum(means, ZERO)

    def _target(self, body: Mapping[str, Any], currency: str, row: Row) -> tuple[str, Decimal, Decimal]:
        """The invoice that a row settles, and by how much in the document's currency."""
        if INVOICE_SETS.get(str(row.get("InvoiceType", "it_Invoice"))) is None:
            raise bad("Invoice type is not supported [RCT2.InvType]")
        invoice = self.store.table("Invoices").get(str(row.get("DocEntry")))
        if invoice is None:
            raise no_match("RCT2.DocEntry")
        if invoice["CardCode"] != body["CardCode"]:
            raise bad("The invoice belongs to another business partner [RCT2.DocEntry]")
        local = self.documents.local(invoice)
        if not local and "AppliedFC" not in row:
            raise bad("A foreign-currency invoice is settled by AppliedFC [RCT2.AppliedFC]")
        if invoice["DocCurrency"] != currency:
            raise bad("Payment currency differs from the currency of the invoice [ORCT.DocCurr]")
        amount = number(row.get("SumApplied" if local else "AppliedFC", 0), "SumApplied")
        discount = number(row.get("TotalDiscount", 0), "TotalDiscount")
        if invoice["CancelStatus"] != "csNo" or amount + discount > self.documents.open_amount(invoice):
            raise bad("Sum applied exceeds the open amount of the invoice [RCT2.SumApplied]", -10)
        return str(row["DocEntry"]), amount, discount

    def _settled(self, key: str, amount: Decimal, discount: Decimal, rate: Decimal) -> Row:
        invoice = self.store.table("Invoices")[key]
        whole = amount + discount
        local, foreign = (whole, ZERO) if self.documents.local(invoice) else (rounded(whole * rate), whole)
        self.documents.settle("Invoices", invoice, local, foreign)
        return {"key": key, "local": local, "foreign": foreign, "amount": amount}

    def _echo(self, row: Row, key: str, amount: Decimal, discount: Decimal) -> Row:
        invoice = self.store.table("Invoices")[key]
        local = self.documents.local(invoice)
        applied = {"SumApplied": amount if local else rounded(amount * invoice["DocRate"]), "AppliedFC": ZERO if local else amount}
        return {"InstallmentId": 1, "InvoiceType": "it_Invoice", **row, **applied, "DocEntry": int(key), "TotalDiscount": discount}

    def cancel(self, row: Row) -> None:
        """`IncomingPayments(77)/Cancel`: the invoices open again."""
        if row["Cancelled"] == "tYES":
            raise bad("Payment has already been cancelled [ORCT.Canceled]", -10)
        for each in row["_settled"]:
            invoice = self.store.table("Invoices")[each["key"]]
            self.documents.settle("Invoices", invoice, -each["local"], -each["foreign"])
        self._save({**row, "Cancelled": "tYES"})

    def _save(self, row: Row) -> None:
        self.store.table("IncomingPayments")[str(row["DocEntry"])] = {**row, "_updated": self._today()}

    def _today(self) -> date:
        return self.clock.now().astimezone(ZoneInfo(TIME_ZONE)).date()

    # -- stored queries -------------------------------------------------------------------------------------------------------

    def store_query(self, body: Mapping[str, Any]) -> Row:
        """`POST SQLQueries`; only tables on the allow list may be read."""
        code, text = body.get("SqlCode"), str(body.get("SqlText") or "")
        if not code or not text.upper().startswith("SELECT "):
            raise bad("Invalid SQL syntax", 701)
        tables = {each.upper() for each in re.findall(r"(?:FROM|JOIN)\s+(\w+)", text, re.IGNORECASE)}
        if tables - ALLOWED_TABLES:
            raise bad(f"Table '{min(tables - ALLOWED_TABLES)}' is not accessible", 702)
        queries = self.store.table("SQLQueries")
        if code in queries:
            raise bad("This entry already exists in the following tables (ODBC -2035)", -2035)
        queries[str(code)] = {"SqlCode": code, "SqlName": body.get("SqlName"), "SqlText": text}
        return queries[str(code)]

    def run_query(self, code: str, parameters: str) -> tuple[str, list[Row]]:
        """`SQLQueries('…')/List`: the one form that this simulator understands is payments by their date of change."""
        query = self.store.table("SQLQueries").get(code)
        if query is None:
            raise Refusal(404, -2028, "No matching records found (ODBC -2028)")
        given = re.fullmatch(r"since='(\d{8})'", parameters)
        if given is None:
            raise bad("Invalid SQL parameters", 704)
        if not re.fullmatch(r"SELECT T0\.DocEntry FROM ORCT T0 WHERE T0\.UpdateDate >= :since", query["SqlText"], re.IGNORECASE):
            raise bad("Invalid SQL column", 703)
        since = datetime.strptime(given[1], "%Y%m%d").date()  # noqa: DTZ007 a day without a zone
        rows = self.store.table("IncomingPayments").values()
        return query["SqlText"], [{"DocEntry": row["DocEntry"]} for row in rows if row["_updated"] >= since]
