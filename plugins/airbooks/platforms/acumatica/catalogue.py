"""Acumatica's own lists: items, accounts, tax zones and categories, currencies, units, warehouses, subaccounts, payment methods."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from airbooks.platforms.acumatica.client import Site, any_of, chunks, understood
from airbooks.platforms.acumatica.reading import entry, item, tax_codes
from airbooks.platforms.acumatica.wrapped import Row
from airbooks.platforms.references import ReferenceItem, ReferenceKind

# Entity, key, and what stands before the key in our code of it.
_LISTS: Mapping[ReferenceKind, tuple[tuple[str, str, str], ...]] = {
    ReferenceKind.ACCOUNT: (("Account", "AccountCD", ""),),
    ReferenceKind.CURRENCY: (("Currency", "CurrencyID", ""),),
    ReferenceKind.UNIT: (("UnitsOfMeasure", "UnitID", ""),),
    ReferenceKind.PAYMENT_METHOD: (("PaymentMethod", "PaymentMethodID", ""),),
    ReferenceKind.DIMENSION: (("Warehouse", "WarehouseID", "Warehouse:"), ("Subaccount", "SubaccountCD", "Subaccount:")),
}
_ITEMS = (("StockItem", True), ("NonStockItem", False))


def entries(site: Site, kind: ReferenceKind, settings: Mapping[str, str], codes: Collection[str] = ()) -> Iterator[ReferenceItem]:
    """The list of a kind; with `codes` only these are asked for, where the platform can."""
    if kind is ReferenceKind.TERMS:
        return _terms(settings)
    if kind is ReferenceKind.ITEM:
        return _items(site, codes)
    if kind is ReferenceKind.TAX_CODE:
        return _tax_codes(site)
    return _listed(site, kind, codes)


def _terms(settings: Mapping[str, str]) -> Iterator[ReferenceItem]:
    """The ids that the connection names: no entity of the end point lists credit terms."""
    for code in filter(None, (part.strip() for part in settings.get("terms", "").split(","))):
        yield ReferenceItem(kind=ReferenceKind.TERMS, code=code, name=code, remote_id=code)


def _items(site: Site, codes: Collection[str]) -> Iterator[ReferenceItem]:
    for entity, stock in _ITEMS:
        for row in _rows(site, entity, "InventoryID", codes):
            yield understood(lambda row=row, stock=stock: item(row, stock=stock))  # type: ignore[misc]


def _listed(site: Site, kind: ReferenceKind, codes: Collection[str]) -> Iterator[ReferenceItem]:
    for entity, key, prefix in _LISTS[kind]:
        own = [code.removeprefix(prefix) for code in codes if code.startswith(prefix)]
        if not codes or own:
            yield from (entry(kind, row, key, prefix) for row in _rows(site, entity, key, own))


def _rows(site: Site, entity: str, key: str, codes: Collection[str]) -> Iterator[Row]:
    if not codes:
        yield from site.rows(entity)
    for chunk in chunks(sorted(codes)):
        yield from site.rows(entity, any_of(key, chunk))


def _tax_codes(site: Site) -> Iterator[ReferenceItem]:
    zones = list(site.rows("TaxZone", expand=("ApplicableTaxes",)))
    categories = list(site.rows("TaxCategory", expand=("Details",)))
    taxes = list(site.rows("Tax", expand=("TaxSchedule",)))
    return understood(lambda: iter(list(tax_codes(zones, categories, taxes))))
