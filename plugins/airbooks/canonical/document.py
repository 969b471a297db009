"""Sales documents: invoice and credit note, after EN 16931-1.

Amounts are in the document currency (BT-5) and positive on both kinds: a credit note of 100.00 takes 100.00 off.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from airbooks.canonical.codes import DocumentKind, LineKind, TaxCategory
from airbooks.canonical.money import CurrencyCode, Number
from airbooks.canonical.party import Address, Frozen, Party

ZERO = Decimal(0)


class Period(Frozen):
    """Invoicing period (BG-14, BG-26)."""

    start: date | None = None
    end: date | None = None


class DocumentReference(Frozen):
    """A preceding invoice (BG-3): its number (BT-25) and date (BT-26)."""

    number: str
    issue_date: date | None = None


class ExchangeRate(Frozen):
    """How the document currency converts: `rate` units of `base` (the ledger's currency) for 1 unit of the document currency."""

    base: CurrencyCode
    rate: Number = Field(gt=0)
    rate_date: date | None = None
    source: str = ""


class PaymentTerms(Frozen):
    """Payment terms (BT-20). `code` is the sales system's; the early-payment discount is `discount_percent` within `discount_days`."""

    code: str = ""
    text: str = ""
    net_days: int | None = None
    discount_percent: Number | None = None
    discount_days: int | None = None


class AllowanceCharge(Frozen):
    """An allowance (BG-20, BG-27) or charge (BG-21, BG-28). `amount` is positive; `is_charge` gives the direction."""

    is_charge: bool = False
    amount: Number = Field(ge=0)
    base_amount: Number | None = None
    percent: Number | None = None
    reason: str = ""
    reason_code: str = ""
    tax_category: TaxCategory = TaxCategory.STANDARD
    tax_rate: Number = ZERO
    tax_code: str = ""
    account_code: str = ""


class Line(Frozen):
    """One line (BG-25).

    `net_amount` (BT-131) = round(quantity x net_price / base_quantity) + charges - allowances. `net_price` (BT-146) may have any
    number of decimals. `tax_code` and `account_code` (revenue group) are the sales system's own codes, which each connection maps to
    its platform's; `dimensions` likewise (`{"department": "WHOLESALE"}`).
    """

    line_id: str
    kind: LineKind = LineKind.ITEM
    item_code: str = ""
    name: str
    description: str = ""
    gtin: str = ""
    commodity_code: str = ""
    quantity: Number = Decimal(1)
    unit: str = "C62"
    net_price: Number = ZERO
    gross_price: Number | None = None
    price_discount: Number | None = None
    base_quantity: Number = Field(default=Decimal(1), gt=0)
    allowances_charges: tuple[AllowanceCharge, ...] = ()
    net_amount: Number = ZERO
    tax_category: TaxCategory = TaxCategory.STANDARD
    tax_rate: Number = ZERO
    tax_code: str = ""
    account_code: str = ""
    dimensions: dict[str, str] = Field(default_factory=dict)
    warehouse: str = ""
    serial_numbers: tuple[str, ...] = ()
    order_reference: str = ""
    order_line: str = ""
    period: Period | None = None
    service_date: date | None = None
    note: str = ""


class TaxSubtotal(Frozen):
    """Tax breakdown per category and rate (BG-23); `tax_code` is the sales system's own where one code makes up the subtotal."""

    category: TaxCategory
    rate: Number
    taxable_amount: Number
    tax_amount: Number
    exemption_reason: str = ""
    exemption_code: str = ""
    tax_code: str = ""


class Delivery(Frozen):
    """Where and when the goods went (BG-13, BG-15)."""

    delivery_date: date | None = None
    name: str = ""
    address: Address = Address()
    location_code: str = ""
    shipping_method: str = ""
    tracking_number: str = ""
    shipment_number: str = ""


class Document(Frozen):
    """What invoice and credit note share.

    Totals: `line_total` BT-106, `allowance_total` BT-107, `charge_total` BT-108, `net_total` BT-109, `tax_total` BT-110, `gross_total`
    BT-112, `prepaid_amount` BT-113, `rounding_amount` BT-114, `amount_due` BT-115. `posting_date` is the ledger date where it differs
    from `issue_date` (BT-2). `source` and `source_id` name the record in the sales system; together they are unique. `cancelled` means that
    the sales system took the document back: what was booked of it is to be void.
    """

    source: str
    source_id: str
    source_version: str = ""
    cancelled: bool = False
    division: str
    number: str
    issue_date: date
    posting_date: date | None = None
    due_date: date | None = None
    tax_point_date: date | None = None
    currency: CurrencyCode
    exchange_rate: ExchangeRate | None = None
    tax_currency: str = ""
    tax_total_in_tax_currency: Number | None = None
    seller: Party | None = None
    buyer: Party
    delivery: Delivery | None = None
    terms: PaymentTerms = PaymentTerms()
    payment_means_code: str = ""
    payment_reference: str = ""
    buyer_reference: str = ""
    purchase_order: str = ""
    sales_order: str = ""
    contract: str = ""
    project: str = ""
    salesperson: str = ""
    period: Period | None = None
    notes: tuple[str, ...] = ()
    internal_note: str = ""
    dimensions: dict[str, str] = Field(default_factory=dict)
    prices_include_tax: bool = False
    lines: tuple[Line, ...] = Field(min_length=1)
    allowances_charges: tuple[AllowanceCharge, ...] = ()
    tax_breakdown: tuple[TaxSubtotal, ...] = ()
    line_total: Number
    allowance_total: Number = ZERO
    charge_total: Number = ZERO
    net_total: Number
    tax_total: Number
    gross_total: Number
    prepaid_amount: Number = ZERO
    rounding_amount: Number = ZERO
    withholding_tax: Number = ZERO
    amount_due: Number
    preceding_invoices: tuple[DocumentReference, ...] = ()
    attachments: tuple[str, ...] = ()

    @property
    def ledger_date(self) -> date:
        """The date the books use: the posting date, or the issue date where none is given."""
        return self.posting_date or self.issue_date

    @property
    def amount_lines(self) -> tuple[Line, ...]:
        """The lines that carry an amount (all but comments)."""
        return tuple(line for line in self.lines if line.kind is not LineKind.COMMENT)


class Invoice(Document):
    """A sales invoice (BT-3 = 380)."""

    kind: Literal[DocumentKind.INVOICE] = DocumentKind.INVOICE


class CreditNote(Document):
    """A credit note (BT-3 = 381) with positive amounts; `preceding_invoices` names what it corrects, `reason` why."""

    kind: Literal[DocumentKind.CREDIT_NOTE] = DocumentKind.CREDIT_NOTE
    reason: str = ""


SalesDocument = Annotated[Invoice | CreditNote, Field(discriminator="kind")]
_ADAPTER: TypeAdapter[Invoice | CreditNote] = TypeAdapter(SalesDocument)


def parse_document(value: dict[str, Any] | str | bytes) -> Invoice | CreditNote:
    """A canonical document from its JSON form; raises pydantic.ValidationError, whose locations are the field paths."""
    if isinstance(value, dict):
        return _ADAPTER.validate_python(value)
    return _ADAPTER.validate_json(value)
