"""The account's own lists: VAT rates and treatments, items, the chart of accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from airbooks.platforms.quickfile import reading
from airbooks.platforms.references import ReferenceItem, ReferenceKind

if TYPE_CHECKING:
    from airbooks.platforms.quickfile.hook import QuickFileHook


def entries(hook: QuickFileHook, kind: ReferenceKind) -> Iterator[ReferenceItem]:
    if kind is ReferenceKind.TAX_CODE:
        yield from reading.tax_entries()
    elif kind is ReferenceKind.ITEM:
        yield reading.one_off()
        yield from map(reading.item_entry, hook.records("Item_Search", {"OrderResultsBy": "ItemName", "OrderDirection": "ASC"}))
    elif kind is ReferenceKind.ACCOUNT:
        nominals = hook.rpc("Report_ChartOfAccounts", None, lambda body: reading.entries(body["Nominals"]["Nominal"]), read=True)
        yield from map(reading.account_entry, nominals)
