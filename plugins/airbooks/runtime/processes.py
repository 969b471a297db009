"""The processes of one session: found, and stopped without leaving any behind.

Airflow's task and parser processes put themselves into process groups of their own, so a signal to one group misses them; nobody leaves
the session.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterable

import psutil


def members(session: int) -> list[psutil.Process]:
    """Every living process of a session, its leader included."""
    return [process for process in psutil.process_iter() if _session_of(process.pid) == session and _lives(process)]


def stop_all(session: int, *, spare: Callable[[psutil.Process], bool], seconds: float) -> None:
    """Ask every member but the spared ones to end; kill what is left after `seconds`."""
    targets = [process for process in members(session) if not spare(process)]
    _signal(targets, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while targets and time.monotonic() < deadline:
        time.sleep(0.1)
        targets = [process for process in members(session) if not spare(process)]
    while targets:
        _signal(targets, signal.SIGKILL)
        time.sleep(0.05)
        targets = [process for process in members(session) if not spare(process)]


def _session_of(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _signal(processes: Iterable[psutil.Process], how: signal.Signals) -> None:
    for process in processes:
        try:
            process.send_signal(how)
        except psutil.NoSuchProcess:
            continue
