"""What lies behind each URL: entity sets, their rows, and what may be done with them."""

# ruff: noqa: ARG002  every resource answers the same calls, not each needs every argument

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from airbooks.platforms.business_central.sandbox.bodies import accept
from airbooks.platforms.business_central.sandbox.company import COMPANY_ID, COMPANY_NAME, HOME, Company, etag
from airbooks.platforms.business_central.sandbox.documents import Documents, Kind
from airbooks.platforms.business_central.sandbox.journals import JOURNALS, PAYMENTS, Journals
from airbooks.platforms.business_central.sandbox.posting import ENTRIES, Posting
from airbooks.platforms.business_central.sandbox.refusal import (
    Refusal,
    dialog,
    exists_already,
    not_allowed,
    record_not_found,
    resource_not_found,
)
from airbooks.platforms.business_central.sandbox.shapes import (
    CUSTOMER,
    CUSTOMER_PAYMENT,
    DIMENSION_SET_LINE,
    JOURNAL,
    LEDGER_ENTRY,
    PAYMENT_JOURNAL,
    POSTED_INVOICE,
    ZERO_GUID,
    Column,
    Entity,
)
from airbooks.sandbox.conditions import Condition, candidates
from airbooks.sandbox.kit import Row

COMPANIES = Entity(
    "company", (Column("id", "guid"), Column("name"), Column("displayName"), Column("businessProfileId"), Column("systemVersion"))
)
COMPANY_ROWS = [
    {
        "id": COMPANY_ID,
        "name": COMPANY_NAME,
        "displayName": COMPANY_NAME,
        "businessProfileId": "",
        "systemVersion": "29.0.51234.0",
        "_rev": 1,
        "_seq": 0,
    }
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request points: the keys of the entity sets above, the key of the row (empty for the whole set), the filter text."""

    parents: Mapping[str, str]
    key: str = ""
    filter: str = ""


class Resource:
    """An entity set that can only be read; subclasses add what else the platform allows."""

    key = "id"

    def __init__(self, company: Company, name: str, entity: Entity) -> None:
        self.company, self.name, self.entity = company, name, entity

    def rows(self, place: Place) -> Iterable[Row]:
        return self.company.table(self.name).values()

    def matching(self, place: Place, condition: Condition) -> Iterable[Row]:
        """The rows among which those are that fulfil a condition."""
        if type(self).rows is not Resource.rows:
            return self.rows(place)
        return candidates(self.company.table(self.name), condition, lambda row, column: row[column])

    def row(self, place: Place) -> Row:
        """A copy of one row, free to change until it is saved; raises Refusal (404)."""
        found = self.company.table(self.name).get(place.key)
        if found is None:
            raise record_not_found()
        return copy.deepcopy(found)

    def tag(self, row: Row) -> str:
        return etag(row)

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        raise not_allowed("POST")

    def modify(self, row: Row, place: Place, body: dict[str, Any]) -> Row:
        raise not_allowed("PATCH")

    def remove(self, row: Row, place: Place) -> None:
        raise not_allowed("DELETE")

    def act(self, row: Row, action: str) -> None:
        raise resource_not_found(action)

    def part(self, row: Row, name: str) -> list[tuple[Entity, Row, str]]:
        """The rows of an expanded part, each with its shape and version."""
        raise resource_not_found(name)


class Companies(Resource):
    """The one company of this environment."""

    def rows(self, place: Place) -> Iterable[Row]:
        return COMPANY_ROWS

    def row(self, place: Place) -> Row:
        if place.key != COMPANY_ID:
            raise Refusal(404, "Internal_CompanyNotFound", f"Cannot find company '{place.key}'.")
        return COMPANY_ROWS[0]


class DimensionValues(Resource):
    """The values of one dimension, or of all."""

    def rows(self, place: Place) -> Iterable[Row]:
        wanted = place.parents.get("dimensions")
        return [row for row in super().rows(place) if wanted in (None, row["dimensionId"])]


class Customers(Resource):
    """The customer cards."""

    def __init__(self, company: Company) -> None:
        super().__init__(company, "customers", CUSTOMER)

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        fields, _ = accept(CUSTOMER, body)
        if "displayName" not in fields:
            raise dialog('A "displayName" must be provided.')
        self._check(fields)
        number = fields.get("number") or f"C{self.company.next_number('customers', 10001)}"
        if fields.get("number"):
            self._require_manual(number)
        template = not self.company.struck("no_posting_groups")
        row = {
            **CUSTOMER.blank(),
            "type": "Company",
            "blocked": "_x0020_",
            "currencyCode": HOME,
            **fields,
            "number": number,
            "_posting_group": template,
            "_prices_include_tax": False,
        }
        self._set_currency(row, fields)
        return self.company.insert("customers", row)

    def _require_manual(self, number: str) -> None:
        if self.company.struck("refuse_number"):
            raise dialog(
                "You may not enter numbers manually. If you want to enter numbers manually, please activate Manual Nos. in No. Series CUST."
            )
        if self.company.find("customers", "number", number):
            raise exists_already("Customer", "No.", number)

    def _check(self, fields: Row) -> None:
        if not fields.get("displayName", "x").strip():
            raise dialog('The blank "displayName" is not allowed.')
        self.company.require_country("Country/Region Code", fields.get("country", ""))
        for name, table in (
            ("paymentTermsId", "paymentTerms"),
            ("shipmentMethodId", "shipmentMethods"),
            ("paymentMethodId", "paymentMethods"),
        ):
            self.company.require_id(table, fields.get(name, ZERO_GUID), f'The "{name}" does not match to a record.')

    def _set_currency(self, row: Row, fields: Row) -> None:
        if fields.get("currencyCode") == HOME:
            row["currencyId"] = ZERO_GUID
            return
        currency = self.company.chosen(
            "currencies",
            fields,
            "currencyId",
            "currencyCode",
            code="code",
            missing='The "currencyCode" does not match to a Currency.',
            mismatch="The currency values do not match to a specific Currency.",
        )
        if currency:
            row.update({"currencyCode": currency["code"], "currencyId": currency["id"]})

    def modify(self, row: Row, place: Place, body: dict[str, Any]) -> Row:
        fields, _ = accept(CUSTOMER, body)
        self._check(fields)
        if fields.get("number", row["number"]) != row["number"]:
            self._require_manual(fields["number"])
        row.update(fields)
        self._set_currency(row, fields)
        return self.company.save("customers", row)

    def remove(self, row: Row, place: Place) -> None:
        for name in ("salesInvoices", "salesCreditMemos"):
            if self.company.find(name, "customerId", row["id"]):
                raise dialog(f"You cannot delete Customer {row['number']} because there is at least one outstanding sales document for it.")
        del self.company.table("customers")[row["id"]]


class Sales(Resource):
    """Sales invoices or credit memos."""

    def __init__(self, company: Company, kind: Kind, documents: Documents, posting: Posting) -> None:
        super().__init__(company, kind.set_name, kind.entity)
        self.kind, self.documents, self.posting = kind, documents, posting

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        return self.documents.create(self.kind, body)

    def modify(self, row: Row, place: Place, body: dict[str, Any]) -> Row:
        return self.documents.modify(self.kind, row, body)

    def remove(self, row: Row, place: Place) -> None:
        self.documents.remove(self.kind, row)

    def act(self, row: Row, action: str) -> None:
        if action == "Microsoft.NAV.post":
            self.posting.post(self.kind, row)
        elif action == "Microsoft.NAV.cancel":
            self.posting.cancel(self.kind, row)
        else:
            super().act(row, action)

    def part(self, row: Row, name: str) -> list[tuple[Entity, Row, str]]:
        if name == "dimensionSetLines":
            return [(DIMENSION_SET_LINE, each, etag(row, each["code"])) for each in self.documents.dimensions(row)]
        return [(self.kind.line_entity, line, etag(row, line["id"])) for line in row["_lines"]]


class SalesLines(Resource):
    """Lines of sales documents; only through their document, their own id, or a filter on the document."""

    def __init__(self, company: Company, kind: Kind, documents: Documents) -> None:
        super().__init__(company, kind.lines_name, kind.line_entity)
        self.kind, self.documents = kind, documents

    def rows(self, place: Place) -> Iterable[Row]:
        named = re.search(r"documentId eq ([0-9a-fA-F-]{36})", place.filter)
        document_id = place.parents.get(self.kind.set_name) or (named[1].lower() if named else "")
        if not document_id:
            raise dialog("You must specify an Id or a Document Id to get the lines.")
        document = self.company.table(self.kind.set_name).get(document_id)
        if document is None:
            raise record_not_found()
        return document["_lines"]  # type: ignore[no-any-return]

    def row(self, place: Place) -> Row:
        _, _, line = self.documents.owner(place.key)
        return line

    def tag(self, row: Row) -> str:
        _, document, _ = self.documents.owner(row["id"])
        return etag(document, row["id"])

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        document_id = place.parents.get(self.kind.set_name) or str(body.get("documentId", ""))
        document = self.company.table(self.kind.set_name).get(document_id)
        if document is None:
            raise record_not_found()
        return self.documents.add_line(self.kind, copy.deepcopy(document), body)

    def part(self, row: Row, name: str) -> list[tuple[Entity, Row, str]]:
        return [(DIMENSION_SET_LINE, each, etag(each, row["id"])) for each in self.documents.dimensions(row)]

    def modify(self, row: Row, place: Place, body: dict[str, Any]) -> Row:
        return self.documents.change_line(row["id"], body)

    def remove(self, row: Row, place: Place) -> None:
        self.documents.remove_line(row["id"])


class DimensionLines(Resource):
    """The dimension set of a document or of a line."""

    def __init__(self, company: Company, kind: Kind, documents: Documents, *, of_lines: bool) -> None:
        super().__init__(company, "dimensionSetLines", DIMENSION_SET_LINE)
        self.kind, self.documents, self.of_lines = kind, documents, of_lines

    def _parent(self, place: Place) -> tuple[Row, Row]:
        """The document, and the row in it that carries the dimensions (itself or a line)."""
        if self.of_lines:
            _, document, line = self.documents.owner(place.parents[self.kind.lines_name])
            return document, line
        found = self.company.table(self.kind.set_name).get(place.parents[self.kind.set_name])
        if found is None:
            raise record_not_found()
        document = copy.deepcopy(found)
        return document, document

    def rows(self, place: Place) -> Iterable[Row]:
        return self.documents.dimensions(self._parent(place)[1])

    def row(self, place: Place) -> Row:
        found = next((each for each in self.rows(place) if each["id"] == place.key), None)
        if found is None:
            raise record_not_found()
        return found

    def tag(self, row: Row) -> str:
        return etag({"id": row["parentId"], "_rev": row["valueCode"]}, row["code"])

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        fields, _ = accept(DIMENSION_SET_LINE, body)
        document, parent = self._parent(place)
        return self.documents.add_dimension(self.kind, document, parent, fields)

    def modify(self, row: Row, place: Place, body: dict[str, Any]) -> Row:
        fields, _ = accept(DIMENSION_SET_LINE, body)
        document, parent = self._parent(place)
        return self.documents.change_dimension(self.kind, document, parent, row["id"], fields)


class PaymentJournals(Resource):
    """Customer payment journals; they have no post action of their own."""

    def __init__(self, company: Company, journals: Journals) -> None:
        super().__init__(company, JOURNALS, PAYMENT_JOURNAL)
        self.journals = journals

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        return self.journals.create(body)

    def part(self, row: Row, name: str) -> list[tuple[Entity, Row, str]]:
        return [(CUSTOMER_PAYMENT, line, etag(line)) for line in self.journals.lines(row["id"])]


class GeneralJournals(PaymentJournals):
    """The same journals under their general name: the one that can post."""

    def __init__(self, company: Company, journals: Journals) -> None:
        super().__init__(company, journals)
        self.entity = JOURNAL

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        raise not_allowed("POST")

    def act(self, row: Row, action: str) -> None:
        if action != "Microsoft.NAV.post":
            super().act(row, action)
        self.journals.post(row)


class Payments(Resource):
    """The lines of a payment journal."""

    def __init__(self, company: Company, journals: Journals) -> None:
        super().__init__(company, PAYMENTS, CUSTOMER_PAYMENT)
        self.journals = journals

    def rows(self, place: Place) -> Iterable[Row]:
        if JOURNALS not in place.parents:
            raise dialog("You must specify a journal batch ID or a journal ID to get a journal line.")
        return self.journals.lines(place.parents[JOURNALS])

    def insert(self, place: Place, body: dict[str, Any]) -> Row:
        journal = self.company.table(JOURNALS).get(place.parents.get(JOURNALS, ""))
        if journal is None:
            raise record_not_found()
        return self.journals.add(journal, body)

    def modify(self, row: Row, place: Place, body: dict[str, Any]) -> Row:
        return self.journals.change(row, body)

    def remove(self, row: Row, place: Place) -> None:
        del self.company.table(PAYMENTS)[row["id"]]


class LedgerEntries(Resource):
    """Customer ledger entries: a query object, read from a replica unless the caller asks otherwise."""

    key = "entryNumber"

    def __init__(self, company: Company) -> None:
        super().__init__(company, ENTRIES, LEDGER_ENTRY)

    def row(self, place: Place) -> Row:
        raise resource_not_found(self.name)


class PostedInvoices(Resource):
    """Posted sales invoices as the group microsoft/automate shows them; `apiId` is the id of API v2.0."""

    def __init__(self, company: Company) -> None:
        super().__init__(company, "salesInvoices", POSTED_INVOICE)

    def rows(self, place: Place) -> Iterable[Row]:
        return [{**row, "apiId": row["id"]} for row in super().rows(place) if row["_posted"]]
