"""The simulator's door: identity server, log-in and log-out, and the end point's entities behind a session."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from fastapi import Request, Response

from airbooks.platforms.acumatica.sandbox.answers import Refused, Row, answer, malformed
from airbooks.platforms.acumatica.sandbox.books import booked_documents, booked_payments
from airbooks.platforms.acumatica.sandbox.company import Company
from airbooks.platforms.acumatica.sandbox.contract import SHAPES
from airbooks.platforms.acumatica.sandbox.operations import SECONDS, Operations
from airbooks.platforms.acumatica.sandbox.resources import Reply, Resources
from airbooks.platforms.acumatica.sandbox.seed import seed_company
from airbooks.platforms.acumatica.sandbox.sessions import Session, Sessions
from airbooks.sandbox.kit import Books, Context, RateWindow, Simulator

TENANT, CURRENCY, NAME = "Harbour", "USD", "HARBOUR"
USER, PASSWORD = "airbooks", "sandbox-Password-4417"
CLIENT_ID, CLIENT_SECRET = f"3F2A41C7-90B5-48D1-A1E2-6C0F7B5D9E33@{TENANT}", "acumatica-sandbox-client-secret-71d0"
ENDPOINTS = (("Default", "23.200.001"), ("Default", "24.200.001"))
SESSIONS = 3
CALLS, SECONDS_OF_CALLS = 600, 60
THROTTLED = {"message": "Too many requests."}


class AcumaticaSimulator(Simulator):
    """Acumatica: one company in the United States, kept in US dollars, with a licence for three API sessions."""

    slug = "acumatica"
    faults: ClassVar[dict[str, str]] = {
        "expire_tokens": "The session of the next call has ended: 401.",
        "login_limit": "The next log-in is refused: all sessions of the licence are used.",
        "not_permitted": "The user has no right to the next call: 403.",
        "setup_missing": "The next call finds a module that is not set up.",
        "throttle": "The next call is refused with 429 and no Retry-After.",
        "another_process": "The next write finds the record changed by another process.",
        "release_at_once": "The next release is done at once: 204.",
        "release_slow": "The next release takes `seconds` (they are not scaled).",
        "release_fails": "The next release is taken on and fails with `message`, told to its own session only.",
        "release_dies_with_session": "A release ends undone when the session that started it logs out.",
        "location_absolute": "The address of an operation's state is absolute.",
        "location_bare": "The address of an operation's state comes without the path of the instance.",
        "period_closed": "The financial period of the next document is not open.",
        "period_closed_at_release": "The financial period is found closed only by the release.",
        "needs_approval": "A document taken off hold waits for approval.",
        "credit_hold": "A document taken off hold is put on credit hold.",
        "auto_numbering": "Customer ids are given by the numbering sequence.",
        "ignores_custom": "Custom fields of a document are ignored.",
        "ignores_field": "The field `name` of a document and of its rows is ignored.",
        "payment_not_applied": "The applications of a payment are ignored.",
        "wrong_tax": "The tax comes out 0.01 higher than computed.",
    }

    def __init__(self, context: Context) -> None:
        self.sessions = Sessions(context.store, context.clock, context.time_scale, SESSIONS)
        self.company = Company(context.store, context.clock, NAME, CURRENCY, self.struck)
        self.operations = Operations(self.company, SECONDS / context.time_scale)
        self.window = RateWindow(context.clock, CALLS, SECONDS_OF_CALLS, context.time_scale)
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        add = self.router.add_api_route
        add("/identity/connect/token", self.tokens, methods=["POST"])
        add("/identity/.well-known/openid-configuration", self.discovery, methods=["GET"])
        add("/entity/auth/login", self.log_in, methods=["POST"])
        add("/entity/auth/logout", self.log_out, methods=["POST"])
        add("/entity", self.served(self._endpoints), methods=["GET"])
        add("/entity/{endpoint}/{version}/{path:path}", self.served(self._entity), methods=["GET", "PUT", "POST", "DELETE"])

    def seed(self) -> None:
        self.sessions.users[USER] = {"password": PASSWORD, "tenant": TENANT}
        self.sessions.apps[CLIENT_ID] = {"secret": CLIENT_SECRET}
        seed_company(self.company, self.context.options.get("catalogue", []))

    def books(self) -> Books:
        return Books(documents=list(booked_documents(self.company)), payments=list(booked_payments(self.company)))

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": USER,
            "password": PASSWORD,
            "extra": {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "tenant": TENANT,
                "sessions": SESSIONS,
                "terms": "30D, 14D, 2P10N30, DUE",
                "cash_account": "USD:1000 GBP:1001 AUD:1002 EUR:1003",
                "payment_method": "WIRE",
            },
        }

    # -- log-in -----------------------------------------------------------------------------------------------------------

    async def tokens(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        try:
            return answer(200, self.sessions.exchange(form))
        except Refused as refused:
            return answer(refused.status, refused.body)

    async def discovery(self) -> Response:
        base = self.context.base_url
        return answer(200, {"issuer": f"{base}/identity", "token_endpoint": f"{base}/identity/connect/token"})

    async def log_in(self, request: Request) -> Response:
        try:
            self._check_licence()
            cookies = self.sessions.log_in(_body(await request.body()))
        except Refused as refused:
            return answer(refused.status, refused.body)
        reply = answer(204)
        for name, value in cookies:
            reply.set_cookie(name, value, path="/", httponly=True)
        return reply

    async def log_out(self, request: Request) -> Response:
        await request.body()
        try:
            session = self.sessions.log_out(request.headers.get("authorization", ""), dict(request.cookies))
        except Refused as refused:
            return answer(refused.status, refused.body)
        self.operations.settle()
        self.operations.forget_session(session)
        return answer(204)

    def _check_licence(self) -> None:
        if self.struck("login_limit") is not None:
            raise Refused(500, {"message": "An error has occurred.", "exceptionMessage": "Error: API Login Limit", "exceptionType": ""})

    # -- behind a session -------------------------------------------------------------------------------------------------

    def served(self, handler: Callable[[Request, Session, bytes], Reply]) -> Callable[[Request], Awaitable[Response]]:
        """An end point: what is checked on every call, the handler, and its answer or refusal."""

        async def endpoint(request: Request) -> Response:
            body = await request.body()
            try:
                session = self._session(request)
                self._check_call()
                self.operations.settle()
                return answer(*handler(request, session, body))
            except Refused as refused:
                return answer(refused.status, refused.body)

        return endpoint

    def _session(self, request: Request) -> Session:
        if self.struck("expire_tokens") is not None:
            self.sessions.end_all()
        authorization, cookies = request.headers.get("authorization", ""), dict(request.cookies)
        known = authorization.removeprefix("Bearer ") in self.sessions.live
        if authorization and not known:
            self._check_licence()
        return self.sessions.of(authorization, cookies)

    def _check_call(self) -> None:
        if self.struck("throttle") is not None or not self.window.admit():
            raise Refused(429, THROTTLED)
        if self.struck("not_permitted") is not None:
            raise Refused(403, {"message": "You have insufficient rights to access the object (SO303000)."})
        if self.struck("setup_missing") is not None:
            words, kind = "The required configuration data is not entered on the AR101000 form.", "PX.Data.PXSetupNotEnteredException"
            raise Refused(500, {"message": "An error has occurred.", "exceptionMessage": words, "exceptionType": kind})

    def _endpoints(self, _request: Request, _session: Session, _body: bytes) -> Reply:
        known = [{"name": name, "version": version, "href": f"/entity/{name}/{version}/"} for name, version in ENDPOINTS]
        return 200, {"version": {"acumaticaBuildVersion": "24.208.0016"}, "endpoints": known}, {}

    def _entity(self, request: Request, session: Session, body: bytes) -> Reply:
        endpoint, version = request.path_params["endpoint"], request.path_params["version"]
        entity, *rest = [part for part in request.path_params["path"].split("/") if part] or [""]
        if (endpoint, version) not in ENDPOINTS or entity not in SHAPES:
            raise Refused(404, {"message": f"No HTTP resource was found that matches the request URI {request.url.path}."})
        resources = Resources(self.company, self.operations, self.context.base_url)
        query = dict(request.query_params)
        if request.method == "GET":
            return self._read(resources, entity, rest, query, session)
        if request.method == "PUT" and not rest:
            return resources.put(entity, _body(body), query, request.headers, session)
        if request.method == "DELETE" and rest:
            return resources.delete(entity, resources.found(entity, rest, session))
        if request.method == "POST" and len(rest) == 1:
            return resources.act(entity, rest[0], _body(body), session, f"/entity/{endpoint}/{version}")
        raise Refused(405, {"message": f"The requested resource does not support http method '{request.method}'."})

    def _read(self, resources: Resources, entity: str, rest: list[str], query: dict[str, str], session: Session) -> Reply:
        if len(rest) == 3 and rest[1] == "status":
            return resources.state(rest[2], session)
        if not rest:
            return resources.listed(entity, query, session)
        return 200, resources.shown(entity, resources.found(entity, rest, session), query, session), {}


def _body(content: bytes) -> Any:
    try:
        return json.loads(content, parse_float=Decimal)
    except ValueError:
        raise malformed("the body is not JSON") from None
