"""The simulator's door: envelope, signature, submission number, app and daily limit; then the method."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from fastapi import Request, Response

from airbooks.platforms.quickfile.sandbox import account as setup
from airbooks.platforms.quickfile.sandbox.account import Account
from airbooks.platforms.quickfile.sandbox.invoices import Invoices
from airbooks.platforms.quickfile.sandbox.refusal import Refusal, answer, schema
from airbooks.platforms.quickfile.sandbox.rest import Rest
from airbooks.platforms.quickfile.sandbox.schema import METHODS, check
from airbooks.sandbox.kit import Books, Context, RateWindow, Row, Simulator

# The vendor allows 1,000 calls a day and raises that on request: this account's owner has asked. The fault lowers it again.
CALLS_PER_DAY = 100_000
WITHOUT_BODY = {"Report_ChartOfAccounts"}
HEADER = {"MessageType", "SubmissionNumber", "Authentication", "TestMode", "DeviceID"}


class QuickFileSimulator(Simulator):
    """One account of a British company (GBP) with a registered app, and a token of the REST beta."""

    slug = "quickfile"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "Documents dated to `until` (YYYY-MM-DD) are refused: the VAT return has been submitted.",
        "refuse_duplicate_numbers": "An InvoiceNumber that a document has is refused.",
        "single_record_object": "A list with one entry is that entry, not a list.",
        "hide_account_reference": "client/search leaves AccountReference out.",
        "method_not_enabled": "The app may not call `method` (Invoice_Create).",
        "daily_limit": "The account has made all its calls of today.",
        "errors_under_200": "The method answers HTTP 200 with Errors; nothing is booked.",
        "error_as_text": "Errors.Error is a text instead of a list.",
        "error_with_code": "Errors come as Error with Code and Message.",
        "wrong_tax": "The VAT comes out `amount` (0.01) higher than computed.",
        "keep_old_lines": "An update adds its lines to those that are there.",
        "send_leaves_draft": "invoice/send answers well and the document stays a draft.",
        "rest_token_expired": "The token of the REST beta has expired.",
    }

    def __init__(self, context: Context) -> None:
        context.options.setdefault("account", setup.NUMBER)
        self.account = Account(context, lambda name: self.struck(name))
        self.invoices = Invoices(self.account)
        self.rest = Rest(self.account, self.invoices)
        self.window = RateWindow(context.clock, CALLS_PER_DAY, 86_400, context.time_scale)
        super().__init__(context)

    def routes(self) -> None:
        add = self.router.add_api_route
        add("/1_2/{group}/{method}", self.call, methods=["POST"])
        add("/rest/{path:path}", self.resource, methods=["GET", "POST", "DELETE"])

    def seed(self) -> None:
        self.account.seed(self.context.options.get("catalogue", []))

    def books(self) -> Books:
        return Books(documents=self.invoices.booked(), payments=self.invoices.booked_payments())

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": setup.NUMBER,
            "password": setup.API_KEY,
            "extra": {
                "application_id": setup.APPLICATION,
                "currency": setup.HOME,
                "rest_token": setup.REST_TOKEN,
                "rest_url": f"{self.context.base_url}/rest",
            },
        }

    # -- v1.2 -------------------------------------------------------------------------------------------------------------------

    async def call(self, request: Request, group: str, method: str) -> Response:
        raw = await request.body()
        try:
            name = self._method(group, method)
            payload = _payload(raw)
            header = self._admit(name, payload)
            body = self._perform(name, payload, test_mode=header.get("TestMode", False))
        except Refusal as refusal:
            return answer(refusal.status, self._errors(refusal.message))
        reply = {"Header": {"MessageType": "Response", "SubmissionNumber": header["SubmissionNumber"]}, "Body": body}
        return answer(200, {name: reply})

    def _method(self, group: str, method: str) -> str:
        """The method of a path in lower case; another path is HTTP 404."""
        paths = {name.lower().replace("_", "/", 1): name for name in (*METHODS, *WITHOUT_BODY)}
        if f"{group}/{method}" not in paths:
            raise Refusal("Method not found", 404)
        return paths[f"{group}/{method}"]

    def _admit(self, name: str, payload: Row) -> Row:
        header: Row = payload.get("Header") or {}
        if header.get("MessageType") != "Request":
            raise schema("MessageType", "the enumeration constraint failed")
        unknown = set(header) - HEADER
        if unknown:
            raise schema(min(unknown), "it is unexpected in 'Header'")
        self._authenticate(header)
        denied = self.struck("method_not_enabled") if self._is_denied(name) else None
        if denied is not None:
            raise Refusal(f"The method {name} is not enabled for this application", 403)
        if not self.window.admit() or self.struck("daily_limit"):
            raise Refusal("The daily limit of API calls has been reached", 403)
        return header

    def _is_denied(self, name: str) -> bool:
        return bool(self.armed.get("method_not_enabled", {}).get("method", "Invoice_Create") == name)

    def _authenticate(self, header: Row) -> None:
        """The signature over account, key and number; the number never used before; the app."""
        number, held = header.get("SubmissionNumber"), header.get("Authentication") or {}
        if not isinstance(number, str) or not number:
            raise schema("SubmissionNumber", "it must not be empty")
        signed = hashlib.md5(f"{setup.NUMBER}{setup.API_KEY}{number}".encode(), usedforsecurity=False).hexdigest()
        if held.get("AccNumber") != setup.NUMBER or held.get("MD5Value") != signed:
            raise Refusal("Authentication failed: the MD5Value is not valid for this account", 401)
        if held.get("ApplicationID") != setup.APPLICATION:
            raise Refusal("Authentication failed: unknown ApplicationID", 401)
        used = self.store.table("submissions")
        if number in used:
            raise Refusal(f"The SubmissionNumber {number} has already been used")
        used[number] = {"at": self.clock.now()}

    def _perform(self, name: str, payload: Row, *, test_mode: bool) -> Row:
        if name in WITHOUT_BODY:
            if "Body" in payload:
                raise schema("Body", "it is unexpected in 'payload'")
            return self.account.nominals()
        body = payload.get("Body")
        check(body, METHODS[name], "Body")
        assert body is not None  # noqa: S101 check refuses it
        if name in ("Invoice_Create", "Invoice_Delete", "Payment_Create") and self.struck("errors_under_200"):
            raise Refusal("The document could not be saved", 200)
        if test_mode and name != "Invoice_Create":
            return self._dry(name, body)
        return self._handlers(keep=not test_mode)[name](body)

    def _dry(self, name: str, body: Row) -> Row:
        """TestMode: what reads answers as ever, what writes is checked and answered, and nothing is stored."""
        reads = {"Client_Search", "Client_Get", "Item_Search", "Invoice_Get", "Invoice_Search", "System_GetAccountDetails"}
        return self._handlers(keep=False)[name](body) if name in reads else {"ClientID": 1} if name == "Client_Create" else {}

    def _handlers(self, *, keep: bool) -> dict[str, Callable[[Row], Row]]:
        return {
            "Client_Search": self.account.search_clients,
            "Client_Get": self.account.get_client,
            "Client_Create": self.account.create_client,
            "Item_Search": self.account.search_items,
            "Invoice_Create": lambda body: self.invoices.create(body, keep=keep),
            "Invoice_Get": self.invoices.get,
            "Invoice_Search": self.invoices.search,
            "Invoice_Send": self.invoices.send,
            "Invoice_Delete": self.invoices.delete,
            "Payment_Create": self._pay,
            "Payment_Delete": self._unpay,
            "System_GetAccountDetails": self.account.details,
        }

    def _pay(self, body: Row) -> Row:
        details = body["PaymentDetails"]
        if details["PaymentType"] == "PAYMENT" and "InvoiceID" not in details:
            raise Refusal("InvoiceID is required for a payment")
        row = self.invoices.pay(
            client=details["DesignatedTo"]["ClientID"],
            invoice=details.get("InvoiceID"),
            amount=Decimal(details["Amount"]),
            currency=details["Currency"],
            day=details["PaymentDate"],
            notes=details.get("Notes", ""),
            bank=details.get("BankNominalCode", 1200),
        )
        return {"PaymentID": row["id"]}

    def _unpay(self, body: Row) -> Row:
        numbers = body["PaymentDetails"]["PaymentID"]
        for number in numbers if isinstance(numbers, list) else [numbers]:
            self.invoices.unpay(number)
        return {}

    def _errors(self, message: str) -> Row:
        if self.struck("error_with_code"):
            return {"Error": {"Code": "1", "Message": message}}
        return {"Errors": {"Error": message if self.struck("error_as_text") else [message, ""]}}

    # -- REST beta --------------------------------------------------------------------------------------------------------------

    async def resource(self, request: Request, path: str) -> Response:
        raw = await request.body()
        try:
            self.rest.admit(request.headers.get("authorization", ""))
            return answer(*self._resource(request.method, path.split("/"), dict(request.query_params), raw))
        except Refusal as refusal:
            return answer(refusal.status, {"message": refusal.message})

    def _resource(self, method: str, path: list[str], asked: Row, raw: bytes) -> tuple[int, Any]:
        match method, path:
            case "GET", ["account", "me"]:
                return 200, self.rest.me()
            case "GET", ["invoices", number]:
                return 200, self.rest.invoice(number)
            case "GET", ["client_payments"]:
                return 200, self.rest.list_payments(asked)
            case "GET", ["client_payments", number]:
                return 200, self.rest.payment(number)
            case "POST", ["client_payments"]:
                return 200, self.rest.pay(_json(raw))
            case "DELETE", ["client_payments", number]:
                self.invoices.unpay(int(number))
                return 200, {}
        raise Refusal("Not found", 404)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw, parse_float=Decimal)
    except ValueError:
        raise Refusal("The request body is not valid JSON") from None


def _payload(raw: bytes) -> Row:
    read = _json(raw)
    if not isinstance(read, dict) or set(read) != {"payload"} or not isinstance(read["payload"], dict):
        raise schema("payload", "it must be the root element")
    payload: Row = read["payload"]
    if set(payload) - {"Header", "Body"}:
        raise schema(min(set(payload) - {"Header", "Body"}), "it is unexpected in 'payload'")
    return payload
