"""How payers write: numbers with labels, habits and slips, in the words of their country."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence

LABELS = {
    "EU": ("Rechnung", "RG", "RE-NR.", "Re.Nr", "Rg.-Nr.:", "Facture", "Factuur", "Invoice", "Fattura n.", ""),
    "US": ("INV", "Invoice", "Inv#", "Invoice No.", "PMT INV", "BILL", "", "Payment for"),
    "UK": ("INV", "Invoice", "Inv no", "Your invoice", "BACS", "", "Payment inv"),
    "AU": ("INV", "Invoice", "Inv", "Tax invoice", "EFT inv", "", "Pymt"),
}
TAILS = {
    "EU": ("", "", "", "vom 03.10.2026", "danke", "KD-NR 4711", "Zahlung", "Mit freundlichen Gruessen"),
    "US": ("", "", "", "THANK YOU", "dated 10/03/2026", "acct payable", "vendor pmt", "NTE"),
    "UK": ("", "", "", "with thanks", "dated 3 Oct 2026", "supplier payment", "from our account"),
    "AU": ("", "", "", "thanks", "dated 03/10/26", "creditor payment", "online"),
}
ALL_OPEN = {
    "EU": ("Alle offenen Rechnungen", "Ausgleich Kontoauszug Oktober", "lt. Saldenbestaetigung", "Zahlung Gesamtsaldo"),
    "US": ("Statement 10/31", "PAY ALL OPEN", "per your statement dated 10/31/2026", "account balance in full"),
    "UK": ("Statement October", "as per statement", "clear account", "Oct stmt in full"),
    "AU": ("Statement Oct 26", "account in full", "as per stmt", "all outstanding"),
}
OTHERS = {"EU": ("u.a.", "und weitere", "etc.", "usw."), "US": ("and others", "+ others", "ETC", "& more")}
PARTLY = {
    "EU": ("Teilzahlung", "Abschlag", "1. Rate", "Anzahlung auf"),
    "US": ("part payment", "partial pmt", "1st installment", "on account of"),
}
MONTHS = {
    "EU": ("Jan", "Feb", "Maerz", "April", "Mai", "Juni", "Juli", "August", "Sept.", "Oktober", "Nov.", "Dez."),
    "US": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"),
}
FILLER = "for parts and service delivered to our works in the third quarter as ordered"
LOOKALIKES = {"0": "O", "1": "I", "5": "S", "8": "B"}


def words(table: Mapping[str, tuple[str, ...]], division: str, rng: random.Random) -> str:
    return rng.choice(table.get(division, table["US"]))


def sentence(rng: random.Random, division: str, what: str, *, tail: bool = True) -> str:
    """`what` with a label before it and, often, something behind it."""
    return " ".join(filter(None, (words(LABELS, division, rng), what, words(TAILS, division, rng) if tail else "")))


# -- one number, as people write it ------------------------------------------------------------------------------------------------------


def tidy(rng: random.Random, number: str) -> str:
    """The whole number; its dashes are a matter of taste."""
    return rng.choice(
        (number, number, number, number, number.lower(), number.replace("-", " "), number.replace("-", "/"), number.replace("-", ""))
    )


def without_prefix(rng: random.Random, number: str) -> str:
    """The division's code, or all letters, left out."""
    _, kind, serial = number.split("-")
    return rng.choice((f"{kind}-{serial}", f"{kind} {serial}", f"{kind}{serial}", serial, serial, f"#{serial}"))


def without_zeros(rng: random.Random, number: str) -> str:
    division, kind, serial = number.split("-")
    bare = serial.lstrip("0")
    return rng.choice((f"{division}-{kind}-{bare}", f"{division}{kind}{bare}", f"{kind}-{bare}", f"{division} {kind} {bare}", bare))


def substituted(rng: random.Random, number: str) -> str:
    place = rng.choice([at for at, each in enumerate(number) if each.isalnum()])
    pool = "0123456789" if number[place].isdigit() else "ABCDEFGHJKLMNPQRSTUVWXYZ"
    return number[:place] + rng.choice([each for each in pool if each != number[place]]) + number[place + 1 :]


def swapped(rng: random.Random, number: str) -> str:
    places = [at for at in range(len(number) - 1) if number[at].isalnum() and number[at + 1].isalnum() and number[at] != number[at + 1]]
    place = rng.choice(places)
    return number[:place] + number[place + 1] + number[place] + number[place + 2 :]


def dropped(rng: random.Random, number: str) -> str:
    """One character lost: not a leading zero, which is a habit and no slip."""
    start = len(number) - len(number.split("-")[2].lstrip("0"))
    place = rng.choice([0, 1, 3, 4, *range(start, len(number))])
    return number[:place] + number[place + 1 :]


def mistyped(rng: random.Random, number: str, slip: Callable[[random.Random, str], str], free: Callable[[str], bool]) -> str:
    """`number` with a slip that makes no other number that is in use."""
    while True:
        wrong = slip(rng, number)
        if wrong != number and free(_normal(wrong)):
            return wrong


def _normal(wrong: str) -> str:
    """A mistyped number as our own numbers are written: a lost digit makes the serial shorter."""
    head, _, serial = wrong.rpartition("-")
    return f"{head}-{serial:>06}"


def lookalike(rng: random.Random, number: str) -> str:
    """Letters for digits: O for 0, I for 1, S for 5, B for 8, and the other way round."""
    division, kind, serial = number.split("-")
    if rng.random() < 0.25 and "I" in kind:
        return f"{division}-{kind.replace('I', '1')}-{serial}"
    chosen = {each for each in serial if each in LOOKALIKES and (each in "01" or rng.random() < 0.5)} or {"0"}
    return f"{division}-{kind}-" + "".join(LOOKALIKES[each] if each in chosen else each for each in serial)


def glued(rng: random.Random, number: str, division: str) -> str:
    """No blank around the number."""
    label = words(LABELS, division, rng).rstrip(".:# ") or "Rg"
    return rng.choice((f"{label}{number}vom03.10.2026", f"{label}{number}Danke", f"{number}/{label}", f"Kd4711{label}{number}"))


def blanks_inside(rng: random.Random, number: str) -> str:
    place = rng.randint(len(number) - 5, len(number) - 1)
    return rng.choice((number[:place] + " " + number[place:], number.replace("-", " - "), f"{number[:6]} {number[6:]}"))


def line_broken(rng: random.Random, text: str, number: str, width: int) -> str:
    """`text` so that the end of a line of `width` characters falls into the number."""
    inside = rng.randint(2, len(number) - 2)
    start = width - inside
    before = f"{text.strip()} {FILLER}"[: start - 1].ljust(start)
    joined = before + number + rng.choice(("", " DANKE", " THANK YOU"))
    return rng.choice(("\n", "\n", " ")).join(joined[at : at + width] for at in range(0, len(joined), width))


def creditor_reference(number: str) -> str:
    """ISO 11649 of our number: RF, two check digits (ISO 7064 mod 97-10), the number without its dashes."""
    bare = re.sub(r"\W", "", number).upper()
    digits = "".join(str(int(each, 36)) for each in bare + "RF00")
    return f"RF{98 - int(digits) % 97:02d}{bare}"


# -- several numbers ---------------------------------------------------------------------------------------------------------------------


def listed(rng: random.Random, numbers: Sequence[str]) -> str:
    """All numbers: whole, or the rest as serials behind the first."""
    between = rng.choice((", ", "; ", " ", " / ", "+", " & ", ",", "\n"))
    style = rng.random()
    if style < 0.65 or len({each.rsplit("-", 1)[0] for each in numbers}) > 1:
        return between.join(numbers)
    serials = [each.split("-")[2] for each in numbers]
    if style < 0.8:
        return between.join([numbers[0], *serials[1:]])
    if style < 0.92:
        return between.join([numbers[0], *(each.lstrip("0") for each in serials[1:])])
    return between.join(serials)


def ranged(rng: random.Random, first: str, last: str) -> str:
    serial = last.split("-")[2]
    return rng.choice(
        (f"{first} - {last}", f"{first} bis {serial}", f"{first} to {serial}", f"{first}-{serial[-3:]}", f"{first} thru {last}")
    )
