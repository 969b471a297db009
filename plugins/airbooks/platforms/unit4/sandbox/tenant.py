"""What the company holds: chart of accounts and its rules, tax codes, dimension values, customers, staged batches, jobs, the ledger."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.unit4.sandbox.answers import Refusal, Row
from airbooks.sandbox.kit import Clock, Store

TENANT = "6f9c1f0e-7c0b-4e7a-9a53-0d1f5b2c8e11"
COMPANY, HOME, INTERFACE, USER = "EN", "GBP", "BI", "APIUSER"
RECEIVABLES, TAX_ACCOUNT, BANK, ROUNDING, FEES = "1100", "2200", "1000", "6990", "6200"
ACCOUNTS = {
    BANK: "Operating bank",
    RECEIVABLES: "Accounts receivable",
    TAX_ACCOUNT: "Sales tax payable",
    "4000": "Equipment sales",
    "4010": "Parts sales",
    "4100": "Service income",
    "4800": "Discounts given",
    "4900": "Freight income",
    FEES: "Bank charges",
    ROUNDING: "Rounding differences",
}
# Which numbered dimension takes the values of which attribute.
ATTRIBUTES = {1: "C1", 2: "B0"}
VALUES = (("C1", "WHOLESALE", "Wholesale"), ("C1", "SERVICE", "Service"), ("B0", "MAIN", "Main"), ("B0", "NORTH", "North"))
# Account rules: which dimensions a posting may have and, after the slash, must have.
RULES = {"4000": ((1, 2), (1,)), "4010": ((1, 2), (1,)), "4100": ((1, 2), ()), "4800": ((1, 2), ()), "4900": ((1, 2), ())}
TAX_SYSTEM = "UK"
TAX_CODES = (
    ("U1", "VAT standard", Decimal(20)),
    ("U2", "VAT reduced", Decimal(5)),
    ("U0", "VAT zero", Decimal(0)),
    ("UR", "Reverse charge", Decimal(0)),
)
CURRENCIES = ("GBP", "USD", "AUD", "EUR")
GROUPS = {"10": "Trade customers"}
PAYMENT_METHODS = ("IP", "CH", "CA")
# Voucher types and where their series begin.
SALES, CREDITS, PAYMENTS, BANK_IMPORT = "SI", "SC", "CP", "IP"
SERIES = {SALES: 26_000_001, CREDITS: 27_000_001, PAYMENTS: 28_000_001, BANK_IMPORT: 29_000_001}
FIRST_PERIOD = 202001


class Tenant:
    """The tables of one company."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.accounts, self.tax_codes, self.values = (store.table(name) for name in ("accounts", "tax_codes", "attribute_values"))
        self.customers, self.batches, self.jobs = (store.table(name) for name in ("customers", "batches", "jobs"))
        self.items, self.ledger = store.table("customer_transactions"), store.table("ledger")

    def seed(self) -> None:
        for code, name in ACCOUNTS.items():
            self.accounts[code] = {"companyId": COMPANY, "account": code, "description": name, "status": "N"}
        for code, name, rate in TAX_CODES:
            self.tax_codes[code] = {
                "companyId": COMPANY,
                "taxCode": code,
                "description": name,
                "status": "N",
                "vatPercentage": rate,
                "taxSystem": TAX_SYSTEM,
            }
        for attribute, value, name in VALUES:
            row = {"companyId": COMPANY, "attributeId": attribute, "attributeValue": value, "description": name, "status": "N"}
            self.values[f"{attribute}:{value}"] = row

    # -- customers --------------------------------------------------------------------------------------------------------

    def customer(self, customer_id: str) -> Row:
        if customer_id not in self.customers:
            raise Refusal(f"Customer {customer_id} was not found.", 404)
        return self.customers[customer_id]

    def is_open(self, customer_id: str) -> bool:
        row = self.customers.get(customer_id)
        return row is not None and (row.get("payment") or {}).get("status", "N") == "N"

    def create_customer(self, body: Row) -> Row:
        """POST /v1/customers; without an id the group's series numbers it."""
        if body.get("companyId") != COMPANY:
            raise Refusal("Company is not valid.")
        if body.get("customerGroupId") not in GROUPS:
            raise Refusal("", body={**body, "notificationMessages": {"errors": ["Customer group is not valid."]}})
        if not body.get("customerName") or len(body["customerName"]) > 255:
            raise Refusal("", body={**body, "notificationMessages": {"errors": ["Customer name must have 1 to 255 characters."]}})
        customer_id = body.get("customerId") or str(self.store.next_number("customer", 100_001))
        if customer_id in self.customers:
            raise Refusal(f"Customer {customer_id} already exists.")
        if len(customer_id) > 25:
            raise Refusal("", body={**body, "notificationMessages": {"errors": ["Customer id must have at most 25 characters."]}})
        row = {"payment": {"status": "N"}, **body, "customerId": customer_id}
        self.customers[customer_id] = row
        return row

    def patch_customer(self, customer_id: str, operations: object) -> Row:
        row = self.customer(customer_id)
        if not isinstance(operations, list):
            raise Refusal("A JSON patch is an array of operations.")
        for each in operations:
            if each.get("op") != "Replace":
                raise Refusal("Only the operation Replace is supported.")
            *groups, name = str(each["path"]).strip("/").split("/")
            node = row
            for group in groups:
                node = node.setdefault(group, {})
            node[name] = each["value"]
        self.customers[customer_id] = row
        return row

    def close_customer(self, customer_id: str) -> None:
        """DELETE closes softly."""
        row = self.customer(customer_id)
        self.customers[customer_id] = {**row, "payment": {**(row.get("payment") or {}), "status": "C"}}
