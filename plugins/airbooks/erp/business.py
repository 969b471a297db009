"""The seeded business of the demo supplier: customers, and the invoices and credit notes of the last 60 days, arithmetically perfect."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from random import Random

from airbooks.erp import company
from airbooks.erp.company import Division, Item, Region
from airbooks.erp.sale import ZERO, Address, Customer, Sale, SaleAllowance, SaleLine, cents, is_unambiguous, totalled

DAYS = 60
SHARE = {"US": 30, "UK": 25, "AU": 22, "EU": 23}  # per cent of the documents
CUSTOMERS_PER_DIVISION = 30
FOREIGN_CURRENCY = 0.10
CREDIT_NOTES = 0.08
USUAL_TERMS = ("Net 30", "Net 30", "Net 14", "2% 10 Net 30", "Due on receipt")
QUANTITIES = {"C62": (1, 24), "SET": (1, 10), "CA": (1, 12), "MTR": (10, 240), "HUR": (2, 40), "DAY": (1, 5)}
VAT_ID_SHAPES = {"GB": "GB#########", "DE": "DE#########", "FR": "FR###########", "NL": "NL#########B01", "AU": "AU###########"}


@dataclass
class Business:
    """Everything the generator draws, from one seeded source of chance."""

    rng: Random
    catalogue: tuple[Item, ...]
    anchor: date
    customers: dict[str, list[Customer]] = field(default_factory=dict)
    counters: dict[str, int] = field(default_factory=dict)

    def next_number(self, series: str) -> str:
        self.counters[series] = self.counters.get(series, 0) + 1
        return f"{series}-{self.counters[series]:06d}"


def trade(rng: Random, catalogue: tuple[Item, ...], anchor: date, documents: int) -> tuple[Business, list[Sale]]:
    """`documents` sales over the 60 days before `anchor`, in the order they were made."""
    business = Business(rng, catalogue, anchor)
    for division in company.DIVISIONS.values():
        business.customers[division.code] = [customer(business, division, n) for n in range(1, CUSTOMERS_PER_DIVISION + 1)]
    sales: list[Sale] = []
    creditable: dict[str, list[Sale]] = {code: [] for code in company.DIVISIONS}
    for moment in moments(business, documents):
        code = rng.choices(list(SHARE), list(SHARE.values()))[0]
        sales.append(next_sale(business, company.DIVISIONS[code], creditable[code], moment))
    return business, sales


def next_sale(business: Business, division: Division, creditable: list[Sale], moment: datetime) -> Sale:
    """An invoice, or a credit note for an earlier invoice that has none yet."""
    if len(creditable) > 5 and business.rng.random() < CREDIT_NOTES:
        return credit_note(business, creditable.pop(business.rng.randrange(len(creditable))), moment)
    sale = invoice(business, business.rng.choice(business.customers[division.code]), moment)
    if not sale.allowances:
        creditable.append(sale)
    return sale


def moments(business: Business, count: int) -> Iterator[datetime]:
    """Ascending times of day in business hours, none on the anchor day itself (it may not be over)."""
    start = datetime.combine(business.anchor - timedelta(days=DAYS), time(7), tzinfo=UTC)
    for minute in sorted(business.rng.randrange(DAYS * 600) for _ in range(count)):
        yield start + timedelta(days=minute // 600, minutes=minute % 600, microseconds=business.rng.randrange(1_000_000))


def customer(business: Business, division: Division, number: int) -> Customer:
    rng = business.rng
    regions = company.REGIONS[division.code]
    region = rng.choices(regions, [each.weight for each in regions])[0]
    place, trade_name = company.PLACES[number % len(company.PLACES)], rng.choice(company.TRADES)
    name = f"{place} {trade_name} {company.LEGAL_FORMS[region.country]}"
    foreign = [code for code in company.PER_USD if code != division.currency]
    return Customer(
        customer_id=list(company.DIVISIONS).index(division.code) * 1000 + number,
        code=f"C-{division.code}-{number:04d}",
        division=division.code,
        name=f"{name} ({number})" if number > len(company.PLACES) else name,
        customer_class=company.CUSTOMER_CLASSES[number % len(company.CUSTOMER_CLASSES)],
        vat_id=digits(rng, VAT_ID_SHAPES.get(region.country, "")),
        currency=rng.choice(foreign) if rng.random() < FOREIGN_CURRENCY else division.currency,
        terms=rng.choice(USUAL_TERMS),
        tax_code=region.tax_code,
        discount=Decimal(rng.choice(("0", "0", "2.5", "5", "10"))),
        email=f"accounts@{place.lower()}-{number}.example",
        billing=address(rng, region),
        shipping=tuple(address(rng, region) for _ in range(rng.randint(1, 3))),
    )


def digits(rng: Random, shape: str) -> str:
    return "".join(str(rng.randint(1, 9)) if each == "#" else each for each in shape)


def address(rng: Random, region: Region) -> Address:
    city, state, postal_code = rng.choice(region.cities)
    line1 = f"{rng.randint(1, 240)} {rng.choice(company.STREETS)}"
    return Address(line1=line1, city=city, region=state, postal_code=postal_code, country=region.country)


def invoice(business: Business, buyer: Customer, moment: datetime) -> Sale:
    """A complete invoice with order and shipment references, totals and exchange rate."""
    terms = company.TERMS[buyer.terms]
    lines = tuple(invoice_lines(business, buyer))
    sale = totalled(
        Sale(
            document_type="invoice",
            number=business.next_number(f"{buyer.division}-SI"),
            division=buyer.division,
            customer=buyer,
            issue_date=moment.date(),
            due_date=moment.date() + timedelta(days=terms.net_days),
            terms=buyer.terms,
            currency=buyer.currency,
            exchange_rate=exchange_rate(buyer),
            order_number=business.next_number(f"{buyer.division}-SO"),
            customer_po=f"PO-{business.rng.randint(10_000, 99_999)}",
            shipment_number=business.next_number(f"{buyer.division}-SH"),
            ship_to=business.rng.choice(buyer.shipping),
            note=business.rng.choice((None, None, None, "Deliver to the rear gate.", "Please quote our number with your payment.")),
            lines=lines,
            changed_at=moment,
        )
    )
    return with_volume_discount(sale) if business.rng.random() < 0.12 else sale


def exchange_rate(buyer: Customer) -> Decimal | None:
    """Units of the division's currency for one unit of the customer's; None where they are the same."""
    home = company.DIVISIONS[buyer.division].currency
    if buyer.currency == home:
        return None
    return (company.PER_USD[home] / company.PER_USD[buyer.currency]).quantize(Decimal("0.000001"))


def with_volume_discount(sale: Sale) -> Sale:
    """2 % off what is charged at the document's first tax code, as an allowance of the whole document."""
    code = sale.lines[0].tax_code
    base = sum((line.line_net for line in sale.lines if line.tax_code == code), ZERO)
    discount = SaleAllowance(
        reason="Volume discount", base_amount=base, percent=Decimal(2), amount=cents(base * Decimal("0.02")), tax_code=code
    )
    return totalled(replace(sale, allowances=(discount,)))


def invoice_lines(business: Business, buyer: Customer) -> Iterator[SaleLine]:
    rng = business.rng
    by_kind = {kind: [item for item in business.catalogue if item.kind == kind] for kind in ("item", "service", "freight")}
    goods = rng.sample(by_kind["item"], rng.choices((1, 2, 3, 4, 6, 8), (20, 25, 20, 15, 12, 8))[0])
    for item in goods:
        yield sale_line(business, buyer, item)
    if rng.random() < 0.30:
        yield sale_line(business, buyer, rng.choice(by_kind["service"]))
    if rng.random() < 0.45:
        heavy = any(item.code.startswith("CMP-") for item in goods)
        yield sale_line(business, buyer, by_kind["freight"][1 if heavy else 0])


def sale_line(business: Business, buyer: Customer, item: Item) -> SaleLine:
    """A line for `item`; the customer's discount is left out where it would round in two ways."""
    quantity = Decimal(draw_quantity(business.rng, item))
    tax_code = company.SERVICE_TAX.get((buyer.tax_code, item.code), buyer.tax_code)
    line = SaleLine(
        item_code=item.code,
        description=item.name,
        kind=item.kind,
        revenue_group=item.revenue_group,
        quantity=quantity,
        unit=item.unit,
        unit_price=list_price(item, buyer.currency),
        discount_percent=buyer.discount if item.kind == "item" else ZERO,
        tax_code=tax_code,
        department=department(item, buyer),
        warehouse=warehouse(business.rng, item, buyer),
        serials=serials(business, item, int(quantity)),
    )
    return line if is_unambiguous(line) else replace(line, discount_percent=ZERO)


def department(item: Item, buyer: Customer) -> str:
    """Whose sale it is. The main business divides a document's services from its goods; a side business sells all as its own."""
    if buyer.customer_class not in company.MAIN_CLASSES:
        return "WHOLESALE"
    return "SERVICE" if item.kind == "service" or buyer.customer_class == "SERVICE" else "WHOLESALE"


def warehouse(rng: Random, item: Item, buyer: Customer) -> str:
    """Where goods are taken from: a side business has one store."""
    if item.kind != "item":
        return ""
    return rng.choice(("MAIN", "MAIN", "NORTH")) if buyer.customer_class in company.MAIN_CLASSES else "MAIN"


def draw_quantity(rng: Random, item: Item) -> int:
    if item.kind == "freight":
        return 1
    if item.revenue_group == "EQUIPMENT":
        return rng.choices((1, 2, 3), (80, 15, 5))[0]
    return rng.randint(*QUANTITIES[item.unit])


def serials(business: Business, item: Item, quantity: int) -> tuple[str, ...]:
    if not item.serial_tracked:
        return ()
    return tuple(business.next_number(f"SN-{item.code}") for _ in range(quantity))


def list_price(item: Item, currency: str) -> Decimal:
    """The list price at the fixed rate: two decimals, three for what costs less than 50."""
    price = item.list_price_usd * company.PER_USD[currency]
    return price.quantize(Decimal("0.001") if price < 50 else Decimal("0.01"))


def credit_note(business: Business, original: Sale, moment: datetime) -> Sale:
    """A credit note for one or two lines of an earlier invoice, in part or in full; it keeps the shipment that the goods came with."""
    rng = business.rng
    lines = rng.sample(original.lines, min(len(original.lines), rng.choice((1, 1, 2))))
    return totalled(
        replace(
            original,
            document_type="credit_note",
            number=business.next_number(f"{original.division}-CN"),
            issue_date=moment.date(),
            due_date=moment.date(),
            terms="Due on receipt",
            preceding_number=original.number,
            preceding_date=original.issue_date,
            reason=rng.choice(company.RETURN_REASONS),
            note=None,
            lines=tuple(partly(rng, line) for line in lines),
            changed_at=moment,
        )
    )


def partly(rng: Random, line: SaleLine) -> SaleLine:
    """Some of the line's quantity, or all of it where a part would round in two ways."""
    part = replace(line, quantity=Decimal(rng.randint(1, int(line.quantity))), serials=())
    return part if is_unambiguous(part) else replace(line, serials=())
