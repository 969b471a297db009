"""BAI2 cash management files (Bank Administration Institute, version 2), read with the library bai2.

Amounts have no decimal point: they are in the currency's minor unit. The currency is the account's (record 03), else the group's, else
USD. Which records are customers' movements is told by their type codes: a detail that credits the account is a receipt, one that debits
it a refund, and what returns, rejects or reverses a deposit (555, 557, ...) a charge-back; codes 920 to 959 and 960 to 999 are the bank's
own credits and debits. Of a lockbox deposit (115) whose items (116) are listed, the items are the movements. Interim
same-day data is left out: the final report of the day tells it again. Control totals and the ledger balances (010 and 015) must agree
with the records, otherwise nothing of the account is taken over.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from bai2 import constants, helpers, models, parsers
from bai2.exceptions import NotSupportedYetException, ParsingException

from airbooks.canonical.incoming import IncomingPayment
from airbooks.canonical.money import minor_units
from airbooks.canonical.payment import PaymentKind
from airbooks.sources.bank.fingerprint import Draft, identified
from airbooks.sources.bank.movement import (
    BadMovement,
    EntryError,
    Reading,
    StatementError,
    balance_error,
    check_money,
    given,
    movement_of,
    unique,
)

RETURNED_DEPOSITS = {"423", "468", "552", "555", "557", "558", "561", "566", "568", "694"}
RETURNED_PAYMENTS = {"123", "252", "255", "257", "258", "261", "266", "268", "395"}
LOCKBOX, LOCKBOX_ITEM = "115", "116"
METHODS = {"115": "Check", "116": "Check", "142": "Wire", "165": "Wire", "175": "Check", "195": "Wire", "206": "Wire", "301": "Check"}
CREDIT, DEBIT = constants.TypeCodeTransaction.credit, constants.TypeCodeTransaction.debit
DETAIL = constants.TypeCodeLevel.detail
TEST, DELETION = constants.GroupStatus.test_only, constants.GroupStatus.deletion


@dataclass(frozen=True, slots=True)
class Day:
    """A group: the reports of one bank for one day."""

    name: str
    booked_on: date
    currency: str


class Detail(models.TransactionDetail):  # type: ignore[misc]
    def __init__(self, rows: Any = None, written: str = "", **fields: Any) -> None:
        super().__init__(rows, **fields)
        self.written = written


class DetailParser(parsers.TransactionDetailParser):  # type: ignore[misc]
    """Record 16; one that cannot be read is kept as it is written, instead of ending the reading of the file."""

    model = Detail

    def _parse_fields(self, record: Any) -> dict[str, Any]:
        written = ",".join(record.fields)
        try:
            return {**super()._parse_fields(record), "written": written}
        except NotSupportedYetException:
            return {**self._of_the_banks_own(record), "written": written}
        except (ValueError, IndexError):
            return {"type_code": None, "amount": None, "written": written}

    def _of_the_banks_own(self, record: Any) -> dict[str, Any]:
        """The fields of a record whose type code the standard leaves to the bank."""
        code, amount, *rest = record.fields
        side = CREDIT if "920" <= code <= "959" else DEBIT if "960" <= code <= "999" else None
        fields: dict[str, Any] = super()._parse_fields(models.Record(record.code, ["108", amount, *rest]))
        return {**fields, "type_code": constants.TypeCode(code, side, DETAIL, "") if side else None}


class AccountParser(parsers.AccountParser):  # type: ignore[misc]
    child_parser_class = DetailParser


class GroupParser(parsers.GroupParser):  # type: ignore[misc]
    child_parser_class = AccountParser


class FileParser(parsers.Bai2FileParser):  # type: ignore[misc]
    child_parser_class = GroupParser


def read_bai2(data: bytes, file: str, reading: Reading) -> Iterator[IncomingPayment | BadMovement]:
    """The customers' movements of every account in the file. Raises StatementError where it is no BAI2 file, is cut off, or too large."""
    reading.check_size(data, file)
    for group in _parsed(data, file).children:
        day = _day(group)
        if group.header.group_status in (TEST, DELETION):
            word = "a test" if group.header.group_status is TEST else "a deletion of what was reported before"
            yield EntryError("group status", group.header.group_status.value, f"the bank marks it as {word}").at(file, day.name)
        elif group.header.as_of_date_modifier is not constants.AsOfDateModifier.interim_same_day:
            for account in group.children:
                yield from _account(account, day, file, reading)


def _parsed(data: bytes, file: str) -> Any:
    lines = [line for each in data.decode("utf-8-sig", "replace").splitlines() if (line := each.strip())]
    if not lines or not lines[-1].startswith("99,"):  # the library would read the last record again and again, looking for its trailer
        raise StatementError(f"{file} is not a complete BAI2 file: it does not end with record 99. Fetch it from the bank again.")
    try:
        return FileParser(helpers.IteratorHelper(lines), check_integrity=False).parse()
    except (ParsingException, NotSupportedYetException, ValueError, IndexError, KeyError, StopIteration, AttributeError) as error:
        raise StatementError(f"{file} is not a complete BAI2 file ({error}). Fetch it from the bank again.") from None


def _day(group: Any) -> Day:
    header = group.header
    return Day(f"report of {header.as_of_date}", header.as_of_date, header.currency)


def _account(account: Any, day: Day, file: str, reading: Reading) -> Iterator[IncomingPayment | BadMovement]:
    number = account.header.customer_account_number or ""
    place = f"{day.name}, account {number}"
    currency = account.header.currency or day.currency
    bad: list[BadMovement] = []
    found: list[Draft] = []
    listed = {code_of(record) for record in account.children} >= {LOCKBOX, LOCKBOX_ITEM}
    try:
        name = reading.account(number)
        for n, record in enumerate(account.children, start=1):
            if listed and code_of(record) == LOCKBOX:
                continue
            try:
                found += _drafts(record, name, f"{place}, record {n}", day, currency, reading)
            except EntryError as error:
                bad.append(error.at(file, f"{place}, record {n}"))
        if reading.check_totals and not bad:
            _check_totals(account, currency)
    except EntryError as error:
        yield error.at(file, place)
        return
    yield from bad
    yield from (each for each in identified(found) if reading.wants(each))


def _drafts(record: Any, account: str, place: str, day: Day, currency: str, reading: Reading) -> list[Draft]:
    if record.type_code is None or (record.amount or 0) < 0:
        raise EntryError("record 16", record.written, "its type code or its amount cannot be read")
    check_money(Decimal(record.amount or 0), currency, "amount")
    code = record.type_code.code
    credited = record.type_code.transaction is CREDIT
    if record.type_code.level is not DETAIL or record.type_code.transaction not in (CREDIT, DEBIT) or not record.amount:
        return []
    returned = code in RETURNED_DEPOSITS or code in RETURNED_PAYMENTS
    bank, customer = given(record.bank_reference), given(record.customer_reference)
    outgoing = PaymentKind.CHARGE_BACK if returned else PaymentKind.REFUND
    movement = movement_of(
        {
            "source": reading.source,
            "source_id": place,
            "kind": PaymentKind.RECEIPT if credited else outgoing,
            "account": account,
            "booked_on": day.booked_on,
            "value_on": (record.availability or {}).get("date"),
            "amount": in_units(record.amount, currency),
            "currency": currency,
            "method": METHODS.get(code, ""),
            "bank_reference": bank,
            "references": unique([customer]),
            "text": (record.text or "").strip(" /"),
            "reverses": (customer or bank) if returned else "",
        }
    )
    return [Draft(movement)]


def code_of(record: Any) -> str:
    return record.type_code.code if record.type_code else ""


def in_units(minor: int, currency: str) -> Decimal:
    """An amount that is written in the currency's minor unit."""
    return Decimal(minor).scaleb(-minor_units(currency))


def _check_totals(account: Any, currency: str) -> None:
    """Raises EntryError where the control total, or the ledger balances with what was moved between them, do not agree."""
    summaries = {each.type_code.code: each.amount for each in account.header.summary_items if each.amount is not None}
    total = sum(each.amount or 0 for each in (*account.header.summary_items, *account.children))
    if total != account.trailer.account_control_total:
        rule = f"its amounts sum to {total}, its control total (record 49) says {account.trailer.account_control_total}"
        fix = "Records are missing or wrong: nothing of this account is taken over. Fetch the file from the bank again."
        raise EntryError("control total", account.trailer.account_control_total, rule, fix)
    if "010" in summaries and "015" in summaries and account.children:
        twice = LOCKBOX_ITEM if any(code_of(each) == LOCKBOX for each in account.children) else ""
        moved = sum((_signed(each) for each in account.children if code_of(each) != twice), 0)
        before, after = summaries["010"], summaries["015"]
        if before + moved != after:
            raise balance_error(in_units(before, currency), in_units(moved, currency), in_units(after, currency), currency)


def _signed(record: Any) -> int:
    if record.type_code.level is not DETAIL:
        return 0
    side = {CREDIT: 1, DEBIT: -1}.get(record.type_code.transaction, 0)
    return side * int(record.amount or 0)
