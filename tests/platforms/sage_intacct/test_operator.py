"""The operator's own options, and what importing the room costs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import airbooks.platforms.sage_intacct as room
from airbooks.platforms.sage_intacct.hook import SageIntacctHook
from airbooks.platforms.sage_intacct.operator import SageIntacctInvoiceOperator

PLUGINS = Path(__file__).parents[3] / "plugins"


@pytest.mark.parametrize("draft", [False, True])
def test_drafts_are_an_option_and_off_by_default(draft: bool) -> None:
    given = {"draft": True} if draft else {}
    operator = SageIntacctInvoiceOperator(task_id="deliver_uk", connection_id="sage_intacct_uk", **given)
    assert operator.platform == SageIntacctHook.spec.slug
    assert operator.platform_options() == {"draft": draft}


def test_an_unknown_option_is_refused_when_the_dag_is_read() -> None:
    with pytest.raises(TypeError):
        SageIntacctInvoiceOperator(task_id="deliver_uk", connection_id="sage_intacct_uk", approve=True)


def test_the_room_offers_its_two_classes() -> None:
    assert (room.SageIntacctHook, room.SageIntacctInvoiceOperator) == (SageIntacctHook, SageIntacctInvoiceOperator)
    with pytest.raises(AttributeError):
        _ = room.SageIntacctManager


def test_plain_data_and_the_simulator_need_no_airflow() -> None:
    modules = ", ".join(f"airbooks.platforms.sage_intacct.{name}" for name in ("spec", "sandbox", "mapping"))
    code = f"import sys, {modules}; sys.exit(any(name.partition('.')[0] == 'airflow' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(PLUGINS)}, check=False).returncode == 0
