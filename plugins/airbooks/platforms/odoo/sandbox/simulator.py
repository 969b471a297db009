"""Odoo 19 on loopback: one database with two companies, reached through JSON-2, XML-RPC or JSON-RPC."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, Row, Simulator

from .database import Database
from .lines import MoveLine
from .moves import AccountMove
from .orm import Model
from .payments import Payment, PaymentRegister
from .refusals import AccessRefusal, ValidationRefusal
from .reversals import MoveReversal
from .seeding import DATABASE, LOGIN, api_key, seed
from .settlement import PartialReconcile, Settlement
from .simple_models import SIMPLE, ExternalNames
from .transports import Doors, same

MODELS: tuple[type[Model], ...] = (*SIMPLE, MoveLine, AccountMove, Payment, PaymentRegister, PartialReconcile, MoveReversal)
STATUS = {"not_paid": "open", "partial": "partially_paid", "paid": "paid", "in_payment": "paid", "reversed": "paid"}


class OdooSimulator(Simulator):
    """The models of invoicing, with the vendor's totals, numbering, states and refusals."""

    slug = "odoo"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "Sales are locked up to and including the date `until` (of `company`): posting moves the accounting date.",
        "expire_key": "API keys have expired: 401 on JSON-2, Access Denied on the RPC services.",
        "serialization_failure": "Writes of invoices fail with a serialization error, as after the server's own five tries.",
        "refuse_document": "A constraint of an installed module refuses the document whose `ref` is given.",
        "in_payment": "The Enterprise accounting app: paid invoices stay in_payment until the bank line is matched.",
        "round_per_line": "Companies round tax per line instead of globally.",
    }

    def __init__(self, context: Context) -> None:
        self.database = Database(context.store)
        self.settlement = Settlement(self)
        self.context = context
        self.models: dict[str, Model] = {}
        for model in MODELS:
            self.models[model.name] = model(self)
        self._accounts: dict[tuple[int, str], int] = {}
        super().__init__(context)

    def routes(self) -> None:
        Doors(self, self.router)

    def seed(self) -> None:
        seed(self)

    @property
    def invoices(self) -> AccountMove:
        found = self.models["account.move"]
        assert isinstance(found, AccountMove)  # noqa: S101
        return found

    @property
    def names(self) -> ExternalNames:
        found = self.models["ir.model.data"]
        assert isinstance(found, ExternalNames)  # noqa: S101
        return found

    # Who is there

    def user_with_key(self, key: str) -> Row | None:
        users = self.models["res.users"].rows
        found = users.having("key", key)
        return users[found[0]] if found and "expire_key" not in self.armed and same(users[found[0]]["key"], key) else None

    def user_with_password(self, login: Any, password: Any) -> Row | None:
        users = self.models["res.users"].rows
        found = users.having("login", login)
        return users[found[0]] if found and self.secret_fits(users[found[0]], str(password)) else None

    def secret_fits(self, user: Row, secret: str) -> bool:
        """A password, or an API key that has not expired."""
        as_key = "expire_key" not in self.armed and same(str(user.get("key", "")), secret)
        return bool(secret) and (as_key or same(str(user.get("password", "")), secret))

    def unauthorized(self) -> AccessRefusal:
        return AccessRefusal("Access to unauthorized or invalid companies.")

    # What the models ask each other

    def locked_until(self, company: int) -> str:
        told = self.armed.get("lock_period", {})
        return str(told.get("until", "")) if told.get("company", company) == company else ""

    def refuse_if_told(self, values: Row) -> None:
        told = self.armed.get("refuse_document")
        if told is not None and told.get("ref") == values.get("ref"):
            raise ValidationRefusal(f"The document {values.get('ref')} is refused by a rule of this database.")

    def rate(self, company: int, currency: int, day: str) -> Decimal:
        """Units of a currency for one unit of the company's, on a day."""
        rates = self.models["res.currency.rate"].rows
        mine = [rates[key] for key in rates.having("company_id", company) if rates[key]["currency_id"] == currency]
        known = sorted((row for row in mine if row["name"] <= day), key=lambda row: str(row["name"])) or mine[:1]
        return Decimal(known[-1]["rate"]) if known else Decimal(1)

    def account_of(self, company: int, code: str) -> int:
        """The id of a company's account."""
        if (company, code) not in self._accounts:
            rows = self.models["account.account"].rows
            self._accounts[company, code] = next(key for key in rows.having("code", code) if company in rows[key]["company_ids"])
        return self._accounts[company, code]

    def sales_tax(self, company: int) -> int:
        """The company's default sales tax: its first."""
        return self.models["account.tax"].rows.having("company_id", company)[0]

    def method_lines(self, journal: int) -> list[int]:
        return self.models["account.payment.method.line"].rows.having("journal_id", journal)

    def line_named(self, move: int, xid: str) -> int | None:
        """The line of an invoice that carries an external id."""
        return next((line["id"] for line in self.invoices.lines.of_move(move) if line.get("xid") == xid), None)

    # What is booked

    def books(self) -> Books:
        moves, payments = self.invoices.rows, self.models["account.payment"].rows
        documents = [self._booked(moves[key]) for key in moves if moves[key]["move_type"] != "entry"]
        return Books(documents=documents, payments=[self._paid(payments[key]) for key in payments if payments[key]["state"] != "draft"])

    def _booked(self, move: Row) -> Booked:
        partner = self.models["res.partner"].rows.get(move.get("partner_id") or 0) or {}
        return Booked(
            remote_id=str(move["id"]),
            kind="invoice" if move["move_type"] == "out_invoice" else "credit_note",
            number=move.get("name") or "",
            our_number=move.get("ref") or "",
            status=self._status(move),
            customer=partner.get("ref") or partner.get("name") or "",
            currency=self.models["res.currency"].rows[move["currency_id"]]["name"],
            net=move["amount_untaxed"],
            tax=move["amount_tax"],
            total=move["amount_total"],
            balance=self.settlement.residual(move),
            lines=move["line_count"],
        )

    def _status(self, move: Row) -> str:
        if move["state"] != "posted":
            return "void" if move["state"] == "cancel" else "draft"
        return STATUS[self.settlement.payment_state(move)]

    def _paid(self, payment: Row) -> BookedPayment:
        applied: dict[str, Decimal] = {}
        for one in self.settlement.of_move(payment["move_id"]) if payment.get("move_id") else []:
            applied[str(one["debit_move"])] = applied.get(str(one["debit_move"]), Decimal(0)) + one["debit_amount_currency"]
        return BookedPayment(
            remote_id=str(payment["id"]),
            reference=payment.get("memo") or "",
            currency=self.models["res.currency"].rows[payment["currency_id"]]["name"],
            amount=payment["amount"],
            applied=applied,
            status="void" if payment["state"] == "canceled" else "posted",
        )

    def connection(self) -> Row:
        """Reaches company 1 (Australia); company 2 (United Kingdom) is chosen by `company_id` in the extra."""
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": DATABASE,
            "login": LOGIN,
            "password": api_key(LOGIN),
            "port": None,
            "extra": {"transport": "json2", "company_id": 1, "discount_account": "4800"},
        }
