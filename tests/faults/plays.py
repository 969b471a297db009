"""What happens in the scenarios that are more than a fault on the wire: overlapping workers, kills, people, odd documents."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from unittest.mock import patch

from tests.faults.stage import KilledError, Stage
from tests.platforms.company import Document, today

from airbooks.canonical import Invoice
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook, Sending, Sent
from airbooks.platforms.spec import Capability
from airbooks.staging import budget, tokens

Play = Callable[[Stage], None]
MIX = 6
LONGEST_INVOICE = 1_114


def send(stage: Stage) -> None:
    """A mix of documents, delivered until nothing moves any more."""
    stage.plant_mix(MIX)
    stage.deliver()


def send_many(stage: Stage) -> None:
    """More than a batch."""
    stage.plant_mix(max(MIX, stage.spec.limits.batch + 3))
    stage.deliver()


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


# -- workers that die or meet -----------------------------------------------------------------------------------------------------------


def die_at_create(stage: Stage, *, after_the_call: bool) -> None:
    """One turn, whose process dies at its first create."""
    kind = registry.hook_class(stage.slug)
    real = kind.create_invoices

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        if after_the_call:
            real(hook, batch)
        raise KilledError

    with patch.object(kind, "create_invoices", create):
        stage.killed_turn()


def killed_after_the_call(stage: Stage) -> None:
    """The platform has booked, and the worker is dead before it can write."""
    stage.plant_mix(MIX)
    die_at_create(stage, after_the_call=True)
    stage.deliver()


def killed_before_the_call(stage: Stage) -> None:
    """The intent is written, and the worker is dead before it can call."""
    stage.plant_mix(MIX)
    die_at_create(stage, after_the_call=False)
    stage.deliver()


def database_lost(stage: Stage) -> None:
    """Every session of Postgres ends between the platform's answer and the commit."""
    stage.plant_mix(MIX)
    kind = registry.hook_class(stage.slug)
    real = kind.create_invoices
    cuts = iter([True])

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        answers = real(hook, batch)
        if next(cuts, False):
            stage.cut_sessions()
        return answers

    with patch.object(kind, "create_invoices", create):
        stage.turn()
    stage.deliver()


def _no_places_needed() -> contextlib.AbstractContextManager[object]:
    """Two workers at once, whatever the platform's concurrency: what keeps them apart here must not be its places."""
    return patch.object(budget, "places", lambda *_, **__: contextlib.nullcontext(1))


def lease_expired(stage: Stage) -> None:
    """A worker hangs in its call until its lease is over, and another one takes over before it wakes up."""
    stage.plant_mix(MIX)
    kind = registry.hook_class(stage.slug)
    real = kind.create_invoices
    first = iter([True])

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        answers = real(hook, batch)
        if next(first, False):
            stage.execute("UPDATE airbooks.delivery SET lease_until = now() - interval '1 second' WHERE state = 'sending'")
            stage.deliver()
        return answers

    with patch.object(kind, "create_invoices", create), _no_places_needed():
        stage.turn("the slow one")
    stage.deliver()


def met_by_another(stage: Stage) -> None:
    """Another worker comes along between the look-up and the create."""
    stage.plant_mix(MIX)
    kind = registry.hook_class(stage.slug)
    real = kind.create_invoices
    first = iter([True])

    def create(hook: PlatformHook, batch: Sequence[Sending]) -> list[Sent]:
        if next(first, False):
            stage.turn("the other one")
        return real(hook, batch)

    with patch.object(kind, "create_invoices", create), _no_places_needed():
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
    with patch.object(tokens, "pack", side_effect=KilledError):
        stage.killed_turn()
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


def changed(stage: Stage, document: Invoice) -> Invoice:
    """The next revision of an invoice: one more unit."""
    again = stage.papers.sale(1, number=document.number, buyer=document.buyer)
    line = stage.papers.line(1, quantity="3")
    return stage.papers.invoice(
        line, number=document.number, buyer=document.buyer, source=again.source, source_id=document.source_id, due_date=document.due_date
    )


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
    void(stage, document)
    stage.deliver()


def _pay(stage: Stage, document: Document) -> None:
    with stage.hook() as hook:
        (remote,) = hook.find_invoice(document.number, document.kind)
        payment = stage.papers.payment(document, remote, Decimal("10.00"))
        references = stage.papers.payment_references(hook, payment, remote.customer_id)
        hook.apply_payment(payment, customer_id=remote.customer_id, key="7" * 36, references=references)


def void(stage: Stage, document: Document) -> None:
    """Plan the void of a delivered document."""
    stage.execute(
        "INSERT INTO airbooks.delivery (document_id, connection, platform, operation, remote_id)"
        " SELECT document_id, connection, platform, 'void', remote_id FROM airbooks.delivery JOIN airbooks.document USING (document_id)"
        " WHERE number = %s AND is_current",
        document.number,
    )


def voided(stage: Stage) -> None:
    """The source cancels an invoice that was delivered."""
    document = stage.papers.sale(1)
    stage.plant(document)
    stage.deliver()
    void(stage, document)
    stage.deliver()
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


def rounding(stage: Stage) -> None:
    """Three lines whose taxes round differently one by one and together."""
    _one(stage, stage.papers.invoice(*(stage.papers.line(number, quantity="1", price="25.43") for number in (1, 2, 3))))


def fine_prices(stage: Stage) -> None:
    """Prices with five decimals."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="1000", price="0.12345")))


def yen(stage: Stage) -> None:
    """A currency without minor units, which the company does not keep."""
    _one(stage, stage.papers.invoice(stage.papers.line(1, quantity="3", price="1003", currency="JPY"), currency="JPY"))


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
    """Two customers of ours with one name."""
    first, second = (stage.papers.party(name="Harbour Foundry") for _ in range(2))
    stage.plant(stage.papers.sale(1, buyer=first), stage.papers.sale(1, buyer=second))
    stage.deliver()


def a_cent_off(stage: Stage) -> Invoice:
    """An invoice whose own total is a cent off."""
    document = stage.papers.sale(1)
    cent = Decimal("0.01")
    wrong = {"gross_total": document.gross_total + cent, "tax_total": document.tax_total + cent, "amount_due": document.amount_due + cent}
    return document.model_copy(update=wrong)


def wrong_by_us(stage: Stage) -> None:
    """Our own total is a cent off: what the platform books is not what we sent."""
    _one(stage, a_cent_off(stage))
