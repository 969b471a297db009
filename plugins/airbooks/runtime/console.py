"""Telling a person at a terminal what goes on: one line that changes there, a line per change elsewhere."""

from __future__ import annotations

import sys
import time


class Console:
    """Prints `say` lines for good and `show` lines for the moment, each with the seconds since the start."""

    def __init__(self) -> None:
        self.started = time.monotonic()
        self._live = sys.stdout.isatty()
        self._shown = ""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def say(self, text: str) -> None:
        """A line that stays."""
        self._wipe()
        print(f"[{self.seconds:5.1f}s] {text}", flush=True)

    def show(self, text: str) -> None:
        """The state of things now; on a terminal it replaces the one before."""
        if text == self._shown:
            return
        if not self._live:
            self.say(text)
        else:
            self._wipe()
            print(f"[{self.seconds:5.1f}s] {text}"[:140], end="", flush=True)
        self._shown = text

    def plain(self, text: str) -> None:
        """Text without the time."""
        self._wipe()
        print(text, flush=True)

    def _wipe(self) -> None:
        if self._live and self._shown:
            print("\r\033[K", end="")
        self._shown = ""
