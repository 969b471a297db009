"""The airbooks command: what it says of the platforms."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from airbooks.cli import app
from airbooks.platforms import registry

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
