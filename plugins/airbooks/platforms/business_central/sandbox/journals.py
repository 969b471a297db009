"""Customer payment journals: their lines, and posting a whole journal."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from airbooks.platforms.business_central.sandbox.bodies import accept
from airbooks.platforms.business_central.sandbox.company import Company
from airbooks.platforms.business_central.sandbox.posting import Posting
from airbooks.platforms.business_central.sandbox.refusal import dialog, exists_already
from airbooks.platforms.business_central.sandbox.shapes import CUSTOMER_PAYMENT, PAYMENT_JOURNAL, ZERO_GUID
from airbooks.sandbox.kit import Row

JOURNALS, PAYMENTS = "customerPaymentJournals", "customerPayments"


class Journals:
    """The payment journals of one company."""

    def __init__(self, company: Company, posting: Posting) -> None:
        self.company, self.posting = company, posting

    def create(self, body: dict[str, Any]) -> Row:
        fields, _ = accept(PAYMENT_JOURNAL, body)
        if not fields.get("code"):
            raise dialog('A "code" must be provided.')
        if self.company.find(JOURNALS, "code", fields["code"]):
            raise exists_already("Gen. Journal Batch", "Name", fields["code"])
        row = {**PAYMENT_JOURNAL.blank(), **fields, "templateDisplayName": "CASHRCPT"}
        account = fields.get("balancingAccountId", ZERO_GUID)
        if account != ZERO_GUID:
            card = self.company.table("accounts").get(account) or self.company.table("bankAccounts").get(account)
            if card is None:
                raise dialog('The "balancingAccountId" does not match to a G/L Account or a Bank Account.')
            row["balancingAccountNumber"] = card["number"]
        return self.company.insert(JOURNALS, row)

    def lines(self, journal_id: str) -> list[Row]:
        return [row for row in self.company.table(PAYMENTS).values() if row["journalId"] == journal_id]

    def add(self, journal: Row, body: dict[str, Any]) -> Row:
        fields, _ = accept(CUSTOMER_PAYMENT, body)
        customer = self._customer(fields)
        number = 10_000 + max((int(each["lineNumber"]) for each in self.lines(journal["id"])), default=0)
        row = {
            **CUSTOMER_PAYMENT.blank(),
            "journalId": journal["id"],
            "journalDisplayName": journal["code"],
            "lineNumber": Decimal(number),
            "postingDate": self.company.today(),
            "description": customer["displayName"],
            **fields,
            "customerId": customer["id"],
            "customerNumber": customer["number"],
            "id": str(uuid.uuid4()),
        }
        row["documentNumber"] = row["documentNumber"] or f"G{self.company.next_number('payment documents', 5001)}"
        self._apply_to(row, fields)
        return self.company.insert(PAYMENTS, row, row["id"])

    def change(self, row: Row, body: dict[str, Any]) -> Row:
        fields, _ = accept(CUSTOMER_PAYMENT, body)
        row.update({name: value for name, value in fields.items() if name not in {"customerId", "customerNumber"}})
        self._apply_to(row, fields)
        return self.company.save(PAYMENTS, row)

    def _customer(self, fields: Row) -> Row:
        customer = self.company.chosen(
            "customers",
            fields,
            "customerId",
            "customerNumber",
            code="number",
            missing='The "customerNumber" does not match to a Customer.',
            mismatch="The customer values do not match to a specific Customer.",
        )
        if customer is None:
            raise dialog('A "customerNumber" or a "customerId" must be provided.')
        return customer

    def _apply_to(self, row: Row, fields: Row) -> None:
        """The invoice of a line: by id it must be a posted one, by an unknown number it is kept with an empty id."""
        invoice_id = fields.get("appliesToInvoiceId", ZERO_GUID)
        if invoice_id != ZERO_GUID:
            invoice = self.company.table("salesInvoices").get(invoice_id)
            if invoice is None or not invoice["_posted"]:
                raise dialog('The "appliesToInvoiceId" should be the ID of an Open, Paid, Corrective, or Canceled Invoice.')
            if fields.get("appliesToInvoiceNumber", invoice["number"]) != invoice["number"]:
                raise dialog("The Applies To Invoice values do not match to the same Invoice.")
            row["appliesToInvoiceNumber"] = invoice["number"]
        elif fields.get("appliesToInvoiceNumber"):
            known = self.company.find("salesInvoices", "number", fields["appliesToInvoiceNumber"])
            row["appliesToInvoiceId"] = known["id"] if known and known["_posted"] else ZERO_GUID

    def post(self, journal: Row) -> None:
        """Post all lines of a journal, or none."""
        self.company.require_unlocked_tables()
        lines = self.lines(journal["id"])
        if not lines:
            raise dialog("There is nothing to post.")
        checked = [(line, self.posting.check_payment(line)) for line in lines]
        for line, invoice in checked:
            self.posting.post_payment(line, invoice)
            del self.company.table(PAYMENTS)[line["id"]]
