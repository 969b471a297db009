"""Where a connection works: its company, journals and accounts, read from the database once per hook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airbooks.platforms.errors import ConfigurationError
from airbooks.platforms.odoo.mapping import Desk
from airbooks.platforms.odoo.reading import label, record_id

if TYPE_CHECKING:
    from airbooks.platforms.odoo.hook import OdooHook


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The company as the database describes it."""

    company: str
    currency: str
    sale_journal: Mapping[str, Any]
    bank_journal: Mapping[str, Any] | None


def read_place(hook: OdooHook) -> Place:
    """Raises ConfigurationError where the company or its sales journal does not exist."""
    company = hook.odoo.run("res.company", "read", ids=[hook.company_id], fields=["name", "currency_id"], read=True)
    if not company:
        raise ConfigurationError(f"Connection {hook.conn_id!r}: Odoo has no company {hook.company_id}. Correct company_id in its form.")
    fields = ["name", "code", "type", "default_account_id", "inbound_payment_method_line_ids"]
    domain = [["company_id", "=", hook.company_id], ["type", "in", ["sale", "bank", "cash"]]]
    journals = hook.odoo.run("account.journal", "search_read", domain=domain, fields=fields, order="id", read=True)
    return Place(
        company=company[0]["name"],
        currency=label(company[0]["currency_id"]),
        sale_journal=_journal(hook, journals, "sale_journal_id", ("sale",)),
        bank_journal=_bank(hook, journals),
    )


def _journal(hook: OdooHook, journals: list[dict[str, Any]], name: str, types: tuple[str, ...]) -> dict[str, Any]:
    wanted = hook.number_setting(name)
    found = [each for each in journals if each["type"] in types and wanted in (None, each["id"])]
    if not found:
        said = f"journal {wanted}" if wanted else "a journal"
        raise ConfigurationError(
            f"Connection {hook.conn_id!r}: company {hook.company_id} has no {said} ({' or '.join(types)}). Correct {name} in its form."
        )
    return found[0]


def _bank(hook: OdooHook, journals: list[dict[str, Any]]) -> dict[str, Any] | None:
    if hook.number_setting("bank_journal_id") is None and not any(each["type"] in ("bank", "cash") for each in journals):
        return None
    return _journal(hook, journals, "bank_journal_id", ("bank", "cash"))


def desk_of(hook: OdooHook, options: Mapping[str, Any], reversed_entries: Mapping[str, int]) -> Desk:
    """What a mapping needs to know of the place, with the operator's options."""
    place = hook.place()
    income = hook.setting("default_income_account")
    return Desk(
        company_id=hook.company_id,
        journal_id=int(options.get("sale_journal_id") or place.sale_journal["id"]),
        income_account_id=hook.account_id(income) if income else record_id(place.sale_journal["default_account_id"]),
        fiscal_position_id=hook.number_setting("fiscal_position_id"),
        freight_product_id=hook.number_setting("freight_product_id"),
        module=hook.setting("xmlid_module"),
        version=hook.version,
        use_our_number=bool(options.get("use_our_number")),
        reversed_entries=reversed_entries,
    )
