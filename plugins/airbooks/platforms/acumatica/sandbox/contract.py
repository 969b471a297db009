"""The contract of the end point Default/24.200.001, as far as sales need it: which fields an entity has, and how they are wrapped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from airbooks.platforms.acumatica.sandbox.answers import Row, malformed

TEXT, NUMBER, FLAG, MOMENT = "text", "number", "flag", "moment"


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of an entity, linked entity or detail row; `unmapped` ones are declared and lead nowhere."""

    fields: Mapping[str, str]
    sections: Mapping[str, Shape] = field(default_factory=dict)
    details: Mapping[str, Shape] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    screen: str = ""
    unmapped: frozenset[str] = frozenset()


def _of(kind: str, names: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), kind)


ADDRESS = Shape(_of(TEXT, "AddressLine1 AddressLine2 City State PostalCode Country"))
CONTACT = Shape(_of(TEXT, "BusinessName Attention Email Phone1"))
_APPLIED = Shape(_of(TEXT, "DocType ReferenceNbr Status CustomerOrder") | _of(NUMBER, "AmountPaid Balance"))
_SALES_ROW = Shape(
    _of(TEXT, "InventoryID TransactionDescr UOM WarehouseID Location LotSerialNbr TaxCategory Account SubAccount BranchID ProjectTask")
    | _of(NUMBER, "Qty UnitPrice DiscountAmount DiscountPercent Amount LineNbr")
    | _of(FLAG, "ManualPrice ManualDiscount CalculateDiscountsOnImport")
)
_INVOICE_ROW = Shape(
    _of(TEXT, "InventoryID TransactionDescription UOM TaxCategory Account Subaccount Branch ProjectTask")
    | _of(NUMBER, "Qty UnitPrice ExtendedPrice DiscountAmount Amount LineNbr")
    | _of(FLAG, "CalculateDiscountsOnImport")
)
_BILLING = Shape(_of(FLAG, "BillToAddressOverride BillToContactOverride"), {"BillToAddress": ADDRESS, "BillToContact": CONTACT})
_TAX_ROW = Shape(_of(TEXT, "TaxID") | _of(NUMBER, "TaxableAmount TaxAmount TaxRate"))
_ITEM = _of(TEXT, "InventoryID Description ItemStatus TaxCategory") | _of(NUMBER, "DefaultPrice")
_LISTED = _of(TEXT, "Description") | _of(FLAG, "Active")

SHAPES: Mapping[str, Shape] = {
    "SalesInvoice": Shape(
        _of(TEXT, "Type ReferenceNbr CustomerID Currency CustomerOrder ExternalRef Description Project TaxCalcMode Status")
        | _of(MOMENT, "Date DueDate LastModifiedDateTime")
        | _of(NUMBER, "Amount Balance DetailTotal TaxTotal")
        | _of(FLAG, "Hold IsTaxValid ShipToAddressOverride ShipToContactOverride"),
        {
            "BillingSettings": _BILLING,
            "FinancialDetails": Shape(_of(TEXT, "Branch CustomerTaxZone BatchNbr")),
            "ShipToAddress": ADDRESS,
            "ShipToContact": CONTACT,
        },
        {
            "Details": _SALES_ROW,
            "TaxDetails": Shape(_of(TEXT, "TaxID") | _of(NUMBER, "TaxableAmount TaxAmount")),
            "ApplicationsCreditMemo": _APPLIED,
            "ApplicationsInvoice": Shape(
                _of(TEXT, "DocType AdjustingDocReferenceNbr PaymentRef Status") | _of(NUMBER, "AmountPaid") | _of(MOMENT, "PaymentDate")
            ),
        },
        ("Type", "ReferenceNbr"),
        "AR Invoice",
        frozenset({"BillToContact", "BillToAddress", "BillToAddressOverride", "BillToContactOverride"}),
    ),
    "Invoice": Shape(
        _of(
            TEXT, "Type ReferenceNbr Customer CustomerOrder Description LinkARAccount LinkBranch LocationID PostPeriod Project Terms Status"
        )
        | _of(MOMENT, "Date DueDate LastModifiedDateTime")
        | _of(NUMBER, "Amount Balance TaxTotal")
        | _of(FLAG, "Hold IsTaxValid BillToContactOverride ShipToContactOverride"),
        {"BillToContact": CONTACT, "ShipToContact": CONTACT},
        {
            "Details": _INVOICE_ROW,
            "TaxDetails": _TAX_ROW,
            "ApplicationsCreditMemo": _APPLIED,
            "ApplicationsDefault": Shape(_of(TEXT, "DocType ReferenceNbr Status") | _of(NUMBER, "AmountPaid") | _of(MOMENT, "PaymentDate")),
        },
        ("Type", "ReferenceNbr"),
        "AR Invoice",
    ),
    "Payment": Shape(
        _of(
            TEXT,
            "Type ReferenceNbr Status CustomerID PaymentMethod CashAccount CurrencyID PaymentRef ExternalRef Branch Description",
        )
        | _of(MOMENT, "ApplicationDate LastModifiedDateTime")
        | _of(NUMBER, "PaymentAmount AppliedToDocuments AvailableBalance")
        | _of(FLAG, "Hold"),
        {},
        {
            "DocumentsToApply": Shape(_of(TEXT, "DocType ReferenceNbr CustomerOrder") | _of(NUMBER, "AmountPaid CashDiscountTaken")),
            "ApplicationHistory": Shape(
                _of(TEXT, "DisplayDocType DisplayRefNbr CurrencyID") | _of(NUMBER, "AmountPaid Balance") | _of(MOMENT, "Date")
            ),
        },
        ("Type", "ReferenceNbr"),
        "AR Payment",
    ),
    "Customer": Shape(
        _of(TEXT, "CustomerID CustomerName CustomerClass AccountRef Terms TaxZone CurrencyID Status TaxRegistrationID")
        | _of(FLAG, "EnableCurrencyOverride EnableRateOverride")
        | _of(MOMENT, "LastModifiedDateTime"),
        {"MainContact": Shape(_of(TEXT, "Email Phone1 Attention"), {"Address": ADDRESS})},
        keys=("CustomerID",),
        screen="Customer",
    ),
    "Account": Shape(_LISTED | _of(TEXT, "AccountCD Type CurrencyID"), keys=("AccountCD",)),
    "Subaccount": Shape(_LISTED | _of(TEXT, "SubaccountCD"), keys=("SubaccountCD",)),
    "Warehouse": Shape(_LISTED | _of(TEXT, "WarehouseID"), keys=("WarehouseID",)),
    "Currency": Shape(_LISTED | _of(TEXT, "CurrencyID"), keys=("CurrencyID",)),
    "UnitsOfMeasure": Shape(_of(TEXT, "UnitID Description L3Code"), keys=("UnitID",)),
    "PaymentMethod": Shape(
        _LISTED | _of(TEXT, "PaymentMethodID"), {}, {"AllowedCashAccounts": Shape(_of(TEXT, "CashAccount"))}, keys=("PaymentMethodID",)
    ),
    "TaxZone": Shape(_of(TEXT, "TaxZoneID Description"), {}, {"ApplicableTaxes": Shape(_of(TEXT, "TaxID"))}, keys=("TaxZoneID",)),
    "TaxCategory": Shape(
        _LISTED | _of(TEXT, "TaxCategoryID") | _of(FLAG, "ExcludeListedTaxes"),
        {},
        {"Details": Shape(_of(TEXT, "TaxID"))},
        keys=("TaxCategoryID",),
    ),
    "Tax": Shape(
        _of(TEXT, "TaxID Description TaxType"),
        {},
        {"TaxSchedule": Shape(_of(MOMENT, "StartDate") | _of(NUMBER, "TaxRate"))},
        keys=("TaxID",),
    ),
    "StockItem": Shape(_ITEM | _of(TEXT, "SalesUOM"), keys=("InventoryID",)),
    "NonStockItem": Shape(_ITEM | _of(TEXT, "SalesUnit"), keys=("InventoryID",)),
}
CUSTOM: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "SalesInvoice": {"CurrentDocument": ("TermsID", "TaxZoneID")},
    "Invoice": {"CurrentDocument": ("TaxZoneID",)},
}


# -- reading a request --------------------------------------------------------------------------------------------------------


def parsed(shape: Shape, sent: Any, custom: Mapping[str, Iterable[str]] | None = None) -> Row:
    """The plain values of what was sent; unknown fields are left out without a word, an unwrapped scalar is refused."""
    if not isinstance(sent, dict):
        raise malformed("an object is expected")
    found: Row = {}
    for name, value in sent.items():
        if name in shape.fields:
            found[name] = _unwrapped(name, shape.fields[name], value)
        elif name in shape.sections and name not in shape.unmapped:
            found[name] = parsed(shape.sections[name], value)
        elif name in shape.details:
            if not isinstance(value, list):
                raise malformed(f"{name} is a list")
            found[name] = [parsed(shape.details[name], each) for each in value]
        elif name == "note":
            found[name] = _unwrapped(name, TEXT, value) if isinstance(value, dict) else str(value)
        elif name in ("id", "delete"):
            found[name] = value
    if custom and isinstance(sent.get("custom"), dict):
        found["custom"] = _custom(sent["custom"], custom)
    return found


def _custom(sent: Row, known: Mapping[str, Iterable[str]]) -> Row:
    views: Row = {}
    for view, names in known.items():
        values = {name: _unwrapped(name, TEXT, sent.get(view, {}).get(name, {})) for name in names}
        views[view] = {name: value for name, value in values.items() if value is not None}
    return views


def _unwrapped(name: str, kind: str, sent: Any) -> Any:
    if not isinstance(sent, dict):
        raise malformed(f'{name}: a value is wrapped as {{"value": ...}}')
    value = sent.get("value")
    if value is None:
        return None
    if kind == NUMBER:
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise malformed(f"{name} is not a number")
        return Decimal(value)
    if kind == FLAG:
        if not isinstance(value, bool):
            raise malformed(f"{name} is not a boolean")
        return value
    if not isinstance(value, str):
        raise malformed(f"{name} is not a text")
    return _moment(name, value) if kind == MOMENT else value.strip()


def _moment(name: str, value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        raise malformed(f"{name} is not a date") from None
    if found.tzinfo is None:
        raise malformed(f"{name} has no offset")
    return found


# -- writing an answer --------------------------------------------------------------------------------------------------------


def _wrapped(value: Any) -> Row:
    if value is None or value == "":
        return {}
    return {"value": value.isoformat() if isinstance(value, datetime) else value}


def scalars(shape: Shape, row: Row, selected: Iterable[str] = ()) -> Row:
    wanted = set(selected)
    return {name: _wrapped(row.get(name)) for name in shape.fields if not wanted or name in wanted}


def section(shape: Shape, row: Row) -> Row:
    """A linked entity with everything in it."""
    nested = {name: section(inner, row.get(name) or {}) for name, inner in shape.sections.items()}
    return {**scalars(shape, row), **nested, "custom": {}}


def custom_values(entity: str, row: Row, asked: Iterable[str]) -> Row:
    """The custom fields that `$custom` asks for (`View.Field`)."""
    found: Row = {}
    for each in asked:
        view, _, name = each.strip().partition(".")
        if name in CUSTOM.get(entity, {}).get(view, ()):
            value = row.get("custom", {}).get(view, {}).get(name)
            found.setdefault(view, {})[name] = {"type": "CustomStringField", **_wrapped(value)}
    return found
