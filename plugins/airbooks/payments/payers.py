"""Which customer paid: by code, by a known bank account, or by the name the bank passed on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from rapidfuzz import fuzz, process

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.frames import Book
from airbooks.payments.names import company, digits_in, key_of, sorted_words
from airbooks.payments.tuning import Known, Tuning

AT_ONCE = 512  # names compared in one call: bounds the memory to this many rows of scores
TRUNCATED = 18  # banks cut names; one of at least this many characters may be the beginning of a longer one
AS_BEGUN = 96.0  # how like a name is to its own beginning
NEARLY = 5  # two names whose likeness differs by less than this are not told apart


@dataclass(frozen=True, slots=True)
class Payer:
    """Who may have paid. `sure`: it is one customer, beyond doubt; `words` say how that is known.

    `related` are customers of the same name in another legal form: they may pay for each other, but are not searched.
    """

    codes: frozenset[str] = frozenset()
    sure: bool = False
    words: str = ""
    related: frozenset[str] = frozenset()


NOBODY = Payer()


def payers_of(movements: Sequence[IncomingPayment], book: Book, known: Known, tuning: Tuning) -> list[Payer]:
    """The payer of each movement, in their order."""
    accounts = {key_of(account): code for account, code in known.payer_accounts.items()}
    told = [_told(each, accounts) for each in movements]
    named = _by_name({each.payer_name for each, payer in zip(movements, told, strict=True) if payer is None}, book, tuning)
    return [payer or named.get(each.payer_name, NOBODY) for each, payer in zip(movements, told, strict=True)]


def _told(movement: IncomingPayment, accounts: dict[str, str]) -> Payer | None:
    if movement.customer_code:
        return Payer(frozenset({movement.customer_code}), sure=True, words=f"the payer is customer {movement.customer_code}")
    code = accounts.get(key_of(movement.payer_account)) if movement.payer_account else None
    return Payer(frozenset({code}), sure=True, words=f"the payer's account is known as that of customer {code}") if code else None


def _by_name(names: Iterable[str], book: Book, tuning: Tuning) -> dict[str, Payer]:
    found: dict[str, Payer] = {}
    unknown: list[str] = []
    for name in sorted(each for each in names if company(each)[1]):
        payer = _same_name(name, book)
        if payer:
            found[name] = payer
        else:
            unknown.append(name)
    for name, scores in _likeness(unknown, book, tuning):
        found[name] = _alike(scores, book, tuning)
    return found


def _same_name(name: str, book: Book) -> Payer | None:
    full, bare = company(name)
    related = book.bare_companies.get(bare, frozenset())
    codes = book.companies.get(full) or related
    if not codes:
        return None
    longer = frozenset(code for each in book.begun(full) for code in book.companies[each]) if len(full) >= TRUNCATED else frozenset()
    words = f"the payer's name is that of {_said(codes)}"
    return Payer(codes, sure=_is_one_company(codes, book), words=words, related=related | longer)


def _is_one_company(codes: frozenset[str], book: Book) -> bool:
    """One code, or one per connection: the same company as a customer of several divisions."""
    connections = [connection for code in codes for connection in book.connections[code]]
    return len(codes) == 1 or len(connections) == len(set(connections))


def _said(codes: frozenset[str]) -> str:
    shown = ", ".join(sorted(codes)[:3])
    return f"customer {shown}" if len(codes) == 1 else f"customers {shown}{' and more' if len(codes) > 3 else ''}"


def _likeness(names: Sequence[str], book: Book, tuning: Tuning) -> Iterator[tuple[str, dict[str, float]]]:
    """For each name: the customers' names that are alike, with their likeness of 100."""
    bares = sorted(book.bare_companies)
    if not bares:
        return
    ordered = [sorted_words(each) for each in bares]
    rest = iter(names)
    while some := list(islice(rest, AT_ONCE)):
        asked = [sorted_words(company(each)[1]) for each in some]
        scores = process.cdist(asked, ordered, scorer=fuzz.ratio, score_cutoff=tuning.name_alike, dtype=np.uint8)
        for row, name in enumerate(some):
            numbers = digits_in(company(name)[1])
            hits = {bares[at]: float(scores[row, at]) for at in np.flatnonzero(scores[row]) if digits_in(bares[at]) == numbers}
            yield name, hits | _begun(name, book)


def _begun(name: str, book: Book) -> dict[str, float]:
    """Names that begin with all of `name`, where the bank may have cut it."""
    full, bare = company(name)
    return {company(each)[1]: AS_BEGUN for each in (*book.begun(full), *book.begun(bare))} if len(full) >= TRUNCATED else {}


def _alike(scores: dict[str, float], book: Book, tuning: Tuning) -> Payer:
    alike = sorted(((score, each) for each, score in scores.items()), reverse=True)
    if not alike:
        return NOBODY
    every = frozenset(code for _, each in alike for code in book.bare_companies[each])
    likest = book.bare_companies[alike[0][1]]
    apart = len(alike) == 1 or alike[0][0] - alike[1][0] >= NEARLY
    sure = alike[0][0] >= tuning.name_certain and apart and _is_one_company(likest, book)
    codes = likest if sure else every
    return Payer(codes, sure=sure, words=f"the payer's name is like that of {_said(codes)}", related=every)
