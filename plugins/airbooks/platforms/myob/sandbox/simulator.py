"""The simulator's door: tokens, the API key, the company file's log-in, the rate; then the company file's own operations."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from urllib.parse import quote, urlencode

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from airbooks.platforms.myob.sandbox import cards, payments, sales
from airbooks.platforms.myob.sandbox.answers import Refused, Row, answer, exact_json, malformed, not_here, refused
from airbooks.platforms.myob.sandbox.company_file import ADJUSTMENT_ITEM, BUSINESS, BUSINESS_NAME, HOME, PREFERENCES, CompanyFile
from airbooks.platforms.myob.sandbox.oauth import Authority, TokenRefused
from airbooks.platforms.myob.sandbox.odata import page_of
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, RateWindow, Simulator

KEY, SECRET = "8c1d2e3f-4a5b-4c6d-9e7f-0a1b2c3d4e5f", "sandbox-myob-api-secret"
FILE_USER, FILE_PASSWORD = "Administrator", "sandbox-file-password"
PER_SECOND, PER_DAY = 8, 1_000_000
# The scope that each part of the API needs.
SCOPES = {
    "Contact": "sme-contacts-customer",
    "Inventory": "sme-inventory",
    "GeneralLedger": "sme-general-ledger",
    "Company": "sme-company-settings",
    "Sale": "sme-sales",
}


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

    def json(self) -> Row:
        if "application/json" not in self.header("content-type"):
            raise malformed("The content type is application/json")
        try:
            body = json.loads(self.body, parse_float=Decimal, parse_int=Decimal)
        except ValueError:
            raise malformed("The body is not JSON") from None
        if not isinstance(body, dict):
            raise malformed("The body is not an object")
        return body


@dataclass(frozen=True)
class Done:
    """What an operation answers: a status, a body that is sent only where it was asked for, and where a new thing is."""

    status: int
    body: Row | None = None
    location: str = ""
    warnings: tuple[Row, ...] = ()


Operation = Callable[[Call], Done]


class MyobSimulator(Simulator):
    """MYOB: one Australian business in AUD that also deals in USD, GBP and EUR."""

    slug = "myob"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "The books are locked for dates before `until` (YYYY-MM-DD).",
        "expire_tokens": "The access token of the next call has expired.",
        "revoke_refresh_token": "The business withdrew its consent: invalid_grant until a person connects it again.",
        "missing_scope": "Calls that need `scope` (sme-sales) are refused with 403 AccessDenied.",
        "inactive_key": "Every call is refused with 403 DeveloperInactive.",
        "throttle": "403 RateLimitError; with `daily`, for the whole day.",
        "late_504": "A sale is booked, and the answer is 504.",
        "must_be_reversed": "The file's preference: transactions can't be changed or deleted, they must be reversed.",
        "layout_not_found": "A sale that is addressed by another layout than its own is not found, instead of LayoutTypeMismatch.",
        "hybrid_layout": "The file shows sales in the hybrid layout, which takes no freight.",
        "older_file": "An older file: item lines take no account, purchase order numbers have at most 20 characters.",
        "single_currency": "The file deals in its own currency only.",
        "category_required": "The file requires a category on every sale.",
        "unlinked_user": "The user is not linked to the file: every call needs the file's own log-in in x-myobapi-cftoken.",
        "credit_limit": "The customer is over the credit limit: a warning.",
        "wrong_tax": "A saved sale's tax is `amount` (0.01) higher than its lines'.",
        "edit_in_between": "A person changes the sale just before an update reaches it.",
        "read_only": "The sale cannot be changed in this file: 405.",
    }

    def __init__(self, context: Context) -> None:
        self.authority = Authority(context.store, context.clock)
        self.company = CompanyFile(context.store, context.clock, context.base_url)
        self.cards = cards.Cards(self.company)
        self.sales = sales.Sales(self.company, self.struck)
        self.receipts = payments.Receipts(self.company, self.sales)
        self.windows = [
            RateWindow(context.clock, PER_SECOND, 1, context.time_scale),
            RateWindow(context.clock, PER_DAY, 86_400, context.time_scale),
        ]
        super().__init__(context)

    # -- set-up -----------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        add = self.router.add_api_route
        for end in ("", "/"):  # MYOB takes both forms of an address
            add(f"/oauth2/account/authorize{end}", self.consent, methods=["GET"])
            add(f"/oauth2/v1/authorize{end}", self.tokens, methods=["POST"])
        add("/accountright/", self.serve(_no_file_list), methods=["GET"])
        file = self.company
        for path, rows, fields in (
            ("GeneralLedger/TaxCode", file.taxes.values, ("UID", "Code", "Type")),
            ("GeneralLedger/Account", file.accounts.values, ("UID", "DisplayID", "Name", "Type")),
            ("GeneralLedger/Job", file.jobs.values, ("UID", "Number", "Name")),
            ("GeneralLedger/Category", file.categories.values, ("UID", "DisplayID", "Name")),
            ("GeneralLedger/Currency", file.listed_currencies, ("UID", "Code")),
            ("Inventory/Item", file.items.values, ("UID", "Number", "Name")),
            ("Inventory/Location", file.locations.values, ("UID", "Identifier", "Name")),
            ("Contact/Customer", file.customers.values, cards.FIELDS),
            ("Sale/CustomerPayment", file.payments.values, payments.FIELDS),
        ):
            self._route("GET", path, self.listing(lambda _, rows=rows: list(rows()), fields))  # type: ignore[misc]
        self._route("GET", "Company/Preferences", lambda _: Done(200, file.preferences()))
        self._route("POST", "Contact/Customer", self.customer_created)
        self._route("GET", "Contact/Customer/{uid}", lambda call: Done(200, self.cards.one(call.path["uid"])))
        self._route("PUT", "Contact/Customer/{uid}", self.customer_updated)
        self._route("GET", "Sale/Invoice", self.listing(self._heads, sales.FIELDS))
        for layout in sales.LAYOUTS:
            self._sale_routes(layout)
        self._route("POST", "Sale/CustomerPayment", self.payment_created)
        self._route("GET", "Sale/CustomerPayment/{uid}", lambda call: Done(200, self.receipts.one(call.path["uid"])))
        self._route("DELETE", "Sale/CustomerPayment/{uid}", self.payment_deleted)
        self._route("POST", "Sale/CreditSettlement", self.credit_settled)

    def _sale_routes(self, layout: str) -> None:
        path = f"Sale/Invoice/{layout}"
        self._route("GET", path, self.listing(lambda _: self._of_layout(layout), sales.FIELDS))
        self._route("POST", path, lambda call: self.sale_created(call, layout))
        self._route("GET", f"{path}/{{uid}}", lambda call: Done(200, self.sales.shown(self.sales.one(call.path["uid"], layout))))
        self._route("PUT", f"{path}/{{uid}}", lambda call: self.sale_updated(call, layout))
        self._route("DELETE", f"{path}/{{uid}}", lambda call: self.sale_deleted(call, layout))

    def _route(self, method: str, path: str, operation: Operation) -> None:
        for end in ("", "/"):
            self.router.add_api_route(f"/accountright/{{business}}/{path}{end}", self.serve(operation), methods=[method])

    def seed(self) -> None:
        self.company.seed(self.context.options.get("catalogue", []))
        self.authority.register(KEY, SECRET)
        self.authority.new_refresh_token()

    def connection(self, *, linked: bool = True) -> Row:
        """The connection of a user who is linked to the file, or (not `linked`) of one who needs the file's own log-in."""
        own = {} if linked else {"cf_username": FILE_USER, "cf_password": FILE_PASSWORD}
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": KEY,
            "password": SECRET,
            "extra": {
                **own,
                "business_id": BUSINESS,
                "refresh_token": self.authority.current_refresh_token(),
                "token_url": f"{self.context.base_url}/oauth2/v1/authorize",
                "home_currency": HOME,
                "multi_currency": True,
                "default_tax_code": "GST",
                "adjustment_item": ADJUSTMENT_ITEM,
                "deposit_account": "1-1000",
            },
        }

    def books(self) -> Books:
        return Books(
            documents=[_booked(row) for row in self.company.invoices.values()],
            payments=[_booked_payment(row) for row in self.company.payments.values()],
        )

    # -- OAuth ------------------------------------------------------------------------------------------------------

    async def consent(self, request: Request) -> Response:
        """The consent page, answered at once: an administrator agrees for one business."""
        asked = request.query_params
        if asked.get("client_id") != KEY or asked.get("response_type") != "code":
            return answer(400, {"error": "invalid_request"})
        business = {"businessId": BUSINESS, "businessName": BUSINESS_NAME} if asked.get("prompt") == "consent" else {}
        return RedirectResponse(self.authority.authorise(asked.get("redirect_uri", ""), business), 302)

    async def tokens(self, request: Request) -> Response:
        if self.struck("revoke_refresh_token"):
            self.authority.revoke_all()
        try:
            return answer(200, self.authority.exchange((await request.body()).decode()))
        except TokenRefused as said:
            return answer(400, {"error": str(said)})

    # -- the API ----------------------------------------------------------------------------------------------------

    def serve(self, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            call = Call(request, await request.body())
            try:
                self.admit(call)
                done = operation(call)
            except Refused as said:
                return answer(said.status, said.body)
            if request.method == "POST" and "Sale/Invoice" in request.url.path and self.struck("late_504"):
                return answer(504, {"Message": "Endpoint request timed out"})
            return _answered(call, done)

        return endpoint

    def admit(self, call: Call) -> None:
        """What is checked before the company file sees a call."""
        token = call.header("authorization").removeprefix("Bearer ")
        if self.struck("expire_tokens"):
            self.authority.expire(token)
        if not self.authority.is_good(token):
            raise refused("OAuthTokenIsInvalid", "The supplied OAuth token (Bearer) is not valid", 31001, status=401)
        if call.header("x-myobapi-key") != KEY or call.header("x-myobapi-version") != "v2":
            raise Refused(403, {"Message": "The API key or version header is missing or wrong", "ErrorCode": "AccessDenied"})
        if self.struck("inactive_key"):
            raise refused("DeveloperInactive", "The developer account is not active", status=403)
        self._check_rate()
        if call.path.get("business", BUSINESS) != BUSINESS:
            raise Refused(403, {"Message": "Access denied"})
        self._check_scope(call)
        self._prefer()
        if self.struck("unlinked_user") and call.header("x-myobapi-cftoken") != _cftoken():
            raise Refused(401, {"Message": "Access denied"})

    def _check_rate(self) -> None:
        told = self.struck("throttle")
        if told is None and all(window.admit() for window in self.windows):
            return
        limit = "daily limit" if told and told.get("daily") else "per-second rate limit"
        raise refused("RateLimitError", f"API key has exceeded the {limit}", status=403, details="Header: x-myobapi-key")

    def _check_scope(self, call: Call) -> None:
        missing = self.armed.get("missing_scope")
        area = call.request.url.path.partition(f"{BUSINESS}/")[2].partition("/")[0]
        if missing and SCOPES.get(area) == missing.get("scope", "sme-sales"):
            raise Refused(403, {"Message": "Access denied", "ErrorCode": "AccessDenied"})

    def _prefer(self) -> None:
        """The file's preferences, as faults have set them."""
        armed = self.armed
        self.company.settings = {
            **PREFERENCES,
            "multi_currency": "single_currency" not in armed,
            "must_be_reversed": "must_be_reversed" in armed,
            "lock_until": armed.get("lock_period", {}).get("until"),
            "hybrid": "hybrid_layout" in armed,
            "line_accounts": "older_file" not in armed,
            "purchase_order": 20 if "older_file" in armed else PREFERENCES["purchase_order"],
            "categories": "OnAndRequired" if "category_required" in armed else PREFERENCES["categories"],
        }

    def listing(self, rows: Callable[[Call], list[Row]], fields: tuple[str, ...]) -> Operation:
        def listed(call: Call) -> Done:
            asked = dict(call.request.query_params)
            page, count, following = page_of(rows(call), asked, fields)
            query = urlencode({**asked, "$skip": following}, quote_via=quote)
            link = None if following is None else f"{self.context.base_url}{_path(call)}?{query}"
            return Done(200, {"Items": page, "NextPageLink": link, "Count": count})

        return listed

    def _heads(self, _call: Call) -> list[Row]:
        return [self.sales.head(row) for row in self.company.invoices.values()]

    def _of_layout(self, layout: str) -> list[Row]:
        return [self.sales.shown(row) for row in self.company.invoices.values() if row["layout"] == layout]

    def customer_created(self, call: Call) -> Done:
        row = self.cards.created(call.json())
        return Done(201, row, row["URI"])

    def customer_updated(self, call: Call) -> Done:
        row = self.cards.updated(call.path["uid"], call.json())
        return Done(200, row, row["URI"])

    def sale_created(self, call: Call, layout: str) -> Done:
        row, warnings = self.sales.created(layout, call.json(), strict=call.asks("warningsAsErrors") == "true")
        return Done(201, self.sales.shown(self.company.invoices[row["UID"]]), row["URI"], tuple(warnings))

    def sale_updated(self, call: Call, layout: str) -> Done:
        row = self.sales.updated(layout, call.path["uid"], call.json())
        return Done(200, self.sales.shown(self.company.invoices[row["UID"]]), row["URI"])

    def sale_deleted(self, call: Call, layout: str) -> Done:
        self.sales.deleted(layout, call.path["uid"])
        return Done(200)

    def payment_created(self, call: Call) -> Done:
        row = self.receipts.created(call.json())
        return Done(201, row, row["URI"])

    def payment_deleted(self, call: Call) -> Done:
        self.receipts.deleted(call.path["uid"])
        return Done(200)

    def credit_settled(self, call: Call) -> Done:
        row = self.receipts.settled(call.json())
        return Done(201, row, self.company.uri(f"Sale/CreditSettlement/{row['UID']}"))


def _no_file_list(_call: Call) -> Done:
    """Keys made since March 2025 get the business from the consent; the list of files is not there for them."""
    raise not_here()


def _cftoken() -> str:
    return base64.b64encode(f"{FILE_USER}:{FILE_PASSWORD}".encode()).decode()


def _path(call: Call) -> str:
    return f"/accountright/{call.path['business']}{call.request.url.path.partition(call.path['business'])[2]}"


def _answered(call: Call, done: Done) -> Response:
    """A write is answered with its body only where `returnBody=true` asks for it; a read may be not modified."""
    if call.request.method == "GET":
        tag = f'"{hashlib.sha256(exact_json(done.body).encode()).hexdigest()[:16]}"'
        return answer(304, None) if call.header("if-none-match") == tag else answer(done.status, done.body, {"ETag": tag})
    headers = {"Location": done.location} if done.location else {}
    if call.asks("returnBody") != "true" or done.body is None:
        return answer(done.status, None, headers)
    return answer(done.status, {**done.body, **({"Errors": list(done.warnings)} if done.warnings else {})}, headers)


def _booked(row: Row) -> Booked:
    """A negative sale is a credit note of positive amounts."""
    foreign = "Foreign" if row["ForeignCurrency"] else ""
    total, tax = row[f"TotalAmount{foreign}"], row[f"TotalTax{foreign}"]
    balance = row["total"] - row["paid"]
    sign = -1 if total < 0 else 1
    return Booked(
        remote_id=row["UID"],
        kind="credit_note" if sign < 0 else "invoice",
        number=row["Number"],
        our_number=row["Number"],
        status="paid" if not balance else "open" if balance == total else "partially_paid",
        customer=row["Customer"]["DisplayID"],
        currency=row["ForeignCurrency"]["Code"] if foreign else HOME,
        net=sign * (total - tax),
        tax=sign * tax,
        total=sign * total,
        balance=sign * balance,
        lines=sum(_is_amount(line) for line in row["Lines"]) + (row[f"Freight{foreign}"] != 0),
    )


def _is_amount(line: Row) -> bool:
    return line["Type"] == "Transaction" and (line.get("Item") or {}).get("Number") != ADJUSTMENT_ITEM


def _booked_payment(row: Row) -> BookedPayment:
    foreign = "Foreign" if row["ForeignCurrency"] else ""
    return BookedPayment(
        remote_id=row["UID"],
        reference=row["ReceiptNumber"],
        currency=row["ForeignCurrency"]["Code"] if foreign else HOME,
        amount=row[f"AmountReceived{foreign}"],
        applied={each["UID"]: each[f"AmountApplied{foreign}"] for each in row["Invoices"]},
        status="posted",
    )
