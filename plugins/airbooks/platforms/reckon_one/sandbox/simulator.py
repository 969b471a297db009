"""The simulator's door: identity server, gateway, and the resources of one book."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from functools import partial
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from airbooks.platforms.reckon_one.sandbox import people, receipts, sales
from airbooks.platforms.reckon_one.sandbox.answers import GatewayRefused, Refused, Row, answer, not_found
from airbooks.platforms.reckon_one.sandbox.book import Book
from airbooks.platforms.reckon_one.sandbox.books import booked_documents, booked_payments
from airbooks.platforms.reckon_one.sandbox.lists import listed, selected
from airbooks.platforms.reckon_one.sandbox.oauth import Identity, TokenRefused
from airbooks.platforms.reckon_one.sandbox.seed import seed_book
from airbooks.sandbox.kit import Books, Context, RateWindow, Simulator

BOOK_ID, OTHER_BOOK_ID, CURRENCY = "5af6572c-9771-4b86-995d-3374d3bc683c", "0c0d2a55-4a7e-4f0e-9d0a-2f6d1c3b7e11", "AUD"
CLIENT_ID, CLIENT_SECRET = "reckon-sandbox-client-71c4", "reckon-sandbox-client-secret-b0a9"
SUBSCRIPTION_KEY = "9d1e4c7a2b5f48d0a3c6e9f1b4d70852"
REDIRECT_URI = "https://airbooks.example/reckon"
BASE = "/r1/v2"
# Not published by the vendor: what keeps well-behaved callers going and stops a loop.
CALLS, SECONDS = 50, 1

READ_ONLY = (
    *("items", "ledgeraccounts", "classifications", "projects", "terms", "paymentmethods", "templates", "payments", "suppliers"),
    *("phonetypes", "addresstypes", "electronicaddresstypes"),
)
WRITTEN = ("customers", "invoices", "creditnotes", "receipts")
HIDDEN = {"amount", "rate"}
UNAUTHORISED = {"message": "Authorization has been denied for this request.", "code": 401}


class ReckonOneSimulator(Simulator):
    """Reckon One: one book in Australia, kept in Australian dollars, with approval of invoices switched on."""

    slug = "reckon_one"
    faults: ClassVar[dict[str, str]] = {
        "expire_tokens": "The access token of the next call has expired.",
        "revoke_refresh_token": "At the next refresh no refresh token is valid any more: a person must sign in again.",
        "keep_refresh_token": "A refresh answers without a new refresh token; the one used stays good.",
        "throttle": "The gateway refuses calls with 429 and Retry-After.",
        "quota": "The gateway refuses calls with 403: out of call volume quota.",
        "missing_permission": "The role of the user does not allow the call: 403.",
        "book_inactive": "The list of books shows the book as inactive.",
        "small_pages": "A page has at most three rows, whatever perPage asks for.",
        "lists_omit_counts": "Lists come without X-Total-Count; only Link tells of more pages.",
        "lists_omit_links": "Receipts are listed without their links.",
        "template_required": "An invoice without a template is refused.",
        "credit_notes_are_approved": "Credit notes are approved from the start.",
        "put_makes_drafts": "A PUT makes an approved document a draft again.",
        "approval_ignored": "A document stays a draft although its approval is answered with 204.",
        "wrong_tax": "The tax comes out `amount` (0.01) higher than computed.",
    }

    def __init__(self, context: Context) -> None:
        self.identity = Identity(context.store, context.clock)
        self.book = Book(context.store, context.clock, BOOK_ID, self.struck)
        self.window = RateWindow(context.clock, CALLS, SECONDS, context.time_scale)
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------
    def routes(self) -> None:
        add = self.router.add_api_route
        add("/connect/authorize", self.consent, methods=["GET"])
        add("/connect/token", self.tokens, methods=["POST"])
        add("/.well-known/openid-configuration", self.discovery, methods=["GET"])
        add(f"{BASE}/heartbeat", self.serve(lambda *_: (200, {"status": "OK"}, {})), methods=["GET"])
        add(f"{BASE}/books", self.serve(self._books), methods=["GET"])
        add(f"{BASE}/{{book_id}}/{{path:path}}", self.serve(self._in_book), methods=["GET", "POST", "PUT", "PATCH", "DELETE"])

    def seed(self) -> None:
        self.identity.register(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI)
        seed_book(self.book, self.context.options.get("catalogue", []))

    def books(self) -> Books:
        return Books(documents=list(booked_documents(self.book, CURRENCY)), payments=list(booked_payments(self.book, CURRENCY)))

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "extra": {
                "book_id": BOOK_ID,
                "subscription_key": SUBSCRIPTION_KEY,
                "refresh_token": self.identity.current_refresh_token(),
                "redirect_uri": REDIRECT_URI,
                "home_currency": CURRENCY,
                "token_url": f"{self.context.base_url}/connect/token",
                "tax_amounts": "ours",
                "default_income_account": "Income:Freight income",
            },
        }

    # -- identity server ----------------------------------------------------------------------------------------------
    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: the user agrees."""
        asked = {name: request.query_params.get(name, "") for name in ("client_id", "redirect_uri", "scope", "state")}
        try:
            return RedirectResponse(self.identity.authorise(**asked), 302)
        except TokenRefused as refused:
            return answer(400, refused.body())

    async def tokens(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode()))
        if self.struck("revoke_refresh_token") is not None:
            self.identity.forget_refresh_tokens()
        try:
            rotates = self.struck("keep_refresh_token") is None
            return answer(200, self.identity.exchange(request.headers.get("authorization", ""), form, rotates=rotates))
        except TokenRefused as refused:
            return answer(400, refused.body())

    async def discovery(self) -> Response:
        base = self.context.base_url
        return answer(200, {"authorization_endpoint": f"{base}/connect/authorize", "token_endpoint": f"{base}/connect/token"})

    # -- gateway --------------------------------------------------------------------------------------------------------
    def serve(self, handler: Callable[[Request, Row], tuple[int, Any, dict[str, str]]]) -> Callable[[Request], Awaitable[Response]]:
        """An end point: what gateway and application check on every call, the handler, and its answer or error."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                self._pass_gateway(request)
                if not self._is_authorised(request):
                    return answer(401, UNAUTHORISED)
                self._check_permission()
                return answer(*handler(request, _sent(request, body)))
            except GatewayRefused as refused:
                return answer(refused.status, refused.body(), refused.headers)
            except Refused as refused:
                return answer(refused.status, refused.body())

        return endpoint

    def _pass_gateway(self, request: Request) -> None:
        key = request.headers.get("ocp-apim-subscription-key") or request.query_params.get("subscription-key")
        if not key:
            told = "Make sure to include subscription key when making requests to an API."
            raise GatewayRefused(401, f"Access denied due to missing subscription key. {told}")
        if key != SUBSCRIPTION_KEY:
            told = "Make sure to provide a valid key for an active subscription."
            raise GatewayRefused(401, f"Access denied due to invalid subscription key. {told}")
        if self.struck("throttle") is not None or not self.window.admit():
            seconds = round(SECONDS / self.context.time_scale)
            raise GatewayRefused(429, f"Rate limit is exceeded. Try again in {seconds} seconds.", retry_after=seconds)
        if self.struck("quota") is not None:
            raise GatewayRefused(403, "Out of call volume quota. Quota will be replenished in 00:05:00.")

    def _is_authorised(self, request: Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.struck("expire_tokens") is not None:
            self.identity.access.pop(token, None)
        return self.identity.is_valid(token)

    def _check_permission(self) -> None:
        if self.struck("missing_permission") is not None:
            raise Refused(403, "User does not have permission to access this resource.")

    def _books(self, request: Request, _sent: Row) -> tuple[int, Any, dict[str, str]]:
        status = "Inactive" if self.struck("book_inactive") is not None else "Active"
        ours = {"id": BOOK_ID, "name": "Harbour Compressors", "status": status, "ownership": "Owned", "country": "AU"}
        other = {**ours, "id": OTHER_BOOK_ID, "name": "Old book", "status": "Inactive", "ownership": "Shared", "country": "NZ"}
        body, headers = listed([ours, other], dict(request.query_params), str(request.url.path))
        return 200, body, headers

    # -- one book -------------------------------------------------------------------------------------------------------
    def _in_book(self, request: Request, sent: Row) -> tuple[int, Any, dict[str, str]]:
        """Paths are known in any case, as are ids."""
        if request.path_params["book_id"].lower() != BOOK_ID:
            raise not_found()
        resource, *rest = [part for part in request.path_params["path"].split("/") if part]
        resource = resource.lower()
        if request.method == "GET" and resource in (*READ_ONLY, *WRITTEN, "taxrates", "settings"):
            return self._read(request, resource, rest)
        if resource not in WRITTEN:
            raise not_found()
        if not rest:
            return self._create(request, resource, sent)
        row = self.book.get(resource, rest[0])
        if len(rest) > 1:
            return self._link(request, resource, row, rest[1:], sent)
        return self._change(request, resource, row, sent)

    def _read(self, request: Request, resource: str, rest: list[str]) -> tuple[int, Any, dict[str, str]]:
        if resource == "settings":
            return 200, self.book.settings(rest[0] if rest else "book"), {}
        if rest and resource != "taxrates":
            row = self._shown(resource, self.book.get(resource, rest[0]))
            return 200, selected(row, request.query_params.get("select", "")), {}
        table, most = self.book.table(resource), 3 if self.struck("small_pages") is not None else None
        shape = partial(self._shown, resource, in_list=True)
        body, headers = listed(table, dict(request.query_params), str(request.url.path), shape, most)
        if self.struck("lists_omit_counts") is not None:
            del headers["X-Total-Count"]
        return 200, body, headers

    def _create(self, request: Request, resource: str, sent: Row) -> tuple[int, Any, dict[str, str]]:
        if request.method != "POST":
            raise Refused(405, "The method is not allowed.")
        if resource == "customers":
            return 201, people.create(self.book, sent), {}
        made = receipts.create(self.book, sent) if resource == "receipts" else sales.create(self.book, resource, sent)
        return 201, {"id": made["id"]}, {}

    def _change(self, request: Request, resource: str, row: Row, sent: Row) -> tuple[int, Any, dict[str, str]]:
        does: dict[tuple[str, str], Callable[[], None]] = {
            ("PATCH", "customers"): lambda: people.change(self.book, row, sent),
            ("DELETE", "receipts"): lambda: receipts.delete(self.book, row),
        }
        for kind in ("invoices", "creditnotes"):
            does |= {
                ("PUT", kind): lambda: sales.replace(self.book, resource, row, sent),
                ("PATCH", kind): lambda: sales.patch(self.book, resource, row, sent),
                ("DELETE", kind): lambda: sales.delete(self.book, resource, row),
            }
        if (request.method, resource) not in does:
            raise Refused(405, "The method is not allowed.")
        does[request.method, resource]()
        return 204, None, {}

    def _link(self, request: Request, resource: str, row: Row, rest: list[str], sent: Row) -> tuple[int, Any, dict[str, str]]:
        if rest[0].lower() != "transactionlinks" or resource == "customers":
            raise not_found()
        if request.method == "POST" and len(rest) == 1 and resource != "invoices":
            return 201, receipts.link(self.book, resource, row, sent), {}
        if request.method == "DELETE" and len(rest) == 2:
            receipts.unlink(self.book, resource, row, rest[1])
            return 204, None, {}
        raise Refused(405, "The method is not allowed.")

    def _shown(self, resource: str, row: Row, *, in_list: bool = False) -> Row:
        """The row as it is read back: what the simulator computes with stays inside."""
        if resource == "receipts" and in_list and self.struck("lists_omit_links") is not None:
            return {key: value for key, value in row.items() if key != "transactionLinks"}
        if resource == "receipts":
            return {
                **row,
                "allocateFullAmount": sum((each["transactionAmount"] for each in row["transactionLinks"]), Decimal(0))
                == row["totalAmount"],
            }
        if resource not in ("invoices", "creditnotes"):
            return row
        lines = [{key: value for key, value in line.items() if key not in HIDDEN} for line in row["lineItems"]]
        customer = self.book.get("customers", row["customer"]["id"])
        return {**row, "lineItems": lines, "billingAddress": next(iter(customer["addresses"]), None), "shippingAddress": None}


def _sent(request: Request, body: bytes) -> Row:
    """What a write says; a PATCH is a merge patch and nothing else."""
    if request.method not in ("POST", "PUT", "PATCH"):
        return {}
    wanted = "application/merge-patch+json" if request.method == "PATCH" else "application/json"
    given = request.headers.get("content-type", "").partition(";")[0].strip()
    if given != wanted:
        raise Refused(415, f"{given} is not supported. Please use content-type {wanted}.")
    try:
        sent = json.loads(body, parse_float=Decimal)
    except ValueError:
        raise Refused(400, "The body is not JSON.") from None
    if not isinstance(sent, dict):
        raise Refused(400, "The body is not an object.")
    return sent
