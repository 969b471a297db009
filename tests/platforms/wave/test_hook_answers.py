"""Answers that the simulator does not give: what moves between two pages, other forms of the same refusal, and schema drift."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.platforms.scripted import Step, answer, scripted
from tests.platforms.wave.documents import refs, sale

from airbooks.canonical import DocumentKind
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.tokens import Token
from airbooks.platforms.wave import WaveHook

INVOICE = DocumentKind.INVOICE
NOBODY: dict[str, Any] = {"business": {"invoices": {"pageInfo": {"currentPage": 1, "totalPages": 0, "totalCount": 0}, "edges": []}}}


def data(body: Any) -> Step:
    return answer(200, json.dumps({"data": body}).encode())


def errors(code: str, message: str = "no", *, status: int = 200, path: tuple[str, ...] = (), body: Any = None) -> Step:
    error = {"message": message, "path": list(path), "extensions": {"id": "e486", "code": code}}
    return answer(status, json.dumps({"errors": [error], "data": body}).encode())


def hook_at(url: str) -> WaveHook:
    account = Account(host=f"{url}/graphql/public", password="token", extra={"business_id": "QnVz"})
    return WaveHook("wave_us", account=account, read_timeout=5)


def products(page: int, pages: int, count: int, *names: str) -> Step:
    edges = [{"node": {"id": f"id-{name}", "name": name, "description": None, "isArchived": False}} for name in names]
    info = {"currentPage": page, "totalPages": pages, "totalCount": count}
    return data({"business": {"products": {"pageInfo": info, "edges": edges}}})


def test_a_list_from_which_a_row_was_removed_between_two_pages_is_read_again() -> None:
    """A is removed after page 1: C moves to page 1, where nobody looks any more."""
    steps = (
        products(1, 2, 4, "A", "B"),
        products(2, 2, 3, "D"),
        products(1, 2, 3, "B", "C"),
        products(2, 2, 3, "D"),
    )
    with scripted(*steps) as server, hook_at(server.url) as hook:
        assert [each.code for each in hook.list_reference(ReferenceKind.ITEM)] == ["B", "C", "D"]


def test_the_token_travels_in_its_header_and_the_document_names_its_operation() -> None:
    with scripted(data(NOBODY)) as server, hook_at(server.url) as hook:
        assert hook.find_invoice("ACD-10045", INVOICE) == []
    (asked,) = server.asked
    assert (asked.method, asked.target, asked.headers["authorization"]) == ("POST", "/graphql/public", "Bearer token")
    assert asked.headers["content-type"] == "application/json"
    body = json.loads(asked.body)
    assert (body["operationName"], body["variables"]["number"]) == ("InvoicesNumbered", "ACD-10045")


@pytest.mark.parametrize(
    "gone",
    [
        data({"business": {"invoice": None}}),
        errors("NOT_FOUND", "Invoice 'x' could not be found.", path=("business", "invoice"), body={"business": {"invoice": None}}),
    ],
    ids=["null", "NOT_FOUND"],
)
def test_an_invoice_that_is_gone_is_none_in_either_form(gone: Step) -> None:
    with scripted(gone) as server, hook_at(server.url) as hook:
        assert hook.get_invoice("x", INVOICE) is None


def test_a_business_that_is_not_found_is_no_missing_invoice() -> None:
    gone = errors("NOT_FOUND", "Business 'x' could not be found.", path=("business",), body={"business": None})
    with scripted(gone) as server, hook_at(server.url) as hook, pytest.raises(PlatformError) as caught:
        hook.get_invoice("x", INVOICE)
    assert caught.value.action is Action.STOP


def create_answered(monkeypatch: pytest.MonkeyPatch, *steps: Step) -> Sent:
    """What becomes of a create whose look-up finds nothing and that is answered so."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with scripted(data(NOBODY), *steps) as server, hook_at(server.url) as hook:
        (sent,) = hook.create_invoices([Sending(key="k", document=sale(), references=refs())])
    return sent


CREATES = [
    (data({"invoiceCreate": {"didSucceed": False, "inputErrors": None, "invoice": None}}), Action.REVIEW, Outcome.DID_NOT_HAPPEN),
    (errors("FORBIDDEN", body={"invoiceCreate": None}), Action.STOP, Outcome.DID_NOT_HAPPEN),
    (errors("GRAPHQL_VALIDATION_FAILED", status=400), Action.STOP, Outcome.DID_NOT_HAPPEN),
    (errors("BAD_USER_INPUT"), Action.REVIEW, Outcome.DID_NOT_HAPPEN),
    (errors("SOMETHING_NEW"), Action.LOOK_UP, Outcome.UNKNOWN),
    (errors("INTERNAL_SERVER_ERROR", status=500), Action.LOOK_UP, Outcome.UNKNOWN),
    (answer(502, b"<html>Bad gateway</html>"), Action.LOOK_UP, Outcome.UNKNOWN),
    (answer(200, b"{}"), Action.LOOK_UP, Outcome.UNKNOWN),
    (data({"invoiceCreate": {"didSucceed": True, "inputErrors": [], "invoice": {"id": "x"}}}), Action.LOOK_UP, Outcome.UNKNOWN),
    (answer(429, b"{}"), Action.WAIT, Outcome.DID_NOT_HAPPEN),
    (answer(401, b""), Action.STOP, Outcome.DID_NOT_HAPPEN),
]


@pytest.mark.parametrize(("step", "action", "outcome"), CREATES)
def test_every_answer_to_a_create_says_whether_it_happened(
    monkeypatch: pytest.MonkeyPatch, step: Step, action: Action, outcome: Outcome
) -> None:
    error = create_answered(monkeypatch, step).error
    assert error is not None
    assert (error.action, error.outcome) == (action, outcome), str(error)


def test_the_support_reference_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    error = create_answered(monkeypatch, errors("INTERNAL_SERVER_ERROR")).error
    assert error is not None
    assert error.request_id == "e486"


def test_a_failure_of_the_token_end_point_says_nothing_about_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """The create was refused for its token and never went out again: there is nothing to look for."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with scripted(data(NOBODY), errors("UNAUTHENTICATED"), answer(503, b"")) as server:
        extra = {"business_id": "QnVz", "refresh_token": "r-1", "token_url": f"{server.url}/oauth2/token/"}
        account = Account(host=f"{server.url}/graphql/public", login="id", extra=extra)
        with WaveHook("wave_us", account=account, read_timeout=5) as hook:
            known = hook.credentials()
            hook.tokens.renew("wave_us", None, lambda _: Token(access="old", refresh="r-1", seed=known.seed), known)
            (sent,) = hook.create_invoices([Sending(key="k", document=sale(), references=refs())])
    assert sent.outcome is Outcome.DID_NOT_HAPPEN, str(sent.error)
    assert [each.target for each in server.asked] == ["/graphql/public", "/graphql/public", "/oauth2/token/"]


def test_a_look_up_that_fails_before_a_create_leaves_nothing_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with scripted(answer(503, b"")) as server, hook_at(server.url) as hook:
        (sent,) = hook.create_invoices([Sending(key="k", document=sale(), references=refs())])
    assert sent.outcome is Outcome.DID_NOT_HAPPEN
    assert all(b"mutation" not in each.body for each in server.asked)
