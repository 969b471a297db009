"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.xero.conftest import Tenant
from tests.platforms.xero.documents import BUYER, FREE, bill, credit, in_dollars, off, sold
from tests.platforms.xero.setup import codes

from airbooks.canonical import (
    Allocation,
    Contact,
    CreditNote,
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
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.tokens import Credentials, MemoryTokens, Token
from airbooks.platforms.xero import XeroHook
from airbooks.platforms.xero.spec import SCOPES
from airbooks.sandbox.server import Sandbox

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE
REFUSED = (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
_keys = itertools.count(1)


def key() -> str:
    return f"00000000-0000-4000-8000-{next(_keys):012d}"


def account_of(sandbox: Sandbox, *, custom: bool = False, **extra: Any) -> Account:
    stored = sandbox.simulators["xero"].connection(custom=custom)  # type: ignore[call-arg]
    return Account(host=stored["host"], login=stored["login"], password=stored["password"], extra={**stored["extra"], **extra})


@pytest.fixture
def hook(xero: Sandbox) -> Iterator[XeroHook]:
    with XeroHook("xero_au", account=account_of(xero), read_timeout=3) as connected:
        yield connected


def sending(hook: XeroHook, document: Invoice | CreditNote, **options: Any) -> Sending:
    """A document as the engine hands it over: its codes resolved on the platform, its customer there."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in required_codes(document, hook.spec.reference_kinds):
        (entries[kind, code],) = hook.find_reference(kind, [codes(kind.value, code) or ""])
    customer = hook.ensure_customer(document.buyer, document.currency)
    found = References(customer=customer, entries=entries, settings=hook.settings())
    return Sending(key=key(), document=document, references=found, options=options)


def booked(hook: XeroHook, document: Invoice | CreditNote | None = None, **options: Any) -> tuple[Sending, RemoteDocument]:
    sent = sending(hook, document or bill(), **options)
    (result,) = hook.create_invoices([sent])
    assert result.error is None, result.error
    assert result.remote is not None
    return sent, result.remote


def refused(hook: XeroHook, document: Invoice | CreditNote | None = None) -> PlatformError:
    (result,) = hook.create_invoices([sending(hook, document or bill())])
    assert result.error is not None
    return result.error


def asked(sandbox: Sandbox, method: str, path: str) -> list[Any]:
    return [each for each in sandbox.requests("xero") if each.method == method and each.path.split("?")[0].endswith(path)]


def numbers(sandbox: Sandbox) -> list[str]:
    return [each.number for each in sandbox.books("xero").documents]


# -- connection and tokens ----------------------------------------------------------------------------------------------------


def test_a_good_connection_says_what_it_reaches(hook: XeroHook) -> None:
    assert hook.test_connection() == (True, "Harbour Compressors Pty Ltd (AU) is reached; its books are in AUD")


def test_a_custom_connection_works_without_tenant_and_refresh_token(xero: Sandbox) -> None:
    with XeroHook("xero_au", account=account_of(xero, custom=True)) as hook:
        assert hook.test_connection()[0]
        booked(hook)
    assert "xero-tenant-id" not in asked(xero, "GET", "/Organisation")[0].headers


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"home_currency": "NZD"}, "the base currency is AUD, the connection says NZD"),
        ({"tenant_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"}, "organisation not connected"),
        ({"tenant_id": ""}, "tenant_id"),
        ({"refresh_token": "wrong"}, "connection withdrawn"),
        ({"refresh_token": ""}, "refresh_token"),
        ({"grant": "client_credentials"}, "wrong client id or secret"),
    ],
)
def test_a_connection_that_does_not_fit_says_why(xero: Sandbox, extra: dict[str, Any], words: str) -> None:
    with XeroHook("xero_au", account=account_of(xero, **extra)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


SCOPED = [("accounting.contacts", "Contacts"), ("accounting.invoices", "Invoices"), ("accounting.payments", "Payments")]


@pytest.mark.parametrize(("scope", "closed"), SCOPED)
def test_a_scope_that_was_not_granted_is_found_before_the_first_document(xero: Sandbox, scope: str, closed: str) -> None:
    granted = " ".join(each for each in SCOPES.split() if each != scope)
    with XeroHook("xero_au", account=account_of(xero, custom=True, scopes=granted)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert closed in says
    assert "scope not granted" in says


def test_nothing_is_sent_while_the_connection_does_not_say_the_base_currency(xero: Sandbox) -> None:
    with XeroHook("xero_au", account=account_of(xero, home_currency="")) as hook:
        assert "home_currency" in hook.test_connection()[1]
        with pytest.raises(ConfigurationError, match="home_currency"):
            hook.refusals(bill())


def test_without_a_host_production_is_meant() -> None:
    assert XeroHook("xero_au", account=Account()).root() == "https://api.xero.com"


def test_every_call_asks_for_json_and_names_the_tenant(hook: XeroHook, xero: Sandbox) -> None:
    booked(hook)
    calls = [each for each in xero.requests("xero") if "/api.xro/" in each.path]
    assert calls
    assert all(each.headers["accept"] == "application/json" and each.headers["xero-tenant-id"] for each in calls)


def test_a_token_that_expires_in_the_middle_is_renewed_once_and_the_call_repeated(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    xero.inject("xero", "expire_tokens", times=1)
    (result,) = hook.create_invoices([sent])
    assert result.error is None, result.error
    assert len(asked(xero, "POST", "/connect/token")) == 2
    assert numbers(xero) == ["AU-SI-004711"]


def test_the_refresh_token_of_the_last_reply_is_used_next(hook: XeroHook, xero: Sandbox) -> None:
    tokens = MemoryTokens()
    account = account_of(xero)
    with XeroHook("xero_au", account=account, tokens=tokens) as first:
        first.token()
    xero.simulators["xero"].clock.offset = timedelta(hours=2)  # the grace of the first refresh token is over
    with XeroHook("xero_au", account=account, tokens=tokens) as second:
        assert second.test_connection()[0]


def test_a_lost_reply_of_the_token_end_point_is_asked_for_again(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "reset_after_commit", path="/connect/token", times=1)
    assert hook.test_connection()[0]
    assert len(asked(xero, "POST", "/connect/token")) == 2


def test_a_refresh_token_that_a_person_put_into_the_connection_replaces_the_stored_one(xero: Sandbox) -> None:
    tokens = MemoryTokens()
    tokens.renew("xero_au", None, lambda _: Token(access="old", refresh="revoked", seed="another"), Credentials(seed="another"))
    with XeroHook("xero_au", account=account_of(xero), tokens=tokens) as hook:
        hook.renew_token()
        assert hook.test_connection()[0]


def test_a_withdrawn_connection_stops_and_keeps_the_stored_token(xero: Sandbox) -> None:
    tokens = MemoryTokens()
    with XeroHook("xero_au", account=account_of(xero), tokens=tokens) as hook:
        hook.token()
        kept = tokens.read("xero_au")
        xero.inject("xero", "revoke_refresh_token", times=1)
        xero.inject("xero", "expire_tokens", times=1)
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome, error.value.code) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "invalid_grant")
    assert tokens.read("xero_au") == kept


@pytest.mark.parametrize("fault", ["disconnect_tenant", "missing_scope"])
def test_what_only_a_person_can_mend_stops_and_says_how(hook: XeroHook, xero: Sandbox, fault: str) -> None:
    xero.inject("xero", fault)
    with pytest.raises(PlatformError) as error:
        hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert error.value.rule.fix


def test_no_secret_is_in_errors_or_logs(xero: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    account = account_of(xero)
    with caplog.at_level(logging.DEBUG), XeroHook("xero_au", account=account) as hook:
        token = hook.token()
        xero.inject("xero", "disconnect_tenant")
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    told = f"{caplog.text} {error.value} {error.value.body} {error.value!r} {hook.account!r} {token!r}"
    assert not [secret for secret in (account.password, account.extra["refresh_token"], token.access, token.refresh) if secret in told]


# -- throttling -------------------------------------------------------------------------------------------------------------


def test_a_throttled_call_is_repeated_after_its_pause(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "throttle", times=1, retry_after=0)
    assert hook.find_invoice("x", INVOICE) == []


def test_the_limit_of_a_day_is_handed_on_and_not_slept_through(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    xero.inject("xero", "throttle", problem="day", retry_after=20_000)
    (result,) = hook.create_invoices([sent])
    assert result.error is not None
    assert (result.error.action, result.error.outcome, result.error.retry_after) == (Action.WAIT, Outcome.DID_NOT_HAPPEN, 20_000)
    assert "(day)" in result.error.message
    assert result.error.request_id


# -- contacts ---------------------------------------------------------------------------------------------------------------


def test_a_contact_is_created_once_and_found_by_its_number_after_it_was_renamed(hook: XeroHook, tenant: Tenant) -> None:
    first = hook.ensure_customer(BUYER, "AUD")
    tenant.post(f"/Contacts/{first}", {"Contacts": [{"Name": "Northgate Compressed Air"}]})
    assert hook.ensure_customer(BUYER, "USD") == first
    assert tenant.read(first, "Contacts")["ContactNumber"] == "C-AU-0042"


def test_a_contact_that_people_entered_is_adopted_and_gets_our_number(hook: XeroHook, tenant: Tenant) -> None:
    by_hand = tenant.contact("NORTHGATE AIR LTD", EmailAddress="ap@northgate.example")
    assert hook.ensure_customer(BUYER, "AUD") == by_hand
    assert tenant.read(by_hand, "Contacts")["ContactNumber"] == "C-AU-0042"
    namesake = BUYER.model_copy(update={"code": "C-AU-0043"})
    assert hook.ensure_customer(namesake, "AUD") != by_hand


def test_a_namesake_is_created_under_a_name_with_its_code(hook: XeroHook, tenant: Tenant) -> None:
    tenant.contact("Northgate Air Ltd", EmailAddress="someone@else.example")
    created = hook.ensure_customer(BUYER, "AUD")
    assert tenant.read(created, "Contacts")["Name"] == "Northgate Air Ltd (C-AU-0042)"


def test_an_archived_contact_is_for_a_person_and_a_merged_one_leads_on(hook: XeroHook, tenant: Tenant) -> None:
    first = hook.ensure_customer(BUYER, "AUD")
    target = tenant.contact("Northgate Group")
    tenant.simulator.api.contacts.archive(first)
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(BUYER, "AUD")
    assert (error.value.action, error.value.outcome) == REFUSED
    tenant.simulator.api.contacts.archive(first, merged_to=target)
    assert hook.ensure_customer(BUYER, "AUD") == target


def test_quotes_and_backslashes_in_names_and_codes_find_their_contact(hook: XeroHook) -> None:
    odd = Party(code='C"\\1', name='The "Valve" \\ Söhne ✓ & Co', contact=Contact(email="ap@valve.example"))
    assert hook.ensure_customer(odd, "AUD") == hook.ensure_customer(odd, "AUD")


def test_a_refused_contact_is_an_error_of_its_document(hook: XeroHook) -> None:
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(Party(code="C-1", name=" "), "AUD")
    assert (error.value.action, error.value.outcome) == REFUSED
    assert "name must be specified" in error.value.message


def test_an_invoice_never_changes_its_contact(hook: XeroHook, tenant: Tenant) -> None:
    sent, _ = booked(hook)
    tenant.post(f"/Contacts/{sent.references.customer}", {"Contacts": [{"Name": "Renamed by hand"}]})
    booked(hook, bill(number="AU-SI-2"))
    assert tenant.read(sent.references.customer, "Contacts")["Name"] == "Renamed by hand"


# -- create -----------------------------------------------------------------------------------------------------------------


def test_a_full_invoice_comes_back_to_the_cent(hook: XeroHook, tenant: Tenant) -> None:
    lines = (
        sold(1, "3", "33.33", dimensions={"department": "WHOLESALE"}, warehouse="MAIN"),
        sold(2, "7", "0.4755", item_code="VLV-SAF-11"),
        sold(3, "1", "320.00", **FREE, item_code="FRT-STD", account_code="FREIGHT"),
    )
    extras = (off("7.77"), off("25.00", is_charge=True, reason="Surcharge", account_code="FREIGHT"))
    document = bill(*lines, charges=extras, notes=("Handle with care.",), **in_dollars())
    assert hook.refusals(document) == ()
    sent, remote = booked(hook, document)
    assert differences(document, remote, sent.references.customer) == ()
    row = tenant.read(remote.remote_id)
    assert (row["CurrencyRate"], row["Reference"], row["DueDateString"][:10]) == (D("0.655099"), "PO-88213", "2026-04-01")
    assert [each["Option"] for each in row["LineItems"][0]["Tracking"]] == ["WHOLESALE", "MAIN"]
    assert row["LineItems"][-1]["Description"] == "Handle with care."


def test_where_the_documents_tax_is_not_the_sum_of_its_lines_ours_is_booked(hook: XeroHook) -> None:
    document = bill(sold(1, "1", "0.05"), sold(2, "1", "0.15"), sold(3, "1", "0.25"))
    _, remote = booked(hook, document)
    assert remote.tax == document.tax_total == D("0.05")


def test_with_xeros_rounding_a_cent_of_difference_is_told(hook: XeroHook) -> None:
    document = bill(sold(1, "1", "0.05"), sold(2, "1", "0.15"), sold(3, "1", "0.25"))
    sent, remote = booked(hook, document, rounding="xero")
    assert [each.field for each in differences(document, remote, sent.references.customer)] == ["tax total", "total with tax"]


def test_a_tax_that_xero_books_otherwise_is_told(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "wrong_tax", times=1)
    sent, remote = booked(hook)
    assert differences(sent.document, remote, sent.references.customer)


def test_a_draft_waits_for_people_and_is_deleted_by_a_void(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, approve=False)
    assert remote.status is DocumentStatus.DRAFT
    assert [each.status for each in hook.find_invoice("AU-SI-004711", INVOICE)] == [DocumentStatus.DRAFT]
    gone = hook.void_invoice(remote, on=bill().issue_date, reason="Entered twice", key=key())
    assert (gone.note, gone.outcome) == ("deleted", Outcome.HAPPENED)
    assert tenant.read(remote.remote_id)["Status"] == "DELETED"


def test_an_internal_note_stands_in_the_history_where_customers_do_not_see_it(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, bill(internal_note="Pays late."))
    assert tenant.get(f"/Invoices/{remote.remote_id}/History")[1]["HistoryRecords"] == [{"Details": "Pays late."}]
    assert "Pays late." not in str(tenant.read(remote.remote_id))


def test_a_new_invoice_is_mailed_once_on_request(hook: XeroHook, xero: Sandbox) -> None:
    sent, _ = booked(hook, send_email=True)
    assert len(asked(xero, "POST", "/Email")) == 1
    (again,) = hook.create_invoices([sent])
    assert again.error is None or again.error.action is Action.LOOK_UP
    assert len(xero.simulators["xero"].organisation.mail) == 1  # type: ignore[attr-defined]


def test_an_invoice_that_cannot_be_mailed_is_booked_with_a_note(hook: XeroHook) -> None:
    silent = BUYER.model_copy(update={"contact": Contact()})
    (result,) = hook.create_invoices([sending(hook, bill(buyer=silent), send_email=True)])
    assert result.outcome is Outcome.HAPPENED
    assert "e-mail was not sent" in result.note


def test_a_batch_is_one_call_and_is_matched_by_number(hook: XeroHook, xero: Sandbox) -> None:
    first = sending(hook, bill(number="A-0"))
    batch = [first, *(replace(first, key=key(), document=bill(sold(1, str(n)), number=f"A-{n}")) for n in range(1, 6))]
    xero.inject("xero", "shuffle_elements", times=1)
    results = {each.key: each.remote for each in hook.create_invoices(batch)}
    for each in batch:
        remote = results[each.key]
        assert remote is not None
        assert differences(each.document, remote, each.references.customer) == ()
    (call,) = asked(xero, "PUT", "/Invoices")
    assert "summarizeErrors=false" in call.path
    assert "unitdp=4" in call.path
    assert call.headers["idempotency-key"]


def test_documents_that_are_too_large_for_one_request_go_in_several(hook: XeroHook, xero: Sandbox) -> None:
    long = tuple(sold(n, "1", "1.00", description="d" * 3900) for n in range(150))
    first = sending(hook, bill(*long, number="A-0"))
    batch = [first, *(replace(first, key=key(), document=bill(*long, number=f"A-{n}")) for n in range(1, 7))]
    assert all(each.outcome is Outcome.HAPPENED for each in hook.create_invoices(batch))
    assert len(asked(xero, "PUT", "/Invoices")) == 2
    assert len(numbers(xero)) == 7


def test_one_refused_element_leaves_its_neighbours_booked(hook: XeroHook, xero: Sandbox) -> None:
    first = sending(hook, bill(number="A-0"))
    batch = [first, *(replace(first, key=key(), document=bill(number=f"A-{n}")) for n in (1, 2))]
    xero.inject("xero", "partial_batch", times=1, positions=[1])
    results = {each.key: each for each in hook.create_invoices(batch)}
    error = results[batch[1].key].error
    assert error is not None
    assert (error.action, error.outcome) == REFUSED
    assert numbers(xero) == ["A-0", "A-2"]


def test_a_document_that_the_answer_does_not_name_gets_no_result(hook: XeroHook, xero: Sandbox) -> None:
    first = sending(hook, bill(number="A-0"))
    second = replace(first, key=key(), document=bill(number="A-1"))
    xero.inject("xero", "drop_element", times=1)
    assert [each.key for each in hook.create_invoices([first, second])] == [second.key]
    assert numbers(xero) == ["A-0", "A-1"]


def test_a_used_number_is_never_edited_and_the_look_up_tells_whose_it_is(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook)
    error = refused(hook, bill(sold(1, "9")))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert tenant.read(remote.remote_id)["Total"] == D("185.90")


def test_the_number_of_a_voided_invoice_stays_taken_and_the_error_says_so(hook: XeroHook) -> None:
    _, remote = booked(hook)
    assert hook.void_invoice(remote, on=bill().issue_date, reason="", key=key()).error is None
    assert hook.find_invoice("AU-SI-004711", INVOICE) == []
    assert "voided or deleted one stays taken" in refused(hook).rule.says


def test_credit_note_numbers_are_looked_up_because_xero_may_not_refuse_them_twice(hook: XeroHook, xero: Sandbox) -> None:
    booked(hook, credit())
    error = refused(hook, credit(sold(1, "1")))
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert numbers(xero) == ["AU-CN-000017"]


def test_a_credit_note_comes_back_to_the_cent(hook: XeroHook) -> None:
    document = credit(sold(1, "3", "33.33"), charges=[off("9.99")])
    sent, remote = booked(hook, document)
    assert differences(document, remote, sent.references.customer) == ()
    (found,) = hook.find_invoice(document.number, CREDIT_NOTE)
    assert (found.remote_id, found.kind, found.balance) == (remote.remote_id, CREDIT_NOTE, document.gross_total)


def test_bills_with_the_same_number_are_not_ours(hook: XeroHook, tenant: Tenant) -> None:
    tenant.create(tenant.invoice_body(tenant.contact(), "AU-SI-004711", Type="ACCPAY"))
    assert hook.find_invoice("AU-SI-004711", INVOICE) == []
    booked(hook)
    assert len(hook.find_invoice("AU-SI-004711", INVOICE)) == 1


def test_a_500_is_unknown_and_a_new_attempt_is_not_answered_from_the_store(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    xero.inject("xero", "server_error", times=1)
    (lost,) = hook.create_invoices([sent])
    assert lost.error is not None
    assert (lost.error.action, lost.error.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(asked(xero, "PUT", "/Invoices")) == 1
    assert hook.find_invoice("AU-SI-004711", INVOICE) == []
    xero.simulators["xero"].clock.offset = timedelta(seconds=hook.spec.settle_seconds)
    (again,) = hook.create_invoices([sent])
    assert again.outcome is Outcome.HAPPENED, again.error


def test_a_code_that_xero_lists_but_refuses_is_reported_with_what_to_do(hook: XeroHook) -> None:
    sent = sending(hook, bill())
    place = ReferenceKind.ACCOUNT, "PARTS"
    wrong = {**sent.references.entries, place: replace(sent.references.entries[place], code="999")}
    (result,) = hook.create_invoices([replace(sent, references=replace(sent.references, entries=wrong))])
    assert result.error is not None
    assert (result.error.action, result.error.rule.name) == (Action.REVIEW, "account refused")
    assert result.error.rule.fix


def test_a_locked_period_is_one_decision_for_all_documents(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "lock_period", until="2026-12-31")
    error = refused(hook)
    assert (error.action, error.outcome, error.rule.name, error.rule.shared) == (*REFUSED, "period closed", True)


def test_a_wrongly_mapped_tax_code_is_told_and_nothing_is_sent(hook: XeroHook, xero: Sandbox) -> None:
    sent = sending(hook, bill())
    (free,) = hook.find_reference(ReferenceKind.TAX_CODE, ["EXEMPTOUTPUT"])
    wrong = {**sent.references.entries, (ReferenceKind.TAX_CODE, "AU-GST10"): free}
    (result,) = hook.create_invoices([replace(sent, references=replace(sent.references, entries=wrong))])
    assert result.error is not None
    assert (result.error.action, result.error.outcome) == REFUSED
    assert asked(xero, "PUT", "/Invoices") == []


# -- change and void --------------------------------------------------------------------------------------------------------


def test_an_update_keeps_the_lines_ids(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, bill(sold(1), sold(2)))
    before = [line["LineItemID"] for line in tenant.read(remote.remote_id)["LineItems"]]
    changed = bill(sold(1, "3"), sold(2), purchase_order="")
    result = hook.update_invoice(sending(hook, changed), remote)
    assert result.error is None, result.error
    row = tenant.read(remote.remote_id)
    assert [line["LineItemID"] for line in row["LineItems"]] == before
    assert (row["Reference"], row["Total"]) == ("", changed.gross_total)


def test_what_a_person_changed_since_is_not_overwritten(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook)
    tenant.simulator.clock.offset = timedelta(seconds=1)
    tenant.post(f"/Invoices/{remote.remote_id}", {"Invoices": [{"Reference": "By hand"}]})
    result = hook.update_invoice(sending(hook, bill(sold(1, "3"))), remote)
    assert result.error is not None
    assert (result.error.action, result.error.outcome, result.error.rule.name) == (*REFUSED, "changed in Xero")
    assert tenant.read(remote.remote_id)["Reference"] == "By hand"


def paid(hook: XeroHook, tenant: Tenant) -> RemoteDocument:
    _, remote = booked(hook)
    tenant.pay({"InvoiceID": remote.remote_id}, 10)
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.PARTIALLY_PAID
    return now


def test_a_paid_invoice_is_neither_updated_nor_voided(hook: XeroHook, tenant: Tenant) -> None:
    remote = paid(hook, tenant)
    results = (
        hook.update_invoice(sending(hook, bill(sold(1, "3"))), remote),
        hook.void_invoice(remote, on=bill().issue_date, reason="", key=key()),
    )
    for each in results:
        assert each.error is not None
        assert (each.error.action, each.error.outcome, each.error.rule.name) == (*REFUSED, "paid or credited")
    assert tenant.read(remote.remote_id)["Status"] == "AUTHORISED"


def test_a_payment_that_came_in_meanwhile_holds_the_void_back(hook: XeroHook, tenant: Tenant) -> None:
    _, before = booked(hook)
    tenant.pay({"InvoiceID": before.remote_id}, 10)
    result = hook.void_invoice(before, on=bill().issue_date, reason="", key=key())
    assert result.error is not None
    assert result.error.rule.name == "changed in Xero"


def test_a_document_that_is_gone_or_void_is_told_as_such(hook: XeroHook) -> None:
    _, remote = booked(hook)
    first = hook.void_invoice(remote, on=bill().issue_date, reason="", key=key())
    assert (first.note, first.outcome) == ("", Outcome.HAPPENED)
    assert hook.void_invoice(remote, on=bill().issue_date, reason="", key=key()).note == "was void already"
    absent = remote.model_copy(update={"remote_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"})
    assert hook.void_invoice(absent, on=bill().issue_date, reason="", key=key()).note == "was deleted already"
    error = hook.update_invoice(sending(hook, bill()), absent).error
    assert error is not None
    assert error.rule.name == "changed in Xero"


# -- payments ---------------------------------------------------------------------------------------------------------------


def payment_on(*documents: RemoteDocument, **fields: Any) -> Payment:
    allocations = tuple(Allocation(document_number=each.number, remote_id=each.remote_id, amount=D("100.00")) for each in documents)
    made: dict[str, Any] = {
        "source": "bank",
        "source_id": "2026-03-20/7",
        "customer_code": "C-AU-0042",
        "received_on": "2026-03-20",
        "amount": D(100) * len(documents),
        "currency": "AUD",
        "method": "Wire",
        "reference": "WIRE-5521",
        "allocations": allocations,
    }
    return Payment(**{**made, **fields})


def apply(hook: XeroHook, payment: Payment) -> Any:
    return hook.apply_payment(payment, customer_id="", key=key(), references=References(settings=hook.settings()))


def test_a_payment_over_two_invoices_is_two_payments_and_is_booked_once(hook: XeroHook, xero: Sandbox) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    first = apply(hook, payment_on(one, two))
    assert (first.amount, len(first.remote_id.split(","))) == (D("200.00"), 2)
    assert {each.remote_id: each.amount for each in first.allocations} == {one.remote_id: D(100), two.remote_id: D(100)}
    assert apply(hook, payment_on(one, two)).remote_id == first.remote_id
    assert len(xero.books("xero").payments) == 2


def test_a_part_that_is_too_much_keeps_the_others_from_being_booked(hook: XeroHook, tenant: Tenant, xero: Sandbox) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    too_much = tenant.pay({"InvoiceID": two.remote_id}, 100)
    with pytest.raises(PlatformError) as error:
        apply(hook, payment_on(one, two))
    assert (error.value.action, error.value.outcome, error.value.rule.name) == (*REFUSED, "pays too much")
    assert [each.amount for each in xero.books("xero").payments if one.remote_id in each.applied] == []
    tenant.post(f"/Payments/{too_much['PaymentID']}", {"Status": "DELETED"})
    apply(hook, payment_on(one, two))
    live = [each for each in xero.books("xero").payments if each.status == "posted"]
    assert sorted(next(iter(each.applied)) for each in live) == sorted([one.remote_id, two.remote_id])


def test_where_a_part_is_booked_no_refusal_of_the_rest_says_that_nothing_happened(hook: XeroHook, tenant: Tenant) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    apply(hook, payment_on(one))
    tenant.pay({"InvoiceID": two.remote_id}, 100)
    with pytest.raises(PlatformError, match="1 of its parts") as error:
        apply(hook, payment_on(one, two))
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    apply(hook, payment_on(remote))
    part = Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=D("90.00"))
    with pytest.raises(PlatformError, match="100") as error:
        apply(hook, payment_on(remote, amount=D(90), allocations=(part,)))
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(xero.books("xero").payments) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"kind": PaymentKind.REFUND},
        {"amount": D(101)},
        {"allocations": ()},
        {"allocations": (Allocation(document_number="A", remote_id="i", amount=D(100), discount=D(2)),)},
        {"currency": "USD", "exchange_rate": ExchangeRate(base="GBP", rate=D("0.79"), rate_date=date(2026, 3, 20), source="bank")},
    ],
)
def test_a_payment_that_xero_cannot_express_is_refused_before_sending(hook: XeroHook, xero: Sandbox, change: dict[str, Any]) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError) as error:
        apply(hook, payment_on(remote, **change))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_in_another_currency_than_its_invoice_is_refused(hook: XeroHook, xero: Sandbox) -> None:
    """Xero takes the amount as one in the invoice's currency."""
    _, remote = booked(hook, bill(**in_dollars()))
    with pytest.raises(PlatformError, match="AUD for invoice AU-SI-004711 in USD") as error:
        apply(hook, payment_on(remote))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_of_another_contacts_invoice_is_refused(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError, match="another contact's") as error:
        hook.apply_payment(payment_on(remote), customer_id=key(), key=key(), references=References(settings=hook.settings()))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_of_an_invoice_that_is_not_there_is_refused(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError, match="does not have") as error:
        apply(hook, payment_on(remote.model_copy(update={"remote_id": "7f2d6a90-1b3c-4d5e-8f60-a1b2c3d4e5f6"})))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_that_the_answer_does_not_name_is_not_reported_as_booked(hook: XeroHook, xero: Sandbox) -> None:
    one, two = (booked(hook, bill(number=number))[1] for number in ("A-1", "A-2"))
    xero.inject("xero", "drop_element", times=1)
    with pytest.raises(PlatformError) as error:
        apply(hook, payment_on(one, two))
    assert (error.value.action, error.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    assert apply(hook, payment_on(one, two)).amount == D(200)
    assert len(xero.books("xero").payments) == 2


def test_two_allocations_to_one_invoice_are_one_payment_however_often_it_is_tried(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    part = Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=D("60.00"))
    payment = payment_on(remote, amount=D(100), allocations=(part, part.model_copy(update={"amount": D("40.00")})))
    for applied in (apply(hook, payment), apply(hook, payment)):
        assert (applied.amount, [each.amount for each in applied.allocations]) == (D(100), [D(100)])
    assert [each.amount for each in xero.books("xero").payments] == [D(100)]


def test_a_reference_that_xero_would_cut_is_refused_for_the_payment_is_known_by_its_end(hook: XeroHook, xero: Sandbox) -> None:
    _, remote = booked(hook)
    with pytest.raises(PlatformError, match="255") as error:
        apply(hook, payment_on(remote, memo="paid " * 60))
    assert (error.value.action, error.value.outcome) == REFUSED
    assert asked(xero, "PUT", "/Payments") == []


def test_a_payment_needs_an_account(xero: Sandbox) -> None:
    with XeroHook("xero_au", account=account_of(xero, payment_account_code="")) as hook:
        _, remote = booked(hook)
        with pytest.raises(ConfigurationError, match="payment_account_code"):
            apply(hook, payment_on(remote))


def test_deleted_payments_are_listed_as_reversed(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook)
    applied = apply(hook, payment_on(remote))
    tenant.post(f"/Payments/{applied.remote_id}", {"Status": "DELETED"})
    (listed,) = hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))
    assert (listed.remote_id, listed.reversed, listed.allocations) == (applied.remote_id, True, ())


def test_payments_of_bills_are_none_of_ours(hook: XeroHook, tenant: Tenant) -> None:
    (supplier,) = tenant.create(tenant.invoice_body(tenant.contact(), Type="ACCPAY"))
    tenant.pay(supplier, 10)
    assert list(hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))) == []


def test_more_payments_than_a_page_holds_are_all_listed(hook: XeroHook, tenant: Tenant) -> None:
    _, remote = booked(hook, bill(sold(1, "99")))
    bodies = [
        {"Invoice": {"InvoiceID": remote.remote_id}, "Account": {"Code": "1000"}, "Date": "2026-03-20", "Amount": 1} for _ in range(101)
    ]
    tenant.put("/Payments", {"Payments": bodies}, summarizeErrors="false")
    assert len({each.remote_id for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=1))}) == 101


def test_an_answer_not_modified_is_no_payments(hook: XeroHook, xero: Sandbox) -> None:
    xero.inject("xero", "not_modified", times=1)
    assert list(hook.list_payments(datetime.now(UTC))) == []


# -- reference lists --------------------------------------------------------------------------------------------------------


def test_lists_are_in_the_organisations_own_words(hook: XeroHook) -> None:
    taxes = {each.code: (each.details["rate"], each.active) for each in hook.list_reference(ReferenceKind.TAX_CODE)}
    assert taxes["OUTPUT"] == ("10", True)
    assert taxes["INPUT"] == ("10", False)  # not for sales
    tracking = {each.code for each in hook.list_reference(ReferenceKind.DIMENSION)}
    assert tracking == {"Department:WHOLESALE", "Department:SERVICE", "Warehouse:MAIN", "Warehouse:NORTH"}
    assert {"1000", "4010"} <= {each.code for each in hook.list_reference(ReferenceKind.ACCOUNT)}
    assert {each.code for each in hook.list_reference(ReferenceKind.CURRENCY)} == {"AUD", "USD", "GBP", "EUR"}
    assert list(hook.list_reference(ReferenceKind.TERMS)) == []
