"""The Service Layer behind its log-in: entity sets, bound actions, services, and how entities look on the wire."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import msgspec

from airbooks.platforms.sap_business_one.sandbox import odata
from airbooks.platforms.sap_business_one.sandbox.batch import Answer
from airbooks.platforms.sap_business_one.sandbox.documents import OBJECTS, Documents
from airbooks.platforms.sap_business_one.sandbox.masters import LOCAL, PARTNER_FIELDS, Masters
from airbooks.platforms.sap_business_one.sandbox.payments import Payments
from airbooks.platforms.sap_business_one.sandbox.properties import PAYMENT, is_document_property
from airbooks.platforms.sap_business_one.sandbox.refusal import Refusal, bad, no_match, unknown_property
from airbooks.sandbox.kit import Clock, Row, Store

_DOCUMENTS = {*OBJECTS, "Drafts"}
_LOCKED = {*_DOCUMENTS, "BusinessPartners", "Items"}  # entities that have an etag
_MASTERS = {
    "BusinessPartners", "Items", "ChartOfAccounts", "VatGroups", "PaymentTermsTypes", "Warehouses", "DistributionRules", "Projects",
    "Currencies", "AdditionalExpenses",
}  # fmt: skip
_SETS = {*_DOCUMENTS, *_MASTERS, "IncomingPayments"}
_encoder, _decoder = msgspec.json.Encoder(decimal_format="number"), msgspec.json.Decoder(float_hook=str)


@dataclass(frozen=True)
class Call:
    """One request below `/b1s/v…/`; `root` is the path up to and with the version."""

    method: str
    version: str
    root: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    content: bytes

    def body(self) -> Row:
        """The JSON object of the body; fractions stay text, so that they are exact."""
        try:
            found = _decoder.decode(self.content or b"{}")
        except msgspec.DecodeError:
            raise bad("Invalid JSON in the request body", -1000) from None
        if not isinstance(found, dict):
            raise bad("The request body must be a JSON object", -1000)
        return found


def written(value: Any) -> bytes:
    return _encoder.encode(value)


class Service:
    """Answers the calls of one company."""

    def __init__(self, store: Store, clock: Clock, struck: Callable[[str], Row | None]) -> None:
        self.store, self._struck = store, struck
        self.masters = Masters(store, struck)
        self.documents = Documents(self.masters, clock, struck)
        self.payments = Payments(self.documents)

    def save_point(self) -> Callable[[], None]:
        """What takes back every document that is posted from now on; drafts of approval procedures stay (UNVERIFIED)."""
        kept = {name: dict(self.store.table(name).items()) for name in OBJECTS}

        def undo() -> None:
            for name, rows in kept.items():
                table = self.store.table(name)
                for key in [each for each in table if each not in rows]:
                    del table[key]
                for key, row in rows.items():
                    if table[key] != row:
                        table[key] = row

        return undo

    def serve(self, call: Call) -> Answer:
        if self._struck("no_permission") and call.method != "GET":
            raise Refusal(403, 804, "You do not have permission to perform this operation")
        name, key, action = odata.parse_path(call.path)
        if action is not None:
            return self._act(call, name, str(key), action)
        if key is None and call.method == "POST":
            return self._post(call, name)
        if name not in _SETS:
            raise bad(f"Unrecognized resource path '{name}'", -1000)
        if key is None:
            return self._list(call, name)
        methods = {"GET": self._get, "PATCH": self._patch, "DELETE": self._delete}
        if call.method not in methods:
            raise bad(f"Method {call.method} is not supported", -5006)
        return methods[call.method](call, name, key)

    # -- reading --------------------------------------------------------------------------------------------------------------

    def known(self, name: str) -> Callable[[str], bool]:
        """Which properties the entities of a set have."""
        if name in _DOCUMENTS:
            fields = self.documents.user_fields()
            return lambda each: is_document_property(each, fields)
        fixed: Mapping[str, set[str]] = {
            "BusinessPartners": PARTNER_FIELDS,
            "IncomingPayments": PAYMENT | {"DocEntry", "DocNum", "Cancelled"},
        }
        names = fixed.get(name) or {each for row in self.store.table(name).values() for each in row if not each.startswith("_")}
        return lambda each: each in names

    def _list(self, call: Call, name: str) -> Answer:
        known = self.known(name)
        rows = odata.chosen(self.store.table(name), call.query, known)
        page, following = odata.page(rows, call.query, call.headers)
        body: Row = {self._mark(call, "context"): f"$metadata#{name}"} if call.version == "v2" else {"odata.metadata": f"$metadata#{name}"}
        body["value"] = [self._entity(call, name, row) for row in page]
        if following is not None:
            # The vendor's links were seen relative to the service and as paths: here lists of documents have the one, others the other.
            path = name if name in _DOCUMENTS else f"{call.root}/{name}"
            body[self._mark(call, "nextLink")] = odata.next_link(path, call.query, following)
        return Answer(200, written(body))

    def _get(self, call: Call, name: str, key: str) -> Answer:
        row = self._row(name, key)
        body = {self._mark(call, "context"): f"$metadata#{name}/$entity", **self._entity(call, name, row)}
        return Answer(200, written(body), self._tag_header(name, row))

    def _row(self, name: str, key: str) -> Row:
        found = self.store.table(name).get(key)
        if found is None:
            raise no_match(name, 404)
        return found

    @staticmethod
    def _mark(call: Call, name: str) -> str:
        return f"@odata.{name}" if call.version == "v2" else f"odata.{name}"

    def _entity(self, call: Call, name: str, row: Row) -> Row:
        body = {each: _on_wire(value, call.version) for each, value in odata.selected(_shown(row), call.query, self.known(name)).items()}
        if name in _LOCKED:
            body = {self._mark(call, "etag"): _etag(name, row, call.query.get("$select", "")), **body}
        return body

    @staticmethod
    def _tag_header(name: str, row: Row) -> dict[str, str]:
        return {"ETag": _etag(name, row)} if name in _LOCKED else {}

    # -- writing --------------------------------------------------------------------------------------------------------------

    def _post(self, call: Call, name: str) -> Answer:
        body = call.body()
        if name in OBJECTS:
            return self._post_document(call, name, body)
        if name == "BusinessPartners":
            return self._created(call, name, self.masters.create_partner(body), "CardCode")
        if name == "IncomingPayments":
            return self._created(call, name, self.payments.post(body), "DocEntry")
        if name == "SQLQueries":
            return Answer(201, written({"@odata.context": "$metadata#SQLQueries/$entity", **self.payments.store_query(body)}))
        if name == "SBOBobService_GetLocalCurrency":
            return Answer(200, written({"@odata.context": "$metadata#Edm.String", "value": LOCAL} if call.version == "v2" else LOCAL))
        if name == "DraftsService_SaveDraftToDocument":
            self.documents.release((body.get("Document") or {}).get("DocEntry"))
            return Answer(204)
        raise bad(f"Unrecognized resource path '{name}'", -1000)

    def _post_document(self, call: Call, name: str, body: Row) -> Answer:
        approval = self._struck("approval")
        if approval is None:
            return self._created(call, name, self.documents.post(name, body), "DocEntry")
        draft = self.documents.draft(name, body, "dasPending")
        if approval.get("answer") == "not_found":
            raise no_match(name, 404)
        return self._created(call, "Drafts", draft, "DocEntry")

    def _created(self, call: Call, name: str, row: Row, key: str) -> Answer:
        shown = f"'{row[key]}'" if isinstance(row[key], str) else row[key]
        headers = {"Location": f"{call.root}/{name}({shown})", **self._tag_header(name, row)}
        if "return-no-content" in call.headers.get("prefer", ""):
            return Answer(204, b"", headers | {"Preference-Applied": "return-no-content"})
        body = {self._mark(call, "context"): f"$metadata#{name}/$entity", **self._entity(call, name, row)}
        return Answer(201, written(body), headers)

    def _patch(self, call: Call, name: str, key: str) -> Answer:
        row = self._row(name, key)
        wanted = call.headers.get("if-match")
        if wanted not in (None, _etag(name, row)):
            raise Refusal(412, -2039, "Another user or another operation modified data; to continue, open the window again")
        if name not in OBJECTS:
            raise bad(f"PATCH of {name} is not part of this simulator", -5006)
        self.documents.patch(name, row, call.body())
        return Answer(204)

    def _delete(self, call: Call, name: str, key: str) -> Answer:  # noqa: ARG002 a handler of one form
        if name != "Drafts":
            raise bad("The requested action is not supported for this object.", -5006)
        self._row(name, key)
        del self.store.table(name)[key]
        return Answer(204)

    def _act(self, call: Call, name: str, key: str, action: str) -> Answer:
        if name == "SQLQueries" and action == "List":
            return self._query(call, key)
        row = self._row(name, key)
        if call.method != "POST" or action != "Cancel":
            raise bad("The requested action is not supported for this object.", -5006)
        if name in OBJECTS:
            self.documents.cancel(name, row)
        elif name == "IncomingPayments":
            self.payments.cancel(row)
        else:
            raise unknown_property(action, name)
        return Answer(204)

    def _query(self, call: Call, code: str) -> Answer:
        parameters = str(call.body().get("ParamList", "")) if call.method == "POST" else f"since={call.query.get('since', '')}"
        text, rows = self.payments.run_query(code, parameters)
        page, following = odata.page(rows, call.query, call.headers)
        body: Row = {"SqlText": text, "value": page}
        if following is not None:
            body[self._mark(call, "nextLink")] = odata.next_link(f"SQLQueries('{code}')/List", call.query, following)
        return Answer(200, written(body))


def _shown(row: Row) -> Row:
    return {name: value for name, value in row.items() if not name.startswith("_")}


def _on_wire(value: Any, version: str) -> Any:
    """Dates bear a time in v2 and none in v1."""
    if isinstance(value, list):
        return [_on_wire(each, version) for each in value]
    if isinstance(value, dict):
        return {name: _on_wire(each, version) for name, each in _shown(value).items()}
    if isinstance(value, date):
        return f"{value}T00:00:00Z" if version == "v2" else str(value)
    return value


def _etag(name: str, row: Row, select: str = "") -> str:
    """Changes with each write; the one of a $select-ed read fits nothing."""
    text = f"{name} {row.get('DocEntry') or row.get('CardCode')} {row.get('_version')} {select}"
    return f'W/"{hashlib.sha1(text.encode()).hexdigest().upper()}"'  # noqa: S324 a version, not a secret
