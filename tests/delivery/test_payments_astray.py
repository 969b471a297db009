"""Payments that go astray: rejected in part, taken back, chosen too late, waiting for ever. No money is lost or counted twice."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import pytest
from psycopg.types.json import Jsonb
from tests.delivery.office import CONNECTION, Office
from tests.delivery.test_payments import arrive, booked, decide, items_of, pays, settled_now, taking_back, two_invoices

from airbooks.canonical import PaymentKind
from airbooks.canonical.remote import RemoteAllocation, RemotePayment
from airbooks.payments.decision import Candidate, Decision, OpenItem, Settled, Stage, Verdict
from airbooks.payments.reversals import way_to_take_back
from airbooks.sandbox.server import Sandbox
from airbooks.staging import decisions, planning, platform_payments
from airbooks.staging.answers import AlreadyAnswered, Answer, InvalidAnswerError, answer
from airbooks.staging.balances import open_items
from airbooks.staging.causes import AnswerKind, describe
from airbooks.staging.choosing import take_back_rejected
from airbooks.staging.incoming import Incoming
from airbooks.staging.known_payments import known

TODAY = date(2026, 3, 3)


@pytest.fixture
def office(office: Office) -> Office:
    office.codes |= {("payment_method", "Wire"): "Wire"}
    return office


def open_amounts(office: Office) -> dict[str, Decimal]:
    return {each.number: each.open_amount for each in open_items(office.database)}


def cause(office: Office) -> str:
    found: str = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open'")
    return found


def remote_id_of(office: Office, number: str) -> str:
    return str(office.one("SELECT remote_id FROM airbooks.delivery JOIN airbooks.document USING (document_id) WHERE number = %s", number))


def listed(remote_id: str, document: str, amount: str, *, reversed_: bool = False) -> RemotePayment:
    part = RemoteAllocation(remote_id=document, amount=Decimal(amount))
    return RemotePayment(remote_id=remote_id, amount=Decimal(amount), currency="USD", allocations=(part,), reversed=reversed_)


def read_back(office: Office, *payments: RemotePayment) -> None:
    platform_payments.store(office.database, CONNECTION, payments)
    platform_payments.take_back(office.database, CONNECTION, "test")
    office.database.commit()


def set_delivery(office: Office, states: Sequence[str], remote_id: str = "") -> None:
    """Lead the one application through these states, as a worker would."""
    for state in states:
        office.database.execute(
            "UPDATE airbooks.delivery SET state = %s, remote_id = CASE WHEN %s IN ('delivered', 'parked') THEN %s ELSE remote_id END"
            " WHERE operation = 'apply'",
            (state, state, remote_id),
        )
    office.database.commit()


# -- choosing -----------------------------------------------------------------------------------------------------------------------------


def with_candidate(office: Office, amount: str, best: Candidate) -> int:
    """A payment in review whose only choice is `best`."""
    return decide(office, amount, best, Verdict.REVIEW)


def as_note(office: Office, number: str) -> None:
    office.database.execute("UPDATE airbooks.document SET kind = 'credit_note' WHERE number = %s", [number])
    office.database.commit()


def netting(office: Office) -> Candidate:
    invoice, note = two_invoices(office)
    as_note(office, note.number)
    settled = (
        Settled(document_id=invoice.document_id, connection=CONNECTION, number=invoice.number, amount=Decimal(100), settled=Decimal(100)),
        Settled(document_id=note.document_id, connection=CONNECTION, number=note.number, amount=Decimal(-120), settled=Decimal(120)),
    )
    return Candidate(stage=Stage.REFERENCE, confidence=Decimal(1), reason="nets", settled=settled, on_account=Decimal(30))


def test_a_choice_that_no_platform_can_book_is_refused_in_words_and_the_question_stays(office: Office) -> None:
    best = netting(office)
    office.database.execute("UPDATE airbooks.incoming_payment SET state = 'new'")
    with_candidate(office, "10.00", best)
    with pytest.raises(InvalidAnswerError, match=r"credit notes of customer .* take off more"):
        answer(office.database, cause(office), Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1"))
    assert office.one("SELECT state FROM airbooks.incoming_payment") == "review"
    assert [code for code, _, _ in office.exceptions()] == ["AB-PAYMENT-MATCH"]


def test_a_decision_that_no_platform_can_book_asks_and_says_why(office: Office) -> None:
    incoming_id, movement = arrive(office, "10.00")
    best = netting(office)
    decision = Decision(key=str(incoming_id), verdict=Verdict.APPLY, best=best, reason="nets")
    made = decisions.Decided(incoming_id=incoming_id, movement=movement, decision=decision)
    tally = decisions.write(office.database, [made], items_of(office) | _notes(office), "test")
    assert tally["reviewed"] == 1
    assert "take off more than his invoices give" in office.one("SELECT says FROM airbooks.exception WHERE state = 'open'")
    assert office.one("SELECT jsonb_array_length(candidates) FROM airbooks.incoming_payment") == 0


def _notes(office: Office) -> dict[int, OpenItem]:
    return {each.document_id: each for each in open_items(office.database)}


def test_a_choice_counts_what_people_booked_on_the_platform(office: Office) -> None:
    items = two_invoices(office)
    office.deliver()
    with_candidate(office, "169.00", pays(items[:1], ["169.00"]))
    there = remote_id_of(office, items[0].number)
    read_back(office, listed("99", there, "100.00"))
    with pytest.raises(InvalidAnswerError, match=r"69\.00 USD open, less than this choice settles"):
        answer(office.database, cause(office), Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1"))


def test_a_choice_on_an_invoice_that_was_cancelled_is_refused(office: Office) -> None:
    items = two_invoices(office)
    with_candidate(office, "169.00", pays(items[:1], ["169.00"]))
    office.database.execute("UPDATE airbooks.document SET state = 'cancelled' WHERE number = %s", [items[0].number])
    with pytest.raises(InvalidAnswerError, match="nothing open"):
        answer(office.database, cause(office), Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1"))


def test_a_chosen_payment_goes_to_the_bank_account_as_the_books_call_it(office: Office) -> None:
    items = two_invoices(office)
    with_candidate(office, "169.00", pays(items[:1], ["169.00"]))
    given = Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1")
    answer(office.database, cause(office), given, lambda account, connection: f"{account} in {connection}")
    assert office.one("SELECT body ->> 'bank_account' FROM airbooks.document WHERE kind = 'payment'") == f"US64 in {CONNECTION}"


def test_a_chosen_charge_back_of_a_payment_that_was_taken_back_meanwhile_is_refused(office: Office) -> None:
    items = two_invoices(office)
    best = pays(items[:1], ["169.00"])
    paid = decide(office, "169.00", best)
    with_candidate(office, "169.01", taking_back(paid, best.settled))
    question = cause(office)
    decide(office, "169.02", taking_back(paid, best.settled))
    with pytest.raises(InvalidAnswerError, match="does not stand any more"):
        answer(office.database, question, Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1"))


def test_a_number_beyond_six_digits_shows_the_choices_of_its_own_payment(office: Office) -> None:
    items = two_invoices(office)
    office.database.execute("ALTER TABLE airbooks.incoming_payment ALTER incoming_id RESTART WITH 100000")
    with_candidate(office, "168.00", pays(items[:1], ["168.00"]))
    office.database.execute("UPDATE airbooks.incoming_payment SET candidates = %s", [Jsonb([{"reason": "of another"}])])
    office.database.execute("ALTER TABLE airbooks.incoming_payment ALTER incoming_id RESTART WITH 1000000")
    with_candidate(office, "169.00", pays(items[1:], ["169.00"]))
    question = office.one("SELECT cause_id FROM airbooks.exception WHERE number = 'PAY-1000000'")
    assert [each.name for each in describe(office.database, question).choices] == ["names it"]


def test_an_answer_to_choices_that_have_changed_since_comes_too_late(office: Office) -> None:
    items = two_invoices(office)
    incoming_id = with_candidate(office, "169.00", pays(items[:1], ["169.00"]))
    seen = describe(office.database, cause(office)).cause
    office.database.execute("UPDATE airbooks.incoming_payment SET state = 'new'")  # as an advice that comes later does
    _, movement = arrive(office, "169.01")
    decision = Decision(key="1", verdict=Verdict.REVIEW, best=pays(items[1:], ["169.00"]), reason="not sure")
    decisions.write(office.database, [decisions.Decided(incoming_id=incoming_id, movement=movement, decision=decision)], {}, "test")
    with pytest.raises(AlreadyAnswered):
        answer(office.database, seen.cause_id, Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1", round=seen.round))
    assert [code for code, _, _ in office.exceptions()] == ["AB-PAYMENT-MATCH"]


# -- rejected -----------------------------------------------------------------------------------------------------------------------------


def in_two_parts(office: Office) -> int:
    """A payment over two customers' invoices: two payments on the platform."""
    items = two_invoices(office)
    office.database.execute("UPDATE airbooks.document SET customer_code = 'C-OTHER' WHERE number = %s", [items[1].number])
    return decide(office, "338.00", pays(items, ["169.00", "169.00"]))


def test_rejecting_one_part_of_a_payment_leaves_the_other_as_it_is(office: Office) -> None:
    in_two_parts(office)
    office.database.execute(
        "UPDATE airbooks.delivery d SET state = 'rejected' FROM airbooks.document p"
        " WHERE p.document_id = d.document_id AND p.number LIKE 'PAY-%-2'"
    )
    office.database.execute("UPDATE airbooks.document SET state = 'rejected' WHERE number LIKE 'PAY-%-2'")
    assert take_back_rejected(office.database, "test") == 1
    assert settled_now(office) == Decimal("169.00")
    assert office.one("SELECT state FROM airbooks.incoming_payment") == "matched"
    assert take_back_rejected(office.database, "test") == 0


def test_a_rejected_application_that_stands_on_the_platform_still_settles_there(office: Office) -> None:
    items = two_invoices(office)
    office.deliver()
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    set_delivery(office, ["sending", "parked"], "77")
    there = remote_id_of(office, items[0].number)
    read_back(office, listed("77", there, "169.00"))
    set_delivery(office, ["rejected"])
    office.database.execute("UPDATE airbooks.document SET state = 'rejected' WHERE kind = 'payment'")
    take_back_rejected(office.database, "test")
    assert items[0].number not in open_amounts(office)


# -- reversed on the platform -------------------------------------------------------------------------------------------------------------


def test_a_payment_that_was_voided_and_applied_again_stands(office: Office) -> None:
    items = two_invoices(office)
    office.deliver()
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    there = remote_id_of(office, items[0].number)
    set_delivery(office, ["sending", "parked"], "77")
    read_back(office, listed("77", there, "160.00"))
    read_back(office, listed("77", there, "160.00", reversed_=True))  # somebody voided what differed
    set_delivery(office, ["pending", "sending", "delivered"], "78")
    read_back(office, listed("77", there, "160.00", reversed_=True), listed("78", there, "169.00"))
    assert settled_now(office) == Decimal("169.00")
    assert office.one("SELECT state FROM airbooks.incoming_payment") == "matched"


# -- waiting for what never comes ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["rejected", "cancelled"])
def test_a_payment_of_an_invoice_that_will_never_come_is_asked_about(office: Office, quickbooks: Sandbox, state: str) -> None:
    items = two_invoices(office)
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    office.database.execute("UPDATE airbooks.document SET state = %s WHERE number = %s", (state, items[0].number))
    office.database.execute(
        "UPDATE airbooks.delivery d SET state = 'rejected' FROM airbooks.document p WHERE p.document_id = d.document_id AND p.number = %s",
        [items[0].number],
    )
    office.database.commit()
    office.deliver()
    assert booked(quickbooks) == []
    assert "AB-PAYMENT-DOCUMENT" in [code for code, _, _ in office.exceptions()]


def test_money_that_goes_out_is_never_booked_as_money_that_comes_in(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.deliver()
    incoming_id, movement = arrive(office, "169.00", kind=PaymentKind.REFUND)
    decision = Decision(key=str(incoming_id), verdict=Verdict.APPLY, best=pays(items[:1], ["169.00"]))
    made = decisions.Decided(incoming_id=incoming_id, movement=movement, decision=decision)
    decisions.write(office.database, [made], items_of(office), "test")
    planning.plan(office.database, {CONNECTION: "quickbooks"}, "test")
    office.database.commit()
    office.deliver()
    assert booked(quickbooks) == []
    assert [code for code, _, _ in office.exceptions()] == ["AB-PAYMENT-OUT"]


# -- refunds ------------------------------------------------------------------------------------------------------------------------------


def test_a_second_refund_of_a_part_opens_that_part_too(office: Office) -> None:
    items = two_invoices(office)
    paid = decide(office, "169.00", pays(items[:1], ["169.00"]))
    decide(office, "69.00", taking_back(paid, pays(items[:1], ["69.00"]).settled))
    incoming_id, refund = arrive(office, "30.00", kind=PaymentKind.REFUND)
    wanted = [Incoming(incoming_id=incoming_id, state="new", movement=refund, original_id=paid)]
    (earlier,) = known(office.database, TODAY, wanted).settled_before
    assert (earlier.gross, earlier.on_account) == (Decimal("100.00"), Decimal(0))
    way = way_to_take_back(earlier, refund, Decimal("0.99"), "names it")
    assert way is not None
    assert [each.settled for each in way.settled] == [Decimal("30.00")]
    decide(office, "30.01", way)
    assert settled_now(office) == Decimal("70.00")


def test_what_is_paid_in_part_is_not_said_to_be_settled(office: Office) -> None:
    items = two_invoices(office)
    decide(office, "269.00", pays(items, ["169.00", "100.00"]))
    assert known(office.database, TODAY, []).closed == {items[0].number}
