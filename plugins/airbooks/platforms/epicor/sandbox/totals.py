"""What Epicor computes of an invoice at every save: extended prices, taxes by region and category, totals and balance."""

from __future__ import annotations

from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal

from airbooks.platforms.epicor.sandbox.company import Company, cents
from airbooks.platforms.epicor.sandbox.refusal import rule_broken
from airbooks.sandbox.kit import Row

ZERO = Decimal(0)
_PER = {"E": Decimal(1), "C": Decimal(100), "M": Decimal(1000)}
_PRICE, _QUANTITY = Decimal("0.00001"), Decimal("0.00000001")


def extend(line: Row) -> None:
    """Quantity x price, and the discount that a percentage makes; whatever the caller sent as extended price is ignored."""
    if line["PricePerCode"] not in _PER:
        raise rule_broken("Price Per Code must be E, C or M.", "InvcDtl", "PricePerCode")
    line["SellingShipQty"] = line["SellingShipQty"].quantize(_QUANTITY, ROUND_HALF_UP)
    line["DocUnitPrice"] = line["DocUnitPrice"].quantize(_PRICE, ROUND_HALF_UP)
    line["DocExtPrice"] = cents(line["SellingShipQty"] * line["DocUnitPrice"] / _PER[line["PricePerCode"]])
    if line["DiscountPercent"]:
        line["DocDiscount"] = cents(line["DocExtPrice"] * line["DiscountPercent"] / 100)
    if line["DocDiscount"] and line["DocDiscount"] > line["DocExtPrice"]:
        raise rule_broken("Discount must not exceed the extended price.", "InvcDtl", "DocDiscount")


def total(company: Company, invoice: Row) -> None:
    """Taxes (only once the invoice is ready to calculate), totals, and the balance of one that is not posted."""
    head = invoice["head"]
    invoice["InvcTax"] = _taxes(company, invoice) if head["ReadyToCalc"] else []
    net = sum((line["DocExtPrice"] - line["DocDiscount"] for line in invoice["InvcDtl"]), ZERO)
    net += sum((misc["DocMiscAmt"] for misc in invoice["InvcMisc"]), ZERO)
    sign = -1 if head["CreditMemo"] else 1
    head["DocTaxAmt"] = sign * sum((tax["DocTaxAmt"] for tax in invoice["InvcTax"]), ZERO)
    head["DocInvoiceAmt"] = sign * net + head["DocTaxAmt"]
    head["DocInvoiceBal"] = head["DocInvoiceAmt"]
    to_base(head)


def to_base(head: Row) -> None:
    """The amounts in the company's currency: foreign x rate."""
    for field in ("InvoiceAmt", "TaxAmt", "InvoiceBal"):
        head[field] = cents(head[f"Doc{field}"] * head["ExchangeRate"])
    head["UnpostedBal"] = head["InvoiceBal"]


def _taxes(company: Company, invoice: Row) -> list[Row]:
    bases: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
    region = invoice["head"]["TaxRegionCode"]
    for line in invoice["InvcDtl"]:
        bases[line["TaxRegionCode"] or region, line["TaxCatID"]].append(line["DocExtPrice"] - line["DocDiscount"])
    for misc in invoice["InvcMisc"]:
        bases[region, misc["TaxCatID"]].append(misc["DocMiscAmt"])
    wrong = company.struck("wrong_tax")
    per_line = company.struck("tax_per_line") is not None
    return [_tax(company, invoice, key, amounts, wrong, per_line) for key, amounts in bases.items() if key[0]]


def _tax(company: Company, invoice: Row, key: tuple[str, str], amounts: list[Decimal], wrong: Row | None, per_line: bool) -> Row:
    region, category = key
    percent = company.get("TaxRgn", region)["_percent"] if category == "TAXABLE" else ZERO
    if wrong is not None and percent:
        percent = Decimal(str(wrong.get("percent", "9.5")))
    shares = amounts if per_line else [sum(amounts, ZERO)]
    return {
        "InvoiceNum": invoice["head"]["InvoiceNum"],
        "InvoiceLine": 0,
        "TaxCode": f"{region}-{category}",
        "RateCode": region,
        "Percent": percent,
        "DocTaxableAmt": sum(amounts, ZERO),
        "DocTaxAmt": sum((cents(share * percent / 100) for share in shares), ZERO),
        "Manual": False,
        "RowMod": "",
    }
