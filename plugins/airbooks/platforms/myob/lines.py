"""The lines of a sale in its layout: goods by item, quantity and price; services by account and amount; text only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.myob import texts
from airbooks.platforms.myob.pricing import Part, Priced, priced
from airbooks.platforms.myob.spec import ITEM
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Body = dict[str, Any]
Document = Invoice | CreditNote
ONE = Decimal(1)


class Inexpressible(AirbooksError):  # noqa: N818 it names a fact about data, not a fault
    """What the resolved references of a document add up to cannot be said in MYOB."""


@dataclass(frozen=True, slots=True)
class Selling:
    """What all lines of a sale share. In another currency the amounts stand in fields of their own (`UnitPriceForeign`)."""

    document: Document
    refs: References
    layout: str
    adjustment_item: str
    foreign: bool

    def field(self, name: str) -> str:
        return f"{name}Foreign" if self.foreign else name


def signed(document: Document, amount: Decimal) -> Decimal:
    """Negative on a credit note; zero has no sign."""
    return -amount if isinstance(document, CreditNote) and amount else amount


def link(entry: ReferenceItem | None) -> Body | None:
    return {"UID": entry.remote_id} if entry else None


def header_lines(text: str) -> list[Body]:
    """Text-only lines."""
    return [{"Type": "Header", "Description": each} for each in texts.pieces(text)]


def sale_lines(selling: Selling, part: Part) -> list[Body]:
    """One line of ours, and text-only lines for what its description does not hold."""
    prices = priced(part)
    job, location = _dimensions(selling, part.line)
    if selling.layout == ITEM:
        said = texts.line_text(part, prices)
        row = _item_line(selling, part, prices, link(location))
    else:
        said = texts.line_text(part, Priced(part.line.quantity, prices.unit), _service_facts(part.line, location))
        row = {"Account": link(_account(selling, part.line))}
    return _described(said, {**_amount(selling, row, part.amount), "TaxCode": {"UID": tax_uid(part.line, selling.refs)}, "Job": link(job)})


def charge_lines(selling: Selling, charge: AllowanceCharge) -> list[Body]:
    """A charge of the whole document as a line of the item kept for that, or of its account."""
    account = _account(selling, charge)
    if selling.layout == ITEM:
        if not selling.adjustment_item:
            raise Inexpressible("a charge of the whole document needs the connection's adjustment_item")
        row = {
            "ShipQuantity": signed(selling.document, ONE),
            selling.field("UnitPrice"): charge.amount,
            "DiscountPercent": Decimal(0),
            "Item": {"UID": selling.adjustment_item},
            "Account": link(account) if _names_accounts(selling) else None,
        }
    else:
        row = {"Account": link(account)}
    tax = {"TaxCode": {"UID": tax_uid(charge, selling.refs)}}
    return _described(texts.clean(charge.reason) or "Charge", {**_amount(selling, row, charge.amount), **tax})


def _described(text: str, row: Body) -> list[Body]:
    first, *more = texts.pieces(text) or [""]
    line = {"Type": "Transaction", "Description": first, **{key: value for key, value in row.items() if value is not None}}
    return [line, *header_lines("".join(more))]


def _amount(selling: Selling, row: Body, amount: Decimal) -> Body:
    return {**row, selling.field("Total"): signed(selling.document, amount)}


def _item_line(selling: Selling, part: Part, prices: Priced, location: Body | None) -> Body:
    if not part.line.item_code:
        raise Inexpressible(f"line {part.line.line_id} has no item, which the layout Item needs: use the layout Service")
    item = selling.refs.get(ReferenceKind.ITEM, part.line.item_code)
    return {
        "ShipQuantity": signed(selling.document, prices.quantity),
        selling.field("UnitPrice"): prices.unit,
        "DiscountPercent": prices.percent,
        "Item": link(item),
        "Account": _override(selling, part.line, item),
        "Location": location,
    }


def _override(selling: Selling, line: Line, item: ReferenceItem) -> Body | None:
    """The line's account; a file whose item lines take none books to the item's own, which must then be the same."""
    if not line.account_code:
        return None
    account = selling.refs.get(ReferenceKind.ACCOUNT, line.account_code)
    if _names_accounts(selling):
        return link(account)
    if item.details.get("income_account") != account.remote_id:
        raise Inexpressible(f"item {item.code} does not book to account {account.code}, and item lines of this file take no account")
    return None


def _names_accounts(selling: Selling) -> bool:
    return selling.refs.settings.get("line_accounts", "True") == "True"


def _account(selling: Selling, bearer: Line | AllowanceCharge) -> ReferenceItem | None:
    if bearer.account_code:
        return selling.refs.get(ReferenceKind.ACCOUNT, bearer.account_code)
    if selling.layout == ITEM:
        return None
    name = f"line {bearer.line_id}" if isinstance(bearer, Line) else "a charge of the whole document"
    raise Inexpressible(f"{name} has no account, which the layout Service needs")


def _service_facts(line: Line, location: ReferenceItem | None) -> tuple[tuple[str, str], ...]:
    """What a line without item and quantity says in words."""
    each = f" at {line.net_price:f}" + (f" per {line.base_quantity:f}" if line.base_quantity != 1 else "")
    return (
        ("Item", line.item_code),
        ("Quantity", f"{line.quantity:f}{each}" if line.quantity != 1 else ""),
        ("Location", location.code.partition(":")[2] if location else ""),
    )


def tax_uid(bearer: Line | AllowanceCharge, refs: References) -> str:
    """The tax code; MYOB computes the tax by its rate, which must be ours."""
    entry = refs.get(ReferenceKind.TAX_CODE, bearer.tax_code)
    rate = entry.details.get("rate")
    if rate is not None and Decimal(rate) != bearer.tax_rate:
        raise Inexpressible(f"tax code {bearer.tax_code} is {bearer.tax_rate:f} %, but is mapped to {entry.code}, which is {rate} %")
    return entry.remote_id


def _dimensions(selling: Selling, line: Line) -> tuple[ReferenceItem | None, ReferenceItem | None]:
    """Job and location of a line: its own, else the head's."""
    own = _entries(selling, dimension_codes(selling.document, line))
    heads = _entries(selling, dimension_codes(selling.document))
    return _single(line, "Job", own, heads), _single(line, "Location", own, heads)


def _entries(selling: Selling, codes: Sequence[str]) -> list[ReferenceItem]:
    return [selling.refs.get(ReferenceKind.DIMENSION, code) for code in codes]


def _single(line: Line, name: str, own: Sequence[ReferenceItem], heads: Sequence[ReferenceItem]) -> ReferenceItem | None:
    found = [entry for entry in own if entry.details["list"] == name] or [entry for entry in heads if entry.details["list"] == name]
    if len({entry.remote_id for entry in found}) > 1:
        raise Inexpressible(f"line {line.line_id} has one {name.lower()} in MYOB, and would have {', '.join(each.code for each in found)}")
    return found[0] if found else None
