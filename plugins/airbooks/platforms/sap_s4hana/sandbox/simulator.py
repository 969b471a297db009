"""One S/4HANA system with company code 1710: SOAP posting and clearing, OData V2 for open items, accounts and business partners."""

from __future__ import annotations

import json
import re
import secrets
from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import ClassVar
from urllib.parse import urlencode

from fastapi import Request, Response
from lxml import etree

from airbooks.platforms.sap_s4hana.sandbox import answers, company, cube, partners
from airbooks.platforms.sap_s4hana.sandbox.books import books
from airbooks.platforms.sap_s4hana.sandbox.clearing import Clearing
from airbooks.platforms.sap_s4hana.sandbox.journal import Journal
from airbooks.platforms.sap_s4hana.sandbox.partners import Partners, RefusedPartner
from airbooks.platforms.sap_s4hana.sandbox.posting import Posting, RefusedEntry
from airbooks.platforms.sap_s4hana.sandbox.query import PAGE, Filter, QueryError, columns, ordered, shown
from airbooks.platforms.sap_s4hana.sandbox.schema import SFIN, faults_of
from airbooks.sandbox.kit import Books, Context, Row, Simulator

POST = "/sap/bc/srt/scs_ext/sap/journalentrycreaterequestconfi"
CLEAR = "/sap/bc/srt/scs_ext/sap/journalentrybulkclearingreques"
ODATA = "/sap/opu/odata/sap"
ACTIONS = {
    POST: f'"{SFIN}/JournalEntryCreateRequestConfirmation_In/JournalEntryCreateRequestConfirmation_InRequest"',
    CLEAR: f'"{SFIN}/JournalEntryBulkClearingRequest_In/JournalEntryBulkClearingRequest_InRequest"',
}
SESSION = timedelta(minutes=30)  # of a CSRF token and its cookies (not published)
ACCOUNT_KINDS: Mapping[str, Mapping[str, str]] = {
    "A_GLAccountInChartOfAccounts": {
        **dict.fromkeys(("ChartOfAccounts", "GLAccountType"), "text"),
        "GLAccount": "number",
        **dict.fromkeys(("AccountIsBlockedForPosting", "AccountIsMarkedForDeletion"), "bool"),
    },
    "A_GLAccountText": {"ChartOfAccounts": "text", "GLAccount": "number", "Language": "text", "GLAccountName": "text"},
}
SERVICES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "API_OPLACCTGDOCITEMCUBE_SRV": {cube.ENTITY: cube.KINDS},
    "API_BUSINESS_PARTNER": partners.KINDS,
    "API_GLACCOUNTINCHARTOFACCOUNTS_SRV": ACCOUNT_KINDS,
}


class SapS4HanaSimulator(Simulator):
    """One system, one communication user."""

    slug: ClassVar[str] = "sap_s4hana"
    faults: ClassVar[dict[str, str]] = {
        "lock_period": "The posting period is closed through the date `through` (YYYY-MM-DD; default for good).",
        "lock_customer": "The customer's account is being processed by another user.",
        "require_profit_center": "Revenue accounts require a profit centre.",
        "missing_rate": "The table of exchange rates has no rate.",
        "warning": "Every entry that is booked comes with a warning (severity 2).",
        "error_with_number": "An entry is booked, and its log holds an error nevertheless.",
        "silent_refusal": "An entry is not booked, and its log is empty.",
        "shifted_fiscal_year": "The fiscal year is not the calendar year: it is one ahead.",
        "cube_lag": "Open items show a posting only after `seconds` (default 60).",
        "slow_clearing": "A clearing is done only after `seconds` (default 60).",
        "partial_posts_items": "A partial payment clears the payment's item and posts a new one that names the invoice.",
        "clearing_fails": "A clearing fails, which only the Message Dashboard tells.",
        "small_pages": "OData answers hold at most `rows` rows (default 2).",
        "missing_arrangement": "The user may not call the service whose path contains `service`.",
        "stale_csrf": "Every CSRF token has ended.",
    }

    def __init__(self, context: Context) -> None:
        self.journal = Journal(context)
        self.posting = Posting(self.journal, self.struck)
        self.clearing = Clearing(self.journal, self.struck)
        self.partners = Partners(context.store)
        self.tokens = context.store.table("tokens")
        super().__init__(context)

    def routes(self) -> None:
        self.router.add_api_route(POST, self.post_entries, methods=["POST"])
        self.router.add_api_route(CLEAR, self.clear_items, methods=["POST"])
        self.router.add_api_route(f"{ODATA}/{{service}}/{{rest:path}}", self.odata, methods=["GET", "POST", "PATCH"])

    def seed(self) -> None:
        company.seed(self.store, self.context.options.get("catalogue", []))

    def books(self) -> Books:
        self.clearing.settle()
        return books(self.journal)

    def connection(self) -> Row:
        assignments = [f"{kind}:{value}" for kind, values in company.ASSIGNMENTS.items() for value in sorted(values)]
        extra = {
            "company_code": company.COMPANY,
            "home_currency": company.HOME,
            "chart_of_accounts": company.CHART,
            "sap_client": company.CLIENT,
            "tax_codes": " ".join(company.TAX_CODES),
            "account_assignments": " ".join(assignments),
            "discount_gl": "4800",
            "freight_gl": "4900",
            "send_material": True,
            "bank_gl": company.BANK,
            "house_bank": company.HOUSE_BANK,
            "house_bank_account": company.HOUSE_BANK_ACCOUNT,
            "reconciliation_account": company.RECONCILIATION,
            "customer_terms": "NT30",
        }
        user = {"login": company.USER, "password": company.PASSWORD}
        return {"conn_type": self.slug, "host": self.context.base_url, "schema": None, "port": None, **user, "extra": extra}

    # -- at the door ----------------------------------------------------------------------------------------------------------

    def _stopped(self, request: Request) -> Response | None:
        """The web server's answer to a call that does not get through."""
        if not self._known(request.headers.get("authorization", "")):
            return answers.page(401, "Anmeldung fehlgeschlagen", {"WWW-Authenticate": 'Basic realm="SAP NetWeaver Application Server"'})
        if request.query_params.get("sap-client", company.CLIENT) != company.CLIENT:
            return answers.page(404, "Service cannot be reached")
        barred = self.armed.get("missing_arrangement")
        if barred is not None and str(barred.get("service", "")) in request.url.path:
            return answers.page(403, "Forbidden")
        self.clearing.settle()
        return None

    @staticmethod
    def _known(header: str) -> bool:
        scheme, _, credentials = header.partition(" ")
        try:
            return scheme.lower() == "basic" and b64decode(credentials).decode() == f"{company.USER}:{company.PASSWORD}"
        except ValueError:
            return False

    # -- SOAP -----------------------------------------------------------------------------------------------------------------

    async def _message(self, request: Request, path: str, root: str) -> etree._Element | Response:
        """The message of a SOAP request, which must fit the schema to the letter."""
        body = await request.body()
        if stopped := self._stopped(request):
            return stopped
        if not request.headers.get("content-type", "").lower().startswith("text/xml"):
            return answers.fault("The content type is not text/xml")
        if request.headers.get("soapaction") != ACTIONS[path]:
            return answers.fault("The SOAPAction does not name an operation of this service")
        try:
            envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            return answers.fault(f"XML parse error: {error.msg}")
        message = envelope.find(f"{{{answers.SOAP}}}Body/{{{SFIN}}}{root}")
        if message is None:
            return answers.fault(f"The body holds no {root}")
        wrong = faults_of(message)
        return answers.fault(wrong) if wrong else message

    async def post_entries(self, request: Request) -> Response:
        message = await self._message(request, POST, "JournalEntryBulkCreateRequest")
        if isinstance(message, Response):
            return message
        entries = [(each.findtext("MessageHeader/ID") or "", *self._booked(each)) for each in message.iterfind("JournalEntryCreateRequest")]
        return answers.confirmation(message.findtext("MessageHeader/ID") or "", entries, self.clock.now())

    def _booked(self, request: etree._Element) -> tuple[Row | None, list[answers.Note]]:
        """Book one entry on its own. A repeated message id is not noticed: it is booked again."""
        if self.struck("silent_refusal"):
            return None, []
        entry = request.find("JournalEntry")
        assert entry is not None  # noqa: S101 the schema demands it
        try:
            row = self.posting.book(entry)
        except RefusedEntry as refused:
            first = ("609(RW)", "3", "Error in document: BKPFF $ S4HCLNT100")
            return None, [first, *((code, "3", text) for code, text in refused.notes)]
        key = f"{row['number']}{row['company']}{row['year']}"
        notes: list[answers.Note] = [("605(RW)", "1", f"Document posted successfully: BKPFF {key} S4HCLNT100")]
        if self.struck("warning"):
            notes.append(("020(FINS)", "2", "Check the payment terms of the customer"))
        if self.struck("error_with_number"):
            notes.append(("001(FINS)", "3", "The update of a follow-on process failed"))
        return row, notes

    async def clear_items(self, request: Request) -> Response:
        message = await self._message(request, CLEAR, "JournalEntryBulkClearingRequest")
        if isinstance(message, Response):
            return message
        for each in message.iterfind("JournalEntryClearingRequest"):
            entry = each.find("JournalEntry")
            assert entry is not None  # noqa: S101 the schema demands it
            self.clearing.take_on(each.findtext("MessageHeader/ID") or secrets.token_hex(16), entry)
        return Response(status_code=202)

    # -- OData ----------------------------------------------------------------------------------------------------------------

    async def odata(self, request: Request, service: str, rest: str) -> Response:
        body = await request.body()
        if stopped := self._stopped(request):
            return stopped
        if service not in SERVICES:
            return answers.odata_error(404, "/IWFND/MED/170", f"No service found for namespace '', name '{service}', version '0001'")
        if not self._wants_json(request):
            return Response("<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'/>", media_type="application/atom+xml")
        if request.method != "GET":
            return self._write(request, service, rest, body)
        if not rest:
            return answers.odata({"d": {"EntitySets": sorted(SERVICES[service])}}, headers=self._session(request))
        return self._read(request, service, rest)

    @staticmethod
    def _wants_json(request: Request) -> bool:
        return "application/json" in request.headers.get("accept", "") or request.query_params.get("$format") == "json"

    def _read(self, request: Request, service: str, rest: str) -> Response:
        entity, _, key = rest.partition("(")
        kinds = SERVICES[service].get(entity)
        if kinds is None:
            return answers.odata_error(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{entity}'")
        if key:
            return self._one(entity, key, kinds)
        try:
            return self._many(request, service, entity, kinds)
        except QueryError as error:
            return answers.odata_error(400, "005056A509B11EE1B9A8FEC11C21978E", str(error))

    def _one(self, entity: str, key: str, kinds: Mapping[str, str]) -> Response:
        found = self.partners.table.get(key.strip("()'")) if entity == "A_BusinessPartner" else None
        if found is None:
            return answers.odata_error(404, "/IWBEP/CM_MGW_RT/020", f"Resource not found for segment '{entity}'")
        row = shown(found, kinds, kinds, f"API_BUSINESS_PARTNER.{entity}Type", f"{self.context.base_url}{ODATA}")
        return answers.odata({"d": row}, headers={"etag": partners.etag(found)})

    def _many(self, request: Request, service: str, entity: str, kinds: Mapping[str, str]) -> Response:
        query = request.query_params
        names = columns(query.get("$select", ""), kinds)
        wanted = Filter(query.get("$filter", ""), kinds)
        rows = ordered(self._rows(entity, wanted), query.get("$orderby", ""), kinds)
        skip = int(query.get("$skiptoken") or query.get("$skip") or 0)
        small = self.armed.get("small_pages")
        size = int(small.get("rows", 2)) if small is not None else PAGE
        top = int(query.get("$top") or len(rows))
        part = rows[skip : skip + min(size, top)]
        uri = f"{self.context.base_url}{ODATA}/{service}/{entity}"
        content: Row = {"results": [shown(row, names, kinds, f"{service}.{entity}Type", uri) for row in part]}
        if query.get("$inlinecount") == "allpages":
            content["__count"] = str(len(rows))
        if len(part) == size and skip + size < min(len(rows), skip + top):
            content["__next"] = f"{uri}?{urlencode({**query, '$skiptoken': str(skip + size)})}"
        return answers.odata({"d": content})

    def _rows(self, entity: str, wanted: Filter) -> Iterator[Row]:
        if entity == cube.ENTITY:
            return cube.rows(self.journal, wanted)
        rows = self._accounts(entity) if entity in ACCOUNT_KINDS else self.partners.rows(entity)
        return (row for row in rows if wanted.accepts(row))

    def _accounts(self, entity: str) -> Iterator[Row]:
        for row in self.store.table("accounts").values():
            account = {"ChartOfAccounts": company.CHART, "GLAccount": row["GLAccount"]}
            if entity == "A_GLAccountText":
                yield {**account, "Language": "EN", "GLAccountName": row["GLAccountName"]}
            else:
                flags = {"AccountIsBlockedForPosting": row["blocked"], "AccountIsMarkedForDeletion": False}
                yield {**account, "GLAccountType": row["GLAccountType"], **flags}

    # -- writing --------------------------------------------------------------------------------------------------------------

    def _session(self, request: Request) -> dict[str, str]:
        """A CSRF token, on demand, with the cookie of the session that it belongs to."""
        if request.headers.get("x-csrf-token", "").lower() != "fetch":
            return {}
        token, session = secrets.token_urlsafe(16) + "==", secrets.token_urlsafe(24)
        self.tokens[token] = {"session": session, "until": self.clock.now() + SESSION}
        cookie = f"SAP_SESSIONID_S4H_{company.CLIENT}={session}; path=/; secure; HttpOnly"
        return {"x-csrf-token": token, "set-cookie": cookie}

    def _has_token(self, request: Request) -> bool:
        token = self.tokens.get(request.headers.get("x-csrf-token", ""))
        if token is None or token["until"] <= self.clock.now() or self.struck("stale_csrf"):
            return False
        return bool(request.cookies.get(f"SAP_SESSIONID_S4H_{company.CLIENT}") == token["session"])

    def _write(self, request: Request, service: str, rest: str, body: bytes) -> Response:
        if not self._has_token(request):
            return Response("CSRF token validation failed", 403, {"x-csrf-token": "Required"}, media_type="text/plain")
        content = _object(body)
        if content is None:
            return answers.odata_error(400, "/IWBEP/CM_MGW_RT/176", "The request body does not contain valid data")
        try:
            return self._written(request, service, rest, content)
        except RefusedPartner as refused:
            return answers.odata_error(400, refused.code, refused.message, refused.prop)

    def _written(self, request: Request, service: str, rest: str, body: Row) -> Response:
        changed = re.fullmatch(r"A_BusinessPartner\('(\w+)'\)", rest)
        if service == "API_BUSINESS_PARTNER" and request.method == "PATCH" and changed:
            return self._changed(request, changed[1], body)
        if service != "API_BUSINESS_PARTNER" or rest != "A_BusinessPartner" or request.method != "POST":
            return answers.odata_error(405, "/IWBEP/CM_MGW_RT/022", f"Method {request.method} is not allowed for '{rest}'")
        partner = self.partners.create(body)
        kinds = partners.KINDS["A_BusinessPartner"]
        row = shown(partner, kinds, kinds, "API_BUSINESS_PARTNER.A_BusinessPartnerType", f"{self.context.base_url}{ODATA}")
        return answers.odata({"d": row}, 201, {"etag": partners.etag(partner)})

    def _changed(self, request: Request, number: str, body: Row) -> Response:
        """A change needs the version that it was made from."""
        row = self.partners.table.get(number)
        if row is None:
            return answers.odata_error(404, "/IWBEP/CM_MGW_RT/020", "Resource not found for segment 'A_BusinessPartner'")
        if "if-match" not in request.headers:
            return answers.odata_error(428, "/IWFND/CM_MGW/574", "The precondition for the request is missing")
        if request.headers["if-match"] not in ("*", partners.etag(row)):
            return answers.odata_error(412, "/IWFND/CM_MGW/575", "The precondition of the request was not met")
        self.partners.change(number, body)
        return Response(status_code=204)


def _object(body: bytes) -> Row | None:
    """A JSON object, or None for anything else."""
    try:
        content = json.loads(body)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None
