"""`airbooks check`: what works, what is missing and what it could have meant, before anything is sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from airflow.sdk.crypto import get_fernet
from cryptography.fernet import Fernet
from psycopg.conninfo import conninfo_to_dict

from airbooks.config import Config, load_config
from airbooks.operators.checking import Checked, check_all
from airbooks.paths import INCLUDE
from airbooks.sandbox.server import Sandbox

SIMULATED = {
    "quickbooks_us": "quickbooks",
    "sage_intacct_uk": "sage_intacct",
    "odoo_au": "odoo",
    "business_central_eu": "business_central",
}


@pytest.fixture
def simulators(sandbox: Callable[..., Sandbox], postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """The four simulators, and Airflow connections to them and to the staging database in the environment."""
    monkeypatch.setenv("AIRFLOW__CORE__FERNET_KEY", Fernet.generate_key().decode())
    get_fernet.cache_clear()
    running = sandbox(*SIMULATED.values(), time_scale=60)
    database = conninfo_to_dict(postgres_url)
    staging = {"conn_type": "postgres", "host": database["host"], "login": database.get("user"), "schema": database["dbname"]}
    monkeypatch.setenv("AIRFLOW_CONN_AIRBOOKS_STAGING", json.dumps(staging))
    for name, slug in SIMULATED.items():
        connect(monkeypatch, name, running.simulators[slug].connection())
    return running


def connect(monkeypatch: pytest.MonkeyPatch, name: str, connection: dict[str, Any]) -> None:
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))


def checked(config: Config, *names: str) -> list[Checked]:
    return list(check_all(config, names))


@pytest.fixture
def config() -> Config:
    return load_config(INCLUDE / "config")


@pytest.mark.usefixtures("simulators")
def test_the_shipped_configuration_is_fit_for_the_simulated_companies(config: Config) -> None:
    found = checked(config, *SIMULATED)
    assert [(each.connection, each.is_fit, each.missing) for each in found] == [(name, True, ()) for name in SIMULATED]
    assert all(each.says for each in found)


@pytest.mark.usefixtures("simulators")
def test_a_mapping_to_a_code_the_platform_does_not_have_is_told_with_what_it_has(config: Config) -> None:
    codes = {**config.codes, ("sage_intacct_uk", "terms"): MappingProxyType({"Net 30": "Nett 30"})}
    (found,) = checked(replace(config, codes=MappingProxyType(codes)), "sage_intacct_uk")
    assert found.works
    assert not found.is_fit
    (sentence,) = found.missing
    assert sentence.startswith("terms Net 30 is mapped to 'Nett 30', which Sage Intacct does not have. It has: Net 30")


def test_a_connection_that_is_not_let_in_says_so_and_the_others_are_tried(
    simulators: Sandbox, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoilt = simulators.simulators["odoo"].connection() | {"password": "0" * 40}
    connect(monkeypatch, "odoo_au", spoilt)
    odoo, quickbooks = checked(config, "odoo_au", "quickbooks_us")
    assert (odoo.works, quickbooks.works) == (False, True)
    assert "0" * 40 not in odoo.says
    assert odoo.says
