"""The distributions of an unposted document made equal to ours: missing ones added, differing ones changed, others deleted. Pure.

The same comparison finishes a document whose creation broke off, and changes one that is complete.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from airbooks.platforms.infor_syteline.ido import DELETE, UPDATE, Change, Row, Values
from airbooks.platforms.infor_syteline.mapping import DISTRIBUTION, insert_distribution

_NUMBERS = {"DistSeq", "Amount", "TaxBasis"}


def changes(key: Mapping[str, str], wanted: Sequence[Values], found: Sequence[Row]) -> list[Change]:
    """The changes that turn the rows found into the rows wanted; rows are the same when their DistSeq is."""
    there = {_sequence(row): row for row in found}
    ours = {_sequence(row): row for row in wanted}
    removed = [Change(ido="SLArinvds", action=DELETE, values={}, item_id=row["_ItemId"]) for seq, row in there.items() if seq not in ours]
    changed = [_changed(there[seq], row) for seq, row in ours.items() if seq in there and _differing(there[seq], row)]
    return [*removed, *changed, *(insert_distribution(key, row) for seq, row in ours.items() if seq not in there)]


def _sequence(row: Mapping[str, str]) -> int:
    return int(Decimal(row["DistSeq"]))


def _changed(found: Row, wanted: Values) -> Change:
    return Change(ido="SLArinvds", action=UPDATE, values=_differing(found, wanted), item_id=found["_ItemId"])


def _differing(found: Row, wanted: Values) -> dict[str, str]:
    """The properties to write, an empty text for one to clear."""
    return {name: wanted.get(name, "") for name in DISTRIBUTION if not same(name in _NUMBERS, found.get(name), wanted.get(name, ""))}


def same(is_number: bool, theirs: str | None, ours: str) -> bool:
    """Whether a value read is the value sent: numbers come back with eight decimals, empty ones as null."""
    if is_number and theirs and ours:
        return Decimal(theirs) == Decimal(ours)
    if is_number and not ours:
        return not theirs or Decimal(theirs) == 0
    return (theirs or "").strip() == ours.strip()
