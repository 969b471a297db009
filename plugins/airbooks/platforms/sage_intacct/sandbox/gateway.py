"""The XML gateway of Sage Intacct (DTD 3.0): envelope, sign-in, sessions, transactions, and the dispatch of functions.

Answers are HTTP 200 with up to three levels of status inside. What the vendor's documents leave open is decided the strict way:
a repeated control id is refused both for the request and for each completed function (number and text UNVERIFIED).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from secrets import token_urlsafe
from typing import ClassVar

from fastapi import Request, Response
from lxml import etree

from airbooks.platforms.sage_intacct.sandbox import company, customers
from airbooks.platforms.sage_intacct.sandbox.answers import (
    Answer,
    SignedIn,
    authentication_block,
    control_block,
    error_message,
    is_unique,
    refused_request,
    result_block,
    xml_response,
)
from airbooks.platforms.sage_intacct.sandbox.payments import Payments
from airbooks.platforms.sage_intacct.sandbox.queries import Reader
from airbooks.platforms.sage_intacct.sandbox.receivables import ADJUSTMENT, INVOICE, ZERO, Receivables, Type
from airbooks.platforms.sage_intacct.sandbox.refusals import Error, RefusalError, support_id
from airbooks.platforms.sage_intacct.sandbox.schema import MalformedError, parse
from airbooks.platforms.sage_intacct.sandbox.tables import Tables
from airbooks.sandbox.kit import Booked, BookedPayment, Books, Context, Row, Simulator

PATH, OTHER_PATH = "/ia/xml/xmlgw.phtml", "/p7/ia/xml/xmlgw.phtml"
SENDER, SENDER_PASSWORD = "airbooksMPP", "sender-wake-4471"
COMPANY, USER, USER_PASSWORD = "airbooks-uk", "xml_user", "user-harbour-9026"
ENTITIES = ("100", "200")
SESSION_HOURS = 8
CONCURRENT = 2
SIGN_IN = Error("XL03000006", "Sign-in information is incorrect", "Check the sign-in information and try again.")
OFF_LINE = RefusalError.of("DL02000001", "The Service is Temporarily Off-line. Please try again later.")
STATUS = {"Draft": "draft", "Posted": "open", "Selected": "open", "Partially Paid": "partially_paid", "Paid": "paid", "Reversed": "void"}


class SageIntacctSimulator(Simulator):
    """One company (`airbooks-uk`) behind the XML gateway."""

    slug: ClassVar[str] = "sage_intacct"
    thinks_itself: ClassVar[bool] = True
    faults: ClassVar[dict[str, str]] = {
        "expire_sessions": "A request with a session is refused as if the session had ended; answer=http400 says it with HTTP 400.",
        "moved_endpoint": "New sessions are good only at the endpoint that getAPISession returned, which is another address.",
        "deny_sender": "The sender is no longer authorised in the company (HTTP 401, XMLGW_JPP0002).",
        "demo_expired": "The company's demo licence has ended (PL04000055).",
        "gateway_busy": "The rate limit is exceeded (GW-0010): HTTP 429, or inside HTTP 200 with status=200.",
        "offline": "The service is temporarily off-line, said inside HTTP 200.",
        "edge_cut": "The edge gives up after a request that changes something was committed: HTTP 524 with an HTML page.",
        "lock_period": "The books are closed through the date `through` (YYYY-MM-DD; default today).",
        "number_documents": "Document numbering is on: the company numbers invoices and adjustments itself and ignores the given number.",
        "refuse_number": "The company refuses the document number it is given.",
        "partial_batch": "The function at `position` (1-based, default 2) of a request fails, whatever it says.",
    }

    def __init__(self, context: Context) -> None:
        self.tables = Tables(context.store)
        self.reader = Reader(self.tables)
        self.receivables = Receivables(self.tables, context.store, context.clock, self.struck)
        self.payments = Payments(self.receivables)
        self.in_flight = 0
        super().__init__(context)

    def routes(self) -> None:
        for path in (PATH, OTHER_PATH):
            self.router.add_api_route(path, self.gateway, methods=["POST"])

    def seed(self) -> None:
        company.seed(self.tables, self.context.options.get("catalogue", []), self.clock.now())

    def connection(self) -> Row:
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "login": USER,
            "password": USER_PASSWORD,
            "extra": {
                "company_id": COMPANY,
                "sender_id": SENDER,
                "sender_password": SENDER_PASSWORD,
                "entity_id": "100",
                "base_currency": company.BASE_CURRENCY,
                "tax_solution_id": company.TAX_SOLUTION,
                "bank_account_id": "BARC-OPERATING",
                "discount_account": "4800",
                "freight_account": "4900",
                "custom_number_field": "AIRBOOKS_NUMBER",
            },
        }

    # HTTP

    async def gateway(self, request: Request) -> Response:
        """One POST; at most two at a time per company."""
        if self.in_flight >= CONCURRENT:
            return self._busy(429)
        self.in_flight += 1
        try:
            body = await request.body()
            await self.think()
            return self._http(request, body)
        finally:
            self.in_flight -= 1

    def _http(self, request: Request, body: bytes) -> Response:
        if (busy := self.struck("gateway_busy")) is not None:
            return self._busy(busy.get("status", 429))
        if "xml" not in request.headers.get("content-type", ""):
            return xml_response(
                refused_request(None, Error("GW-0011", "", description=f"Invalid Request [Request ID: {token_urlsafe(6)}]")), 400
            )
        path = request.url.path.removeprefix(f"/{self.slug}")
        answer, status = self._request(body, path)
        if _changes(body) and self.struck("edge_cut"):
            return Response("<html><head><title>524: A timeout occurred</title></head></html>", 524, media_type="text/html")
        return xml_response(answer, status)

    def _busy(self, status: int) -> Response:
        return xml_response(refused_request(None, Error("GW-0010", "", description="API rate limit exceeded")), status)

    # The envelope

    def _request(self, body: bytes, path: str) -> tuple[etree._Element, int]:
        try:
            request = parse(body)
        except MalformedError as error:
            return refused_request(None, Error("XL03000003", f"{error} {support_id()}")), 200
        control = request.find("control")
        if self.struck("deny_sender"):
            return refused_request(control, Error("XMLGW_JPP0002", "", description="Invalid Web Services Authorization")), 401
        if request.findtext("control/senderid") != SENDER or request.findtext("control/password") != SENDER_PASSWORD:
            return refused_request(control, SIGN_IN), 200
        if self._repeated(request):
            return refused_request(control, self._repetition(request.findtext("control/controlid") or "")), 200
        return self._operation(request, path)

    def _operation(self, request: etree._Element, path: str) -> tuple[etree._Element, int]:
        response = etree.Element("response")
        response.append(control_block(request.find("control"), "success"))
        who = self._sign_in(request, path)
        if who == "http400":
            return refused_request(request.find("control"), Error("invalidRequest", "", description="Invalid Request")), 400
        operation = etree.SubElement(response, "operation")
        if not isinstance(who, SignedIn):
            operation.append(authentication_block(None))
            operation.append(error_message([who if isinstance(who, Error) else SIGN_IN]))
            return response, 200
        operation.append(authentication_block(who))
        if self.struck("offline"):
            operation.extend([result_block(each, OFF_LINE) for each in request.iterfind("operation/content/function")])
            return response, 200
        operation.extend(self._functions(request, who))
        if is_unique(request):
            self.store.table("USED")[f"request {request.findtext('control/controlid')}"] = {}
        return response, 200

    def _repeated(self, request: etree._Element) -> bool:
        return is_unique(request) and f"request {request.findtext('control/controlid')}" in self.store.table("USED")

    def _repetition(self, control_id: str) -> Error:
        return Error(
            "DL02000001", f"There was an error processing the request. The control id {control_id} was already used. {support_id()}"
        )

    # Signing in

    def _sign_in(self, request: etree._Element, path: str) -> SignedIn | Error | str:
        if self.struck("demo_expired"):
            return Error("PL04000055", "The demo company has expired.")
        login = request.find("operation/authentication/login")
        if login is None:
            return self._resume(request.findtext("operation/authentication/sessionid") or "", path)
        given = tuple(login.findtext(name) or "" for name in ("userid", "companyid", "password"))
        entity = login.findtext("locationid") or ""
        if given != (USER, COMPANY, USER_PASSWORD) or entity not in ("", *ENTITIES):
            return SIGN_IN
        now = self.clock.now()
        return SignedIn(USER, COMPANY, entity, now, now + timedelta(hours=SESSION_HOURS))

    def _resume(self, session_id: str, path: str) -> SignedIn | Error | str:
        expired = self.struck("expire_sessions")
        session = self.store.table("SESSION").get(session_id)
        if expired is not None and session is not None:
            del self.store.table("SESSION")[session_id]
            return "http400" if expired.get("answer") == "http400" else SIGN_IN
        if session is None or session["until"] <= self.clock.now() or session["path"] not in ("", path):
            return SIGN_IN
        return SignedIn(USER, COMPANY, session["entity"], session["since"], session["until"])

    def _session(self, call: etree._Element, who: SignedIn) -> Answer:
        entity = call.findtext("locationid") or who.entity
        if entity not in ("", *ENTITIES):
            raise company.bad_reference("Location", entity)
        moved = self.struck("moved_endpoint") is not None
        session_id, path = token_urlsafe(24), OTHER_PATH if moved else PATH
        row = {"entity": entity, "since": who.since, "until": who.until, "path": path if moved else ""}
        self.store.table("SESSION")[session_id] = row
        data = etree.Element("data")
        api = etree.SubElement(data, "api")
        etree.SubElement(api, "sessionid").text = session_id
        etree.SubElement(api, "endpoint").text = f"{self.context.base_url}{path}"
        etree.SubElement(api, "locationid").text = entity
        return Answer(data=data)

    # Functions

    def _functions(self, request: etree._Element, who: SignedIn) -> list[etree._Element]:
        functions = request.findall("operation/content/function")
        operation = request.find("operation")
        as_one = operation is not None and operation.get("transaction") == "true"
        broken = self.struck("partial_batch")
        unlucky = int(broken.get("position", 2)) if broken is not None else 0
        self.tables.begin()
        results: list[etree._Element] = []
        for position, function in enumerate(functions, start=1):
            outcome = self._run(function, who, request, position == unlucky, alone=not as_one)
            if as_one and isinstance(outcome, RefusalError):
                self.tables.undo()
                return [result_block(each, outcome if each is function else None) for each in functions]
            results.append(result_block(function, outcome))
        self._remember(functions, results, request)
        return results

    def _run(self, function: etree._Element, who: SignedIn, request: etree._Element, unlucky: bool, alone: bool) -> Answer | RefusalError:
        control_id = function.get("controlid", "")
        if is_unique(request) and f"function {control_id}" in self.store.table("USED"):
            return RefusalError(self._repetition(control_id))
        if unlucky:
            return RefusalError.of("BL01001973", f"Could not create {function[0].tag} record!")
        if alone:
            self.tables.begin()
        try:
            return self._call(function[0], who)
        except RefusalError as refused:
            if alone:
                self.tables.undo()
            return refused

    def _remember(self, functions: list[etree._Element], results: list[etree._Element], request: etree._Element) -> None:
        if not is_unique(request):
            return
        for function, result in zip(functions, results, strict=True):
            if result.findtext("status") == "success":
                self.store.table("USED")[f"function {function.get('controlid')}"] = {}

    def _call(self, call: etree._Element, who: SignedIn) -> Answer:
        entity = who.entity
        calls: dict[str, Callable[[], Answer]] = {
            "getAPISession": lambda: self._session(call, who),
            "query": lambda: Answer(data=self.reader.query(call, entity)),
            "readByQuery": lambda: Answer(data=self.reader.read_by_query(call, entity)),
            "readMore": lambda: Answer(data=self.reader.read_more(call)),
            "read": lambda: Answer(data=self.reader.read(call, entity)),
            "lookup": lambda: Answer(data=self.reader.lookup(call)),
            "create": lambda: self._create(call, entity),
            "delete": lambda: self._delete(call, entity),
            "create_invoice": lambda: Answer(self.receivables.create(INVOICE, call, entity)),
            "create_aradjustment": lambda: Answer(self.receivables.create(ADJUSTMENT, call, entity)),
            "update_invoice": lambda: Answer(self.receivables.update(INVOICE, call, entity)),
            "update_aradjustment": lambda: Answer(self.receivables.update(ADJUSTMENT, call, entity)),
            "reverse_invoice": lambda: Answer(self.receivables.reverse(call, entity)),
            "delete_invoice": lambda: self._delete_one(INVOICE, call, entity),
            "delete_aradjustment": lambda: self._delete_one(ADJUSTMENT, call, entity),
            "create_arpayment": lambda: Answer(self.payments.create_legacy(call, entity)),
            "apply_arpayment": lambda: Answer(self.payments.apply(call, entity)),
            "reverse_arpayment": lambda: Answer(self.payments.reverse(call, entity)),
        }
        return calls[str(call.tag)]()

    def _create(self, call: etree._Element, entity: str) -> Answer:
        data = etree.Element("data", listtype="objects", count=str(len(call)))
        for element in call:
            data.append(self._created(element, entity))
        return Answer(data=data)

    def _created(self, element: etree._Element, entity: str) -> etree._Element:
        if element.tag == "CUSTOMER":
            row, fields = customers.create(self.receivables.company, self.clock, element, entity), ["RECORDNO", "CUSTOMERID"]
        elif element.tag == "ARPYMT":
            row, fields = self._paid(element, entity), ["RECORDNO"]
        else:
            raise RefusalError.of("DL02000001", f"There was an error processing the request. {element.tag} cannot be created.")
        record = etree.Element(str(element.tag).lower())
        for field in fields:
            etree.SubElement(record, field).text = str(row[field])
        return record

    def _paid(self, element: etree._Element, entity: str) -> Row:
        try:
            return self.payments.create(element, entity)
        except RefusalError as refused:
            raise refused.concluding("Could not create ARPymt record!") from refused

    def _delete(self, call: etree._Element, entity: str) -> Answer:
        kinds = {kind.object: kind for kind in (INVOICE, ADJUSTMENT)}
        name = call.findtext("object") or ""
        if name not in kinds:
            raise RefusalError.of("DL02000001", f"There was an error processing the request. {name} cannot be deleted.")
        for key in (call.findtext("keys") or "").split(","):
            self.receivables.delete(kinds[name], self.receivables.record(kinds[name], key.strip(), entity))
        return Answer()

    def _delete_one(self, kind: Type, call: etree._Element, entity: str) -> Answer:
        self.receivables.delete(kind, self.receivables.addressed(kind, call, entity))
        return Answer()

    # Books

    def books(self) -> Books:
        documents = [
            self._booked(kind, row) for kind in (INVOICE, ADJUSTMENT) for row in self.tables.all(kind.object) if row["STATE"] != "Reversal"
        ]
        return Books(
            documents=documents, payments=[self._booked_payment(row) for row in self.tables.all("ARPYMT") if row["TRX_TOTALENTERED"] > 0]
        )

    def _booked(self, kind: Type, row: Row) -> Booked:
        items = self.tables.find(kind.items, "RECORDKEY", [row["RECORDNO"]])
        sign = Decimal(-1) if kind is ADJUSTMENT else Decimal(1)
        tax = sum((item["TRX_AMOUNT"] for item in items if item.get("PARENTENTRY")), ZERO)
        return Booked(
            remote_id=str(row["RECORDNO"]),
            kind="invoice" if kind is INVOICE else "credit_note",
            number=row["RECORDID"],
            our_number=row.get("AIRBOOKS_NUMBER") or row["RECORDID"],
            status=STATUS[row["STATE"]],
            customer=row["CUSTOMERID"],
            currency=row["CURRENCY"],
            net=sign * (row["TRX_TOTALENTERED"] - tax),
            tax=sign * tax,
            total=sign * row["TRX_TOTALENTERED"],
            balance=sign * row["TRX_TOTALDUE"],
            lines=sum(1 for item in items if not item.get("PARENTENTRY")),
        )

    def _booked_payment(self, row: Row) -> BookedPayment:
        applied: dict[str, Decimal] = {}
        for detail in self.tables.find("ARPYMTDETAIL", "PAYMENTKEY", [row["RECORDNO"]]):
            key = str(detail["RECORDKEY"])
            applied[key] = applied.get(key, ZERO) + detail["TRX_PAYMENTAMOUNT"]
        return BookedPayment(
            remote_id=str(row["RECORDNO"]),
            reference=row["DOCNUMBER"],
            currency=row["CURRENCY"],
            amount=row["TRX_TOTALENTERED"],
            applied=applied if row["STATE"] == "C" else {},
            status="posted" if row["STATE"] == "C" else "void",
        )


def _changes(body: bytes) -> bool:
    return any(word in body for word in (b"<create", b"<update_", b"<reverse_", b"<delete", b"<apply_"))
