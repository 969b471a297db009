"""Payments that name one document: as it is, or as people write it; and those whose payer is somebody else."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tests.payments.labelled import writing
from tests.payments.labelled.desk import Desk, Written, kind
from tests.payments.labelled.truth import full, known, share, total

FACTORS = ("Meridian Factoring AG", "Trade Receivables Finance Ltd", "Capital Invoice Funding LLC", "Eurofactor Services S.A.")


@kind("exact number", 3600)
def exact(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [(desk.draft(customer, item.open_amount, writing.tidy(desk.rng, item.number)), known(full([item])))]


@kind("exact number in a field of its own", 800)
def structured(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [
        (desk.draft(customer, item.open_amount, "", references=(item.number,), text=desk.rng.choice(("", "payment"))), known(full([item])))
    ]


@kind("ISO 11649", 400)
def iso_11649(desk: Desk) -> Written:
    customer, item = desk.bill()
    reference = writing.creditor_reference(item.number)
    if desk.chance(0.3):
        spaced = " ".join(reference[at : at + 4] for at in range(0, len(reference), 4))
        return [(desk.draft(customer, item.open_amount, "", text=spaced), known(full([item])))]
    return [(desk.draft(customer, item.open_amount, "", references=(reference,), text=""), known(full([item])))]


@kind("number with a suffix", 80)
def suffix(desk: Desk) -> Written:
    customer, item = desk.bill()
    tail = desk.rng.choice(("/26", "/2026", ".", "-A", " EUR", ", final", ")", "*"))
    return [(desk.draft(customer, item.open_amount, f"{item.number}{tail}"), known(full([item])))]


@kind("purchase order only", 350)
def purchase_order(desk: Desk) -> Written:
    """Sometimes several invoices stand under one order; then the amount tells which."""
    customer = desk.book.usual()
    order = f"PO-{desk.rng.randint(100000, 999999)}"
    item = desk.book.invoice(customer, order=order)
    if desk.chance(0.1):
        desk.book.invoice(customer, order=order)
    digits = order.removeprefix("PO-")
    text = desk.rng.choice(
        (order, f"PO {digits}", f"P.O. {digits}", f"PO#{digits}", f"your order {digits}", f"Bestellung {digits}", f"PO{digits}")
    )
    return [(desk.draft(customer, item.open_amount, "", text=text), known(full([item])))]


@kind("platform's number only", 180)
def platform_number(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [(desk.draft(customer, item.open_amount, item.names[0]), known(full([item])))]


@kind("sales order only", 80)
def sales_order(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [(desk.draft(customer, item.open_amount, item.names[-1]), known(full([item])))]


@kind("missing prefix", 350)
def missing_prefix(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [(desk.draft(customer, item.open_amount, writing.without_prefix(desk.rng, item.number)), known(full([item])))]


@kind("leading zeros dropped", 250)
def missing_zeros(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [(desk.draft(customer, item.open_amount, writing.without_zeros(desk.rng, item.number)), known(full([item])))]


def _slip(desk: Desk, slip: Callable[..., str]) -> Written:
    customer, item = desk.bill()
    wrong = writing.mistyped(desk.rng, item.number, slip, desk.book.reserve_number)
    return [(desk.draft(customer, item.open_amount, wrong), known(full([item]), why="one character off, amount and payer agree"))]


@kind("typo: substituted", 90)
def substituted(desk: Desk) -> Written:
    return _slip(desk, writing.substituted)


@kind("typo: swapped", 80)
def swapped(desk: Desk) -> Written:
    return _slip(desk, writing.swapped)


@kind("typo: dropped", 80)
def dropped(desk: Desk) -> Written:
    return _slip(desk, writing.dropped)


@kind("O for 0, I for 1", 90)
def lookalike(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [(desk.draft(customer, item.open_amount, writing.lookalike(desk.rng, item.number)), known(full([item])))]


@kind("split at the line's end", 130)
def line_end(desk: Desk) -> Written:
    customer, item = desk.bill()
    width = desk.rng.choice((35, 35, 35, 27, 65))
    label = writing.sentence(desk.rng, customer.division.code, "", tail=False)
    text = writing.line_broken(desk.rng, label or "Payment", item.number, width)
    return [(desk.draft(customer, item.open_amount, "", text=text, framed=False), known(full([item])))]


@kind("split by blanks", 60)
def blanks(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [(desk.draft(customer, item.open_amount, writing.blanks_inside(desk.rng, item.number)), known(full([item])))]


@kind("glued to other words", 90)
def glued(desk: Desk) -> Written:
    customer, item = desk.bill()
    return [
        (desk.draft(customer, item.open_amount, "", text=writing.glued(desk.rng, item.number, customer.division.code)), known(full([item])))
    ]


@kind("payer: parent company", 90)
def parent(desk: Desk) -> Written:
    customer, item = desk.bill()
    payer = desk.rng.choice(
        (
            f"{customer.family.split()[0]} Shared Services",
            "Global Procurement Holding BV",
            "Group Treasury Centre SE",
            f"{customer.family.split()[-1]} Beteiligungs GmbH",
        )
    )
    return [(desk.draft(customer, item.open_amount, item.number, payer=payer), known(full([item])))]


@kind("payer: factoring company", 60)
def factor(desk: Desk) -> Written:
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(1, 5))
    text = f"{customer.name} {', '.join(each.number for each in items)}"
    return [(desk.draft(customer, total(items), "", text=text, payer=desk.rng.choice(FACTORS)), known(full(items)))]


@kind("payer: private name", 50)
def private(desk: Desk) -> Written:
    customer, item = desk.bill()
    payer = f"{desk.rng.choice('ABCDEGHJKLM')}. {desk.rng.choice('NPRSTVW')}."
    return [(desk.draft(customer, item.open_amount, item.number, payer=payer), known(full([item])))]


@kind("other numbers beside the right one", 150)
def beside(desk: Desk) -> Written:
    """Dates, phones, customer and contract numbers around the number that counts."""
    customer, item = desk.bill()
    other = desk.bill(desk.stranger_to(customer))[1].number.split("-")[2]
    noise = [
        f"Tel. 0{desk.rng.randint(100, 999)} {other}",
        f"contract {desk.rng.randint(1000, 9999)}-{other.lstrip('0')}",
        f"KdNr {customer.code}",
        "03.10.2026",
        f"mandate {desk.rng.randint(10**7, 10**8)}",
        f"RKID:{desk.rng.randint(10**15, 10**16)}",
        f"your ref {desk.rng.randint(1000, 99999)}",
    ]
    chosen = [*desk.rng.sample(noise, desk.rng.randint(2, 4)), item.number]
    desk.rng.shuffle(chosen)
    return [(desk.draft(customer, item.open_amount, "", text=" ".join(chosen)), known(full([item])))]


@kind("provider keeps a fee", 200)
def provider(desk: Desk) -> Written:
    """Told by webhook: the customer's code is known, the fee as well; the number not always."""
    customer, item = desk.bill()
    fee = min(item.open_amount / 50, Decimal(40)).quantize(Decimal("0.01"))
    references = (item.number,) if desk.chance(0.8) else ()
    draft = desk.draft(
        customer,
        item.open_amount - fee,
        "",
        text="",
        fee=fee,
        references=references,
        source="webhook",
        customer_code=customer.code,
        framed=False,
    )
    return [(draft, known(frozenset([share(item)]), by_amount=not references))]
