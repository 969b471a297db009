"""The connector on the simulator: every trap of the vendor's contract, every kind of error, what conformance does not ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from tests.platforms.company import Company, today
from tests.platforms.freshbooks.conftest import Account

from airbooks.canonical import Allocation, Contact, DocumentKind, DocumentStatus, RemoteDocument
from airbooks.delivery.echo import differences
from airbooks.platforms.base import PlatformHook, Sending
from airbooks.platforms.errors import Action, Outcome, PlatformError
from airbooks.platforms.references import ReferenceItem, ReferenceKind
from airbooks.platforms.tokens import MemoryTokens
from airbooks.sandbox.server import Sandbox

INVOICE = DocumentKind.INVOICE


@pytest.fixture
def company(sandbox: Callable[..., Sandbox]) -> Company:
    return Company("freshbooks", sandbox("freshbooks", time_scale=1000))


@pytest.fixture
def hook(company: Company) -> Iterator[PlatformHook]:
    with company.hook() as made:
        yield made


def inject(company: Company, fault: str, **parameters: Any) -> None:
    company.sandbox.inject("freshbooks", fault, **parameters)


def pass_time(company: Company, **span: int) -> None:
    company.sandbox.simulators["freshbooks"].clock.offset += timedelta(**span)


def table(company: Company, kind: str) -> dict[str, Any]:
    """The simulator's own rows."""
    return dict(company.sandbox.simulators["freshbooks"].store.table(f"xZNQ1X/{kind}"))


def person(company: Company, hook: PlatformHook) -> Account:
    """Somebody who works in FreshBooks by hand; lends the connector's access token, because a second log-in would end it."""
    return Account(company.sandbox, hook.token().access)


def failure(company: Company, hook: PlatformHook, sending: Sending) -> PlatformError:
    error = company.create(hook, sending)[sending.key].error
    assert error is not None
    return error


def kind_of(error: PlatformError) -> tuple[Action, Outcome]:
    return error.action, error.outcome


REFUSED = (Action.REVIEW, Outcome.DID_NOT_HAPPEN)


# -- tokens -----------------------------------------------------------------------------------------------------------------------


def test_each_refresh_uses_the_token_of_the_one_before(company: Company) -> None:
    tokens = MemoryTokens()
    with company.hook(tokens=tokens) as hook:
        assert hook.test_connection()[0]
        first = tokens.read(hook.conn_id)
        for _ in range(2):
            pass_time(company, hours=13)
            assert hook.test_connection()[0]
        last = tokens.read(hook.conn_id)
    assert first is not None
    assert last is not None
    assert first.refresh != last.refresh == company.connection()["extra"]["refresh_token"]


def test_a_spent_refresh_token_stops_the_connection_and_says_how_to_mend_it(company: Company) -> None:
    spent = company.connection()["extra"]["refresh_token"]
    with company.hook(tokens=MemoryTokens()) as first:
        first.test_connection()
    with company.hook(tokens=MemoryTokens(), extra={"refresh_token": spent}) as second, pytest.raises(PlatformError) as caught:
        second.find_invoice("US-SI-1", INVOICE)
    assert kind_of(caught.value) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
    assert "Authorise the app again" in caught.value.rule.fix


@pytest.mark.parametrize("fault", ["revoke_refresh_token", "refresh_unauthenticated"])
def test_a_refused_refresh_is_for_a_person_however_it_is_worded(company: Company, hook: PlatformHook, fault: str) -> None:
    hook.test_connection()
    inject(company, fault)
    pass_time(company, hours=13)
    with pytest.raises(PlatformError) as caught:
        hook.find_invoice("US-SI-1", INVOICE)
    assert kind_of(caught.value) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


def test_a_refresh_whose_answer_is_lost_is_not_tried_with_the_same_token_for_ever(company: Company, hook: PlatformHook) -> None:
    company.sandbox.inject("freshbooks", "reset_after_commit", path="/auth/oauth/token", times=1)
    with pytest.raises(PlatformError) as lost:
        hook.find_invoice("US-SI-1", INVOICE)
    assert kind_of(lost.value) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)  # of the document: nothing of it was sent
    with pytest.raises(PlatformError) as spent:
        hook.find_invoice("US-SI-1", INVOICE)
    assert spent.value.action is Action.STOP


def test_a_new_refresh_token_in_the_connection_takes_the_place_of_a_dead_one(company: Company) -> None:
    tokens = MemoryTokens()
    with company.hook(tokens=tokens) as hook:
        hook.test_connection()
    with company.hook(tokens=MemoryTokens()) as other:
        other.test_connection()  # kills the token that the first one keeps
    pass_time(company, hours=13)
    with company.hook(tokens=tokens) as mended:
        assert mended.test_connection() == (True, "Harbour Compressors Inc (account xZNQ1X) is reached")


def test_an_access_token_that_ends_early_is_renewed_once(company: Company, hook: PlatformHook) -> None:
    hook.test_connection()
    inject(company, "expire_tokens", times=1)
    assert hook.test_connection()[0]


def test_an_account_that_is_not_the_users_is_told_by_name(company: Company) -> None:
    with company.hook(extra={"account_id": "aB12c"}) as hook:
        works, says = hook.test_connection()
    assert not works
    assert "aB12c" in says
    assert "xZNQ1X" in says


@pytest.mark.parametrize(
    "resource", ["users/clients", "invoices/invoices", "credit_notes/credit_notes", "payments/payments", "taxes/taxes"]
)
def test_a_missing_scope_is_told_by_what_it_closes(company: Company, hook: PlatformHook, resource: str) -> None:
    inject(company, "missing_scope", resource=resource)
    works, says = hook.test_connection()
    assert not works
    assert resource in says
    assert "scopes" in says


# -- clients ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ignored", [False, True])
def test_a_client_is_known_by_its_exact_code_though_the_filter_finds_more(company: Company, hook: PlatformHook, ignored: bool) -> None:
    if ignored:
        inject(company, "ignore_client_filters")
    longer, exact = company.party(code="C-US-00421"), company.party(code="C-US-0042")
    first, second = hook.ensure_customer(longer, "USD"), hook.ensure_customer(exact, "USD")
    assert first != second
    assert (hook.ensure_customer(longer, "USD"), hook.ensure_customer(exact, "USD")) == (first, second)
    assert len(table(company, "client")) == 2


def test_a_client_beyond_the_first_page_is_found(company: Company, hook: PlatformHook) -> None:
    by_hand = person(company, hook)
    for place in range(101):
        by_hand.customer(organization=f"Client {place}", note="")
    inject(company, "ignore_client_filters")
    party = company.party()
    made = hook.ensure_customer(party, "USD")
    assert hook.ensure_customer(party, "USD") == made


@pytest.mark.parametrize(("email", "adopted"), [("ap@northgate.example", True), ("", True), ("else@other.example", False)])
def test_a_client_made_by_hand_is_adopted_unless_its_address_is_anothers(
    company: Company, hook: PlatformHook, email: str, adopted: bool
) -> None:
    by_hand = str(person(company, hook).customer(email=email))
    party = company.party(name="Northgate Air Ltd", contact=Contact(email="AP@northgate.example"))
    assert (hook.ensure_customer(party, "USD") == by_hand) is adopted


def test_two_clients_of_one_name_are_not_guessed_between(company: Company, hook: PlatformHook) -> None:
    ids = {str(person(company, hook).customer()) for _ in range(2)}
    assert hook.ensure_customer(company.party(name="Northgate Air Ltd", contact=Contact()), "USD") not in ids


def test_a_client_that_was_adopted_is_nobody_elses(company: Company, hook: PlatformHook) -> None:
    by_hand = str(person(company, hook).customer(email="", note="Calls on Mondays"))
    first, second = (company.party(name="Northgate Air Ltd", contact=Contact()) for _ in range(2))
    assert hook.ensure_customer(first, "USD") == by_hand
    assert hook.ensure_customer(second, "USD") != by_hand
    assert hook.ensure_customer(first.model_copy(update={"name": "Northgate Pneumatics"}), "USD") == by_hand
    assert "Calls on Mondays" in table(company, "client")[by_hand]["note"]


def test_a_deleted_client_is_not_made_again(company: Company, hook: PlatformHook) -> None:
    party = company.party()
    made = hook.ensure_customer(party, "USD")
    person(company, hook).put(f"/users/clients/{made}", {"client": {"vis_state": 1}})
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(party, "USD")
    assert kind_of(caught.value) == REFUSED
    assert len(table(company, "client")) == 1


# -- create and post --------------------------------------------------------------------------------------------------------------


def test_a_number_is_matched_exactly_though_the_filter_is_ignored(company: Company, hook: PlatformHook) -> None:
    buyer = company.party()
    for number in ("US-SI-1", "US-SI-10"):
        company.book(hook, company.small_invoice(number=number, buyer=buyer))
    inject(company, "ignore_number_filter")
    assert [each.our_number for each in hook.find_invoice("US-SI-1", INVOICE)] == ["US-SI-1"]
    assert hook.find_invoice("US-SI-2", INVOICE) == []
    credit = company.credit_note(corrects=company.small_invoice(buyer=buyer))
    company.book(hook, credit)
    assert hook.find_invoice("US-CN-0", DocumentKind.CREDIT_NOTE) == []
    assert [each.our_number for each in hook.find_invoice(credit.number, DocumentKind.CREDIT_NOTE)] == [credit.number]


@pytest.mark.parametrize("field", ["invoice_number", "id", "lines"])
def test_a_list_that_lacks_a_field_does_not_say_that_a_document_is_absent(company: Company, hook: PlatformHook, field: str) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    inject(company, "field_missing", field=field)
    with pytest.raises(PlatformError) as caught:
        hook.find_invoice(document.number, INVOICE)
    assert caught.value.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("field", ["invoiceid", "note", "amount"])
def test_a_list_of_payments_that_lacks_a_field_makes_no_second_payment(company: Company, hook: PlatformHook, field: str) -> None:
    document = company.small_invoice()
    payment = company.payment(document, company.book(hook, document), Decimal("40.00"))
    pay(company, hook, payment)
    inject(company, "field_missing", field=field)
    with pytest.raises(PlatformError):
        pay(company, hook, payment)
    assert len(table(company, "payment")) == 1


def test_a_taken_number_is_looked_up_before_and_not_sent(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    company.book(hook, document)
    error = failure(company, hook, company.sending(hook, document))
    assert kind_of(error) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
    assert len(company.booked(document.number)) == 1


@pytest.mark.parametrize(("fault", "action"), [("refuse_number", Action.REVIEW), ("number_collision", Action.RETRY)])
def test_a_refused_number_that_nobody_has_was_not_booked(company: Company, hook: PlatformHook, fault: str, action: Action) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, fault, times=1)
    assert kind_of(failure(company, hook, sending)) == (action, Outcome.DID_NOT_HAPPEN)
    assert company.booked(sending.document.number) == []


def test_the_number_of_a_deleted_invoice_is_told_as_that(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    hook.void_invoice(company.book(hook, document), on=today(), reason="Twice", key=str(uuid4()))
    sending = company.sending(hook, document)
    inject(company, "deleted_keep_numbers")
    error = failure(company, hook, sending)
    assert kind_of(error) == REFUSED
    assert "deleted" in error.message
    company.sandbox.clear_faults()
    company.sandbox.simulators["freshbooks"].clear_faults()
    assert company.book(hook, document).status is DocumentStatus.OPEN


def test_a_due_date_arrives_though_it_cannot_be_written(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    assert table(company, "invoice")[remote.remote_id]["due_date"] == str(document.due_date)


def test_a_mailed_invoice_is_mailed_once(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    sending = replace(sending, options={**sending.options, "send_email": True, "include_pdf": False})
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    for _ in range(2):
        assert company.post(hook, sending, draft).status is DocumentStatus.OPEN
    (mail,) = table(company, "mail").values()
    assert (mail["to"], mail["pdf"]) == ([sending.document.buyer.contact.email], False)


def test_what_stays_a_draft_after_it_was_marked_as_sent_is_not_called_booked(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    inject(company, "stays_draft")
    (posted,) = hook.post_invoices([(sending, draft)])
    assert posted.error is not None
    assert kind_of(posted.error) == REFUSED


def test_posting_what_was_paid_meanwhile_does_not_turn_it_back(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    person(company, hook).pay({"id": int(draft.remote_id), "amount": {"code": "USD"}}, "10.00")
    (posted,) = hook.post_invoices([(sending, draft)])
    assert posted.remote is not None
    assert posted.remote.status is DocumentStatus.PARTIALLY_PAID


def test_a_draft_deleted_by_a_person_is_not_posted(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    draft = company.create(hook, sending)[sending.key].remote
    assert draft is not None
    person(company, hook).change({"id": draft.remote_id}, vis_state=1)
    (posted,) = hook.post_invoices([(sending, draft)])
    assert posted.error is not None
    assert kind_of(posted.error) == REFUSED


@pytest.mark.parametrize("fault", ["wrong_tax", "round_tax_per_line"])
def test_cents_that_freshbooks_rounds_otherwise_show_in_the_echo(company: Company, hook: PlatformHook, fault: str) -> None:
    inject(company, fault)
    lines = [company.line(number, price="0.86") for number in range(1, 8)]
    sending = company.sending(hook, company.invoice(*lines))
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    assert [each.field for each in differences(sending.document, remote, sending.references.customer)] == ["tax total", "total with tax"]


def test_the_sign_of_the_discount_total_does_not_matter(company: Company, hook: PlatformHook) -> None:
    inject(company, "positive_discount_total")
    lines = company.example_lines()
    company.book(hook, company.invoice(*lines, charges=company.volume_discount(lines)))


def test_a_tax_that_has_another_percentage_there_is_for_a_person(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    key = ReferenceKind.TAX_CODE, "US-TX"
    wrong = ReferenceItem(kind=ReferenceKind.TAX_CODE, code="TX Sales Tax", remote_id="7001", details={"percent": "6.25"})
    sending = replace(sending, references=replace(sending.references, entries={**sending.references.entries, key: wrong}))
    assert kind_of(failure(company, hook, sending)) == REFUSED


def test_an_answer_without_lines_proves_nothing(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "without_lines")
    assert failure(company, hook, sending).outcome is Outcome.UNKNOWN
    company.sandbox.simulators["freshbooks"].clear_faults()
    assert len(hook.find_invoice(sending.document.number, INVOICE)) == 1


# -- update and void --------------------------------------------------------------------------------------------------------------


def test_an_update_takes_away_what_ours_no_longer_says(company: Company, hook: PlatformHook) -> None:
    lines = company.example_lines()
    first = company.invoice(*lines, charges=company.volume_discount(lines), notes=("Handle with care.",))
    remote = company.book(hook, first)
    plain = company.invoice(company.line(1), number=first.number, buyer=first.buyer, purchase_order="")
    sent = hook.update_invoice(company.sending(hook, plain, remote.customer_id), remote)
    assert sent.remote is not None, str(sent.error)
    assert sent.remote.total == plain.gross_total
    row = table(company, "invoice")[remote.remote_id]
    assert (row["po_number"], row["notes"], row["discount_description"], len(row["lines"])) == ("", "", "", 1)


def edited(company: Company, hook: PlatformHook, remote: RemoteDocument, **fields: Any) -> None:
    pass_time(company, minutes=1)
    status, body = person(company, hook).change({"id": remote.remote_id}, **fields)
    assert status == 200, body


@pytest.mark.parametrize("fields", [{"notes": "Agreed by phone"}, {"invoice_number": "X-1"}, {"vis_state": 1}])
def test_what_a_person_changed_is_neither_overwritten_nor_deleted(company: Company, hook: PlatformHook, fields: dict[str, Any]) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    edited(company, hook, remote, **fields)
    sent = hook.update_invoice(company.sending(hook, company.small_invoice(number=first.number, buyer=first.buyer)), remote)
    assert sent.error is not None
    assert kind_of(sent.error) == REFUSED
    if "vis_state" not in fields:
        gone = hook.void_invoice(remote, on=today(), reason="Twice", key="k")
        assert gone.error is not None
        assert table(company, "invoice")[remote.remote_id]["vis_state"] == 0


def test_a_payment_in_between_does_not_stop_an_update(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    pass_time(company, minutes=1)
    person(company, hook).pay({"id": int(remote.remote_id), "amount": {"code": "USD"}}, "10.00")
    changed = company.invoice(company.line(1, quantity="3"), number=first.number, buyer=first.buyer)
    sent = hook.update_invoice(company.sending(hook, changed, remote.customer_id), remote)
    assert sent.remote is not None, str(sent.error)
    assert sent.remote.balance == changed.gross_total - 10


def test_payments_block_the_void_until_they_are_deleted(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    by_hand = person(company, hook)
    payment = by_hand.result(by_hand.pay({"id": int(remote.remote_id), "amount": {"code": "USD"}}, "10.00"), "payment")
    refused = hook.void_invoice(remote, on=today(), reason="Twice", key="k")
    assert refused.error is not None
    assert kind_of(refused.error) == REFUSED
    by_hand.put(f"/payments/payments/{payment['id']}", {"payment": {"vis_state": 1}})
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is not None
    done = hook.void_invoice(now, on=today(), reason="Twice", key="k")
    assert (done.remote is not None, done.note) == (True, "deleted (vis_state 1)")


def test_a_connection_may_refuse_to_delete(company: Company) -> None:
    with company.hook(extra={"void_mode": "refuse"}) as hook:
        document = company.small_invoice()
        refused = hook.void_invoice(company.book(hook, document), on=today(), reason="Twice", key="k")
    assert refused.error is not None
    assert kind_of(refused.error) == REFUSED
    assert len(company.booked(document.number)) == 1


@pytest.mark.parametrize("gone", [False, True], ids=["still shown", "errno 1011"])
def test_a_deleted_invoice_is_void_however_it_is_answered(company: Company, hook: PlatformHook, gone: bool) -> None:
    remote = company.book(hook, company.small_invoice())
    hook.void_invoice(remote, on=today(), reason="Twice", key="k")
    if gone:
        inject(company, "deleted_is_gone")
    now = hook.get_invoice(remote.remote_id, INVOICE)
    assert now is None if gone else now is not None and now.status is DocumentStatus.VOID
    again = hook.void_invoice(remote, on=today(), reason="Twice", key="k")
    assert again.remote is not None
    assert (again.remote.status, again.note) == (DocumentStatus.VOID, "was deleted already")


# -- payments ---------------------------------------------------------------------------------------------------------------------


def pay(company: Company, hook: PlatformHook, payment: Any) -> Any:
    references = company.payment_references(hook, payment, "")
    return hook.apply_payment(payment, customer_id="", key=str(uuid4()), references=references)


def test_a_payment_over_two_invoices_is_two_there_and_made_once(company: Company, hook: PlatformHook) -> None:
    buyer = company.party()
    pairs = [(document, company.book(hook, document)) for document in (company.small_invoice(buyer=buyer) for _ in range(2))]
    parts = tuple(Allocation(document_number=each.number, remote_id=there.remote_id, amount=Decimal("50.00")) for each, there in pairs)
    payment = company.payment(*pairs[0], Decimal("100.00"), allocations=parts)
    first, again = pay(company, hook, payment), pay(company, hook, payment)
    assert first.remote_id == again.remote_id
    assert (first.amount, len(first.allocations), len(table(company, "payment"))) == (Decimal("100.00"), 2, 2)
    assert {row["type"] for row in table(company, "payment").values()} == {"Bank Transfer"}


def test_a_payment_of_which_a_part_is_booked_is_not_called_unbooked(company: Company, hook: PlatformHook) -> None:
    buyer = company.party()
    pairs = [(document, company.book(hook, document)) for document in (company.small_invoice(buyer=buyer) for _ in range(2))]
    parts = tuple(Allocation(document_number=each.number, remote_id=there.remote_id, amount=Decimal("50.00")) for each, there in pairs)
    payment = company.payment(*pairs[0], Decimal("100.00"), allocations=parts)
    company.sandbox.inject("freshbooks", "error_before_commit", method="POST", path="payments", status=422, after=1)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment)
    (booked,) = table(company, "payment")
    assert caught.value.outcome is Outcome.UNKNOWN
    assert booked in caught.value.message
    assert pay(company, hook, payment).amount == Decimal("100.00")
    assert len(table(company, "payment")) == 2


def halves(remote: RemoteDocument, total: Decimal) -> tuple[Allocation, ...]:
    parts = (Decimal("50.00"), total - Decimal("50.00"))
    return tuple(Allocation(document_number=remote.our_number, remote_id=remote.remote_id, amount=each) for each in parts)


def test_two_allocations_to_one_invoice_are_one_payment_and_not_more_than_is_outstanding(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote, total = company.book(hook, document), document.gross_total
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, company.payment(document, remote, total + 1, allocations=halves(remote, total + 1)))
    assert kind_of(caught.value) == REFUSED
    assert table(company, "payment") == {}
    pay(company, hook, company.payment(document, remote, total, allocations=halves(remote, total)))
    assert [row["amount"]["amount"] for row in table(company, "payment").values()] == [str(total)]


def test_a_payment_that_a_person_corrected_is_not_booked_once_more(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    payment = company.payment(document, company.book(hook, document), Decimal("40.00"))
    made = pay(company, hook, payment)
    rows = company.sandbox.simulators["freshbooks"].store.table("xZNQ1X/payment")
    rows[made.remote_id] = {**rows[made.remote_id], "date": "2026-01-31"}
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, payment)
    assert kind_of(caught.value) == REFUSED
    assert len(rows) == 1


def test_more_than_is_outstanding_is_refused_and_no_credit_arises(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    with pytest.raises(PlatformError) as caught:
        pay(company, hook, company.payment(document, remote, document.gross_total + 1))
    assert kind_of(caught.value) == REFUSED
    assert table(company, "payment") == table(company, "credit_note") == {}


def test_a_deleted_payment_is_listed_as_reversed_and_may_be_made_again(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    payment = company.payment(document, company.book(hook, document), Decimal("40.00"))
    first = pay(company, hook, payment)
    person(company, hook).put(f"/payments/payments/{first.remote_id}", {"payment": {"vis_state": 1}})
    (listed,) = hook.list_payments(datetime.now(UTC) - timedelta(minutes=5))
    assert (listed.remote_id, listed.reversed, listed.reference) == (first.remote_id, True, payment.reference)
    assert pay(company, hook, payment).remote_id != first.remote_id


def test_payments_are_listed_over_all_pages_and_over_midnight(company: Company, hook: PlatformHook) -> None:
    remote = company.book(hook, company.invoice(company.line(1, price="900.00")))
    by_hand = person(company, hook)
    for _ in range(103):
        by_hand.pay({"id": int(remote.remote_id), "amount": {"code": "USD"}}, "1.00")
    pass_time(company, days=1)
    assert len(list(hook.list_payments(datetime.now(UTC) - timedelta(minutes=5)))) == 103
    assert list(hook.list_payments(datetime.now(UTC) + timedelta(hours=2))) == []


# -- errors -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["", "single_error", "new_error_form"])
def test_an_error_under_http_200_is_an_error_in_each_form(company: Company, hook: PlatformHook, form: str) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "errors_under_200")
    if form:
        inject(company, form)
    error = failure(company, hook, sending)
    assert (error.status, error.code, kind_of(error)) == (200, "1004", REFUSED)


def test_a_missing_scope_stops_the_connection(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "missing_scope")
    assert kind_of(failure(company, hook, sending)) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


def test_throttling_without_a_retry_after_is_waited_out(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    inject(company, "throttle", times=1)
    assert company.create(hook, sending)[sending.key].error is None
