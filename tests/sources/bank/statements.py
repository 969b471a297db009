"""Statements as banks write them, small enough to read; the IBANs are the published examples of their countries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from airbooks.canonical.incoming import IncomingPayment
from airbooks.sources.bank.movement import BadMovement, Reading

READING = Reading(source="eu_bank")
IBAN = "DE89370400440532013000"
PAYER = "NL91ABNA0417164300"


def taken(found: Iterable[IncomingPayment | BadMovement]) -> list[IncomingPayment]:
    """The movements; fails on anything that was not taken over."""
    listed = list(found)
    assert [each.message for each in listed if isinstance(each, BadMovement)] == []
    return [each for each in listed if isinstance(each, IncomingPayment)]


def parted(found: Iterable[IncomingPayment | BadMovement]) -> tuple[list[IncomingPayment], list[BadMovement]]:
    listed = list(found)
    return [x for x in listed if isinstance(x, IncomingPayment)], [x for x in listed if isinstance(x, BadMovement)]


def entry(
    amount: str,
    details: str = "",
    *,
    side: str = "CRDT",
    status: str = "BOOK",
    ref: str = "",
    day: str = "2026-11-02",
    currency: str = "EUR",
    more: str = "",
) -> str:
    """One Ntry. `details` are its NtryDtls; `more` comes before them, where RVSL marks the entry as a reversal."""
    reference = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    reversal = "<RvslInd>true</RvslInd>" if "RVSL" in more else ""
    return (
        f'<Ntry><NtryRef>1</NtryRef><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{reversal}<Sts><Cd>{status}</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{reference}"
        f"{more.replace('RVSL', '')}{f'<NtryDtls>{details}</NtryDtls>' if details else ''}</Ntry>"
    )


def detail(inner: str = "", *, e2e: str = "NOTPROVIDED", text: str = "", name: str = "Northwind Tools Ltd", ref: str = "") -> str:
    remittance = f"<RmtInf><Ustrd>{text}</Ustrd></RmtInf>" if text else ""
    own = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    return (
        f"<TxDtls><Refs>{own}<EndToEndId>{e2e}</EndToEndId></Refs>{inner}<RltdPties><Dbtr><Pty><Nm>{name}</Nm></Pty></Dbtr>"
        f"<DbtrAcct><Id><IBAN>{PAYER}</IBAN></Id></DbtrAcct></RltdPties>{remittance}</TxDtls>"
    )


def balance(code: str, amount: Decimal, currency: str = "EUR") -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{abs(amount)}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2026-11-02</Dt></Dt></Bal>"
    )


def statement(entries: Sequence[str], *, opening: str = "1000.00", closing: str | None = None, id_: str = "STMT-306", page: int = 0) -> str:
    """One Stmt; without `closing` it gives no balances."""
    pages = f"<StmtPgntn><PgNb>{page}</PgNb><LastPgInd>false</LastPgInd></StmtPgntn>" if page else ""
    balances = balance("OPBD", Decimal(opening)) + balance("CLBD", Decimal(closing)) if closing is not None else ""
    account = f"<Acct><Id><IBAN>{IBAN}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
    return f"<Stmt><Id>{id_}</Id>{pages}<CreDtTm>2026-11-03T05:00:00Z</CreDtTm>{account}{balances}{''.join(entries)}</Stmt>"


def camt(*statements: str, version: str = "08", message: str = "053") -> bytes:
    root = {"053": "BkToCstmrStmt", "054": "BkToCstmrDbtCdtNtfctn"}[message]
    inside = "".join(statements)
    if message == "054":
        inside = inside.replace("Stmt>", "Ntfctn>")
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.{message}.001.{version}"
    return f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{namespace}"><{root}>{inside}</{root}></Document>'.encode()
