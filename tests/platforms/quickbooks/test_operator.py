"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

from airbooks.platforms import registry
from airbooks.platforms.quickbooks import QuickBooksHook, QuickBooksInvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    operator = QuickBooksInvoiceOperator(
        task_id="deliver", connection_id="quickbooks_us", send_email=True, print_later=True, location_id="2"
    )
    assert operator.platform_options() == {"send_email": True, "print_later": True, "location_id": "2"}


def test_by_default_nothing_is_mailed_or_printed() -> None:
    operator = QuickBooksInvoiceOperator(task_id="deliver", connection_id="quickbooks_us")
    assert operator.platform_options() == {"send_email": False, "print_later": False, "location_id": ""}


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("quickbooks") is QuickBooksHook
    assert registry.operator_class("quickbooks") is QuickBooksInvoiceOperator
    assert (QuickBooksHook.conn_type, QuickBooksInvoiceOperator.platform) == ("quickbooks", "quickbooks")


def test_spec_and_sandbox_import_no_airflow() -> None:
    code = (
        "import sys; import airbooks.platforms.quickbooks.spec, airbooks.platforms.quickbooks.sandbox;"
        "print([name for name in sys.modules if name == 'airflow' or name.startswith('airflow.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "[]"


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.quickbooks.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.quickbooks.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "[]"
