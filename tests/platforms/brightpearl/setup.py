"""The simulated account that the conformance suite books in."""

from tests.platforms.setting import Setting

# What the account calls our codes; products go by their SKU and currencies by their ISO code, as we have them.
CODES = {
    ("tax_code", "GB-S20"): "T20",
    ("tax_code", "GB-R5"): "T5",
    ("tax_code", "GB-Z0"): "Z",
    ("tax_code", "GB-RC"): "RC",
    ("account", "EQUIPMENT"): "4000",
    ("account", "PARTS"): "4010",
    ("account", "SERVICE"): "4100",
    ("account", "FREIGHT"): "4900",
    ("account", "DISCOUNT"): "4800",
    ("dimension", "department:WHOLESALE"): "Channel:WHOLESALE",
    ("dimension", "department:SERVICE"): "Channel:SERVICE",
    ("dimension", "warehouse:MAIN"): "Warehouse:MAIN",
    ("dimension", "warehouse:NORTH"): "Warehouse:NORTH",
    ("payment_method", "Wire"): "BANK",
    ("payment_method", "Check"): "CHEQUE",
    ("payment_method", "Card"): "CARD",
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
    absent_id="99999999",
    options={},
)
