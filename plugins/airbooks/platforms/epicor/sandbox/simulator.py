"""The simulator's doors: credentials, sessions, OData entity sets, methods of business objects, one Epicor Function, and the books."""

from __future__ import annotations

import base64
import inspect
import json
import re
import secrets
import uuid
from collections.abc import Callable, Mapping
from datetime import timedelta
from decimal import Decimal
from functools import partial
from itertools import islice
from typing import Any, ClassVar

import msgspec
from fastapi import Request, Response

from airbooks.platforms.epicor.sandbox import odata
from airbooks.platforms.epicor.sandbox.agent import TASK_FIELDS, Agent
from airbooks.platforms.epicor.sandbox.booked import booked
from airbooks.platforms.epicor.sandbox.cash import Cash
from airbooks.platforms.epicor.sandbox.changes import Changes
from airbooks.platforms.epicor.sandbox.company import COMPANY, CUSTOMER, PLANT, Company
from airbooks.platforms.epicor.sandbox.groups import USER, Groups
from airbooks.platforms.epicor.sandbox.invoices import Invoices
from airbooks.platforms.epicor.sandbox.refusal import Refusal, not_found, unauthorised
from airbooks.platforms.epicor.sandbox.shapes import CASH_HEAD, CASH_LINE, GROUP, HEAD
from airbooks.sandbox.conditions import Condition, candidates
from airbooks.sandbox.kit import BookedPayment, Books, Context, Row, Simulator

PASSWORD = "kinetic-sandbox-only-word"  # noqa: S105 of this simulator alone
API_KEY = "Zk3Q9sandbox-only-api-key-v8TwLmX1"
CLIENT_ID, CLIENT_SECRET = "airbooks-client", "sandbox-only-oauth-client-secret"
LIBRARY, FUNCTION = "airbooks", "CreateInvoice"
TOKEN_LIFE, SESSION_LIFE = 3600, 1800
_encoder = msgspec.json.Encoder(decimal_format="number")
_decoder = msgspec.json.Decoder(float_hook=Decimal)
_ENTITY = re.compile(r"(?P<set>\w+)\('(?P<company>[^']*)',(?P<key>\d+)\)")
_READ_ONLY = {"GetByID", "GetNewParameters"}


class EpicorSimulator(Simulator):
    """One US company on one Kinetic instance."""

    slug = "epicor"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "Apply dates up to `through` (default: all) are closed, `at` save (default) or only at post.",
        "expire_tokens": "At once: every access token issued so far is refused.",
        "end_sessions": "At once: every session is gone: 410.",
        "narrow_scope": "The API key's access scope leaves out the service `service`: 403.",
        "not_found_as_500": "A record that is not there is told with HTTP 500, as older builds do.",
        "converting": "The server is being updated: 503 ConversionsPendingException.",
        "bpm": "A BPM refuses saving an invoice with the site's own words `text` (only saves with lines where `after_heads` is set).",
        "strip_row_mod": "A proxy drops the RowMod of new lines: nothing of them is saved, and nobody says so.",
        "hidden_error": "Saving an invoice fails with a 500 whose detail is only in the server log.",
        "wrong_tax": "Taxes are computed with `percent` (default 9.5).",
        "tax_per_line": "The tax code rounds line by line.",
        "price_list": "A price list gives parts a discount of `percent`.",
        "ready_by_method": "ReadyToCalc cannot be set in the row, only by SetReadyToCalc.",
        "ask_question": "The customer brings up a question (responseMessage).",
        "manual_legal_number": "PreUpdate requires user input.",
        "post_question": "PrePostInvoices needs user input.",
        "lock_group": "Another user (`user`) works in the invoice group.",
        "bad_account": "Posting finds an invalid G/L account and leaves the group in the review journal.",
        "missing_rate": "There is no exchange rate for `currency` (default: any).",
        "credit_hold": "At once: the customer `customer` is on credit hold.",
        "no_one_time_ship_to": "At once: no customer allows a one-time ship-to.",
        "dates_by_culture": "The site's date format makes another day of a new due date.",
        "stop_agent": "The task agent is stopped: what is submitted waits.",
        "forget_tasks": "At once: the system monitor is emptied.",
        "clear_review_journal": "At once: a person clears the review journal of all groups.",
        "reverse_receipt": "At once: a person reverses the receipt `head`.",
    }

    def __init__(self, context: Context) -> None:
        self.company = Company(context, self.struck, lambda: self.armed)
        self.groups = Groups(self.company)
        self.agent = Agent(self.company, self.groups)
        self.invoices = Invoices(self.company, self.groups)
        self.changes = Changes(self.company, self.groups, self.invoices)
        self.cash = Cash(self.company)
        self.methods = self._methods()
        super().__init__(context)

    def seed(self) -> None:
        self.company.seed(self.context.options.get("catalogue", []))

    def inject(self, fault: str, parameters: Row) -> None:
        super().inject(fault, parameters)
        acts: dict[str, Callable[[Row], Any]] = {
            "expire_tokens": lambda _given: self.store.table("tokens").clear(),
            "end_sessions": lambda _given: self.store.table("sessions").clear(),
            "credit_hold": lambda given: self._change("Customer", CreditHold=True, CustID=given["customer"]),
            "no_one_time_ship_to": lambda _given: self._change("Customer", AllowOTS=False),
            "forget_tasks": lambda _given: self.store.table("SysTask").clear(),
            "clear_review_journal": lambda _given: self._change("InvcGrp", LockStatus=""),
            "reverse_receipt": lambda given: self.cash.reverse(given["head"], self.clock.today().isoformat()),
        }
        if fault in acts:
            del self.armed[fault]
            acts[fault](parameters)

    def _change(self, table: str, CustID: str = "", **fields: Any) -> None:  # noqa: N803
        for key, row in list(self.store.table(table).items()):
            if CustID in ("", row.get("CustID")):
                self.store.table(table)[key] = {**row, **fields}

    # -- methods and entity sets ----------------------------------------------------------------------------------------------

    def _methods(self) -> dict[str, dict[str, Callable[..., Row]]]:
        invoices, changes, groups, cash = self.invoices, self.changes, self.groups, self.cash
        return {
            "Erp.BO.InvcGrpSvc": {
                "GetNewInvcGrp": groups.get_new,
                "OnChangeofInvoiceDate": groups.invoice_date_changed,
                "OnChangeofApplyDate": groups.apply_date_changed,
                "Update": groups.update,
                "UnlockGroup": groups.unlock,
                "PrePostInvoices": groups.pre_post,
                "PostInvoices": groups.post,
            },
            "Erp.BO.ARInvoiceSvc": {
                "GetNewInvcHeadType": invoices.get_new_head,
                "OnChangeofSoldToCustID": invoices.sold_to_changed,
                "OnChangeofTermsCode": invoices.terms_changed,
                "OnChangeofCurrency": invoices.currency_changed,
                "OnChangeofExchangeRate": invoices.rate_changed,
                "OnChangeDueDate": invoices.due_date_changed,
                "OnChangeofInvDateEx": invoices.invoice_date_changed,
                "PreUpdate": invoices.pre_update,
                "Update": self._save_invoice,
                "GetNewInvcDtl": invoices.get_new_line,
                "GetNewInvcMisc": invoices.get_new_misc,
                "OnChangeofLinePartNum": invoices.part_changed,
                "OnChangeofLineQty": invoices.quantity_changed,
                "OnChangeofLineUnitPrice": invoices.price_changed,
                "OnChangeofLineTaxCat": invoices.tax_category_changed,
                "SetReadyToCalc": changes.set_ready,
                "GetByID": changes.by_id,
                "DeleteByID": changes.delete,
                "GetCancellationInvoice": changes.cancel,
            },
            "Erp.PROC.ARInvoicePostSvc": {"GetNewParameters": self.agent.get_new_parameters, "SubmitToAgent": self.agent.submit},
            "Erp.BO.CashGrpSvc": {"GetNewCashGrp": cash.get_new_group, "Update": cash.update_group},
            "Erp.BO.CashRecSvc": {
                "GetNewCashHeadType": cash.get_new_head,
                "GetCustomerInfo": cash.customer_info,
                "PreUpdate": cash.pre_update,
                "UpdateMaster": cash.update_head,
                "GetNewCashDtl": cash.get_new_line,
                "GetDtlInvoiceInfo": cash.invoice_info,
                "GetDtlTranAmtInfo": cash.amount_info,
                "Update": cash.update_line,
                "ReverseCashReceipt": cash.reverse,
            },
            "Erp.PROC.CashRecPostSvc": {"GetNewParameters": cash.get_new_parameters, "RunDirect": cash.run_direct},
            "Ice.Lib.SessionModSvc": {"Login": self._log_in},
        }

    def _save_invoice(self, ds: Row) -> Row:
        with_lines = bool(ds.get("InvcDtl"))
        words = self.struck("bpm") if with_lines or not self.armed.get("bpm", {}).get("after_heads") else None
        if words is not None:
            raise Refusal(400, "Ice.Common.BusinessObjectException", str(words.get("text", "Salesperson must approve first.")))
        if self.struck("hidden_error") is not None:
            raise Refusal(500, "", "")
        if with_lines and self.struck("strip_row_mod") is not None:
            ds["InvcDtl"] = [{**row, "RowMod": ""} for row in ds["InvcDtl"]]
        return self.invoices.update(ds)

    def _stored(self, table: str, asked: Condition) -> list[Row]:
        return self._narrowed(table, asked, lambda row: row)

    def _heads(self, asked: Condition) -> list[Row]:
        return self._narrowed("InvcHead", asked, lambda invoice: invoice["head"])

    def _narrowed(self, table: str, asked: Condition, shown: Callable[[Row], Row]) -> list[Row]:
        """The rows that may fulfil a condition; one at least, where there is one, so that the types of the condition are checked."""
        rows = self.store.table(table)
        found = [shown(row) for row in candidates(rows, asked, lambda row, name: odata.comparable(shown(row)[name]))]
        return found or [shown(row) for row in islice(rows.values(), 1)]

    def _sets(self) -> dict[str, tuple[odata.Rows, set[str]]]:
        stored: dict[str, tuple[str, set[str]]] = {
            "Erp.BO.CustomerSvc/Customers": ("Customer", set(CUSTOMER)),
            "Erp.BO.InvcGrpSvc/InvcGrps": ("InvcGrp", set(GROUP)),
            "Erp.BO.CashGrpSvc/CashGrps": ("CashGrp", {"GroupID", "PostErrorLog"}),
            "Erp.BO.CashRecSvc/CashRecs": ("CashHead", set(CASH_HEAD)),
            "Erp.BO.CashRecSvc/CashDtls": ("CashDtl", set(CASH_LINE)),
            **{f"{place}": (table, set()) for place, table in LISTS.items()},
        }
        found: dict[str, tuple[odata.Rows, set[str]]] = {}
        for place, (table, fields) in stored.items():
            found[place] = (partial(self._stored, table), fields)
        found["Erp.BO.ARInvoiceSvc/ARInvoices"] = (self._heads, set(HEAD))
        found["Ice.BO.SysTaskSvc/SysTasks"] = (partial(self._stored, "SysTask"), TASK_FIELDS)
        return found

    # -- doors ----------------------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        self.router.add_api_route("/TokenResource.svc/", self.token, methods=["POST"])
        self.router.add_api_route("/oauth/token", self.oauth, methods=["POST"])
        self.router.add_api_route("/api/v2/{rest:path}", self.api, methods=["GET", "POST", "PATCH", "DELETE"])

    async def token(self, request: Request) -> Response:
        """Epicor's own token service: user and password in headers, no refresh token."""
        if (request.headers.get("username"), request.headers.get("password")) != (USER, PASSWORD):
            return _json(401, unauthorised("Invalid username or password.").body())
        return _json(200, {"AccessToken": self._issue(), "ExpiresIn": TOKEN_LIFE, "TokenType": "Bearer"})

    async def oauth(self, request: Request) -> Response:
        """An OAuth server of the customer's: client credentials."""
        form = dict(await request.form())
        if (form.get("grant_type"), form.get("client_id"), form.get("client_secret")) != ("client_credentials", CLIENT_ID, CLIENT_SECRET):
            return _json(401, {"error": "invalid_client", "error_description": "Client authentication failed."})
        return _json(200, {"access_token": self._issue(), "expires_in": TOKEN_LIFE, "token_type": "Bearer"})

    def _issue(self) -> str:
        token = f"eyJhbGciOiJIUzI1NiJ9.{secrets.token_urlsafe(40)}"
        self.store.table("tokens")[token] = {"expires": self.clock.now() + timedelta(seconds=TOKEN_LIFE)}
        return token

    async def api(self, rest: str, request: Request) -> Response:
        content = await request.body()
        try:
            self.agent.work()
            self._authenticate(request.headers)
            body = _decoder.decode(content) if content else {}
            status, answer = self._serve(rest, request.method, dict(request.query_params), body, request.headers)
        except msgspec.DecodeError:
            return _json(400, Refusal(400, "Newtonsoft.Json.JsonReaderException", "Unexpected character in the body.").body())
        except Refusal as refusal:
            return _json(refusal.status, refusal.body())
        return _json(status, answer)

    def _authenticate(self, headers: Mapping[str, str]) -> None:
        if headers.get("x-api-key") != API_KEY:
            raise unauthorised("The API key is missing or invalid.")
        scheme, _, credential = headers.get("authorization", "").partition(" ")
        pair = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
        token = self.store.table("tokens").get(credential) if scheme == "Bearer" else None
        if not (scheme == "Basic" and credential == pair) and (token is None or token["expires"] <= self.clock.now()):
            raise unauthorised("Authorization has been denied for this request.")
        if self.struck("converting") is not None:
            raise Refusal(503, "Ice.Common.ConversionsPendingException", "The server is being updated.")

    def _serve(self, rest: str, method: str, query: dict[str, str], body: Any, headers: Mapping[str, str]) -> tuple[int, Any]:
        door, _, below = rest.partition("/")
        company, _, place = below.partition("/")
        if company != COMPANY:
            raise Refusal(404, "Ice.Common.BusinessObjectException", f"Company {company} is invalid.")
        service, _, name = place.partition("/")
        fault = self.armed.get("narrow_scope")
        if fault is not None and fault["service"] == service and self.struck("narrow_scope"):
            raise Refusal(403, "System.UnauthorizedAccessException", f"Access scope does not allow {service}.")
        if door == "efx" and method == "POST" and (service, name) == (LIBRARY, FUNCTION):
            return 200, self.changes.function(body)
        if door != "odata":
            raise Refusal(404, "", "Resource not found.")
        self._session(service, name, headers)
        if (service, name) == ("Ice.Lib.SessionModSvc", "Logout"):
            return 200, self._log_out(headers)
        if name in self.methods.get(service, {}):
            return 200, self._method(service, name, method, query, body)
        return self._entities(place, method, query, body)

    def _method(self, service: str, name: str, method: str, query: dict[str, str], body: Any) -> Row:
        """Writing methods take POST only; every parameter by its exact name, and no other."""
        if method != "POST" and not (method == "GET" and name in _READ_ONLY):
            raise Refusal(405, "", "The requested resource does not support this HTTP method.")
        given = body if method == "POST" else {key: int(value) for key, value in query.items()}
        function = self.methods[service][name]
        wanted = set(inspect.signature(function).parameters)
        for missing in sorted(wanted - set(given)):
            raise Refusal(400, "Ice.Common.BusinessObjectException", f"Parameter {missing} is not found in the input object.")
        for unknown in sorted(set(given) - wanted):
            raise Refusal(400, "Ice.Common.BusinessObjectException", f"Parameter {unknown} is not a parameter of {name}.")
        return function(**given)

    def _entities(self, place: str, method: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        service, _, name = place.partition("/")
        entity = _ENTITY.fullmatch(name)
        if entity is not None and f"{service}/{entity['set']}" == "Erp.BO.ARInvoiceSvc/ARInvoices" and entity["company"] == COMPANY:
            return self._entity(entity["key"], method, body)
        if method == "POST" and place == "Erp.BO.CustomerSvc/Customers":
            return 201, {"@odata.context": f"$metadata#{name}", **self.company.create_customer(body)}
        known = self._sets().get(place)
        if known is None or method != "GET":
            raise Refusal(404, "", f"Resource not found for the segment '{name}'.")
        rows, fixed = known
        fields = fixed or {name for name in next(iter(rows(Condition(bool))), ()) if not name.startswith("_")}
        return 200, odata.answer(rows, fields, query, f"$metadata#{name}")

    def _entity(self, key: str, method: str, body: Any) -> tuple[int, Any]:
        if method == "GET":
            return 200, {"@odata.context": "$metadata#ARInvoices/$entity", **self.company.get("InvcHead", key)["head"]}
        if method == "PATCH":
            self.changes.patch(key, body)
        elif method == "DELETE":
            self.changes.delete(key)
        else:
            raise not_found()
        return 204, None

    # -- sessions -------------------------------------------------------------------------------------------------------------

    def _log_in(self) -> Row:
        session = str(uuid.uuid4())
        self.store.table("sessions")[session] = {"seen": self.clock.now()}
        return {"returnObj": session}

    def _log_out(self, headers: Mapping[str, str]) -> Row:
        session = json.loads(headers.get("license", "{}")).get("SessionID", "")
        self.store.table("sessions").pop(session, None)
        return {"parameters": {}}

    def _session(self, service: str, name: str, headers: Mapping[str, str]) -> None:
        session = json.loads(headers.get("license", "{}")).get("SessionID", "")
        if not session or (service, name) == ("Ice.Lib.SessionModSvc", "Login"):
            return
        known = self.store.table("sessions").get(session)
        if known is None or known["seen"] + timedelta(seconds=SESSION_LIFE) <= self.clock.now():
            raise Refusal(410, "Ice.Common.InvalidSessionException", "The session is no longer valid.")
        known["seen"] = self.clock.now()

    # -- what is booked -------------------------------------------------------------------------------------------------------

    def books(self) -> Books:
        """All documents but cancellation memos (the void status of their invoice stands for both), and posted receipts."""
        self.agent.work()
        invoices = [each for each in self.store.table("InvcHead").values() if not each["head"]["RefCancelled"]]
        receipts = [row for row in self.store.table("CashHead").values() if row["Posted"]]
        return Books(documents=[booked(each) for each in invoices], payments=[self._receipt(row) for row in receipts])

    def _receipt(self, head: Row) -> BookedPayment:
        lines = [row for row in self.store.table("CashDtl").values() if row["HeadNum"] == head["HeadNum"]]
        return BookedPayment(
            remote_id=str(head["HeadNum"]),
            reference=head["CheckRef"],
            currency=head["CurrencyCode"],
            amount=head["DocTranAmt"],
            applied={str(line["InvoiceNum"]): line["DocTranAmt"] for line in lines},
            status="void" if head["ReverseRef"] else "posted",
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
                "api_key": API_KEY,
                "company": COMPANY,
                "plant": PLANT,
                "auth": "token",
                "time_zone": "UTC",
                "keep_session": True,
                "freight_misc_code": "FRT",
                "sales_cat_id": "SERV",
                "prod_code": "SERV",
                "dimensions": "department=2 warehouse=3",
                "bank_acct_id": "1000",
                "territory_id": "NORTH",
                "sales_rep_code": "HOUSE",
                "customer_terms": "N30",
            },
        }


LISTS = {
    "Erp.BO.PartSvc/Parts": "Part",
    "Erp.BO.TermsSvc/Terms": "Terms",
    "Erp.BO.CurrencySvc/Currencies": "Currency",
    "Erp.BO.TaxCatSvc/TaxCats": "TaxCat",
    "Erp.BO.TaxRgnSvc/TaxRgns": "TaxRgn",
    "Erp.BO.COASegValuesSvc/COASegValues": "COASegValues",
    "Erp.BO.UOMSvc/UOMs": "UOM",
    "Erp.BO.PayMethodSvc/PayMethods": "PayMethod",
    "Erp.BO.CountrySvc/Countries": "Country",
}


def _json(status: int, body: Any) -> Response:
    if body is None:
        return Response(status_code=status)
    return Response(_encoder.encode(body), status, media_type="application/json; charset=utf-8")
