"""Which movements are the same: the identity of a movement of money, whoever tells it and how often.

A movement is identified within its account by the day it was booked, its direction, amount and currency, and then by the first of these
that it has:

1. the bank's own reference (`ref`): AcctSvcrRef in camt, the part after `//` of :61: in MT940, the bank reference in BAI2;
2. the payer's end-to-end id (`e2e`): EndToEndId in camt, EREF in MT940;
3. what was written (`text`): payer, references and text, without blanks, punctuation and case, so that line breaks do not matter;

and, because two equal payments on one day are two, by an occurrence number: how many with the same identity stood before it in the same
statement. A movement of a database or a payment provider has an id there, which is its identity (`id`).

Recognised as the same:
- a statement that is loaded again, under whatever file name;
- statements that overlap by whole days, in any order: each equal payment of a day is counted once;
- camt.053, camt.054, MT940 and BAI2 of the same day, where they carry the same bank reference, or where none carries one and all carry
  the same end-to-end id.

Not recognised as the same (they become two movements; `airbooks.staging.incoming.look_alikes` finds them for a person):
- the same payment once with and once without a bank reference or end-to-end id (one format leaves it out), or with one that a format has
  cut short, or, where there is neither, with other words in another format;
- the same payment with another booking date.

Not recognised as two (the second is taken for the first): equal payments without any reference, with the same words, from the same payer
on the same day, that come in two statements of which neither tells the whole day. Pages of one statement are told apart, because the
number of a page after the first is part of the identity of what has no bank reference; two intraday statements without numbers of pages
are not. So let an account without bank references be read from whole days.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.payment import PaymentKind

INSIGNIFICANT = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Draft:
    """A movement without its fingerprint. `part` tells the payments of one batch apart that share their entry's bank reference."""

    movement: IncomingPayment
    end_to_end: str = ""
    part: str = ""


def identified(drafts: Iterable[Draft], page: int = 1) -> Iterator[IncomingPayment]:
    """The movements of one statement with their fingerprints, in its order."""
    seen: Counter[str] = Counter()
    for draft in drafts:
        identity = identity_of(draft, page)
        seen[identity] += 1
        yield draft.movement.model_copy(update={"fingerprint": f"{identity}:{seen[identity]}"})


def by_id(movement: IncomingPayment) -> IncomingPayment:
    """A movement that has an id of its own where it comes from, with its fingerprint."""
    return movement.model_copy(update={"fingerprint": f"id:{direction(movement)}:{movement.source_id}"})


def identity_of(draft: Draft, page: int) -> str:
    movement = draft.movement
    if movement.bank_reference:
        return _digest("ref", movement, movement.bank_reference, draft.part)
    beyond = str(page) if page > 1 else ""
    if draft.end_to_end:
        return _digest("e2e", movement, draft.end_to_end, beyond)
    words = (movement.payer_name, movement.payer_account, *sorted(movement.references), movement.text)
    return _digest("text", movement, "".join(map(significant, words)), beyond)


def significant(text: str) -> str:
    return INSIGNIFICANT.sub("", text).casefold()


def direction(movement: IncomingPayment) -> str:
    return "in" if movement.kind is PaymentKind.RECEIPT else "out"


def _digest(basis: str, movement: IncomingPayment, *what: str) -> str:
    amount = format(movement.amount.normalize(), "f")
    common = (movement.account, movement.booked_on.isoformat(), direction(movement), amount, movement.currency)
    content = "\x1f".join((*common, *map(significant, what)))
    return f"{basis}:{hashlib.sha256(content.encode()).hexdigest()[:32]}"
