"""What people see in a browser: `make ui` drives Debian's Chromium through a running stack and keeps a picture of every page.

Not collected with the other tests, because a fresh machine has no browser.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect, sync_playwright
from tests.e2e.conftest import AirflowStack
from tests.e2e.test_scheduler import (
    HOURLY,
    PAYMENTS,
    REVIEW,
    find_payment,
    find_question,
    open_business,
    read_books,
    released_run,
    settle,
    waiting_for,
)

from airbooks.platforms import registry
from airbooks.runtime.money import deposit
from airbooks.runtime.settings import ADMIN

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

CHROMIUM = "/usr/bin/chromium"
PICTURES = Path(".airbooks") / "pages"
OFFLINE = [f"--disable-{each}" for each in ("gpu", "quic", "background-networking", "component-update", "sync")]
PATIENCE = 30_000  # milliseconds: two cores also run the scheduler


@pytest.fixture(scope="module")
def worked(airflow_stack: AirflowStack) -> AirflowStack:
    """The stack after a first run, with its questions open."""
    open_business(airflow_stack.erp_url)
    airflow_stack.wait_for_dag(REVIEW)
    airflow_stack.api.unpause(REVIEW)
    assert airflow_stack.run_dag(HOURLY, "ui__1") == "success"
    settle(airflow_stack)
    find_question(airflow_stack, "AU-GST15")
    return airflow_stack


@pytest.fixture(scope="module")
def page(worked: AirflowStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser with a fresh profile in which the administrator has logged in."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as browsers:
        context = browsers.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"),
            executable_path=CHROMIUM,
            headless=True,
            args=["--no-sandbox", "--no-first-run", *OFFLINE],
            viewport={"width": 1400, "height": 1100},
            base_url=worked.stack.ui_url,
        )
        context.set_default_timeout(PATIENCE)
        tab = context.pages[0]
        tab.goto("/")
        tab.fill("input[name=username]", ADMIN)
        tab.fill("input[name=password]", worked.stack.secrets.admin_password)
        tab.keyboard.press("Enter")
        expect(tab.get_by_text("Required Action").or_(tab.get_by_text("Dags")).first).to_be_visible(timeout=PATIENCE)
        yield tab
        context.close()


def keep(page: Page, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=PICTURES / f"{name}.png")


def dialog(page: Page) -> Locator:
    return page.locator("[role=dialog][aria-modal=true]")


def test_a_run_can_be_triggered_with_an_empty_form_whose_fields_explain_themselves(page: Page) -> None:
    page.goto(f"/dags/{HOURLY}")
    page.get_by_role("button", name="Trigger").first.click()
    form = dialog(page)
    expect(form.get_by_role("button", name="Trigger", exact=True)).to_be_enabled(timeout=PATIENCE)
    for section, fields in {
        "Which documents": ("Connections", "Divisions", "Document numbers"),
        "Changed when": ("Changed since", "Until"),
        "How, and overrides": ("Posting date override", "Force", "Dry run", "Reason"),
    }.items():
        form.get_by_role("button", name=section, exact=True).click()
        for field in fields:
            expect(form.get_by_text(field, exact=True)).to_be_visible()
        keep(page, f"trigger {section.split(',')[0].lower()}")
    expect(form.get_by_text("*", exact=True)).to_have_count(0)  # nothing has to be filled in
    page.keyboard.press("Escape")


def test_the_log_of_a_deliver_task_reads_like_an_audit_trail(page: Page, worked: AirflowStack) -> None:
    page.goto(f"/dags/{HOURLY}/runs/ui__1/tasks/deliver.deliver_odoo_au/mapped/0")
    expect(page.get_by_text(re.compile(r"AU-SI-\d+ \| C-AU-\d+ .* AUD \| odoo_au \| booked \| platform id")).first).to_be_visible()
    keep(page, "deliver log")
    page.goto(f"/dags/{HOURLY}/runs/ui__1/tasks/report")
    expect(page.get_by_text("What this run did (ui__1)")).to_be_visible()
    keep(page, "report log")


def test_an_exception_is_answered_under_required_actions_and_its_documents_are_booked(page: Page, worked: AirflowStack) -> None:
    question, waiting = find_question(worked, "AU-GST15"), waiting_for(worked, "tax_code:AU-GST15")
    page.goto("/required_actions")
    expect(page.get_by_text("Response Required").first).to_be_visible()
    keep(page, "required actions")
    page.get_by_text("Tax code AU-GST15").first.click()
    buttons = {name: page.get_by_role("button", name=name, exact=True) for name in ("Map", "Retry", "Reject", "Hold")}
    for button in buttons.values():
        expect(button).to_be_enabled()
    keep(page, "question")
    page.locator("#element_map_to").click()
    keep(page, "question with the platform's codes")
    page.get_by_role("option", name="GST 15%").click()
    page.locator("#element_reason").fill("the new rate")
    page.locator("[id='switch:element_deliver_now']").click()
    keep(page, "answer")
    buttons["Map"].click()
    assert released_run(worked, question)["conf"] == {"documents": waiting}
    assert {number for number, _, _ in read_books(worked)["odoo_au"]} >= set(waiting)
    keep(page, "answered")


def test_the_payment_form_closes_a_month_in_words(page: Page) -> None:
    page.goto(f"/dags/{PAYMENTS}")
    page.get_by_role("button", name="Trigger").first.click()
    form = dialog(page)
    expect(form.get_by_role("button", name="Trigger", exact=True)).to_be_enabled(timeout=PATIENCE)
    form.get_by_role("button", name="Month-end", exact=True).click()
    for field in ("Period from", "Cut-off", "Tolerance", "Lock the period after success"):
        expect(form.get_by_text(field, exact=True)).to_be_visible()
    keep(page, "trigger month-end")
    page.keyboard.press("Escape")


def test_a_person_sees_what_a_payment_may_pay_and_chooses(page: Page, worked: AirflowStack) -> None:
    deposit(worked.erp_url, worked.stack.state / "bank")
    assert worked.run_dag(PAYMENTS, "ui__paid") == "success"
    question = find_payment(worked)
    number = next(word for word in question["subject"].split() if word.startswith("PAY-"))
    page.goto(f"/dags/{PAYMENTS}/runs/ui__paid/tasks/match")
    expect(page.get_by_text(re.compile(r"PAY-\d+ \| .* \| apply ")).first).to_be_visible()
    keep(page, "match log")
    page.goto(f"/dags/{PAYMENTS}/runs/ui__paid/tasks/reconcile")
    expect(page.get_by_text("The report of US").first).to_be_visible()
    keep(page, "reconciliation log")
    page.goto("/required_actions")
    page.get_by_text(number).first.click()
    apply = page.get_by_role("button", name="Apply", exact=True)
    expect(apply).to_be_enabled()
    keep(page, "payment question")
    page.locator("#element_apply_to").click()
    keep(page, "payment question with what it may pay")
    page.get_by_role("option", name=re.compile(r"^1\. ")).click()
    page.locator("[id='switch:element_deliver_now']").click()
    apply.click()
    assert released_run(worked, question)["conf"] == {"documents": [number]}


@pytest.mark.parametrize("slug", registry.slugs())
def test_a_connection_form_has_the_platforms_own_fields(slug: str, page: Page) -> None:
    spec = registry.spec(slug)
    page.goto("/connections")
    page.get_by_role("button", name="Add Connection").click()
    form = dialog(page)
    form.get_by_role("combobox").click()
    page.keyboard.type(spec.title)
    page.get_by_role("option", name=spec.title, exact=True).click()
    for label in [each.label for each in spec.standard_fields if each.label]:
        expect(form.get_by_text(label, exact=True).first).to_be_visible()
    form.get_by_role("button", name="Extra Fields", exact=True).first.click()
    time.sleep(0.5)  # the section opens with an animation
    for field in spec.form[:3]:
        expect(form.get_by_text(re.compile(rf"^{re.escape(field.label)}\s*\*?$")).first).to_be_visible()  # a star where it is required
    keep(page, f"connection {slug}")
    page.keyboard.press("Escape")
