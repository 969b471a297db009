"""What the company holds, in the words that every simulator's books share."""

from __future__ import annotations

from collections.abc import Iterator

from airbooks.platforms.acumatica.sandbox.answers import Row
from airbooks.platforms.acumatica.sandbox.company import Company, customer_name
from airbooks.sandbox.kit import Booked, BookedPayment

KINDS = {"Invoice": "invoice", "Credit Memo": "credit_note"}


def booked_documents(company: Company) -> Iterator[Booked]:
    for entity, row in company.documents():
        yield Booked(
            remote_id=company.key_of(entity, row),
            kind=KINDS[row["Type"]],
            number=row["ReferenceNbr"],
            our_number=(row.get("CustomerOrder") if entity == "Invoice" else row.get("ExternalRef")) or "",
            status=_status(row),
            customer=row[customer_name(entity)],
            currency=row["_currency"],
            net=row["Amount"] - row["TaxTotal"],
            tax=row["TaxTotal"],
            total=row["Amount"],
            balance=row["Balance"],
            lines=len(row["Details"]),
        )


def _status(row: Row) -> str:
    if not row["_released"]:
        return "draft"
    if row["Status"] == "Open":
        return "open" if row["Balance"] == row["Amount"] else "partially_paid"
    reversed_by_memo = [each for each in row["_applied"] if each["DocType"] == "Credit Memo" and each["amount"] == row["Amount"]]
    return "void" if reversed_by_memo else "paid"


def booked_payments(company: Company) -> Iterator[BookedPayment]:
    for row in company.table("Payment").values():
        yield BookedPayment(
            remote_id=company.key_of("Payment", row),
            reference=row["PaymentRef"],
            currency=row["CurrencyID"],
            amount=row["PaymentAmount"],
            applied={f"{each['DisplayDocType']}/{each['DisplayRefNbr']}": each["AmountPaid"] for each in row["ApplicationHistory"]},
            status="void" if row["Status"] == "Voided" else "posted",
        )
