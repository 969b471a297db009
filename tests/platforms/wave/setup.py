"""The simulated business that the conformance suite books in."""

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.wave import WaveHook
from airbooks.platforms.wave.queries import PAYMENT_DELETE
from airbooks.platforms.wave.sandbox.seed import US_UUID

if TYPE_CHECKING:
    from tests.platforms.company import Company

CALLED = {
    "tax_code": {"US-TX": "TX", "US-CA": "CA", "US-EX": "NONE"},
    "account": {"BANK": "1000", "EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "payment_method": {"Wire": "BANK_TRANSFER", "Check": "CHEQUE", "Card": "CREDIT_CARD"},
}


def called(kind: str, code: str) -> str | None:
    """What the business calls a code of ours; items and currencies have our names, other kinds do not exist in Wave."""
    return code if kind in {"item", "currency"} else CALLED.get(kind, {}).get(code)


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Delete it from its invoices."""
    with company.hook() as hook:
        assert isinstance(hook, WaveHook)
        for each in payment.remote_id.split(","):
            hook.change(PAYMENT_DELETE, {"id": each}, dict)


SETTING = Setting(
    division="US",
    currency="USD",
    country="US",
    codes=called,
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id=b64encode(f"Business:{US_UUID};Invoice:999999999".encode()).decode(),
    options={"mark_sent": True},
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
