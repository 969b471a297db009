"""Payments that look as if they could be known: a careless reading applies them to the wrong document, or forgives what nobody forgave."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.payments.labelled.book import DISCOUNT, DISCOUNT_DAYS, cents
from tests.payments.labelled.channels import payer_name
from tests.payments.labelled.desk import Desk, Written, kind
from tests.payments.labelled.kinds_several import WORDLESS
from tests.payments.labelled.truth import ask, either, full, share

STRANGERS = ("Global Procurement Holding BV", "Group Treasury Centre SE", "R. V.", "", "Payment Services Europe SA")


@kind("trap: number of the customer's other invoice", 60)
def neighbour(desk: Desk) -> Written:
    """He pays one invoice to the cent and writes the number of another of his."""
    customer, item = desk.bill()
    other = desk.book.invoice(customer)
    draft = desk.draft(customer, item.open_amount, other.number)
    return [(draft, either(full([item]), why="the amount is that of another invoice of this customer"))]


@kind("trap: another's number, amount fits nothing", 50)
def stray_number(desk: Desk) -> Written:
    """A known payer, the number of somebody else's invoice, and less than it."""
    customer = desk.book.usual()
    _, theirs = desk.bill(desk.stranger_to(customer))
    amount = desk.odd_amount(customer, theirs.open_amount * Decimal("0.3"), theirs.open_amount * Decimal("0.9"))
    draft = desk.draft(customer, amount, theirs.number, payer=customer.name, currency=theirs.currency)
    return [(draft, ask("the number is another customer's, and the amount is not its"))]


@kind("trap: unknown payer, a number, less than it", 50)
def stranger_short(desk: Desk) -> Written:
    """A part by a stranger, or a wrong number: nobody knows."""
    customer, item = desk.bill()
    amount = desk.odd_amount(customer, item.open_amount * Decimal("0.3"), item.open_amount * Decimal("0.9"))
    return [
        (
            desk.draft(customer, amount, item.number, payer=desk.rng.choice(STRANGERS)),
            ask("neither the payer nor the amount agrees with the number"),
        )
    ]


@kind("trap: the figure of the invoice in another currency", 40)
def wrong_currency(desk: Desk) -> Written:
    customer = desk.abroad()
    item = desk.book.invoice(customer)
    draft = desk.draft(customer, item.open_amount, item.number, currency=customer.division.currency)
    return [(draft, ask("1,000.00 of one currency are not 1,000.00 of another"))]


@kind("trap: the number of a credit note, paid", 30)
def pays_a_credit_note(desk: Desk) -> Written:
    customer = desk.book.usual()
    note = desk.book.credit_note(customer)
    return [(desk.draft(customer, note.open_amount, note.number), ask("a credit note is not paid by the customer"))]


@kind("all of an invoice that is partly paid", 40)
def whole_again(desk: Desk) -> Written:
    customer = desk.book.usual()
    item = desk.book.partly_paid(customer)
    return [(desk.draft(customer, item.total, item.number), either(full([item]), why="the rest of the money on account"))]


@kind("on account", 60)
def on_account(desk: Desk) -> Written:
    """A round amount, and words that name no document."""
    customer = desk.book.usual()
    amount = Decimal(desk.rng.randint(2, 40) * 500)
    desk.book.reserve_amount(customer, amount)
    text = desk.rng.choice(("a conto", "on account", "Akontozahlung", "payment on account", "part payment of balance"))
    return [(desk.draft(customer, amount, "", text=text), ask("a person decides what it pays"))]


@kind("discount, in time, nothing named", 60)
def wordless_discount(desk: Desk) -> Written:
    customer, days, day = desk.book.occasional(), desk.rng.randint(1, DISCOUNT_DAYS), desk.day()
    item = desk.book.invoice(customer, issued=day - timedelta(days=days), discounted=True)
    allowed = cents(item.open_amount * DISCOUNT / 100)
    draft = desk.draft(customer, item.open_amount - allowed, "", text=desk.rng.choice(WORDLESS), booked_on=day)
    return [(draft, either(frozenset([share(item, discount=allowed)]), why="the amount is that less the discount"))]


@kind("deduction with a reason", 60)
def deduction(desk: Desk) -> Written:
    customer, item = desk.bill()
    amount = desk.odd_amount(customer, item.open_amount * Decimal("0.85"), item.open_amount * Decimal("0.97"))
    reason = desk.rng.choice(
        ("less freight", "minus damaged goods", "Kuerzung wg. Mangel", "short delivered", "abzgl. Fracht", "rebate Q3")
    )
    less = item.open_amount - amount
    draft = desk.draft(customer, amount, f"{item.number} {reason} {less:.2f}")
    return [(draft, either(frozenset([share(item, amount)]), why="the deduction stays open until a person grants it"))]


@kind("trap: two customers in one name", 40)
def namesakes(desk: Desk) -> Written:
    """Sister companies, each with its own invoices: the payer is one, and what he pays adds up with an invoice of each."""
    customer = desk.book.customer()
    others = desk.book.customer(customer.division, family=customer.family, currency=customer.currency)
    mine, theirs = desk.book.invoices(customer, 2), desk.book.invoices(others, 2)
    amount = mine[0].open_amount + theirs[0].open_amount
    draft = desk.draft(customer, amount, "", text=desk.rng.choice(WORDLESS), payer=customer.family)
    return [(draft, either(full([mine[0], theirs[0]]), why="an invoice of each sister adds up"))]


@kind("invoices of two customers, by one payer", 50)
def agent(desk: Desk) -> Written:
    """A buying group or a factoring company pays for several customers at once; all numbers are named."""
    customer = desk.book.usual()
    others = [desk.book.customer(currency=customer.currency) for _ in range(desk.rng.randint(1, 2))]
    items = [item for each in (customer, *others) for item in desk.book.invoices(each, desk.rng.randint(1, 3))]
    text = " ".join(each.number for each in items)
    payer = desk.rng.choice((*STRANGERS[:2], payer_name(desk.rng, customer)))
    draft = desk.draft(customer, sum((each.open_amount for each in items), Decimal(0)), "", text=text, payer=payer)
    return [(draft, either(full(items), why="all are named, and they sum"))]
