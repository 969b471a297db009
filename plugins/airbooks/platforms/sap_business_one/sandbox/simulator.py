"""The simulator: the Service Layer's front door, its own faults, and what is booked."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar
from urllib.parse import parse_qsl, unquote, urlsplit

from fastapi import Request, Response

from airbooks.platforms.sap_business_one.sandbox import batch
from airbooks.platforms.sap_business_one.sandbox.documents import OBJECTS
from airbooks.platforms.sap_business_one.sandbox.masters import ACCOUNT_CODES, CURRENCIES, seed
from airbooks.platforms.sap_business_one.sandbox.payments import TIME_ZONE
from airbooks.platforms.sap_business_one.sandbox.refusal import Refusal, bad, session_ended
from airbooks.platforms.sap_business_one.sandbox.service import Call, Service, written
from airbooks.platforms.sap_business_one.sandbox.sessions import COMPANY_DB, PASSWORD, USER, Sessions
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, Row, Simulator

_ISO = {code: iso for code, (_, iso, _) in CURRENCIES.items()}


class SapBusinessOneSimulator(Simulator):
    """One German company on Business One 10.0."""

    slug = "sap_business_one"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "Posting dates up to `through` (default: all) lie in a locked posting period.",
        "end_sessions": "At once: every session ends (the server was restarted).",
        "approval": "An approval procedure makes drafts of new documents; `answer` is draft (default) or not_found.",
        "decide": "At once: the approver gives his `decision` (dasApproved or dasRejected) on all drafts that wait.",
        "no_user_field": "At once: the company loses the user-defined field of our number.",
        "no_permission": "The user lost the authorisation to write: 403.",
        "missing_rate": "The table of exchange rates has none for the day.",
        "wrong_tax": "The tax groups compute `percent` (default 16).",
        "tax_per_row": "Tax is rounded row by row instead of by tax group.",
        "freeze_customer": "New customers are inactive at once.",
        "freeze_item": "Items are inactive.",
        "no_stock": "Items are kept in stock, and there are none.",
        "ignore_patch": "A PATCH is answered with 204 and changes nothing.",
        "cancel_document": "At once: a person cancels the invoice whose DocEntry is `entry`.",
        "cancel_payment": "At once: a person cancels the payment whose DocEntry is `entry`.",
        "overloaded": "The proxy in front of the Service Layer answers 502 in HTML, before anything happens.",
    }

    def __init__(self, context: Context) -> None:
        self.service = Service(context.store, context.clock, self.struck)
        self.sessions = Sessions(context.store.table("sessions"), context.clock, urlsplit(context.base_url).path)
        super().__init__(context)

    def seed(self) -> None:
        seed(self.store, self.context.options.get("catalogue", []))

    def inject(self, fault: str, parameters: Row) -> None:
        super().inject(fault, parameters)
        acts = {
            "end_sessions": lambda: self.sessions.end_all(),
            "decide": lambda: self._decide(parameters["decision"]),
            "no_user_field": lambda: self.store.table("UserFieldsMD").clear(),
            "cancel_document": lambda: self._cancel("Invoices", parameters["entry"]),
            "cancel_payment": lambda: self._cancel("IncomingPayments", parameters["entry"]),
        }
        if fault in acts:
            del self.armed[fault]
            acts[fault]()

    def _decide(self, decision: str) -> None:
        for row in list(self.store.table("Drafts").values()):
            if row["AuthorizationStatus"] == "dasPending":
                self.service.documents.save("Drafts", {**row, "AuthorizationStatus": decision})

    def _cancel(self, name: str, entry: object) -> None:
        row = self.store.table(name)[str(entry)]
        if name == "Invoices":
            self.service.documents.cancel(name, row)
        else:
            self.service.payments.cancel(row)

    # -- the door -------------------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        self.router.add_api_route("/b1s/{version}/{rest:path}", self.door, methods=["GET", "POST", "PATCH", "DELETE", "PUT"])

    async def door(self, version: str, rest: str, request: Request) -> Response:
        content = await request.body()
        headers = {name.lower(): value for name, value in request.headers.items()}
        root = f"{urlsplit(self.context.base_url).path}/b1s/{version}"
        call = Call(request.method, version, root, rest, dict(request.query_params), headers, content)
        if self.struck("overloaded"):
            return Response("<html><body><h1>502 Proxy Error</h1></body></html>", 502, media_type="text/html")
        try:
            return self._answer(call)
        except Refusal as refusal:
            return _json(refusal.status, written(refusal.body(version)))

    def _answer(self, call: Call) -> Response:
        if call.version not in {"v1", "v2"}:
            raise bad("Unrecognized version of the service", -1000)
        if call.path == "Login" and call.method == "POST":
            return self._log_in(call)
        try:
            session = self.sessions.admit(call.headers.get("cookie", ""))
        except Refusal:
            # The vendor's answer to a dead session has the number and the nested message in both versions.
            return _json(401, written(session_ended().body("v1")))
        if call.path == "Logout" and call.method == "POST":
            self.sessions.log_out(session)
            return Response(status_code=204)
        if call.path == "$batch" and call.method == "POST":
            return self._batch(call)
        reply = self.service.serve(call)
        return _json(reply.status, reply.body, reply.headers)

    def _log_in(self, call: Call) -> Response:
        body, cookies = self.sessions.log_in(call.body())
        context = "@odata.context" if call.version == "v2" else "odata.metadata"
        response = _json(200, written({context: "$metadata#B1Sessions/@Element", **body}))
        for cookie in cookies:
            response.headers.append("set-cookie", cookie)
        return response

    def _batch(self, call: Call) -> Response:
        def run(inner: batch.Inner) -> batch.Answer:
            parts = urlsplit(inner.path.removeprefix(f"{call.root}/"))
            query = dict(parse_qsl(parts.query))
            made = Call(inner.method, call.version, call.root, unquote(parts.path), query, inner.headers, inner.body)
            try:
                return self.service.serve(made)
            except Refusal as refusal:
                return batch.Answer(refusal.status, written(refusal.body(call.version)))

        content, kind = batch.answer(call.content, call.headers.get("content-type", ""), run, self.service.save_point)
        return Response(content, 200 if call.version == "v2" else 202, media_type=kind)

    # -- what is booked -------------------------------------------------------------------------------------------------------

    def books(self) -> Books:
        """All posted documents but cancellation documents (the void original stands for both), and payments; drafts are not booked."""
        documents = [
            self._booked(name, row)
            for name in OBJECTS
            for row in self.store.table(name).values()
            if row["CancelStatus"] != "csCancellation"
        ]
        return Books(documents=documents, payments=[_booked_payment(row) for row in self.store.table("IncomingPayments").values()])

    def _booked(self, name: str, row: Row) -> Booked:
        local = self.service.documents.local(row)
        total, tax = (row["DocTotal"], row["VatSum"]) if local else (row["DocTotalFc"], row["VatSumFc"])
        balance = self.service.documents.open_amount(row)
        status = "paid" if row["DocumentStatus"] == "bost_Close" else "open" if balance == total else "partially_paid"
        return Booked(
            remote_id=f"{'13' if name == 'Invoices' else '14'}-{row['DocEntry']}",
            kind="invoice" if name == "Invoices" else "credit_note",
            number=str(row["DocNum"]),
            our_number=str(row.get("U_ExtInvNo") or row["NumAtCard"] or ""),
            status="void" if row["CancelStatus"] == "csYes" else status,
            customer=row["CardCode"],
            currency=_ISO[row["DocCurrency"]],
            net=total - tax,
            tax=tax,
            total=total,
            balance=balance,
            lines=len(row["DocumentLines"]),
        )

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": "",
            "login": USER,
            "password": PASSWORD,
            "port": None,
            "extra": {
                "company_db": COMPANY_DB,
                "api_version": "v2",
                "expense_code": 1,
                "transfer_account": ACCOUNT_CODES["1000"],
                "price_decimals": 4,
                "quantity_decimals": 3,
                "percent_decimals": 2,
                "time_zone": TIME_ZONE,
            },
        }


def _json(status: int, content: bytes, headers: dict[str, str] | None = None) -> Response:
    if not content:
        return Response(status_code=status, headers=headers)
    return Response(content, status, headers, media_type="application/json;odata.metadata=minimal;charset=utf-8")


def _booked_payment(row: Row) -> BookedPayment:
    return BookedPayment(
        remote_id=str(row["DocEntry"]),
        reference=str(row.get("TransferReference") or ""),
        currency=_ISO[row["DocCurrency"]],
        amount=row["TransferSum"] + row["CashSum"],
        applied={f"13-{each['key']}": Decimal(each["amount"]) for each in row["_settled"]},
        status="void" if row["Cancelled"] == "tYES" else "posted",
    )
