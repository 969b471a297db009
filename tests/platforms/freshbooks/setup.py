"""The simulated company that the conformance suite books in."""

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment
from airbooks.platforms.freshbooks.sandbox import payments
from airbooks.platforms.freshbooks.sandbox.simulator import FreshBooksSimulator

CODES = {
    "tax_code": {"US-TX": "TX Sales Tax", "US-CA": "CA Sales Tax", "US-EX": "No tax"},
    "payment_method": {"Wire": "Bank Transfer", "Check": "Check", "Card": "Credit Card"},
}


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """Delete it: PUT payments/payments/{id} with vis_state 1."""
    simulator = company.sandbox.simulators[company.slug]
    assert isinstance(simulator, FreshBooksSimulator)
    for each in payment.remote_id.split(","):
        row = simulator.account.table("payment")[each]
        payments.update(simulator.account, row, {"vis_state": 1})


SETTING = Setting(
    division="US",
    currency="USD",
    country="US",
    codes=lambda kind, code: CODES.get(kind, {}).get(code),
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id="999999",
    options={},
    reverse_payment=reverse_payment,
)
