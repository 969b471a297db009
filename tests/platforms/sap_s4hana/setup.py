"""The simulated company code that the conformance suite books in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.sap_s4hana import SapS4HanaHook, mapping
from airbooks.platforms.sap_s4hana.sandbox import SapS4HanaSimulator

if TYPE_CHECKING:
    from tests.platforms.company import Company

ACCOUNTS = {"BANK": "1000", "EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"}
TAXES = {"DE-S19": "A1", "DE-R7": "A2", "DE-IC": "A5", "DE-EXP": "A0"}
ASSIGNMENTS = {
    "department:WHOLESALE": "ProfitCenter:WHOLESALE",
    "department:SERVICE": "ProfitCenter:SERVICE",
    "warehouse:MAIN": "Segment:MAIN",
    "warehouse:NORTH": "Segment:NORTH",
}


def codes(kind: str, code: str) -> str | None:
    """What the company code calls a code of ours; the rest it does not need to know."""
    found = {"account": ACCOUNTS, "tax_code": TAXES, "dimension": ASSIGNMENTS}
    return found[kind].get(code) if kind in found else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Reset its clearing, and reverse it."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, SapS4HanaSimulator)
    simulator.clearing.reset(payment.remote_id)
    assert payment.received_on is not None
    with company.hook() as hook:
        assert isinstance(hook, SapS4HanaHook)
        entry = mapping.reversal_entry(payment.remote_id, "DZ", payment.received_on, payment.received_on, hook.settings())
        hook.client.post(entry, f"RV-{payment.remote_id}")


SETTING = Setting(
    division="EU",
    currency="EUR",
    country="DE",
    codes=codes,
    tax_code="DE-S19",
    tax_rate="19",
    second_tax=("DE-R7", "S", "7"),
    foreign="USD",
    absent_id="999999999917102026",
    options={},
    reverse_payment=reverse_payment,
    payment_settings={"bank_fee_gl": "6200"},
    bank_account="BANK",
)
