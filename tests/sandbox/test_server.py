"""What people and tests can ask the sandbox about its platforms."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from airbooks import paths
from airbooks.sandbox.requests import BODY_LIMIT
from airbooks.sandbox.server import Sandbox, available, running

INVOICE = {"number": "US-SI-000001", "total": "108.25"}


def test_a_platform_is_found_by_its_folder() -> None:
    assert "paper" in available()


def test_the_books_show_what_was_booked_with_amounts_as_text(http: httpx.Client) -> None:
    http.post("/paper/invoices", json=INVOICE)
    (document,) = http.get("/__sandbox__/books/paper").json()["documents"]
    assert (document["our_number"], document["total"], document["currency"]) == ("US-SI-000001", "108.25", "USD")


def test_the_request_log_tells_method_path_status_and_fault(paper: Sandbox, http: httpx.Client) -> None:
    http.post("/paper/invoices?draft=no", json=INVOICE)
    paper.inject("paper", "error_after_commit", status=504)
    http.post("/paper/invoices", json=INVOICE)
    seen = [(row["method"], row["path"], row["status"], row["fault"]) for row in http.get("/__sandbox__/requests/paper").json()]
    assert seen == [("POST", "/paper/invoices?draft=no", 201, None), ("POST", "/paper/invoices", 504, "error_after_commit")]


def test_the_request_log_shows_no_secret(http: httpx.Client) -> None:
    http.post(
        "/paper/invoices?access_token=one-time",
        json={**INVOICE, "client_secret": "blotting-paper", "memo": "sealed with ink-and-quill"},
        headers={"Authorization": "Bearer wax-seal", "X-Api-Key": "wax-seal"},
    )
    http.post("/paper/invoices", content="<login><password>wax-seal</password></login>")
    http.post("/paper/invoices", content="grant_type=refresh_token&refresh_token=wax-seal")
    shown = http.get("/__sandbox__/requests/paper").text
    assert not [secret for secret in ("one-time", "blotting-paper", "ink-and-quill", "wax-seal") if secret in shown]
    assert "US-SI-000001" in shown


def test_the_request_log_keeps_a_bounded_part_of_a_body(paper: Sandbox, http: httpx.Client) -> None:
    http.post("/paper/invoices", json={**INVOICE, "memo": "x" * 3 * BODY_LIMIT})
    assert len(paper.requests("paper")[0].body) == BODY_LIMIT


def test_connections_reach_the_simulators(http: httpx.Client) -> None:
    host = http.get("/__sandbox__/connections").json()["paper"]["host"]
    assert httpx.post(f"{host}/invoices", json=INVOICE).status_code == 201


def test_faults_are_injected_listed_and_cleared_over_http(http: httpx.Client) -> None:
    wire = {"slug": "paper", "kind": "error_before_commit", "parameters": {"times": 2}}
    assert http.post("/__sandbox__/faults", json=wire).status_code == 201
    assert http.post("/__sandbox__/faults", json={"slug": "paper", "kind": "journal_full"}).status_code == 201
    assert http.post("/paper/invoices", json=INVOICE).status_code == 503
    armed = http.get("/__sandbox__/faults").json()
    assert (armed["wire"][0]["struck"], list(armed["platforms"]["paper"])) == (1, ["journal_full"])
    http.delete("/__sandbox__/faults")
    assert http.post("/paper/invoices", json=INVOICE).status_code == 201


@pytest.mark.parametrize("body", [{"kind": "no_such_fault"}, {"kind": "rate_limited", "parameters": {"retry_afterr": "7"}}])
def test_an_unknown_fault_is_refused(http: httpx.Client, body: dict[str, object]) -> None:
    assert http.post("/__sandbox__/faults", json={"slug": "paper", **body}).status_code == 422


def test_a_platforms_clock_can_be_moved(paper: Sandbox, http: httpx.Client) -> None:
    http.put("/__sandbox__/clock/paper", json={"seconds": -300})
    assert paper.simulators["paper"].clock.offset.total_seconds() == -300


def test_an_unknown_platform_is_not_found(http: httpx.Client) -> None:
    assert http.get("/__sandbox__/books/abacus").status_code == 404


def test_the_books_survive_a_restart(tmp_path: Path) -> None:
    with running(["paper"], folder=tmp_path) as first:
        httpx.post(f"{first.base_url('paper')}/invoices", json=INVOICE)
    with running(["paper"], folder=tmp_path) as second:
        assert [document.our_number for document in second.books("paper").documents] == ["US-SI-000001"]
        assert httpx.post(f"{second.base_url('paper')}/invoices", json=INVOICE).json()["id"] == "P2"


def test_a_busy_port_is_refused_before_anything_starts() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Sandbox(["paper"], port=taken.getsockname()[1])


def test_the_simulators_sell_the_catalogue(paper: Sandbox) -> None:
    assert "CMP-RS-11" in paper.simulators["paper"].store.table("items")


def test_the_command_tells_of_a_busy_port_in_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "airbooks.cli", "sandbox", "--port", port, "--platforms", ""]
        done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(paths.PLUGINS)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == f"Port {port} is taken: Address already in use\n"
