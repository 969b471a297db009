"""Documents of accounts receivable: written by PUT while they are not released, released by an action, closed by applications."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from decimal import Decimal

from airbooks.platforms.acumatica.sandbox import taxes
from airbooks.platforms.acumatica.sandbox.answers import Invalid, Path, Row, exception, no_entity
from airbooks.platforms.acumatica.sandbox.company import Company, Errors, cents, customer_name
from airbooks.platforms.acumatica.sandbox.sessions import Session

TYPES = ("Invoice", "Credit Memo", "Debit Memo")
COMPUTED = {"ReferenceNbr", "Status", "Amount", "Balance", "DetailTotal", "TaxTotal", "LastModifiedDateTime", "TaxDetails"}
LONGEST = dict.fromkeys(("ExternalRef", "CustomerOrder"), 40) | {"Description": 512}  # from memory, as the next line
LONGEST |= dict.fromkeys(("TransactionDescr", "TransactionDescription"), 256)
DECIMALS = Decimal("0.000001")
FIXED = "AR Document is released; it cannot be changed."
TERMS_DAYS = {"30D": 30, "14D": 14, "2P10N30": 30, "DUE": 0}


def save(company: Company, entity: str, found: Row | None, sent: Row, session: Session) -> Row:
    """Insert a document, or change one that is not released. Raises Invalid."""
    if found is not None and found["_released"]:
        raise Invalid([(("Status",), FIXED)])
    row = deepcopy(found) if found is not None else _blank(company)
    _merge(company, entity, row, sent, session)
    errors: Errors = []
    _check(company, entity, row, errors)
    if errors:
        raise Invalid(errors)
    _compute(company, entity, row)
    _set_status(company, row)
    if found is None:
        row["ReferenceNbr"] = company.next_number("INV")
    return company.put(entity, company.touched(row))


def _blank(company: Company) -> Row:
    now = company.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    lists: Row = {"Details": [], "TaxDetails": [], "ApplicationsCreditMemo": [], "_applied": []}
    return {"Type": "Invoice", "Date": now, "Hold": True, "TaxCalcMode": "Net", "_released": False, "_rows": 0, **lists}


# -- taking over what was sent --------------------------------------------------------------------------------------------------


def _merge(company: Company, entity: str, row: Row, sent: Row, session: Session) -> None:
    ignored = company.struck("ignores_field")
    left = {str(ignored["name"])} if ignored else set()
    for name, value in sent.items():
        if name in COMPUTED | left | {"id", "delete", "Details"}:
            continue
        if name == "custom" and company.struck("ignores_custom") is not None:
            continue
        row[name] = {**(row.get(name) or {}), **value} if isinstance(value, dict) else value
    key = f"{row['Type']}/{row.get('ReferenceNbr', '')}"
    for detail in sent.get("Details") or []:
        _merge_detail(company, entity, row, key, {name: value for name, value in detail.items() if name not in left}, session)


def _merge_detail(company: Company, entity: str, row: Row, key: str, sent: Row, session: Session) -> None:
    guid = sent.pop("id", None)
    delete = sent.pop("delete", False)
    if guid is None:
        row["_rows"] += 1
        row["Details"].append({"_row": row["_rows"], "LineNbr": Decimal(row["_rows"]), **sent})
        return
    line = next((each for each in row["Details"] if company.guid(session, entity, f"{key}#{each['_row']}") == guid), None)
    if line is None:
        raise no_entity()
    if delete:
        row["Details"].remove(line)
    else:
        line.update(sent)


# -- checks -----------------------------------------------------------------------------------------------------------------


def _check(company: Company, entity: str, row: Row, errors: Errors) -> None:
    if row["Type"] not in TYPES:
        errors.append((("Type",), f"'{row['Type']}' is not a valid document type."))
    _check_texts(row, (), errors)
    _check_customer(company, entity, row, errors)
    company.check_period(errors, row["Date"])
    zone = (row.get("FinancialDetails") or {}).get("CustomerTaxZone")
    company.check(errors, ("FinancialDetails", "CustomerTaxZone"), "TaxZone", zone, "Tax Zone")
    for position, line in enumerate(row["Details"]):
        path: Path = ("Details", position)
        _check_texts(line, path, errors)
        _check_line(company, entity, line, path, errors)
    for position, each in enumerate(row["ApplicationsCreditMemo"] or []):
        _check_application(company, entity, row, each, ("ApplicationsCreditMemo", position), errors)


def _check_texts(row: Row, path: Path, errors: Errors) -> None:
    for name, most in LONGEST.items():
        if len(row.get(name) or "") > most:
            errors.append(((*path, name), f"The text is longer than {most} characters."))


def _check_customer(company: Company, entity: str, row: Row, errors: Errors) -> None:
    name = customer_name(entity)
    customer = company.known("Customer", row.get(name) or "")
    if customer is None:
        errors.append(((name,), f"Customer '{row.get(name) or ''}' cannot be found in the system."))
        return
    row[name] = customer["CustomerID"]
    if customer["Status"] != "Active":
        errors.append(((name,), f"The customer status is '{customer['Status']}'."))
    row["_currency"] = (row.get("Currency") or customer["CurrencyID"]) if entity == "SalesInvoice" else customer["CurrencyID"]
    row["Currency"] = row["_currency"]
    company.check(errors, ("Currency",), "Currency", row["_currency"], "Currency")
    if row["_currency"] != customer["CurrencyID"] and not customer.get("EnableCurrencyOverride"):
        errors.append((("Currency",), "The currency is different from the customer's, and its override is not enabled for the customer."))


def _check_line(company: Company, entity: str, line: Row, path: Path, errors: Errors) -> None:
    item = company.item(line.get("InventoryID") or "")
    if line.get("InventoryID") and item is None:
        errors.append(((*path, "InventoryID"), f"Inventory Item '{line['InventoryID']}' cannot be found in the system."))
    if not line.get("InventoryID") and not line.get("Account"):
        errors.append(((*path, "Account"), "'Account' cannot be empty."))
    if item is not None:
        if entity == "Invoice" and item["_stock"]:
            errors.append(((*path, "InventoryID"), "Stock items cannot be used in AR documents of this screen."))
        if line.get("UOM") and line["UOM"] != item["_unit"]:
            errors.append(((*path, "UOM"), f"Unit of measure '{line['UOM']}' is not valid for the item."))
    subaccount, branch = ("SubAccount", "BranchID") if entity == "SalesInvoice" else ("Subaccount", "Branch")
    for name, table, label in (
        ("Account", "Account", "Account"),
        (subaccount, "Subaccount", "Subaccount"),
        ("WarehouseID", "Warehouse", "Warehouse"),
        ("TaxCategory", "TaxCategory", "Tax Category"),
        (branch, "$branches", "Branch"),
    ):
        company.check(errors, (*path, name), table, line.get(name), label)


def _check_application(company: Company, entity: str, row: Row, each: Row, path: Path, errors: Errors) -> None:
    invoice = company.table(entity).get(f"{each.get('DocType')}/{each.get('ReferenceNbr')}")
    if row["Type"] != "Credit Memo" or invoice is None:
        errors.append(((*path, "ReferenceNbr"), f"Document '{each.get('ReferenceNbr')}' cannot be found in the system."))
    elif invoice["Status"] != "Open" or each.get("AmountPaid", Decimal(0)) > invoice["Balance"]:
        errors.append(((*path, "AmountPaid"), "The document is not open for this amount."))


# -- amounts and state --------------------------------------------------------------------------------------------------------


def _compute(company: Company, entity: str, row: Row) -> None:
    for line in row["Details"]:
        _compute_line(company, entity, line)
    customer = company.table("Customer")[row[customer_name(entity)]]
    custom = (row.get("custom") or {}).get("CurrentDocument") or {}
    financial = row.get("FinancialDetails") or {}
    zone = financial.get("CustomerTaxZone") or custom.get("TaxZoneID") or customer.get("TaxZone") or ""
    if entity == "SalesInvoice":
        row["FinancialDetails"] = {"Branch": "MAIN", **financial, "CustomerTaxZone": zone or None}
    else:
        row["Terms"] = row.get("Terms") or customer.get("Terms")
    row["custom"] = {"CurrentDocument": {"TermsID": customer.get("Terms"), **custom}}
    if not row.get("DueDate"):
        terms = row.get("Terms") or row["custom"]["CurrentDocument"]["TermsID"]
        row["DueDate"] = row["Date"] + timedelta(days=TERMS_DAYS.get(terms or "", 30))
    taxes.compute(company, row, zone)


def _compute_line(company: Company, entity: str, line: Row) -> None:
    item = company.item(line.get("InventoryID") or "")
    for name in ("InventoryID", "Account", "TaxCategory", "WarehouseID"):
        line[name] = (line.get(name) or "").strip().upper() or None
    line["Qty"] = (line.get("Qty") or Decimal(0)).quantize(DECIMALS)
    line["UnitPrice"] = (line.get("UnitPrice") or Decimal(0)).quantize(DECIMALS)
    if item is not None:
        line["UOM"] = line.get("UOM") or item["_unit"]
        line["Account"] = line["Account"] or item["_account"]
        line["TaxCategory"] = line["TaxCategory"] or item["TaxCategory"]
        if entity == "SalesInvoice" and not line.get("ManualPrice"):
            line["UnitPrice"] = item["DefaultPrice"]  # price lists overwrite a price that is not manual
    if entity == "SalesInvoice" and not line.get("ManualDiscount"):
        line["DiscountAmount"] = Decimal(0)
    line["DiscountAmount"] = cents(line.get("DiscountAmount") or Decimal(0))
    line["ExtendedPrice"] = cents(line["Qty"] * line["UnitPrice"])
    line["Amount"] = line["ExtendedPrice"] - line["DiscountAmount"]


def _set_status(company: Company, row: Row) -> None:
    if row["Hold"]:
        row["Status"] = "On Hold"
        return
    if row["Amount"] < 0:
        raise Invalid([(("Amount",), "Document amount must be greater than or equal to 0.")])
    row["Status"] = "Balanced"
    for fault, status in (("credit_hold", "Credit Hold"), ("needs_approval", "Pending Approval")):
        if company.struck(fault) is not None:
            row["Status"] = status


# -- actions ------------------------------------------------------------------------------------------------------------------


def delete(company: Company, entity: str, row: Row) -> None:
    if row["_released"]:
        raise exception("Error: AR Document is released; it cannot be deleted.")
    del company.table(entity)[company.key_of(entity, row)]


def check_release(row: Row) -> None:
    """What a release refuses at once."""
    if row["_released"]:
        raise exception(f"Error: Document {row['ReferenceNbr']} has already been released.")
    if row["Status"] != "Balanced":
        raise exception(f"Error: The document is on hold and cannot be released (status {row['Status']}).")


def release(company: Company, entity: str, row: Row) -> None:
    """The document counts; a credit memo lowers what it is applied to. Raises Invalid."""
    errors: Errors = []
    company.check_period(errors, row["Date"])
    if company.struck("period_closed_at_release") is not None:
        errors.append((("PostPeriod",), f"The {row['Date']:%m-%Y} financial period is inactive in the {company.name} company."))
    if errors:
        raise Invalid(errors)
    row["_released"] = True
    row["Status"] = "Open" if row["Balance"] else "Closed"
    company.put(entity, company.touched(row))
    for each in row["ApplicationsCreditMemo"] or []:
        invoice = company.table(entity)[f"{each['DocType']}/{each['ReferenceNbr']}"]
        if invoice["Balance"] < each["AmountPaid"]:
            continue
        applied = {"DocType": row["Type"], "number": row["ReferenceNbr"], "amount": each["AmountPaid"], "date": row["Date"]}
        invoice["_applied"].append(applied)
        company.settle(entity, invoice, each["AmountPaid"])
        company.settle(entity, row, each["AmountPaid"])
