"""What the airbooks command says about platforms, connections, deliveries and the audit trail."""

from __future__ import annotations

import getpass
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from airbooks import paths
from airbooks.platforms.spec import Capability, Idempotency, PlatformSpec

if TYPE_CHECKING:
    import psycopg

    from airbooks.staging.replay import Replay, Selection

AsJson = Annotated[bool, typer.Option("--json", help="As JSON, for programs.")]


def platforms(
    as_json: AsJson = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="As the tables of the README.")] = False,
) -> None:
    """List the accounting platforms: connection type, classes, capabilities, limits, and which end point is called and why."""
    from airbooks.platforms import registry

    specs = [registry.spec(slug) for slug in registry.slugs()]
    if as_json:
        typer.echo(json.dumps([facts(each) for each in specs], indent=2))
        return
    if markdown:
        typer.echo(tables(specs))
        return
    for each in specs:
        typer.echo(f"{each.slug:<20}{each.title:<40}{each.real_endpoint}")


def facts(spec: PlatformSpec) -> dict[str, Any]:
    """A platform's spec as plain JSON values."""
    return {
        "slug": spec.slug,
        "title": spec.title,
        "connection_type": spec.connection_type,
        "hook": spec.hook_path,
        "operator": spec.operator_path,
        "capabilities": sorted(each.value for each in spec.capabilities),
        "idempotency": spec.idempotency.value,
        "limits": {name: _plain(value) for name, value in asdict(spec.limits).items() if value},
        "blueprint_endpoint": spec.blueprint_endpoint,
        "real_endpoint": spec.real_endpoint,
        "why_they_differ": spec.endpoint_note,
        "verified_against": list(spec.verified_against),
        "unverified": list(spec.unverified),
        "docs": spec.docs,
    }


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else value


MATRIX: Mapping[str, Callable[[PlatformSpec], str]] = MappingProxyType(
    {
        "platform": lambda spec: spec.title,
        "create": lambda spec: _then(spec, Capability.POST_STEP, "draft, then post") or "yes",
        "update": lambda spec: (
            _then(spec, Capability.UPDATE_POSTED, "yes") or _replaced(spec) or _then(spec, Capability.UPDATE_DRAFT, "drafts") or "-"
        ),
        "void": lambda spec: _mark(spec, Capability.VOID),
        "credit note": lambda spec: _mark(spec, Capability.CREDIT_NOTES),
        "read back": lambda _: "yes",
        "find": lambda spec: "by our number" if spec.can(Capability.OWN_NUMBER) else "by reference",
        "batch": lambda spec: str(spec.limits.batch) if spec.can(Capability.BATCH) else "-",
        "answers later": lambda spec: _mark(spec, Capability.ANSWERS_LATER),
        "payments in": lambda spec: _mark(spec, Capability.PAYMENTS_IN),
        "payments out": lambda spec: _mark(spec, Capability.PAYMENTS_OUT),
        "multi-currency": lambda spec: _mark(spec, Capability.MULTI_CURRENCY),
        "dimensions": lambda spec: _mark(spec, Capability.DIMENSIONS),
        "native idempotency": lambda spec: "-" if spec.idempotency is Idempotency.NONE else spec.idempotency.value.replace("_", " "),
        "verified against": lambda spec: ", ".join(spec.verified_against),
        "unverified points": lambda spec: str(len(spec.unverified)),
    }
)


def tables(specs: Sequence[PlatformSpec]) -> str:
    """What the README shows of the platforms: end points and why they differ, then the matrix of what each connector does."""
    ends = [("platform", "the blueprint's end point", "what is called", "why they differ")]
    ends += [(each.title, f"`{each.blueprint_endpoint}`", each.real_endpoint, each.endpoint_note or "-") for each in specs]
    matrix = [tuple(MATRIX), *(tuple(cell(each) for cell in MATRIX.values()) for each in specs)]
    return f"{_table(ends)}\n\n{_table(matrix)}"


def _replaced(spec: PlatformSpec) -> str:
    """What is booked is voided and issued anew; a draft is changed where the platform can."""
    first = _then(spec, Capability.UPDATE_DRAFT, "drafts, else ")
    return f"{first}void and reissue" if spec.can(Capability.REISSUE) else ""


def _then(spec: PlatformSpec, capability: Capability, word: str) -> str:
    return word if spec.can(capability) else ""


def _mark(spec: PlatformSpec, capability: Capability) -> str:
    return _then(spec, capability, "yes") or "-"


def _table(rows: Sequence[Sequence[str]]) -> str:
    head, *body = (f"| {' | '.join(cell.replace('|', '/') for cell in row)} |" for row in rows)
    return "\n".join([head, f"|{'---|' * len(rows[0])}", *body])


def check(connection: Annotated[list[str] | None, typer.Argument(help="Connection ids; default: all of routes.yaml.")] = None) -> None:
    """Try every connection and list what is missing, before anything is sent. Exit code 1 when something is."""
    from airbooks.config import load_config

    config = load_config()
    unknown = sorted(set(connection or ()) - set(config.connections))
    if unknown:
        raise typer.BadParameter(f"no connection {', '.join(unknown)} in routes.yaml; known: {', '.join(config.connections)}")
    enter_airflow()
    from airbooks.operators.checking import check_all

    fit = True
    for each in check_all(config, connection or config.connections):
        fit = fit and each.is_fit
        typer.echo(
            f"{'ok     ' if each.is_fit else 'MISSING' if each.works else 'FAILED '} {each.connection} ({each.platform}): {each.says}"
        )
        for sentence in each.missing:
            typer.echo(f"          {sentence}")
    raise typer.Exit(0 if fit else 1)


def audit(
    number: Annotated[str, typer.Argument(help="A document number; without one the whole trail is verified.")] = "",
    as_json: AsJson = False,
) -> None:
    """Tell everything that happened to a document; or verify that nobody changed the trail. Exit code 1 when somebody did."""
    from airbooks.staging import audit as trail

    with staging_database() as database:
        if not number:
            _verify(database)
        steps = trail.history(database, number)
    if as_json:
        typer.echo(json.dumps([asdict(step) for step in steps], indent=2, default=str))
    elif not steps:
        typer.echo(f"Nothing is known of {number}.")
    for step in [] if as_json else steps:
        where = f" {step.connection} ({step.platform} {step.remote_number or step.remote_id})" if step.connection else ""
        typer.echo(f"{step.at:%Y-%m-%d %H:%M:%S} UTC  {step.action:<22}{where}  by {step.actor}  {step.detail.get('says', '')}")


def _verify(database: psycopg.Connection) -> None:
    from airbooks.staging import audit as trail

    complaints = trail.verify(database)
    newest = trail.seal(database)
    typer.echo("\n".join(complaints) or f"The audit trail is intact: {newest.event_id} events, newest seal {newest.hash}.")
    raise typer.Exit(1 if complaints else 0)


Lines = Annotated[int, typer.Option("--limit", min=0, help="How many documents are named per group; all are counted.")]


def waiting(
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    limit: Lines = 20,
    as_json: AsJson = False,
) -> None:
    """Tell of everything that is not delivered what it waits for, by connection and reason."""
    from airbooks import listing
    from airbooks.staging.waiting import waiting as read

    with staging_database() as database:
        groups = read(database, connection, limit)
    if as_json:
        typer.echo(json.dumps(listing.waiting_facts(groups), indent=2, default=str))
        return
    for line in listing.waiting_lines(groups):
        typer.echo(line)


def replay(
    document: Annotated[list[str] | None, typer.Option(help="A document number; may be given several times.")] = None,
    cause: Annotated[str, typer.Option(help="The code of an open question, such as AB-ATTEMPTS, or its id (8 digits are enough).")] = "",
    connection: Annotated[str, typer.Option(help="Only this connection.")] = "",
    since: Annotated[str, typer.Option(help="Refused or parked at this time (UTC) or later; a date means its start.")] = "",
    until: Annotated[str, typer.Option(help="Refused or parked before this time (UTC); a date means its start.")] = "",
    apply: Annotated[bool, typer.Option("--apply", help="Let them go; without it nothing is changed.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the audit trail; needed with --apply.")] = "",
    by: Annotated[str, typer.Option(help="Who decides, for the audit trail.", show_default="your user name")] = "",
    limit: Lines = 20,
    as_json: AsJson = False,
) -> None:
    """Send again what was refused or parked: a selection, shown first. What goes is sent by the next run, and never twice."""
    from airbooks import listing
    from airbooks.staging.replay import EmptySelectionError, Selection

    if apply and not reason.strip():
        raise typer.BadParameter("--apply needs a --reason: it is kept in the audit trail.")
    chosen = Selection(
        documents=tuple(document or ()),
        cause=cause,
        connection=connection,
        since=_moment("--since", since),
        until=_moment("--until", until),
    )
    try:
        chosen.check()
    except EmptySelectionError as empty:
        raise typer.BadParameter(str(empty)) from None
    found = _replay(chosen, by=by or getpass.getuser(), reason=reason.strip() if apply else "", lines=limit)
    if as_json:
        typer.echo(json.dumps(listing.replay_facts(found), indent=2, default=str))
        return
    for line in listing.replay_lines(found, applied=apply):
        typer.echo(line)


def _replay(chosen: Selection, *, by: str, reason: str, lines: int) -> Replay:
    """A preview; with a reason, the real thing, tried again when another transaction stood in its way."""
    from airbooks.staging import replay
    from airbooks.staging.database import attempts

    for attempt in attempts():
        with attempt, staging_database() as database:
            found = replay.apply(database, chosen, by=by, reason=reason, lines=lines) if reason else replay.preview(database, chosen, lines)
    return found


def _moment(option: str, text: str) -> datetime | None:
    """A time in UTC, unless it says otherwise; a bare date is its start."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{option}: {text!r} is no time. Write it like 2026-11-02 or 2026-11-02T14:30.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def staging_database() -> psycopg.Connection:
    """The staging database, as the environment names it already or Airflow knows it."""
    from airbooks.staging.database import STAGING, connect

    if f"AIRFLOW_CONN_{STAGING.upper()}" not in os.environ:
        enter_airflow()
    return connect()


def enter_airflow() -> None:
    """Put this process where hooks find their connections: Airflow's own command exports them, this process's environment holds them.

    Where Airflow is not configured, the local run's Airflow is used. Nothing is written anywhere.
    """
    if "AIRFLOW_HOME" not in os.environ and (paths.state_dir() / "airflow").is_dir():
        from airbooks.runtime.settings import Stack

        os.environ.update(Stack(state=paths.state_dir(), ui_port=8080, sandbox_port=0).airflow_environment())
    command = [str(Path(sys.executable).parent / "airflow"), "connections", "export", "--file-format", "json", "-"]
    exported = subprocess.run(command, capture_output=True, text=True, check=False)
    if exported.returncode:
        raise typer.BadParameter(f"Airflow's connections cannot be read: {exported.stderr.strip().splitlines()[-1:]}")
    for name, fields in json.loads(exported.stdout[exported.stdout.index("{") :]).items():
        os.environ.setdefault(f"AIRFLOW_CONN_{name.upper()}", json.dumps(fields))
