"""The database's own lists, as codes that our codes are mapped to: by item code, account code, tax name, term name and so on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from airbooks.platforms.odoo.spec import PAGE
from airbooks.platforms.references import ReferenceItem, ReferenceKind

if TYPE_CHECKING:
    from airbooks.platforms.odoo.hook import OdooHook

Domain = list[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One kind: its model, the field that people call an entry by, and which entries are of use in a company."""

    model: str
    code: str
    domain: Callable[[int], Domain]
    fields: tuple[str, ...] = ("name", "active")
    fallback: str = ""  # the field that names an entry without a code
    usable: Callable[[dict[str, Any]], bool] = bool


def _shared(company: int) -> Domain:
    return [["company_id", "in", [False, company]]]


def _excludes_tax(row: dict[str, Any]) -> bool:
    """Our prices are net: a tax that is taken out of the price would change them."""
    return bool(row["price_include_override"] != "tax_included")


LISTINGS = MappingProxyType(
    {
        ReferenceKind.ITEM: Listing(
            model="product.product", code="default_code", domain=lambda c: [["default_code", "!=", False], *_shared(c)]
        ),
        ReferenceKind.ACCOUNT: Listing(model="account.account", code="code", domain=lambda c: [["company_ids", "in", [c]]]),
        ReferenceKind.TAX_CODE: Listing(
            model="account.tax",
            code="name",
            domain=lambda c: [["type_tax_use", "=", "sale"], ["company_id", "=", c]],
            fields=("name", "active", "amount", "price_include_override"),
            usable=_excludes_tax,
        ),
        ReferenceKind.TERMS: Listing(model="account.payment.term", code="name", domain=_shared),
        ReferenceKind.CURRENCY: Listing(model="res.currency", code="name", domain=lambda _: []),
        ReferenceKind.DIMENSION: Listing(
            model="account.analytic.account", code="code", fallback="name", domain=_shared, fields=("name", "active", "plan_id")
        ),
        ReferenceKind.UNIT: Listing(model="uom.uom", code="name", domain=lambda _: [], fields=("name",)),
    }
)


def list_entries(hook: OdooHook, kind: ReferenceKind, codes: Collection[str] | None = None) -> Iterator[ReferenceItem]:
    """All entries of a kind, archived ones included, or only those with some codes."""
    if kind is ReferenceKind.PAYMENT_METHOD:
        yield from _payment_methods(hook, codes)
        return
    listing = LISTINGS[kind]
    domain = [*_only(listing, codes), *listing.domain(hook.company_id)]
    fields = list(dict.fromkeys(("id", listing.code, *listing.fields)))
    for row in hook.pages(listing.model, domain, fields):
        if listing.usable(row):
            yield _entry(kind, listing, row)


def _only(listing: Listing, codes: Collection[str] | None) -> Domain:
    if codes is None:
        return []
    if not listing.fallback:
        return [[listing.code, "in", sorted(codes)]]
    return ["|", [listing.code, "in", sorted(codes)], [listing.fallback, "in", sorted(codes)]]


def _entry(kind: ReferenceKind, listing: Listing, row: dict[str, Any]) -> ReferenceItem:
    details = {"rate": str(row["amount"])} if kind is ReferenceKind.TAX_CODE else {}
    return ReferenceItem(
        kind=kind,
        code=row[listing.code] or row.get(listing.fallback) or "",
        name=row["name"] or "",
        remote_id=str(row["id"]),
        active=bool(row.get("active", True)),
        details=details,
    )


def _payment_methods(hook: OdooHook, codes: Collection[str] | None) -> Iterator[ReferenceItem]:
    """The inbound payment method lines of the bank journal that payments are booked in."""
    journal = hook.place().bank_journal
    lines = journal["inbound_payment_method_line_ids"] if journal else []
    for row in hook.odoo.run("account.payment.method.line", "read", ids=lines[:PAGE], fields=["name"], read=True):
        if codes is None or row["name"] in codes:
            yield ReferenceItem(kind=ReferenceKind.PAYMENT_METHOD, code=row["name"], name=row["name"], remote_id=str(row["id"]))
