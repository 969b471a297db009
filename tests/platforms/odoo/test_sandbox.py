"""Logging in, rights, errors, creating and posting: the simulated Odoo keeps the vendor's promises on all three transports."""

from __future__ import annotations

import xmlrpc.client
from datetime import timedelta
from typing import Any

import httpx
import pytest

from airbooks.platforms.odoo.sandbox.seeding import BILLING_LOGIN, DATABASE, LOGIN, PASSWORD, api_key
from airbooks.sandbox.server import Sandbox

from .conftest import AU, UK, Json2, jsonrpc

NONE_FAULT = "cannot marshal None unless allow_none is enabled"


class TestLogIn:
    def test_the_version_is_told_without_a_key(self, odoo_box: Sandbox, common: Any) -> None:
        assert httpx.get(f"{odoo_box.base_url('odoo')}/web/version").json()["version"] == "19.0"
        assert common.version()["server_version_info"] == [19, 0, 0, "final", 0, ""]

    def test_wrong_password_is_false_and_not_a_fault(self, common: Any) -> None:
        assert common.authenticate(DATABASE, LOGIN, "wrong", {}) is False

    @pytest.mark.parametrize("secret", [PASSWORD, api_key(LOGIN)])
    def test_password_and_api_key_both_open_xmlrpc(self, common: Any, secret: str) -> None:
        assert common.authenticate(DATABASE, LOGIN, secret, {}) == 2

    def test_a_password_does_not_open_json2(self, odoo_box: Sandbox) -> None:
        status, name, _ = Json2(odoo_box, PASSWORD).refused("res.partner", "search", domain=[])
        assert (status, name) == (401, "werkzeug.exceptions.Unauthorized")

    def test_a_wrong_key_is_access_denied_on_xmlrpc(self, rpc: Any) -> None:
        with pytest.raises(xmlrpc.client.Fault, match="Access Denied") as denied:
            rpc("res.partner", "search", [[]], key="0" * 40)
        assert denied.value.faultCode == 3

    def test_expired_keys_are_refused_on_every_door(self, odoo_box: Sandbox, json2: Json2, rpc: Any) -> None:
        odoo_box.inject("odoo", "expire_key")
        assert json2.refused("res.partner", "search", domain=[])[::2] == (401, "Invalid apikey")
        with pytest.raises(xmlrpc.client.Fault, match="Access Denied"):
            rpc("res.partner", "search", [[]])

    @pytest.mark.parametrize("database", ["", "other"])
    def test_without_the_right_database_json2_is_a_404_page(self, json2: Json2, database: str) -> None:
        answer = json2.post("res.partner", "search", {"X-Odoo-Database": database}, domain=[])
        assert answer.status_code == 404
        assert answer.headers["content-type"].startswith("text/html")

    def test_a_wrong_database_is_fault_1_on_xmlrpc(self, common: Any) -> None:
        with pytest.raises(xmlrpc.client.Fault, match="does not exist") as wrong:
            common.authenticate("other", LOGIN, PASSWORD, {})
        assert wrong.value.faultCode == 1

    def test_bearer_is_read_without_regard_to_case(self, json2: Json2) -> None:
        assert json2.post("res.partner", "search", {"Authorization": f"BEARER {json2.key}"}, domain=[]).status_code == 200


class TestRights:
    def test_a_billing_user_makes_invoices_but_no_contacts(self, odoo_box: Sandbox, json2: Json2) -> None:
        customer = json2.customer()
        billing = Json2(odoo_box, api_key(BILLING_LOGIN))
        assert billing.posted(customer)
        assert billing.refused("res.partner", "create", vals_list=[{"name": "New"}])[:2] == (403, "odoo.exceptions.AccessError")

    def test_nobody_reads_external_ids_but_all_may_resolve_them(self, json2: Json2) -> None:
        loaded = json2("res.partner", "load", fields=["id", "name"], data=[["acd.partner_1", "Named"]])
        assert json2.refused("ir.model.data", "search_read", domain=[])[0] == 403
        found = json2("ir.model.data", "check_object_reference", module="acd", xml_id="partner_1")
        assert found == ["res.partner", loaded["ids"][0]]
        assert json2.refused("ir.model.data", "check_object_reference", module="acd", xml_id="nobody")[:2] == (500, "builtins.ValueError")

    def test_a_company_that_is_not_allowed_is_an_access_error(self, json2: Json2) -> None:
        status, name, message = json2.refused("account.move", "search", domain=[], context={"allowed_company_ids": [9]})
        assert (status, name, message) == (403, "odoo.exceptions.AccessError", "Access to unauthorized or invalid companies.")

    def test_private_methods_cannot_be_called(self, json2: Json2, rpc: Any) -> None:
        assert json2.refused("account.move", "_post")[0] == 403
        with pytest.raises(xmlrpc.client.Fault) as private:
            rpc("account.move", "_post", [[1]])
        assert private.value.faultCode == 4


class TestErrors:
    @pytest.mark.parametrize(
        ("model", "method", "named", "status"),
        [
            ("account.movee", "search", {"domain": []}, 404),
            ("account.move", "nope", {}, 404),
            ("account.move", "search", {}, 422),
            ("account.move", "search", {"domain": [], "nope": 1}, 422),
            ("account.move", "search", {"domain": [], "ids": [1]}, 422),
            ("account.move", "search", {"domain": [["nope", "=", 1]]}, 500),
            ("account.move", "create", {"vals_list": [{"move_type": "out_invoice", "nope": 1}]}, 500),
            ("account.move", "create", {"vals_list": [{"move_type": "out_invoice", "partner_id": 999999}]}, 404),
            ("account.move", "write", {"ids": [999999], "vals": {"ref": "x"}}, 404),
        ],
    )
    def test_json2_answers_with_a_real_status(self, json2: Json2, model: str, method: str, named: dict[str, Any], status: int) -> None:
        assert json2.refused(model, method, **named)[0] == status

    def test_missing_ids_are_an_empty_list_on_read(self, json2: Json2) -> None:
        assert json2("account.move", "read", ids=[999999], fields=["name"]) == []

    def test_get_on_a_method_is_a_404_that_names_the_form(self, odoo_box: Sandbox) -> None:
        answer = httpx.get(f"{odoo_box.base_url('odoo')}/json/2/account.move/search")
        assert (answer.status_code, answer.json()["message"]) == (404, "Did you mean POST /json/2/<model>/<method>?")

    @pytest.mark.parametrize(
        ("model", "method", "args", "code", "text"),
        [
            ("account.movee", "search", [[]], 2, "Object account.movee doesn't exist"),
            ("account.move", "create", [{"move_type": "out_invoice", "nope": 1}], 1, "Invalid field 'nope' in 'account.move'"),
            ("account.move", "create", [{"move_type": "out_invoice", "partner_id": 99}], 2, "Record does not exist or has been deleted."),
        ],
    )
    def test_xmlrpc_answers_with_fault_codes(self, rpc: Any, model: str, method: str, args: list[Any], code: int, text: str) -> None:
        with pytest.raises(xmlrpc.client.Fault) as fault:
            rpc(model, method, args)
        assert fault.value.faultCode == code
        assert text in fault.value.faultString

    def test_jsonrpc_answers_errors_inside_http_200(self, odoo_box: Sandbox) -> None:
        said = jsonrpc(odoo_box, "object", "execute_kw", DATABASE, 2, api_key(LOGIN), "account.move", "action_post", [[999]], {})
        assert said["error"]["message"] == "Odoo Server Error"
        assert said["error"]["data"]["name"] == "odoo.exceptions.MissingError"


class TestCreate:
    def test_a_dict_gives_an_id_and_a_list_a_list_but_json2_always_a_list(self, rpc: Any, json2: Json2) -> None:
        assert rpc("res.partner", "create", [{"name": "One"}]) == 1
        assert rpc("res.partner", "create", [[{"name": "Two"}]]) == [2]
        assert json2("res.partner", "create", vals_list={"name": "Three"}) == [3]

    def test_a_draft_has_no_number_and_posting_gives_the_next_one(self, json2: Json2) -> None:
        customer = json2.customer()
        draft = json2.draft(customer, invoice_date="2026-11-10")
        assert json2.move(draft, "name", "state") == {"id": draft, "name": False, "state": "draft"}
        json2("account.move", "action_post", ids=[draft])
        posted = json2.move(draft, "name", "state", "payment_reference", "partner_id")
        assert (posted["name"], posted["state"], posted["payment_reference"]) == ("INV/2026/00001", "posted", "INV/2026/00001")
        assert posted["partner_id"] == [customer, "Customer C-1"]

    def test_a_failed_batch_leaves_no_trace_and_no_gap_in_the_numbers(self, json2: Json2) -> None:
        good, empty = json2.draft(json2.customer(), invoice_date="2026-11-10"), json2.draft(json2.customer("C-2"), lines=[])
        assert "Even magicians can't post nothing!" in json2.refused("account.move", "action_post", ids=[good, empty])[2]
        assert json2.move(good, "state")["state"] == "draft"
        json2("account.move", "action_post", ids=[good])
        assert json2.move(good, "name")["name"] == "INV/2026/00001"

    def test_one_bad_partner_in_a_list_creates_none(self, json2: Json2) -> None:
        vals = [{"move_type": "out_invoice", "partner_id": partner} for partner in (json2.customer(), 999)]
        assert json2.refused("account.move", "create", vals_list=vals)[0] == 404
        assert json2("account.move", "search_count", domain=[]) == 0

    def test_totals_are_the_servers(self, json2: Json2) -> None:
        taxes = [[6, 0, [json2.id_of("account.tax", name="20% S", company_id=UK)]]]
        line = {"name": "Hose", "quantity": 3, "price_unit": 489.995, "discount": 10.13, "tax_ids": taxes}
        move = json2.draft(json2.customer(), company=UK, lines=[line])
        assert json2.move(move, "amount_untaxed", "amount_tax", "amount_total") == {
            "id": move,
            "amount_untaxed": 1321.08,
            "amount_tax": 264.22,
            "amount_total": 1585.3,
        }

    def test_untaxed_amount_and_tax_are_rounded_once_over_all_lines(self, odoo_box: Sandbox, json2: Json2) -> None:
        taxes = [[6, 0, [json2.id_of("account.tax", name="20% S", company_id=UK)]]]
        lines = [{"name": "Nut", "quantity": 1, "price_unit": "0.334", "tax_ids": taxes}] * 3
        globally = json2.move(json2.draft(json2.customer(), company=UK, lines=lines), "amount_untaxed", "amount_tax")
        odoo_box.inject("odoo", "round_per_line")
        per_line = json2.move(json2.draft(json2.customer("C-2"), company=UK, lines=lines), "amount_untaxed", "amount_tax")
        assert (globally["amount_untaxed"], globally["amount_tax"]) == (1.0, 0.2)
        assert (per_line["amount_untaxed"], per_line["amount_tax"]) == (0.99, 0.21)

    def test_quantity_and_discount_lose_what_is_beyond_two_decimals(self, json2: Json2) -> None:
        move = json2.draft(json2.customer(), lines=[{"name": "Hose", "quantity": "2.3456", "price_unit": "10.12345", "discount": 10.125}])
        kept = json2(
            "account.move.line",
            "search_read",
            domain=[["move_id", "=", move], ["display_type", "=", "product"]],
            fields=["quantity", "discount", "price_unit"],
        )
        assert {name: kept[0][name] for name in ("quantity", "discount", "price_unit")} == {
            "quantity": 2.35,
            "discount": 10.13,
            "price_unit": 10.12345,
        }

    def test_omitted_taxes_are_the_default_and_an_empty_set_is_none(self, json2: Json2) -> None:
        lines = [{"name": "Default", "price_unit": 100}, {"name": "None", "price_unit": 100, "tax_ids": [[6, 0, []]]}]
        assert json2.move(json2.draft(json2.customer(), lines=lines), "amount_tax")["amount_tax"] == 10.0

    def test_a_delivery_address_without_country_makes_the_sale_an_export(self, json2: Json2) -> None:
        customer = json2.customer(country_id=json2.id_of("res.country", code="AU"))
        door = json2.customer("", parent_id=customer, type="delivery")
        vals = {"move_type": "out_invoice", "partner_id": customer, "partner_shipping_id": door}
        move = json2("account.move", "create", vals_list=[{**vals, "invoice_line_ids": [[0, 0, {"name": "Default", "price_unit": 100}]]}])[
            0
        ]
        read = json2.move(move, "fiscal_position_id", "amount_tax")
        assert (read["fiscal_position_id"][1], read["amount_tax"]) == ("Foreign Trade", 0.0)

    def test_an_included_tax_is_taken_out_of_the_price(self, json2: Json2) -> None:
        taxes = [[6, 0, [json2.id_of("account.tax", name="GST 10% Included")]]]
        move = json2.draft(json2.customer(), lines=[{"name": "Box", "price_unit": 110, "tax_ids": taxes}])
        assert json2.move(move, "amount_untaxed", "amount_tax")["amount_untaxed"] == 100.0

    def test_what_belongs_to_another_company_is_refused(self, json2: Json2) -> None:
        taxes = [[6, 0, [json2.id_of("account.tax", name="20% S")]]]
        vals = {"move_type": "out_invoice", "company_id": AU, "partner_id": json2.customer()}
        lines = [[0, 0, {"name": "X", "price_unit": 1, "tax_ids": taxes}]]
        status, name, message = json2.refused("account.move", "create", vals_list=[{**vals, "invoice_line_ids": lines}])
        assert (status, name) == (422, "odoo.exceptions.UserError")
        assert "company inconsistencies" in message

    def test_foreign_currency_has_the_companys_rate_unless_one_is_given(self, json2: Json2) -> None:
        usd = json2.id_of("res.currency", name="USD")
        booked = json2.move(json2.draft(json2.customer(), currency_id=usd), "invoice_currency_rate", "amount_total_signed", "amount_total")
        assert booked["amount_total"] == 100.0
        assert booked["amount_total_signed"] == 152.0
        given = json2.move(json2.draft(json2.customer("C-2"), currency_id=usd, invoice_currency_rate=0.5), "amount_total_signed")
        assert given["amount_total_signed"] == 200.0

    def test_memo_reads_back_as_html(self, json2: Json2) -> None:
        assert json2.move(json2.draft(json2.customer(), narration="Ship prepaid"), "narration")["narration"] == "<p>Ship prepaid</p>"


class TestPosting:
    def test_posting_without_date_dates_today_and_terms_make_the_due_date(self, odoo_box: Sandbox, json2: Json2) -> None:
        term = json2.id_of("account.payment.term", name="Net 14")
        today = odoo_box.simulators["odoo"].clock.today()
        read = json2.move(json2.posted(json2.customer(), invoice_payment_term_id=term), "invoice_date", "invoice_date_due")
        assert read["invoice_date"] == today.isoformat()
        assert read["invoice_date_due"] == (today + timedelta(days=14)).isoformat()

    def test_a_locked_period_moves_the_accounting_date_without_an_error(self, odoo_box: Sandbox, json2: Json2) -> None:
        odoo_box.inject("odoo", "lock_period", until="2026-10-31")
        read = json2.move(json2.posted(json2.customer(), invoice_date="2026-10-15"), "invoice_date", "date", "name")
        assert (read["invoice_date"], read["date"]) == ("2026-10-15", "2026-11-01")

    def test_a_document_inside_the_lock_cannot_go_back_to_draft(self, odoo_box: Sandbox, json2: Json2) -> None:
        move = json2.posted(json2.customer(), invoice_date="2026-10-15")
        odoo_box.inject("odoo", "lock_period", until="2026-11-30")
        message = json2.refused("account.move", "button_draft", ids=[move])[2]
        assert message == "You cannot add/modify entries prior to and inclusive of: Sales Lock Date (11/30/2026)."

    @pytest.mark.parametrize(
        ("change", "text"),
        [
            ({"partner_id": False}, "The 'Customer' field is required"),
            ({"lines": [{"name": "Minus", "price_unit": -5}]}, "negative total amount"),
            ({"lines": [{"display_type": "line_note", "name": "Only words"}]}, "Even magicians can't post nothing!"),
            ({"currency": "JPY"}, "inactive currency: JPY"),
        ],
    )
    def test_what_cannot_be_posted_is_refused_in_the_vendors_words(self, json2: Json2, change: dict[str, Any], text: str) -> None:
        vals = {"partner_id": json2.customer(), **{name: value for name, value in change.items() if name != "currency"}}
        if "currency" in change:
            vals["currency_id"] = json2("res.currency", "search", domain=[["name", "=", "JPY"], ["active", "=", False]])[0]
        partner = vals.pop("partner_id")
        assert text in json2.refused("account.move", "action_post", ids=[json2.draft(partner, **vals)])[2]

    def test_posting_twice_is_refused(self, json2: Json2) -> None:
        assert "must be in draft." in json2.refused("account.move", "action_post", ids=[json2.posted(json2.customer())])[2]

    def test_a_number_set_by_hand_starts_a_new_pattern(self, json2: Json2) -> None:
        customer = json2.customer()
        json2.posted(customer, name="ACD-000123")
        assert json2.move(json2.posted(customer), "name")["name"] == "ACD-000124"

    def test_the_same_number_twice_is_refused_at_posting_only(self, json2: Json2) -> None:
        customer = json2.customer()
        json2.posted(customer, name="ACD-000123")
        second = json2.draft(customer, name="ACD-000123")
        assert json2.refused("account.move", "action_post", ids=[second])[2] == "Another entry with the same name already exists."

    def test_the_same_ref_twice_is_accepted(self, json2: Json2) -> None:
        customer = json2.customer()
        first, second = json2.posted(customer, ref="SO-1"), json2.posted(customer, ref="SO-1")
        assert json2("account.move", "search", domain=[["ref", "=", "SO-1"]]) == [first, second]
