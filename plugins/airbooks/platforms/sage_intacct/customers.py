"""Which customer is ours: by our code, which is its id there, else by name and e-mail where only one fits, else created."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from lxml import etree

from airbooks.canonical import Party
from airbooks.platforms.errors import PlatformError
from airbooks.platforms.sage_intacct import money
from airbooks.platforms.sage_intacct.envelope import Function
from airbooks.platforms.sage_intacct.queries import equal
from airbooks.platforms.sage_intacct.spec import DUPLICATES

if TYPE_CHECKING:
    from airbooks.platforms.sage_intacct.hook import SageIntacctHook


def ensure(hook: SageIntacctHook, party: Party) -> str:
    """The CUSTOMERID. Raises PlatformError."""
    fields = ("CUSTOMERID", "NAME", "DISPLAYCONTACT.EMAIL1")
    names = (equal("CUSTOMERID", party.code), equal("NAME", party.name[: money.NAME_MAX]))
    by_code, by_name = hook.rows(*(hook.query("CUSTOMER", fields, each) for each in names))
    if by_code:
        return by_code[0]["CUSTOMERID"]
    mail = party.contact.email.lower()
    same = [row for row in by_name if mail and row["DISPLAYCONTACT.EMAIL1"].lower() == mail]
    return same[0]["CUSTOMERID"] if len(same) == 1 else _create(hook, party)


def _create(hook: SageIntacctHook, party: Party) -> str:
    """Create it; where its contact's name is taken, once more with a contact name of its own."""
    try:
        return _created(hook, money.customer_function(party))
    except PlatformError as error:
        if error.rule.name not in DUPLICATES:
            raise
    [there] = hook.rows(hook.query("CUSTOMER", ("CUSTOMERID",), equal("CUSTOMERID", party.code)))
    return party.code if there else _created(hook, money.customer_function(party, f"{party.name[:150]} {party.code}"))


def _created(hook: SageIntacctHook, call: etree._Element) -> str:
    [result], reply = hook.run([Function(uuid4().hex, call)])
    return hook.good(result, reply).rows[0]["CUSTOMERID"]
