"""The reversal wizard: a credit note for a posted invoice, as a draft or posted with a fresh copy of the invoice."""

from __future__ import annotations

from airbooks.sandbox.kit import Row

from .orm import Env, Model, of_records
from .refusals import UserRefusal

_COPIED = (
    "company_id",
    "journal_id",
    "partner_id",
    "partner_shipping_id",
    "fiscal_position_id",
    "currency_id",
    "invoice_currency_rate",
    "invoice_payment_term_id",
)


class MoveReversal(Model):
    """`account.move.reversal`; the invoices come from the context."""

    name = "account.move.reversal"
    label = "id"

    def make(self, env: Env, vals: Row) -> int:
        moves = [self.odoo.invoices.existing(one) for one in env.context.get("active_ids") or []]
        if not moves or any(move["state"] != "posted" for move in moves):
            raise UserRefusal("You can only reverse posted moves.")
        values = self.cleaned(env, vals)
        return self.insert(env, {"date": env.today(), **values, "moves": [move["id"] for move in moves]})

    @of_records
    def refund_moves(self, env: Env, ids: list[int]) -> Row:
        """A draft credit note for each invoice."""
        return self._action([self._copy(env, move, wizard, "out_refund") for wizard, move in self._reversed(ids)])

    @of_records
    def modify_moves(self, env: Env, ids: list[int]) -> Row:
        """A posted credit note that closes each invoice, and a new draft copy of it."""
        fresh = []
        for wizard, move in self._reversed(ids):
            credit = self._copy(env, move, wizard, "out_refund")
            self.odoo.invoices.action_post(env, [credit])
            fresh.append(self._copy(env, move, wizard, "out_invoice"))
        return self._action(fresh)

    def _reversed(self, ids: list[int]) -> list[tuple[Row, Row]]:
        return [(wizard, self.odoo.invoices.existing(move)) for wizard in map(self.existing, ids) for move in wizard["moves"]]

    def _copy(self, env: Env, move: Row, wizard: Row, kind: str) -> int:
        invoices = self.odoo.invoices
        record_id = self.odoo.database.allocate("account.move")
        row: Row = {name: move[name] for name in _COPIED if name in move}
        row |= {"id": record_id, "move_type": kind, "state": "draft", "auto_post": "no", "posted_before": False, "create_date": env.now()}
        if kind == "out_refund":
            reason = f", {wizard['reason']}" if wizard.get("reason") else ""
            row |= {"reversed_entry_id": move["id"], "invoice_date": wizard["date"], "ref": f"Reversal of: {move['name']}{reason}"}
        lines = [{k: v for k, v in line.items() if k not in ("id", "xid")} for line in invoices.lines.of_move(move["id"])]
        invoices.save(env, row, lines)
        return record_id

    def _action(self, ids: list[int]) -> Row:
        action = {"type": "ir.actions.act_window", "name": "Reverse Moves", "res_model": "account.move"}
        return {**action, "res_id": ids[0]} if len(ids) == 1 else {**action, "domain": [["id", "in", ids]]}
