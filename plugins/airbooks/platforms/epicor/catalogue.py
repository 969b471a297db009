"""Epicor's own lists: parts, segments of accounts, tax regions and categories, terms, currencies, units, payment methods.

The services and fields are from memory (UNVERIFIED): a site's REST Help shows them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from airbooks.platforms.epicor.client import Company, Row, any_of, chunks, quoted
from airbooks.platforms.epicor.lines import PROJECT, dimension_targets
from airbooks.platforms.references import ReferenceItem, ReferenceKind

SEGMENTS = "Erp.BO.COASegValuesSvc/COASegValues"
CURRENCIES, COUNTRIES, PROJECTS = "Erp.BO.CurrencySvc/Currencies", "Erp.BO.CountrySvc/Countries", "Erp.BO.ProjectSvc/Projects"
ACCOUNT_SEGMENT = 1


@dataclass(frozen=True, slots=True)
class _List:
    """An entity set, the fields of code, name and id, and when an entry can be used."""

    place: str
    code: str
    name: str
    id: str = ""
    is_active: Callable[[Row], bool] = lambda _row: True


_LISTS = {
    ReferenceKind.ITEM: _List("Erp.BO.PartSvc/Parts", "PartNum", "PartDescription", is_active=lambda row: not row["InActive"]),
    ReferenceKind.TERMS: _List("Erp.BO.TermsSvc/Terms", "TermsCode", "Description"),
    ReferenceKind.CURRENCY: _List(CURRENCIES, "CurrencyCode", "CurrDesc"),
    ReferenceKind.UNIT: _List("Erp.BO.UOMSvc/UOMs", "UOMCode", "UOMDesc", is_active=lambda row: bool(row["Active"])),
    ReferenceKind.PAYMENT_METHOD: _List("Erp.BO.PayMethodSvc/PayMethods", "Name", "Name", id="PMUID"),
}


def entries(company: Company, kind: ReferenceKind, settings: Mapping[str, str]) -> Iterator[ReferenceItem]:
    """The whole list of a kind."""
    if kind is ReferenceKind.ACCOUNT:
        yield from _segment(company, kind, ACCOUNT_SEGMENT)
    elif kind is ReferenceKind.DIMENSION:
        yield from _dimensions(company, settings)
    elif kind is ReferenceKind.TAX_CODE:
        yield from _taxes(company)
    else:
        known = _LISTS[kind]
        yield from (_item(kind, row) for row in company.rows(known.place, order=known.code))


def named(company: Company, kind: ReferenceKind, codes: Collection[str], settings: Mapping[str, str]) -> list[ReferenceItem]:
    """The entries with these codes; of long lists only they are asked for."""
    if kind not in _LISTS:
        return [item for item in entries(company, kind, settings) if item.code in codes]
    known = _LISTS[kind]
    rows = (
        row
        for chunk in chunks(sorted(codes))
        for row in company.rows(known.place, where=any_of(known.code, map(quoted, chunk)), order=known.code)
    )
    return [item for item in (_item(kind, row) for row in rows) if item.code in codes]


def _item(kind: ReferenceKind, row: Row) -> ReferenceItem:
    known = _LISTS[kind]
    remote_id = str(row[known.id or known.code])
    return ReferenceItem(kind=kind, code=row[known.code], name=row[known.name], remote_id=remote_id, active=known.is_active(row))


def _segment(company: Company, kind: ReferenceKind, number: int) -> Iterator[ReferenceItem]:
    for row in company.rows(SEGMENTS, where=f"SegmentNbr eq {number}", order="SegmentCode"):
        code = row["SegmentCode"]
        details = {"segment": str(number)}
        yield ReferenceItem(kind=kind, code=code, name=row["SegmentName"], remote_id=code, active=bool(row["ActiveFlag"]), details=details)


def _dimensions(company: Company, settings: Mapping[str, str]) -> Iterator[ReferenceItem]:
    """The values of every segment that the connection uses, and its projects where it uses them; a code of two lists once."""
    seen: set[str] = set()
    for target in dict.fromkeys(dimension_targets(settings).values()):
        found = _projects(company) if target == PROJECT else _segment(company, ReferenceKind.DIMENSION, int(target))
        for item in found:
            if item.code not in seen:
                seen.add(item.code)
                yield item


def _projects(company: Company) -> Iterator[ReferenceItem]:
    for row in company.rows(PROJECTS, order="ProjectID"):
        yield ReferenceItem(kind=ReferenceKind.DIMENSION, code=row["ProjectID"], name=row["Description"], remote_id=row["ProjectID"])


def _taxes(company: Company) -> Iterator[ReferenceItem]:
    """Every tax region with every tax category, `region/category`: the two decide the tax together."""
    categories = list(company.rows("Erp.BO.TaxCatSvc/TaxCats", order="TaxCatID"))
    for region in company.rows("Erp.BO.TaxRgnSvc/TaxRgns", order="TaxRegionCode"):
        for category in categories:
            code = f"{region['TaxRegionCode']}/{category['TaxCatID']}"
            name = f"{region['Description']}, {category['Description']}"
            yield ReferenceItem(kind=ReferenceKind.TAX_CODE, code=code, name=name, remote_id=code)


def country_numbers(company: Company) -> dict[str, int]:
    """Epicor's country numbers by ISO code."""
    return {row["ISOCode"]: int(row["CountryNum"]) for row in company.rows(COUNTRIES, order="CountryNum") if row["ISOCode"]}


def base_currency(company: Company) -> str:
    """The currency that the company's books are kept in."""
    return next((str(row["CurrencyCode"]) for row in company.rows(CURRENCIES, where="BaseCurr eq true", order="CurrencyCode")), "")
