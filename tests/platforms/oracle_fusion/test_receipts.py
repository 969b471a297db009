"""Payments as standard receipts: created once, applied once, listed with what they settle."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from tests.platforms.company import Company
from tests.platforms.oracle_fusion.conftest import balance, connected, pay

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    ExchangeRate,
    PaymentKind,
)
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.oracle_fusion.sandbox import OracleFusionSimulator, receipts, transactions
from airbooks.platforms.references import References

D = Decimal
INVOICE, CREDIT_NOTE = DocumentKind.INVOICE, DocumentKind.CREDIT_NOTE


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
    with pytest.raises(ReferenceMissing, match="Cheque in the post"):
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


def test_two_allocations_to_one_invoice_are_applied_once_each_however_often_the_payment_comes(
    company: Company, hook: PlatformHook, simulator: OracleFusionSimulator
) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    transactions.change(simulator.pod, simulator.pod.transactions[remote.remote_id], {"PaymentTerms": "30/60 Split"})
    half = (document.gross_total / 2).quantize(D("0.01"))
    part = Allocation(document_number=document.number, remote_id=remote.remote_id, amount=half - 10)
    payment = company.payment(document, remote, document.gross_total, allocations=(part, part))
    for _ in range(2):
        (applied,) = pay(company, hook, payment, remote).allocations
        assert applied.amount == 2 * part.amount
        assert balance(hook, remote) == document.gross_total - 2 * part.amount


def test_a_payment_that_is_there_with_another_amount_is_for_a_person(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, D("10.00"))
    pay(company, hook, payment, remote)
    before = receipt_count(company)
    more = payment.model_copy(update={"amount": D("15.00")})
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, more, remote)
    assert (caught.value.rule.name, caught.value.action) == ("receipt differs", Action.REVIEW)
    assert receipt_count(company) == before


def test_a_payment_that_is_there_for_another_customer_is_not_booked_again(company: Company, hook: PlatformHook) -> None:
    document, other = company.small_invoice(), company.small_invoice()
    remote, elsewhere = company.book(hook, document), company.book(hook, other)
    payment = company.payment(document, remote, D("10.00"))
    pay(company, hook, payment, remote)
    before = receipt_count(company)
    with pytest.raises(PlatformError, match=remote.customer_id):
        pay(company, hook, payment, elsewhere)
    assert receipt_count(company) == before


def test_a_receipt_whose_application_is_refused_is_not_told_as_not_booked(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    payment = company.payment(document, remote, D("10.00"))
    company.sandbox.inject("oracle_fusion", "error_before_commit", path="applyReceipt", status=400)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment, remote)
    assert (caught.value.action, caught.value.outcome) == (Action.REVIEW, Outcome.UNKNOWN)
    before = receipt_count(company)
    assert pay(company, hook, payment, remote).allocations[0].amount == D("10.00")
    assert receipt_count(company) == before


def test_a_payment_whose_rate_is_to_another_currency_than_the_ledgers_is_not_booked(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice(currency="EUR", exchange_rate=company.exchange_rate())
    remote = company.book(hook, document)
    before = receipt_count(company)
    with pytest.raises(PlatformError, match="exchange rate is to GBP"):
        pay(company, hook, company.payment(document, remote, D(1), exchange_rate=ExchangeRate(base="GBP", rate=D("0.86"))), remote)
    assert receipt_count(company) == before
