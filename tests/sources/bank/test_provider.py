"""What a payment provider tells: payment, refund, charge-back and fee by declared paths, the same movement however often it is told."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from tests.sources.bank.declared import mapping

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.movement import BadMovement
from airbooks.sources.bank.provider import Provider, movement_told

CARDS = Provider(
    name="cards",
    event="type",
    events={"payment.succeeded": "receipt", "refund.succeeded": "refund", "dispute.opened": "charge_back"},
    defaults={"account": "cards_us"},
    mapping=mapping(
        """
        minor_units: true
        fields:
          source_id: { column: data.id, required: true }
          booked_on: { column: created, as: epoch, required: true }
          amount: { column: data.net, as: number, required: true }
          fee: { column: data.fee, as: number, optional: true }
          currency: { column: data.currency, required: true }
          references: { column: data.metadata.invoices, as: list, optional: true }
          reverses: { column: data.payment, optional: true }
          advice:
            each: data.lines
            fields: { document_number: invoice, amount: { column: paid, as: number } }
        """,
        "account",
    ),
)


def event(type_: str = "payment.succeeded", **data: Any) -> dict[str, Any]:
    whole = {"id": "pay_1", "net": 9710, "fee": 290, "currency": "usd", "metadata": {"invoices": ["US-SI-000123"]}, **data}
    read: dict[str, Any] = json.loads(json.dumps({"type": type_, "created": 1793577600, "data": whole}), parse_float=Decimal)
    return read


def told(payload: dict[str, Any]) -> IncomingPayment:
    found = movement_told(CARDS, payload)
    assert isinstance(found, IncomingPayment), found
    return found


def test_a_payment_is_what_was_credited_and_what_the_provider_kept() -> None:
    found = told(event())
    assert (found.amount, found.fee, found.gross, found.currency) == (Decimal("97.10"), Decimal("2.90"), Decimal("100.00"), "USD")
    assert (found.source, found.source_id, found.account) == ("cards", "pay_1", "cards_us")
    assert (found.booked_on, found.references) == (date(2026, 11, 2), ("US-SI-000123",))


def test_a_refund_and_a_charge_back_name_the_payment_that_they_take_back() -> None:
    refund = told(event("refund.succeeded", id="re_1", payment="pay_1", fee=0))
    dispute = told(event("dispute.opened", id="dp_1", payment="pay_1", fee=0))
    assert [(each.kind, each.reverses) for each in (refund, dispute)] == [
        (PaymentKind.REFUND, "pay_1"),
        (PaymentKind.CHARGE_BACK, "pay_1"),
    ]
    assert len({each.fingerprint for each in (told(event()), refund, dispute)}) == 3


def test_an_event_that_is_told_again_with_other_words_is_the_same_movement() -> None:
    assert told(event()).fingerprint == told(event(description="again", metadata={})).fingerprint


def test_lines_of_a_payload_are_the_advice() -> None:
    lines = told(event(lines=[{"invoice": "US-SI-1", "paid": 6000}, {"invoice": "US-SI-2", "paid": 4000}])).advice
    assert [(each.document_number, each.amount) for each in lines] == [("US-SI-1", Decimal("60.00")), ("US-SI-2", Decimal("40.00"))]


def test_an_event_that_moves_no_money_tells_nothing() -> None:
    assert movement_told(CARDS, event("customer.updated")) is None
    assert movement_told(CARDS, {"unexpected": []}) is None


def test_an_event_that_cannot_be_read_is_named() -> None:
    wrong = {"amount": event(net="a lot"), "source_id": event(id=""), "currency": event(currency="dollars")}
    for field, payload in (*wrong.items(), ("amount", event(net=10**40))):
        found = movement_told(CARDS, payload)
        assert isinstance(found, BadMovement)
        assert (found.file, found.entry, found.field) == ("cards", "event payment.succeeded", field)


def test_a_moment_beyond_the_calendar_is_named() -> None:
    found = movement_told(CARDS, {**event(), "created": 10**20})
    assert isinstance(found, BadMovement)
    assert found.field == "booked_on"


def test_whole_units_of_a_currency_without_cents() -> None:
    assert told(event(currency="jpy", net=5000, fee=0)).amount == Decimal(5000)
