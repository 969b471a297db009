"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.kashflow.conftest import Desk
from tests.platforms.kashflow.documents import BUYER, credit, euros, line, off, sale
from tests.platforms.kashflow.setup import codes

from airbooks.canonical import Allocation, Contact, CreditNote, Delivery, DocumentKind, DocumentStatus, Invoice, Payment, RemoteDocument
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.kashflow import KashFlowHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import Sandbox

INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE
GOODS: dict[str, Any] = {"item_code": "CMP-RS-22"}


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def account_of(sandbox: Sandbox, *, password: str = "", **extra: Any) -> Account:
    stored = sandbox.simulators["kashflow"].connection()
    return Account(host=stored["host"], login=stored["login"], password=password or stored["password"], extra={**stored["extra"], **extra})


@pytest.fixture
def hook(kashflow: Sandbox) -> Iterator[KashFlowHook]:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow)) as connected:
        yield connected


@pytest.fixture
def numbering(kashflow: Sandbox) -> Iterator[KashFlowHook]:
    """A connection that chooses the numbers itself."""
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, number_mode="client")) as connected:
        yield connected


def sold(number: str = "UK-SI-000042", **fields: Any) -> Invoice:
    return sale(line(**GOODS), number=number, purchase_order="PO-77812", **fields)


def sending(hook: KashFlowHook, document: Invoice | CreditNote, **options: Any) -> Sending:
    """A document as the engine hands it over: its codes resolved on the platform, its customer there."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in required_codes(document, hook.spec.reference_kinds):
        (entries[kind, code],) = hook.find_reference(kind, [codes(kind.value, code) or ""])
    customer = hook.ensure_customer(document.buyer, document.currency)
    references = References(customer=customer, entries=entries, settings=hook.settings())
    return Sending(key=str(uuid4()), document=document, references=references, options=options)


def booked(hook: KashFlowHook, document: Invoice | CreditNote | None = None) -> RemoteDocument:
    (sent,) = hook.create_invoices([sending(hook, document or sold())])
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def refused(hook: KashFlowHook, document: Invoice | CreditNote | None = None) -> PlatformError:
    (sent,) = hook.create_invoices([sending(hook, document or sold())])
    assert sent.error is not None
    return sent.error


def updated(hook: KashFlowHook, document: Invoice | CreditNote, remote: RemoteDocument) -> RemoteDocument:
    sent = hook.update_invoice(sending(hook, document), remote)
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def void(hook: KashFlowHook, remote: RemoteDocument) -> Any:
    return hook.void_invoice(remote, on=date(2026, 3, 1), reason="Entered twice", key=str(uuid4()))


def documents(sandbox: Sandbox) -> list[Any]:
    return sandbox.books("kashflow").documents


def asked(sandbox: Sandbox, method: str, path: str) -> list[Any]:
    return [each for each in sandbox.requests("kashflow") if each.method == method and path in each.path]


# -- session --------------------------------------------------------------------------------------------------------------------


def test_a_good_connection_says_whom_it_reaches(hook: KashFlowHook) -> None:
    assert hook.test_connection() == (True, "KashFlow is reached as airbooks-api, and its lists fit the connection")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"default_nominal_code": 9999}, "there is no nominal code 9999 (default_nominal_code)"),
        ({"home_currency": "SEK"}, "the home currency SEK is not in the account's list"),
        ({"bank_account_id": 77}, "there is no bank account with id 77"),
        ({"memorable_word": "abcdefghij"}, "wrong user name, password or memorable word"),
        ({"memorable_word": "a"}, "memorable word too short"),
    ],
)
def test_a_connection_that_does_not_fit_the_company_says_why(kashflow: Sandbox, extra: dict[str, Any], words: str) -> None:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, **extra)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


def test_without_a_host_the_vendors_own_address_is_meant() -> None:
    assert KashFlowHook("kashflow_uk", account=Account()).root() == "https://api.kashflow.com/v2"


def test_a_connection_without_a_memorable_word_names_the_field(kashflow: Sandbox) -> None:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, memorable_word="")) as hook, pytest.raises(ConfigurationError) as error:
        hook.find_invoice("x", INVOICE)
    assert "memorable_word" in str(error.value)


def test_one_session_serves_all_workers_and_nobody_logs_out(kashflow: Sandbox) -> None:
    tokens = MemoryTokens()
    for _ in range(3):
        with KashFlowHook("kashflow_uk", account=account_of(kashflow), tokens=tokens) as hook:
            hook.find_invoice("UK-SI-000042", INVOICE)
    assert len(asked(kashflow, "POST", "/sessiontoken")) == 1
    assert asked(kashflow, "DELETE", "/sessiontoken") == []


def test_an_ended_session_is_replaced_once_and_the_call_repeated(hook: KashFlowHook, kashflow: Sandbox) -> None:
    ready = sending(hook, sold())
    kashflow.simulators["kashflow"].clock.offset = timedelta(minutes=61)
    (sent,) = hook.create_invoices([ready])
    assert sent.error is None
    assert len(asked(kashflow, "PUT", "/sessiontoken")) == 2
    assert len(documents(kashflow)) == 1


def test_a_refused_log_in_is_not_tried_again_for_that_would_lock_the_user(kashflow: Sandbox) -> None:
    with KashFlowHook("kashflow_uk", account=account_of(kashflow, password="wrong-password")) as hook:
        for _ in range(8):
            with pytest.raises(PlatformError) as error:
                hook.find_invoice("UK-SI-000042", INVOICE)
            assert (error.value.action, error.value.code) == (Action.STOP, "InvalidCredentials")
            assert "wrong-password" not in f"{error.value} {error.value.body}"
    assert len(asked(kashflow, "POST", "/sessiontoken")) == 1


@pytest.mark.parametrize(
    ("fault", "name"),
    [("lock_user", "user locked"), ("password_expired", "password expired"), ("subscription_ended", "subscription ended")],
)
def test_a_user_who_may_not_log_in_stops_the_connection(hook: KashFlowHook, kashflow: Sandbox, fault: str, name: str) -> None:
    kashflow.inject("kashflow", fault)
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("UK-SI-000042", INVOICE)
    assert (error.value.rule.name, error.value.action, error.value.outcome) == (name, Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert error.value.rule.fix


def test_a_log_in_that_breaks_off_leaves_nothing_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    kashflow.inject("kashflow", "malformed_body", path="/sessiontoken", method="PUT")
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("UK-SI-000042", INVOICE)
    assert error.value.outcome is Outcome.DID_NOT_HAPPEN
    assert error.value.body == ""


def test_a_log_in_without_the_documented_answer_leaves_nothing_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    kashflow.inject("kashflow", "empty_body", path="/sessiontoken", method="POST")
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("UK-SI-000042", INVOICE)
    assert error.value.outcome is Outcome.DID_NOT_HAPPEN


# -- customers ------------------------------------------------------------------------------------------------------------------


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


# -- create and find ------------------------------------------------------------------------------------------------------------


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


# -- change and void --------------------------------------------------------------------------------------------------------------


def test_an_update_clears_what_our_document_no_longer_says_and_keeps_payments(hook: KashFlowHook, desk: Desk) -> None:
    first = sold(delivery=Delivery(name="Depot", address=BUYER.address))
    remote = booked(hook, first)
    desk.pay(desk.get(f"/invoices/{remote.number}"), 100.0)
    now = updated(hook, sale(line(quantity="3", **GOODS)), remote)
    row = desk.get(f"/invoices/{remote.number}")
    assert (now.remote_id, now.total, now.balance) == (remote.remote_id, Decimal(14940), Decimal(14840))
    assert (row["CustomerReference"], row["UseCustomDeliveryAddress"], row["DeliveryAddress"]) == ("UK-SI-000042", False, {})
    assert [payment["Amount"] for payment in row["PaymentLines"]] == [100]


def test_what_a_person_changed_meanwhile_is_not_overwritten(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    theirs = desk.invoice_body("CUS000123", CustomerReference="UK-SI-000042", LineItems=[desk.line(Rate=1.0, VATAmount=0.4)])
    assert desk.ask("PUT", f"/invoices/{remote.number}", theirs)[0] == 200
    sent = hook.update_invoice(sending(hook, sold()), remote)
    assert sent.error is not None
    assert (sent.error.rule.name, sent.error.action, sent.outcome) == ("changed in KashFlow", Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert desk.get(f"/invoices/{remote.number}")["NetAmount"] == 2


def test_an_update_that_cannot_be_read_back_is_open(hook: KashFlowHook, kashflow: Sandbox) -> None:
    remote = booked(hook)
    ready = sending(hook, sale(line(quantity="3", **GOODS)))
    path = f"/invoices/{remote.number}$"
    kashflow.inject("kashflow", "empty_body", method="PUT", path=path)
    kashflow.inject("kashflow", "error_before_commit", method="GET", path=path, status=403, after=1)
    assert hook.update_invoice(ready, remote).outcome is Outcome.UNKNOWN


def test_an_update_of_a_document_that_is_gone_is_for_a_person(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    desk.ask("DELETE", f"/invoices/{remote.number}")
    sent = hook.update_invoice(sending(hook, sold()), remote)
    assert sent.error is not None
    assert sent.error.rule.name == "changed in KashFlow"


def test_a_void_is_a_deletion_and_says_so(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    sent = void(hook, remote)
    assert (sent.note, sent.remote.status) == ("deleted", DocumentStatus.VOID)
    assert desk.ask("GET", f"/invoices/{remote.number}")[0] == 404
    assert void(hook, remote).note == "was deleted already"


def test_the_invoice_that_got_a_deleted_ones_number_is_neither_taken_for_it_nor_deleted(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    assert void(hook, remote).error is None
    stranger = desk.invoice(desk.customer("OTHER"))
    assert str(stranger["Number"]) == remote.number
    assert hook.get_invoice(remote.remote_id, INVOICE) is None
    assert void(hook, remote).note == "was deleted already"
    assert desk.get(f"/invoices/{stranger['Number']}")["Id"] == stranger["Id"]


def test_a_paid_invoice_is_not_deleted(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    desk.pay(desk.get(f"/invoices/{remote.number}"))
    assert void(hook, remote).error.rule.name == "changed in KashFlow"
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    error = void(hook, now).error
    assert (error.action, error.outcome, error.status) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, 400)


def test_an_invoice_of_a_filed_vat_return_is_told_as_a_closed_period(hook: KashFlowHook, desk: Desk) -> None:
    remote = booked(hook)
    desk.simulator.invoices.file_vat_return(int(remote.number))
    assert void(hook, remote).error.rule.name == "period closed"
    sent = hook.update_invoice(sending(hook, sale(line(quantity="3", **GOODS))), remote)
    assert sent.error is not None
    assert sent.error.rule.name == "period closed"


# -- payments -----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def pay(hook: KashFlowHook) -> Callable[..., Any]:
    """Books a payment over these invoices, 40.00 on each."""

    def book(*remotes: RemoteDocument, source_id: str = "pay-1", **fields: Any) -> Any:
        allocations = tuple(
            Allocation(document_number=each.our_number, remote_id=each.remote_id, amount=Decimal("40.00")) for each in remotes
        )
        made = {
            "source": "bank",
            "source_id": source_id,
            "customer_code": "CUS000123",
            "received_on": date(2026, 2, 10),
            "amount": Decimal("40.00") * len(remotes),
            "currency": "GBP",
            "reference": "EFT 55121",
            "allocations": allocations,
        }
        payment = Payment(**{**made, **fields})
        references = References(customer="CUS000123", settings=hook.settings())
        return hook.apply_payment(payment, customer_id="CUS000123", key=str(uuid4()), references=references)

    return book


def test_a_payment_over_two_invoices_is_one_payment_and_repeating_it_books_nothing(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, two = booked(hook), booked(hook, sold("UK-SI-000043"))
    first, again = pay(one, two), pay(one, two)
    assert first == again
    assert (first.amount, [each.remote_id for each in first.allocations]) == (80, [one.remote_id, two.remote_id])
    assert len(kashflow.books("kashflow").payments) == 2


def test_a_payment_that_broke_off_between_two_invoices_is_finished_by_repeating_it(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, two = booked(hook), booked(hook, sold("UK-SI-000043"))
    kashflow.inject("kashflow", "reset_before_commit", method="PUT", path=f"/invoices/{two.number}$")
    with pytest.raises(PlatformError) as error:
        pay(one, two)
    assert error.value.outcome is Outcome.UNKNOWN
    assert pay(one, two).amount == 80
    assert len(kashflow.books("kashflow").payments) == 2


def test_two_allocations_to_one_invoice_are_booked_whole_and_once(hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]) -> None:
    remote = booked(hook)
    first, again = pay(remote, remote), pay(remote, remote)
    assert first == again
    assert (first.amount, [each.amount for each in first.allocations]) == (80, [80])
    assert [each.amount for each in kashflow.books("kashflow").payments] == [80]


def test_nothing_of_a_payment_is_booked_when_one_of_its_invoices_cannot_take_it(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, other = booked(hook), booked(hook, sold("UK-SI-000043", **euros()))
    with pytest.raises(PlatformError) as error:
        pay(one, other)
    assert (error.value.rule.name, error.value.outcome) == ("payment cannot be expressed", Outcome.DID_NOT_HAPPEN)
    assert kashflow.books("kashflow").payments == []


def test_a_payment_of_which_a_part_is_booked_is_never_told_as_not_booked(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    one, two = booked(hook), booked(hook, sold("UK-SI-000043"))
    kashflow.inject("kashflow", "error_before_commit", method="PUT", path=f"/invoices/{two.number}$", status=403)
    for _ in range(2):
        with pytest.raises(PlatformError) as error:
            pay(one, two)
        assert error.value.outcome is Outcome.UNKNOWN
        void(hook, two)
    assert len(kashflow.books("kashflow").payments) == 1


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(
    hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]
) -> None:
    remote = booked(hook)
    pay(remote)
    other = Allocation(document_number=remote.our_number, remote_id=remote.remote_id, amount=Decimal(50))
    with pytest.raises(PlatformError) as error:
        pay(remote, amount=Decimal(50), allocations=(other,))
    assert error.value.rule.name == "changed in KashFlow"
    assert [each.amount for each in kashflow.books("kashflow").payments] == [40]


def test_a_receipt_is_not_booked_on_a_credit_note(hook: KashFlowHook, kashflow: Sandbox, pay: Callable[..., Any]) -> None:
    remote = booked(hook, credit(line(quantity="1", **GOODS)))
    with pytest.raises(PlatformError) as error:
        pay(remote)
    assert error.value.rule.name == "payment cannot be expressed"
    assert kashflow.books("kashflow").payments == []


def test_lines_and_other_peoples_payments_survive_a_payment(hook: KashFlowHook, desk: Desk, pay: Callable[..., Any]) -> None:
    remote = booked(hook)
    desk.pay(desk.get(f"/invoices/{remote.number}"), 100.0)
    pay(remote)
    row = desk.get(f"/invoices/{remote.number}")
    assert [each["Amount"] for each in row["PaymentLines"]] == [100, 40]
    assert (row["GrossAmount"], row["DueAmount"], len(row["LineItems"])) == (9960, 9820, 1)


def test_a_payment_of_an_invoice_that_is_gone_is_for_a_person(hook: KashFlowHook, pay: Callable[..., Any]) -> None:
    remote = booked(hook)
    void(hook, remote)
    with pytest.raises(PlatformError) as error:
        pay(remote)
    assert error.value.action is Action.REVIEW


def test_payments_need_a_bank_account_and_the_connection_says_which_field(kashflow: Sandbox) -> None:
    allocation = Allocation(document_number="UK-SI-1", remote_id="10042.1", amount=Decimal(1))
    paid = {"received_on": date(2026, 2, 10), "amount": Decimal(1), "currency": "GBP", "allocations": (allocation,)}
    payment = Payment(source="bank", source_id="1", customer_code="C", **paid)
    hook = KashFlowHook("kashflow_uk", account=account_of(kashflow, bank_account_id=""))
    with hook, pytest.raises(ConfigurationError, match="bank_account_id"):
        hook.apply_payment(payment, customer_id="C", key="k", references=References())


def test_payments_of_other_people_are_listed_and_one_over_two_invoices_is_one(hook: KashFlowHook, desk: Desk) -> None:
    customer = desk.customer("OTHER")
    rows = [desk.invoice(customer), desk.invoice(customer)]
    today = f"{desk.simulator.clock.today()}"
    items = [{"ObjectNumber": row["Number"], "Amount": 10.0} for row in rows]
    receipt = {"Date": f"{today} 00:00:00", "Comment": "EFT", "AccountId": 1211, "Method": 3, "PaymentItems": items}
    assert desk.ask("POST", "/invoices/bulk/payments", receipt)[0] == 200
    (found,) = hook.list_payments(desk.simulator.clock.now())
    assert (found.amount, found.customer_id, found.currency) == (Decimal(20), "OTHER", "GBP")
    assert [each.remote_id for each in found.allocations] == [f"{row['Number']}.{row['Id']}" for row in rows]


def test_payments_are_listed_by_date_so_those_dated_back_need_the_look_back(kashflow: Sandbox, desk: Desk) -> None:
    row = desk.invoice(desk.customer("OTHER"))
    dated = desk.simulator.clock.today() - timedelta(days=5)
    desk.pay(row, 10.0, Date=f"{dated} 00:00:00")
    now = desk.simulator.clock.now()
    for days, expected in ((7, 1), (3, 0)):
        with KashFlowHook("kashflow_uk", account=account_of(kashflow, payment_lookback_days=days)) as hook:
            assert len(list(hook.list_payments(now))) == expected


# -- lists and previews -------------------------------------------------------------------------------------------------------------


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
