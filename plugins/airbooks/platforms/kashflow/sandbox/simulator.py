"""The simulator's door: log-in, session, headers, faults; then the company's customers, invoices and lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from fastapi import Request, Response

from airbooks.platforms.kashflow.sandbox.answers import Refusal, Row, answer, invalid, not_found, paged
from airbooks.platforms.kashflow.sandbox.customers import Customers
from airbooks.platforms.kashflow.sandbox.invoices import Invoices
from airbooks.platforms.kashflow.sandbox.seed import BANK_ACCOUNT, FIRST_METHOD, seed_company
from airbooks.platforms.kashflow.sandbox.sessions import Sessions
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, Simulator

USER, PASSWORD, MEMORABLE_WORD = "airbooks-api", "sandbox-kashflow-password", "Lighthouse"
BETWEEN_REFERENCES = " / "
FLAT_LISTS = {
    "/nominals": "nominals",
    "/vat/settings/vatrates": "vat_rates",
    "/currencies": "currencies",
    "/bankaccounts": "banks",
    "/paymentmethods/invoice": "methods",
}
MOST_PER_PAGE = {"products": 100}


@dataclass(frozen=True)
class Call:
    """One request, its body read."""

    request: Request
    body: bytes

    def part(self, name: str) -> str:
        return str(self.request.path_params[name])

    def number(self, name: str = "number") -> int:
        text = self.part(name)
        if not text.isdigit():
            raise not_found(f"{text} is not a number.")
        return int(text)

    @property
    def asks(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.request.query_params.items()}

    def json(self) -> Any:
        if "application/json" not in self.request.headers.get("content-type", ""):
            raise Refusal("UnsupportedMediaType", "Content-Type must be application/json.", 415)
        try:
            return json.loads(self.body, parse_float=Decimal)
        except ValueError:
            raise invalid("The body is not JSON.") from None


Operation = Callable[[Call], tuple[int, Any]]


class KashFlowSimulator(Simulator):
    """A British company (GBP) on KashFlow, and the one user who may log in to it."""

    slug = "kashflow"
    faults: ClassVar[dict[str, str]] = {
        "expire_sessions": "Every session has ended.",
        "lock_user": "The user is locked after too many bad log-ins.",
        "password_expired": "The user's password has expired.",
        "subscription_ended": "The company's subscription has ended: the log-in says so and opens no session.",
        "forbidden": "The user may not do this: 403.",
        "database_timeout": "The database times out before anything is stored: HTTP 400 with -2146232060.",
        "database_timeout_after_commit": "The row is stored, and the answer is the database's time-out: HTTP 400 with -2146232060.",
        "lock_period": "Everything dated up to `until` (YYYY-MM-DD) is locked.",
        "invoice_limit": "The package's number of invoices is used up.",
        "renumber_taken": "An invoice with a taken Number gets another one instead of being refused.",
        "empty_answer": "A new invoice is stored and answered 200 with {}.",
        "recompute_vat": "VAT amounts are computed line by line and not stored as sent.",
        "apply_customer_discount": "A customer's DiscountRate is taken off the net amount.",
    }

    def __init__(self, context: Context) -> None:
        self.sessions = Sessions(context.store, context.clock, USER, PASSWORD, MEMORABLE_WORD)
        self.customers = Customers(context.store, context.clock)
        self.invoices = Invoices(context.store, context.clock, self.customers, self.struck)
        super().__init__(context)

    def seed(self) -> None:
        seed_company(self.store, self.context.options.get("catalogue", []))

    # -- end points -------------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        add = self._add
        add("POST", "/sessiontoken", self._begin, admits=True)
        add("PUT", "/sessiontoken", self._complete, admits=True)
        add("DELETE", "/sessiontoken/{token}", self._end)
        for path, table in FLAT_LISTS.items():
            add("GET", path, self._flat(table))
        add("GET", "/projects", lambda call: (200, self._page(call, "projects", list(self.store.table("projects").values()))))
        add("GET", "/products/list", lambda call: (200, self._page(call, "products", list(self.store.table("products").values()), 10)))
        add("GET", "/products/{nominal}/{code:path}", self._product)
        add("GET", "/bankaccounts/{number}/transactions", self._transactions)
        self._customer_routes()
        self._invoice_routes()

    def _customer_routes(self) -> None:
        add, customers = self._add, self.customers
        add(
            "GET", "/customers/search", lambda call: (200, customers.search(call.asks.get("searchby", ""), call.asks.get("searchtext", "")))
        )
        add("POST", "/customers/suggestedcode", lambda call: (200, customers.suggested(str(call.json().get("Name", "")))))
        add("GET", "/customers", lambda call: (200, self._page(call, "customers", customers.listed(call.asks.get("searchtext", "")), 50)))
        add("POST", "/customers", lambda call: (201, customers.create(call.json())))
        add("GET", "/customers/{code:path}", lambda call: (200, customers.get(call.part("code"))))
        add("PUT", "/customers/{code:path}", lambda call: (200, customers.update(call.part("code"), call.json())))
        add("DELETE", "/customers/{code:path}", self._delete_customer)

    def _invoice_routes(self) -> None:
        add, invoices = self._add, self.invoices
        add("GET", "/nextavailableinvoicenumber", lambda _: (200, invoices.next_number()))
        add("POST", "/invoices/bulk/payments", lambda call: (200, invoices.pay(call.json())))
        add("PUT", "/invoices/archive-status/{archived}", self._archive)
        add("GET", "/invoices", lambda call: (200, self._page(call, "invoices", invoices.listed(call.asks), 50)))
        add("POST", "/invoices", self._create)
        add("GET", "/invoices/{number}", lambda call: (200, _shown(invoices.get(call.number()))))
        add("PUT", "/invoices/{number}", self._update)
        add("DELETE", "/invoices/{number}", self._delete)
        add("DELETE", "/invoicelist", self._delete_all)

    def _add(self, method: str, path: str, operation: Operation, *, admits: bool = False) -> None:
        async def endpoint(request: Request) -> Response:
            call = Call(request, await request.body())
            try:
                if not admits:
                    self._admit(call)
                status, body = operation(call)
                if method != "GET" and self.struck("database_timeout_after_commit"):
                    raise _timed_out()
            except Refusal as refusal:
                return answer(refusal.status, refusal.body())
            return answer(status, body)

        self.router.add_api_route(f"/v2{path}", endpoint, methods=[method])

    def _admit(self, call: Call) -> None:
        if self.struck("expire_sessions"):
            self.sessions.end_all()
        self.sessions.admit(call.request.headers.get("authorization", ""))
        if self.struck("forbidden"):
            raise Refusal("Forbidden", "You do not have permission to do this.", 403)
        if self.struck("database_timeout"):
            raise _timed_out()

    # -- log-in -----------------------------------------------------------------------------------------------------------

    def _begin(self, call: Call) -> tuple[int, Any]:
        asked = call.json()
        if self.struck("lock_user"):
            self.sessions.lock()
        if self.struck("password_expired"):
            raise Refusal("PasswordExpired", "Your password has expired.")
        begun = self.sessions.begin(asked.get("UserName"), asked.get("Password"))
        return 201, {**begun, "SubscriptionExpired": self.struck("subscription_ended") is not None}

    def _complete(self, call: Call) -> tuple[int, Any]:
        asked = call.json()
        session = self.sessions.complete(asked.get("TemporaryToken"), asked.get("MemorableWordList"))
        return 200, {"SessionToken": session, "CompanyName": "Harbour Compressors Ltd", "SubscriptionExpiryDate": "2099-12-31 00:00:00"}

    def _end(self, call: Call) -> tuple[int, Any]:
        self.sessions.end(call.part("token"))
        return 204, None

    # -- invoices ---------------------------------------------------------------------------------------------------------

    def _create(self, call: Call) -> tuple[int, Any]:
        row = self.invoices.create(call.json())
        return (200, {}) if self.struck("empty_answer") else (201, _shown(row))

    def _update(self, call: Call) -> tuple[int, Any]:
        status, row = self.invoices.update(call.number(), call.json())
        return status, _shown(row)

    def _delete(self, call: Call) -> tuple[int, Any]:
        self.invoices.delete(call.number())
        return 204, None

    def _delete_all(self, call: Call) -> tuple[int, Any]:
        for number in call.json():
            self.invoices.delete(int(number))
        return 204, None

    def _archive(self, call: Call) -> tuple[int, Any]:
        self.invoices.archive([int(number) for number in call.json()], call.part("archived") == "true")
        return 204, None

    def _delete_customer(self, call: Call) -> tuple[int, Any]:
        self.customers.delete(call.part("code"))
        return 204, None

    # -- lists ------------------------------------------------------------------------------------------------------------

    def _flat(self, table: str) -> Operation:
        return lambda _: (200, list(self.store.table(table).values()))

    def _page(self, call: Call, name: str, rows: list[Row], default: int = 50) -> Row:
        page, wanted = call.asks.get("page", "1"), call.asks.get("perpage", str(default))
        if not (page.isdigit() and wanted.isdigit() and int(page) > 0 and int(wanted) > 0):
            raise invalid("page and perpage must be positive integers")
        return paged(rows, call.request.url.path, int(page), min(int(wanted), MOST_PER_PAGE.get(name, 200)))

    def _product(self, call: Call) -> tuple[int, Any]:
        row = self.store.table("products").get(f"{call.part('nominal')}/{call.part('code')}")
        if row is None:
            raise not_found("Product does not exist.")
        return 200, row

    def _transactions(self, call: Call) -> tuple[int, Any]:
        bank = call.number()
        if str(bank) not in self.store.table("banks"):
            raise not_found("Bank account does not exist.")
        rows = self.invoices.transactions(bank, call.asks.get("startdate", ""), call.asks.get("enddate", ""))
        return 200, self._page(call, "transactions", rows, 10)

    # -- what is booked ---------------------------------------------------------------------------------------------------

    def books(self) -> Books:
        rows = list(self.invoices.rows.values())
        return Books(documents=[_booked(row) for row in rows], payments=[each for row in rows for each in _booked_payments(row)])

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": USER,
            "password": PASSWORD,
            "extra": {
                "memorable_word": MEMORABLE_WORD,
                "home_currency": "GBP",
                "default_nominal_code": 4010,
                "carriage_nominal_code": 4900,
                "discount_nominal_code": 4800,
                "bank_account_id": BANK_ACCOUNT,
                "payment_method_id": FIRST_METHOD,
            },
        }


def _timed_out() -> Refusal:
    return Refusal("-2146232060", "Execution Timeout Expired. The timeout period elapsed prior to completion of the operation.")


def _shown(row: Row) -> Row:
    """An invoice as it is answered: dates of every other one end with an offset."""
    if row["Id"] % 2:
        return row
    return {**row, **{name: f"{row[name]} +00:00" for name in ("IssuedDate", "DueDate")}}


def _remote_id(row: Row) -> str:
    """Number and Id: numbers are used again after a delete, ids are not."""
    return f"{row['Number']}.{row['Id']}"


def _booked(row: Row) -> Booked:
    sign = -1 if row["GrossAmount"] < 0 else 1
    gross, due = row["GrossAmount"], row["DueAmount"]
    return Booked(
        remote_id=_remote_id(row),
        kind="credit_note" if sign < 0 else "invoice",
        number=str(row["Number"]),
        our_number=row["CustomerReference"].split(BETWEEN_REFERENCES)[0],
        status="paid" if not due else "open" if due == gross else "partially_paid",
        customer=row["CustomerCode"],
        currency=row["Currency"]["Code"],
        net=sign * row["NetAmount"],
        tax=sign * row["VATAmount"],
        total=sign * gross,
        balance=sign * due,
        lines=sum(1 for line in row["LineItems"] if line["Quantity"]),
    )


def _booked_payments(row: Row) -> list[BookedPayment]:
    return [
        BookedPayment(
            remote_id=str(each["Id"]),
            reference=each["Reference"],
            currency=row["Currency"]["Code"],
            amount=each["Amount"],
            applied={_remote_id(row): each["Amount"]},
            status="posted",
        )
        for each in row["PaymentLines"]
    ]
