"""What a rule must know beyond the document itself; plain data that the caller has looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The surroundings of one document.

    `route`: the connections that its route names; empty where no route takes it, None while routing has not been asked.
    `open_from`: per connection, the first ledger date that is not in a closed period (connections without one are all open).
    `locked_until`: the last day of its division that is locked; None where nothing is, or the document is not new or changed.
    `was_dated`: the ledger date of the revision that was accepted before; None where there is none.
    `unmapped`: (connection, kind, code) of every code of the document that a connection has no counterpart for.
    `number_used_by`: the source id of another document with this number in the same division and of the same kind; empty if none.
    `waived`: the codes that this document need not keep, by a person's decision.
    """

    route: tuple[str, ...] | None = None
    open_from: Mapping[str, date] = field(default_factory=lambda: MappingProxyType({}))
    locked_until: date | None = None
    was_dated: date | None = None
    unmapped: tuple[tuple[str, str, str], ...] = ()
    number_used_by: str = ""
    waived: frozenset[str] = frozenset()
