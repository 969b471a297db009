"""The simulator's doors and routes: log-in, load, info, update, invoke, events; application errors are HTTP 200 with Success false."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from fastapi import Request, Response

from airbooks.platforms.infor_syteline.sandbox import auth
from airbooks.platforms.infor_syteline.sandbox.auth import CONFIG, TENANT, Doors
from airbooks.platforms.infor_syteline.sandbox.books import booked, booked_payments
from airbooks.platforms.infor_syteline.sandbox.changes import HOME, SITE, Changes
from airbooks.platforms.infor_syteline.sandbox.database import Database
from airbooks.platforms.infor_syteline.sandbox.posting import POST_DOCUMENT, POST_RECEIPT, Posting
from airbooks.platforms.infor_syteline.sandbox.schema import RefusalError, Row, ido
from airbooks.platforms.infor_syteline.sandbox.seed import seed_site
from airbooks.sandbox.kit import Books, Context, Simulator

SERVICE = "/IDORequestService/ido"
SUITE = "CSI"
EVENTS = {"AirbooksPost": POST_DOCUMENT, "AirbooksPostPayment": POST_RECEIPT}


@dataclass(frozen=True)
class Call:
    """One request, its body read; `door` is the one it came through."""

    request: Request
    body: bytes
    door: str

    def part(self, name: str) -> str:
        return str(self.request.path_params[name])

    @property
    def asks(self) -> dict[str, str]:
        return dict(self.request.query_params)

    def json(self) -> Any:
        if "application/json" not in self.request.headers.get("content-type", ""):
            raise RefusalError("The Content-Type must be application/json.")
        try:
            return json.loads(self.body)
        except ValueError:
            raise RefusalError("The body is not JSON.") from None


class InforSyteLineSimulator(Simulator):
    """One American site (USD) of SyteLine, reached through the ION gateway and directly."""

    slug = "infor_syteline"
    faults: ClassVar[dict[str, str]] = {
        "expire_tokens": "Every token has ended.",
        "invoke_ends_session": "A method ends the session of the token that called it.",
        "no_licence": "The user has no licence.",
        "no_privilege": "The user lacks a privilege on the IDO.",
        "close_period": "Everything dated up to `until` (YYYYMMDD) is in a closed period; `where` (insert or posting) notices it.",
        "sequence_locked": "Another invoicing task holds the number sequence.",
        "deadlock": "A distribution is the victim of a deadlock.",
        "refuse_distribution": "A distribution is refused.",
        "posting_error": "Posting answers return value 16 and an Infobar.",
        "skip_posting": "Posting leaves the document where it is and says nothing.",
        "empty_refresh": "RefreshItems of an update is empty.",
        "schema_drift": "The property `property` is missing from every row of a load of `ido`.",
        "fixed_customers": "SLCustomers takes neither Name nor CurrCode.",
    }

    def __init__(self, context: Context) -> None:
        self.database = Database(context.store, context.clock)
        self.changes = Changes(self.database, self.struck)
        self.posting = Posting(self.database, self.changes, self.struck)
        self.doors = Doors(context.store, context.clock)
        super().__init__(context)

    def seed(self) -> None:
        seed_site(self.database, self.context.options.get("catalogue", []))

    def inject(self, fault: str, parameters: Row) -> None:
        super().inject(fault, parameters)
        if fault == "close_period":
            self.store.table("period")["closed"] = {"where": "insert", **parameters}

    def clear_faults(self) -> None:
        super().clear_faults()
        self.store.table("period").clear()

    # -- end points -----------------------------------------------------------------------------------------------------------

    def routes(self) -> None:
        self.router.add_api_route(f"/{TENANT}/as/token.oauth2", self._grant, methods=["POST"])
        self.router.add_api_route(f"{SERVICE}/token/{{config}}", self._log_in, methods=["GET"])
        for door, prefix in (("direct", SERVICE), ("ion", f"/{TENANT}/{SUITE}{SERVICE}")):
            self._add(door, "GET", f"{prefix}/configurations", self._configurations)
            self._add(door, "GET", f"{prefix}/load/{{ido}}", self._load)
            self._add(door, "GET", f"{prefix}/info/{{ido}}", self._info)
            self._add(door, "POST", f"{prefix}/update/{{ido}}", self._update)
            self._add(door, "POST", f"{prefix}/invoke/{{ido}}", self._invoke)
            self._add(door, "POST", f"{prefix}/aes/{{event}}", self._event)

    def _add(self, door: str, method: str, path: str, operation: Callable[[Call], Row]) -> None:
        async def endpoint(request: Request) -> Response:
            call = Call(request, await request.body(), door)
            refused = self._refused(call)
            if refused is not None:
                return refused
            try:
                return _answer(200, operation(call))
            except RefusalError as refusal:
                return _answer(200, {"Success": False, "Message": str(refusal), "RefreshItems": None, "Bookmark": None})

        self.router.add_api_route(path, endpoint, methods=[method])

    def _refused(self, call: Call) -> Response | None:
        """What stands before the service: token, configuration, licence."""
        if self.struck("expire_tokens"):
            self.doors.end_all()
        if not self.doors.admits(call.door, call.request.headers.get("authorization", "")):
            if call.door == "ion":
                return _answer(401, {"error": "unauthorized", "error_description": "Error validating OAuth credentials"})
            return _answer(200, {"Success": False, "Message": "Invalid token"})
        config = call.request.headers.get("x-infor-mongooseconfig")
        if call.door == "ion" and config != CONFIG:
            return _answer(400, {"Success": False, "Message": "The header X-Infor-MongooseConfig is required."})
        for fault, says in (
            ("no_licence", "You are not licensed to use this module."),
            ("no_privilege", "User requires [Read] privilege for CMP_SLArinvs."),
        ):
            if self.struck(fault):
                return _answer(200, {"Success": False, "Message": says})
        return None

    async def _grant(self, request: Request) -> Response:
        return _answer(*self.doors.grant(dict(parse_qsl((await request.body()).decode()))))

    async def _log_in(self, request: Request) -> Response:
        return _answer(200, self.doors.log_in(str(request.path_params["config"]), request.headers))

    @staticmethod
    def _configurations(_: Call) -> Row:
        return {"Success": True, "Message": None, "Configurations": [CONFIG]}

    def _load(self, call: Call) -> Row:
        page = self.database.load(call.part("ido"), call.asks)
        drift = self.armed.get("schema_drift") or {}
        if drift.get("ido") == call.part("ido"):
            page["Items"] = [{name: value for name, value in row.items() if name != drift["property"]} for row in page["Items"]]
        return page

    def _info(self, call: Call) -> Row:
        of = ido(call.part("ido"))
        fixed = {"Name", "CurrCode"} if of.name == "SLCustomers" and self.struck("fixed_customers") else set()
        properties = [
            {
                "Name": each.name,
                "DataType": each.kind,
                "Length": each.length,
                "DecimalPos": 8 if each.kind == "decimal" else 0,
                "ReadOnly": each.read_only or not of.writable or each.name in fixed,
                "Required": each.required,
            }
            for each in of.props
        ]
        return {"Success": True, "Message": None, "PrimaryBaseTable": of.table, "Keys": list(of.keys), "Properties": properties}

    def _update(self, call: Call) -> Row:
        return self.changes.update(call.part("ido"), call.json(), refresh=call.asks.get("refresh") == "true")

    def _invoke(self, call: Call) -> Row:
        parameters = call.json()
        if not isinstance(parameters, list):
            raise RefusalError("The parameters must be a list.")
        if self.struck("invoke_ends_session"):
            self.doors.end(call.request.headers["authorization"])
        return self.posting.call(call.part("ido"), call.asks.get("method", ""), parameters)

    def _event(self, call: Call) -> Row:
        name, parameters = call.part("event"), call.json()
        if name not in EVENTS:
            raise RefusalError(f"The event {name} is not defined.")
        values = {each["Name"]: each["Value"] for each in parameters}
        wanted = ("CustNum", "InvNum", "InvSeq") if EVENTS[name] == POST_DOCUMENT else ("BankCode", "CustNum", "Type", "CheckNum")
        if set(values) != set(wanted):
            raise RefusalError(f"The event {name} needs the parameters {', '.join(wanted)}.")
        post = self.posting.document if EVENTS[name] == POST_DOCUMENT else self.posting.receipt
        infobar = post(*(values[each] for each in wanted))
        if infobar:
            raise RefusalError(infobar)
        return {"Success": True, "Message": None, "EventName": name, "Parameters": parameters}

    # -- what is booked -------------------------------------------------------------------------------------------------------

    def books(self) -> Books:
        return Books(documents=booked(self.database), payments=booked_payments(self.database))

    def post_waiting(self) -> None:
        """What the finance team's posting task does."""
        for row in self.database.rows("SLArinvs"):
            self.posting.document(row["CustNum"], row["InvNum"], row["InvSeq"])

    def close_before(self, day: date) -> None:
        """Close every period up to a day."""
        self.inject("close_period", {"until": f"{day:%Y%m%d}"})

    def connection(self) -> Row:
        """Through the gateway, posting by method."""
        return {
            "conn_type": self.slug,
            "host": self.context.base_url,
            "schema": None,
            "port": None,
            "login": auth.SAAK,
            "password": auth.SASK,
            "extra": {
                "mode": "ion",
                "config": CONFIG,
                "tenant": TENANT,
                "suite": SUITE,
                "client_id": auth.CLIENT_ID,
                "client_secret": auth.CLIENT_SECRET,
                "token_url": f"{self.context.base_url}/{TENANT}/as/token.oauth2",
                "home_currency": HOME,
                "site": SITE,
                "ar_account": "1100",
                "tax_account": "2200",
                "revenue_account": "4010",
                "discount_account": "4950",
                "bank_code": "B01",
                "customer_terms": "N30",
                "post_mode": "method",
                "post_method": POST_DOCUMENT,
                "post_method_params": '["{CustNum}", "{InvNum}", "{InvSeq}", null]',
                "payment_post_method": POST_RECEIPT,
                "payment_post_params": '["{BankCode}", "{CustNum}", "{Type}", "{CheckNum}", null]',
            },
        }

    def direct_connection(self) -> Row:
        """The same site without the gateway."""
        found = self.connection()
        gateway = {"tenant", "suite", "client_id", "client_secret", "token_url"}
        extra = {name: value for name, value in found["extra"].items() if name not in gateway}
        return {**found, "login": auth.USER, "password": auth.PASSWORD, "extra": {**extra, "mode": "direct"}}


def _answer(status: int, body: Row) -> Response:
    return Response(json.dumps(body), status, media_type="application/json")
