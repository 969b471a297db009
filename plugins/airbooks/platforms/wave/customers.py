"""Which Wave customer is ours: by our code in `displayId`, else by name and e-mail where only one fits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from airbooks.canonical import Party

Row = Mapping[str, Any]

# Asked for again each time, so that a customer made in the same moment as the last one seen is not missed.
OVERLAP = timedelta(minutes=2)


class Directory:
    """The customers of a business as far as they were read: Wave finds none by code or name, so they are read once and then kept up."""

    def __init__(self) -> None:
        self._rows: dict[str, Row] = {}
        self._newest: datetime | None = None

    @property
    def since(self) -> datetime | None:
        """From which change on to read on; None before the first reading."""
        return None if self._newest is None else self._newest - OVERLAP

    def learn(self, rows: Iterable[Row]) -> None:
        for row in rows:
            self._rows[row["id"]] = row
            changed = datetime.fromisoformat(row["modifiedAt"])
            self._newest = changed if self._newest is None else max(self._newest, changed)

    def find(self, party: Party) -> Row | None:
        """The customer that carries our code, else the only one that can be meant."""
        return with_our_code(self._rows.values(), party) or unambiguous(self._rows.values(), party)


def with_our_code(rows: Iterable[Row], party: Party) -> Row | None:
    """The customer that carries our code; an active one before an archived one."""
    return min((row for row in rows if row.get("displayId") == party.code), key=lambda row: bool(row.get("isArchived")), default=None)


def unambiguous(rows: Iterable[Row], party: Party) -> Row | None:
    """The only active customer of this name that has nobody's code and no other e-mail address than ours."""
    found = [row for row in rows if _fits(row, party)]
    return found[0] if len(found) == 1 else None


def _fits(row: Row, party: Party) -> bool:
    theirs, ours = (row.get("email") or "").casefold(), party.contact.email.casefold()
    same_name = row["name"].strip().casefold() == party.name.strip().casefold()
    return same_name and not row.get("displayId") and not row.get("isArchived") and not (theirs and ours and theirs != ours)
