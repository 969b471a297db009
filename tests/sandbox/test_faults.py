"""Every fault of the wire, seen from the client and from the books."""

from __future__ import annotations

import httpx
import pytest

from airbooks.sandbox.server import Sandbox

INVOICE = {"number": "US-SI-000001", "total": "108.25"}
LOST = (httpx.TimeoutException, httpx.NetworkError, httpx.RemoteProtocolError)


def create(http: httpx.Client, timeout: float = 5.0) -> httpx.Response:
    return http.post("/paper/invoices", json=INVOICE, timeout=timeout)


def booked(paper: Sandbox) -> int:
    return len(paper.books("paper").documents)


@pytest.mark.parametrize(("fault", "expected"), [("timeout_before_commit", 0), ("timeout_after_commit", 1)])
def test_a_hanging_platform_times_the_client_out(paper: Sandbox, http: httpx.Client, fault: str, expected: int) -> None:
    paper.inject("paper", fault)
    with pytest.raises(httpx.ReadTimeout):
        create(http, timeout=0.3)
    while not paper.requests("paper"):
        http.get("/__sandbox__/health")
    assert booked(paper) == expected


def test_a_late_commit_is_booked_although_the_client_has_gone(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "late_commit", seconds=0.3)
    with pytest.raises(httpx.ReadTimeout):
        create(http, timeout=0.1)
    while not booked(paper):
        http.get("/paper/invoices")
    assert booked(paper) == 1


@pytest.mark.parametrize(("fault", "expected"), [("reset_before_commit", 0), ("reset_after_commit", 1)])
def test_a_reset_connection_hides_whether_the_invoice_is_booked(paper: Sandbox, http: httpx.Client, fault: str, expected: int) -> None:
    paper.inject("paper", fault)
    with pytest.raises(LOST):
        create(http)
    assert booked(paper) == expected
    assert paper.requests("paper")[-1].status is None


@pytest.mark.parametrize(("fault", "expected"), [("error_before_commit", 0), ("error_after_commit", 1)])
@pytest.mark.parametrize(("html", "content_type"), [(False, "application/json"), (True, "text/html")])
def test_a_gateway_error_hides_whether_the_invoice_is_booked(
    paper: Sandbox, http: httpx.Client, fault: str, expected: int, html: bool, content_type: str
) -> None:
    paper.inject("paper", fault, status=502, html=html)
    answer = create(http)
    assert (answer.status_code, answer.headers["content-type"]) == (502, content_type)
    assert booked(paper) == expected


@pytest.mark.parametrize("retry_after", [None, "7", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_rate_limit_refuses_before_the_commit(paper: Sandbox, http: httpx.Client, retry_after: str | None) -> None:
    paper.inject("paper", "rate_limited", retry_after=retry_after)
    answer = create(http)
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, retry_after)
    assert booked(paper) == 0


def test_a_dripping_answer_arrives_whole(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "slow_drip", seconds=0.001, chunk=3)
    assert create(http).json() == {"id": "P1", "number": "US-SI-000001"}


def test_a_truncated_answer_ends_before_its_promised_length(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "truncated_body")
    with pytest.raises(httpx.RemoteProtocolError):
        create(http)
    assert booked(paper) == 1


def test_a_malformed_answer_has_its_length_but_not_its_meaning(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "malformed_body")
    answer = create(http)
    assert answer.status_code == 201
    with pytest.raises(ValueError, match=r"."):
        answer.json()
    assert booked(paper) == 1


def test_an_empty_answer_keeps_its_status(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "empty_body")
    answer = create(http)
    assert (answer.status_code, answer.content) == (201, b"")
    assert booked(paper) == 1


def test_a_request_delivered_twice_is_handled_twice(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "duplicate_delivery")
    assert create(http).json()["id"] == "P2"
    assert booked(paper) == 2


def test_a_fault_strikes_as_often_as_it_was_told_and_not_before(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "error_before_commit", after=1, times=2)
    assert [create(http).status_code for _ in range(4)] == [201, 503, 503, 201]


@pytest.mark.parametrize(
    "elsewhere",
    [{"method": "GET"}, {"path": "^/payments"}, {"body": "US-SI-000002"}],
)
def test_a_fault_strikes_only_the_calls_it_names(paper: Sandbox, http: httpx.Client, elsewhere: dict[str, str]) -> None:
    paper.inject("paper", "error_before_commit", **elsewhere)
    assert create(http).status_code == 201


def test_a_fault_strikes_the_call_it_names(paper: Sandbox, http: httpx.Client) -> None:
    paper.inject("paper", "error_before_commit", method="POST", path="^/invoices$", body="US-SI-000001")
    assert create(http).status_code == 503


def test_the_same_seed_strikes_the_same_calls(paper: Sandbox, http: httpx.Client) -> None:
    def struck() -> list[int]:
        paper.clear_faults()
        paper.inject("paper", "error_before_commit", times=None, probability=0.5, seed=7)
        return [create(http).status_code for _ in range(20)]

    first = struck()
    assert set(first) == {201, 503}
    assert struck() == first
