"""Canonical documents, customers and payments as QuickBooks request bodies (Invoice, CreditMemo, Customer, Payment).

QuickBooks has no place for a line's unit, serial numbers, order, period, commodity code or discount: they stand in its description.
Sales order, contract, project, salesperson, shipment and the invoices a credit note corrects stand in the private note. The income
account is the item's, so a line's revenue account is not sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from airbooks.canonical import Address, AllowanceCharge, CreditNote, Delivery, Invoice, Line, LineKind, Party, Payment
from airbooks.platforms.payments import by_document
from airbooks.platforms.quickbooks.lines import allowances, bearers, charges, is_taxed_alike, quantity_and_price, shares
from airbooks.platforms.quickbooks.spec import CUSTOM_FIELD, DISPLAY_NAME, GLOBAL, PAYMENT_REFERENCE, US_AUTOMATED
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Body = dict[str, Any]
Options = Mapping[str, Any]
CODE_LABEL = "Customer code"


def ref(value: str) -> Body:
    return {"value": value}


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero and False stay."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def document_body(document: Invoice | CreditNote, refs: References, options: Options) -> Body:
    """The body of `POST /invoice` or `POST /creditmemo` for one document.

    `options`: `send_email` and `print_later` (bool), `location_id` (for documents whose lines name no location).
    """
    body: Body = {
        "CustomerRef": ref(refs.customer),
        "DocNumber": document.number,
        "TxnDate": document.ledger_date.isoformat(),
        **currency_fields(document, refs.settings),
        "PrivateNote": private_note(document, refs.settings),
        "CustomerMemo": filled({"value": customer_memo(document)}),
        "BillEmail": filled({"Address": document.buyer.contact.email}),
        "BillAddr": address_body(document.buyer.name, document.buyer.address),
        "DepartmentRef": filled(ref(location(document, refs, options))),
        "CustomField": _custom_fields(document, refs.settings),
        "EmailStatus": "NeedToSend" if options.get("send_email") and document.buyer.contact.email else "NotSet",
        "PrintStatus": "NeedToPrint" if options.get("print_later") else "NotSet",
        **tax_fields(document, refs),
        "Line": document_lines(document, refs),
    }
    return filled(body | (_invoice_fields(document, refs) if isinstance(document, Invoice) else {}))


def _invoice_fields(invoice: Invoice, refs: References) -> Body:
    terms = refs.get(ReferenceKind.TERMS, invoice.terms.code).remote_id if invoice.terms.code else ""
    return {
        "SalesTermRef": filled(ref(terms)),
        "DueDate": invoice.due_date.isoformat() if invoice.due_date else None,
        **(delivery_fields(invoice.delivery) if invoice.delivery else {}),
    }


def delivery_fields(delivery: Delivery) -> Body:
    method = delivery.shipping_method
    return {
        "ShipAddr": address_body(delivery.name, delivery.address),
        "ShipDate": delivery.delivery_date.isoformat() if delivery.delivery_date else None,
        "TrackingNum": delivery.tracking_number,
        "ShipMethodRef": filled({"value": method, "name": method}),
    }


def currency_fields(document: Invoice | CreditNote | Payment, settings: Mapping[str, str]) -> Body:
    """Currency and rate (home units per one foreign unit), or nothing where multicurrency is off."""
    if settings.get("multicurrency", "True").lower() == "false":
        return {}
    foreign = document.currency != settings.get("home_currency", "USD")
    rate = document.exchange_rate.rate if foreign and document.exchange_rate else None
    return {"CurrencyRef": ref(document.currency), "ExchangeRate": rate}


def address_body(name: str, address: Address) -> Body:
    lines = [part for part in (name, address.line1, address.line2, address.line3) if part]
    return filled(
        {
            **{f"Line{position}": text for position, text in enumerate(lines, 1)},
            "City": address.city,
            "CountrySubDivisionCode": address.region,
            "PostalCode": address.postal_code,
            "Country": address.country,
        }
    )


def _custom_fields(document: Invoice | CreditNote, settings: Mapping[str, str]) -> list[Body]:
    if not po_fits_custom_field(document, settings):
        return []
    return [{"DefinitionId": settings["po_custom_field_id"], "Type": "StringType", "StringValue": document.purchase_order}]


def po_fits_custom_field(document: Invoice | CreditNote, settings: Mapping[str, str]) -> bool:
    return bool(settings.get("po_custom_field_id")) and 0 < len(document.purchase_order) <= CUSTOM_FIELD


def customer_memo(document: Invoice | CreditNote) -> str:
    """What the form shows the customer: notes, and a credit note's reason; terms that are text only."""
    reason = document.reason if isinstance(document, CreditNote) else ""
    terms = "" if document.terms.code else document.terms.text
    return "\n".join(part for part in (reason, terms, *document.notes) if part)


def private_note(document: Invoice | CreditNote, settings: Mapping[str, str]) -> str:
    """What QuickBooks has no property for, one fact a line."""
    shipment = document.delivery
    corrected = ", ".join(each.number for each in document.preceding_invoices)
    facts = (
        ("", document.internal_note),
        ("Corrects", corrected),
        ("Issued", document.issue_date.isoformat() if document.ledger_date != document.issue_date else ""),
        ("Tax point", document.tax_point_date.isoformat() if document.tax_point_date else ""),
        ("Purchase order", "" if po_fits_custom_field(document, settings) else document.purchase_order),
        ("Sales order", document.sales_order),
        ("Buyer reference", document.buyer_reference),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", document.salesperson),
        ("Shipment", shipment.shipment_number if shipment else ""),
        ("Shipped from", shipment.location_code if shipment else ""),
        ("Payment reference", document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Period", _span(document.period.start, document.period.end) if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        ("Attachments", ", ".join(document.attachments)),
    )
    return _told(facts)


def _told(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {text}" if label else text for label, text in facts if text)


def _span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


# -- dimensions ---------------------------------------------------------------------------------------------------------


def dimensions(document: Invoice | CreditNote, line: Line | None, refs: References, entity: str) -> list[ReferenceItem]:
    """The entries of one QuickBooks list (Class or Department) that a line, or the document's head, names."""
    found = [refs.get(ReferenceKind.DIMENSION, code) for code in dimension_codes(document, line)]
    return [entry for entry in found if entry.details.get("list") == entity]


def locations(document: Invoice | CreditNote, refs: References) -> set[str]:
    holders: tuple[Line | None, ...] = (None, *document.amount_lines)
    return {entry.remote_id for holder in holders for entry in dimensions(document, holder, refs, "Department")}


def location(document: Invoice | CreditNote, refs: References, options: Options) -> str:
    """A document has one location: the one that its head and lines agree on. Where they differ, each line's description names its own."""
    named = locations(document, refs)
    if not named:
        return str(options.get("location_id") or "")
    return named.pop() if len(named) == 1 else ""


def line_class(document: Invoice | CreditNote, line: Line, refs: References) -> str:
    """The class of a line, or of the document's head for lines that have none; a second class stands in the description."""
    entries = classes(document, line, refs)
    return entries[0].remote_id if entries else ""


def classes(document: Invoice | CreditNote, line: Line, refs: References) -> list[ReferenceItem]:
    return dimensions(document, line, refs, "Class") or dimensions(document, None, refs, "Class")


# -- tax ----------------------------------------------------------------------------------------------------------------


def is_per_line(settings: Mapping[str, str]) -> bool:
    """Whether tax codes stand on lines (all countries but the US)."""
    return settings.get("tax_mode") == GLOBAL


def tax_fields(document: Invoice | CreditNote, refs: References) -> Body:
    """The document's part of its tax: the mode outside the US, the one tax code in the US, the amount for Automated Sales Tax."""
    settings = refs.settings
    body: Body = {"ApplyTaxAfterDiscount": True} if allowances(document) else {}
    if is_per_line(settings):
        return {**body, "GlobalTaxCalculation": "TaxExcluded"}
    if settings.get("tax_mode") == US_AUTOMATED:
        return {**body, "TxnTaxDetail": {"TotalTax": document.tax_total}}
    taxed = {each.tax_code for each in bearers(document) if each.tax_rate}
    if not taxed:
        return body
    return {**body, "TxnTaxDetail": {"TxnTaxCodeRef": ref(refs.get(ReferenceKind.TAX_CODE, min(taxed)).remote_id)}}


def line_tax(code: str, rate: Decimal, refs: References) -> Body:
    if is_per_line(refs.settings):
        return ref(refs.get(ReferenceKind.TAX_CODE, code).remote_id)
    return ref("TAX" if rate else "NON")


# -- lines --------------------------------------------------------------------------------------------------------------


def document_lines(document: Invoice | CreditNote, refs: References) -> list[Body]:
    """All lines: ours in their order, charges as lines of the charge item, then the one discount line."""
    carried = shares(document, per_line=is_per_line(refs.settings))
    mixed = len(locations(document, refs)) > 1
    body = [
        comment_line(line) if line.kind is LineKind.COMMENT else sales_line(document, line, refs, carried[line.line_id], mixed=mixed)
        for line in document.lines
    ]
    body += [charge_line(charge, refs) for charge in charges(document)]
    numbered = [{"LineNum": position, **line} for position, line in enumerate(body, 1)]
    return [*numbered, *discount_lines(document, refs)]


def comment_line(line: Line) -> Body:
    text = "\n".join(part for part in (line.name, line.description, line.note) if part)
    return {"DetailType": "DescriptionOnly", "Description": text, "DescriptionLineDetail": {}}


def sales_line(document: Invoice | CreditNote, line: Line, refs: References, carried: Decimal, *, mixed: bool) -> Body:
    """One line; `carried` is its share of the document's allowances, `mixed` says that the locations of the lines differ."""
    amount = line.net_amount - carried
    quantity, price = quantity_and_price(line, amount)
    item = refs.get(ReferenceKind.ITEM, line.item_code).remote_id if line.item_code else refs.settings["default_income_item_id"]
    detail = {
        "ItemRef": ref(item),
        "Qty": quantity,
        "UnitPrice": price,
        "TaxCodeRef": line_tax(line.tax_code, line.tax_rate, refs),
        "ClassRef": filled(ref(line_class(document, line, refs))),
        "ServiceDate": line.service_date.isoformat() if line.service_date else None,
    }
    more = [entry.code for entry in classes(document, line, refs)[1:]]
    description = "\n".join([line_description(line, carried, mixed=mixed, whole=quantity != line.quantity), *more])
    return filled(
        {"Description": description, "Amount": amount, "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": filled(detail)}
    )


def line_description(line: Line, carried: Decimal, *, mixed: bool, whole: bool) -> str:
    """The line's name and everything QuickBooks has no property for; `whole`: it is booked as one piece at its whole amount."""
    facts = [
        ("", line.name),
        ("", line.description),
        ("", line.note),
        ("Unit", "" if line.unit == "C62" else line.unit),
        ("Quantity", f"{line.quantity:f}" if whole else ""),
        *((_allowance_label(each), f"{'' if each.is_charge else '-'}{each.amount:f}") for each in line.allowances_charges),
        ("Share of the document's discount", f"-{carried:f}" if carried else ""),
        ("Serial numbers", ", ".join(line.serial_numbers)),
        ("Order", " ".join(part for part in (line.order_reference, line.order_line) if part)),
        ("Period", _span(line.period.start, line.period.end) if line.period else ""),
        ("Commodity code", line.commodity_code),
        ("GTIN", line.gtin),
        ("Warehouse", line.warehouse if mixed else ""),
    ]
    return _told(facts)


def _allowance_label(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason


def charge_line(charge: AllowanceCharge, refs: References) -> Body:
    """A charge of the whole document as a line of the item kept for that."""
    detail = {
        "ItemRef": ref(refs.settings["charge_item_id"]),
        "Qty": Decimal(1),
        "UnitPrice": charge.amount,
        "TaxCodeRef": line_tax(charge.tax_code, charge.tax_rate, refs),
    }
    return {
        "Description": charge.reason or "Charge",
        "Amount": charge.amount,
        "DetailType": "SalesItemLineDetail",
        "SalesItemLineDetail": detail,
    }


def discount_lines(document: Invoice | CreditNote, refs: References) -> list[Body]:
    """The one discount line, where everything is taxed alike; else the lines carry the allowances (how QuickBooks would apportion
    a discount over different tax codes is UNVERIFIED)."""
    given = allowances(document)
    if not given or not is_taxed_alike(document, per_line=is_per_line(refs.settings)):
        return []
    total = sum((each.amount for each in given), Decimal(0))
    account = refs.settings.get("discount_account_id", "")
    detail = filled({"PercentBased": False, "DiscountAccountRef": filled(ref(account))})
    reasons = ", ".join(_allowance_label(each) for each in given)
    return [{"Description": reasons, "Amount": total, "DetailType": "DiscountLineDetail", "DiscountLineDetail": detail}]


def with_line_ids(body: Body, current: Mapping[str, Any]) -> Body:
    """The body of a full update: each line keeps the id that the line in its place has now."""
    ids = {"discount": [], "other": []}  # type: dict[str, list[str]]
    for line in current["Line"]:
        if "Id" in line:
            ids[_place(line)].append(line["Id"])
    lines = []
    for line in body["Line"]:
        known = ids[_place(line)]
        lines.append({"Id": known.pop(0), **line} if known else line)
    return {**body, "Id": current["Id"], "SyncToken": current["SyncToken"], "sparse": False, "Line": lines}


def _place(line: Mapping[str, Any]) -> str:
    return "discount" if line["DetailType"] == "DiscountLineDetail" else "other"


# -- customers ----------------------------------------------------------------------------------------------------------


def display_name(party: Party, currency: str, home: str) -> str:
    """The name that carries our code, and the currency where it is not the home one: QuickBooks has no property for either key."""
    suffix = customer_suffix(party, currency, home)
    name = " ".join(party.name.replace(":", " ").split())
    return f"{name[: DISPLAY_NAME - len(suffix) - 1]} {suffix}"


def customer_suffix(party: Party, currency: str, home: str) -> str:
    code = " ".join(party.code.replace(":", " ").split())
    return f"({code})" if currency == home else f"({code} {currency})"


def code_note(party: Party) -> str:
    """The line of a customer's notes that says whose it is, also where people chose its display name."""
    return f"{CODE_LABEL}: {party.code}"


def customer_body(party: Party, currency: str, settings: Mapping[str, str]) -> Body:
    """The body of `POST /customer`."""
    home = settings.get("home_currency", "USD")
    multicurrency = settings.get("multicurrency", "True").lower() != "false"
    return filled(
        {
            "DisplayName": display_name(party, currency, home),
            "CompanyName": party.trading_name or party.name,
            "PrimaryEmailAddr": filled({"Address": party.contact.email}),
            "PrimaryPhone": filled({"FreeFormNumber": party.contact.phone}),
            "BillAddr": address_body(party.name, party.address),
            "CurrencyRef": ref(currency) if multicurrency else {},
            "Notes": _told((("", code_note(party)), ("VAT id", party.vat_id), ("Contact", party.contact.name))),
        }
    )


# -- payments -----------------------------------------------------------------------------------------------------------


def payment_marker(payment: Payment) -> str:
    """The words in the private note by which a payment is known again: QuickBooks gives payments no number of ours."""
    return f"[{payment.source} {payment.source_id}]"


def payment_body(payment: Payment, customer_id: str, refs: References) -> Body:
    """The body of `POST /payment`: one line for each invoice it pays; what no invoice claims stays unapplied credit."""
    account = ReferenceKind.ACCOUNT, payment.bank_account
    deposit = refs.get(*account).remote_id if refs.has(*account) else refs.settings.get("deposit_account_id", "")
    method = refs.get(ReferenceKind.PAYMENT_METHOD, payment.method).remote_id if payment.method else ""
    facts = (
        ("", payment_marker(payment)),
        ("", payment.memo),
        ("Reference", payment.reference if len(payment.reference) > PAYMENT_REFERENCE else ""),
    )
    return filled(
        {
            "CustomerRef": ref(customer_id),
            "TotalAmt": payment.amount,
            "TxnDate": payment.received_on.isoformat(),
            **currency_fields(payment, refs.settings),
            "PaymentRefNum": payment.reference[:PAYMENT_REFERENCE].strip(),
            "PaymentMethodRef": filled(ref(method)),
            "DepositToAccountRef": filled(ref(deposit)),
            "PrivateNote": _told(facts),
            "Line": [_applied(remote_id, amount) for remote_id, amount in by_document(payment).items()],
        }
    )


def _applied(remote_id: str, amount: Decimal) -> Body:
    return {"Amount": amount, "LinkedTxn": [{"TxnId": remote_id, "TxnType": "Invoice"}]}
