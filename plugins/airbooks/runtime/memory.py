"""How much memory a run takes, by looking at its processes every second."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

import psutil

from airbooks.runtime.processes import members

MEGABYTE = 1_000_000


class MemoryWatch:
    """Watches the processes of one session while the block runs; peaks in megabytes of memory that is not shared."""

    def __init__(self, session: int, every: float = 1.0) -> None:
        self.largest = 0
        self.together = 0
        self._session, self._every = session, every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            sizes = [size for process in members(self._session) if (size := _own_megabytes(process)) is not None]
            self.largest = max([self.largest, *sizes])
            self.together = max(self.together, sum(sizes))


def _own_megabytes(process: psutil.Process) -> int | None:
    """Unique set size: what would be freed if the process ended. None once it has ended."""
    try:
        return int(process.memory_full_info().uss) // MEGABYTE
    except psutil.Error:
        return None
