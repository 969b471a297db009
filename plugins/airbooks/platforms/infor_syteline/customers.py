"""Customers: found by the number that follows from our code, else by name and billing e-mail, else created; never twice.

CustNum has seven characters and a customer one currency. Our code without punctuation is the number where it fits (C-US-0042: CUS0042); a
longer code, or a second currency, gets a number computed from both. A number that is not our code letter for letter is trusted only where
the name or the billing e-mail is ours too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

from airbooks.canonical import Party
from airbooks.platforms.errors import ErrorRule, PlatformError
from airbooks.platforms.infor_syteline.ido import INSERT, Change, Idos, Row, any_of, padded, text
from airbooks.platforms.infor_syteline.mapping import plain
from airbooks.platforms.infor_syteline.spec import CUST_NUM, CUSTOMER_BY_HAND, OTHER_CUSTOMER, SPEC

FIELDS = ("CustNum", "CustSeq", "Name", "CurrCode", "BillToEmail")
NAME, ADDRESS, CITY, STATE, ZIP = 60, 50, 30, 5, 10  # from memory
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NEEDED = ("CustNum", "Name", "CurrCode")


def squeezed(code: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", code.upper())


def computed_number(code: str, currency: str) -> str:
    """A number of seven characters that depends on code and currency alone."""
    value = int.from_bytes(hashlib.sha256(f"{code}|{currency}".encode()).digest()[:8])
    letters = ""
    for _ in range(CUST_NUM - 1):
        value, digit = divmod(value, len(_DIGITS))
        letters = _DIGITS[digit] + letters
    return f"X{letters}"


def numbers(code: str, currency: str) -> list[str]:
    """The numbers under which the customer may be found, the readable one first."""
    short = squeezed(code)
    return [*([short] if 0 < len(short) <= CUST_NUM else []), computed_number(code, currency)]


def ensure(idos: Idos, party: Party, currency: str, settings: Mapping[str, str]) -> str:
    """The number of the customer who is billed in this currency. Safe to repeat: it looks before it creates, and again on a refusal."""
    taken = _numbered(idos, numbers(party.code, currency))
    found = _by_number(taken, party, currency) or _by_name_and_mail(idos, party, currency)
    if found:
        return found
    number = _free_number(taken, party, currency, settings)
    try:
        idos.change(Change(ido="SLCustomers", action=INSERT, values=_writable(idos, new_customer(party, number, currency, settings))))
    except PlatformError as error:
        there = _numbered(idos, [number]) if error.rule.name == "exists already" else {}
        if not _by_number(there, party, currency):
            raise
    return number


def _numbered(idos: Idos, wanted: Sequence[str]) -> dict[str, Row]:
    condition = f"{any_of('CustNum', [padded(each, CUST_NUM) for each in wanted])} AND CustSeq = 0"
    return {row["CustNum"].strip(): row for row in idos.rows("SLCustAddrs", FIELDS, condition)}


def _by_number(rows: Mapping[str, Row], party: Party, currency: str) -> str:
    for number, row in rows.items():
        if (row["CurrCode"] or "").strip() == currency:
            _require_ours(number, row, party)
            return number
    return ""


def _require_ours(number: str, row: Row, party: Party) -> None:
    if number == party.code or is_ours(row, party):
        return
    says = f"customer {number} is {row['Name']!r} in SyteLine, ours is {party.name!r} ({party.code})"
    raise _error(OTHER_CUSTOMER, says)


def is_ours(row: Row, party: Party) -> bool:
    return _is_named(row, party) or bool(party.contact.email and _mail(row) == party.contact.email.casefold())


def _is_named(row: Row, party: Party) -> bool:
    return (row["Name"] or "").strip().casefold() == plain(party.name)[:NAME].strip().casefold()


def _mail(row: Row) -> str:
    return (row.get("BillToEmail") or "").strip().casefold()


def _by_name_and_mail(idos: Idos, party: Party, currency: str) -> str:
    """The only customer of that name and billing e-mail in this currency. Names may hold double quotes, which no filter takes."""
    mail = party.contact.email
    if not mail or '"' in mail:
        return ""
    condition = f"BillToEmail = {text(mail)} AND CurrCode = {text(currency)} AND CustSeq = 0"
    rows = [row for row in idos.rows("SLCustAddrs", FIELDS, condition) if _is_named(row, party)]
    found = [number for row in rows if not _looks_made_here(number := str(row["CustNum"]).strip(), party)]
    return found[0] if len(found) == 1 else ""


def _looks_made_here(number: str, party: Party) -> bool:
    """Whether a number may follow from the code of another customer of ours, who shares name and mail (a branch)."""
    return _shape(number) == _shape(squeezed(party.code)) or re.fullmatch(rf"X[0-9A-Z]{{{CUST_NUM - 1}}}", number) is not None


def _shape(number: str) -> str:
    return re.sub(r"\d", "0", number)


# -- creating ---------------------------------------------------------------------------------------------------------------------


def _free_number(taken: Mapping[str, Row], party: Party, currency: str, settings: Mapping[str, str]) -> str:
    """The readable number for the customer's own currency, the computed one for any other or when the readable one is taken."""
    wanted = numbers(party.code, currency)
    is_own = currency == (party.currency or settings.get("home_currency", "USD"))
    free = [number for number in (wanted if is_own else wanted[-1:]) if number not in taken]
    if not free:
        says = ", ".join(f"{number} ({row['CurrCode']})" for number, row in taken.items())
        raise _error(OTHER_CUSTOMER, f"no customer number is left for {party.code} in {currency}: {says} are taken")
    return free[0]


def new_customer(party: Party, number: str, currency: str, settings: Mapping[str, str]) -> dict[str, str]:
    """The properties of a new SLCustomers row, as far as they are given."""
    place = party.address
    values = {
        "CustNum": padded(number, CUST_NUM),
        "CustSeq": "0",
        "Name": plain(party.name)[:NAME],
        "Addr_1": plain(place.line1)[:ADDRESS],
        "Addr_2": plain(place.line2)[:ADDRESS],
        "Addr_3": plain(place.line3 or (place.region if len(place.region) > STATE else ""))[:ADDRESS],
        "City": plain(place.city)[:CITY],
        "State": place.region if len(place.region) <= STATE else "",
        "Zip": place.postal_code[:ZIP],
        "Country": place.country,
        "CurrCode": currency,
        "BillToEmail": party.contact.email,
        "TermsCode": settings.get("customer_terms", ""),
        "CustType": settings.get("customer_type", ""),
    }
    return {name: value for name, value in values.items() if value}


def _writable(idos: Idos, values: Mapping[str, str]) -> dict[str, str]:
    """The values that this site's SLCustomers takes; which ones differs by version, so it is asked."""
    known = idos.properties("SLCustomers")
    taken = {name: value for name, value in values.items() if name in known and not known[name].get("ReadOnly")}
    missing = [name for name in _NEEDED if name not in taken]
    if missing:
        raise _error(CUSTOMER_BY_HAND, f"SLCustomers does not take {', '.join(missing)}")
    return taken


def _error(rule: ErrorRule, message: str) -> PlatformError:
    return PlatformError(message, platform=SPEC.slug, rule=rule)
