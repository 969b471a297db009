"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from airbooks.platforms import registry
from airbooks.platforms.xero import XeroHook, XeroInvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    operator = XeroInvoiceOperator(task_id="deliver", connection_id="xero_au", send_email=True, rounding="xero", branding_theme_id="b-1")
    assert operator.platform_options() == {"approve": True, "send_email": True, "rounding": "xero", "branding_theme_id": "b-1"}


def test_by_default_documents_are_approved_with_our_tax_and_nothing_is_mailed() -> None:
    operator = XeroInvoiceOperator(task_id="deliver", connection_id="xero_au")
    assert operator.platform_options() == {"approve": True, "send_email": False, "rounding": "ours", "branding_theme_id": ""}


@pytest.mark.parametrize("wrong", [{"rounding": "up"}, {"approve": False, "send_email": True}])
def test_options_that_make_no_sense_are_refused_when_the_dag_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"rounding|send_email"):
        XeroInvoiceOperator(task_id="deliver", connection_id="xero_au", **wrong)


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("xero") is XeroHook
    assert registry.operator_class("xero") is XeroInvoiceOperator


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.xero.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.xero.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "[]"
