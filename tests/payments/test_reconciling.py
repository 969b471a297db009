"""A division reconciled from the database: every state of a document ends in its cause, and doing it again changes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
from tests.sources.databases import PostgresDatabase
from tests.staging.rows import Row, of_delivery, of_document, one, unmapped
from tests.staging.settling import CONNECTION, Books, listed

from airbooks.canonical import DocumentKind, DocumentStatus, Finding, RemoteDocument, Severity
from airbooks.erp.generate import create_schema
from airbooks.paths import INCLUDE
from airbooks.payments.differences import Cause, Leg, Measure, Setting
from airbooks.payments.reconciliation import Reconciliation
from airbooks.payments.reconciling import Stored, reconcile_division
from airbooks.payments.sales_ledger import SqlSalesLedger, load_sales_ledgers
from airbooks.platforms.errors import Action, ErrorRule, Outcome, PlatformError
from airbooks.staging import audit, exceptions
from airbooks.staging.documents import move_watermark
from airbooks.staging.platform_payments import store
from airbooks.yaml_file import ConfigError

NOT_SENT = ErrorRule(name="away", action=Action.RETRY, outcome=Outcome.DID_NOT_HAPPEN)
MARCH = Setting(division="AU", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))


@pytest.fixture
def books(database: psycopg.Connection) -> Books:
    return Books(database)


def reconciled(database: psycopg.Connection, ledger: SqlSalesLedger | None = None, **options: object) -> Stored:
    return reconcile_division(database, MARCH, ledger, "run", **options)  # type: ignore[arg-type]


def causes(found: Reconciliation, leg: Leg, measure: Measure = Measure.INVOICES) -> dict[str, tuple[Cause, Decimal]]:
    return {each.number: (each.cause, each.amount) for each in found.differences if (each.leg, each.measure) == (leg, measure)}


# -- staging and platform ----------------------------------------------------------------------------------------------------------


def test_every_state_of_a_delivery_ends_in_its_cause(database: psycopg.Connection, books: Books) -> None:
    for state in ("pending", "sending", "accepted", "unknown", "rejected", "parked", ""):
        books.sell(f"AU-{state or 'unplanned'}", delivery=state)
    books.sell("AU-good"), books.sell("AU-changed", remote_total="90.00"), books.sell("AU-exception", state="exception", delivery="")
    books.sell("AU-april", issued=date(2026, 4, 1)), books.sell("AU-cancelled", state="cancelled", route=())
    hundred = Decimal("100.00")
    assert causes(reconciled(database).found, Leg.PLATFORM) == {
        "AU-pending": (Cause.IN_DELIVERY, hundred),
        "AU-sending": (Cause.IN_DELIVERY, hundred),
        "AU-accepted": (Cause.IN_DELIVERY, hundred),
        "AU-unplanned": (Cause.IN_DELIVERY, hundred),
        "AU-unknown": (Cause.UNKNOWN, hundred),
        "AU-rejected": (Cause.REJECTED, hundred),
        "AU-parked": (Cause.EXCEPTION, hundred),
        "AU-exception": (Cause.EXCEPTION, hundred),
        "AU-changed": (Cause.CHANGED_THERE, Decimal("10.00")),
    }


def test_an_older_revision_is_what_the_platform_holds_while_the_newer_waits(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU-1", "100.00")
    corrected = books.sell("AU-1", "130.00", delivery="pending")
    assert causes(reconciled(database).found, Leg.PLATFORM) == {"AU-1": (Cause.IN_DELIVERY, Decimal("30.00"))}
    database.execute("UPDATE airbooks.delivery SET state = 'sending' WHERE delivery_id = %s", [corrected.delivery_id])
    database.execute(
        "UPDATE airbooks.delivery SET state = 'delivered', remote_id = 'r-AU-1' WHERE delivery_id = %s", [corrected.delivery_id]
    )
    assert reconciled(database).found.differences == ()


def test_what_was_cancelled_counts_there_until_it_is_void(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU-1")
    cancelled = books.sell("AU-1", state="cancelled", route=())
    books.deliver(cancelled.document_id, "AU-1", "pending", operation="void")
    assert causes(reconciled(database).found, Leg.PLATFORM) == {"AU-1": (Cause.IN_DELIVERY, Decimal("-100.00"))}
    database.execute("UPDATE airbooks.delivery SET state = 'sending' WHERE operation = 'void'")
    database.execute("UPDATE airbooks.delivery SET state = 'delivered' WHERE operation = 'void'")
    assert reconciled(database).found.differences == ()


def test_what_somebody_deleted_on_the_platform_is_named(database: psycopg.Connection, books: Books) -> None:
    sold = books.sell("AU-1", remote_total="0.00")
    says = "AU-1 on Odoo (odoo_au) is not what was sent: the platform no longer has it."
    finding = Finding(code="AB-ECHO", severity=Severity.ERROR, field="", value="", says=says, fix="Look.", connection=CONNECTION)
    exceptions.open_exceptions(database, [of_delivery(Row(0, sold.document_id, "AU-1", sold.delivery_id), finding)])
    assert causes(reconciled(database).found, Leg.PLATFORM) == {"AU-1": (Cause.DELETED_THERE, Decimal("100.00"))}


def test_payments_that_are_not_ours_alone_are_explained(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU-1"), books.pay([(books.sell("AU-2"), "40.00")], name="P-2"), books.pay([(books.sell("AU-3"), "30.00")], name="P-3")
    books.pay([(books.sell("AU-4"), "50.00")], name="P-4", discount="1.00")
    read = [listed("9", ("AU-1", "25.00")), listed("P-3", ("AU-3", "30.00")), listed("P-4", ("AU-4", "49.00"))]
    store(database, CONNECTION, read)
    found = reconciled(database).found
    assert causes(found, Leg.PLATFORM, Measure.PAYMENTS) == {
        "AU-1": (Cause.BOOKED_THERE, Decimal("-25.00")),
        "AU-2": (Cause.NOT_APPLIED, Decimal("40.00")),
        "AU-4": (Cause.DEDUCTION, Decimal("1.00")),
    }
    assert causes(found, Leg.PLATFORM, Measure.OPEN) == {"AU-2": (Cause.NOT_APPLIED, Decimal("-40.00"))}
    assert found.unreconciled == ()


def test_what_a_foreign_payment_of_ours_settles_is_no_difference_of_rates(database: psycopg.Connection, books: Books) -> None:
    sold = books.sell("AU-1", currency="USD", exchange_rate={"base": "AUD", "rate": "1.52"})
    books.pay([(sold, "75.00")], name="P-1", currency="AUD")
    database.execute("UPDATE airbooks.allocation SET settled = 50.00")
    store(database, CONNECTION, [listed("P-1", ("AU-1", "75.00"), currency="AUD")])
    assert reconciled(database).found.differences == ()


def test_a_payment_of_ours_that_the_platform_never_lists_was_deleted_there(database: psycopg.Connection, books: Books) -> None:
    books.pay([(books.sell("AU-1"), "40.00")], name="P-1")
    database.execute("UPDATE airbooks.delivery SET delivered_at = now() - interval '1 hour' WHERE operation = 'apply'")
    assert causes(reconciled(database).found, Leg.PLATFORM, Measure.PAYMENTS) == {"AU-1": (Cause.NOT_APPLIED, Decimal("40.00"))}
    move_watermark(database, f"payments:{CONNECTION}", one(database, "SELECT now()"), "run")
    assert causes(reconciled(database).found, Leg.PLATFORM, Measure.PAYMENTS) == {"AU-1": (Cause.DELETED_THERE, Decimal("40.00"))}


def test_a_payment_that_was_taken_back_here_and_still_stands_there_is_named(database: psycopg.Connection, books: Books) -> None:
    books.pay([(books.sell("AU-1"), "40.00")], name="P-1")
    store(database, CONNECTION, [listed("P-1", ("AU-1", "40.00"))])
    database.execute("UPDATE airbooks.allocation SET cancelled_at = now()")
    found = reconciled(database).found
    assert causes(found, Leg.PLATFORM, Measure.PAYMENTS) == {"AU-1": (Cause.REVERSED, Decimal("-40.00"))}
    assert causes(found, Leg.PLATFORM, Measure.OPEN) == {"AU-1": (Cause.REVERSED, Decimal("40.00"))}


# -- balances that are asked for ----------------------------------------------------------------------------------------------------------


class Platform:
    """Tells balances, and remembers what it was asked."""

    def __init__(self, **balances: str | None) -> None:
        self.balances, self.asked, self.fetched = balances, list[str](), list[str]()

    def find_invoices(self, wanted: Sequence[tuple[str, DocumentKind]]) -> dict[tuple[str, DocumentKind], list[RemoteDocument]]:
        self.asked += [number for number, _ in wanted]
        return {each: [self._remote(each[0])] for each in wanted if self.balances.get(each[0])}

    def get_invoice(self, remote_id: str, _: DocumentKind) -> RemoteDocument | None:
        self.fetched.append(remote_id)
        return None

    def _remote(self, number: str) -> RemoteDocument:
        balance = self.balances[number]
        return RemoteDocument(
            remote_id=f"r-{number}",
            kind=DocumentKind.INVOICE,
            status=DocumentStatus.OPEN,
            balance=Decimal(balance or 0),
        )


def asking(database: psycopg.Connection, platform: Platform, most: int = 10) -> Stored:
    return reconciled(database, open_hook=lambda _: contextlib.nullcontext(platform), most=most)


def test_a_credit_note_that_stands_open_there_is_named(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU1"), books.sell("AUC", "30.00", kind="credit_note", corrects=["AU1"])
    found = asking(database, Platform(AU1="100.00", AUC="30.00"))
    assert causes(found.found, Leg.PLATFORM, Measure.OPEN) == {
        "AU1": (Cause.CREDIT_NOT_ALLOCATED, Decimal("-30.00")),
        "AUC": (Cause.CREDIT_NOT_ALLOCATED, Decimal("30.00")),
    }
    assert found.asked == 2


def test_an_invoice_that_is_credited_in_full_is_asked_for_too(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU1"), books.sell("AUC", kind="credit_note", corrects=["AU1"])
    found = asking(database, Platform(AU1="0.00", AUC="0.00"))
    assert (found.asked, found.found.differences) == (2, ())


def test_only_the_largest_open_items_are_asked_for(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU1"), books.sell("AU2", "300.00", remote_total="300.00"), books.pay([(books.sell("AU3"), "100.00")])
    platform = Platform(AU1="100.00", AU2="300.00")
    assert asking(database, platform, most=1).asked == 1
    assert (platform.asked, platform.fetched) == (["AU2"], [])


def test_a_document_that_is_not_found_by_number_or_id_was_deleted_there(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU1")
    found = asking(database, platform := Platform())
    assert causes(found.found, Leg.PLATFORM) == {"AU1": (Cause.DELETED_THERE, Decimal("100.00"))}
    assert platform.fetched == ["r-AU1"]


def test_a_platform_that_does_not_answer_is_told_and_keeps_nothing_back(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU1")

    def silent(_: str) -> contextlib.nullcontext[Platform]:
        raise PlatformError("it is down", platform="odoo", rule=NOT_SENT)

    stored = reconciled(database, open_hook=silent)
    assert (stored.silent, stored.asked, stored.found.differences) == ((CONNECTION,), 0, ())


# -- the sales system ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def erp(empty_postgres_url: str) -> str:
    with psycopg.connect(empty_postgres_url) as connection:
        create_schema(connection)
    return empty_postgres_url


@pytest.fixture
def ledger(erp: str) -> SqlSalesLedger:
    return load_sales_ledgers(INCLUDE / "config")["erp"].open(PostgresDatabase(erp))


def sell(erp: str, number: int, total: str = "100.00", status: str = "posted", issued: str = "2026-03-10", **told: str) -> None:
    with psycopg.connect(erp) as connection:
        connection.execute(
            "INSERT INTO erp.sales_document (document_id, document_type, document_number, division, status, issue_date, currency,"
            " line_total, allowance_total, net_total, tax_total, gross_total, paid_amount, open_amount)"
            " VALUES (%s, 'invoice', %s, 'AU', %s, %s, 'AUD', 0, 0, 0, 0, %s, %s, %s)",
            (number, f"AU-SI-{number}", status, issued, total, told.get("paid"), told.get("open")),
        )


def test_the_sales_system_is_compared_document_by_document(
    database: psycopg.Connection, books: Books, erp: str, ledger: SqlSalesLedger
) -> None:
    for position in (1, 2, 3, 4, 5):
        sell(erp, position)
    sell(erp, 6, issued="2026-04-02")
    sell(erp, 7, status="cancelled")
    for number in ("1", "6", "7"):
        books.sell(number)
    raws = {number: Row(one(database, RAW, number), 0, number) for number in ("2", "3")}
    exceptions.open_exceptions(database, [replace(of_document(raws["2"], unmapped()), document_id=None, raw_id=raws["2"].raw_id)])
    database.execute("UPDATE airbooks.raw_document SET staged_at = NULL WHERE source_id = '3'")
    move_watermark(database, "erp", one(database, "SELECT now() + interval '1 hour'"), "run")
    hundred = Decimal("100.00")
    found = reconciled(database, ledger).found
    assert {
        each.source_id: (each.cause, each.amount)
        for each in found.differences
        if each.leg is Leg.SALES and each.measure is Measure.INVOICES
    } == {
        "2": (Cause.EXCEPTION, hundred),
        "3": (Cause.NOT_STAGED, hundred),
        "4": (Cause.UNEXPLAINED, hundred),
        "5": (Cause.UNEXPLAINED, hundred),
        "6": (Cause.CUT_OFF, -hundred),
        "7": (Cause.UNEXPLAINED, -hundred),
    }


RAW = (
    "INSERT INTO airbooks.raw_document (source, source_id, content_hash, payload, changed_at, staged_at)"
    " VALUES ('erp', %s, 'h', '{}', now(), now()) RETURNING raw_id"
)


def test_what_the_source_has_not_been_read_for_waits(database: psycopg.Connection, erp: str, ledger: SqlSalesLedger) -> None:
    sell(erp, 1)
    assert {each.cause for each in reconciled(database, ledger).found.differences} == {Cause.NOT_STAGED}


def test_a_list_with_a_gap_is_noticed_by_the_control_total(database: psycopg.Connection, erp: str, ledger: SqlSalesLedger) -> None:
    sell(erp, 1)
    short = replace(ledger, documents_sql=f"SELECT * FROM ({ledger.documents_sql}) d WHERE false")
    found = reconciled(database, short).found
    assert {(each.measure, each.amount) for each in found.unreconciled} == {
        (Measure.INVOICES, Decimal("100.00")),
        (Measure.OPEN, Decimal("100.00")),
    }


def test_a_ledger_statement_that_would_read_everything_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sales_ledger.yaml").write_text("erp: { connection: sales_erp, documents: SELECT 1 WHERE division = :division }")
    with pytest.raises(ConfigError, match=":starts_on"):
        load_sales_ledgers(tmp_path)
    assert load_sales_ledgers(tmp_path / "nowhere") == {}


# -- what is stored ----------------------------------------------------------------------------------------------------------


def test_doing_it_again_finds_and_stores_the_same(database: psycopg.Connection, books: Books) -> None:
    books.sell("AU-1"), books.sell("AU-2", delivery="pending"), books.sell("AU-3", "7.50", kind="credit_note")
    first, second = reconciled(database), reconciled(database)
    assert first.found == second.found
    assert one(database, "SELECT count(DISTINCT content_hash) FROM airbooks.reconciliation") == 1
    rows = database.execute(
        "SELECT cause, amount, number FROM airbooks.reconciliation_difference WHERE reconciliation_id = %s ORDER BY measure",
        [second.reconciliation_id],
    )
    assert rows.fetchall() == [("in delivery", Decimal("100.00"), "AU-2")] * 2
    lines = database.execute(
        "SELECT measure, staged_count, staged_amount, platform_amount, sales_amount FROM airbooks.reconciliation_line"
        " WHERE reconciliation_id = %s ORDER BY measure",
        [first.reconciliation_id],
    )
    assert lines.fetchall() == [
        ("credit notes", 1, Decimal("7.50"), Decimal("7.50"), None),
        ("invoices", 2, Decimal("200.00"), Decimal("100.00"), None),
        ("open", 3, Decimal("192.50"), Decimal("92.50"), None),
        ("payments", 0, Decimal(0), Decimal(0), None),
    ]
    assert audit.verify(database) == []
