"""Canonical documents become the values and import rows of the vendor's contract, and its answers canonical documents."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airbooks.canonical import AllowanceCharge, DocumentKind, DocumentStatus, Line
from airbooks.platforms.errors import ReferenceMissing
from airbooks.platforms.odoo import xmlrpc
from airbooks.platforms.odoo.mapping import (
    Desk,
    command_values,
    document_name,
    external_name,
    import_rows,
    inverse_rate,
    line_values,
    move_values,
    narration,
    partner_import,
    partner_values,
)
from airbooks.platforms.odoo.pricing import price_of
from airbooks.platforms.odoo.reading import remote_document, remote_payment, status
from airbooks.platforms.odoo.refusals import refusals
from airbooks.platforms.wire import from_json, to_json

from .documents import BUYER, D, corrected_credit_note, full_invoice, invoice, line, references, round_half_up

DESK = Desk(company_id=1, journal_id=1, income_account_id=40)
KEY = "0f8fad5b-d9cb-469f-a165-70867728950e"


class TestHead:
    def test_a_full_invoice_has_exactly_these_values(self) -> None:
        assert move_values(full_invoice(), references(), DESK) == {
            "move_type": "out_invoice",
            "journal_id": 1,
            "partner_id": 6,
            "ref": "AU-SI-000123",
            "invoice_date": "2026-11-10",
            "invoice_date_due": "2026-12-10",
            "invoice_payment_term_id": 3,
            "currency_id": 7,
            "fiscal_position_id": False,
            "invoice_origin": "SO-10045",
            "payment_reference": "RF18-10045",
            "narration": "<p>Ship &lt;prepaid&gt; &amp; insured</p><p>Ship to: Gate 4, 2 Wharf Rd, Sydney, AU</p>",
            "invoice_currency_rate": D("0.625"),
        }

    def test_a_credit_note_names_what_it_corrects(self) -> None:
        desk = Desk(company_id=1, journal_id=1, reversed_entries={"AU-SI-000123": 53})
        values = move_values(corrected_credit_note(), references(), desk)
        assert (values["move_type"], values["reversed_entry_id"], values["invoice_origin"]) == ("out_refund", 53, "AU-SI-000123")
        assert values["narration"] == "<p>Reason: Returned</p>"
        assert line_values(corrected_credit_note(), references(), desk)[0]["price_unit"] == D("100.00")

    def test_no_fiscal_position_is_said_and_not_left_to_the_delivery_address(self) -> None:
        assert move_values(invoice(), references(), DESK)["fiscal_position_id"] is False
        assert move_values(invoice(), references(), Desk(company_id=1, journal_id=1, fiscal_position_id=4))["fiscal_position_id"] == 4

    def test_our_number_becomes_the_legal_one_only_when_asked(self) -> None:
        assert "name" not in move_values(invoice(), references(), DESK)
        desk = Desk(company_id=1, journal_id=1, use_our_number=True)
        assert move_values(invoice(), references(), desk)["name"] == "AU-SI-000123"

    def test_a_missing_code_names_itself(self) -> None:
        with pytest.raises(ReferenceMissing, match="'Net 99'"):
            move_values(invoice(terms={"code": "Net 99"}), references(), DESK)

    def test_internal_notes_stay_here(self) -> None:
        assert "secret" not in str(move_values(invoice(internal_note="secret margin"), references(), DESK))

    def test_what_has_no_field_of_its_own_is_told_in_the_narration(self) -> None:
        text = narration(invoice(contract="C-1", project="P-2", buyer_reference="B-3", salesperson="S-4", attachments=("a.pdf",)))
        assert text == "<p>Buyer reference: B-3</p><p>Contract: C-1</p><p>Project: P-2</p><p>Salesperson: S-4</p><p>Attachments: a.pdf</p>"


class TestLines:
    def test_the_lines_of_a_full_invoice(self) -> None:
        assert line_values(full_invoice(), references(), DESK) == [
            {
                "display_type": "product",
                "product_id": 1,
                "name": "Rotary screw compressor\nSerial numbers: SN-1, SN-2",
                "quantity": D(3),
                "price_unit": D("489.00"),
                "discount": D("5.00"),
                "product_uom_id": 8,
                "tax_ids": [11],
                "account_id": 40,
                "analytic_distribution": {"92,93": D(100)},
            },
            {
                "display_type": "product",
                "product_id": 26,
                "name": "Rubber hose",
                "quantity": D("12.5"),
                "price_unit": D("3.4648"),
                "discount": D(0),
                "product_uom_id": 9,
                "tax_ids": [12],
                "account_id": 41,
                "analytic_distribution": {"91": D(100)},
            },
            {"display_type": "line_note", "name": "Deliver to gate 4"},
            {
                "display_type": "product",
                "product_id": False,
                "name": "Trade discount",
                "quantity": D(1),
                "price_unit": D("-50.00"),
                "discount": D(0),
                "product_uom_id": False,
                "tax_ids": [11],
                "account_id": 48,
                "analytic_distribution": {"91": D(100)},
            },
            {
                "display_type": "product",
                "product_id": False,
                "name": "Freight",
                "quantity": D(1),
                "price_unit": D("125.00"),
                "discount": D(0),
                "product_uom_id": False,
                "tax_ids": [11],
                "account_id": 49,
                "analytic_distribution": {"91": D(100)},
            },
            {"display_type": "line_note", "name": "PO PO-88213"},
        ]

    def test_a_line_without_tax_code_says_that_it_has_none(self) -> None:
        untaxed = line(tax_code="", tax_rate=D(0))
        assert line_values(invoice("X", untaxed), references(), DESK)[0]["tax_ids"] == []

    def test_a_line_that_nothing_explains_goes_to_the_income_account(self) -> None:
        text = line(item_code="", account_code="")
        assert line_values(invoice("X", text), references(), DESK)[0]["account_id"] == 40

    def test_an_items_own_account_is_left_to_odoo_unless_another_line_names_one(self) -> None:
        bare = line(account_code="")
        assert "account_id" not in line_values(invoice("X", bare), references(), DESK)[0]
        mixed = line_values(invoice("X", bare, line(line_id="2")), references(), DESK)
        assert [each["account_id"] for each in mixed] == [40, 40]

    def test_charges_use_the_connections_item(self) -> None:
        charge = AllowanceCharge(is_charge=True, amount=D(5), reason="Freight")
        desk = Desk(company_id=1, journal_id=1, freight_product_id=34)
        values = line_values(invoice("X", line(account_code=""), allowances_charges=(charge,)), references(), desk)[-1]
        assert (values["product_id"], "account_id" in values) == (34, False)


class TestRows:
    def test_the_import_of_a_document(self) -> None:
        document = invoice("AU-SI-000123", line(), Line(line_id="2", kind="comment", name="Thanks"), terms={"code": "Net 30"})
        built = import_rows("acd.inv_1", move_values(document, references(), DESK), line_values(document, references(), DESK))
        assert built.fields == (
            "id",
            "move_type",
            "journal_id/.id",
            "partner_id/.id",
            "ref",
            "invoice_date",
            "invoice_date_due",
            "invoice_payment_term_id/.id",
            "currency_id/.id",
            "fiscal_position_id/.id",
            "invoice_origin",
            "payment_reference",
            "narration",
            "invoice_line_ids/id",
            "invoice_line_ids/display_type",
            "invoice_line_ids/product_id/.id",
            "invoice_line_ids/name",
            "invoice_line_ids/quantity",
            "invoice_line_ids/price_unit",
            "invoice_line_ids/discount",
            "invoice_line_ids/product_uom_id/.id",
            "invoice_line_ids/tax_ids/.id",
            "invoice_line_ids/account_id/.id",
        )
        head = ["acd.inv_1", "out_invoice", "1", "6", "AU-SI-000123", "2026-11-10", "2026-12-10", "3", "5", "", "", "", ""]
        first = ["acd.inv_1_l1", "product", "1", "Rotary screw compressor", "1", "100.00", "0", "8", "11", "40"]
        second = ["acd.inv_1_l2", "line_note", "", "Thanks", "", "", "", "", "", ""]
        assert built.rows == [head + first, [""] * len(head) + second]

    def test_every_line_has_an_external_id_of_its_own(self) -> None:
        document = full_invoice()
        built = import_rows("acd.inv_1", move_values(document, references(), DESK), line_values(document, references(), DESK))
        names = [row[built.fields.index("invoice_line_ids/id")] for row in built.rows]
        assert len(set(names)) == built.lines == 6

    def test_the_analytic_distribution_is_json_and_the_rate_plain_digits(self) -> None:
        document = full_invoice()
        built = import_rows("acd.inv_1", move_values(document, references(), DESK), line_values(document, references(), DESK))
        assert json.loads(built.rows[0][built.fields.index("invoice_line_ids/analytic_distribution")]) == {"92,93": 100}
        assert built.rows[0][built.fields.index("invoice_currency_rate")] == "0.625"

    def test_control_characters_do_not_travel(self) -> None:
        document = invoice("X", line(name="Bell\x07 \x00and tab\t"))
        built = import_rows("acd.x", move_values(document, references(), DESK), line_values(document, references(), DESK))
        assert built.rows[0][built.fields.index("invoice_line_ids/name")] == "Bell and tab"

    def test_the_form_of_write_replaces_all_lines(self) -> None:
        values = command_values({"ref": "X"}, [{"display_type": "product", "tax_ids": [11]}])
        assert values == {"ref": "X", "invoice_line_ids": [[5, 0, 0], [0, 0, {"display_type": "product", "tax_ids": [[6, 0, [11]]]}]]}

    def test_a_customer_as_an_import_row(self) -> None:
        built = partner_import("acd.partner_C_AU_0042", partner_values(BUYER, 13, 2))
        assert dict(zip(built.fields, built.rows[0], strict=True)) == {
            "id": "acd.partner_C_AU_0042",
            "name": "Ridgeline Tool & Air",
            "ref": "C-AU-0042",
            "is_company": "1",
            "email": "ap@ridgeline.example",
            "phone": "+61 2 5550 0142",
            "vat": "AU51824753556",
            "street": "14 Dock St",
            "street2": "Unit 3",
            "city": "Newcastle",
            "zip": "2300",
            "state_id/.id": "2",
            "country_id/.id": "13",
        }


class TestExternalNames:
    def test_the_same_attempt_has_the_same_name_and_a_new_one_another(self) -> None:
        first = document_name(invoice(), 1, KEY)
        assert first == "inv_1_AU_SI_000123_0f8fad5bd9cb"
        assert document_name(invoice(), 1, KEY.replace("0f", "1f")) != first
        assert document_name(invoice(), 2, KEY) != first

    @given(st.text(max_size=12), st.text(max_size=12))
    def test_different_numbers_have_different_names_of_allowed_characters(self, one: str, other: str) -> None:
        names = external_name("inv", one), external_name("inv", other)
        assert (names[0] == names[1]) == (one == other)
        assert all(name.isascii() and name.replace("_", "a").isalnum() for name in names)


amounts = st.decimals(min_value="0.01", max_value="99999.99", places=2)


class TestPrices:
    @given(quantity=st.decimals(min_value="0.01", max_value="9999.99", places=2), net=amounts, listed=amounts)
    def test_odoos_arithmetic_gives_our_net_amount(self, quantity: Decimal, net: Decimal, listed: Decimal) -> None:
        each = line(quantity=quantity, net_price=net / quantity, gross_price=max(listed, net / quantity), net_amount=net)
        price = price_of(each)
        assert price.discount == price.discount.quantize(D("0.01"))
        assert abs(price.amount - net) < D("0.00001")

    @given(st.lists(st.tuples(st.integers(1, 999), st.decimals(min_value="0.001", max_value="999.999", places=3)), min_size=1, max_size=60))
    def test_many_lines_of_odd_prices_add_up_to_our_total_although_odoo_rounds_once(self, sold: list[tuple[int, Decimal]]) -> None:
        lines = [line(quantity=D(q), net_price=p, net_amount=round_half_up(q * p)) for q, p in sold]
        total = sum((price_of(each).amount for each in lines), D(0))
        assert round_half_up(total) == sum((each.net_amount for each in lines), D(0))

    def test_a_percent_beyond_two_decimals_becomes_a_net_price(self) -> None:
        price = price_of(line(quantity=D(1), gross_price=D(1000), net_price=D("898.75"), net_amount=D("898.75")))
        assert (price.unit_price, price.discount) == (D("898.75"), D(0))

    def test_what_rounds_to_nothing_is_no_discount(self) -> None:
        price = price_of(line(net_price=D("0.001"), net_amount=D("0.00")))
        assert (price.amount, price.discount) == (D(0), D(0))

    def test_the_price_of_a_hundred_is_one_of_each(self) -> None:
        price = price_of(line(quantity=D(250), net_price=D("12.50"), base_quantity=D(100), net_amount=D("31.25")))
        assert (price.quantity, price.unit_price) == (D(250), D("0.125"))

    def test_a_line_allowance_is_in_the_price(self) -> None:
        off = AllowanceCharge(amount=D(7), reason="Scratch")
        document = invoice("X", line(quantity=D(2), allowances_charges=(off,), net_amount=D(193)))
        values = line_values(document, references(), DESK)[0]
        assert values["quantity"] * values["price_unit"] * (1 - values["discount"] / 100) == D(193)
        assert "Discount: Scratch" in values["name"]

    def test_the_inverse_of_a_rate_has_enough_digits(self) -> None:
        assert inverse_rate(D("1.52")) == D("0.657894736842105")


class TestRefusals:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"posting_date": date(2026, 12, 1)}, "ODOO-POSTING-DATE"),
            ({"prepaid_amount": D(5)}, "ODOO-TOTALS"),
            ({"rounding_amount": D("0.05")}, "ODOO-TOTALS"),
            ({"withholding_tax": D(5)}, "ODOO-TOTALS"),
            ({"lines": (line(quantity=D("2.345")),)}, "ODOO-QUANTITY"),
            ({"lines": (line(quantity=D(0)),)}, "ODOO-PRICE"),
            ({"lines": (line(tax_code=""),)}, "ODOO-TAX"),
            ({"allowances_charges": (AllowanceCharge(amount=D(1), tax_rate=D(10)),)}, "ODOO-TAX"),
        ],
    )
    def test_what_odoo_cannot_express_is_told_before_sending(self, change: dict[str, Any], code: str) -> None:
        found = refusals(invoice().model_copy(update=change), {})
        assert code in {each.code for each in found}
        assert all(each.says and each.fix for each in found)

    def test_a_plain_and_a_full_invoice_can_be_sent(self) -> None:
        assert refusals(invoice(), {}) == ()
        assert refusals(full_invoice(), {}) == ()

    def test_a_database_with_more_decimals_takes_finer_quantities(self) -> None:
        fine = invoice("X", line(quantity=D("2.345"), net_price=D("2"), net_amount=D("4.69")))
        assert refusals(fine, {"quantity_decimals": "3"}) == ()

    def test_before_19_prices_have_two_decimals(self) -> None:
        odd = invoice("X", line(quantity=D(3), net_price=D("0.333"), net_amount=D("1.00")))
        assert refusals(odd, {"version": "19"}) == ()
        assert [each.code for each in refusals(odd, {"version": "18"})] == ["ODOO-PRICE"]


ROW = {
    "id": 53,
    "name": "INV/2026/00001",
    "ref": "AU-SI-000123",
    "move_type": "out_invoice",
    "state": "posted",
    "payment_state": "partial",
    "partner_id": [6, "Ridgeline Tool & Air"],
    "currency_id": [5, "AUD"],
    "amount_untaxed": D("1321.08"),
    "amount_tax": D("132.10999999999999"),
    "amount_total": D("1453.19"),
    "amount_residual": 1053,
    "invoice_date": "2026-11-10",
    "date": "2026-12-01",
    "write_date": "2026-11-22 09:30:00",
}


class TestReading:
    def test_a_posted_invoice(self) -> None:
        remote = remote_document(ROW, 2)
        assert (remote.remote_id, remote.number, remote.our_number, remote.customer_id) == ("53", "INV/2026/00001", "AU-SI-000123", "6")
        assert (remote.net, remote.tax, remote.total, remote.balance) == (D("1321.08"), D("132.11"), D("1453.19"), D(1053))
        assert (remote.status, remote.currency, remote.line_count) == (DocumentStatus.PARTIALLY_PAID, "AUD", 2)
        assert (remote.issue_date, remote.posting_date) == (date(2026, 11, 10), date(2026, 12, 1))
        assert remote.modified_at == datetime(2026, 11, 22, 9, 30, tzinfo=UTC)

    @pytest.mark.parametrize("name", [False, "/"])
    def test_a_draft_has_no_number_in_any_version(self, name: Any) -> None:
        draft = {**ROW, "name": name, "state": "draft", "invoice_date": False, "date": False, "move_type": "out_refund"}
        remote = remote_document(draft)
        assert (remote.number, remote.status, remote.kind, remote.issue_date) == ("", DocumentStatus.DRAFT, DocumentKind.CREDIT_NOTE, None)

    @pytest.mark.parametrize(
        ("state", "payment_state", "expected"),
        [
            ("draft", "not_paid", DocumentStatus.DRAFT),
            ("draft", "paid", DocumentStatus.DRAFT),
            ("posted", "not_paid", DocumentStatus.OPEN),
            ("posted", "blocked", DocumentStatus.OPEN),
            ("posted", "partial", DocumentStatus.PARTIALLY_PAID),
            ("posted", "in_payment", DocumentStatus.PAID),
            ("posted", "paid", DocumentStatus.PAID),
            ("posted", "invoicing_legacy", DocumentStatus.PAID),
            ("posted", "reversed", DocumentStatus.VOID),
            ("cancel", "not_paid", DocumentStatus.VOID),
        ],
    )
    def test_states(self, state: str, payment_state: str, expected: DocumentStatus) -> None:
        assert status(state, payment_state) is expected

    def test_a_cancelled_payment_is_reversed(self) -> None:
        row = {**ROW, "state": "canceled", "amount": D("40.0"), "memo": False}
        remote = remote_payment(row, [])
        assert (remote.reversed, remote.amount, remote.reference) == (True, D("40.00"), "")


class TestExactNumbers:
    @given(st.decimals(allow_nan=False, allow_infinity=False, min_value="-1e12", max_value="1e12", places=6))
    def test_amounts_survive_xmlrpc_and_json(self, value: Decimal) -> None:
        sent = xmlrpc.call_body("execute_kw", [value])
        answer = sent.replace(b"methodCall>", b"methodResponse>").replace(b"<methodName>execute_kw</methodName>", b"")
        assert xmlrpc.read_answer(answer) == value
        assert from_json(to_json(value)) == value

    @given(
        st.recursive(
            st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"])) | st.integers(-(2**31), 2**31 - 1) | st.booleans(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", min_size=1), inner, max_size=3),
        )
    )
    def test_values_survive_xmlrpc(self, value: Any) -> None:
        sent = xmlrpc.call_body("execute_kw", [value])
        answer = sent.replace(b"methodCall>", b"methodResponse>").replace(b"<methodName>execute_kw</methodName>", b"")
        assert xmlrpc.read_answer(answer) == value

    @pytest.mark.parametrize(
        "content", [b"", b"<html>", b"<methodResponse/>", b'<!DOCTYPE a [<!ENTITY b "c">]><methodResponse>&b;</methodResponse>']
    )
    def test_what_is_no_answer_is_a_value_error(self, content: bytes) -> None:
        with pytest.raises(ValueError, match="not XML-RPC"):
            xmlrpc.read_answer(content)
