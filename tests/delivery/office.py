"""A connection to the QuickBooks simulator with a staging database behind it: what a deliver task has, without Airflow around it."""

from __future__ import annotations

import contextlib
import uuid
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import psycopg
from cryptography.fernet import Fernet
from tests.documents import credit_note, invoice, line

from airbooks.canonical import CreditNote, DocumentReference, Invoice, Party, PaymentTerms
from airbooks.delivery import engine
from airbooks.delivery.preparing import Workplace
from airbooks.delivery.verdicts import Place
from airbooks.platforms import registry
from airbooks.platforms.base import Account, PlatformHook
from airbooks.sandbox.kit import Booked, Row
from airbooks.staging import documents, planning
from airbooks.staging.documents import Arriving
from airbooks.staging.tokens import StoredTokens

CONNECTION = "quickbooks_us"
SEAL = Fernet(Fernet.generate_key())
CODES: Mapping[tuple[str, str], str] = {
    ("tax_code", "US-TX"): "Texas",
    ("tax_code", "US-EX"): "NON",
    ("account", "PARTS"): "4010",
}
EVERYTHING = (0, 2**62)


class Raw:
    """A raw document of the tests; the canonical one is what counts."""

    def __init__(self, document: Invoice | CreditNote, stamp: Any) -> None:
        self.source, self.source_id, self.changed_at = document.source, document.source_id, stamp
        self.payload = document.model_dump(mode="json")


def account(connection: Row) -> Account:
    return Account(host=connection["host"], login=connection["login"], password=connection["password"], extra=connection["extra"])


def us_line(number: int = 1, price: str = "84.50", **fields: Any) -> Any:
    made = {"item_code": "FLT-KIT-75", "tax_code": "US-EX", "account_code": "PARTS", "currency": "USD"}
    return line(number, fields.pop("quantity", "2"), price, "0", "E", **{**made, **fields})


def us_invoice(serial: int, *lines: Any, customer: str = "C-US-0001", **fields: Any) -> Invoice:
    made = {
        "source_id": f"inv-{serial}",
        "division": "US",
        "number": f"US-SI-{serial:06}",
        "currency": "USD",
        "buyer": Party(code=customer, name=f"Northgate Air {customer}", currency="USD"),
        "terms": PaymentTerms(code="Net 30", net_days=30),
    }
    return invoice(*(lines or (us_line(),)), **{**made, **fields})


def us_credit_note(serial: int, corrects: str, **fields: Any) -> CreditNote:
    made = {
        "source_id": f"cn-{serial}",
        "division": "US",
        "number": f"US-CN-{serial:06}",
        "currency": "USD",
        "buyer": Party(code="C-US-0001", name="Northgate Air C-US-0001", currency="USD"),
        "preceding_invoices": (DocumentReference(number=corrects),),
    }
    return credit_note(us_line(quantity="1"), **{**made, **fields})


class Office:
    """One connection's outbox and the means to work on it."""

    def __init__(self, dsn: str, connection: Row, codes: Mapping[tuple[str, str], str] = CODES) -> None:
        self.dsn, self.connection, self.codes = dsn, connection, dict(codes)
        self.database = psycopg.connect(dsn)
        self.read_timeout = 2.0
        self.kind = registry.hook_class("quickbooks")
        self.overdue = 3600.0
        self.probe = 0.0

    def close(self) -> None:
        self.database.close()

    def plant(self, *made: Invoice | CreditNote) -> None:
        """Valid documents, staged and planned."""
        stamp = self.database.execute("SELECT clock_timestamp()").fetchone()
        assert stamp
        raws: list[Arriving] = [Raw(each, stamp[0]) for each in made]
        documents.store_raw(self.database, raws, "test")
        waiting = {(row.source, row.source_id): row.raw_id for row in documents.waiting_raw(self.database, 10_000)}
        staged = [
            documents.StagedDocument(
                raw_id=waiting[each.source, each.source_id],
                document=each,
                state="cancelled" if each.cancelled else "valid",
                route=(CONNECTION,),
            )
            for each in made
        ]
        documents.save_documents(self.database, staged, "test")
        documents.mark_staged(self.database, list(waiting.values()))
        planning.plan(self.database, {CONNECTION: "quickbooks"}, "test")
        self.database.commit()

    def configured(self, kind: str, code: str) -> str | None:
        return self.codes.get((kind, code), code if kind not in {"tax_code", "account"} else None)

    def hook(self) -> PlatformHook:
        tokens = StoredTokens(lambda: psycopg.connect(self.dsn), SEAL)
        return self.kind(CONNECTION, account=account(self.connection), tokens=tokens, read_timeout=self.read_timeout)

    def deliver(self, *, settle: float = 0.0, options: Mapping[str, Any] | None = None) -> Counter[str]:
        """One task's turn, with connections of its own."""
        with self.turn(settle, options) as run:
            return engine.deliver(run, EVERYTHING)

    @contextlib.contextmanager
    def turn(self, settle: float = 0.0, options: Mapping[str, Any] | None = None) -> Iterator[engine.Run]:
        with psycopg.connect(self.dsn) as database, psycopg.connect(self.dsn, autocommit=True) as aside, self.hook() as hook:
            work = Workplace(
                connection=CONNECTION,
                hook=hook,
                database=database,
                aside=aside,
                configured=self.configured,
                options=options or {},
                place=Place(
                    CONNECTION, "QuickBooks Online", settle, poll_seconds=0.0, overdue_seconds=self.overdue, probe_seconds=self.probe
                ),
            )
            yield engine.Run(work=work, worker=str(uuid.uuid4()), run_id="test run", absence_pause=0.0)

    def deliver_until_quiet(self, turns: int = 6) -> Counter[str]:
        total: Counter[str] = Counter()
        for _ in range(turns):
            total += self.deliver()
            self.database.execute("UPDATE airbooks.delivery SET not_before = now() WHERE state IN ('pending', 'accepted', 'unknown')")
            self.database.commit()
        return total

    def states(self) -> Counter[str]:
        rows = self.database.execute("SELECT state FROM airbooks.delivery").fetchall()
        self.database.commit()
        return Counter(row[0] for row in rows)

    def one(self, statement: str, *parameters: Any) -> Any:
        row = self.database.execute(statement, parameters).fetchone()
        self.database.commit()
        return row[0] if row is not None and len(row) == 1 else row

    def exceptions(self) -> list[tuple[str, str, str]]:
        rows = self.database.execute(
            "SELECT code, number, says FROM airbooks.exception WHERE state = 'open' ORDER BY exception_id"
        ).fetchall()
        self.database.commit()
        return [(row[0], row[1], row[2]) for row in rows]


def live(books: Iterable[Booked]) -> dict[str, list[Booked]]:
    """What is booked and not void, by our number."""
    found: dict[str, list[Booked]] = {}
    for each in books:
        if each.status != "void":
            found.setdefault(each.our_number, []).append(each)
    return found
