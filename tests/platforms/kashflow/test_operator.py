"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

from airbooks.paths import PLUGINS
from airbooks.platforms import registry
from airbooks.platforms.kashflow import KashFlowHook, KashFlowInvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    operator = KashFlowInvoiceOperator(
        task_id="deliver",
        connection_id="kashflow_uk",
        automatic_credit_control=True,
        update_customer_address=True,
        project_number=7,
        cis_reverse_charge=True,
    )
    assert operator.platform_options() == {
        "automatic_credit_control": True,
        "update_customer_address": True,
        "project_number": "7",
        "cis_reverse_charge": True,
    }


def test_by_default_nobody_is_reminded_and_no_customer_is_changed() -> None:
    operator = KashFlowInvoiceOperator(task_id="deliver", connection_id="kashflow_uk")
    assert operator.platform_options() == {
        "automatic_credit_control": False,
        "update_customer_address": False,
        "project_number": "",
        "cis_reverse_charge": False,
    }


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("kashflow") is KashFlowHook
    assert registry.operator_class("kashflow") is KashFlowInvoiceOperator


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.kashflow.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.kashflow.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PLUGINS)})
    assert done.stdout.strip() == "[]"
