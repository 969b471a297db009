"""The bodies of orders and rows: which fields they may carry and what they must name. An unknown field is refused."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from airbooks.platforms.brightpearl.sandbox.answers import NO_PARTY, Refusal, Row, moment, number
from airbooks.platforms.brightpearl.sandbox.company import FIRST_STATUS, FREE_TEXT, HOME, Company

ORDER = {
    *("customer", "billing", "ref", "externalRef", "installedIntegrationInstanceId", "placedOn", "taxDate", "statusId", "warehouseId"),
    *("channelId", "leadSourceId", "projectId", "teamId", "staffOwnerId", "priceListId", "priceModeCode", "currency", "delivery", "rows"),
}
ROW = {"productId", "name", "quantity", "taxCode", "net", "tax", "nominalCode", "externalRef", "sequence"}
ADDRESS = {
    *("addressFullName", "companyName", "addressLine1", "addressLine2", "addressLine3", "addressLine4", "postalCode", "countryIsoCode"),
    *("countryId", "telephone", "mobileTelephone", "email"),
}
HEADER_IDS = ("projectId", "teamId", "staffOwnerId", "priceListId")
LISTED_IDS = {"warehouseId": "warehouse", "channelId": "channel", "leadSourceId": "lead source"}
REFERENCE = 64


def only(body: object, fields: set[str], where: str) -> Row:
    if not isinstance(body, dict):
        raise Refusal(f"{where} must be an object")
    for name in body:
        if name not in fields:
            raise Refusal(f"Unrecognised field {name} in {where}")
    return body


def integer(field: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise Refusal(f"{field} must be an integer")
    return value


def text(field: str, value: object, longest: int = 10_000) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise Refusal(f"{field} must be a text of at most {longest} characters")
    return value


def order(company: Company, body: Row, kind: str) -> Row:
    """A new order out of its body: everything but ids, numbers and states."""
    only(body, ORDER | ({"parentId"} if kind == "SC" else set()), "order")
    parties = _parties(company, body)
    status = company.known("status", body.get("statusId", FIRST_STATUS[kind]), "statusId")
    if status["type"] != kind:
        raise Refusal("statusId is a status of another order type")
    if "parentId" in body:
        company.known("order", integer("parentId", body["parentId"]), "parentId")
    sent_rows = body.get("rows")
    if not isinstance(sent_rows, list) or not sent_rows:
        raise Refusal("rows are required")
    return {
        **parties,
        **_dates(company, body),
        **_header(company, body),
        **currency(company, body.get("currency", {})),
        "parent": body.get("parentId", 0),
        "reference": text("ref", body.get("ref", ""), REFERENCE),
        "external": text("externalRef", body["externalRef"]) if "externalRef" in body else None,
        "instance": integer("installedIntegrationInstanceId", body.get("installedIntegrationInstanceId", 0)) or None,
        "status": status["id"],
        "sent_rows": [row(company, each) for each in sent_rows],
    }


def _parties(company: Company, body: Row) -> Row:
    customer = only(body.get("customer", {}), {"id", "address"}, "customer")
    billing = only(body.get("billing", {}), {"contactId", "address"}, "billing")
    contact = company.known("contact", customer.get("id"), "customer.id", NO_PARTY)
    if "contactId" in billing:
        company.known("contact", billing["contactId"], "billing.contactId", NO_PARTY)
    delivery = only(body.get("delivery", {}), {"date", "shippingMethodId", "address"}, "delivery")
    parties = {"customer": customer, "billing": billing, "delivery": delivery}
    addresses = {name: only(party.get("address", {}), ADDRESS, f"{name}.address") for name, party in parties.items()}
    return {
        "customer": contact["id"],
        "billing": billing.get("contactId", contact["id"]),
        "addresses": addresses,
        "delivery_date": moment("delivery.date", delivery["date"]) if "date" in delivery else None,
        "shipping_method": delivery.get("shippingMethodId", 0),
    }


def _dates(company: Company, body: Row) -> Row:
    now = company.now()
    return {name: moment(field, body[field]) if field in body else now for name, field in (("placed", "placedOn"), ("tax_date", "taxDate"))}


def _header(company: Company, body: Row) -> Row:
    for field, table in LISTED_IDS.items():
        if field in body:
            company.known(table, integer(field, body[field]), field)
    mode = body.get("priceModeCode", "EXC")
    if mode not in ("EXC", "INC"):
        raise Refusal("priceModeCode must be EXC or INC")
    ids = {field: integer(field, body.get(field, 0)) for field in (*HEADER_IDS, *LISTED_IDS)}
    return {"header": {**ids, "warehouseId": ids["warehouseId"] or 1}, "price_mode": mode}


def currency(company: Company, given: object) -> Row:
    """Without a fixed rate the account's own is used."""
    sent = only(given, {"code", "fixedExchangeRate", "exchangeRate"}, "currency")
    code = sent.get("code", HOME)
    known = company.known("currency", code, "currency.code")
    fixed = sent.get("fixedExchangeRate", False)
    if fixed and "exchangeRate" not in sent:
        raise Refusal("currency.exchangeRate is required with fixedExchangeRate")
    rate = number("currency.exchangeRate", sent["exchangeRate"], 6) if fixed else known["rate"]
    if rate <= 0:
        raise Refusal("currency.exchangeRate must be above zero")
    return {"currency": code, "rate": rate, "fixed": fixed}


def row(company: Company, body: object) -> Row:
    """One row in the words of POST /sales-order: amounts are line totals and stored as given."""
    sent = only(body, ROW, "row")
    if ("productId" in sent) == ("name" in sent):
        raise Refusal("A row has either a productId or a name")
    product = company.known("product", integer("productId", sent.get("productId", FREE_TEXT)), "productId")
    for name in ("quantity", "net", "tax"):
        text(f"row.{name}", sent.get(name))
    return _stored(
        company,
        product,
        {
            "name": text("row.name", sent["name"]) if "name" in sent else product["name"],
            "quantity": number("row.quantity", sent["quantity"], 4),
            "tax_code": company.known("tax", sent.get("taxCode"), "taxCode")["code"],
            "net": number("row.net", sent["net"], 4),
            "tax": number("row.tax", sent["tax"], 2),
            "nominal": sent.get("nominalCode", "4000"),
            "external": sent.get("externalRef"),
            "sequence": integer("row.sequence", sent.get("sequence", 0)),
        },
    )


def legacy_row(company: Company, body: object) -> Row:
    """One row in the words of POST /order/{id}/row."""
    sent = only(body, {"productId", "productName", "quantity", "rowValue", "nominalCode"}, "row")
    value = only(sent.get("rowValue", {}), {"taxCode", "rowNet", "rowTax"}, "rowValue")
    if ("productId" in sent) == ("productName" in sent):
        raise Refusal("A row has either a productId or a productName")
    product = company.known("product", integer("productId", sent.get("productId", FREE_TEXT)), "productId")
    net, tax = (value.get(name, {}).get("value") for name in ("rowNet", "rowTax"))
    return _stored(
        company,
        product,
        {
            "name": text("productName", sent["productName"]) if "productName" in sent else product["name"],
            "quantity": number("quantity.magnitude", sent.get("quantity", {}).get("magnitude"), 4),
            "tax_code": company.known("tax", value.get("taxCode"), "taxCode")["code"],
            "net": number("rowNet", net, 4),
            "tax": number("rowTax", tax, 2),
            "nominal": sent.get("nominalCode", "4000"),
            "external": None,
            "sequence": 0,
        },
    )


def _stored(company: Company, product: Row, row: Row) -> Row:
    if product["stock"] and row["quantity"] != int(row["quantity"]):
        raise Refusal("Stock tracked products need a whole quantity")
    company.known("nominal", row["nominal"], "nominalCode")
    return {**row, "product": product["id"], "sku": product["sku"]}


def rate_of(company: Company, code: str) -> Decimal:
    found: Decimal = company.table("tax")[code].get("rate", Decimal(0))
    return found


def patched(company: Company, changes: Mapping[str, object]) -> Row:
    """What PATCH /order may change, by its path."""
    made: Row = {}
    for path, value in changes.items():
        if path == "/reference":
            made["reference"] = text("reference", value, REFERENCE)
        elif path in ("/parties/customer/contactId", "/parties/billing/contactId"):
            company.known("contact", value, path, NO_PARTY)
            made[path.split("/")[2]] = integer(path, value)
        elif path == "/warehouseId":
            company.known("warehouse", integer(path, value), path)
            made["warehouse"] = value
        elif path == "/delivery/deliveryDate":
            made["delivery_date"] = moment(path, value)
        elif path == "/delivery/shippingMethodId":
            made["shipping_method"] = integer(path, value)
        else:
            raise Refusal(f"{path} cannot be patched")
    return made
