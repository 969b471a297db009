"""The supplier's banks: customers pay what the sales system invoiced, as customers do, and the banks write their statements.

Most name the invoice; some mistype it, pay several at once, a part, less the discount for early payment, or write nothing at all. The same
sales always bring about the same payments. Statements come in the format of the account's country: BAI2, MT940, camt.053, CSV.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from types import MappingProxyType
from xml.sax.saxutils import escape

CENT = Decimal("0.01")
LINE = 35  # characters of a line of remittance information in SEPA and MT940
OPENING = Decimal("250000.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """An invoice of the sales system that a customer owes. The discount may be taken by paying within `discount_days`."""

    number: str
    division: str
    currency: str
    gross_total: Decimal
    issue_date: date
    customer: str
    discount_percent: Decimal = Decimal(0)
    discount_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account of the supplier: its number, currency and the format of its statements."""

    number: str
    currency: str
    format: str


ACCOUNTS: Mapping[str, Account] = MappingProxyType(
    {
        "US": Account(number="0012345678", currency="USD", format="bai2"),
        "UK": Account(number="GB29NWBK60161331926819", currency="GBP", format="mt940"),
        "AU": Account(number="062000/12345678", currency="AUD", format="csv"),
        "EU": Account(number="DE89370400440532013000", currency="EUR", format="camt"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """A credit on an account; `pays` are the invoices that the customer meant."""

    reference: str
    amount: Decimal
    payer: str
    text: str
    pays: tuple[str, ...] = field(default=())


def statements(sales: Iterable[Sale], day: date, seed: int = 7) -> dict[str, bytes]:
    """The statements of one booking day by path (`eu/20260302.xml`), for all accounts on which something was paid."""
    by_division: dict[str, list[Sale]] = {}
    for sale in sales:
        if sale.division in ACCOUNTS and sale.currency == ACCOUNTS[sale.division].currency:
            by_division.setdefault(sale.division, []).append(sale)
    found = {}
    for division, owed in sorted(by_division.items()):
        account = ACCOUNTS[division]
        ending, write = FORMATS[account.format]
        found[f"{division.lower()}/{day:%Y%m%d}.{ending}"] = write(account, payments(owed, day, seed), day)
    return found


# -- what customers do ----------------------------------------------------------------------------------------------------------------


def payments(owed: Sequence[Sale], day: date, seed: int) -> list[Movement]:
    """What the customers of one account pay on one day; two thirds of what is owed."""
    rng = Random(f"{seed} {owed[0].division}")  # noqa: S311 a demo must be repeatable
    paying = [sale for sale in sorted(owed, key=lambda sale: sale.number) if rng.random() < 0.66]
    made: list[Movement] = []
    while paying:
        sale = paying.pop(0)
        habit = rng.choices(HABITS, WEIGHTS)[0]
        made.append(habit(sale, paying, rng, f"{day:%y%m%d}{len(made) + 1:06}", day))
    return made


def _exact(sale: Sale, _: list[Sale], rng: Random, reference: str, __: date) -> Movement:
    words = rng.choice(("INVOICE {}", "{}", "INV {} THANK YOU", "PAYMENT FOR {}", "RE {}"))
    return Movement(reference=reference, amount=sale.gross_total, payer=sale.customer, text=words.format(sale.number), pays=(sale.number,))


def _mistyped(sale: Sale, _: list[Sale], rng: Random, reference: str, __: date) -> Movement:
    digits = sale.number.rsplit("-", 1)[1]
    text = rng.choice((f"INV {digits.lstrip('0')}", sale.number.replace("-", " "), sale.number.replace("0", "O", 1), f"RECH.NR. {digits}"))
    return Movement(reference=reference, amount=sale.gross_total, payer=sale.customer, text=text, pays=(sale.number,))


def _several(sale: Sale, rest: list[Sale], _: Random, reference: str, __: date) -> Movement:
    """All that the same customer was going to pay today, in one transfer."""
    others = [each for each in rest if each.customer == sale.customer][:5]
    for each in others:
        rest.remove(each)
    numbers = tuple(each.number for each in (sale, *others))
    total = sum((each.gross_total for each in (sale, *others)), Decimal(0))
    return Movement(reference=reference, amount=total, payer=sale.customer, text=" ".join(numbers), pays=numbers)


def _partly(sale: Sale, _: list[Sale], __: Random, reference: str, ___: date) -> Movement:
    half = (sale.gross_total / 2).quantize(CENT, ROUND_HALF_UP)
    return Movement(reference=reference, amount=half, payer=sale.customer, text=f"{sale.number} FIRST INSTALMENT", pays=(sale.number,))


def _with_discount(sale: Sale, rest: list[Sale], rng: Random, reference: str, day: date) -> Movement:
    if not sale.discount_percent or day > sale.issue_date + timedelta(days=sale.discount_days):
        return _exact(sale, rest, rng, reference, day)
    discount = (sale.gross_total * sale.discount_percent / 100).quantize(CENT, ROUND_HALF_UP)
    text = f"{sale.number} LESS {sale.discount_percent.normalize():f} PCT"
    return Movement(reference=reference, amount=sale.gross_total - discount, payer=sale.customer, text=text, pays=(sale.number,))


def _silently(sale: Sale, _: list[Sale], __: Random, reference: str, ___: date) -> Movement:
    return Movement(reference=reference, amount=sale.gross_total, payer=sale.customer, text="", pays=(sale.number,))


def _too_much(sale: Sale, _: list[Sale], __: Random, reference: str, ___: date) -> Movement:
    return Movement(reference=reference, amount=sale.gross_total + 25, payer=sale.customer, text=sale.number, pays=(sale.number,))


def _for_nothing(_: Sale, __: list[Sale], rng: Random, reference: str, ___: date) -> Movement:
    amount = Decimal(rng.randrange(5_000, 90_000)) / 100
    return Movement(reference=reference, amount=amount, payer="Harbour Insurance Pool", text="CLAIM 2231 REFUND OF PREMIUM")


Habit = Callable[[Sale, list[Sale], Random, str, date], Movement]
HABITS: tuple[Habit, ...] = (_exact, _mistyped, _several, _partly, _with_discount, _silently, _too_much, _for_nothing)
WEIGHTS = (55, 12, 14, 5, 7, 4, 2, 1)


# -- what banks write -----------------------------------------------------------------------------------------------------------------


def camt053(account: Account, movements: Sequence[Movement], day: date) -> bytes:
    """ISO 20022 bank-to-customer statement, camt.053.001.08."""
    closing = OPENING + sum((each.amount for each in movements), Decimal(0))
    entries = "".join(_camt_entry(account, each, day) for each in movements)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>STM{day:%Y%m%d}</MsgId><CreDtTm>{day}T22:00:00+00:00</CreDtTm></GrpHdr><Stmt><Id>{day:%Y%m%d}</Id>"
        f"<CreDtTm>{day}T22:00:00+00:00</CreDtTm><Acct><Id><IBAN>{account.number}</IBAN></Id><Ccy>{account.currency}</Ccy></Acct>"
        f"{_camt_balance('OPBD', OPENING, account, day)}{_camt_balance('CLBD', closing, account, day)}{entries}"
        "</Stmt></BkToCstmrStmt></Document>\n"
    ).encode()


def _camt_balance(code: str, amount: Decimal, account: Account, day: date) -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{account.currency}">{amount:.2f}</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _camt_entry(account: Account, each: Movement, day: date) -> str:
    amount = f'<Amt Ccy="{account.currency}">{each.amount:.2f}</Amt>'
    told = "".join(f"<Ustrd>{escape(part)}</Ustrd>" for part in _lines(each.text))
    return (
        f"<Ntry>{amount}<CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>"
        f"<AcctSvcrRef>{each.reference}</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn>"
        f"</BkTxCd><NtryDtls><TxDtls><Refs><AcctSvcrRef>{each.reference}</AcctSvcrRef><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{amount}"
        f"<CdtDbtInd>CRDT</CdtDbtInd><RltdPties><Dbtr><Pty><Nm>{escape(each.payer)}</Nm></Pty></Dbtr></RltdPties>"
        f"{f'<RmtInf>{told}</RmtInf>' if told else ''}</TxDtls></NtryDtls></Ntry>"
    )


def mt940(account: Account, movements: Sequence[Movement], day: date) -> bytes:
    """SWIFT customer statement message."""
    closing = OPENING + sum((each.amount for each in movements), Decimal(0))
    lines = [
        f":20:{day:%y%m%d}STM",
        f":25:{account.number}",
        ":28C:1/1",
        f":60F:C{day:%y%m%d}{account.currency}{_comma(OPENING)}",
    ]
    for each in movements:
        lines += [f":61:{day:%y%m%d}{day:%m%d}C{_comma(each.amount)}NTRFNONREF//{each.reference}", f":86:/REMI/{_wrapped(each.text)}"]
        lines.append(f"/ORDP/{each.payer[:LINE]}")
    lines += [f":62F:C{day:%y%m%d}{account.currency}{_comma(closing)}", "-"]
    return ("\r\n".join(lines) + "\r\n").encode("ascii", "replace")


def bai2(account: Account, movements: Sequence[Movement], day: date) -> bytes:
    """BAI2 cash management report, with the payer and the payer's words as text of each wire."""
    cents = [int(each.amount * 100) for each in movements]
    opening = int(OPENING * 100)
    rows = [
        f"01,021000021,AIRSUPPLY,{day:%y%m%d},2200,{day:%y%m%d},80,,2/",
        f"02,AIRSUPPLY,021000021,1,{day:%y%m%d},2200,{account.currency},2/",
        f"03,{account.number},{account.currency},010,{opening},,,015,{opening + sum(cents)},,/",
    ]
    for each, amount in zip(movements, cents, strict=True):
        rows += [f"16,195,{amount},Z,{each.reference},,ORIG:{each.payer.replace(',', ' ')}", *_continued(each.text)]
    total = opening + opening + sum(cents) + sum(cents)
    rows.append(f"49,{total},{len(rows) - 1}/")
    rows.append(f"98,{total},1,{len(rows)}/")
    rows.append(f"99,{total},1,{len(rows) + 1}/")
    return ("\n".join(rows) + "\n").encode("ascii", "replace")


def table(_: Account, movements: Sequence[Movement], day: date) -> bytes:
    """The CSV that a bank's web page exports."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("Date", "Bank reference", "Payer", "Description", "Debit", "Credit"))
    writer.writerows((f"{day:%d/%m/%Y}", each.reference, each.payer, each.text, "", f"{each.amount:.2f}") for each in movements)
    return text.getvalue().encode()


def _continued(text: str) -> list[str]:
    return [f"88,REMARK:{text.replace(',', ' ')}"] if text else []


def _comma(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def _lines(text: str) -> list[str]:
    return [text[start : start + LINE] for start in range(0, len(text), LINE)]


def _wrapped(text: str) -> str:
    return "\r\n".join(_lines(text))


FORMATS: Mapping[str, tuple[str, Callable[[Account, Sequence[Movement], date], bytes]]] = MappingProxyType(
    {"camt": ("xml", camt053), "mt940": ("sta", mt940), "bai2": ("bai", bai2), "csv": ("csv", table)}
)
