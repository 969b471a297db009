"""What every reader of statements shares: how it is told to read, and what it says of an entry that cannot be taken over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.money import is_known_currency, round_amount
from airbooks.canonical.payment import PaymentKind

NOTHING = re.compile(r"NOT ?PROVIDED|NON ?REF|NOT ?AVAILABLE|UNKNOWN|NONE|N/?A|0+|[-./*]+", re.IGNORECASE)
MOST_DIGITS = 18  # ISO 20022 allows so many in all; beyond 28 a Decimal would be rounded
FIX_AT_BANK = "Ask the bank for a correct statement; the other entries of the file are taken over."


class Debits(StrEnum):
    """Which debits of an account are movements of customers.

    RETURNS: only those that take a customer's payment back (returned, reversed, charged back). ALL: every other debit too, as a refund
    (an account from which suppliers and wages are paid as well would fill the review with them).
    """

    RETURNS = "returns"
    ALL = "all"


class Batches(StrEnum):
    """What becomes of an entry that says it is the sum of several payments and does not list them.

    ASK: it is a BadMovement until somebody has decided. NOTIFICATION: they come in a camt.054, the entry itself is left out. ONE: the sum
    is taken as one movement.
    """

    ASK = "ask"
    NOTIFICATION = "notification"
    ONE = "one"


class StatementError(ValueError):
    """A file that cannot be read at all; the text names the file and says what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadMovement:
    """One entry (or a whole statement) of a file that is not taken over, and why. The rest of the file does not wait for it."""

    file: str
    entry: str
    field: str
    value: str
    rule: str
    fix: str

    @property
    def message(self) -> str:
        shown = f" ({self.field} is {self.value!r})" if self.value else ""
        return f"{self.file}, {self.entry}: {self.rule}{shown}. {self.fix}"


class EntryError(ValueError):
    """Inside a reader: an entry cannot be taken over."""

    def __init__(self, field_: str, value: object, rule: str, fix: str = FIX_AT_BANK) -> None:
        super().__init__(rule)
        self.field, self.value, self.rule, self.fix = field_, "" if value is None else str(value), rule, fix

    def at(self, file: str, entry: str) -> BadMovement:
        return BadMovement(file=file, entry=entry, field=self.field, value=self.value, rule=self.rule, fix=self.fix)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read the statements of one source.

    `accounts` gives our name of an account by each name a statement may use (IBAN, bank code/number); where it is empty every account is
    taken under its own name. `max_megabytes` is the size beyond which a file is refused unread.
    `check_totals` is for a bank whose balances or control totals are never right: its statements are then taken as they come.
    """

    source: str
    accounts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    debits: Debits = Debits.RETURNS
    batches: Batches = Batches.ASK
    check_totals: bool = True
    max_megabytes: int = 50

    def account(self, written: str) -> str:
        """Our name of the account; raises EntryError for one that nobody has listed."""
        name = account_name(written)
        if self.accounts and name not in self.accounts:
            fix = "List it under `names` of an account in payments.yaml, or keep its statements out of this folder."
            raise EntryError("account", name, "this account is not known", fix)
        return self.accounts.get(name, name)

    def wants(self, movement: IncomingPayment) -> bool:
        return movement.kind is not PaymentKind.REFUND or self.debits is Debits.ALL

    def check_size(self, data: bytes, file: str) -> None:
        """Raises StatementError where `data` is larger than allowed."""
        if len(data) > self.max_megabytes * 1_000_000:
            raise StatementError(f"{file} has {len(data) / 1_000_000:.0f} MB; the limit `max_megabytes` is {self.max_megabytes}.")


def account_name(written: str) -> str:
    """The account's name without blanks, in capitals."""
    return re.sub(r"\s", "", written).upper()


def given(text: str | None) -> str:
    """`text` without blanks around it, or nothing where it only says that there is nothing (NOTPROVIDED, NONREF, 0000)."""
    stripped = (text or "").strip()
    return "" if NOTHING.fullmatch(stripped) else stripped


def unique(texts: list[str]) -> tuple[str, ...]:
    """The texts that say something, each once, in their order."""
    return tuple(dict.fromkeys(text for text in map(given, texts) if text))


def amount_of(text: str | None, field_: str, currency: str) -> Decimal:
    """An amount as XML and SWIFT write it, checked against its currency's minor unit; raises EntryError."""
    try:
        amount = Decimal((text or "").strip().replace(",", "."))
    except InvalidOperation:
        raise EntryError(field_, text, "this is not an amount") from None
    if not amount.is_finite() or amount < 0:
        raise EntryError(field_, text, "an amount must be a positive number; debit and credit are said beside it")
    check_money(amount, currency, field_)
    return amount


def check_money(amount: Decimal, currency: str, field_: str, fix: str = FIX_AT_BANK) -> None:
    """Raises EntryError for an amount that its currency cannot have, or no account ever held."""
    if not is_known_currency(currency):
        raise EntryError(f"{field_}.currency", currency, "this is not a currency (ISO 4217)", fix)
    if amount.adjusted() >= MOST_DIGITS:
        raise EntryError(field_, amount, f"an amount of money has no more than {MOST_DIGITS} digits before the decimal point", fix)
    if amount != round_amount(amount, currency):
        raise EntryError(field_, amount, f"an amount of money in {currency} has fewer decimals", fix)


def day_of(text: str | None, field_: str) -> date:
    """The calendar day as it is written, without its time and zone; raises EntryError."""
    try:
        return date.fromisoformat((text or "").strip()[:10])
    except ValueError:
        raise EntryError(field_, text, "this is not a date") from None


def movement_of(fields: Mapping[str, Any], fix: str = FIX_AT_BANK) -> IncomingPayment:
    """The canonical movement; raises EntryError with the first thing that is wrong."""
    try:
        return IncomingPayment(**fields)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        path = ".".join(str(part) for part in first["loc"])
        shown = "" if isinstance(first["input"], dict | list | tuple) else first["input"]
        raise EntryError(path, shown, first["msg"].removeprefix("Value error, "), fix) from None


def balance_error(opening: Decimal, moved: Decimal, closing: Decimal, currency: str) -> EntryError:
    """A statement whose entries do not lead from its opening to its closing balance."""
    rule = f"opening balance {opening} and the entries' {moved} make {opening + moved} {currency}, the closing balance says {closing}"
    fix = "Entries are missing or wrong: nothing of this statement is taken over. Fetch it from the bank again."
    return EntryError("closing balance", closing, rule, fix)
