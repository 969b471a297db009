"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.setting import Setting

CODES = {
    "tax_code": {"US-TX": "TX_STATE", "US-CA": "CA_STATE", "US-EX": "US_EXEMPT"},
    "dimension": {
        "department:WHOLESALE": "WHOLESALE",
        "department:SERVICE": "SERVICE",
        "warehouse:MAIN": "MAIN",
        "warehouse:NORTH": "NORTH",
    },
    "account": {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
}


def theirs(kind: str, code: str) -> str | None:
    """What a code of ours is called there; most are called the same, taxes and dimensions only where they are known."""
    if kind in CODES:
        return CODES[kind].get(code)
    return code or None


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
)
