"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.netsuite.sandbox.payments import Payments
from airbooks.platforms.netsuite.sandbox.seed import BANK
from airbooks.platforms.netsuite.sandbox.simulator import NetSuiteSimulator

CODES = {
    "tax_code": {"US-TX": "TX_STATE", "US-CA": "CA_STATE", "US-EX": "US_EXEMPT"},
    "dimension": {
        "department:WHOLESALE": "WHOLESALE",
        "department:SERVICE": "SERVICE",
        "warehouse:MAIN": "MAIN",
        "warehouse:NORTH": "NORTH",
    },
    "account": {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
}


def theirs(kind: str, code: str) -> str | None:
    """What a code of ours is called there; most are called the same, taxes and dimensions only where they are known."""
    if kind in CODES:
        return CODES[kind].get(code)
    return code or None


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """DELETE /customerPayment/{id}."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, NetSuiteSimulator)
    Payments(simulator.account).delete(simulator.account.transactions[payment.remote_id])


SETTING = Setting(
    division="US",
    currency="USD",
    country="US",
    codes=theirs,
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id="999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account=BANK,
)
