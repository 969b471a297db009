"""What the sales system is told: status and balance of its documents, only what changed, the same however often it is told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import psycopg
import pytest
from tests.sources.databases import PostgresDatabase
from tests.staging.settling import Books

from airbooks.erp.generate import create_schema
from airbooks.paths import INCLUDE
from airbooks.payments.settings import load_payments_config
from airbooks.payments.writing_back import Endpoint, RestStatusWriter, SqlStatusWriter, Status, WritingError, write_back
from airbooks.staging import audit

TODAY = date(2026, 3, 20)


@pytest.fixture
def books(database: psycopg.Connection) -> Books:
    return Books(database)


# -- by SQL ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def erp(empty_postgres_url: str) -> str:
    with psycopg.connect(empty_postgres_url) as connection:
        create_schema(connection)
        for number in (1, 2, 3):
            connection.execute(
                "INSERT INTO erp.sales_document (document_id, document_type, document_number, division, issue_date, currency, line_total,"
                " allowance_total, net_total, tax_total, gross_total, changed_at)"
                " VALUES (%s, 'invoice', %s, 'AU', '2026-03-10', 'AUD', 0, 0, 0, 0, 100, '2026-03-10')",
                (number, f"AU-SI-{number}"),
            )
    return empty_postgres_url


def told(erp: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(erp) as connection:
        return connection.execute(
            "SELECT document_id, paid_amount, open_amount, payment_status FROM erp.sales_document WHERE payment_status <> '' ORDER BY 1"
        ).fetchall()


def tell(database: psycopg.Connection, erp: str) -> int:
    """As payments.yaml says."""
    status = load_payments_config(INCLUDE / "config").status
    assert status is not None
    writer = SqlStatusWriter(name=status.source, hook=PostgresDatabase(erp), statement=status.statement)
    return write_back(database, writer, "run", TODAY)


def test_the_sales_system_learns_what_is_paid_and_open(database: psycopg.Connection, books: Books, erp: str) -> None:
    books.pay([(books.sell("1"), "30.00")]), books.pay([(books.sell("2"), "100.00")], name="P-2"), books.sell("3", delivery="pending")
    assert tell(database, erp) == 3
    assert told(erp) == [
        (1, Decimal("30.00"), Decimal("70.00"), "partially paid"),
        (2, Decimal("100.00"), Decimal("0.00"), "settled"),
        (3, Decimal(0), Decimal("100.00"), "waiting for delivery"),
    ]


def test_only_what_changed_is_told_again(database: psycopg.Connection, books: Books, erp: str) -> None:
    sold = books.sell("1")
    books.sell("2")
    assert [tell(database, erp), tell(database, erp)] == [2, 0]
    books.pay([(sold, "100.00")])
    assert tell(database, erp) == 1
    assert told(erp)[0] == (1, Decimal("100.00"), Decimal("0.00"), "settled")
    assert [step.action for step in audit.history(database, "1")] == ["status written back"] * 2


def test_a_payment_that_is_taken_back_opens_the_document_in_the_sales_system(database: psycopg.Connection, books: Books, erp: str) -> None:
    books.pay([(books.sell("1"), "100.00")])
    tell(database, erp)
    database.execute("UPDATE airbooks.allocation SET cancelled_at = now()")
    tell(database, erp)
    assert told(erp) == [(1, Decimal("0"), Decimal("100.00"), "payment taken back")]


def test_what_is_told_back_is_no_change_of_the_document(database: psycopg.Connection, books: Books, erp: str) -> None:
    books.sell("1")
    tell(database, erp)
    with psycopg.connect(erp) as connection:
        changed = connection.execute("SELECT document_id FROM erp.sales_document WHERE changed_at > '2026-03-11'")
        assert changed.fetchall() == []
        connection.execute("UPDATE erp.sales_document SET note = 'new', paid_amount = 1 WHERE document_id = 1")
        changed = connection.execute("SELECT document_id FROM erp.sales_document WHERE changed_at > '2026-03-11'")
        assert changed.fetchall() == [(1,)]


def test_a_database_that_refuses_keeps_nothing_and_is_told_everything_again(database: psycopg.Connection, books: Books, erp: str) -> None:
    books.sell("1"), books.sell("2")
    with psycopg.connect(erp) as connection:
        connection.execute("ALTER TABLE erp.sales_document ADD CHECK (document_id <> 2 OR payment_status IS NULL)")
    with pytest.raises(psycopg.errors.CheckViolation):
        tell(database, erp)
    database.rollback()
    assert told(erp) == []
    with psycopg.connect(erp) as connection:
        connection.execute("ALTER TABLE erp.sales_document DROP CONSTRAINT sales_document_check")
    assert tell(database, erp) == 2


# -- by REST ---------------------------------------------------------------------------------------------------------------------------


@dataclass
class SalesServer:
    """A sales system that answers as it is told and remembers what it was asked."""

    answers: dict[str, list[int]] = field(default_factory=dict)
    asked: list[tuple[str, str, str, dict[str, str]]] = field(default_factory=list)
    authorisations: set[str] = field(default_factory=set)
    url: str = ""

    def answer(self, path: str) -> int:
        waiting = self.answers.get(path, [])
        return waiting.pop(0) if waiting else 204


@pytest.fixture
def sales() -> Iterator[SalesServer]:
    made = SalesServer()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.asked.append((self.command, self.path, self.headers["Idempotency-Key"], body))
            made.authorisations.add(self.headers["Authorization"])
            self.send_response(made.answer(self.path))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def rest(sales: SalesServer, **options: Any) -> RestStatusWriter:
    endpoint = Endpoint(url=f"{sales.url}/documents/{{source_id}}/status", headers={"Authorization": "Bearer t"}, **options)
    return RestStatusWriter(name="erp", endpoint=endpoint)


def test_each_document_is_told_with_its_amounts_as_text(database: psycopg.Connection, books: Books, sales: SalesServer) -> None:
    books.pay([(books.sell("A/1"), "30.10")])
    assert write_back(database, rest(sales), "run", TODAY) == 1
    ((method, path, key, body),) = sales.asked
    assert (method, path, len(key)) == ("PUT", "/documents/A%2F1/status", 64)
    assert body == {
        "source_id": "A/1",
        "number": "A/1",
        "status": "partially paid",
        "paid": "30.10",
        "open_amount": "69.90",
        "currency": "AUD",
    }
    assert sales.authorisations == {"Bearer t"}


def test_the_body_takes_the_names_of_the_sales_system(database: psycopg.Connection, books: Books, sales: SalesServer) -> None:
    books.sell("1")
    write_back(database, rest(sales, body={"offen": "open_amount"}), "run", TODAY)
    assert [body for *_, body in sales.asked] == [{"offen": "100.00"}]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 503])
def test_a_failure_of_the_server_is_tried_again_with_the_same_key(
    database: psycopg.Connection, books: Books, sales: SalesServer, status: int
) -> None:
    books.sell("1"), books.sell("2")
    sales.answers["/documents/2/status"] = [status]
    with pytest.raises(WritingError) as failure:
        write_back(database, rest(sales), "run", TODAY)
    assert failure.value.can_retry
    assert write_back(database, rest(sales), "run", TODAY) == 2
    keys: dict[str, set[str]] = {}
    for _, path, key, _ in sales.asked:
        keys.setdefault(path, set()).add(key)
    assert [len(each) for each in keys.values()] == [1, 1]


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_log_in_is_for_a_person(database: psycopg.Connection, books: Books, sales: SalesServer, status: int) -> None:
    books.sell("1")
    sales.answers["/documents/1/status"] = [status]
    with pytest.raises(WritingError, match="does not let us in") as failure:
        write_back(database, rest(sales), "run", TODAY)
    assert not failure.value.can_retry


def test_a_document_that_is_refused_keeps_no_other_back(database: psycopg.Connection, books: Books, sales: SalesServer) -> None:
    books.sell("1"), books.sell("2")
    sales.answers["/documents/1/status"] = [404]
    assert write_back(database, rest(sales), "run", TODAY) == 1
    assert write_back(database, rest(sales), "run", TODAY) == 1
    assert [path for _, path, _, _ in sales.asked] == ["/documents/1/status", "/documents/2/status", "/documents/1/status"]


def test_a_server_that_is_away_may_be_told_later(database: psycopg.Connection, books: Books) -> None:
    books.sell("1")
    writer = RestStatusWriter(
        name="erp", endpoint=Endpoint(url="http://127.0.0.1:9/{source_id}", headers={"Authorization": "Bearer s3cret"})
    )
    with pytest.raises(WritingError) as failure:
        write_back(database, writer, "run", TODAY)
    assert failure.value.can_retry
    assert "s3cret" not in f"{failure.value!r} {writer!r}"


@dataclass
class DyingWriter:
    """Takes everything, and dies before that can be noted."""

    name: str = "erp"
    taken: list[Status] = field(default_factory=list)

    def write(self, statuses: Sequence[Status]) -> dict[str, str]:
        self.taken += statuses
        raise KeyboardInterrupt


def test_what_a_dying_run_told_is_told_again(database: psycopg.Connection, books: Books) -> None:
    books.sell("1")
    writer = DyingWriter()
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            write_back(database, writer, "run", TODAY)
        database.rollback()
        database.commit()
    assert writer.taken[0] == writer.taken[1]
