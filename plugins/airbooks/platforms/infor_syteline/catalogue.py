"""SyteLine's own lists as reference entries. SLTerms and SLTaxcodes are documented; the other IDO names are from memory."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from airbooks.platforms.infor_syteline.ido import Idos, Row, any_of, chunks
from airbooks.platforms.references import ReferenceItem, ReferenceKind

UNITS = ("1", "2", "3", "4")
PAYMENT_TYPES = {"C": "Check", "W": "Wire", "D": "Draft"}  # codes from memory
# Kind: IDO, its key, its description.
_LISTS = {
    ReferenceKind.ITEM: ("SLItems", "Item", "Description"),
    ReferenceKind.ACCOUNT: ("SLCharts", "Acct", "Description"),
    ReferenceKind.TERMS: ("SLTerms", "TermsCode", "Description"),
}


def entries(idos: Idos, kind: ReferenceKind, codes: Collection[str] | None = None) -> Iterator[ReferenceItem]:
    """The entries of a kind, or those with these codes; nothing for kinds that SyteLine does not list."""
    if kind in _LISTS:
        yield from _listed(idos, kind, codes)
    elif kind is ReferenceKind.TAX_CODE:
        yield from map(_tax_code, idos.rows("SLTaxcodes", ("TaxCode", "TaxSystem", "TaxRate", "Description")))
    elif kind is ReferenceKind.DIMENSION:
        yield from _unit_codes(idos)
    elif kind is ReferenceKind.CURRENCY:
        yield from _currencies(idos)
    elif kind is ReferenceKind.PAYMENT_METHOD:
        yield from (ReferenceItem(kind=kind, code=code, name=name, remote_id=code) for code, name in PAYMENT_TYPES.items())


def _listed(idos: Idos, kind: ReferenceKind, codes: Collection[str] | None) -> Iterator[ReferenceItem]:
    ido, key, name = _LISTS[kind]
    conditions = [""] if codes is None else [any_of(key, chunk) for chunk in chunks(sorted(code for code in codes if '"' not in code))]
    for condition in conditions:
        for row in idos.rows(ido, (key, name), condition):
            code = row[key].strip()
            yield ReferenceItem(kind=kind, code=code, name=row[name] or "", remote_id=code)


def _tax_code(row: Row) -> ReferenceItem:
    code, system = row["TaxCode"].strip(), row["TaxSystem"].strip()
    return ReferenceItem(
        kind=ReferenceKind.TAX_CODE,
        code=code if system == "1" else f"{system}/{code}",  # the same code may stand in both tax systems
        name=row["Description"] or "",
        remote_id=code,
        details={"tax_system": system, "rate": row["TaxRate"] or ""},
    )


def _unit_codes(idos: Idos) -> Iterator[ReferenceItem]:
    """Values of unit code 1 as `1/VALUE`, and so on."""
    for unit in UNITS:
        name = f"Unit{unit}"
        for row in idos.rows(f"SLUnitcd{unit}s", (name, "Description")):
            value = row[name].strip()
            yield ReferenceItem(
                kind=ReferenceKind.DIMENSION,
                code=f"{unit}/{value}",
                name=row["Description"] or "",
                remote_id=value,
                details={"unit": unit},
            )


def _currencies(idos: Idos) -> Iterator[ReferenceItem]:
    """Every currency that has a rate, and the one it is a rate to."""
    rows = list(idos.rows("SLCurrates", ("FromCurrCode", "ToCurrCode")))
    for code in sorted({row[name].strip() for row in rows for name in ("FromCurrCode", "ToCurrCode")}):
        yield ReferenceItem(kind=ReferenceKind.CURRENCY, code=code, remote_id=code)
