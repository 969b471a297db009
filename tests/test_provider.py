"""What a person sees when adding a connection: every platform by name, its own fields, Airflow's other fields hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import airflow
import jsonschema
import pytest
from tests.in_airflow import ask

from airbooks.platforms import registry
from airbooks.provider import get_provider_info
from airbooks.sandbox.server import running

AIRFLOW = Path(airflow.__file__).parent
FORMS = """
import json
from airflow.api_fastapi.core_api.services.ui.connections import HookMetaService
print(json.dumps([each.model_dump(mode="json") for each in HookMetaService.hook_meta_data()]))
"""
HOOKS = """
import json
from airflow.providers_manager import ProvidersManager
hooks = ProvidersManager().hooks
print(json.dumps({name: [info.hook_name, info.hook_class_name, info.connection_testable]
                  for name, info in hooks.items() if info and info.package_name == "airbooks"}))
"""

TEST_CONNECTIONS = """
import json
from airflow.models import Connection
from airbooks.platforms import registry
print(json.dumps({slug: Connection.get_connection_from_secrets(f"{slug}_books").test_connection() for slug in registry.slugs()}))
"""


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The connection forms as Airflow's API gives them to the UI, by connection type."""
    found = ask(FORMS, tmp_path_factory.mktemp("airflow"), installed=True)
    return {each["connection_type"]: each for each in found}


@pytest.fixture(scope="module")
def hooks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Name, class and testability of our hooks as Airflow's providers manager imports them."""
    found: dict[str, Any] = ask(HOOKS, tmp_path_factory.mktemp("airflow"), installed=True)
    return found


@pytest.mark.parametrize("schema", ["provider_info.schema.json", "provider.yaml.schema.json"])
def test_the_provider_info_is_what_airflow_asks_for(schema: str) -> None:
    whole = json.loads((AIRFLOW / schema).read_text())
    info = get_provider_info()
    jsonschema.validate(info["connection-types"], whole["properties"]["connection-types"])
    if schema == "provider_info.schema.json":
        jsonschema.validate(info, whole)


@pytest.mark.parametrize("slug", registry.slugs())
def test_the_form_of_a_platform_has_its_own_labels_and_hides_the_rest(slug: str, forms: dict[str, Any]) -> None:
    spec, form = registry.spec(slug), forms[slug]
    assert form["hook_name"] == spec.title
    assert form["hook_class_name"] == spec.hook_path
    used = {each.name: each for each in spec.standard_fields if each.label}
    for name in ("host", "login", "password", "port"):
        assert_standard_field(form["standard_fields"][name], used.get(name))
    assert_standard_field(form["standard_fields"]["url_schema"], used.get("schema"))


def assert_standard_field(shown: dict[str, Any] | None, wanted: Any) -> None:
    if wanted is None:
        assert shown is not None
        assert shown["hidden"] is True
    else:
        assert shown is not None
        assert (shown["hidden"], shown["title"]) == (False, wanted.label)
        assert (shown["placeholder"] or "") == wanted.placeholder


@pytest.mark.parametrize("slug", registry.slugs())
def test_the_form_of_a_platform_has_every_field_of_its_own(slug: str, forms: dict[str, Any]) -> None:
    extra = forms[slug]["extra_fields"]
    fields = {each.name: each for each in registry.spec(slug).form}
    assert set(extra) == set(fields)
    for name, field in fields.items():
        shown = extra[name]
        assert shown["schema"]["title"] == field.label
        assert (shown["description"] or "").startswith(field.help)
        assert shown["value"] == field.default or str(field.default) in shown["description"]
        assert shown["value"] != "***"
        assert shown["schema"].get("enum", []) == list(field.choices)
        assert (shown["schema"].get("format") == "password") is field.secret
        assert ("null" in shown["schema"]["type"]) is not field.required


@pytest.mark.parametrize("slug", registry.slugs())
def test_airflow_finds_the_hook_of_a_connection_and_can_test_it(slug: str, hooks: dict[str, Any]) -> None:
    spec = registry.spec(slug)
    assert hooks[slug] == [spec.title, spec.hook_path, True]


@pytest.mark.parametrize("wrong", [False, True], ids=["right", "wrong password"])
def test_the_test_button_reaches_every_platform(tmp_path: Path, wrong: bool) -> None:
    with running(registry.slugs()) as sandbox:
        stored = {}
        for slug, simulator in sandbox.simulators.items():
            connection = {**simulator.connection(), **({"password": "wr0ng-password-of-somebody"} if wrong else {})}
            stored[f"AIRFLOW_CONN_{slug.upper()}_BOOKS"] = json.dumps(connection)
        answers = ask(TEST_CONNECTIONS, tmp_path, installed=True, AIRFLOW__CORE__TEST_CONNECTION="Enabled", **stored)
    assert {slug: works for slug, (works, _) in answers.items()} == dict.fromkeys(registry.slugs(), not wrong), answers
    assert all(says and "wr0ng" not in says for _, says in answers.values())
