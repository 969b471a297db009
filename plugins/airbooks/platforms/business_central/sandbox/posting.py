"""What makes documents and payments legal: posting, cancelling, applying, and the customer ledger entries that remain."""

from __future__ import annotations

import copy
import uuid
from decimal import Decimal

from airbooks.platforms.business_central.sandbox.company import HOME, Company, cents
from airbooks.platforms.business_central.sandbox.documents import CREDIT_MEMOS, INVOICES, Kind
from airbooks.platforms.business_central.sandbox.refusal import Refusal, dialog, set_up_missing
from airbooks.platforms.business_central.sandbox.shapes import LEDGER_ENTRY
from airbooks.sandbox.kit import Row

ENTRIES = "customerLedgerEntries"
_HALF_CANCELLED = (
    "Canceling the invoice failed because of the following error: "
    "\\\\A number series is used up.\\\\A credit memo is created but not posted."
)
_ENTRY_TYPES = {"invoice": "Invoice", "credit memo": "Credit_x0020_Memo"}


class Posting:
    """The posting routines of one company."""

    def __init__(self, company: Company) -> None:
        self.company = company

    # -- documents ------------------------------------------------------------------------------------------------------------

    def post(self, kind: Kind, row: Row) -> None:
        """Make a draft a posted document: same id, a number of the posted series, a ledger entry."""
        self.company.require_unlocked_tables()
        if row["_posted"]:
            raise dialog(f"The action can be applied to a draft {kind.word} only.")
        if row["status"] == "In_x0020_Review":
            raise dialog(
                f"Document Type {kind.word.title()}, No. {row['number']} must be approved and released before you can perform this action."
            )
        self._check_lines(kind, row)
        self.company.require_open_period(row["postingDate"])
        self._check_customer(row["customerNumber"], {"Invoice", "All"})
        self._check_posting_groups(row)
        self.company.rate(row["currencyCode"], row["postingDate"])
        invoice = self._corrected(row) if kind is CREDIT_MEMOS else None
        self._make_posted(kind, row, "Open")
        entry = self._enter(kind, row)
        if invoice is not None:
            self._settle(entry, invoice, row["totalAmountIncludingTax"])
        self._close_when_settled(kind, row, entry)

    def _check_lines(self, kind: Kind, row: Row) -> None:
        charged = [line for line in row["_lines"] if line["lineType"] != "Comment"]
        if not charged:
            raise dialog(f"Please add at least one line item to the {kind.word}.")
        if any(not line["quantity"] for line in charged):
            raise dialog("One or more document lines with a value in the No. field do not have a quantity specified.")
        if row["totalAmountIncludingTax"] < 0:
            raise dialog(f"The total amount for the {kind.word} must be 0 or greater.")

    def _check_customer(self, number: str, blocking: set[str]) -> None:
        customer = self.company.find("customers", "number", number)
        if customer and customer["blocked"] in blocking:
            raise dialog(f"You cannot post this type of document when Customer {number} is blocked with type {customer['blocked']}.")

    def _check_posting_groups(self, row: Row) -> None:
        customer = self.company.table("customers")[row["customerId"]]
        if not customer["_posting_group"]:
            raise set_up_missing(
                f"Gen. Bus. Posting Group must have a value in Customer: No.={customer['number']}. It cannot be zero or empty."
            )
        for line in row["_lines"]:
            if line["lineType"] != "Comment" and self.company.tax_percent(line["taxCode"]) is None:
                raise set_up_missing(
                    "The VAT Posting Setup does not exist. Identification fields and values: "
                    f"VAT Bus. Posting Group='INLAND',VAT Prod. Posting Group='{line['taxCode']}'"
                )

    def _corrected(self, row: Row) -> Row | None:
        """The invoice a credit memo is applied to: posted, open, of the same customer and currency."""
        if not row["invoiceNumber"]:
            return None
        return self._open_invoice(row["invoiceNumber"], row["customerNumber"], row["currencyCode"])

    def _open_invoice(self, number: str, customer: str, currency: str) -> Row:
        invoice = self.company.find("salesInvoices", "number", number)
        fits = invoice is not None and invoice["_posted"] and invoice["remainingAmount"] > 0 and invoice["customerNumber"] == customer
        if invoice is None or not fits:
            raise dialog(
                "There is no Cust. Ledger Entry within the filter. "
                f"Filters: Customer No.: {customer}, Document Type: Invoice, Document No.: {number}, Open: Yes"
            )
        if invoice["currencyCode"] != currency:  # which set-up of application between currencies a company has is UNVERIFIED
            raise dialog(
                f"Currency Code must be equal to '{invoice['currencyCode']}' in the entry to be applied. Current value is '{currency}'."
            )
        return invoice

    def _make_posted(self, kind: Kind, row: Row, status: str) -> None:
        row["number"] = self.company.next_number(f"{kind.set_name} posted", kind.posted_series)
        row.update({"_posted": True, "status": status})
        self.company.save(kind.set_name, row)

    def _enter(self, kind: Kind, row: Row) -> Row:
        sign = 1 if kind is INVOICES else -1
        return self._entry(
            {
                "documentType": _ENTRY_TYPES[kind.word],
                "description": f"{kind.word.title()} {row['number']}",
                "postingDate": row["postingDate"],
                "documentNumber": row["number"],
                "externalDocumentNumber": row["externalDocumentNumber"],
                "customerNumber": row["customerNumber"],
                "amount": sign * row["totalAmountIncludingTax"],
            },
            row["currencyCode"],
        )

    def _entry(self, fields: Row, currency: str) -> Row:
        """A new customer ledger entry; the home currency is blank in it, as in the ledger itself."""
        number = self.company.context.store.next_number("ledger entries", 2801)
        rate = self.company.rate(currency, fields["postingDate"])
        row = {
            **LEDGER_ENTRY.blank(),
            **fields,
            "entryNumber": number,
            "currencyCode": "" if currency == HOME else currency,
            "amountLocalCurrency": cents(fields["amount"] * rate),
            "open": True,
            "_left": abs(fields["amount"]),
            "_applied": {},
        }
        return self.company.insert(ENTRIES, row, str(number))

    def _settle(self, entry: Row, invoice: Row, amount: Decimal) -> None:
        """Apply an entry to an invoice. A partial payment moves neither the invoice's version nor its time of change."""
        used = min(amount, invoice["remainingAmount"])
        invoice["remainingAmount"] -= used
        entry["_applied"][invoice["id"]] = entry["_applied"].get(invoice["id"], Decimal(0)) + used
        entry["_left"] -= used
        if invoice["remainingAmount"]:
            self.company.keep("salesInvoices", invoice)
        else:
            invoice["status"] = "Paid"
            self.company.save("salesInvoices", invoice)
        self._keep_entry(entry)

    def _keep_entry(self, entry: Row) -> None:
        entry["open"] = bool(entry["_left"])
        entry["lastModifiedDateTime"] = self.company.now()
        self.company.table(ENTRIES)[str(entry["entryNumber"])] = entry

    def _close_when_settled(self, kind: Kind, row: Row, entry: Row) -> None:
        settled = not entry["_left"] if kind is CREDIT_MEMOS else not row["remainingAmount"]
        if settled:
            row["status"] = "Paid"
            self.company.keep(kind.set_name, row)

    # -- cancelling -----------------------------------------------------------------------------------------------------------

    def cancel(self, kind: Kind, row: Row) -> None:
        """Void a posted, unpaid invoice by a corrective credit memo that is posted at once."""
        self.company.require_unlocked_tables()
        if not row["_posted"]:
            raise dialog(f"The action can be applied to a posted {kind.word} only.")
        if row["status"] == "Canceled":
            raise dialog(f"The {kind.word} cannot be canceled because it has already been canceled.")
        if kind is CREDIT_MEMOS:
            raise dialog("You cannot cancel this posted sales credit memo because it is not a corrective document.")
        self._check_cancellable(row)
        memo = self._corrective_memo(row)
        if self.company.struck("half_cancel"):
            self.company.insert("salesCreditMemos", memo, memo["id"])
            raise dialog(_HALF_CANCELLED)
        memo["number"] = self.company.next_number("salesCreditMemos posted", CREDIT_MEMOS.posted_series)
        memo.update({"_posted": True, "status": "Corrective"})
        self.company.insert("salesCreditMemos", memo, memo["id"])
        self._enter(CREDIT_MEMOS, memo)
        row.update({"status": "Canceled", "remainingAmount": Decimal(0)})
        self.company.save("salesInvoices", row)

    def _check_cancellable(self, row: Row) -> None:
        if row["remainingAmount"] != row["totalAmountIncludingTax"]:
            raise dialog(
                "You cannot correct this posted sales invoice because it is fully or partially paid."
                "\\\\To reverse a paid sales invoice, you must manually create a sales credit memo."
            )
        self.company.require_open_period(row["postingDate"])
        self.company.rate(row["currencyCode"], row["postingDate"])
        self._check_customer(row["customerNumber"], {"Invoice", "All"})

    def _corrective_memo(self, row: Row) -> Row:
        kept = {name: row[name] for name in CREDIT_MEMOS.entity.blank() if name in row}
        return {
            **CREDIT_MEMOS.entity.blank(),
            **kept,
            "id": str(uuid.uuid4()),
            "number": self.company.next_number("salesCreditMemos drafts", CREDIT_MEMOS.draft_series),
            "creditMemoDate": row["invoiceDate"],
            "invoiceId": row["id"],
            "invoiceNumber": row["number"],
            "status": "Draft",
            "_lines": copy.deepcopy(row["_lines"]),
            "_dims": dict(row["_dims"]),
            "_posted": False,
        }

    # -- payments -------------------------------------------------------------------------------------------------------------

    def check_payment(self, line: Row) -> Row | None:
        """Whether a journal line can be posted; answers the invoice it is applied to."""
        if line["amount"] >= 0:
            raise dialog(
                f"Amount must be negative in Gen. Journal Line: Batch Name={line['journalDisplayName']}, Line No.={line['lineNumber']}."
            )
        self.company.require_open_period(line["postingDate"])
        self._check_customer(line["customerNumber"], {"All"})
        self.company.rate(self.currency_of(line["customerNumber"]), line["postingDate"])
        if not line["appliesToInvoiceNumber"]:
            return None
        return self._open_invoice(line["appliesToInvoiceNumber"], line["customerNumber"], self.currency_of(line["customerNumber"]))

    def currency_of(self, customer: str) -> str:
        """The currency of a customer's journal lines: that of the card (UNVERIFIED by the vendor's documents)."""
        card = self.company.find("customers", "number", customer)
        return str(card["currencyCode"]) if card else HOME

    def post_payment(self, line: Row, invoice: Row | None) -> None:
        fields = {
            name: line[name]
            for name in ("postingDate", "documentNumber", "externalDocumentNumber", "customerNumber", "amount", "description")
        }
        entry = self._entry({**fields, "documentType": "Payment"}, self.currency_of(line["customerNumber"]))
        if invoice is not None:
            self._settle(entry, invoice, -line["amount"])

    def reverse_payment(self, reference: str) -> None:
        """What a person does in the client: unapply and reverse every payment entry that carries this external document number."""
        entries = [
            row
            for row in self.company.table(ENTRIES).values()
            if row["documentType"] == "Payment" and row["externalDocumentNumber"] == reference
        ]
        if not entries:
            raise Refusal(400, "BadRequest", f"no payment {reference!r}")
        for entry in entries:
            self._reverse(entry)

    def _reverse(self, entry: Row) -> None:
        for invoice_id, amount in entry["_applied"].items():
            invoice = self.company.table("salesInvoices")[invoice_id]
            invoice["remainingAmount"] += amount
            invoice["status"] = "Open"
            self.company.save("salesInvoices", invoice)
        names = ("documentType", "description", "documentNumber", "externalDocumentNumber", "customerNumber", "postingDate")
        back = self._entry({**{name: entry[name] for name in names}, "amount": -entry["amount"]}, entry["currencyCode"] or HOME)
        for each in (entry, back):
            each.update({"_left": Decimal(0), "_applied": {}, "_reversed": True})
            self._keep_entry(each)
