"""The simulated account that the conformance suite books in."""

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.brightpearl.sandbox.payments import Payments
from airbooks.platforms.brightpearl.sandbox.simulator import BrightpearlSimulator

# What the account calls our codes; products go by their SKU and currencies by their ISO code, as we have them.
CODES = {
    ("tax_code", "GB-S20"): "T20",
    ("tax_code", "GB-R5"): "T5",
    ("tax_code", "GB-Z0"): "Z",
    ("tax_code", "GB-RC"): "RC",
    ("account", "EQUIPMENT"): "4000",
    ("account", "PARTS"): "4010",
    ("account", "SERVICE"): "4100",
    ("account", "FREIGHT"): "4900",
    ("account", "DISCOUNT"): "4800",
    ("dimension", "department:WHOLESALE"): "Channel:WHOLESALE",
    ("dimension", "department:SERVICE"): "Channel:SERVICE",
    ("dimension", "warehouse:MAIN"): "Warehouse:MAIN",
    ("dimension", "warehouse:NORTH"): "Warehouse:NORTH",
    ("payment_method", "Wire"): "BANK",
    ("payment_method", "Check"): "CHEQUE",
    ("payment_method", "Card"): "CARD",
}


def code(kind: str, ours: str) -> str | None:
    return ours if kind in ("item", "currency") else CODES.get((kind, ours))


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Delete it: DELETE /accounting-service/customer-payment/{id}, once its journal is cancelled."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, BrightpearlSimulator)
    for each in payment.remote_id.split(","):
        Payments(simulator.company).delete(each)


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=code,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="99999999",
    options={},
    reverse_payment=reverse_payment,
)
