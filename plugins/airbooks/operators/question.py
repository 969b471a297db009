"""The question about one cause: what a person reads, what they can choose and fill in, and what their answer means."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from airflow.sdk import Param
from airflow.sdk.definitions.param import ParamsDict

from airbooks.staging.answers import Answer, InvalidAnswerError
from airbooks.staging.causes import AnswerKind, CauseView, Choice, WaitingDocument, amount_words

MOST_CHOICES = 1_000  # longer lists are offered as suggestions: the form then takes any text
_HEAD = ["| Document | Customer | Amount |", "|---|---|--:|"]
_NOTHING_CHOSEN = {"null": "choose one"}
_SUBJECT_LENGTH = 200
_MARKDOWN = re.compile(r"([\\`*_\[\]<>|#])")

_MEANINGS = {
    AnswerKind.APPLY: "it pays what you choose in *Apply to*.",
    AnswerKind.MAP: "our code becomes the platform's code in *Map to*, for these documents and all later ones.",
    AnswerKind.OVERRIDE: "these documents need not keep this rule. Needs a *Reason*.",
    AnswerKind.RETRY: "it was mended elsewhere (in the sales system, on the platform, in the configuration): try again.",
    AnswerKind.REJECT: "these documents shall not be delivered. Needs a *Reason*.",
    AnswerKind.HOLD: "not now. The documents wait; the question comes back tomorrow.",
}
_OF_PAYMENT = {
    AnswerKind.RETRY: "something was mended (an invoice that was missing, a reference): match it again.",
    AnswerKind.REJECT: "it is no payment for these books, or it is booked by hand. Needs a *Reason*.",
    AnswerKind.HOLD: "not now. The question comes back tomorrow.",
}
_OTHER_DATE = "post these documents on the *Posting date*. Needs a *Reason*."
_NOW = "Start a run for these documents at once; otherwise they go with the next one."
_NOW_OF_PAYMENT = "Start a run at once, which applies the payment (Apply) or matches it again (Retry); otherwise the next one does."


@dataclass(frozen=True, slots=True)
class Question:
    """What Airflow shows: subject, Markdown body, the options (titles of AnswerKind) and the form."""

    subject: str
    body: str
    options: tuple[str, ...]
    form: Mapping[str, Param]


def ask(view: CauseView) -> Question:
    """The question about a cause as it stands now."""
    return Question(
        subject=_shortened(_headline(view)),
        body=_body(view),
        options=tuple(kind.title() for kind in view.cause.options),
        form=_form(view),
    )


def _shortened(text: str) -> str:
    return text if len(text) <= _SUBJECT_LENGTH else f"{text[: _SUBJECT_LENGTH - 3]}..."


# -- what a person reads ------------------------------------------------------------------------------------------------------------------


def _headline(view: CauseView) -> str:
    """The complaint as a sentence, with the number where it is about one document and does not name it."""
    number = view.documents[0].number if view.count == 1 and view.documents and not view.cause.missing_code else ""
    words = f"{number}: {view.headline}" if number and number not in view.headline else view.headline
    return words[:1].upper() + words[1:]


def _body(view: CauseView) -> str:
    """What Airflow shows below the subject; what the subject says in full is not said again."""
    cause, headline = view.cause, _headline(view)
    parts = [
        f"**{_plain(headline)}**" if len(headline) > _SUBJECT_LENGTH else "",
        f"Connection `{cause.connection}`, rule `{cause.code}`." if cause.connection else f"Rule `{cause.code}`.",
        "" if cause.missing_code else _plain(cause.fix),
        _table(view),
        _choices(view),
        "The first answer counts.",
    ]
    return "\n\n".join(part for part in parts if part)


def _table(view: CauseView) -> str:
    differs = view.count > 1 and not (view.cause.missing_code or view.cause.is_of_connection)  # else the subject has said what is wrong
    head = ["| Document | Customer | Amount | What is wrong |", "|---|---|--:|---|"] if differs else _HEAD
    more = view.count - len(view.documents)
    rows = [*head, *(_row(each, (each.message,) if differs else ()) for each in view.documents)]
    return "\n".join(rows) + (f"\n\nand {more:,} more." if more > 0 else "")


def _row(document: WaitingDocument, further: tuple[str, ...]) -> str:
    cells = (document.number, document.customer, amount_words(document.amount, document.currency), *further)
    return f"| {' | '.join(map(_plain, cells))} |"


def _plain(text: str) -> str:
    """Text from documents as Markdown that shows it as it is."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


def _choices(view: CauseView) -> str:
    return "\n".join(f"- **{kind.title()}**: {_meaning(kind, view)}" for kind in view.cause.options)


def _meaning(kind: AnswerKind, view: CauseView) -> str:
    if view.cause.is_of_payment and kind in _OF_PAYMENT:
        return _OF_PAYMENT[kind]
    return _OTHER_DATE if kind is AnswerKind.OVERRIDE and view.cause.takes_posting_date else _MEANINGS[kind]


# -- what they can fill in ----------------------------------------------------------------------------------------------------------------


def _form(view: CauseView) -> dict[str, Param]:
    form: dict[str, Param] = {}
    if view.cause.is_of_payment:
        form["apply_to"] = _apply_to(view)
    if view.cause.missing_code:
        form["map_to"] = _map_to(view)
    if view.cause.takes_posting_date:
        form["posting_date"] = Param(
            view.posting_date.isoformat() if view.posting_date else None,
            description="Override: the ledger date these documents get. The date on the document stays.",
            type=["null", "string"],
            format="date",
            title="Posting date",
        )
    form["reason"] = Param(
        None, description="Kept in the audit trail. Override and Reject need one.", type=["null", "string"], title="Reason"
    )
    form["deliver_now"] = Param(
        False,
        description=_NOW_OF_PAYMENT if view.cause.is_of_payment else _NOW,
        type=["null", "boolean"],
        title="Deliver now",
    )
    return form


def _apply_to(view: CauseView) -> Param:
    words = "Apply: what this payment pays, the most likely first."
    if not view.choices:
        return Param(None, description=f"{words} Nothing that is open fits.", type=["null", "string"], title="Apply to")
    names = _NOTHING_CHOSEN | {choice.code: f"{choice.code}. {choice.name}" for choice in view.choices}
    codes = [choice.code for choice in view.choices]
    return Param(None, description=words, type=["null", "string"], title="Apply to", enum=[None, *codes], values_display=names)


def _map_to(view: CauseView) -> Param:
    assert view.cause.missing_code  # noqa: S101 only asked for missing mappings
    kind, code = view.cause.missing_code
    words = f"Map: what our {kind.replace('_', ' ')} {code} is called on {view.cause.connection}."
    codes = [choice.code for choice in view.choices]
    if not codes:
        return Param(None, description=f"{words} Its own list is not known yet.", type=["null", "string"], title="Map to")
    names = _NOTHING_CHOSEN | {choice.code: _named(choice) for choice in view.choices[:MOST_CHOICES]}
    offer = {"examples": codes[:MOST_CHOICES]} if len(codes) > MOST_CHOICES else {"enum": [None, *codes]}
    return Param(None, description=words, type=["null", "string"], title="Map to", values_display=names, **offer)


def _named(choice: Choice) -> str:
    return choice.code if choice.name in ("", choice.code) else f"{choice.code} {choice.name}"


# -- what the answer means ----------------------------------------------------------------------------------------------------------------


def read_answer(question: Question, event: Mapping[str, Any], round_number: int) -> tuple[Answer, bool]:
    """The answer in a resume event of Airflow, and whether to deliver at once.

    Raises InvalidAnswerError for an option or field that is not on the form, ParamValidationError for a value that does not fit.
    """
    (option,) = event["chosen_options"] if len(event["chosen_options"]) == 1 else (None,)
    if option not in question.options:
        raise InvalidAnswerError(f"Choose one of {', '.join(question.options)}.")
    filled = _filled(question, event.get("params_input") or {})
    kind = AnswerKind(option.lower())
    posting_date = filled.get("posting_date") if kind is AnswerKind.OVERRIDE else None  # the form suggests one whatever is chosen
    given = Answer(
        kind=kind,
        by=_person(event.get("responded_by_user")),
        round=round_number,
        reason=filled["reason"] or "",
        map_to=filled.get("map_to") or "",
        apply_to=filled.get("apply_to") or "",
        posting_date=date.fromisoformat(posting_date) if posting_date else None,
    )
    return given, bool(filled["deliver_now"])


def _filled(question: Question, given: Mapping[str, Any]) -> dict[str, Any]:
    unknown = sorted(set(given) - set(question.form))
    if unknown:
        raise InvalidAnswerError(f"The form has no field {', '.join(unknown)}; it has {', '.join(question.form)}.")
    form = ParamsDict(dict(question.form))
    form.update(dict(given))
    return form.validate()


def _person(user: Mapping[str, Any] | None) -> str:
    return str((user or {}).get("name") or (user or {}).get("id") or "somebody without a name")
