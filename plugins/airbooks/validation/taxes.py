"""The tax breakdown: what it says per category and rate, and what each category demands (UNCL5305, EN 16931 annex and national use)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal

from airbooks.canonical import AllowanceCharge, Document, Line, LineKind, TaxCategory, TaxSubtotal, round_amount
from airbooks.canonical.document import ZERO
from airbooks.validation.facts import Facts
from airbooks.validation.lines import HUNDRED
from airbooks.validation.rule import CHARGES, LINES, TAXES, Breach, Rule, each_amount, each_rule, fact_rule, money, rule
from airbooks.validation.totals import part_decimals

Key = tuple[TaxCategory, Decimal]
# The names EN 16931 gives the rules of each category that charges no tax.
UNTAXED = {
    TaxCategory.ZERO: "Z",
    TaxCategory.EXEMPT: "E",
    TaxCategory.REVERSE_CHARGE: "AE",
    TaxCategory.INTRA_COMMUNITY: "IC",
    TaxCategory.EXPORT: "G",
    TaxCategory.OUTSIDE_SCOPE: "O",
}
NEEDS_REASON = tuple(category for category in UNTAXED if category is not TaxCategory.ZERO)


@each_amount(
    TAXES,
    "BR-CO-17",
    field="tax_amount",
    says="tax {stated} is not {rate} % of {taxable_amount} = {expected}.",
    fix="Correct the tax in the sales system: it is computed on the sum of the lines, not line by line.",
)
def tax_is_rate_of_base(subtotal: TaxSubtotal, document: Document) -> Decimal:
    return round_amount(subtotal.taxable_amount * subtotal.rate / HUNDRED, document.currency)


@rule(
    "BR-CO-18",
    field="tax_breakdown",
    says="there is no tax breakdown.",
    fix="Give the tax category, rate, base and tax, even where no tax is due.",
)
def there_is_a_tax_breakdown(document: Document) -> bool:
    return bool(document.tax_breakdown)


def _taxable(document: Document) -> dict[Key, Decimal]:
    """What lines, allowances and charges make the base of each category and rate."""
    bases: dict[Key, Decimal] = defaultdict(Decimal)
    for line in document.lines:
        if line.kind is not LineKind.COMMENT:
            bases[line.tax_category, line.tax_rate] += line.net_amount
    for each in document.allowances_charges:
        bases[each.tax_category, each.tax_rate] += each.amount if each.is_charge else -each.amount
    return bases


def _stated(document: Document) -> dict[Key, Decimal]:
    bases: dict[Key, Decimal] = defaultdict(Decimal)
    for subtotal in document.tax_breakdown:
        bases[subtotal.category, subtotal.rate] += subtotal.taxable_amount
    return bases


@fact_rule(
    "BR-S-08",
    field="tax_breakdown",
    says="the base of tax {category} {rate} % is {base}, but its lines, allowances and charges make {expected}.",
    fix="Correct the tax breakdown, or the tax of the lines, in the sales system.",
)
def base_is_sum_of_its_lines(document: Document, _: Facts) -> Iterable[Breach]:
    """BR-S-08 and its like for the other categories; several subtotals of one category and rate (tax codes) count together."""
    taxable, stated = _taxable(document), _stated(document)
    for key in {**taxable, **stated}:
        expected, base = taxable.get(key, ZERO), stated.get(key, ZERO)
        if expected != base or key not in stated:
            words = {"category": key[0].value, "rate": f"{key[1]:f}"}
            words |= {"base": money(base, document.currency), "expected": money(expected, document.currency)}
            yield Breach(document, words=words)


def _bears_tax(each: Line | AllowanceCharge) -> bool:
    return each.tax_category is not TaxCategory.STANDARD or each.tax_rate > 0


STANDARD_RATE = "tax category S (standard) needs a rate above 0, not {tax_rate} %."
WRONG_CATEGORY = "Correct the tax code in the sales system."


@each_rule(LINES, "BR-S-05", field="tax_rate", says=STANDARD_RATE, fix=WRONG_CATEGORY)
def standard_lines_bear_tax(line: Line) -> bool:
    return _bears_tax(line) or line.kind is LineKind.COMMENT


@each_rule(CHARGES, "BR-S-06", field="tax_rate", says=STANDARD_RATE, fix=WRONG_CATEGORY)
def standard_allowances_bear_tax(each: AllowanceCharge) -> bool:
    """BR-S-06 for allowances, BR-S-07 for charges."""
    return _bears_tax(each)


def _no_tax_on_lines(category: TaxCategory) -> Rule:
    says = f"tax category {category} charges no tax, but the rate is {{tax_rate}} %."

    @each_rule(LINES, f"BR-{UNTAXED[category]}-05", field="tax_rate", says=says, fix=WRONG_CATEGORY)
    def no_tax_on_lines(line: Line) -> bool:
        return line.tax_category is not category or not line.tax_rate

    return no_tax_on_lines


def _no_tax_on_allowances(category: TaxCategory) -> Rule:
    says = f"tax category {category} charges no tax, but the rate is {{tax_rate}} %."

    @each_rule(CHARGES, f"BR-{UNTAXED[category]}-06", field="tax_rate", says=says, fix=WRONG_CATEGORY)
    def no_tax_on_allowances(each: AllowanceCharge) -> bool:
        return each.tax_category is not category or not each.tax_rate

    return no_tax_on_allowances


def _no_tax_in_breakdown(category: TaxCategory) -> Rule:
    says = f"tax category {category} charges no tax, but the breakdown has {{tax_amount}} at {{rate}} %."

    @each_rule(TAXES, f"BR-{UNTAXED[category]}-09", field="tax_amount", says=says, fix=WRONG_CATEGORY)
    def no_tax_in_breakdown(subtotal: TaxSubtotal) -> bool:
        return subtotal.category is not category or not (subtotal.rate or subtotal.tax_amount)

    return no_tax_in_breakdown


def _reason_is_given(category: TaxCategory) -> Rule:
    says = f"tax category {category} charges no tax and needs the reason."

    @each_rule(
        TAXES, f"BR-{UNTAXED[category]}-10", field="exemption_reason", says=says, fix="Enter the exemption reason with the tax code."
    )
    def reason_is_given(subtotal: TaxSubtotal) -> bool:
        return subtotal.category is not category or bool(subtotal.exemption_reason or subtotal.exemption_code)

    return reason_is_given


def _uses(document: Document, category: TaxCategory) -> bool:
    return any(subtotal.category is category for subtotal in document.tax_breakdown)


def _seller_has(document: Document, *ids: str) -> bool:
    """Whether the seller has one of these ids; a source that names no seller leaves them to the platform's company file."""
    return document.seller is None or any(getattr(document.seller, name) for name in ids)


@rule(
    "BR-AE-02",
    field="buyer.vat_id",
    says="reverse charge (AE) needs the seller's tax id and the VAT or company id of customer {buyer.code}.",
    fix="Enter the missing id in the sales system, or charge tax.",
)
def reverse_charge_names_both_tax_ids(document: Document) -> bool:
    if not _uses(document, TaxCategory.REVERSE_CHARGE):
        return True
    return _seller_has(document, "vat_id", "tax_registration") and bool(document.buyer.vat_id or document.buyer.legal_id)


@rule(
    "BR-IC-02",
    field="buyer.vat_id",
    says="an intra-Community supply (K) needs the VAT ids of seller and customer {buyer.code}.",
    fix="Enter the customer's VAT id in the sales system, or charge tax.",
)
def intra_community_names_both_vat_ids(document: Document) -> bool:
    if not _uses(document, TaxCategory.INTRA_COMMUNITY):
        return True
    return _seller_has(document, "vat_id") and bool(document.buyer.vat_id)


@rule(
    "BR-O-11",
    field="tax_breakdown",
    says="tax category O (outside the scope of tax) stands next to others.",
    fix="Put what is outside the scope of tax on a document of its own.",
)
def outside_scope_stands_alone(document: Document) -> bool:
    return not _uses(document, TaxCategory.OUTSIDE_SCOPE) or len({each.category for each in document.tax_breakdown}) == 1


@rule(
    "BR-53",
    field="tax_total_in_tax_currency",
    says="the tax total in the tax currency {tax_currency} is missing.",
    fix="Give the tax total in the tax currency, or none of both.",
)
def tax_currency_has_its_total(document: Document) -> bool:
    return not document.tax_currency or document.tax_total_in_tax_currency is not None


RULES = (
    tax_is_rate_of_base,
    there_is_a_tax_breakdown,
    base_is_sum_of_its_lines,
    standard_lines_bear_tax,
    standard_allowances_bear_tax,
    *(_no_tax_on_lines(category) for category in UNTAXED),
    *(_no_tax_on_allowances(category) for category in UNTAXED),
    *(_no_tax_in_breakdown(category) for category in UNTAXED),
    *(_reason_is_given(category) for category in NEEDS_REASON),
    reverse_charge_names_both_tax_ids,
    intra_community_names_both_vat_ids,
    outside_scope_stands_alone,
    tax_currency_has_its_total,
    part_decimals(TAXES, "BR-DEC-19", "taxable_amount", "base"),
    part_decimals(TAXES, "BR-DEC-20", "tax_amount", "tax"),
)
