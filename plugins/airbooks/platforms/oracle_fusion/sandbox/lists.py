"""Reference lists of the pod, row by row, with the attributes that can be asked for."""

from __future__ import annotations

from airbooks.platforms.oracle_fusion.sandbox.answers import Row
from airbooks.platforms.oracle_fusion.sandbox.pod import METHODS, ORGANIZATIONS, TAXES, UNITS, VALUE_SETS, Pod

# What can stand in q of each collection.
QUERYABLE: dict[str, tuple[str, ...]] = {
    "receivablesInvoices": (
        *("CustomerTransactionId", "TransactionNumber", "BusinessUnit", "InvoiceStatus", "CreationDate", "LastUpdateDate"),
        *("BillToPartyId", "CrossReference"),
    ),
    "receivablesCreditMemos": ("CustomerTransactionId", "TransactionNumber", "BusinessUnit", "CreationDate", "LastUpdateDate"),
    "standardReceipts": (
        *("StandardReceiptId", "ReceiptNumber", "BusinessUnit", "ReceiptDate", "CreationDate", "LastUpdateDate"),
        "CustomerAccountNumber",
    ),
    "receivablesCustomerAccountActivities": ("AccountId", "AccountNumber", "CustomerName"),
    "standardReceiptApplications": ("ApplicationId", "StandardReceiptId", "ReferenceTransactionId"),
    "itemsV2": ("ItemNumber", "OrganizationCode"),
    "outputTaxClassificationsLOV": ("LookupCode",),
    "receiptMethodsLOV": ("Name",),
    "unitsOfMeasure": ("UOMCode",),
    "inventoryOrganizations": ("OrganizationCode",),
    "valueSets": ("ValueSetCode",),
}
FINDERS = {
    "receivablesInvoices": {
        "invoiceSearch": ("TransactionNumber", "BusinessUnit", "BillToCustomerName", "InvoiceStatus", "DueDate"),
        "PrimaryKey": ("CustomerTransactionId",),
    }
}


def rows(pod: Pod, name: str) -> list[Row]:
    """The rows of one reference list."""
    if name == "itemsV2":
        return [{**item, "OrganizationCode": code, "ItemStatusValue": "Active"} for code in ORGANIZATIONS for item in pod.items.values()]
    if name == "outputTaxClassificationsLOV":
        return [{"LookupCode": code, "Meaning": f"{code} {rate}%", "EnabledFlag": "Y"} for code, rate in TAXES.items()]
    if name == "receiptMethodsLOV":
        return [{"ReceiptMethodId": number, "Name": method} for number, method in enumerate(METHODS, 10001)]
    if name == "unitsOfMeasure":
        return [{"UOMCode": code, "UOM": unit} for code, unit in UNITS.items()]
    if name == "inventoryOrganizations":
        return [{"OrganizationCode": code, "OrganizationName": text} for code, text in ORGANIZATIONS.items()]
    return [
        {"ValueSetCode": code, "values": [{"Value": value, "EnabledFlag": "Y"} for value in values]} for code, values in VALUE_SETS.items()
    ]


def accounts(pod: Pod) -> list[Row]:
    """Accounts with activity: one that was never billed is missing."""
    billed = {row["BillToCustomerNumber"] for row in pod.transactions.values()} | {
        row["CustomerAccountNumber"] for row in pod.receipts.values()
    }
    found = []
    for number in billed:
        account = pod.accounts[number]
        open_amount = sum(
            (row["InvoiceBalanceAmount"] for row in pod.transactions.values() if row["BillToCustomerNumber"] == number),
            start=0,
        )
        shown = {name: value for name, value in account.items() if name != "sites"}
        found.append({**shown, "TotalOpenReceivablesForAccount": open_amount})
    return found


def applications(pod: Pod, account_id: str) -> list[Row] | None:
    """The receipt applications of an account, or None for an unknown one."""
    numbers = [row["AccountNumber"] for row in pod.accounts.values() if str(row["AccountId"]) == account_id]
    if not numbers:
        return None
    return [
        {name: value for name, value in row.items() if not name.startswith("_")}
        for row in pod.applications.values()
        if row["_account"] == numbers[0]
    ]
