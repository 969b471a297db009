"""The simulator's door: log-in, concurrency governance, then the record service, SuiteQL or the jobs."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlsplit

from fastapi import Request, Response

from airbooks.platforms.netsuite.sandbox import books, suiteql
from airbooks.platforms.netsuite.sandbox.access import CERTIFICATE_ID, CLIENT_ID, Access
from airbooks.platforms.netsuite.sandbox.account import Account
from airbooks.platforms.netsuite.sandbox.jobs import Jobs
from airbooks.platforms.netsuite.sandbox.refusal import Refusal, no_login, not_found, too_many
from airbooks.platforms.netsuite.sandbox.seed import BANK, CHARGE_ITEM, DISCOUNT_ITEM, RECEIVABLES, SUBSIDIARY, seed
from airbooks.platforms.netsuite.sandbox.service import Answer, Asked, Service
from airbooks.platforms.wire import to_json
from airbooks.sandbox.kit import Books, Context, Row, Simulator

TOKEN_PATH = "/services/rest/auth/oauth2/v1/token"  # noqa: S105 an address
RECORDS, QUERY, JOBS = "record/v1/", "query/v1/suiteql", "async/v1/job/"
AT_ONCE = 5
COLLECTION = "application/vnd.oracle.resource+json; type=collection"
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]
_SETTINGS = ("approval", "auto_numbering", "auto_customer_ids", "no_suitetax", "forget_application")


class NetSuiteSimulator(Simulator):
    """One OneWorld account with SuiteTax and one US subsidiary that keeps its books in USD."""

    slug = "netsuite"
    thinks_itself = True
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "Dates `through` (YYYY-MM-DD) a day lie in locked accounting periods.",
        "expire_tokens": "All access tokens have expired.",
        "others_at_work": "Others use `slots` (5) of the 5 requests at once; `as_login`: the answer is INVALID_LOGIN instead of 429.",
        "slow": "A request takes `seconds` (0.2) and holds its slot meanwhile.",
        "no_permission": "The role may not do it: 403.",
        "unexpected_error": "500 UNEXPECTED_ERROR; nothing is booked.",
        "approval": "Invoice approval is on: new invoices are pending unless they are sent as approved.",
        "auto_numbering": "Auto-generated numbers overwrite ours.",
        "auto_customer_ids": "Auto-generated names are on: an entity id is refused.",
        "no_suitetax": "The account has legacy tax: there are no tax details.",
        "forget_application": "A transform to a credit memo does not apply it.",
        "forget_jobs": "The account forgets its asynchronous jobs.",
        "shuffle_tasks": "The tasks of a job are listed in another order.",
    }

    def __init__(self, context: Context) -> None:
        self.access = Access(context.store, context.clock)
        self.account = Account(context)
        self.jobs = Jobs(self.account, self.carry_out)
        self.at_work = 0
        super().__init__(context)

    def routes(self) -> None:
        self.router.add_api_route(TOKEN_PATH, self.token, methods=["POST"])
        self.router.add_api_route("/services/rest/{path:path}", self.serve, methods=METHODS)

    def seed(self) -> None:
        self.access.seed()
        seed(self.account, self.context.options.get("catalogue", []))

    def books(self) -> Books:
        self.jobs.work()
        return Books(documents=books.documents(self.account), payments=books.payments(self.account))

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": CLIENT_ID,
            "password": self.access.private_key,
            "extra": {
                "auth": "oauth2_m2m",
                "certificate_id": CERTIFICATE_ID,
                "jwt_alg": "ES256",
                "base_currency": "USD",
                "subsidiary_id": SUBSIDIARY,
                "ar_account_id": RECEIVABLES,
                "bank_account_id": BANK,
                "discount_item_id": DISCOUNT_ITEM,
                "charge_item_id": CHARGE_ITEM,
            },
        }

    # -- the token end point --------------------------------------------------------------------------------------------------

    async def token(self, request: Request) -> Response:
        form = (await request.body()).decode()
        if "application/x-www-form-urlencoded" not in request.headers.get("content-type", ""):
            return _json(400, {"error": "invalid_request"})
        try:
            return _json(200, self.access.grant(form, f"{self.context.base_url}{TOKEN_PATH}"))
        except PermissionError:
            return _json(400, {"error": "invalid_grant"})

    # -- everything else ------------------------------------------------------------------------------------------------------

    async def serve(self, request: Request) -> Response:
        body = await request.body()
        self.at_work += 1
        try:
            slow = self.struck("slow")
            if slow:
                await asyncio.sleep(float(slow.get("seconds", 0.2)))
            await self.think()
            self._admit(request)
            self._set()
            self.jobs.work()
            answer = self._answer(request, body)
        except Refusal as refusal:
            headers = {"Location": refusal.location} if refusal.location else {}
            answer = Answer(refusal.status, refusal.body(), headers)
        finally:
            self.at_work -= 1
        return _json(answer.status, answer.body, answer.headers)

    def _admit(self, request: Request) -> None:
        """Log-in and governance; too many at once may be told in the words of a failed log-in."""
        others = self.struck("others_at_work") or {"slots": 0}
        if self.at_work + int(others.get("slots", AT_ONCE)) > AT_ONCE:
            raise no_login() if others.get("as_login") else too_many()
        if self.struck("expire_tokens") is not None:
            self.access.expire_tokens()
        origin = urlsplit(self.context.base_url)
        path = request.scope["raw_path"].decode("latin-1").partition("?")[0]
        url = f"{origin.scheme}://{origin.netloc}{path}"
        self.access.check(request.headers.get("authorization", ""), request.method, url, request.url.query)
        if self.struck("no_permission"):
            raise Refusal(403, "INSUFFICIENT_PERMISSION", "Permission Violation: You need a higher level of permission.")
        if self.struck("unexpected_error"):
            raise Refusal(500, "UNEXPECTED_ERROR", "An unexpected error occurred. Error ID: kx7f2m9q", title="Internal Server Error")

    def _set(self) -> None:
        """Settings that faults stand for, as an administrator of the account would change them."""
        locked = self.armed.get("lock_period")
        self.account.set(locked_through=locked["through"] if locked else None, **{name: name in self.armed for name in _SETTINGS})
        if self.struck("forget_jobs"):
            self.jobs.forget()

    def _answer(self, request: Request, body: bytes) -> Answer:
        path, content = request.path_params["path"], self._content(request, body)
        if path.startswith(RECORDS):
            return self._record(request, path.removeprefix(RECORDS), content)
        if path == QUERY and request.method == "POST":
            return self._query(request, content)
        if path.startswith(JOBS) and request.method == "GET":
            return self._job(path.removeprefix(JOBS))
        raise Refusal(404, "INVALID_REQUEST", "Invalid URL.", url=path)

    def _content(self, request: Request, body: bytes) -> Any:
        """The JSON body of a write."""
        if request.method in ("GET", "DELETE") or not body:
            return None
        if not request.headers.get("content-type", "").startswith(("application/json", "application/vnd.oracle.resource+json")):
            raise Refusal(415, "INVALID_HEADER", "Invalid Content-Type.", header="Content-Type")
        try:
            return json.loads(body, parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            raise Refusal(400, "INVALID_CONTENT", "Invalid content in the request body. The request body must be in JSON.") from None

    def _query(self, request: Request, content: Any) -> Answer:
        if request.headers.get("prefer", "") != "transient":
            raise Refusal(400, "INVALID_HEADER", "The required request header 'Prefer' is missing or invalid.", header="Prefer")
        query = request.query_params
        return Answer(200, suiteql.run(self.account, content, query.get("limit", "1000"), query.get("offset", "0")))

    # -- records --------------------------------------------------------------------------------------------------------------

    def _record(self, request: Request, path: str, content: Any) -> Answer:
        record, _, rest = path.partition("/")
        key, _, into = rest.partition("/!transform/")
        strict = request.headers.get("x-netsuite-propertynamevalidation", "Warning") == "Error"
        if "respond-async" in request.headers.get("prefer", ""):
            return self._take_on(request, record, content, strict=strict)
        service = Service(self.account, self.context.base_url)
        if record == "metadata-catalog" and request.headers.get("accept") not in ("application/swagger+json", "application/schema+json"):
            raise Refusal(406, "INVALID_HEADER", "The catalogue is given as application/swagger+json.", header="Accept")
        asked = Asked(request.method, record, key, dict(request.query_params), strict, content)
        return service.transform(asked, into) if into and request.method == "POST" else service.answer(asked)

    def _take_on(self, request: Request, record: str, content: Any, *, strict: bool) -> Answer:
        """An asynchronous create; the key is looked at here only, never on a synchronous request."""
        if request.method != "POST" or not isinstance(content, dict):
            raise Refusal(400, "INVALID_REQUEST", "This simulator takes asynchronous creates only.")
        is_batch = request.headers.get("content-type", "") == COLLECTION
        bodies = content.get("items", []) if is_batch else [content]
        key = request.headers.get("x-netsuite-idempotency-key", "")
        where = self.jobs.take_on(record, bodies, key, self.context.base_url, strict=strict)
        return Answer(202, None, {"Location": where, "Preference-Applied": "respond-async"})

    def carry_out(self, record: str, work: Row) -> Row:
        """One record of a job: what its own answer would have been."""
        asked = Asked("POST", record, "", {}, work["strict"], work["body"])
        try:
            answer = Service(self.account, self.context.base_url).answer(asked)
        except Refusal as refusal:
            return {"status": refusal.status, "body": refusal.body(), "headers": {}}
        return {"status": answer.status, "body": answer.body, "headers": answer.headers}

    def _job(self, path: str) -> Answer:
        parts = path.strip("/").split("/")
        match parts:
            case [key]:
                return Answer(200, self.jobs.job(key, self.context.base_url))
            case [key, "task"]:
                return Answer(200, self.jobs.tasks(key, backwards=self.struck("shuffle_tasks") is not None))
            case [key, "task", task, "result"]:
                result = self.jobs.result(key, task)
                return Answer(result["status"], result["body"], result["headers"])
        raise not_found()


def _json(status: int, body: Any, headers: Row | None = None) -> Response:
    content = b"" if body is None else to_json(body)
    media = "application/vnd.oracle.resource+json; type=error" if status >= 400 else "application/vnd.oracle.resource+json"
    return Response(content, status, headers={**(headers or {})}, media_type=media if content else None)
