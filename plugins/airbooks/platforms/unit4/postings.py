"""Balanced postings: the rows of one voucher, in document currency and in company currency."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from airbooks.canonical import round_amount
from airbooks.platforms.unit4.settings import Settings, whole
from airbooks.platforms.unit4.spec import COMPANY_UNITS, TEXT

Body = dict[str, Any]
ZERO, ONE = Decimal(0), Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tax:
    """A tax code of ERPx on a row; a TX row states its base as well: the account, in company currency, in document currency."""

    code: str
    system: str = ""
    rate: Decimal
    base_account: str = ""
    base: Decimal = ZERO
    base_currency: Decimal = ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """One row: `value` in document currency and `amount` in company currency, debit positive.

    `dimensions` are values by number (1 to 7); `invoice` and `additional` stand on the customer's row alone.
    """

    line_type: str
    text: str
    account: str
    value: Decimal
    amount: Decimal
    dimensions: Mapping[int, str] = field(default_factory=dict)
    tax: Tax | None = None
    quantity: Decimal | None = None
    invoice: Body | None = None
    additional: Body | None = None
    detail: Body = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversion:
    """How document currency becomes company currency: `rate` company units for one; None where both are the same."""

    currency: str
    home: str
    rate: Decimal | None
    direction: str = COMPANY_UNITS

    def amount(self, value: Decimal) -> Decimal:
        return value if self.rate is None else round_amount(value * self.rate, self.home)

    def told(self) -> Decimal | None:
        """The rate as ERPx is told it (direction UNVERIFIED)."""
        if self.rate is None or self.direction == COMPANY_UNITS:
            return self.rate
        return (ONE / self.rate).quantize(Decimal("0.00000001"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every row of a batch of one voucher repeats."""

    interface: str
    batch_id: str
    company: str
    period: int
    dated: date
    voucher_type: str


def head(settings: Settings, *, batch_id: str, voucher_type: str, dated: date, booked: date) -> Head:
    """`booked` is the ledger date, whose month (moved by period_shift) is the fiscal period."""
    return Head(
        interface=settings["interface"],
        batch_id=batch_id,
        company=settings["company_id"],
        period=period(booked, whole(settings, "period_shift", 0)),
        dated=dated,
        voucher_type=voucher_type,
    )


def period(booked: date, shift: int) -> int:
    """The fiscal period YYYYMM of a date."""
    months = booked.year * 12 + booked.month - 1 + shift
    return months // 12 * 100 + months % 12 + 1


def moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00Z"


def rounding(postings: Sequence[Posting], account: str) -> list[Posting]:
    """The row that balances the voucher in company currency; none where it balances. It is nothing in document currency."""
    rest = sum((each.amount for each in postings), ZERO)
    return [Posting(line_type="GL", text="Rounding difference", account=account, value=ZERO, amount=-rest)] if rest else []


def reversed_sign(posting: Posting) -> Posting:
    tax = posting.tax
    turned = replace(tax, base=-tax.base, base_currency=-tax.base_currency) if tax is not None else None
    quantity = -posting.quantity if posting.quantity is not None else None
    return replace(posting, value=-posting.value, amount=-posting.amount, tax=turned, quantity=quantity)


# -- as ERPx wants them ----------------------------------------------------------------------------------------------------------


def batch_rows(top: Head, postings: Iterable[Posting], conversion: Conversion) -> list[Body]:
    """`POST /v1/financial-transaction-batch`: one flat row per posting, the heads of batch and voucher repeated in each."""
    return [_row(top, number, posting, conversion) for number, posting in enumerate(postings)]


def _row(top: Head, number: int, posting: Posting, conversion: Conversion) -> Body:
    voucher: Body = {
        "companyId": top.company,
        "period": top.period,
        "transactionDate": moment(top.dated),
        "transactionType": top.voucher_type,
        "transactionNumber": 1,
    }
    if posting.invoice is not None:
        voucher["invoice"] = posting.invoice
    voucher["transactionDetailInformation"] = _detail(number, posting, conversion)
    if posting.additional:
        voucher["additionalInformation"] = posting.additional
    return {"batchInformation": {"interface": top.interface, "batchId": top.batch_id}, "transactionInformation": voucher}


def _detail(number: int, posting: Posting, conversion: Conversion) -> Body:
    dimensions = {f"accountingDimension{slot}": value for slot, value in sorted(posting.dimensions.items())}
    detail: Body = {
        "sequenceNumber": number,
        "lineType": posting.line_type,
        "description": posting.text[:TEXT],
        **posting.detail,
        "accountingInformation": {"account": posting.account, **dimensions},
        "amounts": _amounts(posting, conversion),
    }
    if posting.tax is not None:
        detail["taxInformation"] = _tax(posting.tax)
    if posting.quantity is not None:
        detail["statisticalInformation"] = {"number": posting.quantity, "value": 0}
    return detail


def _amounts(posting: Posting, conversion: Conversion) -> Body:
    amounts: Body = {
        "debitCreditFlag": 1 if (posting.value or posting.amount) >= 0 else -1,
        "amount": posting.amount,
        "currencyAmount": posting.value,
        "currencyCode": conversion.currency,
    }
    rate = conversion.told()
    return amounts if rate is None else {**amounts, "exchangeRate": rate}


def _tax(tax: Tax) -> Body:
    told: Body = {"taxCode": tax.code}
    if tax.system:
        told["taxSystem"] = tax.system
    told["vatPercentage"] = number(tax.rate)
    if tax.base_account:
        told["taxDetails"] = {"taxBaseAccount": tax.base_account, "baseAmount": tax.base, "baseCurrencyAmount": tax.base_currency}
    return told


def number(value: Decimal) -> Decimal:
    """A number without needless decimals: 20, not 20.00."""
    return value.quantize(ONE) if value == value.to_integral_value() else value.normalize()
