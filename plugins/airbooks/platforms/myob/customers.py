"""Customers as MYOB cards: found by our identifier, adopted by name, or created; a card has one currency for good."""

from __future__ import annotations

from airbooks.canonical import Party
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.myob import mapping, reading
from airbooks.platforms.myob.client import MyobClient, Row, text
from airbooks.platforms.myob.lists import Lists
from airbooks.platforms.myob.spec import CARD_TAKEN, INACTIVE_CARD
from airbooks.platforms.references import ReferenceKind

CARDS = "Contact/Customer"


class Customers:
    """The customer cards of one company file, whose books are in `home`."""

    def __init__(self, client: MyobClient, lists: Lists, home: str, tax_codes: tuple[str, str]) -> None:
        self._client, self._lists, self._home, self._tax_codes = client, lists, home, tax_codes

    def ensure(self, party: Party, currency: str) -> str:
        """The UID of the card for this currency."""
        card = self._known_or_new(party, currency)
        wanted = "" if currency == self._home else currency
        if not card.get("IsActive", True) or reading.card_currency(card) != wanted:
            has = reading.card_currency(card) or self._home
            raise self._client.error(INACTIVE_CARD, f"card {card['DisplayID']}: active {card.get('IsActive', True)}, currency {has}")
        return str(card["UID"])

    def _known_or_new(self, party: Party, currency: str) -> Row:
        identifier = mapping.card_id(party, currency, self._home)
        found = self._find(party, identifier, currency)
        if found is not None:
            return found
        try:
            return self._create(party, identifier, currency)
        except PlatformError as error:
            coded = self._coded(identifier) if error.rule.name == CARD_TAKEN else None  # somebody was quicker
            if coded is None:
                raise
            return coded

    def _find(self, party: Party, identifier: str, currency: str) -> Row | None:
        coded = self._coded(identifier)
        if coded is not None:
            return coded
        namesakes = self._with("CompanyName", mapping.card_name(party))
        free = reading.adoptable(namesakes, party, "" if currency == self._home else currency)
        return None if free is None else self._adopt(free, identifier)

    def _coded(self, identifier: str) -> Row | None:
        return reading.with_identifier(self._with("DisplayID", identifier), identifier)

    def _with(self, field: str, value: str) -> list[Row]:
        return list(self._client.rows(CARDS, reading.card, f"{field} eq {text(value)}"))

    def _adopt(self, card: Row, identifier: str) -> Row:
        """Give a card without an identifier ours, so that it is nobody else's."""
        reply = self._client.write("PUT", f"{CARDS}/{card['UID']}", {**card, "DisplayID": identifier})
        return self._client.understood(reply, reading.card)

    def _create(self, party: Party, identifier: str, currency: str) -> Row:
        tax, freight = (self._lists.uid(ReferenceKind.TAX_CODE, code) for code in self._tax_codes)
        foreign = "" if currency == self._home else self._lists.uid(ReferenceKind.CURRENCY, currency)
        body = mapping.customer_body(party, identifier, tax, freight, foreign)
        return self._client.understood(self._client.write("POST", CARDS, body), reading.card)
