"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airbooks.paths import PLUGINS
from airbooks.platforms import registry
from airbooks.platforms.unit4 import Unit4Hook, Unit4InvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    operator = Unit4InvoiceOperator(
        task_id="deliver",
        connection_id="unit4_uk",
        run_gl07=False,
        payment_method="CH",
        company_reference="SALES1",
        responsible="SALES2",
    )
    assert operator.platform_options() == {
        "run_gl07": False,
        "payment_method": "CH",
        "company_reference": "SALES1",
        "responsible": "SALES2",
    }


def test_by_default_the_connection_says_who_runs_gl07() -> None:
    operator = Unit4InvoiceOperator(task_id="deliver", connection_id="unit4_uk")
    assert operator.platform_options() == {"run_gl07": None, "payment_method": "", "company_reference": "", "responsible": ""}


def test_a_payment_method_that_erpx_would_refuse_is_no_option() -> None:
    with pytest.raises(ValueError, match="at most 2"):
        Unit4InvoiceOperator(task_id="deliver", connection_id="unit4_uk", payment_method="WIRE")


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("unit4") is Unit4Hook
    assert registry.operator_class("unit4") is Unit4InvoiceOperator


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.unit4.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.unit4.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PLUGINS)})
    assert done.stdout.strip() == "[]"
