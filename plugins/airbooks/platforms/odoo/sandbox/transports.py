"""The three doors: JSON-2, XML-RPC and JSON-RPC, each with the vendor's own log-in, statuses and error bodies."""

from __future__ import annotations

import hmac
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from defusedxml.common import DefusedXmlException
from fastapi import APIRouter, Request, Response

from airbooks.sandbox.kit import Row

from . import xmlrpc
from .orm import Env, call, public_method
from .refusals import AccessDenied, NotFound, Refusal, ServerFailure, Unauthorized, UserRefusal, WrongArguments
from .seeding import DATABASE

if TYPE_CHECKING:
    from .simulator import OdooSimulator

VERSION = {
    "server_version": "19.0",
    "server_version_info": [19, 0, 0, "final", 0, ""],
    "server_serie": "19.0",
    "protocol_version": 1,
}
NOT_FOUND_PAGE = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>\n<h1>Not Found</h1>\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")


def _json(content: Any, status: int = 200) -> Response:
    return Response(json.dumps(content, default=_plain), status, media_type="application/json; charset=utf-8")


class Doors:
    """The end points of one database."""

    def __init__(self, odoo: OdooSimulator, router: APIRouter) -> None:
        self.odoo = odoo
        router.add_api_route("/web/version", self.web_version, methods=["GET"])
        router.add_api_route("/web/webclient/version_info", self.version_info, methods=["POST"])
        router.add_api_route("/json/2/{model}/{method}", self.json2, methods=["POST"])
        router.add_api_route("/json/2/{rest:path}", self.json2_elsewhere, methods=["GET", "POST", "PUT", "DELETE", "PATCH"])
        router.add_api_route("/xmlrpc/2/common", self.xmlrpc_common, methods=["POST"])
        router.add_api_route("/xmlrpc/2/object", self.xmlrpc_object, methods=["POST"])
        router.add_api_route("/jsonrpc", self.jsonrpc, methods=["POST"])

    async def web_version(self) -> Response:
        return _json({"version_info": VERSION["server_version_info"], "version": VERSION["server_version"]})

    async def version_info(self, request: Request) -> Response:
        asked = json.loads(await request.body() or b"{}")
        return _json({"jsonrpc": "2.0", "id": asked.get("id"), "result": VERSION})

    # JSON-2

    async def json2(self, model: str, method: str, request: Request) -> Response:
        if request.headers.get("x-odoo-database") != DATABASE:
            return Response(NOT_FOUND_PAGE, 404, media_type="text/html; charset=utf-8")
        if not request.headers.get("content-type", "").startswith("application/json"):
            return Response("Unsupported Media Type", 415, media_type="text/html; charset=utf-8")
        body = await request.body()
        try:
            return _json(self._json2_call(self._bearer(request), model, method, body))
        except Refusal as refused:
            return _json(self._error_body(refused), refused.status)

    def _json2_call(self, user: Row, model: str, method: str, body: bytes) -> Any:
        try:
            named = json.loads(body or b"{}", parse_float=Decimal)
        except ValueError:
            raise WrongArguments("could not parse the body, it must be a JSON object") from None
        if not isinstance(named, dict):
            raise WrongArguments("could not parse the body, it must be a JSON object")
        env = Env(self.odoo, user, named.pop("context", None) or {})
        ids = named.pop("ids", [])
        kind = public_method(env, model, method)[1]
        if kind == "model" and ids:
            raise WrongArguments(f"cannot call {model}.{method} with ids")
        result = call(env, model, method, [ids] if kind == "records" else [], named)
        return [result] if method == "create" and isinstance(result, int) else result

    async def json2_elsewhere(self, rest: str) -> Response:  # noqa: ARG002  part of the path
        refused = NotFound("Did you mean POST /json/2/<model>/<method>?")
        return _json(self._error_body(refused), refused.status)

    def _bearer(self, request: Request) -> Row:
        scheme, _, key = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("User not authenticated, use an API Key with a Bearer Authorization header.")
        user = self.odoo.user_with_key(key.strip())
        if user is None:
            raise Unauthorized("Invalid apikey")
        return user

    def _error_body(self, refused: Refusal) -> Row:
        return {
            "name": refused.exception,
            "message": refused.message,
            "arguments": [refused.message],
            "context": {},
            "debug": refused.debug,
        }

    # XML-RPC

    async def xmlrpc_common(self, request: Request) -> Response:
        return self._xmlrpc(await request.body(), self._common)

    async def xmlrpc_object(self, request: Request) -> Response:
        return self._xmlrpc(await request.body(), self._object)

    def _xmlrpc(self, body: bytes, service: Any) -> Response:
        """A call answered in XML; an answer of None becomes a fault although the change is kept."""
        try:
            method, arguments = xmlrpc.parsed_call(body)
            content = xmlrpc.answer(service(method, arguments))
        except (SyntaxError, DefusedXmlException):
            return Response("Bad Request", 400, media_type="text/html")
        except Refusal as refused:
            content = xmlrpc.fault(refused.fault, self._fault_text(refused))
        except TypeError as wrong:
            content = xmlrpc.fault(1, f"Traceback (most recent call last):\nTypeError: {wrong}")
        return Response(content, media_type="text/xml")

    def _fault_text(self, refused: Refusal) -> str:
        return refused.debug if refused.fault == 1 else refused.message

    # JSON-RPC

    async def jsonrpc(self, request: Request) -> Response:
        asked = json.loads(await request.body(), parse_float=Decimal)
        said: Row = {"jsonrpc": "2.0", "id": asked.get("id")}
        params = asked.get("params") or {}
        try:
            service = {"common": self._common, "object": self._object}.get(str(params.get("service")))
            if service is None:
                raise ServerFailure(f"Unknown service {params.get('service')!r}")
            result = service(str(params.get("method")), list(params.get("args") or []))
        except Refusal as refused:
            return _json({**said, "error": {"code": 0, "message": "Odoo Server Error", "data": self._error_body(refused)}})
        return _json(said if result is None else {**said, "result": result})

    # The services behind XML-RPC and JSON-RPC

    def _common(self, method: str, arguments: list[Any]) -> Any:
        if method in ("version", "about"):
            return VERSION
        if method in ("login", "authenticate"):
            self._check_database(arguments[0])
            user = self.odoo.user_with_password(arguments[1], arguments[2])
            return user["id"] if user else False
        raise ServerFailure(f"Method not found: {method}")

    def _object(self, method: str, arguments: list[Any]) -> Any:
        if method not in ("execute", "execute_kw"):
            raise ServerFailure(f"Method not found: {method}")
        database, uid, password, model, name, *rest = arguments
        self._check_database(database)
        user = self.odoo.models["res.users"].rows.get(uid) if isinstance(uid, int) else None
        if user is None or not self.odoo.secret_fits(user, str(password)):
            raise AccessDenied
        positional, named = (rest, {}) if method == "execute" else (list(rest[0]) if rest else [], dict(rest[1]) if len(rest) > 1 else {})
        env = Env(self.odoo, user, named.pop("context", None) or {})
        self._check_method(env, model, name)
        return call(env, model, name, positional, named)

    def _check_method(self, env: Env, model: str, name: str) -> None:
        try:
            public_method(env, model, name)
        except NotFound as missing:
            if model in self.odoo.models:
                raise ServerFailure(missing.message) from None
            raise UserRefusal(f"Object {model} doesn't exist") from None

    def _check_database(self, database: Any) -> None:
        if database != DATABASE:
            raise ServerFailure(f'psycopg2.OperationalError: connection to server failed: FATAL:  database "{database}" does not exist')


def same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
