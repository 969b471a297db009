"""Every secret that a running stack knows, and every place where none of them may stand."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

import httpx
import psycopg
from cryptography.fernet import Fernet
from psycopg import sql

from airbooks.config import load_config
from airbooks.platforms import registry
from airbooks.runtime.settings import ERP, METADATA, STAGING, Stack

SHORTEST = 8  # characters; shorter values are words
BELONGS = ("secrets.json", "passwords.json")  # files that exist to hold secrets, readable by their owner only
ISSUED = "SELECT id FROM rows WHERE lower(place) IN ('tokens', 'token', 'access', 'refresh', 'session', 'sessions', 'bearer', 'login')"


def secrets(stack: Stack) -> dict[str, str]:
    """Secret values with where they come from."""
    found = {value: f"{name} of the stack" for name, value in asdict(stack.secrets).items() if name != "identity"}
    found |= {value: f"{slug}: credentials" for slug, value in _credentials(stack)}
    found |= {value: f"{connection}: token kept" for connection, value in _kept_tokens(stack)}
    found |= {value: f"{platform}: token issued" for platform, value in _issued_tokens(stack)}
    return {value: origin for value, origin in found.items() if len(value) >= SHORTEST}


def _credentials(stack: Stack) -> Iterator[tuple[str, str]]:
    connections = httpx.get(f"{stack.sandbox_url}/__sandbox__/connections", trust_env=False).raise_for_status().json()
    used = {each.platform for each in load_config().connections.values()}
    for slug, connection in ((slug, each) for slug, each in connections.items() if slug in used):
        hidden = [connection["extra"].get(field.name) for field in registry.spec(slug).form if field.secret]
        yield from ((slug, str(value)) for value in [connection["password"], *hidden] if value)


def _kept_tokens(stack: Stack) -> Iterator[tuple[str, str]]:
    seal = Fernet(stack.secrets.fernet_key)
    with psycopg.connect(stack.cluster.url(STAGING)) as database:
        for connection, sealed in database.execute("SELECT connection, sealed FROM airbooks.token"):
            token = json.loads(seal.decrypt(bytes(sealed)))
            yield from ((connection, value) for value in (token["access"], token["refresh"]) if value)


def _issued_tokens(stack: Stack) -> Iterator[tuple[str, str]]:
    """What the simulators handed out, also if it was never kept."""
    for file in stack.sandbox_tables.glob("*.sqlite"):
        with sqlite3.connect(file) as tables:
            yield from ((file.stem, row[0]) for row in tables.execute(ISSUED))


def leaks(texts: Iterable[tuple[str, str]], known: dict[str, str]) -> list[str]:
    """Where a secret stands in a text, plainly or in hexadecimal."""
    needles = [(needle, origin) for value, origin in known.items() for needle in (value, value.encode().hex())]
    return sorted({f"{place}: {origin}" for place, text in texts for needle, origin in needles if needle in text})


def files(stack: Stack) -> Iterator[tuple[str, str]]:
    """The logs of tasks, components and Postgres, and whatever else was written except the simulators' own tables."""
    for file in (*stack.state.rglob("*"), stack.cluster.log):
        if file.is_file() and not _is_elsewhere(file, stack):
            yield str(file.relative_to(stack.state) if file.is_relative_to(stack.state) else file), file.read_text("utf-8", "replace")


def _is_elsewhere(file: Path, stack: Stack) -> bool:
    postgres = stack.state / "postgres"
    inside = file.is_relative_to(stack.sandbox_tables) or (file.is_relative_to(postgres) and file != stack.cluster.log)
    return inside or file.name in BELONGS


def rows(stack: Stack) -> Iterator[tuple[str, str]]:
    """Every row of every table as text: staging (audit trail included) and Airflow's own (XComs, rendered fields, connections, events)."""
    for name in (STAGING, METADATA, ERP):
        with psycopg.connect(stack.cluster.url(name)) as database:
            tables = database.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
            ).fetchall()
            for table in tables:
                query = sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(*table))
                yield f"{name}.{'.'.join(table)}", "\n".join(row[0] for row in database.execute(query))
