"""OdooRPC, a client that we did not write, works with the simulated Odoo through /jsonrpc."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import odoorpc
import pytest
from odoorpc.rpc import jsonrpclib

from airbooks.platforms.odoo.sandbox.seeding import DATABASE, LOGIN, PASSWORD


@pytest.fixture
def client(sandbox: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client logged in; it knows hosts but no path prefix, so only its base URL is changed."""
    base = sandbox("odoo").base_url("odoo")
    monkeypatch.setattr(jsonrpclib.Proxy, "_get_full_url", lambda self, url: f"{base}/{url}")
    parts = urlsplit(base)
    odoo = odoorpc.ODOO(parts.hostname, port=parts.port)
    odoo.login(DATABASE, LOGIN, PASSWORD)
    return odoo


def test_it_detects_the_version_and_logs_in(client: Any) -> None:
    assert client.version == "19.0"
    assert client.env.user.name == "Integration"


def test_a_wrong_password_is_refused(client: Any) -> None:
    with pytest.raises(odoorpc.error.RPCError, match="Wrong login ID or password"):
        client.login(DATABASE, LOGIN, "wrong")


def test_it_creates_posts_reads_back_and_searches_an_invoice(client: Any) -> None:
    partner = client.env["res.partner"].create({"name": "Ridgeline Tool & Air", "ref": "C-AU-0042", "is_company": True})
    lines = [(0, 0, {"name": "Compressor", "quantity": 2, "price_unit": 489.0}), (0, 0, {"display_type": "line_note", "name": "PO-77812"})]
    vals = {
        "move_type": "out_invoice",
        "partner_id": partner,
        "fiscal_position_id": False,
        "ref": "SO-10045",
        "invoice_date": "2026-11-10",
        "invoice_line_ids": lines,
    }
    moves = client.env["account.move"]
    move = moves.create(vals)
    moves.action_post([move])
    read = moves.browse(move)
    assert (read.name, read.state, read.amount_total, read.partner_id.ref) == ("INV/2026/00001", "posted", 1075.8, "C-AU-0042")
    assert moves.search([("ref", "=", "SO-10045"), ("state", "!=", "cancel")]) == [move]


def test_it_registers_a_payment_through_the_wizard(client: Any) -> None:
    partner = client.env["res.partner"].create({"name": "Ridgeline"})
    moves = client.env["account.move"]
    lines = [(0, 0, {"name": "Compressor", "quantity": 1, "price_unit": 100.0, "tax_ids": [(6, 0, [])]})]
    move = moves.create({"move_type": "out_invoice", "partner_id": partner, "invoice_line_ids": lines})
    moves.action_post([move])
    context = {"active_model": "account.move", "active_ids": [move]}
    register = client.env["account.payment.register"].with_context(**context)
    register.browse(register.create({"amount": 40.0})).action_create_payments()
    assert moves.browse(move).payment_state == "partial"


def test_errors_reach_the_client_with_the_servers_words(client: Any) -> None:
    with pytest.raises(odoorpc.error.RPCError, match="Record does not exist or has been deleted"):
        client.env["account.move"].action_post([999])


def test_a_method_that_answers_nothing_is_done_all_the_same(client: Any) -> None:
    partner = client.env["res.partner"].create({"name": "Ridgeline"})
    payments = client.env["account.payment"]
    payment = payments.create({"partner_id": partner, "amount": 25.0, "memo": "WIRE-9"})
    assert payments.action_post([payment]) is None
    assert payments.browse(payment).state == "in_process"
