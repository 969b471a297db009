"""Hooks that look like Airflow's DbApiHook to a source: a driver's connection and its placeholder."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg


@dataclass(frozen=True)
class PostgresDatabase:
    url: str
    placeholder: str = "%s"

    def get_conn(self) -> Any:
        return psycopg.connect(self.url)


@dataclass(frozen=True)
class SqliteDatabase:
    path: Path
    placeholder: str = "?"

    def get_conn(self) -> Any:
        return sqlite3.connect(self.path)
