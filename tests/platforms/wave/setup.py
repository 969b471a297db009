"""The simulated business that the conformance suite books in."""

from base64 import b64encode

from tests.platforms.setting import Setting

from airbooks.platforms.wave.sandbox.seed import US_UUID

CALLED = {
    "tax_code": {"US-TX": "TX", "US-CA": "CA", "US-EX": "NONE"},
    "account": {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900", "DISCOUNT": "4800"},
    "payment_method": {"Wire": "BANK_TRANSFER", "Check": "CHEQUE", "Card": "CREDIT_CARD"},
}


def called(kind: str, code: str) -> str | None:
    """What the business calls a code of ours; items and currencies have our names, other kinds do not exist in Wave."""
    return code if kind in {"item", "currency"} else CALLED.get(kind, {}).get(code)


SETTING = Setting(
    division="US",
    currency="USD",
    country="US",
    codes=called,
    tax_code="US-TX",
    tax_rate="8.25",
    second_tax=("US-EX", "E", "0"),
    foreign="EUR",
    absent_id=b64encode(f"Business:{US_UUID};Invoice:999999999".encode()).decode(),
    options={"mark_sent": True},
)
