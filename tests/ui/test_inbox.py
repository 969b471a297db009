"""The route for webhooks: what is genuine is kept once and then acknowledged, everything else is refused without a word why."""

from __future__ import annotations

import base64
import json
import logging
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from airflow.sdk._shared.secrets_masker import redact
from standardwebhooks.webhooks import Webhook
from tests.staging.rows import one

from airbooks.sandbox.provider import Movement, PaymentProvider, Signer
from airbooks.ui.inbox import LARGEST_BODY, MOST_CONNECTIONS

Connect = Callable[..., None]
SECRET = "whsec_" + base64.b64encode(b"the secret that acme signs with").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"a secret of somebody else's own").decode()
THIRD_SECRET = "whsec_" + base64.b64encode(b"a secret that nobody has heard of").decode()
PLAIN_SECRET = "plain-secret-of-zenith-0123456789"
REFUSED = {"status": "refused"}
BODY = b'{"id": "evt_1", "type": "payment.received", "data": {"amount": 119.00}}'


@pytest.fixture
def acme(site: str, connect: Connect) -> str:
    """The URL for a source that signs as Standard Webhooks has it."""
    connect("webhook_acme", password=SECRET)
    return f"{site}/webhooks/acme"


@pytest.fixture
def zenith(site: str, connect: Connect) -> str:
    """The URL for a source that signs in one header."""
    connect("webhook_zenith", password=PLAIN_SECRET, extra={"scheme": "plain", "signature_header": "Zenith-Signature"})
    return f"{site}/webhooks/zenith"


@pytest.fixture
def database(staging: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(staging, autocommit=True) as connection:
        yield connection


def signed(body: bytes = BODY, *, event_id: str = "evt_1", secret: str = SECRET, late: timedelta = timedelta(0)) -> dict[str, str]:
    return Signer(secret=secret).headers(event_id, body, datetime.now(UTC) - late)


def signed_plainly(body: bytes = BODY, *, secret: str = PLAIN_SECRET, late: timedelta = timedelta(0)) -> dict[str, str]:
    return Signer(secret=secret, scheme="plain", header="Zenith-Signature").headers("", body, datetime.now(UTC) - late)


def post(url: str, headers: dict[str, str], body: bytes = BODY) -> httpx.Response:
    return httpx.post(url, headers=headers, content=body, timeout=60)


def told(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["status"]


def kept(database: psycopg.Connection) -> int:
    found: int = one(database, "SELECT count(*) FROM airbooks.inbox_event")
    return found


# -- what is taken ----------------------------------------------------------------------------------------------------------------------


def test_a_genuine_event_is_in_the_inbox_when_it_is_acknowledged(acme: str, database: psycopg.Connection) -> None:
    assert told(post(acme, signed())) == (200, "accepted")
    row = database.execute("SELECT source, event_id, body #>> '{data,amount}', handled_at FROM airbooks.inbox_event").fetchone()
    assert row == ("acme", "evt_1", "119.00", None)


def test_what_the_standards_own_library_signs_is_taken(acme: str) -> None:
    now = datetime.now(UTC)
    signature = Webhook(SECRET).sign("evt_9", now, BODY.decode())
    headers = {"Webhook-Id": "evt_9", "Webhook-Timestamp": str(int(now.timestamp())), "Webhook-Signature": f"v1a,unknown== {signature}"}
    assert told(post(acme, headers)) == (200, "accepted")


def test_a_signature_in_one_header_is_taken_with_the_id_that_the_body_says(zenith: str, database: psycopg.Connection) -> None:
    assert told(post(zenith, signed_plainly())) == (200, "accepted")
    assert one(database, "SELECT event_id FROM airbooks.inbox_event") == "evt_1"


def test_the_field_of_the_id_is_the_senders_choice(site: str, connect: Connect, database: psycopg.Connection) -> None:
    extra = {"scheme": "plain", "signature_header": "Zenith-Signature", "event_id_field": "number"}
    connect("webhook_zenith", password=PLAIN_SECRET, extra=extra)
    body = b'{"id": "not this", "number": 77}'
    assert told(post(f"{site}/webhooks/zenith", signed_plainly(body), body)) == (200, "accepted")
    assert one(database, "SELECT event_id FROM airbooks.inbox_event") == "77"


def test_an_event_that_comes_again_is_acknowledged_and_kept_once(acme: str, database: psycopg.Connection) -> None:
    assert [told(post(acme, signed())) for _ in range(3)] == [(200, "accepted"), (200, "duplicate"), (200, "duplicate")]
    assert kept(database) == 1


def test_the_same_event_twenty_times_at_once_is_one_row(acme: str, database: psycopg.Connection) -> None:
    with ThreadPoolExecutor(20) as crowd:
        answers = [told(each) for each in crowd.map(lambda headers: post(acme, headers), [signed()] * 20)]
    assert sorted(answers) == [(200, "accepted")] + [(200, "duplicate")] * 19
    assert kept(database) == 1
    held = one(database, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
    assert 1 <= held <= MOST_CONNECTIONS


def test_a_known_id_with_another_body_is_a_conflict_and_both_are_kept(acme: str, database: psycopg.Connection) -> None:
    other = BODY.replace(b"119.00", b"911.00")
    post(acme, signed())
    assert told(post(acme, signed(other), other)) == (409, "conflict")
    assert one(database, "SELECT body #>> '{data,amount}' FROM airbooks.inbox_event") == "119.00"
    assert one(database, "SELECT body #>> '{data,amount}' FROM airbooks.inbox_conflict") == "911.00"


def test_a_field_that_counts_the_tries_makes_no_conflict(site: str, connect: Connect) -> None:
    connect("webhook_acme", password=SECRET, extra={"varying_fields": ["tries"]})
    first, second = b'{"tries": 1, "type": "ping"}', b'{"tries": 2, "type": "ping"}'
    assert told(post(f"{site}/webhooks/acme", signed(first), first)) == (200, "accepted")
    assert told(post(f"{site}/webhooks/acme", signed(second), second)) == (200, "duplicate")


# -- what is refused --------------------------------------------------------------------------------------------------------------------

MINUTE = timedelta(minutes=1)
UNPROVEN: dict[str, Callable[[], dict[str, str]]] = {
    "no header": dict,
    "no id": lambda: {name: value for name, value in signed().items() if name != "webhook-id"},
    "no time": lambda: {name: value for name, value in signed().items() if name != "webhook-timestamp"},
    "no signature": lambda: {name: value for name, value in signed().items() if name != "webhook-signature"},
    "too old": lambda: signed(late=6 * MINUTE),
    "from the future": lambda: signed(late=-6 * MINUTE),
    "an old one under a new time": lambda: {**signed(late=6 * MINUTE), "webhook-timestamp": str(int(datetime.now(UTC).timestamp()))},
    "a time that is none": lambda: {**signed(), "webhook-timestamp": "now"},
    "another secret": lambda: signed(secret=OTHER_SECRET),
    "another body": lambda: signed(BODY + b" "),
    "another id": lambda: {**signed(), "webhook-id": "evt_2"},
    "no base64": lambda: {**signed(), "webhook-signature": "v1,???"},
    "no version": lambda: {**signed(), "webhook-signature": "nonsense"},
    "the wrong format": lambda: signed_plainly(),
}
UNPROVEN_PLAIN: dict[str, Callable[[], dict[str, str]]] = {
    "no header": dict,
    "too old": lambda: signed_plainly(late=6 * MINUTE),
    "from the future": lambda: signed_plainly(late=-6 * MINUTE),
    "another secret": lambda: signed_plainly(secret=SECRET),
    "another body": lambda: signed_plainly(BODY + b" "),
    "another header": lambda: {"X-Signature": signed_plainly()["Zenith-Signature"]},
    "two times": lambda: {"Zenith-Signature": signed_plainly()["Zenith-Signature"] + f",t={int(datetime.now(UTC).timestamp())}"},
    "no signature": lambda: {"Zenith-Signature": signed_plainly()["Zenith-Signature"].partition(",")[0]},
    "not ASCII": lambda: {"Zenith-Signature": signed_plainly()["Zenith-Signature"][:-1] + "\N{LATIN SMALL LETTER E WITH ACUTE}"},
    "the wrong format": lambda: signed(),
}


@pytest.mark.parametrize("what", UNPROVEN)
def test_nothing_unproven_is_kept(what: str, acme: str, database: psycopg.Connection) -> None:
    assert (post(acme, UNPROVEN[what]()).status_code, kept(database)) == (401, 0)


@pytest.mark.parametrize("what", UNPROVEN_PLAIN)
def test_nothing_unproven_is_kept_from_a_sender_that_signs_in_one_header(what: str, zenith: str, database: psycopg.Connection) -> None:
    headers = [(name.encode(), value.encode("latin-1")) for name, value in UNPROVEN_PLAIN[what]().items()]
    response = httpx.post(zenith, headers=headers, content=BODY)
    assert (response.status_code, response.json(), kept(database)) == (401, REFUSED, 0)


@pytest.mark.parametrize("name", ["nobody", "Acme", "acme%20", "..", "a" * 300, "ümlaut"])
def test_an_unknown_source_is_told_what_a_wrong_signature_is_told(name: str, site: str, acme: str) -> None:
    wrong = post(acme, signed(secret=OTHER_SECRET))
    unknown = post(f"{site}/webhooks/{name.replace('..', '%2E%2E')}", signed())
    assert (unknown.status_code, unknown.content) == (wrong.status_code, wrong.content) == (401, b'{"status":"refused"}')
    assert set(unknown.headers) == set(wrong.headers)


BROKEN_CONNECTIONS: dict[str, dict[str, Any]] = {
    "no secret": {},
    "an empty secret": {"password": ""},
    "a secret that could be guessed": {"password": "whsec_c2hvcnQ="},
    "a secret that is no base64": {"password": "this is no base64, is it?"},
    "a misspelt field": {"password": SECRET, "extra": {"previous_secrets": OTHER_SECRET}},
    "a scheme that there is not": {"password": SECRET, "extra": {"scheme": "none"}},
    "a short plain secret": {"password": "short", "extra": {"scheme": "plain"}},
}


@pytest.mark.parametrize("what", BROKEN_CONNECTIONS)
def test_a_connection_that_is_not_in_order_lets_nobody_in_and_says_why_in_the_log_alone(
    what: str, site: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    connect("webhook_acme", **BROKEN_CONNECTIONS[what])
    response = post(f"{site}/webhooks/acme", signed())
    assert (response.status_code, response.json()) == (401, REFUSED)
    assert "webhook_acme" in caplog.text


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b"3", b'{"a": NaN}', b"\xff\xfe", b'{"a": 1', b"[" * 100_000], ids=repr)
def test_only_json_objects_are_taken(body: bytes, zenith: str, database: psycopg.Connection) -> None:
    response = post(zenith, signed_plainly(body), body)
    assert (*told(response), kept(database)) == (400, "unreadable", 0)


@pytest.mark.parametrize("body", [b'{"a": "\\u0000"}', b'{"a": 1e999999}', b'{"id": true}', b'{"id": ""}', b'{"other": 1}', b'{"id": {}}'])
def test_what_could_not_be_found_again_or_not_be_held_is_refused(body: bytes, zenith: str, database: psycopg.Connection) -> None:
    given = body.replace(b"{", b'{"id": "evt_1", ', 1) if b'"a"' in body else body
    assert (*told(post(zenith, signed_plainly(given), given)), kept(database)) == (400, "unreadable", 0)


def test_an_id_is_255_characters_long_at_most(acme: str) -> None:
    assert told(post(acme, signed(event_id="e" * 255))) == (200, "accepted")
    assert told(post(acme, signed(event_id="e" * 256))) == (400, "unreadable")


@pytest.mark.parametrize("counted", [True, False], ids=["with its length", "without its length"])
def test_a_body_has_256_kib_at_most(counted: bool, acme: str, database: psycopg.Connection) -> None:
    largest = json.dumps({"text": "x" * (LARGEST_BODY - len('{"text": ""}'))}).encode()

    def send(body: bytes) -> httpx.Response:
        pieces = (body[start : start + 65_536] for start in range(0, len(body), 65_536))
        return httpx.post(acme, headers=signed(body), content=body if counted else pieces)

    assert told(send(largest + b" ")) == (413, "too large")
    assert (*told(send(largest)), kept(database)) == (200, "accepted", 1)


def test_a_body_that_does_not_arrive_is_not_waited_for(acme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbooks.ui.inbox.PATIENCE", 0.1)
    address = urlsplit(acme)
    with socket.create_connection((address.hostname, address.port), timeout=30) as wire:
        wire.sendall(f"POST {address.path} HTTP/1.1\r\nHost: here\r\nContent-Length: 100\r\n\r\n{{".encode())
        assert wire.recv(100).startswith(b"HTTP/1.1 408 ")


# -- secrets ----------------------------------------------------------------------------------------------------------------------------


def test_while_a_secret_is_rotated_both_are_good_and_afterwards_the_old_one_is_not(acme: str, connect: Connect) -> None:
    connect("webhook_acme", password=OTHER_SECRET, extra={"previous_secret": SECRET})
    assert told(post(acme, signed(event_id="evt_1", secret=OTHER_SECRET))) == (200, "accepted")
    assert told(post(acme, signed(event_id="evt_2", secret=SECRET))) == (200, "accepted")
    connect("webhook_acme", password=OTHER_SECRET)
    assert told(post(acme, signed(event_id="evt_3", secret=OTHER_SECRET))) == (200, "accepted")
    assert told(post(acme, signed(event_id="evt_4", secret=SECRET))) == (401, "refused")


def test_a_plain_secret_is_rotated_on_either_side(zenith: str, connect: Connect) -> None:
    extra = {"scheme": "plain", "signature_header": "Zenith-Signature", "previous_secret": PLAIN_SECRET}
    connect("webhook_zenith", password=OTHER_SECRET, extra=extra)
    assert told(post(zenith, signed_plainly(secret=PLAIN_SECRET))) == (200, "accepted")
    both = f"{signed_plainly()['Zenith-Signature']},v1={'0' * 64}"  # the sender signs with both of its secrets
    assert told(post(zenith, {"Zenith-Signature": both})) == (200, "duplicate")


def test_neither_secrets_nor_signatures_nor_bodies_get_into_logs_or_answers(
    acme: str, zenith: str, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connect("webhook_acme", password=SECRET, extra={"previous_secret": OTHER_SECRET})
    secret_body = b'{"id": "evt_5", "iban": "DE02120300000000202051", "big": 1e999999}'
    other = BODY.replace(b"119.00", b"911.00")
    tries = [
        *(
            post(acme, signed()),
            post(acme, signed()),
            post(acme, signed(other), other),
            post(acme, signed(secret=THIRD_SECRET)),
        ),
        *(post(zenith, signed_plainly(secret_body), secret_body), post(zenith, signed_plainly(secret=SECRET)), post(zenith, {})),
    ]
    assert [each.status_code for each in tries] == [200, 200, 409, 401, 400, 401, 401]
    seen = caplog.text + "".join(f"{each.headers}{each.text}" for each in tries)
    hidden = [SECRET, OTHER_SECRET, PLAIN_SECRET, "DE02120300000000202051", "911.00", signed()["webhook-signature"]]
    assert [each for each in hidden if each in seen] == []
    assert "evt_1" in caplog.text


def test_airflow_masks_both_secrets_wherever_they_might_be_logged(acme: str, connect: Connect) -> None:
    connect("webhook_acme", password=OTHER_SECRET, extra={"previous_secret": THIRD_SECRET})
    assert told(post(acme, signed())) == (401, "refused")
    assert redact(f"first {OTHER_SECRET}, then {THIRD_SECRET}") == "first ***, then ***"


# -- the database -----------------------------------------------------------------------------------------------------------------------


def test_while_the_staging_database_is_down_the_sender_is_asked_to_repeat(site: str, connect: Connect, tmp_path: Any) -> None:
    connect("webhook_acme", password=SECRET)
    connect("airbooks_staging", conn_type="postgres", host=str(tmp_path), login="postgres", schema="gone")
    response = post(f"{site}/webhooks/acme", signed())
    assert told(response) == (503, "try again")
    assert int(response.headers["Retry-After"]) > 0
    assert told(post(f"{site}/webhooks/acme", signed(secret=OTHER_SECRET))) == (401, "refused")


def test_a_database_without_the_schema_is_a_reason_to_repeat(site: str, connect: Connect, empty_postgres_url: str) -> None:
    connect("webhook_acme", password=SECRET)
    found = psycopg.conninfo.conninfo_to_dict(empty_postgres_url)
    connect("airbooks_staging", conn_type="postgres", host=found["host"], login="postgres", schema=found["dbname"])
    assert told(post(f"{site}/webhooks/acme", signed())) == (503, "try again")


def test_nothing_is_acknowledged_that_is_not_committed(acme: str, database: psycopg.Connection) -> None:
    database.execute("CREATE FUNCTION break_it() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE disk_full; END $$")
    database.execute(
        "CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON airbooks.inbox_event DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION break_it()"
    )
    assert (*told(post(acme, signed())), kept(database)) == (503, "try again", 0)
    database.execute("DROP TRIGGER at_commit ON airbooks.inbox_event")
    assert (*told(post(acme, signed())), kept(database)) == (200, "accepted", 1)


def test_connections_that_the_server_has_cut_are_replaced_unnoticed(acme: str, database: psycopg.Connection) -> None:
    post(acme, signed(event_id="evt_1"))
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    assert (*told(post(acme, signed(event_id="evt_2"))), kept(database)) == (200, "accepted", 2)


def test_more_events_than_the_database_can_take_are_asked_to_come_again(acme: str, staging: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbooks.ui.inbox.PATIENCE", 0.5)
    monkeypatch.setattr("airbooks.ui.inbox.STATEMENT_TIMEOUT", "60s")
    with psycopg.connect(staging) as blocker, ThreadPoolExecutor(MOST_CONNECTIONS + 1) as crowd:
        blocker.execute("LOCK TABLE airbooks.inbox_event IN ACCESS EXCLUSIVE MODE")
        answers = [crowd.submit(post, acme, signed(event_id=f"evt_{number}")) for number in range(MOST_CONNECTIONS + 1)]
        (first,) = wait(answers, return_when=FIRST_COMPLETED).done
        assert told(first.result()) == (503, "try again")
        blocker.rollback()
        assert sorted(told(each.result()) for each in answers) == [(200, "accepted")] * MOST_CONNECTIONS + [(503, "try again")]


# -- a provider at work -----------------------------------------------------------------------------------------------------------------


def test_a_provider_that_delivers_twice_and_out_of_order_leaves_each_event_once(acme: str, database: psycopg.Connection) -> None:
    provider = PaymentProvider(acme, Signer(secret=SECRET), seed=7)
    paid = provider.payment(Movement(id="pay_1", amount=Decimal("119.00"), fee=Decimal("2.14"), currency="EUR", reference="EU-SI-000123"))
    events = [paid, provider.refund(paid), provider.charge_back(paid), provider.fee(amount=Decimal(5), currency="EUR", reference="monthly")]
    assert set(provider.deliver(events, twice=True, shuffled=True)) == {200}
    rows = database.execute("SELECT event_id, body ->> 'type' FROM airbooks.inbox_event").fetchall()
    assert sorted(rows) == sorted((each.id, each.type) for each in events)
    assert (
        one(database, "SELECT body #>> '{data,reverses}' FROM airbooks.inbox_event WHERE body ->> 'type' = 'payment.refunded'") == "pay_1"
    )
