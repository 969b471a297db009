"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

from airbooks.platforms import registry
from airbooks.platforms.oracle_fusion import OracleFusionHook, OracleFusionInvoiceOperator


def test_the_options_reach_the_hook_by_name() -> None:
    operator = OracleFusionInvoiceOperator(
        task_id="deliver",
        connection_id="oracle_fusion_us",
        transaction_type="Web Invoice",
        receipt_method="Direct Debit",
        special_instructions="Ring twice",
        leave_incomplete=True,
    )
    assert operator.platform_options() == {
        "transaction_type": "Web Invoice",
        "receipt_method": "Direct Debit",
        "special_instructions": "Ring twice",
        "leave_incomplete": True,
    }


def test_by_default_documents_are_completed_as_the_connection_says() -> None:
    operator = OracleFusionInvoiceOperator(task_id="deliver", connection_id="oracle_fusion_us")
    assert operator.platform_options() == {
        "transaction_type": "",
        "receipt_method": "",
        "special_instructions": "",
        "leave_incomplete": False,
    }


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("oracle_fusion") is OracleFusionHook
    assert registry.operator_class("oracle_fusion") is OracleFusionInvoiceOperator


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.oracle_fusion.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.oracle_fusion.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "[]"
