"""A platform that is down is left alone, delays nobody, spoils nobody's attempts, and is found again by itself."""

from __future__ import annotations

import threading

import psycopg
import pytest
from tests.delivery.office import CONNECTION, Office, live, us_invoice

from airbooks.delivery.verdicts import MAX_ATTEMPTS
from airbooks.sandbox.server import Sandbox
from airbooks.staging import circuit, outbox
from airbooks.staging.circuit import LONGEST_PAUSE, SILENT, Position

DOCUMENTS = 400


def calls(quickbooks: Sandbox) -> int:
    return len(quickbooks.requests("quickbooks"))


def time_passes(office: Office) -> None:
    """Every pause is over: the documents' and the circuit's."""
    office.database.execute("UPDATE airbooks.delivery SET not_before = now() WHERE state IN ('pending', 'unknown')")
    office.database.execute("UPDATE airbooks.connection_circuit SET open_until = now() - interval '1 second' WHERE failures > 0")
    office.database.commit()


def position(office: Office) -> Position:
    with psycopg.connect(office.dsn, autocommit=True) as aside, circuit.passage(aside, CONNECTION) as found:
        return found.position


@pytest.fixture
def patient(office: Office) -> Office:
    office.probe = 600.0
    return office


def test_an_outage_costs_a_few_calls_and_then_none(patient: Office, quickbooks: Sandbox) -> None:
    patient.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
    quickbooks.inject("quickbooks", "reset_before_commit", times=None)
    patient.deliver()
    asked = calls(quickbooks)
    for _ in range(5):
        assert patient.deliver() == {}
    assert calls(quickbooks) == asked
    assert patient.one("SELECT max(failures) FROM airbooks.delivery") <= 1
    assert position(patient) is Position.OPEN


def test_when_it_answers_again_all_goes_on_without_a_person(patient: Office, quickbooks: Sandbox) -> None:
    patient.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
    quickbooks.inject("quickbooks", "reset_before_commit", times=None)
    patient.deliver()
    quickbooks.clear_faults()
    for _ in range(4):
        time_passes(patient)
        patient.deliver()
    assert patient.states() == {"delivered": DOCUMENTS}
    assert {len(found) for found in live(quickbooks.books("quickbooks").documents).values()} == {1}
    assert position(patient) is Position.CLOSED


def test_half_open_one_worker_asks_once_and_the_others_wait(patient: Office, quickbooks: Sandbox) -> None:
    patient.plant(*(us_invoice(serial) for serial in range(1, DOCUMENTS + 1)))
    quickbooks.inject("quickbooks", "error_before_commit", times=None)
    patient.deliver()
    time_passes(patient)
    before = patient.one("SELECT failures FROM airbooks.connection_circuit")
    workers = [threading.Thread(target=patient.deliver) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert patient.one("SELECT failures FROM airbooks.connection_circuit") == before + 1


def test_the_pause_doubles_up_to_a_bound(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as database:
        pauses = []
        for _ in range(SILENT + 9):
            circuit.silent(database, CONNECTION, "no answer", 30.0)
            row = database.execute("SELECT extract(epoch FROM open_until - changed_at)::int FROM airbooks.connection_circuit").fetchone()
            assert row
            pauses.append(row[0])
        assert pauses[SILENT - 1 : SILENT + 3] == [30, 60, 120, 240]
        assert max(pauses) == LONGEST_PAUSE
        circuit.answered(database, CONNECTION)
        assert circuit.open_circuits(database) == {}


def test_one_document_that_the_platform_never_answers_is_parked_and_delays_no_other(office: Office, quickbooks: Sandbox) -> None:
    poison = us_invoice(1, purchase_order="PO-POISON")
    office.plant(poison, *(us_invoice(serial) for serial in range(2, 40)))
    quickbooks.inject("quickbooks", "error_before_commit", body="PO-POISON", times=None)
    for _ in range(4 * MAX_ATTEMPTS):
        time_passes(office)
        office.deliver()
    assert office.states() == {"delivered": 38, "parked": 1}
    ((code, number, says),) = office.exceptions()
    assert (code, number) == ("AB-ATTEMPTS", poison.number)
    assert str(MAX_ATTEMPTS) in says
    assert poison.number not in live(quickbooks.books("quickbooks").documents)


def test_a_document_that_workers_die_of_is_sent_alone_and_then_parked(office: Office) -> None:
    office.plant(us_invoice(1), us_invoice(2))
    for _ in range(MAX_ATTEMPTS):
        office.database.execute(
            "UPDATE airbooks.delivery SET state = 'sending', worker = 'dead', attempt = attempt + 1 WHERE delivery_id ="
            " (SELECT min(delivery_id) FROM airbooks.delivery) AND state = 'pending'"
        )
        office.database.commit()
        with office.turn() as run:
            outbox.give_up_dead(run.work.database, CONNECTION, 0.0, "run")
            run.work.database.commit()
        office.database.execute("UPDATE airbooks.delivery SET state = 'pending' WHERE state = 'unknown' AND failures < %s", (MAX_ATTEMPTS,))
        office.database.commit()
    office.deliver_until_quiet()
    assert office.states() == {"delivered": 1, "parked": 1}
    assert [code for code, _, _ in office.exceptions()] == ["AB-ATTEMPTS"]
