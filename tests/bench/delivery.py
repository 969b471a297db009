"""`python -m tests.bench.delivery`: documents per minute of every platform against the ceiling that its limits allow."""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.bench.measuring import Plan, measure
from tests.bench.report import markdown, row, table
from tests.faults.world import Postgres

from airbooks.paths import INCLUDE
from airbooks.platforms import registry

REPORT = INCLUDE / "proof" / "delivery_throughput.md"
AT_A_TIME = 3  # platforms; their limits make them wait most of the time


def main() -> None:
    """Measure, print, and write the report when all platforms were measured (or `--report` says so)."""
    asked = _arguments()
    slugs = asked.platforms.split(",") if asked.platforms else list(registry.slugs())
    home = Path(tempfile.mkdtemp(prefix="airbooks-bench-"))
    home.chmod(0o711)  # as root, Postgres runs under another account
    postgres = Postgres(home / "postgres")
    rows: list[tuple[str, ...]] = []
    try:
        plan = Plan(dsn=postgres.dsn, calls_per_second=asked.pace, seconds=asked.seconds, think_seconds=asked.think)
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            for found in pool.map(lambda slug: measure(slug, plan), slugs):
                rows.append(row(found))
                print(table(rows)[-1], flush=True)
    finally:
        postgres.close()
        shutil.rmtree(home, ignore_errors=True)
    print("\n".join(table(rows)))
    if asked.report or not asked.platforms:
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text(markdown(rows, asked.think, _machine()), encoding="utf-8")


def _machine() -> str:
    return f"{os.cpu_count()} processors, {platform.system()}, Python {platform.python_version()}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.delivery", description=__doc__)
    parser.add_argument("--platforms", default="", help="comma-separated; default: all")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each measurement, at least; a few full batches are sent anyway")
    parser.add_argument("--pace", type=float, default=12.0, help="calls per second that the limits shall allow on this machine")
    parser.add_argument("--think", type=float, default=0.5, help="seconds that a vendor takes over a call (an assumption)")
    parser.add_argument("--report", action="store_true", help="write the report although only some platforms were measured")
    return parser.parse_args()


if __name__ == "__main__":
    main()
