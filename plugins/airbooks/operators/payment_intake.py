"""Money in: statements, databases and the inbox into staging, in bounded pieces, one transaction each. Nothing is dropped."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import psycopg

from airbooks.canonical import IncomingPayment
from airbooks.payments.settings import PaymentsConfig
from airbooks.sources import open_database
from airbooks.sources.bank.feed import DatabaseFeed, StatementFeed
from airbooks.sources.bank.movement import BadMovement, StatementError
from airbooks.sources.bank.provider import Provider, movement_told
from airbooks.sources.bank.sql import read_sql
from airbooks.sources.raw import Selection
from airbooks.staging import advice, documents, inbox, incoming, statement_files

log = logging.getLogger("airflow.task.airbooks.payments")

PIECE = 1_000


def take_in(database: psycopg.Connection, config: PaymentsConfig, run_id: str) -> Counter[str]:
    """Everything that is new on all accounts; returns how many movements are new, how many were known, how many entries are wrong."""
    tally: Counter[str] = Counter()
    for feed in config.statements.values():
        for path in feed.files():
            tally += _file(database, feed, path, run_id)
    for provider in config.providers.values():
        tally += _events(database, provider, run_id)
    tally += _attached(database, run_id)
    for stored in config.databases.values():  # last: one that does not answer holds up nothing else
        tally += _database(database, stored, run_id) + _attached(database, run_id)
    log.info("money in: %s", ", ".join(f"{count} {what}" for what, count in sorted(tally.items())) or "nothing")
    return tally


def _attached(database: psycopg.Connection, run_id: str) -> Counter[str]:
    """Give the movements the advice that waits for them."""
    attached = len(advice.attach_advice(database, run_id))
    database.commit()
    return Counter({"advice attached": attached})


def _file(database: psycopg.Connection, feed: StatementFeed, path: Any, run_id: str) -> Counter[str]:
    status = path.stat()
    stamp = f"{status.st_size} {getattr(status, 'st_mtime_ns', None) or status.st_mtime}"
    if statement_files.is_read(database, feed.name, str(path), stamp):
        database.rollback()
        return Counter()
    tally: Counter[str] = Counter()
    bad: list[BadMovement] = []
    try:
        for piece in _pieces(feed.read(path)):
            tally += (_keep_advice if feed.is_advice else _store)(database, piece, bad, run_id)
    except StatementError as wrong:
        bad.append(BadMovement(file=path.name, entry="the file", field="", value="", rule=str(wrong), fix="Fetch it from the bank again."))
    except OSError as wrong:  # one file that cannot be opened holds up no other
        rule = f"it cannot be opened: {wrong.strerror or type(wrong).__name__}"
        bad.append(BadMovement(file=path.name, entry="the file", field="", value="", rule=rule, fix="Let Airflow's user read it."))
    bad = statement_files.note_bad(database, path.name, bad, run_id)
    if not bad:
        statement_files.note_read(database, feed.name, str(path), stamp, tally.total(), run_id)
    database.commit()
    for each in bad:
        log.warning("%s", each.message)
    log.info("%s | %s | %d movements new, %d known, %d wrong", feed.name, path.name, tally["new"], tally["known"], len(bad))
    return tally + Counter({"wrong": len(bad)})


def _pieces(found: Iterable[IncomingPayment | BadMovement]) -> Iterator[list[IncomingPayment | BadMovement]]:
    reading = iter(found)
    while piece := list(islice(reading, PIECE)):
        yield piece


def _store(
    database: psycopg.Connection, piece: Iterable[IncomingPayment | BadMovement], bad: list[BadMovement], run_id: str
) -> Counter[str]:
    """Store what is good, add what is not to `bad`."""
    return _counted(incoming.store(database, _good(piece, bad), run_id))


def _keep_advice(
    database: psycopg.Connection, piece: Iterable[IncomingPayment | BadMovement], bad: list[BadMovement], run_id: str
) -> Counter[str]:
    """What payers say is no money: it waits for the movement that it speaks of."""
    return Counter({"advice": advice.store_advice(database, _good(piece, bad), run_id)})


def _good(piece: Iterable[IncomingPayment | BadMovement], bad: list[BadMovement]) -> list[IncomingPayment]:
    good: list[IncomingPayment] = []
    for each in piece:
        if isinstance(each, BadMovement):
            bad.append(each)
        else:
            good.append(each)
    return good


def _counted(stored: incoming.Stored) -> Counter[str]:
    return Counter({"new": stored.new, "known": stored.known})


def _database(database: psycopg.Connection, feed: DatabaseFeed, run_id: str) -> Counter[str]:
    source = open_database(feed.name, feed.settings)
    until = source.now()
    tally: Counter[str] = Counter()
    bad: list[BadMovement] = []
    name = f"incoming:{feed.name}"
    since = documents.read_watermark(database, name)
    for chunk in read_sql(source, Selection(since=since, until=until), feed.reading, feed.mapping, feed.defaults):
        tally += _store(database, chunk, bad, run_id)
        database.commit()
    bad = statement_files.note_bad(database, feed.name, bad, run_id)
    if not bad:  # a row that waits for a person is read again until it is mended or left out
        documents.move_watermark(database, name, until, run_id)
    database.commit()
    for each in bad:
        log.warning("%s", each.message)
    return tally + Counter({"wrong": len(bad)})


def _events(database: psycopg.Connection, provider: Provider, run_id: str) -> Counter[str]:
    """The webhooks of a provider that nobody has handled, in the order in which they came; failed ones once more where a person says so."""
    tally: Counter[str] = Counter()
    if statement_files.wanted_again(database, provider.name):
        inbox.again(database, provider.name)
    while events := inbox.take(database, provider.name):
        used, movements = [], []
        for event in events:
            told = movement_told(provider, event.body)
            if isinstance(told, BadMovement):
                wrong = replace(told, entry=_entry(event))
                inbox.failed(database, event, run_id, wrong.message)
                statement_files.note_bad(database, f"{wrong.file}#{wrong.entry}", [wrong], run_id)
                tally["wrong"] += 1
            else:
                used.append(event)
                movements += [told] if told else []
        inbox.done(database, used, run_id)
        statement_files.note_good(database, [f"{provider.name}#{_entry(event)}" for event in used], run_id)
        tally += _counted(incoming.store(database, movements, run_id))
        database.commit()
    database.commit()
    return tally


def _entry(event: inbox.InboxEvent) -> str:
    return f"event {event.event_id}"
