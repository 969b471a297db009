"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.unit4.sandbox import Unit4Simulator
from airbooks.platforms.unit4.sandbox.takeback import take_back

if TYPE_CHECKING:
    from tests.platforms.company import Company

CODES = {
    "account": {"BANK": "1000", "EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "tax_code": {"GB-S20": "U1", "GB-R5": "U2", "GB-Z0": "U0", "GB-RC": "UR"},
    "dimension": {
        "department:WHOLESALE": "C1:WHOLESALE",
        "department:SERVICE": "C1:SERVICE",
        "warehouse:MAIN": "B0:MAIN",
        "warehouse:NORTH": "B0:NORTH",
    },
    "payment_method": {"Wire": "IP", "Check": "CH", "Card": "CA"},
}


def theirs(kind: str, code: str) -> str | None:
    """What the company calls a code of ours."""
    return CODES.get(kind, {}).get(code)


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Undo its matching, and post the opposite voucher."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, Unit4Simulator)
    take_back(simulator.tenant, int(payment.remote_id))


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=theirs,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="99999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account="BANK",
)
