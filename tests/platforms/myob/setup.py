"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.myob.sandbox.simulator import MyobSimulator

ACCOUNTS = {"BANK": "1-1000", "EQUIPMENT": "4-4000", "PARTS": "4-4010", "SERVICE": "4-4100", "FREIGHT": "4-4900", "DISCOUNT": "4-4800"}
TAXES = {"AU-GST10": "GST", "AU-FREE": "FRE", "AU-EXP": "EXP"}
LISTS = {"department": "Job", "warehouse": "Location"}
METHODS = {"Wire": "EFT", "Check": "Cheque", "Card": "Credit Card"}


def codes(kind: str, code: str) -> str | None:
    """What the company file calls a code of ours."""
    if kind == "account":
        return ACCOUNTS.get(code)
    if kind == "tax_code":
        return TAXES.get(code)
    if kind == "payment_method":
        return METHODS.get(code)
    if kind == "dimension":
        name, _, value = code.partition(":")
        return f"{LISTS[name]}:{value}" if name in LISTS else None
    return code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """DELETE /Sale/CustomerPayment/{UID}: MYOB changes no payment."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, MyobSimulator)
    simulator.receipts.deleted(payment.remote_id)


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
