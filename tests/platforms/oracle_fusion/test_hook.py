"""The connector against the simulator over real HTTP: access, customers, batches, changes, receipts, and every trap of the contract."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from tests.platforms.company import Company, today
from tests.platforms.oracle_fusion.conftest import ROOT, connected

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Payment,
    PaymentKind,
    PaymentTerms,
    RemoteDocument,
    RemotePayment,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.base import PlatformHook, Sent
from airbooks.platforms.errors import PERIOD_CLOSED, Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.oracle_fusion import access
from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator, receipts, transactions
from airbooks.platforms.references import ReferenceKind, References
from airbooks.platforms.tokens import MemoryTokens

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


def asked(company: Company, method: str, path: str = "") -> list[Any]:
    found = company.sandbox.requests("oracle_fusion")
    return [each for each in found if each.method == method and each.path.partition("?")[0].endswith(path)]


def sent(company: Company, hook: PlatformHook, document: Any, **extra: Any) -> Sent:
    sending = company.sending(hook, document, **extra)
    return company.create(hook, sending)[sending.key]


def refused(company: Company, hook: PlatformHook, document: Any) -> PlatformError:
    error = sent(company, hook, document).error
    assert error is not None
    return error


# -- access -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth", ["basic", "oauth2", "jwt"])
def test_each_kind_of_authentication_books_an_invoice(company: Company, auth: str) -> None:
    with connected(company, auth) as hook:
        document = company.small_invoice()
        assert company.book(hook, document).status is DocumentStatus.OPEN


def test_a_self_signed_token_names_certificate_issuer_user_and_its_end(simulator: OracleFusionSimulator) -> None:
    trusted = simulator.access.trusted()
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    made = access.self_signed(issuer="iss", user="USER", private_key=trusted["private"], thumbprint="AbC=", now=now)
    assert made.expires_at == now + timedelta(minutes=30)
    read = jwt.decode(made.access, RSAKey.import_key(trusted["public"]), algorithms=["RS256"])
    assert read.header == {"alg": "RS256", "typ": "JWT", "x5t": "AbC="}
    assert read.claims == {"iss": "iss", "prn": "USER", "iat": 1772366400, "exp": 1772368200}
    assert b'"alg":"RS256"' in urlsafe_b64decode(made.access.split(".")[0] + "==").replace(b" ", b"")


@pytest.mark.parametrize(
    ("auth", "change", "words"),
    [
        ("basic", {"password": "wr0ng-password"}, "user or password refused"),
        ("oauth2", {"password": "wr0ng-secret"}, "client refused"),
        ("oauth2", {"extra": {"scope": "urn:else"}}, "client refused"),
        ("jwt", {"extra": {"username": "NOBODY"}}, "token refused"),
        ("jwt", {"extra": {"jwt_cert_thumbprint": "AAAA"}}, "token refused"),
        ("jwt", {"extra": {"jwt_private_key": "no key"}}, "jwt_private_key is not an RSA private key"),
        ("basic", {"extra": {"business_unit": ""}}, "Business unit"),
        ("basic", {"extra": {"customer_accounts": "no table"}}, "customer_accounts"),
        ("basic", {"extra": {"line_segments": "department"}}, "line_segments"),
    ],
)
def test_a_connection_that_cannot_work_says_what_is_wrong(
    company: Company, simulator: OracleFusionSimulator, auth: str, change: dict[str, Any], words: str
) -> None:
    stored = simulator.connection(auth)
    extra = {**stored.pop("extra"), **change.get("extra", {})}
    made = {**stored, **{name: value for name, value in change.items() if name != "extra"}}
    with company.hook(tokens=MemoryTokens(), extra=extra, **made) as hook:
        works, says = hook.test_connection()
        secrets = hook.secrets()
    assert not works
    assert words in says
    assert [secret for secret in secrets if len(secret) > 8 and secret in says] == []


def test_a_missing_privilege_is_named_with_what_to_grant(company: Company, hook: PlatformHook) -> None:
    company.sandbox.inject("oracle_fusion", "privilege_missing")
    works, says = hook.test_connection()
    assert not works
    assert "AR_CREATE_RECEIVABLES_INVOICE_PRIV" in says


def test_a_sign_on_page_is_not_taken_for_an_answer(company: Company, hook: PlatformHook) -> None:
    company.sandbox.inject("oracle_fusion", "sign_on_page")
    works, says = hook.test_connection()
    assert not works
    assert "documented form" in says


def test_every_request_names_its_framework_version(company: Company, hook: PlatformHook) -> None:
    company.book(hook, company.small_invoice())
    calls = [each for each in company.sandbox.requests("oracle_fusion") if ROOT in each.path]
    assert calls
    assert {
        each.headers.get("rest-framework-version") for each in calls if each.headers.get("user-agent", "").startswith("python-httpx")
    } == {"4"}


def test_without_the_framework_version_errors_are_text_and_still_understood(company: Company) -> None:
    document = company.small_invoice()
    with connected(company, framework_version="1") as hook:
        company.book(hook, document)
        error = refused(company, hook, document)
    assert (error.rule.name, error.action, error.code) == ("duplicate transaction number", Action.LOOK_UP, "")


# -- the right module -------------------------------------------------------------------------------------------------------------


def test_nothing_is_ever_sent_to_payables(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    original = company.small_invoice()
    company.book(hook, original)
    company.book(hook, company.credit_note(corrects=original))
    assert asked(company, "POST", "/invoices") == []
    assert len(simulator.pod.payables) == 0
    assert asked(company, "POST", "/receivablesInvoices")
    assert asked(company, "POST", "/receivablesCreditMemos")


def test_a_user_without_data_access_is_told_so_and_books_nothing(company: Company, hook: PlatformHook) -> None:
    remote = company.book(hook, company.small_invoice())
    assert "is reached" in hook.test_connection()[1]
    company.sandbox.inject("oracle_fusion", "no_data_access")
    assert "no data access" in hook.test_connection()[1]
    assert hook.find_invoice(remote.our_number, INVOICE) == []  # absence proves nothing here: the create is what is refused
    error = refused(company, hook, company.small_invoice())
    assert (error.action, error.outcome, error.code) == (Action.STOP, Outcome.DID_NOT_HAPPEN, "AR_BU_NOT_FOUND")
    assert "data access" in error.rule.fix


@pytest.mark.parametrize("search", ["q", "finder"])
def test_a_transaction_is_found_by_query_or_finder(company: Company, search: str) -> None:
    with connected(company, number_search=search) as hook:
        document = company.small_invoice()
        remote = company.book(hook, document)
        assert [each.remote_id for each in hook.find_invoice(document.number, INVOICE)] == [remote.remote_id]


def test_a_pod_that_refuses_the_query_says_so_and_takes_the_finder(company: Company) -> None:
    company.sandbox.inject("oracle_fusion", "not_queryable", attribute="TransactionNumber")
    with connected(company) as hook:
        with pytest.raises(PlatformError, match="not queryable") as caught:
            hook.find_invoice("US-SI-1", INVOICE)
        assert "number_search" in caught.value.rule.fix
    with connected(company, number_search="finder") as hook:
        assert hook.find_invoice("US-SI-1", INVOICE) == []
    company.sandbox.clear_faults()


def test_the_same_number_in_another_source_is_not_ours(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    remote = company.book(hook, company.small_invoice())
    row = simulator.pod.transactions[remote.remote_id]
    simulator.pod.transactions[remote.remote_id] = {**row, "TransactionSource": "Imported"}
    assert hook.find_invoice(remote.our_number, INVOICE) == []


def test_a_source_that_numbers_by_itself_refuses_our_numbers_unharmed(company: Company) -> None:
    with connected(company, transaction_source="Manual Numbered") as hook:
        error = refused(company, hook, company.small_invoice())
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


def test_a_closed_period_is_one_cause_that_a_posting_date_answers(company: Company, hook: PlatformHook) -> None:
    error = refused(company, hook, company.small_invoice(issue_date=today().replace(year=2025)))
    assert (error.rule.name, error.rule.shared) == (PERIOD_CLOSED, True)
    answered = company.small_invoice(issue_date=today().replace(year=2025), posting_date=today())
    assert company.book(hook, answered).posting_date == today()


# -- customers --------------------------------------------------------------------------------------------------------------------


def test_our_customer_code_is_an_account_number_by_the_connections_table(company: Company) -> None:
    before = len(company.sandbox.requests("oracle_fusion"))
    with connected(company, find_customers="map", customer_accounts='{"C-US-7777": "10042"}') as hook:
        assert hook.ensure_customer(company.party(code="C-US-7777"), "USD") == "10042"
        assert len(company.sandbox.requests("oracle_fusion")) == before  # a number is not verified: accounts without activity do not show
        document = company.small_invoice(buyer=company.party(code="C-US-7777"))
        assert company.book(hook, document).customer_id == "10042"


def test_a_customer_without_an_account_is_never_created_and_the_way_out_is_named(company: Company) -> None:
    posts = len(asked(company, "POST"))
    with connected(company, find_customers="map") as hook, pytest.raises(PlatformError) as caught:
        hook.ensure_customer(company.party(code="C-US-9001", name="New Presses Inc"), "USD")
    error = caught.value
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert "C-US-9001 (New Presses Inc)" in error.message
    for way in ("FBDI", "CustomerAccountService", "customer_accounts"):
        assert way in error.rule.fix
    assert len(asked(company, "POST")) == posts


def test_an_account_is_found_by_name_only_where_one_alone_has_it(company: Company) -> None:
    with connected(company, customer_accounts='{"N": "10042", "T1": "10044", "T2": "10045"}', find_customers="map") as hook:
        for code in ("N", "T1", "T2"):
            company.book(hook, company.small_invoice(buyer=company.party(code=code)))
    with connected(company, find_customers="name") as hook:
        assert hook.ensure_customer(company.party(name="Northside Fabrication Ltd"), "USD") == "10042"
        with pytest.raises(PlatformError, match="2 accounts have this name"):
            hook.ensure_customer(company.party(name="Twin Presses Inc"), "USD")
    with connected(company, find_customers="name", customer_accounts='{"T1": "10044"}') as hook:
        assert hook.ensure_customer(company.party(name="Twin Presses Inc"), "USD") == "10045"


def test_an_account_number_that_does_not_exist_is_refused_at_the_create(company: Company) -> None:
    with connected(company, find_customers="map", customer_accounts='{"X": "99999"}') as hook:
        error = refused(company, hook, company.small_invoice(buyer=company.party(code="X")))
    assert (error.code, error.action) == ("AR_BILL_TO_CUST_NOT_FOUND", Action.REVIEW)


def test_an_account_without_primary_site_needs_one_named(company: Company) -> None:
    named: dict[str, Any] = {"find_customers": "map", "customer_accounts": '{"S": "10043"}'}
    document = company.small_invoice(buyer=company.party(code="S"))
    with connected(company, **named) as hook:
        error = refused(company, hook, document)
        assert error.code == "AR_BILL_TO_SITE_NOT_FOUND"
        assert "bill_to_sites" in error.rule.fix
    with connected(company, **named, bill_to_sites='{"10043": "1043-EAST"}') as hook:
        assert company.book(hook, document).customer_id == "10043"


# -- batches ----------------------------------------------------------------------------------------------------------------------


def test_several_documents_go_in_one_batch(company: Company, hook: PlatformHook) -> None:
    original = company.small_invoice()
    company.book(hook, original)
    sendings = [company.sending(hook, each) for each in (company.small_invoice(), company.credit_note(corrects=original))]
    singles = len(asked(company, "POST", "/receivablesInvoices"))
    done = company.create(hook, *sendings)
    for sending in sendings:
        remote = done[sending.key].remote
        assert remote is not None
        company.assert_echo(sending, remote)
    assert len(asked(company, "POST", "/receivablesInvoices")) == singles
    (batch,) = asked(company, "POST", ROOT)[-1:]
    assert batch.headers["content-type"] == "application/vnd.oracle.adf.batch+json"


def test_a_refused_batch_is_sent_part_by_part_and_a_lost_one_is_not(company: Company, hook: PlatformHook) -> None:
    sendings = [company.sending(hook, company.small_invoice()) for _ in range(2)]
    company.sandbox.inject("oracle_fusion", "lost_in_gateway", times=1)
    with pytest.raises(PlatformError) as caught:
        hook.create_invoices(sendings)
    assert (caught.value.action, caught.value.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
    for sending in sendings:
        assert len(hook.find_invoice(sending.document.number, INVOICE)) == len(company.booked(sending.document.number)) == 1
    fresh = company.sending(hook, company.small_invoice())
    done = {each.key: each for each in hook.create_invoices([sendings[0], fresh])}
    duplicate = done[sendings[0].key].error
    assert duplicate is not None
    assert (duplicate.action, duplicate.outcome) == (Action.LOOK_UP, Outcome.HAPPENED)
    assert done[fresh.key].error is None


def test_a_gateway_that_times_out_after_the_commit_leaves_one_invoice_to_be_found(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    company.sandbox.inject("oracle_fusion", "lost_in_gateway", times=1)
    error = refused(company, hook, document)
    assert (error.status, error.action, error.outcome) == (504, Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(hook.find_invoice(document.number, INVOICE)) == 1


# -- tax, dimensions, currency ----------------------------------------------------------------------------------------------------


def three_small_lines(company: Company) -> Invoice:
    document = company.invoice(*(company.line(n, quantity="1", price="1.00") for n in (1, 2, 3)))
    assert document.tax_total == D("0.25")
    return document


def test_tax_that_oracle_rounds_otherwise_is_seen_and_manual_tax_lines_avoid_it(
    company: Company, simulator: OracleFusionSimulator, hook: PlatformHook
) -> None:
    simulator.pod.change(tax_rounding="LINE")
    document = three_small_lines(company)
    remote = sent(company, hook, document).remote
    assert remote is not None
    assert {each.field for each in differences(document, remote, "")} == {"tax total", "total with tax"}
    with connected(company, tax_lines="manual") as manual:
        assert company.book(manual, three_small_lines(company)).tax == D("0.25")
        simulator.pod.change(allow_manual_tax=False)
        assert "Manual tax lines are not allowed" in refused(company, manual, company.small_invoice()).message


def test_dimensions_and_warehouse_reach_the_line(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    remote = company.book(hook, company.small_invoice())
    (line,) = simulator.pod.transactions[remote.remote_id]["_lines"]
    assert line["Warehouse"] == "MAIN"
    assert line["receivablesInvoiceLineDFF"] == [{"__FLEX_Context": None, "department": "WHOLESALE"}]


def test_a_foreign_document_carries_our_rate(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    remote = company.book(hook, company.small_invoice(currency="EUR", exchange_rate=company.exchange_rate()))
    row = simulator.pod.transactions[remote.remote_id]
    assert (row["ConversionRateType"], row["ConversionRate"]) == ("User", D("1.086957"))


def test_lists_come_from_the_pod_and_terms_and_memo_lines_from_the_connection(hook: PlatformHook) -> None:
    def codes(kind: ReferenceKind) -> list[str]:
        return [each.code for each in hook.list_reference(kind)]

    assert codes(ReferenceKind.TAX_CODE) == ["CA SALES TAX", "TX SALES TAX", "US EXEMPT"]
    assert codes(ReferenceKind.TERMS) == ["30 Net", "14 Net", "2% 10 Net 30", "IMMEDIATE", "30/60 Split"]
    assert codes(ReferenceKind.PAYMENT_METHOD) == ["Check", "Credit Card", "Wire Transfer"]
    assert sorted(codes(ReferenceKind.DIMENSION)) == ["department:SERVICE", "department:WHOLESALE", "warehouse:MAIN", "warehouse:NORTH"]
    assert "CMP-RS-22" in codes(ReferenceKind.ITEM)
    assert [each.code for each in hook.find_reference(ReferenceKind.ITEM, ["memo:Freight", "memo:None"])] == ["memo:Freight"]
    assert codes(ReferenceKind.ACCOUNT) == []


def test_lists_are_read_over_all_their_pages(company: Company) -> None:
    with connected(company) as hook:
        whole = [each.code for each in hook.list_reference(ReferenceKind.ITEM)]
        hook.page_size = 7
        assert [each.code for each in hook.list_reference(ReferenceKind.ITEM)] == whole
    with connected(company, item_organization="NORTH") as hook:
        assert [each.code for each in hook.list_reference(ReferenceKind.ITEM)] == whole


# -- change and void --------------------------------------------------------------------------------------------------------------


def changed(company: Company, hook: PlatformHook, first: Invoice, remote: RemoteDocument, **fields: Any) -> Sent:
    again = company.sending(hook, first.model_copy(update=fields), remote.customer_id)
    return hook.update_invoice(again, remote)


def test_new_payment_terms_are_patched(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    done = changed(company, hook, first, remote, terms=PaymentTerms(code="Net 14"))
    assert done.error is None
    assert simulator.pod.transactions[remote.remote_id]["PaymentTerms"] == "14 Net"
    assert asked(company, "PATCH")[-1].headers["if-match"] == remote.version


def test_a_document_that_is_as_it_was_is_not_touched(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    patches = len(asked(company, "PATCH"))
    assert changed(company, hook, first, remote).remote is not None
    assert len(asked(company, "PATCH")) == patches


def test_what_patch_does_not_take_is_named_and_left_alone(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    error = changed(company, hook, first, remote, purchase_order="PO-1", terms=PaymentTerms(code="Net 14")).error
    assert error is not None
    assert (error.rule.name, error.action) == ("cannot be changed", Action.REVIEW)
    assert "PurchaseOrder" in error.message
    posting = changed(company, hook, first, remote, posting_date=today() + timedelta(days=1)).error
    assert posting is not None
    assert "AccountingDate" in posting.message


def void(hook: PlatformHook, remote: RemoteDocument) -> Sent:
    return hook.void_invoice(remote, on=today(), reason="Entered twice", key=str(uuid4()))


def test_an_invoice_is_reopened_and_deleted_and_the_note_says_so(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    done = void(hook, company.book(hook, document))
    assert (done.error, done.note) == (None, "reopened and deleted")
    assert company.booked(document.number) == []


def test_where_deleting_is_refused_the_invoice_is_complete_again(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    simulator.pod.change(allow_delete=False)
    document = company.small_invoice()
    remote = company.book(hook, document)
    error = void(hook, remote).error
    assert error is not None
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert [each.status for each in company.booked(document.number)] == ["open"]


def test_without_leave_to_delete_a_manual_credit_is_asked_for(company: Company) -> None:
    with connected(company, allow_delete=False) as hook:
        remote = company.book(hook, company.small_invoice())
        error = void(hook, remote).error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("manual credit needed", Outcome.DID_NOT_HAPPEN)
    assert company.booked(remote.our_number)[0].status == "open"


def test_an_invoice_that_somebody_credited_in_full_is_void(company: Company, hook: PlatformHook, simulator: OracleFusionSimulator) -> None:
    remote = company.book(hook, company.small_invoice())
    transactions.credit_by_hand(simulator.pod, simulator.pod.transactions[remote.remote_id])
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    assert now.status is DocumentStatus.VOID
    assert hook.find_invoice(remote.our_number, INVOICE) == []
    assert void(hook, now).note == "was credited in full already"


def test_a_paid_invoice_is_not_taken_back(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    pay(company, hook, company.payment(document, remote, D("40.00")), remote)
    stale = void(hook, remote).error
    assert stale is not None
    assert stale.rule.name == "changed in Oracle"
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    error = void(hook, now).error
    assert error is not None
    assert error.rule.name == "manual credit needed"


def test_a_document_left_incomplete_is_a_draft_and_is_deleted_as_one(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    sending = type(sending)(key=sending.key, document=sending.document, references=sending.references, options={"leave_incomplete": True})
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    assert remote.status is DocumentStatus.DRAFT
    assert void(hook, remote).note == "deleted"


def test_a_stale_change_indicator_is_told_as_such(company: Company) -> None:
    with connected(company) as hook:
        remote = company.book(hook, company.small_invoice())
        hook.patch(remote.remote_id, {"PaymentTerms": "14 Net"}, remote.version)
        with pytest.raises(PlatformError) as caught:
            hook.patch(remote.remote_id, {"PaymentTerms": "30 Net"}, remote.version)
    assert (caught.value.status, caught.value.action) == (412, Action.REREAD)


# -- payments ---------------------------------------------------------------------------------------------------------------------


def pay(company: Company, hook: PlatformHook, payment: Payment, remote: RemoteDocument) -> RemotePayment:
    references = company.payment_references(hook, payment, remote.customer_id)
    return hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references)


def balance(hook: PlatformHook, remote: RemoteDocument) -> Decimal | None:
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    return now.balance


def test_a_receipt_carries_remittance_references_and_is_applied_by_the_action(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    done = pay(company, hook, company.payment(document, remote, D("40.00")), remote)
    row = simulator.pod.receipts[done.remote_id]
    (reference,) = row["_references"]
    told = (reference["ReceiptMatchBy"], reference["ReferenceNumber"], reference["ReferenceAmount"])
    assert told == ("Transaction Number", document.number, D("40.00"))
    assert row["ReceiptMethod"] == "Wire Transfer"
    assert balance(hook, remote) == document.gross_total - 40
    assert receipts.automatch(simulator.pod) == 0  # AutoMatch finds nothing left to apply


def test_where_automatch_applies_a_receipt_waits_for_it(company: Company, simulator: OracleFusionSimulator) -> None:
    with connected(company, apply_receipts="automatch") as hook:
        document = company.small_invoice()
        remote = company.book(hook, document)
        payment = company.payment(document, remote, D("40.00"))
        assert pay(company, hook, payment, remote).allocations == ()
        assert balance(hook, remote) == document.gross_total
        assert receipts.automatch(simulator.pod) == 1
        assert balance(hook, remote) == document.gross_total - 40
        assert [each.amount for each in pay(company, hook, payment, remote).allocations] == [D("40.00")]


def test_one_receipt_pays_several_invoices_over_their_instalments(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    buyer = company.party()
    split, whole = company.small_invoice(buyer=buyer), company.small_invoice(buyer=buyer)
    first, second = company.book(hook, split), company.book(hook, whole)
    transactions.change(simulator.pod, simulator.pod.transactions[first.remote_id], {"PaymentTerms": "30/60 Split"})
    allocations = tuple(
        Allocation(document_number=document.number, remote_id=remote.remote_id, amount=amount)
        for document, remote, amount in ((split, first, D("80.00")), (whole, second, whole.gross_total))
    )
    payment = company.payment(whole, second, D("80.00") + whole.gross_total + 5, allocations=allocations)
    done = pay(company, hook, payment, second)
    assert {each.remote_id: each.amount for each in done.allocations} == {each.remote_id: each.amount for each in allocations}
    assert balance(hook, first) == split.gross_total - 80
    assert len([each for each in simulator.pod.applications.values() if str(each["StandardReceiptId"]) == done.remote_id]) == 3
    (listed,) = [each for each in hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)) if each.remote_id == done.remote_id]
    assert {each.remote_id: each.amount for each in listed.allocations} == {each.remote_id: each.amount for each in allocations}


def test_two_payments_with_one_bank_reference_are_two_receipts(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    ids = {pay(company, hook, company.payment(document, remote, D("10.00"), reference="SAME"), remote).remote_id for _ in range(2)}
    assert len(ids) == 2
    assert balance(hook, remote) == document.gross_total - 20


def receipt_count(company: Company) -> int:
    return len(company.sandbox.books("oracle_fusion").payments)


def test_a_payment_that_does_not_fit_leaves_no_receipt(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    before = receipt_count(company)
    too_much = company.payment(document, remote, document.gross_total + 1)
    euros = company.payment(document, remote, D(1), currency="EUR")
    refund = company.payment(document, remote, D(1), kind=PaymentKind.REFUND)
    discounted = Allocation(document_number=document.number, remote_id=remote.remote_id, amount=D(1), discount=D(1))
    early = company.payment(document, remote, D(1), allocations=(discounted,))
    gone = company.payment(document, remote.model_copy(update={"remote_id": "300100999999999"}), D(1))
    for payment in (too_much, euros, refund, early, gone):
        with pytest.raises(PlatformError) as caught:
            pay(company, hook, payment, remote)
        assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert receipt_count(company) == before


def test_a_method_without_mapping_takes_the_connections_own_and_without_one_is_refused(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, D(1), method="Cheque in the post")
    bare = References(customer=remote.customer_id, settings=hook.settings())
    done = hook.apply_payment(payment, customer_id=remote.customer_id, key="k", references=bare)
    assert done.amount == 1
    other = company.payment(document, remote, D(1), method="Cheque in the post")
    nothing = References(customer=remote.customer_id, settings={**hook.settings(), "receipt_method": ""})
    with pytest.raises(PlatformError, match="Cheque in the post"):
        hook.apply_payment(other, customer_id=remote.customer_id, key="k", references=nothing)


def test_an_older_pod_without_the_action_keeps_the_receipt_for_automatch(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    simulator.pod.change(apply_action=False)
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, D("10.00"))
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment, remote)
    assert "automatch" in caught.value.rule.fix
    assert receipts.automatch(simulator.pod) == 1
    assert pay(company, hook, payment, remote).allocations[0].amount == D("10.00")
    assert balance(hook, remote) == document.gross_total - 10


def test_applications_that_are_not_told_yet_are_not_made_again(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, D("10.00"))
    pay(company, hook, payment, remote)
    hidden = {key: row for key, row in simulator.pod.applications.items() if str(row["ReferenceTransactionId"]) == remote.remote_id}
    for key, row in hidden.items():
        simulator.pod.applications[key] = {**row, "_account": "elsewhere"}
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment, remote)
    assert (caught.value.rule.name, caught.value.outcome) == ("applications not known", Outcome.UNKNOWN)
    assert balance(hook, remote) == document.gross_total - 10


def test_changed_receipts_are_listed_in_order_over_all_pages_and_reversals_too(company: Company, simulator: OracleFusionSimulator) -> None:
    with connected(company) as hook:
        document = company.small_invoice()
        remote = company.book(hook, document)
        since = datetime.now(UTC)
        made = [pay(company, hook, company.payment(document, remote, D(amount)), remote).remote_id for amount in ("1", "2", "3")]
        receipts.reverse(simulator.pod, simulator.pod.receipts[made[0]])
        hook.page_size = 2
        listed = list(hook.list_payments(since))
        assert [each.remote_id for each in listed] == [made[1], made[2], made[0]]
        assert [each.reversed for each in listed] == [False, False, True]
        assert listed[2].allocations == ()
        assert balance(hook, remote) == document.gross_total - 5


def test_a_pod_that_refuses_the_query_on_changes_lists_by_creation(company: Company) -> None:
    since = datetime.now(UTC)
    with connected(company) as hook:
        document = company.small_invoice()
        remote = company.book(hook, document)
        made = pay(company, hook, company.payment(document, remote, D(1)), remote).remote_id
        company.sandbox.inject("oracle_fusion", "not_queryable", attribute="LastUpdateDate")
        with pytest.raises(PlatformError, match="not queryable") as caught:
            list(hook.list_payments(since))
        assert "CreationDate" in caught.value.rule.fix
    with connected(company, receipts_changed_by="CreationDate") as hook:
        assert made in {each.remote_id for each in hook.list_payments(since)}
    company.sandbox.clear_faults()


def test_a_key_that_is_no_key_is_an_error_of_the_configuration(company: Company) -> None:
    with connected(company, "jwt", jwt_private_key="-----BEGIN NONSENSE-----") as hook, pytest.raises(ConfigurationError) as caught:
        hook.tokens = MemoryTokens()
        hook.get_invoice("1", INVOICE)
    assert "NONSENSE" not in str(caught.value)
