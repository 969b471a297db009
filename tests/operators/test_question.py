"""The question shows what waits as it is, offers what makes sense, and reads the answer the way the form means it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError

from airbooks.operators.question import MOST_CHOICES, ask, read_answer
from airbooks.staging.answers import Answer, InvalidAnswerError
from airbooks.staging.causes import AnswerKind, Cause, CauseView, Choice, WaitingDocument


def _view(*, subject: str = "", code: str = "BR-CO-15", choices: int = 0, customer: str = "Harbour Air", count: int = 1) -> CauseView:
    cause = Cause(
        cause_id="c",
        code=code,
        connection="odoo_au",
        subject=subject,
        says="It is wrong.",
        fix="Mend it.",
        state="open",
        round=1,
        opened_at=datetime(2026, 11, 2, tzinfo=UTC),
        review_run_id="",
        answer="",
        answer_data={},
        reason="",
        decided_by="",
        decided_at=None,
    )
    document = WaitingDocument(
        number="AU-SI-1", kind="invoice", customer=customer, amount=Decimal("1234.5"), currency="AUD", message="It is wrong."
    )
    return CauseView(
        cause=cause,
        headline="It is wrong: 1 invoice, 1,234.50 AUD",
        counts={"invoice": count},
        values={"AUD": Decimal("1234.5")},
        documents=(document,),
        choices=tuple(Choice(str(n), f"Tax {n}") for n in range(choices)),
        posting_date=date(2026, 11, 1) if subject.startswith("period") else None,
    )


MAPPING, PERIOD = _view(subject="tax_code:GST10", choices=2), _view(subject="period:2026-11-01", code="AB-PERIOD")


def _read(view: CauseView, option: str, filled: dict[str, Any] | None = None) -> tuple[Answer, bool]:
    event = {"chosen_options": [option], "params_input": filled or {}, "responded_by_user": {"id": "7", "name": "ines"}}
    return read_answer(ask(view), event, 1)


@pytest.mark.parametrize(
    ("view", "options", "fields"),
    [
        (MAPPING, ("Map", "Retry", "Reject", "Hold"), ["map_to", "reason", "deliver_now"]),
        (PERIOD, ("Override", "Retry", "Reject", "Hold"), ["posting_date", "reason", "deliver_now"]),
        (_view(), ("Override", "Retry", "Reject", "Hold"), ["reason", "deliver_now"]),
        (_view(code="SRC-FORMAT"), ("Retry", "Reject", "Hold"), ["reason", "deliver_now"]),
    ],
)
def test_only_what_makes_sense_is_offered(view: CauseView, options: tuple[str, ...], fields: list[str]) -> None:
    question = ask(view)
    assert (question.options, list(question.form)) == (options, fields)


def test_the_form_is_valid_as_it_is_opened() -> None:
    for view in (MAPPING, PERIOD, _view()):
        ParamsDict(dict(ask(view).form)).validate()


def test_the_platforms_codes_are_a_list_to_choose_from_with_their_names() -> None:
    schema = ask(MAPPING).form["map_to"].schema
    assert schema["enum"] == [None, "0", "1"]
    assert schema["values_display"] == {"null": "choose one", "0": "0 Tax 0", "1": "1 Tax 1"}


@pytest.mark.parametrize("choices", [0, MOST_CHOICES + 1])
def test_a_code_can_be_typed_where_the_list_is_unknown_or_too_long(choices: int) -> None:
    given, _ = _read(_view(subject="tax_code:GST10", choices=choices), "Map", {"map_to": "typed"})
    assert given.map_to == "typed"


def test_text_from_documents_is_shown_as_it_is() -> None:
    body = ask(_view(customer="A | B <script>\n[x](http://y) *bold*")).body
    assert r"| A \| B \<script\> \[x\](http://y) \*bold\* | 1,234.50 AUD |" in body


def test_what_the_subject_says_is_said_once() -> None:
    """Airflow shows the subject above the body."""
    assert ask(_view()).subject == "AU-SI-1: It is wrong: 1 invoice, 1,234.50 AUD"
    assert "It is wrong" not in ask(_view()).body
    assert "It is wrong" in ask(_view(count=2)).body  # what is wrong may differ from document to document


def test_a_form_that_needs_nothing_can_be_sent_as_it_is() -> None:
    """Airflow's form insists on every field whose type does not allow null."""
    for view in (MAPPING, PERIOD, _view()):
        assert all("null" in param.schema["type"] for param in ask(view).form.values())


def test_documents_that_do_not_fit_are_counted() -> None:
    assert "and 1,233 more." in ask(_view(count=1_234)).body


def test_an_answer_says_who_decided_what() -> None:
    given, deliver_now = _read(PERIOD, "Override", {"posting_date": "2026-11-03", "reason": "agreed", "deliver_now": True})
    assert given == Answer(kind=AnswerKind.OVERRIDE, by="ines", round=1, reason="agreed", posting_date=date(2026, 11, 3))
    assert deliver_now


def test_the_suggested_posting_date_counts_only_with_override() -> None:
    assert _read(PERIOD, "Retry", {"posting_date": "2026-11-01", "reason": "", "deliver_now": False})[0].posting_date is None
    assert _read(PERIOD, "Override", {"reason": "agreed"})[0].posting_date == date(2026, 11, 1)
    assert _read(PERIOD, "Override", {"reason": "agreed", "posting_date": None})[0].posting_date is None


@pytest.mark.parametrize(
    ("option", "filled", "error"),
    [
        ("Override", {}, InvalidAnswerError),
        ("Map", {"map_to": "99"}, ParamValidationError),
        ("Map", {"map_to": 7}, ParamValidationError),
        ("Map", {"maps_to": "0"}, InvalidAnswerError),
        ("Map", {"deliver_now": "yes"}, ParamValidationError),
    ],
)
def test_what_is_not_on_the_form_is_refused(option: str, filled: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        _read(MAPPING, option, filled)
