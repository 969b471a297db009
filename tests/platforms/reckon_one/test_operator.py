"""What users of Reckon One can set on its operator."""

from __future__ import annotations

from airbooks.platforms.reckon_one import ReckonOneInvoiceOperator


def test_documents_are_approved_unless_a_person_is_to_do_it() -> None:
    made = ReckonOneInvoiceOperator(task_id="deliver", connection_id="books")
    assert made.platform_options() == {"post": True, "template": "", "payment_details": ""}
    assert ReckonOneInvoiceOperator(task_id="deliver", connection_id="books", approve=False).platform_options()["post"] is False


def test_template_and_payment_details_reach_the_hook_and_can_be_templated() -> None:
    made = ReckonOneInvoiceOperator(
        task_id="deliver", connection_id="books", template="Professional Invoice", payment_details="BSB 066-123 Account 10203040"
    )
    assert made.platform_options()["template"] == "Professional Invoice"
    assert made.platform_options()["payment_details"] == "BSB 066-123 Account 10203040"
    assert {"chunk", "template", "payment_details"} <= set(made.template_fields)
