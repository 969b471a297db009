"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.acumatica.sandbox import receipts
from airbooks.platforms.acumatica.sandbox.simulator import AcumaticaSimulator

ACCOUNTS = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"}
TAXES = {"US-TX": "TEXAS/TAXABLE", "US-CA": "CALIFORNIA/TAXABLE", "US-EX": "EXEMPT"}
TERMS = {"Net 30": "30D", "Net 14": "14D", "2% 10 Net 30": "2P10N30", "Due on receipt": "DUE"}
UNITS = {"C62": "EA", "SET": "SET", "CA": "CAN", "MTR": "METER", "HUR": "HOUR", "DAY": "DAY"}
DIMENSIONS = {
    "department:WHOLESALE": "Subaccount:WHS-000",
    "department:SERVICE": "Subaccount:SRV-000",
    "warehouse:MAIN": "Warehouse:MAIN",
    "warehouse:NORTH": "Warehouse:NORTH",
}
METHODS = {"Wire": "WIRE", "Check": "CHECK", "Card": "CARD"}
MAPPED = {"account": ACCOUNTS, "tax_code": TAXES, "terms": TERMS, "unit": UNITS, "dimension": DIMENSIONS, "payment_method": METHODS}


def codes(kind: str, code: str) -> str | None:
    """What the company calls a code of ours."""
    return MAPPED[kind].get(code) if kind in MAPPED else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Void it, and release the voiding document."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, AcumaticaSimulator)
    receipts.void(simulator.company, payment.remote_id.partition("/")[2])


SETTING = Setting(
    division="US",
    currency="USD",
    country="US",
    codes=codes,
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id="Invoice/INV999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account="1000",
)
