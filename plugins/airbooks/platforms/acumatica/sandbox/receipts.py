"""Payments: with the documents they are to be applied to; the applications count when the payment is released."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

from airbooks.platforms.acumatica.sandbox.answers import Invalid, Path, Row, exception
from airbooks.platforms.acumatica.sandbox.company import DOCUMENTS, Company, Errors

COMPUTED = {"ReferenceNbr", "Status", "AppliedToDocuments", "AvailableBalance", "LastModifiedDateTime", "ApplicationHistory"}
TYPES = ("Payment", "Prepayment", "Refund")
ZERO = Decimal(0)


def save(company: Company, found: Row | None, sent: Row) -> Row:
    """Insert a payment, or change one that is not released. Raises Invalid."""
    if found is not None and found["_released"]:
        raise Invalid([(("Status",), "AR Payment is released; it cannot be changed.")])
    row: Row = deepcopy(found) if found is not None else {"Type": "Payment", "Hold": True, "DocumentsToApply": [], "_released": False}
    row |= {"ApplicationHistory": row.get("ApplicationHistory", [])}
    row |= {name: value for name, value in sent.items() if name not in COMPUTED | {"id", "delete", "DocumentsToApply", "note"}}
    if sent.get("DocumentsToApply") and company.struck("payment_not_applied") is None:
        named = [each for each in sent["DocumentsToApply"] if each.get("ReferenceNbr")]  # a row that names nothing is no row
        row["DocumentsToApply"] = [{"CashDiscountTaken": ZERO, **each} for each in named]
    errors: Errors = []
    _check(company, row, errors)
    if errors:
        raise Invalid(errors)
    row["AppliedToDocuments"] = sum((each["AmountPaid"] for each in row["DocumentsToApply"]), ZERO)
    row["AvailableBalance"] = row["PaymentAmount"] - row["AppliedToDocuments"]
    if row["AvailableBalance"] < 0:
        raise Invalid([(("AvailableBalance",), "The applied amount exceeds the amount of the payment.")])
    row["Status"] = "On Hold" if row["Hold"] else "Balanced"
    if found is None:
        row["ReferenceNbr"] = company.next_number("PMT")
    return company.put("Payment", company.touched(row))


def _check(company: Company, row: Row, errors: Errors) -> None:
    if row["Type"] not in TYPES:
        errors.append((("Type",), f"'{row['Type']}' is not a valid document type."))
    for name in ("CustomerID", "PaymentMethod", "CashAccount", "PaymentRef", "PaymentAmount"):
        if not row.get(name):
            errors.append(((name,), f"'{name}' cannot be empty."))
    if len(row.get("ExternalRef") or "") > 40:
        errors.append((("ExternalRef",), "The text is longer than 40 characters."))
    company.check(errors, ("CustomerID",), "Customer", row.get("CustomerID"), "Customer")
    company.check_period(errors, row.get("ApplicationDate"))
    _check_account(company, row, errors)
    for position, each in enumerate(row["DocumentsToApply"]):
        _check_document(company, row, each, ("DocumentsToApply", position), errors)


def _check_account(company: Company, row: Row, errors: Errors) -> None:
    method = company.known("PaymentMethod", row.get("PaymentMethod") or "")
    account = company.known("Account", row.get("CashAccount") or "")
    if method is None:
        errors.append((("PaymentMethod",), f"Payment Method '{row.get('PaymentMethod')}' cannot be found in the system."))
    elif account is None or account["AccountCD"] not in {each["CashAccount"] for each in method["AllowedCashAccounts"]}:
        errors.append((("CashAccount",), f"Cash Account '{row.get('CashAccount')}' cannot be found in the system."))
    elif account["CurrencyID"] != row.get("CurrencyID", account["CurrencyID"]):
        errors.append((("CurrencyID",), "The currency of the payment is different from the cash account's."))


def _check_document(company: Company, row: Row, each: Row, path: Path, errors: Errors) -> None:
    found = company.document(each.get("DocType") or "Invoice", each["ReferenceNbr"])
    if found is None:
        errors.append(((*path, "ReferenceNbr"), f"Document '{each['ReferenceNbr']}' cannot be found in the system."))
        return
    document = found[1]
    if document["Status"] != "Open" or document["_currency"] != row.get("CurrencyID"):
        errors.append(((*path, "ReferenceNbr"), f"Document '{each['ReferenceNbr']}' is not open for this payment."))
    elif each.get("AmountPaid", ZERO) + each["CashDiscountTaken"] > document["Balance"]:
        errors.append(((*path, "AmountPaid"), "The amount exceeds the balance of the document."))


def check_release(row: Row) -> None:
    if row["_released"]:
        raise exception(f"Error: Document {row['ReferenceNbr']} has already been released.")
    if row["Status"] != "Balanced":
        raise exception("Error: The document is on hold and cannot be released.")


def release(company: Company, row: Row) -> None:
    """The applications count. Raises Invalid."""
    errors: Errors = []
    for position, each in enumerate(row["DocumentsToApply"]):
        _check_document(company, row, each, ("DocumentsToApply", position), errors)
    if errors:
        raise Invalid(errors)
    row["_discounts"] = {}
    for each in row["DocumentsToApply"]:
        found = company.document(each.get("DocType") or "Invoice", each["ReferenceNbr"])
        assert found is not None  # noqa: S101 it was checked
        entity, document = found
        document["_applied"].append(
            {"DocType": "Payment", "number": row["ReferenceNbr"], "amount": each["AmountPaid"], "date": row["ApplicationDate"]}
        )
        company.settle(entity, document, each["AmountPaid"] + each["CashDiscountTaken"])
        row["_discounts"][f"{document['Type']}/{document['ReferenceNbr']}"] = each["CashDiscountTaken"]
        row["ApplicationHistory"].append(
            {
                "DisplayDocType": document["Type"],
                "DisplayRefNbr": document["ReferenceNbr"],
                "AmountPaid": each["AmountPaid"],
                "Balance": document["Balance"],
                "Date": row["ApplicationDate"],
                "CurrencyID": row["CurrencyID"],
            }
        )
    row["DocumentsToApply"] = []
    row["_released"], row["Status"] = True, "Open" if row["AvailableBalance"] else "Closed"
    company.put("Payment", company.touched(row))


def void(company: Company, number: str) -> None:
    """As a person voids a released payment: its applications are taken back, and the discounts that came with them."""
    row = company.table("Payment")[f"Payment/{number}"]
    for each in row["ApplicationHistory"]:
        name = f"{each['DisplayDocType']}/{each['DisplayRefNbr']}"
        for entity in DOCUMENTS:
            document = company.table(entity).get(name)
            if document is not None:
                company.settle(entity, document, -each["AmountPaid"] - row["_discounts"][name])
    row["Status"] = "Voided"
    company.put("Payment", company.touched(row))


def delete(company: Company, row: Row) -> None:
    if row["_released"]:
        raise exception("Error: AR Payment is released; it cannot be deleted.")
    del company.table("Payment")[company.key_of("Payment", row)]
