"""What people do meanwhile on the platform and in the sales system, and what the platform then still remembers."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import psycopg
from tests.faults.books import Expected, live
from tests.faults.stage import Stage
from tests.platforms.company import Document, today

from airbooks.canonical import DocumentKind, Invoice, RemoteDocument
from airbooks.operators import confirming
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.platforms.spec import Capability
from airbooks.staging import answers
from airbooks.staging.causes import AnswerKind

Wanted = tuple[str, DocumentKind]
CENT = Decimal("0.01")


def changed(stage: Stage, document: Invoice, quantity: str = "3") -> Invoice:
    """The next revision of an invoice: one more unit."""
    kept = {name: getattr(document, name) for name in ("number", "buyer", "source", "source_id", "due_date")}
    return stage.papers.invoice(stage.papers.line(1, quantity=quantity), **kept)


def deleted_there_and_changed_here(stage: Stage) -> None:
    """A person voids it there; a later revision must not bring it back."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    stage.void_there(document)
    revision = changed(stage, document)
    stage.plant(revision)
    stage.expect_gone(revision)
    stage.deliver()


def edited_late(stage: Stage) -> None:
    """A posted invoice is changed at the source."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    stage.plant(changed(stage, document))
    stage.deliver()


def edited_in_between(stage: Stage) -> None:
    """A person changes the document there just before our update reaches it."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    stage.arm("edit_in_between", times=1)
    stage.plant(changed(stage, document))
    stage.deliver()


def _edit_there(stage: Stage, document: Invoice) -> None:
    """A person changes the document on the platform: seven units."""
    theirs = changed(stage, document, quantity="7")
    with stage.hook() as hook:
        (remote,) = hook.find_invoice(document.number, document.kind)
        sending = stage.papers.sending(hook, theirs, remote.customer_id)
        sent = stage.papers.update(hook, sending, remote)
        if sent.error is None and sent.remote is not None:
            stage.papers.post(hook, sending, sent.remote)
    stage.planted[Expected.of(document).key] = Expected.of(theirs)
    if _total_there(stage, document) != theirs.gross_total:
        stage.complaints.append(f"{document.number} could not be edited there: {sent.error}")


def _total_there(stage: Stage, document: Document) -> Decimal | None:
    """What the books hold of the one live document of this number."""
    held = live(stage.ledger.books(stage.slug)["documents"]).get(Expected.of(document).key, [])
    return held[0].total if len(held) == 1 else None


def _read_back(stage: Stage) -> None:
    """The nightly comparison of what was delivered with what the platform holds now."""
    stage.execute("UPDATE airbooks.delivery SET confirmed_at = NULL WHERE state = 'delivered'")
    with stage.firm.turn() as run, patch.object(confirming, "workplace", lambda *_: contextlib.nullcontext(run.work)):
        confirming.confirm_connection(cast(Any, None), cast(Any, SimpleNamespace(conn_id=stage.firm.connection)), "", "nightly", 1)


def voided_there_and_read_back(stage: Stage) -> None:
    """A person voids one of two invoices there: a person is told of that one, and it stays void."""
    document = stage.papers.sale(1)
    stage.plant(document, stage.papers.sale(1))
    stage.deliver()
    stage.void_there(document)
    _read_back(stage)
    stage.deliver()
    _expect_questions(stage, 1)


def edited_there_and_read_back(stage: Stage) -> None:
    """A person edits one of two invoices there: a person is told of that one, and it stays as it is."""
    document = stage.papers.sale(1)
    stage.plant(document, stage.papers.sale(1))
    stage.deliver()
    _edit_there(stage, document)
    theirs = _total_there(stage, document)
    _read_back(stage)
    stage.deliver()
    _expect_questions(stage, 1)
    _expect_theirs(stage, document, theirs)


def edited_there_and_changed_here(stage: Stage) -> None:
    """A person edits it there, then the source changes it: neither is put over the other before a person has said which is right."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    _edit_there(stage, document)
    theirs = _total_there(stage, document)
    stage.plant(changed(stage, document))
    stage.deliver()
    _expect_theirs(stage, document, theirs)


def _expect_questions(stage: Stage, wanted: int) -> None:
    asked = stage.one("SELECT count(*) FROM airbooks.exception WHERE state = 'open'")
    if asked != wanted:
        stage.complaints.append(f"{asked} documents lie before people, not {wanted}")


def _expect_theirs(stage: Stage, document: Document, theirs: Decimal | None) -> None:
    now = _total_there(stage, document)
    if now != theirs:
        stage.complaints.append(f"what a person made of {document.number} there ({theirs}) was overwritten: {now}")


def number_of_another(stage: Stage) -> None:
    """Another system has used our number for a document of its own."""
    document = stage.papers.sale(1)
    stage.book_there(stage.papers.invoice(stage.papers.line(1, quantity="7"), number=document.number))
    stage.plant(document, stage.papers.sale(1))
    stage.deliver()


def voided_while_paid(stage: Stage) -> None:
    """The source voids an invoice that a payment stands on."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    if stage.spec.can(Capability.PAYMENTS_OUT):
        _pay(stage, document)
    cancel(stage, document)
    stage.deliver()


def _pay(stage: Stage, document: Document) -> None:
    with stage.hook() as hook:
        (remote,) = hook.find_invoice(document.number, document.kind)
        payment = stage.papers.payment(document, remote, Decimal("10.00"))
        references = stage.papers.payment_references(hook, payment, remote.customer_id)
        hook.apply_payment(payment, customer_id=remote.customer_id, key="7" * 36, references=references)


def cancel(stage: Stage, document: Invoice) -> None:
    """The source takes the document back: its next revision is cancelled."""
    stage.plant(document.model_copy(update={"cancelled": True}))


def voided(stage: Stage) -> None:
    """The source cancels an invoice that was delivered."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    cancel(stage, document)
    stage.deliver()
    if not stage.one("SELECT count(*) FROM airbooks.delivery WHERE operation = 'void'"):
        stage.complaints.append("no void was planned")
    stage.expect_gone(document)


# -- keys that the platform remembers ------------------------------------------------------------------------------------------------


def deleted_and_sent_again(stage: Stage) -> None:
    """An answer is misread, so a person is asked, deletes the document there and answers Retry: an old answer must not be replayed."""
    document = stage.papers.sale(1)
    stage.plant(document)
    with _answers_a_cent_off(stage):
        stage.deliver()
    _expect_questions(stage, 1)
    stage.void_there(document)
    if _total_there(stage, document) is not None:
        stage.complaints.append(f"{document.number} could not be taken away there")
    stage.planted[Expected.of(document).key] = Expected.of(document)  # it is wanted again
    stage.release()
    stage.deliver()


@contextlib.contextmanager
def _answers_a_cent_off(stage: Stage) -> Iterator[None]:
    """Every answer to a create, at once or later, shows a total that is a cent too high."""
    kind = registry.hook_class(stage.slug)

    def misread(remote: RemoteDocument | None) -> RemoteDocument | None:
        return remote and remote.model_copy(update={"total": (remote.total or Decimal(0)) + CENT})

    def spoilt(real: Callable[..., list[Sent]]) -> Callable[..., list[Sent]]:
        return lambda *given: [replace(each, remote=misread(each.remote)) for each in real(*given)]

    with (
        patch.object(kind, "create_invoices", spoilt(kind.create_invoices)),
        patch.object(kind, "collect_answers", spoilt(kind.collect_answers)),
    ):
        yield


def refused_then_changed(stage: Stage) -> None:
    """Two invoices fall into a closed period: one gets another posting date from a person, the other is changed at the source."""
    document = stage.papers.sale(1)
    _close_books(stage, today())
    stage.plant(document)
    stage.deliver()
    _expect_questions(stage, 1)
    _move_dates(stage, today() + timedelta(days=1))
    stage.deliver()
    _expect_questions(stage, 0)
    other = stage.papers.sale(1)
    stage.plant(other)
    stage.deliver()
    _expect_questions(stage, 1)
    stage.calm()
    stage.plant(changed(stage, other))
    stage.deliver()


def _close_books(stage: Stage, until: date) -> None:
    """Everything dated up to this day is refused."""
    time = "T23:59:59+00:00" if stage.slug == "brightpearl" else ""
    stage.arm("lock_period", until=f"{until}{time}", through=f"{until}")


def _move_dates(stage: Stage, to: date) -> None:
    """A person answers Override with another posting date."""
    with psycopg.connect(stage.dsn) as database:
        rows = database.execute("SELECT cause_id FROM airbooks.exception_cause WHERE state = 'open'").fetchall()
        for (cause,) in rows:
            given = answers.Answer(kind=AnswerKind.OVERRIDE, by="a person", reason="the period is closed", posting_date=to)
            answers.answer(database, cause, given)


def refused_as_a_duplicate(stage: Stage) -> None:
    """The first answer is lost, the platform's lists lag behind, and the second try is told that the number is taken: by ours."""
    stage.plant(*(stage.papers.sale(1) for _ in range(3)))
    with _lists_lag(stage) as tries:
        stage.turn()
        stage.ledger.move_clock(stage.slug, 420)  # keys are not remembered so long
        stage.deliver()
    if max(tries.values()) < 2:
        stage.complaints.append("nothing was sent a second time")


@contextlib.contextmanager
def _lists_lag(stage: Stage) -> Iterator[Counter[str]]:
    """No look-up by number finds a document before it was sent twice; gives how often each was."""
    kind = registry.hook_class(stage.slug)
    create, several, one = kind.create_invoices, kind.find_invoices, kind.find_invoice
    tries: Counter[str] = Counter()

    def create_invoices(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        tries.update(each.document.number for each in batch)
        return create(hook, batch)

    def find_invoices(hook: PlatformHook, wanted: Sequence[Wanted]) -> dict[Wanted, list[RemoteDocument]]:
        return {each: hits if tries[each[0]] > 1 else [] for each, hits in several(hook, wanted).items()}

    def find_invoice(hook: PlatformHook, number: str, kind: DocumentKind) -> list[RemoteDocument]:
        return one(hook, number, kind) if tries[number] > 1 else []

    with patch.multiple(kind, create_invoices=create_invoices, find_invoices=find_invoices, find_invoice=find_invoice):
        yield tries
