"""Canonical documents, customers and payments as QuickFile request bodies (Invoice_Create, Client_Create; client payments of the beta).

The node order of the schema is kept: QuickFile reads JSON as it reads XML, in sequence. QuickFile has one date (the ledger date goes
there), days to pay instead of a due date, tags of the whole invoice instead of dimensions of a line, and no place for a line's unit,
serial numbers, order or discount: they stand in its text. Amounts are always without VAT; a credit note's are below zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from airbooks.canonical import AllowanceCharge, CreditNote, Delivery, Invoice, Line, Party
from airbooks.platforms.errors import AirbooksError
from airbooks.platforms.quickfile.lines import bearers, line_taxes, quantity_and_price, signed, taxes, with_comments
from airbooks.platforms.quickfile.spec import (
    CHARGE_LINE,
    CUSTOMER_CODE,
    DISCOUNT_LINE,
    ITEM_NAME,
    ONE_OFF,
    PURCHASE_REFERENCE,
    TITLE,
    TREATMENTS,
)
from airbooks.platforms.references import ReferenceKind, References

Body = dict[str, Any]
VAT = "VAT"


class CodesDisagreeError(AirbooksError):
    """The VAT rates and treatments that tax codes are mapped to do not fit the document."""


def clean(text: str) -> str:
    """`text` without the control characters that XML cannot hold, which QuickFile makes of every request."""
    return "".join(letter if letter >= " " or letter in "\n\t" else " " for letter in text)


def filled(body: Mapping[str, Any]) -> Body:
    """`body` without what is empty, its texts clean; zero and False stay."""
    kept = {key: clean(value) if isinstance(value, str) else value for key, value in body.items()}
    return {key: value for key, value in kept.items() if value is not None and value not in ("", [], {})}


def document_body(document: Invoice | CreditNote, refs: References, *, parent: int | None = None, invoice_id: int | None = None) -> Body:
    """The Body of `invoice/create`: a new document, or (with `invoice_id`) the whole of an existing one.

    `parent` is the id of the invoice that a credit note corrects; its credit is held on the client's account.
    """
    credit = {"CreditNoteType": "HOLD", "ParentInvoiceID": parent} if isinstance(document, CreditNote) else {}
    return {
        "InvoiceData": filled(
            {
                "InvoiceID": invoice_id,
                "InvoiceType": "INVOICE",
                "ClientID": int(refs.customer) if refs.customer.isdecimal() else refs.customer,
                "ClientContactName": document.buyer.contact.name,
                "ClientAddress": client_address(document.buyer),
                "Currency": document.currency,
                "TermDays": term_days(document, refs.settings),
                "Language": "en",
                "InvoiceDescription": title(document),
                "Terms": terms_text(document),
                "Notes": notes(document),
                "VatCodes": filled({"Code": vat_codes(document, refs)}),
                "ProjectTags": filled({"Tag": tags(document)}),
                "InvoiceLines": {"ItemLines": {"ItemLine": item_lines(document, refs)}},
                "Scheduling": {"SingleInvoiceData": _single(document.number, document.ledger_date.isoformat(), document.purchase_order)},
                "CreditNote": credit,
            }
        )
    }


def _single(number: str, date: str, order: str = "") -> Body:
    reference = order if len(order) <= PURCHASE_REFERENCE else ""
    return filled({"InvoiceNumber": number, "PurchaseReference": reference, "IssueDate": date})


def client_address(party: Party) -> Body:
    """The address to print, where it is complete; else QuickFile prints the one on file."""
    address = party.address
    parts = (address.line1, address.line2, address.line3, address.city, address.region, address.postal_code)
    text = "<br />".join(clean(part) for part in parts if part)
    return {"Address": text, "CountryISO": address.country} if text and address.country else {}


def term_days(document: Invoice | CreditNote, settings: Mapping[str, str]) -> int:
    """Days from the date in QuickFile to our due date; by the terms, or the connection's default, where there is none."""
    if document.due_date is not None:
        return (document.due_date - document.ledger_date).days
    return document.terms.net_days if document.terms.net_days is not None else int(settings.get("term_days", "30"))


def title(document: Invoice | CreditNote) -> str:
    """The invoice's description: our order where that fits, else QuickFile takes the first line's."""
    text = f"Order {document.sales_order}" if document.sales_order else ""
    return text if len(text) <= TITLE else ""


def terms_text(document: Invoice | CreditNote) -> str:
    terms = document.terms
    discount = f"{terms.discount_percent:f} % discount within {terms.discount_days} days" if terms.discount_percent else ""
    return "\n".join(dict.fromkeys(part for part in (terms.text, discount) if part))


def notes(document: Invoice | CreditNote) -> str:
    """What the customer may read and QuickFile has no node for, one fact a line."""
    facts = (
        ("", document.reason if isinstance(document, CreditNote) else ""),
        *(("", note) for note in document.notes),
        ("Corrects", ", ".join(each.number for each in document.preceding_invoices)),
        ("Issued", document.issue_date.isoformat() if document.ledger_date != document.issue_date else ""),
        ("Tax point", document.tax_point_date.isoformat() if document.tax_point_date else ""),
        ("Purchase order", document.purchase_order if len(document.purchase_order) > PURCHASE_REFERENCE else ""),
        ("Order", "" if title(document) else document.sales_order),
        ("Your reference", document.buyer_reference),
        ("Contract", document.contract),
        ("Project", document.project),
        ("Salesperson", document.salesperson),
        ("Payment reference", document.payment_reference),
        ("Payment means", document.payment_means_code),
        ("Period", span(document.period.start, document.period.end) if document.period else ""),
        (f"Tax in {document.tax_currency}", str(document.tax_total_in_tax_currency or "")),
        ("Attachments", ", ".join(document.attachments)),
        *(delivery_facts(document.delivery) if document.delivery else ()),
    )
    return told(facts)


def delivery_facts(delivery: Delivery) -> tuple[tuple[str, str], ...]:
    """QuickFile has no ship-to block."""
    place = delivery.address
    address = (delivery.name, place.line1, place.line2, place.line3, place.city, place.region, place.postal_code, place.country)
    return (
        ("Ship to", ", ".join(part for part in address if part)),
        ("Delivered", delivery.delivery_date.isoformat() if delivery.delivery_date else ""),
        ("Shipped from", delivery.location_code),
        ("Shipping method", delivery.shipping_method),
        ("Tracking", delivery.tracking_number),
        ("Shipment", delivery.shipment_number),
    )


def told(facts: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"{label}: {text}" if label else text for label, text in facts if text)


def span(start: object, end: object) -> str:
    return f"{start or ''} to {end or ''}"


# -- dimensions -----------------------------------------------------------------------------------------------------------------


def line_tags(line: Line) -> dict[str, str]:
    return {**line.dimensions, **({"warehouse": line.warehouse} if line.warehouse else {})}


def tags(document: Invoice | CreditNote) -> list[str]:
    """The values of all dimensions, of the document and its lines: project tags belong to the whole invoice."""
    holders = (document.dimensions, *(line_tags(line) for line in document.amount_lines))
    return list(dict.fromkeys(clean(value) for holder in holders for value in holder.values() if value))


def split_dimensions(document: Invoice | CreditNote) -> set[str]:
    """The dimensions in which lines differ, so that each line has to name its own."""
    lines = [line_tags(line) for line in document.amount_lines]
    names = {name for each in lines for name in each}
    return {name for name in names if len({each.get(name, "") for each in lines}) > 1}


# -- tax ------------------------------------------------------------------------------------------------------------------------


def vat_codes(document: Invoice | CreditNote, refs: References) -> list[str]:
    """The VAT treatment of the whole invoice; raises CodesDisagreeError where its lines have several."""
    found = {treatment(each, refs) for each in bearers(document)}
    if len(found) > 1:
        named = ", ".join(sorted(each or "VAT" for each in found))
        raise CodesDisagreeError(f"its lines need several VAT treatments ({named}), and QuickFile has one for the whole invoice")
    return [each for each in found if each]


def treatment(bearer: Line | AllowanceCharge, refs: References) -> str:
    """The treatment that a tax code is mapped to, or nothing for a rate; raises CodesDisagreeError where its rate is not the line's."""
    if not bearer.tax_code:
        return ""
    target = refs.get(ReferenceKind.TAX_CODE, bearer.tax_code).remote_id
    rate = Decimal(0) if target in TREATMENTS else Decimal(target)
    if rate != bearer.tax_rate:
        raise CodesDisagreeError(f"tax code {bearer.tax_code} is mapped to {target!r} ({rate} %), and the line says {bearer.tax_rate} %")
    return target if target in TREATMENTS else ""


def tax_node(rate: Decimal, amount: Decimal, code: str) -> Body:
    """Tax1 of a line: none under a treatment, else rate and amount (the amount overrides what QuickFile would compute)."""
    if code:
        return {}
    return {"TaxName": VAT, "TaxPercentage": rate} | ({"TaxAmount": amount} if rate else {})


# -- lines ----------------------------------------------------------------------------------------------------------------------


def item_lines(document: Invoice | CreditNote, refs: References) -> list[Body]:
    """All lines: ours in their order, then charges and allowances of the whole document as lines of their own."""
    sign = -1 if isinstance(document, CreditNote) else 1
    split = split_dimensions(document)
    amounts = line_taxes(document)
    lines = [sales_line(line, comments, refs, split) for line, comments in with_comments(document.lines)]
    lines += [charge_line(each, refs) for each in document.allowances_charges]
    found = []
    for body, bearer, amount in zip(lines, bearers(document), amounts, strict=True):
        node = tax_node(bearer.tax_rate, sign * amount + 0, treatment(bearer, refs))  # + 0: no minus zero
        found.append(filled({**body, "Tax1": node, "UnitCost": sign * body["UnitCost"] + 0}))
    return found


def sales_line(line: Line, comments: Iterable[Line], refs: References, split: set[str]) -> Body:
    """One of our lines, in the order of the schema; Tax1 is filled in later."""
    quantity, price = quantity_and_price(line)
    item = refs.get(ReferenceKind.ITEM, line.item_code) if line.item_code else None
    is_inventory = item is not None and item.code != ONE_OFF
    text = [line_text(line, split, whole=quantity != line.quantity), *(comment_text(each) for each in comments)]
    return {
        "ItemID": int(item.remote_id) if is_inventory and item is not None else 0,
        "ItemName": item.code[:ITEM_NAME] if is_inventory and item is not None else short_name(line),
        "ItemDescription": "\n".join(text),
        "ItemNominalCode": nominal(line.account_code, refs),
        "Tax1": {},
        "UnitCost": price,
        "Qty": quantity,
    }


def short_name(line: Line) -> str:
    """What a line without an inventory item is called: our item code, else the beginning of its name."""
    return clean(line.item_code or line.name)[:ITEM_NAME].strip()


def nominal(account: str, refs: References) -> str:
    return refs.get(ReferenceKind.ACCOUNT, account).remote_id if account else refs.settings.get("sales_nominal_code", "4000")


def charge_line(each: AllowanceCharge, refs: References) -> Body:
    """A charge or (below zero) allowance of the whole document as a line."""
    name = CHARGE_LINE if each.is_charge else DISCOUNT_LINE
    return {
        "ItemID": 0,
        "ItemName": name,
        "ItemDescription": allowance_label(each),
        "ItemNominalCode": nominal(each.account_code, refs),
        "Tax1": {},
        "UnitCost": signed(each),
        "Qty": Decimal(1),
    }


def allowance_label(each: AllowanceCharge) -> str:
    reason = each.reason or (CHARGE_LINE if each.is_charge else DISCOUNT_LINE)
    return f"{reason} {each.percent.normalize():f} %" if each.percent else reason


def comment_text(line: Line) -> str:
    return "\n".join(part for part in (line.name, line.description, line.note) if part)


def line_text(line: Line, split: set[str], *, whole: bool) -> str:
    """The line's name and everything QuickFile has no node for; `whole`: it is booked as one piece at its whole amount."""
    own = line_tags(line)
    facts = [
        ("", line.name),
        ("", line.description),
        ("", line.note),
        ("Item", line.item_code if len(line.item_code) > ITEM_NAME else ""),
        ("Unit", "" if line.unit == "C62" else line.unit),
        ("Quantity", f"{line.quantity:f}" if whole else ""),
        *((allowance_label(each), f"{'' if each.is_charge else '-'}{each.amount:f}") for each in line.allowances_charges),
        ("Serial numbers", ", ".join(line.serial_numbers)),
        ("Order", " ".join(part for part in (line.order_reference, line.order_line) if part)),
        ("Service date", line.service_date.isoformat() if line.service_date else ""),
        ("Period", span(line.period.start, line.period.end) if line.period else ""),
        ("Commodity code", line.commodity_code),
        ("GTIN", line.gtin),
        *((name.capitalize(), own.get(name, "")) for name in sorted(split)),
    ]
    return told(facts)


# -- taking a document back -----------------------------------------------------------------------------------------------------


def reversal_body(details: Mapping[str, Any], lines: list[Mapping[str, Any]], *, number: str, on: str, reason: str) -> Body:
    """The Body of `invoice/create` that credits an invoice in full (CreditNoteType VOID): its own lines below zero.

    `details` and `lines` are the invoice as read; its VAT is given so that the credit note's total is its own.
    """
    nets = [Decimal(line["LineTotal"]) for line in lines]
    vat = Decimal(details["TotalAmount"]) - sum(nets, Decimal(0))
    rows = [("all", net, Decimal(line.get("TaxPercentage1") or 0)) for line, net in zip(lines, nets, strict=True)]
    amounts = taxes(rows, {"all": vat})
    return {
        "InvoiceData": {
            "InvoiceType": "INVOICE",
            "ClientID": details["ClientID"],
            "Currency": details["Currency"],
            "TermDays": 0,
            "Language": "en",
            "Notes": clean(f"{reason}\n{takes_back(details['InvoiceNumber'], details['InvoiceID'])}"),
            "InvoiceLines": {"ItemLines": {"ItemLine": [_negative(*each) for each in zip(lines, amounts, strict=True)]}},
            "Scheduling": {"SingleInvoiceData": _single(number, on)},
            "CreditNote": {"CreditNoteType": "VOID", "ParentInvoiceID": details["InvoiceID"]},
        }
    }


def takes_back(number: str, invoice_id: object) -> str:
    """By which a credit note is known as that of one invoice: numbers are used again after a void, ids are not."""
    return f"Takes back: {number} (id {invoice_id})"


def _negative(line: Mapping[str, Any], vat: Decimal) -> Body:
    rate = Decimal(line.get("TaxPercentage1") or 0)
    node = tax_node(rate, -vat, "") if line.get("TaxName1") else {}
    return filled(
        {
            "ItemID": line.get("ItemID") or 0,
            "ItemName": line.get("ItemName"),
            "ItemDescription": line.get("ItemDescription"),
            "ItemNominalCode": str(line["NominalCode"]),
            "Tax1": node,
            "UnitCost": -Decimal(line["UnitCost"]),
            "Qty": Decimal(line["Qty"]),
        }
    )


# -- customers ------------------------------------------------------------------------------------------------------------------


def client_body(party: Party, currency: str, password: str) -> Body:
    """The Body of `client/create`; `password` is the contact's for QuickFile's customer portal, which is asked for with a contact."""
    address = party.address
    contact = contact_body(party, password)
    return filled(
        {
            "ClientDetails": filled(
                {
                    "CompanyName": party.name,
                    "AccountReference": party.code[:CUSTOMER_CODE],
                    "AddressLine1": address.line1,
                    "AddressLine2": address.line2,
                    "AddressLine3": address.line3,
                    "Town": address.city,
                    "CountryISO": address.country,
                    "Postcode": address.postal_code,
                    "VatNumber": party.vat_id,
                    "Preferences": {"DefaultCurrency": currency},
                }
            ),
            "ClientContacts": {"DefaultContact": contact} if contact else {},
        }
    )


def contact_body(party: Party, password: str) -> Body:
    """The person to write to, where we know an e-mail address."""
    contact = party.contact
    if not contact.email:
        return {}
    first, _, surname = (contact.name or party.name).partition(" ")
    numbers = {"Telephone": [contact.phone]} if contact.phone else {}
    return filled({"FirstName": first, "Surname": surname, "Email": contact.email, "Password": password, "TelephoneNumbers": numbers})
