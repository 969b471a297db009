"""From a decision to the payments that platforms book: one for each connection and customer whose documents it settles."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from airbooks.canonical import Allocation, IncomingPayment, Payment
from airbooks.payments.decision import ZERO, Candidate, OpenItem, Settled

SOURCE = "payments"
_NUMBER = re.compile(r"PAY-(\d{6,18})")


def number_of(incoming_id: int) -> str:
    """Our own number of a movement."""
    return f"PAY-{incoming_id:06}"


def id_of(number: str) -> int | None:
    """The movement of a number of ours; None where it is no such number, or that of a payment's second or later part."""
    found = _NUMBER.fullmatch(number)
    return int(found[1]) if found and number_of(int(found[1])) == number else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """The payment that one connection books, with all that it settles there (credit notes that are netted too)."""

    connection: str
    division: str
    customer_name: str
    payment: Payment
    settled: tuple[Settled, ...]


class NotPayableError(Exception):
    """A candidate that no platform can book as payments; the message says why, for the person who is asked instead."""


def parts_of(
    number: str,
    movement: IncomingPayment,
    chosen: Candidate,
    items: Mapping[int, OpenItem],
    account: Callable[[str], str] = lambda _: "",
) -> tuple[Part, ...]:
    """The payments of a candidate. `number` is our number of the movement; more than one part get -2, -3 behind it.

    What stays on account and what the bank kept go with the first part, the one that settles most. `account` gives our code of the bank
    account in the books of a connection. Raises NotPayableError where credit notes take more off a customer's part than his invoices give.
    """
    groups = sorted(_grouped(chosen.settled, items).items(), key=lambda group: (-sum(each.amount for each in group[1]), group[0]))
    parts = []
    for position, ((connection, customer), settled) in enumerate(groups):
        is_first = position == 0
        name = number if is_first else f"{number}-{position + 1}"
        payment = _payment(name, movement, customer, settled, chosen.on_account if is_first else ZERO, account(connection))
        payment = payment.model_copy(update={"bank_fee": movement.fee if is_first else ZERO})
        first = items[settled[0].document_id]
        parts.append(
            Part(connection=connection, division=first.division, customer_name=first.customer_name, payment=payment, settled=settled)
        )
    return tuple(parts)


def _grouped(settled: Iterable[Settled], items: Mapping[int, OpenItem]) -> dict[tuple[str, str], tuple[Settled, ...]]:
    groups: dict[tuple[str, str], list[Settled]] = {}
    for each in settled:
        groups.setdefault((each.connection, items[each.document_id].customer_code), []).append(each)
    return {key: tuple(group) for key, group in groups.items()}


def _payment(
    number: str, movement: IncomingPayment, customer: str, settled: Sequence[Settled], on_account: Decimal, account: str
) -> Payment:
    cash = sum((each.amount for each in settled), ZERO)
    if cash <= 0:
        raise NotPayableError(f"the credit notes of customer {customer} take off more than his invoices give")
    return Payment(
        source=SOURCE,
        source_id=number,
        kind=movement.kind,
        customer_code=customer,
        received_on=movement.booked_on,
        amount=cash + on_account,
        currency=movement.currency,
        method=movement.method,
        reference=movement.bank_reference[:60],
        bank_account=account,
        memo=movement.text[:200],
        allocations=tuple(_allocation(each) for each in netted(settled)),
    )


def _allocation(settled: Settled) -> Allocation:
    return Allocation(document_number=settled.number, amount=settled.amount, discount=settled.discount, write_off=settled.write_off)


def netted(settled: Sequence[Settled]) -> list[Settled]:
    """The invoices with the cash that each gets: a netted credit note takes its amount off them, from the first on."""
    credit = -sum((each.amount for each in settled if each.amount < 0), ZERO)
    paid = []
    for each in (each for each in settled if each.amount >= 0):
        taken = min(credit, each.amount)
        credit -= taken
        if each.amount > taken or each.discount or each.write_off:
            paid.append(replace(each, amount=each.amount - taken))
    return paid
