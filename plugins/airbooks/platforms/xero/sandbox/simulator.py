"""The simulator's door: tokens, tenant, rate limits, idempotency keys; then the organisation's own operations."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from airbooks.platforms.xero.sandbox.answers import Row, Whole, answer, malformed, problem
from airbooks.platforms.xero.sandbox.documents import CREDIT_NOTES, FINAL, INVOICES
from airbooks.platforms.xero.sandbox.oauth import OPENED_BY, Authority, TokenRefused
from airbooks.platforms.xero.sandbox.organisation import CHARGE_ITEM, TENANT, Organisation, an_id
from airbooks.platforms.xero.sandbox.resources import Api
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, RateWindow, Simulator

APP, APP_SECRET = "5B2C9F0E7D1A4C6E8F3B", "sandbox-xero-app-secret"
CUSTOM, CUSTOM_SECRET = "9E7D3A1C5F2B4D6A8C0E", "sandbox-xero-custom-connection-secret"
PER_MINUTE, PER_DAY, AT_ONCE = 60, 5_000, 5
KEY_LENGTH, KEY_SECONDS = 128, 360
MOST_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Call:
    """One request to the API, its body read."""

    request: Request
    body: bytes

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    def asks(self, name: str) -> str:
        return self.request.query_params.get(name, "")

    @property
    def path(self) -> dict[str, str]:
        return self.request.path_params

    @property
    def resource(self) -> str:
        """The first word behind the API's root: what a scope opens."""
        return self.request.url.path.rpartition("/api.xro/2.0/")[2].partition("/")[0]

    def json(self) -> Any:
        try:
            return json.loads(self.body or b"{}", parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            raise malformed("PostDataInvalidException", "JSON for post data was invalid", 17) from None


Operation = Callable[[Call], tuple[int, Row | None]]


class XeroSimulator(Simulator):
    """Xero: one Australian organisation in AUD that also deals in USD, GBP and EUR, reached by an app and by a Custom Connection."""

    slug = "xero"
    thinks_itself = True
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "The books are locked up to `until` (YYYY-MM-DD).",
        "expire_tokens": "The access token of the next call has expired.",
        "revoke_refresh_token": "At the next refresh the organisation was disconnected: invalid_grant until a person connects it again.",
        "disconnect_tenant": "Every call is refused with 403 AuthenticationUnsuccessful.",
        "missing_scope": "Every call is refused with 401 AuthorizationUnsuccessful.",
        "throttle": "429 with an empty body, X-Rate-Limit-Problem `problem` (minute) and Retry-After `retry_after` (1).",
        "server_error": "A write fails with HTTP 500 before anything is saved; the answer is stored under the Idempotency-Key.",
        "wrong_tax": "A created document's tax is `amount` (0.01) higher than asked for.",
        "partial_batch": "The elements at `positions` ([1]) of a list are refused.",
        "shuffle_elements": "The elements of an answer come in another order.",
        "drop_element": "The first element of a list is saved, but missing from the answer.",
        "edit_in_between": "A person changes the document just before an update reaches it.",
        "not_modified": "A list asked for with If-Modified-Since that is empty is answered 304.",
    }

    def __init__(self, context: Context) -> None:
        self.authority = Authority(context.store, context.clock)
        self.organisation = Organisation(context.store, context.clock)
        self.api = Api(self.organisation, self.struck)
        self.at_work = 0
        self.windows = {
            "minute": RateWindow(context.clock, PER_MINUTE, 60, context.time_scale),
            "day": RateWindow(context.clock, PER_DAY, 86_400, context.time_scale),
        }
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        add = self.router.add_api_route
        add("/identity/connect/authorize", self.consent, methods=["GET"])
        add("/connect/token", self.tokens, methods=["POST"])
        add("/connect/revocation", self.revocation, methods=["POST"])
        for path in ("/connections", "/Connections"):  # as the reference writes it, as the vendor's own client asks for it
            add(path, self.connections, methods=["GET"])
        api = self.api
        for path, method, operation in (
            ("Organisation", "GET", api.organisation_shown),
            ("Organisation/Actions", "GET", api.actions),
            ("Accounts", "GET", api.accounts),
            ("TaxRates", "GET", api.tax_rates),
            ("Currencies", "GET", api.currencies),
            ("TrackingCategories", "GET", api.tracking),
            ("Items", "GET", api.items),
            ("Items/{key}", "GET", api.item),
            ("Contacts", "GET", api.contacts_listed),
            ("Contacts", "PUT", api.contacts_created),
            ("Contacts", "POST", api.contacts_upserted),
            ("Contacts/{key}", "GET", api.contact),
            ("Contacts/{key}", "POST", api.contact_updated),
            ("Payments", "GET", api.payments_listed),
            ("Payments", "PUT", api.payments_created),
            ("Payments", "POST", api.payment_created),
            ("Payments/{key}", "GET", api.payment),
            ("Payments/{key}", "POST", api.payment_deleted),
        ):
            add(f"/api.xro/2.0/{path}", self.serve(operation), methods=[method])
        for kind in (INVOICES, CREDIT_NOTES):
            desk = api.desks[kind.plural]
            for path, method, operation in (
                ("", "GET", desk.listed),
                ("", "PUT", desk.created),
                ("", "POST", desk.upserted),
                ("/{key}", "GET", desk.one),
                ("/{key}", "POST", desk.updated),
                ("/{key}/History", "PUT", desk.noted),
                ("/{key}/History", "GET", desk.notes),
            ):
                add(f"/api.xro/2.0/{kind.plural}{path}", self.serve(operation), methods=[method])
        add("/api.xro/2.0/Invoices/{key}/Email", self.serve(api.desks["Invoices"].mailed), methods=["POST"])

    def seed(self) -> None:
        self.organisation.seed(self.context.options.get("catalogue", []))
        self.authority.register(APP, APP_SECRET, custom=False)
        self.authority.register(CUSTOM, CUSTOM_SECRET, custom=True)
        self.authority.new_refresh_token()

    def connection(self, *, custom: bool = False) -> Row:
        """The connection of an app that a person authorised, or (`custom`) of a Custom Connection."""
        own = (
            {"grant": "client_credentials"}
            if custom
            else {"grant": "refresh_token", "refresh_token": self.authority.current_refresh_token(), "tenant_id": TENANT}
        )
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": CUSTOM if custom else APP,
            "password": CUSTOM_SECRET if custom else APP_SECRET,
            "extra": {
                **own,
                "token_url": f"{self.context.base_url}/connect/token",
                "home_currency": self.organisation.settings["base"],
                "charge_item_code": CHARGE_ITEM,
                "payment_account_code": "1000",
            },
        }

    def books(self) -> Books:
        documents = [row for row in self.organisation.documents.values() if row["Type"] in {INVOICES.sales, CREDIT_NOTES.sales}]
        return Books(
            documents=[self._booked(row) for row in documents],
            payments=[self._booked_payment(row) for row in self.organisation.payments.values()],
        )

    def _booked(self, row: Row) -> Booked:
        contact = self.organisation.contacts[row["contact"]]
        due = row["Total"] - row["paid"] - row["credited"]
        return Booked(
            remote_id=row["id"],
            kind="invoice" if row["kind"] == INVOICES.plural else "credit_note",
            number=row["number"],
            our_number=row["number"],
            status=_status(row),
            customer=contact.get("ContactNumber") or contact["Name"],
            currency=row["CurrencyCode"],
            net=row["SubTotal"],
            tax=row["TotalTax"],
            total=row["Total"],
            balance=Decimal("0.00") if row["Status"] in FINAL else due,
            lines=sum("LineAmount" in line and line.get("ItemCode") != CHARGE_ITEM for line in row["LineItems"]),
        )

    def _booked_payment(self, row: Row) -> BookedPayment:
        return BookedPayment(
            remote_id=row["PaymentID"],
            reference=row["Reference"],
            currency=self.organisation.documents[row["invoice"]]["CurrencyCode"],
            amount=row["Amount"],
            applied={row["invoice"]: row["Amount"]},
            status="void" if row["Status"] == "DELETED" else "posted",
        )

    # -- OAuth ------------------------------------------------------------------------------------------------------

    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: the user agrees."""
        asked = request.query_params
        if asked.get("client_id") != APP or asked.get("response_type") != "code":
            return answer(400, {"error": "invalid_request"}, {}, as_json=True)
        return RedirectResponse(self.authority.authorise(asked.get("redirect_uri", ""), asked.get("state", "")), 302)

    async def tokens(self, request: Request) -> Response:
        if self.struck("revoke_refresh_token"):
            self.authority.revoke_all()
        try:
            reply = self.authority.exchange(request.headers.get("authorization", ""), (await request.body()).decode())
        except TokenRefused as refused:
            return answer(400, {"error": str(refused)}, {}, as_json=True)
        return answer(200, reply, {}, as_json=True)

    async def revocation(self, request: Request) -> Response:
        try:
            self.authority.revoke(request.headers.get("authorization", ""), (await request.body()).decode())
        except TokenRefused as refused:
            return answer(400, {"error": str(refused)}, {}, as_json=True)
        return answer(200, {}, {}, as_json=True)

    async def connections(self, request: Request) -> Response:
        """The organisations that a token opens; needs no tenant."""
        try:
            self._check_token(Call(request, b""))
        except Whole as whole:
            return answer(whole.status, whole.body, whole.headers, as_json=True)
        tenant = {
            "id": an_id("connection", TENANT),
            "authEventId": an_id("event", TENANT),
            "tenantId": TENANT,
            "tenantType": "ORGANISATION",
            "tenantName": self.organisation.settings["name"],
            "createdDateUtc": "2026-01-05T00:00:00.0000000",
            "updatedDateUtc": "2026-01-05T00:00:00.0000000",
        }
        return answer(200, [tenant], {}, as_json=True)

    # -- the API ----------------------------------------------------------------------------------------------------

    def serve(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        """An end point: the gateway's checks, the operation (or the stored answer of an equal request), and what is left of the limits."""

        async def endpoint(request: Request) -> Response:
            call = Call(request, await request.body())
            as_json = "application/json" in call.header("accept")
            self.at_work += 1
            try:
                self.admit(call)
                await self.think()
                status, body = self.perform(call, operation)
            except Whole as whole:
                return answer(whole.status, whole.body, {**self._limits(), **whole.headers}, as_json=as_json)
            finally:
                self.at_work -= 1
            return answer(status, body, self._limits(), as_json=as_json)

        return endpoint

    def admit(self, call: Call) -> None:
        """What the gateway checks before the service sees a call: the token, the tenant, the rate."""
        token = self._check_token(call)
        tenant = call.header("xero-tenant-id")
        if (tenant != TENANT and not (token["custom"] and not tenant)) or self.struck("disconnect_tenant"):
            raise problem(403, "Forbidden", "AuthenticationUnsuccessful")
        if not OPENED_BY[call.resource] & set(token["scope"].split()) or self.struck("missing_scope"):
            raise problem(401, "Unauthorized", "AuthorizationUnsuccessful")
        self._check_rate()
        lock = self.armed.get("lock_period", {}).get("until")
        self.organisation.configure(period_lock=self.organisation.clock.today().fromisoformat(lock) if lock else None)

    def _check_token(self, call: Call) -> Row:
        token = call.header("authorization").removeprefix("Bearer ")
        if self.struck("expire_tokens"):
            self.authority.expire(token)
        row = self.authority.opened_by(token)
        if row is None:
            raise problem(401, "Unauthorized", "AuthenticationUnsuccessful" if not token else "TokenExpired: token is not known")
        if row["until"] <= self.clock.now():
            raise problem(401, "Unauthorized", f"TokenExpired: token expired at {row['until']:%m/%d/%Y %H:%M:%S}")
        return row

    def _check_rate(self) -> None:
        told = self.struck("throttle")
        if told is not None:
            raise _throttled(str(told.get("problem", "minute")), str(told.get("retry_after", 1)))
        if self.at_work > AT_ONCE:
            raise _throttled("concurrent", "1")
        for name, window in self.windows.items():
            if not window.admit():
                raise _throttled(name, str(max(1, math.ceil(window.seconds))))

    def _limits(self) -> dict[str, str]:
        left = {name: window.calls - len(window._seen) for name, window in self.windows.items()}
        return {"X-MinLimit-Remaining": str(left["minute"]), "X-DayLimit-Remaining": str(left["day"]), "X-AppMinLimit-Remaining": "9999"}

    def perform(self, call: Call, operation: Operation) -> tuple[int, Row | None]:
        if call.request.method == "GET":
            return operation(call)
        self._check_writable(call)
        key = call.header("idempotency-key")
        if not key:
            return self._written(call, operation)
        stored = self._stored(key, call)
        if stored is None:
            stored = self._kept(key, call, operation)
        if stored["status"] >= 400:
            raise Whole(stored["status"], stored["body"])
        return stored["status"], stored["body"]

    def _stored(self, key: str, call: Call) -> Row | None:
        if len(key) > KEY_LENGTH:
            raise malformed("ValidationException", "Idempotency-Key exceeds the maximum length of 128", 10)
        row = self.store.table("idempotency").get(key)
        if row is None or row["at"] + timedelta(seconds=KEY_SECONDS) <= self.clock.now():
            return None
        if row["request"] != _fingerprint(call):
            raise malformed("ValidationException", "A different request was sent for the same Idempotency-Key", 10)
        return row

    def _kept(self, key: str, call: Call, operation: Operation) -> Row:
        """The answer, remembered whatever it is: a 5xx too."""
        try:
            status, body = self._written(call, operation)
        except Whole as whole:
            status, body = whole.status, whole.body
        row = {"request": _fingerprint(call), "status": status, "body": body, "at": self.clock.now()}
        self.store.table("idempotency")[key] = row
        return row

    def _written(self, call: Call, operation: Operation) -> tuple[int, Row | None]:
        if self.struck("server_error"):
            raise Whole(
                500, {"Title": "An error occurred", "Detail": "An error occurred in Xero. Check the API Status page", "Status": 500}
            )
        return operation(call)

    @staticmethod
    def _check_writable(call: Call) -> None:
        if "application/json" not in call.header("content-type"):
            raise malformed("PostDataInvalidException", "The content type of the data is not understood", 17)
        if len(call.body) > MOST_BYTES:
            raise malformed("PostDataInvalidException", "The data is larger than 10 MB", 17)


def _fingerprint(call: Call) -> str:
    parts = (call.request.method, call.request.url.path, str(call.request.query_params))
    return hashlib.sha256("\n".join(parts).encode() + call.body).hexdigest()


def _throttled(what: str, seconds: str) -> Whole:
    return Whole(429, None, {"Retry-After": seconds, "X-Rate-Limit-Problem": what})


def _status(row: Row) -> str:
    if row["Status"] in FINAL:
        return "void"
    if row["Status"] in {"DRAFT", "SUBMITTED"}:
        return "draft"
    if row["Status"] == "PAID":
        return "paid"
    return "partially_paid" if row["paid"] or row["credited"] else "open"
