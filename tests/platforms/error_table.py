"""A platform's documented errors as a table: the vendor's own answer over real HTTP, and what the platform's hook makes of it.

Each room's `test_errors.py` holds such rows as ROWS; test_error_tables.py judges all tables together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.platforms.scripted import answer, scripted

from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook, Sent
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.spec import PlatformSpec
from airbooks.platforms.tokens import Token
from airbooks.platforms.wire import Request

Ask = Callable[[PlatformHook], Any]
NOT, MAYBE, HAPPENED = Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN, Outcome.HAPPENED


def write(hook: PlatformHook) -> None:
    """A write that nothing but this answer tells the fate of; read, classified and raised as in the hook's own calls."""
    hook.wire.send(Request(method="POST", url=f"{hook.root()}/invoices", content=b"{}"), dict, lambda: None)


def log_in(hook: PlatformHook) -> None:
    """A new token or session in place of the one at hand."""
    hook.token()
    hook.renew_token()


@dataclass(frozen=True, slots=True)
class Row:
    """One documented error: the vendor's answer, and the rule, action and outcome it must come to.

    `source` says where the vendor documents it. `ask` makes the hook ask for the answer, and returns what the hook made of it unless it
    raises; `before` are good answers to what it asks earlier. `extra` are settings of the connection that matter here.
    """

    status: int
    body: str | bytes
    rule: str
    action: Action
    outcome: Outcome
    source: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ask: Ask = write
    before: tuple[str | bytes, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.rule}-{self.source}".replace(" ", "_")[:80]


def each_row(rows: Iterable[Row]) -> pytest.MarkDecorator:
    """Runs a test once per row, named by it."""
    return pytest.mark.parametrize("row", rows, ids=str)


def assert_reading(slug: str, row: Row, monkeypatch: pytest.MonkeyPatch) -> PlatformError:
    """Give the platform's hook the row's answer; rule, action and outcome of the error it makes of it must be the row's."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    steps = [answer(body=_bytes(body)) for body in row.before]
    with scripted(*steps, answer(row.status, _bytes(row.body), **row.headers)) as server, _hook(slug, server.url, row.extra) as hook:
        error = _error(row.ask, hook)
        secrets = hook.secrets()
    assert (error.rule.name, error.action, error.outcome) == (row.rule, row.action, row.outcome), f"{error}\n{error.body}"
    assert _same_rule(error.rule, registry.spec(slug)), f"{row.rule!r} was found by a general rule, not by the platform's own"
    assert error.message
    assert [secret for secret in secrets if secret in f"{error} {error.body}"] == []
    return error


def _bytes(body: str | bytes) -> bytes:
    return body.encode() if isinstance(body, str) else body


def _error(ask: Ask, hook: PlatformHook) -> PlatformError:
    try:
        made = ask(hook)
    except PlatformError as raised:
        return raised
    sent = made[0] if isinstance(made, list) else made
    found = sent.error if isinstance(sent, Sent) else sent
    assert isinstance(found, PlatformError), f"taken for a good answer: {made!r}"
    return found


def _same_rule(found: ErrorRule, spec: PlatformSpec) -> bool:
    """Whether a rule that bears the name of one in the platform's table is that one."""
    own = [rule for rule in spec.errors if rule.name == found.name]
    return not own or any((rule.status, rule.codes, rule.text) == (found.status, found.codes, found.text) for rule in own)


@contextmanager
def _hook(slug: str, url: str, extra: Mapping[str, Any]) -> Iterator[PlatformHook]:
    """A hook that is logged in already, on a server that answers from a script."""
    spec = registry.spec(slug)
    account = Account(host=url, login="clerk", password="pa55word-of-books", extra={**_filled(spec, url), **extra})
    with registry.hook_class(slug)("books", account=account) as hook:
        known = hook.credentials()
        hook.tokens.renew("books", None, lambda _: Token(access="t0ken-of-today", refresh="t0ken-of-tomorrow", seed=known.seed), known)
        yield hook


def _filled(spec: PlatformSpec, url: str) -> dict[str, Any]:
    """The connection's form with every address on the scripted server and every required or secret field filled."""
    filled: dict[str, Any] = {}
    for each in spec.form:
        if each.name.endswith("_url"):
            filled[each.name] = f"{url}/token"
        elif each.secret:
            filled[each.name] = f"s3cret-{each.name}"
        elif each.required and each.default in (None, ""):
            filled[each.name] = each.choices[0] if each.choices else "1001"
    return filled
