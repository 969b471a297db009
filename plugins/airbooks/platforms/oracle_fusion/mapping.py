"""Canonical documents and payments as request bodies of receivablesInvoices, receivablesCreditMemos and standardReceipts.

Accounts are not sent: Oracle derives them by AutoAccounting from transaction type, item and memo line. There is no inline address, only
sites. What Receivables has no attribute for stands in the comments (of the document) or in the description (of a line).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, LineKind, Payment
from airbooks.platforms.oracle_fusion.lines import ONE, amount_of, bearers, quantity_and_price, taxes
from airbooks.platforms.oracle_fusion.settings import Settings, table
from airbooks.platforms.oracle_fusion.spec import COMMENTS, MANUAL, RECEIPT_NUMBER
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, dimension_codes

Body = dict[str, Any]
Options = Mapping[str, Any]

INVOICES, CREDIT_MEMOS, RECEIPTS = "receivablesInvoices", "receivablesCreditMemos", "standardReceipts"
MEMO = "memo:"


def resource_of(document: Invoice | CreditNote) -> str:
    return INVOICES if isinstance(document, Invoice) else CREDIT_MEMOS


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty; zero stays."""
    return {key: value for key, value in body.items() if value is not None and value not in ("", [], {})}


def plain(text: str) -> str:
    """`text` with control characters as blanks; line ends stay."""
    return "".join(each if each.isprintable() or each == "\n" else " " for each in text).strip()


def document_body(document: Invoice | CreditNote, refs: References, options: Options) -> Body:
    """The body of `POST /receivablesInvoices` or `POST /receivablesCreditMemos` for one document.

    `options`: `transaction_type`, `receipt_method`, `special_instructions` (texts), `leave_incomplete` (bool).
    """
    settings = refs.settings
    body: Body = {
        "BusinessUnit": settings.get("business_unit"),
        "TransactionSource": settings.get("transaction_source"),
        "TransactionNumber": document.number,
        "TransactionDate": document.issue_date.isoformat(),
        "AccountingDate": document.ledger_date.isoformat(),
        **conversion(document, settings),
        "BillToCustomerNumber": refs.customer,
        "BillToSite": table(settings, "bill_to_sites").get(refs.customer),
        "CrossReference": document.source_id,
        "AllowCompletion": "N" if options.get("leave_incomplete") else "Y",
    }
    more = _invoice(document, refs, options) if isinstance(document, Invoice) else _credit_memo(document, refs)
    return filled({**body, **more})


def _invoice(invoice: Invoice, refs: References, options: Options) -> Body:
    terms = refs.get(ReferenceKind.TERMS, invoice.terms.code).code if invoice.terms.code else ""
    return {
        "TransactionType": options.get("transaction_type") or refs.settings.get("transaction_type"),
        "InvoiceCurrencyCode": invoice.currency,
        "PaymentTerms": terms,
        "PurchaseOrder": invoice.purchase_order,
        "Comments": comments(invoice),
        "InternalNotes": plain(invoice.internal_note),
        "SpecialInstructions": options.get("special_instructions"),
        "StructuredPaymentReference": invoice.payment_reference,
        "ReceiptMethod": options.get("receipt_method"),
        "receivablesInvoiceLines": document_lines(invoice, refs),
    }


def _credit_memo(note: CreditNote, refs: References) -> Body:
    """An on-account credit memo: REST makes no other, so the invoice it corrects is named in its comments."""
    return {
        "TransactionType": refs.settings.get("credit_memo_type"),
        "CreditMemoCurrency": note.currency,
        "CreditMemoComments": comments(note),
        "receivablesCreditMemoLines": document_lines(note, refs),
    }


def conversion(document: Invoice | CreditNote | Payment, settings: Settings) -> Body:
    """Nothing in the ledger's currency; else type "User" with our rate (ledger units per foreign unit), or the connection's type."""
    if document.currency == settings.get("ledger_currency", "USD"):
        return {}
    day = document.received_on if isinstance(document, Payment) else document.ledger_date
    if document.exchange_rate is None:
        return {"ConversionRateType": settings.get("conversion_rate_type"), "ConversionDate": day.isoformat()}
    rate = document.exchange_rate
    return {
        "ConversionRateType": "User",
        "ConversionDate": (rate.rate_date or day).isoformat(),
        "ConversionRate": rate.rate,
    }


def comments(document: Invoice | CreditNote) -> str:
    """What Receivables has no attribute for, one fact a line."""
    shipment = document.delivery
    is_invoice = isinstance(document, Invoice)
    due = document.due_date.isoformat() if document.due_date and not document.terms.code else ""
    facts = (
        *(("", note) for note in document.notes),
        *(("", " ".join(part for part in (line.name, line.description) if part)) for line in _comment_lines(document)),
        ("Reason", document.reason if isinstance(document, CreditNote) else ""),
        ("Corrects", ", ".join(each.number for each in document.preceding_invoices)),
        ("Terms", "" if document.terms.code else document.terms.text),
        ("Due", due),
        ("Tax point", document.tax_point_date.isoformat() if document.tax_point_date else ""),
        ("Purchase order", "" if is_invoice else document.purchase_order),
        ("Internal note", "" if is_invoice else document.internal_note),
        ("Payment reference", "" if is_invoice else document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Sales order", document.sales_order),
        ("Buyer reference", document.buyer_reference),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", document.salesperson),
        ("Delivered", _delivered(document)),
        ("Shipment", shipment.shipment_number if shipment else ""),
        ("Shipped by", " ".join((shipment.shipping_method, shipment.tracking_number)).strip() if shipment else ""),
        ("Shipped from", shipment.location_code if shipment else ""),
        ("Period", f"{document.period.start or ''} to {document.period.end or ''}" if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        ("Attachments", ", ".join(document.attachments)),
    )
    return plain(told(facts, "\n"))


def _delivered(document: Invoice | CreditNote) -> str:
    if document.delivery is None:
        return ""
    place = document.delivery.address
    parts = (str(document.delivery.delivery_date or ""), document.delivery.name, place.line1, place.line2, place.line3, place.city)
    return ", ".join(part for part in (*parts, place.region, place.postal_code, place.country) if part)


def _comment_lines(document: Invoice | CreditNote) -> list[Line]:
    return [line for line in document.lines if line.kind is LineKind.COMMENT]


def told(facts: Iterable[tuple[str, str]], between: str) -> str:
    return between.join(f"{label}: {text}" if label else text for label, text in facts if text)


# -- lines --------------------------------------------------------------------------------------------------------------------


def document_lines(document: Invoice | CreditNote, refs: References) -> list[Body]:
    """Our lines in their order, then the document's allowances and charges as lines of their memo lines.

    On a credit memo the quantity is positive and the price negative.
    """
    shares: list[Decimal | None] = [*taxes(document)] if refs.settings.get("tax_lines") == MANUAL else [None] * len(bearers(document))
    names_of = _CREDITED if isinstance(document, CreditNote) else _INVOICED
    sign = -1 if isinstance(document, CreditNote) else 1
    bodies = []
    for number, (bearer, share) in enumerate(zip(bearers(document), shares, strict=True), 1):
        body = goods_line(document, bearer, refs) if isinstance(bearer, Line) else memo_line(bearer, refs.settings)
        body["UnitSellingPrice"] *= sign
        code = refs.get(ReferenceKind.TAX_CODE, bearer.tax_code).code
        tax = [] if share is None else [manual_tax(code, sign * share, refs.settings)]
        named = {names_of.get(name, name): value for name, value in {**body, "TaxLines": tax}.items()}
        bodies.append(filled({"LineNumber": number, **named, "TaxClassificationCode": code}))
    return bodies


_INVOICED = {"TaxLines": "receivablesInvoiceLineTaxLines", "DFF": "receivablesInvoiceLineDFF"}
_CREDITED = {
    "Description": "LineDescription",
    "Quantity": "LineQuantityCredit",
    "TaxLines": "receivablesCreditMemoLineTaxLines",
    "DFF": "receivablesCreditMemoLineDFF",
}


def manual_tax(code: str, amount: Decimal, settings: Settings) -> Body:
    return {"TaxRegimeCode": settings.get("tax_regime", ""), "TaxRateCode": code, "TaxAmount": amount}


def goods_line(document: Invoice | CreditNote, line: Line, refs: References) -> Body:
    """One line of ours: an inventory item, a standard memo line (an item mapped to `memo:NAME`), or free text."""
    item = refs.get(ReferenceKind.ITEM, line.item_code).code if line.item_code else ""
    stocked = bool(item) and not item.startswith(MEMO)
    dimensions = line_dimensions(document, line, refs)
    quantity, price = quantity_and_price(line, document.currency)
    warehouse = next((each.remote_id for each in dimensions if "segment" not in each.details), "")
    flexfield = {each.details["segment"]: each.remote_id for each in dimensions if "segment" in each.details}
    return {
        "ItemNumber": item if stocked else "",
        "MemoLine": "" if stocked else item.removeprefix(MEMO),
        "Description": line_text(line, whole=quantity != abs(line.quantity), warehouse="" if stocked else warehouse),
        "Quantity": quantity,
        "UnitOfMeasure": refs.get(ReferenceKind.UNIT, line.unit).remote_id if line.unit else "",
        "UnitSellingPrice": price,
        "Warehouse": warehouse if stocked else "",
        "SalesOrder": line.order_reference if isinstance(document, Invoice) else "",
        "DFF": [{"__FLEX_Context": None, **flexfield}] if flexfield else [],
    }


def memo_line(bearer: AllowanceCharge, settings: Settings) -> Body:
    """An allowance (at a negative price) or charge of the whole document."""
    memo = settings.get("charge_memo_line" if bearer.is_charge else "discount_memo_line", "")
    return {"MemoLine": memo, "Description": plain(allowance_text(bearer)), "Quantity": ONE, "UnitSellingPrice": amount_of(bearer)}


def line_dimensions(document: Invoice | CreditNote, line: Line, refs: References) -> list[ReferenceItem]:
    """The entries of a line's dimensions, the head's where the line has none of that name; the warehouse among them."""
    codes = {code.partition(":")[0]: code for holder in (None, line) for code in dimension_codes(document, holder)}
    return [refs.get(ReferenceKind.DIMENSION, code) for code in codes.values()]


def line_text(line: Line, *, whole: bool, warehouse: str = "") -> str:
    """The line's name and everything Receivables has no attribute for; `whole`: it is booked as one piece at its whole amount."""
    facts = [
        ("", line.name),
        ("", line.description),
        ("", line.note),
        ("Quantity", f"{line.quantity:f}" if whole else ""),
        *((allowance_text(each), f"{'' if each.is_charge else '-'}{each.amount:f}") for each in line.allowances_charges),
        ("Warehouse", warehouse),
        ("Serial numbers", ", ".join(line.serial_numbers)),
        ("Order line", " ".join(part for part in (line.order_reference, line.order_line) if part) if line.order_line else ""),
        ("Service date", line.service_date.isoformat() if line.service_date else ""),
        ("Period", f"{line.period.start or ''} to {line.period.end or ''}" if line.period else ""),
        ("Commodity code", line.commodity_code),
        ("GTIN", line.gtin),
    ]
    return plain(told(facts, "; "))


def allowance_text(each: AllowanceCharge) -> str:
    reason = each.reason or ("Charge" if each.is_charge else "Discount")
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason


# -- receipts -----------------------------------------------------------------------------------------------------------------


def receipt_number(payment: Payment) -> str:
    """The bank's reference, or our own id where it has none, as long as a receipt number may be."""
    return plain(payment.reference or payment.source_id).replace('"', "'").replace("\n", " ")[:RECEIPT_NUMBER].strip()


def receipt_marker(payment: Payment) -> str:
    """The words in the comments by which a receipt is known again: two payments may bear one reference."""
    return f"[{payment.source} {payment.source_id}]"


def receipt_body(payment: Payment, customer: str, refs: References) -> Body:
    """The body of `POST /standardReceipts`, with one remittance reference for each document it pays.

    References apply nothing by themselves; AutoMatch reads them.
    """
    settings, method = refs.settings, (ReferenceKind.PAYMENT_METHOD, payment.method)
    mapped = refs.get(*method).code if refs.has(*method) else settings.get("receipt_method", "")
    facts = (
        ("", receipt_marker(payment)),
        ("", payment.memo),
        ("Reference", payment.reference if payment.reference != receipt_number(payment) else ""),
    )
    body = {
        "ReceiptNumber": receipt_number(payment),
        "BusinessUnit": settings.get("business_unit"),
        "ReceiptMethod": mapped or refs.get(*method).code,
        "ReceiptDate": payment.received_on.isoformat(),
        "AccountingDate": payment.received_on.isoformat(),
        "Amount": payment.amount,
        "Currency": payment.currency,
        **conversion(payment, settings),
        "RemittanceBankAccountNumber": settings.get("remittance_bank_account"),
        "CustomerAccountNumber": customer,
        "Comments": plain(told(facts, "\n"))[:COMMENTS],
        "remittanceReferences": [_reference(each.document_number, each.amount) for each in payment.allocations],
    }
    return filled(body)


def _reference(number: str, amount: Decimal) -> Body:
    return {"ReceiptMatchBy": "Transaction Number", "ReferenceNumber": number, "ReferenceAmount": amount}


# -- what may change ------------------------------------------------------------------------------------------------------------


# What only a request writes: where ours no longer has it and theirs does, the transaction is another one.
_NEVER_DERIVED = (
    *("PurchaseOrder", "Comments", "CreditMemoComments", "InternalNotes", "SpecialInstructions", "StructuredPaymentReference"),
    *("ItemNumber", "MemoLine", "SalesOrder"),
)


def differing(body: Mapping[str, Any], row: Mapping[str, Any], where: str = "") -> list[str]:
    """The attributes of a body that a transaction as read back has otherwise, or still has; tax lines are not compared."""
    found: list[str] = [f"{where}{name}" for name in _NEVER_DERIVED if row.get(name) and name not in body]
    for name, ours in body.items():
        theirs = row.get(name)
        if name.endswith("Lines") and name.startswith("receivables") and "Tax" not in name:
            found += _differing_lines(ours, theirs or [], name)
        elif name.endswith("LineDFF"):
            found += [f"{where}{segment}" for segment in _differing_segments(ours, theirs or [])]
        elif not isinstance(ours, list) and name != "AllowCompletion" and _unequal(ours, theirs):
            found.append(f"{where}{name}")
    return found


def _differing_lines(ours: list[Body], theirs: list[Body], name: str) -> list[str]:
    if len(ours) != len(theirs):
        return [f"{name} (number of lines)"]
    pairs = zip(ours, sorted(theirs, key=lambda line: line.get("LineNumber", 0)), strict=True)
    return [each for line, held in pairs for each in differing(line, held, f"{name}[{line['LineNumber']}].")]


def _differing_segments(ours: list[Body], theirs: list[Body]) -> list[str]:
    held = {name: value for each in theirs for name, value in each.items()}
    return [name for each in ours for name, value in each.items() if value is not None and _unequal(value, held.get(name))]


def _unequal(ours: object, theirs: object) -> bool:
    if isinstance(ours, int | Decimal) and isinstance(theirs, int | Decimal):
        return ours != theirs
    return str(ours) != str(theirs)
