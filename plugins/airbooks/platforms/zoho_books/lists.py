"""The organisation's own lists. Terms and units are free text in Zoho Books, payment modes a fixed list that takes others as well."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.zoho_books import reading
from airbooks.platforms.zoho_books.spec import PAYMENT_MODES

if TYPE_CHECKING:
    from airbooks.platforms.zoho_books.hook import ZohoBooksHook


def entries(hook: ZohoBooksHook, kind: ReferenceKind) -> Iterator[ReferenceItem]:
    for path, key, params in reading.LISTS.get(kind, ()):
        for row in hook.rows(path, key, **params):
            yield reading.reference_item(kind, path, row)
    if kind is ReferenceKind.DIMENSION:
        yield from _tag_options(hook)
    elif kind is ReferenceKind.PAYMENT_METHOD:
        yield from (ReferenceItem(kind=kind, code=mode, name=mode, remote_id=mode) for mode in PAYMENT_MODES)


def _tag_options(hook: ZohoBooksHook) -> Iterator[ReferenceItem]:
    for tag in hook.rows("reportingtags", "tags"):
        for option in hook.rows(f"reportingtags/{tag['tag_id']}/options/all", "results"):
            if option["option_id"] != "untagged":
                yield reading.tag_option(tag, option)


def items(hook: ZohoBooksHook, codes: Collection[str]) -> list[ReferenceItem]:
    kind = ReferenceKind.ITEM
    found = (reading.reference_item(kind, "items", row) for code in codes for row in hook.rows("items", "items", search_text=code))
    return [item for item in found if item.code in codes]
