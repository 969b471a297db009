"""A dry run of a connection: everything is shown, nothing is sent, and nothing is remembered."""

from __future__ import annotations

import logging

import pytest
from tests.delivery.office import CONNECTION, EVERYTHING, Office, us_invoice
from tests.delivery.test_payments import decide, pays, two_invoices

from airbooks.delivery.previewing import preview
from airbooks.sandbox.server import Sandbox


@pytest.fixture
def office(office: Office) -> Office:
    office.codes |= {("payment_method", "Wire"): "Wire"}
    return office


def shown(office: Office, caplog: pytest.LogCaptureFixture) -> tuple[dict[str, int], list[str]]:
    with caplog.at_level(logging.INFO, "airflow.task.airbooks.delivery"), office.turn() as run:
        caplog.clear()
        return dict(preview(run, EVERYTHING)), [record.getMessage() for record in caplog.records]


def test_documents_are_shown_as_they_would_be_sent(office: Office, quickbooks: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    office.plant(us_invoice(1), us_invoice(2))
    counts, said = shown(office, caplog)
    assert counts == {"would be sent": 2, "would be held back": 0}
    assert {line.partition(" |")[0] for line in said if "would be sent:" in line} == {"US-SI-000001", "US-SI-000002"}
    assert sum('"DocNumber":"US-SI-000002"' in line for line in said) == 1
    assert not quickbooks.books("quickbooks").documents
    assert office.states() == {"pending": 2}


def test_payments_are_shown_with_what_they_would_settle(office: Office, quickbooks: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    items = two_invoices(office)
    office.deliver()
    decide(office, "338.00", pays(items, ["169.00", "169.00"]))
    counts, said = shown(office, caplog)
    assert counts == {"would be sent": 1, "would be held back": 0}
    (line,) = (each for each in said if "would be applied" in each)
    assert line.endswith(f"338.00 USD | {CONNECTION} | would be applied to US-SI-000001 169.00, US-SI-000002 169.00")
    assert not quickbooks.books("quickbooks").payments
    assert office.deliver()["booked"] == 1


def test_a_payment_that_cannot_be_applied_says_why(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    items = two_invoices(office)
    office.deliver()
    del office.codes["payment_method", "Wire"]
    decide(office, "169.00", pays(items[:1], ["169.00"]))
    office.database.execute("DELETE FROM airbooks.customer_link")
    office.database.commit()
    counts, said = shown(office, caplog)
    assert counts == {"would be sent": 0, "would be held back": 1}
    assert any("would be held back" in line and "is not linked to one there" in line for line in said)
    assert office.exceptions() == []
