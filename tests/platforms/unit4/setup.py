"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.setting import Setting

CODES = {
    "account": {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "tax_code": {"GB-S20": "U1", "GB-R5": "U2", "GB-Z0": "U0", "GB-RC": "UR"},
    "dimension": {
        "department:WHOLESALE": "C1:WHOLESALE",
        "department:SERVICE": "C1:SERVICE",
        "warehouse:MAIN": "B0:MAIN",
        "warehouse:NORTH": "B0:NORTH",
    },
    "payment_method": {"Wire": "IP", "Check": "CH", "Card": "CA"},
}


def theirs(kind: str, code: str) -> str | None:
    """What the company calls a code of ours."""
    return CODES.get(kind, {}).get(code)


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=theirs,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="99999999",
    options={},
)
