"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.wave.conftest import Client
from tests.platforms.wave.documents import BUYER, EXEMPT, off, sale
from tests.platforms.wave.steps import (
    INVOICE,
    REFUSED,
    booked,
    created,
    documents_sent,
    error_of,
    meant,
    pre_filter,
    remote_of,
    sending,
    small,
)

from airbooks.canonical import (
    Contact,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Party,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.wave import WaveHook


def create_error(hook: WaveHook, document: Invoice | None = None) -> PlatformError:
    return error_of(hook.create_invoices([sending(hook, document or small())])[0])


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
