"""The operator's own options."""

from __future__ import annotations

from typing import Any

import pytest

from airbooks.platforms.sap_business_one import SapBusinessOneInvoiceOperator


def test_the_platforms_defaults_are_left_alone() -> None:
    operator = SapBusinessOneInvoiceOperator(task_id="deliver_eu", connection_id="sap_business_one_eu")
    assert operator.platform_options() == {
        "series": None,
        "credit_note_series": None,
        "branch": None,
        "document_rates": True,
        "sales_person_codes": False,
    }


def test_series_branch_rates_and_sales_employees_are_options() -> None:
    given: dict[str, Any] = {"series": 4, "credit_note_series": 7, "branch": 2, "document_rates": False, "sales_person_codes": True}
    operator = SapBusinessOneInvoiceOperator(task_id="deliver_eu", connection_id="sap_business_one_eu", **given)
    assert operator.platform_options() == given


def test_an_unknown_option_is_refused_when_the_dag_is_read() -> None:
    with pytest.raises(TypeError):
        SapBusinessOneInvoiceOperator(task_id="deliver_eu", connection_id="sap_business_one_eu", approve=True)
