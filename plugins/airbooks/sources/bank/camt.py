"""ISO 20022 statements: camt.053 (bank to customer statement) and camt.054 (debit credit notification), versions 001.02 to 001.13.

Elements are found by their local names, which the versions share; where they differ (`Sts` as text or `Sts/Cd`, `Dbtr/Nm` or
`Dbtr/Pty/Nm`, charges with and without `Rcrd`) both forms are read. Only entries that are booked (BOOK) count. A statement that gives
its balances is taken over as a whole or not at all: the opening balance and the entries must make the closing balance.

The direction of an entry is its CdtDbtInd, also where RvslInd says that it takes an earlier entry back (a reversed credit is a debit).
A debit that returns or reverses a customer's payment is a charge-back, and `reverses` is what the bank says of the original: its
end-to-end id, else its own reference. A credit that returns a payment of ours is a receipt with `reverses`.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from airbooks.canonical.incoming import IncomingPayment
from airbooks.sources.bank.camt_entry import drafts, is_booked, signed_amount
from airbooks.sources.bank.fingerprint import Draft, identified
from airbooks.sources.bank.movement import BadMovement, EntryError, Reading, StatementError, balance_error, given

OPENING, CLOSING, INTERIM = ("OPBD", "PRCD"), ("CLBD",), "ITBD"


def read_camt(data: bytes, file: str, reading: Reading) -> Iterator[IncomingPayment | BadMovement]:
    """The customers' movements of every statement in the file. Raises StatementError where it is no such file, or too large, or has a
    document type declaration (by which a small file can expand without bounds)."""
    reading.check_size(data, file)
    root = _parsed(data, file)
    statements = [each for each in root.iter() if each.tag in ("Stmt", "Ntfctn")]
    if not statements:
        raise StatementError(f"{file} is XML but neither camt.053 nor camt.054. Move it out of the folder of the statements.")
    for statement in statements:
        yield from _statement(statement, file, reading)


def _parsed(data: bytes, file: str) -> Element:
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise StatementError(f"{file} has a document type declaration, which no bank writes. It is refused unread.") from None
    except (ParseError, ValueError, LookupError) as error:
        raise StatementError(f"{file} is not complete XML ({error}). Fetch it from the bank again.") from None
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def _statement(statement: Element, file: str, reading: Reading) -> Iterator[IncomingPayment | BadMovement]:
    name = f"statement {statement.findtext('Id', '').strip() or 'without id'}"
    bad: list[BadMovement] = []
    try:
        account = reading.account(_account(statement))
        booked = [(n, entry) for n, entry in enumerate(statement.findall("Ntry"), start=1) if is_booked(entry)]
        found = [draft for n, entry in booked for draft in _drafts(entry, account, f"{name}, entry {n}", file, reading, bad)]
        if reading.check_totals and not bad:
            _check_balance(statement, [entry for _, entry in booked])
    except EntryError as error:
        yield error.at(file, name)
        return
    yield from bad
    yield from (each for each in identified(found, _page(statement)) if reading.wants(each))


def _drafts(entry: Element, account: str, place: str, file: str, reading: Reading, bad: list[BadMovement]) -> list[Draft]:
    try:
        return drafts(entry, account, place, reading)
    except EntryError as error:
        bad.append(error.at(file, place))
        return []


def _account(statement: Element) -> str:
    written = given(statement.findtext("Acct/Id/IBAN")) or given(statement.findtext("Acct/Id/Othr/Id"))
    if not written:
        raise EntryError("Acct/Id", "", "the statement does not name its account")
    return written


def _page(statement: Element) -> int:
    number = statement.findtext("StmtPgntn/PgNb") or statement.findtext("NtfctnPgntn/PgNb") or "1"
    return int(number) if number.strip().isdigit() else 1


def _check_balance(statement: Element, entries: list[Element]) -> None:
    """Raises EntryError where opening + entries is not closing; a page in the middle has interim balances at both ends."""
    balances = [(balance.findtext("Tp/CdOrPrtry/Cd", "").strip(), balance) for balance in statement.findall("Bal")]
    interim = [balance for code, balance in balances if code == INTERIM]
    opening = _first(balances, OPENING) or (interim[0] if interim else None)
    closing = _first(balances, CLOSING) or (interim[-1] if interim else None)
    if opening is None or closing is None or opening is closing:
        return
    moved = sum((signed_amount(entry) for entry in entries), Decimal(0))
    before, after = signed_amount(opening), signed_amount(closing)
    if before + moved != after:
        raise balance_error(before, moved, after, _currency(closing))


def _first(balances: list[tuple[str, Element]], codes: tuple[str, ...]) -> Element | None:
    return next((balance for wanted in codes for code, balance in balances if code == wanted), None)


def _currency(balance: Element) -> str:
    amount = balance.find("Amt")
    return amount.get("Ccy", "") if amount is not None else ""
