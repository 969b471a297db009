"""The simulated business unit that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator, receipts
from airbooks.platforms.oracle_fusion.sandbox.pod import BANK_ACCOUNT

CODES = {
    "tax_code": {"US-TX": "TX SALES TAX", "US-CA": "CA SALES TAX", "US-EX": "US EXEMPT"},
    "terms": {"Net 30": "30 Net", "Net 14": "14 Net", "2% 10 Net 30": "2% 10 Net 30", "Due on receipt": "IMMEDIATE"},
    "unit": {"C62": "Ea", "HUR": "HR", "DAY": "DY", "MTR": "MTR", "SET": "SET", "CA": "CAN"},
    "payment_method": {"Wire": "Wire Transfer", "Check": "Check", "Card": "Credit Card"},
}
DIMENSIONS = ("department:WHOLESALE", "department:SERVICE", "warehouse:MAIN", "warehouse:NORTH")


def theirs(kind: str, code: str) -> str | None:
    """What the business unit calls a code of ours; items, currencies and our dimensions are called the same."""
    if kind == "dimension":
        return code if code in DIMENSIONS else None
    return CODES[kind].get(code) if kind in CODES else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """The action reverseReceipt, which pods have from 26D on."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, OracleFusionSimulator)
    receipts.reverse(simulator.pod, simulator.pod.receipts[payment.remote_id])


SETTING = Setting(
    division="US",
    currency="USD",
    country="US",
    codes=theirs,
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id="300100999999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account=BANK_ACCOUNT,
)
