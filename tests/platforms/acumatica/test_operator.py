"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

from airbooks.platforms import registry
from airbooks.platforms.acumatica import AcumaticaHook, AcumaticaInvoiceOperator


def test_by_default_documents_are_released_with_their_terms_and_nothing_is_ignored_unseen() -> None:
    made = AcumaticaInvoiceOperator(task_id="deliver", connection_id="acumatica_us")
    assert made.platform_options() == {"post": True, "send_terms": True, "strict": True}


def test_the_options_reach_the_hook_by_name() -> None:
    made = AcumaticaInvoiceOperator(task_id="deliver", connection_id="acumatica_us", release=False, send_terms=False, strict=False)
    assert made.platform_options() == {"post": False, "send_terms": False, "strict": False}


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("acumatica") is AcumaticaHook
    assert registry.operator_class("acumatica") is AcumaticaInvoiceOperator


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.acumatica.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.acumatica.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "[]"
