"""How long matching takes and how much memory, and how both grow with open items and payments.

`python -m tests.bench.matching` makes a book of open items and noisy payments (four divisions, twenty items a customer), matches them in
a fresh process per size, and prints wall and processor seconds and the peak resident memory of the whole process, inputs included.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from multiprocessing import get_context
from typing import Any

from airbooks.canonical.incoming import IncomingPayment
from airbooks.payments.decision import OpenItem, Verdict
from airbooks.payments.matching import match
from airbooks.payments.tuning import Tuning

SIZES = ((100_000, 10_000), (50_000, 10_000), (25_000, 10_000), (100_000, 5_000), (100_000, 2_500))
ITEMS_A_CUSTOMER = 20
TODAY = date(2026, 3, 31)
DIVISIONS = (
    ("US", "quickbooks_us", "USD"),
    ("UK", "sage_intacct_uk", "GBP"),
    ("AU", "odoo_au", "AUD"),
    ("EU", "business_central_eu", "EUR"),
)
_PLACES = "Northern Southern Eastern Western Upper Lower Harbour River Hill Valley Lake Forest Coastal Central Granite Copper"
_TRADES = "Tools Pumps Paints Timber Textiles Mining Foundry Bakery Dental Marine Packaging Glass Tyres Drilling Shipyard Joinery"
PLACES, TRADES = _PLACES.split(), _TRADES.split()
FORMS = ("Ltd", "Inc.", "LLC", "GmbH", "Pty Ltd", "plc", "AG")


@dataclass(frozen=True, slots=True)
class Measured:
    """One size, measured: seconds, MiB, and what was decided."""

    items: int
    payments: int
    wall_seconds: float
    processor_seconds: float
    peak_mib: float
    applied: int
    rightly: int


Truth = dict[str, set[int]]


def open_items(count: int, dice: random.Random) -> list[OpenItem]:
    """Items of count / 20 customers, with amounts from 20 to 20,000 and terms on one in five."""
    return [_item(number, number % max(count // ITEMS_A_CUSTOMER, 1), dice) for number in range(count)]


def _item(number: int, customer: int, dice: random.Random) -> OpenItem:
    division, connection, currency = DIVISIONS[customer % len(DIVISIONS)]
    names = random.Random(customer)
    name = f"{names.choice(PLACES)} {names.choice(TRADES)} {names.choice(PLACES)} {names.choice(TRADES)} {names.choice(FORMS)}"
    kind, letters = ("credit_note", "CN") if number % 33 == 0 else ("invoice", "SI")
    amount = Decimal(int(20 * 10 ** (3 * dice.random()) * 100)) / 100
    issued = TODAY - timedelta(days=dice.randrange(60))
    terms: dict[str, Any] = {"discount_percent": Decimal(2), "discount_until": issued + timedelta(days=10)} if number % 5 == 0 else {}
    return OpenItem(
        document_id=number,
        connection=connection,
        division=division,
        kind=kind,
        number=f"{division}-{letters}-{number:06d}",
        customer_code=f"C-{division}-{customer:05d}",
        customer_name=name,
        currency=currency,
        total=amount,
        open_amount=amount,
        issue_date=issued,
        due_date=issued + timedelta(days=30),
        names=(f"PO-{500_000 + number // 2}", str(7_000_000 + number)),
        **terms,
    )


def payments(count: int, items: Sequence[OpenItem], dice: random.Random) -> tuple[list[tuple[str, IncomingPayment]], Truth]:
    """Payments of one to five invoices of a customer each, and which documents each is for."""
    customers: dict[str, list[OpenItem]] = {}
    for item in items:
        if item.kind == "invoice":
            customers.setdefault(item.customer_code, []).append(item)
    made, truth = [], {}
    codes = sorted(customers)
    for number in range(count):
        theirs = customers[dice.choice(codes)]
        paid_for = dice.sample(theirs, min(len(theirs), dice.choice((1, 1, 1, 1, 1, 2, 3, 5))))
        made.append((f"p{number:06d}", _payment(number, paid_for, dice)))
        truth[f"p{number:06d}"] = {each.document_id for each in paid_for}
    return made, truth


def _payment(number: int, paid_for: Sequence[OpenItem], dice: random.Random) -> IncomingPayment:
    amount = sum((each.open_amount for each in paid_for), Decimal(0))
    style = dice.choice(STYLES)
    return IncomingPayment(
        source="bank",
        source_id=f"B{number}",
        account=paid_for[0].connection,
        booked_on=TODAY,
        amount=max(amount * dice.choice((1, 1, 1, 1, 1, 1, 1, 1, 1, Decimal("0.5"))), Decimal("0.01")).quantize(Decimal("0.01")),
        currency=paid_for[0].currency,
        payer_name=dice.choice((str.upper, _cut, _slip(dice), str))(paid_for[0].customer_name),
        references=(paid_for[0].number,) if len(paid_for) == 1 and dice.random() < 0.2 else (),
        text=f"payment {dice.randrange(10**6)} {style(paid_for, dice)} thank you",
    )


def _cut(text: str) -> str:
    return text.upper()[:27]


def _slip(dice: random.Random) -> Callable[[str], str]:
    """Loses one character."""

    def slipped(text: str) -> str:
        at = dice.randrange(len(text))
        return text[:at] + text[at + 1 :]

    return slipped


STYLES: tuple[Callable[[Sequence[OpenItem], random.Random], str], ...] = (
    lambda paid_for, _: ", ".join(each.number for each in paid_for),
    lambda paid_for, _: ", ".join(each.number for each in paid_for),
    lambda paid_for, _: " ".join(each.number[-6:] for each in paid_for),
    lambda paid_for, _: "".join(each.number.replace("-", "") for each in paid_for),
    lambda paid_for, _: "inv " + "/".join(str(int(each.number[-6:])) for each in paid_for),
    lambda paid_for, _: " ".join(each.number.replace("0", "O") for each in paid_for),
    lambda paid_for, dice: " ".join(_slip(dice)(each.number) for each in paid_for),
    lambda paid_for, _: " ".join(each.names[0] for each in paid_for),
    lambda *_: "",
    lambda *_: "XX-SI-999999",
)


def measure(size: tuple[int, int]) -> Measured:
    """Matches a book of this many items and payments, in the process that is asked."""
    dice = random.Random(20_260_331)
    items = open_items(size[0], dice)
    asked, truth = payments(size[1], items, dice)
    wall, processor = time.perf_counter(), time.process_time()
    decisions = match(asked, items, Tuning())
    applied = [each for each in decisions if each.verdict is Verdict.APPLY and each.best]
    return Measured(
        items=size[0],
        payments=size[1],
        wall_seconds=time.perf_counter() - wall,
        processor_seconds=time.process_time() - processor,
        peak_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        applied=len(applied),
        rightly=sum({part.document_id for part in each.best.settled} == truth[each.key] for each in applied if each.best),
    )


def main() -> None:
    """Prints one line per size."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--items", type=int)
    options.add_argument("--payments", type=int)
    told = options.parse_args()
    sizes = [(told.items or SIZES[0][0], told.payments or SIZES[0][1])] if told.items or told.payments else SIZES
    print(f"{'items':>8} {'payments':>9} {'seconds':>8} {'processor':>10} {'peak MiB':>9} {'applied':>8} {'rightly':>8}")
    for size in sizes:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as fresh:
            done = fresh.submit(measure, size).result()
        figures = f"{done.wall_seconds:8.1f} {done.processor_seconds:10.1f} {done.peak_mib:9.0f} {done.applied:8,} {done.rightly:8,}"
        print(f"{done.items:8,} {done.payments:9,} {figures}", flush=True)


if __name__ == "__main__":
    main()
