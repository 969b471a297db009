"""Canonical documents as journal entries (JournalEntryCreateRequest, SAPSCORE/SFIN): element order and lengths are the WSDL's.

Debits are positive, credits negative, and the whole entry sums to zero. An invoice debits the customer with the total, credits an account
per line with the net amount and the tax per tax code; a credit note is the other way round. The journal knows neither prices nor terms
codes: quantity and name stand in the line's text, terms are sent as days. Document discounts and charges are items of their own; a line
of zero is not posted. What the journal has no field for stays in the sales system (see `refusals`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from airbooks.canonical import AllowanceCharge, CreditNote, Invoice, Line, minor_units
from airbooks.platforms.references import ReferenceKind, References, dimension_codes
from airbooks.platforms.sap_s4hana.soap import element, present
from airbooks.platforms.sap_s4hana.taxes import borne, signed

ZERO = Decimal(0)
TEXT_MAX, HEADER_MAX, ASSIGNMENT_MAX, REFERENCE_MAX, PARTNER_REFERENCE_MAX = 50, 25, 18, 20, 12
RATE_DECIMALS = 14
DISCOUNT_TEXT, CHARGE_TEXT = "Document discount", "Document charge"
# The account assignments that a line may carry, in the order of the WSDL.
ASSIGNMENTS = ("ProfitCenter", "Segment", "CostCenter", "WBSElement", "FunctionalArea")


class Inexpressible(Exception):  # noqa: N818 it names a fact about a document
    """The document, or its mapping, has no form in the journal; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One item on a G/L account, in the document's direction: goods are positive, discounts negative."""

    account: str
    amount: Decimal
    text: str
    tax_code: str = ""
    assigned: Mapping[str, str] = field(default_factory=dict)
    material: str = ""
    quantity: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class TaxGroup:
    """The tax of one of the platform's tax codes; `number` ties it to its lines."""

    number: int
    code: str
    base: Decimal
    tax: Decimal


def padded(number: str) -> str:
    """An account or customer number as it is stored: numeric ones with leading zeros."""
    return number.zfill(10) if number.isdecimal() else number


def amount_text(amount: Decimal, currency: str) -> str:
    """An amount with exactly the currency's decimals."""
    return f"{amount + ZERO:.{minor_units(currency)}f}"


def money(tag: str, amount: Decimal, currency: str) -> etree._Element:
    return element(tag, amount_text(amount, currency), currencyCode=currency)


def side(amount: Decimal, *, zero: str) -> etree._Element:
    """S for a debit, H for a credit; an amount of zero stands on the side of its kind."""
    return element("DebitCreditCode", zero if not amount else "S" if amount > 0 else "H")


def journal_entry(document: Invoice | CreditNote, references: References, options: Mapping[str, Any]) -> etree._Element:
    """The `JournalEntry` of one document. Raises ReferenceMissing and Inexpressible."""
    items = [each for each in entry_items(document, references) if each.amount]
    groups = tax_groups(document, references)
    credit = Decimal(-1) if isinstance(document, Invoice) else Decimal(1)
    numbers = iter(range(2, len(items) + len(groups) + 2))
    lines = [_gl_item(each, next(numbers), credit, document, groups) for each in items]
    taxes = [_tax_item(each, next(numbers), credit, document.currency, references.settings) for each in groups.values()]
    debtor = _debtor_item(document, references, -credit)
    return element("JournalEntry", [*_head(document, references.settings, options), *lines, debtor, *taxes])


# -- the head -----------------------------------------------------------------------------------------------------------------


def _head(document: Invoice | CreditNote, settings: Mapping[str, str], options: Mapping[str, Any]) -> list[etree._Element]:
    kind = settings["doc_type_invoice"] if isinstance(document, Invoice) else settings["doc_type_credit"]
    day = element("TaxDeterminationDate", (document.tax_point_date or document.issue_date).isoformat())
    return [
        *origin(kind),
        element("DocumentReferenceID", document.number),
        *present("DocumentHeaderText", str(options.get("header_text") or "") or document.buyer_reference, HEADER_MAX),
        *([element("DoTaxAmountCheck", "true")] if options.get("tax_check") else ()),
        *posted_by(settings),
        element("DocumentDate", document.issue_date.isoformat()),
        element("PostingDate", document.ledger_date.isoformat()),
        *([element("TaxReportingDate", document.issue_date.isoformat()), day] if options.get("tax_dates") else ()),
        *exchange_rate(document, settings),
        *present("Reference1InDocumentHeader", document.purchase_order, REFERENCE_MAX),
        *present("Reference2InDocumentHeader", _second_reference(document), REFERENCE_MAX),
    ]


def origin(document_type: str) -> list[etree._Element]:
    """The constants that mark a direct posting in accounting, and the document type."""
    constants = [element("OriginalReferenceDocumentType", "BKPFF"), element("BusinessTransactionType", "RFBU")]
    return [*constants, element("AccountingDocumentType", document_type)]


def posted_by(settings: Mapping[str, str]) -> list[etree._Element]:
    return [element("CreatedByUser", settings["created_by_user"][:12]), element("CompanyCode", settings["company_code"])]


def exchange_rate(document: Invoice | CreditNote, settings: Mapping[str, str]) -> list[etree._Element]:
    """The direct quotation that the document gives; without one S/4HANA takes its own table's (type M)."""
    rate = document.exchange_rate
    if rate is None or document.currency == settings["home_currency"]:
        return []
    day = [element("ExchangeRateDate", rate.rate_date.isoformat())] if rate.rate_date else []
    return [*day, element("ExchangeRate", rate_text(rate.rate))]


def rate_text(rate: Decimal) -> str:
    """A rate with at most the 14 decimals that the message takes."""
    return f"{round(rate, RATE_DECIMALS).normalize():f}"


def _second_reference(document: Invoice | CreditNote) -> str:
    """The order of an invoice; the invoice that a credit note corrects."""
    if isinstance(document, CreditNote) and document.preceding_invoices:
        return document.preceding_invoices[0].number
    return document.sales_order


# -- items on G/L accounts ------------------------------------------------------------------------------------------------------


def entry_items(document: Invoice | CreditNote, references: References) -> list[Item]:
    """Lines, document discounts and document charges; their amounts add up to the document's net total."""
    goods = [_goods(document, line, references) for line in document.amount_lines]
    return goods + [_extra(document, each, references) for each in document.allowances_charges]


def _goods(document: Invoice | CreditNote, line: Line, references: References) -> Item:
    sends_material = references.settings.get("send_material", "").lower() == "true" and bool(line.item_code)
    quantity = f"{line.quantity.normalize():f}"
    return Item(
        account=_account(line.account_code, references, "revenue_gl"),
        amount=line.net_amount,
        text=f"{quantity} x {line.name}",
        tax_code=_tax_code(line.tax_code, references),
        assigned=_assigned(document, line, references),
        material=line.item_code if sends_material else "",
        quantity=quantity if sends_material else "",
        unit=line.unit or "C62",
    )


def _extra(document: Invoice | CreditNote, each: AllowanceCharge, references: References) -> Item:
    word, fallback = (CHARGE_TEXT, "freight_gl") if each.is_charge else (DISCOUNT_TEXT, "discount_gl")
    return Item(
        account=_account(each.account_code, references, fallback),
        amount=signed(each),
        text=f"{word}: {each.reason}" if each.reason else word,
        tax_code=_tax_code(each.tax_code, references),
        assigned=_assigned(document, None, references),
    )


def _tax_code(code: str, references: References) -> str:
    return references.get(ReferenceKind.TAX_CODE, code).remote_id if code else ""


def _account(code: str, references: References, fallback: str) -> str:
    if code:
        return references.get(ReferenceKind.ACCOUNT, code).remote_id
    account = references.settings.get(fallback, "")
    if not account:
        raise Inexpressible(f"there is no account for it: set {fallback} in the connection")
    return account


def _assigned(document: Invoice | CreditNote, line: Line | None, references: References) -> dict[str, str]:
    """What an item is assigned to: the document's dimensions, overruled by the line's."""
    codes = [*dimension_codes(document), *(dimension_codes(document, line) if line is not None else ())]
    named = {code.partition(":")[0]: references.get(ReferenceKind.DIMENSION, code).remote_id for code in codes}
    found: dict[str, str] = {}
    for target in named.values():
        kind, _, value = target.partition(":")
        if found.setdefault(kind, value) != value:
            raise Inexpressible(f"two dimensions name different values of {kind}: {found[kind]} and {value}")
    return found


def _gl_item(item: Item, number: int, credit: Decimal, document: Invoice | CreditNote, groups: Mapping[str, TaxGroup]) -> etree._Element:
    amount = credit * item.amount
    parts = [
        element("ReferenceDocumentItem", str(number)),
        element("GLAccount", padded(item.account)),
        money("AmountInTransactionCurrency", amount, document.currency),
        side(amount, zero="H"),
        *present("DocumentItemText", item.text, TEXT_MAX),
        *present("AssignmentReference", document.number, ASSIGNMENT_MAX),
        *([_tax_of_line(groups[item.tax_code])] if item.tax_code else ()),
        *_material(item),
        *_account_assignment(item.assigned),
    ]
    return element("Item", parts)


def _tax_of_line(group: TaxGroup) -> etree._Element:
    return element("Tax", [element("TaxCode", group.code), element("TaxItemGroup", str(group.number))])


def _material(item: Item) -> Iterator[etree._Element]:
    if item.material:
        yield element("Material", item.material)
        yield element("QuantityInEntryUnit", item.quantity, unitCode=item.unit)


def _account_assignment(assigned: Mapping[str, str]) -> list[etree._Element]:
    """Only G/L items carry one: on a customer item S/4HANA ignores it silently."""
    parts = [element(name, assigned[name]) for name in ASSIGNMENTS if name in assigned]
    return [element("AccountAssignment", parts)] if parts else []


# -- the customer's item --------------------------------------------------------------------------------------------------------


def _debtor_item(document: Invoice | CreditNote, references: References, debit: Decimal) -> etree._Element:
    amount = debit * document.gross_total
    fits = len(document.purchase_order) <= PARTNER_REFERENCE_MAX
    parts = [
        element("ReferenceDocumentItem", "1"),
        element("Debtor", padded(references.customer)),
        money("AmountInTransactionCurrency", amount, document.currency),
        side(amount, zero="S"),
        *present("DocumentItemText", f"{document.number} {document.purchase_order}", TEXT_MAX),
        *present("AssignmentReference", document.number, ASSIGNMENT_MAX),
        *(present("Reference1IDByBusinessPartner", document.purchase_order, PARTNER_REFERENCE_MAX) if fits else ()),
        *_terms(document),
    ]
    return element("DebtorItem", parts)


def net_days(document: Invoice | CreditNote) -> int | None:
    """Days from the document's date until it is due; None leaves it to the customer's own terms."""
    if document.due_date is not None:
        return (document.due_date - document.issue_date).days
    return document.terms.net_days


def _terms(document: Invoice | CreditNote) -> list[etree._Element]:
    """The journal takes neither a due date nor a code for terms, only days after a base date."""
    days, terms = net_days(document), document.terms
    if days is None:
        return []
    discount: list[etree._Element] = []
    if terms.discount_days is not None and terms.discount_percent is not None:
        percent = f"{terms.discount_percent.normalize():f}"
        discount = [element("CashDiscount1Days", f"P{terms.discount_days}D"), element("CashDiscount1Percent", percent)]
    base = element("DueCalculationBaseDate", document.issue_date.isoformat())
    return [element("CashDiscountTerms", [base, *discount, element("NetPaymentDays", f"P{days}D")])]


# -- tax ------------------------------------------------------------------------------------------------------------------------


def tax_groups(document: Invoice | CreditNote, references: References) -> dict[str, TaxGroup]:
    """The tax of each of the platform's codes, several codes of ours that are one there taken together."""
    groups: dict[str, TaxGroup] = {}
    for (ours, _, _), part in borne(document).items():
        code = _tax_code(ours, references)
        if code:
            known = groups.get(code, TaxGroup(len(groups) + 1, code, ZERO, ZERO))
            groups[code] = TaxGroup(known.number, code, known.base + part.base, known.tax + part.tax)
    return groups


def _tax_item(group: TaxGroup, number: int, credit: Decimal, currency: str, settings: Mapping[str, str]) -> etree._Element:
    parts = [
        element("ReferenceDocumentItem", str(number)),
        element("TaxCode", group.code),
        element("TaxItemClassification", settings["tax_class"]),
        element("ConditionType", settings["condition_type"]),
        element("TaxItemGroup", str(group.number)),
        money("AmountInTransactionCurrency", credit * group.tax, currency),
        side(credit * (group.tax or group.base), zero="H"),
        money("TaxBaseAmountInTransCrcy", credit * group.base, currency),
    ]
    return element("ProductTaxItem", parts)


# -- reversal -------------------------------------------------------------------------------------------------------------------


def reversal_entry(remote_id: str, kind: str, issued: date, on: date, settings: Mapping[str, str]) -> etree._Element:
    """The entry that reverses another: no items, and the other's key glued together (number, company code, fiscal year)."""
    parts = [
        *origin(kind),
        element("ReversalReason", settings["reversal_reason"]),
        element("ReversalReferenceDocument", remote_id),
        element("ReversalDate", on.isoformat()),
        *posted_by(settings),
        element("DocumentDate", issued.isoformat()),
        element("PostingDate", on.isoformat()),
    ]
    return element("JournalEntry", parts)
