"""The fields of the models that invoicing touches: type, relation and choices, as `fields_get` tells them.

One line a field: name, type, then the related model of a relation or the choices of a selection. `!` marks a required field, `*` one that
only the server writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_STAMPS = """
    display_name* char
    create_date* datetime
    write_date* datetime
"""

_TEXT = {
    "res.company": """
        name! char
        currency_id many2one res.currency
        country_id many2one res.country
        tax_calculation_rounding_method selection round_globally,round_per_line
    """,
    "res.currency": """
        name! char
        symbol char
        rounding float
        decimal_places* integer
        active boolean
    """,
    "res.currency.rate": """
        name date
        rate float
        currency_id many2one res.currency
        company_id many2one res.company
    """,
    "res.country": """
        name! char
        code char
    """,
    "res.country.state": """
        name! char
        code char
        country_id many2one res.country
    """,
    "res.users": """
        name! char
        login char
        company_id many2one res.company
        company_ids many2many res.company
        lang char
        tz char
    """,
    "res.partner": """
        name! char
        ref char
        email char
        phone char
        vat char
        is_company boolean
        active boolean
        type selection contact,invoice,delivery,other
        parent_id many2one res.partner
        street char
        street2 char
        city char
        zip char
        state_id many2one res.country.state
        country_id many2one res.country
        lang char
        comment html
        company_id many2one res.company
        property_payment_term_id many2one account.payment.term
    """,
    "product.product": """
        name! char
        default_code char
        type selection consu,service,combo
        list_price float
        active boolean
        company_id many2one res.company
        taxes_id many2many account.tax
    """,
    "account.account": """
        name! char
        code char
        account_type selection asset_receivable,asset_cash,income,liability_current,expense
        active boolean
        company_ids many2many res.company
    """,
    "account.tax": """
        name! char
        description char
        type_tax_use selection sale,purchase,none
        amount_type selection percent,fixed,group,division
        amount float
        price_include_override selection tax_included,tax_excluded
        active boolean
        country_id many2one res.country
        company_id many2one res.company
    """,
    "account.journal": """
        name! char
        code char
        type selection sale,purchase,cash,bank,credit,general
        active boolean
        currency_id many2one res.currency
        default_account_id many2one account.account
        inbound_payment_method_line_ids one2many account.payment.method.line
        company_id many2one res.company
    """,
    "account.payment.method.line": """
        name char
        payment_type selection inbound,outbound
        journal_id many2one account.journal
        company_id many2one res.company
    """,
    "account.payment.term": """
        name! char
        active boolean
        company_id many2one res.company
    """,
    "account.fiscal.position": """
        name! char
        auto_apply boolean
        country_id many2one res.country
        company_id many2one res.company
    """,
    "account.analytic.plan": """
        name! char
    """,
    "account.analytic.account": """
        name! char
        code char
        plan_id many2one account.analytic.plan
        active boolean
        company_id many2one res.company
    """,
    "account.incoterms": """
        name! char
        code char
    """,
    "uom.uom": """
        name! char
    """,
    "account.move": """
        name char
        ref char
        move_type! selection entry,out_invoice,out_refund
        state* selection draft,posted,cancel
        payment_state* selection not_paid,in_payment,paid,partial,reversed,blocked,invoicing_legacy
        company_id many2one res.company
        journal_id many2one account.journal
        partner_id many2one res.partner
        partner_shipping_id many2one res.partner
        fiscal_position_id many2one account.fiscal.position
        invoice_origin char
        payment_reference char
        invoice_date date
        invoice_date_due date
        date date
        invoice_payment_term_id many2one account.payment.term
        currency_id many2one res.currency
        company_currency_id* many2one res.currency
        invoice_currency_rate float
        invoice_user_id many2one res.users
        invoice_incoterm_id many2one account.incoterms
        narration html
        invoice_line_ids one2many account.move.line
        reversed_entry_id many2one account.move
        auto_post selection no,at_date
        posted_before* boolean
        amount_untaxed* monetary
        amount_tax* monetary
        amount_total* monetary
        amount_residual* monetary
        amount_untaxed_signed* monetary
        amount_total_signed* monetary
        invoice_payments_widget* binary
    """,
    "account.move.line": """
        move_id* many2one account.move
        move_name* char
        parent_state* selection draft,posted,cancel
        display_type selection product,payment_term,line_section,line_subsection,line_note
        name char
        product_id many2one product.product
        product_uom_id many2one uom.uom
        quantity float
        price_unit float
        discount float
        tax_ids many2many account.tax
        account_id many2one account.account
        account_type* selection asset_receivable,asset_cash,income,liability_current,expense
        analytic_distribution json
        price_subtotal* monetary
        price_total* monetary
        partner_id* many2one res.partner
        company_id* many2one res.company
        currency_id* many2one res.currency
        date* date
        date_maturity* date
        amount_currency* monetary
        amount_residual_currency* monetary
        reconciled* boolean
    """,
    "account.payment": """
        name* char
        state* selection draft,in_process,paid,canceled,rejected
        payment_type selection inbound,outbound
        partner_type selection customer,supplier
        partner_id many2one res.partner
        amount monetary
        currency_id many2one res.currency
        date date
        memo char
        journal_id many2one account.journal
        payment_method_line_id many2one account.payment.method.line
        company_id many2one res.company
        move_id* many2one account.move
        invoice_ids many2many account.move
        reconciled_invoice_ids* many2many account.move
        is_reconciled* boolean
    """,
    "account.payment.register": """
        payment_date date
        journal_id many2one account.journal
        amount monetary
        currency_id many2one res.currency
        communication char
        payment_method_line_id many2one account.payment.method.line
        group_payment boolean
        payment_difference_handling selection open,reconcile
        writeoff_account_id many2one account.account
        writeoff_label char
        company_id* many2one res.company
    """,
    "account.partial.reconcile": """
        debit_move_id* many2one account.move.line
        credit_move_id* many2one account.move.line
        amount* monetary
        debit_amount_currency* monetary
        credit_amount_currency* monetary
        max_date* date
        company_id* many2one res.company
    """,
    "account.move.reversal": """
        date date
        reason char
        journal_id many2one account.journal
        company_id* many2one res.company
    """,
    "ir.model": """
        name char
        model char
    """,
    "ir.model.data": """
        module char
        name char
        model char
        res_id integer
    """,
}


@dataclass(frozen=True)
class Field:
    """One field of a model."""

    name: str
    type: str
    relation: str = ""
    choices: tuple[str, ...] = ()
    required: bool = False
    readonly: bool = False

    @property
    def label(self) -> str:
        """What people see: `partner_id` is "Partner"."""
        return self.name.removesuffix("_id").removesuffix("_ids").replace("_", " ").capitalize()

    def described(self) -> dict[str, Any]:
        """The field as `fields_get` answers it."""
        said: dict[str, Any] = {
            "name": self.name,
            "string": self.label,
            "type": self.type,
            "required": self.required,
            "readonly": self.readonly,
            "store": not self.readonly,
        }
        if self.relation:
            said |= {"relation": self.relation, "domain": [], "context": {}}
        if self.choices:
            said["selection"] = [[choice, choice.replace("_", " ").capitalize()] for choice in self.choices]
        return said


def _field(line: str) -> Field:
    name, kind, *rest = line.split()
    plain = name.rstrip("!*")
    more = rest[0] if rest else ""
    return Field(
        name=plain,
        type=kind,
        relation=more if kind in ("many2one", "one2many", "many2many") else "",
        choices=tuple(more.split(",")) if kind == "selection" else (),
        required="!" in name,
        readonly="*" in name,
    )


def _fields(text: str) -> dict[str, Field]:
    found = [_field(line) for line in (text + _STAMPS).strip().splitlines() if line.strip()]
    return {"id": Field("id", "integer", readonly=True)} | {field.name: field for field in found}


SCHEMA: dict[str, dict[str, Field]] = {model: _fields(text) for model, text in _TEXT.items()}
