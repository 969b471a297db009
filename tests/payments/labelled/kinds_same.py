"""The same amount more than once: every month, at two customers, or paid twice."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

from tests.payments.labelled import writing
from tests.payments.labelled.book import DIVISIONS, Customer
from tests.payments.labelled.channels import payer_name
from tests.payments.labelled.desk import Desk, Written, kind
from tests.payments.labelled.kinds_several import WORDLESS
from tests.payments.labelled.truth import ask, either, full, known

from airbooks.payments.decision import OpenItem


def rental(desk: Desk) -> tuple[Customer, list[OpenItem]]:
    """Invoices of the same amount on the first of every month."""
    customer = desk.book.customer()
    amount = desk.odd_amount(customer, Decimal(90), Decimal(4000))
    months = range(10, 10 - desk.rng.randint(3, 5), -1)
    return customer, [desk.book.invoice(customer, amount=amount, issued=date(2026, month, 1)) for month in months]


@kind("trap: same amount every month, nothing named", 70)
def rental_unnamed(desk: Desk) -> Written:
    customer, items = rental(desk)
    return [
        (
            desk.draft(customer, items[0].open_amount, "", text=desk.rng.choice(("", "rental", "Miete", "monthly rate"))),
            ask("every month fits"),
        )
    ]


@kind("same amount every month, month named", 40)
def rental_month(desk: Desk) -> Written:
    customer, items = rental(desk)
    chosen = desk.rng.choice(items)
    month = writing.MONTHS["EU" if customer.division.code == "EU" else "US"][chosen.issue_date.month - 1]
    draft = desk.draft(customer, chosen.open_amount, "", text=f"{desk.rng.choice(('rental', 'Miete', 'rate'))} {month} 2026")
    return [(draft, either(full([chosen]), why="one invoice of that month"))]


@kind("same amount every month, number named", 60)
def rental_number(desk: Desk) -> Written:
    customer, items = rental(desk)
    chosen = desk.rng.choice(items)
    habit = desk.rng.choice((writing.tidy, writing.without_prefix, writing.without_zeros))
    return [(desk.draft(customer, chosen.open_amount, habit(desk.rng, chosen.number)), known(full([chosen])))]


@kind("trap: same amount every month, mistyped number", 40)
def rental_typo(desk: Desk) -> Written:
    """The number is as near to two invoices as to each other: nobody knows which is meant."""
    customer, items = rental(desk)
    tails = Counter(each.number[:-1] for each in items)
    stem, count = tails.most_common(1)[0]
    free = [digit for digit in "0123456789" if f"{stem}{digit}" not in desk.book.numbers]
    if count < 2 or not free:
        return rental_typo(desk)
    wrong = f"{stem}{desk.rng.choice(free)}"
    desk.book.reserve_number(wrong)
    return [(desk.draft(customer, items[0].open_amount, wrong), ask("one character off from several invoices of this amount"))]


@kind("trap: same amount at two customers, payer unknown", 60)
def two_customers(desk: Desk) -> Written:
    customer, item = desk.bill()
    other = desk.stranger_to(customer)
    desk.book.invoice(other, amount=item.open_amount)
    payer = desk.rng.choice(("", "ONLINE TRANSFER", "NOT PROVIDED", "Sammelueberweisung"))
    draft = desk.draft(customer, item.open_amount, "", text=desk.rng.choice(WORDLESS), payer=payer)
    return [(draft, ask("two customers owe this amount"))]


@kind("trap: same amount at two sister companies", 50)
def sisters(desk: Desk) -> Written:
    """The bank left the legal form out."""
    customer = desk.book.customer()
    item = desk.book.invoice(customer)
    others = [each for each in DIVISIONS if each != customer.division]
    sister = desk.book.customer(desk.rng.choice(others), family=customer.family, currency=customer.currency)
    desk.book.invoice(sister, amount=item.open_amount)
    draft = desk.draft(customer, item.open_amount, "", text=desk.rng.choice(WORDLESS), payer=customer.family)
    return [(draft, ask("both sister companies owe this amount"))]


@kind("same amount at two customers, payer clear", 50)
def two_customers_clear(desk: Desk) -> Written:
    customer, item = desk.bill()
    desk.book.invoice(desk.stranger_to(customer), amount=item.open_amount)
    draft = desk.draft(customer, item.open_amount, "", text=desk.rng.choice(WORDLESS), payer=customer.name)
    return [(draft, known(full([item]), by_amount=True))]


@kind("the same payment twice", 120, at_once=2)
def twice(desk: Desk) -> Written:
    """The second one pays nothing that is open any more."""
    customer, item = desk.bill()
    day = desk.day()
    payer = payer_name(desk.rng, customer)
    first = desk.draft(customer, item.open_amount, item.number, booked_on=day - timedelta(days=desk.rng.randint(1, 4)), payer=payer)
    again = desk.draft(customer, item.open_amount, "", booked_on=day, payer=payer, text=first.text)
    return [(first, known(full([item]))), (again, ask("paid already, by an earlier payment"))]
