"""The connector against the simulated Odoo over real HTTP, through both transports."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from airbooks.canonical import (
    Allocation,
    CreditNote,
    DocumentKind,
    DocumentReference,
    DocumentStatus,
    ExchangeRate,
    Invoice,
    Payment,
    RemoteDocument,
)
from airbooks.platforms.base import Account, Sending, Sent
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.references import ReferenceItem, ReferenceKind, References, codes_used
from airbooks.sandbox.server import Sandbox

from .conftest import AU, UK, Json2
from .documents import BUYER, D, credit_note, full_invoice, invoice, line

MakeHook = Callable[..., OdooHook]
TARGETS = {
    (ReferenceKind.ACCOUNT, "EQUIPMENT"): "4000",
    (ReferenceKind.ACCOUNT, "PARTS"): "4010",
    (ReferenceKind.ACCOUNT, "DISCOUNT"): "4800",
    (ReferenceKind.ACCOUNT, "FREIGHT"): "4900",
    (ReferenceKind.TAX_CODE, "AU-GST10"): "GST 10%",
    (ReferenceKind.TAX_CODE, "AU-FREE"): "GST Free",
    (ReferenceKind.TAX_CODE, "GB-S20"): "20% S",
    (ReferenceKind.DIMENSION, "department:WHOLESALE"): "WHOLESALE",
    (ReferenceKind.DIMENSION, "department:SERVICE"): "SERVICE",
    (ReferenceKind.DIMENSION, "warehouse:MAIN"): "MAIN",
    (ReferenceKind.UNIT, "C62"): "Units",
    (ReferenceKind.UNIT, "MTR"): "Units",
}


@pytest.fixture
def account(odoo_box: Sandbox) -> dict[str, Any]:
    return {name: value for name, value in odoo_box.simulators["odoo"].connection().items() if name != "conn_type"}


@pytest.fixture
def make_hook(account: dict[str, Any]) -> Iterator[MakeHook]:
    with ExitStack() as opened:

        def make(read_timeout: float | None = None, **changed: Any) -> OdooHook:
            extra = {**account["extra"], **changed.pop("extra", {})}
            stored = Account(**{**account, **changed, "extra": extra})
            return opened.enter_context(OdooHook("odoo_au", account=stored, read_timeout=read_timeout))

        yield make


@pytest.fixture(params=["json2", "xmlrpc"])
def hook(make_hook: MakeHook, request: pytest.FixtureRequest) -> OdooHook:
    return make_hook(extra={"transport": request.param})


@pytest.fixture
def au(make_hook: MakeHook) -> OdooHook:
    return make_hook()


def resolved(hook: OdooHook, document: Invoice | CreditNote, customer: str | None = None) -> References:
    """The document's codes, looked up in the database as the engine does."""
    entries: dict[tuple[ReferenceKind, str], ReferenceItem] = {}
    for kind, code in set(codes_used(document)):
        if code and kind in hook.spec.reference_kinds:
            target = TARGETS.get((kind, code), code)
            [entries[kind, code]] = [each for each in hook.find_reference(kind, [target]) if each.code == target]
    return References(customer=customer or hook.ensure_customer(document.buyer, document.currency), entries=entries)


def sending(hook: OdooHook, document: Invoice | CreditNote, key: str = "", **options: Any) -> Sending:
    return Sending(key=key or f"key-{document.number}", document=document, references=resolved(hook, document), options=options)


def created(hook: OdooHook, item: Sending) -> RemoteDocument:
    [sent] = hook.create_invoices([item])
    assert sent.error is None, sent.error
    assert sent.remote is not None
    return sent.remote


def posted(hook: OdooHook, document: Invoice | CreditNote) -> RemoteDocument:
    item = sending(hook, document)
    [sent] = hook.post_invoices([(item, created(hook, item))])
    assert sent.error is None, sent.error
    assert sent.remote is not None
    return sent.remote


def calls_of(hook: OdooHook, method: str) -> dict[str, str]:
    """Which calls a transport fault strikes: JSON-2 names the method in the path, XML-RPC in the body."""
    return {"path": f"/{method}$"} if hook.setting("transport") == "json2" else {"body": f"<string>{method}</string>"}


def by_key(answers: list[Sent]) -> dict[str, Sent]:
    return {each.key: each for each in answers}


class TestConnection:
    def test_it_says_what_it_reaches(self, hook: OdooHook) -> None:
        works, says = hook.test_connection()
        assert works
        assert says == "Supplier Australia Pty Ltd (AUD), sales journal Customer Invoices, Bank, 0 journal entries"

    def test_the_company_is_the_connections(self, make_hook: MakeHook) -> None:
        assert "Supplier UK Ltd (GBP)" in make_hook(extra={"company_id": UK}).test_connection()[1]

    @pytest.mark.parametrize("transport", ["json2", "xmlrpc"])
    @pytest.mark.parametrize(
        ("changed", "says"),
        [
            ({"password": "0" * 40}, "key refused"),
            ({"schema": "other"}, "database unknown"),
            ({"extra": {"company_id": 9}}, "company not allowed"),
            ({"extra": {"sale_journal_id": 99}}, "has no journal 99"),
        ],
    )
    def test_what_is_missing_is_named(self, make_hook: MakeHook, changed: dict[str, Any], says: str, transport: str) -> None:
        extra = {"transport": transport, **changed.get("extra", {})}
        works, message = make_hook(**{**changed, "extra": extra}).test_connection()
        assert not works
        assert says in message

    def test_an_expired_key_stops_the_connection_and_is_not_shown(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        odoo_box.inject("odoo", "expire_key")
        with pytest.raises(PlatformError) as refused:
            hook.find_invoice("AU-SI-1", DocumentKind.INVOICE)
        assert (refused.value.action, refused.value.outcome) == (Action.STOP, Outcome.DID_NOT_HAPPEN)
        assert hook.account.password not in f"{refused.value}{refused.value.body}"

    def test_a_wrong_user_is_a_stop_on_xmlrpc(self, make_hook: MakeHook) -> None:
        with pytest.raises(PlatformError) as refused:
            make_hook(login="nobody", extra={"transport": "xmlrpc"}).find_invoice("X", DocumentKind.INVOICE)
        assert refused.value.action is Action.STOP

    def test_the_database_is_no_part_of_the_url(self, make_hook: MakeHook) -> None:
        assert make_hook(host="mycompany.odoo.com", schema="mydb").root() == "https://mycompany.odoo.com"

    def test_old_versions_speak_xmlrpc(self, make_hook: MakeHook) -> None:
        assert make_hook(extra={"version": 18, "transport": ""}).odoo.shown("account.move", "load")[0] == "/xmlrpc/2/object"
        assert make_hook(extra={"version": 19, "transport": ""}).odoo.shown("account.move", "load")[0] == "/json/2/account.move/load"


class TestCustomers:
    def test_a_new_customer_is_made_once_with_address_and_tax_number(self, hook: OdooHook, json2: Json2) -> None:
        first = hook.ensure_customer(BUYER, "AUD")
        assert hook.ensure_customer(BUYER, "AUD") == first
        fields = ["name", "ref", "email", "vat", "street2", "city", "zip", "state_id", "country_id", "is_company"]
        [row] = json2("res.partner", "search_read", domain=[], fields=fields)
        assert (row["ref"], row["email"], row["street2"], row["zip"], row["is_company"]) == (
            "C-AU-0042",
            "ap@ridgeline.example",
            "Unit 3",
            "2300",
            True,
        )
        assert (row["state_id"][1], row["country_id"][1]) == ("New South Wales", "Australia")

    def test_two_contacts_with_our_code_are_for_a_person(self, au: OdooHook, json2: Json2) -> None:
        json2.customer("C-AU-0042")
        json2.customer("C-AU-0042")
        with pytest.raises(PlatformError, match="several contacts carry the reference 'C-AU-0042'") as refused:
            au.ensure_customer(BUYER, "AUD")
        assert refused.value.action is Action.REVIEW

    def test_an_archived_contact_is_used_and_not_doubled(self, au: OdooHook, json2: Json2) -> None:
        archived = json2.customer("C-AU-0042", active=False)
        assert au.ensure_customer(BUYER, "AUD") == str(archived)

    def test_a_delivery_address_is_no_customer(self, au: OdooHook, json2: Json2) -> None:
        parent = json2.customer("")
        child = json2.customer("C-AU-0042", parent_id=parent, type="delivery")
        assert au.ensure_customer(BUYER, "AUD") not in (str(parent), str(child))

    def test_a_contact_of_the_same_name_and_mail_is_adopted(self, au: OdooHook, json2: Json2) -> None:
        known = json2("res.partner", "create", vals_list=[{"name": "RIDGELINE tool & air", "email": "AP@ridgeline.example"}])[0]
        assert au.ensure_customer(BUYER, "AUD") == str(known)
        assert json2("res.partner", "read", ids=[known], fields=["ref"])[0]["ref"] == "C-AU-0042"

    @pytest.mark.parametrize(
        "other", [{"name": "Ridgeline Tool & Air", "email": "other@elsewhere.example"}, {"name": "RidgelineXTool & Air"}]
    )
    def test_a_contact_that_only_resembles_is_left_alone(self, au: OdooHook, json2: Json2, other: dict[str, str]) -> None:
        known = json2("res.partner", "create", vals_list=[other])[0]
        party = BUYER.model_copy(update={"name": other["name"].replace("X", "_")})
        assert au.ensure_customer(party, "AUD") != str(known)

    def test_two_contacts_of_that_name_are_for_a_person(self, au: OdooHook, json2: Json2) -> None:
        json2("res.partner", "create", vals_list=[{"name": BUYER.name}, {"name": BUYER.name}])
        with pytest.raises(PlatformError, match="are called 'Ridgeline Tool & Air'"):
            au.ensure_customer(BUYER, "AUD")

    def test_a_customer_whose_reference_people_changed_is_still_ours(self, au: OdooHook, json2: Json2) -> None:
        ours = au.ensure_customer(BUYER, "AUD")
        json2("res.partner", "write", ids=[int(ours)], vals={"ref": "renamed", "name": "Renamed"})
        assert au.ensure_customer(BUYER, "AUD") == ours
        assert json2("res.partner", "read", ids=[int(ours)], fields=["name"])[0]["name"] == "Renamed"


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
        assert (sent.error.action, sent.error.outcome) == (Action.LOOK_UP, Outcome.HAPPENED)
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


class TestUpdate:
    def changed(self, **more: Any) -> Invoice:
        return invoice("AU-SI-000123", line(quantity=D(3), net_amount=D(300)), line(line_id="2"), **more)

    def test_a_draft_is_written_anew(self, hook: OdooHook) -> None:
        draft = created(hook, sending(hook, invoice()))
        sent = hook.update_invoice(sending(hook, self.changed()), draft)
        assert sent.remote is not None
        assert (sent.remote.status, sent.remote.total, sent.remote.line_count) == (DocumentStatus.DRAFT, D("440.00"), 2)

    def test_a_posted_document_is_changed_and_keeps_its_number(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        sent = hook.update_invoice(sending(hook, self.changed(notes=("New",))), remote)
        assert sent.error is None
        assert sent.remote is not None
        assert (sent.remote.remote_id, sent.remote.number, sent.remote.status, sent.remote.total) == (
            remote.remote_id,
            remote.number,
            DocumentStatus.OPEN,
            D("440.00"),
        )

    def test_what_people_changed_meanwhile_is_not_overwritten(self, odoo_box: Sandbox, au: OdooHook, json2: Json2) -> None:
        remote = posted(au, invoice())
        odoo_box.simulators["odoo"].clock.offset = timedelta(minutes=1)
        json2("account.move", "write", ids=[int(remote.remote_id)], vals={"narration": "by hand"})
        sent = au.update_invoice(sending(au, self.changed()), remote)
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.REREAD, Outcome.DID_NOT_HAPPEN)
        assert json2.move(int(remote.remote_id), "narration")["narration"] == "<p>by hand</p>"

    def test_a_document_with_payments_is_for_a_person(self, au: OdooHook) -> None:
        remote = posted(au, invoice())
        au.apply_payment(receipt("50.00", (remote, "50.00")), customer_id=remote.customer_id, key="p", references=References())
        now = au.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        sent = au.update_invoice(sending(au, self.changed()), now)
        assert sent.error is not None
        assert sent.error.action is Action.REVIEW

    def test_a_refused_change_leaves_the_document_posted(self, au: OdooHook) -> None:
        remote = posted(au, invoice())
        item = sending(au, self.changed())
        gone = {
            **item.references.entries,
            (ReferenceKind.TAX_CODE, "AU-GST10"): ReferenceItem(kind=ReferenceKind.TAX_CODE, code="x", remote_id="999"),
        }
        sent = au.update_invoice(
            Sending(key="k", document=item.document, references=References(customer=item.references.customer, entries=gone)), remote
        )
        assert sent.error is not None
        assert sent.error.outcome is Outcome.DID_NOT_HAPPEN
        now = au.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        assert (now.status, now.total) == (DocumentStatus.OPEN, D("110.00"))

    def test_a_locked_period_forbids_the_change(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        odoo_box.inject("odoo", "lock_period", until="2026-11-30")
        sent = hook.update_invoice(sending(hook, self.changed()), remote)
        assert sent.error is not None
        assert (sent.error.rule.name, sent.error.action, sent.error.outcome) == ("period closed", Action.REVIEW, Outcome.DID_NOT_HAPPEN)


class TestVoid:
    def test_a_draft_and_a_posted_document_are_cancelled(self, hook: OdooHook) -> None:
        draft, open_one = created(hook, sending(hook, invoice("AU-SI-1"))), posted(hook, invoice("AU-SI-2"))
        for remote in (draft, open_one):
            sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
            assert sent.error is None
            assert sent.remote is not None
            assert (sent.key, sent.remote.status, sent.note) == ("v", DocumentStatus.VOID, "cancelled")

    def test_voiding_twice_succeeds(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        first = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v").remote
        assert first is not None
        assert hook.void_invoice(first, on=date(2026, 11, 22), reason="wrong", key="v").error is None

    def test_payments_are_never_taken_off_silently(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        hook.apply_payment(receipt("110.00", (remote, "110.00")), customer_id=remote.customer_id, key="p", references=References())
        now = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert now is not None
        sent = hook.void_invoice(now, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.error is not None
        assert sent.error.action is Action.REVIEW
        still = hook.get_invoice(remote.remote_id, DocumentKind.INVOICE)
        assert still is not None
        assert still.status is DocumentStatus.PAID

    @pytest.mark.parametrize("transport", ["json2", "xmlrpc"])
    def test_the_books_can_keep_the_document_and_reverse_it(self, make_hook: MakeHook, transport: str, json2: Json2) -> None:
        hook = make_hook(extra={"void_with": "reversal", "transport": transport})
        remote = posted(hook, invoice())
        sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.remote is not None
        assert (sent.remote.status, sent.remote.balance, sent.note) == (DocumentStatus.VOID, D(0), "credit note RINV/2026/00001")
        assert json2("account.move", "search_count", domain=[]) == 2

    def test_a_reversal_that_was_left_half_done_is_finished_and_not_repeated(self, make_hook: MakeHook, json2: Json2) -> None:
        hook = make_hook(extra={"void_with": "reversal"})
        remote = posted(hook, invoice())
        context = {"active_model": "account.move", "active_ids": [int(remote.remote_id)]}
        wizard = json2("account.move.reversal", "create", vals_list=[{"date": "2026-11-22"}], context=context)
        json2("account.move.reversal", "refund_moves", ids=wizard, context=context)
        sent = hook.void_invoice(remote, on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.remote is not None
        assert sent.remote.status is DocumentStatus.VOID
        assert json2("account.move", "search_count", domain=[]) == 2

    def test_before_19_a_posted_document_goes_through_draft(self, make_hook: MakeHook) -> None:
        hook = make_hook(extra={"version": 18, "transport": "xmlrpc"})
        sent = hook.void_invoice(posted(hook, invoice()), on=date(2026, 11, 22), reason="wrong", key="v")
        assert sent.remote is not None
        assert sent.remote.status is DocumentStatus.VOID


def receipt(amount: str, *allocations: tuple[RemoteDocument, str], reference: str = "WIRE-9", **more: Any) -> Payment:
    made = [Allocation(document_number=remote.our_number, remote_id=remote.remote_id, amount=D(part)) for remote, part in allocations]
    values = {
        "source": "bank",
        "source_id": "b-1",
        "customer_code": BUYER.code,
        "received_on": date(2026, 11, 21),
        "amount": D(amount),
        "currency": "AUD",
        "reference": reference,
        "allocations": tuple(made),
    }
    return Payment.model_validate({**values, **more})


class TestPayments:
    def pay(self, hook: OdooHook, payment: Payment, customer: str, key: str = "pay-1") -> Any:
        return hook.apply_payment(payment, customer_id=customer, key=key, references=References())

    def test_one_payment_settles_several_documents_and_part_of_another(self, hook: OdooHook) -> None:
        first, second, third = (posted(hook, invoice(f"AU-SI-{i}")) for i in range(3))
        payment = receipt("260.00", (third, "40.00"), (first, "110.00"), (second, "110.00"))
        booked = self.pay(hook, payment, first.customer_id)
        applied = {each.remote_id: each.amount for each in booked.allocations}
        assert applied == {first.remote_id: D("110.00"), second.remote_id: D("110.00"), third.remote_id: D("40.00")}
        assert (booked.amount, booked.currency, booked.reference, booked.customer_id) == (D("260.00"), "AUD", "WIRE-9", first.customer_id)
        states = {
            number: found.status
            for number in ("AU-SI-0", "AU-SI-1", "AU-SI-2")
            for found in hook.find_invoice(number, DocumentKind.INVOICE)
        }
        assert list(states.values()) == [DocumentStatus.PAID, DocumentStatus.PAID, DocumentStatus.PARTIALLY_PAID]

    def test_a_repeated_payment_is_booked_and_applied_once(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        payment = receipt("40.00", (remote, "40.00"))
        assert self.pay(hook, payment, remote.customer_id) == self.pay(hook, payment, remote.customer_id)
        [booked] = odoo_box.books("odoo").payments
        assert booked.applied == {remote.remote_id: D("40.00")}

    def test_a_payment_that_was_booked_and_not_applied_is_finished(self, odoo_box: Sandbox, au: OdooHook) -> None:
        remote = posted(au, invoice())
        odoo_box.inject("odoo", "reset_before_commit", **calls_of(au, "js_assign_outstanding_line"))
        with pytest.raises(PlatformError) as lost:
            self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert lost.value.outcome is Outcome.UNKNOWN
        self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert [str(each.amount) for each in odoo_box.books("odoo").payments] == ["110.00"]

    def test_what_is_not_allocated_stays_open_on_the_payment(self, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        booked = self.pay(hook, receipt("150.00", (remote, "110.00")), remote.customer_id)
        assert [each.amount for each in booked.allocations] == [D("110.00")]

    def test_a_payment_without_allocations_is_booked_all_the_same(self, hook: OdooHook) -> None:
        customer = hook.ensure_customer(BUYER, "AUD")
        assert self.pay(hook, receipt("75.00"), customer).allocations == ()

    def test_two_part_payments_cannot_be_told_apart_by_odoo(self, odoo_box: Sandbox, au: OdooHook) -> None:
        first, second = posted(au, invoice("AU-SI-1")), posted(au, invoice("AU-SI-2"))
        with pytest.raises(PlatformError, match="cannot leave part of AU-SI-1, AU-SI-2 unpaid") as refused:
            self.pay(au, receipt("80.00", (first, "40.00"), (second, "40.00")), first.customer_id)
        assert (refused.value.action, refused.value.outcome) == (Action.REVIEW, Outcome.DID_NOT_HAPPEN)
        assert odoo_box.books("odoo").payments == []

    def test_an_early_payment_discount_closes_the_document_once(self, make_hook: MakeHook, odoo_box: Sandbox) -> None:
        hook = make_hook(extra={"discount_account": "4800"})
        remote = posted(hook, invoice())
        taken = Allocation(document_number="AU-SI-000123", remote_id=remote.remote_id, amount=D("107.80"), discount=D("2.20"))
        payment = receipt("107.80", allocations=(taken,))
        self.pay(hook, payment, remote.customer_id)
        self.pay(hook, payment, remote.customer_id)
        [booked] = odoo_box.books("odoo").payments
        assert booked.amount == D("107.80")
        assert hook.find_invoice("AU-SI-000123", DocumentKind.INVOICE)[0].status is DocumentStatus.PAID

    def test_a_discount_that_does_not_close_the_document_is_refused(self, make_hook: MakeHook) -> None:
        hook = make_hook(extra={"discount_account": "4800"})
        remote = posted(hook, invoice())
        taken = Allocation(document_number="AU-SI-000123", remote_id=remote.remote_id, amount=D("50.00"), discount=D("1.00"))
        with pytest.raises(PlatformError, match="payment and discount make"):
            self.pay(hook, receipt("50.00", allocations=(taken,)), remote.customer_id)

    def test_a_payment_on_a_draft_or_a_document_that_is_gone_is_refused(self, au: OdooHook) -> None:
        draft = created(au, sending(au, invoice()))
        with pytest.raises(PlatformError, match="is draft"):
            self.pay(au, receipt("10.00", (draft, "10.00")), draft.customer_id)
        with pytest.raises(PlatformError, match="not in Odoo"):
            self.pay(au, receipt("10.00", (draft.model_copy(update={"remote_id": "999"}), "10.00")), draft.customer_id)

    def test_refunds_are_entered_by_hand(self, au: OdooHook) -> None:
        with pytest.raises(PlatformError, match="a refund is entered in Odoo by hand"):
            self.pay(au, receipt("10.00", kind="refund"), "1")

    def test_the_method_is_the_bank_journals(self, au: OdooHook, json2: Json2) -> None:
        [check] = au.find_reference(ReferenceKind.PAYMENT_METHOD, ["Check"])
        entries = {(ReferenceKind.PAYMENT_METHOD, "CHQ"): check}
        customer = au.ensure_customer(BUYER, "AUD")
        booked = au.apply_payment(receipt("5.00", method="CHQ"), customer_id=customer, key="p", references=References(entries=entries))
        row = json2("account.payment", "read", ids=[int(booked.remote_id)], fields=["payment_method_line_id", "journal_id"])[0]
        assert (row["payment_method_line_id"][1], row["journal_id"][1]) == ("Check", "Bank")

    def test_changed_payments_are_listed_with_what_they_settle(self, odoo_box: Sandbox, hook: OdooHook) -> None:
        remote = posted(hook, invoice())
        self.pay(hook, receipt("40.00", (remote, "40.00")), remote.customer_id)
        clock = odoo_box.simulators["odoo"].clock
        listed = list(hook.list_payments(clock.now() - timedelta(minutes=1)))
        assert [(each.reference, [(part.remote_id, part.amount) for part in each.allocations]) for each in listed] == [
            ("WIRE-9", [(remote.remote_id, D("40.00"))])
        ]
        assert list(hook.list_payments(clock.now() + timedelta(minutes=1))) == []

    def test_a_payment_applied_later_shows_although_it_did_not_change_itself(self, odoo_box: Sandbox, au: OdooHook, json2: Json2) -> None:
        remote = posted(au, invoice())
        booked = self.pay(au, receipt("40.00"), remote.customer_id)
        clock = odoo_box.simulators["odoo"].clock
        clock.offset = timedelta(hours=1)
        entry = json2("account.payment", "read", ids=[int(booked.remote_id)], fields=["move_id"])[0]["move_id"][0]
        item = json2("account.move.line", "search", domain=[["move_id", "=", entry], ["account_type", "=", "asset_receivable"]])[0]
        json2("account.move", "js_assign_outstanding_line", ids=[int(remote.remote_id)], line_id=item)
        [listed] = au.list_payments(clock.now() - timedelta(minutes=1))
        assert [(each.remote_id, each.amount) for each in listed.allocations] == [(remote.remote_id, D("40.00"))]

    def test_a_cancelled_payment_is_reversed_and_its_document_open_again(self, au: OdooHook, json2: Json2) -> None:
        remote = posted(au, invoice())
        booked = self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        json2("account.payment", "action_draft", ids=[int(booked.remote_id)])
        json2("account.payment", "action_cancel", ids=[int(booked.remote_id)])
        [listed] = au.list_payments(datetime(2026, 1, 1, tzinfo=UTC))
        assert (listed.reversed, listed.allocations) == (True, ())
        assert au.find_invoice("AU-SI-000123", DocumentKind.INVOICE)[0].status is DocumentStatus.OPEN

    def test_payments_of_another_company_are_not_listed(self, make_hook: MakeHook, au: OdooHook) -> None:
        remote = posted(au, invoice())
        self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert list(make_hook(extra={"company_id": UK}).list_payments(datetime(2026, 1, 1, tzinfo=UTC))) == []

    def test_more_payments_than_fit_on_a_page_are_all_listed(self, au: OdooHook, json2: Json2) -> None:
        customer = json2.customer()
        vals = {"partner_id": customer, "amount": 1, "memo": "small"}
        ids = json2("account.payment", "create", vals_list=[vals] * 450)
        json2("account.payment", "action_post", ids=ids)
        listed = [each.remote_id for each in au.list_payments(datetime(2026, 1, 1, tzinfo=UTC))]
        assert sorted(listed, key=int) == [str(each) for each in ids]

    def test_enterprise_counts_in_payment_as_paid(self, odoo_box: Sandbox, au: OdooHook) -> None:
        odoo_box.inject("odoo", "in_payment")
        remote = posted(au, invoice())
        self.pay(au, receipt("110.00", (remote, "110.00")), remote.customer_id)
        assert au.find_invoice("AU-SI-000123", DocumentKind.INVOICE)[0].status is DocumentStatus.PAID


class TestReferences:
    def test_codes_are_what_people_call_things(self, hook: OdooHook) -> None:
        codes = {kind: {each.code for each in hook.list_reference(kind)} for kind in ReferenceKind}
        assert "CMP-RS-11" in codes[ReferenceKind.ITEM]
        assert {"4000", "4800", "4900"} <= codes[ReferenceKind.ACCOUNT]
        assert codes[ReferenceKind.TERMS] == {"Due on receipt", "Net 14", "Net 30", "2% 10 Net 30"}
        assert codes[ReferenceKind.DIMENSION] == {"WHOLESALE", "SERVICE", "MAIN", "NORTH"}
        assert codes[ReferenceKind.PAYMENT_METHOD] == {"Wire", "Check", "Card"}
        assert codes[ReferenceKind.UNIT] == {"Units"}

    def test_taxes_are_the_companys_own_and_never_included_ones(self, hook: OdooHook, make_hook: MakeHook) -> None:
        taxes = {each.code: each.details["rate"] for each in hook.list_reference(ReferenceKind.TAX_CODE)}
        assert {code: Decimal(rate) for code, rate in taxes.items()} == {"GST 10%": D(10), "GST Free": D(0), "GST Export 0%": D(0)}
        uk = make_hook(extra={"company_id": UK})
        assert {each.code for each in uk.list_reference(ReferenceKind.TAX_CODE)} == {"20% S", "5% S", "0% S", "0% S RC"}

    def test_what_is_switched_off_says_so(self, hook: OdooHook) -> None:
        active = {each.code: each.active for each in hook.find_reference(ReferenceKind.CURRENCY, ["AUD", "JPY"])}
        assert active == {"AUD": True, "JPY": False}

    def test_long_lists_are_asked_only_for_what_is_wanted(self, hook: OdooHook) -> None:
        assert [each.code for each in hook.find_reference(ReferenceKind.ITEM, ["CMP-RS-11", "NOPE"])] == ["CMP-RS-11"]


class TestErrors:
    @pytest.mark.parametrize("transport", ["json2", "xmlrpc"])
    @pytest.mark.parametrize(
        ("model", "method", "named", "name", "action", "outcome"),
        [
            ("account.movee", "search", {"domain": []}, "model or method unknown", Action.STOP, Outcome.DID_NOT_HAPPEN),
            ("account.move", "nope", {}, "model or method unknown", Action.STOP, Outcome.DID_NOT_HAPPEN),
            ("account.move", "search", {"domain": [["nope", "=", 1]]}, "field unknown", Action.STOP, Outcome.DID_NOT_HAPPEN),
            ("ir.model.data", "search", {"domain": []}, "no rights", Action.STOP, Outcome.DID_NOT_HAPPEN),
            ("account.move", "create", {"vals_list": [{"move_type": "entry"}]}, "refused by Odoo", Action.REVIEW, Outcome.DID_NOT_HAPPEN),
            (
                "account.move",
                "create",
                {"vals_list": [{"move_type": "out_invoice", "partner_id": 99}]},
                "record gone",
                Action.REVIEW,
                Outcome.DID_NOT_HAPPEN,
            ),
            (
                "account.move",
                "create",
                {"vals_list": [{"move_type": "out_invoice", "journal_id": 4, "company_id": 1}]},
                "companies mixed",
                Action.REVIEW,
                Outcome.DID_NOT_HAPPEN,
            ),
            (
                "ir.model.data",
                "check_object_reference",
                {"module": "a", "xml_id": "b"},
                "external id unknown",
                Action.REVIEW,
                Outcome.DID_NOT_HAPPEN,
            ),
        ],
    )
    def test_both_transports_mean_the_same(
        self,
        make_hook: MakeHook,
        transport: str,
        model: str,
        method: str,
        named: dict[str, Any],
        name: str,
        action: Action,
        outcome: Outcome,
    ) -> None:
        hook = make_hook(extra={"transport": transport})
        with pytest.raises(PlatformError) as refused:
            hook.odoo.run(model, method, **named)
        assert (refused.value.rule.name, refused.value.action, refused.value.outcome) == (name, action, outcome)

    @pytest.mark.parametrize(
        ("lines", "currency", "name"),
        [
            ([{"name": "Minus", "price_unit": -5, "tax_ids": [[6, 0, []]]}], "AUD", "negative total"),
            ([{"display_type": "line_note", "name": "Words"}], "AUD", "nothing to post"),
            ([{"name": "Thing", "price_unit": 5}], "JPY", "currency inactive"),
        ],
    )
    def test_what_cannot_be_posted_has_a_name(
        self, hook: OdooHook, json2: Json2, lines: list[dict[str, Any]], currency: str, name: str
    ) -> None:
        money = json2("res.currency", "search", domain=[["name", "=", currency], ["active", "in", [True, False]]])[0]
        draft = json2.draft(json2.customer(), lines=lines, currency_id=money)
        with pytest.raises(PlatformError) as refused:
            hook.odoo.run("account.move", "action_post", ids=[draft])
        assert (refused.value.rule.name, refused.value.action) == (name, Action.REVIEW)

    def test_wrong_arguments_are_a_stop(self, au: OdooHook) -> None:
        with pytest.raises(PlatformError) as refused:
            au.odoo.run("account.move", "search")
        assert refused.value.rule.name == "wrong arguments"

    @pytest.mark.parametrize("fault", ["error_before_commit", "error_after_commit", "truncated_body", "malformed_body", "empty_body"])
    def test_an_answer_that_proves_nothing_is_unknown(self, odoo_box: Sandbox, hook: OdooHook, fault: str) -> None:
        item = sending(hook, invoice())
        odoo_box.inject("odoo", fault, **calls_of(hook, "load"))
        [sent] = hook.create_invoices([item])
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)
        assert len(hook.find_invoice(item.document.number, DocumentKind.INVOICE)) == (0 if fault == "error_before_commit" else 1)

    def test_a_read_that_fails_after_the_import_does_not_say_absent(self, odoo_box: Sandbox, au: OdooHook) -> None:
        item = sending(au, invoice())
        odoo_box.inject("odoo", "error_before_commit", path="account.move/read$", times=None)
        [sent] = au.create_invoices([item])
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)

    def test_throttling_is_waited_out(self, odoo_box: Sandbox, au: OdooHook) -> None:
        odoo_box.inject("odoo", "rate_limited", retry_after="0")
        assert au.find_invoice("X", DocumentKind.INVOICE) == []

    def test_no_answer_is_unknown(self, odoo_box: Sandbox, make_hook: MakeHook) -> None:
        item = sending(make_hook(), invoice())
        odoo_box.inject("odoo", "timeout_after_commit", path="/load$")
        [sent] = make_hook(read_timeout=0.5).create_invoices([item])
        assert sent.error is not None
        assert (sent.error.action, sent.error.outcome) == (Action.LOOK_UP, Outcome.UNKNOWN)

    def test_keys_are_made_by_people(self, make_hook: MakeHook) -> None:
        with pytest.raises(ConfigurationError, match="make a new API key"):
            make_hook().issue_token(None)
