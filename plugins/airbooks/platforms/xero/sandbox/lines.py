"""One line of a document: what may stand in it, its amount, its tax."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import uuid4

from airbooks.platforms.xero.sandbox.answers import Refused, Row
from airbooks.platforms.xero.sandbox.fields import a_number, folded, rounded
from airbooks.platforms.xero.sandbox.organisation import Organisation

FIELDS = (
    "LineItemID",
    "Description",
    "Quantity",
    "UnitAmount",
    "ItemCode",
    "AccountCode",
    "TaxType",
    "TaxAmount",
    "LineAmount",
    "DiscountRate",
    "DiscountAmount",
    "Tracking",
)
TRACKING = ("Name", "Option", "TrackingCategoryID", "TrackingOptionID")
MONEY = ("Quantity", "UnitAmount", "TaxAmount", "LineAmount", "DiscountRate", "DiscountAmount")
HUNDRED = Decimal(100)


def read_line(raw: Any, organisation: Organisation, *, unitdp: int, mode: str, discounts: bool, known_ids: set[str]) -> Row:
    """A line as it is booked; `known_ids` are the lines the document had, `discounts` whether this kind of document takes any."""
    asked = {name: value for name, value in folded(raw, FIELDS).items() if value is not None and value != []}
    line_id = str(asked.pop("LineItemID", "")).lower()
    line: Row = {"LineItemID": line_id if line_id in known_ids else str(uuid4())}
    asked |= {name: a_number(asked[name], name) for name in MONEY if name in asked}
    if set(asked) == {"Description"}:
        return {**line, "Description": _description(asked)}  # text only: no amount, no account
    asked = _with_item(asked, organisation)
    line |= {"Description": _description(asked), **({"ItemCode": asked["ItemCode"]} if "ItemCode" in asked else {})}
    line |= _amounts(asked, unitdp=unitdp, discounts=discounts)
    line |= _account_and_tax(asked, line["LineAmount"], organisation, mode)
    return {**line, "Tracking": _tracking(asked.get("Tracking", []), organisation)}


def _description(asked: Row) -> str:
    text = str(asked.get("Description", ""))
    if not text:
        raise Refused("Description must be specified.")
    if len(text) > 4000:
        raise Refused("The description exceeds the maximum length of 4000.")
    return text


def _with_item(asked: Row, organisation: Organisation) -> Row:
    """An item supplies what the line leaves out."""
    if "ItemCode" not in asked:
        return asked
    item = organisation.items.get(str(asked["ItemCode"]))
    if item is None:
        raise Refused(f"Item code '{asked['ItemCode']}' is not valid.")
    sales = item["SalesDetails"]
    return {"Description": item["Description"], **sales, **asked, "UnitAmount": asked.get("UnitAmount", sales["UnitPrice"])}


def _amounts(asked: Row, *, unitdp: int, discounts: bool) -> Row:
    """Quantity of four decimals, price of `unitdp`, and the amount they make; a given amount must agree."""
    rate, off = asked.get("DiscountRate"), asked.get("DiscountAmount")
    if not discounts and (rate or off):
        raise Refused("Discounts are only supported on sales invoices.")
    if rate is not None and not 0 <= rate <= HUNDRED:
        raise Refused("The discount rate must be between 0 and 100.")
    quantity = rounded(asked.get("Quantity", Decimal(1)), 4)
    unit = rounded(asked.get("UnitAmount", Decimal(0)), unitdp)
    amount = rounded(quantity * unit * (HUNDRED - rate) / HUNDRED) if rate is not None else rounded(quantity * unit - (off or 0))
    given = asked.get("LineAmount")
    if given is not None and given != amount:
        raise Refused(f"The line total {given} does not match the expected line total {amount}")
    kept = {"DiscountRate": rate, "DiscountAmount": off}
    return {
        "Quantity": quantity,
        "UnitAmount": unit,
        "LineAmount": amount,
        **{name: value for name, value in kept.items() if value is not None},
    }


def _account_and_tax(asked: Row, amount: Decimal, organisation: Organisation, mode: str) -> Row:
    found: Row = {}
    account = organisation.accounts.get(str(asked.get("AccountCode", "")))
    if "AccountCode" in asked:
        if account is None or account["Status"] != "ACTIVE" or account["Type"] == "BANK":
            raise Refused(f"Account code '{asked['AccountCode']}' is not a valid code for this document.")
        found["AccountCode"] = account["Code"]
    code = str(asked.get("TaxType") or (account["TaxType"] if account else "NONE"))
    rate = Decimal(0)
    if code != "NONE":
        tax = organisation.taxes.get(code)
        if tax is None or tax["Status"] != "ACTIVE":
            raise Refused(f"TaxType code '{code}' does not exist or cannot be used for this type of transaction.")
        if not tax["CanApplyToRevenue"]:
            raise Refused(f"The TaxType code '{code}' cannot be used with account code '{asked.get('AccountCode', '')}'.")
        rate = tax["EffectiveRate"]
    return {**found, "TaxType": code, "TaxAmount": _tax(asked, amount, rate, mode)}


def _tax(asked: Row, amount: Decimal, rate: Decimal, mode: str) -> Decimal:
    """A given amount wins."""
    if mode == "NoTax":
        return Decimal("0.00")
    if "TaxAmount" in asked:
        return rounded(asked["TaxAmount"])
    if mode == "Inclusive":
        return rounded(amount * rate / (HUNDRED + rate))
    return rounded(amount * rate / HUNDRED)


def _tracking(raw: Any, organisation: Organisation) -> list[Row]:
    asked = [folded(each, TRACKING) for each in raw]
    if len(asked) > 2:
        raise Refused("A line item may have at most two tracking categories.")
    found = [_option(each, organisation) for each in asked]
    if len({each["TrackingCategoryID"] for each in found}) != len(found):
        raise Refused("A tracking category can be used once on a line item.")
    return found


def _option(asked: Row, organisation: Organisation) -> Row:
    categories = list(organisation.tracking.values())
    category = next(
        (each for each in categories if asked.get("TrackingCategoryID") == each["TrackingCategoryID"] or asked.get("Name") == each["Name"]),
        None,
    )
    options = category["Options"] if category else []
    option = next(
        (each for each in options if asked.get("TrackingOptionID") == each["TrackingOptionID"] or asked.get("Option") == each["Name"]), None
    )
    if category is None or option is None:
        raise Refused(f"The tracking option '{asked.get('Option') or asked.get('TrackingOptionID')}' could not be found.")
    return {
        "Name": category["Name"],
        "Option": option["Name"],
        "TrackingCategoryID": category["TrackingCategoryID"],
        "TrackingOptionID": option["TrackingOptionID"],
    }
