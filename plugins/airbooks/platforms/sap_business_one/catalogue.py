"""Business One's own lists: items, accounts, tax codes, terms, currencies, and what rows can be assigned to."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.sap_business_one.client import Client, Row, any_of, chunks, quoted
from airbooks.platforms.sap_business_one.reading import Currencies


@dataclass(frozen=True, slots=True)
class _List:
    """An entity set: the property that people call its entries by, the API's key, the name, and when an entry can be used."""

    set_name: str
    code: str
    key: str
    name: str
    more: str = ""
    is_active: Callable[[Row], bool] = lambda _row: True

    @property
    def select(self) -> str:
        return ",".join(dict.fromkeys(filter(None, (self.code, self.key, self.name, *self.more.split(",")))))


_ITEMS = _List("Items", "ItemCode", "ItemCode", "ItemName", "SalesItem,Frozen,Valid", lambda row: _item_sells(row))
# With a segmented chart the key is an internal code; FormatCode is what people see.
_ACCOUNTS = _List(
    "ChartOfAccounts",
    "FormatCode",
    "Code",
    "Name",
    "ActiveAccount,FrozenFor",
    lambda row: _yes(row, "ActiveAccount") and not _yes(row, "FrozenFor"),
)
_VAT = _List(
    "VatGroups", "Code", "Code", "Name", "Category,Inactive", lambda row: row["Category"] == "bovcOutputTax" and not _yes(row, "Inactive")
)
_SALES_TAX = _List("SalesTaxCodes", "Code", "Code", "Name")
_TERMS = _List("PaymentTermsTypes", "PaymentTermsGroupName", "GroupNumber", "PaymentTermsGroupName")
_RULES = _List("DistributionRules", "FactorCode", "FactorCode", "FactorDescription", "Active", lambda row: _yes(row, "Active"))
_PLACES = _List("Warehouses", "WarehouseCode", "WarehouseCode", "WarehouseName", "Inactive", lambda row: not _yes(row, "Inactive"))
_PROJECTS = _List("Projects", "Code", "Code", "Name", "Active", lambda row: _yes(row, "Active"))


def _yes(row: Row, name: str) -> bool:
    return bool(row[name] == "tYES")


def _item_sells(row: Row) -> bool:
    return _yes(row, "SalesItem") and not _yes(row, "Frozen") and row["Valid"] != "tNO"


def lists(kind: ReferenceKind, tax_field: str) -> Sequence[_List]:
    """The entity sets that make up a kind; none for kinds that Business One has no list of."""
    taxes = (_SALES_TAX,) if tax_field == "TaxCode" else (_VAT,)
    known: dict[ReferenceKind, Sequence[_List]] = {
        ReferenceKind.ITEM: (_ITEMS,),
        ReferenceKind.ACCOUNT: (_ACCOUNTS,),
        ReferenceKind.TAX_CODE: taxes,
        ReferenceKind.TERMS: (_TERMS,),
        ReferenceKind.DIMENSION: (_RULES, _PLACES, _PROJECTS),
    }
    return known.get(kind, ())


def currencies(client: Client) -> Currencies:
    """The company's currency codes with their ISO codes (DocumentsCode), and which of them is the local one."""
    iso = {}
    for row in client.rows("Currencies", select="Code,DocumentsCode"):
        code, known = str(row["Code"]), str(row.get("DocumentsCode") or "")
        iso[code] = known if len(known) == 3 and known.isupper() else code
    return Currencies(client.value("SBOBobService_GetLocalCurrency"), iso)


def currency_items(known: Currencies) -> list[ReferenceItem]:
    local = known.iso_of(known.local)
    return [
        ReferenceItem(kind=ReferenceKind.CURRENCY, code=code, name=iso, remote_id=code, details={"iso": iso, "local": local})
        for code, iso in known.iso.items()
    ]


def entries(client: Client, kind: ReferenceKind, tax_field: str, codes: Collection[str] | None = None) -> Iterator[ReferenceItem]:
    """The entries of a kind, or only those with these codes."""
    found: dict[str, ReferenceItem] = {}
    for each in lists(kind, tax_field):
        for row in _rows(client, each, codes):
            item = _entry(kind, each, row)
            # One code may stand in two lists; it can be used if either entry can.
            known = found.get(item.code)
            found[item.code] = replace(item, active=item.active or (known is not None and known.active))
    yield from found.values()


def _rows(client: Client, each: _List, codes: Collection[str] | None) -> Iterator[Row]:
    if codes is None:
        yield from client.rows(each.set_name, select=each.select, orderby=each.key)
        return
    for chunk in chunks(sorted(codes)):
        literals = [quoted(code) for code in chunk]
        condition = any_of(each.code, literals)
        if each is _ACCOUNTS:  # charts without segments have no FormatCode
            condition = f"{condition} or {any_of(each.key, literals)}"
        yield from client.rows(each.set_name, filter=condition, select=each.select)


def _entry(kind: ReferenceKind, each: _List, row: Row) -> ReferenceItem:
    code = str(row[each.code] or row[each.key])
    return ReferenceItem(kind=kind, code=code, name=str(row[each.name] or ""), remote_id=str(row[each.key]), active=each.is_active(row))
