"""Mutations on customers, products and invoice payments."""

from __future__ import annotations

import re
from decimal import Decimal

from airbooks.platforms.wave.sandbox.business import Business, input_error
from airbooks.platforms.wave.sandbox.schema import rounded
from airbooks.sandbox.kit import Row

CUSTOMER = (
    "name",
    "displayId",
    "email",
    "firstName",
    "lastName",
    "phone",
    "mobile",
    "internalNotes",
    "currency",
    "address",
    "shippingDetails",
)
INCOME = {"INCOME", "DISCOUNTS", "OTHER_INCOME"}
DEPOSIT = {"CASH_AND_BANK", "MONEY_IN_TRANSIT"}


def create_customer(business: Business, given: Row) -> Row:
    """A new customer; names and e-mail addresses may repeat."""
    return business.add("Customer", {**dict.fromkeys(CUSTOMER), "isArchived": False, **_customer(given)})


def patch_customer(business: Business, given: Row) -> Row:
    row = business.named("Customer", given["id"], "id")
    return business.keep("Customer", {**row, **_customer(given)})


def delete_customer(business: Business, given: Row) -> None:
    row = business.named("Customer", given["id"], "id")
    if any(each["customer"] == row["id"] for each in business.table("Invoice").values()):
        raise input_error("id", "Customer has invoices.")
    del business.table("Customer")[row["id"]]


def _customer(given: Row) -> Row:
    if "name" in given and not (given["name"] or "").strip():
        raise input_error("name", "Name is required.")
    for path, address in (
        ("address", given.get("address")),
        ("shippingDetails.address", (given.get("shippingDetails") or {}).get("address")),
    ):
        province = (address or {}).get("provinceCode")
        if province and not re.fullmatch(r"[A-Z]{2}-[A-Z0-9]{1,3}", province):
            raise input_error(f"{path}.provinceCode", f"Province '{province}' could not be found.", "NOT_FOUND")
    return {name: given[name] for name in CUSTOMER if name in given}


def create_product(business: Business, given: Row) -> Row:
    account = given.get("incomeAccountId")
    if account and business.named("Account", account, "incomeAccountId")["subtype"] not in INCOME:
        raise input_error("incomeAccountId", "Account must be an income account.")
    taxes = [business.named("SalesTax", each, "defaultSalesTaxIds")["id"] for each in given.get("defaultSalesTaxIds") or ()]
    row = {"name": given["name"], "description": given.get("description"), "unitPrice": rounded(given["unitPrice"], 5)}
    return business.add("Product", {**row, "incomeAccount": account, "defaultSalesTaxes": taxes, "isArchived": False})


def archive_product(business: Business, given: Row) -> Row:
    row = business.named("Product", given["id"], "id")
    return business.keep("Product", {**row, "isArchived": True})


def create_payment(business: Business, given: Row, *, touches_invoice: bool) -> Row:
    """A manual payment of one invoice. That drafts are refused, and that a payment changes the invoice's change time, is UNVERIFIED."""
    invoice = business.named("Invoice", given["invoiceId"], "invoiceId")
    account = business.named("Account", given["paymentAccountId"], "paymentAccountId")
    if invoice["state"] == "DRAFT":
        raise input_error("invoiceId", "Payments cannot be recorded on a draft invoice.")
    if account["subtype"] not in DEPOSIT:
        raise input_error("paymentAccountId", "Account must be a cash and bank account.")
    for name in ("amount", "exchangeRate"):
        if given[name] <= 0:
            raise input_error(name, f"{name} must be greater than zero.")
    rate = Decimal(1) if invoice["currency"] == account["currency"] else given["exchangeRate"]
    row = {
        "invoice": invoice["id"],
        "account": account["id"],
        "customer": invoice["customer"],
        "currency": invoice["currency"],
        "amount": given["amount"],
        "exchangeRate": rate,
        "memo": given.get("memo"),
        "paymentDate": given["paymentDate"],
        "paymentMethod": given["paymentMethod"],
        "origin": "MANUAL",
        "transactionType": "PAYMENT",
    }
    made = business.add("InvoicePayment", row)
    if touches_invoice:
        business.keep("Invoice", invoice)
    return made


def delete_payment(business: Business, given: Row) -> None:
    row = business.named("InvoicePayment", given["id"], "id")
    if row["origin"] != "MANUAL":
        raise input_error("id", "Only manual payments can be deleted.")
    del business.table("InvoicePayment")[row["id"]]
    business.keep("Invoice", business.table("Invoice")[row["invoice"]])
