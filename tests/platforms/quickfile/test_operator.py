"""The operator's own options."""

from __future__ import annotations

from airbooks.platforms import registry
from airbooks.platforms.quickfile import QuickFileHook, QuickFileInvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    operator = QuickFileInvoiceOperator(task_id="deliver", connection_id="books", post=False, send_by_email=True, send_by_post=True)
    assert operator.platform_options() == {"post": False, "send_by_email": True, "send_by_post": True}


def test_by_default_drafts_are_marked_as_sent_and_nothing_is_mailed() -> None:
    operator = QuickFileInvoiceOperator(task_id="deliver", connection_id="books")
    assert operator.platform_options() == {"post": True, "send_by_email": False, "send_by_post": False}


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("quickfile") is QuickFileHook
    assert registry.operator_class("quickfile") is QuickFileInvoiceOperator
