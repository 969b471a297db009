"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

import json
import logging
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.wave.conftest import Client
from tests.platforms.wave.documents import BUYER, EXEMPT, off, sale, sold
from tests.platforms.wave.setup import called

from airbooks.canonical import (
    Allocation,
    Contact,
    DocumentKind,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Party,
    Payment,
    PaymentKind,
    RemoteDocument,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.tokens import MemoryTokens
from airbooks.platforms.wave import WaveHook
from airbooks.platforms.wave.sandbox.simulator import FULL_ACCESS_TOKEN

INVOICE = DocumentKind.INVOICE
REFUSED = (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def pre_filter(number: int = 1, **fields: Any) -> Any:
    """A line of the catalogue's item: two at 50.00, taxed in Texas."""
    return sold(number, "FLT-PRE-30", **{"quantity": "2", "price": "50.00", "name": "Pre-filter 3 micron", **fields})


def small(**fields: Any) -> Invoice:
    """100.00 and 8.25 % tax."""
    today = datetime.now(UTC).date()
    return sale(pre_filter(), **{"issue_date": today, "due_date": today + timedelta(days=30), **fields})


def entries(hook: WaveHook, document: Invoice) -> dict[tuple[ReferenceKind, str], ReferenceItem]:
    found = {}
    for kind, code in required_codes(document, hook.spec.reference_kinds):
        target = called(kind.value, code)
        assert target is not None
        (found[kind, code],) = hook.find_reference(kind, [target])
    return found


def sending(hook: WaveHook, document: Invoice, **options: Any) -> Sending:
    customer = hook.ensure_customer(document.buyer, document.currency)
    references = References(customer=customer, entries=entries(hook, document), settings=hook.settings())
    return Sending(key=str(uuid4()), document=document, references=references, options=options)


def created(hook: WaveHook, document: Invoice | None = None, **options: Any) -> tuple[Sending, RemoteDocument]:
    made = sending(hook, document or small(), **options)
    (sent,) = hook.create_invoices([made])
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return made, sent.remote


def booked(hook: WaveHook, document: Invoice | None = None, **options: Any) -> RemoteDocument:
    """Created and approved."""
    return remote_of(hook.post_invoices([created(hook, document, **options)])[0])


def remote_of(sent: Sent) -> RemoteDocument:
    assert sent.error is None, str(sent.error)
    assert sent.remote is not None
    return sent.remote


def error_of(sent: Sent) -> PlatformError:
    assert sent.error is not None
    return sent.error


def create_error(hook: WaveHook, document: Invoice | None = None) -> PlatformError:
    return error_of(hook.create_invoices([sending(hook, document or small())])[0])


def meant(error: PlatformError) -> tuple[Action, Outcome]:
    return error.action, error.outcome


def documents_sent(client: Client, name: str) -> list[dict[str, Any]]:
    """The variables of every document with this operation name that reached the sandbox."""
    bodies = [json.loads(each.body) for each in client.sandbox.requests("wave") if each.path.endswith("/graphql/public")]
    return [each["variables"] for each in bodies if each.get("operationName") == name]


def receipt(remote: RemoteDocument, amount: str = "40.00", **fields: Any) -> Payment:
    made = {
        "source": "bank",
        "source_id": "pay-7",
        "customer_code": BUYER.code,
        "received_on": date(2026, 11, 20),
        "amount": Decimal(amount),
        "currency": remote.currency,
        "allocations": (Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=Decimal(amount)),),
    }
    return Payment(**{**made, **fields})


def pay(hook: WaveHook, payment: Payment, customer: str = "") -> Any:
    return hook.apply_payment(payment, customer_id=customer, key="k", references=References(settings=hook.settings()))


# -- connection -------------------------------------------------------------------------------------------------------------------


def test_a_good_connection_says_which_business_it_reaches(hook: WaveHook) -> None:
    assert hook.test_connection() == (True, "Harbour Compressors Inc (USD) is reached and its settings fit")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"home_currency": "CAD"}, "the home currency is USD"),
        ({"business_id": "QkFE"}, "business not found"),
        ({"client_secret": "wrong"}, "wrong client id or secret"),
        ({"refresh_token": "wrong"}, "connection withdrawn"),
    ],
)
def test_a_connection_that_does_not_fit_says_why(client: Client, extra: dict[str, Any], words: str) -> None:
    with client.hook(**extra) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


@pytest.mark.parametrize(("setting", "words"), [("isArchived", "archived"), ("isPersonal", "personal")])
def test_archived_and_personal_businesses_do_not_fit(client: Client, hook: WaveHook, setting: str, words: str) -> None:
    business = client.simulator.us
    business.configure({**business.settings, setting: True})
    works, says = hook.test_connection()
    assert not works
    assert words in says


def test_nothing_is_sent_while_the_connection_does_not_say_the_home_currency(client: Client) -> None:
    """Taken for another one, an invoice in the business's own currency would go without a rate, or with a wrong one."""
    with client.hook(home_currency="") as hook:
        assert "home_currency" in hook.test_connection()[1]
        with pytest.raises(ConfigurationError, match="home_currency"):
            hook.refusals(small())


def test_without_a_host_production_is_meant() -> None:
    assert WaveHook("wave_us", account=Account()).root() == "https://gql.waveapps.com"


def test_a_full_access_token_is_used_as_it_is(client: Client) -> None:
    with client.hook(password=FULL_ACCESS_TOKEN, refresh_token="", client_secret="") as hook:
        assert hook.test_connection()[0]
    assert [each for each in client.sandbox.requests("wave") if "token" in each.path] == []


def test_a_full_access_token_that_is_refused_stops_the_connection(client: Client) -> None:
    with client.hook(password="wrong-token") as hook, pytest.raises(PlatformError) as caught:
        hook.find_invoice("1", INVOICE)
    assert meant(caught.value) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert "wrong-token" not in str(caught.value)


def test_a_connection_that_lacks_a_field_does_not_work_and_says_which(client: Client) -> None:
    with client.hook(refresh_token="") as hook:
        works, says = hook.test_connection()
    assert not works
    assert "full access token" in says


def test_a_connection_without_any_token_names_the_fields(client: Client) -> None:
    with client.hook(refresh_token="") as hook, pytest.raises(ConfigurationError, match="full access token"):
        hook.find_invoice("1", INVOICE)


# -- tokens -----------------------------------------------------------------------------------------------------------------------


def test_a_rotated_refresh_token_is_the_next_one_used(client: Client, hook: WaveHook) -> None:
    for _ in range(3):
        client.sandbox.inject("wave", "expire_tokens", times=1)
        assert hook.test_connection()[0]


def test_a_refresh_that_names_no_new_token_keeps_the_old_one(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "keep_refresh_token", times=2)
    for _ in range(3):
        client.sandbox.inject("wave", "expire_tokens", times=1)
        assert hook.test_connection()[0]


@pytest.mark.parametrize("status", [200, 401])
def test_an_expired_token_is_renewed_once_and_the_invoice_is_created_once(client: Client, hook: WaveHook, status: int) -> None:
    made = sending(hook, small())
    client.sandbox.inject("wave", "expire_tokens", times=1, status=status)
    remote_of(hook.create_invoices([made])[0])
    assert len(client.sandbox.books("wave").documents) == 1


def test_a_withdrawn_connection_stops_and_says_what_to_do(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "revoke_refresh_token")
    with pytest.raises(PlatformError) as caught:
        hook.find_invoice("1", INVOICE)
    assert caught.value.action is Action.STOP
    assert "Connect the business again" in caught.value.rule.fix


def test_two_workers_with_one_store_do_not_use_a_refresh_token_twice(client: Client) -> None:
    tokens = MemoryTokens()
    with client.hook(tokens=tokens) as first, client.hook(tokens=tokens) as second:
        assert first.test_connection()[0]
        assert second.test_connection()[0]
    refreshes = [each for each in client.sandbox.requests("wave") if each.path.endswith("/oauth2/token/")]
    assert len(refreshes) == 1


# -- customers --------------------------------------------------------------------------------------------------------------------


def test_a_customer_is_found_by_our_code_and_never_made_twice(client: Client, hook: WaveHook) -> None:
    first = hook.ensure_customer(BUYER, "USD")
    with client.hook() as another:
        assert another.ensure_customer(BUYER, "USD") == first
    moved = BUYER.model_copy(update={"contact": Contact(email="new@ridgeline.example"), "name": "Ridgeline Air"})
    assert hook.ensure_customer(moved, "EUR") == first
    assert len(client.simulator.us.table("Customer")) == 1


def test_the_email_filter_is_not_trusted(client: Client, hook: WaveHook) -> None:
    """Wave's filter finds addresses that contain ours."""
    client.customer("Other", email=f"x{BUYER.contact.email}", displayId="OTHER")
    found = hook.ensure_customer(BUYER, "USD")
    assert client.simulator.us.table("Customer")[found]["displayId"] == BUYER.code


def test_a_customer_without_a_code_is_taken_when_only_one_fits(client: Client, hook: WaveHook) -> None:
    theirs = client.customer(BUYER.name, email=BUYER.contact.email)
    assert hook.ensure_customer(BUYER, "USD") == theirs


def test_a_customer_that_was_taken_gets_our_code_and_is_not_taken_for_a_namesake(client: Client, hook: WaveHook) -> None:
    theirs = client.customer(BUYER.name, email=BUYER.contact.email)
    assert hook.ensure_customer(BUYER, "USD") == theirs
    assert client.simulator.us.table("Customer")[theirs]["displayId"] == BUYER.code
    branch = BUYER.model_copy(update={"code": "CUST-10043"})
    assert hook.ensure_customer(branch, "USD") != theirs
    with client.hook() as another:
        assert another.ensure_customer(BUYER, "USD") == theirs


@pytest.mark.parametrize(
    "rows",
    [
        [{}, {}],
        [{"displayId": "SOMEBODY-ELSE"}],
        [{"email": "other@ridgeline.example"}],
    ],
    ids=["two of one name", "another code", "another address"],
)
def test_a_customer_that_may_be_another_is_not_taken(client: Client, hook: WaveHook, rows: list[dict[str, str]]) -> None:
    theirs = [client.customer(BUYER.name, **row) for row in rows]
    assert hook.ensure_customer(BUYER, "USD") not in theirs


def test_an_archived_customer_is_for_a_person_to_restore(client: Client, hook: WaveHook) -> None:
    found = hook.ensure_customer(BUYER, "USD")
    table = client.simulator.us.table("Customer")
    table[found] = {**table[found], "isArchived": True}
    with client.hook() as another, pytest.raises(PlatformError, match="archived") as caught:
        another.ensure_customer(BUYER, "USD")
    assert meant(caught.value) == REFUSED


def test_customers_are_read_in_pages_and_then_only_what_changed(client: Client, hook: WaveHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WaveHook, "page_size", 2)
    for number in range(5):
        client.customer(f"Other {number}", displayId=f"OTHER-{number}")
    last = Party(code="OTHER-4", name="Other 4")
    hook.ensure_customer(last, "USD")
    hook.ensure_customer(Party(code="NEW", name="New"), "USD")
    asked = documents_sent(client, "Customers")
    assert [each["page"] for each in asked] == [1, 2, 3, 1, 2, 3]
    assert [each["after"] is None for each in asked] == [True, True, True, False, False, False]
    assert len(client.simulator.us.table("Customer")) == 6


# -- create and find --------------------------------------------------------------------------------------------------------------


def test_a_draft_is_created_and_echoes_to_the_cent(client: Client, hook: WaveHook) -> None:
    discounted = small(charges=(off("10.00"),), purchase_order="PO-1")
    made, remote = created(hook, discounted)
    assert remote.status is DocumentStatus.DRAFT
    assert differences(made.document, remote, made.references.customer) == ()
    assert client.read(remote.remote_id)["poNumber"] == "PO-1"


def test_untaxed_lines_get_no_default_taxes_of_their_product(client: Client, hook: WaveHook) -> None:
    """The trap: without `taxes` Wave applies the product's default taxes."""
    made, remote = created(hook, sale(pre_filter(**EXEMPT)))
    assert remote.tax == Decimal(0)
    assert differences(made.document, remote, made.references.customer) == ()
    assert client.read(remote.remote_id)["items"][0]["taxes"] == []


def test_amounts_of_a_thousand_and_more_are_read_right(hook: WaveHook) -> None:
    """The trap: Money.value has thousands separators."""
    _, remote = created(hook, sale(pre_filter(price="98765.43")))
    assert remote.net == Decimal("197530.86")


def test_a_number_that_contains_ours_is_another_invoice(client: Client, hook: WaveHook) -> None:
    """The trap: the filter means "contains"."""
    for number in ("ACD-100451", "XACD-10045"):
        client.invoice(invoiceNumber=number)
    assert hook.find_invoice("ACD-10045", INVOICE) == []
    _, remote = created(hook)
    assert [each.remote_id for each in hook.find_invoice("ACD-10045", INVOICE)] == [remote.remote_id]


def test_numbers_are_looked_for_on_all_pages(client: Client, hook: WaveHook, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airbooks.platforms.wave.hook.NUMBERED_PAGE", 2)
    customer = client.customer()
    client.invoice(invoiceNumber="12", customerId=customer)
    for number in range(120, 125):
        client.invoice(invoiceNumber=str(number), customerId=customer)
    assert [each.number for each in hook.find_invoice("12", INVOICE)] == ["12"]


def test_a_number_that_is_taken_is_not_used_again(client: Client, hook: WaveHook) -> None:
    """The trap: Wave may take a number twice."""
    created(hook)
    error = create_error(hook)
    assert meant(error) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(client.sandbox.books("wave").documents) == 1


def test_a_number_that_wave_itself_refuses_is_looked_up(client: Client, hook: WaveHook) -> None:
    created(hook)
    client.sandbox.inject("wave", "unique_numbers")
    client.sandbox.inject("wave", "search_lag", lookups=9)
    client.simulator.armed["search_lag"]["seen"] = {}
    assert meant(create_error(hook)) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)


def test_a_new_invoice_that_lists_do_not_show_yet_is_found_later(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "search_lag", lookups=1)
    _, remote = created(hook)
    assert hook.find_invoice("ACD-10045", INVOICE) == []
    assert hook.get_invoice(remote.remote_id, INVOICE) is not None
    assert len(hook.find_invoice("ACD-10045", INVOICE)) == 1


def test_a_foreign_invoice_carries_our_rate(client: Client, hook: WaveHook) -> None:
    rate = ExchangeRate(base="USD", rate=Decimal("1.3421"))
    _, remote = created(hook, small(currency="EUR", exchange_rate=rate))
    assert remote.currency == "EUR"
    assert Decimal(client.read(remote.remote_id)["exchangeRate"]) == Decimal("1.3421")


@pytest.mark.parametrize("fault", ["wrong_tax", "tax_before_discount"])
def test_a_difference_of_a_cent_shows_in_the_echo(client: Client, hook: WaveHook, fault: str) -> None:
    """What is not settled about Wave's arithmetic is caught while the invoice is a draft."""
    client.sandbox.inject("wave", fault)
    made, remote = created(hook, small(charges=(off("10.00"),)))
    assert [each.field for each in differences(made.document, remote, made.references.customer)] == ["tax total", "total with tax"]
    assert remote.status is DocumentStatus.DRAFT


def test_tax_rounded_per_line_shows_in_the_echo(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "round_tax_per_line")
    made, remote = created(hook, sale(*(pre_filter(number, quantity="1", price="0.10") for number in range(1, 8))))
    assert differences(made.document, remote, made.references.customer) != ()


def test_where_discounts_are_folded_waves_arithmetic_does_not_matter(client: Client) -> None:
    client.sandbox.inject("wave", "tax_before_discount")
    with client.hook(discounts="lines") as hook:
        made, remote = created(hook, small(charges=(off("10.00"),)))
    assert differences(made.document, remote, made.references.customer) == ()


# -- errors -----------------------------------------------------------------------------------------------------------------------


def test_a_product_of_another_business_is_refused_without_a_reason_and_told_so(client: Client, hook: WaveHook) -> None:
    made = sending(hook, small())
    foreign = next(iter(client.simulator.ca.table("Product")))
    items = {
        key: replace(item, remote_id=foreign) if key[0] is ReferenceKind.ITEM else item for key, item in made.references.entries.items()
    }
    error = error_of(hook.create_invoices([replace(made, references=replace(made.references, entries=items))])[0])
    assert meant(error) == REFUSED
    assert "another business" in error.message


def test_an_input_error_names_its_path(client: Client, hook: WaveHook) -> None:
    made = sending(hook, small())
    client.mutate("productArchive", "", id=client.product())
    error = error_of(hook.create_invoices([made])[0])
    assert (meant(error), error.field) == (REFUSED, "input.items.0.productId")
    assert "archived" in error.message


@pytest.mark.parametrize(
    ("fault", "parameters", "expected"),
    [
        ("missing_scope", {}, (Action.STOP, Outcome.DID_NOT_HAPPEN)),
        ("internal_error", {}, (Action.RETRY, Outcome.DID_NOT_HAPPEN)),
        ("throttle", {}, (Action.WAIT, Outcome.DID_NOT_HAPPEN)),
        ("unreasoned_refusal", {}, REFUSED),
    ],
)
def test_each_class_of_error_says_what_to_do_and_that_nothing_happened(
    client: Client, hook: WaveHook, monkeypatch: pytest.MonkeyPatch, fault: str, parameters: dict[str, Any], expected: Any
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    made = sending(hook, small())
    client.sandbox.inject("wave", fault, **parameters)
    assert meant(error_of(hook.create_invoices([made])[0])) == expected
    client.sandbox.clear_faults()
    assert client.sandbox.books("wave").documents == []


@pytest.mark.parametrize("committed", [False, True])
def test_an_internal_error_of_a_create_proves_nothing(client: Client, hook: WaveHook, committed: bool) -> None:
    made = sending(hook, small())
    client.sandbox.inject("wave", "internal_error", mutations=True, committed=committed)
    assert meant(error_of(hook.create_invoices([made])[0])) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(client.sandbox.books("wave").documents) == int(committed)


def test_an_answer_with_data_and_errors_is_looked_up(client: Client, hook: WaveHook) -> None:
    """The trap: the invoice is there, only a part of the answer could not be read."""
    made = sending(hook, small())
    client.sandbox.inject("wave", "partial_answer")
    error = error_of(hook.create_invoices([made])[0])
    assert meant(error) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert error.request_id
    assert len(client.sandbox.books("wave").documents) == 1


def test_an_unknown_answer_form_proves_nothing(client: Client, hook: WaveHook) -> None:
    made = sending(hook, small())
    client.sandbox.inject("wave", "empty_body", body="mutation InvoiceCreate")
    assert error_of(hook.create_invoices([made])[0]).outcome is Outcome.UNKNOWN


def test_a_connection_that_must_be_mended_stops_the_batch(client: Client, hook: WaveHook) -> None:
    made = [sending(hook, small(number=f"N-{n}")) for n in range(3)]
    client.sandbox.inject("wave", "missing_scope")
    sent = hook.create_invoices(made)
    assert [(each.key, each.outcome) for each in sent] == [(each.key, Outcome.DID_NOT_HAPPEN) for each in made]


# -- approve and send -------------------------------------------------------------------------------------------------------------


def test_approving_marks_as_sent_where_the_operator_says_so(client: Client, hook: WaveHook) -> None:
    remote = booked(hook, mark_sent=True)
    now = client.read(remote.remote_id)
    assert (now["status"], now["lastSentVia"]) == ("SENT", "MARKED_SENT")


def test_approving_alone_sends_nothing(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    now = client.read(remote.remote_id)
    assert (now["status"], now["lastSentVia"]) == ("SAVED", None)
    assert remote.status is DocumentStatus.OPEN


def test_an_invoice_is_mailed_once(client: Client, hook: WaveHook) -> None:
    pair = created(hook, send_email=True)
    for _ in range(2):
        remote_of(hook.post_invoices([pair])[0])
    mails = client.simulator.store.table(f"{client.simulator.us.uuid}/mails")
    assert [each["to"] for each in mails.values()] == [["ap@ridgeline.example"]]


def test_an_approved_invoice_that_could_not_be_sent_is_approved_all_the_same(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "send_disabled")
    (sent,) = hook.post_invoices([created(hook, mark_sent=True)])
    assert remote_of(sent).status is DocumentStatus.OPEN
    assert "not sent" in sent.note


def test_an_invoice_that_was_perhaps_sent_is_not_said_to_be_unsent(client: Client, hook: WaveHook) -> None:
    pair = created(hook, mark_sent=True)
    client.sandbox.inject("wave", "reset_after_commit", body="mutation InvoiceMarkSent", times=1)
    (sent,) = hook.post_invoices([pair])
    assert remote_of(sent).status is DocumentStatus.OPEN
    assert "may not have been sent" in sent.note


def test_a_draft_that_somebody_deleted_cannot_be_approved(client: Client, hook: WaveHook) -> None:
    pair = created(hook)
    client.mutate("invoiceDelete", "", invoiceId=pair[1].remote_id)
    assert meant(error_of(hook.post_invoices([pair])[0])) == REFUSED


# -- update and void --------------------------------------------------------------------------------------------------------------


def test_an_update_replaces_lines_and_clears_texts(client: Client, hook: WaveHook) -> None:
    first = small(notes=("Old",), purchase_order="PO-1", charges=(off("10.00"),))
    remote = booked(hook, first)
    changed = small(number=first.number)
    updated = remote_of(hook.update_invoice(sending(hook, changed), remote))
    assert (updated.remote_id, updated.total) == (remote.remote_id, Decimal("108.25"))
    now = client.read(remote.remote_id)
    assert (now["memo"], now["poNumber"], now["discountTotal"]["minorUnitValue"]) == ("", "", "0")
    assert now["status"] == "SAVED"


def test_what_somebody_changed_meanwhile_is_not_overwritten(client: Client, hook: WaveHook) -> None:
    """The trap: Wave has no lock; the modification time is all there is."""
    remote = booked(hook)
    line = {"productId": client.product(), "quantity": "9", "unitPrice": "50", "taxes": []}
    client.mutate("invoicePatch", "", id=remote.remote_id, items=[line])
    error = error_of(hook.update_invoice(sending(hook, small()), remote))
    assert meant(error) == REFUSED
    assert "450.00" in error.message
    assert client.read(remote.remote_id)["total"]["minorUnitValue"] == "45000"


def test_an_update_never_takes_the_number_of_another_invoice(client: Client, hook: WaveHook) -> None:
    """The trap: Wave may take a number twice."""
    booked(hook, small(number="ACD-2"))
    remote = booked(hook)
    error = error_of(hook.update_invoice(sending(hook, small(number="ACD-2")), remote))
    assert meant(error) == REFUSED
    assert client.read(remote.remote_id)["invoiceNumber"] == "ACD-10045"
    assert remote_of(hook.update_invoice(sending(hook, small(number="ACD-3")), remote)).number == "ACD-3"


def test_that_it_was_sent_meanwhile_is_no_reason_to_refuse_an_update(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    client.mutate("invoiceMarkSent", "", invoiceId=remote.remote_id, sendMethod="GMAIL")
    remote_of(hook.update_invoice(sending(hook, small()), remote))


def test_a_patch_that_wave_refuses_is_for_a_person(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    client.sandbox.inject("wave", "drafts_only")
    assert meant(error_of(hook.update_invoice(sending(hook, small()), remote))) == REFUSED


def void(hook: WaveHook, remote: RemoteDocument) -> Sent:
    return hook.void_invoice(remote, on=date(2026, 11, 20), reason="Entered twice", key=str(uuid4()))


def test_a_void_deletes_and_says_so(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    sent = void(hook, remote)
    assert (remote_of(sent).status, sent.note) == (DocumentStatus.VOID, "deleted")
    assert hook.get_invoice(remote.remote_id, INVOICE) is None
    assert void(hook, remote).note == "was deleted already"
    assert client.sandbox.books("wave").documents == []


def paid_invoice(client: Client, hook: WaveHook) -> RemoteDocument:
    remote = booked(hook)
    client.pay(remote.remote_id, "40")
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    return now


def test_a_paid_invoice_is_left_to_a_person(client: Client, hook: WaveHook) -> None:
    error = error_of(void(hook, paid_invoice(client, hook)))
    assert meant(error) == REFUSED
    assert "void_deletes_payments" in error.rule.fix
    assert len(client.sandbox.books("wave").payments) == 1


def test_payments_are_deleted_first_where_the_connection_says_so(client: Client) -> None:
    with client.hook(void_deletes_payments=True) as hook:
        sent = void(hook, paid_invoice(client, hook))
    assert sent.note == "deleted, with its payments: 40.00 of 2026-11-20"
    books = client.sandbox.books("wave")
    assert (books.documents, books.payments) == ([], [])


def test_payments_that_were_deleted_before_a_refused_delete_are_told(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Money that was received must not vanish from the books without a trace."""
    with client.hook(void_deletes_payments=True) as hook:
        remote = paid_invoice(client, hook)
        client.sandbox.inject("wave", "error_before_commit", body="mutation InvoiceDelete", times=1)
        with caplog.at_level(logging.WARNING):
            sent = void(hook, remote)
    assert error_of(sent).outcome is Outcome.UNKNOWN
    assert client.sandbox.books("wave").payments == []
    assert "40.00 of 2026-11-20" in caplog.text


def test_a_payment_through_wave_is_never_deleted(client: Client) -> None:
    with client.hook(void_deletes_payments=True) as hook:
        remote = paid_invoice(client, hook)
        table = client.simulator.us.table("InvoicePayment")
        for payment_id, row in list(table.items()):
            table[payment_id] = {**row, "origin": "WPP"}
        assert meant(error_of(void(hook, remote))) == REFUSED
    assert len(client.sandbox.books("wave").documents) == 1


def test_an_invoice_that_was_paid_meanwhile_is_not_deleted(client: Client) -> None:
    with client.hook(void_deletes_payments=True) as hook:
        remote = booked(hook)
        client.pay(remote.remote_id, "40")
        error = error_of(void(hook, remote))
    assert meant(error) == REFUSED
    assert "balance" in error.message


# -- payments ---------------------------------------------------------------------------------------------------------------------


def test_a_payment_is_found_again_by_its_memo(client: Client, hook: WaveHook) -> None:
    """The trap: there is no idempotency for payments."""
    remote = booked(hook)
    first, second = pay(hook, receipt(remote, reference="RF18")), pay(hook, receipt(remote, reference="RF18"))
    assert first.remote_id == second.remote_id
    (payment,) = client.read(remote.remote_id)["payments"]
    assert payment["memo"] == "[bank pay-7]\nReference: RF18"


def test_one_payment_for_two_invoices_becomes_two_of_wave_and_none_twice(client: Client, hook: WaveHook) -> None:
    one, two = booked(hook), booked(hook, small(number="ACD-2"))
    parts = tuple(
        Allocation(document_number=each.number, remote_id=each.remote_id, amount=Decimal(amount))
        for each, amount in ((one, "108.25"), (two, "11.75"))
    )
    payment = receipt(one, "120.00", allocations=parts)
    client.pay(two.remote_id, "1", memo="[bank pay-70]")
    applied = pay(hook, payment)
    assert (applied.amount, len(applied.remote_id.split(","))) == (Decimal("120.00"), 2)
    assert pay(hook, payment).remote_id == applied.remote_id
    assert len(client.sandbox.books("wave").payments) == 3


def test_two_allocations_to_one_invoice_are_one_payment_however_often_it_is_tried(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    part = Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=Decimal("30.00"))
    parts = (part, part.model_copy(update={"amount": Decimal("10.00")}))
    payment = receipt(remote, "40.00", allocations=parts)
    for applied in (pay(hook, payment), pay(hook, payment)):
        assert (applied.amount, [each.amount for each in applied.allocations]) == (Decimal("40.00"), [Decimal("40.00")])
    assert [each.amount for each in client.sandbox.books("wave").payments] == [Decimal("40.00")]


def test_where_a_part_is_booked_no_refusal_of_the_rest_says_that_nothing_happened(client: Client, hook: WaveHook) -> None:
    one, two = booked(hook), booked(hook, small(number="ACD-2"))
    parts = tuple(Allocation(document_number=each.number, remote_id=each.remote_id, amount=Decimal(100)) for each in (one, two))
    payment = receipt(one, "200.00", allocations=parts)
    client.pay(one.remote_id, "100", memo="[bank pay-7]")
    client.pay(two.remote_id, "100")
    with pytest.raises(PlatformError, match="1 of its 2 parts") as caught:
        pay(hook, payment)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    pay(hook, receipt(remote, "40.00"))
    with pytest.raises(PlatformError, match=r"40\.00 instead of 50\.00") as caught:
        pay(hook, receipt(remote, "50.00"))
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(client.sandbox.books("wave").payments) == 1


def test_more_than_is_due_is_refused_although_wave_would_take_it(client: Client, hook: WaveHook) -> None:
    """Somebody entered the same receipt by hand: Wave would call the invoice overpaid."""
    remote = booked(hook)
    client.pay(remote.remote_id, "100")
    with pytest.raises(PlatformError, match=r"8\.25 USD") as caught:
        pay(hook, receipt(remote))
    assert meant(caught.value) == REFUSED
    assert len(client.sandbox.books("wave").payments) == 1


def test_a_foreign_payment_on_a_home_account_needs_a_rate(client: Client, hook: WaveHook) -> None:
    rate = ExchangeRate(base="USD", rate=Decimal("1.09"))
    remote = booked(hook, small(currency="EUR", exchange_rate=rate))
    with pytest.raises(PlatformError, match="without a rate"):
        pay(hook, receipt(remote))
    pay(hook, receipt(remote, exchange_rate=rate))
    (row,) = client.simulator.us.table("InvoicePayment").values()
    assert row["exchangeRate"] == Decimal("1.09")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": PaymentKind.REFUND}, "refund"),
    ({"allocations": ()}, "belongs to no document"),
    ({"currency": "GBP"}, "GBP for an invoice in USD"),
]


@pytest.mark.parametrize(("fields", "words"), WRONG)
def test_a_payment_that_wave_cannot_express_is_refused_before_anything_is_booked(
    client: Client, hook: WaveHook, fields: dict[str, Any], words: str
) -> None:
    remote = booked(hook)
    with pytest.raises(PlatformError, match=words) as caught:
        pay(hook, receipt(remote, **fields))
    assert meant(caught.value) == REFUSED
    assert client.sandbox.books("wave").payments == []


def test_money_that_no_invoice_claims_is_refused(client: Client, hook: WaveHook) -> None:
    payment = receipt(booked(hook)).model_copy(update={"amount": Decimal("50.00")})
    with pytest.raises(PlatformError, match=r"10\.00 USD of this payment are unapplied"):
        pay(hook, payment)
    assert client.sandbox.books("wave").payments == []


def test_a_discount_taken_with_a_payment_is_refused(hook: WaveHook) -> None:
    remote = booked(hook)
    part = Allocation(document_number="x", remote_id=remote.remote_id, amount=Decimal("40.00"), discount=Decimal(1))
    with pytest.raises(PlatformError, match="discount"):
        pay(hook, receipt(remote, allocations=(part,)))


def test_drafts_gone_invoices_and_other_customers_take_no_payment(client: Client, hook: WaveHook) -> None:
    _, draft = created(hook)
    with pytest.raises(PlatformError, match="draft"):
        pay(hook, receipt(draft))
    with pytest.raises(PlatformError, match="another customer"):
        pay(hook, receipt(booked(hook, small(number="ACD-2"))), customer="QnVz")
    client.mutate("invoiceDelete", "", invoiceId=draft.remote_id)
    with pytest.raises(PlatformError, match="gone"):
        pay(hook, receipt(draft))


def test_without_a_deposit_account_the_connection_is_named(client: Client) -> None:
    with client.hook(deposit_account_id="") as hook, pytest.raises(ConfigurationError, match="deposit_account_id"):
        pay(hook, receipt(booked(hook)))


def test_payments_are_read_invoice_by_invoice(client: Client, hook: WaveHook) -> None:
    """The trap: lists never contain payments."""
    remote = booked(hook)
    booked(hook, small(number="ACD-2"))
    client.pay(remote.remote_id, "40", memo="Cheque 17")
    read_before = len(documents_sent(client, "Invoice"))
    since = datetime.now(UTC) - timedelta(minutes=1)
    (found,) = hook.list_payments(since)
    assert (found.amount, found.reference, found.allocations[0].remote_id) == (Decimal("40.00"), "Cheque 17", remote.remote_id)
    assert [each["id"] for each in documents_sent(client, "Invoice")[read_before:]] == [remote.remote_id]


def test_a_payment_that_does_not_touch_its_invoice_is_found_by_the_daily_search(client: Client, hook: WaveHook) -> None:
    client.sandbox.inject("wave", "quiet_payments")
    remote = booked(hook)
    client.simulator.clock.offset = timedelta(days=2)
    client.pay(remote.remote_id, "40")
    assert [each.amount for each in hook.list_payments(datetime.now(UTC) + timedelta(days=-1))] == [Decimal("40.00")]
    table = client.simulator.us.table("Invoice")
    assert table[remote.remote_id]["modifiedAt"] < datetime.now(UTC) + timedelta(days=1)


def test_old_payments_of_a_changed_invoice_are_not_listed_again(client: Client, hook: WaveHook) -> None:
    remote = booked(hook)
    client.pay(remote.remote_id, "40")
    client.simulator.clock.offset = timedelta(hours=1)
    client.mutate("invoicePatch", "", id=remote.remote_id, memo="Called")
    assert list(hook.list_payments(datetime.now(UTC) + timedelta(minutes=30))) == []


def test_an_overpaid_invoice_counts_as_paid_and_is_flagged(client: Client, hook: WaveHook, caplog: pytest.LogCaptureFixture) -> None:
    remote = booked(hook)
    client.pay(remote.remote_id, "200")
    with caplog.at_level(logging.WARNING):
        now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert (now.status, now.balance) == (DocumentStatus.PAID, Decimal("-91.75"))
    assert "overpaid" in caplog.text


# -- reference lists --------------------------------------------------------------------------------------------------------------


def test_lists_tell_codes_names_and_ids(hook: WaveHook) -> None:
    found = {kind: {each.code: each for each in hook.list_reference(kind)} for kind in ReferenceKind}
    assert found[ReferenceKind.ITEM]["FLT-PRE-30"].name == "Pre-filter 3 micron"
    assert found[ReferenceKind.TAX_CODE]["TX"].details["rate"] == "0.0825"
    assert found[ReferenceKind.TAX_CODE]["NONE"].active
    assert found[ReferenceKind.ACCOUNT]["1000"].details == {"currency": "USD", "subtype": "CASH_AND_BANK"}
    assert "JPY" in found[ReferenceKind.CURRENCY]
    assert "CHEQUE" in found[ReferenceKind.PAYMENT_METHOD]
    assert found[ReferenceKind.TERMS] == found[ReferenceKind.DIMENSION] == found[ReferenceKind.UNIT] == {}


def test_products_of_one_name_are_told_apart_and_archived_ones_shown_as_such(client: Client, hook: WaveHook) -> None:
    client.mutate("productCreate", "", businessId=client.business, name="Twin", unitPrice="1", incomeAccountId=client.account("4000"))
    client.mutate("productCreate", "", businessId=client.business, name="Twin", unitPrice="2", incomeAccountId=client.account("4000"))
    client.mutate("productArchive", "", id=client.product("OIL-SEP-37"))
    found = {each.code: each for each in hook.list_reference(ReferenceKind.ITEM)}
    assert len([code for code in found if code.startswith("Twin [")]) == 2
    assert not found["OIL-SEP-37"].active
