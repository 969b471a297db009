"""What every platform must do, against its simulator over real HTTP: a new platform gets these tests by being registered.

What a platform declares it cannot do (`spec.capabilities`) must be refused in words instead, before or without anything being booked.
The facts of each room (spec, classes, form) are judged in test_rooms.py.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from tests.platforms.company import Company, spoilt

from airbooks.canonical import DocumentKind, DocumentStatus, RemoteDocument, Severity
from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.references import ReferenceKind
from airbooks.platforms.spec import Capability

Cap = Capability
LIVE = (DocumentStatus.OPEN, DocumentStatus.PARTIALLY_PAID, DocumentStatus.PAID)


def assert_refused(error: PlatformError | None) -> None:
    """A person must decide, nothing happened, and the error says why."""
    assert error is not None
    assert (error.action, error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN), str(error)
    assert error.message


# -- create, find, read back -----------------------------------------------------------------------------------------------------


def test_the_connection_works_and_says_what_it_reaches(hook: PlatformHook) -> None:
    works, says = hook.test_connection()
    assert works, says
    assert says


def test_an_invoice_is_booked_once_and_equal_to_the_cent(company: Company, hook: PlatformHook) -> None:
    lines = company.example_lines()
    document = company.invoice(*lines, charges=company.volume_discount(lines))
    assert hook.refusals(document) == ()
    remote = company.book(hook, document)
    assert remote.kind is DocumentKind.INVOICE
    assert remote.status is DocumentStatus.OPEN
    (booked,) = company.booked(document.number)
    assert (booked.kind, booked.currency, booked.status) == ("invoice", document.currency, "open")
    assert (booked.net, booked.tax, booked.total) == (document.net_total, document.tax_total, document.gross_total)
    assert booked.balance == document.gross_total


def test_a_credit_note_is_booked_once_with_positive_amounts(company: Company, hook: PlatformHook) -> None:
    original = company.small_invoice()
    company.book(hook, original)
    document = company.credit_note(corrects=original)
    if not company.spec.can(Cap.CREDIT_NOTES):
        assert [each.severity for each in hook.refusals(document)] == [Severity.ERROR]
        return
    assert hook.refusals(document) == ()
    remote = company.book(hook, document)
    assert remote.kind is DocumentKind.CREDIT_NOTE
    (booked,) = company.booked(document.number)
    assert (booked.kind, booked.net, booked.total) == ("credit_note", document.net_total, document.gross_total)


def test_where_posting_is_a_step_a_created_document_is_a_draft_until_then(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    sending = company.sending(hook, document)
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    if not company.spec.can(Cap.POST_STEP):
        assert remote.status is DocumentStatus.OPEN
        with pytest.raises(ConfigurationError):
            hook.post_invoices([(sending, remote)])
        return
    assert remote.status is DocumentStatus.DRAFT
    first = company.post(hook, sending, remote)
    assert first.status is DocumentStatus.OPEN
    again = company.post(hook, sending, remote)
    assert (again.remote_id, again.status) == (first.remote_id, DocumentStatus.OPEN)
    assert len(company.booked(document.number)) == 1


def test_a_document_is_found_by_our_number_and_kind_and_no_other_is(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    assert hook.find_invoice(document.number, DocumentKind.INVOICE) == []
    remote = company.book(hook, document)
    (found,) = hook.find_invoice(document.number, DocumentKind.INVOICE)
    assert (found.remote_id, found.our_number, found.total) == (remote.remote_id, document.number, document.gross_total)
    assert hook.find_invoice(document.number[:-1], DocumentKind.INVOICE) == []
    assert hook.find_invoice(document.number, DocumentKind.CREDIT_NOTE) == []
    both = [(document.number, DocumentKind.INVOICE), ("NO-SUCH-1", DocumentKind.INVOICE)]
    assert {wanted: [each.remote_id for each in hits] for wanted, hits in hook.find_invoices(both).items()} == {
        both[0]: [remote.remote_id],
        both[1]: [],
    }


def test_a_document_is_read_back_by_id_and_an_absent_one_is_none(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice()
    remote = company.book(hook, document)
    now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
    assert now is not None
    assert (now.remote_id, now.our_number, now.total, now.balance) == (
        remote.remote_id,
        document.number,
        document.gross_total,
        document.gross_total,
    )
    assert now.issue_date == document.issue_date
    assert hook.get_invoice(company.setting.absent_id, DocumentKind.INVOICE) is None


def test_a_document_in_another_currency_is_booked_in_it(company: Company, hook: PlatformHook) -> None:
    document = company.small_invoice(currency=company.setting.foreign, exchange_rate=company.exchange_rate())
    if not company.spec.can(Cap.MULTI_CURRENCY):
        assert hook.refusals(document)
        return
    assert [each for each in hook.refusals(document) if each.severity is Severity.ERROR] == []
    remote = company.book(hook, document)
    assert remote.currency == company.setting.foreign
    assert company.booked(document.number)[0].currency == company.setting.foreign


def test_a_price_with_five_decimals_gives_the_same_cents_over_there(company: Company, hook: PlatformHook) -> None:
    fine = company.line(1, "FIT-QC-12", quantity="20", price="12.33515", name="Quick coupling 1/2 in")
    document = company.invoice(fine)
    if not [each for each in hook.refusals(document) if each.severity is Severity.ERROR]:
        company.book(hook, document)
        assert company.booked(document.number)[0].net == Decimal("246.70")


def test_names_of_any_alphabet_and_xml_characters_arrive(company: Company, hook: PlatformHook) -> None:
    party = company.party()
    buyer = party.model_copy(update={"name": f'{party.name} Kältewerk 🛠️ & "Pipes" <Valves> ]]>'})
    remote = company.book(hook, company.small_invoice(buyer=buyer))
    assert remote.status in LIVE


def test_a_number_longer_than_the_platform_takes_is_refused_and_not_cut(company: Company, hook: PlatformHook) -> None:
    longest = company.spec.number_max
    document = company.small_invoice(number="N" * ((longest or 0) + 1))
    found = [each for each in hook.refusals(document) if each.severity is Severity.ERROR]
    assert bool(found) is (longest is not None)
    assert all(each.field == "number" and each.says and each.fix for each in found)


# -- change and void -------------------------------------------------------------------------------------------------------------


def test_an_update_makes_the_platforms_document_equal_to_ours(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    sending = company.sending(hook, first)
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    changed = company.invoice(company.line(1, quantity="3"), company.line(2, "OIL-SEP-37"), number=first.number, buyer=first.buyer)
    again = company.sending(hook, changed, sending.references.customer)
    updated = company.update(hook, again, remote)
    if not (company.spec.can(Cap.UPDATE_DRAFT) or company.spec.can(Cap.UPDATE_POSTED)):
        assert_refused(updated.error)
        return
    assert updated.error is None, str(updated.error)
    assert updated.remote is not None
    company.assert_echo(again, updated.remote)
    assert updated.remote.remote_id == remote.remote_id
    (booked,) = company.booked(first.number)
    assert (booked.total, booked.lines) == (changed.gross_total, 2)


def test_an_update_of_a_posted_document_works_or_is_refused_unharmed(company: Company, hook: PlatformHook) -> None:
    first = company.small_invoice()
    remote = company.book(hook, first)
    changed = company.invoice(company.line(1, quantity="3"), number=first.number, buyer=first.buyer)
    updated = company.update(hook, company.sending(hook, changed, remote.customer_id), remote)
    if company.spec.can(Cap.UPDATE_POSTED):
        assert updated.error is None, str(updated.error)
        assert company.booked(first.number)[0].total == changed.gross_total
    else:
        assert_refused(updated.error)
        assert company.booked(first.number)[0].total == first.gross_total


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(company: Company, hook: PlatformHook) -> None:
    if not company.spec.can(Cap.VERSION_TOKEN):
        return
    first = company.small_invoice()
    sending = company.sending(hook, first)
    before = company.create(hook, sending)[sending.key].remote
    assert before is not None
    theirs = company.invoice(company.line(1, quantity="7"), number=first.number, buyer=first.buyer)
    assert company.update(hook, company.sending(hook, theirs, sending.references.customer), before).error is None
    ours = company.invoice(company.line(1, quantity="9"), number=first.number, buyer=first.buyer)
    late = company.update(hook, company.sending(hook, ours, sending.references.customer), before)
    assert late.error is not None
    assert late.error.action in {Action.REVIEW, Action.REREAD}
    assert late.error.outcome is Outcome.DID_NOT_HAPPEN
    assert company.booked(first.number)[0].total == theirs.gross_total


@pytest.mark.parametrize("posted", [True, False], ids=["posted", "as created"])
@pytest.mark.parametrize("kind", DocumentKind)
def test_a_voided_document_counts_no_more(company: Company, hook: PlatformHook, kind: DocumentKind, posted: bool) -> None:
    document = company.small_invoice()
    if kind is DocumentKind.CREDIT_NOTE:
        if not company.spec.can(Cap.CREDIT_NOTES):
            return
        company.book(hook, document)
        document = company.credit_note(corrects=document)  # type: ignore[assignment]
    sending = company.sending(hook, document)
    remote = company.create(hook, sending)[sending.key].remote
    assert remote is not None
    remote = company.post(hook, sending, remote) if posted else remote
    voided = company.void(hook, sending, remote)
    if not company.spec.can(Cap.VOID):
        assert_refused(voided.error)
        return
    assert_voided_or_refused(company, hook, document.number, remote, voided.error)


def assert_voided_or_refused(
    company: Company, hook: PlatformHook, number: str, remote: RemoteDocument, error: PlatformError | None
) -> None:
    """Gone, or not; never half. Only a credit note may be refused: some vendors cannot take one back."""
    if error is not None:
        assert remote.kind is DocumentKind.CREDIT_NOTE, str(error)
        assert_refused(error)
        assert len(company.booked(number)) == 1
        return
    assert hook.find_invoice(number, remote.kind) == []
    assert company.booked(number) == []
    now = hook.get_invoice(remote.remote_id, remote.kind)
    assert now is None or now.status is DocumentStatus.VOID


def test_voiding_twice_is_harmless(company: Company, hook: PlatformHook) -> None:
    if not company.spec.can(Cap.VOID):
        return
    document = company.small_invoice()
    remote = company.book(hook, document)
    for _ in range(2):
        voided = company.void(hook, company.sending(hook, document, remote.customer_id), remote)
        assert voided.error is None or voided.error.outcome is Outcome.DID_NOT_HAPPEN
        assert company.booked(document.number) == []


# -- customers -------------------------------------------------------------------------------------------------------------------


def test_a_customer_is_made_once_whoever_asks(company: Company, hook: PlatformHook) -> None:
    party = company.party()
    first = hook.ensure_customer(party, company.setting.currency)
    assert first
    assert hook.ensure_customer(party, company.setting.currency) == first
    with company.hook() as another:
        assert another.ensure_customer(party, company.setting.currency) == first
        documents = [company.small_invoice(buyer=party) for _ in range(2)]
        for document in documents:
            assert company.book(another, document).customer_id == first
    assert len({company.booked(document.number)[0].customer for document in documents}) == 1


def test_two_customers_of_one_name_stay_two(company: Company, hook: PlatformHook) -> None:
    one = company.party()
    two = company.party(name=one.name)
    assert hook.ensure_customer(one, company.setting.currency) != hook.ensure_customer(two, company.setting.currency)


def test_a_customer_whose_creation_was_not_answered_is_not_made_twice(company: Company, hook: PlatformHook) -> None:
    hook.test_connection()
    party = company.party()
    company.sandbox.inject(company.slug, "reset_after_commit", body=party.name, times=1)
    ids = set()
    for _ in range(3):
        try:
            ids.add(hook.ensure_customer(party, company.setting.currency))
        except PlatformError as error:
            assert error.outcome is Outcome.UNKNOWN  # noqa: PT017 whether the fault strikes a write depends on the platform
    assert len(ids) == 1


# -- reference lists -------------------------------------------------------------------------------------------------------------


def test_every_kind_that_must_be_mapped_can_be_listed(company: Company, hook: PlatformHook) -> None:
    for kind in company.spec.reference_kinds:
        entries = list(hook.list_reference(kind))
        active = [each.code for each in entries if each.active]
        assert active, kind
        assert all(each.kind is kind and each.code for each in entries)
        assert len(active) == len(set(active)), f"{kind}: two active entries with one code"
        some = entries[0]
        assert some.code in {each.code for each in hook.find_reference(kind, [some.code])}
        assert [each for each in hook.find_reference(kind, ["NO-SUCH-CODE"]) if each.code == "NO-SUCH-CODE"] == []


def test_kinds_of_other_platforms_are_no_error(company: Company, hook: PlatformHook) -> None:
    for kind in ReferenceKind:
        assert all(each.kind is kind for each in hook.list_reference(kind))


# -- batches, previews -----------------------------------------------------------------------------------------------------------


def test_a_bad_document_neither_undoes_nor_delays_its_neighbours(company: Company, hook: PlatformHook) -> None:
    documents = [company.small_invoice() for _ in range(3)]
    sendings = [company.sending(hook, document) for document in documents]
    sendings[1] = spoilt(sendings[1], company.setting.absent_id)
    sent = company.create(hook, *sendings)
    assert set(sent) == {each.key for each in sendings}
    assert_refused(sent[sendings[1].key].error)
    assert company.booked(documents[1].number) == []
    for position in (0, 2):
        remote = sent[sendings[position].key].remote
        assert remote is not None, str(sent[sendings[position].key].error)
        company.assert_echo(sendings[position], remote)
        assert len(company.booked(documents[position].number)) == 1


def test_a_full_batch_is_booked_item_by_item(company: Company, hook: PlatformHook) -> None:
    buyer = company.party()
    documents = [company.invoice(company.line(1, quantity=str(number)), buyer=buyer) for number in range(1, company.spec.limits.batch + 1)]
    first = company.sending(hook, documents[0])
    sendings = [first, *(replace(first, key=str(uuid4()), document=document) for document in documents[1:])]
    sent = company.create(hook, *sendings)
    for sending in sendings:
        remote = sent[sending.key].remote
        assert remote is not None, str(sent[sending.key].error)
        company.assert_echo(sending, remote)


def test_a_preview_is_what_is_sent_and_holds_no_secret(company: Company, hook: PlatformHook) -> None:
    sending = company.sending(hook, company.small_invoice())
    (preview, *_) = previews = hook.preview([sending])
    hook.test_connection()
    already = len(company.sandbox.requests(company.slug))
    assert company.booked(sending.document.number) == []
    company.create(hook, sending)
    asked = company.sandbox.requests(company.slug)[already:]
    assert any(each.method == preview.method and preview.path.partition("?")[0] in each.path for each in asked)
    assert any(_squeezed(preview.body) in _squeezed(each.body) for each in asked)
    shown = [f"{each.path} {each.body}" for each in previews]
    assert [text for text in shown for secret in hook.secrets() if len(secret) > 3 and secret in text] == []


def _squeezed(text: str) -> str:
    return "".join(text.split())
