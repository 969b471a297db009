"""The operator's own options, and which of them are the safe ones."""

from __future__ import annotations

import pytest

from airbooks.platforms import registry
from airbooks.platforms.netsuite import NetSuiteHook, NetSuiteInvoiceOperator


def test_by_default_documents_go_one_by_one_with_our_tax_and_unapproved() -> None:
    operator = NetSuiteInvoiceOperator(task_id="deliver", connection_id="netsuite_us")
    assert operator.platform_options() == {"mode": "single", "override_tax": True, "approve": False}


def test_the_options_reach_the_hook_by_name() -> None:
    operator = NetSuiteInvoiceOperator(task_id="deliver", connection_id="netsuite_us", mode="batch", override_tax=False, approve=True)
    assert operator.platform_options() == {"mode": "batch", "override_tax": False, "approve": True}


def test_an_unknown_mode_is_told_when_the_dag_is_read() -> None:
    with pytest.raises(ValueError, match="single, batch"):
        NetSuiteInvoiceOperator(task_id="deliver", connection_id="netsuite_us", mode="async")  # type: ignore[arg-type]


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("netsuite") is NetSuiteHook
    assert registry.operator_class("netsuite") is NetSuiteInvoiceOperator
