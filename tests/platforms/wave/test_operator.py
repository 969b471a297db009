"""The operator's own options, and what the room's parts share."""

from __future__ import annotations

import subprocess
import sys

from airbooks.platforms import registry
from airbooks.platforms.wave import WaveHook, WaveInvoiceOperator


def test_by_default_invoices_are_approved_and_nothing_is_sent() -> None:
    operator = WaveInvoiceOperator(task_id="deliver", connection_id="wave_us")
    assert operator.platform_options() == {"post": True, "mark_sent": False, "send_email": False, "online_payments": None}


def test_the_options_reach_the_hook_by_name() -> None:
    operator = WaveInvoiceOperator(
        task_id="deliver", connection_id="wave_us", approve=False, mark_sent=True, send_email=True, online_payments=False
    )
    assert operator.platform_options() == {"post": False, "mark_sent": True, "send_email": True, "online_payments": False}


def test_the_registry_finds_both_classes() -> None:
    assert registry.hook_class("wave") is WaveHook
    assert registry.operator_class("wave") is WaveInvoiceOperator


def test_the_sandbox_shares_no_code_with_the_connector() -> None:
    code = (
        "import sys; import airbooks.platforms.wave.sandbox;"
        "print(sorted(name for name in sys.modules if name.startswith('airbooks.platforms.wave.') and '.sandbox' not in name))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert done.stdout.strip() == "[]"
