"""Where documents come from: databases and files, and the declarative mapping that makes what they hold canonical."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from airbooks.config import SourceConfig
from airbooks.paths import REPOSITORY
from airbooks.sources.database import SqlHook, SqlSource, child_queries, columns_of
from airbooks.sources.file import FileSource
from airbooks.sources.mapping import MappingFailure, SourceMapping, compile_mapping, document_number, to_canonical
from airbooks.sources.raw import RawDocument, Selection, Source, SourceError, json_value

__all__ = [
    "FileSource",
    "MappingFailure",
    "RawDocument",
    "Selection",
    "Source",
    "SourceError",
    "SourceMapping",
    "SqlSource",
    "compile_mapping",
    "document_number",
    "json_value",
    "open_database",
    "open_source",
    "to_canonical",
]


def open_source(source: SourceConfig, hook: SqlHook | None = None) -> Source:
    """The source that sources.yaml describes; nothing is read yet. A database's `hook` comes from its Airflow connection unless given."""
    settings = dict(source.settings)
    if source.type == "file":
        return FileSource(name=source.name, path=_path(str(settings.pop("path"))), **settings)
    return open_database(source.name, settings, hook)


def _path(text: str) -> str:
    """`text` with its environment variables; what is neither an address nor absolute lies in the checkout."""
    path = os.path.expandvars(text)
    return path if "://" in path else str(REPOSITORY / Path(path).expanduser())


def open_database(name: str, settings: Mapping[str, Any], hook: SqlHook | None = None) -> SqlSource:
    """The SQL source that `settings` describe; its `hook` comes from its Airflow connection unless given."""
    given: dict[str, Any] = {key: settings[key] for key in ("paging", "clock", "chunk") if key in settings}
    if "overlap_minutes" in settings:
        given["overlap"] = timedelta(minutes=int(settings["overlap_minutes"]))
    return SqlSource(
        name=name,
        hook=hook or _airflow_hook(str(settings["connection"])),
        header=str(settings["header"]),
        children=child_queries(settings.get("children") or {}),
        columns=columns_of(settings["columns"]),
        **given,
    )


def _airflow_hook(connection: str) -> SqlHook:
    from airflow.sdk import BaseHook  # seconds to import: only where a database is read

    hook: SqlHook = BaseHook.get_hook(connection)
    return hook
