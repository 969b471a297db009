"""What happens in the scenarios that are more than a fault on the wire: overlapping workers, kills, people, odd documents."""

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
from tests.faults.stage import KilledError, Stage
from tests.platforms.company import Document, today

from airbooks.canonical import DocumentKind, Invoice, RemoteDocument
from airbooks.operators import confirming
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.platforms.spec import Capability
from airbooks.staging import answers, budget, tokens
from airbooks.staging.causes import AnswerKind

Play = Callable[[Stage], None]
Wanted = tuple[str, DocumentKind]
MIX = 6
LONGEST_INVOICE, LONG_INVOICE = 1_114, 90
LONGEST_WAIT = 3600.0  # seconds that a platform's Retry-After may keep a document waiting
CENT = Decimal("0.01")


def send(stage: Stage) -> None:
    """A mix of documents, delivered until nothing moves any more."""
    stage.plant_mix(MIX)
    stage.deliver()


def send_and_look_twice(stage: Stage) -> None:
    """What is not there at the first look is looked for once more."""
    send(stage)
    looked = "SELECT count(*) FROM airbooks.audit_event WHERE action = 'delivery absent' AND starts_with(detail ->> 'says', 'not there')"
    if not stage.one(looked):
        stage.complaints.append("no look-up found anything absent")


def send_many(stage: Stage) -> None:
    """More than a batch."""
    stage.plant_mix(max(MIX, stage.spec.limits.batch + 3))
    stage.deliver()


def wait_at_most_an_hour(stage: Stage) -> None:
    """The platform asks for a very long pause, and gets a bounded one."""
    stage.plant_mix(MIX)
    _send_with_bounded_waits(stage)


def many_wait_at_most_an_hour(stage: Stage) -> None:
    """The same in the middle of more than a batch."""
    stage.plant_mix(max(MIX, stage.spec.limits.batch + 3))
    _send_with_bounded_waits(stage)


def _send_with_bounded_waits(stage: Stage) -> None:
    stage.turn()
    waits = stage.one("SELECT extract(epoch FROM max(not_before) - now())::float8 FROM airbooks.delivery WHERE state = 'pending'")
    if waits is not None and waits > LONGEST_WAIT:
        stage.complaints.append(f"a document waits for {waits / 3600:.1f} hours")
    stage.deliver()


def as_jobs(stage: Stage) -> None:
    """From now on NetSuite is sent jobs, which it answers later."""
    stage.papers.setting = replace(stage.papers.setting, options={"mode": "batch"})


def job_with_a_bad_one(stage: Stage) -> None:
    """A job of which one document falls into a closed month: that one is refused, whatever the order of the job's tasks."""
    as_jobs(stage)
    last = today().replace(day=1) - timedelta(days=1)
    stage.arm("lock_period", through=f"{last}")
    old = stage.papers.sale(1, issue_date=last, due_date=last + timedelta(days=30))
    stage.plant(*stage.papers.documents(MIX), old)
    stage.deliver()
    refused = stage.one("SELECT string_agg(number, ' ') FROM airbooks.exception WHERE state = 'open'")
    if refused != old.number:
        stage.complaints.append(f"{old.number} is bad, and refused was {refused}")


def send_while_keys_are_remembered(stage: Stage) -> None:
    """What the platform remembers of a key is over when its settle time is: seven minutes pass there after the first turn."""
    stage.plant_mix(MIX)
    stage.turn()
    stage.ledger.move_clock(stage.slug, 420)
    stage.deliver()


def send_invoices(stage: Stage) -> None:
    """Invoices only, in the home currency."""
    stage.plant(*(stage.papers.sale(1) for _ in range(3)))
    stage.deliver()


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


# -- workers that die or meet -----------------------------------------------------------------------------------------------------------


def nothing() -> None:
    """Nothing happens."""


@contextlib.contextmanager
def at_first_create(stage: Stage, *, before: Callable[[], None] = nothing, after: Callable[[], None] = nothing) -> Iterator[None]:
    """Something happens just before the first create is called, or when the platform has answered it and nothing is recorded yet."""
    kind = registry.hook_class(stage.slug)
    real = kind.create_invoices
    first = iter([True])

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        is_first = next(first, False)
        if is_first:
            before()
        told = real(hook, batch)
        if is_first:
            after()
        return told

    with patch.object(kind, "create_invoices", create):
        yield
    if next(first, False):
        stage.complaints.append("no create was called while something was to happen to it")


def die() -> None:
    raise KilledError


def killed_after_the_call(stage: Stage) -> None:
    """The platform has booked, and the worker is dead before it can write."""
    stage.plant_mix(MIX)
    with at_first_create(stage, after=die):
        stage.killed_turn()
    stage.deliver()


def killed_before_the_call(stage: Stage) -> None:
    """The intent is written, and the worker is dead before it can call."""
    stage.plant_mix(MIX)
    with at_first_create(stage, before=die):
        stage.killed_turn()
    stage.deliver()


def database_lost(stage: Stage) -> None:
    """Every session of Postgres ends between the platform's answer and the commit."""
    stage.plant_mix(MIX)
    with at_first_create(stage, after=stage.cut_sessions):
        stage.turn()
    stage.deliver()


def _no_places_needed() -> contextlib.AbstractContextManager[object]:
    """Two workers at once, whatever the platform's concurrency: what keeps them apart here must not be its places."""
    return patch.object(budget, "places", lambda *_, **__: contextlib.nullcontext(1))


def lease_expired(stage: Stage) -> None:
    """A worker hangs in its call until its lease is over, and another one takes over before it wakes up."""
    stage.plant_mix(MIX)

    def taken_over() -> None:
        stage.execute("UPDATE airbooks.delivery SET lease_until = now() - interval '1 second' WHERE state = 'sending'")
        stage.deliver()

    with at_first_create(stage, after=taken_over), _no_places_needed():
        stage.turn("the slow one")
    stage.deliver()


def met_by_another(stage: Stage) -> None:
    """Another worker comes along between the look-up and the create."""
    stage.plant_mix(MIX)
    with at_first_create(stage, before=lambda: stage.turn("the other one")), _no_places_needed():
        stage.turn("the slow one")
    stage.deliver()


def cleared_while_running(stage: Stage) -> None:
    """A person clears a run that is at work: the same run works twice."""
    stage.plant_mix(2 * MIX)
    stage.turns_at_once(lambda: stage.turn("hourly 1"), lambda: stage.turn("hourly 1"))
    stage.deliver()


def overlapping(stage: Stage) -> None:
    """Hourly, daily, real-time and by hand, all in the same second."""
    made = stage.plant_mix(2 * MIX)
    numbers = [each.number for each in made[:4]]
    stage.turns_at_once(
        lambda: stage.turn("hourly"),
        lambda: stage.turn("daily"),
        lambda: stage.turn("manual", numbers),
        lambda: stage.turn("real-time", numbers[:1]),
    )
    stage.deliver()


def the_same_second(stage: Stage) -> None:
    """A real-time event and the hourly poll deliver one invoice at once."""
    (made,) = stage.plant_mix(1)
    stage.turns_at_once(lambda: stage.turn("real-time", [made.number]), lambda: stage.turn("hourly"))
    stage.deliver()


def restarted_together(stage: Stage) -> None:
    """Six workers begin in the same second."""
    stage.plant_mix(3 * MIX)
    stage.turns_at_once(*(lambda number=number: stage.turn(f"worker {number}") for number in range(6)))
    stage.deliver()


def clocks_differ(stage: Stage) -> None:
    """The platform's clock is five minutes behind, then ahead."""
    for seconds in (-300, 300):  # never back: a limit's window would stand in the future
        stage.ledger.move_clock(stage.slug, seconds)
        stage.plant_mix(MIX)
        stage.deliver()


# -- the connection ---------------------------------------------------------------------------------------------------------------------


def unreachable(stage: Stage) -> None:
    """Connections are refused for many turns: nothing was sent, and no document is given up."""
    stage.plant_mix(MIX)
    for _ in range(8):
        stage.turn(firm=stage.unreachable())
        stage.firm.hurry()
    stage.deliver()


def tokens_expire(stage: Stage) -> None:
    """Every token ends between two turns."""
    stage.plant_mix(MIX)
    stage.deliver()
    stage.ledger.move_clock(stage.slug, 9 * 3600)
    stage.plant_mix(MIX)
    stage.deliver()


def in_the_middle(fault: str) -> Play:
    """A fault of the platform's own that strikes once: when the log-in is done and the first create is about to go."""

    def play(stage: Stage) -> None:
        stage.plant_mix(MIX)
        with at_first_create(stage, before=lambda: stage.arm(fault, times=1)):
            stage.turn()
        stage.deliver()

    return play


def ten_refresh(stage: Stage) -> None:
    """Ten workers find their tokens expired in the same second."""
    stage.plant_mix(1)
    stage.deliver()
    stage.ledger.move_clock(stage.slug, 9 * 3600)
    made = stage.plant_mix(10)
    stage.turns_at_once(*(lambda number=each.number: stage.turn("event", [number]) for each in made))
    stage.deliver()
    stage.complaints += [f"the connection was stopped: {each}" for each in stage.stopped]


def killed_before_saving_a_token(stage: Stage) -> None:
    """The platform has issued a new token, and the worker dies before it is stored; where the old one is void, a person is asked."""
    stage.plant_mix(MIX)
    with patch.object(tokens, "pack", side_effect=KilledError) as pack:
        stage.killed_turn()
    if not pack.called:
        stage.complaints.append("nobody died: no token was to be stored")
    stage.deliver()
    if stage.stopped:
        stage.authorise_again()
        stage.deliver()


def refused_for_ever(stage: Stage) -> None:
    """401 to every call: the connection stops after a few, and says so once a turn."""
    stage.plant_mix(MIX)
    stage.arm("error_before_commit", status=401, times=None)
    stage.turn()
    asked = len(stage.ledger.requests(stage.slug))
    if asked > 20:
        stage.complaints.append(f"{asked} calls were made with a refused authorisation")
    if not stage.stopped:
        stage.complaints.append("the connection was not stopped")
    stage.calm()
    stage.deliver()


# -- people on the platform -------------------------------------------------------------------------------------------------------------


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


# -- documents ------------------------------------------------------------------------------------------------------------------------


def unmapped(stage: Stage) -> None:
    """A tax code has no counterpart: every document waits for one answer, which lets all of them go."""
    stage.firm.codes["tax_code", stage.papers.setting.tax_code] = None
    send(stage)
    causes = stage.one("SELECT count(*) FROM airbooks.exception_cause WHERE state = 'open'")
    if causes != 1:
        stage.complaints.append(f"one missing mapping made {causes} causes")
    stage.firm.codes.clear()


def credit_note_first(stage: Stage) -> None:
    """The credit note is staged before the invoice that it corrects."""
    sale = stage.papers.sale(1)
    note = stage.papers.note(sale)
    stage.plant(note, sale)
    stage.deliver()


def credit_above_invoice(stage: Stage) -> None:
    """A credit note for more than the invoice."""
    sale = stage.papers.sale(1)
    note = stage.papers.credit_note(stage.papers.line(1, quantity="3", price="100"), corrects=sale, source="erp", source_id="above")
    stage.plant(sale, note)
    stage.deliver()


def _one(stage: Stage, document: Document) -> None:
    stage.plant(document)
    stage.deliver()


def long_invoice(stage: Stage) -> None:
    """1,114 lines: split by rule or before a person, never cut."""
    lines = [stage.papers.line(number, quantity="1", price="2.00") for number in range(1, LONGEST_INVOICE + 1)]
    _one(stage, stage.papers.invoice(*lines))


def heavy_batch(stage: Stage) -> None:
    """A batch of long invoices, a third heavier than what the platform takes in one request: no request is heavier than that."""
    most = stage.spec.limits.batch_bytes or 0
    lines = [stage.papers.line(number, quantity="1", price="2.00", name=900 * "x") for number in range(1, LONG_INVOICE + 1)]
    stage.plant(*(stage.papers.invoice(*lines) for _ in range(stage.spec.limits.batch)))
    stage.deliver()
    weights = [int(each["headers"].get("content-length", 0)) for each in stage.ledger.requests(stage.slug)]
    if sum(weights) < most * 4 // 3:
        stage.complaints.append(f"the batch weighed only {sum(weights):,} bytes")
    if max(weights) > most:
        stage.complaints.append(f"a request weighed {max(weights):,} bytes, and {most:,} are taken")


def rounding(stage: Stage) -> None:
    """Three lines whose taxes round differently one by one and together."""
    _one(stage, stage.papers.invoice(*(stage.papers.line(number, quantity="1", price="25.43") for number in (1, 2, 3))))


def wrong_taxes(stage: Stage) -> None:
    """Invoices on which the platform's own tax is another than ours."""
    stage.plant(*(stage.papers.sale(1) for _ in range(2)))
    rounding(stage)
    if not stage.one("SELECT count(*) FROM airbooks.exception"):
        stage.complaints.append("nobody noticed the platform's own tax")


def fine_prices(stage: Stage) -> None:
    """Prices with five decimals."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="1000", price="0.12345")))


def yen(stage: Stage) -> None:
    """A currency without minor units, which the company does not keep."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="3", price="1003", currency="JPY"), currency="JPY"))


def dinar(stage: Stage) -> None:
    """A currency with three decimals, which no company of the harness keeps either: before a person, or to the fils."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="3", price="10.335", currency="KWD"), currency="KWD"))


def foreign_without_rate(stage: Stage) -> None:
    """A foreign invoice without an exchange rate: the platform's own, never 1:1 in the books."""
    _one(stage, stage.papers.sale(1, currency=stage.papers.setting.foreign))


def two_currencies_of_one_customer(stage: Stage) -> None:
    """The same customer in the home currency and in another one."""
    buyer = stage.papers.buyer(1)
    rate = stage.papers.exchange_rate()
    stage.plant(
        stage.papers.sale(1, buyer=buyer), stage.papers.sale(1, buyer=buyer, currency=stage.papers.setting.foreign, exchange_rate=rate)
    )
    stage.deliver()


def free_of_charge(stage: Stage) -> None:
    """A line that costs nothing next to one that does."""
    _one(stage, stage.papers.invoice(stage.papers.line(1), stage.papers.line(2, quantity="1", price="0.00")))


def nothing_to_pay(stage: Stage) -> None:
    """An invoice whose total is zero."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="1", price="0.00")))


def negative_line(stage: Stage) -> None:
    """A returned unit on an invoice."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="5"), stage.papers.line(2, quantity="-1")))


def discounted(stage: Stage) -> None:
    """Discounts on lines and on the document."""
    lines = stage.papers.example_lines()
    _one(stage, stage.papers.invoice(*lines, charges=stage.papers.volume_discount(lines)))


def huge(stage: Stage) -> None:
    """Sixteen digits before the point."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="1", price="12345678901234567.89")))


def month_end(stage: Stage) -> None:
    """The last day of a month is the date that arrives there."""
    last = today().replace(day=1) - timedelta(days=1)
    document = stage.papers.sale(1, issue_date=last, due_date=last + timedelta(days=30))
    _one(stage, document)
    with stage.hook() as hook:
        for remote in hook.find_invoice(document.number, document.kind):
            if remote.issue_date not in (None, last):
                stage.complaints.append(f"{document.number} is of {last} and dated {remote.issue_date} there")


def odd_names(stage: Stage) -> None:
    """Emoji, markup, control characters and 300 characters in a customer's and a line's name."""
    buyer = stage.papers.party(name='Müller & Söhne <GmbH> 🏭 "Nord" ' + "x" * 270)
    _one(stage, stage.papers.invoice(stage.papers.line(1, name="Hose <3/8> & \t🛠 'é'\u200b"), buyer=buyer))


def namesakes(stage: Stage) -> None:
    """Two customers of ours with one name stay two customers there."""
    documents = [stage.papers.sale(1, buyer=stage.papers.party(name="Harbour Foundry")) for _ in range(2)]
    stage.plant(*documents)
    stage.deliver()
    with stage.hook() as hook:
        customers = [remote.customer_id for each in documents for remote in hook.find_invoice(each.number, each.kind)]
    if len(customers) > len(set(customers)):
        stage.complaints.append(f"both invoices stand with the customer {customers[0]}")


def a_cent_off(stage: Stage) -> Invoice:
    """An invoice whose own total is a cent off."""
    document = stage.papers.sale(1)
    wrong = {name: getattr(document, name) + CENT for name in ("gross_total", "tax_total", "amount_due")}
    return document.model_copy(update=wrong)


def wrong_by_us(stage: Stage) -> None:
    """Our own total is a cent off: what the platform books is not what we sent."""
    _one(stage, a_cent_off(stage))
