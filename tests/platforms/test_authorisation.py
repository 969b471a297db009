"""What every platform's connection relies on when tokens rotate, log-ins are refused, or sessions are ended by others."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.fernet import Fernet
from tests.platforms.company import Company
from tests.platforms.scripted import answer, scripted
from tests.platforms.test_base import PaperHook

from airbooks.canonical import DocumentKind
from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.log_ins import MOST_IN_A_ROW
from airbooks.platforms.tokens import Credentials, MemoryTokens, Token, TokenStore, digest
from airbooks.platforms.wire import Complaint, Reply, Request
from airbooks.sandbox.server import Sandbox
from airbooks.staging.tokens import StoredTokens

REPOSITORY = Path(__file__).resolve().parents[2]
KEY = Fernet.generate_key()
# The platforms that replace the refresh token when it is used; the first group forgives a second use for a while.
FORGIVING = ("xero",)
UNFORGIVING = ("freshbooks", "myob", "wave", "reckon_one")
# No log-in (each request carries the credentials), or sessions that serve one hook: refused once per hook.
ALONE = ("odoo", "quickfile", "sap_s4hana", "wave", "acumatica", "sap_business_one")
WITH_REFRESH_TOKEN = ("quickbooks", "xero", "freshbooks", "myob", "wave", "reckon_one", "brightpearl", "zoho_books")


def stored(postgres_url: str) -> StoredTokens:
    return StoredTokens(lambda: psycopg.connect(postgres_url), Fernet(KEY))


def hook_of(sandbox: Sandbox, slug: str, tokens: TokenStore, **extra: Any) -> PlatformHook:
    """A hook on the simulated company's connection, as it is now or with other fields in `extra`."""
    known = sandbox.simulators[slug].connection()
    fields = ("host", "schema", "login", "password")
    told = {name: known.get(name) or "" for name in fields}
    account = Account(**told, port=known.get("port"), extra={**known.get("extra", {}), **extra})
    return registry.hook_class(slug)(f"{slug}_test", account=account, tokens=tokens)


def twin(hook: PlatformHook, tokens: TokenStore) -> PlatformHook:
    """Another worker's hook on the same connection."""
    return type(hook)(hook.conn_id, account=hook.account, tokens=tokens)


def look(hook: PlatformHook) -> None:
    assert hook.find_invoice("XX-SI-999999", DocumentKind.INVOICE) == []


def test_the_list_of_platforms_with_a_refresh_token_is_whole() -> None:
    """Acumatica may have one as well; its simulated company is reached by user and password."""
    found = {slug for slug in registry.slugs() if any(each.name == "refresh_token" for each in registry.spec(slug).form)}
    assert found == {*WITH_REFRESH_TOKEN, "acumatica"}


# -- refresh tokens -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", WITH_REFRESH_TOKEN)
def test_a_refresh_token_that_a_person_has_just_entered_wins_over_the_dead_one(
    sandbox: Callable[..., Sandbox], postgres_url: str, slug: str
) -> None:
    company, tokens = sandbox(slug, time_scale=1000), stored(postgres_url)
    with hook_of(company, slug, tokens, refresh_token="dead-refresh-token") as before:
        dead = Token(access="dead", refresh="dead-refresh-token", seed=before.credentials().seed)
        tokens.renew(before.conn_id, None, lambda _: dead, before.credentials())
        with pytest.raises(PlatformError) as refused:
            before.find_invoice("XX-SI-999999", DocumentKind.INVOICE)
    assert (refused.value.action, refused.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert tokens.read(before.conn_id) == dead
    with hook_of(company, slug, tokens) as mended:
        look(mended)
    assert "dead" not in str(refused.value)


@pytest.mark.parametrize("slug", WITH_REFRESH_TOKEN)
def test_ten_workers_that_find_the_token_stale_exchange_it_once(sandbox: Callable[..., Sandbox], postgres_url: str, slug: str) -> None:
    company, tokens, start = sandbox(slug, time_scale=1000), stored(postgres_url), threading.Barrier(10)
    with hook_of(company, slug, tokens) as first:
        look(first)
        _expire(postgres_url, first)
        workers = [twin(first, stored(postgres_url)) for _ in range(10)]

    def work(hook: PlatformHook) -> int:
        with hook:
            start.wait()
            hook.token()
            return hook.wire.calls

    with ThreadPoolExecutor(10) as pool:
        calls = list(pool.map(work, workers))
    assert sum(calls) == 1
    with twin(first, tokens) as later:
        look(later)


def _expire(postgres_url: str, hook: PlatformHook) -> None:
    """Make the stored token one that has run out."""
    newest = stored(postgres_url).read(hook.conn_id)
    assert newest is not None
    old = replace(newest, expires_at=datetime.now(UTC) - timedelta(minutes=1))
    stored(postgres_url).renew(hook.conn_id, newest, lambda _: old, hook.credentials())


def die_while_saving(postgres_url: str, hook: PlatformHook) -> None:
    """A worker process that exchanges the refresh token and is killed before it can store the new one."""
    account = json.dumps(
        {name: getattr(hook.account, name) for name in ("host", "schema", "login", "password", "port", "extra")}, default=str
    )
    command = [sys.executable, "-m", "tests.platforms.dying_worker", postgres_url, hook.spec.slug, hook.conn_id, account, KEY.decode()]
    environment = {"PYTHONPATH": f"{REPOSITORY / 'plugins'}:{REPOSITORY}", "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == -signal.SIGKILL, done.stderr


@pytest.mark.parametrize("slug", UNFORGIVING)
def test_a_worker_killed_between_issue_and_save_leaves_a_clear_message_and_no_loop(
    sandbox: Callable[..., Sandbox], postgres_url: str, slug: str
) -> None:
    company, tokens = sandbox(slug, time_scale=1000), stored(postgres_url)
    with hook_of(company, slug, tokens) as hook:
        look(hook)
        _expire(postgres_url, hook)
        die_while_saving(postgres_url, hook)
    tried = 0
    for _ in range(3):
        with twin(hook, tokens) as later:
            with pytest.raises(PlatformError) as refused:
                later.find_invoice("XX-SI-999999", DocumentKind.INVOICE)
            tried += later.wire.calls
        assert (refused.value.action, refused.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
        assert "was cut off at" in str(refused.value)
        assert "authorise the app again" in str(refused.value)
        assert not [secret for secret in hook.secrets() if secret and secret in str(refused.value)]
    assert tried == 1
    with hook_of(company, slug, tokens) as mended:  # the company shows its newest refresh token, as after a person's consent
        look(mended)


@pytest.mark.parametrize("slug", FORGIVING)
def test_a_worker_killed_between_issue_and_save_is_made_good_where_the_old_refresh_token_is_taken_once_more(
    sandbox: Callable[..., Sandbox], postgres_url: str, slug: str
) -> None:
    company, tokens = sandbox(slug, time_scale=1000), stored(postgres_url)
    with hook_of(company, slug, tokens) as hook:
        look(hook)
        _expire(postgres_url, hook)
        die_while_saving(postgres_url, hook)
    with twin(hook, tokens) as later:
        look(later)
    with psycopg.connect(postgres_url) as database:
        assert database.execute("SELECT count(*) FROM airbooks.token_exchange").fetchone() == (0,)


# -- every platform -----------------------------------------------------------------------------------------------------------------------


def test_a_refused_log_in_is_not_repeated_by_the_workers_that_come_after(company: Company, postgres_url: str) -> None:
    tokens, calls = stored(postgres_url), []
    for _ in range(3):
        with company.hook(password="wr0ng-password", extra=_wrong(company)) as hook:
            hook.tokens = tokens
            for _ in range(4):
                with pytest.raises(PlatformError) as refused:
                    hook.find_invoice("XX-SI-999999", DocumentKind.INVOICE)
            assert refused.value.outcome is Outcome.DID_NOT_HAPPEN
            calls.append(hook.wire.calls)
    assert calls[0] <= (4 if company.slug == "quickfile" else 2)  # its refusals are no 401
    assert calls[1:] == ([calls[0]] * 2 if company.slug in ALONE else [0, 0])


def _wrong(company: Company) -> dict[str, Any]:
    known = company.connection().get("extra", {})
    return {each.name: "wr0ng" for each in company.spec.form if each.secret and known.get(each.name)}


def test_workers_that_share_a_connection_do_not_end_each_others_sessions(company: Company, postgres_url: str) -> None:
    tokens = stored(postgres_url)
    with company.hook() as first:
        hooks = [twin(first, tokens) for _ in range(2)]
    for each in hooks:
        look(each)
    before = [each.wire.calls for each in hooks]
    look(hooks[0])
    alone = hooks[0].wire.calls - before[0]
    for _ in range(3):
        for each in hooks:
            look(each)
    after = [each.wire.calls for each in hooks]
    for each in hooks:
        each.close()
    assert [after[0] - before[0], after[1] - before[1]] == [4 * alone, 3 * alone]


# -- sessions that others end -------------------------------------------------------------------------------------------------------------


class OneSeatHook(PaperHook):
    """A platform whose every log-in ends the session before it."""

    def issue_token(self, newest: Token | None) -> Token:
        reply = self.wire.send(Request(method="POST", url=f"{self.root()}/login"), dict, lambda: None)
        return Token(access=str(reply.json()["session"]))

    def read_complaint(self, reply: Reply) -> Complaint | None:
        return Complaint(message="no session") if reply.status >= 400 else None


def test_two_programs_that_log_each_other_out_stop_after_a_bounded_number_of_log_ins() -> None:
    """Each call of one finds its session ended by the other: logged in once more, but not for ever."""
    ok, ended = answer(200, b'{"session": "s-1"}'), answer(401, b"{}")
    good: list[Reply] = []
    with scripted(ok, ok, *[ended, ok, ok] * 60) as server, OneSeatHook("books", account=Account(host=server.url)) as hook:
        with pytest.raises(PlatformError) as stopped:
            good.extend(hook.call("GET", "/invoices", read=True) for _ in range(60))
        asked = [each.target for each in server.asked]
        with pytest.raises(PlatformError):
            hook.call("GET", "/invoices", read=True)
        assert len(server.asked) == len(asked)
    assert (stopped.value.action, stopped.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert "user of its own" in stopped.value.rule.fix
    assert len(good) == asked.count("/login") == MOST_IN_A_ROW


def test_a_session_that_ends_now_and_then_is_replaced_as_often_as_it_takes() -> None:
    ok, ended = answer(200, b'{"session": "s-1"}'), answer(401, b"{}")
    with scripted(ok, ok, ok, ok, *[ended, ok, ok, ok, ok] * 30) as server, OneSeatHook("books", account=Account(host=server.url)) as hook:
        for _ in range(80):
            hook.call("GET", "/invoices", read=True)


def test_a_401_that_a_new_token_does_not_cure_is_met_once_per_hook() -> None:
    ok, refused = answer(200, b'{"session": "s-1"}'), answer(401, b"{}")
    with scripted(ok, refused, ok, refused) as server, OneSeatHook("books", account=Account(host=server.url)) as hook:
        for _ in range(5):
            with pytest.raises(PlatformError):
                hook.call("POST", "/invoices", json={})
        assert [each.target for each in server.asked] == ["/login", "/invoices", "/login", "/invoices"]
        assert hook.refusal is not None
        assert hook.refusal.action is Action.STOP


@pytest.mark.parametrize("status", [400, 401, 409, 422])
def test_what_the_log_in_refuses_is_never_blamed_on_the_document(status: int) -> None:
    with scripted(answer(status, b"{}")) as server:
        hook = OneSeatHook("books", account=Account(host=server.url))
        with hook, pytest.raises(PlatformError) as refused:
            hook.call("POST", "/invoices", json={})
    assert (refused.value.action, refused.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


def test_a_log_in_whose_answer_is_lost_leaves_the_document_unsent_and_free_to_go_again() -> None:
    good = answer(200, b'{"session": "s-1"}')
    with scripted(answer(502, b"<html>"), good) as server, OneSeatHook("books", account=Account(host=server.url)) as hook:
        with pytest.raises(PlatformError) as lost:
            hook.call("POST", "/invoices", json={})
        assert hook.call("POST", "/invoices", json={}).status == 200
    assert (lost.value.action, lost.value.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)


def test_the_credentials_of_a_hook_change_with_what_a_person_enters_and_name_no_secret() -> None:
    def of(**extra: str) -> Credentials:
        return PaperHook("books", account=Account(host="h", login="l", password="p", extra=extra)).credentials()

    assert of(refresh_token="r-1").rotates
    assert not of().rotates
    assert of(refresh_token="r-1").seed == of(refresh_token="r-1", company="2").seed != of(refresh_token="r-2").seed
    assert of(refresh_token="r-1").account != of(refresh_token="r-1", company="2").account
    assert of(api_key="a").seed != of(api_key="b").seed
    assert of(refresh_token="r-1").seed == digest("r-1")


def test_a_stored_token_is_used_while_the_connection_is_the_same() -> None:
    tokens = MemoryTokens()
    account = Account(host="h", password="p")
    first = PaperHook("books", account=account, tokens=tokens).token()
    assert PaperHook("books", account=account, tokens=tokens).token() == first
    assert PaperHook("books", account=replace(account, password="q"), tokens=tokens).token() != first
