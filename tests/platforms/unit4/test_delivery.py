"""The delivery engine on a platform that posts later: accepted, collected, recorded; nothing sent twice whatever gets lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.delivery.office import Office, live
from tests.platforms.unit4.documents import BUYER, line, sale

from airbooks.canonical import Invoice
from airbooks.platforms.unit4 import Unit4Hook
from airbooks.sandbox.server import Sandbox
from airbooks.staging.answers import Answer, answer
from airbooks.staging.causes import AnswerKind

CODES = {("tax_code", "GB-S20"): "U1", ("account", "SERVICE"): "4100"}


@pytest.fixture
def simulator(sandbox: Callable[..., Sandbox]) -> Sandbox:
    return sandbox("unit4", time_scale=1000)


@pytest.fixture
def office(simulator: Sandbox, postgres_url: str) -> Iterator[Office]:
    made = Office(postgres_url, simulator.simulators["unit4"].connection(), CODES)
    made.kind = Unit4Hook
    yield made
    made.close()


def service(serial: int, buyer: str = "C-UK-0042") -> Invoice:
    visit = line(item_code="SRV-MNT-A", name="Maintenance visit A", price="395.00", account_code="SERVICE", dimensions={}, warehouse="")
    party = BUYER.model_copy(update={"code": buyer, "name": f"Works {buyer}"})
    return sale(visit, number=f"UK-SI-{serial:06}", source_id=f"inv-{serial}", buyer=party)


def statuses(simulator: Sandbox) -> dict[str, list[str]]:
    return {number: [each.status for each in found] for number, found in live(simulator.books("unit4").documents).items()}


def test_documents_are_taken_on_and_recorded_when_gl07_has_posted_them(office: Office, simulator: Sandbox) -> None:
    simulator.inject("unit4", "job_waits", seconds=0.3)
    office.plant(service(1), service(2))
    assert office.deliver() == {"taken on": 2}
    assert office.states() == {"accepted": 2}
    tickets = office.one("SELECT count(*) FROM airbooks.delivery WHERE ticket LIKE %s", "BI/I-UK-SI-%/%-GL07-%/UK-SI-%")
    assert tickets == 2
    simulator.clear_faults()
    counted = office.deliver_until_quiet(40)
    assert counted["booked"] == 2
    assert office.states() == {"delivered": 2}
    assert statuses(simulator) == {"UK-SI-000001": ["open"], "UK-SI-000002": ["open"]}
    orders = [each for each in simulator.requests("unit4") if each.method == "POST" and "report-jobs" in each.path]
    assert len(orders) == 2


def test_a_rejection_of_gl07_is_an_exception_in_its_words_and_retry_posts_the_document_once(office: Office, simulator: Sandbox) -> None:
    office.plant(service(1))
    simulator.inject("unit4", "period_closed", period="202403")
    office.deliver_until_quiet()
    assert office.states() == {"rejected": 1}
    ((code, number, says),) = office.exceptions()
    assert (code, number) == ("AB-REFUSED:period closed", "UK-SI-000001")
    assert "Period 202403 is closed" in says
    simulator.clear_faults()
    cause = office.one("SELECT cause_id FROM airbooks.exception WHERE state = 'open'")
    answer(office.database, cause, Answer(kind=AnswerKind.RETRY, by="a person"))
    office.database.commit()
    office.deliver_until_quiet()
    assert office.states() == {"delivered": 1}
    assert statuses(simulator) == {"UK-SI-000001": ["open"]}
    assert office.exceptions() == []


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("financial-transaction-batch", "reset_after_commit"),
        ("report-jobs/order", "reset_after_commit"),
        ("report-jobs/order", "reset_before_commit"),
    ],
    ids=["batch", "order", "order that never arrived"],
)
def test_an_answer_lost_at_either_step_leaves_one_voucher(office: Office, simulator: Sandbox, kind: str, path: str) -> None:
    office.plant(service(1))
    simulator.inject("unit4", kind, path=path, method="POST")
    office.deliver_until_quiet(5)
    assert office.states() == {"delivered": 1}
    assert statuses(simulator) == {"UK-SI-000001": ["open"]}
