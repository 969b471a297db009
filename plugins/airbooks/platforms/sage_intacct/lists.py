"""The company's own lists, each a query of one or more objects; the methods of payment are fixed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from lxml import etree

from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.sage_intacct import reading

if TYPE_CHECKING:
    from airbooks.platforms.sage_intacct.hook import SageIntacctHook


def entries(hook: SageIntacctHook, kind: ReferenceKind, where: Callable[[str], tuple[etree._Element, ...]]) -> Iterator[ReferenceItem]:
    """The entries of a kind; `where` makes the conditions on the field that holds the code."""
    if kind is ReferenceKind.PAYMENT_METHOD:
        yield from (ReferenceItem(kind=kind, code=name, name=name, remote_id=name) for name in reading.PAYMENT_METHODS)
    told: set[str] = set()  # a code that two dimensions share is told once: our dimension's name says which one is meant
    for source, code, name, details in reading.LISTS.get(kind, ()):
        fields = tuple(dict.fromkeys(("RECORDNO", "STATUS", code, name, *details)))
        [rows] = hook.rows(hook.query(source, fields, *where(code)))
        yield from (reading.reference_item(kind, row, code, name, details, source) for row in rows if row[code] not in told)
        told |= {row[code] for row in rows}
