"""The simulated company that the conformance suite books in."""

from tests.platforms.setting import Setting

# What the organisation calls our codes; items go by their SKU and currencies by their ISO code, as we have them.
CODES = {
    ("tax_code", "GB-S20"): "Standard Rate",
    ("tax_code", "GB-R5"): "Reduced Rate",
    ("tax_code", "GB-Z0"): "Zero Rate",
    ("tax_code", "GB-RC"): "Reverse Charge",
    ("dimension", "department:WHOLESALE"): "Department:WHOLESALE",
    ("dimension", "department:SERVICE"): "Department:SERVICE",
    ("dimension", "warehouse:MAIN"): "MAIN",
    ("dimension", "warehouse:NORTH"): "NORTH",
    ("payment_method", "Wire"): "banktransfer",
    ("payment_method", "Check"): "check",
    ("payment_method", "Card"): "creditcard",
}


def code(kind: str, ours: str) -> str | None:
    return ours if kind in ("item", "currency") else CODES.get((kind, ours))


SETTING = Setting(
    division="UK",
    currency="GBP",
    country="GB",
    codes=code,
    tax_code="GB-S20",
    tax_rate="20",
    second_tax=("GB-R5", "S", "5"),
    foreign="EUR",
    absent_id="4815160000000999999",
    options={},
)
