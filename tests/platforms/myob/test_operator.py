"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from airbooks.platforms import registry
from airbooks.platforms.myob import MyobHook, MyobInvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    given: dict[str, Any] = {"layout": "Service", "delivery_status": "Email", "freight": "header", "warnings_as_errors": True}
    assert MyobInvoiceOperator(task_id="deliver", connection_id="myob_au", **given).platform_options() == given


def test_by_default_sales_are_item_sales_with_freight_lines_and_nothing_is_mailed() -> None:
    assert MyobInvoiceOperator(task_id="deliver", connection_id="myob_au").platform_options() == {
        "layout": "Item",
        "delivery_status": "Nothing",
        "freight": "line",
        "warnings_as_errors": False,
    }


@pytest.mark.parametrize("wrong", [{"layout": "Professional"}, {"delivery_status": "Fax"}, {"freight": "none"}])
def test_options_that_make_no_sense_are_refused_when_the_dag_is_read(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="it is one of"):
        MyobInvoiceOperator(task_id="deliver", connection_id="myob_au", **wrong)


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("myob") is MyobHook
    assert registry.operator_class("myob") is MyobInvoiceOperator


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.myob.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.myob.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "[]"
