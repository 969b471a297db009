"""`account.move`: invoices and credit notes from draft to posted, paid, reversed and cancelled."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from airbooks.sandbox.kit import Row

from .lines import SILENT, MoveLine
from .numbering import next_name
from .orm import Env, Model, of_records
from .refusals import UserRefusal
from .totals import Totals, line_amounts, to_unit, totals

INVOICES = ("out_invoice", "out_refund")
CHANGEABLE = {"ref", "narration", "invoice_date_due", "payment_reference", "invoice_origin"}  # on a posted document
NEGATIVE = (
    "You cannot validate an invoice with a negative total amount. You should create a credit note instead. "
    "Use the action menu to transform it into a credit note or refund."
)


class AccountMove(Model):
    """Customer invoices (`out_invoice`), credit notes (`out_refund`) and the entries of payments (`entry`)."""

    name = "account.move"
    indexed = ("ref", "name", "reversed_entry_id")

    @property
    def lines(self) -> MoveLine:
        found = self.odoo.models["account.move.line"]
        assert isinstance(found, MoveLine)  # noqa: S101
        return found

    # Reading

    def naming(self, row: Row) -> str:
        return str(row.get("name") or f"Draft Invoice (* {row['id']})")

    def value(self, env: Env, row: Row, name: str) -> Any:
        if name in ("amount_residual", "payment_state", "invoice_payments_widget"):
            return self.odoo.settlement.of_invoice(row, name)
        if name == "invoice_line_ids":
            return [line["id"] for line in self.lines.of_move(row["id"])]
        if name in ("amount_untaxed_signed", "amount_total_signed"):
            return self.signed(row, name.removesuffix("_signed"))
        if name == "company_currency_id":
            return self.odoo.models["res.company"].rows[row["company_id"]]["currency_id"]
        return super().value(env, row, name)

    def signed(self, row: Row, name: str) -> Decimal:
        """An amount in the company's currency, negative for credit notes."""
        amount = to_unit(Decimal(row.get(name, 0)) / Decimal(row.get("invoice_currency_rate", 1)), Decimal("0.01"))
        return -amount if row["move_type"] == "out_refund" else amount

    def receivable_item(self, move: Row) -> Row:
        """The journal item that payments settle: a debit for invoices, a credit for credit notes and payments."""
        owed = Decimal(move.get("amount_total", 0))
        left = self.odoo.settlement.residual(move)
        sign = 1 if move["move_type"] == "out_invoice" else -1
        return {
            "id": self.lines.receivable_of(move["id"]),
            "display_type": "payment_term",
            "name": move.get("payment_reference") or move.get("ref"),
            "account_id": self.odoo.account_of(move["company_id"], "1100"),
            "account_type": "asset_receivable",
            "date_maturity": move.get("invoice_date_due"),
            "amount_currency": sign * owed,
            "amount_residual_currency": sign * left,
            "reconciled": move["state"] == "posted" and left == 0,
        }

    # Creating and changing

    def make(self, env: Env, vals: Row) -> int:
        values = self.cleaned(env, vals)
        if values.get("move_type") not in INVOICES:
            raise UserRefusal("This database takes customer invoices and credit notes only.")
        self.odoo.refuse_if_told(values)
        move = self._with_journal(env, values)
        move.setdefault("currency_id", env.model("res.company").existing(move["company_id"])["currency_id"])
        if "fiscal_position_id" not in values:
            move["fiscal_position_id"] = self._fiscal_position(env, move)
        self._check_companies(env, move)
        record_id = self.odoo.database.allocate(self.name)
        row = {"id": record_id, "auto_post": "no", **move, "state": "draft", "posted_before": False, "create_date": env.now()}
        self.save(env, row, self.commanded(env, row, [], vals.get("invoice_line_ids") or []))
        return record_id

    def change(self, env: Env, row: Row, vals: Row) -> None:
        values = self.cleaned(env, vals)
        if row["state"] == "posted" and (frozen := sorted(set(vals) - CHANGEABLE)):
            raise UserRefusal(f"You cannot modify the following readonly fields on a posted move: {', '.join(frozen)}")
        merged = {**row, **values}
        self._check_companies(env, merged)
        if "invoice_line_ids" in vals or "currency_id" in values:
            self.save(env, merged, self.commanded(env, merged, self.lines.of_move(row["id"]), vals.get("invoice_line_ids") or []))
        else:
            self.store(env, self._rated(env, merged))

    def remove(self, env: Env, row: Row) -> None:
        if row["state"] == "posted":
            raise UserRefusal("You cannot delete an item linked to a posted entry.")
        self.lines.drop(row["id"])
        super().remove(env, row)

    def save(self, env: Env, row: Row, lines: list[Row]) -> None:
        """Store a document with its lines, everything recomputed."""
        rated = self._rated(env, row)
        unit = self.unit(rated)
        priced = self.lines.priced(lines, unit)
        self.lines.keep(row["id"], priced)
        sums = self._totals(rated, priced, unit)
        self.store(
            env,
            {
                **rated,
                "amount_untaxed": sums.untaxed,
                "amount_tax": sums.tax,
                "amount_total": sums.total,
                "line_count": sum(line["display_type"] not in SILENT for line in priced),
            },
        )

    def commanded(self, env: Env, move: Row, lines: list[Row], commands: list[Any]) -> list[Row]:
        """The lines after (0, 0, vals), (1, id, vals), (2, id, 0), (4, id) and (5, 0, 0)."""
        kept = {line["id"]: line for line in lines}
        fresh = []
        for command in commands:
            code, line_id = command[0], command[1] if len(command) > 1 else 0
            if code == 0:
                fresh.append(self.lines.prepared(env, command[2], move) | self._named(command[2]))
            elif code == 5:
                kept.clear()
            elif line_id not in kept:
                self.lines.existing(line_id)
                raise UserRefusal(f"Journal item {line_id} belongs to another entry.")
            elif code == 1:
                kept[line_id] = self.lines.prepared(env, command[2], move, kept[line_id]) | self._xid(kept[line_id])
            elif code in (2, 3):
                del kept[line_id]
        return [*kept.values(), *fresh]

    def _named(self, vals: Row) -> Row:
        """An import names a new line by an external id."""
        return {"xid": vals["id"]} if isinstance(vals.get("id"), str) else {}

    def _xid(self, line: Row) -> Row:
        return {"xid": line["xid"]} if "xid" in line else {}

    def _with_journal(self, env: Env, values: Row) -> Row:
        journals = env.model("account.journal")
        journal = journals.existing(values["journal_id"]) if values.get("journal_id") else None
        company = values.get("company_id") or (journal["company_id"] if journal else env.company)
        if company not in env.companies:
            raise self.odoo.unauthorized()
        if journal is None:
            journal = next(journals.rows[j] for j in journals.rows.having("company_id", company) if journals.rows[j]["type"] == "sale")
        if journal["type"] != "sale":
            raise UserRefusal("Cannot create an invoice of type Customer Invoice with a journal having General as type.")
        return {**values, "company_id": company, "journal_id": journal["id"]}

    def _check_companies(self, env: Env, move: Row) -> None:
        for name in ("journal_id", "fiscal_position_id", "partner_id", "partner_shipping_id", "invoice_payment_term_id"):
            if move.get(name):
                self.same_company(env, self.fields[name].relation, move[name], move["company_id"])

    def same_company(self, env: Env, model: str, record_id: int, company: int) -> None:
        row = env.model(model).existing(record_id)
        if row.get("company_id") and row["company_id"] != company:
            raise self.inconsistent(str(row.get("name")))

    def inconsistent(self, what: str) -> UserRefusal:
        return UserRefusal(f"Uh-oh! You've got some company inconsistencies here:\n- {what!r} belongs to another company.")

    def _fiscal_position(self, env: Env, move: Row) -> int | bool:
        """Chosen from the delivery address; an address without country falls to the position without country."""
        partner = move.get("partner_shipping_id") or move.get("partner_id")
        if not partner:
            return False
        country = env.model("res.partner").existing(partner).get("country_id")
        positions = env.model("account.fiscal.position").rows
        mine = [positions[p] for p in positions.having("company_id", move["company_id"]) if positions[p].get("auto_apply")]
        for position in sorted(mine, key=lambda p: not p.get("country_id")):
            if position.get("country_id") in (country, None):
                return int(position["id"])
        return False

    def default_taxes(self, env: Env, product: Row | None, move: Row) -> list[int]:
        """The product's (else the company's) sales taxes, mapped by the fiscal position."""
        taxes = env.model("account.tax").rows
        usual = product.get("taxes_id", []) if product else [self.odoo.sales_tax(move["company_id"])]
        position = env.model("account.fiscal.position").rows.get(move.get("fiscal_position_id") or 0)
        replaced = position.get("tax_map", {}) if position else {}
        return [int(replaced.get(str(tax), tax)) for tax in usual if taxes[tax]["company_id"] == move["company_id"]]

    def default_account(self, env: Env, product: Row | None, move: Row) -> int:
        code = product.get("income_account") if product else None
        journal = env.model("account.journal").existing(move["journal_id"])
        return self.odoo.account_of(move["company_id"], code) if code else int(journal["default_account_id"])

    def _rated(self, env: Env, row: Row) -> Row:
        """The row with its exchange rate (invoice currency per company unit) and due date filled in."""
        day = row.get("invoice_date") or env.today()
        rated = dict(row)
        if not rated.get("invoice_currency_rate") or rated["invoice_currency_rate"] == rated.get("proposed_rate"):
            rate = self.odoo.rate(rated["company_id"], rated["currency_id"], day)
            rated |= {"invoice_currency_rate": rate, "proposed_rate": rate}
        return rated

    def unit(self, move: Row) -> Decimal:
        return Decimal(self.odoo.models["res.currency"].rows[move["currency_id"]]["rounding"])

    def _totals(self, move: Row, lines: list[Row], unit: Decimal) -> Totals:
        company = self.odoo.models["res.company"].rows[move["company_id"]]
        per_line = company["tax_calculation_rounding_method"] == "round_per_line" or "round_per_line" in self.odoo.armed
        taxes = self.odoo.models["account.tax"].rows
        return totals((line_amounts(line, taxes) for line in lines if line["display_type"] not in SILENT), unit, per_line=per_line)

    # The life of a document

    @of_records
    def action_post(self, env: Env, ids: list[int]) -> bool:
        env.demand(self.name, "write")
        for record_id in ids:
            self._post(env, self.existing(record_id))
        return False

    def _post(self, env: Env, row: Row) -> None:
        faults = self._obstacles(env, row)
        if faults:
            raise UserRefusal("\n".join(faults))
        day = row.get("invoice_date") or env.today()
        dated = self._rated(env, {**row, "invoice_date": day, "date": self._accounting_date(row["company_id"], day)})
        if not dated.get("invoice_date_due"):
            dated["invoice_date_due"] = self._due(env, dated, day)
        name = dated.get("name") or next_name(self.odoo, dated)
        self._unique(dated, name)
        next_name(self.odoo, dated, taken=name)
        dated |= {"name": name, "payment_reference": dated.get("payment_reference") or name}
        self.store(env, {**dated, "state": "posted", "posted_before": True})
        if dated.get("reversed_entry_id"):
            self.odoo.settlement.settle(env, dated["reversed_entry_id"], dated["id"])

    def _obstacles(self, env: Env, row: Row) -> list[str]:
        """Everything that stands in the way of posting, as the vendor says it."""
        said = []
        if not row.get("partner_id"):
            said.append("The 'Customer' field is required to validate the invoice.")
        if row["amount_total"] < 0:
            said.append(NEGATIVE)
        if row["state"] != "draft":
            said.append(f"The entry {row.get('name')} (id {row['id']}) must be in draft.")
        if not row["line_count"]:
            said.append("Even magicians can't post nothing!")
        currency = env.model("res.currency").existing(row["currency_id"])
        if not currency["active"]:
            said.append(f"You cannot validate a document with an inactive currency: {currency['name']}")
        return said

    def _unique(self, row: Row, name: str) -> None:
        for other in self.rows.having("name", name):
            found = self.rows[other]
            if other != row["id"] and found["journal_id"] == row["journal_id"] and found["state"] == "posted":
                raise UserRefusal("Another entry with the same name already exists.")

    def _accounting_date(self, company: int, day: str) -> str:
        locked = self.odoo.locked_until(company)
        return day if day > locked else (date.fromisoformat(locked) + timedelta(days=1)).isoformat()

    def _due(self, env: Env, row: Row, day: str) -> str:
        term = env.model("account.payment.term").rows.get(row.get("invoice_payment_term_id") or 0)
        return (date.fromisoformat(day) + timedelta(days=int(term["days"]) if term else 0)).isoformat()

    @of_records
    def button_draft(self, env: Env, ids: list[int]) -> None:
        for record_id in ids:
            row = self.existing(record_id)
            if row["state"] not in ("posted", "cancel"):
                raise UserRefusal("Only posted/cancelled journal entries can be reset to draft.")
            locked = self.odoo.locked_until(row["company_id"])
            if row.get("date", "9999") <= locked:
                said = date.fromisoformat(locked).strftime("%m/%d/%Y")
                raise UserRefusal(f"You cannot add/modify entries prior to and inclusive of: Sales Lock Date ({said}).")
            self.store(env, {**row, "state": "draft"})

    @of_records
    def button_cancel(self, env: Env, ids: list[int]) -> None:
        """Cancels drafts and, since 19, posted documents; payments are silently taken off."""
        for record_id in ids:
            row = self.existing(record_id)
            self.odoo.settlement.release(env, record_id)
            self.store(env, {**row, "state": "cancel"})

    @of_records
    def js_assign_outstanding_line(self, env: Env, ids: list[int], line_id: int) -> None:
        """Settle an invoice with the receivable item of a payment or credit note."""
        self.odoo.settlement.settle(env, ids[0], self.lines.move_of(line_id))

    @of_records
    def js_remove_outstanding_partial(self, env: Env, ids: list[int], partial_id: int) -> bool:  # noqa: ARG002  the vendor's signature
        self.odoo.settlement.unlink(env, partial_id)
        return True
