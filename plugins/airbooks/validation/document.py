"""The document as a whole: number, currency, parties, dates, texts."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from airbooks.canonical import CreditNote, Document
from airbooks.canonical.money import is_known_currency
from airbooks.validation.facts import Facts
from airbooks.validation.rule import LINES, WARNING, Breach, fact_rule, rule
from airbooks.validation.totals import CORRECT

NUMBER_MAX = 35  # the longest document number of UN/EDIFACT (an..35), and more than any platform takes
NAME_MAX = 100


@rule(
    "AB-NUMBER",
    field="number",
    says=f"the number {{stated}} is missing or longer than {NUMBER_MAX} characters.",
    fix="Give the document a number in the sales system.",
)
def number_is_present_and_short(document: Document) -> bool:
    return 0 < len(document.number) <= NUMBER_MAX


@fact_rule("AB-CURRENCY", field="currency", says="there is no currency {stated}.", fix="Enter an ISO 4217 currency in the sales system.")
def currency_is_known(document: Document, _: Facts) -> Iterable[Breach]:
    if not is_known_currency(document.currency):
        yield Breach(document, cause=f"currency:{document.currency}")
    rate = document.exchange_rate
    if rate is not None and not is_known_currency(rate.base):
        yield Breach(document, words={"stated": rate.base}, cause=f"currency:{rate.base}")


@rule("BR-07", field="buyer.name", says="the customer has no name.", fix="Enter the customer's name in the sales system.")
def buyer_has_a_name(document: Document) -> bool:
    return bool(document.buyer.name)


@rule("AB-CUSTOMER", field="buyer.code", says="there is no customer code.", fix="Choose the customer in the sales system.")
def buyer_has_a_code(document: Document) -> bool:
    return bool(document.buyer.code)


@rule(
    "BR-CO-25",
    field="due_date",
    says="neither a due date nor payment terms are given, but {amount_due} {currency} are due.",
    fix="Enter a due date or payment terms in the sales system.",
)
def what_is_due_has_a_due_date(document: Document) -> bool:
    """Invoices only: a credit note has nothing that falls due."""
    if isinstance(document, CreditNote) or document.amount_due <= 0:
        return True
    terms = document.terms
    return document.due_date is not None or bool(terms.code or terms.text) or terms.net_days is not None


@rule(
    "AB-DUE-DATE",
    severity=WARNING,
    field="due_date",
    says="the due date {stated} is before the document date {issue_date}.",
    fix="Check the payment terms.",
)
def due_date_is_not_before_issue_date(document: Document) -> bool:
    return document.due_date is None or document.due_date >= document.issue_date


@rule("BR-29", field="period.end", says="the invoicing period ends on {stated}, before it starts.", fix=CORRECT)
def period_ends_after_it_starts(document: Document) -> bool:
    period = document.period
    return period is None or period.start is None or period.end is None or period.end >= period.start


@rule(
    "AB-TOTAL",
    field="gross_total",
    says="the total is {stated}: an invoice may not be negative, and a credit note must be above zero.",
    fix="Send money back as a credit note with positive amounts.",
)
def total_has_the_right_sign(document: Document) -> bool:
    return document.gross_total > 0 or (document.gross_total == 0 and not isinstance(document, CreditNote))


@rule(
    "AB-PRECEDING",
    severity=WARNING,
    field="preceding_invoices",
    says="the credit note does not say which invoice it corrects.",
    fix="Name the invoice in the sales system; without it the credit stays on the customer's account.",
)
def credit_note_names_its_invoice(document: Document) -> bool:
    return not isinstance(document, CreditNote) or bool(document.preceding_invoices)


@rule("BR-55", field="preceding_invoices", says="a preceding invoice has no number.", fix=CORRECT)
def preceding_invoices_have_numbers(document: Document) -> bool:
    return all(each.number for each in document.preceding_invoices)


def _names(document: Document) -> Iterator[tuple[Breach, str]]:
    buyer = document.buyer
    yield Breach(document, path="buyer.name", words={"stated": buyer.name}), buyer.name
    yield Breach(document, path="buyer.address", words={"stated": buyer.address.line1}), buyer.address.line1
    for index, line in enumerate(document.lines):
        if len(line.name) > NAME_MAX or not line.name.isprintable():
            where = LINES.breach(index, line, {"stated": line.name})
            yield Breach(line, path=f"{where.path}name", called=where.called, words=where.words), line.name


@fact_rule(
    "AB-NAME-LENGTH",
    severity=WARNING,
    field="",
    says=f"a name has more than {NAME_MAX} characters, which some platforms cut off.",
    fix="Shorten the name if the cut would hurt.",
)
def names_are_short_enough(document: Document, _: Facts) -> Iterable[Breach]:
    return [breach for breach, name in _names(document) if len(name) > NAME_MAX]


def has_control_characters(text: str) -> bool:
    """Whether a text holds characters that no ledger can store (tab and line ends are let through)."""
    if text.isprintable():
        return False
    return any(unicodedata.category(each) in {"Cc", "Cs", "Cn"} and each not in "\t\n\r" for each in text)


@fact_rule(
    "AB-CONTROL-CHARACTERS",
    severity=WARNING,
    field="",
    says="a name holds control characters, which are taken out when the document is sent.",
    fix="Type the name again in the sales system.",
)
def names_are_printable(document: Document, _: Facts) -> Iterable[Breach]:
    return [breach for breach, name in _names(document) if has_control_characters(name)]


RULES = (
    number_is_present_and_short,
    currency_is_known,
    buyer_has_a_name,
    buyer_has_a_code,
    what_is_due_has_a_due_date,
    due_date_is_not_before_issue_date,
    period_ends_after_it_starts,
    total_has_the_right_sign,
    credit_note_names_its_invoice,
    preceding_invoices_have_numbers,
    names_are_short_enough,
    names_are_printable,
)
