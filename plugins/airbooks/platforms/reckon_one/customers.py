"""Customers of one book: found by our code (`businessNumber2`), adopted by name, or created; a name is unique among contacts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from airbooks.canonical import Party
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.reckon_one import mapping, reading
from airbooks.platforms.reckon_one.client import ReckonOneClient, Row
from airbooks.platforms.reckon_one.spec import CHANGED_THERE, DUPLICATE_NAME, INACTIVE_CUSTOMER, NO_TYPES

# The types of a book can be changed there: those we want first, else the first that it lists.
WANTED = {"address": ("addresstypes", "Billing"), "phone": ("phonetypes", "Phone"), "email": ("electronicaddresstypes", "Email")}


class Customers:
    """The customers of one book, and the names of those met so far: documents name their customer, they do not take an id."""

    def __init__(self, client: ReckonOneClient) -> None:
        self._client = client
        self._names: dict[str, str] = {}

    def name(self, customer_id: str) -> str:
        if customer_id not in self._names:
            row = self._client.one("customers", customer_id)
            if row is None:
                raise self._client.error(CHANGED_THERE, f"the customer (id {customer_id}) is not there any more")
            self._names[customer_id] = str(row["name"])
        return self._names[customer_id]

    def ensure(self, party: Party) -> str:
        """The id of the customer with our code, else of the one of our name that nobody claimed, which gets our code, else of a new one."""
        coded = [row for row in self._with("businessNumber2", party.code) if row.get("businessNumber2") == party.code]
        if coded:
            return self._active(next(filter(reading.is_active, coded), coded[0]))
        namesakes = [row for row in self._with("name", mapping.customer_name(party)) if reading.same_name(row, party)]
        free = [row for row in namesakes if reading.is_unclaimed(row, party)]
        if len(free) == 1:
            return self._adopt(free[0], party)
        return self._create(party, coded=bool(namesakes))

    def _active(self, row: Row) -> str:
        if not reading.is_active(row):
            raise self._client.error(INACTIVE_CUSTOMER, f"customer {row['name']} (id {row['id']})")
        self._names[str(row["id"])] = str(row["name"])
        return str(row["id"])

    def _with(self, field: str, value: str) -> Iterable[Row]:
        """Customers with this value; all of them where a filter cannot hold it."""
        literal = reading.literal(value)
        return self._client.rows("customers", **({"filter": f"{field} eq {literal}"} if literal else {}))

    def _adopt(self, row: Row, party: Party) -> str:
        self._client.change(f"customers/{row['id']}", {"businessNumber2": party.code})
        return self._active(row)

    def _create(self, party: Party, *, coded: bool) -> str:
        """A name may be that of a supplier, too: then our code is added to it."""
        types = {kind: self.types[kind] for kind in self._needed(party)}
        try:
            made = self._client.create("customers", mapping.customer_body(party, types, coded=coded))
        except PlatformError as error:
            if coded or error.rule.name != DUPLICATE_NAME:
                raise
            coded = True
            made = self._client.create("customers", mapping.customer_body(party, types, coded=True))
        self._names[made] = mapping.customer_name(party, coded=coded)
        return made

    @staticmethod
    def _needed(party: Party) -> list[str]:
        has = {"address": any(party.address.model_dump().values()), "phone": party.contact.phone, "email": party.contact.email}
        return [kind for kind, given in has.items() if given]

    @cached_property
    def types(self) -> Mapping[str, str]:
        """The book's type of each kind of contact detail."""
        return {kind: self._type(resource, wanted) for kind, (resource, wanted) in WANTED.items()}

    def _type(self, resource: str, wanted: str) -> str:
        names = [str(row["name"]) for row in self._client.rows(resource)]
        if not names:
            raise self._client.error(NO_TYPES, f"{resource} of the book is empty")
        return wanted if wanted in names else names[0]
