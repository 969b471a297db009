"""What a document needs that a journal entry cannot express, found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, LineKind, Severity
from airbooks.platforms.sap_s4hana.mapping import REFERENCE_MAX, net_days
from airbooks.platforms.sap_s4hana.spec import CUSTOMER_CODE_MAX, ITEMS_MAX, NUMBER_MAX
from airbooks.platforms.sap_s4hana.taxes import bases, borne

ZERO = Decimal(0)


def refusals(document: Invoice | CreditNote, settings: Mapping[str, str]) -> tuple[Finding, ...]:
    return (
        *_number(document),
        *_head(document),
        *_currency(document, settings),
        *_accounts(document, settings),
        *_amounts(document),
        *_left_out(document),
    )


def _finding(rule: str, field: str, value: object, says: str, fix: str, subject: str = "") -> Finding:
    return Finding(code=f"AB-SAP:{rule}", severity=Severity.ERROR, field=field, value=str(value), says=says, fix=fix, subject=subject)


def _number(document: Invoice | CreditNote) -> Iterator[Finding]:
    number = document.number
    if len(number) > NUMBER_MAX:
        says = f"SAP S/4HANA keeps at most {NUMBER_MAX} characters of a document number; {number!r} has {len(number)}."
        yield _finding("number", "number", number, says, "Give the document a shorter number.")
    if number != number.upper() or " ".join(number.split()) != number:
        says = f"SAP S/4HANA keeps document numbers in capitals and without blanks at the ends; {number!r} would not be found again."
        yield _finding("number", "number", number, says, "Give the document a number in capitals.")


def _head(document: Invoice | CreditNote) -> Iterator[Finding]:
    if len(document.buyer.code) > CUSTOMER_CODE_MAX:
        says = f"SAP S/4HANA keeps at most {CUSTOMER_CODE_MAX} characters of a customer code; {document.buyer.code!r} is longer."
        yield _finding("customer", "buyer.code", document.buyer.code, says, "Give the customer a shorter code.")
    days = net_days(document)
    if days is not None and days < 0:
        says = f"The document is due on {document.due_date}, before its own date {document.issue_date}; terms are days after that date."
        yield _finding("due", "due_date", document.due_date, says, "Correct the due date.")
    for name in ("prepaid_amount", "rounding_amount", "withholding_tax"):
        amount: Decimal = getattr(document, name)
        if amount:
            says = f"A journal entry of an invoice has no field for the {name.replace('_', ' ')} {amount} {document.currency}."
            yield _finding(name, name, amount, says, "Send the document without it, or book it by hand.")


def _currency(document: Invoice | CreditNote, settings: Mapping[str, str]) -> Iterator[Finding]:
    home, rate = settings.get("home_currency", ""), document.exchange_rate
    if rate is not None and document.currency != home and rate.base != home:
        says = f"The exchange rate is given in {rate.base}, but the company code's currency is {home}."
        yield _finding("rate", "exchange_rate.base", rate.base, says, f"Give the rate in {home}, or leave it out.", rate.base)


def _accounts(document: Invoice | CreditNote, settings: Mapping[str, str]) -> Iterator[Finding]:
    if not settings.get("revenue_gl"):
        for line in document.amount_lines:
            if not line.account_code:
                says = f"Line {line.line_id} has no revenue group, and the connection has no default revenue account."
                yield _finding("account", f"lines[{line.line_id}].account_code", "", says, "Set one of the two.", "revenue_gl")
    for position, each in enumerate(document.allowances_charges):
        name = "freight_gl" if each.is_charge else "discount_gl"
        if not each.account_code and not settings.get(name):
            says = f"The document {'charge' if each.is_charge else 'discount'} {each.amount} has no account."
            fix = f"Set {name} in the connection."
            yield _finding("account", f"allowances_charges[{position}].account_code", "", says, fix, name)


def _amounts(document: Invoice | CreditNote) -> Iterator[Finding]:
    """An entry must sum to zero, and every tax amount needs a tax code."""
    if not document.gross_total:
        says = "The document's total is zero, and a journal entry needs an amount."
        yield _finding("zero", "gross_total", document.gross_total, says, "Leave it out of the books.")
    parts = borne(document)
    tax, net = sum((each.tax for each in parts.values()), ZERO), sum(bases(document).values(), ZERO)
    if (net, net + document.tax_total) != (document.net_total, document.gross_total) or tax != document.tax_total:
        says = f"Lines ({net}) and tax codes ({tax}) do not add up to net {document.net_total}, tax {document.tax_total}."
        yield _finding("tax", "tax_total", document.tax_total, says, "Correct the tax breakdown or the lines.")
    for (code, category, rate), part in parts.items():
        if not code and (part.tax or rate):
            says = f"What is taxed at {rate} % ({category.value}) has no tax code, and S/4HANA books no tax without one."
            yield _finding("tax", "tax_code", "", says, "Give these lines a tax code.")
    items = len(document.amount_lines) + len(document.allowances_charges) + len(parts) + 1
    if items > ITEMS_MAX:
        says = f"An accounting document has at most {ITEMS_MAX} items; this one would have {items}."
        yield _finding("lines", "lines", items, says, "Split the document.")


def _left_out(document: Invoice | CreditNote) -> Iterator[Finding]:
    """Words that the journal has no field for are told, and hold nothing back."""
    words = {
        "notes": bool(document.notes) or any(line.kind is LineKind.COMMENT for line in document.lines),
        "the delivery": document.delivery is not None,
        "attachments": bool(document.attachments),
        f"what is behind the {REFERENCE_MAX}th character of the purchase order": len(document.purchase_order) > REFERENCE_MAX,
        "serial numbers, descriptions and service dates of lines": any(
            line.serial_numbers or line.description or line.service_date or line.period or line.note for line in document.lines
        ),
    }
    missing = [name for name, there in words.items() if there]
    if missing:
        says = f"A journal entry has no field for {', '.join(missing)}."
        fix = "They stay in the sales system; nothing needs to be done."
        yield Finding(code="AB-SAP:words", severity=Severity.WARNING, field="notes", value="", says=says, fix=fix)
