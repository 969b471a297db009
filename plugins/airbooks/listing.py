"""How the airbooks command writes down groups of deliveries: for people line by line, for programs as JSON values."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from airbooks.staging.causes import amount_words
from airbooks.staging.replay import FEW, Choice, ChoiceGroup, Replay
from airbooks.staging.waiting import Group, Waiting, one_line

INVOICE_DAG = "hourly_invoice_sync"


def waiting_lines(groups: Sequence[Group]) -> Iterator[str]:
    """Every group with its total, and its documents with what they wait for."""
    for group in groups:
        question = f", {group.question}" if group.question else ""
        yield f"{group.connection or 'no connection'}, waiting for {group.reason}{question}: {_total(group.count, group.values)}"
        yield from (f"  {_name(line)}  {line.sentence}" for line in group.lines)
        yield from _rest(group.count, len(group.lines))
    if not groups:
        yield "Nothing waits: everything is delivered."


def replay_lines(replay: Replay, *, applied: bool) -> Iterator[str]:
    """What goes and what stays, by connection and cause, and what to do next."""
    if replay.going:
        yield f"{replay.going:,} {'let go again' if applied else 'would be sent again'}:"
        yield from _choices([group for group in replay.groups if group.goes])
    if replay.staying:
        yield f"{replay.staying:,} {'stay' if applied else 'would stay'} as they are:"
        yield from _choices([group for group in replay.groups if not group.goes])
    if not replay.groups:
        yield "Nothing fits."
    elif not replay.going:
        yield "Nothing to send again."
    elif applied:
        yield f"The next run delivers them; at once: {next_run(replay)}"
    else:
        yield 'Nothing was changed. With --apply --reason "why" they are let go.'


def _choices(groups: Sequence[ChoiceGroup]) -> Iterator[str]:
    for group in groups:
        yield f"  {group.connection}, {group.what}: {_total(group.count, group.values)}"
        yield from (f"    {_name(line)}  {_fate(line)}" for line in group.lines)
        yield from (f"  {rest}" for rest in _rest(group.count, len(group.lines)))


def _fate(choice: Choice) -> str:
    if not choice.goes:
        return choice.because
    asks = f"the platform took it on as {choice.ticket}: asked about, not sent; " if choice.asks else ""
    after = f", after {choice.other_number}, which is {choice.other_state}" if choice.other_number else ""
    return f"{asks}{choice.state} after {choice.attempts} attempts{after}, last: {one_line(choice.last_error) or 'nothing'}"


def _name(line: Waiting) -> str:
    return f"{line.number}  {line.customer_code} {line.customer_name}  {amount_words(line.amount, line.currency)}"


def _total(count: int, values: Mapping[str, Decimal]) -> str:
    return f"{count:,}, {' and '.join(amount_words(amount, currency) for currency, amount in values.items())}"


def _rest(count: int, shown: int) -> Iterator[str]:
    if count > shown:
        yield f"  ... and {count - shown:,} more"


def next_run(replay: Replay) -> str:
    """The command that starts a run for what goes: for these documents, or for their connections when they are many."""
    connections = sorted({group.connection for group in replay.groups if group.goes})
    only = {"documents": list(replay.numbers)} if len(replay.numbers) <= FEW else {"connections": connections}
    return f"airflow dags trigger {INVOICE_DAG} --conf {shlex.quote(json.dumps(only))}"


def waiting_facts(groups: Sequence[Group]) -> list[dict[str, Any]]:
    """The groups as JSON values; amounts and times become text."""
    return [{**asdict(group), "lines": [{**asdict(line), "sentence": line.sentence} for line in group.lines]} for group in groups]


def replay_facts(replay: Replay) -> dict[str, Any]:
    """The choice and what became of it as JSON values; amounts and times become text."""
    groups = [{**asdict(group), "lines": [{**asdict(line), "says": _fate(line)} for line in group.lines]} for group in replay.groups]
    going = {"next_run": next_run(replay)} if replay.going else {}
    return {"going": replay.going, "staying": replay.staying, "released": replay.released, **going, "groups": groups}
