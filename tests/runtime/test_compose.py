"""docker-compose.yaml, checked without a Docker engine: against the part of the compose schema it uses, and for what users rely on."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
import yaml

from airbooks import paths

TEXT = (paths.REPOSITORY / "docker-compose.yaml").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
DURATION = {"type": "string", "pattern": r"^(\d+(us|ms|s|m|h))+$"}
NAME = r"^[a-zA-Z0-9._-]+$"
COMMAND = {"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}
ENVIRONMENT = {
    "type": "object",
    "patternProperties": {r"^[A-Z][A-Z0-9_]*$": {"type": ["string", "number", "null"]}},
    "additionalProperties": False,
}


def closed(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


def named(values: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "patternProperties": {NAME: values}, "additionalProperties": False}


# The part of the Compose Specification's schema (compose-spec.json) that the file uses; everything else is refused.
SERVICE = closed(
    {
        "image": {"type": "string"},
        "build": closed({"context": {"type": "string"}, "dockerfile_inline": {"type": "string"}}, "context"),
        "command": COMMAND,
        "environment": ENVIRONMENT,
        "volumes": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "configs": {"type": "array", "items": closed({"source": {"type": "string"}, "target": {"type": "string"}}, "source")},
        "ports": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "restart": {"enum": ["no", "always", "on-failure", "unless-stopped"]},
        "depends_on": named(
            closed({"condition": {"enum": ["service_started", "service_healthy", "service_completed_successfully"]}}, "condition")
        ),
        "healthcheck": closed(
            {"test": COMMAND, "interval": DURATION, "timeout": DURATION, "retries": {"type": "integer"}, "start_period": DURATION}, "test"
        ),
        "stop_grace_period": DURATION,
        "deploy": closed({"replicas": {"type": "integer"}}),
    },
    "image",
)
SCHEMA = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z0-9][a-z0-9_-]*$"},
        "services": named(SERVICE),
        "volumes": named({"type": "null"}),
        "configs": named(closed({"content": {"type": "string"}}, "content")),
    },
    "patternProperties": {"^x-": {}},
    "additionalProperties": False,
}
SERVICES: dict[str, Any] = COMPOSE["services"]
LONG_RUNNING = sorted(set(SERVICES) - {"migrate"})
SECRET = re.compile(r"PASSWORD$|SECRET$|FERNET_KEY$")


def test_the_file_keeps_the_compose_schema() -> None:
    jsonschema.validate(COMPOSE, SCHEMA)


def test_it_runs_every_part_of_airflow_with_two_celery_workers() -> None:
    assert set(SERVICES) == {"postgres", "redis", "migrate", "api-server", "scheduler", "dag-processor", "triggerer", "worker"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert SERVICES["worker"]["environment"]["AIRFLOW__CORE__EXECUTOR"] == "CeleryExecutor"


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_every_long_running_service_has_a_health_check(service: str) -> None:
    assert SERVICES[service]["healthcheck"]["test"]


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_nothing_starts_before_what_it_needs(service: str) -> None:
    awaited = SERVICES[service].get("depends_on", {})
    assert service in ("postgres", "redis") or awaited["migrate"]["condition"] == "service_completed_successfully"


def test_no_secret_has_a_default() -> None:
    variables = re.findall(r"\$\{(\w+)([^}]*)\}", TEXT)
    secret = [(name, rest) for name, rest in variables if SECRET.search(name)]
    assert secret
    assert not [(name, rest) for name, rest in secret if rest and not rest.startswith(":?")]


def test_no_secret_is_written_into_the_file() -> None:
    written = {
        (name, value) for service in SERVICES.values() for name, value in service.get("environment", {}).items() if SECRET.search(name)
    }
    assert not [name for name, value in written if "${" not in value]


def test_only_the_api_server_listens_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published == {"api-server": ["127.0.0.1:8080:8080"]}


def test_the_image_installs_exactly_the_pinned_requirements() -> None:
    recipe = SERVICES["worker"]["build"]["dockerfile_inline"]
    assert "--require-hashes -r requirements.txt" in recipe
    assert "--no-deps --no-build-isolation --no-index" in recipe
    copied = re.findall(r"^COPY (.*) \S+$", recipe, re.MULTILINE)
    assert all((paths.REPOSITORY / name).exists() for line in copied for name in line.split())


def test_every_part_of_airflow_shares_the_folder_of_statements_and_reports_and_may_write_there() -> None:
    airflow = [service for service in SERVICES.values() if service["image"] == "airbooks:local"]
    folder = SERVICES["worker"]["environment"]["AIRBOOKS_STATE"]
    assert {service["environment"]["AIRBOOKS_STATE"] for service in airflow} == {folder}
    assert all(f"state:{folder}" in service["volumes"] for service in airflow)
    made = re.search(r"mkdir -p (.*) && chown -R airflow:0 (\S+)$", SERVICES["worker"]["build"]["dockerfile_inline"], re.MULTILINE)
    assert made
    assert folder in made[1].split()
    assert folder.startswith(f"{made[2]}/")


def test_every_service_uses_one_volume_name_that_exists() -> None:
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
