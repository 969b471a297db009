"""Payments while processes die and answers are lost, at every step of a run: then everything runs again, and each is booked once."""

from __future__ import annotations

import contextlib
from decimal import Decimal

import psycopg
import pytest
from cryptography.fernet import Fernet
from tests.delivery import office as offices
from tests.delivery.test_kill import KEY, kill_when_hanging
from tests.payments.desk import TOTAL, Desk, Line, event, number, sold

from airbooks.platforms.errors import PlatformError


def money_comes(desk: Desk) -> None:
    """A payment by webhook, one for two invoices, one that is a cent too much, one that is unclear, and one that goes back."""
    sold(desk, *range(1, 7))
    desk.webhook(event("payment.succeeded", "pay_1", "169.00", number(1)))
    desk.webhook(event("payment.succeeded", "pay_2", "169.00", number(5)))
    desk.webhook(event("dispute.opened", "dp_2", "169.00", payment="pay_2"))
    both = f"{number(2)} {number(3)}"
    desk.statement("a", Line("BR-1", "338.00", both), Line("BR-2", "169.01", number(4)), Line("BR-3", "12.34", "thank you"))


def check_the_end(desk: Desk) -> None:
    """What is so when nothing went wrong."""
    assert desk.booked() == [TOTAL, Decimal("169.01"), Decimal("338.00")]
    assert desk.open() == desk.open_there() == {number(5): TOTAL, number(6): TOTAL}
    assert desk.movements() == {"matched": 4, "reversed": 1, "review": 1}
    assert [code for code, _, _ in desk.asked()] == ["AB-PAYMENT-MATCH"]
    assert (desk.actions()["payment_received"], desk.actions()["payment taken back"]) == (6, 1)
    assert sorted(desk.on_account().values()) == [0, 0, Decimal("0.01"), TOTAL]
    assert desk.causes() == set()
    desk.check()


# The connection of whoever writes the given row of a table dies there; a sequence remembers it, because no rollback turns one back.
DEATH = """
CREATE SEQUENCE public.writes;
CREATE FUNCTION public.die() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('public.writes') = {at} THEN PERFORM pg_terminate_backend(pg_backend_pid()), pg_sleep(1); END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER dying BEFORE INSERT OR UPDATE ON airbooks.{table} FOR EACH ROW EXECUTE FUNCTION public.die();
"""

# Where a run writes: in intake, matching, planning, applying and reading back.
WRITES = [
    ("incoming_payment", 2),
    ("incoming_payment", 9),
    ("inbox_event", 1),
    ("statement_file", 1),
    ("allocation", 2),
    ("document", 2),
    ("exception", 1),
    ("delivery", 1),
    ("delivery", 4),
    ("delivery", 7),
    ("platform_payment", 2),
    ("watermark", 1),
    ("audit_event", 8),
]


@pytest.mark.parametrize(("table", "at"), WRITES)
def test_whoever_dies_at_a_write_leaves_nothing_doubled_and_nothing_lost(desk: Desk, table: str, at: int) -> None:
    money_comes(desk)
    with psycopg.connect(desk.office.dsn) as database:
        database.execute(DEATH.format(table=table, at=at).encode())
    deaths = 0
    for step in (*desk.steps, *desk.steps, *desk.steps):
        try:
            step()
        except psycopg.OperationalError:
            deaths += 1
    assert deaths == 1
    check_the_end(desk)


def test_whoever_dies_between_two_steps_leaves_nothing_doubled_and_nothing_lost(desk: Desk) -> None:
    sold(desk, *range(1, 7))
    for done in range(1, 6):
        desk.statement(str(done), Line(f"BR-{done}", "169.00", number(done)))
        for step in desk.steps[:done]:
            step()
        desk.take_in()  # whoever comes next begins anew
    desk.run()
    assert (desk.booked(), desk.open_there(), desk.movements()) == ([TOTAL] * 5, {number(6): TOTAL}, {"matched": 5})
    desk.check()


@pytest.mark.parametrize("fault", ["timeout_after_commit", "timeout_before_commit", "reset_after_commit"])
def test_a_killed_process_that_was_applying_a_payment_has_it_booked_once(desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(offices, "SEAL", Fernet(KEY))
    money_comes(desk)
    desk.take_in(), desk.match(), desk.plan()
    desk.quickbooks.inject("quickbooks", fault, method="POST", path="/payment", times=1, after=1)
    if fault.startswith("timeout"):
        kill_when_hanging(desk.office, desk.quickbooks)
    else:
        desk.apply()
    desk.quickbooks.clear_faults()
    desk.run()
    desk.run()
    check_the_end(desk)


@pytest.mark.parametrize("path", ["/query", "/cdc"])
def test_a_list_that_breaks_off_is_read_again_and_noticed_once(desk: Desk, path: str) -> None:
    money_comes(desk)
    desk.run()
    desk.delete_there("Payment", desk.remote_id("PAY-000001"))
    desk.quickbooks.inject("quickbooks", "truncated_body", path=path, times=1)
    with contextlib.suppress(PlatformError):
        desk.read()
    desk.quickbooks.clear_faults()
    desk.run()
    desk.run()
    assert desk.booked() == [TOTAL, Decimal("169.01")]
    assert sorted(code for code, _, _ in desk.asked()) == ["AB-PAYMENT-MATCH", "AB-PAYMENT-REVERSED"]
    assert desk.actions()["payment reversed"] == 2  # it paid two invoices
    assert desk.open() == desk.open_there()
    desk.check()
