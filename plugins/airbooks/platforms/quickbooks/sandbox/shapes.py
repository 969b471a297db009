"""The writable and read-only properties of each QuickBooks object, with the vendor's limits: the first gate of every write.

Property names are those of the vendor's schema (Finance.xsd). An unknown property is fault 2010, a text that is too long 2050.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from airbooks.platforms.quickbooks.sandbox.answers import Fault, unsupported

Check = Callable[[Any, str], Any]


def text(limit: int) -> Check:
    def check(value: Any, element: str) -> str:
        if isinstance(value, (dict, list)):
            raise unsupported(f"Property {element} takes a text", element)
        word = str(value)
        if len(word) > limit:
            detail = (
                f"String length specified does not match the supported length. Min:0 Max:{limit} supported. Supplied length:{len(word)}"
            )
            raise Fault("2050", "String length is either shorter or longer than supported by specification", detail, element=element)
        return word

    return check


def one_of(*words: str) -> Check:
    def check(value: Any, element: str) -> str:
        if value not in words:
            raise unsupported(f"Property {element} takes one of {', '.join(words)}, not {value!r}", element)
        return str(value)

    return check


def number(value: Any, element: str) -> Decimal:
    """A JSON number; a numeric text is taken too, as the vendor's parser does (from memory)."""
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        raise unsupported(f"Property {element} takes a number, not {value!r}", element) from None
    return found


def day(value: Any, element: str) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        raise unsupported(f"Property {element} takes a date YYYY-MM-DD, not {value!r}", element) from None


def boolean(value: Any, element: str) -> bool:
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise unsupported(f"Property {element} takes true or false, not {value!r}", element)


def anything(value: Any, _element: str) -> Any:
    """A property that the service ignores on writes: read-only, or not modelled here."""
    return value


def record(fields: dict[str, Check]) -> Check:
    """An object with these properties and no others; null and empty text mean the same as leaving the property out."""

    def check(value: Any, element: str) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise unsupported(f"Property {element} takes an object", element)
        for name in value:
            if name not in fields:
                raise unsupported(f"Property Name:Can not deserialize instance of {element}: unrecognized property {name}", name)
        return {name: fields[name](item, name) for name, item in value.items() if item not in (None, "")}

    return check


def many(item: Check) -> Check:
    def check(value: Any, element: str) -> list[Any]:
        if not isinstance(value, list):
            raise unsupported(f"Property {element} takes a list", element)
        return [item(each, element) for each in value]

    return check


REF = record({"value": text(100), "name": text(500), "type": text(50)})
READ_ONLY = dict.fromkeys(
    ("MetaData", "domain", "status", "time", "TxnSource", "TxnStatus", "HomeTotalAmt", "HomeBalance", "Balance"), anything
)
IDENTITY: dict[str, Check] = {"Id": text(20), "SyncToken": text(20), "sparse": boolean, **READ_ONLY}

ADDRESS = record(
    {
        **{f"Line{n}": text(500) for n in range(1, 6)},
        "City": text(255),
        "CountrySubDivisionCode": text(255),
        "PostalCode": text(31),
        "Country": text(255),
        **dict.fromkeys(("Id", "Lat", "Long", "Note", "CountryCode", "PostalCodeSuffix", "County", "Tag", "Type"), anything),
    }
)
EMAIL = record({"Address": text(100), "Default": boolean, "Tag": text(100), "Id": text(20), "Type": text(20)})
PHONE = record(dict.fromkeys(("FreeFormNumber", "AreaCode", "CountryCode", "DeviceType", "ExchangeCode", "Extension"), text(30)))
CUSTOM_FIELD = record(
    {
        "DefinitionId": text(10),
        "Name": text(100),
        "Type": one_of("StringType", "BooleanType", "NumberType", "DateType"),
        "StringValue": text(31),
        **dict.fromkeys(("BooleanValue", "DateValue", "NumberValue"), anything),
    }
)
LINKED = record({"TxnId": text(20), "TxnType": text(30), "TxnLineId": anything})

_DETAIL: dict[str, Check] = {"TaxCodeRef": REF, "ClassRef": REF, "ServiceDate": day}
_LINE_HEAD: dict[str, Check] = {"Id": text(20), "LineNum": number, "Description": text(4000), "Amount": number}
SALES_LINE = record(
    {
        **_LINE_HEAD,
        "DetailType": one_of("SalesItemLineDetail", "DescriptionOnly", "SubTotalLineDetail", "DiscountLineDetail", "GroupLineDetail"),
        "LinkedTxn": many(LINKED),
        "CustomField": many(CUSTOM_FIELD),
        "SalesItemLineDetail": record(
            {
                **_DETAIL,
                "ItemRef": REF,
                "Qty": number,
                "UnitPrice": number,
                "TaxInclusiveAmt": number,
                "DiscountRate": number,
                "DiscountAmt": number,
                **dict.fromkeys(("ItemAccountRef", "PriceLevelRef", "MarkupInfo"), anything),
            }
        ),
        "DiscountLineDetail": record(
            {
                **_DETAIL,
                "PercentBased": boolean,
                "DiscountPercent": number,
                "DiscountAccountRef": REF,
                "DiscountRef": REF,
                "Discount": anything,
            }
        ),
        "DescriptionLineDetail": record({"TaxCodeRef": REF, "ServiceDate": day}),
        **dict.fromkeys(("SubTotalLineDetail", "SubtotalLineDetail", "GroupLineDetail"), anything),
    }
)
TXN_TAX = record({"TxnTaxCodeRef": REF, "TotalTax": number, "TaxLine": anything, "DefaultTaxCodeRef": REF})

SALE: dict[str, Check] = {
    **IDENTITY,
    **dict.fromkeys(
        ("CustomerRef", "CurrencyRef", "SalesTermRef", "DepartmentRef", "ClassRef", "ShipMethodRef", "DepositToAccountRef"), REF
    ),
    "DocNumber": text(21),
    **dict.fromkeys(("TxnDate", "DueDate", "ShipDate"), day),
    "ExchangeRate": number,
    "PrivateNote": text(4000),
    "CustomerMemo": record({"value": text(1000)}),
    **dict.fromkeys(("BillEmail", "BillEmailCc", "BillEmailBcc"), EMAIL),
    **dict.fromkeys(("BillAddr", "ShipAddr", "ShipFromAddr"), ADDRESS),
    "TrackingNum": text(31),
    "CustomField": many(CUSTOM_FIELD),
    "ApplyTaxAfterDiscount": boolean,
    "EmailStatus": one_of("NotSet", "NeedToSend", "EmailSent"),
    "PrintStatus": one_of("NotSet", "NeedToPrint", "PrintComplete"),
    "GlobalTaxCalculation": one_of("TaxExcluded", "TaxInclusive", "NotApplicable"),
    "TxnTaxDetail": TXN_TAX,
    "Line": many(SALES_LINE),
    **dict.fromkeys(("TotalAmt", "LinkedTxn", "Deposit", "DeliveryInfo", "RecurDataRef", "TaxExemptionRef", "InvoiceLink"), anything),
    **dict.fromkeys(("AllowIPNPayment", "AllowOnlinePayment", "AllowOnlineCreditCardPayment", "AllowOnlineACHPayment"), anything),
    **dict.fromkeys(("FreeFormAddress", "EInvoiceStatus", "TransactionLocationType", "invoiceStatus", "PONumber"), anything),
}
PAYMENT: dict[str, Check] = {
    **IDENTITY,
    **dict.fromkeys(("CustomerRef", "CurrencyRef", "PaymentMethodRef", "DepositToAccountRef", "ARAccountRef"), REF),
    "TotalAmt": number,
    "TxnDate": day,
    "ExchangeRate": number,
    "PaymentRefNum": text(21),
    "PrivateNote": text(4000),
    "Line": many(record({**_LINE_HEAD, "LinkedTxn": many(LINKED), "LineEx": anything})),
    **dict.fromkeys(
        ("UnappliedAmt", "ProcessPayment", "CreditCardPayment", "LinkedTxn", "TaxExemptionRef", "TransactionLocationType"), anything
    ),
}
CUSTOMER: dict[str, Check] = {
    **IDENTITY,
    "DisplayName": text(500),
    **dict.fromkeys(("CompanyName", "GivenName", "MiddleName", "FamilyName", "PrintOnCheckName"), text(100)),
    **dict.fromkeys(("Title", "Suffix"), text(16)),
    "PrimaryEmailAddr": EMAIL,
    **dict.fromkeys(("PrimaryPhone", "AlternatePhone", "Mobile", "Fax"), PHONE),
    **dict.fromkeys(("BillAddr", "ShipAddr"), ADDRESS),
    **dict.fromkeys(("CurrencyRef", "SalesTermRef", "PaymentMethodRef", "DefaultTaxCodeRef", "ParentRef", "ARAccountRef"), REF),
    **dict.fromkeys(("Taxable", "Active", "Job", "BillWithParent", "IsProject"), boolean),
    "ResaleNum": text(16),
    "Notes": text(2000),
    "PrimaryTaxIdentifier": text(20),
    **dict.fromkeys(("FullyQualifiedName", "BalanceWithJobs", "PreferredDeliveryMethod", "Level", "OpenBalanceDate", "WebAddr"), anything),
}

WRITABLE: dict[str, Check] = {
    "Invoice": record(SALE),
    "CreditMemo": record({**SALE, **dict.fromkeys(("RemainingCredit", "PaymentMethodRef", "InvoiceRef"), anything)}),
    "Payment": record(PAYMENT),
    "Customer": record(CUSTOMER),
}
