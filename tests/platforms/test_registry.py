"""The registry: a platform is there because its folder is, and asking for its facts costs no Airflow."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import airbooks.platforms
from airbooks.platforms import registry
from airbooks.platforms.errors import ConfigurationError

ROOMS = Path(airbooks.platforms.__path__[0])


def test_every_folder_with_a_spec_is_a_platform() -> None:
    assert registry.slugs() == tuple(sorted(room.parent.name for room in ROOMS.glob("*/spec.py")))
    assert len(registry.slugs()) >= 1


def test_an_unknown_platform_is_told_the_known_ones() -> None:
    with pytest.raises(ConfigurationError) as caught:
        registry.spec("quickboks")
    assert "'quickboks'" in str(caught.value)
    assert all(slug in str(caught.value) for slug in registry.slugs())


def test_facts_of_all_platforms_cost_neither_airflow_nor_an_http_client() -> None:
    code = (
        "import sys; from airbooks.platforms import registry; from airbooks.provider import get_provider_info\n"
        "assert [registry.spec(slug).slug for slug in registry.slugs()] == list(registry.slugs())\n"
        "assert len(get_provider_info()['connection-types']) == len(registry.slugs())\n"
        "print(sorted({'airflow', 'httpx', 'psycopg', 'sqlalchemy', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOMS.parents[1])}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("slug", registry.slugs())
def test_who_shares_a_limit_is_told_apart_by_fields_that_are_no_secret(slug: str) -> None:
    spec = registry.spec(slug)
    public = {"host", "login", *(each.name for each in spec.form if not each.secret)}
    assert set(spec.limits.app_named_by) <= public
    assert spec.limits.per_app <= {"second", "minute", "day", "batch", "app minute", "concurrent"}
    assert bool(spec.limits.per_app) == bool(spec.limits.app_named_by)


@pytest.mark.parametrize("slug", registry.slugs())
def test_a_platforms_classes_come_when_asked_for(slug: str) -> None:
    spec = registry.spec(slug)
    assert registry.hook_class(slug).__name__ == f"{spec.class_prefix}Hook"
    assert registry.operator_class(slug).__name__ == f"{spec.class_prefix}InvoiceOperator"
