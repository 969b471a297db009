"""The simulated company code that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.setting import Setting

ACCOUNTS = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"}
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
)
