"""Payments about which nobody could know, and those that set a trap."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.payments.labelled import writing
from tests.payments.labelled.book import TODAY
from tests.payments.labelled.channels import CHANNELS
from tests.payments.labelled.desk import Desk, Written, kind
from tests.payments.labelled.kinds_several import WORDLESS
from tests.payments.labelled.truth import Truth, ask, either, full, known

from airbooks.canonical.payment import PaymentKind

NOT_CUSTOMERS = (
    ("Tax Office", "VAT REPAYMENT Q3/2026"),
    ("Finanzamt", "USt-Erstattung 09/2026 StNr 143/000512"),
    ("", "INTEREST CREDIT OCT 2026"),
    ("Utility Networks", "REFUND METER 000731 ACCT 88213"),
    ("Own company", "transfer between accounts"),
    ("Insurance Mutual", "CLAIM 2026-000414 SETTLEMENT"),
    ("CARD ACQUIRER", "SETTLEMENT BATCH 000233 MID 4711"),
)


@kind("pre-payment of an order", 110)
def prepayment(desk: Desk) -> Written:
    """There is an order, and no invoice yet."""
    customer = desk.book.usual()
    order = desk.rng.randint(100000, 999999)
    names = (
        f"PO-{order}",
        f"Vorkasse Auftrag {customer.division.code}-SO-{order}",
        f"proforma PF-{order}",
        f"deposit order {order}",
        f"Prepayment PO {order}",
    )
    amount = desk.odd_amount(customer, Decimal(200), Decimal(9000))
    return [
        (
            desk.draft(customer, amount, "", text=desk.rng.choice(names)),
            ask("there is no invoice yet: waits, or a person puts it on account"),
        )
    ]


@kind("invoice that is paid already", 60)
def paid_already(desk: Desk) -> Written:
    customer = desk.book.usual()
    amount = desk.odd_amount(customer, Decimal(200), Decimal(9000))
    return [(desk.draft(customer, amount, desk.book.free_number(customer.division)), ask("this invoice is not open"))]


@kind("refund of a credit note", 50)
def refund(desk: Desk) -> Written:
    customer = desk.book.usual()
    note = desk.book.credit_note(customer)
    named = desk.chance(0.7)
    text = f"Refund {note.number}" if named else "refund"
    draft = desk.draft(customer, note.open_amount, "", text=text, kind=PaymentKind.REFUND)
    return [(draft, either(full([note]), why="money out settles the credit note"))]


def _taken_back(desk: Desk, way: PaymentKind, texts: tuple[str, ...]) -> Written:
    """First the payment, then the same money goes back; mostly the bank says which payment it was."""
    customer, item = desk.bill()
    day, name, bank = (
        TODAY - timedelta(days=desk.rng.randint(0, 8)),
        f"{desk.rng.getrandbits(64):016x}",
        desk.rng.choice(CHANNELS[customer.currency]),
    )
    first = desk.draft(
        customer, item.open_amount, item.number, booked_on=day - timedelta(days=desk.rng.randint(5, 9)), source_id=name, source=bank
    )
    told = desk.chance(0.7)
    text = desk.rng.choice(texts) if told else f"{texts[0]} {item.number}"
    back = desk.draft(customer, item.open_amount, "", text=text, booked_on=day, kind=way, reverses=name if told else "", source=bank)
    undone = Truth(right=(full([item]),), knowable=told, takes_back=name, why="undoes the earlier payment")
    return [(first, known(full([item]))), (back, undone)]


@kind("charge-back of a payment", 60, at_once=2)
def charge_back(desk: Desk) -> Written:
    return _taken_back(desk, PaymentKind.CHARGE_BACK, ("CHARGEBACK", "RETURN R01", "Rueckgabe", "MD06 REFUND REQUEST"))


@kind("refund of a payment", 60, at_once=2)
def refunded(desk: Desk) -> Written:
    return _taken_back(desk, PaymentKind.REFUND, ("REFUND", "Erstattung", "returned goods, refund", ""))


@kind("trap: number of another customer's invoice", 70)
def wrong_number(desk: Desk) -> Written:
    """Amount and payer say one invoice, the number another one."""
    customer, item = desk.bill()
    _, other = desk.bill(desk.stranger_to(customer))
    draft = desk.draft(customer, item.open_amount, other.number, payer=customer.name)
    return [(draft, either(full([item]), why="payer and amount agree, the number is another's"))]


@kind("trap: another's number, of the same amount", 40)
def wrong_number_same_amount(desk: Desk) -> Written:
    customer, item = desk.bill()
    other = desk.stranger_to(customer)
    if other.currency != customer.currency:
        return wrong_number_same_amount(desk)
    theirs = desk.book.invoice(other, amount=item.open_amount)
    draft = desk.draft(customer, item.open_amount, theirs.number, payer=customer.name)
    return [(draft, ask("the number says one customer, the payer another, and the amount fits both"))]


@kind("trap: other numbers only, amount fits", 70)
def decoys(desk: Desk) -> Written:
    """Phone, contract and customer numbers whose digits are another customer's invoice."""
    customer, item = desk.bill()
    _, other = desk.bill(desk.stranger_to(customer))
    draft = desk.draft(customer, item.open_amount, "", text=_decoy(desk, other.number), payer=customer.name)
    return [(draft, known(full([item]), by_amount=True))]


@kind("trap: other numbers only, amount fits nothing", 70)
def decoys_only(desk: Desk) -> Written:
    """The digits are those of an invoice, the customer's own or another's, but the words say that they are something else."""
    customer, item = desk.bill()
    named = item if desk.chance(0.5) else desk.bill(desk.stranger_to(customer))[1]
    amount = desk.odd_amount(customer, Decimal(40), Decimal(900))
    return [(desk.draft(customer, amount, "", text=_decoy(desk, named.number)), ask("a phone or contract number is no invoice"))]


def _decoy(desk: Desk, number: str) -> str:
    division, _, serial = number.split("-")
    day = f"{desk.rng.randint(1, 28):02d}.10.2026"
    return desk.rng.choice(
        (
            f"Tel. 0{desk.rng.randint(200, 899)} {serial}",
            f"Vertrag {desk.rng.randint(10, 99)}-{serial} vom {day}",
            f"customer no. C-{division}-{serial[2:]}",
            f"contract {serial} dated {day}",
            f"delivery note {division}-SH-{serial}",
            f"Phone +49 {desk.rng.randint(200, 899)} {serial}",
        )
    )


@kind("nothing told", 80)
def nothing(desk: Desk) -> Written:
    """No text, no payer: that one invoice has this amount proves nothing."""
    customer, item = desk.bill()
    payer = desk.rng.choice(("", "", "ONLINE BANKING", "NOT PROVIDED"))
    amount = item.open_amount if desk.chance(0.6) else desk.odd_amount(customer, Decimal(40), Decimal(5000))
    return [(desk.draft(customer, amount, "", text="", payer=payer), ask("neither payer nor reference"))]


@kind("known payer, amount of nothing", 90)
def unexplained(desk: Desk) -> Written:
    customer = desk.book.occasional()
    desk.book.invoice(customer)
    amount = desk.odd_amount(customer, Decimal(40), Decimal(9000))
    return [(desk.draft(customer, amount, "", text=desk.rng.choice(WORDLESS)), ask("nothing open explains the amount"))]


@kind("no customer's payment", 100)
def not_a_customer(desk: Desk) -> Written:
    customer, item = desk.bill()
    payer, text = desk.rng.choice(NOT_CUSTOMERS)
    amount = item.open_amount if desk.chance(0.3) else desk.odd_amount(customer, Decimal(5), Decimal(5000))
    return [(desk.draft(customer, amount, "", text=text, payer=payer), ask("money of somebody who is no customer"))]


@kind("two numbers, one amount", 40)
def contradiction(desk: Desk) -> Written:
    """Two invoices are named, one is paid, and which one the amount tells."""
    customer = desk.book.usual()
    items = desk.book.invoices(customer, 2)
    text = writing.listed(desk.rng, [each.number for each in items])
    draft = desk.draft(customer, items[0].open_amount, text)
    return [(draft, either(full(items[:1]), why="the amount is that of one of the two named"))]
