"""Movements from a database: the payments table of an ERP, a treasury system or a data warehouse, through SqlSource."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from airbooks.canonical.incoming import IncomingPayment
from airbooks.sources.bank.declared import MovementMapping, at_our_account, movement_from
from airbooks.sources.bank.fingerprint import by_id
from airbooks.sources.bank.movement import BadMovement, EntryError, Reading
from airbooks.sources.database import SqlSource
from airbooks.sources.raw import Selection

Found = IncomingPayment | BadMovement


def read_sql(
    source: SqlSource, selection: Selection, reading: Reading, mapping: MovementMapping, defaults: Mapping[str, str]
) -> Iterator[list[Found]]:
    """The movements that changed since, in the source's chunks. The id of a row is its movement's identity: a row that is told again, or
    changed afterwards, is the movement that is known already."""
    for chunk in source.read(selection):
        yield [found for raw in chunk if (found := _movement(raw.source_id, raw.payload, reading, mapping, defaults)) is not None]


def _movement(
    source_id: str, payload: dict[str, object], reading: Reading, mapping: MovementMapping, defaults: Mapping[str, str]
) -> Found | None:
    try:
        movement = movement_from(mapping, payload, {**defaults, "source": reading.source, "source_id": source_id})
        if movement is None or not reading.wants(movement):
            return None
        return by_id(at_our_account(movement, reading, defaults))
    except EntryError as error:
        return error.at(reading.source, f"payment {source_id}")
