"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from decimal import Decimal

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.infor_syteline.sandbox.schema import ido
from airbooks.platforms.infor_syteline.sandbox.simulator import InforSyteLineSimulator

CODES = {
    "account": {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "tax_code": {"US-TX": "TXST", "US-CA": "CAST", "US-EX": "EXEMPT"},
    "terms": {"Net 30": "N30", "Net 14": "N14", "2% 10 Net 30": "2TN", "Due on receipt": "DUE"},
    "dimension": {
        "department:WHOLESALE": "1/WHSL",
        "department:SERVICE": "1/SERV",
        "warehouse:MAIN": "2/MAIN",
        "warehouse:NORTH": "2/NRTH",
    },
    "payment_method": {"Wire": "W", "Check": "C", "Card": "C"},
}


def codes(kind: str, code: str) -> str | None:
    """What the site calls a code of ours; items and currencies bear the same names there."""
    return CODES[kind].get(code) if kind in CODES else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Post the same payment below zero, under the same reference."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, InforSyteLineSimulator)
    database = simulator.database
    customer, bank, reference = payment.remote_id.split("|")
    for row in database.find_all("SLArtrans", CustNum=customer, BankCode=bank, Ref=reference, Type="P"):
        back = {name: -Decimal(row[name]) for name in ("Amount", "DiscAmt")}
        copied = {name: value for name, value in row.items() if name not in {"RowPointer", "RecordDate", "CreateDate"}}
        sequence = str(database.store.next_number("check_seq"))
        database.insert(ido("SLArtrans"), {**copied, **{name: str(value) for name, value in back.items()}, "CheckSeq": sequence})


SETTING = Setting(
    division="US",
    currency="USD",
    country="US",
    codes=codes,
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id="NOBODY|NO-SUCH|0",
    options={},
    reverse_payment=reverse_payment,
    bank_account="B01",
)
