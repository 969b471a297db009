"""Payments of several documents, and those that name none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

from tests.payments.labelled import writing
from tests.payments.labelled.book import DISCOUNT, DISCOUNT_DAYS, DIVISIONS, Customer, cents
from tests.payments.labelled.channels import varied_name
from tests.payments.labelled.desk import Desk, Written, kind
from tests.payments.labelled.truth import ask, either, full, known, share, total

from airbooks.canonical.incoming import AdviceLine
from airbooks.payments.decision import OpenItem

WORDLESS = ("", "", "payment", "Zahlung", "supplier payment", "invoices", "Rechnungen", "transfer", "AP PAYMENT", "as agreed")


def only_subset(items: Sequence[OpenItem], chosen: Sequence[OpenItem], *, must: Sequence[OpenItem] = ()) -> bool:
    """Whether no other set of the open invoices (that holds `must`) comes to the same amount."""
    wanted, needed = total(chosen), {each.document_id for each in must}
    sets = (each for size in range(1, len(items) + 1) for each in combinations(items, size))
    return sum(total(each) == wanted and needed <= {item.document_id for item in each} for each in sets) == 1


@kind("several, listed", 1100)
def listed(desk: Desk) -> Written:
    customer = desk.book.usual()
    count = desk.rng.choice((2, 2, 2, 3, 3, 4, 5, 6, 8, 10, 12))
    items = desk.book.invoices(customer, count)
    text = f"{writing.words(writing.LABELS, customer.division.code, desk.rng)} {writing.listed(desk.rng, [each.number for each in items])}"
    return [(desk.draft(customer, total(items), "", text=text.strip()), known(full(items)))]


@kind("addenda of the bank, number and amount each", 120)
def addenda(desk: Desk) -> Written:
    """ANSI X12 820 in an American statement, SWIFT's invoice code in others."""
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(1, 6))
    if customer.currency == "USD":
        text = "\\".join(f"RMR*IV*{each.number}**{each.open_amount}*{each.open_amount}*0.00" for each in items)
    else:
        text = " ".join(f"/INV/{each.number} {each.issue_date:%Y%m%d} {each.open_amount}".replace(".", ",") for each in items)
    return [(desk.draft(customer, total(items), "", text=text), known(full(items)))]


@kind("several, as a range", 60)
def ranged(desk: Desk) -> Written:
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(3, 7))
    text = writing.ranged(desk.rng, items[0].number, items[-1].number)
    return [(desk.draft(customer, total(items), text), known(full(items)))]


@kind("several, listed partly", 90)
def partly(desk: Desk) -> Written:
    customer = desk.book.customer()
    items = desk.book.invoices(customer, desk.rng.randint(4, 8))
    chosen = desk.rng.sample(items, desk.rng.randint(3, min(5, len(items))))
    named = chosen[: desk.rng.randint(1, 2)]
    text = f"{', '.join(each.number for each in named)} {writing.words(writing.OTHERS, customer.division.code, desk.rng)}"
    unique = only_subset(items, chosen, must=named)
    truth = either(full(chosen), why="the others are only those that make up the amount") if unique else ask("several sets fit")
    return [(desk.draft(customer, total(chosen), text), truth)]


@kind("several, listed, another amount", 40)
def short_list(desk: Desk) -> Written:
    """Less than the listed invoices come to, by something that nothing explains."""
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(2, 4))
    amount = desk.odd_amount(customer, total(items) * Decimal("0.6"), total(items) * Decimal("0.85"))
    return [(desk.draft(customer, amount, ", ".join(each.number for each in items)), ask("nobody knows which of them is short"))]


@kind("statement: all that is open", 200)
def statement(desk: Desk) -> Written:
    customer = desk.book.customer()
    items = desk.book.invoices(customer, desk.rng.randint(2, 9))
    if desk.chance(0.3):
        items.append(_smaller_note(desk, customer, total(items)))
    text = writing.words(writing.ALL_OPEN, customer.division.code, desk.rng)
    return [(desk.draft(customer, total(items), "", text=text), known(full(items)))]


@kind("sum without a reference", 120)
def wordless_sum(desk: Desk) -> Written:
    customer = desk.book.customer()
    items = desk.book.invoices(customer, desk.rng.randint(3, 8))
    chosen = desk.rng.sample(items, desk.rng.randint(2, min(4, len(items))))
    draft = desk.draft(customer, total(chosen), "", text=desk.rng.choice(WORDLESS))
    return [(draft, known(full(chosen), by_amount=True) if only_subset(items, chosen) else ask("several sets fit"))]


@kind("amount without a reference", 450)
def wordless(desk: Desk) -> Written:
    customer, item = desk.bill()
    draft = desk.draft(customer, item.open_amount, "", text=desk.rng.choice(WORDLESS))
    return [(draft, known(full([item]), by_amount=True))]


@kind("amount without a reference, name as the bank has it", 150)
def variant(desk: Desk) -> Written:
    customer, item = desk.bill()
    draft = desk.draft(customer, item.open_amount, "", text=desk.rng.choice(WORDLESS), payer=varied_name(desk.rng, customer))
    return [(draft, known(full([item]), by_amount=True))]


@kind("one payment for several divisions", 60)
def divisions(desk: Desk) -> Written:
    """One group buys in two or three divisions, in one currency, and pays at once."""
    first = desk.book.customer()
    others = [each for each in DIVISIONS if each != first.division]
    sisters = [
        desk.book.customer(each, family=first.family, currency=first.currency) for each in desk.rng.sample(others, desk.rng.randint(1, 2))
    ]
    items = [item for each in (first, *sisters) for item in desk.book.invoices(each, desk.rng.randint(1, 3))]
    return [(desk.draft(first, total(items), writing.listed(desk.rng, [each.number for each in items])), known(full(items)))]


@kind("credit note netted, named", 120)
def netted(desk: Desk) -> Written:
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(1, 3))
    note = _smaller_note(desk, customer, total(items))
    less = desk.rng.choice(("less", "abzgl. Gutschrift", "minus CN", "./.", "CREDIT", "net of", ","))
    text = f"{' '.join(each.number for each in items)} {less} {note.number}"
    return [(desk.draft(customer, total([*items, note]), text), known(full([*items, note])))]


@kind("credit note netted, not named", 70)
def silently_netted(desk: Desk) -> Written:
    customer = desk.book.customer()
    desk.book.invoices(customer, desk.rng.randint(0, 3))
    item = desk.book.invoice(customer)
    note = _smaller_note(desk, customer, item.open_amount)
    truth = either(full([item, note]), why="short by exactly the customer's only credit note")
    return [(desk.draft(customer, total([item, note]), item.number), truth)]


def _smaller_note(desk: Desk, customer: Customer, than: Decimal) -> OpenItem:
    return desk.book.credit_note(customer, amount=desk.odd_amount(customer, than * Decimal("0.05"), than * Decimal("0.4")))


# -- remittance advice -------------------------------------------------------------------------------------------------------------------


def _advice(items: Sequence[OpenItem], numbers: Sequence[str]) -> tuple[AdviceLine, ...]:
    return tuple(AdviceLine(document_number=number, amount=total([item])) for item, number in zip(items, numbers, strict=True))


@kind("remittance advice", 250)
def advice(desk: Desk) -> Written:
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.choice((1, 2, 3, 4, 6, 9, 12)))
    if len(items) > 1 and desk.chance(0.15):
        items.append(_smaller_note(desk, customer, total(items)))
    text = desk.rng.choice(("", "see remittance advice", "lt. Avis"))
    return [(desk.draft(customer, total(items), "", text=text, advice=_advice(items, [each.number for each in items])), known(full(items)))]


@kind("remittance advice, numbers as people write them", 60)
def loose_advice(desk: Desk) -> Written:
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(2, 5))
    habits = (writing.without_prefix, writing.without_zeros, writing.lookalike, writing.tidy)
    numbers = [desk.rng.choice(habits)(desk.rng, each.number) for each in items]
    return [(desk.draft(customer, total(items), "", text="", advice=_advice(items, numbers)), known(full(items)))]


@kind("remittance advice that does not sum", 30)
def wrong_advice(desk: Desk) -> Written:
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(2, 5))
    amount = desk.odd_amount(customer, total(items) * Decimal("0.5"), total(items) * Decimal("0.9"))
    draft = desk.draft(customer, amount, "", text="", advice=_advice(items, [each.number for each in items]))
    return [(draft, ask("the lines come to more than was paid"))]


@kind("remittance advice with a line that is not ours", 30)
def foreign_line(desk: Desk) -> Written:
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(2, 4))
    extra = desk.odd_amount(customer, Decimal(50), Decimal(900))
    lines = (
        *_advice(items, [each.number for each in items]),
        AdviceLine(document_number=desk.book.free_number(customer.division), amount=extra),
    )
    draft = desk.draft(customer, total(items) + extra, "", text="", advice=lines)
    return [(draft, either(full(items), why="the lines that are ours, the rest on account"))]


@kind("remittance advice with discounts or parts", 80)
def detailed_advice(desk: Desk) -> Written:
    """What he pays of each, and what he takes off, line by line."""
    customer, days, day = desk.book.usual(), desk.rng.randint(1, DISCOUNT_DAYS), desk.day()
    items = [desk.book.invoice(customer, issued=day - timedelta(days=days), discounted=True) for _ in range(desk.rng.randint(2, 4))]
    part = desk.book.invoice(customer)
    some = desk.odd_amount(customer, part.open_amount * Decimal("0.3"), part.open_amount * Decimal("0.8"))
    shares = [share(each, discount=cents(each.open_amount * DISCOUNT / 100)) for each in items] + [share(part, some)]
    numbers = [each.number for each in (*items, part)]
    lines = tuple(
        AdviceLine(document_number=number, amount=each.amount, discount=each.discount) for number, each in zip(numbers, shares, strict=True)
    )
    draft = desk.draft(customer, sum((each.amount for each in shares), Decimal(0)), "", text="", advice=lines, booked_on=day)
    return [(draft, known(frozenset(shares)))]


@kind("remittance advice with a claim", 40)
def claim_line(desk: Desk) -> Written:
    """A line takes something off that is no document of ours."""
    customer = desk.book.usual()
    items = desk.book.invoices(customer, desk.rng.randint(2, 4))
    claim = desk.odd_amount(customer, Decimal(20), total(items) * Decimal("0.1") + 21)
    lines = (
        *_advice(items, [each.number for each in items]),
        AdviceLine(document_number=f"CLAIM {desk.rng.randint(100, 999)}", amount=-claim),
    )
    return [(desk.draft(customer, total(items) - claim, "", text="", advice=lines), ask("nobody knows which invoice bears the claim"))]
