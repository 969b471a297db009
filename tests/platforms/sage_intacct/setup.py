"""The simulated company that the conformance suite books in."""

from tests.platforms.setting import Setting

SETTING = Setting.demo(
    "sage_intacct_uk", country="GB", tax_code="GB-S20", tax_rate="20", second_tax=("GB-R5", "S", "5"), foreign="EUR", absent_id="999999"
)
