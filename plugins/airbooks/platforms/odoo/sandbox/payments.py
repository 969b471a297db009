"""Customer payments: entered directly, or registered on invoices through the wizard."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from airbooks.sandbox.kit import Row

from .numbering import next_name
from .orm import Env, Model, of_records
from .refusals import UserRefusal, WrongArguments
from .values import number

NOTHING_LEFT = (
    "There's nothing left to pay for the selected journal items, so no payment registration is necessary. "
    "You've got your finances under control like a boss!"
)


class Payment(Model):
    """`account.payment`; posting makes a journal entry whose receivable item can settle invoices."""

    name = "account.payment"
    indexed = ("memo", "move_id")

    def value(self, env: Env, row: Row, name: str) -> Any:
        if name in ("reconciled_invoice_ids", "is_reconciled"):
            partials = self.odoo.settlement.of_move(row["move_id"]) if row.get("move_id") else []
            ids = [one["debit_move"] if one["credit_move"] == row["move_id"] else one["credit_move"] for one in partials]
            return list(dict.fromkeys(ids)) if name == "reconciled_invoice_ids" else bool(ids)
        return super().value(env, row, name)

    def make(self, env: Env, vals: Row) -> int:
        values = self.cleaned(env, vals)
        journal = self.bank_journal(env, values.get("journal_id"), values.get("company_id") or env.company)
        company = env.model("res.company").existing(journal["company_id"])
        defaults = {
            "payment_type": "inbound",
            "partner_type": "customer",
            "amount": Decimal(0),
            "date": env.today(),
            "currency_id": journal.get("currency_id") or company["currency_id"],
            "payment_method_line_id": self.odoo.method_lines(journal["id"])[0],
        }
        kept = {**defaults, **values, "journal_id": journal["id"], "company_id": journal["company_id"], "state": "draft"}
        if kept["amount"] < 0:
            raise UserRefusal("The payment amount cannot be negative.")
        if kept["payment_method_line_id"] not in self.odoo.method_lines(journal["id"]):
            raise UserRefusal("Please define a payment method line on your payment.")
        return self.insert(env, kept)

    def bank_journal(self, env: Env, wanted: Any, company: int) -> Row:
        """The journal asked for, else the company's first bank journal; it must take incoming payments."""
        journals = env.model("account.journal")
        if not wanted:
            wanted = next(j for j in journals.rows.having("company_id", company) if journals.rows[j]["type"] in ("bank", "cash"))
        journal = journals.existing(wanted)
        if journal["type"] not in ("bank", "cash") or not self.odoo.method_lines(journal["id"]):
            raise UserRefusal("Please define a payment method line on your payment.")
        if journal["company_id"] not in env.companies:
            raise self.odoo.unauthorized()
        return journal

    def change(self, env: Env, row: Row, vals: Row) -> None:
        if row["state"] != "draft" and set(vals) - {"memo"}:
            raise UserRefusal("You cannot modify a posted payment: reset it to draft first.")
        super().change(env, row, vals)

    def remove(self, env: Env, row: Row) -> None:
        if row["state"] not in ("draft", "canceled"):
            raise UserRefusal("You cannot delete a payment that is not draft or canceled.")
        super().remove(env, row)

    @of_records
    def action_post(self, env: Env, ids: list[int]) -> None:
        for record_id in ids:
            row = self.existing(record_id)
            if row["state"] != "draft":
                continue
            move_id = row.get("move_id") or self._entry(env, row)
            move = self.odoo.invoices.rows[move_id]
            self.odoo.invoices.store(env, {**move, "state": "posted"})
            self.store(env, {**row, "state": "in_process", "move_id": move_id, "name": move["name"]})

    action_validate = action_post

    def _entry(self, env: Env, row: Row) -> int:
        """The journal entry of a payment."""
        move_id = self.odoo.database.allocate("account.move")
        entry = {
            "id": move_id,
            "move_type": "entry",
            "state": "posted",
            "payment_id": row["id"],
            "outbound": row["payment_type"] == "outbound",
            "amount_total": row["amount"],
            "invoice_currency_rate": self.odoo.rate(row["company_id"], row["currency_id"], row["date"]),
            "create_date": env.now(),
        }
        entry |= {name: row[name] for name in ("company_id", "journal_id", "currency_id", "date")}
        entry |= {"partner_id": row.get("partner_id", False), "ref": row.get("memo", False)}
        name = next_name(self.odoo, entry)
        next_name(self.odoo, entry, taken=name)
        self.odoo.invoices.lines.keep(move_id, [])
        self.odoo.invoices.store(env, {**entry, "name": name})
        return move_id

    @of_records
    def action_draft(self, env: Env, ids: list[int]) -> None:
        for record_id in ids:
            self._turn(env, self.existing(record_id), "draft", "draft")

    @of_records
    def action_cancel(self, env: Env, ids: list[int]) -> None:
        for record_id in ids:
            row = self.existing(record_id)
            if row.get("move_id"):
                self.odoo.settlement.release(env, row["move_id"])
            self._turn(env, self.existing(record_id), "canceled", "cancel")

    def _turn(self, env: Env, row: Row, state: str, entry_state: str) -> None:
        self.store(env, {**row, "state": state})
        if row.get("move_id"):
            self.odoo.invoices.store(env, {**self.odoo.invoices.rows[row["move_id"]], "state": entry_state})


class PaymentRegister(Model):
    """`account.payment.register`: the two-step wizard; both calls need the invoices in the context."""

    name = "account.payment.register"
    label = "id"

    def _invoices(self, env: Env) -> list[Row]:
        if env.context.get("active_model") != "account.move":
            raise UserRefusal("The register payment wizard should only be called on account.move or account.move.line records.")
        moves = [self.odoo.invoices.existing(one) for one in env.context.get("active_ids") or []]
        if any(move["state"] != "posted" for move in moves):
            raise UserRefusal("You can only register payment for posted journal entries.")
        open_ones = [move for move in moves if self.odoo.settlement.residual(move) > 0]
        if not open_ones:
            raise UserRefusal(NOTHING_LEFT)
        if len({move["company_id"] for move in open_ones}) > 1:
            raise UserRefusal("You can't create payments for entries belonging to different companies.")
        return open_ones

    def make(self, env: Env, vals: Row) -> int:
        invoices = self._invoices(env)
        values = self.cleaned(env, vals)
        payments = self.odoo.models["account.payment"]
        assert isinstance(payments, Payment)  # noqa: S101
        journal = payments.bank_journal(env, values.get("journal_id"), invoices[0]["company_id"])
        if journal["company_id"] != invoices[0]["company_id"]:
            raise self.odoo.invoices.inconsistent(str(journal["name"]))
        defaults = {"payment_date": env.today(), "payment_difference_handling": "open", "company_id": journal["company_id"]}
        return self.insert(env, {**defaults, **values, "journal_id": journal["id"]})

    @of_records
    def action_create_payments(self, env: Env, ids: list[int]) -> Row:
        if len(ids) != 1:
            raise WrongArguments("Expected singleton: account.payment.register()")
        wizard = self.existing(ids[0])
        invoices = self._invoices(env)
        groups = self._groups(wizard, invoices)
        made = [self._pay(env, wizard, group, single=len(groups) == 1) for group in groups]
        action = {"type": "ir.actions.act_window", "name": "Payments", "res_model": "account.payment", "context": {"create": False}}
        if len(made) == 1:
            return {**action, "view_mode": "form", "res_id": made[0]}
        return {**action, "view_mode": "list,form", "domain": [["id", "in", made]]}

    def _groups(self, wizard: Row, invoices: list[Row]) -> list[list[Row]]:
        """One payment per invoice, or with `group_payment` one per customer and currency."""
        if not wizard.get("group_payment"):
            return [[invoice] for invoice in invoices]
        grouped: dict[Any, list[Row]] = {}
        for invoice in sorted(invoices, key=lambda move: (move["invoice_date_due"], move["id"])):
            grouped.setdefault((invoice["partner_id"], invoice["currency_id"], invoice["move_type"]), []).append(invoice)
        return list(grouped.values())

    def _pay(self, env: Env, wizard: Row, invoices: list[Row], *, single: bool) -> int:
        """Make, post and apply one payment; a given amount counts only where one payment is made."""
        settlement = self.odoo.settlement
        owed = sum((settlement.residual(move) for move in invoices), Decimal(0))
        amount = number(wizard["amount"], "amount") if single and "amount" in wizard else owed
        payments = self.odoo.models["account.payment"]
        values = {
            "payment_type": "outbound" if invoices[0]["move_type"] == "out_refund" else "inbound",
            "partner_id": invoices[0]["partner_id"],
            "amount": amount,
            "currency_id": wizard.get("currency_id") or invoices[0]["currency_id"],
            "date": wizard["payment_date"],
            "memo": wizard.get("communication") or ", ".join(str(move["payment_reference"]) for move in invoices),
            "journal_id": wizard["journal_id"],
            **({"payment_method_line_id": wizard["payment_method_line_id"]} if wizard.get("payment_method_line_id") else {}),
        }
        payment_id = payments.make(env, values)
        payments.action_post(env, [payment_id])  # type: ignore[attr-defined]
        entry = payments.rows[payment_id]["move_id"]
        for invoice in invoices:
            settlement.settle(env, invoice["id"], entry)
        if wizard["payment_difference_handling"] == "reconcile":
            self._write_off(env, invoices[-1], entry)
        return payment_id

    def _write_off(self, env: Env, invoice: Row, entry: int) -> None:
        """Close what a short payment left open against the write-off account."""
        left = self.odoo.settlement.residual(invoice)
        if left > 0:
            moves = self.odoo.invoices
            self.odoo.settlement.apply(env, moves.rows[invoice["id"]], moves.rows[entry], left, Decimal(0))
