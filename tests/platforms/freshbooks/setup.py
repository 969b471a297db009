"""The simulated company that the conformance suite books in."""

from tests.platforms.setting import Setting

CODES = {
    "tax_code": {"US-TX": "TX Sales Tax", "US-CA": "CA Sales Tax", "US-EX": "No tax"},
    "payment_method": {"Wire": "Bank Transfer", "Check": "Check", "Card": "Credit Card"},
}

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
)
