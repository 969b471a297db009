"""Creating, posting and finding documents, against the simulated Odoo over real HTTP, through both transports."""

from __future__ import annotations

from datetime import date

from airbooks.canonical import (
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
)
from airbooks.platforms.base import Sending
from airbooks.platforms.errors import Action, Outcome
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References
from airbooks.sandbox.server import Sandbox

from .conftest import AU, UK, Json2, MakeHook
from .documents import BUYER, D, credit_note, full_invoice, invoice, line
from .working import by_key, calls_of, created, posted, resolved, sending


class TestCreate:
    def test_a_full_invoice_is_booked_to_the_cent(self, hook: OdooHook, json2: Json2) -> None:
        document = full_invoice()
        draft = created(hook, sending(hook, document))
        assert (draft.status, draft.number, draft.our_number, draft.currency) == (DocumentStatus.DRAFT, "", "AU-SI-000123", "USD")
        assert (draft.net, draft.tax, draft.total) == (document.net_total, document.tax_total, document.gross_total)
        assert draft.line_count == len(document.amount_lines)
        move = json2.move(int(draft.remote_id), "invoice_origin", "payment_reference", "invoice_currency_rate", "fiscal_position_id")
        assert (move["invoice_origin"], move["payment_reference"], move["invoice_currency_rate"]) == ("SO-10045", "RF18-10045", 0.625)
        assert move["fiscal_position_id"] is False

    def test_posting_gives_the_number_and_keeps_the_amounts(self, hook: OdooHook) -> None:
        remote = posted(hook, full_invoice())
        assert (remote.status, remote.number) == (DocumentStatus.OPEN, "INV/2026/00001")
        assert remote.balance == remote.total == full_invoice().gross_total

    def test_dimensions_and_accounts_are_on_the_lines(self, au: OdooHook, json2: Json2) -> None:
        draft = created(au, sending(au, full_invoice()))
        domain = [["move_id", "=", int(draft.remote_id)], ["display_type", "=", "product"]]
        lines = json2("account.move.line", "search_read", domain=domain, fields=["account_id", "analytic_distribution", "product_id"])
        service, warehouse = (json2.id_of("account.analytic.account", code=code) for code in ("SERVICE", "MAIN"))
        assert lines[0]["analytic_distribution"] == {f"{service},{warehouse}": 100}
        assert [each["account_id"][1].split()[0] for each in lines] == ["4000", "4010", "4800", "4900"]

    def test_a_delivery_address_abroad_does_not_change_the_tax(self, au: OdooHook, json2: Json2) -> None:
        party = BUYER.model_copy(update={"address": BUYER.address.model_copy(update={"country": "NZ", "region": ""})})
        assert posted(au, invoice(buyer=party)).tax == D("10.00")

    def test_a_credit_note_settles_the_invoice_it_corrects(self, hook: OdooHook) -> None:
        paid = posted(hook, invoice("AU-SI-000123", line(quantity=D(2), net_amount=D(200))))
        note = posted(hook, credit_note(preceding_invoices=(DocumentReference(number="AU-SI-000123"),)))
        assert (note.kind, note.total, note.number) == (DocumentKind.CREDIT_NOTE, D("110.00"), "RINV/2026/00001")
        left = hook.get_invoice(paid.remote_id, DocumentKind.INVOICE)
        assert left is not None
        assert (left.status, left.balance) == (DocumentStatus.PARTIALLY_PAID, D("110.00"))

    def test_a_credit_note_without_its_invoice_stays_open(self, au: OdooHook) -> None:
        note = posted(au, credit_note(preceding_invoices=(DocumentReference(number="unknown"),)))
        assert note.status is DocumentStatus.OPEN

    def test_the_same_sending_twice_is_one_document(self, hook: OdooHook, json2: Json2) -> None:
        item = sending(hook, full_invoice())
        assert created(hook, item).remote_id == created(hook, item).remote_id
        assert json2("account.move", "search_count", domain=[]) == 1

    def test_a_repetition_after_posting_answers_the_posted_document(self, hook: OdooHook, json2: Json2) -> None:
        item = sending(hook, invoice())
        remote = posted(hook, invoice())
        again = created(hook, item)
        assert (again.remote_id, again.status) == (remote.remote_id, DocumentStatus.OPEN)
        assert json2("account.move", "search_count", domain=[]) == 1

    def test_somebody_elses_document_with_our_number_is_not_ours(self, hook: OdooHook, json2: Json2) -> None:
        json2.draft(json2.customer(), ref="AU-SI-000123")
        [sent] = hook.create_invoices([sending(hook, invoice())])
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.LOOK_UP, Outcome.DID_NOT_HAPPEN)
        assert json2("account.move", "search_count", domain=[]) == 1

    def test_a_corrected_document_after_a_void_is_a_new_one(self, au: OdooHook) -> None:
        first = posted(au, invoice())
        au.void_invoice(first, on=date(2026, 11, 22), reason="wrong", key="v")
        again = created(au, sending(au, invoice(), key="another-generation"))
        assert again.remote_id != first.remote_id

    def test_one_bad_document_never_blocks_the_good_ones(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        batch = [sending(hook, invoice(f"AU-SI-{i}")) for i in range(7)]
        odoo_box.inject("odoo", "refuse_document", ref="AU-SI-4")
        answers = by_key(hook.create_invoices(batch))
        bad = answers.pop("key-AU-SI-4")
        assert bad.error is not None
        assert (bad.error.action, bad.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
        assert "refused by a rule of this database" in bad.error.message
        assert {each.remote.our_number for each in answers.values() if each.remote} == {f"AU-SI-{i}" for i in range(7) if i != 4}

    def test_a_reference_that_was_deleted_takes_down_only_its_document(self, hook: OdooHook) -> None:
        good, bad = sending(hook, invoice("AU-SI-1")), sending(hook, invoice("AU-SI-2"))
        gone = {
            **bad.references.entries,
            (ReferenceKind.TAX_CODE, "AU-GST10"): ReferenceItem(kind=ReferenceKind.TAX_CODE, code="x", remote_id="999"),
        }
        bad = Sending(key=bad.key, document=bad.document, references=References(customer=bad.references.customer, entries=gone))
        answers = by_key(hook.create_invoices([bad, good]))
        assert answers[good.key].remote is not None
        error = answers[bad.key].error
        assert error is not None
        assert (error.rule.name, error.action, error.field) == ("record gone", Action.REVIEW, "invoice_line_ids")

    def test_documents_of_different_shape_travel_in_one_batch(self, hook: OdooHook) -> None:
        batch = [sending(hook, full_invoice()), sending(hook, invoice("AU-SI-2")), sending(hook, invoice("AU-SI-3", line(account_code="")))]
        batch.append(sending(hook, credit_note()))
        assert all(each.remote is not None for each in hook.create_invoices(batch))

    def test_a_concurrent_write_is_tried_again(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        item = sending(hook, invoice())
        odoo_box.inject("odoo", "serialization_failure", times=2)
        assert created(hook, item).our_number == "AU-SI-000123"

    def test_a_lasting_concurrent_write_did_not_happen(self, odoo_box: Sandbox, au: OdooHook) -> None:
        item = sending(au, invoice())
        odoo_box.inject("odoo", "serialization_failure")
        [sent] = au.create_invoices([item])
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.RETRY, Outcome.DID_NOT_HAPPEN)

    def test_an_answer_lost_after_commit_is_unknown_and_found_by_our_number(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        item = sending(hook, invoice())
        odoo_box.inject("odoo", "reset_after_commit", **calls_of(hook, "load"))
        answers = hook.create_invoices([item])
        found = hook.find_invoice("AU-SI-000123", DocumentKind.INVOICE)
        assert len(found) == 1
        assert all(each.remote is not None or (each.error and each.error.outcome is Outcome.UNKNOWN) for each in answers)

    def test_a_company_that_the_route_does_not_mean_is_refused(self, au: OdooHook) -> None:
        [sent] = au.create_invoices([sending(au, invoice(), company_id=UK)])
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
        assert created(au, sending(au, invoice("AU-SI-2"), company_id=AU)).our_number == "AU-SI-2"

    def test_a_rate_to_another_currency_than_the_companys_is_refused(self, au: OdooHook) -> None:
        document = invoice(currency="USD", exchange_rate=ExchangeRate(base="GBP", rate=D("0.79")))
        [sent] = au.create_invoices([sending(au, document)])
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)

    def test_our_number_can_be_the_legal_one(self, au: OdooHook) -> None:
        item = sending(au, invoice(), use_our_number=True)
        [sent] = au.post_invoices([(item, created(au, item))])
        assert sent.remote is not None
        assert sent.remote.number == "AU-SI-000123"

    def test_a_thousand_lines_arrive_and_add_up(self, make_hook: MakeHook) -> None:
        uk = make_hook(extra={"company_id": UK})
        lines = tuple(
            line(
                line_id=str(i),
                quantity=D(i % 7 + 1),
                net_price=D("0.335"),
                net_amount=(D("0.335") * (i % 7 + 1)).quantize(D("0.01"), "ROUND_HALF_UP"),
                tax_code="GB-S20",
                tax_rate=D(20),
            )
            for i in range(1114)
        )
        document = invoice("UK-SI-1", *lines, currency="GBP")
        remote = posted(uk, document)
        assert (remote.net, remote.tax, remote.total) == (document.net_total, document.tax_total, document.gross_total)

    def test_preview_shows_the_request_without_sending_or_secrets(self, hook: OdooHook, json2: Json2) -> None:
        document = invoice()
        item = Sending(key="k", document=document, references=resolved(hook, document, customer="(customer, to be found or created)"))
        [shown] = hook.preview([item])
        assert shown.path in ("/json/2/account.move/load", "/xmlrpc/2/object")
        assert "AU-SI-000123" in shown.body
        assert hook.account.password not in shown.body
        assert json2("account.move", "search_count", domain=[]) == 0


class TestPost:
    def test_posting_what_is_posted_already_succeeds(self, hook: OdooHook) -> None:
        item = sending(hook, invoice())
        draft = created(hook, item)
        first = hook.post_invoices([(item, draft)])[0]
        again = hook.post_invoices([(item, draft)])[0]
        assert first.remote is not None
        assert again.error is None
        assert again.remote == first.remote

    def test_one_that_cannot_be_posted_does_not_hold_the_others_back(self, hook: OdooHook, json2: Json2) -> None:
        items = [sending(hook, invoice(f"AU-SI-{i}")) for i in range(5)]
        drafts = {each.key: each.remote for each in hook.create_invoices(items)}
        broken = drafts["key-AU-SI-2"]
        assert broken is not None
        json2("account.move", "write", ids=[int(broken.remote_id)], vals={"partner_id": False})
        answers = by_key(hook.post_invoices([(item, drafts[item.key]) for item in items]))  # type: ignore[misc]
        error = answers.pop("key-AU-SI-2").error
        assert error is not None
        assert (error.rule.name, error.outcome) == ("customer missing", Outcome.DID_NOT_HAPPEN)
        assert {each.remote.status for each in answers.values() if each.remote} == {DocumentStatus.OPEN}

    def test_a_locked_period_is_told_because_odoo_does_not(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        odoo_box.inject("odoo", "lock_period", until="2026-11-30")
        item = sending(hook, invoice())
        [sent] = hook.post_invoices([(item, created(hook, item))])
        assert sent.remote is not None
        assert sent.remote.posting_date == date(2026, 12, 1)
        assert "locked" in sent.note
        assert "2026-12-01" in sent.note

    def test_a_number_that_is_taken_is_for_a_person(self, au: OdooHook, json2: Json2) -> None:
        json2.posted(json2.customer(), name="AU-SI-000123")
        item = sending(au, invoice(), use_our_number=True)
        [sent] = au.post_invoices([(item, created(au, item))])
        assert sent.error is not None
        assert (sent.error.rule.name, sent.error.action) == ("legal number taken", Action.REVIEW)

    def test_a_cancelled_draft_is_not_taken_for_posted(self, au: OdooHook, json2: Json2) -> None:
        item = sending(au, invoice())
        draft = created(au, item)
        json2("account.move", "button_cancel", ids=[int(draft.remote_id)])
        [sent] = au.post_invoices([(item, draft)])
        assert sent.error is not None
        assert sent.error.action is Action.REVIEW


class TestFind:
    def test_only_live_documents_of_the_company_and_kind_are_found(self, hook: OdooHook, json2: Json2) -> None:
        customer = json2.customer()
        json2.posted(customer, ref="SO-1", company=UK)
        cancelled = json2.posted(customer, ref="SO-1")
        json2("account.move", "button_cancel", ids=[cancelled])
        json2.posted(customer, ref="SO-1", move_type="out_refund")
        json2.posted(customer, ref="so-1")
        assert hook.find_invoice("SO-1", DocumentKind.INVOICE) == []
        live = json2.posted(customer, ref="SO-1")
        assert [each.remote_id for each in hook.find_invoice("SO-1", DocumentKind.INVOICE)] == [str(live)]

    def test_two_live_documents_are_both_told(self, hook: OdooHook, json2: Json2) -> None:
        customer = json2.customer()
        both = {str(json2.posted(customer, ref="SO-1")), str(json2.posted(customer, ref="SO-1"))}
        assert {each.remote_id for each in hook.find_invoice("SO-1", DocumentKind.INVOICE)} == both

    def test_many_numbers_are_looked_up_together(self, odoo_box: Sandbox, au: OdooHook) -> None:
        for i in range(3):
            posted(au, invoice(f"AU-SI-{i}"))
        before = len(odoo_box.requests("odoo"))
        found = au.find_invoices([(f"AU-SI-{i}", DocumentKind.INVOICE) for i in range(90)])
        assert len(odoo_box.requests("odoo")) == before + 1
        assert [number for (number, _), hits in found.items() if hits] == ["AU-SI-0", "AU-SI-1", "AU-SI-2"]

    def test_a_document_that_is_gone_is_none(self, hook: OdooHook, json2: Json2) -> None:
        draft = created(hook, sending(hook, invoice()))
        json2("account.move", "unlink", ids=[int(draft.remote_id)])
        assert hook.get_invoice(draft.remote_id, DocumentKind.INVOICE) is None
