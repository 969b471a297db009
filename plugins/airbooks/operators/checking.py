"""Trying every connection before anything is sent: does it let us in, and does it have what our codes are mapped to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from airbooks.config import Config
from airbooks.delivery.preparing import Workplace
from airbooks.operators.delivering import visit
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.references import ReferenceKind
from airbooks.staging import references
from airbooks.staging.database import STAGING

SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What one connection said: whether it works, its own words, and what is missing, each a sentence."""

    connection: str
    platform: str
    works: bool
    says: str
    missing: tuple[str, ...] = ()

    @property
    def is_fit(self) -> bool:
        return self.works and not self.missing


def check_all(config: Config, names: Iterable[str], staging_conn_id: str = STAGING) -> Iterator[Checked]:
    """Check these connections one after the other; a failing one does not keep the others from being tried."""
    for name in names:
        platform = config.connections[name].platform
        try:
            with visit(config, name, staging_conn_id, insists=True) as work:
                yield _check(work, config)
        except AirbooksError as error:
            yield Checked(connection=name, platform=platform, works=False, says=str(error))


def _check(work: Workplace, config: Config) -> Checked:
    works, says = work.hook.test_connection()
    missing = tuple(_missing(work, config)) if works else ()
    return Checked(connection=work.connection, platform=work.hook.spec.slug, works=works, says=says, missing=missing)


def _missing(work: Workplace, config: Config) -> Iterator[str]:
    said = references.people_say(work.database, work.connection)
    work.database.commit()
    for kind in work.hook.spec.reference_kinds:
        targets = config.targets(work.connection, kind.value) | {
            code: target for (said_kind, code), target in said.items() if said_kind is kind
        }
        if targets:
            yield from _missing_of(work, kind, targets)


def _missing_of(work: Workplace, kind: ReferenceKind, targets: dict[str, str]) -> Iterator[str]:
    entries = list(work.hook.find_reference(kind, set(targets.values())))
    there = {item.code for item in entries if item.active}
    asleep = {item.code for item in entries if not item.active}
    absent = {code: target for code, target in sorted(targets.items()) if target not in there}
    known = [item.code for item in work.hook.list_reference(kind) if item.active] if absent else []
    for code, target in absent.items():
        what = "has switched off" if target in asleep else "does not have"
        near = get_close_matches(target, known, SHOWN, 0.4)
        hint = f" It has: {', '.join(near)}." if near else ""
        yield f"{kind.value.replace('_', ' ')} {code} is mapped to {target!r}, which {work.place.title} {what}.{hint}"
