"""kill -9 in the middle of a delivery, at every step of it; then another worker: nothing twice, nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from tests.delivery import office as offices
from tests.delivery.office import Office, live, us_credit_note, us_invoice
from tests.delivery.test_engine import WRITES

from airbooks.sandbox.server import Sandbox
from airbooks.staging import audit

REPOSITORY = Path(__file__).resolve().parents[2]
COUNT = 70
KEY = Fernet.generate_key()


def kill_when_hanging(office: Office, quickbooks: Sandbox) -> None:
    """Start a worker process, wait until a request of it hangs in the armed fault, and kill it there."""
    command = [sys.executable, "-m", "tests.delivery.worker", office.dsn, json.dumps(office.connection, default=str), KEY.decode()]
    with subprocess.Popen(
        command, cwd=REPOSITORY, env={"PYTHONPATH": f"{REPOSITORY / 'plugins'}:{REPOSITORY}", "PATH": "/usr/bin:/bin"}
    ) as worker:
        deadline = time.monotonic() + 120
        while not any(fault.struck for fault in quickbooks.faults.armed):
            assert worker.poll() is None, "the worker ended before it could be killed"
            assert time.monotonic() < deadline, "the worker never reached the step"
            time.sleep(0.02)
        time.sleep(0.2)
        worker.kill()


# The steps at which it is killed: in a customer's creation, in the first batch before and after the platform booked it, in the second one.
STEPS = [
    ("timeout_before_commit", "/customer", 0),
    ("timeout_after_commit", "/customer", 0),
    ("timeout_before_commit", WRITES, 0),
    ("timeout_after_commit", WRITES, 0),
    ("timeout_after_commit", WRITES, 1),
]


@pytest.mark.parametrize(("kind", "path", "after"), STEPS)
def test_a_killed_worker_leaves_nothing_doubled_and_nothing_lost(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch, kind: str, path: str, after: int
) -> None:
    monkeypatch.setattr(offices, "SEAL", Fernet(KEY))
    documents = [us_invoice(serial) for serial in range(1, COUNT)]
    office.plant(*documents, us_credit_note(1, "US-SI-000001"))
    quickbooks.inject("quickbooks", kind, method="POST", path=path, times=1, after=after)
    kill_when_hanging(office, quickbooks)
    quickbooks.clear_faults()

    office.deliver_until_quiet()

    books = live(quickbooks.books("quickbooks").documents)
    assert {number: len(found) for number, found in books.items()} == dict.fromkeys(
        [*(each.number for each in documents), "US-CN-000001"], 1
    )
    assert office.states() == {"delivered": COUNT}
    assert len({each.customer for found in books.values() for each in found}) == 1
    assert audit.verify(office.database) == []
