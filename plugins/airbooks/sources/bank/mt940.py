"""MT940 statements (SWIFT), with :86: as German banks structure it (`166?20...`), with code words (`/EREF/.../REMI/...`), or free.

The library mt-940 reads the fields; it is given one :61: with its :86: at a time, so that one line that cannot be read does not take its
neighbours along, and :86: is interpreted here, because joining its parts without regard to where a line was full glues words together.
A :86: after the closing balance speaks of the statement and belongs to no movement. The balances (:60: and :62:) must agree with the
entries, otherwise nothing of the statement is taken over.

Returns are known by the marks RC and RD, the type RTI, and in structured :86: by the business codes 108, 109 (returned direct debits) and
159 (returned credit transfer) (from memory).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, DecimalException
from typing import Any

from mt940.models import Amount, Balance, Transactions
from mt940.options import Options

from airbooks.canonical.document import ZERO
from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.fingerprint import Draft, identified
from airbooks.sources.bank.movement import (
    BadMovement,
    EntryError,
    Reading,
    StatementError,
    account_name,
    amount_of,
    balance_error,
    given,
    movement_of,
    unique,
)
from airbooks.sources.bank.mt940_details import Details, details_of

OPTIONS = Options.all()
RAW_DETAILS: Any = {"post_transaction_details": []}
RETURN_TYPES = ("NRTI", "FRTI")
METHODS = {"TRF": "Wire", "CHK": "Check", "DDT": "Direct debit"}
IBAN_WITH_CURRENCY = re.compile(r"([A-Z]{2}\d{2}[A-Z0-9]{10,30}?)([A-Z]{3})")
BLOCK_START, BLOCK_END = re.compile(r"(?ms)^\{.*?(?=^:20:|\Z)"), re.compile(r"(?m)^-\}.*$")  # the envelope of SWIFT messages
ABOUT_ALL = re.compile(r"(?ms)^:86:.*?(?=^:\w{2,3}:|\Z)")
ELSEWHERE = re.compile(r"^(EREF|KREF|MREF|PREF|MARF)\+?\s*$")  # says that the reference stands in :86:
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}")
KEPT = {"OCMT": re.compile(r"/OCMT/([A-Z]{3})([\d,]+)"), "CHGS": re.compile(r"/CHGS/([A-Z]{3})([\d,]+)")}


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, cut into its head, its entries and what closes it."""

    head: str
    entries: tuple[str, ...]
    tail: str


def read_mt940(data: bytes, file: str, reading: Reading) -> Iterator[IncomingPayment | BadMovement]:
    """The customers' movements of every statement in the file. Raises StatementError where it is no MT940 or too large."""
    reading.check_size(data, file)
    statements = list(_statements(_text(data)))
    if not statements:
        raise StatementError(f"{file} has no statement that begins with :20:. It is no MT940; move it out of the folder of the statements.")
    for statement in statements:
        yield from _movements(statement, file, reading)


def _text(data: bytes) -> str:
    """UTF-8, or else Latin-1, which older files are written in."""
    try:
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return data.decode("latin-1").replace("\r\n", "\n")


def _statements(text: str) -> Iterator[Statement]:
    bare = BLOCK_END.sub("", BLOCK_START.sub("", text))
    return (_cut(block) for block in re.split(r"(?m)^(?=:20:)", bare) if block.startswith(":20:"))


def _cut(block: str) -> Statement:
    body, *closing = re.split(r"(?m)^(?=:62[FM]?:)", block, maxsplit=1)
    head, *entries = re.split(r"(?m)^(?=:61:)", body)
    return Statement(ABOUT_ALL.sub("", head), tuple(entries), ABOUT_ALL.sub("", "".join(closing)))


def _movements(statement: Statement, file: str, reading: Reading) -> Iterator[IncomingPayment | BadMovement]:
    name = "statement " + statement.head.partition("\n")[0].removeprefix(":20:").strip()
    bad: list[BadMovement] = []
    try:
        outline = _parsed(statement.head + statement.tail).data
        name = f"statement {_number(outline)} of {_first(outline, 'opening').date}"
        account = reading.account(_account(outline))
        read = [_entry(text, statement.head, f"{name}, entry {n}", file, bad) for n, text in enumerate(statement.entries, start=1)]
        entries = [each for each in read if each is not None]
        if reading.check_totals and not bad:
            _check_balance(outline, sum((each["amount"].amount for each in entries), ZERO))
        found = [_draft(each, account, reading) for each in entries if each["amount"].amount]
    except EntryError as error:
        yield error.at(file, name)
        return
    yield from bad
    yield from (each for each in identified(found, _page(outline)) if reading.wants(each))


def _parsed(text: str) -> Transactions:
    statement = Transactions(processors=RAW_DETAILS, options=OPTIONS)
    try:
        statement.parse(text)
    except (RuntimeError, ValueError, DecimalException) as error:
        shown = str(error.args[-1]) if isinstance(error, RuntimeError) else text.rpartition(":61:")[2]
        raise EntryError("statement line", shown.strip(), "this is not a field of an MT940 statement") from None
    return statement


def _entry(text: str, head: str, place: str, file: str, bad: list[BadMovement]) -> dict[str, Any] | None:
    """The fields of one :61: with its :86:, with `place` added; what cannot be read goes to `bad`."""
    try:
        (transaction,) = _parsed(head + text)
        amount: Amount = transaction.data["amount"]
        amount_of(str(abs(amount.amount)), "amount", amount.currency or "")
    except EntryError as error:
        bad.append(error.at(file, place))
        return None
    return {**transaction.data, "place": place}


def _first(outline: dict[str, Any], which: str) -> Balance:
    """The opening or closing balance, of the statement or of its page."""
    for name in (f"final_{which}_balance", f"intermediate_{which}_balance", f"{which}_balance"):
        if name in outline:
            balance: Balance = outline[name]
            return balance
    raise EntryError(f"{which} balance", "", "the statement does not give it")


def _check_balance(outline: dict[str, Any], moved: Decimal) -> None:
    opening, closing = (_first(outline, which).amount for which in ("opening", "closing"))
    assert isinstance(opening, Amount)  # noqa: S101 the library makes amounts of what it reads
    assert isinstance(closing, Amount)  # noqa: S101
    if opening.amount + moved != closing.amount:
        raise balance_error(opening.amount, moved, closing.amount, closing.currency or "")


def _account(outline: dict[str, Any]) -> str:
    written = account_name(str(outline.get("account_identification") or ""))
    if not written:
        raise EntryError(":25:", "", "the statement does not name its account")
    iban = IBAN_WITH_CURRENCY.fullmatch(written)
    return iban[1] if iban and iban[2] == Amount("0", "C", _currency(outline)).currency else written


def _currency(outline: dict[str, Any]) -> str:
    amount = _first(outline, "opening").amount
    return (amount.currency or "") if isinstance(amount, Amount) else ""


def _number(outline: dict[str, Any]) -> str:
    return "/".join(str(outline[name]) for name in ("statement_number", "sequence_number") if outline.get(name)) or "without number"


def _page(outline: dict[str, Any]) -> int:
    return int(outline.get("sequence_number") or 1)


def _draft(entry: dict[str, Any], account: str, reading: Reading) -> Draft:
    written = str(entry.get("transaction_details") or "")
    details = details_of(written)
    currency = str(entry["amount"].currency)
    kind = _kind(entry, details)
    extra = str(entry.get("extra_details") or "").strip()
    ordered = _kept("OCMT", extra, written)
    fee = sum((amount for code, amount in _kept("CHGS", extra, written) if code == currency), ZERO)
    foreign = next(((amount, code) for code, amount in ordered if code != currency), (None, ""))
    own = given(ELSEWHERE.sub("", str(entry.get("customer_reference") or "")))
    returned = _is_return(entry, details)
    end_to_end = details.end_to_end
    booked: date = entry.get("entry_date") or entry["date"]
    movement = movement_of(
        {
            "source": reading.source,
            "source_id": entry["place"],
            "kind": kind,
            "account": account,
            "booked_on": booked.isoformat(),
            "value_on": entry["date"].isoformat(),
            "amount": abs(entry["amount"].amount),
            "currency": currency,
            "fee": fee if kind is PaymentKind.RECEIPT else ZERO,
            "instructed_amount": foreign[0],
            "instructed_currency": foreign[1],
            "payer_name": details.name,
            "payer_account": account_name(details.account) or (extra if IBAN.fullmatch(extra) else ""),
            "method": METHODS.get(str(entry.get("id") or "")[1:], ""),
            "bank_reference": given(entry.get("bank_reference")),
            "references": unique([end_to_end, *details.references, own]),
            "text": details.text or ("" if extra.startswith("/") or IBAN.fullmatch(extra) else extra),
            "reverses": (end_to_end or own or given(entry.get("bank_reference"))) if returned else "",
        }
    )
    return Draft(movement, end_to_end)


def _kept(word: str, *texts: str) -> list[tuple[str, Decimal]]:
    """What subfield 9 or :86: say after /OCMT/ (the order's own currency and amount) or /CHGS/ (charges)."""
    found = [match for text in texts for match in KEPT[word].findall(text)][:1]
    return [(code, amount_of(amount.rstrip(","), word, code)) for code, amount in found]


def _is_return(entry: dict[str, Any], details: Details) -> bool:
    return str(entry["status"]).upper() in ("RC", "RD") or entry.get("id") in RETURN_TYPES or details.is_return


def _kind(entry: dict[str, Any], details: Details) -> PaymentKind:
    if entry["amount"].amount > 0:
        return PaymentKind.RECEIPT
    return PaymentKind.CHARGE_BACK if _is_return(entry, details) else PaymentKind.REFUND
