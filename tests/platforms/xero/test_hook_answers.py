"""Answers that the simulator does not give: other forms of the same failure, and words that must not be taken for a refusal."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest
from tests.platforms.scripted import Scripted, Step, answer, scripted
from tests.platforms.xero.documents import SETTINGS, bill, refs

from airbooks.canonical import DocumentKind
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.tokens import Token
from airbooks.platforms.xero import XeroHook

INVOICE = DocumentKind.INVOICE
REFUSED = (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
LOST = (Action.LOOK_UP, Outcome.UNKNOWN)


def said(status: int, body: Any) -> Step:
    return answer(status, json.dumps(body).encode(), Content_Type="application/json")


def problem(status: int, detail: str) -> Step:
    return said(status, {"Type": None, "Title": "x", "Status": status, "Detail": detail, "Instance": "i", "Extensions": {}})


def refusal(status: int, words: str) -> Step:
    element = {"InvoiceNumber": "AU-SI-004711", "HasErrors": True, "ValidationErrors": [{"Message": words}]}
    return said(status, {"ErrorNumber": 10, "Type": "ValidationException", "Message": "x", "Elements": [element]})


def row(**more: Any) -> dict[str, Any]:
    """The invoice of `bill()` as Xero shows it."""
    document = bill()
    return {
        "Type": "ACCREC",
        "InvoiceID": "i-1",
        "InvoiceNumber": document.number,
        "Status": "AUTHORISED",
        "SubTotal": float(document.net_total),
        "TotalTax": float(document.tax_total),
        "Total": float(document.gross_total),
        "AmountDue": float(document.gross_total),
        "CurrencyCode": "AUD",
        "DateString": "2026-03-02T00:00:00",
        "UpdatedDateUTC": "/Date(1772413200123+0000)/",
        "Contact": {"ContactID": refs().customer},
        "LineItems": [{"LineItemID": "l-1", "AccountCode": "4010"}],
        "HasErrors": False,
        **more,
    }


def shown(**more: Any) -> Step:
    return said(200, {"Id": "x", "Status": "OK", "Invoices": [row(**more)]})


@contextmanager
def connected(*steps: Step) -> Iterator[tuple[XeroHook, Scripted]]:
    """A hook whose token is good, at a server that answers so."""
    with scripted(*steps) as server:
        account = Account(host=server.url, login="id", password="secret", extra={**SETTINGS, "token_url": f"{server.url}/connect/token"})
        with XeroHook("xero_au", account=account, read_timeout=5) as hook:
            known = hook.credentials()
            hook.tokens.renew("xero_au", None, lambda _: Token(access="good-token", seed=known.seed), known)
            yield hook, server


def created(*steps: Step) -> Sent:
    with connected(*steps) as (hook, _):
        (sent,) = hook.create_invoices([Sending(key="k", document=bill(), references=refs())])
    return sent


CREATES = [
    (problem(500, "An error occurred in Xero while the TaxType of account code 200 was read"), LOST),
    (refusal(503, "Account code '999' is not a valid code for this document."), LOST),
    (answer(502, b"<html>Bad gateway</html>"), LOST),
    (answer(200, b"{}"), LOST),
    (answer(200, b""), LOST),
    (answer(302, b"", Location="https://login.xero.com"), LOST),
    (shown(Total=None), LOST),
    (refusal(400, "Account code '999' is not a valid code for this document."), REFUSED),
    (refusal(400, "Words that nobody has seen yet"), REFUSED),
    (problem(403, "AuthenticationUnsuccessful"), (Action.STOP, Outcome.DID_NOT_HAPPEN)),
    (answer(404, b"<html>no</html>"), REFUSED),
]


@pytest.mark.parametrize(("step", "meant"), CREATES)
def test_every_answer_to_a_create_says_whether_it_happened(step: Step, meant: tuple[Action, Outcome]) -> None:
    error = created(step).error
    assert error is not None
    assert (error.action, error.outcome) == meant, str(error)


@pytest.mark.parametrize("detail", ["TokenExpired: token expired at 11/03/2025 09:12:44", "AuthenticationUnsuccessful", ""])
def test_a_token_that_is_not_taken_any_more_is_renewed_once(detail: str) -> None:
    fresh = said(200, {"access_token": "new-token", "expires_in": 1800, "token_type": "Bearer"})
    with connected(problem(401, detail), fresh, shown()) as (hook, server):
        (sent,) = hook.create_invoices([Sending(key="k", document=bill(), references=refs())])
    assert sent.error is None, sent.error
    assert [each.headers["authorization"] for each in server.asked if each.method == "PUT"] == ["Bearer good-token", "Bearer new-token"]


def test_a_refused_void_that_comes_as_200_with_the_wanted_status_is_no_void() -> None:
    """The trap: an element with HasErrors echoes the status that was asked for."""
    words = {"ValidationErrors": [{"Message": "Invoice not of valid status for modification"}]}
    with connected(shown(), shown(), shown(Status="VOIDED", HasErrors=True, **words)) as (hook, _):
        remote = hook.get_invoice("i-1", INVOICE)
        assert remote is not None
        sent = hook.void_invoice(remote, on=date(2026, 3, 3), reason="Entered twice", key="k")
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == REFUSED


def test_a_failure_of_the_token_end_point_says_nothing_about_the_document(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document never left: there is nothing to look for."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with connected(answer(401, b""), answer(503, b"")) as (hook, server):
        (sent,) = hook.create_invoices([Sending(key="k", document=bill(), references=refs())])
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
    assert [each.target for each in server.asked if each.method == "POST"] == ["/connect/token"] * 4


def test_a_look_up_that_is_answered_by_a_page_is_no_absence() -> None:
    with connected(answer(404, b"<html>no</html>")) as (hook, _), pytest.raises(PlatformError):
        hook.find_invoice("AU-SI-004711", INVOICE)
