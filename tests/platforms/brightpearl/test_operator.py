"""The operator's own options."""

from __future__ import annotations

from airbooks.platforms import registry
from airbooks.platforms.brightpearl import BrightpearlHook, BrightpearlInvoiceOperator

NOTHING = {"status_id": "", "lead_source_id": "", "project_id": "", "team_id": "", "staff_owner_id": ""}


def test_by_default_orders_are_closed() -> None:
    operator = BrightpearlInvoiceOperator(task_id="deliver", connection_id="brightpearl_uk")
    assert operator.platform_options() == {"post": True, **NOTHING}


def test_orders_can_be_left_to_the_warehouse_and_given_a_status_and_an_owner() -> None:
    operator = BrightpearlInvoiceOperator(
        task_id="deliver", connection_id="brightpearl_uk", close=False, status_id="3", lead_source_id="4", project_id="7", team_id="2"
    )
    wanted = {"post": False, "status_id": "3", "lead_source_id": "4", "project_id": "7", "team_id": "2", "staff_owner_id": ""}
    assert operator.platform_options() == wanted


def test_every_option_but_closing_can_be_a_template() -> None:
    assert {"chunk", *NOTHING} == set(BrightpearlInvoiceOperator.template_fields)


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("brightpearl") is BrightpearlHook
    assert registry.operator_class("brightpearl") is BrightpearlInvoiceOperator
