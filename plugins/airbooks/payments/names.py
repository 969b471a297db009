"""Names as people write them, brought to one form: document numbers and companies."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LEGAL_FORMS = (
    "LTD LIMITED INC INCORPORATED LLC LLP LP PLC CORP CORPORATION CO COMPANY PTY PTE GMBH AG KG OHG UG MBH SE EK SA SAS SARL SRL SPA "
    "BV NV AB AS OY APS KK KFT SRO DOO SL SLU LDA BVBA GBR PUBLIC PL AND THE UND ET"
)
LEGAL_FORMS = frozenset(_LEGAL_FORMS.split())
OF_THE_ACCOUNT = frozenset("ACCOUNTS ACCOUNT PAYABLE AC DEPARTMENT DEPT TREASURY FIRMA FA".split())  # noqa: SIM905 a list of words reads best as words
_LETTERS = str.maketrans({"Ø": "O", "Æ": "AE", "Œ": "OE", "Ł": "L", "Đ": "D"})
_LOOKALIKES = str.maketrans("OILZSB", "011258")
_SERIAL = re.compile(r"(\d+)\D*$")
STRONG_LENGTH = 5


def fold(text: str) -> str:
    """Capitals without accents: what survives the character sets of banks."""
    decomposed = unicodedata.normalize("NFKD", text.upper())
    return "".join(each for each in decomposed if not unicodedata.combining(each)).translate(_LETTERS)


@lru_cache(maxsize=1 << 16)
def key_of(text: str) -> str:
    """A number without blanks, signs and case: "us-si 000123" is USSI000123."""
    return re.sub(r"[^A-Z0-9]", "", fold(text))


def lookalike(key: str) -> str:
    """The same for keys that differ only in letters mistaken for digits (O and 0; I, L and 1; Z and 2; S and 5; B and 8)."""
    return key.translate(_LOOKALIKES)


def series_of(name: str) -> tuple[str, str]:
    """A number's prefix as a key, and its last run of digits: "US-SI-000123" is USSI and 000123. ("", "") without digits."""
    found = _SERIAL.search(name)
    if found is None or not found.group(1).isascii():
        return "", ""
    return key_of(name[: found.start(1)]), found.group(1)


def is_strong(key: str) -> bool:
    """Whether a name can hardly stand in a text by chance: letters and digits, and not short."""
    return len(key) >= STRONG_LENGTH and not key.isdigit() and not key.isalpha()


@lru_cache(maxsize=1 << 16)
def company(name: str) -> tuple[str, str]:
    """A company's name in one form: with its legal form, and without. What banks add ("a/c", "accounts payable") is left out."""
    text = re.sub(r"([AOU])E", r"\1", fold(name).replace("&", " AND ").replace("'", ""))
    words = [word for word in re.findall(r"[A-Z0-9]+", _joined_initials(text)) if word not in OF_THE_ACCOUNT and word != "AND"]
    bare = [word for word in words if word not in LEGAL_FORMS]
    return " ".join(words), " ".join(bare or words)


def _joined_initials(text: str) -> str:
    """Written without dots and strokes: S.A.R.L. is SARL, P/L is PL."""
    return re.sub(r"\b[A-Z](?:[./][A-Z])+\b\.?", lambda found: re.sub(r"[./]", "", found.group()) + " ", text)


def sorted_words(name: str) -> str:
    """The words of a name in alphabetical order, to compare whatever their order was."""
    return " ".join(sorted(name.split()))


def digits_in(name: str) -> tuple[str, ...]:
    """The numbers in a name: "Depot 12" is not "Depot 13", however alike they look."""
    return tuple(sorted(re.findall(r"\d+", name)))
