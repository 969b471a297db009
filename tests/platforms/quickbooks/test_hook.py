"""The connector against the simulator over real HTTP: the whole port, every class of error, every trap of the contract."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.quickbooks.conftest import Company
from tests.platforms.quickbooks.documents import BUYER, NET_30, allowance, document, foreign, line

from airbooks.canonical import Allocation, Contact, CreditNote, DocumentKind, DocumentStatus, Invoice, Party, Payment, PaymentKind
from airbooks.delivery.echo import differences
from airbooks.platforms.base import Account, Sending
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.quickbooks import QuickBooksHook
from airbooks.platforms.quickbooks.sandbox.seed import GB_REALM, US_REALM
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, required_codes
from airbooks.platforms.tokens import Credentials, MemoryTokens, Token
from airbooks.sandbox.server import Sandbox

# Our codes and what the two companies call them.
CALLED = {
    "US-TX": "Texas",
    "US-CA": "California",
    "US-EX": "NON",
    "GB-S20": "20.0% S",
    "GB-R5": "5.0% R",
    "department:WHOLESALE": "WHOLESALE",
    "warehouse:MAIN": "MAIN",
}
TAXED: dict[str, Any] = {"tax_code": "US-TX", "tax_category": "S", "tax_rate": Decimal("8.25")}
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def account_of(sandbox: Sandbox, realm: str = US_REALM, **extra: Any) -> Account:
    connection = sandbox.simulators["quickbooks"].connection(realm)  # type: ignore[call-arg]
    return Account(
        host=connection["host"], login=connection["login"], password=connection["password"], extra={**connection["extra"], **extra}
    )


@pytest.fixture
def hook(quickbooks: Sandbox) -> Iterator[QuickBooksHook]:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks), read_timeout=3) as connected:
        yield connected


@pytest.fixture
def gb_hook(quickbooks: Sandbox) -> Iterator[QuickBooksHook]:
    with QuickBooksHook("quickbooks_gb", account=account_of(quickbooks, GB_REALM)) as connected:
        yield connected


_keys = itertools.count(1)


def key() -> str:
    return f"00000000-0000-4000-8000-{next(_keys):012d}"


def sending(hook: QuickBooksHook, sales: Invoice | CreditNote, **options: Any) -> Sending:
    """A document as the engine hands it over: its codes resolved on the platform, its customer there."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in required_codes(sales, hook.spec.reference_kinds):
        (entries[kind, code],) = hook.find_reference(kind, [CALLED.get(code, code)])
    customer = hook.ensure_customer(sales.buyer, sales.currency)
    return Sending(
        key=key(), document=sales, references=References(customer=customer, entries=entries, settings=hook.settings()), options=options
    )


def booked(hook: QuickBooksHook, sales: Invoice | CreditNote | None = None) -> tuple[Sending, Any]:
    """A document created alone; fails the test when it was refused."""
    sent = sending(hook, sales or document())
    (result,) = hook.create_invoices([sent])
    assert result.error is None, result.error
    return sent, result.remote


def refused(hook: QuickBooksHook, sales: Invoice | CreditNote | None = None) -> PlatformError:
    (result,) = hook.create_invoices([sending(hook, sales or document())])
    assert result.error is not None
    return result.error


def numbers(sandbox: Sandbox) -> list[str]:
    return [each.number for each in sandbox.books("quickbooks").documents]


def asked(sandbox: Sandbox, method: str, path: str) -> list[Any]:
    return [each for each in sandbox.requests("quickbooks") if each.method == method and each.path.split("?")[0].endswith(path)]


# -- connection -----------------------------------------------------------------------------------------------------------------


def test_a_good_connection_says_which_company_it_reaches(hook: QuickBooksHook, gb_hook: QuickBooksHook) -> None:
    assert hook.test_connection() == (True, "Harbour Compressors Inc (US) is reached and its preferences fit")
    assert gb_hook.test_connection() == (True, "Harbour Compressors Ltd (GB) is reached and its preferences fit")


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"home_currency": "CAD"}, "the home currency is USD"),
        ({"multicurrency": False}, "multicurrency is on"),
        ({"tax_mode": "global"}, "the tax regime is us"),
        ({"realm_id": GB_REALM}, "not authorised for this company"),
        ({"refresh_token": "RT1-wrong"}, "connection withdrawn"),
    ],
)
def test_a_connection_that_does_not_fit_the_company_says_why(quickbooks: Sandbox, extra: dict[str, Any], words: str) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, **extra)) as hook:
        works, says = hook.test_connection()
    assert not works
    assert words in says


def test_a_company_that_numbers_documents_itself_is_reported(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    quickbooks.inject("quickbooks", "auto_number")
    works, says = hook.test_connection()
    assert not works
    assert "custom transaction numbers are off" in says


def test_a_connection_without_a_realm_names_the_missing_field(quickbooks: Sandbox) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, realm_id="")) as hook, pytest.raises(ConfigurationError) as error:
        hook.find_invoice("x", INVOICE)
    assert "realm_id" in str(error.value)


def test_without_a_host_production_is_meant() -> None:
    assert QuickBooksHook("quickbooks_us", account=Account()).root() == "https://quickbooks.api.intuit.com"


def test_every_call_asks_for_json_and_minor_version_75(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    booked(hook)
    calls = [each for each in quickbooks.requests("quickbooks") if "/v3/company/" in each.path]
    assert calls
    assert all(each.headers["accept"] == "application/json" and "minorversion=75" in each.path for each in calls)


# -- tokens -----------------------------------------------------------------------------------------------------------------


def test_a_token_that_expires_in_the_middle_is_renewed_once_and_the_call_repeated(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    hook.find_invoice("x", INVOICE)
    quickbooks.inject("quickbooks", "expire_tokens", times=1)
    booked(hook)
    assert len(asked(quickbooks, "POST", "/tokens/bearer")) == 2
    assert numbers(quickbooks) == ["US-SI-004711"]


def test_the_newest_refresh_token_is_the_one_used_next(quickbooks: Sandbox) -> None:
    tokens = MemoryTokens()
    account = account_of(quickbooks)
    for _ in range(3):
        quickbooks.inject("quickbooks", "rotate_refresh_token", times=1)
        with QuickBooksHook("quickbooks_us", account=account, tokens=tokens) as hook:
            hook.renew_token()
            assert hook.test_connection()[0]
    newest = tokens.read("quickbooks_us")
    assert newest is not None
    assert newest.refresh != account.extra["refresh_token"]


def test_a_refresh_token_that_a_person_put_into_the_connection_replaces_the_stored_one(quickbooks: Sandbox) -> None:
    tokens = MemoryTokens()
    tokens.renew("quickbooks_us", None, lambda _: Token(access="old", refresh="RT1-revoked", seed="another"), Credentials(seed="another"))
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks), tokens=tokens) as hook:
        hook.renew_token()
        assert hook.test_connection()[0]


def test_a_withdrawn_connection_stops_and_keeps_the_stored_token(quickbooks: Sandbox) -> None:
    tokens = MemoryTokens()
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks), tokens=tokens) as hook:
        hook.token()
        kept = tokens.read("quickbooks_us")
        quickbooks.inject("quickbooks", "revoke_refresh_token", times=1)
        quickbooks.inject("quickbooks", "expire_tokens", times=1)
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome, error.value.code) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "invalid_grant")
    assert tokens.read("quickbooks_us") == kept


def test_a_wrong_client_secret_stops_without_storm(quickbooks: Sandbox) -> None:
    account = account_of(quickbooks)
    wrong = Account(host=account.host, login=account.login, password="not-the-secret", extra=account.extra)
    with QuickBooksHook("quickbooks_us", account=wrong) as hook, pytest.raises(PlatformError) as error:
        hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.code) == (Action.STOP, "invalid_client")
    assert len(asked(quickbooks, "POST", "/tokens/bearer")) == 1


def test_a_failure_of_the_token_end_point_says_that_nothing_was_booked(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "error_before_commit", path="/tokens/bearer$", status=500, html=True)
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks)) as later, pytest.raises(PlatformError) as error:
        later.create_invoices([sent])
    assert error.value.outcome is Outcome.DID_NOT_HAPPEN


def test_a_just_issued_token_may_fail_for_a_moment(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    quickbooks.inject("quickbooks", "new_token_fails", times=1)
    assert hook.test_connection()[0]


def test_no_secret_is_in_errors_or_logs(quickbooks: Sandbox, caplog: pytest.LogCaptureFixture) -> None:
    account = account_of(quickbooks)
    with caplog.at_level(logging.DEBUG), QuickBooksHook("quickbooks_us", account=account) as hook:
        token = hook.token()
        quickbooks.inject("quickbooks", "disconnect_app")
        with pytest.raises(PlatformError) as error:
            hook.find_invoice("x", INVOICE)
    told = f"{caplog.text} {error.value} {error.value.body} {error.value!r} {hook.account!r} {token!r}"
    assert not [secret for secret in (account.password, account.extra["refresh_token"], token.access) if secret in told]


# -- customers --------------------------------------------------------------------------------------------------------------


def test_a_customer_is_created_once_and_found_by_its_code_after_it_was_renamed(hook: QuickBooksHook, us: Company) -> None:
    first = hook.ensure_customer(BUYER, "USD")
    renamed = BUYER.model_copy(update={"name": "Northgate Compressed Air Ltd"})
    assert hook.ensure_customer(renamed, "USD") == first
    (row,) = us.found("Customer")
    assert (row["DisplayName"], row["PrimaryEmailAddr"]["Address"]) == ("Northgate Air Ltd (C-US-0042)", "ap@northgate.example")


def test_a_second_currency_of_a_customer_is_a_second_customer(hook: QuickBooksHook, us: Company) -> None:
    dollars, euros = hook.ensure_customer(BUYER, "USD"), hook.ensure_customer(BUYER, "EUR")
    assert dollars != euros
    assert hook.ensure_customer(BUYER, "EUR") == euros
    assert {row["CurrencyRef"]["value"] for row in us.found("Customer")} == {"USD", "EUR"}


def test_a_code_is_not_found_in_a_longer_code(hook: QuickBooksHook) -> None:
    longer = hook.ensure_customer(Party(code="C-US-00421", name="Somebody Else"), "USD")
    assert hook.ensure_customer(BUYER, "USD") != longer


def test_a_customer_that_people_entered_is_taken_when_only_one_fits(hook: QuickBooksHook, us: Company) -> None:
    by_hand = us.customer("Northgate Air Ltd")
    us.customer("Northgate Air Ltd (C-US-0077)")
    assert hook.ensure_customer(BUYER, "USD") == by_hand


def test_a_namesake_with_another_mail_address_is_not_taken(hook: QuickBooksHook, us: Company) -> None:
    us.post("/customer", {"DisplayName": "Northgate Air Ltd", "PrimaryEmailAddr": {"Address": "someone@else.example"}})
    created = hook.ensure_customer(BUYER, "USD")
    assert us.get(f"/customer/{created}")[1]["Customer"]["DisplayName"] == "Northgate Air Ltd (C-US-0042)"


def test_two_customers_of_one_name_are_never_merged(hook: QuickBooksHook, us: Company) -> None:
    by_hand = us.post("/customer", {"DisplayName": "Northgate Air Ltd", "Notes": "Calls on Mondays"})[1]["Customer"]["Id"]
    namesake = BUYER.model_copy(update={"code": "C-US-0099"})
    assert hook.ensure_customer(BUYER, "USD") == by_hand
    assert hook.ensure_customer(namesake, "USD") != by_hand
    assert hook.ensure_customer(BUYER, "USD") == by_hand
    row = us.get(f"/customer/{by_hand}")[1]["Customer"]
    assert (row["DisplayName"], row["Notes"]) == ("Northgate Air Ltd", "Calls on Mondays\nCustomer code: C-US-0042")


def test_quotes_and_backslashes_in_names_and_codes_find_their_customer(hook: QuickBooksHook) -> None:
    odd = Party(code="C'\\1", name="O'Brien \\ Söhne ✓ & Co", contact=Contact(email="ap@obrien.example"))
    assert hook.ensure_customer(odd, "USD") == hook.ensure_customer(odd, "USD")


def test_an_inactive_customer_is_for_a_person(hook: QuickBooksHook, us: Company) -> None:
    customer = hook.ensure_customer(BUYER, "USD")
    us.post("/customer", {"Id": customer, "SyncToken": "0", "sparse": True, "Active": False})
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(BUYER, "USD")
    assert error.value.action is Action.REVIEW
    assert "inactive" in error.value.rule.says


def test_a_request_that_a_proxy_doubles_makes_one_customer(hook: QuickBooksHook, quickbooks: Sandbox, us: Company) -> None:
    quickbooks.inject("quickbooks", "duplicate_delivery", method="POST", path="/customer$")
    assert hook.ensure_customer(BUYER, "USD") == us.found("Customer")[0]["Id"]
    assert len(us.found("Customer")) == 1


def test_a_name_that_a_vendor_has_is_for_a_person(hook: QuickBooksHook, us: Company) -> None:
    us.simulator.realms[US_REALM].store.table(f"{US_REALM}/names")["northgate air ltd (c-us-0042)"] = {"entity": "Vendor", "id": "9"}
    with pytest.raises(PlatformError) as error:
        hook.ensure_customer(BUYER, "USD")
    assert (error.value.action, error.value.code) == (Action.REVIEW, "6240")


# -- create -----------------------------------------------------------------------------------------------------------------


def test_a_full_us_invoice_comes_back_to_the_cent(hook: QuickBooksHook, us: Company) -> None:
    lines = (
        line(price="18450.00", dimensions={"department": "WHOLESALE"}, warehouse="MAIN", **TAXED),
        line("2", "7", "38.175", item_code="VLV-SAF-11", name="Safety valve", **TAXED),
        line("3", "1", "320.00", item_code="FRT-STD", name="Freight", kind="freight", **TAXED),
    )
    net = sum(each.net_amount for each in lines) - Decimal("749.74")
    tax = (net * Decimal("0.0825")).quantize(Decimal("0.01"))
    sales = document(
        lines=lines, allowances=(allowance("749.74", "US-TX", "8.25"),), tax=str(tax), terms=NET_30, **foreign("EUR", "1.086957")
    )
    sent, remote = booked(hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()
    row = us.get(f"/invoice/{remote.remote_id}")[1]["Invoice"]
    assert (row["DueDate"], row["SalesTermRef"]["name"], row["DepartmentRef"]["name"]) == ("2026-04-01", "Net 30", "MAIN")
    assert row["Line"][0]["SalesItemLineDetail"]["ClassRef"]["name"] == "WHOLESALE"
    assert row["ExchangeRate"] == Decimal("1.086957")


def test_automated_sales_tax_takes_our_total_whatever_it_would_compute(quickbooks: Sandbox) -> None:
    quickbooks.inject("quickbooks", "automated_sales_tax")
    sales = document(lines=(line("1", "1", "100.00", **TAXED),), tax="8.25")
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, tax_mode="us_automated")) as hook:
        assert hook.test_connection()[0]
        sent, remote = booked(hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()


def test_a_british_invoice_with_two_rates_comes_back_to_the_cent(gb_hook: QuickBooksHook) -> None:
    lines = (
        line("1", "3", "33.33", tax_code="GB-S20", tax_category="S", tax_rate=Decimal(20)),
        line("2", "1", "10.10", tax_code="GB-R5", tax_category="S", tax_rate=Decimal(5)),
    )
    sales = document(lines=lines, allowances=(allowance("9.99", "GB-S20", "20"),), tax="18.51", currency="GBP")
    sent, remote = booked(gb_hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()


def test_a_mixed_tax_discount_and_a_document_charge_come_back_to_the_cent(hook: QuickBooksHook) -> None:
    lines = (line("1", "3", "33.33", **TAXED), line("2", "1", "0.02", **TAXED), line("3", "1", "80.00"))
    extras = (allowance("7.77", "US-TX", "8.25"), allowance("25.00", "US-TX", "8.25", is_charge=True, reason="Surcharge"))
    tax = ((Decimal("99.99") + Decimal("0.02") - Decimal("7.77") + 25) * Decimal("0.0825")).quantize(Decimal("0.01"))
    sales = document(lines=lines, allowances=extras, tax=str(tax))
    sent, remote = booked(hook, sales)
    assert differences(sales, remote, sent.references.customer) == ()


def test_a_credit_note_becomes_a_credit_memo(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    note = document(CreditNote, number="US-CN-000017", lines=(line("1", "1", "84.50", **TAXED),), tax="6.97")
    sent, remote = booked(hook, note)
    assert differences(note, remote, sent.references.customer) == ()
    assert [each.kind for each in quickbooks.books("quickbooks").documents] == ["credit_note"]
    assert hook.find_invoice("US-CN-000017", CREDIT_NOTE) == [remote]
    assert hook.find_invoice("US-CN-000017", INVOICE) == []


def test_amounts_beyond_binary_floating_point_survive(hook: QuickBooksHook) -> None:
    _, remote = booked(hook, document(lines=(line("1", "1", "12345678901234567.89"),)))
    assert remote.total == Decimal("12345678901234567.89")


def test_thirty_documents_go_in_one_batch_and_are_matched_by_id(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    first = sending(hook, document(number="US-SI-000000"))
    batch = [first, *(Sending(key=key(), document=document(number=f"US-SI-{n:06d}"), references=first.references) for n in range(1, 30))]
    quickbooks.inject("quickbooks", "shuffle_batch", times=1)
    results = {each.key: each.remote for each in hook.create_invoices(batch)}
    assert {each.key: each.document.number for each in batch} == {sent: remote.number for sent, remote in results.items() if remote}
    assert len(asked(quickbooks, "POST", "/batch")) == 1
    assert len(numbers(quickbooks)) == 30


def batch_of(hook: QuickBooksHook, *sales: Invoice | CreditNote) -> list[Sending]:
    return [sending(hook, each) for each in sales]


def test_a_bad_document_of_a_batch_neither_undoes_nor_delays_the_others(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    good, bad, note = document(number="A1"), document(number="A2", issue_date=date(2025, 6, 1)), document(CreditNote, number="C1")
    quickbooks.inject("quickbooks", "lock_period", until="2025-12-31")
    batch = batch_of(hook, good, bad, note)
    results = {each.key: each for each in hook.create_invoices(batch)}
    error = results[batch[1].key].error
    assert error is not None
    assert (error.action, error.outcome, error.rule.name) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "period closed")
    assert sorted(numbers(quickbooks)) == ["A1", "C1"]
    assert all(results[batch[n].key].outcome is Outcome.HAPPENED for n in (0, 2))


def test_a_batch_item_with_a_system_failure_is_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    batch = batch_of(hook, document(number="A1"), document(number="A2"))
    quickbooks.inject("quickbooks", "partial_batch", times=1, positions=[0])
    results = {each.key: each for each in hook.create_invoices(batch)}
    assert (results[batch[0].key].outcome, results[batch[1].key].outcome) == (Outcome.UNKNOWN, Outcome.HAPPENED)


def test_a_document_that_the_batch_answer_does_not_name_gets_no_result(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    batch = batch_of(hook, document(number="A1"), document(number="A2"))
    quickbooks.inject("quickbooks", "drop_batch_item", times=1)
    assert [each.key for each in hook.create_invoices(batch)] == [batch[1].key]
    assert numbers(quickbooks) == ["A1", "A2"]


def test_a_code_without_entry_holds_back_its_document_alone(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    good = sending(hook, document(number="A1"))
    lost = Sending(key=key(), document=document(number="A2"), references=References(customer=good.references.customer))
    results = {each.key: each for each in hook.create_invoices([good, lost])}
    error = results[lost.key].error
    assert error is not None
    assert error.action is Action.REVIEW
    assert numbers(quickbooks) == ["A1"]


# -- exactly once -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["reset_after_commit", "error_after_commit", "malformed_body", "truncated_body", "empty_body"])
def test_a_lost_answer_is_unknown_and_the_look_up_finds_the_one_document(hook: QuickBooksHook, quickbooks: Sandbox, fault: str) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", fault, method="POST", path="/invoice$")
    (result,) = hook.create_invoices([sent])
    assert result.outcome is Outcome.UNKNOWN
    (found,) = hook.find_invoice("US-SI-004711", INVOICE)
    assert differences(sent.document, found, sent.references.customer) == ()
    assert numbers(quickbooks) == ["US-SI-004711"]


def test_a_time_out_is_longer_than_the_vendors_and_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    assert hook.spec.read_timeout_seconds > 120
    assert hook.spec.settle_seconds > 120
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "timeout_after_commit", method="POST", path="/invoice$", seconds=5)
    (result,) = hook.create_invoices([sent])
    assert result.outcome is Outcome.UNKNOWN
    assert len(asked(quickbooks, "POST", "/invoice")) == 1


def test_the_same_sending_again_books_nothing_more_even_if_its_number_is_not_found(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "query_lag", lookups=1, times=1)
    (first,) = hook.create_invoices([sent])
    (second,) = hook.create_invoices([sent])
    assert first.remote == second.remote
    assert len(numbers(quickbooks)) == 1


def test_a_number_in_use_is_never_used_again_even_where_the_company_allows_it(hook: QuickBooksHook, us: Company) -> None:
    us.invoice(us.customer("Somebody Else"), "US-SI-004711")
    us.sandbox.inject("quickbooks", "allow_duplicate_numbers")
    error = refused(hook)
    assert (error.action, error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert numbers(us.sandbox) == ["US-SI-004711"]


def test_a_number_that_the_vendor_refuses_is_looked_up_and_not_sent_again(hook: QuickBooksHook, us: Company) -> None:
    us.sandbox.inject("quickbooks", "query_lag", lookups=1, times=1)
    us.invoice(us.customer("Somebody Else"), "US-SI-004711")
    error = refused(hook)
    assert (error.action, error.outcome, error.code) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN, "6140")
    assert len(asked(us.sandbox, "POST", "/invoice")) == 2


def test_a_voided_document_does_not_hold_its_number_as_ours(hook: QuickBooksHook) -> None:
    _, remote = booked(hook)
    hook.void_invoice(remote, on=date(2026, 3, 3), reason="cancelled", key=key())
    assert hook.find_invoice("US-SI-004711", INVOICE) == []


def test_an_equal_request_still_running_is_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "request_in_flight", times=1)
    (result,) = hook.create_invoices([sent])
    assert result.error is not None
    assert (result.error.code, result.outcome) == ("600", Outcome.UNKNOWN)


def test_many_numbers_are_found_by_one_query_of_a_kind(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    for number in ("A1", "A2"):
        booked(hook, document(number=number))
    before = len(asked(quickbooks, "GET", "/query"))
    found = hook.find_invoices([("A1", INVOICE), ("A2", INVOICE), ("A3", INVOICE)])
    assert [len(each) for each in found.values()] == [1, 1, 0]
    assert len(asked(quickbooks, "GET", "/query")) == before + 1


def test_the_echo_shows_a_tax_that_the_platform_computed_otherwise(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document(lines=(line(**TAXED),), tax="3044.25"))
    quickbooks.inject("quickbooks", "wrong_tax", times=1)
    (result,) = hook.create_invoices([sent])
    assert result.remote is not None
    assert [each.field for each in differences(sent.document, result.remote, sent.references.customer)] == ["tax total", "total with tax"]


def test_the_echo_shows_a_number_that_the_company_gave_itself(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "auto_number")
    (result,) = hook.create_invoices([sent])
    assert result.remote is not None
    assert result.remote.number == "1001"
    assert [each.field for each in differences(sent.document, result.remote, sent.references.customer)] == ["number"]


# -- errors -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code", "action", "outcome"),
    [
        ("subscription_ended", "6190", Action.STOP, Outcome.DID_NOT_HAPPEN),
        ("no_permission", "5020", Action.STOP, Outcome.DID_NOT_HAPPEN),
        ("fault_under_200", "6000", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
        ("system_failure", "10000", Action.LOOK_UP, Outcome.UNKNOWN),
    ],
)
def test_what_an_error_means(hook: QuickBooksHook, quickbooks: Sandbox, fault: str, code: str, action: Action, outcome: Outcome) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", fault, times=1)
    (result,) = hook.create_invoices([sent])
    assert result.error is not None
    assert (result.error.code, result.error.action, result.error.outcome) == (code, action, outcome)
    assert result.error.request_id.startswith("1-")
    assert numbers(quickbooks) == []


@pytest.mark.parametrize("code", ["6200", "6210"])
def test_a_closed_period_tells_a_person_how_to_go_on(hook: QuickBooksHook, quickbooks: Sandbox, code: str) -> None:
    quickbooks.inject("quickbooks", "lock_period", until="2026-12-31", code=code)
    error = refused(hook)
    assert (error.action, error.rule.name, error.code) == (Action.REVIEW, "period closed", code)
    assert "later posting date" in error.rule.fix


def test_throttling_is_waited_out(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    hook.token()
    quickbooks.inject("quickbooks", "throttle", times=1)
    assert hook.find_invoice("x", INVOICE) == []


def test_a_gateways_html_page_is_unknown_for_a_write_and_repeated_for_a_read(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    quickbooks.inject("quickbooks", "error_before_commit", method="POST", path="/invoice$", status=502, html=True)
    (result,) = hook.create_invoices([sent])
    assert result.outcome is Outcome.UNKNOWN
    quickbooks.inject("quickbooks", "error_before_commit", method="GET", status=503, html=True)
    assert hook.find_invoice("US-SI-004711", INVOICE) == []


def test_a_server_that_is_not_there_certainly_did_nothing(quickbooks: Sandbox) -> None:
    there = account_of(quickbooks)
    away = Account(host="http://127.0.0.1:9", login=there.login, password=there.password, extra=there.extra)
    with QuickBooksHook("quickbooks_us", account=away) as hook, pytest.raises(PlatformError) as error:
        hook.find_invoice("x", INVOICE)
    assert (error.value.action, error.value.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"number": "X" * 22}, "2050"),
        ({"lines": (line(tax_code="US-EX", item_code="CMP-RS-75", net_amount=Decimal("1.005")),)}, "6070"),
    ],
)
def test_what_the_connector_refuses_the_vendor_refuses_too(hook: QuickBooksHook, change: dict[str, Any], code: str) -> None:
    sales = document(**change)
    assert hook.refusals(sales)
    error = refused(hook, sales)
    assert (error.action, error.outcome, error.code) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, code)


def test_a_reference_that_is_gone_is_for_a_person(hook: QuickBooksHook) -> None:
    good = sending(hook, document())
    unknown = Sending(
        key=key(),
        document=good.document,
        references=References(customer="99999", entries=good.references.entries, settings=hook.settings()),
    )
    (result,) = hook.create_invoices([unknown])
    assert result.error is not None
    assert (result.error.action, result.error.code, result.error.field) == (Action.REVIEW, "2500", "CustomerRef")


def test_the_wrong_tax_regime_is_refused_with_a_way_out(quickbooks: Sandbox) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, tax_mode="global")) as hook:
        error = refused(hook, document(lines=(line(**TAXED),), tax="3044.25"))
    assert (error.code, error.rule.name) == ("6100", "invalid tax code")
    assert "tax_mode" in error.rule.fix


# -- update -----------------------------------------------------------------------------------------------------------------


def test_an_update_makes_the_platforms_document_equal_to_ours(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook, document(internal_note="first", lines=(line("1"), line("2", "1", "10.00"))))
    revised = document(lines=(line("1", "3"),), allowances=(allowance("50.00"),))
    update = Sending(key=key(), document=revised, references=sent.references)
    result = hook.update_invoice(update, remote)
    assert result.remote is not None
    assert differences(revised, result.remote, sent.references.customer) == ()
    row = us.get(f"/invoice/{remote.remote_id}")[1]["Invoice"]
    assert "PrivateNote" not in row
    assert [each.get("Id") for each in row["Line"]] == ["1", "2", None]
    assert numbers(us.sandbox) == ["US-SI-004711"]


def test_a_stale_token_is_re_read_and_the_update_sent_once_more(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, remote = booked(hook)
    quickbooks.inject("quickbooks", "edit_in_between", times=1)
    result = hook.update_invoice(Sending(key=key(), document=document(notes=("new",)), references=sent.references), remote)
    assert result.error is None
    assert len(asked(quickbooks, "POST", "/invoice")) == 3


def test_a_token_that_stays_stale_is_given_back_to_the_engine(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, remote = booked(hook)
    quickbooks.inject("quickbooks", "edit_in_between", times=2)
    result = hook.update_invoice(Sending(key=key(), document=document(notes=("new",)), references=sent.references), remote)
    assert result.error is not None
    assert (result.error.action, result.error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)


def test_a_payment_in_between_does_not_stop_an_update(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    result = hook.update_invoice(Sending(key=key(), document=document(notes=("new",)), references=sent.references), remote)
    assert result.remote is not None
    assert result.remote.balance == remote.total - 10


def test_what_a_person_changed_is_not_overwritten(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.post("/invoice", {"Id": remote.remote_id, "SyncToken": "0", "sparse": True, "Line": [us.line("5.00")]})
    result = hook.update_invoice(Sending(key=key(), document=document(), references=sent.references), remote)
    assert result.error is not None
    assert (result.error.action, result.error.rule.name) == (Action.REVIEW, "changed in QuickBooks")
    assert us.get(f"/invoice/{remote.remote_id}")[1]["Invoice"]["TotalAmt"] == Decimal("5.00")


def test_an_update_of_a_deleted_document_is_for_a_person(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.post("/invoice", {"Id": remote.remote_id, "SyncToken": "0"}, operation="delete")
    assert hook.get_invoice(remote.remote_id, INVOICE) is None
    result = hook.update_invoice(Sending(key=key(), document=document(), references=sent.references), remote)
    assert result.error is not None
    assert result.error.action is Action.REVIEW
    assert numbers(us.sandbox) == []


# -- void -------------------------------------------------------------------------------------------------------------------


def void(hook: QuickBooksHook, remote: Any) -> Any:
    return hook.void_invoice(remote, on=date(2026, 3, 3), reason="cancelled", key=key())


def test_void_keeps_the_record_and_zeroes_it(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    _, remote = booked(hook)
    result = void(hook, remote)
    assert (result.remote.status, result.remote.total, result.note) == (DocumentStatus.VOID, 0, "")
    assert numbers(quickbooks) == ["US-SI-004711"]


def test_a_credit_memo_is_deleted_because_it_cannot_be_voided(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    _, remote = booked(hook, document(CreditNote, number="US-CN-000017"))
    result = void(hook, remote)
    assert (result.remote.status, result.note) == (DocumentStatus.VOID, "deleted")
    assert numbers(quickbooks) == []


def test_a_void_with_a_stale_token_is_repeated_only_if_nothing_else_changed(hook: QuickBooksHook, us: Company) -> None:
    _, remote = booked(hook)
    us.post("/invoice", {"Id": remote.remote_id, "SyncToken": "0", "sparse": True, "PrivateNote": "checked"})
    assert void(hook, remote).remote.status is DocumentStatus.VOID


def test_a_payment_that_came_in_between_stops_the_void(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    result = void(hook, remote)
    assert result.error is not None
    assert result.error.action is Action.REVIEW
    assert us.sandbox.books("quickbooks").documents[0].status == "partially_paid"


def test_a_paid_invoice_that_is_voided_leaves_its_payment_as_credit_and_says_so(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    result = void(hook, hook.get_invoice(remote.remote_id, INVOICE))
    assert result.note == "what was paid on it is unapplied credit now"


def test_a_deposited_payment_stops_the_void_and_names_the_remedy(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    us.pay(sent.references.customer, "10.00", ("Invoice", remote.remote_id, "10.00"))
    us.sandbox.inject("quickbooks", "deposit_payments", times=1)
    result = void(hook, hook.get_invoice(remote.remote_id, INVOICE))
    assert result.error is not None
    assert (result.error.action, result.error.rule.name) == (Action.REVIEW, "deposited")


def test_what_is_void_or_deleted_already_counts_as_voided(hook: QuickBooksHook, us: Company) -> None:
    _, first = booked(hook, document(number="A1"))
    _, second = booked(hook, document(number="A2"))
    us.post("/invoice", {"Id": first.remote_id, "SyncToken": "0"}, operation="void")
    us.post("/invoice", {"Id": second.remote_id, "SyncToken": "0"}, operation="delete")
    assert (void(hook, first).note, void(hook, second).note) == ("was void already", "was deleted already")


def test_a_lost_answer_to_a_void_is_unknown(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    _, remote = booked(hook)
    quickbooks.inject("quickbooks", "reset_after_commit", method="POST")
    result = void(hook, remote)
    assert result.error.outcome is Outcome.UNKNOWN
    assert hook.get_invoice(remote.remote_id, INVOICE).status is DocumentStatus.VOID  # type: ignore[union-attr]


# -- payments ---------------------------------------------------------------------------------------------------------------


def payment(*allocations: Allocation, **more: Any) -> Payment:
    fields: dict[str, Any] = {
        "source": "bank",
        "source_id": "stmt-1/7",
        "customer_code": BUYER.code,
        "received_on": date(2026, 3, 20),
        "amount": Decimal("100.00"),
        "currency": "USD",
        "reference": "WIRE-5521 RE INVOICE US-SI-004711",
        "allocations": allocations,
        **more,
    }
    return Payment(**fields)


def pay(hook: QuickBooksHook, what: Payment, customer: str, attempt: str | None = None) -> Any:
    methods = hook.find_reference(ReferenceKind.PAYMENT_METHOD, ["Wire"])
    entries = {(ReferenceKind.PAYMENT_METHOD, "Wire"): methods[0]}
    found = References(entries=entries, settings=hook.settings())
    return hook.apply_payment(what, customer_id=customer, key=attempt or key(), references=found)


def part(remote: Any, amount: str) -> Allocation:
    return Allocation(document_number=remote.number, remote_id=remote.remote_id, amount=Decimal(amount))


def test_a_payment_pays_two_invoices_and_keeps_the_rest_as_credit(hook: QuickBooksHook, us: Company) -> None:
    sent, one = booked(hook, document(number="A1", lines=(line("1", "1", "60.00"),)))
    _, two = booked(hook, document(number="A2", lines=(line("1", "1", "60.00"),)))
    done = pay(hook, payment(part(one, "60.00"), part(two, "30.00"), method="Wire"), sent.references.customer)
    assert {each.remote_id: each.amount for each in done.allocations} == {one.remote_id: Decimal(60), two.remote_id: Decimal(30)}
    assert done.reference == "WIRE-5521 RE INVOICE"
    assert [each.status for each in us.sandbox.books("quickbooks").documents] == ["paid", "partially_paid"]
    row = us.get(f"/payment/{done.remote_id}")[1]["Payment"]
    assert (row["UnappliedAmt"], row["PaymentMethodRef"]["name"], row["DepositToAccountRef"]) == (Decimal(10), "Wire", {"value": "1"})
    assert "WIRE-5521 RE INVOICE US-SI-004711" in row["PrivateNote"]


@pytest.mark.parametrize("same_key", [True, False])
def test_the_same_payment_again_is_found_and_not_booked_twice(hook: QuickBooksHook, quickbooks: Sandbox, same_key: bool) -> None:
    sent, remote = booked(hook)
    first, second = "key-1", "key-1" if same_key else "key-2"
    done = pay(hook, payment(part(remote, "100.00")), sent.references.customer, first)
    assert pay(hook, payment(part(remote, "100.00")), sent.references.customer, second) == done
    assert len(quickbooks.books("quickbooks").payments) == 1


def test_two_equal_payments_of_one_day_are_two(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, _ = booked(hook)
    pay(hook, payment(), sent.references.customer)
    pay(hook, payment(source_id="stmt-1/8"), sent.references.customer)
    assert len(quickbooks.books("quickbooks").payments) == 2


def test_a_foreign_payment_carries_its_rate(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook, document(**foreign("EUR", "1.08")))
    done = pay(hook, payment(part(remote, "100.00"), **foreign("EUR", "1.10")), sent.references.customer)
    row = us.get(f"/payment/{done.remote_id}")[1]["Payment"]
    assert (row["CurrencyRef"]["value"], row["ExchangeRate"]) == ("EUR", Decimal("1.10"))


def test_more_than_the_open_balance_is_refused(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, remote = booked(hook, document(lines=(line("1", "1", "60.00"),)))
    with pytest.raises(PlatformError) as error:
        pay(hook, payment(part(remote, "60.01")), sent.references.customer)
    assert (error.value.action, error.value.outcome, error.value.code) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN, "6000")
    assert quickbooks.books("quickbooks").payments == []


@pytest.mark.parametrize(
    "odd",
    [
        payment(kind=PaymentKind.REFUND),
        payment(kind=PaymentKind.CHARGE_BACK),
        payment(Allocation(document_number="A1", remote_id="1", amount=Decimal(98), discount=Decimal(2))),
        payment(Allocation(document_number="A1", remote_id="1", amount=Decimal(98), write_off=Decimal(2))),
        payment(bank_fee=Decimal("3.50")),
        payment(bank_account="SAVINGS"),
        payment(Allocation(document_number="A1", remote_id="1", amount=Decimal(101))),
    ],
    ids=["refund", "charge-back", "early-payment discount", "write-off", "fee", "account without mapping", "too much"],
)
def test_what_a_quickbooks_payment_cannot_say_is_refused_before_sending(hook: QuickBooksHook, quickbooks: Sandbox, odd: Payment) -> None:
    with pytest.raises(PlatformError) as error:
        pay(hook, odd, "1")
    assert error.value.action is Action.REVIEW
    assert asked(quickbooks, "POST", "/payment") == []


def test_parts_of_a_payment_for_one_invoice_are_one_line(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    done = pay(hook, payment(part(remote, "60.00"), part(remote, "40.00")), sent.references.customer)
    assert [line["Amount"] for line in us.get(f"/payment/{done.remote_id}")[1]["Payment"]["Line"]] == [Decimal(100)]


@pytest.mark.parametrize(
    ("extra", "fields"),
    [({"multicurrency": False}, foreign("EUR", "1.10")), ({}, foreign("EUR", "0.87", base="GBP"))],
    ids=["multicurrency is off", "rate to another currency"],
)
def test_a_foreign_payment_is_never_booked_as_home_currency_or_at_another_ledgers_rate(
    quickbooks: Sandbox, extra: dict[str, Any], fields: dict[str, Any]
) -> None:
    with QuickBooksHook("quickbooks_us", account=account_of(quickbooks, **extra)) as connected, pytest.raises(PlatformError) as error:
        pay(connected, payment(**fields), connected.ensure_customer(BUYER, "USD" if extra else "EUR"))
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert quickbooks.books("quickbooks").payments == []


def test_a_payment_that_is_there_with_another_amount_is_not_told_as_done(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent, _ = booked(hook)
    pay(hook, payment(), sent.references.customer)
    with pytest.raises(PlatformError, match="100") as error:
        pay(hook, payment(amount=Decimal("120.00")), sent.references.customer)
    assert (error.value.action, error.value.outcome) == (Action.REVIEW, Outcome.HAPPENED)
    assert len(quickbooks.books("quickbooks").payments) == 1


def hour_ago(sandbox: Sandbox) -> datetime:
    return sandbox.simulators["quickbooks"].clock.now() - timedelta(hours=1)


def test_changed_voided_and_deleted_payments_are_listed(hook: QuickBooksHook, us: Company) -> None:
    sent, remote = booked(hook)
    customer = sent.references.customer
    kept = us.pay(customer, "10.00", ("Invoice", remote.remote_id, "10.00"), PaymentRefNum="W-1")[1]["Payment"]["Id"]
    voided, deleted = (us.pay(customer, "5.00")[1]["Payment"]["Id"] for _ in range(2))
    us.post("/payment", {"Id": voided, "SyncToken": "0", "sparse": True}, operation="update", include="void")
    us.post("/payment", {"Id": deleted, "SyncToken": "0"}, operation="delete")
    listed = {each.remote_id: each for each in hook.list_payments(hour_ago(us.sandbox))}
    assert {row: each.reversed for row, each in listed.items()} == {kept: False, voided: True, deleted: True}
    assert (listed[kept].amount, listed[kept].reference, listed[kept].customer_id) == (Decimal(10), "W-1", customer)
    assert [(each.remote_id, each.amount) for each in listed[kept].allocations] == [(remote.remote_id, Decimal(10))]


def test_payments_of_before_are_not_listed_and_a_look_further_back_than_30_days_is_possible(hook: QuickBooksHook, us: Company) -> None:
    us.pay(us.customer(), "5.00")
    assert list(hook.list_payments(datetime.now(UTC) + timedelta(hours=1))) == []
    assert len(list(hook.list_payments(datetime.now(UTC) - timedelta(days=90)))) == 1


def test_paging_by_time_loses_no_payment_that_changes_meanwhile(hook: QuickBooksHook, us: Company) -> None:
    customer = us.customer()
    made = []
    for minute in range(5):
        us.simulator.clock.offset = timedelta(minutes=minute)
        made.append(us.pay(customer, "5.00")[1]["Payment"]["Id"])
    hook.page_size = 2
    listing = hook.list_payments(datetime.now(UTC) - timedelta(hours=1))
    first = next(listing)
    us.simulator.clock.offset = timedelta(minutes=10)
    us.post("/payment", {"Id": first.remote_id, "SyncToken": "0", "sparse": True, "PrivateNote": "seen"})
    assert {first.remote_id, *(each.remote_id for each in listing)} == set(made)


def test_many_payments_of_one_second_are_paged_by_position(hook: QuickBooksHook, us: Company) -> None:
    customer = us.customer()
    made = {us.pay(customer, "5.00")[1]["Payment"]["Id"] for _ in range(5)}
    for row in us.simulator.realms[US_REALM].table("Payment").values():
        row["MetaData"]["LastUpdatedTime"] = "2026-11-20T08:00:00-08:00"
    hook.page_size = 2
    listed = [each.remote_id for each in hook.list_payments(datetime(2026, 11, 1, tzinfo=UTC)) if not each.reversed]
    assert sorted(listed) == sorted(made)


# -- reference lists --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "codes"),
    [
        (ReferenceKind.TAX_CODE, {"TAX", "NON", "California", "Texas"}),
        (ReferenceKind.TERMS, {"Net 30", "Net 14", "2% 10 Net 30", "Due on receipt"}),
        (ReferenceKind.CURRENCY, {"USD", "GBP", "AUD", "EUR"}),
        (ReferenceKind.DIMENSION, {"WHOLESALE", "SERVICE", "MAIN", "NORTH"}),
        (ReferenceKind.PAYMENT_METHOD, {"Wire", "Check", "Card"}),
        (ReferenceKind.ACCOUNT, {"1000", "1100", "1150", "2200", "4000", "4010", "4100", "4800", "4900"}),
        (ReferenceKind.UNIT, set()),
    ],
)
def test_the_platforms_own_lists_are_read(hook: QuickBooksHook, kind: ReferenceKind, codes: set[str]) -> None:
    assert {item.code for item in hook.list_reference(kind)} == codes


def test_items_are_listed_page_by_page_and_found_by_name(hook: QuickBooksHook, us: Company) -> None:
    hook.page_size = 10
    items = {item.code: item for item in hook.list_reference(ReferenceKind.ITEM)}
    assert len(items) == 36
    hook.page_size = 1000
    (found,) = hook.find_reference(ReferenceKind.ITEM, ["CMP-RS-75", "NOT-THERE"])
    assert (found, found.name, found.details["sku"]) == (items["CMP-RS-75"], "Rotary screw compressor 75 kW", "CMP-RS-75")


def test_an_inactive_item_is_found_and_marked(hook: QuickBooksHook, us: Company) -> None:
    table = us.simulator.realms[US_REALM].table("Item")
    table[us.item("CMP-RS-75")] = {**table[us.item("CMP-RS-75")], "Active": False}
    (found,) = hook.find_reference(ReferenceKind.ITEM, ["CMP-RS-75"])
    assert found.active is False


def test_a_location_with_the_name_of_a_class_is_told_apart(hook: QuickBooksHook, us: Company) -> None:
    realm = us.simulator.realms[US_REALM]
    realm.put("Department", {"Id": "9", "Active": True, "Name": "SERVICE"})
    found = {item.code: item.details["list"] for item in hook.list_reference(ReferenceKind.DIMENSION)}
    assert (found["SERVICE"], found["Location:SERVICE"]) == ("Class", "Department")


# -- preview ----------------------------------------------------------------------------------------------------------------


def test_a_preview_shows_the_exact_request_and_sends_nothing(hook: QuickBooksHook, quickbooks: Sandbox) -> None:
    sent = sending(hook, document())
    before = len(quickbooks.requests("quickbooks"))
    (shown,) = hook.preview([sent])
    (whole,) = hook.preview([sent, sent])
    assert len(quickbooks.requests("quickbooks")) == before
    assert (shown.method, shown.path) == ("POST", f"/v3/company/{US_REALM}/invoice?minorversion=75")
    assert '"Amount":36900.00' in shown.body
    assert "BatchItemRequest" in whole.body
    hook.create_invoices([sent])
    assert asked(quickbooks, "POST", "/invoice")[-1].body == shown.body


def test_the_mail_option_reaches_the_platform(hook: QuickBooksHook, us: Company) -> None:
    (result,) = hook.create_invoices([sending(hook, document(), send_email=True)])
    assert result.remote is not None
    assert us.get(f"/invoice/{result.remote.remote_id}")[1]["Invoice"]["EmailStatus"] == "NeedToSend"
