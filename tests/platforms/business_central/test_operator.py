"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

from airbooks.platforms import registry
from airbooks.platforms.business_central import BusinessCentralHook, BusinessCentralInvoiceOperator


def test_options_reach_the_hook_by_name_and_posting_is_the_default() -> None:
    plain = BusinessCentralInvoiceOperator(task_id="deliver", connection_id="business_central_eu")
    assert plain.platform_options() == {"post": True, "salesperson_codes": False}
    drafts = BusinessCentralInvoiceOperator(task_id="drafts", connection_id="business_central_eu", post=False, salesperson_codes=True)
    assert drafts.platform_options() == {"post": False, "salesperson_codes": True}


def test_the_registry_knows_the_room() -> None:
    assert registry.hook_class("business_central") is BusinessCentralHook
    assert registry.operator_class("business_central") is BusinessCentralInvoiceOperator
    assert BusinessCentralHook.conn_type == "business_central"


def test_spec_and_sandbox_import_neither_airflow_nor_the_connector() -> None:
    code = (
        "import sys, airbooks.platforms.business_central.spec, airbooks.platforms.business_central.sandbox;"
        "print([name for name in sys.modules if name == 'airflow' or name.startswith('airflow.')"
        " or name in {'airbooks.platforms.business_central.mapping', 'airbooks.platforms.business_central.hook'}])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert shown.stdout.strip() == "[]"
