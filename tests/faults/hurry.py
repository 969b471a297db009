"""Pauses of the product on the harness's clock: the harness waits for platforms as they are simulated, not for real minutes."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from types import SimpleNamespace
from unittest.mock import patch

from airbooks.delivery import verdicts
from airbooks.platforms import wire
from airbooks.staging import circuit, outbox


@contextlib.contextmanager
def hurried(scale: float = 1000.0, lease: float | None = None) -> Iterator[None]:
    """Back-offs of the wire, pauses between attempts and (where `lease` seconds are given) a dead looker's claim are shortened."""
    clock = SimpleNamespace(time=time.time, monotonic=time.monotonic, sleep=lambda seconds: time.sleep(seconds / scale))
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.object(wire, "time", clock))
        stack.enter_context(patch.object(verdicts, "RETRY_SECONDS", verdicts.RETRY_SECONDS / scale))
        stack.enter_context(patch.object(circuit, "LONGEST_PAUSE", 1.0))
        if lease is not None:
            shorter = outbox._CLAIM_OPEN.replace(f"secs => {outbox.LEASE_SECONDS}", f"secs => {lease}")
            stack.enter_context(patch.object(outbox, "_CLAIM_OPEN", shorter))
        yield
