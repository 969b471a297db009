"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

from airbooks.paths import PLUGINS
from airbooks.platforms.epicor import EpicorInvoiceOperator


def test_options_reach_the_hook_by_name_and_posting_is_the_default() -> None:
    plain = EpicorInvoiceOperator(task_id="deliver", connection_id="epicor_us")
    assert plain.platform_options() == {"post": True, "one_time_ship_to": True, "salesperson_codes": False}
    other = EpicorInvoiceOperator(task_id="drafts", connection_id="epicor_us", post=False, one_time_ship_to=False, salesperson_codes=True)
    assert other.platform_options() == {"post": False, "one_time_ship_to": False, "salesperson_codes": True}


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys, airbooks.platforms.epicor.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.epicor.') and '.sandbox' not in name))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PLUGINS)})
    assert shown.stdout.strip() == "[]"
