"""Invoices and on-account credit memos: what a create is checked for, the amounts, tax and instalments that follow, and changes."""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from airbooks.platforms.oracle_fusion.sandbox.answers import Refusal, Row
from airbooks.platforms.oracle_fusion.sandbox.pod import (
    AUTOMATIC_SOURCE,
    MEMO_LINES,
    ORGANIZATIONS,
    REGIME,
    SEGMENTS,
    SOURCE,
    TAXES,
    TERMS,
    UNITS,
    VALUE_SETS,
    Pod,
    cents,
)

INVOICE, CREDIT_MEMO = "receivablesInvoices", "receivablesCreditMemos"
ZERO = Decimal(0)
_SHARED = (
    *("BusinessUnit", "TransactionSource", "TransactionType", "TransactionNumber", "TransactionDate", "AccountingDate"),
    *("ConversionRateType", "ConversionDate", "ConversionRate", "BillToCustomerName", "BillToCustomerNumber", "BillToSite"),
    *("ShipToCustomerName", "ShipToCustomerNumber", "CrossReference", "AllowCompletion", "LegalEntityIdentifier"),
)
HEADERS = {
    INVOICE: {
        *_SHARED,
        *("InvoiceCurrencyCode", "DueDate", "BillToContact", "ShipToSite", "PaymentTerms", "PurchaseOrder", "PurchaseOrderDate"),
        *("PurchaseOrderRevision", "Comments", "InternalNotes", "SpecialInstructions", "StructuredPaymentReference", "ReceiptMethod"),
        *("BankAccountNumber", "InvoiceStatus", "receivablesInvoiceLines", "receivablesInvoiceDFF"),
    },
    CREDIT_MEMO: {
        *_SHARED,
        *("CreditMemoCurrency", "ShipToCustomerSite", "CreditMemoComments", "CreditReason", "GenerateBill", "receivablesCreditMemoLines"),
        "receivablesCreditMemoDFF",
    },
}
# What the two resources call the parts of a line.
_LINE = {
    INVOICE: ("Description", "Quantity", "receivablesInvoiceLineTaxLines", "receivablesInvoiceLineDFF"),
    CREDIT_MEMO: ("LineDescription", "LineQuantityCredit", "receivablesCreditMemoLineTaxLines", "receivablesCreditMemoLineDFF"),
}
_LINE_SHARED = {"LineNumber", "ItemNumber", "MemoLine", "UnitOfMeasure", "UnitSellingPrice", "TaxClassificationCode", "Warehouse"}
_LINE_SHARED |= {"SalesOrder", "LineCreditReason", "AllocatedFreightAmount"}
LENGTHS = {"TransactionNumber": 20, "PurchaseOrder": 50, "Comments": 1760, "CreditMemoComments": 1760, "InternalNotes": 240}
LENGTHS |= {"Description": 240, "LineDescription": 240, "BillToCustomerNumber": 30, "BillToCustomerName": 360, "BusinessUnit": 240}
CHANGEABLE = {"InvoiceStatus", "PaymentTerms", "TransactionDate"}


def lines_name(resource: str) -> str:
    return "receivablesInvoiceLines" if resource == INVOICE else "receivablesCreditMemoLines"


def create(pod: Pod, resource: str, body: Row, no_access: bool) -> Row:
    """The row of a new transaction; nothing is booked when it is refused."""
    _check_members(body, HEADERS[resource])
    pod.check_unit(body, no_access)
    _check_source(pod, body)
    currency = str(body.get("InvoiceCurrencyCode" if resource == INVOICE else "CreditMemoCurrency", "USD"))
    day = _day(body, "TransactionDate") or pod.clock.today().isoformat()
    accounting = _day(body, "AccountingDate") or day
    pod.check_period(accounting)
    head = {**pod.bill_to(body), **pod.conversion(body, currency)}
    lines = _lines(pod, resource, body.get(lines_name(resource)) or [])
    complete = body.get("AllowCompletion", "Y") != "N" and body.get("InvoiceStatus") != "Incomplete"
    complete = complete and not pod.setting("needs_approval")
    row: Row = {
        "CustomerTransactionId": pod.new_id(),
        "DocumentNumber": None,
        **{name: value for name, value in body.items() if name in HEADERS[resource] and not name.startswith("receivables")},
        **head,
        "TransactionDate": day,
        "AccountingDate": accounting,
        "InvoiceCurrencyCode" if resource == INVOICE else "CreditMemoCurrency": currency,
        "InvoiceStatus" if resource == INVOICE else "CreditMemoStatus": "Complete" if complete else "Incomplete",
        "CreationDate": pod.stamp(),
        "_resource": resource,
        "_lines": lines,
    }
    _tax(pod, resource, lines)
    row["EnteredAmount"] = _total(resource, lines)
    if resource == INVOICE:
        row["PaymentTerms"] = body.get("PaymentTerms") or "30 Net"
        row["_installments"] = installments(pod, row)
        row["DueDate"] = row["_installments"][-1]["InstallmentDueDate"]
    row["InvoiceBalanceAmount"] = row["EnteredAmount"]
    return put(pod, row)


def put(pod: Pod, row: Row) -> Row:
    """Keep a row with a new time of change and a new change indicator."""
    kept = {**row, "LastUpdateDate": pod.stamp(), "_change": int(row.get("_change", 0)) + 1}
    pod.transactions[str(row["CustomerTransactionId"])] = kept
    return kept


def change(pod: Pod, row: Row, body: Row) -> Row:
    """PATCH: status, terms and date; the rest of an invoice cannot be changed."""
    for name in body:
        if name not in CHANGEABLE:
            raise Refusal(f"Attribute {name} is not updatable.", path=f"/{name}")
    status = body.get("InvoiceStatus", row["InvoiceStatus"])
    if status not in {"Complete", "Incomplete"}:
        raise Refusal(f"The status {status} is not valid.", path="/InvoiceStatus")
    if _has_activity(row) and (status == "Incomplete" or "PaymentTerms" in body):
        raise Refusal("The transaction has activity and can't be changed.", path="/InvoiceStatus")
    changed = {**row, **body}
    if "PaymentTerms" in body or "TransactionDate" in body:
        changed["_installments"] = installments(pod, changed)
        changed["DueDate"] = changed["_installments"][-1]["InstallmentDueDate"]
    return put(pod, changed)


def delete(pod: Pod, row: Row) -> None:
    if not pod.setting("allow_delete"):
        raise Refusal("Deletion of transactions is not allowed in the system options.")
    if row["InvoiceStatus"] != "Incomplete" or _has_activity(row):
        raise Refusal("You can't delete a complete transaction or one with activity.")
    del pod.transactions[str(row["CustomerTransactionId"])]


def credit_by_hand(pod: Pod, row: Row) -> Row:
    """Somebody credits an invoice in full in Receivables: its balance is settled by a credit memo, not by money."""
    parts = [
        {**part, "InstallmentBalanceDue": ZERO, "InstallmentAmountCredited": -part["OriginalAmount"], "InstallmentStatus": "Closed"}
        for part in row["_installments"]
    ]
    return put(pod, {**row, "_installments": parts, "InvoiceBalanceAmount": ZERO, "_credited": True})


def installments(pod: Pod, row: Row) -> list[Row]:
    """The payment schedule that the terms give."""
    term = TERMS.get(row["PaymentTerms"])
    if term is None:
        raise Refusal(f"The payment terms {row['PaymentTerms']} were not found.", path="/PaymentTerms")
    begins, total, made = date.fromisoformat(row["TransactionDate"]), row["EnteredAmount"], []
    left = total
    for number, (share, days) in enumerate(term, 1):
        amount = left if number == len(term) else cents(total * Decimal(share) / 100)
        left -= amount
        made.append(
            {
                "InstallmentId": pod.new_id(),
                "InstallmentSequenceNumber": number,
                "InstallmentDueDate": (begins + timedelta(days=days)).isoformat(),
                "OriginalAmount": amount,
                "InstallmentBalanceDue": amount,
                "AmountPaid": ZERO,
                "InstallmentStatus": "Open",
            }
        )
    return made


def _has_activity(row: Row) -> bool:
    return bool(row["InvoiceBalanceAmount"] != row["EnteredAmount"])


def _check_members(body: Row, known: set[str], where: str = "") -> None:
    for name, value in body.items():
        if name not in known:
            raise Refusal(f"Unknown attribute {name} in the payload.", path=f"{where}/{name}")
        if isinstance(value, str) and len(value) > LENGTHS.get(name, 4000):
            raise Refusal(f"The value of {name} is longer than {LENGTHS.get(name, 4000)} characters.", path=f"{where}/{name}")


def _check_source(pod: Pod, body: Row) -> None:
    source, number = body.get("TransactionSource"), body.get("TransactionNumber")
    if source not in {SOURCE, AUTOMATIC_SOURCE}:
        raise Refusal("The transaction source was not found.", "AR_BATCH_SOURCE_NOT_FOUND", "/TransactionSource")
    if source == AUTOMATIC_SOURCE:
        if number:
            raise Refusal(f"Source {source} numbers transactions automatically.", path="/TransactionNumber")
        body["TransactionNumber"] = str(pod.store.next_number("automatic", 10001))
        return
    if not number:
        raise Refusal("Enter a transaction number.", path="/TransactionNumber")
    taken = (row for row in pod.transactions.where("TransactionNumber", number) if row["TransactionSource"] == source)
    if not pod.setting("allow_duplicates") and any(taken):
        raise Refusal(f"The transaction number {number} already exists for this source.", path="/TransactionNumber")


def _day(body: Row, name: str) -> str:
    value = body.get(name)
    if value is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", str(value)):
        raise Refusal(f"The value of {name} is not a date.", path=f"/{name}")
    return str(value or "")


def _lines(pod: Pod, resource: str, bodies: list[Row]) -> list[Row]:
    if not bodies:
        raise Refusal("Enter at least one line.", path=f"/{lines_name(resource)}")
    return [_line(pod, resource, line, f"/{lines_name(resource)}/{position}") for position, line in enumerate(bodies)]


def _line(pod: Pod, resource: str, line: Row, where: str) -> Row:
    text, quantity, taxes, flexfield = _LINE[resource]
    _check_members(line, {*_LINE_SHARED, text, quantity, taxes, flexfield}, where)
    if not (line.get("ItemNumber") or line.get("MemoLine") or line.get(text)):
        raise Refusal("Enter an item, a memo line or a description.", "AR_LINE_ATTR_OPT_REQ", where)
    _check_references(pod, line, where)
    _check_flexfield(line.get(flexfield) or [], where)
    for name in (quantity, "UnitSellingPrice"):
        if isinstance(line.get(name), bool) or not isinstance(line.get(name), int | Decimal):
            raise Refusal(f"The value of {name} must be a number.", path=f"{where}/{name}")
    if resource == CREDIT_MEMO and line[quantity] < 0:
        raise Refusal("The credited quantity must be positive; its price is negative.", path=f"{where}/{quantity}")
    amount = cents(Decimal(line[quantity]) * Decimal(line["UnitSellingPrice"]))
    return {"CustomerTransactionLineId": pod.new_id(), **line, "_amount": amount, taxes: line.get(taxes) or []}


def _check_references(pod: Pod, line: Row, where: str) -> None:
    if line.get("ItemNumber") and line["ItemNumber"] not in pod.items:
        raise Refusal(f"The item {line['ItemNumber']} was not found.", "AR_ITEM_NOT_FOUND", f"{where}/ItemNumber")
    if line.get("MemoLine") and line["MemoLine"] not in MEMO_LINES:
        raise Refusal(f"The memo line {line['MemoLine']} was not found.", path=f"{where}/MemoLine")
    if line.get("Warehouse"):
        if line["Warehouse"] not in ORGANIZATIONS:
            raise Refusal("The warehouse was not found.", "AR_WH_NOT_FOUND", f"{where}/Warehouse")
        if not line.get("ItemNumber"):
            raise Refusal("A warehouse needs an item.", "AR_NO_ITEM_NO_WH", f"{where}/Warehouse")
    if line.get("UnitOfMeasure") and line["UnitOfMeasure"] not in {*UNITS, *UNITS.values()}:
        raise Refusal("The unit of measure was not found.", path=f"{where}/UnitOfMeasure")


def _check_flexfield(rows: list[Row], where: str) -> None:
    for row in rows:
        for name, value in row.items():
            if name == "__FLEX_Context":
                continue
            if name not in SEGMENTS or value not in VALUE_SETS[SEGMENTS[name]]:
                raise Refusal(f"The value {value} of segment {name} is not valid.", path=f"{where}/{name}")


def _tax(pod: Pod, resource: str, lines: list[Row]) -> None:
    """Manual tax lines as given; else Oracle Tax's, from the classification, rounded as the set-up says."""
    taxes = _LINE[resource][2]
    computed: dict[str, list[Row]] = {}
    for line in lines:
        code = line.get("TaxClassificationCode") or "US EXEMPT"
        if code not in TAXES:
            raise Refusal(f"The tax classification code {code} is not valid.", path="/TaxClassificationCode")
        if line[taxes]:
            line[taxes] = [_manual(pod, tax) for tax in line[taxes]]
        else:
            computed.setdefault(code, []).append(line)
    for code, taxed in computed.items():
        _compute(code, taxed, taxes, at_header=pod.setting("tax_rounding") == "HEADER")


def _manual(pod: Pod, tax: Row) -> Row:
    if not pod.setting("allow_manual_tax"):
        raise Refusal("Manual tax lines are not allowed.", path="/TaxAmount")
    if tax.get("TaxRegimeCode") != REGIME or tax.get("TaxRateCode") not in TAXES:
        raise Refusal("The tax regime or the tax rate code is not valid.", path="/TaxRateCode")
    return {**tax, "TaxAmount": cents(Decimal(tax["TaxAmount"])), "TaxRate": Decimal(TAXES[tax["TaxRateCode"]])}


def _compute(code: str, lines: list[Row], taxes: str, *, at_header: bool) -> None:
    rate, carried, given = Decimal(TAXES[code]), ZERO, ZERO
    for line in lines:
        carried += line["_amount"] * rate / 100
        amount = cents(carried) - given if at_header else cents(line["_amount"] * rate / 100)
        given += amount
        line[taxes] = [{"TaxRegimeCode": REGIME, "TaxRateCode": code, "TaxRate": rate, "TaxAmount": amount}]


def tax_of(resource: str, lines: list[Row]) -> Decimal:
    return sum((tax["TaxAmount"] for line in lines for tax in line[_LINE[resource][2]]), ZERO)


def _total(resource: str, lines: list[Row]) -> Decimal:
    total: Decimal = sum((line["_amount"] for line in lines), ZERO) + tax_of(resource, lines)
    if resource == CREDIT_MEMO and total > 0:
        raise Refusal("The amount of a credit memo must be negative.", path="/receivablesCreditMemoLines")
    return total


def shown(row: Row, *, children: set[str]) -> Row:
    """A row as its resource shows it, with the children that were asked for ("all" for every one)."""
    resource = row["_resource"]
    body: dict[str, Any] = {name: value for name, value in row.items() if not name.startswith("_")}
    if resource == CREDIT_MEMO:
        del body["InvoiceBalanceAmount"]
    name, taxes = lines_name(resource), _LINE[resource][2]
    if children & {"all", name, f"{name}.{taxes}"}:
        with_tax = bool(children & {"all", f"{name}.{taxes}"})
        body[name] = [_shown_line(line, taxes, with_tax=with_tax) for line in row["_lines"]]
    if children & {"all", "receivablesInvoiceInstallments"} and "_installments" in row:
        body["receivablesInvoiceInstallments"] = row["_installments"]
    return body


def _shown_line(line: Row, taxes: str, *, with_tax: bool) -> Row:
    return {name: value for name, value in line.items() if not name.startswith("_") and (with_tax or name != taxes)}
