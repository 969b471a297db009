"""Field :86: of MT940: who paid, and what was written, in the three forms that banks use."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from airbooks.sources.bank.movement import given

SUBFIELDS = re.compile(r"(\d{3})([?>~^|])(?=\d\d)")
WIDTH, LINE = 27, 65  # characters of a subfield and of a line: one that is full goes on in the next without a blank
RETURN_CODES = ("108", "109", "159")
SEPA_WORDS = re.compile(r"\b(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|OAMT|COAM|IBAN|BIC|PURP|BREF|RREF|RETN)\+")
SLASH_WORDS = re.compile(
    r"/(EREF|REMI|ORDP|BENM|NAME|IBAN|BIC|CNTP|TRTP|MARF|CSID|RTRN|PREF|PURP|ULTC|ULTD|OCMT|CHGS|EXCH|TRCD|ISDT|ADDR|ID|CREF|SVCL)/"
)
STRUCTURED_REMITTANCE = re.compile(r"STRD/(?:ISO|CUR|SCOR)/([^/]+)/?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Details:
    """What :86: says. `references` are structured ones other than the end-to-end id."""

    text: str
    end_to_end: str = ""
    references: tuple[str, ...] = ()
    name: str = ""
    account: str = ""
    is_return: bool = False


def details_of(raw: str) -> Details:
    lines = [line for line in raw.split("\n") if line]
    one_line = "".join(lines)
    structured = SUBFIELDS.match(one_line)
    if structured:
        return _subfields(one_line[structured.end(2) :], structured[1], structured[2])
    text = _joined(lines, LINE)
    return _slashed(text) if SLASH_WORDS.search(text) else Details(text=text)


def _joined(parts: Iterable[str], width: int) -> str:
    """The parts as one text: a part that fills its width was cut anywhere, another one ended with its word."""
    return " ".join("".join(part if len(part) >= width else f"{part} " for part in parts).split())


def _subfields(text: str, code: str, separator: str) -> Details:
    fields = [(each[:2], each[2:]) for each in text.split(separator) if each[:2].isdigit()]
    purpose = _joined((value for key, value in fields if "20" <= key <= "29" or "60" <= key <= "63"), WIDTH)
    words = dict(_words(SEPA_WORDS, purpose))
    return Details(
        text=words.get("SVWZ", words.get("", "")),
        end_to_end=given(words.get("EREF")),
        references=tuple(filter(None, (given(words.get("KREF")), given(words.get("RREF"))))),
        name=_joined((value for key, value in fields if key in ("32", "33")), WIDTH),
        account=next((value for key, value in fields if key == "31"), "") or words.get("IBAN", ""),
        is_return=code in RETURN_CODES,
    )


def _slashed(text: str) -> Details:
    words = dict(_words(SLASH_WORDS, text))
    remittance = words.get("REMI", "").strip("/")
    references = STRUCTURED_REMITTANCE.findall(remittance)
    iban, _, name = _counterparty(words.get("CNTP", ""))
    return Details(
        text=STRUCTURED_REMITTANCE.sub("", remittance).removeprefix("USTD").strip("/ ") or words.get("", ""),
        end_to_end=given(words.get("EREF", "").strip("/")),
        references=tuple(given(each) for each in references),
        name=(words.get("NAME", "") or name).strip("/ "),
        account=(words.get("IBAN", "") or iban).strip("/ "),
        is_return="RTRN" in words,
    )


def _counterparty(text: str) -> tuple[str, str, str]:
    """Account, bank and name of /CNTP/account/bank/name/city/."""
    account, bank, name, *_ = (*text.split("/"), "", "", "")
    return account, bank, name


def _words(pattern: re.Pattern[str], text: str) -> Iterator[tuple[str, str]]:
    """(code word, what follows it); what stands before the first one is under no word."""
    before, *rest = pattern.split(text)
    yield "", before.strip()
    yield from ((word, value.strip()) for word, value in reversed(list(zip(rest[::2], rest[1::2], strict=True))))
