"""The simulated company that the conformance suite books in."""

from tests.platforms.company import Company
from tests.platforms.setting import Setting

from airbooks.canonical import RemotePayment

CODES = {
    "account": {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "tax_code": {"US-TX": "TX/TAXABLE", "US-CA": "CA/TAXABLE", "US-EX": "TX/EXEMPT"},
    "terms": {"Net 30": "N30", "Net 14": "N14", "2% 10 Net 30": "2T30", "Due on receipt": "DUE"},
    "dimension": {
        "department:WHOLESALE": "WHOLESALE",
        "department:SERVICE": "SERVICE",
        "warehouse:MAIN": "MAIN",
        "warehouse:NORTH": "NORTH",
    },
    "unit": {"C62": "EA", "HUR": "HR", "DAY": "DAY", "MTR": "M", "SET": "SET", "CA": "CAN"},
    "payment_method": {"Wire": "Wire", "Check": "Check", "Card": "Card"},
}


def theirs(kind: str, code: str) -> str | None:
    """What a code of ours is called there; items and currencies are called the same."""
    return CODES[kind].get(code) if kind in CODES else code


def reverse_payment(company: Company, payment: RemotePayment) -> None:
    """ReverseCashReceipt."""
    company.sandbox.inject(company.slug, "reverse_receipt", head=int(payment.remote_id))


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
    bank_account="1000",
)
