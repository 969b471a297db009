"""Business Central's own lists: items, accounts, tax codes, terms, currencies, units, dimensions and locations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace

from airbooks.platforms.business_central.client import Company, Row, any_of, chunks, quoted
from airbooks.platforms.references import ReferenceItem, ReferenceKind


@dataclass(frozen=True, slots=True)
class _List:
    """An entity set, the property that people call its entries by, and when an entry can be used."""

    set_name: str
    code: str
    is_active: Callable[[Row], bool] = lambda _row: True


_LISTS = {
    ReferenceKind.ITEM: _List("items", "number", lambda row: not row["blocked"]),
    ReferenceKind.ACCOUNT: _List("accounts", "number", lambda row: bool(row["directPosting"]) and not row["blocked"]),
    ReferenceKind.TAX_CODE: _List("taxGroups", "code"),
    ReferenceKind.TERMS: _List("paymentTerms", "code"),
    ReferenceKind.CURRENCY: _List("currencies", "code"),
    ReferenceKind.UNIT: _List("unitsOfMeasure", "code"),
    ReferenceKind.PAYMENT_METHOD: _List("paymentMethods", "code"),
}
# What receipts are booked on; called by number like the accounts, and in an API set of its own.
_BANKS = _List("bankAccounts", "number")


def _lists(kind: ReferenceKind) -> tuple[_List, ...]:
    return (_LISTS[kind], _BANKS) if kind is ReferenceKind.ACCOUNT else (_LISTS[kind],)


def entries(company: Company, kind: ReferenceKind, *, home_currency: Callable[[], str]) -> Iterator[ReferenceItem]:
    """The whole list of a kind."""
    if kind is ReferenceKind.DIMENSION:
        yield from _dimensions(company)
        return
    for known in _lists(kind):
        yield from (_item(kind, known, row) for row in company.rows(known.set_name))
    if kind is ReferenceKind.CURRENCY:
        yield _home(home_currency())


def named(company: Company, kind: ReferenceKind, codes: Collection[str], *, home_currency: Callable[[], str]) -> list[ReferenceItem]:
    """The entries with these codes; only they are asked for."""
    if kind is ReferenceKind.DIMENSION:
        return [item for item in _dimensions(company) if item.code in codes]
    found = [
        _item(kind, known, row)
        for known in _lists(kind)
        for chunk in chunks(sorted(codes))
        for row in company.rows(known.set_name, filter=any_of(known.code, map(quoted, chunk)))
    ]
    if kind is ReferenceKind.CURRENCY and home_currency() in codes:
        found.append(_home(home_currency()))
    return found


def _item(kind: ReferenceKind, known: _List, row: Row) -> ReferenceItem:
    return ReferenceItem(kind=kind, code=row[known.code], name=row["displayName"], remote_id=row["id"], active=known.is_active(row))


def _home(code: str) -> ReferenceItem:
    """The home currency is in no list: it is the blank one."""
    return ReferenceItem(kind=ReferenceKind.CURRENCY, code=code, name=code, details={"home": "yes"})


def _dimensions(company: Company) -> list[ReferenceItem]:
    """Dimension values and locations in one list, by code: a code may be both (`location_id` in the details says so)."""
    heads = {row["id"]: row["code"] for row in company.rows("dimensions")}
    found: dict[str, ReferenceItem] = {}
    for row in company.rows("dimensionValues"):
        known = found.get(row["code"]) or ReferenceItem(
            kind=ReferenceKind.DIMENSION, code=row["code"], name=row["displayName"], remote_id=row["id"]
        )
        names = " ".join(filter(None, (known.details.get("dimension", ""), heads.get(row["dimensionId"], ""))))
        found[row["code"]] = replace(known, details={**known.details, "dimension": names})
    for row in company.rows("locations"):
        known = found.get(row["code"]) or ReferenceItem(kind=ReferenceKind.DIMENSION, code=row["code"], name=row["displayName"])
        found[row["code"]] = replace(known, details={**known.details, "location_id": row["id"]})
    return list(found.values())
