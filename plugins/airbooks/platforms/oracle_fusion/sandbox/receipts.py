"""Standard receipts: created unapplied, applied by the action applyReceipt or by the process Apply Receipts Using AutoMatch."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from airbooks.platforms.oracle_fusion.sandbox import transactions
from airbooks.platforms.oracle_fusion.sandbox.answers import Refusal, Row
from airbooks.platforms.oracle_fusion.sandbox.pod import BANK_ACCOUNT, METHODS, Pod, cents

ATTRIBUTES = {
    *("ReceiptNumber", "BusinessUnit", "ReceiptMethod", "ReceiptDate", "AccountingDate", "Amount", "Currency", "ConversionRateType"),
    *("ConversionDate", "ConversionRate", "RemittanceBankAccountNumber", "CustomerAccountNumber", "CustomerName", "CustomerSite"),
    *("Comments", "remittanceReferences"),
}
MATCH_BY = {"Transaction Number", "Purchase Order"}


def create(pod: Pod, body: Row, no_access: bool) -> Row:
    """A confirmed receipt; its whole amount is unapplied, whatever its remittance references say."""
    unknown = [name for name in body if name not in ATTRIBUTES]
    if unknown:
        raise Refusal(f"Unknown attribute {unknown[0]} in the payload.", path=f"/{unknown[0]}")
    pod.check_unit(body, no_access)
    for name in ("ReceiptNumber", "ReceiptMethod", "Amount", "Currency"):
        if body.get(name) in (None, ""):
            raise Refusal(f"The value of {name} is required.", path=f"/{name}")
    if len(body["ReceiptNumber"]) > 30:
        raise Refusal("The receipt number is longer than 30 characters.", path="/ReceiptNumber")
    if body["ReceiptMethod"] not in METHODS:
        raise Refusal("The receipt method was not found.", path="/ReceiptMethod")
    if body.get("RemittanceBankAccountNumber", BANK_ACCOUNT) != BANK_ACCOUNT:
        raise Refusal("The remittance bank account was not found.", path="/RemittanceBankAccountNumber")
    account = pod.account(str(body.get("CustomerAccountNumber", "")))
    if account is None:
        raise Refusal("The customer account was not found.", path="/CustomerAccountNumber")
    day = body.get("ReceiptDate") or pod.clock.today().isoformat()
    pod.check_period(body.get("AccountingDate") or day)
    row = {
        "StandardReceiptId": pod.new_id(),
        **{name: body.get(name) for name in ATTRIBUTES - {"remittanceReferences"}},
        **pod.conversion(body, body["Currency"]),
        "ReceiptDate": day,
        "AccountingDate": body.get("AccountingDate") or day,
        "CustomerName": account["CustomerName"],
        "RemittanceBankAccountNumber": BANK_ACCOUNT,
        "Status": "Confirmed",
        "CreationDate": pod.stamp(),
        "_amount": _amount(body["Amount"]),
        "_references": [_reference(pod, each) for each in body.get("remittanceReferences") or []],
    }
    return put(pod, row)


def put(pod: Pod, row: Row) -> Row:
    kept = {**row, "LastUpdateDate": pod.stamp()}
    pod.receipts[str(row["StandardReceiptId"])] = kept
    return kept


def _amount(value: object) -> Decimal:
    """An amount as number or text: the vendor's samples have both."""
    try:
        amount = cents(Decimal(str(value)))
    except InvalidOperation:
        raise Refusal("The amount must be a number.", path="/Amount") from None
    if amount <= 0:
        raise Refusal("The amount must be positive.", path="/Amount")
    return amount


def _reference(pod: Pod, reference: Row) -> Row:
    if reference.get("ReceiptMatchBy") not in MATCH_BY or not reference.get("ReferenceNumber"):
        raise Refusal("The remittance reference is not complete.", path="/remittanceReferences")
    return {"RemittanceReferenceId": pod.new_id(), **reference, "ReferenceAmount": _amount(reference.get("ReferenceAmount"))}


def applications_of(pod: Pod, receipt: Row) -> list[Row]:
    return [each for each in pod.applications.values() if each["StandardReceiptId"] == receipt["StandardReceiptId"]]


def unapplied(pod: Pod, receipt: Row) -> Decimal:
    used: Decimal = sum((each["ApplicationAmount"] for each in applications_of(pod, receipt)), Decimal(0))
    return Decimal(receipt["_amount"]) - used


def apply(pod: Pod, receipt: Row, body: Row) -> None:
    """The action applyReceipt on one instalment; without an amount its whole balance."""
    if not pod.setting("apply_action"):
        raise Refusal("", status=404)
    wanted = body.get("appliedPaymentScheduleId")
    found = [
        (row, part)
        for row in pod.transactions.values()
        for part in row.get("_installments", [])
        if part["InstallmentId"] == wanted and row["InvoiceStatus"] == "Complete"
    ]
    if not found:
        raise Refusal(f"The payment schedule {wanted} was not found.", path="/appliedPaymentScheduleId")
    ((row, part),) = found
    if row["BillToCustomerNumber"] != receipt["CustomerAccountNumber"] or row["InvoiceCurrencyCode"] != receipt["Currency"]:
        raise Refusal("The transaction is not one of this customer in the receipt's currency.", path="/appliedPaymentScheduleId")
    amount = cents(Decimal(str(body.get("amountApplied", part["InstallmentBalanceDue"]))))
    if amount <= 0 or amount > part["InstallmentBalanceDue"] or amount > unapplied(pod, receipt):
        raise Refusal("The amount applied is more than is open on the installment or unapplied on the receipt.", path="/amountApplied")
    _book(pod, receipt, row, part, amount)


def _book(pod: Pod, receipt: Row, row: Row, part: Row, amount: Decimal) -> None:
    number = pod.new_id()
    pod.applications[str(number)] = {
        "ApplicationId": number,
        "ApplicationDate": pod.clock.today().isoformat(),
        "ApplicationAmount": amount,
        "ApplicationStatus": "Applied",
        "ReferenceInstallmentId": part["InstallmentId"],
        "ReferenceTransactionNumber": row["TransactionNumber"],
        "ReferenceTransactionId": row["CustomerTransactionId"],
        "StandardReceiptId": receipt["StandardReceiptId"],
        "_account": receipt["CustomerAccountNumber"],
    }
    left = part["InstallmentBalanceDue"] - amount
    paid = {
        **part,
        "InstallmentBalanceDue": left,
        "AmountPaid": part["AmountPaid"] + amount,
        "InstallmentStatus": "Closed" if left == 0 else "Open",
    }
    parts = [paid if each["InstallmentId"] == part["InstallmentId"] else each for each in row["_installments"]]
    transactions.put(pod, {**row, "_installments": parts, "InvoiceBalanceAmount": row["InvoiceBalanceAmount"] - amount})
    put(pod, receipt)


def automatch(pod: Pod) -> int:
    """One run of the scheduled process: unapplied receipts are applied to what their remittance references name."""
    before = len(pod.applications)
    for receipt in [row for row in pod.receipts.values() if row["Status"] != "Reversed"]:
        for reference in receipt["_references"]:
            for row in [row for row in pod.transactions.values() if row["TransactionNumber"] == reference["ReferenceNumber"]]:
                used = sum(
                    (
                        each["ApplicationAmount"]
                        for each in applications_of(pod, receipt)
                        if each["ReferenceTransactionId"] == row["CustomerTransactionId"]
                    ),
                    Decimal(0),
                )
                _match(pod, pod.receipts[str(receipt["StandardReceiptId"])], row, reference["ReferenceAmount"] - used)
    return len(pod.applications) - before


def _match(pod: Pod, receipt: Row, row: Row, wanted: Decimal) -> None:
    for part in row.get("_installments", []):
        amount = min(wanted, unapplied(pod, receipt), part["InstallmentBalanceDue"])
        if amount > 0:
            _book(pod, receipt, pod.transactions[str(row["CustomerTransactionId"])], part, amount)
            wanted -= amount


def reverse(pod: Pod, receipt: Row) -> None:
    """The bank took the money back: every application is undone."""
    for application in applications_of(pod, receipt):
        row = pod.transactions[str(application["ReferenceTransactionId"])]
        amount = application["ApplicationAmount"]
        parts = [
            {**part, "InstallmentBalanceDue": part["InstallmentBalanceDue"] + amount, "InstallmentStatus": "Open"}
            if part["InstallmentId"] == application["ReferenceInstallmentId"]
            else part
            for part in row["_installments"]
        ]
        transactions.put(pod, {**row, "_installments": parts, "InvoiceBalanceAmount": row["InvoiceBalanceAmount"] + amount})
        del pod.applications[str(application["ApplicationId"])]
    put(pod, {**receipt, "Status": "Reversed"})


def shown(pod: Pod, row: Row, *, children: set[str]) -> Row:
    """A receipt as its resource shows it: amounts are texts, as in the vendor's samples."""
    left = unapplied(pod, row)
    body = {name: value for name, value in row.items() if not name.startswith("_")}
    state = "Reversed" if row["Status"] == "Reversed" else "Unapplied" if left else "Applied"
    body |= {"Amount": f"{row['_amount']:f}", "UnappliedAmount": f"{left:f}", "State": state}
    if children & {"all", "remittanceReferences"}:
        body["remittanceReferences"] = row["_references"]
    return body
