"""Reversing vouchers: what takes a posted voucher back, for GL07 lets none be changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from airbooks.platforms.unit4 import postings
from airbooks.platforms.unit4.mapping import VOID, Batch, batch_id, plain, references_to
from airbooks.platforms.unit4.postings import Conversion, Posting, Tax
from airbooks.platforms.unit4.reading import Posted, Row
from airbooks.platforms.unit4.settings import Settings
from airbooks.platforms.unit4.spec import COMPANY_UNITS, REVERSAL

ZERO = Decimal(0)


def reversal_batch(posted: Posted, voucher: Sequence[Row], settings: Settings, *, on: date, reason: str) -> Batch:
    """The voucher that takes a posted one back: every row of it with the opposite sign, its number marked.

    `voucher` are the rows as the ledger has them; the customer's row comes from the customer's own ledger.
    """
    number = f"{posted.number}{REVERSAL}"
    kind = "credit_voucher_type" if posted.value > 0 else "voucher_type"
    top = postings.head(settings, batch_id=batch_id(VOID, settings["company_id"], number), voucher_type=settings[kind], dated=on, booked=on)
    rate = _rate_of(posted, settings)
    rows = [_customer_reversal(posted, settings, number, on, reason), *_ledger_reversals(voucher)]
    return Batch(top.interface, top.batch_id, number, postings.batch_rows(top, rows, rate))


def _rate_of(posted: Posted, settings: Settings) -> Conversion:
    """The rate of the posted voucher, by its two amounts."""
    home = settings.get("home_currency", "GBP")
    rate = None if posted.currency == home else (posted.amount / posted.value).quantize(Decimal("0.00000001"))
    return Conversion(currency=posted.currency, home=home, rate=rate, direction=settings.get("rate_direction", COMPANY_UNITS))


def _customer_reversal(posted: Posted, settings: Settings, number: str, on: date, reason: str) -> Posting:
    item = {
        "customerOrSupplierId": posted.customer,
        "ledgerType": settings.get("customer_ledger_type", "R"),
        "invoiceNumber": number,
        "dueDate": postings.moment(on),
        "paymentCurrency": posted.currency,
    }
    archive = {"externalArchiveReference": batch_id(VOID, settings["company_id"], number)}
    return Posting(
        line_type="AR",
        text=plain(f"{number} {reason}"),
        account=settings["ar_account"],
        value=-posted.value,
        amount=-posted.amount,
        invoice=item,
        additional={**archive, **references_to(posted)},
        detail={"status": "N", "valueDate": postings.moment(on)},
    )


def _ledger_reversals(voucher: Sequence[Row]) -> Iterator[Posting]:
    for row in voucher:
        if row.line_type != "AR":
            tax = Tax(code=row.tax_code, system=row.tax_system, rate=row.tax_rate) if row.tax_code else None
            if tax is not None and row.line_type == "TX":
                tax = _with_base(tax, voucher)
            yield Posting(
                line_type=row.line_type,
                text=row.text,
                account=row.account,
                value=-row.value,
                amount=-row.amount,
                dimensions=row.dimensions,
                tax=tax,
                quantity=None,
            )


def _with_base(tax: Tax, voucher: Sequence[Row]) -> Tax:
    taxed = [each for each in voucher if each.line_type == "GL" and each.tax_code == tax.code]
    if not taxed:
        return tax
    value, amount = (sum(amounts, ZERO) for amounts in zip(*((-each.value, -each.amount) for each in taxed), strict=True))
    return replace(tax, base_account=taxed[0].account, base=amount, base_currency=value)
