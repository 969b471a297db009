"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.quickfile import QuickFileHook

if TYPE_CHECKING:
    from tests.platforms.company import Company

CODES = {
    "account": {"BANK": "1200", "EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "tax_code": {"GB-S20": "20", "GB-R5": "5", "GB-Z0": "0", "GB-RC": "cisrc"},
}


def codes(kind: str, code: str) -> str | None:
    """What the account calls a code of ours; items, currencies and payment methods have our names."""
    return CODES[kind].get(code) if kind in CODES else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Delete it."""
    with company.hook() as hook:
        assert isinstance(hook, QuickFileHook)
        for each in payment.remote_id.split(","):
            hook.beta.call("DELETE", f"/client_payments/{each}", lambda _: None)


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=codes,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
