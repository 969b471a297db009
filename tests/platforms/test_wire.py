"""The wire: what did not happen is tried again, what may have happened is not, and no error says a secret."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.platforms.scripted import answer, reset, scripted, truncated, unused_url

from airbooks.platforms import wire as wire_module
from airbooks.platforms.errors import Action, ConfigurationError, ErrorRule, Outcome, PlatformError
from airbooks.platforms.wire import Complaint, Reply, Request, Wire, base_url, from_json, retry_after_seconds, to_json

SECRET = "s3cr3t-token-value"


class Recorder:
    """A budget that notes what was asked of it and never waits."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.over = 0
        self.penalties: list[float] = []

    def sibling(self) -> Recorder:
        return self

    def answered(self) -> None:
        self.over += 1

    def take(self, scope: str = "call") -> None:
        self.taken.append(scope)

    def penalise(self, seconds: float) -> None:
        self.penalties.append(seconds)


def complaint(reply: Reply) -> Complaint | None:
    """The documented form of this test's platform: `{"error": {...}}`, also inside HTTP 200."""
    body = reply.json()
    if "error" in body:
        return Complaint(code=body["error"].get("code", ""), message=body["error"]["message"])
    return None


RULES = (
    ErrorRule(name="period closed", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN, codes=("6210",)),
    ErrorRule(name="exists already", action=Action.LOOK_UP, outcome=Outcome.DID_NOT_HAPPEN, codes=("6140",)),
)


class Client:
    """A wire with its budget, its authorisation and how often that was renewed."""

    def __init__(self, read_timeout: float = 20.0) -> None:
        self.budget, self.renewed = Recorder(), 0
        self.wire = Wire(
            platform="paper",
            rules=RULES,
            budget=self.budget,
            read_timeout=read_timeout,
            secrets=lambda: (SECRET,),
            read_complaint=complaint,
            request_id=lambda reply: reply.headers.get("x-request-id", ""),
        )

    def authorise(self) -> Mapping[str, str]:
        return {"Authorization": f"Token {SECRET}{self.renewed}"}

    def renew(self) -> None:
        self.renewed += 1

    def send(self, url: str, *, method: str = "POST", **fields: Any) -> Reply:
        return self.wire.send(Request(method=method, url=url, **fields), self.authorise, self.renew)

    def refused(self, url: str, **fields: Any) -> PlatformError:
        with pytest.raises(PlatformError) as caught:
            self.send(url, **fields)
        return caught.value


@pytest.fixture
def client() -> Iterator[Client]:
    made = Client()
    yield made
    made.wire.close()


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses between repeats, noted instead of slept."""
    noted: list[float] = []
    monkeypatch.setattr(time, "sleep", noted.append)
    return noted


def meaning(error: PlatformError) -> tuple[Action, Outcome]:
    return error.action, error.outcome


def test_a_refused_connection_did_not_happen_and_is_tried_again(client: Client, pauses: list[float]) -> None:
    error = client.refused(unused_url())
    assert meaning(error) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
    assert client.budget.taken == ["call"] * 4
    assert client.budget.over == 4
    assert len(pauses) == 3


@pytest.mark.parametrize("break_off", [reset, truncated()], ids=["reset", "truncated"])
def test_a_write_whose_answer_is_lost_is_unknown_and_never_repeated(client: Client, break_off: Any) -> None:
    with scripted(break_off, answer()) as server:
        error = client.refused(server.url, content=b"{}")
        assert meaning(error) == (Action.LOOK_UP, Outcome.UNKNOWN)
        assert len(server.asked) == 1


def test_a_write_that_is_answered_too_late_is_unknown() -> None:
    with scripted() as server:
        server.steps.append(server.silence)
        impatient = Client(read_timeout=0.2)
        assert meaning(impatient.refused(server.url)) == (Action.LOOK_UP, Outcome.UNKNOWN)
        assert len(server.asked) == 1
        impatient.wire.close()


def test_a_read_whose_answer_is_lost_is_repeated(client: Client) -> None:
    with scripted(reset, answer(503, b"{}"), answer(body=b'{"id": 7}')) as server:
        assert client.send(server.url, method="GET", read=True).json() == {"id": 7}
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    "unreadable",
    [
        answer(body=b""),
        answer(body=b'{"id": 1'),
        answer(body=b"<html>Bad gateway</html>"),
        answer(body=b"not gzip", Content_Encoding="gzip"),
        answer(body=b'{"error": {}}'),
    ],
    ids=["empty", "cut JSON", "HTML", "broken encoding", "error without a message"],
)
def test_a_good_status_with_an_unreadable_body_is_unknown(client: Client, unreadable: Any) -> None:
    with scripted(unreadable) as server:
        error = client.refused(server.url)
        assert meaning(error) == (Action.LOOK_UP, Outcome.UNKNOWN)
        assert len(server.asked) == 1


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_failure_of_the_platform_is_unknown(client: Client, status: int) -> None:
    with scripted(answer(status, b"<html>gateway</html>")) as server:
        error = client.refused(server.url)
        assert meaning(error) == (Action.LOOK_UP, Outcome.UNKNOWN)
        assert (error.status, len(server.asked)) == (status, 1)


@pytest.mark.parametrize(("status", "action"), [(400, Action.REVIEW), (403, Action.STOP), (404, Action.REVIEW)])
def test_a_refusal_did_not_happen(client: Client, status: int, action: Action) -> None:
    with scripted(answer(status, b'{"error": {"code": "E1", "message": "No such item"}}', X_Request_Id="r-77")) as server:
        error = client.refused(server.url)
        assert meaning(error) == (action, Outcome.DID_NOT_HAPPEN)
        assert str(error).endswith(f"HTTP {status}, code E1, request r-77: No such item")


def test_a_write_that_is_refused_because_it_is_there_already_is_asked_for_once(client: Client, pauses: list[float]) -> None:
    with scripted(answer(400, b'{"error": {"code": "6140", "message": "number in use"}}')) as server:
        assert meaning(client.refused(server.url)) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
        assert (len(server.asked), pauses) == (1, [])


def test_an_error_inside_http_200_is_an_error(client: Client) -> None:
    with scripted(answer(200, b'{"error": {"code": "6210", "message": "closed"}}')) as server:
        error = client.refused(server.url)
        assert (error.rule.name, meaning(error)) == ("period closed", (Action.REVIEW, Outcome.DID_NOT_HAPPEN))


def test_a_redirect_is_not_followed_so_credentials_stay_where_they_belong(client: Client) -> None:
    with scripted(answer()) as elsewhere, scripted(answer(302, b"{}", Location=elsewhere.url)) as server:
        assert client.refused(server.url).status == 302
        assert elsewhere.asked == []


def test_throttling_is_waited_out_and_tried_again(client: Client) -> None:
    with scripted(answer(429, b"{}", Retry_After="3"), answer(429, b"{}"), answer(body=b'{"id": 1}')) as server:
        assert client.send(server.url).json() == {"id": 1}
        assert client.budget.penalties[0] == 3.0
        assert client.budget.penalties[1] > 0
        assert len(server.asked) == 3


def test_an_absurd_retry_after_is_handed_on_instead_of_waited_for(client: Client) -> None:
    with scripted(answer(429, b"{}", Retry_After="86400")) as server:
        error = client.refused(server.url)
        assert (meaning(error), error.retry_after) == ((Action.WAIT, Outcome.DID_NOT_HAPPEN), 86400.0)
        assert (len(server.asked), client.budget.penalties) == (1, [])


def test_endless_throttling_ends(client: Client) -> None:
    with scripted(answer(429, b"{}", Retry_After="1")) as server:
        assert client.refused(server.url).action is Action.WAIT
        assert len(server.asked) == 4


def test_a_stale_token_is_renewed_once_and_the_call_repeated(client: Client) -> None:
    with scripted(answer(401, b"{}"), answer(body=b'{"id": 1}')) as server:
        assert client.send(server.url).json() == {"id": 1}
        assert [asked.headers["authorization"] for asked in server.asked] == [f"Token {SECRET}0", f"Token {SECRET}1"]


def test_a_token_that_stays_refused_is_not_renewed_for_ever(client: Client) -> None:
    with scripted(answer(401, b"{}")) as server:
        assert client.refused(server.url).action is Action.RENEW
        assert (client.renewed, len(server.asked)) == (1, 2)


def test_every_attempt_draws_on_the_budget_of_its_scope(client: Client) -> None:
    with scripted(answer(429, b"{}", Retry_After="1"), answer()) as server:
        client.send(server.url, scope="batch")
        assert client.budget.taken == ["batch", "batch"]
        assert client.wire.calls == 2


def test_no_error_says_a_secret(client: Client) -> None:
    echo = json.dumps({"error": {"message": f"bad token {SECRET}0"}, "refresh_token": "another-one", "headers": f"Bearer {SECRET}"})
    with scripted(answer(400, echo.encode())) as server:
        error = client.refused(f"{server.url}/?access_token={SECRET}")
        for text in (str(error), repr(error), error.body, error.message):
            assert SECRET not in text
            assert "another-one" not in text


@pytest.mark.parametrize("stray", ["\n", "é"])
def test_a_secret_that_cannot_be_a_header_is_not_shown_and_nothing_is_sent(stray: str) -> None:
    client = Client()
    client.authorise = lambda: {"X-Api-Key": f"{SECRET}{stray}"}  # type: ignore[method-assign]
    with scripted(answer()) as server:
        error = client.refused(server.url)
        assert meaning(error) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
        assert SECRET not in f"{error} {error!r} {error.body}"
        assert server.asked == []
    client.wire.close()


def test_a_body_is_bounded_even_when_it_is_packed(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_module, "ANSWER_LIMIT", 100_000)
    with scripted(answer(body=gzip.compress(b"0" * 10_000_000), Content_Encoding="gzip")) as server:
        error = client.refused(server.url)
        assert error.outcome is Outcome.UNKNOWN
        assert "larger than 100000 bytes" in str(error)


def test_one_session_serves_all_calls_and_can_be_closed(client: Client) -> None:
    with scripted(answer(body=b'{"n": 1}')) as server:
        assert [client.send(server.url, method="GET", read=True).json()["n"] for _ in range(3)] == [1, 1, 1]


@given(
    st.recursive(
        st.decimals(allow_nan=False, allow_infinity=False, places=6) | st.text(), lambda some: st.lists(some, max_size=3), max_leaves=5
    )
)
def test_decimals_cross_json_in_both_directions_to_the_last_digit(value: Any) -> None:
    assert from_json(to_json({"value": value}))["value"] == value


def test_an_amount_is_an_exact_json_number() -> None:
    assert to_json({"amount": Decimal("12345678901234567.89")}) == b'{"amount":12345678901234567.89}'
    assert from_json(b'{"amount": 0.1, "rate": 1.000000000000000001}') == {
        "amount": Decimal("0.1"),
        "rate": Decimal("1.000000000000000001"),
    }


@pytest.mark.parametrize("text", [b"", b"{", b"nan", b"[1,]", b"\xff"])
def test_broken_json_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError, match="not JSON"):
        from_json(text)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        ("1.5", 1.5),
        (formatdate(1_000_060, usegmt=True), 60.0),
        (formatdate(999_000, usegmt=True), 0.0),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after_seconds({"retry-after": value}, 1_000_000.0) == seconds


@pytest.mark.parametrize(
    ("host", "schema", "port", "root"),
    [
        ("api.example.com", "", None, "https://api.example.com"),
        ("https://api.example.com/v3/", "", None, "https://api.example.com/v3"),
        ("http://127.0.0.1:8080/paper", "", None, "http://127.0.0.1:8080/paper"),
        ("localhost", "http", 8080, "http://localhost:8080"),
        ("erp.example.com", "https", 8443, "https://erp.example.com:8443"),
    ],
)
def test_the_root_url_of_a_connection(host: str, schema: str, port: int | None, root: str) -> None:
    assert base_url(host, schema, port) == root


def test_credentials_do_not_travel_over_plain_http_unless_somebody_says_so() -> None:
    with pytest.raises(ConfigurationError, match="is not https"):
        base_url("http://erp.example.com", "", None)
    assert base_url("http://erp.example.com", "", None, allow_http=True) == "http://erp.example.com"
