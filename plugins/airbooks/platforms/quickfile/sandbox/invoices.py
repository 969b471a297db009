"""Sales documents of the account: created and updated by one method, totals by the server, a status that follows from what happened."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from airbooks.platforms.quickfile.sandbox.account import Account
from airbooks.platforms.quickfile.sandbox.refusal import Refusal, cents, schema
from airbooks.sandbox.kit import Booked, BookedPayment, Row

MISSING = "Cannot find invoice"


class Invoices:
    """The documents of one account and the payments on them."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self.rows = account.table("invoices")
        self.payments = account.table("payments")

    # -- create, update ---------------------------------------------------------------------------------------------------------

    def create(self, body: Row, *, keep: bool) -> Row:
        """Create a document, or with InvoiceID update one; without `keep` (TestMode) only check it."""
        data = body["InvoiceData"]
        old = self.live(data["InvoiceID"]) if "InvoiceID" in data else None
        self._check(data, old)
        single = data["Scheduling"]["SingleInvoiceData"]
        lines = [self._line(entry) for entry in _listed(data["InvoiceLines"]["ItemLines"]["ItemLine"])]
        if old is not None and self.account.struck("keep_old_lines"):
            lines = [*old["lines"], *lines]
        row = self._row(data, single, lines, old)
        self._check_credit(row, data.get("CreditNote"))
        number = row["InvoiceID"] if not keep else self._save(row, data.get("CreditNote"))
        return {"InvoiceID": number, "InvoiceNumber": row["InvoiceNumber"], "LineItemsCreated": len(lines), "InvoiceTotal": row["total"]}

    def _check(self, data: Row, old: Row | None) -> None:
        if data["InvoiceType"] != "INVOICE":
            raise Refusal("Only invoices are simulated")
        if data["ClientID"] <= 0:
            raise schema("ClientID", "the value must be greater than 0")
        self.account.client(data["ClientID"])
        self.account.require_currency(data["Currency"])
        single = data["Scheduling"]["SingleInvoiceData"]
        self.account.require_open(single["IssueDate"])
        if old is not None and self.paid(old):
            raise Refusal("The invoice has been paid and cannot be edited")
        if old is not None and old["credited"]:
            raise Refusal("The invoice has been credited and cannot be edited")
        if self.account.struck("refuse_duplicate_numbers") and any(
            row["InvoiceNumber"] == single.get("InvoiceNumber") and row is not old for row in self._live()
        ):
            raise Refusal(f"Invoice number {single['InvoiceNumber']} already exists")

    def _line(self, entry: Row) -> Row:
        self.account.require_item(entry["ItemID"])
        nominal = entry.get("ItemNominalCode", "4000")
        self.account.require_nominal(nominal)
        net = cents(Decimal(entry["Qty"]) * Decimal(entry["UnitCost"]))
        tax = entry.get("Tax1", {})
        percent = Decimal(tax.get("TaxPercentage", 0))
        vat = cents(Decimal(tax["TaxAmount"])) if "TaxAmount" in tax else cents(net * percent / 100)
        return {
            "ItemLineID": self.account.next_id("line", 7001),
            "ItemID": entry["ItemID"],
            "ItemName": entry.get("ItemName", ""),
            "ItemDescription": entry.get("ItemDescription", ""),
            "NominalCode": nominal,
            "TaxName1": tax.get("TaxName"),
            "TaxPercentage1": percent if tax else None,
            "UnitCost": Decimal(entry["UnitCost"]),
            "Qty": Decimal(entry["Qty"]),
            "LineTotal": net,
            "_vat": vat,
        }

    def _row(self, data: Row, single: Row, lines: list[Row], old: Row | None) -> Row:
        share = 1 - Decimal(data.get("Discount", 0)) / 100
        net = cents(sum((line["LineTotal"] for line in lines), Decimal(0)) * share)
        vat = cents(sum((line["_vat"] for line in lines), Decimal(0)) * share)
        wrong = self.account.struck("wrong_tax")
        vat += Decimal(str(wrong.get("amount", "0.01"))) if wrong else 0
        new = {"InvoiceID": 0, "CreatedDate": self.account.now(), "sent": False, "credited": False, "deleted": False}
        made = old or new
        number = single.get("InvoiceNumber") or made.get("InvoiceNumber") or f"{self.account.next_id('number', 1):06d}"
        kept = {"data": {key: value for key, value in data.items() if key not in ("InvoiceLines", "Scheduling")}, "lines": lines}
        order = single.get("PurchaseReference", "")
        facts = {"InvoiceNumber": number, "PurchaseReference": order, "IssueDate": single["IssueDate"], "net": net, "vat": vat}
        credit = data.get("CreditNote", {}).get("CreditNoteType", made.get("credit", ""))
        return {**made, **kept, **facts, "total": net + vat, "credit": credit}

    def _check_credit(self, row: Row, credit: Row | None) -> None:
        if credit is None:
            return
        parent = self.live(credit["ParentInvoiceID"])
        if row["total"] >= 0:
            raise Refusal("The total of a credit note must be negative")
        if parent["data"]["ClientID"] != row["data"]["ClientID"]:
            raise Refusal("The credit note is not for the client of its parent invoice")
        if parent["credited"] or parent["credit"]:
            raise Refusal("The parent invoice has been credited already")
        if credit["CreditNoteType"] == "REFUND" and "PaidFromAccount" not in credit:
            raise schema("CreditNote", "it has incomplete content: 'PaidFromAccount' is missing")

    def _save(self, row: Row, credit: Row | None) -> int:
        number: int = row["InvoiceID"] or self.account.next_id("invoice", 90125)
        self.rows[str(number)] = {**row, "InvoiceID": number}
        if credit is not None and credit["CreditNoteType"] == "VOID":
            parent = self.live(credit["ParentInvoiceID"])
            self.rows[str(parent["InvoiceID"])] = {**parent, "credited": True}
        return number

    # -- read -------------------------------------------------------------------------------------------------------------------

    def live(self, number: int) -> Row:
        row = self.rows.get(str(number))
        if row is None or row["deleted"]:
            raise Refusal(MISSING)
        return row

    def _live(self) -> Iterator[Row]:
        return (row for row in self.rows.values() if not row["deleted"])

    def get(self, body: Row) -> Row:
        row = self.live(body["InvoiceID"])
        lines = [{key: value for key, value in line.items() if not key.startswith("_")} for line in row["lines"]]
        data = row["data"]
        paid_on = max((each["date"] for each in self._on(row)), default=None)
        details = {
            "InvoiceID": row["InvoiceID"],
            "CreatedDate": row["CreatedDate"],
            "InvoiceType": "INVOICE",
            "InvoiceNumber": row["InvoiceNumber"],
            "PurchaseReference": row["PurchaseReference"],
            "Description": data.get("InvoiceDescription", row["lines"][0]["ItemDescription"][:35]),
            "IssueDate": f"{row['IssueDate']}T00:00:00",
            "PaidDate": f"{paid_on}T00:00:00" if self.status(row) == "PAIDFULL" else None,
            "ClientID": data["ClientID"],
            "ClientCompanyName": self.account.client(data["ClientID"])["CompanyName"],
            "Currency": data["Currency"],
            "TotalAmount": row["total"],
            "Discount": Decimal(data.get("Discount", 0)),
            "TermDays": data.get("TermDays", 30),
            "Status": self.status(row),
            "Notes": data.get("Notes", ""),
            "ItemLines": {"Item": lines[0] if len(lines) == 1 and self.account.struck("single_record_object") else lines},
            "DirectPreviewUri": f"{self.account.context.base_url}/preview/{row['InvoiceID']}",
        }
        return {"InvoiceDetails": details}

    def search(self, body: Row) -> Row:
        asked = body["SearchParameters"]
        wanted = asked.get("InvoiceNumber", "").casefold()
        hits = self.rows.containing("folded number", wanted, key=lambda row: row["InvoiceNumber"].casefold())
        found = [row for row in hits if asked.get("ShowDeleted") or not row["deleted"]]
        found.sort(key=lambda row: str(row["InvoiceNumber"]), reverse=asked["OrderDirection"] == "DESC")
        return self.account.page(found, asked, lambda row: {"InvoiceID": row["InvoiceID"], "InvoiceNumber": row["InvoiceNumber"]})

    def status(self, row: Row) -> str:
        if row["credit"]:
            return "CREDIT NOTE"
        if row["credited"]:
            return "CREDITED"
        paid = self.paid(row)
        if paid:
            return "PAIDFULL" if paid >= row["total"] else "PAIDPART"
        return "SENT" if row["sent"] else "DRAFT"

    # -- send, delete, pay --------------------------------------------------------------------------------------------------------

    def send(self, body: Row) -> Row:
        items = _listed(body["SendItem"])
        for item in items:
            row = self.live(item["InvoiceID"])
            if item["SendByEmail"] and not self.account.client(row["data"]["ClientID"])["_contact"].get("Email"):
                raise Refusal("The client has no contact with an email address")
        for item in items:
            row = self.live(item["InvoiceID"])
            if not self.account.struck("send_leaves_draft"):
                self.rows[str(row["InvoiceID"])] = {**row, "sent": True, "emails": row.get("emails", 0) + item["SendByEmail"]}
        return {"InvoicesSent": len(items)}

    def delete(self, body: Row) -> Row:
        """The payments go with the document, unless the flag says false: then they stay as credit of the client."""
        details = body["InvoiceDetails"]
        rows = [self.live(number) for number in _listed(details["InvoiceIDs"]["InvoiceID"])]
        for row in rows:
            for payment in self._on(row):
                self._settle(payment, delete=details.get("DeleteAssociatedPayments", True))
            self.rows[str(row["InvoiceID"])] = {**row, "deleted": True}
        return {"InvoicesDeleted": len(rows)}

    def _settle(self, payment: Row, *, delete: bool) -> None:
        self.payments[str(payment["id"])] = {**payment, "deleted": delete, "invoice": payment["invoice"] if delete else None}

    def pay(self, *, client: int, invoice: int | None, amount: Decimal, currency: str, day: str, notes: str = "", bank: int = 1200) -> Row:
        """A payment of one invoice, or without one a credit on the client's account."""
        self.account.client(client)
        self.account.require_nominal(str(bank))
        if invoice is not None:
            self._check_payable(self.live(invoice), client, amount, currency)
        number = self.account.next_id("payment", 55101)
        facts = {"client": client, "invoice": invoice, "amount": amount, "currency": currency, "date": day, "notes": notes, "bank": bank}
        self.payments[str(number)] = {"id": number, **facts, "deleted": False}
        return self.payments[str(number)]

    def _check_payable(self, row: Row, client: int, amount: Decimal, currency: str) -> None:
        if row["data"]["ClientID"] != client:
            raise Refusal("The invoice is not for this client")
        if row["data"]["Currency"] != currency:
            raise Refusal("The payment's currency is not the invoice's")
        if row["credited"] or row["credit"] or amount <= 0 or amount > row["total"] - self.paid(row):
            raise Refusal("The amount is more than the outstanding balance")

    def unpay(self, number: int) -> None:
        row = self.payments.get(str(number))
        if row is None or row["deleted"]:
            raise Refusal("Cannot find payment")
        self.payments[str(number)] = {**row, "deleted": True}

    def _on(self, row: Row) -> list[Row]:
        return [each for each in self.payments.where("invoice", row["InvoiceID"]) if not each["deleted"]]

    def paid(self, row: Row) -> Decimal:
        return sum((Decimal(each["amount"]) for each in self._on(row)), Decimal(0))

    # -- books --------------------------------------------------------------------------------------------------------------------

    def booked(self) -> list[Booked]:
        return [self._booked(row) for row in self.rows.values()]

    def _booked(self, row: Row) -> Booked:
        words = {
            "DRAFT": "draft",
            "SENT": "open",
            "PAIDPART": "partially_paid",
            "PAIDFULL": "paid",
            "CREDITED": "void",
            "CREDIT NOTE": "open",
        }
        status = "void" if row["deleted"] else words[self.status(row)]
        sign = -1 if row["credit"] else 1
        client = self.account.client(row["data"]["ClientID"])
        return Booked(
            remote_id=str(row["InvoiceID"]),
            kind="credit_note" if row["credit"] else "invoice",
            number=row["InvoiceNumber"],
            our_number=row["InvoiceNumber"],
            status=status,
            customer=client.get("AccountReference") or client["CompanyName"],
            currency=row["data"]["Currency"],
            net=sign * row["net"],
            tax=sign * row["vat"],
            total=sign * row["total"],
            balance=Decimal(0) if status == "void" else sign * row["total"] - self.paid(row),
            lines=sum(line["ItemName"] not in ("Discount", "Charge") for line in row["lines"]),
        )

    def booked_payments(self) -> list[BookedPayment]:
        return [
            BookedPayment(
                remote_id=str(row["id"]),
                reference=row["notes"],
                currency=row["currency"],
                amount=row["amount"],
                applied={} if row["invoice"] is None else {str(row["invoice"]): row["amount"]},
                status="void" if row["deleted"] else "posted",
            )
            for row in self.payments.values()
        ]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
