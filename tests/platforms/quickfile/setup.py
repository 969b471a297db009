"""The simulated company that the conformance suite books in."""

from tests.platforms.setting import Setting

CODES = {
    "account": {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "tax_code": {"GB-S20": "20", "GB-R5": "5", "GB-Z0": "0", "GB-RC": "cisrc"},
}


def codes(kind: str, code: str) -> str | None:
    """What the account calls a code of ours; items, currencies and payment methods have our names."""
    return CODES[kind].get(code) if kind in CODES else code


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=codes,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="999999",
    options={},
)
