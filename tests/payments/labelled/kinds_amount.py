"""Payments of another amount than is open: parts, differences, discounts, fees, taxes, other currencies."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from tests.payments.labelled import writing
from tests.payments.labelled.book import CENT, DISCOUNT, DISCOUNT_DAYS, Customer, cents, rate
from tests.payments.labelled.channels import Draft
from tests.payments.labelled.desk import Desk, Written, kind
from tests.payments.labelled.truth import Outcome, Truth, either, known, share

from airbooks.payments.decision import OpenItem

ALWAYS_FORGIVEN = Decimal("0.05")


def written_off(item: OpenItem, paid: Decimal) -> Outcome:
    """The invoice is closed, whatever is missing."""
    return frozenset([share(item, paid, settled=item.open_amount)])


def part(item: OpenItem, paid: Decimal) -> Outcome:
    """The invoice stays open for what is missing."""
    return frozenset([share(item, paid)])


@kind("partial", 140)
def partial(desk: Desk) -> Written:
    customer, item = desk.bill()
    paid = cents(item.open_amount * desk.rng.choice((Decimal("0.25"), Decimal("0.3"), Decimal("0.5"), Decimal("0.75"))))
    if desk.chance(0.4) or not desk.book.reserve_amount(customer, paid):
        paid = desk.odd_amount(customer, item.open_amount * Decimal("0.2"), item.open_amount * Decimal("0.8"))
    hint = writing.words(writing.PARTLY, customer.division.code, desk.rng) if desk.chance(0.6) else ""
    return [(desk.draft(customer, paid, f"{hint} {item.number}".strip()), known(part(item, paid)))]


@kind("partial, in two payments", 100, at_once=2)
def two_parts(desk: Desk) -> Written:
    customer, item = desk.bill()
    day = desk.day()
    paid = desk.odd_amount(customer, item.open_amount * Decimal("0.3"), item.open_amount * Decimal("0.7"))
    rest = item.open_amount - paid
    hint = writing.words(writing.PARTLY, customer.division.code, desk.rng)
    first = desk.draft(customer, paid, f"{hint} {item.number}", booked_on=day - timedelta(days=desk.rng.randint(2, 4)))
    second = desk.draft(customer, rest, f"{desk.rng.choice(('Rest', 'balance', 'final payment', '2nd'))} {item.number}", booked_on=day)
    return [(first, known(part(item, paid))), (second, known(part(item, rest)))]


@kind("over-payment", 90)
def over(desk: Desk) -> Written:
    customer, item = desk.bill()
    rounded = (item.open_amount / 100).to_integral_value(rounding="ROUND_CEILING") * 100
    paid = (
        rounded
        if desk.chance(0.4) and item.open_amount + 1 < rounded
        else desk.odd_amount(customer, item.open_amount + 10, item.open_amount + 400)
    )
    return [(desk.draft(customer, paid, item.number), either(frozenset([share(item)]), why="the rest on account"))]


@kind("under by up to 0.05", 100)
def under(desk: Desk) -> Written:
    customer, item = desk.bill()
    paid = item.open_amount - desk.rng.randint(1, 5) * CENT
    return [(desk.draft(customer, paid, item.number), known(written_off(item, paid)))]


@kind("under by 0.06 to 0.99", 50)
def under_more(desk: Desk) -> Written:
    customer, item = desk.bill()
    paid = item.open_amount - desk.rng.randint(6, 99) * CENT
    return [(desk.draft(customer, paid, item.number), either(written_off(item, paid), part(item, paid), why="the tolerance decides"))]


@kind("over by up to 0.05", 40)
def over_little(desk: Desk) -> Written:
    customer, item = desk.bill()
    paid = item.open_amount + desk.rng.randint(1, 5) * CENT
    return [(desk.draft(customer, paid, item.number), known(frozenset([share(item)]), written_off(item, paid)))]


# -- fees of banks -----------------------------------------------------------------------------------------------------------------------


def _fee(desk: Desk) -> Decimal:
    return Decimal(desk.rng.choice((5, 8, 10, 12, 15, 20, 25))) + desk.rng.choice((Decimal(0), Decimal("0.50")))


@kind("bank fee, told by the bank", 90)
def fee_told(desk: Desk) -> Written:
    customer, item = desk.bill()
    fee = _fee(desk)
    return [(desk.draft(customer, item.open_amount - fee, item.number, fee=fee), known(frozenset([share(item)])))]


@kind("bank fee, seen from the ordered amount", 60)
def fee_instructed(desk: Desk) -> Written:
    customer, item = desk.bill()
    paid = item.open_amount - _fee(desk)
    draft = desk.draft(customer, paid, item.number, instructed_amount=item.open_amount, instructed_currency=item.currency)
    return [(draft, known(written_off(item, paid), why="all of it was ordered; a bank on the way kept the rest"))]


@kind("bank fee, only hinted", 60)
def fee_hinted(desk: Desk) -> Written:
    customer, item = desk.bill()
    fee = _fee(desk)
    paid = item.open_amount - fee
    charged = f"{fee:.2f}".replace(".", ",")
    hint = desk.rng.choice(
        ("SHA", "BEN", "less bank charges", f"/CHGS/{item.currency}{charged}", "abzgl. Bankspesen", f"INCL CHRGS {fee:.2f}")
    )
    return [
        (
            desk.draft(customer, paid, f"{item.number} {hint}"),
            either(written_off(item, paid), part(item, paid), why="a fee, by the payer's words"),
        )
    ]


@kind("short by a fee that nobody tells", 50)
def fee_silent(desk: Desk) -> Written:
    """From abroad it will have been a bank; at home it is a short payment."""
    customer = desk.abroad() if desk.chance(0.5) else desk.book.customer()
    item = desk.book.invoice(customer)
    paid = item.open_amount - _fee(desk)
    right = [part(item, paid)]
    if customer.currency != customer.division.currency:
        right.append(written_off(item, paid))
    return [(desk.draft(customer, paid, item.number), either(*right, why="short by 5 to 25"))]


# -- early payment -----------------------------------------------------------------------------------------------------------------------


def _early(desk: Desk, customer: Customer, draft_day_after: int) -> tuple[OpenItem, Decimal]:
    """An invoice under 2/10 net 30 so many days before the payment (of today less 2), and its discount."""
    paid_on = desk.day()
    item = desk.book.invoice(customer, issued=paid_on - timedelta(days=draft_day_after), discounted=True)
    return item, cents(item.open_amount * DISCOUNT / 100)


def _paid_on(item: OpenItem, days: int) -> dict[str, object]:
    return {"booked_on": item.issue_date + timedelta(days=days)}


@kind("discount, in time", 350)
def discount(desk: Desk) -> Written:
    customer, days = desk.book.usual(), desk.rng.randint(1, DISCOUNT_DAYS)
    item, allowed = _early(desk, customer, days)
    draft = desk.draft(customer, item.open_amount - allowed, item.number, **_paid_on(item, days))
    return [(draft, known(frozenset([share(item, discount=allowed)])))]


@kind("discount, in time, several invoices", 80)
def discounts(desk: Desk) -> Written:
    customer, days, day = desk.book.usual(), desk.rng.randint(1, DISCOUNT_DAYS), desk.day()
    items = [desk.book.invoice(customer, issued=day - timedelta(days=days), discounted=True) for _ in range(desk.rng.randint(2, 4))]
    shares = [share(each, discount=cents(each.open_amount * DISCOUNT / 100)) for each in items]
    text = writing.listed(desk.rng, [each.number for each in items])
    draft = desk.draft(customer, sum((each.amount for each in shares), Decimal(0)), text, booked_on=day)
    return [(draft, known(frozenset(shares)))]


@kind("discount, taken too late", 80)
def late(desk: Desk) -> Written:
    customer, days = desk.book.usual(), DISCOUNT_DAYS + desk.rng.randint(5, 20)
    item, allowed = _early(desk, customer, days)
    paid = item.open_amount - allowed
    draft = desk.draft(customer, paid, f"{item.number} {desk.rng.choice(('2% Skonto', 'less 2%', ''))}".strip(), **_paid_on(item, days))
    return [(draft, either(part(item, paid), why="the discount is not due any more: it stays open, or a person grants it"))]


@kind("discount, on the net amount only", 50)
def net_discount(desk: Desk) -> Written:
    customer, days = desk.book.usual(), desk.rng.randint(1, DISCOUNT_DAYS)
    item, _ = _early(desk, customer, days)
    taken = cents(item.open_amount / (1 + max(customer.division.tax, Decimal("0.05"))) * DISCOUNT / 100)
    draft = desk.draft(customer, item.open_amount - taken, item.number, **_paid_on(item, days))
    outcomes = (frozenset([share(item, discount=taken)]), part(item, item.open_amount - taken))
    return [(draft, either(*outcomes, why="less than he might take"))]


@kind("discount, more than allowed", 40)
def greedy(desk: Desk) -> Written:
    customer, days = desk.book.usual(), desk.rng.randint(1, DISCOUNT_DAYS)
    item, allowed = _early(desk, customer, days)
    paid = item.open_amount - cents(item.open_amount * desk.rng.choice((3, 4, 5)) / 100)
    draft = desk.draft(customer, paid, item.number, **_paid_on(item, days))
    return [(draft, either(part(item, paid), frozenset([share(item, paid, discount=allowed)]), why="what is not allowed stays open"))]


@kind("withholding tax", 80)
def withholding(desk: Desk) -> Written:
    customer, item = desk.bill()
    percent = desk.rng.choice((5, 10, 15))
    base = item.open_amount if desk.chance(0.6) else item.open_amount / (1 + customer.division.tax)
    paid = item.open_amount - cents(base * percent / 100)
    desk.book.reserve_amount(customer, paid)
    hint = desk.rng.choice((f"WHT {percent}%", f"less withholding tax {percent} %", f"TDS {percent}pct deducted", "Quellensteuer", "", ""))
    right = (part(item, paid), written_off(item, paid)) if hint else (part(item, paid),)
    return [(desk.draft(customer, paid, f"{item.number} {hint}".strip()), either(*right, why="the certificate is to come"))]


# -- other currencies --------------------------------------------------------------------------------------------------------------------


def _converted(desk: Desk, spread: int) -> tuple[Draft, OpenItem]:
    """An invoice in another currency, paid to the account in the division's own, at a rate up to `spread` tenths of a percent off."""
    customer = desk.abroad()
    item = desk.book.invoice(customer)
    at = rate(item.currency, customer.division.currency) or Decimal(1)
    paid = cents(item.open_amount * at * (1000 + desk.rng.randint(-spread, spread)) / 1000)
    return desk.draft(customer, paid, item.number, currency=customer.division.currency), item


def _all_of(draft: Draft, item: OpenItem) -> Outcome:
    return frozenset([share(item, draft.amount, settled=item.open_amount)])


@kind("other currency, ordered amount told", 120)
def instructed(desk: Desk) -> Written:
    draft, item = _converted(desk, 12)
    draft.instructed_amount, draft.instructed_currency = item.open_amount, item.currency
    return [(draft, known(_all_of(draft, item)))]


@kind("other currency, several invoices, ordered amount told", 60)
def instructed_several(desk: Desk) -> Written:
    customer = desk.abroad()
    items = desk.book.invoices(customer, desk.rng.randint(2, 4))
    at = rate(customer.currency, customer.division.currency) or Decimal(1)
    ordered = sum((each.open_amount for each in items), Decimal(0))
    shares = [share(each, cents(each.open_amount * at), settled=each.open_amount) for each in items]
    text = " ".join(each.number for each in items)
    paid = sum((each.amount for each in shares), Decimal(0))
    draft = desk.draft(customer, paid, text, currency=customer.division.currency)
    draft.instructed_amount, draft.instructed_currency = ordered, customer.currency
    return [(draft, known(frozenset(shares)))]


@kind("other currency, a part, ordered amount told", 40)
def instructed_part(desk: Desk) -> Written:
    draft, item = _converted(desk, 12)
    ordered = cents(item.open_amount / 2)
    draft.amount = cents(draft.amount / 2)
    draft.instructed_amount, draft.instructed_currency = ordered, item.currency
    return [(draft, either(frozenset([share(item, draft.amount, settled=ordered)]), why="half of it was ordered"))]


@kind("other currency, ordered amount not told", 60)
def converted(desk: Desk) -> Written:
    draft, item = _converted(desk, 12)
    truth: Truth = either(_all_of(draft, item), why="at a rate near the invoice's it is all of it; which rate, nobody told")
    return [(draft, truth)]
