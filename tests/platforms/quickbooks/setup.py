"""The simulated company that the conformance suite books in."""

from tests.platforms.setting import Setting

SETTING = Setting.demo(
    "quickbooks_us", country="US", tax_code="US-TX", tax_rate="8.25", second_tax=("US-EX", "E", "0"), foreign="EUR", absent_id="999999"
)
