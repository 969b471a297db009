"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.zoho_books import ZohoBooksHook

if TYPE_CHECKING:
    from tests.platforms.company import Company

# What the organisation calls our codes; items go by their SKU and currencies by their ISO code, as we have them.
CODES = {
    ("tax_code", "GB-S20"): "Standard Rate",
    ("tax_code", "GB-R5"): "Reduced Rate",
    ("tax_code", "GB-Z0"): "Zero Rate",
    ("tax_code", "GB-RC"): "Reverse Charge",
    ("dimension", "department:WHOLESALE"): "Department:WHOLESALE",
    ("dimension", "department:SERVICE"): "Department:SERVICE",
    ("dimension", "warehouse:MAIN"): "MAIN",
    ("dimension", "warehouse:NORTH"): "NORTH",
    ("account", "BANK"): "1000",
    ("payment_method", "Wire"): "banktransfer",
    ("payment_method", "Check"): "check",
    ("payment_method", "Card"): "creditcard",
}


def code(kind: str, ours: str) -> str | None:
    return ours if kind in ("item", "currency") else CODES.get((kind, ours))


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Delete it."""
    with company.hook() as hook:
        assert isinstance(hook, ZohoBooksHook)
        hook.write("DELETE", f"customerpayments/{payment.remote_id}", {}, {})


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=code,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="4815160000000999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
