"""What a document needs that Sage Intacct, or this connection, cannot express: found before anything is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from airbooks.canonical import CreditNote, Finding, Invoice, Severity, minor_units
from airbooks.platforms.references import dimension_codes
from airbooks.platforms.sage_intacct.mapping import DIMENSIONS, is_multi_currency, tax_targets
from airbooks.platforms.sage_intacct.spec import SPEC

CODE_MAX = 20


def obstacles(document: Invoice | CreditNote, settings: Mapping[str, str]) -> tuple[Finding, ...]:
    """Every reason why this document cannot be sent over a connection with these settings; empty when it can."""
    checks = (_head(document), _currency(document, settings), _accounts(document, settings), _taxes(document, settings), _places(document))
    return tuple(finding for check in checks for finding in check)


def _finding(topic: str, field: str, value: object, says: str, fix: str, subject: str = "") -> Finding:
    return Finding(
        code=f"AB-UNSUPPORTED:{topic}", severity=Severity.ERROR, field=field, value=str(value), says=says, fix=fix, subject=subject
    )


def _head(document: Invoice | CreditNote) -> Iterator[Finding]:
    limit = SPEC.number_max or 0
    if len(document.number) > limit:
        says = f"Sage Intacct takes document numbers of at most {limit} characters; {document.number!r} has {len(document.number)}."
        yield _finding("number", "number", document.number, says, "Give the document a shorter number.")
    if len(document.buyer.code) > CODE_MAX:
        says = f"Sage Intacct takes customer codes of at most {CODE_MAX} characters; {document.buyer.code!r} is longer."
        yield _finding("customer", "buyer.code", document.buyer.code, says, "Give the customer a shorter code.")
    if document.kind == "invoice" and not document.due_date and not document.terms.code:
        says = "Sage Intacct needs a due date or payment terms on every invoice; this one has neither."
        yield _finding("due", "due_date", "", says, "Add a due date or payment terms.")
    for name in ("prepaid_amount", "rounding_amount", "withholding_tax"):
        amount: Decimal = getattr(document, name)
        if amount:
            says = f"Sage Intacct's invoices have no field for the {name.replace('_', ' ')} {amount} {document.currency}."
            yield _finding(name, name, amount, says, "Send the document without it, or book it by hand.")


def _currency(document: Invoice | CreditNote, settings: Mapping[str, str]) -> Iterator[Finding]:
    base, currency, rate = settings.get("base_currency", ""), document.currency, document.exchange_rate
    if currency != base and not is_multi_currency(settings):
        says = f"The document is in {currency}, but this company keeps its books in {base} only."
        yield _finding("currency", "currency", currency, says, "Route it to another connection, or switch multi-currency on.", currency)
    if minor_units(currency) > 2:
        says = f"Sage Intacct rounds amounts to 2 decimals; {currency} has {minor_units(currency)}."
        yield _finding("decimals", "currency", currency, says, "Invoice in another currency.", currency)
    if rate is not None and currency != base and rate.base != base:
        says = f"The exchange rate is given in {rate.base}, but the books are kept in {base}."
        yield _finding("rate", "exchange_rate.base", rate.base, says, f"Give the rate in {base}, or leave it out.", rate.base)


def _accounts(document: Invoice | CreditNote, settings: Mapping[str, str]) -> Iterator[Finding]:
    for position, line in enumerate(document.lines):
        if line in document.amount_lines and not line.account_code and not settings.get("default_gl_account"):
            says = f"Line {line.line_id} has no revenue group, and the connection has no default revenue account."
            yield _finding("account", f"lines[{position}].account_code", "", says, "Set one of the two.", "default_gl_account")
    for position, each in enumerate(document.allowances_charges):
        name = "freight_account" if each.is_charge else "discount_account"
        if not each.account_code and not settings.get(name):
            says = f"The document {'charge' if each.is_charge else 'discount'} {each.amount} has no account."
            fix = f"Set {name} in the connection."
            yield _finding("account", f"allowances_charges[{position}].account_code", "", says, fix, name)


def _taxes(document: Invoice | CreditNote, settings: Mapping[str, str]) -> Iterator[Finding]:
    if settings.get("tax_solution_id"):
        yield from _tax_details(document)
    elif document.tax_total and not settings.get("sales_tax_account"):
        says = f"The document has {document.tax_total} {document.currency} tax, and the connection says nothing about taxes."
        fix = "Set the tax solution, or the sales tax account, in the connection."
        yield _finding("tax", "tax_total", document.tax_total, says, fix, "tax_solution_id")


def _tax_details(document: Invoice | CreditNote) -> Iterator[Finding]:
    lines = [(f"lines[{line.line_id}]", line.tax_code) for line in document.amount_lines]
    extras = [(f"allowances_charges[{position}]", each.tax_code) for position, each in enumerate(document.allowances_charges)]
    for where, code in (*lines, *extras):
        if not code:
            says = f"{where} has no tax code, and every line of a VAT transaction needs one."
            yield _finding("tax", f"{where}.tax_code", "", says, "Give it a tax code.")
    bearing = [((line.tax_category, line.tax_rate), line.net_amount) for line in document.amount_lines]
    signed = [(each.amount if each.is_charge else -each.amount, each) for each in document.allowances_charges]
    bearing += [((each.tax_category, each.tax_rate), amount) for amount, each in signed]
    borne = sum(tax_targets(document, bearing).values(), Decimal(0))
    if borne != document.tax_total:
        says = f"The tax total {document.tax_total} is not what the lines can bear by their categories and rates ({borne})."
        yield _finding("tax", "tax_total", document.tax_total, says, "Correct the tax breakdown or the lines' rates.")


def _places(document: Invoice | CreditNote) -> Iterator[Finding]:
    codes = {code for line in document.amount_lines for code in dimension_codes(document, line)} | set(dimension_codes(document))
    for name in sorted({code.partition(":")[0] for code in codes} - DIMENSIONS.keys()):
        says = f"Lines cannot carry the dimension {name!r}; they can carry {', '.join(DIMENSIONS)}."
        yield _finding("dimension", "dimensions", name, says, "Rename the dimension in the source mapping.", name)
