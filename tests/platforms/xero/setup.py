"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.xero import XeroHook
from airbooks.platforms.xero.spec import API

if TYPE_CHECKING:
    from tests.platforms.company import Company

ACCOUNTS = {"BANK": "1000", "EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"}
TAXES = {"AU-GST10": "OUTPUT", "AU-FREE": "EXEMPTOUTPUT", "AU-EXP": "EXEMPTEXPORT"}


def codes(kind: str, code: str) -> str | None:
    """What the organisation calls a code of ours."""
    if kind == "account":
        return ACCOUNTS.get(code)
    if kind == "tax_code":
        return TAXES.get(code)
    if kind == "dimension":
        category, _, option = code.partition(":")
        return f"{category.capitalize()}:{option}" if category in {"department", "warehouse"} else None
    return code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Remove it from its invoices."""
    with company.hook() as hook:
        assert isinstance(hook, XeroHook)
        for each in payment.remote_id.split(","):
            hook.call("POST", f"{API}/Payments/{each}", headers={"Content-Type": "application/json"}, json={"Status": "DELETED"})


SETTING = Setting(
    division="AU",
    currency="AUD",
    country="AU",
    codes=codes,
    tax_code="AU-GST10",
    tax_rate="10",
    second_tax=("AU-FREE", "Z", "0"),
    foreign="USD",
    absent_id="7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6",
    options={},
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
