"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.quickbooks import QuickBooksHook

if TYPE_CHECKING:
    from tests.platforms.company import Company


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Delete it in the list of payments."""
    with company.hook() as hook:
        assert isinstance(hook, QuickBooksHook)
        (row,) = hook.rows("Payment", f"Id = '{payment.remote_id}'", read=dict)
        hook.post("payment", {"Id": row["Id"], "SyncToken": row["SyncToken"]}, operation="delete")


def codes(kind: str, code: str) -> str | None:
    """As the demo's configuration has them, and a bank account."""
    return "1000" if (kind, code) == ("account", "BANK") else DEMO.codes(kind, code)


DEMO = Setting.demo(
    "quickbooks_us",
    country="US",
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id="999999",
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
SETTING = replace(DEMO, codes=codes)
