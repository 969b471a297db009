"""What each error that Odoo documents means, on JSON-2, on XML-RPC and in the messages of an import (External API, 19.0)."""

from __future__ import annotations

import json
from typing import Any
from xml.sax.saxutils import escape

import pytest
from tests.platforms.error_table import HAPPENED, MAYBE, NOT, Row, assert_reading, each_row

from airbooks.platforms.base import PlatformHook
from airbooks.platforms.errors import PERIOD_CLOSED, Action, Outcome
from airbooks.platforms.odoo import OdooHook
from airbooks.platforms.odoo.mapping import ImportRows
from airbooks.platforms.odoo.sending import imported

STOP, REVIEW, LOOK_UP, RETRY = Action.STOP, Action.REVIEW, Action.LOOK_UP, Action.RETRY
JSON = {"Content_Type": "application/json; charset=utf-8"}
USER, MISSING = "odoo.exceptions.UserError", "odoo.exceptions.MissingError"
BY_XML = {"transport": "xmlrpc"}
Meaning = tuple[str, Action, Outcome]

NO_KEY: Meaning = ("key refused", STOP, NOT)
NO_RIGHTS: Meaning = ("no rights", STOP, NOT)
NO_COMPANY: Meaning = ("company not allowed", STOP, NOT)
NO_DATABASE: Meaning = ("database unknown", STOP, NOT)
NO_MODEL: Meaning = ("model or method unknown", STOP, NOT)
NO_FIELD: Meaning = ("field unknown", STOP, NOT)
ARGUMENTS: Meaning = ("wrong arguments", STOP, NOT)
SERIAL: Meaning = ("concurrent writes", RETRY, NOT)
POSTED: Meaning = ("already posted", LOOK_UP, HAPPENED)
GONE: Meaning = ("record gone", REVIEW, NOT)


def json2(status: int, name: str, message: str, meaning: Meaning, source: str = "") -> Row:
    body = json.dumps({"name": name, "message": message, "arguments": [message], "context": {}, "debug": "Traceback ..."})
    return Row(status, body, *meaning, f"JSON-2 {source or meaning[0]}", JSON)


def fault(code: int, text: str, meaning: Meaning, source: str = "") -> Row:
    members = f"<member><name>faultCode</name><value><int>{code}</int></value></member>"
    members += f"<member><name>faultString</name><value><string>{escape(text)}</string></value></member>"
    body = f"<?xml version='1.0'?><methodResponse><fault><value><struct>{members}</struct></value></fault></methodResponse>"
    return Row(200, body, *meaning, f"XML-RPC {source or meaning[0]}", extra=BY_XML)


def load(message: str, meaning: Meaning) -> Row:
    told = [{"type": "error", "record": 0, "field": "invoice_line_ids", "message": message}]
    body = json.dumps({"ids": False, "messages": told, "nextrow": 0})
    return Row(200, body, *meaning, f"load {meaning[0]}", JSON, ask=import_one)


def import_one(hook: PlatformHook) -> Any:
    assert isinstance(hook, OdooHook)
    return imported(hook, "account.move", [ImportRows("acd.inv_1", ("id", "ref"), [["acd.inv_1", "SI-1"]])])


def refusal(name: str) -> Meaning:
    return name, REVIEW, NOT


LOCKED = "You cannot add/modify entries prior to and inclusive of: Sales Lock Date (11/30/2026)."
SAME_NAME = "Another entry with the same name already exists."
UH_OH = "Uh-oh! You've got some company inconsistencies here: Partner belongs to another company"
NO_CUSTOMER = "The 'Customer' field is required to validate the invoice. You probably don't want to explain to your auditor ..."
NEGATIVE = "You cannot validate an invoice with a negative total amount. You should create a credit note instead."
EMPTY = "Even magicians can't post nothing!"
NO_CURRENCY = "You cannot validate a document with an inactive currency: EUR"
ARCHIVED = "A line of this move is using a archived account, you cannot post it."
TRACE = "Traceback (most recent call last):\n  File x\n"
DELETED = "Record does not exist or has been deleted.\n(Record: res.partner(999999,), User: 2)"
READ_ONLY = "You cannot modify the following readonly fields on a posted move: invoice_line_ids"
SERIALIZE = "could not serialize access due to concurrent update"

ROWS = (
    # JSON-2: the real status, and the exception's name
    json2(401, "werkzeug.exceptions.Unauthorized", "Invalid apikey", NO_KEY),
    json2(403, "odoo.exceptions.AccessDenied", "Access Denied", NO_KEY, "access denied"),
    json2(403, "odoo.exceptions.AccessError", "You are not allowed to create 'Journal Entry' records", NO_RIGHTS),
    json2(403, "odoo.exceptions.AccessError", "Access to unauthorized or invalid companies.", NO_COMPANY),
    json2(404, "werkzeug.exceptions.NotFound", "the model 'account.movee' does not exist", NO_MODEL),
    json2(404, MISSING, DELETED, GONE),
    json2(404, MISSING, "Der Datensatz fehlt", refusal("record missing")),
    json2(422, USER, EMPTY, refusal("nothing to post")),
    json2(422, USER, NO_CUSTOMER, refusal("customer missing")),
    json2(422, USER, NEGATIVE, refusal("negative total")),
    json2(422, USER, NO_CURRENCY, refusal("currency inactive")),
    json2(422, USER, ARCHIVED, refusal("account archived")),
    json2(422, USER, "Missing required account on accountable line.", refusal("line without account")),
    json2(422, USER, "There is nothing left to pay for the selected journal items.", refusal("nothing left to pay")),
    json2(422, USER, "You cannot delete this, it is linked to a posted entry", refusal("posted entry")),
    json2(422, "odoo.exceptions.ValidationError", SAME_NAME, refusal("legal number taken")),
    json2(422, USER, UH_OH, refusal("companies mixed")),
    json2(422, USER, LOCKED, (PERIOD_CLOSED, REVIEW, NOT)),
    json2(422, USER, READ_ONLY, POSTED),
    json2(422, USER, "The entry SI/2026/1 (id 18) must be in draft.", POSTED, "posted twice"),
    json2(422, USER, "Something of a module of the firm", refusal("refused by Odoo")),
    json2(422, "werkzeug.exceptions.UnprocessableEntity", "missing a required argument: 'domain'", ARGUMENTS),
    json2(500, "builtins.ValueError", "Invalid field 'nope' in 'account.move'", NO_FIELD),
    json2(500, "builtins.KeyError", "'x'", ("error inside Odoo", LOOK_UP, MAYBE)),
    json2(500, "psycopg2.errors.SerializationFailure", SERIALIZE, SERIAL),
    Row(401, "<html>Log in</html>", "not let in", STOP, NOT, "a proxy before Odoo"),
    Row(404, "<!doctype html>\n<html lang=en><title>404 Not Found</title>", *NO_DATABASE, "JSON-2 wrong database"),
    Row(413, "<html>Request Entity Too Large</html>", "too large", REVIEW, NOT, "request body over 128 MiB"),
    Row(429, "", "throttled", Action.WAIT, NOT, "Odoo Online"),
    Row(502, "<html>Bad Gateway</html>", "gateway or worker time-out", LOOK_UP, MAYBE, "502"),
    Row(503, "", "gateway or worker time-out", LOOK_UP, MAYBE, "503"),
    Row(504, "", "gateway or worker time-out", LOOK_UP, MAYBE, "worker limit_time_real"),
    # XML-RPC: HTTP 200 and a fault
    fault(3, "Access Denied", NO_KEY),
    fault(4, "You are not allowed to modify 'Journal Entry' records", NO_RIGHTS),
    fault(4, "Private methods (such as _post) cannot be called remotely.", NO_RIGHTS, "private method"),
    fault(4, "Access to unauthorized or invalid companies.", NO_COMPANY),
    fault(1, f'{TRACE}psycopg2.OperationalError: connection failed: FATAL:  database "nope" does not exist', NO_DATABASE),
    fault(1, f"{TRACE}ValueError: Invalid field 'nope' in 'account.move'", NO_FIELD),
    fault(1, f"{TRACE}KeyError: 'x'", ("application error", LOOK_UP, MAYBE)),
    fault(1, f"{TRACE}psycopg2.errors.SerializationFailure: {SERIALIZE}", SERIAL),
    fault(2, "Object account.movee doesn't exist", NO_MODEL),
    fault(2, DELETED, GONE),
    fault(2, EMPTY, refusal("nothing to post")),
    fault(2, UH_OH, refusal("companies mixed")),
    fault(2, SAME_NAME, refusal("legal number taken")),
    fault(2, LOCKED, (PERIOD_CLOSED, REVIEW, NOT)),
    fault(2, READ_ONLY, POSTED),
    fault(2, "Something of a module of the firm", refusal("refused by Odoo")),
    Row(502, "<html>Bad Gateway</html>", "gateway or worker time-out", LOOK_UP, MAYBE, "XML-RPC 502", extra=BY_XML),
    # an import's messages: HTTP 200 and no fault
    load(SERIALIZE, SERIAL),
    load("You cannot modify the following readonly fields on a posted move: invoice_date", POSTED),
    load("No matching record found for database id '99' in field 'Taxes'", GONE),
    load("No record found for unique ID acd.item_9. It may have been deleted.", refusal("external id unknown")),
    load("Something of a module of the firm", refusal("refused by Odoo")),
)


@each_row(ROWS)
def test_the_vendors_answer_means_what_the_table_says(row: Row, monkeypatch: pytest.MonkeyPatch) -> None:
    assert_reading("odoo", row, monkeypatch)
