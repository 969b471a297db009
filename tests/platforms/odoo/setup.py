"""The simulated company that the conformance suite books in."""

from tests.platforms.setting import Setting

SETTING = Setting.demo(
    "odoo_au", country="AU", tax_code="AU-GST10", tax_rate="10", second_tax=("AU-FREE", "Z", "0"), foreign="USD", absent_id="999999"
)
