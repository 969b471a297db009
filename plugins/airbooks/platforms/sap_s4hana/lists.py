"""The platform's own codes: accounts from its chart; tax codes and account assignments from the connection, for no API lists them all."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.sap_s4hana.client import Client
from airbooks.platforms.sap_s4hana.documents import portions
from airbooks.platforms.sap_s4hana.mapping import ASSIGNMENTS
from airbooks.platforms.sap_s4hana.odata import ACCOUNTS, both, equal, one_of, stripped

ACCOUNT_FIELDS = ("ChartOfAccounts", "GLAccount", "AccountIsBlockedForPosting", "AccountIsMarkedForDeletion", "GLAccountType")
TEXT_FIELDS = ("ChartOfAccounts", "GLAccount", "Language", "GLAccountName")


def entries(client: Client, kind: ReferenceKind, codes: Collection[str] | None = None) -> Iterator[ReferenceItem]:
    """The entries of a kind; of the accounts only those with these numbers, where some are named."""
    if kind is ReferenceKind.ACCOUNT:
        yield from _accounts(client, codes)
    elif kind is ReferenceKind.TAX_CODE:
        yield from (ReferenceItem(kind=kind, code=code, name=code, remote_id=code) for code in _named(client, "tax_codes"))
    elif kind is ReferenceKind.DIMENSION:
        known = (code for code in _named(client, "account_assignments") if code.partition(":")[0] in ASSIGNMENTS)
        yield from (ReferenceItem(kind=kind, code=code, name=code.partition(":")[2], remote_id=code) for code in known)


def _named(client: Client, setting: str) -> list[str]:
    """The codes in a field of the connection, separated by blanks or commas."""
    return list(dict.fromkeys(str(client.hook.setting(setting) or "").replace(",", " ").split()))


def _accounts(client: Client, codes: Collection[str] | None) -> Iterator[ReferenceItem]:
    chart = equal("ChartOfAccounts", str(client.hook.setting("chart_of_accounts")))
    wheres = [chart] if codes is None else [both(chart, one_of("GLAccount", some)) for some in portions(sorted(codes))]
    for where in wheres:
        names = _names(client, where)
        rows = client.rows(f"{ACCOUNTS}/A_GLAccountInChartOfAccounts", where, ACCOUNT_FIELDS, "ChartOfAccounts,GLAccount")
        for row in rows:
            number = stripped(row["GLAccount"])
            active = not (row["AccountIsBlockedForPosting"] or row["AccountIsMarkedForDeletion"])
            yield ReferenceItem(kind=ReferenceKind.ACCOUNT, code=number, name=names.get(number, ""), remote_id=number, active=active)


def _names(client: Client, where: str) -> dict[str, str]:
    spoken = both(where, equal("Language", str(client.hook.setting("language"))))
    rows = client.rows(f"{ACCOUNTS}/A_GLAccountText", spoken, TEXT_FIELDS, "ChartOfAccounts,GLAccount")
    return {stripped(row["GLAccount"]): row["GLAccountName"] for row in rows}
