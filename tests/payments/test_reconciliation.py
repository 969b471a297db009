"""The three-way reconciliation as arithmetic: its differences explain those of the control totals exactly, whatever the sides say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.payments.differences import Cause, Difference, Holding, Leg, Measure, SalesRow, Setting, StagedRow
from airbooks.payments.reconciliation import ControlTotal, Reconciliation, reconcile

MARCH = Setting(division="AU", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31), read_until=datetime(2026, 4, 2, tzinfo=UTC))
DAY = date(2026, 3, 10)
ZERO = Decimal(0)


def sold(number: str = "AU-1", total: str = "100.00", **fields: Any) -> SalesRow:
    made = {"kind": "invoice", "currency": "AUD", "issue_date": DAY, "changed_at": datetime(2026, 3, 11, tzinfo=UTC)}
    return SalesRow(source_id=number, number=number, total=Decimal(total), **{**made, **fields})


def held(total: str = "100.00", *, connection: str = "odoo_au", delivery: str = "delivered", gone: bool = False, **amounts: str) -> Holding:
    made: dict[str, Any] = {name: Decimal(amount) for name, amount in amounts.items()}
    return Holding(connection=connection, delivery=delivery, gone=gone, held=Decimal(total), **made)


def staged(number: str = "AU-1", total: str = "100.00", *holdings: Holding, **fields: Any) -> StagedRow:
    made = {"kind": "invoice", "currency": "AUD", "issue_date": DAY, "state": "valid"}
    return StagedRow(source_id=number, number=number, total=Decimal(total), holdings=holdings or (held(total),), **{**made, **fields})


def found(sales: Sequence[SalesRow] | None, rows: Sequence[StagedRow], setting: Setting = MARCH, **options: Any) -> Reconciliation:
    return reconcile(setting, sales, rows, **options)


def causes(of: Reconciliation, measure: Measure | None = None, leg: Leg | None = None) -> dict[Cause, Decimal]:
    return {each.cause: each.amount for each in of.differences if measure in (None, each.measure) and leg in (None, each.leg)}


# -- the differences of a period sum to that of its control totals -------------------------------------------------------------

AMOUNTS = st.decimals("0", "300", places=2)
DAYS = st.sampled_from([DAY, date(2026, 2, 28), date(2026, 3, 1), date(2026, 3, 31), date(2026, 4, 1)])
IDS = st.sampled_from([f"AU-{n}" for n in range(8)])
KINDS = st.sampled_from(["invoice", "credit_note"])
CURRENCIES = st.sampled_from(["AUD", "USD"])
MOMENTS = st.sampled_from([None, datetime(2026, 3, 11, tzinfo=UTC), datetime(2026, 4, 3, tzinfo=UTC)])


@st.composite
def sales_rows(draw: st.DrawFn) -> SalesRow:
    source_id = draw(IDS)
    return SalesRow(
        source_id=source_id,
        number=source_id,
        kind=draw(KINDS),
        currency=draw(CURRENCIES),
        issue_date=draw(DAYS),
        total=draw(AMOUNTS),
        paid=draw(AMOUNTS),
        open_amount=draw(AMOUNTS),
        cancelled=draw(st.booleans()),
        changed_at=draw(MOMENTS),
    )


@st.composite
def holdings(draw: st.DrawFn, connection: str) -> Holding:
    names = ("ours", "not_applied", "missing", "deducted", "theirs", "credited", "taken_back", "held", "paid_there", "credited_there")
    amounts: dict[str, Any] = {name: draw(AMOUNTS | st.just(ZERO)) for name in names}
    return Holding(
        connection=connection,
        delivery=draw(st.sampled_from(["", "pending", "unknown", "delivered", "rejected", "parked"])),
        balance=draw(st.none() | AMOUNTS),
        gone=draw(st.booleans()),
        **amounts,
    )


@st.composite
def staged_rows(draw: st.DrawFn) -> StagedRow:
    source_id = draw(IDS)
    return StagedRow(
        source_id=source_id,
        number=source_id,
        kind=draw(KINDS),
        currency=draw(CURRENCIES),
        issue_date=draw(DAYS),
        total=draw(AMOUNTS),
        state=draw(st.sampled_from(["valid", "exception", "rejected", "cancelled"])),
        has_exception=draw(st.booleans()),
        is_waiting=draw(st.booleans()),
        holdings=tuple(draw(holdings(name)) for name in ("odoo_au", "xero_au")[: draw(st.integers(0, 2))]),
    )


SALES = st.lists(sales_rows(), max_size=8, unique_by=lambda row: row.source_id)
STAGED = st.lists(staged_rows(), max_size=8, unique_by=lambda row: row.source_id)
TOLD = st.dictionaries(
    st.tuples(CURRENCIES, st.sampled_from(Measure)), st.builds(ControlTotal, count=st.integers(0, 9), amount=AMOUNTS), max_size=3
)


def sums(of: Reconciliation, leg: Leg, currency: str, measure: Measure) -> Decimal:
    chosen = (each.amount for each in of.differences if (each.leg, each.currency, each.measure) == (leg, currency, measure))
    return sum(chosen, ZERO)


@given(SALES, STAGED, TOLD)
def test_the_differences_explain_exactly_the_difference_of_the_control_totals(
    sales: list[SalesRow], rows: list[StagedRow], totals: dict[tuple[str, Measure], ControlTotal]
) -> None:
    result = found(sales, rows, totals=totals)
    for line in result.lines:
        assert line.sales is not None
        assert line.sales.amount - line.staged.amount == sums(result, Leg.SALES, line.currency, line.measure)
        assert line.staged.amount - line.platform.amount == sums(result, Leg.PLATFORM, line.currency, line.measure)
    assert {(each.currency, each.measure) for each in result.differences} <= {(each.currency, each.measure) for each in result.lines}
    assert all(each.amount for each in result.differences if each.number)


@given(SALES, STAGED, st.randoms())
def test_the_order_of_the_rows_does_not_matter(sales: list[SalesRow], rows: list[StagedRow], random: Any) -> None:
    before = found(list(sales), list(rows))
    random.shuffle(sales), random.shuffle(rows)
    assert found(sales, rows) == before


@given(SALES)
def test_control_totals_are_those_of_the_documents_in_the_period(sales: list[SalesRow]) -> None:
    counted = [each for each in sales if not each.cancelled and MARCH.covers(each.issue_date) and each.kind == "invoice"]
    lines = {each.currency: each.sales for each in found(sales, ()).lines if each.measure is Measure.INVOICES}
    for currency, total in lines.items():
        mine = [each.total for each in counted if each.currency == currency]
        assert total == ControlTotal(count=len(mine), amount=sum(mine, ZERO))


# -- every cause ----------------------------------------------------------------------------------------------------------


def test_three_equal_sides_have_no_differences() -> None:
    row = staged("AU-1", "100.00", held(ours="30.00", paid_there="30.00", balance="70.00"))
    result = found([sold(paid=Decimal(30), open_amount=Decimal(70))], [row])
    assert result.differences == ()
    assert [(line.measure, line.sales, line.staged, line.platform) for line in result.lines] == [
        (measure, *[ControlTotal(count=1, amount=Decimal(amount))] * 3)
        for measure, amount in ((Measure.INVOICES, "100.00"), (Measure.OPEN, "70.00"), (Measure.PAYMENTS, "30.00"))
    ]


LATE = datetime(2026, 4, 2, 1, tzinfo=UTC)
UNREAD = StagedRow(source_id="AU-1", number="", kind="", currency="", issue_date=None, total=ZERO, state="unread")


@pytest.mark.parametrize(
    ("sales", "row", "cause", "amount"),
    [
        (sold(changed_at=LATE), None, Cause.NOT_STAGED, "100.00"),
        (sold(changed_at=LATE), staged(total="90.00"), Cause.NOT_STAGED, "10.00"),
        (sold(cancelled=True, changed_at=LATE), staged(), Cause.NOT_STAGED, "-100.00"),
        (sold(), replace(UNREAD, is_waiting=True), Cause.NOT_STAGED, "100.00"),
        (sold(), replace(UNREAD, has_exception=True), Cause.EXCEPTION, "100.00"),
        (sold(), UNREAD, Cause.UNEXPLAINED, "100.00"),
        (sold(), None, Cause.UNEXPLAINED, "100.00"),
        (None, staged(), Cause.UNEXPLAINED, "-100.00"),
        (sold(), staged(issue_date=date(2026, 4, 1)), Cause.CUT_OFF, "100.00"),
        (sold(issue_date=date(2026, 2, 27)), staged(), Cause.CUT_OFF, "-100.00"),
        (sold(total="100.01"), staged(), Cause.ROUNDING, "0.01"),
        (sold(total="100.02"), staged(), Cause.UNEXPLAINED, "0.02"),
    ],
)
def test_what_the_sales_system_and_staging_differ_in_has_a_cause(
    sales: SalesRow | None, row: StagedRow | None, cause: Cause, amount: str
) -> None:
    result = found([sales] if sales else [], [row] if row else [])
    assert causes(result, Measure.INVOICES, Leg.SALES) == {cause: Decimal(amount)}


@pytest.mark.parametrize(
    ("row", "cause", "amount"),
    [
        (staged("AU-1", "100.00", held("0", delivery="pending")), Cause.IN_DELIVERY, "100.00"),
        (staged("AU-1", "100.00", held("0", delivery="")), Cause.IN_DELIVERY, "100.00"),
        (staged("AU-1", "100.00", held("0", delivery="unknown")), Cause.UNKNOWN, "100.00"),
        (staged("AU-1", "100.00", held("0", delivery="rejected")), Cause.REJECTED, "100.00"),
        (staged("AU-1", "100.00", held("0", delivery=""), state="rejected"), Cause.REJECTED, "100.00"),
        (staged("AU-1", "100.00", held("0", delivery="parked")), Cause.EXCEPTION, "100.00"),
        (staged("AU-1", "110.00", held("100.00", delivery="delivered"), state="exception"), Cause.EXCEPTION, "10.00"),
        (staged("AU-1", "100.00", held("95.00")), Cause.CHANGED_THERE, "5.00"),
        (staged("AU-1", "100.00", held("100.01")), Cause.ROUNDING, "-0.01"),
        (staged("AU-1", "100.00", held("0", gone=True)), Cause.DELETED_THERE, "100.00"),
        (staged("AU-1", "100.00", held("100.00", delivery="pending"), state="cancelled"), Cause.IN_DELIVERY, "-100.00"),
        (staged("AU-1", "100.00", held("0")), Cause.UNEXPLAINED, "100.00"),
    ],
)
def test_what_staging_and_the_platform_differ_in_has_a_cause(row: StagedRow, cause: Cause, amount: str) -> None:
    result = found(None, [row])
    assert causes(result, Measure.INVOICES) == {cause: Decimal(amount)}
    assert causes(result, Measure.OPEN) == {cause: Decimal(amount)}


@pytest.mark.parametrize(
    ("holding", "payments", "is_open"),
    [
        (held(theirs="40.00", paid_there="40.00"), {Cause.BOOKED_THERE: "-40.00"}, {}),
        (held(ours="40.00", not_applied="40.00"), {Cause.NOT_APPLIED: "40.00"}, {Cause.NOT_APPLIED: "-40.00"}),
        (held(ours="40.00", missing="40.00"), {Cause.DELETED_THERE: "40.00"}, {Cause.DELETED_THERE: "-40.00"}),
        (held(taken_back="40.00", paid_there="40.00"), {Cause.REVERSED: "-40.00"}, {Cause.REVERSED: "40.00"}),
        (held(ours="40.00", deducted="2.00", paid_there="38.00"), {Cause.DEDUCTION: "2.00"}, {}),
        (held(ours="40.00", paid_there="35.00"), {Cause.CHANGED_THERE: "5.00"}, {Cause.CHANGED_THERE: "-5.00"}),
        (held(ours="40.00", paid_there="39.99"), {Cause.ROUNDING: "0.01"}, {Cause.ROUNDING: "-0.01"}),
        (held(paid_there="40.00"), {Cause.UNEXPLAINED: "-40.00"}, {Cause.UNEXPLAINED: "40.00"}),
        (held(credited="30.00", credited_there="30.00", balance="100"), {}, {Cause.CREDIT_NOT_ALLOCATED: "-30.00"}),
        (held(credited="30.00"), {}, {Cause.IN_DELIVERY: "-30.00"}),
        (held(balance="60"), {}, {Cause.UNEXPLAINED: "40.00"}),
    ],
)
def test_what_is_paid_and_open_differs_with_a_cause(holding: Holding, payments: dict[Cause, str], is_open: dict[Cause, str]) -> None:
    result = found(None, [staged("AU-1", "100.00", holding)])
    assert causes(result, Measure.PAYMENTS) == {cause: Decimal(amount) for cause, amount in payments.items()}
    assert causes(result, Measure.OPEN) == {cause: Decimal(amount) for cause, amount in is_open.items()}


@pytest.mark.parametrize(
    ("told", "holding", "written", "payments", "is_open"),
    [
        (
            ("0", "100.00"),
            held(ours="40.00", paid_there="40.00"),
            None,
            {Cause.NOT_WRITTEN_BACK: "-40.00"},
            {Cause.NOT_WRITTEN_BACK: "40.00"},
        ),
        (("40.00", "60.00"), held(theirs="40.00", paid_there="40.00"), ("40.00", "60.00"), {Cause.BOOKED_THERE: "40.00"}, {}),
        (("40.00", "60.00"), held(taken_back="40.00"), ("40.00", "60.00"), {Cause.REVERSED: "40.00"}, {Cause.REVERSED: "-40.00"}),
        (("70.00", "30.00"), held(), ("40.00", "60.00"), {Cause.UNEXPLAINED: "70.00"}, {Cause.UNEXPLAINED: "-70.00"}),
    ],
)
def test_what_the_sales_system_believes_is_paid_differs_with_a_cause(
    told: tuple[str, str], holding: Holding, written: tuple[str, str] | None, payments: dict[Cause, str], is_open: dict[Cause, str]
) -> None:
    row = staged("AU-1", "100.00", holding, written=tuple(map(Decimal, written)) if written else None)
    result = found([sold(paid=Decimal(told[0]), open_amount=Decimal(told[1]))], [row])
    assert causes(result, Measure.PAYMENTS, Leg.SALES) == {cause: Decimal(amount) for cause, amount in payments.items()}
    assert causes(result, Measure.OPEN, Leg.SALES) == {cause: Decimal(amount) for cause, amount in is_open.items()}


def test_a_document_that_two_company_files_hold_is_explained_and_its_second_copy_is_checked() -> None:
    row = staged("AU-1", "100.00", held("100.00"), held("90.00", connection="xero_au"))
    assert causes(found(None, [row]), Measure.INVOICES) == {Cause.FURTHER_COPY: Decimal("-100.00"), Cause.CHANGED_THERE: Decimal("10.00")}


def test_another_currency_is_another_line_and_no_difference_of_amounts() -> None:
    result = found([sold(changed_at=LATE)], [staged(currency="USD")])
    amounts = {(each.currency, each.cause, each.amount) for each in result.differences if each.measure is Measure.INVOICES}
    assert amounts == {("AUD", Cause.NOT_STAGED, Decimal("100.00")), ("USD", Cause.NOT_STAGED, Decimal("-100.00"))}


def test_a_control_total_that_the_documents_do_not_make_up_is_unreconciled() -> None:
    totals = {("AUD", Measure.INVOICES): ControlTotal(count=2, amount=Decimal("150.00"))}
    (each,) = found([sold()], [staged()], totals=totals).unreconciled
    assert (each.amount, each.says) == (Decimal("50.00"), "the sales system counts 2 documents, and lists 1")


def test_what_the_sales_system_does_not_say_is_not_compared() -> None:
    result = found([sold()], [staged("AU-1", "100.00", held(ours="40.00", paid_there="40.00"))])
    assert result.differences == ()
    assert {line.measure for line in result.lines if line.sales is None} == {Measure.PAYMENTS, Measure.OPEN}


def test_credit_notes_count_below_zero_in_what_is_open() -> None:
    rows = [staged(), staged("AU-C1", "30.00", kind="credit_note")]
    (line,) = (each for each in found(None, rows).lines if each.measure is Measure.OPEN)
    assert line.staged == line.platform == ControlTotal(count=2, amount=Decimal("70.00"))


def test_a_document_that_a_side_names_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="names document AU-1"):
        found([sold(), sold()], [])


def test_unreconciled_are_the_differences_without_a_cause() -> None:
    result = found([sold(), sold("AU-2", changed_at=LATE)], [])
    assert [(each.number, each.cause) for each in result.unreconciled] == [("AU-1", Cause.UNEXPLAINED)]
    assert all(isinstance(each, Difference) for each in result.differences)
