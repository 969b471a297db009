"""The simulator's door: tokens, the limit of parallel requests, GraphQL documents checked against the schema, and what is booked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar
from uuid import uuid4

from fastapi import Request, Response
from fastapi.responses import RedirectResponse
from graphql import DocumentNode, GraphQLError, OperationDefinitionNode, OperationType, execute_sync, parse, validate
from graphql.execution.values import get_variable_values
from graphql.utilities import get_operation_ast

from airbooks.platforms.wave.sandbox import invoices, others
from airbooks.platforms.wave.sandbox.business import Business, InputErrors, business_id, input_error
from airbooks.platforms.wave.sandbox.oauth import Authority, Refused
from airbooks.platforms.wave.sandbox.queries import BusinessQueries
from airbooks.platforms.wave.sandbox.schema import enum_names, schema
from airbooks.platforms.wave.sandbox.seed import (
    CA_TAXES,
    CA_UUID,
    CHARGE,
    US_TAXES,
    US_UUID,
    account_numbered,
    product_named,
    seed_business,
)
from airbooks.platforms.wave.sandbox.shapes import Shapes, currency, not_found, page
from airbooks.platforms.wave.sandbox.totals import ZERO, Rules, paid, status
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, Row, Simulator

CLIENT_ID, CLIENT_SECRET = "waveSandboxClient", "sandbox-wave-client-secret"
REDIRECT_URI = "https://airbooks.example/oauth/wave"
FULL_ACCESS_TOKEN = "sandbox-wave-full-access-token"  # noqa: S105 opens nothing but the sandbox
PARALLEL = 2
KINDS = {
    "DRAFT": "draft",
    "SAVED": "open",
    "SENT": "open",
    "VIEWED": "open",
    "PARTIAL": "partially_paid",
    "PAID": "paid",
    "OVERPAID": "paid",
}


class WaveSimulator(Simulator):
    """Wave: a business in the United States (USD) and one in Canada (CAD), both seen by the same user."""

    slug = "wave"
    thinks_itself = True
    faults: ClassVar[dict[str, str]] = {
        "expire_tokens": "The access token of the next call has expired; `status` (200) is the answer's.",
        "revoke_refresh_token": "At the next refresh no refresh token is valid any more: invalid_grant until a person connects again.",
        "keep_refresh_token": "A refresh does not answer with a new refresh token: the old one stays good.",
        "missing_scope": "Calls are refused for want of a scope (the code FORBIDDEN is UNVERIFIED).",
        "internal_error": "The call is answered with INTERNAL_SERVER_ERROR; with `committed` it was carried out all the same, "
        "with `mutations` only mutations are.",
        "partial_answer": "A mutation is carried out, and a part of its answer fails: data and errors together.",
        "unreasoned_refusal": "Mutations answer didSucceed false without any inputErrors.",
        "unique_numbers": "An invoice number that is taken is refused (UNVERIFIED whether Wave does).",
        "drafts_only": "Only drafts can be patched (UNVERIFIED which states can).",
        "throttle": "HTTP 429, without Retry-After.",
        "busy": "Every call takes `seconds` (0.2).",
        "search_lag": "A new invoice is hidden from `lookups` (2) lists; a read by id sees it.",
        "wrong_tax": "The tax comes out 0.01 higher than computed.",
        "round_tax_per_line": "Taxes are rounded on each line (UNVERIFIED).",
        "tax_before_discount": "The discount does not lower the tax (UNVERIFIED).",
        "quiet_payments": "A payment does not change the invoice's modifiedAt (UNVERIFIED).",
        "send_disabled": "Invoices cannot be e-mailed or marked as sent.",
    }

    def __init__(self, context: Context) -> None:
        self.authority = Authority(context.store, context.clock)
        self.businesses = {made.id: made for made in (Business(context.store, context.clock, each) for each in (US_UUID, CA_UUID))}
        self.us, self.ca = self.businesses.values()
        self.in_flight = 0
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------------------
    def routes(self) -> None:
        add = self.router.add_api_route
        add("/graphql/public", self.graphql, methods=["POST"])
        add("/oauth2/authorize/", self.consent, methods=["GET"])
        add("/oauth2/token/", self.tokens, methods=["POST"])

    def seed(self) -> None:
        catalogue = self.context.options.get("catalogue", [])
        self.authority.register(CLIENT_ID, CLIENT_SECRET, REDIRECT_URI)
        self.authority.add_full_access_token(FULL_ACCESS_TOKEN)
        self.authority.new_refresh_token()
        us = {"name": "Harbour Compressors Inc", "currency": "USD", "address": {"countryCode": "US", "provinceCode": "US-TX"}}
        seed_business(self.us, us, US_TAXES, catalogue)
        ca = {"name": "Harbour Compressors Canada", "currency": "CAD", "address": {"countryCode": "CA", "provinceCode": "CA-BC"}}
        seed_business(self.ca, ca, CA_TAXES, catalogue)

    def connection(self) -> Row:
        """The connection to the business in the United States, by OAuth."""
        return {
            "conn_type": self.slug,
            "host": f"{self.context.base_url}/graphql/public",
            "schema": None,
            "port": None,
            "login": CLIENT_ID,
            "password": "",
            "extra": {
                "business_id": self.us.id,
                "client_secret": CLIENT_SECRET,
                "refresh_token": self.authority.current_refresh_token(),
                "redirect_uri": REDIRECT_URI,
                "token_url": f"{self.context.base_url}/oauth2/token/",
                "home_currency": self.us.home,
                "internal_facts": "leave_out",
                "freight_product_id": product_named(self.us, CHARGE),
                "deposit_account_id": account_numbered(self.us, "1000"),
            },
        }

    def books(self) -> Books:
        found = list(self.businesses.values())
        return Books(
            documents=[_booked(each, row) for each in found for row in each.table("Invoice").values()],
            payments=[_booked_payment(row) for each in found for row in each.table("InvoicePayment").values()],
        )

    # -- OAuth ------------------------------------------------------------------------------------------------------------------
    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: the user agrees."""
        try:
            return RedirectResponse(self.authority.authorise(dict(request.query_params)), 302)
        except Refused as refused:
            return _json(refused.status, {"error": refused.error})

    async def tokens(self, request: Request) -> Response:
        form = (await request.body()).decode()
        if self.struck("revoke_refresh_token"):
            self.authority.forget()
        try:
            return _json(200, self.authority.exchange(form, rotate=self.struck("keep_refresh_token") is None))
        except Refused as refused:
            return _json(refused.status, {"error": refused.error})

    # -- GraphQL ----------------------------------------------------------------------------------------------------------------
    async def graphql(self, request: Request) -> Response:
        """One document. The limit of parallel requests comes first, then its validity, then the token."""
        body = await request.body()
        if self.in_flight >= PARALLEL or self.struck("throttle"):
            return _json(429, {"message": "Too Many Requests"})
        self.in_flight += 1
        try:
            busy = self.struck("busy")
            if busy is not None:
                await asyncio.sleep(float(busy.get("seconds", 0.2)))
            await self.think()
            return self._answer(request, body)
        finally:
            self.in_flight -= 1

    def _answer(self, request: Request, body: bytes) -> Response:
        try:
            asked = json.loads(body, parse_float=Decimal)
            text = asked["query"]
        except (ValueError, KeyError, TypeError):
            return _errors(400, GraphQLError("POST body missing or not JSON.", extensions={"code": "BAD_REQUEST"}))
        document, problems = _checked(text)
        if problems:
            return _errors(400, *problems)
        refused = self._unauthorised(request)
        if refused is not None:
            return refused
        assert document is not None  # noqa: S101
        return self._execute(document, asked.get("variables") or {}, asked.get("operationName"))

    def _unauthorised(self, request: Request) -> Response | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        expired = self.struck("expire_tokens")
        if expired is not None:
            self.authority.expire(token)
        if not self.authority.opens(token):
            error = GraphQLError("Authentication is required.", extensions={"code": "UNAUTHENTICATED"})
            return _errors(int((expired or {}).get("status", 200)), error)
        if self.struck("missing_scope"):
            return _errors(200, GraphQLError("The token lacks the required scope.", extensions={"code": "FORBIDDEN"}))
        return None

    def _execute(self, document: DocumentNode, variables: Row, name: str | None) -> Response:
        operation = get_operation_ast(document, name)
        if operation is None:
            return _errors(400, GraphQLError("Unknown operation.", extensions={"code": "GRAPHQL_VALIDATION_FAILED"}))
        unfit = _unfit_variables(operation, variables)
        if unfit:
            return _errors(200, *unfit)
        is_mutation = operation.operation is OperationType.MUTATION
        failing = self._failing(is_mutation=is_mutation)
        failure = GraphQLError("Internal server error", extensions={"code": "INTERNAL_SERVER_ERROR"})
        if failing is not None and not failing.get("committed"):
            return _errors(200, failure)
        done = execute_sync(schema(), document, self._root(), variable_values=variables, operation_name=name)
        if failing is not None:
            return _errors(200, failure)
        errors = list(done.errors or ())
        if is_mutation and self.struck("partial_answer"):
            errors.append(GraphQLError("Could not read the product.", extensions={"code": "FORBIDDEN"}))
        answer: Row = {"data": done.data}
        return _json(200, ({"errors": [_formatted(each) for each in errors]} if errors else {}) | answer)

    def _failing(self, *, is_mutation: bool) -> Row | None:
        spared = self.armed.get("internal_error", {}).get("mutations") and not is_mutation
        return None if spared else self.struck("internal_error")

    # -- resolvers --------------------------------------------------------------------------------------------------------------
    def _root(self) -> Row:
        mutations = {name: self._mutation(name, *each) for name, each in self._mutations().items()}
        return {"business": self.business, "businesses": self.list_businesses, "currencies": _currencies, **mutations}

    def business(self, _info: Any, id: str | None = None) -> Row:  # noqa: A002 the schema's name
        found = self.businesses.get(id) if id else self.us
        if found is None:
            raise not_found("Business", str(id))
        return BusinessQueries(found, self.shapes(found), self._hidden).fields()

    def list_businesses(self, _info: Any, **asked: Any) -> Row:
        return page(
            [{"business": each} for each in self.businesses],
            asked["page"],
            asked["pageSize"],
            lambda row: self.business(None, row["business"]),
        )

    def shapes(self, business: Business) -> Shapes:
        return Shapes(business, f"{self.context.base_url}/invoices")

    def _hidden(self, row: Row) -> bool:
        """Whether a list does not show a new invoice yet; each list it could stand in counts as one look-up."""
        lag = self.armed.get("search_lag")
        if lag is None:
            return False
        seen = lag.setdefault("seen", {})
        seen[row["id"]] = seen.get(row["id"], 0) + 1
        return bool(seen[row["id"]] <= lag.get("lookups", 2))

    def _mutations(self) -> dict[str, tuple[Callable[[Business, Row], Row | None], str, str]]:
        """Each mutation: what it does, the input that names its business, and the kind of what it answers."""
        return {
            "customerCreate": (others.create_customer, "businessId", "customer"),
            "customerPatch": (others.patch_customer, "id", "customer"),
            "customerDelete": (others.delete_customer, "id", ""),
            "productCreate": (others.create_product, "businessId", "product"),
            "productArchive": (others.archive_product, "id", "product"),
            "invoiceCreate": (self._create_invoice, "businessId", "invoice"),
            "invoicePatch": (self._patch_invoice, "id", "invoice"),
            "invoiceApprove": (invoices.approve, "invoiceId", "invoice"),
            "invoiceMarkSent": (self._sendable(invoices.mark_sent), "invoiceId", "invoice"),
            "invoiceSend": (self._sendable(invoices.send), "invoiceId", "invoice"),
            "invoiceDelete": (invoices.delete, "invoiceId", ""),
            "invoicePaymentCreateManual": (self._create_payment, "invoiceId", "invoicePayment"),
            "invoicePaymentDelete": (others.delete_payment, "id", ""),
        }

    def _mutation(self, name: str, act: Callable[[Business, Row], Row | None], holder: str, answers: str) -> Callable[..., Row]:
        def run(_info: Any, input: Row) -> Row:  # noqa: A002 the schema's name
            try:
                business = self._business_of(name, input[holder], holder)
                row = act(business, input)
            except InputErrors as refused:
                return {"didSucceed": False, "inputErrors": refused.errors, answers or "none": None}
            return {"didSucceed": True, "inputErrors": [], answers or "none": row and self._shaped(business, answers, row)}

        return run

    def _business_of(self, mutation: str, row_id: str, path: str) -> Business:
        if self.struck("unreasoned_refusal"):
            raise InputErrors()
        business = self.businesses.get(business_id(row_id))
        if business is None:
            raise input_error(path, f"{mutation}: {path} could not be found.", "NOT_FOUND")
        return business

    def _shaped(self, business: Business, kind: str, row: Row) -> Row:
        shapes = self.shapes(business)
        makers = {"customer": shapes.customer, "product": shapes.product, "invoice": shapes.invoice, "invoicePayment": shapes.payment}
        return makers[kind](row)

    def _create_invoice(self, business: Business, given: Row) -> Row:
        return invoices.create(business, given, self._rules(), unique_numbers=self.struck("unique_numbers") is not None)

    def _patch_invoice(self, business: Business, given: Row) -> Row:
        drafts_only, unique = self.struck("drafts_only") is not None, self.struck("unique_numbers") is not None
        return invoices.patch(business, given, self._rules(), drafts_only=drafts_only, unique_numbers=unique)

    def _create_payment(self, business: Business, given: Row) -> Row:
        return others.create_payment(business, given, touches_invoice=self.struck("quiet_payments") is None)

    def _sendable(self, act: Callable[[Business, Row], Row]) -> Callable[[Business, Row], Row]:
        def send(business: Business, given: Row) -> Row:
            if self.struck("send_disabled"):
                raise input_error("", "Sending is not enabled for this business.")
            return act(business, given)

        return send

    def _rules(self) -> Rules:
        return Rules(
            tax_after_discount=self.struck("tax_before_discount") is None,
            tax_per_line=self.struck("round_tax_per_line") is not None,
            extra_tax=Decimal("0.01") if self.struck("wrong_tax") else ZERO,
        )


def _currencies(_info: Any) -> list[Row]:
    return [currency(code) for code in enum_names("CurrencyCode")]


@lru_cache(maxsize=256)
def _checked(text: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    """The parsed document, or why it is malformed: checked before anybody's token is."""
    try:
        document = parse(text)
    except GraphQLError as error:
        return None, (GraphQLError(error.message, nodes=error.nodes, extensions={"code": "GRAPHQL_PARSE_FAILED"}),)
    problems = validate(schema(), document)
    return document, tuple(
        GraphQLError(each.message, nodes=each.nodes, extensions={"code": "GRAPHQL_VALIDATION_FAILED"}) for each in problems
    )


def _unfit_variables(operation: OperationDefinitionNode, variables: Row) -> list[GraphQLError]:
    values = get_variable_values(schema(), operation.variable_definitions or (), variables)
    if isinstance(values, list):
        return [GraphQLError(each.message, extensions={"code": "BAD_USER_INPUT"}) for each in values]
    return []


def _formatted(error: GraphQLError) -> Row:
    """An error as Wave writes it, with an id for its support."""
    extensions = {"id": str(uuid4()), "code": "INTERNAL_SERVER_ERROR", **(error.extensions or {})}
    return {**error.formatted, "extensions": extensions}


def _errors(status_code: int, *errors: GraphQLError) -> Response:
    return _json(status_code, {"errors": [_formatted(each) for each in errors]})


def _json(status_code: int, body: Row) -> Response:
    return Response(json.dumps(body), status_code, media_type="application/json")


def _booked(business: Business, row: Row) -> Booked:
    settled = paid(each for each in business.table("InvoicePayment").values() if each["invoice"] == row["id"])
    stands = status(row, settled, business.clock.today())
    return Booked(
        remote_id=row["id"],
        kind="invoice",
        number=row["invoiceNumber"],
        our_number=row["invoiceNumber"],
        status=KINDS.get(stands, "partially_paid" if settled else "open"),
        customer=business.table("Customer")[row["customer"]]["name"],
        currency=row["currency"],
        net=row["total"] - row["taxTotal"],
        tax=row["taxTotal"],
        total=row["total"],
        balance=row["total"] - settled,
        lines=len(row["items"]),
    )


def _booked_payment(row: Row) -> BookedPayment:
    return BookedPayment(
        remote_id=row["id"],
        reference=row["memo"] or "",
        currency=row["currency"],
        amount=row["amount"],
        applied={row["invoice"]: row["amount"]},
        status="posted",
    )
