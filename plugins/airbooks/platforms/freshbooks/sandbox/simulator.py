"""The simulator's door: tokens, account ids and rates, then the account's own resources."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from airbooks.platforms.freshbooks.sandbox import payments, people, sales
from airbooks.platforms.freshbooks.sandbox.account import Account, dated, page_of
from airbooks.platforms.freshbooks.sandbox.answers import DENIED, PARSE, Refused, Row, answer, invalid, required
from airbooks.platforms.freshbooks.sandbox.books import booked_documents, booked_payments
from airbooks.platforms.freshbooks.sandbox.oauth import Authority, TokenRefused
from airbooks.platforms.freshbooks.sandbox.seed import add_tax, seed_account
from airbooks.sandbox.kit import Books, Context, RateWindow, Simulator

ACCOUNT_ID, BUSINESS_ID, HOME = "xZNQ1X", 439000, "USD"
CLIENT_ID, CLIENT_SECRET = "fb-sandbox-client-4f1c", "fb-sandbox-client-secret-8e02"
REDIRECT_URI = "https://airbooks.example/freshbooks"
# Not published by the vendor: what keeps well-behaved callers going and stops a loop.
CALLS, SECONDS = 20, 1

# Path of a resource: what it holds, singular and plural.
RESOURCES = {
    "users/clients": ("client", "clients"),
    "invoices/invoices": ("invoice", "invoices"),
    "credit_notes/credit_notes": ("credit_note", "credit_notes"),
    "payments/payments": ("payment", "payments"),
    "taxes/taxes": ("tax", "taxes"),
    "items/items": ("item", "items"),
}
UNAUTHENTICATED = {"error": "unauthenticated", "error_description": "This action requires authentication to continue."}
WITH_LINES = ("invoice", "credit_note")
Handler = Callable[[str, Request, Row], Row]


class FreshBooksSimulator(Simulator):
    """FreshBooks: one account in the United States that keeps its books in US dollars."""

    slug = "freshbooks"
    faults: ClassVar[dict[str, str]] = {
        "expire_tokens": "The access token of the next call has expired.",
        "revoke_refresh_token": "At the next refresh no refresh token is valid any more: a person must authorise again.",
        "refresh_unauthenticated": "A refresh is answered as any call without a token is: 401, unauthenticated.",
        "missing_scope": "Calls (of one `resource`, such as invoices/invoices, or all) are refused with 403, errno 1003.",
        "stays_draft": "Marking as sent is answered as done, and the invoice stays a draft.",
        "throttle": "Calls are refused with 429 and a body that is no JSON.",
        "errors_under_200": "Writes are refused with errors under HTTP 200; nothing is booked.",
        "single_error": "Errors come as one object under `error`.",
        "new_error_form": "Errors come in the form of the dated API versions, also without the header.",
        "ignore_number_filter": "Searching documents by number is ignored: every list is the whole list.",
        "ignore_client_filters": "Searching clients by note or organisation is ignored: every list is the whole list.",
        "deleted_is_gone": "A deleted row is answered with errno 1011 instead of being shown.",
        "deleted_keep_numbers": "The number of a deleted document cannot be used again.",
        "number_collision": "The next number is refused with 409, as if another create had been quicker.",
        "refuse_number": "A document number is refused, although nobody has it.",
        "wrong_tax": "The total comes out `amount` (0.01) higher than computed.",
        "round_tax_per_line": "Tax is rounded on every line instead of once.",
        "positive_discount_total": "discount_total comes with the other sign.",
        "payments_block_delete": "A document with payments cannot be deleted.",
        "field_missing": "The rows of lists come without `field`.",
        "without_lines": "The lines are missing from an answer, although they were asked for.",
    }

    def __init__(self, context: Context) -> None:
        self.authority = Authority(context.store, context.clock)
        self.account = Account(context.store, context.clock, ACCOUNT_ID, HOME, self.struck)
        self.window = RateWindow(context.clock, CALLS, SECONDS, context.time_scale)
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------
    def routes(self) -> None:
        add = self.router.add_api_route
        add("/oauth/authorize", self.consent, methods=["GET"])
        add("/auth/oauth/token", self.tokens, methods=["POST"])
        add("/auth/oauth/revoke", self.revocation, methods=["POST"])
        add("/auth/api/v1/users/me", self.serve(self._me), methods=["GET"])
        for path, (kind, _) in RESOURCES.items():
            base = f"/accounting/account/{{account_id}}/{path}"
            add(base, self.serve(self._list, path), methods=["GET"])
            add(base, self.serve(self._create, path), methods=["POST"])
            add(f"{base}/{{row_id}}", self.serve(self._read, path), methods=["GET"])
            add(f"{base}/{{row_id}}", self.serve(self._update, path), methods=["PUT"])
            if kind == "invoice":
                add(f"{base}/{{row_id}}", self.serve(self._delete, path), methods=["DELETE"])

    def seed(self) -> None:
        self.authority.register(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI)
        seed_account(self.account, self.context.options.get("catalogue", []))

    def books(self) -> Books:
        return Books(documents=list(booked_documents(self.account)), payments=list(booked_payments(self.account)))

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "extra": {
                "account_id": ACCOUNT_ID,
                "redirect_uri": REDIRECT_URI,
                "refresh_token": self.authority.current_refresh_token(),
                "void_mode": "soft_delete",
                "default_payment_type": "Other",
            },
        }

    # -- OAuth ------------------------------------------------------------------------------------------------------
    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: the user agrees."""
        asked = request.query_params
        try:
            back = self.authority.authorise(asked.get("client_id", ""), asked.get("redirect_uri", ""), asked.get("state", ""))
        except TokenRefused as refused:
            return answer(refused.status, refused.body())
        return RedirectResponse(back, 302)

    async def tokens(self, request: Request) -> Response:
        body = await request.body()
        try:
            if self.struck("revoke_refresh_token") is not None:
                self.authority.forget_refresh_tokens()
            if self.struck("refresh_unauthenticated") is not None:
                return answer(401, UNAUTHENTICATED)
            return answer(200, self.authority.exchange(_token_fields(request, body)))
        except TokenRefused as refused:
            return answer(refused.status, refused.body())

    async def revocation(self, request: Request) -> Response:
        self.authority.revoke(str(_token_fields(request, await request.body()).get("token", "")))
        return answer(200, {})

    # -- the account's API ------------------------------------------------------------------------------------------
    def serve(self, handler: Handler, path: str = "") -> Callable[[Request], Awaitable[Response]]:
        """An end point: what is checked on every call, the handler, and its answer or error."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                refusal = self._turned_away(request)
                if refusal is not None:
                    return refusal
                self._check_account(request)
                return answer(200, {"response": handler(path, request, self._sent(path, request, body))})
            except Refused as refused:
                new_form = bool(request.headers.get("x-api-version")) or self.struck("new_error_form") is not None
                return answer(refused.status, refused.body(new_form=new_form, single=self.struck("single_error") is not None))

        return endpoint

    def _turned_away(self, request: Request) -> Response | None:
        """What the gateway answers before the account is asked."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if self.struck("expire_tokens") is not None:
            self.authority.access.pop(token, None)
        if not self.authority.is_valid(token):
            return answer(401, UNAUTHENTICATED)
        if self.struck("throttle") is not None or not self.window.admit():
            return Response("Too Many Requests", 429, media_type="text/plain")
        return None

    def _check_account(self, request: Request) -> None:
        wanted = request.path_params.get("account_id", ACCOUNT_ID)
        closed = self.struck("missing_scope")
        if wanted != ACCOUNT_ID or (closed is not None and closed.get("resource", "") in request.url.path):
            raise Refused(403, DENIED, "The requested resource could not be accessed.", field="account", kind="account", value=wanted)

    def _sent(self, path: str, request: Request, body: bytes) -> Row:
        """What a write says, unwrapped."""
        if request.method not in ("POST", "PUT"):
            return {}
        if self.struck("errors_under_200") is not None:
            raise Refused(200, 1004, "Something is not valid.", field="lines", kind=RESOURCES[path][0])
        if "application/json" not in request.headers.get("content-type", ""):
            raise Refused(415, PARSE, "The body must be application/json")
        try:
            sent = json.loads(body, parse_float=Decimal)
        except ValueError:
            raise Refused(400, PARSE, "The body is not JSON") from None
        wrapper = RESOURCES[path][0]
        if not isinstance(sent, dict) or not isinstance(sent.get(wrapper), dict):
            raise required(wrapper, wrapper)
        return dict(sent[wrapper])

    def _me(self, _path: str, _request: Request, _sent: Row) -> Row:
        business = {"id": BUSINESS_ID, "name": "Harbour Compressors Inc", "account_id": ACCOUNT_ID}
        person = {"id": 2192788, "first_name": "Accounts", "last_name": "Department", "email": "books@harbour.example"}
        return {**person, "business_memberships": [{"id": 168372, "role": "owner", "business": business}]}

    def _list(self, path: str, request: Request, _sent: Row) -> Row:
        kind, plural = RESOURCES[path]
        ignored: set[str] = set()
        if self.struck("ignore_number_filter") is not None:
            ignored |= {"search[invoice_number]", "search[credit_number]"}
        if self.struck("ignore_client_filters") is not None:
            ignored |= {"search[note_like]", "search[organization_like]"}
        page, figures = page_of(self.account, kind, dict(request.query_params), frozenset(ignored))
        gone = (self.struck("field_missing") or {}).get("field")
        shown = [{name: value for name, value in self._shown(kind, row, request).items() if name != gone} for row in page]
        return {"result": {plural: shown, **figures}}

    def _read(self, path: str, request: Request, _sent: Row) -> Row:
        kind, _ = RESOURCES[path]
        return self._result(kind, self.account.find(kind, request.path_params["row_id"]), request)

    def _create(self, path: str, request: Request, sent: Row) -> Row:
        kind, _ = RESOURCES[path]
        makers: dict[str, Callable[[], Row]] = {
            "client": lambda: people.create(self.account, sent),
            "payment": lambda: payments.create(self.account, sent),
            "tax": lambda: self._new_tax(sent),
            **{each: lambda: sales.create(self.account, kind, sent) for each in WITH_LINES},
        }
        if kind not in makers:
            raise Refused(403, DENIED, "The app has no scope to write items.", kind=kind)
        return self._result(kind, makers[kind](), request)

    def _new_tax(self, sent: Row) -> Row:
        name = str(sent.get("name") or "")
        if not name:
            raise required("name", "tax")
        if any(row["name"] == name for row in self.account.table("tax").values()):
            raise invalid("name", "Tax name already in use", "tax", name, 13002)
        return add_tax(self.account, name, str(sent.get("amount") or "0"))

    def _update(self, path: str, request: Request, sent: Row) -> Row:
        kind, _ = RESOURCES[path]
        row = self.account.find(kind, request.path_params["row_id"])
        if kind in WITH_LINES:
            return self._result(kind, sales.update(self.account, kind, row, sent), request)
        changers = {"client": people.update, "payment": payments.update}
        if kind not in changers:
            raise Refused(403, DENIED, "The app has no scope to write this.", kind=kind)
        return self._result(kind, changers[kind](self.account, row, sent), request)

    def _delete(self, path: str, request: Request, _sent: Row) -> Row:
        """The HTTP verb does what `vis_state` 1 does."""
        kind, _ = RESOURCES[path]
        sales.update(self.account, kind, self.account.find(kind, request.path_params["row_id"]), {"vis_state": 1})
        return {}

    def _result(self, kind: str, row: Row, request: Request) -> Row:
        return {"result": {kind: self._shown(kind, row, request)}}

    def _shown(self, kind: str, row: Row, request: Request) -> Row:
        if kind not in WITH_LINES:
            return row
        asked = "lines" in request.query_params.getlist("include[]")
        return sales.shape(dated(row, self.account.today()), with_lines=asked and self.struck("without_lines") is None)


def _token_fields(request: Request, body: bytes) -> dict[str, Any]:
    """The fields of a token request, which may be JSON or a form."""
    if "application/json" not in request.headers.get("content-type", ""):
        return dict(parse_qsl(body.decode()))
    try:
        fields = json.loads(body)
    except ValueError:
        raise TokenRefused("invalid_request", "The body is not JSON.") from None
    return dict(fields) if isinstance(fields, dict) else {}
