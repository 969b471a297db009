"""The company file's lists, and the codes that the connection itself names (freight's tax code, currencies, accounts), each read once."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from airbooks.platforms.errors import PlatformError
from airbooks.platforms.myob import reading
from airbooks.platforms.myob.client import MyobClient
from airbooks.platforms.myob.spec import NO_CURRENCY, NO_SUCH_CODE
from airbooks.platforms.references import ReferenceItem, ReferenceKind


class Lists:
    """The reference lists of one company file; what was found by code is kept for the hook's life."""

    def __init__(self, client: MyobClient) -> None:
        self._client = client
        self._kept: dict[tuple[ReferenceKind, str], str] = {}

    def all(self, kind: ReferenceKind) -> Iterator[ReferenceItem]:
        for path, _ in reading.LISTS.get(kind, ()):
            yield from self._client.rows(path, lambda row, path=path: reading.reference_item(kind, path, row))  # type: ignore[misc]

    def chosen(self, kind: ReferenceKind, codes: Collection[str]) -> list[ReferenceItem]:
        """The entries with these codes. Payment methods have no list at MYOB: their names are taken at their word."""
        if kind is ReferenceKind.PAYMENT_METHOD:
            return [ReferenceItem(kind=kind, code=code, name=code) for code in sorted(codes) if code]
        if kind is ReferenceKind.DIMENSION:
            return [item for item in self.all(kind) if item.code in codes]
        found: list[ReferenceItem] = []
        for path, field in reading.LISTS.get(kind, ()):
            asked = self._client.chosen(path, field, sorted(codes), lambda row, path=path: reading.reference_item(kind, path, row))  # type: ignore[misc]
            found += [item for item in asked if item.code in codes]
        return found

    def uid(self, kind: ReferenceKind, code: str) -> str:
        """The UID of a code that the connection names; raises an error that stops the connection where the file does not have it."""
        known = self._kept.get((kind, code))
        if known is None:
            known = self._kept[kind, code] = self._look_up(kind, code)
        return known

    def _look_up(self, kind: ReferenceKind, code: str) -> str:
        try:
            entries = [item for item in self.chosen(kind, [code]) if item.active]
        except PlatformError as error:
            raise error.as_not_happened() from None
        if entries:
            return entries[0].remote_id
        if kind is ReferenceKind.CURRENCY:
            raise self._client.error(NO_CURRENCY, f"the company file has no currency {code}")
        name = kind.value.replace("_", " ")
        raise self._client.error(NO_SUCH_CODE, f"the company file has no {name} {code!r}, which the connection names")
