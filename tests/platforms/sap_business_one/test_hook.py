"""The hook against the simulator: batches, approval procedures, amounts, refusals, customers."""

from __future__ import annotations

import time
from decimal import Decimal

import pytest
from tests.platforms.company import Company, spoilt
from tests.platforms.sap_business_one.conftest import SLUG, asked, good, made, refused

from airbooks.canonical import DocumentKind, DocumentStatus
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome, PlatformError
from airbooks.platforms.sap_business_one import SapBusinessOneHook
from airbooks.platforms.sap_business_one.sandbox import SapBusinessOneSimulator
from airbooks.sandbox.server import running

INVOICE = DocumentKind.INVOICE


# -- approval procedures -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wire", ["draft", "not_found"])
def test_an_invoice_that_became_a_draft_is_not_booked_and_is_told(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator, wire: str
) -> None:
    sending = company.sending(hook, company.small_invoice())
    simulator.inject("approval", {"answer": wire, "times": 1})
    error = refused(company, hook, sending)
    assert (error.rule.name, error.action, error.outcome) == ("waits for approval", Action.REVIEW, Outcome.DID_NOT_HAPPEN)
    assert company.booked(sending.document.number) == []
    assert hook.find_invoice(sending.document.number, INVOICE) == []


def test_sending_again_makes_no_second_draft_and_an_approved_one_becomes_the_invoice(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    sending = company.sending(hook, company.small_invoice())
    simulator.inject("approval", {})
    for _ in range(2):
        assert refused(company, hook, sending).rule.name == "waits for approval"
    drafts = [each for each in simulator.store.table("Drafts").values() if each["U_ExtInvNo"] == sending.document.number]
    assert len(drafts) == 1
    simulator.inject("decide", {"decision": "dasApproved"})
    company.assert_echo(sending, good(company.create(hook, sending)[sending.key]))
    assert len(company.booked(sending.document.number)) == 1


def test_a_draft_that_was_approved_with_other_amounts_is_not_made_the_invoice(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    sending = company.sending(hook, company.small_invoice())
    simulator.inject("approval", {"times": 1})
    refused(company, hook, sending)
    simulator.inject("decide", {"decision": "dasApproved"})
    changed = company.invoice(company.line(1, quantity="3"), number=sending.document.number, buyer=sending.document.buyer)
    error = refused(company, hook, company.sending(hook, changed, sending.references.customer))
    assert (error.rule.name, error.field, error.outcome) == ("approved draft differs", "DocumentLines", Outcome.DID_NOT_HAPPEN)
    assert company.booked(changed.number) == []


def test_a_rejected_draft_is_told_and_sent_anew_once_it_is_deleted(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    sending = company.sending(hook, company.small_invoice())
    simulator.inject("approval", {"times": 1})
    refused(company, hook, sending)
    simulator.inject("decide", {"decision": "dasRejected"})
    assert refused(company, hook, sending).rule.name == "approval rejected"
    simulator.store.table("Drafts").clear()
    good(company.create(hook, sending)[sending.key])


def test_a_credit_note_that_became_a_draft_is_told_apart_from_an_invoice_of_the_same_number(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    original = company.small_invoice()
    credit = company.sending(hook, company.credit_note(corrects=original))
    simulator.inject("approval", {"times": 1})
    assert refused(company, hook, credit).rule.name == "waits for approval"
    company.book(hook, company.small_invoice(number=credit.document.number, buyer=original.buyer))
    assert hook.find_invoice(credit.document.number, DocumentKind.CREDIT_NOTE) == []
    assert refused(company, hook, credit).rule.name == "waits for approval"


def test_one_draft_among_others_stops_nobody_else(company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator) -> None:
    one, other = (company.sending(hook, company.small_invoice()) for _ in range(2))
    simulator.inject("approval", {"times": 1})
    sent = company.create(hook, one, other)
    assert (sent[one.key].error is None, sent[other.key].error is None) == (False, True)


# -- batches -------------------------------------------------------------------------------------------------------------------------


def test_invoices_and_credit_notes_go_in_one_batch(company: Company, hook: SapBusinessOneHook) -> None:
    original = company.small_invoice()
    company.book(hook, original)
    sendings = [company.sending(hook, company.small_invoice()), company.sending(hook, company.credit_note(corrects=original))]
    before = asked(company, "/$batch")
    sent = company.create(hook, *sendings)
    assert asked(company, "/$batch") == before + 1
    assert [good(sent[each.key]).remote_id[:3] for each in sendings] == ["13-", "14-"]


def test_what_stands_behind_a_failed_document_is_sent_again_and_booked_once(company: Company, hook: SapBusinessOneHook) -> None:
    sendings = [company.sending(hook, company.small_invoice()) for _ in range(5)]
    sendings[1] = spoilt(sendings[1], company.setting.absent_id)
    before = asked(company, "/$batch")
    sent = company.create(hook, *sendings)
    assert asked(company, "/$batch") == before + 2
    for position, sending in enumerate(sendings):
        assert len(company.booked(sending.document.number)) == (0 if position == 1 else 1)
    error = sent[sendings[1].key].error
    assert error is not None
    assert (error.rule.name, error.code, error.status) == ("code unknown there", "-2028", 400)


def test_a_lost_answer_to_the_second_batch_leaves_the_first_one_known(company: Company, hook: SapBusinessOneHook) -> None:
    sendings = [company.sending(hook, company.small_invoice()) for _ in range(3)]
    sendings[1] = spoilt(sendings[1], company.setting.absent_id)
    company.sandbox.inject(SLUG, "reset_after_commit", path=r"\$batch", after=1)
    sent = company.create(hook, *sendings)
    outcomes = [sent[each.key].outcome for each in sendings]
    assert outcomes == [Outcome.HAPPENED, Outcome.DID_NOT_HAPPEN, Outcome.UNKNOWN]
    assert len(company.booked(sendings[2].document.number)) == 1


def test_a_good_answer_that_cannot_be_read_back_is_unknown(
    company: Company, hook: SapBusinessOneHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject(SLUG, "error_before_commit", path="/Invoices$", method="GET", status=500, times=None)
    hook.currencies  # noqa: B018 read before
    sent = company.create(hook, sending)[sending.key]
    assert (sent.outcome, sent.error is not None and sent.error.rule.name) == (Outcome.UNKNOWN, "accepted, but not found")


def test_a_lost_permission_stops_the_connection_and_sends_nothing_more(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    sendings = [company.sending(hook, company.small_invoice()) for _ in range(2)]
    simulator.inject("no_permission", {})
    sent = company.create(hook, *sendings)
    for sending in sendings:
        error = sent[sending.key].error
        assert error is not None
        assert (error.action, error.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)


# -- amounts and currencies ----------------------------------------------------------------------------------------------------------


def test_a_foreign_document_is_judged_by_its_own_amounts_and_the_iso_code(company: Company, hook: SapBusinessOneHook) -> None:
    document = company.small_invoice(currency="USD", exchange_rate=company.exchange_rate())
    remote = company.book(hook, document)
    assert (remote.currency, remote.total, remote.balance) == ("USD", Decimal("119.00"), Decimal("119.00"))
    row = company.sandbox.simulators[SLUG].store.table("Invoices")[remote.remote_id.partition("-")[2]]
    assert (row["DocCurrency"], row["DocTotal"]) == ("$", Decimal("109.48"))


def test_the_documents_rate_helps_where_the_table_has_none(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    simulator.inject("missing_rate", {})
    error = refused(company, hook, company.sending(hook, company.small_invoice(currency="USD")))
    assert (error.rule.name, error.code) == ("no exchange rate", "-4006")
    company.book(hook, company.small_invoice(currency="USD", exchange_rate=company.exchange_rate()))


def test_a_rate_of_another_ledger_is_not_sent(company: Company, hook: SapBusinessOneHook) -> None:
    foreign = company.exchange_rate().model_copy(update={"base": "GBP"})
    error = refused(company, hook, company.sending(hook, company.small_invoice(currency="USD", exchange_rate=foreign)))
    assert (error.rule.name, error.outcome) == ("rate of another currency", Outcome.DID_NOT_HAPPEN)


@pytest.mark.parametrize(("fault", "rows"), [("wrong_tax", 1), ("tax_per_row", 3)])
def test_a_tax_computed_otherwise_shows_in_the_echo(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator, fault: str, rows: int
) -> None:
    document = company.invoice(*(company.line(number, quantity="1", price="0.13") for number in range(1, rows + 1)))
    sending = company.sending(hook, document)
    simulator.inject(fault, {"percent": 50})
    remote = good(company.create(hook, sending)[sending.key])
    assert remote.tax == company.booked(document.number)[0].tax != document.tax_total


def test_a_free_line_is_not_filled_from_the_price_list(company: Company, hook: SapBusinessOneHook) -> None:
    document = company.invoice(company.line(1), company.line(2, price="0"))
    assert company.book(hook, document).total == document.gross_total


def test_an_invoice_of_nothing_is_paid_at_once(company: Company, hook: SapBusinessOneHook) -> None:
    sending = company.sending(hook, company.invoice(company.line(1, price="0")))
    assert good(company.create(hook, sending)[sending.key]).status is DocumentStatus.PAID


# -- refusals ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "name"), [("lock_period", PERIOD_CLOSED), ("freeze_item", "inactive master data"), ("no_stock", "out of stock")]
)
def test_refusals_have_names_and_ways_out(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator, fault: str, name: str
) -> None:
    sending = company.sending(hook, company.small_invoice())
    simulator.inject(fault, {})
    error = refused(company, hook, sending)
    assert (error.rule.name, error.outcome) == (name, Outcome.DID_NOT_HAPPEN)
    assert error.rule.fix


def test_a_frozen_customer_holds_back_his_documents_alone(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    simulator.inject("freeze_customer", {"times": 1})
    frozen, other = (company.sending(hook, company.small_invoice()) for _ in range(2))
    sent = company.create(hook, frozen, other)
    error = sent[frozen.key].error
    assert error is not None
    assert error.rule.name == "inactive master data"
    good(sent[other.key])


def test_a_user_field_that_is_gone_is_named_before_anything_is_sent() -> None:
    with running([SLUG], time_scale=1000) as sandbox:
        company = Company(SLUG, sandbox)
        with made(company) as hook:
            sending = company.sending(hook, company.small_invoice())
            sandbox.inject(SLUG, "no_user_field")
            with pytest.raises(PlatformError, match="U_ExtInvNo") as caught:
                company.create(hook, sending)
            assert (caught.value.rule.name, caught.value.outcome) == ("property refused", Outcome.DID_NOT_HAPPEN)


def test_a_proxys_html_is_an_unknown_outcome_and_its_text_no_secret(
    company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator
) -> None:
    sending = company.sending(hook, company.small_invoice())
    company.sandbox.inject(SLUG, "error_after_commit", path=r"\$batch", html=True, status=502)
    error = refused(company, hook, sending)
    assert (error.status, error.action, error.outcome) == (502, Action.LOOK_UP, Outcome.UNKNOWN)


# -- customers -----------------------------------------------------------------------------------------------------------------------


def test_a_customer_entered_by_hand_is_found_by_name_and_mail_only_together(company: Company, hook: SapBusinessOneHook) -> None:
    known = company.party()
    code = hook.ensure_customer(known, "EUR")
    same = known.model_copy(update={"code": "C-EU-9001"})
    other = known.model_copy(update={"code": "C-EU-9002", "contact": known.contact.model_copy(update={"email": "else@harbour.example"})})
    assert (hook.ensure_customer(same, "EUR"), hook.ensure_customer(other, "EUR")) == (code, "C-EU-9002")


def test_a_supplier_under_our_code_is_no_customer(company: Company, hook: SapBusinessOneHook, simulator: SapBusinessOneSimulator) -> None:
    party = company.party()
    simulator.service.masters.create_partner({"CardCode": party.code, "CardName": "Supplies", "CardType": "cSupplier"})
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(party, "EUR")
    assert (caught.value.rule.name, caught.value.action) == ("code of somebody else", Action.REVIEW)


def test_a_code_that_differs_in_case_only_is_taken_as_the_refusal_says(company: Company, hook: SapBusinessOneHook) -> None:
    party = company.party(code="C-EU-CASE")
    hook.ensure_customer(party, "EUR")
    with pytest.raises(PlatformError) as caught:
        hook.ensure_customer(company.party(code="c-eu-case"), "EUR")
    assert caught.value.rule.name == "exists already"
