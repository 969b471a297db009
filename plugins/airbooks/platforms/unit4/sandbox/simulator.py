"""The tenant over HTTP: identity, tenant and limits at the door, then batches, report jobs, customers and objects."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, ClassVar

from fastapi import Request, Response

from airbooks.platforms.unit4.sandbox import batches, gl07, objects
from airbooks.platforms.unit4.sandbox.answers import Refusal, Row, answer
from airbooks.platforms.unit4.sandbox.identity import Identity
from airbooks.platforms.unit4.sandbox.tenant import (
    BANK,
    COMPANY,
    CREDITS,
    FEES,
    HOME,
    INTERFACE,
    PAYMENT_METHODS,
    PAYMENTS,
    RECEIVABLES,
    ROUNDING,
    SALES,
    TAX_ACCOUNT,
    TAX_SYSTEM,
    TENANT,
    USER,
    Tenant,
)
from airbooks.sandbox.kit import Booked, BookedPayment, Books, RateWindow, Simulator, Table

Handler = Callable[[Request, bytes], Response]
CALLS_A_MINUTE, JOBS_AN_HOUR, LARGEST = 500, 480, 5_000_000
JOB_SECONDS, LAG_SECONDS, SCHEDULE_SECONDS = 3.0, 0.3, 5.0
REVERSAL = "-CR"
JSON, PATCH = "application/json", "application/json-patch+json"
CUSTOMER_PROPERTIES = {"companyId", "customerId", "customerName", "externalReference", "customerGroupId", "payment", "invoice"}


class Unit4Simulator(Simulator):
    slug = "unit4"
    faults: ClassVar[dict[str, str]] = {
        "role_missing": "The ERPx user behind the client has no role: HTTP 403 on every path that contains `path`.",
        "period_closed": "The period `period` (YYYYMM) is closed.",
        "job_fails": "The report job ends with status E and posts nothing.",
        "job_hidden": "Report jobs cannot be read: HTTP 404.",
        "job_waits": "Report jobs wait for `seconds` before they run.",
        "scheduled": "GL07 is scheduled for the interface and takes every staged batch after some seconds.",
        "numbers_unchecked": "The tenant does not check that a customer has an invoice number once.",
        "no_matching": "GL07 matches nothing automatically.",
        "whole_batch_rejected": "GL07 rejects a batch as a whole when one of its vouchers is bad.",
        "renamed": "The object or property `old` is called `new` in this tenant.",
        "order_refused": "Ordering a report is refused with `status`.",
    }

    def routes(self) -> None:
        self.identity, self.tenant = Identity(self.store, self.clock), Tenant(self.store, self.clock)
        self.calls = RateWindow(self.clock, CALLS_A_MINUTE, 60, self.context.time_scale)
        self.orders = RateWindow(self.clock, JOBS_AN_HOUR, 3600, self.context.time_scale)
        self._route("POST", "/identity/connect/token", self._token, is_open=True)
        self._route("POST", "/v1/financial-transaction-batch", lambda request, body: self._batch(request, body, batches.stage))
        self._route("PUT", "/v1/financial-transaction-batch", lambda request, body: self._batch(request, body, batches.change))
        self._route("DELETE", "/v1/financial-transaction-batch/{batch_id}/{interface}", self._remove_batch)
        self._route("POST", "/v1/report-jobs/order", self._order)
        self._route("GET", "/v1/report-jobs/order/{name}", self._job)
        self._route("POST", "/v1/customers", self._create_customer)
        for method in ("GET", "PATCH", "DELETE"):
            self._route(method, "/v1/customers/{customer_id}", self._customer)
        self._route("GET", "/v1/objects/{name}", self._objects)

    def _route(self, method: str, path: str, handler: Handler, *, is_open: bool = False) -> None:
        async def handle(request: Request) -> Response:
            body = await request.body()
            try:
                if not is_open:
                    self._admit(request, body)
                self._advance()
                return handler(request, body)
            except Refusal as refusal:
                return refusal.response()

        self.router.add_api_route(path, handle, methods=[method])

    def seed(self) -> None:
        self.identity.seed()
        self.tenant.seed()

    def connection(self) -> Row:
        ((client, registered),) = self.identity.clients.items()
        extra = {
            "token_url": f"{self.context.base_url}/identity/connect/token",
            "scope": "api",
            "tenant": TENANT,
            "company_id": COMPANY,
            "home_currency": HOME,
            "interface": INTERFACE,
            "voucher_type": SALES,
            "credit_voucher_type": CREDITS,
            "payment_voucher_type": PAYMENTS,
            "payment_types": "CP, IP",
            "ar_account": RECEIVABLES,
            "revenue_account": "4000",
            "freight_account": "4900",
            "discount_account": "4800",
            "tax_account": TAX_ACCOUNT,
            "rounding_account": ROUNDING,
            "bank_account": BANK,
            "bank_fee_account": FEES,
            "tax_system": TAX_SYSTEM,
            "dimension_map": "department=1:C1 warehouse=2:B0",
            "payment_methods": ", ".join(PAYMENT_METHODS),
            "gl07_user_id": USER,
            "create_customers": True,
            "customer_group": "10",
        }
        return {
            "conn_type": "unit4",
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": client,
            "password": registered["secret"],
            "extra": extra,
        }

    # -- the door ---------------------------------------------------------------------------------------------------------

    def _admit(self, request: Request, body: bytes) -> None:
        self.identity.admit(request.headers.get("authorization", ""))
        tenant = request.query_params.get("tenant")
        if tenant is None:
            raise Refusal("The query parameter tenant is required.")
        if tenant != TENANT:
            raise Refusal(f"Tenant {tenant} is not known to this client.", 403)
        barred = self.armed.get("role_missing")
        if barred is not None and barred.get("path", "") in request.url.path:
            raise Refusal("The user has no access to this resource.", 403)
        if not self.calls.admit():
            raise Refusal("Too many requests.", 429, headers={"Retry-After": "1"})
        if len(body) > LARGEST:
            raise Refusal("The request is too large.", 413)

    def _token(self, _: Request, body: bytes) -> Response:
        return answer(200, self.identity.issue(body.decode()))

    def _json(self, request: Request, body: bytes, media: str = JSON) -> Any:
        if request.headers.get("content-type", "").partition(";")[0] != media:
            raise Refusal(f"The media type must be {media}.", 415)
        try:
            return json.loads(body, parse_float=Decimal)
        except ValueError:
            raise Refusal("The request body is not JSON.") from None

    # -- batches and jobs -------------------------------------------------------------------------------------------------

    def _batch(self, request: Request, body: bytes, act: Callable[[Tenant, Any], None]) -> Response:
        act(self.tenant, self._json(request, body))
        return answer(200)

    def _remove_batch(self, request: Request, _: bytes) -> Response:
        batches.remove(self.tenant, request.path_params["batch_id"], request.path_params["interface"])
        return answer(204)

    def _order(self, request: Request, body: bytes) -> Response:
        refused = self.struck("order_refused")
        if refused is not None:
            raise Refusal("The report cannot be ordered.", int(refused.get("status", 400)))
        asked = self._json(request, body)
        given = {each["id"]: each["value"] for each in asked.get("parameters") or []}
        general = asked.get("generalParameters") or {}
        if (asked.get("reportId"), asked.get("companyId"), asked.get("userId")) != ("GL07", COMPANY, USER):
            raise Refusal("Report, company or user is not valid.")
        if not given.get("batch_id") or not given.get("interface") or general.get("status") not in {"N", "P"}:
            raise Refusal("The report parameters batch_id and interface and the status N or P are required.")
        if not self.orders.admit():
            raise Refusal("Too many system jobs.", 429, headers={"Retry-After": "10"})
        number = self.store.next_number("report order", 71)
        name = f"{secrets.token_hex(4)}-{secrets.token_hex(2)}-{secrets.token_hex(2)}-GL07-{number}"
        waits = self.armed.get("job_waits", {}).get("seconds", JOB_SECONDS / self.context.time_scale)
        due = self.clock.now() + timedelta(seconds=float(waits))
        self.tenant.jobs[name] = {
            "name": name,
            "key": f"{given['batch_id']}/{given['interface']}",
            "number": number,
            "status": "N",
            "due": due,
        }
        return answer(201, headers={"Location": f"/v1/report-jobs/order/{name}"})

    def _job(self, request: Request, _: bytes) -> Response:
        job = self.tenant.jobs.get(request.path_params["name"])
        if job is None or "job_hidden" in self.armed:
            raise Refusal("The report job was not found.", 404)
        errors = job.get("errors") or []
        body = {"reportId": "GL07", "orderNumber": job["number"], "companyId": COMPANY, "status": job["status"]}
        return answer(200, {**body, "notificationMessages": {"errors": errors} if errors else None})

    def _advance(self) -> None:
        """What the server has done by now: jobs that were due, and batches that the schedule takes."""
        now = self.clock.now()
        for job in self.tenant.jobs.where("status", "N"):
            if job["due"] <= now:
                if self.struck("job_fails") is not None:
                    self.tenant.jobs[job["name"]] = {**job, "status": "E"}
                else:
                    self.tenant.jobs[job["name"]] = {**job, "status": "T", "errors": gl07.run(self.tenant, job["key"], self._switches())}
        if "scheduled" in self.armed:
            pause = timedelta(seconds=SCHEDULE_SECONDS / self.context.time_scale)
            for key in [key for key, batch in self.tenant.batches.items() if batch["staged"] + pause <= now]:
                gl07.run(self.tenant, key, self._switches())

    def _switches(self) -> gl07.Switches:
        closed = self.armed.get("period_closed")
        return gl07.Switches(
            closed_periods=frozenset([int(closed["period"])]) if closed else frozenset(),
            checks_numbers="numbers_unchecked" not in self.armed,
            matches="no_matching" not in self.armed,
            rejects_whole_batch="whole_batch_rejected" in self.armed,
            lag=timedelta(seconds=LAG_SECONDS / self.context.time_scale),
        )

    # -- customers and objects --------------------------------------------------------------------------------------------

    def _create_customer(self, request: Request, body: bytes) -> Response:
        return answer(201, self.tenant.create_customer(self._json(request, body)))

    def _customer(self, request: Request, body: bytes) -> Response:
        _company(request.query_params)
        customer_id = request.path_params["customer_id"]
        if request.method == "GET":
            return answer(200, self.tenant.customer(customer_id))
        if request.method == "PATCH":
            return answer(200, self.tenant.patch_customer(customer_id, self._json(request, body, PATCH)))
        self.tenant.close_customer(customer_id)
        return answer(204)

    def _objects(self, request: Request, _: bytes) -> Response:
        asked = dict(request.query_params)
        _company(asked)
        old, new = self._renamed()
        name = request.path_params["name"]
        rows, known = self._table(name, asked.get("filter", ""))
        if old:
            rows = [{new if key == old else key: value for key, value in row.items()} for row in rows]
            known = {new if each == old else each for each in known}
        return answer(200, objects.answer(rows, asked, known))

    def _renamed(self) -> tuple[str, str]:
        given = self.armed.get("renamed") or {}
        return given.get("old", ""), given.get("new", "")

    def _table(self, name: str, asked: str) -> tuple[list[Row], set[str]]:
        """The visible rows of an object among which those are that a filter wants, and the properties that can be filtered by."""
        tenant, now = self.tenant, self.clock.now()
        tables: Mapping[str, Table] = {
            "customers": tenant.customers,
            "customer-transactions": tenant.items,
            "general-ledger-transactions": tenant.ledger,
            "accounts": tenant.accounts,
            "tax-codes": tenant.tax_codes,
            "attribute-values": tenant.values,
        }
        old, new = self._renamed()
        name = {old: "", new: old}.get(name, name) if old in tables else name
        if name not in tables:
            raise Refusal(f"Object {name or old} was not found.", 404)
        known = CUSTOMER_PROPERTIES if name == "customers" else FILTERABLE.get(name, set())
        table = tables[name]
        example: Row = next((row for row in table.values() if _is_visible(row, now)), {})
        rows = [row for row in objects.narrowed(table, "" if old or new else asked) if _is_visible(row, now)]
        return rows, known | {key for key in example if not key.startswith("_")}

    # -- books --------------------------------------------------------------------------------------------------------------

    def books(self) -> Books:
        self._advance()
        items = [item for item in self.tenant.items.values() if item["transactionType"] in (SALES, CREDITS)]
        reversals = {item["_reference"]: item for item in items if item["invoiceNumber"].endswith(REVERSAL)}
        documents = [self._booked(at, item, reversals) for at, item in self.tenant.items.items() if self._is_document(item, reversals)]
        return Books(documents=documents, payments=self._payments())

    @staticmethod
    def _is_document(item: Row, reversals: Mapping[str, Row]) -> bool:
        return item["transactionType"] in (SALES, CREDITS) and item not in reversals.values()

    def _booked(self, at: str, item: Row, reversals: Mapping[str, Row]) -> Booked:
        sign = -1 if item["currencyAmount"] < 0 else 1
        rows = [row for row in self.tenant.ledger.values() if row["transactionNumber"] == item["transactionNumber"]]
        sums = {line: -sign * sum((row["currencyAmount"] for row in rows if row["lineType"] == line), Decimal(0)) for line in ("GL", "TX")}
        return Booked(
            remote_id=str(item["transactionNumber"]),
            kind="invoice" if sign > 0 else "credit_note",
            number=str(item["transactionNumber"]),
            our_number=item["invoiceNumber"],
            status="void" if at in reversals else _status(item),
            customer=item["customerId"],
            currency=item["currencyCode"],
            net=sums["GL"],
            tax=sums["TX"],
            total=sign * item["currencyAmount"],
            balance=sign * item["restCurrencyAmount"],
            lines=sum(1 for row in rows if row["lineType"] == "GL"),
        )

    def _payments(self) -> list[BookedPayment]:
        vouchers: dict[int, list[Row]] = {}
        for item in self.tenant.items.values():
            if item["transactionType"] not in (SALES, CREDITS):
                vouchers.setdefault(item["transactionNumber"], []).append(item)
        return [
            BookedPayment(
                remote_id=str(voucher),
                reference=rows[0]["description"],
                currency=rows[0]["currencyCode"],
                amount=-sum((row["currencyAmount"] for row in rows), Decimal(0)),
                applied={invoice: amount for row in rows for invoice, amount in row["_applied"].items()},
                status="posted",
            )
            for voucher, rows in vouchers.items()
        ]


# What can be filtered before the first row is there.
FILTERABLE = {
    "customer-transactions": {
        "companyId",
        "customerId",
        "transactionNumber",
        "sequenceNumber",
        "transactionType",
        "invoiceNumber",
        "externalReference",
        "lastUpdated",
    },
    "general-ledger-transactions": {"companyId", "transactionNumber", "sequenceNumber", "account"},
}


def _company(asked: Mapping[str, str]) -> None:
    if asked.get("companyId") != COMPANY:
        raise Refusal("The query parameter companyId is missing or not valid.", 404 if asked.get("companyId") else 400)


def _status(item: Row) -> str:
    if item["restCurrencyAmount"] == 0:
        return "paid"
    return "open" if item["restCurrencyAmount"] == item["currencyAmount"] else "partially_paid"


def _is_visible(row: Row, now: datetime) -> bool:
    return "_visible" not in row or bool(row["_visible"] <= now)
