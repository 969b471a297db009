"""The simulator: Entra's token end point, the API's front door, its own faults, and what is booked."""

from __future__ import annotations

import base64
import re
import secrets
import uuid
from collections import defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

from fastapi import Request, Response

from airbooks.platforms.business_central.sandbox import batch
from airbooks.platforms.business_central.sandbox.bodies import written
from airbooks.platforms.business_central.sandbox.company import COMPANY_ID, HOME, Company
from airbooks.platforms.business_central.sandbox.documents import KINDS, Kind
from airbooks.platforms.business_central.sandbox.posting import ENTRIES
from airbooks.platforms.business_central.sandbox.refusal import Refusal, resource_not_found
from airbooks.platforms.business_central.sandbox.service import Answer, Call, Service, refused
from airbooks.platforms.business_central.sandbox.setup import JOURNAL_CODE, card_id, seed
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, RateWindow, Row, Simulator

TENANT = "3c7d5e11-9a04-4c68-8f2e-6b1d7a90c4e2"
ENVIRONMENT = "Production"
INSTANCE = "BC"  # the on-premises address of the same company
CLIENT_ID = "e5a1b6d2-70c3-4f9e-9d38-2c4f8b15a7d0"
CLIENT_SECRET = "bc8Q~sandbox-only-client-secret-value"  # noqa: S105 of this simulator alone
USER, WEB_SERVICE_KEY = "AIRBOOKS", "sandbox-only-web-service-access-key"
SCOPE = "https://api.businesscentral.dynamics.com/.default"
TOKEN_LIFE = 3599
_DOOR = re.compile(r"(?:v2\.0/(?:(?P<tenant>[^/]+)/)?(?P<environment>[^/]+)|(?P<instance>[^/]+))/api/(?P<rest>.+)")
_STATUS = {"Draft": "draft", "In_x0020_Review": "draft", "Paid": "paid", "Canceled": "void"}


class BusinessCentralSimulator(Simulator):
    """One German company on Business Central online."""

    slug = "business_central"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "Posting dates up to `through` (default: all) are outside the allowed posting range.",
        "expire_tokens": "At once: every access token issued so far is refused.",
        "revoke_client": "The token end point refuses the client secret.",
        "forbid_writes": "The app registration lost its permission to write: 403.",
        "partial_batch": "The inner request at position `at` (default: the last) of a $batch fails.",
        "refuse_number": "The customer number series takes no numbers by hand.",
        "no_posting_groups": "New customers come without posting groups: they fail at posting.",
        "approval_pending": "A workflow puts new drafts under approval (In Review).",
        "release_drafts": "A workflow releases new drafts: they show Open though they are not posted.",
        "wrong_tax": "The VAT posting set-up computes `percent` (default 16) for every tax code.",
        "price_list": "A price list fills in a line discount of `percent` (default 3) where the caller leaves it out.",
        "prices_include_tax": "Customer cards have prices including VAT switched on.",
        "missing_rate": "The exchange-rate table has no rate for `currency` (default: any).",
        "lock_table": "Another user holds the table: writing is refused for the moment.",
        "half_cancel": "Cancelling an invoice stops half-way: the credit memo is made but not posted.",
        "block_customer": "At once: a person blocks the customer `number` for everything.",
        "reverse_payment": "At once: a person reverses the payment whose external document number is `reference`.",
    }

    def __init__(self, context: Context) -> None:
        self.company = Company(context, self.struck)
        self.service = Service(self.company)
        self.window = RateWindow(context.clock, calls=6000, seconds=300.0, scale=context.time_scale)
        super().__init__(context)

    def seed(self) -> None:
        seed(self.company, self.context.options.get("catalogue", []))

    def inject(self, fault: str, parameters: Row) -> None:
        super().inject(fault, parameters)
        acts = {"expire_tokens": self._expire_tokens, "block_customer": self._block_customer, "reverse_payment": self._reverse_payment}
        if fault in acts:
            del self.armed[fault]
            acts[fault](parameters)

    def _expire_tokens(self, _parameters: Row) -> None:
        self.store.table("tokens").clear()

    def _block_customer(self, parameters: Row) -> None:
        customer = self.company.find("customers", "number", parameters["number"])
        if customer is None:
            raise ValueError(f"there is no customer {parameters['number']!r}")
        self.company.save("customers", {**customer, "blocked": "All"})

    def _reverse_payment(self, parameters: Row) -> None:
        self.service.posting.reverse_payment(parameters["reference"])

    # -- the doors ------------------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        self.router.add_api_route("/{tenant}/oauth2/v2.0/token", self.token, methods=["POST"])
        self.router.add_api_route("/{rest:path}", self.api, methods=["GET", "POST", "PATCH", "DELETE", "PUT"])

    async def token(self, tenant: str, request: Request) -> Response:
        """Entra ID's client-credentials grant."""
        form = dict(await request.form())
        problem = self._token_problem(tenant, {name: str(value) for name, value in form.items()})
        if problem:
            return _json(*problem)
        token = f"eyJ0eXAiOiJKV1Qi.{secrets.token_urlsafe(48)}.{secrets.token_urlsafe(32)}"
        self.store.table("tokens")[token] = {"expires": self.clock.now() + timedelta(seconds=TOKEN_LIFE)}
        return _json(200, {"token_type": "Bearer", "expires_in": TOKEN_LIFE, "ext_expires_in": TOKEN_LIFE, "access_token": token})

    def _token_problem(self, tenant: str, form: dict[str, str]) -> tuple[int, Row] | None:
        if tenant != TENANT:
            return _entra(400, "invalid_request", 90002, f"Tenant '{tenant}' not found.")
        if form.get("grant_type") != "client_credentials":
            return _entra(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        if form.get("scope") != SCOPE:
            return _entra(400, "invalid_scope", 70011, "The provided request must include a 'scope' input parameter.")
        if form.get("client_id") != CLIENT_ID:
            return _entra(400, "unauthorized_client", 700016, "The application was not found in the directory.")
        if form.get("client_secret") != CLIENT_SECRET or self.struck("revoke_client"):
            return _entra(401, "invalid_client", 7000215, "Invalid client secret provided.")
        return None

    async def api(self, rest: str, request: Request) -> Response:
        """Everything below `/api/`."""
        body = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        try:
            answer = self._answer(rest, request, headers, body)
        except Refusal as refusal:
            answer = refused(refusal, headers.get("accept-language", ""))
        return _json(answer.status, answer.body, dict(answer.headers))

    def _answer(self, rest: str, request: Request, headers: dict[str, str], body: bytes) -> Answer:
        door = _DOOR.fullmatch(rest)
        if door is None:
            raise resource_not_found(rest)
        self._authenticate(door, headers.get("authorization", ""))
        if not self.window.admit():  # the code of the body is UNVERIFIED; Retry-After is not promised
            raise Refusal(429, "Application_TooManyRequests", "Too many requests reached. Limit is 6000 in 300 seconds.")
        if door["environment"] and door["environment"].lower() != ENVIRONMENT.lower():
            raise Refusal(404, "NoEnvironment", f"Environment does not exist or is not accessible: {door['environment']}.")
        group = next((each for each in self.service.groups if door["rest"].startswith(f"{each}/")), None)
        if group is None:
            raise resource_not_found(door["rest"])
        _require_json(headers, body)
        path = door["rest"].removeprefix(f"{group}/")
        root = f"{self.context.base_url}/{rest.removesuffix(f'/{path}')}"
        call = Call(request.method, group, root, path, dict(request.query_params), headers, body)
        if path == "$batch" and request.method == "POST":
            return batch.run(self.service, call)
        return self.service.serve(call)

    def _authenticate(self, door: re.Match[str], authorization: str) -> None:
        scheme, _, credential = authorization.partition(" ")
        if door["instance"]:
            known = base64.b64encode(f"{USER}:{WEB_SERVICE_KEY}".encode()).decode()
            good = scheme == "Basic" and credential == known and door["instance"] == INSTANCE
        else:
            token = self.store.table("tokens").get(credential) if scheme == "Bearer" else None
            good = token is not None and token["expires"] > self.clock.now() and door["tenant"] in (None, TENANT)
        if not good:
            raise Refusal(401, "Authentication_InvalidCredentials", "The server has rejected the client credentials.")

    # -- what is booked -------------------------------------------------------------------------------------------------------

    def books(self) -> Books:
        """All documents but corrective credit memos (the void status of their invoice stands for both), and payments in the ledger."""
        documents = [
            _booked(kind, row)
            for kind in KINDS.values()
            for row in self.company.table(kind.set_name).values()
            if row["status"] != "Corrective"
        ]
        return Books(documents=documents, payments=self._payments())

    def _payments(self) -> list[BookedPayment]:
        groups: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
        for entry in self.company.table(ENTRIES).values():
            if entry["documentType"] == "Payment" and entry["amount"] < 0:
                groups[(entry["customerNumber"], entry["documentNumber"], entry["externalDocumentNumber"])].append(entry)
        return [_booked_payment(entries) for entries in groups.values()]

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": "",
            "login": CLIENT_ID,
            "password": CLIENT_SECRET,
            "port": None,
            "extra": {
                "tenant_id": TENANT,
                "environment": ENVIRONMENT,
                "company_id": COMPANY_ID,
                "token_url": f"{self.context.base_url}/{TENANT}/oauth2/v2.0/token",
                "auth": "oauth",
                "payment_journal_code": JOURNAL_CODE,
                "balancing_account_id": card_id("bankAccounts", "BANK"),
            },
        }


def _entra(status: int, error: str, number: int, text: str) -> tuple[int, Row]:
    trace = str(uuid.uuid4())
    return status, {
        "error": error,
        "error_description": f"AADSTS{number}: {text} Trace ID: {trace}",
        "error_codes": [number],
        "trace_id": trace,
    }


def _require_json(headers: dict[str, str], body: bytes) -> None:
    if body and not headers.get("content-type", "").startswith("application/json"):
        raise Refusal(415, "BadRequest", "A supported MIME type could not be found that matches the content type of the request.")


def _json(status: int, body: dict[str, Any] | None, headers: dict[str, str] | None = None) -> Response:
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(written(body), status, headers, media_type="application/json; odata.metadata=minimal")


def _booked(kind: Kind, row: Row) -> Booked:
    total = row["totalAmountIncludingTax"]
    return Booked(
        remote_id=row["id"],
        kind=kind.word.replace("credit memo", "credit_note"),
        number=row["number"],
        our_number=row["externalDocumentNumber"],
        status=_status(row),
        customer=row["customerNumber"],
        currency=row["currencyCode"],
        net=row["totalAmountExcludingTax"],
        tax=row["totalTaxAmount"],
        total=total,
        balance=_balance(row),
        lines=len(row["_lines"]),
    )


def _balance(row: Row) -> Decimal:
    if "remainingAmount" in row:
        return Decimal(row["remainingAmount"])
    return Decimal(0) if row["status"] == "Paid" else Decimal(row["totalAmountIncludingTax"])


def _status(row: Row) -> str:
    if row["status"] in _STATUS or not row["_posted"]:
        return _STATUS.get(row["status"], "draft")
    return "open" if row.get("remainingAmount", row["totalAmountIncludingTax"]) == row["totalAmountIncludingTax"] else "partially_paid"


def _booked_payment(entries: list[Row]) -> BookedPayment:
    applied: dict[str, Decimal] = defaultdict(Decimal)
    for entry in entries:
        for invoice_id, amount in entry["_applied"].items():
            applied[invoice_id] += amount
    return BookedPayment(
        remote_id=str(entries[0]["entryNumber"]),
        reference=entries[0]["externalDocumentNumber"],
        currency=entries[0]["currencyCode"] or HOME,
        amount=-sum((entry["amount"] for entry in entries), Decimal(0)),
        applied=dict(applied),
        status="void" if all(entry.get("_reversed") for entry in entries) else "posted",
    )
