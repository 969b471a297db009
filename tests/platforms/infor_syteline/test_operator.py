"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys

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


def test_spec_and_sandbox_import_neither_airflow_nor_the_connector() -> None:
    code = (
        "import sys, airbooks.platforms.infor_syteline.spec, airbooks.platforms.infor_syteline.sandbox;"
        "print([name for name in sys.modules if name == 'airflow' or name.startswith('airflow.')"
        " or name in {'airbooks.platforms.infor_syteline.mapping', 'airbooks.platforms.infor_syteline.hook'}])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": "plugins"})
    assert shown.stdout.strip() == "[]"
