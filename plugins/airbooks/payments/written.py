"""A text in runs of letters and digits, and what is understood of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

from airbooks.payments.names import fold

MOST_RUNS = 5  # a number is written in at most so many pieces: "US SI 000 123"
_DATES_AND_AMOUNTS = re.compile(
    r"(?<![\w-])(?:(?:19|20)\d\d-[01]\d-[0-3]\d|[0-3]?\d[./][01]?\d[./](?:19|20)?\d\d|[1-9]\d{0,2}(?:[.,]?\d{3})*[.,]\d{2})(?![\w-]|[.,]\d)"
)
_TRACES = re.compile(r"\b(?:DATE|TIME|TRN|TRACE#?|EED)\s?:\s?\S+")  # fields of wires and ACH entries that are never ours
_RUN = re.compile(r"[A-Z0-9]+")


class Grade(IntEnum):
    """How surely a mention means its document."""

    GUESS = 1  # a letter or digit away from a document of the payer
    LIKELY = 2  # incomplete, or with look-alike letters
    CERTAIN = 3  # the whole number


@dataclass(frozen=True, slots=True)
class Mention:
    """What was written, and the positions that it may mean. `structured`: in a field made for it."""

    written: str
    positions: tuple[int, ...]
    grade: Grade
    structured: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a payer names: documents, other sets where he wrote a range, and numbers that look like ours but are not open.

    `excludes`: the text says "all but" or the like: what it names may be just what is not paid.
    """

    mentions: tuple[Mention, ...] = ()
    ranges: tuple[tuple[int, ...], ...] = ()
    unknown: tuple[str, ...] = ()
    excludes: bool = False


@dataclass(slots=True)
class Text:
    """A text in runs of letters and digits, and which of them are understood already."""

    text: str
    runs: list[re.Match[str]]
    taken: set[int] = field(default_factory=set)
    found: list[tuple[int, int, Mention]] = field(default_factory=list)  # first run, last run, what they mean

    def spans(self) -> Iterator[tuple[int, int, str]]:
        """Groups of neighbouring runs that are not understood yet, long ones first: first, last, joined."""
        for length in range(min(MOST_RUNS, len(self.runs)), 0, -1):
            for first in range(len(self.runs) - length + 1):
                numbers = range(first, first + length)
                if self.taken.isdisjoint(numbers):
                    yield first, numbers[-1], "".join(self.runs[each].group() for each in numbers)

    def take(self, first: int, last: int, mention: Mention | None) -> None:
        self.taken.update(range(first, last + 1))
        if mention:
            self.found.append((first, last, mention))

    def written(self, first: int, last: int) -> str:
        return self.text[self.runs[first].start() : self.runs[last].end()]


def text_of(raw: str) -> Text:
    """A text without its dates, amounts and the fields of wires, ready to be read."""
    text = _DATES_AND_AMOUNTS.sub(" ", _TRACES.sub(" ", fold(raw)))
    return Text(text, list(_RUN.finditer(text)))
