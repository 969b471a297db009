"""The form people fill in when they trigger an invoice DAG by hand, and what it means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from airbooks.platforms.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.sdk import Param


def form_params(connections: Sequence[str], divisions: Sequence[str]) -> dict[str, Param]:
    """The Params of the invoice DAGs: everything optional, everything validated, each with a help text."""
    from airflow.sdk import Param

    def choice(title: str, options: Sequence[str], text: str) -> Param:
        return Param(
            None, type=["null", "array"], title=title, description_md=text, items={"type": "string"}, examples=list(options), section="What"
        )

    def moment(title: str, text: str) -> Param:
        return Param(None, type=["null", "string"], format="date-time", title=title, description_md=text, section="When")

    def switch(title: str, text: str) -> Param:
        return Param(False, type="boolean", title=title, description_md=text, section="How")

    return {
        "connections": choice("Connections", connections, "Deliver only to these connections. Empty: to all."),
        "divisions": choice("Divisions", divisions, "Read only these divisions. Empty: all."),
        "documents": Param(
            None,
            type=["null", "array"],
            items={"type": "string", "minLength": 1, "maxLength": 64},
            title="Document numbers",
            description_md="One number per line, for example `US-SI-000123`. Only these are read and delivered; the watermark stays.",
            section="What",
        ),
        "changed_since": moment("Changed since", "Read what changed after this time (UTC). Empty: since the last run."),
        "until": moment("Until", "Read what changed up to this time (UTC). Empty: up to now."),
        "posting_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Posting date override",
            description_md="Post the documents that this run reads on this ledger date; the issue date stays. For a period that is closed.",
            section="How",
        ),
        "force": switch(
            "Force",
            "Read and check again even if nothing changed, and try again what was refused or parked. Never makes a second document.",
        ),
        "dry_run": switch("Dry run", "Show the exact requests in the logs of the deliver tasks and send nothing."),
        "reason": Param(
            "",
            type="string",
            maxLength=500,
            title="Reason",
            description_md="Why this run overrides something; it goes into the audit trail.",
            section="How",
        ),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RunForm:
    """The filled-in form; empty tuples and None mean: not restricted."""

    connections: tuple[str, ...] = ()
    divisions: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    changed_since: datetime | None = None
    until: datetime | None = None
    posting_date: date | None = None
    force: bool = False
    dry_run: bool = False
    reason: str = ""

    @property
    def rereads(self) -> bool:
        """Whether what it reads is checked again even if it is unchanged: because somebody says so, or gives it another ledger date."""
        return self.force or bool(self.posting_date and self.documents)

    @property
    def is_selective(self) -> bool:
        """Whether it reads something else than what changed since the last run; then the watermark stays where it is."""
        return bool(self.documents or self.divisions or self.changed_since or self.until)

    def overrides(self) -> dict[str, Any]:
        """What differs from an unattended run, for the audit trail."""
        given = {
            "connections": list(self.connections),
            "divisions": list(self.divisions),
            "documents": list(self.documents),
            "changed_since": self.changed_since.isoformat() if self.changed_since else None,
            "until": self.until.isoformat() if self.until else None,
            "posting_date": self.posting_date.isoformat() if self.posting_date else None,
            "force": self.force,
            "dry_run": self.dry_run,
        }
        return {name: value for name, value in given.items() if value} | ({"reason": self.reason} if self.reason else {})


def read_form(params: Mapping[str, Any], connections: Sequence[str]) -> RunForm:
    """The form of a Dag run; raises ConfigurationError in words for what the form cannot check by itself."""
    unknown = sorted(set(params.get("connections") or ()) - set(connections))
    if unknown:
        raise ConfigurationError(f"There is no connection {', '.join(unknown)} in routes.yaml. Known: {', '.join(connections)}.")
    form = RunForm(
        connections=tuple(params.get("connections") or ()),
        divisions=tuple(params.get("divisions") or ()),
        documents=tuple(each.strip() for each in params.get("documents") or () if each.strip()),
        changed_since=_moment("Changed since", params.get("changed_since")),
        until=_moment("Until", params.get("until")),
        posting_date=date.fromisoformat(params["posting_date"]) if params.get("posting_date") else None,
        force=bool(params.get("force")),
        dry_run=bool(params.get("dry_run")),
        reason=str(params.get("reason") or ""),
    )
    if form.posting_date and not form.reason:
        raise ConfigurationError("A posting date override needs a reason: it goes into the audit trail. Fill in the field Reason.")
    if form.changed_since and form.until and form.changed_since >= form.until:
        raise ConfigurationError(
            f"Nothing lies between {form.changed_since:%F %T} and {form.until:%F %T}: Changed since must be before Until."
        )
    return form


def _moment(title: str, value: str | None) -> datetime | None:
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:  # Airflow checks the format of dates, not of times
        raise ConfigurationError(f"{title}: {value!r} is no date and time. Write it like 2026-11-02T14:30:00Z.") from None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
