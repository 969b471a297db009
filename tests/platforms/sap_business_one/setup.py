"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment

if TYPE_CHECKING:
    from tests.platforms.company import Company

ACCOUNTS = {"BANK": "1000", "EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"}
TAX_CODES = {"DE-S19": "A19", "DE-R7": "A7", "DE-IC": "AIG", "DE-EXP": "AEX"}
DIMENSIONS = {"department:WHOLESALE": "WHSALE", "department:SERVICE": "SERVICE", "warehouse:MAIN": "MAIN", "warehouse:NORTH": "NORTH"}
CURRENCIES = {"USD": "$", "EUR": "EUR", "GBP": "GBP", "AUD": "AUD"}
TABLES = {"account": ACCOUNTS, "tax_code": TAX_CODES, "dimension": DIMENSIONS, "currency": CURRENCIES}


def codes(kind: str, code: str) -> str | None:
    """What the company calls our codes; items and terms bear the same names there."""
    return TABLES[kind].get(code) if kind in TABLES else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Cancel it."""
    company.sandbox.inject(company.slug, "cancel_payment", entry=payment.remote_id)


SETTING = Setting(
    division="EU",
    currency="EUR",
    country="DE",
    codes=codes,
    tax_code="DE-S19",
    tax_rate="19",
    second_tax=("DE-R7", "S", "7"),
    foreign="USD",
    absent_id="13-999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
