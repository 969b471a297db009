"""Whether a connection can do what it must, in words."""

from __future__ import annotations

from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.sap_s4hana import lists, reading
from airbooks.platforms.sap_s4hana.client import Client
from airbooks.platforms.sap_s4hana.odata import CUBE, equal, stripped

ACCOUNT_SETTINGS = ("revenue_gl", "discount_gl", "freight_gl", "bank_gl", "bank_fee_gl", "reconciliation_account")


def examine(client: Client) -> tuple[bool, str]:
    """Calls each of the services that read, and compares the connection's accounts with the chart."""
    settings = client.hook.settings()
    company, chart = str(client.hook.setting("company_code")), settings["chart_of_accounts"]
    client.hook.setting("home_currency")
    client.hook.setting("tax_codes")
    client.zone()
    list(client.rows(CUBE, equal("CompanyCode", company), reading.FIELDS, reading.ORDER, top=1))
    client.fetch_csrf()
    named = {name: stripped(settings[name]) for name in ACCOUNT_SETTINGS if settings.get(name)}
    known = {item.code: item for item in lists.entries(client, ReferenceKind.ACCOUNT, set(named.values()) or {"0"})}
    wrong = [f"{number} ({name})" for name, number in named.items() if number not in known or not known[number].active]
    if wrong:
        return False, f"Chart of accounts {chart} has no account {', '.join(wrong)} that can be posted to."
    lacking = "" if "bank_gl" in named else " Payments cannot be booked: no bank account (bank_gl) is set."
    return (
        True,
        f"Company code {company} ({settings['home_currency']}), chart of accounts {chart}; posting is first tried by a document.{lacking}",
    )
