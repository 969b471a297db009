"""The demo's banks: repeatable, and their statements are what such banks write."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import mt940
from bai2 import bai2
from lxml import etree

from airbooks.sandbox.bank import ACCOUNTS, OPENING, Sale, payments, statements

DAY = date(2026, 3, 2)


def sales(division: str, count: int = 60) -> list[Sale]:
    currency = ACCOUNTS[division].currency
    return [
        Sale(
            number=f"{division}-SI-{number:06}",
            division=division,
            currency=currency,
            gross_total=Decimal(number * 1013) / 100,
            issue_date=date(2026, 2, 25),
            customer=f"Harbour Foundry {number % 9}",
            discount_percent=Decimal(2),
            discount_days=10,
        )
        for number in range(1, count + 1)
    ]


def test_the_same_sales_bring_about_the_same_payments_in_any_order() -> None:
    assert statements(sales("EU"), DAY) == statements(reversed(sales("EU")), DAY)


def test_no_invoice_is_paid_twice_and_none_with_more_than_a_slip() -> None:
    owed = {sale.number: sale for sale in sales("US", 300)}
    paid = [number for movement in payments(list(owed.values()), DAY, 7) for number in movement.pays]
    assert len(paid) == len(set(paid))
    for movement in payments(list(owed.values()), DAY, 7):
        total = sum((owed[number].gross_total for number in movement.pays), Decimal(0))
        assert not movement.pays or total / 2 - 1 < movement.amount <= total + 25


def test_the_camt_statement_balances_and_is_well_formed() -> None:
    (content,) = statements(sales("EU"), DAY).values()
    tree = etree.fromstring(content, etree.XMLParser(resolve_entities=False))
    named = {"s": "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"}
    amounts = [Decimal(each.text or "") for each in tree.findall(".//s:Ntry/s:Amt", named)]
    opening, closing = (Decimal(each.text or "") for each in tree.findall(".//s:Bal/s:Amt", named))
    assert (opening, closing) == (OPENING, OPENING + sum(amounts))


def test_a_library_reads_the_mt940_statement() -> None:
    (content,) = statements(sales("UK"), DAY).values()
    read = mt940.parse(content.decode())
    amounts = [each.data["amount"].amount for each in read]
    assert read.data["final_closing_balance"].amount.amount == OPENING + sum(amounts)


def test_a_library_reads_the_bai2_statement() -> None:
    (content,) = statements(sales("US"), DAY).values()
    account = bai2.parse_from_string(content.decode()).children[0].children[0]
    assert sum(each.amount for each in account.children) == account.header.summary_items[1].amount - account.header.summary_items[0].amount
