"""The airbooks command: what it says of platforms and deliveries, and what it does to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from tests.staging.rows import CONNECTION, add_delivery, add_document, finding, of_delivery, one
from typer.testing import CliRunner

from airbooks.cli import app
from airbooks.platforms import registry
from airbooks.staging.exceptions import open_exceptions

RUNNER = CliRunner()
FACTS = {
    "slug",
    "title",
    "connection_type",
    "hook",
    "operator",
    "capabilities",
    "limits",
    "blueprint_endpoint",
    "real_endpoint",
    "why_they_differ",
}


def test_platforms_as_json_has_every_fact_of_every_platform() -> None:
    result = RUNNER.invoke(app, ["platforms", "--json"])
    listed = json.loads(result.output)
    assert [each["slug"] for each in listed] == list(registry.slugs())
    assert all(each.keys() >= FACTS for each in listed)
    assert all(each["hook"].startswith(f"airbooks.platforms.{each['slug']}.") for each in listed)


def test_check_refuses_a_connection_that_is_not_configured() -> None:
    result = RUNNER.invoke(app, ["check", "quickboks_us"])
    assert result.exit_code == 2
    assert "no connection quickboks_us in routes.yaml" in result.output.replace("\n", " ").replace("│", "").replace("  ", " ")


# -- deliveries -------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def staging(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection]:
    """The staging database as Airflow's environment names it, with a parked, an unknown and a delivered invoice."""
    named = conninfo_to_dict(postgres_url)
    connection = {"conn_type": "postgres", "host": named["host"], "login": named.get("user"), "schema": named["dbname"]}
    monkeypatch.setenv("AIRFLOW_CONN_AIRBOOKS_STAGING", json.dumps(connection))
    with psycopg.connect(postgres_url, autocommit=True) as database:
        rows = [add_delivery(database, add_document(database, f"AU-SI-{n}", state="valid"), state) for n, state in enumerate(STATES)]
        with database.transaction():
            open_exceptions(database, [of_delivery(rows[0], finding("AB-ATTEMPTS", subject="server error", connection=CONNECTION))])
        database.execute("UPDATE airbooks.delivery SET last_error = 'HTTP 503', unknown_since = now()")
        yield database


STATES = ("parked", "unknown", "delivered")


def run(*arguments: str) -> str:
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == 0, result.output
    return result.output


def refused(*arguments: str) -> str:
    result = RUNNER.invoke(app, list(arguments))
    assert result.exit_code == 2
    return " ".join(result.output.replace("│", " ").split())


def states(staging: psycopg.Connection) -> list[Any]:
    return [row[0] for row in staging.execute("SELECT state FROM airbooks.delivery ORDER BY delivery_id")]


def test_waiting_tells_of_everything_that_is_not_delivered(staging: psycopg.Connection) -> None:
    said = run("waiting")
    assert re.search(rf"{CONNECTION}, waiting for a person, AB-ATTEMPTS [0-9a-f]{{32}}: 1, 100.00 AUD", said)
    assert "AU-SI-0  C-1 Harbour Air  100.00 AUD  parked for AB-ATTEMPTS" in said
    assert f"{CONNECTION}, waiting for a look-up: 1, 100.00 AUD" in said
    assert "AU-SI-2" not in said


def test_waiting_as_json_keeps_amounts_exact(staging: psycopg.Connection) -> None:
    listed = json.loads(run("waiting", "--json", "--connection", CONNECTION))
    assert [(each["reason"], each["count"], each["values"]) for each in listed] == [
        ("a look-up", 1, {"AUD": "100.00"}),
        ("a person", 1, {"AUD": "100.00"}),
    ]
    assert listed[1]["lines"][0]["sentence"].startswith("parked for AB-ATTEMPTS")
    assert json.loads(run("waiting", "--json", "--connection", "nowhere")) == []


def test_replay_shows_what_would_go_and_what_not_and_changes_nothing(staging: psycopg.Connection) -> None:
    said = run("replay", "--connection", CONNECTION)
    assert "1 would be sent again:" in said
    assert "AU-SI-0  C-1 Harbour Air  100.00 AUD  parked after 2 attempts, last: HTTP 503" in said
    assert "2 would stay as they are:" in said
    assert "AU-SI-2  C-1 Harbour Air  100.00 AUD  is delivered" in said
    assert states(staging) == list(STATES)


def test_replay_lets_go_what_it_showed_and_says_how_to_send_it_at_once(staging: psycopg.Connection) -> None:
    said = run("replay", "--cause", "AB-ATTEMPTS", "--apply", "--reason", "the server is back", "--by", "ines")
    assert "1 let go again:" in said
    assert """airflow dags trigger hourly_invoice_sync --conf '{"documents": ["AU-SI-0"]}'""" in said
    assert states(staging) == ["pending", "unknown", "delivered"]
    assert one(staging, "SELECT actor || ': ' || (detail ->> 'reason') FROM airbooks.audit_event") == "ines: the server is back"
    assert run("replay", "--cause", "AB-ATTEMPTS", "--apply", "--reason", "once more") == "Nothing fits.\n"


def test_replay_as_json_tells_the_same(staging: psycopg.Connection) -> None:
    listed = json.loads(run("replay", "--document", "AU-SI-0", "--document", "AU-SI-2", "--json"))
    assert (listed["going"], listed["staying"], listed["released"]) == (1, 1, 0)
    assert [(each["goes"], each["lines"][0]["number"]) for each in listed["groups"]] == [(True, "AU-SI-0"), (False, "AU-SI-2")]
    assert listed["groups"][0]["lines"][0]["amount"] == "100.00"


def test_a_replay_of_a_date_begins_with_it(staging: psycopg.Connection) -> None:
    staging.execute("UPDATE airbooks.delivery SET changed_at = '2026-11-02 00:00Z' WHERE state = 'parked'")
    assert "1 would be sent again" in run("replay", "--since", "2026-11-02", "--until", "2026-11-03")
    assert run("replay", "--until", "2026-11-02") == "Nothing fits.\n"
    assert "1 would be sent again" in run("replay", "--since", "2026-11-02T01:00+01:00", "--until", "2026-11-02T00:00:01Z")


def test_a_replay_without_a_selection_or_without_a_reason_is_refused() -> None:
    assert "Say which deliveries" in refused("replay")
    assert "--apply needs a --reason" in refused("replay", "--connection", CONNECTION, "--apply")
    assert "'yesterday' is no time" in refused("replay", "--since", "yesterday")
    assert "since must be before until" in refused("replay", "--since", "2026-11-02", "--until", "2026-11-02")


# -- receivables ------------------------------------------------------------------------------------------------------------------------


def test_open_tells_what_is_open_and_why(staging: psycopg.Connection) -> None:
    staging.execute("UPDATE airbooks.document SET route = ARRAY[%s]", [CONNECTION])
    said = run("open")
    assert re.search(rf"AU-SI-2 .* {CONNECTION}  100.00 AUD of 100.00 open", said), said
    assert "in review: 100.00 AUD" in said
    assert "AU-SI-0" not in run("open", "--document", "AU-SI-2")
    head, *rows = run("open", "--csv", "--document", "AU-SI-2").splitlines()
    assert head.startswith("division,connection,customer")
    assert len(rows) == 1
    assert run("open", "--document", "AU-SI-9").strip() == "Nothing is open."


def test_a_period_that_is_not_locked_cannot_be_opened(staging: psycopg.Connection) -> None:
    assert "AU" in refused("unlock", "AU", "2026-10-01", "--reason", "a late invoice")
    assert "isoformat" in refused("unlock", "AU", "October", "--reason", "a late invoice")
