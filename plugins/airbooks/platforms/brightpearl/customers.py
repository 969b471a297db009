"""Which contact is ours: by our code in its account reference, else by company name and e-mail where only one fits.

The account reference is no column of the search, so that candidates are searched by name and e-mail and then read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airbooks.canonical import Party
from airbooks.platforms.brightpearl import mapping
from airbooks.platforms.brightpearl.reading import Row, documented
from airbooks.platforms.brightpearl.spec import AMBIGUOUS_CUSTOMER
from airbooks.platforms.brightpearl.texts import name_of, plain
from airbooks.platforms.references import ReferenceKind

if TYPE_CHECKING:
    from airbooks.platforms.brightpearl.hook import BrightpearlHook


def find(hook: BrightpearlHook, party: Party) -> str | None:
    """The id of the customer's contact. Raises PlatformError (REVIEW) where several fit and not exactly one is primary."""
    candidates = _candidates(hook, party)
    if not candidates:
        return None
    references = _account_references(hook, list(candidates))
    coded = [row for number, row in candidates.items() if references.get(number) == party.code]
    fitting = coded or [row for number, row in candidates.items() if not references.get(number) and _is_same_company(row, party)]
    return _only(hook, fitting, party)


def create(hook: BrightpearlHook, party: Party, currency: str) -> str:
    """A new contact with its address. Neither has an idempotency key: an address whose contact was not made stays unused."""
    entry = next(iter(hook.find_reference(ReferenceKind.CURRENCY, [currency])), None)
    address = hook.client.write("POST", "contact-service/postal-address", mapping.postal_address(party))
    body = mapping.contact_body(party, documented(lambda: int(address)), entry.remote_id if entry else "", hook.settings())
    made = hook.client.write("POST", "contact-service/contact", body)
    return documented(lambda: str(int(made)))


def _candidates(hook: BrightpearlHook, party: Party) -> dict[str, Row]:
    """Contacts of exactly this company name or e-mail address. Most text filters are free-text searches: compared here."""
    name, email = name_of(party.name), plain(party.contact.email).strip()
    rows = list(hook.client.search("contact-service/contact-search", exactCompanyName=name))
    if email:
        rows += hook.client.search("contact-service/contact-search", primaryEmail=email)
    found = documented(lambda: {str(row["contactId"]): row for row in rows})
    return {number: row for number, row in found.items() if _has_name(row, name) or _has_email(row, email)}


def _has_name(row: Row, name: str) -> bool:
    return name.casefold() in (str(row[field] or "").casefold() for field in ("exactCompanyName", "companyName"))


def _has_email(row: Row, email: str) -> bool:
    return bool(email) and str(row["primaryEmail"] or "").casefold() == email.casefold()


def _is_same_company(row: Row, party: Party) -> bool:
    """Our name and our e-mail address (a name alone may be somebody else's), and neither staff nor a supplier alone."""
    same = _has_name(row, name_of(party.name)) and _has_email(row, plain(party.contact.email).strip())
    return bool(same and not row["isStaff"] and row["isCustomer"])


def _account_references(hook: BrightpearlHook, ids: list[str]) -> dict[str, str]:
    rows: list[Any] = hook.client.by_ids("contact-service/contact", ids)
    return documented(lambda: {str(row["contactId"]): str(row["assignment"]["current"].get("accountReference") or "") for row in rows})


def _only(hook: BrightpearlHook, fitting: list[Row], party: Party) -> str | None:
    primary = [row for row in fitting if row["isPrimary"]] if len(fitting) > 1 else fitting
    if len(fitting) > 1 and len(primary) != 1:
        numbers = ", ".join(str(row["contactId"]) for row in fitting)
        raise hook.client.error(AMBIGUOUS_CUSTOMER, f"customer {party.code} {party.name}: contacts {numbers}")
    return str(primary[0]["contactId"]) if primary else None
