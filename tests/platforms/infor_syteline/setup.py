"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.setting import Setting

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
)
