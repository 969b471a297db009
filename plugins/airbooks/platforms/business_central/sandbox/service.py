"""One request to the API, whether it came alone or inside a $batch: URL, version checks, query options, the shape of the answer."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode

from airbooks.platforms.business_central.sandbox import query as odata
from airbooks.platforms.business_central.sandbox.bodies import parse
from airbooks.platforms.business_central.sandbox.company import COMPANY_ID, Company
from airbooks.platforms.business_central.sandbox.documents import CREDIT_MEMOS, INVOICES, Documents
from airbooks.platforms.business_central.sandbox.journals import JOURNALS, PAYMENTS, Journals
from airbooks.platforms.business_central.sandbox.posting import ENTRIES, Posting
from airbooks.platforms.business_central.sandbox.refusal import Refusal, not_allowed, resource_not_found
from airbooks.platforms.business_central.sandbox.resources import (
    COMPANIES,
    Companies,
    Customers,
    DimensionLines,
    DimensionValues,
    GeneralJournals,
    LedgerEntries,
    PaymentJournals,
    Payments,
    Place,
    PostedInvoices,
    Resource,
    Sales,
    SalesLines,
)
from airbooks.platforms.business_central.sandbox.shapes import CARDS, Entity
from airbooks.sandbox.kit import Row

MAIN_GROUP, FINANCE_GROUP, AUTOMATE_GROUP = "v2.0", "microsoft/reportsFinance/beta", "microsoft/automate/v1.0"
REPLICA_LAG = 5.0  # seconds; the vendor names no figure
_SEGMENT = re.compile(r"([A-Za-z][\w.]*)(?:\(([^()]*)\))?")
_ACTION = "Microsoft.NAV."
# The company's language is German; callers that want to read codes and words of a fixed language ask for en-US.
_GERMAN = {
    "Posting Date is not within your range of allowed posting dates.": "Buchungsdatum liegt nicht in Ihrem Buchungszeitraum.",
}


@dataclass(frozen=True, slots=True)
class Call:
    """A request below `/api/`: `root` is the full URL of its API group, `path` what follows it."""

    method: str
    group: str
    root: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | dict[str, Any] = b""

    def json(self) -> dict[str, Any]:
        return self.body if isinstance(self.body, dict) else parse(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON body (None: empty), headers."""

    status: int
    body: dict[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def refused(refusal: Refusal, language: str = "en-US") -> Answer:
    """The answer to a refused request."""
    message = refusal.message if language.lower().startswith("en") else _GERMAN.get(refusal.message, refusal.message)
    return Answer(refusal.status, {"error": {"code": refusal.code, "message": f"{message}  CorrelationId:  {uuid.uuid4()}."}})


class Service:
    """The API of one company."""

    def __init__(self, company: Company) -> None:
        self.company = company
        self.posting = Posting(company)
        self.groups: dict[str, Mapping[tuple[str, ...], Resource]] = {
            MAIN_GROUP: _main_resources(company, self.posting),
            FINANCE_GROUP: {(ENTRIES,): LedgerEntries(company)},
            AUTOMATE_GROUP: {("postedSalesInvoices",): PostedInvoices(company)},
        }

    def serve(self, call: Call) -> Answer:
        """The answer to one request; refusals are answers too."""
        try:
            return self._serve(call)
        except Refusal as refusal:
            return refused(refusal, call.headers.get("accept-language", ""))

    def _serve(self, call: Call) -> Answer:
        segments = _segments(call.path)
        if call.method != "GET" and self.company.struck("forbid_writes"):
            raise Refusal(403, "Authorization_RequestDenied", "The current user does not have permission to write to this table.")
        if segments[0][0] == "companies" and len(segments) == 1:
            return self._read(call, Companies(self.company, "companies", COMPANIES), Place({}, segments[0][1]), "companies")
        return self._in_company(call, segments)

    def _in_company(self, call: Call, segments: list[tuple[str, str]]) -> Answer:
        (head, company_id), *rest = segments
        if head != "companies" or not company_id:
            raise resource_not_found(head)
        if company_id != COMPANY_ID:
            raise Refusal(404, "Internal_CompanyNotFound", f"Cannot find company '{company_id}'.")
        action = rest.pop()[0] if rest[-1][0].startswith(_ACTION) else ""
        resource = self.groups[call.group].get(tuple(name for name, _ in rest))
        if resource is None:
            raise resource_not_found(rest[-1][0] if rest else action)
        place = Place(dict(rest[:-1]), rest[-1][1], call.query.get("$filter", ""))
        if action:
            return self._act(call, resource, place, action)
        return self._on_row(call, resource, place, rest[-1][0])

    def _act(self, call: Call, resource: Resource, place: Place, action: str) -> Answer:
        if call.method != "POST":
            raise not_allowed(call.method)
        resource.act(resource.row(place), action)
        return Answer(204)

    def _on_row(self, call: Call, resource: Resource, place: Place, name: str) -> Answer:
        if call.method == "GET":
            return self._read(call, resource, place, name)
        if call.method == "POST" and not place.key:
            row = resource.insert(place, call.json())
            return self._one(call, resource, row, name, 201)
        if call.method in {"PATCH", "DELETE"} and place.key:
            return self._change(call, resource, place, name)
        raise not_allowed(call.method)

    def _change(self, call: Call, resource: Resource, place: Place, name: str) -> Answer:
        row = resource.row(place)
        _check_version(call.headers.get("if-match", ""), resource.tag(row))
        if call.method == "DELETE":
            resource.remove(row, place)
            return Answer(204)
        return self._one(call, resource, resource.modify(row, place, call.json()), name, 200)

    # -- reading --------------------------------------------------------------------------------------------------------------

    def _read(self, call: Call, resource: Resource, place: Place, name: str) -> Answer:
        if place.key:
            return self._one(call, resource, resource.row(place), name, 200)
        entity, query = resource.entity, call.query
        condition = odata.condition(query.get("$filter", ""), entity)
        rows = [row for row in resource.matching(place, condition) if condition.holds(row) and self._is_visible(row, call, resource)]
        rows = odata.ordered(rows, query.get("$orderby", ""), entity)
        count = len(rows)
        rows = rows[odata.count_option(query, "$skip") or 0 :]
        top = odata.count_option(query, "$top")
        rows = rows if top is None else rows[:top]
        size = odata.page_size(call.headers.get("prefer", ""), self.company.context.options.get("page_size", odata.PAGE_LIMIT))
        page, onward = odata.page_of(rows, query.get("$skiptoken", ""), size, resource.key)
        body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{_context(name)}"}
        if query.get("$count") == "true":
            body["@odata.count"] = count
        body["value"] = [self._fields(call, resource, row) for row in page]
        if onward:
            body["@odata.nextLink"] = _next_link(call, onward)
        return Answer(200, body)

    def _is_visible(self, row: Row, call: Call, resource: Resource) -> bool:
        """A replica lacks what was born a moment ago."""
        from_replica = "ReadOnly" if isinstance(resource, LedgerEntries) else "ReadWrite"
        if call.headers.get("data-access-intent", from_replica) != "ReadOnly" or "_born" not in row:
            return True
        lag = timedelta(seconds=REPLICA_LAG / self.company.context.time_scale)
        return bool(row["_born"] + lag <= self.company.context.clock.now())

    def _one(self, call: Call, resource: Resource, row: Row, name: str, status: int) -> Answer:
        body = {"@odata.context": f"{call.root}/$metadata#{_context(name)}/$entity", **self._fields(call, resource, row)}
        return Answer(status, body)

    def _fields(self, call: Call, resource: Resource, row: Row) -> dict[str, Any]:
        names = odata.chosen(call.query.get("$select", ""), resource.entity)
        parts = odata.expansions(call.query.get("$expand", ""), resource.entity) if call.method == "GET" else []
        shown = _public(resource.entity, row, resource.tag(row), names)
        for part in parts:
            shown[part] = [_public(entity, each, tag, None) for entity, each, tag in resource.part(row, part)]
        return shown


def _public(entity: Entity, row: Row, tag: str, names: frozenset[str] | None) -> dict[str, Any]:
    shown = {column.name: row[column.name] for column in entity.columns if names is None or column.name in names}
    return {"@odata.etag": tag, **shown}


def _segments(path: str) -> list[tuple[str, str]]:
    found = []
    for part in path.strip("/").split("/"):
        match = _SEGMENT.fullmatch(part)
        if match is None:
            raise resource_not_found(part)
        found.append((match[1], (match[2] or "").lower()))
    return found


def _check_version(wanted: str, actual: str) -> None:
    if not wanted:
        raise Refusal(400, "BadRequest_InvalidToken", "Could not validate the client concurrency token required by the service.")
    if wanted not in ("*", actual):
        raise Refusal(
            409,
            "Request_EntityChanged",
            "Another user has already changed the record. Close the page, and then re-open it to show the changes.",
        )


def _context(name: str) -> str:
    return name if name == "companies" else f"companies({COMPANY_ID})/{name}"


def _next_link(call: Call, token: str) -> str:
    kept = {name: value for name, value in call.query.items() if name != "$skiptoken"}
    return f"{call.root}/{quote(call.path, safe='/()')}?{urlencode({**kept, '$skiptoken': token}, safe='$', quote_via=quote)}"


def _main_resources(company: Company, posting: Posting) -> dict[tuple[str, ...], Resource]:
    """API v2.0: the sets and parts by their path of names."""
    documents, journals = Documents(company), Journals(company, posting)
    found: dict[tuple[str, ...], Resource] = {(name,): Resource(company, name, entity) for name, entity in CARDS.items()}
    found[("dimensions", "dimensionValues")] = found[("dimensionValues",)] = DimensionValues(
        company, "dimensionValues", CARDS["dimensionValues"]
    )
    found[("customers",)] = Customers(company)
    for kind in (INVOICES, CREDIT_MEMOS):
        lines = SalesLines(company, kind, documents)
        found[(kind.set_name,)] = Sales(company, kind, documents, posting)
        found[(kind.lines_name,)] = found[(kind.set_name, kind.lines_name)] = lines
        found[(kind.set_name, "dimensionSetLines")] = DimensionLines(company, kind, documents, of_lines=False)
        found[(kind.lines_name, "dimensionSetLines")] = DimensionLines(company, kind, documents, of_lines=True)
    found[(JOURNALS,)] = PaymentJournals(company, journals)
    found[("journals",)] = GeneralJournals(company, journals)
    found[(PAYMENTS,)] = found[(JOURNALS, PAYMENTS)] = Payments(company, journals)
    return found
