"""The simulated company that the conformance suite books in."""

from __future__ import annotations

from tests.platforms.setting import Setting

ACCOUNTS = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"}
TAX_CODES = {"GB-S20": "20%", "GB-R5": "5%", "GB-Z0": "0%", "GB-RC": "0%"}
PROJECTS = {"department:WHOLESALE": "WHOLESALE", "department:SERVICE": "SERVICE", "warehouse:MAIN": "MAIN", "warehouse:NORTH": "NORTH"}
TABLES = {"account": ACCOUNTS, "tax_code": TAX_CODES, "dimension": PROJECTS}


def codes(kind: str, code: str) -> str | None:
    """What the company calls our codes; items, currencies and payment methods bear the same names there."""
    return TABLES[kind].get(code) if kind in TABLES else code


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=codes,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="999999.999999",
    options={},
)
