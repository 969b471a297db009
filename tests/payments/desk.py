"""What a run of `payment_reconciliation` does, step by step, over an office; and what customers, banks and people do to it."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
from tests.delivery.office import CONNECTION, Office, us_invoice

from airbooks.operators.payment_intake import take_in
from airbooks.operators.payment_matching import match_all
from airbooks.payments.differences import Cause, Setting
from airbooks.payments.reconciling import Stored, reconcile_division
from airbooks.payments.settings import PaymentsConfig, load_payments_config
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.sandbox.server import Sandbox
from airbooks.staging import audit, inbox, planning
from airbooks.staging.answers import Answer, answer
from airbooks.staging.balances import open_items
from airbooks.staging.causes import AnswerKind
from airbooks.staging.platform_payments import read_payments

TODAY = date(2026, 3, 20)
CREATED = int(datetime(2026, 3, 20, tzinfo=UTC).timestamp())
MARCH = Setting(division="US", starts_on=date(2026, 3, 1), ends_on=date(2026, 3, 31))
NORTHGATE = "Northgate Air C-US-0001"

FILES = {
    "sources": "{}\n",
    "mappings": "{}\n",
    "routes": "connections:\n  quickbooks_us: { platform: quickbooks, division: US, currency: USD }\nroutes: []\n",
    "payments": """accounts:
  us_bank: { currency: USD, divisions: [US] }
statements:
  bank:
    path: FOLDER/bank*.csv
    format: table
    account: us_bank
    table:
      mapping:
        fields:
          booked_on: { column: Date, as: date }
          amount: { column: Amount, as: amount }
          bank_reference: Reference
          payer_name: Payer
          text: Text
          reverses: { column: Reverses, optional: true }
          method: { constant: Wire }
        debit: { column: Debit, as: amount }
  provider_report:
    path: FOLDER/report*.csv
    format: table
    account: us_bank
    table:
      mapping:
        fields:
          source_id: Id
          booked_on: { column: Date, as: date }
          amount: { column: Amount, as: amount }
          text: Text
          payer_name: Payer
          method: { constant: Card }
providers:
  cards:
    account: us_bank
    event: type
    events: { payment.succeeded: receipt, refund.succeeded: refund, dispute.opened: charge_back }
    mapping:
      fields:
        source_id: { column: data.id, required: true }
        booked_on: { column: created, as: epoch, required: true }
        amount: { column: data.amount, as: number, required: true }
        currency: { column: data.currency, required: true }
        payer_name: { column: data.payer, optional: true }
        text: { column: data.text, optional: true }
        reverses: { column: data.payment, optional: true }
        method: { constant: Card }
""",
}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bank statement; `debit` is what left the account."""

    reference: str
    amount: str = ""
    text: str = ""
    day: str = "2026-03-20"
    payer: str = NORTHGATE
    debit: str = ""
    reverses: str = ""

    @property
    def csv(self) -> str:
        return ",".join((self.day, self.amount, self.debit, self.reference, self.payer, self.text, self.reverses))


TOTAL = Decimal("169.00")
ONE, TWO = "US-SI-000001", "US-SI-000002"
PAID = Line("BR-1", "169.00", ONE)


def number(serial: int) -> str:
    return f"US-SI-{serial:06}"


def event(kind: str, name: str, amount: str, text: str = "", **data: str) -> tuple[str, dict[str, Any]]:
    """A provider's webhook: its event id and its body."""
    told = {"id": name, "amount": amount, "currency": "USD", "payer": NORTHGATE, "text": text, **data}
    return f"evt-{name}", {"type": kind, "created": CREATED, "data": told}


class Desk:
    """The steps of a run, each with a connection of its own as a task has it."""

    def __init__(self, office: Office, quickbooks: Sandbox, folder: Path) -> None:
        self.office, self.quickbooks, self.folder = office, quickbooks, folder
        for name, text in FILES.items():
            (folder / f"{name}.yaml").write_text(text.replace("FOLDER", str(folder)), "utf-8")
        self.today = TODAY

    @property
    def config(self) -> PaymentsConfig:
        return load_payments_config(self.folder)

    # -- what others do ----------------------------------------------------------------------------------------------------------------

    def statement(self, name: str, *lines: Line) -> None:
        head = "Date,Amount,Debit,Reference,Payer,Text,Reverses"
        (self.folder / f"bank {name}.csv").write_text("\n".join([head, *(each.csv for each in lines)]) + "\n", "utf-8")

    def report(self, name: str, *rows: tuple[str, str, str]) -> None:
        """What the provider lists of itself: id, amount and text of each payment."""
        body = [f"{each},2026-03-20,{amount},{text},{NORTHGATE}" for each, amount, text in rows]
        (self.folder / f"report {name}.csv").write_text("\n".join(["Id,Date,Amount,Text,Payer", *body]) + "\n", "utf-8")

    def webhook(self, told: tuple[str, dict[str, Any]]) -> inbox.Put:
        event_id, body = told
        arrival = inbox.Arrival(source="cards", event_id=event_id, signed_at=datetime.now(UTC), body=json.dumps(body).encode())
        with psycopg.connect(self.office.dsn) as database:
            return inbox.put(database, arrival)

    def delete_there(self, entity: str, remote_id: str, **how: str) -> None:
        """What a person does on the platform: delete (or, with `how`, void) a payment or an invoice."""
        with self.hook() as hook:
            (row,) = hook.rows(entity, f"Id = '{remote_id}'", read=dict)
            body = {"Id": remote_id, "SyncToken": row["SyncToken"], **({"sparse": True} if how else {})}
            hook.post(entity.lower(), body, **(how or {"operation": "delete"}))

    @contextlib.contextmanager
    def hook(self) -> Any:
        with self.office.hook() as hook:
            assert isinstance(hook, QuickBooksHook)
            yield hook

    # -- the steps of a run ------------------------------------------------------------------------------------------------------------

    def take_in(self) -> Counter[str]:
        with psycopg.connect(self.office.dsn) as database:
            return take_in(database, self.config, "test run")

    def match(self) -> Counter[str]:
        with psycopg.connect(self.office.dsn) as database:
            return match_all(database, self.config, self.today, "test run")

    def plan(self) -> int:
        with psycopg.connect(self.office.dsn) as database:
            return planning.plan(database, {CONNECTION: "quickbooks"}, "test run")

    def apply(self) -> Counter[str]:
        total: Counter[str] = Counter()
        for _ in range(3):
            total += self.office.deliver()
            with psycopg.connect(self.office.dsn) as database:
                if not database.execute(SOONER).rowcount:
                    break
        return total

    def read(self) -> Counter[str]:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        with psycopg.connect(self.office.dsn) as database, self.hook() as hook:
            return read_payments(database, hook, CONNECTION, "test run", first=yesterday)

    @property
    def steps(self) -> tuple[Callable[[], object], ...]:
        return self.take_in, self.match, self.plan, self.apply, self.read

    def run(self) -> None:
        for step in self.steps:
            step()

    def answer(self, kind: AnswerKind, apply_to: str = "", reason: str = "") -> None:
        """A person answers the only question there is."""
        ((cause_id,),) = self.rows("SELECT DISTINCT cause_id FROM airbooks.exception WHERE state = 'open'")
        with psycopg.connect(self.office.dsn) as database:
            answer(database, cause_id, Answer(kind=kind, by="accountant", apply_to=apply_to, reason=reason))

    def reconcile(self, *, asks: bool = False) -> Stored:
        with self.hook() as hook, psycopg.connect(self.office.dsn) as database:
            return reconcile_division(
                database, MARCH, None, "test run", open_hook=(lambda _: contextlib.nullcontext(hook)) if asks else None
            )

    # -- what is so --------------------------------------------------------------------------------------------------------------------

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.office.dsn) as database:
            return database.execute(statement, values).fetchall()

    def open(self) -> dict[str, Decimal]:
        """What is open of each document, as staging has it."""
        with psycopg.connect(self.office.dsn) as database:
            return {each.number: each.open_amount for each in open_items(database)}

    def open_there(self) -> dict[str, Decimal]:
        """What is open of each document in the platform's books."""
        books = self.quickbooks.books("quickbooks").documents
        return {each.our_number: Decimal(each.balance) for each in books if each.status != "void" and each.balance}

    def booked(self) -> list[Decimal]:
        """The payments in the platform's books that stand."""
        return sorted(Decimal(each.amount) for each in self.quickbooks.books("quickbooks").payments if each.status == "posted")

    def movements(self) -> dict[str, int]:
        return dict(self.rows("SELECT state, count(*)::int FROM airbooks.incoming_payment GROUP BY 1"))

    def remote_id(self, number: str) -> str:
        found: str = self.rows(
            "SELECT v.remote_id FROM airbooks.delivery v JOIN airbooks.document d USING (document_id)"
            " WHERE d.number = %s AND v.remote_id <> '' ORDER BY v.delivery_id",
            number,
        )[0][0]
        return found

    def causes(self, *, asks: bool = False) -> set[tuple[str, Cause]]:
        """What a reconciliation says of each document, and that nothing in it is unexplained."""
        found = self.reconcile(asks=asks).found
        assert found.unreconciled == ()
        return {(each.number, each.cause) for each in found.differences}

    def actions(self) -> Counter[str]:
        return Counter(row[0] for row in self.rows("SELECT action FROM airbooks.audit_event ORDER BY event_id"))

    def asked(self) -> list[tuple[str, str, str]]:
        """What people are asked: code, number and words."""
        return self.rows("SELECT code, number, says || ' ' || fix FROM airbooks.exception WHERE state = 'open' ORDER BY exception_id")

    def on_account(self) -> dict[str, Decimal]:
        """What each decided payment left on account; checks that its parts, to the cent, are what came in."""
        rests: dict[str, Decimal] = {}
        for number, state, gross, paid, settled in self.rows(MONEY):
            assert paid == gross, f"{number}: {gross} came in, payments of {paid} were made of it"
            assert 0 <= settled <= gross, f"{number}: {settled} of {gross} is allocated"
            assert settled == 0 or state == "matched", f"{number} is {state} and settles {settled}"
            rests[number] = gross - settled
        return rests

    def check(self) -> None:
        """What must hold whatever happens: money conserved, every payment booked exactly once, nothing overpaid, the trail intact."""
        self.on_account()
        assert self.booked() == [row[0] for row in self.rows(STANDING)]
        assert all(amount > 0 for amount in self.open().values())
        with psycopg.connect(self.office.dsn) as database:
            assert audit.verify(database) == []

    def state(self) -> dict[str, Any]:
        """Everything that must not depend on how and when it was told."""
        settled = "SELECT number, sum(settled) FROM airbooks.allocation WHERE cancelled_at IS NULL GROUP BY 1"
        return {
            "open": self.open(),
            "open there": self.open_there(),
            "booked": self.booked(),
            "movements": self.movements(),
            "settled": dict(self.rows(settled)),
            "asked": sorted(code for code, _, _ in self.asked()),
        }


def sold(desk: Desk, *serials: int) -> None:
    """Invoices of 169.00 USD each, booked on the platform."""
    desk.office.plant(*(us_invoice(each) for each in serials))
    desk.office.deliver()


MONEY = """
SELECT 'PAY-' || lpad(i.incoming_id::text, 6, '0'), i.state, i.amount + i.fee,
    (SELECT sum(d.gross_total) FROM airbooks.document d WHERE d.source = 'payments' AND d.is_current
        AND split_part(d.number, '-', 2)::bigint = i.incoming_id),
    coalesce((SELECT sum(a.amount) FROM airbooks.allocation a WHERE a.incoming_id = i.incoming_id AND a.cancelled_at IS NULL), 0)
FROM airbooks.incoming_payment i WHERE i.kind = 'receipt' AND i.state IN ('matched', 'on_account', 'reversed') ORDER BY 1
"""
SOONER = "UPDATE airbooks.delivery SET not_before = now() WHERE state IN ('pending', 'accepted', 'unknown', 'sending')"
STANDING = """
SELECT d.gross_total FROM airbooks.delivery v JOIN airbooks.document d USING (document_id)
WHERE v.operation = 'apply' AND v.state = 'delivered' AND NOT EXISTS (
    SELECT FROM airbooks.platform_payment p WHERE p.delivery_id = v.delivery_id AND p.reversed)
ORDER BY 1
"""
