"""Rules that need to know where a document goes and what is there already."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from airbooks.canonical import Document
from airbooks.canonical.money import is_known_currency
from airbooks.validation.facts import Facts
from airbooks.validation.rule import Breach, fact_rule

CODE_NAMES = {
    "item": "item",
    "account": "revenue account",
    "tax_code": "tax code",
    "terms": "payment terms",
    "currency": "currency",
    "dimension": "dimension",
    "unit": "unit of measure",
    "payment_method": "payment method",
}


@fact_rule(
    "AB-ROUTE",
    field="division",
    says="no route takes a document of division {division} in {currency} (customer class {buyer.customer_class}).",
    fix="Add a route for it to include/config/routes.yaml, or correct division or currency in the sales system.",
)
def a_route_takes_it(document: Document, facts: Facts) -> Iterable[Breach]:
    if facts.route is not None and not facts.route:
        yield Breach(document, cause=f"route:{document.division}:{document.currency}")


@fact_rule(
    "AB-PERIOD",
    field="ledger_date",
    says="the books of {connection} are closed for {stated}: they are open from {open_from} on.",
    fix="Give a posting date on or after {open_from}, reopen the period, or reject the document.",
)
def its_period_is_open(document: Document, facts: Facts) -> Iterable[Breach]:
    for connection, open_from in facts.open_from.items():
        if document.ledger_date < open_from:
            words = {"connection": connection, "open_from": open_from}
            yield Breach(document, words=words, connection=connection, cause=f"period:{open_from}")


@fact_rule(
    "AB-PERIOD-LOCKED",
    field="ledger_date",
    says="the books of {division} were reconciled until {locked_until} and are locked; it {is_dated} inside, and is new or changed.",
    fix="Give a posting date on or after {first_open}, unlock the period with a reason, or reject the document.",
)
def its_period_is_not_locked(document: Document, facts: Facts) -> Iterable[Breach]:
    if facts.locked_until is None:
        return
    now_inside = document.ledger_date <= facts.locked_until
    if now_inside or (facts.was_dated is not None and facts.was_dated <= facts.locked_until):
        first_open = facts.locked_until + timedelta(days=1)
        words = {"locked_until": facts.locked_until, "first_open": first_open, "is_dated": "is dated" if now_inside else "was dated"}
        yield Breach(document, words=words, cause=f"period:{first_open}:{document.division}")


@fact_rule(
    "AB-MAPPING",
    field="lines",
    says="{called} {code} has no mapping for {connection}.",
    fix="Answer Map under Required Actions, or add it to include/config/mappings.yaml.",
)
def its_codes_are_mapped(document: Document, facts: Facts) -> Iterable[Breach]:
    for connection, kind, code in dict.fromkeys(facts.unmapped):
        if kind == "currency" and not is_known_currency(code):
            continue  # AB-CURRENCY says it: nobody can map what does not exist
        words = {"connection": connection, "code": code, "called": CODE_NAMES.get(kind, kind), "stated": code}
        yield Breach(document, words=words, connection=connection, cause=f"{kind}:{code}")


@fact_rule(
    "AB-DUPLICATE",
    field="number",
    says="the number is used by another document of division {division} already ({other} of {source}).",
    fix="Give one of the two another number in the sales system, or reject this one.",
)
def its_number_is_its_own(document: Document, facts: Facts) -> Iterable[Breach]:
    if facts.number_used_by:
        yield Breach(document, words={"other": facts.number_used_by})


RULES = (a_route_takes_it, its_period_is_open, its_period_is_not_locked, its_codes_are_mapped, its_number_is_its_own)
