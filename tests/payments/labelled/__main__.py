"""`python -m tests.payments.labelled`: payments with their truth are generated, matched, scored; exit code 1 below the target."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from tests.payments.labelled.generate import PAYMENTS, SEED, generate
from tests.payments.labelled.report import failures, markdown, summary
from tests.payments.labelled.runs import in_runs
from tests.payments.labelled.score import overall, score

from airbooks.paths import INCLUDE

TARGET = Decimal("0.999")


def main() -> int:
    """Generate, match, score, report."""
    asked = _arguments()
    labelled = generate(asked.payments, asked.seed)
    began = time.monotonic()
    judged = score(labelled, in_runs)
    _say([*summary(judged), f"matching took {time.monotonic() - began:.1f} s"])
    if asked.failures:
        asked.failures.write_text("\n".join(failures(judged)) + "\n", encoding="utf-8")
    if asked.report:
        asked.report.write_text(markdown(labelled, judged, _command(asked), asked.seed), encoding="utf-8")
    precision = overall(judged).precision
    return 0 if precision is None or precision >= TARGET else 1


def _command(asked: argparse.Namespace) -> str:
    """What makes the same page again."""
    size = f" --payments {asked.payments}" if asked.payments != PAYMENTS else ""
    return f"python -m tests.payments.labelled{size}" + (f" --seed {asked.seed}" if asked.seed != SEED else "")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.payments.labelled", description=__doc__)
    parser.add_argument("--payments", type=int, default=PAYMENTS, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument(
        "--report", type=Path, default=INCLUDE / "proof" / "payment_matching.md", help="where the page goes (default: %(default)s)"
    )
    parser.add_argument("--failures", type=Path, help="a file for what was applied wrongly or not at all, a line each")
    return parser.parse_args()


def _say(lines: Sequence[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
