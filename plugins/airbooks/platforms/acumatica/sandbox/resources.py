"""Records over the contract: lists, single records, PUT as insert and update, DELETE, actions and their state."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from airbooks.platforms.acumatica.sandbox import people, receipts, sales
from airbooks.platforms.acumatica.sandbox.answers import Invalid, Refused, Row, exception, malformed, no_entity
from airbooks.platforms.acumatica.sandbox.company import DOCUMENTS, Company
from airbooks.platforms.acumatica.sandbox.contract import CUSTOM, SHAPES, Shape, custom_values, parsed, scalars, section
from airbooks.platforms.acumatica.sandbox.filters import compiled, value_of
from airbooks.platforms.acumatica.sandbox.operations import ACTIONS, Operations
from airbooks.platforms.acumatica.sandbox.sessions import Session
from airbooks.sandbox.conditions import candidates

CANNOT_OPTIMIZE = "PX.Api.ContractBased.CannotOptimizeException"
Query = Mapping[str, str]
Reply = tuple[int, Any, dict[str, str]]


class Resources:
    """The entities of one company; `base_url` is the site's."""

    def __init__(self, company: Company, operations: Operations, base_url: str) -> None:
        self.company, self.operations, self.base_url = company, operations, base_url

    # -- reading ----------------------------------------------------------------------------------------------------------

    def listed(self, entity: str, query: Query, session: Session) -> Reply:
        if "ApplicationHistory" in query.get("$expand", ""):
            raise exception("Optimization cannot be performed.", CANNOT_OPTIMIZE)
        rows = self._matching(entity, query["$filter"]) if query.get("$filter") else list(self.company.table(entity).values())
        rows.sort(key=lambda row: self.company.key_of(entity, row))
        start = int(query.get("$skip", 0))
        rows = rows[start : start + int(query["$top"])] if "$top" in query else rows[start:]
        return 200, [self.shown(entity, row, query, session, number) for number, row in enumerate(rows, start=1)], {}

    def _matching(self, entity: str, text: str) -> list[Row]:
        condition = compiled(text)
        return [row for row in candidates(self.company.table(entity), condition, value_of) if condition.holds(row)]

    def found(self, entity: str, rest: list[str], session: Session) -> Row:
        """A record by its keys, or by the id that the asking session was given."""
        shape = SHAPES[entity]
        row = self.company.table(entity).get("/".join([*rest[:-1], rest[-1].upper()])) if len(rest) == len(shape.keys) else None
        if row is None and len(rest) == 1:
            row = self.company.by_guid(session, entity, rest[0])
        if row is None:
            raise no_entity()
        return row

    def shown(self, entity: str, row: Row, query: Query, session: Session, number: int = 1) -> Row:
        """The record with what `$expand`, `$select` and `$custom` ask for."""
        shape, key = SHAPES[entity], self.company.key_of(entity, row)
        guid = self.company.guid(session, entity, key)
        expanded = {name.strip().partition("/")[0] for name in query.get("$expand", "").split(",") if name.strip()}
        selected = [name.strip() for name in query.get("$select", "").split(",") if name.strip()]
        body = {"id": guid, "rowNumber": number, "note": {"value": row.get("note") or ""}, **scalars(shape, row, selected)}
        body |= {name: section(inner, row.get(name) or {}) for name, inner in shape.sections.items() if name in expanded}
        body |= {name: self._details(entity, key, name, inner, row, session) for name, inner in shape.details.items() if name in expanded}
        body["custom"] = custom_values(entity, row, query.get("$custom", "").split(","))
        return {**body, "_links": {"self": f"{self._path()}/entity/Default/24.200.001/{entity}/{guid}"}}

    def _details(self, entity: str, key: str, name: str, inner: Shape, row: Row, session: Session) -> list[Row]:
        rows = _applications(row) if name in ("ApplicationsInvoice", "ApplicationsDefault") else row.get(name) or []
        return [
            {
                "id": self.company.guid(session, entity, f"{key}#{each.get('_row', f'{name}{number}')}"),
                "rowNumber": number,
                "note": {"value": each.get("note") or ""},
                **scalars(inner, each),
                "custom": {},
            }
            for number, each in enumerate(rows, start=1)
        ]

    # -- writing ----------------------------------------------------------------------------------------------------------

    def put(self, entity: str, sent: Any, query: Query, headers: Mapping[str, str], session: Session) -> Reply:
        shape = SHAPES[entity]
        given = parsed(shape, sent, CUSTOM.get(entity))
        found = self._meant(entity, given, query, session)
        if (found is not None and headers.get("if-none-match") == "*") or (found is None and headers.get("if-match") == "*"):
            raise Refused(412)
        if self.company.struck("another_process") is not None:
            words = f"Error: Another process has updated the '{shape.screen}' record. Your changes will be lost."
            raise exception(words, "PX.Data.PXLockViolationException")
        try:
            row = self._saved(entity, found, given, session)
        except Invalid as invalid:
            raise invalid.refused(sent, shape.screen, is_new=found is None) from None
        return 200, self.shown(entity, row, query, session), {}

    def _saved(self, entity: str, found: Row | None, given: Row, session: Session) -> Row:
        if entity in DOCUMENTS:
            return sales.save(self.company, entity, found, given, session)
        if entity == "Payment":
            return receipts.save(self.company, found, given)
        if entity == "Customer":
            return people.save(self.company, found, given)
        raise Refused(405, {"message": f"The requested resource does not support http method 'PUT' ({entity})."})

    def _meant(self, entity: str, given: Row, query: Query, session: Session) -> Row | None:
        """The record that a PUT changes: by filter, by id, by keys; none of them: a new one."""
        if query.get("$filter"):
            hits = self._matching(entity, query["$filter"])
            if len(hits) > 1:
                raise exception("Error: More than one entity satisfies the condition.")
            return hits[0] if hits else None
        if given.get("id"):
            row = self.company.by_guid(session, entity, str(given["id"]))
            if row is None:
                raise no_entity()
            return row
        keys = [str(given.get(name) or "") for name in SHAPES[entity].keys]
        key = "/".join([*keys[:-1], keys[-1].upper()])
        return self.company.table(entity).get(key) if all(keys) else None

    def delete(self, entity: str, row: Row) -> Reply:
        if entity in DOCUMENTS:
            sales.delete(self.company, entity, row)
        elif entity == "Payment":
            receipts.delete(self.company, row)
        else:
            raise exception(f"Error: {entity} cannot be deleted.")
        return 204, None, {}

    # -- actions ----------------------------------------------------------------------------------------------------------

    def act(self, entity: str, action: str, sent: Any, session: Session, base: str) -> Reply:
        if action not in ACTIONS.get(entity, ()):
            raise Refused(404, {"message": f"No HTTP resource was found: {entity}/{action}"})
        if not isinstance(sent, dict) or not isinstance(sent.get("entity"), dict):
            raise malformed("entity is required")
        row = self._meant(entity, parsed(SHAPES[entity], sent["entity"]), {}, session)
        if row is None:
            raise no_entity()
        guid = self.operations.start(entity, row, session)
        if guid is None:
            return 204, None, {}
        return 202, None, {"Location": self._location(f"{base}/{entity}/{action}/status/{guid}")}

    def _location(self, path: str) -> str:
        """Relative to the host with the instance's path; absolute, or without it, on other sites."""
        if self.company.struck("location_absolute") is not None:
            return f"{self.base_url}{path}"
        if self.company.struck("location_bare") is not None:
            return path
        return f"{self._path()}{path}"

    def _path(self) -> str:
        return urlsplit(self.base_url).path

    def state(self, guid: str, session: Session) -> Reply:
        operation = self.operations.state(guid, session)
        if operation["state"] == "failed":
            raise exception(operation["says"])
        return (202 if operation["state"] == "running" else 204), None, {}


def _applications(row: Row) -> list[Row]:
    """What closed a document, as both screens show it."""
    return [
        {
            "DocType": each["DocType"],
            "ReferenceNbr": each["number"],
            "AdjustingDocReferenceNbr": each["number"],
            "AmountPaid": each["amount"],
            "PaymentDate": each["date"] if isinstance(each["date"], datetime) else None,
            "Status": "Closed",
        }
        for each in row.get("_applied", [])
    ]
