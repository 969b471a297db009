"""The damage that real data has (and the oddities that look like damage and are none), one small function per kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from random import Random

from airbooks.erp import company
from airbooks.erp.sale import CENT, ZERO, Customer, Sale, cents, totalled, with_totals

CLOSED_DAY = date(2025, 12, 30)  # before every `open_from` of include/config/routes.yaml: somebody typed last year
SPECIAL_CUSTOMER = 900


@dataclass(frozen=True, slots=True)
class Planted:
    """One damaged document; `ends_in` is "exception", or "delivered" for what is only odd."""

    index: int
    kind: str
    ends_in: str


@dataclass(frozen=True, slots=True)
class Damage:
    """A kind of damage: where it happens, how often in 600 documents, and what it does to a sale."""

    kind: str
    division: str
    apply: Callable[[Sale], Sale]
    count: int = 1
    ends_in: str = "exception"
    suits: Callable[[Sale], bool] = lambda _: True


def missing_customer(sale: Sale) -> Sale:
    return replace(sale, customer=None)


def unmapped_tax_code(sale: Sale) -> Sale:
    """Somebody raised the rate in the sales system and told nobody."""
    return totalled(replace(sale, lines=tuple(replace(line, tax_code="AU-GST15") for line in sale.lines)))


def total_off_by_a_cent(sale: Sale) -> Sale:
    return replace(sale, gross_total=sale.gross_total + CENT)


def tax_off_by_a_cent(sale: Sale) -> Sale:
    """The tax of the first code is a cent off its base; the totals follow it, as where tax was rounded line by line."""
    first, *rest = sale.taxes
    return with_totals(replace(sale, taxes=(replace(first, tax_amount=first.tax_amount + CENT), *rest)))


def line_net_off(sale: Sale) -> Sale:
    """A line amount that is not quantity times price; tax and totals agree with the wrong amount."""
    first, *rest = sale.lines
    wrong = replace(sale, lines=(replace(first, line_net=first.line_net + Decimal(10)), *rest))
    grown = replace(sale.taxes[0], taxable_amount=sale.taxes[0].taxable_amount + Decimal(10))
    tax = cents(grown.taxable_amount * company.TAX_CODES[grown.tax_code].rate / 100)
    return with_totals(replace(wrong, taxes=(replace(grown, tax_amount=tax), *sale.taxes[1:])))


def zero_price_line(sale: Sale) -> Sale:
    first, *rest = sale.lines
    return totalled(replace(sale, lines=(first, *rest, replace(first, unit_price=ZERO, serials=()))))


def negative_price(sale: Sale) -> Sale:
    """A rebate typed as a line with a negative price."""
    rebate = replace(sale.lines[0], quantity=Decimal(1), unit_price=Decimal(-15), discount_percent=ZERO, serials=())
    return totalled(replace(sale, lines=(*sale.lines, rebate)))


def unknown_currency(sale: Sale) -> Sale:
    return replace(sale, currency="XXX")


def unmapped_currency(sale: Sale) -> Sale:
    return replace(sale, currency="CHF", exchange_rate=Decimal("1.060000"))


def closed_period(sale: Sale) -> Sale:
    return replace(sale, issue_date=CLOSED_DAY)


def unmapped_item(sale: Sale) -> Sale:
    """A new model that sales can sell already and the books do not know."""
    first, *rest = sale.lines
    renamed = replace(first, item_code="CMP-NEW-99", description="Rotary screw compressor 99 kW", serials=())
    return replace(sale, lines=(renamed, *rest))


def unmapped_terms(sale: Sale) -> Sale:
    return replace(sale, terms="Net 45 EOM")


def no_route(sale: Sale) -> Sale:
    lines = tuple(replace(line, tax_code="NZ-GST15") for line in sale.lines)
    return totalled(replace(sale, division="NZ", number=sale.number.replace("AU-", "NZ-"), lines=lines, exchange_rate=None, currency="AUD"))


def missing_vat_id(sale: Sale) -> Sale:
    return with_customer(sale, 1, vat_id="")


def missing_unit(sale: Sale) -> Sale:
    first, *rest = sale.lines
    return replace(sale, lines=(replace(first, unit=None), *rest))


def blank_description(sale: Sale) -> Sale:
    first, *rest = sale.lines
    return replace(sale, lines=(replace(first, description=" "), *rest))


def no_due_date(sale: Sale) -> Sale:
    return replace(sale, due_date=None, terms=None)


def thousand_lines(sale: Sale) -> Sale:
    """A spare-parts order of 1,000 lines."""
    parts = [line for line in sale.lines if line.revenue_group == "PARTS"]
    lines = (replace(parts[n % len(parts)], quantity=Decimal(1 + n % 7), discount_percent=ZERO) for n in range(1000))
    return totalled(replace(sale, lines=tuple(lines)))


def five_decimal_price(sale: Sale) -> Sale:
    first, *rest = sale.lines
    small = replace(first, unit_price=Decimal("12.33515"), quantity=Decimal(20), discount_percent=ZERO, serials=())
    return totalled(replace(sale, lines=(small, *rest)))


def emoji_name(sale: Sale) -> Sale:
    return with_customer(sale, 2, name="Kältewerk Ünal 🛠️ GmbH")


def xml_characters(sale: Sale) -> Sale:
    return with_customer(sale, 3, name='Tanks & "Pipes" <Valves> ]]> Ltd')


def control_characters(sale: Sale) -> Sale:
    return with_customer(sale, 4, name="Foundry\x0b Supplies\x1f Ltd\t")


def with_customer(sale: Sale, number: int, **changes: str) -> Sale:
    """The sale made to a customer of its own, so that no other document shares the oddity."""
    buyer = required_customer(sale)
    special = SPECIAL_CUSTOMER + number
    own = {"customer_id": buyer.customer_id // 1000 * 1000 + special, "code": f"C-{sale.division}-{special:04d}", **changes}
    return replace(sale, customer=replace(buyer, **own))  # type: ignore[arg-type]


def required_customer(sale: Sale) -> Customer:
    if sale.customer is None:
        raise ValueError(f"{sale.number} has no customer")
    return sale.customer


def is_main_business(sale: Sale) -> bool:
    return required_customer(sale).customer_class in company.MAIN_CLASSES


def is_domestic(sale: Sale) -> bool:
    return sale.exchange_rate is None


def is_plain(sale: Sale) -> bool:
    """In the division's own currency and without an allowance, whose base would have to follow the lines."""
    return is_domestic(sale) and not sale.allowances


def has_parts(sale: Sale) -> bool:
    return is_plain(sale) and any(line.revenue_group == "PARTS" for line in sale.lines)


def sells_all_at(code: str) -> Callable[[Sale], bool]:
    """Plain sales whose lines all bear `code`."""
    return lambda sale: is_plain(sale) and {line.tax_code for line in sale.lines} == {code}


def is_worth_a_rebate(sale: Sale) -> bool:
    return is_plain(sale) and sale.lines[0].line_net > 100


DAMAGES = (
    Damage("missing_customer", "UK", missing_customer, count=2),
    Damage("unmapped_tax_code", "AU", unmapped_tax_code, count=3, suits=sells_all_at("AU-GST10")),
    Damage("total_off_by_a_cent", "US", total_off_by_a_cent, count=2),
    Damage("tax_off_by_a_cent", "EU", tax_off_by_a_cent, suits=sells_all_at("DE-S19")),
    Damage("line_net_off", "UK", line_net_off, suits=sells_all_at("GB-S20")),
    Damage("zero_price_line", "US", zero_price_line, count=2, suits=is_plain),
    Damage("negative_price", "AU", negative_price, suits=is_worth_a_rebate),
    Damage("unknown_currency", "EU", unknown_currency),
    Damage("unmapped_currency", "EU", unmapped_currency, suits=is_domestic),
    Damage("closed_period", "US", closed_period, suits=is_domestic),
    Damage("unmapped_item", "US", unmapped_item, count=2, suits=is_domestic),
    Damage("unmapped_terms", "UK", unmapped_terms, suits=is_domestic),
    Damage("no_route", "AU", no_route, suits=sells_all_at("AU-GST10")),
    Damage("missing_vat_id", "EU", missing_vat_id, suits=sells_all_at("DE-IC")),
    Damage("missing_unit", "AU", missing_unit, suits=is_domestic),
    Damage("blank_description", "AU", blank_description, suits=is_domestic),
    Damage("no_due_date", "EU", no_due_date, suits=is_domestic),
    Damage("thousand_lines", "AU", thousand_lines, ends_in="delivered", suits=has_parts),
    Damage("five_decimal_price", "US", five_decimal_price, ends_in="delivered", suits=is_plain),
    Damage("emoji_name", "EU", emoji_name, ends_in="delivered", suits=sells_all_at("DE-S19")),
    Damage("xml_characters", "UK", xml_characters, ends_in="delivered", suits=is_domestic),
    Damage("control_characters", "UK", control_characters, ends_in="delivered", suits=is_domestic),
)


def plant(rng: Random, sales: list[Sale]) -> tuple[list[Sale], list[Planted]]:
    """The sales with every kind of damage planted; no document is damaged twice, and none that a credit note refers to."""
    damaged = list(sales)
    credited = {sale.preceding_number for sale in sales}
    free = [n for n, sale in enumerate(sales) if sale.document_type == "invoice" and sale.number not in credited]
    rng.shuffle(free)
    planted: list[Planted] = []
    for damage in DAMAGES:
        for index in take(free, sales, damage, max(1, damage.count * len(sales) // 600)):
            damaged[index] = damage.apply(sales[index])
            planted.append(Planted(index, damage.kind, damage.ends_in))
    planted += repeat_number(free, damaged)
    return damaged, planted


def take(free: list[int], sales: list[Sale], damage: Damage, count: int) -> list[int]:
    """The indices of the first `count` undamaged sales that suit, of the main business if there are any; they are no longer free."""
    suitable = [n for n in free if sales[n].division == damage.division and damage.suits(sales[n])]
    chosen = sorted(suitable, key=lambda n: not is_main_business(sales[n]))[:count]
    for index in chosen:
        free.remove(index)
    return chosen


def repeat_number(free: list[int], sales: list[Sale]) -> list[Planted]:
    """A later UK invoice bears the number of an earlier good one."""
    candidates = sorted(n for n in free if sales[n].division == "UK")
    if len(candidates) < 2:
        return []
    first, second = candidates[0], candidates[-1]
    sales[second] = replace(sales[second], number=sales[first].number)
    return [Planted(second, "duplicate_number", "exception")]
