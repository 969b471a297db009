"""A bank account's worth of labelled payments: every kind in its share, in the order of booking, the same for the same seed."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, replace
from decimal import Decimal
from difflib import SequenceMatcher

from tests.payments.labelled import kinds_amount, kinds_number, kinds_same, kinds_several, kinds_trap, kinds_unknown, kinds_words
from tests.payments.labelled.book import Book
from tests.payments.labelled.channels import TRANSCRIBED, carried
from tests.payments.labelled.desk import KINDS, Desk
from tests.payments.labelled.truth import Labelled, ask

from airbooks.payments.decision import OpenItem

SEED = 20261120
PAYMENTS = 3000
REGISTERED = (kinds_number, kinds_several, kinds_same, kinds_amount, kinds_words, kinds_unknown, kinds_trap)
AT_LEAST = 4
LIKE = 0.85


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """All payments with their truth, and all that is open."""

    labelled: tuple[Labelled, ...]
    items: tuple[OpenItem, ...]


def generate(payments: int = PAYMENTS, seed: int = SEED) -> LabelledSet:
    """At least `payments` payments (a kind that comes in pairs may add one), every kind at least `AT_LEAST` times."""
    rng = random.Random(seed)
    book = Book(rng)
    book.open_pool(max(24, payments // 40))
    desk = Desk(book, rng)
    labelled = [each for name in _plan(rng, payments) for each in _write(desk, name)]
    labelled.sort(key=lambda each: each.payment.booked_on)
    audited = _audited(labelled, book.items)
    return LabelledSet(tuple(replace(each, key=f"p{number:05d}") for number, each in enumerate(audited, start=1)), tuple(book.items))


def shares(payments: int) -> dict[str, int]:
    """How many payments of each kind."""
    whole = sum(each.weight for each in KINDS.values())
    return {name: max(AT_LEAST, -(-each.weight * payments // whole)) for name, each in KINDS.items()}


def _plan(rng: random.Random, payments: int) -> list[str]:
    """The kinds in random order; those that write two payments at once are asked half as often."""
    plan = [name for name, count in shares(payments).items() for _ in range(-(-count // KINDS[name].at_once))]
    rng.shuffle(plan)
    return plan


def _write(desk: Desk, name: str) -> list[Labelled]:
    return [Labelled(kind=name, payment=carried(desk.rng, draft), truth=truth) for draft, truth in KINDS[name].write(desk)]


# -- the labels are looked at again when everything is open ------------------------------------------------------------------------------


def _audited(labelled: list[Labelled], items: list[OpenItem]) -> list[Labelled]:
    """Where only payer and amount tell, and another customer whose name fits what the bank wrote owes the same: ask."""
    owed: dict[tuple[str, Decimal], list[OpenItem]] = {}
    for item in items:
        owed.setdefault((item.currency, item.open_amount), []).append(item)
    return [_asked(each) if each.truth.by_amount and _rivals(each, owed) else each for each in labelled]


def _asked(each: Labelled) -> Labelled:
    return replace(each, truth=ask("another customer of such a name owes the same amount"))


def _rivals(each: Labelled, owed: dict[tuple[str, Decimal], list[OpenItem]]) -> bool:
    mine = {share.document_id for outcome in each.truth.right for share in outcome}
    if len(mine) > 1:
        return False
    others = [item for item in owed[each.payment.currency, each.payment.gross] if item.document_id not in mine]
    return any(_may_be(each, item) for item in others)


def _may_be(each: Labelled, item: OpenItem) -> bool:
    if each.payment.customer_code:
        return each.payment.customer_code == item.customer_code
    written, name = plain(each.payment.payer_name), plain(item.customer_name)
    return name.startswith(written[:20]) or written.startswith(name[:20]) or SequenceMatcher(None, written, name).ratio() > LIKE


def plain(name: str) -> str:
    """A name for comparing: letters and digits only, transcribed."""
    return re.sub(r"[^a-z0-9]", "", name.translate(TRANSCRIBED).lower())
