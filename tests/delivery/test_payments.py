"""Payments through the outbox: applied once, after what they settle, taken back and decided by people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import psycopg
import pytest
from tests.delivery.office import CONNECTION, Office, us_invoice

from airbooks.canonical import IncomingPayment
from airbooks.payments.decision import ZERO, Candidate, Decision, OpenItem, Settled, Stage, Verdict
from airbooks.sandbox.server import Sandbox
from airbooks.staging import choosing, decisions, exceptions, planning
from airbooks.staging.answers import Answer, InvalidAnswerError, answer
from airbooks.staging.causes import AnswerKind, describe
from airbooks.staging.choosing import take_back_rejected


@pytest.fixture
def office(office: Office) -> Office:
    office.codes |= {("payment_method", "Wire"): "Wire"}
    return office


def arrive(office: Office, amount: str, **fields: object) -> tuple[int, IncomingPayment]:
    """A movement on the bank account, in staging."""
    made = {
        "source": "bank",
        "source_id": f"entry-{amount}",
        "account": "US64",
        "fingerprint": f"entry-{amount}",
        "booked_on": date(2026, 3, 2),
        "amount": Decimal(amount),
        "currency": "USD",
        "method": "Wire",
        "bank_reference": f"BR-{amount}",
        "payer_name": "Northgate Air",
    }
    movement = IncomingPayment.model_validate({**made, **fields})
    incoming_id = office.one(
        "INSERT INTO airbooks.incoming_payment (source, source_id, account, fingerprint, kind, booked_on, amount, fee, currency, body)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING incoming_id",
        *(movement.source, movement.source_id, movement.account, movement.fingerprint, movement.kind.value, movement.booked_on),
        *(movement.amount, movement.fee, movement.currency, movement.model_dump_json()),
    )
    return incoming_id, movement


def items_of(office: Office) -> dict[int, OpenItem]:
    rows = office.database.execute(
        "SELECT document_id, number, gross_total, customer_code, customer_name FROM airbooks.document WHERE kind = 'invoice' AND is_current"
    ).fetchall()
    return {
        row[0]: OpenItem(
            document_id=row[0],
            connection=CONNECTION,
            division="US",
            kind="invoice",
            number=row[1],
            customer_code=row[3],
            customer_name=row[4],
            currency="USD",
            total=row[2],
            open_amount=row[2],
            issue_date=date(2026, 2, 1),
        )
        for row in rows
    }


def pays(items: Sequence[OpenItem], amounts: Sequence[str], on_account: Decimal = ZERO) -> Candidate:
    settled = tuple(
        Settled(document_id=item.document_id, connection=item.connection, number=item.number, amount=Decimal(paid), settled=Decimal(paid))
        for item, paid in zip(items, amounts, strict=True)
    )
    return Candidate(stage=Stage.REFERENCE, confidence=Decimal(1), reason="names it", settled=settled, on_account=on_account)


def decide(office: Office, amount: str, best: Candidate, verdict: Verdict = Verdict.APPLY) -> int:
    """A movement of `amount` that is decided and planned; its id."""
    incoming_id, movement = arrive(office, amount)
    decision = Decision(key=str(incoming_id), verdict=verdict, best=best, reason="not sure")
    made = decisions.Decided(incoming_id=incoming_id, movement=movement, decision=decision)
    decisions.write(office.database, [made], items_of(office), "test")
    plan(office)
    return int(incoming_id)


def plan(office: Office) -> None:
    planning.plan(office.database, {CONNECTION: "quickbooks"}, "test")
    office.database.commit()


def two_invoices(office: Office) -> list[OpenItem]:
    office.plant(us_invoice(1), us_invoice(2))
    return sorted(items_of(office).values(), key=lambda item: item.number)


def booked(quickbooks: Sandbox) -> list[Decimal]:
    return [Decimal(str(each.amount)) for each in quickbooks.books("quickbooks").payments]


def test_one_payment_for_two_invoices_is_booked_once_and_settles_both(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.deliver()
    decide(office, "338.00", pays(items, ["169.00", "169.00"]))
    assert office.deliver()["booked"] == 1
    assert booked(quickbooks) == [Decimal("338.00")]
    assert [each.balance for each in quickbooks.books("quickbooks").documents] == [0, 0]
    assert office.deliver() == {}
    assert office.one("SELECT remote_total FROM airbooks.delivery WHERE operation = 'apply'") == Decimal("338.00")


def test_a_payment_waits_until_its_invoice_is_booked(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.database.execute("UPDATE airbooks.delivery SET not_before = now() + interval '1 hour'")
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    assert office.deliver() == {}
    office.database.execute("UPDATE airbooks.delivery SET not_before = now()")
    office.database.commit()
    assert office.deliver()["booked"] == 3
    assert booked(quickbooks) == [Decimal("169.00")]


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "reset_after_commit", "truncated_body"])
def test_a_payment_whose_answer_is_lost_is_booked_once(office: Office, quickbooks: Sandbox, fault: str) -> None:
    items = two_invoices(office)
    office.deliver()
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    office.read_timeout = 0.3
    quickbooks.inject("quickbooks", fault, path="/payment")
    assert office.deliver()["lost"] == 1
    assert office.deliver_until_quiet()["booked"] == 1
    assert booked(quickbooks) == [Decimal("169.00")]
    assert office.states() == {"delivered": 3}


def test_a_payment_that_the_platform_cannot_express_is_a_question_and_nothing_is_sent(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.deliver()
    office.codes |= {("payment_method", "Wire"): "Barter"}
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    office.deliver()
    assert booked(quickbooks) == []
    assert [code for code, _, _ in office.exceptions()] == ["AB-MAPPING"]


def test_what_stays_on_account_is_booked_with_the_payment(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.deliver()
    decide(office, "200.00", pays(items[:1], ["169.00"], Decimal("31.00")))
    assert office.deliver()["booked"] == 1
    assert booked(quickbooks) == [Decimal("200.00")]
    assert sorted(each.balance for each in quickbooks.books("quickbooks").documents) == [0, Decimal("169.00")]


def test_a_person_chooses_what_a_payment_pays(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.deliver()
    decide(office, "169.00", pays(items[1:], ["169.00"]), Verdict.REVIEW)
    cause_id = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open'")
    view = describe(office.database, cause_id)
    assert [choice.name for choice in view.choices] == ["names it"]
    assert AnswerKind.APPLY in view.cause.options
    with pytest.raises(InvalidAnswerError, match="choose it under Apply to"):
        answer(office.database, cause_id, Answer(kind=AnswerKind.APPLY, by="accountant"))
    answer(office.database, cause_id, Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1"))
    plan(office)
    assert office.deliver()["booked"] == 1
    assert booked(quickbooks) == [Decimal("169.00")]
    state, stage, by = office.one("SELECT state, stage, decided_by FROM airbooks.incoming_payment")
    assert (state, stage, by) == ("matched", "a person", "accountant")
    assert office.exceptions() == []


def test_a_choice_is_refused_when_the_invoice_was_paid_meanwhile(office: Office) -> None:
    items = two_invoices(office)
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    decide(office, "168.99", pays(items[:1], ["168.99"]), Verdict.REVIEW)
    cause_id = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open'")
    with pytest.raises(InvalidAnswerError, match="less than this choice settles"):
        answer(office.database, cause_id, Answer(kind=AnswerKind.APPLY, by="accountant", apply_to="1"))


def test_a_payment_left_out_asks_nobody_any_more(office: Office) -> None:
    items = two_invoices(office)
    decide(office, "169.00", pays(items[:1], ["169.00"]), Verdict.REVIEW)
    cause_id = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open'")
    answer(office.database, cause_id, Answer(kind=AnswerKind.REJECT, by="accountant", reason="a loan"))
    assert office.one("SELECT state FROM airbooks.incoming_payment") == "ignored"
    assert office.exceptions() == []


def test_retry_lets_a_payment_be_matched_again(office: Office) -> None:
    items = two_invoices(office)
    incoming_id = decide(office, "169.00", pays(items[:1], ["169.00"]), Verdict.REVIEW)
    assert choosing.choices(office.database, decisions.number_of(incoming_id)) == [("1", "names it")]
    cause_id = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open'")
    answer(office.database, cause_id, Answer(kind=AnswerKind.RETRY, by="accountant"))
    assert office.one("SELECT state FROM airbooks.incoming_payment") == "new"


def test_what_a_rejected_application_would_have_settled_is_open_again(office: Office) -> None:
    items = two_invoices(office)
    office.deliver()
    office.codes |= {("payment_method", "Wire"): "Barter"}
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    office.deliver()
    (cause,) = exceptions.causes_to_review(office.database)
    answer(office.database, cause.cause_id, Answer(kind=AnswerKind.REJECT, by="accountant", reason="booked by hand"))
    assert take_back_rejected(office.database, "test") == 1
    assert take_back_rejected(office.database, "test") == 0
    assert office.one("SELECT count(*) FROM airbooks.allocation WHERE cancelled_at IS NULL") == 0
    assert office.one("SELECT state FROM airbooks.incoming_payment") == "ignored"


def test_an_unknown_invoice_is_never_sent_again_like_a_payment(office: Office) -> None:
    two_invoices(office)
    office.database.execute("UPDATE airbooks.delivery SET state = 'sending'")
    office.database.execute("UPDATE airbooks.delivery SET state = 'unknown'")
    office.database.commit()
    with pytest.raises(psycopg.errors.CheckViolation):
        office.database.execute("UPDATE airbooks.delivery SET state = 'sending'")


def taking_back(incoming_id: int, settled: tuple[Settled, ...]) -> Candidate:
    return Candidate(stage=Stage.REFERENCE, confidence=Decimal(1), reason="a charge-back", settled=settled, takes_back=str(incoming_id))


def settled_now(office: Office) -> Decimal:
    found: Decimal = office.one("SELECT coalesce(sum(settled), 0) FROM airbooks.allocation WHERE cancelled_at IS NULL")
    return found


def test_a_charge_back_opens_again_what_the_payment_settled(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.deliver()
    best = pays(items, ["169.00", "169.00"])
    paid = decide(office, "338.00", best)
    office.deliver()
    back = decide(office, "338.01", taking_back(paid, best.settled))
    assert settled_now(office) == 0
    states: dict[int, str] = dict(office.database.execute("SELECT incoming_id, state FROM airbooks.incoming_payment").fetchall())
    assert states == {paid: "reversed", back: "matched"}
    assert office.deliver() == {}
    assert booked(quickbooks) == [Decimal("338.00")]  # a person takes it back there


def test_a_refund_of_a_part_leaves_the_rest_settled(office: Office) -> None:
    items = two_invoices(office)
    paid = decide(office, "169.00", pays(items[:1], ["169.00"]))
    decide(office, "69.00", taking_back(paid, pays(items[:1], ["69.00"]).settled))
    assert settled_now(office) == Decimal("100.00")
    assert office.one("SELECT state FROM airbooks.incoming_payment WHERE incoming_id = %s", paid) == "matched"


def test_a_payment_that_is_charged_back_before_it_was_sent_is_not_sent(office: Office, quickbooks: Sandbox) -> None:
    items = two_invoices(office)
    office.deliver()
    best = pays(items[:1], ["169.00"])
    paid = decide(office, "169.00", best)
    decide(office, "169.01", taking_back(paid, best.settled))
    assert office.deliver() == {}
    assert booked(quickbooks) == []
