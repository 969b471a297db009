"""The connector against the simulator over real HTTP: the right module, customers, batches, tax, lists."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from tests.platforms.company import Company, today
from tests.platforms.oracle_fusion.conftest import ROOT, asked, connected, refused, sent

from airbooks.canonical import (
    DocumentKind,
    Invoice,
)
from airbooks.delivery.echo import differences
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator
from airbooks.platforms.references import ReferenceKind

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


# -- the right module --------------------------------------------------------------------------------------------------------------


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


def test_an_answer_of_another_shape_proves_nothing_and_breaks_nothing(company: Company, hook: PlatformHook) -> None:
    remote = company.book(hook, company.small_invoice())
    document = company.small_invoice()
    sendings = [company.sending(hook, each) for each in (document, company.small_invoice(), company.small_invoice())]
    company.sandbox.inject("oracle_fusion", "schema_drift", attribute="EnteredAmount")
    error = hook.create_invoices(sendings[:1])[0].error
    assert error is not None
    assert (error.rule.name, error.outcome) == ("unreadable answer", Outcome.UNKNOWN)
    for look in (
        lambda: hook.create_invoices(sendings[1:]),
        lambda: hook.find_invoice(remote.our_number, INVOICE),
        lambda: hook.get_invoice(remote.remote_id, INVOICE),
    ):
        with pytest.raises(PlatformError, match="documented form"):
            look()
    company.sandbox.clear_faults()
    assert len(hook.find_invoice(document.number, INVOICE)) == 1


def test_what_stops_the_connection_stops_the_rest_of_a_refused_batch(company: Company) -> None:
    with connected(company, transaction_source="NO SUCH SOURCE") as hook:
        sendings = [company.sending(hook, company.small_invoice()) for _ in range(3)]
        before = len(asked(company, "POST", "/receivablesInvoices"))
        done = hook.create_invoices(sendings)
    assert [each.key for each in done] == [each.key for each in sendings]
    assert {(each.error.action, each.outcome) for each in done if each.error} == {(Action.STOP, Outcome.DID_NOT_HAPPEN)}
    assert len(asked(company, "POST", "/receivablesInvoices")) == before + 1


# -- customers ---------------------------------------------------------------------------------------------------------------------


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


def test_a_code_that_is_too_long_for_an_account_number_is_none(company: Company, hook: PlatformHook) -> None:
    with pytest.raises(PlatformError, match="at most 30 characters"):
        hook.ensure_customer(company.party(code="C" * 31), "USD")


def test_a_name_with_quotes_is_not_taken_for_one_without(company: Company) -> None:
    with connected(company, customer_accounts='{"N": "10042"}', find_customers="map") as hook:
        company.book(hook, company.small_invoice(buyer=company.party(code="N")))
    with connected(company, find_customers="name") as hook, pytest.raises(PlatformError, match="0 accounts have this name"):
        hook.ensure_customer(company.party(name='"Northside" Fabrication Ltd'), "USD")


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


# -- batches -----------------------------------------------------------------------------------------------------------------------


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
    assert (duplicate.action, duplicate.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert done[fresh.key].error is None


def test_a_gateway_that_times_out_after_the_commit_leaves_one_invoice_to_be_found(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    company.sandbox.inject("oracle_fusion", "lost_in_gateway", times=1)
    error = refused(company, hook, document)
    assert (error.status, error.action, error.outcome) == (504, Action.LOOK_UP, Outcome.UNKNOWN)
    assert len(hook.find_invoice(document.number, INVOICE)) == 1


# -- tax, dimensions, currency -----------------------------------------------------------------------------------------------------


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
