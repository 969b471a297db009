"""The same movement is one, however often and in whatever format it is told; equal payments of one day stay as many as they are."""

from __future__ import annotations

import random
from collections import Counter
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.sources.bank.statements import IBAN, READING, camt, detail, entry, statement, taken
from tests.sources.bank.test_bai2 import report
from tests.sources.bank.test_mt940 import line, mt940

from airbooks.sources.bank.bai2 import read_bai2
from airbooks.sources.bank.camt import read_camt
from airbooks.sources.bank.movement import Reading
from airbooks.sources.bank.mt940 import read_mt940

OURS = Reading(source="any", accounts={IBAN: "giro", "0012345678": "giro"})


def marks(data: bytes, file: str = "eu.xml", reading: Reading = READING) -> list[str]:
    return [each.fingerprint for each in taken(read_camt(data, file, reading))]


def test_two_equal_payments_of_one_day_are_two() -> None:
    same = entry("10.00", detail(text="EU-SI-000123"))
    assert len(set(marks(camt(statement([same, same]))))) == 2
    assert len(set(marks(camt(statement([entry("10.00", detail(), ref="R1"), entry("10.00", detail(), ref="R2")]))))) == 2


def test_a_statement_that_is_loaded_again_under_another_name_tells_nothing_new() -> None:
    data = camt(statement([entry("10.00", detail(text="A")), entry("10.00", detail(text="A")), entry("5.00", ref="R")]))
    assert marks(data) == marks(data, "copy of eu.xml")
    assert marks(data) == marks(data.replace(b"STMT-306", b"STMT-999"))


def test_line_breaks_case_and_punctuation_of_the_text_do_not_make_another_movement() -> None:
    first, second = (camt(statement([entry("10.00", detail(text=text))])) for text in ("Invoice EU-SI-000123", "INVOICE  EU SI 000123"))
    assert marks(first) == marks(second)


def test_a_payment_and_its_reversal_with_the_same_reference_are_two() -> None:
    data = camt(statement([entry("10.00", detail(e2e="E1"), ref="R"), entry("10.00", detail(e2e="E1"), ref="R", side="DBIT", more="RVSL")]))
    assert len(set(marks(data))) == 2


def test_a_notification_and_the_statement_of_the_day_tell_the_same_movement() -> None:
    one = entry("10.00", detail(e2e="E1", text="A"), ref="R1")
    assert marks(camt(statement([one]))) == marks(camt(statement([one]), message="054"))


def test_pages_of_one_statement_may_hold_equal_payments() -> None:
    same = entry("10.00", detail(text="EU-SI-000123"))
    first, second = (marks(camt(statement([same], page=page))) for page in (1, 2))
    assert first != second
    assert marks(camt(statement([same]))) == first


def test_formats_agree_by_the_banks_reference() -> None:
    by_camt = marks(camt(statement([entry("10.00", detail(text="EU-SI-000123"), ref="2026110200017")])), reading=OURS)
    swift = mt940(line("10,00", bank="2026110200017"), ":86:EU-SI-000123 from Northwind", account=IBAN)
    assert [each.fingerprint for each in taken(read_mt940(swift, "eu.sta", OURS))] == by_camt
    american = report("16,142,1000,0,2026110200017,,OTHER WORDS/", head="03,0012345678,EUR,010,0,,")
    assert [each.fingerprint for each in taken(read_bai2(american, "us.bai", OURS))] == by_camt


def test_formats_agree_by_the_end_to_end_id_where_the_bank_gives_no_reference() -> None:
    by_camt = marks(camt(statement([entry("10.00", detail(e2e="NW-2026-118", text="EU-SI-000123"))])), reading=OURS)
    swift = mt940(line("10,00"), ":86:166?20EREF+NW-2026-118?21SVWZ+EU-SI-000123 shorter", account=IBAN)
    assert [each.fingerprint for each in taken(read_mt940(swift, "eu.sta", OURS))] == by_camt


def test_accounts_and_days_and_amounts_and_directions_keep_movements_apart() -> None:
    told = [
        camt(statement([entry("10.00", ref="R")])),
        camt(statement([entry("10.00", ref="R")])).replace(IBAN.encode(), b"NL91ABNA0417164300"),
        camt(statement([entry("10.01", ref="R")])),
        camt(statement([entry("10.00", ref="R", day="2026-11-03")])),
        camt(statement([entry("10.00", ref="R", side="DBIT", more="RVSL")])),
    ]
    assert len({mark for data in told for mark in marks(data)}) == len(told)


_payments = st.tuples(st.sampled_from(["1.00", "2.00"]), st.sampled_from(["A", "B"]), st.booleans())


@given(days=st.lists(st.lists(_payments, max_size=5), min_size=1, max_size=5), seed=st.integers(0, 999), data=st.data())
def test_the_union_of_overlapping_statements_is_every_movement_once_in_any_order(
    days: list[list[tuple[str, str, bool]]], seed: int, data: st.DataObject
) -> None:
    def entries(first: int, last: int) -> list[str]:
        return [
            entry(amount, detail(text=text), day=f"2026-11-{n + 1:02}", ref=f"{n}-{place}" if has_reference else "")
            for n in range(first, last)
            for place, (amount, text, has_reference) in enumerate(days[n])
        ]

    bounds = data.draw(st.lists(st.tuples(st.integers(0, len(days) - 1), st.integers(1, len(days))), max_size=5))
    spans = [*[(a, b) for a, b in bounds if a < b], (0, len(days))]
    random.Random(seed).shuffle(spans)
    stored = {
        (each.account, each.fingerprint): each for a, b in spans for each in taken(read_camt(camt(statement(entries(a, b))), "x", READING))
    }
    expected = Counter((f"2026-11-{n + 1:02}", Decimal(amount)) for n, day in enumerate(days) for amount, _, _ in day)
    assert Counter((each.booked_on.isoformat(), each.amount) for each in stored.values()) == expected
