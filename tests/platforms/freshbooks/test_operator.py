"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from airbooks.platforms import registry
from airbooks.platforms.freshbooks import FreshBooksHook, FreshBooksInvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    operator = FreshBooksInvoiceOperator(task_id="deliver", connection_id="freshbooks_us", send_email=True, include_pdf=False)
    assert operator.platform_options() == {"post": True, "send_email": True, "include_pdf": False}


def test_by_default_invoices_are_marked_as_sent_and_nothing_is_mailed() -> None:
    operator = FreshBooksInvoiceOperator(task_id="deliver", connection_id="freshbooks_us")
    assert operator.platform_options() == {"post": True, "send_email": False, "include_pdf": True}


def test_drafts_can_be_left_for_a_person() -> None:
    operator = FreshBooksInvoiceOperator(task_id="deliver", connection_id="freshbooks_us", mark_sent=False)
    assert operator.platform_options()["post"] is False


def test_mailing_a_draft_is_a_contradiction() -> None:
    with pytest.raises(ValueError, match="send_email needs mark_sent"):
        FreshBooksInvoiceOperator(task_id="deliver", connection_id="freshbooks_us", mark_sent=False, send_email=True)


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("freshbooks") is FreshBooksHook
    assert registry.operator_class("freshbooks") is FreshBooksInvoiceOperator


@pytest.mark.parametrize("forbidden", ["airflow", "airbooks.platforms.freshbooks.mapping", "airbooks.platforms.freshbooks.hook"])
def test_the_sandbox_imports_neither_airflow_nor_the_connector(forbidden: str) -> None:
    code = f"import sys, airbooks.platforms.freshbooks.sandbox; print({forbidden!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "False"
