"""The operator's options reach the hook as they were given."""

from __future__ import annotations

from airbooks.platforms.odoo import OdooInvoiceOperator


def test_by_default_drafts_are_posted_with_odoos_numbers_in_the_connections_company() -> None:
    operator = OdooInvoiceOperator(task_id="deliver", connection_id="odoo_au")
    assert operator.platform_options() == {"post": True, "company_id": None, "sale_journal_id": None, "use_our_number": False}


def test_every_option_is_handed_on() -> None:
    operator = OdooInvoiceOperator(
        task_id="deliver", connection_id="odoo_uk", post=False, company_id=2, sale_journal_id=9, use_our_number=True
    )
    assert operator.platform_options() == {"post": False, "company_id": 2, "sale_journal_id": 9, "use_our_number": True}
