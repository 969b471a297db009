"""The properties of each entity as API v2.0 shows them: kind, length, and whether a caller may write them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

Kind = Literal["text", "code", "guid", "number", "date", "moment", "flag", "enum"]
ZERO_GUID = "00000000-0000-0000-0000-000000000000"
EMPTY_DATE = "0001-01-01"
EMPTY_MOMENT = "0001-01-01T00:00:00Z"
_EMPTY: dict[Kind, Any] = {
    "text": "",
    "code": "",
    "enum": "",
    "guid": ZERO_GUID,
    "number": Decimal(0),
    "date": EMPTY_DATE,
    "moment": EMPTY_MOMENT,
    "flag": False,
}


@dataclass(frozen=True, slots=True)
class Column:
    """One property. `code` is text that the platform keeps in capitals (from memory)."""

    name: str
    kind: Kind = "text"
    size: int = 0
    writable: bool = True
    values: tuple[str, ...] = ()

    @property
    def empty(self) -> Any:
        return _EMPTY[self.kind]


@dataclass(frozen=True, slots=True)
class Entity:
    """An entity type: its name in error texts, its properties, and the parts that can be expanded (name -> entity set)."""

    name: str
    columns: tuple[Column, ...]
    parts: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        return next((each for each in self.columns if each.name == name), None)

    def blank(self) -> dict[str, Any]:
        return {each.name: each.empty for each in self.columns}


def text(name: str, size: int) -> Column:
    return Column(name, "text", size)


def code(name: str, size: int) -> Column:
    return Column(name, "code", size)


def number(name: str) -> Column:
    return Column(name, "number")


def guid(name: str) -> Column:
    return Column(name, "guid")


def day(name: str) -> Column:
    return Column(name, "date")


def fixed(name: str, kind: Kind = "text") -> Column:
    """A property that only the server sets."""
    return Column(name, kind, writable=False)


ID = fixed("id", "guid")
MODIFIED = fixed("lastModifiedDateTime", "moment")

CUSTOMER_BLOCKED = ("_x0020_", "Ship", "Invoice", "All")
LINE_TYPES = ("Comment", "Account", "Item", "Resource", "Fixed_x0020_Asset", "Charge", "Allocation_x0020_Account")


def _address(prefix: str, *, writable: bool = True) -> tuple[Column, ...]:
    sizes = {"AddressLine1": 100, "AddressLine2": 50, "City": 30, "Country": 10, "State": 30, "PostCode": 20}
    return tuple(Column(prefix + name, "code" if name == "Country" else "text", size, writable) for name, size in sizes.items())


def _read_only(*columns: Column) -> tuple[Column, ...]:
    return tuple(Column(each.name, each.kind, each.size, False, each.values) for each in columns)


CUSTOMER = Entity(
    "customer",
    (
        ID,
        code("number", 20),
        text("displayName", 100),
        Column("type", "enum", values=("Company", "Person")),
        text("addressLine1", 100),
        text("addressLine2", 50),
        text("city", 30),
        text("state", 30),
        code("country", 10),
        text("postalCode", 20),
        text("phoneNumber", 30),
        text("email", 80),
        text("website", 80),
        code("salespersonCode", 20),
        number("creditLimit"),
        Column("taxLiable", "flag"),
        guid("taxAreaId"),
        fixed("taxAreaDisplayName"),
        text("taxRegistrationNumber", 20),
        guid("currencyId"),
        code("currencyCode", 10),
        guid("paymentTermsId"),
        guid("shipmentMethodId"),
        guid("paymentMethodId"),
        Column("blocked", "enum", values=CUSTOMER_BLOCKED),
        MODIFIED,
    ),
)

_SALES_HEAD = (
    guid("customerId"),
    code("customerNumber", 20),
    fixed("customerName"),
    fixed("billToName"),
    guid("billToCustomerId"),
    code("billToCustomerNumber", 20),
    *_address("sellTo"),
    *_address("billTo", writable=False),
    code("shortcutDimension1Code", 20),
    code("shortcutDimension2Code", 20),
    guid("currencyId"),
    code("currencyCode", 10),
    guid("paymentTermsId"),
    guid("shipmentMethodId"),
    code("salesperson", 20),
    fixed("pricesIncludeTax", "flag"),
    number("discountAmount"),
    fixed("discountAppliedBeforeTax", "flag"),
    fixed("totalAmountExcludingTax", "number"),
    fixed("totalTaxAmount", "number"),
    fixed("totalAmountIncludingTax", "number"),
    fixed("status", "enum"),
    MODIFIED,
    text("phoneNumber", 30),
    text("email", 80),
)
INVOICE = Entity(
    "salesInvoice",
    (
        ID,
        fixed("number", "code"),
        code("externalDocumentNumber", 35),
        day("invoiceDate"),
        day("postingDate"),
        day("dueDate"),
        day("promisedPayDate"),
        text("customerPurchaseOrderReference", 35),
        *_SALES_HEAD,
        text("shipToName", 100),
        text("shipToContact", 100),
        *_address("shipTo"),
        fixed("orderId", "guid"),
        fixed("orderNumber", "code"),
        guid("disputeStatusId"),
        code("disputeStatus", 10),
        fixed("remainingAmount", "number"),
    ),
    parts=("salesInvoiceLines", "dimensionSetLines"),
)
CREDIT_MEMO = Entity(
    "salesCreditMemo",
    (
        ID,
        fixed("number", "code"),
        code("externalDocumentNumber", 35),
        day("creditMemoDate"),
        day("postingDate"),
        day("dueDate"),
        *_SALES_HEAD,
        guid("invoiceId"),
        code("invoiceNumber", 20),
        guid("customerReturnReasonId"),
    ),
    parts=("salesCreditMemoLines", "dimensionSetLines"),
)
_LINE = (
    ID,
    fixed("documentId", "guid"),
    fixed("sequence", "number"),
    guid("itemId"),
    guid("accountId"),
    Column("lineType", "enum", values=LINE_TYPES),
    code("lineObjectNumber", 20),
    text("description", 100),
    text("description2", 50),
    guid("unitOfMeasureId"),
    code("unitOfMeasureCode", 10),
    number("quantity"),
    number("unitPrice"),
    number("discountAmount"),
    number("discountPercent"),
    fixed("discountAppliedBeforeTax", "flag"),
    fixed("amountExcludingTax", "number"),
    code("taxCode", 20),
    fixed("taxPercent", "number"),
    fixed("totalTaxAmount", "number"),
    fixed("amountIncludingTax", "number"),
    fixed("invoiceDiscountAllocation", "number"),
    fixed("netAmount", "number"),
    fixed("netTaxAmount", "number"),
    fixed("netAmountIncludingTax", "number"),
    day("shipmentDate"),
    guid("locationId"),
)
INVOICE_LINE = Entity("salesInvoiceLine", _LINE, parts=("dimensionSetLines",))
CREDIT_MEMO_LINE = Entity("salesCreditMemoLine", _LINE, parts=("dimensionSetLines",))
DIMENSION_SET_LINE = Entity(
    "dimensionSetLine",
    (
        guid("id"),
        code("code", 20),
        fixed("parentId", "guid"),
        fixed("displayName"),
        guid("valueId"),
        code("valueCode", 20),
        fixed("valueDisplayName"),
    ),
)

PAYMENT_JOURNAL = Entity(
    "customerPaymentJournal",
    (ID, code("code", 10), text("displayName", 100), MODIFIED, guid("balancingAccountId"), code("balancingAccountNumber", 20)),
    parts=("customerPayments",),
)
JOURNAL = Entity("journal", (*PAYMENT_JOURNAL.columns, fixed("templateDisplayName")))
CUSTOMER_PAYMENT = Entity(
    "customerPayment",
    (
        ID,
        fixed("journalId", "guid"),
        fixed("journalDisplayName"),
        fixed("lineNumber", "number"),
        guid("customerId"),
        code("customerNumber", 20),
        day("postingDate"),
        code("documentNumber", 20),
        code("externalDocumentNumber", 35),
        number("amount"),
        guid("appliesToInvoiceId"),
        code("appliesToInvoiceNumber", 20),
        text("description", 100),
        text("comment", 250),
        MODIFIED,
    ),
)
LEDGER_ENTRY = Entity(
    "customerLedgerEntry",
    _read_only(
        number("entryNumber"),
        Column("documentType", "enum"),
        text("description", 100),
        day("postingDate"),
        code("documentNumber", 20),
        code("externalDocumentNumber", 35),
        code("customerNumber", 20),
        Column("open", "flag"),
        number("amount"),
        number("amountLocalCurrency"),
        code("currencyCode", 10),
        MODIFIED,
    ),
)
POSTED_INVOICE = Entity(
    "postedSalesInvoice",
    _read_only(ID, guid("apiId"), code("number", 20), code("externalDocumentNumber", 35), code("customerNumber", 20), MODIFIED),
)


def _card(name: str, *columns: Column) -> Entity:
    return Entity(name, (ID, *_read_only(*columns), MODIFIED))


CARDS: dict[str, Entity] = {
    "items": _card(
        "item",
        code("number", 20),
        text("displayName", 100),
        Column("type", "enum"),
        Column("blocked", "flag"),
        text("gtin", 14),
        number("unitPrice"),
        Column("priceIncludesTax", "flag"),
        code("taxGroupCode", 20),
        code("baseUnitOfMeasureCode", 10),
    ),
    "accounts": _card(
        "account",
        code("number", 20),
        text("displayName", 100),
        Column("category", "enum"),
        Column("blocked", "flag"),
        Column("accountType", "enum"),
        Column("directPosting", "flag"),
    ),
    "taxGroups": _card("taxGroup", code("code", 20), text("displayName", 100), Column("taxType", "enum")),
    "unitsOfMeasure": _card("unitOfMeasure", code("code", 10), text("displayName", 50), code("internationalStandardCode", 10)),
    "locations": _card("location", code("code", 10), text("displayName", 100)),
    "paymentTerms": _card(
        "paymentTerm",
        code("code", 10),
        text("displayName", 100),
        text("dueDateCalculation", 32),
        text("discountDateCalculation", 32),
        number("discountPercent"),
    ),
    "paymentMethods": _card("paymentMethod", code("code", 10), text("displayName", 100)),
    "shipmentMethods": _card("shipmentMethod", code("code", 10), text("displayName", 100)),
    "currencies": _card("currency", code("code", 10), text("displayName", 30), text("symbol", 10), number("amountRoundingPrecision")),
    "currencyExchangeRates": _card(
        "currencyExchangeRate",
        code("currencyCode", 10),
        day("startingDate"),
        number("exchangeRateAmount"),
        number("relationalExchangeRateAmount"),
    ),
    "dimensions": _card("dimension", code("code", 20), text("displayName", 30)),
    "dimensionValues": _card("dimensionValue", code("code", 20), guid("dimensionId"), text("displayName", 50)),
    "bankAccounts": _card("bankAccount", code("number", 20), text("displayName", 100)),
    "companyInformation": _card("companyInformation", text("displayName", 100), code("country", 10), code("currencyCode", 10)),
    "generalLedgerSetup": _card(
        "generalLedgerSetup",
        day("allowPostingFrom"),
        day("allowPostingTo"),
        code("localCurrencyCode", 10),
        code("shortcutDimension1Code", 20),
        code("shortcutDimension2Code", 20),
    ),
}
