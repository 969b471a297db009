"""The simulator's door: tokens, the request limit, the addresses of the account's services, and several messages in one request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from airbooks.platforms.brightpearl.sandbox.answers import NO_BODY, NOT_FOUND, SERVER_ERROR, Refusal, Row, exact_json, money
from airbooks.platforms.brightpearl.sandbox.books import booked, booked_payment
from airbooks.platforms.brightpearl.sandbox.company import ACCOUNT, CANCELLED_STATUS, HOME, Company
from airbooks.platforms.brightpearl.sandbox.contacts import Contacts
from airbooks.platforms.brightpearl.sandbox.oauth import INSTANCE, OAuth
from airbooks.platforms.brightpearl.sandbox.orders import Orders
from airbooks.platforms.brightpearl.sandbox.payments import Payments, paid_on
from airbooks.platforms.brightpearl.sandbox.search import Search
from airbooks.platforms.brightpearl.sandbox.shapes import Shapes
from airbooks.platforms.brightpearl.sandbox.throttle import Throttle
from airbooks.sandbox.kit import Books, Context, Simulator

CLIENT_ID, CLIENT_SECRET = "harbour-books", "sandbox-brightpearl-client-secret"
APP_REF, DEV_REF, ACCOUNT_TOKEN = "harbour_books", "harbour_dev", "sandbox-brightpearl-account-token"
TOO_MANY = "You have sent too many requests. Please wait before sending another request"
JSON_TYPE = "application/json;charset=UTF-8"
PRODUCT_SEARCH = Search(
    {
        "productId": "IDSET",
        "productName": "SEARCH_STRING",
        **dict.fromkeys(("SKU", "barcode", "EAN", "UPC", "ISBN", "MPN"), "STRING"),
        "stockTracked": "BOOLEAN",
        "salesChannelName": "",
        "productStatus": "STRING",
    }
)
CURRENCY_SEARCH = Search(
    {
        "id": "IDSET",
        "title": "STRING",
        "code": "STRING",
        "symbol": "STRING",
        "exchangeRate": "STRING",
        "isDefault": "BOOLEAN",
        "exchangeRateVarianceNominalCode": "STRING",
    }
)


@dataclass(frozen=True)
class Call:
    """One request below the account's address, alone or as a message of several."""

    method: str
    path: str
    query: dict[str, str]
    content: Any

    def body(self) -> Any:
        if self.content is None:
            raise Refusal("The request had no JSON body", NO_BODY)
        return self.content


Operation = Callable[..., Row]


class BrightpearlSimulator(Simulator):
    """One UK account: base currency GBP, two warehouses, two channels, an OAuth app and a private one."""

    slug = "brightpearl"
    faults: ClassVar[dict[str, str]] = {
        "throttle": "The account is over its request limit: 503 with the vendor's text.",
        "expire_tokens": "The access token that is used has just expired.",
        "revoke_refresh_tokens": "No refresh token is valid any more.",
        "lock_period": "The accounting period up to `until` (a time) is locked.",
        "slow_invoice": "A close stays pending for `reads` more reads of the order.",
        "duplicate_answers_other": "A repeated order is answered with the id `id` (0, which is no order), not with that of the first.",
        "server_error": "The server fails with a code of its own (CMNU-003) before it does anything.",
        "stop_messages": "Of several messages only the first `after` are processed.",
        "wrong_tax": "The first row's tax is stored `amount` (0.01) higher than sent.",
        "edit_in_between": "A person changes the order just before it is read.",
    }

    def __init__(self, context: Context) -> None:
        self.oauth = OAuth(context)
        self.company = Company(context.store, context.clock)
        self.shapes = Shapes(self.company, paid_on(self.company))
        self.orders = Orders(self.company, self.shapes, self.struck, self._locked_until)
        self.contacts, self.payments = Contacts(self.company), Payments(self.company)
        self.throttle = Throttle(context)
        self.operations = self._operations()
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------------

    def seed(self) -> None:
        self.oauth.register(CLIENT_ID, CLIENT_SECRET)
        self.company.seed(self.context.options.get("catalogue", []))

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": ACCOUNT,
            "password": CLIENT_SECRET,
            "extra": {
                "auth": "oauth",
                "app_ref": APP_REF,
                "dev_ref": DEV_REF,
                "client_id": CLIENT_ID,
                "refresh_token": self.oauth.newest(),
                "token_url": f"{self.context.base_url}/token/{{account}}",
                "instance_id": str(INSTANCE),
                "home_currency": HOME,
                "time_zone": self.company.zone.key,
                "cancelled_status_id": str(CANCELLED_STATUS["SO"]),
                "cancelled_credit_status_id": str(CANCELLED_STATUS["SC"]),
                "freight_nominal": "4900",
                "payment_method_code": "BANK",
            },
        }

    def books(self) -> Books:
        return Books(
            documents=[booked(self.orders, row) for row in self.orders.rows.values()],
            payments=[booked_payment(row) for row in self.payments.rows.values() if row["type"] == "RECEIPT"],
        )

    def routes(self) -> None:
        add = self.router.add_api_route
        add("/authorize/{account}", self.consent, methods=["GET"])
        add("/token/{account}", self.tokens, methods=["POST"])
        add("/public-api/{account}/{rest:path}", self.serve, methods=["GET", "POST", "PUT", "PATCH", "DELETE"])

    def _operations(self) -> list[tuple[str, re.Pattern[str], Operation]]:
        """Method, address and what answers; an operation gets the call and the parts of the address."""
        number = r"(\d+)"
        ids = r"([\d,-]+)"
        orders, contacts, payments = self.orders, self.contacts, self.payments
        table: list[tuple[str, str, Operation]] = [
            ("POST", "order-service/sales-order", lambda call: orders.create(call.body(), "SO")),
            ("POST", "order-service/sales-credit", lambda call: orders.create(call.body(), "SC")),
            ("POST", f"order-service/sales-order/{number}/close", lambda call, key: orders.close(key, call.body(), "SO")),
            ("POST", f"order-service/sales-credit/{number}/close", lambda call, key: orders.close(key, call.body(), "SC")),
            ("PUT", f"order-service/sales-order/{number}/row/{number}", lambda call, key, row: orders.replace_row(key, row, call.body())),
            ("GET", f"order-service/sales-order/{ids}", lambda _, keys: self._read(keys, "SO", self.shapes.sales_order)),
            ("GET", f"order-service/order/{ids}", lambda _, keys: self._read(keys, "", self.shapes.order)),
            ("PATCH", f"order-service/order/{number}", lambda call, key: orders.patch(key, call.body())),
            ("PUT", f"order-service/order/{number}/status", lambda call, key: orders.set_status(key, call.body())),
            ("POST", f"order-service/order/{number}/row", lambda call, key: orders.add_row(key, call.body())),
            ("PATCH", f"order-service/order/{number}/row/{number}", lambda call, key, row: orders.patch_row(key, row, call.body())),
            ("DELETE", f"order-service/order/{number}/row/{number}", lambda _, key, row: orders.delete_row(key, row)),
            ("GET", "order-service/order-search", lambda call: orders.search(call.query)),
            ("GET", "order-service/order-status", lambda _: self._statuses()),
            ("POST", "contact-service/postal-address", lambda call: contacts.add_address(call.body())),
            ("POST", "contact-service/contact", lambda call: contacts.add(call.body())),
            ("GET", f"contact-service/contact/{ids}", lambda _, keys: contacts.read(keys)),
            ("GET", "contact-service/contact-search", lambda call: contacts.search(call.query)),
            ("GET", "contact-service/lead-source", lambda _: self._named("lead source", "id", "name")),
            ("GET", "product-service/channel", lambda _: self._named("channel", "id", "name")),
            ("GET", "product-service/product-search", self._products),
            ("GET", "warehouse-service/warehouse", lambda _: self._named("warehouse", "id", "name")),
            ("GET", "accounting-service/tax-code", lambda _: self._tax_codes()),
            ("GET", "accounting-service/nominal-code", lambda _: self._named("nominal", "code", "name")),
            ("GET", "accounting-service/currency-search", self._currencies),
            ("GET", "accounting-service/payment-method", lambda _: self._methods()),
            ("POST", "accounting-service/customer-payment", lambda call: payments.create(call.body())),
            ("DELETE", f"accounting-service/customer-payment/{number}", lambda _, key: payments.delete(key)),
            ("GET", "accounting-service/customer-payment-search", lambda call: payments.search(call.query)),
            ("GET", f"accounting-service/sale-payment-total/{ids}", lambda _, keys: payments.totals(keys)),
        ]
        return [(method, re.compile(path), operation) for method, path, operation in table]

    # -- the door ---------------------------------------------------------------------------------------------------------

    async def serve(self, request: Request) -> Response:
        content = await request.body()
        try:
            headers = self._admit(request)
        except Refusal as refusal:
            return self._answer(refusal.status, refusal.body(), {})
        call = Call(request.method, request.path_params["rest"], dict(request.query_params), _json_of(request, content))
        if (call.method, call.path) == ("POST", "multi-message"):
            return self._answer(*self._messages(call), headers)
        return self._answer(*self._perform(call), headers)

    def _answer(self, status: int, body: Row, headers: dict[str, str]) -> Response:
        return Response(exact_json(body), status, {**headers, **self.throttle.headers()}, JSON_TYPE)

    def _admit(self, request: Request) -> dict[str, str]:
        """Account, app and token, then the request limit; the headers that the answer to an OAuth app carries."""
        asked = request.headers
        if request.path_params["account"] != ACCOUNT:
            raise Refusal("Account not found", "", 404)
        if asked.get("brightpearl-app-ref") != APP_REF:
            raise Refusal("Invalid app reference", "", 401)
        more = self._check_bearer(asked.get("authorization", ""), asked.get("brightpearl-dev-ref", ""))
        if more is None:
            self._check_token(asked.get("brightpearl-account-token") or asked.get("brightpearl-staff-token") or "")
        if self.struck("throttle") or not self.throttle.admit():
            raise Refusal(TOO_MANY, "", 503)
        if self.struck("server_error"):
            raise Refusal("Internal server error", SERVER_ERROR, 500)
        return more or {}

    def _check_bearer(self, header: str, dev_ref: str) -> dict[str, str] | None:
        if not header.startswith("Bearer "):
            return None
        token = header.removeprefix("Bearer ")
        if self.struck("expire_tokens"):
            self.oauth.access.pop(token, None)
        if not self.oauth.opens(token):
            raise Refusal("Authorization token expired", "", 401)
        if dev_ref != DEV_REF:
            raise Refusal("Invalid developer reference", "", 401)
        return {"Brightpearl-Installed-Integration-Instance-Id": str(INSTANCE)}

    @staticmethod
    def _check_token(token: str) -> None:
        if token != ACCOUNT_TOKEN:
            raise Refusal(f"Invalid instance token: {token}", "", 401)

    def _locked_until(self) -> datetime | None:
        lock = self.armed.get("lock_period")
        return datetime.fromisoformat(lock["until"]) if lock else None

    def _perform(self, call: Call) -> tuple[int, Row]:
        for method, path, operation in self.operations:
            found = path.fullmatch(call.path) if method == call.method else None
            if found:
                try:
                    return 200, operation(call, *found.groups())
                except Refusal as refusal:
                    return refusal.status, refusal.body()
        return 404, Refusal(f"No such resource: {call.method} {call.path}", NOT_FOUND).body()

    def _messages(self, call: Call) -> tuple[int, Row]:
        """Two to ten messages, one after the other; they count as one request."""
        messages = (call.content or {}).get("messages", [])
        if not 2 <= len(messages) <= 10:
            return 400, Refusal("A multi-message request has 2 to 10 messages").body()
        stop = self.struck("stop_messages")
        most = int(stop["after"]) if stop else len(messages)
        done: list[Row] = []
        for each in messages[:most]:
            status, body = self._perform(Call(each["httpMethod"], each["uri"].removeprefix("/"), {}, each.get("body")))
            done.append({"label": each["label"], "statusCode": status, "body": {"content": exact_json(body)}})
            if status >= 400 and call.content.get("onFail") == "STOP":
                break
        left = [each["label"] for each in messages[len(done) :]]
        failed = bool(left) or any(each["statusCode"] >= 400 for each in done)
        return 207 if failed else 200, {"response": {"processedMessages": done, "unprocessedMessages": left}}

    # -- OAuth ------------------------------------------------------------------------------------------------------------

    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: the user agrees."""
        asked = request.query_params
        target = asked.get("redirect_uri", "")
        return RedirectResponse(f"{target}?{urlencode({'code': self.oauth.new_code(target), 'state': asked.get('state', '')})}", 302)

    async def tokens(self, request: Request) -> Response:
        asked = dict(parse_qsl((await request.body()).decode()))
        if self.struck("revoke_refresh_tokens"):
            self.oauth.refresh.clear()
        status, body = self.oauth.exchange(asked)
        return Response(exact_json(body), status, media_type=JSON_TYPE)

    # -- lists ------------------------------------------------------------------------------------------------------------

    def _read(self, keys: str, kind: str, shape: Callable[[Row], Row]) -> Row:
        edit = self.struck("edit_in_between")
        for key in keys.split(",") if edit else ():
            self.orders.keep({**self.orders.get(key), "reference": str((edit or {}).get("reference", "edited"))})
        return {"response": [shape(row) for row in self.orders.read(keys, kind)]}

    def _named(self, table: str, key: str, name: str) -> Row:
        return {"response": [{key: row[key], name: row[name]} for row in self.company.table(table).values()]}

    def _statuses(self) -> Row:
        rows = self.company.table("status").values()
        return {"response": [{"statusId": row["id"], "name": row["name"], "orderTypeCode": row["type"], "state": "draft"} for row in rows]}

    def _tax_codes(self) -> Row:
        return {"response": [dict(row) for row in self.company.table("tax").values()]}

    def _methods(self) -> Row:
        def shown(row: Row) -> Row:
            accounts = [{"currencyIsoCode": code, "bankAccountNominalCode": "1000"} for code in row["currencies"]]
            return {"code": row["code"], "name": row["name"], "isActive": True, "bankAccounts": accounts}

        return {"response": [shown(row) for row in self.company.table("method").values()]}

    def _products(self, call: Call) -> Row:
        rows = self.company.table("product").values()
        codes = ["", None, None, None, None]
        listed = [[row["id"], row["name"], row["sku"], *codes, row["stock"], "Brightpearl", "LIVE"] for row in rows]
        return PRODUCT_SEARCH.page(listed, call.query)

    def _currencies(self, call: Call) -> Row:
        rows = self.company.table("currency").values()
        listed: list[list[Any]] = [
            [row["id"], row["code"], row["code"], row["code"], money(row["rate"], 6), row["base"], "7906"] for row in rows
        ]
        return CURRENCY_SEARCH.page(listed, call.query)


def _json_of(request: Request, content: bytes) -> Any:
    if not content or "json" not in request.headers.get("content-type", ""):
        return None
    try:
        return json.loads(content, parse_float=Decimal)
    except ValueError:
        return None
