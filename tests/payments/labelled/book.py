"""A supplier with four divisions, its customers and what they owe: grown item by item, so that every label is known by construction."""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import product

from airbooks.paths import INCLUDE
from airbooks.payments.decision import OpenItem

TODAY = date(2026, 11, 20)
CENT = Decimal("0.01")
PER_USD = {"USD": Decimal(1), "GBP": Decimal("0.79"), "AUD": Decimal("1.52"), "EUR": Decimal("0.92")}
DISCOUNT = Decimal(2)
DISCOUNT_DAYS = 10

PLACES = [
    "Northfield",
    "Harbour",
    "Westlake",
    "Redstone",
    "Clearwater",
    "Ironbridge",
    "Eastgate",
    "Summit",
    "Prairie",
    "Lakeside",
    "Granite",
    "Silverton",
    "Köln",
    "Süd",
    "Düsseldorf",
    "Brisbane",
    "Pennine",
    "Severn",
    "Fremantle",
    "Bayside",
    "Moorland",
    "Kestrel",
    "Blackwood",
    "Grünau",
    "Hochrhein",
    "Ostsee",
    "Tasman",
    "Delta",
    "Pacific",
    "Meridian",
    "Cascade",
    "Heathland",
    "Wharf",
    "Union",
    "Central",
    "Coastal",
    "Alpine",
    "Riverbend",
    "Kingsway",
    "Oakdale",
]
TRADES = (
    "Compressors",
    "Pneumatics",
    "Tools",
    "Air Systems",
    "Drilling Supply",
    "Tyre Service",
    "Fabrication",
    "Brewing",
    "Packaging",
    "Dental Supply",
    "Foundry",
    "Joinery",
    "Plant Hire",
    "Mining Services",
    "Paints & Coatings",
    "Glassworks",
    "Textiles",
    "Ceramics",
    "Food Processing",
    "Automotive",
    "Shipyard",
    "Industrial Supply",
    "Maschinenbau",
    "Druckluft",
    "Werkzeuge",
    "Anlagenbau",
    "Timber",
    "Großhandel",
    "Pumps & Valves",
    "Rail Works",
)
QUALIFIERS = ("", "Group", "International", "North", "South", "Holding", "1921", "Trading", "Nova", "Prime", "II", "West")


@dataclass(frozen=True, slots=True)
class Division:
    """A division of the supplier: its books' connection, home currency, tax and what its customers' legal forms are."""

    code: str
    connection: str
    currency: str
    tax: Decimal
    forms: tuple[str, ...]
    platform_number: str  # as str.format takes it


DIVISIONS = (
    Division("US", "quickbooks_us", "USD", Decimal("0.0825"), ("Inc.", "LLC", "Corporation", "Co."), "1{:05d}"),
    Division("UK", "sage_intacct_uk", "GBP", Decimal("0.20"), ("Ltd", "Limited", "PLC", "LLP"), "SIN{:06d}"),
    Division("AU", "odoo_au", "AUD", Decimal("0.10"), ("Pty Ltd", "Pty Limited", "Ltd"), "INV/2026/{:05d}"),
    Division("EU", "business_central_eu", "EUR", Decimal("0.19"), ("GmbH", "GmbH & Co. KG", "AG", "S.A.", "B.V.", "S.r.l."), "PSI-{:06d}"),
)


@dataclass(frozen=True, slots=True)
class Customer:
    """Who owes. `family` is the name without its legal form: two customers of one family are sister companies."""

    code: str
    name: str
    family: str
    division: Division
    currency: str


@dataclass
class Book:
    """Everything that is open. No two amounts of one family are equal unless a trap asks for it; background never enters a sealed book."""

    rng: random.Random
    items: list[OpenItem] = field(default_factory=list)
    numbers: set[str] = field(default_factory=set)
    _amounts: set[tuple[str, str, Decimal]] = field(default_factory=set)
    _serials: dict[tuple[str, str], int] = field(default_factory=dict)
    _customers: dict[str, int] = field(default_factory=dict)
    _busy: list[Customer] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)
    _prices: list[Decimal] = field(default_factory=list)

    def __post_init__(self) -> None:
        with (INCLUDE / "data" / "catalogue.csv").open(encoding="utf-8", newline="") as rows:
            self._prices = [Decimal(row["list_price_usd"]) for row in csv.DictReader(rows)]
        names = [" ".join(filter(None, each)) for each in product(PLACES, TRADES, QUALIFIERS)]
        self.rng.shuffle(names)
        self._names = names

    # -- customers -----------------------------------------------------------------------------------------------------------------------

    def customer(self, division: Division | None = None, *, family: str = "", currency: str = "") -> Customer:
        """A new customer with an empty book; about one in ten is billed in another currency than the division's."""
        home = division or self.rng.choice(DIVISIONS)
        base = family or self._names.pop()
        self._customers[home.code] = self._customers.get(home.code, 0) + 1
        abroad = [code for code in PER_USD if code != home.currency]
        money = currency or (self.rng.choice(abroad) if self.rng.random() < 0.1 else home.currency)
        return Customer(f"C-{home.code}-{self._customers[home.code]:04d}", f"{base} {self.rng.choice(home.forms)}", base, home, money)

    def open_pool(self, size: int) -> None:
        """Customers who buy all the time: most payments are theirs, and their books are long."""
        self._busy = [self.customer(DIVISIONS[number % len(DIVISIONS)]) for number in range(size)]
        for each in self._busy:
            self.background(each, self.rng.randint(5, 25))

    def usual(self) -> Customer:
        """Mostly one who buys all the time, else one with a short book."""
        if self.rng.random() < 0.65:
            return self.rng.choice(self._busy)
        return self.occasional()

    def occasional(self) -> Customer:
        new = self.customer()
        self.background(new, self.rng.randint(0, 4))
        return new

    # -- documents -----------------------------------------------------------------------------------------------------------------------

    def background(self, customer: Customer, count: int) -> None:
        for _ in range(count):
            if self.rng.random() < 0.06:
                self.credit_note(customer)
            else:
                self.invoice(customer, discounted=self.rng.random() < 0.25)

    def invoice(
        self, customer: Customer, *, amount: Decimal | None = None, issued: date | None = None, discounted: bool = False, order: str = ""
    ) -> OpenItem:
        return self._document(customer, "invoice", "SI", amount, issued, discounted=discounted, order=order)

    def partly_paid(self, customer: Customer) -> OpenItem:
        """An invoice of which a part is open."""
        return self._some_open(self.invoice(customer, amount=self._fresh(customer)), self._fresh(customer))

    def _some_open(self, item: OpenItem, paid: Decimal) -> OpenItem:
        """`item` with `paid` more in its total, in its place."""
        partly = replace(item, total=item.total + paid)
        self.items[item.document_id - 1] = partly
        return partly

    def credit_note(self, customer: Customer, *, amount: Decimal | None = None) -> OpenItem:
        smaller = amount or self._fresh(customer, Decimal("0.15"))
        return self._document(customer, "credit_note", "CN", smaller, None, discounted=False, order="")

    def invoices(self, customer: Customer, count: int) -> list[OpenItem]:
        return [self.invoice(customer) for _ in range(count)]

    def reserve_amount(self, customer: Customer, amount: Decimal) -> bool:
        """Keep `amount` out of the customer's book from now on; False where something of that amount is open already."""
        key = (customer.family, customer.currency, amount)
        taken = key in self._amounts
        self._amounts.add(key)
        return not taken

    def reserve_number(self, number: str) -> bool:
        """Keep a number from being given to a document; False where one has it."""
        taken = number in self.numbers
        self.numbers.add(number)
        return not taken

    def free_number(self, division: Division, kind: str = "SI") -> str:
        """The number of a document that is not open (paid long ago)."""
        number = self._number(division, kind)
        self.numbers.add(number)
        return number

    def _document(
        self, customer: Customer, kind: str, code: str, amount: Decimal | None, issued: date | None, *, discounted: bool, order: str
    ) -> OpenItem:
        day = issued or TODAY - timedelta(days=self.rng.randint(20, 80))
        number = self._number(customer.division, code)
        self.numbers.add(number)
        open_amount = amount or self._fresh(customer)
        paid = self._fresh(customer) if amount is None and not discounted and self.rng.random() < 0.04 else Decimal(0)
        item = OpenItem(
            document_id=len(self.items) + 1,
            connection=customer.division.connection,
            division=customer.division.code,
            kind=kind,
            number=number,
            customer_code=customer.code,
            customer_name=customer.name,
            currency=customer.currency,
            total=open_amount + paid,
            open_amount=open_amount,
            issue_date=day,
            due_date=day + timedelta(days=30),
            discount_percent=DISCOUNT if discounted else Decimal(0),
            discount_until=day + timedelta(days=DISCOUNT_DAYS) if discounted else None,
            names=self._names_of(customer.division, kind, order),
            rate=rate(customer.currency, customer.division.currency),
        )
        self.items.append(item)
        return item

    def _number(self, division: Division, kind: str) -> str:
        """The next number that is neither used nor reserved: with gaps, because most documents are paid already."""
        while True:
            key = (division.code, kind)
            self._serials[key] = self._serials.get(key, self.rng.randint(100, 900)) + self.rng.randint(1, 6)
            number = f"{division.code}-{kind}-{self._serials[key]:06d}"
            if number not in self.numbers:
                return number

    def _names_of(self, division: Division, kind: str, order: str) -> tuple[str, ...]:
        self._serials["platform", division.code] = self._serials.get(("platform", division.code), 4000) + self.rng.randint(1, 9)
        self._serials["order", ""] = self._serials.get(("order", ""), 61000) + self.rng.randint(1, 9)
        platform = division.platform_number.format(self._serials["platform", division.code])
        purchase = order or (f"PO-{self._serials['order', '']}" if self.rng.random() < 0.85 else "")
        sales = f"{division.code}-SO-{self._serials['order', '']:06d}"
        return (platform,) if kind == "credit_note" else tuple(filter(None, (platform, purchase, sales)))

    def _fresh(self, customer: Customer, part: Decimal = Decimal(1)) -> Decimal:
        """An amount that nobody of the family has open: list prices, quantities, tax, sometimes freight."""
        while True:
            amount = self._amount(customer, part)
            if amount > 30 and self.reserve_amount(customer, amount):
                return amount

    def _amount(self, customer: Customer, part: Decimal) -> Decimal:
        net = sum((self.rng.choice(self._prices) * self.rng.randint(1, 6) for _ in range(self.rng.randint(1, 3))), Decimal(0))
        freight = Decimal(self.rng.randint(1500, 45000)) * CENT if self.rng.random() < 0.6 else Decimal(0)
        tax = customer.division.tax if customer.currency == customer.division.currency else Decimal(0)
        return cents((net * PER_USD[customer.currency] + freight) * (1 + tax) * part)


def rate(currency: str, home: str) -> Decimal | None:
    """Units of `home` for one unit of `currency`; None where they are the same."""
    return None if currency == home else (PER_USD[home] / PER_USD[currency]).quantize(Decimal("0.000001"))


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, ROUND_HALF_UP)
