"""The operator's own options."""

from __future__ import annotations

from airbooks.platforms import registry
from airbooks.platforms.infor_syteline import InforSyteLineHook, InforSyteLineInvoiceOperator


def test_options_reach_the_hook_by_name_and_posting_is_the_default() -> None:
    plain = InforSyteLineInvoiceOperator(task_id="deliver", connection_id="infor_syteline_us")
    assert plain.platform_options() == {"posting": True, "approval_status": ""}
    waiting = InforSyteLineInvoiceOperator(task_id="deliver", connection_id="infor_syteline_us", post=False, approval_status="A")
    assert waiting.platform_options() == {"posting": False, "approval_status": "A"}


def test_the_registry_knows_the_room() -> None:
    assert registry.hook_class("infor_syteline") is InforSyteLineHook
    assert registry.operator_class("infor_syteline") is InforSyteLineInvoiceOperator
