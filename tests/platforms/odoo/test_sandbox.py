"""The simulated Odoo keeps the vendor's promises and its refusals, on all three transports."""

from __future__ import annotations

import xmlrpc.client
from datetime import timedelta
from typing import Any

import httpx
import pytest

from airbooks.platforms.odoo.sandbox.seeding import BILLING_LOGIN, DATABASE, LOGIN, PASSWORD, api_key
from airbooks.sandbox.server import Sandbox

from .conftest import AU, UK, Json2

NONE_FAULT = "cannot marshal None unless allow_none is enabled"


@pytest.fixture
def common(odoo_box: Sandbox) -> xmlrpc.client.ServerProxy:
    return xmlrpc.client.ServerProxy(f"{odoo_box.base_url('odoo')}/xmlrpc/2/common")


@pytest.fixture
def rpc(odoo_box: Sandbox) -> Any:
    proxy = xmlrpc.client.ServerProxy(f"{odoo_box.base_url('odoo')}/xmlrpc/2/object")

    def execute(model: str, method: str, args: list[Any], named: dict[str, Any] | None = None, key: str = api_key(LOGIN)) -> Any:
        return proxy.execute_kw(DATABASE, 2, key, model, method, args, named or {})

    return execute


def jsonrpc(box: Sandbox, service: str, method: str, *args: Any) -> dict[str, Any]:
    asked = {"jsonrpc": "2.0", "method": "call", "id": 7, "params": {"service": service, "method": method, "args": list(args)}}
    return dict(httpx.post(f"{box.base_url('odoo')}/jsonrpc", json=asked).json())


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


class TestChanges:
    def test_lines_of_a_draft_are_replaced(self, json2: Json2) -> None:
        move = json2.draft(json2.customer())
        lines = [[5, 0, 0], [0, 0, {"name": "New", "quantity": 2, "price_unit": 7, "tax_ids": [[6, 0, []]]}]]
        json2("account.move", "write", ids=[move], vals={"invoice_line_ids": lines})
        assert json2.move(move, "amount_total", "invoice_line_ids")["amount_total"] == 14.0

    def test_a_posted_document_keeps_its_lines(self, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        json2("account.move", "write", ids=[move], vals={"ref": "later"})
        said = json2.refused("account.move", "write", ids=[move], vals={"invoice_line_ids": [[5, 0, 0]]})[2]
        assert said == "You cannot modify the following readonly fields on a posted move: invoice_line_ids"

    def test_reset_change_and_repost_keep_the_number(self, json2: Json2) -> None:
        move = json2.posted(json2.customer(), invoice_date="2026-11-10")
        assert json2("account.move", "button_draft", ids=[move]) is None
        json2("account.move", "write", ids=[move], vals={"ref": "changed"})
        json2("account.move", "action_post", ids=[move])
        assert json2.move(move, "name")["name"] == "INV/2026/00001"

    def test_posted_documents_are_not_deleted(self, json2: Json2) -> None:
        draft, posted = json2.draft(json2.customer()), json2.posted(json2.customer("C-2"))
        assert json2("account.move", "unlink", ids=[draft]) is True
        assert json2.refused("account.move", "unlink", ids=[posted])[0] == 422

    def test_a_cancelled_invoice_keeps_its_number_and_loses_its_payments(self, json2: Json2) -> None:
        move = json2.posted(json2.customer(), invoice_date="2026-11-10")
        pay(json2, [move])
        assert json2("account.move", "button_cancel", ids=[move]) is None
        assert json2.move(move, "state", "name", "amount_residual") == {
            "id": move,
            "state": "cancel",
            "name": "INV/2026/00001",
            "amount_residual": 100.0,
        }

    def test_the_none_answer_is_a_fault_although_the_change_is_kept(self, json2: Json2, rpc: Any) -> None:
        move = json2.posted(json2.customer())
        with pytest.raises(xmlrpc.client.Fault, match=NONE_FAULT) as fault:
            rpc("account.move", "button_cancel", [[move]])
        assert fault.value.faultCode == 1
        assert json2.move(move, "state")["state"] == "cancel"

    def test_the_none_answer_has_neither_result_nor_error_on_jsonrpc(self, odoo_box: Sandbox, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        said = jsonrpc(odoo_box, "object", "execute_kw", DATABASE, 2, api_key(LOGIN), "account.move", "button_draft", [[move]], {})
        assert said == {"jsonrpc": "2.0", "id": 7}

    def test_reversal_with_modify_reverses_the_invoice_and_copies_it(self, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        context = {"active_model": "account.move", "active_ids": [move]}
        wizard = json2("account.move.reversal", "create", vals_list=[{"date": "2026-11-22", "reason": "void"}], context=context)
        copy = json2("account.move.reversal", "modify_moves", ids=wizard, context=context)["res_id"]
        assert json2.move(move, "payment_state")["payment_state"] == "reversed"
        assert json2.move(copy, "state", "move_type")["state"] == "draft"


FIELDS = [
    "id",
    "move_type",
    "partner_id/.id",
    "ref",
    "invoice_date",
    "invoice_line_ids/id",
    "invoice_line_ids/name",
    "invoice_line_ids/quantity",
    "invoice_line_ids/price_unit",
    "invoice_line_ids/tax_ids/.id",
]


def sheet(partner: Any, name: str = "SO_1", lines: tuple[str, ...] = ("l1", "l2")) -> list[list[str]]:
    """Rows for one invoice of two lines; lines named "" have no external id."""
    head, tail = [f"acd.inv_{name}", "out_invoice", str(partner), name, "2026-11-19"], [""] * 5
    return [
        [*(head if place == 0 else tail), f"acd.inv_{name}_{line}" if line else "", "Compressor", "2", "489.00", "1"]
        for place, line in enumerate(lines)
    ]


class TestLoad:
    def test_repeating_an_import_changes_nothing(self, json2: Json2) -> None:
        rows = sheet(json2.customer())
        first = json2("account.move", "load", fields=FIELDS, data=rows)
        assert first == {"ids": first["ids"], "messages": [], "nextrow": 0}
        assert json2("account.move", "load", fields=FIELDS, data=rows)["ids"] == first["ids"]
        assert len(json2.move(first["ids"][0], "invoice_line_ids")["invoice_line_ids"]) == 2

    def test_lines_without_their_own_id_are_appended_again(self, json2: Json2) -> None:
        rows = sheet(json2.customer(), lines=("", ""))
        json2("account.move", "load", fields=FIELDS, data=rows)
        move = json2("account.move", "load", fields=FIELDS, data=rows)["ids"][0]
        assert len(json2.move(move, "invoice_line_ids")["invoice_line_ids"]) == 4

    def test_after_posting_a_repeat_is_refused_in_a_message(self, json2: Json2) -> None:
        rows = sheet(json2.customer())
        json2("account.move", "action_post", ids=json2("account.move", "load", fields=FIELDS, data=rows)["ids"])
        again = json2("account.move", "load", fields=FIELDS, data=rows)
        assert again["ids"] is False
        assert "on a posted move" in again["messages"][0]["message"]

    def test_one_bad_record_keeps_all_out_and_is_named_by_its_rows(self, json2: Json2) -> None:
        rows = [*sheet(json2.customer(), "SO_1"), *sheet(999, "SO_2")]
        answer = json2("account.move", "load", fields=FIELDS, data=rows)
        assert answer["ids"] is False
        told = answer["messages"][0]
        assert (told["rows"], told["field"], told["type"]) == ({"from": 2, "to": 3}, "partner_id", "error")
        assert json2("account.move", "search_count", domain=[]) == 0

    def test_a_concurrent_write_is_a_message_too(self, odoo_box: Sandbox, json2: Json2) -> None:
        odoo_box.inject("odoo", "serialization_failure", times=1)
        rows = sheet(json2.customer())
        answer = json2("account.move", "load", fields=FIELDS, data=rows)
        assert answer["ids"] is False
        assert "could not serialize access" in answer["messages"][0]["message"]
        assert json2("account.move", "load", fields=FIELDS, data=rows)["ids"]


def pay(json2: Json2, moves: list[int], **vals: Any) -> Any:
    """Register a payment through the wizard; the id of the one payment, or what a list of them is shown by."""
    context = {"active_model": "account.move", "active_ids": moves}
    wizard = json2("account.payment.register", "create", vals_list=[{"payment_date": "2026-11-22", **vals}], context=context)
    action = json2("account.payment.register", "action_create_payments", ids=wizard, context=context)
    return action.get("res_id") or action["domain"][0][2]


class TestPayments:
    def test_a_part_leaves_the_invoice_partial_and_the_rest_closes_it(self, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        pay(json2, [move], amount=40)
        assert json2.move(move, "payment_state", "amount_residual") == {"id": move, "payment_state": "partial", "amount_residual": 60.0}
        pay(json2, [move])
        assert json2.move(move, "payment_state")["payment_state"] == "paid"
        context = {"active_model": "account.move", "active_ids": [move]}
        said = json2.refused("account.payment.register", "create", vals_list=[{}], context=context)[2]
        assert said.startswith("There's nothing left to pay")

    def test_both_steps_need_the_context(self, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        context = {"active_model": "account.move", "active_ids": [move]}
        wizard = json2("account.payment.register", "create", vals_list=[{}], context=context)
        assert json2.refused("account.payment.register", "action_create_payments", ids=wizard)[0] == 422

    def test_one_payment_for_several_invoices_of_one_customer(self, json2: Json2) -> None:
        customer = json2.customer()
        moves = [json2.posted(customer), json2.posted(customer)]
        payment = pay(json2, moves, group_payment=True, communication="WIRE-9")
        read = json2("account.payment", "read", ids=[payment], fields=["amount", "memo", "reconciled_invoice_ids", "state"])[0]
        assert (read["amount"], read["memo"], read["reconciled_invoice_ids"], read["state"]) == (200.0, "WIRE-9", moves, "in_process")

    def test_a_short_payment_can_close_with_a_write_off(self, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        discounts = json2.id_of("account.account", code="4800", company_ids=AU)
        pay(json2, [move], amount=98, payment_difference_handling="reconcile", writeoff_account_id=discounts)
        assert json2.move(move, "payment_state", "amount_residual")["payment_state"] == "paid"

    def test_a_direct_payment_settles_through_its_receivable_line(self, json2: Json2) -> None:
        customer = json2.customer()
        move = json2.posted(customer)
        payment = json2(
            "account.payment", "create", vals_list=[{"partner_id": customer, "amount": 250, "date": "2026-11-21", "memo": "WIRE-9"}]
        )
        assert json2("account.payment", "action_post", ids=payment) is None
        entry = json2("account.payment", "read", ids=payment, fields=["move_id"])[0]["move_id"][0]
        domain = [["move_id", "=", entry], ["account_type", "=", "asset_receivable"]]
        line = json2("account.move.line", "search", domain=domain)[0]
        assert json2("account.move", "js_assign_outstanding_line", ids=[move], line_id=line) is None
        assert json2.move(move, "payment_state")["payment_state"] == "paid"
        left = json2("account.move.line", "read", ids=[line], fields=["amount_residual_currency"])[0]
        assert left["amount_residual_currency"] == -150.0

    def test_linking_invoices_does_not_settle_them(self, json2: Json2) -> None:
        customer = json2.customer()
        move = json2.posted(customer)
        payment = json2("account.payment", "create", vals_list=[{"partner_id": customer, "amount": 100, "invoice_ids": [[6, 0, [move]]]}])
        json2("account.payment", "action_post", ids=payment)
        assert json2.move(move, "payment_state")["payment_state"] == "not_paid"

    def test_applied_amounts_are_told_twice(self, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        assert json2.move(move, "invoice_payments_widget")["invoice_payments_widget"] is False
        payment = pay(json2, [move], amount=40)
        domain = [["debit_move_id.move_id", "in", [move]]]
        partial = json2("account.partial.reconcile", "search_read", domain=domain, fields=["amount", "debit_amount_currency"])[0]
        assert (partial["amount"], partial["debit_amount_currency"]) == (40.0, 40.0)
        shown = json2.move(move, "invoice_payments_widget")["invoice_payments_widget"]["content"][0]
        assert (shown["amount"], shown["account_payment_id"], shown["partial_id"]) == (40.0, payment, partial["id"])

    def test_a_payment_moves_the_write_date_of_its_invoice(self, odoo_box: Sandbox, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        before = json2.move(move, "write_date")["write_date"]
        odoo_box.simulators["odoo"].clock.offset = timedelta(minutes=5)
        pay(json2, [move])
        assert json2("account.move", "search", domain=[["write_date", ">", before], ["move_type", "=", "out_invoice"]]) == [move]

    def test_undoing_a_payment_reopens_the_invoice(self, json2: Json2) -> None:
        move = json2.posted(json2.customer())
        payment = pay(json2, [move])
        partial = json2.move(move, "invoice_payments_widget")["invoice_payments_widget"]["content"][0]["partial_id"]
        assert json2("account.move", "js_remove_outstanding_partial", ids=[move], partial_id=partial) is True
        assert json2.move(move, "payment_state")["payment_state"] == "not_paid"
        json2("account.payment", "action_draft", ids=[payment])
        json2("account.payment", "action_cancel", ids=[payment])
        assert json2("account.payment", "read", ids=[payment], fields=["state"])[0]["state"] == "canceled"

    def test_enterprise_keeps_paid_invoices_in_payment(self, odoo_box: Sandbox, json2: Json2) -> None:
        odoo_box.inject("odoo", "in_payment")
        move = json2.posted(json2.customer())
        pay(json2, [move])
        assert json2.move(move, "payment_state")["payment_state"] == "in_payment"


class TestBooks:
    def test_books_tell_documents_and_payments_of_both_companies(self, odoo_box: Sandbox, json2: Json2) -> None:
        customer = json2.customer()
        home, abroad = json2.posted(customer, ref="AU-SI-000001"), json2.posted(customer, company=UK, ref="UK-SI-000001")
        pay(json2, [home], amount=40, communication="WIRE-9")
        books = odoo_box.books("odoo")
        told = {each.our_number: (each.remote_id, each.currency, each.status, each.customer, str(each.balance)) for each in books.documents}
        assert told == {
            "AU-SI-000001": (str(home), "AUD", "partially_paid", "C-1", "60.00"),
            "UK-SI-000001": (str(abroad), "GBP", "open", "C-1", "100.00"),
        }
        assert [(each.reference, {k: str(v) for k, v in each.applied.items()}) for each in books.payments] == [
            ("WIRE-9", {str(home): "40"})
        ]

    def test_what_is_booked_survives_a_restart(self, sandbox: Any, tmp_path: Any) -> None:
        first = sandbox("odoo", folder=tmp_path)
        client = Json2(first, first.simulators["odoo"].connection()["password"])
        move = client.posted(client.customer(), ref="SO-1")
        line = client.move(move, "invoice_line_ids")["invoice_line_ids"]
        first.stop()
        again = sandbox("odoo", folder=tmp_path)
        client = Json2(again, client.key)
        assert client("account.move", "search", domain=[["ref", "=", "SO-1"]]) == [move]
        assert client("account.move.line", "read", ids=line, fields=["move_id"])[0]["move_id"][0] == move
