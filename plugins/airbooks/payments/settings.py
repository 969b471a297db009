"""payments.yaml: the accounts that money comes to, where it is told of, how far matching may go by itself, and who is told the result.

Read once per change and validated as a whole; every problem is reported with its file and line.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from airbooks.canonical.money import is_known_currency
from airbooks.canonical.payment import PaymentKind
from airbooks.config import SOURCE_KEYS, load_config
from airbooks.paths import REPOSITORY, config_dir, state_dir
from airbooks.payments.tuning import Tuning
from airbooks.payments.values import check_known, choice, filled, text_of, whole
from airbooks.sources.bank.declared import MovementMapping, compile_movements
from airbooks.sources.bank.feed import READERS, DatabaseFeed, StatementFeed
from airbooks.sources.bank.movement import Batches, Debits, Reading, account_name
from airbooks.sources.bank.provider import Provider
from airbooks.sources.bank.table import Table
from airbooks.yaml_file import ConfigError, Problems, Setting, read_setting

__all__ = ["Account", "PaymentsConfig", "StatusWriter", "load_payments_config"]

FILE = "payments.yaml"
SECTIONS = "accounts statements databases providers matching status reports"
REPORTS = "$AIRBOOKS_STATE/reports"
TABLE = "table"
TRUTH = ("true", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account of ours with a bank or a payment provider. `names` are those that statements use; `divisions` whose customers pay into
    it; `ledger` its account code in the books of each connection."""

    name: str
    names: tuple[str, ...]
    currency: str
    divisions: tuple[str, ...]
    ledger: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusWriter:
    """How the sales system learns what is open: a statement for its database, or a request to its API, through an Airflow connection.

    `source` is the one of sources.yaml whose documents it is told about.
    `statement`, `path` and `body` name the values in their own way (`:number` in SQL, `{number}` in a path, a column's name in `body`).
    """

    source: str
    type: str
    connection: str
    statement: str = ""
    path: str = ""
    method: str = "PUT"
    body: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


class WriterType(StrEnum):
    SQL = "sql"
    REST = "rest"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentsConfig:
    """The whole of payments.yaml, immutable. `status` is None where the staging tables are enough."""

    accounts: Mapping[str, Account]
    statements: Mapping[str, StatementFeed]
    databases: Mapping[str, DatabaseFeed]
    providers: Mapping[str, Provider]
    matching: Tuning
    status: StatusWriter | None
    reports: str  # the folder that reconciliations are written to, local or on any object storage

    def bank_account(self, account: str, connection: str) -> str:
        """The account's code in the books of `connection`; empty where nobody has said."""
        known = self.accounts.get(account)
        return known.ledger.get(connection, "") if known else ""


@dataclass(frozen=True, slots=True)
class Books:
    """What routes.yaml knows, for checking the names here."""

    divisions: tuple[str, ...]
    connections: tuple[str, ...]


def load_payments_config(directory: str | Path | None = None) -> PaymentsConfig:
    """The validated payments.yaml of `directory`; raises ConfigError with every problem. Read again only when a file has changed."""
    folder = Path(directory) if directory else config_dir()
    try:
        stamp = (folder / FILE).stat()
    except FileNotFoundError:
        raise ConfigError(f"{folder / FILE}:1: the file is missing") from None
    routes = load_config(folder)
    return _load(folder, (stamp.st_mtime_ns, stamp.st_size), Books(routes.divisions, tuple(routes.connections)))


@lru_cache(maxsize=8)
def _load(directory: Path, stamp: tuple[int, int], books: Books) -> PaymentsConfig:  # noqa: ARG001 the stamp is part of the cache's key
    problems = Problems()
    sections = read_setting(directory / FILE, problems).fields(SECTIONS, required="accounts")
    accounts = {name: _account(name, each, books) for name, each in _items(sections, "accounts")}
    known = _names(accounts, sections.get("accounts"))
    read = PaymentsConfig(
        accounts=MappingProxyType(accounts),
        statements=MappingProxyType({name: _feed(name, each, accounts, known) for name, each in _items(sections, "statements")}),
        databases=MappingProxyType({name: _database(name, each, accounts, known) for name, each in _items(sections, "databases")}),
        providers=MappingProxyType({name: _provider(name, each, accounts) for name, each in _items(sections, "providers")}),
        matching=_matching(sections.get("matching")),
        status=_status(sections.get("status")),
        reports=_path(sections["reports"].text() if "reports" in sections else REPORTS),
    )
    problems.raise_if_any()
    return read


def _items(sections: Mapping[str, Setting], name: str) -> list[tuple[str, Setting]]:
    return list(sections[name].items()) if name in sections else []


def _account(name: str, setting: Setting, books: Books) -> Account:
    keys = setting.fields("names currency divisions ledger", required="currency divisions")
    currency = text_of(keys, "currency")
    if "currency" in keys and not is_known_currency(currency):
        keys["currency"].problem(f"{currency!r} is not a currency (ISO 4217)")
    divisions = keys["divisions"].texts() if "divisions" in keys else ()
    for division in divisions:
        check_known(keys["divisions"], "division", division, books.divisions)
    ledger = dict(keys["ledger"].items()) if "ledger" in keys else {}
    for connection, code in ledger.items():
        check_known(code, "connection", connection, books.connections)
    return Account(
        name=name,
        names=tuple(account_name(each) for each in (keys["names"].texts() if "names" in keys else ())),
        currency=currency,
        divisions=divisions,
        ledger=MappingProxyType({connection: code.text() for connection, code in ledger.items()}),
    )


def _names(accounts: Mapping[str, Account], section: Setting | None) -> Mapping[str, str]:
    """Our name of an account by every name of it; a name of two accounts is a problem."""
    places = dict(section.items()) if section else {}
    names: dict[str, str] = {}
    for account in accounts.values():
        for written in dict.fromkeys((*account.names, account_name(account.name))):
            other = names.setdefault(written, account.name)
            if other != account.name:
                places[account.name].problem(f"{written!r} is a name of account {other!r} already")
    return MappingProxyType(names)


def _feed(name: str, setting: Setting, accounts: Mapping[str, Account], known: Mapping[str, str]) -> StatementFeed:
    keys = setting.fields("path format account advice debits batches check_totals max_megabytes table", required="path format")
    format_ = text_of(keys, "format")
    if "format" in keys:
        check_known(keys["format"], "format", format_, [*READERS, TABLE])
    if (format_ == TABLE) != (TABLE in keys):
        setting.problem("`table` describes the columns of a table, and only `format: table` has it")
    is_advice = choice(keys.get("advice"), TRUTH, "false") == "true"
    defaults = _defaults(keys.get("account"), accounts) or ({"account": ""} if is_advice else {})
    return StatementFeed(
        name=name,
        path=_path(text_of(keys, "path")),
        format=format_,
        reading=_reading(name, keys, known),
        table=_table(keys[TABLE], defaults) if TABLE in keys else None,
        is_advice=is_advice,
    )


def _reading(name: str, keys: Mapping[str, Setting], known: Mapping[str, str]) -> Reading:
    return Reading(
        source=name,
        accounts=known,
        debits=Debits(choice(keys.get("debits"), list(Debits), Debits.RETURNS)),
        batches=Batches(choice(keys.get("batches"), list(Batches), Batches.ASK)),
        check_totals=choice(keys.get("check_totals"), TRUTH, "true") == "true",
        max_megabytes=whole(keys["max_megabytes"], 50) if "max_megabytes" in keys else 50,
    )


def _path(text: str) -> str:
    """`text` with its environment variables (AIRBOOKS_STATE always is one); a relative one lies in the checkout."""
    path = os.path.expandvars(text.replace("${AIRBOOKS_STATE}", str(state_dir())).replace("$AIRBOOKS_STATE", str(state_dir())))
    return path if "://" in path or path.startswith("/") else str(REPOSITORY / path)


def _defaults(setting: Setting | None, accounts: Mapping[str, Account]) -> dict[str, str]:
    """The fields that an account gives to movements whose columns do not tell them."""
    if setting is None:
        return {}
    name = setting.text()
    check_known(setting, "account", name, list(accounts))
    return {"account": name, "currency": accounts[name].currency} if name in accounts else {"account": name, "currency": ""}


def _table(setting: Setting, defaults: Mapping[str, str]) -> Table:
    keys = setting.fields("format key encoding options mapping", required="mapping")
    return Table(
        mapping=_mapping(keys, defaults),
        format=text_of(keys, "format"),
        key=text_of(keys, "key"),
        encoding=text_of(keys, "encoding", "utf-8-sig"),
        options=MappingProxyType(dict(keys["options"].plain() or {}) if "options" in keys else {}),
        defaults=MappingProxyType(dict(defaults)),
    )


def _mapping(keys: Mapping[str, Setting], defaults: Mapping[str, str], *also: str) -> MovementMapping:
    empty = Setting(None, Path(FILE), Problems())
    return compile_movements(keys.get("mapping", empty), (*defaults, *also))


def _database(name: str, setting: Setting, accounts: Mapping[str, Account], known: Mapping[str, str]) -> DatabaseFeed:
    sql, required = SOURCE_KEYS["sql"]
    keys = setting.fields(f"{sql} account debits mapping", required=f"{required} mapping")
    defaults = _defaults(keys.get("account"), accounts)
    return DatabaseFeed(
        name=name,
        settings=MappingProxyType({key: keys[key].plain() for key in sql.split() if key in keys}),
        reading=_reading(name, keys, known),
        mapping=_mapping(keys, defaults, "source_id"),
        defaults=MappingProxyType(defaults),
    )


def _provider(name: str, setting: Setting, accounts: Mapping[str, Account]) -> Provider:
    keys = setting.fields("account event events mapping", required="account event events mapping")
    defaults = {key: value for key, value in _defaults(keys.get("account"), accounts).items() if key == "account"}
    mapping = _mapping(keys, defaults)
    if not mapping.has_ids:
        setting.problem("the field 'source_id' is required and not mapped: it is what tells one movement from another")
    events = {event: choice(kind, list(PaymentKind), PaymentKind.RECEIPT) for event, kind in _items(keys, "events")}
    return Provider(
        name=name, event=text_of(keys, "event"), events=MappingProxyType(events), mapping=mapping, defaults=MappingProxyType(defaults)
    )


def _matching(setting: Setting | None) -> Tuning:
    found = filled(setting, Tuning)
    if setting and found.apply_from > 1:
        setting.problem("`apply_from` is a confidence from 0 to 1")
    return found


def _status(setting: Setting | None) -> StatusWriter | None:
    if setting is None or setting.is_empty():
        return None
    keys = setting.fields("source type connection statement path method body", required="source type connection")
    type_ = choice(keys.get("type"), list(WriterType), WriterType.SQL)
    needed = "statement" if type_ == WriterType.SQL else "path"
    if needed not in keys:
        setting.problem(f"a writer of type {type_} needs `{needed}`")
    return StatusWriter(
        source=text_of(keys, "source"),
        type=type_,
        connection=text_of(keys, "connection"),
        statement=text_of(keys, "statement"),
        path=text_of(keys, "path"),
        method=text_of(keys, "method", "PUT"),
        body=MappingProxyType({name: value.text() for name, value in _items(keys, "body")}),
    )
