"""The simulator's door: tokens, the organisation, the rate limit, lists and pages; then the organisation's own operations."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from airbooks.platforms.zoho_books.sandbox import lists
from airbooks.platforms.zoho_books.sandbox.answers import (
    INTERNAL,
    PER_DAY,
    PER_MINUTE,
    STALE_TOKEN,
    UNAUTHORISED,
    WRONG_URL,
    Refusal,
    Row,
    answer,
    invalid,
    plain,
)
from airbooks.platforms.zoho_books.sandbox.books import booked, booked_payment
from airbooks.platforms.zoho_books.sandbox.oauth import Accounts
from airbooks.platforms.zoho_books.sandbox.organisation import HOME, ORGANISATION, UNIQUE_FIELD, Organisation
from airbooks.platforms.zoho_books.sandbox.payments import Payments
from airbooks.platforms.zoho_books.sandbox.sales import CREDIT_NOTES, INVOICES, Sales
from airbooks.sandbox.kit import Books, Context, RateWindow, Simulator

CLIENT_ID, CLIENT_SECRET = "1000.ABSANDBOXZOHOBOOKSCLIENT", "sandbox-zoho-books-client-secret"
CALLS_PER_MINUTE = 100
ROOT = "/books/v3"
SCHEME = "Zoho-oauthtoken "


@dataclass(frozen=True)
class Call:
    """One request, its body read."""

    request: Request
    content: bytes

    @property
    def path(self) -> dict[str, str]:
        return self.request.path_params

    def asks(self, name: str) -> str:
        return self.request.query_params.get(name, "")

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    @property
    def own_number(self) -> bool:
        return self.asks("ignore_auto_number_generation") == "true"

    def body(self) -> Row:
        """The JSON body; the old way of a form with one field JSONString is taken as well (from memory)."""
        text = self.content.decode()
        if "x-www-form-urlencoded" in self.header("content-type"):
            text = dict(parse_qsl(text)).get("JSONString", "")
        try:
            body = json.loads(text, parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            raise invalid("JSONString") from None
        return body if isinstance(body, dict) else {}


Operation = Callable[[Call], Response]


class ZohoBooksSimulator(Simulator):
    """One organisation of the UK edition: home currency GBP, locations and a reporting tag, a unique custom field on documents."""

    slug = "zoho_books"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "Transactions up to `until` (YYYY-MM-DD) are locked.",
        "expire_tokens": "The access token of the next call has expired.",
        "revoke_refresh_tokens": "Every refresh token was revoked: the accounts server answers HTTP 200 with invalid_code.",
        "too_many_tokens": "The accounts server answers 400 Access Denied: too many requests continuously.",
        "throttle": "Zoho answers 429 with `code` (44 per minute, 45 per day, 1070 concurrent).",
        "internal_error": "A write is answered with HTTP 500 code 1000; nothing is booked.",
        "error_under_200": "A write is answered with HTTP 200 and code 4; nothing is booked.",
        "ignore_filters": "Filters of lists are not understood: everything comes back.",
        "openapi_names": "Lists of payments use the key of the OpenAPI file, customer_payments.",
        "unsorted_lists": "sort_column is ignored: lists come in the order of creation.",
        "sorted_by": "sort_column is not understood: lists are sorted by `column`, the newest first, and say so.",
        "field_missing": "The rows of lists come without `field`.",
        "missing_scope": "The token has no scope for `module` (contacts, invoices, ...).",
        "credit_numbers_repeat": "A credit note may have a number that another one has.",
        "stays_draft": "Marking as sent is answered as done, and the document stays a draft.",
        "tax_per_line": "The organisation rounds tax line by line.",
        "wrong_tax": "The tax comes out `amount` (0.01) higher than computed.",
        "edit_in_between": "A person changes the document just before a read of it reaches the server.",
    }

    def __init__(self, context: Context) -> None:
        self.accounts = Accounts(context)
        self.org = Organisation(context.store, context.clock)
        self.sales = {module.name: Sales(self.org, module, self.struck, self._locked_until) for module in (INVOICES, CREDIT_NOTES)}
        self.payments = Payments(self.org, self.sales["invoice"])
        self.minute = RateWindow(context.clock, CALLS_PER_MINUTE, 60, context.time_scale)
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------

    def seed(self) -> None:
        self.accounts.register(CLIENT_ID, CLIENT_SECRET)
        self.org.seed(self.context.options.get("catalogue", []))

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "extra": {
                "organization_id": ORGANISATION,
                "refresh_token": next(reversed(list(self.accounts.refresh)), ""),
                "accounts_url": self.context.base_url,
                "home_currency": HOME,
                "external_id_field": UNIQUE_FIELD,
                "deposit_account_id": self.org.named("account", "account_code", "1000")["account_id"],
            },
        }

    def books(self) -> Books:
        documents = [booked(sales, row) for sales in self.sales.values() for row in sales.rows.values()]
        return Books(documents=documents, payments=[booked_payment(row) for row in self.payments.rows.values()])

    def routes(self) -> None:
        add = self.router.add_api_route
        add("/oauth/v2/auth", self.consent, methods=["GET"])
        add("/oauth/v2/token", self.tokens, methods=["POST"])
        self._settings_routes()
        for sales, plural in ((self.sales["invoice"], "invoices"), (self.sales["creditnote"], "creditnotes")):
            self._sales_routes(sales, plural)
        self._payment_routes()
        everything = ["GET", "POST", "PUT", "DELETE", "PATCH"]
        add("/{rest:path}", self.serve(_no_such_address), methods=everything)

    def _route(self, method: str, path: str, operation: Operation) -> None:
        self.router.add_api_route(f"{ROOT}{path}", self.serve(operation), methods=[method])

    def _settings_routes(self) -> None:
        self._route("GET", "/organizations", self._organisations)
        for path, table, key in (
            ("/contacts", "contact", "contacts"),
            ("/items", "item", "items"),
            ("/chartofaccounts", "account", "chartofaccounts"),
            ("/bankaccounts", "account", "bankaccounts"),
            ("/settings/taxes", "tax", "taxes"),
            ("/settings/currencies", "currency", "currencies"),
            ("/locations", "location", "locations"),
            ("/reportingtags", "tag", "tags"),
        ):
            self._route("GET", path, self._lists(table, key))
        for path, name, title in (("contacts", "contact", "Contact"), ("items", "item", "Item")):
            self._route("GET", f"/{path}/{{row_id}}", self._reads(name, title))
        self._route("GET", "/reportingtags/{row_id}/options/all", self._options)
        self._route("POST", "/contacts", self._add_contact)

    def _listed_sales(self, sales: Sales, call: Call, plural: str) -> Response:
        asked = {} if "ignore_filters" in self.armed else dict(call.request.query_params)
        return self._page(call, map(sales.listed, sales.candidates(asked)), plural)

    def _sales_routes(self, sales: Sales, plural: str) -> None:
        name = sales.module.name
        self._route("GET", f"/{plural}", lambda call: self._listed_sales(sales, call, plural))
        self._route("POST", f"/{plural}", lambda call: self._created(sales, sales.create(call.body(), own_number=call.own_number)))
        self._route("PUT", f"/{plural}", lambda call: self._upserted_sale(sales, call))
        self._route("GET", f"/{plural}/{{row_id}}", lambda call: self._read(sales, call))
        self._route("PUT", f"/{plural}/{{row_id}}", lambda call: self._updated(sales, call))
        self._route("DELETE", f"/{plural}/{{row_id}}", lambda call: self._deleted(sales, call))
        self._route("POST", f"/{plural}/{{row_id}}/status/{{status}}", lambda call: self._status(sales, call))
        self._route(
            "PUT",
            f"/{plural}/{{row_id}}/address/{{kind}}",
            lambda call: _good(name, sales.shown(sales.place(sales.get(call.path["row_id"]), call.path["kind"], call.body()))),
        )

    def _payment_routes(self) -> None:
        shown = self.payments.shown
        self._route("GET", "/customerpayments", self._payment_list)
        self._route("POST", "/customerpayments", lambda call: _good("payment", shown(self.payments.create(call.body())), 201))
        self._route("PUT", "/customerpayments", self._upserted_payment)
        self._route("GET", "/customerpayments/{row_id}", lambda call: _good("payment", shown(self.payments.get(call.path["row_id"]))))
        self._route("DELETE", "/customerpayments/{row_id}", self._deleted_payment)
        self._route("GET", "/invoices/{row_id}/payments", lambda call: _good("payments", self.payments.of_invoice(call.path["row_id"])))
        self._route("DELETE", "/invoices/{row_id}/payments/{payment_id}", self._detached)

    # -- the door ---------------------------------------------------------------------------------------------------

    def serve(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            call = Call(request, await request.body())
            try:
                self._admit(call)
                return operation(call)
            except Refusal as refusal:
                return answer(refusal.status, refusal.code, refusal.message)

        return endpoint

    def _admit(self, call: Call) -> None:
        """Token, rate, organisation; then the faults that strike any call or any write."""
        header = call.header("authorization")
        if not header.startswith(SCHEME):
            raise Refusal("You are not authorized to perform this operation", UNAUTHORISED, 401)
        token = header.removeprefix(SCHEME)
        if self.struck("expire_tokens"):
            self.accounts.access.pop(token, None)
        if not self.accounts.opens(token):
            raise Refusal("Invalid value passed for authtoken.", STALE_TOKEN, 401)
        self._check_rate()
        if not call.request.url.path.endswith("/organizations"):
            self._check_organisation(call.asks("organization_id"))
        closed = self.struck("missing_scope")
        if closed and call.request.url.path.endswith(f"{ROOT}/{closed['module']}"):
            raise Refusal("You are not authorized to perform this operation", UNAUTHORISED, 401)
        if call.request.method != "GET":
            self._check_write()

    def _check_rate(self) -> None:
        throttle = self.struck("throttle")
        code = int(throttle.get("code", PER_MINUTE)) if throttle else PER_MINUTE
        if throttle or not self.minute.admit():
            span = "day" if code == PER_DAY else "minute"
            says = (
                f"For security reasons you have been blocked for some time as you have exceeded the maximum number of requests per {span}"
            )
            raise Refusal(says, code, 429)

    def _check_organisation(self, given: str) -> None:
        if not given:
            raise invalid("organization_id")
        if given != ORGANISATION:
            raise Refusal("You are not authorized to perform this operation", UNAUTHORISED, 401)

    def _check_write(self) -> None:
        if self.struck("internal_error"):
            raise Refusal("Internal error", INTERNAL, 500)
        if self.struck("error_under_200"):
            raise Refusal("Invalid value passed for customer_id", 4, 200)

    def _locked_until(self) -> date | None:
        lock = self.armed.get("lock_period")
        return date.fromisoformat(lock["until"]) if lock else None

    # -- OAuth ------------------------------------------------------------------------------------------------------

    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: the user agrees."""
        asked = request.query_params
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code":
            return plain(400, {"error": "invalid_client"})
        target = asked.get("redirect_uri", "")
        return RedirectResponse(f"{target}?{urlencode({'code': self.accounts.new_code(target), 'state': asked.get('state', '')})}", 302)

    async def tokens(self, request: Request) -> Response:
        """The token end point; its parameters come as a form or in the query."""
        asked = {**dict(request.query_params), **dict(parse_qsl((await request.body()).decode()))}
        if self.struck("revoke_refresh_tokens"):
            self.accounts.refresh.clear()
        if self.struck("too_many_tokens"):
            return plain(400, {"error": "Access Denied", "error_description": "You have made too many requests", "status": "failure"})
        status, body = self.accounts.exchange(asked)
        return plain(status, body)

    # -- lists ------------------------------------------------------------------------------------------------------

    def _lists(self, table: str, key: str) -> Operation:
        return lambda call: self._page(call, self.org.table(table).values(), key)

    def _page(self, call: Call, rows: Iterable[Row], key: str) -> Response:
        """One page of a filtered list. A filter that this list does not know is ignored without a word."""
        asked = dict(call.request.query_params)
        everything = self.struck("ignore_filters") is not None
        found = [row for row in rows if everything or lists.fits(row, asked, key)]
        other = self.struck("sorted_by")
        if other:
            asked |= {"sort_column": other["column"], "sort_order": "D"}
        page = lists.page(found, asked, key, sorts=not self.struck("unsorted_lists"))
        gone = self.struck("field_missing")
        if gone:
            page[key] = [{name: value for name, value in row.items() if name != gone["field"]} for row in page[key]]
        return answer(200, 0, "success", **page)

    def _reads(self, name: str, title: str) -> Operation:
        return lambda call: _good(name, self.org.get(name, call.path["row_id"], title))

    def _organisations(self, _call: Call) -> Response:
        home = self.org.named("currency", "currency_code", HOME)
        row = {
            "organization_id": ORGANISATION,
            "name": "Harbour Compressors Ltd",
            "is_default_org": True,
            "currency_id": home["currency_id"],
            "currency_code": HOME,
            "price_precision": 2,
            "time_zone": "Europe/London",
            "is_org_active": True,
        }
        return answer(200, 0, "success", organizations=[row])

    def _options(self, call: Call) -> Response:
        tag = self.org.get("tag", call.path["row_id"], "Reporting tag")
        options = [row for row in self.org.table("option").values() if row["tag_id"] == tag["tag_id"]]
        return answer(200, 0, "success", results=[{"option_id": "untagged", "option_name": "Untagged"}, *options])

    def _payment_list(self, call: Call) -> Response:
        key = "customer_payments" if self.struck("openapi_names") else "customerpayments"
        return self._page(call, map(self.payments.listed, self.payments.rows.values()), key)

    # -- documents --------------------------------------------------------------------------------------------------

    def _add_contact(self, call: Call) -> Response:
        return _good("contact", self.org.add_contact(call.body()), 201)

    def _read(self, sales: Sales, call: Call) -> Response:
        row = sales.get(call.path["row_id"])
        edit = self.struck("edit_in_between")
        if edit:
            row = sales.keep({**row, **{name: value for name, value in edit.items() if name != "times"}})
        return _good(sales.module.name, sales.shown(row))

    def _created(self, sales: Sales, row: Row, status: int = 201) -> Response:
        return _good(sales.module.name, sales.shown(row), status, f"The {sales.module.title.lower()} has been created.")

    def _updated(self, sales: Sales, call: Call) -> Response:
        row = sales.update(sales.get(call.path["row_id"]), call.body(), own_number=call.own_number)
        return _good(sales.module.name, sales.shown(row), 200, f"{sales.module.title} information has been updated.")

    def _upserted_sale(self, sales: Sales, call: Call) -> Response:
        """PUT by a unique custom field: an update where the value exists, also of what a person has edited since."""
        row = sales.with_value(call.header("x-unique-identifier-key"), call.header("x-unique-identifier-value"))
        if row is not None:
            row = sales.update(row, call.body(), own_number=call.own_number)
            return _good(sales.module.name, sales.shown(row), 200, f"{sales.module.title} information has been updated.")
        _check_upsert(call)
        return self._created(sales, sales.create(call.body(), own_number=call.own_number), 200)

    def _deleted(self, sales: Sales, call: Call) -> Response:
        sales.delete(sales.get(call.path["row_id"]))
        return answer(200, 0, f"The {sales.module.title.lower()} has been deleted.")

    def _status(self, sales: Sales, call: Call) -> Response:
        wanted, row_id = call.path["status"], call.path["row_id"]
        if wanted != sales.module.open_state or not self.struck("stays_draft"):
            sales.change_state(sales.get(row_id), wanted)
        if wanted == "void":
            self.payments.detach(row_id)
        return answer(200, 0, f"{sales.module.title} status has been changed to {wanted.capitalize()}.")

    # -- payments ---------------------------------------------------------------------------------------------------

    def _upserted_payment(self, call: Call) -> Response:
        row = self.payments.with_value(call.header("x-unique-identifier-key"), call.header("x-unique-identifier-value"))
        if row is None:
            _check_upsert(call)
            row = self.payments.create(call.body())
        return _good("payment", self.payments.shown(row))

    def _deleted_payment(self, call: Call) -> Response:
        self.payments.delete(self.payments.get(call.path["row_id"]))
        return answer(200, 0, "The payment has been deleted.")

    def _detached(self, call: Call) -> Response:
        self.payments.detach(call.path["row_id"], call.path["payment_id"])
        return answer(200, 0, "The payment has been deleted.")


def _good(key: str, row: Any, status: int = 200, message: str = "success") -> Response:
    return answer(status, 0, message, **{key: row})


def _no_such_address(_call: Call) -> Response:
    raise Refusal("Invalid URL Passed", WRONG_URL, 404)


def _check_upsert(call: Call) -> None:
    if call.header("x-upsert") != "true":
        raise Refusal("No record has this value of the unique identifier")
