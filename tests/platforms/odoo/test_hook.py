"""The connection, customers, lists and errors, against the simulated Odoo over real HTTP, through both transports."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from airbooks.canonical import (
    DocumentKind,
)
from airbooks.platforms.errors import Action, ConfigurationError, Outcome, PlatformError
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.references import ReferenceKind
from airbooks.sandbox.server import Sandbox

from .conftest import UK, Json2, MakeHook
from .documents import BUYER, D, invoice
from .working import calls_of, sending


class TestConnection:
    def test_it_says_what_it_reaches(self, hook: OdooHook) -> None:
        works, says = hook.test_connection()
        assert works
        assert says == "Odoo 19.0, Supplier Australia Pty Ltd (AUD), journals: Customer Invoices, Bank"

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
            ({"extra": {"version": 18}}, "The server is Odoo 19.0, the connection says 18"),
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
        assert {code: Decimal(rate) for code, rate in taxes.items()} == {
            "GST 10%": D(10),
            "GST Free": D(0),
            "GST Export 0%": D(0),
            "GST 15%": D(15),
        }
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
