"""The simulated company that the conformance suite books in."""

from tests.platforms.setting import Setting

SETTING = Setting.demo(
    "business_central_eu",
    country="DE",
    tax_code="DE-S19",
    tax_rate="19",
    second_tax=("DE-R7", "S", "7"),
    foreign="USD",
    absent_id="00000000-0000-4000-8000-000000000000",
)
