"""Clients: who is billed. E-mail addresses and names may repeat (UNVERIFIED)."""

from __future__ import annotations

from typing import Any

from airbooks.platforms.freshbooks.sandbox.account import Account
from airbooks.platforms.freshbooks.sandbox.answers import Row, required
from airbooks.platforms.freshbooks.sandbox.fields import check_known, whole

TEXTS = (
    "organization",
    "email",
    "fname",
    "lname",
    "note",
    "currency_code",
    "vat_number",
    *(f"{place}_{part}" for place in "ps" for part in ("street", "city", "province", "code", "country")),
)


def create(account: Account, sent: Row) -> Row:
    check_known(sent, (*TEXTS, "vis_state"), "client")
    if not any(sent.get(field) for field in ("organization", "email", "fname", "lname")):
        raise required("organization", "client")
    row_id = account.new_id("client")
    blank: Row = {"id": row_id, "userid": row_id, "accounting_systemid": account.id, "vis_state": 0, **dict.fromkeys(TEXTS, "")}
    blank["signup_date"] = f"{account.clock.now():%Y-%m-%d %H:%M:%S}"
    return account.put("client", _named({**blank, "currency_code": account.home, **_given(sent)}))


def update(account: Account, row: Row, sent: Row) -> Row:
    check_known(sent, (*TEXTS, "vis_state"), "client")
    changed = {**row, **_given(sent)}
    if "vis_state" in sent:
        changed["vis_state"] = whole(sent["vis_state"], "vis_state", "client")
    return account.put("client", _named(changed))


def _given(sent: Row) -> dict[str, Any]:
    return {field: sent[field] or "" for field in TEXTS if field in sent}


def _named(row: Row) -> Row:
    """The organisation falls back to the person's name."""
    return {**row, "organization": row["organization"] or f"{row['fname']} {row['lname']}".strip()}
