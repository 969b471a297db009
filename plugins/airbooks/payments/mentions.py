"""Which documents a payer names, however he writes them: "US-SI-000123", "us si 123/126", "US-S1-OOO123", "000123-000126"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rapidfuzz import process
from rapidfuzz.distance import OSA
from stdnum import iso11649

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.frames import Book
from airbooks.payments.names import fold, is_strong, key_of, lookalike, series_of
from airbooks.payments.payers import Payer
from airbooks.payments.tuning import Tuning
from airbooks.payments.written import Grade, Mention, Reading, Text, text_of

SHORTEST_SERIAL = 3  # "45" alone may be anything
SHORTEST_TYPO = 5
LONGEST_PREFIX = 8
UNMISTAKABLE = 4  # a prefix of so many characters is ours, whatever digits follow
SOON = 2_000  # a number of a document that is still to come is not further off than this
_RANGE = re.compile(r"\s*(?:[-–—~]|\.{2,}|TO|BIS|THRU|THROUGH|UNTIL|UP TO)\s*")
_FIELDS = re.compile(r"\b(?:EREF|KREF)\+([^\s+]+)")  # the payer's own reference in a German bank's text: a field by itself
_EXCLUDING = re.compile(
    r"\b(?:EXCEPT\w*|EXCL\w*|ALL BUT|OTHER THAN|WITHOUT|AUSSER|AUSGENOMMEN|OHNE|SAUF|EXCEPTO|SALVO|DISPUTE\w*|NOT PAY\w*)\b"
)
_WORDS = "INV INVOICE INVOICES BILL BILLS REF RE RG RNR RN NR NO N NUM RECHNUNG RECHNUNGEN FACTURE FACT FAC FATTURA FACTUUR"
_BEFORE_NUMBERS = frozenset(_WORDS.split())
_YEAR = re.compile(r"(?:19|20)\d\d")
_ENDING = re.compile(r"(.*?)(\d+)")
_DIGITS = re.compile(r"\d+")
_ENDING_DIGITS = re.compile(r"([A-Z]*)\d*$")
_LETTERS_DIGITS = re.compile(r"([A-Z]*)(\d+)")


def read(movement: IncomingPayment, payer: Payer, book: Book, tuning: Tuning) -> Reading:
    """Everything that the structured references and the text of a movement name."""
    fields = (*movement.references, *_FIELDS.findall(movement.text))
    structured = [_read_text(_creditor_reference(each), payer, book, tuning, structured=True) for each in fields]
    free = _read_text(_FIELDS.sub(" ", movement.text), payer, book, tuning, structured=False)
    return replace(_joined([*structured, free]), excludes=_EXCLUDING.search(fold(movement.text)) is not None)


def read_number(written: str, payer: Payer, book: Book, tuning: Tuning) -> Reading:
    """What one number of a remittance advice means."""
    return _read_text(_creditor_reference(written), payer, book, tuning, structured=True)


def _creditor_reference(written: str) -> str:
    """The number inside an ISO 11649 reference (RF, two check digits, up to 21 characters); anything else as it is."""
    return iso11649.compact(written)[4:] if iso11649.is_valid(written) else written


def _joined(readings: list[Reading]) -> Reading:
    best: dict[tuple[int, ...], Mention] = {}
    for mention in (each for reading in readings for each in reading.mentions):
        if mention.positions not in best or mention.grade > best[mention.positions].grade:
            best[mention.positions] = mention
    ranges = tuple(dict.fromkeys(each for reading in readings for each in reading.ranges))
    return Reading(tuple(best.values()), ranges, tuple(dict.fromkeys(each for reading in readings for each in reading.unknown)))


def _read_text(raw: str, payer: Payer, book: Book, tuning: Tuning, *, structured: bool) -> Reading:
    at = text_of(raw)
    if not at.runs:
        return Reading()
    _whole_names(at, payer, book, structured=structured)
    _customers(at, book)
    closed = _closed(at, book)
    _by_series(at, book, structured=structured)
    _lookalikes(at, book, structured=structured)
    circle = payer.codes | {book.items[each].customer_code for _, _, mention in at.found for each in mention.positions}
    _serials(at, circle, book, structured=structured)
    _glued(at, circle, book, structured=structured)
    _embedded(at, book, structured=structured)
    ranges = tuple(_ranges(at, book, tuning))
    unknown = _typos(at, payer, circle, book, structured=structured)
    return Reading(
        tuple(mention for _, _, mention in sorted(at.found, key=lambda each: each[:2])),
        ranges,
        (*closed, *unknown, *_unknown(at, book, tuning)),
    )


def _whole_names(at: Text, payer: Payer, book: Book, *, structured: bool) -> None:
    for first, last, key in at.spans():
        positions = book.by_key.get(key)
        if not positions or not at.taken.isdisjoint(range(first, last + 1)):
            continue
        if is_strong(key):
            grade = Grade.LIKELY if _is_broken(at, first, last, positions, book) else Grade.CERTAIN
            at.take(first, last, Mention(at.written(first, last), positions, grade, structured))
        elif first == last and _is_short_name(at, last, key, positions, payer, book):
            at.take(first, last, Mention(key, positions, Grade.LIKELY, structured))


def _is_short_name(at: Text, last: int, key: str, positions: tuple[int, ...], payer: Payer, book: Book) -> bool:
    """Whether a few digits are meant as the platform's or an order's number: only of the payer's own documents, if he is known."""
    if len(key) < SHORTEST_SERIAL or key.isalpha() or (payer.codes and not book.theirs(positions, payer.codes)):
        return False
    return not _is_a_piece(at, last, payer.codes, book)


def _customers(at: Text, book: Book) -> None:
    """A customer's code is no document: its digits must not be taken for a serial."""
    for first, last, key in at.spans():
        if key in book.codes and at.taken.isdisjoint(range(first, last + 1)):
            at.take(first, last, None)


def _closed(at: Text, book: Book) -> list[str]:
    """Whole numbers of documents that are known and not open, because they are settled or not there yet: no typing error of another."""
    found = []
    for first, last, key in at.spans():
        if (key in book.closed or key in book.coming) and is_strong(key) and at.taken.isdisjoint(range(first, last + 1)):
            found.append(at.written(first, last))
            at.take(first, last, None)
    return found


def _is_broken(at: Text, first: int, last: int, positions: tuple[int, ...], book: Book) -> bool:
    """Whether digits that belong together stand apart: they may be two numbers."""
    if first == last:
        return False
    _, digits = series_of(book.items[positions[0]].number)
    return not at.runs[last].group().endswith(digits) and at.runs[last].group().isdigit() and digits.endswith(at.runs[last].group())


def _by_series(at: Text, book: Book, *, structured: bool) -> None:
    """A whole prefix, with zeros missing or too many."""
    for first, last, _ in at.spans():
        prefix, digits = _split(at, first, last)
        positions = book.by_series.get((prefix, int(digits))) if prefix in book.series and len(digits) <= 12 else None
        if positions and at.taken.isdisjoint(range(first, last + 1)):
            at.take(first, last, Mention(at.written(first, last), positions, Grade.LIKELY, structured))


def _split(at: Text, first: int, last: int) -> tuple[str, str]:
    """Prefix and digits of what is written in these runs; ("", "") if it does not end in digits."""
    found = _ENDING.fullmatch(at.runs[last].group())
    return ("".join(each.group() for each in at.runs[first:last]) + found.group(1), found.group(2)) if found else ("", "")


def _lookalikes(at: Text, book: Book, *, structured: bool) -> None:
    for first, last, key in at.spans():
        positions = book.by_lookalike.get(lookalike(key))
        if positions and at.taken.isdisjoint(range(first, last + 1)):
            at.take(first, last, Mention(at.written(first, last), positions, Grade.LIKELY, structured))


def _embedded(at: Text, book: Book, *, structured: bool) -> None:
    """A whole number between letters without a blank: INVOICEUS-SI-000123DATED."""
    for first, last, key in at.spans():
        name = next(_inside(key, len(at.runs[first].group()), len(key) - len(at.runs[last].group()), book), "")
        if name and at.taken.isdisjoint(range(first, last + 1)):
            at.take(first, last, Mention(at.written(first, last), book.by_key[name], Grade.LIKELY, structured))


def _inside(key: str, before: int, after: int, book: Book) -> Iterator[str]:
    """Known numbers in `key` that begin before one place and end after another: in its first run, and in its last."""
    for digits in _DIGITS.finditer(key):
        starts = range(max(digits.start() - LONGEST_PREFIX, 0), min(digits.start(), before))
        names = (key[start : digits.end()] for start in starts if digits.end() > after)
        yield from (each for each in names if is_strong(each) and each in book.by_key)


def _serials(at: Text, circle: frozenset[str], book: Book, *, structured: bool) -> None:
    """Digits without their prefix: among the documents of the customers in question; without any, only whole serials that are unique."""
    for last, run in enumerate(at.runs):
        found = _LETTERS_DIGITS.fullmatch(run.group())
        if last in at.taken or not found or len(found.group(2)) > 12:
            continue
        if _is_a_piece(at, last, circle, book):
            continue
        letters = found.group(1) or (at.runs[last - 1].group() if last and at.runs[last - 1].group().isalpha() else "")
        positions = _serial_positions(found.group(2), letters, circle, book)
        if positions:
            at.take(last, last, Mention(run.group(), positions, Grade.LIKELY, structured))


def _is_a_piece(at: Text, last: int, circle: frozenset[str], book: Book) -> bool:
    """Whether digits belong to a longer name of something else: 20261112-03368, PAYRUN04420, SH-007114."""
    found = _ENDING_DIGITS.search(at.runs[last].group())
    letters = found.group(1) if found else ""
    before = letters or (at.runs[last - 1].group() if _touches(at, last - 1, last, "-_") else "")
    if before.isalpha() and before not in _BEFORE_NUMBERS and not any(prefix.endswith(before) for prefix in book.series):
        return True
    neighbours = [each for each in (last - 1, last + 1) if _touches(at, min(each, last), max(each, last), "-_/.")]
    return any(_is_foreign(at, each, circle, book) for each in neighbours)


def _touches(at: Text, first: int, second: int, signs: str) -> bool:
    """Whether one of these signs, and nothing else, stands between two runs."""
    between = at.text[at.runs[first].end() : at.runs[second].start()] if first >= 0 and second < len(at.runs) else ""
    return len(between) == 1 and between in signs


def _is_foreign(at: Text, number: int, circle: frozenset[str], book: Book) -> bool:
    """Digits that are neither a document, nor the beginning of one, nor a year."""
    run = at.runs[number].group()
    if number in at.taken or not run.isdigit() or _YEAR.fullmatch(run):
        return False
    return run not in book.by_key and not _serial_positions(run, "", circle, book) and len(run) > SHORTEST_SERIAL


def _serial_positions(digits: str, letters: str, circle: frozenset[str], book: Book) -> tuple[int, ...]:
    every = book.by_serial.get(int(digits), ())
    theirs = tuple(each for each in every if book.items[each].customer_code in circle)
    if not theirs:
        return every if len(every) == 1 and len(digits) > SHORTEST_TYPO else ()
    theirs = tuple(each for each in theirs if book.serial_of(each)[1] == int(digits)) or theirs
    hinted = tuple(each for each in theirs if letters and any(_ends_with(name, digits, letters) for name in _names(each, book)))
    return hinted or (theirs if len(digits) >= SHORTEST_SERIAL else ())


def _ends_with(name: str, digits: str, letters: str) -> bool:
    prefix, serial = series_of(name)
    return bool(serial) and int(serial) == int(digits) and prefix.endswith(letters)


def _names(position: int, book: Book) -> tuple[str, ...]:
    return (book.items[position].number, *book.items[position].names)


def _glued(at: Text, circle: frozenset[str], book: Book, *, structured: bool) -> None:
    """Several numbers without anything between: USSI000123USSI000126, or 000123000126."""
    for last, run in enumerate(at.runs):
        if last in at.taken or len(run.group()) < 2 * SHORTEST_TYPO:
            continue
        positions = tuple(_pieces(run.group(), circle, book))
        if len(positions) > 1 and None not in positions:
            for each in positions:
                at.take(last, last, Mention(run.group(), (each,) if each is not None else (), Grade.LIKELY, structured))


def _pieces(run: str, circle: frozenset[str], book: Book) -> Iterator[int | None]:
    for letters, digits in _LETTERS_DIGITS.findall(run):
        prefix = next((each for each in (letters[start:] for start in range(len(letters))) if each in book.series), "")
        width = book.series[prefix].width if prefix else _usual_width(circle, book)
        if not width or len(digits) % width:
            yield None
            continue
        for start in range(0, len(digits), width):
            yield _piece(prefix, int(digits[start : start + width]), circle, book)


def _piece(prefix: str, serial: int, circle: frozenset[str], book: Book) -> int | None:
    every = book.by_series.get((prefix, serial), ()) if prefix else book.by_serial.get(serial, ())
    theirs = [each for each in every if book.items[each].customer_code in circle] or (list(every) if prefix else [])
    return theirs[0] if len(theirs) == 1 else None


def _usual_width(circle: frozenset[str], book: Book) -> int:
    widths = {len(series_of(book.items[each].number)[1]) for each in book.of_customers(circle)}
    return widths.pop() if len(widths) == 1 else 0


def _ranges(at: Text, book: Book, tuning: Tuning) -> Iterator[tuple[int, ...]]:
    for _, last, low in at.found:
        yield from _shortened(at, last, low, book, tuning)
        for first, _, high in at.found:
            if first > last and _RANGE.fullmatch(at.text[at.runs[last].end() : at.runs[first].start()]):
                yield from _between(low, high, book, tuning)


def _shortened(at: Text, last: int, low: Mention, book: Book, tuning: Tuning) -> Iterator[tuple[int, ...]]:
    """A range whose end is only told by its last digits: 002857-865 ends at 002865."""
    end = at.runs[last + 1].group() if last + 1 < len(at.runs) else ""
    if not end.isdigit() or not _RANGE.fullmatch(at.text[at.runs[last].end() : at.runs[last + 1].start()]):
        return
    for position in low.positions:
        prefix, digits = series_of(book.items[position].number)
        if len(end) < len(digits):
            yield from _in_series(position, int(digits[: -len(end)] + end), prefix, book, tuning)


def _in_series(first: int, end: int, prefix: str, book: Book, tuning: Tuning) -> Iterator[tuple[int, ...]]:
    """The open documents of one customer from one number to another."""
    customer, (_, start) = book.items[first].customer_code, book.serial_of(first)
    if 0 < end - start <= tuning.most_in_a_range:
        serials = (book.by_series.get((prefix, each), ()) for each in range(start, end + 1))
        yield tuple(each for some in serials for each in some if book.items[each].customer_code == customer)


def _between(low: Mention, high: Mention, book: Book, tuning: Tuning) -> Iterator[tuple[int, ...]]:
    for first in low.positions:
        for last in high.positions:
            (prefix, _), (same, end) = book.serial_of(first), book.serial_of(last)
            if prefix == same and book.items[first].customer_code == book.items[last].customer_code:
                yield from _in_series(first, end, prefix, book, tuning)


def _typos(at: Text, payer: Payer, circle: frozenset[str], book: Book, *, structured: bool) -> list[str]:
    """Numbers one slip away from a document of the customers in question. Returns those that are rather numbers still to come."""
    choices = _choices(circle, book) if at.found or any(_may_be_a_number(key) for _, _, key in at.spans()) else {}
    to_come: list[str] = []
    if payer.sure:
        _slips_onto_others(at, payer, choices, book, structured=structured)
    for first, last, key in at.spans() if choices else ():
        free = at.taken.isdisjoint(range(first, last + 1))
        wanted = free and _may_be_a_number(key) and not (key.isdigit() and _is_a_piece(at, last, circle, book))
        positions = _one_slip_away(key, choices) if wanted else ()
        if positions:
            to_come += [at.written(first, last)] if _is_to_come(key, book) else []
            at.take(first, last, Mention(at.written(first, last), positions, Grade.GUESS, structured))
    return to_come


def _may_be_a_number(key: str) -> bool:
    return len(key) >= SHORTEST_TYPO and sum(each.isdigit() for each in key) >= SHORTEST_SERIAL


def _slips_onto_others(at: Text, payer: Payer, choices: Mapping[str, list[int]], book: Book, *, structured: bool) -> None:
    """A slip of the pen may hit somebody else's number: the payer's own document that is one slip away is meant as likely."""
    own = {key: of for key, of in choices.items() if book.theirs(of, payer.codes)}
    for first, last, mention in tuple(at.found):
        positions = () if book.theirs(mention.positions, payer.codes) else _one_slip_away(key_of(mention.written), own)
        if positions:
            at.take(first, last, Mention(mention.written, positions, Grade.GUESS, structured))


def _one_slip_away(key: str, choices: Mapping[str, list[int]]) -> tuple[int, ...]:
    """Documents whose number differs in one character; of digits alone also in no length, for shorter ones may be anything."""
    alike = [name for name, _, _ in process.extract(key, choices.keys(), scorer=OSA.distance, score_cutoff=1, limit=None)]
    return tuple(sorted({each for name in alike if len(name) == len(key) or not key.isdigit() for each in choices[name]}))


def _choices(circle: frozenset[str], book: Book) -> Mapping[str, list[int]]:
    choices: dict[str, list[int]] = {}
    for position in book.of_customers(circle):
        for name in _names(position, book):
            for key in {key_of(name), series_of(name)[1]}:
                if len(key) >= SHORTEST_TYPO:
                    choices.setdefault(key, []).append(position)
    return choices


def _is_to_come(key: str, book: Book) -> bool:
    prefix, digits = series_of(key)
    series = book.series.get(prefix)
    return series is not None and len(digits) <= series.widest and series.highest < int(digits) <= series.highest + SOON


def _unknown(at: Text, book: Book, tuning: Tuning) -> list[str]:
    """Numbers that look like ours, and are not open."""
    found = []
    for first, last, key in at.spans():
        if at.taken.isdisjoint(range(first, last + 1)) and _looks_like_ours(at, first, last, key, book, tuning):
            found.append(at.written(first, last))
            at.take(first, last, None)
    return found


def _looks_like_ours(at: Text, first: int, last: int, key: str, book: Book, tuning: Tuning) -> bool:
    if any(re.fullmatch(shape, key) for shape in tuning.number_shapes):
        return True
    prefix, digits = _split(at, first, last)
    series = book.series.get(prefix)
    if series is None:
        return False
    whole = series.width <= len(digits) <= series.width + 1
    return whole or (len(prefix) >= UNMISTAKABLE and len(digits) >= SHORTEST_SERIAL)
