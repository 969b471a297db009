"""Changes, imports, payments and the books of the simulated Odoo."""

from __future__ import annotations

import xmlrpc.client
from datetime import timedelta
from typing import Any

import pytest

from airbooks.platforms.odoo.sandbox.seeding import DATABASE, LOGIN, api_key
from airbooks.sandbox.server import Sandbox

from .conftest import AU, UK, Json2, jsonrpc

NONE_FAULT = "cannot marshal None unless allow_none is enabled"


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
