"""The desk at which payments are written: the book, the dice, and the register of all kinds of payment with their share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tests.payments.labelled.book import PER_USD, TODAY, Book, Customer, cents
from tests.payments.labelled.channels import Draft, payer_name
from tests.payments.labelled.truth import Truth
from tests.payments.labelled.writing import sentence

from airbooks.payments.decision import OpenItem

Written = list[tuple[Draft, Truth]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of payment; `weight` is its share of a bank account, and it is written `at_once` payments at a time."""

    name: str
    weight: int
    write: Callable[[Desk], Written]
    at_once: int = 1


KINDS: dict[str, Kind] = {}


def kind(name: str, weight: int, at_once: int = 1) -> Callable[[Callable[[Desk], Written]], Callable[[Desk], Written]]:
    """Register a writer of payments under `name`."""

    def registered(write: Callable[[Desk], Written]) -> Callable[[Desk], Written]:
        KINDS[name] = Kind(name, weight, write, at_once)
        return write

    return registered


@dataclass
class Desk:
    """What every writer of payments needs."""

    book: Book
    rng: random.Random

    def day(self) -> date:
        return TODAY - timedelta(days=self.rng.randint(0, 15))

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability

    def bill(self, customer: Customer | None = None) -> tuple[Customer, OpenItem]:
        """A customer with a new invoice."""
        buyer = customer or self.book.usual()
        return buyer, self.book.invoice(buyer)

    def stranger_to(self, customer: Customer) -> Customer:
        """Another customer of another family."""
        while True:
            other = self.book.usual()
            if other.family != customer.family:
                return other

    def abroad(self) -> Customer:
        """A customer whose invoices are not in the division's currency."""
        home = self.book.customer()
        other = self.rng.choice([each for each in PER_USD if each != home.division.currency])
        customer = self.book.customer(home.division, currency=other)
        self.book.background(customer, self.rng.randint(0, 3))
        return customer

    def draft(self, customer: Customer, amount: Decimal, what: str, **fields: object) -> Draft:
        """A payment of the customer: `what` with a label before it, or the `text` as given; the payer is the customer unless told."""
        values: dict[str, object] = {
            "payer": payer_name(self.rng, customer),
            "booked_on": self.day(),
            "text": sentence(self.rng, customer.division.code, what),
            **fields,
        }
        return Draft(customer=customer, amount=amount, **values)  # type: ignore[arg-type]  # a Draft's own fields, checked at run time

    def odd_amount(self, customer: Customer, low: Decimal, high: Decimal) -> Decimal:
        """An amount between the two that nothing of the customer's family is open with."""
        while True:
            amount = cents(low + (high - low) * self.rng.randint(1, 9999) / 10000)
            if self.book.reserve_amount(customer, amount):
                return amount
