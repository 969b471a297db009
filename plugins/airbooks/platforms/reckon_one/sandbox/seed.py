"""What the book has before its first invoice: accounts, taxes, items, terms, classifications, projects, and a supplier who was paid."""

from __future__ import annotations

from decimal import Decimal

from airbooks.platforms.reckon_one.sandbox.answers import Row
from airbooks.platforms.reckon_one.sandbox.book import Book, reference_to

ACCOUNTS = (
    ("1000", "Operating bank", "Operating bank", "Bank"),
    ("1010", "Main bank account", "Main bank account", "Bank"),
    ("1100", "Accounts receivable", "Accounts receivable", "AccountsReceivable"),
    ("2200", "Sales tax payable", "Sales tax payable", "CurrentLiability"),
    ("4000", "Equipment sales", "Income:Equipment sales", "Income"),
    ("4010", "Parts sales", "Income:Parts sales", "Income"),
    ("4100", "Service income", "Income:Service income", "Income"),
    ("4800", "Discounts given", "Income:Discounts given", "Income"),
    ("4900", "Freight income", "Income:Freight income", "Income"),
)
INCOME = {"EQUIPMENT": "4000", "PARTS": "4010", "SERVICE": "4100", "FREIGHT": "4900"}
TAXES = (("GST", "10", True), ("GST Free", "0", True), ("GST Free Exports", "0", True), ("Input Taxed", "0", False))
TERMS = (("Net 30", 30), ("Net 14", 14), ("2% 10 Net 30", 30), ("Due on receipt", 0))
TYPES = {
    "addresstypes": ("Billing", "Shipping", "Postal"),
    "phonetypes": ("Phone", "Mobile", "Fax"),
    "electronicaddresstypes": ("Email", "Website"),
}
SUPPLIER = "Ozone Freight Pty Ltd"


def seed_book(book: Book, catalogue: list[Row]) -> None:
    """`catalogue` rows have code, name, kind, revenue_group and list_price_usd."""
    for code, name, full_name, kind in ACCOUNTS:
        book.add("ledgeraccounts", accountCode=code, name=name, fullName=full_name, accountType=kind, status="Active")
    for name, rate, on_sales in TAXES:
        book.add("taxrates", name=name, rate=Decimal(rate), status="Active", useOnSales=on_sales, useOnPurchases=True)
    for name, days in TERMS:
        book.add("terms", name=name, status="Active", useForInvoice=True, netDueDay=days, netDueDaySelection="DaysAfterIssue")
    for name in ("WHOLESALE", "SERVICE"):
        book.add("classifications", name=name, status="Active", isDefault=False)
    warehouses = book.add("projects", name="Warehouses", fullName="Warehouses", status="Active")
    for name in ("MAIN", "NORTH"):
        book.add("projects", name=name, fullName=f"Warehouses:{name}", status="Active", parentProject=reference_to(warehouses))
    for name in ("Wire", "Check", "Card"):
        book.add("paymentmethods", name=name)
    book.add("templates", name="Professional Invoice")
    for kind, names in TYPES.items():
        for name in names:
            book.add(kind, name=name)
    _settings(book)
    _supplier(book)
    _items(book, catalogue)


def _settings(book: Book) -> None:
    """Invoices are approved by a step of their own, and people may edit tax amounts."""
    settings = book.table("settings")
    settings["tax"] = {"taxRegistered": True, "amountTaxStatus": "Exclusive", "chooseAmountTaxStatus": True, "taxAmountEditable": True}
    settings["invoice"] = {"approvalEnabled": True, "prefix": "INV", "serviceDateOnInvoice": False}
    settings["book"] = {"lockOffDate": None, "generalDetails": {"companyName": "Harbour Compressors Pty Ltd"}}


def _supplier(book: Book) -> None:
    """`/payments` are money that went to suppliers."""
    supplier = book.add("suppliers", name=SUPPLIER, status="Active")
    book.add(
        "payments",
        paymentNumber="PMNT0001",
        supplier=reference_to(supplier),
        paymentDate="2026-01-05T00:00:00Z",
        totalAmount=Decimal("812.40"),
    )


def _items(book: Book, catalogue: list[Row]) -> None:
    """Items have the group they belong to as their parent: their full names have it before a colon."""
    accounts = {row["accountCode"]: row for row in book.table("ledgeraccounts").values()}
    gst = next(iter(book.table("taxrates").values()))
    for entry in catalogue:
        group = str(entry["revenue_group"])
        sale = {
            "price": Decimal(str(entry["list_price_usd"])),
            "ledgerAccount": reference_to(accounts[INCOME[group]]),
            "taxRate": reference_to(gst),
        }
        book.add(
            "items",
            name=entry["code"],
            itemCode=entry["code"],
            fullName=f"{group.capitalize()}:{entry['code']}",
            description=entry["name"],
            itemType="Service" if entry["kind"] == "service" else "Product",
            amountTaxStatus="Exclusive",
            status="Active",
            sale=sale,
        )
