"""The simulator's door: tokens, realms, rate limits, request ids and headers, then the company's own operations."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from airbooks.platforms.quickbooks.sandbox.answers import Fault, GatewayFault, Row, answer, required, unsupported
from airbooks.platforms.quickbooks.sandbox.books import booked_documents, booked_payments
from airbooks.platforms.quickbooks.sandbox.company import READABLE, WRITES, Company
from airbooks.platforms.quickbooks.sandbox.oauth import Authority, Refused
from airbooks.platforms.quickbooks.sandbox.realm import Realm
from airbooks.platforms.quickbooks.sandbox.seed import (
    BANK_ACCOUNT,
    CHARGE_ITEM,
    DISCOUNT_ACCOUNT,
    GB_REALM,
    GB_TAXES,
    US_REALM,
    US_TAXES,
    seed_company,
)
from airbooks.sandbox.kit import Books, Context, RateWindow, Simulator

CLIENT_ID, CLIENT_SECRET = "ABsandboxQuickBooksClient", "sandbox-quickbooks-client-secret"
PER_MINUTE, PER_SECOND, BATCHES_PER_MINUTE = 500, 10, 40
REQUEST_ID, BATCH_REQUEST_ID = 50, 36
REPEATABLE = "repeatable"


@dataclass(frozen=True)
class Call:
    """One request to a company's API, its body read."""

    request: Request
    body: bytes

    @property
    def path(self) -> dict[str, str]:
        return self.request.path_params

    def asks(self, name: str) -> str:
        return self.request.query_params.get(name, "")

    def header(self, name: str) -> str:
        return self.request.headers.get(name, "")

    def json(self) -> Any:
        try:
            return json.loads(self.body, parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            raise unsupported("The request body is not valid JSON", "") from None


Operation = Callable[[Company, Call], Row]


class QuickBooksSimulator(Simulator):
    """QuickBooks Online: a US company (USD, TxnTaxCodeRef) and a British one (GBP, tax code on every line), each its own realm."""

    slug = "quickbooks"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "The books are closed to `until` (YYYY-MM-DD); documents dated then are refused with `code` (6210).",
        "expire_tokens": "The access token of the next call has expired.",
        "new_token_fails": "The first call with a just-issued token is refused.",
        "revoke_refresh_token": "At the next refresh no refresh token is valid any more: invalid_grant until a person connects again.",
        "rotate_refresh_token": "The next refresh issues another refresh token; the old one stops working.",
        "disconnect_app": "Every call is refused with 403 code 3100.",
        "subscription_ended": "Writes are refused with 6190.",
        "no_permission": "Writes are refused with 5020.",
        "system_failure": "The service answers HTTP 500 with 10000; nothing is booked.",
        "fault_under_200": "The service answers a write with HTTP 200 and a Fault; nothing is booked.",
        "throttle": "The gateway answers 429 code 3001.",
        "auto_number": "CustomTxnNumbers is off: the company numbers documents itself and ignores ours.",
        "automated_sales_tax": "The US company computes tax from the ship-to state; TxnTaxCodeRef is ignored, TotalTax overrides.",
        "allow_duplicate_numbers": "The company does not refuse duplicate document numbers.",
        "wrong_tax": "The tax comes out `amount` (0.01) higher than computed.",
        "partial_batch": "The batch items at `positions` ([1]) fail with 10000.",
        "shuffle_batch": "Batch answers come in another order.",
        "drop_batch_item": "The first batch item is booked, but missing from the answer.",
        "query_lag": "A document just written is hidden from `lookups` (2) queries; a read by id sees it.",
        "ignore_request_id": "A repeated requestid is not recognised.",
        "request_in_flight": "A write with a requestid is booked by an equal request still running, and answered with code 600.",
        "edit_in_between": "A person changes the row just before an update, void or delete reaches it.",
        "deposit_payments": "Payments are deposited: a document that they pay cannot be voided or deleted (6540).",
    }

    def __init__(self, context: Context) -> None:
        self.authority = Authority(context.store, context.clock)
        self.realms: dict[str, Realm] = {name: Realm(context.store, context.clock, name) for name in (US_REALM, GB_REALM)}
        self.windows = {name: _windows(context) for name in self.realms}
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------
    def routes(self) -> None:
        add = self.router.add_api_route
        add("/.well-known/openid_configuration", self.discovery, methods=["GET"])
        add("/connect/oauth2", self.consent, methods=["GET"])
        add("/oauth2/v1/tokens/bearer", self.tokens, methods=["POST"])
        add("/v2/oauth2/tokens/revoke", self.revocation, methods=["POST"])
        company = "/v3/company/{realm_id}"
        add(f"{company}/companyinfo/{{row_id}}", self.serve(_company_info), methods=["GET"])
        add(f"{company}/preferences", self.serve(_preferences), methods=["GET"])
        add(f"{company}/query", self.serve(_query), methods=["GET", "POST"])
        add(f"{company}/cdc", self.serve(_changes), methods=["GET"])
        add(f"{company}/batch", self.serve(_batch, writes=True), methods=["POST"])
        add(f"{company}/{{entity}}/{{row_id}}", self.serve(_read), methods=["GET"])
        add(f"{company}/{{entity}}", self.serve(_write, writes=True), methods=["POST"])

    def seed(self) -> None:
        catalogue = self.context.options.get("catalogue", [])
        self.authority.register(CLIENT_ID, CLIENT_SECRET)
        us = {"name": "Harbour Compressors Inc", "country": "US", "home_currency": "USD"}
        seed_company(self.realms[US_REALM], us, US_TAXES, catalogue)
        gb = {"name": "Harbour Compressors Ltd", "country": "GB", "home_currency": "GBP"}
        seed_company(self.realms[GB_REALM], gb, GB_TAXES, catalogue)
        for name in self.realms:
            self.authority.new_refresh_token(name)

    def books(self) -> Books:
        realms = list(self.realms.values())
        return Books(
            documents=[document for realm in realms for document in booked_documents(realm)],
            payments=[payment for realm in realms for payment in booked_payments(realm)],
        )

    def connection(self, realm_id: str = US_REALM) -> Row:
        """The connection to one of the two companies, the US one unless told otherwise."""
        realm = self.realms[realm_id]
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "extra": {
                "realm_id": realm_id,
                "refresh_token": self.authority.current_refresh_token(realm_id),
                "token_url": f"{self.context.base_url}/oauth2/v1/tokens/bearer",
                "home_currency": realm.home,
                "tax_mode": "us" if realm.is_us else "global",
                "po_custom_field_id": "1",
                "charge_item_id": next(realm.with_value("Item", CHARGE_ITEM))["Id"],
                "discount_account_id": DISCOUNT_ACCOUNT,
                "deposit_account_id": BANK_ACCOUNT,
            },
        }

    # -- OAuth ------------------------------------------------------------------------------------------------------
    async def discovery(self) -> Row:
        """Where the OAuth end points are, for clients that ask first."""
        base = self.context.base_url
        return {
            "issuer": base,
            "authorization_endpoint": f"{base}/connect/oauth2",
            "token_endpoint": f"{base}/oauth2/v1/tokens/bearer",
            "revocation_endpoint": f"{base}/v2/oauth2/tokens/revoke",
            "userinfo_endpoint": f"{base}/v1/openid_connect/userinfo",
            "jwks_uri": f"{base}/op/v1/jwks",
        }

    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: the user agrees for the realm named by `realmId` (default: the US company)."""
        asked = request.query_params
        realm_id = asked.get("realmId", US_REALM)
        if asked.get("client_id") != CLIENT_ID or asked.get("response_type") != "code" or realm_id not in self.realms:
            return answer(400, {"error": "invalid_request"})
        return RedirectResponse(self.authority.authorise(realm_id, asked.get("redirect_uri", ""), asked.get("state", "")), 302)

    async def tokens(self, request: Request) -> Response:
        form = (await request.body()).decode()
        try:
            self.authority.check_client(request.headers.get("authorization", ""))
            if self.struck("revoke_refresh_token"):
                self.authority.forget_refresh_tokens()
            rotate = self.struck("rotate_refresh_token") is not None
            with_hard_end = request.headers.get("x-include-refresh-token-hard-expires-in") == "true"
            return answer(200, self.authority.exchange(form, rotate=rotate, with_hard_end=with_hard_end))
        except Refused as refused:
            return answer(refused.status, refused.body())

    async def revocation(self, request: Request) -> Response:
        body = await request.body()
        try:
            self.authority.check_client(request.headers.get("authorization", ""))
            self.authority.revoke(str(json.loads(body).get("token", "")))
        except Refused as refused:
            return answer(refused.status, refused.body())
        return answer(200, {})

    # -- the company's API ------------------------------------------------------------------------------------------
    def serve(self, operation: Operation, *, writes: bool = False) -> Callable[[Request], Awaitable[Response]]:
        """An end point: the gateway's checks, the operation, and its answer or fault."""

        async def endpoint(request: Request) -> Response:
            call = Call(request, await request.body())
            as_json = "application/json" in call.header("accept")
            try:
                realm = self.admit(call)
                status, body = self.perform(Company(realm, self.struck), call, operation, writes=writes)
            except GatewayFault as fault:
                return answer(fault.status, fault.body(self.clock.now()), as_json=as_json)
            except Fault as fault:
                status, body = fault.status, {"Fault": fault.body()}
            return answer(status, {**body, "time": self._time()}, as_json=as_json)

        return endpoint

    def admit(self, call: Call) -> Realm:
        """What the gateway checks before the service sees a call: the token, its realm, and the rate."""
        token = call.header("authorization").removeprefix("Bearer ")
        if self.struck("expire_tokens"):
            self.authority.access.pop(token, None)
        owner = self.authority.realm_of(token)
        if owner is None:
            raise GatewayFault(
                401, "3200", "AuthenticationFailed", "Token expired: the access token is not valid any more", "AUTHENTICATION"
            )
        self._check_settled(token)
        if owner != call.path["realm_id"] or self.struck("disconnect_app"):
            detail = f"The application is not authorized for company {call.path['realm_id']}"
            raise Fault(
                "3100",
                "message=ApplicationAuthorizationFailed; errorCode=003100; statusCode=403",
                detail,
                status=403,
                kind="AuthorizationFault",
            )
        self._check_rate(owner, call.request.url.path)
        realm = self.realms[owner]
        self._settings(realm)
        return realm

    def perform(self, company: Company, call: Call, operation: Operation, *, writes: bool) -> tuple[int, Row]:
        """One operation; a repeated requestid of a write returns the first answer instead (also for another body: UNVERIFIED)."""
        if not writes:
            return 200, operation(company, call)
        self._check_writable(call)
        request_id = call.asks("requestid")
        limit = BATCH_REQUEST_ID if call.request.url.path.endswith("/batch") else REQUEST_ID
        if len(request_id) > limit:
            raise Fault("2130", "Invalid requestid", f"requestid has at most {limit} characters", element="requestid")
        answers = self.store.table(f"{company.realm.id}/requestid")
        if request_id in answers and not self.struck("ignore_request_id"):
            return 200, dict(answers[request_id][REPEATABLE])
        body = operation(company, call)
        if request_id:
            answers[request_id] = {REPEATABLE: body}
            if self.struck("request_in_flight"):
                raise Fault("600", "Duplicate Request ID", f"A request with requestid {request_id} is being processed")
        return 200, body

    def _check_settled(self, token: str) -> None:
        row = self.authority.access[token]
        if row["fresh"]:
            self.authority.access[token] = {**row, "fresh": False}
            if self.struck("new_token_fails"):
                raise GatewayFault(401, "3200", "AuthenticationFailed", "Token not yet known", "AUTHENTICATION")

    def _check_rate(self, realm_id: str, path: str) -> None:
        windows = self.windows[realm_id]
        names = ["second", "minute", *(["batch"] if path.endswith("/batch") else [])]
        if self.struck("throttle") or not all(windows[name].admit() for name in names):
            raise GatewayFault(429, "3001", "ThrottleExceeded", "The request limit was reached", "SERVICE")

    def _check_writable(self, call: Call) -> None:
        if "application/json" not in call.header("content-type"):
            raise unsupported("The body of a write is application/json", "Content-Type")
        if self.struck("subscription_ended"):
            raise Fault("6190", "Invalid Company Status", "Subscription period has ended or canceled or there was a billing problem")
        if self.struck("no_permission"):
            raise Fault("5020", "Permission Denied Error", "Permission Denied Error : You do not have permission to do this")
        if self.struck("system_failure"):
            raise Fault("10000", "An application error has occurred", "System Failure Error", status=500, kind="SystemFault")
        if self.struck("fault_under_200"):
            raise Fault("6000", "A business validation error has occurred", "Business Validation Error: unexpected", status=200)

    def _settings(self, realm: Realm) -> None:
        """Settings that faults change, as an administrator of the company would."""
        lock = self.armed.get("lock_period", {})
        changed = {
            **realm.settings,
            "closed_to": lock.get("until"),
            "closed_code": str(lock.get("code", "6210")),
            "custom_numbers": "auto_number" not in self.armed,
            "allow_duplicates": "allow_duplicate_numbers" in self.armed,
            "automated_sales_tax": realm.is_us and "automated_sales_tax" in self.armed,
        }
        if changed != realm.settings:
            realm.configure(changed)

    def _time(self) -> str:
        return self.realms[US_REALM].local_now().isoformat(timespec="milliseconds")


def _windows(context: Context) -> dict[str, RateWindow]:
    limits = {"second": (PER_SECOND, 1), "minute": (PER_MINUTE, 60), "batch": (BATCHES_PER_MINUTE, 60)}
    return {name: RateWindow(context.clock, calls, seconds, context.time_scale) for name, (calls, seconds) in limits.items()}


def _company_info(company: Company, _call: Call) -> Row:
    return {"CompanyInfo": company.company_info()}


def _preferences(company: Company, _call: Call) -> Row:
    return {"Preferences": company.preferences()}


def _query(company: Company, call: Call) -> Row:
    if call.request.method == "GET":
        return company.query(call.asks("query"))
    if "application/text" not in call.header("content-type"):
        raise unsupported("A posted query is application/text", "Content-Type")
    return company.query(call.body.decode())


def _changes(company: Company, call: Call) -> Row:
    if not call.asks("changedSince"):
        raise required("changedSince")
    return company.changes(call.asks("entities"), call.asks("changedSince"))


def _batch(company: Company, call: Call) -> Row:
    return company.batch(call.json(), with_request_id=bool(call.asks("requestid")))


def _read(company: Company, call: Call) -> Row:
    return company.read(_entity(READABLE, call), call.path["row_id"])


def _write(company: Company, call: Call) -> Row:
    return company.write(_entity(WRITES, call), call.json(), call.asks("operation"), call.asks("include"))


def _entity(known: dict[str, str], call: Call) -> str:
    entity = known.get(call.path["entity"].lower())
    if entity is None:
        raise Fault("500", "Unsupported Operation", f"Operation {call.path['entity']} is not supported.")
    return entity
