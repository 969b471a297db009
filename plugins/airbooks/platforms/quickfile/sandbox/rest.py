"""What the simulator serves of the REST beta (Swagger 2.0, v2): the account, invoices and client payments, by a personal token."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.platforms.quickfile.sandbox.account import HOME, RATES, REST_TOKEN, Account
from airbooks.platforms.quickfile.sandbox.invoices import Invoices
from airbooks.platforms.quickfile.sandbox.refusal import Refusal, cents
from airbooks.sandbox.kit import Row

STATUSES = {"DRAFT": "draft", "SENT": "sent", "PAIDPART": "paidpart", "PAIDFULL": "paidfull", "CREDITED": "deleted", "CREDIT NOTE": "sent"}


class Rest:
    """The beta's resources over the tables of v1.2."""

    def __init__(self, account: Account, invoices: Invoices) -> None:
        self.account, self.invoices = account, invoices

    def admit(self, authorization: str) -> None:
        if authorization != f"Bearer {REST_TOKEN}" or self.account.struck("rest_token_expired"):
            raise Refusal("Unauthorized", 401)

    def me(self) -> Row:
        return {"account_number": self.account.context.options.get("account", ""), "base_currency": HOME}

    def invoice(self, number: str) -> Row:
        row = self.invoices.rows.get(number)
        if row is None or row["deleted"]:
            raise Refusal("Not found", 404)
        data = row["data"]
        return {
            "id": row["InvoiceID"],
            "created_date": row["CreatedDate"],
            "issue_date": row["IssueDate"],
            "invoice_number": row["InvoiceNumber"],
            "purchase_reference": row["PurchaseReference"],
            "client_id": data["ClientID"],
            "gross_total": row["total"],
            "vat_total": row["vat"],
            "currency": data["Currency"],
            "term_days": data.get("TermDays", 30),
            "type": "invoice",
            "status": STATUSES[self.invoices.status(row)],
            "balance": row["total"] - self.invoices.paid(row),
        }

    def list_payments(self, asked: Row) -> Row:
        """A page of payments by payment date, without what they settle."""
        limit, offset = _number(asked, "limit", 100), _number(asked, "offset", 0)
        if not 1 <= limit <= 100 or not 0 <= offset <= 1_000_000:
            raise Refusal("limit must be 1 to 100, offset 0 to 1000000")
        first, last = _day(asked, "date_from", "0001-01-01"), _day(asked, "date_to", "9999-12-31")
        rows = [row for row in self.invoices.payments.values() if not row["deleted"] and first <= row["date"] <= last]
        rows.sort(key=lambda row: (row["date"], row["id"]), reverse=asked.get("order_direction") == "desc")
        page = [self._payment(row) for row in rows[offset : offset + limit]]
        more = f"/client_payments?offset={offset + limit}" if offset + limit < len(rows) else None
        return {
            "count": len(page),
            "location": "/client_payments",
            "paging": {"total": len(rows), "next": more, "previous": None},
            "data": page,
        }

    def payment(self, number: str) -> Row:
        row = self.invoices.payments.get(number)
        if row is None or row["deleted"]:
            raise Refusal("Not found", 404)
        return self._whole(row)

    def pay(self, body: Row) -> Row:
        kind = body.get("type")
        if kind not in ("payment", "credit") or (kind == "payment") is not ("invoice_id" in body):
            raise Refusal("type must be payment (with invoice_id) or credit")
        for name in ("date", "client_id", "amount", "currency"):
            if name not in body:
                raise Refusal(f"{name} is required")
        if len(body.get("notes", "")) > 100:
            raise Refusal("notes is longer than 100 characters")
        row = self.invoices.pay(
            client=body["client_id"],
            invoice=body.get("invoice_id"),
            amount=Decimal(body["amount"]),
            currency=body["currency"],
            day=_day(body, "date", ""),
            notes=body.get("notes", ""),
            bank=body.get("nominal_code", 1200),
        )
        return self._whole(row)

    def _payment(self, row: Row) -> Row:
        rate = RATES[row["currency"]]
        return {
            "id": row["id"],
            "date": row["date"],
            "client_id": row["client"],
            "client_name": self.account.client(row["client"])["CompanyName"],
            "amount": cents(row["amount"] * rate),
            "amount_in_currency": row["amount"],
            "currency": row["currency"],
            "status": "active",
            "parent_id": None,
            "nominal_code": row["bank"],
            "exchange_rate": rate,
        }

    def _whole(self, row: Row) -> Row:
        settled: list[Row] = []
        if row["invoice"] is not None:
            invoice = self.invoices.rows[str(row["invoice"])]
            amounts = {"amount": cents(row["amount"] * RATES[row["currency"]]), "amount_in_currency": row["amount"]}
            settled = [{"id": row["invoice"], "number": invoice["InvoiceNumber"], **amounts, "date": invoice["IssueDate"]}]
        total = sum((each["amount"] for each in settled), Decimal(0))
        return {**self._payment(row), "invoices": settled, "refund": [], "total_allocated": total}


def _number(asked: Row, name: str, default: int) -> int:
    value = str(asked.get(name, default))
    if not value.isdigit():
        raise Refusal(f"{name} is not a number")
    return int(value)


def _day(asked: Row, name: str, default: str) -> str:
    value: Any = asked.get(name, default)
    try:
        date.fromisoformat(value)
    except ValueError:
        raise Refusal(f"{name} is not a date") from None
    return str(value)
