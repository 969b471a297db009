"""What every platform must do with a customer's payment, against its simulator: booked in full, once, and told again; or refused in words.

What a room declares it cannot book (`spec.payment_features`) is refused before anything is sent. Amounts are compared with the balances
that the platform shows, and with its own books.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today

from airbooks.canonical import (
    Allocation,
    DocumentKind,
    DocumentStatus,
    Invoice,
    Party,
    Payment,
    PaymentKind,
    RemoteDocument,
    RemotePayment,
    Severity,
)
from airbooks.platforms import registry
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, Outcome, PlatformError, ReferenceMissing
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability, PaymentFeature
from airbooks.sandbox.server import running

CENTS = Decimal("0.01")
UNKNOWN_ACCOUNT = "NO-SUCH-BANK"


@pytest.fixture(scope="module", params=[slug for slug in registry.slugs() if registry.spec(slug).can(Capability.PAYMENTS_OUT)])
def company(request: pytest.FixtureRequest) -> Iterator[Company]:
    with running([request.param], time_scale=1000) as sandbox:
        yield Company(request.param, sandbox)


@pytest.fixture
def hook(company: Company) -> Iterator[PlatformHook]:
    """A hook on the company's connection with what payments need of it; no fault outlives its test."""
    with company.hook(extra=company.setting.payment_settings) as made:
        yield made
    company.sandbox.clear_faults()


class Desk:
    """Somebody who books invoices and what is paid on them."""

    def __init__(self, company: Company, hook: PlatformHook) -> None:
        self.company, self.hook = company, hook

    def can(self, feature: PaymentFeature) -> bool:
        return feature in self.company.spec.payment_features

    def invoice(self, buyer: Party | None = None, **fields: Any) -> tuple[Invoice, RemoteDocument]:
        """An invoice over 800 and its tax that is booked and open."""
        document = self.company.invoice(self.company.line(1, quantity="8"), buyer=buyer or self.company.party(), **fields)
        return document, self.company.book(self.hook, document)

    def pay(self, payment: Payment, remote: RemoteDocument, key: str = "") -> RemotePayment:
        references = self.company.payment_references(self.hook, payment, remote.customer_id)
        return self.hook.apply_payment(payment, customer_id=remote.customer_id, key=key or str(uuid4()), references=references)

    def now(self, remote: RemoteDocument) -> RemoteDocument:
        found = self.hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert found is not None
        return found

    def assert_open(self, remote: RemoteDocument, balance: Decimal, total: Decimal) -> None:
        """The document shows what is left of it, to the cent."""
        found = self.now(remote)
        status = DocumentStatus.PAID if not balance else DocumentStatus.OPEN if balance == total else DocumentStatus.PARTIALLY_PAID
        assert (found.status, found.balance) == (status, balance)

    def assert_refused(self, payment: Payment, remote: RemoteDocument, field: str) -> None:
        """A person is told which field is the reason and what to do; the platform hears nothing of it."""
        references = self.company.payment_references(self.hook, payment, remote.customer_id)
        asked = len(self.company.sandbox.requests(self.company.slug))
        found = [each for each in self.hook.payment_refusals(payment, references) if each.severity is Severity.ERROR]
        assert field in {each.field for each in found}
        assert all(each.code and each.says and each.fix for each in found)
        with pytest.raises(PlatformError) as refused:
            self.hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references)
        assert (refused.value.action, refused.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN), str(refused.value)
        assert all(each.message in refused.value.message for each in found)
        assert len(self.company.sandbox.requests(self.company.slug)) == asked
        self.assert_nothing_paid(remote)

    def assert_nothing_paid(self, remote: RemoteDocument) -> None:
        assert self.company.paid(remote) == []
        assert self.now(remote).status is DocumentStatus.OPEN


@pytest.fixture
def desk(company: Company, hook: PlatformHook) -> Desk:
    return Desk(company, hook)


def settling(*shares: tuple[Invoice, RemoteDocument, Decimal]) -> tuple[Allocation, ...]:
    return tuple(
        Allocation(document_number=document.number, remote_id=remote.remote_id, amount=share) for document, remote, share in shares
    )


def received(company: Company) -> Decimal:
    """All that the platform's books have of payments, in however many pieces."""
    return sum((each.amount for each in company.sandbox.books(company.slug).payments if each.status != "void"), Decimal(0))


def part_of(amount: Decimal, share: str) -> Decimal:
    return (amount * Decimal(share)).quantize(CENTS)


# -- booked ----------------------------------------------------------------------------------------------------------------------


def test_a_payment_in_full_closes_its_invoice(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    total = document.gross_total
    applied = desk.pay(company.payment(document, remote, total), remote)
    assert (applied.amount, applied.currency or document.currency, applied.reversed) == (total, document.currency, False)
    assert [(each.remote_id, each.amount) for each in applied.allocations] == [(remote.remote_id, total)]
    assert [each.applied[remote.remote_id] for each in company.paid(remote)] == [total]
    desk.assert_open(remote, Decimal(0), total)


def test_a_part_payment_leaves_the_rest_open_until_it_is_paid_too(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    total = document.gross_total
    first = part_of(total, "0.3333")
    one = desk.pay(company.payment(document, remote, first), remote)
    desk.assert_open(remote, total - first, total)
    other = desk.pay(company.payment(document, remote, total - first), remote)
    desk.assert_open(remote, Decimal(0), total)
    assert one.remote_id != other.remote_id
    assert sorted(each.applied[remote.remote_id] for each in company.paid(remote)) == sorted([first, total - first])


def test_one_payment_settles_three_invoices_each_by_its_share(company: Company, desk: Desk) -> None:
    buyer = company.party()
    (one, first), (two, second), (three, third) = (desk.invoice(buyer) for _ in range(3))
    shares = (one.gross_total, two.gross_total, part_of(three.gross_total, "0.25"))
    payment = company.payment(
        one,
        first,
        sum(shares, Decimal(0)),
        allocations=settling((one, first, shares[0]), (two, second, shares[1]), (three, third, shares[2])),
    )
    if not desk.can(PaymentFeature.SEVERAL_DOCUMENTS):
        desk.assert_refused(payment, first, "allocations")
        return
    applied = desk.pay(payment, first)
    assert applied.amount == payment.amount
    assert {each.remote_id: each.amount for each in applied.allocations} == {
        remote.remote_id: share for remote, share in zip((first, second, third), shares, strict=True)
    }
    for document, remote, share in zip((one, two, three), (first, second, third), shares, strict=True):
        desk.assert_open(remote, document.gross_total - share, document.gross_total)


def test_money_in_another_currency_pays_an_invoice_in_it(company: Company, desk: Desk) -> None:
    if not company.spec.can(Capability.MULTI_CURRENCY):
        document, remote = desk.invoice()
        payment = company.payment(document, remote, document.gross_total, currency=company.setting.foreign)
        assert_refused_by_the_platforms_documents(desk, payment, remote)
        return
    document, remote = desk.invoice(currency=company.setting.foreign, exchange_rate=company.exchange_rate())
    first = part_of(document.gross_total, "0.4")
    for amount, left in ((first, document.gross_total - first), (document.gross_total - first, Decimal(0))):
        applied = desk.pay(company.payment(document, remote, amount, exchange_rate=company.exchange_rate()), remote)
        assert (applied.amount, applied.currency or document.currency) == (amount, company.setting.foreign)
        assert [(each.remote_id, each.amount) for each in applied.allocations] == [(remote.remote_id, amount)]
        desk.assert_open(remote, left, document.gross_total)


def test_a_rate_that_the_platform_does_not_take_is_told_and_holds_nothing_back(company: Company, desk: Desk) -> None:
    document = company.small_invoice(currency=company.setting.foreign)
    remote = RemoteDocument(remote_id=company.setting.absent_id, kind=DocumentKind.INVOICE, status=DocumentStatus.OPEN)
    payment = company.payment(document, remote, document.gross_total, exchange_rate=company.exchange_rate())
    references = company.payment_references(desk.hook, payment, "")
    found = [each for each in desk.hook.payment_refusals(payment, references) if each.field.startswith("exchange_rate")]
    assert [each.severity for each in found] == ([] if desk.can(PaymentFeature.EXCHANGE_RATE) else [Severity.WARNING])


def test_money_in_one_currency_for_an_invoice_in_another_is_for_a_person(company: Company, desk: Desk) -> None:
    """At which rate it settles how much nobody has said."""
    document, remote = desk.invoice()
    payment = company.payment(
        document, remote, document.gross_total, currency=company.setting.foreign, exchange_rate=company.exchange_rate()
    )
    assert_refused_by_the_platforms_documents(desk, payment, remote)


def test_no_invoice_is_paid_more_than_is_open_of_it(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    payment = company.payment(document, remote, document.gross_total + CENTS)
    assert_refused_by_the_platforms_documents(desk, payment, remote)


def assert_refused_by_the_platforms_documents(desk: Desk, payment: Payment, remote: RemoteDocument) -> None:
    """Refused after a look at what is there, for a person to decide, and nothing is booked."""
    with pytest.raises(PlatformError) as refused:
        desk.pay(payment, remote)
    assert (refused.value.action, refused.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN), str(refused.value)
    assert refused.value.message
    desk.assert_nothing_paid(remote)


def test_what_no_invoice_claims_stays_on_account_or_is_refused(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    total = document.gross_total
    payment = company.payment(document, remote, total + 50, allocations=settling((document, remote, total)))
    if not desk.can(PaymentFeature.ON_ACCOUNT):
        desk.assert_refused(payment, remote, "unapplied")
        return
    before = received(company)
    applied = desk.pay(payment, remote)
    assert applied.amount == total + 50
    assert [(each.remote_id, each.amount) for each in applied.allocations] == [(remote.remote_id, total)]
    assert received(company) - before == total + 50
    desk.assert_open(remote, Decimal(0), total)


def test_money_before_its_invoice_stays_on_account_or_is_refused(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    payment = company.payment(document, remote, Decimal("75.00"), allocations=())
    if not desk.can(PaymentFeature.ON_ACCOUNT):
        desk.assert_refused(payment, remote, "unapplied")
        return
    applied = desk.pay(payment, remote)
    assert (applied.amount, applied.allocations) == (Decimal("75.00"), ())
    assert desk.pay(payment, remote).remote_id == applied.remote_id
    desk.assert_open(remote, document.gross_total, document.gross_total)


# -- what is taken off -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "feature"), [("discount", PaymentFeature.DISCOUNT), ("write_off", PaymentFeature.WRITE_OFF)])
def test_what_is_taken_off_closes_the_invoice_or_is_refused(company: Company, desk: Desk, name: str, feature: PaymentFeature) -> None:
    document, remote = desk.invoice()
    off = part_of(document.gross_total, "0.02")
    paid = document.gross_total - off
    allocation = settling((document, remote, paid))[0].model_copy(update={name: off})
    payment = company.payment(document, remote, paid, allocations=(allocation,))
    if not desk.can(feature):
        desk.assert_refused(payment, remote, f"allocations[0].{name}")
        return
    applied = desk.pay(payment, remote)
    assert applied.amount == paid
    assert [(each.remote_id, each.amount) for each in applied.allocations] == [(remote.remote_id, paid)]
    assert desk.pay(payment, remote).remote_id == applied.remote_id
    desk.assert_open(remote, Decimal(0), document.gross_total)


def test_a_bank_fee_is_booked_apart_or_refused(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    payment = company.payment(document, remote, document.gross_total, bank_fee=Decimal("7.31"))
    if not desk.can(PaymentFeature.BANK_FEE):
        desk.assert_refused(payment, remote, "bank_fee")
        return
    applied = desk.pay(payment, remote)
    assert applied.amount == document.gross_total
    assert any("7.31" in each.body for each in company.sandbox.requests(company.slug))
    desk.assert_open(remote, Decimal(0), document.gross_total)


def test_a_payment_is_booked_on_the_bank_account_it_came_in_on_or_not_at_all(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    payment = company.payment(document, remote, document.gross_total, bank_account=UNKNOWN_ACCOUNT)
    if not desk.can(PaymentFeature.BANK_ACCOUNT_NOTED):
        desk.assert_refused(payment, remote, "bank_account")
        assert company.setting.bank_account, "setup.py names no account that receipts may be booked on"
        payment = payment.model_copy(update={"bank_account": company.setting.bank_account})
    desk.pay(payment, remote)
    desk.assert_open(remote, Decimal(0), document.gross_total)
    if desk.can(PaymentFeature.BANK_ACCOUNT_NOTED):
        assert any(UNKNOWN_ACCOUNT in each.body for each in company.sandbox.requests(company.slug))


def test_a_method_without_a_mapping_is_done_without_or_asked_about(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    payment = company.payment(document, remote, document.gross_total, method="Barter")
    references = replace(company.payment_references(desk.hook, payment, remote.customer_id), entries={})
    try:
        desk.hook.apply_payment(payment, customer_id=remote.customer_id, key=str(uuid4()), references=references)
    except ReferenceMissing as missing:
        assert missing.kind in {ReferenceKind.PAYMENT_METHOD, ReferenceKind.CURRENCY}  # noqa: PT017 which platforms need one is theirs
        desk.assert_nothing_paid(remote)
    else:
        desk.assert_open(remote, Decimal(0), document.gross_total)


@pytest.mark.parametrize(
    ("kind", "feature"), [(PaymentKind.REFUND, PaymentFeature.REFUND), (PaymentKind.CHARGE_BACK, PaymentFeature.CHARGE_BACK)]
)
def test_money_that_goes_back_opens_the_invoice_again_or_is_refused(
    company: Company, desk: Desk, kind: PaymentKind, feature: PaymentFeature
) -> None:
    document, remote = desk.invoice()
    back = company.payment(document, remote, document.gross_total, kind=kind)
    if not desk.can(feature):
        desk.assert_refused(back, remote, "kind")
        return
    desk.pay(company.payment(document, remote, document.gross_total), remote)
    desk.assert_open(remote, Decimal(0), document.gross_total)
    desk.pay(back, remote)
    desk.assert_open(remote, document.gross_total, document.gross_total)


def test_allocations_above_the_payment_and_documents_without_a_name_there_are_refused(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    total = document.gross_total
    desk.assert_refused(
        company.payment(document, remote, total - CENTS, allocations=settling((document, remote, total))), remote, "allocations"
    )
    unknown = remote.model_copy(update={"remote_id": ""})
    desk.assert_refused(company.payment(document, unknown, total), remote, "allocations[0].remote_id")


# -- once ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["", "reset_after_commit", "error_after_commit"])
@pytest.mark.parametrize("same_key", [True, False], ids=["same key", "another key"])
def test_a_payment_is_booked_once_under_whatever_key_it_comes_again(company: Company, desk: Desk, same_key: bool, fault: str) -> None:
    document, remote = desk.invoice()
    paid = part_of(document.gross_total, "0.4")
    source_id = f"statement 2026-11-{uuid4()} entry {uuid4()}"  # longer than many fields
    payment, key = company.payment(document, remote, paid, source_id=source_id), str(uuid4())
    if fault:
        company.sandbox.inject(company.slug, fault, body=payment.reference, times=1)
    try:
        first = desk.pay(payment, remote, key).remote_id
    except PlatformError as error:
        assert error.outcome is not Outcome.DID_NOT_HAPPEN or company.paid(remote) == []  # noqa: PT017 whether it strikes a write is the room's
        first = ""
    company.sandbox.clear_faults()
    again = desk.pay(payment, remote, key if same_key else str(uuid4()))
    assert first in ("", again.remote_id)
    assert [each.applied[remote.remote_id] for each in company.paid(remote)] == [paid]
    desk.assert_open(remote, document.gross_total - paid, document.gross_total)


# -- told again ------------------------------------------------------------------------------------------------------------------


def listed(desk: Desk, since: datetime) -> dict[str, RemotePayment]:
    return {each.remote_id: each for each in desk.hook.list_payments(since)}


def test_payments_that_changed_since_are_listed_with_what_they_settle(company: Company, desk: Desk) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    document, remote = desk.invoice()
    paid = part_of(document.gross_total, "0.4")
    applied = desk.pay(company.payment(document, remote, paid), remote)
    found = listed(desk, since)[applied.remote_id]
    assert (found.amount, found.currency or document.currency, found.reversed) == (paid, document.currency, False)
    told = [(remote.remote_id, paid)] if desk.can(PaymentFeature.ALLOCATIONS_TOLD) else []
    assert [(each.remote_id, each.amount) for each in found.allocations] == told
    assert applied.remote_id not in listed(desk, datetime.now(UTC) + timedelta(days=1))


def test_a_payment_that_is_taken_back_later_is_a_change_of_that_moment(company: Company) -> None:
    """In a company of its own, whose clock goes on."""
    if PaymentFeature.REVERSALS_TOLD not in company.spec.payment_features:
        return
    with running([company.slug], time_scale=1000) as sandbox:
        other = Company(company.slug, sandbox)
        with other.hook(extra=other.setting.payment_settings) as hook:
            document, remote = Desk(other, hook).invoice()
            applied = Desk(other, hook).pay(other.payment(document, remote, document.gross_total), remote)
        clock = sandbox.simulators[company.slug].clock
        clock.offset += timedelta(minutes=45)
        other.reverse_payment(applied)
        with other.hook() as next_run:
            found = {each.remote_id: each for each in next_run.list_payments(clock.now() - timedelta(minutes=5))}
        assert found[applied.remote_id].reversed


def test_a_payment_with_a_discount_that_is_taken_back_opens_the_whole_invoice(company: Company, desk: Desk) -> None:
    if not desk.can(PaymentFeature.DISCOUNT):
        return
    document, remote = desk.invoice()
    off = part_of(document.gross_total, "0.02")
    allocation = settling((document, remote, document.gross_total - off))[0].model_copy(update={"discount": off})
    applied = desk.pay(company.payment(document, remote, document.gross_total - off, allocations=(allocation,)), remote)
    company.reverse_payment(applied)
    desk.assert_open(remote, document.gross_total, document.gross_total)


def test_a_payment_that_a_person_takes_back_is_noticed_and_its_invoice_open_again(company: Company, desk: Desk) -> None:
    document, remote = desk.invoice()
    other, neighbour = desk.invoice()
    applied = desk.pay(company.payment(document, remote, document.gross_total), remote)
    kept = desk.pay(company.payment(other, neighbour, other.gross_total), neighbour)
    since = datetime.now(UTC) - timedelta(minutes=5)
    company.reverse_payment(applied)
    found = listed(desk, since)
    assert not found[kept.remote_id].reversed
    if desk.can(PaymentFeature.REVERSALS_TOLD):
        assert found[applied.remote_id].reversed
    else:
        assert applied.remote_id not in found
    desk.assert_open(remote, document.gross_total, document.gross_total)
    desk.assert_open(neighbour, Decimal(0), other.gross_total)


def test_every_share_of_a_payment_for_two_invoices_is_told_and_given_back(company: Company, desk: Desk) -> None:
    if not {PaymentFeature.SEVERAL_DOCUMENTS, PaymentFeature.ALLOCATIONS_TOLD} <= company.spec.payment_features:
        return
    since, buyer = datetime.now(UTC) - timedelta(minutes=5), company.party()
    (one, first), (two, second) = desk.invoice(buyer), desk.invoice(buyer)
    shares = {first.remote_id: one.gross_total, second.remote_id: part_of(two.gross_total, "0.3")}
    allocations = settling((one, first, shares[first.remote_id]), (two, second, shares[second.remote_id]))
    applied = desk.pay(company.payment(one, first, sum(shares.values(), Decimal(0)), allocations=allocations), first)
    told = listed(desk, since)
    parts = [told[each] for each in applied.remote_id.split(",")]  # several, where the platform books each document's share by itself
    assert {each.remote_id: each.amount for part in parts for each in part.allocations} == shares
    assert sum(part.amount for part in parts) == applied.amount
    company.reverse_payment(applied)
    desk.assert_open(first, one.gross_total, one.gross_total)
    desk.assert_open(second, two.gross_total, two.gross_total)


@pytest.mark.parametrize("days", [0, 1])
def test_a_payment_is_told_with_the_day_on_which_it_was_received(company: Company, desk: Desk, days: int) -> None:
    """Whatever the hour, and whatever zone the platform keeps its times in."""
    document, remote = desk.invoice(issue_date=today() - timedelta(days=1))
    received = today() - timedelta(days=days)
    applied = desk.pay(company.payment(document, remote, part_of(document.gross_total, "0.2"), received_on=received), remote)
    assert applied.received_on == received
    told = listed(desk, datetime.now(UTC) - timedelta(minutes=5))
    assert [told[each].received_on for each in applied.remote_id.split(",")] == [received]
