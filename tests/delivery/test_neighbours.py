"""One document, customer or answer that goes wrong, and what becomes of those next to it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from tests.delivery.office import Office, us_invoice

from airbooks.canonical import DocumentKind
from airbooks.delivery.verdicts import LONGEST_WAIT, MAX_ATTEMPTS
from airbooks.platforms.errors import UNREADABLE_ANSWER, Action, ErrorRule, Outcome, PlatformError
from airbooks.platforms.wire import NO_ANSWER, NOT_SENT
from airbooks.sandbox.server import Sandbox
from airbooks.staging import circuit
from airbooks.staging.circuit import Position

OCCUPIED = ErrorRule(name="occupied", action=Action.RETRY, outcome=Outcome.DID_NOT_HAPPEN)


def error(rule: ErrorRule, says: str = "it says so", status: int | None = None) -> PlatformError:
    return PlatformError(says, platform="quickbooks", rule=rule, status=status)


@pytest.mark.parametrize(
    ("raised", "silent"),
    [
        (error(NOT_SENT), True),
        (error(NO_ANSWER), True),
        (error(NO_ANSWER).as_not_happened(), True),
        (error(UNREADABLE_ANSWER, status=503), True),
        (error(UNREADABLE_ANSWER), False),
        (error(OCCUPIED), False),
    ],
)
def test_silence_is_what_the_wire_or_a_server_did_and_nothing_that_a_connector_concluded(raised: PlatformError, silent: bool) -> None:
    assert raised.is_silence is silent


def test_a_document_that_a_connector_cannot_send_is_parked_and_opens_no_circuit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def occupied(*_: Any) -> Any:
        raise error(OCCUPIED, "somebody is at it")

    office.plant(us_invoice(1))
    monkeypatch.setattr(office.kind, "create_invoices", occupied)
    office.deliver_until_quiet(MAX_ATTEMPTS + 1)
    assert office.states() == {"parked": 1}
    assert [row[0] for row in office.exceptions()] == ["AB-ATTEMPTS"]
    with circuit.passage(office.database, "quickbooks_us") as found:
        assert found.position is Position.CLOSED


def test_a_silent_platform_is_asked_about_one_new_customer_and_not_about_all(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def silent(_: Any, customer: Any, currency: str) -> str:
        asked.append(customer.code)
        raise error(NO_ANSWER)

    office.plant(*(us_invoice(serial, customer=f"C-US-{serial:04}") for serial in range(1, 8)))
    monkeypatch.setattr(office.kind, "ensure_customer", silent)
    office.deliver()
    assert len(asked) == 1
    assert office.states() == {"pending": 7}
    assert office.one("SELECT max(failures) FROM airbooks.delivery") == 0


def unknown(office: Office, quickbooks: Sandbox, count: int) -> None:
    """Booked there, and nobody here knows."""
    office.plant(*(us_invoice(serial) for serial in range(1, count + 1)))
    office.read_timeout = 0.3
    quickbooks.inject("quickbooks", "timeout_after_commit", path="/(batch|invoice)")
    assert office.deliver() == {"lost": count}
    quickbooks.clear_faults()
    office.read_timeout = 2.0


def test_one_document_that_cannot_be_read_keeps_no_other_back_and_comes_before_a_person(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown(office, quickbooks, 4)
    real = office.kind.find_invoices

    def garbled(hook: Any, wanted: Sequence[tuple[str, DocumentKind]]) -> Any:
        if any(number == "US-SI-000002" for number, _ in wanted):
            raise error(UNREADABLE_ANSWER, "a status that nobody knows", status=200)
        return real(hook, wanted)

    monkeypatch.setattr(office.kind, "find_invoices", garbled)
    office.deliver()  # here there is no pause between two looks
    assert office.states() == {"delivered": 3, "parked": 1}
    (found,) = office.exceptions()
    assert "a status that nobody knows" in found[2]


def test_a_silent_platform_is_asked_about_one_unknown_document_and_not_about_all(
    office: Office, quickbooks: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown(office, quickbooks, 4)
    office.database.execute("UPDATE airbooks.delivery SET remote_id = '77'")  # as of drafts that were lost while they were posted
    office.database.commit()
    asked: Counter[str] = Counter()

    def silent(_: Any, remote_id: str, kind: DocumentKind) -> Any:
        asked[remote_id] += 1
        raise error(NO_ANSWER)

    monkeypatch.setattr(office.kind, "get_invoice", silent)
    office.deliver()
    assert asked.total() == 1
    assert office.states() == {"unknown": 4}


def test_a_nul_in_a_platforms_words_harms_nobody(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(hook: Any, batch: Sequence[Any]) -> Any:
        raise error(ErrorRule(name="refused", action=Action.REVIEW, outcome=Outcome.DID_NOT_HAPPEN), "no \0 way", status=400)

    office.plant(us_invoice(1), us_invoice(2))
    monkeypatch.setattr(office.kind, "create_invoices", refused)
    assert office.deliver() == {"refused": 2}
    assert office.one("SELECT min(last_error) FROM airbooks.delivery").endswith("no  way")


def test_a_platform_that_asks_for_a_day_is_asked_again_within_the_hour(office: Office, quickbooks: Sandbox) -> None:
    office.plant(us_invoice(1))
    quickbooks.inject("quickbooks", "rate_limited", path="/(batch|invoice)", retry_after="86400")
    office.deliver()
    assert office.one("SELECT max(extract(epoch FROM not_before - now()))::float8 FROM airbooks.delivery") <= LONGEST_WAIT
