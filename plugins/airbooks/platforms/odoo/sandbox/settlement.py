"""What is paid with what: partial reconciliations between invoices, credit notes and payments."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from airbooks.sandbox.kit import Row

from .domain import leaf_of
from .orm import Env, Model
from .refusals import Missing, UserRefusal
from .totals import to_unit

if TYPE_CHECKING:
    from .simulator import OdooSimulator

_SIDES = {"debit_move_id.move_id": "debit_move", "credit_move_id.move_id": "credit_move"}


class PartialReconcile(Model):
    """`account.partial.reconcile`: one amount applied from a credit item to a debit item."""

    name = "account.partial.reconcile"
    indexed = ("debit_move", "credit_move")
    label = "id"

    def path(self, env: Env, row: Row, path: str) -> Any:
        return row[_SIDES[path]] if path in _SIDES else super().path(env, row, path)

    def candidates(self, env: Env, domain: list[Any]) -> Iterable[int]:
        for term in domain:
            if not isinstance(term, str) and leaf_of(term)[0] in _SIDES and leaf_of(term)[1] in ("=", "in"):
                name, _, wanted = leaf_of(term)
                values = wanted if isinstance(wanted, list) else [wanted]
                return [key for value in values for key in self.rows.having(_SIDES[name], value)]
        return super().candidates(env, domain)


class Settlement:
    """The reconciliation engine behind payments, credit notes and the state of invoices."""

    def __init__(self, odoo: OdooSimulator) -> None:
        self.odoo = odoo

    @property
    def partials(self) -> Model:
        return self.odoo.models["account.partial.reconcile"]

    def of_move(self, move_id: int) -> list[Row]:
        rows = self.partials.rows
        return [rows[one] for side in ("debit_move", "credit_move") for one in rows.having(side, move_id)]

    def _own(self, partial: Row, move_id: int) -> Decimal:
        side = "debit" if partial["debit_move"] == move_id else "credit"
        return Decimal(partial[f"{side}_amount_currency"])

    def residual(self, move: Row) -> Decimal:
        """What is left open, in the document's currency."""
        return Decimal(move.get("amount_total", 0)) - sum((self._own(one, move["id"]) for one in self.of_move(move["id"])), Decimal(0))

    def of_invoice(self, move: Row, name: str) -> Any:
        if name == "amount_residual":
            return self.residual(move)
        return self.payment_state(move) if name == "payment_state" else self.widget(move)

    def payment_state(self, move: Row) -> str:
        partials = self.of_move(move["id"])
        left = self.residual(move)
        if left and partials and move["state"] == "posted":
            return "partial"
        if left or move["state"] == "cancel" or (move["state"] == "draft" and not partials):
            return "not_paid"
        others = [self.odoo.invoices.rows[self._other(one, move["id"])] for one in partials]
        if others and all(other["move_type"] != "entry" for other in others):
            return "reversed" if move["move_type"] == "out_invoice" else "paid"
        return "in_payment" if others and "in_payment" in self.odoo.armed else "paid"

    def _other(self, partial: Row, move_id: int) -> int:
        return int(partial["credit_move"] if partial["debit_move"] == move_id else partial["debit_move"])

    def widget(self, move: Row) -> Row | bool:
        """The invoice's JSON field of the payments on it; false when there are none."""
        content = []
        for one in self.of_move(move["id"]):
            other = self.odoo.invoices.rows[self._other(one, move["id"])]
            content.append(
                {
                    "name": other.get("name"),
                    "ref": other.get("ref") or other.get("name"),
                    "amount": self._own(one, move["id"]),
                    "currency_id": move["currency_id"],
                    "date": one["max_date"],
                    "partial_id": one["id"],
                    "account_payment_id": other.get("payment_id", False),
                    "move_id": other["id"],
                }
            )
        return {"title": "Less Payment", "outstanding": False, "content": content} if content else False

    def settle(self, env: Env, first: int, second: int) -> None:
        """Apply as much as both sides have open."""
        moves = self.odoo.invoices.rows
        debit, credit = sorted((moves[first], moves[second]), key=lambda move: not self._is_debit(move))
        if self._is_debit(credit) or not self._is_debit(debit):
            raise UserRefusal("You are trying to reconcile some entries that are already reconciled.")
        owed, offered = self.residual(debit), self.residual(credit)
        offered_here = self._converted(offered, credit, debit)
        applied = min(owed, offered_here)
        if applied <= 0:
            return
        used = offered if offered_here <= owed else self._converted(applied, debit, credit)
        self.apply(env, debit, credit, applied, used)

    def apply(self, env: Env, debit: Row, credit: Row, applied: Decimal, used: Decimal) -> None:
        """Record one reconciliation: `applied` in the invoice's currency for `used` of the payment's."""
        lines = self.odoo.invoices.lines
        rate = Decimal(debit.get("invoice_currency_rate", 1))
        self.partials.insert(
            env,
            {
                "debit_move": debit["id"],
                "credit_move": credit["id"],
                "debit_move_id": lines.receivable_of(debit["id"]),
                "credit_move_id": lines.receivable_of(credit["id"]),
                "amount": to_unit(applied / rate, Decimal("0.01")),
                "debit_amount_currency": applied,
                "credit_amount_currency": used,
                "max_date": max(str(debit["date"]), str(credit["date"])),
                "company_id": debit["company_id"],
            },
        )
        self._touch(env, debit["id"], credit["id"])

    def _is_debit(self, move: Row) -> bool:
        return move["move_type"] == "out_invoice" or bool(move.get("outbound"))

    def _converted(self, amount: Decimal, source: Row, target: Row) -> Decimal:
        if source["currency_id"] == target["currency_id"]:
            return amount
        home = amount / Decimal(source["invoice_currency_rate"])
        return to_unit(home * Decimal(target["invoice_currency_rate"]), self.odoo.invoices.unit(target))

    def _touch(self, env: Env, *moves: int) -> None:
        """A reconciliation bumps `write_date` of both documents (of a payment: of its entry)."""
        for move_id in moves:
            self.odoo.invoices.store(env, self.odoo.invoices.rows[move_id])

    def unlink(self, env: Env, partial_id: int) -> None:
        partial = self.partials.rows.get(partial_id)
        if partial is None:
            raise Missing.record(self.partials.name, partial_id, env.uid)
        self.partials.rows.delete(partial_id)
        self._touch(env, partial["debit_move"], partial["credit_move"])

    def release(self, env: Env, move_id: int) -> None:
        """Take everything off a document."""
        for partial in self.of_move(move_id):
            self.unlink(env, partial["id"])
