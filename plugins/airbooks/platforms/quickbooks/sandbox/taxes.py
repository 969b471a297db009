"""Sales tax as the server computes it: per rate over summed nets, by the regime of the company's country.

US companies put TAX or NON on a line and one tax code on the transaction; all others put a tax code on every line.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from airbooks.platforms.quickbooks.sandbox.answers import Fault, Row, business, required
from airbooks.platforms.quickbooks.sandbox.realm import Realm, cents


def tax_of(realm: Realm, body: Row, lines: list[Row], discount: Decimal) -> tuple[Decimal, Row]:
    """The tax total and the TxnTaxDetail to read back; `lines` are the checked lines, `discount` the document discount."""
    sales = [line for line in lines if line["DetailType"] == "SalesItemLineDetail" and "ItemRef" in line["SalesItemLineDetail"]]
    nets = _nets_by_code(realm, body, sales)
    subtotal = sum((line["Amount"] for line in sales), Decimal(0))
    if body.get("ApplyTaxAfterDiscount") and subtotal:
        nets = {code: net - cents(discount * net / subtotal) for code, net in nets.items()}
    if realm.is_us and realm.settings["automated_sales_tax"]:
        return _automated(realm, body, nets)
    tax_lines = [line for code, net in nets.items() for line in _tax_lines(realm, code, net)]
    total = sum((line["Amount"] for line in tax_lines), Decimal(0))
    code = body.get("TxnTaxDetail", {}).get("TxnTaxCodeRef")
    named = {"TxnTaxCodeRef": realm.named("TaxCode", code, "TxnTaxCodeRef")} if code else {}
    return total, {**named, "TotalTax": total, "TaxLine": tax_lines}


def _nets_by_code(realm: Realm, body: Row, sales: list[Row]) -> dict[str, Decimal]:
    """Net amount per tax code id; in the US the taxable lines all go to the transaction's one code."""
    nets: dict[str, Decimal] = defaultdict(Decimal)
    for line in sales:
        code = _us_code(realm, body, line) if realm.is_us else _line_code(realm, body, line)
        if code:
            nets[code] += line["Amount"]
    return nets


def _us_code(realm: Realm, body: Row, line: Row) -> str:
    code = line["SalesItemLineDetail"].setdefault("TaxCodeRef", {"value": "NON"})["value"]
    if code not in ("TAX", "NON"):
        raise Fault("6100", "Invalid tax code", f"Invalid tax code {code}: US companies take TAX or NON on a line", element="TaxCodeRef")
    chosen = body.get("TxnTaxDetail", {}).get("TxnTaxCodeRef")
    if chosen:
        realm.reference("TaxCode", chosen, "TxnTaxCodeRef")
    if code == "NON":
        return ""
    return "automated" if realm.settings["automated_sales_tax"] else str((chosen or {}).get("value", ""))


def _line_code(realm: Realm, body: Row, line: Row) -> str:
    if "GlobalTaxCalculation" not in body:
        raise required("GlobalTaxCalculation")
    if body["GlobalTaxCalculation"] == "NotApplicable":
        return ""
    code = line["SalesItemLineDetail"].get("TaxCodeRef")
    if code is None:
        raise business("Make sure all your transactions have a GST/VAT rate before you save", "TaxCodeRef")
    return str(realm.reference("TaxCode", code, "TaxCodeRef")["Id"])


def _tax_lines(realm: Realm, code: str, net: Decimal) -> list[Row]:
    details = realm.table("TaxCode")[code]["SalesTaxRateList"]["TaxRateDetail"]
    return [_tax_line(realm.table("TaxRate")[detail["TaxRateRef"]["value"]], net) for detail in details]


def _tax_line(rate: Row, net: Decimal) -> Row:
    amount = cents(net * rate["RateValue"] / 100)
    detail = {"TaxRateRef": {"value": rate["Id"]}, "PercentBased": True, "TaxPercent": rate["RateValue"], "NetAmountTaxable": net}
    return {"Amount": amount, "DetailType": "TaxLineDetail", "TaxLineDetail": detail}


def _automated(realm: Realm, body: Row, nets: dict[str, Decimal]) -> tuple[Decimal, Row]:
    """Automated Sales Tax: the rate of the place the goods go to; a TotalTax in the request overrides it."""
    place = (body.get("ShipAddr") or body.get("BillAddr") or {}).get("CountrySubDivisionCode", "")
    rate = Decimal(realm.settings["state_rates"].get(place, "0"))
    computed = cents(sum(nets.values(), Decimal(0)) * rate / 100)
    total = body.get("TxnTaxDetail", {}).get("TotalTax", computed)
    return total, {"TotalTax": total, "TaxLine": []}
