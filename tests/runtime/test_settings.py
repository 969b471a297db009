"""A local run's settings: secrets of its own, loopback only, nothing inherited from another Airflow."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from airbooks.runtime.control import require_space
from airbooks.runtime.errors import SetupError
from airbooks.runtime.settings import Stack, require_free, steady_port


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(state=tmp_path / "state", ui_port=18080, sandbox_port=18099)


def test_secrets_are_made_once_and_kept_private(stack: Stack) -> None:
    again = Stack(state=stack.state, ui_port=1, sandbox_port=2)
    assert stack.secrets == again.secrets
    assert (stack.state / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_two_state_folders_share_no_secret(stack: Stack, tmp_path: Path) -> None:
    other = Stack(state=tmp_path / "other", ui_port=18080, sandbox_port=18099)
    assert stack.secrets.admin_password != other.secrets.admin_password


def test_secrets_do_not_show_themselves(stack: Stack) -> None:
    assert stack.secrets.admin_password not in repr(stack.secrets) + repr(stack)


def test_airflow_listens_on_loopback_and_ignores_settings_of_another_airflow(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_PRODUCTION", "postgres://production")
    environment = stack.airflow_environment()
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AIRFLOW_CONN_PRODUCTION" not in environment


def test_the_parts_reach_each_other_although_the_network_has_a_proxy(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", ".example")
    environment = stack.airflow_environment()
    assert environment["NO_PROXY"] == environment["no_proxy"] == ".example,127.0.0.1,localhost"


def test_a_stack_survives_the_way_to_its_supervisor(stack: Stack) -> None:
    assert Stack.from_json(stack.to_json()) == stack


def test_a_busy_port_is_named_with_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SetupError, match=rf"Port {port}, wanted for Airflow's pages, is not free.*UI_PORT"):
            require_free(port, "Airflow's pages", "make up UI_PORT=...")


def test_the_sandbox_keeps_its_port_unless_somebody_took_it(tmp_path: Path) -> None:
    port = steady_port(tmp_path)
    assert steady_port(tmp_path) == port
    with socket.create_server(("127.0.0.1", port)):
        assert steady_port(tmp_path) != port


def test_a_full_disk_is_reported_before_anything_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbooks.runtime.control.NEEDED_SPACE", 10**18)
    with pytest.raises(SetupError, match="MB left"):
        require_space(tmp_path)
