"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.kashflow.sandbox.invoices import TOLD, WRITABLE
from airbooks.platforms.kashflow.sandbox.seed import BANK_ACCOUNT
from airbooks.platforms.kashflow.sandbox.simulator import KashFlowSimulator

ACCOUNTS = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"}
TAX_CODES = {"GB-S20": "20%", "GB-R5": "5%", "GB-Z0": "0%", "GB-RC": "0%"}
PROJECTS = {"department:WHOLESALE": "WHOLESALE", "department:SERVICE": "SERVICE", "warehouse:MAIN": "MAIN", "warehouse:NORTH": "NORTH"}
TABLES = {"account": ACCOUNTS, "tax_code": TAX_CODES, "dimension": PROJECTS}


def codes(kind: str, code: str) -> str | None:
    """What the company calls our codes; items, currencies and payment methods bear the same names there."""
    return TABLES[kind].get(code) if kind in TABLES else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Put each invoice that it settles back without its line, which all have the same note."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, KashFlowSimulator)
    rows = [dict(row) for row in simulator.invoices.rows.values()]
    (note,) = {line["Note"] for row in rows for line in row["PaymentLines"] if str(line["Id"]) == payment.remote_id}
    for row in rows:
        kept = [line for line in row["PaymentLines"] if line["Note"] != note]
        if kept != row["PaymentLines"]:
            shown = {name: row[name] for name in (*WRITABLE, *TOLD) if name in row}
            simulator.invoices.update(row["Number"], {**shown, "PaymentLines": kept})


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=codes,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="999999.999999",
    options={},
    reverse_payment=reverse_payment,
    bank_account=str(BANK_ACCOUNT),
)
