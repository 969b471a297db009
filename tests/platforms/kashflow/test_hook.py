"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from tests.platforms.kashflow.conftest import Desk
from tests.platforms.kashflow.documents import BUYER, credit, euros, line, off, sale
from tests.platforms.kashflow.steps import CREDIT_NOTE, GOODS, INVOICE, account_of, asked, booked, documents, sending, sold, void

from airbooks.canonical import Contact, CreditNote, Invoice
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.kashflow import KashFlowHook
from airbooks.platforms.references import ReferenceKind, References
from airbooks.sandbox.server import Sandbox


@pytest.fixture
def numbering(kashflow: Sandbox) -> Iterator[KashFlowHook]:
    """A connection that chooses the numbers itself."""
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, number_mode="client")) as connected:
        yield connected


def refused(hook: KashFlowHook, document: Invoice | CreditNote | None = None) -> PlatformError:
    (sent,) = hook.create_invoices([sending(hook, document or sold())])
    assert sent.error is not None
    return sent.error


# -- customers --------------------------------------------------------------------------------------------------------------------


def test_a_customer_of_ours_is_found_by_its_code(hook: KashFlowHook, desk: Desk) -> None:
    assert hook.ensure_customer(BUYER, "GBP") == hook.ensure_customer(BUYER, "GBP") == "CUS000123"
    assert desk.get("/customers/CUS000123")["CustomerKey"] == "CUS000123"
    assert len(desk.get("/customers")["Data"]) == 1


def test_a_customer_entered_by_hand_is_taken_by_name_and_email_together(hook: KashFlowHook, desk: Desk) -> None:
    desk.customer("NORTH01", Contacts=[{"Email": "AP@northernpneu.example", "IsPrimary": True}])
    assert hook.ensure_customer(BUYER, "GBP") == "NORTH01"
    other = BUYER.model_copy(update={"contact": Contact(email="someone@else.example")})
    assert hook.ensure_customer(other, "GBP") == "CUS000123"


def test_a_customer_entered_by_hand_becomes_ours_alone(hook: KashFlowHook, desk: Desk) -> None:
    desk.customer("NORTH01", Name="Northern Pneumatics Ltd ", Contacts=[{"Email": "ap@northernpneu.example"}], Note="Pays late")
    branch = BUYER.model_copy(update={"code": "CUS000124"})
    assert hook.ensure_customer(BUYER, "GBP") == hook.ensure_customer(BUYER, "GBP") == "NORTH01"
    assert hook.ensure_customer(branch, "GBP") == "CUS000124"
    row = desk.get("/customers/NORTH01")
    assert (row["CustomerKey"], row["Note"]) == ("CUS000123", "Pays late")


def test_a_customer_that_is_anothers_is_not_taken_even_with_the_same_name_and_email(hook: KashFlowHook) -> None:
    hook.ensure_customer(BUYER, "GBP")
    branch = BUYER.model_copy(update={"code": "CUS000124"})
    assert hook.ensure_customer(branch, "GBP") == "CUS000124"


def test_two_customers_entered_by_hand_that_both_fit_are_left_alone(hook: KashFlowHook, desk: Desk) -> None:
    for code in ("NORTH01", "NORTH02"):
        desk.customer(code, Contacts=[{"Email": "ap@northernpneu.example", "IsPrimary": True}])
    assert hook.ensure_customer(BUYER, "GBP") == "CUS000123"


def test_codes_that_an_address_cannot_hold_as_they_are_work(hook: KashFlowHook) -> None:
    party = BUYER.model_copy(update={"code": "C/UK 7?ä"})
    assert hook.ensure_customer(party, "GBP") == hook.ensure_customer(party, "GBP") == "C/UK 7?ä"


# -- create and find --------------------------------------------------------------------------------------------------------------


def test_an_invoice_is_booked_as_kashflow_shows_it(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook, sale(line(**GOODS), charges=[off("100.00")], purchase_order="PO-77812", **euros()))
    row = desk.get(f"/invoices/{remote.number}")
    assert (row["CustomerReference"], row["Currency"]["Code"], row["GrossAmount"]) == ("UK-SI-000042 / PO-77812", "EUR", 9840)
    assert row["HomeCurrencyGrossAmount"] == Decimal("8410.2564")
    assert desk.get("/products/4000/CMP-RS-22")["QuantityInStock"] == 998


def test_only_an_equal_reference_counts_although_the_search_finds_parts(hook: KashFlowHook) -> None:
    booked(hook, sold("UK-SI-0000421"))
    assert hook.find_invoice("UK-SI-000042", INVOICE) == []
    remote = booked(hook)
    assert [each.remote_id for each in hook.find_invoice("UK-SI-000042", INVOICE)] == [remote.remote_id]


def test_a_document_on_a_later_page_is_found(hook: KashFlowHook, desk: Desk) -> None:
    customer = desk.customer("OTHER")
    for position in range(101):
        desk.invoice(customer, CustomerReference=f"UK-SI-000042-{position}")
    remote = booked(hook)
    assert [each.remote_id for each in hook.find_invoice("UK-SI-000042", INVOICE)] == [remote.remote_id]


def test_an_archived_invoice_is_found_and_not_booked_again(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    desk.ask("PUT", "/invoices/archive-status/true", [int(remote.number)])
    assert [each.remote_id for each in hook.find_invoice("UK-SI-000042", INVOICE)] == [remote.remote_id]
    error = refused(hook)
    assert (error.rule.name, error.action, error.outcome) == ("booked already", Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)


def test_the_same_document_sent_twice_is_booked_once(hook: KashFlowHook, kashflow: Sandbox) -> None:
    booked(hook)
    error = refused(hook)
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(documents(kashflow)) == 1


def test_the_databases_time_out_leaves_the_outcome_open_and_the_document_is_found(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    kashflow.inject("kashflow", "database_timeout_after_commit", times=1)
    (sent,) = hook.create_invoices([ready])
    assert sent.error is not None
    assert (sent.error.status, sent.error.action, sent.outcome) == (400, Action.LOOK_UP, Outcome.UNKNOWN)
    (found,) = hook.find_invoice("UK-SI-000042", INVOICE)
    assert differences(ready.document, found, ready.references.customer) == ()


def test_a_database_time_out_of_a_reading_call_is_waited_out(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    kashflow.inject("kashflow", "database_timeout", times=1)
    (sent,) = hook.create_invoices([ready])
    assert sent.error is None
    assert len(documents(kashflow)) == 1


def test_a_failing_look_up_before_the_create_leaves_nothing_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    kashflow.inject("kashflow", "database_timeout")
    (sent,) = hook.create_invoices([ready])
    assert sent.outcome is Outcome.DID_NOT_HAPPEN
    assert asked(kashflow, "POST", "/invoices") == []


def test_an_empty_answer_to_a_create_is_looked_up(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    kashflow.inject("kashflow", "empty_answer", times=1)
    (sent,) = hook.create_invoices([ready])
    assert sent.remote is not None
    assert differences(ready.document, sent.remote, ready.references.customer) == ()


def test_a_create_whose_empty_answer_cannot_be_looked_up_is_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    kashflow.inject("kashflow", "empty_answer", times=1)
    kashflow.inject("kashflow", "error_before_commit", method="GET", path="/invoices$", status=403, after=2)
    (sent,) = hook.create_invoices([ready])
    assert (sent.outcome, len(documents(kashflow))) == (Outcome.UNKNOWN, 1)


def test_a_gateways_404_is_not_a_missing_invoice(hook: KashFlowHook, kashflow: Sandbox) -> None:
    remote = booked(hook)
    kashflow.inject("kashflow", "error_before_commit", path=f"/invoices/{remote.number}$", status=404, html=True, times=None)
    error = void(hook, remote).error
    assert (error.action, error.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)
    with pytest.raises(PlatformError):
        hook.get_invoice(remote.remote_id, INVOICE)
    assert len(documents(kashflow)) == 1


def test_an_invoice_that_a_person_turned_below_zero_is_not_gone(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    theirs = desk.invoice_body("CUS000123", CustomerReference="UK-SI-000042", LineItems=[desk.line(Quantity=-2, VATAmount=-1660)])
    assert desk.ask("PUT", f"/invoices/{remote.number}", theirs)[0] == 200
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.kind is CREDIT_NOTE


def test_vat_that_is_computed_over_there_shows_in_the_echo(hook: KashFlowHook, kashflow: Sandbox) -> None:
    document = sale(*(line(number, "1", "0.03", **GOODS) for number in range(1, 5)))
    ready = sending(hook, document)
    kashflow.inject("kashflow", "recompute_vat", times=1)
    (sent,) = hook.create_invoices([ready])
    assert sent.remote is not None
    assert "tax total" in {each.field for each in differences(document, sent.remote, ready.references.customer)}


def test_a_customers_own_discount_shows_in_the_echo(hook: KashFlowHook, desk: Desk) -> None:
    desk.customer("CUS000123", DiscountRate=10)
    desk.sandbox.inject("kashflow", "apply_customer_discount")
    ready = sending(hook, sold())
    (sent,) = hook.create_invoices([ready])
    assert sent.remote is not None
    assert "net total" in {each.field for each in differences(ready.document, sent.remote, "CUS000123")}


@pytest.mark.parametrize(
    ("fault", "parameters", "action"),
    [
        ("lock_period", {"until": "2026-01-31"}, Action.REVIEW),
        ("invoice_limit", {}, Action.STOP),
        ("forbidden", {}, Action.STOP),
    ],
)
def test_what_is_refused_says_whose_turn_it_is(
    hook: KashFlowHook, kashflow: Sandbox, fault: str, parameters: dict[str, str], action: Action
) -> None:
    ready = sending(hook, sold())
    kashflow.inject("kashflow", fault, **parameters)
    (sent,) = hook.create_invoices([ready])
    assert sent.error is not None
    assert (sent.error.action, sent.error.outcome) == (action, Outcome.DID_NOT_HAPPEN)
    assert sent.error.rule.fix
    assert documents(kashflow) == []


def test_a_tax_code_of_another_rate_is_refused_before_anything_is_sent(hook: KashFlowHook, kashflow: Sandbox) -> None:
    error = refused(hook, sale(line(tax_code="GB-R5", **GOODS)))
    assert (error.rule.name, error.action) == ("tax code with another rate", Action.REVIEW)
    assert asked(kashflow, "POST", "/invoices") == []


def test_a_setting_that_is_no_number_is_named(kashflow: Sandbox) -> None:
    hook = KashFlowHook("kashflow_uk", account=account_of(kashflow, default_nominal_code="sales"))
    with hook, pytest.raises(ConfigurationError, match="default_nominal_code"):
        hook.create_invoices([Sending(key="k", document=sold(), references=References())])


# -- numbers of our own -----------------------------------------------------------------------------------------------------------


def test_in_client_mode_invoices_and_credit_notes_have_our_digits(numbering: KashFlowHook) -> None:
    assert booked(numbering).number == "42"
    assert booked(numbering, credit(line(quantity="1", **GOODS), number="UK-CN-000042")).number == "1000042"


def test_in_client_mode_a_request_that_a_proxy_doubles_makes_one_document(numbering: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(numbering, sold())
    kashflow.inject("kashflow", "duplicate_delivery", body="PO-77812")
    (sent,) = numbering.create_invoices([ready])
    assert sent.error is not None
    assert (sent.error.action, sent.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(documents(kashflow)) == 1


def test_a_number_that_belongs_to_somebody_elses_invoice_is_told(numbering: KashFlowHook, desk: Desk) -> None:
    desk.invoice(desk.customer("OTHER"), Number=42)
    error = refused(numbering)
    assert (error.rule.name, error.action, error.outcome) == ("number taken", Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_taken_number_that_was_silently_replaced_is_noticed(numbering: KashFlowHook, desk: Desk) -> None:
    desk.invoice(desk.customer("OTHER"), Number=42)
    desk.sandbox.inject("kashflow", "renumber_taken")
    error = refused(numbering)
    assert (error.rule.name, error.outcome) == ("booked under another number", Outcome.HAPPENED)
    assert [each.number for each in numbering.find_invoice("UK-SI-000042", INVOICE)] == ["43"]


def test_a_refusal_for_another_reason_stays_what_it_is(numbering: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(numbering, sold())
    kashflow.inject("kashflow", "lock_period", until="2026-01-31")
    (sent,) = numbering.create_invoices([ready])
    assert sent.error is not None
    assert sent.error.rule.name == "period closed"


# -- lists and previews -----------------------------------------------------------------------------------------------------------


def test_all_pages_of_a_list_are_read(hook: KashFlowHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbooks.platforms.kashflow.hook.PER_PAGE", 10)
    assert len(list(hook.list_reference(ReferenceKind.ITEM))) == 35


def test_tax_codes_are_the_accounts_rates_and_the_exemption(hook: KashFlowHook) -> None:
    assert [each.code for each in hook.list_reference(ReferenceKind.TAX_CODE)] == ["20%", "5%", "0%", "Exempt"]


def test_projects_are_the_dimensions_and_go_by_their_number(hook: KashFlowHook) -> None:
    (found,) = hook.find_reference(ReferenceKind.DIMENSION, ["SERVICE"])
    assert (found.code, found.remote_id) == ("SERVICE", "2")


def test_a_preview_is_the_body_that_would_be_sent(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    (preview,) = hook.preview([ready, replace(ready, key="other")])[:1]
    assert (preview.method, preview.path) == ("POST", "/invoices")
    assert '"CustomerReference":"UK-SI-000042 / PO-77812"' in preview.body
    assert documents(kashflow) == []
