"""Configuration: where documents come from, where they go, and what our codes are called there.

Three files in one directory (default `include/config`, or `AIRBOOKS_CONFIG`): sources.yaml, routes.yaml, mappings.yaml. They are read
once per change, validated as a whole, and every problem is reported with its file and line. Only yaml is imported, so DAG files can ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Protocol

from airbooks.paths import config_dir
from airbooks.platforms import registry
from airbooks.yaml_file import ConfigError, Problems, Setting, did_you_mean, read_setting

__all__ = ["Config", "ConfigError", "ConnectionConfig", "Route", "SourceConfig", "load_config"]

FILES = ("sources.yaml", "routes.yaml", "mappings.yaml")
CODE_KINDS = ("item", "account", "tax_code", "terms", "dimension", "unit", "currency", "payment_method")
SAME, ANY = "=", "*"


class Routed(Protocol):
    """What a rule may look at: the canonical document's division, currency, kind and buyer."""

    @property
    def division(self) -> str: ...
    @property
    def currency(self) -> str: ...
    @property
    def kind(self) -> Any: ...
    @property
    def buyer(self) -> Any: ...


MATCHERS: Mapping[str, Callable[[Routed], str]] = MappingProxyType(
    {
        "division": lambda document: document.division,
        "currency": lambda document: document.currency,
        "kind": lambda document: str(document.kind),
        "customer_class": lambda document: str(document.buyer.customer_class),
        "customer": lambda document: str(document.buyer.code),
    }
)


@dataclass(frozen=True, slots=True)
class ConnectionConfig:
    """One company file on a platform: its Airflow connection, the division whose books it keeps, and the platform operator's options.

    Documents with a ledger date before `open_from` fall into a closed period (None: nothing is closed).
    """

    conn_id: str
    platform: str
    division: str
    currency: str
    open_from: date | None
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Route:
    """A rule: a document whose every named property has one of the given values goes to `to`."""

    match: tuple[tuple[str, frozenset[str]], ...]
    to: tuple[str, ...]

    def takes(self, document: Routed) -> bool:
        return all(MATCHERS[name](document) in values for name, values in self.match)


@dataclass(frozen=True, slots=True, eq=False)
class SourceConfig:
    """Where documents come from. `settings` are the source's own keys; `mapping` and `refuse` are compiled by airbooks.sources."""

    name: str
    type: str
    settings: Mapping[str, Any]
    mapping: Setting
    refuse: Setting


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration, immutable."""

    directory: Path
    sources: Mapping[str, SourceConfig]
    connections: Mapping[str, ConnectionConfig]
    routes: tuple[Route, ...]
    codes: Mapping[tuple[str, str], Mapping[str, str]] = field(repr=False)

    @property
    def divisions(self) -> tuple[str, ...]:
        """The divisions whose books the connections keep, in alphabetical order."""
        return tuple(sorted({each.division for each in self.connections.values()}))

    def route(self, document: Routed) -> tuple[str, ...]:
        """The connections that the first matching rule names; empty where no rule matches."""
        return next((route.to for route in self.routes if route.takes(document)), ())

    def mapping(self, connection: str, kind: str, code: str) -> str | None:
        """What `connection` calls our `code` of `kind`; None where nobody has said."""
        table = self.codes.get((connection, kind), {})
        found = table.get(code, table.get(ANY))
        return code if found == SAME else found

    def targets(self, connection: str, kind: str) -> dict[str, str]:
        """Our codes of a kind that are listed for a connection, with what it calls them; the code for all others gives its default."""
        table = self.codes.get((connection, kind), {})
        listed = {code: code if target == SAME else target for code, target in table.items() if code != ANY}
        default = table.get(ANY, SAME)
        return listed if default == SAME else {**listed, ANY: default}

    def is_closed(self, connection: str, day: date) -> bool:
        """Whether the books of `connection` are closed for `day`."""
        open_from = self.connections[connection].open_from
        return open_from is not None and day < open_from


def load_config(directory: str | Path | None = None) -> Config:
    """The validated configuration of `directory`; raises ConfigError with every problem. Read again only when a file has changed."""
    folder = Path(directory) if directory else config_dir()
    return _load(folder, tuple(_stamp(folder / name) for name in FILES))


def _stamp(file: Path) -> tuple[int, int]:
    try:
        status = file.stat()
    except FileNotFoundError:
        raise ConfigError(f"{file}:1: the file is missing") from None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _load(directory: Path, stamps: tuple[tuple[int, int], ...]) -> Config:  # noqa: ARG001 the stamps are the cache key
    problems = Problems()
    sources, routing, codes = (read_setting(directory / name, problems) for name in FILES)
    sections = routing.fields("connections routes", required="connections routes")
    connections = _connections(sections.get("connections"))
    config = Config(
        directory=directory,
        sources=MappingProxyType(_sources(sources)),
        connections=MappingProxyType(connections),
        routes=_routes(sections.get("routes"), connections),
        codes=MappingProxyType(_codes(codes, connections)),
    )
    problems.raise_if_any()
    return config


def _connections(section: Setting | None) -> dict[str, ConnectionConfig]:
    return {name: _connection(name, setting) for name, setting in section.items()} if section else {}


def _connection(name: str, setting: Setting) -> ConnectionConfig:
    keys = setting.fields("platform division currency open_from options", required="platform division currency")
    _check_platform(keys.get("platform"))
    return ConnectionConfig(
        conn_id=name,
        platform=_text(keys, "platform"),
        division=_text(keys, "division"),
        currency=_text(keys, "currency"),
        open_from=_day(keys.get("open_from")),
        options=MappingProxyType(_options(keys.get("options"))),
    )


def _text(keys: Mapping[str, Setting], name: str) -> str:
    return keys[name].text() if name in keys else ""


def _check_platform(setting: Setting | None) -> None:
    known = list(registry.slugs())
    if setting and setting.text() not in known:
        setting.problem(f"unknown platform {setting.text()!r}{did_you_mean(setting.text(), known)}; known: {', '.join(known)}")


def _day(setting: Setting | None) -> date | None:
    if setting is None or setting.is_empty():
        return None
    try:
        return date.fromisoformat(setting.text())
    except ValueError:
        setting.problem(f"{setting.text()!r} is not a date; write it as 2026-01-31")
        return None


def _options(setting: Setting | None) -> dict[str, Any]:
    if setting is None or setting.is_empty():
        return {}
    return dict(setting.plain()) if setting.is_mapping() else dict(setting.items())


def _routes(section: Setting | None, connections: Mapping[str, ConnectionConfig]) -> tuple[Route, ...]:
    return tuple(_route(setting, connections) for setting in section.elements()) if section else ()


def _route(setting: Setting, connections: Mapping[str, ConnectionConfig]) -> Route:
    keys = setting.fields("match to", required="match to")
    match = keys["match"].fields(" ".join(MATCHERS)) if "match" in keys else {}
    to = keys["to"].texts() if "to" in keys else ()
    for name in to:
        if name not in connections:
            keys["to"].problem(f"no connection {name!r} under `connections`{did_you_mean(name, list(connections))}")
    rules = tuple((name, frozenset(values.texts())) for name, values in match.items() if name in MATCHERS)
    return Route(match=rules, to=to)


def _codes(root: Setting, connections: Mapping[str, ConnectionConfig]) -> dict[tuple[str, str], Mapping[str, str]]:
    tables: dict[tuple[str, str], Mapping[str, str]] = {}
    for connection, section in root.items():
        if connection not in connections:
            section.problem(f"no connection {connection!r} in routes.yaml{did_you_mean(connection, list(connections))}")
        for kind, table in section.fields(" ".join(CODE_KINDS)).items():
            tables[connection, kind] = MappingProxyType({code: _platform_code(value) for code, value in table.items()})
    return tables


def _platform_code(setting: Setting) -> str:
    code = setting.text()
    if not code:
        setting.problem('the platform\'s code is empty; write "=" where it is the same as ours')
    return code


def _sources(root: Setting) -> dict[str, SourceConfig]:
    return {name: _source(name, setting) for name, setting in root.items()}


SOURCE_KEYS = {
    "sql": ("connection header children columns chunk paging clock overlap_minutes", "connection header columns"),
    "file": ("path format key options chunk encoding max_megabytes max_open_rows division", "path key"),
}


def _source(name: str, setting: Setting) -> SourceConfig:
    found = dict(setting.items())
    type_ = found["type"].text() if "type" in found else ""
    if type_ not in SOURCE_KEYS:
        setting.problem(f"`type` of source {name!r} must be one of {', '.join(SOURCE_KEYS)}, not {type_!r}")
        return SourceConfig(name, type_, MappingProxyType({}), setting, setting)
    known, required = SOURCE_KEYS[type_]
    keys = setting.fields(f"type mapping refuse {known}", required=f"mapping {required}")
    settings = {key: keys[key].plain() for key in known.split() if key in keys}
    empty = Setting(None, setting.file, setting.problems)
    return SourceConfig(name, type_, MappingProxyType(settings), keys.get("mapping", empty), keys.get("refuse", empty))
