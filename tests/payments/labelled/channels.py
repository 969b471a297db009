"""How a bank or a provider carries a payment: whose name, which frame around the text, which structured references, which account."""

from __future__ import annotations

import hashlib
import random
import textwrap
import unicodedata
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tests.payments.labelled.book import Customer

from airbooks.canonical.incoming import AdviceLine, IncomingPayment
from airbooks.canonical.payment import PaymentKind

ZERO = Decimal(0)
TRANSCRIBED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"})
FORMS = {
    "Ltd": ("Limited", "LTD", "Ltd."),
    "Limited": ("Ltd", "LTD."),
    "Inc.": ("Inc", "INC", "Incorporated"),
    "Corporation": ("Corp", "Corp."),
    "Co.": ("Company", "CO"),
    "LLC": ("L.L.C.", "Llc"),
    "Pty Ltd": ("P/L", "PTY LIMITED", "Pty. Ltd."),
    "Pty Limited": ("PTY LTD", "P/L"),
    "GmbH": ("G.m.b.H.", "gmbh", "GMBH"),
    "GmbH & Co. KG": ("GmbH u. Co. KG", "GmbH&Co.KG", "GmbH + Co KG"),
    "S.A.": ("SA",),
    "B.V.": ("BV",),
    "S.r.l.": ("SRL",),
    "PLC": ("plc", "Public Limited Company"),
}
CHANNELS = {
    "EUR": ("camt.053", "mt940", "mt940", "camt.054"),
    "GBP": ("camt.053", "mt940", "csv"),
    "USD": ("bai2", "bai2", "csv"),
    "AUD": ("csv", "camt.053"),
}


@dataclass(kw_only=True)
class Draft:
    """A payment before a bank carried it. `framed` False: the text stays as it is."""

    customer: Customer
    amount: Decimal
    booked_on: date
    text: str = ""
    payer: str = ""
    currency: str = ""
    references: tuple[str, ...] = ()
    fee: Decimal = ZERO
    instructed_amount: Decimal | None = None
    instructed_currency: str = ""
    customer_code: str = ""
    kind: PaymentKind = PaymentKind.RECEIPT
    advice: tuple[AdviceLine, ...] = ()
    reverses: str = ""
    source: str = ""
    source_id: str = ""
    framed: bool = True


def carried(rng: random.Random, draft: Draft) -> IncomingPayment:
    """The payment as it arrives."""
    currency = draft.currency or draft.customer.currency
    source = draft.source or rng.choice(CHANNELS[currency])
    source_id = draft.source_id or f"{rng.getrandbits(64):016x}"
    text, references = _framed(rng, source, draft) if draft.framed else (draft.text, draft.references)
    return IncomingPayment(
        source=source,
        source_id=source_id,
        kind=draft.kind,
        account=f"{source.split('.')[0]}_{currency.lower()}",
        fingerprint=hashlib.sha256(source_id.encode()).hexdigest()[:32],
        booked_on=draft.booked_on,
        value_on=draft.booked_on,
        amount=draft.amount,
        currency=currency,
        fee=draft.fee,
        instructed_amount=draft.instructed_amount,
        instructed_currency=draft.instructed_currency,
        payer_name=_shouted(draft.payer) if source in {"mt940", "bai2"} else draft.payer,
        payer_account=f"{rng.getrandbits(40):014d}",
        customer_code=draft.customer_code,
        method="Card" if source == "webhook" else "Wire",
        bank_reference=f"{rng.getrandbits(48):015d}",
        references=references,
        text=text,
        advice=draft.advice,
        reverses=draft.reverses,
    )


def _framed(rng: random.Random, source: str, draft: Draft) -> tuple[str, tuple[str, ...]]:
    """The text as that kind of statement shows it, and the structured references."""
    run = f"{draft.booked_on:%Y%m%d}-{rng.randint(1, 999):05d}"
    if source == "mt940":
        body = "\n".join(textwrap.wrap(_shouted(draft.text), 35, break_long_words=False, break_on_hyphens=False))
        return rng.choice((f"SVWZ+{body}", f"EREF+{run}\nSVWZ+{body}", f"/REMI/{body}", body)), draft.references
    if source == "bai2":
        return _american(rng, draft, run), draft.references
    if source.startswith("camt"):
        return draft.text, (rng.choice(("NOTPROVIDED", run, f"{rng.randint(100000, 999999)}")), *draft.references)
    return draft.text, draft.references


def _american(rng: random.Random, draft: Draft, run: str) -> str:
    text, payer, day = _shouted(draft.text), _shouted(draft.payer), draft.booked_on
    ach = (
        f"ORIG CO NAME:{payer[:16]} CO ENTRY DESCR:PAYMENTS SEC:CCD TRACE#:{rng.randint(10**14, 10**15 - 1)} EED:{day:%y%m%d} IND ID:{text}"
    )
    wire = f"WIRE TYPE:WIRE IN DATE:{day:%m%d%y} TIME:{rng.randint(800, 1700):04d} ET TRN:{run.replace('-', '')} ORIG:{payer} OBI:{text}"
    return rng.choice((ach, wire, text))


def _shouted(text: str) -> str:
    """The characters that old bank formats let through."""
    plain = unicodedata.normalize("NFKD", text.translate(TRANSCRIBED)).encode("ascii", "ignore").decode()
    return plain.upper()


# -- the payer's name --------------------------------------------------------------------------------------------------------------------


def payer_name(rng: random.Random, customer: Customer) -> str:
    """The customer's name, mostly as it is."""
    if rng.random() < 0.6:
        return customer.name
    return varied_name(rng, customer)


def varied_name(rng: random.Random, customer: Customer) -> str:
    """The customer's name as his bank has it."""
    form = customer.name.removeprefix(customer.family).strip()
    variants = [
        f"{customer.family} {rng.choice(FORMS.get(form, (form.upper(),)))}",
        customer.name.translate(TRANSCRIBED),
        customer.name.upper()[:27],
        customer.name[:35].upper(),
        customer.name.replace("&", "and"),
        f"{customer.name}, Accounts Payable",
        f"Fa. {customer.name}" if customer.division.code == "EU" else f"{customer.name} A/C",
    ]
    return rng.choices(variants, (4, 1, 2, 1, 1, 1, 1))[0].strip()
