"""The operator's own options."""

from __future__ import annotations

import pytest

from airbooks.platforms.sap_s4hana import SapS4HanaInvoiceOperator


def test_the_options_reach_the_hook_and_are_off_by_default() -> None:
    operator = SapS4HanaInvoiceOperator(task_id="deliver_eu", connection_id="sap_s4hana_eu")
    assert operator.platform == "sap_s4hana"
    assert operator.platform_options() == {"header_text": "", "tax_check": False, "tax_dates": False}
    chosen = SapS4HanaInvoiceOperator(
        task_id="deliver_eu", connection_id="sap_s4hana_eu", header_text="Web shop", tax_check=True, tax_dates=True
    )
    assert chosen.platform_options() == {"header_text": "Web shop", "tax_check": True, "tax_dates": True}


def test_the_header_text_may_be_a_template() -> None:
    assert "header_text" in SapS4HanaInvoiceOperator.template_fields


def test_an_unknown_option_is_refused_when_the_dag_is_read() -> None:
    with pytest.raises(TypeError):
        SapS4HanaInvoiceOperator(task_id="deliver_eu", connection_id="sap_s4hana_eu", draft=True)
