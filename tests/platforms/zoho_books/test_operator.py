"""The operator's own options."""

from __future__ import annotations

import subprocess
import sys

from airbooks.paths import PLUGINS
from airbooks.platforms import registry
from airbooks.platforms.zoho_books import ZohoBooksHook, ZohoBooksInvoiceOperator


def test_by_default_documents_are_marked_as_sent() -> None:
    operator = ZohoBooksInvoiceOperator(task_id="deliver", connection_id="zoho_books_uk")
    assert operator.platform_options() == {"post": True, "location_id": "", "salespersons": True}


def test_drafts_can_be_left_to_a_person_and_documents_given_a_location() -> None:
    operator = ZohoBooksInvoiceOperator(
        task_id="deliver", connection_id="zoho_books_uk", mark_sent=False, location_id="801", salespersons=False
    )
    assert operator.platform_options() == {"post": False, "location_id": "801", "salespersons": False}


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("zoho_books") is ZohoBooksHook
    assert registry.operator_class("zoho_books") is ZohoBooksInvoiceOperator


def test_spec_and_sandbox_import_no_airflow() -> None:
    code = "import sys; import airbooks.platforms.zoho_books.spec, airbooks.platforms.zoho_books.sandbox; print('airflow' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(PLUGINS)}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
