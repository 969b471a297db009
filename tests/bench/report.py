"""The throughput report: a table for the terminal and the same as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.measuring import Measured, Reached

HEAD = (
    "platform",
    "batch x lanes",
    "calls/doc",
    "docs/min",
    "ceiling",
    "set by",
    "of ceiling",
    "docs/day",
    "1 per call",
    "gain",
    "worker CPU s/1000",
    "sandbox CPU s/1000",
    "peak MB",
    "429s",
    "time x",
)

INTRODUCTION = """# Delivery throughput

Written by `make bench-delivery`. Every platform's simulator ran as a process of its own with the vendor's limits switched on, three at a
time; one worker process for each delivered invoices (every tenth in a foreign currency, every twentieth with several lines and a discount)
as a deliver task does, with look-ups, posting, echo check and audit trail, over a durable Postgres. Nothing of it went over a network.

- **of ceiling** is the least time in which all these calls could be made without a refusal (an empty window is taken at once, then every
  window and every place is full all the time) over the time that they took, first and last documents included. Places are the vendor's, or
  the four that are used where it publishes none.
- **docs/min** is that share of the ceiling: documents per minute of the vendor's time, for any length of time. Time ran "time x" times
  faster here (or slower, below 1), so that a limit and not this machine decides; limits and the vendor's thinking are scaled alike, our own
  work is not, and weighs so much more.
- **ceiling** is the lowest of: calls a minute / calls per document; 60 x calls a second / calls per document; batches a minute / batches
  per document; 60 x calls at once / (thinking x calls per document). Calls per document are those that were made.
- **thinking** is an assumption: every vendor takes {think} s over each call, however much is in it. Where a vendor publishes no rate, only
  this and the number of calls at once make a ceiling.
- **docs/day** is what a day's quota of calls allows, where the vendor has one.
- **1 per call** is the same work with one document per call and one call at a time; **gain** is docs/min over that.
- **CPU** is processor time of the process per 1,000 documents; **peak MB** the worker's largest memory, Airflow and all imports included.
- **429s** are refusals for too many calls. The budget leaves a part of each limit unused on purpose, so that this stays 0.
"""


def row(found: Measured) -> tuple[str, ...]:
    """One platform's cells, in the order of HEAD."""
    sent = found.batched
    per_day = f"{sent.ceiling.per_day:,.0f}" if sent.ceiling.per_day is not None else "-"
    return (
        found.slug,
        f"{found.limits.batch} x {found.limits.concurrent or '-'}",
        f"{sent.worker.calls.per_document:.2f}",
        f"{sent.per_minute:,.1f}",
        f"{sent.ceiling.per_minute:,.1f}",
        sent.ceiling.set_by,
        f"{sent.ratio:.0%}",
        per_day,
        f"{found.singly.per_minute:,.1f}",
        f"{sent.per_minute / found.singly.per_minute:.1f} x",
        f"{_per_thousand(sent, sent.worker.processor_seconds):.1f}",
        f"{_per_thousand(sent, sent.sandbox_processor_seconds):.1f}",
        f"{sent.worker.peak_bytes / 2**20:.0f}",
        str(sent.worker.penalties + found.singly.worker.penalties),
        f"{found.scale:.3g}",
    )


def _per_thousand(reached: Reached, seconds: float) -> float:
    return seconds * 1000.0 / reached.documents


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table with the widths that its cells need."""
    cells = [HEAD, *rows]
    widths = [max(len(each[at]) for each in cells) for at in range(len(HEAD))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(each, widths, strict=True)).rstrip() for each in cells]


def markdown(rows: Sequence[Sequence[str]], think_seconds: float, machine: str) -> str:
    lines = [INTRODUCTION.format(think=f"{think_seconds:g}"), f"Machine: {machine}.", ""]
    lines += ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    lines += ["| " + " | ".join(each) + " |" for each in rows]
    return "\n".join([*lines, ""])
