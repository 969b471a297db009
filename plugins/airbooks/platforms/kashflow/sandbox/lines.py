"""Lines of invoices: what they must name, and what they add up to."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from airbooks.platforms.kashflow.sandbox.answers import Row, invalid
from airbooks.platforms.kashflow.sandbox.checks import FOUR, flag, known, number, text, whole
from airbooks.sandbox.kit import Store

FIELDS = (
    "Id",
    "Number",
    "Description",
    "Quantity",
    "Rate",
    "VATLevel",
    "VATExempt",
    "VATAmount",
    "NominalCode",
    "ProductCode",
    "ProjectNumber",
    "HomeCurrencyRate",
    "HomeCurrencyVATAmount",
    "TaxCode",
    "Disallowed",
    "ApplyTax1",
    "ApplyTax2",
    "ApplyTax3",
    "ApplyTax4",
    "ApplyTax5",
)


def checked(given: Any, position: int, store: Store, rate: Decimal) -> Row:
    """A line as it is stored; `rate` is foreign units per home unit. The VAT amount is stored as sent, and is 0 if none is."""
    line = known(given, FIELDS, f"Line {position}")
    if "Quantity" not in line or "Rate" not in line:
        raise invalid(f"Line {position} needs Quantity and Rate.")
    nominal = whole(line, "NominalCode")
    if str(nominal) not in store.table("nominals"):
        raise invalid(f"Nominal code {nominal} does not exist.")
    product = text(line, "ProductCode")
    if product and f"{nominal}/{product}" not in store.table("products"):
        raise invalid(f"Product {product} does not exist under nominal code {nominal}.")
    price, vat = number(line, "Rate"), number(line, "VATAmount", Decimal(0))
    return {
        "Id": store.next_number("line"),
        "Number": whole(line, "Number", position),
        "Description": text(line, "Description"),
        "Quantity": number(line, "Quantity"),
        "Rate": price,
        "VATLevel": _vat_level(line, store),
        "VATExempt": flag(line, "VATExempt"),
        "VATAmount": vat,
        "NominalCode": nominal,
        "ProductCode": product or None,
        "ProjectNumber": project(line, store),
        "HomeCurrencyRate": home(price, rate),
        "HomeCurrencyVATAmount": home(vat, rate),
    }


def _vat_level(line: Mapping[str, Any], store: Store) -> Decimal:
    level = number(line, "VATLevel", Decimal(0))
    if format(level.normalize(), "f") not in store.table("vat_rates"):
        raise invalid(f"VAT rate {level} is not one of the account's.")
    return level


def project(row: Mapping[str, Any], store: Store) -> int:
    """The project of a head or a line; 0 is none."""
    named = whole(row, "ProjectNumber")
    if named and str(named) not in store.table("projects"):
        raise invalid(f"Project {named} does not exist.")
    return named


def home(amount: Decimal, rate: Decimal) -> Decimal:
    return (amount / rate).quantize(FOUR, ROUND_HALF_UP)


def totals(lines: list[Row], rate: Decimal, discount: Decimal = Decimal(0)) -> Row:
    """Net is the sum of Quantity x Rate, unrounded to four decimals; VAT is the sum of what the lines say."""
    net = sum((line["Quantity"] * line["Rate"] for line in lines), Decimal(0)) * (100 - discount) / 100
    net, vat = net.quantize(FOUR, ROUND_HALF_UP), sum((line["VATAmount"] for line in lines), Decimal("0.0000"))
    return {
        "NetAmount": net,
        "VATAmount": vat,
        "GrossAmount": net + vat,
        "HomeCurrencyGrossAmount": home(net + vat, rate),
        "HomeCurrencyVATAmount": home(vat, rate),
    }


def take_stock(lines: list[Row], store: Store, sign: int) -> None:
    """Stock-managed products go down by what is invoiced, and up again when the invoice goes."""
    products = store.table("products")
    for line in lines:
        key = f"{line['NominalCode']}/{line['ProductCode']}"
        if key in products:
            products[key] = {**products[key], "QuantityInStock": products[key]["QuantityInStock"] - sign * line["Quantity"]}
