"""Payments whose words decide: exceptions, on behalf of others, names that are nearly others' names, numbers of the payer's own."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.payments.labelled import writing
from tests.payments.labelled.book import Customer
from tests.payments.labelled.channels import TRANSCRIBED, payer_name
from tests.payments.labelled.desk import Desk, Written, kind
from tests.payments.labelled.kinds_same import rental
from tests.payments.labelled.kinds_several import WORDLESS
from tests.payments.labelled.truth import ask, either, full, known, share, total

SHORTER = {
    "International": "Intl",
    "Services": "Svcs",
    "Service": "Svc",
    "Systems": "Sys",
    "Industrial": "Ind.",
    "Supply": "Sup",
    "Compressors": "Compr",
    "Pneumatics": "Pneum.",
    "Processing": "Proc",
    "Maschinenbau": "Masch.bau",
}


@kind("all but one, which is named", 50)
def all_but_one(desk: Desk) -> Written:
    """The only number in the text is the one that is not paid."""
    customer = desk.book.customer()
    items = desk.book.invoices(customer, desk.rng.randint(3, 6))
    spared, paid = items[0], items[1:]
    words = desk.rng.choice(("all open except", "Kontoausgleich ohne", "statement Oct excluding", "alle offenen ausser", "all but"))
    return [(desk.draft(customer, total(paid), "", text=f"{words} {spared.number}"), either(full(paid), why="all but the named one"))]


@kind("all but one, in other languages", 40)
def sauf(desk: Desk) -> Written:
    customer = desk.book.customer()
    items = desk.book.invoices(customer, desk.rng.randint(3, 6))
    spared, paid = items[0], items[1:]
    words = desk.rng.choice(
        ("tout sauf", "solde hors facture", "alles behalve", "todo menos", "saldo salvo", "excl.", "not incl.", "acct less inv")
    )
    return [(desk.draft(customer, total(paid), "", text=f"{words} {spared.number}"), either(full(paid), why="all but the named one"))]


@kind("one paid, another one held back", 50)
def held_back(desk: Desk) -> Written:
    """Both are named, and the words say which one is not paid."""
    customer = desk.book.usual()
    paid, held = desk.book.invoices(customer, 2)
    words = desk.rng.choice(("in dispute", "on hold", "einbehalten", "pending credit", "reklamiert", "to follow"))
    text = desk.rng.choice((f"{paid.number}, {held.number} {words}", f"{held.number} {words}; {paid.number}"))
    return [(desk.draft(customer, paid.open_amount, text), either(full([paid]), why="the amount is that of the one that is not held back"))]


@kind("two equal halves, the same words", 60, at_once=2)
def halves(desk: Desk) -> Written:
    """The second half, or the first one again? It closes the invoice to the cent."""
    customer = desk.book.usual()
    half = desk.odd_amount(customer, Decimal(50), Decimal(4000))
    item = desk.book.invoice(customer, amount=half * 2)
    day = desk.day()
    first = desk.draft(customer, half, item.number, booked_on=day - timedelta(days=3))
    second = desk.draft(customer, half, "", text=first.text, booked_on=day)
    part = frozenset([share(item, half)])
    return [(first, known(part)), (second, either(part, why="the rest to the cent"))]


@kind("trap: the payer's own order number, another's with us", 50)
def foreign_order(desk: Desk) -> Written:
    """A bare number that is another customer's purchase order."""
    customer = desk.book.usual()
    digits = f"{desk.rng.randint(100000, 999999)}"
    desk.book.invoice(desk.stranger_to(customer), order=f"PO-{digits}")
    amount = desk.odd_amount(customer, Decimal(60), Decimal(5000))
    text = desk.rng.choice((digits, f"order {digits}", f"our ref {digits}", f"Projekt {digits}"))
    return [(desk.draft(customer, amount, "", text=text), ask("the order is another customer's, the amount is nothing's"))]


@kind("trap: statement, but less than all", 50)
def short_statement(desk: Desk) -> Written:
    customer = desk.book.customer()
    items = desk.book.invoices(customer, desk.rng.randint(3, 7))
    text = writing.words(writing.ALL_OPEN, customer.division.code, desk.rng)
    amount = desk.odd_amount(customer, total(items) * Decimal("0.7"), total(items) * Decimal("0.95"))
    return [(desk.draft(customer, amount, "", text=text), ask("all open, and less than that"))]


@kind("on behalf of another customer, named in words", 40)
def on_behalf(desk: Desk) -> Written:
    customer, item = desk.bill()
    other = desk.stranger_to(customer)
    words = desk.rng.choice(("for", "on behalf of", "im Auftrag von", "f.", "a/c"))
    draft = desk.draft(customer, item.open_amount, "", text=f"{words} {customer.name}", payer=other.name)
    return [(draft, either(full([item]), by_amount=True, why="the text names the customer, and the amount is his"))]


@kind("payer only in the text", 50)
def payer_in_text(desk: Desk) -> Written:
    customer, item = desk.bill()
    text = f"{desk.rng.choice(('from', 'Auftraggeber', 'B/O', 'ORDERED BY'))} {customer.name} {desk.rng.choice(WORDLESS)}".strip()
    return [
        (
            desk.draft(customer, item.open_amount, "", text=text, payer=""),
            either(full([item]), by_amount=True, why="the text names the payer"),
        )
    ]


@kind("amount without a reference, name misspelled or abbreviated", 60)
def misspelled(desk: Desk) -> Written:
    customer, item = desk.bill()
    draft = desk.draft(customer, item.open_amount, "", text=desk.rng.choice(WORDLESS), payer=_misspelled(desk, customer))
    return [(draft, either(full([item]), by_amount=True, why="the name is nearly the customer's"))]


def _misspelled(desk: Desk, customer: Customer) -> str:
    name = customer.name.translate(TRANSCRIBED)
    place = desk.rng.randint(2, len(customer.family.translate(TRANSCRIBED)) - 2)
    short = " ".join(SHORTER.get(word, word) for word in name.split())
    return desk.rng.choice(
        (name[:place] + name[place + 1 :], name[:place] + name[place - 1] + name[place:], short, f"{name} t/a Air Centre")
    )


@kind("trap: a customer of nearly the same name", 60)
def near_namesake(desk: Desk) -> Written:
    """The payer is exactly one customer, and the amount is what another one of nearly this name owes."""
    customer = desk.book.customer()
    desk.book.background(customer, desk.rng.randint(1, 4))
    tail = desk.rng.choice(("North", "East", "Services", "Export", "2"))
    near = desk.book.customer(customer.division, family=f"{customer.family} {tail}", currency=customer.currency)
    item = desk.book.invoice(near)
    if not desk.book.reserve_amount(customer, item.open_amount):
        return near_namesake(desk)
    draft = desk.draft(customer, item.open_amount, "", text=desk.rng.choice(WORDLESS), payer=customer.name)
    return [(draft, ask("the payer is another company than the one that owes this"))]


@kind("trap: a payment run's number nearly an invoice's", 50)
def run_number(desk: Desk) -> Written:
    """The same amount every month; the digits of the payer's own payment run are nearly those of one of the invoices."""
    customer, items = rental(desk)
    digits = _nearly(desk, desk.rng.choice(items).number)
    reference = desk.rng.choice((f"{desk.day():%Y%m%d}-{digits}", f"PAYRUN{digits}", f"E2E-{desk.rng.randint(10, 99)}{digits}"))
    fields: dict[str, object] = {"text": "", "references": (reference,)} if desk.chance(0.6) else {"text": f"EREF+{reference}"}
    return [(desk.draft(customer, items[0].open_amount, "", **fields), ask("a number of the payer's own; every month fits"))]


def _nearly(desk: Desk, number: str) -> str:
    """Five digits, one of them another than in `number`, and no document's."""
    while True:
        wrong = writing.substituted(desk.rng, number)
        if wrong[:7] == number[:7] and desk.book.reserve_number(wrong):
            return wrong[-5:]


@kind("payer's own numbers in the references, ours in the text", 60)
def own_references(desk: Desk) -> Written:
    customer, item = desk.bill()
    _, other = desk.bill(desk.stranger_to(customer))
    own = (other.number.split("-")[2], f"{desk.rng.randint(10**9, 10**10)}")
    return [(desk.draft(customer, item.open_amount, item.number, references=own), known(full([item])))]


@kind("short number with a slip", 60)
def short_slip(desk: Desk) -> Written:
    """Without its prefix, and one digit wrong."""
    customer, item = desk.bill()
    slip = desk.rng.choice((writing.substituted, writing.swapped))
    while True:
        wrong = slip(desk.rng, item.number)
        if wrong[:6] == item.number[:6] and desk.book.reserve_number(wrong):
            break
    text = desk.rng.choice((wrong.split("-")[2], wrong.split("-")[2].lstrip("0"), f"SI{wrong.split('-')[2]}"))
    return [
        (
            desk.draft(customer, item.open_amount, text),
            either(full([item]), by_amount=True, why="nearly its number; payer and amount agree"),
        )
    ]


@kind("the same invoice twice, in other words", 80, at_once=2)
def twice_in_other_words(desk: Desk) -> Written:
    """First by our number, then again by the order."""
    customer = desk.book.usual()
    order = f"PO-{desk.rng.randint(100000, 999999)}"
    item = desk.book.invoice(customer, order=order)
    day, payer = desk.day(), payer_name(desk.rng, customer)
    first = desk.draft(customer, item.open_amount, item.number, booked_on=day - timedelta(days=desk.rng.randint(1, 4)), payer=payer)
    again = desk.draft(customer, item.open_amount, "", text=desk.rng.choice((order, "")), booked_on=day, payer=payer)
    return [(first, known(full([item]))), (again, ask("paid already, by an earlier payment"))]
